"""Test that an archive opens by its folder or its database, from any thread, and says what is wrong with it."""

from __future__ import annotations

import multiprocessing
import pickle
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from threading import Thread

import pytest

import exports
from exports import Archive, ArchiveDamaged, ArchiveLocked, MorgueError, NoArchive, NotFound
from pipelines.database import connection
from pipelines.warc.reader import read_member
from pipelines.warc.storage import WarcStorage
from tests.support.article_archive import build, undate
from tests.support.verifiable_archive import build as build_captures


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return build(tmp_path_factory.mktemp("archive") / "a")


@pytest.fixture
def archive(folder):
    with Archive(folder) as opened:
        yield opened


@pytest.fixture
def copied(folder, tmp_path):
    """Return a copy that a test may damage."""
    return Path(shutil.copytree(folder, tmp_path / "copy"))


def test_archive_opens_by_folder_or_database_as_text_or_path(folder, monkeypatch):
    """Relative to the current folder, too."""
    monkeypatch.chdir(folder.parent)
    for path in (folder, str(folder), "a", folder / "morgue.db", "a/morgue.db"):
        with Archive(path) as archive:
            assert (archive.path, len(archive.search())) == (folder, 39)


def test_home_folder_is_expanded(folder, monkeypatch):
    """`~` means what it means in a shell."""
    monkeypatch.setenv("HOME", str(folder.parent))
    with Archive("~/a") as archive:
        assert archive.path == folder


def test_archive_shows_how_much_it_holds(folder, tmp_path):
    """In a notebook, too. If it cannot be read, it says why: to look at an object is never an error."""
    with Archive(folder) as archive:
        assert repr(archive) == (
            f"Archive('{folder}', articles=39, sources=3, first_day=2022-01-13, last_day=2024-03-01)"
        )
        for shown in (
            str(folder),
            "articles</th><td>39",
            "first_day</th><td>2022-01-13",
            "last_day</th><td>2024-03-01",
        ):
            assert shown in archive._repr_html_()
    assert repr(archive) == f"Archive('{folder}', error=the archive was closed)"
    assert "the archive was closed" in archive._repr_html_()
    copy = Path(shutil.copytree(folder, tmp_path / "undated"))
    with closing(sqlite3.connect(copy / "morgue.db")) as db, db:
        undate(db, *range(1, 40))
    with Archive(copy) as archive:
        assert repr(archive).endswith("articles=39, sources=3, first_day=None, last_day=None)")


def test_missing_archive_is_named(tmp_path):
    """A missing folder, a folder of other things and an archive before its first crawl have their own errors."""
    with pytest.raises(NoArchive, match="does not exist"):
        Archive(tmp_path / "nothing")
    with pytest.raises(NoArchive, match=r"without morgue\.toml"):
        Archive(tmp_path)
    (tmp_path / "morgue.toml").touch()
    with pytest.raises(NoArchive, match="no articles yet"):
        Archive(tmp_path)


def test_file_that_is_no_database_is_damage(tmp_path):
    """The error is that of the command line."""
    (tmp_path / "morgue.db").write_bytes(b"no database at all, but long enough to look at" * 99)
    with pytest.raises(ArchiveDamaged, match="not a database"):
        Archive(tmp_path)


def test_archive_of_another_version_names_upgrade(copied):
    """Whichever question first meets a column that is not there."""
    with closing(sqlite3.connect(copied / "morgue.db")) as db:
        db.execute("ALTER TABLE articles RENAME COLUMN access_evidence TO something")
    with Archive(copied) as archive, pytest.raises(ArchiveDamaged, match="morgue upgrade"):
        list(archive.search())


def test_locked_archive_is_an_error_after_a_wait(copied, monkeypatch):
    """Another program that keeps the database to itself is no crash."""
    monkeypatch.setattr(connection, "_connect", lambda path, options: sqlite3.connect(
        f"{path.as_uri()}?{options}", uri=True, timeout=0, isolation_level=None, check_same_thread=False))  # fmt: skip
    with closing(sqlite3.connect(copied / "morgue.db", isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(ArchiveLocked, match="locked"):
            Archive(copied)


def test_errors_of_the_command_line_are_classes_in_exports():
    """A program catches MorgueError for all of them."""
    for name in ("ArchiveDamaged", "ArchiveLocked", "ConfigError", "NoArchive", "NotFound", "QueryError"):
        assert issubclass(getattr(exports, name), MorgueError)
    with pytest.raises(AttributeError, match="no attribute 'Archives'"):
        _ = exports.Archives
    assert {"Archive", "Articles", "NotFound"} <= set(dir(exports))


def test_archive_cannot_be_written_through_its_connection(archive):
    """SQL of the user's own cannot do it either."""
    assert archive.connection.execute("SELECT count(*) FROM articles").fetchone()[0] == 39
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        archive.connection.execute("DELETE FROM crawls")
    for sql in ("DELETE FROM articles", "UPDATE articles SET title = ''", "DROP TABLE articles"):
        with pytest.raises(sqlite3.OperationalError):
            archive.connection.execute(sql)
    assert archive.search().total == 39


def test_closed_archive_says_so(folder):
    """An iterator that had begun says it, too. Closing twice is no error."""
    with Archive(folder) as archive:
        found = archive.search("climate")
        begun = iter(found)
    archive.close()
    for ask in (lambda: next(begun), found.count, archive.sources, lambda: archive.article(1)):
        with pytest.raises(MorgueError, match="was closed"):
            ask()


def test_archive_serves_several_threads(archive):
    """Each has a connection of its own; a result made in one is read in another."""
    found, seen, connections = archive.search("climate OR trade"), [], set()

    def read():
        connections.add(id(archive.connection))
        seen.append([article.id for article in found])

    threads = [Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [[article.id for article in found]] * 4
    assert id(archive.connection) not in connections


def test_archive_goes_to_another_process(archive):
    """Forked, it makes a connection of its own; pickled, it opens itself again."""
    with pickle.loads(pickle.dumps(archive)) as other:
        assert other.article(1) == archive.article(1)
    assert pickle.loads(pickle.dumps(archive.article(1))) == archive.article(1)
    climate = archive.search("climate", sort="oldest")
    for answer in (climate, climate[1:], climate.count(by="month"), archive.sources()):
        assert list(pickle.loads(pickle.dumps(answer))) == list(answer)
    inherited = archive.connection

    def check():
        assert archive.article(1).id == 1
        assert archive.connection is not inherited

    process = multiprocessing.get_context("fork").Process(target=check)
    process.start()
    process.join(30)
    assert process.exitcode == 0


def test_replaced_database_must_be_opened_again(copied):
    """Its articles may have other numbers."""
    with Archive(copied) as archive:
        shutil.copy(copied / "morgue.db", copied / "new.db")
        (copied / "new.db").replace(copied / "morgue.db")
        with pytest.raises(MorgueError, match="was replaced"):
            archive.article(1)


def test_article_is_found_by_number_address_and_row(archive):
    """Addresses in any spelling; whatever counts as a number, as those of numpy do."""

    class Number:
        def __index__(self):
            return 1

    first = archive.article(1)
    url = "courier.example/2024/article-1?utm_source=x"
    assert {archive.article(wanted).id for wanted in (1, "1", url, first, Number())} == {1}
    assert [state.revision for state in archive.revisions(first)] == [1, 2]
    assert len(archive.captures(1)) == 2
    assert first in archive.search("climate")


@pytest.mark.parametrize("wanted", [999, "https://courier.example/nothing", "https://courier.example/w0"])
def test_unknown_article_says_what_is_known(archive, wanted):
    """Every question about an article says it as `morgue show` does."""
    for ask in (archive.article, archive.revisions, archive.captures):
        with pytest.raises(NotFound, match=str(wanted)):
            ask(wanted)


def test_address_that_leads_to_an_article_has_its_captures(archive):
    """An AMP page that was never fetched is that article."""
    assert [one.id for one in archive.captures("https://courier.example/amp/article-1")] == [1, 40]


@pytest.mark.parametrize("wanted", [None, 1.5, ("a", "b")])
def test_wrong_type_is_a_type_error(archive, wanted):
    """It says what is expected."""
    with pytest.raises(TypeError, match="expected the number or the address"):
        archive.article(wanted)
    with pytest.raises(TypeError, match="a revision or a capture, not"):
        archive.html(wanted)


def test_wrong_type_in_a_search_is_a_type_error(archive):
    """For a list of words, a year as a number or a table, the error says what to write."""
    with pytest.raises(TypeError, match="write OR between them"):
        archive.search(["flood", "drought"])
    with pytest.raises(TypeError, match="'2026-03'"):
        archive.search(since=2025)
    with pytest.raises(TypeError, match="articles have numbers from 0"):
        archive.search()["title"]


def test_html_is_decoded_body_is_bytes_and_record_is_as_stored(archive, folder):
    """Of an article, as `article` takes it; of one of its revisions; of a capture."""
    article, (first, second) = archive.article(1), archive.revisions(1)
    newest = archive.html(archive.capture(40))
    assert {archive.html(one) for one in (1, "1", article.url, article, second)} == {newest}
    assert "then closes" in archive.html(article)
    assert "then closes" not in archive.html(first)
    assert archive.body(6).decode() == archive.html(6)
    assert "東京都知事選挙" in archive.html(6)
    for ask in (archive.html, archive.body, archive.record):
        with pytest.raises(NotFound, match="article 999: no such number"):
            ask(999)
    place = article.warc_file, article.warc_offset, article.warc_length
    assert archive.record(article) == (folder / "warc" / place[0]).read_bytes()[place[1] : place[1] + place[2]]
    assert b"WARC-Type: response" in read_member(WarcStorage(folder / "warc"), *place)


def test_capture_without_response_says_what_happened(tmp_path):
    """Its record can be read all the same."""
    with Archive(build_captures(tmp_path / "a")) as archive:
        sql = "SELECT id FROM captures WHERE record_type = 'metadata' AND error IS NOT NULL"
        failed = archive.capture(archive.connection.execute(sql).fetchone()[0])
        for ask in (archive.html, archive.body):
            with pytest.raises(NotFound, match="there was no response: no HTTP response"):
                ask(failed)
        assert archive.record(failed).startswith(b"\x1f\x8b")


def test_sources_edits_and_vanished_articles_are_lists(archive):
    """The rows are those of `morgue sources` and `morgue edits`."""
    assert [(one.name, one.articles) for one in archive.sources()] == [
        ("courier", 20), ("empty", 0), ("gazette", 17), ("shimbun", 2)]  # fmt: skip
    (edit,) = archive.edits(source="courier", since="2024-03", min_change=0.1)
    assert (edit.article, edit.revision, edit.old_title) == (1, 2, "Climate summit opens")
    assert archive.edits(until="2024-02") == archive.gone() == []

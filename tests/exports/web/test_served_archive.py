"""Test how the view holds its archive, and in which words it tells of what goes wrong with it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
import threading
from functools import partial

import pytest

from exports.python_api.archive import Archive
from exports.python_api.connections import DatabaseReplaced
from exports.web import article_page, served_archive
from exports.web.served_archive import AnswerTime, ServedArchive
from pipelines.core.errors import ArchiveDamaged, ConfigError, MorgueError
from tests.support.web_apps import web_apps

ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) FROM n"


@pytest.fixture
def view(archive):
    with web_apps(archive) as asked:
        yield asked


@pytest.fixture
def opened(monkeypatch):
    """Return a list of the archives that are opened, and whether each was closed."""
    found = []

    class Counted(Archive):
        def __init__(self, path):
            super().__init__(path)
            self.is_closed = False
            found.append(self)

        def close(self):
            self.is_closed = True
            super().close()

    monkeypatch.setattr(served_archive, "Archive", Counted)
    return found


def replace_database(archive):
    """Put another database in the place of one, as `morgue rebuild` does."""
    shutil.copy(archive / "morgue.db", archive / "new.db")
    os.replace(archive / "new.db", archive / "morgue.db")


def number(archive):
    return archive.connection.execute("SELECT count(*) FROM articles").fetchone()[0]


def test_database_that_was_replaced_is_closed_when_nobody_asks_it_any_more(archive, opened):
    """Not before: a download may still read it."""
    served = ServedArchive(archive)
    with served.opened() as old:
        replace_database(archive)
        assert served.ask(number) == number_of(old) == 39
        assert [one.is_closed for one in opened] == [False, False]
    assert [one.is_closed for one in opened] == [True, False]
    replace_database(archive)
    assert served.ask(number) == 39
    assert [one.is_closed for one in opened] == [True, True, False]
    served.close()


def number_of(old):
    """Return the number of articles that a connection of before sees."""
    with pytest.raises(DatabaseReplaced):
        number(old)
    return 39


def test_database_may_be_replaced_again_while_a_question_is_asked(archive, opened):
    """A question that meets nothing else in three tries is an error in our words."""
    served = ServedArchive(archive)
    times = iter(range(2))

    def question(asked):
        if next(times, None) is not None:
            replace_database(archive)
        return number(asked)

    assert served.ask(question) == 39
    assert [one.is_closed for one in opened] == [True, True, False]

    def always(asked):
        replace_database(archive)
        return number(asked)

    with pytest.raises(DatabaseReplaced):
        served.ask(always)
    served.close()


def test_question_ends_when_the_server_stops(archive):
    """A reader of a long list must not keep it from stopping."""
    served = ServedArchive(archive)
    threading.Timer(0.2, served.stop).start()
    with pytest.raises(MorgueError):
        served.ask(lambda asked: asked.connection.execute(ENDLESS).fetchone())
    served.close()


def test_health_has_a_limit_of_time_as_all_answers(archive, monkeypatch):
    """It is asked on the connection of its question. 503: later, or for less."""
    monkeypatch.setattr(served_archive, "AnswerTime", partial(AnswerTime, 0.2))
    with web_apps(archive, lambda db: db.execute(ENDLESS).fetchall()) as view:
        for path in ("/health", "/health.json", "/health.atom"):
            answer = view.get(path)
            assert (answer.status, "takes longer than" in answer.text) == (503, True)


@pytest.mark.parametrize("schema", ["schema-5", "schema-9"])
def test_archive_of_an_older_version_is_not_served(schema, tmp_path):
    """Nearly each page would be an error. The cure is that which other commands name."""
    shutil.unpack_archive(f"tests/support/archives/{schema}.tar.gz", tmp_path, filter="data")
    with pytest.raises(ArchiveDamaged, match="older version of Newsmorgue\n  `morgue upgrade` brings it up to date"):
        ServedArchive(tmp_path)


PATHS = (
    "/search",
    "/search.json",
    "/search.atom",
    "/article/1",
    "/article/1.json",
    "/counts",
    "/edits",
    "/health",
    "/export/articles.csv",
    "/export/articles.wacz",
    "/capture/1.warc.gz",
    "/captures/https://x.example/",
)


@pytest.mark.parametrize("path", PATHS)
def test_archive_that_is_gone_is_an_error_in_our_words_without_its_place(view, archive, path):
    """503: it may come back. Where it is on the disk is nobody's business."""
    shutil.move(archive, archive.with_name("elsewhere"))
    answer = view.get(path)
    assert (answer.status, str(archive.parent) in answer.text) == (503, False)
    assert "morgue.db" in answer.text or "the archive" in answer.text


def test_missing_file_is_named_by_its_place_in_the_archive(view, archive):
    """Also in the title of the page and in JSON."""
    (file,) = (archive / "warc").iterdir()
    file.unlink()
    answer = view.get("/capture/1.warc.gz")
    assert (answer.status, str(archive) in answer.text, f"warc/{file.name}" in answer.text) == (404, False, True)


@pytest.mark.parametrize("damage", ["DROP TABLE captures", "DROP TABLE revisions"])
def test_error_of_sqlite_is_told_in_our_words(view, archive, damage):
    """Whatever asks the database."""
    db = sqlite3.connect(archive / "morgue.db")
    db.execute(damage)
    db.close()
    answer = view.get("/article/1")
    assert (answer.status, "Traceback" in answer.text, str(archive) in answer.text) == (503, False, False)


def test_export_without_its_extra_is_not_possible_here(view, monkeypatch):
    """501, before anything is sent, with what to install."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    answer = view.get("/export/articles.parquet")
    assert (answer.status, "newsmorgue[parquet]" in answer.text, "Not possible here" in answer.text) == (
        501,
        True,
        True,
    )


def test_fault_of_ours_is_told_in_the_words_of_the_family(archive, monkeypatch):
    """As a page and as JSON; the log of the server has the traceback."""

    def fail(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(article_page, "answer", fail)
    with web_apps(archive) as view:
        page, found = view.get("/article/1"), view.get("/article/1.json")
    assert (page.status, "could not be made, by a fault of Newsmorgue" in page.text) == (500, True)
    assert (found.status, found.json()["error"]["next_step"]) == (500, "its log says more")


@pytest.mark.parametrize("name", ["x%00.css", "x" * 3000, "..%2frendering.py", "%ff"])
def test_static_file_with_an_odd_name_is_not_found(view, name):
    """Names are looked up, never opened."""
    assert view.get(f"/static/{name}").status == 404


def test_mistake_in_settings_is_told_for_health(archive):
    """ConfigErrors of the files of an archive come through as they are."""

    def wrong(db):
        raise ConfigError(str(archive / "sources/x.toml"), "is wrong", "mend it")

    with web_apps(archive, wrong) as view:
        answer = view.get("/health.json")
    assert answer.json()["error"] == {"subject": "sources/x.toml", "cause": "is wrong", "next_step": "mend it"}

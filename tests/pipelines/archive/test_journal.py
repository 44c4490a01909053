"""Test the journal: what is recorded about a row, when, and what counts when the journal is replayed."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import replace

import pytest

from pipelines.archive import journal
from pipelines.archive.journal import JournalHeader, valid_records
from pipelines.archive.writer import ArchiveWriter
from pipelines.core.items import Source
from pipelines.database import journal_rows
from pipelines.database.connection import open_database
from pipelines.database.store import ArticleStore
from pipelines.warc.exchange import write_exchange
from pipelines.warc.storage import WarcStorage
from pipelines.warc.writer import WarcWriter
from tests.support.exchanges import PLAIN
from tests.support.warc_files import walk


@pytest.fixture
def db(tmp_path):
    return open_database(tmp_path / "morgue.db")


def told(db, number: int | None = None) -> list[dict]:
    """Return the rows of the next journal records."""
    records = list(journal.Journal(db).records(lambda: "<urn:uuid:0>"))
    if number is not None:
        assert [journal.journal_header(record.fields).number for record in records] == [number]
    return [json.loads(line) for record in records for line in record.block.decode().splitlines()]


def test_changed_row_is_journaled_once_in_its_last_state(db):
    """However often it changed; unknown values are left out; afterwards nothing is left to record."""
    store = ArticleStore(db)
    for title in (None, "The Gazette"):
        store.source(Source("gazette", "https://gazette.example/", title))
    ((line),) = told(db, number=1)
    assert line["sources"].items() >= {"id": 1, "name": "gazette", "title": "The Gazette", "watched": 0}.items()
    assert "language" not in line["sources"]
    assert told(db) == []


@pytest.mark.slow
def test_noting_a_change_takes_constant_time(db):
    """An update of one row takes the database as many steps after ten thousand noted rows as after none."""

    def steps() -> int:
        count = 0

        def step() -> int:
            nonlocal count
            count += 1
            return 0

        db.set_progress_handler(step, 1)
        db.execute("UPDATE sources SET title = 'again'")
        db.set_progress_handler(None, 1)
        return count

    ArticleStore(db).source(Source("gazette", "https://gazette.example/"))
    told(db)
    few = steps()
    told(db)
    db.executemany("INSERT INTO changes (name, key) VALUES ('sources', ?)", ((key,) for key in range(100, 10_000)))
    assert steps() <= few + 5


def test_capture_is_journaled_without_a_trigger(tmp_path):
    """New ones once, and one that changes afterwards again."""
    archive_writer = ArchiveWriter(tmp_path / "morgue.db", WarcStorage(tmp_path / "warc"), info={})
    store = ArticleStore(archive_writer.db)
    capture = archive_writer.call(lambda: store.capture(write_exchange(PLAIN, archive_writer.writer), None, None))
    lines = [{"captures": {"id": 1, "file": capture.file, "offset": capture.offset}}]
    assert archive_writer.call(told, archive_writer.db) == lines
    assert archive_writer.call(told, archive_writer.db) == []
    archive_writer.call(archive_writer.db.execute, "UPDATE captures SET offset = 7")
    assert archive_writer.call(told, archive_writer.db) == [{"captures": {"id": 1, "file": capture.file, "offset": 7}}]
    archive_writer.close()


def test_deleted_row_is_journaled_by_its_key(db):
    """By its key."""
    db.execute("INSERT INTO removals (time, url_key, reason, captures) VALUES ('x', 'y', 'z', 1)")
    told(db)
    db.execute("DELETE FROM removals")
    assert told(db) == [{"removals": {"gone": 1}}]


def test_reused_id_is_journaled_again(tmp_path):
    """A takedown may delete the newest captures: the next one gets the number that the last of them had."""
    archive_writer = ArchiveWriter(tmp_path / "morgue.db", WarcStorage(tmp_path / "warc"), info={})
    archive_writer.call(
        lambda: ArticleStore(archive_writer.db).capture(write_exchange(PLAIN, archive_writer.writer), None, None)
    )
    assert [line["captures"]["id"] for line in told(archive_writer.db)] == [1]
    archive_writer.call(lambda: archive_writer.db.execute("DELETE FROM captures").rowcount)
    assert told(archive_writer.db) == [{"captures": {"gone": 1}}]
    archive_writer.call(
        lambda: ArticleStore(archive_writer.db).capture(write_exchange(PLAIN, archive_writer.writer), None, None)
    )
    (line,) = told(archive_writer.db)
    assert line["captures"]["offset"] > 0
    archive_writer.close()


def test_claim_of_a_url_is_not_journaled(db):
    """Only what a crawl found out about it is; a claimed row is recorded as waiting."""
    db.execute(
        """INSERT INTO frontier (url_key, url, host, kind, state, priority, depth, found)
           VALUES ('k', 'u', 'h', 'article', 'waiting', 1, 0, 'x')"""
    )
    told(db)
    db.execute("UPDATE frontier SET state = 'claimed'")
    assert told(db) == []
    db.execute("UPDATE frontier SET last_error = 'HTTP 500', last_visit = 'y'")
    assert told(db)[0]["frontier"]["state"] == "waiting"


def test_rolled_back_row_is_not_journaled(tmp_path):
    """A task that fails leaves neither rows nor notes of them."""
    archive_writer = ArchiveWriter(tmp_path / "morgue.db", WarcStorage(tmp_path / "warc"), info={})

    def fails() -> None:
        ArticleStore(archive_writer.db).source(Source("gazette", "https://gazette.example/"))
        raise KeyError("a mistake")

    with pytest.raises(KeyError):
        archive_writer.call(fails)
    assert not archive_writer.journal.has_news()
    archive_writer.call(ArticleStore(archive_writer.db).source, Source("courier", "https://courier.example/"))
    archive_writer.call(archive_writer.writer.warcinfo_id)
    archive_writer.close()
    (path,) = (tmp_path / "warc").iterdir()
    (record,) = (member for member in walk(path) if journal.journal_header(member.headers))
    assert b"courier" in record.block
    assert b"gazette" not in record.block


def test_replay_gives_the_same_rows(db, tmp_path):
    """Rows, changes and deletions."""
    store = ArticleStore(db)
    store.source(Source("gazette", "https://gazette.example/", language="en"))
    store.begin_crawl("crawl", "newsmorgue")
    db.execute("INSERT INTO removals (time, url_key, reason, captures) VALUES ('x', 'y', 'z', 1)")
    blocks = [record.block for record in journal.Journal(db).records(lambda: "")]
    db.execute("DELETE FROM removals")
    store.source(Source("gazette", "https://other.example/"))
    blocks += [record.block for record in journal.Journal(db).records(lambda: "")]
    other = open_database(tmp_path / "other.db")
    for block in blocks:
        journal_rows.apply_lines(other, block)
    for name in ("sources", "crawls", "removals"):
        query = f"SELECT * FROM {name}"
        assert other.execute(query).fetchall() == db.execute(query).fetchall()


@pytest.mark.parametrize("order", [(2, 3, 1), (3, 1, 2), (2, 1, 3)])
def test_replay_lets_rows_change_what_only_one_may_have(db, order):
    """Lines are in the order of their keys. So a row may get its number before the row that had it has another."""

    def record(numbers: Sequence[int]) -> bytes:
        columns = {"article_id": 1, "capture_id": 1, "seen": "", "text_digest": "", "extractor": ""}
        lines = [{"revisions": {"id": key, "number": number, **columns}} for key, number in enumerate(numbers, 1)]
        return "".join(json.dumps(line) + "\n" for line in lines).encode()

    db.execute("PRAGMA foreign_keys = OFF")
    journal_rows.apply_lines(db, record((1, 2)))
    journal_rows.apply_lines(db, record(order))
    numbers = tuple(number for (number,) in db.execute("SELECT number FROM revisions ORDER BY id"))
    db.execute("DELETE FROM revisions")
    assert numbers == order


@pytest.mark.parametrize(
    ("numbers", "valid"),
    [([1, 2, 3], [0, 1, 2]), ([1, 2, 2, 3], [0, 2, 3]), ([1, 2, 3, 2], [0, 3]), ([1, 2, 1], [2]), ([], [])],
    ids=["in order", "the last commit was lost", "two were lost", "all was lost", "none"],
)
def test_repeated_number_voids_the_record_that_was_lost(numbers, valid):
    """In journals of earlier versions a crash took the last commit of the database while the WARC file kept its
    record."""
    marks = [JournalHeader(number, number - 1, None) for number in numbers]
    assert valid_records(list(enumerate(marks))) == valid


@pytest.mark.parametrize(
    ("marks", "valid"),
    [
        ([(1, 0), (2, 1), (3, 2), (4, 3), (5, 2), (6, 5)], [1, 2, 5, 6]),
        ([(1, 0), (2, 0)], [2]),
        ([(1, 0), (2, 1), (5, 4), (6, 5)], [1, 2, 5, 6]),
    ],
    ids=["two were lost", "all was lost", "a file is gone"],
)
def test_record_numbers_decide_order_and_validity(marks, valid):
    """The order of the files, which is that of their names where the manifest is lost, does not matter."""
    for order in (marks, marks[::-1], marks[2:] + marks[:2]):
        at = list(enumerate(JournalHeader(*mark, "a") for mark in order))
        assert [order[place][0] for place in valid_records(at)] == valid


def test_unknown_table_of_a_later_version_is_skipped(db):
    """The rest of the journal is read."""
    journal_rows.apply_lines(db, b'{"holograms": {"id": 1}}\n')


def test_many_rows_become_several_records(db, monkeypatch):
    """A sitemap of 50,000 addresses must not become one block of memory."""
    monkeypatch.setattr(journal, "MAX_RECORD_ROWS", 3)
    for number in range(7):
        ArticleStore(db).source(Source(f"s{number}", f"https://s{number}.example/"))
    records = list(journal.Journal(db).records(lambda: ""))
    assert [record.block.count(b"\n") for record in records] == [3, 3, 1]
    marks = [journal.journal_header(record.fields) for record in records]
    assert [(mark.number, mark.after, mark.more) for mark in marks] == [(1, 0, True), (2, 1, True), (3, 2, False)]


@pytest.mark.parametrize(
    ("told", "valid"),
    [("1 2 3+ 4", [1, 2, 3, 4]), ("1 2 3+", [1, 2]), ("1+ 2+", []), ("1+ 2 3+ 4+", [1, 2])],
    ids=["whole", "the rest is not there", "of the first", "of the second"],
)
def test_commit_of_several_records_counts_whole_or_not_at_all(told, valid):
    """A kill may come between two records of one commit: half of it would have articles without texts."""
    numbered = [(int(one.strip("+")), one.endswith("+")) for one in told.split()]
    marks = [(number, JournalHeader(number, number - 1, "a", more)) for number, more in numbered]
    assert valid_records(marks) == valid


@pytest.mark.parametrize("end", [lambda writer: os.close(writer._file), WarcWriter.close], ids=["open", "rotated"])
def test_crash_between_file_and_commit_loses_no_capture(tmp_path, end):
    """Captures that only the WARC files know get their rows when the archive is next opened for writing, also those in
    a file that was finished after the last commit."""
    archive_writer = ArchiveWriter(tmp_path / "morgue.db", WarcStorage(tmp_path / "warc"), info={})
    archive_writer.call(
        lambda: ArticleStore(archive_writer.db).capture(write_exchange(PLAIN, archive_writer.writer), None, None)
    )
    archive_writer.commit()
    lost = [
        write_exchange(replace(PLAIN, url=f"https://example.org/{number}"), archive_writer.writer)
        for number in range(3)
    ]
    archive_writer.writer.sync()
    end(archive_writer.writer)
    archive_writer._lock.release()  # what a kill does
    archive_writer.db.close()
    again = ArchiveWriter(tmp_path / "morgue.db", WarcStorage(tmp_path / "warc"), info={})
    rows = again.db.execute("SELECT record_id, file, offset, length FROM captures WHERE id > 1 ORDER BY id").fetchall()
    again.close()
    assert rows == [(one.record_id, one.file, one.offset, one.length) for one in lost]
    third = ArchiveWriter(tmp_path / "morgue.db", WarcStorage(tmp_path / "warc"), info={})
    assert third.db.execute("SELECT count(*) FROM captures").fetchone() == (4,)
    third.close()

"""Test what becomes of WARC files that a lost machine began and never shipped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from crawler.engine.lost_files import give_up_lost
from pipelines.archive.writer import ArchiveWriter
from pipelines.core.urls import url_key
from pipelines.database.connection import open_database
from pipelines.warc.storage import WarcStorage

LOST, URL = "lost.warc.gz", "https://paper.example/a"
CAPTURE = """INSERT INTO captures (id, url, time, kind, file, offset, length, record_id, record_type)
                  VALUES (?, ?, '2026-01-01T00:00:00Z', ?, ?, ?, 9, ?, 'response')"""
ROW = """INSERT INTO frontier (id, url_key, url, host, kind, state, next_visit, priority, depth, found, etag)
              VALUES (?, ?, ?, 'paper.example:443', 'article', ?, '2030-01-01T00:00:00Z', 1, 1, '2026-01-01', 'x')"""


class StorageOfAShard(WarcStorage):
    """Have a file that never arrived, until it is given up."""

    waits = True

    def never_arrived(self) -> Mapping[str, tuple[str, str]]:
        return {LOST: ("elsewhere", "2026-01-01T00:00:00Z")} if self.waits else {}

    def give_up(self, names: Iterable[str]) -> None:
        assert [*names] == [LOST]
        type(self).waits = False


def test_pages_of_a_file_that_never_arrived_are_due_again_and_it_is_given_up(tmp_path: Path):
    """They are asked for without validators: "not modified" would bring no bytes. Other pages keep their plan."""
    db = open_database(tmp_path / "morgue.db")
    for number, (url, kind, file) in enumerate(
        [(URL, "article", LOST), (f"{URL}b", "article", "other.warc.gz"), (f"{URL}c", "feed", LOST)], 1
    ):
        db.execute(CAPTURE, (number, url, kind, file, number, str(number)))
        db.execute(ROW, (number, url_key(url), url, "done" if number == 1 else "waiting"))
    db.commit()
    db.close()
    writer = ArchiveWriter(tmp_path / "morgue.db", StorageOfAShard(tmp_path / "warc"), info={})
    try:
        (said,) = give_up_lost(writer)
        assert said == (
            f"{LOST}: was begun on elsewhere at 2026-01-01T00:00:00Z, and never reached the bucket; it is given up, "
            f"and 2 captures in it are lost, 1 page is due again: {URL}"
        )
        assert give_up_lost(writer) == []
        found = writer.db.execute("SELECT id, state, next_visit < '2030', etag FROM frontier ORDER BY id").fetchall()
    finally:
        writer.close()
    assert [tuple(row) for row in found] == [(1, "waiting", 1, None), (2, "waiting", 0, "x"), (3, "waiting", 0, "x")]

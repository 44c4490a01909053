"""Test copies of a database in its bucket: what is in them, when one is made, what a damaged one gives."""

from __future__ import annotations

import sqlite3
import uuid
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipelines.bucket import snapshot
from pipelines.bucket.address import bucket_address
from pipelines.bucket.object_store import ObjectInfo, ObjectStore
from pipelines.bucket.snapshot import Snapshot, delete_but, fetch, is_due, save, snapshots
from pipelines.core.errors import ArchiveDamaged
from pipelines.core.timestamps import now
from pipelines.database.journal_rows import back_up
from tests.support.article_archive import build
from tests.support.seaweedfs import ObjectServer

LAST = Snapshot(ObjectInfo("", 0, "", datetime.now(UTC)), "", 7, 100, datetime.now(UTC))


def dump(database: Path) -> list[str]:
    """Return all of a database as SQL."""
    with closing(sqlite3.connect(database)) as db:
        return [*db.iterdump()]


def test_newest_copy_is_the_database_as_it_was(object_server: ObjectServer, tmp_path: Path):
    """Also while a transaction is open, whose rows are not in it; older copies go, and a takedown keeps none."""
    store = ObjectStore(bucket_address(f"s3://morgue-tests/{uuid.uuid4()}", object_server.endpoint))
    with pytest.raises(ArchiveDamaged, match="no copy of a database is there"):
        fetch(store, tmp_path / "none.db")
    database = build(tmp_path / "archive") / "morgue.db"
    with closing(sqlite3.connect(database)) as writing:
        for number in range(1, snapshot.KEPT + 2):
            writing.execute("UPDATE journal SET last = ?", (number,))
            writing.commit()
            expected = dump(database)
            writing.execute("BEGIN IMMEDIATE")
            writing.execute("DELETE FROM sources")
            made = save(store, database, back_up)
            writing.rollback()
            assert made.journal == number
            assert made.articles > 0
    assert [found.journal for found in snapshots(store)] == [2, 3, 4]
    fetched = fetch(store, tmp_path / "fetched.db")
    assert dump(fetched) == expected
    assert [path.name for path in database.parent.glob(".*")] == []
    key = snapshots(store)[-1].info.key
    store.put(key, store.get(key).data[:-20])
    with pytest.raises(ArchiveDamaged, match="does not unpack"):
        fetch(store, tmp_path / "cut.db")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["archive", "fetched.db"]
    delete_but(store, 0)
    assert snapshots(store) == []


@pytest.mark.parametrize(
    ("last", "journal", "articles", "due"),
    [
        (None, 0, 0, False),
        (None, 1, 1, True),
        (LAST, 7, 100, False),
        (LAST, 8, 109, False),
        (LAST, 8, 110, True),
        (replace(LAST, time=now() - timedelta(hours=25)), 8, 101, True),
        (replace(LAST, time=now() - timedelta(hours=25)), 7, 100, False),
    ],
)
def test_copy_is_due_after_a_time_or_so_many_articles(last: Snapshot | None, journal: int, articles: int, due: bool):
    """Never of a database that did not change."""
    assert is_due(last, journal, articles, every=86_400, after=10) is due

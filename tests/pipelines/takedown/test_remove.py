"""Test how the rows of a takedown leave the database; `tests/crawler/commands/test_remove.py` tests whole takedowns."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime

import pytest

from pipelines.takedown.remove import Removal
from pipelines.takedown.targets import find
from pipelines.warc.storage import WarcStorage
from tests.support.article_archive import database, insert


@pytest.mark.parametrize("setting", ["OFF", "ON", "FAST"])
def test_deleting_rows_leaves_secure_delete_as_it_was(tmp_path, setting):
    """The connection is the archive writer's, and goes on being used."""
    with closing(database(tmp_path / "morgue.db")) as db:
        insert(db, "captures", url="https://a.example/x", time="2024", kind="article", file="x", offset=0, length=0,
               record_id="1", record_type="response", signals="[]")  # fmt: skip
        db.execute(f"PRAGMA secure_delete = {setting}")
        before = db.execute("PRAGMA secure_delete").fetchone()
        targets = find(db, ["a.example"])
        when = datetime(2026, 5, 3, tzinfo=UTC)
        Removal(WarcStorage(tmp_path), tmp_path / "manifest.jsonl", targets, "x", when).delete_rows(db)
        assert db.execute("PRAGMA secure_delete").fetchone() == before
        assert db.execute("SELECT count(*) FROM captures").fetchone() == (0,)
        assert db.execute("SELECT url_key, captures FROM removals").fetchall() == [("*a.example", 1)]

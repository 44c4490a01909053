"""Test archives whose WARC files lie in a bucket, on a real server: crawl, ship, read, check, remove, rebuild."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from tests.support.bucket_archive import give_bucket, here, there
from tests.support.command import crawl, morgue, rows, tables
from tests.support.seaweedfs import SECRET, ObjectServer
from tests.support.small_paper import serving

pytestmark = pytest.mark.slow


def test_archive_whose_files_lie_in_a_bucket_is_like_any_other(archive: Path, object_server: ObjectServer):
    """Crawled, shown, exported, verified, taken down and rebuilt, with nothing left in warc/; no secret is written."""
    store = give_bucket(archive, object_server, rotate="2KB")
    with serving(6) as paper:
        paper.watch(archive)
        assert crawl(archive, "-vvv", "--log", archive / "run.log").returncode == 0
        shipped = there(store)
        assert len(shipped) >= 3
        assert not set(shipped) & set(here(archive))
        done = morgue("-C", archive, "ship", "--all")
        assert (done.returncode, here(archive)) == (0, []), done.stderr
        assert "shipped to s3://" in done.stdout
        assert morgue("-C", archive, "verify").returncode == 0
        before = tables(archive / "morgue.db")
        url = paper.stories[1]
        shown = morgue("-C", archive, "show", url, "--format", "json")
        assert (shown.returncode, "harbour wall" in shown.stdout) == (0, True)
        assert morgue("-C", archive, "export", "warc", archive / "out.warc.gz").returncode == 0

        assert morgue("-C", archive, "remove", url, "--reason", "asked", "--yes").returncode == 0
        assert not set(here(archive)) & set(there(store))  # a new file holds its journal
        checked = morgue("-C", archive, "verify")
        assert checked.returncode == 0, checked.stdout
        records = gzip.decompress(b"".join(store.get(f"warc/{name}").data for name in there(store)))
        assert (records.count(b"Story 1</h1>"), records.count(b"Story 2</h1>")) == (0, 1)
        morgue("-C", archive, "ship", "--all")
        after = tables(archive / "morgue.db")
        assert before != after
        for lost in ("shipped.jsonl", "manifest.jsonl", "morgue.db", "morgue.lock"):
            (archive / lost).unlink()
        done = morgue("-C", archive, "rebuild")
        assert done.returncode == 0, done.stdout + done.stderr
        assert tables(archive / "morgue.db") == after
        assert (here(archive), morgue("-C", archive, "verify").returncode) == ([], 0)
    told = b"".join(path.read_bytes() for path in archive.rglob("*") if path.is_file())
    assert SECRET.encode() not in told + records
    assert rows(archive, "SELECT count(*) FROM crawls WHERE command LIKE ?", f"%{SECRET}%") == [(0,)]

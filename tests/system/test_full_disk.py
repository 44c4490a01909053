"""Test a disk without a free byte: reading works, writing says what is wrong, and a crawl says how much of what it
counts it could not keep."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.core.errors import DiskFull
from tests.support.article_archive import build
from tests.support.command import crawl, make_archive, morgue, rows
from tests.support.every_format import installed
from tests.support.exporting import export
from tests.support.external_tools import skip_without
from tests.support.newspaper import serve

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount a small tmpfs")]


@pytest.fixture
def small(tmp_path) -> Iterator[Path]:
    """Mount a disk of 2 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"cannot mount a tmpfs here: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def fill(folder: Path, but: int = 0) -> None:
    """Leave `but` bytes of the disk."""
    free = os.statvfs(folder)
    (folder / "fill").write_bytes(bytes(free.f_bavail * free.f_frsize - but))
    assert but or os.statvfs(folder).f_bavail == 0


WRITES = "import os, sqlite3, sys; db = sqlite3.connect(sys.argv[1]); {}os._exit(0)"


@pytest.fixture(params=["all of it in the database", "rows in the write-ahead log"])
def full(small, request) -> Path:
    """Return an archive on a full disk, its database in WAL mode and without the file of its shared memory."""
    archive = build(small / "archive")
    wal_mode = "db.execute('PRAGMA journal_mode = WAL'); "
    more = "db.execute(\"UPDATE sources SET title = 'x'\"); db.commit(); " if "log" in request.param else ""
    subprocess.run([sys.executable, "-c", WRITES.format(wal_mode + more), archive / "morgue.db"], check=True)
    wal = archive / "morgue.db-wal"
    assert bool(more) == (wal.exists() and wal.stat().st_size > 0)
    (archive / "morgue.db-shm").unlink(missing_ok=True)
    fill(small)
    with pytest.raises(sqlite3.OperationalError, match="disk I/O error"):
        rows(archive, "SELECT 1 FROM articles")
    return archive


@pytest.mark.parametrize(
    ("command", "codes"),
    [
        ("search climate", {0}),
        ("show 1", {0}),
        ("sources", {0}),
        ("verify --quick", {0, 7}),
        ("export jsonl OUT", {0}),
    ],
)
def test_reading_command_works_on_a_full_disk(full, tmp_path, command, codes):
    """The file of SQLite's shared memory, for which there is no space, is not needed without a writer."""
    done = morgue("-C", full, *command.replace("OUT", str(tmp_path / "out.jsonl")).split())
    assert done.returncode in codes, done.stdout + done.stderr
    assert "I/O error" not in done.stdout + done.stderr


@pytest.mark.parametrize("form", ["jsonl", "parquet", "sqlite", "txt"])
def test_export_onto_a_disk_that_becomes_full_leaves_nothing(small, tmp_path, form):
    """The error is about OUT and says what to do; a file, a folder and a database are alike in this."""
    if not installed(form):
        skip_without("pyarrow", "pip install 'newsmorgue[parquet]'")
    archive = build(tmp_path / "archive")
    fill(small, but=12_000)
    with pytest.raises(DiskFull, match="free some space") as error:
        export(archive, form, small / "out")
    assert "out" in error.value.subject or "morgue.db" in error.value.subject
    assert os.listdir(small) == ["fill"]


@pytest.mark.parametrize("command", ["crawl", "upgrade", "remove 1 --reason x --yes"])
def test_writing_command_reports_the_full_disk(full, command):
    """Exit code 5 and what to do; the message does not suggest a broken disk or a rebuild."""
    done = morgue("-C", full, *command.split())
    assert done.returncode == 5, done.stdout + done.stderr
    assert "no space left" in done.stderr
    assert "free some space" in done.stderr
    assert "dmesg" not in done.stderr
    assert "rebuild" not in done.stderr


@pytest.mark.parametrize("room", [330_000, 500_000, 700_000])
def test_crawl_on_a_full_disk_reports_what_it_lost(small, tmp_path, room):
    """Summary less loss is what the database has; the run's row does not say that it was done."""
    with serve() as paper:
        archive = make_archive(small / "archive")
        fill(small, but=room)
        (tmp_path / "list.txt").write_text("\n".join(paper.truth))
        done = crawl(archive, "--urls", tmp_path / "list.txt")
    assert done.returncode == 5, done.stdout + done.stderr
    if not done.stdout:  # the disk was full before a page was counted
        assert rows(archive, "SELECT count(*) FROM frontier WHERE visits > 0") == [(0,)], done.stderr
        return
    head, row = (line.split() for line in done.stdout.splitlines()[:2])
    counts = dict(zip(head[1:], map(int, row[1 - len(head) :]), strict=True))["fetched"]  # "(no source)" has a space
    lost = re.search(r"stopped: ([\d,]+) of the ([\d,]+) pages? counted above could not be saved", done.stderr)
    assert lost or "everything counted above is kept" in done.stderr
    assert lost is None or int(lost[2]) == counts
    kept = rows(archive, "SELECT count(*) FROM frontier WHERE visits > 0")
    assert kept == [(counts - int(lost[1] if lost else 0),)]
    outcomes = rows(archive, "SELECT outcome FROM crawls")
    assert outcomes in ([(None,)], [("DiskFull",)]) or (outcomes, kept) == ([], [(0,)])  # not even its own row had room

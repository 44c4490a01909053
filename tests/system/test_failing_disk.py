"""Test a disk that dies: write() and fsync() end in EIO (faultydisk.c), while `morgue crawl` keeps a newspaper.

The crawl stops with exit code 9 and says which file, why, and what next; nothing committed is lost, no file has a torn
tail, what an fsync was in doubt about is not trusted, and the next crawl completes the archive.
"""

from __future__ import annotations

import gzip
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest

from pipelines.verification.verify import verify
from pipelines.warc import manifest
from tests.support.command import LOOPBACK, ROOT, command_line, crawl, environment, make_archive, rows
from tests.support.newspaper import serve
from tests.support.warc_files import read_record, walk

pytestmark = pytest.mark.exhaustive


class Fault(NamedTuple):
    """Hold the orders for faultydisk.c."""

    path: str  # what the file's path ends in
    call: str  # write, sync
    after: int  # so many succeed
    times: int  # then so many fail; 0: all
    loses: bool = False  # a sync that fails loses what was added


FAULTS = {
    "a record is written": Fault(".warc.gz.open", "write", 8, 1),
    "records are synced, and seem to be there": Fault(".warc.gz.open", "sync", 1, 1),
    "records are synced, and are lost": Fault(".warc.gz.open", "sync", 1, 1, loses=True),
    "rows are written": Fault("morgue.db-wal", "write", 60, 1),
    "rows are committed": Fault("morgue.db-wal", "sync", 4, 1),
    "rows move into the database": Fault("morgue.db", "write", 10, 0),
    "a file is listed": Fault("manifest.jsonl", "sync", 0, 1),
}


@pytest.fixture(scope="module")
def faulty(tmp_path_factory) -> Path:
    """Compile the library that makes calls fail; skip where there is no compiler, or none for this system."""
    compiler = shutil.which("cc")
    if compiler is None or sys.platform != "linux":
        pytest.skip("needs Linux and a C compiler, cc")
    library = tmp_path_factory.mktemp("faulty") / "faultydisk.so"
    source = ROOT / "tests" / "support" / "faultydisk.c"
    assert source.is_file()
    made = subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source, "-ldl"], capture_output=True, text=True)
    if made.returncode != 0:
        pytest.skip(f"cc cannot make it: {made.stderr[:200]}")
    return library


@pytest.fixture(scope="module")
def paper():
    with serve() as paper:
        yield paper


@pytest.fixture
def archive(tmp_path, paper):
    made = make_archive(tmp_path / "archive")
    (made / "sources" / "gazette.toml").write_text(f'url = "{paper.url}/"\nfeeds = ["{paper.url}/feed.xml"]\n')
    return made


def crawl_on(library: Path, fault: Fault, archive: Path):
    told = {"LD_PRELOAD": library, "FAULTY_PATH": fault.path, "FAULTY_CALL": fault.call, "FAULTY_AFTER": fault.after,
            "FAULTY_TIMES": fault.times} | ({"FAULTY_LOSES": "1"} if fault.loses else {})  # fmt: skip
    env = environment() | {name: str(value) for name, value in told.items()}
    command = command_line("-C", archive, "crawl", *LOOPBACK, "gazette")
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=120)


def stored(archive: Path) -> list[str]:
    return [urlsplit(url).path for (url,) in rows(archive, "SELECT coalesce(canonical_url, url) FROM articles")]


@pytest.mark.parametrize("name", FAULTS)
def test_dying_disk_stops_the_crawl_and_loses_nothing_committed(faulty, archive, paper, name):
    """Whatever fails, once or for good: exit code 9, no traceback, whole files, and the next crawl completes them."""
    fault = FAULTS[name]
    done = crawl_on(faulty, fault, archive)
    assert done.returncode == 9, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert "put/output error" in done.stderr or "disk I/O error" in done.stderr
    assert (fault.path.removesuffix("-wal") if fault.path.startswith("m") else ".warc.gz.open: ") in done.stderr
    assert "dmesg" in done.stderr

    for path in (archive / "warc").iterdir():
        gzip.decompress(path.read_bytes())
        assert list(walk(path))
    kept = rows(archive, "SELECT record_id, file, offset, length FROM captures")
    for record_id, file, offset, length in kept:
        assert read_record(archive / "warc" / file, offset, length).fields.get("WARC-Record-ID") == record_id
    assert {finding.kind for finding in verify(archive).findings.listed} <= {"left open", "no row"}

    if fault[:2] == (".warc.gz.open", "sync"):
        assert_not_trusted(archive)

    again = crawl(archive, "gazette")
    assert again.returncode == 0, again.stdout + again.stderr
    assert set(kept) <= set(rows(archive, "SELECT record_id, file, offset, length FROM captures"))
    assert verify(archive).findings.listed == []
    paths = stored(archive)
    assert len(paths) == len(set(paths)) > 10
    assert rows(archive, "SELECT count(*) FROM frontier WHERE state = 'claimed'") == [(0,)]


def assert_not_trusted(archive: Path) -> None:
    """Linux reports lost pages once, and the next fsync succeeds. So it is not tried again: the file ends where it was
    durable, and is neither finished nor listed until the next start has read it back."""
    (path,) = (archive / "warc").iterdir()
    assert path.name.endswith(".open")
    assert manifest.load(archive / "manifest.jsonl") == {}
    records = list(walk(path))
    assert path.stat().st_size == sum(member.length for member in records)
    captures = sum(member.headers.get("WARC-Type") in ("response", "revisit") for member in records)
    assert rows(archive, "SELECT count(*) FROM captures") == [(captures,)]

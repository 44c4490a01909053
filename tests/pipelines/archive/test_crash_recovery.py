"""Test the first start after a crash: every capture in the files has its row, and uncommitted journal records
are void. Each crash is a process that kills itself."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from pipelines.archive.journal import journal_header, valid_records
from pipelines.archive.writer import ArchiveWriter
from pipelines.warc import manifest
from pipelines.warc.storage import WarcStorage
from tests.support.command import ROOT
from tests.support.warc_files import walk

PRELUDE = """
import os, signal, sys
from pathlib import Path
from pipelines.archive import crash_recovery, writer as archive
from pipelines.warc import manifest
from pipelines.warc.storage import WarcStorage
from pipelines.core.items import Source
from pipelines.database.store import ArticleStore
from tests.support.exchanges import write_small_exchange

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

folder = Path(sys.argv[1])
def begin(**options):
    return archive.ArchiveWriter(folder / "morgue.db", WarcStorage(folder / "warc"), info={}, **options)
"""


def crash(folder: Path, code: str) -> None:
    """Run code in a process that does not survive it."""
    done = subprocess.run([sys.executable, "-c", PRELUDE + code, str(folder)], cwd=ROOT,
                          capture_output=True, text=True)  # fmt: skip
    assert done.returncode == -signal.SIGKILL, done.stderr


def start(folder: Path) -> None:
    ArchiveWriter(folder / "morgue.db", WarcStorage(folder / "warc"), info={}).close()


def in_files(folder: Path) -> list[str]:
    """Record ids of the captures in all WARC files."""
    return [member.headers.get("WARC-Record-ID") for path in sorted((folder / "warc").iterdir())
            for member in walk(path) if member.headers.get("WARC-Type") == "response"]  # fmt: skip


def in_rows(folder: Path) -> list[str]:
    with closing(sqlite3.connect(folder / "morgue.db")) as db:
        return [row[0] for row in db.execute("SELECT record_id FROM captures ORDER BY id")]


LOSES_ITS_COMMIT = """
one = begin()
one.call(write_small_exchange, one)
one.call(write_small_exchange, one)
one.writer.sync()
die()
"""


def test_capture_without_a_row_gets_one_at_the_next_start(tmp_path):
    """The WARC file was written, its rows were not committed. The start says so, once."""
    crash(tmp_path, LOSES_ITS_COMMIT)
    assert in_rows(tmp_path) == []
    one = ArchiveWriter(tmp_path / "morgue.db", WarcStorage(tmp_path / "warc"), info={})
    one.close()
    assert one.recovery_messages[-1] == "2 captures of the last run got their rows back; their pages are fetched again"
    two = ArchiveWriter(tmp_path / "morgue.db", WarcStorage(tmp_path / "warc"), info={})
    two.close()
    assert two.recovery_messages == []
    assert in_rows(tmp_path) == in_files(tmp_path)
    assert len(in_rows(tmp_path)) == 2


@pytest.mark.parametrize(
    "moment", ["crash_recovery.add_missing_rows = die", "manifest_add", "WarcStorage.finish = die"]
)
def test_recovery_that_crashes_is_repeated_whole(tmp_path, moment):
    """Whether it died before the rows, before the line of the manifest, or before the file had its name."""
    crash(tmp_path, LOSES_ITS_COMMIT)
    crash(tmp_path, moment.replace("manifest_add", "manifest.add = die") + "\nbegin()")
    start(tmp_path)
    assert in_rows(tmp_path) == in_files(tmp_path)
    assert [path.suffix for path in (tmp_path / "warc").iterdir()] == [".gz", ".gz"]  # and the journal's own


def test_file_finished_before_its_commit_gets_its_rows(tmp_path):
    """Rotation does that: the file is listed, and its last rows are in the transaction that the crash takes."""
    crash(
        tmp_path,
        "one = begin(max_size=700)\nfor _ in range(5): one.call(write_small_exchange, one)\none.writer.sync()\ndie()",
    )
    assert in_rows(tmp_path) == []
    assert len(manifest.load(tmp_path / manifest.NAME)) >= 2
    start(tmp_path)
    assert in_rows(tmp_path) == in_files(tmp_path)
    assert len(in_rows(tmp_path)) == 5


def test_uncommitted_journal_record_is_void(tmp_path):
    """Otherwise a rebuilt database would hold rows that never existed, even if nothing happens after the crash."""
    crash(tmp_path, """
one = begin()
one.call(write_small_exchange, one)
one.commit()
def told():
    ArticleStore(one.db).source(Source("never", "https://never.example/"))
    one.writer.append(list(one.journal.records(one.writer.warcinfo_id)))
    one.writer.sync()
    die()
one.call(told)
""")  # fmt: skip
    start(tmp_path)
    records = [member for path in sorted((tmp_path / "warc").iterdir()) for member in walk(path)]
    told = [(mark, member.block) for member in records if (mark := journal_header(member.headers))]
    assert [(mark.number, mark.after) for mark, _ in told] == [(1, 0), (2, 0)]
    (valid,) = valid_records([(at, mark) for at, (mark, _) in enumerate(told)])
    assert b"never" in told[0][1]
    assert b"never" not in told[valid][1]
    with closing(sqlite3.connect(tmp_path / "morgue.db")) as db:
        assert db.execute("SELECT last, used FROM journal").fetchall() == [(2, 2)]
        assert db.execute("SELECT count(*) FROM changes WHERE name = 'captures'").fetchall() == [(0,)]


def test_uncommitted_journal_of_several_files_is_void(tmp_path):
    """The journal of one commit may be several records, in files that were finished between them. That is a crash and
    not an older database, for nothing had been committed when the files were finished."""
    crash(tmp_path, """
from pipelines.archive import journal
journal.MAX_RECORD_ROWS = 1
one = begin(max_size=700)
one.call(write_small_exchange, one)
def told():
    for number in range(4):
        ArticleStore(one.db).source(Source(f"never{number}", "https://never.example/"))
    for each in one.journal.records(one.writer.warcinfo_id):
        one.writer.append([each])
    one.writer.sync()
    die()
one.call(told)
""")  # fmt: skip
    listed = manifest.load(tmp_path / manifest.NAME).values()
    assert len([entry for entry in listed if entry.captures == 0]) > 1
    assert {entry.journal for entry in listed} == {0}
    start(tmp_path)
    records = [member for path in sorted((tmp_path / "warc").iterdir()) for member in walk(path)]
    told = [(mark, member.block) for member in records if (mark := journal_header(member.headers))]
    assert len(told) > 4
    valid = valid_records([(at, mark) for at, (mark, _) in enumerate(told)])
    assert [told[at][0].after for at in valid] == [0]
    assert not any(b"never" in told[at][1] for at in valid)

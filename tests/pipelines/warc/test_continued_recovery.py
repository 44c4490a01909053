"""Test a crash while a file is continued: what is listed never changes, what was durable is kept, a torn end goes."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from pipelines.core.errors import NotWritable
from pipelines.core.items import DatabaseState
from pipelines.warc.recovery import recover
from pipelines.warc.storage import OPEN_SUFFIX, WarcStorage
from pipelines.warc.writer import WarcWriter
from tests.support.command import ROOT
from tests.support.continued_files import append, differing, entries_of, manifest_of, one_run, writer_of
from tests.support.warc_files import read_block, walk
from tests.support.warc_records import assert_valid, noise, response


class Crash(BaseException):
    """End a writer in the middle of what it does; nothing cleans up."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "warc"
    one_run(folder, 1)
    one_run(folder, 2)
    return folder


def mend(folder: Path, **options) -> list[str]:
    return [
        message for file in recover(WarcStorage(folder), manifest_of(folder), **options) for message in file.messages
    ]


def leave_open(folder: Path, *seeds: int) -> Path:
    """Leave a run as a crash does; return the path of the file."""
    writer = writer_of(folder)
    writer.warcinfo_id()
    for seed in seeds:
        append(writer, seed)
    os.close(writer._file)
    return next(folder.glob(f"*{OPEN_SUFFIX}"))


def append_and_close(writer: WarcWriter, seed: int) -> None:
    append(writer, seed)
    writer.close()


STEPS = {
    "renamed": (WarcStorage, "sync_names", 0),
    "warcinfo written": (WarcWriter, "_write", 1),
    "record written": (WarcWriter, "sync", 0),
    "synced": (WarcWriter, "_list", 0),
    "listed": (WarcStorage, "finish", 0),
    "finished": (WarcStorage, "finish", 1),
}


@pytest.mark.parametrize("step", STEPS)
def test_crash_at_any_step_changes_nothing_that_is_listed(folder: Path, monkeypatch, step: str) -> None:
    """The next start finds a file with its name and its listed bytes; the run after it continues that."""
    (path,) = folder.iterdir()
    before = path.read_bytes()
    owner, name, after = STEPS[step]
    real = getattr(owner, name)

    def crash(*args):
        if after:
            real(*args)
        raise Crash

    writer = writer_of(folder)
    monkeypatch.setattr(owner, name, crash)
    with pytest.raises(Crash):
        append_and_close(writer, 3)
    monkeypatch.undo()
    os.close(writer._file)
    mend(folder)
    assert [one.name for one in folder.iterdir()] == [path.name]
    assert path.read_bytes().startswith(before)
    assert differing(folder) == []
    assert_valid(path)
    one_run(folder, 4)
    assert [one.name for one in folder.iterdir()] == [path.name]
    assert differing(folder) == []


@pytest.mark.parametrize("cut", [1, 9, 500, 2300])
def test_torn_record_is_cut_and_reported(folder: Path, cut: int) -> None:
    """The repair record names the warcinfo record of the run."""
    path = leave_open(folder, 3, 4)
    data = path.read_bytes()
    path.write_bytes(data[:-cut])
    (message,) = mend(folder)
    assert "torn by a crash" in message
    found = list(walk(folder / path.name.removesuffix(OPEN_SUFFIX)))
    runs = [one for one in found if one.headers.get("WARC-Type") == "warcinfo"]
    assert found[-1].headers.get("WARC-Warcinfo-ID") == runs[-1].headers.get("WARC-Record-ID")
    assert found[-2].block == response(noise(2000, 3))
    assert differing(folder) == []


@pytest.mark.parametrize("left", [0, 1, 50, 10_000], ids=["nothing", "a byte", "a part", "all"])
def test_file_with_no_more_than_a_new_warcinfo_record_is_cut_back(folder: Path, left: int) -> None:
    """As if the run had not been."""
    (finished,) = folder.iterdir()
    before, listed = finished.read_bytes(), manifest_of(folder).read_bytes()
    path = leave_open(folder)
    os.truncate(path, min(len(before) + left, path.stat().st_size))
    assert len(mend(folder)) == 1
    assert [one.read_bytes() for one in folder.iterdir()] == [before]
    assert manifest_of(folder).read_bytes() == listed


@pytest.mark.parametrize("rubbish", [bytes(4096), noise(5000, 9)], ids=["zeros", "noise"])
def test_unreadable_end_is_cut(folder: Path, rubbish: bytes) -> None:
    """As at the end of a new file: no record of it was ever acknowledged."""
    (finished,) = folder.iterdir()
    before = finished.read_bytes()
    path = leave_open(folder)
    path.write_bytes(before + rubbish)
    (message,) = mend(folder)
    assert "cut back" in message
    assert [one.read_bytes() for one in folder.iterdir()] == [before]


def test_file_that_lost_listed_bytes_gets_its_name_back_and_no_line(folder: Path) -> None:
    """`morgue verify` goes on naming it; no record is appended after the loss."""
    listed = manifest_of(folder).read_bytes()
    path = leave_open(folder, 3)
    os.truncate(path, 2500)
    (message,) = mend(folder)
    assert "ends at byte 2500" in message
    assert manifest_of(folder).read_bytes() == listed
    assert [one.stat().st_size for one in folder.iterdir()] == [2500]


def test_recovered_part_keeps_the_archive_and_says_what_was_committed(tmp_path: Path) -> None:
    """With the state of the database, or without one as the parts before it."""
    folder = tmp_path / "warc"
    one_run(folder, 1, database_state=DatabaseState("urn:one", 4))
    for state, journal in ((None, 4), (DatabaseState("urn:one", 7), 7)):
        writer = writer_of(folder, database_state=DatabaseState("urn:one", 4))
        append(writer, 2)
        os.close(writer._file)
        mend(folder, state=state)
        (entry,) = entries_of(folder).values()
        assert (entry.archive, entry.journal) == ("urn:one", journal)


@pytest.mark.parametrize("stale", [True, False], ids=["finished is older", "open is older"])
def test_copies_of_two_moments_become_one_file(folder: Path, stale: bool) -> None:
    """A backup that ran beside a crawl may have both; the one that begins the other goes."""
    (finished,) = folder.iterdir()
    old = finished.read_bytes()
    path = leave_open(folder, 3)
    longer = path.read_bytes()
    finished.write_bytes(old if stale else longer)
    path.write_bytes(longer if stale else old + longer[len(old) : -100])
    mend(folder)
    assert [one.name for one in folder.iterdir()] == [finished.name]
    assert finished.read_bytes() == longer


def test_different_files_of_one_name_both_stay(folder: Path) -> None:
    """No command can know which is right."""
    (finished,) = folder.iterdir()
    path = leave_open(folder, 3)
    finished.write_bytes(b"another")
    with pytest.raises(NotWritable, match="not overwritten"):
        mend(folder)
    assert sorted(one.name for one in folder.iterdir()) == [finished.name, path.name]


def test_recovery_reads_only_what_is_not_listed(folder: Path, monkeypatch) -> None:
    """Counted in records that are inflated: the file's first one, and those of the run."""
    from pipelines.warc import reader

    for seed in range(10):
        one_run(folder, seed)
    leave_open(folder, 3)
    parsed = []
    real = reader.parse_record
    monkeypatch.setattr(reader, "parse_record", lambda data: parsed.append(1) or real(data))
    mend(folder)
    assert len(parsed) == 3


@pytest.mark.slow
def test_kill_at_any_moment_loses_no_synced_and_no_listed_record(tmp_path: Path) -> None:
    """Runs of three records, one after another, killed with -9 again and again on the same file."""
    folder, dice = tmp_path / "warc", random.Random(5)
    script = """
        import sys
        from pathlib import Path
        from pipelines.warc.recovery import recover
        from pipelines.warc.storage import WarcStorage
        from tests.support.continued_files import append, manifest_of, writer_of
        folder = Path(sys.argv[1])
        folder.mkdir(exist_ok=True)
        recover(WarcStorage(folder), manifest_of(folder))
        for number in range(100_000):
            writer = writer_of(folder)
            for seed in range(3):
                place = append(writer, seed, 20_000)
                print(place.file, place.offset, place.length, seed, flush=True)
            writer.close()
    """
    told, listed = [], []
    for round_ in range(8):
        writer = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(script), folder], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        told += [writer.stdout.readline() for _ in range(2 + 3 * round_)]
        time.sleep(dice.uniform(0, 0.02))
        writer.kill()
        told += [line for line in writer.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
        writer.wait()
        writer.stdout.close()
        mend(folder)
        assert differing(folder) == []
        (path,) = folder.iterdir()
        (entry,) = entries_of(folder).values()
        parts = [part.line() for part in entry.parts]
        assert parts[: len(listed)] == listed
        listed = parts
        for line in told:
            name, offset, length, seed = line.split()
            assert read_block(folder / name, int(offset), int(length)) == response(noise(20_000, int(seed)))
    assert len(entry.parts) > 8
    assert_valid(path)

"""`morgue verify`, as a user runs it: what it prints, its exit codes, and how it ends on a signal."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from pipelines.warc.record import gzip_member
from tests.support.command import command_line, environment, make_archive, morgue, start
from tests.support.verifiable_archive import build, flip, members, record, warcs


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Return an archive that no test changes."""
    return build(tmp_path_factory.mktemp("whole") / "archive")


@pytest.fixture
def folder(whole, tmp_path):
    """Return a copy of it, to be damaged."""
    return Path(shutil.copytree(whole, tmp_path / "archive"))


def test_whole_archive_gives_one_line_and_exit_code_0(whole):
    """Nothing on standard error, where that is no terminal."""
    done = morgue("-C", whole, "verify")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("3 files, ")
    assert done.stdout.endswith(": all is well\n")
    assert len(done.stdout.splitlines()) == 1


def test_archive_of_morgue_init_gives_exit_code_0(tmp_path):
    """An empty archive has no finding."""
    done = morgue("-C", make_archive(tmp_path / "a"), "verify")
    assert done.returncode == 0
    assert re.fullmatch(r"0 files, 0 records, 0\.0 MB in \d\.\d s, 0 MB/s: all is well\n", done.stdout)


def test_old_database_of_a_rebuild_is_named_once_all_is_well(folder):
    """With its size, and the number of files beside it; before that it may still be needed."""
    old = folder / "morgue.db.before-20260102030405"
    old.write_bytes(b"x" * 1000)
    old.with_name(old.name + "-wal").write_bytes(b"x" * 500)
    done = morgue("-C", folder, "verify")
    assert f"no longer needed: {old} (1.5 kB, with -wal), which a rebuild put aside; you can delete it" in done.stdout
    told = json.loads(morgue("-C", folder, "verify", "--format", "json").stdout)
    assert told["put_aside"] == [{"file": old.name, "bytes": 1500}]
    next((folder / "warc").iterdir()).unlink()
    assert "no longer needed" not in morgue("-C", folder, "verify").stdout


def test_damage_is_named_with_the_next_step_and_exit_code_7(folder):
    """File, offset, what is wrong, what to do."""
    path, found = [pair for pair in members(folder) if pair[1].headers.get("WARC-Type") == "response"][3]
    flip(path, 8 * (found.offset + found.length // 2))
    done = morgue("-C", folder, "verify")
    assert done.returncode == 7
    lines = done.stdout.splitlines()
    assert f"warc/{path.name} at byte {found.offset}" in lines
    assert any(line.startswith("  next: restore the file from a copy") for line in lines)
    assert lines[-1].endswith(": 2 findings")


def test_json_has_every_finding(folder):
    """One object for programs; for people ten findings of a kind, how many more there are, the next step once."""
    for number in range(60):
        (folder / "warc" / f"note-{number}.txt").touch()
    (folder / "warc" / "\x1b[31mred").touch()
    done = morgue("-C", folder, "verify", "--format", "json")
    assert done.returncode == 7
    report = json.loads(done.stdout)
    assert (report["well"], report["files"], len(report["findings"])) == (False, 3, 61)
    assert report["records"] > report["captures"] > 0
    one = next(finding for finding in report["findings"] if finding["file"] == "warc/note-7.txt")
    assert set(one) == {"file", "offset", "kind", "what", "next"}
    assert (one["kind"], one["offset"]) == ("extra", None)
    done = morgue("-C", folder, "verify")
    lines = done.stdout.splitlines()
    assert "and 51 more of this kind (--format json lists all)" in lines
    assert sum(line.startswith("  extra: ") for line in lines) == 10
    assert sum(line.startswith("  next: ") for line in lines) == 1
    assert "\x1b" not in done.stdout


def test_quick_says_what_it_leaves_out(whole):
    """No record is read, and the output does not claim so."""
    done = morgue("-C", whole, "verify", "--quick")
    assert done.returncode == 0
    *left_out, summary = done.stdout.splitlines()
    assert len(left_out) == 3
    assert all(line.startswith("not checked: ") for line in left_out)
    assert "files not read: all is well" in summary


def test_verify_without_an_archive_says_so(tmp_path):
    """As every command does."""
    done = morgue("verify", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "there is no archive in this folder" in done.stderr


def test_progress_bar_is_on_a_terminal_only(whole):
    """On standard error only, and gone at the end."""
    ours, theirs = pty.openpty()
    done = subprocess.run(command_line("-C", whole, "verify"), env=environment() | {"TERM": "xterm"}, stderr=theirs,
                          stdout=subprocess.PIPE, timeout=60)  # fmt: skip
    os.close(theirs)
    shown = os.read(ours, 100_000).decode()
    os.close(ours)
    assert done.returncode == 0
    assert "verifying" in shown
    assert done.stdout.decode().count("\n") == 1


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["int", "term"])
def test_signal_ends_verify_with_exit_code_130(folder, number):
    """No traceback, and no process of it is left."""
    large = gzip_member(record("resource", os.urandom(17_000_000)), 1)
    slow = gzip_member(record("resource", bytes(80_000_000)), 1)
    for path in warcs(folder)[:2]:
        path.write_bytes(path.read_bytes() + large + 40 * slow)
    running = start("-C", folder, "verify", "--jobs", "2")
    time.sleep(2.0)
    os.killpg(running.pid, number)
    stdout, stderr = running.communicate(timeout=30)
    assert (running.returncode, stdout) == (130, "")
    assert stderr.strip().endswith("morgue: interrupted")
    assert "Traceback" not in stderr
    with pytest.raises(ProcessLookupError):
        os.killpg(running.pid, 0)

"""Streams that take or give what no command expects: a full disk, a reader that has gone, binary data for a list."""

from __future__ import annotations

import os
import signal
import subprocess
import time

import pytest

from tests.support.command import LOOPBACK, command_line, environment, rows, start
from tests.support.http_server import answering
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow

STORY = "/2026/11/12/council-buys-back-the-pier/"
HOME = f'<html lang="en"><title>A Paper</title><a href="{STORY}">Council buys back the pier</a></html>'.encode()
SITE = {"/": (200, HOME, {})}


def into(stdout, *args, buffered=True, stdin=None):
    """Run `morgue` with this standard output; return the exit code and what it says on standard error."""
    env = environment() | {"PYTHONUNBUFFERED": "" if buffered else "1"}
    done = subprocess.run(
        command_line(*args), env=env, stdout=stdout, stderr=subprocess.PIPE, text=True, timeout=120, input=stdin
    )
    return done.returncode, done.stderr


def into_full_disk(*args, **options):
    with open("/dev/full", "wb") as full:
        return into(full, *args, **options)


def into_closed_pipe(*args, **options):
    reading, writing = os.pipe()
    os.close(reading)
    try:
        return into(writing, *args, **options)
    finally:
        os.close(writing)


COMMANDS = ("--help", "crawl --help", "rebuild", "schedule", "upgrade", "sources", "log", "verify")


@pytest.mark.parametrize("buffered", [True, False])
@pytest.mark.parametrize("command", COMMANDS)
def test_full_output_is_exit_code_5_without_a_traceback(archive, command, buffered):
    """Whatever the command prints, and however Python buffers it."""
    code, errors = into_full_disk("-C", archive, *command.split(), buffered=buffered)
    assert code == 5
    assert "standard output: no space left on device" in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize("command", COMMANDS)
def test_reader_that_has_gone_is_no_error(archive, command):
    """As for `morgue ... | head -1`: exit code 0 and no message."""
    code, errors = into_closed_pipe("-C", archive, *command.split())
    assert code == 0
    assert "Traceback" not in errors
    assert "standard output" not in errors


@pytest.mark.parametrize(("into_nothing", "expected"), [(into_full_disk, 5), (into_closed_pipe, 0)])
def test_sites_are_added_and_crawled_although_nothing_can_be_printed(archive, into_nothing, expected):
    """Both source files are written, and the log says that the runs are done."""
    with answering(SITE) as (one, _), answering(SITE) as (two, _):
        code, errors = into_nothing("-C", archive, "add", *LOOPBACK, f"{one}/", f"{two}/")
        assert (code, "Traceback" in errors) == (expected, False)
        code, errors = into_nothing("-C", archive, "crawl", "--format", "json", *LOOPBACK)
        assert "Traceback" not in errors
    assert len(list((archive / "sources").glob("[!_]*.toml"))) == 2
    assert rows(archive, "SELECT outcome FROM crawls WHERE command LIKE '% add %'") == [("done",)]


def test_error_of_the_command_keeps_its_exit_code(archive):
    """A mistake of the user is said, whatever becomes of the output."""
    code, errors = into_full_disk("-C", archive, "add", "not an address")
    assert code == 2
    assert "is not a web address" in errors


def test_two_signals_at_once_end_add_without_a_traceback(archive):
    """They are one wish: one message, exit code 130, and the run is recorded as interrupted."""
    slowly = ("-s", "crawl.allow_private_ips=true", "-s", "crawl.delay=60")
    with answering(SITE) as (one, asked), answering(SITE) as (two, _):
        process = start("-C", archive, "add", *slowly, f"{one}/", f"{two}/")
        wait_until(lambda: asked)
        process.send_signal(signal.SIGINT)
        time.sleep(0.05)  # as a shell and `timeout` pass on one Ctrl-C
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors == "morgue: interrupted\n"
    assert rows(archive, "SELECT outcome FROM crawls") == [("interrupted",)]


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"\x1f\x8b\x08\x00\x00\xff\x1b[31m\x00", "gzip"),
        (b"WARC/1.1\r\nWARC-Type: warcinfo\r\n", "WARC"),
        (b"\x28\xb5\x2f\xfd\x00\x00", "zstd"),
        (b"PK\x03\x04\x00\x00", "zip"),
        (b"abc\x00\x01\x02", "binary"),
    ],
)
@pytest.mark.parametrize("command", ["import -", "crawl --urls -", "add --urls -"])
def test_binary_file_in_place_of_a_list_is_named(archive, tmp_path, command, data, what):
    """Its kind, exit code 2, and none of its bytes on the terminal."""
    (tmp_path / "input").write_bytes(data)
    with open(tmp_path / "input", "rb") as stdin:
        done = subprocess.run(
            command_line("-C", archive, *command.split()),
            env=environment(),
            stdin=stdin,
            capture_output=True,
            timeout=60,
        )
    assert done.returncode == 2
    assert f"standard input: is a {what} file".encode() in done.stderr
    assert b"not a list of" in done.stderr
    assert not set(done.stderr) & set(b"\x00\x1b\x8b")

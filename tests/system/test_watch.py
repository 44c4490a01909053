"""Test `morgue watch`: real processes, a server on loopback, and what can happen to a watch in a year."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import stat
import struct
import subprocess
import sys
import termios
import threading
import time
from contextlib import contextmanager, suppress

import pytest

from crawler.commands.watch import CLEAR_LINE
from pipelines.core.lock import ArchiveLock
from tests.support.command import ROOT, command_line, environment, make_archive, morgue, rows
from tests.support.http_server import answering
from tests.support.small_paper import TEXT, serving
from tests.support.waiting import wait_until
from tests.support.watching import watching

pytestmark = pytest.mark.slow

OFTEN = ("-s", "every.feed=1s", "-s", 'crawl.recheck=["2s", "4s", "8s", "16s"]')
COLUMNS = 40  # of a narrow terminal
ARTICLES = "SELECT coalesce(canonical_url, url) FROM articles"


@pytest.fixture
def paper(archive):
    with serving() as paper:
        paper.front()
        paper.watch(archive)
        yield paper


def articles(archive):
    """Return the addresses of the articles that the archive has."""
    if not (archive / "morgue.db").exists():
        return set()
    return {url for (url,) in rows(archive, ARTICLES)}


def revisions(archive):
    return rows(archive, "SELECT count(*) FROM revisions")[0][0]


def assert_sound(archive):
    """Nothing is torn, nothing left claimed, no article twice."""
    done = morgue("-C", archive, "verify")
    assert done.returncode == 0, done.stdout
    assert rows(archive, "SELECT url FROM frontier WHERE state = 'claimed'") == []
    found = [url for (url,) in rows(archive, ARTICLES)]
    assert len(found) == len(set(found))


@contextmanager
def slow_story(paper, number):
    """Let a story wait for an event before it is answered; set it to go on, and at the end in any case."""
    go_on, path = threading.Event(), paper.stories[number].removeprefix(paper.url)
    answer = paper.answers[path]

    def wait(_cookie):
        go_on.wait(30)
        return answer

    paper.answers[path] = wait
    try:
        yield go_on
    finally:
        go_on.set()


def test_watch_files_new_articles_and_sees_an_edit(archive, paper):
    """From the start to the edit, without another command; a line for each pass."""
    with watching(archive, *OFTEN) as watch:
        wait_until(lambda: len(articles(archive)) == 3)
        paper.write_story(0, TEXT.replace("harbour wall", "old town hall"))
        wait_until(lambda: "1 edited" in watch.said, 60)
        assert watch.stop() == 130
    assert "3 new" in watch.said
    assert revisions(archive) == 4
    assert_sound(archive)


def test_status_file_says_what_the_watch_does(archive, paper):
    """For its user alone; also after the end."""
    with watching(archive, every="1h") as watch:
        watch.wait_for_passes(1)
        watch.wait_for_state("waiting")
        status = watch.status
        assert status["pid"] == watch.process.pid
        assert status["last_pass"]["outcome"] == "done"
        assert status["last_pass"]["counts"]["new"] == 3
        assert status["next_pass"] > status["last_pass"]["ended"]
        assert stat.S_IMODE((archive / "watch.json").stat().st_mode) == 0o600
        watch.stop()
    assert watch.status["state"] == "stopped"
    assert watch.status["next_pass"] is None


def test_new_source_file_is_taken_in_while_watching(archive, paper):
    """A broken one is refused by name, once, and the source goes on as it was."""
    with watching(archive, *OFTEN) as watch, serving(stories=1) as other:
        wait_until(lambda: len(articles(archive)) == 3)
        other.front()
        other.watch(archive, "other")
        wait_until(lambda: len(articles(archive)) == 4)
        (archive / "sources" / "paper.toml").write_text("url = [\n")
        wait_until(lambda: "refused" in watch.said)
        before = paper.asked.count("/feed")
        wait_until(lambda: paper.asked.count("/feed") >= before + 2)
        assert "sources/paper.toml" in watch.status["broken_files"]
        (archive / "sources" / "paper.toml").unlink()
        wait_until(lambda: "paper: not watched any more" in watch.said)
        watch.stop()
    assert watch.said.count("refused") == 1
    assert "other: a new source" in watch.said


def test_broken_settings_are_refused_while_watching(archive, paper):
    """The settings from before hold on until they are mended."""
    text = (archive / "morgue.toml").read_text()
    with watching(archive, *OFTEN) as watch:
        wait_until(lambda: len(articles(archive)) == 3)
        (archive / "morgue.toml").write_text(text + "\n[crawl\n")
        wait_until(lambda: "refused" in watch.said)
        watch.wait_for_passes(2)
        (archive / "morgue.toml").write_text(text)
        wait_until(lambda: "morgue.toml is in order again" in watch.said)
        watch.stop()
    assert watch.said.count("refused") == 1


def test_second_watch_of_an_archive_is_refused(archive):
    """With the process that watches, and exit code 4; a watch that was killed is no obstacle."""
    with watching(archive) as watch:
        watch.wait_for_passes(1)
        second = morgue("-C", archive, "watch")
        assert second.returncode == 4
        assert f"is being watched by process {watch.process.pid}" in second.stderr
        watch.stop(signal.SIGKILL)
    with watching(archive) as third:
        third.wait_for_passes(1)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_the_watch_and_its_pass(archive, paper, number):
    """What is under way is finished and filed."""
    with slow_story(paper, 0) as go_on, watching(archive) as watch:
        wait_until(lambda: paper.stories[0].removeprefix(paper.url) in paper.asked)
        watch.process.send_signal(number)
        go_on.set()
        assert watch.process.wait(30) == 130
    assert paper.stories[0] in articles(archive)
    assert_sound(archive)


def test_signal_while_waiting_ends_the_watch_at_once(archive):
    """No pass is running then."""
    with watching(archive, every="1h") as watch:
        watch.wait_for_passes(1)
        watch.wait_for_state("waiting")
        assert watch.stop() == 130
    assert "stopped: everything fetched is kept" in watch.said


def test_hangup_begins_a_pass_at_once(archive, paper):
    """It does not wait for what was planned."""
    with watching(archive, every="1h") as watch:
        watch.wait_for_passes(1)
        watch.wait_for_state("waiting")
        watch.process.send_signal(signal.SIGHUP)
        wait_until(lambda: watch.status["passes"] == 2)


def test_killed_pass_is_said_and_the_next_one_goes_on(archive, paper):
    """Nothing is lost and nothing twice."""
    with slow_story(paper, 0) as go_on, watching(archive) as watch:
        wait_until(lambda: paper.stories[0].removeprefix(paper.url) in paper.asked)
        (child,) = watch.children
        os.kill(child, signal.SIGKILL)
        wait_until(lambda: "ended unexpectedly (signal SIGKILL)" in watch.said)
        go_on.set()
        wait_until(lambda: len(articles(archive)) == 3)
        watch.stop()
    assert_sound(archive)


def test_pass_of_a_killed_watch_ends_cleanly(archive, paper):
    """It files what is under way, and leaves the archive unlocked."""
    with slow_story(paper, 0) as go_on, watching(archive) as watch:
        wait_until(lambda: paper.stories[0].removeprefix(paper.url) in paper.asked)
        (child,) = watch.children
        watch.stop(signal.SIGKILL)
        go_on.set()
        wait_until(lambda: not os.path.exists(f"/proc/{child}"))
    assert paper.stories[0] in articles(archive)
    assert rows(archive, "SELECT outcome FROM crawls") == [("interrupted",)]
    assert_sound(archive)


def test_locked_archive_is_waited_for(archive, paper):
    """It is said once by whom it is locked; then the watch goes on by itself."""
    lock = ArchiveLock(archive / "morgue.lock")
    with watching(archive) as watch:
        watch.wait_for_state("locked")
        watch.wait_for_passes(2)
        assert f"process {os.getpid()}" in watch.status["reason"]
        lock.release()
        wait_until(lambda: "goes on" in watch.said)
        watch.stop()
    assert len(articles(archive)) == 3
    assert watch.said.count("waits: ") == 1


def test_other_commands_write_between_two_passes(archive, paper):
    """The lock of the archive is held by the pass alone."""
    with watching(archive, every="1h") as watch:
        watch.wait_for_passes(1)
        watch.wait_for_state("waiting")
        done = morgue("-C", archive, "crawl", "-s", "crawl.allow_private_ips=true")
        assert done.returncode == 0, done.stderr


def test_quiet_watch_says_only_what_is_new_and_wrong(archive, paper):
    """A source that answers nothing does not keep the others away; a file with a mistake is named once."""
    with answering({}) as (dead, _):
        (archive / "sources" / "dead.toml").write_text(f'url = "{dead}/"\nfeeds = ["{dead}/feed"]\nevery = "1s"\n')
        (archive / "sources" / "broken.toml").write_text("url = 3\n")
        with watching(archive, *OFTEN, "--quiet") as watch:
            wait_until(lambda: len(articles(archive)) == 3)
            watch.wait_for_passes(4)
            watch.stop()
    told = [line for line in watch.said.splitlines() if not line.startswith("  ")]
    assert [line.split(":")[0] for line in told] == ["needs attention"] * len(told)
    assert watch.said.count("sources/broken.toml") == 1
    assert len(told) == len(set(told))


@pytest.mark.exhaustive
def test_clock_that_jumps_begins_a_pass_and_no_spinning(archive, paper, tmp_path):
    """Ahead by 400 days and back again: what was planned meanwhile is planned again, and the watch waits as before."""
    ahead = tmp_path / "ahead"
    ahead.write_text("0")
    program = (str(ROOT / "tests" / "support" / "jumping_clock.py"), str(ahead))
    with watching(archive, every="1h", program=program) as watch:
        watch.wait_for_passes(1)
        watch.wait_for_state("waiting")
        for passes, seconds in ((2, 400 * 86_400), (3, 0)):
            ahead.write_text(str(seconds))
            wait_until(lambda passes=passes: watch.status["passes"] >= passes, 90)
            watch.wait_for_state("waiting")
        assert "the clock of this machine has jumped" in watch.said
        assert watch.stop() == 130
    assert watch.status["passes"] == 3
    (planned,) = rows(archive, "SELECT max(next_visit) < strftime('%Y-%m-%d', 'now', '+90 days') FROM frontier")
    assert planned == (1,)


def test_full_disk_pauses_the_watch_until_there_is_space(tmp_path):
    """It is said once, also in the status file; nothing committed is lost."""
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", small], capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"cannot mount a tmpfs here: {mounted.stderr.strip()}")
    try:
        archive = make_archive(small / "archive")
        with serving(stories=3) as paper:
            paper.front()
            paper.watch(archive)
            with watching(archive, *OFTEN) as watch:
                wait_until(lambda: len(articles(archive)) == 3)
                filler = small / "filler"
                fill(filler)
                watch.wait_for_state("paused")
                assert "no space left" in watch.status["reason"]
                filler.unlink()
                wait_until(lambda: "goes on" in watch.said)
                watch.stop()
            assert watch.said.count("paused: ") == 1
            assert_sound(archive)
    finally:
        subprocess.run(["umount", "-l", small], check=False)


def fill(path):
    """Take all the space that a disk has."""
    with path.open("wb") as file:
        size = 1 << 20
        while size >= 1:
            try:
                os.write(file.fileno(), b"\0" * size)
            except OSError:
                size //= 2


def test_line_of_status_fits_a_narrow_terminal_and_is_taken_away(archive):
    """It says when the next pass is, also where the reason of a pause has no room; Ctrl-C ends the watch."""
    lock = ArchiveLock(archive / "morgue.lock")
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(sys.executable, command_line("-C", archive, "watch"), environment())
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
    drawn = b""
    try:
        drawn += read_terminal(terminal, lambda text: b"locked; next pass at" in text)
        os.write(terminal, b"\x03")
        drawn += read_terminal(terminal, lambda text: b"stopped" in text)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 130
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        os.close(terminal)
        lock.release()
    status = [part for part in drawn.split(CLEAR_LINE.encode()) if part.startswith(b"locked; ")]
    assert {len(part.partition(b"^C")[0]) for part in status} == {COLUMNS - 1}
    assert drawn.split(CLEAR_LINE.encode())[-1] == b"stopped: everything fetched is kept\r\n"


def read_terminal(terminal, is_enough):
    """Return what is drawn until it is enough."""
    drawn, end = b"", time.monotonic() + 60
    while not is_enough(drawn) and time.monotonic() < end:
        if select.select([terminal], [], [], 1.0)[0]:
            drawn += os.read(terminal, 4096)
    return drawn


@pytest.mark.parametrize("every", ["0", "2d", "soon"])
def test_impossible_interval_is_refused(archive, every):
    """With exit code 2, and what to say instead."""
    done = morgue("-C", archive, "watch", "--every", every)
    assert done.returncode == 2
    assert "--every 15m" in done.stderr


def test_broken_settings_at_the_start_end_the_watch(archive):
    """There are none from before; exit code 2."""
    (archive / "morgue.toml").write_text("[crawl\n")
    assert morgue("-C", archive, "watch").returncode == 2


def test_status_file_follows_no_link(archive, tmp_path):
    """A link of that name in an archive from elsewhere leads to a file of the user, which stays as it is."""
    mine = tmp_path / "mine"
    mine.write_text("mine")
    (archive / "watch.json").symlink_to(mine)
    with watching(archive, every="1h") as watch:
        wait_until(lambda: "the status cannot be written" in watch.said)
        watch.stop()
    assert mine.read_text() == "mine"

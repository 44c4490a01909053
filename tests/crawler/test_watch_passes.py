"""Test what a watch does with a pass that hangs, that cannot load the program, and with a program that was replaced."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import re
import signal
import time
from datetime import UTC, datetime

import pytest

from crawler.config.archive_folder import ArchiveFolder
from crawler.config.models import load
from crawler.watch import pass_process, pass_progress, pause_messages, program_files, watch
from crawler.watch.next_pass import MIN_GAP_SECONDS, PassResult
from crawler.watch.pass_process import PassProcess
from crawler.watch.pass_progress import max_quiet_seconds
from crawler.watch.program_files import ProgramFiles
from crawler.watch.watch import Watch, WatchOutput
from pipelines.core.errors import NotWritable
from pipelines.core.lock import ArchiveLock
from tests.support.command import make_archive

QUIET_SECONDS = 0.3


@pytest.fixture
def folder(tmp_path):
    """Make an archive with a source that is due, of which nothing is asked."""
    archive = ArchiveFolder(make_archive(tmp_path / "archive"))
    (archive.sources / "paper.toml").write_text('url = "https://paper.example/"\n')
    return archive


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    """Let little time pass, and take back what a watch does to its process."""
    monkeypatch.setattr(watch, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(watch, "RETRY_SECONDS", 0.05)
    monkeypatch.setattr(pass_progress, "BEAT_SECONDS", 0.05)
    monkeypatch.setattr(pass_process, "KILL_SECONDS", 0.3)
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
    gc.unfreeze()


def watched(folder, crawl, last_word):
    """Watch until something is said that has `last_word`; return all that was said."""
    said = []

    def say(text):
        said.append(text)
        if last_word in text:
            os.kill(os.getpid(), signal.SIGTERM)

    output = WatchOutput(passed=say, note=say, problem=say, live=lambda text: None)
    Watch(folder, [], output, crawl, every=1.0).run()
    return said


async def sleeping(run):
    await asyncio.sleep(60)


async def blocking(run):
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    time.sleep(60)


@pytest.mark.parametrize(("crawl", "how"), [(sleeping, "(SIGINT)"), (blocking, "(SIGKILL, after SIGINT)")])
def test_pass_that_hangs_is_ended_and_said(folder, monkeypatch, crawl, how):
    """Cleanly if it still can, else by force; the status file has it."""
    monkeypatch.setattr(watch, "max_quiet_seconds", lambda config: QUIET_SECONDS)
    said = watched(folder, crawl, "made no progress")
    assert said[0].startswith("paused: the pass made no progress for")
    assert said[0].endswith(how)
    status = json.loads((folder.path / "watch.json").read_text())
    assert (status["last_pass"]["outcome"], status["passes"]) == ("hung", 1)


def test_archive_that_is_released_is_crawled_long_before_the_planned_pass(folder, monkeypatch):
    """The watch looks whether the lock is free, and does not wait for the minute until the next attempt."""
    lock, said, waits = ArchiveLock(folder.path / "morgue.lock"), [], []
    wait_for = watch.wait_for
    monkeypatch.setattr(watch, "wait_for", lambda files, seconds: waits.append(files) or wait_for(files, seconds))

    def say(text):
        said.append(text)
        if text.startswith("waits"):
            lock.release()
        elif text == "goes on":
            os.kill(os.getpid(), signal.SIGTERM)

    async def nothing(run):
        return await run.finish()

    output = WatchOutput(passed=said.append, note=say, problem=say, live=lambda text: None)
    Watch(folder, [], output, nothing, every=900.0).run()
    assert said[1] == "goes on"
    between = [files for files in waits if len(files) == 1]  # the alarm alone: no pass runs
    assert len(between) < MIN_GAP_SECONDS / watch.POLL_SECONDS / 10


def test_slow_pass_that_gets_on_is_not_ended(folder, monkeypatch):
    """It lasts longer than a pass may be quiet."""
    monkeypatch.setattr(watch, "max_quiet_seconds", lambda config: QUIET_SECONDS)

    async def slow(run):
        for _ in range(5):
            await asyncio.sleep(QUIET_SECONDS / 2)
            run.context.stats.exchanged(answered=True)
        return await run.finish()

    said = watched(folder, slow, "next pass")
    assert "done" not in said[0]
    assert "hung" not in said[0]


def test_longest_quiet_of_a_pass_covers_the_waits_that_the_settings_allow(folder):
    """An hour beyond twice a delay and an answer that trickles in; also if one source alone is slow."""
    config = load(folder)
    assert 3600 < max_quiet_seconds(config) < 2 * 3600
    (folder.sources / "slow.toml").write_text('url = "https://slow.example/"\n[crawl]\ndelay = 7200\n')
    assert max_quiet_seconds(load(folder)) > 3600 + 2 * 7200


def test_part_of_the_program_that_cannot_be_loaded_is_said_without_a_traceback(folder, capfd):
    """It is tried again: the program may be replaced at that moment."""

    async def importing(run):
        raise ImportError("cannot import name 'x'")

    said = watched(folder, importing, "cannot be loaded")
    assert said[0].startswith("paused: a part of Newsmorgue cannot be loaded: cannot import name 'x'\n")
    assert "Traceback" not in capfd.readouterr().err


def test_replaced_program_ends_the_watch_to_start_again(folder, monkeypatch):
    """Once it can be started: what is half installed is waited for, and no pass of both versions begins."""
    answers = iter(["No module named 'crawler'", None])
    monkeypatch.setattr(ProgramFiles, "have_changed", lambda self: True)
    monkeypatch.setattr(ProgramFiles, "why_they_cannot_start", lambda self: next(answers))
    said = []
    output = WatchOutput(passed=said.append, note=said.append, problem=said.append, live=lambda text: None)
    found = Watch(folder, [], output, sleeping)
    found.run()
    assert found.is_outdated
    assert said == ["Newsmorgue was upgraded: the watch starts again with the new version"]
    status = json.loads((folder.path / "watch.json").read_text())
    assert (status["state"], status["reason"], status["passes"]) == ("stopped", "Newsmorgue was upgraded", 0)


def test_files_of_a_program_that_were_replaced_are_noticed(monkeypatch, tmp_path):
    """By size or time; a program that does not start says why."""
    module = tmp_path / "module.py"
    module.write_text("1\n")
    program = ProgramFiles()
    monkeypatch.setattr(program, "_files", [str(module)])
    monkeypatch.setattr(program, "_loaded", program.now())
    assert not program.have_changed()
    module.write_text("22\n")
    assert program.have_changed()
    monkeypatch.setattr(program_files, "IMPORTS", "import no_such_module")
    assert program.why_they_cannot_start() == "ModuleNotFoundError: No module named 'no_such_module'"


def test_note_that_holds_on_is_said_once(folder, monkeypatch):
    """Say once that a source is paused, and not in each pass of a year; after its end, it is news again."""
    notes = iter([("paused: a",), ("paused: a",), ("paused: a", "clock"), (), ("paused: a",)])
    monkeypatch.setattr(Watch, "_pass", lambda self: PassResult("done", 0, notes=next(notes)))
    monkeypatch.setattr(Watch, "_wait", lambda self, seconds: None)
    said = []

    def say(text):
        said.append(text)
        if said.count("paused: a") == 2:
            os.kill(os.getpid(), signal.SIGTERM)

    output = WatchOutput(passed=lambda text: None, note=say, problem=say, live=lambda text: None)
    Watch(folder, [], output, sleeping).run()
    assert said[:3] == ["paused: a", "clock", "paused: a"]


@pytest.mark.parametrize(("result", "line"), [
    (PassResult("done", 0), "nothing was due"),
    (PassResult("done", 0, counts=(("listings", 1), ("new", 1_200)), left=3), "1 listing, 1,200 new; 3 still due"),
    (PassResult("partly failed", 1, attention=("a: x",)), "nothing was due; partly failed (1 problem: see watch.json)"),
    (PassResult("interrupted", 130, left=2), "nothing was read; 2 still due; interrupted"),
])  # fmt: skip
def test_line_of_a_pass_says_what_it_read_and_where_problems_are(result, line):
    """After the time of its end."""
    assert watch.pass_line(result, datetime(2026, 3, 1, tzinfo=UTC), None) == f"2026-03-01T00:00:00Z  {line}"


REFUSED = PassResult("NotWritable", NotWritable.exit_code, "/archive: cannot be written\n  check its owner")
KILLED = PassResult("killed", 1, "the process of the pass ended unexpectedly (signal SIGKILL)")
DONE = PassResult("done", 0)


def test_watch_that_cannot_write_its_archive_from_the_start_ends_as_a_crawl_does(folder, monkeypatch):
    """With the exit code of the error, after one pass."""
    said = []
    output = WatchOutput(passed=said.append, note=said.append, problem=said.append, live=lambda text: None)
    one = Watch(folder, [], output, sleeping, every=1.0)
    monkeypatch.setattr(PassProcess, "result", lambda process: stopped(process) and REFUSED)
    monkeypatch.setattr(Watch, "_follow", lambda self, process: None)
    assert one.run() == NotWritable.exit_code
    assert said == [f"stopped: {REFUSED.error}"]
    status = json.loads((folder.path / "watch.json").read_text())
    assert (status["state"], status["reason"], status["passes"]) == ("stopped", REFUSED.error, 1)


def test_watch_that_cannot_write_its_status_does_not_start(folder, monkeypatch):
    """Its folder is read-only, though the lock can be taken."""
    (folder.path / "watch.lock").touch()
    monkeypatch.setattr(watch.os, "access", lambda path, mode: False)  # root may write everywhere
    output = WatchOutput(passed=print, note=print, problem=print, live=lambda text: None)
    with pytest.raises(NotWritable, match=re.escape(str(folder.path))):
        Watch(folder, [], output, sleeping)


def stopped(process):
    """End the process of a pass, and wait until it is gone."""
    os.kill(process.pid, signal.SIGKILL)
    os.waitpid(process.pid, 0)
    os.close(process.line)
    os.close(process.lifeline)
    return True


@pytest.mark.parametrize(("results", "told"), [
    ([REFUSED, REFUSED, REFUSED, DONE, DONE], ["began", "ended"]),
    ([KILLED, DONE, KILLED, DONE], []),
    ([KILLED, KILLED, KILLED, DONE], ["began", "ended"]),
])  # fmt: skip
def test_pause_of_a_watch_is_one_message_and_its_end_another(folder, monkeypatch, results, told):
    """A single pass that failed may be an accident; that nothing can be written is none."""
    sent = []
    monkeypatch.setattr(pause_messages, "send", lambda target, message, config: sent.append(json.loads(message)))
    output = WatchOutput(passed=print, note=print, problem=print, live=lambda text: None)
    one = Watch(folder, [], output, sleeping, notify="tell-me")
    for result in results:
        one._after(result)
    assert [change["change"] for message in sent for change in message["changes"]] == told
    assert all(message["path"] == str(folder.path) for message in sent)


def test_message_of_a_pause_that_failed_is_said_once_and_sent_again(folder, monkeypatch):
    """After the next pass that does not run either."""
    answers, said = ["exit code 1", "exit code 1", None], []
    monkeypatch.setattr(pause_messages, "send", lambda target, message, config: answers.pop(0))
    output = WatchOutput(passed=said.append, note=said.append, problem=said.append, live=lambda text: None)
    one = Watch(folder, [], output, sleeping, notify="tell-me")
    for _ in range(5):
        one._after(REFUSED)
    assert answers == []
    assert [text.splitlines()[0] for text in said] == [
        f"paused: {REFUSED.error.splitlines()[0]}",
        "--notify: exit code 1",
    ]

"""`morgue log`, as a user runs it after real runs: one that was done, one interrupted, one killed, one at work."""

from __future__ import annotations

import json
import os
import signal

import pytest

from crawler.cli.output import duration
from pipelines.database.runs import RUN_KEYS
from tests.support.command import LOOPBACK, crawl, make_archive, morgue, rows, start
from tests.support.newspaper import serve
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow  # real runs of the command


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """Return an archive after three runs: done, interrupted, killed."""
    archive = make_archive(tmp_path_factory.mktemp("log") / "archive")
    with serve() as paper:
        articles = list(paper.truth)
        assert crawl(archive, "--urls", "-", stdin="\n".join(articles[:2])).returncode == 0
        paper.delay = 0.2
        listed = archive / "list.txt"
        listed.write_text("\n".join(articles))
        for number in (signal.SIGINT, signal.SIGKILL):
            before = len(paper.journal)
            running = start("-C", archive, "crawl", *LOOPBACK, "--urls", listed)
            wait_until(lambda before=before: len(paper.journal) > before + 3)
            wait_until(lambda: rows(archive, "SELECT 1 FROM frontier WHERE state = 'claimed'"))
            if number == signal.SIGKILL:
                now = morgue("-C", archive, "log", "--format", "json")
            os.killpg(running.pid, number)
            running.communicate(timeout=60)
    return archive, json.loads(now.stdout)


def test_table_shows_how_each_run_ended_the_newest_first(archive):
    """A killed run never ended; an interrupted one is called so."""
    folder, _ = archive
    done = morgue("-C", folder, "log")
    header, *lines = done.stdout.splitlines()
    assert header.split() == ["run", "begun", "took", "outcome", "pages", "new", "edited", "failed", "command"]
    killed, interrupted, first = lines
    assert killed.split()[0] == "3"
    assert "  never ended  " in killed
    assert "  interrupted  " in interrupted
    assert first.split()[0] == "1"
    assert "  done  " in first
    assert [word for word in first.split() if word.isdigit()][-4:] == ["2", "2", "0", "0"]


def test_run_at_work_is_running(archive):
    """Asked while it crawled: it has a length so far, and no counts yet."""
    _, while_running = archive
    newest = while_running[0]
    assert (newest["run"], newest["outcome"], newest["finished"]) == (3, "running", None)
    assert newest["seconds"] >= 0
    assert while_running[1]["outcome"] == "interrupted"


def test_forms_for_programs_have_every_key_and_the_counts_of_each_source(archive):
    """json, jsonl and csv; --limit takes the newest."""
    folder, _ = archive
    found = json.loads(morgue("-C", folder, "log", "--format", "json").stdout)
    assert [tuple(run) for run in found] == [(*RUN_KEYS, "by_source")] * 3
    assert [sum(counts["new"] for counts in run["by_source"].values()) for run in found][-1] == 2
    lines = morgue("-C", folder, "log", "--format", "jsonl", "--limit", "1").stdout.splitlines()
    assert [json.loads(line) for line in lines] == found[:1]
    assert morgue("-C", folder, "log", "--format", "csv").stdout.splitlines()[0] == ",".join(RUN_KEYS)


def test_archive_without_a_run_says_what_is_one(tmp_path):
    """For people a sentence, for programs an empty list."""
    archive = make_archive(tmp_path / "archive")
    done = morgue("-C", archive, "log")
    assert (done.returncode, done.stdout) == (0, "No run yet. Start one with `morgue crawl`.\n")
    assert morgue("-C", archive, "log", "--format", "json").stdout == "[]\n"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, ""), (0, "0 s"), (59, "59 s"), (60, "1 min 0 s"), (3725, "1 h 2 min"), (93600, "1 d 2 h")],
)
def test_duration_has_two_units_at_most(seconds, text):
    """The largest one, and the next smaller one."""
    assert duration(seconds) == text

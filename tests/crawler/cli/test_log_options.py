"""-v, --log and --log-format, as a user gives them, in real runs against our own newspaper."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import pytest

from tests.support.command import LOOPBACK, command_line, crawl, environment, make_archive, morgue, rows, start
from tests.support.newspaper import serve
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow  # real runs of the command

LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (DEBUG|INFO|WARNING|ERROR) (morgue\.[a-z]+): (.+)")
FULL = Path("/dev/full")


def messages(log: str) -> list[str]:
    """Return the messages of a log of ours; every line is one, or says how far a slow crawl is, or the test fails."""
    found = [LINE.fullmatch(line) for line in log.splitlines() if not re.match(r"\d+ listings?, ", line)]
    assert all(found), log
    return [line[3] for line in found if line]


@pytest.fixture(scope="module")
def logged(tmp_path_factory):
    """Crawl the newspaper with -vv and a log of JSON lines; return (its URL, what was printed, the lines)."""
    folder = tmp_path_factory.mktemp("logged")
    with serve() as paper:
        done = crawl(make_archive(folder / "archive"), "-vv", "--log", folder / "run.jsonl", paper.url + "/")
    assert done.returncode == 0, done.stderr
    return paper.url, done, [json.loads(line) for line in (folder / "run.jsonl").read_text().splitlines()]


def test_crawl_without_options_is_silent(archive, tmp_path):
    """Nothing on standard error, and nothing else written than the archive."""
    with serve() as paper:
        done = crawl(archive, "--urls", "-", stdin="\n".join([*list(paper.truth)[:2], f"{paper.url}/private/x.html"]))
    assert done.returncode == 0
    assert done.stderr == ""
    assert [path.name for path in tmp_path.iterdir()] == ["archive"]


def test_log_says_why_a_page_was_skipped_and_what_was_read(logged):
    """One line for each decision: a page that robots.txt forbids, a listing with its counts, a redirect, the ending."""
    url, done, _lines = logged
    said = messages(done.stderr)
    assert f"skipped {url}/private/secret-draft.html: disallowed, by robots.txt" in said
    assert f"{url}/robots.txt: HTTP 200, its rules hold" in said
    assert any(re.fullmatch(rf"read front {url}/ \(links: \d+, new articles: \d+\)", line) for line in said)
    assert any(re.fullmatch(rf"filed {url}/.+: new, article \d+", line) for line in said)
    assert any(re.fullmatch(r"\S+\.warc\.gz is finished \(records: \d+, bytes: \d+\)", line) for line in said)
    assert re.fullmatch(r"morgue crawl ended after \d+\.\d s with exit code 0", said[-1])


def test_json_lines_are_the_same_log_with_fields(logged):
    """Each line is an object with time, level, logger and message; those of the run name it."""
    url, done, lines = logged
    assert [line["message"] for line in lines] == messages(done.stderr)
    assert all({"time", "level", "logger", "message", "pid"} <= line.keys() for line in lines)
    assert all(datetime.fromisoformat(line["time"]).tzinfo for line in lines)
    begun = next(at for at, line in enumerate(lines) if line["logger"] == "morgue.session")
    assert {line["crawl_id"] for line in lines[begun:]} == {1}
    (skipped,) = [line for line in lines if line["message"].startswith(f"skipped {url}/private/")]
    host = url.removeprefix("http://")
    assert (skipped["host"], skipped["source"], skipped["why"]) == (host, host, "by robots.txt")
    assert (lines[-1]["command"], lines[-1]["exit_code"]) == ("crawl", 0)


def test_vv_says_which_links_are_left_alone(logged):
    """The line names the page and the rule that rejected the link."""
    url, done, _lines = logged
    left = [line for line in messages(done.stderr) if line.startswith("not followed: ")]
    assert f"not followed: {url}/login (/login/), a link of {url}/" in left
    assert f"not followed: {url}/ (the page itself), a link of {url}/" in left


def test_vv_says_why_a_request_waits(archive):
    """It waits for robots.txt, for the delay of its host, or in line. -v before and after the command's name add up."""
    with serve() as paper:
        first, *others = list(paper.truth)[:3]
        slowly = (*LOOPBACK, "-s", "crawl.delay=0.2", "-s", "crawl.concurrency_per_host=2")
        done = morgue("-v", "-C", archive, "crawl", *slowly, "-v", "--urls", "-", stdin="\n".join([first, *others]))
    said = messages(done.stderr)
    assert any(line.endswith(f"waits for {paper.url}/robots.txt") for line in said)
    assert any(re.search(r"waits: its host was asked 0\.\d+ s ago, and is asked every 0\.20 s", line) for line in said)
    assert any("1 request to its host in line before it" in line for line in said)
    assert f"GET {first}" in said


def test_vvv_adds_the_log_of_scrapy(archive):
    """Its own loggers, in the same form."""
    with serve() as paper:
        done = crawl(archive, "-vvv", "--urls", "-", stdin=next(iter(paper.truth)))
    assert " INFO scrapy.core.engine: Spider opened" in done.stderr
    assert " DEBUG scrapy.core.engine: Crawled (200)" in done.stderr


def test_v_says_what_a_crash_recovery_did_and_the_log_is_appended(archive, tmp_path):
    """kill -9 while a WARC file is open: the next run names the file, what it cut off, and what waits again."""
    log, listed = tmp_path / "runs.log", tmp_path / "list.txt"
    with serve(delay=0.05) as paper:
        listed.write_text("\n".join(paper.truth))
        command = ("-C", archive, "crawl", *LOOPBACK, "--log", log, "--urls", listed)
        running = start(*command)
        wait_until(lambda: any(path.stat().st_size for path in archive.rglob("*.warc.gz.open")))
        wait_until(lambda: rows(archive, "SELECT 1 FROM frontier WHERE state = 'claimed'"))
        os.killpg(running.pid, signal.SIGKILL)
        running.communicate(timeout=60)
        before = log.read_text()
        paper.delay = 0.0
        done = morgue("-v", *command)
    assert done.returncode == 0, done.stderr
    assert " DEBUG " not in done.stderr
    said = messages(done.stderr)
    for step in (
        r"\S+\.warc\.gz was left open by a crash; it is kept up to its last whole record",
        r"\S+\.warc\.gz is recovered \(records: \d+, bytes cut off: \d+\)",
        r"crash recovery: .+",
        r"URLs that wait again, claimed by a run that never ended: \d+",
    ):
        assert any(re.fullmatch(step, line) for line in said), step
    assert log.read_text().startswith(before)
    assert messages(log.read_text()[len(before) :]) == said


def test_log_file_that_cannot_be_written_ends_the_command_before_it_begins(archive):
    """Exit code 6, with the cause and the cure; no run is begun."""
    done = crawl(archive, "--log", archive / "no" / "such" / "folder.log")
    assert done.returncode == 6
    assert done.stderr.startswith("morgue: --log ")
    assert "No such file or directory\n  name a file in a folder that exists" in done.stderr
    assert rows(archive, "SELECT count(*) FROM crawls") == [(0,)]


@pytest.mark.skipif(not FULL.exists(), reason="no /dev/full here")
def test_full_disk_under_the_log_does_not_stop_a_crawl(archive):
    """It is said once, and all pages are filed."""
    with serve() as paper:
        done = crawl(archive, "--log", FULL, "--urls", "-", stdin="\n".join(list(paper.truth)[:2]))
    assert done.returncode == 0
    assert rows(archive, "SELECT count(*) FROM articles") == [(2,)]
    (said,) = done.stderr.splitlines()
    assert "No space left on device; lines are missing from it" in said


def test_quiet_run_with_a_log_file_prints_nothing(archive, tmp_path):
    """A timer needs the log in a file, and sends no mail unless something is wrong."""
    with serve() as paper:
        done = crawl(
            archive, "--quiet", "-vv", "--log", tmp_path / "a.log", "--urls", "-", stdin=next(iter(paper.truth))
        )
    assert (done.stdout, done.stderr) == ("", "")
    assert any(line.startswith("GET ") for line in messages((tmp_path / "a.log").read_text()))


@pytest.mark.parametrize("options", [("--log-format", "json"), ("--log", "/dev/stderr", "--log-format", "json")])
def test_json_lines_may_go_to_standard_error(archive, options):
    """A container's standard error is collected."""
    done = morgue("-C", archive, "verify", *options)
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["message"].split(" after")[0] for line in lines][-1] == "morgue verify ended"


def test_error_that_ends_a_command_is_in_its_log(archive, tmp_path):
    """The line has the exit code, as standard error has it."""
    done = morgue("-C", archive, "crawl", "nowhere", "--log", tmp_path / "a.jsonl")
    ended = json.loads((tmp_path / "a.jsonl").read_text().splitlines()[-1])
    assert (done.returncode, ended["exit_code"]) == (8, 8)
    assert "nowhere: is not a source" in ended["message"]


def test_log_of_a_command_without_the_options_may_be_asked_for_before_its_name(archive, tmp_path):
    """`morgue -v sources` is no mistake; there is nothing to tell."""
    done = morgue("-v", "--log", tmp_path / "a.log", "-C", archive, "sources")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("command", [("export", "jsonl", "-"), ("upgrade",)], ids=lambda command: command[0])
def test_log_options_after_export_and_upgrade_write_their_log(archive, command):
    """It has the ending, and standard output stays free of it."""
    done = morgue("-C", archive, *command, "-v")
    assert done.returncode == 0, done.stderr
    assert "INFO morgue.cli: morgue " + command[0] + " ended" in done.stderr
    assert "morgue.cli" not in done.stdout


def test_log_lines_do_not_garble_a_progress_bar(archive):
    """On a terminal a line is printed above the bar, whole."""
    ours, theirs = pty.openpty()
    with serve(delay=0.02) as paper:
        listed = archive / "list.txt"
        listed.write_text("\n".join(list(paper.truth)[:40]))
        line = command_line("-C", archive, "crawl", "-v", *LOOPBACK, "--urls", listed)
        env = environment() | {"TERM": "xterm", "COLUMNS": "200"}
        process = subprocess.Popen(line, env=env, stdout=subprocess.DEVNULL, stderr=theirs)
        os.close(theirs)
        shown = b""
        with suppress(OSError):  # how Linux says that the other side of a terminal was closed
            while piece := os.read(ours, 65536):
                shown += piece
        assert process.wait(60) == 0
    os.close(ours)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())
    lines = [line.rpartition("\r")[2] for line in text.replace("\r\n", "\n").split("\n")]
    filed = [line for line in lines if LINE.fullmatch(line) and ": filed " in line]
    assert len(filed) == 40
    assert "crawling" in text

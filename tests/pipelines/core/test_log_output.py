"""Test the log: what is written where, at which level, in which form, and that it never stops the work."""

from __future__ import annotations

import json
import logging
import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from pipelines.core import log_output
from pipelines.core.errors import NotWritable
from pipelines.core.log_output import LogOptions

logger = logging.getLogger("morgue.test")
HOSTILE = "a \x1b[31mred\x1b[0m title\nFORGED line \x9b2J \u202ereversed"


@pytest.fixture(autouse=True)
def ended():
    """Leave the loggers as they were."""
    yield
    log_output.end()


def test_log_without_options_writes_nothing(capsys):
    """Not even a warning: Python would print one that no handler takes."""
    log_output.begin(LogOptions())
    logger.warning("unheard")
    logger.error("unheard")
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("verbosity", "expected"),
    [(1, ["INFO morgue.test"]), (2, ["INFO morgue.test", "DEBUG morgue.test"]),
     (3, ["INFO morgue.test", "DEBUG morgue.test", "DEBUG scrapy.core"])],
)  # fmt: skip
def test_verbosity_decides_which_levels_and_loggers_are_written(capsys, verbosity, expected):
    """-v decisions, -vv requests too, -vvv other libraries too; their warnings always."""
    log_output.begin(LogOptions(verbosity))
    logger.info("decision")
    logger.debug("request")
    logging.getLogger("scrapy.core").debug("its own")
    logging.getLogger("scrapy.core").warning("its own")
    lines = capsys.readouterr().err.splitlines()
    assert [" ".join(line.split()[1:3]).rstrip(":") for line in lines] == [*expected, "WARNING scrapy.core"]


def test_line_of_text_has_time_level_logger_message(capsys):
    """The time is UTC to the millisecond."""
    log_output.begin(LogOptions(1))
    logger.info("skipped %(url)s: %(reason)s", {"url": "https://a.example/", "reason": "robots.txt"})
    time, rest = capsys.readouterr().err.split(" ", 1)
    assert rest == "INFO morgue.test: skipped https://a.example/: robots.txt\n"
    assert time.endswith("Z")
    assert abs(datetime.fromisoformat(time) - datetime.now().astimezone()) < timedelta(seconds=60)


def test_hostile_text_reaches_a_terminal_as_one_harmless_line(capsys):
    """A title may hold escape sequences, and line feeds that forge a line."""
    log_output.begin(LogOptions(1))
    logger.info("%(title)s", {"title": HOSTILE})
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("a  [31mred [0m title FORGED line  2J  reversed")
    assert line.isprintable()


def test_json_line_has_values_as_fields_and_escapes_hostile_text(tmp_path):
    """ASCII, so that `tail` is safe; a reader of JSON gets every character back."""
    file = tmp_path / "log.jsonl"
    log_output.begin(LogOptions(file=file))
    log_output.add_run_fields(crawl_id=12)
    logger.info("skipped %(url)s", {"url": "https://a.example/", "title": HOSTILE, "path": Path("/x"), "level": "mine"})
    text = file.read_text()
    assert text.isascii()
    assert text[:-1].isprintable()
    line = json.loads(text)
    assert list(line)[:5] == ["time", "level", "logger", "message", "pid"]
    assert (line["level"], line["logger"], line["message"]) == ("INFO", "morgue.test", "skipped https://a.example/")
    assert (line["crawl_id"], line["title"], line["path"], line["pid"]) == (12, HOSTILE, "/x", os.getpid())
    assert datetime.fromisoformat(line["time"]).utcoffset() == timedelta(0)


def test_passwords_in_addresses_are_in_no_form(tmp_path, capsys):
    """A redirect, a proxy or a WARC file of others may bring one; what looks like one in a path stays."""
    log_output.begin(LogOptions(1, tmp_path / "a.jsonl"))
    values = {"url": "https://me:secret@a.example/@b", "proxy": ValueError("http://me:secret@proxy")}
    logger.info("asked %(url)s by %(proxy)s", values)
    logging.getLogger("scrapy.core").warning("GET http://me:secret@a.example/")
    shown, written = capsys.readouterr().err, (tmp_path / "a.jsonl").read_text()
    assert "secret" not in shown + written
    assert "asked https://a.example/@b by" in shown
    assert json.loads(written.splitlines()[0])["url"] == "https://a.example/@b"


@pytest.mark.parametrize(
    ("name", "wanted", "is_json"),
    [("a.log", None, False), ("a.jsonl", None, True), ("a.ndjson", None, True), ("a.log", True, True),
     ("a.jsonl", False, False)],
)  # fmt: skip
def test_form_of_file_is_what_its_name_or_the_option_says(tmp_path, name, wanted, is_json):
    """--log-format wins over the name."""
    log_output.begin(LogOptions(file=tmp_path / name, json=wanted))
    logger.info("a line")
    assert (tmp_path / name).read_text().startswith("{") == is_json


def test_file_is_appended_to(tmp_path):
    """What an earlier run wrote stays; the file gets INFO without any -v, and nothing goes to standard error."""
    file = tmp_path / "morgue.log"
    for number in (1, 2):
        log_output.begin(LogOptions(file=file))
        logger.info("run %(number)d", {"number": number})
        logger.debug("not written")
    assert [line.split(": ")[1] for line in file.read_text().splitlines()] == ["run 1", "run 2"]


def test_quiet_run_logs_to_its_file_only(tmp_path, capsys):
    """A timer mails what is on standard error."""
    log_output.begin(LogOptions(2, tmp_path / "a.log", quiet=True))
    logger.debug("a request")
    assert capsys.readouterr().err == ""
    assert "a request" in (tmp_path / "a.log").read_text()


def test_traceback_of_a_library_is_in_both_forms(tmp_path, capsys):
    """An error of ours that Scrapy caught is what a report of a bug needs."""
    log_output.begin(LogOptions(1, tmp_path / "a.jsonl"))
    try:
        raise ValueError("boom \x1b[2J")
    except ValueError:
        logging.getLogger("scrapy.core").exception("caught")
    assert "ValueError: boom" in json.loads((tmp_path / "a.jsonl").read_text())["exception"]
    shown = capsys.readouterr().err
    assert "ValueError: boom" in shown
    assert "\x1b" not in shown


@pytest.mark.parametrize("path", ["there/is/no/such/folder.log", "."])
def test_file_that_cannot_be_opened_is_an_error_with_exit_code_6(tmp_path, monkeypatch, path):
    """Said before any work begins, with what to do."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NotWritable, match="--log") as caught:
        log_output.begin(LogOptions(file=Path(path)))
    assert caught.value.exit_code == 6
    assert caught.value.cure


def test_full_disk_is_said_once_and_raises_nothing(capsys):
    """/dev/full takes no byte."""
    log_output.begin(LogOptions(file=Path("/dev/full")))
    for _ in range(3):
        logger.info("a line")
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith("morgue: --log /dev/full: No space left on device")


def test_line_after_a_torn_one_begins_a_new_line(tmp_path, monkeypatch, capsys):
    """A disk that was full for a moment costs the lines of that moment, and no other."""
    file, write = tmp_path / "a.log", os.write
    log_output.begin(LogOptions(file=file))

    def half(descriptor: int, data: bytes) -> int:
        monkeypatch.setattr(os, "write", full)
        return write(descriptor, data[:10])

    def full(descriptor: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", half)
    logger.info("torn")
    logger.info("lost")
    monkeypatch.setattr(os, "write", write)
    logger.info("whole")
    torn, whole = file.read_text().splitlines()
    assert (len(torn), whole.endswith("morgue.test: whole")) == (10, True)


def test_end_gives_loggers_back(tmp_path):
    """A program that uses our packages has the loggers as Python made them."""
    log_output.begin(LogOptions(3, tmp_path / "a.log"))
    log_output.end()
    ours = logging.getLogger(log_output.ROOT)
    assert (ours.handlers, ours.propagate, ours.level, logging.root.level) == ([], True, 0, logging.WARNING)
    assert not any(isinstance(one, log_output.LogFile | log_output.StandardError) for one in logging.root.handlers)

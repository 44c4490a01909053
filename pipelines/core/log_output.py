"""Write the log of the product to standard error and to a file, as lines of text or of JSON.

A module of `pipelines/warc` has `logger = logging.getLogger("morgue.warc")`. Nothing is written before `begin`.
A message names its values, so that a line of JSON has them as fields:

    logger.info("skipped %(url)s: %(reason)s", {"url": url, "reason": reason})

Modules that are needed for a search or for `--help` have no logger: importing `logging` takes 3 ms.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipelines.core import safe_open
from pipelines.core.archive_layout import archive_owning
from pipelines.core.errors import DiskFull, MorgueError, NotWritable, os_errors
from pipelines.core.terminal import plain

ROOT = "morgue"  # the logger above all of ours
notices = logging.getLogger("morgue.notices")  # of what the user has to know while a command runs, also without -v
JSON_SUFFIXES = (".jsonl", ".ndjson")
STANDARD_STREAMS = {"/dev/stdout": 1, "/dev/stderr": 2}  # file descriptors
PASSWORD = re.compile(r"(://)[^/?#@\s]+@")  # user name and password in an address
FIXED_FIELDS = ("time", "level", "logger", "message", "pid", "exception")  # names in a JSON line that no value may have


@dataclass(frozen=True, slots=True)
class LogOptions:
    """Hold the options of the log that the user gave."""

    verbosity: int = 0  # number of -v: 1 decisions, 2 also every request, 3 also the log of Scrapy and other libraries
    file: Path | None = None
    json: bool | None = None  # None: by the name of the file
    quiet: bool = False  # nothing on standard error but warnings of other libraries

    @property
    def level(self) -> int:
        """Return the lowest level that is written."""
        return logging.DEBUG if self.verbosity >= 2 else logging.INFO

    @property
    def file_is_json(self) -> bool:
        """Return True if the file gets lines of JSON."""
        return self.json if self.json is not None else bool(self.file and self.file.suffix.lower() in JSON_SUFFIXES)


class TextLine(logging.Formatter):
    """Format a record as `TIME LEVEL LOGGER: MESSAGE`, without passwords and characters that a terminal would obey."""

    def format(self, record: logging.LogRecord) -> str:
        # A line feed in a title must not forge a line.
        message = without_passwords(plain(record.getMessage())).replace("\n", " ")
        error = f"\n{without_passwords(plain(self.formatException(record.exc_info)))}" if record.exc_info else ""
        return f"{time_of(record)} {record.levelname} {record.name}: {message}{error}"


class JsonLine(logging.Formatter):
    """Format a record as one JSON object in ASCII: FIXED_FIELDS, fields of the whole run, values of the message."""

    def __init__(self) -> None:
        super().__init__()
        self.run_fields: dict[str, Any] = {}

    def format(self, record: logging.LogRecord) -> str:
        error = self.formatException(record.exc_info) if record.exc_info else None
        fixed = time_of(record), record.levelname, record.name, record.getMessage(), record.process, error
        values = self.run_fields | (record.args if isinstance(record.args, dict) else {})
        fields = values | dict(zip(FIXED_FIELDS, fixed, strict=True))
        order = (*FIXED_FIELDS, *values)
        shown = {name: without_passwords(fields[name]) for name in order if fields[name] is not None}
        return json.dumps(shown, default=lambda value: without_passwords(str(value)))


class StandardError(logging.Handler):
    """Write to the present `sys.stderr`: while rich draws a bar, it replaces it by one that keeps the bar whole."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            sys.stderr.write(self.format(record) + "\n")
            sys.stderr.flush()
        except Exception:  # noqa: BLE001 a line that cannot be written or formatted does not end a crawl
            self.handleError(record)


class LogFile(logging.Handler):
    """Append to a file, each line by one write, so that two processes may share it. A full disk costs lines only."""

    def __init__(self, path: Path) -> None:
        """Open the file. Raises DiskFull, NotWritable."""
        super().__init__()
        self.path = path
        self._torn = False  # a line was written in part
        self._complained = False
        if (archive := archive_owning(path)) is not None:
            cause = f"is among the files of the archive {archive}"
            raise NotWritable(f"--log {path}", cause, "name a file of another name, such as crawl.log")
        try:
            with os_errors(str(path)):
                if str(path) in STANDARD_STREAMS:  # links of the system, which lead to what the process has open
                    self._file = os.dup(STANDARD_STREAMS[str(path)])
                    return
                flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
                self._file = safe_open.open_descriptor(path, flags, may_be_character_device=True)
        except DiskFull:
            raise
        except MorgueError as error:
            cure = "name a file in a folder that exists and that you may write to: --log FILE"
            raise NotWritable(f"--log {path}", error.cause, cure) from error

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self.format(record).encode(errors="backslashreplace") + b"\n"
            rest = b"\n" + line if self._torn else line
            while rest:
                rest = rest[os.write(self._file, rest) :]
                self._torn = bool(rest)
        except OSError as error:
            self._complain(error)
        except Exception:  # noqa: BLE001 a line that cannot be formatted does not end a crawl
            self.handleError(record)

    def _complain(self, error: OSError) -> None:
        """Say once that lines are missing. The work is worth more than its log: it goes on."""
        if not self._complained:
            self._complained = True
            why = error.strerror or error
            sys.stderr.write(f"morgue: --log {self.path}: {why}; lines are missing from it, and the work goes on\n")

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
        super().close()


def begin(options: LogOptions) -> None:
    """Write the log that `options` ask for, until `end`; without -v and file, only notices to standard error.

    Raises DiskFull, NotWritable.

    Warnings of other libraries go to standard error and to the file; with -vvv their whole log does.
    """
    end()
    ours, others = logging.getLogger(ROOT), logging.root
    ours.propagate = False
    shown = options.verbosity > 0 and not options.quiet
    if not (shown or options.quiet):
        notices.addHandler(StandardError())
    if not options.verbosity and options.file is None:
        ours.addHandler(logging.NullHandler())  # otherwise Python prints warnings that no handler takes
        return
    stderr = StandardError()
    stderr.setFormatter(JsonLine() if options.json else TextLine())
    stderr.setLevel(logging.NOTSET if shown else logging.WARNING)
    handlers: list[logging.Handler] = [stderr] if shown else []
    if options.file is not None:
        file = LogFile(options.file)
        file.setFormatter(JsonLine() if options.file_is_json else TextLine())
        handlers.append(file)
    for handler in handlers:
        ours.addHandler(handler)
    for handler in {stderr, *handlers}:
        others.addHandler(handler)
    ours.setLevel(options.level)
    others.setLevel(options.level if options.verbosity >= 3 else logging.WARNING)


def end() -> None:
    """Undo what `begin` did."""
    ours, others = logging.getLogger(ROOT), logging.root
    notices.handlers.clear()
    for handler in {*ours.handlers, *others.handlers}:
        ours.removeHandler(handler)
        if isinstance(handler, StandardError | LogFile):
            others.removeHandler(handler)
            handler.close()
    ours.setLevel(logging.NOTSET)
    others.setLevel(logging.WARNING)
    ours.propagate = True


def add_run_fields(**fields: object) -> None:
    """Give every further JSON line these fields, as `crawl_id=12`."""
    for handler in logging.getLogger(ROOT).handlers:
        if isinstance(handler.formatter, JsonLine):
            handler.formatter.run_fields.update(fields)


def without_passwords(value: Any) -> Any:
    """Return a text without the user names and passwords of the addresses in it; any other value as it is."""
    return PASSWORD.sub(r"\1", value) if isinstance(value, str) else value


def time_of(record: logging.LogRecord) -> str:
    """Return when a record was made, in UTC to the millisecond: `2026-11-23T08:00:00.123Z`."""
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"

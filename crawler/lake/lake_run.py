"""Read a lake in place: which files there are, which are done, what came of the others.

What has an output and no note is done; a note says why a file failed, and it is read again only if the user asks. So a
run that was interrupted or killed goes on where it was, and nothing is twice.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from typing import Any

from crawler.lake.file_indexes import FileIndexes
from crawler.lake.places import UNNAMED, BucketServer, LakeFile, LakeOutput, is_bucket, listing_of
from crawler.lake.read_file import FileTask, import_filter, note_name, parquet_name
from crawler.work.map_items import map_items
from crawler.work.values import WorkFailure, WorkPlace, WorkResult
from pipelines.core.errors import ConfigError
from pipelines.importing.containers import printable

SETTINGS_NAME = "_lake.json"  # in the output: with which filters its readings were made
READ_FILE = "crawler.lake.read_file:read_file"
MAX_NAME_BYTES = 200  # of a file's name in that of its output: file systems allow 255 in all
NAME_DIGEST_BYTES = 4  # in the name of an output: two folders may have files of one name
# Wall seconds after which an item counts as hung: a tenth of what a core reads of a common lake in a second.
MIN_ITEM_SECONDS, ITEM_BYTES_PER_SECOND = 3600.0, 20_000
COUNTED = ("readings", "records", "damaged", "skipped_bytes", "other_language", "bytes")


@dataclass(frozen=True, slots=True)
class LakeChoice:
    """Say what is read and how."""

    filters: dict[str, Any] = field(default_factory=dict)  # of ImportFilter, as JSON holds it
    languages: tuple[str, ...] = ()
    cpu_seconds: float = 15.0  # for one page
    memory: int = 1_000_000_000


@dataclass(slots=True)
class LakeReport:
    """Count what a run found."""

    files: int = 0  # of the lake, or of this part of it
    done_before: int = 0
    read: int = 0  # files that this run has read, also those that are damaged
    totals: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTED, 0))
    nothing: dict[str, int] = field(default_factory=dict)
    failures: list[tuple[str, str]] = field(default_factory=list)  # address, why
    failed_before: int = 0  # of these: in an earlier run, and not tried again
    bytes: int = 0  # stored in the files that were read, of which `totals` says how many were read
    notes: list[str] = field(default_factory=list)  # of indexes that are not used

    def add(self, task: FileTask, size: int, result: WorkResult) -> None:
        """Count what came of a file of so many bytes."""
        if result.failure is not None:
            self.failures.append((task.address, why_failed(task.address, result.failure)))
            return
        self.read += 1
        self.bytes += size
        self.notes += filter(None, [result.value["note"]])
        for name in COUNTED:
            self.totals[name] += result.value[name]
        for reason, count in result.value["nothing"].items():
            self.nothing[reason] = self.nothing.get(reason, 0) + count
        if result.value["why"] is not None:
            self.failures.append((task.address, result.value["why"]))


class LakeRun:
    """Hold one run over a lake."""

    def __init__(
        self,
        addresses: Sequence[str],
        output: str,
        choice: LakeChoice,
        place: WorkPlace,
        *,
        retry_failed: bool = False,
        server: BucketServer = UNNAMED,
    ) -> None:
        """`server`: of buckets. Raises ConfigError."""
        self.report = LakeReport()
        self._addresses, self._choice, self._place, self._retry = addresses, choice, place, retry_failed
        self._server = server.resolved() if any(map(is_bucket, (output, *addresses))) else server
        self._output = LakeOutput(output, self._server)

    def results(self) -> Iterator[tuple[FileTask, WorkResult]]:
        """Read what is to be read, and yield what comes of each file. Raises ConfigError, MorgueError."""
        listings = [listing_of(address, self._server) for address in self._addresses]
        files = {file.address: file for listing in listings for file in listing.files}
        self._output.begin()
        self._check_settings()
        there = self._output.names()
        part, tasks = self._place.part, list[tuple[FileTask, int]]()
        for number, file in enumerate(files.values()):
            if part is not None and not part.has(number):
                continue
            self.report.files += 1
            if (task := self._task(file, there)) is not None:
                tasks.append((task, file.size))
        by_address = {index.address: index for listing in listings for index in listing.indexes}
        # All files, because an index may mean another one of the same name.
        asked_about = list(files.values()) if tasks else []
        wanted = import_filter(self._choice.filters)
        indexes = FileIndexes(asked_about, list(by_address.values()), wanted, self._server)
        self.report.notes += indexes.notes
        self.report.totals["bytes"] += indexes.bytes
        # The parts are dealt out above, so that each has the same files whatever is done already.
        place = WorkPlace(self._place.on, None, self._place.workers, self._place.attempts)
        limits = {task.address: MIN_ITEM_SECONDS + size / ITEM_BYTES_PER_SECOND for task, size in tasks}
        arguments = (
            asdict(task) | {"index": indexes.own_index(task.address), "places": indexes.places(task.address)}
            for task, _ in tasks
        )
        found = map_items(READ_FILE, arguments, place, seconds=lambda argument: limits[argument["address"]])
        with closing(found):
            for result in found:
                task, size = tasks[result.item.number]
                self.report.add(task, size, result)
                yield task, result
        self._output.tidy()  # of readers that were killed meanwhile

    def _task(self, file: LakeFile, there: set[str]) -> FileTask | None:
        """Return what is to be done with a file; None if nothing is."""
        name = output_name(file.address)
        failed = note_name(name) in there
        if failed and not self._retry:
            note = json.loads(self._output.read(note_name(name)))
            self.report.failures.append((file.address, note["why"]))
            self.report.failed_before += 1
            return None
        if parquet_name(name) in there and not failed:
            self.report.done_before += 1
            return None
        choice = self._choice
        return FileTask(
            file.address, self._output.address, name, choice.filters, list(choice.languages), choice.cpu_seconds,
            choice.memory, again=failed, endpoint=self._server.endpoint, allow_http=self._server.allow_http,
        )  # fmt: skip

    def _check_settings(self) -> None:
        """Note with which filters the readings are made. Raises ConfigError if those in the output had others."""
        ours = {"filters": self._choice.filters, "languages": list(self._choice.languages)}
        text = json.dumps(ours, sort_keys=True).encode()
        if not self._output.put(SETTINGS_NAME, lambda file: file.write(text)):
            theirs = json.loads(self._output.read(SETTINGS_NAME))
            if theirs != ours:
                cause = f"has readings that were made with other filters: {json.dumps(theirs, sort_keys=True)}"
                raise ConfigError(self._output.address, cause, "say the same filters, or another --output")


def why_failed(address: str, failure: WorkFailure) -> str:
    """Return why a file was not read, without its address, which an error of the file begins with."""
    return str(failure).removeprefix(f"{address}: ")


def output_name(address: str) -> str:
    """Return the name of the output of a file: the beginning of its own, printable, and a digest of its address."""
    digest = blake2b(address.encode("utf-8", "surrogateescape"), digest_size=NAME_DIGEST_BYTES).hexdigest()
    name = printable(address.rpartition("/")[2]).encode()[:MAX_NAME_BYTES].decode(errors="ignore")
    return f"{name}.{digest}"

"""Hold what the stages of an import pass on, and what an import reports."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from pipelines.core.items import Article, NothingToRead, Page, Source
from pipelines.extraction.own_addresses import DeclaredAddresses
from pipelines.importing.adopt import FileVersion
from pipelines.importing.containers import OnZipDamage, RecordStream, UnreadCompression
from pipelines.importing.grouping import ExchangeRecords
from pipelines.importing.wacz_package import PackageCheck
from pipelines.warc.record import WarcRecord

logger = logging.getLogger("morgue.importing")

MAX_LISTED_DAMAGES = 1000  # further ones are counted
ReadResult = tuple[Article | NothingToRead, float]  # what was read from a page, and the CPU milliseconds it took


class EmptyFile(NamedTuple):
    """Hold a file without any record, whole or damaged."""

    file: str
    why: str
    next_step: str


class SourceClassifier(Protocol):
    """Say what the source files of the archive make of an address."""

    def source(self, url: str) -> Source | None:
        """Return the source that covers the address, or None."""

    def kind(self, url: str) -> str:
        """Return the kind of page by the shape of the address: article, section, front, other."""

    def why_no_article(self, url: str) -> str:
        """Return in a few words by which rule an address is not that of an article."""


class ImportedFile(Protocol):
    """Open one file that is imported. Methods raise MorgueError or OSError if it cannot be read."""

    @property
    def name(self) -> str:
        """Its name on one line, without folders."""

    def size(self) -> int:
        """Return how many bytes are read of it."""

    def version(self) -> FileVersion:
        """Return what names this state of it."""

    def streams(self, on_damage: OnZipDamage) -> Iterator[RecordStream]:
        """Yield its streams of records, as `containers.record_streams` does."""

    def unread_compression(self) -> UnreadCompression | None:
        """Return how it is compressed, if it cannot be read because of that."""

    def package(self, go_on: Callable[[], object]) -> PackageCheck | None:
        """Check it if it is a WACZ; None for any other file."""


class DamageLocation(NamedTuple):
    """Say where a file is damaged, and why it cannot be read there."""

    file: str
    offset: int
    why: str
    skipped_bytes: int = 0  # from there to where reading went on; 0 for a record that was read and is refused
    url: str = ""  # of the record, if that much of it could be read


class UnreadRest(NamedTuple):
    """Say what was not read when an import ended early."""

    file: str  # the file, or the file in a WACZ, that was being read; "" if none was
    offset: int  # stored bytes of it that were read
    size: int  # stored bytes in it
    files: list[str]  # files that were not opened
    again: bool  # it was being read for the second time, for revisits whose responses came later


@dataclass(slots=True)
class ImportReport:
    """Count what an import found and did.

    Of an import that was not stopped, `records` is the sum of `kept` and `passed`: each record is counted once.
    """

    files: int = 0
    records: int = 0
    kept: int = 0  # records that were copied
    passed: Counter[str] = field(default_factory=Counter)  # reason -> records that were skipped for it
    articles: Counter[str] = field(default_factory=Counter)  # new, edited, unchanged, duplicate, instead, nothing
    instead: Counter[str] = field(default_factory=Counter)  # kind of what is in the place of an article -> pages
    nothing: Counter[str] = field(default_factory=Counter)  # reason -> pages without an article
    by_shape: Counter[str] = field(default_factory=Counter)  # rule -> HTML pages left out by their address's shape
    shape_examples: dict[str, str] = field(default_factory=dict)  # rule -> the first of these addresses
    flaws: Counter[str] = field(default_factory=Counter)  # what is wrong with records that were copied -> records
    damaged: int = 0  # places that could not be read
    skipped_bytes: int = 0  # that were passed over at these places
    damages: list[DamageLocation] = field(default_factory=list)  # the first of them
    empty: list[EmptyFile] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # sentences about files, for the user

    packages: list[PackageCheck] = field(default_factory=list)  # of the WACZ files, what their check showed
    unread: UnreadRest | None = None  # None: every file was read to its end

    def recount(self, reason: str, other: str) -> None:
        """Count for another reason a record that was counted as skipped for one."""
        self.passed += Counter({other: 1})
        self.passed -= Counter({reason: 1})  # a reason without records leaves

    def damage(self, location: DamageLocation) -> None:
        """Count a place that could not be read, and log it."""
        self.damaged += 1
        self.skipped_bytes += location.skipped_bytes
        if len(self.damages) == MAX_LISTED_DAMAGES:
            if self.damaged == MAX_LISTED_DAMAGES + 1:
                logger.warning("further damaged places are counted, not listed")
            return
        self.damages.append(location)
        about = {"file": location.file, "offset": location.offset, "why": location.why, "url": location.url,
                 "bytes": location.skipped_bytes}  # fmt: skip
        logger.warning("refused: %(file)s at byte %(offset)d: %(why)s (bytes passed over: %(bytes)d) %(url)s", about)


@dataclass(slots=True)
class ImportJob:
    """Hold one exchange on its way from the reader to the archive."""

    file: ImportedFile | None  # None if its records are only read
    label: str  # FILE, or FILE!MEMBER
    member: str
    group: ExchangeRecords
    version: FileVersion | None = None  # of the file
    package: PackageCheck | None = None  # of the WACZ that it came in
    page: Page | None = None  # to be read for an article; None: no page
    block: bytes = b""  # of the response that holds the page
    kind: str = "other"
    original: WarcRecord | None = None  # for a revisit: the response that it repeats, if the archive has it
    unread: str | None = None  # why a response of status 200 that may be an article is not read as one
    # Where its page says that it is published; read only if something of its site was taken down.
    declared: DeclaredAddresses | None = None
    left_out: str | None = None  # by which rule an HTML page is not read, if the shape of its address says so

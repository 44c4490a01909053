"""Hold what the stages of an import pass on, and what an import reports."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol

from pipelines.core.items import Article, NothingToRead, Page, Source
from pipelines.importing.grouping import ExchangeRecords
from pipelines.warc.record import WarcRecord

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


class DamageLocation(NamedTuple):
    """Say where a file is damaged, and why it cannot be read there."""

    file: str
    offset: int
    why: str


@dataclass(slots=True)
class ImportReport:
    """Count what an import found and did."""

    files: int = 0
    records: int = 0
    kept: int = 0  # records that were copied
    passed: Counter[str] = field(default_factory=Counter)  # reason -> records that were skipped for it
    articles: Counter[str] = field(default_factory=Counter)  # new, edited, unchanged, duplicate, nothing
    nothing: Counter[str] = field(default_factory=Counter)  # reason -> pages without an article
    flaws: Counter[str] = field(default_factory=Counter)  # what is wrong with records that were copied -> records
    damaged: int = 0  # places that could not be read
    damages: list[DamageLocation] = field(default_factory=list)  # the first of them
    empty: list[EmptyFile] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # sentences about files, for the user

    def damage(self, file: str, offset: int, why: str) -> None:
        """Count a place that could not be read."""
        self.damaged += 1
        if len(self.damages) < MAX_LISTED_DAMAGES:
            self.damages.append(DamageLocation(file, offset, why))


@dataclass(slots=True)
class ImportJob:
    """Hold one exchange on its way from the reader to the archive."""

    path: Path
    label: str  # FILE, or FILE!MEMBER
    member: str
    group: ExchangeRecords
    sha256: str  # of the file
    page: Page | None = None  # to be read for an article; None: no page
    block: bytes = b""  # of the response that holds the page
    kind: str = "other"
    original: WarcRecord | None = None  # for a revisit: the response that it repeats, if the archive has it
    unread: str | None = None  # why a response of status 200 that may be an article is not read as one

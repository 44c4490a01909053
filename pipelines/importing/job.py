"""What the stages of an import hand on, and what they report."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol

from pipelines.core.items import Article, NothingToRead, Page, Source
from pipelines.importing.grouping import ExchangeRecords

MOST_NAMED = 1000  # damages that are told one by one
Read = tuple[Article | NothingToRead, float]  # what came of a page, and the CPU milliseconds that it took


class EmptyFile(NamedTuple):
    """A file that holds no record, whole or damaged."""

    file: str
    why: str
    next_step: str


class SourceClassifier(Protocol):
    """What the newspapers' own files say of an address."""

    def source(self, url: str) -> Source | None:
        """The source that covers it; None: none does."""

    def kind(self, url: str) -> str:
        """What its shape is taken for: article, section, front, other."""


class DamageLocation(NamedTuple):
    """Where a damage is."""

    file: str
    offset: int
    why: str


@dataclass(slots=True)
class ImportReport:
    """What an import found and did."""

    files: int = 0
    records: int = 0
    kept: int = 0  # records that were copied
    passed: Counter[str] = field(default_factory=Counter)  # records passed over, by reason
    articles: Counter[str] = field(default_factory=Counter)  # new, edited, unchanged, duplicate, nothing
    nothing: Counter[str] = field(default_factory=Counter)  # pages without an article, by reason
    damaged: int = 0  # places that could not be read
    damages: list[DamageLocation] = field(default_factory=list)  # the first of them
    empty: list[EmptyFile] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # what somebody may want to know of a file

    def damage(self, file: str, offset: int, why: str) -> None:
        """Count one."""
        self.damaged += 1
        if len(self.damages) < MOST_NAMED:
            self.damages.append(DamageLocation(file, offset, why))


@dataclass(slots=True)
class ImportJob:
    """A group on its way."""

    path: Path
    label: str  # FILE, or FILE!MEMBER
    member: str
    group: ExchangeRecords
    sha256: str
    page: Page | None = None  # None: nothing to read in it
    block: bytes = b""  # the response in which that page lies
    kind: str = "other"
    refers_to: str | None = None  # of a revisit: the record that it repeats, where it is here

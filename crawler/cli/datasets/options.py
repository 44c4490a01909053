"""Hold the arguments of `morgue export`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pipelines.database.filters import ArticleFilters


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """Hold the arguments of the command, as click parsed them."""

    form: str  # name of the format
    out: str  # path of the file; "-" for standard output
    query: str | None
    filters: ArticleFilters
    hosts: tuple[str, ...]
    urls: tuple[str, ...]
    without_reserved: bool
    without_signals: tuple[str, ...]
    force: bool
    raw: bool
    excel: bool
    fields: str | None
    revisions: str  # "latest" or "all"
    sample: int | None
    seed: int | None
    split: str | None
    partition: str | None
    dedupe: str | None  # "cluster"; None: all copies of a text

    def chosen_rows(self) -> dict[str, Any]:
        """Return what chooses rows and columns of articles, as far as it is given, by the name of its option."""
        given = {
            "--fields": self.fields, "--sample": self.sample, "--seed": self.seed, "--split": self.split,
            "--partition": self.partition, "--dedupe": self.dedupe,
            "--revisions": None if self.revisions == "latest" else self.revisions,
        }  # fmt: skip
        return {name: value for name, value in given.items() if value is not None}

    def chosen_about(self) -> dict[str, Any]:
        """Return what the manifest says of the choice of rows."""
        seed = (self.seed or 0) if self.sample is not None or self.split else None
        return {"revisions": self.revisions, "sample": self.sample, "split": self.split, "seed": seed,
                "dedupe": self.dedupe}  # fmt: skip

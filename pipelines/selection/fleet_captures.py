"""Select captures of all shards of a fleet for a package: a selection of each shard, one after the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from heapq import merge
from operator import itemgetter
from types import TracebackType
from typing import NamedTuple, TypeAlias

from pipelines.database.connection import Row
from pipelines.database.shards.databases import FleetDatabase
from pipelines.fleet.layout import SHARDS_FOLDER
from pipelines.selection.captures import CaptureFilter, CaptureSelection
from pipelines.warc.storage import WarcStorage


class LeftOutCaptures(NamedTuple):
    """Hold what was left out of all shards, and what to say of it."""

    left_out: Counter[str]
    sentences: tuple[str, ...]

    def hints(self) -> Iterator[str]:
        """Yield a sentence for each requested signal that nothing had."""
        return iter(self.sentences)


class FleetCaptures:
    """Hold a snapshot of the captures that a filter selects in each shard. Leaving the context closes it."""

    def __init__(
        self,
        db: FleetDatabase,
        storages: Sequence[WarcStorage],
        wanted: CaptureFilter,
        on_capture: Callable[[Row], object],
        on_rights_progress: Callable[[int, int], object],
    ) -> None:
        """`storages`: the WARC files of each shard of `db`. Raises as `CaptureSelection` does."""
        with ExitStack() as opened:
            self.parts = [
                opened.enter_context(CaptureSelection(one, warc, wanted, on_capture, on_rights_progress, db))
                for one, warc in zip(db.shards, storages, strict=True)
            ]
            self._opened = opened.pop_all()
        self.count = sum(part.count for part in self.parts)
        self.added = sum(part.added for part in self.parts)
        self.bodiless = sum(part.bodiless for part in self.parts)
        self.bytes = sum(part.bytes for part in self.parts)
        self.first = min((part.first for part in self.parts if part.first), default=None)
        self.last = max((part.last for part in self.parts if part.last), default=None)

    @property
    def damages(self) -> dict[str, None]:
        """Return why the rights in captures could not be read."""
        return {damage: None for part in self.parts for damage in part.damages}

    @property
    def left_out(self) -> Counter[str]:
        """Return how many captures were left out, by reason."""
        return sum((part.left_out for part in self.parts), Counter[str]())

    @property
    def exclusion_filter(self) -> LeftOutCaptures:
        """Return what to tell of what was left out."""
        first = self.parts[0].exclusion_filter
        first.signals_met.update(*(part.exclusion_filter.signals_met for part in self.parts))
        return LeftOutCaptures(self.left_out, tuple(first.hints()))

    def captures(self) -> Iterator[Row]:
        """Yield each capture once; `file` is the name of its file below the folder of the fleet."""
        for part in self.parts:
            shard = part.warc.folder.parent.name
            for capture in part.captures():
                yield capture | {"file": f"{SHARDS_FOLDER}/{shard}/{part.warc.folder.name}/{capture['file']}"}

    def pages(self) -> Iterator[Row]:
        """Yield each state of an article whose capture is selected, as `CaptureSelection.pages` does."""
        return merge(*(part.pages() for part in self.parts), key=itemgetter("article", "number"))

    def __enter__(self) -> FleetCaptures:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._opened.close()


AnyCaptures: TypeAlias = "CaptureSelection | FleetCaptures"

"""Explain how a page is read: watch `extract` at work and write down candidates and decisions.

Costs a few times as much as reading alone. `morgue extract --explain` prints the result.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from pipelines.core.items import Article, NothingToRead, Page
from pipelines.extraction.body import classifier
from pipelines.extraction.body.blocks import blocks
from pipelines.extraction.body.classifier import BlockDecision, block_path
from pipelines.extraction.body.features import PageContext
from pipelines.extraction.body.line_layout import LaidOutLine
from pipelines.extraction.extract import ReadingObserver, date_in_text, observed_read
from pipelines.extraction.fields import metadata
from pipelines.extraction.page.declared import DeclaredMetadata
from pipelines.extraction.page.trace import BlockTrace, FieldCandidate, Trace
from pipelines.extraction.page_labels import PageLabels

OUTSIDE = "outside the body"
WHY_OUTSIDE = "no body selector of the source's own rule selects it"


def explain(page: Page) -> tuple[Article | NothingToRead, Trace]:
    """Read a page as `extract.read` does; return its outcome, and the trace of how it came about."""
    recorder = TraceRecorder()
    outcome = observed_read(page, recorder)
    return outcome, Trace(recorder.fields, recorder.block_traces())


class TraceRecorder(ReadingObserver):
    """Record what happens to each field and each block while one page is read."""

    is_tracing = True

    def __init__(self) -> None:
        self.fields: dict[str, list[FieldCandidate]] = {}
        self._order: dict[Any, int] = {}  # elements of the whole page -> their place in it
        self._removed: list[tuple[Any, BlockTrace]] = []
        self._decisions: list[BlockDecision] | None = None
        self._lines: list[str] = []  # of the blocks of the text

    def fields_chosen(self, tree: Any, declared: DeclaredMetadata) -> None:
        self.fields = metadata.candidates(declared, date_in_text)
        self._order = {element: number for number, element in enumerate(tree.iter())}

    def rule_applied(self, candidates: dict[str, list[FieldCandidate]], won: Collection[str]) -> None:
        for name, found in candidates.items():
            others = self.fields.get(name, [])
            beaten = [replace(other, chosen=False) for other in others] if name in won else others
            self.fields[name] = [*found, *beaten]

    def removed(self, parts: list[tuple[Any, BlockTrace]]) -> None:
        self._removed += parts

    def left_outside(self, rest: Any) -> None:
        for block in blocks(rest) if rest is not None else ():
            trace = BlockTrace(block.text, block_path(block), OUTSIDE, WHY_OUTSIDE)
            self._removed.append((block.container.element, trace))

    def decided(self, decisions: list[BlockDecision], context: PageContext | None) -> None:
        self._decisions = decisions
        if context is not None:
            classifier.add_contributions(decisions, context)

    def laid_out(self, lines: Sequence[Sequence[LaidOutLine]]) -> None:
        self._lines = ["\n".join(line.text for line in them) for them in lines]

    def labelled(self, labels: PageLabels) -> None:
        self.fields |= labels.claims

    def block_traces(self) -> list[BlockTrace]:
        """Return what became of every block, in page order; nothing if the page was refused before they were read.

        Blocks of the text have the lines that they are in it.
        """
        if self._decisions is None:
            return []
        placed = [(self._order.get(element, 0), trace) for element, trace in self._removed]
        at, lines = 0, iter(self._lines)
        for one in self._decisions:
            at = max(at, self._order.get(one.block.container.element, 0))  # words may follow a child of their element
            text = next(lines, one.block.text) if one.rule is None else one.block.text
            placed.append((at, BlockTrace(text, block_path(one.block), one.rule, one.why)))
        return [trace for _, trace in sorted(placed, key=lambda pair: pair[0])]

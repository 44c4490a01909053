"""Compare an article with its candidates: the work that is done each time an article is filed or edited."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from pipelines.clusters.candidates import MAX_MISSES
from pipelines.clusters.comparison import token_comparison
from pipelines.clusters.furniture import MIN_NEIGHBOURS, LineCounts, without_furniture
from pipelines.clusters.grouping import MIN_TEMPLATE_PAIRS, CopyPair
from pipelines.clusters.shingles import tokens
from pipelines.clusters.verdict import COPIES, pair_kind

TextOf = Callable[[int], str]  # of an article, by its number
MAX_REPRINTS = 3  # of an article, after which the caller stops: what else is like it is joined with these already


class NearArticle(NamedTuple):
    """Hold an article that is compared with others."""

    article: int
    source: int | str | None  # None: of no source, so it has no furniture


def compared_pairs(own: NearArticle, near: Sequence[NearArticle], text_of: TextOf) -> Iterator[CopyPair]:
    """Yield what an article and each of its candidates are to each other, as far as it is worth comparing them.

    `near`: as `candidates` orders them, the likeliest first. After MAX_MISSES in a row or MAX_REPRINTS the rest are
    left out, and of the article's own source after MIN_TEMPLATE_PAIRS forms: a reprint would have been among the first.
    """
    mine: tuple[str, ...] = ()
    texts = _SourceTexts([own, *near], text_of)
    forms = misses = reprints = 0
    for other in near:
        same = other.source is not None and other.source == own.source
        if misses == MAX_MISSES or reprints == MAX_REPRINTS:
            return
        if text_of(other.article) == text_of(own.article):
            reprints, misses = reprints + 1, 0
            yield CopyPair(own.article, other.article, 1.0, 1.0, "reprint", same)
            continue
        if same and forms >= MIN_TEMPLATE_PAIRS:
            continue
        mine = mine or texts.own_tokens(own)
        measured = token_comparison(mine, texts.own_tokens(other))
        kind = pair_kind(measured)
        misses = 0 if kind in COPIES else misses + 1
        forms += same and kind == "template"
        reprints += kind == "reprint"
        yield CopyPair(own.article, other.article, measured.kept, measured.other_kept, kind, same)


def is_worth_keeping(pair: CopyPair) -> bool:
    """Return True for a pair that `grouping` needs or that a reader may ask for."""
    return pair.kind in COPIES or pair.kind == "part" or (pair.kind == "template" and pair.same_source)


class _SourceTexts:
    """Give the words of articles without the lines that others of their source have, too."""

    def __init__(self, articles: Sequence[NearArticle], text_of: TextOf) -> None:
        self._articles, self._text_of = articles, text_of
        self._counts: dict[int | str, LineCounts | None] = {}  # of each source; None: it has too few articles here

    def own_tokens(self, one: NearArticle) -> tuple[str, ...]:
        text, counts = self._text_of(one.article), None
        if one.source is not None:
            if one.source not in self._counts:
                self._counts[one.source] = self._counted(one.source)
            counts = self._counts[one.source]
        return tokens(text if counts is None else without_furniture(text, counts))

    def _counted(self, source: int | str) -> LineCounts | None:
        numbers = [one.article for one in self._articles if one.source == source]
        return LineCounts(map(self._text_of, numbers)) if len(numbers) > MIN_NEIGHBOURS else None

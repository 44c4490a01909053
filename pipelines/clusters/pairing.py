"""Compare an article with its candidates: the work that is done each time an article is filed or edited."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pipelines.clusters.candidates import MAX_MISSES
from pipelines.clusters.comparison import token_comparison
from pipelines.clusters.furniture import without_furniture
from pipelines.clusters.grouping import MIN_TEMPLATE_PAIRS, CopyPair
from pipelines.clusters.shingles import tokens
from pipelines.clusters.verdict import COPIES, pair_kind

MAX_REPRINTS = 3  # of an article, after which the caller stops: what else is like it is joined with these already


class NearArticle(NamedTuple):
    """Hold an article that is compared with others."""

    article: int
    source: int | str | None  # None: of no source, so it has no furniture
    text: str


def compared_pairs(own: NearArticle, near: Sequence[NearArticle]) -> Iterator[CopyPair]:
    """Yield what an article and each of its candidates are to each other, as far as it is worth comparing them.

    `near`: as `candidates` orders them, the likeliest first. After MAX_MISSES in a row or MAX_REPRINTS the rest are
    left out, and of the article's own source after MIN_TEMPLATE_PAIRS forms: a reprint would have been among the first.
    """
    mine: tuple[str, ...] = ()
    forms = misses = reprints = 0
    for other in near:
        same = other.source is not None and other.source == own.source
        if misses == MAX_MISSES or reprints == MAX_REPRINTS:
            return
        if other.text == own.text:
            reprints, misses = reprints + 1, 0
            yield CopyPair(own.article, other.article, 1.0, 1.0, "reprint", same)
            continue
        if same and forms >= MIN_TEMPLATE_PAIRS:
            continue
        mine = mine or tokens(without_furniture(own.text, _neighbours(own, near)))
        measured = token_comparison(mine, tokens(without_furniture(other.text, _neighbours(other, [*near, own]))))
        kind = pair_kind(measured)
        misses = 0 if kind in COPIES else misses + 1
        forms += same and kind == "template"
        reprints += kind == "reprint"
        yield CopyPair(own.article, other.article, measured.kept, measured.other_kept, kind, same)


def is_worth_keeping(pair: CopyPair) -> bool:
    """Return True for a pair that `grouping` needs or that a reader may ask for."""
    return pair.kind in COPIES or pair.kind == "part" or (pair.kind == "template" and pair.same_source)


def _neighbours(one: NearArticle, near: Sequence[NearArticle]) -> list[str]:
    """Return the texts of the other articles of its source."""
    if one.source is None:
        return []
    return [other.text for other in near if other.source == one.source and other.article != one.article]

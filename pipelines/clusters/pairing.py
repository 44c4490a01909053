"""Compare an article with its candidates: the work that is done each time an article is filed or edited."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from pipelines.clusters.candidates import MAX_MISSES
from pipelines.clusters.comparison import token_comparison
from pipelines.clusters.furniture import MIN_NEIGHBOURS, without_furniture
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
        mine = mine or _own_tokens(own, near, text_of)
        measured = token_comparison(mine, _own_tokens(other, [*near, own], text_of))
        kind = pair_kind(measured)
        misses = 0 if kind in COPIES else misses + 1
        forms += same and kind == "template"
        reprints += kind == "reprint"
        yield CopyPair(own.article, other.article, measured.kept, measured.other_kept, kind, same)


def is_worth_keeping(pair: CopyPair) -> bool:
    """Return True for a pair that `grouping` needs or that a reader may ask for."""
    return pair.kind in COPIES or pair.kind == "part" or (pair.kind == "template" and pair.same_source)


def _own_tokens(one: NearArticle, near: Sequence[NearArticle], text_of: TextOf) -> tuple[str, ...]:
    """Return the words of an article without the lines that others of its source have, too."""
    others = [other.article for other in near if other.source == one.source and other.article != one.article]
    if one.source is None or len(others) < MIN_NEIGHBOURS:
        return tokens(text_of(one.article))
    return tokens(without_furniture(text_of(one.article), list(map(text_of, others))))

"""Join pairs of copies into clusters, so that the same pairs give the same clusters in any order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from pipelines.clusters.verdict import COPIES, PairKind

MIN_TEMPLATE_PAIRS = 3  # of an article within its source, from which on it is one of a series made of a form
MAX_COLLECTION_SHARE = 0.5  # of a collection, such as a digest of briefs, that is in one of the texts it collects


class CopyPair(NamedTuple):
    """Hold two articles that are copies or of one template, and the share that each keeps of the other."""

    article: int
    other: int
    kept: float  # share of the first that is in the second
    other_kept: float  # share of the second that is in the first
    kind: PairKind
    same_source: bool


def clusters(pairs: Iterable[CopyPair]) -> list[frozenset[int]]:
    """Return the clusters of articles: whatever is joined by pairs, except through a collection.

    A collection has several whole texts within it that have nothing to do with each other. It is in no cluster, so that
    a digest does not make one story of five. Where an article is one of a series made of a form, such as a forecast, a
    copy of it within its source must be a reprint: two days of a series may be more alike than most.
    """
    given = list(pairs)
    series = Counter(
        one for pair in given if pair.kind == "template" and pair.same_source for one in (pair.article, pair.other)
    )
    known = [pair for pair in given if pair.kind in COPIES and (pair.kind == "reprint" or not _in_series(pair, series))]
    collections = {article for article in _wholes(known) if _is_collection(article, known)}
    return _components(pair for pair in known if not collections & {pair.article, pair.other})


def _in_series(pair: CopyPair, series: Counter[int]) -> bool:
    return pair.same_source and max(series[pair.article], series[pair.other]) >= MIN_TEMPLATE_PAIRS


def _wholes(pairs: list[CopyPair]) -> set[int]:
    """Return the articles that have a text within them which is at most a part of them."""
    return {pair.article for pair in pairs if pair.kept <= MAX_COLLECTION_SHARE} | {
        pair.other for pair in pairs if pair.other_kept <= MAX_COLLECTION_SHARE
    }


def _is_collection(article: int, pairs: list[CopyPair]) -> bool:
    """Return True if the texts within an article are in different clusters without it."""
    parts = {pair.other for pair in pairs if pair.article == article and pair.kept <= MAX_COLLECTION_SHARE}
    parts |= {pair.article for pair in pairs if pair.other == article and pair.other_kept <= MAX_COLLECTION_SHARE}
    if len(parts) < 2:
        return False
    rest = _components(pair for pair in pairs if article not in (pair.article, pair.other))
    return not any(parts <= cluster for cluster in rest)


def _components(pairs: Iterable[CopyPair]) -> list[frozenset[int]]:
    """Return what is joined by pairs, each component once, by its smallest article."""
    joined: dict[int, set[int]] = {}
    for article, other, *_ in pairs:
        one, two = joined.setdefault(article, {article}), joined.setdefault(other, {other})
        if one is not two:
            one |= two
            joined.update(dict.fromkeys(two, one))
    return sorted(map(frozenset, {id(one): one for one in joined.values()}.values()), key=min)

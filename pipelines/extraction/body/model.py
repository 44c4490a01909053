"""Weighing blocks: gradient-boosted decision trees (Friedman 2001) as data, turned into plain Python once a process.

`forest.json` holds {"features": [names], "stages": [[number of trees, low, high]], "trees": [tree]}; a tree is a leaf's
number, or [feature, threshold, tree if not above, tree if above]. benchmarks/learn.py grows it from pages with ground
truth. The sum of the leaves that a block falls into is its log-odds of being the article's text: above 0 it stays.
After the trees of a stage, a block below `low` or above `high` is decided: none of those pages' blocks came back from
there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, NamedTuple

from pipelines.extraction.body.features import NAMES

Tree = Any  # a number, or [feature, threshold, tree, tree]
Weigh = Callable[[Sequence[float]], float]

FILE: Traversable = files("pipelines.extraction.body").joinpath("forest.json")


def weigh(row: Sequence[float]) -> float:
    """The log-odds that a block with these features is article text; only their sign once they are clear."""
    score = 0.0
    for trees, low, high in _stages():
        score += trees(row)
        if score < low or score > high:
            break
    return score


def reasons(row: Sequence[float], most: int = 3) -> list[tuple[str, float]]:
    """What weighed most in a verdict, heaviest first: (name of the feature, log-odds that it brought).

    The way through each tree is credited, split by split, with the change of the mean of the leaves below (Saabas
    2014).
    """
    brought: dict[int, float] = {}
    for split in _measured():
        while split.below:
            taken = split.below[row[split.feature] > split.threshold]
            brought[split.feature] = brought.get(split.feature, 0.0) + taken.mean - split.mean
            split = taken
    ranked = sorted(brought.items(), key=lambda item: -abs(item[1]))
    return [(NAMES[feature], value) for feature, value in ranked[:most]]


def use(file: Traversable) -> None:
    """Weigh with the trees of another file from now on, in this process: benchmarks leave domains out of them."""
    global FILE
    FILE = file
    _forest.cache_clear()
    _stages.cache_clear()
    _measured.cache_clear()


class TreeSplit(NamedTuple):
    """A tree, and the mean of its leaves."""

    mean: float
    leaves: int
    feature: int = 0
    threshold: float = 0.0
    below: tuple[TreeSplit, ...] = ()  # where the feature is not above the threshold, and where it is; a leaf has none


def _measure(tree: Tree) -> TreeSplit:
    if not isinstance(tree, list):
        return TreeSplit(tree, 1)
    feature, threshold, *below = tree
    low, high = map(_measure, below)
    leaves = low.leaves + high.leaves
    return TreeSplit(
        (low.mean * low.leaves + high.mean * high.leaves) / leaves, leaves, feature, threshold, (low, high)
    )


@cache
def _measured() -> list[TreeSplit]:
    """The trees as `reasons` walks them; only who asks for reasons pays for it."""
    return [_measure(tree) for tree in _forest()["trees"]]


@cache
def _forest() -> dict[str, Any]:
    forest: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    if tuple(forest["features"]) != NAMES:
        raise ValueError("pipelines/extraction/body/forest.json was made for other features: run benchmarks/learn.py")
    return forest


@cache
def _stages() -> list[tuple[Weigh, float, float]]:
    """The trees in some functions, each with the scores beyond which its successors are not asked."""
    trees, done, stages = _forest()["trees"], 0, []
    for count, low, high in [*_forest()["stages"], (len(trees), 0.0, 0.0)]:
        stages.append((_function(trees[done:count]), float(low), float(high)))
        done = count
    return stages


def _function(trees: Sequence[Tree]) -> Weigh:
    """The sum of `trees` as one Python function: nested conditions on a row run at the interpreter's best speed."""
    source = "\n".join(
        ["def total(row):", "    score = 0.0", *(f"    score += {_source(tree)}" for tree in trees), "    return score"]
    )
    names: dict[str, Any] = {}
    exec(source, {"__builtins__": {}}, names)  # noqa: S102 numbers from our own file, checked by `_source`
    total: Weigh = names["total"]
    return total


def _source(tree: Tree) -> str:
    if not isinstance(tree, list):
        return repr(float(tree))
    feature, threshold, low, high = tree
    return f"({_source(low)} if row[{int(feature)}] <= {float(threshold)!r} else {_source(high)})"

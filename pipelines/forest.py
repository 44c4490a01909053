"""Weighing blocks: gradient-boosted decision trees (Friedman 2001) as data, turned into plain Python once a process.

`forest.json` holds the trees: {"features": [names], "bias": number, "trees": [tree]}; a tree is a leaf's number, or
[feature, threshold, tree if not above, tree if above]. benchmarks/learn.py makes it; docs/quality.md says from what.
The sum of the leaves that a block falls into is its log-odds of being the article's text: above 0 it stays.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from pipelines.features import NAMES

Tree = Any  # a number, or [feature, threshold, tree, tree]
Weigh = Callable[[Sequence[float]], float]

STAGES = (24, 72)  # trees after which a hopeless block is let go: most of a page is menus
HOPELESS = (-2.2, -3.0)  # log-odds at those stages below which no block of the development pages was kept in the end


def weigh(row: Sequence[float]) -> float:
    """The log-odds that a block with these features is article text."""
    first, second, rest = _compiled()
    score = first(row)
    if score < HOPELESS[0]:
        return score
    score += second(row)
    if score < HOPELESS[1]:
        return score
    return score + rest(row)


def reasons(row: Sequence[float], most: int = 3) -> list[tuple[str, float]]:
    """What weighed most in a verdict, heaviest first: (name of the feature, log-odds that it brought).

    The way through each tree is credited, split by split, with the change of the mean of the leaves below (Saabas 2014).
    """
    brought: dict[int, float] = {}
    for tree in _forest()["trees"]:
        while isinstance(tree, list):
            feature, threshold, low, high = tree
            taken = low if row[feature] <= threshold else high
            brought[feature] = brought.get(feature, 0.0) + _mean(taken) - _mean(tree)
            tree = taken
    ranked = sorted(brought.items(), key=lambda item: -abs(item[1]))
    return [(NAMES[feature], value) for feature, value in ranked[:most]]


def _leaves(tree: Tree) -> list[float]:
    return [*_leaves(tree[2]), *_leaves(tree[3])] if isinstance(tree, list) else [tree]


def _mean(tree: Tree) -> float:
    leaves = _leaves(tree)
    return sum(leaves) / len(leaves)


@cache
def _forest() -> dict[str, Any]:
    forest = json.loads(files("pipelines").joinpath("forest.json").read_text(encoding="utf-8"))
    if tuple(forest["features"]) != NAMES:
        raise ValueError("pipelines/forest.json was made for other features: run benchmarks/learn.py")
    return forest  # type: ignore[no-any-return]


@cache
def _compiled() -> tuple[Weigh, Weigh, Weigh]:
    forest = _forest()
    trees = forest["trees"]
    a, b = STAGES
    return _function(trees[:a], forest["bias"]), _function(trees[a:b], 0.0), _function(trees[b:], 0.0)


def _function(trees: Sequence[Tree], bias: float) -> Weigh:
    """The sum of `trees` as one Python function: nested conditions on a row run at the interpreter's best speed."""
    source = "\n".join(["def total(row):", f"    score = {bias!r}", *(f"    score += {_source(t)}" for t in trees),
                        "    return score"])  # fmt: skip
    names: dict[str, Any] = {}
    exec(source, {"__builtins__": {}}, names)  # noqa: S102 numbers from our own file, checked by `_source`
    return names["total"]  # type: ignore[no-any-return]


def _source(tree: Tree) -> str:
    if not isinstance(tree, list):
        return repr(float(tree))
    feature, threshold, low, high = tree
    return f"({_source(low)} if row[{int(feature)}] <= {float(threshold)!r} else {_source(high)})"

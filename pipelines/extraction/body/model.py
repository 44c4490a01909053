"""Score blocks with gradient-boosted decision trees (Friedman 2001): data that is compiled to Python once a process.

`model.json` holds {"features": [names], "stages": [[number of trees, low, high]], "trees": [tree]}. A tree is the
number of a leaf, or [feature, threshold, tree if not above, tree if above]. benchmarks/learn.py trains the trees on
pages with ground truth. The score of a block is the sum of the leaves that it falls into: the log-odds that it is text
of the article. A block with a score above 0 is kept. After the trees of a stage, a block below `low` or above `high` is
decided: in training, no block that far out changed sides afterwards.
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
ScoreFunction = Callable[[Sequence[float]], float]

FILE: Traversable = files("pipelines.extraction.body").joinpath("model.json")


def score(row: Sequence[float]) -> float:
    """Return the log-odds that a block with the features `row` is article text.

    When a stage already decides, the value is the sum up to that stage, and only its sign counts.
    """
    total = 0.0
    for sum_trees, low, high in _stages():
        total += sum_trees(row)
        if total < low or total > high:
            break
    return total


def contributions(row: Sequence[float], count: int = 3) -> list[tuple[str, float]]:
    """Return the `count` features that moved the score of `row` most, as (name, log-odds), the largest first.

    Every split on the path through a tree credits its feature with the change of the mean of the leaves below (Saabas
    2014).
    """
    credits: dict[int, float] = {}
    for node in _tree_nodes():
        while node.below:
            taken = node.below[row[node.feature] > node.threshold]
            credits[node.feature] = credits.get(node.feature, 0.0) + taken.mean - node.mean
            node = taken
    ranked = sorted(credits.items(), key=lambda item: -abs(item[1]))
    return [(NAMES[feature], value) for feature, value in ranked[:count]]


def use(file: Traversable) -> None:
    """Score with the trees of another file from now on in this process; benchmarks leave domains out of training."""
    global FILE
    FILE = file
    _model.cache_clear()
    _stages.cache_clear()
    _tree_nodes.cache_clear()


class TreeNode(NamedTuple):
    """Hold a tree with the mean of its leaves."""

    mean: float
    leaves: int
    feature: int = 0
    threshold: float = 0.0
    below: tuple[TreeNode, ...] = ()  # the trees for "not above the threshold" and for "above"; a leaf has none


def _node(tree: Tree) -> TreeNode:
    if not isinstance(tree, list):
        return TreeNode(tree, 1)
    feature, threshold, *below = tree
    low, high = map(_node, below)
    leaves = low.leaves + high.leaves
    return TreeNode((low.mean * low.leaves + high.mean * high.leaves) / leaves, leaves, feature, threshold, (low, high))


@cache
def _tree_nodes() -> list[TreeNode]:
    """Return the trees as `contributions` walks them. Only a caller that asks for contributions pays for them."""
    return [_node(tree) for tree in _model()["trees"]]


@cache
def _model() -> dict[str, Any]:
    model: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    if tuple(model["features"]) != NAMES:
        raise ValueError("pipelines/extraction/body/model.json was made for other features: run benchmarks/learn.py")
    return model


@cache
def _stages() -> list[tuple[ScoreFunction, float, float]]:
    """Return the trees compiled stage by stage, each with the bounds beyond which the later stages are not run."""
    trees, done, stages = _model()["trees"], 0, []
    for count, low, high in [*_model()["stages"], (len(trees), 0.0, 0.0)]:
        stages.append((_compiled(trees[done:count]), float(low), float(high)))
        done = count
    return stages


def _compiled(trees: Sequence[Tree]) -> ScoreFunction:
    """Return the sum of `trees` as one Python function, because nested conditions on a row run fastest."""
    source = "\n".join(
        ["def total(row):", "    score = 0.0", *(f"    score += {_source(tree)}" for tree in trees), "    return score"]
    )
    names: dict[str, Any] = {}
    exec(source, {"__builtins__": {}}, names)  # noqa: S102 numbers from our own file, checked by `_source`
    total: ScoreFunction = names["total"]
    return total


def _source(tree: Tree) -> str:
    if not isinstance(tree, list):
        return repr(float(tree))
    feature, threshold, low, high = tree
    return f"({_source(low)} if row[{int(feature)}] <= {float(threshold)!r} else {_source(high)})"

"""Score blocks with gradient-boosted decision trees (Friedman 2001): data that a process compiles to Python.

There are two models. `first_score` judges a page before trafilatura has read it (`first_model.json`).
If it is not sure of a page, trafilatura is asked, and `score` decides (`model.json`).

Each file holds {"features": [names], "stages": [[number of trees, low, high]], "trees": [tree]}. A tree is the
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

MAX_WALKED = 2_000  # rows; what compiled trees save on as many is what it takes to compile them

FILE: Traversable = files("pipelines.extraction.body").joinpath("model.json")
FIRST_FILE: Traversable = files("pipelines.extraction.body").joinpath("first_model.json")


def score(row: Sequence[float]) -> float:
    """Return the log-odds that a block with the features `row` is article text.

    When a stage already decides, the value is the sum up to that stage, and only its sign counts.
    """
    return _total(row, _stages(first=False))


def first_score(row: Sequence[float]) -> float:
    """Return the log-odds, as `score` does, of a block of a page that trafilatura has not read."""
    return _total(row, _stages(first=True))


def warm_up() -> None:
    """Compile both models, for a process that reads many pages."""
    for stage in (*_stages(first=True), *_stages(first=False)):
        stage.compiled = stage.compiled or _compiled(stage.trees)


def _total(row: Sequence[float], stages: Sequence[_Stage]) -> float:
    total = 0.0
    for stage in stages:
        total += stage.sum(row)
        if total < stage.low or total > stage.high:
            break
    return total


def contributions(row: Sequence[float], count: int = 3, *, first: bool = False) -> list[tuple[str, float]]:
    """Return the `count` features that moved the score of `row` most, as (name, log-odds), the largest first.

    `first`: by the first model. Every split on the path through a tree credits its feature with the change of the mean
    of the leaves below (Saabas 2014).
    """
    credits: dict[int, float] = {}
    for node in _tree_nodes(first):
        while node.below:
            taken = node.below[row[node.feature] > node.threshold]
            credits[node.feature] = credits.get(node.feature, 0.0) + taken.mean - node.mean
            node = taken
    ranked = sorted(credits.items(), key=lambda item: -abs(item[1]))
    return [(NAMES[feature], value) for feature, value in ranked[:count]]


def use(file: Traversable, first: Traversable) -> None:
    """Score with the trees of other files from now on in this process; benchmarks leave domains out of training."""
    global FILE, FIRST_FILE
    FILE, FIRST_FILE = file, first
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
def _tree_nodes(first: bool) -> list[TreeNode]:
    """Return the trees as `contributions` walks them. Only a caller that asks for contributions pays for them."""
    return [_node(tree) for tree in _model(first)["trees"]]


@cache
def _model(first: bool = False) -> dict[str, Any]:
    file = FIRST_FILE if first else FILE
    model: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    if tuple(model["features"]) != NAMES:
        raise ValueError(f"pipelines/extraction/body/{file.name} was made for other features: run benchmarks/learn.py")
    return model


@cache
def _stages(*, first: bool) -> list[_Stage]:
    """Return the sums of the trees of each stage, with the bounds beyond which the later stages are not run."""
    trees, done = _model(first)["trees"], 0
    stages: list[_Stage] = []
    for count, low, high in [*_model(first)["stages"], (len(trees), 0.0, 0.0)]:
        stages.append(_Stage(trees[done:count], float(low), float(high)))
        done = count
    return stages


class _Stage:
    """Sum trees, and compile them when enough rows have come: a process that reads one page need not."""

    def __init__(self, trees: Sequence[Tree], low: float, high: float) -> None:
        self.trees, self.low, self.high, self.rows = trees, low, high, 0
        self.compiled: ScoreFunction | None = None

    def sum(self, row: Sequence[float]) -> float:
        """Return the sum of the leaves that `row` falls into."""
        if self.compiled is None:
            self.rows += 1
            if self.rows <= MAX_WALKED:
                return _walked(self.trees, row)
            self.compiled = _compiled(self.trees)
        return self.compiled(row)


def _compiled(trees: Sequence[Tree]) -> ScoreFunction:
    """Return the sum of `trees` as one Python function, because nested conditions on local variables run fastest."""
    used: set[int] = set()
    sums = [f"    score += {_source(tree, used)}" for tree in trees]
    values = [f"    v{feature} = row[{feature}]" for feature in sorted(used)]
    source = "\n".join(["def total(row):", "    score = 0.0", *values, *sums, "    return score"])
    names: dict[str, Any] = {}
    exec(source, {"__builtins__": {}}, names)  # noqa: S102 numbers from our own file, checked by `_source`
    total: ScoreFunction = names["total"]
    return total


def _source(tree: Tree, used: set[int]) -> str:
    """Return a tree as an expression; add the features that it looks at to `used`."""
    if not isinstance(tree, list):
        return repr(float(tree))
    feature, threshold, low, high = tree
    used.add(int(feature))
    return f"({_source(low, used)} if v{int(feature)} <= {float(threshold)!r} else {_source(high, used)})"


def _walked(trees: Sequence[Tree], row: Sequence[float]) -> float:
    """Return the sum of `trees` without compiling them."""
    score = 0.0
    for tree in trees:
        while isinstance(tree, list):
            tree = tree[2 if row[tree[0]] <= tree[1] else 3]
        score += tree
    return score

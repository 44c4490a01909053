"""Test the trees of the model, whichever are shipped: the compiled score is what walking the trees by hand gives."""

import json
import math
import random
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from pipelines.extraction.body import model
from pipelines.extraction.body.classifier import UNSURE_SCORE
from pipelines.extraction.body.features import NAMES

HAND = [
    [0, 1.5, [1, 0.25, -1.0, 0.5], 2.0],
    [2, -3.0, 0.125, [0, 1.5, -0.5, [1, 0.0, 1.0, [2, 1e-35, -2.0, 4.0]]]],
    -0.0625,
]


def grown(first: bool = False) -> dict[str, Any]:
    """Return the trees that are shipped. `first`: those for pages that trafilatura has not read."""
    return model._model(first)


both = pytest.mark.parametrize("first", [False, True], ids=["model.json", "first_model.json"])


def walked(tree: Any, row: Sequence[float]) -> float:
    """Return the leaf that a row falls into."""
    while isinstance(tree, list):
        feature, threshold, low, high = tree
        tree = low if row[feature] <= threshold else high
    return float(tree)


def leaves(tree: Any) -> Iterator[float]:
    if isinstance(tree, list):
        yield from leaves(tree[2])
        yield from leaves(tree[3])
    else:
        yield tree


def splits(tree: Any) -> Iterator[tuple[int, float]]:
    """(feature, threshold) of every split."""
    if isinstance(tree, list):
        yield tree[0], tree[1]
        yield from splits(tree[2])
        yield from splits(tree[3])


def random_rows(trees: list[Any], count: int) -> list[list[float]]:
    """Rows on both sides of every threshold, and on some of them."""
    chance, thresholds = random.Random(7), {number: [0.0, 1.0] for number in range(len(NAMES))}
    for tree in trees:
        for feature, threshold in splits(tree):
            thresholds[feature] += [threshold, threshold - 1e-9, threshold + 1.0]
    return [[chance.choice(thresholds[number]) for number in range(len(NAMES))] for _ in range(count)]


@pytest.fixture
def plant(monkeypatch):
    """Put other trees in the place of the shipped model, for one test."""
    planted = []

    def put(trees: list[Any], stages: Sequence[Sequence[float]] = ()) -> None:
        made = {"features": NAMES, "stages": stages, "trees": trees}
        monkeypatch.setattr(model, "_model", lambda first: made)
        model._stages.cache_clear()
        model._tree_nodes.cache_clear()
        planted.append(made)

    yield put
    assert planted
    monkeypatch.undo()
    model._stages.cache_clear()
    model._tree_nodes.cache_clear()


@both
def test_shipped_model_is_well_formed(first):
    """It has our features, its splits name them, its numbers are numbers, its stages are in order."""
    made = grown(first)
    assert tuple(made["features"]) == NAMES
    for tree in made["trees"]:
        assert all(math.isfinite(leaf) for leaf in leaves(tree))
        for feature, threshold in splits(tree):
            assert 0 <= feature < len(NAMES)
            assert math.isfinite(threshold)
    counts = [count for count, _, _ in made["stages"]]
    assert counts == sorted(set(counts))
    assert all(0 < count < len(made["trees"]) for count in counts)
    assert all(low < 0 < high for _, low, high in made["stages"])


def test_model_for_other_features_is_refused(tmp_path, monkeypatch):
    """The error says what to run: nothing is scored by numbers that mean something else."""
    made = {**grown(), "features": [*NAMES[1:], NAMES[0]]}
    (tmp_path / "model.json").write_text(json.dumps(made), encoding="utf-8")
    monkeypatch.setattr(model, "FILE", tmp_path / "model.json")
    with pytest.raises(ValueError, match=r"model\.json was made for other features: run benchmarks/learn\.py"):
        model._model.__wrapped__()


@pytest.mark.parametrize("trees", [HAND, HAND[:1], HAND[2:], []], ids=["three", "one", "a leaf", "none"])
def test_compiled_function_is_the_sum_of_the_leaves(trees):
    """On either side of every threshold and on it."""
    total = model._compiled(trees)
    for row in random_rows(trees, 200):
        assert total(row) == sum(walked(tree, row) for tree in trees)


@both
def test_compiled_model_agrees_with_its_file(first):
    """What Python is made of it says what its file says."""
    trees = grown(first)["trees"]
    total = model._compiled(trees)
    for row in random_rows(trees, 40):
        assert total(row) == pytest.approx(sum(walked(tree, row) for tree in trees), abs=1e-9)


def test_value_that_is_no_number_is_not_compiled():
    """A model file is data: nothing else in it is run."""
    for tree in ("print(1)", [0, "1 or print(1)", 0.0, 1.0], ["__import__", 0.0, 0.0, 1.0]):
        with pytest.raises(ValueError, match=r"could not convert|invalid literal"):
            model._compiled([tree])


@both
def test_stage_decides_only_rows_beyond_its_bounds(first):
    """Sum all trees for a row that no stage decides. One that a stage decides is no unsure one."""
    made, score_of = grown(first), model.first_score if first else model.score
    trees, stages = made["trees"], made["stages"]
    decided = 0
    for row in random_rows(trees, 300):
        score, whole = score_of(row), sum(walked(tree, row) for tree in trees)
        sums = [(sum(walked(tree, row) for tree in trees[:count]), low, high) for count, low, high in stages]
        clear = next((part for part, low, high in sums if part < low or part > high), None)
        decided += clear is not None
        assert clear is None or abs(clear) > UNSURE_SCORE
        assert score == pytest.approx(whole if clear is None else clear, abs=1e-9)
        if clear is None and abs(whole) > 1e-9:
            assert (score > 0) == (whole > 0)
    assert decided or not stages


def test_process_that_is_warmed_up_walks_no_trees(plant, monkeypatch):
    """Neither of the model that reads every page, nor of the one for the pages that trafilatura reads too."""
    plant(HAND)
    model.warm_up()
    monkeypatch.delattr(model, "_walked")
    row = [0.0] * len(NAMES)
    assert model.score(row) == model.first_score(row) == sum(walked(tree, row) for tree in HAND)


def test_stage_that_decides_ends_the_scoring(plant):
    """The trees after it are run only within its bounds."""
    plant([[0, 0.5, -3.0, 1.0], 10.0], [(1, -2.0, 2.0)])
    blank = [0.0] * len(NAMES)
    assert model.score(blank) == -3.0
    assert model.score([1.0, *blank[1:]]) == 11.0
    plant([[0, 0.5, -2.0, 2.0], 10.0], [(1, -2.0, 2.0)])
    assert [model.score(blank), model.score([1.0, *blank[1:]])] == [8.0, 12.0]


def test_contributions_add_up_to_the_score(plant):
    """All features together bring the score, less the score that a row has on average over the leaves."""
    plant(HAND)
    mean = sum(sum(leaves(tree)) / len([*leaves(tree)]) for tree in HAND)
    for row in random_rows(HAND, 50):
        found = model.contributions(row, count=len(NAMES))
        assert sum(value for _, value in found) == pytest.approx(model.score(row) - mean)
        assert {name for name, _ in found} <= {NAMES[feature] for tree in HAND for feature, _ in splits(tree)}


@both
def test_contributions_of_the_shipped_model_add_up_and_are_ranked(first):
    """Only features that some tree splits on are named; the largest comes first; as many as were asked for."""
    trees = grown(first)["trees"]
    mean = sum(sum(leaves(tree)) / len([*leaves(tree)]) for tree in trees)
    asked = {NAMES[feature] for tree in trees for feature, _ in splits(tree)}
    for row in random_rows(trees, 20):
        found = model.contributions(row, count=len(NAMES), first=first)
        whole = sum(walked(tree, row) for tree in trees)
        assert sum(value for _, value in found) == pytest.approx(whole - mean, abs=1e-6)
        assert {name for name, _ in found} <= asked
        assert [abs(value) for _, value in found] == sorted((abs(value) for _, value in found), reverse=True)
        assert model.contributions(row, first=first) == found[:3]


def test_contribution_is_credited_to_the_feature_of_the_split(plant):
    """With one split: the way from the mean of both leaves to the one taken."""
    plant([[5, 0.5, -1.0, 3.0]])
    row = [0.0] * len(NAMES)
    assert model.contributions(row) == [(NAMES[5], -2.0)]
    row[5] = 1.0
    assert model.contributions(row) == [(NAMES[5], 2.0)]

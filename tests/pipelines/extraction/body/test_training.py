"""Labels and weights follow from the ground truth; what is written is what was grown.

No trees are grown here, and no page with ground truth is needed.
"""

from __future__ import annotations

import json

import pytest

from pipelines.extraction.body import model, training
from pipelines.extraction.body.features import NAMES

LONG = "The council met on Monday and agreed to mend the old bridge, number {}."
STORY = [LONG.format(number) for number in range(5)]


LABELS = {
    "what the reference holds is text": (STORY, STORY, [1] * 5),
    "what it does not hold is none": (
        [*STORY, "Ferry leaves by the tide and not the clock"],
        STORY,
        [1, 1, 1, 1, 1, 0],
    ),
    "blocks that the reference joins": (STORY, [" ".join(STORY)], [1] * 5),
    "composed or not, a letter is one": (["Die Bru\u0308cke ist zu."], ["Die Br\u00fccke ist zu."], [1]),
    "a short line of the reference among its text": ([*STORY, "Cost"], [*STORY, "Cost"], [1] * 6),
    "a short line far from the text is not learned from": (
        [*STORY, *["Ferry leaves by the tide and not the clock"] * 9, "Cost"],
        [*STORY, "Cost"],
        [1] * 5 + [0] * 9 + [None],
    ),
    "signs are no text": (["* * *", *STORY], STORY, [0, 1, 1, 1, 1, 1]),
}  # fmt: skip


@pytest.mark.parametrize(("texts", "reference", "labels"), LABELS.values(), ids=LABELS)
def test_block_is_labelled_by_the_reference(texts, reference, labels):
    """1: it is in the reference, 0: it is not, None: it cannot be said."""
    assert training.labels_by_reference(texts, "\n".join(reference)) == labels


def test_repeated_block_is_text_only_among_the_text():
    """The reference holds it once: the copy among the text is learned from, the one in the teaser is not."""
    texts = [STORY[2], *["Ferry leaves by the tide and not the clock"] * 5, *STORY]
    assert training.labels_by_reference(texts, "\n".join(STORY)) == [None, *[0] * 5, *[1] * 5]


def test_block_without_a_snippet_gets_no_label():
    """Where only pieces of the text are known, only blocks that hold one are learned from."""
    texts = [*STORY, "Ferry leaves by the tide"]
    labels = training.labels_by_snippets(texts, ["old  bridge, number 3"], ["by the tide"])
    assert labels == [None, None, None, 1, None, 0]
    assert training.labels_by_snippets(texts, [], []) == [None] * 6


def page(texts, labels, rows=(), whole=True):
    return training.TrainingPage("paper.example", texts, rows or [[0.0]] * len(texts), labels, whole)


def test_domains_are_spread_over_all_folds():
    """A domain has one fold, or a model would be scored on papers that it knows."""
    assert training.fold_of("paper.example") == training.fold_of("paper.example")
    folds = {training.fold_of(f"paper{number}.example") for number in range(99)}
    assert folds == set(range(training.FOLDS))


def test_pages_of_any_length_weigh_the_same():
    """The text of a long page weighs what that of a longer one does; a page with snippets only weighs less."""
    one, two = (sum(page(STORY * times, [1] * 5 * times).weights()) for times in (4, 8))
    assert one == pytest.approx(two)
    snippets = page(STORY * 4, [1] * 20, whole=False)
    assert sum(snippets.weights()) == pytest.approx(one * training.SNIPPETS_WEIGHT)


LEAF = [{"leaf_value": value} for value in (0.5, -0.25, 0.123456)]
DUMP = {
    "split_feature": 3, "threshold": 1.00000018e-35, "decision_type": "<=", "left_child": LEAF[0],
    "right_child": {
        "split_feature": 0, "threshold": 80.5, "decision_type": "<=", "left_child": LEAF[1], "right_child": LEAF[2],
    },
}  # fmt: skip


class Booster:
    """Act as a booster of LightGBM with two trees, of which the second is a leaf."""

    def dump_model(self):
        return {"tree_info": [{"tree_structure": DUMP}, {"tree_structure": {"leaf_value": -0.2}}]}

    def predict(self, rows, raw_score, num_iteration=None):
        import numpy

        assert raw_score
        first = [0.5 if row[3] <= 1e-35 else -0.25 if row[0] <= 80.5 else 0.1235 for row in rows]
        return numpy.array(first) - (0 if num_iteration else 0.2)


def test_tree_keeps_its_splits():
    """A node is feature, threshold, below, above; numbers are rounded, never to the other side of zero."""
    assert training.tree_of(DUMP) == [3, 1e-35, 0.5, [0, 80.5, -0.25, 0.1235]]


def test_written_model_scores_what_the_booster_predicts(tmp_path, monkeypatch):
    """The file is valid JSON for these features, one tree a line."""
    pytest.importorskip("numpy", reason="pip install -e '.[learn]'")
    rows = [[*row, *[0.0] * (len(NAMES) - 4)] for row in ([0.0] * 4, [9.0, 0, 0, 1.0], [99.0, 0, 0, 1.0])]
    training.write(Booster(), [page(STORY[:3], [1, 0, 0], rows)], tmp_path / "model.json", stages=(1,))
    written = json.loads((tmp_path / "model.json").read_text(encoding="utf-8"))
    # After the first tree, 0.1235 was not yet clear: it fell below 0 in the end. -0.25 was, as was 0.5.
    assert written["stages"] == [[1, -training.STAGE_MARGIN, round(0.1235 + training.STAGE_MARGIN, 2)]]
    assert len((tmp_path / "model.json").read_text(encoding="utf-8").splitlines()) == 3 + 2 + 1
    monkeypatch.setattr(model, "FILE", tmp_path / "model.json")
    made = model._model.__wrapped__()
    assert [model._compiled(made["trees"])(row) for row in rows] == pytest.approx([0.3, -0.45, -0.0765])

"""Laws of growing the forest: what a block is called follows from the ground truth; what is written is what was grown.

No trees are grown here, and no page with ground truth is needed.
"""

from __future__ import annotations

import json
import re
import sys
from types import SimpleNamespace
from unicodedata import normalize

import pytest

from pipelines.extraction.body import model
from pipelines.extraction.body.features import NAMES
from tests.support.command import ROOT

SCORE = SimpleNamespace(TOK=re.compile(r"\w+"), nfc=lambda text: normalize("NFC", text))
LONG = "The council met on Monday and agreed to mend the old bridge, number {}."
STORY = [LONG.format(number) for number in range(5)]


@pytest.fixture(scope="module")
def learn():
    """benchmarks/learn.py, as it is when it is run: its folder is on the path."""
    before = [*sys.path]
    sys.path.insert(0, str(ROOT / "benchmarks"))
    import learn

    yield learn
    sys.path[:] = before


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
def test_a_label_follows_from_the_reference(learn, texts, reference, labels):
    """1: in it, 0: not in it, None: nobody can say."""
    assert learn.of_reference(texts, "\n".join(reference), SCORE) == labels


def test_of_a_block_that_is_there_twice_one_is_the_text(learn):
    """The reference holds it once: the copy among the text is learned from, the one in the teaser is not."""
    texts = [STORY[2], *["Ferry leaves by the tide and not the clock"] * 5, *STORY]
    assert learn.of_reference(texts, "\n".join(STORY), SCORE) == [None, *[0] * 5, *[1] * 5]


def test_snippets_say_yes_and_no_and_mostly_nothing(learn):
    """Where only pieces are known, only blocks that hold one are learned from."""
    expected = {"must": ["old  bridge, number 3"], "must_not": ["by the tide"]}
    texts = [*STORY, "Ferry leaves by the tide"]
    assert learn.of_snippets(texts, expected) == [None, None, None, 1, None, 0]
    assert learn.of_snippets(texts, {}) == [None] * 6


def page(learn, texts, labels, rows=(), domain="paper.example", body="known"):
    return learn.Page({"domain": domain, "expected": {"body": body}}, texts, rows or [[0.0]] * len(texts), labels)


def test_all_pages_of_a_domain_are_in_one_fold(learn):
    """Else a forest would be scored on papers that it knows."""
    first, second = ({"domain": "paper.example", "id": number} for number in range(2))
    assert learn.fold_of(first) == learn.fold_of(second)
    folds = {learn.fold_of({"domain": f"paper{number}.example"}) for number in range(99)}
    assert folds == set(range(learn.FOLDS))


def test_every_page_weighs_the_same(learn):
    """The text of a long page weighs what that of a longer one does; one with snippets only weighs less."""
    one, two = (sum(page(learn, STORY * times, [1] * 5 * times).weights()) for times in (4, 8))
    assert one == pytest.approx(two)
    assert sum(page(learn, STORY * 4, [1] * 20, body=None).weights()) == pytest.approx(one * learn.SNIPPETS)


LEAF = [{"leaf_value": value} for value in (0.5, -0.25, 0.123456)]
DUMP = {
    "split_feature": 3, "threshold": 1.00000018e-35, "decision_type": "<=", "left_child": LEAF[0],
    "right_child": {
        "split_feature": 0, "threshold": 80.5, "decision_type": "<=", "left_child": LEAF[1], "right_child": LEAF[2],
    },
}  # fmt: skip


class Booster:
    """What LightGBM hands back, as far as we ask it: two trees, of which the second is a leaf."""

    def dump_model(self):
        return {"tree_info": [{"tree_structure": DUMP}, {"tree_structure": {"leaf_value": -0.2}}]}

    def predict(self, rows, raw_score, num_iteration=None):
        import numpy

        assert raw_score
        first = [0.5 if row[3] <= 1e-35 else -0.25 if row[0] <= 80.5 else 0.1235 for row in rows]
        return numpy.array(first) - (0 if num_iteration else 0.2)


def test_a_tree_is_written_as_it_was_grown(learn):
    """Feature, threshold, below, above; numbers rounded, never to the other side of zero."""
    assert learn.as_tree(DUMP) == [3, 1e-35, 0.5, [0, 80.5, -0.25, 0.1235]]


def test_what_is_written_can_be_read(learn, tmp_path, monkeypatch):
    """The file is valid JSON for these features, one tree a line, and weighs what the booster predicts."""
    pytest.importorskip("numpy", reason="pip install -e '.[learn]'")
    monkeypatch.setattr(learn, "STAGES", (1,))
    rows = [[*row, *[0.0] * (len(NAMES) - 4)] for row in ([0.0] * 4, [9.0, 0, 0, 1.0], [99.0, 0, 0, 1.0])]
    learn.write(Booster(), [page(learn, STORY[:3], [1, 0, 0], rows)], tmp_path / "model.json")
    written = json.loads((tmp_path / "model.json").read_text(encoding="utf-8"))
    # After the first tree, 0.1235 was not yet clear: it fell below 0 in the end. -0.25 was, as was 0.5.
    assert written["stages"] == [[1, -learn.MARGIN, round(0.1235 + learn.MARGIN, 2)]]
    assert len((tmp_path / "model.json").read_text(encoding="utf-8").splitlines()) == 3 + 2 + 1
    monkeypatch.setattr(model, "FILE", tmp_path / "model.json")
    made = model._model.__wrapped__()
    assert [model._compiled(made["trees"])(row) for row in rows] == pytest.approx([0.3, -0.45, -0.0765])

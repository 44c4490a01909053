"""Train the classifier: label the blocks of pages with known text, weight them, and write grown trees as `model.json`.

No page is read with this module. benchmarks/learn.py uses it to grow `model.json`; it is here because it writes the
file that `model` reads. A label is 1 (text), 0 (not text) or None (not learned from). Each page weighs the same, each
block by its length.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unicodedata import normalize

from pipelines.extraction.body.classifier import block_weight
from pipelines.extraction.body.features import NAMES

Label = int | None

FOLDS = 5
STAGES = (50, 110)  # trees after which a clear block is decided
STAGE_MARGIN = 0.2  # log-odds beyond the farthest block that changed sides after the stage
RUN_WORDS = 4  # length of the word runs in which a block and the reference are compared
MIN_SHARED_RUNS = 0.6  # share of a block's word runs that the reference must hold
LONG_BLOCK_WORDS = 12  # from this length on, a block far from the rest of the text may still be text
NEIGHBOUR_BLOCKS = 3  # blocks within which a very short line must have text beside it
FAR_BLOCKS = 10  # blocks within which a short one must have text beside it
SNIPPETS_WEIGHT = 0.5  # weight of a page of which only snippets are known
MIN_PAGE_WEIGHT = 500


@dataclass(slots=True)
class TrainingPage:
    """Hold the blocks of one page as they are learned from."""

    domain: str
    texts: list[str]
    rows: Any  # features, a row for each block
    labels: list[Label]
    whole: bool = True  # the whole text is known, not only snippets of it

    def weights(self) -> list[float]:
        """Return a weight for each block, by its length, so that all pages weigh the same."""
        sizes = [block_weight(len(text)) for text in self.texts]
        text = sum(size for size, label in zip(sizes, self.labels, strict=True) if label) or sum(sizes)
        share = (1.0 if self.whole else SNIPPETS_WEIGHT) / max(text, MIN_PAGE_WEIGHT)
        return [size * share for size in sizes]


def fold_of(domain: str) -> int:
    """Return the number of the fold of a domain, below FOLDS: all pages of a domain are in the same one."""
    return int(hashlib.md5(domain.encode(), usedforsecurity=False).hexdigest(), 16) % FOLDS


def words_of(text: str) -> list[str]:
    """Return the words of a text in Unicode's composed form (NFC)."""
    return re.findall(r"\w+", normalize("NFC", text))


def labels_by_reference(texts: Sequence[str], reference: str) -> list[Label]:
    """Label blocks by the reference text of their page.

    Of equal blocks that the reference holds less often than the page, only the one with most text around it is text;
    the others are not learned from. The same goes for a short block far from the text.
    """
    whole = words_of(reference)
    runs = {tuple(whole[at : at + RUN_WORDS]) for at in range(len(whole) - RUN_WORDS + 1)}
    lines = {" ".join(words_of(line)) for line in reference.split("\n")}
    joined = f" {' '.join(whole)} "
    words = [words_of(text) for text in texts]
    labels: list[Label] = [
        int(len(block) >= RUN_WORDS and share_of(block, runs) >= MIN_SHARED_RUNS) if block else 0 for block in words
    ]

    def text_around(index: int, far: int) -> int:
        return sum(
            bool(labels[at]) for at in range(max(0, index - far), min(len(texts), index + far + 1)) if at != index
        )

    twins: dict[str, list[int]] = {}
    for index, label in enumerate(labels):
        if label:
            twins.setdefault(" ".join(words[index]), []).append(index)
    for key, places in twins.items():
        if len(places) > 1 and joined.count(f" {key} ") < len(places):
            best = max(places, key=lambda index: (text_around(index, NEIGHBOUR_BLOCKS), -index))
            for index in places:
                labels[index] = 1 if index == best else None
    text = [index for index, label in enumerate(labels) if label]
    for index in text:
        short = len(words[index]) < LONG_BLOCK_WORDS
        if len(text) > NEIGHBOUR_BLOCKS and short and not text_around(index, FAR_BLOCKS):
            labels[index] = None
    long = [bool(label) for label in labels]
    for index, block in enumerate(words):
        if 0 < len(block) < RUN_WORDS:
            key = " ".join(block)
            near = any(long[max(0, index - NEIGHBOUR_BLOCKS) : index + NEIGHBOUR_BLOCKS + 1])
            if near and (key in lines or (len(block) > 1 and f" {key} " in joined)):
                labels[index] = 1
            elif key in lines:
                labels[index] = None
    return labels


def share_of(words: Sequence[str], runs: set[tuple[str, ...]]) -> float:
    """Return the share of a block's word runs that the reference has too. The block has at least one run."""
    starts = range(len(words) - RUN_WORDS + 1)
    return sum(tuple(words[at : at + RUN_WORDS]) in runs for at in starts) / len(starts)


def labels_by_snippets(texts: Sequence[str], must: Sequence[str], must_not: Sequence[str]) -> list[Label]:
    """Label blocks where only pieces are known that must and must not be in the text; most blocks get no label."""
    wanted, unwanted = ([" ".join(piece.split()) for piece in pieces] for pieces in (must, must_not))
    return [
        1 if any(piece in text for piece in wanted) else 0 if any(piece in text for piece in unwanted) else None
        for text in texts
    ]


def tree_of(node: dict[str, Any]) -> Any:
    """Return a node of LightGBM's dump in the form of `model.json`."""
    if "leaf_value" in node:
        return float(f"{node['leaf_value']:.4g}")
    assert node["decision_type"] == "<="
    return [
        node["split_feature"],
        float(f"{node['threshold']:.6g}"),
        tree_of(node["left_child"]),
        tree_of(node["right_child"]),
    ]


def write(booster: Any, pages: Sequence[TrainingPage], path: Path, stages: Sequence[int] = STAGES) -> Path:
    """Write a LightGBM booster, grown on `pages`, as a `model.json` with one tree a line; return its path."""
    bounds = [[stage, *stage_bounds(booster, pages, stage)] for stage in stages]
    trees = [tree_of(tree["tree_structure"]) for tree in booster.dump_model()["tree_info"]]
    lines = ",\n".join(json.dumps(tree, separators=(",", ":")) for tree in trees)
    head = f'{{"features": {json.dumps(NAMES, ensure_ascii=False)},\n"stages": {json.dumps(bounds)},\n"trees": [\n'
    path.write_text(f"{head}{lines}\n]}}\n", encoding="utf-8")
    return path


def stage_bounds(booster: Any, pages: Sequence[TrainingPage], stage: int) -> tuple[float, float]:
    """Return (low, high): the log-odds after that many trees beyond which no block of `pages` changed sides."""
    import numpy

    rows = numpy.concatenate([page.rows for page in pages])
    early = booster.predict(rows, raw_score=True, num_iteration=stage)
    kept = booster.predict(rows, raw_score=True) > 0
    low, high = early[kept].min(initial=0), early[~kept].max(initial=0)
    return round(float(low) - STAGE_MARGIN, 2), round(float(high) + STAGE_MARGIN, 2)

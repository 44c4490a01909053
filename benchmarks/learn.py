"""Grow pipelines/extraction/body/model.json: which blocks of a page are the article's text.

    python benchmarks/learn.py              # grow it anew from every page, write it
    python benchmarks/learn.py --check      # grow it five times, each time without a fifth of the domains; read those

What a block is called (1: text, 0: not, neither: not learned from) follows from the reference text of its page, or,
where only snippets are known, from those. Each page weighs the same, each block by its length. The rows come from the
same code that reads pages, so that what is learned is what is seen. Needs `pip install -e '.[learn]'`. Exit code 77
where the pages are not there (NEWSMORGUE_PAGES). The same pages, code and versions give the same file.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from common import ROOT
from quality_data import NEWS, DataFolder, Predictions, read_bytes

MODEL = ROOT / "pipelines" / "extraction" / "body" / "model.json"
FOLDS = 5
TREES, LEAVES, DEPTH, RATE = 250, 24, 6, 0.06
SETTINGS = {
    "objective": "binary", "num_leaves": LEAVES, "max_depth": DEPTH, "learning_rate": RATE,
    "feature_fraction": 0.5, "extra_trees": True, "min_data_in_leaf": 40, "lambda_l2": 5,
    "bagging_fraction": 0.8, "bagging_freq": 1, "seed": 1, "deterministic": True,
    "force_row_wise": True, "num_threads": 1, "verbose": -1,
}  # fmt: skip
STAGES = (50, 110)  # trees after which a clear block is decided
MARGIN = 0.2  # log-odds beyond the farthest block that came back
ALIKE = 0.6  # share of a block's four-word runs that the reference must hold
SHORT = 4  # words below which a block is looked for as a line of the reference
NEAR = 3  # blocks within which text must stand around so short a line
SNIPPETS = 0.5  # weight of a page of which only snippets are known


@dataclass(slots=True)
class Page:
    """One page as it is learned from."""

    record: dict[str, Any]
    texts: list[str]
    rows: Any  # features, a row a block
    labels: list[int | None]

    def weights(self) -> list[float]:
        """Of the blocks: by their length, so that all pages weigh the same."""
        sizes = [20 + min(len(text), 400) for text in self.texts]
        text = sum(size for size, label in zip(sizes, self.labels, strict=True) if label) or sum(sizes)
        share = (1.0 if self.record["expected"].get("body") else SNIPPETS) / max(text, 500)
        return [size * share for size in sizes]


def fold_of(record: dict[str, Any]) -> int:
    """The same for all pages of a domain."""
    return int(hashlib.md5(record["domain"].encode()).hexdigest(), 16) % FOLDS


def pages_of(data: DataFolder, records: Sequence[dict[str, Any]]) -> list[Page]:
    """What is learned from these pages, those without a block left out."""
    return [page for record in records if (page := look(record, read_bytes(data, record), data.score))]


def look(record: dict[str, Any], body: bytes, score: Any) -> Page | None:
    """The blocks of a page and their labels; None if nothing can be read there."""
    from pipelines.core import items
    from pipelines.extraction import extract
    from pipelines.extraction.body import classifier
    from pipelines.extraction.boilerplate import remove
    from pipelines.extraction.fields import metadata
    from pipelines.extraction.page import parse
    from pipelines.extraction.page.declared import gather

    page = items.Page(record["url"] or "", body, "text/html")
    try:
        tree = parse.parse(page)
    except parse.PageRefused:
        return None
    declared = gather(tree, page.url, datetime.now(UTC))
    fields = metadata.read(declared)
    extract.lighten(tree)
    remove.prune(tree)
    seen = extract.page_context(tree, declared, fields)
    wanted = classifier.blocks_to_score(seen)
    texts = [seen.blocks[index].text for index in wanted]
    expected = record["expected"]
    labels = of_reference(texts, expected["body"], score) if expected.get("body") else of_snippets(texts, expected)
    return Page(record, texts, seen.feature_rows(wanted), labels) if texts else None


def of_reference(texts: Sequence[str], reference: str, score: Any) -> list[int | None]:
    """Labels by a reference text. Blocks that it holds once and the page twice count where most text is around."""
    whole = score.TOK.findall(score.nfc(reference))
    runs = {tuple(whole[at : at + 4]) for at in range(len(whole) - 3)}
    lines = {" ".join(score.TOK.findall(line)) for line in score.nfc(reference).split("\n")}
    joined = f" {' '.join(whole)} "
    words = [score.TOK.findall(score.nfc(text)) for text in texts]
    labels: list[int | None] = [
        int(len(found) >= SHORT and share_of(found, runs) >= ALIKE) if found else 0 for found in words
    ]

    def around(index: int, far: int) -> int:
        return sum(
            bool(labels[at]) for at in range(max(0, index - far), min(len(texts), index + far + 1)) if at != index
        )

    twins: dict[str, list[int]] = {}
    for index, label in enumerate(labels):
        if label:
            twins.setdefault(" ".join(words[index]), []).append(index)
    for key, places in twins.items():
        if len(places) > 1 and joined.count(f" {key} ") < len(places):
            best = max(places, key=lambda index: (around(index, NEAR), -index))
            for index in places:
                labels[index] = 1 if index == best else None
    text = [index for index, label in enumerate(labels) if label]
    for index in text:  # a short echo far from the text
        if len(text) > NEAR and len(words[index]) < 12 and not around(index, 10):
            labels[index] = None
    long = [bool(label) for label in labels]
    for index, found in enumerate(words):
        if 0 < len(found) < SHORT:
            key = " ".join(found)
            near = any(long[max(0, index - NEAR) : index + NEAR + 1])
            if near and (key in lines or (len(found) > 1 and f" {key} " in joined)):
                labels[index] = 1
            elif key in lines:
                labels[index] = None
    return labels


def share_of(words: Sequence[str], runs: set[tuple[str, ...]]) -> float:
    """How many of its four-word runs a block has in common with the reference."""
    return sum(tuple(words[at : at + 4]) in runs for at in range(len(words) - 3)) / (len(words) - 3)


def of_snippets(texts: Sequence[str], expected: dict[str, Any]) -> list[int | None]:
    """Labels where only pieces are known that must and must not be in the text."""
    wanted, unwanted = ([" ".join(piece.split()) for piece in expected.get(key) or []] for key in ("must", "must_not"))
    return [
        1 if any(piece in text for piece in wanted) else 0 if any(piece in text for piece in unwanted) else None
        for text in texts
    ]


def grow(pages: Iterable[Page]) -> Any:
    """A booster."""
    import lightgbm
    import numpy

    rows, labels, weights = [], [], []
    for page in pages:
        for row, label, weight in zip(page.rows, page.labels, page.weights(), strict=True):
            if label is not None:
                rows.append(row)
                labels.append(label)
                weights.append(weight)
    data = lightgbm.Dataset(
        numpy.array(rows, dtype=numpy.float64),
        numpy.array(labels),
        weight=numpy.array(weights) * len(weights) / sum(weights),
    )
    return lightgbm.train(SETTINGS, data, TREES)


def as_tree(node: dict[str, Any]) -> Any:
    """A node of LightGBM's dump in the form of model.json."""
    if "leaf_value" in node:
        return float(f"{node['leaf_value']:.4g}")
    assert node["decision_type"] == "<="
    return [
        node["split_feature"],
        float(f"{node['threshold']:.6g}"),
        as_tree(node["left_child"]),
        as_tree(node["right_child"]),
    ]


def write(booster: Any, pages: Sequence[Page], path: Path) -> Path:
    """model.json, one tree a line, so that a change can be seen."""
    from pipelines.extraction.body.features import NAMES

    stages = [[stage, *clear(booster, pages, stage)] for stage in STAGES]
    trees = [as_tree(tree["tree_structure"]) for tree in booster.dump_model()["tree_info"]]
    lines = ",\n".join(json.dumps(tree, separators=(",", ":")) for tree in trees)
    head = f'{{"features": {json.dumps(NAMES, ensure_ascii=False)},\n"stages": {json.dumps(stages)},\n"trees": [\n'
    path.write_text(f"{head}{lines}\n]}}\n", encoding="utf-8")
    return path


def clear(booster: Any, pages: Sequence[Page], stage: int) -> tuple[float, float]:
    """(low, high): log-odds after that many trees beyond which no block changed sides."""
    import numpy

    rows = numpy.concatenate([page.rows for page in pages])
    early = booster.predict(rows, raw_score=True, num_iteration=stage)
    kept = booster.predict(rows, raw_score=True) > 0
    low, high = early[kept].min(initial=0), early[~kept].max(initial=0)
    return round(float(low) - MARGIN, 2), round(float(high) + MARGIN, 2)


def unseen(data: DataFolder, records: Sequence[dict[str, Any]]) -> Predictions:
    """Every page as `morgue extract` would read it with a forest that never saw a page of its domain."""
    from pipelines.extraction.body import model

    pages, found = pages_of(data, records), {}
    shipped = model.FILE
    with TemporaryDirectory() as folder:
        for fold in range(FOLDS):
            others = [page for page in pages if fold_of(page.record) != fold]
            model.use(write(grow(others), others, Path(folder) / f"{fold}.json"))
            found |= {row["id"]: prediction(data, row) for row in records if fold_of(row) == fold}
    model.use(shipped)
    return found


def prediction(data: DataFolder, record: dict[str, Any]) -> dict[str, Any]:
    """What is read of one page, as score.py wants it."""
    from pipelines.core import items
    from pipelines.extraction import extract

    outcome = extract.read(items.Page(record["url"] or "", read_bytes(data, record), "text/html"))
    if isinstance(outcome, items.NothingToRead):
        return {}
    return {
        "text": outcome.text, "title": outcome.title, "authors": list(outcome.authors),
        "date": outcome.published and outcome.published[:10], "language": outcome.language,
    }  # fmt: skip


def check(data: DataFolder, records: Sequence[dict[str, Any]]) -> None:
    """Print the figures of pages read with forests that never saw their domain."""
    rows = unseen(data, records)
    groups = {name: [row for row in records if data.set_of(row) == name] for name in data.names()}
    groups["news"] = [row for row in records if data.set_of(row) in NEWS]
    for name, group in groups.items():
        figures = data.score.score(group, rows, rouge=False)
        body, snippets = figures.get("body", {}).get("shingle4", {}), figures.get("snippets", {})
        print(f"{name:<18}", *(f"{key} {value:.4f}" for key, value in body.items()),
              f"snippets {snippets['f1']:.4f}" if snippets else "", f"leaks {figures['leak']['ANY']:.3f}")  # fmt: skip


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--check", action="store_true",
                         help="read domains not learned from, print their figures; write nothing")  # fmt: skip
    given = options.parse_args()
    data = DataFolder.found()
    records = [record for name in data.names() for record in data.records(name)]
    if given.check:
        check(data, records)
        return
    pages = pages_of(data, records)
    counts = Counter(label for page in pages for label in page.labels)
    print(f"{len(pages)} pages, {counts[1]:,} blocks of text, {counts[0]:,} others, {counts[None]:,} neither")
    write(grow(pages), pages, MODEL)
    print(f"wrote {MODEL.relative_to(ROOT)}, {MODEL.stat().st_size:,} bytes")


if __name__ == "__main__":
    sys.exit(main())

"""Train pipelines/extraction/body/model.json, the model that decides which blocks of a page are text of its article.

    python benchmarks/learn.py              # train on every page, and write the file
    python benchmarks/learn.py --check      # train five times, each time without a fifth of the domains; read those

pipelines/extraction/body/training.py labels and weights the blocks, and writes the file. The features come from the
same code that reads pages. Needs `pip install -e '.[learn]'`. Exit code 77 if there are no pages (NEWSMORGUE_PAGES).
The same pages, code and versions give the same file.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from common import ROOT
from quality_data import NEWS, DataFolder, Predictions, read_bytes

from pipelines.extraction.body.training import (
    FOLDS,
    TrainingPage,
    fold_of,
    labels_by_reference,
    labels_by_snippets,
    write,
)

MODEL = ROOT / "pipelines" / "extraction" / "body" / "model.json"
TREES, LEAVES, DEPTH, RATE = 250, 24, 6, 0.06
SETTINGS = {
    "objective": "binary", "num_leaves": LEAVES, "max_depth": DEPTH, "learning_rate": RATE,
    "feature_fraction": 0.5, "extra_trees": True, "min_data_in_leaf": 40, "lambda_l2": 5,
    "bagging_fraction": 0.8, "bagging_freq": 1, "seed": 1, "deterministic": True,
    "force_row_wise": True, "num_threads": 1, "verbose": -1,
}  # fmt: skip


def pages_of(data: DataFolder, records: Sequence[dict[str, Any]]) -> list[TrainingPage]:
    """Return the training pages of these records, without those that have no block."""
    return [page for record in records if (page := look(record, read_bytes(data, record)))]


def look(record: dict[str, Any], body: bytes) -> TrainingPage | None:
    """Return the blocks of a page and their labels; None if nothing can be read there."""
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
    context = extract.page_context(tree, declared, fields)
    scored = classifier.blocks_to_score(context)
    texts = [context.blocks[index].text for index in scored]
    expected = record["expected"]
    if reference := expected.get("body"):
        labels = labels_by_reference(texts, reference)
    else:
        labels = labels_by_snippets(texts, expected.get("must") or [], expected.get("must_not") or [])
    return (
        TrainingPage(record["domain"], texts, context.feature_rows(scored), labels, bool(reference)) if texts else None
    )


def train(pages: Iterable[TrainingPage]) -> Any:
    """Return a LightGBM booster."""
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


def unseen(data: DataFolder, records: Sequence[dict[str, Any]]) -> Predictions:
    """Read every page as `morgue extract` would, with a model trained without the pages of its domain."""
    from pipelines.extraction.body import model

    pages, found = pages_of(data, records), {}
    shipped = model.FILE
    with TemporaryDirectory() as folder:
        for fold in range(FOLDS):
            others = [page for page in pages if fold_of(page.domain) != fold]
            model.use(write(train(others), others, Path(folder) / f"{fold}.json"))
            found |= {row["id"]: prediction(data, row) for row in records if fold_of(row["domain"]) == fold}
    model.use(shipped)
    return found


def prediction(data: DataFolder, record: dict[str, Any]) -> dict[str, Any]:
    """Return what is read from one page, in the form that score.py takes."""
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
    """Print the figures of pages read with models trained without their domain."""
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
                         help="read domains left out of the training, print their figures, write nothing")  # fmt: skip
    given = options.parse_args()
    data = DataFolder.found()
    records = [record for name in data.names() for record in data.records(name)]
    if given.check:
        check(data, records)
        return
    pages = pages_of(data, records)
    counts = Counter(label for page in pages for label in page.labels)
    print(f"{len(pages)} pages, {counts[1]:,} blocks of text, {counts[0]:,} others, {counts[None]:,} neither")
    write(train(pages), pages, MODEL)
    print(f"wrote {MODEL.relative_to(ROOT)}, {MODEL.stat().st_size:,} bytes")


if __name__ == "__main__":
    sys.exit(main())

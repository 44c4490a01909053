"""Train the two models in pipelines/extraction/body that decide which blocks of a page are text of its article.

    python benchmarks/learn.py              # train on every page, and write model.json and first_model.json
    python benchmarks/learn.py --first      # write only first_model.json, that of pages which trafilatura has not read
    python benchmarks/learn.py --check      # train five times, each time without a fifth of the domains; read those

pipelines/extraction/body/training.py labels and weights the blocks, and writes the files. The features come from the
same code that reads pages. Needs `pip install -e '.[learn]'`. Exit code 77 if there are no pages (NEWSMORGUE_PAGES).
The same pages, code and versions give the same files.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from pipelines.extraction.body.features import PageContext

MODEL = ROOT / "pipelines" / "extraction" / "body" / "model.json"
FIRST_MODEL = MODEL.with_name("first_model.json")
FIRST_STAGES = (40, 90, 150)  # trees of the first model after which a clear block is decided
TREES, RATE = 250, 0.06
SHAPE = {"num_leaves": 24, "max_depth": 6}
FIRST_SHAPE = {"num_leaves": 40, "max_depth": 7}  # of the first model
SETTINGS = {
    "objective": "binary", "learning_rate": RATE,
    "feature_fraction": 0.5, "extra_trees": True, "min_data_in_leaf": 40, "lambda_l2": 5,
    "bagging_fraction": 0.8, "bagging_freq": 1, "seed": 1, "deterministic": True,
    "force_row_wise": True, "num_threads": 1, "verbose": -1,
}  # fmt: skip


def pages_of(data: DataFolder, records: Sequence[dict[str, Any]]) -> tuple[list[TrainingPage], list[TrainingPage]]:
    """Return the training pages of these records that have blocks, for the first model and for the second."""
    found = [pair for record in records if (pair := look(record, read_bytes(data, record)))]
    return [first for first, _ in found], [second for _, second in found]


def look(record: dict[str, Any], body: bytes) -> tuple[TrainingPage, TrainingPage] | None:
    """Return a page as the first model sees it, and as the second does; None if nothing can be read there."""
    from pipelines.core import items
    from pipelines.extraction import extract
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
    first = extract.page_context(tree, declared, fields)
    found = training_page(record, first), training_page(record, extract.with_second_reading(first, tree))
    return found if all(one.texts for one in found) else None


def training_page(record: dict[str, Any], context: PageContext) -> TrainingPage:
    """Return the blocks of a page and their labels."""
    from pipelines.extraction.body import classifier

    scored = classifier.blocks_to_score(context)
    texts = [context.blocks[index].text for index in scored]
    expected = record["expected"]
    if reference := expected.get("body"):
        labels = labels_by_reference(texts, reference)
    else:
        labels = labels_by_snippets(texts, expected.get("must") or [], expected.get("must_not") or [])
    return TrainingPage(record["domain"], texts, context.feature_rows(scored), labels, bool(reference))


def train(pages: Iterable[TrainingPage], shape: dict[str, int]) -> Any:
    """Return a LightGBM booster. `shape`: of its trees."""
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
    return lightgbm.train(SETTINGS | shape, data, TREES)


def unseen(data: DataFolder, records: Sequence[dict[str, Any]]) -> Predictions:
    """Read every page as `morgue extract` would, with a model trained without the pages of its domain."""
    from pipelines.extraction.body import model

    (first, second), found = pages_of(data, records), {}
    shipped = model.FILE, model.FIRST_FILE
    with TemporaryDirectory() as name:
        for fold in range(FOLDS):
            folder = Path(name) / str(fold)
            folder.mkdir()
            write_second([page for page in second if fold_of(page.domain) != fold], folder / MODEL.name)
            write_first([page for page in first if fold_of(page.domain) != fold], folder / FIRST_MODEL.name)
            model.use(folder / MODEL.name, folder / FIRST_MODEL.name)
            found |= {row["id"]: prediction(data, row) for row in records if fold_of(row["domain"]) == fold}
    model.use(*shipped)
    return found


def write_second(pages: Sequence[TrainingPage], path: Path) -> None:
    """Write the model that judges what trafilatura has read, trained on `pages`."""
    write(train(pages, SHAPE), pages, path)


def write_first(pages: Sequence[TrainingPage], path: Path) -> None:
    """Write the model that judges pages before trafilatura has read them, trained on `pages`."""
    write(train(pages, FIRST_SHAPE), pages, path, FIRST_STAGES)


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
    options.add_argument("--first", action="store_true", help="write only first_model.json")
    given = options.parse_args()
    data = DataFolder.found()
    records = [record for name in data.names() for record in data.records(name)]
    if given.check:
        check(data, records)
        return
    first, second = pages_of(data, records)
    files = [(FIRST_MODEL, first, write_first)] + ([] if given.first else [(MODEL, second, write_second)])
    for path, pages, write_model in files:
        counts = Counter(label for page in pages for label in page.labels)
        print(f"{len(pages)} pages, {counts[1]:,} blocks of text, {counts[0]:,} others, {counts[None]:,} neither")
        write_model(pages, path)
        print(f"wrote {path.relative_to(ROOT)}, {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    sys.exit(main())

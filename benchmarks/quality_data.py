"""Provide pages with ground truth, the two readers, and the figures of score.py for both. Used by quality.py."""

from __future__ import annotations

import gzip
import importlib.util
import io
import json
import os
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import comment_leaks
from common import ROOT, skip

sys.path.insert(0, str(ROOT))  # the pipelines of this checkout, not an installed version

PAGES = Path(os.environ.get("NEWSMORGUE_PAGES") or ROOT.parent / "shared" / "extraction")
NEWS = {"zyte", "fundus_eval", "fundus_tests"}  # sets of news only, with the whole body known

Predictions = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class SetFigures:
    """Hold the figures of some pages as score.py gives them, for plain trafilatura and for us."""

    pages: int
    theirs: dict[str, Any]
    ours: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Timing:
    """Hold the CPU seconds of both readers for each page, summed over the rounds."""

    theirs: tuple[float, ...]
    ours: tuple[float, ...]
    rounds: int

    @property
    def of_sums(self) -> float:
        return sum(self.ours) / sum(self.theirs)

    @property
    def of_medians(self) -> float:
        return statistics.median(self.ours) / statistics.median(self.theirs)

    def milliseconds(self, times: Sequence[float]) -> tuple[float, float]:
        """Return (mean, median) of one reading, in milliseconds."""
        return 1000 * statistics.fmean(times) / self.rounds, 1000 * statistics.median(times) / self.rounds


@dataclass(frozen=True, slots=True)
class Comparison:
    """Hold the results of a run."""

    sets: dict[str, SetFigures]
    news: SetFigures | None  # the sets of NEWS as one
    halves: dict[str, SetFigures]  # the same by `domain_split`
    unseen: dict[str, dict[str, Any]]  # figures of score.py for us, with models trained without the domain
    pages: list[dict[str, Any]]  # one row for each page whose body is known: id, and the figures of both
    timing: Timing | None


@dataclass(frozen=True, slots=True)
class DataFolder:
    """Hold the folder of `SET/dev.jsonl`, the pages that these list, and score.py."""

    folder: Path
    score: Any  # score.py as a module
    comments: dict[str, list[str]] = field(default_factory=dict)  # of each page by id, once they were looked for

    @classmethod
    def found(cls, folder: Path = PAGES) -> DataFolder:
        """Return the folder that NEWSMORGUE_PAGES names; end the program with exit code 77 if there is none."""
        if not (folder / "score.py").exists() or not list(folder.glob("*/dev.jsonl")):
            skip(f"no pages with ground truth in {os.environ.get('NEWSMORGUE_PAGES') or '../shared/extraction'} "
                 "(SET/dev.jsonl and score.py; see benchmarks/README.md)")  # fmt: skip
        return cls(folder, load_score(folder))

    def names(self) -> list[str]:
        return sorted(path.parent.name for path in self.folder.glob("*/dev.jsonl"))

    def records(self, name: str) -> list[dict[str, Any]]:
        with (self.folder / name / "dev.jsonl").open(encoding="utf-8") as lines:
            return [json.loads(line) for line in lines]

    @staticmethod
    def set_of(record: dict[str, Any]) -> str:
        return record["html"].split("/")[0]

    def both(self, records: list[dict[str, Any]], theirs: Predictions, ours: Predictions) -> SetFigures:
        """Return the figures of both readers over `records`."""
        figures = [self.score.score(records, rows, rouge=False) for rows in (theirs, ours)]
        known = [row for row in records if row["expected"].get("body")]
        for rows, found in zip((theirs, ours), figures, strict=True):
            pages = sum(bool(self.leaked_comments(row, rows.get(row["id"]) or {})) for row in known)
            if known:
                found["comments"] = {"n": len(known), "pages": pages, "share": pages / len(known)}
        return SetFigures(len(records), *figures)

    def leaked_comments(self, record: dict[str, Any], row: dict[str, Any]) -> list[str]:
        """Return the lines of a text that are readers' comments, judging by the structure of the page."""
        if record["id"] not in self.comments:
            from pipelines.core.items import Page

            page = Page(record["url"] or "", read_bytes(self, record), "text/html")
            self.comments[record["id"]] = comment_leaks.comments_on(page)
        return comment_leaks.leaked(row.get("text") or "", record["expected"]["body"], self.comments[record["id"]])

    def per_page(self, records: list[dict[str, Any]], theirs: Predictions, ours: Predictions) -> list[dict[str, Any]]:
        """Return a row for each page whose body is known, the worst first."""
        figures = []
        for rows in (theirs, ours):
            out = io.StringIO()
            self.score.score(records, rows, rouge=False, per_page=out)
            figures.append({row["id"]: row for row in map(json.loads, out.getvalue().splitlines())})
        pages = [
            {"id": name, "theirs": figures[0][name], "ours": row}
            for name, row in figures[1].items()
            if "shingle_f1" in row
        ]
        return sorted(pages, key=lambda page: page["ours"]["shingle_f1"])


def load_score(folder: Path) -> Any:
    """Return score.py of that folder, as a module."""
    spec = importlib.util.spec_from_file_location("newsmorgue_score", folder / "score.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def pages_of(records: list[dict[str, Any]], sets: set[str]) -> list[dict[str, Any]]:
    return [row for row in records if DataFolder.set_of(row) in sets]


def read_bytes(data: DataFolder, record: dict[str, Any]) -> bytes:
    return gzip.decompress((data.folder / record["html"]).read_bytes())


def plain_trafilatura(body: bytes, url: str | None) -> dict[str, Any]:
    """Return what trafilatura alone reads. Comments are switched off, which is fairer to it than its default."""
    import trafilatura

    document = trafilatura.bare_extraction(body, url=url, with_metadata=True, include_comments=False)
    if document is None:
        return {}
    return {
        "text": document.text,
        "title": document.title,
        "authors": document.author,  # "A; B", which score.py splits
        "date": document.date,
        "language": document.language,
    }


def time_both(data: DataFolder, records: list[dict[str, Any]], rounds: int) -> Timing:
    """Time both readers in this process, page by page, in turns. The second is the first in the next round.

    Bytes in, text and metadata out. trafilatura runs with its defaults, because it is slower with comments off.
    """
    import trafilatura

    from pipelines.core.items import Page
    from pipelines.extraction import extract
    from pipelines.extraction.entry import warm_up

    warm_up()
    theirs, ours = [0.0] * len(records), [0.0] * len(records)
    for turn in range(rounds):
        for at, record in enumerate(records):
            body, url = read_bytes(data, record), record["url"] or ""
            page = Page(url, body, "text/html")
            for mine in (True, False) if (at + turn) % 2 else (False, True):
                start = time.process_time()
                if mine:
                    extract.read(page)
                else:
                    trafilatura.bare_extraction(body, url=url or None, with_metadata=True)
                (ours if mine else theirs)[at] += time.process_time() - start
    return Timing(tuple(theirs), tuple(ours), rounds)

"""Measure how well pages are read, and at what cost, beside plain trafilatura on the same pages in the same run.

    python benchmarks/quality.py [--sets zyte,fundus_eval] [--domains dev|heldout] [--quick] [--no-write]

Reads every page of each set in NEWSMORGUE_PAGES with `morgue extract --manifest` (a process, as a user would) and with
trafilatura.bare_extraction(with_metadata=True, include_comments=False), scores both with that folder's own score.py,
measures the CPU time of both page by page in turns, reads everything again with models trained without the domain of
the page (see learn.py), and writes docs/quality.md. No archive is involved, and so no rules for single sites. Needs
`pip install -e '.[learn]'`. Exit code 77 if there are no pages.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

import common
import learn
import quality_report
from quality_data import (
    NEWS,
    Comparison,
    DataFolder,
    pages_of,
    plain_trafilatura,
    read_bytes,
    time_both,
)

QUICK_STEP = 5  # --quick takes every fifth page


def morgue_extract(data: DataFolder, records: list[dict], folder: Path) -> dict[str, dict]:
    """Return the rows of `morgue extract --manifest` over these pages, by id."""
    manifest, out = folder / "pages.jsonl", folder / "rows.jsonl"
    rows = [{"id": row["id"], "url": row["url"], "html": str(data.folder / row["html"])} for row in records]
    manifest.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    with out.open("wb") as file:
        command = [*common.morgue_command(), "extract", "--manifest", str(manifest)]
        done = subprocess.run(command, env=common.morgue_env(), stdout=file, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"morgue extract ended with {done.returncode}: {done.stderr.strip()[-500:]}")
    with out.open(encoding="utf-8") as lines:
        return {row["id"]: row for row in map(json.loads, lines)}


def compare(data: DataFolder, records: list[dict], folder: Path, rounds: int, unseen: bool) -> Comparison:
    """Run both readers over all records: figures of each set, of the news sets pooled, of each half of the domains."""
    ours = morgue_extract(data, records, folder)
    theirs = {row["id"]: plain_trafilatura(read_bytes(data, row), row["url"]) for row in records}
    names = dict.fromkeys(map(data.set_of, records))
    sets = {name: data.both(pages_of(records, {name}), theirs, ours) for name in names}
    news = pages_of(records, NEWS)
    halves = {}
    for half in ("dev", "heldout"):
        here = [row for row in news if row.get("domain_split") == half]
        if here:
            halves[half] = data.both(here, theirs, ours)
    timing = time_both(data, records, rounds) if rounds else None
    pages = data.per_page(records, theirs, ours)
    pooled = data.both(news, theirs, ours) if set(names) >= NEWS else None
    figures = figures_unseen(data, records) if unseen else {}
    return Comparison(sets, pooled, halves, figures, pages, timing)


def figures_unseen(data: DataFolder, records: list[dict]) -> dict[str, dict]:
    """Return the figures of score.py by set, and of the news sets as one, for domains left out of the training."""
    found = learn.unseen(data, records)
    groups = {name: pages_of(records, {name}) for name in dict.fromkeys(map(data.set_of, records))}
    groups[quality_report.NEWS] = pages_of(records, NEWS)
    return {name: data.score.score(rows, found, rouge=False) for name, rows in groups.items() if rows}


def options() -> argparse.Namespace:
    """Return the options of the user."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", metavar="A,B", help="only these sets (default: all; writes nothing)")
    parser.add_argument("--domains", choices=("dev", "heldout"), help="only one half of the domains (writes nothing)")
    parser.add_argument("--quick", action="store_true", help=f"every {QUICK_STEP}th page, timed once (writes nothing)")
    parser.add_argument("--rounds", type=int, default=2, help="how often each page is timed; 0: not at all (default 2)")
    parser.add_argument("--json", metavar="FILE", help="write the figures as JSON (- for stdout)")
    parser.add_argument("--no-write", action="store_true", help="print only; leave docs/quality.md as it is")
    return parser.parse_args()


def main() -> int:
    asked = options()
    data = DataFolder.found()
    names = asked.sets.split(",") if asked.sets else data.names()
    if unknown := set(names) - set(data.names()):
        sys.exit(f"--sets {','.join(sorted(unknown))}: not among {', '.join(data.names())}")
    records = [row for name in names for row in data.records(name)]
    if asked.domains:
        records = [row for row in records if row.get("domain_split") == asked.domains]
    if asked.quick:
        records, asked.rounds = records[::QUICK_STEP], min(asked.rounds, 1)
    part = asked.sets or asked.domains or asked.quick
    with common.workshop() as folder:
        found = compare(data, records, folder, asked.rounds, unseen=not part)
    quality_report.show(found)
    common.write_json(asked.json, quality_report.as_json(found))
    if part or asked.no_write or not asked.rounds:
        return 0
    target = common.ROOT / "docs" / "quality.md"
    target.write_text(quality_report.document(found), encoding="utf-8")
    print(f"\nwritten: {target.relative_to(common.ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

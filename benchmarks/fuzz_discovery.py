"""Feed broken and hostile documents to the readers of feeds, sitemaps, pages and robots.txt; fail if one misbehaves.

    python -m benchmarks.fuzz_discovery [--seconds N] [--seed N] [--json FILE]

A reader must return what its class promises, whatever the document: no exception, only addresses that can be requested,
only text that can be stored, and within --limit CPU seconds. What the libraries behind the readers raise is counted by
class, and printed with the seed that shows it first. Nothing is fetched.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from tests.support.document_fuzz import READERS, URL, check, document


def raised_inside(reader: Any, body: bytes) -> str | None:
    """Return the class of the exception that a reader turns into a named outcome, None if there is none."""
    inner = getattr(reader, "__wrapped__", None)
    try:
        if inner is not None:
            inner(body, URL)
    except Exception as error:  # noqa: BLE001 the class is what is counted
        return f"{reader.__name__}: {type(error).__name__}: {error}"[:100]
    return None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60, help="how long to try (60)")
    parser.add_argument("--seed", type=int, default=0, help="the first seed (0); each document has the next one")
    parser.add_argument("--limit", type=float, default=5, help="CPU seconds a reader may take for one document (5)")
    parser.add_argument("--json", type=Path, help="write the result here, too")
    options = parser.parse_args()
    end, seed = time.monotonic() + options.seconds, options.seed
    named: Counter[str] = Counter()
    first: dict[str, int] = {}
    faults: list[str] = []
    slowest, slowest_seed = 0.0, seed
    while time.monotonic() < end and len(faults) < 20:
        body = document(random.Random(seed))
        for reader in READERS:
            began = time.process_time()
            try:
                check(reader(body, URL))
            except Exception as error:  # noqa: BLE001 a fault of ours, to be listed
                faults.append(f"seed {seed}: {reader.__name__}: {type(error).__name__}: {error}")
            took = time.process_time() - began
            if took > slowest:
                slowest, slowest_seed = took, seed
            if took > options.limit:
                faults.append(f"seed {seed}: {reader.__name__}: {took:.1f} CPU seconds for {len(body)} bytes")
            if why := raised_inside(reader, body):
                named[why.rpartition(": ")[0] or why] += 1
                first.setdefault(why.rpartition(": ")[0] or why, seed)
        seed += 1
    result = {"documents": seed - options.seed, "faults": faults, "named": dict(named), "slowest": slowest}
    print(f"{result['documents']:,} documents, {len(faults)} faults, slowest {slowest:.2f} s (seed {slowest_seed})")
    for why, number in named.most_common():
        print(f"  named outcome of {number:,}: {why} (seed {first[why]})")
    for fault in faults:
        print(f"  FAULT {fault}")
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())

"""Ask `morgue serve` what no browser asks, on an archive that attacks its readers.

    python benchmarks/odd_requests.py [--requests 10000] [--seed 1] [--json FILE]

Four clients ask both ports at once over raw sockets: every route with mutated paths and parameters, other methods and
Host headers, addresses in absolute form, requests that are too large (`tests/support/odd_requests.py`). Wanted: no
error of the server, no line in its log but for pages that took too long, each answer in time, bounded memory.
"""

from __future__ import annotations

import argparse
import sys
import time

import common

sys.path.insert(0, str(common.ROOT))

from tests.support.command import rows
from tests.support.hostile_archive import build
from tests.support.odd_requests import asked_by_many, ports_of, resident_mb
from tests.support.web_view import viewing

MAX_GROWTH_MB = 250
LIMIT_SECONDS = 25.0  # of an answer


def main() -> int:
    """Run it. Return 1 if something is not as wanted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", metavar="DIR")
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    with common.workshop(options.keep) as folder:
        archive = build(folder / "archive")
        urls = [url for (url,) in rows(archive, "SELECT url FROM captures WHERE length(url) < 3000")]
        with viewing(archive, may_say="a worker process timed out (10 s); another takes its place") as view:
            view.get("/search?q=lamp")
            before, begin = resident_mb(view.process), time.monotonic()
            found = asked_by_many(ports_of(view), options.seed, options.requests, urls, LIMIT_SECONDS)
            seconds, grown = time.monotonic() - begin, resident_mb(view.process) - before
    print(*found.faults, sep="\n")
    by_status = ", ".join(f"{status}: {number:,}" for status, number in sorted(found.statuses.items()))
    print(f"{options.requests:,} requests in {seconds:.0f} s; {by_status}; the slowest took {found.slowest:.1f} s; "
          f"memory grew by {grown} MB; {len(found.faults)} faults")  # fmt: skip
    common.write_json(options.json, {"statuses": found.statuses, "slowest": found.slowest, "grown_mb": grown,
                                     "faults": found.faults, "seconds": seconds})  # fmt: skip
    return 1 if found.faults or grown > MAX_GROWTH_MB else 0


if __name__ == "__main__":
    sys.exit(main())

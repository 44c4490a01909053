"""Attack Newsmorgue as a hostile site, file, archive or neighbour would, and count what got through.

    .venv/bin/python benchmarks/attack.py [--only ssrf,wire,...]

Everything runs in a network namespace in which each address of the world is this machine; no packet leaves it. Each
attack is bounded in time and memory. Exit code 1 if anything got through.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import attack_files
import attack_network
import common
from attack_world import World

Attack = Callable[[World, Path], Iterator[tuple[str, bool]]]
ATTACKS: dict[str, tuple[str, Attack]] = {
    "control": ("nothing: an honest paper alone, as all others have it beside them", attack_network.control),
    "ssrf": (
        "private addresses: list, redirects, feeds, sitemaps, robots.txt, refresh, add, proxies",
        attack_network.ssrf,
    ),
    "wire": ("answers that hang, flood, inflate or lie, beside an honest paper", attack_network.wire),
    "deaf": ("Ctrl-C while a hostile answer is at work", attack_network.deaf),
    "robots": ("robots.txt that cost time or are malformed", attack_network.robots_bombs),
    "cross": ("one site against another: claims, forgery, crowding out, slander, hoarding", attack_network.cross_site),
    "import": ("records, WARC, ARC and WACZ files, lists, FIFOs and devices", attack_files.import_files),
    "archive": ("an archive from a stranger: links, forged rows, triggers, places, patterns", attack_files.archives),
    "users": ("other users of the machine", attack_files.neighbours),
    "output": ("control characters and formulas in what is printed and exported", attack_files.outputs),
    "takedown": ("takedown of a redirect", attack_files.takedown),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="NAMES", help=f"attacks, separated by commas: {', '.join(ATTACKS)}")
    parser.add_argument("--keep", metavar="DIR", help="keep the archives in this folder")
    parser.add_argument("--json", metavar="FILE", help="write each try and what became of it (- for stdout)")
    options = parser.parse_args()
    names = options.only.split(",") if options.only else list(ATTACKS)
    if unknown := [name for name in names if name not in ATTACKS]:
        parser.error(f"no such attack: {', '.join(unknown)}")
    common.seal(required=True)
    common.need_morgue("add", "import", "verify")
    rows, tries = [], {}
    with common.workshop(options.keep) as folder:
        world = World(folder).begin()
        for name in names:
            what, attack = ATTACKS[name]
            tries[name] = list(attack(world, folder / name))
            through = [tried for tried, passed in tries[name] if passed]
            for tried in through:
                print(f"GOT THROUGH  {name}: {tried}", flush=True)
            rows.append((what, len(tries[name]), len(through)))
    common.show_table(("attack", "tried", "got through"), rows)
    common.write_json(options.json, tries)
    return 1 if any(through for _, _, through in rows) else 0


if __name__ == "__main__":
    sys.exit(main())

"""Try whether any file ends `morgue import` otherwise than by a report: files with something wrong, at random.

    python benchmarks/fuzz_import.py [--seconds 300] [--seed 1]

Each round makes a new archive, imports 30 damaged files of every form and one file of 200 records with hostile fields
(`tests/support/foreign_mutations.py`), then runs `verify`, `export cdxj` and `rebuild` on what was kept. Wanted: an
exit code that the documentation names, no traceback, every sound record between the hostile ones kept, each run within
its time and memory. A failing round names its seed.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import common

sys.path.insert(0, str(common.ROOT))

from tests.support import foreign_mutations as mutations
from tests.support.foreign import gz, response

FILES, HOSTILE_RECORDS, SOUND_EVERY = 30, 200, 10
LIMIT_SECONDS, LIMIT_MIB = 120, 400  # of one command; memory of its largest process
CODES = {"import": (0, 1), "verify": (0, 7), "export": (0, 1), "rebuild": (0, 1)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", metavar="DIR")
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    common.need_morgue("import")
    began, seed, failures, kept, damaged = time.monotonic(), options.seed, [], 0, 0
    with common.workshop(options.keep) as folder:
        while time.monotonic() - began < options.seconds:
            wrong, report = one_round(folder / str(seed), seed)
            failures += [f"seed {seed}: {text}" for text in wrong]
            kept, damaged = kept + report.get("kept", 0), damaged + report.get("damaged", 0)
            seed += 1
    rounds = seed - options.seed
    print(*failures, sep="\n")
    print(f"{rounds} rounds, {rounds * (FILES + 1):,} files; {kept:,} records kept, {damaged:,} places damaged; "
          f"{len(failures)} failures")  # fmt: skip
    common.write_json(options.json, {"rounds": rounds, "kept": kept, "damaged": damaged, "failures": failures})
    return 1 if failures or not kept else 0


def one_round(folder: Path, seed: int) -> tuple[list[str], dict]:
    """Return what went wrong, and the summary of the import."""
    rng = random.Random(seed)
    theirs = folder / "theirs"
    theirs.mkdir(parents=True)
    for number in range(FILES):
        name, form = rng.choice(list(mutations.FORMS.items()))
        data = form(mutations.numbered_records(rng.randrange(3, 20)))
        (theirs / f"{number}-{name}").write_bytes(mutations.damaged(rng, data))
    hostile, sound = [], 0
    for number in range(HOSTILE_RECORDS):
        hostile.append(mutations.hostile_record(rng, number))
        if number % SOUND_EVERY == 0:
            hostile.append(response(number, host="sound.example"))
            sound += 1
    (theirs / "hostile.warc.gz").write_bytes(gz(hostile))
    archive = common.new_archive(folder)
    wrong, told = run(archive, "import", theirs, "--format", "json")
    report = json.loads(told) if told.startswith("{") else {}
    for args in (("verify",), ("export", "cdxj", "-"), ("rebuild",)):
        wrong += run(archive, *args)[0]
    with closing(sqlite3.connect(archive / "morgue.db")) as db:
        (found,) = db.execute("SELECT count(*) FROM captures WHERE url LIKE '%//sound.example/%'").fetchone()
    if found != sound:
        wrong.append(f"{sound - found} of {sound} sound records between hostile ones are not kept")
    return wrong, report


def run(archive: Path, command: str, *args: str | Path) -> tuple[list[str], str]:
    """Run a command on an archive. Return what is wrong with how it ended, and what it printed."""
    line = [*common.morgue_command(), "-C", str(archive), command, *map(str, args)]
    try:
        done = subprocess.run(line, capture_output=True, text=True, timeout=LIMIT_SECONDS, env=common.morgue_env(),
                              errors="replace")  # fmt: skip
    except subprocess.TimeoutExpired:
        return [f"{command} takes longer than {LIMIT_SECONDS} s"], ""
    wrong, said = [], done.stderr.split()
    if done.returncode not in CODES[command]:
        wrong.append(f"{command} ends with {done.returncode}: {' '.join(said)[-300:]}")
    if "Traceback" in done.stderr:
        wrong.append(f"{command}: {' '.join(said)[-300:]}")
    peak_mib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10  # of all commands so far
    if peak_mib > LIMIT_MIB:
        wrong.append(f"{command} takes {peak_mib} MiB, or a command before it did")
    return wrong, done.stdout


if __name__ == "__main__":
    sys.exit(main())

"""Show that a lake is read in place as fast as the cores allow, and once, whatever is killed meanwhile.

    .venv/bin/python benchmarks/lake.py [--lake FOLDER] [--files 20] [--pages 120] [--readers 4] [--kill-seconds 10]

`--lake`: WARC files of real pages; without it they are made of the pages in tests/pages. With few pages, the seconds
that a client of Dask takes to start weigh more than the work. What the cores give is what as many processes get that
share the same files out by themselves, with no map of ours. All figures are medians of `--rounds`, taken in turns; on a
machine that does other work, judge by CPU.
Exit code 1: readers use more CPU, or more time with `--wall`, than `1 / --limit` times these processes; Dask takes
more CPU than `--dask-limit` times our processes; or a reading differs, is missing or is there twice after kills.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections import defaultdict
from dataclasses import asdict
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from crawler.lake.lake_run import output_name  # noqa: E402
from crawler.lake.places import listing_of  # noqa: E402
from crawler.lake.read_file import FileTask  # noqa: E402
from tests.support import foreign  # noqa: E402
from tests.support.dask_cluster import DaskCluster  # noqa: E402
from tests.support.lakes import bytes_of, rows_of  # noqa: E402

MARK = "LAKE_BENCHMARK"
SAMPLE_SECONDS = 0.25
CLUSTER_START_SECONDS = 15.0
PLAIN = (
    "import json, sys; from crawler.lake.read_file import read_file; [read_file(one) for one in json.load(sys.stdin)]"
)
TICKS = os.sysconf("SC_CLK_TCK")


def make_lake(folder: Path, files: int, pages: int) -> None:
    """Write WARC files of real pages."""
    folder.mkdir(parents=True)
    bodies = cycle(path.read_bytes() for path in sorted((ROOT / "tests" / "pages").rglob("*.html")))
    for number in range(files):
        records = [
            foreign.record("response", foreign.address(number * pages + at), foreign.answer(body))
            for at, body in enumerate(islice(bodies, pages))
        ]
        (folder / f"lake-{number:03}.warc.gz").write_bytes(foreign.gz(records))


class MarkedProcesses:
    """Sum the CPU seconds of all processes that have our mark in their environment, also of those that are killed."""

    def __init__(self) -> None:
        self.mark, self.cpu = uuid.uuid4().hex, dict[int, float]()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._done.wait(SAMPLE_SECONDS):
            self.look()

    def look(self) -> None:
        for path in Path("/proc").iterdir():
            if path.name.isdigit() and (int(path.name) in self.cpu or self.is_marked(path)):
                try:
                    fields = (path / "stat").read_text().rpartition(")")[2].split()
                except OSError:
                    continue
                self.cpu[int(path.name)] = (int(fields[11]) + int(fields[12])) / TICKS

    def is_marked(self, path: Path) -> bool:
        try:
            return f"{MARK}={self.mark}".encode() in (path / "environ").read_bytes()
        except OSError:
            return False

    def item_processes(self) -> list[int]:
        """Return the processes that run items now."""
        found = []
        for pid in list(self.cpu):
            try:
                if b"item_process" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    found.append(pid)
            except OSError:
                continue
        return found

    def total(self) -> float:
        self.look()
        self._done.set()
        self._thread.join()
        return sum(self.cpu.values())


def run(lake: Path, output: Path, *more: str, marked: MarkedProcesses) -> tuple[float, int]:
    """Read the lake in place; return (wall seconds, exit code)."""
    command = [sys.executable, "-m", "crawler", "import", "--in-place", str(lake), "--output", str(output), *more]
    begin = time.monotonic()
    done = subprocess.run(
        [*command, "--quiet"], cwd=ROOT, env=os.environ | {MARK: marked.mark, "PYTHONPATH": str(ROOT)}
    )
    return time.monotonic() - begin, done.returncode


def run_plain(lake: Path, output: Path, processes: int, marked: MarkedProcesses) -> float:
    """Read the lake by processes that share the files out beforehand; return wall seconds."""
    output.mkdir()
    tasks = [
        asdict(FileTask(file.address, str(output), output_name(file.address))) for file in listing_of(str(lake)).files
    ]
    begin, running = time.monotonic(), []
    for number in range(processes):
        process = subprocess.Popen(
            [sys.executable, "-c", PLAIN], cwd=ROOT, stdin=subprocess.PIPE,
            env=os.environ | {MARK: marked.mark, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        assert process.stdin is not None
        process.stdin.write(json.dumps(tasks[number::processes]).encode())
        process.stdin.close()
        running.append(process)
    for process in running:
        if process.wait():
            raise SystemExit(f"a plain process ended with exit status {process.returncode}")
    return time.monotonic() - begin


def killed_run(lake: Path, output: Path, every: float, readers: int) -> tuple[int, int]:
    """Read the lake while a reader is killed every few seconds; return (kills, runs of the command)."""
    kills = runs = 0
    while True:
        marked, over = MarkedProcesses(), threading.Event()

        def kill(marked: MarkedProcesses = marked, over: threading.Event = over) -> None:
            nonlocal kills
            while not over.wait(every):
                if pids := marked.item_processes():
                    os.kill(random.choice(pids), signal.SIGKILL)
                    kills += 1

        killer = threading.Thread(target=kill)
        killer.start()
        _, code = run(lake, output, "--workers", str(readers), marked=marked)
        over.set()
        killer.join()
        marked.total()
        runs += 1
        if code == 0 or runs == 20:
            return kills, runs


def measure(folder: Path, args: argparse.Namespace) -> dict[str, Any]:
    """Run everything: each way once a round, in turns, because the same work varies by some percent from run to run."""
    lake = args.lake or folder / "lake"
    if args.lake is None:
        make_lake(lake, args.files, args.pages)
    files, seconds = len(listing_of(str(lake)).files), defaultdict[str, list[tuple[float, float]]](list)
    wrong: list[str] = []
    for number in range(args.rounds):
        for name in ("one", "plain", "many", "dask"):
            output = folder / f"{name}{number}"
            *taken, code = run_one(name, lake, output, args.readers)
            print(f"{name}: {taken[0]:.1f} s wall, {taken[1]:.1f} s CPU", flush=True)
            seconds[name].append((taken[0], taken[1]))
            wrong += [f"{name} ended with {code}"] if code else []
    # A reader must have the time for a file, else none is ever finished.
    every = max(args.kill_seconds, 1.5 * seconds["many"][0][0] / files)
    kills, runs = killed_run(lake, folder / "killed", every, args.readers)
    expected = bytes_of(folder / "one0")
    outputs = ["killed", *(f"{name}{number}" for name in ("many", "dask") for number in range(args.rounds))]
    wrong += [f"{name} is not as one0" for name in outputs if bytes_of(folder / name) != expected]
    ids = [row["warc_record_id"] for row in rows_of(folder / "killed")]
    wrong += ["readings are there twice"] if len(ids) > len(set(ids)) else []
    wall = {name: median(pair[0] for pair in pairs) for name, pairs in seconds.items()}
    cpu = {name: median(pair[1] for pair in pairs) for name, pairs in seconds.items()}
    return {
        "files": files, "readings": len(ids), "kills": kills, "runs": runs, "wrong": wrong,
        **{f"{name}_wall": wall[name] for name in wall}, **{f"{name}_cpu": cpu[name] for name in cpu},
        "wall_of_plain": wall["plain"] / wall["many"], "cpu_of_plain": cpu["plain"] / cpu["many"],
        "cpu_of_one": cpu["one"] / cpu["many"], "dask_over_ours": cpu["dask"] / cpu["many"],
    }  # fmt: skip


def run_one(name: str, lake: Path, output: Path, readers: int) -> tuple[float, float, int]:
    """Read the lake once, in one of the ways; return (wall seconds, CPU seconds, exit code)."""
    marked = MarkedProcesses()
    if name == "plain":
        wall, code = run_plain(lake, output, readers, marked), 0
    elif name == "dask":
        os.environ[MARK] = marked.mark
        cluster = DaskCluster(output.with_suffix(".cluster"), readers)
        try:
            time.sleep(CLUSTER_START_SECONDS)  # what a cluster takes to start is no part of the work
            marked.look()
            before = sum(marked.cpu.values())
            wall, code = run(lake, output, "--on", cluster.address, marked=marked)
            return wall, marked.total() - before, code
        finally:
            cluster.close()
            del os.environ[MARK]
    else:
        wall, code = run(lake, output, "--workers", str(1 if name == "one" else readers), marked=marked)
    return wall, marked.total(), code


def main() -> int:
    """Print what was measured; return 1 if an aim is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--lake", type=Path, help="folder of WARC files")
    parser.add_argument("--files", type=int, default=20)
    parser.add_argument("--pages", type=int, default=120, help="pages in a file")
    parser.add_argument("--readers", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--limit", type=float, default=0.95)
    parser.add_argument("--wall", action="store_true", help="judge by wall time, too")
    parser.add_argument("--dask-limit", type=float, default=1.05)
    parser.add_argument("--kill-seconds", type=float, default=10.0)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder), args)
    for name, value in found.items():
        print(f"{name:>20}  {value:.3f}" if isinstance(value, float) else f"{name:>20}  {value}")
    if args.json:
        args.json.write_text(json.dumps(found, indent=2))
    misses = list(found["wrong"])
    ratios = ["cpu_of_plain", "cpu_of_one", *["wall_of_plain"] * args.wall]
    misses += [name for name in ratios if found[name] < args.limit]
    misses += ["dask_over_ours"] * (found["dask_over_ours"] > args.dask_limit)
    print("missed: " + ", ".join(misses) if misses else "all aims are met")
    return 1 if misses else 0


if __name__ == "__main__":
    sys.exit(main())

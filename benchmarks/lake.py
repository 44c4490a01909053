"""Show that a lake is read in place as fast as the cores allow, and once, whatever is killed meanwhile.

    .venv/bin/python benchmarks/lake.py [--lake FOLDER] [--files 20] [--pages 120] [--readers 4] [--kill-seconds 10]

`--lake`: WARC files of real pages; without it they are made of the pages in tests/pages. With few pages, the seconds
that a client of Dask takes to start weigh more than the work. What the cores give is what as many processes get that
share the same files out by themselves, with no map of ours. Wall times are of one round each: on a machine that does
other work, judge by CPU.
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
from dataclasses import asdict
from itertools import cycle, islice
from pathlib import Path
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
    """Run everything once."""
    lake = args.lake or folder / "lake"
    if args.lake is None:
        make_lake(lake, args.files, args.pages)
    found: dict[str, Any] = {"files": len(listing_of(str(lake)).files)}

    def note(name: str) -> None:
        found[f"{name}_cpu"] = marked.total()
        print(f"{name}: {found[f'{name}_wall']:.1f} s wall, {found[f'{name}_cpu']:.1f} s CPU", flush=True)

    for name, workers in (("one", 1), ("many", args.readers)):
        marked = MarkedProcesses()
        found[f"{name}_wall"], found[f"{name}_code"] = run(
            lake, folder / name, "--workers", str(workers), marked=marked
        )
        note(name)
        if name == "one":
            marked = MarkedProcesses()
            found["plain_wall"] = run_plain(lake, folder / "plain", args.readers, marked)
            note("plain")
    marked = MarkedProcesses()
    os.environ[MARK] = marked.mark
    cluster = DaskCluster(folder / "cluster", args.readers)
    try:
        time.sleep(CLUSTER_START_SECONDS)  # what a cluster takes to start is no part of the work
        marked.look()
        before = sum(marked.cpu.values())
        found["dask_wall"], found["dask_code"] = run(lake, folder / "dask", "--on", cluster.address, marked=marked)
        note("dask")
        found["dask_cpu"] -= before
    finally:
        cluster.close()
        del os.environ[MARK]
    # A reader must have the time for a file, else none is ever finished.
    every = max(args.kill_seconds, 1.5 * found["many_wall"] / found["files"])
    found["kills"], found["runs"] = killed_run(lake, folder / "killed", every, args.readers)
    expected = bytes_of(folder / "one")
    for name in ("many", "dask", "killed"):
        found[f"{name}_same"] = bytes_of(folder / name) == expected
    ids = [row["warc_record_id"] for row in rows_of(folder / "killed")]
    found |= {"readings": len(ids), "twice": len(ids) - len(set(ids))}
    found["wall_of_plain"] = found["plain_wall"] / found["many_wall"]
    found["cpu_of_plain"] = found["plain_cpu"] / found["many_cpu"]
    found["cpu_of_one"] = found["one_cpu"] / found["many_cpu"]
    found["dask_over_ours"] = found["dask_cpu"] / found["many_cpu"]
    return found


def main() -> int:
    """Print what was measured; return 1 if an aim is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--lake", type=Path, help="folder of WARC files")
    parser.add_argument("--files", type=int, default=20)
    parser.add_argument("--pages", type=int, default=120, help="pages in a file")
    parser.add_argument("--readers", type=int, default=4)
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
    misses = [name for name in ("many_same", "dask_same", "killed_same") if not found[name]]
    misses += [name for name in ("one_code", "many_code", "dask_code", "twice") if found[name]]
    ratios = ["cpu_of_plain", "cpu_of_one", *["wall_of_plain"] * args.wall]
    misses += [name for name in ratios if found[name] < args.limit]
    misses += ["dask_over_ours"] * (found["dask_over_ours"] > args.dask_limit)
    print("missed: " + ", ".join(misses) if misses else "all aims are met")
    return 1 if misses else 0


if __name__ == "__main__":
    sys.exit(main())

"""Test that one process at a time asks a host, and that its delay holds across processes."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from itertools import pairwise
from pathlib import Path

import pytest

from crawler.work.host_lock import DaskHostTurns, FileHostTurns, HostBusy, HostTurns
from tests.support.command import ROOT, environment
from tests.support.dask_cluster import DaskCluster

ASK = """
import sys, time
from pathlib import Path
from crawler.work.host_lock import FileHostTurns
turns = FileHostTurns(Path(sys.argv[1]))
for _ in range(4):
    with turns.taken("Feeds.example", delay=0.15):
        begin = time.monotonic()
        time.sleep(0.02)
        print(begin, time.monotonic(), flush=True)
"""
DELAY = 0.15


def gaps(requests: list[tuple[float, float]]) -> list[float]:
    """Return the seconds from the end of each request to the beginning of the next one."""
    requests = sorted(requests)
    return [begin - end for (_, end), (begin, _) in pairwise(requests)]


def test_processes_take_turns_and_keep_the_delay(tmp_path: Path):
    """Names differ in case only; the host is the same."""
    command = [sys.executable, "-c", ASK, str(tmp_path / "hosts")]
    running = [
        subprocess.Popen(command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    lines = [line for process in running for line in process.communicate(timeout=60)[0].splitlines()]
    requests = [tuple(map(float, line.split())) for line in lines]
    assert len(requests) == 12
    assert min(gaps(requests)) >= DELAY - 0.001


def test_busy_host_is_given_up_after_the_timeout(tmp_path: Path):
    """Another host is not touched by it, whatever characters its name has."""
    turns = FileHostTurns(tmp_path)
    with turns.taken("one.example", 0.0):
        with pytest.raises(HostBusy, match="is being asked"), turns.taken("one.example", 0.0, timeout=0.1):
            pass
        with turns.taken("../[2001:db8::1]:80", 0.0, timeout=0.1):
            pass
    with turns.taken("one.example", 0.0, timeout=0.0):
        pass
    with pytest.raises(HostBusy), turns.taken("one.example", 60.0, timeout=0.1):
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == ["..%2F%5B2001%3Adb8%3A%3A1%5D%3A80", "one.example"]


@pytest.mark.parametrize("timeout", [None, 0.0])
@pytest.mark.parametrize(
    "note", ["nonsense", "1e300", "nan", "inf", "1.0", "1.0 other", "1e300 ours", "nan ours", "\xff"]
)
def test_time_of_another_clock_costs_one_delay(tmp_path: Path, note: str, timeout: float | None):
    """Wait no more and no less, also for a damaged file or a time that lies ahead, and if asked often."""
    (tmp_path / "one.example").write_bytes(note.encode("latin-1"))
    turns = FileHostTurns(tmp_path, clock="ours")
    begin = time.monotonic()
    while not has_turn(turns, timeout):
        assert time.monotonic() - begin < 10 * DELAY
        time.sleep(0.01)
    assert DELAY <= time.monotonic() - begin < 10 * DELAY


def has_turn(turns: HostTurns, timeout: float | None) -> bool:
    try:
        with turns.taken("one.example", DELAY, timeout=timeout):
            return True
    except HostBusy:
        return False


def test_machines_that_share_a_folder_keep_the_delay(tmp_path: Path):
    """Machines start at different times: the clock of one has long passed what the other one wrote."""
    machines = [FileHostTurns(tmp_path, clock=clock) for clock in ("first", "second")]
    for turns in machines:
        with turns.taken("one.example", DELAY):
            asked = time.monotonic()
        (tmp_path / "one.example").write_text(f"1.0 {turns._clock}")
        with machines[turns is machines[0]].taken("one.example", DELAY):
            assert time.monotonic() - asked >= DELAY


@pytest.mark.slow
def test_cluster_gives_turns_and_keeps_the_delay(cluster: DaskCluster):
    """Two clients are two machines to the scheduler."""
    requests = []
    clients = [DaskHostTurns(cluster.address) for _ in range(2)]

    def ask(turns: HostTurns) -> None:
        for _ in range(3):
            with turns.taken("feeds.example", DELAY):
                begin = time.monotonic()
                time.sleep(0.02)
                requests.append((begin, time.monotonic()))

    threads = [threading.Thread(target=ask, args=[turns]) for turns in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    with pytest.raises(HostBusy), clients[0].taken("feeds.example", DELAY, timeout=0.01):
        pass
    for turns in clients:
        turns.close()
    assert len(requests) == 6
    assert min(gaps(requests)) >= DELAY - 0.001

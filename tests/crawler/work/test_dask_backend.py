"""Test items on a real Dask cluster: workers that die or stop, versions, addresses, a scheduler that is gone."""

from __future__ import annotations

import socketserver
import threading
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import SimpleNamespace

import distributed
import pytest

from crawler import __version__
from crawler.work import dask_backend
from crawler.work.dask_addresses import check_address, check_reach
from crawler.work.dask_tasks import reach_here, run_item
from crawler.work.map_items import map_items
from crawler.work.values import RAISED, WorkPart, WorkPlace
from pipelines.core.errors import ConfigError, MorgueError
from tests.support.dask_cluster import DaskCluster
from tests.support.waiting import suspend, wait_until

pytestmark = pytest.mark.slow
SQUARED, ONCE = "tests.support.work_items:squared", "tests.support.work_items:once_alone"


def test_cluster_gives_what_processes_give(cluster: DaskCluster):
    """Values, failures and numbers are those of the other backend."""
    place = WorkPlace(on=cluster.address)
    found = {
        one.item.number: (one.value, one.failure and one.failure.why)
        for one in map_items(SQUARED, range(10, 15), place)
    }
    assert found == {0: (100, None), 1: (121, None), 2: (144, None), 3: (None, RAISED), 4: (196, None)}


def test_item_of_a_killed_worker_runs_elsewhere(cluster: DaskCluster, tmp_path: Path):
    """Nothing of the killed attempt goes on, and no other item is run twice."""
    victim = cluster.add_worker()
    cases = [{"folder": str(tmp_path), "name": str(number), "how": "slow", "seconds": 8.0} for number in range(3)]
    results = map_items(ONCE, cases, WorkPlace(on=cluster.address))
    begun = []

    def kill_when_begun() -> bool:
        begun[:] = [line for path in tmp_path.glob("tried-*") for line in path.read_text().split()]
        return len(begun) == 3

    killer = threading.Thread(target=lambda: (wait_until(kill_when_begun), victim.kill()))
    killer.start()
    assert {one.item.number for one in results if one.failure is None} == {0, 1, 2}
    killer.join()
    attempts = sorted(len(path.read_text().split()) for path in tmp_path.glob("tried-*"))
    assert attempts == [1, 1, 2]


def test_item_runs_on_the_worker_that_is_nearest_to_it(cluster: DaskCluster):
    """Also if another one is idle: its folder has not what the item is about."""
    signs = [1, 1, -1, 1, 1]
    results = map_items(
        "tests.support.work_items:parent_of", signs, WorkPlace(on=cluster.address),
        nearness="tests.support.work_items:by_process_id",
    )  # fmt: skip
    found = {one.item.number: one.value for one in results}
    assert {found[number] for number in (0, 1, 3, 4)} == {max(found.values())}
    assert found[2] < found[0]


def test_hung_item_is_ended_on_its_worker(cluster: DaskCluster, tmp_path: Path):
    """The worker goes on with the next attempt."""
    hang = {"folder": str(tmp_path), "name": "hang", "how": "hang"}
    (result,) = map_items(ONCE, [hang], WorkPlace(on=cluster.address), seconds=3.0)
    assert (result.failure, result.attempts) == (None, 2)


def test_item_of_a_stopped_worker_runs_elsewhere_and_lost_scheduler_is_an_error(tmp_path: Path):
    """Dask itself would wait for minutes for the one, and for ever for the other."""
    alone = DaskCluster(tmp_path / "dask", workers=1)
    try:
        stop = {"folder": str(tmp_path), "name": "stop", "how": "slow", "seconds": 3.0}
        place = WorkPlace(on=alone.address, lost_after_seconds=0.5)
        results = map_items(ONCE, [0, stop], place, seconds=4.0)
        next(results)  # the first fails: it is no case
        wait_until(lambda: (tmp_path / "tried-stop").exists())
        suspend(alone.processes[1].pid)
        alone.add_worker()
        assert (next(results).failure, len((tmp_path / "tried-stop").read_text().split())) == (None, 2)
        results.close()
        alone.processes[1].kill()
        results = map_items("time:sleep", [0, 600], WorkPlace(on=alone.address))
        next(results)
        alone.scheduler.kill()
        with pytest.raises(MorgueError, match="the Dask scheduler is gone"):
            next(results)
    finally:
        alone.close()
    with pytest.raises(MorgueError, match="no Dask scheduler answers"):
        next(map_items("time:sleep", [0], WorkPlace(on=alone.address)))


class Greeting(socketserver.BaseRequestHandler):
    """Say something first, as a mail server does, and wait."""

    def handle(self) -> None:
        """Send the greeting; the end of the connection ends it."""
        self.request.sendall(b"220 mail.example.org ready\r\n")
        self.request.recv(1 << 16)


@pytest.mark.parametrize("handler", [BaseHTTPRequestHandler, Greeting])
def test_other_kind_of_server_is_an_error_within_seconds(handler, monkeypatch: pytest.MonkeyPatch):
    """A web server waits for the end of a line; the first bytes of a greeting would be a length for Dask."""
    monkeypatch.setattr(dask_backend, "CONNECT_SECONDS", 2.0)
    began = time.monotonic()
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with pytest.raises(MorgueError, match="no Dask scheduler answers") as caught:
            next(map_items("time:sleep", [0], WorkPlace(on=f"tcp://127.0.0.1:{server.server_address[1]}")))
        server.shutdown()
    assert (type(caught.value), time.monotonic() - began < 10) == (MorgueError, True)


def test_dask_worker_is_no_scheduler(cluster: DaskCluster):
    """Say so if the address is that of a worker instead of the scheduler's."""
    with distributed.Client(cluster.address, set_as_default=False) as client:
        client.wait_for_workers(1)
        address = next(iter(client.scheduler_info()["workers"]))
    with pytest.raises(MorgueError, match="no Dask scheduler answers, but a Dask worker"):
        next(map_items("time:sleep", [0], WorkPlace(on=address)))


def test_worker_of_another_version_is_refused(cluster: DaskCluster, tmp_path: Path):
    """Both versions are named. A worker that comes later is refused, too."""
    preload = tmp_path / "older.py"
    preload.write_text("import crawler\ncrawler.__version__ = '0.0.9'\n")
    results = map_items("time:sleep", [1.0] * 1000, WorkPlace(on=cluster.address))
    next(results)
    older = cluster.add_worker("--preload", str(preload))
    try:
        for found in (results, map_items(SQUARED, [1], WorkPlace(on=cluster.address))):
            with pytest.raises(ConfigError, match=f"has newsmorgue 0.0.9, this process {__version__}"):
                list(found)
    finally:
        older.kill()
        older.wait()


@pytest.mark.parametrize(
    "address", ["tcp://10.0.0.5:8786", "tcp://scheduler:8786", "tcp://[2001:db8::1]:8786", "tcp://0.0.0.0:8786"]
)
def test_address_beyond_this_machine_needs_tls(address):
    """Whoever reaches a scheduler runs code on all its machines."""
    with pytest.raises(ConfigError, match="without TLS") as refused:
        next(map_items(SQUARED, [1], WorkPlace(on=address)))
    assert "--tls-ca-file" in str(refused.value)
    check_address(address.replace("tcp", "tls"))
    with pytest.raises(ConfigError, match="the worker at"):
        check_reach(address, f"the worker at {address}")


def test_worker_that_listens_everywhere_is_refused(monkeypatch: pytest.MonkeyPatch):
    """Dask does so without --host, and tells the address on this machine all the same."""
    listener = SimpleNamespace(listen_address="tcp://0.0.0.0:42271")
    worker = SimpleNamespace(address="tcp://127.0.0.1:42271", listeners=[listener])
    monkeypatch.setattr("distributed.get_worker", lambda: worker)
    assert run_item("map", "key", SQUARED, 1, 1.0, __version__) == {"reach": "tcp://0.0.0.0:42271"}
    listener.listen_address = "tcp://127.0.0.1:42271"
    assert reach_here() == worker.address


@pytest.mark.parametrize(
    "address", ["127.0.0.1:8786", "http://127.0.0.1:8786", "tcp://127.0.0.1", "tcp://", "tcp://[::1:1"]
)
def test_address_that_is_none_is_refused(address):
    """The message says what one looks like."""
    with pytest.raises(ConfigError, match="is not the address of a Dask scheduler"):
        check_address(address)


def test_place_with_a_cluster_has_no_part():
    """A cluster deals out the items by itself."""
    with pytest.raises(ConfigError, match="exclude each other"):
        next(map_items(SQUARED, [1], WorkPlace(on="tcp://127.0.0.1:1", part=WorkPart(0, 2))))

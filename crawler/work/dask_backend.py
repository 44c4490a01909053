"""Run items on a Dask cluster: a few ahead of each worker, with a deadline of our own for each.

Dask deals out the items and runs those again whose worker died. An item runs in a process of its own beside the Dask
worker, as on one machine, so an item that hangs is ended there. If the worker itself is gone without a word, the item
is submitted anew elsewhere after a while; both may then end, and the first counts.
"""

from __future__ import annotations

import asyncio
import logging
import math
import queue
import time
import uuid
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from typing import Any

from crawler import __version__
from crawler.work import dask_tasks
from crawler.work.dask_addresses import TLS_CURE, check_reach
from crawler.work.values import DIED, RAISED, TIMED_OUT, OnBegin, WorkFailure, WorkItem, WorkPlace, WorkResult
from exports.extras import load_extra
from pipelines.core.errors import ConfigError, MorgueError
from pipelines.core.plural import counted

logger = logging.getLogger("morgue.work")

CONNECT_SECONDS = 10.0
WORKERS_SECONDS = 60.0  # to wait for the first worker
CALL_SECONDS = 10.0  # for a call that all workers answer; one that is stopped would keep it for minutes
LOOK_SECONDS = 0.5  # between looks at deadlines and at the scheduler
COUNT_SECONDS = 5.0  # between looks at how many workers there are
GONE_SECONDS = 10.0  # without the scheduler before the map gives up
AHEAD = 1  # items that wait at each worker, besides those that run there


@dataclass(slots=True)
class _Submission:
    """Hold one submission of an item."""

    item: WorkItem
    attempt: int
    future: Any
    deadline: float  # by the monotonic clock; nearer once the item has begun


def run_on_dask(
    items: Iterator[WorkItem], place: WorkPlace, on_begin: OnBegin | None = None, nearness: str = ""
) -> Generator[WorkResult, None, None]:
    """Yield the results of items as they come. `nearness`: as of `map_items`. Raises ConfigError, MorgueError."""
    client = _connected(place.on)
    cluster = _Cluster(client, items, place, on_begin)
    try:
        cluster.check()
        if nearness:
            cluster.items = iter(cluster.near(list(items), nearness))
        yield from cluster.results()
    finally:
        cluster.end()


def _connected(address: str) -> Any:
    """Return a client of the scheduler. Raises ConfigError, MorgueError."""
    distributed = load_extra("distributed", "fleet")
    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what it tells of a lost scheduler, we tell
    cure = f"start it: dask scheduler --host HOST; then dask worker {address} --host HOST --nthreads 1 on each machine"
    try:
        kind = asyncio.run(asyncio.wait_for(_kind_of_server(address), CONNECT_SECONDS))
        if kind == "Scheduler":
            return distributed.Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (ValueError, TypeError, RuntimeError) as error:
        raise ConfigError(address, f"cannot be connected to ({error})", TLS_CURE) from error
    except Exception as error:  # a server of another kind may answer what Dask takes for anything
        raise MorgueError(address, f"no Dask scheduler answers ({type(error).__name__})", cure) from error
    raise MorgueError(address, f"no Dask scheduler answers, but a Dask {kind.lower()}", cure)


async def _kind_of_server(address: str) -> str:
    """Return what Dask calls the server at an address. A client would ask another kind of server for minutes."""
    distributed = load_extra("distributed", "fleet")
    arguments = distributed.Security().get_connection_args("client")
    async with distributed.rpc(address, connection_args=arguments) as server:
        return str((await server.identity())["type"])


class _Cluster:
    """Hold the submissions of one map."""

    def __init__(
        self, client: Any, items: Iterator[WorkItem], place: WorkPlace, on_begin: OnBegin | None = None
    ) -> None:
        self.client, self.items, self.place, self.on_begin = client, items, place, on_begin
        self.name = uuid.uuid4().hex  # of this map, for the workers
        self.submissions: dict[str, _Submission] = {}  # by key
        self.done: queue.Queue[str] = queue.Queue()  # keys
        self.begun: queue.SimpleQueue[tuple[str, str]] = queue.SimpleQueue()  # key, worker
        self.room, self._counted = 0, -math.inf
        self._seen = time.monotonic()  # when the scheduler was last there

    def check(self) -> None:
        """Check that every worker may be used and has our version. Raises ConfigError, MorgueError."""
        scheduler = self.client.scheduler_info()["address"]
        check_reach(scheduler, f"the scheduler at {scheduler}")
        if not self.client.nthreads():
            logger.warning("%(scheduler)s has no workers yet; waits for one", {"scheduler": self.place.on})
        try:
            self.client.wait_for_workers(1, timeout=WORKERS_SECONDS)
        except TimeoutError:
            cure = f"start some on each machine: dask worker {self.place.on} --host HOST --nthreads 1"
            raise MorgueError(self.place.on, "has no workers", cure) from None
        found = self._on_all(dask_tasks.version_here)
        for worker, reach in self._on_all(dask_tasks.reach_here).items():
            check_reach(reach if isinstance(reach, str) else worker, f"the worker at {worker}")
        wrong = {worker: version for worker, version in found.items() if version != __version__}
        if wrong:
            raise different_versions(wrong)

    def near(self, items: list[WorkItem], nearness: str) -> list[WorkItem]:
        """Return the items with the workers that are nearest to each, as the workers say."""
        answers = self._on_all(dask_tasks.nearness_here, nearness, [item.argument for item in items])
        told = {worker: answer for worker, answer in answers.items() if isinstance(answer, list)}
        found: list[WorkItem] = []
        for item, *numbers in zip(items, *told.values(), strict=True):
            near = tuple(worker for worker, number in zip(told, numbers, strict=True) if number == max(numbers))
            found.append(replace(item, near=near if len(near) < len(told) else ()))
        return found

    def _on_all(self, function: Any, *arguments: Any) -> dict[str, Any]:
        """Call a function on every worker and return the answers, or what was raised there."""
        try:
            found = self.client.run(function, *arguments, on_error="return", callback_timeout=CALL_SECONDS)
        except (OSError, TimeoutError) as error:
            # Each item looks at its worker by itself, too.
            logger.warning("not all Dask workers answer (%(why)s)", {"why": type(error).__name__})
            return {}
        return {worker: answer for worker, answer in found.items() if not isinstance(answer, OSError)}

    def results(self) -> Iterator[WorkResult]:
        """Yield the result of each item."""
        self.client.subscribe_topic(self.name, lambda event: self.begun.put(event[1]))
        while True:
            self._fill()
            if not self.submissions:
                return
            try:
                key = self.done.get(timeout=LOOK_SECONDS)
            except queue.Empty:
                self._note_begun()
                self._look_at_scheduler()
                yield from self._overdue()
                continue
            self._note_begun()
            submission = self.submissions.pop(key, None)
            if submission is None:
                continue  # it was given up, and submitted anew
            result = self._result_of(submission)
            submission.future.release()
            if result is not None:
                yield result

    def _note_begun(self) -> None:
        """Take note of the items that workers have begun."""
        while not self.begun.empty():
            key, worker = self.begun.get()
            if (submission := self.submissions.get(key)) is None:
                continue
            submission.deadline = time.monotonic() + submission.item.seconds + self.place.lost_after_seconds
            if self.on_begin is not None:
                self.on_begin(submission.item, worker)

    def _fill(self) -> None:
        """Submit items while workers have room."""
        if time.monotonic() - self._counted > COUNT_SECONDS:
            threads = self.client.nthreads().values()
            self.room, self._counted = sum(threads) + AHEAD * len(threads), time.monotonic()
        while len(self.submissions) < self.room and (item := next(self.items, None)) is not None:
            self._submit(item, 1)

    def _submit(self, item: WorkItem, attempt: int, not_on: str = "") -> None:
        """Submit an item, elsewhere than on the worker `not_on` if there is another one."""
        key = f"morgue-{self.name}-{item.number}-{attempt}"
        near = [worker for worker in item.near if worker != not_on]
        others = [worker for worker in self.client.nthreads() if worker != not_on] if not_on else None
        future = self.client.submit(
            dask_tasks.run_item, self.name, key, item.function, item.argument, item.seconds, __version__,
            key=key, pure=False, workers=near or others or None, allow_other_workers=bool(near),
        )  # fmt: skip
        # Before it runs, it may wait for the one that runs there; if it can run nowhere else, for all of them.
        before = len(self.submissions) if near else AHEAD
        deadline = time.monotonic() + item.seconds * (1 + before) + self.place.lost_after_seconds
        self.submissions[key] = _Submission(item, attempt, future, deadline)
        future.add_done_callback(lambda _: self.done.put(key))

    def _result_of(self, submission: _Submission) -> WorkResult | None:
        """Return what came of a submission; None if the item was submitted anew. Raises MorgueError."""
        future, item = submission.future, submission.item
        if future.status == "finished":
            answer = future.result()
            if "version" in answer:
                raise different_versions({answer["worker"]: answer["version"]})
            if "reach" in answer:
                check_reach(answer["reach"], f"the worker at {answer['reach']}")
            if "value" in answer:
                return WorkResult(item, answer["value"], attempts=submission.attempt)
            failure = WorkFailure(**answer["failure"])
        elif future.status == "error":
            error = future.exception()
            died = type(error).__name__ == "KilledWorker"
            failure = WorkFailure(DIED if died else RAISED, f"{type(error).__name__}: {error}")
            if died:  # Dask has tried it on several workers
                return WorkResult(item, failure=failure, attempts=submission.attempt)
        else:  # cancelled or lost, as when the scheduler starts again without what it knew
            self._look_at_scheduler(lost=True)
            failure = WorkFailure(DIED, f"Dask has {future.status} it")
        return self._again(submission, failure)

    def _again(self, submission: _Submission, failure: WorkFailure, not_on: str = "") -> WorkResult | None:
        """Submit an item once more, or return its failure."""
        if failure.why == RAISED or submission.attempt >= self.place.attempts:
            return WorkResult(submission.item, failure=failure, attempts=submission.attempt)
        self._submit(submission.item, submission.attempt + 1, not_on)
        return None

    def _overdue(self) -> Iterator[WorkResult]:
        """Give up submissions that Dask has lost, and submit their items anew."""
        now = time.monotonic()
        for key in [key for key, one in self.submissions.items() if one.deadline < now]:
            submission = self.submissions.pop(key)
            holders = [worker for worker, keys in self.client.processing().items() if key in keys]
            names = {"item": submission.item.number, "worker": ", ".join(holders) or "no worker"}
            logger.warning("item %(item)d has no answer from %(worker)s, and is submitted anew", names)
            submission.future.cancel(force=True)
            failure = WorkFailure(TIMED_OUT, f"no answer from {names['worker']}")
            result = self._again(submission, failure, not_on=holders[0] if holders else "")
            if result is not None:
                yield result

    def _look_at_scheduler(self, *, lost: bool = False) -> None:
        """Raise MorgueError if the scheduler is gone."""
        if self.client.status == "running" and not lost:
            self._seen = time.monotonic()
        elif lost or time.monotonic() - self._seen > GONE_SECONDS or self.client.status == "closed":
            cure = "start it and its workers again, then the same command: what is finished is not done again"
            raise MorgueError(self.place.on, "the Dask scheduler is gone", cure)

    def end(self) -> None:
        """Tell the workers to end the items of this map that still run, and close the client."""
        try:
            if self.client.status == "running":
                self.client.cancel([submission.future for submission in self.submissions.values()])
                self._on_all(dask_tasks.end_items, self.name)
        finally:
            self.client.close(timeout=CALL_SECONDS)


def different_versions(versions: dict[str, Any]) -> ConfigError:
    """Return the error for workers (by address) with another version than ours."""
    worker, version = next(iter(versions.items()))
    has = "has no newsmorgue" if isinstance(version, Exception) else f"has newsmorgue {version}"
    more = f", and {counted(len(versions) - 1, 'more worker')} differ" if len(versions) > 1 else ""
    cause = f"{has}, this process {__version__}{more}"
    cure = "install the same version everywhere and start scheduler and workers again: docs/where-work-runs.md"
    return ConfigError(f"the worker at {worker}", cause, cure)

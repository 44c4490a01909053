"""Hand write tasks from an event loop to one thread, and see that their group is committed in time.

Long tasks run on the thread, because disks and locks make them wait. Brief tasks (recording a page of usual size) run
a few together on the event loop's own thread, while the other is idle. Only one of the two threads works at a time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from pipelines.archive.group_commit import COMMIT_SECONDS, GroupCommit

T = TypeVar("T")

GATHER_SECONDS = 0.02  # how long a brief task waits for others
GATHER_TASKS = 8  # brief tasks that run at once without waiting for more


@dataclass(slots=True)
class WriteTask:
    """Hold a task on its way to the writing thread and back."""

    task: Callable[..., Any]
    args: tuple[Any, ...]
    brief: bool
    future: asyncio.Future[Any]  # the caller's; touched on the event loop only
    done: bool = False
    result: Any = None
    error: BaseException | None = None

    def deliver(self) -> None:
        """Give the outcome to the caller, if it still waits."""
        if self.future.done():
            return
        if isinstance(self.error, StopIteration):  # a future refuses this one
            self.future.set_exception(RuntimeError("a task raised StopIteration"))
        elif self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)


class WriteQueue:
    """Run the tasks of one `GroupCommit`, from one event loop after another or from no loop at all."""

    def __init__(self, group: GroupCommit) -> None:
        self._group = group
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="archive-writer")
        self._loop: Any = None  # the event loop to which the next five belong
        self._timer: asyncio.TimerHandle | None = None  # for the next commit
        self._waiting: list[WriteTask] = []  # not yet sent to the thread
        self._gathered: list[WriteTask] = []  # brief tasks
        self._is_busy = False  # the thread works: the event loop must not touch the database and the WARC files
        self._commit_due = False  # the thread is to commit the next time
        self._stopped = False

    async def do(self, task: Callable[..., T], *args: Any, brief: bool = False) -> T:
        """Run `task(*args)` and return its result; see `ArchiveWriter.do`."""
        if self._stopped:
            raise RuntimeError("the archive was closed already")
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._thread.submit(int).result()  # tasks of an earlier loop end first; no caller waits for them
            self._loop, self._waiting, self._gathered, self._is_busy, self._timer = loop, [], [], False, None
        write_task = WriteTask(task, args, brief, loop.create_future())
        if brief:
            self._gather(write_task, loop)
        else:
            self._waiting.append(write_task)
            if not self._is_busy and len(self._waiting) == 1:
                loop.call_soon(self._send)  # together with tasks that come in this turn of the loop
        result: T = await write_task.future
        return result

    def call(self, task: Callable[..., T], *args: Any) -> T:
        """Run `task(*args)` on the thread and wait for it; see `ArchiveWriter.call`."""
        return self.on_thread(self._run_one, task, args)

    def on_thread(self, function: Callable[..., T], *args: Any, **options: Any) -> T:
        """Run a function on the thread, outside of the group's bookkeeping, and return its result."""
        return self._thread.submit(function, *args, **options).result()

    def stop(self) -> None:
        """Take no more tasks, and send those that wait to the thread."""
        if self._timer is not None:
            self._timer.cancel()
        self._stopped = True
        rest, self._waiting, self._gathered = [*self._waiting, *self._gathered], [], []
        if rest:
            self._thread.submit(self._run_all, rest, False, self._loop)

    def shut_down(self) -> None:
        """End the thread after the tasks that it was sent."""
        self._thread.shutdown()

    # On the event loop

    def _gather(self, task: WriteTask, loop: asyncio.AbstractEventLoop) -> None:
        self._gathered.append(task)
        if len(self._gathered) == 1:
            loop.call_later(GATHER_SECONDS, self._run_gathered)
        elif len(self._gathered) >= GATHER_TASKS:
            self._run_gathered()

    def _run_gathered(self) -> None:
        """Run the brief tasks here, or leave them to the thread if they may have to wait."""
        if self._is_busy or not self._gathered:  # `_returned` calls this again
            return
        tasks, self._gathered = self._gathered, []
        for number, task in enumerate(tasks):
            if self._group.may_wait():
                self._waiting += tasks[number:]
                break
            self._run_each([task])
        self._deliver([task for task in tasks if task.done])

    def _send(self) -> None:
        """Send all waiting tasks to the thread together, and a commit if one is due."""
        if self._is_busy or self._stopped or not (self._waiting or self._commit_due):
            return
        self._is_busy = True
        self._thread.submit(self._run_all, self._waiting, self._commit_due, self._loop)
        self._waiting, self._commit_due = [], False

    def _returned(self, tasks: list[WriteTask]) -> None:
        self._is_busy = False
        self._run_gathered()
        self._deliver(tasks)

    def _deliver(self, tasks: list[WriteTask]) -> None:
        """Give results to the callers, and see that they are committed in time."""
        for task in tasks:
            task.deliver()
        self._commit_due |= self._group.is_due()
        self._send()
        if self._timer is None and self._group.uncommitted_tasks and not self._stopped:
            self._timer = self._loop.call_later(COMMIT_SECONDS, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        self._commit_due |= self._group.uncommitted_tasks > 0 and self._group.failed is None
        self._send()

    # On the thread; `_run_each` on either

    def _run_all(self, tasks: list[WriteTask], commit_due: bool, loop: asyncio.AbstractEventLoop) -> None:
        self._run_each(tasks)
        if commit_due or self._group.is_due():
            self._group.try_commit()
        loop.call_soon_threadsafe(self._returned, tasks)

    def _run_each(self, tasks: list[WriteTask]) -> None:
        for task in tasks:
            task.done = True
            if not task.future.cancelled():
                try:
                    task.result = self._group.run(task.task, task.args, brief=task.brief)
                except BaseException as error:  # noqa: BLE001 the caller gets it
                    task.error = error

    def _run_one(self, task: Callable[..., T], args: tuple[Any, ...]) -> T:
        result = self._group.run(task, args)
        if self._group.is_due():
            self._group.commit()
        return result

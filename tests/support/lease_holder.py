"""Hold the lease of a shard in a process of its own, and do what lines on standard input say.

    python lease_holder.py ADDRESS ENDPOINT FLEET SECONDS AHEAD

AHEAD: seconds by which its clock is wrong. Each line is answered by one: "take", "held", "ship NAME", "late NAME" (as
"ship", by a process that was stopped just after it had asked whether the lease holds), "release".
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import IO

from pipelines.bucket.address import bucket_address
from pipelines.bucket.lease import ShardLease, take_lease
from pipelines.bucket.object_store import ObjectStore
from pipelines.bucket.shard_head import ShardHead, open_head
from pipelines.core import timestamps
from pipelines.core.errors import MorgueError

SHARD = 3


@dataclass(frozen=True)
class HolderProcess:
    """Hold the process, and ask it."""

    process: subprocess.Popen[str]
    commands: IO[str]
    answers: IO[str]

    def tell(self, line: str) -> None:
        """Write a line, and wait for no answer."""
        self.commands.write(line + "\n")
        self.commands.flush()

    def answer(self) -> str:
        """Return the next answer."""
        return self.answers.readline().rstrip()

    def ask(self, line: str) -> str:
        """Write a line and return its answer."""
        self.tell(line)
        return self.answer()


@contextmanager
def holder(store: ObjectStore, fleet: str, seconds: float, *, ahead: float = 0) -> Iterator[HolderProcess]:
    """Start a process that can hold the lease; kill it at the end of the block."""
    words = [str(store.address), str(store.address.endpoint), fleet, str(seconds), str(ahead)]
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-m", "tests.support.lease_holder", *words],
        cwd=root, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield HolderProcess(process, process.stdin, process.stdout)
        finally:
            process.kill()


class Holding:
    """Do what the lines say."""

    def __init__(self, store: ObjectStore, fleet: str, seconds: float) -> None:
        self.store, self.fleet, self.seconds = store, fleet, seconds
        self.lease: ShardLease
        self.head: ShardHead

    def do(self, words: list[str]) -> object:
        """Return the answer to a line."""
        if words[0] == "take":
            self.lease = take_lease(self.store, self.fleet, SHARD, seconds=self.seconds)
            self.head = open_head(self.store, self.lease)
            return self.lease.token
        if words[0] == "held":
            return self.lease.is_held()
        if words[0] == "release":
            return self.lease.release()
        if words[0] == "late":
            self.lease.check = lambda: None  # type: ignore[method-assign]
        name = words[1]
        self.lease.check()
        etag = self.store.put_new(f"warc/{name}", name.encode())
        self.head.begin_file(name)
        self.head.add_file(name, len(name), hashlib.sha256(name.encode()).hexdigest(), etag)
        return "shipped"


def main(address: str, endpoint: str, fleet: str, seconds: str, ahead: str) -> None:
    """Answer lines until they end."""
    timestamps.clock = lambda: timestamps.system_clock() + timedelta(seconds=float(ahead))
    holding = Holding(ObjectStore(bucket_address(address, endpoint)), fleet, float(seconds))
    for line in sys.stdin:
        try:
            answer = holding.do(line.split())
        except MorgueError as error:
            answer = f"{type(error).__name__}: {error.cause}"
        print(answer, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])

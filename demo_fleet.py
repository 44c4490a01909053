"""`make demo-fleet`: a fleet of three workers on this machine: a bucket, a Dask scheduler, workers, newspapers.

    python demo_fleet.py

Everything listens on 127.0.0.1 only, and is stopped and cleaned up at the end; the fleet stays in ./demo-fleet.
Runs the very commands that a user types and shows what they print.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

FLEET = Path("demo-fleet")
MARK = FLEET / ".made-by-the-demo"
PAPERS = 3
SETTINGS = """
[operator]
contact = "demo@newsmorgue.invalid"

[crawl]
allow_private_ips = true    # our newspapers are on this machine
delay = 0.0

[record]
rotate_after = "0s"         # each crawl finishes its WARC files, which are shipped then

[storage]
bucket = "s3://demo/fleet"
endpoint = "{endpoint}"
"""


def main() -> int:
    """Run the demo; return an exit code."""
    if FLEET.exists() and not MARK.exists():
        print(f"{FLEET} is there and was not made by the demo: move it away first", file=sys.stderr)
        return 2
    shutil.rmtree(FLEET, ignore_errors=True)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="demo-fleet-")))
        print("# a bucket (SeaweedFS), a Dask scheduler and three workers, on 127.0.0.1")
        endpoint = stack.enter_context(bucket(folder / "bucket"))
        scheduler = stack.enter_context(cluster(folder / "dask"))
        papers = [stack.enter_context(paper()) for _ in range(PAPERS)]
        morgue("init", str(FLEET), "--shards", "4", "--contact", "demo@newsmorgue.invalid")
        MARK.touch()
        (FLEET / "morgue.toml").write_text(SETTINGS.format(endpoint=endpoint))
        for number, url in enumerate(papers, 1):
            (FLEET / "sources" / f"paper{number}.toml").write_text(f'url = "{url}/"\nfeeds = ["{url}/feed.xml"]\n')
        code = fleet("crawl", "--on", scheduler)
        if code not in (0, 1):
            return code
        fleet("fleet", "status")
        fleet("search", "harbour", "--limit", "3")
        fleet("count", "--by", "source")
        lost = max((FLEET / "shards").glob("*/morgue.db"), key=lambda file: file.stat().st_size).parent
        print(f"\n# a disk is lost, and with it {lost}: it comes back from the bucket")
        shutil.rmtree(lost)
        fleet("--shard", str(int(lost.name)), "restore")
        code = fleet("verify")
    print(
        f"\n# scheduler, workers and bucket are gone. {FLEET} can still be searched; docs/scale.md makes one that stays"
    )
    return code


@contextlib.contextmanager
def bucket(folder: Path) -> Iterator[str]:
    """Run an object store; yield its address. Its keys are in our environment meanwhile."""
    from pipelines.bucket.address import bucket_address
    from pipelines.bucket.object_store import ObjectStore
    from tests.support.seaweedfs import KEY_ID, SECRET, ObjectServer

    os.environ |= {"AWS_ACCESS_KEY_ID": KEY_ID, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "us-east-1"}
    server = ObjectServer(folder)
    try:
        ObjectStore(bucket_address("s3://demo", server.endpoint)).put("made-by-the-demo", b"")  # makes the bucket, too
        yield server.endpoint
    finally:
        server.kill()


@contextlib.contextmanager
def cluster(folder: Path) -> Iterator[str]:
    """Run a Dask scheduler and three workers; yield the address of the scheduler."""
    from tests.support.dask_cluster import DaskCluster

    running = DaskCluster(folder, workers=3)
    try:
        yield running.address
    finally:
        running.close()


@contextlib.contextmanager
def paper() -> Iterator[str]:
    """Serve a small newspaper of our own; yield its address."""
    from tests.support.newspaper import serve

    with serve(faults=False) as served:
        yield served.url


def fleet(*args: str) -> int:
    """Run a command on the fleet."""
    return morgue("-C", str(FLEET), *args)


def morgue(*args: str) -> int:
    """Run the command as a user would, and show it."""
    print(f"\n$ morgue {shlex.join(args)}", flush=True)
    return subprocess.run([sys.executable, "-m", "crawler", *args], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())

"""Show how many bytes leave an object server when a lake in it is read in place, and that nothing else is moved.

    .venv/bin/python benchmarks/lake_bytes.py --lake FOLDER --domain DOMAIN [--gb 3] [--limit 1.05]

`--lake`: WARC files, which are put into a real bucket (SeaweedFS) again and again under other names until they are as
large as `--gb` says, each with its CDXJ index as FILE.cdxj. `--domain`: of some of their pages. The lake is read for
the domain, with the indexes and then without, and for a domain that no page has. What the server has sent is what its
own counter says.
Exit code 1: with indexes, more than `--limit` times the wanted records and the indexes were sent; without, more than
`--limit` times the lake; more than 64 MB were written to disk, the outputs included; or readings of the two differ.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.request import urlopen

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from crawler.lake.cdxj_index import IndexSearch  # noqa: E402
from crawler.lake.places import opened  # noqa: E402
from pipelines.bucket.address import bucket_address  # noqa: E402
from pipelines.bucket.object_store import ObjectStore  # noqa: E402
from pipelines.importing.adopt import ImportFilter  # noqa: E402
from pipelines.importing.foreign_records import read_records  # noqa: E402
from pipelines.importing.unpacking import UnpackedStream  # noqa: E402
from pipelines.warc.cdxj import key_of  # noqa: E402
from tests.support.lakes import rows_of  # noqa: E402
from tests.support.seaweedfs import KEY_ID, SECRET, ObjectServer  # noqa: E402

BUCKET = "morgue-tests"
METRICS_PORT = 29327
SENT = re.compile(r"^SeaweedFS_s3_bucket_traffic_sent_bytes_total\{.*?\} (\S+)$", re.MULTILINE)
MAX_DISK_BYTES = 64 << 20


def index_of(path: Path) -> str:
    """Return the CDXJ lines of the responses in a WARC file."""
    places: list[tuple[int, Any]] = []
    with path.open("rb") as file:
        for record in read_records(UnpackedStream(file, path.name), lambda _: False, lambda damage: None):
            places.append((record.offset, record.fields))
    found = []
    ends = [offset for offset, _ in places[1:]] + [path.stat().st_size]
    for (offset, fields), end in zip(places, ends, strict=True):
        if fields.get("WARC-Type") == "response":
            url = fields.get("WARC-Target-URI")
            said = {"url": url, "length": str(end - offset), "offset": str(offset), "filename": path.name}
            time_of_line = "".join(filter(str.isdigit, fields.get("WARC-Date")[:19]))
            found.append(f"{key_of(url)} {time_of_line} {json.dumps(said)}\n")
    return "".join(sorted(found))


def sent_bytes() -> int:
    """Return what the server says it has sent so far."""
    with urlopen(f"http://127.0.0.1:{METRICS_PORT}/metrics", timeout=10) as answer:
        return int(sum(float(number) for number in SENT.findall(answer.read().decode())))


def written_bytes() -> int:
    """Return what ended children have written to disks, theirs included."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_oublock * 512


def read(folder: Path, name: str, prefix: str, domain: str) -> dict[str, Any]:
    """Read the lake for a domain; return what was sent, written and found."""
    written, before, begin = written_bytes(), sent_bytes(), time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "crawler", "import", "--in-place", f"s3://{BUCKET}/{prefix}", "--output",
         str(folder / name), "--domain", domain, "--format", "json", "--workers", "2"],
        cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(done.stderr.decode() + done.stdout.decode())
    told = json.loads(done.stdout)
    return {
        "sent": sent_bytes() - before, "seconds": time.monotonic() - begin, "disk": written_bytes() - written,
        "told": told["totals"]["bytes"], "readings": told["totals"]["readings"],
    }  # fmt: skip


def main() -> int:
    """Print what was measured; return 1 if an aim is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--lake", type=Path, required=True)
    parser.add_argument("--domain", required=True)
    parser.add_argument("--gb", type=float, default=3)
    parser.add_argument("--limit", type=float, default=1.05)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ |= {"AWS_ACCESS_KEY_ID": KEY_ID, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "us-east-1"}
        server = ObjectServer(folder / "server", "-volume.max=200", f"-metricsPort={METRICS_PORT}")
        os.environ["AWS_ENDPOINT_URL"] = server.endpoint
        try:
            return measure(folder, args)
        finally:
            server.kill()


def measure(folder: Path, args: argparse.Namespace) -> int:
    """Fill the bucket, read it three times, and judge."""
    store = ObjectStore(bucket_address(f"s3://{BUCKET}"), seconds=60)
    paths, size, wanted, index_bytes, number = sorted(args.lake.glob("*.warc*")), 0, 0, 0, 0
    indexes = {path: index_of(path) for path in paths}
    search = IndexSearch(ImportFilter(domains=frozenset({args.domain})))
    while size < args.gb * 1e9:
        path = paths[number % len(paths)]
        key = f"{number:05}-{path.name}"
        data, lines = path.read_bytes(), indexes[path].replace(path.name, key).encode()
        store.put(f"plain/{key}", data)
        store.put(f"indexed/{key}", data)
        store.put(f"indexed/{key}.cdxj", lines)
        with opened(f"s3://{BUCKET}/indexed/{key}.cdxj") as index:
            wanted += sum(place[1] for _, place in search.places(index, {key}) if place is not None)
        size, index_bytes, number = size + len(data), index_bytes + len(lines), number + 1
    print(f"{number} files, {size:,} bytes; {wanted:,} of wanted records, {index_bytes:,} of indexes", flush=True)
    indexed = read(folder, "indexed", "indexed", args.domain)
    print("indexed", indexed, flush=True)
    nothing = read(folder, "nothing", "plain", "nowhere.example")
    print("no index, no page of the domain", nothing, flush=True)
    whole = read(folder, "whole", "plain", args.domain)
    print("no index", whole, flush=True)
    place = ("warc_offset", "warc_length", "warc_record_id", "text_digest", "url")
    ours, theirs = (
        sorted(tuple(row[name] for name in place) for row in rows_of(folder / one)) for one in ("indexed", "whole")
    )
    found = {
        "indexed_sent_over_wanted": indexed["sent"] / (wanted + index_bytes),
        "indexed_sent_of_lake": indexed["sent"] / size,
        "whole_sent_over_lake": nothing["sent"] / size,
        "most_disk": max(one["disk"] for one in (indexed, nothing, whole)),
        "same": ours == theirs and bool(ours),
    }
    print("\n".join(f"{name:>26}  {value}" for name, value in found.items()))
    misses = [name for name in ("indexed_sent_over_wanted", "whole_sent_over_lake") if found[name] > args.limit]
    misses += ["most_disk"] * (found["most_disk"] > MAX_DISK_BYTES) + ["same"] * (not found["same"])
    print("missed: " + ", ".join(misses) if misses else "all aims are met")
    return 1 if misses else 0


if __name__ == "__main__":
    sys.exit(main())

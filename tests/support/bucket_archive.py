"""Give an archive a bucket of the test server, and look at what lies there."""

from __future__ import annotations

import uuid
from pathlib import Path

from pipelines.bucket.address import bucket_address
from pipelines.bucket.object_store import ObjectStore
from tests.support.seaweedfs import ObjectServer


def give_bucket(archive: Path, server: ObjectServer, address: str = "", **settings: str) -> ObjectStore:
    """Write a bucket, and other keys of morgue.toml, into the settings of an archive; return the bucket."""
    address = address or f"s3://morgue-tests/{uuid.uuid4()}"
    path = archive / "morgue.toml"
    text = path.read_text()
    for name, value in {"bucket": address, "endpoint": server.endpoint, **settings}.items():
        line = next(line for line in text.splitlines() if line.startswith(f"#{name} = "))
        text = text.replace(line, f'{name} = "{value}"', 1)
    path.write_text(text)
    return ObjectStore(bucket_address(address, server.endpoint), seconds=5)


def here(archive: Path) -> list[str]:
    """Return the names of the files in warc/."""
    return sorted(path.name for path in (archive / "warc").iterdir())


def there(store: ObjectStore) -> list[str]:
    """Return the names of the WARC files in the bucket."""
    return [info.key.removeprefix("warc/") for info in store.objects("warc")]

"""Give an archive a bucket of the test server, and look at what lies there."""

from __future__ import annotations

import hashlib
import uuid
from pathlib import Path

import pytest

from pipelines.bucket.address import bucket_address
from pipelines.bucket.object_store import ObjectStore
from pipelines.bucket.shipped import BucketLine, ShippedFile, ShippedFiles
from pipelines.core.archive_layout import SHIPPED_NAME
from tests.support.seaweedfs import KEY_ID, SECRET, ObjectServer


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


def lose_bucket(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave an archive as if all its WARC files had been shipped to a bucket that does not answer now."""
    for name, value in {"ACCESS_KEY_ID": KEY_ID, "SECRET_ACCESS_KEY": SECRET, "REGION": "us-east-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    shipped = ShippedFiles(archive / SHIPPED_NAME)
    shipped.write(BucketLine("s3://morgue-tests/gone", "http://127.0.0.1:1", allow_http=False))
    for path in (archive / "warc").iterdir():
        data = path.read_bytes()
        shipped.add(ShippedFile(path.name, len(data), hashlib.sha256(data).hexdigest(), '"0"', "2026-04-01T00:00:00Z"))
        path.unlink()

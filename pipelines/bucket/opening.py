"""Open the WARC files of an archive, wherever they lie, and connect an archive with its bucket.

Light to import: the client and what needs it are loaded for an archive that has a bucket.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.core.archive_layout import SHIPPED_NAME, WARC_FOLDER
from pipelines.core.errors import ConfigError
from pipelines.warc.storage import WarcStorage

if TYPE_CHECKING:
    from pipelines.bucket.object_store import ObjectStore
    from pipelines.bucket.shipped import BucketLine, ShippedFile
    from pipelines.bucket.storage import BucketStorage


def warc_storage(archive: Path) -> WarcStorage:
    """Return the WARC files of an archive folder. Raises MorgueError."""
    if not (archive / SHIPPED_NAME).exists():
        return WarcStorage(archive / WARC_FOLDER)
    from pipelines.bucket.shipped import ShippedFiles

    head = ShippedFiles(archive / SHIPPED_NAME).head()
    return WarcStorage(archive / WARC_FOLDER) if head is None else bucket_storage(archive, head)


def bucket_storage(archive: Path, head: BucketLine) -> BucketStorage:
    """Return the WARC files of an archive folder that has this bucket, or is to get it. Raises ConfigError."""
    from pipelines.bucket.object_store import ObjectStore
    from pipelines.bucket.shipped import ShippedFiles
    from pipelines.bucket.storage import BucketStorage

    return BucketStorage(archive / WARC_FOLDER, ShippedFiles(archive / SHIPPED_NAME), ObjectStore(head.address))


def fleet_store(shard: Path, *, seconds: float, tries: int) -> ObjectStore | None:
    """Return the bucket of a fleet, as one of its shards has noted it; None if it has none.

    `seconds`, `tries`: for each request. Raises MorgueError.
    """
    if not (shard / SHIPPED_NAME).exists():
        return None
    from pipelines.bucket.object_store import ObjectStore
    from pipelines.bucket.shipped import ShippedFiles

    head = ShippedFiles(shard / SHIPPED_NAME).head()
    if head is None:
        return None
    whole = replace(head, bucket=head.bucket.removesuffix(f"/{shard.parent.name}/{shard.name}"))
    return ObjectStore(whole.address, seconds=seconds, tries=tries)


def connect(archive: Path, head: BucketLine, uuid: str | None) -> None:
    """Note the bucket of an archive, if it is not noted yet, and learn which files lie there already.

    `uuid`: of the archive, which takes the address; None: not known, so that whoever has it is ours. Asks the bucket
    only if something changed. Raises ConfigError if the address is another archive's, or if files lie elsewhere.
    """
    from pipelines.bucket.identity import claim
    from pipelines.bucket.object_store import ObjectStore
    from pipelines.bucket.shipped import ShippedFiles

    shipped = ShippedFiles(archive / SHIPPED_NAME)
    known = shipped.head()
    if known == head:
        return
    if known is not None and known.bucket != head.bucket and (files := shipped.all()):
        cause = f"is not where the files of this archive are: {len(files):,} lie in {known.bucket}"
        cure = f"set [storage] bucket back; or copy all objects to the new address, and delete {shipped.path}"
        raise ConfigError(head.bucket, cause, cure)
    store = ObjectStore(head.address)
    if uuid is not None:
        claim(store, uuid)
    shipped.write(head, None if known is not None and known.bucket == head.bucket else learned(store, archive))


def learned(store: ObjectStore, archive: Path) -> Iterator[ShippedFile]:
    """Yield the WARC files that lie in a bucket; one whose SHA-256 the manifest does not say is read."""
    from pipelines.bucket.shipped import ShippedFile
    from pipelines.bucket.storage import KEY_FOLDER, sha256_of_object
    from pipelines.core.archive_layout import is_warc_name
    from pipelines.core.timestamps import stamp
    from pipelines.warc import manifest

    entries = manifest.load(archive / manifest.NAME)
    for info in store.objects(KEY_FOLDER):
        name = info.key.removeprefix(f"{KEY_FOLDER}/")
        if not is_warc_name(name):
            continue
        entry = entries.get(name)
        is_listed = entry is not None and not entry.offset and entry.size == info.size
        sha256 = entry.sha256 if is_listed and entry is not None else sha256_of_object(store, info)
        yield ShippedFile(name, info.size, sha256, info.etag, stamp(info.modified))

"""Give each archive a place of its own in a bucket: the object `morgue.json` there names the archive, by its UUID."""

from __future__ import annotations

import json

from pipelines.bucket.object_store import ObjectStore
from pipelines.core.errors import ArchiveDamaged, ConfigError, NotFound, ObjectChanged

IDENTITY_KEY = "morgue.json"
MAX_IDENTITY_BYTES = 4096
FIELD = "archive"


def claim(store: ObjectStore, archive: str) -> None:
    """Take an address for an archive, or make sure that it has it already. `archive`: a UUID.

    Raises ConfigError if it is another archive's, ArchiveDamaged for an object that names none, BucketFailing.
    """
    data = json.dumps({FIELD: archive}).encode()
    try:
        store.put_new(IDENTITY_KEY, data)
    except ObjectChanged:
        owner = owner_of(store)
        if owner != archive:
            cure = "give each archive an address of its own, such as s3://BUCKET/NAME"
            raise ConfigError(str(store.address), f"belongs to archive {owner}; this one is {archive}", cure) from None


def owner_of(store: ObjectStore) -> str | None:
    """Return the UUID of the archive that has this address; None if nobody has it.

    Raises ArchiveDamaged for an object that names none, BucketFailing.
    """
    try:
        data = store.get(IDENTITY_KEY, MAX_IDENTITY_BYTES).data
    except NotFound:
        return None
    try:
        owner = json.loads(data)[FIELD]
        if not isinstance(owner, str):
            raise TypeError(owner)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        cure = "look at what it is; nothing is written beside it"
        raise ArchiveDamaged(store.location(IDENTITY_KEY), "names no archive", cure) from error
    return owner

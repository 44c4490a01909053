"""Declare the keys of [capture], which parts of pages are fetched, of [record], how WARC files are written, and of
[storage], where they lie.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import PlainValidator

from crawler.config import value_types
from crawler.config.setting_names import SNAPSHOT_EVERY
from crawler.config.toml_table import TomlTable, key

ANY_HOST = "*"


def part_host(value: Any) -> str:
    """Return a host name or "*", in small letters. Raises ValueError."""
    if value != ANY_HOST and (not isinstance(value, str) or not value_types.DOMAIN.fullmatch(value) or ":" in value):
        raise ValueError(f'{value_types.shown(value)} is neither a host nor "*"')
    return str(value).lower()


Parts = Annotated[Literal["none", "images", "all"], value_types.one_of("none", "images", "all")]
PartHosts = Annotated[tuple[str, ...], value_types.list_of(part_host, "hosts")]


class PartSettings(TomlTable):
    """Set which parts of the article pages of watched sources are fetched, so that a replay looks as readers saw it."""

    keys_of_archive: ClassVar[frozenset[str]] = frozenset()  # other keys of [capture], set below

    parts: Parts = key(
        "none",
        'Parts of new and edited articles: "none"; "images", those in the page itself; or "all": style sheets and what'
        " they name, fonts and the icon as well. docs/archive.md says what they cost.",
        "all",
    )
    part_hosts: PartHosts = key(
        [],
        "Further hosts, with all below them, from which parts are fetched; those of the paper's own site (registrable"
        ' domain) always are. "*": any host.',
        ["cdn.example"],
    )
    parts_per_page: value_types.Count = key(100, "Maximum number of parts of one page or style sheet.", 50)
    parts_per_source: value_types.Count = key(
        2000, "Maximum number of parts requested for one source in one crawl; the others wait for the next.", 500
    )
    part_bytes: value_types.Bytes = key(
        "5MB", "Maximum size of one part. A larger one is cut off and not shown.", "2MB"
    )


class CaptureSettings(PartSettings):
    """Set which parts of the article pages of watched sources are fetched, so that a replay looks as readers saw it."""

    parts_per_crawl: value_types.Count = key(
        20000, "Maximum number of parts requested in one crawl, of all sources together.", 5000
    )
    parts_recheck: value_types.Interval = key(
        "30d", "Time after which a part is asked for again, conditionally, if a new or edited article uses it.", "90d"
    )


PartSettings.keys_of_archive = frozenset(CaptureSettings.model_fields.keys() - PartSettings.model_fields.keys())


class RecordSettings(TomlTable):
    """Set how WARC files are written."""

    rotate: value_types.Bytes = key("1GB", "Size at which a WARC file is closed and a new one is started.", "500MB")
    rotate_after: value_types.AnyInterval = key(
        "1d",
        "Age at which a WARC file is closed and a new one is started. Until then, crawls and imports append to it;"
        ' "0s": each of them starts a file of its own.',
        "6h",
    )
    compression: value_types.Level = key(6, "Gzip level, from 1 (fastest) to 9 (smallest files).", 9)
    chunked_payload_digest: value_types.Digest = key(
        "omit",
        'WARC-Payload-Digest of responses with chunked transfer coding: "omit" it, or give the digest of the "entity"'
        ' (WARC 1.1 section 5.9) or of the bytes as "stored". Tools disagree about it, but all accept "omit":'
        " docs/decisions/0004-payload-digest.md.",
        "entity",
    )


def bucket(value: Any) -> str:
    """Return the address of a bucket, or "" for none. Raises ValueError."""
    if value == "":
        return ""
    from pipelines.bucket.address import bucket_address  # which an archive without a bucket need not load
    from pipelines.core.errors import ConfigError

    if not isinstance(value, str):
        raise ValueError(f"{value_types.shown(value)} is not the address of a bucket")
    try:
        bucket_address(value, "https://unused.example")
    except ConfigError as error:
        raise ValueError(f"{value_types.shown(value)} {error.cause} ({error.cure})") from None
    return value.rstrip("/")


def endpoint(value: Any) -> str:
    """Return the address of a server, or "" for none. Raises ValueError."""
    if value == "":
        return ""
    from pipelines.bucket.address import checked_endpoint
    from pipelines.core.errors import ConfigError

    if not isinstance(value, str):
        raise ValueError(f"{value_types.shown(value)} is not the address of a server")
    try:
        return checked_endpoint(value, allow_http=True)
    except ConfigError as error:
        raise ValueError(f"{error.cause} ({error.cure})") from None  # without the address: it may hold a password


BucketName = Annotated[str, PlainValidator(bucket)]
Endpoint = Annotated[str, PlainValidator(endpoint)]


class StorageSettings(TomlTable):
    """Set where finished WARC files lie. Keys of access come from the environment or the files of the AWS tools."""

    bucket: BucketName = key(
        "",
        "Address in an object store that speaks S3, to which finished WARC files are shipped; empty: they stay in"
        " warc/. Each archive needs an address of its own. docs/keep-it-safe.md says more.",
        "s3://my-bucket/my-archive",
    )
    endpoint: Endpoint = key(
        "",
        "Server of the bucket; empty: that of AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL, else Amazon's.",
        "https://s3.example.org",
    )
    allow_http: value_types.Flag = key(
        False, "Also talk to a server on another machine without TLS: all on the way can read and change the pages."
    )
    spool: value_types.Bytes = key(
        "20GB",
        "Bytes of WARC files in warc/ that are not shipped yet. At this limit fetching waits until the bucket takes"
        " some.",
        "5GB",
    )
    lease: value_types.SomeSeconds = key(
        120.0,
        "Of a fleet with a bucket: seconds without a sign of a shard's holder after which another machine may write it;"
        " a crawl waits when the bucket did not answer for so long. docs/leases.md says more.",
        60.0,
    )
    patience: value_types.Interval = key(
        "1h",
        "How long a crawl that waits because of `lease` tries to reach the bucket, before it ends with exit code 11.",
        "6h",
    )
    snapshot_every: value_types.AnyInterval = key(
        SNAPSHOT_EVERY,
        "How often a changed database is copied to the bucket, at the end of a crawl or by `morgue ship`.",
        "6h",
    )
    snapshot_after: value_types.Count = key(
        20000, "Number of new articles after which the database is copied to the bucket earlier than that.", 5000
    )

"""Check the digests of a record: all kinds that occur in WARC files, in hex or base 32.

Section numbers are those of WARC 1.1.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Mapping
from typing import NamedTuple

from pipelines.warc.http_message import entity_body, split_response
from pipelines.warc.record import digest

DIGEST_BYTES = {"sha1": 20, "sha256": 32, "sha384": 48, "sha512": 64, "md5": 16}  # bytes of a digest, by algorithm


class Digest(NamedTuple):
    """Hold a labelled digest (section 5.8), independent of its spelling."""

    algorithm: str  # a key of DIGEST_BYTES
    value: bytes

    def of(self, data: bytes) -> bool:
        """Return True if this is the digest of `data`."""
        return hashlib.new(self.algorithm, data, usedforsecurity=False).digest() == self.value


class DigestCheck(NamedTuple):
    """Hold what the check of one record's digests found."""

    problems: list[tuple[str, str]]  # (kind of finding, what is wrong)
    undigested: bool  # the record has no digest of its block that could be checked


def parse_digest(text: str) -> Digest | None:
    """Return the digest in `text` ("sha1:3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ"), or None if its algorithm is unknown.

    Raises ValueError for text that is not a digest of the algorithm it names.
    """
    label, colon, value = text.strip().partition(":")
    algorithm = label.lower().replace("-", "").replace("_", "")
    size = DIGEST_BYTES.get(algorithm)
    if not colon or not value:
        raise ValueError(f"{text!r} is no labelled digest")
    if size is None:
        return None
    bare = value.rstrip("=").upper()
    try:
        if len(value) == 2 * size and "=" not in value:
            return Digest(algorithm, bytes.fromhex(value))
        found = base64.b32decode(bare + "=" * (-len(bare) % 8))
    except (ValueError, binascii.Error):
        found = b""
    if len(found) != size or base64.b32encode(found).decode().rstrip("=") != bare:
        raise ValueError(f"{text!r} is no digest of {size} bytes, in hex or base 32")
    return Digest(algorithm, found)


def check_digests(fields: Mapping[str, str], block: bytes, entity: str | None) -> DigestCheck:
    """Check the block and payload digests of a record.

    fields: the record's, by lower-case name. entity: `record.digest` of the entity body, if it is known already.
    """
    problems: list[tuple[str, str]] = []
    stated = fields.get("warc-block-digest")
    checked = stated is not None and _holds("block digest", stated, lambda one: one.of(block), digest(block), problems)
    payload = fields.get("warc-payload-digest")
    segment = "warc-segment-number" in fields or fields.get("warc-type") == "continuation"
    if payload is not None and not segment and fields.get("warc-type") != "revisit" and payload != entity:
        _holds("payload digest", payload, lambda one: payload_matches(one, fields, block), None, problems)
    return DigestCheck(problems, not checked)


def payload_matches(wanted: Digest, fields: Mapping[str, str], block: bytes) -> bool:
    """Return True if a record's payload has this digest.

    The payload of an HTTP response is the entity body without its transfer coding (section 6.3.2). Some writers hash
    the body as it is stored, with its chunk framing. Both count, because readers meet both.
    """
    if not fields.get("content-type", "").lower().startswith("application/http"):
        return wanted.of(block)
    body = split_response(block)[1]
    if wanted.of(body):
        return True
    return fields.get("warc-type") == "response" and wanted.of(entity_body(block))


def _holds(kind: str, stated: str, test: Callable[[Digest], bool], quick: str | None,
           problems: list[tuple[str, str]]) -> bool:  # fmt: skip
    """Return True if a digest could be checked; add what is wrong with it to `problems`."""
    if stated == quick:
        return True
    try:
        wanted = parse_digest(stated)
    except ValueError as error:
        problems.append(("bad digest", f"its {kind}: {error}"))
        return False
    if wanted is None:
        return False
    if not test(wanted):
        problems.append((kind, f"its {kind.split()[0]} is not the one that {stated} was made of"))
    return True

"""Read and check the digests of a record: all algorithms and spellings that occur in WARC files.

Section numbers are those of WARC 1.1.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

from pipelines.warc.http_message import entity_body, split_response
from pipelines.warc.import_marks import OWN_BLOCK_DIGEST
from pipelines.warc.record import digest

# Bytes of a digest, by algorithm.
DIGEST_BYTES = {"sha1": 20, "sha224": 28, "sha256": 32, "sha384": 48, "sha512": 64, "md5": 16}
BLOCK_DIGEST, PAYLOAD_DIGEST = "WARC-Block-Digest", "WARC-Payload-Digest"


class Digest(NamedTuple):
    """Hold a labelled digest (section 5.8), independent of its spelling."""

    algorithm: str  # a key of DIGEST_BYTES
    value: bytes

    def of(self, data: bytes) -> bool:
        """Return True if this is the digest of `data`."""
        return hashlib.new(self.algorithm, data, usedforsecurity=False).digest() == self.value

    def spellings(self) -> list[str]:
        """Return the ways in which programs write this digest, for looking it up."""
        value = self.value
        base32, base64_ = base64.b32encode(value).decode(), base64.b64encode(value).decode()
        forms = (base32, base32.rstrip("="), base32.rstrip("=").lower(), value.hex(), value.hex().upper(),
                 base64_, base64_.rstrip("="))  # fmt: skip
        dashed = self.algorithm.replace("sha", "sha-")
        labels = (self.algorithm, self.algorithm.upper(), dashed, dashed.upper())
        return list(dict.fromkeys(f"{label}:{form}" for label in labels for form in forms))


class DigestProblem(NamedTuple):
    """Hold what is wrong with one digest of a record."""

    field: str  # WARC-Block-Digest or WARC-Payload-Digest
    kind: str  # kind of finding
    what: str  # for people


class DigestCheck(NamedTuple):
    """Hold what the check of one record's digests found."""

    problems: list[DigestProblem]
    undigested: bool  # the record has no digest of its block that could be checked


def algorithm_of(text: str) -> str:
    """Return the algorithm that a labelled digest names, known or not, as DIGEST_BYTES spells it."""
    return text.partition(":")[0].strip().lower().replace("-", "").replace("_", "")


def parse_digest(text: str) -> Digest | None:
    """Return the digest in `text` ("sha1:3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ"), or None if its algorithm is unknown.

    The value may be in base 32, hex or base 64 (jwat, JHOVE); its length says which. Raises ValueError for text that is
    not a digest of the algorithm it names.
    """
    _, colon, value = text.strip().partition(":")
    algorithm = algorithm_of(text)
    size = DIGEST_BYTES.get(algorithm)
    if not colon or not value:
        raise ValueError(f"{text!r} is no labelled digest")
    if size is None:
        return None
    bare = value.strip().rstrip("=")
    try:
        if len(bare) == 2 * size:
            return Digest(algorithm, bytes.fromhex(bare))
        if len(bare) == (8 * size + 5) // 6:
            return Digest(algorithm, _from_base64(bare))
        found = base64.b32decode(bare.upper() + "=" * (-len(bare) % 8))
    except (ValueError, binascii.Error):
        found = b""
    if len(found) != size or base64.b32encode(found).decode().rstrip("=") != bare.upper():
        raise ValueError(f"{text!r} is no digest of {size} bytes, in base 32, hex or base 64")
    return Digest(algorithm, found)


def _from_base64(bare: str) -> bytes:
    """Return the bytes of base 64 in either alphabet (RFC 4648 sections 4 and 5). Raises binascii.Error."""
    return base64.b64decode(bare.replace("-", "+").replace("_", "/") + "=" * (-len(bare) % 4), validate=True)


def spellings_of(text: str) -> list[str]:
    """Return the ways in which programs write a labelled digest, the given one first."""
    try:
        found = parse_digest(text)
    except ValueError:
        found = None
    return list(dict.fromkeys([text, *(found.spellings() if found else ())]))


def same_digest(one: str, other: str) -> bool:
    """Return True if two labelled digests are the same, however they are spelled."""
    if one == other:
        return True
    try:
        return (known := parse_digest(one)) is not None and known == parse_digest(other)
    except ValueError:
        return False


def check_digests(
    fields: Mapping[str, str], block: bytes, entity: str | None, known_flaws: Collection[str] = ()
) -> DigestCheck:
    """Check the block and payload digests of a record. An import and a verification both ask this.

    fields: the record's, by lower-case name. entity: `record.digest` of the entity body, if it is known already.
    known_flaws: names of digest fields that were not right when the record was imported; they are not checked again.
    For a block digest, that which the import computed is checked instead.
    """
    problems: list[DigestProblem] = []
    flawed = BLOCK_DIGEST in known_flaws
    stated = fields.get(OWN_BLOCK_DIGEST.lower()) if flawed else fields.get("warc-block-digest")
    checked = stated is not None and _holds(
        BLOCK_DIGEST, "block digest", stated, lambda one: one.of(block), digest(block), problems
    )
    payload = None if PAYLOAD_DIGEST in known_flaws else fields.get("warc-payload-digest")
    segment = "warc-segment-number" in fields or fields.get("warc-type") == "continuation"
    if payload is not None and not segment and fields.get("warc-type") != "revisit" and payload != entity:
        matches: Callable[[Digest], bool] = lambda one: payload_matches(one, fields, block)  # noqa: E731
        _holds(PAYLOAD_DIGEST, "payload digest", payload, matches, None, problems)
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


def _holds(field: str, kind: str, stated: str, test: Callable[[Digest], bool], quick: str | None,
           problems: list[DigestProblem]) -> bool:  # fmt: skip
    """Return True if a digest could be checked; add what is wrong with it to `problems`."""
    if stated == quick:
        return True
    try:
        wanted = parse_digest(stated)
    except ValueError as error:
        problems.append(DigestProblem(field, "bad digest", f"its {kind}: {error}"))
        return False
    if wanted is None:
        return False
    if not test(wanted):
        what = f"its {kind.split()[0]} is not the one that {stated} was made of"
        problems.append(DigestProblem(field, kind, what))
    return True

"""A record of somebody else's becomes one of ours: the same id, date, digests and block, and where it came from. Pure.

Fields stand as they were, but for: Content-Length (the writer's); `Morgue-` fields, which only we may set; ids without
angle brackets get them, addresses lose them; a WARC-Date in an old form is written in today's. What a record does not
say and its file does is added: WARC-Warcinfo-ID keeps naming the warcinfo record of the file it came from, "protecting
the true association" (WARC 1.1 section 5.10), and that record is copied along. Added too, where missing: the digest of
the block. Three fields of our own: Morgue-Imported (FILE@OFFSET), Morgue-Kind, and Morgue-Kept-In, the warcinfo record
of the file it lies in now.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from base64 import b32encode
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from pipelines.core.timestamps import fine_stamp, now
from pipelines.core.urls import host_of
from pipelines.importing.foreign_records import LONG_AGO, ForeignRecord, moment
from pipelines.warc.http_message import MessageHead, parse_head, split_response
from pipelines.warc.record import LINE_BREAKING, WarcFields, WarcRecord, digest, warc_fields

FIELD_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # WARC 1.1 section 4: token
OURS = ("morgue-kind", "morgue-error")  # of another archive of ours
LONGEST_FIELD = 1 << 16
UP_TO_PATH = re.compile(r"https?://[^/?#\\]*", re.IGNORECASE)
ANSWERS = ("response", "revisit")
LENGTHS = {"md5": 16, "sha1": 20, "sha256": 32, "sha384": 48, "sha512": 64}  # bytes of a digest


class RecordRefused(ValueError):
    """A record that cannot be kept; the text says why, for people."""


@dataclass(frozen=True, slots=True)
class ImportFilter:
    """Which records an import takes; empty: all."""

    hosts: frozenset[str] = frozenset()  # host names, exactly; with a port where it is not the scheme's own
    domains: frozenset[str] = frozenset()  # domains, and whatever is below them
    since: str | None = None  # first day of WARC-Date, YYYY-MM-DD
    until: str | None = None  # last day
    mimes: tuple[str, ...] = ()  # media types of answers, lower case; "image/" stands for all images

    def why_not(self, fields: WarcFields) -> str | None:
        """Why a record with these fields is passed over, in words for counting; None: it is not. Looks at no block."""
        kind = (fields.get("WARC-Type") or "").lower()
        url = fields.get("WARC-Target-URI") or ""
        if kind in ("warcinfo", "filedesc"):
            return None
        if (self.hosts or self.domains) and not self._place(netloc(url)):
            return "another host"
        if kind == "metadata" and fields.get("Morgue-Error") is None:
            return "metadata record"
        if kind not in (*ANSWERS, "request", "metadata"):
            return f"{kind} record" if re.fullmatch("[a-z]{1,20}", kind) else "record of no known type"
        if fields.get("WARC-Segment-Number") is not None:
            return "segmented record"
        if not url.lower().startswith(("http://", "https://")):
            return "not HTTP"
        day = (fields.get("WARC-Date") or "")[:10]
        if (self.since and day < self.since[: len(day)]) or (self.until and day > self.until):
            return "another time"
        return None

    def _place(self, place: str) -> bool:
        return _within(place, self.hosts, self.domains)

    def other_type(self, mime: str | None) -> bool:
        """Whether an answer of that media type is passed over."""
        kind = mime or ""
        return bool(self.mimes) and not any(
            kind.startswith(one) if one.endswith("/") else kind == one for one in self.mimes
        )


def netloc(url: str) -> str:
    """An address up to its path."""
    found = UP_TO_PATH.match(url)
    return found[0] if found else ""


@lru_cache(maxsize=65536)
def _within(place: str, hosts: frozenset[str], domains: frozenset[str]) -> bool:
    try:
        host = host_of(place)
    except ValueError:
        return False
    name = host.rpartition(":")[0] if re.search(r":\d+$", host) else host
    return host in hosts or name in hosts or any(name == one or name.endswith(f".{one}") for one in domains)


def head_of(found: ForeignRecord) -> MessageHead | None:
    """The HTTP head of an answer; None if it has none."""
    return parse_head(split_response(found.block or b"")[0])


def record_id(found: ForeignRecord) -> str:
    """WARC-Record-ID; where there is none, one derived from what was captured."""
    given = found.fields.get("WARC-Record-ID")
    if given:
        return given
    named = [found.fields.get(name) or "" for name in ("WARC-Type", "WARC-Target-URI", "WARC-Date")]
    return f"<urn:uuid:{uuid.uuid5(LONG_AGO, chr(10).join([*named, digest(found.block or b'')]))}>"


def time_of(found: ForeignRecord) -> datetime:
    """When it was captured. Raises Refused."""
    date = found.fields.get("WARC-Date") or ""
    try:
        return moment(date)
    except ValueError:
        raise RecordRefused(f"no usable WARC-Date ({date[:40]!r})" if date else "no WARC-Date") from None


def check(found: ForeignRecord) -> None:
    """Raises Refused for what may not be kept: fields that would break their line, a block that is not what it was."""
    for name, value in found.fields:
        if not FIELD_NAME.fullmatch(name) or LINE_BREAKING.search(value) or len(value) > LONGEST_FIELD:
            raise RecordRefused(f"a field that would break its line ({name[:40]!r})")
    stated = found.fields.get("WARC-Block-Digest")
    if stated and agrees(stated, found.block or b"") is False:
        raise RecordRefused("its block is not what its digest says")


def agrees(stated: str, data: bytes) -> bool | None:
    """Whether a labelled digest (section 5.8; base 32 or hex) is that of `data`; None for one that we do not know."""
    label, _, value = stated.partition(":")
    name = label.strip().lower().replace("sha-", "sha")
    if name not in LENGTHS:
        return None
    state = hashlib.new(name, data, usedforsecurity=False)
    forms = (b32encode(state.digest()).decode().rstrip("="), state.hexdigest().upper())
    return value.strip().upper().rstrip("=") in forms


def adopted(
    found: ForeignRecord, *, came_from: str, kind: str, warcinfo_id: str | None, refers_to: str | None = None
) -> WarcRecord:
    """The record as we keep it; Morgue-Kept-In is added by `kept_in` once it is known. See above for the fields.

    `came_from`: FILE@OFFSET. `kind`: as in Capture. `warcinfo_id`: of the warcinfo record that the file has before it.
    `refers_to`: of a revisit that names no record, the one it repeats.
    """
    date = found.fields.get("WARC-Date") or ""
    fields = [
        (name, value)
        for name, value in found.fields
        if name.lower() != "content-length" and (not name.lower().startswith("morgue-") or name.lower() in OURS)
    ]
    if not _is_iso(date):
        fields = [(name, value) for name, value in fields if name.lower() != "warc-date"]
    added = [
        ("WARC-Record-ID", record_id(found)),
        ("WARC-Date", fine_stamp(time_of(found))),
        ("WARC-Warcinfo-ID", warcinfo_id),
        ("WARC-Refers-To", refers_to),
        ("WARC-Block-Digest", digest(found.block or b"")),
        ("Morgue-Kind", kind),
    ]
    if found.fields.get("WARC-Type") == "warcinfo":
        del added[2:4], added[-1]
    there = {name.lower() for name, _ in fields}
    fields += [(name, value) for name, value in added if value is not None and name.lower() not in there]
    return WarcRecord(WarcFields([*fields, ("Morgue-Imported", came_from)]), found.block or b"")


def kept_in(record: WarcRecord, warcinfo_id: str) -> WarcRecord:
    """The record with the warcinfo record of the file that it goes to."""
    named = record.fields.get("WARC-Warcinfo-ID")
    if named is None and record.fields.get("WARC-Type") != "warcinfo":
        return WarcRecord(WarcFields([*record.fields, ("WARC-Warcinfo-ID", warcinfo_id)]), record.block)
    own = [("Morgue-Kept-In", warcinfo_id)] if named != warcinfo_id else []
    return WarcRecord(WarcFields([*record.fields, *own]), record.block)


def _is_iso(date: str) -> bool:
    try:
        return datetime.fromisoformat(date).tzinfo is not None
    except ValueError:
        return False


def origin(file: str, size: int, sha256: str, member: str, warcinfo_id: str | None) -> WarcRecord:
    """The metadata record about an imported file, or about one of the WARC files in it.

    Its id is derived from these, so that a second import of the file finds it.
    """
    named = [("imported-file", file), ("size", str(size)), ("sha256", sha256)]
    named += [("member", member)] if member else []
    named += [("warcinfo", warcinfo_id)] if warcinfo_id else []
    block = warc_fields(named)
    seed = f"{sha256}\n{member}\n{warcinfo_id or ''}"
    fields = [
        ("WARC-Type", "metadata"),
        ("WARC-Record-ID", f"<urn:uuid:{uuid.uuid5(LONG_AGO, seed)}>"),
        ("WARC-Target-URI", f"urn:sha256:{sha256}"),
        ("WARC-Date", fine_stamp(now())),
        ("Content-Type", "application/warc-fields"),
        ("WARC-Block-Digest", digest(block)),
        ("Morgue-Kind", "import"),
        ("Morgue-Imported", f"{file}!{member}" if member else file),
    ]
    if warcinfo_id:
        fields.insert(4, ("WARC-Refers-To", warcinfo_id))
    return WarcRecord(WarcFields(fields), block)

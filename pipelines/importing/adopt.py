"""Turn a record of another program into one of this archive; pure.

Id, date, digests and block stay as they are, right or wrong, and so do all fields but these. Content-Length is set by
the writer. `Morgue-` fields are removed, because only we may set them. Ids without angle brackets get them, URLs lose
them. A WARC-Date in an old form is written in today's form.

Fields are added where they are missing. WARC-Warcinfo-ID names the warcinfo record of the file that the record came
from, "protecting the true association" (WARC 1.1 section 5.10); that warcinfo record is copied too. WARC-Block-Digest
is computed. Three fields are our own: Morgue-Imported (FILE@OFFSET), Morgue-Kind, and Morgue-Kept-In, which names the
warcinfo record of the file that holds the record now. What is wrong with a record is marked (`flaws`).
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import urlsplit

from pipelines.core.timestamps import fine_stamp, now
from pipelines.core.urls import host_of
from pipelines.importing.foreign_records import DERIVED_ID_NAMESPACE, ForeignRecord, parse_warc_date
from pipelines.warc.http_message import MessageHead, parse_head, split_response
from pipelines.warc.import_marks import OWN_REFERS_TO
from pipelines.warc.record import LINE_BREAKING, WarcFields, WarcRecord, digest, is_capture, warc_fields

FIELD_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # WARC 1.1 section 4: token
OWN_FIELDS_TAKEN_OVER = ("morgue-kind", "morgue-error")  # from another archive of Newsmorgue
MAX_FIELD_CHARS = 1 << 16
URL_UP_TO_PATH = re.compile(r"https?://[^/?#\\]*", re.IGNORECASE)
ANSWER_TYPES = ("response", "revisit")
OTHER_HOST, OTHER_TIME = "another host", "another time"  # reasons for which a filter skips records
OTHER_TYPES = ("resource", "conversion", "continuation")  # WARC 1.1 section 6


class FileVersion(NamedTuple):
    """Name one state of a file that is imported."""

    urn: str  # urn:sha256:HEX; urn:uuid:... of a file of which only some records are read
    size: int  # bytes
    fields: tuple[tuple[str, str], ...]  # by which it is known, for the record about it


class RecordRefused(ValueError):
    """Say that a record cannot be imported; the text says why, for people."""


@dataclass(frozen=True, slots=True)
class ImportFilter:
    """Decide which records an import takes; empty: all."""

    hosts: frozenset[str] = frozenset()  # exact host names, with a port if it is not the default port of the scheme
    domains: frozenset[str] = frozenset()  # domains with all their subdomains
    since: str | None = None  # first day of WARC-Date, YYYY-MM-DD
    until: str | None = None  # last day
    mimes: tuple[str, ...] = ()  # media types of answers, lower case; "image/" means all images
    mismatched: bool = False  # take also records whose block is not what its digest says, without any other proof
    is_own: Callable[[str], bool] | None = None  # whether a page, by its address, is of this shard of a fleet

    def reason_to_skip(self, fields: WarcFields) -> str | None:
        """Return why a record with these fields is skipped, as a reason to count; None if it is taken.

        The block is not looked at.
        """
        kind = (fields.get("WARC-Type") or "").lower()
        url = fields.get("WARC-Target-URI") or ""
        if kind in ("warcinfo", "filedesc"):
            return None
        if (self.hosts or self.domains) and not _is_within(url_up_to_path(url), self.hosts, self.domains):
            return OTHER_HOST
        if self.is_own is not None and not self.is_own(url):
            return "of another shard"
        if kind == "metadata" and (fields.get("Morgue-Error") is None or not is_capture(fields)):
            return "metadata record"
        if kind not in (*ANSWER_TYPES, "request", "metadata"):
            return f"{kind} record" if kind in OTHER_TYPES else "record of unknown type"
        if fields.get("WARC-Segment-Number") is not None:
            return "segmented record"
        if not url.lower().startswith(("http://", "https://")):
            return "not HTTP"
        day = (fields.get("WARC-Date") or "")[:10]
        if (self.since and day < self.since[: len(day)]) or (self.until and day > self.until):
            return OTHER_TIME
        return None

    def excludes_type(self, mime: str | None) -> bool:
        """Return True if answers of this media type are skipped."""
        kind = mime or ""
        return bool(self.mimes) and not any(
            kind.startswith(one) if one.endswith("/") else kind == one for one in self.mimes
        )


def url_up_to_path(url: str) -> str:
    """Return scheme and host of a URL, "" if it is not HTTP."""
    found = URL_UP_TO_PATH.match(url)
    return found[0] if found else ""


@lru_cache(maxsize=65536)
def _is_within(url: str, hosts: frozenset[str], domains: frozenset[str]) -> bool:
    try:
        host = host_of(url)
    except ValueError:
        return False
    name = host.rpartition(":")[0] if re.search(r":\d+$", host) else host
    return host in hosts or name in hosts or any(name == one or name.endswith(f".{one}") for one in domains)


def http_head_of(found: ForeignRecord) -> MessageHead | None:
    """Return the HTTP head of an answer; None if it has none."""
    return parse_head(split_response(found.block or b"")[0])


def record_id_of(found: ForeignRecord) -> str:
    """Return the WARC-Record-ID; where it is missing, an id derived from what was captured."""
    given = found.fields.get("WARC-Record-ID")
    if given:
        return given
    named = [found.fields.get(name) or "" for name in ("WARC-Type", "WARC-Target-URI", "WARC-Date")]
    return f"<urn:uuid:{uuid.uuid5(DERIVED_ID_NAMESPACE, chr(10).join([*named, digest(found.block or b'')]))}>"


def time_of(found: ForeignRecord) -> datetime:
    """Return the time of capture in UTC. Raises RecordRefused."""
    date = found.fields.get("WARC-Date") or ""
    try:
        return parse_warc_date(date)
    except ValueError:
        raise RecordRefused(f"no usable WARC-Date ({date[:40]!r})" if date else "no WARC-Date") from None


def check(found: ForeignRecord) -> None:
    """Raise RecordRefused if a field would break its line, or the address cannot be read."""
    for name, value in found.fields:
        if not FIELD_NAME.fullmatch(name) or LINE_BREAKING.search(value) or len(value) > MAX_FIELD_CHARS:
            raise RecordRefused(f"a field that would break its line ({name[:40]!r})")
    try:
        urlsplit(found.fields.get("WARC-Target-URI") or "")
    except ValueError as error:
        raise RecordRefused(f"its address cannot be read ({error})") from None


def adopted(
    found: ForeignRecord, *, came_from: str, kind: str, warcinfo_id: str | None, refers_to: str | None = None
) -> WarcRecord:
    """Return the record as this archive writes it, still without marks and Morgue-Kept-In.

    `came_from`: FILE@OFFSET. `kind`: as in Capture. `warcinfo_id`: of the warcinfo record before it in its file.
    `refers_to`: for a revisit, the record that it repeats. If it names another one, the name stays.
    """
    date = found.fields.get("WARC-Date") or ""
    fields = [
        (name, value.lower() if name.lower() == "warc-type" else value)
        for name, value in found.fields
        if _is_taken_over(name.lower())
    ]
    if not _is_iso(date):
        fields = [(name, value) for name, value in fields if name.lower() != "warc-date"]
    added = [
        ("WARC-Record-ID", record_id_of(found)),
        ("WARC-Date", fine_stamp(time_of(found))),
        ("WARC-Warcinfo-ID", warcinfo_id),
        ("WARC-Refers-To", refers_to),
        ("WARC-Block-Digest", digest(found.block or b"")),
        ("Morgue-Kind", kind),
    ]
    if found.fields.get("WARC-Type") == "warcinfo":
        del added[2:4], added[-1]
    present = {name.lower() for name, _ in fields}
    fields += [(name, value) for name, value in added if value is not None and name.lower() not in present]
    if refers_to not in (None, found.fields.get("WARC-Refers-To", refers_to)):
        fields.append((OWN_REFERS_TO, str(refers_to)))
    return WarcRecord(WarcFields([*fields, ("Morgue-Imported", came_from)]), found.block or b"")


def _is_taken_over(name: str) -> bool:
    return name != "content-length" and (not name.startswith("morgue-") or name in OWN_FIELDS_TAKEN_OVER)


def with_warcinfo_of_file(record: WarcRecord, warcinfo_id: str) -> WarcRecord:
    """Return the record with the id of the warcinfo record of the file that it is written to."""
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


def import_record(
    file: str,
    version: FileVersion,
    member: str,
    warcinfo_id: str | None,
    about_package: Sequence[tuple[str, str]] = (),
) -> WarcRecord:
    """Return the metadata record about an imported file, or about one WARC file in it (`member`).

    Its id is derived from the arguments, so that a second import of the file finds it. `about_package`: what the check
    of a WACZ showed.
    """
    named = [("imported-file", file), ("size", str(version.size)), *version.fields]
    named += [("member", member)] if member else []
    named += [("warcinfo", warcinfo_id)] if warcinfo_id else []
    block = warc_fields([*named, *about_package])
    seed = f"{version.urn.rpartition(':')[2]}\n{member}\n{warcinfo_id or ''}"
    fields = [
        ("WARC-Type", "metadata"),
        ("WARC-Record-ID", f"<urn:uuid:{uuid.uuid5(DERIVED_ID_NAMESPACE, seed)}>"),
        ("WARC-Target-URI", version.urn),
        ("WARC-Date", fine_stamp(now())),
        ("Content-Type", "application/warc-fields"),
        ("WARC-Block-Digest", digest(block)),
        ("Morgue-Kind", "import"),
        ("Morgue-Imported", f"{file}!{member}" if member else file),
    ]
    if warcinfo_id:
        fields.insert(4, ("WARC-Refers-To", warcinfo_id))
    return WarcRecord(WarcFields(fields), block)

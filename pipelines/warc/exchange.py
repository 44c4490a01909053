"""Turn an exchange into WARC records and the `Capture` that says where they are, and a record back into its capture.

The records of one exchange are written side by side in one file:

- a `response` and its `request` record, blocks exactly as they went over the wire;
- for an answer whose body is kept already, or a 304 (Not Modified), a `revisit` record in place of the response;
- for an answer that broke off after its head, the same with WARC-Truncated;
- for an exchange without an answer (or with one that has no HTTP head), a `metadata` record that says why, the request
  if one was sent, and what was received, if anything, as a second `metadata` record.

Interim (1xx) responses are not kept. Two fields of our own, `Morgue-Kind` and `Morgue-Error`, say what the
crawl wanted the page for and why it broke off, so that a database can be rebuilt from the files alone
(section 4: unknown fields are ignored by readers).
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Literal, NamedTuple

from pipelines.core.items import Capture, Exchange
from pipelines.core.timestamps import fine_stamp
from pipelines.warc.http_message import chunk_data, parse_head, split_response
from pipelines.warc.http_signals import header_signals
from pipelines.warc.import_marks import flaws_of, repeated_record
from pipelines.warc.reader import StoredRecord
from pipelines.warc.record import WarcFields, WarcRecord, digest, is_capture, new_id, target_uri, warc_fields
from pipelines.warc.writer import WarcWriter

ChunkedDigest = Literal["omit", "entity", "stored"]
PROFILE_PREFIX = "http://netpreserve.org/warc/1.1/revisit/"  # section 6.7
REPEATING_PROFILE = "identical-payload-digest"
SAME_PAYLOAD, NOT_MODIFIED = PROFILE_PREFIX + "identical-payload-digest", PROFILE_PREFIX + "server-not-modified"


class RevisitOriginal(NamedTuple):
    """Name a stored response whose body is not stored again."""

    record_id: str  # its WARC-Record-ID
    url: str  # its WARC-Target-URI
    date: str  # its WARC-Date


class PayloadBody(NamedTuple):
    """Describe the bytes that came after the head of an answer."""

    length: int  # bytes as received
    payload_digest: str  # of the entity, transfer-decoded
    body_digest: str | None  # of the bytes as received; None unless chunk framing makes them differ


def body_of(exchange: Exchange) -> PayloadBody | None:
    """Describe the body of an exchange's answer; return None if there was no answer."""
    return _measured(exchange.response, exchange.head_length, exchange.chunked) if _answered(exchange) else None


def _answered(exchange: Exchange) -> bool:
    return exchange.status is not None and exchange.head_length > 0


def _measured(response: bytes, head_length: int, chunked: bool) -> PayloadBody:
    body = memoryview(response)[head_length:]
    received = digest(body)
    payload = digest(*chunk_data(response, head_length)) if chunked else received
    return PayloadBody(len(body), payload, received if received != payload else None)


def write_exchange(
    exchange: Exchange,
    writer: WarcWriter,
    *,
    chunked_payload_digest: ChunkedDigest = "omit",
    original: RevisitOriginal | None = None,
    body: PayloadBody | None = None,
) -> Capture:
    """Append an exchange to the archive's WARC files, and return the capture (without row id) that points at it.

    `original`: the response that this one repeats (`deduplication.original_of`); then a revisit record is written.
    `body`: the answer of `body_of`, if the caller has it already. Raises DiskFull, NotWritable or MorgueError, and then
    nothing was appended. The records are durable after `WarcWriter.sync()`.
    """
    body = body or body_of(exchange)
    records = records_of(
        exchange,
        warcinfo_id=writer.warcinfo_id(),
        chunked_payload_digest=chunked_payload_digest,
        original=original,
        body=body,
    )
    place = writer.append(records)[0]
    main = records[0]
    member = StoredRecord(place.offset, place.length, main.fields, main.block)
    return _capture(member, place.file, exchange.started, body if original is None else None)


def capture_of(member: StoredRecord, file: str) -> Capture | None:
    """Return the capture of a record in a WARC file, as `write_exchange` returned it when the record was written.

    None for records that are not captures: warcinfo, request, a failed exchange's bytes, foreign types.
    Raises ValueError for a record without a usable WARC-Date.
    """
    if not is_capture(member.headers):
        return None
    return _capture(member, file, datetime.fromisoformat(member.headers.get("WARC-Date") or ""))


def _capture(member: StoredRecord, file: str, time: datetime, body: PayloadBody | None = None) -> Capture:
    """Return the capture of a response, revisit or metadata record; `body`: what is known of the response's body."""
    get = member.headers.first.get
    kind = get("warc-type") or ""
    head = None
    if kind != "metadata":
        raw = split_response(member.block)[0]
        head = parse_head(raw)
        body = body or _measured(member.block, len(raw), head is not None and head.chunked)
    declared = get("warc-payload-digest")
    # A digest that a revisit declares is that of the body that it repeats, whatever its profile is. The end of the
    # profile decides, because there are "identical-payload-digest" and "uri-agnostic-...", of WARC 1.0 and 1.1.
    repeats = kind == "revisit" and (declared is not None or (get("warc-profile") or "").endswith(REPEATING_PROFILE))
    if kind == "revisit" and body is not None and not body.length and get("morgue-imported") is not None:
        body = None  # what an imported revisit leaves out is not empty; our own revisits of a 304 have its whole answer
    payload = declared if repeats else body.payload_digest if body else None
    return Capture(
        id=None,
        url=get("warc-target-uri") or "",
        time=time,
        status=head.status if head else None,
        mime=head.mime if head else None,
        file=file,
        offset=member.offset,
        length=member.length,
        record_id=get("warc-record-id") or "",
        record_type=kind,
        block_digest=get("warc-block-digest"),
        payload_digest=payload,
        kind=get("morgue-kind") or "page",
        error=get("morgue-error"),
        ip=get("warc-ip-address"),
        refers_to=repeated_record(member.headers) if kind == "revisit" else None,
        body_length=body.length if body and not repeats else None,
        body_digest=body.body_digest if body and not repeats else None,
        signals=header_signals(head) if head else (),
        imported=get("morgue-imported"),
        declared_digest=declared if declared != payload else None,
        flaws=flaws_of(member.headers),
    )


def records_of(
    exchange: Exchange,
    *,
    warcinfo_id: str | None,
    chunked_payload_digest: ChunkedDigest = "omit",
    original: RevisitOriginal | None = None,
    body: PayloadBody | None = None,
) -> list[WarcRecord]:
    """Return the records of one exchange; a capture points at the first of them.

    `chunked_payload_digest`: the WARC-Payload-Digest of a chunked response. "entity" is that of the standard: the
    entity body without its transfer coding (section 6.3.2), as jwarc wants it. "stored" is that of warcio and FastWARC,
    which hash the body as stored. Each of these tools calls the other digest wrong. "omit" leaves the field out, which
    every checker accepts. The entity's digest is in `Capture.payload_digest` in any case.
    """
    answered = _answered(exchange)
    if original is not None:
        first = _revisit(exchange, original)
    else:
        body = body or body_of(exchange)
        first = _response(exchange, body, chunked_payload_digest) if body is not None else _failure(exchange)
    parts = [first]
    if exchange.request:
        parts.append(_part("request", "application/http;msgtype=request", exchange.request))
    if exchange.response and not answered:
        parts.append(_part("metadata", "application/octet-stream", exchange.response))
    common = _common(exchange, warcinfo_id)
    ids = [new_id() for _ in parts]
    linked = [("WARC-Concurrent-To", other) for other in ids]
    return [
        WarcRecord(
            WarcFields([fields[0], ("WARC-Record-ID", own), *common, *(linked[:1] if at else linked[1:]), *fields[1:]]),
            block,
        )
        for at, (own, (fields, block)) in enumerate(zip(ids, parts, strict=True))
    ]


Part = tuple[list[tuple[str, str]], bytes]


def _common(exchange: Exchange, warcinfo_id: str | None) -> list[tuple[str, str]]:
    """Return the fields that all records of an exchange share: one event, one date (section 5.4)."""
    fields = [("WARC-Target-URI", target_uri(exchange.url)), ("WARC-Date", fine_stamp(exchange.started))]
    if exchange.ip is not None:
        fields.append(("WARC-IP-Address", exchange.ip))
    if warcinfo_id is not None:
        fields.append(("WARC-Warcinfo-ID", warcinfo_id))
    if exchange.request:  # WARC-Protocol may be repeated: one line for each layer
        fields += [("WARC-Protocol", layer) for layer in (exchange.protocol, exchange.tls) if layer]
        fields += [("WARC-Cipher-Suite", exchange.cipher)] if exchange.cipher else []
    return [*fields, ("Morgue-Kind", without_control_chars(exchange.kind))]


def _part(type_: str, content_type: str, block: bytes, *more: tuple[str, str]) -> Part:
    described = [("WARC-Block-Digest", digest(block)), ("Content-Type", content_type)]
    return [("WARC-Type", type_), *more, *described], block


def _response(exchange: Exchange, body: PayloadBody, chunked: ChunkedDigest) -> Part:
    more = []
    if not exchange.chunked or chunked == "entity":
        more.append(("WARC-Payload-Digest", body.payload_digest))
    elif chunked == "stored":
        more.append(("WARC-Payload-Digest", body.body_digest or body.payload_digest))
    if exchange.truncated is not None:
        more.append(("WARC-Truncated", exchange.truncated))
    if exchange.error is not None:
        more.append(("Morgue-Error", without_control_chars(exchange.error)))
    return _part("response", "application/http;msgtype=response", exchange.response, *more)


def _revisit(exchange: Exchange, original: RevisitOriginal) -> Part:
    """Make a revisit (sections 6.7.2 and 6.7.3): the head as received, and the record that has the payload."""
    head, body = exchange.response[: exchange.head_length], exchange.response[exchange.head_length :]
    unmodified = exchange.status == 304
    more = [
        ("WARC-Profile", NOT_MODIFIED if unmodified else SAME_PAYLOAD),
        ("WARC-Refers-To", original.record_id),
        ("WARC-Refers-To-Target-URI", original.url),
        ("WARC-Refers-To-Date", original.date),
    ]
    if not unmodified:
        more.append(("WARC-Payload-Digest", digest(body)))
    return _part("revisit", "application/http;msgtype=response", head if not unmodified else head + body, *more)


def _failure(exchange: Exchange) -> Part:
    reason = without_control_chars(exchange.error or "no response")
    block = warc_fields([("fetch-error", reason), ("received-bytes", str(len(exchange.response)))])
    return _part("metadata", "application/warc-fields", block, ("Morgue-Error", reason))


def without_control_chars(text: str) -> str:
    """Return text on one line: an error's text may hold line breaks, and those would forge a field."""
    return re.sub(r"[\x00-\x1f\x7f]+", " ", text).strip()

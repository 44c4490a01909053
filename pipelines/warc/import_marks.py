"""Name the fields with which an import marks what was wrong with a record before it came here.

Such a flaw is the writer's, or comes from what was left out of the import. It is said once, by the import; the mark
keeps it, so that `morgue verify` and `morgue rebuild` do not take it for damage of this archive.

    Morgue-Import-Flaw: WARC-Payload-Digest                  it is not that of the payload, or cannot be read
    Morgue-Import-Flaw: WARC-Block-Digest                    it is not that of the block, or cannot be judged
    Morgue-Block-Digest: sha1:...                            with the latter: the digest of the block as it was imported
    Morgue-Import-Flaw: WARC-Concurrent-To <urn:uuid:...>    the archive did not have the record that the field names
    Morgue-Import-Flaw: WARC-Refers-To                       of a revisit: the archive did not have the response that
                                                             it repeats, by whatever it is named
    Morgue-Refers-To: <urn:uuid:...>                         of a revisit: the response that it repeats, if it names
                                                             another record, which is not here
"""

from __future__ import annotations

from pipelines.warc.record import WarcFields

FLAW = "Morgue-Import-Flaw"
OWN_BLOCK_DIGEST = "Morgue-Block-Digest"
OWN_REFERS_TO = "Morgue-Refers-To"
# The flaw of a revisit whose original was not found, if it names no record that is missing.
NO_ORIGINAL = "WARC-Refers-To"
# (key in `WarcFields.first`, name) of the fields that name other records; WARC-Concurrent-To may be repeated.
REFERENCE_FIELDS = (("warc-concurrent-to", "WARC-Concurrent-To"), ("warc-refers-to", "WARC-Refers-To"),
                    ("warc-warcinfo-id", "WARC-Warcinfo-ID"), (OWN_REFERS_TO.lower(), OWN_REFERS_TO))  # fmt: skip


def flaws_of(fields: WarcFields) -> tuple[str, ...]:
    """Return the flaws with which a record is marked; none for a record of a crawl of ours."""
    return tuple(fields.all(FLAW)) if FLAW.lower() in fields.first else ()


def references_of(fields: WarcFields) -> list[tuple[str, str]]:
    """Return (name of the field, record id) of each reference of a record to another one."""
    return [
        (name, target)
        for key, name in REFERENCE_FIELDS
        if key in fields.first
        for target in (fields.all(name) if key == "warc-concurrent-to" else [fields.first[key]])
    ]


def repeated_record(fields: WarcFields) -> str | None:
    """Return the id of the record that a revisit repeats; None if it names none."""
    return fields.get(OWN_REFERS_TO) or fields.get("WARC-Refers-To")

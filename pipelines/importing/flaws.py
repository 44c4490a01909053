"""Find what is wrong with a foreign record that can be imported all the same, and mark it (`warc.import_marks`).

The digests are judged as `morgue verify` judges them. A wrong digest of a block means either that the block has changed
or that the program that wrote it made a mistake. Where a checksum says that the bytes are those that were written, it
was the program. Where none does, the record is refused, unless the user wants it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from pipelines.importing.adopt import RecordRefused
from pipelines.importing.foreign_records import ForeignRecord
from pipelines.warc.digests import (
    BLOCK_DIGEST,
    DIGEST_BYTES,
    PAYLOAD_DIGEST,
    algorithm_of,
    check_digests,
    parse_digest,
    payload_matches,
    same_digest,
)
from pipelines.warc.import_marks import FLAW, NO_ORIGINAL, OWN_BLOCK_DIGEST, references_of
from pipelines.warc.record import WarcFields, WarcRecord, digest

# What the summary of an import says of each kind of flaw.
WRONG_BLOCK_DIGEST = "WARC-Block-Digest is not the digest of the block"
WRONG_PAYLOAD_DIGEST = "WARC-Payload-Digest is not the digest of the payload"
NOT_JUDGED = "digest of an unknown form or algorithm, which is not judged"
OTHER_PAYLOAD = "revisit with another payload digest than its original"
MISSING = {
    "WARC-Refers-To": "WARC-Refers-To names a record that is not in the archive",
    "WARC-Concurrent-To": "WARC-Concurrent-To names a record that is not in the archive",
    "WARC-Warcinfo-ID": "WARC-Warcinfo-ID names a record that is not in the archive",
}
REVISIT_WITHOUT_ORIGINAL = "revisit whose original is not in the archive, so it has no body"


def check_block(found: ForeignRecord, *, vouched: bool) -> None:
    """Raise RecordRefused if the block does not match its digest and nothing else says that it is whole.

    `vouched`: a checksum covers the record, or the user takes it as it is. A block digest that is in truth the digest
    of the payload (Webrecorder Platform 4.4.0) vouches for the payload; of a revisit, for nothing that is here.
    """
    block, stated = found.block or b"", found.fields.get(BLOCK_DIGEST) or ""
    try:
        wanted = parse_digest(stated) if stated and not vouched else None
    except ValueError:
        return
    if wanted is None or wanted.of(block) or payload_matches(wanted, found.fields.first, block):
        return
    is_of_original = found.fields.get("WARC-Type") == "revisit" and same_digest(
        stated, found.fields.get(PAYLOAD_DIGEST) or ""
    )
    if not is_of_original:
        raise RecordRefused("its block does not match its digest")


def marked(record: WarcRecord, is_here: Callable[[str, str], bool], original: WarcRecord | None, count: Counter[str],
           ) -> WarcRecord:  # fmt: skip
    """Return the record with a mark for each flaw, and count the flaws.

    `is_here(field, id)`: True if the archive has the record that a field names, or gets it now. `original`: for a
    revisit, the response that it repeats; None: the archive does not have it.
    """
    flaws = _digest_flaws(record, count)
    if record.fields.get("WARC-Type") == "revisit":
        flaws += _revisit_flaws(record.fields, original, count)
    for name, target in references_of(record.fields):
        if not is_here(name, target):
            flaws.append(f"{name} {target}")
            count[MISSING[name]] += 1
            if name == NO_ORIGINAL and name in flaws:
                flaws.remove(name)  # the flaw with the id says more
    marks = [(FLAW, flaw) for flaw in dict.fromkeys(flaws)]
    if BLOCK_DIGEST in flaws:
        marks.append((OWN_BLOCK_DIGEST, digest(record.block)))
    return WarcRecord(WarcFields([*record.fields, *marks]), record.block) if marks else record


def _digest_flaws(record: WarcRecord, count: Counter[str]) -> list[str]:
    fields = record.fields.first
    problems, undigested = check_digests(fields, record.block, None)
    wrong = {BLOCK_DIGEST: WRONG_BLOCK_DIGEST, PAYLOAD_DIGEST: WRONG_PAYLOAD_DIGEST}
    flaws = [problem.field for problem in problems]
    count.update(NOT_JUDGED if problem.kind == "bad digest" else wrong[problem.field] for problem in problems)
    if undigested and BLOCK_DIGEST not in flaws:  # of an unknown algorithm
        flaws.append(BLOCK_DIGEST)
        count[NOT_JUDGED] += 1
    declared = fields.get(PAYLOAD_DIGEST.lower())
    if declared is not None and ":" in declared and algorithm_of(declared) not in DIGEST_BYTES:
        count[NOT_JUDGED] += 1
    return flaws


def _revisit_flaws(fields: WarcFields, original: WarcRecord | None, count: Counter[str]) -> list[str]:
    """Return the flaw of a revisit whose original is not here, or has another payload digest than it declares."""
    declared = fields.get(PAYLOAD_DIGEST)
    if original is None:
        count[REVISIT_WITHOUT_ORIGINAL] += 1
        return [NO_ORIGINAL]
    if declared is None or same_digest(declared, original.fields.get(PAYLOAD_DIGEST) or ""):
        return []
    try:
        wanted = parse_digest(declared)
    except ValueError:
        count[NOT_JUDGED] += 1
        return [PAYLOAD_DIGEST]
    if wanted is None or payload_matches(wanted, original.fields.first, original.block):
        return []
    count[OTHER_PAYLOAD] += 1
    return [PAYLOAD_DIGEST]

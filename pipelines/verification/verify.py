"""Verify an archive: check files, manifest, records and database against each other.

A verification only reads, and may run while a crawl writes. The rows of a file are read before its bytes, and the list
of files before the manifest, so that what grows meanwhile is no finding. `snapshot` holds what is there at the
beginning, `listing_check` compares it, `full_check` reads all records, `database_check` checks the database.
"""

from __future__ import annotations

import logging
import time
from pathlib import Path

from pipelines.core.archive_layout import SETTINGS_NAME
from pipelines.core.plural import counted
from pipelines.fleet.layout import wrong_in_shard_settings
from pipelines.verification import database_check, listing_check
from pipelines.verification.findings import Finding, VerificationReport
from pipelines.verification.full_check import FullCheck, Progress
from pipelines.verification.lost_files import lost_files
from pipelines.verification.snapshot import take_snapshot

logger = logging.getLogger("morgue.verification")

LEFT_OUT_BY_QUICK = (
    "gzip members, block and payload digests, links between records (no record was read)",
    "SHA-256 and number of records of each file (no file was read)",
    "the pages of the database and the digests of its texts (no text was read)",
)


def verify(
    archive: Path, *, quick: bool = False, jobs: int | None = None, progress: Progress | None = None
) -> VerificationReport:
    """Check the archive in a folder, and report all that is wrong.

    quick: check names, sizes, rows and their references only. jobs: processes (default: one per CPU). Raises
    MorgueError if nothing can be checked (a folder that cannot be listed, another program's lock on the database).
    """
    began = time.monotonic()
    report = VerificationReport(quick, left_out=LEFT_OUT_BY_QUICK if quick else ())
    snapshot = take_snapshot(archive)
    report.findings.extend(snapshot.findings)
    if wrong := wrong_in_shard_settings(archive):
        report.findings.add(Finding(SETTINGS_NAME, None, "shard file", wrong))
    lost = lost_files(archive)
    report.findings.extend(lost.findings(snapshot.rows))
    report.left_out += tuple(lost.left_out(snapshot.rows))
    report.findings.extend(listing_check.missing_files(snapshot, {*lost.never_arrived, *lost.given_up}))
    report.findings.extend(listing_check.changed_files(snapshot))
    report.files = len(snapshot.files)
    report.writing = [file.name for file in snapshot.files.values() if file.state == "being written"]
    if snapshot.database is not None:
        report.not_ours = database_check.objects_of_others(snapshot.database)
    if snapshot.is_export:
        captures = counted(sum(row["rows"] for row in snapshot.rows.values()), "capture")
        report.left_out += (f"the records of {captures}, and the journal: the archive was exported without WARC files",)
    if quick:
        listing_check.check_sizes_and_rows(snapshot, report)
        if snapshot.database is not None:
            report.findings.extend(database_check.check(snapshot.database, quick=True))
    else:
        FullCheck(snapshot, report, jobs, progress).run()
    first = "wrong database"  # it comes first, because others may follow from it
    report.findings.listed.sort(key=lambda one: (one.kind != first, one.file, one.offset or 0))
    for one in report.findings.listed:
        logger.warning("%(file)s: %(kind)s: %(what)s", {"file": one.place, "kind": one.kind, "what": one.what})
    report.seconds = time.monotonic() - began
    return report

"""Test what is said of an archive and its bucket."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from crawler.health.bucket import judged
from crawler.health.kinds import ARCHIVE, SourceVerdict
from pipelines.bucket.bucket_look import BucketLook, Spool
from pipelines.bucket.lease import LeaseRecord
from pipelines.bucket.shard_head import BegunFile
from pipelines.core.errors import BucketFailing

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = 86_400.0
LEASE = LeaseRecord("fleet", 3, 7, "owner", "alpha", 1, 5, 120.0, "2026-03-01T11:59:00Z", "2026-03-01T09:00:00Z")
BEGUN = BegunFile(6, "beta", "2026-03-01T09:00:00Z")
WELL = BucketLook(Spool(1, 1000), LEASE, {}, NOW - timedelta(hours=20), 5)


@pytest.mark.parametrize(
    ("look", "told"),
    [
        (WELL, ""),
        (replace(WELL, snapshot=NOW - timedelta(days=3), journal=6), ""),  # nothing has changed since
        (replace(WELL, snapshot=None), ""),  # it is young
        (replace(WELL, lease=replace(LEASE, written="2026-03-01T11:50:00Z")), ""),  # or the clocks differ
        (
            replace(WELL, spool=Spool(4, 2_500_000_000, 3, NOW - timedelta(hours=5))),
            "spool: 3 finished WARC files waited for the bucket for 5 hours; 2.5 GB are in warc/",
        ),
        (
            replace(WELL, snapshot=NOW - timedelta(days=3)),
            "snapshot: the database was last copied into the bucket 3 days ago, and has changed since",
        ),
        (
            replace(WELL, lease=replace(LEASE, written="2026-03-01T11:20:00Z")),
            "lease: alpha holds it (token 7), and has not renewed it for 40 minutes",
        ),
        (
            replace(WELL, missing={"b.warc.gz": BEGUN, "a.warc.gz": replace(BEGUN, time="2026-03-01T08:00:00Z")}),
            "never arrived: 2 WARC files were begun and never reached the bucket; what they held is lost: "
            "a.warc.gz of beta and 1 more",
        ),
        (
            replace(WELL, changed_since=8, snapshot=NOW - timedelta(days=3)),  # what this copy has is not to be saved
            "outdated copy: this copy is older than the shard in the bucket, which others have written (token 8)",
        ),
        (BucketLook(Spool(), error=BucketFailing("s3://b/x", "no answer", "wait")), "bucket: s3://b/x: no answer"),
    ],
)
def test_old_spool_snapshot_lease_or_lost_file_is_said(look: BucketLook, told: str):
    """Take no short wait, no unchanged database and no lease that is renewed for a reason."""
    assert "".join(f"{one.kind}: {one.evidence}" for one in judged(look, 6, DAY, NOW)) == told


def test_reasons_of_a_silent_bucket_are_not_over():
    """Nobody is told that files arrived because the bucket could not be asked."""
    (reason,) = judged(BucketLook(Spool(), error=BucketFailing("s3://b/x", "no answer", "wait")), 6, DAY, NOW)
    verdict = SourceVerdict(0, ARCHIVE, (reason,))
    assert (verdict.is_unjudged("never arrived"), verdict.is_unjudged("outdated copy")) == (True, True)

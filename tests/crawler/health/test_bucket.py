"""Test what is said of an archive and its bucket."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from crawler.health.bucket import judged
from pipelines.bucket.bucket_look import BucketLook, Spool
from pipelines.bucket.lease import LeaseRecord
from pipelines.core.errors import BucketFailing

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = 86_400.0
LEASE = LeaseRecord("fleet", 3, 7, "owner", "alpha", 1, 5, 120.0, "2026-03-01T11:59:00Z", "2026-03-01T09:00:00Z")
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
        (BucketLook(Spool(), error=BucketFailing("s3://b/x", "no answer", "wait")), "bucket: s3://b/x: no answer"),
    ],
)
def test_spool_snapshot_and_lease_that_are_old_are_said(look: BucketLook, told: str):
    """A short wait, an unchanged database and a lease that is renewed are no reasons."""
    assert "".join(f"{one.kind}: {one.evidence}" for one in judged(look, 6, DAY, NOW)) == told

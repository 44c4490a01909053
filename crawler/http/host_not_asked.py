"""Fail the request for a host that several shards ask, because this one could not get its turn."""

from __future__ import annotations

from scrapy.exceptions import IgnoreRequest


class HostNotAsked(IgnoreRequest):
    """Report that what gives out the turns of shared hosts failed for long, so that nothing was sent."""

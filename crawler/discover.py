"""Where links come from: feed | sitemap | front or section page -> links worth fetching. Door of `crawler.discovery`.

Every reader is `reader(body, url, content_type) -> Discovery`: bytes in, values out, no network, no clock. They run in
worker processes with limits on time and memory, because feeds and sitemaps come from strangers; so they are plain
functions, and what they return can be pickled. docs/discovery.md says how links are judged, and how to overrule it.
"""

from __future__ import annotations

from crawler.discovery.feeds import read_feed
from crawler.discovery.found import Discovery, Found
from crawler.discovery.links import read_links
from crawler.discovery.seeds import COMMON_FEEDS, COMMON_SITEMAPS, Seeds, discover_seeds
from crawler.discovery.shapes import Judgement, classify, judge
from crawler.discovery.sitemaps import read_sitemap

__all__ = [
    "COMMON_FEEDS",
    "COMMON_SITEMAPS",
    "Discovery",
    "Found",
    "Judgement",
    "Seeds",
    "classify",
    "discover_seeds",
    "judge",
    "read_feed",
    "read_links",
    "read_sitemap",
]

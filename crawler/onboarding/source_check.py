"""Ask the listings of a source's file once, and say what they are. Files no article and plans no visit."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from crawler.discovery.feeds import read_feed
from crawler.discovery.links import read_links
from crawler.discovery.sitemaps import read_sitemap
from crawler.onboarding.probe import Fetch, Read, SiteProbe, UnusableAddress, verified_listing
from pipelines.core.plural import counted
from pipelines.core.urls import url_key

PAGE_KINDS = ("front", "section")  # that are read for links


@dataclass(frozen=True, slots=True)
class CheckedListing:
    """Hold what a listing of a file turned out to be."""

    url: str
    kind: str  # as the file says
    good: bool
    text: str  # for people


async def check_listings(
    listings: Sequence[tuple[str, str]], fetch: Fetch, read: Read, *, obey: bool
) -> AsyncIterator[CheckedListing]:
    """Yield what each of these (URL, kind) is: its robots.txt is asked first, and each is requested once."""
    site = SiteProbe(fetch, read, obey)
    for url, kind in listings:
        reader = {"feed": read_feed}.get(kind, read_links if kind in PAGE_KINDS else read_sitemap)
        try:
            got = await site.get(url, kind)
            found = await read(reader, got.body, got.url, got.content_type)
            listing = verified_listing(got.url, "section" if kind in PAGE_KINDS else kind, "", found)
        except UnusableAddress as error:
            yield CheckedListing(url, kind, good=False, text=str(error))
            continue
        text = counted(listing.count, "sitemap" if listing.index else "article")
        text += f", the newest of {listing.newest}" if listing.newest else ""
        text += f"; moved to {got.url}" if url_key(got.url) != url_key(url) else ""
        yield CheckedListing(url, kind, good=True, text=text)

"""Say what was found on a site, and what was not, for people."""

from __future__ import annotations

from crawler.onboarding.probe import ProbeReport, VerifiedListing, left_out_text
from pipelines.core.plural import counted

LISTING_KINDS = ("feed", "news sitemap", "sitemap", "section")  # in the order of the report
MAX_SITES_NAMED = 3  # other sites that feeds and sitemaps name
MAX_LISTINGS_NAMED = 8  # addresses of one kind that the report lists individually


def report_lines(found: ProbeReport, name: str, *, obeyed: bool) -> list[str]:
    """Return what was found and what was not, for people."""
    lines = [f"  {found.note}"] if found.note else []
    lines.append(f"  {found.title or 'no title'}" + (f" ({found.language})" if found.language else ""))
    robots = "allows crawling" if obeyed else "is not obeyed (crawl.robots)"
    lines.append(f"  robots.txt {robots}{crawl_delay_text(found)}")
    for kind in LISTING_KINDS:
        listings = found.of(kind)
        lines += [f"  {listing_text(listing)}" for listing in listings[:MAX_LISTINGS_NAMED]]
        if len(listings) > MAX_LISTINGS_NAMED:
            lines.append(f"  {counted(len(listings) - MAX_LISTINGS_NAMED, f'more {kind}')} like these")
    if found.unchecked:
        why = f"added unchecked, to stay at {counted(found.requests, 'request')}"
        lines.append(f"  {counted(len(found.unchecked), 'more section page')} in the menus, {why}")
    lines += [f"  left out: {url} ({why})" for url, why in found.rejected]
    lines += further_sites_lines(found, name)
    lines += not_found_lines(found)
    lines.append(f"  -> sources/{name}.toml    morgue crawl {name} fetches it now")
    return lines


def further_sites_lines(found: ProbeReport, name: str) -> list[str]:
    """Return what is to be said of other sites that the feeds and sitemaps name."""
    own, others = found.further_sites.own, found.further_sites.others
    lines = [f"  further site of the paper: {site} (most entries of a feed or sitemap are there)" for site in own]
    if others:
        number, named = sum(count for _, count in others), ", ".join(site for site, _ in others[:MAX_SITES_NAMED])
        more = ", ..." if len(others) > MAX_SITES_NAMED else ""
        lines.append(f"  {counted(number, 'address')} on other sites ({named}{more}) will be left out;")
        lines.append(f'    to follow them, add `sites` to sources/{name}.toml: a list of domains, or "any"')
    return lines


def crawl_delay_text(found: ProbeReport) -> str:
    return f", and asks for {found.crawl_delay:g} s between requests" if found.crawl_delay else ""


def listing_text(listing: VerifiedListing) -> str:
    what, noun = ("sitemap index", "sitemap") if listing.index else (listing.kind, "article")
    newest = f", newest {listing.newest}" if listing.newest else ""
    left_out = left_out_text(listing.left_out)
    return f"{what}: {listing.url} ({counted(listing.count, noun)}{newest}{left_out}; {listing.where})"


def not_found_lines(found: ProbeReport) -> list[str]:
    """Return a line for each kind of listing that was not found, and what is read instead."""
    kinds = {listing.kind for listing in found.listings}
    if not kinds and not found.unchecked:
        return ["  no feed, sitemap or section page found: crawls will read only the front page"]
    lines = []
    if "feed" not in kinds:
        instead = "news sitemap" if "news sitemap" in kinds else "section pages" if "section" in kinds else "sitemap"
        lines.append(f"  no feed found: crawls will read the {instead} instead")
    if "news sitemap" not in kinds:
        lines.append("  no news sitemap found")
    if not kinds & {"sitemap", "news sitemap"}:
        lines.append("  no sitemap found: articles older than those in the feed and section pages cannot be found")
    if "section" not in kinds:
        lines.append("  no section page found in the menus: crawls will look for them from the front page")
    return lines

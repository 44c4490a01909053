"""Read the list of news sites that a feed reader exports: OPML."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pipelines.core.errors import ConfigError
from pipelines.core.links import resolve
from pipelines.core.urls import fetchable, host_of

OPML_END = re.compile(rb"</(?:[\w.-]+:)?opml\s*>|<(?:[\w.-]+:)?opml[^<>]*/>", re.IGNORECASE)
# The name of a source, for which OPML has no attribute: several may be on one host.
SOURCE_ATTRIBUTE = "{https://github.com/newsmorgue/newsmorgue#opml}source"
BARE_AMPERSAND = re.compile(rb"&(?!#?\w+;)")  # not XML, but many programs write the addresses of feeds so


@dataclass(frozen=True, slots=True)
class ListedSite:
    """Hold one site of the list, as the list gives it; or a place that gives none."""

    place: str  # where it is in the list, for people: "line 12"
    address: str  # as typed
    feeds: tuple[str, ...] = ()  # addresses of its feeds, as typed
    problem: str = ""  # why this place gives no site, for people
    name: str = ""  # that the list gives it as a source
    title: str = ""  # for people


def is_xml(data: bytes) -> bool:
    """Return True if a list is OPML or other XML."""
    return data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")


def read_opml(data: bytes, name: str) -> list[ListedSite]:
    """Return the sites of an OPML file in its order; `name`: of the file, for messages. Raises ConfigError.

    The last one of a file that is cut off is a problem that says so.
    """
    bare = data.replace(b"\x00", b"")  # UTF-16 as ASCII
    escaped = BARE_AMPERSAND.sub(b"&amp;", data) if bare == data else data
    sites = list(_by_host(_outlines(escaped, name)))
    if OPML_END.search(bare) is None:
        last = f"line {len(bare.splitlines())}"
        sites.append(ListedSite(last, "", problem="the file ends here, in the middle of the list: it is cut off"))
    return sites


def _outlines(data: bytes, name: str) -> Iterator[ListedSite]:
    """Yield each outline of an OPML 2.0 file (opml.org/spec2.opml) that names a feed or a page. Raises ConfigError."""
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True, huge_tree=False)
    try:
        root = etree.fromstring(data.lstrip(), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise ConfigError(
            name, f"is not OPML: {error}", "export the list again, or give one address per line"
        ) from None
    if root is None or etree.QName(root).localname.lower() != "opml":
        raise ConfigError(name, "is XML, but not OPML", "give OPML, CSV, or one address per line")
    for outline in root.iter("{*}*"):  # some programs write a namespace, or capital letters
        if etree.QName(outline).localname.lower() != "outline":
            continue
        given = {key.lower(): value.strip() for key, value in outline.attrib.items()}
        feed, page = given.get("xmlurl", ""), given.get("htmlurl", "")
        place, kind = f"line {outline.sourceline}", given.get("type", "").lower()
        if kind == "include":
            yield ListedSite(place, "", problem=f"names another list, which is not read: {given.get('url', '')}")
        elif address := page or feed or given.get("url", ""):
            name, title = given.get(SOURCE_ATTRIBUTE, ""), given.get("title") or given.get("text", "")
            feeds = (web_address(feed),) if feed and page else ()
            yield ListedSite(place, web_address(address), feeds, name=name, title=title)


def web_address(address: str) -> str:
    """Return an address without the scheme `feed:`, with which older readers write feeds that are read by HTTP."""
    if not address.lower().startswith("feed:"):
        return address
    rest = address[len("feed:") :]
    return f"http:{rest}" if rest.startswith("//") else rest


def _by_host(sites: Iterable[ListedSite]) -> Iterator[ListedSite]:
    """Join the outlines of one host, because a feed reader has one outline for each feed of a paper.

    Their common page is the site's address, else the front page of the host. Outlines that name their source are joined
    by that name.
    """
    outlines: dict[str, list[ListedSite]] = {}
    for number, site in enumerate(sites):
        url = fetchable(site.address)
        key = host_of(url).removeprefix("www.") if url and site.feeds else f"{number} {site.address}"
        outlines.setdefault(f"source {site.name}" if site.name else key, []).append(site)
    for first, *others in outlines.values():
        common = all(other.address == first.address for other in others)
        address = first.address if common else resolve("/", first.address) or first.address
        feeds = dict.fromkeys(feed for site in (first, *others) for feed in site.feeds)
        yield ListedSite(first.place, address, tuple(feeds), first.problem, first.name, first.title)

"""Read and write lists of news sites as feed readers exchange them: OPML 2.0 (opml.org/spec2.opml)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from pipelines.core.errors import ConfigError
from pipelines.core.items import Source
from pipelines.core.links import resolve
from pipelines.core.urls import fetchable, host_of

OPML_END = re.compile(rb"</(?:[\w.-]+:)?opml\s*>|<(?:[\w.-]+:)?opml[^<>]*/>", re.IGNORECASE)
NAMESPACE = "https://github.com/newsmorgue/newsmorgue#opml"  # of what OPML has no attribute for
SOURCE_ATTRIBUTE = f"{{{NAMESPACE}}}source"  # the name of a source: several may be on one host
NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, section 2.2
BARE_AMPERSAND = re.compile(rb"&(?!#?\w+;)")  # not XML, but many programs write the addresses of feeds so


@dataclass(frozen=True, slots=True)
class ListedSite:
    """Hold one site of the list, as the list gives it; or a place that gives none."""

    place: str  # where it is in the list, for people: "line 12"
    address: str  # as typed
    feeds: tuple[str, ...] = ()  # addresses of its feeds, as typed
    problem: str = ""  # why this place gives no site, for people
    name: str = ""  # that the list gives it as a source


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
    for outline in root.iter("outline"):
        given = {key.lower(): value.strip() for key, value in outline.attrib.items()}
        feed, page = given.get("xmlurl", ""), given.get("htmlurl", "")
        if not page and given.get("type", "").lower() == "link":
            page = given.get("url", "")
        if feed or page:
            feeds = (feed,) if feed and page else ()
            yield ListedSite(f"line {outline.sourceline}", page or feed, feeds, name=given.get(SOURCE_ATTRIBUTE, ""))


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
        yield ListedSite(first.place, address, tuple(feeds), name=first.name)


def opml(title: str, sources: Iterable[tuple[Source, Sequence[str]]], now: datetime) -> bytes:
    """Return an OPML 2.0 file of sources and their feeds: an outline for each feed, or a link if there is none."""
    from lxml import etree

    def clean(text: str) -> str:
        return NOT_IN_XML.sub("\ufffd", text)

    root = etree.Element("opml", {"version": "2.0"}, {"morgue": NAMESPACE})
    head = etree.SubElement(root, "head")
    etree.SubElement(head, "title").text = clean(title)
    etree.SubElement(head, "dateCreated").text = format_datetime(now, usegmt=True)
    body = etree.SubElement(root, "body")
    for source, feeds in sources:
        name = clean(source.title or source.name)
        shared = {"text": name, SOURCE_ATTRIBUTE: source.name}
        for feed in feeds:
            about = {"type": "rss", "title": name, "xmlUrl": clean(feed), "htmlUrl": clean(source.url)}
            language = {"language": clean(source.language)} if source.language else {}
            etree.SubElement(body, "outline", shared | about | language)
        if not feeds:
            etree.SubElement(body, "outline", shared | {"type": "link", "url": clean(source.url)})
    text: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return text

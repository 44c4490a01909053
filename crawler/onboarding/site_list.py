"""Read a user's list of news sites: one address per line, a column of a CSV file, or the OPML of a feed reader."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import urljoin

from pipelines.core.errors import ConfigError
from pipelines.core.urls import fetchable, host_of

COLUMN_NAMES = ("url", "website", "homepage", "home_page", "home page", "site", "address", "link", "domain", "host")


@dataclass(frozen=True, slots=True)
class ListedSite:
    """Hold one site of the list, as the list gives it."""

    place: str  # where it is in the list, for people: "line 12"
    address: str  # as typed
    feeds: tuple[str, ...] = ()  # addresses of its feeds, as typed


def read_site_list(data: bytes, name: str, column: str | None = None) -> list[ListedSite]:
    """Return the sites of a list in its order; `name`: of the file, for messages. Raises ConfigError.

    Text is UTF-8 with or without BOM. A file that begins with `<` is OPML. A file with a `column`, or whose first line
    has a delimiter and the name of a column that holds addresses, is CSV. In any other file each line is an address,
    and # begins a comment.
    """
    if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        if column is not None:
            raise ConfigError("--column", f"{name} is OPML, which has no columns", "leave out --column")
        return list(_by_host(_opml_outlines(data, name)))
    text = data.decode("utf-8-sig", "replace")
    lines = text.splitlines()
    # Spreadsheets write semicolons in many languages, and some programs write tabs.
    delimiter = max(",;\t", key=lines[0].count) if lines else ","
    names = [cell.strip() for cell in next(csv.reader(lines[:1], delimiter=delimiter), [])]
    if column is None and "://" not in "".join(names):
        column = next((cell for cell in names if cell.lower() in COLUMN_NAMES), None)
    if column is None:
        entries = ((f"line {number}", line.strip()) for number, line in enumerate(lines, 1))
        return [ListedSite(place, entry) for place, entry in entries if entry and not entry.startswith("#")]
    if column not in names:
        raise ConfigError(name, f"has no column {column!r}", f"its columns are: {', '.join(names) or 'none'}")
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    at, found = names.index(column), []
    try:
        next(rows)
        for row in rows:
            if len(row) > at and (entry := row[at].strip()):
                found.append(ListedSite(f"line {rows.line_num}", entry))
    except csv.Error as error:
        raise ConfigError(f"{name}: line {rows.line_num}", str(error), "check that the file is CSV") from error
    return found


def _opml_outlines(data: bytes, name: str) -> Iterator[ListedSite]:
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
            yield ListedSite(f"line {outline.sourceline}", page or feed, (feed,) if feed and page else ())


def _by_host(sites: Iterable[ListedSite]) -> Iterator[ListedSite]:
    """Join the outlines of one host, because a feed reader has one outline for each feed of a paper.

    Their common page is the site's address, else the front page of the host.
    """
    joined: dict[str, ListedSite] = {}
    for number, site in enumerate(sites):
        url = fetchable(site.address)
        key = host_of(url).removeprefix("www.") if url and site.feeds else f"{number} {site.address}"
        known = joined.setdefault(key, site)
        if known is not site:
            address = known.address if known.address == site.address else urljoin(known.address, "/")
            joined[key] = ListedSite(known.place, address, tuple(dict.fromkeys((*known.feeds, *site.feeds))))
    yield from joined.values()

"""Find who published a text first, if it was another paper or a wire agency.

The claims in order of precedence: a line that says so; the agency in the dateline, in the byline, among the declared
authors, after the last sentence; what the page declares for machines (a canonical address on another site,
schema.org, Google's old metas); a lone "Source: X" at the end. A site is never the origin of its own text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

from pipelines.core.links import resolve
from pipelines.extraction.labels.agencies import agencies_in, agency, only_agencies
from pipelines.extraction.labels.credit_lines import first_publisher, named_source, signing_agency
from pipelines.extraction.labels.dateline import STATION, Dateline, dateline
from pipelines.extraction.languages import tables
from pipelines.extraction.page import jsonld
from pipelines.extraction.page.declared import DeclaredMetadata
from pipelines.extraction.page.trace import FieldCandidate

HEAD_LINES, TAIL_LINES = 4, 8  # at either end of a text, where it may say where it comes from
MAX_NAME_CHARS = 60

# In a byline with one of these words, the agency made the pictures.
PICTURES_BYLINE = tables.compiled(r"\b(?:{byline.pictures}\w*|pool|contributed)\b", re.IGNORECASE)
ORIGIN_METAS = ("original-source", "syndication-source", "dc.source", "dcterms.source", "article:original_source")
AUTHOR_METAS = ("article:author", "author", "parsely-author", "sailthru.author", "dc.creator", "byl")
# Papers add these to their name, in a host or in print: "Harbour Times" is "harbourtimesonline".
NAME_SUFFIXES = re.compile(r"(?:com|net|org|de|fr|it|es|uk|news|online|magazine?|media|tv|digital|group|staff|team)*")
SHARED_LABELS = frozenset(("co", "com", "org", "net", "gov", "ac", "edu", "gob", "gouv", "news", "web", "amp", "www"))
# Hosts that keep copies of pages and publish nothing.
MIRRORS = re.compile(
    r"(?:^|\.)(?:archive\.(?:org|is|today|ph)|ampproject\.org|googleusercontent\.com|translate\.goog)$"
)
OriginClaim = tuple[FieldCandidate, str | None]  # with the URL, if the page has one


@dataclass(frozen=True, slots=True)
class PublishingSite:
    """Hold the site that a page belongs to."""

    host: str  # without www; "" if unknown
    names: frozenset[str]  # its names, as words without spaces

    def is_called(self, name: str) -> bool:
        """Return whether `name` is that of the site, with or without one of NAME_SUFFIXES."""
        key = _key(name)
        return any(_same_name(key, other) for other in self.names)

    def other_host(self, url: str | None) -> str | None:
        """Return the host of `url` if it is another site; None if it is the same one or cannot be compared."""
        host = host_of(url)
        if not self.host or not host or MIRRORS.search(self.host) or MIRRORS.search(host):
            return None
        return None if any(self.is_called(label) for label in _labels(host)) else host


def origin(
    declared: DeclaredMetadata, lines: list[str], byline: str | None, dated: Dateline | None = None
) -> tuple[str | None, str | None, list[FieldCandidate]]:
    """Return (name, URL, claims) of the first publisher; the first two are None if there is no other publisher.

    `lines`: the text before boilerplate lines were dropped. `byline`: as printed. `dated`: the dateline, if known.
    """
    site = site_of(declared)
    claims: list[FieldCandidate] = []
    name = address = None
    for claim, url in _claims(declared, site, lines, byline, dated or dateline(lines)):
        if site.is_called(claim.value):
            claims.append(replace(claim, why="the site itself"))
        elif name is None:
            name, address = claim.value, url
            claims.append(replace(claim, chosen=True))
        else:
            # A line names the paper, and the canonical address says where it was.
            if address is None and url and any(_same_name(_key(name), _key(label)) for label in _labels(host_of(url))):
                address = url
            claims.append(claim)
    return name, address, claims


def site_of(declared: DeclaredMetadata) -> PublishingSite:
    """Return the site that a page belongs to, by its URL and its declared names."""
    host = host_of(declared.url) or host_of(declared.canonical)
    names = [host, *_labels(host), *declared.metas.get("og:site_name", ())]
    publisher = _publisher(declared)
    if publisher and not agency(publisher):  # if an agency is the publisher, the site may be any client of it
        names.append(publisher)
    names += [wire for name in names if (wire := agency(name))]
    return PublishingSite(host, frozenset(key for name in names if (key := _key(name))))


def _publisher(declared: DeclaredMetadata) -> str | None:
    return jsonld.text(declared.article.get("publisher"), "name")


def _claims(
    declared: DeclaredMetadata, site: PublishingSite, lines: list[str], byline: str | None, found: Dateline
) -> Iterator[OriginClaim]:
    """Yield every claim, in order of precedence."""
    head = lines[: min(HEAD_LINES, max(0, len(lines) - TAIL_LINES))]
    for line in (*lines[-TAIL_LINES:], *head):
        if name := first_publisher(line):
            yield FieldCandidate("line", line, name), _link(declared, site, line)
    if found.agency and (name := only_agencies(found.agency) or (STATION.fullmatch(found.agency) and found.agency)):
        yield FieldCandidate("dateline", found.raw, name), None
    if byline and not PICTURES_BYLINE.search(byline) and (name := next(agencies_in(byline), None)):
        yield FieldCandidate("byline", byline, name), None
    yield from _declared_authors(declared)
    for line in lines[-3:]:
        if name := signing_agency(line):
            yield FieldCandidate("last line", line[-120:], name), None
    yield from _declarations(declared, site)
    yield from _sources(declared, site, lines, byline)


def _declared_authors(declared: DeclaredMetadata) -> Iterator[OriginClaim]:
    """Yield the agencies that are declared as authors, also where a person is: `authors` has persons only then."""
    for author in jsonld.members(declared.article.get("author")):
        name = jsonld.text(jsonld.resolved(author, declared.by_id), "name")
        if name and (wire := only_agencies(name)):
            yield FieldCandidate("json-ld author", name, wire), None
    for key in AUTHOR_METAS:
        for name in declared.metas.get(key, ()):
            if wire := only_agencies(name):
                yield FieldCandidate(f"meta {key}", name, wire), None


def _declarations(declared: DeclaredMetadata, site: PublishingSite) -> Iterator[OriginClaim]:
    """Yield the claims that a page declares for machines."""
    for key in ("publisher", "sourceOrganization", "provider"):
        node = declared.article.get(key)
        name = jsonld.text(node, "name")
        if not name or len(name) > MAX_NAME_CHARS or (key != "sourceOrganization" and not agency(name)):
            continue
        home = jsonld.text(node.get("url") or node.get("@id")) if isinstance(node, dict) else None
        if not home or site.other_host(home):
            yield FieldCandidate(f"json-ld {key}", name, agency(name) or name), None
    links = [("canonical", declared.canonical)]
    links += [(f"json-ld {key}", jsonld.text(declared.article.get(key), "url", "@id")) for key in ("isBasedOn",)]
    links += [(f"meta {name}", content) for name in ORIGIN_METAS for content in declared.metas.get(name, ())]
    for source_of, raw in links:
        if raw and (host := site.other_host(raw)):
            yield FieldCandidate(source_of, raw, host), raw


def _sources(
    declared: DeclaredMetadata, site: PublishingSite, lines: list[str], byline: str | None
) -> Iterator[OriginClaim]:
    """Yield a lone "Source: X" at the end of a text. If there are several, they belong to tables and pictures.

    If a person is named as the author, X is that person's source of information, unless it is an agency.
    """
    found = [(line, name) for line in lines[-3:] if (name := named_source(line))]
    if len(found) == 1 and sum(1 for line in lines if len(line) < 90 and named_source(line)) == 1:
        line, name = found[0]
        if not byline or agency(name) or _key(name) in _key(byline):
            yield FieldCandidate("line", line, name), _link(declared, site, line)


def _link(declared: DeclaredMetadata, site: PublishingSite, line: str) -> str | None:
    """Return the URL that `line` links to: of its links to other sites, the one with the longest path."""
    start, found = jsonld.same_words(line)[:60], [""]
    links = (a for a in declared.tree.iterfind(".//body//a[@href]") if _text_of(a) in line and len(_text_of(a)) > 2)
    for a in islice(links, 12):  # a page may say "here" ten thousand times
        if _is_in_paragraph(a, start) and (url := _absolute(declared, a.get("href"))) and site.other_host(url):
            found.append(url)
    return max(found, key=lambda url: len(urlsplit(url).path)) or None


def _text_of(element: Any) -> str:
    return " ".join(element.text_content().split())


def _is_in_paragraph(a: Any, start: str) -> bool:
    """Return whether the link `a` is inside a paragraph that begins with the words `start`."""
    for _ in range(4):
        a = a.getparent()
        if a is None or a.tag == "body":
            break
        words = a.text_content()
        if len(words) > 2000:
            break
        if jsonld.same_words(words).startswith(start):
            return True
    return False


def _absolute(declared: DeclaredMetadata, raw: str) -> str | None:
    url = resolve(raw, declared.url)
    return url if host_of(url) else None


def host_of(url: str | None) -> str:
    """Return the host of an http(s) URL, without www, in ASCII; "" for anything else."""
    try:
        parts = urlsplit(url or "")
        host = (parts.hostname or "").removeprefix("www.")
        host = host if host.isascii() else host.encode("idna").decode("ascii")
    except ValueError:  # or UnicodeError, its subclass
        return ""
    return host if parts.scheme in ("http", "https") and "." in host else ""


def _labels(host: str) -> list[str]:
    """Return the parts of a host that may be the name of a site."""
    return [label for label in host.split(".")[:-1] if label not in SHARED_LABELS and len(label) > 1]


def _key(name: str) -> str:
    """Return a name as words without spaces and without its article."""
    name = re.sub(r"^(?:www\d?\.|the\s+|the(?=\w))", "", name.strip().lower())
    return jsonld.same_words(name).replace(" ", "")


def _same_name(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    if short == long:
        return True
    return len(short) > 3 and long.startswith(short) and bool(NAME_SUFFIXES.fullmatch(long, len(short)))

"""Who published a text first, where that is somebody else: another paper, a wire agency.

Claims in the order of trust: a line that says so; the agency in the dateline, in the byline, behind the last sentence;
what the page declares for machines (a canonical address on another site, schema.org, Google's old metas); last a lone
"Source: X". Nobody is the origin of its own site's text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any
from urllib.parse import urljoin, urlsplit

from pipelines.extraction.labels.agencies import agencies_in, agency, only_agencies
from pipelines.extraction.labels.credit_lines import signature, source, stated
from pipelines.extraction.labels.dateline import STATION, Dateline, dateline
from pipelines.extraction.page import jsonld
from pipelines.extraction.page.declared import DeclaredMetadata
from pipelines.extraction.page.trace import FieldCandidate

HEAD, TAIL = 4, 8  # lines at either end of a text where it says where it comes from
LONGEST_NAME = 60

# A byline with one of these names an agency that only helped, or that made the pictures.
HELPED = re.compile(
    r"\b(?:mit|with|files?|material|additional|reporting|contributed|avec|con|com|met|med|photos?|fotos?|bild\w*"
    r"|images?|pool|video)\b",
    re.IGNORECASE,
)
METAS = ("original-source", "syndication-source", "dc.source", "dcterms.source", "article:original_source")
# What papers put behind their name, in a host or in print: "Harbour Times" and "harbourtimesonline" are one.
TAILS = re.compile(r"(?:com|net|org|de|fr|it|es|uk|news|online|magazine?|media|tv|digital|group|staff|team)*")
SHARED_LABELS = frozenset(("co", "com", "org", "net", "gov", "ac", "edu", "gob", "gouv", "news", "web", "amp", "www"))
# Copies of a page, not its publishers.
MIRRORS = re.compile(
    r"(?:^|\.)(?:archive\.(?:org|is|today|ph)|ampproject\.org|googleusercontent\.com|translate\.goog)$"
)
Claim = tuple[FieldCandidate, str | None]  # and the address, if it has one


@dataclass(frozen=True, slots=True)
class PublishingSite:
    """The site that a page stands on."""

    host: str  # without www; "" if unknown
    names: frozenset[str]  # what it calls itself, as words without spaces

    def is_called(self, name: str) -> bool:
        """Is `name` the site's own, give or take what papers put behind their names?"""
        key = _key(name)
        return any(_same_name(key, other) for other in self.names)

    def elsewhere(self, url: str | None) -> str | None:
        """The host of `url` if it is another site; None if it is the same one or cannot be compared."""
        there = host_of(url)
        if not self.host or not there or MIRRORS.search(self.host) or MIRRORS.search(there):
            return None
        return None if any(self.is_called(label) for label in _labels(there)) else there


def origin(
    declared: DeclaredMetadata, lines: list[str], byline: str | None, dated: Dateline | None = None
) -> tuple[str | None, str | None, list[FieldCandidate]]:
    """(name, address, claims) of who published the text first; Nones if nobody else did.

    lines: the text before lines of furniture were dropped; byline: as printed; dated: its dateline, if it is known.
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
            # A line names the paper, the canonical address says where it was.
            if address is None and url and any(_same_name(_key(name), _key(label)) for label in _labels(host_of(url))):
                address = url
            claims.append(claim)
    return name, address, claims


def site_of(declared: DeclaredMetadata) -> PublishingSite:
    """The site that a page stands on, by its address and by what it calls itself."""
    host = host_of(declared.url) or host_of(declared.canonical)
    names = [host, *_labels(host), *declared.metas.get("og:site_name", ())]
    publisher = _publisher(declared)
    if publisher and not agency(publisher):  # a page that calls an agency its publisher may be any client of it
        names.append(publisher)
    names += [wire for name in names if (wire := agency(name))]
    return PublishingSite(host, frozenset(key for name in names if (key := _key(name))))


def _publisher(declared: DeclaredMetadata) -> str | None:
    return jsonld.text(declared.article.get("publisher"), "name")


def _claims(
    declared: DeclaredMetadata, site: PublishingSite, lines: list[str], byline: str | None, found: Dateline
) -> Iterator[Claim]:
    """Every claim, the most trusted first."""
    head = lines[: min(HEAD, max(0, len(lines) - TAIL))]
    for line in (*lines[-TAIL:], *head):
        if name := stated(line):
            yield FieldCandidate("line", line, name), _link(declared, site, line)
    if found.agency and (name := only_agencies(found.agency) or (STATION.fullmatch(found.agency) and found.agency)):
        yield FieldCandidate("dateline", found.raw, name), None
    if byline and not HELPED.search(byline) and (name := next(agencies_in(byline), None)):
        yield FieldCandidate("byline", byline, name), None
    for line in lines[-3:]:
        if name := signature(line):
            yield FieldCandidate("last line", line[-120:], name), None
    yield from _declarations(declared, site)
    yield from _sources(declared, site, lines, byline)


def _declarations(declared: DeclaredMetadata, site: PublishingSite) -> Iterator[Claim]:
    """What a page says of its origin for machines."""
    for key in ("publisher", "sourceOrganization", "provider"):
        node = declared.article.get(key)
        name = jsonld.text(node, "name")
        if not name or len(name) > LONGEST_NAME or (key != "sourceOrganization" and not agency(name)):
            continue
        home = jsonld.text(node.get("url") or node.get("@id")) if isinstance(node, dict) else None
        if not home or site.elsewhere(home):
            yield FieldCandidate(f"json-ld {key}", name, agency(name) or name), None
    links = [("canonical", declared.canonical)]
    links += [(f"json-ld {key}", jsonld.text(declared.article.get(key), "url", "@id")) for key in ("isBasedOn",)]
    links += [(f"meta {name}", content) for name in METAS for content in declared.metas.get(name, ())]
    for source_of, raw in links:
        if raw and (host := site.elsewhere(raw)):
            yield FieldCandidate(source_of, raw, host), raw


def _sources(declared: DeclaredMetadata, site: PublishingSite, lines: list[str], byline: str | None) -> Iterator[Claim]:
    """A "Source: X" at the end of a text. Several of them stand below tables and pictures.

    Where a person is named as the author, X is where that person learned it, unless it is an agency.
    """
    found = [(line, name) for line in lines[-3:] if (name := source(line))]
    if len(found) == 1 and sum(1 for line in lines if len(line) < 90 and source(line)) == 1:
        line, name = found[0]
        if not byline or agency(name) or _key(name) in _key(byline):
            yield FieldCandidate("line", line, name), _link(declared, site, line)


def _link(declared: DeclaredMetadata, site: PublishingSite, line: str) -> str | None:
    """Where `line` links to: of its links to other sites the one with the longest path."""
    start, found = jsonld.same_words(line)[:60], [""]
    links = (a for a in declared.tree.iterfind(".//body//a[@href]") if _words(a) in line and len(_words(a)) > 2)
    for a in islice(links, 12):  # a page may say "here" ten thousand times
        if _stands_in(a, start) and (url := _absolute(declared, a.get("href"))) and site.elsewhere(url):
            found.append(url)
    return max(found, key=lambda url: len(urlsplit(url).path)) or None


def _words(element: Any) -> str:
    return " ".join(element.text_content().split())


def _stands_in(a: Any, start: str) -> bool:
    """Is the link `a` inside a paragraph that begins with the words `start`?"""
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
    try:
        url = urljoin(declared.url, raw.strip())
    except ValueError:
        return None
    return url if host_of(url) else None


def host_of(url: str | None) -> str:
    """The host of an http address, without www, in ASCII; "" if it is none."""
    try:
        parts = urlsplit(url or "")
        host = (parts.hostname or "").removeprefix("www.")
        host = host if host.isascii() else host.encode("idna").decode("ascii")
    except ValueError:  # UnicodeError is one
        return ""
    return host if parts.scheme in ("http", "https") and "." in host else ""


def _labels(host: str) -> list[str]:
    """The parts of a host that are somebody's name."""
    return [label for label in host.split(".")[:-1] if label not in SHARED_LABELS and len(label) > 1]


def _key(name: str) -> str:
    """A name as words without spaces and without its article."""
    name = re.sub(r"^(?:www\d?\.|the\s+|the(?=\w))", "", name.strip().lower())
    return jsonld.same_words(name).replace(" ", "")


def _same_name(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    if short == long:
        return True
    return len(short) > 3 and long.startswith(short) and bool(TAILS.fullmatch(long, len(short)))

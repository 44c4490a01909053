"""Read under which other addresses a page says that it is published; no article is read.

`pipelines.takedown` asks this about pages of sites from which something was taken down.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from lxml.etree import XPath

from pipelines.core.items import Page
from pipelines.core.timestamps import now
from pipelines.extraction.page.declared import absolute, gather, own_address
from pipelines.extraction.page.parse import PageRefused, parse

LINKS = XPath(".//link[@rel and @href]")
# Metas with the page's own address: to share it, for a reader's app, for a news search engine.
ADDRESS_METAS = ("og:url", "twitter:url", "al:web:url", "parsely-link", "syndication-source", "original-source")
ADDRESS_KEYS = ("url", "mainEntityOfPage", "@id")  # of the article's own JSON-LD node (schema.org)
MAX_ADDRESSES = 20  # of a page, of each kind


class DeclaredAddresses(NamedTuple):
    """Hold the addresses that a page declares, absolute and without those of a front page."""

    own: tuple[str, ...] = ()  # its own: rel=canonical, og:url, JSON-LD
    versions: tuple[str, ...] = ()  # of another version of it: AMP


def declared_addresses(page: Page) -> DeclaredAddresses:
    """Return the addresses that a page declares; none for what is no page. No page makes it raise but by its size."""
    try:
        tree = parse(page)
    except PageRefused:
        return DeclaredAddresses()
    captured = page.capture.time if page.capture else now()
    declared = gather(tree, page.url, captured, page.hint)
    links = [(str(link.get("rel")).lower().split(), link.get("href")) for link in LINKS(tree)]
    own = [href for rel, href in links if "canonical" in rel]
    own += [value for name in ADDRESS_METAS for value in declared.metas.get(name, ())]
    own += [value for key in ADDRESS_KEYS for value in _texts((declared.article or {}).get(key))]
    versions = [href for rel, href in links if "amphtml" in rel]
    return DeclaredAddresses(
        _distinct(own_address(raw, declared) for raw in own), _distinct(absolute(raw, declared) for raw in versions)
    )


def _texts(value: Any) -> list[str]:
    """Return the addresses in a JSON-LD value: a text, a node with an id, or a list of these."""
    values = value if isinstance(value, list) else [value]
    return [text for one in values if isinstance(text := one.get("@id") if isinstance(one, dict) else one, str)]


def _distinct(addresses: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, addresses)))[:MAX_ADDRESSES]

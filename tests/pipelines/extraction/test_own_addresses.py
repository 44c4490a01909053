"""Test which addresses a page declares as its own, or as those of another version of it."""

from __future__ import annotations

import pytest

from pipelines.core.items import Page
from pipelines.extraction.own_addresses import DeclaredAddresses, declared_addresses

URL = "https://paper.example/print/7"
STORY = "https://paper.example/story"
LD = '<script type="application/ld+json">{"@type": "NewsArticle", "headline": "Cranes", %s}</script>'


def declared(head: str, url: str = URL) -> DeclaredAddresses:
    body = f"<html><head><title>Cranes</title>{head}</head><body><h1>Cranes</h1><p>Text.</p></body></html>"
    return declared_addresses(Page(url, body.encode(), "text/html"))


@pytest.mark.parametrize(
    "head",
    [
        f'<link rel="canonical" href="{STORY}">',
        f'<link rel="CANONICAL shortlink" href="{STORY}">',
        f'<link rel="canonical" href="{URL}"><link rel="canonical" href="{STORY}">',
        '<link rel="canonical" href="../story">',
        '<base href="https://paper.example/x/"><link rel="canonical" href="../story">',
        f'<meta property="og:url" content="{STORY}">',
        f'<meta name="syndication-source" content="{STORY}">',
        LD % f'"url": "{STORY}"',
        LD % f'"mainEntityOfPage": {{"@type": "WebPage", "@id": "{STORY}"}}',
    ],
    ids=["canonical", "in capitals among others", "second", "relative", "with a base", "og:url", "news meta", "json-ld",
         "main entity"],
)  # fmt: skip
def test_own_address_is_found_wherever_a_page_declares_it(head):
    """In links, metas and JSON-LD, relative ones too."""
    assert STORY in declared(head).own


def test_amp_version_is_another_address_than_the_own_one():
    """It names a page with the same article, not this page."""
    assert declared('<link rel="amphtml" href="/amp/story">') == DeclaredAddresses(
        (), ("https://paper.example/amp/story",)
    )


@pytest.mark.parametrize(
    "head",
    ["", '<link rel="canonical" href="/">', '<link rel="canonical" href="javascript:void(0)">',
     '<link rel="alternate" href="/story">', '<link rel="canonical">'],
    ids=["nothing", "front page", "no address", "another link", "no href"],
)  # fmt: skip
def test_page_without_a_credible_address_declares_none(head):
    """The front page is a mistake of a template there."""
    assert declared(head) == DeclaredAddresses()


def test_pdf_declares_no_address():
    """What is no page is not read."""
    assert declared_addresses(Page(URL, b"%PDF-1.4", "application/pdf")) == DeclaredAddresses()

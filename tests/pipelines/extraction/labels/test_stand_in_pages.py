"""Test which headlines are those of a login page or an error page; articles about them have none."""

from datetime import UTC, datetime

import pytest
from lxml import html

from pipelines.extraction.labels.stand_in_pages import recognise
from pipelines.extraction.page.declared import gather

SHORT = ["The page that you asked for is not here.", "Go back to the start page."]
DECLARED = '<script type="application/ld+json">{"@type": "NewsArticle", "headline": "x"}</script>'
HEADLINES = {
    "Page not found": "soft 404",
    "404 - Page not found": "soft 404",
    "Error 404": "soft 404",
    "Sorry, we can’t find that page": "soft 404",
    "Seite nicht gefunden | Küstenblatt": "soft 404",
    "Page introuvable": "soft 404",
    "Página no encontrada - El Puerto": "soft 404",
    "Страница не найдена": "soft 404",
    "ページが見つかりません": "soft 404",
    "Log in": "login page",
    "Please sign in | The Harbour": "login page",
    "Anmelden": "login page",
    "503 Service Unavailable": "error page",
    "Something went wrong": "error page",
    "Just a moment...": "error page",
    "Attention Required! | Cloudflare": "error page",
    "Pardon Our Interruption": "error page",
    "Please verify you are a human": "error page",
    "Just a moment of peace": None,
    "Page not found as council site fails on election night": None,
    "Log in or lose out: how banks changed": None,
    "Not found guilty": None,
    "Harbour wall to be mended": None,
    "": None,
}


def recognised(title: str, head: str = "", lines: list[str] = SHORT) -> str | None:
    tree = html.document_fromstring(f"<html><head>{head}</head><body><h1>{title}</h1><p>x</p></body></html>")
    return recognise(gather(tree, "https://paper.example/a", datetime(2024, 6, 1, tzinfo=UTC)), title, lines)[0]


@pytest.mark.parametrize("title", HEADLINES)
def test_short_page_is_recognised_by_its_whole_headline(title):
    """A site's name may follow it, and a status may precede it."""
    assert recognised(title) == HEADLINES[title]


def test_page_that_declares_an_article_with_its_time_or_is_long_is_no_error_page():
    """Its headline may be a pun."""
    typed = '<meta property="og:type" content="article">'
    assert recognised("Page not found", DECLARED) is None
    assert recognised("Page not found", f'{typed}<meta property="article:published_time" content="2024-05-31">') is None
    assert recognised("Page not found", typed) == "soft 404"  # a template may say so of all its pages
    assert recognised("Page not found", lines=SHORT * 40) is None

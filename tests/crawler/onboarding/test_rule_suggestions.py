"""Suggested selectors: they find what they are for, and live longer than one page."""

from datetime import UTC, datetime

import pytest
from lxml import html

from crawler.onboarding.rule_suggestions import as_toml, suggest
from crawler.onboarding.selectors import GENERATED_NAME, found_by, selector_of
from pipelines.core.items import Page
from pipelines.extraction.extract import read
from pipelines.extraction.page.parse import parse

SEEN = datetime(2026, 3, 1, tzinfo=UTC)
LINE = "The tide came in twice on the {}, as it does, and nobody in the harbour office was told of it in time."
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@pytest.mark.parametrize(
    "name",
    ["css-1q2w3e", "sc-abcdef", "post-4711", "iDKsAi", "jLIFQZ", "Byline-gEnFiw", "Story_copy__3xYz1", "box-5f3a2b1"],
)
def test_generated_name_is_recognised(name):
    """It is another on the next page, or after the next release."""
    assert GENERATED_NAME.search(name)


@pytest.mark.parametrize(
    "name", ["article-body", "hero__title", "lineUp", "mainBody", "StoryBody", "WordPress", "col2", "h1-title", "top10"]
)
def test_name_chosen_by_a_person_is_not_taken_for_generated(name):
    """Camel case, BEM and single digits are people's work."""
    assert not GENERATED_NAME.search(name)


@pytest.mark.parametrize(
    ("markup", "selector"),
    [
        ('<div itemprop="articleBody" id="x" class="y" T>', 'div[itemprop="articleBody"]'),
        ('<div id="story" class="y" T>', "#story"),
        ('<div id="story-is-a-headline-of-six-words" class="y" T>', "div.y"),
        ('<div id="post-4711" class="css-1q2w3e wide article-text" T>', "div.article-text"),
        ('<div class="mt-4 text-lg prose" T>', "div.prose"),
        ('<div class="Story_copy__3xYz1" T>', 'div[class*="Story_copy__"]'),
        ('<article T>', "article"),
        ('<div class="box one"></div><div class="two box" T>', "div.two"),
        ('<div class="a b"></div><div class="a b" T>', None),
        ('<div class="a"></div><div class="b"></div><div class="a b" T>', "div.a.b"),
        ('<section class="lead"><p T></section>', "section.lead > p"),
        ('<p>One.</p><p T>', None),
        ('<div class="quo&quot;te sla\\sh 1st" T>', None),
    ],
)  # fmt: skip
def test_selector_is_the_shortest_durable_one(markup, selector):
    """It finds the element alone; there is none rather than a number of the order or a name that will not last."""
    tree = html.document_fromstring(f"<html><body>{markup.replace(' T>', ' data-target>')}Text.</body></html>")
    (target,) = tree.xpath("//*[@data-target]")
    del target.attrib["data-target"]
    chosen = selector_of(target, tree)
    assert chosen == selector
    assert chosen is None or found_by(chosen, tree) == [target]


def proposed(body):
    page = Page("https://a.example/tides", f"<html><body>{body}</body></html>".encode(), "text/html")
    return suggest(parse(page), read(page), SEEN)


def test_body_is_the_innermost_block_of_nearly_all_lines():
    """The blocks around it come after it, for the user to widen."""
    text = "".join(f"<p>{LINE.format(day)}</p>" for day in DAYS)
    found = proposed(f'<main><div class="frame"><h1>Tides</h1><div class="copy">{text}</div></div></main>')
    assert [each.selector for each in found.body] == ["div.copy", "div.frame", "main"]
    assert found.body[0].remark == "7 of 7 lines of the text, 100% of what is in it"


def test_lines_without_paragraphs_are_found():
    """Lines between breaks and beside blocks: not every paper uses paragraphs."""
    text = "<br>".join(LINE.format(day) for day in DAYS)
    found = proposed(
        f'<div class="page"><div class="menu">Home</div><div class="copy">{text}<div>Box</div></div></div>'
    )
    assert found.body[0].selector == "div.copy"


def test_class_of_text_paragraphs_is_not_proposed_for_pruning():
    """Pruning it would remove the text."""
    text = "".join(f'<p class="par">{LINE.format(day)}</p>' for day in DAYS)
    found = proposed(f'<article class="copy"><h1>Tides</h1>{text}<p class="par">Short last words.</p></article>')
    assert "p.par" not in [each.selector for each in found.suspects]


def test_page_without_an_article_is_analysed_by_its_paragraphs():
    """The user wants a rule because nothing was read."""
    text = "".join(f"<p>{LINE.format(day)}</p>" for day in DAYS)
    page = Page(
        "https://a.example/x", f'<html><body><div class="copy">{text}</div></body></html>'.encode(), "text/html"
    )
    assert suggest(parse(page), None, SEEN).body[0].selector == "div.copy"
    empty = Page("https://a.example/x", b"<html><body><i>x</i></body></html>", "text/html")
    assert "[[rule]]" in as_toml(suggest(parse(empty), None, SEEN), "x", "2026-03-01")

"""Halves of characters, which JSON can hold and a database cannot."""

from __future__ import annotations

import json

import pytest

from pipelines.core.items import Article, Page
from pipelines.extraction.extract import read
from pipelines.extraction.page.characters import storable, without_half_escapes


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        (r"a \ud83d\ude0a b", "a \U0001f60a b"),
        (r"a \uD83D\uDE0A b", "a \U0001f60a b"),
        (r"a \ud83d b", "a \ufffd b"),
        (r"a \ude0a b", "a \ufffd b"),
        (r"\ude0a\ud83d", "\ufffd\ufffd"),
        (r"\ud83d\ud83d\ude0a", "\ufffd\U0001f60a"),
        (r"\ud83d\u0041", "\ufffdA"),
        (r"\ud83", None),
        (r"no \\ud83d escape", r"no \ud83d escape"),
        (r"\u00e9", "\u00e9"),
    ],
)
def test_half_of_an_escaped_pair_becomes_a_replacement_character(written, read_as):
    """Whole pairs and all other escapes stay as they are."""
    try:
        text = json.loads(without_half_escapes(f'"{written}"'))
    except ValueError:
        text = None
    assert text == read_as


def test_text_with_half_characters_becomes_storable():
    """Everything else in it stays."""
    assert storable("a\ud83db\U0001f60a").encode() == "a\ufffdb\U0001f60a".encode()


def test_half_characters_in_json_ld_do_not_cost_the_article():
    """Title, authors, keywords and comments are written to the database."""
    data = (
        r'{"@type": "NewsArticle", "headline": "The pier \ud83d closed", "author": {"name": "Jo \udc00 Park"},'
        r' "keywords": ["a \ud83d"], "comment": [{"@type": "Comment", "text": "Why \ud83d?"}]}'
    )
    line = "<p>On day {} the members of the council agreed to disagree about the old pier.</p>"
    body = f"<body><article>{''.join(map(line.format, range(9)))}</article></body>"
    page = f'<html lang=en><script type="application/ld+json">{data}</script>{body}</html>'
    outcome = read(Page("https://paper.example/2026/11/12/pier", page.encode(), "text/html", comments=True))
    assert isinstance(outcome, Article)
    assert repr(outcome).encode()
    assert (outcome.authors, outcome.comments) == (("Jo \ufffd Park",), ("Why \ufffd?",))

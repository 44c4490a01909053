"""Control characters, and halves of characters, which JSON can hold and a database cannot."""

from __future__ import annotations

import json
import re
from dataclasses import asdict

import pytest

from pipelines.core.items import Article, Page
from pipelines.extraction.extract import read
from pipelines.extraction.page.characters import printable, storable, without_half_escapes


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


def test_no_field_of_an_article_has_control_characters():
    """Written as bytes, as references, and as escapes of JSON-LD: title, authors, section, tags, text, comments."""
    odd = "\x01\x08\x0b\x0c\x1b\x7f\x84"
    data = json.dumps(
        {
            "@type": "NewsArticle", "headline": f"The pi{odd}er \0closed", "author": {"name": f"Jo{odd} \0Park"},
            "keywords": [f"a{odd}b\0", "\0"], "articleSection": f"Lo{odd}cal\0", "description": f"Clo{odd}sed\0 today",
            "publisher": {"@type": "Organization", "name": f"Pa{odd}per\0"},
            "comment": [{"@type": "Comment", "text": f"Wh{odd}y\0?"}],
        }
    )  # fmt: skip
    line = (
        "<p>On day {} the mem" + odd + "bers of the coun&#27;cil&#8;&#7;&#127; agreed to disagree about the pier.</p>"
    )
    body = f"<body><h1>The pi{odd}er closed</h1><article>{''.join(map(line.format, range(9)))}</article></body>"
    page = f'<html lang=en><script type="application/ld+json">{data}</script>{body}</html>'
    outcome = read(Page("https://paper.example/2026/11/12/pier", page.encode(), "text/html", comments=True))
    assert isinstance(outcome, Article)
    found = {name: repr(value) for name, value in asdict(outcome).items() if name != "text"}
    assert {name: value for name, value in found.items() if re.search(r"\\x[0-9a-f]|\\u", value)} == {}
    assert re.search("[\0-\x09\x0b-\x1f\x7f-\x9f]", outcome.text) is None
    assert outcome.authors == ("Jo Park",)
    assert (outcome.section, outcome.text.split("\n")[0][:26]) == ("Lo cal", "On day 0 the members of th")


def test_value_that_has_only_control_characters_is_no_value():
    """A text becomes unknown, and leaves its list. Without control characters everything stays."""
    assert printable("\0") is None
    assert printable(("a\x1b", "\0", "")) == ("a", "")
    assert printable({"a": "b\x7f"}) == {"a": "b"}
    assert [printable(value) for value in ("", "a\n\tb", 7, None, ())] == ["", "a\n\tb", 7, None, ()]

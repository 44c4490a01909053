"""Test that a series within an article is kept whole, as tables of pages; other series of a page are left out."""

import pytest

from pipelines.core.items import Page
from pipelines.extraction.extract import read

INTRO = (
    "<p>The bay has never had so many places to eat, and we have been to all of them in the past year. These are the"
    " ones that we go back to, with what to order there and what it costs.</p>"
    "<p>Prices are for two, without wine. Every place was visited at least twice.</p>"
)
NAMES = [
    f"{first} {last}" for first in ("Quay", "Mara", "Little", "Old", "North") for last in ("Kitchen", "Table", "Inn")
]
KINDS = ["Korean · $$", "Seafood · $$$", "Thai · $", "Bakery · $"]
WORDS = [
    "Order the clams.",
    "The soup is worth the queue.",
    "Come early; it closes at nine.",
    "Six seats at a counter.",
]


def series(item: str) -> str:
    """Return the items; `item` has slots for number, name, kind and words."""
    filled = [
        item.format(number=at, name=name, kind=KINDS[at % 4], words=WORDS[at % 4]) for at, name in enumerate(NAMES)
    ]
    return "".join(filled)


ARTICLE = "<main><article>{}</article></main>"
BOXES = series("<div class=item><h3>{name}</h3><div class=meta>{kind}</div><div>{words}</div></div>")
SERIES = {
    "boxes with a line of facts": BOXES,
    "a numbered list": "<ol>" + series("<li><strong>{name}</strong><p>{kind}</p><p>{words}</p></li>") + "</ol>",
    "headings and paragraphs": series("<h3>{name}</h3><p>{kind}</p><p>{words}</p>"),
    "sections": series("<section class=venue><h2>{name}</h2><span>{kind}</span><p>{words}</p></section>"),
    "slides": series(
        "<figure class=slide><img src={number}.jpg><figcaption><h3>{name}</h3>{words}</figcaption></figure>"
    ),
    "pictures with captions": series(
        "<div class=slide><img src=a.jpg><div class=text><p>{name}: {words}</p></div></div>"
    ),
    "products with a list": series(
        "<div class=product><h4><a href='https://shop.example/{number}'>{name}</a></h4>"
        "<ul><li>Price: ${number}.99</li><li>Battery: {number} hours</li></ul><p>{words}</p></div>"
    ),
    "boxes in no article element": BOXES,
}


FRAMES = {"boxes in no article element": "<div class=wrap><div class=content>{}</div></div>"}


def lines(items: str, frame: str, after: str = "") -> list[str]:
    title = "Fifteen places to eat on the bay"
    head = f'<title>{title}</title><meta property="og:title" content="{title}">'
    nav = '<header><nav><a href="/">Bay Courier</a> <a href="/n">News</a></nav></header>'
    body = nav + frame.format(f"<h1>{title}</h1>{INTRO}{items}") + after + "<footer>© Bay Courier</footer>"
    page = f"<html lang=en><head>{head}</head><body>{body}</body></html>"
    return read(Page("https://bay.example/2026/03/05/places", page.encode(), "text/html")).text.split("\n")


@pytest.mark.parametrize("name", SERIES)
def test_series_in_an_article_is_kept_whole(name):
    """Each item with its name and its words, and the facts between them."""
    text = "\n".join(lines(SERIES[name], FRAMES.get(name, ARTICLE)))
    assert [one for one in NAMES if one not in text] == []
    assert sum(text.count(words) for words in WORDS) == len(NAMES)
    assert all(text.count(kind) == SERIES[name].count(kind) for kind in KINDS)
    assert "Bay Courier" not in text


OTHERS = {
    "links to other stories": "<div class=card><h3><a href='/s/{number}'>{name} opens again today</a></h3></div>",
    "stories with dates": "<div class=box><h3>{name}</h3><p>2 March 2024 11:0{number}</p><p>{words}</p></div>",
    "related": "<div class=related-item><h3>{name}</h3><p>{words}</p></div>",
    "buttons": "<div class=item><p>{name} is a place that we liked when we went there.</p><span>Book now</span></div>",
}


@pytest.mark.parametrize("name", OTHERS)
def test_rule_for_series_adds_nothing_else(name, monkeypatch):
    """Cards, dates and buttons in the article are left as the classifier leaves them, and so is all that is outside."""
    items = series(OTHERS[name])
    pages = [(items, ""), ("", f"<div class=more>{items}</div>"), ("", f"<div>{BOXES}</div>")]
    with_rule = [lines(inside, ARTICLE, outside) for inside, outside in pages]
    monkeypatch.setattr("pipelines.extraction.body.series.dropped_parts", lambda *_: [])
    assert with_rule == [lines(inside, ARTICLE, outside) for inside, outside in pages]

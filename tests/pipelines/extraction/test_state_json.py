"""Test pages that have their text in the state of their scripts alone, as tables of cases."""

import json
import time

import pytest

from pipelines.core.items import Article, NothingToRead, Page
from pipelines.extraction.extract import read

LINES = [
    "The ferries of the bay stayed in port for the fifteenth day on Monday, and the harbour office will not talk.",
    "The law allows sixty days, after which the government may order a pause of a month while both sides talk.",
    "On Monday the minister toured the piers and said that he would speak with both sides before the weekend.",
    "“Nobody has asked us,” said the captain of the oldest boat, who has been waiting since the first of May.",
]
BODY = "".join(f"<p>{line}</p>" for line in LINES)
OTHER = "".join(
    f"<p>Another story of the paper, number {n}, of which nobody has read a word until this day.</p>" for n in range(9)
)
IMPRINT = "© The Harbour Paper"
TITLE = "Ferry strike enters third week"


def escaped(value: object) -> str:
    """Return JSON as frameworks write it into a script, where no tag may be."""
    return json.dumps(value).replace("<", "\\u003c").replace(">", "\\u003E")


def pushes(text: str) -> str:
    """Return flight data of Next, cut in the middle of a word."""
    return "".join(f"<script>self.__next_f.push([1,{escaped(part)}])</script>" for part in (text[:300], text[300:]))


STATES = {
    "a variable": f"<script>window.__STATE__={escaped({'article': {'title': TITLE, 'content': BODY}})}</script>",
    "Next": '<script id="__NEXT_DATA__" type="application/json">'
    + escaped({"props": {"pageProps": {"post": {"title": TITLE, "body": BODY}}}})
    + "</script>",
    "Nuxt, a function": "<script>window.__NUXT__=(function(a,b){return {data:[{headline:"
    + f"{escaped(TITLE)},articleBody:{escaped(BODY)},author:a}}]}}}}(null,1))</script>",
    "Apollo, with bare tags": f"<script>window.__APOLLO_STATE__ = {json.dumps({'Post:1': {'text': BODY}})};</script>",
    "escaped as entities": '<script type="application/json">'
    + json.dumps({"story": BODY.replace("<", "&lt;").replace(">", "&gt;")})
    + "</script>",
    "JSON in a string": f"<script>window.S=JSON.parse({json.dumps(escaped({'content': BODY}))})</script>",
    "JSON in a string of JavaScript": "<script>window.S=JSON.parse('"
    + json.dumps({"content": BODY}).replace("<", "\\x3C").replace("\\u", "\\\\u").replace("'", "\\'")
    + "')</script>",
    "flight data": pushes(json.dumps({"post": {"title": TITLE, "html": BODY}})),
    "WordPress": f"<script>var post={escaped({'title': {'rendered': TITLE}, 'content': {'rendered': BODY}})}</script>",
    "blocks": "<script>window.S="
    + escaped({"title": TITLE, "blocks": [{"type": "paragraph", "html": f"<p>{line}</p>"} for line in LINES]})
    + "</script>",
    **{
        name: "<script>window.S=" + escaped({"article": {"title": TITLE, **value}}) + "</script>"
        for name, value in {
            "content elements": {"content_elements": [{"type": "text", "content": line} for line in LINES]},
            "blocks with data": {"body": [{"type": "paragraph", "data": {"text": line}} for line in LINES]},
            "Slate": {"body": [{"type": "paragraph", "children": [{"text": line}]} for line in LINES]},
            "portable text, with a picture": {
                "body": [
                    {"_type": "image", "caption": "The piers"},
                    *[
                        {
                            "_type": "block",
                            "children": [{"_type": "span", "text": part} for part in (line[:20], line[20:])],
                        }
                        for line in LINES
                    ],
                ]
            },
            "ProseMirror": {
                "content": {
                    "type": "doc",
                    "content": [{"type": "paragraph", "content": [{"type": "text", "text": line}]} for line in LINES],
                }
            },
            "Contentful": {
                "body": {
                    "nodeType": "document",
                    "content": [
                        {"nodeType": "paragraph", "content": [{"nodeType": "text", "value": line}]} for line in LINES
                    ],
                }
            },
            "Markdown": {"markdown": "\n\n".join(LINES)},
        }.items()
    },
    "Nuxt 3": '<script type="application/json" id="__NUXT_DATA__">'
    + escaped([{"title": 1, "content": 2}, TITLE, BODY])
    + "</script>",
    "a row of flight data": f"<script>self.__next_f.push([1,{escaped(f'1a:T{len(BODY.encode()):x},')}])</script>"
    + f"<script>self.__next_f.push([1,{escaped(BODY + '2:null')}])</script>",
    "longer stories beside it": "<script>window.S="
    + escaped(
        {"main": {"title": TITLE, "content": BODY}, "x": "y" * 9000, "more": [{"title": "Other", "content": OTHER}]}
    )
    + "</script>",
}


def page(states: str, body: str = '<div id="root"></div>') -> Page:
    head = f'<title>{TITLE}</title><meta property="og:type" content="article">'
    source = f"<html lang=en><head>{head}</head><body>{body}{states}<footer><p>{IMPRINT}</p></footer></body></html>"
    return Page("https://paper.example/2026/03/05/ferry-strike", source.encode(), "text/html")


@pytest.mark.parametrize("name", STATES)
def test_text_in_the_state_of_the_page_is_read(name):
    """Whatever the framework; paragraphs stay paragraphs."""
    article = read(page(STATES[name]))
    assert isinstance(article, Article)
    assert article.text.split("\n") == LINES
    assert article.title == TITLE


def test_page_that_shows_its_text_is_read_as_it_is():
    """Its state has the text again, or another one."""
    shown = f"<main><h1>{TITLE}</h1>{BODY}</main>"
    assert read(page("", shown)).text == read(page(STATES["longer stories beside it"], shown)).text
    in_divs = f"<main><h1>{TITLE}</h1>{BODY.replace('<p>', '<div>').replace('</p>', '</div>')}</main>"
    assert read(page(STATES["a variable"], in_divs)).text.split("\n") == LINES


@pytest.mark.parametrize(
    "state",
    [
        {"comments": [{"content": f"<p>{LINES[0]}</p>"}]},
        {"content": "<p>a</p><p>b</p><p>c</p>"},
        {"teasers": BODY},
        {"content": LINES[0]},
    ],
)
def test_state_without_the_text_of_an_article_gives_none(state):
    """A short string, a comment, a string under another name, a string without paragraphs."""
    assert isinstance(read(page(f"<script>window.S={escaped(state)}</script>")), NothingToRead)


def test_hostile_state_takes_bounded_time():
    """Values without an end, lists in lists, a million keys."""
    start = time.process_time()
    for state in (
        '"content":"' * 50_000 + "\\u003cp",
        '"blocks":[' * 50_000 + "\\u003cp",
        ('"blocks":[[' + "1," * 500) * 500 + "\\u003cp",
        '"content":"\\u003cp\\u003e' * 30_000,
    ):
        read(page(f"<script>x={state}</script>"))
    assert time.process_time() - start < 2

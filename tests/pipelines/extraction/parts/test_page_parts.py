"""Test which parts of pages and style sheets are listed."""

from __future__ import annotations

from time import process_time

import pytest

from pipelines.core.items import PagePart, PartRules
from pipelines.extraction.parts.page_parts import parts_of_page, parts_of_sheet

HOME = "https://www.paper.example/"
PAGE = "https://www.paper.example/news/story.html"
ALL = PartRules(HOME)


def listed(markup: str, rules: PartRules = ALL) -> list[str]:
    """Return the parts of a page as "kind path"."""
    found = parts_of_page(markup.encode(), "text/html; charset=utf-8", PAGE, rules)
    return [f"{part.kind} {part.url.removeprefix(HOME)}" for part in found.parts]


CASES = {
    '<img src="p.jpg">': ["image news/p.jpg"],
    '<img src="p.jpg"><img src="/news/p.jpg#2">': ["image news/p.jpg"],
    '<base href="/media/"><img src="p.jpg">': ["image media/p.jpg"],
    '<link rel="stylesheet" href="/s.css">': ["style s.css"],
    '<link rel="alternate stylesheet" href="/s.css">': [],
    '<link rel="shortcut icon" href="/i.ico">': ["icon i.ico"],
    '<link rel="canonical" href="/x">': [],
    '<img src="/1.jpg" srcset="/1.jpg 1x, /2.jpg 2x">': ["image 2.jpg"],
    '<img src="/1.jpg" srcset="/9.jpg 3x">': ["image 9.jpg"],
    '<img src="/1.jpg" srcset="/3.jpg 320w, /13.jpg 1300w, /26.jpg 2600w">': ["image 13.jpg"],
    '<img src="/1.jpg" srcset="/3.jpg 320w, /6.jpg 640w">': ["image 6.jpg"],
    '<img src="data:image/gif;base64,AA" data-src="/p.jpg">': ["image p.jpg"],
    '<img src="/blank.png" data-src="/p.jpg">': ["image p.jpg", "image blank.png"],
    '<img src="/p.jpg" data-orig-file="/huge.jpg" data-url="/news/other">': ["image p.jpg"],
    '<img src="/1.jpg" srcset="/3.jpg 320w" data-src="/p.jpg">': ["image 3.jpg"],
    '<img data-srcset="/3.jpg 320w, /6.jpg 640w">': ["image 6.jpg"],
    '<picture><source srcset="/p.avif"><img src="/p.jpg"></picture>': ["image p.jpg"],
    '<picture><source srcset="/p.avif"><img></picture>': ["image p.avif"],
    '<p style="background: url(/b.png)">': ["image b.png"],
    "<style>p { background: image-set('/1.png' 1x, url(/2.png) type('image/png') 2x) }</style>":
        ["image 1.png", "image 2.png"],
    '<amp-img src="/a.jpg" srcset="/3.jpg 320w"></amp-img>': ["image 3.jpg"],
    '<style>@import "/t.css"; p { background: url("/b.png") }</style>': ["style t.css", "image b.png"],
    '<video poster="/v.jpg" src="/v.mp4"></video>': ["image v.jpg"],
    '<noscript><img src="/n.jpg"></noscript>': ["image n.jpg"],
    '<svg><image href="/s.png"/><use xlink:href="/sprite.svg#a"/></svg>': ["image s.png", "image sprite.svg"],
    '<img src="data:image/png;base64,AA"><img src="ftp://x/p"><img src="http://[x"><img>': [],
    '<script src="/x.js"></script><iframe src="/f"></iframe>': [],
}  # fmt: skip


@pytest.mark.parametrize("markup", CASES)
def test_parts_are_those_that_a_browser_without_scripts_shows(markup):
    """Of a picture in several sizes it is one; what is no picture, sheet, font or icon is left out."""
    assert listed(markup) == CASES[markup]


def test_most_needed_parts_come_first_and_the_others_are_counted():
    """A page whose limit is used up keeps its looks; of its pictures the first ones are missing last."""
    markup = '<img src="/1.png"><img src="/2.png"><link rel="stylesheet" href="/s.css">'
    found = parts_of_page(markup.encode(), None, PAGE, PartRules(HOME, most=2), "/lead.png")
    assert found.parts == (PagePart(HOME + "s.css", "style"), PagePart(HOME + "lead.png", "image"))
    assert found.too_many == 2


HOSTS = {
    (): ["https://img.paper.example/a.png"],
    ("cdn.example",): ["https://img.paper.example/a.png", "https://eu.cdn.example/b.png"],
    ("*",): ["https://img.paper.example/a.png", "https://eu.cdn.example/b.png", "https://notcdn.example/c.png"],
}


@pytest.mark.parametrize("hosts", HOSTS)
def test_parts_are_of_the_own_site_and_of_hosts_that_a_rule_names(hosts):
    """The others are counted."""
    addresses = HOSTS["*",]
    markup = "".join(f'<img src="{address}">' for address in addresses)
    found = parts_of_page(markup.encode(), None, PAGE, PartRules(HOME, hosts))
    assert [part.url for part in found.parts] == HOSTS[hosts]
    assert found.other_hosts == len(addresses) - len(HOSTS[hosts])


def test_images_only_lists_no_sheet_font_or_icon():
    """A background that the page itself names is a picture."""
    markup = '<link rel="stylesheet" href="/s.css"><link rel="icon" href="/i.ico"><p style="background:url(/b.png)">'
    assert listed(markup, PartRules(HOME, images_only=True)) == ["image b.png"]


SHEETS = {
    '@import "a.css"; @import url(b.css) print; p { background: url("/b.png") }':
        ["style css/a.css", "style css/b.css", "image b.png"],
    "/* url(x.png) */ p { background: url( '/b.png' ) }": ["image b.png"],
    "@font-face { src: url(f.eot); src: url(f.eot?#iefix), url(f.woff2?v=1) format('woff2'), url(f.ttf) } "
    "p { background: url(/b.png) }": ["font css/f.woff2?v=1", "image b.png"],
    "@font-face { src: url(data:font/woff2;base64,AA) format('woff2'), url(f.ttf) }": [],
    r"p { background: url(\/b\.png) }": ["image b.png"],
    r"p { background: url(/a\(b\).png) } q { background: url('/a\'b.png') }": ["image a(b).png", "image a'b.png"],
    'p::before { content: "url(/x.png)" } q { content: "\\"url(/x.png)"; background: url(/b.png) }': ["image b.png"],
    "@namespace svg url(http://www.w3.org/2000/svg); p { background: url(/b.png) }": ["image b.png"],
    'p { background: image-set("/b.png" 1x, url("/a)b.png") 2x) }': ["image b.png", "image a)b.png"],
    "p { background: url(/x y.png); color: red } q { background: url(/b.png) }": ["image b.png"],
    "p { background: url(/b.png": ["image b.png"],
    '@font-face { src: url("}.woff") } p { content: "}" }': ["font css/%7D.woff"],
}  # fmt: skip


@pytest.mark.parametrize("text", SHEETS)
def test_parts_of_a_style_sheet_are_listed(text):
    """Of a font in several formats it is the one that browsers take."""
    found = parts_of_sheet(text.encode(), "text/css", HOME + "css/site.css", ALL)
    assert [f"{part.kind} {part.url.removeprefix(HOME)}" for part in found.parts] == SHEETS[text]


TOKENS = [
    "url(",
    "/*",
    '"',
    "@namespace (",
    "image-set(",
    'image-set(("',
    'url("',
    "\\",
    "url(\\",
    "@import url('",
    "url(''",
]


@pytest.mark.parametrize("token", TOKENS)
def test_hostile_sheet_takes_time_in_proportion_to_its_length(token):
    """However its strings, parentheses and escapes begin and never end."""
    began = process_time()
    parts_of_sheet((token * 100_000).encode(), "text/css", HOME, ALL)
    assert process_time() - began < 2


def test_sheet_at_the_deepest_level_imports_no_other():
    """Its pictures are still listed."""
    rules = PartRules(HOME, sheets=False)
    found = parts_of_sheet(b"@import 'a.css'; p { background: url(/b.png) }", "text/css", HOME, rules)
    assert found.parts == (PagePart(HOME + "b.png", "image"),)


HOSTILE = {
    "many pictures": "".join(f'<img src="/{number}.png">' for number in range(100_000)),
    "many candidates": '<img srcset="' + ", ".join(f"/{number}.png {number}w" for number in range(100_000)) + '">',
    "candidate without an end": '<img srcset="' + "a" * 200_000 + ' (">',
    "picture of many sources": "<picture>" + "<source>" * 20_000 + "<img>" * 20_000,
    "one long style": "<style>" + "url(" * 200_000 + "</style>",
    "comments": "<style>" + "/*" * 200_000 + "</style>",
    "deep": "<div>" * 2_000 + '<img src="/p.png">',  # a deeper page is read as no article
    "surrogates": '<img src="/\ud83d\ude00&#xD800;.png">'.encode("utf-8", "replace").decode(),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_page_lists_a_limited_number_of_parts_in_limited_time(name):
    """Whatever a page says."""
    began = process_time()
    found = parts_of_page(HOSTILE[name].encode(), None, PAGE, ALL)
    assert len(found.parts) <= ALL.most
    assert process_time() - began < 5


def test_pictures_beyond_the_limit_are_counted():
    """Also those whose addresses are not looked at; one that is named again and again counts once."""
    page = HOSTILE["many pictures"] + '<img src="/0.png">' * 10_000
    found = parts_of_page(page.encode(), None, PAGE, ALL)
    assert len(found.parts) == ALL.most
    assert found.too_many == 100_000 - ALL.most

"""Test how addresses in pages, style sheets and `srcset` are rewritten."""

from __future__ import annotations

from html import escape

import pytest
from selectolax.lexbor import LexborHTMLParser

from exports.web.replay import css, html
from tests.support.hostile_markup import IN_BODY

BASE = "https://paper.example/a/b.html"


PLACES = html.Places("P:", "F:", "V:")


def part(url: str) -> str:
    return f"P:{url}"


def body(markup: str) -> str:
    """Return what becomes of some markup in the body of a page."""
    text = html.rewritten(f"<!doctype html><html><head></head><body>{markup}</body></html>", BASE, PLACES)
    return text.partition("<body>")[2].partition("</body>")[0]


PARTS = {
    '<img src="p.jpg">': '<img src="P:https://paper.example/a/p.jpg">',
    '<img src="//cdn.example/p.jpg">': '<img src="P:https://cdn.example/p.jpg">',
    '<img src=" p.jpg\n">': '<img src="P:https://paper.example/a/p.jpg">',
    '<img src="data:image/png;base64,AA">': '<img src="data:image/png;base64,AA">',
    '<img src="ftp://x.example/p.jpg">': '<img src="#">',
    '<img src="http://[broken">': '<img src="#">',
    '<img data-src="p.jpg">': '<img data-src="p.jpg" src="P:https://paper.example/a/p.jpg">',
    '<picture><source srcset="a.webp 1x"></picture>':
        '<picture><source srcset="P:https://paper.example/a/a.webp 1x"></picture>',
    '<video poster="p.jpg"></video>': '<video poster="P:https://paper.example/a/p.jpg"></video>',
    '<iframe src="/f"></iframe>': '<iframe src="F:https://paper.example/f"></iframe>',
    '<div style="background:url(x.png)"></div>':
        '<div style="background:url(&quot;P:https://paper.example/a/x.png&quot;)"></div>',
    '<noscript><img src="p.jpg"></noscript>': '<noscript><img src="P:https://paper.example/a/p.jpg"></noscript>',
    "<IMG SRC=p.jpg alt='a > b' loading=lazy>":
        '<img src="P:https://paper.example/a/p.jpg" alt="a &gt; b" loading="lazy">',
    '<svg><image href="p.jpg"/><image xlink:href="p.jpg"/><use href="#here"/></svg>':
        '<svg><image href="P:https://paper.example/a/p.jpg"></image>'
        '<image xlink:href="P:https://paper.example/a/p.jpg"></image><use href="#here"></use></svg>',
    '<amp-img src="p.jpg" width="9" height="5"></amp-img>':
        '<amp-img src="p.jpg" width="9" height="5"><img style="max-width:100%" '
        'src="P:https://paper.example/a/p.jpg" width="9" height="5"></amp-img>',
    '<amp-img src="p.jpg"><noscript><img src="p.jpg"></noscript></amp-img>':
        '<amp-img src="p.jpg"><noscript><img src="P:https://paper.example/a/p.jpg"></noscript></amp-img>',
    '<iframe srcdoc="&lt;img src=p.jpg onload=alert(1)>"></iframe>':
        '<iframe srcdoc="&lt;html&gt;&lt;head&gt;&lt;/head&gt;&lt;body&gt;&lt;img src=&quot;'
        'P:https://paper.example/a/p.jpg&quot;&gt;&lt;/body&gt;&lt;/html&gt;"></iframe>',
}  # fmt: skip


@pytest.mark.parametrize("markup", PARTS)
def test_part_of_a_page_is_asked_of_the_archive(markup):
    """Whatever way its address is written."""
    assert body(markup) == PARTS[markup]


GONE = (
    "<script>alert(1)</script>", '<script src="x.js"></script>', '<base href="https://evil.example/">',
    '<meta http-equiv="refresh" content="0;url=https://evil.example/">',
    '<meta http-equiv="Content-Security-Policy" content="default-src *">',
    '<link rel="preconnect" href="https://evil.example/">', '<link rel="dns-prefetch" href="//evil.example">',
)  # fmt: skip


@pytest.mark.parametrize("markup", GONE)
def test_markup_that_runs_or_leads_away_is_gone(markup):
    """Scripts, bases, refreshes, policies of the page's own, connections made ahead."""
    text = html.rewritten(f"<html><head>{markup}</head><body>{markup}<p>x</p></body></html>", BASE, PLACES)
    assert "evil" not in text
    assert "script" not in text


@pytest.mark.parametrize("markup", [
    '<a href="javascript:alert(1)">x</a>', '<a href=" JaVa\tscript:alert(1)">x</a>', '<a href="data:text/html,x">x</a>',
    '<svg><a xlink:href="javascript:alert(1)">x</a></svg>', '<img src="javascript:alert(1)">',
    '<iframe srcdoc="&lt;script>alert(1)&lt;/script>"></iframe>', '<form action="https://evil.example/"></form>',
    '<button formaction="https://evil.example/">x</button>', '<a ping="https://evil.example/" href="/">x</a>',
    '<img src="x.png" onerror="alert(1)">', '<svg onload="alert(1)"></svg>',
    '<object data="javascript:alert(1)"></object>',
])  # fmt: skip
def test_address_or_attribute_that_would_run_is_gone(markup):
    """Neither alert nor a stranger's address is left."""
    text = body(markup)
    assert "alert" not in text
    assert "evil.example" not in text


def test_link_leads_to_the_page_in_the_archive():
    """In the whole window, so that the banner tells what is shown."""
    assert body('<a href="c.html">x</a>') == '<a href="V:https://paper.example/a/c.html" target="_top">x</a>'


@pytest.mark.parametrize("address", ["#part", "b.html#part", f"{BASE}#part"])
def test_link_to_a_place_in_the_page_stays_in_the_frame(address):
    """A browser without scripts then scrolls to it; the banner stays."""
    assert body(f'<a href="{address}">x</a>') == '<a href="#part">x</a>'


def test_link_to_a_place_in_another_page_leads_to_that_page():
    """Also if only the base of the page makes it another one."""
    assert body('<a href="c.html#part">x</a>') == '<a href="V:https://paper.example/a/c.html#part" target="_top">x</a>'
    text = html.rewritten('<base href="/x/"><a href="#part">x</a><a href="b.html#part">y</a>', BASE, PLACES)
    assert '<a href="#part">x</a><a href="V:https://paper.example/x/b.html#part" target="_top">' in text


def test_frameset_shows_its_frames():
    """Each from the archive."""
    text = html.rewritten('<frameset cols="1,2"><frame src="f.html"></frameset>', BASE, PLACES)
    assert '<frame src="F:https://paper.example/a/f.html">' in text


def test_frames_written_in_attributes_have_an_end():
    """Each within another one: the inner ones are left out."""
    text = "<p>deep</p><script>alert(1)</script>"
    for _ in range(6):
        text = f'<iframe srcdoc="{escape(text)}"></iframe>'
    assert "alert" not in body(text)


def test_base_of_the_page_counts():
    """HTML, 4.2.3: the first one; it is relative to the address of the page."""
    text = html.rewritten('<base href="/x/"><base href="/y/"><img src="p.jpg">', BASE, PLACES)
    assert "P:https://paper.example/x/p.jpg" in text


def test_style_sheets_in_a_page_are_rewritten_each_in_its_place():
    """Also with text in one that looks like the mark by which they are found again."""
    first = 'a::after{content:"<style data-sheet-0=\\"7\\">"} body{background:url(a.png)}'
    text = html.rewritten(f"<style>{first}</style><p>x</p><style media=print>@import 'b.css';</style>", BASE, PLACES)
    assert 'url("P:https://paper.example/a/a.png")' in text
    assert '<style media="print">@import "P:https://paper.example/a/b.css";</style>' in text


SHEETS = {
    "url(a.png)": 'url("P:a.png")',
    "url( 'a b.png' )": 'url("P:a b.png")',
    'URL("a.png")': 'url("P:a.png")',
    "@import 'a.css' print;": '@import "P:a.css" print;',
    "@import url(a.css);": '@import url("P:a.css");',
    "/* url(a.png) */ b{}": "/* url(a.png) */ b{}",
    "/* open url(a.png)": "/* open url(a.png)",
    r"url(a\.png)": 'url("P:a.png")',
    r"u\72 l(a.png) \75rl('b.png') \URL(c.png)": 'url("P:a.png") url("P:b.png") url("P:c.png")',
    r"@\69mport 'a.css'; @\import 'b.css';": '@import "P:a.css"; @import "P:b.css";',
    r"a{content:'\\url \69 0'}": r"a{content:'\\url i0'}",
    r"url(\61.png)": 'url("P:a.png")',
    'url("a\\22.png")': 'url("P:a%22.png")',
    "url()": "url()",
    "image-set('a.png' 1x, url(b.png) type('image/png') 2x)":
        """image-set(url("P:a.png") 1x, url("P:b.png") type('image/png') 2x)""",
    "a{content:'x.png'}": "a{content:'x.png'}",
    "curl: none": "curl: none",
}  # fmt: skip


@pytest.mark.parametrize("text", SHEETS)
def test_style_sheet(text):
    """Addresses with and without quotes, imports, escapes, comments."""
    assert css.rewritten(text, part) == SHEETS[text]


KNOWN = {"https://paper.example/a/m.jpg", "https://paper.example/a/p.jpg"}
OFFERED = {
    '<img srcset="s.jpg 320w, m.jpg 640w, l.jpg 1280w" src="s.jpg">':
        '<img srcset="P:https://paper.example/a/m.jpg 640w">',
    '<img srcset="s.jpg 1x, m.jpg 2x" src="s.jpg">': '<img srcset="P:https://paper.example/a/m.jpg 2x">',
    '<img srcset="m.jpg 2x" src="p.jpg">':
        '<img srcset="P:https://paper.example/a/m.jpg 2x" src="P:https://paper.example/a/p.jpg">',
    '<img srcset="l.jpg 2x" src="p.jpg">': '<img src="P:https://paper.example/a/p.jpg">',
    '<img srcset="s.jpg 1x, l.jpg 2x" src="s.jpg">':
        '<img srcset="P:https://paper.example/a/l.jpg 2x">',
    '<picture><source srcset="p.webp"><img src="p.jpg"></picture>':
        '<picture><source><img src="P:https://paper.example/a/p.jpg"></picture>',
    '<img src="s.jpg" srcset="m.jpg 2x">': '<img srcset="P:https://paper.example/a/m.jpg 2x">',
    '<picture><source type="image/webp" srcset="s.webp"><img src="s.jpg" srcset="s.jpg 640w, m.jpg 1280w"></picture>':
        '<picture><source type="image/webp"><img srcset="P:https://paper.example/a/m.jpg 1280w"></picture>',
    '<img data-srcset="s.jpg 1x, m.jpg 2x">':
        '<img data-srcset="s.jpg 1x, m.jpg 2x" srcset="P:https://paper.example/a/m.jpg 2x">',
    '<img src="data:image/gif,x" srcset="data:image/gif,x 1w" data-srcset="m.jpg 640w, l.jpg 1280w">':
        '<img srcset="P:https://paper.example/a/m.jpg 640w" data-srcset="m.jpg 640w, l.jpg 1280w">',
    '<img src="s.jpg" data-src="p.jpg">': '<img src="P:https://paper.example/a/p.jpg" data-src="p.jpg">',
    '<img src="p.jpg" data-src="s.jpg">': '<img src="P:https://paper.example/a/p.jpg" data-src="s.jpg">',
    '<picture><source media="(min-width: 800px)" srcset="m.jpg"><source srcset="s.jpg"><img src="data:,"></picture>':
        '<picture><source srcset="P:https://paper.example/a/m.jpg"><source><img src="data:,"></picture>',
    '<picture><source media="print" srcset="m.jpg"><source srcset="p.jpg"><img src="data:,"></picture>':
        '<picture><source media="print" srcset="P:https://paper.example/a/m.jpg">'
        '<source srcset="P:https://paper.example/a/p.jpg"><img src="data:,"></picture>',
    '<picture><source data-srcset="s.jpg"><img></picture>':
        '<picture><source data-srcset="s.jpg" srcset="P:https://paper.example/a/s.jpg"><img></picture>',
}  # fmt: skip


@pytest.mark.parametrize("markup", OFFERED)
def test_browser_is_offered_the_candidates_that_the_archive_has(markup):
    """It may choose any of those that it is offered; if there are none, the one that a crawl fetches is missing."""
    text = html.rewritten(f"<html><body>{markup}</body></html>", BASE, PLACES, KNOWN.__contains__)
    assert text.partition("<body>")[2].partition("</body>")[0] == OFFERED[markup]


def test_element_with_a_mark_like_ours_is_no_style_sheet():
    """A page cannot know the mark; it was `data-sheet-0`, and put markup of the page where it liked."""
    text = body("<style-x DATA-SHEET-0=0>x</style-x><style-x DATA-SHEET-0=9>y</style-x><style>a{}&lt;link></style>")
    assert "<style-x" in text
    assert "<style>a{}&lt;link></style>" in text


@pytest.mark.parametrize("markup", IN_BODY.values(), ids=IN_BODY)
def test_rewritten_page_leads_nowhere_when_it_is_parsed_again(markup):
    """Whatever became of it: no script, no connection made ahead, no link out of the archive."""
    once = html.rewritten(f"<!doctype html><html><body>{markup}</body></html>", BASE, PLACES)
    assert html.settled(once, PLACES) == once
    tree = LexborHTMLParser(once)
    assert tree.css("script, base, meta[http-equiv], form[action], [ping], template") == []
    for node in tree.css("[srcdoc]"):  # a page of its own, of which the same holds
        inner = node.attributes["srcdoc"] or ""
        assert html.settled(inner, PLACES) == inner
        assert LexborHTMLParser(inner).css("script, base, meta, form[action], [ping], template") == []
    for node in tree.css("link, a, area, iframe"):
        address = node.attributes.get("href") or node.attributes.get("src") or "#"
        assert address.startswith(("P:", "F:", "V:", "#")), address


def test_page_that_never_settles_is_shown_as_its_source(monkeypatch):
    """Better its text than its tricks."""
    monkeypatch.setattr(html, "MAX_ROUNDS", 0)
    assert "&lt;p&gt;x&lt;/p&gt;" in html.settled("<p>x</p>", PLACES)


IN_FULL = {
    "http://a/b/../../../c": "http://a/c",
    "http://a/%2e%2e/.%2E/c": "http://a/c",
    "http:\\\\a\\b\\..\\c?d\\..\\e": "http://a/c?d\\..\\e",
    "http://a/b/.": "http://a/b/",
    "http://a/b/..": "http://a/",
    "http://a/..b/c..": "http://a/..b/c..",
    "http://a": "http://a",
}


@pytest.mark.parametrize("address", IN_FULL)
def test_address_has_no_dots_that_would_climb_out_of_ours(address):
    """URL Standard, 4.4: a browser takes `..` and `%2e%2e` away, together with what is before them."""
    assert html.in_full(address) == IN_FULL[address]

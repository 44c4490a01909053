"""Hostile pages: reading them ends in an article or in a named outcome, within stated time and memory.

The pages are made here, by a few lines each. They are read as in a crawl, in a worker process with limits.
"""

import asyncio
import json
import re
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import pytest

from pipelines.core.items import Article, Page
from pipelines.core.languages.lazy_patterns import LazyPattern
from pipelines.core.worker_pool import WorkerFailure, WorkerPool
from pipelines.extraction import extract
from pipelines.extraction.entry import WARM_UP
from tests.support.command import ROOT

SECONDS = 10.0  # CPU seconds that any page may take, of the 15 of a worker; trafilatura alone needs 5 for the worst
MEMORY = 500_000_000  # bytes that a worker may hold meanwhile
URL = "https://paper.example/2024/05/06/bridge"
STORY = ("The council met on Monday and agreed to mend the old bridge before the winter storms. "
         "Engineers had warned in March that two of its seven piers stand on nothing but habit. ")  # fmt: skip
MEGABYTE = 1_000_000


def html(body: str = "", head: str = "", story: int = 5) -> str:
    """Return an article of `story` paragraphs, with more of `head` and of `body`."""
    paragraphs = "".join(f"<p>{number}. {STORY}</p>" for number in range(story))
    top = f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Bridge to be mended</title>{head}</head>'
    return f"{top}<body><article><h1>Bridge to be mended</h1>{paragraphs}{body}</article></body></html>"


def nested(opening: str, count: int, closing: str = "") -> str:
    """`count` elements, one in the other, the story within."""
    return f"<html><body>{opening * count}{STORY * 3}{closing * count}</body></html>"


def json_ld(text: str) -> str:
    return html(head=f'<script type="application/ld+json">{text}</script>')


LONG = "x" * (10 * MEGABYTE)
BIG = {
    "200,000 paragraphs": lambda: html(f"<p>{STORY[:60]}</p>" * 200_000),
    "39,000 paragraphs": lambda: html("".join(f"<p>{STORY[:60]}{n}</p>" for n in range(39_000))),
    "20,000 long paragraphs": lambda: html(story=20_000),
    "200,000 nested divs": lambda: nested("<div>", 200_000, "</div>"),
    "1,900 nested divs": lambda: nested("<div>", 1_900, "</div>"),
    "100,000 nested tables": lambda: nested("<table><tr><td>", 100_000),
    "600 nested tables": lambda: nested("<table><tr><td>", 600),
    "100,000 nested b and i": lambda: nested("<b><i>", 50_000),
    "900 nested b and i": lambda: nested("<p><b><i>", 900),
    "100,000 nested fonts": lambda: nested("<font color=red>", 100_000),
    "100,000 nested lists": lambda: nested("<ul><li>", 50_000),
    "900 nested lists": lambda: nested("<ul><li>word ", 900),
    "39,000 unclosed spans": lambda: html("<p>" + "<span>word " * 39_000),
    "39,000 line breaks": lambda: html("<div>" + "a line of words<br>" * 39_000 + "</div>"),
    "a table of 38,000 cells": lambda: html("<table>" + ("<tr>" + "<td>cell</td>" * 20 + "</tr>") * 1_800 + "</table>"),
    "50,000 links": lambda: html('<a href="/1">Council agrees to mend bridge</a> ' * 50_000),
    "10,000 link paragraphs": lambda: html("".join(f"<p><a href=a>Bridge {n}</a> mended</p>" for n in range(10_000))),
    "100,000 metas": lambda: html(head='<meta name="author" content="Mara Ellison">' * 100_000),
    "39,000 metas": lambda: html(head='<meta property="article:tag" content="bridge">' * 39_000),
    "20,000 h1": lambda: html("<h1>Bridge</h1>" * 20_000),
    "20,000 time": lambda: html('<time datetime="2024-05-06">May 6</time>' * 20_000),
    "20,000 bylines": lambda: html('<span class="author" itemprop="author" rel="author">Mara Ellison</span>' * 20_000),
    "10,000 forms": lambda: html('<form id="respond" class="comment-form">Leave a Reply <input></form>' * 10_000),
    "a million entities": lambda: html("<p>" + "&amp;&eacute;&#8217;&nope;" * 250_000 + "</p>"),
    "a line of 1 MB": lambda: html("<p>" + "word " * 200_000 + "</p>"),
    "a word of 1 MB": lambda: html("<p>" + "w" * MEGABYTE + "</p>"),
    "class of 10 MB": lambda: html(f'<div class="{LONG}"><p>{STORY}</p></div>'),
    "class of a million tokens": lambda: html(f'<div class="{"comment-x " * MEGABYTE}"><p>{STORY}</p></div>'),
    "id of 10 MB": lambda: html(f'<div id="{LONG}"><p>{STORY}</p></div>'),
    "href of 10 MB": lambda: html(f'<a href="https://{LONG}">here</a>'),
    "canonical of 10 MB": lambda: html(head=f'<link rel="canonical" href="https://paper.example/{LONG}">'),
    "style of 10 MB": lambda: html(f'<p style="{LONG}">{STORY}</p>'),
    "data of 10 MB": lambda: html(f'<p data-json="{LONG}">{STORY}</p>'),
    "meta of 10 MB": lambda: html(head=f'<meta property="og:title" content="{LONG}">'),
    "script of 10 MB": lambda: html(f"<script>{LONG}</script>"),
    "inline picture of 10 MB": lambda: html(f'<img src="data:image/png;base64,{LONG}">'),
    "title of 10 MB": lambda: html(head=f"<title>{LONG}</title>").replace("<title>Bridge to be mended</title>", ""),
    "2,000 attributes": lambda: html("<p " + " ".join(f"a{n}=1" for n in range(2_000)) + f">{STORY}</p>"),
    "100,000 attributes of signs": lambda: html("<p " + " ".join(f'a{n}=">"' for n in range(100_000)) + ">x</p>"),
    "100,000 names with a sign": lambda: html("<p " + " ".join(f"a{n}<b" for n in range(100_000)) + ">x</p>"),
    "2,000 attributes, a hundred times": lambda: html(
        ("<p " + " ".join(f"a{n}=1" for n in range(2_000)) + ">x</p>") * 100
    ),
    "600 tables in tables, four times": lambda: html(("<table><tr><td>x" * 600 + "</td></tr></table>" * 600) * 4),
    "900 lists in lists": lambda: html("<ul><li>x" * 900 + "</li></ul>" * 900),
    "100,000 attributes": lambda: html("<p " + " ".join(f"a{n}=1" for n in range(100_000)) + f">{STORY}</p>"),
}  # fmt: skip

JSON_LD = {
    "brackets, deep": lambda: json_ld("[" * MEGABYTE),
    "objects, deep": lambda: json_ld('{"a":' * MEGABYTE),
    "graph, deep": lambda: json_ld('{"@type":"Article","@graph":[' * 50_000 + "]}" * 50_000),
    "closed, deep": lambda: json_ld("[" * 100_000 + "]" * 100_000),
    "a huge list": lambda: json_ld("[" + '{"@type":"NewsArticle","headline":"A"},' * 50_000 + "{}]"),
    "200,000 authors": lambda: json_ld('{"@type":"NewsArticle","author":[' + '{"name":"A B"},' * 200_000 + "{}]}"),
    "a body of 10 MB": lambda: json_ld('{"@type":"NewsArticle","articleBody":"' + "word " * (2 * MEGABYTE) + '"}'),
    "a body of 10 MB beside 3,900 paragraphs": lambda: json_ld(
        '{"@type":"NewsArticle","articleBody":"' + "The council said so before. " * 380_000 + '"}'
    ).replace("</article>", "".join(f"<p>{STORY[:60]}{n}</p>" for n in range(3_900)) + "</article>"),
    "broken, 5 MB": lambda: json_ld('{"@type":"NewsArticle","headline":"' + 'a\\"' * MEGABYTE),
    "commas": lambda: json_ld('{"@type":"NewsArticle"' + "," * MEGABYTE + "}"),
    "spaces": lambda: json_ld('{"@type":"NewsArticle",' + " " * (3 * MEGABYTE) + "x"),
    "commas and spaces": lambda: json_ld('{"@type":"NewsArticle"' + ", " * MEGABYTE + "x"),
    "backslashes": lambda: json_ld('{"@type":"NewsArticle","headline":"' + "\\" * MEGABYTE),
    "quotes": lambda: json_ld('{"headline":"' + '"' * MEGABYTE),
    "headlines": lambda: json_ld('{"headline":"' * 300_000),
    "a number of a million digits": lambda: json_ld('{"@type":"NewsArticle","headline":' + "9" * MEGABYTE + "}"),
    "10,000 scripts": lambda: html(head='<script type="application/ld+json">{"@type":"A",}</script>' * 10_000),
    "comment marks": lambda: json_ld("<!--" * 300_000),
    "slashes": lambda: json_ld("/" * MEGABYTE),
}  # fmt: skip

ODD = {
    "null bytes": lambda: html().replace("bridge", "bri\0dge").encode(),
    "nothing but null bytes": lambda: bytes(MEGABYTE),
    "utf-16 with a mark": lambda: html().encode("utf-16"),
    "utf-16 without": lambda: html().encode("utf-16-le"),
    "utf-16, big end first": lambda: html().encode("utf-16-be"),
    "utf-16 that says utf-8": lambda: b"\xff\xfe" + html().encode("utf-16-le"),
    "utf-8 that says utf-16": lambda: (html().replace('"utf-8"', '"utf-16"').encode(), "text/html; charset=utf-16"),
    "utf-7": lambda: (html().encode("utf-7"), "text/html; charset=utf-7"),
    "half a character": lambda: html("<p>Br\u00fccke</p>").encode()[:-25] + b"\xc3",
    "all bytes": lambda: html().encode().replace(b"bridge", bytes(range(1, 256))),
    "surrogates": lambda: html("<p>\ud83d alone \udc00</p>").encode("utf-8", "surrogatepass"),
    "surrogates as entities": lambda: html("<p>&#xD83D;&#xDE00; &#55357; &#x110000; &#0;</p>"),
    "emoji only": lambda: html("<p>" + "\U0001f600\U0001f1e9\U0001f1ea" * 50_000 + "</p>", story=0),
    "right to left": lambda: html("<p dir=rtl>\u202e" + "\u0645\u0631\u062d\u0628\u0627 " * 2_000 + "\u202c</p>"),
    "marks on one letter": lambda: html("<p>a" + "\u0301\u0323" * 200_000 + "</p>"),
    "marks in the headline": lambda: html("<h1>a" + "\u0301\u0323" * 10_000 + "</h1>"),
    "xhtml": lambda: ('<?xml version="1.0"?>' + html().replace("<html", '<html xmlns="http://www.w3.org/1999/xhtml"'),
                      "application/xhtml+xml"),
    "prefixed xhtml": lambda: ('<h:html xmlns:h="http://www.w3.org/1999/xhtml"><h:body><h:p>'
                               f"{STORY * 3}</h:p></h:body></h:html>", "application/xhtml+xml"),
    "cdata": lambda: html(f"<p><![CDATA[{STORY}]]></p>" + "<![CDATA[" * 50_000),
    "amp": lambda: html(head='<script async src="v0.js"></script><style amp-boilerplate>a{}</style>',
                        body="<amp-ad><amp-img src=x></amp-img></amp-ad>" * 2_000).replace("<html", "<html \u26a1"),
    "comment that never ends": lambda: html("<!-- " + STORY * 50_000),
    "comments before the page": lambda: "<!-- a -->" * 9_000 + html(),
    "comments before markup": lambda: "<!---->" * 300 + "<p>",
    "comments": lambda: html("<!-- a --!> <!--> <!---> --> " * 50_000),
    "script that never ends": lambda: html("<script>" + STORY * 20_000),
    "attribute that never ends": lambda: html('<p class="' + STORY * 20_000),
    "tag that never ends": lambda: html("<p " * 30_000),
    "doctypes": lambda: "<!DOCTYPE html>" * 30_000 + html(),
    "entities declared": lambda: '<!DOCTYPE html [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>' + html("&b;" * 9_000),
    "processing instructions": lambda: html("<?php echo 1 ?>" * 30_000),
    "html in html": lambda: html(html() * 50),
    "frames": lambda: "<html><frameset>" + "<frame src=a>" * 30_000 + "</frameset></html>",
    "svg and math": lambda: html("<svg><g><math><mi>x</mi></math></g></svg>" * 9_000),
    "templates": lambda: html("<template><p>a</p></template>" * 10_000),
    "noscripts": lambda: html("<noscript><p>Enable JavaScript</p></noscript>" * 10_000),
}  # fmt: skip
NO_HTML = {
    "pdf": b"%PDF-1.7\n" + bytes(9_000), "png": b"\x89PNG\r\n\x1a\n" + bytes(9_000), "jpeg": b"\xff\xd8\xff\xe0JFIF",
    "gif": b"GIF89a<html>", "zip": b"PK\x03\x04<html>", "gzip": b"\x1f\x8b\x08" + bytes(99), "mp3": b"ID3\x04<p>",
    "webp": b"RIFF\0\0\0\0WEBP", "mp4": b"\0\0\0\x20ftypisom" + bytes(99), "wasm": b"\0asm\1\0\0", "elf": b"\x7fELF",
    "rss": b'<?xml version="1.0"?><rss><channel><item><description>&lt;p&gt;a</description></item></channel></rss>',
    "atom": b'<feed xmlns="http://www.w3.org/2005/Atom"><entry/></feed>',
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "sitemap": b"<?xml version='1.0'?><!-- a --><urlset/>", "json": b'{"html": 1}',
    "comments before a feed": b"<!---->" * 250 + b"<rss/>", "list": b"[1, 2]",
}  # fmt: skip

# What makes a pattern go back and try again: runs of what it repeats, and an end that it does not want.
RUNS = {
    "spaces": " ", "dots": ".", "letters and dots": "a.", "dashes": "-", "spaced dashes": " - ", "digits": "1",
    "dates": "2024-01-", "times": "12:", "commas": "a, ", "names": "Ann Bee and ", "capitals": "A", "words": "aa ",
    "pipes": " | ", "colons": "a: ", "quotes": "\"'", "brackets": "(", "angles": "<", "ats": "a@", "slashes": "/",
    "by": "by ", "newsletter": "subscribe newsletter ", "comments": "comments 1 ", "read also": "read also: ",
    "published": "published on ", "copyright": "© ", "cjk": "橋", "accents": "e\u0301", "ampersands": "&amp;",
    "tabs": "\t", "no-break spaces": "\u00a0", "lines": "a\n", "hashes": "#", "issn": "issn 1234-", "stars": "*",
}  # fmt: skip


# Inputs that end in no article, by the name of the outcome. Whatever is not here is an article.
REFUSED = {
    extract.TOO_LARGE: {"200,000 paragraphs", "200,000 nested divs", "100,000 nested tables", "100,000 nested b and i",
                        "100,000 nested fonts", "100,000 nested lists", "39,000 unclosed spans", "50,000 links",
                        "100,000 metas", "100,000 attributes", "100,000 attributes of signs",
                        "100,000 names with a sign", "2,000 attributes, a hundred times", "tag that never ends",
                        "comment marks"},
    extract.NOT_HTML: {"nothing but null bytes", *NO_HTML},
    extract.UNDECODABLE: {"all bytes"},
    extract.NO_TEXT: {"emoji only", "comments before markup"},
    extract.EMPTY: {"frames"},
}  # fmt: skip
PAGES = {**BIG, **JSON_LD, **ODD, **{name: lambda body=body: body for name, body in NO_HTML.items()}}


def bait(run: str, size: int = 100_000) -> str:
    """Return a page with a long run in every place that something looks at, and short ones for the rules of lines."""
    text = (run * (size // len(run) + 1))[:size].replace("<", "&lt;") + "!\x7f"
    value, short = text.replace('"', "&quot;"), (run * 400)[:390].replace("<", "&lt;")
    names = ("author", "og:title", "og:site_name", "description", "article:published_time", "keywords", "date",
             "article:section", "og:url", "og:image", "og:locale", "robots", "generator", "parsely-author")  # fmt: skip
    head = "".join(f'<meta name="{name}" property="{name}" content="{value[:20_000]}">' for name in names)
    string = json.dumps(text[:50_000])
    keys = ("headline", "datePublished", "dateModified", "author", "publisher", "articleSection", "keywords", "url",
            "inLanguage", "articleBody", "description", "image", "isAccessibleForFree", "creditText")  # fmt: skip
    node = "{" + '"@type":"NewsArticle",' + ",".join(f'"{key}":{string}' for key in keys) + "}"
    head += f'<script type="application/ld+json">{node}</script><link rel="canonical" href="{value[:20_000]}">'
    places = (f"<h1>{text[:20_000]}</h1>", f'<div class="byline author">{text[:20_000]}</div>',
              f'<time datetime="{value[:5_000]}">{text[:5_000]}</time>', f'<p class="dateline">{text[:20_000]}</p>',
              f'<span itemprop="author" rel="author">{text[:20_000]}</span>', f"<p>{text}</p>",
              f'<div class="{value[:20_000]}" id="{value[:20_000]}">{text[:20_000]}</div>',
              f'<a href="{value[:20_000]}">{text[:20_000]}</a>', *[f"<p>{short}{n}</p>" for n in range(40)],
              *[f"<p>{end}{short}</p>" for end in ("By ", "© ", "Read also: ", "Sign up ", "Published ")])  # fmt: skip
    return html("".join(places), head)


def read_measured(page: Page) -> tuple[object, float, int]:
    """(outcome, CPU seconds, the most resident memory meanwhile); called in a worker."""
    try:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")  # the high-water mark begins again: proc(5)
    except OSError:
        pass
    start = time.process_time()
    outcome = extract.read(page)
    spent, most = time.process_time() - start, 0
    try:
        with open("/proc/self/status") as lines:
            most = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        pass
    return outcome, spent, most


def made(page: object) -> Page:
    """Return a Page of what a case gives: text, bytes, or one of them with its Content-Type."""
    body, content_type = page if isinstance(page, tuple) else (page, "text/html")
    return Page(URL, body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body, content_type)


@pytest.fixture(scope="module")
def outcomes() -> dict[str, tuple[object, float, int]]:
    """Return the outcome of every case, read by two workers with the CPU seconds and the memory of a crawl."""
    cases: dict[str, Callable[[], object]] = {
        **PAGES,
        **{f"a run of {name}": lambda run=run: bait(run) for name, run in RUNS.items()},
    }

    async def read_all() -> dict[str, tuple[object, float, int]]:
        # Wall seconds depend on what else the machine does; the CPU seconds are what is tested.
        workers, found = WorkerPool(2, seconds=90.0, warm_up=WARM_UP), {}

        async def read_one(name: str, room: asyncio.Semaphore) -> None:
            async with room:  # few pages at a time are made, sent and forgotten
                try:
                    found[name] = await workers.run(read_measured, made(cases[name]()))
                except WorkerFailure as overrun:
                    found[name] = (overrun, 0.0, 0)

        room = asyncio.Semaphore(4)
        await asyncio.gather(*(read_one(name, room) for name in cases))
        # Work beside it makes a process slower by half: what took long counts as it is when it is read alone.
        for name, (outcome, seconds, _) in [*found.items()]:
            if isinstance(outcome, WorkerFailure) or seconds >= SECONDS:
                await read_one(name, room)
        await workers.close()
        return found

    return asyncio.run(read_all())


@pytest.mark.slow
@pytest.mark.parametrize("name", PAGES)
def test_hostile_page_ends_in_time_in_its_outcome(outcomes, name):
    """An article, or the named reason why there is none; never an exception, never beyond the limits."""
    outcome, seconds, most = outcomes[name]
    expected = next((reason for reason, names in REFUSED.items() if name in names), "article")
    assert getattr(outcome, "reason", "article") == expected, outcome
    assert seconds < SECONDS
    assert most < MEMORY


@pytest.mark.parametrize("name", RUNS)
def test_run_that_patterns_repeat_costs_no_more_than_other_text(outcomes, name):
    """In every place that is searched by a pattern."""
    outcome, seconds, most = outcomes[f"a run of {name}"]
    assert isinstance(outcome, Article), outcome
    assert seconds < SECONDS / 3
    assert most < MEMORY


def test_article_around_a_flaw_is_read(outcomes):
    """The text before, in and after the flaw."""
    for name in ("null bytes", "utf-16 without", "utf-7", "surrogates", "xhtml", "amp", "comment that never ends"):
        article = outcomes[name][0]
        assert STORY.strip() in article.text, name
        assert article.title == "Bridge to be mended", name


def test_long_attribute_costs_no_word():
    """Pictures and data as text are cut out of sight of the patterns; the article around them is whole."""
    short, long = (
        extract.read(made(html(f'<img src="data:image/png;base64,{"x" * size}">'))) for size in (9, 2_000_000)
    )
    assert short == long


BAITS = (
    *RUNS.values(),
    "<!---->",
    "<!-- -->\n",
    "<a>",
    "<a b='c' ",
    "&#38;",
    "[a]",
    "(a) ",
    "x.x",
    "a's ",
    "{",
    "\\",
    "a-a ",
    "1.1.",
)


def patterns_of(value: object, depth: int = 0) -> Iterator[re.Pattern[Any]]:
    """Yield every compiled pattern in a module's global, however it is wrapped."""
    if isinstance(value, re.Pattern | LazyPattern):
        yield value
    elif depth < 3 and isinstance(value, list | tuple | set | frozenset | dict):
        for item in [*value, *value.values()] if isinstance(value, dict) else value:
            yield from patterns_of(item, depth + 1)


def slow_patterns(module: str) -> list[str]:
    """Return the patterns of a module that take long over a short text; called in a worker."""
    found = []
    for pattern in {one for value in vars(import_module(module)).values() for one in patterns_of(value)}:
        for run in BAITS:
            text: Any = run * 200
            text = text.encode() if isinstance(pattern.pattern, bytes) else text
            start = time.process_time()
            pattern.search(text[:200])
            pattern.fullmatch(text[:200])
            if time.process_time() - start > 0.5:
                found.append(f"{pattern.pattern!r} on {run!r}")
    return found


FILES = [*sorted(ROOT.glob("pipelines/**/[a-z]*.py")), *sorted(ROOT.glob("crawler/discovery/[a-z]*.py"))]
MODULES = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in FILES]


@pytest.mark.exhaustive
def test_pattern_of_ours_is_quick_on_a_short_text():
    """A repeat within a repeat that can be divided in many ways takes longer than the universe; it is found here."""

    async def try_all() -> dict[str, object]:
        workers, found = WorkerPool(1, cpu_seconds=40, seconds=120, warm_up=WARM_UP), {}
        for module in [*MODULES, "crawler.discovery.robots_txt"]:
            try:
                found[module] = await workers.run(slow_patterns, module)
            except WorkerFailure as overrun:
                found[module] = overrun
        await workers.close()
        return found

    assert {module: slow for module, slow in asyncio.run(try_all()).items() if slow} == {}

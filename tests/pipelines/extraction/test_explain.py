"""Explaining a reading changes nothing and leaves nothing out, and the blocks that it shows as kept are the text."""

import pytest
from lxml import html

from pipelines.core.items import Article, Page, Rule, Source
from pipelines.extraction.body import blocks as layout
from pipelines.extraction.explain import explain
from pipelines.extraction.extract import _line, read
from pipelines.extraction.page.parse import parse
from pipelines.extraction.page.trace import NEARBY_BLOCKS, BlockTrace, Trace
from tests.support.page_pairs import NAMES, pair

URL = "https://paper.example/2024/05/06/bridge"
LONG = "The council met on Monday and agreed to mend the old bridge before the winter storms"
STORY = "".join(f"<p>{number}. {LONG}.</p>" for number in range(6))
ITEM = '<li><a href="/{}">Council agrees to mend bridge number {} before the storms</a></li>'
LINKS = "".join(ITEM.format(number, number) for number in range(40))
BOILERPLATE = """<div class="share">Tell your friends</div><p>* * *</p><div class="newsletter"><form>Subscribe to our
newsletter <input></form></div><p>Photo: Oona Birchwood</p><div class="comments"><p>Aye.</p><p>Nay.</p></div>"""

ODD = {
    "empty": "",
    "white space": " \n ",
    "no body": "<html><head><title>Bridge</title></head></html>",
    "an empty body": "<html><body></body></html>",
    "frames": "<html><frameset><frame src=a><frame src=b></frameset></html>",
    "frames and a story": f"<html><frameset><frame src=a><noframes><body>{STORY}</body></noframes></frameset></html>",
    "no text": "<html><body><div><p> </p><br><img src=a></div></body></html>",
    "plain text": f"{LONG}.\n\n{LONG}.",
    "one word": "<html><body>Bridge</body></html>",
    "words without an element": f"<html><body>{LONG}. {LONG}.<br><br>{LONG}. {LONG}.</body></html>",
    "links and nothing else": f"<html><body><ul>{LINKS}</ul></body></html>",
    "links and a story": f"<html><body><ul>{LINKS}</ul><article><h1>Bridge</h1>{STORY}</article></body></html>",
    "a story in a table": f"<table><tr><td><ul>{LINKS}</ul></td><td>{STORY}</td></tr></table>",
    "a story twice": f"<html><body><main>{STORY}</main><div>{STORY}</div></body></html>",
    "a page in a page": f"<html><body><p>Top<html><body>{STORY}</body></html></p></body></html>",
    "boilerplate": f"<html><body><article><h1>Bridge</h1>{BOILERPLATE}{STORY}{BOILERPLATE}</article></body></html>",
    "words around blocks": f"<body><div>{LONG}. <div>{LONG}!</div> {LONG}? <p>{LONG}</p> {LONG};</div></body>",
    "everything hidden": f'<html><body><div hidden style="display:none">{STORY}</div></body></html>',
}  # fmt: skip
RULES = {
    "a rule that names the body": Rule(body=("//p[position() < 4]",)),
    "a rule that names a part of a line": Rule(body=("//b",)),
    "a rule that prunes": Rule(prune=("//h1", "//p[1]")),
    "a rule that does both": Rule(prune=("//p[2]",), body=("article",)),
}


def made(name: str) -> Page:
    """Return the page of this name: a pair, an odd one, or one that is read by a rule."""
    if name in NAMES:
        return pair(name)[0]
    body = ODD.get(name)
    if body is None:
        words = "<p>Before <b>the tide came in and went out, and again</b> behind</p>"
        body = f"<html><body><h1>Bridge</h1>{words}<article>{STORY}</article>{BOILERPLATE}</body></html>"
    source = Source("paper", "https://paper.example/", rules=(RULES[name],)) if name in RULES else None
    return Page(URL, body.encode(), "text/html", source=source)


EVERY = [*NAMES, *ODD, *RULES]


@pytest.mark.parametrize("name", EVERY)
def test_tracing_changes_no_outcome(name):
    """A reading with a trace gives the article, or the reason, that a reading without one gives."""
    assert explain(made(name))[0] == read(made(name))


@pytest.mark.parametrize("name", EVERY)
def test_kept_blocks_are_the_lines_of_the_text(name):
    """In their order."""
    article, trace = explain(made(name))
    if isinstance(article, Article):
        kept = [line for block in trace.blocks if block.rule is None and (line := _line(block.text))]
        lines = article.text.split("\n")
        assert [line.removeprefix("- ") for line in lines] == [line.removeprefix("- ") for line in kept]


@pytest.mark.parametrize("name", EVERY)
def test_dropped_block_has_rule_reason_and_place(name):
    """A name for counting, a sentence for people, a place to look at."""
    for block in explain(made(name))[1].blocks:
        assert block.place
        if block.rule is not None:
            assert block.rule
            assert block.why


def numbered(page: Page) -> tuple[Page, int]:
    """Return the page with a number after each run of words that a reader sees, and how many there are."""
    tree, count = parse(page), 0
    for element in tree.find(".//body").iter():
        above = any(one.tag in layout.SKIPPED_TAGS for one in element.iterancestors())
        if not above and element.tag not in layout.SKIPPED_TAGS and (element.text or "").strip():
            element.text += f" n{count}n "
            count += 1
        if not above and element.tag != "body" and (element.tail or "").strip():
            element.tail += f" n{count}n "
            count += 1
    return Page(page.url, html.tostring(tree), "text/html", source=page.source), count


PARSED = [name for name in EVERY if name not in ("empty", "white space", "no body", "frames", "frames and a story")]


@pytest.mark.parametrize("name", PARSED)
def test_every_word_is_in_exactly_one_traced_block(name):
    """Kept or dropped by some part of the reading; nothing is left out."""
    page, count = numbered(made(name))
    blocks = explain(page)[1].blocks
    assert [sum(f"n{number}n" in block.text for block in blocks) for number in range(count)] == [1] * count


def test_traced_blocks_are_in_page_order():
    """A block that was cut out early is between blocks that were scored late, where a reader sees it."""
    page, count = numbered(made("boilerplate"))
    text = " ".join(block.text for block in explain(page)[1].blocks)
    places = [text.index(f"n{number}n") for number in range(count)]
    assert places == sorted(places)


def test_near_text_gives_dropped_blocks_within_and_beside_the_text():
    """Only those of the rules asked for; a page without a text has none."""
    far = [BlockTrace("far", "p", "menu")] + [BlockTrace("", "p", "other")] * NEARBY_BLOCKS
    text = [BlockTrace("before", "p", "menu"), BlockTrace("One", "p", None), BlockTrace("between", "p", "menu")]
    more = [BlockTrace("else", "p", "other"), BlockTrace("Two", "p", None), BlockTrace("after", "p", "menu")]
    trace = Trace(blocks=[*far, *text, *more, *reversed(far)])
    assert trace.near_text("menu") == ["before", "between", "after"]
    assert Trace(blocks=far).near_text("menu") == []

"""Laws of choosing the body: who has the last word where, what says nothing new, how the text is written down."""

import pytest
from lxml import html

from pipelines.extraction.body import classifier, model
from pipelines.extraction.body.blocks import blocks
from pipelines.extraction.body.classifier import (
    HEADLINE,
    MENU,
    SIGNS,
    TWICE,
    WEIGHED,
    BlockDecision,
    as_lines,
    candidates,
    judge,
    where,
)
from pipelines.extraction.body.features import Evidence, PageContext

LONG = "The council met on Monday and agreed to mend the old bridge before the winter storms"
LINK = '<li><a href="/1">Another headline</a></li>'


def seen(markup: str, read: str = "", titles: tuple[str, ...] = ()) -> PageContext:
    """A page with this body, as its blocks are judged; `read`: what trafilatura takes for its text."""
    page = html.document_fromstring(f"<html><body>{markup}</body></html>")
    return PageContext(blocks(page.find(".//body")), Evidence(read=read, titles=titles))


def kept(verdicts: list[BlockDecision]) -> list[str]:
    return [verdict.block.text for verdict in verdicts if verdict.rule is None]


@pytest.fixture
def forest_says(monkeypatch):
    """Puts an answer into the forest's mouth: these laws hold whatever it says."""

    def put(weight: float) -> None:
        monkeypatch.setattr(model, "score", lambda row: weight)

    return put


STORY = "".join(f"<p>{number}. {LONG}.</p>" for number in range(6))
LINES = [f"{number}. {LONG}." for number in range(6)]


def test_every_block_has_one_verdict_in_its_order():
    """Kept or dropped by a name that is known; every block of the page, as it stands there."""
    page = seen(f"<h1>Bridge</h1>{STORY}<p>* * *</p><ul>{LINK * 9}</ul>{STORY}", "\n".join(LINES), ("Bridge",))
    for explain in (False, True):
        verdicts = judge(page, explain=explain)
        assert [verdict.block for verdict in verdicts] == list(page.blocks)
        assert {verdict.rule for verdict in verdicts} <= {None, MENU, WEIGHED, SIGNS, TWICE, HEADLINE}


def test_asking_for_reasons_changes_no_verdict():
    """An explanation is of what happens without it; whatever was weighed has one."""
    page = seen(f"<h1>Bridge</h1>{STORY}<p>By Mara Ellison</p><ul>{LINK * 9}</ul>", "\n".join(LINES), ("Bridge",))
    told = judge(page, explain=True)
    assert [verdict.rule for verdict in told] == [verdict.rule for verdict in judge(page)]
    assert all(told[index].why for index in candidates(page))
    assert all(verdict.why for verdict in told if verdict.rule is not None)


def test_the_forest_has_its_way(forest_says):
    """Whatever trafilatura read: above zero a block is text, else it is not."""
    forest_says(0.1)
    assert kept(judge(seen(STORY))) == LINES
    forest_says(-0.1)
    assert kept(judge(seen(STORY + f"<p>{LONG}</p>", read=""))) == []
    page = seen("<p>Photo: Quill</p>" + STORY, read="Photo: Quill")
    assert [verdict.rule for verdict in judge(page)][1:] == [WEIGHED] * 6


def test_where_the_forest_finds_hardly_anything_trafilatura_is_believed(forest_says):
    """A page like none that it was grown on is no empty page."""
    forest_says(-9.0)
    page = seen(f"<p>Menu</p>{STORY}<p>Foot</p>", read="\n".join(LINES[:4]))
    verdicts = judge(page, explain=True)
    assert kept(verdicts) == LINES[:4]
    assert [verdict.rule for verdict in verdicts] == [WEIGHED, *[None] * 4, WEIGHED, WEIGHED, WEIGHED]


def test_a_page_of_very_many_blocks_is_not_weighed(monkeypatch):
    """Trafilatura is believed there; the forest is not even asked, and nothing is made for it."""

    def never(_row):
        raise AssertionError("the forest was asked")

    monkeypatch.setattr(model, "score", never)
    page = seen(STORY + "<p>Foot</p>" * classifier.MOST, read="\n".join(LINES))
    assert candidates(page) == []
    assert kept(judge(page)) == LINES


def test_links_among_links_are_not_worth_weighing(monkeypatch, forest_says):
    """A link counts where text is read beside it, or where it is long; a menu is dropped without a question."""
    forest_says(9.0)
    page = seen(f"<ul>{LINK * 5}</ul>{STORY}<p><a href=/a>Quill</a></p>", read="\n".join(LINES))
    verdicts = judge(page)
    assert [verdict.rule for verdict in verdicts[:3]] == [MENU] * 3
    assert kept(verdicts)[-7:] == [*LINES, "Quill"]
    long = f"<ul>{LINK * 5}<li><a href=/a>{LONG * 2}</a></li>{LINK * 5}</ul>"
    assert candidates(seen(long)) == [5]


IDLE = {
    "the headline above the text": ("<h1>Bridge to be mended</h1>", "Bridge to be mended", HEADLINE),
    "the headline in other letters": ("<p>BRIDGE — to be mended!</p>", "Bridge to be mended", HEADLINE),
    "asterisks": ("<p>* * *</p>", "", SIGNS),
    "a line": ("<p>___</p>", "", SIGNS),
    "dots and dashes": ("<p>… — …</p>", "", SIGNS),
    "a heading that is no headline": ("<h2>Bridge</h2>", "Bridge to be mended", None),
    "a number": ("<h2>1</h2>", "", None),
}


@pytest.mark.parametrize(("markup", "title", "rule"), IDLE.values(), ids=IDLE)
def test_what_says_nothing_new_is_dropped(forest_says, markup, title, rule):
    """The headline is a field of its own, ornaments are no text. Letters and digits of their own stay."""
    forest_says(1.0)
    verdicts = judge(seen(markup + STORY, titles=(title,) if title else ()))
    assert verdicts[0].rule == rule
    assert bool(verdicts[0].why) is (rule is not None)
    assert kept(verdicts)[-6:] == LINES


def test_the_headline_within_the_text_stays(forest_says):
    """Far below, the same words are a heading or the end of a poem."""
    forest_says(1.0)
    verdicts = judge(seen(f"{STORY}<p>Bridge to be mended</p>", titles=("Bridge to be mended",)))
    assert kept(verdicts) == [*LINES, "Bridge to be mended"]


@pytest.mark.parametrize("times", [2, 3, 50])
def test_of_a_paragraph_that_comes_again_the_first_stays(forest_says, times):
    """However often a page repeats its story, it is there, once."""
    forest_says(1.0)
    verdicts = judge(seen(STORY * times))
    assert kept(verdicts) == LINES
    assert [verdict.rule for verdict in verdicts] == [None] * 6 + [TWICE] * 6 * (times - 1)


def test_short_lines_may_come_again(forest_says):
    """ "Yes." is said more than once in an interview."""
    forest_says(1.0)
    assert kept(judge(seen(f"<p>Yes.</p>{STORY}<p>Yes.</p>"))) == ["Yes.", *LINES, "Yes."]


def test_a_dropped_copy_takes_no_other_with_it(monkeypatch):
    """Only what is in the text already makes a copy needless: where the forest drops one, the other stays."""
    weights = iter([-1.0, *[1.0] * 6])
    monkeypatch.setattr(model, "score", lambda row: next(weights))
    assert kept(judge(seen(f"<aside><p>{LINES[0]}</p></aside>{STORY}"))) == LINES


def test_a_page_without_blocks_has_no_verdicts():
    """Nothing in, nothing out."""
    assert judge(seen(""), explain=True) == []


LISTS = {
    "items begin with a dash": ("<p>It costs:</p><ul><li>Oak<li>Iron</ul>", ["It costs:", "- Oak", "- Iron"]),
    "numbered ones too": ("<ol><li>Oak<li>Iron</ol>", ["- Oak", "- Iron"]),
    "an item of two paragraphs has one dash": ("<ul><li><p>Oak</p><p>It is hard.</p></ul>", ["- Oak", "It is hard."]),
    "items within items": ("<ul><li>Oak<ul><li>Old</ul><li>Iron</ul>", ["- Oak", "- Old", "- Iron"]),
    "a list's words behind an inner list": ("<ul><li>Oak<ul><li>Old</ul>or new</ul>", ["- Oak", "- Old", "or new"]),
    "headings and quotes are lines": ("<h2>Cost</h2><blockquote><p>It held.</blockquote>", ["Cost", "It held."]),
    "an article in a far item is no list": ("<ul><li><div><div><div><p>Oak</ul>", ["Oak"]),
    "rows": ("<table><tr><td>Oak<td>7<tr><td>Iron<td>9</table>", ["Oak | 7", "Iron | 9"]),
}


@pytest.mark.parametrize(("markup", "lines"), LISTS.values(), ids=LISTS)
def test_the_text_is_readable(markup, lines):
    """A line a block; an item of a list is known by its dash."""
    assert as_lines(seen(markup).blocks, str) == lines


def test_a_line_of_which_nothing_is_left_is_empty():
    """There is a line for each block, that they may be counted off; no dash stands for nothing."""
    assert as_lines(seen("<ul><li>-<li>Oak</ul>").blocks, lambda text: text.strip("-")) == ["", "- Oak"]


def test_where_a_block_stands_is_told_as_people_read_it():
    """The last three steps, each with its id or else the first of its classes."""
    (block,) = seen('<main><div id=story class=a><section class="b c"><p>Oak</p></section></div></main>').blocks
    assert where(block) == "div#story > section.b > p"

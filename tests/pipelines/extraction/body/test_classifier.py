"""The choice of the body: who has the last word where, which repetitions are dropped, how the text is written."""

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
    """Return the blocks of a page with this body; `read`: what trafilatura takes for its text."""
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


def test_every_block_gets_one_decision_in_page_order():
    """Each block of the page is kept, or dropped by a rule whose name is known."""
    page = seen(f"<h1>Bridge</h1>{STORY}<p>* * *</p><ul>{LINK * 9}</ul>{STORY}", "\n".join(LINES), ("Bridge",))
    for explain in (False, True):
        verdicts = judge(page, explain=explain)
        assert [verdict.block for verdict in verdicts] == list(page.blocks)
        assert {verdict.rule for verdict in verdicts} <= {None, MENU, WEIGHED, SIGNS, TWICE, HEADLINE}


def test_asking_for_reasons_changes_no_decision():
    """An explanation is of what happens without it; every block that was scored has one."""
    page = seen(f"<h1>Bridge</h1>{STORY}<p>By Mara Ellison</p><ul>{LINK * 9}</ul>", "\n".join(LINES), ("Bridge",))
    told = judge(page, explain=True)
    assert [verdict.rule for verdict in told] == [verdict.rule for verdict in judge(page)]
    assert all(told[index].why for index in candidates(page))
    assert all(verdict.why for verdict in told if verdict.rule is not None)


def test_score_above_zero_makes_a_block_text(forest_says):
    """Whatever trafilatura read."""
    forest_says(0.1)
    assert kept(judge(seen(STORY))) == LINES
    forest_says(-0.1)
    assert kept(judge(seen(STORY + f"<p>{LONG}</p>", read=""))) == []
    page = seen("<p>Photo: Quill</p>" + STORY, read="Photo: Quill")
    assert [verdict.rule for verdict in judge(page)][1:] == [WEIGHED] * 6


def test_trafilatura_decides_where_the_model_finds_next_to_nothing(forest_says):
    """A page unlike those that the model was trained on is no empty page."""
    forest_says(-9.0)
    page = seen(f"<p>Menu</p>{STORY}<p>Foot</p>", read="\n".join(LINES[:4]))
    verdicts = judge(page, explain=True)
    assert kept(verdicts) == LINES[:4]
    assert [verdict.rule for verdict in verdicts] == [WEIGHED, *[None] * 4, WEIGHED, WEIGHED, WEIGHED]


def test_page_of_very_many_blocks_is_not_scored(monkeypatch):
    """Trafilatura decides there; the model is not asked, and no features are made for it."""

    def never(_row):
        raise AssertionError("the forest was asked")

    monkeypatch.setattr(model, "score", never)
    page = seen(STORY + "<p>Foot</p>" * classifier.MOST, read="\n".join(LINES))
    assert candidates(page) == []
    assert kept(judge(page)) == LINES


def test_link_in_a_menu_is_dropped_without_a_score(monkeypatch, forest_says):
    """A link is scored where text is read beside it, or where it is long."""
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
def test_headline_and_ornaments_are_dropped_from_the_text(forest_says, markup, title, rule):
    """The headline is a field of its own. Letters and digits that say something else stay."""
    forest_says(1.0)
    verdicts = judge(seen(markup + STORY, titles=(title,) if title else ()))
    assert verdicts[0].rule == rule
    assert bool(verdicts[0].why) is (rule is not None)
    assert kept(verdicts)[-6:] == LINES


def test_headline_far_down_the_text_stays(forest_says):
    """There the same words are a heading or the end of a poem."""
    forest_says(1.0)
    verdicts = judge(seen(f"{STORY}<p>Bridge to be mended</p>", titles=("Bridge to be mended",)))
    assert kept(verdicts) == [*LINES, "Bridge to be mended"]


@pytest.mark.parametrize("times", [2, 3, 50])
def test_repeated_paragraph_is_kept_once(forest_says, times):
    """However often a page repeats its story, the first of each paragraph stays."""
    forest_says(1.0)
    verdicts = judge(seen(STORY * times))
    assert kept(verdicts) == LINES
    assert [verdict.rule for verdict in verdicts] == [None] * 6 + [TWICE] * 6 * (times - 1)


def test_repeated_short_line_stays(forest_says):
    """ "Yes." is said more than once in an interview."""
    forest_says(1.0)
    assert kept(judge(seen(f"<p>Yes.</p>{STORY}<p>Yes.</p>"))) == ["Yes.", *LINES, "Yes."]


def test_copy_of_a_dropped_block_stays(monkeypatch):
    """Only what is in the text already makes a copy needless: where the model drops one, the other stays."""
    weights = iter([-1.0, *[1.0] * 6])
    monkeypatch.setattr(model, "score", lambda row: next(weights))
    assert kept(judge(seen(f"<aside><p>{LINES[0]}</p></aside>{STORY}"))) == LINES


def test_page_without_blocks_gets_no_decisions():
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
def test_text_has_a_line_for_each_block(markup, lines):
    """An item of a list begins with a dash."""
    assert as_lines(seen(markup).blocks, str) == lines


def test_block_of_which_nothing_is_left_gives_an_empty_line():
    """There is a line for each block, so that they can be counted off; a dash alone is not written."""
    assert as_lines(seen("<ul><li>-<li>Oak</ul>").blocks, lambda text: text.strip("-")) == ["", "- Oak"]


def test_path_of_a_block_is_its_last_three_elements():
    """Each with its id, or else the first of its classes."""
    (block,) = seen('<main><div id=story class=a><section class="b c"><p>Oak</p></section></div></main>').blocks
    assert where(block) == "div#story > section.b > p"

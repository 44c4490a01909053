"""Test the choice of the body: who has the last word where, which repetitions are dropped, how the text is written."""

import pytest
from lxml import html

from pipelines.extraction.body import classifier, model
from pipelines.extraction.body.blocks import blocks
from pipelines.extraction.body.classifier import (
    CLASSIFIER,
    HEADLINE,
    MENU,
    REPEATED,
    SEPARATOR,
    WHY_TRAFILATURA,
    BlockDecision,
    add_contributions,
    are_sure,
    as_lines,
    block_path,
    blocks_to_score,
    classify,
    with_headline_apart,
)
from pipelines.extraction.body.features import Evidence, PageContext

LONG = "The council met on Monday and agreed to mend the old bridge before the winter storms"
LINK = '<li><a href="/1">Another headline</a></li>'


def context(markup: str, read: str | None = "", titles: tuple[str, ...] = ()) -> PageContext:
    """Return the blocks of a page with this body; `read`: what trafilatura takes for its text, if it was asked."""
    page = html.document_fromstring(f"<html><body>{markup}</body></html>")
    return PageContext(blocks(page.find(".//body")), Evidence(read=read, titles=titles))


def kept(decisions: list[BlockDecision]) -> list[str]:
    return [decision.block.text for decision in decisions if decision.rule is None]


@pytest.fixture
def fixed_score(monkeypatch):
    """Give every block the same score."""

    def put(score: float) -> None:
        monkeypatch.setattr(model, "score", lambda row: score)

    return put


STORY = "".join(f"<p>{number}. {LONG}.</p>" for number in range(6))
LINES = [f"{number}. {LONG}." for number in range(6)]


def test_every_block_gets_one_decision_in_page_order():
    """Each block of the page is kept, or dropped by a rule whose name is known."""
    page = context(f"<h1>Bridge</h1>{STORY}<p>* * *</p><ul>{LINK * 9}</ul>{STORY}", "\n".join(LINES), ("Bridge",))
    decisions = classify(page)
    assert [decision.block for decision in decisions] == list(page.blocks)
    assert {decision.rule for decision in decisions} <= {None, MENU, CLASSIFIER, SEPARATOR, REPEATED, HEADLINE}


def test_asking_for_reasons_changes_no_decision():
    """An explanation is of what happens without it; every block that was scored has one."""
    page = context(f"<h1>Bridge</h1>{STORY}<p>By Mara Ellison</p><ul>{LINK * 9}</ul>", "\n".join(LINES), ("Bridge",))
    explained = classify(page)
    add_contributions(explained, page)
    assert [decision.rule for decision in explained] == [decision.rule for decision in classify(page)]
    assert all(explained[index].why for index in blocks_to_score(page))
    assert all(decision.why for decision in explained if decision.rule is not None)


SURE = {
    "all clear": ([3.0] * 6 + [-3.0] * 6, True),
    "a short block near 0": ([3.0] * 6 + [-0.1, *[-3.0] * 5], True),
    "a long one above 0": ([3.0] * 5 + [0.1] + [-3.0] * 6, False),
    "a long one below 0": ([3.0] * 5 + [-0.1] + [-3.0] * 6, False),
    "hardly any text": ([3.0, *[-3.0] * 11], False),
    "no text": ([-3.0] * 12, False),
}


@pytest.mark.parametrize(("scores", "sure"), SURE.values(), ids=SURE)
def test_first_model_is_sure_if_few_of_the_words_are_near_zero(scores, sure):
    """Words weigh, not blocks; a page with next to no text is never sure."""
    page = context(STORY + "<p>More</p>" * 6, read=None)
    assert are_sure(page, dict(enumerate(scores))) is sure


@pytest.mark.parametrize(("read", "asked"), [(None, "first_score"), ("", "score")], ids=["not read", "nothing found"])
def test_page_is_scored_by_the_model_for_what_is_known_of_it(monkeypatch, read, asked):
    """That trafilatura finds nothing on a page says something; that it was not asked says nothing."""
    for name in ("score", "first_score"):
        monkeypatch.setattr(model, name, lambda row, name=name: 1.0 if name == asked else -1.0)
    assert {decision.rule for decision in classify(context(STORY, read))} == {None}


def test_links_are_scored_beside_what_may_be_text():
    """Before trafilatura has read the page, that is a paragraph."""
    page = f"<ul>{LINK * 9}</ul><p>{LONG}.</p><ul>{LINK * 9}</ul>"
    assert blocks_to_score(context(page, read=None)) == [7, 8, 9, 10, 11]
    assert blocks_to_score(context(page, read="")) == [9]


def test_score_above_zero_makes_a_block_text(fixed_score):
    """Whatever trafilatura read."""
    fixed_score(0.1)
    assert kept(classify(context(STORY))) == LINES
    fixed_score(-0.1)
    assert kept(classify(context(STORY + f"<p>{LONG}</p>", read=""))) == []
    page = context("<p>Photo: Quill</p>" + STORY, read="Photo: Quill")
    assert [decision.rule for decision in classify(page)][1:] == [CLASSIFIER] * 6


def test_trafilatura_decides_where_the_model_finds_next_to_nothing(fixed_score):
    """A page unlike those that the model was trained on is no empty page."""
    fixed_score(-9.0)
    page = context(f"<p>Menu</p>{STORY}<p>Foot</p>", read="\n".join(LINES[:4]))
    decisions = classify(page)
    add_contributions(decisions, page)
    assert {decision.why for decision in decisions if decision.rule is None} == {WHY_TRAFILATURA}
    assert kept(decisions) == LINES[:4]
    assert [decision.rule for decision in decisions] == [CLASSIFIER, *[None] * 4, CLASSIFIER, CLASSIFIER, CLASSIFIER]


def test_page_of_very_many_blocks_is_not_scored(monkeypatch):
    """Trafilatura decides there; the model is not asked, and no features are made for it."""

    def never(_row):
        raise AssertionError("a block was scored")

    monkeypatch.setattr(model, "score", never)
    page = context(STORY + "<p>Foot</p>" * classifier.MAX_BLOCKS, read="\n".join(LINES))
    assert blocks_to_score(page) == []
    assert kept(classify(page)) == LINES


def test_link_in_a_menu_is_dropped_without_a_score(monkeypatch, fixed_score):
    """A link is scored where text is read beside it, or where it is long."""
    fixed_score(9.0)
    page = context(f"<ul>{LINK * 5}</ul>{STORY}<p><a href=/a>Quill</a></p>", read="\n".join(LINES))
    decisions = classify(page)
    assert [decision.rule for decision in decisions[:3]] == [MENU] * 3
    assert kept(decisions)[-7:] == [*LINES, "Quill"]
    long = f"<ul>{LINK * 5}<li><a href=/a>{LONG * 2}</a></li>{LINK * 5}</ul>"
    assert blocks_to_score(context(long)) == [5]


def links(*words: str, between: str = "<br>") -> str:
    return between.join(f'<a href="/{word}.html">{word}</a>' for word in words)


MENUS = {
    "before the text": (f"<td>{links('Home', 'News', 'Archive')}</td><td>{STORY}</td>", False),
    "two links after the text": (f"<td>{STORY}</td><td>{links('Home', 'News')}</td>", False),
    "with bars": (f"<td>{links('Home', 'News', between=' |<br>| ')}</td><td>{STORY}</td>", False),
    "with bullets": (f"<td>» {links('Home', 'News', between='<br>» ')}</td><td>{STORY}</td>", False),
    "three links within the text": (f"{STORY}<p>{links('Oak', 'Iron', 'Tin')}</p>{STORY}", True),
    "many links within the text": (f"{STORY}<p>{links(*['The-mayor-resigns'] * 5)}</p>{STORY}", False),
    "verse before the text": (f"<p>The <a href=a>oak</a><br>is old</p>{STORY}", True),
}


@pytest.mark.parametrize(("cells", "scored"), MENUS.values(), ids=MENUS)
def test_links_between_breaks_are_a_menu_outside_the_text(cells, scored):
    """Within the text, they may be what it is about."""
    page = context(f"<table><tr>{cells}</table>" if cells.startswith("<td") else cells, read="\n".join(LINES))
    lines = {index for index, block in enumerate(page.blocks) if block.lines}
    assert len(lines) == 1
    assert (lines <= set(blocks_to_score(page))) is scored


def test_headline_between_breaks_is_a_block_of_its_own():
    """Old pages have no heading: <font><b>Headline</b></font><br><i>By Quill</i>."""
    page = "<p><b>NEWS</b><br><font size=5>Bridge to be mended</font><br><i>By Quill</i><br>5 March</p><p>a<br>b</p>"
    parted = with_headline_apart(context(page).blocks, "Bridge to be mended!")
    assert [(block.text, block.lines) for block in parted] == [
        ("NEWS", ()), ("Bridge to be mended", ()), ("By Quill 5 March", ("By Quill", "5 March")), ("a b", ("a", "b")),
    ]  # fmt: skip
    assert len(with_headline_apart(context(page).blocks, "")) == 2


REDUNDANT = {
    "the headline above the text": ("<h1>Bridge to be mended</h1>", "Bridge to be mended", HEADLINE),
    "the headline in other letters": ("<p>BRIDGE — to be mended!</p>", "Bridge to be mended", HEADLINE),
    "asterisks": ("<p>* * *</p>", "", SEPARATOR),
    "a line": ("<p>___</p>", "", SEPARATOR),
    "dots and dashes": ("<p>… — …</p>", "", SEPARATOR),
    "a heading that is no headline": ("<h2>Bridge</h2>", "Bridge to be mended", None),
    "a number": ("<h2>1</h2>", "", None),
}


@pytest.mark.parametrize(("markup", "title", "rule"), REDUNDANT.values(), ids=REDUNDANT)
def test_headline_and_ornaments_are_dropped_from_the_text(fixed_score, markup, title, rule):
    """The headline is a field of its own. Letters and digits that say something else stay."""
    fixed_score(1.0)
    decisions = classify(context(markup + STORY, titles=(title,) if title else ()))
    assert decisions[0].rule == rule
    assert bool(decisions[0].why) is (rule is not None)
    assert kept(decisions)[-6:] == LINES


def test_headline_far_down_the_text_stays(fixed_score):
    """There the same words are a heading or the end of a poem."""
    fixed_score(1.0)
    decisions = classify(context(f"{STORY}<p>Bridge to be mended</p>", titles=("Bridge to be mended",)))
    assert kept(decisions) == [*LINES, "Bridge to be mended"]


@pytest.mark.parametrize("times", [2, 3, 50])
def test_repeated_paragraph_is_kept_once(fixed_score, times):
    """However often a page repeats its story, the first of each paragraph stays."""
    fixed_score(1.0)
    decisions = classify(context(STORY * times))
    assert kept(decisions) == LINES
    assert [decision.rule for decision in decisions] == [None] * 6 + [REPEATED] * 6 * (times - 1)


def test_repeated_short_line_stays(fixed_score):
    """ "Yes." is said more than once in an interview."""
    fixed_score(1.0)
    assert kept(classify(context(f"<p>Yes.</p>{STORY}<p>Yes.</p>"))) == ["Yes.", *LINES, "Yes."]


def test_copy_of_a_dropped_block_stays(monkeypatch):
    """Only what is in the text already makes a copy needless: where the model drops one, the other stays."""
    weights = iter([-1.0, *[1.0] * 6])
    monkeypatch.setattr(model, "score", lambda row: next(weights))
    assert kept(classify(context(f"<aside><p>{LINES[0]}</p></aside>{STORY}"))) == LINES


def test_page_without_blocks_gets_no_decisions():
    """Nothing in, nothing out."""
    assert classify(context("")) == []


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
    assert as_lines(context(markup).blocks, str) == lines


def test_block_of_which_nothing_is_left_gives_an_empty_line():
    """There is a line for each block, so that they can be counted off; a dash alone is not written."""
    assert as_lines(context("<ul><li>-<li>Oak</ul>").blocks, lambda text: text.strip("-")) == ["", "- Oak"]


def test_path_of_a_block_is_its_last_three_elements():
    """Each with its id, or else the first of its classes."""
    (block,) = context('<main><div id=story class=a><section class="b c"><p>Oak</p></section></div></main>').blocks
    assert block_path(block) == "div#story > section.b > p"


def scrolled(title: str, tag: str = "article") -> str:
    return f"<section><{tag}><header><h1>{title}</h1></header>{STORY.replace('council', title)}</{tag}></section>"


@pytest.mark.parametrize(
    ("markup", "stories"),
    [
        (scrolled("Bridge") + scrolled("Tower") + scrolled("Gate"), {"Bridge"}),
        (scrolled("Tower") + scrolled("Bridge"), {"Bridge"}),
        (f"<article><h1>Bridge</h1>{scrolled('Tower')}</article>", {"Tower"}),  # a part of the article
        (f"<h1>Bridge</h1>{scrolled('Tower')}{scrolled('Gate')}", {"Tower", "Gate"}),  # entries below a headline
        (scrolled("Bridge", "div") + scrolled("Tower", "div"), {"Bridge", "Tower"}),
    ],
)
def test_articles_beside_the_one_with_the_headline_are_dropped(fixed_score, markup, stories):
    """A page that goes on with the next articles has the text of the first; parts of an article stay."""
    fixed_score(1.0)
    texts = " ".join(kept(classify(context(markup, titles=("Bridge", "Tower", "Gate")))))
    assert {name for name in ("Bridge", "Tower", "Gate") if f"The {name} met" in texts} == stories

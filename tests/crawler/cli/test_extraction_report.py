"""Test how the trace of a reading is printed: aligned, within the width, nothing hidden, nothing that a terminal
would obey."""

import re
from dataclasses import replace

import pytest

from crawler.cli import output
from crawler.cli.extraction_report import CHOSEN, DROPPED_BAR, KEPT_BAR, REFUSED, ReportLayout, as_json, lines
from pipelines.core import terminal
from pipelines.core.items import Article, NothingToRead, Page
from pipelines.extraction import extract
from pipelines.extraction.explain import explain
from pipelines.extraction.page.trace import BlockTrace, FieldCandidate, Trace

STORY = "The council met on Monday and agreed to mend the old bridge before the winter storms."
HTML = f"""<html lang="en"><head><title>Bridge to be mended | The Paper</title></head><body><article>
<h1>Bridge to be mended</h1><p>{STORY}</p><p>It will take nine weeks, she said.</p>
<p>Engineers had warned in March that two of its seven piers stand on nothing but habit.</p></article></body></html>"""


def article() -> Article:
    outcome = extract.read(Page("https://paper.example/a/1", HTML.encode(), "text/html"))
    assert isinstance(outcome, Article)
    return outcome


TITLES = [
    FieldCandidate("json-ld headline", "Bridge", None, why="no page title agrees with it"),
    FieldCandidate(
        "h1", "Bridge to be mended", "Bridge to be mended", chosen=True, why="the first that others agree with"
    ),
    FieldCandidate("title", "Bridge to be mended | The Paper", "Bridge to be mended"),
]
NAVIGATION = [BlockTrace(f"Section {number}", "nav > a", "navigation", "links to other pages") for number in range(30)]
BLOCKS = [
    *NAVIGATION,
    BlockTrace(STORY, "article > p", None),
    BlockTrace("Subscribe to our newsletter", "div.box > p", "newsletter", "asks readers to subscribe"),
    BlockTrace("It will take nine weeks, she said.", "article > p", None),
    BlockTrace("Then it will be open.", "article > p", None),
]


def drawn(account: Trace, outcome=None, room: int = 80, **options) -> list[str]:
    sheet = ReportLayout(room, options.pop("styled", False), **options)
    return list(lines("page.html", None, outcome or article(), account, sheet))


def test_candidates_are_listed_by_precedence_with_the_winner_marked():
    """The list has the name of the field once, what each value was read from, and why the others were refused."""
    account = Trace(fields={"title": TITLES})
    text = drawn(account, room=100)
    at = next(number for number, line in enumerate(text) if line.startswith("title"))
    assert text[at].split()[:3] == ["title", REFUSED, "json-ld"]
    assert "no page title agrees with it" in text[at]
    assert re.match(rf" +{CHOSEN} h1 +Bridge to be mended  the first that others agree with$", text[at + 1])
    assert re.match(r" +[=] title$", text[at + 2])
    assert text[at].index("Bridge") == text[at + 1].index("Bridge") == text[at + 2].index("title")
    everything = "\n".join(drawn(account, room=100, everything=True))
    assert "Bridge to be mended  ← Bridge to be mended | The Paper" in everything


def test_long_value_is_cut_in_its_middle():
    """Headlines differ at their ends."""
    start = "A headline that is rather long, as headlines are that were made for search engines and not for readers"
    claims = [
        FieldCandidate("h1", start, start, chosen=True),
        FieldCandidate("title", f"{start} | Paper", f"{start} | Paper"),
    ]
    assert any(
        re.search(r"A headline that is .*….* readers \| Paper$", line)
        for line in drawn(Trace(fields={"title": claims}))
    )


def test_field_without_a_candidate_is_still_printed():
    """If a stage filled it without a trace, it is printed with where it was found. If it is empty, it is listed."""
    text = "\n".join(drawn(Trace(fields={"title": TITLES})))
    assert re.search(rf"^language +{CHOSEN} .*  en$", text, re.MULTILINE)
    assert "nothing found: " in text
    assert "issn" in text.partition("nothing found: ")[2]


def test_blocks_are_printed_in_page_order():
    """Kept text whole, dropped blocks between it with their rule at the margin."""
    text = [line for line in drawn(Trace(blocks=BLOCKS)) if KEPT_BAR in line or DROPPED_BAR in line]
    assert text[0].startswith(f"navigation {DROPPED_BAR} 30 blocks: Section 0 · Section 1")
    shown = [line.partition(KEPT_BAR)[2] or line for line in text[2:]]
    assert " ".join(" ".join(shown[:2]).split()) == STORY
    assert shown[2] == f"newsletter {DROPPED_BAR} Subscribe to our newsletter"
    assert shown[3].strip() == "It will take nine weeks, she said."
    assert [line.strip() for line in shown[-2:]] == [KEPT_BAR, "Then it will be open."]


PLACES = {
    ("tbody > tr", "tbody > tr"): True, ("div > ul.a > li.b", "ul > li > p"): True, ("dl > dt", "dl > dd"): True,
    ("tr > td", "tr > td > p"): False, ("tr > td > p", "tr > td > p"): False, ("div.li > p", "div.li > p"): False,
}  # fmt: skip


@pytest.mark.parametrize(("places", "are_close"), PLACES.items())
def test_rows_and_items_are_close_and_paragraphs_of_a_layout_are_not(places, are_close):
    """Lines at the margin are between two paragraphs, also in a cell."""
    text = drawn(Trace(blocks=[BlockTrace("One.", places[0], None), BlockTrace("Two  2", places[1], None)]))
    after = text[text.index(f" {KEPT_BAR} One.") + 1 :]
    assert after == [*([] if are_close else [f" {KEPT_BAR}"]), f" {KEPT_BAR} Two  2"]


def test_all_folds_nothing():
    """Each dropped block has its place on the page."""
    text = "\n".join(drawn(Trace(blocks=BLOCKS), everything=True))
    assert all(f"Section {number} ‹nav > a›" in text for number in range(30))


def test_long_run_of_dropped_blocks_is_folded_in_the_middle():
    """Boilerplate that alternates between rules does not push the article off the screen; the page keeps its order."""
    mixed = [
        BlockTrace(f"Thing {number}", "p", ("share", "related", "newsletter")[number % 3], "why")
        for number in range(60)
    ]
    text = [
        line for line in drawn(Trace(blocks=[*mixed, BlockTrace(STORY, "p", None)]), room=200) if DROPPED_BAR in line
    ]
    numbers = [int(number) for line in text for number in re.findall(r"Thing (\d+)", line)]
    assert numbers[:4] + numbers[-4:] == [0, 1, 2, 3, 56, 57, 58, 59]
    assert numbers == sorted(numbers)
    assert len(text) <= 10
    assert "52 blocks (related, newsletter, share): Thing 4 · Thing 5" in "\n".join(text)


def test_few_dropped_blocks_are_printed_one_by_one_in_page_order():
    """A block at the foot is not printed before one above it."""
    mixed = [BlockTrace(f"Thing {number}", "p", ("share", "related")[number % 2], "why") for number in range(10)]
    text = [line for line in drawn(Trace(blocks=[BlockTrace(STORY, "p", None), *mixed])) if DROPPED_BAR in line]
    assert [line.split()[-1] for line in text] == [str(number) for number in range(10)]


def test_all_cuts_no_name_of_file_source_or_rule():
    """Names of files, sources and rules are whole."""
    source, rule = "meta " + "article:published_time:" * 3 + "END", "xpath-" * 9 + "END"
    account = Trace({"title": [FieldCandidate(source, "x", "Bridge", True)]}, [BlockTrace("Box", "p", rule, "why")])
    text = drawn(account, room=60, everything=True)
    assert "…" not in "".join(text)
    squeezed = "".join("".join(text).split())
    assert squeezed.count("END") == 3  # the source, and the rule at the page and below it


ROWS = """<html lang="en"><head><title>Who won</title></head><body><article><h1>Who won</h1>
<p>The count in the town hall took all of Tuesday night, because two of the boxes had been left in the ferry.</p>
<ul><li>The mayor keeps her seat with nine votes more than there are voters in the old harbour ward.</li>
<li>The baker loses his by one vote, which is his own, and which he says he had promised to somebody.</li></ul>
<p>A second count is on Friday, when the ferry is back and the returning officer can swim no further.</p>
</article></body></html>"""


def test_list_items_are_printed_as_in_the_text():
    """Items have their dash, and no blank line between them."""
    outcome, account = explain(Page("https://paper.example/a/2", ROWS.encode(), "text/html"))
    page = [line.partition(KEPT_BAR)[2].strip() for line in drawn(account, outcome, room=130) if KEPT_BAR in line]
    assert isinstance(outcome, Article)
    at = next(number for number, line in enumerate(page) if line.startswith("- The mayor"))
    assert page[at - 1] == page[at + 2] == ""
    assert page[at + 1].startswith("- The baker")
    assert [line for line in page if line] == outcome.text.split("\n")


def test_kept_comments_are_printed_apart_from_the_text():
    """Apart from the text."""
    text = drawn(Trace(blocks=BLOCKS), replace(article(), comments=("First!", "Seals.\nMore seals.")))
    assert text[text.index("COMMENTS  2, separate from the text") :][1:] == [
        " │ First!",
        " │",
        " │ Seals. More seals.",
    ]


def test_counts_of_one_are_singular():
    """One block, one character, one word."""
    blocks = [BlockTrace("x", "p", "share", "why"), BlockTrace(STORY, "p", None)]
    text = "\n".join(drawn(Trace(blocks=blocks), replace(article(), word_count=1)))
    assert "1 word ·" in text
    assert "PAGE  1 block of text, 1 dropped" in text
    assert re.search("share  1 block   1 character  why", text)


def test_report_without_an_article_keeps_nothing():
    """It has neither a block nor a field."""
    text = "\n".join(drawn(Trace({"title": TITLES}, BLOCKS), NothingToRead("no article text"), room=100))
    assert "✓ would be chosen, but the page gives no article" in text
    assert "PAGE  3 blocks might have been text, 31 dropped; the page gives no article" in text
    assert "blocks of text" not in text


def test_empty_block_is_printed_only_with_all():
    """An empty place for advertisements tells the reader nothing."""
    account = Trace(blocks=[BlockTrace(" ", "div.ad", "advertisements", "places"), *BLOCKS])
    assert "advertisements" not in "\n".join(drawn(account))
    assert "advertisements" in "\n".join(drawn(account, everything=True))


def test_rules_are_summed_up_by_what_they_took():
    """Each rule has its reason and its numbers of blocks and characters; the one that took most comes first."""
    text = "\n".join(drawn(Trace(blocks=BLOCKS))).partition("DROPPED BY\n")[2].splitlines()
    assert re.match(r"navigation +30 blocks +\d+ characters  links to other pages$", text[0])
    assert re.match(r"newsletter +1 block +27 characters  asks readers to subscribe$", text[1])


@pytest.mark.parametrize("room", [40, 80, 120, 200])
def test_no_line_is_wider_than_the_terminal(room):
    """Long values, wide characters and one long word included."""
    long = "橋は閉鎖された" * 40
    claims = [FieldCandidate("meta " + "x" * 60, "w" * 500, long, at == 1, "because " * 40) for at in range(3)]
    blocks = [
        BlockTrace(long, "p" * 90, rule, "because " * 30) for rule in (None, "a rule with a rather long name", None)
    ]
    account = Trace(fields={"title": claims}, blocks=blocks * 3)
    for everything in (False, True):
        assert max(map(terminal.width, drawn(account, room=room, everything=everything))) <= room


def test_control_characters_of_a_page_are_disarmed():
    """Escape sequences and bidirectional overrides, in any text that comes from the page."""
    evil = "\x1b]0;owned\x07\u202eevil\x9b31m"
    account = Trace(
        {evil: [FieldCandidate(evil, evil, evil, True, evil)]},
        [BlockTrace(evil, evil, rule, evil) for rule in (None, evil)],
    )
    for outcome in (article(), NothingToRead("not HTML", evil)):
        for everything in (False, True):
            for line in lines(evil, evil, outcome, account, ReportLayout(80, styled=False, everything=everything)):
                assert not terminal.UNSAFE_CHARACTERS.search(line)


def test_colours_are_only_for_terminals():
    """Bold, dim and colours where asked for, each line ending as it began; else the same words, plain."""
    account = Trace(fields={"title": TITLES}, blocks=BLOCKS)
    styled, plain = drawn(account, styled=True), drawn(account)
    assert "\x1b" not in "".join(plain)
    assert [re.sub(r"\x1b\[\d+m", "", line) for line in styled] == plain
    assert all(line.count(output.RESET) == len(re.findall(r"\x1b\[[1-9]\d*m", line)) for line in styled)


def test_blocks_of_the_classifier_are_summed_up_in_a_sentence():
    """Each block has reasons of its own, which are printed with --all."""
    fates = [BlockTrace(f"Thing {number}", "p", "classifier", f"is the headline -{number}.0") for number in range(3)]
    account = Trace(blocks=[*fates, BlockTrace(STORY, "p", None)])
    text, everything = "\n".join(drawn(account, room=120)), "\n".join(drawn(account, room=120, everything=True))
    line = r"^classifier +3 blocks +21 characters  not like article text, .* \(--all lists them\)$"
    assert re.search(line, text, re.M)
    assert "headline" not in text.partition("PAGE")[2]
    assert "Thing 2 ‹p› is the headline -2.0" in everything
    assert "the name of a feature does not mean that the block has it" in " ".join(everything.split())


def test_report_without_an_article_has_the_reason():
    """It also has everything that the stages wrote down before they gave up."""
    text = drawn(Trace(), NothingToRead("not HTML", "PNG, served as text/html"))
    assert text[1:] == ["No article: not HTML (PNG, served as text/html)"]


def test_json_has_every_candidate_and_block():
    """Nothing is folded."""
    made = as_json(Trace(fields={"title": TITLES}, blocks=BLOCKS))
    assert [claim["chosen"] for claim in made["candidates"]["title"]] == [False, True, False]
    assert len(made["blocks"]) == len(BLOCKS)
    assert made["blocks"][0] == {
        "text": "Section 0", "place": "nav > a", "rule": "navigation", "why": "links to other pages",
    }  # fmt: skip

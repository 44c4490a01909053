"""Features of a block: as many numbers as names, the same for equal pages, each true to its name."""

import math

import pytest
from lxml import html

from pipelines.extraction.body.blocks import blocks
from pipelines.extraction.body.features import (
    NAMES,
    Evidence,
    PageContext,
    blocks_in_text,
    layout_signature,
    letters,
    without_spaces,
)
from pipelines.extraction.body.lexicon import PLACES, TOPICS, WORD, flags, groups, topics, words

LONG = "The council met on Monday and agreed to mend the old bridge before the winter storms come in from the west."
PAGE = f"""<header class="masthead"><nav><a href=/>Home</a> <a href=/news>News</a></nav></header>
<main id="story"><h1>Bridge to be mended</h1><p class="byline">By Mara Ellison, 6 May 2024</p>
<div class="lead"><p><b>Seven piers, two of them rotten</b></p></div>
<p>{LONG}</p><p>{LONG} <a href=/quill>Edda Quill</a> said so.</p>bare words<br><br>and more of them.
<ul class="related-links"><li><a href=/2>Ferry leaves by the tide</a><li><a href=/3>Gulls insulted</a></ul>
<table><tr><td>Oak<td>7</table><p hidden>Subscribe to our newsletter: tide@paper.example</p></main>
<footer>© The Paper</footer>"""
KNOWN = Evidence(
    read=f"{LONG}\n{LONG} Edda Quill said so.\n- Ferry leaves by the tide",
    titles=("Bridge to be mended",),
    summaries=(LONG[:60],),
    names=("Mara Ellison",),
    is_article=True,
)
NOTHING = ("", "<p>.</p>", "<p>1</p>", "<a href=/>x</a>", "<p>\u0301</p>", "<p>橋は閉鎖された</p>", "<p>" + "w" * 9999)


def context(body: str, known: Evidence = KNOWN) -> PageContext:
    """Return the features of a page with this body."""
    return PageContext(blocks(html.document_fromstring(f"<html><body>{body}</body></html>").find(".//body")), known)


def rows(body: str = PAGE, known: Evidence = KNOWN) -> dict[str, dict[str, float]]:
    """Return the features of each block, by its text and their names."""
    page = context(body, known)
    found = zip(page.blocks, page.feature_rows(), strict=True)
    return {block.text: dict(zip(NAMES, row, strict=True)) for block, row in found}


@pytest.mark.parametrize("body", [PAGE, PAGE * 3, *NOTHING])
@pytest.mark.parametrize("known", [KNOWN, Evidence()], ids=["evidence", "none"])
def test_row_has_a_number_for_each_feature(body, known):
    """On any page: finite floats, shares within 0 and 1, -1 for unknown. The trees take longer to compare an int."""
    page = context(body, known)
    found = page.feature_rows()
    assert len(found) == len(page.blocks)
    for row in found:
        assert len(row) == len(NAMES)
        assert all(type(value) is float and math.isfinite(value) for value in row)
        named = dict(zip(NAMES, row, strict=True))
        shares = [value for name, value in named.items() if "share" in name or name.startswith("prose of its")]
        assert all(0 <= value <= 1 or value == -1 for value in shares)
        assert 0 <= named["link share"] <= 1


def test_feature_names_are_unique():
    """Reasons are given by these names, and a model file is checked against them."""
    assert len(set(NAMES)) == len(NAMES)


def test_equal_pages_give_equal_rows():
    """No order of a set, no identity of an object and nothing of an earlier page is in a number."""
    first = context(PAGE).feature_rows()
    context("<p>Another page.</p>").feature_rows()
    assert context(PAGE).feature_rows() == first


def test_row_does_not_depend_on_which_blocks_are_asked_for():
    """Rows that are not wanted are not made, and the others do not change for it."""
    page = context(PAGE)
    every = page.feature_rows()
    for index in range(len(every)):
        assert page.feature_rows([index]) == [every[index]]
    assert page.feature_rows(range(2, 6)) == every[2:6]
    assert page.feature_rows([]) == []


def test_words_of_ascii_text_are_those_that_the_pattern_finds():
    """The faster way leaves out digits and signs before a word, and keeps those within it."""
    text = "2nd ap1 --it's a_b _x 'tis' 9 - 12:30 e-mail/web\x1fmail (c)the-end'"
    assert words(text) == set(WORD.findall(text)) == {
        "nd", "ap1", "it's", "a_b", "x", "tis'", "e-mail", "web", "mail", "c", "the-end'",
    }  # fmt: skip
    assert words(text + " ©") == {*words(text), "©"}


def test_row_depends_on_what_is_around_the_block():
    """The same paragraph in two surroundings gives two rows."""
    assert rows()[LONG] != rows(f"<p>{LONG}</p>")[LONG]


def test_feature_measures_what_its_name_says():
    """A sample of each group of names, on a page where each is plain to see."""
    of = rows()
    title, byline, lead, link = (
        of[text] for text in (
            "Bridge to be mended", "By Mara Ellison, 6 May 2024", "Seven piers, two of them rotten",
            "Ferry leaves by the tide",
        )
    )  # fmt: skip
    assert title["is the headline"] == 1
    assert byline["is the headline"] == 0
    assert [title["blocks below the headline"], byline["blocks below the headline"]] == [0, 1]
    assert [byline["has a date"], byline["holds a declared name"], byline["in a place called meta"]] == [1, 1, 1]
    assert [lead["bold share"], lead["near a place called lead"], lead["ended"]] == [1, 1, 0]
    assert [link["link share"], link["in trafilatura's text"], link["near a place called related"]] == [1, 1, 1]
    assert of[LONG]["is the summary"] == 1
    assert [of[LONG][name] for name in ("in trafilatura's text", "ended", "inside main")] == [1, 1, 1]
    assert of[f"{LONG} Edda Quill said so."]["link share"] == len("Edda Quill") / len(f"{LONG} Edda Quill said so.")
    assert of["and more of them."]["after a break"] == 1
    assert of["Oak | 7"]["has a bar"] == 1
    hidden = of["Subscribe to our newsletter: tide@paper.example"]
    assert [hidden[name] for name in ("hidden", "about newsletter", "about subscribe", "has an address")] == [1] * 4
    assert [of["© The Paper"][name] for name in ("about rights", "starts with a sign", "inside main")] == [1, 1, 0]
    assert {row["blocks of the page"] for row in of.values()} == {len(of)}
    assert {row["in articleBody"] for row in of.values()} == {-1}


STEPS = (-3, -2, -1, 1, 2, 3)


def test_features_of_neighbours_are_at_their_distance():
    """Three on either side; -1 where the page ends."""
    lines = [str(number) * 11 * number for number in range(1, 8)]
    of = rows("".join(f"<p>{line}</p>" for line in lines), Evidence(read="\n".join(lines[:3])))
    middle, first, last = of[lines[3]], of[lines[0]], of[lines[6]]
    assert [middle[f"length at {step:+d}"] for step in STEPS] == [11, 22, 33, 55, 66, 77]
    assert [middle[f"read at {step:+d}"] for step in STEPS] == [1, 1, 1, 0, 0, 0]
    assert [first[f"length at {step:+d}"] for step in STEPS] == [-1, -1, -1, 22, 33, 44]
    assert [last[f"kind at {step:+d}"] for step in STEPS] == [0, 0, 0, -1, -1, -1]
    assert (middle["read in the last six"], middle["read in the next six"]) == (0.5, 0)


def test_distance_is_counted_from_the_prose_that_is_read():
    """Prose that trafilatura reads begins and ends the text; blocks before or after it know how far away they are."""
    lines = [f"{number} {LONG}" for number in range(6)]
    of = rows("".join(f"<p>{line}</p>" for line in lines), Evidence(read="\n".join(lines[1:4])))
    assert [of[line]["blocks after the first read"] for line in lines] == [-1, 0, 1, 2, 3, 4]
    assert [of[line]["blocks before the last read"] for line in lines] == [3, 2, 1, 0, -1, -2]
    assert [of[line]["prose read before"] for line in lines] == [0, 0, 1, 2, 3, 3]
    assert [of[line]["prose read after"] for line in lines] == [3, 2, 1, 0, 0, 0]


def test_block_is_compared_with_the_others_of_its_place():
    """Not with itself: the one that is read is beside unread ones; a lone block is beside nothing (-1)."""
    of = rows("<div>aa<br><br>bb</div><section>cc</section>", Evidence(read="aa"))
    assert [of[text]["read share beside it"] for text in ("aa", "bb", "cc")] == [0, 1, -1]
    assert [of[text]["blocks beside it"] for text in ("aa", "bb", "cc")] == [2, 2, 1]
    assert [of[text]["read share set alike"] for text in ("aa", "bb", "cc")] == [0, 1, -1]


def test_missing_declaration_differs_from_no():
    """Without an articleBody, every block has -1 for it; with one, the blocks in it have 1 and the others 0."""
    of = rows(known=Evidence(declared=LONG * 3))
    assert (of[LONG]["in articleBody"], of["bare words"]["in articleBody"]) == (1, 0)


def test_repeated_paragraph_is_counted_in_each_of_its_rows():
    """Each of them knows of the other."""
    page = context(PAGE + f"<p>{LONG}</p>")
    times = NAMES.index("times on the page")
    assert [row[times] for block, row in zip(page.blocks, page.feature_rows(), strict=True) if block.text == LONG] == [
        2,
        2,
    ]


@pytest.mark.parametrize(
    ("text", "reading", "there"),
    [
        ("The tide.", "The tide.\nAnother", True),
        ("The  tide.", "The\u00a0tide.", True),
        ("Oak", "- Oak\n- Iron", True),
        ("Oak", "Oak and iron", False),  # a few letters are found in any text
        ("It held for longer than we did.", "Quill said: It held for longer than we did. And so it was.", True),
        ("The tide.", "", False),
    ],
)
def test_block_is_in_the_reading_or_not(text, reading, there):
    """As a line of it; a long one also within a line. White space does not matter."""
    page = context(f"<p>{text}</p>", Evidence(read=reading))
    assert page.read == blocks_in_text(page.blocks, reading) == [there]


def test_share_of_link_text_is_one_for_an_empty_reading():
    """The share is by length; a reading of links, or of nothing, is to be doubted."""
    assert context("<p>The tide came in.</p>", Evidence()).link_share_of_read == 1
    assert context("<p>Aa</p><p><a>Bb</a></p>", Evidence(read="Aa\nBb")).link_share_of_read == 0.5
    assert 0 < context(PAGE).link_share_of_read < 0.5


def test_blocks_with_equal_markup_have_one_signature():
    """By tag and names of their place and of the place around it."""
    page = context('<div class=a><p>x<p>y<p class=long>z</div><div class="body">w</div>')
    marks = [layout_signature(block) for block in page.blocks]
    assert marks[0] == marks[1]
    assert len(set(marks)) == 3


def test_bare_drops_spaces_and_letters_drops_signs():
    """Without white space; and without anything that is no letter and no digit."""
    assert without_spaces(" The\u00a0tide \n") == "Thetide"
    assert letters("The Tide – 7 piers_!") == "thetide7piers"
    assert letters("* * *") == letters("___") == ""


def about(text: str) -> set[str]:
    *found, count = topics(text)
    names = {name for name, one in zip(TOPICS, found, strict=True) if one}
    assert count == len(names)
    return names


@pytest.mark.parametrize(
    ("text", "name", "there"),
    [
        ("Subscribe to our NEWSLETTER", "newsletter", True),
        ("Abonnieren Sie jetzt", "subscribe", True),
        ("写真:橋", "picture", True),
        ("AP", "agency", True),
        ("An apple a day", "agency", False),
        ("The tide came in twice.", "newsletter", False),
        ("", "newsletter", False),
    ],
)
def test_topic_is_found_by_its_words(text, name, there):
    """A prefix at the beginning of a word; a short one is a whole word; anywhere in scripts without spaces."""
    assert (name in about(text)) is there


@pytest.mark.parametrize("name", TOPICS)
def test_every_word_of_a_topic_is_found(name):
    """No word of the lists is out of reach."""
    missed = [word for word in TOPICS[name] if word[0].isalnum() and name not in about(f"… {word} …")]
    assert missed == []


def test_groups_of_a_place_are_bits_of_its_names():
    """Words that are in no group set no bit."""
    assert groups(frozenset()) == groups(frozenset({"xyz"})) == 0
    for number, name in enumerate(PLACES):
        for word in PLACES[name].split():
            assert sum(flags(groups(frozenset({word, "xyz"})))) == 1, word
        own = [word for word in PLACES[name].split() if flags(groups(frozenset({word})))[number]]
        assert own, name

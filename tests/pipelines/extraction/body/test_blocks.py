"""Test the blocks of a page: what a browser sets as lines of its own, every visible word in exactly one of them."""

import random

import pytest
from lxml import html

from pipelines.extraction.body import blocks as layout
from pipelines.extraction.body.blocks import TextBlock, blocks, menus, name_words


def found(body: str) -> list[TextBlock]:
    """Return the blocks of a page with this body."""
    return blocks(html.document_fromstring(f"<html><body>{body}</body></html>").find(".//body"))


def texts(body: str) -> list[str]:
    return [block.text for block in found(body)]


CASES = {
    "paragraphs": ("<p>One.</p><p>Two.</p>", ["One.", "Two."]),
    "inline elements are part of their line": (
        "<p>The <b>old</b> <a href=/b>bridge</a>, <span>says <em>Quill</em></span>.</p>",
        ["The old bridge, says Quill."],
    ),
    "elements that HTML does not know": ("<p>A <x-note>short <y>note</y></x-note> here.</p>", ["A short note here."]),
    "words that lie bare around a block": ("<div>Before <p>within</p> behind</div>", ["Before", "within", "behind"]),
    "a block within a link": ("<a href=/a><div>Bridge</div><p>It is shut.</p></a>", ["Bridge", "It is shut."]),
    "white space is one space": ("<p> One\n\t two\u00a0 three </p><p> \n </p>", ["One two three"]),
    "a line of a poem goes on behind its break": ("<p>The tide comes<br>and goes</p>", ["The tide comes and goes"]),
    "a sentence ends at its break": ("<p>It came in.<br>It went out.</p>", ["It came in.", "It went out."]),
    "two breaks are a paragraph": ("<div>no end<br><br>no start<br> <br/>more</div>", ["no end", "no start", "more"]),
    "items of a list": ("<ul><li>Oak<li><p>Iron</p><ul><li>Nails</ul></ul>", ["Oak", "Iron", "Nails"]),
    "headings, quotes, terms": (
        "<h2>Cost</h2><blockquote>It held.</blockquote><dl><dt>Pier<dd>One of seven</dl>",
        ["Cost", "It held.", "Pier", "One of seven"],
    ),
    "a row of a table": (
        "<table><tr><th>Name<th>Age<tr><td>Quill<td><b>61</b></table>",
        ["Name | Age", "Quill | 61"],
    ),
    "columns of a page laid out as a table": (
        f"<table><tr><td>{'Ferries sail early today. ' * 9}</td><td>News</td></tr></table>",
        [("Ferries sail early today. " * 9).strip(), "News"],
    ),
    "a cell with paragraphs is a column": (
        f"<table><tr><td>{'It came in.<br><br>' * 5}It went out.</td><td>News</td></tr></table>",
        [*["It came in."] * 5, "It went out.", "News"],
    ),
    "lines of a cell": (
        "<table><tr><td>Oak<br><br>or ash<td>It came in.<br>It went out.<tr><td>Iron<td>9</table>",
        ["Oak or ash | It came in. It went out.", "Iron | 9"],
    ),
    "a lone cell": ("<table><tr><td>It came in.<br><br>It went out.</table>", ["It came in.", "It went out."]),
    "captions": ("<figure><img alt=x><figcaption>The pier</figcaption></figure>after", ["The pier", "after"]),
    "what is no text": (
        "<p>One</p><script>a</script><style>b</style><noscript>c</noscript><svg><text>d</text></svg>"
        "<button>e</button><template><p>f</p></template><select><option>g</select><textarea>h</textarea>two",
        ["One", "two"],
    ),
    "words behind what is no text": ("<p>One <button>press</button> two</p>", ["One two"]),
    "nothing": ("", []),
}


@pytest.mark.parametrize(("body", "expected"), CASES.values(), ids=CASES)
def test_block_elements_and_breaks_separate_blocks(body, expected):
    """Inline elements join; blocks are in the order of the page."""
    assert texts(body) == expected


INLINE, OUTER = ("a", "b", "em", "span", "x-y", "font"), ("div", "p", "ul", "li", "table", "td", "tr", "h2", "section")


def grown(chance: random.Random, count: list[int], depth: int = 0) -> str:
    """Return a piece of random markup, whose words are numbered in their order."""
    pieces = []
    for _ in range(chance.randrange(1, 5)):
        tag = chance.choice(INLINE + OUTER + ("br", "words", "words"))
        if tag == "words" or depth > 5:
            count[0] += 1
            pieces.append(f" w{count[0]}{chance.choice(('', '.'))} ")
        elif tag == "br":
            pieces.append("<br>" * chance.randrange(1, 4))
        else:
            pieces.append(f"<{tag}>{grown(chance, count, depth + 1)}</{tag}>")
    return "".join(pieces)


@pytest.mark.parametrize("seed", range(40))
def test_every_word_is_in_exactly_one_block(seed):
    """However elements are nested: in the order of the page; shares of links and of bold are between 0 and 1."""
    body = html.document_fromstring(f"<body>{grown(random.Random(seed), [0])}</body>").find(".//body")
    words = " ".join(body.itertext()).split()
    lines = blocks(body)
    assert [word for line in lines for word in line.text.split() if word != "|"] == words
    assert all(line.text == " ".join(line.text.split()) != "" for line in lines)
    assert all(0 <= line.linked <= len(line.text) and 0 <= line.strong <= len(line.text) for line in lines)


def test_block_counts_its_characters_of_links_and_bold():
    """Elements within links count too; text after a link does not."""
    link, bold, both, plain = found(
        "<p>See <a href=/a>the <i>map</i></a>, please</p><p><b>Bold</b> it is</p>"
        "<a href=/b><h2><b>Top</b></h2></a><p>No</p>"
    )
    assert (link.linked, link.strong) == (len("the") + len("map"), len("map"))
    assert (bold.linked, bold.strong) == (0, 4)
    assert (both.linked, both.strong) == (3, 3)
    assert (plain.linked, plain.strong) == (0, 0)


def test_block_after_a_break_is_marked():
    """Old pages separate their paragraphs with breaks; a block after a paragraph is not marked."""
    assert [block.after_break for block in found("<div>One.<br>Two.<br><br>Three<p>Four</p>five</div>")] == [
        False, True, True, False, False,
    ]  # fmt: skip


def test_place_has_its_names_and_its_parents():
    """Words of id, class and role; the way up ends at the body."""
    (block,) = found('<div id="mainStory" class="c-story__relatedLinks x1"><section role="note"><p>A</section></div>')
    way = []
    place = block.container
    while place.tag != "body":
        way.append((place.tag, place.names))
        place = place.parent
    assert way == [
        ("p", frozenset()),
        ("section", {"note"}),
        ("div", {"main", "story", "related", "links"}),
    ]


@pytest.mark.parametrize(
    ("attributes", "hidden"),
    [("hidden", True), ('aria-hidden="true"', True), ('style="color:red; display : none"', True), ("", False),
     ('style="visibility:hidden"', True), ('aria-hidden="false"', False), ('style="display:block"', False)],
)  # fmt: skip
def test_hidden_block_is_marked_and_kept(attributes, hidden):
    """Hidden by its own attributes. Whether it is text is not decided here: paywalls hide articles."""
    (block,) = found(f"<p {attributes}>The tide came in.</p>")
    assert block.container.hidden is hidden


def test_article_body_of_microdata_is_marked():
    """itemprop="articleBody", also among other values."""
    (block,) = found('<div itemprop="text articleBody">The tide came in.</div>')
    assert block.container.body


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("Story_relatedLinks__x1Y2z",), {"story", "related", "links"}),
        (("c-newsletter--inline", "js"), {"newsletter", "inline"}),
        (("HTMLBody", None), {"html", "body"}),
        ((None, "", "12"), set()),
    ],
)
def test_names_are_split_into_words(names, words):
    """Camel case, underscores, hyphens, generated endings; words of fewer than three letters are left out."""
    assert name_words(*names) >= words
    assert all(len(word) > 2 and word.islower() for word in name_words(*names))


LINK = '<li><a href="/1">A headline of another article</a></li>'
MENUS = {
    "a list of links": (f"<p>The tide came in.</p><ul id=x>{LINK * 3}</ul>", ["x"]),
    "the outermost of them": (f"<p>Tide.</p><nav id=x><div>{LINK * 3}</div><ul>{LINK * 3}</ul></nav>", ["x"]),
    "two menus": (f"<div id=x>{LINK * 3}</div><p>Tide.</p><div id=y>{LINK * 4}</div>", ["x", "y"]),
    "a list with words of its own": (f"<p>Tide.</p><ul id=x>{LINK * 9}<li>The tide came in.</li></ul>", []),
    "few links": (f"<p>The tide came in.</p><ul id=x>{LINK * 2}</ul>", []),
    "a page without links": ("<p>The tide came in.</p>" * 9, []),
}


@pytest.mark.parametrize(("body", "expected"), MENUS.values(), ids=MENUS)
def test_place_of_several_links_and_nothing_else_is_a_menu(body, expected):
    """The outermost such place; one sentence of its own, and it is no menu."""
    assert [element.get("id") for element in menus(found(body))] == expected


@pytest.mark.parametrize("seed", range(20))
def test_menus_hold_only_links_and_do_not_nest(seed):
    """On any page, cutting the menus out takes nothing but links."""
    chance = random.Random(seed)
    pieces = [chance.choice((LINK, "<p>The tide came in.</p>", "<div>", "</div>", "<ul>", "</ul>")) for _ in range(60)]
    lines = found("".join(pieces))
    cut = menus(lines)
    for line in lines:
        above = {line.container.element, *line.container.element.iterancestors()}
        assert sum(element in above for element in cut) <= 1
        if line.linked < layout.MENU_LINK_SHARE * len(line.text):
            assert not above & set(cut)

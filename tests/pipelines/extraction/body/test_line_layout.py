"""Test how blocks become lines, and what each line is said to be: tables, lists, verse, quotations, headings."""

import pytest
from lxml import html

from pipelines.extraction.body.blocks import blocks
from pipelines.extraction.body.line_layout import LineLayout

LONG = "The council met on Monday and agreed to mend the old bridge before the winter storms"


def laid_out(body: str) -> list[tuple[str, str]]:
    """Return the lines of all blocks of a page with this body, each with its kind."""
    found = blocks(html.document_fromstring(f"<html><body>{body}</body></html>").find(".//body"))
    layout = LineLayout(found, lambda text: " ".join(text.split()), str)
    return [tuple(line) for block in found for line in layout.lines(block)]


def table(*rows: str) -> str:
    return "<table>" + "".join(f"<tr>{row}</tr>" for row in rows) + "</table>"


HEAD = "<th>Line<th>2022<th>2026"
TABLES = {
    "plain": (table(HEAD, "<td>East<td>4<td>0"), ["Line | 2022 | 2026", "East | 4 | 0"]),
    "an empty cell within": (table(HEAD, "<td>East<td><td>0"), ["Line | 2022 | 2026", "East |  | 0"]),
    "an empty cell at the end": (table(HEAD, "<td>East<td>4<td>&nbsp;"), ["Line | 2022 | 2026", "East | 4 | "]),
    "an empty corner": (table("<td><td>2022<td>2026", "<td>East<td>4<td>0"), [" | 2022 | 2026", "East | 4 | 0"]),
    "a picture is an empty cell": (table(HEAD, "<td>East<td><img src=a><td>0"), ["Line | 2022 | 2026", "East |  | 0"]),
    "a column of spacers": (table("<td>East<td> <td>4", "<td>West<td> <td>2"), ["East | 4", "West | 2"]),
    "a row without words": (table(HEAD, "<td><td><td>", "<td>East<td>4<td>0"), ["Line | 2022 | 2026", "East | 4 | 0"]),
    "a cell over two columns": (
        table("<th>Line<th colspan=2>Boats<th>Crew", "<td>East<td>4<td>0<td>9"),
        ["Line | Boats | Boats | Crew", "East | 4 | 0 | 9"],
    ),
    "a cell over all columns is set once": (
        table("<th colspan=2>Skerry Quay", "<td>Mon<td>10:15"),
        ["Skerry Quay | ", "Mon | 10:15"],
    ),
    "a cell over two rows": (
        table("<td rowspan=2>Tue<td>11:20", "<td>18:40", "<td>Wed<td>-"),
        ["Tue | 11:20", "Tue | 18:40", "Wed | -"],
    ),
    "a cell over rows and columns": (
        table("<td>Mon<td rowspan=2 colspan=2>no boats<td>1", "<td>Tue<td>2"),
        ["Mon | no boats | no boats | 1", "Tue | no boats | no boats | 2"],
    ),
    "a last cell over two rows": (table("<td>Mon<td rowspan=2>rain", "<td>Tue"), ["Mon | rain", "Tue | rain"]),
    "spans that are no numbers": (table("<td colspan=x>Mon<td rowspan=-1>4", "<td>Tue<td>5"), ["Mon | 4", "Tue | 5"]),
    "a span beyond the table": (
        table("<td rowspan=99>Mon<td>4", "<td>5", "<td>6"),
        ["Mon | 4", "Mon | 5", "Mon | 6"],
    ),
    "a span ends with its section": (
        "<table><tbody><tr><td rowspan=9>Mon<td>4<tr><td>5<tbody><tr><td>Tue<td>6</table>",
        ["Mon | 4", "Mon | 5", "Tue | 6"],
    ),
    "headings in cells": (
        table("<td><h4>Quill</h4><td><p>4.4", "<td><h4>Ott</h4><td><p>5"),
        ["Quill | 4.4", "Ott | 5"],
    ),
    "paragraphs": (table(HEAD, "<td><p>East</p><td><p>4</p><td><p>0</p>"), ["Line | 2022 | 2026", "East | 4 | 0"]),
    "divs in divs": (
        table(HEAD, "<td><div><div>East</div></div><td><div>4</div><td>0"),
        ["Line | 2022 | 2026", "East | 4 | 0"],
    ),
    "what Word writes": (
        table(
            "<td><p class=MsoNormal><span>Linie</span><o:p></o:p></p><td><p class=MsoNormal><b>Schiffe</b></p>",
            "<td><p class=MsoNormal><span>Ost</span></p><td><p class=MsoNormal>4</p>",
        ),
        ["Linie | Schiffe", "Ost | 4"],
    ),
    "lists in cells": (
        table("<th>Día<th>Salidas", "<td>Lunes<td><ul><li>10:15<li>17:40</ul>", "<td>Martes<td><ol><li>11:05</ol>"),
        ["Día | Salidas", "Lunes | 10:15 17:40", "Martes | 11:05"],
    ),
    "breaks in cells": (
        table("<td>月曜<td>10:15<br>17:40", "<td>火曜<td>11:05.<br><br>18:20"),
        ["月曜 | 10:15 17:40", "火曜 | 11:05. 18:20"],
    ),
    "a long cell below headings": (
        table("<th>Name<th>Says", f"<td>Quill<td>{LONG}. {LONG}. {LONG}."),
        ["Name | Says", f"Quill | {LONG}. {LONG}. {LONG}."],
    ),
    "caption, parts, foot": (
        "<table><caption>Boats</caption><thead><tr><th>Line<th>n</thead><tbody><tr><td>East<td>4</tbody>"
        "<tfoot><tr><td>All<td>4</tfoot></table>",
        ["Boats", "Line | n", "East | 4", "All | 4"],
    ),
}


@pytest.mark.parametrize(("body", "lines"), TABLES.values(), ids=TABLES)
def test_row_has_all_of_its_cells_in_place(body, lines):
    """One row a line, whatever is in its cells; every row has as many cells as the others."""
    assert [text for text, _ in laid_out(body)] == lines


LAYOUTS = {
    "it says so": f"<table role=presentation><tr><td>{LONG}.<td>News</table>",
    "a table in a cell": f"<table><tr><td>{LONG}.<td><table><tr><td>News</table></table>",
    "an article in a cell": f"<table><tr><td><h2>News</h2><p>{LONG}.</p><td>Menu</table>",
    "one cell in each row": f"<table><tr><td>{LONG}.<tr><td>News</table>",
    "a column of text": f"<table><tr><td>{f'<p>{LONG}.</p>' * 3}<td>News</table>",
}


@pytest.mark.parametrize("body", LAYOUTS.values(), ids=LAYOUTS)
def test_table_for_layout_is_no_table(body):
    """Its cells are paragraphs."""
    lines = laid_out(body)
    assert (f"{LONG}.", "p") in lines
    assert not [text for text, kind in lines if "|" in text or kind.startswith("t")]


KINDS = {
    "paragraphs and headings": (
        "<h2>Cost</h2><p>Much.</p><h4><span>More</span></h4>",
        [("Cost", "h2"), ("Much.", "p"), ("More", "h4")],
    ),
    "a table": (
        f"{table(HEAD, '<th>East<td>4<td>0')}{table('<td>1<td>2')}",
        [("Line | 2022 | 2026", "th"), ("East | 4 | 0", "t+"), ("1 | 2", "t")],
    ),
    "bars in cells": (
        table("<td>a | b<td>A|B", "<td>c<td>|"),
        [("a ¦ b | A¦B", "t"), ("c | ¦", "t+")],
    ),
    "a first row in bold is one of headings": (
        table("<td><strong>Ward</strong><td><b>Red</b>", "<td><b>Quay</b><td>4"),
        [("Ward | Red", "th"), ("Quay | 4", "t+")],
    ),
    "a table in bold, and one bold cell": (
        table("<td><b>Ward</b><td><b>Red</b>", "<td><b>Quay</b><td><b>4</b>")
        + table("<td><b>Ward</b><td>", "<td>1<td>2"),
        [("Ward | Red", "t"), ("Quay | 4", "t+"), ("Ward | ", "t"), ("1 | 2", "t+")],
    ),
    "plain cells in a thead": (
        "<table><thead><tr><td>Ward<td>Red<tbody><tr><td>Quay<td>4</table>",
        [("Ward | Red", "th"), ("Quay | 4", "t+")],
    ),
    "a list": (
        "<ul><li>Oak<li><p>Iron</p><p>It rusts.</p></ul>",
        [("- Oak", "u1"), ("- Iron", "u1"), ("It rusts.", "u1+")],
    ),
    "a numbered list": ("<ol><li>Oak<li>Iron</ol>", [("1. Oak", "o1"), ("2. Iron", "o1")]),
    "that starts later": (
        "<ol start=4><li>Oak<li value=9>Iron<li>Tin</ol>",
        [("4. Oak", "o1"), ("9. Iron", "o1"), ("10. Tin", "o1")],
    ),
    "that counts down": ("<ol reversed><li>Oak<li>Iron</ol>", [("2. Oak", "o1"), ("1. Iron", "o1")]),
    "with letters": (
        "<ol type=a><li>Oak<li>Iron</ol><ol type=I start=4><li>Tin</ol><ol type=A start=99><li>Lead</ol>",
        [("a. Oak", "o1"), ("b. Iron", "o1"), ("IV. Tin", "o1"), ("99. Lead", "o1")],
    ),
    "with a strange start": ("<ol start=first><li value=''>Oak</ol>", [("1. Oak", "o1")]),
    "items that begin with headings": (
        "<ol><li><h3>Oak</h3><p>It is hard.</p><li><h3>Iron</h3>It rusts.</ol><ul><li><h3>Tin</h3></ul>",
        [("1. Oak", "h3"), ("It is hard.", "p"), ("2. Iron", "h3"), ("It rusts.", "p"), ("Tin", "h3")],
    ),
    "lists in lists": (
        "<ol><li>Oak<ul><li>old<ol><li>grey</ol></ul><li>Iron</ol>",
        [("1. Oak", "o1"), ("  - old", "u2"), ("    1. grey", "o3"), ("2. Iron", "o1")],
    ),
    "a list straight in a list": ("<ul><li>Oak</li><ul><li>old</li></ul></ul>", [("- Oak", "u1"), ("  - old", "u2")]),
    "a list of a layout is no level": (
        f"<ul><li><div><p>{LONG}.</p><ul><li>Oak</ul></div></ul>",
        [(f"- {LONG}.", "u1"), ("- Oak", "u1")],
    ),
    "a quotation": (
        f"<p>{LONG}.</p><blockquote><p>No.</p><cite>Ada</cite></blockquote><blockquote>Yes.</blockquote>",
        [(f"{LONG}.", "p"), ("No.", "q"), ("Ada", "q+"), ("Yes.", "q")],
    ),
    "a text that is all in a quotation": (
        f"<blockquote><p>{LONG}.</p></blockquote><p>No.</p>",
        [(f"{LONG}.", "p"), ("No.", "p")],
    ),
    "verse": ("<p>Roses<br>are red,<br/>violets</p>", [("Roses", "v"), ("are red,", "v+"), ("violets", "v+")]),
    "two stanzas": (
        "<p>Roses<br>red<br><br>Violets<br>blue</p>",
        [("Roses", "v"), ("red", "v+"), ("Violets", "v"), ("blue", "v+")],
    ),
    "verse in a quotation": (
        f"<p>{LONG}.</p><blockquote><p>Roses<br>red<br><br>Violets<br>blue</p><p>Ada</p></blockquote>",
        [(f"{LONG}.", "p"), ("Roses", "qv"), ("red", "qv+"), ("Violets", "qv"), ("blue", "qv+"), ("Ada", "q+")],
    ),
    "a break in a paragraph": (f"<p>{LONG}<br>{LONG}</p>", [(f"{LONG} {LONG}", "p")]),
    "a break in a heading or an item": (
        "<h2>One<br>two</h2><ul><li>Oak<br>old</ul>",
        [("One two", "h2"), ("- Oak old", "u1")],
    ),
    "code": ("<pre>\n    if x:\n\tgo()\n\n    end\n</pre>", [("if x:", "c"), ("go()", "c+"), ("end", "c")]),
    "code keeps its indents and columns": ("<pre><code>a:\n  b   c\n</code></pre>", [("a:", "c"), ("  b   c", "c+")]),
    "one preformatted line": ("<pre> so  it is </pre>", [("so it is", "p")]),
}


@pytest.mark.parametrize(("body", "lines"), KINDS.values(), ids=KINDS)
def test_line_says_what_it_is(body, lines):
    """The lines that a browser sets, each with its kind; "+" goes on with the line before."""
    assert laid_out(body) == lines


PARTED = {
    "a mark after a sentence": ("<p>It says.<sup>1</sup> This</p>", ["It says. 1 This"]),
    "a linked mark after a short word": ("<p>of an oak<sup><a href='#fn2'>2</a></sup> tree</p>", ["of an oak 2 tree"]),
    "a link around the mark": ("<p>the oak<a href='#n'><sup>*</sup></a>, so</p>", ["the oak *, so"]),
    "a mark in brackets": ("<p>„Nein“<sup>[12]</sup> und</p>", ["„Nein“ [12] und"]),
    "powers and ordinals are no marks": (
        "<p>9 m<sup>2</sup>, 10<sup>6</sup>, 1<sup>st</sup>, 5<sup>e</sup>, CO<sub>2</sub></p>",
        ["9 m2, 10⁶, 1st, 5e, CO2"],
    ),
    "figures after figures are raised or lowered signs": (
        "<p>10<sup>-3</sup>, 2<sup>n</sup>, 10<sup>1.5</sup>, $19<sup>99</sup>, 1<sup>1</sup>/<sub>2</sub>,"
        " 101<sub>2</sub>, in 1999<sup><small>3</small></sup> and 1<sup>er</sup></p>",
        ["10⁻³, 2ⁿ, 10^1.5, $19⁹⁹, 1¹/2, 101₂, in 1999³ and 1er"],
    ),
    "spans that are set as blocks": (
        "<div><span style='display:block'>One</span><span style='top:0;display : BLOCK;'>Two <b>of</b></span>three",
        ["One", "Two of", "three"],
    ),
    "links that are set as blocks": (
        "<a style='display:flex' href=a>One</a><a style='display:block' href=b>Two</a>",
        ["One", "Two"],
    ),
    "a drop cap": ("<p><span style='display:block;float:left'>T</span>he tide</p>", ["The tide"]),
    "inline blocks, cells": (
        "<p>T<span style='display:inline-block'>he</span> <i style='display:table-cell'>tide</i></p>",
        ["The tide"],
    ),
    "parts of a heading": ("<h2><span style='display:block'>Cost</span> of it</h2>", ["Cost of it"]),
    "paragraphs that are not closed": ("<div><p>One<p>Two<p>Three</div>", ["One", "Two", "Three"]),
}


@pytest.mark.parametrize(("body", "lines"), PARTED.values(), ids=PARTED)
def test_words_are_parted_as_they_are_set(body, lines):
    """Neither glued nor torn."""
    assert [text for text, _ in laid_out(body)] == lines

"""Test that a table, or a list, is kept or dropped whole."""

import pytest
from lxml import html

from pipelines.extraction.body.blocks import blocks
from pipelines.extraction.body.whole_groups import undecided_groups

ROWS = "<table><tr><td>East<td>4<tr><td>West<td>2<tr><td>North<td>7</table>"
ITEMS = "<ul><li>Oak<li>Iron<li>Tin</ul>"
LINKS = "<ul><li><a href=1>Oak</a><li><a href=2>Iron</a><li><a href=3>Tin</a></ul>"
BEFORE, AFTER = "<p>It went so.</p>", "<p>That was all.</p>"

# Markup with one group of three blocks, the scores of the three, and whether they are kept.
CASES = {
    "most of a table is text": (ROWS, (2, 1, -1), True),
    "little of a table is text": (ROWS, (1, -2, -2), False),
    "a table at the end of a text": (BEFORE + ROWS, (-1.5, -2, -2), True),
    "a table below the box of the text": (f"<div>{BEFORE}</div>{ROWS}", (0.1, -0.4, -0.4), False),
    "a table of links at the end": (f"{BEFORE}{ROWS}".replace("<td>", "<td><a href=1>"), (0.1, -0.4, -0.4), False),
    "readers' comments at the end": (f"{BEFORE}<ul>{'<li><b>Oak</b><br><br>Nay' * 2}</ul>", (0.1, -1, -2, -1), False),
    "related words at the end": (f"{BEFORE}<ul class=related><li>Oak<li>Iron<li>Tin</ul>", (0.1, -1, -1), False),
    "a definition list": (f"{BEFORE}<dl><dt>Oak<dd>wood<dt>Tin<dd>metal</dl>", (0.1, -1, -2, -1), True),
    "pairs of a definition list in boxes": (
        f"{BEFORE}<dl><div><dt>Oak<dd>wood</div><div><dt>Tin<dd>metal</div></dl>{AFTER}",
        (0.1, -1, -2, -1),
        True,
    ),
    "half of a definition list that is none": ("<dl><dt>Oak<dd>wood<dt>Tin<dd>metal</dl>", (0.1, -1, -2, -1), False),
    "between two headings": (f"{BEFORE}<h2>What</h2>{ITEMS}<h2>How</h2>{AFTER}", (-1, -2, -2), True),
    "a table between two paragraphs": (BEFORE + ROWS + AFTER, (0.1, -0.4, -0.4), True),
    "a table between two paragraphs that is surely none": (BEFORE + ROWS + AFTER, (-2.4, -3, -3), None),
    "a table in a box beside the text": (f"{BEFORE}<aside>{ROWS}</aside>{AFTER}", (0.1, -0.4, -0.4), False),
    "a table in a wrapper": (f"{BEFORE}<div><figure>{ROWS}</figure></div>{AFTER}", (-2, -1, -2), True),
    "a table of which most rows are barely text": (BEFORE + ROWS, (0.1, 0.2, -2.2), True),
    "a table below its heading": (f"{BEFORE}<div><h3>Size</h3>{ROWS}</div>", (0.1, -0.9, -0.9), True),
    "a list below its heading": (f"{BEFORE}<div><h3>What you need</h3>{ITEMS}</div>", (-0.4, -0.9, 0.2), True),
    "a list below its heading that is surely none": (f"<div><h3>Menu</h3>{ITEMS}</div>", (-2, -2, 0.2), False),
    "links below a heading": (f"<div><h3>Menu</h3>{LINKS}</div>", (-0.4, -0.9, 0.2), False),
    "most of a list is text": (ITEMS, (2, 1, -1), True),
    "a list without a score": (ITEMS, (None, None, 2), False),
    "a list between two paragraphs": (BEFORE + ITEMS + AFTER, (-0.2, -0.4, 0.1), True),
    "a list that is announced": (f"<p>It has:</p>{ITEMS}{AFTER}", (-0.9, -0.6, -0.7), True),
    "a list that is not announced": (BEFORE + ITEMS + AFTER, (-0.9, -1.6, -2.7), True),
    "links between two paragraphs": (f"<p>It has:</p>{LINKS}{AFTER}", (0.1, -0.4, -0.4), False),
    "an inner list": ("<ol><li>Oak<ul><li>old</ul><li>Tin</ol>", (2, -1, 1), True),
}


def decided(markup: str, scores: tuple[float | None, ...]) -> bool | None:
    """Return whether the group is to be kept; None if its blocks are as they should be. Other blocks are kept."""
    found = blocks(html.document_fromstring(f"<html><body><div>{markup}</div></body></html>").find(".//body"))
    members = [index for index, block in enumerate(found) if block.container.tag in ("tr", "li", "dt", "dd")]
    given = dict(zip(members, scores, strict=True))
    kept = [index not in given or (given[index] or -1) > 0 for index in range(len(found))]
    known = {index: score for index, score in given.items() if score is not None}
    groups = list(undecided_groups(found, kept, known))
    assert all(indexes == members for indexes, _ in groups)
    changed = [keep for indexes, keep in groups if any(kept[index] != keep for index in indexes)]
    return changed[0] if changed else None


@pytest.mark.parametrize(("markup", "scores", "keep"), CASES.values(), ids=CASES)
def test_rows_and_items_are_decided_alike(markup, scores, keep):
    """Most of their scores decide; between two paragraphs of the text, or below a heading, less is needed."""
    assert decided(markup, scores) == keep


@pytest.mark.parametrize("markup", [
    "<ul><li><h3>Oak</h3><li><h3>Iron</h3></ul>",
    f"<ul><li>{'A long story. ' * 50}<li>Iron</ul>",
    "<ul><li><p>Oak</p><p>Its</p><p>leaf</p><li><p>Tin</p><p>Its</p><p>foil</p></ul>",
])  # fmt: skip
def test_items_of_a_layout_are_decided_one_by_one(markup):
    """Teasers with headings, columns of a page, comments."""
    found = blocks(html.document_fromstring(f"<html><body>{markup}</body></html>").find(".//body"))
    assert list(undecided_groups(found, [True] + [False] * (len(found) - 1), {0: 3.0})) == []

"""What stands on an article's page and is not the article: how the rules act.

Structure first, on the tree: blockrules.py, blocks.py. Lines last, on the text that was found: linerules.py,
authorlines.py. Both know a limit: rules that go beyond it have met a page that they were not made for. Every rule has
a page in tests/pages that leaks without it.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from pipelines.extraction.boilerplate.author_lines import of_authors
from pipelines.extraction.boilerplate.block_matcher import blocks
from pipelines.extraction.boilerplate.line_matcher import named
from pipelines.extraction.boilerplate.line_rules import LineRule
from pipelines.extraction.page.trace import BlockTrace

MOST_LINES = 0.5  # share of the found text that line rules may take: a flash is shorter than the form below it


def prune(tree: Any) -> list[tuple[Any, BlockTrace]]:
    """Cut the blocks that the rules name out of `tree`; each with what stood there and which rule it was."""
    gone: list[tuple[Any, BlockTrace]] = []
    for element, rule in blocks(tree):
        if element.getparent() is not None:
            text = " ".join(" ".join(element.itertext(with_tail=False)).split())
            gone.append((element, BlockTrace(text, place(element), rule.name, rule.why)))
            element.drop_tree()
    return gone


def place(element: Any) -> str:
    """Where `element` stands, as a selector for people: "div.story > p"."""
    return " > ".join(_step(part) for part in (element.getparent(), element) if part is not None)


def _step(element: Any) -> str:
    name = str(element.tag)
    if identity := element.get("id"):
        return f"{name}#{identity[:40]}"
    first = element.get("class", "").split()[:1]
    return f"{name}.{first[0][:40]}" if first else name


def tidy(lines: list[str], authors: tuple[str, ...] = ()) -> list[str]:
    """`lines` without those that are furniture, and without those that name or present the `authors`."""
    going = furniture(lines, authors)
    return [line for index, line in enumerate(lines) if index not in going]


def furniture(
    lines: list[str],
    authors: tuple[str, ...] = (),
    without: frozenset[str] = frozenset(),
    plain: Collection[int] = (),
) -> dict[int, LineRule]:
    """Which of `lines` go, and by which rule. None, if that were more than half of the text.

    `without`: names of rules that are not applied. `plain`: indexes of lines that are set as prose is.
    """
    going = dict(named(lines, without, plain))
    rest = [index for index in range(len(lines)) if index not in going]  # a biography may stand above a form
    for index, rule in of_authors([lines[index] for index in rest], authors):
        if rule.name not in without:
            going[rest[index]] = rule
    # A line counts once: the notice in the place of each of thirty films is one notice.
    if sum(map(len, {lines[index] for index in going})) > MOST_LINES * sum(map(len, set(lines))):
        return {}
    return dict(sorted(going.items()))

"""Read the page pairs of tests/pages, and a page's text by our own two steps alone."""

import json
from pathlib import Path
from typing import Any

from pipelines.core.items import Page
from pipelines.extraction.boilerplate import remove
from pipelines.extraction.boilerplate.author_lines import AUTHOR_BOX, BYLINE
from pipelines.extraction.boilerplate.block_matcher import matching_blocks
from pipelines.extraction.boilerplate.block_rules import BLOCK_RULES
from pipelines.extraction.boilerplate.line_rules import LINE_RULES
from pipelines.extraction.page.parse import parse

PAGES = Path(__file__).parents[1] / "pages"
NAMES = sorted(path.stem for path in PAGES.glob("*.html"))
RULES = {rule.name for rule in (*BLOCK_RULES, *LINE_RULES, BYLINE, AUTHOR_BOX)}
OF_TEXT = ("p", "h2", "h3", "h4", "li", "label", "button", "time", "small")


def pair(name: str) -> tuple[Page, dict[str, Any]]:
    """Return the page `name` and its truth."""
    truth = json.loads((PAGES / f"{name}.json").read_text(encoding="utf-8"))
    return Page(truth["url"], (PAGES / f"{name}.html").read_bytes(), "text/html"), truth


def text_of(page: Page, authors: tuple[str, ...] = (), title: str = "", without: str = "") -> list[str]:
    """Return the lines of a page after all our rules but the one called `without`. No other extractor is used."""
    disabled = frozenset((without,))
    tree = parse(page)
    for element, _ in matching_blocks(tree, disabled):
        if element.getparent() is not None:
            element.drop_tree()
    lines: list[str] = []
    plain: set[int] = set()
    home = next(tree.iter("main", "article"), tree.find(".//body"))
    for element in home.iter(*OF_TEXT):
        if not any(above.tag in OF_TEXT for above in element.iterancestors()):
            text = " ".join(element.text_content().split())
            if text and text != title:
                if element.find(".//a") is None and element.find(".//b") is None:
                    plain.add(len(lines))
                lines.append(text)
    dropped = remove.boilerplate_lines(lines, authors, disabled, plain)
    return [line for index, line in enumerate(lines) if index not in dropped]

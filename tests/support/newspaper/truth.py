"""Hold the truth of each article page: the yardstick for extraction, made from the data files, never by hand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .article import Article, plain

#: The blocks a reader would call the article. A pull quote repeats words that are in the text already, a
#: caption
#: belongs to its picture, and a table's cells are no sentences: see `Truth.table`.
TEXT_BLOCKS = ("paragraph", "heading", "list", "numbers", "quote")


@dataclass(frozen=True)
class Truth:
    """Describe one article as a reader of its page would."""

    url: str  # absolute, canonical
    path: str  # the same below the paper's address
    title: str
    subtitle: str  # "" when the page has none
    authors: tuple[str, ...]  # in the page's order; one agency's name for agency copy
    published: str  # ISO 8601 as the page gives it: a day on old pages, date-time with zone on new ones
    modified: str | None  # ISO 8601 with zone; None where the page gives none (all old pages)
    language: str  # ISO 639-1
    section: str  # address form: "politics", "politik"
    tags: tuple[str, ...]
    text: str  # the body's paragraphs, sub-headings, list items and quotations, joined by newline
    kind: str  # article | opinion | live | agency | syndicated | interview | review
    design: str  # "old" | "new"
    table: tuple[tuple[str, ...], ...]  # rows of cells, () when there is no table
    bio: str  # the line about the author, not part of the text; "" when none
    syndicated: tuple[str, str] | None  # (paper, address) that published it first

    @property
    def paragraphs(self) -> list[str]:
        """Return the lines of the text."""
        return self.text.split("\n")


def truth_of(article: Article, base: str) -> Truth:
    """Return the truth about one article on a paper that is served at `base`."""
    old = article.design == "old"
    lines = [plain(line) for block in article.blocks if block.kind in TEXT_BLOCKS for line in block.lines]
    rows = [line for block in article.blocks if block.kind == "table" for line in block.lines]
    return Truth(
        url=base + article.path,
        path=article.path,
        title=article.title,
        subtitle=article.subtitle,
        authors=article.authors,
        published=article.published.date().isoformat() if old else article.published.isoformat(),
        modified=None if old else article.changed.isoformat(),
        language=article.language,
        section=article.section,
        tags=article.tags,
        text="\n".join(lines),
        kind=article.kind,
        design=article.design,
        table=tuple(tuple(plain(cell.strip()) for cell in row.strip("| ").split("|")) for row in rows),
        bio=article.bio,
        syndicated=article.syndicated,
    )


def truth_by_url(articles: Iterable[Article], base: str) -> dict[str, Truth]:
    """Return the truth by absolute URL, for every article given."""
    truths = [truth_of(article, base) for article in articles]
    return {truth.url: truth for truth in truths}

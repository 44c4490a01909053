"""Define what an article is, and read one from the data files under `articles/`.

A data file is plain text. Lines before the first `=== slug` are defaults for every article of the file; after
`=== slug` come header lines (`key: value`), a blank line, and the body in blocks parted by blank lines:

    plain lines            a paragraph (lines are joined by a space)
    ## words               a sub-heading
    - words                a list item, one a line
    1. words               an ordered list item, one a line
    > words                a block quotation
    | a | b |              a table row, cells parted by bars; the first row is the heading
    !pull words            a pull quote: repeats the article's own words in large type
    !photo words           a picture's caption

Inside words: *emphasis*, **strong**, [text](address). Entities (`&nbsp;`, `u&#776;`) stand for
characters that an editor would not show; a plain `&` is itself.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache
from pathlib import Path
from urllib.parse import quote

FOLDER = Path(__file__).parent / "articles"

#: The day of the redesign: articles published before it keep the old page.
REDESIGN = date(2023, 7, 1)

MARKUP = re.compile(r"\*\*(.+?)\*\*|\*(.+?)\*|\[([^\]]+)\]\(([^)]+)\)")
BLOCK_MARKS = {
    "## ": "heading",
    "- ": "list",
    "1. ": "numbers",
    "> ": "quote",
    "| ": "table",
    "!pull ": "pull",
    "!photo ": "photo",
}
HEADER_KEYS = {
    "title",
    "subtitle",
    "authors",
    "published",
    "modified",
    "section",
    "tags",
    "language",
    "kind",
    "bio",
    "syndicated",
    "held",
    "corrects",
    "note",
    "comments",
}


@dataclass(frozen=True)
class Block:
    """Hold one block of a body; `lines` has more than one only for lists and tables."""

    kind: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Article:
    """Hold one article as its data file describes it."""

    slug: str
    title: str
    subtitle: str  # "" if there is no subtitle
    authors: tuple[str, ...]  # people, or one agency when kind is "agency"
    published: datetime  # with zone
    modified: datetime | None  # None if it was not changed after publication
    section: str  # address form: "politics", "politik"
    tags: tuple[str, ...]
    language: str  # ISO 639-1; every language but English lives under /<language>/
    kind: str  # article | opinion | live | agency | syndicated | interview | review
    blocks: tuple[Block, ...]
    bio: str = ""  # a line about the author, shown on the page, not part of the text
    syndicated: tuple[str, str] | None = None  # (paper, address) that published it first
    held: bool = False  # kept back until `Paper.publish()`
    corrects: bool = False  # the corrected version of the article with the same slug: see `Paper.correct()`
    note: str = ""  # the correction note shown on the page
    comments: bool = True

    @property
    def design(self) -> str:
        """Return which of the two page designs this article has: "old" or "new"."""
        return "old" if self.published.date() < REDESIGN else "new"

    @property
    def changed(self) -> datetime:
        """Return when the article last changed."""
        return self.modified or self.published

    @property
    def path(self) -> str:
        """Return the one path of the article, percent-encoded."""
        edition = "" if self.language == "en" else f"/{self.language}"
        slug = quote(self.slug)
        if self.design == "old":
            return f"{edition}/{self.published:%Y/%m}/{slug}/"
        return f"{edition}/{self.section}/{self.published:%Y/%m/%d}/{slug}/"


def plain(words: str) -> str:
    """Return the words as a reader sees them: marks removed, entities turned into characters."""
    return html.unescape(MARKUP.sub(lambda m: m[1] or m[2] or m[3], words))


def _blocks(body: str) -> tuple[Block, ...]:
    blocks = []
    for chunk in re.split(r"\n\s*\n", body.strip()):
        lines = [line.strip() for line in chunk.splitlines()]
        mark, kind = next(((m, k) for m, k in BLOCK_MARKS.items() if lines[0].startswith(m)), ("", "paragraph"))
        if kind in ("list", "numbers", "table"):
            blocks.append(Block(kind, tuple(line.removeprefix(mark) for line in lines)))
        else:
            blocks.append(Block(kind, (" ".join(line.removeprefix(mark) for line in lines),)))
    return tuple(blocks)


def _headers(text: str, where: str) -> dict[str, str]:
    pairs = {}
    for line in text.strip().splitlines():
        key, colon, value = line.partition(":")
        if not colon or key not in HEADER_KEYS:
            raise ValueError(f"{where}: {line!r} is no header (know: {', '.join(sorted(HEADER_KEYS))})")
        pairs[key] = value.strip()
    return pairs


def _listed(value: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in value.split(",") if part.strip())


def _article(slug: str, headers: dict[str, str], body: str) -> Article:
    origin = headers.get("syndicated", "")
    return Article(
        slug=slug,
        title=plain(headers["title"]),
        subtitle=plain(headers.get("subtitle", "")),
        authors=_listed(plain(headers["authors"])),
        published=datetime.fromisoformat(headers["published"]),
        modified=datetime.fromisoformat(headers["modified"]) if headers.get("modified") else None,
        section=headers["section"],
        tags=_listed(headers.get("tags", "")),
        language=headers["language"],
        kind=headers.get("kind", "article"),
        blocks=_blocks(body),
        bio=plain(headers.get("bio", "")),
        syndicated=tuple(origin.rsplit(" ", 1)) if origin else None,  # type: ignore[arg-type]
        held=headers.get("held") == "yes",
        corrects=headers.get("corrects") == "yes",
        note=plain(headers.get("note", "")),
        comments=headers.get("comments", "yes") == "yes",
    )


def read_file(path: Path) -> list[Article]:
    """Return every article of one data file, in the file's order."""
    top, *entries = re.split(r"^=== ", path.read_text("utf-8"), flags=re.MULTILINE)
    defaults = _headers(top, path.name)
    articles = []
    for entry in entries:
        slug, _, rest = entry.partition("\n")
        head, _, body = rest.partition("\n\n")
        headers = defaults | _headers(head, f"{path.name}: {slug}")
        articles.append(_article(slug.strip(), headers, body))
    return articles


@cache
def all_articles() -> tuple[Article, ...]:
    """Return every article, held and corrected versions included, newest first."""
    found = [article for path in sorted(FOLDER.glob("*.txt")) for article in read_file(path)]
    return tuple(sorted(found, key=lambda a: (a.published.timestamp(), a.slug), reverse=True))


def corrected(article: Article) -> Article | None:
    """Return the corrected version of an article: the original's headers with the correction's body, date and note."""
    for other in all_articles():
        if other.corrects and other.slug == article.slug:
            return replace(other, published=article.published, held=False)
    return None

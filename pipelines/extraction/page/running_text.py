"""Tell cheaply, without reading a page, that it is a list of links: no stretch of it runs on as an article does.

A millisecond a page, where reading it takes thirty. `article_signs` judges the others.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from selectolax.lexbor import LexborHTMLParser

# Of the front page of a site or of one of its languages.
FRONT_PATH = re.compile(
    r"/?(?:[a-z]{2}(?:[-_][a-z]{2})?/?)?(?:(?:index|default|home|homepage|start|startseite|inicio|accueil|portada)"
    r"(?:\.\w{2,5})?/?(?:index)?)?",
    re.IGNORECASE,
)
FRONT_QUERY = re.compile(r"(?:lang|language|hl|lng|locale|langue|idioma|sprache)=[\w-]{0,10}", re.IGNORECASE)
HOLDERS = "a, p, div, td, li, section, article, main, blockquote, center, font, span, dd, pre"
MIN_PROSE_BYTES = 30  # of words directly in one element; ten letters of Chinese
MIN_BROKEN_BYTES = 400  # of words in one element that may be several paragraphs, with line breaks between
MIN_LINK_WORDS, MIN_LINK_BYTES = 4, 20  # of a link that may be the headline of another story
MIN_RUN_BYTES = 200  # of running text that no such link interrupts
MAX_HOLDERS = 20_000  # elements of a page that are looked at


def is_front(url: str) -> bool:
    """Return True for the address of a front page, which is never an article."""
    parts = urlsplit(url)
    says_nothing = not parts.query or FRONT_QUERY.fullmatch(parts.query)
    return bool(says_nothing and FRONT_PATH.fullmatch(parts.path))


def has_running_text(tree: LexborHTMLParser) -> bool:
    """Return True if a page may be an article: it has two pieces of text with no headline of another story between."""
    length = pieces = 0
    prose: set[int] = set()  # elements whose text was counted; links in them are part of a sentence
    for node in tree.css(HOLDERS)[:MAX_HOLDERS]:
        if node.tag == "a":
            words = node.text(separator=" ").split()
            is_headline = len(words) >= MIN_LINK_WORDS or len("".join(words).encode()) >= 3 * MIN_LINK_BYTES
            if is_headline and not _is_inside(node, prose):
                length = pieces = 0
            continue
        own = len(" ".join(node.text(deep=False).split()).encode("utf-8", "replace"))
        if own >= MIN_PROSE_BYTES:
            prose.add(node.mem_id)
            length, pieces = length + own, pieces + (1 if own < MIN_BROKEN_BYTES else 2)
            if pieces > 1 and length >= MIN_RUN_BYTES:
                return True
    return False


def _is_inside(node: object, prose: set[int]) -> bool:
    """Return True if a link, or the bold or italic text that holds it, is in one of these elements."""
    parent = getattr(node, "parent", None)
    above = getattr(parent, "parent", None)
    return any(one is not None and one.mem_id in prose for one in (parent, above))

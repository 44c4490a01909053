"""What readers wrote below the article: one string a comment, in page order, without names, dates and buttons.

Comments are furniture (blockrules.py) and never part of the text; this is for those who ask for them by name. It reads
the tree before anything is cut out of it and leaves it as it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from lxml.etree import XPath

from pipelines.extraction.boilerplate.block_matcher import names_of
from pipelines.extraction.boilerplate.line_matcher import PHRASES, matching_lines

MOST = 5000  # comments of one page
LONGEST = 20_000  # characters of one comment
SHORTEST = 2

# What one comment is called, and the part of it that the reader wrote; words of a class or id joined by one space.
ITEMS = frozenset(
    ("comment", "comment item", "comment entry", "comment node", "comment wrapper", "single comment", "user comment",
     "reader comment", "comment box", "comment single", "comment container", "comment card", "comment thread item",
     "comment list item", "comment wrap", "commententry", "commentitem", "wc comment", "wpd comment",
     "coral comment", "post comment item", "comment row", "comment block", "kommentar", "kommentar item",
     "kommentar eintrag", "leserkommentar", "commentaire", "comentario", "comentário", "commento", "reactie",
     "komentarz", "yorum", "reply item", "d comment", "comment post", "comment component", "comment inner")
)  # fmt: skip
BODIES = frozenset(
    ("comment content", "comment text", "comment body", "comment message", "comment copy", "comment description",
     "commentcontent", "commenttext", "commentbody", "wc comment text", "wpd comment text", "post message",
     "post body message", "coral comment content", "comment main content", "field name comment body",
     "field comment body", "comment inner text", "kommentar text", "commentaire texte", "comentario texto",
     "comment entry text", "comment item text", "comment item body", "comment item content", "comment paragraph",
     "message body", "comment excerpt", "contenttext", "leserbrief inner", "yorum metni", "comment value",
     "comment box middle")
)  # fmt: skip
# Parts of a comment that the reader did not write.
META = frozenset(
    ("comment meta", "comment metadata", "comment author", "comment date", "comment time", "comment reply",
     "comment reply link", "comment header", "comment footer", "comment actions", "comment info",
     "comment awaiting moderation", "comment edit link", "comment permalink", "comment avatar", "comment user",
     "comment username", "comment name", "comment likes", "comment votes", "comment rating", "comment tools",
     "comment links", "comment by", "vcard", "says", "reply", "avatar", "author", "fn", "posted on", "submitted",
     "username", "timestamp", "links", "children", "replies", "comment replies", "comment form", "respond",
     "comment respond", "comment children", "nested comments", "comment buttons", "comment controls",
     "comment title author")
)  # fmt: skip
SKIPPED = frozenset(
    ("script", "style", "button", "form", "time", "footer", "header", "select", "input", "textarea", "noscript",
     "svg", "ol", "nav", "cite", "label",
     "h2", "h3", "h4", "h5", "h6")  # a name; no form lets readers write headings
)  # fmt: skip
BLOCKS = frozenset(("p", "div", "li", "br", "blockquote", "section", "article", "ul", "dd", "dt", "tr", "pre"))
HOMES = frozenset(("li", "div", "article", "section", "p", "dd", "td", "tr", "blockquote"))
WHITE = re.compile(r"\s+")  # a line break of the source is a space on the page
SCHEMA = XPath(
    './/body//*[@itemprop="comment" or contains(@itemtype, ".org/Comment") or contains(@itemtype, "UserComments")]'
)
WRITTEN = XPath('.//*[@itemprop="text" or @itemprop="commentText" or @itemprop="description"]')
SCRIPTS = XPath('.//script[@type="application/ld+json"][contains(., "omment")]/text()', smart_strings=False)


def readers(tree: Any) -> tuple[str, ...]:
    """The readers' comments on a page; none if it has none, or loads them later."""
    elements = list(_by_schema(tree)) or list(_by_name(tree)) or list(_by_place(tree))
    found = (_text(element) for element in elements[:MOST])
    said = tuple(dict.fromkeys(text for text in found if text))
    return said or tuple(dict.fromkeys(_by_json(tree)))


def _by_schema(tree: Any) -> Iterator[Any]:
    """What schema.org's microdata calls a comment."""
    for comment in SCHEMA(tree):
        if next(comment.iter("h1"), None) is None:
            yield next(iter(WRITTEN(comment)), comment)


def _by_name(tree: Any) -> Iterator[Any]:
    """What ids and classes call a comment: the innermost that is called its text, else the whole of it."""
    items: set[Any] = set()
    bodies: set[Any] = set()
    body = tree.find(".//body")
    for element in (body if body is not None else tree).iterdescendants(*HOMES):
        names = _names(element)
        if not names or not names.isdisjoint(META):
            continue
        if not names.isdisjoint(BODIES):
            bodies.add(element)
        if not names.isdisjoint(ITEMS):
            items.add(element)
    outer = {above for element in bodies for above in element.iterancestors() if above in bodies}
    inner = {element for element in bodies if element not in outer}
    told = {above for element in inner for above in element.iterancestors()}
    # An item in an item is an answer: `_text` leaves the inner one out of the outer one.
    wanted = inner | {element for element in items if element not in told}
    for element in tree.iter(*HOMES):
        if element in wanted and next(element.iter("h1"), None) is None:
            yield element


def _by_place(tree: Any) -> Iterator[Any]:
    """Paragraphs or items of a list within what is called the comments."""
    for home in tree.iter("div", "section", "ol", "ul", "aside"):
        if _names(home) & {"comments", "comment list", "commentlist", "comments list", "disqus thread"}:
            parts = list(home.iter("li")) or list(home.iter("p"))
            yield from (part for part in parts if next(part.iter("form", "h1"), None) is None)
            return


def _by_json(tree: Any) -> Iterator[str]:
    """Comments that a page only declares, for search engines."""
    for script in SCRIPTS(tree):
        try:
            stack = [json.loads(script)]
        except (ValueError, RecursionError):
            continue
        while stack:
            node = stack.pop()
            if isinstance(node, list):
                stack.extend(reversed(node))
            elif isinstance(node, dict):
                kinds = node.get("@type")
                text = node.get("text") or node.get("description")
                if "Comment" in (kinds if isinstance(kinds, list) else [kinds]) and isinstance(text, str):
                    yield " ".join(text.split())[:LONGEST]
                stack.extend(reversed([value for value in node.values() if isinstance(value, dict | list)]))


STEMS = ("omm", "post-", "kommentar", "reactie", "message", "yorum", "leser", "text", "disqus")


def _names(element: Any) -> set[str]:
    """What an element's class and id call it; nothing where neither could be of a comment."""
    values = f"{element.get('class', '')} {element.get('id', '')}"
    return _all_names(element) if any(stem in values for stem in STEMS) else set()


def _all_names(element: Any) -> set[str]:
    tokens = f"{element.get('class', '')} {element.get('id', '')}"[:1000].split()
    return {name for token in tokens for name in names_of(token)}


def _is_meta(element: Any) -> bool:
    """Is it what stands around a reader's words: names, dates, buttons, other comments?"""
    if not isinstance(element.tag, str) or element.tag in SKIPPED:
        return True
    names = _all_names(element)
    return not (names.isdisjoint(META) and names.isdisjoint(ITEMS))


def _text(element: Any) -> str:
    """What the reader wrote, a line a paragraph."""
    pieces: list[str] = []
    _collect(element, pieces)
    lines = [" ".join(line.split()) for line in "".join(pieces)[:LONGEST].split("\n")]
    kept = [line for line in lines if line and not PHRASES.names(line) and not any(matching_lines([line]))]
    text = "\n".join(kept)
    return text if len(text) >= SHORTEST and any(map(str.isalnum, text)) else ""


def _collect(element: Any, pieces: list[str]) -> None:
    """`element`'s text without the parts that the reader did not write; a loop, since strangers nest deeply."""
    stack: list[tuple[Any, bool]] = [(element, True)]  # (an element to open, or text to add)
    while stack:
        node, opening = stack.pop()
        if not opening:
            pieces.append(node)
            continue
        block = node.tag in BLOCKS
        if node is not element and _is_meta(node):
            continue
        pieces.append(("\n" if block else "") + WHITE.sub(" ", node.text or ""))
        if block:
            stack.append(("\n", False))
        for child in reversed(node):
            stack.append((WHITE.sub(" ", child.tail or ""), False))
            stack.append((child, True))

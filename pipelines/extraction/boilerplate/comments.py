"""Read what readers wrote below the article: one string a comment, in page order, without names, dates and buttons.

Comments are boilerplate (block_rules.py) and never part of the text. They are read only on request, before anything is
cut out of the tree; the tree stays as it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from typing import Any

from lxml.etree import XPath

from pipelines.extraction.boilerplate.block_matcher import names_of
from pipelines.extraction.boilerplate.comment_groups import comment_groups
from pipelines.extraction.boilerplate.comment_items import NUMBER, CommentItem, look_into
from pipelines.extraction.boilerplate.comment_words import CONTROLS, leading_stamp, stamp_of
from pipelines.extraction.boilerplate.line_matcher import PHRASES, matching_lines
from pipelines.extraction.page.characters import without_half_escapes

MAX_COMMENTS = 5000  # of one page
MAX_COMMENT_CHARS = 20_000
MIN_COMMENT_CHARS = 2

# Names of one comment, and of the part of it that the reader wrote: words of a class or id, joined by one space.
COMMENT_NAMES = frozenset(
    ("comment", "comment item", "comment entry", "comment node", "comment wrapper", "single comment", "user comment",
     "reader comment", "comment box", "comment single", "comment container", "comment card", "comment thread item",
     "comment list item", "comment wrap", "commententry", "commentitem", "wc comment", "wpd comment",
     "coral comment", "post comment item", "comment row", "comment block", "kommentar", "kommentar item",
     "kommentar eintrag", "leserkommentar", "commentaire", "comentario", "comentário", "commento", "reactie",
     "komentarz", "yorum", "reply item", "d comment", "comment post", "comment component", "comment inner")
)  # fmt: skip
BODY_NAMES = frozenset(
    ("comment content", "comment text", "comment body", "comment message", "comment copy", "comment description",
     "commentcontent", "commenttext", "commentbody", "wc comment text", "wpd comment text", "post message",
     "post body message", "coral comment content", "comment main content", "field name comment body",
     "field comment body", "comment inner text", "kommentar text", "commentaire texte", "comentario texto",
     "comment entry text", "comment item text", "comment item body", "comment item content", "comment paragraph",
     "message body", "comment excerpt", "contenttext", "leserbrief inner", "yorum metni", "comment value",
     "comment box middle")
)  # fmt: skip
# Parts of a comment that the reader did not write.
META_NAMES = frozenset(
    ("comment meta", "comment metadata", "comment author", "comment date", "comment time", "comment reply",
     "comment reply link", "comment header", "comment footer", "comment actions", "comment info",
     "comment awaiting moderation", "comment edit link", "comment permalink", "comment avatar", "comment user",
     "comment username", "comment name", "comment likes", "comment votes", "comment rating", "comment tools",
     "comment links", "comment by", "vcard", "says", "reply", "avatar", "author", "fn", "posted on", "submitted",
     "username", "timestamp", "links", "children", "replies", "comment replies", "comment form", "respond",
     "comment respond", "comment children", "nested comments", "comment buttons", "comment controls",
     "comment title author")
)  # fmt: skip
SKIPPED_TAGS = frozenset(
    ("script", "style", "button", "form", "time", "footer", "header", "select", "input", "textarea", "noscript",
     "svg", "ol", "nav", "cite", "label",
     "h2", "h3", "h4", "h5", "h6")  # a heading is a name; no form lets readers write headings
)  # fmt: skip
BLOCK_TAGS = frozenset(
    ("p", "div", "li", "br", "blockquote", "section", "article", "ul", "dd", "dt", "tr", "td", "pre")
)
CONTAINER_TAGS = frozenset(("li", "div", "article", "section", "p", "dd", "td", "tr", "blockquote"))
AROUND_NAMES = " .,:;|·•–—-~»«<>()[]#@"
WHITESPACE = re.compile(r"\s+")  # a line break of the source is a space on the page
MICRODATA_COMMENTS = XPath(
    './/body//*[@itemprop="comment" or contains(@itemtype, ".org/Comment") or contains(@itemtype, "UserComments")]'
)
MICRODATA_TEXT = XPath('.//*[@itemprop="text" or @itemprop="commentText" or @itemprop="description"]')
JSON_LD = XPath('.//script[@type="application/ld+json"][contains(., "omment")]/text()', smart_strings=False)


def find_comments(tree: Any) -> tuple[str, ...]:
    """Return the readers' comments on a page; none if it has none, or loads them later."""
    elements = list(_from_microdata(tree)) or list(_from_names(tree))
    items = [item for group in comment_groups(tree) for item in group.items]
    if not items or len(items) < len(elements):
        items = [look_into([element]) for element in (elements or _from_list(tree))]
    tops = {element for item in items for element in item.elements}  # a comment in a comment is an answer
    texts = [_text_of_item(item, tops) for item in items[:MAX_COMMENTS]]
    return tuple(dict.fromkeys(text for text in texts if text)) or tuple(dict.fromkeys(_from_json_ld(tree)))


def _from_microdata(tree: Any) -> Iterator[Any]:
    """Yield the elements that schema.org's microdata declares as comments."""
    for comment in MICRODATA_COMMENTS(tree):
        if next(comment.iter("h1"), None) is None:
            yield next(iter(MICRODATA_TEXT(comment)), comment)


def _from_names(tree: Any) -> Iterator[Any]:
    """Yield comments by id and class: the innermost element named as a comment's text, else the whole comment."""
    comments: set[Any] = set()
    bodies: set[Any] = set()
    body = tree.find(".//body")
    for element in (body if body is not None else tree).iterdescendants(*CONTAINER_TAGS):
        names = _comment_names(element)
        if not names or not names.isdisjoint(META_NAMES):
            continue
        if not names.isdisjoint(BODY_NAMES):
            bodies.add(element)
        if not names.isdisjoint(COMMENT_NAMES):
            comments.add(element)
    outer = {above for element in bodies for above in element.iterancestors() if above in bodies}
    inner = {element for element in bodies if element not in outer}
    around_bodies = {above for element in inner for above in element.iterancestors()}
    # A comment in a comment is an answer: `_text_of` leaves the inner one out of the outer one.
    wanted = inner | {element for element in comments if element not in around_bodies}
    for element in tree.iter(*CONTAINER_TAGS):
        if element in wanted and next(element.iter("h1"), None) is None:
            yield element


def _from_list(tree: Any) -> Iterator[Any]:
    """Yield the items, or else the paragraphs, of the first element that is named as the list of comments."""
    for container in tree.iter("div", "section", "ol", "ul", "aside"):
        if _comment_names(container) & {"comments", "comment list", "commentlist", "comments list", "disqus thread"}:
            parts = list(container.iter("li")) or list(container.iter("p"))
            yield from (part for part in parts if next(part.iter("form", "h1"), None) is None)
            return


def _from_json_ld(tree: Any) -> Iterator[str]:
    """Yield the comments that a page only declares, for search engines."""
    for script in JSON_LD(tree):
        try:
            stack = [json.loads(without_half_escapes(script))]
        except (ValueError, RecursionError):
            continue
        while stack:
            node = stack.pop()
            if isinstance(node, list):
                stack.extend(reversed(node))
            elif isinstance(node, dict):
                types = node.get("@type")
                text = node.get("text") or node.get("description")
                if "Comment" in (types if isinstance(types, list) else [types]) and isinstance(text, str):
                    yield " ".join(text.split())[:MAX_COMMENT_CHARS]
                stack.extend(reversed([value for value in node.values() if isinstance(value, dict | list)]))


# One of these is in every class or id that names a comment or a part of one.
NAME_PARTS = ("omm", "post-", "kommentar", "reactie", "message", "yorum", "leser", "text", "disqus")


def _comment_names(element: Any) -> set[str]:
    """Return the names in an element's class and id; none if neither can name a comment. This is cheap."""
    values = f"{element.get('class', '')} {element.get('id', '')}"
    return _names(element) if any(part in values for part in NAME_PARTS) else set()


def _names(element: Any) -> set[str]:
    """Return the names in an element's class and id."""
    tokens = f"{element.get('class', '')} {element.get('id', '')}"[:1000].split()
    return {name for token in tokens for name in names_of(token)}


def _is_meta(element: Any, *, named: bool) -> bool:
    """Return whether an element is something beside the reader's words: names, dates, buttons."""
    if not isinstance(element.tag, str) or element.tag in SKIPPED_TAGS:
        return True
    if not named:
        return False
    return not _names(element).isdisjoint(META_NAMES)


def _text_of_item(item: CommentItem, others: set[Any]) -> str:
    """Return what the reader wrote in an item, without name, time and buttons."""
    labels = item.labels if item.text else set()  # an item of a few words is no name
    parts = []
    for at, element in enumerate(item.elements, 1):
        parts.append("" if element in labels else _text_of(element, labels | (others - {element}), named=item.stem))
        if at < len(item.elements) and element.tail:
            parts.append(" ".join(element.tail.split()))
    kept = []
    for line in "\n".join(parts).split("\n"):
        found = leading_stamp(line)
        text = line[found.end() :] if found else line
        if NUMBER.fullmatch(text) or stamp_of(text)[0] or (item.text and _is_name(text, item.name)):
            continue
        if not CONTROLS.rules_of(text):
            kept.append(text)
    return "\n".join(kept)


def _is_name(line: str, name: str) -> bool:
    """Return whether a line is the name of the writer, and signs around it."""
    bare = line.casefold().strip(AROUND_NAMES)
    return bool(bare) and (bare == name.casefold().strip(AROUND_NAMES) or bare.endswith(f" {name.casefold()}"[:41]))


def _text_of(element: Any, left_out: Collection[Any], *, named: bool) -> str:
    """Return what the reader wrote, one line a paragraph. `named`: names of classes say what else is there."""
    pieces: list[str] = []
    _collect(element, pieces, left_out, named=named)
    lines = [" ".join(line.split()) for line in "".join(pieces)[:MAX_COMMENT_CHARS].split("\n")]
    kept = [line for line in lines if line and not PHRASES.rules_of(line) and not any(matching_lines([line]))]
    text = "\n".join(kept)
    return text if len(text) >= MIN_COMMENT_CHARS and any(map(str.isalnum, text)) else ""


def _collect(element: Any, pieces: list[str], left_out: Collection[Any], *, named: bool) -> None:
    """Append the text of `element` without the parts that the reader did not write. Loop: pages nest deeply."""
    stack: list[tuple[Any, bool]] = [(element, True)]  # (an element to open, or text to add)
    while stack:
        node, opening = stack.pop()
        if not opening:
            pieces.append(node)
            continue
        block = node.tag in BLOCK_TAGS
        if node is not element and (node in left_out or _is_meta(node, named=named)):
            continue
        pieces.append(("\n" if block else "") + WHITESPACE.sub(" ", node.text or ""))
        if block:
            stack.append(("\n", False))
        for child in reversed(node):
            stack.append((WHITESPACE.sub(" ", child.tail or ""), False))
            stack.append((child, True))

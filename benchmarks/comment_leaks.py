"""Measure by structure whether readers' comments are in a text, without the words of comment forms. Used by quality.py.

A comment is the text of an element whose id or class says comment, in any spelling or language, or an item of a list
that the shape of its items shows. A page leaks if a line of the text is in a comment and not in the true text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

MIN_CHARS = 25  # a shorter line may be anywhere
MAX_SHARE = 0.6  # an element with more of the page's text is the page
STEM = re.compile(
    r"comm?ent(?!at|-?(?:is|on|free|open|status|count))|kommentar|kommentt?i|komentar|yorum|reacties"
    r"|disqus|(?:^|[-_ ])cmt|guestbook|leserbrief|hozzaszol|otzyv|pinglun|binh-?luan",
    re.IGNORECASE,
)
NOT_LETTERS = re.compile(r"[\W_]+")


def letters(text: str) -> str:
    """Return the letters and digits of a text, so that two renderings of one line are equal."""
    return NOT_LETTERS.sub("", text.lower())


def comments_on(page: Any) -> list[str]:
    """Return the text of everything on a page that is a reader's comment, as `letters` gives it."""
    from pipelines.extraction.boilerplate.comment_groups import comment_groups
    from pipelines.extraction.page.parse import PageRefused, parse

    try:
        tree = parse(page)
    except PageRefused:
        return []
    body = tree.find(".//body")
    if body is None:
        return []
    limit = MAX_SHARE * len(letters(body.text_content()))
    named = (node for node in body.iterdescendants("*") if STEM.search(f"{node.get('class', '')} {node.get('id', '')}"))
    shaped = (element for group in comment_groups(tree) for item in group.items for element in item.elements)
    found = []
    for node in (*named, *shaped):
        if next(node.iter("h1", "main"), None) is None and len(text := letters(node.text_content())) <= limit:
            found.append(text)
    return found


def leaked(text: str, truth: str, comments: Iterable[str]) -> list[str]:
    """Return the lines of `text` that are in one of `comments`, which `comments_on` returned, and not in `truth`."""
    comments, known = list(comments), letters(truth)
    lines = ((line, letters(line)) for line in text.split("\n"))
    return [
        line
        for line, bare in lines
        if len(bare) >= MIN_CHARS and bare not in known and any(bare in comment for comment in comments)
    ]

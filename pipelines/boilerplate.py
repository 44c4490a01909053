"""What stands on an article's page and is not the article, as named rules. Data first, two short functions after it.

A block rule names ids and class tokens, exactly: a token that merely contains "newsletter" once stood on the wrapper of
a whole article. A line rule is a pattern for a whole line of the extracted text, so it can never bite inside prose.
Both know a limit (MOST, MOST_LINES): a rule that goes beyond it has met a page that it was not made for.
Every rule has a page in tests/pages that leaks without it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lxml.etree import XPath, XPathError

from pipelines.authorlines import of_authors
from pipelines.linerules import Line, named

MOST = 0.25  # share of the page's text that block rules may take
MOST_LINES = 0.5  # share of the found text that line rules may take: a flash is shorter than the form below it


@dataclass(frozen=True, slots=True)
class Block:
    """A part of the page that goes before the text is looked for."""

    name: str
    why: str
    ids: tuple[str, ...] = ()  # values of id, whole
    classes: tuple[str, ...] = ()  # tokens of class, whole


BLOCKS = (
    Block("wordpress comments", "readers' comments and the form below them, by WordPress's own template names",
          ids=("respond", "commentform", "comments", "comment-wrap", "wp-comments"),
          classes=("comment-respond", "comment-form", "comments-area", "comment-list", "commentlist",
                   "comments-section", "comments-wrapper", "comment-reply-title", "wp-block-comments",
                   "wp-block-post-comments-form")),
    Block("comment services", "the containers that comment services fill",
          ids=("disqus_thread", "coral_thread", "coral-thread", "talk-container", "vf-comments", "isso-thread",
               "hyvor-talk-view", "fb-comments", "remark42", "commento", "cusdis_thread"),
          classes=("disqus-comments", "disqus-thread", "coral-comments", "coral-container", "fb-comments",
                   "fb-comments-wrapper", "viafoura-comments", "openweb-comments", "spot-im-frame", "hyvor-talk")),
    Block("newsletter forms", "sign-up boxes within the text, by the names of their common plugins",
          ids=("mc_embed_signup", "mc_embed_shell", "newsletter-signup", "newsletter-form"),
          classes=("newsletter-signup", "newsletter-form", "newsletter-box", "newsletter-sign-up",
                   "newsletter-subscribe", "newsletter-cta", "newsletter-promo", "newsletter-widget",
                   "tnp-subscription")),
    Block("share buttons", "share and follow bars of the common plugins",
          classes=("addtoany_share_save_container", "addtoany_content", "sharedaddy", "share-buttons",
                   "share-bar", "sharebar", "social-share", "social-sharing", "article-share", "essb_links",
                   "follow-us", "jp-relatedposts-share")),
    Block("related posts", "teasers of other articles, by the names of their common plugins",
          ids=("jp-relatedposts",),
          classes=("jp-relatedposts", "yarpp", "yarpp-related", "OUTBRAIN", "outbrain-widget",
                   "taboola-widget", "trc_related_container")),
)  # fmt: skip

BY_ID = {name: rule for rule in BLOCKS for name in rule.ids}
BY_CLASS = {name: rule for rule in BLOCKS for name in rule.classes}
# Plain strings, no elements: nearly every page is done after these two walks in C.
IDS, CLASSES = XPath(".//body//@id", smart_strings=False), XPath(".//body//@class", smart_strings=False)
BODY = XPath("string(.//body)")


def prune(tree: Any, xpaths: tuple[str, ...] = ()) -> list[str]:
    """Cut the blocks that BLOCKS and `xpaths` (the source's own rule) name out of `tree`; the names of what went.

    The source's own rules are the user's word and know no limit. An XPath that does not compile is left out.
    """
    gone: list[str] = []
    for path in xpaths:
        try:
            found = tree.xpath(path)
        except XPathError:
            continue
        for element in found if isinstance(found, list) else ():
            if hasattr(element, "drop_tree") and element.getparent() is not None:
                element.drop_tree()
                gone.append(path)
    matches = _matches(tree)
    left = MOST * len(BODY(tree)) if matches else 0
    for element, rule in matches:
        size = len(element.text_content())
        if size <= left and element.getparent() is not None:
            element.drop_tree()
            left -= size
            gone.append(rule.name)
    return gone


def _matches(tree: Any) -> list[tuple[Any, Block]]:
    """Elements that a block rule names, in document order."""
    ids = BY_ID.keys() & set(IDS(tree))
    tokens = BY_CLASS.keys() & {token for value in set(CLASSES(tree)) for token in value.split()}
    if not ids and not tokens:
        return []
    conditions = [f'@id="{name}"' for name in ids] + [f'contains(@class, "{token}")' for token in tokens]
    found = tree.xpath(".//body//*[" + " or ".join(conditions) + "]")
    return [(element, rule) for element in found if (rule := _rule_of(element))]


def _rule_of(element: Any) -> Block | None:
    if rule := BY_ID.get(element.get("id", "")):
        return rule
    return next((BY_CLASS[token] for token in element.get("class", "").split() if token in BY_CLASS), None)


def tidy(lines: list[str], authors: tuple[str, ...] = ()) -> list[str]:
    """`lines` without those that are furniture, and without those that name or present the `authors`."""
    going = furniture(lines, authors)
    return [line for index, line in enumerate(lines) if index not in going]


def furniture(
    lines: list[str], authors: tuple[str, ...] = (), without: frozenset[str] = frozenset()
) -> dict[int, Line]:
    """Which of `lines` go, and by which rule. None, if that were more than half of the text.

    `without`: names of rules that are not applied.
    """
    going = dict(named(lines, without))
    for index, rule in of_authors(lines, authors):
        if rule.name not in without:
            going.setdefault(index, rule)
    if sum(len(lines[index]) for index in going) > MOST_LINES * sum(map(len, lines)):
        return {}
    return dict(sorted(going.items()))

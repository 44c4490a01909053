"""Find the parts of a page that are boilerplate. `matching_blocks` names them and changes nothing.

One walk over the elements. What a class or an id means is worked out once a process. Content is looked at only where a
name matched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pipelines.extraction.boilerplate.block_rules import (
    BLOCK_RULES,
    FILLER_WORDS,
    LABEL_ATTRIBUTES,
    NAME_ATTRIBUTES,
    RULE_OF_ATTRIBUTE,
    RULE_OF_ITEMTYPE,
    RULE_OF_TAG,
    BlockContent,
    BlockRule,
)
from pipelines.extraction.boilerplate.comment_groups import comment_groups
from pipelines.extraction.boilerplate.comment_words import words_of
from pipelines.extraction.boilerplate.teasers import (
    INLINE_TAGS,
    LABEL_TAGS,
    MAX_LABEL_CHARS,
    NORMALIZED,
    in_running_text,
    is_hover_box,
    is_linked_paragraph,
    is_part_of_sentence,
    labelled_parts,
    repeats_its_term,
    row_of,
    rule_of_label,
    teaser_rows,
    text_of,
)

MAX_REMOVED_SHARE = 0.25  # of the page's own words (those in no link) that blocks may take, besides readers' comments
MIN_LEFT_CHARS = 200  # own words that must be left when readers' comments are cut
MIN_PROSE_CHARS = 80  # a shorter paragraph is no prose
MAX_TOKEN_CHARS = 80  # a longer token of a class is data, not a name
CACHED_VALUES = 30_000  # values of an attribute whose meaning is remembered
MAX_CACHED_CHARS = 500  # longer values are not remembered: a page may have megabytes of them
MAX_CANDIDATES = 2000  # elements that are looked into; pages that people made have a hundred
MAX_LABELS = 100  # labels whose surroundings are looked at
MAX_REFUSED_AROUND = 12  # a candidate inside more refused candidates is not looked into
SMALL_CHARS = 100  # a block with fewer characters of own words is not compared with the page

RULE_BY_NAME = {rule.name: rule for rule in BLOCK_RULES}
HOVER_BOX = RULE_BY_NAME["hover boxes"]
BOX_TAGS = frozenset(("span", "div", "small", "em", "i", "aside"))
# Rules for boxes around text: a word within a sentence has the name for another reason.
BOXES = frozenset((
    "author card", "tag list", "related posts", "newsletter forms", "subscription offers", "cookie banner",
    "breadcrumbs",
))  # fmt: skip
SENTENCE_END = re.compile(r"[.!?。！？…][\"”»’')\]]*(?:\s|$)|[。！？]")
# What a build tool appends ("Newsletter_wrapper__x1Y2z"), and BEM's modifier ("newsletter--inline").
SUFFIX = re.compile(r"(?<=\w)--.*|[_-]{1,2}(?=[A-Za-z]*\d)(?=\d*[A-Za-z])[A-Za-z0-9]{5,8}$")
RULE_OF_NAME = {" ".join(words_of(name)): rule for rule in BLOCK_RULES for name in rule.names}
# Each name has one of them, if it can be one that is no filler: many tokens are made of fillers.
KEY_WORDS = frozenset(
    max(name.split(), key=lambda word: (word not in FILLER_WORDS, len(word))) for name in RULE_OF_NAME
)
DIGITS = "0123456789"
DIGIT = re.compile(r"\d")
WRITABLE_TYPES = frozenset(("", "email", "text", "password", "search", "tel", "url"))


@dataclass(frozen=True, slots=True)
class BlockMatch:
    """Hold an element of the page with the rule that matches it."""

    element: Any
    rule: BlockRule
    content: BlockContent


def matching_blocks(tree: Any, disabled: frozenset[str] = frozenset()) -> list[tuple[Any, BlockRule]]:
    """Return (element, rule) of all boilerplate in document order, none inside another.

    `disabled`: names of rules that are not applied.
    """
    body = tree.find(".//body")
    # While the list has an element, lxml makes no new Python object of it: all walks below take less time.
    elements = list((body if body is not None else tree).iterdescendants("*"))
    repeated = [(part, RULE_BY_NAME["comments"]) for group in comment_groups(tree) for part in group.cut]
    candidates = [pair for pair in (*_candidates(elements), *repeated) if pair[1].name not in disabled]
    if not candidates:
        return []
    # Readers' comments come first: the other rules may take a share of the page without them.
    page = PageStatistics(tree)
    comments = _accepted([pair for pair in candidates if pair[1].comments], page, set())
    inside = {block.element for block in comments}
    page.leave_out([block for block in comments if inside.isdisjoint(block.element.iterancestors())])
    found = comments + _accepted([pair for pair in candidates if not pair[1].comments], page, inside)
    chosen = {block.element: block.rule for block in found}
    outermost = [(element, rule) for element, rule in _without_repeats(candidates) if chosen.get(element) is rule]
    kept = {element for element, _ in outermost}
    return [(element, rule) for element, rule in outermost if kept.isdisjoint(element.iterancestors())]


def _without_repeats(candidates: list[tuple[Any, BlockRule]]) -> Iterator[tuple[Any, BlockRule]]:
    seen: set[Any] = set()
    for element, rule in candidates:
        if (element, rule.name) not in seen:
            seen.add((element, rule.name))
            yield element, rule


class PageStatistics:
    """Count the content of a page when it is first needed."""

    def __init__(self, tree: Any) -> None:
        self._tree = tree
        self._content: BlockContent | None = None
        self._left_out = 0, 0  # own words, paragraphs of prose

    def leave_out(self, found: list[BlockMatch]) -> None:
        """Count the page without these blocks from now on."""
        self._left_out = sum(_own_words(one.content) for one in found), sum(one.content.prose for one in found)

    @property
    def own_words(self) -> int:
        return _own_words(self._counted()) - self._left_out[0]

    @property
    def prose(self) -> int:
        return self._counted().prose - self._left_out[1]

    def _counted(self) -> BlockContent:
        if self._content is None:
            self._content = content_of(self._tree)
        return self._content


def _accepted(candidates: list[tuple[Any, BlockRule]], page: PageStatistics, inside: set[Any]) -> list[BlockMatch]:
    """Return the candidates whose content their rule accepts and which are not the article."""
    found: list[BlockMatch] = []
    inside = set(inside)
    refused: set[Any] = set()
    taken = 0
    for element, rule in candidates:
        above = set(element.iterancestors())
        if element in inside or not inside.isdisjoint(above) or len(above & refused) > MAX_REFUSED_AROUND:
            continue
        refused.add(element)  # until it is accepted
        content = content_of(element)
        if not rule.accepts(content) or next(element.iter("h1", "main"), None) is not None:
            continue
        own = _own_words(content)
        if rule.comments:
            if own > SMALL_CHARS and page.own_words - own < MIN_LEFT_CHARS:
                continue
        elif own > SMALL_CHARS or content.prose:
            taken += own
            if taken > MAX_REMOVED_SHARE * page.own_words or content.prose > 0.5 * page.prose:
                taken -= own
                continue
        inside.add(element)
        found.append(BlockMatch(element, rule, content))
    return found


def _own_words(content: BlockContent) -> int:
    """Return the characters that are in no link."""
    return content.text - content.linked


NO_CONTENT = BlockContent(0, 0, 0, 0)


def content_of(element: Any) -> BlockContent:
    """Count what `element` contains."""
    if not len(element) and not (element.text or "").strip():
        return NO_CONTENT
    text = NORMALIZED(element)
    linked = fields = prose = paragraphs = 0
    for part in element.iter("a", "p", "input", "textarea"):
        tag = part.tag
        if tag == "a":
            linked += len(text_of(part))
        elif tag == "p":
            paragraphs += 1
            words = text_of(part)
            if len(words) >= MIN_PROSE_CHARS and SENTENCE_END.search(words):
                prose += 1
        elif tag == "textarea" or part.get("type", "").lower() in WRITABLE_TYPES:
            fields += 1
    if not paragraphs:
        prose = len(SENTENCE_END.findall(text)) // 2
    return BlockContent(len(text), min(linked, len(text)), prose, fields)


def _candidates(elements: list[Any]) -> list[tuple[Any, BlockRule]]:
    """Return those of `elements` that a name, an attribute, a tag or a label points to, in document order."""
    found: list[tuple[Any, BlockRule]] = []
    labels = MAX_LABELS
    rows: list[Any] = []
    prose: dict[Any, int] = {}
    for element in elements:
        tag = element.tag
        if tag in RULE_OF_TAG:
            found.append((element, RULE_BY_NAME[RULE_OF_TAG[tag]]))
        elif "-" in tag and (rule := RULES_BY_ATTRIBUTE["class"][tag]):
            found.append((element, rule))
        for attribute, value in element.items():
            rules = RULES_BY_ATTRIBUTE.get(attribute)
            if rules is not None and (rule := rules[value]) is not None and _is_meant(element, rule, attribute):
                found.append((element, rule))
        if tag == "a":
            if (row := row_of(element)) is not None:
                rows.append(row)
        elif tag in BOX_TAGS and repeats_its_term(element):
            found.append((element, HOVER_BOX))
        if tag in LABEL_TAGS:
            if labels and (text := element.text) and len(text) < MAX_LABEL_CHARS and (label := rule_of_label(text)):
                labels -= 1
                found.extend((part, RULE_BY_NAME[label]) for part in labelled_parts(element))
            if tag == "p" and is_linked_paragraph(element, prose):
                found.append((element, RULE_BY_NAME["related posts"]))
        if len(found) > MAX_CANDIDATES:
            break
    if rows:
        found.extend((row, RULE_BY_NAME["teaser rows"]) for row in teaser_rows(rows))
    return found


def _is_meant(element: Any, rule: BlockRule, attribute: str) -> bool:
    """Return whether the place of an element allows its rule: hover boxes and words ("bio") within a sentence."""
    if rule is HOVER_BOX:
        return in_running_text(element) if attribute == "role" else is_hover_box(element)
    return not (element.tag in INLINE_TAGS and rule.name in BOXES and is_part_of_sentence(element))


class RulesOfValues(dict[str, BlockRule | None]):
    """Hold the rule that each value of one attribute points to. It is worked out when it is first asked for."""

    def __init__(self, attribute: str) -> None:
        super().__init__()
        self._attribute = attribute

    def __missing__(self, value: str) -> BlockRule | None:
        rule = _rule_of_value(self._attribute, value)
        if len(value) <= MAX_CACHED_CHARS:
            if len(self) >= CACHED_VALUES:
                self.clear()
            self[value] = rule
        return rule


RULES_BY_ATTRIBUTE = {
    attribute: RulesOfValues(attribute)
    for attribute in (*NAME_ATTRIBUTES, *LABEL_ATTRIBUTES, *(name for name, _ in RULE_OF_ATTRIBUTE), "itemtype")
}


def _rule_of_value(attribute: str, value: str) -> BlockRule | None:
    if attribute in NAME_ATTRIBUTES:
        names = value[:2000]
        for token in names.split() if _has_key_word(names) else ():
            if (rule := _rule_of_token(token)) is not None:
                return rule
        return None
    if attribute in LABEL_ATTRIBUTES:
        label = rule_of_label(value)
        return RULE_BY_NAME[label] if label else None
    if attribute == "itemtype":
        name = RULE_OF_ITEMTYPE.get(value.strip().rstrip("/").rpartition("/")[2].lower())
    else:
        name = RULE_OF_ATTRIBUTE.get((attribute, value.strip().lower()[:40]))
    return RULE_BY_NAME[name] if name else None


def _has_key_word(names: str) -> bool:
    """Return whether a word of a name of a rule is in a class or an id. Most have none."""
    if names.islower():
        parts = names.replace("_", " ").replace("-", " ").split()
        if DIGIT.search(names):
            parts += [part.rstrip(DIGITS) for part in parts]
    else:  # a capital letter may begin a word: "newsletterBox"
        parts = words_of(names)
    return not KEY_WORDS.isdisjoint(parts)


@lru_cache(CACHED_VALUES)
def _rule_of_token(token: str) -> BlockRule | None:
    if len(token) > MAX_TOKEN_CHARS or not _has_key_word(token):
        return None
    names = names_of(token)
    return next((rule for name in names if (rule := RULE_OF_NAME.get(name))), None) or _rule_of_prefixed(names)


def _rule_of_prefixed(names: tuple[str, ...]) -> BlockRule | None:
    """Return the rule for comments if a name has two words of such a name behind a prefix: "sf comment form"."""
    for name in names:
        before, comment, after = name.partition(" comment")
        rule = RULE_OF_NAME.get(f"comment{after}") if comment and " " in after and before.count(" ") < 2 else None
        if rule is not None and rule.comments:
            return rule
    return None


@lru_cache(CACHED_VALUES)
def names_of(token: str) -> tuple[str, ...]:
    """Return the names that a token may stand for, the most exact first.

    The last name of "js-comment-list-wrapper" is "comment list".
    """
    if len(token) > MAX_TOKEN_CHARS:
        return ()
    whole = words_of(token)
    has_suffix = "--" in token or DIGIT.search(token)
    words = words_of(SUFFIX.sub("", token)) if has_suffix else whole
    long = [word for word in words if len(word) > 1]
    bare = [word for word in long if word not in FILLER_WORDS]
    return tuple(dict.fromkeys(" ".join(name) for name in (whole, words, long, bare) if name))

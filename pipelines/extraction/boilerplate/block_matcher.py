"""Which parts of a page are furniture: `blocks` names them and touches nothing.

One walk over the elements; what a class or an id says is worked out once in a process. Content is looked at only where
a name matched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from lxml.etree import XPath

from pipelines.extraction.boilerplate.block_rules import (
    BLOCKS,
    LABELS,
    NAMED,
    NOISE,
    SAID,
    TAGS,
    TYPES,
    BlockContent,
    BlockRule,
)
from pipelines.extraction.boilerplate.teasers import LABEL_TAGS, LONGEST_LABEL, label_of, labelled, linked_paragraph

MOST = 0.25  # share of the page's own words (those in no link) that blocks may take, besides readers' comments
LEAST = 200  # characters of own words that readers' comments must leave behind
LONG = 80  # characters of a paragraph that is prose
LONGEST_NAME = 80  # characters; a longer token is data
MEMORY = 30_000  # values of an attribute whose meaning is remembered
MOST_CANDIDATES = 2000  # elements that are looked into; pages of people have a hundred
MOST_LABELS = 100  # labels whose surroundings are looked at
DEEPEST = 12  # refused candidates around a candidate that is still looked into
SMALL = 100  # characters of own words; what holds fewer is not weighed against the page

RULES = {rule.name: rule for rule in BLOCKS}
SENTENCE = re.compile(r"[.!?。！？…][\"”»’')\]]*(?:\s|$)|[。！？]")
WORD = re.compile(r"[^\W\d_]+?(?=(?<=[^\W\d_A-Z])[A-Z]|[\W\d_]|$)|[^\W\d_]+")
# What a build tool appends ("Newsletter_wrapper__x1Y2z"), and BEM's modifier ("newsletter--inline").
APPENDED = re.compile(r"(?<=\w)--.*|[_-]{1,2}(?=[A-Za-z]*\d)(?=\d*[A-Za-z])[A-Za-z0-9]{5,8}$")
BY_NAME = {" ".join(WORD.findall(name)): rule for rule in BLOCKS for name in rule.names}
TEXT = XPath("normalize-space()", smart_strings=False)
VOCABULARY = frozenset(word for name in BY_NAME for word in name.split())
DIGITS = "0123456789"
WRITABLE = frozenset(("", "email", "text", "password", "search", "tel", "url"))

# attribute -> value -> the rule that it speaks of, worked out once in a process
_memory: dict[str, dict[str, BlockRule | None]] = {
    attribute: {} for attribute in (*NAMED, *LABELS, *(attribute for attribute, _ in SAID), "itemtype")
}


@dataclass(frozen=True, slots=True)
class BlockMatch:
    """A block of the page and the rule that names it."""

    element: Any
    rule: BlockRule
    content: BlockContent


def blocks(tree: Any, without: frozenset[str] = frozenset()) -> list[tuple[Any, BlockRule]]:
    """(element, rule) of what is furniture, in document order, none inside another. `without`: rules not applied."""
    candidates = [(element, rule) for element, rule in _candidates(tree) if rule.name not in without]
    if not candidates:
        return []
    # Readers' comments first: what they hold is no part of the page that the others may take a share of.
    page = PageStatistics(tree)
    comments = _accepted([pair for pair in candidates if pair[1].comments], page, set())
    page.leave_out(comments)
    inside = {block.element for block in comments}
    found = comments + _accepted([pair for pair in candidates if not pair[1].comments], page, inside)
    chosen = {block.element: block.rule for block in found}
    outermost = [(element, rule) for element, rule in _once(candidates) if chosen.get(element) is rule]
    kept = {element for element, _ in outermost}
    return [(element, rule) for element, rule in outermost if kept.isdisjoint(element.iterancestors())]


def _once(candidates: list[tuple[Any, BlockRule]]) -> Iterator[tuple[Any, BlockRule]]:
    seen: set[Any] = set()
    for element, rule in candidates:
        if (element, rule.name) not in seen:
            seen.add((element, rule.name))
            yield element, rule


class PageStatistics:
    """How much there is on the page, counted when somebody asks."""

    def __init__(self, tree: Any) -> None:
        self._tree = tree
        self._content: BlockContent | None = None
        self._without = 0, 0

    def leave_out(self, found: list[BlockMatch]) -> None:
        """From now on, the page is without these blocks."""
        self._without = sum(_own(block.content) for block in found), sum(block.content.prose for block in found)

    @property
    def own(self) -> int:
        return _own(self._counted()) - self._without[0]

    @property
    def prose(self) -> int:
        return self._counted().prose - self._without[1]

    def _counted(self) -> BlockContent:
        if self._content is None:
            self._content = content_of(self._tree)
        return self._content


def _accepted(candidates: list[tuple[Any, BlockRule]], page: PageStatistics, inside: set[Any]) -> list[BlockMatch]:
    """Those of `candidates` whose content is what their rule says, and not the article."""
    found: list[BlockMatch] = []
    inside = set(inside)
    refused: set[Any] = set()
    taken = 0
    for element, rule in candidates:
        above = set(element.iterancestors())
        if element in inside or not inside.isdisjoint(above) or len(above & refused) > DEEPEST:
            continue
        refused.add(element)  # until it is accepted
        content = content_of(element)
        if not rule.holds(content) or next(element.iter("h1", "main"), None) is not None:
            continue
        own = _own(content)
        if rule.comments:
            if own > SMALL and page.own - own < LEAST:
                continue
        elif own > SMALL or content.prose:
            taken += own
            if taken > MOST * page.own or content.prose > 0.5 * page.prose:
                taken -= own
                continue
        inside.add(element)
        found.append(BlockMatch(element, rule, content))
    return found


def _own(content: BlockContent) -> int:
    return content.text - content.linked


NOTHING = BlockContent(0, 0, 0, 0)


def content_of(element: Any) -> BlockContent:
    """What stands in `element`."""
    if not len(element) and not (element.text or "").strip():
        return NOTHING
    text = TEXT(element)
    linked = fields = prose = paragraphs = 0
    for part in element.iter("a", "p", "input", "textarea"):
        tag = part.tag
        if tag == "a":
            linked += len(TEXT(part))
        elif tag == "p":
            paragraphs += 1
            said = TEXT(part)
            if len(said) >= LONG and SENTENCE.search(said):
                prose += 1
        elif tag == "textarea" or part.get("type", "").lower() in WRITABLE:
            fields += 1
    if not paragraphs:
        prose = len(SENTENCE.findall(text)) // 2
    return BlockContent(len(text), min(linked, len(text)), prose, fields)


def _candidates(tree: Any) -> list[tuple[Any, BlockRule]]:
    """Elements that a name, an attribute, a tag or a label speaks of, in document order."""
    found: list[tuple[Any, BlockRule]] = []
    labels = MOST_LABELS
    prose: dict[Any, int] = {}
    body = tree.find(".//body")
    for element in (body if body is not None else tree).iterdescendants():
        tag = element.tag
        if tag in TAGS:
            found.append((element, RULES[TAGS[tag]]))
        elif not isinstance(tag, str):
            continue
        elif "-" in tag and (rule := meaning("class", tag)):
            found.append((element, rule))
        for attribute, value in element.items():
            if attribute in _memory and (rule := meaning(attribute, value)) is not None:
                found.append((element, rule))
        if tag in LABEL_TAGS:
            if labels and (text := element.text) and len(text) < LONGEST_LABEL and (label := label_of(text)):
                labels -= 1
                found.extend((part, RULES[label]) for part in labelled(element))
            if tag == "p" and linked_paragraph(element, prose):
                found.append((element, RULES["related posts"]))
        if len(found) > MOST_CANDIDATES:
            break
    return found


def meaning(attribute: str, value: str) -> BlockRule | None:
    """The rule that an attribute's value speaks of."""
    memory = _memory[attribute]
    if value in memory:
        return memory[value]
    rule = _meaning_of(attribute, value)
    if len(value) <= 500:  # no memory for strangers' megabytes
        if len(memory) >= MEMORY:
            memory.clear()
        memory[value] = rule
    return rule


def _meaning_of(attribute: str, value: str) -> BlockRule | None:
    if attribute in NAMED:
        tokens = value[:2000].split()
        return next((rule for token in tokens if (rule := _rule_of_token(token))), None)
    if attribute in LABELS:
        label = label_of(value)
        return RULES[label] if label else None
    if attribute == "itemtype":
        name = TYPES.get(value.strip().rstrip("/").rpartition("/")[2].lower())
        return RULES[name] if name else None
    said = SAID.get((attribute, value.strip().lower()[:40]))
    return RULES[said] if said else None


@lru_cache(MEMORY)
def _rule_of_token(token: str) -> BlockRule | None:
    # Nearly all tokens end here. A capital letter may begin a word: "newsletterBox".
    if token.islower():
        parts = token.replace("_", "-").split("-")
        if VOCABULARY.isdisjoint(parts) and VOCABULARY.isdisjoint([part.rstrip(DIGITS) for part in parts]):
            return None
    elif len(token) > LONGEST_NAME or VOCABULARY.isdisjoint(_words(token)):
        return None
    return next((rule for name in names_of(token) if (rule := BY_NAME.get(name))), None)


@lru_cache(MEMORY)
def names_of(token: str) -> tuple[str, ...]:
    """What a token may be called, the most exact first; "js-comment-list-wrapper" is "comment list" in the end."""
    if len(token) > LONGEST_NAME:
        return ()
    whole = _words(token)
    words = _words(APPENDED.sub("", token))
    long = [word for word in words if len(word) > 1]
    bare = [word for word in long if word not in NOISE]
    return tuple(dict.fromkeys(" ".join(name) for name in (whole, words, long, bare) if name))


def _words(token: str) -> list[str]:
    return [word.lower() for word in WORD.findall(token)]

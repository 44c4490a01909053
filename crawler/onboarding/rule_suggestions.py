"""Suggest a [[rule]] from a page and what was read from it: selectors that may fit, for the user to pick from. Pure.

Every suggestion is commented out with a #, and shows what it finds on this page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from crawler.config.plain_values import literal
from crawler.onboarding.selectors import found_by, selector_of, shared_selector
from pipelines.core.items import Article, Rule
from pipelines.core.terminal import cut, plain
from pipelines.extraction import site_rules
from pipelines.extraction.fields import date_parser

BLOCK_TAGS = frozenset(
    [
        "p", "li", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "td", "th", "dd", "dt", "figcaption", "pre", "div",
        "section", "article", "main", "aside", "header", "footer", "nav", "ul", "ol", "table", "form", "figure",
        "address", "details",
    ]
)  # fmt: skip
HEAD_LINES, TAIL_LINES = 3, 5  # lines at the start and the end of a text whose blocks may be suspects
MIN_BODY_SHARE = 0.85  # share of the text that a proposed body must hold
MAX_SUSPECT_SHARE = 0.2  # share of the text that a suspect may hold
LONG_PARAGRAPH_CHARS = 200  # a longer paragraph is not a suspect
# Characters searched in all, counted again for each block around them: a hostile page nests 2,000 blocks.
MAX_SEARCHED_CHARS = 5_000_000
MAX_PROPOSALS = 6  # of one kind
MIN_DROPPED_CHARS = 25  # a shorter text next to the article is a date, a name or a label
BYLINE_XPATH = (
    ".//body//*[@rel='author' or @itemprop='author' or self::address or contains(@class, 'uthor')"
    " or contains(@class, 'yline')]"
)
TIME_XPATH = ".//body//*[self::time or @itemprop='datePublished']"


@dataclass(frozen=True, slots=True)
class SelectorProposal:
    """Hold a selector and what it finds."""

    selector: str
    remark: str  # the beginning of the text that it finds, or the share of the article in it


@dataclass(slots=True)
class RuleSuggestions:
    """Collect the proposals for a rule of this page's paper."""

    body: list[SelectorProposal] = field(default_factory=list)
    # Blocks of the text at its ends or away from the rest, which may not belong to the article.
    suspects: list[SelectorProposal] = field(default_factory=list)
    # Blocks that were dropped within the text or next to it.
    dropped: list[SelectorProposal] = field(default_factory=list)
    fields: dict[str, SelectorProposal] = field(default_factory=dict)


def suggest(
    tree: Any, article: Article | None, seen: Any, rule: Rule | None = None, near: Sequence[str] = ()
) -> RuleSuggestions:
    """Look for selectors on a page, which is not changed. Without an article, its long paragraphs count as the text.

    `seen` is the time of capture. `rule` is the rule by which the page was read; no proposal contradicts it. `near`
    holds the texts of blocks that were dropped near the article.
    """
    lines = article.text.split("\n") if article else _long_paragraphs(tree)
    kinds = (article.line_kinds if article else None) or ""
    numbers = {number for number, kind in enumerate(kinds.split()) if kind.startswith("o")}
    bare = [line.lstrip().partition(" ")[2] if number in numbers else line for number, line in enumerate(lines)]
    homes = _block_of_each_line(tree, bare)
    found = RuleSuggestions(fields=_field_proposals(tree, article, seen))
    held = _lines_of_each_element(homes)
    total = sum(len(lines[number]) for number in homes) or 1
    bodies = [
        element
        for element in held
        if _text_chars(held[element], lines) >= MIN_BODY_SHARE * total and element.tag != "p"
    ]
    bodies = [element for element in bodies if element.tag not in ("html", "body")]
    for element in sorted(bodies, key=_depth, reverse=True)[:4]:
        if (selector := selector_of(element, tree)) and len(found.body) < 3:
            words = _text_chars(held[element], lines) + len(held[element]) - 1  # a space between two lines
            share = 100 * words // max(1, len(site_rules.text_of(element)))
            remark = f"{len(held[element])} of {len(lines)} lines of the text, {min(share, 100)}% of what is in it"
            found.body.append(SelectorProposal(selector, remark))
    if not bodies:
        return found
    innermost = max(bodies, key=_depth)
    edges = {*range(HEAD_LINES), *range(len(lines) - TAIL_LINES, len(lines))}
    named, pruned = _elements_of_rule(tree, rule)
    suspects = (
        element
        for element in held
        if element not in bodies
        and element not in named
        and element.tag not in ("html", "body")
        and (held[element] <= edges or innermost not in element.iterancestors())
        and _text_chars(held[element], lines) <= MAX_SUSPECT_SHARE * total
        and not (element.tag == "p" and _text_chars(held[element], lines) > LONG_PARAGRAPH_CHARS)
    )

    def takes_little(them: list[Any]) -> bool:
        return named.isdisjoint(them) and _text_chars(_lines_in(them, held), lines) <= MAX_SUSPECT_SHARE * total

    def takes_nothing(them: list[Any]) -> bool:
        return not _lines_in(them, held)

    for element in site_rules.outermost(tree, suspects):
        _propose_block(found.suspects, element, tree, takes_little)
    amid = [each for each in innermost.iter(*BLOCK_TAGS) if each not in held and each.tag != "h1"]
    for element in site_rules.outermost(tree, [*amid, *_dropped_nearby(tree, article, near, held)]):
        if element not in pruned:
            _propose_block(found.dropped, element, tree, takes_nothing)
    return found


def _elements_of_rule(tree: Any, rule: Rule | None) -> tuple[set[Any], set[Any]]:
    """Return (elements that the rule's body finds, with their ancestors; those that its prune finds, with contents)."""
    if rule is None:
        return set(), set()
    body = [element for selector in rule.body for element in found_by(selector, tree)]
    pruned = [element for selector in rule.prune for element in found_by(selector, tree)]
    return (
        {element for inner in body for element in (inner, *inner.iterancestors())},
        {element for outer in pruned for element in outer.iter()},
    )


def _dropped_nearby(
    tree: Any, article: Article | None, near: Sequence[str], held: dict[Any, set[int]]
) -> Iterator[Any]:
    """Yield the innermost blocks that were dropped near the text, except the headline and the names below it."""
    known = {_key(text) for text in (article.title, article.byline) if text} if article else set()
    wanted = {key for text in near if len(text) >= MIN_DROPPED_CHARS and (key := _key(text)) not in known}
    for element in tree.iter(*BLOCK_TAGS) if wanted else ():
        if (
            element not in held
            and element.tag != "h1"
            and next(islice(element.iter(*BLOCK_TAGS), 1, 2), None) is None
            and _key(site_rules.text_of(element)) in wanted
        ):
            yield element


def _propose_block(
    into: list[SelectorProposal], element: Any, tree: Any, harmless: Callable[[list[Any]], bool]
) -> None:
    """Propose a selector for a block: one that similar blocks share, if removing all of them would be harmless."""
    words = site_rules.text_of(element)
    if len(words) < 8 or len(into) >= MAX_PROPOSALS:
        return
    selector = shared_selector(element)
    if selector is None or not harmless(found_by(selector, tree)):
        selector = selector_of(element, tree)
    if selector is not None and all(each.selector != selector for each in into):
        into.append(SelectorProposal(selector, quoted(words)))


def _lines_in(elements: list[Any], held: dict[Any, set[int]]) -> set[int]:
    return {number for element in elements for number in held.get(element, ())}


def _long_paragraphs(tree: Any) -> list[str]:
    return [words for element in tree.iterfind(".//body//p") if len(words := site_rules.text_of(element)) >= 80]


def _block_of_each_line(tree: Any, lines: list[str]) -> dict[int, Any]:
    """Return the innermost block that holds each line, by the number of the line."""
    wanted: dict[str, list[int]] = {}
    for number, line in enumerate(lines):
        wanted.setdefault(_key(line), []).append(number)
    homes: dict[int, Any] = {}
    blocks = list(tree.iter(*BLOCK_TAGS))
    for element in blocks:
        if next(islice(element.iter(*BLOCK_TAGS), 1, 2), None) is None and (
            numbers := wanted.get(_key(site_rules.text_of(element)))
        ):
            homes[numbers.pop(0)] = element
    # Lines that end at a <br>, or that are next to blocks. In reverse order, inner elements come before outer ones.
    left = {key: numbers for key, numbers in wanted.items() if numbers and len(key) > 20}
    looked_at = 0
    for element in reversed(blocks) if left else ():
        text = _key(site_rules.text_of(element))
        looked_at += len(text)
        if not left or looked_at > MAX_SEARCHED_CHARS:
            break
        for key in [key for key in left if key in text]:
            homes |= dict.fromkeys(left.pop(key), element)
    return homes


def _key(text: str) -> str:
    """Return the letters and digits of a text, casefolded, to compare two readings of it."""
    return "".join(character for character in text.casefold() if character.isalnum())


def _lines_of_each_element(homes: dict[int, Any]) -> dict[Any, set[int]]:
    """Return the numbers of the lines that each element and its descendants hold."""
    held: dict[Any, set[int]] = {}
    for number, home in homes.items():
        for element in (home, *home.iterancestors()):
            held.setdefault(element, set()).add(number)
    return held


def _text_chars(numbers: Iterable[int], lines: list[str]) -> int:
    return sum(len(lines[number]) for number in numbers)


def _depth(element: Any) -> int:
    return sum(1 for _ in element.iterancestors())


def _field_proposals(tree: Any, article: Article | None, seen: Any) -> dict[str, SelectorProposal]:
    """Return proposals for the selectors of headline, byline and date."""
    found: dict[str, SelectorProposal] = {}
    headlines = tree.findall(".//h1")
    title = _key(article.title or "") if article else ""
    if headlines:
        best = next((h1 for h1 in headlines if title and _key(site_rules.text_of(h1)) == title), headlines[0])
        _propose_field(found, "title", best, tree)
    wanted = article.authors if article else ()
    bylines = [(len(words), number, element) for number, element in enumerate(tree.xpath(BYLINE_XPATH))
               if 3 < len(words := site_rules.text_of(element)) <= 120
               and (not wanted or any(name in words for name in wanted))]  # fmt: skip
    if bylines:
        most = max(sum(name in site_rules.text_of(element) for name in wanted) for _, _, element in bylines)
        full = [one for one in bylines if sum(name in site_rules.text_of(one[2]) for name in wanted) == most]
        _propose_field(found, "authors", min(full)[2], tree)
    for element in tree.xpath(TIME_XPATH):
        key = next((key for key in ("datetime", "content") if date_parser.parse(element.get(key), seen)), None)
        if key and "published" not in found:
            _propose_field(found, "published", element, tree, f"::attr({key})", element.get(key))
    return found


def _propose_field(
    found: dict[str, SelectorProposal], name: str, element: Any, tree: Any, end: str = "", value: str = ""
) -> None:
    if selector := selector_of(element, tree):
        found[name] = SelectorProposal(selector + end, quoted(value or site_rules.text_of(element)))


def quoted(text: str) -> str:
    """Return the beginning of a text in quotes, safe for a terminal and a comment."""
    return f"“{cut(' '.join(plain(text).split()), 60)}”"


def proposal_heading(place: str) -> str:
    """Return the start of the first line of a page's suggestions, the same on every day."""
    return f"# From {plain(place)}, captured "


def as_toml(found: RuleSuggestions, place: str, day: str, *, held_by_another: bool = False) -> str:
    """Return the suggestions as text for the end of a source's file. They have no effect until a # is removed.

    `held_by_another` means that the file has a rule without `until`; a second one would be a mistake.
    """
    lines = [
        f"{proposal_heading(place)}{day}.",
        "# Each line with a # is a guess, with what it finds on that page. Remove the # where the guess is right.",
    ]
    if held_by_another:
        lines.append(
            "# This file has a rule that is still valid: give that one an until, or move lines from here into it."
        )
    lines += _rule_lines(found, "#" if held_by_another else "")
    return "\n".join(lines) + "\n"


def _rule_lines(found: RuleSuggestions, off: str) -> Iterator[str]:
    """Yield the lines of the rule. `off` precedes those that would take effect at once."""
    yield f"{off}[[rule]]"
    yield '#until = "2030-01-01"  # first day of the next design, by day of capture; without it the rule is still valid'
    if found.suspects:
        yield "# These blocks are in the text as it is read now. Which of them are not article text?"
        yield f"{off}prune = ["
        start = f"{off}    " if off else "    #"  # a list that is commented out needs no # on its items
        yield from (f"{start}{literal(each.selector)},  # {each.remark}" for each in found.suspects)
        yield f"{off}]"
    else:
        yield '#prune = ["div.newsletter"]  # blocks that are not article text; this page has no suspects'
    if found.dropped:
        yield "# These blocks, within the text or next to it, are left out now. If one is article text, add it to body."
        yield from (f"#   {each.selector}  {each.remark}" for each in found.dropped)
    for each in found.body:
        yield f"#body = [{literal(each.selector)}]  # {each.remark}"
    if found.fields:
        yield f"{off}[rule.fields]"
        for name, each in found.fields.items():
            yield f"#{name} = {literal(each.selector)}  # {each.remark}"

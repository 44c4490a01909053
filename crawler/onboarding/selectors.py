"""Find a short CSS selector for an element of a page that is likely to work on the paper's other pages too. Pure.

Ids and classes that a build tool or a database generated ("css-1q2w3e", "post-4711") are not used, because they differ
on the next page or after the next release.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pipelines.extraction import site_rules

# Four to eight characters with a digit among letters, or letters alone with more changes of case than camelCase has.
HASH_PATTERN = (
    r"(?:(?=[A-Za-z]*\d+[A-Za-z])[A-Za-z0-9]{4,8}|(?=[A-Za-z]*[a-z][A-Z])(?![A-Z]?[a-z]+[A-Z][a-z]+$)[A-Za-z]{5,7})$"
)
GENERATED_NAME = re.compile(
    rf"\d{{3,}}|^(?:css|sc|jsx|jss|emotion|svelte|styled|makeStyles)-|(?:^|-|__)(?:{HASH_PATTERN})"
)
MODULE_NAME = re.compile(rf"^([A-Z][\w-]*?-|[A-Za-z][\w-]*?__)(?:{HASH_PATTERN})")  # styled components, CSS modules
# Classes that say how an element looks, not what it is. A redesign changes these first.
STYLE_NAME = re.compile(
    r"^-?(?:[mp][trblxy]?|[wh]|max|min|top|left|right|bottom|z|gap|flex|grid|col|row|order|text|font|leading|tracking"
    r"|bg|border|rounded|shadow|items|justify|self|space|whitespace|overflow|not|opacity|hidden|block|inline|relative"
    r"|absolute|sticky|fixed|clearfix|float|pull|d|is|has)(?:-|$)"
)
PLAIN_NAME = re.compile(r"-?[A-Za-z_][\w-]*", re.ASCII)
MEANINGFUL_NAME = re.compile(
    r"article|story|content|body|text|entry|post|copy|head|title|author|by-?line|date|time", re.I
)
# Attributes written for machines, which outlive redesigns.
STABLE_ATTRIBUTES = ("itemprop", "data-testid", "data-test", "data-component", "data-qa", "data-type", "role", "rel")
SELECTOR_TAGS = ("article", "main", "h1", "time", "address", "aside", "footer", "header", "form")
MAX_SELECTORS_TRIED = 60  # per element; each costs a walk over the page


def selector_of(element: Any, tree: Any, *, above: int = 3) -> str | None:
    """Return the shortest selector that finds this element of `tree` and no other; None if there is no good one.

    `above` is the number of ancestors that may be part of it.
    """
    for number, selector in enumerate(_own_selectors(element)):
        if number < MAX_SELECTORS_TRIED and _finds_only(selector, element, tree):
            return selector
    parent = element.getparent()
    if above == 0 or parent is None or parent.tag in ("html", "body"):
        return None
    outer = selector_of(parent, tree, above=above - 1)
    if outer is None:
        return None
    for selector in (*list(_own_selectors(element))[:MAX_SELECTORS_TRIED], element.tag):
        for joined in (f"{outer} > {selector}", f"{outer} {selector}"):
            if _finds_only(joined, element, tree):
                return joined
    return None


def shared_selector(element: Any) -> str | None:
    """Return a selector by the element's most meaningful attribute, which others may share; None without one."""
    return next(iter(_own_selectors(element)), None)


def _finds_only(selector: str, element: Any, tree: Any) -> bool:
    return found_by(selector, tree) == [element]


def found_by(selector: str, tree: Any) -> list[Any]:
    """Return the elements that a selector finds; an empty list if it is invalid."""
    try:
        found = site_rules.compiled(selector)(tree)
    except ValueError:
        return []
    return found if isinstance(found, list) else []


def _own_selectors(element: Any) -> Iterator[str]:
    """Yield selectors of an element by its own attributes and tag, the most durable first."""
    tag = element.tag
    for name in STABLE_ATTRIBUTES:
        value = (element.get(name) or "").strip()
        if value and re.fullmatch(r"[\w :./-]{1,60}", value) and not GENERATED_NAME.search(value):
            yield f'{tag}[{name}="{value}"]'
    name = (element.get("id") or "").strip()
    if (
        PLAIN_NAME.fullmatch(name) and not GENERATED_NAME.search(name) and len(name) <= 40 and name.count("-") <= 4
    ):  # no headline
        yield f"#{name}"
    given = [token for token in element.get("class", "")[:1000].split() if PLAIN_NAME.fullmatch(token)]
    tokens = sorted(
        (token for token in given if not GENERATED_NAME.search(token)),
        key=lambda token: not MEANINGFUL_NAME.search(token),
    )
    modules = (f'{tag}[class*="{found[1]}"]' for token in given if (found := MODULE_NAME.match(token)))
    yield from (f"{tag}.{token}" for token in tokens if not STYLE_NAME.match(token))
    yield from modules
    yield from (f"{tag}.{token}" for token in tokens if STYLE_NAME.match(token))
    if tag in SELECTOR_TAGS:
        yield tag
    yield from (f"{tag}.{one}.{other}" for i, one in enumerate(tokens[:6]) for other in tokens[i + 1 : 6])

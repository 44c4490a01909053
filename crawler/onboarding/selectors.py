"""A short CSS selector for an element of a page, one that likely holds for the paper's other pages too. Pure.

Ids and classes that a build or a database made up ("css-1q2w3e", "post-4711") are passed over: they are other ones on
the next page, or after the next release.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pipelines.extraction import site_rules

# Four to eight characters with a digit amid letters; letters alone if their case leaps more than a camel's.
HASH_PATTERN = (
    r"(?:(?=[A-Za-z]*\d+[A-Za-z])[A-Za-z0-9]{4,8}|(?=[A-Za-z]*[a-z][A-Z])(?![A-Z]?[a-z]+[A-Z][a-z]+$)[A-Za-z]{5,7})$"
)
GENERATED_NAME = re.compile(
    rf"\d{{3,}}|^(?:css|sc|jsx|jss|emotion|svelte|styled|makeStyles)-|(?:^|-|__)(?:{HASH_PATTERN})"
)
MODULE_NAME = re.compile(rf"^([A-Z][\w-]*?-|[A-Za-z][\w-]*?__)(?:{HASH_PATTERN})")  # styled components, CSS modules
# How it looks, not what it is: the next designer's first victim.
STYLE_NAME = re.compile(
    r"^-?(?:[mp][trblxy]?|[wh]|max|min|top|left|right|bottom|z|gap|flex|grid|col|row|order|text|font|leading|tracking"
    r"|bg|border|rounded|shadow|items|justify|self|space|whitespace|overflow|not|opacity|hidden|block|inline|relative"
    r"|absolute|sticky|fixed|clearfix|float|pull|d|is|has)(?:-|$)"
)
PLAIN_NAME = re.compile(r"-?[A-Za-z_][\w-]*", re.ASCII)
MEANINGFUL_NAME = re.compile(
    r"article|story|content|body|text|entry|post|copy|head|title|author|by-?line|date|time", re.I
)
# Said for machines, so it outlives redesigns.
STABLE_ATTRIBUTES = ("itemprop", "data-testid", "data-test", "data-component", "data-qa", "data-type", "role", "rel")
SELECTOR_TAGS = ("article", "main", "h1", "time", "address", "aside", "footer", "header", "form")
MAX_SELECTORS_TRIED = 60  # selectors a step; each costs a walk over the page


def selector_of(element: Any, tree: Any, *, above: int = 3) -> str | None:
    """The shortest selector that finds this element of `tree` and no other; None if there is no decent one."""
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
    """A selector for this element by its own most telling mark, whether or not others wear it too."""
    return next(iter(_own_selectors(element)), None)


def _finds_only(selector: str, element: Any, tree: Any) -> bool:
    return found_by(selector, tree) == [element]


def found_by(selector: str, tree: Any) -> list[Any]:
    """What a selector finds; nothing if it does not work."""
    try:
        found = site_rules.compiled(selector)(tree)
    except ValueError:
        return []
    return found if isinstance(found, list) else []


def _own_selectors(element: Any) -> Iterator[str]:
    """Selectors of an element by its own marks, the most durable first."""
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

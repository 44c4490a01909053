"""Read the JSON-LD of a page and find the node that describes the article.

Only the structure is read here; `fields.metadata` decides what a value means. A mistake of a publisher never raises.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from html import unescape
from typing import Any

from pipelines.extraction.page.characters import without_half_escapes
from pipelines.extraction.page.damaged_json import read_damaged

Node = dict[str, Any]

MAX_MEMBERS = 50  # of a list of authors
MAX_NODES = 2000  # of a page that are read; product lists of shops run to thousands
# Types that are articles, though their names do not end in "Article".
ARTICLE_TYPES = frozenset(
    (
        "BlogPosting",
        "LiveBlogPosting",
        "Report",
        "Review",
        "CriticReview",
        "SocialMediaPosting",
        "DiscussionForumPosting",
    )
)
WORK_TYPES = frozenset(("Recipe", "HowTo", "CreativeWork", "Book", "Course", "PodcastEpisode", "Episode", "Guide"))
DECODER = json.JSONDecoder(strict=False)  # strict=False: raw line breaks inside strings


def nodes(blocks: Iterable[str]) -> list[Node]:
    """Return every typed node of every block in document order, with those inside @graph and mainEntity(OfPage)."""
    found: list[Node] = []
    for block in blocks:
        for value in parse(block):
            found.extend(_walk(value))
            if len(found) > MAX_NODES:
                return found[:MAX_NODES]
    return found


def parse(block: str) -> list[Any]:
    """Return the JSON values of one script block; none if it cannot be read."""
    value: Any = without_half_escapes(block)
    try:
        for _ in range(2):  # some systems write the whole as a string of JSON
            if isinstance(value, str):
                value = DECODER.decode(value)
    except ValueError:
        return read_damaged(value)
    except RecursionError:  # thousands of nested brackets
        return []
    return [value]


def _walk(value: Any, depth: int = 0) -> Iterator[Node]:
    if depth > 6:
        return
    if isinstance(value, list):
        for item in value[:MAX_NODES]:
            yield from _walk(item, depth + 1)
    elif isinstance(value, dict):
        if "@type" in value or ("@id" in value and "name" in value):
            yield value
        for key in ("@graph", "mainEntity", "mainEntityOfPage"):
            if isinstance(value.get(key), dict | list):
                yield from _walk(value[key], depth + 1)


def types(node: Node) -> list[str]:
    """Return the names of the types of a node, without the address of the vocabulary."""
    kinds = node.get("@type")
    return [str(kind).rsplit("/", 1)[-1] for kind in (kinds if isinstance(kinds, list) else [kinds]) if kind]


def is_article(node: Node) -> bool:
    """Return whether the node is an article of some kind."""
    return any(kind.endswith("Article") or kind in ARTICLE_TYPES for kind in types(node))


def is_page(node: Node) -> bool:
    """Return whether the node is a page, or a work with author and date that is no article: a recipe, a how-to."""
    return any(kind.endswith("Page") or kind in WORK_TYPES for kind in types(node))


def named(found: Iterable[Node]) -> dict[str, Node]:
    """Return what has an @id, by which others refer to it, at any depth. One with a name precedes one without."""
    by_id: dict[str, Node] = {}
    waiting: list[Any] = list(found)
    for _ in range(2 * MAX_NODES):
        if not waiting:
            break
        value = waiting.pop()
        if isinstance(value, dict):
            name = value.get("@id")
            if isinstance(name, str) and len(value) > 1 and ("name" in value or name not in by_id):
                by_id[name] = value
            waiting.extend(inner for inner in value.values() if isinstance(inner, dict | list))
        else:
            waiting.extend(inner for inner in value[:MAX_NODES] if isinstance(inner, dict | list))
    return by_id


def resolved(value: Any, by_id: dict[str, Node]) -> Any:
    """Return `value`, or the node that it refers to by {"@id": "#jane"} or by address alone."""
    if isinstance(value, str):
        return by_id.get(value, value)
    if isinstance(value, dict) and "name" not in value and isinstance(value.get("@id"), str):
        return by_id.get(value["@id"], value)
    return value


def article(found: list[Node], addresses: set[str], headlines: set[str]) -> Node:
    """Return the node that describes the article of this page, else {}.

    `addresses`: those of the page, each made `same_address`; `headlines`: other names of the page, each made
    `same_words`. A page of teasers describes many articles of other pages, so one of many nodes must match.
    """
    articles = [node for node in found if is_article(node)]
    if not articles:
        return {}

    def closeness(node: Node) -> int:
        at = {same_address(text(node.get(key), "@id", "url")) for key in ("url", "@id", "mainEntityOfPage")}
        title = same_words(text(node.get("headline")) or text(node.get("name")))
        return 4 * bool(at & addresses) + 3 * (title in headlines) + ("datePublished" in node)

    best = max(articles, key=closeness)  # the first of several with the same value
    return best if len(articles) == 1 or closeness(best) > 1 or len(articles) <= 3 else {}


def members(value: Any) -> list[Any]:
    """Return the values of a list, of lists inside it, and of the lists of JSON-LD 1.1 (section 4.3): @list, @set."""
    found: list[Any] = []
    waiting = [value]
    while waiting and len(found) < MAX_MEMBERS:
        item = waiting.pop(0)
        if isinstance(item, dict) and not {"name", "@id", "@type"} & item.keys():
            item = next((item[key] for key in ("@list", "@set", "itemListElement") if key in item), item)
        if isinstance(item, list):
            waiting[:0] = item[:MAX_MEMBERS]
        elif item is not None:
            found.append(item)
    return found


def same_address(url: str | None) -> str:
    """Return `url` without scheme, www, query, fragment and last slash, which vary between spellings of one address."""
    if not url:
        return "-"  # equal to no address
    return re.sub(r"^[a-z]+:(?://)?(?:www\.)?|[?#].*$", "", url.strip(), flags=re.IGNORECASE).rstrip("/").lower()


def same_words(title: str | None) -> str:
    """Return the words of `title` in lower case, which two spellings of one headline have in common."""
    return " ".join(WORD.findall((unescape(title) if "&" in title else title).casefold())) if title else ""


WORD = re.compile(r"\w+")


def text(value: Any, *keys: str) -> str | None:
    """Return the first plain string of a value: a string, a number, a list, or a node with one of `keys`."""
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, list):
        return next((found for item in members(value) if (found := text(item, *keys))), None)
    if isinstance(value, dict):
        inside = value.get("@value")
        plain = None if isinstance(inside, dict | list) else text(inside)
        return next((found for key in keys if (found := text(value.get(key)))), plain)
    return None


def texts(value: Any, *keys: str) -> list[str]:
    """Return all plain strings of a value as `text` reads it, in their order."""
    items = value if isinstance(value, list) else [value]
    return [found for item in items if (found := text(item, *keys))]

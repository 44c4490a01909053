"""List the parts of a page or style sheet as absolute addresses, the most needed first.

One candidate of each `srcset` is listed, and one picture of each `picture` element: its `img` if that has an address.
The replay leaves out the candidates that the archive has not, so that a browser asks for the same one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from selectolax.lexbor import LexborHTMLParser

from pipelines.core.items import PagePart, PartList, PartRules
from pipelines.core.links import resolve
from pipelines.core.urls import fetchable
from pipelines.extraction.page.charset import decode
from pipelines.extraction.parts import srcset
from pipelines.extraction.parts.sheet_addresses import sheet_addresses

MAX_ADDRESSES = 5000  # of a page or sheet that are looked at
SHEET_LINKS = frozenset(("stylesheet",))
ICON_LINKS = frozenset(("icon", "apple-touch-icon", "mask-icon"))
BACKGROUNDS = frozenset(("body", "table", "td", "th"))
DRAWN = frozenset(("image", "use", "feimage"))  # of SVG
RANKS = ("style", "font", "icon", "image")  # if there are too many, the first of these are taken
IMAGE_KINDS = frozenset(("image",))
NOT_FETCHED = ("data:", "blob:", "about:", "#")


def parts_of_page(
    body: bytes, content_type: str | None, url: str, rules: PartRules, lead_image: str | None = None
) -> PartList:
    """Return the parts of a page, the lead image first among its pictures."""
    tree = LexborHTMLParser(decode(body, content_type) or "")
    base = tree.css_first("base[href]")
    start = (resolve(base.attributes.get("href") or "", url) if base is not None else None) or url
    found = _of_tree(tree)
    lead = iter([(lead_image, "image")] if lead_image else [])
    return _listed((one for some in (lead, found) for one in some), start, rules)


def parts_of_sheet(body: bytes, content_type: str | None, url: str, rules: PartRules) -> PartList:
    """Return the parts of a style sheet."""
    return _listed(sheet_addresses(decode(body, content_type) or ""), url, rules)


def _listed(found: Iterable[tuple[str, str]], base: str, rules: PartRules) -> PartList:
    """Return addresses as parts: absolute, each once, those that the rules allow, and not more than they do."""
    parts: dict[str, str] = {}
    other_hosts = looked_at = 0
    for written, kind in found:
        looked_at += 1
        if looked_at > MAX_ADDRESSES:
            break
        if (rules.images_only and kind not in IMAGE_KINDS) or (kind == "style" and not rules.sheets):
            continue
        if not written or written.lower().startswith(NOT_FETCHED):
            continue
        address = fetchable(resolve(written, base) or "")
        if address is None or len(address) > rules.url_length or address in parts or address == base:
            continue
        if not rules.allows(address):
            other_hosts += 1
            continue
        parts[address] = kind
    ranked = sorted(parts.items(), key=lambda part: RANKS.index(part[1]))
    kept = tuple(PagePart(address, kind) for address, kind in ranked[: rules.most])
    return PartList(kept, too_many=len(parts) - len(kept), other_hosts=other_hosts)


def _of_tree(tree: LexborHTMLParser) -> Iterator[tuple[str, str]]:
    """Yield (address as written, kind of part) of what a browser without scripts would ask for."""
    for node in tree.css("*"):
        tag, given = (node.tag or "").lower(), node.attributes
        if tag == "style":
            yield from sheet_addresses(node.text(deep=True) or "")
        if not given and tag != "img":
            continue
        if style := given.get("style"):
            yield from sheet_addresses(style)
        yield from _of_element(tag, given, node)


def _of_element(tag: str, given: dict[str, str | None], node: Any) -> Iterator[tuple[str, str]]:
    """Yield the parts that one element names in its attributes."""
    if tag == "link":
        kinds = set((given.get("rel") or "").lower().split())
        href = given.get("href") or ""
        if kinds & SHEET_LINKS and "alternate" not in kinds:
            yield href, "style"
        elif kinds & ICON_LINKS:
            yield href, "icon"
    elif tag == "img":
        yield image_address(given) or _source_of_picture(node) or "", "image"
    elif tag == "input" and (given.get("type") or "").lower() == "image":
        yield given.get("src") or "", "image"
    elif tag == "video":
        yield given.get("poster") or "", "image"
    elif tag in BACKGROUNDS:
        yield given.get("background") or "", "image"
    elif tag in DRAWN:
        yield given.get("href") or given.get("xlink:href") or "", "image"


def image_address(given: dict[str, str | None]) -> str | None:
    """Return the address that an archive keeps of an `img` or `source`, by its attributes; None if it has none."""
    source = given.get("src") or ""
    is_placeholder = not source or source.lower().startswith("data:")
    for name in ("srcset", *srcset.LAZY_SETS):
        if value := given.get(name):
            found = srcset.candidates(value)
            if source and not is_placeholder and not any(_is_width(rest) for _, rest in found):
                found.append((source, ""))  # it is a candidate as well (HTML, 4.8.4.3.9)
            if best := srcset.chosen(found):
                return best
    if is_placeholder:
        source = next((value for name in srcset.LAZY if (value := given.get(name))), "")
    return source or None


def _is_width(rest: str) -> bool:
    return rest.endswith("w")


def _source_of_picture(node: Any) -> str | None:
    """Return the address of the first `source` beside an `img` that has none of its own."""
    parent = node.parent
    if parent is None or parent.tag != "picture":
        return None
    found = (image_address(source.attributes) for source in parent.css("source"))
    return next(filter(None, found), None)

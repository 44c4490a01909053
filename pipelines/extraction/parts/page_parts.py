"""List the parts of a page or style sheet as absolute addresses, the most needed first.

One candidate of each `srcset` is listed, and one picture of each `picture` element: its `img` if that has an address.
The replay leaves out the candidates that the archive has not, so that a browser asks for the same one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from selectolax.lexbor import LexborHTMLParser

from pipelines.core.items import PagePart, PartList, PartRules
from pipelines.core.links import resolve
from pipelines.core.urls import fetchable
from pipelines.extraction.page.charset import decode
from pipelines.extraction.parts import srcset
from pipelines.extraction.parts.sheet_addresses import sheet_addresses

MAX_ADDRESSES = 5000  # of a page or sheet that are looked at; further ones are only counted
ICON_LINKS = frozenset(("icon", "apple-touch-icon", "mask-icon"))
BACKGROUNDS = frozenset(("body", "table", "td", "th"))
DRAWN = frozenset(("image", "use", "feimage"))  # of SVG
RANKS = ("style", "font", "icon", "image")  # if there are too many, the first of these are taken
IMAGE_KINDS = frozenset(("image",))
NOT_FETCHED = ("data:", "blob:", "about:", "#")
MAX_BEGINNING = max(map(len, NOT_FETCHED))


def parts_of_page(
    body: bytes, content_type: str | None, url: str, rules: PartRules, lead_image: str | None = None
) -> PartList:
    """Return the parts of a page, the lead image first among its pictures."""
    tree = LexborHTMLParser(decode(body, content_type) or "")
    base = tree.css_first("base[href]")
    start = (resolve(base.attributes.get("href") or "", url) if base is not None else None) or url
    lead = [(lead_image, "image")] if lead_image else []
    return _listed(chain(lead, _of_tree(tree)), start, rules)


def parts_of_sheet(body: bytes, content_type: str | None, url: str, rules: PartRules) -> PartList:
    """Return the parts of a style sheet."""
    return _listed(sheet_addresses(decode(body, content_type) or ""), url, rules)


def _listed(found: Iterable[tuple[str, str]], base: str, rules: PartRules) -> PartList:
    """Return addresses as parts: absolute, each once, those that the rules allow, and not more than they do."""
    parts: dict[str, str] = {}
    seen: set[str] = set()  # addresses as written
    other_hosts = unread = 0
    for written, kind in found:
        if (rules.images_only and kind not in IMAGE_KINDS) or (kind == "style" and not rules.sheets):
            continue
        if not written or written in seen or written[:MAX_BEGINNING].lower().startswith(NOT_FETCHED):
            continue
        seen.add(written)
        if len(seen) > MAX_ADDRESSES:
            unread += 1
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
    return PartList(kept, too_many=len(parts) - len(kept) + unread, other_hosts=other_hosts)


def _of_tree(tree: LexborHTMLParser) -> Iterator[tuple[str, str]]:
    """Yield (address as written, kind of part) of what a browser without scripts would ask for."""
    source: str | None = None  # of the `picture` that is being read: its first
    for node in tree.css("*"):
        tag, given = (node.tag or "").lower(), node.attributes
        if tag == "style":
            yield from sheet_addresses(node.text(deep=True) or "")
        elif tag == "picture":
            source = None
        elif tag == "source":
            source = source or image_address(given)
        elif tag == "img":
            is_in_picture = node.parent is not None and node.parent.tag == "picture"
            if (lazy := lazy_source(given)) is not None:
                yield lazy, "image"
            yield image_address(given) or (source if is_in_picture else None) or "", "image"
        if given:
            yield from _of_attributes(tag, given)


def _of_attributes(tag: str, given: dict[str, str | None]) -> Iterator[tuple[str, str]]:
    """Yield the parts that one element other than `img` names in its attributes, and those of its own style."""
    if style := given.get("style"):
        yield from sheet_addresses(style)
    if tag == "link":
        kinds = set((given.get("rel") or "").lower().split())
        href = given.get("href") or ""
        if "stylesheet" in kinds and "alternate" not in kinds:
            yield href, "style"
        elif kinds & ICON_LINKS:
            yield href, "icon"
    elif tag == "input" and (given.get("type") or "").lower() == "image":
        yield given.get("src") or "", "image"
    elif tag == "video":
        yield given.get("poster") or "", "image"
    elif tag == "amp-img":
        yield image_address(given) or "", "image"
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


def lazy_source(given: dict[str, str | None]) -> str | None:
    """Return the address that a script would put in the place of a `src` that may be a placeholder; None if none.

    Nothing says if the `src` is the picture itself, so both are listed. The replay shows this one if it is there.
    """
    if any(given.get(name) for name in ("srcset", *srcset.LAZY_SETS)):
        return None
    return next((value for name in srcset.LAZY_SOURCES if (value := given.get(name))), None)


def _is_width(rest: str) -> bool:
    return rest.endswith("w")

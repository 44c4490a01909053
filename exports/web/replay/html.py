"""Rewrite the addresses in a page, and take out what would run or lead away from the archive.

The page is parsed as browsers parse it (HTML, section 13; lexbor), so what they would see is what is rewritten.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any
from urllib.parse import urljoin

from selectolax.lexbor import LexborHTMLParser

from exports.web.replay import css, srcset

# Attributes with one address of a part of the page, and with addresses of other pages.
PARTS = {
    "img": ("src",), "source": ("src",), "audio": ("src",), "video": ("src", "poster"), "track": ("src",),
    "input": ("src",), "embed": ("src",), "object": ("data",), "iframe": ("src",), "frame": ("src",),
    "body": ("background",), "table": ("background",), "td": ("background",), "th": ("background",),
    "image": ("href", "xlink:href"), "use": ("href", "xlink:href"), "feimage": ("href", "xlink:href"),
}  # fmt: skip
PAGES = {"a": ("href", "xlink:href"), "area": ("href",)}
SETS = ("srcset", "imagesrcset")
STYLE_LINKS = frozenset(("stylesheet", "icon", "shortcut", "apple-touch-icon", "mask-icon"))
REMOVED = "script, base, meta[http-equiv], template[shadowrootmode], link[rel~=preconnect], link[rel~=dns-prefetch]"
DROPPED = (
    "integrity",
    "crossorigin",
    "nonce",
    "ping",
    "action",
    "formaction",
    "srcdoc",
    "manifest",
    "target",
    "download",
)
LAZY = ("data-src", "data-lazy-src", "data-original", "data-srcset")  # where scripts would have taken the picture from
STATIC = ("data:", "#", "blob:", "about:")


class AddressWriter:
    """Rewrite addresses of one page: absolute by its base, then as the archive has them."""

    def __init__(self, base: str, part: Callable[[str], str], page: Callable[[str], str]) -> None:
        """`part` and `page` take an absolute address of the web and return one of ours."""
        self.base, self._part, self._page = base, part, page

    def part(self, address: str) -> str:
        """Return the address of a picture, style sheet or font."""
        return self._written(address, self._part)

    def page(self, address: str) -> str:
        """Return the address of another page."""
        return self._written(address, self._page)

    def _written(self, address: str, write: Callable[[str], str]) -> str:
        address = re.sub(r"[\t\n\r]", "", address).strip()
        if not address or address.lower().startswith(STATIC):
            return address
        try:
            absolute = urljoin(self.base, address)
        except ValueError:
            return "#"
        return write(absolute) if absolute.lower().startswith(("http://", "https://")) else "#"


def rewritten(text: str, url: str, part: Callable[[str], str], page: Callable[[str], str]) -> str:
    """Return a page with every address rewritten and without its scripts."""
    tree = LexborHTMLParser(text)
    base = tree.css_first("base[href]")
    try:
        start = urljoin(url, (base.attributes.get("href") or "").strip()) if base is not None else url
    except ValueError:
        start = url
    write = AddressWriter(start, part, page)
    for node in tree.css(REMOVED):
        node.decompose()
    mark = next(name for name in map("data-sheet-{}".format, count()) if name not in text)
    sheets: list[str] = []
    for node in tree.css("*"):
        if node.tag == "style":
            sheets.append(css.rewritten(node.text(deep=True) or "", write.part))
            node.attrs[mark] = str(len(sheets) - 1)
        _rewrite(node, write)
    return "".join(_with_sheets(tree.html or "", mark, sheets))


def _rewrite(node: Any, write: AddressWriter) -> None:
    """Rewrite the addresses of one element."""
    tag, given = (node.tag or "").lower(), node.attributes
    if not given:
        return
    attrs = node.attrs
    for name in [name for name in given if name in DROPPED or name.lower().startswith("on")]:
        del attrs[name]
    for name in PARTS.get(tag, ()):
        if given.get(name):
            attrs[name] = write.part(given[name])
    for name in PAGES.get(tag, ()):
        if given.get(name):
            attrs[name] = write.page(given[name])
            attrs["target"] = "_top"
    for name in SETS:
        if given.get(name):
            attrs[name] = srcset.rewritten(given[name], write.part)
    if tag == "link" and given.get("href"):
        kinds = set((given.get("rel") or "").lower().split())
        if kinds & STYLE_LINKS:
            attrs["href"] = write.part(given["href"])
        else:
            del attrs["href"]
    if tag == "img":
        _show_lazy(given, attrs, write)
    if given.get("style"):
        attrs["style"] = css.rewritten(given["style"], write.part)


def _show_lazy(given: dict[str, str | None], attrs: Any, write: AddressWriter) -> None:
    """Give a picture that a script would have loaded its address; a browser without scripts shows it then."""
    source = given.get("src") or ""
    if not source or source.startswith("data:"):
        lazy = next((given[name] for name in LAZY[:3] if given.get(name)), None)
        if lazy:
            attrs["src"] = write.part(lazy)
    if not given.get("srcset") and given.get("data-srcset"):
        attrs["srcset"] = srcset.rewritten(given["data-srcset"] or "", write.part)


def _with_sheets(text: str, mark: str, sheets: list[str]) -> Iterator[str]:
    """Yield the page with the style sheets that were rewritten in the elements with the mark."""
    at = 0
    for found in re.finditer(rf'(<style[^>]*?) {mark}="(\d+)"([^>]*>)', text):
        end = text.find("</style>", found.end())
        yield text[at : found.start()] + found[1] + found[3] + sheets[int(found[2])].replace("</", "<\\/")
        at = end if end >= 0 else len(text)
    yield text[at:]

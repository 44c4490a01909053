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

from exports.web.replay import css
from pipelines.extraction.parts import srcset
from pipelines.extraction.parts.srcset import LAZY, LAZY_SETS

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
STATIC = ("data:", "#", "blob:", "about:")


class AddressWriter:
    """Rewrite addresses of one page: absolute by its base, then as the archive has them."""

    def __init__(
        self,
        base: str,
        part: Callable[[str], str],
        page: Callable[[str], str],
        is_known: Callable[[str], bool] = lambda url: True,
    ) -> None:
        """`part` and `page` take an absolute address of the web and return one of ours; `is_known`: we have it."""
        self.base, self._part, self._page, self._is_known = base, part, page, is_known

    def part(self, address: str) -> str:
        """Return the address of a picture, style sheet or font."""
        return self._written(address, self._part)

    def page(self, address: str) -> str:
        """Return the address of another page."""
        return self._written(address, self._page)

    def candidates(self, value: str, source: str = "") -> str:
        """Return a `srcset` with the candidates that the archive has; "" if it has none of them.

        A crawl fetches one candidate. A browser may choose any, so it is offered no other. If the archive has neither
        a candidate nor the picture at `source`, the one that a crawl would fetch is shown as missing.
        """
        found = srcset.candidates(value)
        kept = [one for one in found if self.has(one[0])]
        if not kept and not (source and self.has(source)):
            kept = [one for one in found if one[0] == srcset.chosen(found)][:1]
        return srcset.written([(self.part(url), rest) for url, rest in kept])

    def has(self, address: str) -> bool:
        """Return True if the archive has the part at an address, or the page has it in itself."""
        absolute = self._written(address, str)
        return absolute.lower().startswith("data:") or (absolute not in ("", "#") and self._is_known(absolute))

    def _written(self, address: str, write: Callable[[str], str]) -> str:
        address = re.sub(r"[\t\n\r]", "", address).strip()
        if not address or address.lower().startswith(STATIC):
            return address
        try:
            absolute = urljoin(self.base, address)
        except ValueError:
            return "#"
        return write(absolute) if absolute.lower().startswith(("http://", "https://")) else "#"


def rewritten(
    text: str,
    url: str,
    part: Callable[[str], str],
    page: Callable[[str], str],
    is_known: Callable[[str], bool] = lambda url: True,
) -> str:
    """Return a page with every address rewritten and without its scripts; the arguments are those of AddressWriter."""
    tree = LexborHTMLParser(text)
    base = tree.css_first("base[href]")
    try:
        start = urljoin(url, (base.attributes.get("href") or "").strip()) if base is not None else url
    except ValueError:
        start = url
    write = AddressWriter(start, part, page, is_known)
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
            _rewrite_set(node, name, given, write)
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


def _rewrite_set(node: Any, name: str, given: dict[str, str | None], write: AddressWriter) -> None:
    """Rewrite a `srcset`. Without it, a browser takes the address in `src`, or the next element of the picture."""
    picture = node.parent if node.tag == "source" else None
    image = picture.css_first("img") if picture is not None else None
    shown = image.attributes if image is not None else given
    source = next((value for key in ("src", *LAZY) if (value := shown.get(key))), "")
    if kept := write.candidates(given[name] or "", source):
        node.attrs[name] = kept
    else:
        del node.attrs[name]


def _show_lazy(given: dict[str, str | None], attrs: Any, write: AddressWriter) -> None:
    """Give a picture that a script would have loaded its address; a browser without scripts shows it then."""
    source = given.get("src") or ""
    if not source or source.startswith("data:"):
        lazy = next((given[name] for name in LAZY if given.get(name)), None)
        if lazy:
            attrs["src"] = write.part(lazy)
    candidates = next((given[name] for name in LAZY_SETS if given.get(name)), None)
    if not given.get("srcset") and candidates:
        attrs["srcset"] = write.candidates(candidates, source)


def _with_sheets(text: str, mark: str, sheets: list[str]) -> Iterator[str]:
    """Yield the page with the style sheets that were rewritten in the elements with the mark."""
    at = 0
    for found in re.finditer(rf'(<style[^>]*?) {mark}="(\d+)"([^>]*>)', text):
        end = text.find("</style>", found.end())
        yield text[at : found.start()] + found[1] + found[3] + sheets[int(found[2])].replace("</", "<\\/")
        at = end if end >= 0 else len(text)
    yield text[at:]

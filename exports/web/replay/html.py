"""Rewrite the addresses in a page, and take out what would run or lead away from the archive.

The page is parsed as browsers parse it (HTML, section 13; lexbor), so what they would see is what is rewritten.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from typing import Any, TypeAlias
from urllib.parse import urljoin

from selectolax.lexbor import LexborHTMLParser

from exports.web.replay import css
from exports.web.replay.css import Rewrite
from pipelines.extraction.parts import srcset
from pipelines.extraction.parts.page_parts import LAZY, LAZY_SET

# Attributes with one address of a part of the page, and with addresses of other pages.
PARTS = {
    "source": ("src",), "audio": ("src",), "video": ("src", "poster"), "track": ("src",),
    "input": ("src",), "embed": ("src",), "object": ("data",), "iframe": ("src",), "frame": ("src",),
    "body": ("background",), "table": ("background",), "td": ("background",), "th": ("background",),
    "image": ("href", "xlink:href"), "use": ("href", "xlink:href"), "feimage": ("href", "xlink:href"),
}  # fmt: skip
PAGES = {"a": ("href", "xlink:href"), "area": ("href",)}
AMP_ATTRIBUTES = ("src", "srcset", "sizes", "width", "height", "alt")
MAX_DEPTH = 3  # of frames whose page is written in an attribute
Attributes: TypeAlias = Mapping[str, str | None]
STYLE_LINKS = frozenset(("stylesheet", "icon", "shortcut", "apple-touch-icon", "mask-icon"))
REMOVED = "script, base, meta[http-equiv], template[shadowrootmode], link[rel~=preconnect], link[rel~=dns-prefetch]"
DROPPED = (
    "integrity",
    "crossorigin",
    "nonce",
    "ping",
    "action",
    "formaction",
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
        part: Rewrite,
        page: Rewrite,
        is_known: Callable[[str], bool] = lambda url: True,
        own: str | None = None,
    ) -> None:
        """`part` and `page` take an absolute address of the web and return one of ours; `is_known`: we have it.

        `own`: the address of the page, if it is not `base`.
        """
        self.base, self._part, self._page, self._is_known = base, part, page, is_known
        self.own = (own or base).partition("#")[0]

    def with_base(self, address: str) -> AddressWriter:
        """Return what rewrites addresses of the same page that are relative to another one."""
        try:
            base = urljoin(self.base, address.strip())
        except ValueError:
            return self
        return AddressWriter(base, self._part, self._page, self._is_known, self.own)

    def part(self, address: str) -> str:
        """Return the address of a picture, style sheet or font."""
        return self._written(address, self._part)

    def page(self, address: str) -> str:
        """Return the address of another page; "#..." for a place in this one."""
        start, mark, place = self._written(address, str).partition("#")
        return mark + place if mark and start in ("", self.own) else self._written(address, self._page)

    def known(self, value: str) -> str:
        """Return a `srcset` with the candidates that the archive has; "" if it has none of them.

        A crawl fetches one candidate. A browser may choose any, so it is offered no other.
        """
        return srcset.written([(self.part(url), rest) for url, rest in srcset.candidates(value) if self.has(url)])

    def missing(self, value: str) -> str:
        """Return a `srcset` with the candidate that a crawl would fetch, to be shown as missing."""
        found = srcset.candidates(value)
        return srcset.written([(self.part(url), rest) for url, rest in found if url == srcset.chosen(found)][:1])

    def has(self, address: str) -> bool:
        """Return True if the archive has the part at an address, or the page has it in itself."""
        absolute = self._written(address, str)
        return absolute.lower().startswith("data:") or (absolute not in ("", "#") and self._is_known(absolute))

    def _written(self, address: str, write: Rewrite) -> str:
        address = re.sub(r"[\t\n\r]", "", address).strip()
        if not address or address.lower().startswith(STATIC):
            return address
        try:
            absolute = urljoin(self.base, address)
        except ValueError:
            return "#"
        return write(absolute) if absolute.lower().startswith(("http://", "https://")) else "#"


def rewritten(
    text: str, url: str, part: Rewrite, page: Rewrite, is_known: Callable[[str], bool] = lambda url: True
) -> str:
    """Return a page with every address rewritten and without its scripts; the arguments are those of AddressWriter."""
    return _rewritten(text, AddressWriter(url, part, page, is_known))


def _rewritten(text: str, write: AddressWriter, depth: int = 0) -> str:
    tree = LexborHTMLParser(text)
    base = tree.css_first("base[href]")
    if base is not None:
        write = write.with_base(base.attributes.get("href") or "")
    for node in tree.css(REMOVED):
        node.decompose()
    for node in tree.css("amp-img"):
        _draw(node)
    mark = next(name for name in map("data-sheet-{}".format, count()) if name not in text)
    sheets: list[str] = []
    for node in tree.css("*"):
        if node.tag == "style":
            sheets.append(css.rewritten(node.text(deep=True) or "", write.part))
            node.attrs[mark] = str(len(sheets) - 1)
        _rewrite(node, write, depth)
    return "".join(_with_sheets(tree.html or "", mark, sheets))


def _draw(node: Any) -> None:
    """Put an `img` into an `amp-img`, which only scripts of AMP draw."""
    within = [(child.tag, *(one.tag for one in child.iter())) for child in node.iter()]  # also in <noscript>
    image = LexborHTMLParser('<img style="max-width:100%">').css_first("img")
    if image is None or any("img" in tags for tags in within):
        return
    for name, value in node.attributes.items():
        if name in AMP_ATTRIBUTES:
            image.attrs[name] = value or ""
    node.insert_child(image)


def _rewrite(node: Any, write: AddressWriter, depth: int) -> None:
    """Rewrite the addresses of one element."""
    tag, given = (node.tag or "").lower(), node.attributes
    if tag == "picture":
        _rewrite_sources(node, write)
    if not given:
        return
    attrs = node.attrs
    for name in [name for name in given if name in DROPPED or name.lower().startswith("on")]:
        del attrs[name]
    if given.get("srcdoc"):
        if tag == "iframe" and depth < MAX_DEPTH:
            attrs["srcdoc"] = _rewritten(given["srcdoc"], write, depth + 1)
        else:
            del attrs["srcdoc"]
    for name in PARTS.get(tag, ()):
        if given.get(name):
            attrs[name] = write.part(given[name])
    for name in PAGES.get(tag, ()):
        if given.get(name):
            attrs[name] = address = write.page(given[name])
            if not address.startswith("#"):
                attrs["target"] = "_top"
    if tag == "img":
        _rewrite_image(given, attrs, write)
    if tag == "link" and given.get("href"):
        _rewrite_link(given, attrs, write)
    if given.get("style"):
        attrs["style"] = css.rewritten(given["style"], write.part)


def _rewrite_link(given: Attributes, attrs: Any, write: AddressWriter) -> None:
    """Leave style sheets and icons."""
    if set((given.get("rel") or "").lower().split()) & STYLE_LINKS:
        attrs["href"] = write.part(given["href"] or "")
    else:
        del attrs["href"]
    if given.get("imagesrcset"):
        del attrs["imagesrcset"]


def _rewrite_sources(picture: Any, write: AddressWriter) -> None:
    """Leave to each `source` of a picture what the archive has. One without is passed over by a browser.

    If the archive has the picture for one kind of screens only, it is for all.
    """
    children = list(picture.iter())
    image: Attributes = next((child.attributes for child in children if child.tag == "img"), {})
    sources = [child for child in children if child.tag == "source"]
    kept = [write.known(_set_of(source.attributes)) for source in sources]
    is_shown = bool(write.known(_set_of(image))) or write.has(_source_of(image, write))
    last = next((source for source, known in reversed(list(zip(sources, kept, strict=True))) if known), None)
    if last is not None and not is_shown:
        for name in ("media", "type"):
            if name in last.attributes:
                del last.attrs[name]
    for source, known in zip(sources, kept, strict=True):
        found = _set_of(source.attributes)
        if known or (found and last is None and not is_shown):
            source.attrs["srcset"] = known or write.missing(found)
        elif "srcset" in source.attributes:
            del source.attrs["srcset"]


def _rewrite_image(given: Attributes, attrs: Any, write: AddressWriter) -> None:
    """Rewrite the addresses of an `img`, also those from where a script would have taken it.

    `src` is a candidate, too (HTML, 4.8.4.3.9), so it goes if the archive has only others.
    """
    found, source = _set_of(given), _source_of(given, write)
    is_known = write.has(source)
    kept = write.known(found) or ("" if is_known else write.missing(found))
    if kept:
        attrs["srcset"] = kept
    elif "srcset" in given:
        del attrs["srcset"]
    if kept and not is_known:
        if "src" in given:
            del attrs["src"]
    elif source:
        attrs["src"] = write.part(source)


def _set_of(given: Attributes) -> str:
    """Return the `srcset` of an element, or that which a script would have put in the place of a placeholder."""
    found = given.get("srcset") or ""
    is_placeholder = all(url.lower().startswith("data:") for url, _ in srcset.candidates(found))
    return given.get(LAZY_SET) or found if is_placeholder else found


def _source_of(given: Attributes, write: AddressWriter) -> str:
    """Return the address of an `img`; "" for a placeholder of which nothing says what it stands for."""
    source = given.get("src") or ""
    lazy = next((value for name in LAZY if (value := given.get(name))), "")
    if not source or source.lower().startswith("data:"):
        return lazy
    return lazy if lazy and write.has(lazy) else source


def _with_sheets(text: str, mark: str, sheets: list[str]) -> Iterator[str]:
    """Yield the page with the style sheets that were rewritten in the elements with the mark."""
    at = 0
    for found in re.finditer(rf'(<style[^>]*?) {mark}="(\d+)"([^>]*>)', text):
        end = text.find("</style>", found.end())
        yield text[at : found.start()] + found[1] + found[3] + sheets[int(found[2])].replace("</", "<\\/")
        at = end if end >= 0 else len(text)
    yield text[at:]

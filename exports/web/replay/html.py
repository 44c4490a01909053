"""Rewrite the addresses in a page, and take out what would run or lead away from the archive.

The page is parsed as browsers parse it (HTML, section 13; lexbor), so what they would see is what is rewritten. Written
as text and parsed again, some trees become others (HTML, 13.3, warning). What is sent was therefore parsed once more,
and had nothing that the policy of `app` does not stop: connections made ahead, links out of the archive.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator
from html import escape
from typing import Any, NamedTuple
from urllib.parse import urljoin

from selectolax.lexbor import LexborHTMLParser

from exports.web.replay import css
from pipelines.extraction.parts import srcset
from pipelines.extraction.parts.page_parts import LAZY, LAZY_SET

# Attributes with one address of a part of the page, and with addresses of other pages.
ROWS = ("body", "table", "thead", "tbody", "tfoot", "tr", "td", "th")
PARTS = {
    "img": ("src",), "source": ("src",), "audio": ("src",), "video": ("src", "poster"), "track": ("src",),
    "input": ("src",), "embed": ("src",), "object": ("data",), **dict.fromkeys(ROWS, ("background",)),
    "image": ("href", "xlink:href"), "use": ("href", "xlink:href"), "feimage": ("href", "xlink:href"),
}  # fmt: skip
FRAMES = ("iframe", "frame")
PAGES = {"a": ("href", "xlink:href"), "area": ("href",)}
MARKERS = ("marker-start", "marker-mid", "marker-end")
PAINTED = ("style", "fill", "stroke", "filter", "mask", "clip-path", "cursor", *MARKERS)
SETS = ("srcset", "imagesrcset")
STYLE_LINKS = frozenset(("stylesheet", "icon", "shortcut", "apple-touch-icon", "mask-icon"))
KEPT_RELATIONS = STYLE_LINKS | {"alternate"}  # an alternate style sheet is one that is not shown
REMOVED = "script, base, meta[http-equiv], template, portal, fencedframe, bgsound, applet"
DROPPED = frozenset((
    "integrity", "crossorigin", "nonce", "ping", "action", "formaction", "srcdoc", "manifest", "target", "download",
    "attributionsrc", "referrerpolicy", "lowsrc", "dynsrc", "archive", "codebase", "classid",
))  # fmt: skip
NEVER = frozenset(("meta", *REMOVED.split(", ")))  # a `meta` is asked for only if it is one of those
CONNECTING = frozenset(("ping", "action", "formaction", "srcdoc", "attributionsrc"))
ANIMATIONS = ("set", "animate", "animatemotion", "animatetransform")
MAX_ROUNDS = 4  # until a page means the same when it is parsed again
LEADING_AWAY = ", ".join((
    REMOVED, "[href]", "link", *map("{}[src]".format, FRAMES), *ANIMATIONS, *map("[{}]".format, sorted(CONNECTING)),
))  # fmt: skip
OWN_DATA = ("data:", "blob:", "about:")
STATIC = ("#", *OWN_DATA)
RESOLVED = re.compile(r"\\|/\.|/%2e", re.IGNORECASE)
DOTS = re.compile(r"(?:\.|%2e){1,2}", re.IGNORECASE)


class Places(NamedTuple):
    """Hold what is put before an address of the web to make one of ours."""

    part: str  # a picture, style sheet or font
    frame: str  # a page within a page
    page: str  # a page that a link leads to


class AddressWriter:
    """Rewrite addresses of one page: absolute by its base, then as the archive has them."""

    def __init__(self, base: str, places: Places, is_known: Callable[[str], bool] = lambda url: True) -> None:
        """`is_known`: says of an absolute address of the web whether we have it."""
        self.base, self.places, self._is_known = base, places, is_known
        self._absolute: dict[str, str] = {}  # by address as written

    def part(self, address: str) -> str:
        """Return the address of a picture, style sheet or font."""
        return self._written(address, self.places.part)

    def frame(self, address: str) -> str:
        """Return the address of a page that is shown within this one."""
        return "" if self._is_data(address) else self._written(address, self.places.frame)

    def page(self, address: str) -> str:
        """Return the address of another page."""
        return "#" if self._is_data(address) else self._written(address, self.places.page)

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
        absolute = self._written(address, "")
        return absolute.lower().startswith("data:") or (absolute not in ("", "#") and self._is_known(absolute))

    def _is_data(self, address: str) -> bool:
        return _without_spaces(address).lower().startswith(OWN_DATA)

    def _written(self, address: str, before: str) -> str:
        address = _without_spaces(address)
        if not address or address.lower().startswith(STATIC):
            return address
        if address not in self._absolute:
            try:
                absolute = urljoin(self.base, address)
            except ValueError:
                absolute = ""
            is_web = absolute.lower().startswith(("http://", "https://"))
            self._absolute[address] = in_full(absolute) if is_web else ""
        return before + self._absolute[address] if self._absolute[address] else "#"


def _without_spaces(address: str) -> str:
    """Return an address as browsers begin to read it (URL Standard, 4.4)."""
    return re.sub(r"[\t\n\r]", "", address).strip("\x00\x01\x02\x03\x04\x05\x06\x07\x08\x0b\x0e\x0f\x1b ").strip()


def in_full(absolute: str) -> str:
    """Return an absolute address without what a browser would resolve: `\\`, and `..` that would climb out of ours."""
    if not RESOLVED.search(absolute):
        return absolute
    path, mark, rest = re.fullmatch(r"([^?#]*)([?#]?)(.*)", absolute, re.DOTALL).groups()  # type: ignore[union-attr]
    scheme, _, path = path.replace("\\", "/").partition("//")
    host, *segments = path.split("/")
    kept: list[str] = []
    for at, segment in enumerate(segments):
        if not DOTS.fullmatch(segment):
            kept.append(segment)
            continue
        if segment.lower().replace("%2e", ".") == "..":
            del kept[-1:]
        if at == len(segments) - 1:
            kept.append("")
    return f"{scheme}//{host}" + "".join(f"/{one}" for one in kept) + mark + rest


def rewritten(text: str, url: str, places: Places, is_known: Callable[[str], bool] = lambda url: True) -> str:
    """Return a page with every address rewritten and without its scripts; the arguments are those of AddressWriter."""
    tree = LexborHTMLParser(text)
    base = tree.css_first("base[href]")
    try:
        start = urljoin(url, (base.attributes.get("href") or "").strip()) if base is not None else url
    except ValueError:
        start = url
    write = AddressWriter(start, places, is_known)
    for node in tree.css(REMOVED):
        node.decompose()
    mark = f"data-sheet-{secrets.token_hex(8)}"  # that no page can know
    sheets: list[str] = []
    for node in tree.css("*"):
        if node.tag == "style":
            sheets.append(css.rewritten(node.text(deep=True) or "", write.part))
            node.attrs[mark] = str(len(sheets) - 1)
        _rewrite(node, write)
    return settled("".join(_with_sheets(tree.html or "", mark, sheets)), places)


def settled(text: str, places: Places) -> str:
    """Return a page that a browser reads as we do, without what leads out of the archive; else its source as text."""
    for _ in range(MAX_ROUNDS):
        tree = LexborHTMLParser(text)
        leading_away = [node for node in tree.css(LEADING_AWAY) if _leads_away(node, places)]
        if not leading_away:
            return text
        for node in leading_away:
            node.decompose()
        text = tree.html or ""
    return f"<!doctype html><title>Source of a page</title><pre>{escape(text)}</pre>"


def _leads_away(node: Any, places: Places) -> bool:
    """Return True if an element has an address that is none of ours, or should not be there at all."""
    tag, given = (node.tag or "").lower(), {name.lower(): value or "" for name, value in node.attributes.items()}
    if tag in NEVER or not CONNECTING.isdisjoint(given):
        return True
    if tag in ANIMATIONS:
        return _animates_address(given)
    if tag == "link" and not set(given.get("rel", "").lower().split()) <= KEPT_RELATIONS:
        return True
    place = places.page if tag in PAGES else places.part
    addresses = [given.get("href", ""), given.get("xlink:href", "")]
    if tag in FRAMES:
        place, addresses = places.frame, [given.get("src", "")]
    return not all(one.startswith((place, "#", "data:image/")) or not one for one in addresses)


def _animates_address(given: dict[str, str]) -> bool:
    """Return True if an animation of SVG changes where a link leads."""
    return given.get("attributename", "").strip().lower().rpartition(":")[2] in ("href", "target", "src")


def _rewrite(node: Any, write: AddressWriter) -> None:
    """Rewrite the addresses of one element."""
    tag, given = (node.tag or "").lower(), node.attributes
    if not given:
        return
    attrs = node.attrs
    if (tag == "link" and not _rewrite_link(given, attrs, write)) or _is_referrer_policy(tag, given):
        node.decompose()
        return
    for name in [name for name in given if name in DROPPED or name.lower().startswith("on")]:
        del attrs[name]
    for name in PARTS.get(tag, ()):
        if given.get(name):
            attrs[name] = write.part(given[name])
    for name in PAGES.get(tag, ()):
        if given.get(name):
            attrs[name] = write.page(given[name])
            if not attrs[name].startswith("#"):  # a place in this page is shown where it is
                attrs["target"] = "_top"
    if tag in FRAMES and given.get("src"):
        attrs["src"] = write.frame(given["src"])
    if tag not in PARTS and tag not in PAGES and tag != "link":
        for name in ("href", "xlink:href"):
            if given.get(name) and not (given[name] or "").startswith("#"):
                del attrs[name]
    for name in SETS:
        if given.get(name):
            _rewrite_set(node, name, given, write)
    if tag == "img":
        _show_lazy(given, attrs, write)
    for name in PAINTED:
        if "(" in (given.get(name) or ""):
            attrs[name] = css.rewritten(given[name] or "", write.part)


def _is_referrer_policy(tag: str, given: dict[str, str | None]) -> bool:
    return tag == "meta" and (given.get("name") or "").strip().lower() == "referrer"


def _rewrite_link(given: dict[str, str | None], attrs: Any, write: AddressWriter) -> bool:
    """Rewrite a link to a style sheet or icon. Return False if it is another: browsers connect for some ahead."""
    relations = (given.get("rel") or "").lower().split()
    if not given.get("href") or not STYLE_LINKS & {*relations}:
        return False
    attrs["rel"] = " ".join(one for one in relations if one in KEPT_RELATIONS)
    attrs["href"] = write.part(given["href"] or "")
    return True


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
    if not given.get("srcset") and given.get(LAZY_SET):
        attrs["srcset"] = write.candidates(given[LAZY_SET] or "", source)


def _with_sheets(text: str, mark: str, sheets: list[str]) -> Iterator[str]:
    """Yield the page with the style sheets that were rewritten in the elements with the mark, their last attribute."""
    at = 0
    for found in re.finditer(f' {mark}="([0-9]+)">', text):
        end = text.find("</style>", found.end())
        # As CSS, this is the same character in a string or a comment; as HTML, it begins no tag.
        yield text[at : found.start()] + ">" + re.sub(r"<(?=[a-zA-Z/!?])", r"\\3c ", sheets[int(found[1])])
        at = end if end >= 0 else len(text)
    yield text[at:]

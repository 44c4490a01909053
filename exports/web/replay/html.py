"""Rewrite the addresses in a page, and take out what would run or lead away from the archive.

The page is parsed as browsers parse it (HTML, section 13; lexbor), so what they would see is what is rewritten. Written
as text and parsed again, some trees become others (HTML, 13.3, warning). What is sent was therefore parsed once more,
and had nothing that the policy of `app` does not stop: connections made ahead, links out of the archive.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from html import escape
from typing import Any, NamedTuple, TypeAlias
from urllib.parse import urljoin

from selectolax.lexbor import LexborHTMLParser

from exports.web.replay import css
from pipelines.extraction.parts import srcset
from pipelines.extraction.parts.srcset import LAZY, LAZY_SETS

# Attributes with one address of a part of the page, and with addresses of other pages.
ROWS = ("body", "table", "thead", "tbody", "tfoot", "tr", "td", "th")
PARTS = {
    "source": ("src",), "audio": ("src",), "video": ("src", "poster"), "track": ("src",),
    "input": ("src",), "embed": ("src",), "object": ("data",), **dict.fromkeys(ROWS, ("background",)),
    "image": ("href", "xlink:href"), "use": ("href", "xlink:href"), "feimage": ("href", "xlink:href"),
}  # fmt: skip
FRAMES = ("iframe", "frame")
PAGES = {"a": ("href", "xlink:href"), "area": ("href",)}
MARKERS = ("marker-start", "marker-mid", "marker-end")
PAINTED = ("style", "fill", "stroke", "filter", "mask", "clip-path", "cursor", *MARKERS)
AMP_ATTRIBUTES = ("src", "srcset", "sizes", "width", "height", "alt")
MAX_DEPTH = 3  # of frames whose page is written in an attribute
Attributes: TypeAlias = Mapping[str, str | None]
STYLE_LINKS = frozenset(("stylesheet", "icon", "shortcut", "apple-touch-icon", "mask-icon"))
KEPT_RELATIONS = STYLE_LINKS | {"alternate"}  # an alternate style sheet is one that is not shown
REMOVED = "script, base, meta[http-equiv], template, portal, fencedframe, bgsound, applet"
DROPPED = frozenset((
    "integrity", "crossorigin", "nonce", "ping", "action", "formaction", "manifest", "target", "download",
    "attributionsrc", "referrerpolicy", "lowsrc", "dynsrc", "archive", "codebase", "classid",
))  # fmt: skip
NEVER = frozenset(("meta", *REMOVED.split(", ")))  # a `meta` is asked for only if it is one of those
CONNECTING = frozenset(("ping", "action", "formaction", "attributionsrc", "imagesrcset"))
ANIMATIONS = ("set", "animate", "animatemotion", "animatetransform")
MAX_ROUNDS = 4  # until a page means the same when it is parsed again
LEADING_AWAY = ", ".join((
    REMOVED, "[href]", "[srcdoc]", "link", *map("{}[src]".format, FRAMES), *ANIMATIONS,
    *map("[{}]".format, sorted(CONNECTING)),
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

    def __init__(
        self, base: str, places: Places, is_known: Callable[[str], bool] = lambda url: True, own: str | None = None
    ) -> None:
        """`is_known`: says of an absolute address of the web whether we have it.

        `own`: the address of the page, if it is not `base`.
        """
        self.base, self.places, self._is_known = base, places, is_known
        self.own = (own or base).partition("#")[0]
        self._absolute: dict[str, str] = {}  # by address as written

    def with_base(self, address: str) -> AddressWriter:
        """Return what rewrites addresses of the same page that are relative to another one."""
        try:
            base = urljoin(self.base, address.strip())
        except ValueError:
            return self
        return AddressWriter(base, self.places, self._is_known, self.own)

    def part(self, address: str) -> str:
        """Return the address of a picture, style sheet or font."""
        return self._written(address, self.places.part)

    def frame(self, address: str) -> str:
        """Return the address of a page that is shown within this one."""
        return "" if self._is_data(address) else self._written(address, self.places.frame)

    def page(self, address: str) -> str:
        """Return the address of another page; "#..." for a place in this one."""
        if self._is_data(address):
            return "#"
        start, mark, place = self._written(address, "").partition("#")
        return mark + place if mark and start in ("", self.own) else self._written(address, self.places.page)

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
    return _rewritten(text, AddressWriter(url, places, is_known))


def _rewritten(text: str, write: AddressWriter, depth: int = 0) -> str:
    tree = LexborHTMLParser(text)
    base = tree.css_first("base[href]")
    if base is not None:
        write = write.with_base(base.attributes.get("href") or "")
    for node in tree.css(REMOVED):
        node.decompose()
    for node in tree.css("amp-img"):
        _draw(node)
    mark = f"data-sheet-{secrets.token_hex(8)}"  # that no page can know
    sheets: list[str] = []
    for node in tree.css("*"):
        if node.tag == "style":
            sheets.append(css.rewritten(node.text(deep=True) or "", write.part))
            node.attrs[mark] = str(len(sheets) - 1)
        _rewrite(node, write, depth)
    return settled("".join(_with_sheets(tree.html or "", mark, sheets)), write.places)


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
    if given.get("srcdoc") and settled(given["srcdoc"], places) != given["srcdoc"]:
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
    if (tag == "link" and not _rewrite_link(given, attrs, write)) or _is_referrer_policy(tag, given):
        node.decompose()
        return
    for name in [name for name in given if name in DROPPED or name.lower().startswith("on")]:
        del attrs[name]
    if given.get("srcdoc"):
        if tag == "iframe" and depth < MAX_DEPTH:
            attrs["srcdoc"] = _rewritten(given["srcdoc"] or "", write, depth + 1)
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
    if tag in FRAMES and given.get("src"):
        attrs["src"] = write.frame(given["src"])
    if tag not in PARTS and tag not in PAGES and tag not in ("link", "img"):
        for name in ("href", "xlink:href"):
            if given.get(name) and not (given[name] or "").startswith("#"):
                del attrs[name]
    if tag == "img":
        _rewrite_image(given, attrs, write)
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
    if "imagesrcset" in given:
        del attrs["imagesrcset"]
    return True


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
    if is_placeholder:
        return next((value for name in LAZY_SETS if (value := given.get(name))), found)
    return found


def _source_of(given: Attributes, write: AddressWriter) -> str:
    """Return the address of an `img`; "" for a placeholder of which nothing says what it stands for."""
    source = given.get("src") or ""
    lazy = next((value for name in LAZY if (value := given.get(name))), "")
    if not source or source.lower().startswith("data:"):
        return lazy
    return lazy if lazy and write.has(lazy) else source


def _with_sheets(text: str, mark: str, sheets: list[str]) -> Iterator[str]:
    """Yield the page with the style sheets that were rewritten in the elements with the mark, their last attribute."""
    at = 0
    for found in re.finditer(f' {mark}="([0-9]+)">', text):
        end = text.find("</style>", found.end())
        # As CSS, this is the same character in a string or a comment; as HTML, it begins no tag.
        yield text[at : found.start()] + ">" + re.sub(r"<(?=[a-zA-Z/!?])", r"\\3c ", sheets[int(found[1])])
        at = end if end >= 0 else len(text)
    yield text[at:]

"""Find the lead image: the one that the page declares, else the first picture of the article.

A picture that scripts load later has its address in `data-src` or `srcset`, and a placeholder in `src`. Logos,
portraits of authors, buttons, and pictures that link to other stories are not of the article.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from pipelines.extraction.fields import precedence, titles
from pipelines.extraction.fields.candidates import FieldClaim, claims
from pipelines.extraction.fields.headings import links_to_page
from pipelines.extraction.fields.site_names import SiteNames
from pipelines.extraction.page.declared import DeclaredMetadata, absolute, class_and_id, element_text
from pipelines.extraction.parts import srcset

MAX_PICTURES = 40  # that are looked at
MAX_LEVELS = 6  # from the headline up to the element that has the text, too
MIN_TEXT_CHARS = 80
MAX_CAPTION_CHARS = 300  # in a box above the headline that has the lead picture
MIN_SIDE = 100  # pixels; anything smaller is an icon
MAX_ADDRESS_CHARS = 2000

MAX_SET_CHARS = 20_000  # of a `srcset`
NO_PICTURE = re.compile(
    r"(?:^|[^a-z])(?:logos?|avatars?|gravatar|icons?|favicon|sprites?|pixel|tracking|placeholder|blank|spacer|transparent"
    r"|emojis?|badges?|buttons?|banners?|ads?|adverts?|advertisement|loader|loading|spinner|1x1|headshots?|profile"
    r"|userpic|captcha|trackback|bullets?|arrows?|hamburger)(?=[^a-z]|$)|\.svg(?=$|[?#\s])|doubleclick|scorecardresearch|(?<!\d)[1-9]\d?x[1-9]\d?(?!\d)",
    re.IGNORECASE,
)
BESIDE = re.compile(
    r"(?:^|[\s_-])(?:logo|avatar|author|byline|bio|share|social|related|promo|ads?|advert\w*|sponsor\w*|newsletter|teaser"
    r"|recommend\w*|comments?|icons?|widget|breadcrumbs?|menu|nav|toolbar)(?=[\s_-]|$)",
    re.IGNORECASE,
)
BOXES = frozenset(("figure", "picture", "div", "section", "img"))
APART = frozenset(("nav", "aside", "footer", "button"))
PICTURE_FILE = re.compile(r"\.(?:jpe?g|png|webp|avif|gif)(?:[?#]|$)", re.IGNORECASE)
HIDDEN = re.compile(r"display\s*:\s*none|(?:^|[;\s])(?:width|height)\s*:\s*[01](?:px)?\s*(?:;|$)", re.IGNORECASE)


def ranked(page: DeclaredMetadata, site: SiteNames) -> Iterator[FieldClaim]:
    """Yield every claim about the lead image, the best first. Pictures are looked for only if they are asked for."""
    yield from claims(page, precedence.IMAGE, absolute)
    for raw in _own_pictures(page, site):
        yield FieldClaim("img", raw, absolute(raw, page), precedence.IMAGE_PRINTED)


def _own_pictures(page: DeclaredMetadata, site: SiteNames) -> Iterator[str]:
    """Yield the addresses of the pictures of the article, in page order."""
    scope = _scope(page, site)
    if scope is None:
        return
    yield from _pictures_in(scope, scope, page)
    before = scope.getprevious()  # a large picture above the headline, in a box of its own
    if before is None or before.tag not in BOXES or before.find(".//a") is not None:
        return
    if len(element_text(before, MAX_CAPTION_CHARS + 1) or "") <= MAX_CAPTION_CHARS:
        yield from _pictures_in(before, scope.getparent(), page)


def _pictures_in(element: Any, scope: Any, page: DeclaredMetadata) -> Iterator[str]:
    """Yield the addresses of the pictures in an element, without those that are not of the article."""
    for picture in islice(element.iter("img", "amp-img"), MAX_PICTURES):
        address = address_of(picture)
        if address and _is_large(picture) and not _is_beside(picture, address, scope, page):
            yield address


def _scope(page: DeclaredMetadata, site: SiteNames) -> Any:
    """Return the element with the headline and the text of the article, or None."""
    heading = titles.main_heading(page, site)
    if heading is None:
        alone = [*islice(page.tree.iter("article"), 2)] or [*islice(page.tree.iter("main"), 2)]
        return alone[0] if len(alone) == 1 else None
    for up in islice(heading.element.iterancestors(), MAX_LEVELS):
        if up.tag in ("article", "main", "body"):
            return up
        if any(len(element_text(text, 200) or "") >= MIN_TEXT_CHARS for text in islice(up.iter("p"), 3)):
            return up
    return None


def address_of(picture: Any) -> str | None:
    """Return the address of a picture, the largest if there are several sizes; None if it has a placeholder alone."""
    frame = next((up for up in islice(picture.iterancestors(), 6) if up.tag == "picture"), None)
    sources = () if frame is None else frame.iter("source")  # libxml2 nests what follows an open <source> in it
    for element in (picture, *islice(sources, 8)):
        for name in (*srcset.LAZY_SETS, "srcset"):
            largest = srcset.largest(srcset.candidates((element.get(name) or "")[:MAX_SET_CHARS]))
            if largest and len(largest) <= MAX_ADDRESS_CHARS and not NO_PICTURE.search(largest):
                return largest
    for name in (*srcset.LAZY, "src"):
        raw = (picture.get(name) or "").strip()
        if raw and not raw.startswith(("data:", "blob:", "about:")) and len(raw) <= MAX_ADDRESS_CHARS:
            return raw
    return None


def _is_large(picture: Any) -> bool:
    """Return whether no attribute says that a picture is small, or hidden."""
    if HIDDEN.search(picture.get("style") or ""):
        return False
    sides = [re.match(r"\s*(\d{1,5})(?:px)?\s*$", picture.get(name) or "") for name in ("width", "height")]
    return all(side is None or int(side[1]) >= MIN_SIDE for side in sides)


def _is_beside(picture: Any, address: str, scope: Any, page: DeclaredMetadata) -> bool:
    """Return whether a picture is not one of the article: by its words, or by what it is in."""
    words = f"{address.rpartition('?')[0] or address} {class_and_id(picture)}"
    alt = (picture.get("alt") or "")[:200]
    if NO_PICTURE.search(words) or BESIDE.search(class_and_id(picture)) or re.search(r"\b(?:logo|avatar)\b", alt, re.I):
        return True
    if page.elsewhere(picture):
        return True
    for up in picture.iterancestors():
        if up is scope:
            return False
        if up.tag in APART or BESIDE.search(class_and_id(up)):
            return True
        if up.tag != "a" or links_to_page(up, page) or "attachment" in (up.get("rel") or ""):
            continue
        if not PICTURE_FILE.search(up.get("href") or ""):
            return True
    return False

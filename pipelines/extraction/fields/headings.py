"""Find what a page prints as headlines: its headings, the parts of each, and the place of each.

A heading is rarely the headline alone. The line above it (the kicker), a date, a subtitle or words for screen readers
are elements inside it. Logos and the last step of a breadcrumb trail are headings, too.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any

from pipelines.extraction.fields.site_names import is_home
from pipelines.extraction.page import jsonld
from pipelines.extraction.page.declared import DeclaredMetadata, class_and_id, element_text, normalized

MAX_HEADINGS = 50
SHARED_LEVELS = 2  # levels up to an element that two bylines share, if they belong together
MAX_TRAIL_CHARS = 600  # of a breadcrumb trail, including the headline at its end
MAX_DEPTH = 20  # of nested elements in a heading
MAX_HEADLINE_CHARS = 220  # a longer text is a standfirst
LINE_TAGS = ("b", "strong", "font", "big", "center", "h3", "h4", "h5", "h6")
MAX_LINES = 400
MIN_LINE_CHARS = 8  # a shorter one may be the name of a section
TEXT_WITHIN = 4  # elements after a heading, one of which begins the text that it heads ...
MIN_TEXT_CHARS = 80  # ... and has this many characters

# Class names of an element with the headline of the page's own article.
HEADLINE_CLASS = re.compile(
    r"(?:^|[\s_-])(?:(?:entry|post|article|story|page|content|news|single|blog|main|detail)[-_]*(?:title|headline|heading)"
    r"|headline|titulo|titre|titolo|otsikko|rubrik|überschrift|ueberschrift)(?=[\s_-]|$)",
    re.IGNORECASE,
)
# Parts inside a heading that are not the headline.
HIDDEN_CLASS = re.compile(
    r"(?:^|[\s_-])(?:sr-only|screen-?reader(?:-text)?|visually-?hidden|element-invisible|invisible|off-?screen|aural"
    r"|a11y|u-hidden|is-hidden)(?=[\s_-]|$)",
    re.IGNORECASE,
)
BESIDE_CLASS = re.compile(
    r"(?:^|[\s_-])(?:overline|kicker|eyebrow|dachzeile|topline|roof-?line|spitzmarke|ober-?titel|ober-?zeile|over-?title"
    r"|pre-?title|pre-?headline|head-?kicker|suptitle|super-?title|antetitulo|ante-?titulo|cintillo|volanta|epigrafe"
    r"|chapeu|surtitre|sur-?titre|occhiello|sopra-?titolo|sovra-?titolo|stikk?titt?el|vignett?e?|vinjett|nad-?tytul"
    r"|sub-?titles?|sub-?head(?:line|ing)?|sub-?line|unter-?titel|unter-?zeile|sous-?titre|sub-?titulo|bajada|sotto-?titolo"
    r"|dates?|time|timestamp|byline|author|badge|posted-?on|meta)(?=[\s_-]|$)",
    re.IGNORECASE,
)
BESIDE_TAGS = frozenset(("time", "small", "button", "svg", "figure", "img", "script", "style", "noscript", "template"))
CLASSED_TAGS = frozenset(("h3", "h4", "h5", "h6", "div", "span", "p"))
TRAIL_CLASS = re.compile(r"bread-?crumb|(?:^|[\s_-])crumbs?(?=[\s_-]|$)", re.IGNORECASE)
LOGO_CLASS = re.compile(
    r"(?:^|\s)(?:site-?(?:title|name|logo|branding|heading)(?=[\s_-]|$)|(?:site-?)?(?:logo|brand|masthead)(?=\s|$))",
    re.I,
)
INLINE_TAGS = frozenset(("b", "i", "em", "strong", "a", "font", "u", "mark", "abbr", "q", "cite", "sub", "sup", "wbr"))


@dataclass(slots=True)
class Heading:
    """Hold one heading of the page."""

    element: Any
    source: str  # "h1", "h2", "itemprop headline", "class headline"
    raw: str  # all of its text
    text: str  # without the parts that are marked as not of the headline
    parts: list[str] = field(default_factory=list)  # the texts of its child elements, and the text around them
    place: str = "own"  # "logo", "trail", "hidden", "link" (to another story), "elsewhere", or "own"


def headings(page: DeclaredMetadata) -> list[Heading]:
    """Return the headings of the page, in page order."""
    found: list[Heading] = []
    for element in page.marks.headings:
        source = _source(element)
        if not source or (found and found[-1].element in element.iterancestors()):
            continue  # <h1><span class="headline">: one heading
        raw = element_text(element)
        if not raw or (source == "class headline" and len(raw) > MAX_HEADLINE_CHARS):
            continue
        # The menus of some pages are hundreds of headings. An h1 always counts.
        counts = source in ("h1", "itemprop headline")
        if not counts and (len(raw) <= 10 or len(found) >= MAX_HEADINGS):
            continue
        place = _place(element, raw, page)
        if counts or place == "own":
            found.append(Heading(element, source, raw, _text(element) or raw, _parts(element), place))
        if len(found) >= 2 * MAX_HEADINGS:
            break
    return found


def _source(element: Any) -> str | None:
    if element.tag in ("h1", "h2"):
        return str(element.tag)
    if "headline" in (element.get("itemprop") or "").split():
        return "itemprop headline"
    if element.tag not in CLASSED_TAGS or not HEADLINE_CLASS.search((element.get("class") or "")[:300]):
        return None
    more = next(element.iterdescendants("h1", "h2", "h3"), None)  # it contains more than the headline
    return "class headline" if more is None else None


def _text(element: Any) -> str | None:
    """Return the words of a heading without the parts that are marked as not of the headline."""
    words: list[str] = []  # "\\0" is the edge of an element: a space, unless a punctuation mark follows
    _collect(element, words, 0)
    text = normalized(BEFORE_MARK.sub("", "".join(words)).replace("\0", " "))
    return OUTER_MARKS.sub("", text) or None if text else None


BEFORE_MARK = re.compile(r"[\s\0]*\0[\s\0]*(?=[:,.;!?])")  # a mark that is an element of its own
OUTER_MARKS = re.compile(r"^[:,;|·•–—-]\s+|\s+[:;|·•–—-]$")  # between the headline and the parts that were left out


def _collect(element: Any, words: list[str], depth: int) -> None:
    """Collect the words of an element and of its children that are part of the headline."""
    words.append(element.text or "")
    for child in element if depth < MAX_DEPTH else ():
        if isinstance(child.tag, str) and not _is_beside(child):
            edge = "" if child.tag in INLINE_TAGS else "\0"
            words.append(edge)
            _collect(child, words, depth + 1)
            words.append(edge)
        else:
            words.append("\0")
        words.append((child.tail or "")[:MAX_HEADLINE_CHARS])
        if len(words) > 1000:
            return


def _is_beside(element: Any) -> bool:
    classes = (element.get("class") or "")[:300]
    if element.tag in BESIDE_TAGS or element.get("aria-hidden") == "true" or element.get("hidden") is not None:
        return True
    return bool(classes) and bool(HIDDEN_CLASS.search(classes) or BESIDE_CLASS.search(classes))


def _parts(element: Any) -> list[str]:
    """Return the texts of the children of a heading, and the text around them: one of them may be the headline."""
    children = [child for child in element if isinstance(child.tag, str) and child.tag != "br"]
    if not children or len(children) > 8:
        return []
    texts = [element_text(child) or "" for child in children]
    loose = [element.text or "", *(child.tail or "" for child in children)]
    after_first = [*texts[1:], *(child.tail or "" for child in children)]
    return [part for text in (*texts, " ".join(loose), " ".join(after_first)) if (part := normalized(text[:1000]))]


def _place(element: Any, raw: str, page: DeclaredMetadata) -> str:
    links = [
        a for a in element.iterdescendants("a") if 2 * len(element_text(a) or "") > len(raw) or is_home(a.get("href"))
    ][:4]
    links += list(element.iterancestors("a"))[:1]
    classes = element.get("class") or ""
    if LOGO_CLASS.search(classes[:300]) or any(is_home(a.get("href")) for a in links):
        return "logo"
    if HIDDEN_CLASS.search(classes[:300]):
        return "hidden"
    if _in_trail(element):
        return "trail"
    if any(not links_to_page(a, page) for a in links):
        return "link"
    return "elsewhere" if page.elsewhere(element) else "own"


def _in_trail(element: Any) -> bool:
    """Return whether the heading is the last step of a breadcrumb trail, or a part of a menu."""
    if element.get("aria-current") == "page":
        return True
    for up in (element, *element.iterancestors()):
        if up.tag in ("article", "main", "body"):
            return False
        # A trail is short: "with-breadcrumbs" may be the class of the whole page.
        if up.tag == "nav" or (
            "crumb" in (names := class_and_id(up)).lower()
            and TRAIL_CLASS.search(names)
            and len(element_text(up, 2 * MAX_TRAIL_CHARS) or "") < MAX_TRAIL_CHARS
        ):
            return True
    return False


def heading_above_text(page: DeclaredMetadata) -> Heading | None:
    """Return the first heading below h1 that the text follows at once. For pages that name their site and no more."""
    for element in islice(page.tree.iter("h2", "h3", "h4"), MAX_HEADINGS):
        raw = element_text(element)
        if not raw or len(raw) > MAX_HEADLINE_CHARS or _place(element, raw, page) != "own":
            continue
        near = [*islice(element.itersiblings(), TEXT_WITHIN)]
        if not near and (parent := element.getparent()) is not None:  # the heading has a box of its own
            near = [*islice(parent.itersiblings(), TEXT_WITHIN)]
        if any(len(element_text(one) or "") >= MIN_TEXT_CHARS for one in near if one.tag in ("p", "div")):
            return Heading(element, str(element.tag), raw, _text(element) or raw, _parts(element))
    return None


def line_of_title(page: DeclaredMetadata, pieces: Collection[str]) -> Heading | None:
    """Return the longest line at the top of the page that is its <title>, or one half of it: a headline without a tag.

    `pieces`: the <title> and its halves, each made `same_words`.
    """
    halves = {piece for piece in pieces if any(piece != other and piece in other for other in pieces)} or set(pieces)
    best: Heading | None = None
    for element in islice(page.tree.iter(*LINE_TAGS), MAX_LINES) if halves else ():
        raw = element_text(element, MAX_HEADLINE_CHARS + 1)
        if not raw or len(raw) < MIN_LINE_CHARS or (best and len(raw) <= len(best.raw)):
            continue
        if jsonld.same_words(raw) in halves and next(element.iterancestors("a"), None) is None:
            best = Heading(element, str(element.tag), raw, raw)
    return best


def links_to_page(a: Any, page: DeclaredMetadata) -> bool:
    """Return whether the link is an anchor, or leads to this page itself, as on blogs."""
    href = (a.get("href") or "").strip()
    if not href or href.startswith("#"):
        return True
    here = {jsonld.same_address(page.url), jsonld.same_address(page.canonical)} - {"-"}
    target = jsonld.same_address(href)
    return target in here or any(own.endswith("/" + target.lstrip("/")) for own in here)


def is_below_other_story(element: Any) -> bool:
    """Return whether a byline away from the headline is below a heading that links to another story."""
    for up in islice(element.iterancestors(), MAX_CARD_LEVELS):
        if up.tag in ("article", "main", "body"):
            break
        for before in islice(up.iter("*"), MAX_CARD_ELEMENTS):
            if before is element:
                break
            if before.tag in HEADING_TAGS and (before.find(".//a") is not None or before.getparent().tag == "a"):
                return len((element_text(before, MAX_TEASER_CHARS) or "").split()) >= MIN_TEASER_WORDS
    return False


MIN_TEASER_WORDS = 4
HEADING_TAGS = frozenset(("h2", "h3", "h4", "h5", "h6"))
MAX_CARD_LEVELS = 2  # of a card around its byline
MAX_CARD_ELEMENTS = 200
MAX_TEASER_CHARS = 240


def are_close(one: Any, other: Any) -> bool:
    """Return whether two elements have the same parent, or the same grandparent."""
    if one is other or one.getparent() is None or other.getparent() is None:
        return False
    return one.getparent() is other.getparent() or one.getparent().getparent() is other.getparent().getparent()


def is_credit(element: Any) -> bool:
    """Return whether an element is of a picture, by its class or what precedes it: an agency there made the picture."""
    around = [element, *islice(element.iterancestors(), 3)]
    before = (element, *(up.getprevious() for up in around[:2]))
    return (
        element.tag == "li"
        or any(OF_PICTURE.search((up.get("class") or "")[:300]) for up in around)
        or any(one is not None and next(one.iter("img", "picture", "figure"), None) is not None for one in before)
    )


OF_PICTURE = re.compile(r"caption|credit|photo|image|picture|media|foto|bild|copyright|source|quelle", re.IGNORECASE)


MAX_NEAR_BEFORE = 60  # elements before the headline in which its byline may be


def elements_near(heading: Any) -> set[Any]:
    """Return the headline, the elements soon after it, and those just before it inside the same box."""
    near = {heading, *islice(heading.iter("*"), 20)}
    prose = 0
    for after in islice(following(heading), MAX_ELEMENTS_NEAR):
        prose += after.tag == "p" and len(after.text or "") > MIN_PROSE_CHARS
        if prose > MAX_PARAGRAPHS_BEFORE:
            break
        near.add(after)
    for up in (heading, *islice(heading.iterancestors(), SHARED_LEVELS)):
        if up.tag in ("body", "main", "html"):
            break
        for before in islice(up.itersiblings(preceding=True), 6):
            near.update(islice(before.iter("*"), MAX_NEAR_BEFORE))
    return near


MAX_PARAGRAPHS_BEFORE = 2  # between headline and byline: the standfirst, and the caption of a picture
MIN_PROSE_CHARS = 100
MAX_ELEMENTS_NEAR = 200  # after the headline: share buttons are dozens of elements


def following(element: Any) -> Iterator[Any]:
    """Yield the elements after this one in page order."""
    siblings = (up.itersiblings() for up in chain([element], element.iterancestors()))
    return (below for sibling in chain.from_iterable(siblings) for below in sibling.iter("*"))


SITE_HEADER = re.compile(
    r"(?:^|\s)(?:site-?|page-?|top-?|main-?|global-?)?(?:header|head|top|top-?bar|bar|masthead|menu|mega-?menu|nav(?:bar|igation)?)(?=[\s_-]|$)",
    re.IGNORECASE,
)


def in_site_header(element: Any) -> bool:
    """Return whether the element is in the header of the site, where papers print today's date."""
    for up in element.iterancestors():
        if up.tag in ("article", "main"):
            return False
        if up.tag in ("header", "footer") or (up.tag == "div" and SITE_HEADER.search(class_and_id(up))):
            return up.find(".//h1") is None and up.find(".//h2") is None
    return False

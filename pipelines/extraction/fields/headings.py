"""What a page prints as headlines: its headings, what stands in each, and where each stands.

A heading is rarely the headline alone. The line above it (the kicker), a date, a subtitle or words for screen readers
lie inside as elements of their own; logos and the last step of a breadcrumb trail are headings too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from pipelines.extraction.fields.site_names import is_home
from pipelines.extraction.page import jsonld
from pipelines.extraction.page.declared import DeclaredMetadata, named, tidied, words_of

MOST = 50  # headings that are looked at
TRAIL_LENGTH = 600  # characters of a breadcrumb trail, the headline at its end included
DEEPEST = 20  # elements inside each other in a heading
LONGEST = 220  # characters; what is longer is a standfirst

# Class names of an element that holds the headline of the page's own article.
CLASSY = re.compile(
    r"(?:^|[\s_-])(?:(?:entry|post|article|story|page|content|news|single|blog|main|detail)[-_]*(?:title|headline|heading)"
    r"|headline|titulo|titre|titolo|otsikko|rubrik|überschrift|ueberschrift)(?=[\s_-]|$)",
    re.IGNORECASE,
)
# Parts inside a heading that are not the headline.
HIDDEN = re.compile(
    r"(?:^|[\s_-])(?:sr-only|screen-?reader(?:-text)?|visually-?hidden|element-invisible|invisible|off-?screen|aural"
    r"|a11y|u-hidden|is-hidden)(?=[\s_-]|$)",
    re.IGNORECASE,
)
BESIDE = re.compile(
    r"(?:^|[\s_-])(?:overline|kicker|eyebrow|dachzeile|topline|roof-?line|spitzmarke|ober-?titel|ober-?zeile|over-?title"
    r"|pre-?title|pre-?headline|head-?kicker|suptitle|super-?title|antetitulo|ante-?titulo|cintillo|volanta|epigrafe"
    r"|chapeu|surtitre|sur-?titre|occhiello|sopra-?titolo|sovra-?titolo|stikk?titt?el|vignett?e?|vinjett|nad-?tytul"
    r"|sub-?titles?|sub-?head(?:line|ing)?|sub-?line|unter-?titel|unter-?zeile|sous-?titre|sub-?titulo|bajada|sotto-?titolo"
    r"|dates?|time|timestamp|byline|author|badge|posted-?on|meta)(?=[\s_-]|$)",
    re.IGNORECASE,
)
BESIDE_TAGS = frozenset(("time", "small", "button", "svg", "figure", "img", "script", "style", "noscript", "template"))
CLASSED_TAGS = frozenset(("h3", "div", "span", "p"))
TRAIL = re.compile(r"bread-?crumb|(?:^|[\s_-])crumbs?(?=[\s_-]|$)", re.IGNORECASE)
LOGO = re.compile(
    r"(?:^|\s)(?:site-?(?:title|name|logo|branding|heading)(?=[\s_-]|$)|(?:site-?)?(?:logo|brand|masthead)(?=\s|$))",
    re.I,
)
INLINE = frozenset(("b", "i", "em", "strong", "a", "font", "u", "mark", "abbr", "q", "cite", "sub", "sup", "wbr"))


@dataclass(slots=True)
class Heading:
    """One heading of the page."""

    element: Any
    source: str  # "h1", "h2", "itemprop headline", "class headline"
    raw: str  # all of its text
    text: str  # without what is marked as beside the headline
    parts: list[str] = field(default_factory=list)  # the texts of its child elements, and of what is around them
    place: str = "own"  # "logo", "trail", "hidden", "link" (to another story), "elsewhere", or "own"


def headings(page: DeclaredMetadata) -> list[Heading]:
    """The page's headings in page order."""
    found: list[Heading] = []
    for element in page.marks.headings:
        source = _source(element)
        if not source or (found and found[-1].element in element.iterancestors()):
            continue  # <h1><span class="headline">: one heading
        raw = words_of(element)
        if not raw:
            continue
        place = _place(element, raw, page)
        # The menus of some pages are headings by the hundred; an h1 is one wherever it stands.
        if source in ("h1", "itemprop headline") or (place == "own" and len(raw) > 10 and len(found) < MOST):
            found.append(Heading(element, source, raw, _text(element) or raw, _parts(element), place))
        if len(found) >= 2 * MOST:
            break
    return found


def _source(element: Any) -> str | None:
    if element.tag in ("h1", "h2"):
        return str(element.tag)
    if "headline" in (element.get("itemprop") or "").split():
        return "itemprop headline"
    if element.tag not in CLASSED_TAGS or not CLASSY.search((element.get("class") or "")[:300]):
        return None
    if len(words_of(element) or "") > LONGEST or any(inner is not element for inner in element.iter("h1", "h2", "h3")):
        return None  # it holds the headline and more
    return "class headline"


def _text(element: Any) -> str | None:
    """The words of a heading without the parts that are marked as beside it."""
    words: list[str] = []  # "\\0" for the edge of an element, which is a space unless a mark follows
    _collect(element, words, 0)
    text = tidied(re.sub(r"\0+(?=\s*[:,.;!?])", "", "".join(words)).replace("\0", " "))
    return EDGES.sub("", text) or None if text else None


EDGES = re.compile(r"^[:,;|·•–—-]\s+|\s+[:;|·•–—-]$")  # what stood between the headline and what is beside it


def _collect(element: Any, words: list[str], depth: int) -> None:
    """The words of an element, and of those inside it that are part of the headline."""
    words.append(element.text or "")
    for child in element if depth < DEEPEST else ():
        if isinstance(child.tag, str) and not _beside(child):
            edge = "" if child.tag in INLINE else "\0"
            words.append(edge)
            _collect(child, words, depth + 1)
            words.append(edge)
        else:
            words.append("\0")
        words.append((child.tail or "")[:LONGEST])
        if len(words) > 1000:
            return


def _beside(element: Any) -> bool:
    classes = (element.get("class") or "")[:300]
    if element.tag in BESIDE_TAGS or element.get("aria-hidden") == "true" or element.get("hidden") is not None:
        return True
    return bool(classes) and bool(HIDDEN.search(classes) or BESIDE.search(classes))


def _parts(element: Any) -> list[str]:
    """The texts of a heading's children, and of what stands around them: one of them may be the headline."""
    children = [child for child in element if isinstance(child.tag, str) and child.tag != "br"]
    if not children or len(children) > 8:
        return []
    texts = [words_of(child) or "" for child in children]
    loose = [element.text or "", *(child.tail or "" for child in children)]
    after_first = [*texts[1:], *(child.tail or "" for child in children)]
    return [part for text in (*texts, " ".join(loose), " ".join(after_first)) if (part := tidied(text[:1000]))]


def _place(element: Any, raw: str, page: DeclaredMetadata) -> str:
    links = [a for a in element.iterfind(".//a") if 2 * len(words_of(a) or "") > len(raw) or is_home(a.get("href"))][:4]
    links += list(element.iterancestors("a"))[:1]
    classes = element.get("class") or ""
    if LOGO.search(classes[:300]) or any(is_home(a.get("href")) for a in links):
        return "logo"
    if HIDDEN.search(classes[:300]):
        return "hidden"
    if _in_trail(element):
        return "trail"
    if any(not _leads_here(a, page) for a in links):
        return "link"
    return "elsewhere" if page.elsewhere(element) else "own"


def _in_trail(element: Any) -> bool:
    """Is the heading the last step of a breadcrumb trail, or a part of a menu?"""
    if element.get("aria-current") == "page":
        return True
    for up in (element, *element.iterancestors()):
        if up.tag in ("article", "main", "body"):
            return False
        # "with-breadcrumbs" may be the whole page: a trail is short
        if up.tag == "nav" or (TRAIL.search(named(up)) and len(words_of(up, 2 * TRAIL_LENGTH) or "") < TRAIL_LENGTH):
            return True
    return False


def _leads_here(a: Any, page: DeclaredMetadata) -> bool:
    """Is the link an anchor, or to this page itself, as blogs have it?"""
    href = (a.get("href") or "").strip()
    if not href or href.startswith("#"):
        return True
    here = {jsonld.same_address(page.url), jsonld.same_address(page.canonical)} - {"-"}
    target = jsonld.same_address(href)
    return target in here or any(own.endswith("/" + target.lstrip("/")) for own in here)

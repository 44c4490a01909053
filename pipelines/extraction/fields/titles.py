"""Find the headline: of all that a page prints and declares, the words that readers see above the article.

Words that are both printed and declared are the headline. Printed words come before declared ones, because og:title and
<title> are written for other readers. But a page prints much that looks like a headline, and the declared titles show
which heading it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from html import unescape
from itertools import islice

from pipelines.extraction.fields import precedence
from pipelines.extraction.fields.candidates import FieldClaim, claims
from pipelines.extraction.fields.headings import (
    MAX_HEADLINE_CHARS,
    Heading,
    heading_above_text,
    headings,
    line_of_title,
)
from pipelines.extraction.fields.site_names import SiteNames
from pipelines.extraction.page import jsonld
from pipelines.extraction.page.declared import DeclaredMetadata

MAX_DECLARED_TITLES = 50
# The order of precedence of printed and declared titles; a claim has the first rank that fits.
RANKS = (
    "printed as the page's headline, and declared",
    "printed as the page's headline, and declared in nearly these words",
    "printed as a heading, and declared in these words",
    "the only headline printed, on the same subject as what is declared",
    "marked as the article's headline",
    "declared",
    "printed, but nothing confirms it",
    "the heading above the text, where nothing but the site's name is declared",
    "declared, but the site has the same name",
)
EQUAL, NEARLY_EQUAL, HEADING, ALONE, MARKED, DECLARED, UNCONFIRMED, ABOVE_TEXT, SITE = range(len(RANKS))

MAX_TITLE_CHARS = 500
# Any sign between blanks that is no mark of a sentence, no bracket and none of arithmetic; some also without blanks.
SEPARATOR = re.compile(
    r"\s+(?:[^\w\s'\"“”‘’„‚()\[\]{}.,;!?¿¡&+%#$€£=…]|_){1,4}\s+|\s*[|｜│┃❘¦»«ǀ]\s*|\s*::\s*|:\s+|\s+[|–—·•:~-]+$"
    r"|[_：-](?=[\u3040-\u9fff\uac00-\ud7af])|(?<=[\u3040-\u9fff])[_-]"
)
BAR = re.compile(r"[^\w\s«»‹›<>:*/~✦→⋆‐−―–—-]|::")  # a separator that is rarely a mark within a headline
MAX_SUFFIX_WORDS = 4  # of a name that nothing confirms
ENTITY = re.compile(
    r"&(?:#\d{2,6}|#[xX][0-9a-fA-F]{2,5}|amp|quot|apos|nbsp|[lr][sd]quo|[nm]dash|hellip|szlig|[lr]aquo|euro|copy|middot|bull"
    r"|[A-Za-z]{1,6}(?:acute|grave|circ|uml|cedil|tilde));"
)
ELLIPSIS = re.compile(r"\s*(?:…|\.\.\.)$")
DATE_BEFORE = re.compile(r"^\d{1,2}\.\d{1,2}\.(?:\d{4}|\d\d)\s*(?:[|–—:-]\s*)?(?=\D)")


@dataclass(frozen=True, slots=True)
class DeclaredTitle:
    """Hold what a page declares as its headline."""

    all: list[FieldClaim]
    plain: frozenset[str]  # each made `same_words`, without <title>, which has more than the headline
    pieces: frozenset[str]  # these, <title>, and the halves of each cut at a separator
    words: frozenset[str]  # these, and the halves of each cut at a colon
    tails: frozenset[str]  # a few words after a bar, shorter than what is before it

    @property
    def values(self) -> list[str]:
        """Return the declared headlines, in order of precedence."""
        return [claim.value for claim in self.all if claim.value]


def ranked(page: DeclaredMetadata, site: SiteNames) -> Iterator[FieldClaim]:
    """Yield every claim about the title, the best first."""
    titles, found = _judged(page, site)
    best: list[tuple[int, int, FieldClaim]] = [
        (SITE if _is_of_site(claim, site) else DECLARED, at, claim) for at, claim in enumerate(titles.all)
    ]
    if all(rank is None for rank, _ in found) and not any(rank == DECLARED and claim.value for rank, _, claim in best):
        above = heading_above_text(page)
        found = [*found, (ABOVE_TEXT, above)] if above and not site.is_called(above.text) else found
    if (
        not titles.plain
        and all(rank in (None, UNCONFIRMED) for rank, _ in found)
        and (line := line_of_title(page, titles.words))
    ):
        found = [*found, (HEADING, line)]
    for at, (rank, heading) in enumerate(found):
        if rank is None:
            against = WHY_REFUSED.get(heading.place, "no declared title confirms it")
            best.append((len(RANKS), at, FieldClaim(heading.source, heading.raw, None, "", against)))
        else:
            text = _without_author(_headline_in(heading, titles), page, titles)
            text = " ".join(ENTITY.sub(lambda entity: unescape(entity[0]), text).split())  # escaped twice
            value = without_affix(DATE_BEFORE.sub("", text), site) or heading.text
            best.append((rank, at, FieldClaim(heading.source, heading.raw, value, RANKS[rank])))
    yield from (claim for _, _, claim in sorted(best, key=lambda entry: entry[:2]))


def _is_of_site(claim: FieldClaim, site: SiteNames) -> bool:
    """Return whether a declared title is the name of the site, before a bar that nothing follows, or alone."""
    if not claim.value:
        return False
    return site.is_called_in_short(claim.value) or (
        claim.raw[-1:] in "|-–—·" and claim.raw.startswith(claim.value) and site.is_called_like(claim.value)
    )


def main_heading(page: DeclaredMetadata, site: SiteNames) -> Heading | None:
    """Return the heading that is the headline, if the page prints it."""
    titles, found = _judged(page, site)
    ranks = [(rank, heading) for rank, heading in found if rank is not None]
    if ranks:
        return min(ranks, key=lambda entry: entry[0])[1]
    return None if titles.plain else line_of_title(page, titles.words)


def _judged(page: DeclaredMetadata, site: SiteNames) -> tuple[DeclaredTitle, list[tuple[int | None, Heading]]]:
    """Return the declared titles, and each heading with its rank; they are looked at once."""
    if (known := page.judged_headings.get(site)) is None:
        titles = declared_titles(page, site)
        known = page.judged_headings[site] = titles, _ranks(page, titles, site)
    return known


def _ranks(page: DeclaredMetadata, titles: DeclaredTitle, site: SiteNames) -> list[tuple[int | None, Heading]]:
    printed = page_headings(page)
    others = [heading for heading in printed if not site.is_called(heading.text)]
    return [(_rank(heading, others, titles, site), heading) for heading in printed]


WHY_REFUSED = {
    "logo": "the site's name",
    "trail": "the last step of a breadcrumb trail",
    "hidden": "not shown to readers",
    "link": "leads to another story",
    "elsewhere": "in a part of the page that is about other stories",
}


def page_headings(page: DeclaredMetadata) -> list[Heading]:
    """Return the headings of the page; they are looked for once."""
    if page.headings is None:
        page.headings = headings(page)
    return page.headings


def printed_site_names(page: DeclaredMetadata) -> list[str]:
    """Return the names of the site: headings that link to its home page."""
    return [heading.raw for heading in page_headings(page) if heading.place == "logo" and len(heading.raw) <= 80]


def declared_titles(page: DeclaredMetadata, site: SiteNames) -> DeclaredTitle:
    """Return what the page declares as its headline, without the name of the site."""
    titles = claims(
        page,
        precedence.TITLE,
        lambda raw, _page: without_affix(raw, site, is_declared=True) if len(raw) <= MAX_TITLE_CHARS else None,
    )
    found = list(islice(titles, MAX_DECLARED_TITLES))
    found = [_not_cut_off(claim, found) for claim in found]
    plain = {jsonld.same_words(claim.value) for claim in found if claim.value and claim.source != "title title"}
    if not plain:
        found = [replace(claim, value=claim.value and _without_suffix(claim.value)) for claim in found]
    pieces = plain | {jsonld.same_words(text) for claim in found for text in (claim.value, claim.raw) if claim.value}
    words: set[str] = set()
    tails: set[str] = set()
    for claim in found:
        for cut in islice(SEPARATOR.finditer(claim.raw[:MAX_TITLE_CHARS]), 12):
            halves = {jsonld.same_words(claim.raw[: cut.start()]), jsonld.same_words(claim.raw[cut.end() :])}
            if cut[0].startswith(":"):
                words |= halves
            else:
                pieces |= halves
                tail, rest = claim.raw[cut.end() :], claim.raw[: cut.start()]
                if BAR.search(cut[0]) and len(tail.split()) <= MAX_SUFFIX_WORDS and 2 * len(tail) < len(rest):
                    tails.add(jsonld.same_words(tail))
    sets = (plain, pieces, words | pieces, tails)
    return DeclaredTitle(found, *(frozenset(one - {""}) for one in sets))


def _not_cut_off(claim: FieldClaim, others: list[FieldClaim]) -> FieldClaim:
    """Return `claim`, not usable if another title continues after its dots, or with the quotation mark that cut it off.

    A quotation mark ends an attribute.
    """
    for other in others:
        if not claim.value or not other.value or len(other.value) <= len(claim.value):
            continue
        if other.value.startswith(claim.value) and other.value[len(claim.value) :].lstrip().startswith(('"', "'", "“")):
            return FieldClaim(claim.source, claim.raw, None, claim.why, "cut off at a quotation mark")
        begin = ELLIPSIS.sub("", claim.value)
        if begin != claim.value and len(begin) > 15 and other.value.startswith(begin):
            return FieldClaim(claim.source, claim.raw, None, claim.why, "cut short")
    return claim


def _rank(heading: Heading, printed: list[Heading], titles: DeclaredTitle, site: SiteNames) -> int | None:
    """Return the number of the rank in RANKS that a heading has; None if it is no candidate."""
    if heading.place in ("logo", "hidden", "link", "trail"):
        return None
    if site.is_called(heading.text) or len(heading.text) > MAX_HEADLINE_CHARS:
        return None
    variants = {jsonld.same_words(text) for text in (heading.text, heading.raw, *heading.parts)}
    main = heading.source == "h1" or (heading.source == "itemprop headline" and not any(map(_is_h1, printed)))
    if variants & titles.words:
        if main:
            return UNCONFIRMED if _is_the_other_half(variants, printed, titles) else EQUAL
        return HEADING if any(len(words) > 8 for words in variants & titles.pieces) else None
    if heading.place != "own":
        return None
    if main and any(agree(heading.text, other) for other in titles.values):
        return NEARLY_EQUAL
    own = [other for other in printed if other.source == heading.source and other.place == "own"]
    if main and len({other.text for other in own}) == 1:
        content = _long_words(heading.text)
        same = any(content & _long_words(other) for other in titles.values)
        return ALONE if same or len(content) >= 3 or not titles.plain else UNCONFIRMED
    if heading.source == "class headline" or _is_marked(heading):
        same = any(agree(heading.text, other) or _share_words(heading.text, other) for other in titles.values)
        same = same or (heading.source == "class headline" and len({other.text for other in own}) == 1)
        return MARKED if same and not titles.plain and own[0] is heading and not any(map(_is_h1, printed)) else None
    return UNCONFIRMED if main else None


def _is_the_other_half(variants: set[str], printed: list[Heading], titles: DeclaredTitle) -> bool:
    """Return whether a heading is the name of the site in a <title>, because the longer half is printed, too.

    `variants`: spellings of the heading.
    """
    if variants & titles.plain:
        return False
    if variants & titles.tails:
        return True
    others = {jsonld.same_words(other.text) for other in printed if other.place == "own"} - variants
    others |= {words for words in titles.plain if not any(variant in words for variant in variants)}
    return any(words in titles.pieces and len(words) > max(map(len, variants)) for words in others)


def _is_h1(heading: Heading) -> bool:
    return heading.source == "h1" and heading.place == "own"


def _is_marked(heading: Heading) -> bool:
    """Return whether an h2 is marked as a headline, by its class or as heading in the header of the article."""
    if heading.source != "h2":
        return False
    ancestors = [up.tag for up in islice(heading.element.iterancestors(), 8)]
    in_header = "hgroup" in ancestors or ("header" in ancestors and "article" in ancestors)
    return in_header or "headline" in (heading.element.get("class") or "")


def _headline_in(heading: Heading, titles: DeclaredTitle) -> str:
    """Return the headline within a heading.

    The kicker is left out if a title is declared without it, and kept if a title is declared with it. Otherwise, the
    parts that are marked as not of the headline are left out.
    """
    pieces = {jsonld.same_words(text): text for text in (heading.text, *reversed(heading.parts))}  # kickers come first
    whole = jsonld.same_words(heading.raw)
    words = {jsonld.same_words(value): value for value in reversed(titles.values)}
    for piece, text in pieces.items():
        if piece in words and piece != whole:
            return text
    trailing = heading.raw.startswith(heading.text)  # a <title> alone confirms a subtitle, but no kicker
    if whole in words and (whole in titles.plain or trailing):  # with the punctuation between the parts
        is_glued = heading.parts and len(MARKS.findall(words[whole])) > len(MARKS.findall(heading.text))
        return words[whole] if heading.raw != heading.text or is_glued else heading.text
    for piece in pieces:  # the kicker or subtitle is an element, and the headline is the text around it
        for declared in words:
            if len(_long_words(declared)) >= 3 and whole in (f"{piece} {declared}", f"{declared} {piece}"):
                return words[declared]
    for piece, text in pieces.items():  # what is declared goes on after the headline, and has none of the other part
        if piece != whole and (len(_long_words(piece)) >= 2 or (len(piece) >= 8 and piece[0] > "\u3040")):
            rest = set(whole.split()) - set(piece.split())
            if any(other.startswith(f"{piece} ") for other in words) and not any(
                rest & set(one.split()) for one in words
            ):
                return text
    return heading.text


def _without_author(text: str, page: DeclaredMetadata, titles: DeclaredTitle) -> str:
    """Return a headline without the author's name at its end, if the page declares both the headline and the author."""
    names = [*jsonld.texts(page.article.get("author"), "name"), *page.meta(("author", "parsely-author"))]
    words = jsonld.same_words(text)
    for cut in islice(SEPARATOR.finditer(text), 12):
        if jsonld.same_words(text[cut.end() :]) in map(jsonld.same_words, names[:5]) and cut.start() > cut.end() // 2:
            return text[: cut.start()]
    if not any((name := jsonld.same_words(author)) and words.endswith(f" {name}") for author in names[:5]):
        return text
    for declared in titles.values:
        begin = jsonld.same_words(declared)
        count = len(words.split()) - len(begin.split())
        if words.startswith(f"{begin} ") and count <= MAX_AUTHOR_WORDS:
            last = [*jsonld.WORD.finditer(text)][-count - 1]
            mark = re.match(r"[?!.…\"”»’)]+", text[last.end() :])
            return text[: last.end()] + (mark[0] if mark else "")
    return text


MARKS = re.compile(r"[:–—|-]")  # between kicker and headline
MAX_AUTHOR_WORDS = 7  # "Von unserer Korrespondentin Mara Quill"


def agree(one: str, other: str) -> bool:
    """Return whether two headlines are of one story: equal words, or one has nearly all words of the other."""
    a, b = set(jsonld.same_words(one).split()), set(jsonld.same_words(other).split())
    if not a or not b:
        return False
    return a == b or (min(len(a), len(b)) >= 3 and len(a & b) >= 0.75 * min(len(a), len(b)) and len(a) <= 2.5 * len(b))


def _share_words(one: str, other: str) -> bool:
    """Return whether two headlines share two of their longer words."""
    return len(_long_words(one) & _long_words(other)) >= 2


def _long_words(title: str) -> set[str]:
    """Return the longer words of a headline."""
    return {word for word in jsonld.same_words(title).split() if len(word) > 3 or word[0] > "\u3040"}


def without_affix(title: str, site: SiteNames, *, is_declared: bool = False) -> str:
    """Return `title` without the name of the site at either end; a title beyond MAX_TITLE_CHARS unchanged.

    `is_declared`: machines put it together, and what a bar sets off at its end may be a longer name of the site.
    """
    if len(title) > MAX_TITLE_CHARS:
        return title
    for _ in range(3):  # "Headline | Section | Paper" needs more than one cut
        shorter = _cut(title, site, is_declared=is_declared)
        if not shorter:
            break
        title = shorter
    return title


def _cut(title: str, site: SiteNames, *, is_declared: bool) -> str | None:
    cuts = list(SEPARATOR.finditer(title))[:12]
    ends = [*(cut.start() for cut in cuts), len(title)][1:]
    for cut, end in zip(cuts, ends, strict=True):  # the longest tail first: a name may hold a separator itself
        tail, head = title[cut.end() :], title[: cut.start()].strip()
        is_bar = is_declared and BAR.search(cut[0]) and " " in head
        is_empty = not tail and cut[0].strip() not in QUOTES
        if head and (is_empty or site.is_called(tail) or (is_bar and site.is_called_like(tail))):
            return head
        if is_declared and not cut[0].startswith(":") and len(title) - end < len(head):
            name = title[cut.end() : end]  # "Headline - Paper - News of the bay"; or the name and one word
            if (end < len(title) and site.is_called(name)) or (end == len(title) and site.is_extended(name)):
                return head
    for cut in reversed(cuts):
        if site.is_called(title[: cut.start()]) and (tail := title[cut.end() :].strip()):
            return tail
    return None


def _without_suffix(title: str) -> str:
    """Return a <title> without the few words after its last bar; nothing else is declared that could tell."""
    cuts = [cut for cut in islice(SEPARATOR.finditer(title), 12) if BAR.search(cut[0])]
    if not cuts:
        return title
    head, tail = title[: cuts[-1].start()].strip(), title[cuts[-1].end() :].strip()
    is_name = len(tail.split()) <= MAX_SUFFIX_WORDS and len(tail) < 0.8 * len(head) and not NO_NAME.search(tail)
    return head if is_name and (len(head.split()) >= 3 or head[0] > "\u3040") else title


QUOTES = frozenset("»«›‹")  # separators that may end a quotation
NO_NAME = re.compile(r"[,?!\d]")

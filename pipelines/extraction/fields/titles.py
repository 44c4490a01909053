"""The headline: of all that a page prints and declares, what its readers see above the article.

What is printed and declared alike is the headline. Printed comes before declared, since og:title and <title> are
written for other readers; but a page prints much that looks like a headline, and what it declares tells which it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from pipelines.extraction.fields import precedence
from pipelines.extraction.fields.candidates import FieldClaim, claims
from pipelines.extraction.fields.headings import LONGEST, Heading, headings
from pipelines.extraction.fields.site_names import SiteNames
from pipelines.extraction.page import jsonld
from pipelines.extraction.page.declared import DeclaredMetadata

# The order of trust among what is printed and what is declared; a claim takes the first rank that fits.
MOST = 50  # declared titles that are looked at
RANKS = (
    "printed as the page's headline, and declared",
    "printed as the page's headline, and declared in nearly these words",
    "printed as a heading, and declared in these words",
    "the only headline printed, on the same subject as what is declared",
    "marked as the article's headline",
    "declared",
    "printed, but nothing confirms it",
)
EQUAL, NEAR, HEADING, ALONE, MARKED, DECLARED, UNCONFIRMED = range(len(RANKS))

LONGEST_TITLE = 500  # characters
SEPARATOR = re.compile(
    r"\s+[|–—·•»«:*/~-]+\s+|\s*[|｜»«]\s*|\s*::\s*|:\s+|[_：-](?=[\u3040-\u9fff\uac00-\ud7af])|(?<=[\u3040-\u9fff])[_-]"
)
ELLIPSIS = re.compile(r"\s*(?:…|\.\.\.)$")
DATE_BEFORE = re.compile(r"^\d{1,2}\.\d{1,2}\.(?:\d{4}|\d\d)\s*(?:[|–—:-]\s*)?(?=\D)")


@dataclass(frozen=True, slots=True)
class DeclaredTitle:
    """What a page declares as its headline."""

    all: list[FieldClaim]
    plain: frozenset[str]  # each made `same_words`, but <title>, which holds more than the headline
    pieces: frozenset[str]  # these, <title>, and what is left of each if it is cut at a separator
    words: frozenset[str]  # these, and what is left of each if it is cut at a colon

    @property
    def values(self) -> list[str]:
        """The declared headlines, in the order of trust."""
        return [claim.value for claim in self.all if claim.value]


def ranked(page: DeclaredMetadata, site: SiteNames) -> Iterator[FieldClaim]:
    """Every claim to the title, the best first."""
    said = declared(page, site)
    best: list[tuple[int, int, FieldClaim]] = [(DECLARED, at, claim) for at, claim in enumerate(said.all)]
    for at, (rank, heading) in enumerate(_ranks(page, said, site)):
        if rank is None:
            against = AGAINST.get(heading.place, "nothing declared confirms it")
            best.append((len(RANKS), at, FieldClaim(heading.source, heading.raw, None, "", against)))
        else:
            value = without_affix(DATE_BEFORE.sub("", _variant(heading, said)), site) or heading.text
            best.append((rank, at, FieldClaim(heading.source, heading.raw, value, RANKS[rank])))
    yield from (claim for _, _, claim in sorted(best, key=lambda entry: entry[:2]))


def main_heading(page: DeclaredMetadata, site: SiteNames) -> Heading | None:
    """The heading that is the headline, if the page prints it."""
    ranks = [(rank, heading) for rank, heading in _ranks(page, declared(page, site), site) if rank is not None]
    return min(ranks, key=lambda entry: entry[0])[1] if ranks else None


def _ranks(page: DeclaredMetadata, said: DeclaredTitle, site: SiteNames) -> list[tuple[int | None, Heading]]:
    printed = page_headings(page)
    return [(_rank(heading, printed, said, site), heading) for heading in printed]


AGAINST = {
    "logo": "the site's name",
    "trail": "the last step of a breadcrumb trail",
    "hidden": "not shown to readers",
    "link": "leads to another story",
    "elsewhere": "in a part of the page that is about other stories",
}


def page_headings(page: DeclaredMetadata) -> list[Heading]:
    """The page's headings, looked for once."""
    if page.headings is None:
        page.headings = headings(page)
    return page.headings


def shown_names(page: DeclaredMetadata) -> list[str]:
    """What the page prints as headings that lead to its home page: the site's names."""
    return [heading.raw for heading in page_headings(page) if heading.place == "logo" and len(heading.raw) <= 80]


def declared(page: DeclaredMetadata, site: SiteNames) -> DeclaredTitle:
    """What the page declares as its headline, without the site's name."""
    said = claims(
        page, precedence.TITLE, lambda raw, _page: without_affix(raw, site) if len(raw) <= LONGEST_TITLE else None
    )
    found = list(islice(said, MOST))
    found = [_not_cut_off(claim, found) for claim in found]
    plain = {jsonld.same_words(claim.value) for claim in found if claim.value and claim.source != "title title"}
    pieces = plain | {jsonld.same_words(claim.value) for claim in found if claim.value}
    words: set[str] = set()
    for claim in found:
        for cut in islice(SEPARATOR.finditer(claim.raw[:LONGEST_TITLE]), 12):
            halves = {jsonld.same_words(claim.raw[: cut.start()]), jsonld.same_words(claim.raw[cut.end() :])}
            if cut[0].startswith(":"):
                words |= halves
            else:
                pieces |= halves
    return DeclaredTitle(found, frozenset(plain - {""}), frozenset(pieces - {""}), frozenset((words | pieces) - {""}))


def _not_cut_off(claim: FieldClaim, others: list[FieldClaim]) -> FieldClaim:
    """`claim`, refused if another goes on where it ends in dots, or with a quotation mark, which ends an attribute."""
    for other in others:
        if not claim.value or not other.value or len(other.value) <= len(claim.value):
            continue
        if other.value.startswith(claim.value) and other.value[len(claim.value) :].lstrip().startswith(('"', "'", "“")):
            return FieldClaim(claim.source, claim.raw, None, claim.why, "cut off at a quotation mark")
        begin = ELLIPSIS.sub("", claim.value)
        if begin != claim.value and len(begin) > 15 and other.value.startswith(begin):
            return FieldClaim(claim.source, claim.raw, None, claim.why, "cut short")
    return claim


def _rank(heading: Heading, printed: list[Heading], said: DeclaredTitle, site: SiteNames) -> int | None:
    """Which of RANKS a heading has; None if it is no candidate."""
    if heading.place in ("logo", "hidden", "link", "trail"):
        return None
    if site.is_called(heading.text) or len(heading.text) > LONGEST:
        return None
    variants = {jsonld.same_words(text) for text in (heading.text, heading.raw, *heading.parts)}
    main = heading.source == "h1" or (heading.source == "itemprop headline" and not any(map(_is_h1, printed)))
    if variants & said.words:
        if main:
            return UNCONFIRMED if _is_the_other_half(heading, variants, printed, said) else EQUAL
        return HEADING if any(len(words) > 8 for words in variants & said.pieces) else None
    if heading.place != "own":
        return None
    if main and any(agree(heading.text, other) for other in said.values):
        return NEAR
    own = [other for other in printed if other.source == heading.source and other.place == "own"]
    if main and len({other.text for other in own}) == 1:
        content = _content(heading.text)
        same = any(content & _content(other) for other in said.values)
        return ALONE if same or len(content) >= 3 or not said.plain else UNCONFIRMED
    if heading.source == "class headline" or _classy(heading):
        same = any(agree(heading.text, other) or _alike(heading.text, other) for other in said.values)
        return MARKED if same and not said.plain and own[0] is heading and not any(map(_is_h1, printed)) else None
    return UNCONFIRMED if main else None


def _is_the_other_half(heading: Heading, variants: set[str], printed: list[Heading], said: DeclaredTitle) -> bool:
    """Is the heading known from one half of a <title> alone, and the longer half printed too? Then it is the site's."""
    if variants & said.plain:
        return False
    others = {jsonld.same_words(other.text) for other in printed if other.place == "own"} - variants
    return any(words in said.pieces and len(words) > max(map(len, variants)) for words in others)


def _is_h1(heading: Heading) -> bool:
    return heading.source == "h1" and heading.place == "own"


def _classy(heading: Heading) -> bool:
    """Is an h2 marked as a headline: by its class, or as the heading of the article's header?"""
    if heading.source != "h2":
        return False
    ancestors = [up.tag for up in islice(heading.element.iterancestors(), 8)]
    in_header = "hgroup" in ancestors or ("header" in ancestors and "article" in ancestors)
    return in_header or "headline" in (heading.element.get("class") or "")


def _variant(heading: Heading, said: DeclaredTitle) -> str:
    """The headline within a heading.

    Without the kicker, if anybody declares it so; with it, if all of it is declared; else without what is marked as
    beside the headline.
    """
    pieces = {jsonld.same_words(text): text for text in (heading.text, *reversed(heading.parts))}  # kickers come first
    whole = jsonld.same_words(heading.raw)
    words = {jsonld.same_words(value): value for value in reversed(said.values)}
    for piece, text in pieces.items():
        if piece in words and piece != whole:
            return text
    trailing = heading.raw.startswith(heading.text)  # in <title> alone a kicker counts for nothing, a subtitle does
    if whole in words and (whole in said.plain or trailing):
        return words[whole] if heading.raw != heading.text else heading.text  # with what stands between the two
    for piece in pieces:  # what is beside the headline lies in an element, the headline around it
        for declared in words:
            if len(_content(declared)) >= 3 and whole in (f"{piece} {declared}", f"{declared} {piece}"):
                return words[declared]
    return heading.text


def agree(one: str, other: str) -> bool:
    """Do two headlines name one story? Equal words, or one holds nearly all words of the other."""
    a, b = set(jsonld.same_words(one).split()), set(jsonld.same_words(other).split())
    if not a or not b:
        return False
    return a == b or (min(len(a), len(b)) >= 3 and len(a & b) >= 0.75 * min(len(a), len(b)) and len(a) <= 2.5 * len(b))


def _alike(one: str, other: str) -> bool:
    """Do two headlines share two of their longer words?"""
    return len(_content(one) & _content(other)) >= 2


def _content(title: str) -> set[str]:
    """The longer words of a headline."""
    return {word for word in jsonld.same_words(title).split() if len(word) > 3 or word[0] > "\u3040"}


def without_affix(title: str, site: SiteNames) -> str:
    """`title` without the site's name at either end. What is longer than LONGEST_TITLE is none and stays as it is."""
    if len(title) > LONGEST_TITLE:
        return title
    for _ in range(3):  # "Headline | Section | Paper" needs more than one cut
        shorter = _cut(title, site)
        if not shorter:
            break
        title = shorter
    return title


def _cut(title: str, site: SiteNames) -> str | None:
    cuts = list(SEPARATOR.finditer(title))[:12]
    for cut in cuts:  # the longest tail first: a name may hold a separator itself
        if site.is_called(title[cut.end() :]) and (head := title[: cut.start()].strip()):
            return head
    for cut in reversed(cuts):
        if site.is_called(title[: cut.start()]) and (tail := title[cut.end() :].strip()):
            return tail
    return None

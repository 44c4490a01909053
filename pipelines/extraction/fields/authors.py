"""Find the authors: persons first, wherever they are named; then the agency; then the desk or outlet that signs."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from functools import cache
from typing import Any

from pipelines.extraction.fields import labelled_bylines, precedence, printed_bylines
from pipelines.extraction.fields.candidates import PLACE_READERS, FieldClaim
from pipelines.extraction.fields.person_names import (
    BY,
    DESK_CODE,
    OTHER_CREDIT,
    collective_author,
    has_full_name,
    named_agencies,
    persons,
)
from pipelines.extraction.fields.printed_bylines import PrintedByline
from pipelines.extraction.fields.site_names import SiteNames
from pipelines.extraction.page import jsonld
from pipelines.extraction.page.declared import SITE_METAS, DeclaredMetadata, clean

WHY_AGENCY = "no person is named; this agency sent it"
WHY_USERNAME = "no person is named in full; this is the name of an account"
WHY_SIGNED = "no person is named; this desk or outlet signs it"
NO_PERSON = "names no person"
WHY_MORE = "names the declared authors and others"
WHY_SIGNS = "the page prints it below the headline; the meta names the account that posted it"
WHY_FULLER = "has the full names of the declared authors"
MAX_NAMES = 5  # of a byline; more names are a list of authors of other stories

# Names of accounts, not of their owners: "gabor_m", "KatieS", "officialjoquill". "Ela" and "Paul" are names.
USERNAME_SHAPE = re.compile(r"\S*[_.\d]\S*|[a-z]{6,}|[A-Za-z][a-z]+[A-Z]\w*")
PRINTED_SOURCES = ("class", "rel", "itemprop", "by-line", "author link", "labelled", "by attribute")
MAX_GLUED_WORDS = 9  # of two or three names in one string
Printed = Callable[[], list[PrintedByline]]


def authors(page: DeclaredMetadata, site: SiteNames) -> Iterator[FieldClaim]:
    """Yield the claims about the authors. A claim that names an outlet comes after all that may name persons."""
    papers = outlets(page, site)
    printed = cache(lambda: list(printed_bylines.bylines(page, site)))
    short: list[FieldClaim] = []
    found_persons = False
    refused: list[tuple[str, list[str], str]] = []
    for source, names, why in _sources(page, site, printed):
        raw = clean(", ".join(dict.fromkeys(name.replace("\n", ", ") for name in names)))
        if not raw:
            continue
        named = [name for name in names if not isinstance(name, OrganisationName) and not site.is_called(name)]
        if source.startswith("class"):
            named = [ABOUT.sub("", name) for name in named]
        found = _with_page_spelling(persons(named, papers), page)
        if not found and source.startswith(("class", "itemprop")):
            found = _after_unknown_label(named, papers)
        declared = not source.startswith(PRINTED_SOURCES)
        if declared:
            found = _apart(found, page, printed)
        elif found and all(DESK_CODE.fullmatch(name) for name in found):
            found = ()  # a code that only the paper knows; it signs below, with what is beside it
        if found and declared and all(USERNAME_SHAPE.fullmatch(name) for name in found):
            short.append(FieldClaim(source, raw, found, WHY_USERNAME))
            found = ()
        elif not found:
            refused.append((source, names, raw))
        elif declared and not found_persons and (more := _longer_byline(found, page, site, printed, papers)):
            yield more
        elif (
            declared and not found_persons and source.startswith("meta") and (other := _signed(found, printed, papers))
        ):
            yield other
        elif declared and not has_full_name(found) and (fuller := _fuller_byline(found, printed, papers)):
            yield fuller
        found_persons = found_persons or bool(found)
        yield FieldClaim(source, raw, found or None, why, NO_PERSON)
    yield from short
    for source, names, raw in refused:
        if wires := named_agencies(names):
            yield FieldClaim(source, raw, wires, WHY_AGENCY)
    for source, names, raw in refused:
        signers = (name for one in names if (name := collective_author(one)))
        is_printed = source.startswith(PRINTED_SOURCES)
        if signed := tuple(dict.fromkeys(name for name in signers if not (is_printed and DESK_CODE.fullmatch(name))))[
            :3
        ]:
            yield FieldClaim(source, raw, signed, WHY_SIGNED)
    for byline in printed_bylines.beside_date(page, site):
        if found := persons(byline.lines, papers) or named_agencies(byline.lines):
            yield FieldClaim(byline.source, byline.lines[0], found, byline.why)


UNKNOWN_LABEL = re.compile(r"^[^:：\d]{2,25}[:：]\s*(?=\S)", re.IGNORECASE)
ABOUT = re.compile(r"^(?:about|über|sobre|meet)\s+(?=\w)", re.IGNORECASE)  # "About Jo Quill" in the box of an author


def _after_unknown_label(lines: list[str], papers: set[str]) -> tuple[str, ...]:
    """Return the full names after a label that no table has, in an element that is marked as the author's."""
    rest = [UNKNOWN_LABEL.sub("", line) for line in lines if UNKNOWN_LABEL.match(line) and not OTHER_CREDIT.match(line)]
    found = persons(rest, papers)
    return found if has_full_name(found) else ()


def _longer_byline(
    found: tuple[str, ...], page: DeclaredMetadata, site: SiteNames, printed: Printed, papers: set[str]
) -> FieldClaim | None:
    """Return a printed byline with all of `found` and further names: some systems declare only one of the authors."""
    declared = {name.casefold() for name in found}
    more = _may_name_more(page, site, declared)
    for byline in printed() if more else printed_bylines.marked_bylines(page, site):
        if not BY.match(byline.lines[0]):
            continue
        names = _with_page_spelling(persons(byline.lines, papers), page)
        if len(names) <= MAX_NAMES and declared < {name.casefold() for name in names} and has_full_name(names):
            return FieldClaim(byline.source, clean(", ".join(byline.lines)) or "", names, WHY_MORE)
    return None


def _may_name_more(page: DeclaredMetadata, site: SiteNames, names: Collection[str]) -> bool:
    """Return whether a line below the headline has all of `names` (casefolded), "By", and a word of another name.

    Most pages print the authors that they declare and no others, so that no byline need be read.
    """
    words = " ".join(names).split()
    folded = (line.casefold() for _, line in printed_bylines.lines_after_headline(page, site))
    return any(
        "&" in line  # a character may be escaped twice
        or (
            all(word in line for word in words)
            and (not line.isascii() or len(jsonld.WORD.findall(line)) >= len(words) + 2)
        )
        for line in folded
    )


def _signed(found: tuple[str, ...], printed: Printed, papers: set[str]) -> FieldClaim | None:
    """Return the byline below the headline if it names others than a meta does: whoever fills in the form, signs it."""
    declared = {name.casefold() for name in found}
    for byline in printed():
        if byline.is_near and BY.match(byline.lines[0]):
            names = persons(byline.lines, papers)
            if has_full_name(names) and not declared & {name.casefold() for name in names}:
                return FieldClaim(byline.source, clean(", ".join(byline.lines)) or "", names, WHY_SIGNS)
    return None


def _fuller_byline(found: tuple[str, ...], printed: Printed, papers: set[str]) -> FieldClaim | None:
    """Return a printed byline with the full names of persons who are declared by their first names."""
    for byline in printed():
        names = persons(byline.lines, papers)
        if len(names) == len(found) and all(
            full.casefold().startswith(f"{first.casefold()} ") for full, first in zip(names, found, strict=True)
        ):
            return FieldClaim(byline.source, clean(", ".join(byline.lines)) or "", names, WHY_FULLER)
    return None


def _apart(found: tuple[str, ...], page: DeclaredMetadata, printed: Printed) -> tuple[str, ...]:
    """Return the names; two that are declared as one, "Jo Quill Ida Boje", as the page has them elsewhere."""
    if not any(3 < len(name.split()) <= MAX_GLUED_WORDS for name in found):
        return found
    metas = (raw for line in precedence.AUTHORS_META for name in line.names for raw in page.metas.get(name, ()))
    elsewhere = [persons([raw]) for raw in metas] + [persons(byline.lines) for byline in printed()]
    glued = {" ".join(names).casefold(): names for names in elsewhere if len(names) > 1}
    return tuple(dict.fromkeys(one for name in found for one in glued.get(name.casefold(), (name,))))


def _sources(page: DeclaredMetadata, site: SiteNames, printed: Printed) -> Iterator[tuple[str, list[str], str]]:
    """Yield (source, names as printed there, reason for its precedence), in order of precedence. Lazy."""
    yield "json-ld author", _names_in_node(page, page.article), precedence.AUTHORS_JSON_LD
    for node in page.page_nodes:
        yield "json-ld page author", _names_in_node(page, node), precedence.AUTHORS_PAGE_NODE
    for line in precedence.AUTHORS_META:
        for name in line.names:
            raws = [
                raw for raw in PLACE_READERS[line.kind](page, name) if not raw.startswith(("http", "/", "@", "www."))
            ]
            yield f"{line.kind} {name}", raws, line.why
    for number in range(1, 4):
        labels, values = (page.metas.get(f"twitter:{half}{number}", ()) for half in ("label", "data"))
        if labels and values and BY.match(f"{labels[0]}: "):
            yield f"meta twitter:data{number}", list(values[:1]), precedence.AUTHORS_LABELLED
    for byline in printed():
        yield byline.source, byline.lines, byline.why
    for byline in labelled_bylines.labelled(page):
        yield byline.source, byline.lines, byline.why
    for byline in labelled_bylines.by_attribute(page, site):
        yield byline.source, byline.lines, byline.why
    yield "feed authors", [page.hint["authors"]] if page.hint.get("authors") else [], "named by the feed"


def _names_in_node(page: DeclaredMetadata, node: jsonld.Node) -> list[str]:
    """Return the names of the authors of a node, with references into the graph resolved."""
    found = _names_of(page, node.get("author"))
    creators = _names_of(page, node.get("creator"))
    return creators if not found or set(found) < set(creators) else found


class OrganisationName(str):
    """Hold the name of an organisation, which is no list of persons: "Institute for Tides and Research"."""

    __slots__ = ()


def _names_of(page: DeclaredMetadata, value: Any) -> list[str]:
    found: list[str] = []
    for author in jsonld.members(value):
        value = jsonld.resolved(author, page.by_id)
        if isinstance(value, dict) and "author" in value and "Role" in jsonld.types(value):
            found += _names_of(page, value["author"])
            continue
        is_node = isinstance(value, dict)
        names = _names_of_person(value) if is_node else jsonld.texts(value)
        kind = OrganisationName if is_node and _is_outlet(jsonld.types(value)) else str
        found += [kind(name) for raw in names if (name := clean(raw)) and not name.startswith("http")]
    return found


def _names_of_person(person: jsonld.Node) -> list[str]:
    """Return the name of a person, or first and last name joined."""
    halves = [half for key in ("givenName", "familyName") if (half := jsonld.text(person.get(key)))]
    return jsonld.texts(person.get("name")) or ([" ".join(halves)] if len(halves) == 2 else [])


def outlets(page: DeclaredMetadata, site: SiteNames) -> set[str]:
    """Return the names of the paper, and of all organisations in the JSON-LD, which are no persons."""
    organisations = {
        jsonld.text(node.get("name")) or ""
        for value in (page.article.get("author"), page.article.get("publisher"), *page.nodes)
        for node in jsonld.members(value)
        if isinstance(node, dict) and _is_outlet(jsonld.types(node))
    }
    return {*site.names, *page.meta(SITE_METAS), *organisations}


def _is_outlet(kinds: list[str]) -> bool:
    """Return whether the types of a node are those of an outlet. The owner of a blog is typed as a person, too."""
    return "Person" not in kinds and any(kind.endswith(("Organization", "WebSite")) for kind in kinds)


def _with_page_spelling(found: tuple[str, ...], page: DeclaredMetadata) -> tuple[str, ...]:
    """Return the names; those in capitals as the page writes them elsewhere."""
    if not any(name.isupper() and len(name) > 4 for name in found):
        return found
    persons_of = (jsonld.text(node.get("name")) for node in page.nodes if "Person" in jsonld.types(node))
    metas = (raw for line in precedence.AUTHORS_META for name in line.names for raw in page.metas.get(name, ()))
    elsewhere = (name for raw in (*persons_of, *metas) for name in persons([raw or ""]))
    spelled = {name.casefold(): name for name in elsewhere if not name.isupper()}
    return tuple(spelled.get(name.casefold(), name) for name in found)

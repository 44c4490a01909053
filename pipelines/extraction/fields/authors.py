"""Who wrote it: persons first, wherever they are named; then the agency; then the desk or outlet that signs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pipelines.extraction.fields import precedence, printed_bylines
from pipelines.extraction.fields.candidates import PLACES, FieldClaim
from pipelines.extraction.fields.person_names import BY, agencies, collective, full, persons
from pipelines.extraction.fields.site_names import SiteNames
from pipelines.extraction.page import jsonld
from pipelines.extraction.page.declared import SITE, DeclaredMetadata, clean

AGENCY = "no person is named: the agency that sent it"
USERNAME = "nobody is named in full: the name of the account"
SIGNED = "no person is named: the desk or outlet that signs it"
NOBODY = "names no person"
MORE = "names those who are declared, and others beside them"
MOST_PRINTED = 5  # names of a byline; more are a list of authors of other stories

# The name of an account, not of its owner: "gabor_m", "KatieS", "officialjoquill". "Ela" and "Paul" are names.
USERNAME_SHAPE = re.compile(r"\S*[_.\d]\S*|[a-z]{6,}|[A-Za-z][a-z]+[A-Z]\w*")
PRINTED = ("class", "rel", "itemprop", "by-line", "author link")


def authors(page: DeclaredMetadata, site: SiteNames) -> Iterator[FieldClaim]:
    """The claims to the authors. One that names an outlet is put off until everybody has been asked for persons."""
    papers = outlets(page, site)
    short: list[FieldClaim] = []
    asked = False  # has somebody named persons?
    refused: list[tuple[str, list[str], str]] = []
    for source, names, why in _named(page, site):
        raw = clean(", ".join(dict.fromkeys(name.replace("\n", ", ") for name in names)))
        if not raw:
            continue
        found = _readable(persons([name for name in names if not site.is_called(name)], papers), page)
        if found and all(USERNAME_SHAPE.fullmatch(name) for name in found) and not source.startswith(PRINTED):
            short.append(FieldClaim(source, raw, found, USERNAME))
            found = ()
        elif not found:
            refused.append((source, names, raw))
        elif not asked and not source.startswith(PRINTED) and (more := _more(found, page, site, papers)):
            yield more
        asked = asked or bool(found)
        yield FieldClaim(source, raw, found or None, why, NOBODY)
    yield from short
    for source, names, raw in refused:
        if wires := agencies(names):
            yield FieldClaim(source, raw, wires, AGENCY)
    for source, names, raw in refused:
        if signed := tuple(dict.fromkeys(name for one in names if (name := collective(one))))[:3]:
            yield FieldClaim(source, raw, signed, SIGNED)
    for byline in printed_bylines.beside_date(page, site):
        if found := persons(byline.lines, papers):
            yield FieldClaim(byline.source, byline.lines[0], found, byline.why)


def _more(found: tuple[str, ...], page: DeclaredMetadata, site: SiteNames, papers: set[str]) -> FieldClaim | None:
    """A byline that is printed and names all of `found` and others: systems that declare one author drop the rest."""
    declared = {name.casefold() for name in found}
    for byline in printed_bylines.bylines(page, site):
        if not BY.match(byline.lines[0]):
            continue
        names = _readable(persons(byline.lines, papers), page)
        if len(names) <= MOST_PRINTED and declared < {name.casefold() for name in names} and full(names):
            return FieldClaim(byline.source, clean(", ".join(byline.lines)) or "", names, MORE)
    return None


def _named(page: DeclaredMetadata, site: SiteNames) -> Iterator[tuple[str, list[str], str]]:
    """(source, names as they stand there, why it is trusted), the most trusted first. Lazy."""
    yield "json-ld author", _in_node(page, page.article), precedence.AUTHORS_JSON_LD
    for node in page.page_nodes:
        yield "json-ld page author", _in_node(page, node), precedence.AUTHORS_PAGE_NODE
    for line in precedence.AUTHORS_META:
        for name in line.names:
            raws = [raw for raw in PLACES[line.kind](page, name) if not raw.startswith(("http", "/", "@", "www."))]
            yield f"{line.kind} {name}", raws, line.why
    for byline in printed_bylines.bylines(page, site):
        yield byline.source, byline.lines, byline.why
    yield "feed authors", [page.hint["authors"]] if page.hint.get("authors") else [], "what the feed says"


def _in_node(page: DeclaredMetadata, node: jsonld.Node) -> list[str]:
    """Names of a node's authors, references into the graph resolved."""
    found: list[str] = []
    for author in _flat(node.get("author") or node.get("creator") or []):
        value = jsonld.resolved(author, page.by_id)
        names = _names_of(value) if isinstance(value, dict) else jsonld.texts(value)
        found += [name for raw in names if (name := clean(raw)) and not name.startswith("http")]
    return found


def _names_of(person: jsonld.Node) -> list[str]:
    """A person's name, or the two halves of it."""
    halves = [half for key in ("givenName", "familyName") if (half := jsonld.text(person.get(key)))]
    return jsonld.texts(person.get("name")) or ([" ".join(halves)] if len(halves) == 2 else [])


def _flat(value: Any) -> list[Any]:
    if not isinstance(value, list):
        return [value]
    return [inner for item in value[:50] for inner in (item if isinstance(item, list) else [item])]


def outlets(page: DeclaredMetadata, site: SiteNames) -> set[str]:
    """Names of the paper, and of all that JSON-LD types as an organisation: they name no person."""
    organisations = {
        jsonld.text(node.get("name")) or ""
        for value in (page.article.get("author"), page.article.get("publisher"), *page.nodes)
        for node in _flat(value)
        if isinstance(node, dict) and _is_outlet(jsonld.types(node))
    }
    return {*site.names, *page.meta(SITE), *organisations}


def _is_outlet(kinds: list[str]) -> bool:
    """By its types. The owner of a blog is typed as a person and an organisation."""
    return "Person" not in kinds and any(kind.endswith(("Organization", "WebSite")) for kind in kinds)


def _readable(found: tuple[str, ...], page: DeclaredMetadata) -> tuple[str, ...]:
    """Names in capitals, as the page writes them elsewhere."""
    if not any(name.isupper() and len(name) > 4 for name in found):
        return found
    persons_of = (jsonld.text(node.get("name")) for node in page.nodes if "Person" in jsonld.types(node))
    metas = (raw for line in precedence.AUTHORS_META for name in line.names for raw in page.metas.get(name, ()))
    elsewhere = (name for raw in (*persons_of, *metas) for name in persons([raw or ""]))
    spelled = {name.casefold(): name for name in elsewhere if not name.isupper()}
    return tuple(spelled.get(name.casefold(), name) for name in found)

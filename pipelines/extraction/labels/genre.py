"""What kind of piece a page is: article, opinion, live blog, gallery or video.

Claims in the order of trust: schema.org's types, other metas, the section, the address, the headline, the shape of the
text. A word counts only where it stands alone: the whole section, a whole segment of the address.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from unicodedata import combining, normalize
from urllib.parse import unquote, urlsplit

from pipelines.extraction.languages import tables
from pipelines.extraction.page import jsonld
from pipelines.extraction.page.declared import DeclaredMetadata
from pipelines.extraction.page.trace import FieldCandidate

ARTICLE, OPINION, LIVE, GALLERY, VIDEO = "article", "opinion", "live blog", "gallery", "video"

# Types of schema.org that are a kind.
TYPES = {
    "OpinionNewsArticle": OPINION,
    "LiveBlogPosting": LIVE,
    "ImageGallery": GALLERY,
    "MediaGallery": GALLERY,
    "VideoGallery": VIDEO,
}
OG_TYPES = {"video": VIDEO, "video.other": VIDEO, "video.episode": VIDEO, "gallery": GALLERY, "liveblog": LIVE}

SHORT = 1500  # characters of text; what is longer is no mere caption of a film or of pictures
FEW, MANY = 4, 6  # paragraphs that begin with a time of day: beside a word for live, and beside nothing

TIME = re.compile(
    r"[\W_]*(?:[01]?\d|2[0-3])(?:[:.h]|\.)[0-5]\d\b(?:\s*(?:uhr|h|a\.?m\.?|p\.?m\.?|[A-Z]{2,4}))?(?![.\d]?\d)",
    re.IGNORECASE,
)
LABEL = re.compile(r"([^:|：｜–—]{2,40}?)(?:\s*[:|]\s|\s+[–—]\s|：|｜)")
LIVE_TITLE = tables.compiled(r"\b{headline.live-words}\b|{headline.live-words.inside}", re.IGNORECASE)


def kind(declared: DeclaredMetadata, lines: list[str]) -> tuple[str, list[FieldCandidate]]:
    """(kind, claims) of a page; "article" with no claim chosen where nothing says otherwise. `lines`: its text."""
    claims: list[FieldCandidate] = []
    chosen: str | None = None
    for claim in _claims(declared, lines):
        if chosen is None:
            chosen = claim.value
            claim = replace(claim, chosen=True)
        claims.append(claim)
    return chosen or ARTICLE, claims


def _claims(declared: DeclaredMetadata, lines: list[str]) -> Iterator[FieldCandidate]:
    length = sum(map(len, lines))
    times = sum(1 for line in lines if TIME.match(line[:40]))
    yield from _types(declared)
    for raw in declared.metas.get("og:type", ()):
        # Where JSON-LD describes an article, a film is what stands at its head.
        if (found := OG_TYPES.get(raw.lower())) and (not declared.article or length < SHORT):
            yield FieldCandidate("meta og:type", raw, found)
    if any(raw.lower() in ("true", "1", "yes") for raw in declared.metas.get("article:opinion", ())):
        yield FieldCandidate("meta article:opinion", "true", OPINION)
    has_video = _has_video(declared)
    for source, raw in (*_sections(declared), *_segments(declared.url)):
        word = slug(raw)
        if word in SECTION_WORDS:
            found = SECTION_WORDS[word]
            # A film's page under /video/ holds a film or next to no text.
            if found != VIDEO or has_video or length < SHORT:
                yield FieldCandidate(source, raw, found)
        elif (word in LIVE_HINTS and times >= FEW) or (word in PICTURE_WORDS and length < SHORT):
            yield FieldCandidate(source, raw, LIVE if word in LIVE_HINTS else GALLERY)
    yield from _headline(declared, length, times)
    # The section as the page prints it: a line above the text, or between the bars of the window's title.
    printed = [("first line", line) for line in lines[:2] if len(line) < 30]
    printed += [("title", part) for part in re.split(r"\s+[|–—·-]\s+", declared.page_title[:300])[1:]]
    for source, raw in printed:
        if SECTION_WORDS.get(slug(raw)) == OPINION:
            yield FieldCandidate(source, raw, OPINION)


def _types(declared: DeclaredMetadata) -> Iterator[FieldCandidate]:
    """The types of the nodes that describe this page. Pictures described beside an article are in the article."""
    own = [declared.article, *(node for node in declared.nodes if _is_own(declared, node))]
    for node in own:
        for name in jsonld.types(node):
            found = TYPES.get(name)
            if found and (found in (OPINION, LIVE) or node is declared.article or not declared.article):
                yield FieldCandidate("json-ld @type", name, found)
        if node.get("coverageStartTime"):
            yield FieldCandidate("json-ld coverageStartTime", str(node["coverageStartTime"])[:100], LIVE)
    if not declared.is_article:
        for node in own:
            if any(name.lower() == "videoobject" for name in jsonld.types(node)):
                yield FieldCandidate("json-ld @type", "VideoObject", VIDEO)


def _is_own(declared: DeclaredMetadata, node: jsonld.Node) -> bool:
    """Does `node` describe this page: by its address or by its headline?"""
    names = jsonld.types(node)
    if not any(name in TYPES or name.lower() == "videoobject" for name in names):
        return False
    addresses = {jsonld.same_address(declared.url), jsonld.same_address(declared.canonical)} - {"-", ""}
    titles = {jsonld.same_words(title) for title in (*declared.headlines, *declared.metas.get("og:title", ()))} - {""}
    at = {jsonld.same_address(jsonld.text(node.get(key), "@id", "url")) for key in ("url", "@id", "mainEntityOfPage")}
    title = jsonld.same_words(jsonld.text(node.get("headline")) or jsonld.text(node.get("name")))
    return bool(at & addresses) or title in titles


def _sections(declared: DeclaredMetadata) -> Iterator[tuple[str, str]]:
    """(source, words) of every section that the page says it is in."""
    found = [("json-ld articleSection", declared.article.get("articleSection"))]
    found += [("json-ld genre", declared.article.get("genre"))]
    found += [(f"meta {name}", declared.metas.get(name)) for name in ("article:section", "parsely-section", "section")]
    for source, value in found:
        for words in jsonld.texts(value, "name")[:10]:
            for part in re.split(r"\s*[,;|/>]\s*", words[:200]):
                yield source, part
    way = next((node for node in declared.nodes if "BreadcrumbList" in jsonld.types(node)), {})
    for step in jsonld.texts([_step(item) for item in _list(way.get("itemListElement"))[:6]]):
        yield "json-ld BreadcrumbList", step


def _step(item: object) -> str | None:
    """The words of one step of the way from the front page."""
    return (jsonld.text(item.get("name")) or jsonld.text(item.get("item"), "name")) if isinstance(item, dict) else None


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _segments(url: str) -> Iterator[tuple[str, str]]:
    """(source, words) of the folders of an address, and of the first part of its host."""
    address = urlsplit(url)
    yield "url", (address.hostname or "").partition(".")[0]
    for segment in unquote(address.path).split("/")[1:-1][:6]:
        yield "url", segment


def _headline(declared: DeclaredMetadata, length: int, times: int) -> Iterator[FieldCandidate]:
    """What the headline calls itself, and what it says beside many paragraphs that begin with a time."""
    titles = [*declared.headlines[:1], *declared.metas.get("og:title", ())[:1]]
    for title in titles:
        label = LABEL.match(title)
        found = LABEL_WORDS.get(slug(label[1])) if label else None
        if found and not (found in (VIDEO, GALLERY) and length >= SHORT) and not (found == LIVE and times < FEW):
            yield FieldCandidate("headline", title, found)
        if times >= MANY and LIVE_TITLE.search(title):
            yield FieldCandidate("headline", title, LIVE, why=f"{times} paragraphs begin with a time of day")


def _has_video(declared: DeclaredMetadata) -> bool:
    return any(name.startswith("og:video") for name in declared.metas) or any(
        name.lower() == "videoobject" for node in declared.nodes for name in jsonld.types(node)
    )


PLAIN = str.maketrans("łøıđ", "loid")  # letters that are no letter with an accent


def slug(words: str) -> str:
    """Words as a segment of an address has them: lower case, no accents, "-" between."""
    letters = (char for char in normalize("NFKD", words[:80].casefold().strip()) if not combining(char))
    word = re.sub(r"[\W_]+", "-", normalize("NFC", "".join(letters))).strip("-")
    return word.translate(PLAIN)


def _words(group: str) -> dict[str, str]:
    """Return the words of a group of sections of the word tables, each with its kind."""
    return {slug(word): kind for part, kind in KINDS.items() for word in tables.phrases(f"{group}.{part}")}


KINDS = {"opinion": OPINION, "live": LIVE, "gallery": GALLERY, "video": VIDEO}  # last part of a section's name -> kind
SECTION_WORDS, LABEL_WORDS = _words("section"), _words("headline")
LIVE_HINTS = frozenset(map(slug, tables.phrases("section.live-hint")))
PICTURE_WORDS = frozenset(map(slug, tables.phrases("section.pictures")))

"""Decide what kind of piece a page is: article, opinion, live blog, gallery or video.

Candidates in the order of precedence: schema.org's types, other metas, the section, the address, the headline, the
shape of the text. A word counts only alone: as the whole section, or a whole segment of the address.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from unicodedata import combining, normalize
from urllib.parse import unquote, urlsplit

from pipelines.core import ARTICLE_KINDS
from pipelines.extraction.languages import tables
from pipelines.extraction.page import jsonld
from pipelines.extraction.page.declared import DeclaredMetadata
from pipelines.extraction.page.trace import FieldCandidate

ARTICLE, OPINION, LIVE, GALLERY, VIDEO = ARTICLE_KINDS

SCHEMA_KINDS = {
    "OpinionNewsArticle": OPINION,
    "LiveBlogPosting": LIVE,
    "ImageGallery": GALLERY,
    "MediaGallery": GALLERY,
    "VideoGallery": VIDEO,
}
OG_KINDS = {"video": VIDEO, "video.other": VIDEO, "video.episode": VIDEO, "gallery": GALLERY, "liveblog": LIVE}

MAX_CAPTION_CHARS = 1500  # of text that may be no more than a caption of a film or of pictures
MIN_TIMES_BESIDE_WORD = 4  # paragraphs that begin with a time of day, if a section or label says "live" ...
MIN_TIMES = 6  # ... and if it does not

TIME_OF_DAY = re.compile(
    r"[\W_]*(?:[01]?\d|2[0-3])(?:[:.h]|\.)[0-5]\d\b(?:\s*(?:uhr|h|a\.?m\.?|p\.?m\.?|[A-Z]{2,4}))?(?![.\d]?\d)",
    re.IGNORECASE,
)
HEADLINE_LABEL = re.compile(r"([^:|：｜–—]{2,40}?)(?:\s*[:|]\s|\s+[–—]\s|：|｜)")
LIVE_TITLE = tables.compiled(r"\b{headline.live-words}\b|{headline.live-words.inside}", re.IGNORECASE)


def kind(declared: DeclaredMetadata, lines: list[str]) -> tuple[str, list[FieldCandidate]]:
    """Return (kind, candidates) of a page: "article", and no candidate chosen, if there is none. `lines`: its text."""
    candidates: list[FieldCandidate] = []
    chosen: str | None = None
    for candidate in _candidates(declared, lines):
        if chosen is None:
            chosen = candidate.value
            candidate = replace(candidate, chosen=True)
        candidates.append(candidate)
    return chosen or ARTICLE, candidates


def _candidates(declared: DeclaredMetadata, lines: list[str]) -> Iterator[FieldCandidate]:
    length = sum(map(len, lines))
    times = sum(1 for line in lines if TIME_OF_DAY.match(line[:40]))
    yield from _schema_types(declared)
    for raw in declared.metas.get("og:type", ()):
        # If the JSON-LD describes an article, a film is only at the head of it.
        if (found := OG_KINDS.get(raw.lower())) and (not declared.article or length < MAX_CAPTION_CHARS):
            yield FieldCandidate("meta og:type", raw, found)
    if any(raw.lower() in ("true", "1", "yes") for raw in declared.metas.get("article:opinion", ())):
        yield FieldCandidate("meta article:opinion", "true", OPINION)
    has_video = _has_video(declared)
    for source, raw in (*_sections(declared), *_url_segments(declared.url)):
        word = slug(raw)
        if word in SECTION_WORDS:
            found = SECTION_WORDS[word]
            # A page of a film under /video/ has a film, or hardly any text.
            if found != VIDEO or has_video or length < MAX_CAPTION_CHARS:
                yield FieldCandidate(source, raw, found)
        elif (word in LIVE_HINTS and times >= MIN_TIMES_BESIDE_WORD) or (
            word in PICTURE_WORDS and length < MAX_CAPTION_CHARS
        ):
            yield FieldCandidate(source, raw, LIVE if word in LIVE_HINTS else GALLERY)
    yield from _headline(declared, length, times)
    # The section as the page prints it: a line above the text, or a part of the title between bars.
    printed = [("first line", line) for line in lines[:2] if len(line) < 30]
    printed += [("title", part) for part in re.split(r"\s+[|–—·-]\s+", declared.page_title[:300])[1:]]
    for source, raw in printed:
        if SECTION_WORDS.get(slug(raw)) == OPINION:
            yield FieldCandidate(source, raw, OPINION)


def _schema_types(declared: DeclaredMetadata) -> Iterator[FieldCandidate]:
    """Yield the types of the nodes that describe this page. Pictures described beside an article are part of it."""
    own = [declared.article, *(node for node in declared.nodes if _describes_page(declared, node))]
    for node in own:
        for name in jsonld.types(node):
            found = SCHEMA_KINDS.get(name)
            if found and (found in (OPINION, LIVE) or node is declared.article or not declared.article):
                yield FieldCandidate("json-ld @type", name, found)
        if node.get("coverageStartTime"):
            yield FieldCandidate("json-ld coverageStartTime", str(node["coverageStartTime"])[:100], LIVE)
    if not declared.is_article:
        for node in own:
            if any(name.lower() == "videoobject" for name in jsonld.types(node)):
                yield FieldCandidate("json-ld @type", "VideoObject", VIDEO)


def _describes_page(declared: DeclaredMetadata, node: jsonld.Node) -> bool:
    """Return whether `node` has the address or the headline of this page."""
    names = jsonld.types(node)
    if not any(name in SCHEMA_KINDS or name.lower() == "videoobject" for name in names):
        return False
    addresses = {jsonld.same_address(declared.url), jsonld.same_address(declared.canonical)} - {"-", ""}
    titles = {jsonld.same_words(title) for title in (*declared.headlines, *declared.metas.get("og:title", ()))} - {""}
    at = {jsonld.same_address(jsonld.text(node.get(key), "@id", "url")) for key in ("url", "@id", "mainEntityOfPage")}
    title = jsonld.same_words(jsonld.text(node.get("headline")) or jsonld.text(node.get("name")))
    return bool(at & addresses) or title in titles


def _sections(declared: DeclaredMetadata) -> Iterator[tuple[str, str]]:
    """Yield (source, words) of every section that the page declares."""
    found = [("json-ld articleSection", declared.article.get("articleSection"))]
    found += [("json-ld genre", declared.article.get("genre"))]
    found += [(f"meta {name}", declared.metas.get(name)) for name in ("article:section", "parsely-section", "section")]
    for source, value in found:
        for words in jsonld.texts(value, "name")[:10]:
            for part in re.split(r"\s*[,;|/>]\s*", words[:200]):
                yield source, part
    breadcrumb = next((node for node in declared.nodes if "BreadcrumbList" in jsonld.types(node)), {})
    for step in jsonld.texts([_step(item) for item in _list(breadcrumb.get("itemListElement"))[:6]]):
        yield "json-ld BreadcrumbList", step


def _step(item: object) -> str | None:
    """Return the words of one step of a breadcrumb."""
    return (jsonld.text(item.get("name")) or jsonld.text(item.get("item"), "name")) if isinstance(item, dict) else None


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _url_segments(url: str) -> Iterator[tuple[str, str]]:
    """Yield (source, words) of the first part of an address's host, and of its folders."""
    address = urlsplit(url)
    yield "url", (address.hostname or "").partition(".")[0]
    for segment in unquote(address.path).split("/")[1:-1][:6]:
        yield "url", segment


def _headline(declared: DeclaredMetadata, length: int, times: int) -> Iterator[FieldCandidate]:
    """Yield the label before a headline, and words for live if many paragraphs begin with a time of day."""
    titles = [*declared.headlines[:1], *declared.metas.get("og:title", ())[:1]]
    for title in titles:
        label = HEADLINE_LABEL.match(title)
        found = LABEL_WORDS.get(slug(label[1])) if label else None
        too_long = found in (VIDEO, GALLERY) and length >= MAX_CAPTION_CHARS
        if found and not too_long and not (found == LIVE and times < MIN_TIMES_BESIDE_WORD):
            yield FieldCandidate("headline", title, found)
        if times >= MIN_TIMES and LIVE_TITLE.search(title):
            yield FieldCandidate("headline", title, LIVE, why=f"{times} paragraphs begin with a time of day")


def _has_video(declared: DeclaredMetadata) -> bool:
    return any(name.startswith("og:video") for name in declared.metas) or any(
        name.lower() == "videoobject" for node in declared.nodes for name in jsonld.types(node)
    )


NO_LETTERS = re.compile(r"[\W_]+")
ASCII_LETTERS = str.maketrans("łøıđ", "loid")  # letters that Unicode does not take apart


def slug(words: str) -> str:
    """Return words as a segment of an address has them: lower case, no accents, joined by "-"."""
    words = words[:80].casefold().strip()
    if not words.isascii():
        letters = (char for char in normalize("NFKD", words) if not combining(char))
        words = normalize("NFC", "".join(letters)).translate(ASCII_LETTERS)
    return NO_LETTERS.sub("-", words).strip("-")


def _words(group: str) -> dict[str, str]:
    """Return the words of a group of sections of the word tables, each with its kind."""
    return {slug(word): kind for part, kind in KINDS.items() for word in tables.phrases(f"{group}.{part}")}


KINDS = {"opinion": OPINION, "live": LIVE, "gallery": GALLERY, "video": VIDEO}  # last part of a section's name -> kind
SECTION_WORDS, LABEL_WORDS = _words("section"), _words("headline")
LIVE_HINTS = frozenset(map(slug, tables.phrases("section.live-hint")))
PICTURE_WORDS = frozenset(map(slug, tables.phrases("section.pictures")))

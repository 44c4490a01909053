"""Test the kind of piece that a page is, as tables of cases."""

import json
from datetime import UTC, datetime

import pytest
from lxml import html

from pipelines.extraction.labels.genre import kind, slug
from pipelines.extraction.page.declared import gather

URL = "https://paper.example/news/2024/05/06/bridge"
STORY = ["The council met on Monday and agreed to mend the old bridge before the winter storms come again."] * 20
TICKER = [f"1{hour}:{minute:02} Uhr: Noch immer steht die Brücke." for hour in range(4) for minute in (5, 40)]


def meta(name: str, content: str) -> str:
    return f'<meta property="{name}" content="{content}">'


def ld(kind: str | list, **node) -> str:
    return f'<script type="application/ld+json">{json.dumps({"@type": kind, "headline": "Bridge", **node})}</script>'


def page(head: str = "", url: str = URL, title: str = "Bridge"):
    tree = html.document_fromstring(f"<html><head>{head}</head><body><h1>{title}</h1><p>x</p></body></html>")
    return gather(tree, url, datetime(2024, 6, 1, tzinfo=UTC))


def parts(**given: str) -> dict[str, str]:
    """Return the arguments of `page`."""
    return given


def at(path: str) -> str:
    return f"https://paper.example/{path}"


WAY = ld("BreadcrumbList", itemListElement=[{"name": "Home"}, {"item": {"@id": at("c"), "name": "Commentary"}}])
CASES = {
    "opinion by schema.org's type": (parts(head=ld("OpinionNewsArticle")), STORY, "opinion"),
    "opinion by one of two types": (parts(head=ld(["NewsArticle", "OpinionNewsArticle"])), STORY, "opinion"),
    "opinion by Facebook's meta": (parts(head=meta("article:opinion", "true")), STORY, "opinion"),
    "opinion by section, English": (
        parts(head=ld("NewsArticle", articleSection=["News", "Columnists"])), STORY, "opinion"),
    "opinion by section, Swedish": (parts(head=meta("article:section", "Insändare")), STORY, "opinion"),
    "opinion by section, Russian": (parts(head=meta("article:section", "Мнения")), STORY, "opinion"),
    "opinion by section, Japanese": (parts(head=meta("article:section", "社説")), STORY, "opinion"),
    "opinion by section, Arabic": (parts(head=meta("article:section", "آراء")), STORY, "opinion"),
    "opinion by address, German": (parts(url=at("meinung/kommentare/die-bruecke.html")), STORY, "opinion"),
    "opinion by address, French": (parts(url=at("tribunes/2024/le-pont")), STORY, "opinion"),
    "opinion by address, Spanish": (parts(url=at("opini%C3%B3n/el-puente")), STORY, "opinion"),
    "opinion by address, Polish": (parts(url=at("felietony/most.html")), STORY, "opinion"),
    "opinion by host": (parts(url="https://opinion.paper.example/2024/bridge"), STORY, "opinion"),
    "opinion by the headline's label": (parts(title="Leitartikel: Die Brücke bleibt"), STORY, "opinion"),
    "opinion by the way from the front page": (
        parts(head=WAY), STORY, "opinion"),
    "opinion by a line above the text": (parts(), ["Kommentar", *STORY], "opinion"),
    "opinion by the window's title": (parts(head="<title>Bridge - Opinion - Paper</title>"), STORY, "opinion"),
    "live blog by type": (parts(head=ld("LiveBlogPosting")), STORY, "live blog"),
    "live blog by when its coverage began": (
        parts(head=ld("NewsArticle", coverageStartTime="2024-05-06T08:00:00Z")), STORY, "live blog"),
    "live blog beside an article of that headline": (
        parts(head=ld("NewsArticle") + ld("LiveBlogPosting")), STORY, "live blog"),
    "live blog by address, French": (parts(url=at("monde/en-direct/le-pont")), STORY, "live blog"),
    "live blog by address, Portuguese": (parts(url=at("ao-minuto/ponte")), STORY, "live blog"),
    "live blog by a weak word and times": (parts(url=at("live/brücke")), TICKER, "live blog"),
    "live blog by its headline and times": (parts(title="Die Brücke im Liveticker"), TICKER, "live blog"),
    "gallery by type": (parts(head=ld("ImageGallery", url=URL)), STORY[:2], "gallery"),
    "gallery by address, German": (parts(url=at("fotostrecken/bruecke.html")), STORY[:2], "gallery"),
    "gallery by address, Spanish": (parts(url=at("fotogalerías/puente")), STORY[:2], "gallery"),
    "gallery by a weak word and little text": (parts(url=at("photos/bridge")), STORY[:2], "gallery"),
    "video by type, with no article": (parts(head=ld("VideoObject", name="Bridge")), STORY[:2], "video"),
    "video by og:type": (parts(head=meta("og:type", "video.other")), STORY[:2], "video"),
    "video by address and film": (parts(head=meta("og:video", at("a.mp4")), url=at("videos/bridge")), STORY, "video"),
    "video by address and little text": (parts(url=at("видео/мост")), STORY[:2], "video"),
    # What must not count.
    "nothing said": ({}, STORY, "article"),
    "a word inside a segment": (parts(url=at("opinion-polls/bridge")), STORY, "article"),
    "a word in the last segment": (parts(url=at("news/live")), STORY, "article"),
    "a section that is more than the word": (parts(head=meta("article:section", "Opinion polls")), STORY, "article"),
    "live without times": (parts(url=at("live/bridge")), STORY, "article"),
    "dates beside a word for live": (
        parts(title="The bridge live"), ["11.04.2024 and so on", "11.05.2024 and on"] * 9, "article"),
    "times without live": ({}, TICKER, "article"),
    "a live blog of another story": (
        parts(head=ld("NewsArticle") + ld("LiveBlogPosting", headline="Election night")), STORY, "article"),
    "pictures beside an article": (parts(head=ld("NewsArticle") + ld("ImageGallery")), STORY, "article"),
    "a film beside an article": (parts(head=ld("NewsArticle") + ld("VideoObject", name="Bridge")), STORY, "article"),
    "a film at the head of an article": (
        parts(head=ld("NewsArticle") + meta("og:type", "video.other")), STORY, "article"),
    "a long text under /video/": (parts(url=at("video/how-to-film-a-bridge")), STORY, "article"),
    "a long text under /photos/": (parts(url=at("photos/bridge")), STORY, "article"),
    "a window's title about opinion": (
        parts(head="<title>Opinion - who needs one? - Paper</title>"), STORY, "article"),
    "a headline about opinion": (parts(title="Opinion of the mayor: bridge is safe"), STORY, "article"),
    "a headline that names a column": (parts(title="Column of trucks blocks bridge"), STORY, "article"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_kind_follows_the_strongest_evidence(name):
    """Types before metas before sections before addresses before shape; a word counts only where it is alone."""
    made_of, lines, expected = CASES[name]
    found, claims = kind(page(**made_of), lines)
    assert found == expected
    assert [claim.value for claim in claims if claim.chosen] == ([] if expected == "article" else [expected])


def test_section_is_matched_with_and_without_accents():
    """Sections and segments are compared as addresses write them."""
    assert slug("  Pro und Contra ") == "pro-und-contra"
    assert slug("Opinião") == slug("opiniao") == "opiniao"
    assert slug("Köşe Yazıları") == "kose-yazilari"

"""Test the first publisher of a text, as tables of cases."""

import json
import time
from datetime import UTC, datetime

import pytest
from lxml import html

from pipelines.extraction.labels.agencies import agencies_in, agency, only_agencies
from pipelines.extraction.labels.credit_lines import MAX_SENTENCE_CHARS, first_publisher, signing_agency
from pipelines.extraction.labels.origin import origin
from pipelines.extraction.page.declared import gather

URL = "https://www.harbourtimes.example/2024/05/06/bridge"
STORY = ["The council met on Monday and agreed to mend the old bridge before the winter storms come again."] * 9

STATEMENTS = {
    "This article was originally published at Coastal Review.": "Coastal Review",
    "Originally published at Coastal Review. Read the original article here.": "Coastal Review",
    "This story first appeared in The Coastal Review on 3 May 2024.": "The Coastal Review",
    "First published in The Conversation.": "The Conversation",
    "A longer version of this essay was first published by Coastal Review and is reprinted here with permission.":
        "Coastal Review",
    "This article is republished from Coastal Review under a Creative Commons license. Read the original article.":
        "Coastal Review",
    "Reprinted with permission from Coastal Review.": "Coastal Review",
    "The post Bridge to be mended appeared first on Coastal Review.": "Coastal Review",
    "This piece was originally posted on coastalreview.example": "coastalreview.example",
    "Read the original article on The Conversation.": "The Conversation",
    "©2024 Coastal Review. Visit coastalreview.example. Distributed by Tribune Content Agency, LLC.": "Coastal Review",
    "This article was originally published on Coastal Review (https://coastalreview.example/1) on May 3, 2024.":
        "Coastal Review",
    "This article was originally published on the Coastal Review and is mirrored here.": "Coastal Review",
    "Der Artikel Brücke gesperrt erschien zuerst auf Küstenblatt.": "Küstenblatt",
    "Artículo publicado originalmente en La Costa.": "La Costa",
    "Originalartikel bei Küstenblatt": "Küstenblatt",
    "Article paru dans Le Littoral du 18/08/21": "Le Littoral",
    "Artículo original en La Costa": "La Costa",
    "Dieser Artikel erschien zuerst bei Küstenblatt.": "Küstenblatt",
    "Der Text ist zuerst im Küstenblatt erschienen.": "Küstenblatt",
    "Zuerst veröffentlicht auf kuestenblatt.example": "kuestenblatt.example",
    "Cet article a d'abord été publié sur Le Littoral.": "Le Littoral",
    "Cet article a été initialement publié dans Le Littoral": "Le Littoral",
    "Este artículo fue publicado originalmente en La Costa.": "La Costa",
    "Publicado originalmente en La Costa": "La Costa",
    "Este artigo foi publicado originalmente em Costa Nova.": "Costa Nova",
    "Questo articolo è stato originariamente pubblicato su Costa Viva.": "Costa Viva",
    "L'articolo Ponte chiuso proviene da Costa Viva.": "Costa Viva",
    "Dit artikel is eerder verschenen in Kustblad.": "Kustblad",
    "Artikeln publicerades först i Kustbladet.": "Kustbladet",
    "Artikkelen ble først publisert i Kystavisen.": "Kystavisen",
    "Artiklen blev oprindeligt bragt i Kystavisen.": "Kystavisen",
    "Artykuł został pierwotnie opublikowany w Gazeta Morska.": "Gazeta Morska",
    "Статья впервые опубликована на сайте Берег.": "Берег",
    "Вперше опубліковано на сайті Берег": "Берег",
    "Bu yazı ilk olarak Sahil Postası'nda yayımlanmıştır.": "Sahil Postası",
    "نشر هذا المقال لأول مرة في صحيفة الساحل": "صحيفة الساحل",
    "本文原载于海岸日报": "海岸日报",
    "转载自：海岸日报": "海岸日报",
    # The author is presented beside it.
    "Originally published at Coastal Review. Jane Doe is a writer in Port Selby and edits nothing.":
        "Coastal Review",
    "Jane Doe is a writer in Port Selby. This article was first published by Coastal Review.": "Coastal Review",
    "Jane Doe ist Autorin. Dieser Beitrag erschien zuerst im Küstenblatt. Wir danken.": "Küstenblatt",
}  # fmt: skip
NO_STATEMENTS = [
    "The book was originally published by Harrow in 1961 and sold nine copies.",
    "Originally published by Harrow in 1961, the book sold nine copies in its first year.",
    "First published in 1961, it has never been out of print.",
    "The novel first appeared in Harrow's magazine and made its author rich overnight.",
    "This story was first reported by Coastal Review.",
    "The report was first published by Coastal Review, which had seen the papers.",
    "Coastal Review first published the report on Monday.",
    "The photographs were originally published by Coastal Review.",
    "This post was originally published on Instagram.",
    "This article was first published in 2019 and has been updated.",
    "This article was originally published on May 3, 2024.",
    "This report was first published last week by people who knew nothing of the bridge.",
    "Dieser Artikel erschien zuerst in der Printausgabe.",
    "Dieser Artikel erschien zuerst am 3. Mai und wurde seither ergänzt.",
    "Das Buch ist zuerst bei Harrow erschienen und verkaufte sich neun Mal.",
    "Cet article a d'abord été publié le 3 mai.",
    "El libro fue publicado originalmente en 1961 por una editorial pequeña.",
    "Il libro è stato pubblicato per la prima volta nel 1961.",
    "Jane Doe wrote a novel. First published in Harrow's magazine, it made her rich.",
    "She was previously at Harrow, where she published nothing.",
]


@pytest.mark.parametrize("line", STATEMENTS)
def test_line_that_names_the_first_publisher_is_read(line):
    """In many languages, with dates, permission and links after the name."""
    assert first_publisher(line) == STATEMENTS[line]


@pytest.mark.parametrize("line", NO_STATEMENTS)
def test_sentence_about_publishing_is_no_origin(line):
    """Books, dates and print editions."""
    assert first_publisher(line) is None


SIGNATURES = {
    "The bridge stays closed, she said. (dpa)": "dpa",
    "„Die Brücke bleibt zu.“ (dpa/AFP)": "dpa",
    "© dpa-infocom, dpa:240506-99-123456/2": "dpa",
    "© Reuters": "Reuters",
    "© 2024 AFP": "AFP",
    "Copyright 2024 The Associated Press. All rights reserved.": "AP",
    "© AFP | HANDOUT": None,
    "© dpa / Jane Doe": None,
    "SDA/abc": "Keystone-SDA",
    "AFP": "AFP",
    "The mayor on the bridge (AFP)": None,
    "The mayor (Independent). (ind)": None,
    "© Harbour Times 2024": None,
    "He learned it from Reuters": None,
    "The talks were held by TT and AA": None,
}


@pytest.mark.parametrize("line", SIGNATURES)
def test_agency_that_signs_the_last_line_is_the_origin(line):
    """In brackets after a whole sentence, after the copyright sign, or alone."""
    assert signing_agency(line) == SIGNATURES[line]


def test_agency_has_one_name_in_every_spelling():
    """Two letters in lower case are a person's initials."""
    assert {agency(name) for name in ("AP", "Associated Press", "The Associated Press")} == {"AP"}
    assert agency("Thomson Reuters") == agency("رويترز") == agency("路透社") == "Reuters"
    assert agency("ap") is None
    assert agency("afp") == "AFP"
    assert only_agencies("dpa/lno") == only_agencies("dpa, AFP") == "dpa"
    assert only_agencies("dpa and friends") is None


@pytest.mark.parametrize("byline", ["Agence France-Presse", "Jane Doe, Agence France-Presse", "Agentur AFP", "(AFP)"])
def test_agency_in_a_byline_is_found_with_and_without_a_word_before_it(byline):
    """That word may be a part of the agency's name."""
    assert list(agencies_in(byline)) == ["AFP"]


def page(head: str = "", body: str = "", url: str = URL, site: str = "Harbour Times"):
    head += f'<meta property="og:site_name" content="{site}">'
    tree = html.document_fromstring(f"<html><head>{head}</head><body><h1>Bridge</h1>{body}<p>x</p></body></html>")
    return gather(tree, url, datetime(2024, 6, 1, tzinfo=UTC))


def ld(**node) -> str:
    return f'<script type="application/ld+json">{json.dumps({"@type": "NewsArticle", **node})}</script>'


def parts(**given: str) -> dict[str, str]:
    """Return the arguments of `page`."""
    return given


ELSEWHERE = "https://coastalreview.example/news/bridge"
CASES = {
    # (parts of the page, lines, byline) -> (origin, address, source of the claim)
    "a statement": ({}, [*STORY, "Originally published at Coastal Review."], None, ("Coastal Review", None, "line")),
    "a statement at the head": (
        {}, ["This story first appeared in Coastal Review.", *STORY], None, ("Coastal Review", None, "line")),
    "a dateline": ({}, ["BERLIN (AP) — The council met on Monday.", *STORY], "Jane Doe", ("AP", None, "dateline")),
    "a byline beside a person": ({}, STORY, "Jane Doe, dpa", ("dpa", None, "byline")),
    "a byline in brackets": ({}, STORY, "By Jane Doe (Reuters)", ("Reuters", None, "byline")),
    "a byline with a desk": ({}, STORY, "By Reuters Staff", ("Reuters", None, "byline")),
    "a byline with an agency that helped": ({}, STORY, "Jane Doe, mit dpa", ("dpa", None, "byline")),
    "a byline alone": ({}, STORY, "The Associated Press", ("AP", None, "byline")),
    "a signature": ({}, [*STORY, "The bridge stays closed. (dpa)"], None, ("dpa", None, "last line")),
    "a canonical address elsewhere": (
        parts(head=f'<link rel="canonical" href="{ELSEWHERE}">'), STORY, None,
        ("coastalreview.example", ELSEWHERE, "canonical")),
    "schema.org's isBasedOn": (
        parts(head=ld(isBasedOn=ELSEWHERE)), STORY, None, ("coastalreview.example", ELSEWHERE, "json-ld isBasedOn")),
    "schema.org's sourceOrganization": (
        parts(head=ld(sourceOrganization={"name": "Coastal Review"})), STORY, None,
        ("Coastal Review", None, "json-ld sourceOrganization")),
    "an agency as the publisher": (
        parts(head=ld(publisher={"name": "Associated Press"})), STORY, None, ("AP", None, "json-ld publisher")),
    "Google's old meta": (
        parts(head=f'<meta name="syndication-source" content="{ELSEWHERE}">'), STORY, None,
        ("coastalreview.example", ELSEWHERE, "meta syndication-source")),
    "a statement, and its address as canonical": (
        parts(head=f'<link rel="canonical" href="{ELSEWHERE}">'), [*STORY, "First published by Coastal Review."], None,
        ("Coastal Review", ELSEWHERE, "line")),
    "a source": ({}, [*STORY, "Source: Coastal Review"], None, ("Coastal Review", None, "line")),
    "a source, German, two names": ({}, [*STORY, "Quelle: harbourtimes.example, abc/dpa"], None, ("dpa", None, "line")),
    "a source, Chinese": ({}, [*STORY, "来源：海岸日报"], None, ("海岸日报", None, "line")),
    # What must not count.
    "nothing said": ({}, STORY, "Jane Doe", (None, None, None)),
    "the site itself": ({}, [*STORY, "Originally published on Harbour Times."], None, (None, None, None)),
    "the site itself, spelled otherwise": ({}, [*STORY, "Source: Harbour Times News"], None, (None, None, None)),
    "the agency's own site": (
        parts(url="https://www.reuters.com/world/bridge", site="Reuters"),
        ["BERLIN (Reuters) - The council met on Monday.", *STORY], "Reuters", (None, None, None)),
    "an agency's picture": ({}, STORY, "Jane Doe / Photo: Reuters", (None, None, None)),
    "an agency in the middle of the text": (
        {}, [*STORY, "BERLIN (AP) — A place in an example of a dateline.", *STORY], None, (None, None, None)),
    "a canonical address under another ending": (
        parts(head='<link rel="canonical" href="https://harbourtimes.test/2024/bridge">'), STORY, None,
        (None, None, None)),
    "a canonical address on another host of the site": (
        parts(head='<link rel="canonical" href="https://news.harbourtimes.example/bridge">'), STORY, None,
        (None, None, None)),
    "a copy in a web archive": (
        parts(url="https://web.archive.org/web/2024/https://coastalreview.example/news/bridge",
             head=f'<link rel="canonical" href="{ELSEWHERE}">'), STORY, None, (None, None, None)),
    "sources below pictures": (
        {}, [*STORY, "Source: Coastal Review", "Source: Office of Bridges"], None, (None, None, None)),
    "where the author learned it": ({}, [*STORY, "Source: Coastal Review"], "Jane Doe", (None, None, None)),
    "a study": ({}, [*STORY, "Source: Doe J et al.: On bridges. Bridges 2021; 1: 2-3"], None, (None, None, None)),
    "agencies without a name": ({}, [*STORY, "SOURCE: News agencies"], None, (None, None, None)),
    "a book": (
        {}, [*STORY, "Originally published by Harrow in 1961, the book sold nine copies."], None, (None, None, None)),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_origin_follows_the_strongest_evidence(name):
    """What is stated before agencies before what is declared; never the site itself."""
    made_of, lines, byline, expected = CASES[name]
    found, url, claims = origin(page(**made_of), lines, byline)
    source = next((claim.source for claim in claims if claim.chosen), None)
    assert (found, url, source) == expected


def test_link_of_the_statement_is_the_origin_url():
    """Of the links inside the statement, the one that goes deepest into another site."""
    line = "This article was originally published by Coastal Review. Read the original article."
    body = (
        '<p><a href="https://other.example/a/b/c/d">Coastal Review</a></p>'
        '<p>This article was originally published by <a href="https://coastalreview.example/">Coastal Review</a>. '
        f'Read the <a href="{ELSEWHERE}">original article</a>.</p>'
    )
    assert origin(page(body=body), [*STORY, line], None)[:2] == ("Coastal Review", ELSEWHERE)


def test_hostile_line_takes_microseconds():
    """Lines longer than a statement are not looked at."""
    start = time.process_time()
    bait = "this article was originally published by "
    longest = (bait * 10)[:MAX_SENTENCE_CHARS]
    for line in (bait * 10**5, longest, bait + "A " * 130, "source: " + "a/" * 10**6, "(" * 10**6):
        first_publisher(line)
        signing_agency(line)
        origin(page(), [line] * 12, line)
    assert time.process_time() - start < 15  # megabytes, a dozen times; on a busy machine too

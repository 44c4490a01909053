"""Test which candidate wins for each field, as tables of cases; titles, authors and dates have files of their own."""

import json
import time

import pytest

from pipelines.extraction.fields import metadata
from pipelines.extraction.page import jsonld
from tests.support.page_snippets import URL, ld, meta, page, read, script

LANGUAGES = {
    "json-ld": (ld(inLanguage="de-AT"), 'lang="en"', "de-AT"),
    "html lang": ("", 'lang="pt-BR"', "pt-BR"),
    "og:locale": (meta("og:locale", "uk_UA"), "", "uk_UA"),
    "content-language": ('<meta http-equiv="content-language" content="fr, en">', "", "fr, en"),
    "a language in words": ("", 'lang="german"', "german"),
    "no language": ("", 'lang="x-default"', None),
    "unknown is None": ("", "", None),
}


@pytest.mark.parametrize(("head", "lang", "language"), LANGUAGES.values(), ids=LANGUAGES)
def test_declared_language_is_kept_as_it_is(head, lang, language):
    """Beside that of the text; what names no language does not count."""
    assert read(head, lang=lang).language_declared == language


CANONICAL = {
    "absolute": ('<link rel="canonical" href="https://paper.example/a">', "https://paper.example/a"),
    "relative": ('<link rel="canonical" href="/a?b=1#c">', "https://paper.example/a?b=1"),
    "protocol-relative": ('<link rel="canonical" href="//paper.example/a">', "https://paper.example/a"),
    "another host: syndicated": ('<link rel="canonical" href="https://agency.example/a">', "https://agency.example/a"),
    "og:url": (meta("og:url", "https://paper.example/a"), "https://paper.example/a"),
    "the home page is a mistake": ('<link rel="canonical" href="https://paper.example/">', None),
    "javascript": ('<link rel="canonical" href="javascript:void(0)">', None),
    "broken": ('<link rel="canonical" href="http://[::1">', None),
    "none": ("", None),
}


@pytest.mark.parametrize(("head", "url"), CANONICAL.values(), ids=CANONICAL)
def test_canonical_url_is_absolute_and_without_fragment(head, url):
    """As the page declares it."""
    assert read(head).canonical_url == url


def test_smaller_fields_are_read_from_json_ld_or_metas():
    """Description, section, tags, site name and image."""
    page = read(
        ld(
            description="Why it fell.",
            articleSection=["Politics", "Local"],
            keywords="bridge, council,bridge",
            image={"url": "/bridge.jpg"},
            publisher={"name": "The Paper"},
        )
    )
    assert (page.description, page.section, page.tags) == ("Why it fell.", "Politics", ("bridge", "council"))
    assert (page.site_name, page.image) == ("The Paper", "https://paper.example/bridge.jpg")
    page = read(meta("article:section", "Politics") + meta("article:tag", "bridge") + meta("article:tag", "council"))
    assert (page.section, page.tags, page.image) == ("Politics", ("bridge", "council"), None)


NODE = '"@type":"NewsArticle","headline":"Bridge","datePublished":"2024-05-06"'
BROKEN = {
    "clean": "{NODE}",
    "a list": "[{NODE}]",
    "a graph": '{"@context":"x","@graph":[{"@type":"WebSite","name":"p"},{NODE}]}',
    "line breaks inside strings": '{NODE,"description":"one\ntwo\tthree"}',
    "trailing commas": "{NODE,}",
    "an HTML comment around it": "<!-- {NODE} -->",
    "a CDATA section around it": "//<![CDATA[\n{NODE}\n//]]>",
    "a semicolon after it": "{NODE};",
    "two objects in one block": '{"@type":"WebPage"}{NODE}',
    "a bad escape": r'{NODE,"description":"it\'s"}',
    "cut off": '{NODE,"articleBody":"and then the',
    "quotes not escaped": '{NODE,"description":"he said "no" to it"}',
    "the type with its address": "{NODE}".replace("NODE", NODE.replace("NewsArticle", "http://schema.org/NewsArticle")),
    "several types": "{NODE}".replace("NODE", NODE.replace('"NewsArticle"', '["NewsArticle","Thing"]')),
}


@pytest.mark.parametrize("block", BROKEN.values(), ids=BROKEN)
def test_damaged_json_ld_is_read(block):
    """Damage that a reader can see through does not hide the article."""
    page = read(script(block.replace("NODE", NODE)))
    assert (page.title, page.published) == ("Bridge", "2024-05-06")


@pytest.mark.parametrize(
    "block", ["", "null", "42", "[]", "{", "not json at all", "[" * 5000, '{"@type":null}', '{"@graph":{"a":1}}']
)
def test_empty_or_malformed_json_ld_raises_nothing(block):
    """Nothing that a publisher writes can raise."""
    assert read(script(block)).title is None


def test_json_ld_node_of_this_page_is_chosen():
    """Of several article nodes the one with this page's address or headline counts; of a list of teasers, none."""
    other = {
        "@type": "NewsArticle",
        "headline": "Another story",
        "url": "https://paper.example/other",
        "datePublished": "2020-01-01",
    }
    own = {"@type": "NewsArticle", "headline": "Bridge", "url": URL + "?utm=1", "datePublished": "2024-05-06"}
    assert read(script(json.dumps([other, own]))).published == "2024-05-06"
    own.pop("url")
    assert read(script(json.dumps([other, own])), "<h1>Bridge</h1>").published == "2024-05-06"
    teasers = [dict(other, headline=f"Story {n}", url=f"https://paper.example/{n}") for n in range(9)]
    assert jsonld.article(teasers, {"paper.example/front"}, {"news"}) == {}


ISSNS = {
    "json-ld": (ld(isPartOf={"@type": "Periodical", "issn": "2330-717X"}), "", "2330-717X"),
    "json-ld publisher": (ld(publisher={"name": "The Paper", "issn": ["0317-8471"]}), "", "0317-8471"),
    "citation_issn": (meta("citation_issn", "03178471"), "", "0317-8471"),
    "dc.identifier": (meta("dc.identifier", "ISSN 2330-717x"), "", "2330-717X"),
    "dc.identifier may be something else": (meta("dc.identifier", "10.1000/2330-7171.2024"), "", None),
    "printed in the footer": (
        "",
        "<footer><p>The Paper. ISSN 2330-717X. All rights reserved.</p></footer>",
        "2330-717X",
    ),
    "printed in a header without the tag": ("", '<div id="header"><i>ISSN: 2330-717X</i></div>', "2330-717X"),
    "printed alone above the text": ("", "<article><div>ISSN 2330-717X</div><p>A bridge.</p></article>", "2330-717X"),
    "another periodical's, in the text": ("", "<article><p>The journal (ISSN 2330-717X) says</p></article>", None),
    "a wrong check digit": (meta("citation_issn", "2330-7171"), "", None),
    "zeros": (meta("citation_issn", "0000-0000"), "", None),
}


@pytest.mark.parametrize(("head", "body", "number"), ISSNS.values(), ids=ISSNS)
def test_issn_counts_only_with_its_check_digit(head, body, number):
    """Declared or in the imprint (ISO 3297)."""
    assert read(head, body).issn == number


PUBLISHERS = {
    "json-ld": (ld(publisher={"@type": "Organization", "name": "Port Press Ltd"}), "Port Press Ltd"),
    "json-ld by reference": (
        script(
            '{"@graph":[{"@type":"Article","headline":"x","publisher":{"@id":"#o"}},'
            '{"@type":"Organization","@id":"#o","name":"Port Press Ltd"}]}'
        ),
        "Port Press Ltd",
    ),
    "library metas": (meta("og:site_name", "The Paper") + meta("citation_publisher", "Port Press"), "Port Press"),
    "article:publisher is an address": (
        meta("article:publisher", "https://social.example/paper") + meta("og:site_name", "The Paper"),
        "The Paper",
    ),
    "none": ("", None),
}


@pytest.mark.parametrize(("head", "publisher"), PUBLISHERS.values(), ids=PUBLISHERS)
def test_publisher_is_the_declared_organisation_or_the_site(head, publisher):
    """The declared organisation, else the site's name."""
    assert read(head).publisher == publisher


def test_candidate_has_a_reason_if_it_won_or_was_refused():
    """Those that merely came later have none."""
    told = metadata.candidates(
        page(ld(datePublished="1970-01-01") + meta("pubdate", "2024-05-06"), url="https://paper.example/2024/05/07/x")
    )["published"]
    assert [(candidate.source, candidate.value) for candidate in told] == [
        ("json-ld datePublished", None),
        ("meta pubdate", "2024-05-06"),
        ("url", "2024-05-07"),
    ]
    assert [bool(candidate.why) for candidate in told] == [True, True, False]
    headings = metadata.candidates(page(meta("og:title", "Bridge mended"), '<h1 class="logo">The Paper</h1>'))["title"]
    assert [(c.source, c.why) for c in headings if not c.chosen] == [("h1", "the site's name")]


@pytest.mark.slow
@pytest.mark.parametrize("field", ["class", "id", "content", "itemprop", "datetime", "href"])
def test_huge_attribute_is_read_in_bounded_time(field):
    """Three million characters in an attribute, and nothing raised."""
    for filler in ("a-", "by ", "1.", '"'):
        huge = (filler * (3_000_000 // len(filler))).replace('"', "&quot;")
        element = f'<h1 {field}="{huge}">Bridge</h1><time {field}="{huge}">x</time>'
        start = time.process_time()
        fields = read(f'<meta name="author" {field}="{huge}">', element)
        assert fields.title == "Bridge"
        assert time.process_time() - start < 3


HOSTILE = {
    "headings": "<h1>a b c d</h1>" * 45_000,
    "a deep heading": "<h1>" + "<span>" * 1900 + "x",
    "a wide heading": "<h1>" + "<span>x </span>" * 45_000,
    "authors inside each other": "<div class=author>" * 1900 + "<span class=byline>x y</span>" * 40_000,
    "headlines inside each other": "<div class=article-title>" * 1900 + "<span class=headline>x y</span>" * 40_000,
    "items inside each other": "<div itemprop=author><div itemprop=datePublished>" * 900
    + "<i itemprop=name>x</i>" * 40_000,
    "dates in links": "<a href=y><div class=date>" * 900 + "<time>1 May</time>" * 40_000,
    "numbers of periodicals": "<footer>" + "<i>ISSN 1234</i>" * 40_000,
}


@pytest.mark.slow
@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_page_of_nothing_but_marks_is_read_in_bounded_time(body):
    """However often a page marks headlines, authors and dates, a few hundred are looked at."""
    hostile = page(body=body)
    start = time.process_time()
    metadata.read(hostile)
    assert time.process_time() - start < 12


def test_huge_line_is_read_in_bounded_time():
    """No expression runs away on it."""
    for filler in ("by a ", "1. ", "von ", "a, ", "- ", "May 1 "):
        huge = filler * (400_000 // len(filler))
        start = time.process_time()
        read(f"<title>{huge}</title>" + ld(author=huge, headline=huge), f'<h1>{huge}</h1><p class="author">{huge}</p>')
        assert time.process_time() - start < 6

"""Who wins, per field, as tables of cases."""

import json
from datetime import UTC, datetime

import pytest
from lxml import html

from pipelines import dates, jsonld, metadata, names
from pipelines.declared import gather

URL = "https://paper.example/politics/2024/05/06/bridge"
SEEN = datetime(2024, 6, 1, tzinfo=UTC)


def read(
    head: str = "",
    body: str = "",
    *,
    url: str = URL,
    hint: dict | None = None,
    lang: str = "",
    found: str | None = None,
):
    """The metadata of a page made of these parts; `found` is what a search of the text would find as its date."""
    tree = html.document_fromstring(
        f"<!DOCTYPE html><html {lang}><head>{head}</head><body>{body}<p>x</p></body></html>"
    )
    return metadata.read(gather(tree, url, SEEN, hint), lambda _page: found)


def ld(**node) -> str:
    """A JSON-LD block with one article node."""
    return script(json.dumps({"@context": "https://schema.org", "@type": "NewsArticle", **node}))


def script(text: str) -> str:
    """A JSON-LD block."""
    return f'<script type="application/ld+json">{text}</script>'


def meta(name: str, content: str) -> str:
    """A meta element, by property."""
    return f'<meta property="{name}" content="{content}">'


TITLES = {
    "the h1 that another candidate agrees with": (
        meta("og:title", "Bridge to be mended before winter | The Paper"),
        "<h1>The Paper</h1><h1>Bridge to be mended before winter</h1>",
        "Bridge to be mended before winter",
    ),
    "json-ld before og:title": (
        ld(headline="Bridge to be mended") + meta("og:title", "You won't believe this bridge"),
        "",
        "Bridge to be mended",
    ),
    "the site's name is cut": (
        meta("og:site_name", "The Paper") + "<title>Bridge to be mended - The Paper</title>",
        "",
        "Bridge to be mended",
    ),
    "at the front too": (
        meta("og:site_name", "The Paper") + "<title>The Paper: Bridge to be mended</title>",
        "",
        "Bridge to be mended",
    ),
    "known by the host alone": ("<title>Bridge to be mended | paper.example</title>", "", "Bridge to be mended"),
    "a dash of the headline stays": ("<title>Bridge – the end of an era</title>", "", "Bridge – the end of an era"),
    "escaped twice": (
        meta("og:title", "Mayor &amp;amp; council &amp;quot;agree&amp;quot;"),
        "",
        'Mayor & council "agree"',
    ),
    "a kicker above the headline goes": (
        ld(headline="Nobody mends the old bridge"),
        "<h1>Port Selby <b>Nobody mends the old bridge</b></h1>",
        "Nobody mends the old bridge",
    ),
    "a lone h1 beats what was written for search engines": (
        ld(headline="Bridge closure: what you need to know"),
        "<h1>Nobody crosses the bridge any more</h1>",
        "Nobody crosses the bridge any more",
    ),
    "the feed is better than nothing": ("", "", None),
}


@pytest.mark.parametrize(("head", "body", "title"), TITLES.values(), ids=TITLES)
def test_title(head, body, title):
    """The headline as the page prints it, where anything else confirms it."""
    assert read(head, body).title == title


AUTHORS = {
    "json-ld person": (ld(author={"@type": "Person", "name": "Jane Doe"}), "", ("Jane Doe",)),
    "json-ld list": (ld(author=[{"name": "Jane Doe"}, {"name": "John Roe"}]), "", ("Jane Doe", "John Roe")),
    "json-ld string": (ld(author="Jane Doe and John Roe"), "", ("Jane Doe", "John Roe")),
    "json-ld reference": (
        script(
            '{"@graph":[{"@type":"Article","headline":"x","author":{"@id":"#a"}},'
            '{"@type":"Person","@id":"#a","name":"Jane Doe"}]}'
        ),
        "",
        ("Jane Doe",),
    ),
    "the outlet is no person": (
        ld(author={"@type": "Organization", "name": "The Paper"}, publisher={"name": "The Paper"}),
        '<p class="byline">By <a rel="author">Jane Doe</a></p>',
        ("Jane Doe",),
    ),
    "the outlet typed as a person": (
        ld(author={"@type": "Person", "name": "The Paper"}, publisher={"name": "The Paper"}),
        "",
        (),
    ),
    "By is cut": (meta("author", "By Jane Doe"), "", ("Jane Doe",)),
    "Von, und": (meta("author", "Von Jörg Müller und Änne von der Heide"), "", ("Jörg Müller", "Änne von der Heide")),
    "Par, et": (meta("author", "Par Zoé Le Goff et Luc Martin"), "", ("Zoé Le Goff", "Luc Martin")),
    "Por, y, two surnames": (meta("author", "Por José Ortega y Gasset"), "", ("José Ortega y Gasset",)),
    "Por, y, two persons": (meta("author", "Por Ana García y Luis Prieto Gil"), "", ("Ana García", "Luis Prieto Gil")),
    "roles and desks go": (meta("author", "Jane Doe, Political Correspondent, News Desk"), "", ("Jane Doe",)),
    "degrees go": (meta("author", "Jane Doe, MD, PhD"), "", ("Jane Doe",)),
    "an address is no name": (
        meta("article:author", "https://facebook.com/paper") + meta("author", "Jane Doe"),
        "",
        ("Jane Doe",),
    ),
    "printed, the first byline only": (
        "",
        '<div><span class="author-name">Jane Doe</span></div><div><ul><li><div><div>'
        '<span class="author-name">Not Me</span></div></div></li></ul></div>',
        ("Jane Doe",),
    ),
    "printed in a comment": ("", '<ol class="comment-list"><li><span class="author">Angry Reader</span></li></ol>', ()),
    "an agency where no person is named": (meta("author", "dpa"), "", ("dpa",)),
    "an agency beside a person": (meta("author", "Jane Doe, AFP"), "", ("Jane Doe",)),
    "the same person once": (ld(author=[{"name": "Jane Doe"}, {"name": "JANE DOE"}]), "", ("Jane Doe",)),
    "surname first": (meta("dc.creator", "Doe, Jane"), "", ("Jane Doe",)),
    "japanese": (meta("author", "文・佐伯みなと"), "", ("佐伯みなと",)),
    "ukrainian": (meta("author", "Автор: Марія Коваленко та Олег Гнатюк"), "", ("Марія Коваленко", "Олег Гнатюк")),
    "nobody": ("", "", ()),
}


@pytest.mark.parametrize(("head", "body", "authors"), AUTHORS.values(), ids=AUTHORS)
def test_authors(head, body, authors):
    """Persons, in the order of the byline; an agency only where no person is named; never the paper itself."""
    assert read(meta("og:site_name", "The Paper") + head, body).authors == authors


def test_byline_is_kept_as_it_was():
    """Raw beside parsed."""
    page = read(meta("author", "By Jane Doe, Political Correspondent"))
    assert (page.byline, page.authors) == ("By Jane Doe, Political Correspondent", ("Jane Doe",))


DATES = {
    "with zone": ("2024-05-06T08:30:00+02:00", "2024-05-06T08:30:00+02:00"),
    "zulu": ("2024-05-06T08:30:00Z", "2024-05-06T08:30:00+00:00"),
    "fractions": ("2024-05-06T08:30:00.123Z", "2024-05-06T08:30:00+00:00"),
    "zone without colon": ("2024-05-06T08:30:00+0200", "2024-05-06T08:30:00+02:00"),
    "spaces": ("2024-05-06 08:30:00 +0200", "2024-05-06T08:30:00+02:00"),
    "without zone: the day": ("2024-05-06T08:30:00", "2024-05-06"),
    "a day": ("2024-05-06", "2024-05-06"),
    "compact": ("20240506", "2024-05-06"),
    "slashes": ("2024/05/06", "2024-05-06"),
    "dots, day first": ("06.05.2024", "2024-05-06"),
    "english": ("May 6, 2024", "2024-05-06"),
    "english, day first": ("6 May 2024", "2024-05-06"),
    "mail": ("Mon, 06 May 2024 08:30:00 GMT", "2024-05-06T08:30:00+00:00"),
    "seconds": ("1714984200", "2024-05-06T08:30:00+00:00"),
    "milliseconds": ("1714984200000", "2024-05-06T08:30:00+00:00"),
    "tomorrow's paper": ("2024-06-02", "2024-06-02"),
    "the future": ("2024-07-01", None),
    "before the web": ("1970-01-01", None),
    "year one": ("0001-01-01T00:00:00Z", None),
    "an impossible day": ("2024-02-31", None),
    "an impossible hour": ("2024-05-06T25:61:00Z", None),
    "words": ("yesterday", None),
    "a number": ("42", None),
    "nothing": ("", None),
}


@pytest.mark.parametrize(("raw", "iso"), DATES.values(), ids=DATES)
def test_dates(raw, iso):
    """ISO 8601 with time and zone where both are given, else the day; the impossible and the future are refused."""
    assert dates.parse(raw, SEEN) == iso


def test_the_date_names_its_source():
    """json-ld, meta, htmldate, feed: in this order of trust; the search of the text is asked last but one."""
    day = "2024-05-0"
    declared = meta("article:published_time", day + "2")
    hint = {"published": day + "4"}
    assert read(ld(datePublished=day + "1") + declared, found=day + "3").published_from == "json-ld"
    assert read(declared, found=day + "3", hint=hint).published == day + "2"
    assert read("", found=day + "3", hint=hint).published_from == "htmldate"
    page = read("", hint=hint)
    assert (page.published, page.published_raw, page.published_from) == (day + "4", day + "4", "feed")
    assert read("").published_from is None


def test_a_refused_date_makes_way_for_the_next():
    """A template's 1970 in JSON-LD does not hide the true date in the metas."""
    assert read(ld(datePublished="1970-01-01") + meta("article:published_time", "2024-05-02")).published == "2024-05-02"


def test_modified():
    """JSON-LD first, raw beside parsed."""
    page = read(ld(dateModified="2024-05-06T10:00:00Z") + meta("article:modified_time", "2024-05-07"))
    assert (page.modified, page.modified_raw) == ("2024-05-06T10:00:00+00:00", "2024-05-06T10:00:00Z")


LANGUAGES = {
    "json-ld": (ld(inLanguage="de-AT"), 'lang="en"', "de"),
    "html lang": ("", 'lang="pt-BR"', "pt"),
    "og:locale": (meta("og:locale", "uk_UA"), "", "uk"),
    "content-language": ('<meta http-equiv="content-language" content="fr, en">', "", "fr"),
    "a language in words is none": ("", 'lang="german"', None),
    "unknown is None": ("", "", None),
}


@pytest.mark.parametrize(("head", "lang", "language"), LANGUAGES.values(), ids=LANGUAGES)
def test_language(head, lang, language):
    """Two letters, as declared; nobody guesses."""
    assert read(head, lang=lang).language == language


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
def test_canonical_url(head, url):
    """What the page says its address is, absolute and without fragment."""
    assert read(head).canonical_url == url


def test_the_smaller_fields():
    """Description, section, tags, site name and image, from JSON-LD or the metas."""
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
def test_json_ld_as_publishers_write_it(block):
    """Damage that a reader can see through does not hide the article."""
    page = read(script(block.replace("NODE", NODE)))
    assert (page.title, page.published) == ("Bridge", "2024-05-06")


@pytest.mark.parametrize(
    "block", ["", "null", "42", "[]", "{", "not json at all", "[" * 5000, '{"@type":null}', '{"@graph":{"a":1}}']
)
def test_json_ld_that_says_nothing_raises_nothing(block):
    """Nothing a publisher writes can raise."""
    assert read(script(block)).title is None


def test_the_node_of_this_page_is_chosen():
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


@pytest.mark.parametrize(
    ("line", "names_found"),
    [
        ("By Joanna Quill", ("Joanna Quill",)),
        ("Von Jan Petersen und Ida Boje", ("Jan Petersen", "Ida Boje")),
        ("By the light of the moon they sailed.", None),
        ("By Friday Harbour was empty", None),
        ("Joanna Quill", None),
    ],
)
def test_a_byline_within_the_text(line, names_found):
    """A line that is "By" and names, and nothing else, is a byline."""
    found = names.in_lines([line])
    assert (found and found[1]) == names_found

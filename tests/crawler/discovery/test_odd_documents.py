"""Documents as sites send them: a little off the standard, broken, or made to hurt. One bad thing costs itself."""

from __future__ import annotations

import gzip
import json
import random
import sys
from collections.abc import Callable
from typing import Any

import pytest

from crawler.discovery import sitemaps
from crawler.discovery.feeds import read_feed
from crawler.discovery.links import MAX_DEPTH, read_links
from crawler.discovery.results import Discovery, LeftOut, named_outcome
from crawler.discovery.robots_txt import Robots
from crawler.discovery.seeds import discover_seeds
from crawler.discovery.sitemaps import read_sitemap
from crawler.discovery.url_classifier import classify_listed
from tests.support.document_fuzz import READERS, URL, check, document
from tests.support.url_examples import SHAPES

SITE = "https://paper.example/"
FEED = "https://paper.example/feed.xml"
MAP = "https://paper.example/map.xml"
STORY = "https://paper.example/2026/11/12/pier"
OTHER = "https://paper.example/2026/11/13/crane"
PREFIXES = (
    'xmlns:gml="http://www.opengis.net/gml" xmlns:georss="http://www.georss.org/georss" '
    'xmlns:feedburner="http://rssnamespace.org/feedburner/ext/1.0" xmlns:psc="http://podlove.org/simple-chapters"'
)


def feed(first: str, *, prefixes: str = PREFIXES) -> bytes:
    """Return a feed of two entries, the first with this content."""
    items = f"<item>{first}<link>{STORY}</link></item><item><title>Two</title><link>{OTHER}</link></item>"
    return f'<rss version="2.0" {prefixes}><channel><title>P</title>{items}</channel></rss>'.encode()


def urls(found: Discovery) -> list[str]:
    return [link.url for link in found.found]


def entry(loc: str) -> str:
    return f"<url><loc>{loc}</loc></url>"


# --- feeds


@pytest.mark.parametrize(
    ("title", "read"),
    [
        ("Smile &#55357;&#56842; here", "Smile \U0001f60a here"),
        ("Smile &#xD83D;&#xDE0A; here", "Smile \U0001f60a here"),
        ("Smile &amp;#55357;&amp;#56842; here", "Smile \U0001f60a here"),
        ("<![CDATA[Smile &#55357;&#56842; here]]>", "Smile \U0001f60a here"),
        ("Half &#55357; here", "Half \ufffd here"),
        ("Half &#56842;&#55357; here", "Half \ufffd\ufffd here"),
        ("None &#1114112; here", "None \ufffd here"),
        ("None &#x110000; here", "None \ufffd here"),
        ("None &#99999999999999999999999; here", "None \ufffd here"),
        ("None &#0; here", "None \ufffd here"),
    ],
)
def test_reference_to_no_character_costs_that_character(title, read):
    """Two surrogates are one emoji, as JavaScript and Java write it; every other number becomes U+FFFD."""
    found = read_feed(feed(f"<title>{title}</title>"), FEED)
    assert urls(found) == [STORY, OTHER]
    assert found.found[0].hint["title"] == read
    in_utf_16 = feed(f"<title>{title}</title>").decode().encode("utf-16")
    assert read_feed(in_utf_16, FEED).found == found.found


def test_feed_with_a_reference_to_no_character_is_malformed():
    """It is read, and the summary of the crawl says what was wrong."""
    problem = read_feed(feed("<title>&#55357;&#56842; &#1;</title>"), FEED).problem
    assert problem == "malformed: 2 character references to what is no character"


@pytest.mark.parametrize(
    "odd",
    [
        '<georss:where><gml:Point srsName="urn:x:EPSG:none"><gml:pos>45 -71</gml:pos></gml:Point></georss:where>',
        '<gml:Point srsName="EPSG:"><gml:posList>1 2</gml:posList></gml:Point>',
        "<gml:pos>1 2</gml:pos>",
        "<image><height/></image><height></height>",
        '<x:y xmlns:x="u">&nbsp;</x:y><gml:posList/>',
    ],
)
def test_element_on_which_the_parser_breaks_off_costs_no_entry(odd):
    """feedparser converts elements that nobody here uses, and raises ValueError, KeyError or TypeError on some."""
    found = read_feed(feed(f"<title>One</title>{odd}"), FEED)
    assert urls(found) == [STORY, OTHER]
    assert [link.hint.get("title") for link in found.found] == ["One", "Two"]


def test_exception_of_a_parser_is_an_outcome_in_our_words():
    """Whatever a library raises: no traceback, and no other document is concerned. Its own words are for the log."""

    @named_outcome
    def reader(body: bytes, url: str) -> Discovery:
        raise OverflowError("Python int too large \ud83d")

    found = reader(b"", URL)
    assert found.problem == "malformed: the parser broke off"
    assert found.exception == "OverflowError: Python int too large ?"


@pytest.mark.parametrize(
    ("reader", "body", "problem", "exception"),
    [
        (
            read_feed,
            feed('<gml:Point srsName="EPSG:"><gml:posList>1 2</gml:posList></gml:Point>'),
            "malformed: the parser broke off at one of its elements",
            "Error: ",
        ),
        (read_feed, b"<rss>\n<channel>\n<item>&", "the parser broke off at line 3", "SAXParseException"),
        (read_feed, b"<?xml version='1.0'?>\n<rss>\n<item>&", "the parser broke off at line 3", "SAXParseException"),
        (read_feed, b'{\n"version": 1,\n}', "malformed JSON: the parser broke off at line ", "JSONDecodeError"),
        (
            read_sitemap,
            f"<urlset>\n{entry(STORY)}\n<url></urlset>".encode(),
            "malformed: the parser broke off at line 3",
            "XMLSyntaxError",
        ),
        (
            read_sitemap,
            f"<!DOCTYPE urlset [\n<!ENTITY a 'b'>\n]>\n<urlset>\n{entry(STORY)}\n<url></urlset>".encode(),
            "malformed: the parser broke off at line 6",
            "XMLSyntaxError",
        ),
    ],
    ids=[
        "feed with a place",
        "torn feed",
        "torn feed with a declaration",
        "torn JSON",
        "sitemap",
        "sitemap with a DTD",
    ],
)
def test_problem_of_a_document_says_where_it_is_and_not_what_a_library_says(reader, body, problem, exception):
    """The words of libraries name their own classes and variables, and even elements that we put around a document."""
    found = reader(body, URL)
    assert problem in found.problem
    assert exception in found.exception
    assert not any(word in found.problem for word in ("Error", "newsmorgue", "<", "NoneType"))


def test_memory_error_of_a_reader_is_left_to_the_pool():
    """The worker process is at its limit, and has to be replaced."""

    @named_outcome
    def reader(body: bytes, url: str) -> Discovery:
        raise MemoryError

    with pytest.raises(MemoryError):
        reader(b"", URL)


@pytest.mark.parametrize(
    ("links", "wanted"),
    [
        (f"<feedburner:origLink>not an URI</feedburner:origLink><link>{OTHER}</link>", OTHER),
        (f"<feedburner:origLink>{STORY}</feedburner:origLink><link>{OTHER}</link>", STORY),
        (f"<feedburner:origLink>http://[bad/</feedburner:origLink><link>{OTHER}</link>", OTHER),
        (f"<feedburner:origLink>/a/b</feedburner:origLink><link>{OTHER}</link>", OTHER),
        (f"<link>see the site</link><guid>{OTHER}</guid>", OTHER),
        (f"<link>http://h:99999/</link><guid>{OTHER}</guid>", OTHER),
        (f"<link>{OTHER}</link><guid>http://</guid>", OTHER),
        ("<link>crane.html</link><guid>4711</guid>", "https://paper.example/crane.html"),
        ("<link>\\2026\\11\\pier</link>", "https://paper.example/2026/11/pier"),
        ("<link>///paper.example/2026/11/pier</link>", "https://paper.example/2026/11/pier"),
        ("<link>https:/paper.example/2026/11/pier</link>", "https://paper.example/2026/11/pier"),
    ],
)
def test_link_of_an_entry_is_the_first_that_is_an_address(links, wanted):
    """FeedBurner's original, the link, the guid; a sentence in the place of an address loses against a good link."""
    body = f'<rss version="2.0" {PREFIXES}><channel><item>{links}</item></channel></rss>'
    assert urls(read_feed(body.encode(), FEED)) == [wanted]


def test_entry_without_a_usable_address_is_counted():
    """Nothing is left out silently."""
    body = feed("<title>x</title>").replace(STORY.encode(), b"https://").replace(OTHER.encode(), b"/a.mp3")
    assert read_feed(body, FEED).left_out == (
        LeftOut("no web address", 1, ""),
        LeftOut("a file", 1, "https://paper.example/a.mp3"),
    )


def test_half_characters_of_a_json_feed_can_be_stored():
    """JSON may hold halves of characters; a database may not."""
    data = {"title": "T \ud83d", "language": "e\udc00", "items": [{"url": "/a/\ud83d", "title": "x \ud83d", "id": "1"}]}
    found = read_feed(json.dumps(data).encode(), FEED)
    check(found)
    assert (found.title, found.found[0].hint["title"]) == ("T \ufffd", "x \ufffd")


# --- sitemaps


@pytest.mark.parametrize(
    "form",
    [
        "<urlset><urlset>{}{}</urlset></urlset>",
        "<root><urlset>{}{}</urlset></root>",
        "<a><b><c><urlset>{}{}</urlset></c></b></a>",
        "<?xml version='1.0'?><urlset>{}</urlset>\n<?xml version='1.0'?><urlset>{}</urlset>",
        "<urlset>{}</urlset><urlset>{}</urlset>",
        "<!DOCTYPE urlset [<!ENTITY x '>'>]><urlset>{}</urlset><!DOCTYPE urlset><urlset>{}</urlset>",
        '<x:urlset xmlns:x="http://other.example/ns"><x:batch>{}</x:batch>{}</x:urlset>',
        '<urlset xmlns="urn:anything">{}<url/>{}</urlset>',
        "<sitemap><urlset>{}{}</urlset></sitemap>",
    ],
)
def test_entries_are_read_wherever_they_are(form):
    """Nested or doubled urlsets, several documents in a file, another element around, any namespace."""
    found = read_sitemap(form.format(entry(STORY), entry(OTHER)).encode(), MAP)
    assert (urls(found), found.problem) == ([STORY, OTHER], None)


def test_index_and_urlset_in_one_file_are_both_read():
    """Each entry is what its own element says."""
    index = f"<sitemapindex><sitemap><loc>{SITE}news-sitemap.xml</loc></sitemap></sitemapindex>"
    found = read_sitemap(f"{index}<urlset>{entry(STORY)}</urlset>".encode(), MAP)
    assert [(link.url, link.kind) for link in found.found] == [
        (f"{SITE}news-sitemap.xml", "news sitemap"),
        (STORY, "article"),
    ]


def test_reference_to_no_character_does_not_end_a_sitemap():
    """libxml2 breaks off at it."""
    found = read_sitemap(f"<urlset><x>&#55357;&#56842; &#1;</x>{entry(STORY)}</urlset>".encode(), MAP)
    assert urls(found) == [STORY]
    assert found.problem == "malformed: 2 character references to what is no character"


LISTED = {
    "/article.php?id=77": True,
    "/index.php?option=com_content&view=article&id=4711:harbour-by-laws": True,
    "/index.php?option=com_content&view=article&id=7": True,
    "/index.php?option=com_content&view=category&id=7:news": False,
    "/?id=77": True,
    "/?p=123": True,
    "/read.php?nid=5": True,
    "/article?id=abc": True,
    "/news?slug=harbour-by-laws-rewritten": True,
    "/category.php?id=7": False,
    "/?cat=3": False,
    "/?page=2": False,
    "/?p=2": True,
    "/?post=12": True,
    "/politics/?p=2": False,
    "/index.php?option=com_content&view=article&id=5": True,
    "/index.php?option=com_content&view=category&id=5": False,
    "/story.asp?story=7": True,
    "/topics/gadgets/best-electric-scooter": False,
    "/tag/best-electric-scooter": False,
    "/?s=pier": False,
    "/story/brexit.html": True,
    "/articles/foo.html": True,
    "/news/4711": True,
    "/news/4711-pier": True,
    "/news/2024": False,
    "/news/12": False,
    "/sample1.html": True,
    "/politik.html": False,
    "/a/b/c/d/e": True,
    "/": False,
    "/en/": False,
    "/politics/": False,
    "/tag/ferry": False,
    "/login": False,
}


@pytest.mark.parametrize(("path", "kept"), LISTED.items(), ids=LISTED)
def test_sitemap_keeps_an_address_by_weaker_evidence_than_a_menu(path, kept):
    """The table in docs/discovery.md: a number, or a name in a folder for articles; sections stay sections."""
    assert (classify_listed(f"https://paper.example{path}").kind == "article") is kept


@pytest.mark.parametrize(
    "url", [url for url, kind in SHAPES if kind is None or kind == "section"], ids=lambda url: url[21:]
)
def test_section_or_service_does_not_become_an_article_by_being_listed(url):
    """The examples of sections and services, but for those without any known shape."""
    judged = classify_listed(url)
    assert judged.kind is None or judged.why == "listed, and of no known shape"


def test_addresses_that_a_sitemap_lists_and_a_guess_leaves_out_are_counted():
    """By the reason, the most frequent first, with an example."""
    places = [STORY, f"{SITE}politics/", f"{SITE}sport/", f"{SITE}tag/ferry", "http://[bad/"]
    found = read_sitemap(f"<urlset>{''.join(map(entry, places))}</urlset>".encode(), MAP)
    assert urls(found) == [STORY]
    assert found.left_out == (
        LeftOut("short names", 2, f"{SITE}politics/"),
        LeftOut("/tag/", 1, f"{SITE}tag/ferry"),
        LeftOut("no web address", 1, "http://[bad/"),
    )
    text = read_sitemap("\n".join(places[:4]).encode(), "https://paper.example/sitemap.txt")
    assert (urls(text), text.left_out) == ([STORY], found.left_out[:2])


def test_number_of_gzip_members_is_limited(monkeypatch):
    """Each costs time, however few bytes it has."""
    monkeypatch.setattr(sitemaps, "MAX_GZIP_MEMBERS", 3)
    pieces = [gzip.compress(part.encode()) for part in ("<urlset>", entry(STORY), entry(OTHER), "</urlset>")]
    found = read_sitemap(b"".join(pieces), MAP)
    assert (urls(found), found.problem) == ([STORY, OTHER], "more than 3 gzip members; the rest was skipped")


@pytest.mark.parametrize("layers", [2, 3])
def test_sitemap_that_is_compressed_again_on_its_way_is_read(layers):
    """By a server that compresses a file that is one already."""
    body = f"<urlset>{entry(STORY)}</urlset>".encode()
    for _ in range(layers):
        body = gzip.compress(body)
    assert urls(read_sitemap(body, MAP)) == [STORY]


def test_sitemap_in_endless_layers_of_gzip_is_left():
    """The work has a limit."""
    body = f"<urlset>{entry(STORY)}</urlset>".encode()
    for _ in range(50):
        body = gzip.compress(body)
    found = read_sitemap(body, MAP)
    assert (found.found, found.problem) == ((), "compressed more than 3 times")


@pytest.mark.parametrize("encoding", ["utf-16", "UTF-16LE", "utf16", "ucs-2", "unicode", "UTF-32BE"])
@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf", b"\n"], ids=["plain", "byte order mark", "empty line"])
def test_document_that_only_declares_wide_characters_is_utf_8(encoding, start):
    """A program changed its encoding, and not its first line."""
    line = start + f'<?xml version="1.0" encoding="{encoding}"?>\n'.encode()
    assert urls(read_sitemap(line + f"<urlset>{entry(STORY + 'é')}</urlset>".encode(), MAP)) == [STORY + "%C3%A9"]
    found = read_feed(line + feed("<title>Café</title>"), FEED)
    assert (urls(found), found.found[0].hint["title"], found.problem) == ([STORY, OTHER], "Café", None)


# --- robots.txt


def allowed(text: str, path: str) -> bool:
    return Robots.parse(200, text.encode(), "Newsmorgue").allowed(f"https://paper.example{path}")


@pytest.mark.parametrize(
    "between",
    ["", "\n", "Crawl-delay: 5\n", "Noindex: /x\n", "# words\n", "Sitemap: https://paper.example/s.xml\n", "gibber\n",
     "Crawl-delay: 600\n\n", "Host: paper.example\n\n\n", "Request-rate: 1/5\nVisit-time: 0600-0845\n"],
)  # fmt: skip
def test_line_that_is_no_rule_does_not_end_a_list_of_user_agents(between):
    """RFC 9309, 2.2.4. What follows is one group, for us and for the others."""
    for ours, others in (("Newsmorgue", "*"), ("*", "Bingbot"), ("Bingbot", "Newsmorgue")):
        text = f"User-agent: {ours}\n{between}User-agent: {others}\nDisallow: /p\n"
        assert not allowed(text, "/p"), text


def test_rule_ends_a_list_of_user_agents():
    """RFC 9309, 2.2.1: also an empty one; what comes before any user agent is for no one."""
    text = "Disallow: /a\nUser-agent: Newsmorgue\nDisallow: /b\nUser-agent: Bingbot\nDisallow: /c\n"
    assert [allowed(text, path) for path in ("/a", "/b", "/c")] == [True, False, True]
    assert allowed("User-agent: Newsmorgue\nDisallow:\nUser-agent: *\nDisallow: /\n", "/a")


def test_crawl_delay_is_meant_for_the_agents_named_above_it():
    """The agents after it share the rules of the group."""
    text = "User-agent: *\nCrawl-delay: 600\n\nUser-agent: Newsmorgue\nDisallow: /logs/\n"
    robots = Robots.parse(200, text.encode(), "Newsmorgue")
    assert robots.crawl_delay is None
    assert Robots.parse(200, text.encode(), "other").crawl_delay == 600


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_robots_txt_is_read_in_any_encoding_and_with_any_line_end(encoding, end):
    """It errs on the polite side."""
    text = end.join(["User-agent: *", "", "Disallow: /private/", ""])
    robots = Robots.parse(200, text.encode(encoding), "Newsmorgue")
    assert [robots.allowed(f"{SITE}{path}") for path in ("private/a", "b")] == [False, True]


def test_byte_order_mark_in_the_middle_is_ignored():
    """Files are joined by programs that do not look at them."""
    assert not allowed("\ufeffUser-agent: x\nDisallow: /\n\ufeffUser-agent: *\n\ufeffDisallow: /p\n", "/p")


def test_bad_sitemap_line_costs_that_line():
    """An empty host, a space, an open bracket, a port out of range; relative addresses are resolved."""
    bad = [
        "https://",
        "http://exa mple.com/s.xml",
        "https://[bad/s.xml",
        "http://h.example:99999/s.xml",
        "mailto:a@b",
        "",
    ]
    text = "".join(f"Sitemap: {value}\n" for value in (*bad, "/map.xml", "other.xml", "https://cdn.example/3.xml"))
    robots = Robots.parse(200, text.encode(), "Newsmorgue", "https://paper.example/robots.txt")
    assert robots.sitemaps == (f"{SITE}map.xml", f"{SITE}other.xml", "https://cdn.example/3.xml")
    assert discover_seeds(b"<html></html>", SITE, text.encode()).sitemaps == robots.sitemaps


# --- pages


@pytest.mark.parametrize(
    ("base", "wanted"),
    [
        ("/root/", f"{SITE}root/a-story-of-the-pier.html"),
        ("https:/paper.example/x/", f"{SITE}x/a-story-of-the-pier.html"),
        ("\\x\\", f"{SITE}x/a-story-of-the-pier.html"),
        ("///paper.example/x/", f"{SITE}x/a-story-of-the-pier.html"),
        ("http://[", f"{SITE}news/a-story-of-the-pier.html"),
        ("javascript:x", f"{SITE}news/a-story-of-the-pier.html"),
        ("", f"{SITE}news/a-story-of-the-pier.html"),
    ],
)
def test_odd_base_of_a_page_is_resolved_as_browsers_do(base, wanted):
    """One that is no address does not count."""
    page = f'<html><head><base href="{base}"></head><body><a href="a-story-of-the-pier.html">x</a></body></html>'
    assert urls(read_links(page.encode(), f"{SITE}news/")) == [wanted]


def test_page_that_nests_without_end_is_read_up_to_there():
    """The parser looks at every open element for each new one."""
    page = f"<html><a href='{STORY}'>x</a>{'<div>' * 6000}<a href='{OTHER}'>y</a>"
    found = read_links(page.encode(), SITE)
    assert urls(found) == [STORY]
    assert found.problem == f"more than {MAX_DEPTH} elements are in each other; the rest was skipped"


def test_page_of_many_flat_elements_is_read_whole():
    """Elements that need no end tag do not count as nested."""
    page = f"<html>{'<p>x<li>y<img><br>' * 3000}<div>{'<div></div>' * 3000}<a href='{STORY}'>x</a>"
    assert urls(read_links(page.encode(), SITE)) == [STORY]


@pytest.mark.parametrize("reader", [read_feed, read_sitemap])
def test_tag_of_thousands_of_attributes_is_refused(reader):
    """Parsers compare each attribute with all before it."""
    attributes = " ".join(f'a{n}="1"' for n in range(5000))
    root = "rss" if reader is read_feed else "urlset"
    assert reader(f"<{root} {attributes}></{root}>".encode(), URL).problem == "malformed: 5,001 attributes in one tag"


# --- all of them


def test_mutated_documents_give_what_the_readers_promise():
    """A short run of benchmarks/fuzz_discovery.py: no exception, only addresses and texts that can be stored."""
    for seed in range(250):
        body = document(random.Random(seed))
        for reader in READERS:
            check(reader(body, URL))


def calls_of(work: Callable[[], Any]) -> int:
    """Return how many functions are called, in Python and in C, to do some work."""
    calls = 0

    def count(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(before)
    return calls


GROWING = {
    "entries of a feed": (read_feed, lambda n: feed("") .replace(b"</channel>", b"<item><link>/a</link></item>" * n)),
    "entries that break the parser": (read_feed, lambda n: feed("<gml:pos>1</gml:pos>" * n)),
    "references to no character": (read_feed, lambda n: feed(f"<title>{'&#55357;' * n}</title>")),
    "items of a JSON feed": (read_feed, lambda n: b'{"items": [' + b'{"url": "/a/b"},' * n + b"{}]}"),
    "entries of a sitemap": (read_sitemap, lambda n: b"<urlset>" + b"<url><loc>/a-b-c-d</loc></url>" * n),
    "elements around entries": (read_sitemap, lambda n: b"<urlset>" + b"<a></a>" * n + b"</urlset>"),
    "document types": (read_sitemap, lambda n: b"<urlset>" + b"<!DOCTYPE x[" * n),
    "gzip members": (read_sitemap, lambda n: gzip.compress(b" ", mtime=0) * n),
    "groups of robots.txt": (
        lambda body, url: Robots.parse(200, body, "x", url),
        lambda n: b"User-agent: *\nDisallow: /a\nCrawl-delay: 1\nSitemap: /m\n" * n,
    ),
    "links of a page": (read_links, lambda n: b"<html><a href='/a-b-c-d-e'>x</a>" + b"<a href='/b-c-d-e'>x</a>" * n),
    "menus in menus": (
        lambda body, url: discover_seeds(body, url, b""),
        lambda n: b"<nav><a href='/x/'>y</a>" * n,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("reader", "made"), GROWING.values(), ids=GROWING)
def test_work_on_a_document_grows_with_its_size(reader, made):
    """Twice as much input takes at most little more than twice the calls."""
    reader(made(1), URL)  # modules are loaded and patterns compiled
    few, many = (calls_of(lambda n=n: reader(made(n), URL)) for n in (200, 400))
    assert many < 2.3 * few

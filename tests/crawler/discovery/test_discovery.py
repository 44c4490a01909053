"""Discovery: what a feed, a sitemap, a page and an address lead to. All of it from bytes, without a network."""

from __future__ import annotations

import gzip
import pickle
import time

import pytest

from crawler.discovery.feeds import read_feed
from crawler.discovery.links import read_links
from crawler.discovery.results import Discovery
from crawler.discovery.seeds import discover_seeds
from crawler.discovery.sitemaps import read_sitemap
from crawler.discovery.url_classifier import classify, classify_with_reason
from tests.support.url_examples import SHAPES

SITE = "https://paper.example/"
FEED = "https://paper.example/feed.xml"
STORY = "https://paper.example/2026/11/12/crane/"


def urls(found: Discovery, kind: str | None = None) -> list[str]:
    """Return the addresses found, of one kind or all."""
    return [link.url for link in found.found if kind in (None, link.kind)]


# --- addresses


def kind_of(url: str, **given) -> str | None:
    return classify_with_reason(url, **given).kind


@pytest.mark.parametrize(("url", "kind"), SHAPES, ids=[url for url, _kind in SHAPES])
def test_url_is_classified_by_its_shape(url, kind):
    """The table in tests/support/url_examples.py: addresses as many kinds of papers write them."""
    assert classify(url) == kind, classify_with_reason(url)


def test_table_of_url_examples_is_large_and_has_all_kinds():
    """A rule that is changed for one paper must not break the others."""
    assert len(SHAPES) >= 120
    assert {kind for _url, kind in SHAPES} == {"article", "section", None}
    assert len(dict(SHAPES)) == len(SHAPES)


def test_link_with_a_headline_as_text_is_an_article():
    """Papers whose addresses say nothing still write headlines. Menus have short texts, and a front page stays one."""
    headline = "Council agrees to repair the old bridge before winter"
    assert classify(SITE + "local/bridge-repair") == "section"
    assert kind_of(SITE + "local/bridge-repair", anchor_text=headline) == "article"
    assert kind_of(SITE + "xq7", anchor_text=headline) == "article"
    assert kind_of(SITE + "local/bridge-repair", anchor_text="Bridge repair") == "section"
    assert kind_of(SITE + "politics", anchor_text="All our politics coverage in one place") == "section"
    assert kind_of(SITE, anchor_text=headline) == "section"
    assert kind_of(SITE + "login", anchor_text=headline) is None
    assert kind_of(SITE + "n/hashi-kouji", anchor_text="市は古い橋を冬までに修理することを決めた") == "article"


def test_patterns_of_a_source_win_over_the_shape():
    """`exclude` over `include`, both over the shape."""
    assert kind_of(SITE + "login", include=["/login$"]) == "article"
    assert kind_of(STORY, exclude=["/crane"]) is None
    assert kind_of(STORY, include=["/crane"], exclude=["/crane"]) is None


@pytest.mark.parametrize(
    "url", ["", "x", "https://", "https://[", "mailto:a@b.example", "https://p.example/%ff%00/\ud800"]
)
def test_malformed_url_raises_nothing(url):
    """The classifier sees what strangers put into a href."""
    assert classify(url) in (None, "section", "article")


def test_url_is_classified_in_microseconds():
    """A front page has hundreds of links. Measured: 13 us; the limit leaves room for slow machines."""
    addresses = [url for url, _kind in SHAPES] * 20
    began = time.process_time()
    for url in addresses:
        classify(url)
    assert (time.process_time() - began) / len(addresses) < 450e-6


# --- feeds

RSS = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:feedburner="http://rssnamespace.org/feedburner/ext/1.0">
<channel><title>The Paper</title><link>https://paper.example/</link><language>en-gb</language>
<item><title>Crane &amp;amp; pier: &lt;b&gt;closed&lt;/b&gt;</title>
<link>/2026/11/12/crane/?utm_source=rss&amp;a=1</link><pubDate>Thu, 12 Nov 2026 19:05:00 +0100</pubDate>
<dc:creator>Mara Ellison</dc:creator><dc:creator>Jo Park</dc:creator></item>
<item><title>No link</title><guid isPermaLink="true">https://paper.example/2026/11/12/guid/</guid></item>
<item><title>No address at all</title><guid isPermaLink="false">4711</guid></item>
<item><title>Burned</title><link>https://feeds.example/~r/1</link>
<feedburner:origLink>https://paper.example/2026/11/12/origin/</feedburner:origLink></item>
<item><title>A sound</title><link>https://paper.example/podcast/1.mp3</link></item>
<item><title>Twice</title><link>https://paper.example/2026/11/12/crane/?a=1</link></item>
</channel></rss>"""

ATOM = """<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de"><title>Der Bote</title>
<entry><title type="html">Sturm&lt;br/&gt;flut</title><link rel="enclosure" href="https://paper.example/a.jpg"/>
<link rel="alternate" href="https://paper.example/de/sturmflut/"/><id>tag:paper.example,2026:1</id>
<published>2026-11-09T05:30:00+01:00</published><updated>2026-11-10T06:00:00Z</updated>
<author><name>Henning Brüggemann</name></author></entry></feed>"""

RDF = """<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
 xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="https://paper.example/"><title>Paper</title></channel>
<item rdf:about="https://paper.example/a/1"><title>One</title><link>https://paper.example/a/1</link>
<dc:date>2026-11-12T10:00:00+09:00</dc:date></item></rdf:RDF>"""

JSON_FEED = """{"version": "https://jsonfeed.org/version/1.1", "title": "Paper", "language": "en", "items": [
{"id": "1", "url": "/a/one", "title": "One", "date_published": "2026-11-12T10:00:00Z", "authors": [{"name": "Jo"}]},
{"id": "https://paper.example/a/two", "content_text": "x"}, {"id": "3"}, 7, {"url": 5}]}"""


def test_rss_gives_links_titles_and_dates():
    """Relative links resolved, trackers cut, guid and FeedBurner's original taken, sounds and repetitions left out."""
    found = read_feed(RSS.encode(), FEED, "application/rss+xml; charset=utf-8")
    assert urls(found) == [
        STORY + "?a=1",
        "https://paper.example/2026/11/12/guid/",
        "https://paper.example/2026/11/12/origin/",
    ]
    assert found.found[0].hint == {
        "title": "Crane & pier: closed",
        "published": "2026-11-12T19:05:00+01:00",
        "language": "en-gb",
        "authors": "Mara Ellison, Jo Park",
    }
    assert (found.kind, found.problem, found.title, found.language) == ("feed", None, "The Paper", "en-gb")


def test_atom_rdf_and_json_feeds_are_read():
    """The alternate link, not the enclosure; dates with the feed's own zone."""
    atom = read_feed(ATOM.encode(), FEED)
    assert urls(atom) == ["https://paper.example/de/sturmflut/"]
    assert atom.found[0].hint == {
        "title": "Sturmflut",
        "published": "2026-11-09T05:30:00+01:00",
        "modified": "2026-11-10T06:00:00+00:00",
        "language": "de",
        "authors": "Henning Brüggemann",
    }
    rdf = read_feed(RDF.encode(), FEED)
    assert [(link.url, link.hint.get("title")) for link in rdf.found] == [("https://paper.example/a/1", "One")]
    json = read_feed(JSON_FEED.encode(), FEED, "application/feed+json")
    assert urls(json) == ["https://paper.example/a/one", "https://paper.example/a/two"]
    assert json.found[0].hint == {
        "title": "One", "published": "2026-11-12T10:00:00+00:00", "language": "en", "authors": "Jo",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("raw", "iso"),
    [
        ("Thu, 12 Nov 2026 19:05:00 GMT", "2026-11-12T19:05:00+00:00"),
        ("Thu, 12 Nov 2026 19:05:00 EST", "2026-11-13T00:05:00+00:00"),
        ("2026-11-12", "2026-11-12"),
        ("2026-11-12T19:05:00+09:00", "2026-11-12T19:05:00+09:00"),
        ("soon", None),
    ],
)
def test_feed_date_keeps_its_precision(raw, iso):
    """A day stays a day; a zone stays that zone."""
    item = f"<item><link>{STORY}</link><pubDate>{raw}</pubDate></item>"
    found = read_feed(f'<rss version="2.0"><channel>{item}</channel></rss>'.encode(), FEED)
    assert found.found[0].hint.get("published") == iso


def test_malformed_feed_gives_its_readable_links_and_a_problem():
    """A loose ampersand, an undefined entity, a torn end."""
    torn = RSS[: RSS.index("<item><title>A sound")]
    for broken in (RSS.replace("&amp;amp;", "&"), RSS.replace("Twice", "&nbsp;"), torn):
        found = read_feed(broken.encode(), FEED)
        assert len(found.found) == 3, broken
        assert found.problem is not None
        assert found.problem.startswith("malformed")


@pytest.mark.parametrize(
    "label", [None, "text/xml", "text/html", "application/octet-stream", "text/xml; charset=latin-1"]
)
def test_feed_is_read_under_any_media_type(label):
    """Servers call feeds anything; a charset that is named is tried."""
    found = read_feed(RSS.encode(), FEED, label)
    assert len(found.found) == 3
    assert found.problem is None


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"<!DOCTYPE html><html><body>404</body></html>", "HTML"),
        (b"\xef\xbb\xbf<!-- hi --><html><head></head></html>", "HTML"),
        (b"{", "JSON"),
        (b'{"a": 1}', "not a feed"),
        (b'{"items": "x"}', "not a feed"),
        (b"[" * 100_000, "not a feed"),
        (b'{"a":' * 100_000, "JSON"),
        (b"\x00\x01\x02\xff", "not a feed"),
        (b"<urlset><url><loc>https://p.example/</loc></url></urlset>", "not a feed"),
    ],
)
def test_response_that_is_no_feed_is_a_problem(body, why):
    """Not an exception, whatever is served in a feed's place."""
    found = read_feed(body, FEED)
    assert found.found == ()
    assert found.problem is not None
    assert why in found.problem


def test_feed_of_comments_gives_no_links():
    """By its address, its title, or its entries: those are comments on articles, not articles."""
    by_title = RSS.replace("<title>The Paper</title>", "<title>Comments on: The crane</title>")
    items = "".join(f"<item><link>{STORY}#comment-{n}</link></item>" for n in range(3))
    by_entries = f'<rss version="2.0"><channel><title>x</title>{items}</channel></rss>'
    for found in (
        read_feed(RSS.encode(), "https://paper.example/comments/feed/"),
        read_feed(by_title.encode(), FEED),
        read_feed(by_entries.encode(), FEED),
    ):
        assert (found.kind, found.found) == ("comments feed", ())


def test_feed_opens_no_file_and_no_connection(tmp_path):
    """feedparser takes bytes for the name of a file, and text for an address."""
    secret = tmp_path / "secret.xml"
    secret.write_text(RSS)
    assert read_feed(str(secret).encode(), FEED).found == ()
    assert read_feed(b"http://127.0.0.1:9/feed.xml", FEED).found == ()
    entity = f'<!DOCTYPE r [<!ENTITY x SYSTEM "file://{secret}">]><rss version="2.0"><channel><title>&x;</title>'
    found = read_feed(f"{entity}<item><link>{STORY}</link></item></channel></rss>".encode(), FEED)
    assert "Crane" not in str(found)


# --- sitemaps

NAMESPACES = (
    'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9" '
    'xmlns:image="http://www.google.com/schemas/sitemap-image/1.1"'
)
MAP = "https://paper.example/sitemap.xml"


def urlset(*entries: str) -> bytes:
    """Return a sitemap of these entries (the inside of <url>)."""
    inner = "".join(f"<url>{entry}</url>" for entry in entries)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<urlset {NAMESPACES}>{inner}</urlset>'.encode()


def test_sitemap_gives_articles_and_unknown_shapes():
    """Sections and service pages are left out: the sitemap lists what they lead to."""
    found = read_sitemap(
        urlset(
            f"<loc>{STORY}</loc><lastmod>2026-11-12T10:00:00+01:00</lastmod><priority>0.5</priority>",
            "<loc> https://paper.example/quem-se-ama-de-verdade-hoje </loc><lastmod>2026-11-11</lastmod>",
            "<loc>https://paper.example/</loc>",
            "<loc>https://paper.example/politics/</loc>",
            "<loc>https://paper.example/tag/ferry/</loc>",
            "<loc>https://paper.example/a/b/c/d/e</loc>",
            "<image:image><image:loc>https://paper.example/x.jpg</image:loc></image:image>",
            f"<loc>{STORY}</loc>",
        ),
        MAP,
    )
    assert [(link.url, link.hint) for link in found.found] == [
        (STORY, {"modified": "2026-11-12T10:00:00+01:00"}),
        ("https://paper.example/quem-se-ama-de-verdade-hoje", {"modified": "2026-11-11"}),
        ("https://paper.example/a/b/c/d/e", {}),
    ]
    assert (found.kind, found.problem) == ("sitemap", None)


def test_news_sitemap_is_known_by_its_news_elements():
    """Title, day with its own precision, language, the paper's name; every entry is an article, whatever its shape."""
    news = (
        "<news:news><news:publication><news:name>The Paper</news:name><news:language>en</news:language>"
        "</news:publication><news:publication_date>{}</news:publication_date><news:title>{}</news:title></news:news>"
    )
    found = read_sitemap(
        urlset(
            f"<loc>{STORY}</loc>" + news.format("2026-11-12", "Crane &amp;amp; pier"),
            "<loc>https://paper.example/crane</loc>" + news.format("2026-11-12T19:05:00+01:00", "<![CDATA[A & B]]>"),
        ),
        MAP,
    )
    assert [link.hint for link in found.found] == [
        {"title": "Crane & pier", "published": "2026-11-12", "language": "en"},
        {"title": "A & B", "published": "2026-11-12T19:05:00+01:00", "language": "en"},
    ]
    assert (found.kind, found.title, found.language) == ("news sitemap", "The Paper", "en")


def test_sitemap_index_gives_the_sitemaps_of_articles():
    """News sitemaps are known by their name; taxonomies, authors and images, by theirs, are left out."""
    news = ["news-sitemap.xml", "googlenews.xml"]
    articles = ["sitemap-2024.xml.gz", "post-sitemap1.xml", "wp-sitemap-posts-post-1.xml", "news/2024.xml",
                "sitemap.xml?page=3"]  # fmt: skip
    others = ["category-sitemap.xml", "author-sitemap.xml", "sitemap-tag.xml", "wp-sitemap-taxonomies-category-1.xml",
              "image-sitemap-1.xml", "post_tag-sitemap.xml"]  # fmt: skip
    names = [*news, *others, *articles]
    inner = "".join(f"<sitemap><loc>/{name}</loc><lastmod>2026-11-12</lastmod></sitemap>" for name in names)
    found = read_sitemap(f"<sitemapindex {NAMESPACES}>{inner}</sitemapindex>".encode(), MAP)
    assert urls(found, "news sitemap") == [SITE + name for name in news]
    assert urls(found, "sitemap") == [SITE + name for name in articles]
    assert (found.kind, found.found[0].hint) == ("sitemap index", {"modified": "2026-11-12"})


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.replace(
            "http://www.sitemaps.org/schemas/sitemap/0.9", "http://www.google.com/schemas/sitemap/0.84"
        ),
        lambda text: text.replace(NAMESPACES, 'xmlns:news="x"'),
        lambda text: text.replace("<url>", "<s:url>").replace("</url>", "</s:url>").replace(NAMESPACES, 'xmlns:s="x"'),
        lambda text: "\n\n " + text,
        lambda text: "\ufeff" + text,
        lambda text: text.replace("?a=1&amp;b=2", "?a=1&b=2"),
        lambda text: text.replace("<loc>", "<loc>\n<![CDATA[").replace("</loc>", "]]>\n</loc>"),
        lambda text: text.replace("<loc>", "\x0b<loc>"),
        lambda text: text.replace("<lastmod>", "<lastmod>&nbsp;"),
        lambda text: text.replace("<urlset", "<!DOCTYPE urlset SYSTEM 'http://127.0.0.1:9/x.dtd'><urlset"),
    ],
)
def test_usual_mistake_in_a_sitemap_is_tolerated(spoil):
    """Wrong or no namespace, a prefix, white space before the declaration, loose ampersands, forbidden characters."""
    good = urlset(f"<loc>{STORY}?a=1&amp;b=2</loc><lastmod>2026-11-12</lastmod>").decode()
    found = read_sitemap(spoil(good).encode(), MAP)
    assert urls(found) == [STORY + "?a=1&b=2"]
    assert found.problem is None


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "iso-8859-1"])
def test_encoding_follows_byte_order_mark_or_declaration(encoding):
    """By byte order mark, else by the declaration."""
    text = urlset(f"<loc>{STORY}café</loc>").decode().replace("UTF-8", encoding.removesuffix("-sig"))
    assert urls(read_sitemap(text.encode(encoding), MAP)) == [STORY + "caf%C3%A9"]


def test_damage_in_a_sitemap_costs_what_follows():
    """Half an address is another address: only entries that were closed count."""
    whole = urlset(*(f"<loc>{STORY}{n}</loc>" for n in range(5000)))
    torn = read_sitemap(whole[: whole.index(b"crane/3000") + 9], MAP)
    assert urls(torn) == [f"{STORY}{n}" for n in range(3000)]
    assert torn.problem is not None
    assert torn.problem.startswith("malformed")
    packed = read_sitemap(gzip.compress(whole)[:2000], MAP)
    assert 0 < len(packed.found) < 5000
    assert packed.problem == "truncated gzip: its end is missing"
    assert set(urls(packed)) < set(urls(read_sitemap(whole, MAP)))


@pytest.mark.slow
def test_gzip_sitemap_is_read_up_to_the_limit():
    """sitemaps.org: 50 MiB uncompressed. It is recognised by its first bytes; several members are one file (RFC 1952,
    2.2)."""
    plain = urlset(f"<loc>{STORY}</loc>")
    packed = gzip.compress(plain[:50]) + gzip.compress(plain[50:])
    assert urls(read_sitemap(packed, MAP)) == [STORY]
    bomb = gzip.compress(plain[:-9] + b" " * (120 << 20))
    began = time.process_time()
    found = read_sitemap(bomb, MAP)
    assert time.process_time() - began < 15
    assert urls(found) == [STORY]
    assert found.problem is not None
    assert "50 MiB" in found.problem


@pytest.mark.slow
def test_urls_after_the_first_50000_are_left():
    """sitemaps.org; a sitemap of just as many is whole."""
    entries = [f"<loc>{STORY}{n}</loc>" for n in range(50_001)]
    assert read_sitemap(urlset(*entries[:-1]), MAP).problem is None
    many = read_sitemap(urlset(*entries), MAP)
    assert len(many.found) == 50_000
    assert many.problem == "more than 50000 URLs; the rest was skipped"


def test_entity_in_a_sitemap_is_text():
    """No bomb, no file, no network."""
    lol = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    for doctype in (
        f'<!DOCTYPE x [<!ENTITY l0 "ha">{lol}]>',
        '<!DOCTYPE x [<!ENTITY l9 SYSTEM "file:///etc/hostname">]>',
    ):
        text = f"<?xml version='1.0'?>{doctype}<urlset><url><loc>{STORY}&l9;x</loc></url></urlset>"
        began = time.process_time()
        found = read_sitemap(text.encode(), MAP)
        assert time.process_time() - began < 3
        assert urls(found) == [STORY + "&l9;x"]


def test_plain_text_and_feeds_are_read_as_sitemaps():
    """sitemaps.org allows both."""
    text = f"\ufeff{STORY}\r\n\r\nhttps://paper.example/login\r\n{STORY}\r\nnot a line\r\n"
    found = read_sitemap(text.encode(), "https://paper.example/sitemap.txt")
    assert (urls(found), found.kind, found.problem) == ([STORY], "sitemap", None)
    feed = read_sitemap(RSS.encode(), FEED)
    assert (len(feed.found), feed.kind) == (3, "feed")


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "empty"),
        (b"<!DOCTYPE html><html><body>404</body></html>", "HTML"),
        (b"Not found", "not a sitemap"),
        (b"\x00\x01\xff", "not a sitemap"),
        (b"\x1f\x8b\x08 not really", "damaged gzip"),
        (b"<urlset/>", "names no URL"),
    ],
)
def test_response_that_is_no_sitemap_is_a_problem(body, why):
    """Not an exception, whatever is served in a sitemap's place."""
    found = read_sitemap(body, MAP)
    assert found.found == ()
    assert why in (found.problem or "")


def test_sitemap_of_empty_entries_is_no_problem():
    """It is a sitemap, though it names nothing."""
    found = read_sitemap(b"<urlset><url></url></urlset>", MAP)
    assert (found.found, found.problem) == ((), None)


# --- pages

PAGE = """<!DOCTYPE html><html lang="en-GB"><head><title>The Paper | News from here</title><base href="/root/">
<meta property="og:site_name" content="The Paper">
<link rel="alternate" type="application/rss+xml" title="News" href="/feed.xml">
<link rel="ALTERNATE home" type="application/atom+xml; charset=utf-8" href="atom.xml">
<link rel="alternate" type="application/rss+xml" title="The Paper » Comments Feed" href="/comments/feed/">
<link rel="alternate" hreflang="de" type="text/html" href="/de/"></head><body>
<header><nav><a href="/politics/">Politics</a><a href="/world/europe/">Europe</a><a href="/sport/">Sport</a>
<a href="/login">Log in</a><a href="/tag/ferry/">Ferry</a><a href="https://other.example/news/">Elsewhere</a>
</nav></header>
<main><a href="/2026/11/12/crane/"><img src="/x.jpg"></a>
<a href="/2026/11/12/crane/#c">Crane closed for good this time</a>
<a href="story-of-the-old-pier.html" rel="nofollow">Pier</a> <a href="/xq7">Council agrees to repair the old bridge</a>
<a href="/politics/page/2/">Next</a><a href="/calendar/2026/11/">Calendar</a><a href="javascript:x()">x</a>
<a href="mailto:a@b.example">m</a><a href="#top">t</a><a href="">e</a><a href="http://[">b</a><a>n</a>
<a href="/a.pdf">pdf</a><a href="https://www.paper.example/2026/11/12/www/">w</a></main>
<footer><nav><a href="/standards/">Standards</a></nav><a href="/rss.xml">RSS</a></footer></body></html>"""


def test_page_gives_articles_sections_and_feeds_of_its_own_site():
    """base href is honoured, nofollow is followed, a headline makes an article, each address once."""
    found = read_links(PAGE.encode(), "https://www.paper.example/", "text/html; charset=utf-8")
    assert set(urls(found, "feed")) == {"https://www.paper.example/feed.xml", "https://www.paper.example/root/atom.xml"}
    assert set(urls(found, "article")) == {
        "https://www.paper.example/2026/11/12/crane/",
        "https://www.paper.example/root/story-of-the-old-pier.html",
        "https://www.paper.example/xq7",
        "https://www.paper.example/2026/11/12/www/",
    }
    assert {url.removeprefix("https://www.paper.example") for url in urls(found, "section")} == {
        "/politics/", "/world/europe/", "/sport/", "/politics/page/2/", "/standards/",
    }  # fmt: skip
    assert (found.kind, found.problem, found.title, found.language) == ("page", None, "The Paper", "en-GB")


def test_links_of_a_page_obey_the_patterns_of_the_source():
    """Also links that the shape would have left."""
    found = read_links(PAGE.encode(), "https://www.paper.example/", None, ["/tag/"], ["/crane/", "/sport/"])
    assert "https://www.paper.example/tag/ferry/" in urls(found, "article")
    assert not [url for url in urls(found) if "crane" in url or "sport" in url]


@pytest.mark.parametrize(
    "body", [b"", b"\x00\xff\xfe", b"plain text", b"<" * 50_000, b"<a href='" * 5000, b"<div>" * 5000]
)
def test_malformed_page_raises_nothing(body):
    """Pages come from strangers."""
    assert read_links(body, SITE).found == ()


def test_home_page_gives_feeds_sitemaps_and_sections():
    """Feeds of the head before those linked; sitemaps of robots.txt; sections of the menus but not of the foot."""
    robots = b"Sitemap: https://www.paper.example/news.xml\n"
    seeds = discover_seeds(PAGE.encode(), "https://www.paper.example/", robots)
    assert seeds.feeds == tuple(
        f"https://www.paper.example/{path}" for path in ("feed.xml", "root/atom.xml", "rss.xml")
    )
    assert seeds.sitemaps == ("https://www.paper.example/news.xml",)
    assert [url.removeprefix("https://www.paper.example") for url in seeds.sections] == [
        "/politics/", "/sport/", "/world/europe/",
    ]  # fmt: skip
    assert (seeds.title, seeds.language) == ("The Paper", "en-GB")
    assert discover_seeds(b"", SITE, b"").sections == ()


def test_number_of_seeds_is_bounded():
    """A mega menu has hundreds of entries."""
    menu = "".join(f'<a href="/s{n}/">S{n}</a>' for n in range(200))
    assert len(discover_seeds(f"<html><nav>{menu}</nav></html>".encode(), SITE, b"").sections) == 30


def test_discovery_results_can_be_pickled():
    """Readers run in worker processes."""
    for reader, body in ((read_feed, RSS), (read_sitemap, RSS), (read_links, PAGE)):
        found = pickle.loads(pickle.dumps(reader))(body.encode(), SITE, None)
        assert pickle.loads(pickle.dumps(found)) == found

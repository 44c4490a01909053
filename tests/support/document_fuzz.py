"""Make documents as a broken or hostile site would send them, from seeded randomness, and check what readers return.

Used by the tests for some hundred inputs, and by benchmarks/fuzz_discovery.py for as many as there is time for.
"""

from __future__ import annotations

import gzip
import pickle
import random
from collections.abc import Callable
from typing import Any

from crawler.discovery.feeds import read_feed
from crawler.discovery.links import read_links
from crawler.discovery.results import Discovery
from crawler.discovery.robots_txt import Robots
from crawler.discovery.seeds import Seeds, discover_seeds
from crawler.discovery.sitemaps import read_sitemap
from pipelines.core.urls import fetchable, url_key
from pipelines.extraction.page.meta_refresh import Refresh, refresh_of

URL = "https://paper.example/news/list"

RSS = b"""<?xml version="1.0" encoding="utf-8"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:georss="http://www.georss.org/georss" xmlns:gml="http://www.opengis.net/gml" xml:base="https://paper.example/x/"
 xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" xmlns:media="http://search.yahoo.com/mrss/"
 xmlns:psc="http://podlove.org/simple-chapters" xmlns:feedburner="http://rssnamespace.org/feedburner/ext/1.0"
 xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:geo="http://www.w3.org/2003/01/geo/wgs84_pos#">
<channel><title>Paper &amp; more</title><link>/</link><language>en</language><ttl>60</ttl>
<cloud domain="x" port="80"/><image><url>/i.png</url><width>1</width><height>2</height></image>
<item><title>Smile &#128522;</title><link>/2026/11/12/crane</link><pubDate>Thu, 12 Nov 2026 19:05:00 +0100</pubDate>
<guid isPermaLink="true">https://paper.example/1</guid><author>jo@paper.example (Jo)</author>
<georss:where><gml:Point srsName="urn:x:EPSG:4326"><gml:pos>45.2 -71.9</gml:pos></gml:Point></georss:where>
<enclosure url="/a.mp3" length="9" type="audio/mpeg"/><itunes:duration>1:02</itunes:duration><geo:lat>1</geo:lat>
<media:content url="/x" fileSize="1"/><psc:chapters version="1.2"><psc:chapter start="0:1.2" title="x"/></psc:chapters>
<content:encoded><![CDATA[<p>x</p>]]></content:encoded></item>
<item><feedburner:origLink>https://paper.example/o</feedburner:origLink><description>d &lt;b&gt;</description></item>
</channel></rss>"""
ATOM = b"""<?xml version='1.0'?><!DOCTYPE feed [<!ENTITY a "b">]>
<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de">
<title type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">T</div></title><link rel="self" href="/f"/>
<entry><title type="html">&lt;b&gt;x</title><link href="a"/><id>tag:x,2026:1</id><updated>2026-11-10T06:00:00Z</updated>
<author><name>Jo</name><email>j@x</email></author>
<content type="application/octet-stream">YQ==</content></entry></feed>"""
RDF = b"""<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
 xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>P</title></channel><item rdf:about="https://paper.example/a">
<link>https://paper.example/a</link><dc:date>2026-11</dc:date></item></rdf:RDF>"""
JSON = rb"""{"version": "https://jsonfeed.org/version/1.1", "title": "P \ud83d\ude0a", "language": "en", "items": [
{"id": "1", "url": "/a/one", "title": "One \ud83d", "date_published": "2026-11-12T10:00:00Z",
 "authors": [{"name": "J"}]},
{"id": "https://paper.example/a/two", "external_url": 5}, 7, null]}"""
URLSET = b"""<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"
 xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"><url><loc>https://paper.example/2026/11/12/pier</loc>
<lastmod>2026-11-12</lastmod><news:news><news:publication><news:name>P</news:name></news:publication>
<news:title>T &amp; t</news:title></news:news></url><url><loc>/article.php?id=77&amp;x=1</loc></url></urlset>
<sitemapindex><sitemap><loc>https://paper.example/news-sitemap.xml</loc></sitemap></sitemapindex>"""
ROBOTS = b"""User-agent: *\nCrawl-delay: 2.5\n\nUser-agent: Newsmorgue/1.0\nDisallow: /*.pdf$\nAllow: /a?b=*
Sitemap: /map.xml\nsitemap https://paper.example/2.xml # x\nDissallow: /caf\xc3\xa9\nHost: paper.example\n"""
PAGE = b"""<!DOCTYPE html><html lang="en"><head><title>P</title><base href="/root/">
<meta http-equiv=refresh content="0;url=/a"><link rel="alternate" type="application/rss+xml" href="/feed.xml">
<meta property="og:site_name" content="P"></head><body><nav><a href="/politics/">Politics</a></nav>
<a href="\\2026\\11\\12\\crane">Crane</a><a href="https:/paper.example/x">x</a><area href="mailto:a@b">
<a href="//other.example/2026/11/12/x">y</a><noscript><a href="?page=2">2</a></noscript></body></html>"""
SEEDS = (RSS, ATOM, RDF, JSON, URLSET, ROBOTS, PAGE)

TOKENS = (
    *(b"&#55357;&#56842;", b"&#55357;", b"&#x110000;", b"&#99999999999999999999;", b"&#0;"),
    *(b"&#x1F;", b"&nbsp;", b"&a;", b"&#"),
    *(b"<![CDATA[", b"]]>", b"<!--", b"-->"),
    *(b"<!DOCTYPE x [<!ENTITY a '", b"]>", b"<?xml version='1.0' encoding='utf-16'?>"),
    *(b"<gml:pos>1 2</gml:pos>", b" srsName='EPSG:none'", b" srsDimension='9'"),
    *(b"<gml:posList>1 x</gml:posList>", b"<gml:Polygon>"),
    *(b"<item>", b"</item>", b"<entry>", b"<urlset>", b"</urlset>"),
    *(b"<url><loc>", b"</loc></url>", b"<rss>", b"<channel>"),
    *(b" mode='base64'", b" type='application/octet-stream'", b" xml:base='http://['"),
    *(b" xml:lang='\xff'", b" href='http://[::1'"),
    *(b"http://exa mple.com/", b"https://", b"https:/", b"http://[bad/"),
    *(b"http://h:99999/", b"\\\\host\\x", b"///h/x", b"javascript:"),
    *(b"https://\xf0\x9f\x92\xa9.example/", b"https://xn--a/", b"https://\xe2\x80\x8d.example/", b"//"),
    *(b"?", b"#", b"%ff", b"%"),
    *(b"\x00", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"\xed\xa0\xbd"),
    *(b"\x1f\x8b\x08", b"\r", b"\x0b", b"\xe2\x80\xa8", b"\x85"),
    *(rb"\ud83d", rb"\u0000", b"1e999", b"-" * 9, b"9" * 5000),
    *(b"[" * 300, b'{"a":' * 300, b"<div>" * 300, b"null", b'"'),
    *(b"2024-12", b"2024-127", b"99 Foo 9999 99:99:99 +9999"),
    *(b"Fri,24 Nov 2023 18:28:36 -0000", b"0000-00-00", b"24:60:60 UTC+99"),
    *(b"User-agent:", b"Disallow: ", b"Disallow: " + b"*a" * 99),
    *(b"Crawl-delay: nan", b"Crawl-delay: 1e999", b"Sitemap: https://[x"),
    *(b"0;url=", b"99999999999;", b"<meta http-equiv=refresh content='0;url=http://['>"),
    *(b"<base href='http://['>", b"<noscript>"),
)  # fmt: skip


def document(rnd: random.Random) -> bytes:
    """Return a seed with some mutations."""
    body = rnd.choice(SEEDS)
    for _ in range(rnd.randint(1, 6)):
        body = rnd.choice(MUTATIONS)(body, rnd)
    return body[:200_000]


def _place(body: bytes, rnd: random.Random) -> tuple[int, int]:
    start = rnd.randint(0, len(body))
    return start, min(len(body), start + rnd.randint(0, 60))


def _insert(body: bytes, rnd: random.Random) -> bytes:
    at, _end = _place(body, rnd)
    return body[:at] + rnd.choice(TOKENS) + body[at:]


def _replace(body: bytes, rnd: random.Random) -> bytes:
    start, end = _place(body, rnd)
    return body[:start] + rnd.choice((*TOKENS, b"")) + body[end:]


def _fill_element(body: bytes, rnd: random.Random) -> bytes:
    """Put a token between two tags or quotes, where a value is parsed."""
    marks = [at for at in range(len(body)) if body[at : at + 1] in (b">", b'"', b"'", b":")]
    at = rnd.choice(marks) + 1 if marks else 0
    end = min((found for mark in (b"<", b'"', b"\n") if (found := body.find(mark, at)) > -1), default=len(body))
    return body[:at] + rnd.choice(TOKENS) + body[end:]


def _repeat(body: bytes, rnd: random.Random) -> bytes:
    start, end = _place(body, rnd)
    return body[:end] + body[start:end] * rnd.choice((1, 2, 50)) + body[end:]


def _splice(body: bytes, rnd: random.Random) -> bytes:
    other = rnd.choice(SEEDS)
    return body[: rnd.randint(0, len(body))] + other[rnd.randint(0, len(other)) :]


def _flip(body: bytes, rnd: random.Random) -> bytes:
    changed = bytearray(body)
    for _ in range(rnd.randint(1, 8)):
        if changed:
            changed[rnd.randrange(len(changed))] = rnd.randrange(256)
    return bytes(changed)


def _recode(body: bytes, rnd: random.Random) -> bytes:
    return body.decode("utf-8", "replace").encode(rnd.choice(("utf-16", "utf-16-be", "utf-32", "utf-8-sig")), "replace")


def _pack(body: bytes, rnd: random.Random) -> bytes:
    packed = gzip.compress(body, mtime=0)
    return rnd.choice((packed, packed + packed, packed[: rnd.randint(0, len(packed))]))


MUTATIONS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    *(_insert, _insert, _fill_element, _fill_element, _replace, _repeat, _splice, _flip, _recode, _pack),
)


def robots_of(body: bytes, url: str) -> Robots:
    return Robots.parse(200, body, "Newsmorgue", url)


def seeds_of(body: bytes, url: str) -> Seeds | Discovery:
    return discover_seeds(body, url, body)


READERS: tuple[Callable[[bytes, str], Any], ...] = (
    *(read_feed, read_sitemap, read_links, seeds_of, robots_of, refresh_of),
)


def check(result: Any) -> None:
    """Raise AssertionError unless a result is what its class promises, for whatever document."""
    assert pickle.loads(pickle.dumps(result)) is not None or result is None  # it crosses a process border
    urls: list[str] = []
    texts: list[str | None] = []
    if isinstance(result, Discovery):
        urls = [link.url for link in result.found]
        texts = [result.problem, result.kind, result.title, result.language]
        texts += [text for link in result.found for text in link.hint.values()]
        assert len({url_key(url) for url in urls}) == len(urls)
        assert all(some.number > 0 and some.why for some in result.left_out)
    elif isinstance(result, Seeds):
        urls, texts = [*result.feeds, *result.sitemaps, *result.sections], [result.title, result.language]
    elif isinstance(result, Robots):
        urls = list(result.sitemaps)
        assert result.allowed("https://paper.example/robots.txt")
        assert result.crawl_delay is None or result.crawl_delay >= 0
    elif isinstance(result, Refresh):
        urls = [result.url]
    else:
        assert result is None
    for url in urls:
        assert fetchable(url) == url
        assert url_key(url_key(url)) == url_key(url)
    for text in texts:
        assert text is None or text.encode("utf-8") is not None

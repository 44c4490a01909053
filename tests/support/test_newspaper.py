"""Our own newspaper: it is what its data files say, byte for byte, for every client."""

from __future__ import annotations

import gzip
import html
import http.client
import re
import signal
import socket
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree

import feedparser
import pytest

from tests.support.command import ROOT
from tests.support.newspaper import Paper, serve
from tests.support.newspaper.faults import FAULTS
from tests.support.newspaper.odd import REDIRECTS

MAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
NEWS = "{http://www.google.com/schemas/sitemap-news/0.9}"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


def get(paper: Paper, target: str, method: str = "GET", **headers: str) -> Answer:
    """Send one request; header names are written with underscores."""
    connection = http.client.HTTPConnection(paper.host, paper.port, timeout=5)
    connection.request(method, target, headers={name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, body)


def raw(paper: Paper, request: bytes) -> bytes:
    """Return every byte that the server sends until it closes the connection."""
    with socket.create_connection((paper.host, paper.port), timeout=5) as sock:
        sock.sendall(request)
        received = b""
        while data := sock.recv(65536):
            received += data
        return received


def squashed(words: str) -> str:
    """Words with single spaces, as a reader sees them."""
    return " ".join(words.split())


def visible(page: bytes) -> str:
    """Return a page's text without its tags."""
    return squashed(html.unescape(re.sub(r"<[^>]+>", "", page.decode())))


@pytest.fixture(scope="module")
def paper() -> Iterator[Paper]:
    """Serve one paper for all tests that only read."""
    with serve(stall=0.2) as paper:
        yield paper


def test_every_article_page_shows_its_truth(paper: Paper) -> None:
    """Each article answers 200 and holds each line of its text, its title, authors, bio and dates."""
    for truth in paper.truth.values():
        answer = get(paper, truth.path)
        assert answer.status == 200
        page = visible(answer.body)
        lines = [
            *truth.paragraphs,
            truth.title,
            *truth.authors,
            truth.bio,
            *(c for row in truth.table for c in row),
        ]
        assert [line for line in lines if squashed(line) not in page] == [], truth.url
        assert f'"{truth.published}"' in answer.body.decode()
        assert not truth.modified or f'"{truth.modified}"' in answer.body.decode()
        assert f'<link rel="canonical" href="{truth.url}"' in answer.body.decode()


def test_truth_has_no_boilerplate(paper: Paper) -> None:
    """Forms, newsletters and comments are on the pages, and never in the text."""
    leave = "Your email address will not be published. Required fields are marked *"
    for truth in paper.truth.values():
        assert leave not in truth.text
        assert "This site uses Akismet" not in truth.text
        assert "Originally published at" not in truth.text
        assert not truth.bio or truth.bio not in truth.text
    seed = next(t for t in paper.truth.values() if t.syndicated)
    page = visible(get(paper, seed.path).body)
    for words in (
        leave,
        "ISSN 2330-717X",
        "By Joshua Kinsale",
        "Leave a Reply",
        "Click here to have The Gazette",
        f"Originally published at Inland Observer. {seed.syndicated[1]}",
        seed.bio,
    ):
        assert words in page


def test_paper_is_large_and_varied_enough(paper: Paper) -> None:
    """At least 64 articles, in the promised languages, both designs, and of every kind."""
    truths = paper.truth.values()
    count = {language: sum(t.language == language for t in truths) for language in {t.language for t in truths}}
    assert len(truths) >= 64
    assert count["en"] >= 40
    assert count["de"] >= 8
    assert count["fr"] >= 8
    assert count["es"] >= 4
    assert {"ja", "uk", "ar"} <= set(count)
    assert {t.design for t in truths} == {"old", "new"}
    assert {t.kind for t in truths} == {
        "article",
        "opinion",
        "live",
        "agency",
        "syndicated",
        "interview",
        "review",
    }
    assert any(len(t.authors) == 2 for t in truths)
    assert any(t.table for t in truths)
    assert any(unicodedata.normalize("NFC", t.text) != t.text for t in truths)
    assert all(len(t.paragraphs) >= 4 for t in truths)


def test_feeds_parse_and_the_malformed_one_yields_its_entries(paper: Paper) -> None:
    """RSS and Atom are well-formed; the culture desk's feed is not and is readable all the same."""
    known = set(paper.truth)
    for target, count, broken in (
        ("/feed.xml", 20, False),
        ("/de/feed.atom", 9, False),
        ("/culture/feed.xml", 9, True),
    ):
        feed = feedparser.parse(get(paper, target).body)
        assert bool(feed.bozo) is broken, target
        assert len(feed.entries) == count, target
        assert {entry.link.partition("?")[0] for entry in feed.entries} <= known
        assert all(entry.published_parsed for entry in feed.entries)


def test_sitemaps_list_every_article_exactly_once(paper: Paper) -> None:
    """The index leads to sitemaps, one of them a gzip file, that together name each article once."""
    index = ElementTree.fromstring(get(paper, "/sitemap_index.xml").body)
    found = []
    for loc in index.iter(f"{MAP}loc"):
        body = get(paper, urlsplit(loc.text).path).body
        body = gzip.decompress(body) if loc.text.endswith(".gz") else body
        found += [entry.text for entry in ElementTree.fromstring(body).iter(f"{MAP}loc")]
    assert sorted(found) == sorted(paper.truth)


def test_news_sitemap_has_titles_dates_and_languages(paper: Paper) -> None:
    """Thirty articles, each with what Google News asks for, as their truth has it."""
    urls = list(ElementTree.fromstring(get(paper, "/news-sitemap.xml").body).iter(f"{MAP}url"))
    assert len(urls) == 30
    for url in urls:
        truth = paper.truth[url.findtext(f"{MAP}loc")]
        assert url.findtext(f".//{NEWS}title") == truth.title
        assert url.findtext(f".//{NEWS}language") == truth.language
        assert url.findtext(f".//{NEWS}publication_date").startswith(truth.published)


@pytest.mark.parametrize(
    "target",
    [
        "/feed.xml",
        "/news-sitemap.xml",
        "/sitemap-2019-2022.xml.gz",
        "/robots.txt",
        "/2019/05/crane-that-came-home/",
    ],
)
@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_unchanged_resource_is_answered_with_304(paper: Paper, target: str, coding: str) -> None:
    """To If-None-Match and If-Modified-Since, without a body."""
    first = get(paper, target, Accept_Encoding=coding)
    for condition in (
        {"If_None_Match": first.headers["etag"]},
        {"If_Modified_Since": first.headers["last-modified"]},
    ):
        again = get(paper, target, Accept_Encoding=coding, **condition)
        assert (again.status, again.body) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
    assert get(paper, target, If_None_Match='"other"').status == 200


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "/feed.xml",
        "/nope",
        "/politics/2025/02/26/budget-night-live/",
        "/odd/noise.html",
        "/faults/odd-headers",
        "/faults/truncated",
    ],
)
def test_journal_holds_what_the_client_received(paper: Paper, target: str) -> None:
    """Byte for byte: request and response, chunked or broken."""
    host = f"Host: {paper.host}:{paper.port}"
    request = f"GET {target} HTTP/1.1\r\n{host}\r\nX-cAsE: kept\r\nConnection: close\r\n\r\n"
    received = raw(paper, request.encode())
    entry = paper.journal[-1]
    assert entry.response == received
    assert entry.request == request.encode()
    assert (entry.method, entry.target) == ("GET", target)
    assert f" {entry.status} ".encode() in received.split(b"\r\n")[0]


def test_connection_is_kept_alive_and_numbered(paper: Paper) -> None:
    """Two requests on one connection carry one connection number; another connection another."""
    connection = http.client.HTTPConnection(paper.host, paper.port, timeout=5)
    for _ in range(2):
        connection.request("GET", "/")
        connection.getresponse().read()
    first, second = paper.journal[-2:]
    connection.close()
    get(paper, "/about/")
    assert first.connection == second.connection != paper.journal[-1].connection


def test_head_is_answered_as_get_without_the_body(paper: Paper) -> None:
    """Same status and headers."""
    for target in ("/2019/05/crane-that-came-home/", "/feed.xml", "/nope"):
        page, head = get(paper, target), get(paper, target, "HEAD")
        assert head.body == b""
        assert (head.status, head.headers) == (page.status, page.headers)


def test_compressed_answer_is_the_same_page_and_the_same_bytes(paper: Paper) -> None:
    """It decodes to the plain one and does not change from one request to the next."""
    target = "/2019/05/crane-that-came-home/"
    zipped = get(paper, target, Accept_Encoding="gzip")
    assert zipped.headers["content-encoding"] == "gzip"
    assert gzip.decompress(zipped.body) == get(paper, target).body
    assert zipped == get(paper, target, Accept_Encoding="gzip")


def test_two_papers_send_the_same_bytes() -> None:
    """Nothing on a page depends on the clock or the process; the address alone differs."""
    lists = ["/", "/feed.xml", "/sitemap_index.xml", "/politics/page/2/"]

    def printed(paper: Paper) -> list[bytes]:
        for target in (*lists, *(t.path for t in paper.truth.values())):
            get(paper, target)
        return [entry.response.replace(str(paper.port).encode(), b"PORT") for entry in paper.journal]

    with serve() as one, serve() as two:
        assert printed(one) == printed(two)


def test_published_article_appears_in_feed_sitemap_and_section() -> None:
    """It was 404 before; the ETags of the lists change."""
    lists = ("/feed.xml", "/news-sitemap.xml", "/sitemap-2026.xml")
    with serve() as paper:
        before = {target: get(paper, target).headers["etag"] for target in lists}
        known = set(paper.truth)
        fresh = paper.publish()
        assert set(paper.truth) - known == {fresh.url}
        assert get(paper, fresh.path).status == 200
        assert fresh.path in get(paper, f"/{fresh.section}/").body.decode()
        for target in lists:
            after = get(paper, target, If_None_Match=before[target])
            assert after.status == 200
            assert fresh.url in after.body.decode()
        with pytest.raises(LookupError):
            paper.publish()
    with serve() as paper:
        assert get(paper, fresh.path).status == 404


def test_corrected_article_has_new_text_date_etag_and_note() -> None:
    """Its address stays."""
    with serve() as paper:
        before = dict(paper.truth)
        after = paper.correct()
        old = before[after.url]
        with_note = get(paper, after.path)
        assert after.text != old.text
        assert after.published == old.published
        assert after.modified > old.modified
        assert paper.truth[after.url] == after
        assert "correction-note" in with_note.body.decode()
        assert all(squashed(line) in visible(with_note.body) for line in after.paragraphs)
        assert after.modified in get(paper, "/sitemap-2026.xml").body.decode()
    with serve() as paper:
        assert get(paper, after.path, If_None_Match=with_note.headers["etag"]).status == 200


def test_every_link_leads_somewhere(paper: Paper) -> None:
    """All links of the home page and of one page of each design answer 200 or redirect."""
    pages = [
        "/",
        "/2019/05/crane-that-came-home/",
        "/economy/2026/10/20/ferry-fares-to-rise/",
        "/odd/index.html",
    ]
    targets = set()
    for page in pages:
        for href in re.findall(r'href="([^"]+)"', get(paper, page).body.decode()):
            parts = urlsplit(html.unescape(href))
            if parts.netloc in ("", f"{paper.host}:{paper.port}") and parts.scheme in ("", "http") and parts.path:
                targets.add(parts._replace(scheme="", netloc="", fragment="").geturl())
    with ThreadPoolExecutor(8) as pool:
        answers = dict(zip(targets, pool.map(lambda target: get(paper, target).status, targets), strict=True))
    assert {target: status for target, status in answers.items() if status not in (200, 301, 302, 308)} == {}


def test_all_spellings_of_a_url_give_the_same_page(paper: Paper) -> None:
    """Tracking parameters, encoded letters, dot segments and lower-case escapes."""
    path = "/economy/2026/10/20/ferry-fares-to-rise/"
    plain = get(paper, path).body
    for spelling in (path + "?utm_source=feed", "/%65conomy" + path[8:], "/culture/.." + path):
        assert get(paper, spelling).body == plain
    cyrillic = next(t.path for t in paper.truth.values() if t.language == "uk" and "%" in t.path)
    assert get(paper, cyrillic.lower()).status == get(paper, cyrillic).status == 200


def test_redirects_lead_to_their_targets(paper: Paper) -> None:
    """One step, two steps, a circle, and another host name."""
    for path, (target, status) in REDIRECTS.items():
        answer = get(paper, path)
        assert answer.status == status
        assert answer.headers["location"] == (paper.url + "/feed.xml" if path == "/rss" else target)
    assert get(paper, "/elsewhere").headers["location"] == f"http://localhost:{paper.port}/about/"
    assert get(paper, REDIRECTS["/2019/05/old-slug.html"][0]).status == 200


def test_links_have_the_host_that_the_client_used(paper: Paper) -> None:
    """Through another name or port the links carry it; the paper's other name still says the proper one."""
    assert b"http://news.test:81/feed.xml" in get(paper, "/", Host="news.test:81").body
    assert f"{paper.url}/feed.xml".encode() in get(paper, "/", Host=f"localhost:{paper.port}").body


def test_robots_txt_and_traps_are_served(paper: Paper) -> None:
    """robots.txt names what is off limits; the calendar has no end; sections have pages."""
    robots = get(paper, "/robots.txt").body.decode()
    assert "Disallow: /private/" in robots
    assert "Crawl-delay" not in robots
    assert 'href="/calendar/2026/12/"' in get(paper, "/calendar/2026/11/").body.decode()
    assert get(paper, "/calendar/3500/01/").status == 200
    assert get(paper, "/politics/page/2/").status == 200
    assert get(paper, "/politics/page/99/").status == 404
    with serve(crawl_delay=0.02, faults=True) as strict:
        assert "Crawl-delay: 0.02\n" in get(strict, "/robots.txt").body.decode()
        assert "/faults/index.html" in get(strict, "/").body.decode()
    assert "/faults/" not in get(paper, "/").body.decode()


def test_amp_twin_and_its_article_link_to_each_other(paper: Paper) -> None:
    """rel=amphtml on the article, rel=canonical on the twin."""
    truth = next(t for t in paper.truth.values() if t.section == "sport" and t.design == "new")
    assert f'rel="amphtml" href="{paper.url}/amp{truth.path}"' in get(paper, truth.path).body.decode()
    assert f'rel="canonical" href="{truth.url}"' in get(paper, "/amp" + truth.path).body.decode()


def test_odd_pages_have_their_oddity(paper: Paper) -> None:
    """Each answers 200; the ones that can be read hold what they are said to hold, in some encoding."""
    for url, odd in paper.odd.items():
        answer = get(paper, urlsplit(url).path)
        assert answer.status == 200
        for line in (odd.text or "").split("\n"):
            assert any(html.escape(line).encode(coding, "replace") in answer.body for coding in ("utf-8", "cp1252"))
    assert get(paper, "/odd/empty.html").body == b""
    with pytest.raises(UnicodeDecodeError):
        get(paper, "/odd/windows-1252.html").body.decode()


@pytest.mark.slow
def test_faults_have_the_bytes_of_their_name(paper: Paper) -> None:
    """The paper answers on afterwards."""
    sent = {}
    for path in FAULTS:
        if path != "/faults/reset":
            sent[path] = raw(paper, f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    assert sent["/faults/500"].startswith(b"HTTP/1.1 500 ")
    assert b"Retry-After: 1\r\n" in sent["/faults/503-retry-after"]
    assert get(paper, "/faults/503-retry-after").status == 200
    assert len(sent["/faults/huge"]) > 25 * 1024 * 1024
    assert len(sent["/faults/bomb"]) < 1024 * 1024
    assert len(gzip.decompress(sent["/faults/bomb"].partition(b"\r\n\r\n")[2])) > 100 * 1024 * 1024
    assert sent["/faults/empty-reply"] == b""
    assert b"\r" not in sent["/faults/lf-only"]
    with pytest.raises(ConnectionResetError):
        raw(paper, b"GET /faults/reset HTTP/1.1\r\nHost: x\r\n\r\n")
    with pytest.raises(http.client.IncompleteRead):
        get(paper, "/faults/truncated")
    assert get(paper, "/").status == 200


def test_vanished_client_does_not_stop_the_paper(paper: Paper) -> None:
    """A client that leaves in the middle of 25 MB or of a request, or sends nonsense."""
    for request in (
        b"GET /faults/huge HTTP/1.1\r\n\r\n",
        b"GET / HT",
        b"\x00\x01\r\n\r\n",
        b"POST / HTTP/1.1\r\n\r\n",
    ):
        with socket.create_connection((paper.host, paper.port)) as sock:
            sock.sendall(request)
    assert raw(paper, b"\x00\x01\r\n\r\n").startswith(b"HTTP/1.1 400 ")
    assert get(paper, "/").status == 200


def test_program_serves_until_sigterm(tmp_path: Path) -> None:
    """It prints its address on one line, writes the port file, and leaves with 0."""
    port_file = tmp_path / "port"
    command = [sys.executable, "-m", "tests.support.newspaper", "--port-file", str(port_file)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        url = process.stdout.readline().strip()
        assert url == f"http://127.0.0.1:{port_file.read_text().strip()}"
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 0

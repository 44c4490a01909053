"""Test the view and the replay of an archive that attacks its readers: nothing runs, nothing leaves, all stays up."""

from __future__ import annotations

import hashlib
import io
import json
import re
import threading
import time
import xml.etree.ElementTree as ET
from urllib.parse import urlsplit

import pytest

from exports.web.replay import prepared
from pipelines.core.terminal import UNSAFE_CHARACTERS
from tests.support.browser import profile
from tests.support.command import morgue, rows
from tests.support.hostile_archive import NAMES, build
from tests.support.hostile_server import HostileServer, Reply
from tests.support.silent_listener import silent_listener
from tests.support.web_apps import web_apps
from tests.support.web_view import viewing

pytestmark = pytest.mark.slow

SAID_BY_CHROMIUM = re.compile(
    "Failed to load resource: the server responded with a status of 4|Blocked autofocusing|Refused to apply style|"
    ".*Content Security Policy"
)


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """Build it once."""
    return build(tmp_path_factory.mktemp("hostile") / "archive", sizes=("cells", "attributes"))


@pytest.fixture(scope="module")
def view(archive):
    """Serve it."""
    with viewing(archive) as view:
        yield view


@pytest.fixture(scope="module")
def evil():
    """Listen at the address of the attacker, who must never be asked."""
    with silent_listener() as evil:
        yield evil


@pytest.fixture(scope="module")
def window(evil, tmp_path_factory):
    """Start a browser that finds the attacker by name."""
    folder = tmp_path_factory.mktemp("profile")
    with profile(folder, f"--host-resolver-rules=MAP evil.example 127.0.0.1:{evil.port}") as opened:
        yield opened


@pytest.fixture
def watched(window, evil):
    """Open a page and note what happens; at the end, nothing may have run, and nobody else may have been asked."""
    page = window.new_page()
    happened, asked = [], set()
    page.on("dialog", lambda dialog: (happened.append("dialog"), dialog.dismiss()))
    page.on("download", lambda _: happened.append("download"))
    page.on("popup", lambda _: happened.append("popup"))
    page.on("pageerror", lambda error: happened.append(str(error)))
    page.on("console", lambda said: SAID_BY_CHROMIUM.match(said.text) or happened.append(said.text))
    page.on("request", lambda request: asked.add(request.url))
    yield page
    page.wait_for_timeout(300)
    page.close()
    assert evil.met == []
    assert happened == []
    assert {urlsplit(url).hostname for url in asked if not url.startswith("data:")} == {"127.0.0.1"}
    assert len({urlsplit(url).netloc for url in asked if not url.startswith("data:")}) <= 2
    assert window.cookies() == []


def test_attacker_would_be_heard(tmp_path):
    """The tests below could fail: a connection made ahead is one that the listener keeps."""
    markup = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 99\r\n\r\n"
    markup += b"<link rel=preconnect href='http://evil.example/'>".ljust(99)
    with silent_listener() as evil, HostileServer({"/": Reply(markup)}) as server:
        with profile(tmp_path, f"--host-resolver-rules=MAP evil.example 127.0.0.1:{evil.port}") as window:
            page = window.new_page()
            page.goto(server.url("/"))
            page.wait_for_timeout(500)
        assert evil.met


def captured(archive, part=""):
    """Return the addresses whose captures have an answer."""
    sql = "SELECT DISTINCT url FROM captures WHERE status IS NOT NULL AND url LIKE 'http://127.%' AND url LIKE ?"
    return [url for (url,) in rows(archive, sql, f"%{part}%") if "attributes" not in url]


def test_captured_pages_run_nothing_and_ask_nobody(watched, archive, view):
    """Every page, picture and script. Every fourth is in a frame below its banner, the others only have the policy."""
    urls = captured(archive)
    assert len(urls) > 60
    path = urlsplit(view.get(f"/replay/2026/{urls[0]}").headers["location"]).path
    captured_origin = view.frame_of(path).partition("/page/")[0]
    for at, url in enumerate(urls):
        in_banner = at % 4 == 0
        origin, place = (view.url, "replay") if in_banner else (captured_origin, "page")
        answer = watched.goto(f"{origin}/{place}/2026/{url}")
        assert answer.status < 500, url
        watched.wait_for_timeout(60)
        assert watched.title() != "CANARY", url
        assert watched.url.startswith(origin), url
        for frame in watched.frames:
            assert frame.title() != "CANARY", url


@pytest.mark.parametrize("name", ["body/links", "body/animated-links", "body/mathml", "evil.svg", "body/handlers"])
def test_clicks_lead_nowhere_but_into_the_archive(watched, archive, view, name):
    """Also those on links that a picture changes, or that are written in another way."""
    (url,) = captured(archive, name)
    address = f"{view.url}/replay/2026/{url}"
    watched.goto(address)
    links = watched.frame_locator("iframe").locator("a, text, mi, img, svg")
    for number in range(min(links.count(), 15)):
        if links.nth(number).is_visible():
            links.nth(number).click(force=True, no_wait_after=True, position={"x": 1, "y": 1}, timeout=1000)
        watched.wait_for_timeout(150)
        assert watched.url.startswith(view.url)
        if watched.url != address:
            watched.goto(address)


def test_rows_that_no_crawl_writes_are_text(watched, archive, view):
    """Markup, escape codes and templates in every field of the view's own pages."""
    numbers = range(1, len(NAMES) + 9)
    paths = ["/", "/search?q=lamp", "/search?q=%3Cscript%3Ealert(1)%3C/script%3E", "/edits", "/counts?by=section"]
    paths += ["/health", "/counts?q=%22%3E%3Cscript%3E", "/search?source=%3Cscript%3E", "/%3Cscript%3E"]
    paths += [*(f"/article/{number}" for number in numbers), *(f"/article/{number}/compare" for number in numbers[:8])]
    for path in paths:
        watched.goto(view.url + path)
        assert watched.title() != "CANARY", path
        assert watched.locator("script, [onerror], iframe, img, base, meta[http-equiv]").count() == 0, path
        assert watched.locator("a[href^='javascript:' i], a[href^='data:' i], a[href^='//']").count() == 0, path


def test_pages_show_no_character_that_misleads(archive, view):
    """Escape codes, changes of direction and marks of our own are gone."""
    for path in ("/", "/search?sort=newest", *(f"/article/{number}" for number in range(1, len(NAMES) + 1))):
        found = set(UNSAFE_CHARACTERS.findall(view.get(path).text)) - {"\n"}
        assert found == set(), path


FEEDS = ("/search.atom", "/search.atom?q=lamp%00%1b", "/edits.atom", "/health.atom", "/search.atom?q=%22%3E%3C!--")


@pytest.mark.parametrize("path", FEEDS)
def test_feed_of_hostile_rows_is_xml(view, path):
    """XML 1.0 has no place for most control characters."""
    answer = view.get(path)
    assert answer.status in (200, 400)
    if answer.status == 200:
        ET.fromstring(answer.body)


def test_json_of_hostile_rows(archive, view):
    """It has what the rows have, escaped."""
    for number, text in enumerate(NAMES.values(), 1):
        assert view.get(f"/article/{number}.json").json()["title"] == text
    for path in ("/search.json", "/edits.json", "/counts.json?by=author", "/health.json"):
        answer = view.get(path)
        assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
        json.loads(answer.text)


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_export_of_hostile_rows_is_that_of_the_command(archive, view, form, tmp_path):
    """Byte for byte."""
    out = tmp_path / f"all.{form}"
    morgue("-C", archive, "export", form, out)
    assert view.get(f"/export/articles.{form}").body == out.read_bytes()


def test_links_of_hostile_addresses_are_well_formed(archive, view):
    """RFC 8288: what an address has of `>`, quotes and line feeds is escaped; nothing becomes a header."""
    addresses = [url for (url,) in rows(archive, "SELECT url FROM captures WHERE url NOT LIKE 'http://127.%'")]
    assert len(addresses) > 6
    link = re.compile(r'<[^<>\s"]+>(?:; (?:rel|type|datetime|from|until)="[^"\n]*")+')
    known = {"content-length", "content-type", "date", "content-security-policy", "x-content-type-options", "location",
             "x-frame-options", "referrer-policy", "cross-origin-opener-policy", "cross-origin-resource-policy",
             "cache-control", "link", "vary", "memento-datetime"}  # fmt: skip
    for url in [*addresses, *captured(archive)[:5]]:
        asked = re.sub(r"[^\x21-\x7e]", lambda found: f"%{ord(found[0]):02X}", url)[:7000]
        for place in ("timemap/link", "timegate", "replay/2026"):
            answer = view.get(f"/{place}/{asked}")
            assert answer.status in (200, 302, 400, 404), url
            assert set(answer.headers) <= known, url
            if place == "timemap/link" and answer.status == 200:
                assert all(link.fullmatch(line) for line in answer.text.rstrip("\n").split(",\n")), url
            for one in filter(None, answer.headers.get("link", "").split(", <")):
                assert link.fullmatch("<" + one.removeprefix("<")), url


def test_headers_of_a_capture_are_not_passed_on(archive, view):
    """Set-Cookie, Refresh, Link, Clear-Site-Data and the page's own policy stay in the WARC record."""
    (url,) = captured(archive, "headers.html")
    path = urlsplit(view.get(f"/replay/2026/{url}").headers["location"]).path
    answer = view.get(view.frame_of(path))
    assert set(answer.headers) == {
        "content-type", "content-length", "date", "content-security-policy", "x-content-type-options", "link",
        "referrer-policy", "cache-control", "cross-origin-resource-policy", "memento-datetime", "etag",
    }  # fmt: skip
    assert answer.headers["link"].split(", ") == [
        f'<{url}>; rel="original"', f'<{view.url}/timegate/{url}>; rel="timegate"',
        f'<{view.url}/timemap/link/{url}>; rel="timemap"; type="application/link-format"',
    ]  # fmt: skip
    assert "evil" not in str(answer.headers)
    assert "unsafe-inline'" in answer.headers["content-security-policy"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_page_that_takes_too_long_holds_nobody_up(archive, monkeypatch):
    """A hundred thousand attributes take a parser minutes. It is given up, and the view answers meanwhile."""
    monkeypatch.setattr(prepared, "MAX_SECONDS", 1.5)
    with web_apps(archive) as view:
        answers, longest = asked_beside_a_slow_page(archive, view)
    assert answers[0].status == 503
    assert "timed out" in answers[0].text
    assert longest < 3


def asked_beside_a_slow_page(archive, view):
    """Return the answer for the page, in a list, and the longest time that a search took meanwhile."""
    (url,) = (one for (one,) in rows(archive, "SELECT url FROM captures WHERE url LIKE '%attributes%'"))
    path = urlsplit(view.get(f"/replay/2026/{url}").headers["location"]).path
    frame, answers = view.frame_of(path), []
    reader = threading.Thread(target=lambda: answers.append(view.get(frame)))
    reader.start()
    longest = 0.0
    while reader.is_alive():
        begin = time.monotonic()
        assert view.get("/search?q=lamp").status == 200
        longest = max(longest, time.monotonic() - begin)
        time.sleep(0.1)
    return answers, longest


def test_archive_is_not_written_to(archive):
    """Neither its database, with what lies beside it, nor its WARC files."""

    def state():
        return {
            str(path): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
            for path in sorted(archive.rglob("*")) if path.is_file()
        }  # fmt: skip

    before = state()
    with viewing(archive) as view:
        for path in (
            "/",
            "/search?q=lamp",
            "/article/1",
            "/edits",
            "/health",
            "/export/articles.jsonl",
            "/counts?by=day",
        ):
            assert view.get(path).status == 200
        assert view.get("/capture/1.warc.gz").status == 200
        kept = {path: one for path, one in state().items() if not path.endswith(("-shm", "-wal"))}
        assert kept == {path: one for path, one in before.items() if not path.endswith(("-shm", "-wal"))}
    assert state() == before


def test_parquet_of_hostile_rows(view):
    """It is a file that another program reads."""
    parquet = pytest.importorskip("pyarrow.parquet")
    table = parquet.read_table(io.BytesIO(view.get("/export/articles.parquet").body))
    assert set(NAMES.values()) - {""} <= set(table.column("title").to_pylist())

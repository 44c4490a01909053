"""Test where captures are: permalinks, TimeMap, TimeGate, and what links of both origins say (RFC 7089)."""

from __future__ import annotations

import re
from html import unescape

import pytest

from exports.web.memento import nearest, permalinks, time_of
from exports.web.rendering import in_path
from pipelines.core.errors import QueryError
from tests.support.command import make_archive, morgue
from tests.support.foreign import answer, gz, page, record
from tests.support.styled_paper import RED, png
from tests.support.web_apps import web_apps

HOST = "paper.example"
HTML = b"Content-Type: text/html; charset=utf-8"
SECOND = "2026-11-02T09:00:00"
STAMP = "20261102090000"
MOVED = b"HTTP/1.1 301 Moved Permanently"
ODD = {
    "https://paper.example/der-weg-nach-köln": page(11),
    "https://paper.example/weg?a=1&b=ü": page(12),
    "https://paper.example/ein weg ins freie": page(13),
    "https://paper.example/weg#absatz2": page(14),
    "https://paper.example/weg/k%C3%B6ln/ü": page(15),
    "https://paper.example/way//home/../x": page(16),
    "https://paper.example/hundert%25-prozent": page(17),
    "https://paper.example/a.json?id=7;x=%zz": page(18),
}


def moved(url, place, fraction):
    block = answer(b"", b"Location: " + place.encode(), status=MOVED)
    return record("response", url, block, WARC_Date=f"{SECOND}.{fraction}Z", version=b"WARC/1.1")


def shown(url, body, date, *headers, status=b"HTTP/1.1 200 OK"):
    block = answer(body, *(headers or (HTML,)), status=status)
    return record("response", url, block, WARC_Date=date, version=b"WARC/1.1")


RECORDS = [
    moved(f"http://{HOST}/tale", f"https://{HOST}/tale", 200000),
    shown(f"https://{HOST}/tale", page(1), f"{SECOND}.400000Z"),
    shown(f"https://{HOST}/tale", page(2), "2026-11-05T09:00:00Z"),
    moved(f"https://{HOST}/cookie", f"https://{HOST}/cookie", 100000),
    shown(f"https://{HOST}/cookie", page(3), f"{SECOND}.300000Z"),
    shown(f"https://{HOST}/twice", page(4), f"{SECOND}.100000Z"),
    shown(f"https://{HOST}/twice", page(5), f"{SECOND}.700000Z"),
    moved(f"https://{HOST}/order?a=1&b=2", f"https://{HOST}/order?b=2&a=1", 200000),
    shown(f"https://{HOST}/order?b=2&a=1", page(6), f"{SECOND}.100000Z"),
    *(shown(url, body, f"{SECOND}Z") for url, body in ODD.items()),
    shown(f"https://{HOST}/p.png", png(RED), f"{SECOND}Z", b"Content-Type: image/png"),
]  # fmt: skip


@pytest.fixture(scope="module")
def web(tmp_path_factory):
    """Import the captures of another program, and put the applications together."""
    folder = tmp_path_factory.mktemp("memento")
    (folder / "theirs.warc.gz").write_bytes(gz(RECORDS))
    archive = make_archive(folder / "archive")
    done = morgue("-C", archive, "import", folder / "theirs.warc.gz")
    assert done.returncode == 0, done.stdout + done.stderr
    with web_apps(archive) as web:
        yield web


def headline(web, path):
    """Return the headline of the page that a permalink shows, after at most one redirect."""
    answered = web.get(path)
    if answered.status == 302:
        path = answered.headers["location"]
        answered = web.get(path)
    assert answered.status == 200, (path, answered.status)
    return re.search("<h1>Report number (\\d+)", web.get(web.frame_of(path)).text)[1]


@pytest.mark.parametrize(
    ("asked", "number"),
    [("http://paper.example/tale", "1"), ("https://paper.example/tale", "1"), ("https://paper.example/cookie", "3"),
     ("https://paper.example/order?a=1&b=2", "6"), ("https://paper.example/order?b=2&a=1", "6")],
)  # fmt: skip
def test_redirect_leads_to_the_page_of_the_same_second(web, asked, number):
    """Between addresses with one key, or to the same address with a cookie: never back to itself."""
    assert headline(web, f"/replay/{STAMP}/{asked}") == number


def test_way_from_capture_to_capture_passes_over_redirects(web):
    """They only lead back to where one comes from."""
    first = web.get(f"/replay/{STAMP}/https://{HOST}/tale").text
    assert 'rel="prev"' not in first
    later = re.search('rel="next" href="([^"]+)"', first)[1]
    assert headline(web, later) == "2"
    assert f'rel="prev" href="/replay/{STAMP}/https://{HOST}/tale"' in web.get(later).text


def test_each_capture_of_one_second_is_reached(web):
    """The first has 14 digits, the other its microseconds, in all lists."""
    url = f"https://{HOST}/twice"
    links = re.findall(r'href="(/replay/[^"]+)"', web.get(f"/captures/{url}").text)
    assert {link.split("/")[2] for link in links} == {STAMP, f"{STAMP}700000"}
    assert {headline(web, link) for link in links} == {"4", "5"}
    assert f"/replay/{STAMP}700000/{url}" in web.get(f"/timemap/link/{url}").text
    assert f'rel="next" href="/replay/{STAMP}700000/{url}"' in web.get(f"/replay/{STAMP}/{url}").text


def test_captured_redirect_is_a_memento(web):
    """It leads on, and says when it was captured (RFC 7089, 4.5.3); at another time it is none."""
    answered = web.get(f"/replay/{STAMP}/http://{HOST}/tale")
    assert answered.headers["memento-datetime"] == "Mon, 02 Nov 2026 09:00:00 GMT"
    assert f'<http://{HOST}/tale>; rel="original"' in answered.headers["link"]
    assert "memento-datetime" not in web.get(f"/replay/2025/http://{HOST}/tale").headers


@pytest.mark.parametrize("url", ODD)
def test_address_that_no_browser_sends_is_found_by_our_links(web, url):
    """From the list of captures to the page in its frame, and in TimeMap and TimeGate."""
    number = re.search(rb"Report number (\d+)", ODD[url])[1].decode()
    listed = web.get(f"/captures/{in_path(url)}")
    link = unescape(re.search(r'href="(/replay/[^"]+)"', listed.text)[1])
    assert link.isascii()
    assert headline(web, link) == number
    banner = web.get(link).text
    assert web.get(unescape(re.search(r'href="(/captures/[^"]+)"', banner)[1])).status == 200
    assert web.get(unescape(re.search(r'href="(/timemap/[^"]+)"', listed.text)[1])).status == 200
    assert web.get(f"/timegate/{in_path(url)}").headers["location"] == web.url + link
    assert web.get(f"/timemap/json/{in_path(url)}").json()["original_uri"] == url


@pytest.mark.parametrize(
    "url", [*ODD, "https://paper.example/a/../b", "https://paper.example/%2e%2E/b?c", "http://a/%"]
)
def test_address_comes_back_from_a_path(url):
    """A browser finds nothing in it to resolve, to cut off or to escape."""
    path = in_path(url)
    assert re.fullmatch(r"[!$%&'()*+,\-./0-9:;=?@A-Z_a-z~\[\]]+", path)
    assert not re.search(r"/(\.|%2e){1,2}(/|$)", path, re.IGNORECASE)
    from urllib.parse import unquote

    assert url in (path, unquote(path))


@pytest.mark.parametrize(
    ("path", "status"),
    [("/timemap/link/12", 400), ("/timemap/json/12", 400), ("/timegate/3", 400), ("/captures/12", 400),
     ("/replay/2026/12", 400), ("/timemap/cdx/https://paper.example/page/1/2", 404),
     ("/timegate/javascript:alert(1)", 400), ("/timegate/x/captures/https://paper.example/tale", 400)],
)  # fmt: skip
def test_text_that_is_no_address_has_no_captures(web, path, status):
    """Neither those of an article with this number, nor of an address within another."""
    answered = web.get(path)
    assert (answered.status, "link" in answered.headers) == (status, False)


def test_timemap_names_itself_and_its_period(web):
    """RFC 7089, 5."""
    lines = web.get(f"/timemap/link/https://{HOST}/tale").text.rstrip("\n").split(",\n")
    assert [re.search('rel="([^"]+)"', line)[1] for line in lines] == [
        "original", "timegate", "self", "first memento", "memento", "last memento",
    ]  # fmt: skip
    assert lines[2].endswith('; from="Mon, 02 Nov 2026 09:00:00 GMT"; until="Thu, 05 Nov 2026 09:00:00 GMT"')
    assert lines[2].startswith(f"<{web.url}/timemap/link/https://{HOST}/tale>")


def test_bytes_of_a_capture_lead_to_timemap_and_timegate(web):
    """Those are on the origin of the view."""
    frame = web.frame_of(f"/replay/{STAMP}/https://{HOST}/tale")
    assert web.get(frame).headers["link"].split(", ") == [
        f'<https://{HOST}/tale>; rel="original"',
        f'<{web.url}/timegate/https://{HOST}/tale>; rel="timegate"',
        f'<{web.url}/timemap/link/https://{HOST}/tale>; rel="timemap"; type="application/link-format"',
    ]


def test_browser_asks_again_for_what_it_keeps(web):
    """It may have been taken down since. What has not changed is not sent again."""
    for place in ("page", "part"):
        path = f"{web.replay_url}/{place}/{STAMP}/https://{HOST}/p.png"
        first = web.get(path)
        assert (first.status, first.headers["cache-control"]) == (200, "private, no-cache")
        again = web.get(path, If_None_Match=f'"x", W/{first.headers["etag"]}')
        assert (again.status, again.body, again.headers["etag"]) == (304, b"", first.headers["etag"])
        assert "content-security-policy" in again.headers
        assert web.get(path, If_None_Match='"x"').body == first.body


@pytest.mark.parametrize("place", ["page", "part"])
def test_missing_is_not_kept_by_a_browser(web, place):
    """A crawl may bring it in a minute."""
    answered = web.get(f"{web.replay_url}/{place}/{STAMP}/https://{HOST}/nothing")
    assert (answered.status, answered.headers["cache-control"]) == (404, "no-store")


def row(number, url, time, status=200):
    return {"id": number, "url": url, "captured": f"2026-01-01T00:00:{time}Z", "status": status}


def test_nearest_is_compared_at_whole_seconds():
    """The asked address comes first, then what is no redirect; microseconds count if they are named."""
    rows = [row(1, "a", "01.900000"), row(2, "b", "01.100000", 301), row(3, "b", "01.800000"), row(4, "c", "03.000000")]
    for digits, url, number in (
        ("20260101000001", "b", 3), ("20260101000001", "a", 1), ("20260101000001100000", "b", 2),
        ("20260101000003", "b", 4), ("2026", "b", 3),
    ):  # fmt: skip
        assert nearest(rows, time_of(digits), url)["id"] == number, (digits, url)
    assert {number: path.split("/")[2] for number, path in permalinks(rows).items()} == {
        1: "20260101000001", 2: "20260101000001100000", 3: "20260101000001", 4: "20260101000003",
    }  # fmt: skip


@pytest.mark.parametrize("digits", ["", "202", "202601010000001", "2026010100000010000000", "２０２６", "20261301"])
def test_time_has_4_to_14_or_20_digits(digits):
    """All others are refused."""
    with pytest.raises(QueryError):
        time_of(digits)

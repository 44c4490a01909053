"""Test the replay of pages as servers stored them: charsets, codings, redirects, revisits, frames, files, errors.

All are in one WARC file of another program, which is imported.
"""

from __future__ import annotations

import gzip
import re
from html import unescape

import brotli
import pytest
from backports import zstd

from tests.support.command import make_archive, morgue
from tests.support.foreign import an_id, answer, gz, record
from tests.support.styled_paper import RED, png
from tests.support.web_apps import web_apps

pytestmark = pytest.mark.slow

SITE = "https://paper.example"
HTML, PICTURE = b"Content-Type: text/html", b"Content-Type: image/png"
LAMP = "Лампа на пристани снова горит"
LIGHT = "桟橋の灯台に明かりがともる"
BODY = "<html><head><title>{0}</title></head><body><h1>{0}</h1><img src='p.png'></body></html>"
META = "<html><head><meta charset='{1}'><title>{0}</title></head><body><h1>{0}</h1></body></html>"
PDF = b"%PDF-1.7\n\xe2\xe3\xcf\xd3 not text"
CHUNKED = b"6\r\n<html>\r\n9;x=1\r\n<h1>one</\r\n3\r\nh1>\r\n0\r\n\r\n"
DEEP = b"Location: /deep/2#chapter"


def coded(name: bytes, body: bytes) -> bytes:
    return answer(body, HTML, b"Content-Encoding: " + name)


def moved(place: bytes, status: bytes = b"HTTP/1.1 302 Found") -> bytes:
    return answer(b"", b"Location: " + place, status=status)


WORDS = BODY.format("coded").encode()
ANSWERS = {
    "/header-1251": answer(BODY.format(LAMP).encode("cp1251"), b"Content-Type: text/html; charset=windows-1251"),
    "/meta-1251": answer(META.format(LAMP, "windows-1251").encode("cp1251"), HTML),
    "/header-sjis": answer(BODY.format(LIGHT).encode("shift_jis"), b"Content-Type: text/html; charset=Shift_JIS"),
    "/meta-sjis": answer(META.format(LIGHT, "shift_jis").encode("shift_jis"), HTML),
    "/meta-is-wrong": answer(META.format(LAMP, "iso-8859-1").encode(), b"Content-Type: text/html; charset=utf-8"),
    "/mark-of-utf-8": answer(b"\xef\xbb\xbf" + META.format(LAMP, "windows-1251").encode(), HTML),
    "/mark-of-utf-16": answer(BODY.format(LAMP).encode("utf-16"), HTML),
    "/gzip": coded(b"gzip", gzip.compress(WORDS)),
    "/br": coded(b"br", brotli.compress(WORDS)),
    "/zstd": coded(b"zstd", zstd.compress(WORDS)),
    "/chunked": answer(CHUNKED, HTML, b"Transfer-Encoding: chunked"),
    "/xhtml": answer(WORDS, b"Content-Type: application/xhtml+xml"),
    "/no-type": answer(WORDS, b"Server: x"),
    "/p.png": answer(png(RED), PICTURE),
    "/odd-picture": answer(png(RED), b"Content-Type: application/octet-stream"),
    "/picture-as-text": answer(png(RED), b"Content-Type: text/plain"),
    "/untyped-picture": answer(png(RED), b"Server: x"),
    "/untyped-sheet": answer(b"h1 { background: url(p.png) }", b"Server: x"),
    "/report.pdf": answer(PDF, b"Content-Type: application/pdf"),
    "/data.json": answer(b'{"a": "<b>"}', b"Content-Type: application/json"),
    "/gone": answer(b"<h1>Nobody home</h1>", HTML, status=b"HTTP/1.1 404 Not Found"),
    "/gone-picture": answer(png(RED), PICTURE, status=b"HTTP/1.1 404 Not Found"),
    "/deep/1": moved(b"2"),
    "/deep/2": moved(b"../deep/3?x=1", b"HTTP/1.1 308 Permanent Redirect"),
    "/deep/3?x=1": answer(BODY.format("arrived").encode(), HTML),
    "/to-a-place": answer(b"", DEEP, status=b"HTTP/1.1 301 Moved Permanently"),
    "/out": moved(b"https://elsewhere.example/x"),
    "/circle": moved(b"/circle"),
    "/frames": answer(b'<frameset cols="1,2"><frame src="gzip"><frame src="report.pdf"></frameset>', HTML),
    "/sheet.css": answer("@import 'more.css'; h1::after { content: 'Лампа' }".encode("cp1251"),
                         b"Content-Type: text/css; charset=windows-1251"),
}  # fmt: skip


@pytest.fixture(scope="module")
def view(tmp_path_factory):
    """Import the file and serve the archive."""
    folder = tmp_path_factory.mktemp("stored")
    records = [record("response", SITE + path, block) for path, block in ANSWERS.items()]
    first = an_id("first")
    records += [
        record("response", f"{SITE}/again", answer(BODY.format("first").encode(), HTML), record_id=first),
        record("revisit", f"{SITE}/again", answer(b"", HTML), at=24, WARC_Refers_To=first,
               WARC_Profile="http://netpreserve.org/warc/1.1/revisit/identical-payload-digest",
               Content_Type="application/http; msgtype=response"),
        record("revisit", f"{SITE}/lost", answer(b"", PICTURE), WARC_Refers_To=an_id("in no file"),
               WARC_Profile="http://netpreserve.org/warc/1.1/revisit/identical-payload-digest",
               Content_Type="application/http; msgtype=response"),
        record("response", f"{SITE}/again", answer(BODY.format("third").encode(), HTML), at=48),
    ]  # fmt: skip
    (folder / "theirs.warc.gz").write_bytes(gz(records))
    archive = make_archive(folder / "archive")
    done = morgue("-C", archive, "import", folder / "theirs.warc.gz")
    assert done.returncode == 0, done.stdout + done.stderr
    with web_apps(archive) as view:
        yield view


def framed(view, path, time="2024"):
    """Return what the frame shows of an address, after the redirects of the view."""
    place = f"/replay/{time}/{SITE}{path}"
    answered = view.get(place)
    if answered.status == 302:
        place = answered.headers["location"]
    return view.get(view.frame_of(place.removeprefix(view.url)))


HEADLINES = dict.fromkeys(
    ("/header-1251", "/meta-1251", "/meta-is-wrong", "/mark-of-utf-8", "/mark-of-utf-16"), LAMP
) | dict.fromkeys(("/header-sjis", "/meta-sjis"), LIGHT)


@pytest.mark.parametrize("path", HEADLINES)
def test_page_is_shown_in_its_own_charset(view, path):
    """As UTF-8, whatever its header, its `meta` and its byte order mark said."""
    shown = framed(view, path)
    assert shown.headers["content-type"] == "text/html; charset=utf-8"
    assert f"<h1>{HEADLINES[path]}</h1>" in shown.text


@pytest.mark.parametrize("path", ["/gzip", "/br", "/zstd", "/xhtml", "/no-type"])
def test_codings_are_undone(view, path):
    """No coding is named to the browser, and the parts of the page are those of the archive."""
    shown = framed(view, path)
    assert "content-encoding" not in shown.headers
    picture = re.search(r'src="([^"]+)"', shown.text)[1]
    assert view.get(picture).body == png(RED)


def test_chunks_are_undone(view):
    """The lines that divide them are no part of the page."""
    assert "<body><h1>one</h1></body>" in framed(view, "/chunked").text


@pytest.mark.parametrize("path", ["/deep/1", "/deep/2", "/to-a-place"])
def test_redirects_lead_to_the_page(view, path):
    """Relative ones, chains, and those to a place in a page."""
    answered = view.get(f"/replay/2024/{SITE}{path}")
    assert answered.headers["location"] == f"{view.url}/replay/20240309120000/{SITE}/deep/3?x=1"
    assert "<h1>arrived</h1>" in framed(view, path).text


def test_redirect_out_of_the_archive_says_where_it_led(view):
    """Nothing else can be shown of it."""
    shown = framed(view, "/out", "20240309120000")
    assert (shown.status, shown.headers["content-type"]) == (404, "text/plain; charset=utf-8")
    assert "redirected to https://elsewhere.example/x, of which no capture" in shown.text


def test_redirect_in_a_circle_has_an_end(view):
    """It says so in the same words."""
    assert framed(view, "/circle", "20240309120000").status == 404


def test_revisit_shows_what_it_repeats(view):
    """The banner counts it as a capture of its own, with the earlier and the later one."""
    banner = unescape(view.get(f"/replay/20240310120000/{SITE}/again").text)
    assert "<h1>As archived 2024-03-10 12:00:00 UTC</h1>" in banner
    assert "capture 2 of 3" in banner
    assert f'rel="prev" href="/replay/20240309120000/{SITE}/again"' in banner
    assert f'rel="next" href="/replay/20240311120000/{SITE}/again"' in banner
    assert re.search(r'href="/capture/\d+\.warc\.gz">WARC record', banner)
    assert "<h1>first</h1>" in framed(view, "/again", "20240310120000").text
    assert "<h1>third</h1>" in framed(view, "/again", "20240311120000").text


def test_error_page_is_shown_as_such(view):
    """With its words, and its status in the banner."""
    assert "HTTP 404" in view.get(f"/replay/20240309120000/{SITE}/gone").text
    shown = framed(view, "/gone")
    assert (shown.status, "<h1>Nobody home</h1>" in shown.text) == (404, True)


def test_picture_and_data_are_shown_by_themselves(view):
    """A browser draws the one, and shows the other as text."""
    picture = framed(view, "/p.png")
    assert (picture.headers["content-type"], picture.body) == ("image/png", png(RED))
    data = framed(view, "/data.json")
    assert (data.headers["content-type"], data.text) == ("text/plain; charset=utf-8", '{"a": "<b>"}')


def test_file_that_no_browser_draws_is_offered_to_be_saved(view):
    """The frame says what it is; the file comes from above it, and cannot run there."""
    banner = view.get(f"/replay/20240309120000/{SITE}/report.pdf").text
    shown = framed(view, "/report.pdf")
    assert shown.text.startswith("This capture is a file that is not shown here: application/pdf, 22 bytes.")
    saved = view.get(re.search(r'href="(/capture/\d+/file)">Save the file', banner)[1])
    assert saved.body == PDF
    assert saved.headers["content-disposition"] == 'attachment; filename="report.pdf"'
    assert saved.headers["content-type"] == "application/octet-stream"
    assert saved.headers["content-security-policy"].startswith("sandbox")
    assert "Save the file" not in view.get(f"/replay/20240309120000/{SITE}/gzip").text


def test_frames_show_pages_of_the_archive(view):
    """Each is rewritten as a page is."""
    frames = re.findall(r'<frame src="([^"]+)"', framed(view, "/frames").text)
    assert "<h1>coded</h1>" in view.get(frames[0]).text
    assert "application/pdf" in view.get(frames[1], Sec_Fetch_Dest="frame").text


def part_at(view, path):
    """Return the address at which a page asks for one of its parts."""
    frame = view.frame_of(f"/replay/20240309120000/{SITE}/gzip")
    return frame.replace("/page/", "/part/").replace("/gzip", path)


@pytest.mark.parametrize("path", ["/odd-picture", "/picture-as-text", "/untyped-picture"])
def test_picture_of_a_wrong_type_is_drawn(view, path):
    """A browser knows pictures by their first bytes."""
    picture = view.get(part_at(view, path), Sec_Fetch_Dest="image")
    assert (picture.status, picture.body) == (200, png(RED))
    assert picture.headers["content-type"] == "application/octet-stream"


@pytest.mark.parametrize("asked", [{"Sec_Fetch_Dest": "image"}, {"Sec_Fetch_Dest": "font"}, {}])
@pytest.mark.parametrize("path", ["/gone", "/lost", "/nothing", "/out"])
def test_part_that_did_not_come_is_shown_as_missing(view, path, asked):
    """Not as the error page of a server, nor as one of ours, which would be a broken picture."""
    part = view.get(part_at(view, path), **asked)
    assert (part.status, part.headers["content-type"]) == (404, "image/svg+xml")
    assert "not in the archive" in part.text


@pytest.mark.parametrize("path", ["/gone", "/lost", "/nothing", "/out"])
def test_style_sheet_that_did_not_come_is_empty(view, path):
    """The page has the other ones."""
    sheet = view.get(part_at(view, path), Sec_Fetch_Dest="style")
    assert (sheet.status, sheet.headers["content-type"], sheet.text) == (404, "text/css; charset=utf-8", "")


def test_page_in_the_place_of_a_picture_is_shown_as_missing(view):
    """A server that has no picture may send its front page; a picture with an error is a picture."""
    assert view.get(part_at(view, "/meta-is-wrong"), Sec_Fetch_Dest="image").status == 404
    assert view.get(part_at(view, "/gone-picture"), Sec_Fetch_Dest="image").body == png(RED)


def test_sheet_without_a_type_is_a_sheet(view):
    """If a page asks for it as one."""
    sheet = view.get(part_at(view, "/untyped-sheet"), Sec_Fetch_Dest="style")
    assert sheet.headers["content-type"] == "text/css; charset=utf-8"
    assert f"/part/20240309120000/{SITE}/p.png" in sheet.text


def test_style_sheet_is_shown_in_its_own_charset(view):
    """Its imports are of the archive."""
    sheet = view.get(part_at(view, "/sheet.css"))
    assert sheet.headers["content-type"] == "text/css; charset=utf-8"
    assert "'Лампа'" in sheet.text
    assert f'/part/20240309120000/{SITE}/more.css"' in sheet.text

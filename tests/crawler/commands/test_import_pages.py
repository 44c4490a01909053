"""Test that an import reads the pages that a crawl reads, at the very addresses, and counts what it leaves out."""

from __future__ import annotations

import gzip
import importlib
import json

import pytest

from tests.support.command import morgue, rows
from tests.support.foreign import address, answer, arc, gz, page, record, response
from tests.support.import_runs import bring
from tests.support.section_pages import ARTICLES, LISTS

command = importlib.import_module("crawler.commands.import")
BLOCK = answer(page(1))


# Media types


TYPES = [
    "text/html charset=utf-8",
    "text/html, text/html; charset=UTF-8",
    "application/html",
    "*/*",
    "html",
    "text/plain",
    "content/unknown",
    "TEXT/HTML;charset=utf-8",
    '"text/html"',
    "text/html:",
    "application/xml",
    "foo",
    ";",
    None,
]


@pytest.mark.parametrize("given", TYPES)
def test_html_is_read_whatever_its_type_is_called(archive, given):
    """As a crawl reads it: by its bytes."""
    headers = [b"Content-Type: " + given.encode()] if given else [b"Server: x"]
    _, report = bring(archive, gz([record("response", address(1), answer(page(1), *headers))]))
    assert report.articles["new"] == 1


CLEAN = {
    "text/html charset=utf-8": "text/html",
    "text/html last-modified: sat,10 aug 1996 22:33:11 gmt": "text/html",
    "text/plain, text/html; a=\"b,c/d\"": "text/html",
    "*/*": None,
    "html": None,
}  # fmt: skip


@pytest.mark.parametrize("given", CLEAN)
def test_column_and_index_hold_a_clean_media_type(archive, given):
    """Without what servers write after it; none where they name none."""
    bring(archive, gz([record("response", address(1), answer(page(1), b"Content-Type: " + given.encode()))]))
    assert rows(archive, "SELECT mime FROM captures WHERE kind != 'import'") == [(CLEAN[given],)]


UNREAD = {
    "an image": (answer(b"\xff\xd8\xff", b"Content-Type: image/jpeg"), {}, "not HTML"),
    "JSON called HTML": (answer(b'{"a": 1}'), {}, "not HTML"),
    "packed JSON": (answer(gzip.compress(b'{"a": 1}'), b"Content-Encoding: gzip"), {}, "not HTML"),
    "half a page": (BLOCK, {"WARC_Truncated": "length"}, "cut off"),
}


@pytest.mark.parametrize("name", UNREAD)
def test_response_with_an_address_of_an_article_that_is_not_read_is_counted(archive, name):
    """With the reason that a crawl would give."""
    block, fields, why = UNREAD[name]
    _, report = bring(archive, gz([record("response", address(1), block, **fields)]))
    assert (report.kept, dict(report.nothing), report.articles["new"]) == (1, {why: 1}, 0)


SHAPES = {
    "https://paper.example/": "a front page",
    "https://paper.example/sport": "short names",
    "https://paper.example/tag/harbour": "/tag/",
    "https://paper.example/login": "/login/",
    "https://paper.example/2024/03/": "an archive by date",
}


def test_page_left_out_by_the_shape_of_its_address_is_counted(archive):
    """By the rule that the classifier names; what is no page, or no answer of status 200, is not counted."""
    gone = answer(page(1), status=b"HTTP/1.1 404 Not Found")
    _, report = bring(archive, gz([
        *[record("response", url, BLOCK) for url in SHAPES],
        record("response", "https://paper.example/politics", BLOCK, WARC_Truncated="length"),
        record("response", "https://paper.example/tag/gone", gone),
        record("response", "https://paper.example/logo", answer(b"\xff\xd8\xff", b"Content-Type: image/jpeg")),
        response(1),
    ]))  # fmt: skip
    assert report.shape_examples == {why: url for url, why in SHAPES.items()}
    assert report.by_shape == dict.fromkeys(SHAPES.values(), 1) | {"short names": 2}
    assert report.nothing == {}


def test_left_out_pages_are_in_both_summaries(archive):
    """With the number, the most frequent rule first, and the first address of that rule."""
    urls = ["https://paper.example/", "https://paper.example/sport", "https://paper.example/politics"]
    _, report = bring(archive, gz([record("response", url, BLOCK) for url in urls]))
    assert (
        "left out: 3 pages by the shape of their addresses: short names 2, a front page 1; e.g. https://paper.example/sport"
        in command.lines(report)
    )
    assert command.as_dict(report, "done")["left_out"] == [
        {"why": "short names", "pages": 2, "example": "https://paper.example/sport"},
        {"why": "a front page", "pages": 1, "example": "https://paper.example/"},
    ]


def test_page_with_the_address_of_a_list_is_read_for_an_article(archive):
    """It is filed by what it is, and then not left out by its shape; a list beside it, and a front page, are."""
    pages = [
        ARTICLES["signed guide"],
        ARTICLES["Joomla"],
        LISTS["introduction, then headlines"],
        LISTS["posts of a blog, whole"],
    ]
    pages.append(("/", ARTICLES["signed guide"][1]))
    _, report = bring(archive, gz([
        record("response", f"https://paper.example{path}", answer(html.encode(), b"Content-Type: text/html"))
        for path, html in pages
    ]))  # fmt: skip
    assert rows(archive, "SELECT url FROM articles ORDER BY url") == [
        (f"https://paper.example{path}",) for path in sorted(("/security-cameras/best/", ARTICLES["Joomla"][0]))
    ]
    assert (report.articles["new"], dict(report.nothing), report.by_shape.total()) == (2, {}, 3)


def test_listing_of_another_archive_is_not_counted_as_left_out(archive):
    """Its crawl fetched it as a listing, and no guess decides."""
    _, report = bring(archive, gz([record("response", "https://paper.example/sport", BLOCK, Morgue_Kind="section")]))
    assert (report.kept, report.by_shape) == (1, {})


def test_page_that_the_source_includes_is_read_whatever_its_shape(archive):
    """So no page of it is left out."""
    (archive / "sources" / "paper.toml").write_text('url = "https://paper.example/"\ninclude = ["/sport$"]\n')
    _, report = bring(archive, gz([record("response", "https://paper.example/sport", BLOCK)]))
    assert (report.articles["new"], report.by_shape) == (1, {})


# Addresses in other encodings

NAMES = {"gbk": ("新闻", "新的"), "big5": ("新聞", "新的"), "shift_jis": ("新聞", "新的"),
         "koi8-r": ("новости", "новое"), "latin-1": ("café", "cafè")}  # fmt: skip


@pytest.mark.parametrize("encoding", NAMES)
def test_addresses_in_other_encodings_stay_apart(archive, encoding):
    """In WARC and ARC, percent-encoded byte for byte."""
    raw = [f"/2024/03/09/report-of-the-{name}".encode(encoding) for name in NAMES[encoding]]
    warc = response(1).replace(b"/2024/03/09/report-number-1", raw[0])
    line = b"https://paper.example%s 192.0.2.7 20240309120000 text/html %d\n" % (raw[1], len(answer(page(2))))
    head = b"1 0 Theirs\nURL IP-address Archive-date Content-type Archive-length\n\n"
    start = b"filedesc://theirs.arc 0.0.0.0 20240309120000 text/plain %d\n%s\n" % (len(head), head)
    bring(archive, gz([warc]), gz([start, line + answer(page(2)) + b"\n"]))
    escaped = ["https://paper.example" + "".join(chr(byte) if byte < 128 else f"%{byte:02X}" for byte in one)
               for one in raw]  # fmt: skip
    assert sorted(rows(archive, "SELECT url FROM articles")) == sorted((one,) for one in escaped)


VERY_ADDRESSES = ["http://paper.example/a\x0cb", "http://paper.example/a\x0c", "http://paper.example/a#b",
                  "http://paper.example/a b"]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("url", VERY_ADDRESSES)
def test_capture_is_shown_by_its_very_address(archive, url):
    """Control characters, also at the end, spaces and fragments are what the record says."""
    bring(archive, arc([(url, answer(b"<p>short"))]))
    done = morgue("-C", archive, "show", url, "--format", "json")
    assert (done.returncode, json.loads(done.stdout)["captures"][0]["url"]) == (0, url)


@pytest.mark.parametrize("url", ["http://bad%FFhost/2024/03/09/a-story", "http://a b.example/2024/03/09/a-story"])
def test_page_at_an_address_that_cannot_be_is_kept_and_counted(archive, url):
    """Its host is no host name, so it can be no article."""
    _, report = bring(archive, gz([record("response", url, BLOCK)]))
    assert (report.kept, dict(report.nothing)) == (1, {"address that is not valid": 1})


@pytest.mark.slow
def test_file_in_a_folder_that_cannot_be_read_is_named(archive, tmp_path):
    """Exit code 1; the others are imported."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.warc.lz4").write_bytes(b"\x04\x22\x4d\x18 rest")
    (tmp_path / "in" / "b.warc.gz").write_bytes(gz([response(1)]))
    done = morgue("-C", archive, "import", tmp_path / "in")
    assert done.returncode == 1
    assert "nothing in a.warc.lz4: it is compressed with LZ4, which is not read" in done.stdout
    assert "articles: 1 new" in done.stdout

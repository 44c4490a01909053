"""CDXJ lines: keys are those that other tools make, and a line gives back the entry it was made of."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from pipelines.warc.cdxj import CdxjEntry, cdxj_line
from pipelines.warc.surt import surt

ENTRY = CdxjEntry(
    url="https://paper.example/2026/Crane?page=2", time=datetime(2026, 3, 1, 5, 6, 7, 999_999, tzinfo=UTC),
    mime="text/html", status=200, digest="sha1:ACXPAHG2KPHXIGFNZKOJMZR4C42Z5YVC", length=5050, offset=1652,
    filename="test-00000.warc.gz",
)  # fmt: skip
SESSION = "0123456789abcdef0123456789ABCDEF"

# What version 0.3.1 of the Wayback Machine's own library answers.
KEYS = {
    "https://paper.example": "example,paper)/",
    "HTTPS://User:pw@Paper.EXAMPLE:443/A/": "example,paper)/a",
    "http://paper.example:8080/x": "example,paper:8080)/x",
    "http://paper.example:/x": "example,paper)/x",
    "http://www.paper.example/": "example,paper)/",
    "http://www2.paper.example/": "example,paper)/",
    "http://www.www.paper.example/": "example,paper,www)/",
    "http://paper.example./": "example,paper)/",
    "https://münchen.example/straße": "example,xn--mnchen-3ya)/stra%c3%9fe",
    "http://127.0.0.1:8080/robots.txt": "1,0,0,127:8080)/robots.txt",
    "http://2130706433/": "1,0,0,127)/",
    "http://a.b/%7Efoo/%2541": "b,a)/~foo/a",
    "http://a.b/a%2Fb": "b,a)/a/b",
    "http://a.b/b%20c d": "b,a)/b%20c%20d",
    "http://a.b/%zz%": "b,a)/%25zz%25",
    "http://a.b//c///d//": "b,a)/c/d",
    "http://a.b/c/./d/../e/..": "b,a)/c",
    "http://a.b/../c": "b,a)/../c",
    "http://a.b/c#d": "b,a)/c",
    "http://a.b/c?": "b,a)/c",
    "http://a.b/?": "b,a)/",
    "http://a.b/?b=2&a=1&A=0&a": "b,a)/?a&a=0&a=1&b=2",
    "http://a.b/?Q=%26x%3D1&y": "b,a)/?q=&x=1&y",
    f"http://a.b/x?a=1&sid={SESSION}&b=2": "b,a)/x?a=1&b=2",
    f"http://a.b/x?PHPSESSID={SESSION}": "b,a)/x",
    f"http://a.b/x;jsessionid={SESSION}": f"b,a)/x;jsessionid={SESSION.lower()}",
    "http://a.b/(S(0123456789abcdef01234567))/p.aspx?x": "b,a)/p.aspx?x",
    "http://https://a.b/": "b,a)/",
    "http:////a.b/c": "b,a)/c",
    " http://a.b/c\td\n": "b,a)/cd",
    "dns:paper.example": "dns:paper.example",
}


@pytest.mark.parametrize("url", KEYS)
def test_key_is_the_one_that_other_tools_make(url):
    """SURT by the rules of the Wayback Machine, without fuzzy rules."""
    assert surt(url) == KEYS[url]


def test_key_of_any_address_is_one_ascii_word():
    """Random text, seeded, raises nothing and brings no white space into the key of a line."""
    pick = random.Random(7)
    letters = ["%", "%2", "%25", "http://", "https:", "/", "?", "&", "=", "#", ":", "@", "[", "]", ".", "..", "é", "東",
               " ", "\t", "\n", "\x00", "\u2028", "\udc80", "a", "1", "www."]  # fmt: skip
    for _ in range(3000):
        url = "".join(pick.choice(letters) for _ in range(pick.randrange(12)))
        key = cdxj_line(replace(ENTRY, url=url)).split(" ")[0]
        assert key.isascii(), url
        assert not any(letter.isspace() for letter in key), url


def test_line_has_the_form_of_cdxj_indexer():
    """Key, 14 digits, JSON with text values only, in the order of cdxj-indexer; unknown values are left out."""
    text = cdxj_line(ENTRY)
    assert text.startswith("example,paper)/2026/crane?page=2 20260301050607 {")
    assert json.loads(text.split(" ", 2)[2]) == {
        "url": ENTRY.url, "mime": "text/html", "status": "200", "digest": ENTRY.digest, "length": "5050",
        "offset": "1652", "filename": "test-00000.warc.gz",
    }  # fmt: skip
    assert "status" not in cdxj_line(replace(ENTRY, status=None))
    url = "https://paper.example/東京?ü={}"
    text = cdxj_line(replace(ENTRY, url=url))
    assert text.isascii()
    assert json.loads(text.split(" ", 2)[2])["url"] == url


def test_lines_sort_by_host_address_and_time():
    """As bytes: all captures of an address are together, in order of time, before those of addresses below it."""
    later = replace(ENTRY, time=ENTRY.time.replace(year=2027))
    below = replace(ENTRY, url="https://paper.example/2026/crane/more")
    other = replace(ENTRY, url="https://zoo.example/")
    plain = replace(ENTRY, url="https://paper.example/2026/crane")
    wanted = [cdxj_line(entry).encode() for entry in (plain, below, ENTRY, later, other)]
    assert sorted({*wanted}) == wanted

"""Test `morgue serve` over loopback: what each address answers, and what every answer says to the browser."""

from __future__ import annotations

import gzip
import html
import json
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
import zipfile
import zlib

import feedparser
import pytest

from tests.support.command import LOOPBACK, make_archive, morgue, rows
from tests.support.external_tools import tool
from tests.support.newspaper import serve
from tests.support.web_view import viewing

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """Return an archive of the newspaper after two crawls, between which an article was corrected."""
    archive = make_archive(tmp_path_factory.mktemp("view") / "archive")
    with serve() as paper:
        done = morgue("-C", archive, "crawl", *LOOPBACK, "--urls", "-", stdin="\n".join(paper.truth))
        assert done.returncode == 0, done.stderr
        done = morgue("-C", archive, "crawl", *LOOPBACK, paper.correct().url)
        assert done.returncode == 0, done.stderr
    return archive


@pytest.fixture(scope="module")
def view(archive):
    """Serve it."""
    with viewing(archive) as view:
        yield view


def edited(archive):
    """Return the number of an article with two revisions."""
    return rows(archive, "SELECT id FROM articles WHERE revision > 1")[0][0]


PAGES = ("/", "/search?q=ferry", "/search?q=ferry&sort=newest&language=en&since=2019", "/counts", "/counts?q=ferry",
         "/counts?by=source", "/edits", "/health", "/article/1")  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
def test_page_is_html_with_the_headers_that_keep_it_safe(view, path):
    """No page may load, run or be framed by anything from elsewhere."""
    answer = view.get(path)
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'")
    assert "script-src" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "access-control-allow-origin" not in answer.headers
    assert "<script" not in answer.text


def test_search_finds_what_the_command_finds(view, archive):
    """The same articles in the same order, and the same total."""
    found = view.get("/search.json?q=ferry").json()
    listed = morgue("-C", archive, "search", "ferry", "--format", "json", "--limit", "20").stdout
    assert [hit["id"] for hit in found["hits"]] == [hit["id"] for hit in json.loads(listed)]
    assert found["total"] == rows(archive, "SELECT count(*) FROM articles_fts('ferry')")[0][0] > 0
    assert sum(one["count"] for one in found["facets"]["language"]["values"]) == found["total"]
    assert sum(found["timeline"]["counts"].values()) + found["timeline"]["undated"] == found["total"]


def test_facet_leads_to_a_search_with_its_number_of_matches(view):
    """Each link of a facet is followed."""
    page = view.get("/search?q=the").text
    facets = re.findall(r'<a href="(/search\?[^"]+)"[^>]*><bdi>([^<]*)</bdi> <span class="number">([\d,]+)', page)
    assert len(facets) > 8
    for link, value, number in facets:
        found = view.get(link.replace("&amp;", "&").replace("/search?", "/search.json?")).json()
        assert found["total"] == int(number.replace(",", "")), (link, value)


def test_bar_of_the_timeline_leads_to_its_articles(view):
    """The period is a filter of the address."""
    page = view.get("/").text
    bars = re.findall(r'<a href="(/search\?[^"]+)" aria-label="[^:"]+: ([\d,]+)"', page)
    assert len(bars) > 3
    for link, number in bars[:5]:
        assert view.get(link.replace("&amp;", "&").replace("/search?", "/search.json?")).json()["total"] == int(number)


def test_pages_of_matches_follow_each_other(view):
    """The last page has no next one; all pages together have every article once."""
    seen, path = [], "/search.json"
    while path:
        found = view.get(path).json()
        seen += [hit["id"] for hit in found["hits"]]
        path = found["next"]
    assert sorted(seen) == sorted(set(seen))
    assert len(seen) == found["total"]


def test_article_shows_where_each_value_comes_from(view, archive):
    """Headline, provenance, captures; its JSON is that of `morgue show`."""
    number = edited(archive)
    row = view.get(f"/article/{number}.json").json()
    page = view.get(f"/article/{number}").text
    assert html.escape(row["warc_record_id"]) in page
    assert row["payload_digest"] in page
    assert f"from {row['found_in']['title']}" in page
    assert len(row["captures"]) == page.count('aria-label="WARC record of') >= 2


def test_json_of_an_article_is_that_of_the_command(view, archive):
    """The same keys and values, also as of an earlier revision."""
    number = str(edited(archive))
    for options, path in (((), ""), (("--revision", "1"), "?revision=1")):
        shown = json.loads(morgue("-C", archive, "show", number, *options, "--format", "json").stdout)
        assert view.get(f"/article/{number}.json{path}").json() == shown
    assert view.get(f"/article/{number}?revision=7").status == 404
    assert view.get(f"/article/{number}?revision=x").status == 400


# Not values of the page, or shown in other words.
IN_OTHER_WORDS = frozenset((
    "id", "text", "line_kinds", "found_in", "comments", "published_from", "modified_from", "published_raw",
    "modified_raw", "gone", "gone_since", "wall", "wall_since", "page_states", "revisions", "captures",
))  # fmt: skip


def test_article_page_has_every_value_that_show_knows(view, archive):
    """Each value of the JSON is on the page; times without their T and Z, numbers with separators."""
    for number in (edited(archive), 1, 2, 3):
        row = view.get(f"/article/{number}.json").json()
        page = html.unescape(re.sub("<[^>]+>", "", view.get(f"/article/{number}").text))
        for name in row.keys() - IN_OTHER_WORDS:
            for value in row[name] if isinstance(row[name], list) else [row[name]]:
                forms = {str(value), f"{value:,}" if isinstance(value, int) else str(value)[:19].replace("T", " ")}
                assert value in (None, "") or any(form in page for form in forms), (number, name, value)


def test_every_page_names_its_json(view, archive):
    """The address at the foot of a page, and in its head, answers with JSON; an address without a page does so, too."""
    number, url = edited(archive), rows(archive, "SELECT url FROM articles WHERE id = 1")[0][0]
    paths = ["/", "/search?q=ferry&page=1", "/edits?since=2019", "/counts?q=ferry", "/health", f"/article/{number}",
             f"/article/{number}?revision=1", f"/article/{number}/compare?from=1", f"/captures/{url}"]  # fmt: skip
    for path in paths:
        page = view.get(path).text
        address = html.unescape(re.search(r'<link rel="alternate" type="application/json" href="([^"]+)"', page)[1])
        assert f'href="{html.escape(address)}">This page as json' in page
        answer = view.get(address)
        assert (answer.status, answer.headers["content-type"]) == (200, "application/json"), address
    for path in ("/nope.json", "/article/99999.json", "/search.json?page=0", "/timemap/json/http://nobody.example/"):
        answer = view.get(path)
        assert answer.headers["content-type"] == "application/json"
        assert set(answer.json()["error"]) == {"subject", "cause", "next_step"}
    answer = view.get("/replay/2026/http://nobody.example/data.json")  # a page, though the address it is of ends so
    assert answer.headers["content-type"].startswith("text/html")


def test_captures_of_an_address_that_is_no_article(view, archive):
    """Such as robots.txt: each capture with its answer and record."""
    url, number = rows(archive, "SELECT url, id FROM captures WHERE url LIKE '%/robots.txt' LIMIT 1")[0]
    page = view.get(f"/captures/{url}").text
    assert f'<a href="/capture/{number}.warc.gz">response<' in page
    assert view.get("/captures/http://nobody.example/").status == 404


def test_address_that_was_taken_down_is_gone_with_the_reason(archive, tmp_path):
    """410, for people and for programs, on each page of an address; the number of its article is no longer known."""
    copy = tmp_path / "archive"
    shutil.copytree(archive, copy)
    number, url = rows(copy, "SELECT id, url FROM articles WHERE id = 2")[0]
    done = morgue("-C", copy, "remove", url, "--reason", "a court said so", "--yes")
    assert done.returncode == 0, done.stderr
    with viewing(copy) as view:
        for path in ("/replay/2026/", "/captures/", "/timegate/", "/timemap/link/"):
            answer = view.get(path + url)
            assert (answer.status, "a court said so" in answer.text) == (410, True), path
        assert view.get(f"/timemap/json/{url}").json()["error"]["cause"].endswith("a court said so")
        answer = view.get(f"/article/{number}")
        assert (answer.status, "its article was removed" in answer.text) == (404, True)


def test_comparison_marks_the_words_that_changed(view, archive):
    """By default the last two revisions are compared; the JSON is that of `morgue diff`."""
    number = edited(archive)
    page = view.get(f"/article/{number}/compare").text
    assert "<ins>" in page or "<del>" in page
    shown = json.loads(morgue("-C", archive, "diff", str(number), "--format", "json").stdout)
    assert view.get(f"/article/{number}/compare.json").json() == shown


def test_edits_and_feeds(view, archive):
    """A feed reader reads the feeds; each entry leads to a page of the view."""
    number = edited(archive)
    assert f"/article/{number}/compare?to=2" in view.get("/edits").text
    for path in ("/edits.atom", "/search.atom?q=ferry", "/health.atom"):
        answer = view.get(path)
        assert answer.headers["content-type"] == "application/atom+xml"
        ET.fromstring(answer.text)
        feed = feedparser.parse(answer.body)
        assert not feed.bozo
        for entry in feed.entries[:3]:
            assert view.get(entry.link).status == 200
    assert feedparser.parse(view.get("/edits.atom").body).entries


def test_counts_are_those_of_the_command(view, archive):
    """Queries side by side by year."""
    found = view.get("/counts.json?q=ferry&q=council&by=year").json()
    listed = morgue("-C", archive, "count", "ferry", "council", "--by", "year", "--format", "json").stdout
    shown = json.loads(listed)
    assert found["rows"] == (shown["rows"] if isinstance(shown, dict) else shown)


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_export_is_that_of_the_command(view, archive, form, tmp_path):
    """Byte for byte."""
    out = tmp_path / f"all.{form}"
    done = morgue("-C", archive, "export", form, out, "--query", "ferry")
    assert done.returncode == 0, done.stderr
    answer = view.get(f"/export/articles.{form}?q=ferry")
    assert re.fullmatch(
        rf'attachment; filename="ferry-\d{{4}}-\d\d-\d\d\.{form}"', answer.headers["content-disposition"]
    )
    assert answer.body == out.read_bytes()


def test_wacz_of_a_search_is_that_of_the_command(view, archive, tmp_path):
    """The same records byte for byte, index lines and pages, but for the time of export; py-wacz finds it valid."""
    theirs = tmp_path / "articles.wacz"
    done = morgue("-C", archive, "export", "wacz", theirs, "--query", "ferry", "--language", "en")
    assert done.returncode == 0, done.stderr
    answer = view.get("/export/articles.wacz?q=ferry&language=en")
    assert re.fullmatch(r'attachment; filename="ferry-\d{4}-\d\d-\d\d\.wacz"', answer.headers["content-disposition"])
    assert answer.headers["content-type"] == "application/wacz"
    ours = tmp_path / "ours.wacz"
    ours.write_bytes(answer.body)
    assert contents(ours) == contents(theirs)
    assert "ferry" in contents(ours)["pages/pages.jsonl"].decode()
    done = subprocess.run([tool("wacz"), "validate", "-f", ours], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout.count("Valid")) == (0, 1), done.stdout + done.stderr


def contents(path):
    """Return what is in a WACZ, by name, without what the time of export changes."""
    with zipfile.ZipFile(path) as package:
        found = {name: package.read(name) for name in package.namelist()}
    inflate = zlib.decompressobj(wbits=31)
    inflate.decompress(found["archive/articles.warc.gz"])
    index = gzip.decompress(found["indexes/index.cdx.gz"]).decode()
    return {
        "records": inflate.unused_data,  # after the one that describes the export
        "index": re.sub(r'"offset": "\d+"', "", index),
        "pages/pages.jsonl": found["pages/pages.jsonl"],
        "title": json.loads(found["datapackage.json"])["title"],
        "names": sorted(found),
    }


def test_wacz_of_a_period_has_the_pages_that_were_published_in_it(view, archive, tmp_path):
    """They were all captured in other days."""
    days = [
        day for (day,) in rows(archive, "SELECT published_day FROM articles WHERE published_day < '2026' ORDER BY 1")
    ]
    path = tmp_path / "period.wacz"
    path.write_bytes(view.get(f"/export/articles.wacz?since={days[0]}&until={days[0]}").body)
    with zipfile.ZipFile(path) as package:
        pages = [json.loads(line) for line in package.read("pages/pages.jsonl").splitlines()[1:]]
    found = view.get(f"/search.json?since={days[0]}&until={days[0]}").json()
    assert {page["url"] for page in pages} == {hit["url"] for hit in found["hits"]}
    assert len(found["hits"]) == found["total"] >= 1


ERRORS = {
    "/article/99999": (404, "no such number"),
    "/nope": (404, "is no page of this archive"),
    "/search?page=0": (400, "is no page of a search"),
    "/search?q=(": (400, ""),
    "/search?source=nobody": (404, "not in this archive"),
    "/search?since=soon": (400, "since"),
    "/counts?by=weather": (400, "is no key to count by"),
    "/export/articles.exe": (404, "is none of the formats"),
    "/replay/2026/http://nobody.example/": (404, "no capture of this address"),
    "/replayweb/2026/http://nobody.example/": (404, "morgue serve --replayweb DIR"),
    "/replay/1/http://nobody.example/": (400, "is no time"),
    "/capture/99999.warc.gz": (404, "no such number"),
    "/static/../rendering.py": (404, ""),
    "/static/%2e%2e%2frendering.py": (404, ""),
}


@pytest.mark.parametrize("path", ERRORS)
def test_error_names_the_subject_the_cause_and_the_next_step(view, path):
    """In the words of the command line, with the status that programs expect."""
    status, words = ERRORS[path]
    answer = view.get(path)
    assert answer.status == status
    assert words in answer.text
    assert "Traceback" not in answer.text


def test_only_get_and_head_by_a_name_of_ours(view):
    """Other methods, and the name of a stranger in the Host header (DNS rebinding), are refused."""
    assert view.get("/", method="POST").status == 405
    assert view.get("/", method="DELETE").headers["allow"] == "GET, HEAD"
    assert view.get("/", Host="evil.example").status == 421
    assert view.get("/search?q=" + "x" * 9000).status == 414
    head = view.get("/", method="HEAD")
    assert (head.status, head.body) == (200, b"")


def test_token_opens_the_view_and_leaves_the_address(archive):
    """In a header, or once in the address, from where it moves into a cookie that no script reads."""
    with viewing(archive, "--token", "correct-horse") as view:
        assert view.get("/").status == 401
        assert view.get("/", Authorization="Bearer wrong-horses").status == 401
        assert view.get("/", Authorization="Bearer correct-horse").status == 200
        moved = view.get("/search?q=ferry&token=correct-horse")
        assert (moved.status, moved.headers["location"]) == (303, "/search?q=ferry")
        cookie = moved.headers["set-cookie"]
        assert "HttpOnly; SameSite=Strict" in cookie
        assert view.get("/", Cookie=cookie.partition(";")[0]).status == 200


def test_address_that_others_reach_needs_a_token(archive):
    """Nothing is served before somebody has said who may read."""
    done = morgue("-C", archive, "serve", "--host", "0.0.0.0", "--port", "0")
    assert done.returncode == 2
    assert "add --token TEXT, or --public if everybody may" in done.stderr


def test_view_goes_on_after_a_rebuild(archive, tmp_path):
    """The database was replaced while it was open: the next question opens the new one."""
    copy = tmp_path / "archive"
    shutil.copytree(archive, copy)
    with viewing(copy) as view:
        before = view.get("/search.json?q=ferry").json()["hits"]
        assert morgue("-C", copy, "rebuild").returncode == 0
        assert view.get("/search.json?q=ferry").json()["hits"] == before


def test_public_view_names_its_origins_as_the_reader_does(archive):
    """A server behind all interfaces is reached by many names; frames and parts come from the same one."""
    with viewing(archive, "--host", "0.0.0.0", "--public") as view:
        port = view.url.rpartition(":")[2]
        here = f"http://127.0.0.1:{port}"
        path = re.search(r'href="(/replay/[^"]+)"', view.get(f"{here}/article/1").text)[1]
        answer = view.get(f"{here}{path}", Host=f"archive.example:{port}")
        frame = re.search(r'<iframe src="([^"]+)"', answer.text)[1]
        assert frame.startswith("http://archive.example:")
        assert f"frame-src {frame.partition('/page/')[0]}" in answer.headers["content-security-policy"]
        assert view.get(f"{here}/", Host='"><script>').status == 421

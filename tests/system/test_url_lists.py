"""`morgue crawl --urls LIST --report OUT.csv`: every row of the list gets an answer."""

from __future__ import annotations

import csv
import json
import signal

import pytest

from crawler.cli.url_report import COLUMNS
from tests.support.command import LOOPBACK, crawl, make_archive, morgue, rows, start
from tests.support.small_paper import serving
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow


def report_of(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def listed(tmp_path_factory):
    """Crawl a list with rows of every kind, then the same list again; return what there is to see."""
    folder = tmp_path_factory.mktemp("lists")
    archive, file, out = make_archive(folder / "archive"), folder / "list.csv", folder / "out.csv"
    with serving() as paper:
        host = paper.url.removeprefix("http://")
        paper.answers["/2024/01/01/old.html"] = (301, b"", {"Location": paper.stories[0]})
        paper.answers["/thin.html"] = (200, b"<html><body><p>Hello</p></body></html>", {})
        cells = [
            ("moved", f"{paper.url}/2024/01/01/old.html"),
            ("no scheme", f"{host}/2024/01/02/story-number-1.html?utm_source=x"),
            ("=1+1", "not a url"),
            ("gone", f"{paper.url}/gone.html"),
            ("empty", ""),
            ("shut", f"{paper.url}/private/x.html"),
            ("thin", f"{paper.url}/thin.html"),
            ("again", f"{paper.url}/2024/01/02/story-number-1.html"),
            ("dead host", "http://127.0.0.1:2/story.html"),
        ]
        with file.open("w", newline="") as target:
            csv.writer(target, delimiter=";").writerows([("note", "url"), *cells])
        first = crawl(archive, "--urls", file, "--report", out, "-s", "crawl.retries=0")
        reported = report_of(out)
        second = crawl(archive, "--urls", file, "--report", out, "-s", "crawl.retries=0")
        yield archive, paper, first, reported, second, report_of(out)


def test_every_row_has_its_outcome_in_the_order_of_the_list(listed):
    """All columns of the list, then ours; a double row gets the same answer."""
    _archive, paper, first, reported, _second, _again = listed
    assert tuple(reported[0]) == ("note", "url", *COLUMNS)
    outcomes = {row["note"]: (row["outcome"], row["http_status"], row["reason"]) for row in reported}
    assert outcomes == {
        "moved": ("new", "200", ""),
        "no scheme": ("new", "200", ""),
        "'=1+1": ("not an address", "", "is not a web address"),
        "gone": ("failed", "404", "HTTP 404"),
        "empty": ("not an address", "", "is empty"),
        "shut": ("disallowed", "", "by robots.txt"),
        "thin": ("no article", "200", outcomes["thin"][2]),
        "again": ("new", "200", ""),
        "dead host": ("failed", "", "connection failed"),
    }
    assert outcomes["thin"][2] != ""
    moved, bare = reported[0], reported[1]
    assert (moved["requested_url"], moved["final_url"]) == (moved["url"], paper.stories[0])
    assert bare["final_url"] == paper.stories[1]
    assert all(row["article"] and row["captured"].endswith("Z") for row in (moved, bare))
    assert first.returncode == 1
    assert "2 rows are not web addresses: line 4: 'not a url', line 6: ''" in first.stdout


def test_list_that_is_crawled_again_says_what_is_there(listed):
    """With the article numbers of the first time; pages that failed are tried again."""
    archive, _paper, _first, reported, second, again = listed
    outcomes = {row["note"]: row["outcome"] for row in again}
    assert outcomes["moved"] == outcomes["no scheme"] == outcomes["thin"] == "already in the archive"
    assert outcomes["dead host"] == "failed"
    assert [row["article"] for row in again] == [row["article"] for row in reported]
    assert "3 pages of the list are in the archive already" in second.stdout
    filed = dict(rows(archive, "SELECT id, first_seen FROM articles"))
    reasons = {row["note"]: row["reason"] for row in again}
    assert reasons["no scheme"] == "filed " + filed[int(again[1]["article"])]
    assert reasons["thin"] == next(row["reason"] for row in reported if row["note"] == "thin")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_report_has_a_byte_order_mark_if_the_list_has_one(tmp_path, encoding):
    """A report of a list that Excel wrote is read by Excel as UTF-8; other lists get plain UTF-8."""
    archive, file, out = make_archive(tmp_path / "archive"), tmp_path / "list.csv", tmp_path / "out.csv"
    file.write_text("título;url\nÄrger;http://127.0.0.1:1/a.html\n", encoding=encoding)
    crawl(archive, "--urls", file, "--report", out, "-s", "crawl.retries=0")
    assert out.read_bytes().startswith(b"\xef\xbb\xbf") == (encoding != "utf-8")
    (row,) = csv.DictReader(out.read_text(encoding="utf-8-sig").splitlines())
    assert row["título"] == "Ärger"


def test_hosts_of_a_list_are_no_sources(listed):
    """They are listed with --all, with their articles."""
    archive, paper, *_ = listed
    assert rows(archive, "SELECT count(*) FROM sources") == [(0,)]
    assert json.loads(morgue("-C", archive, "sources", "--format", "json").stdout) == []
    hosts = json.loads(morgue("-C", archive, "sources", "--all", "--format", "json").stdout)
    host = paper.url.removeprefix("http://")
    assert {row["name"]: row["articles"] for row in hosts} == {host: 2, "127.0.0.1:2": 0}


NO_URL, EMPTY = "is not a web address", "is empty"


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        (
            "list.txt",
            "not a url\n\nftp://paper.example/x\n",
            [("not a url", NO_URL), ("ftp://paper.example/x", NO_URL)],
        ),
        ("list.csv", "url,note\nnot a url,1\n,2\n", [("not a url", NO_URL), ("", EMPTY)]),
    ],
)
def test_list_without_any_address_has_a_report(tmp_path, name, text, expected):
    """Every row with its reason; the exit code is 2, because nothing was crawled. It replaces an earlier report."""
    archive, file, out = make_archive(tmp_path / "archive"), tmp_path / name, tmp_path / "out.csv"
    file.write_text(text)
    for _ in range(2):
        done = crawl(archive, "--urls", file, "--report", out)
        assert (done.returncode, "2 rows are not web addresses: " in done.stderr) == (2, True)
        assert [(row["requested_url"], row["reason"]) for row in report_of(out)] == expected
        assert {row["outcome"] for row in report_of(out)} == {"not an address"}


def test_report_replaces_a_report_and_nothing_else(tmp_path):
    """Not the list, not another file, not a folder; nothing is fetched before that is known."""
    archive, file = make_archive(tmp_path / "archive"), tmp_path / "list.csv"
    file.write_text("url\nhttp://127.0.0.1:2/a.html\n")
    other = tmp_path / "precious.csv"
    other.write_text("a,b\n1,2\n")
    for out in (file, other, tmp_path, tmp_path / "nowhere" / "x.csv"):
        done = crawl(archive, "--urls", file, "--report", out)
        assert (done.returncode, str(out) in done.stderr) == (2, True)
    assert other.read_text() == "a,b\n1,2\n"
    assert rows(archive, "SELECT count(*) FROM captures") == [(0,)]
    assert crawl(archive, "--report", other).returncode == 2


def test_interrupted_list_has_a_report_of_every_row(tmp_path):
    """Rows that were not reached are said to be so."""
    archive, file, out = make_archive(tmp_path / "archive"), tmp_path / "list.txt", tmp_path / "out.csv"
    with serving(6) as paper:
        file.write_text("\n".join(paper.stories))
        running = start("-C", archive, "crawl", *LOOPBACK, "-s", "crawl.delay=2", "--urls", file, "--report", out)
        wait_until(lambda: any(path.startswith("/2024") for path in paper.asked))
        running.send_signal(signal.SIGINT)
        assert running.wait(60) == 130
    outcomes = [row["outcome"] for row in report_of(out)]
    assert len(outcomes) == 6
    assert set(outcomes) == {"new", "not fetched yet"}
    assert [row["input"] for row in report_of(out)] == paper.stories

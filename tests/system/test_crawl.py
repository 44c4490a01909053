"""Test the main job, end to end, against our own newspaper: real HTTP, real WARC, real SQLite, the real command."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import pty
import subprocess
import sys
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path
from unicodedata import normalize
from urllib.parse import urlsplit

import pytest
from warcio.archiveiterator import ArchiveIterator

from tests.support.command import LOOPBACK, ROOT, command_line, crawl, environment, make_archive, morgue, rows
from tests.support.external_tools import faults
from tests.support.newspaper import serve
from tests.support.newspaper.comments import COMMENTS as READERS

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def crawled(tmp_path_factory):
    """Crawl the newspaper once as a newcomer does, without `add`; return it with what the crawl printed."""
    with serve() as paper:
        archive = make_archive(tmp_path_factory.mktemp("crawl") / "archive")
        done = crawl(archive, paper.url + "/")
        yield paper, archive, done


def test_every_article_is_stored_exactly_once(crawled):
    """Feeds, news sitemap, sitemaps, sections, redirects, AMP twins and tracking parameters: one row for each
    article."""
    paper, archive, done = crawled
    stored = Counter(
        urlsplit(url).path for (url,) in rows(archive, "SELECT coalesce(canonical_url, url) FROM articles")
    )
    wanted = {truth.path for truth in paper.truth.values()}
    assert wanted - set(stored) == set(), done.stdout
    assert {path: number for path, number in stored.items() if number > 1} == {}


def test_page_that_is_no_article_is_not_stored_as_one(crawled):
    """Index, tag, author, login, calendar, gallery and broken pages."""
    paper, archive, _done = crawled
    stored = {urlsplit(url).path for (url,) in rows(archive, "SELECT coalesce(canonical_url, url) FROM articles")}
    wanted = {truth.path for truth in paper.truth.values()} | {urlsplit(url).path for url in paper.odd}
    assert stored - wanted == set()


def test_disallowed_url_is_not_requested(crawled):
    """robots.txt is obeyed, and it is the first request to a host."""
    paper, _archive, _done = crawled
    targets = paper.journal.targets()
    assert targets[0] == "/robots.txt"
    assert [target for target in targets if target.startswith(("/private/", "/search"))] == []


def test_exchanges_with_one_host_do_not_overlap(crawled):
    """robots.txt and redirects included."""
    paper, _archive, _done = crawled
    by_host = defaultdict(list)
    for entry in paper.journal:
        by_host[entry.request.split(b"\r\n")[1]].append((entry.time, entry.end))
    for spans in by_host.values():
        assert [late for early, late in pairwise(sorted(spans)) if late[0] < early[1]] == []


def test_no_page_is_fetched_twice(crawled):
    """One address, one request; only what failed is tried again."""
    paper, _archive, _done = crawled
    answered = Counter(entry.target for entry in paper.journal if entry.status in (200, 301, 302, 304))
    del answered["/robots.txt"]  # the paper has a second host name, with a robots.txt of its own
    del answered["/loop-a"], answered["/loop-b"]  # a redirect loop is followed as far as redirects are
    assert {target: number for target, number in answered.items() if number > 1} == {}


def test_endless_calendar_is_not_followed(crawled):
    """A calendar has no end; we do not follow it."""
    paper, _archive, _done = crawled
    assert len([target for target in paper.journal.targets() if target.startswith("/calendar")]) <= 1


def test_text_and_fields_are_what_the_page_says(crawled):
    """Headline, authors, day and language of nearly all; the text of most, word for word; comments of none."""
    paper, archive, _done = crawled
    found = {
        urlsplit(url).path: row
        for url, *row in rows(
            archive, "SELECT coalesce(canonical_url, url), title, authors, published, language, text FROM articles"
        )
    }
    truths = [truth for truth in paper.truth.values() if truth.path in found]
    right = Counter()
    for truth in truths:
        title, authors, published, language, text = found[truth.path]
        right["title"] += title == truth.title
        right["authors"] += tuple(json.loads(authors)) == truth.authors
        right["day"] += (published or "")[:10] == truth.published[:10]
        right["language"] += language == truth.language
        right["text"] += prose(text.split("\n"), truth) == [normalize("NFC", line) for line in truth.paragraphs]
        for leak in ("Leave a Reply", "Your email address will not be published", "Akismet"):
            assert leak not in text or leak in truth.text, truth.url
    shares = {field: number / len(truths) for field, number in right.items()}
    assert shares["title"] >= 0.95, shares
    assert shares["day"] >= 0.95, shares
    assert shares["language"] >= 0.95, shares
    assert shares["authors"] >= 0.9, shares
    assert shares["text"] >= 0.95, shares


def prose(lines: list[str], truth) -> list[str]:
    """Return the lines of a stored text that are paragraphs: no standfirst, no table rows, no list markers."""
    kept = [line for line in lines if line != normalize("NFC", truth.subtitle) and not line.startswith("|")]
    return [line.removeprefix("- ") for line in kept]


def test_comments_are_stored_in_a_column_of_their_own(tmp_path):
    """extract.comments = "separate": word for word, in rows and datasets, in no text."""
    archive = make_archive(tmp_path / "archive")
    settings = archive / "morgue.toml"
    settings.write_text(settings.read_text().replace('#comments = "drop"', 'comments = "separate"'))
    with serve() as paper:
        done = crawl(archive, "--urls", "-", stdin="\n".join(paper.truth))
    assert done.returncode == 0, done.stderr
    out = tmp_path / "all.jsonl"
    assert morgue("-C", archive, "export", "jsonl", out).returncode == 0
    found = {row["url"]: row for row in map(json.loads, out.read_text().split("\n")[:-1])}
    stored = dict(rows(archive, "SELECT url, comments FROM articles"))
    assert set(found) == set(stored) == set(paper.truth)
    written = {said for stock in READERS.values() for said in (normalize("NFC", one["said"]) for one in stock)}
    for url, row in found.items():
        assert row["comments"] == json.loads(stored[url])
        assert set(row["comments"]) <= written, url
        assert not any(said in row["text"] for said in row["comments"]), url
    assert sum(bool(row["comments"]) for row in found.values()) > 50


def test_comments_are_not_stored_unless_asked_for(crawled):
    """The column is NULL: they were not looked for, which is not the same as that there were none."""
    _paper, archive, _done = crawled
    assert rows(archive, "SELECT count(*) > 50, count(comments) FROM articles") == [(1, 0)]


def test_capture_reads_back_byte_for_byte(crawled):
    """(file, offset, length) of a capture is the bytes that the server sent, for every kind of exchange."""
    paper, archive, _done = crawled
    served = Counter((entry.target, entry.response) for entry in paper.journal)
    captures = rows(archive, "SELECT url, file, offset, length, status FROM captures WHERE record_type = 'response'")
    kept: Counter = Counter()
    for url, file, offset, length, _status in captures:
        with open(archive / "warc" / file, "rb") as warc:
            warc.seek(offset)
            record = gzip.decompress(warc.read(length))
        _head, _, block = record.partition(b"\r\n\r\n")
        parts = urlsplit(url)
        kept[parts.path + (f"?{parts.query}" if parts.query else ""), block.removesuffix(b"\r\n\r\n")] += 1
    assert served - kept == Counter()
    assert kept - served == Counter()


def test_every_request_is_stored_byte_for_byte(crawled):
    """Each response record has its request record, as the server received it."""
    paper, archive, _done = crawled
    sent = Counter(entry.request for entry in paper.journal)
    kept: Counter = Counter()
    for file in sorted((archive / "warc").iterdir()):
        with open(file, "rb") as stream:
            for record in ArchiveIterator(stream, no_record_parse=True):
                if record.rec_type == "request":
                    kept[record.raw_stream.read()] += 1
    assert kept == sent


def test_independent_tools_accept_the_warc_files(crawled):
    """gzip, warcio and FastWARC find nothing; no file is left open."""
    _paper, archive, _done = crawled
    files = sorted((archive / "warc").iterdir())
    assert files
    assert all(file.name.endswith(".warc.gz") for file in files)
    assert faults(*files) == []
    for file in files:  # it takes one
        subprocess.run([Path(sys.executable).parent / "fastwarc", "check", "-p", "-q", file], check=True)


def test_article_leads_to_the_record_that_it_was_read_from(crawled):
    """articles.capture_id names a response record of that very page, and the row names extractor and version."""
    _paper, archive, _done = crawled
    for url, captured, status, extractor in rows(
        archive,
        "SELECT a.url, c.url, c.status, a.extractor FROM articles a LEFT JOIN captures c ON c.id = a.capture_id",
    ):
        assert captured == url
        assert status == 200
        assert "trafilatura" in extractor


def test_summary_has_counts_and_reasons(crawled):
    """Found, fetched, new, disallowed, and reasons with an example."""
    _paper, _archive, done = crawled
    assert done.returncode in (0, 1), done.stderr
    assert "disallowed: by robots.txt, e.g. http://127.0.0.1" in done.stdout
    assert "problem in a listing: http://127.0.0.1" in done.stdout
    head = done.stdout.splitlines()
    assert any(line.startswith("source") and "found" in line and "new" in line for line in head)


def test_search_finds_a_crawled_article(crawled):
    """The words of an article find it."""
    paper, archive, _done = crawled
    truth = next(iter(paper.truth.values()))
    done = morgue("-C", archive, "search", f'"{truth.title}"', "--format", "json")
    assert truth.title in {row["title"] for row in json.loads(done.stdout)}


def test_second_crawl_costs_little_and_changes_nothing(crawled):
    """Listings are asked conditionally; no article is fetched again, no row is added."""
    paper, archive, _done = crawled
    before = rows(archive, "SELECT count(*), max(revision) FROM articles")
    paper.journal.clear()
    again = crawl(archive, paper.url + "/")
    assert again.returncode in (0, 1), again.stderr
    assert rows(archive, "SELECT count(*), max(revision) FROM articles") == before
    paths = {truth.path for truth in paper.truth.values()}
    assert [target for target in paper.journal.targets() if target in paths] == []
    unmodified = sum(entry.status == 304 and entry.target != "/robots.txt" for entry in paper.journal)
    assert unmodified
    assert f"{unmodified} pages have not changed since the last visit (HTTP 304)" in again.stdout
    (counts,) = rows(archive, "SELECT counts FROM crawls ORDER BY id DESC LIMIT 1")[0]
    assert sum(count["not_modified"] for count in json.loads(counts).values()) == unmodified


def test_new_article_is_found_by_the_next_crawl(crawled):
    """What is published between two crawls is the only article that the second one fetches."""
    paper, archive, _done = crawled
    fresh = paper.publish()
    paper.journal.clear()
    crawl(archive, paper.url + "/")
    paths = {truth.path for truth in paper.truth.values()}
    assert [target for target in paper.journal.targets() if target in paths] == [fresh.path]
    assert rows(archive, "SELECT title FROM articles WHERE url = ?", fresh.url) == [(fresh.title,)]


def test_missing_warc_file_is_reported_and_the_crawl_goes_on(tmp_path):
    """By names and sizes alone: at the start on stderr, with the next step, and in the summary."""
    archive = make_archive(tmp_path / "archive")
    with serve() as paper:
        crawl(archive, "--limit", "1", paper.url + "/")
        (lost,) = (archive / "warc").iterdir()
        kept = lost.read_bytes()
        lost.write_bytes(kept[:-1])
        again = crawl(archive, paper.url + "/", "--limit", "1")
        lost.unlink()
        gone = crawl(archive, "--quiet", "--limit", "1")
        lost.write_bytes(kept)
        back = crawl(archive, "--quiet", "--limit", "1")
    assert (again.returncode, gone.returncode) == (1, 1)
    assert f"1 WARC file does not match the manifest: {lost.name} (different size)\n  `morgue verify`" in again.stderr
    assert "\nneeds attention: 1 WARC file does not match the manifest: run `morgue verify`\n" in again.stdout
    assert f"{lost.name} (missing)" in gone.stdout + gone.stderr
    assert lost.name not in back.stderr


def test_progress_is_a_bar_on_a_terminal_and_lines_in_a_pipe(tmp_path):
    """Pages, articles, errors and speed, on stderr; stdout stays what a program can read."""
    archive = make_archive(tmp_path / "archive")
    ours, theirs = pty.openpty()
    with serve(delay=0.02) as paper:
        line = command_line("-C", archive, "crawl", *LOOPBACK, paper.url + "/")
        process = subprocess.Popen(
            line, env=environment() | {"TERM": "xterm"}, stdout=subprocess.PIPE, stderr=theirs, text=True
        )
        os.close(theirs)
        shown = b""
        with contextlib.suppress(OSError):  # how Linux says that the other side of a terminal was closed
            while piece := os.read(ours, 65536):
                shown += piece
        said, _ = process.communicate(timeout=60)
    os.close(ours)
    assert process.returncode in (0, 1)
    assert b"crawling" in shown
    assert b"articles" in shown
    assert said.startswith("source")


def test_page_that_takes_too_long_to_read_is_named_and_kept(tmp_path):
    """The worker is killed and replaced; the page is counted with its reason; its capture is there to be read again."""
    archive = make_archive(tmp_path / "archive")
    with serve() as paper:
        urls = list(paper.truth)[:3]
        listed = "\n".join(urls)
        done = crawl(archive, "-s", "extract.seconds=0.001", "-s", "extract.workers=1", "--urls", "-", stdin=listed)
    assert "3 without an article: extractor timed out, e.g. http://127.0.0.1" in done.stdout, done.stdout
    assert rows(archive, "SELECT count(*) FROM articles") == [(0,)]
    assert {url for (url,) in rows(archive, "SELECT url FROM captures WHERE status = 200 AND kind = 'page'")} == set(
        urls
    )


def test_limit_per_host_is_reported_and_the_next_crawl_goes_on(tmp_path):
    """pages_per_host bounds a run; what it left is named, and not lost."""
    archive = make_archive(tmp_path / "archive")
    with serve() as paper:
        first = crawl(archive, "-s", "crawl.pages_per_host=10", paper.url + "/")
        assert "more URLs are due" in first.stdout
        assert rows(archive, "SELECT count(*) <= 20 FROM articles") == [(1,)]
        crawl(archive)
        assert rows(archive, "SELECT count(*) >= 81 FROM articles") == [(1,)]


def test_missing_contact_is_warned_of_for_public_sites(tmp_path):
    """The warning names the line to add; for our own network there is none."""
    assert morgue("init", tmp_path / "archive").returncode == 0
    public = morgue("-C", tmp_path / "archive", "crawl", "-s", "crawl.retries=0", "http://paper.invalid/")
    assert 'contact = "you@example.org"' in public.stderr
    private = crawl(tmp_path / "archive", "-s", "crawl.retries=0", "http://127.0.0.1:2/")
    assert "contact" not in private.stderr


def test_hosts_are_crawled_side_by_side(tmp_path):
    """Two papers that are slow to answer take little longer than one."""
    archive = make_archive(tmp_path / "archive")
    with serve(delay=0.1) as one, serve(host="127.0.0.2", delay=0.1) as other:
        crawl(archive, one.url + "/", other.url + "/", "--limit", "30")
        spans = [(paper.journal[0].time, paper.journal[-1].time) for paper in (one, other)]
    assert max(begin for begin, _ in spans) < min(end for _, end in spans)


def test_crawl_delay_is_a_minimum(tmp_path):
    """What robots.txt asks for is never undercut, not by our jitter and not because a request waited for its turn."""
    archive = make_archive(tmp_path / "archive")
    with serve(crawl_delay=0.6) as paper:
        crawl(archive, "--urls", "-", stdin="\n".join(list(paper.truth)[:6]))
        times = [entry.time for entry in paper.journal]
    assert len(times) == 7
    assert min(late - early for early, late in pairwise(times)) >= 0.5  # a request may be noticed late


def test_scrapy_lists_the_spider():
    """`scrapy list` works in the checkout."""
    scrapy = Path(sys.executable).parent / "scrapy"
    done = subprocess.run([scrapy, "list"], cwd=ROOT, capture_output=True, text=True, env=environment())
    assert (done.returncode, done.stdout.split()) == (0, ["news"]), done.stderr

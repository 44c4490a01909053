"""Several sites in one crawl, one of them hostile: it rules, delays and uses up nothing of the others."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.command import crawl, make_archive, morgue, rows
from tests.support.http_server import Answers, answering

pytestmark = pytest.mark.slow

STORY = "The harbour council met on Tuesday evening and decided to rebuild the old crane beside the northern pier. " * 6
PATHS = [f"/2026/11/{day:02}/story-{day}.html" for day in range(1, 7)]
WEEK_SECONDS = 604_800


def html(title: str) -> tuple[int, bytes, dict[str, str]]:
    paragraphs = "".join(f"<p>{title}, part {number}. {STORY}</p>" for number in range(3))
    text = (
        f"<html><head><title>{title}</title></head><body><article><h1>{title}</h1>{paragraphs}</article></body></html>"
    )
    return 200, text.encode(), {}


def feed(urls: Iterable[str], creator: str = "") -> tuple[int, bytes, dict[str, str]]:
    by = f"<dc:creator>{creator}</dc:creator>" if creator else ""
    items = "".join(f"<item><title>Story</title><link>{url}</link>{by}</item>" for url in urls)
    head = '<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>A feed</title>'
    return 200, f"{head}{items}</channel></rss>".encode(), {"Content-Type": "application/rss+xml"}


def sitemap_index(urls: Iterable[str]) -> tuple[int, bytes, dict[str, str]]:
    named = "".join(f"<sitemap><loc>{url}</loc></sitemap>" for url in urls)
    return 200, f"<sitemapindex>{named}</sitemapindex>".encode(), {"Content-Type": "text/xml"}


def redirect(to: str) -> tuple[int, bytes, dict[str, str]]:
    return 302, b"", {"Location": to}


@dataclass
class Served:
    """Hold a site that is served, and what was asked of it."""

    url: str
    answers: Answers
    asked: list[str]

    def urls(self, paths: Iterable[str]) -> list[str]:
        return [self.url + path for path in paths]


@pytest.fixture
def served() -> Iterator[list[Served]]:
    """Serve three sites: a hostile one, a paper with six articles in its feed, and one that no source owns."""
    with ExitStack() as stack:
        sites = []
        for _ in range(3):
            answers: Answers = {"/": html("Front page")}
            url, asked = stack.enter_context(answering(answers))
            sites.append(Served(url, answers, asked))
        _evil, paper, _other = sites
        paper.answers |= {path: html(f"Story of {path}") for path in PATHS}
        paper.answers["/feed.xml"] = feed(paper.urls(PATHS))
        yield sites


def archive_of(tmp_path: Path, **sources: str) -> Path:
    archive = make_archive(tmp_path / "archive")
    for name, text in sources.items():
        (archive / "sources" / f"{name}.toml").write_text(text)
    return archive


def source(site: Served, *, sitemap: bool = False, more: str = "") -> str:
    listing = f'sitemaps = ["{site.url}/index.xml"]' if sitemap else f'feeds = ["{site.url}/feed.xml"]'
    return f'url = "{site.url}/"\n{listing}\n{more}'


def test_feed_of_another_site_claims_no_article(served, tmp_path):
    """Neither source nor author of another paper's articles, and what was left out is said."""
    evil, paper, _ = served
    evil.answers["/feed.xml"] = feed(paper.urls(PATHS), creator="Forged Author")
    archive = archive_of(tmp_path, aevil=source(evil), paper=source(paper))
    first = crawl(archive, "aevil")
    assert [path for path in paper.asked if path in PATHS] == []
    assert "left out: 6 addresses on other sites: aevil 6" in first.stdout
    crawl(archive)
    filed = rows(archive, "SELECT s.name, a.authors FROM articles a JOIN sources s ON s.id = a.source_id")
    assert filed == [("paper", "[]")] * len(PATHS)


def test_sitemap_index_of_another_site_changes_no_kind(served, tmp_path):
    """What evil calls a sitemap is still an article of the paper."""
    evil, paper, _ = served
    evil.answers["/index.xml"] = sitemap_index(paper.urls(PATHS))
    archive = archive_of(tmp_path, aevil=source(evil, sitemap=True), paper=source(paper))
    crawl(archive, "aevil")
    crawl(archive)
    assert rows(archive, "SELECT count(*) FROM articles") == [(len(PATHS),)]


def test_site_that_a_source_file_names_is_listed(served, tmp_path):
    """By name, or as any site for an aggregator; the paper's own feed corrects whose the articles are."""
    evil, paper, _ = served
    evil.answers["/feed.xml"] = feed(paper.urls(PATHS))
    archive = archive_of(tmp_path, planet=source(evil, more='sites = "any"\n'))
    assert "left out" not in crawl(archive).stdout
    query = "SELECT DISTINCT s.name FROM articles a JOIN sources s ON s.id = a.source_id"
    assert rows(archive, query) == [("planet",)]
    (archive / "sources" / "paper.toml").write_text(source(paper))
    crawl(archive, "paper")
    assert rows(archive, query) == [("paper",)]
    assert rows(archive, "SELECT count(*) FROM articles") == [(len(PATHS),)]


def test_article_of_another_source_is_filed_under_it_after_a_redirect(served, tmp_path):
    """With nothing that the redirecting site's feed said of it."""
    evil, paper, other = served
    paper.answers["/2026/11/20/unlisted.html"] = html("An unlisted story")
    other.answers["/2026/11/21/ownerless.html"] = html("A story of nobody")
    evil.answers["/2026/11/01/a.html"] = redirect(paper.url + "/2026/11/20/unlisted.html")
    evil.answers["/2026/11/01/b.html"] = redirect(other.url + "/2026/11/21/ownerless.html")
    links = evil.urls(["/2026/11/01/a.html", "/2026/11/01/b.html"])
    evil.answers["/feed.xml"] = feed(links, creator="Forged Author")
    archive = archive_of(tmp_path, aevil=source(evil), paper=source(paper))
    crawl(archive)
    query = """SELECT s.name, a.authors FROM articles a JOIN sources s ON s.id = a.source_id WHERE a.url LIKE ?"""
    assert rows(archive, query, "%unlisted%") == [("paper", "[]")]
    assert rows(archive, query, "%ownerless%") == [("aevil", "[]")]


def test_failure_after_a_redirect_is_not_the_fault_of_the_host_that_redirects(served, tmp_path):
    """Four of its links lead elsewhere and fail; the paper is crawled to the end, and by the next crawl."""
    _, paper, other = served
    other.answers["/wait"] = (429, b"", {"Retry-After": str(WEEK_SECONDS)})
    with answering({"/robots.txt": (503, b"", {})}) as (forbidden, _asked):
        targets = (other.url + "/wait", forbidden + "/", "http://paper.invalid/", "http://127.0.0.1:2/")
        partners = [f"/2026/11/30/partner-{number}.html" for number in range(len(targets))]
        paper.answers |= dict(zip(partners, map(redirect, targets), strict=True))
        paper.answers["/feed.xml"] = feed(paper.urls([*partners, *PATHS]))
        archive = archive_of(tmp_path, paper=source(paper))
        crawl(archive, "-s", "crawl.retries=0")
    assert rows(archive, "SELECT count(*) FROM articles") == [(len(PATHS),)]
    late = (
        "SELECT count(*) FROM frontier WHERE julianday(next_visit) - julianday(last_visit) > 1.5 AND kind != 'tdmrep'"
    )
    assert rows(archive, late) == [(0,)]


def test_caps_are_kept_and_said(served, tmp_path):
    """An index of 3,000 sitemaps gives as many rows as the crawl may read; the summary names source and setting."""
    evil, _, _ = served
    evil.answers["/index.xml"] = sitemap_index(f"{evil.url}/{number}.xml" for number in range(3000))
    archive = archive_of(tmp_path, aevil=source(evil, sitemap=True, more="[crawl]\nlistings_per_source = 20\n"))
    done = crawl(archive, "-s", "crawl.retries=0")
    assert rows(archive, "SELECT count(*) <= 25 FROM frontier") == [(1,)]
    assert re.search(r"limit: aevil reached crawl.listings_per_source: 2,98\d addresses left", done.stdout)
    assert len(evil.asked) <= 25


def test_addresses_beyond_the_limit_of_a_source_come_with_the_next_crawl(served, tmp_path):
    """Nothing is lost: the listing is read again."""
    _, paper, _ = served
    settings = "[crawl]\naddresses_per_source = 4\n"
    archive = archive_of(tmp_path, paper=source(paper, more=settings))
    first = crawl(archive)
    assert "limit: paper reached crawl.addresses_per_source" in first.stdout
    crawl(archive)
    crawl(archive)
    assert rows(archive, "SELECT count(*) FROM articles") == [(len(PATHS),)]


def test_bytes_of_a_site_are_bounded(served, tmp_path):
    """The site is left alone once its records are as large as the setting says; the other is not."""
    evil, paper, _ = served
    evil.answers |= {path: html(f"Evil story of {path}") for path in PATHS}
    evil.answers["/feed.xml"] = feed(evil.urls(PATHS))
    archive = archive_of(tmp_path, aevil=source(evil), paper=source(paper))
    done = crawl(archive, "-s", "crawl.bytes_per_site=4kB")
    assert "limit: aevil reached crawl.bytes_per_site" in done.stdout
    assert len([path for path in evil.asked if path in PATHS]) < len(PATHS)


def test_removing_a_redirect_leaves_the_article_of_another_site(served, tmp_path):
    """The takedown of a page that redirects to another site's article is not one of that article."""
    evil, paper, _ = served
    evil.answers["/2026/11/01/a.html"] = redirect(paper.url + PATHS[0])
    evil.answers["/feed.xml"] = feed(evil.urls(["/2026/11/01/a.html"]))
    archive = archive_of(tmp_path, aevil=source(evil), paper=source(paper))
    crawl(archive, "paper")
    crawl(archive, "aevil")
    ((number,),) = rows(archive, "SELECT id FROM articles WHERE url = ?", paper.url + PATHS[0])
    done = morgue("-C", archive, "remove", evil.url + "/2026/11/01/a.html", "--reason", "asked for", "--yes")
    assert done.returncode == 0, done.stderr
    assert f"  {number}  Story of {PATHS[0]}  {paper.url + PATHS[0]}" in done.stdout
    assert rows(archive, "SELECT count(*) FROM articles") == [(len(PATHS),)]
    assert rows(archive, "SELECT count(*) FROM captures WHERE url LIKE ?", evil.url + "/2026%") == [(0,)]
    assert rows(archive, "SELECT count(*) FROM aliases WHERE article_id = ?", number) == [(0,)]
    assert morgue("-C", archive, "verify").returncode == 0
    assert morgue("-C", archive, "remove", str(number), "--reason", "asked for", "--yes").returncode == 0
    assert rows(archive, "SELECT count(*) FROM articles") == [(len(PATHS) - 1,)]

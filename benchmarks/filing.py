"""Fill an archive with generated articles, in much less time than a crawl or an import: nothing is extracted.

Records and rows are written as a crawl writes them. What the extractor reads in a generated page is known before; one
page in SAMPLE is extracted all the same, and the program ends if another article comes out. Paragraphs after the
second are left out, which makes reading them again in a rebuild faster as well.
"""

from __future__ import annotations

import html
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from search_corpus import GeneratedArticle, generate

from pipelines.archive.writer import ArchiveWriter
from pipelines.core.items import Article, Exchange, Page, Reading, Source
from pipelines.core.languages.text_language import language_of, may_be_in
from pipelines.database.clusters.upkeep import work_off
from pipelines.database.store import ArticleStore
from pipelines.extraction.entry import outcome_of
from pipelines.warc.exchange import write_exchange
from pipelines.warc.storage import WarcStorage

PARAGRAPHS = 2
SAMPLE = 500
FIRST = ("Anna", "Clara", "David", "Emma", "Felix", "Hanna", "Jonas", "Laura", "Martin", "Paula")
LAST = ("Berger", "Conti", "Dupont", "Ferrari", "Garcia", "Keller", "Lindner", "Moreau", "Novak", "Romano", "Weber")
START = datetime(2026, 8, 20, tzinfo=UTC)  # of the first capture
SECONDS = 43  # between two captures: 200,000 take 100 days
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"


def short_articles(articles: int, sources: int) -> Iterator[GeneratedArticle]:
    """Yield generated articles of two paragraphs, by writers whose names are known as such in each language."""
    for article in generate(articles, sources):
        byline = f"By {FIRST[article.number % len(FIRST)]} {LAST[article.number % len(LAST)]}"
        day = min(article.day, f"{captured(article.number):%Y-%m-%d}") if article.day else None
        yield replace(article, day=day, byline=byline, text="\n".join(article.text.split("\n")[:PARAGRAPHS]))


def captured(number: int) -> datetime:
    """Return the time at which an article is captured."""
    return START + timedelta(seconds=SECONDS * number)


def host(source: int) -> str:
    """Return the host of a source."""
    return f"paper-{source}.example"


def address(article: GeneratedArticle) -> str:
    """Return the URL of an article."""
    return f"https://{host(article.source)}/news/{article.number}-report-of-the-day.html"


def page_of(article: GeneratedArticle, more: str = "") -> bytes:
    """Return the page of an article. `more`: another paragraph."""
    lines = "".join(f"<p>{html.escape(line)}</p>" for line in [*article.text.split("\n"), *([more] if more else [])])
    title = html.escape(article.title)
    published = f'<time datetime="{article.day}">{article.day}</time>' if article.day else ""
    return (
        f'<!DOCTYPE html><html lang="{article.language}"><head><title>{title}</title></head><body><article>'
        f"<h1>{title}</h1><p>{html.escape(article.byline)}</p>{published}{lines}</article></body></html>"
    ).encode()


class Filler:
    """File generated articles in an archive, one after the other."""

    def __init__(self, writer: ArchiveWriter, sources: int) -> None:
        self._writer, self._store = writer, ArticleStore(writer.db)
        self._crawl = writer.call(self._store.begin_crawl, "crawl", "benchmark")
        self._sources = {
            number: writer.call(self._store.source, Source(host(number), f"https://{host(number)}/"))
            for number in range(1, sources + 1)
        }
        self._read: dict[tuple[str, bool], Article] = {}  # one of each kind, as the extractor reads it

    def file(self, article: GeneratedArticle) -> None:
        """Write the records of an article and its rows."""
        body, url = page_of(article), address(article)
        expected = self._expected(article, body)
        if article.number % SAMPLE == 0 and self._extracted(article, body) != expected:
            sys.exit(f"{url}: another article is read than {expected}")
        at = captured(article.number)
        request = f"GET / HTTP/1.1\r\nHost: {host(article.source)}\r\n\r\n".encode()
        exchange = Exchange(url, at, request, HEAD + body, ip="192.0.2.1", head_length=len(HEAD), status=200,
                            kind="article")  # fmt: skip
        self._writer.call(self._write, exchange, expected, body, self._sources[article.source])

    def _write(self, exchange: Exchange, article: Article, body: bytes, source: int) -> None:
        capture = self._store.capture(write_exchange(exchange, self._writer.writer), self._crawl, source)
        page = Page(exchange.url, body, "text/html; charset=utf-8", capture=capture)
        self._store.file(Reading(page, article, 0.0), source, exchange.url)

    def _extracted(self, article: GeneratedArticle, body: bytes) -> Article:
        source = Source(host(article.source), f"https://{host(article.source)}/")
        outcome, _ms = outcome_of(Page(address(article), body, "text/html; charset=utf-8", source=source))
        if not isinstance(outcome, Article):
            sys.exit(f"{address(article)}: no article is read: {outcome}")
        return outcome

    def _expected(self, article: GeneratedArticle, body: bytes) -> Article:
        kind = article.language, article.day is None
        if kind not in self._read:
            self._read[kind] = self._extracted(article, body)
        name = article.byline.removeprefix("By ")
        words = "\n".join([article.title, *article.text.split("\n")])
        language, place = language_of(words, article.language), "text"
        if language is None and may_be_in(words, article.language):
            language, place = article.language, "html lang"
        found_in = {name: found for name, found in self._read[kind].found_in.items() if name != "language"}
        return replace(
            self._read[kind],
            url=address(article),
            title=article.title,
            authors=(name,),
            byline=article.byline,
            published=article.day,
            published_day=article.day,
            published_raw=article.day,
            text=article.text,
            line_kinds=" ".join("p" * len(article.text.split("\n"))),
            word_count=len(article.text.split()),
            language=language,
            found_in=found_in | ({"language": place} if language else {}),
        )


@contextmanager
def filling(archive: Path, sources: int) -> Iterator[Filler]:
    """Yield what files articles in an archive. At the end of the block, they are compared and committed."""
    writer = ArchiveWriter(archive / "morgue.db", WarcStorage(archive / "warc"))
    try:
        yield Filler(writer, sources)
        while writer.call(work_off, writer.db):  # as a crawl does when it has time
            pass
    finally:
        writer.close(everything=True)
    if writer.failed is not None:
        raise writer.failed

"""Hold the paper at one moment: which articles are out, in which version, and what time it is there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property

from .article import Article, all_articles, corrected

#: The paper's own clock stands still until something is published or corrected, so pages never differ by
#: the hour.
NOON = datetime(2026, 11, 15, 12, 0, tzinfo=UTC)

#: The paper's address in every page; the server puts the real one in as it sends.
BASE = "http://gazette.invalid"

PER_PAGE = 6


@dataclass(frozen=True)
class Edition:
    """Hold a frozen state of the paper. Publishing and correcting make a new one."""

    articles: tuple[Article, ...]  # newest first
    now: datetime = NOON
    crawl_delay: float | None = None  # seconds, for robots.txt
    faults: bool = False  # whether the home page links to /faults/index.html

    @cached_property
    def by_path(self) -> dict[str, Article]:
        """Return articles by percent-encoded path."""
        return {article.path: article for article in self.articles}

    def in_language(self, language: str) -> list[Article]:
        """Return the articles of one language edition, newest first."""
        return [a for a in self.articles if a.language == language]

    def in_section(self, language: str, section: str) -> list[Article]:
        """Return the articles of one section, newest first."""
        return [a for a in self.articles if a.language == language and a.section == section]

    def sections(self) -> list[tuple[str, str]]:
        """Return (language, section) of every section that has an article, English first."""
        found = {(a.language, a.section) for a in self.articles}
        return sorted(found, key=lambda pair: (pair[0] != "en", *pair))

    def tags(self) -> dict[str, list[Article]]:
        """Return articles by tag, as spelled in an address."""
        found: dict[str, list[Article]] = {}
        for article in self.articles:
            for tag in article.tags:
                found.setdefault(slug(tag), []).append(article)
        return found

    def authors(self) -> dict[str, list[Article]]:
        """Return articles by author's name, as spelled in an address."""
        found: dict[str, list[Article]] = {}
        for article in self.articles:
            for author in article.authors:
                found.setdefault(slug(author), []).append(article)
        return found

    def related(self, article: Article) -> list[Article]:
        """Return up to three others of the same language, the same section first."""
        others = [a for a in self.articles if a.language == article.language and a.slug != article.slug]
        return sorted(others, key=lambda a: (a.section != article.section, a.slug))[:3]


def slug(name: str) -> str:
    """Return a tag or an author's name as part of an address."""
    return "-".join(name.lower().replace(".", "").split())


def section_path(language: str, section: str) -> str:
    """Return the path of a section's first page."""
    return f"/{section}/" if language == "en" else f"/{language}/{section}/"


def first_edition(crawl_delay: float | None, faults: bool) -> Edition:
    """Return the paper before anything is published or corrected."""
    out = tuple(a for a in all_articles() if not a.held and not a.corrects)
    return Edition(out, crawl_delay=crawl_delay, faults=faults)


def publish(edition: Edition) -> tuple[Edition, Article]:
    """Return the next edition, with the oldest article that was still held back, published one hour later."""
    out = {article.path for article in edition.articles}
    waiting = [a for a in all_articles() if a.held and a.path not in out]
    if not waiting:
        raise LookupError("every held article is published already")
    fresh = min(waiting, key=lambda a: a.published)
    articles = sorted((fresh, *edition.articles), key=lambda a: (a.published.timestamp(), a.slug), reverse=True)
    return replace(edition, articles=tuple(articles), now=edition.now + timedelta(hours=1)), fresh


def correct(edition: Edition) -> tuple[Edition, Article]:
    """Return the next edition, with the corrected version of the one article that has one."""
    for article in edition.articles:
        better = corrected(article)
        if better and not article.corrects:
            articles = tuple(better if a is article else a for a in edition.articles)
            return replace(edition, articles=articles, now=edition.now + timedelta(hours=1)), better
    raise LookupError("every correction is published already")

"""Find the source that a URL belongs to, by the source files. Imports and rebuilds use this instead of the frontier."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Protocol

from crawler.config.models import SourceConfig
from crawler.discovery.url_classifier import LIST_WITH_PARAMETERS, UrlClassification, classify_with_reason
from pipelines.core.items import Source
from pipelines.core.urls import fetchable, host_of, site_of, site_of_host


class HasSources(Protocol):
    """Declare what the sources are taken from: a Config, say."""

    @property
    def sources(self) -> Mapping[str, SourceConfig]:
        """Return the sources by name."""


class SourceOwners:
    """Look up the sources of an archive by host and by site."""

    def __init__(self, config: HasSources) -> None:
        self._by_host: dict[str, SourceConfig] = {}
        self._by_site: dict[str, SourceConfig] = {}
        for own in sorted(config.sources.values(), key=lambda own: host_of(own.url).removeprefix("www.").count(".")):
            self._by_host.setdefault(host_of(own.url), own)
            self._by_site.setdefault(site_of(own.url), own)
        for own in config.sources.values():
            for host in () if isinstance(own.sites, str) else own.sites:
                self._by_site.setdefault(site_of_host(host), own)
        self._source = lru_cache(maxsize=65536)(self._of_host)

    def own(self, url: str) -> SourceConfig | None:
        """Return the source with the URL's host, else the one whose host is highest in its site; None if neither."""
        try:
            return self._source(host_of(url))
        except ValueError:
            return None

    def source(self, url: str) -> Source | None:
        """Return the same as `own`, as the item that the pipelines use."""
        own = self.own(url)
        return own.source if own is not None else None

    def kind(self, url: str) -> str:
        """Return "article", "section", "front" or "other", by the source's own patterns, else by the URL's shape.

        A URL without a known shape counts as an article: another archive found it worth keeping, and reading the page
        will show whether it holds one.
        """
        judged = self._judged(url)
        if judged.kind == "section" and re.fullmatch(r"[a-z]+://[^/]+/?", url, re.IGNORECASE):
            return "front"
        if judged.why == LIST_WITH_PARAMETERS:
            return "section"  # it may be an article by what it is
        if judged.kind is None:
            return "other" if judged.known else "article"
        return judged.kind

    def why_no_article(self, url: str) -> str:
        """Return in a few words by which rule an address is not that of an article."""
        return self._judged(url).why

    def _judged(self, url: str) -> UrlClassification:
        own = self.own(url)
        include, exclude = (own.include, own.exclude) if own is not None else ((), ())
        return classify_with_reason(fetchable(url) or url, include=include, exclude=exclude)

    def _of_host(self, host: str) -> SourceConfig | None:
        return self._by_host.get(host) or self._by_site.get(site_of(f"http://{host}/"))

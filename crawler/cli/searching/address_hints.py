"""Say what the archive knows of an address in a query: a front page, an address that is no article, one among words."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.core.errors import NotFound
from pipelines.core.plural import counted
from pipelines.core.terminal import plain
from pipelines.database import queries
from pipelines.database.filters import ArticleFilters, homes_of_sources
from pipelines.database.query_language.addresses import address_within, as_given, is_address, is_host
from pipelines.database.search import counts
from pipelines.database.selection import article_at
from pipelines.database.shards.databases import Database

MAX_ADDRESSES = 3  # of a query that are looked up


def address_hints(db: Database, url: str) -> Iterator[str]:
    """Yield what is known of an address with which nothing was found, as `morgue show` says it."""
    if source_at_home(db, url) is not None:
        return  # `address_notes` says so
    try:
        found = queries.article(db, url)
    except NotFound as unknown:
        is_known = queries.address_state(db, as_given(url.strip())) is not None
        yield str(unknown if is_known else NotFound(unknown.subject, unknown.cause))
        if queries.captures_of(db, url):
            yield f"`morgue show {url.strip()}` shows what was captured there."
    else:
        yield f"The address is that of article {found['id']}, which the filters leave out."


def address_notes(db: Database, query: str) -> Iterator[str]:
    """Yield of which source a query is the front page; of an address among words, which article it leads to alone."""
    if (name := source_at_home(db, query)) is not None:
        articles = counted(counts.count(db, None, ArticleFilters(source=name)), "article")
        front = f"{plain(address_within(query))} is the front page of a source with {articles}"
        yield f"{front}: morgue search --source {plain(name)}"
    parts = query.split()
    for text in list(filter(is_address, parts))[:MAX_ADDRESSES] if len(parts) > 1 else ():
        if (number := article_at(db, text)) is not None:
            url = plain(address_within(text))
            yield f"Searched for {url} as words. Alone, it leads to its article: morgue show {number}"


def source_at_home(db: Database, query: str) -> str | None:
    """Return the source whose front page a query is the address of, if it is one."""
    if not is_address(query) and not is_host(query):
        return None
    from pipelines.core.source_names import source_meant  # most searches need not pay for it

    return source_meant(address_within(query), homes_of_sources(db))

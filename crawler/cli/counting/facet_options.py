"""Add --facet and --facet-limit to `morgue search`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from crawler.cli.common_options import ROWS
from pipelines.core.errors import QueryError
from pipelines.database.filters import ArticleFilters
from pipelines.database.query_language.values import listed
from pipelines.database.search.counts import KEYS, check_keys
from pipelines.database.shards.databases import Database

if TYPE_CHECKING:
    from pipelines.database.search.facets import Facet

ROW_FORMATS = ("jsonl", "csv")  # have one row for each match


@dataclass(frozen=True, slots=True)
class FacetOptions:
    """Hold by which keys all matches are to be counted."""

    keys: tuple[str, ...]
    limit: int  # values of each; 0: all

    def check(self, form: str) -> None:
        """Check that all keys exist, and that the format has room for them. Raises QueryError."""
        if self.keys:
            check_keys("--facet", self.keys)
            if form in ROW_FORMATS:
                cure = "say --format json, or `morgue count QUERY --by KEY` for the numbers alone"
                raise QueryError("--facet", f"has no place in {form}, which has one row for each match", cure)

    def of(self, db: Database, query: str, filters: ArticleFilters) -> list[Facet]:
        """Count all matches by each key. Raises as `counts.counts` does."""
        from pipelines.database.search.facets import facet

        return [facet(db, key, query, filters, self.limit) for key in self.keys]


def facet_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options to a command, which gets them as one keyword argument, `facet`."""

    @wraps(function)
    def with_facets(*args: Any, facet_keys: tuple[str, ...], facet_limit: int, **given: Any) -> Any:
        keys = tuple(dict.fromkeys(listed("--facet", facet_keys)))
        return function(*args, facet=FacetOptions(keys, facet_limit), **given)

    options = [
        click.option("--facet", "facet_keys", multiple=True, metavar="KEY,...",
                     help=f"Below the matches, count all of them by {', '.join(KEYS[:-1])} or "
                          f"{KEYS[-1]}. Repeatable."),
        click.option("--facet-limit", type=ROWS, default=10, show_default=True, metavar="N",
                     help="Show the N most frequent values of each; 0: all."),
    ]  # fmt: skip
    for option in reversed(options):
        with_facets = option(with_facets)
    return with_facets

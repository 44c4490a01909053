"""`morgue sources show`: all that is known of one source."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from crawler.cli import output
from crawler.cli.archive_options import database_of, standard_output
from crawler.cli.common_options import config_of, folder_option, overrides_of, setting_option
from pipelines.core import timestamps
from pipelines.core.terminal import plain
from pipelines.core.timestamps import stamp
from pipelines.database import listings, page_states, queries
from pipelines.database.connection import Row

if TYPE_CHECKING:
    from crawler.config.models import Config, SourceConfig
    from crawler.health.kinds import SourceVerdict

RECENT = timedelta(days=30)  # of gaps, and of pages that show something else than their article
MINUTE_CHARS = 16  # of a stamp, up to its minute
STATE_KEYS = ("articles", "newest", "last_success", "waiting", "planned", "past", "failed", "last_error")
LISTING_COLUMNS = ("kind", "url", "every", "last_read", "next", "entries", "trouble")
SETTING_COLUMNS = ("setting", "value", "origin")


@click.command()
@click.argument("name")
@click.option("--format", "form", type=click.Choice(("table", "json")), default="table", show_default=True,
              help="json: one object.")  # fmt: skip
@folder_option
@setting_option
@click.pass_context
def command(ctx: click.Context, name: str, form: str) -> None:
    """Show one source: its state, its listings, what went wrong, and the settings that are in force.

    Its state is as `morgue sources list` has it, with the reasons of `morgue health`. Listings are the feeds, sitemaps,
    front and section pages of its file, and feeds that were found in place of dead ones: how often each is read (as it
    was last planned), when it was read last and will be next, how many links to articles it had, and what is wrong with
    it. Gaps, and pages that show something else than their article, are those of the last 30 days. Each setting has its
    origin. Times are UTC.
    """
    config = config_of(ctx)
    own = config.source_named(name)
    with database_of(ctx) as db:
        shown = about(db, own, config)
    shown["settings"] = list(settings(config, own, overrides_of(ctx)))
    with standard_output():
        if form == "json":
            click.echo(output.json_text(shown))
        else:
            for line in lines(shown):
                click.echo(line)


def about(db: sqlite3.Connection, own: SourceConfig, config: Config) -> dict[str, Any]:
    """Return what is known of a source. Raises MorgueError."""
    from crawler.health.check import look
    from pipelines.database.store import ArticleStore

    now = timestamps.now()
    source_id = ArticleStore(db).source_id(own.name)
    state = next((row for row in queries.sources(db) if row["name"] == own.name), {})
    verdict = next((one for one in look(db, config.folder) if one.name == own.name), None)
    known = {
        "name": own.name,
        "url": own.url,
        "title": own.title or None,
        "paused": own.paused,
        **{key: state.get(key) for key in STATE_KEYS},
        "health": verdict.status if verdict else None,
        "reasons": reasons(verdict),
    }
    if source_id is None:  # never crawled
        return known | {"listings": [], "gaps": [], "instead": {}}
    since = now - RECENT
    gaps = [
        {key: gap[key] for key in ("url", "began", "ended", "found")} for gap in listings.gaps(db, source_id, since)
    ]
    instead = page_states.count_by_kind(db, source_id, stamp(since))
    return known | {"listings": listing_rows(db, source_id), "gaps": gaps, "instead": instead}


def reasons(verdict: SourceVerdict | None) -> list[Row]:
    """Return the reasons of `morgue health`, for programs."""
    found = verdict.reasons if verdict else ()
    return [{"kind": one.kind, "since": stamp(one.since), "evidence": one.evidence} for one in found]


def listing_rows(db: sqlite3.Connection, source_id: int) -> list[Row]:
    """Return a row for each listing of the source file, and for each that replaces one. Raises MorgueError."""
    from pipelines.database.frontier.listing_states import listing_states

    read = {state.url: state for state in listings.of_source(db, source_id)}
    keys = {state.url_key: state.url for state in read.values()}
    watched = {one.url: one for one in listing_states(db)[source_id]}
    rows = []
    for url in dict.fromkeys([*watched, *(url for url, state in read.items() if state.replaces)]):
        one, state = watched.get(url), read.get(url)
        moved_to, replaces = state and state.moved_to, state and state.replaces
        said = (
            one and one.error,
            state and state.trouble,
            moved_to and f"{moved_to} is read in its place",
            replaces and f"in place of {keys.get(replaces, replaces)}",
        )
        rows.append(
            {
                "kind": one.kind if one else state and state.kind,
                "url": url,
                "every": round(state.interval) if state and state.interval else None,
                "last_read": stamp(one.last_visit) if one and one.last_visit else state and state.last_read,
                "next": stamp(one.next_visit) if one and one.next_visit else None,
                "entries": state and state.entries,
                "readings": state.readings if state else 0,
                "trouble": "; ".join(dict.fromkeys(text for text in said if text)) or None,
            }
        )
    return rows


def settings(config: Config, own: SourceConfig, overrides: Sequence[str]) -> Iterator[Row]:
    """Yield each setting that can differ from source to source, as it is in force, with its origin."""
    from crawler.config.archive_folder import SETTINGS
    from crawler.config.intervals import ListingIntervals
    from crawler.config.models import Politeness
    from crawler.config.value_types import literal

    given = {text.partition("=")[0].strip() for text in overrides}
    tables = (
        ("crawl", Politeness, own.crawl, config.crawl, config.for_source(own.name)),
        ("every", ListingIntervals, own.every, config.every, own.every_or(config.every)),
    )
    for table, model, ours, all_sources, in_force in tables:
        for key in model.model_fields:
            name, origin = f"{table}.{key}", "default"
            if {name, f"source.{own.name}.{name}", f"source.{own.name}.{table}"} & given:
                origin = "-s"
            elif key in ours.model_fields_set:
                origin = f"sources/{own.name}.toml"
            elif key in all_sources.model_fields_set:
                origin = SETTINGS
            yield {"setting": name, "value": literal(getattr(in_force, key)), "origin": origin}


def lines(shown: dict[str, Any]) -> Iterator[str]:
    """Yield what is known of a source, for people."""
    width = output.table_width(sys.stdout)
    for key in ("name", "url", "title", "health", *STATE_KEYS):
        if shown[key] not in (None, ""):
            yield plain(f"{key.replace('_', ' '):14}{shown[key]}")
    if shown["last_success"] is None:
        yield "it has not answered yet"
    for reason in shown["reasons"]:
        yield plain(f"  {reason['kind']} since {minute(reason['since'])}: {reason['evidence']}")
    for kind, number in shown["instead"].items():
        yield plain(f"in place of articles, last 30 days: {kind}: {number:,}")
    for gap in shown["gaps"]:
        yield plain(f"gap of {gap['url']}: {minute(gap['began'])} to {minute(gap['ended'])}")
    if shown["listings"]:
        rows = [
            row | {"every": span(row["every"]), "last_read": minute(row["last_read"]), "next": minute(row["next"])}
            for row in shown["listings"]
        ]
        yield ""
        yield from output.table(rows, LISTING_COLUMNS, width)
    yield ""
    yield from output.table(shown["settings"], SETTING_COLUMNS, width)


def minute(text: str | None) -> str:
    """Return a stamp up to its minute."""
    return (text or "")[:MINUTE_CHARS].replace("T", " ")


def span(seconds: int | None) -> str:
    """Return an interval, for people."""
    return str(timedelta(seconds=seconds)) if seconds else ""

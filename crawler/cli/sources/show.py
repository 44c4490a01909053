"""`morgue sources show`: everything that is known of one source."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from crawler.cli import output
from crawler.cli.archive_options import standard_output
from crawler.cli.common_options import common_options, config_of, overrides_of
from pipelines.core import GONE_KINDS, timestamps
from pipelines.core.errors import NotFound
from pipelines.core.plural import counted
from pipelines.core.terminal import plain
from pipelines.core.timestamps import stamp

if TYPE_CHECKING:
    from crawler.config.models import Config, SourceConfig

LISTING_COLUMNS = ("kind", "url", "every", "last_read", "next", "entries", "error")
MAX_GAPS = 5  # that the text names; the JSON has all


@click.command(name="show")
@click.argument("name", metavar="NAME")
@click.option("--format", "form", type=click.Choice(("text", "json")), default="text", show_default=True,
              help="json: one object.")  # fmt: skip
@common_options
@click.pass_context
def show_command(ctx: click.Context, name: str, form: str) -> None:
    """Show a source: its settings as they are in force and where each is set, its listings, articles and health.

    For each listing: how often it is read, when it was read last and is due next, how many articles it named, and what
    is wrong with it. A listing that a crawl found in place of a dead or moved one is named with it. Then the pages that
    show something else in place of their article, the gaps between readings, and the pauses. Times are UTC.
    """
    from contextlib import closing

    from pipelines.database.connection import connect
    from pipelines.database.filters import name_after_renaming
    from pipelines.database.store import ArticleStore

    config = config_of(ctx)
    with closing(connect(config.folder.database)) as db:
        try:
            own = config.source_named(name)
        except NotFound:
            if ArticleStore(db).source_id(name) is None:
                if (new := name_after_renaming(db, name)) is None:
                    raise
                raise NotFound(name, f"was renamed to {new}", f"morgue sources show {new}") from None
            cure = f"morgue search --source {name} finds its articles; morgue add watches a site again"
            raise NotFound(name, "is not watched any more: it has no file in sources/", cure) from None
        found = known_of(db, config, own, overrides_of(ctx), timestamps.now())
    with standard_output():
        if form == "json":
            click.echo(output.json_text(found))
            return
        for line in text_lines(found):
            click.echo(plain(line))


def known_of(
    db: sqlite3.Connection, config: Config, own: SourceConfig, overrides: Sequence[str], now: datetime
) -> dict[str, Any]:
    """Return what is known of a source. Raises MorgueError."""
    from crawler.config.pauses import pause_lasts
    from crawler.health.check import look
    from crawler.health.settings_files import SettingsFiles
    from pipelines.database import listings, page_states, queries
    from pipelines.database.frontier.planned import planned_visits
    from pipelines.database.store import ArticleStore

    row = next((row for row in queries.sources(db) if row["name"] == own.name), None)
    source_id = ArticleStore(db).source_id(own.name)
    found: dict[str, Any] = {
        "name": own.name,
        "url": own.url,
        "title": own.title or None,
        "language": own.language or None,
        "file": f"sources/{own.name}.toml",
        "paused": own.paused if pause_lasts(own.paused, now) else False,
        "settings": list(settings_in_force(config, own, overrides)),
        "added": None,
    }
    if row is None or source_id is None:
        return found
    verdict = next((one for one in look(db, SettingsFiles(config)) if one.name == own.name), None)
    due = next(planned_visits(db, [own.name], now, 1), None)
    return found | {
        "added": row["added"],
        "health": verdict.status if verdict is not None else None,
        "reasons": [
            {"kind": one.kind, "status": one.status, "since": stamp(one.since), "evidence": one.evidence}
            for one in (verdict.reasons if verdict is not None else ())
        ],
        **{
            key: row[key]
            for key in ("articles", "newest", "waiting", "planned", "past", "parts", "failed", "last_success")
        },
        "last_error": row["last_error"],
        "next_due": due["at"] if due is not None else None,
        "listings": list(listings_of(db, source_id)),
        "not_the_article": page_states.kinds_shown_now(db, source_id),
        "gaps": listings.gaps(db, source_id),
        "pauses": list(pauses_of(db, source_id)),
    }


def settings_in_force(config: Config, own: SourceConfig, overrides: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield each setting of a source with its value and its origin: -s, a file, or the default."""
    from crawler.config.capture_settings import PartSettings
    from crawler.config.models import Politeness
    from crawler.config.plain_values import literal

    typed = {text.partition("=")[0].strip() for text in overrides}
    tables = (
        ("crawl", Politeness.model_fields, config.for_source(own.name), own.crawl, config.crawl),
        ("capture", PartSettings.model_fields, config.capture_of(own.name), own.capture, config.capture),
        ("every", type(config.every).model_fields, own.every_or(config.every), own.every, config.every),
    )
    for table, names, in_force, of_source, of_archive in tables:
        for name in names:
            key = f"{table}.{name}"
            if typed & {key, f"source.{own.name}.{key}"}:
                origin = "-s"
            elif name in of_source.model_fields_set:
                origin = f"sources/{own.name}.toml"
            else:
                origin = "morgue.toml" if name in of_archive.model_fields_set else "default"
            yield {"key": key, "value": literal(getattr(in_force, name)), "origin": origin}


def listings_of(db: sqlite3.Connection, source_id: int) -> Iterator[dict[str, Any]]:
    """Yield the listings of a source: those of its file, and those that crawls found in place of them."""
    from pipelines.database import listings
    from pipelines.database.frontier.listing_states import found_in_place_of_others, listing_states

    known = {state.url_key: state._asdict() for state in listings.of_source(db, source_id)}
    for one in listing_states(db)[source_id]:
        next_visit = stamp(one.next_visit) if one.next_visit else None
        error = one.error if one.failures else one.trouble
        yield listing_row(one.kind, one.url, next_visit, error, known)
    for row in found_in_place_of_others(db, source_id):
        yield listing_row(row["kind"], row["url"], row["next_visit"], None, known)


def listing_row(
    kind: str, url: str, next_visit: str | None, error: str | None, known: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Return what is known of a listing; `known`: rows of the table `listings` by their key."""
    from crawler.health.last_pass import duration
    from pipelines.core.urls import url_key

    read = known.get(url_key(url), {})
    replaced = known.get(read.get("replaces") or "", {})
    return {
        "kind": kind,
        "url": url,
        "interval": read.get("interval"),
        "every": duration(read["interval"]) if read.get("interval") else None,
        "last_read": read.get("last_read"),
        "last_new": read.get("last_new"),
        "next": next_visit,
        "entries": read.get("entries"),
        "error": error or read.get("trouble"),
        "moved_to": read.get("moved_to"),
        "replaces": replaced.get("url") or read.get("replaces"),
    }


def pauses_of(db: sqlite3.Connection, source_id: int) -> Iterator[dict[str, str | None]]:
    """Yield the pauses of a source, the oldest first."""
    from datetime import UTC

    from pipelines.database.health.pauses import pauses_since

    for one in pauses_since(db, datetime.min.replace(tzinfo=UTC))[source_id]:
        yield {"began": stamp(one.began), "ended": stamp(one.ended) if one.ended else None}


def text_lines(found: dict[str, Any]) -> Iterator[str]:
    """Yield what is known of a source for people."""
    yield f"{found['name']}  {found['url']}  {found['title'] or ''}".rstrip()
    if found["paused"]:
        until = "" if found["paused"] is True else f" until {found['paused']}"
        yield f"paused{until}: `morgue sources resume {found['name']}` goes on"
    if found["added"] is None:
        yield "not crawled yet"
    else:
        yield from state_lines(found)
    yield ""
    yield "settings (where they differ from the defaults; --format json has all)"
    changed = [row for row in found["settings"] if row["origin"] != "default"]
    if not changed:
        yield "  all as by default"
    for row in changed:
        yield f"  {row['key']} = {row['value']}  ({row['origin']})"


def state_lines(found: dict[str, Any]) -> Iterator[str]:
    """Yield the state of a source that was crawled."""
    newest = f", the newest of {found['newest']}" if found["newest"] else ""
    yield f"{counted(found['articles'], 'article')}{newest}; watched since {found['added'][:10]}"
    counts = (("waiting", "waiting"), ("planned", "planned"), ("past", "of the past"), ("failed", "failed"))
    parts = f", {counted(found['parts'], 'part')} of pages to fetch" if found["parts"] else ""
    yield ", ".join(f"{found[key]:,} {word}" for key, word in counts) + parts
    yield f"last success {found['last_success'] or 'never'}; next visit {found['next_due'] or 'not planned'}"
    yield f"health: {found['health'] or 'not known'}"
    for reason in found["reasons"]:
        yield f"  {reason['kind']} ({reason['status']}) since {reason['since']}: {reason['evidence']}"
    if found["listings"]:
        yield ""
        yield from output.table(found["listings"], LISTING_COLUMNS, output.table_width(sys.stdout))
        for one in found["listings"]:
            if one["moved_to"]:
                yield f"  {one['url']}: now {one['moved_to']}"
            if one["replaces"]:
                yield f"  {one['url']}: found in place of {one['replaces']}"
    if found["not_the_article"]:
        kinds = ", ".join(pages_in_words(kind, number) for kind, number in sorted(found["not_the_article"].items()))
        yield f"in the place of articles: {kinds} (`morgue edits --gone` lists those that are gone)"
    for gap in found["gaps"][:MAX_GAPS]:
        yield f"gap: {gap['url']}, from {gap['began']} to {gap['ended']}"
    if len(found["gaps"]) > MAX_GAPS:
        yield f"and {counted(len(found['gaps']) - MAX_GAPS, 'more gap')}"
    for pause in found["pauses"]:
        yield f"paused from {pause['began']} to {pause['ended'] or 'now'}"


def pages_in_words(kind: str, number: int) -> str:
    """Return the number of pages that show something in the place of their article: `1 page gone (404)`."""
    return f"{counted(number, 'page')} gone ({kind})" if kind in GONE_KINDS else f"{counted(number, 'page')} ({kind})"

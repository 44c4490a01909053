"""`morgue due`: say what the next crawls visit, when and why."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from heapq import merge
from itertools import chain, islice
from operator import itemgetter
from typing import TYPE_CHECKING

import click

from crawler.cli import output
from crawler.cli.archive_options import database_of, format_option, removed_sources, standard_output
from crawler.cli.common_options import ROWS, common_options, overrides_of, settings_folder_of
from pipelines.core import timestamps
from pipelines.core.plural import counted, verb
from pipelines.core.source_names import must_be_meant
from pipelines.core.urls import url_key
from pipelines.database import queries
from pipelines.database.captures import used_since
from pipelines.database.connection import Row
from pipelines.database.filters import ids_of_sources
from pipelines.database.frontier import backfills
from pipelines.database.frontier.planned import (
    COUNT_KEYS,
    FIRST_VISIT,
    VISIT_KEYS,
    planned_by_source,
    planned_visits,
    sources_with_addresses,
    waiting_parts,
)
from pipelines.database.shards.databases import Database, shards_of

if TYPE_CHECKING:
    from crawler.config.models import Config

COLUMNS = ("at", "source", "kind", "why", "url")
MORE_KEYS = ("parts", "waits_for")  # columns that are shown if they say anything
NO_SOURCE_TEXT = "(no source)"
NO_FILE_TEXT = "a file in sources/: it is not crawled without one"


@click.command()
@click.argument("sources", metavar="[SOURCE]...", nargs=-1)
@click.option("--limit", type=ROWS, default=20, show_default=True, metavar="N",
              help="Show the next N visits; 0: only the numbers of each source.")  # fmt: skip
@format_option(end="; the visits only")
@common_options
@click.pass_context
def command(ctx: click.Context, sources: tuple[str, ...], limit: int, form: str) -> None:
    """Show what is visited next, when and why, the soonest first.

    First comes a line for each source: how many visits are due now, within a day and later, the time of the next one,
    how many parts of its pages wait (pictures, style sheets, fonts), which are fetched when nothing else is due, and
    what the source waits for: its hours, the end of its pause, the next day if its pages or bytes of this day
    are used up, or its file if that is gone. Then the next visits, without those of sources that are paused or have no
    file. Of a source that was never crawled, the listings in its file are due. All times are UTC unless a time zone is
    given. SOURCE is a name or an address.

    The table has "now" for what is due. A host that refuses us or does not answer is asked at the time of its next
    probe; what is due of it follows when it answers.
    """
    from crawler.config.models import load
    from crawler.config.pauses import paused_sources

    now, folder = timestamps.now(), settings_folder_of(ctx)
    config = load(folder, overrides_of(ctx), skip_broken=True)
    with database_of(ctx) as db:
        names = named_sources(config, list(queries.sources(db)), sources) if sources else None
        removed = removed_sources(db, folder)
        resting = paused_sources(folder.sources, now).keys() | removed
        fresh = new_listings(db, config, names, now)
        unread = [visit for visit in fresh if visit["source"] not in resting]
        visits = chain(unread[:limit], next_visits(db, names, now, max(limit - len(unread), 0), resting))
        if form != "table":
            with standard_output():
                output.write_rows(visits, VISIT_KEYS, form)
            return
        planned = [row for one in shards_of(db) for row in planned_by_source(one, names, now)]
        counts, shown = [*counted_new(fresh), *sorted(planned, key=lambda row: str(row["next"]))], list(visits)
        going_on = list(running_backfills(db, names))
        waits = dict(waiting(config, db, [str(count["source"]) for count in counts], now))
        waits |= dict.fromkeys(removed, NO_FILE_TEXT)
        parts = dict(chain.from_iterable(waiting_parts(one).items() for one in shards_of(db)))
        counts = list(with_parts(counts, config, parts, names))
    with standard_output():
        if not counts:
            click.echo("No visit is planned. `morgue add URL` adds a source; `morgue crawl NAME` reads one again.")
            return
        for count in counts:
            count["waits_for"] = waits.get(str(count["source"]))
            count["source"] = count["source"] or NO_SOURCE_TEXT
        columns = (*COUNT_KEYS, *(key for key in MORE_KEYS if any(count[key] for count in counts)))
        for line in output.table(counts, columns, output.table_width(sys.stdout)):
            click.echo(line)
        if shown:
            click.echo()
            rows = [
                visit | {"at": "now" if visit["due"] else visit["at"], "source": visit["source"] or NO_SOURCE_TEXT}
                for visit in shown
            ]
            for line in output.table(rows, COLUMNS, output.table_width(sys.stdout)):
                click.echo(line)
        for line in going_on:
            click.echo(line)
        going = [count for count in counts if count["source"] not in resting]
        total = sum(count["due"] + count["in_a_day"] + count["later"] for count in going)
        if (more := total - len(shown)) and limit:
            click.echo(f"{counted(more, 'more visit')} {verb(more, 'is', 'are')} planned (--limit)")


def next_visits(
    db: Database, names: list[str] | None, now: datetime, limit: int, without: Collection[str]
) -> Iterator[Row]:
    """Yield the next visits of an archive, or of all shards, the soonest first."""
    found = [planned_visits(one, names, now, limit, without) for one in shards_of(db)]
    return found[0] if len(found) == 1 else islice(merge(*found, key=itemgetter("at")), limit)


def with_parts(
    counts: list[Row], config: Config, waiting: Mapping[str, tuple[int, int]], names: list[str] | None
) -> Iterator[Row]:
    """Yield the numbers of each source with how many parts of its pages wait that its settings ask for."""
    wanted = {name: config.capture_of(name).parts for name in waiting if name in config.sources}
    parts = {name: waiting[name][kinds == "images"] for name, kinds in wanted.items() if kinds != "none"}
    for count in counts:
        yield count | {"parts": parts.pop(str(count["source"]), None)}
    for name, number in parts.items():
        if number and (names is None or name in names):
            yield dict.fromkeys((*COUNT_KEYS, *MORE_KEYS)) | {
                "source": name, "due": 0, "in_a_day": 0, "later": 0, "parts": number,
            }  # fmt: skip


def running_backfills(db: Database, names: list[str] | None) -> Iterator[str]:
    """Yield a line on each backfill that goes on."""
    for one in shards_of(db):
        running = backfills.running(one)
        for name, source_id in ids_of_sources(one).items():
            if (names is None or name in names) and (backfill := running.get(source_id)) is not None:
                left = counted(backfills.left(one, backfill), "article")
                yield f"backfill of {name}: {left} of the past to come, {backfill.a_day:,} a day"


def new_listings(db: Database, config: Config, names: list[str] | None, now: datetime) -> list[Row]:
    """Return with VISIT_KEYS the listings of sources that were never crawled: the next crawl queues and reads them.

    Those that another file names, too, are read for one source only.
    """
    from crawler.config.listed_twice import readers
    from crawler.frontier.watched_sites import seeds_of

    known = set[str]().union(*map(sources_with_addresses, shards_of(db)))
    found, reader = list[Row](), readers(config.sources.values(), now)
    for name, own in config.sources.items():
        if name not in known and (names is None or name in names):
            entries = {entry.url: entry for entry in seeds_of(own.source, own)}.values()
            visit = {"at": timestamps.stamp(now), "due": True, "source": name, "why": FIRST_VISIT}
            own_entries = (entry for entry in entries if reader.get(url_key(entry.url), name) == name)
            found += [visit | {"kind": entry.kind, "url": entry.url} for entry in own_entries]
    return found


def counted_new(listings: list[Row]) -> Iterator[Row]:
    """Yield with COUNT_KEYS the numbers of listings of sources that were never crawled."""
    for name, number in Counter(visit["source"] for visit in listings).items():
        yield {"source": name, "due": number, "in_a_day": 0, "later": 0, "next": listings[0]["at"]}


def named_sources(config: Config, rows: list[Row], wanted: tuple[str, ...]) -> list[str]:
    """Return the names of the sources that the user means. Raises NotFound."""
    homes = {str(row["name"]): str(row["url"] or f"https://{row['name']}/") for row in rows}
    homes |= {own.name: own.url for own in config.sources.values()}
    return [must_be_meant(text, homes) for text in wanted]


def waiting(config: Config, db: Database, names: list[str], now: datetime) -> Iterator[tuple[str, str]]:
    """Yield (source, what it waits for) of the sources that are not asked now by their hours or limits of a day."""
    from crawler.config.pauses import pause_lasts
    from crawler.schedule.hours import Hours

    today, used = now.replace(hour=0, minute=0, second=0, microsecond=0), dict[str, tuple[int, int]]()
    for one in shards_of(db):
        by_id = used_since(one, today)
        used |= {name: by_id[number] for name, number in ids_of_sources(one).items() if number in by_id}
    for name in names:
        own = config.for_source(name) if name in config.sources else config.crawl
        if name in config.sources and pause_lasts(pause := config.sources[name].paused, now):
            yield name, f"morgue sources resume {name}" if pause is True else f"{pause}: it is paused"
            continue
        pages, size = used.get(name, (0, 0))
        if own.hours and not (span := Hours.parse(own.hours)).is_open(now):
            yield name, span.next_opening(now)
        elif own.bytes_per_day and size >= own.bytes_per_day:
            yield name, "the next day: bytes_per_day is reached"
        elif own.pages_per_day and pages >= own.pages_per_day:
            yield name, "the next day, with its articles: pages_per_day is reached"

"""`morgue sources`: list the sources and their state, or forget one.

The other subcommands are in `crawler.cli.sources`.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

from crawler.cli import output
from crawler.cli.archive_options import database_in, database_of, format_option, removed_sources, standard_output
from crawler.cli.common_options import (
    common_options,
    files_judged,
    files_of,
    folder_of,
    overrides_of,
    settings_folder_of,
)
from crawler.cli.sources.check import check_command
from crawler.cli.sources.export import export_command
from crawler.cli.sources.import_list import import_command
from crawler.cli.sources.pause import pause_command, resume_command
from crawler.cli.sources.rename import remove_command, rename_command
from crawler.cli.sources.show import show_command
from pipelines.core.errors import ConfigError, NotFound
from pipelines.core.plural import counted, verb
from pipelines.core.source_names import near_names, source_meant
from pipelines.core.terminal import plain
from pipelines.database import queries
from pipelines.database.connection import Row
from pipelines.database.shards.databases import shards_of

if TYPE_CHECKING:
    from crawler.config.archive_folder import ArchiveFolder
    from crawler.config.models import SourceConfig

COLUMNS = ("name", "articles", "newest", "health", "last_success", "waiting", "planned", "past", "parts", "failed",
           "last_error")  # fmt: skip

MINUTE_CHARS = 16  # of a stamp, up to its minute: the table needs the room for errors


ALL = click.option("--all", "of_lists", is_flag=True, help="Also list the hosts of pages that belong to no source.")


class SourcesGroup(click.Group):
    """Find the subcommands, and name the command that adds sources to the user who looks for it here."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name == "add":
            ctx.fail("No such command 'add'. `morgue add URL` and `morgue sources import FILE` add sources.")
        return super().get_command(ctx, cmd_name)


@click.group(cls=SourcesGroup, invoke_without_command=True)
@ALL
@click.option("--forget", metavar="NAME", help="Forget a source (by name or address) that has no file in sources/.")
@format_option()
@common_options
@click.pass_context
def command(ctx: click.Context, of_lists: bool, forget: str | None, form: str) -> None:
    """List the sources that have been crawled, with their state; show, check, pause, rename or remove one.

    For each source: its health (ok, warn or bad: `morgue health` says why; paused; or removed, if its file is gone),
    the number of articles, the day of the newest one, the time at which a feed, sitemap or page was last answered
    without an error, how many addresses are due now (waiting; of a source that was never crawled, the listings in its
    file), planned for later, of the past (articles that wait for `morgue backfill`) and failing, and the last error. If
    parts of pages wait (pictures, style sheets, fonts: capture.parts), their number is in a column of its own. An error
    is shown until the next visit goes well. Dead links, links that robots.txt disallows, and paths that morgue
    tries by itself are no errors of a source.

    Pages of `morgue crawl --urls` that belong to no source are counted by host with --all.

    --forget deletes a source, or a host of lists, and plans nothing more of it. What was fetched stays in the archive,
    without a source; `morgue remove HOST` deletes that.

    Sources are added by `morgue add`, and from an OPML or CSV file also by `morgue sources import`.
    """
    if ctx.invoked_subcommand is not None:
        if of_lists or forget is not None or form != "table":
            raise click.UsageError(
                f"These options come after the subcommand: sources {ctx.invoked_subcommand} ...", ctx
            )
        return
    if forget is not None:
        forget_source(ctx, forget)
        return
    list_sources(ctx, of_lists=of_lists, form=form)


@command.command(name="list")
@ALL
@format_option()
@common_options
@click.pass_context
def list_command(ctx: click.Context, of_lists: bool, form: str) -> None:
    """List the sources with their state, as `morgue sources` does."""
    list_sources(ctx, of_lists=of_lists, form=form)


for subcommand in (
    show_command,
    check_command,
    pause_command,
    resume_command,
    rename_command,
    remove_command,
    export_command,
    import_command,
):
    command.add_command(subcommand)


def list_sources(ctx: click.Context, *, of_lists: bool, form: str) -> None:
    """Print the sources and their state."""
    from crawler.health.check import look

    folder, states = settings_folder_of(ctx), dict[str, str]()
    with database_in(ctx, folder) as db:
        rows = list(queries.sources(db, of_lists=of_lists))
        for shard in shards_of(db):
            files = files_judged(ctx, shard)
            states |= dict.fromkeys(removed_sources(shard, folder), "removed")
            states |= {one.name: one.status for one in look(shard, files)}
    for row in rows:
        row["health"] = states.get(row["name"])
    if new := [row for row in rows if is_unread(row, folder)]:
        from crawler.health.settings_files import SettingsFiles

        # A shard has its own sources only.
        read = files if isinstance(files, SettingsFiles) and files.folder == folder else files_of(ctx, folder)
        count_unread_listings(read.config.sources, new)
    with standard_output():
        if form != "table":
            output.write_rows(rows, (*queries.SOURCE_KEYS, "health"), form)
        elif not rows:
            click.echo("No source has been crawled yet. Add one with `morgue add URL`, then run `morgue crawl`.")
        else:
            for row in rows:
                row["last_success"] = (row["last_success"] or "")[:MINUTE_CHARS].replace("T", " ")
            columns = [name for name in COLUMNS if name != "parts" or any(row["parts"] for row in rows)]
            for line in output.table(rows, columns, output.table_width(sys.stdout)):
                click.echo(line)


def is_unread(row: Row, folder: ArchiveFolder) -> bool:
    """Return True for a source with a file of which no crawl has asked anything yet."""
    is_new = not (row["waiting"] or row["planned"] or row["failed"] or row["last_success"])
    return is_new and (folder.sources / f"{row['name']}.toml").is_file()


def count_unread_listings(own: Mapping[str, SourceConfig], new: Sequence[Row]) -> None:
    """Count the listings of sources that were never crawled as waiting: the next crawl queues them, and reads them."""
    from crawler.config.listed_twice import readers
    from crawler.frontier.watched_sites import seeds_of
    from pipelines.core.timestamps import now
    from pipelines.core.urls import url_key

    reader = readers(own.values(), now())
    for row in new:
        if (source := own.get(name := row["name"])) is not None:
            urls = {entry.url for entry in seeds_of(source.source, source)}
            row["waiting"] = sum(reader.get(url_key(url), name) == name for url in urls)


def forget_source(ctx: click.Context, name: str) -> None:
    """Delete the source that is meant by a name or address. Raises NotFound; ConfigError if it has a file."""
    from crawler.config.models import load
    from crawler.engine.open_archive import writing
    from pipelines.database.frontier import forgetting
    from pipelines.database.store import ArticleStore

    config = load(folder_of(ctx), overrides_of(ctx), skip_broken=True)
    with database_of(ctx) as db:
        known = {row["name"]: row for row in queries.sources(db, of_lists=True)}
    homes = {known_name: row["url"] or f"https://{known_name}/" for known_name, row in known.items()}
    homes |= {own.name: own.url for own in config.sources.values()}
    titles = {known_name: row["title"] for known_name, row in known.items() if row["title"]} | config.titles
    found = source_meant(name, homes | {broken: f"https://{broken}/" for broken in config.broken}, titles)
    if found is None:
        raise NotFound(name, "is not a source of this archive", near_names(name, homes, "source", titles))
    name = found
    if name in config.sources or name in config.broken:
        file = f"sources/{name}.toml"
        raise ConfigError(
            name, f"is watched: it has the file {file}", f"morgue sources remove {name} deletes it; then forget it"
        )
    with writing(config) as archive_writer:
        store = ArticleStore(archive_writer.db)
        source_id = archive_writer.call(store.source_id, name)
        if source_id is None:  # a host of lists
            archive_writer.call(forgetting.forget_host, archive_writer.db, name)
        else:
            archive_writer.call(forgetting.forget_source, archive_writer.db, source_id)
            archive_writer.call(store.forget_source, source_id)
    articles = known[name]["articles"]
    stay = f"; its {counted(articles, 'article')} {verb(articles, 'stays', 'stay')} in the archive" if articles else ""
    click.echo(plain(f"forgot {name}{stay}"))

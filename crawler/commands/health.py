"""`morgue health`: say which sources are not well, since when, why, and what to do."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from crawler.cli import output
from crawler.cli.archive_options import database_in, database_of, standard_output
from crawler.cli.common_options import common_options, files_judged, files_of, settings_folder_of, settings_of
from pipelines.core.errors import ConfigError, MorgueError
from pipelines.core.plural import counted
from pipelines.core.source_names import must_be_meant
from pipelines.core.terminal import plain
from pipelines.core.timestamps import stamp
from pipelines.database.connection import file_of
from pipelines.database.shards.databases import shards_of

if TYPE_CHECKING:
    from datetime import datetime

    from crawler.health.kinds import SourceVerdict
    from crawler.health.settings_files import SettingsFiles

FORMATS = ("table", "json", "prometheus")
COLUMNS = ("source", "status", "reason", "since", "evidence")
MINUTE_CHARS = 16  # of a stamp, up to its minute


@click.command()
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@click.option("--format", "form", type=click.Choice(FORMATS), default="table", show_default=True,
              help="json: one array; prometheus: text for a textfile collector.")  # fmt: skip
@click.option("--fail-on", type=click.Choice(("warn", "bad")),
              help="End with exit code 1 if a source is that ill, or worse.")  # fmt: skip
@click.option("--notify", metavar="CMD or URL",
              help="Tell a command (JSON on its standard input) or a web address (POST) what has changed.")  # fmt: skip
@click.option("--test", is_flag=True,
              help="Only send a test message to --notify (or notify.url), and say what came of it.")  # fmt: skip
@common_options
@click.pass_context
def command(
    ctx: click.Context, sources: tuple[str, ...], form: str, fail_on: str | None, notify: str | None, test: bool
) -> int:
    """Say how well each source is watched: ok, warn or bad, since when, what shows it, and what to do.

    A source is compared with its own last four weeks, weekday by weekday. It is "bad" while articles are being lost
    (its host is down or refuses, a wall is in the place of articles, it is silent beyond its habit), and "warn" if
    something is odd. A single failure is neither. The archive itself comes first: its disk, its clock, its passes.
    docs/health.md explains each reason. A source that you paused (`morgue sources pause`) is "paused", and is no
    sickness.

    --notify sends only what changed since the last message, once: that something began, became worse, or is over.
    A command gets the message as JSON on standard input; it runs without a shell and is stopped after
    notify.timeout. A web address gets it as HTTP POST; for one on your own network set notify.allow_private_ips. If
    telling fails, the exit code is 1 and the next call tries again. A command that does not exist, or an address that
    is neither http nor https, is refused with exit code 2.
    """
    if test:
        return send_test(ctx, notify)
    if notify is not None:
        from crawler.health.notify import check_target

        check_target(notify)
    from crawler.config.archive_folder import ArchiveFolder
    from crawler.health.check import look_at_all, look_at_part

    of_parts: list[tuple[SettingsFiles, list[SourceVerdict]]] = []  # of the archive, or of each shard of a fleet
    with database_in(ctx, settings_folder_of(ctx)) as db:
        if notify is None:
            found = look_at_all(db, lambda one: files_judged(ctx, one))
        else:
            for one in shards_of(db):
                # To tell what changed takes all settings.
                files = files_of(ctx, settings_folder_of(ctx) if one is db else ArchiveFolder(file_of(one).parent))
                of_parts.append((files, look_at_part(db, one, files)))
            found = [verdict for _, verdicts in of_parts for verdict in verdicts]
    shown = chosen(found, sources)
    with standard_output():
        if form == "json":
            click.echo(output.json_text([one.as_dict() for one in shown]))
        elif form == "prometheus":
            for line in prometheus(shown):
                click.echo(line)
        else:
            print_table(shown)
    code = 0
    for files, verdicts in of_parts:
        assert notify is not None
        if not told(files, verdicts, notify):
            code = MorgueError.exit_code
    from crawler.health.kinds import RANK

    if fail_on is not None and any(RANK[one.status] >= RANK[fail_on] for one in shown):
        code = MorgueError.exit_code
    return code


def chosen(found: Sequence[SourceVerdict], names: Sequence[str]) -> list[SourceVerdict]:
    """Return the verdicts on the sources that the user named: the archive's, then the ill ones. Raises NotFound."""
    from crawler.health.kinds import worst_first

    homes = {one.name: f"https://{one.name}/" for one in found}
    wanted = {must_be_meant(name, homes, "is not a source that this archive watches") for name in names}
    return worst_first(one for one in found if not names or one.name in wanted)


def told(files: SettingsFiles, found: Sequence[SourceVerdict], target: str) -> bool:
    """Tell what changed; return False if that failed."""
    from crawler.health.check import tell_changes

    report = tell_changes(files, found, target)
    if report.failure is not None:
        click.echo(plain(f"morgue: --notify: {report.failure}\n  it is told again by the next call"), err=True)
    return report.failure is None


def send_test(ctx: click.Context, notify: str | None) -> int:
    """Send a test message and say what came of it; return the exit code. Raises ConfigError."""
    from crawler.health.check import note_sent
    from crawler.health.notify import check_target, name_of, send, trial_message

    config = settings_of(ctx)
    target = notify if notify is not None else config.notify.url
    if notify is None and not target:
        raise ConfigError("--test", "needs a command or web address", "say --notify CMD, or set notify.url")
    check_target(target)
    with database_of(ctx, quickly=True) as db:
        failure = send(target, trial_message(config.folder.path), config)
        databases = [file_of(one) for one in shards_of(db)]
    for database in databases:
        note_sent(database, failure)
    if failure is not None:
        click.echo(plain(f"morgue: --notify: {failure}\n  the test message did not arrive"), err=True)
        return MorgueError.exit_code
    click.echo(plain(f"{name_of(target)} took the test message"))
    return 0


def print_table(shown: Sequence[SourceVerdict]) -> None:
    """Print the ill ones with their reasons, then those that are paused, and count the others."""
    from crawler.health.kinds import OK, PAUSED

    ill = [one for one in shown if one.reasons]
    rows = [
        {
            "source": one.name,
            "status": reason.status,
            "reason": reason.kind,
            "since": minute(reason.since),
            "evidence": f"{reason.evidence}. {reason.next_step(one.name)}",
        }
        for one in ill
        for reason in one.reasons
    ]
    rows += [
        {
            "source": one.name,
            "status": one.status,
            "reason": "",
            "since": minute(one.paused_since),
            "evidence": f"until {one.paused_until or 'you resume it'}: morgue sources resume {one.name}",
        }
        for one in shown
        if one.status == PAUSED
    ]
    if rows:
        for line in output.table(rows, COLUMNS, output.table_width(sys.stdout)):
            click.echo(line)
    statuses = [one.status for one in shown if not one.is_archive]
    paused = f", {statuses.count(PAUSED):,} paused" if PAUSED in statuses else ""
    well = f"{statuses.count(OK):,} of {counted(len(statuses), 'source')} well{paused}"
    click.echo(well if statuses else "No source has been crawled yet.")


def minute(time: datetime | None) -> str:
    """Return a time up to its minute; nothing if it is not known."""
    return stamp(time)[:MINUTE_CHARS].replace("T", " ") if time is not None else ""


def prometheus(shown: Sequence[SourceVerdict]) -> Iterator[str]:
    """Yield the text format of Prometheus (exposition format 0.0.4)."""
    from crawler.health.kinds import RANK

    yield "# HELP morgue_source_health How ill a source is: 0 ok, 1 warn, 2 bad."
    yield "# TYPE morgue_source_health gauge"
    for one in shown:
        yield f'morgue_source_health{{source="{label(one.name)}"}} {RANK[one.status]}'
    yield "# HELP morgue_source_ill_since_seconds When this reason began, in seconds since 1970."
    yield "# TYPE morgue_source_ill_since_seconds gauge"
    for one in shown:
        for reason in one.reasons:
            labels = f'source="{label(one.name)}",kind="{label(reason.kind)}",status="{reason.status}"'
            yield f"morgue_source_ill_since_seconds{{{labels}}} {reason.since.timestamp():.0f}"


def label(text: str) -> str:
    """Escape the value of a label."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")

"""`morgue schedule`: print the systemd units or the crontab line that keep this archive up to date."""

from __future__ import annotations

import os
import site
import sys
from pathlib import Path

import click

from crawler.cli.common_options import common_options, fleet_of, overrides_of, settings_of
from crawler.cli.timetable import INTERVAL_CHOICES, ScheduledJob, cron, systemd
from crawler.cli.working.options import place_of
from pipelines.core.errors import ConfigError


@click.command()
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@click.option(
    "--systemd", "form", flag_value="systemd", help="Print a service and a timer for systemd (default on Linux)."
)
@click.option("--cron", "form", flag_value="cron", help="Print a crontab line (default elsewhere).")
@click.option("--every", metavar="TIME", default="15m", show_default=True,
              help="How often to check what is due. It must divide an hour or a day evenly.")  # fmt: skip
@click.option("--on-failure", metavar="UNIT", default="",
              help="A unit that systemd starts after a run that failed, or that found a source ill.")  # fmt: skip
@click.option("--notify", metavar="CMD or URL", default="",
              help="Tell a command or web address what changes in the health of sources.")  # fmt: skip
@click.option("--on", metavar="ADDRESS", default="",
              help="Of a fleet: crawl on the workers of this Dask scheduler, tcp://... or tls://....")  # fmt: skip
@common_options
@click.pass_context
def command(
    ctx: click.Context, sources: tuple[str, ...], form: str | None, every: str, on_failure: str, notify: str, on: str
) -> None:
    """Print a timer that crawls regularly; change nothing.

    The timer runs `morgue crawl`, which fetches what is due by the archive's settings and ends at once if nothing is
    due. With SOURCE (a name or address), it fetches only what is due from those sources. Settings given with -s are in
    its command, and so is --notify, with the whole path of CMD: try it before with `morgue health --notify ... --test`.
    """
    config = settings_of(ctx)
    sources = tuple(dict.fromkeys(config.source_named(name).name for name in sources))
    if not config.sources:
        click.echo("no sources yet: add one with `morgue add URL`", err=True)
    settings = tuple(overrides_of(ctx))
    if notify:
        from crawler.health.notify import check_target, from_any_folder

        check_target(notify)
        notify = from_any_folder(notify)
    if on:
        place_of(on, None, None)
        if fleet_of(ctx) is None:
            raise ConfigError("--on", f"is for a fleet, and {config.folder.path} is none", "leave it out")
    archive, seconds = str(config.folder.path), interval_seconds(every)
    job = ScheduledJob(
        archive, own_command(), seconds, sources, settings, on_failure, notify, on, bool(config.storage.bucket)
    )
    form = form or ("systemd" if sys.platform == "linux" else "cron")
    if on_failure and form == "cron":
        raise ConfigError("--on-failure", "is of systemd", "leave it out: cron mails what a run prints (MAILTO=)")
    click.echo(systemd(job) if form == "systemd" else cron(job), nl=False)


def interval_seconds(text: str) -> int:
    """Return `--every` in seconds. Raises ConfigError."""
    from crawler.config.units import Duration

    try:
        return round(Duration.parse(text))
    except ValueError:
        raise ConfigError(f"--every {text}", "is not a duration", f"say {INTERVAL_CHOICES}") from None


def own_command() -> tuple[str, ...]:
    """Return the command that runs this very morgue from any folder."""
    called = Path(sys.argv[0]).absolute()
    # pip puts `morgue` next to Python. Symbolic links are not resolved: pipx and uv change what theirs point to.
    installed = Path(sys.executable).with_name("morgue")
    for path in (called, installed):
        if path.name == "morgue" and path.is_file() and os.access(path, os.X_OK):
            return (str(path),)
    module = (sys.executable, "-m", "crawler")
    root = Path(__file__).parents[2]
    if str(root) in (*site.getsitepackages(), site.getusersitepackages()):
        return module
    return ("/usr/bin/env", f"PYTHONPATH={root}", *module)

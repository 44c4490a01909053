"""`morgue schedule`: the systemd or cron lines that keep this archive up to date."""

from __future__ import annotations

import os
import site
import sys
from pathlib import Path

import click

from crawler.cli.main import folder_of, folder_option, overrides_of, setting_option
from crawler.cli.timetable import INTERVAL_CHOICES, ScheduledJob, cron, systemd
from pipelines.core.errors import ConfigError, NotFound


@click.command()
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@click.option("--systemd", "form", flag_value="systemd", help="A service and a timer of your own systemd (on Linux).")
@click.option("--cron", "form", flag_value="cron", help="A line for crontab -e (elsewhere).")
@click.option("--every", metavar="TIME", default="15m", show_default=True, help="How often to look what is due.")
@folder_option
@setting_option
@click.pass_context
def command(ctx: click.Context, sources: tuple[str, ...], form: str | None, every: str) -> None:
    """Print what makes this machine crawl regularly; changes nothing.

    Each round is `morgue crawl`: it fetches what is due by the archive's settings and ends at once if nothing
    is. With SOURCE, only what is due of those sources.
    """
    from crawler.config.models import load

    folder = folder_of(ctx)
    config = load(folder, overrides_of(ctx))
    for name in sources:
        if name not in config.sources:
            there = ", ".join(config.sources) or "none yet"
            raise NotFound(name, f"no such source (there are: {there})", "name one of them, or none for all")
    if not config.sources:
        click.echo("no sources yet: morgue add URL", err=True)
    job = ScheduledJob(str(folder.path), own_command(), interval_seconds(every), sources)
    form = form or ("systemd" if sys.platform == "linux" else "cron")
    click.echo(systemd(job) if form == "systemd" else cron(job), nl=False)


def interval_seconds(text: str) -> int:
    """Raises ConfigError."""
    from crawler.config.units import Duration

    try:
        return round(Duration.parse(text))
    except ValueError:
        raise ConfigError(f"--every {text}", "is not a duration", f"say {INTERVAL_CHOICES}") from None


def own_command() -> tuple[str, ...]:
    """How to call the morgue that is running now, from anywhere."""
    called = Path(sys.argv[0]).absolute()
    # Beside Python: where pip puts it. Links are kept: pipx and uv upgrade what is behind theirs.
    beside = Path(sys.executable).with_name("morgue")
    for path in (called, beside):
        if path.name == "morgue" and path.is_file() and os.access(path, os.X_OK):
            return (str(path),)
    module = (sys.executable, "-m", "crawler")
    root = Path(__file__).parents[2]
    if str(root) in (*site.getsitepackages(), site.getusersitepackages()):
        return module
    return ("/usr/bin/env", f"PYTHONPATH={root}", *module)

"""`morgue watch`: crawl an archive until stopped."""

from __future__ import annotations

import sys

import click

from crawler.cli.common_options import common_options, folder_of, overrides_of
from crawler.cli.log_options import log_options
from crawler.cli.output import terminal_width
from pipelines.core.errors import ConfigError
from pipelines.core.terminal import plain

CLEAR_LINE = "\r\x1b[2K"


@click.command()
@click.option("--every", metavar="TIME", default="15m", show_default=True,
              help="Look at the latest after TIME whether something is due.")  # fmt: skip
@click.option("--quiet", is_flag=True, help="Print no line for each pass, only what is wrong, and only when it is new.")
@click.option("--notify", metavar="CMD or URL", default="",
              help="Tell a command or web address what changed in the health of sources.")  # fmt: skip
@common_options
@log_options
@click.pass_context
def command(ctx: click.Context, every: str, quiet: bool, notify: str) -> int:
    """Crawl what is due, when it is due, until stopped.

    For where no timer is: a container, or a supervisor of services. Each pass is a `morgue crawl` in a process of its
    own, and begins when the next visit falls due, at least a minute after the last pass (or TIME, if that is shorter).
    Between two passes the archive is not locked, and other commands may write to it.

    One line is printed for each pass, and on a terminal what it waits for. What changes in the health of sources is
    said once, as by `morgue crawl --quiet`. The file watch.json in the archive folder says at any time what the watch
    does: waiting, crawling, locked (another command writes), paused (the disk is full, say) or stopped.

    Changed files of settings and sources are taken in before the next pass. One with a mistake is refused by name, and
    its settings from before hold on. SIGHUP begins a pass at once. A pass that makes no progress for more than an hour
    is ended. When Newsmorgue was upgraded, the watch becomes the new version before its next pass.

    Ctrl-C (or SIGTERM) stops cleanly, a pass included; the exit code is then 130. 4: this archive is watched already. 6
    or 7: at the first pass, the archive cannot be written or is damaged.
    """
    folder, seconds = folder_of(ctx), every_seconds(every)
    if notify:
        from crawler.health.notify import check_target

        check_target(notify, must_exist=False)

    from crawler.cli.crawl_progress import crawl_with_progress
    from crawler.engine.crawl import CrawlOutcome, CrawlRun
    from crawler.watch.watch import Watch, WatchOutput

    terminal = sys.stderr.isatty()

    async def crawl(run: CrawlRun) -> CrawlOutcome:
        return await crawl_with_progress(run, quiet=quiet or not terminal, terminal=terminal)

    def live(text: str) -> None:
        if terminal and not quiet:
            click.echo(CLEAR_LINE + plain(text)[: terminal_width(sys.stderr) - 1], err=True, nl=False)

    def line(text: str, *, err: bool) -> None:
        live("")
        click.echo(plain(text), err=err)
        sys.stdout.flush()

    output = WatchOutput(
        passed=lambda text: None if quiet else line(text, err=False),
        note=lambda text: None if quiet else line(text, err=True),
        problem=lambda text: line(f"needs attention: {text}", err=True),
        live=live,
    )
    watch = Watch(folder, overrides_of(ctx), output, crawl, every=seconds, notify=notify, stops_at_hangup=terminal)
    code = watch.run()
    if watch.is_outdated:
        from crawler.watch.program_files import start_again

        start_again()
    return code


def every_seconds(text: str) -> float:
    """Return `--every` in seconds. Raises ConfigError."""
    from crawler.config.units import Duration

    try:
        seconds = float(Duration.parse(text))
    except ValueError:
        seconds = 0.0
    if not 1 <= seconds <= 86_400:
        raise ConfigError(f"--every {text}", "is not a duration from a second to a day", "say e.g. --every 15m")
    return seconds

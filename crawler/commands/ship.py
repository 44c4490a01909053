"""`morgue ship`: bring finished WARC files to the bucket."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import click

from crawler.cli.common_options import common_options, folder_of, overrides_of
from crawler.cli.fleet.work_options import work_options
from crawler.cli.log_options import log_options
from pipelines.core.plural import counted
from pipelines.core.terminal import plain

if TYPE_CHECKING:
    from pipelines.bucket.shipped import ShippedFile


@click.command()
@click.option("--all", "everything", is_flag=True, help="Also the file to which the next crawl would append.")
@work_options
@common_options
@log_options
@click.pass_context
def command(ctx: click.Context, everything: bool) -> int:
    """Bring finished WARC files to the bucket of the archive.

    Crawls do this by themselves, beside fetching and at their end; use this command after the bucket did not answer,
    or in a timer. The bucket is `bucket` under [storage] in morgue.toml; keys of access come from AWS_ACCESS_KEY_ID and
    AWS_SECRET_ACCESS_KEY, or from the files of the AWS tools.

    Each file is uploaded with its SHA-256, which the server checks, and read back. Only then it is deleted in warc/,
    and shipped.jsonl says that it lies in the bucket. If this is interrupted, run it again. The file to which the next
    crawl appends (until it has `record.rotate` bytes or is `record.rotate_after` old) stays here; --all ships it, too.

    The database is copied to the bucket, too, compressed, when it has changed for `storage.snapshot_every` or by
    `storage.snapshot_after` articles.

    Exit code 4: a crawl is running; it ships by itself. 7: a file is not as the manifest lists it, or another one is in
    its place in the bucket. 11: the bucket did not answer, or refused; what was shipped before is named.
    """
    from crawler.config.models import load
    from crawler.engine.shipping import ship

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    config = load(folder_of(ctx), overrides_of(ctx), skip_broken=True)

    def say(file: ShippedFile) -> None:
        click.echo(plain(f"{file.file}: {file.size:,} bytes"))

    report = ship(config, everything=everything, on_shipped=say)
    for error in report.failed:
        click.echo(plain(f"morgue: {error}"), err=True)
    summary = f"{counted(len(report.shipped), 'file')} shipped to {config.storage.bucket}"
    if report.waiting:
        summary += f"; waiting: {len(report.waiting):,}"
    if report.kept:
        summary += f"; not finished: {report.kept[0]} (--all ships it)"
    click.echo(plain(summary))
    if report.snapshot is not None:
        click.echo(f"database copied: {report.snapshot.info.key}, {report.snapshot.info.size:,} bytes")
    return report.failed[-1].exit_code if report.failed else 0

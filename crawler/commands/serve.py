"""`morgue serve`: read an archive in a browser."""

from __future__ import annotations

import ipaddress
from contextlib import closing, suppress
from typing import Any

import click

from crawler.cli.common_options import common_options, folder_of, folder_to_read
from exports.extras import load_extra
from pipelines.core.errors import ConfigError
from pipelines.core.terminal import plain


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8001, show_default=True, help="Port of the view.")
@click.option("--replay-port", type=click.IntRange(0, 65535),
              help="Port of captured pages, which need an origin of their own.  [default: the next one]")  # fmt: skip
@click.option("--token", metavar="TEXT", envvar="MORGUE_TOKEN",
              help="Only who knows TEXT may read. Also from MORGUE_TOKEN.")  # fmt: skip
@click.option("--public", is_flag=True, help="Let everybody read who can reach the address.")
@click.option(
    "--origin",
    metavar="URL",
    help="Origin of the view as readers see it, if a server with TLS is in front: https://archive.example",
)
@click.option("--replay-origin", metavar="URL",
              help="The same for captured pages: https://archive.example:8443")  # fmt: skip
@common_options
@click.pass_context
def command(
    ctx: click.Context,
    host: str,
    port: int,
    replay_port: int | None,
    token: str | None,
    public: bool,
    origin: str | None,
    replay_origin: str | None,
) -> None:
    """Show the archive in a browser: search, articles, edits, health, and pages as they were captured.

    It only reads, also while a crawl writes. Captured pages are shown without their scripts on a port of their own.
    On another address than loopback, --token or --public must say who may read.

    \b
    morgue serve                                    http://127.0.0.1:8001/
    morgue serve --host 192.168.1.5 --token SECRET  for colleagues who know the token
    """
    for module in ("starlette", "jinja2", "uvicorn"):
        load_extra(module, "web")
    if (origin or not _is_loopback(host)) and not token and not public:
        cause = "is an address that others can reach, and nothing says who may read"
        named = f"--origin {origin}" if origin else f"--host {host}"
        raise ConfigError(named, cause, "add --token TEXT, or --public if everybody may")
    if token is not None and len(token) < 8:
        raise ConfigError("--token", "has fewer than 8 characters, and could be guessed", "make it longer")
    from exports.web.origins import checked_pair
    from exports.web.served_archive import ServedArchive
    from exports.web.serving import Place, serve

    next_port = 0 if port == 0 else port + 1
    ports = (port, next_port if replay_port is None else replay_port)
    place = Place(host, *ports, token, public, *checked_pair(origin, replay_origin, with_token=bool(token)))
    with closing(ServedArchive(folder_to_read(ctx).path)) as archive, suppress(KeyboardInterrupt):  # its usual end
        serve(archive, place, lambda: _health(ctx), lambda url: click.echo(plain(f"{url}  (Ctrl-C stops it)")))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _health(ctx: click.Context) -> list[dict[str, Any]]:
    """Return what `morgue health --format json` prints."""
    from crawler.cli.common_options import files_judged
    from crawler.health.check import look
    from crawler.health.kinds import worst_first
    from pipelines.database.connection import connect

    with closing(connect(folder_of(ctx).database)) as db:
        return [one.as_dict() for one in worst_first(look(db, files_judged(ctx, db)))]

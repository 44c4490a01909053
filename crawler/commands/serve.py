"""`morgue serve`: read an archive in a browser."""

from __future__ import annotations

import ipaddress
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import Any

import click

from crawler.cli.archive_options import warn_of_shards
from crawler.cli.common_options import common_options, files_judged, fleet_or_archive
from exports.extras import load_extra
from pipelines.core.errors import ConfigError
from pipelines.core.terminal import plain
from pipelines.database.shards.databases import Database
from pipelines.fleet.layout import is_fleet


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8001, show_default=True, help="Port of the view.")
@click.option("--replay-port", type=click.IntRange(0, 65535),
              help="Port of captured pages, which need an origin of their own.  [default: the next one]")  # fmt: skip
@click.option("--replayweb", metavar="DIR", type=click.Path(path_type=Path),
              help="Folder with ui.js and sw.js of replayweb.page, to show pages with their scripts, too.")  # fmt: skip
@click.option("--replayweb-port", type=click.IntRange(0, 65535),
              help="Port of replayweb.page.  [default: the one after --replay-port]")  # fmt: skip
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
@click.option("--replayweb-origin", metavar="URL", help="The same for replayweb.page.")
@common_options
@click.pass_context
def command(
    ctx: click.Context,
    host: str,
    port: int,
    replay_port: int | None,
    replayweb: Path | None,
    replayweb_port: int | None,
    token: str | None,
    public: bool,
    origin: str | None,
    replay_origin: str | None,
    replayweb_origin: str | None,
) -> None:
    """Show the archive in a browser: search, articles, edits, health, and pages as they were captured.

    It only reads, also while a crawl writes. Captured pages are shown without their scripts on a port of their own.
    On another address than loopback, --token or --public must say who may read. --replayweb also shows them with their
    scripts, on a third port, by replayweb.page if it is installed: npm install replaywebpage.

    \b
    morgue serve                                            http://127.0.0.1:8001/
    morgue serve --host 192.168.1.5 --token a-long-secret   for colleagues who know the token
    morgue serve --replayweb node_modules/replaywebpage     pages with their scripts, too
    """
    for module in ("starlette", "jinja2", "uvicorn"):
        load_extra(module, "web")
    from exports.web.origins import checked

    second = next_to(port) if replay_port is None else replay_port
    third = next_to(second) if replayweb_port is None else replayweb_port
    asked = (port, second, *([third] if replayweb is not None else []))
    if len(set(asked) - {0}) < len([one for one in asked if one]):
        cause = "of the view, of captured pages and of replayweb.page must differ"
        raise ConfigError(f"ports {', '.join(map(str, asked))}", cause, "leave --replay-port out, or choose another")
    stated = {"--origin": origin, "--replay-origin": replay_origin}
    if replayweb is not None or replayweb_origin:
        stated["--replayweb-origin"] = replayweb_origin
    origins = checked(stated, with_token=bool(token))
    if (origin or not _is_loopback(host)) and not token and not public:
        cause = "is an address that others can reach, and nothing says who may read"
        named = f"--origin {origin}" if origin else f"--host {host}"
        raise ConfigError(named, cause, "add --token TEXT, or --public if everybody may")
    if token is not None and len(token) < 8:
        raise ConfigError("--token", "has fewer than 8 characters, and could be guessed", "make it longer")
    if token is not None and not token.isprintable():
        raise ConfigError("--token", "has control characters, or bytes that are no UTF-8", "use letters and digits")
    from exports.python_api.archive import Archive
    from exports.web.replay.replayweb import ReplayWeb
    from exports.web.served_archive import ServedArchive
    from exports.web.serving import Place, serve

    found = ReplayWeb.read(replayweb) if replayweb is not None else None
    place = Place(host, (port, second, third), found, token, public, origins)
    folder = fleet_or_archive(ctx)
    if is_fleet(folder.path):
        with Archive(folder.path) as looked_at:
            warn_of_shards(ctx, looked_at)
    with closing(ServedArchive(folder.path)) as archive, suppress(KeyboardInterrupt):  # its usual end
        serve(archive, place, partial(_health, ctx), lambda line: click.echo(plain(line)))


def next_to(port: int) -> int:
    """Return the next port; 0 (a free one) for 0."""
    return port + 1 if 0 < port < 65535 else 0


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _health(ctx: click.Context, db: Database) -> list[dict[str, Any]]:
    """Return what `morgue health --format json` prints."""
    from crawler.health.check import look_at_all
    from crawler.health.kinds import worst_first

    return [one.as_dict() for one in worst_first(look_at_all(db, partial(files_judged, ctx)))]

"""Serve an archive until stopped, each on a port: the view; what was captured; the user's replayweb.page, if wanted."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlencode

import uvicorn

from exports.web import view_app
from exports.web.connections import MAX_HEAD_BYTES, BoundedConnection
from exports.web.guard import Doorway, Guard
from exports.web.lists import HealthOf
from exports.web.origins import Origins
from exports.web.replay import prepared
from exports.web.replay.app import Replay
from exports.web.replay.app import headers as replay_headers
from exports.web.replay.page_packages import PagePackages
from exports.web.replay.replayweb import ReplayWeb, ReplayWebApp
from exports.web.replay.replayweb import headers as scripted_headers
from exports.web.served_archive import ServedArchive
from pipelines.core.errors import ConfigError

MAX_CONNECTIONS = 200  # at the same time, of each port
QUIET_SECONDS = 10  # after which an idle connection is closed
STOP_SECONDS = 3  # that answers in flight may take when the server is stopped


@dataclass(frozen=True, slots=True)
class Place:
    """Hold where an archive is served."""

    host: str
    ports: tuple[int, int, int]  # of the view, of captured pages, of replayweb.page; 0: a free one
    replayweb: ReplayWeb | None = None  # of the user; None: it is not served
    token: str | None = None
    public: bool = False
    origins: tuple[str | None, ...] = (None, None)  # by port, if a server in front of us gives them others


def serve(archive: ServedArchive, place: Place, health_of: HealthOf, say: Callable[[str], None]) -> None:
    """Serve until interrupted. `say` is told the address. Raises ConfigError if a port cannot be had."""
    doors = [_listen(place.host, port) for port in place.ports[: 2 if place.replayweb is None else 3]]
    ports = [door.getsockname()[1] for door in doors]
    stated = (*place.origins, None)[:3]
    origins = Origins(tuple(ports), stated)
    packages, workers = PagePackages(), prepared.workers()
    apps = [
        (view_app.View(archive, origins, health_of, packages).app(), view_app.headers),
        (Replay(archive, workers, origins).app(), replay_headers),
    ]
    if place.replayweb is not None:
        apps.append((ReplayWebApp(archive, packages, place.replayweb).app(), scripted_headers))
    guards = [
        Guard(app, Doorway.at(place.host, port, token=place.token, public=place.public, origin=origin),
              partial(said, origins))
        for (app, said), port, origin in zip(apps, ports, stated, strict=False)
    ]  # fmt: skip
    say(
        (place.origins[0] or _origin(place.host, ports[0]))
        + ("/?" + urlencode({"token": place.token}) if place.token else "/")
    )
    try:
        asyncio.run(_run(list(zip(guards, doors, strict=True))))
    finally:
        workers.kill()


class _FollowingServer(uvicorn.Server):
    """Run beside another server, which takes the signals."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the other server."""
        yield


async def _run(served: Sequence[tuple[Guard, socket.socket]]) -> None:
    """Run all servers. The first takes the signals, and the others stop with it."""
    (view, view_door), *rest = served
    first, others = uvicorn.Server(_config(view)), [(_FollowingServer(_config(app)), door) for app, door in rest]
    running = [asyncio.create_task(server.serve([door])) for server, door in others]
    try:
        await first.serve([view_door])
    finally:
        for server, _ in others:
            server.should_exit = True
        await asyncio.gather(*running)


def _config(app: Guard) -> uvicorn.Config:
    return uvicorn.Config(
        app, http=BoundedConnection, ws="none", log_level="error", access_log=False, lifespan="off",
        server_header=False, proxy_headers=False, h11_max_incomplete_event_size=MAX_HEAD_BYTES,
        timeout_keep_alive=QUIET_SECONDS, timeout_graceful_shutdown=STOP_SECONDS,
    )  # fmt: skip


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=256)
    except OSError as error:
        cause = f"cannot be listened on: {error.strerror or error}"
        raise ConfigError(
            f"{host}:{port}", cause, "choose another with --port, --replay-port or --replayweb-port"
        ) from error


def _origin(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

"""Serve an archive on two ports, until stopped: the view, and what was captured on an origin of its own."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
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
from exports.web.served_archive import ServedArchive
from pipelines.core.errors import ConfigError

QUIET_SECONDS = 10  # after which an idle connection is closed
STOP_SECONDS = 3  # that answers in flight may take when the server is stopped


@dataclass(frozen=True, slots=True)
class Place:
    """Hold where an archive is served."""

    host: str
    port: int  # of the view; 0: a free one
    replay_port: int  # 0: a free one
    token: str | None = None
    public: bool = False
    origin: str | None = None  # of the view, if a server in front of it gives it another
    replay_origin: str | None = None


def serve(archive: ServedArchive, place: Place, health_of: HealthOf, say: Callable[[str], None]) -> None:
    """Serve until interrupted. `say` is told the address. Raises ConfigError if a port cannot be had."""
    view_door, replay_door = (_listen(place.host, port) for port in (place.port, place.replay_port))
    view_port, replay_port = (door.getsockname()[1] for door in (view_door, replay_door))
    origins = Origins(view_port, replay_port, place.origin, place.replay_origin)
    doorways = [
        Doorway.at(place.host, port, token=place.token, public=place.public, origin=origin)
        for port, origin in ((view_port, place.origin), (replay_port, place.replay_origin))
    ]
    view = view_app.View(archive, origins, health_of).app()
    workers = prepared.workers()
    replay = Replay(archive, workers, origins).app()
    say(
        (place.origin or _origin(place.host, view_port))
        + ("/?" + urlencode({"token": place.token}) if place.token else "/")
    )
    try:
        asyncio.run(_run(
            Guard(view, doorways[0], partial(view_app.headers, origins)), view_door,
            Guard(replay, doorways[1], partial(replay_headers, origins)), replay_door,
        ))  # fmt: skip
    finally:
        workers.kill()


class _FollowingServer(uvicorn.Server):
    """Run beside another server, which takes the signals."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the other server."""
        yield


async def _run(view: Guard, view_door: socket.socket, replay: Guard, replay_door: socket.socket) -> None:
    """Run both servers. The first takes the signals, and the other stops with it."""
    first, second = uvicorn.Server(_config(view)), _FollowingServer(_config(replay))
    other = asyncio.create_task(second.serve([replay_door]))
    try:
        await first.serve([view_door])
    finally:
        second.should_exit = True
        await other


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
        raise ConfigError(f"{host}:{port}", cause, "choose another with --port and --replay-port") from error


def _origin(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

"""Serve an archive on two ports, until stopped: the view, and what was captured on an origin of its own."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import uvicorn

from exports.web import view_app
from exports.web.guard import Doorway, Guard
from exports.web.lists import HealthOf
from exports.web.replay import prepared
from exports.web.replay.app import Replay
from exports.web.replay.app import headers as replay_headers
from exports.web.served_archive import ServedArchive
from pipelines.core.errors import ConfigError

MAX_CONNECTIONS = 200  # at the same time, of each port
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


def serve(archive: ServedArchive, place: Place, health_of: HealthOf, say: Callable[[str], None]) -> None:
    """Serve until interrupted. `say` is told the address. Raises ConfigError if a port cannot be had."""
    view_door, replay_door = (_listen(place.host, port) for port in (place.port, place.replay_port))
    view_port, replay_port = (door.getsockname()[1] for door in (view_door, replay_door))
    doorways = [
        Doorway.at(place.host, port, token=place.token, public=place.public) for port in (view_port, replay_port)
    ]
    view = view_app.View(archive, replay_port, health_of).app()
    workers = prepared.workers()
    replay = Replay(archive, workers, view_port, replay_port).app()
    say(_origin(place.host, view_port) + (f"/?token={place.token}" if place.token else "/"))
    try:
        asyncio.run(_run(
            Guard(view, doorways[0], partial(view_app.headers, replay_port)), view_door,
            Guard(replay, doorways[1], partial(replay_headers, view_port, replay_port)), replay_door,
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
        app, log_level="warning", access_log=False, lifespan="off", server_header=False, proxy_headers=False,
        limit_concurrency=MAX_CONNECTIONS, timeout_keep_alive=QUIET_SECONDS, timeout_graceful_shutdown=STOP_SECONDS,
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

"""Serve an archive on two ports, until stopped: the view, and what was captured on an origin of its own."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn

from exports.web import view_app
from exports.web.guard import Doorway, Guard
from exports.web.lists import HealthOf
from exports.web.replay.app import Replay, policy
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
    origins = [_origin(place.host, door) for door in (view_door, replay_door)]
    view, replay = origins
    doorways = [Doorway.at(place.host, door.getsockname()[1], token=place.token, public=place.public)
                for door in (view_door, replay_door)]  # fmt: skip
    replay_headers = {
        "content-security-policy": policy(view, replay), "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer", "cache-control": "private, max-age=3600",
        "cross-origin-resource-policy": "same-site",
    }  # fmt: skip
    apps = (
        Guard(view_app.View(archive, replay, health_of).app(), doorways[0], view_app.headers(replay)),
        Guard(Replay(archive, view, replay).app(), doorways[1], replay_headers),
    )
    say(view + (f"/?token={place.token}" if place.token else "/"))
    asyncio.run(_run(apps[0], view_door, apps[1], replay_door))


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


def _origin(host: str, door: socket.socket) -> str:
    name = f"[{host}]" if ":" in host else host
    return f"http://{name}:{door.getsockname()[1]}"

"""Serve an archive until stopped, each on a port: the view; what was captured; the user's replayweb.page, if wanted."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import uvicorn

from exports.web import view_app
from exports.web.guard import Doorway, Guard
from exports.web.lists import HealthOf
from exports.web.page_packages import PagePackages
from exports.web.replay.app import Replay
from exports.web.replay.app import headers as replay_headers
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
    port: int  # of the view; 0: a free one
    replay_port: int  # 0: a free one
    token: str | None = None
    public: bool = False
    replayweb: ReplayWeb | None = None  # of the user; None: it is not served
    replayweb_port: int = 0  # 0: a free one


def serve(archive: ServedArchive, place: Place, health_of: HealthOf, say: Callable[[str], None]) -> None:
    """Serve until interrupted. `say` is told the address. Raises ConfigError if a port cannot be had."""
    wanted = [place.port, place.replay_port, *([place.replayweb_port] if place.replayweb is not None else [])]
    doors = [_listen(place.host, port) for port in wanted]
    view_port, replay_port, *scripted_ports = (door.getsockname()[1] for door in doors)
    packages = PagePackages()
    scripted = (scripted_ports[0], packages) if scripted_ports else None
    apps = [
        (view_app.View(archive, replay_port, health_of, scripted).app(),
         partial(view_app.headers, (replay_port, *scripted_ports))),
        (Replay(archive, view_port, replay_port).app(), partial(replay_headers, view_port, replay_port)),
    ]  # fmt: skip
    if place.replayweb is not None:
        apps.append((ReplayWebApp(archive, packages, place.replayweb).app(), partial(scripted_headers, view_port)))
    guards = [
        Guard(app, Doorway.at(place.host, door.getsockname()[1], token=place.token, public=place.public), said)
        for (app, said), door in zip(apps, doors, strict=True)
    ]
    say(_origin(place.host, view_port) + (f"/?token={place.token}" if place.token else "/"))
    asyncio.run(_run(list(zip(guards, doors, strict=True))))


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
        app, log_level="warning", access_log=False, lifespan="off", server_header=False, proxy_headers=False,
        limit_concurrency=MAX_CONNECTIONS, timeout_keep_alive=QUIET_SECONDS, timeout_graceful_shutdown=STOP_SECONDS,
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

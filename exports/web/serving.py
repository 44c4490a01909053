"""Serve an archive until stopped, each on a port: the view; what was captured; the user's replayweb.page, if wanted."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlencode

import uvicorn
from uvicorn.server import logger as server_log

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

QUIET_SECONDS = 10  # after which an idle connection is closed
STOP_SECONDS = 2  # that answers in flight may take when the server is stopped
OPTIONS = ("--port", "--replay-port", "--replayweb-port")
CUT = "ASGI callable returned without completing response."  # uvicorn says it of an export that we cut, and told of


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
    """Serve until interrupted. `say` is told the addresses. Raises ConfigError if a port cannot be had."""
    wanted = list(zip(OPTIONS, place.ports, strict=True))[: 2 if place.replayweb is None else 3]
    doors = [_listen(place.host, port, option) for option, port in wanted]
    ports = [door.getsockname()[1] for door in doors]
    stated = (*place.origins, None)[:3]
    origins = Origins(tuple(ports), stated)
    packages, workers = PagePackages(), prepared.workers()
    view = view_app.View(archive, origins, health_of, packages)
    apps = [
        (view.app(), view_app.headers),
        (Replay(archive, workers, origins).app(), replay_headers),
    ]
    if place.replayweb is not None:
        apps.append((ReplayWebApp(archive, packages, place.replayweb).app(), scripted_headers))
    guards = [
        Guard(app, Doorway.at(place.host, port, token=place.token, public=place.public, origin=origin,
                              view_port=ports[0]), partial(said, origins))
        for (app, said), port, origin in zip(apps, ports, stated, strict=False)
    ]  # fmt: skip
    address = place.origins[0] or _origin(_name_to_tell(place.host), ports[0])
    others = " and ".join(map(str, ports[1:]))
    say(f"{address}/{'?' + urlencode({'token': place.token}) if place.token else ''}"
        f"  (captured pages: port {others}; Ctrl-C stops it)")  # fmt: skip
    server_log.addFilter(lambda record: record.msg != CUT)

    def stop() -> None:
        archive.stop()
        view.downloads.stop()

    try:
        asyncio.run(_run(list(zip(guards, doors, strict=True)), stop))
    finally:
        workers.kill()


class StoppingServer(uvicorn.Server):
    """Stop soon, and without a word of the answers that this ends."""

    def __init__(self, config: uvicorn.Config, stop: Callable[[], None]) -> None:
        super().__init__(config)
        self._stop = stop

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End what takes long; after a moment, also the connections of those who take nothing."""
        self._stop()
        asyncio.get_running_loop().call_later(STOP_SECONDS, self._abort)
        await super().shutdown(sockets)

    def _abort(self) -> None:
        for connection in list(self.server_state.connections):
            connection.transport.abort()


class _FollowingServer(StoppingServer):
    """Run beside another server, which takes the signals."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the other server."""
        yield


async def _run(served: Sequence[tuple[Guard, socket.socket]], stop: Callable[[], None]) -> None:
    """Run all servers. The first takes the signals, and the others stop with it."""
    (view, view_door), *rest = served
    first = StoppingServer(configured(view), stop)
    others = [(_FollowingServer(configured(app), stop), door) for app, door in rest]
    running = [asyncio.create_task(server.serve([door])) for server, door in others]
    try:
        await first.serve([view_door])
    finally:
        for server, _ in others:
            server.should_exit = True
        await asyncio.gather(*running)


def configured(app: Guard) -> uvicorn.Config:
    """Return how a server runs."""
    return uvicorn.Config(
        app, http=BoundedConnection, ws="none", log_level="error", access_log=False, lifespan="off",
        server_header=False, proxy_headers=False, h11_max_incomplete_event_size=MAX_HEAD_BYTES,
        timeout_keep_alive=QUIET_SECONDS, timeout_graceful_shutdown=2 * STOP_SECONDS,
    )  # fmt: skip


def _name_to_tell(host: str) -> str:
    """Return a name by which others may reach a host: of an address of all interfaces, the name of this machine."""
    return socket.gethostname() if host in ("0.0.0.0", "::") else host  # noqa: S104 compared, not bound


def _listen(host: str, port: int, option: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=256)
    except (OSError, UnicodeError) as error:
        raise _no_place(host, port, option, error) from error


def _no_place(host: str, port: int, option: str, error: Exception) -> ConfigError:
    """Return the error for an address that cannot be listened on. The system's text has the address a second time."""
    number = getattr(error, "errno", None) or 0
    if isinstance(error, UnicodeError) or number < 0 or number == errno.EADDRNOTAVAIL:  # below 0: no name leads to it
        return ConfigError(f"--host {host}", "is no address of this machine", "`ip address` lists those that are")
    why = os.strerror(number) if number else str(error)
    cure = f"choose {'a port above 1023' if number == errno.EACCES else 'another'} with {option}"
    return ConfigError(f"{host}:{port}", f"cannot be listened on: {why}", cure)


def _origin(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

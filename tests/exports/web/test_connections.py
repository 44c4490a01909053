"""Test what connections may cost: they end when a request does not arrive, or an answer is not taken."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
import uvicorn

from exports.web import connections
from exports.web.connections import BoundedConnection

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


async def app(scope, receive, send):
    """Answer with more than the buffers of a socket hold."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"30000000")]})
    for _ in range(300):
        await send({"type": "http.response.body", "body": b"x" * 100_000, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


@contextmanager
def serving() -> Iterator[int]:
    """Serve it; give the port."""
    config = uvicorn.Config(app, http=BoundedConnection, ws="none", log_level="critical", lifespan="off")
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0), backlog=512) as door:
        thread = threading.Thread(target=asyncio.run, args=(server.serve([door]),))
        thread.start()
        try:
            yield door.getsockname()[1]
        finally:
            server.should_exit = server.force_exit = True
            thread.join()


@pytest.fixture
def port(monkeypatch):
    """Serve with limits that a test can wait for."""
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.5)
    monkeypatch.setattr(connections, "STUCK_SECONDS", 0.5)
    monkeypatch.setattr(connections, "SECONDS_BETWEEN_LOOKS", 0.1)
    monkeypatch.setattr(connections, "MAX_CONNECTIONS", 20)
    with serving() as port:
        yield port


def dripping(door: socket.socket, seconds: float) -> bool:
    """Send a header slowly; return True if the server closes the connection meanwhile."""
    end = time.monotonic() + seconds
    door.sendall(b"GET / HTTP/1.1\r\nX: ")
    door.settimeout(0.05)
    while time.monotonic() < end:
        try:
            door.sendall(b"a")
            if door.recv(1) == b"":
                return True
        except TimeoutError:
            continue
        except ConnectionError:
            return True
    return False


def test_request_that_does_not_arrive_ends_the_connection(port):
    """However many bytes of it drip in."""
    with socket.create_connection(("127.0.0.1", port)) as door:
        assert dripping(door, 5)


def test_connection_that_says_nothing_ends(port):
    """It holds none of the places of others."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as door:
        assert door.recv(1) == b""


def test_second_request_has_no_more_time_than_the_first(port):
    """The time begins with the end of the answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as door:
        door.sendall(GET)
        left = 30_000_000
        head = door.recv(1 << 16)
        left -= len(head.partition(b"\r\n\r\n")[2])
        while left:
            left -= len(door.recv(1 << 20))
        assert dripping(door, 5)


def test_answer_that_nobody_takes_ends_the_connection(port):
    """Its bytes would stay in memory for ever."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as door:
        door.sendall(GET)
        time.sleep(2)
        taken = 0
        try:
            while more := door.recv(1 << 20):
                taken += len(more)
        except ConnectionError:
            pass
        assert taken < 30_000_000


def test_reader_who_takes_an_answer_slowly_gets_all_of_it(port):
    """More slowly than the limits, but always something."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as door:
        door.sendall(GET)
        taken = 0
        while taken < 30_000_000:
            taken += len(door.recv(1 << 21))
            time.sleep(0.02)
        assert taken >= 30_000_000


def test_more_connections_than_there_are_places_are_closed(port):
    """Those who are there go on."""
    with ExitStack() as stack:
        doors = [stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=5)) for _ in range(60)]
        time.sleep(0.2)
        closed = 0
        for door in doors:
            door.settimeout(0.01)
            try:
                closed += door.recv(1) == b""
            except TimeoutError:
                continue
            except ConnectionError:
                closed += 1
        assert closed >= 40
        time.sleep(1)
        with socket.create_connection(("127.0.0.1", port), timeout=5) as door:
            door.sendall(GET)
            assert door.recv(12) == b"HTTP/1.1 200"


def test_garbage_after_the_last_answer_ends_the_connection_without_a_word(port, caplog):
    """A body that is no chunk, after its request was answered."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as door:
        door.sendall(GET.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n"))
        taken = b""
        while len(taken) < 30_000_000:
            taken += door.recv(1 << 21)
        try:
            door.sendall(b"zz\r\n")
            assert not door.recv(1 << 20).startswith(b"HTTP")
        except ConnectionError:
            assert taken
    assert [record.getMessage() for record in caplog.records] == []

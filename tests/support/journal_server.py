"""Serve HTTP/1.1 and keep a journal: what was asked, when, and the digest of what was answered.

It runs in a process of its own (its processor time is nobody's), answers GET and HEAD with keep-alive, gzip,
ETag and (where a resource wishes) chunks. A measuring instrument, not a web server: no ranges, no
request bodies.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import gzip
import hashlib
import json
import multiprocessing
import os
import signal
import socket
import ssl
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from http import HTTPStatus
from pathlib import Path
from typing import IO, Any

from pipelines.core.worker_pool import signal_with_parent


@dataclass(frozen=True, slots=True)
class Resource:
    """Hold what is at an address."""

    body: bytes
    type: str = "text/html; charset=utf-8"
    status: int = 200
    packed: bytes | None = None  # the gzip form if there is one at hand; made on the fly else
    squeeze: bool = True  # may be sent with Content-Encoding: gzip
    chunked: bool = False  # sent in chunks instead of with a Content-Length
    location: str | None = None
    validators: bool = True  # with an ETag, and 304 where it is sent back


NOT_FOUND = Resource(b"<!doctype html><title>404</title><p>Nothing here.</p>", status=404)

# (scheme, host without port, request target) -> what stands there
Resolve = Callable[[str, str, str], Resource]


@dataclass(frozen=True, slots=True)
class Exchange:
    """One line of the journal."""

    scheme: str
    host: str
    target: str
    method: str
    status: int
    start: float  # the request's head was complete (CLOCK_MONOTONIC)
    end: float  # the answer is about to leave; later than this the client may rightly ask again
    busy: int  # requests of this host under way when this one came, itself included
    body: str  # sha1, base32, of the body as sent (content-coded, not transfer-coded): WARC's payload digest
    wire: str  # sha1, base32, of every byte of the response: WARC's block digest
    sent: int  # bytes
    agent: str
    connection: int

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}{self.target}"


def sha1(data: bytes) -> str:
    """Return the digest as WARC writes it."""
    return base64.b32encode(hashlib.sha1(data, usedforsecurity=False).digest()).decode()


class Server:
    """Handle the connections of one server process."""

    def __init__(self, resolve: Resolve, journal: IO[str] | None, latency: float) -> None:
        self.resolve, self.journal, self.latency = resolve, journal, latency
        self.busy: Counter[str] = Counter()
        self.connections = 0

    async def talk(self, scheme: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        number = self.connections
        # Clients hang up, are killed, or shake hands wrongly: all in a day's work.
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
            while await self.answer(scheme, reader, writer, number):
                pass
        with contextlib.suppress(ConnectionError, OSError):
            writer.close()

    async def answer(
        self, scheme: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int
    ) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        start = time.monotonic()
        first, *lines = head[:-4].split("\r\n")
        method, target, version = first.split(" ", 2)
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        host = headers.get("host", "").partition(":")[0].lower()
        self.busy[host] += 1
        busy = self.busy[host]
        try:
            if self.latency:
                await asyncio.sleep(self.latency)
            resource = self.resolve(scheme, host, target) if method in ("GET", "HEAD") else Resource(b"", status=501)
            keep = headers.get("connection", "").lower() != "close" and version == "HTTP/1.1"
            status, top, body, framed = compose(resource, headers, method, keep)
            end = time.monotonic()
        finally:
            self.busy[host] -= 1
        if self.journal:
            digest = sha1(body)
            exchange = Exchange(
                scheme,
                host,
                target,
                method,
                status,
                start,
                end,
                busy,
                digest,
                sha1(top + framed),
                len(top) + len(framed),
                headers.get("user-agent", ""),
                number,
            )
            self.journal.write(json.dumps(asdict(exchange)) + "\n")
        writer.write(top + framed)
        await writer.drain()
        return keep


def compose(resource: Resource, headers: dict[str, str], method: str, keep: bool) -> tuple[int, bytes, bytes, bytes]:
    """(status, head, body as coded, body as framed) of an answer."""
    status, body, lines = resource.status, resource.body, []
    etag = f'"{hashlib.blake2b(body, digest_size=8).hexdigest()}"'
    if resource.validators and status == 200 and headers.get("if-none-match") == etag:
        status, body = 304, b""
    elif resource.squeeze and body and "gzip" in headers.get("accept-encoding", ""):
        # mtime 0: the same page must have the same bytes each time, or no digest could be compared.
        body = resource.packed or gzip.compress(body, 1, mtime=0)
        lines.append("Content-Encoding: gzip")
    if method == "HEAD":
        body = b""
    framed = body
    if resource.chunked and body and keep:
        lines.append("Transfer-Encoding: chunked")
        parts = [body[at : at + 8192] for at in range(0, len(body), 8192)]
        framed = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
    elif status != 304:
        lines.append(f"Content-Length: {len(body)}")
    if resource.location:
        lines.append(f"Location: {resource.location}")
    if resource.validators and status in (200, 304):
        lines.append(f"ETag: {etag}")
    top = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        f"Content-Type: {resource.type}",
        "Vary: Accept-Encoding",
        *lines,
    ]
    top.append(f"Connection: {'keep-alive' if keep else 'close'}")
    return status, ("\r\n".join(top) + "\r\n\r\n").encode("latin-1"), body, framed


@contextlib.contextmanager
def serving(
    resolve: Resolve,
    *,
    journal: Path | None = None,
    latency: float = 0,
    port: int = 0,
    tls: tuple[int, ssl.SSLContext] | None = None,
    cores: set[int] | None = None,
) -> Iterator[int]:
    """Serve on loopback in a forked process while the block runs; the port is what the `with` gives."""
    wanted: list[tuple[str, int, ssl.SSLContext | None]] = [("http", port, None)]
    if tls:
        wanted.append(("https", *tls))
    # Bound here and not in the child: when this block begins, a connection is never refused.
    doors = [(scheme, listening(number), context) for scheme, number, context in wanted]
    fork = multiprocessing.get_context("fork")
    process = fork.Process(target=run, args=(resolve, doors, journal, latency, cores), daemon=True)
    process.start()
    port = doors[0][1].getsockname()[1]
    for _, door, _ in doors:
        door.close()
    try:
        yield port
    finally:
        process.terminate()
        process.join(5)
        if process.is_alive():
            process.kill()


def listening(port: int) -> socket.socket:
    door = socket.create_server(("127.0.0.1", port), backlog=512)
    door.setblocking(False)
    return door


def run(
    resolve: Resolve,
    doors: Sequence[tuple[str, socket.socket, ssl.SSLContext | None]],
    journal: Path | None,
    latency: float,
    cores: set[int] | None,
) -> None:
    """Run the server process, until SIGTERM."""
    signal_with_parent(signal.SIGKILL, os.getppid())  # never outlive the benchmark
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if cores:
        os.sched_setaffinity(0, cores)
    asyncio.run(serve(resolve, doors, journal, latency))


async def serve(
    resolve: Resolve,
    doors: Sequence[tuple[str, socket.socket, ssl.SSLContext | None]],
    journal: Path | None,
    latency: float,
) -> None:
    loop = asyncio.get_running_loop()
    over = loop.create_future()
    loop.add_signal_handler(signal.SIGTERM, over.set_result, None)
    with contextlib.ExitStack() as stack:
        # Line buffered: others read along while we write.
        book = stack.enter_context(journal.open("a", buffering=1)) if journal else None
        server = Server(resolve, book, latency)
        for scheme, door, context in doors:
            await asyncio.start_server(bound(server, scheme), sock=door, ssl=context, limit=2**18)
        await over


def bound(server: Server, scheme: str) -> Any:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await server.talk(scheme, reader, writer)

    return talk


def read_journal(path: Path) -> list[Exchange]:
    """Every complete line of a journal."""
    if not path.exists():
        return []
    text = path.read_text()
    return [Exchange(**json.loads(line)) for line in text[: text.rfind("\n") + 1].splitlines()]

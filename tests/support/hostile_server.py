"""Serve exactly the bytes that a test asks for, however wrong, from a raw socket, and journal every byte.

Frameworks cannot send broken HTTP; the web can. The journal is the oracle: a recording must equal it.
"""

from __future__ import annotations

import socket
import ssl
import struct
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType


@dataclass(frozen=True)
class Reply:
    """Hold what one path answers."""

    response: bytes  # the final response, byte for byte
    before: bytes = b""  # interim responses in front of it
    after: bytes = b""  # bytes after it that belong to nothing
    then: str = "keep"  # the connection afterwards: keep, close, drop (no close_notify), reset, stall
    slices: int = 1  # in how many pieces it is sent, with a pause between them
    wait: float = 0.0  # seconds before the first byte
    fresh: bool = False  # given on a new connection only; one that was kept is reset without a word


NOT_A_WORD = Reply(b"", then="reset")


@dataclass(frozen=True)
class Served:
    """Hold one request as received, and what was sent for it."""

    connection: int  # number of the connection, from 1
    request: bytes
    reply: Reply | None


@dataclass
class HostileServer:
    """Serve replies by path: `with HostileServer({"/path": Reply(...)}) as server: server.url("/path")`."""

    replies: dict[str, Reply]
    tls: ssl.SSLContext | None = None
    greeting: bytes = b""  # sent as soon as a client connects
    journal: list[Served] = field(default_factory=list)
    connections: int = 0  # accepted so far

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}{path}"

    def for_path(self, path: str) -> list[Served]:
        """Return what was served for a path, as written in the request line."""
        return [served for served in self.journal if served.request.split(b" ")[1] == path.encode()]

    def __enter__(self) -> HostileServer:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            connection.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection, self.connections), daemon=True).start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            connection.sendall(self.greeting)
            if self.tls is not None:
                connection = self.tls.wrap_socket(connection, server_side=True)
            self._open.append(connection)
            kept = False
            while (request := read_request(connection)) is not None:
                reply = self.replies.get(request.split(b" ")[1].decode())
                if reply is not None and reply.fresh and kept:
                    reply = NOT_A_WORD
                kept = True
                self.journal.append(Served(number, request, reply))
                if reply is None or not self._answer(connection, reply):
                    return
        except OSError:
            return
        finally:
            connection.close()

    def _answer(self, connection: socket.socket, reply: Reply) -> bool:
        time.sleep(reply.wait)
        data = reply.before + reply.response + reply.after
        step = max(1, -(-len(data) // reply.slices))
        for at in range(0, len(data), step):
            connection.sendall(data[at : at + step])
            if reply.slices > 1:
                time.sleep(0.002)
        if reply.then == "reset":
            time.sleep(0.05)  # what was sent arrives first
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if reply.then == "stall":
            time.sleep(30)
        if reply.then == "close" and self.tls is not None:
            connection.unwrap()
        return reply.then == "keep"


def read_request(connection: socket.socket) -> bytes | None:
    """Read one request: its head, and a body as long as Content-Length says. Return None at the end of the
    connection."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65_536)
        if not more:
            return None
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    while lengths and len(body) < int(lengths[0]):
        body += connection.recv(65_536)
    return head + b"\r\n\r\n" + body


def server_context(certificate: Path, highest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> ssl.SSLContext:
    """Return a TLS context from a file with a certificate and its key."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.set_alpn_protocols(["h2", "http/1.1"])
    context.maximum_version = highest
    return context

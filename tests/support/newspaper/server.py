"""Serve the newspaper on a socket: threads, connections, and a journal of every byte.

Raw sockets rather than http.server: exactly the bytes of a page or a fault are sent, and nothing more.
"""

from __future__ import annotations

import socket
import socketserver
import struct
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from threading import Event, Lock, Thread

from . import edition as editions
from .edition import Edition
from .faults import FAULTS, plain
from .journal import Draft, Journal
from .odd import ODDITIES, Oddity
from .page import Page
from .routes import page_at
from .truth import Truth, truth_by_url, truth_of
from .wire import Request, parse_request, response

IDLE = 30.0  # seconds a silent connection is kept
LARGEST_HEAD = 64 * 1024  # bytes


class Gone(Exception):
    """Report that the client vanished, or the server is stopping."""


class Connection:
    """Serve one TCP connection; it is also the `Exchange` that faults write to."""

    def __init__(self, sock: socket.socket, number: int, paper: Paper) -> None:
        self.sock, self.number, self.paper = sock, number, paper
        self.buffer = b""
        self.draft: Draft | None = None
        self.path = ""

    def read_request(self) -> Request | None:
        """Return the next request, its body read and dropped; None when the client is done."""
        while b"\r\n\r\n" not in self.buffer:
            data = self._receive()
            if not data:
                return None
            self.buffer += data
            if len(self.buffer) > LARGEST_HEAD:
                raise ValueError("head too large")
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        request = parse_request(head + b"\r\n\r\n")
        left = int(request.get("content-length", "0")) - len(self.buffer)
        while left > 0:
            left -= len(data := self._receive())
            self.buffer += data
            if not data:
                return None
        self.buffer = self.buffer[int(request.get("content-length", "0")) :]
        return request

    def _receive(self) -> bytes:
        try:
            return self.sock.recv(65536)
        except OSError as error:
            raise Gone from error

    def send(self, data: bytes) -> None:
        """Write these bytes, into the journal first."""
        assert self.draft
        self.draft.add(data)
        left = memoryview(data)
        try:
            while left:
                left = left[self.sock.send(left) :]
        except OSError as error:
            self.draft.lose(len(left))
            raise Gone from error

    def pause(self, share: float) -> None:
        """Sleep a share of `stall`; end with the server."""
        if self.paper.stopping.wait(self.paper.stall * share):
            raise Gone

    def reset(self) -> None:
        """Close with RST: linger on, zero seconds (socket(7))."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def ask(self) -> int:
        """Return how often this path was requested, this time included."""
        return self.paper.count_ask(self.path)


class Paper:
    """Run a newspaper, as tests use it."""

    def __init__(
        self, host: str, port: int, delay: float, faults: bool, crawl_delay: float | None, stall: float
    ) -> None:
        self.journal = Journal()
        self.delay, self.stall = delay, stall
        self.stopping = Event()
        self._edition: Edition = editions.first_edition(crawl_delay, faults)
        self._lock = Lock()
        self._asks: Counter[str] = Counter()
        self._numbers = count(1)
        self._open: set[socket.socket] = set()
        self._server = _Server((host, port), self)
        self.host, self.port = host, self._server.server_address[1]

    @property
    def url(self) -> str:
        """Return the paper's address, without a slash at the end."""
        return f"http://{self.host}:{self.port}"

    @property
    def other_url(self) -> str:
        """Return the address of the same paper under its other host name."""
        return f"http://{'127.0.0.1' if self.host == 'localhost' else 'localhost'}:{self.port}"

    @property
    def edition(self) -> Edition:
        """Return the edition that is out at this moment."""
        return self._edition

    @property
    def truth(self) -> dict[str, Truth]:
        """Return the truth by absolute URL, of every article that is out at this moment, newest first."""
        return truth_by_url(self._edition.articles, self.url)

    @property
    def odd(self) -> dict[str, Oddity]:
        """Return the odd pages by absolute URL: they answer 200 and are broken."""
        return {self.url + path: odd for path, odd in ODDITIES.items()}

    def correct(self) -> Truth:
        """Publish the corrected version of one article: text, modified date and a note change. Return its new truth."""
        with self._lock:
            self._edition, article = editions.correct(self._edition)
        return truth_of(article, self.url)

    def publish(self) -> Truth:
        """Publish one article that was held back; lists, feeds and sitemaps change with it. Return its truth."""
        with self._lock:
            self._edition, article = editions.publish(self._edition)
        return truth_of(article, self.url)

    def count_ask(self, path: str) -> int:
        """Count one more request of a fault that remembers."""
        with self._lock:
            self._asks[path] += 1
            return self._asks[path]

    def serve_connection(self, sock: socket.socket) -> None:
        """Serve one connection from its first byte to its last."""
        connection = Connection(sock, next(self._numbers), self)
        with self._lock:
            self._open.add(sock)
        try:
            while not self.stopping.is_set() and self._exchange(connection):
                pass
        except Gone:
            pass
        finally:
            with self._lock:
                self._open.discard(sock)

    def _exchange(self, connection: Connection) -> bool:
        """Serve one request; return True if the connection is kept."""
        try:
            request = connection.read_request()
        except ValueError:
            connection.draft = self.journal.open("", "", connection.buffer, connection.number)
            connection.send(plain("400 Bad Request", b"What?\n", kind="text/plain"))
            connection.draft.close()
            return False
        if request is None:
            return False
        connection.draft = self.journal.open(request.method, request.target, request.head, connection.number)
        try:
            if self.delay and self.stopping.wait(self.delay):
                return False
            return self._answer(connection, request)
        finally:
            connection.draft.close()

    def _answer(self, connection: Connection, request: Request) -> bool:
        if request.path in FAULTS and request.method == "GET":
            connection.path = request.path
            FAULTS[request.path](connection)
            return False
        if request.method in ("GET", "HEAD"):
            page = page_at(self._edition, request.target, self.other_url)
        else:
            page = Page(b"The paper is read only.\n", "text/plain", 405, (("Allow", "GET, HEAD"),))
        connection.send(response(page, request, self._base(request), self._edition.now))
        return request.keep_alive

    def _base(self, request: Request) -> str:
        """Return the address that links carry: the name that the client used, so that they work through any port or
        name. Under its other name the paper says which name is its proper one, as papers with and without `www.` do."""
        host = request.get("host")
        return self.url if not host or f"http://{host.lower()}" == self.other_url else f"http://{host.lower()}"

    def start(self) -> None:
        """Begin to answer."""
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        """Stop, and close all connections."""
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        with self._lock:
            still_open = list(self._open)
        for sock in still_open:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:  # already closed by the other side
                continue


class _Handler(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        self.request.settimeout(IDLE)
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.server.paper.serve_connection(self.request)


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], paper: Paper) -> None:
        self.paper = paper
        super().__init__(address, _Handler)


@contextmanager
def serve(
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    delay: float = 0.0,
    faults: bool = False,
    crawl_delay: float | None = None,
    stall: float = 2.0,
) -> Iterator[Paper]:
    """Serve a newspaper until the block ends.

    `port` 0 takes any free one; `delay` seconds before each answer; `faults` links the fault pages from the home page
    (they answer in any case); `crawl_delay` seconds for robots.txt, None for no such line; `stall` seconds that the
    slow faults take.
    """
    paper = Paper(host, port, delay, faults, crawl_delay, stall)
    paper.start()
    try:
        yield paper
    finally:
        paper.stop()

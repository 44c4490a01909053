"""Bound what a connection may cost: how many there are, how long a request may take to arrive and an answer to leave.

uvicorn limits neither: two hundred connections that say nothing would keep all readers out for ever.
"""

from __future__ import annotations

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

MAX_CONNECTIONS = 256  # at the same time, of each port; more are closed at once
MAX_HEAD_BYTES = 32_768  # of a request
HEAD_SECONDS = 15.0  # from the beginning of a connection, or the last answer, to the end of a request
STUCK_SECONDS = 30.0  # in which a reader takes nothing of an answer
ANSWER_SECONDS = 3600.0
SECONDS_BETWEEN_LOOKS = 5.0


class BoundedConnection(H11Protocol):
    """Close a connection whose request does not arrive, or whose answer is not taken."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to look at the connection from time to time."""
        super().connection_made(transport)
        self.since = self.taken_since = self.loop.time()  # when it began to wait; when something of an answer left
        self.left = 0  # bytes that wait to leave
        self.next_look = self.loop.call_later(SECONDS_BETWEEN_LOOKS, self.look)
        if len(self.connections) > MAX_CONNECTIONS:
            transport.abort()

    def data_received(self, data: bytes) -> None:
        """Take bytes. What is no HTTP, after an answer that ends the connection, ends it at once."""
        try:
            super().data_received(data)
        except h11.LocalProtocolError:  # uvicorn tries to answer it a second time
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Look no more."""
        self.next_look.cancel()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        """Wait for the next request from now on."""
        self.since = self.loop.time()
        super().on_response_complete()

    def look(self) -> None:
        """Close the connection if it has waited for too long."""
        now, left = self.loop.time(), self.transport.get_write_buffer_size()
        if not left or left != self.left:
            self.left, self.taken_since = left, now
        is_answering = self.cycle is not None and not self.cycle.response_complete
        waited = now - self.since
        if now - self.taken_since > STUCK_SECONDS or waited > (
            ANSWER_SECONDS if is_answering or left else HEAD_SECONDS
        ):
            self.transport.abort()
            return
        self.next_look = self.loop.call_later(SECONDS_BETWEEN_LOOKS, self.look)

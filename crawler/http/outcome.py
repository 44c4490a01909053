"""Define the outcomes of a fetch: a response, or one of the failures. Each carries the bytes of its exchange.

FetchError                carries `exchange` and `earlier`
├── Unsendable            HTTP/1.1 cannot express the request
├── NameNotResolved       the host has no address
├── AddressRefused        the host is not on the public internet
├── PortRefused           the port belongs to another protocol
├── ConnectFailed         refused or unreachable
├── TlsFailed             no TLS session, or a certificate that is not accepted
├── TimedOut              longer than allowed
├── ConnectionLost        closed or reset before the response was complete
├── BodyTooLarge          larger than allowed
├── TooManyParts          more header lines, interim answers or chunks than allowed
└── NotHttp               the answer cannot be parsed
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from time import perf_counter
from traceback import clear_frames
from typing import TypeVar

from crawler.http.connection import HttpConnection
from crawler.http.response_parser import ResponseParser
from pipelines.core.items import Exchange
from pipelines.core.timestamps import now
from pipelines.warc.http_message import chunk_data

MakeRoom = Callable[[int], Awaitable[None]]  # waits until there is room for an answer of so many bytes
NoteSent = Callable[[], None]  # called when a request has been sent
Headers = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class FetchResult:
    """Hold the response of one fetch."""

    exchange: Exchange  # the bytes, to be recorded
    status: int
    headers: (
        Headers  # in the order, case and number sent; folded lines are joined, lines that are no field are left out
    )
    latency: float  # seconds from sending the request to the end of the final head
    certificate: bytes | None = None  # the server's own certificate, DER; None over plain TCP
    earlier: tuple[Exchange, ...] = ()  # attempts that failed before this one, also to be recorded

    @property
    def body(self) -> bytes:
        """Return the body transfer-decoded, still content-encoded. Each call makes a copy: a body is held once."""
        response, start = self.exchange.response, self.exchange.head_length
        return b"".join(chunk_data(response, start)) if self.exchange.chunked else response[start:]


async def unlimited_room(size: int) -> None:
    """Wait for nothing: there is room for any answer."""


def unnoticed() -> None:
    """Do nothing when a request has been sent."""


class FetchError(Exception):
    """Report a fetch without a complete response; `exchange` holds what was sent and received until then."""

    def __init__(self, cause: str, exchange: Exchange, earlier: tuple[Exchange, ...] = ()) -> None:
        super().__init__(f"{exchange.url}: {cause}")
        self.exchange, self.earlier = exchange, earlier
        self.partial: FetchResult | None = None  # the cut response, if its head was complete

    def drop_bytes(self) -> None:
        """Let go of what was sent and received, once it is recorded: an error may be kept for long.

        The frames of its traceback, and of the exceptions that it comes from, refer to it too.
        """
        self.exchange, self.earlier = replace(self.exchange, request=b"", response=b""), ()
        if self.partial is not None:
            self.partial = replace(self.partial, exchange=self.exchange)
        error: BaseException | None = self
        while error is not None:
            clear_frames(error.__traceback__)
            error = error.__cause__ or error.__context__


class Unsendable(FetchError):
    """Report that HTTP/1.1 cannot express the request: no http(s) URL, or control characters in URL or headers."""


class NameNotResolved(FetchError):
    """Report that the host has no address, or that the lookup failed."""


class AddressRefused(FetchError):
    """Report that the host is not on the public internet; nothing was sent, not even a SYN."""


class PortRefused(FetchError):
    """Report a port that browsers do not connect to, because another protocol is spoken there; nothing was sent."""


class ConnectFailed(FetchError):
    """Report that the host refused, was unreachable, or that the proxy would not let us through."""


class TlsFailed(FetchError):
    """Report that there is no TLS session; `unverified`: because the certificate was not accepted."""

    unverified = False


class TimedOut(FetchError):
    """Report that connecting or answering took longer than the limits allow."""


class ConnectionLost(FetchError):
    """Report that the connection was closed or reset before the response was complete."""


class BodyTooLarge(FetchError):
    """Report that the body is, or is announced to be, larger than allowed."""


class TooManyParts(FetchError):
    """Report an answer of more parts than allowed; `parts` names them: header lines, interim answers, chunks."""

    parts = "parts"


class NotHttp(FetchError):
    """Report that the answer cannot be parsed."""


E = TypeVar("E", bound=FetchError)


@dataclass(slots=True)
class FetchAttempt:
    """Hold one attempt at an exchange, from which its record is made."""

    url: str
    kind: str
    direct: bool = True  # not through a proxy, which would hide the origin's address
    make_room: MakeRoom = unlimited_room
    sent: NoteSent = unnoticed
    started: datetime = field(default_factory=now)
    request: bytes = b""
    parser: ResponseParser | None = None
    connection: HttpConnection | None = None
    latency: float | None = None  # seconds from the request to the final head
    _clock: float = 0.0

    def begin(self, parser: ResponseParser) -> None:
        """Note that the request is about to be sent."""
        self.parser = parser
        self.started, self._clock = now(), perf_counter()

    def note_head(self) -> None:
        """Note the time if the head has become complete."""
        if self.latency is None and self.parser is not None and self.parser.head is not None:
            self.latency = perf_counter() - self._clock

    def exchange(self, error: str | None = None, truncated: str | None = None) -> Exchange:
        """Return what there is to record now."""
        parser, connection = self.parser, self.connection
        raw = parser.raw if parser else b""
        head = parser.head if parser else None
        return Exchange(
            url=self.url,
            started=self.started,
            request=self.request,
            response=raw,
            ip=connection.ip if connection and self.direct else None,
            protocol=f"http/{head.version}" if head else "http/1.1",
            tls=connection.tls if connection else None,
            cipher=connection.cipher if connection else None,
            truncated=truncated if raw else None,
            error=error,
            chunked=bool(parser and parser.chunked),
            head_length=parser.head_length if parser else 0,
            status=head.status if head else None,
            kind=self.kind,
        )

    def fetched(self, exchange: Exchange) -> FetchResult | None:
        """Return the response as far as it arrived, or None if its head did not."""
        if self.parser is None or self.parser.head is None or self.connection is None:
            return None
        return FetchResult(
            exchange=exchange,
            status=self.parser.head.status,
            headers=self.parser.head.fields,
            latency=self.latency or 0.0,
            certificate=self.connection.certificate,
        )

    def failed(self, kind: type[E], cause: str, truncated: str | None = None) -> E:
        """Return the error that says why this attempt failed."""
        return kind(cause, self.exchange(cause, truncated))

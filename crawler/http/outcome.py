"""What a fetch comes to: a response, or one of the ways in which there is none. Either carries its bytes.

WireError                 carries `exchange` and `earlier`
├── Unsendable            the request cannot be put into HTTP/1.1
├── NameNotResolved       the host has no address
├── AddressRefused        the host is not on the public internet
├── ConnectFailed         refused or unreachable
├── TlsFailed             no TLS session, or a certificate that is not accepted
├── TimedOut              longer than allowed
├── ConnectionLost        closed or reset before the response was complete
├── BodyTooLarge          larger than allowed
└── NotHttp               what came back cannot be parsed
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import perf_counter
from typing import TypeVar

from crawler.http.connection import HttpConnection
from crawler.http.response_parser import ResponseParser
from pipelines.core.items import Exchange

Headers = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class FetchResult:
    """What one fetch brought home."""

    exchange: Exchange  # the bytes, to be recorded
    status: int
    headers: Headers  # in the order, case and number sent; folds undone, lines that are no field left out
    body: bytes = field(repr=False)  # transfer-decoded, still content-encoded
    latency: float  # seconds from sending the request to the end of the final head
    certificate: bytes | None = None  # the server's own certificate, DER; None over plain TCP
    earlier: tuple[Exchange, ...] = ()  # attempts that failed before this one, also to be recorded


class FetchError(Exception):
    """A fetch that brought no complete response; `exchange` holds what was sent and received until then."""

    def __init__(self, cause: str, exchange: Exchange, earlier: tuple[Exchange, ...] = ()) -> None:
        super().__init__(f"{exchange.url}: {cause}")
        self.exchange, self.earlier = exchange, earlier
        self.partial: FetchResult | None = None  # the cut response, if its head was complete


class Unsendable(FetchError):
    """The request cannot be put into HTTP/1.1: no http(s) URL, or control characters in URL or headers."""


class NameNotResolved(FetchError):
    """The host has no address, or the lookup failed."""


class AddressRefused(FetchError):
    """The host is not on the public internet; nothing was sent, not even a SYN."""


class ConnectFailed(FetchError):
    """Refused, unreachable, or the proxy would not let us through."""


class TlsFailed(FetchError):
    """No TLS session; `unverified` if that is because the certificate was not accepted."""

    unverified = False


class TimedOut(FetchError):
    """Longer than the limits allow, to connect or to answer."""


class ConnectionLost(FetchError):
    """Closed or reset before the response was complete."""


class BodyTooLarge(FetchError):
    """The body is, or says that it will be, larger than allowed."""


class NotHttp(FetchError):
    """What came back cannot be parsed."""


E = TypeVar("E", bound=FetchError)


@dataclass(slots=True)
class FetchAttempt:
    """One try at one exchange: what will be its record."""

    url: str
    kind: str
    direct: bool = True  # not through a proxy, which would hide the origin's address
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    request: bytes = b""
    answer: ResponseParser | None = None
    connection: HttpConnection | None = None
    latency: float | None = None  # seconds from the request to the final head
    _clock: float = 0.0

    def begin(self, answer: ResponseParser) -> None:
        """The request is about to be sent."""
        self.answer = answer
        self.started, self._clock = datetime.now(UTC), perf_counter()

    def look(self) -> None:
        """Note when the head was complete."""
        if self.latency is None and self.answer is not None and self.answer.head is not None:
            self.latency = perf_counter() - self._clock

    def exchange(self, error: str | None = None, truncated: str | None = None) -> Exchange:
        """What there is to record, now."""
        answer, connection = self.answer, self.connection
        raw = bytes(answer.raw) if answer else b""
        head = answer.head if answer else None
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
            chunked=bool(answer and answer.chunked),
            head_length=answer.head_length if answer else 0,
            status=head.status if head else None,
            kind=self.kind,
        )

    def fetched(self, exchange: Exchange) -> FetchResult | None:
        """The response as far as it came, or None if not even its head did."""
        if self.answer is None or self.answer.head is None or self.connection is None:
            return None
        return FetchResult(
            exchange=exchange,
            status=self.answer.head.status,
            headers=self.answer.head.fields,
            body=self.answer.body,
            latency=self.latency or 0.0,
            certificate=self.connection.certificate,
        )

    def failed(self, kind: type[E], cause: str, truncated: str | None = None) -> E:
        """The error that says why this attempt came to nothing."""
        return kind(cause, self.exchange(cause, truncated))

"""Fetch URLs over HTTP/1.1 with a client of our own, so that every byte passes through our hands.

A URL goes in; an `Exchange` comes out, with exactly the bytes that were sent and received. The client follows no
redirect, keeps no cookie, decodes no content and knows no Scrapy: `crawler.http.download_handler` connects the two. The
reasons for it: docs/decisions/0001-the-wire.md.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import h11

from crawler.http.address import BlockedPort, RequestTarget, parse_target, without_credentials
from crawler.http.outcome import (
    BodyTooLarge,
    ConnectionLost,
    E,
    FetchAttempt,
    FetchError,
    FetchResult,
    MakeRoom,
    NoteSent,
    NotHttp,
    PortRefused,
    TimedOut,
    TooManyParts,
    Unsendable,
    unlimited_room,
    unnoticed,
)
from crawler.http.pool import ConnectionPool, ConnectionRoute, error_text, proxy_credentials
from crawler.http.response_parser import (
    AnswerOfTooManyParts,
    BodyOverLimit,
    MalformedResponse,
    ResponseParser,
    ResponseTruncated,
)
from pipelines.core.items import Exchange

logger = logging.getLogger("morgue.http")

IDEMPOTENT_METHODS = {"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"}  # RFC 9110 section 9.2.2
BODY_METHODS = {"POST", "PUT", "PATCH"}  # methods whose empty body is announced (RFC 9110 section 8.6)
MAX_TIMEOUTS = 10  # so many times its timeout an exchange may last, with the time in which the caller has no room
MAX_LINE_BYTES = 8192  # of a line that frames a chunk, and of all trailers of an answer
GENERATED_FIELDS = {b"host", b"content-length", b"transfer-encoding", b"proxy-authorization", b"proxy-connection"}


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """Limit the time and the size of one fetch."""

    timeout: float = 30.0  # seconds for the whole exchange, once connected
    connect_timeout: float = 15.0  # seconds for lookup, connection and TLS handshake together
    max_body: int = 20_000_000  # bytes of body on the wire, with framing and codings; 0: no limit
    max_head: int = 256 * 1024  # bytes of response heads, with those of interim responses


@dataclass(frozen=True, slots=True)
class ClientRequest:
    """Hold a request that can be sent over any connection."""

    method: str
    target: RequestTarget
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes
    proxy: str | None

    def compose(self) -> tuple[h11.Connection, bytes, bytes]:
        """Return (h11's state of the exchange, the bytes to record, the bytes to send).

        The bytes differ in one case only: a plain request through a proxy carries the operator's password for that
        proxy, a line that the origin never sees and that has no place in an archive. Raise h11.LocalProtocolError or
        ValueError if HTTP/1.1 cannot express the request.
        """
        if self.method == "CONNECT":
            raise ValueError("CONNECT cannot be used to request a page")
        via_proxy = self.proxy is not None and self.target.scheme == "http"
        path = f"http://{self.target.authority}{self.target.path}" if via_proxy else self.target.path
        hosts = [value for name, value in self.headers if name.lower() == b"host"]
        lines = [(b"Host", hosts[0] if hosts else self.target.authority.encode())]
        lines += [(name, value.strip()) for name, value in self.headers if name.lower() not in GENERATED_FIELDS]
        if self.body or self.method in BODY_METHODS:
            lines.append((b"Content-Length", b"%d" % len(self.body)))
        sender = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_LINE_BYTES)
        # RFC 9112 section 3.2.2: a request to a proxy has the absolute-form.
        raw = sender.send(h11.Request(method=self.method, target=path, headers=lines)) or b""
        raw += (sender.send(h11.Data(data=self.body)) or b"") if self.body else b""
        raw += sender.send(h11.EndOfMessage()) or b""
        password = proxy_credentials(self.proxy) if via_proxy and self.proxy else None
        if password is None:
            return sender, raw, raw
        line = f"\r\nProxy-Authorization: {password}\r\n\r\n".encode()
        return sender, raw, raw.replace(b"\r\n\r\n", line, 1)


class HttpClient:
    """Fetch URLs over connections that are kept open for the next request to the same host."""

    def __init__(
        self,
        limits: FetchLimits | None = None,
        *,
        allow_private_ips: bool = False,
        verify: bool = True,
        proxy_for: Callable[[str], str | None] | None = None,
        idle_seconds: float = 20.0,
        sources: Sequence[str] = (),
    ) -> None:
        """`proxy_for(url)` returns the URL of an HTTP proxy ("http://user:password@host:port"), or None.

        `idle_seconds`: how long a connection without a request is kept. `verify=False` accepts any certificate.
        `sources`: addresses of this machine to connect from, one of each kind (IPv4, IPv6); none: the system chooses.
        """
        self.limits = limits or FetchLimits()
        self._verify = verify
        self._proxy_for = proxy_for or (lambda url: None)
        self._pool = ConnectionPool(allow_private_ips=allow_private_ips, idle_seconds=idle_seconds, sources=sources)

    async def fetch(
        self,
        url: str,
        *,
        method: str = "GET",
        headers: Sequence[tuple[bytes, bytes]] = (),
        body: bytes = b"",
        kind: str = "page",
        verify: bool | None = None,
        timeout: float | None = None,
        max_body: int | None = None,
        proxy: str | None = None,
        make_room: MakeRoom = unlimited_room,
        sent: NoteSent = unnoticed,
    ) -> FetchResult:
        """Make one exchange. Arguments that are not given come from the client's limits and settings.

        `make_room(size)` is awaited as the answer grows; nothing more is read until it returns, and that time does not
        count towards the timeout, but the whole exchange ends after MAX_TIMEOUTS of it. `sent()` is called when the
        request has been sent, after lookup and connection.

        If a kept connection dies before any byte of the answer, the request is sent once more over a fresh one (RFC
        9112 section 9.3.1: idempotent methods only); the failed attempt is in `earlier`. Raise FetchError. A cancelled
        fetch closes its connection.
        """
        attempt = FetchAttempt(without_credentials(url), kind, make_room=make_room, sent=sent)
        limits = self.limits
        if timeout is not None:
            limits = replace(limits, timeout=timeout, connect_timeout=min(timeout, limits.connect_timeout))
        if max_body is not None:
            limits = replace(limits, max_body=max_body)
        try:
            target = parse_target(url)
            proxy = proxy or self._proxy_for(url)
            if proxy is not None and not proxy.startswith("http://"):
                raise ValueError("only http:// proxies are supported")
            attempt.direct = proxy is None
            request = ClientRequest(method, target, headers, body, proxy)
            request.compose()
        except BlockedPort as error:
            raise attempt.failed(PortRefused, str(error)) from error
        except (ValueError, h11.LocalProtocolError) as error:
            raise attempt.failed(Unsendable, str(error)) from error
        verify = self._verify if verify is None else verify
        route = ConnectionRoute(target.scheme, target.host, target.port, verify, proxy)
        return await self._fetch(attempt, request, route, limits)

    async def close(self) -> None:
        """Close all connections; fetches in flight fail with ConnectionLost."""
        self._pool.close()

    async def _fetch(
        self, attempt: FetchAttempt, request: ClientRequest, route: ConnectionRoute, limits: FetchLimits
    ) -> FetchResult:
        """Fetch over a kept connection if there is one; otherwise, or if it turns out to be dead, over a fresh one."""
        earlier: tuple[Exchange, ...] = ()
        attempt.connection = self._pool.take(route)
        if attempt.connection is not None:
            try:
                return await self._exchange(attempt, request, route, limits)
            except ConnectionLost as lost:
                if lost.exchange.response or request.method not in IDEMPOTENT_METHODS:
                    raise
                earlier = (lost.exchange,)
                logger.debug("%(url)s: the kept connection is dead; a new one is opened", {"url": attempt.url})
                attempt = FetchAttempt(
                    attempt.url, attempt.kind, attempt.direct, make_room=attempt.make_room, sent=attempt.sent
                )
        try:
            await self._pool.connect(attempt, route, limits.connect_timeout)
            fetched = await self._exchange(attempt, request, route, limits)
        except FetchError as error:
            error.earlier = earlier
            raise
        return replace(fetched, earlier=earlier) if earlier else fetched

    async def _exchange(
        self, attempt: FetchAttempt, request: ClientRequest, route: ConnectionRoute, limits: FetchLimits
    ) -> FetchResult:
        """Send and read over the attempt's connection, then keep or close it."""
        assert attempt.connection is not None
        try:
            async with asyncio.timeout(limits.timeout) as clock:
                await self._converse(attempt, request, limits, clock)
        except TimeoutError as error:
            if not clock.expired():  # the kernel's own ETIMEDOUT
                raise self._cut(attempt, ConnectionLost, error_text(error), "disconnect") from error
            raise self._cut(attempt, TimedOut, f"not complete within {limits.timeout:g} s", "time") from error
        except BodyOverLimit as error:
            raise self._cut(attempt, BodyTooLarge, str(error), "length") from error
        except AnswerOfTooManyParts as error:
            failure = self._cut(attempt, TooManyParts, str(error), "unspecified")
            failure.parts = error.parts
            raise failure from error
        except ResponseTruncated as error:
            cause = "closed before the response was complete"
            raise self._cut(attempt, ConnectionLost, cause, "disconnect") from error
        except OSError as error:
            raise self._cut(attempt, ConnectionLost, error_text(error), "disconnect") from error
        except MalformedResponse as error:
            raise self._cut(attempt, NotHttp, str(error), "unspecified") from error
        except BaseException:
            self._pool.drop(attempt.connection)
            raise
        if attempt.parser and attempt.parser.reusable:
            self._pool.give(route, attempt.connection)
        else:
            self._pool.drop(attempt.connection)
        fetched = attempt.fetched(attempt.exchange())
        assert fetched is not None
        length = len(fetched.exchange.response) - fetched.exchange.head_length
        about = {"url": attempt.url, "status": fetched.status, "bytes": length, "latency": fetched.latency}
        logger.debug("%(url)s: HTTP %(status)d (bytes of body: %(bytes)d, seconds to its head: %(latency).3f)", about)
        return fetched

    async def _converse(
        self, attempt: FetchAttempt, request: ClientRequest, limits: FetchLimits, clock: asyncio.Timeout
    ) -> None:
        """Send the request and read the answer.

        The clock stands still while the caller has no room for the body, until MAX_TIMEOUTS have passed in all.
        """
        assert attempt.connection is not None
        logger.debug("%(method)s %(url)s", {"method": request.method, "url": attempt.url, "kind": attempt.kind})
        sender, attempt.request, wire = request.compose()
        parser = ResponseParser(sender, request.method, max_head=limits.max_head, max_body=limits.max_body)
        attempt.begin(parser)
        attempt.connection.write(wire)
        attempt.sent()
        time = asyncio.get_running_loop().time
        end = time() + MAX_TIMEOUTS * limits.timeout
        while True:
            complete = parser.feed(await attempt.connection.read())
            while parser.has_more:
                await asyncio.sleep(0)
                complete = parser.go_on()
            attempt.note_head()
            left = (clock.when() or 0.0) - time()
            clock.reschedule(None if complete else end)
            await attempt.make_room(parser.size)
            if complete:
                return
            clock.reschedule(min(end, time() + left))

    def _cut(self, attempt: FetchAttempt, kind: type[E], cause: str, truncated: str) -> E:
        assert attempt.connection is not None
        error = attempt.failed(kind, cause, truncated)
        logger.debug("%(url)s: %(why)s", {"url": attempt.url, "why": cause})
        error.partial = attempt.fetched(error.exchange)
        self._pool.drop(attempt.connection)
        return error

"""Our own HTTP/1.1 client, so that every byte passes through our hands: a URL in, an `Exchange` out.

It asks, it reads, it says exactly what was sent and what came back. It follows no redirect, keeps no cookie,
decodes no content and knows no Scrapy: `crawler.http.download_handler` is where those meet. Why we have it:
docs/decisions/0001-the-wire.md.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import h11

from crawler.http.address import RequestTarget, bare, parse
from crawler.http.outcome import (
    BodyTooLarge,
    ConnectionLost,
    FetchAttempt,
    FetchError,
    FetchResult,
    NotHttp,
    TimedOut,
    Unsendable,
)
from crawler.http.pool import ConnectionPool, ConnectionRoute, proxy_credentials, said
from crawler.http.response_parser import BodyOverLimit, MalformedResponse, ResponseParser, ResponseTruncated
from pipelines.core.items import Exchange

logger = logging.getLogger("morgue.http")

IDEMPOTENT = {"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"}  # RFC 9110 section 9.2.2
WITH_BODY = {"POST", "PUT", "PATCH"}  # methods whose empty body is announced (RFC 9110 section 8.6)
OURS = {b"host", b"content-length", b"transfer-encoding", b"proxy-authorization", b"proxy-connection"}


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """What one fetch may cost."""

    timeout: float = 30.0  # seconds for the whole exchange, once connected
    connect_timeout: float = 15.0  # seconds for lookup, connection and TLS handshake together
    max_body: int = 20_000_000  # bytes of body on the wire, framing and codings included; 0: no limit
    max_head: int = 256 * 1024  # bytes of response heads, interim ones included


@dataclass(frozen=True, slots=True)
class ClientRequest:
    """A request as the caller means it, ready to be put on any connection."""

    method: str
    target: RequestTarget
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes
    proxy: str | None

    def compose(self) -> tuple[h11.Connection, bytes, bytes]:
        """(h11's view of the exchange, the bytes to record, the bytes to send).

        Raises h11.LocalProtocolError or ValueError for what HTTP/1.1 cannot say.
        Both are the same bytes but for one case: a plain request through a proxy carries the operator's
        password for that proxy, a line that the origin never sees and that has no place in an archive.
        """
        if self.method == "CONNECT":
            raise ValueError("CONNECT is no request for a page")
        via_proxy = self.proxy is not None and self.target.scheme == "http"
        path = f"http://{self.target.authority}{self.target.path}" if via_proxy else self.target.path
        hosts = [value for name, value in self.headers if name.lower() == b"host"]
        lines = [(b"Host", hosts[0] if hosts else self.target.authority.encode())]
        lines += [(name, value.strip()) for name, value in self.headers if name.lower() not in OURS]
        if self.body or self.method in WITH_BODY:
            lines.append((b"Content-Length", b"%d" % len(self.body)))
        sender = h11.Connection(h11.CLIENT)
        # RFC 9112 section 3.2.2: a proxy is asked in absolute-form.
        raw = sender.send(h11.Request(method=self.method, target=path, headers=lines)) or b""
        raw += (sender.send(h11.Data(data=self.body)) or b"") if self.body else b""
        raw += sender.send(h11.EndOfMessage()) or b""
        password = proxy_credentials(self.proxy) if via_proxy and self.proxy else None
        if password is None:
            return sender, raw, raw
        line = f"\r\nProxy-Authorization: {password}\r\n\r\n".encode()
        return sender, raw, raw.replace(b"\r\n\r\n", line, 1)


class HttpClient:
    """Fetches URLs over connections that it keeps open for the next request to the same host."""

    def __init__(
        self,
        limits: FetchLimits | None = None,
        *,
        allow_private_ips: bool = False,
        verify: bool = True,
        proxy_for: Callable[[str], str | None] | None = None,
        idle_seconds: float = 20.0,
    ) -> None:
        """`proxy_for(url)` names an HTTP proxy ("http://user:password@host:port") or None.

        `idle_seconds`: how long a connection without a request is kept. `verify=False` accepts any
        certificate.
        """
        self.limits = limits or FetchLimits()
        self._verify = verify
        self._proxy_for = proxy_for or (lambda url: None)
        self._pool = ConnectionPool(allow_private_ips=allow_private_ips, idle_seconds=idle_seconds)

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
    ) -> FetchResult:
        """One exchange. What is not given is as in the client's limits and settings.

        A kept-alive connection that dies before any byte of the answer is tried once more on a fresh one (RFC
        9112 section 9.3.1: idempotent methods only); the failed try is in `earlier`. Raises WireError. A
        cancelled fetch closes its connection.
        """
        attempt = FetchAttempt(bare(url), kind)
        limits = self.limits
        if timeout is not None:
            limits = replace(limits, timeout=timeout, connect_timeout=min(timeout, limits.connect_timeout))
        if max_body is not None:
            limits = replace(limits, max_body=max_body)
        try:
            target = parse(url)
            proxy = proxy or self._proxy_for(url)
            if proxy is not None and not proxy.startswith("http://"):
                raise ValueError("only http:// proxies are spoken to")
            attempt.direct = proxy is None
            asked = ClientRequest(method, target, headers, body, proxy)
            asked.compose()
        except (ValueError, h11.LocalProtocolError) as error:
            raise attempt.failed(Unsendable, str(error)) from error
        verify = self._verify if verify is None else verify
        route = ConnectionRoute(target.scheme, target.host, target.port, verify, proxy)
        return await self._fetch(attempt, asked, route, limits)

    async def close(self) -> None:
        """Close all connections; fetches under way fail with ConnectionLost."""
        self._pool.close()

    async def _fetch(
        self, attempt: FetchAttempt, asked: ClientRequest, route: ConnectionRoute, limits: FetchLimits
    ) -> FetchResult:
        """On a kept connection if there is one, else (or if that one turns out dead) on a fresh one."""
        earlier: tuple[Exchange, ...] = ()
        attempt.connection = self._pool.take(route)
        if attempt.connection is not None:
            try:
                return await self._exchange(attempt, asked, route, limits)
            except ConnectionLost as lost:
                if lost.exchange.response or asked.method not in IDEMPOTENT:
                    raise
                earlier = (lost.exchange,)
                logger.debug("%(url)s: the kept connection was dead, is asked on a new one", {"url": attempt.url})
                attempt = FetchAttempt(attempt.url, attempt.kind, attempt.direct)
        try:
            await self._pool.connect(attempt, route, limits.connect_timeout)
            fetched = await self._exchange(attempt, asked, route, limits)
        except FetchError as error:
            error.earlier = earlier
            raise
        return replace(fetched, earlier=earlier) if earlier else fetched

    async def _exchange(
        self, attempt: FetchAttempt, asked: ClientRequest, route: ConnectionRoute, limits: FetchLimits
    ) -> FetchResult:
        """Ask and read on the attempt's connection, then keep or close it."""
        assert attempt.connection is not None
        try:
            async with asyncio.timeout(limits.timeout) as clock:
                await self._converse(attempt, asked, limits)
        except TimeoutError as error:
            if not clock.expired():  # the kernel's own ETIMEDOUT
                raise self._cut(attempt, ConnectionLost, said(error), "disconnect") from error
            raise self._cut(attempt, TimedOut, f"not complete within {limits.timeout:g} s", "time") from error
        except BodyOverLimit as error:
            raise self._cut(attempt, BodyTooLarge, str(error), "length") from error
        except ResponseTruncated as error:
            cause = "closed before the response was complete"
            raise self._cut(attempt, ConnectionLost, cause, "disconnect") from error
        except OSError as error:
            raise self._cut(attempt, ConnectionLost, said(error), "disconnect") from error
        except MalformedResponse as error:
            raise self._cut(attempt, NotHttp, str(error), "unspecified") from error
        except BaseException:
            self._pool.drop(attempt.connection)
            raise
        if attempt.answer and attempt.answer.reusable:
            self._pool.give(route, attempt.connection)
        else:
            self._pool.drop(attempt.connection)
        fetched = attempt.fetched(attempt.exchange())
        assert fetched is not None
        about = {"url": attempt.url, "status": fetched.status, "bytes": len(fetched.body), "latency": fetched.latency}
        logger.debug("%(url)s: HTTP %(status)d, %(bytes)d bytes of body, head after %(latency).3f s", about)
        return fetched

    async def _converse(self, attempt: FetchAttempt, asked: ClientRequest, limits: FetchLimits) -> None:
        assert attempt.connection is not None
        logger.debug("%(method)s %(url)s", {"method": asked.method, "url": attempt.url, "kind": attempt.kind})
        sender, attempt.request, wire = asked.compose()
        answer = ResponseParser(sender, asked.method, max_head=limits.max_head, max_body=limits.max_body)
        attempt.begin(answer)
        attempt.connection.write(wire)
        while not answer.feed(await attempt.connection.read()):
            attempt.look()
        attempt.look()

    def _cut(self, attempt: FetchAttempt, kind: type[FetchError], cause: str, truncated: str) -> FetchError:
        assert attempt.connection is not None
        error = attempt.failed(kind, cause, truncated)
        logger.debug("%(url)s: %(why)s", {"url": attempt.url, "why": cause})
        error.partial = attempt.fetched(error.exchange)
        self._pool.drop(attempt.connection)
        return error

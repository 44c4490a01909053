"""Open connections to addresses that were checked, keep them while idle, and close them when their time is up.

This module guards against private addresses. A name is looked up once, its addresses are checked, and the connection is
made to the very address that was checked. So there is no second lookup that could give another answer (DNS rebinding),
and a private address does not even get a SYN.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import ssl
from base64 import b64encode
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from crawler.http.address import lookup
from crawler.http.connection import HttpConnection, TunnelRefused
from crawler.http.networks import is_private_name, is_public
from crawler.http.outcome import AddressRefused, ConnectFailed, FetchAttempt, NameNotResolved, TimedOut, TlsFailed

logger = logging.getLogger("morgue.http")

LOOKUP_SECONDS = 60.0  # an address is used this long before the name is looked up (and checked) again
PROXY_LOOKUP_SECONDS = 3.0  # for a name that a proxy looks up as well: behind a proxy there may be no name server
ANY_PORT = 0
MAX_LOOKUPS = 10_000
MAX_IDLE_PER_ROUTE = 8  # connections kept without a request, per host


class ConnectionRoute(NamedTuple):
    """Hold what two requests must have in common to share a connection."""

    scheme: str
    host: str
    port: int
    verify: bool
    proxy: str | None


class ConnectionPool:
    """Hold the connections of one client, in use and idle."""

    def __init__(self, *, allow_private_ips: bool, idle_seconds: float, sources: Sequence[str] = ()) -> None:
        """`sources`: addresses of this machine to connect from, one of each kind; none: the system chooses."""
        self._allow_private_ips = allow_private_ips
        self._sources = {_is_ipv6(source): source for source in sources}
        self._idle_seconds = idle_seconds
        self._idle: dict[ConnectionRoute, list[tuple[HttpConnection, asyncio.TimerHandle]]] = {}
        self._open: set[HttpConnection] = set()
        self._lookups: dict[tuple[str, int], tuple[float, list[str]]] = {}
        self._contexts: dict[bool, ssl.SSLContext] = {}

    def take(self, route: ConnectionRoute) -> HttpConnection | None:
        """Return an idle connection that can be used, the one used last first; None if there is no such connection."""
        waiting = self._idle.get(route, [])
        while waiting:
            connection, timer = waiting.pop()
            timer.cancel()
            if connection.is_reusable:
                return connection
            self.drop(connection)
        self._idle.pop(route, None)
        return None

    def give(self, route: ConnectionRoute, connection: HttpConnection) -> None:
        """Keep a connection for the next request; its exchange is complete."""
        waiting = self._idle.setdefault(route, [])
        if len(waiting) >= MAX_IDLE_PER_ROUTE or not connection.is_reusable:
            self.drop(connection)
            return
        loop = asyncio.get_running_loop()
        waiting.append((connection, loop.call_later(self._idle_seconds, self._expire, route, connection)))

    def drop(self, connection: HttpConnection) -> None:
        """Close a connection that is in use."""
        self._open.discard(connection)
        connection.close()

    def close(self) -> None:
        """Close every connection, idle or not."""
        for waiting in self._idle.values():
            for _, timer in waiting:
                timer.cancel()
        self._idle.clear()
        for connection in list(self._open):
            self.drop(connection)

    async def connect(self, attempt: FetchAttempt, route: ConnectionRoute, timeout: float) -> None:
        """Give `attempt` a fresh connection, with TLS if needed, within `timeout` seconds. Raise FetchError."""
        deadline = asyncio.get_running_loop().time() + timeout
        try:
            async with asyncio.timeout_at(deadline) as clock:
                connection = await self._open_tcp(attempt, route, deadline)
                self._open.add(connection)
                try:
                    await self._prepare(connection, route, timeout)
                except BaseException:
                    self.drop(connection)
                    raise
        except TimeoutError as error:
            if not clock.expired():
                raise attempt.failed(ConnectFailed, error_text(error)) from error
            raise attempt.failed(TimedOut, f"no connection within {timeout:g} s") from error
        except TunnelRefused as error:
            raise attempt.failed(ConnectFailed, error_text(error)) from error
        except (OSError, ValueError) as error:
            failure = attempt.failed(TlsFailed, f"no TLS session: {error_text(error)}")
            failure.unverified = isinstance(error, ssl.SSLCertVerificationError)
            raise failure from error
        attempt.connection = connection
        about = {"url": attempt.url, "ip": connection.ip, "tls": connection.tls or "no TLS"}
        logger.debug("%(url)s: connected to %(ip)s, %(tls)s", about)

    async def _open_tcp(self, attempt: FetchAttempt, route: ConnectionRoute, deadline: float) -> HttpConnection:
        """Try each address in turn. One that does not answer may use up its share of the time, not all of it."""
        host, port = route.host, route.port
        if route.proxy is None:
            addresses = await self._addresses(attempt, host, port)
        else:
            if not self._allow_private_ips:
                await self._check_for_proxy(attempt, host)
            proxy = urlsplit(route.proxy)
            host, port = proxy.hostname or "", proxy.port or 80
            addresses = await self._lookup(attempt, host, port)  # not checked: the operator chose it
        if self._sources:
            usable = [address for address in addresses if _is_ipv6(address) in self._sources]
            if not usable:
                kind = "IPv6" if _is_ipv6(addresses[0]) else "IPv4"
                raise attempt.failed(ConnectFailed, f"{host} has only {kind}, and crawl.source_address has none")
            addresses = usable
        loop = asyncio.get_running_loop()
        problem = ""
        for left in range(len(addresses), 0, -1):
            address = addresses[-left]
            source = self._sources.get(_is_ipv6(address))
            try:
                async with asyncio.timeout((deadline - loop.time()) / left if left > 1 else None):
                    return await HttpConnection.open(address, port, source)
            except OSError as error:  # TimeoutError included
                start = "" if source is None else f"from {source} to "
                problem = f"{start}{address} port {port}: {error_text(error) or 'no answer'}"
        raise attempt.failed(ConnectFailed, problem)

    async def _prepare(self, connection: HttpConnection, route: ConnectionRoute, timeout: float) -> None:
        if route.scheme != "https":
            return
        if route.proxy is not None:
            # CONNECT is not recorded: it is between us and the proxy, before the exchange with the origin begins, and
            # may carry the operator's password.
            netloc = f"[{route.host}]:{route.port}" if ":" in route.host else f"{route.host}:{route.port}"
            await connection.tunnel(netloc, proxy_credentials(route.proxy))
        await connection.start_tls(self._context(route.verify), route.host, timeout)

    async def _addresses(self, attempt: FetchAttempt, host: str, port: int) -> list[str]:
        found = await self._lookup(attempt, host, port)
        public = found if self._allow_private_ips else [address for address in found if is_public(address)]
        if not public:
            meaning = "" if found == [host] else f" ({', '.join(found)})"
            raise attempt.failed(AddressRefused, f"{host}{meaning} is not on the public internet")
        return public

    async def _check_for_proxy(self, attempt: FetchAttempt, host: str) -> None:
        """Raise AddressRefused for a host that is not public by its name or by any address that we find for it.

        The proxy looks the name up itself and may get another answer. A name that we cannot look up is left to it.
        """
        found: list[str] = []
        if not is_private_name(host):
            try:
                async with asyncio.timeout(PROXY_LOOKUP_SECONDS):
                    found = await self._lookup(attempt, host, ANY_PORT)
            except (NameNotResolved, TimeoutError):
                self._lookups[host, ANY_PORT] = asyncio.get_running_loop().time() + LOOKUP_SECONDS, []
            if all(is_public(address) for address in found):
                return
        meaning = "" if found in ([], [host]) else f" ({', '.join(found)})"
        raise attempt.failed(AddressRefused, f"{host}{meaning} is not on the public internet")

    async def _lookup(self, attempt: FetchAttempt, host: str, port: int) -> list[str]:
        now = asyncio.get_running_loop().time()
        until, addresses = self._lookups.get((host, port), (0.0, []))
        if now >= until:
            try:
                addresses = await lookup(host, port)
            except OSError as error:
                raise attempt.failed(NameNotResolved, f"{host}: {error_text(error)}") from error
            if len(self._lookups) >= MAX_LOOKUPS:
                self._lookups.clear()
            self._lookups[host, port] = now + LOOKUP_SECONDS, addresses
        return addresses

    def _context(self, verify: bool) -> ssl.SSLContext:
        if verify not in self._contexts:
            context = ssl.create_default_context()  # honours SSL_CERT_FILE and SSL_CERT_DIR
            if not verify:
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
            context.set_alpn_protocols(["http/1.1"])  # RFC 7301: we speak no other protocol
            self._contexts[verify] = context
        return self._contexts[verify]

    def _expire(self, route: ConnectionRoute, connection: HttpConnection) -> None:
        waiting = [entry for entry in self._idle.get(route, []) if entry[0] is not connection]
        if waiting:
            self._idle[route] = waiting
        else:
            self._idle.pop(route, None)
        self.drop(connection)


def _is_ipv6(address: str) -> bool:
    return ":" in address


def proxy_credentials(proxy: str) -> str | None:
    """Return the Proxy-Authorization value for the credentials in a proxy's URL (RFC 7617), or None."""
    parts = urlsplit(proxy)
    if parts.username is None:
        return None
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return "Basic " + b64encode(pair.encode()).decode("ascii")


def error_text(error: BaseException) -> str:
    """Return the text of an error of the operating system or of OpenSSL, without its numbers."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if isinstance(error, ssl.SSLError):
        return (error.reason or str(error)).replace("_", " ").lower()
    if isinstance(error, socket.gaierror):
        return error.strerror or str(error)
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno).lower()
    return str(error)

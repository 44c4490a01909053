"""Move bytes over one TCP or TLS connection: nothing lost, nothing added. Knows no HTTP but CONNECT."""

from __future__ import annotations

import asyncio
import re
import ssl
from typing import cast

MAX_UNREAD_BYTES = 1 << 17  # more unread bytes, and reading from the socket is paused
MAX_PROXY_REPLY_BYTES = 16_384  # bytes of a proxy's answer to CONNECT
OPENSSL_SUITE = re.compile(
    r"(?:(?P<exchange>(?:ECDHE|DHE)-(?:RSA|ECDSA))-)?"
    r"(?:CHACHA20-POLY1305|AES(?P<size>128|256)-(?:(?P<mode>GCM)-)?(?P<hash>SHA\d*))"
)


class TunnelRefused(OSError):
    """Report that the proxy would not connect us to the host."""


class HttpConnection(asyncio.Protocol):
    """Hold one connection, and what arrives until it is read. The caller that opens it must `close` it."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._arrived = bytearray()
        self._paused = False
        self._waiter: asyncio.Future[None] | None = None
        self._ended = False
        self._error: Exception | None = None
        self.tls: str | None = None  # "tls/1.3"; None over plain TCP
        self.cipher: str | None = None  # IANA name of the cipher suite
        self.certificate: bytes | None = None  # the peer's own certificate, DER

    @classmethod
    async def open(cls, address: str, port: int, source: str | None = None) -> HttpConnection:
        """Connect to an IP address; names are looked up and checked before. Raise OSError.

        `source`: the address of this machine to connect from, of the same kind; None: the system chooses.
        """
        loop = asyncio.get_running_loop()
        local = None if source is None else (source, 0)
        _, connection = await loop.create_connection(cls, address, port, local_addr=local)
        return connection

    async def start_tls(self, context: ssl.SSLContext, host: str, timeout: float) -> None:
        """Start TLS with `host`. Raise OSError; ssl.SSLError is one."""
        loop = asyncio.get_running_loop()
        assert self._transport is not None
        name = host.rstrip(".")  # RFC 6066 section 3: without the trailing dot
        transport = await loop.start_tls(
            self._transport, self, context, server_hostname=name, ssl_handshake_timeout=max(timeout, 0.001)
        )
        if transport is None:
            raise ConnectionResetError("closed during the TLS handshake")
        self._transport = transport
        session = cast(ssl.SSLObject, transport.get_extra_info("ssl_object"))
        self.tls = (session.version() or "").lower().replace("tlsv", "tls/")
        self.cipher = iana_name((session.cipher() or ("",))[0])
        self.certificate = session.getpeercert(binary_form=True)

    async def tunnel(self, netloc: str, credentials: str | None) -> None:
        """Have an HTTP proxy connect us to `netloc`, host:port (RFC 9110 section 9.3.6). Raise TunnelRefused."""
        lines = [f"CONNECT {netloc} HTTP/1.1", f"Host: {netloc}"]
        if credentials is not None:
            lines.append(f"Proxy-Authorization: {credentials}")
        self.write("\r\n".join([*lines, "", ""]).encode("ascii"))
        reply = b""
        while b"\r\n\r\n" not in reply:
            try:
                data = await self.read()
            except OSError as error:
                raise TunnelRefused("the proxy broke off before it answered CONNECT") from error
            reply += data
            if not data or len(reply) > MAX_PROXY_REPLY_BYTES:
                raise TunnelRefused("the proxy gave no valid answer to CONNECT")
        status = reply.partition(b"\r\n")[0].decode("latin-1")
        if not re.match(r"HTTP/1\.\d 2\d\d\b", status) or not reply.endswith(b"\r\n\r\n"):
            raise TunnelRefused(f"the proxy answered CONNECT with {status!r}")

    @property
    def ip(self) -> str | None:
        """Return the peer's IP address, without an IPv6 zone."""
        peer = self._transport.get_extra_info("peername") if self._transport is not None else None
        return str(peer[0]).partition("%")[0] if peer else None

    @property
    def is_reusable(self) -> bool:
        """Return True if it can carry another request: nothing has arrived unasked, and the peer has not hung up."""
        if self._arrived or self._ended or self._transport is None:
            return False
        return not self._transport.is_closing()

    def write(self, data: bytes) -> None:
        """Send bytes. If the connection is gone, the next `read` reports it."""
        assert self._transport is not None
        self._transport.write(data)

    async def read(self) -> bytes:
        """Return what has arrived, at least one byte; b"" once the peer has hung up. Raise OSError on a reset."""
        if not self._arrived and not self._ended:
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        data = bytes(self._arrived)
        self._arrived.clear()
        if self._paused and self._transport is not None:
            self._paused = False
            self._transport.resume_reading()
        if not data and self._error is not None:
            raise self._error
        return data

    def close(self) -> None:
        """Close the socket now; unsent and unread bytes are dropped."""
        if self._transport is not None:
            self._transport.abort()

    # asyncio calls these.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._arrived += data
        if len(self._arrived) > MAX_UNREAD_BYTES and not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        self._ended = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended = True
        self._error = exc
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


def iana_name(openssl: str) -> str | None:
    """Return the IANA name of a cipher suite that OpenSSL names in its own way; None if we cannot translate it.

    ECDHE-RSA-AES128-GCM-SHA256 -> TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256; TLS 1.3 suites carry the IANA name
    already.
    """
    if openssl.startswith("TLS_"):
        return openssl
    match = OPENSSL_SUITE.fullmatch(openssl)
    if match is None:
        return None
    exchange = (match["exchange"] or "RSA").replace("-", "_")
    if match["size"] is None:
        return f"TLS_{exchange}_WITH_CHACHA20_POLY1305_SHA256"
    return f"TLS_{exchange}_WITH_AES_{match['size']}_{match['mode'] or 'CBC'}_{match['hash']}"

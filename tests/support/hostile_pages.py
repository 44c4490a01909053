"""Hold what the hostile server answers in tests of the HTTP client, and two helpers for all of them."""

from __future__ import annotations

import asyncio
import gzip
import sys
from collections.abc import Callable, Coroutine
from typing import Any

import brotli
import pytest

from crawler.http.client import FetchLimits, HttpClient
from crawler.http.outcome import ConnectionLost, FetchError, FetchResult, NotHttp, TimedOut
from tests.support.hostile_server import HostileServer, Reply

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

GZIPPED = gzip.compress(b"<p>Guten Tag</p>" * 50)
BROTLI = brotli.compress(b"<p>God dag</p>" * 50)
ZSTD = zstd.compress(b"<p>Goede dag</p>" * 50)
HEAD = [(b"User-Agent", b"morgue/1 (+mailto:x@example.org)"), (b"accept", b"*/*"), (b"X-oDD-caSE", b"1")]


def chunked(*chunks: bytes) -> bytes:
    """Return the chunks with their framing."""
    return b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)


def coded(coding: bytes, body: bytes) -> Reply:
    """Return a response whose body has a content coding."""
    return Reply(b"HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n%s" % (coding, len(body), body))


# path -> (reply, body that the caller gets)
COMPLETE: dict[str, tuple[Reply, bytes]] = {
    "/plain": (Reply(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"), b"hello"),
    "/odd-case-order-duplicates": (
        Reply(
            b"HTTP/1.1 200 OK\r\nzZ-Top: 1\r\nSet-Cookie: a=1\r\ncontent-LENGTH:   5  \r\n"
            b"Set-Cookie: b=2\r\nA: \r\n\r\nhello"
        ),
        b"hello",
    ),
    "/folded": (
        Reply(b"HTTP/1.1 200 OK\r\nX-Long: one\r\n two\r\n\tthree\r\nContent-Length: 2\r\n\r\nok"),
        b"ok",
    ),
    "/no-colon": (
        Reply(b"HTTP/1.1 200 OK\r\nthis is no field\r\n: nor this\r\nContent-Length: 2\r\n\r\nok"),
        b"ok",
    ),
    "/space-before-colon": (Reply(b"HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok"), b"ok"),
    "/reason-not-ascii": (
        Reply("HTTP/1.1 200 Gr\u00fc\u00dfe\r\nContent-Length: 2\r\n\r\nok".encode("latin-1")),
        b"ok",
    ),
    "/no-reason": (Reply(b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok"), b"ok"),
    "/control-characters": (
        Reply(b"HTTP/1.1 200 OK\r\nX: a\x00b\x0bc\rd\x7f\r\nContent-Length: 2\r\n\r\nok"),
        b"ok",
    ),
    "/bytes-in-values": (
        Reply(b"HTTP/1.1 200 OK\r\nX: \xff\xfe caf\xe9\r\nContent-Length: 2\r\n\r\nok"),
        b"ok",
    ),
    "/length-twice": (Reply(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok"), b"ok"),
    "/bare-lf": (Reply(b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok"), b"ok"),
    "/http10-lf": (
        Reply(b"HTTP/1.0 200 OK\nContent-Type: text/html\n\n<p>old</p>", then="close"),
        b"<p>old</p>",
    ),
    "/until-close": (Reply(b"HTTP/1.1 200 OK\r\n\r\nall of it", then="close"), b"all of it"),
    "/no-body-until-close": (Reply(b"HTTP/1.1 200 OK\r\n\r\n", then="close"), b""),
    "/length-is-no-number": (
        Reply(b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\nok", then="close"),
        b"ok",
    ),
    "/chunked": (
        Reply(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
            b'5;name="va;lue"\r\nhello\r\n0006\r\n world\r\n0;last\r\nX-Sum: 1\r\nX-sUM: 2\r\n\r\n'
        ),
        b"hello world",
    ),
    "/chunked-and-length": (
        Reply(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
        b"hello",
    ),
    "/chunked-gzip": (
        Reply(
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
            + chunked(GZIPPED[:10], GZIPPED[10:11], GZIPPED[11:])
            + b"0\r\n\r\n",
            slices=9,
        ),
        GZIPPED,
    ),
    "/gzip": (coded(b"gzip", GZIPPED), GZIPPED),
    "/br": (coded(b"br", BROTLI), BROTLI),
    "/zstd": (coded(b"zstd", ZSTD), ZSTD),
    "/early-hints": (
        Reply(
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
            before=b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n",
        ),
        b"ok",
    ),
    "/byte-by-byte": (Reply(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", slices=43), b"hello"),
    "/204": (Reply(b"HTTP/1.1 204 No Content\r\nX: y\r\n\r\n"), b""),
    "/304": (Reply(b'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\nContent-Length: 500\r\n\r\n'), b""),
    "/redirect": (Reply(b"HTTP/1.1 302 Found\r\nLocation: /plain\r\nContent-Length: 0\r\n\r\n"), b""),
    "/404": (Reply(b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone"), b"gone"),
    "/503": (Reply(b"HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nContent-Length: 4\r\n\r\nbusy"), b"busy"),
    "/999": (Reply(b"HTTP/1.1 999 Denied\r\nContent-Length: 0\r\n\r\n"), b""),
    "/garbage-behind": (
        Reply(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", after=b"\r\n<!-- surplus -->"),
        b"ok",
    ),
    "/garbage-behind-204": (Reply(b"HTTP/1.1 204 No Content\r\n\r\n", after=b"not allowed"), b""),
    "/connection-close": (
        Reply(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", then="close"),
        b"ok",
    ),
    "/big": (
        Reply(b"HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n" + bytes(range(256)) * 11718 + b"z" * 192),
        b"",
    ),
}
COMPLETE["/big"] = (COMPLETE["/big"][0], COMPLETE["/big"][0].response.partition(b"\r\n\r\n")[2])
PATHS = sorted(COMPLETE)
REPLIES = {path: reply for path, (reply, _) in COMPLETE.items()}

HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this"
# path -> (reply, what the fetch fails with, WARC-Truncated)
BROKEN: dict[str, tuple[Reply, type[FetchError], str | None]] = {
    "/short": (Reply(HALF, then="close"), ConnectionLost, "disconnect"),
    "/reset": (Reply(HALF, then="reset"), ConnectionLost, "disconnect"),
    "/stall": (Reply(HALF, then="stall"), TimedOut, "time"),
    "/half-chunk": (
        Reply(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nff\r\nbroken", then="close"),
        ConnectionLost,
        "disconnect",
    ),
    "/no-last-chunk": (
        Reply(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", then="close"),
        ConnectionLost,
        "disconnect",
    ),
    "/bad-chunk": (
        Reply(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n"),
        NotHttp,
        "unspecified",
    ),
    "/half-head": (Reply(b"HTTP/1.1 200 OK\r\nContent-Le", then="close"), ConnectionLost, "disconnect"),
    "/nothing": (Reply(b"", then="close"), ConnectionLost, None),
    "/nothing-reset": (Reply(b"", then="reset"), ConnectionLost, None),
    "/silence": (Reply(b"", then="stall"), TimedOut, None),
    "/ssh": (Reply(b"SSH-2.0-OpenSSH_9.2\r\n", then="stall"), NotHttp, "unspecified"),
    "/http09": (Reply(b"<html>hello</html>", then="close"), NotHttp, "unspecified"),
    "/lengths-differ": (
        Reply(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok"),
        NotHttp,
        "unspecified",
    ),
    "/101": (Reply(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"), NotHttp, "unspecified"),
}

Scenario = Callable[[HttpClient], Coroutine[Any, Any, Any]]


def run(
    scenario: Scenario, *, limits: FetchLimits | None = None, allow_private_ips: bool = True, **options: Any
) -> Any:
    """Run a scenario with a client that is closed afterwards."""

    async def main() -> Any:
        client = HttpClient(limits or FetchLimits(timeout=5.0), allow_private_ips=allow_private_ips, **options)
        try:
            return await scenario(client)
        finally:
            await client.close()

    return asyncio.run(main())


def fails(client: HttpClient, url: str, **options: Any) -> Coroutine[Any, Any, FetchError]:
    """Fetch; return the error that this raises."""

    async def expect() -> FetchError:
        with pytest.raises(FetchError) as caught:
            await client.fetch(url, **options)
        return caught.value

    return expect()


def check(server: HostileServer, path: str, fetched: FetchResult) -> None:
    """Check that the record of a fetch equals the server's journal, and that the caller got the body."""
    served = server.for_path(path)
    assert fetched.exchange.request in [entry.request for entry in served]
    assert fetched.exchange.response == REPLIES[path].response
    assert fetched.exchange.response[: fetched.exchange.head_length].endswith(b"\n")
    assert fetched.body == COMPLETE[path][1]
    assert fetched.exchange.truncated is fetched.exchange.error is None
    assert fetched.exchange.status == fetched.status
    assert fetched.exchange.ip == "127.0.0.1"

"""Test the HTTP client: what is recorded equals the server's own journal, byte for byte."""

from __future__ import annotations

import asyncio
import socket

import pytest

from crawler.http.client import FetchLimits, HttpClient
from crawler.http.connection import HttpConnection
from crawler.http.outcome import (
    BodyTooLarge,
    ConnectFailed,
    ConnectionLost,
    FetchError,
    FetchResult,
    NameNotResolved,
    NotHttp,
    TimedOut,
)
from tests.support.hostile_pages import BROKEN, HEAD, PATHS, REPLIES, check, chunked, fails, run
from tests.support.hostile_server import HostileServer, Reply

# Exactness


def test_requests_go_out_from_the_address_of_the_setting() -> None:
    """Show it to the server as the peer; ask nothing of a host that has only the other kind of address."""
    peers: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peers.append(writer.get_extra_info("peername")[0])
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        writer.close()

    async def scenario(client: HttpClient) -> FetchError:
        server = await asyncio.start_server(answer, "127.0.0.1")
        port = server.sockets[0].getsockname()[1]
        assert (await client.fetch(f"http://127.0.0.1:{port}/")).body == b"ok"
        assert (await client.fetch(f"http://localhost:{port}/")).body == b"ok"
        return await fails(client, f"http://[::1]:{port}/")

    error = run(scenario, sources=["127.0.0.9"])
    assert peers == ["127.0.0.9", "127.0.0.9"]
    assert isinstance(error, ConnectFailed)
    assert "::1 has only IPv6, and crawl.source_address has none" in str(error)


@pytest.mark.parametrize("path", PATHS)
def test_recorded_bytes_equal_the_servers_journal(path: str) -> None:
    """The recorded request and response are the bytes that the server received and sent."""
    with HostileServer(REPLIES) as server:
        fetched = run(lambda client: client.fetch(server.url(path), headers=HEAD))
        check(server, path, fetched)
        assert len(server.journal) == 1


def test_recorded_bytes_equal_the_journal_on_kept_connections() -> None:
    """One client asking for everything in turn, twice, records each exchange as if it were alone."""
    with HostileServer(REPLIES) as server:

        async def scenario(client: HttpClient) -> list[FetchResult]:
            return [await client.fetch(server.url(path), headers=HEAD) for path in PATHS * 2]

        for path, fetched in zip(PATHS * 2, run(scenario), strict=True):
            check(server, path, fetched)
        assert len(server.journal) == 2 * len(PATHS)
        assert server.connections < len(server.journal)  # connections were kept


def test_recorded_bytes_equal_the_journal_with_32_fetches_at_once() -> None:
    """The fetches do not mix up their bytes."""
    paths = (PATHS * 5)[: 32 * 4]
    with HostileServer(REPLIES) as server:

        async def scenario(client: HttpClient) -> list[FetchResult]:
            gate = asyncio.Semaphore(32)

            async def one(number: int, path: str) -> FetchResult:
                async with gate:
                    return await client.fetch(server.url(path), headers=[(b"X-Number", b"%d" % number)])

            return await asyncio.gather(*(one(number, path) for number, path in enumerate(paths)))

        fetched = run(scenario, limits=FetchLimits(timeout=20.0))
        for number, (path, one) in enumerate(zip(paths, fetched, strict=True)):
            check(server, path, one)
            assert b"X-Number: %d\r\n" % number in one.exchange.request
        assert sorted(entry.request for entry in server.journal) == sorted(one.exchange.request for one in fetched)


def test_request_head_is_as_given() -> None:
    """Host first, then the given fields in their order and case; nothing is added."""
    with HostileServer(REPLIES) as server:
        fetched = run(lambda client: client.fetch(server.url("/plain#part"), headers=HEAD))
    assert fetched.exchange.request == (
        b"GET /plain HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
        b"User-Agent: morgue/1 (+mailto:x@example.org)\r\naccept: */*\r\nX-oDD-caSE: 1\r\n\r\n" % server.port
    )
    assert fetched.exchange.url == server.url("/plain")  # without the fragment


def test_request_body_is_recorded() -> None:
    """A body goes out with its length and is in the record after the head."""
    with HostileServer(REPLIES) as server:
        fetched = run(lambda client: client.fetch(server.url("/plain"), method="POST", body=b"q=1&r=2"))
        assert fetched.exchange.request.endswith(b"Content-Length: 7\r\n\r\nq=1&r=2")
        assert server.journal[0].request == fetched.exchange.request


def test_head_response_has_no_body() -> None:
    """HEAD: Content-Length describes a body that does not come."""
    replies = {"/": Reply(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n")}
    with HostileServer(replies) as server:
        fetched = run(lambda client: client.fetch(server.url("/"), method="HEAD"))
    assert (fetched.body, fetched.exchange.response) == (b"", replies["/"].response)


def test_headers_for_the_caller_are_unfolded_and_complete() -> None:
    """The caller gets every value, duplicates in order, folds undone, unreadable lines left out."""
    with HostileServer(REPLIES) as server:

        async def scenario(client: HttpClient) -> tuple[FetchResult, FetchResult, FetchResult]:
            return (
                await client.fetch(server.url("/odd-case-order-duplicates")),
                await client.fetch(server.url("/folded")),
                await client.fetch(server.url("/no-colon")),
            )

        odd, folded, no_colon = run(scenario)
    assert odd.headers == (
        (b"zZ-Top", b"1"),
        (b"Set-Cookie", b"a=1"),
        (b"content-LENGTH", b"5"),
        (b"Set-Cookie", b"b=2"),
        (b"A", b""),
    )
    assert folded.headers[0] == (b"X-Long", b"one two three")
    assert no_colon.headers == ((b"Content-Length", b"2"),)


# Connections


def test_surplus_bytes_end_the_connection() -> None:
    """Bytes after a complete response are in no record, and the connection is not used again."""
    with HostileServer(REPLIES) as server:

        async def scenario(client: HttpClient) -> None:
            await client.fetch(server.url("/garbage-behind"))
            check(server, "/plain", await client.fetch(server.url("/plain")))

        run(scenario)
        assert server.connections == 2


def test_late_surplus_bytes_end_the_connection() -> None:
    """Bytes that arrive while a connection is idle are not the beginning of the next response."""
    replies = {
        **REPLIES,
        "/late": Reply(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", slices=1, after=b""),
    }
    late = Reply(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", after=b"HTTP/1.1 200 OK\r\n\r\nlie", slices=3)
    with HostileServer({**replies, "/late": late}) as server:

        async def scenario(client: HttpClient) -> None:
            assert (await client.fetch(server.url("/late"))).body == b"ok"
            await asyncio.sleep(0.1)
            check(server, "/plain", await client.fetch(server.url("/plain")))

        run(scenario)
        assert server.connections == 2


def test_get_on_a_stale_connection_is_repeated_and_both_are_recorded() -> None:
    """A kept connection that dies under a GET unanswered: one more try; the dead one is in `earlier`."""
    # The server takes the second request on the kept connection and hangs up without a word.
    with HostileServer(REPLIES) as server:

        async def scenario(client: HttpClient) -> FetchResult:
            await client.fetch(server.url("/plain"))
            server.replies = {**REPLIES, "/redirect": Reply(b"", then="reset")}

            async def heal() -> None:
                while server.connections < 2:
                    server.replies = REPLIES if server.for_path("/redirect") else server.replies
                    await asyncio.sleep(0.001)

            fetched, _ = await asyncio.gather(client.fetch(server.url("/redirect")), heal())
            return fetched

        fetched = run(scenario)
    check(server, "/redirect", fetched)
    (dead,) = fetched.earlier
    assert (dead.request, dead.response) == (server.journal[1].request, b"")
    assert dead.error
    assert server.journal[1].connection != server.journal[2].connection


def test_post_on_a_stale_connection_is_not_repeated() -> None:
    """A POST may have been acted upon (RFC 9110, section 9.2.2)."""
    with HostileServer({**REPLIES, "/post": Reply(b"", then="reset")}) as server:

        async def scenario(client: HttpClient) -> FetchError:
            await client.fetch(server.url("/plain"))
            return await fails(client, server.url("/post"), method="POST", body=b"x")

        error = run(scenario)
    assert isinstance(error, ConnectionLost)
    assert error.exchange.request == server.journal[1].request
    assert len(server.journal) == 2


def test_idle_connection_is_closed_after_its_time() -> None:
    """After `idle_seconds` a connection is gone, and the next fetch opens another."""
    with HostileServer(REPLIES) as server:

        async def scenario(client: HttpClient) -> None:
            await client.fetch(server.url("/plain"))
            await asyncio.sleep(0.15)
            await client.fetch(server.url("/plain"))

        run(scenario, idle_seconds=0.05)
        assert server.connections == 2


def test_cancelled_fetch_closes_its_connection() -> None:
    """No half-read connection is left for the next one."""
    with HostileServer(
        {**REPLIES, "/slow": Reply(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nno", then="stall")}
    ) as server:

        async def scenario(client: HttpClient) -> None:
            task = asyncio.ensure_future(client.fetch(server.url("/slow")))
            await asyncio.sleep(0.1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            check(server, "/plain", await client.fetch(server.url("/plain")))

        run(scenario)
        assert server.connections == 2


# Failures


@pytest.mark.parametrize("path", sorted(BROKEN))
def test_failure_carries_what_was_sent_and_received(path: str) -> None:
    """A failed fetch names its reason and carries every byte of the exchange until then."""
    reply, kind, truncated = BROKEN[path]
    with HostileServer({path: reply}) as server:
        timeout = 0.3 if kind is TimedOut else 10.0
        error = run(lambda client: fails(client, server.url(path), timeout=timeout))
        assert type(error) is kind
        assert error.exchange.request == server.journal[0].request
        assert error.exchange.response == reply.response
        assert error.exchange.truncated == truncated
        assert error.exchange.error
        assert error.exchange.error in str(error)


def test_failure_after_the_head_carries_the_partial_body() -> None:
    """A response cut after its head gives what came of its body."""
    with HostileServer({path: reply for path, (reply, _, _) in BROKEN.items()}) as server:
        short = run(lambda client: fails(client, server.url("/short")))
        chunk = run(lambda client: fails(client, server.url("/half-chunk")))
        silent = run(lambda client: fails(client, server.url("/nothing")))
    assert (short.partial.status, short.partial.body) == (200, b"only this")
    assert chunk.partial.body == b"hellobroken"
    assert silent.partial is None


@pytest.mark.parametrize(
    ("head", "body"),
    [
        (b"Content-Length: 3000", b"x" * 3000),
        (b"Transfer-Encoding: chunked", chunked(b"x" * 1000, b"y" * 2000)),
        (b"X: y", b"x" * 3000),
    ],
    ids=["announced", "chunked", "open"],
)
def test_body_larger_than_allowed_is_cut(head: bytes, body: bytes) -> None:
    """A body beyond `max_body` bytes on the wire is not taken, whether it is announced or not."""
    response = b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n" + body
    with HostileServer({"/": Reply(response, then="close")}) as server:
        error = run(lambda client: fails(client, server.url("/"), max_body=2000))
    assert type(error) is BodyTooLarge
    assert error.exchange.truncated == "length"
    assert response.startswith(error.exchange.response)
    assert len(error.exchange.response) <= error.exchange.head_length + 2000


def test_body_as_large_as_allowed_is_taken() -> None:
    """`max_body` is the size that is still allowed."""
    with HostileServer({"/": Reply(b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + b"x" * 2000)}) as server:
        assert len(run(lambda client: client.fetch(server.url("/"), max_body=2000)).body) == 2000
        assert len(run(lambda client: client.fetch(server.url("/"), max_body=0)).body) == 2000


def test_endless_head_is_cut() -> None:
    """A head beyond `max_head` bytes is refused, interim responses counted in."""
    hints = (b"HTTP/1.1 103 Early Hints\r\nLink: <" + b"x" * 5000 + b">\r\n\r\n") * 15
    for reply in (Reply(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000), Reply(b"", before=hints)):
        with HostileServer({"/": reply}) as server:
            error = run(lambda client: fails(client, server.url("/")), limits=FetchLimits(max_head=50_000))
        assert type(error) is NotHttp


def test_refused_connection_raises_connect_failed() -> None:
    """With an empty exchange: nothing listens there."""
    with HostileServer({}) as server:
        url = server.url("/")
    error = run(lambda client: fails(client, url))
    assert type(error) is ConnectFailed
    assert (error.exchange.request, error.exchange.response, error.exchange.ip) == (b"", b"", None)
    assert "connection refused" in str(error)


def test_silent_host_times_out() -> None:
    """A handshake that never ends is given up after `connect_timeout`."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"https://127.0.0.1:{listener.getsockname()[1]}/"
        error = run(lambda client: fails(client, url), limits=FetchLimits(connect_timeout=0.2))
    assert type(error) is TimedOut


def test_exchange_ends_though_the_caller_never_has_room() -> None:
    """The clock stands still meanwhile, but not for good: the bodies of one site could hold all of the memory."""

    async def no_room(size: int) -> None:
        await asyncio.Event().wait()

    async def scenario(client: HttpClient) -> None:
        with pytest.raises(TimedOut):
            await asyncio.wait_for(client.fetch(server.url("/"), make_room=no_room), 20)

    with HostileServer({"/": Reply(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut", then="stall")}) as server:
        run(scenario, limits=FetchLimits(timeout=0.05))


@pytest.mark.parametrize("host", ["name.invalid", "a" * 64 + ".example"])
def test_unknown_name_raises_name_not_resolved(host: str) -> None:
    """A name without address: NameNotResolved."""
    assert type(run(lambda client: fails(client, f"http://{host}/"))) is NameNotResolved


def test_request_counts_as_sent_once_its_connection_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    """The delay of its host begins then: a slow lookup must not bring the next request nearer to this one."""
    order: list[str] = []
    connect, write = HttpConnection.open, HttpConnection.write

    async def slow(address: str, port: int, source: str | None) -> HttpConnection:
        connection = await connect(address, port, source)
        order.append("connected")
        return connection

    def noted(connection: HttpConnection, data: bytes) -> None:
        write(connection, data)
        order.append("written")

    monkeypatch.setattr(HttpConnection, "open", slow)
    monkeypatch.setattr(HttpConnection, "write", noted)
    with HostileServer(REPLIES) as server:
        run(lambda client: client.fetch(server.url(PATHS[0]), headers=HEAD, sent=lambda: order.append("sent")))
    assert order == ["connected", "written", "sent"]

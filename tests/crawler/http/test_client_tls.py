"""Test the HTTP client over TLS and through proxies."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from crawler.http.client import HttpClient
from crawler.http.connection import iana_name
from crawler.http.outcome import AddressRefused, ConnectFailed, ConnectionLost, FetchError, FetchResult, TlsFailed
from tests.support.hostile_pages import HEAD, PATHS, REPLIES, check, fails, run
from tests.support.hostile_server import HostileServer, Reply, read_request, server_context

# TLS


@pytest.mark.parametrize("path", PATHS)
def test_recorded_bytes_equal_the_journal_over_tls(
    path: str, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bytes above TLS are recorded, and the session is described. SSL_CERT_FILE is honoured."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with HostileServer(REPLIES, tls=server_context(certificate)) as server:
        fetched = run(lambda client: client.fetch(server.url(path), headers=HEAD))
        check(server, path, fetched)
    assert fetched.exchange.tls == "tls/1.3"
    assert fetched.exchange.cipher.startswith("TLS_")
    assert ssl.DER_cert_to_PEM_cert(fetched.certificate) in certificate.read_text()


def test_connection_is_kept_over_tls(certificate: Path) -> None:
    """One handshake serves several requests to the same host."""
    with HostileServer(REPLIES, tls=server_context(certificate, ssl.TLSVersion.TLSv1_2)) as server:

        async def scenario(client: HttpClient) -> list[FetchResult]:
            return [await client.fetch(server.url("/plain")) for _ in range(3)]

        fetched = run(scenario, verify=False)
        assert server.connections == 1
    assert fetched[2].exchange.tls == "tls/1.2"
    assert fetched[2].exchange.cipher == "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"


def test_unknown_certificate_is_refused_unless_allowed(certificate: Path) -> None:
    """Verification is on by default, off for a client or a single fetch; both never share a connection."""
    with HostileServer(REPLIES, tls=server_context(certificate)) as server:

        async def scenario(client: HttpClient) -> FetchError:
            check(server, "/plain", await client.fetch(server.url("/plain"), verify=False))
            return await fails(client, server.url("/plain"))

        error = run(scenario)
        assert isinstance(error, TlsFailed)
        assert error.unverified
        assert "self-signed" in str(error)
        assert len(server.journal) == 1


def test_certificate_for_another_name_is_refused(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even if it is trusted."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with HostileServer(REPLIES, tls=server_context(certificate)) as server:
        error = run(lambda client: fails(client, server.url("/plain", host="127.1")))  # reaches 127.0.0.1
    assert isinstance(error, TlsFailed)
    assert error.unverified


def test_plain_server_on_https_raises_tls_failed() -> None:
    """But not for its certificate, so that it may be tried again."""
    with HostileServer(REPLIES, greeting=b"HTTP/1.1 400 Bad Request\r\n\r\n") as server:
        error = run(lambda client: fails(client, f"https://127.0.0.1:{server.port}/"))
    assert isinstance(error, TlsFailed)
    assert not error.unverified


def test_body_until_close_is_complete_without_close_notify(certificate: Path) -> None:
    """Many servers end TLS without saying so. What came is kept and taken for complete, as browsers do."""
    page = Reply(b"HTTP/1.1 200 OK\r\n\r\nall of it", then="drop")
    with HostileServer({"/": page}, tls=server_context(certificate)) as server:
        fetched = run(lambda client: client.fetch(server.url("/")), verify=False)
    assert fetched.exchange.response == page.response


def test_short_body_without_close_notify_is_noticed(certificate: Path) -> None:
    """Where a length was promised, a connection that ends early is noticed, close_notify or not."""
    page = Reply(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart", then="drop")
    with HostileServer({"/": page}, tls=server_context(certificate)) as server:
        error = run(lambda client: fails(client, server.url("/")), verify=False)
    assert isinstance(error, ConnectionLost)
    assert error.exchange.response == page.response


def test_cipher_is_recorded_under_its_iana_name() -> None:
    """Every suite that we offer."""
    if shutil.which("openssl") is None:
        pytest.skip("needs the openssl command")
    listing = subprocess.run(
        ["openssl", "ciphers", "-stdname", "ALL"], capture_output=True, text=True, check=True
    ).stdout
    names = {line.split()[2]: line.split()[0] for line in listing.splitlines()}
    offered = [cipher["name"] for cipher in ssl.create_default_context().get_ciphers()]
    assert {name: iana_name(name) for name in offered} == {name: names[name] for name in offered}


# Proxies


@contextmanager
def proxy(
    answer: bytes = b"HTTP/1.1 200 Connection established\r\n\r\n",
) -> Iterator[tuple[str, list[bytes]]]:
    """Serve a forwarding proxy that asks for user:secret in its URL; yield it with the request heads that it has
    seen."""
    seen: list[bytes] = []

    def dispatcher(source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65_536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            sink.close()

    def serve(inside: socket.socket) -> None:
        request = read_request(inside) or b""
        seen.append(request)
        method, target, _ = request.split(b" ", 2)
        netloc = target if method == b"CONNECT" else target.split(b"/")[2]
        host, port = netloc.decode().rsplit(":", 1)
        outside = socket.create_connection((host, int(port)))
        if method == b"CONNECT":
            inside.sendall(answer)
        else:
            outside.sendall(request)
        threading.Thread(target=dispatcher, args=(inside, outside), daemon=True).start()
        dispatcher(outside, inside)

    def accept(listener: socket.socket) -> None:
        while True:
            try:
                inside, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(inside,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, args=(listener,), daemon=True).start()
        yield f"http://user:se%20cret@127.0.0.1:{listener.getsockname()[1]}", seen
        listener.shutdown(socket.SHUT_RDWR)


CREDENTIALS = b"Proxy-Authorization: Basic dXNlcjpzZSBjcmV0\r\n"


def test_plain_request_through_a_proxy_is_in_absolute_form() -> None:
    """The password goes to the proxy and not into the record; all else does."""
    with HostileServer(REPLIES) as server, proxy() as (url, seen):
        server.replies = {server.url("/plain"): REPLIES["/plain"]}
        fetched = run(lambda client: client.fetch(server.url("/plain"), headers=HEAD), proxy_for=lambda _: url)
    assert fetched.exchange.request.startswith(b"GET " + server.url("/plain").encode() + b" HTTP/1.1\r\nHost: ")
    assert CREDENTIALS in seen[0]
    assert seen[0].replace(CREDENTIALS, b"") == fetched.exchange.request
    assert fetched.exchange.response == REPLIES["/plain"].response
    assert fetched.exchange.ip is None


def test_tls_request_through_a_proxy_is_tunnelled(certificate: Path) -> None:
    """What goes through the tunnel is recorded as if there were none; CONNECT is not."""
    with HostileServer(REPLIES, tls=server_context(certificate)) as server, proxy() as (url, seen):
        fetched = run(lambda client: client.fetch(server.url("/plain"), proxy=url), verify=False)
        assert fetched.exchange.request == server.journal[0].request
    assert seen[0].startswith(b"CONNECT 127.0.0.1:%d HTTP/1.1\r\n" % server.port)
    assert CREDENTIALS in seen[0]
    assert fetched.exchange.response == REPLIES["/plain"].response
    assert fetched.exchange.tls == "tls/1.3"


def test_refusal_of_a_proxy_raises_connect_failed(certificate: Path) -> None:
    """In its own words."""
    refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"
    with HostileServer(REPLIES, tls=server_context(certificate)) as server, proxy(refusal) as (url, _):
        error = run(lambda client: fails(client, server.url("/plain"), proxy=url))
    assert isinstance(error, ConnectFailed)
    assert "407" in str(error)


@pytest.mark.parametrize("target", ["http://127.0.0.1/", "https://localhost/", "http://0x7f.1/"])
def test_private_literal_is_not_asked_of_a_proxy(target: str) -> None:
    """The guard holds through a proxy as far as it can see."""
    with proxy() as (url, seen):
        error = run(lambda client: fails(client, target, proxy=url), allow_private_ips=False)
    assert isinstance(error, AddressRefused)
    assert not seen

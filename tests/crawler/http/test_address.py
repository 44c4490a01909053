"""Test the address guard: what may be requested, and which addresses are never connected to."""

from __future__ import annotations

import socket

import pytest

from crawler.http.address import parse_target
from crawler.http.networks import BLOCKED_PORTS, is_private_name, is_public
from crawler.http.outcome import AddressRefused, ConnectFailed, NameNotResolved, PortRefused, Unsendable
from tests.support.hostile_pages import REPLIES, fails, run
from tests.support.hostile_server import HostileServer

# What may be asked for


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/\r\nX-Evil: 1",
        "http://127.0.0.1:{port}/a\nb",
        "http://127.0.0.1:{port}\r\n/",
        "http://127.0.0.1:{port}/\x00",
        "ftp://127.0.0.1:{port}/",
        "file:///etc/passwd",
        "http:///nohost",
        "http://127.0.0.1:99999/",
        "http://a b:{port}/",
        "http://[::1/",
    ],
)
def test_url_that_http_cannot_express_is_refused(url: str) -> None:
    """Control characters, other schemes and improper hosts are refused before any connection."""
    with HostileServer(REPLIES) as server:
        assert type(run(lambda client: fails(client, url.format(port=server.port)))) is Unsendable
        assert server.connections == 0


@pytest.mark.parametrize("header", [(b"X", b"a\r\nY: b"), (b"X\r\nY", b"a"), (b"X: Y", b"a"), (b"", b"a")])
def test_header_with_a_line_break_is_refused(header: tuple[bytes, bytes]) -> None:
    """A header that would become two is refused before any connection."""
    with HostileServer(REPLIES) as server:
        assert type(run(lambda client: fails(client, server.url("/"), headers=[header]))) is Unsendable
        assert server.connections == 0


def test_credentials_of_a_url_are_not_sent_or_recorded() -> None:
    """User and password of a URL go neither on the wire nor into the record."""
    with HostileServer(REPLIES) as server:
        fetched = run(lambda client: client.fetch(f"http://user:secret@127.0.0.1:{server.port}/plain"))
    assert b"secret" not in fetched.exchange.request
    assert fetched.exchange.url == server.url("/plain")


@pytest.mark.parametrize(
    ("url", "host", "port", "path", "authority"),
    [
        ("http://example.org", "example.org", 80, "/", "example.org"),
        ("HTTP://Example.ORG:80/a?b#c", "example.org", 80, "/a?b", "example.org"),
        ("https://example.org:443/", "example.org", 443, "/", "example.org"),
        ("https://example.org:8443?q=/", "example.org", 8443, "/?q=/", "example.org:8443"),
        ("http://\u00fc.example/\u00fc ?\u00e4=%C3", "xn--tda.example", 80, "/%C3%BC%20?%C3%A4=%C3",
         "xn--tda.example"),
        ("http://[2001:DB8::1]:8080/", "2001:db8::1", 8080, "/", "[2001:db8::1]:8080"),
        ("http://Example.org./", "example.org", 80, "/", "example.org"),
        ("http://a@b@c/", "c", 80, "/", "c"),
        ("http://x/a//b/../c;d?e?f", "x", 80, "/a//b/../c;d?e?f", "x"),
    ],
)  # fmt: skip
def test_url_is_split_into_host_port_and_target(url: str, host: str, port: int, path: str, authority: str) -> None:
    """What is already encoded is left as it is."""
    target = parse_target(url)
    assert (target.host, target.port, target.path, target.authority) == (host, port, path, authority)


# The address guard

PRIVATE_HOSTS = [
    "127.0.0.1", "localhost", "LOCALHOST.", "2130706433", "0x7f.1", "017700000001", "127.1", "[::1]",
    "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[::127.0.0.1]",
    "169.254.169.254", "0.0.0.0", "[::]", "10.0.0.1", "192.168.1.1", "172.16.0.1", "100.64.0.1",
    "224.0.0.1", "255.255.255.255", "[fe80::1]", "[fc00::1]",
    "[ff02::1]", "\uff11\uff12\uff17.0.0.1",
]  # fmt: skip


@pytest.mark.parametrize("host", PRIVATE_HOSTS)
def test_private_address_is_not_connected_to(host: str) -> None:
    """However it is spelled; the refusal is recorded."""
    with HostileServer(REPLIES) as server:
        error = run(lambda client: fails(client, f"http://{host}:{server.port}/plain"), allow_private_ips=False)
        assert type(error) in (AddressRefused, NameNotResolved)
        assert type(error) is AddressRefused or host in (
            "LOCALHOST.",
            "017700000001",
        )  # not every resolver reads these
        assert server.connections == 0
    assert (error.exchange.request, error.exchange.ip) == (b"", None)


def test_host_name_is_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The address that was checked is the one connected to: a second, different answer gains nothing."""
    answers = iter([["93.184.215.14"], ["127.0.0.1"], ["127.0.0.1"]])
    opened: list[str] = []

    async def rebinding(host: str, port: int) -> list[str]:
        return next(answers)

    async def refuse(address: str, port: int, source: str | None) -> None:
        opened.append(address)
        raise ConnectionRefusedError(111, "refused")

    monkeypatch.setattr("crawler.http.pool.lookup", rebinding)
    monkeypatch.setattr("crawler.http.connection.HttpConnection.open", refuse)
    error = run(lambda client: fails(client, "http://rebind.example/"), allow_private_ips=False)
    assert type(error) is ConnectFailed
    assert opened == ["93.184.215.14"]


def test_private_addresses_of_a_public_name_are_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name with public and private addresses is reached at the public ones only, each tried in turn."""
    opened: list[str] = []

    async def mixed(host: str, port: int) -> list[str]:
        return ["10.0.0.1", "93.184.215.14", "::1", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"]

    async def refuse(address: str, port: int, source: str | None) -> None:
        opened.append(address)
        raise ConnectionRefusedError(111, "refused")

    monkeypatch.setattr("crawler.http.pool.lookup", mixed)
    monkeypatch.setattr("crawler.http.connection.HttpConnection.open", refuse)
    run(lambda client: fails(client, "http://mixed.example/"), allow_private_ips=False)
    assert opened == ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"]


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f::1", "64:ff9b::5db8:d70e", "2002:5db8:d70e::1"])
def test_public_address_is_allowed(address: str) -> None:
    """Also in its IPv6 wrappings."""
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "192.0.0.192", "192.0.0.8", "192.0.0.9", "192.88.99.1", "168.63.129.16", "100.100.100.200", "169.254.169.254",
        "198.18.0.1", "203.0.113.9", "240.0.0.1", "0.0.0.1", "192.175.48.1",
        "3fff::1", "3fff:fff::1", "3ffe::1", "64:ff9b:1::1", "64:ff9b:1::5db8:d70e", "fd00:ec2::254", "fd20:ce::254",
        "2001::1", "2001:0:5db8:d70e::1", "2001:2::1", "2001:10::1", "2001:20::1", "2001:db8::1", "2620:4f:8000::1",
        "100::1", "5f00::1", "fec0::1", "4000::1", "::5db8:d70e", "::ffff:0:5db8:d70e",
        "64:ff9b::c000:c0", "2002:c000:c0::1", "::ffff:192.0.0.192", "64:ff9b::a83f:8110", "2002:a83f:8110::1",
        "2606:2800:21f::5efe:10.0.0.1", "2606:2800:21f::200:5efe:7f00:1",
    ],
)  # fmt: skip
def test_address_of_special_registry_is_not_public(address: str) -> None:
    """Whatever this version of Python says; the tables are those of IANA, and what clouds use."""
    assert not is_public(address)


@pytest.mark.parametrize("port", sorted(BLOCKED_PORTS))
def test_port_of_another_protocol_is_refused_by_name(port: int) -> None:
    """Every port of the list of browsers; nothing is sent."""
    error = run(lambda client: fails(client, f"http://127.0.0.1:{port}/"))
    assert type(error) is PortRefused


@pytest.mark.parametrize(
    "host",
    [
        "localhost", "localhost.", "LOCALHOST.", "a.localhost", "127.0.0.1", "127.0.0.1.", "2130706433", "0x7f.1",
        "::1", "10.0.0.1", "ip6-localhost", "intranet", "metadata", "metadata.google.internal",
        "metadata.google.internal.", "metadata.goog", "router.lan", "nas.local", "x.home.arpa", "192.0.0.192",
    ],
)  # fmt: skip
def test_private_name_is_known_without_a_lookup(host: str) -> None:
    """What a request through a proxy is checked for first: hosts that are private by their very spelling."""
    assert is_private_name(host)


@pytest.mark.parametrize("host", ["example.org", "example.org.", "93.184.215.14", "2606:2800:21f::1", "local.example"])
def test_public_name_is_looked_up(host: str) -> None:
    """A name that may be public is not refused by its text."""
    assert not is_private_name(host)


@pytest.mark.parametrize(
    ("found", "outcome"),
    [
        (["93.184.215.14"], (ConnectFailed, ["127.0.0.9"])),
        ([], (ConnectFailed, ["127.0.0.9"])),
        (["10.0.0.1"], (AddressRefused, [])),
        (["93.184.215.14", "192.0.0.192"], (AddressRefused, [])),
    ],
    ids=["public", "unknown", "private", "mixed"],
)
def test_name_that_means_private_address_is_not_asked_of_proxy(
    found: list[str], outcome: tuple[type, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that we cannot look up is left to the proxy."""
    opened: list[str] = []
    answers = {"127.0.0.9": ["127.0.0.9"], "paper.example": found}

    async def known(host: str, port: int) -> list[str]:
        if not answers[host]:
            raise socket.gaierror(socket.EAI_NONAME, "not known")
        return answers[host]

    async def refuse(address: str, port: int, source: str | None) -> None:
        opened.append(address)
        raise ConnectionRefusedError(111, "refused")

    monkeypatch.setattr("crawler.http.pool.lookup", known)
    monkeypatch.setattr("crawler.http.connection.HttpConnection.open", refuse)
    proxy = "http://127.0.0.9:3128"
    error = run(lambda client: fails(client, "http://paper.example/", proxy=proxy), allow_private_ips=False)
    assert (type(error), opened) == outcome

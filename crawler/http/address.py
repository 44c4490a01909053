"""Say where a request goes: the parts of its URL, and the addresses of its host."""

from __future__ import annotations

import asyncio
import re
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv6Address
from urllib.parse import quote, urlsplit

from crawler.http.networks import BLOCKED_PORTS

HTTP_URL = re.compile(r"(https?)://([^/?#\\]+)([^#]*)", re.IGNORECASE)
HOST_NAME = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*")
CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x7f]")
VISIBLE_ASCII = "".join(map(chr, range(0x21, 0x7F)))
DEFAULT_PORTS = {"http": 80, "https": 443}


class BlockedPort(ValueError):
    """Report a port that browsers do not connect to, because another protocol than HTTP is spoken there."""


@dataclass(frozen=True, slots=True)
class RequestTarget:
    """Hold the parts of an http or https URL that a client needs."""

    url: str  # without fragment and without user name and password: what the record says was asked for
    scheme: str  # "http" or "https"
    host: str  # lower case; IDNA A-labels for a name, no brackets around an IPv6 address
    port: int
    path: str  # path and query as they go on the wire: origin-form (RFC 9112 section 3.2.1)

    @property
    def netloc(self) -> str:
        """Return host and port as CONNECT writes them: always with the port, IPv6 in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def authority(self) -> str:
        """Return the Host field's value (RFC 9110 section 7.2): with the port only if it is not the scheme's own."""
        return self.netloc.removesuffix(f":{DEFAULT_PORTS[self.scheme]}")


def without_credentials(url: str) -> str:
    """Return a URL without fragment, user name and password: passwords have no place in an archive."""
    url = url.partition("#")[0]
    return re.sub(r"^([a-z]+://)[^/?]*@", r"\1", url, flags=re.IGNORECASE)


def parse_target(url: str) -> RequestTarget:
    """Return the target of a URL. Raise ValueError if it cannot be requested over HTTP, BlockedPort for its port.

    Control characters are refused, not stripped as `urlsplit` would: they could smuggle a header in. Spaces and
    characters beyond ASCII in path and query are percent-encoded (RFC 3986 section 2.1); the rest is left as given.
    """
    url = without_credentials(url)
    if CONTROL_CHARACTER.search(url):
        raise ValueError("the URL holds a control character")
    match = HTTP_URL.fullmatch(url)
    if match is None:
        raise ValueError("not an http or https URL with a host")
    scheme, netloc, rest = match[1].lower(), match[2], match[3]
    parts = urlsplit(f"//{netloc}")
    host, port = parts.hostname or "", parts.port  # .port raises ValueError beyond 65535
    port = DEFAULT_PORTS[scheme] if port is None else port
    if port in BLOCKED_PORTS:
        raise BlockedPort(f"port {port} is not asked for web pages: another protocol is spoken there")
    path = quote(rest, safe=VISIBLE_ASCII)
    return RequestTarget(url, scheme, _host(host), port, path if path.startswith("/") else "/" + path)


def _host(host: str) -> str:
    """Return the host as it is resolved and sent. Raise ValueError if it is neither a name nor an address.

    A dot at the end is left out, so that `paper.example.` is not another host than `paper.example`.
    """
    if ":" in host:
        return str(IPv6Address(host))
    if not host.isascii():
        import idna  # a requirement of Twisted; its tables are loaded only for a name that needs them

        try:
            host = idna.encode(host, uts46=True).decode()
        except idna.IDNAError as error:
            raise ValueError(f"{host!r} is not a host name: {error}") from None
    host = host.removesuffix(".")
    if not HOST_NAME.fullmatch(host):
        raise ValueError(f"{host!r} is not a host name")
    return host


# Our own pool, because that of asyncio has few threads: a few dead names would make every other lookup wait.
RESOLVERS = ThreadPoolExecutor(max_workers=64, thread_name_prefix="lookup")


async def lookup(host: str, port: int) -> list[str]:
    """Return the addresses of a host in the resolver's order, public or not. Raise socket.gaierror if it has none."""
    loop = asyncio.get_running_loop()
    ask = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    try:
        found = await loop.run_in_executor(RESOLVERS, ask)
    except UnicodeError:  # a label of more than 63 characters, or an empty one
        raise socket.gaierror(socket.EAI_NONAME, "not a name that DNS can hold") from None
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))

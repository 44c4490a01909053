"""Say where a request goes: the parts of its URL, and which addresses of its host may be connected to."""

from __future__ import annotations

import asyncio
import re
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import quote, urlsplit

HTTP_URL = re.compile(r"(https?)://([^/?#\\]+)([^#]*)", re.IGNORECASE)
HOST_NAME = re.compile(r"[a-z0-9_.-]+")
CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x7f]")
VISIBLE_ASCII = "".join(map(chr, range(0x21, 0x7F)))
DEFAULT_PORTS = {"http": 80, "https": 443}
NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an IPv4 address
SIX_TO_FOUR = IPv6Network("2002::/16")  # RFC 3056: bits 16 to 48 are an IPv4 address


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
    """Return the target of a URL. Raise ValueError if it cannot be requested over HTTP.

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
    path = quote(rest, safe=VISIBLE_ASCII)
    return RequestTarget(url, scheme, _host(host), DEFAULT_PORTS[scheme] if port is None else port,
                  path if path.startswith("/") else "/" + path)  # fmt: skip


def _host(host: str) -> str:
    """Return the host as it is resolved and sent. Raise ValueError if it is neither a name nor an address."""
    if ":" in host:
        return str(IPv6Address(host))
    if not host.isascii():
        import idna  # a requirement of Twisted; its tables are loaded only for a name that needs them

        try:
            host = idna.encode(host, uts46=True).decode()
        except idna.IDNAError as error:
            raise ValueError(f"{host!r} is not a host name: {error}") from None
    if not HOST_NAME.fullmatch(host):
        raise ValueError(f"{host!r} is not a host name")
    return host


def is_public(address: str) -> bool:
    """Return True if an IP address belongs to the public internet: global unicast.

    An IPv6 address that carries an IPv4 address (mapped, NAT64, 6to4) is as public as the one that it carries.
    """
    parsed = ip_address(address.partition("%")[0])  # an IPv6 zone ("%eth0") only exists on link-local ones
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            return is_public(str(parsed.ipv4_mapped))
        if parsed in NAT64:
            return is_public(str(IPv4Address(int(parsed) & 0xFFFFFFFF)))
        if parsed in SIX_TO_FOUR and parsed.sixtofour is not None:
            return is_public(str(parsed.sixtofour))
        if parsed.is_site_local:
            return False
    return parsed.is_global and not parsed.is_multicast and not parsed.is_reserved


def is_private_literal(host: str) -> bool:
    """Return True if a host is not public by its text alone, without a lookup.

    Requests through a proxy are checked by it: the proxy resolves names, and we cannot know what a name means there.
    """
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        # inet_aton also reads 0x7f.1 and 2130706433, as resolvers do.
        return not is_public(host if ":" in host else socket.inet_ntoa(socket.inet_aton(host)))
    except OSError:
        return False


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

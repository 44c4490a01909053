"""Where a request goes: the parts of its URL, and which of its host's addresses may be connected to."""

from __future__ import annotations

import asyncio
import re
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import quote, urlsplit

URL = re.compile(r"(https?)://([^/?#\\]+)([^#]*)", re.IGNORECASE)
HOST = re.compile(r"[a-z0-9_.-]+")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
VISIBLE = "".join(map(chr, range(0x21, 0x7F)))
PORTS = {"http": 80, "https": 443}
NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an IPv4 address
SIX_TO_FOUR = IPv6Network("2002::/16")  # RFC 3056: so are bits 16 to 48


@dataclass(frozen=True, slots=True)
class RequestTarget:
    """The parts of an http or https URL that a client needs."""

    url: str  # without fragment and without user name and password: what the record says was asked for
    scheme: str  # "http" or "https"
    host: str  # lower case; IDNA A-labels for a name, no brackets around an IPv6 address
    port: int
    path: str  # path and query as they go on the wire: origin-form (RFC 9112 section 3.2.1)

    @property
    def netloc(self) -> str:
        """Host and port as they stand in a URL and in CONNECT: always with the port, IPv6 in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def authority(self) -> str:
        """What the Host field says (RFC 9110 section 7.2): the port only if it is not the scheme's own."""
        return self.netloc.removesuffix(f":{PORTS[self.scheme]}")


def bare(url: str) -> str:
    """A URL without fragment and without user name and password: passwords have no place in an archive."""
    url = url.partition("#")[0]
    return re.sub(r"^([a-z]+://)[^/?]*@", r"\1", url, flags=re.IGNORECASE)


def parse(url: str) -> RequestTarget:
    """The target of a URL. Raises ValueError if it cannot be asked for over HTTP.

    Control characters are refused, not stripped as `urlsplit` would: they are how a header is smuggled in.
    Spaces and characters beyond ASCII in path and query are percent-encoded (RFC 3986 section 2.1), all else
    is left as given.
    """
    url = bare(url)
    if CONTROL.search(url):
        raise ValueError("the URL holds a control character")
    match = URL.fullmatch(url)
    if match is None:
        raise ValueError("not an http or https URL with a host")
    scheme, netloc, rest = match[1].lower(), match[2], match[3]
    parts = urlsplit(f"//{netloc}")
    host, port = parts.hostname or "", parts.port  # .port raises ValueError beyond 65535
    path = quote(rest, safe=VISIBLE)
    return RequestTarget(url, scheme, _host(host), PORTS[scheme] if port is None else port,
                  path if path.startswith("/") else "/" + path)  # fmt: skip


def _host(host: str) -> str:
    """The host as it is resolved and sent. Raises ValueError if it is neither a name nor an address."""
    if ":" in host:
        return str(IPv6Address(host))
    if not host.isascii():
        import idna  # Twisted's own requirement; its tables are only worth loading for such a name

        try:
            host = idna.encode(host, uts46=True).decode()
        except idna.IDNAError as error:
            raise ValueError(f"{host!r} is not a host name: {error}") from None
    if not HOST.fullmatch(host):
        raise ValueError(f"{host!r} is not a host name")
    return host


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet: global unicast, also once unwrapped.

    An IPv6 address that carries an IPv4 one (mapped, NAT64, 6to4) is as public as the one it carries.
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
    """Whether a host says by itself, without a lookup, that it is not public.

    For requests through a proxy: the proxy resolves names, so what a name means there is beyond our
    knowledge.
    """
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        # inet_aton also reads 0x7f.1 and 2130706433, as resolvers do.
        return not is_public(host if ":" in host else socket.inet_ntoa(socket.inet_aton(host)))
    except OSError:
        return False


# Of our own: asyncio's pool has a few threads only, and a few dead names would make every other lookup wait its turn.
RESOLVERS = ThreadPoolExecutor(max_workers=64, thread_name_prefix="lookup")


async def lookup(host: str, port: int) -> list[str]:
    """The addresses of a host in the resolver's order, public or not. Raises socket.gaierror if none."""
    loop = asyncio.get_running_loop()
    ask = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    try:
        found = await loop.run_in_executor(RESOLVERS, ask)
    except UnicodeError:  # a label of more than 63 characters, or an empty one
        raise socket.gaierror(socket.EAI_NONAME, "not a name that DNS can hold") from None
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))

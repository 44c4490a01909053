"""Say which addresses and names belong to the public internet, and which ports a web client may connect to.

The tables are our own, so that the answer does not depend on the version of Python: `ipaddress` of some versions takes
192.0.0.192, the metadata service of one cloud, for public.
"""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

# IANA IPv4 Special-Purpose Address Registry, as a whole where only a part of a network is public, and what clouds use.
NON_PUBLIC_IPV4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private use
        "100.64.0.0/10",  # shared address space; metadata of Alibaba Cloud
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # Azure's services for its virtual machines
        "169.254.0.0/16",  # link-local; metadata of most clouds
        "172.16.0.0/12",  # private use
        "192.0.0.0/24",  # IETF protocol assignments; metadata of Oracle Cloud
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112: answers DNS queries for private addresses
        "192.52.193.0/24",  # multicast tunnels
        "192.88.99.0/24",  # 6to4 relays, deprecated
        "192.168.0.0/16",  # private use
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
GLOBAL_UNICAST = IPv6Network("2000::/3")  # all that IANA has assigned to networks; the rest is not public
# IANA IPv6 Special-Purpose Address Registry, inside GLOBAL_UNICAST.
NON_PUBLIC_IPV6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # IETF protocol assignments, with Teredo (2001::/32), benchmarks and ORCHID
        "2001:db8::/32",  # documentation
        "2620:4f:8000::/48",  # AS112
        "3ffe::/16",  # 6bone, returned
        "3fff::/20",  # documentation
    )
)
NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an IPv4 address
SIX_TO_FOUR = IPv6Network("2002::/16")  # RFC 3056: bits 16 to 48 are an IPv4 address
ISATAP_MARKS = (0x00005EFE, 0x02005EFE)  # RFC 5214 section 6.1: bits 64 to 96; then comes an IPv4 address

# Ends of names that no public name has: RFC 6761, RFC 6762 appendix G, RFC 8375, and ICANN's .internal. The metadata
# services of clouds have such names: metadata.google.internal, instance-data.ec2.internal.
PRIVATE_SUFFIXES = ("localhost", "local", "internal", "intranet", "private", "corp", "home", "lan", "home.arpa")
METADATA_NAMES = ("metadata.goog", "metadata.packet.net", "metadata.platformequinix.com")

# The port blocking of browsers: https://fetch.spec.whatwg.org/#port-blocking
BLOCKED_PORTS = frozenset(
    (
        0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109,
        110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530,
        531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190,
        5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
    )
)  # fmt: skip


def is_public(address: str) -> bool:
    """Return True if an IP address belongs to the public internet: global unicast.

    An IPv6 address that carries an IPv4 address (mapped, NAT64, 6to4, ISATAP) is public only if that one is.
    """
    parsed = ip_address(address.partition("%")[0])  # an IPv6 zone ("%eth0") only exists on link-local ones
    if isinstance(parsed, IPv4Address):
        return parsed.is_global and not any(parsed in network for network in NON_PUBLIC_IPV4)
    carried = _carried_ipv4(parsed)
    if carried is not None and not is_public(str(carried)):
        return False
    if parsed in NAT64 or parsed.ipv4_mapped is not None or parsed in SIX_TO_FOUR:
        return True
    return parsed in GLOBAL_UNICAST and parsed.is_global and not any(parsed in network for network in NON_PUBLIC_IPV6)


def _carried_ipv4(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address to which packets for an IPv6 address are sent on; None if there is none."""
    number = int(address)
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in SIX_TO_FOUR:
        return IPv4Address(number >> 80 & 0xFFFFFFFF)
    if address in NAT64 or number >> 32 & 0xFFFFFFFF in ISATAP_MARKS:
        return IPv4Address(number & 0xFFFFFFFF)
    return None


def is_private_name(host: str) -> bool:
    """Return True if a host is not public by its text alone, without a lookup: a literal address, or a private name.

    A proxy may know more names than we do. So a name is also taken for private if no public name can look like it.
    """
    host = host.removesuffix(".").lower()
    try:
        # inet_aton also reads 0x7f.1 and 2130706433, as resolvers do.
        return not is_public(host if ":" in host else socket.inet_ntoa(socket.inet_aton(host)))
    except OSError:
        pass
    in_private = any(host == suffix or host.endswith(f".{suffix}") for suffix in PRIVATE_SUFFIXES)
    return in_private or "." not in host or host in METADATA_NAMES

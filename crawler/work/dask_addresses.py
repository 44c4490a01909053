"""Tell which Dask schedulers may be used: whoever reaches the port of one runs code on all its machines.

So beyond this machine only TLS is allowed, where both sides show a certificate. Pure.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from pipelines.core.errors import ConfigError

TLS_CURE = (
    "on one machine, start scheduler and workers with --host 127.0.0.1; for several, with --tls-ca-file, --tls-cert "
    "and --tls-key, and say --on tls://HOST:PORT; docs/where-work-runs.md says how to make the certificates"
)


def check_address(address: str) -> None:
    """Raise ConfigError unless `address` is that of a scheduler that may be used."""
    try:
        parts = urlsplit(address)
        usable = parts.scheme in ("tcp", "tls") and bool(parts.hostname) and parts.port is not None
    except ValueError:
        usable = False
    if not usable:
        cure = "say tcp://127.0.0.1:8786 for a scheduler on this machine, else tls://HOST:PORT"
        raise ConfigError(f"--on {address}", "is not the address of a Dask scheduler", cure)
    check_reach(address, f"--on {address}")


def check_reach(address: str, subject: str) -> None:
    """Raise ConfigError about `subject` if others than this machine may reach `address` without a certificate."""
    if not is_private(address):
        cause = "is reached from other machines without TLS, and whoever reaches it runs code as you"
        raise ConfigError(subject, cause, TLS_CURE)


def is_private(address: str) -> bool:
    """Return True if an address of Dask has TLS, or is reached only from its own machine."""
    parts = urlsplit(address)
    if parts.scheme in ("tls", "inproc"):
        return True
    host = parts.hostname or ""
    try:
        return parts.scheme == "tcp" and ipaddress.ip_address(host).is_loopback
    except ValueError:
        return parts.scheme == "tcp" and host == "localhost"

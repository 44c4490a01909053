"""Check and show single values of settings, without the models: for commands that must start fast, and the types."""

from __future__ import annotations

import json
import os
from datetime import date, datetime
from typing import Any

from crawler.config.units import Duration, Size
from pipelines.core.errors import ConfigError

SOURCE_VARIABLE = "MORGUE_SOURCE_ADDRESS"  # comes before crawl.source_address, which all workers share


def literal(value: object) -> str:
    """Return a value as TOML writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Duration | Size):
        return json.dumps(value.text)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, dict):
        return "{...}"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def shown(value: object) -> str:
    """Return a value as TOML writes it, cut to 80 characters for a message."""
    text = literal(value)
    return text if len(text) <= 80 else text[:77] + "..."


class ValueMistake(ValueError):
    """Raised for a wrong value, with a cure for cases in which the key's own example would not help."""

    def __init__(self, cause: str, cure: str = "") -> None:
        super().__init__(cause)
        self.cure = cure


def day(value: Any) -> str:
    """Return a TOML date, or an ISO date in text, as an ISO date. Raises ValueError."""
    try:
        if isinstance(value, date) and not isinstance(value, datetime):
            return value.isoformat()
        if isinstance(value, str) and len(value) == 10:
            return date.fromisoformat(value).isoformat()
    except ValueError:
        pass
    raise ValueError(f"{shown(value)} is not a date")


def pause(value: Any) -> bool | str:
    """Return true, false or an ISO day. Raises ValueError."""
    if isinstance(value, bool):
        return value
    try:
        return day(value)
    except ValueError:
        raise ValueMistake(f"{shown(value)} is neither true nor a day", "say true, or e.g. 2027-01-31") from None


def share(value: object) -> float:
    """Return a number from 0 to 1 as float. Raises ValueError."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ValueError
    return float(value)


def ip_addresses(text: str) -> tuple[str, ...]:
    """Return the IP addresses in a text, between commas; at most one of each kind. Raises ValueError."""
    from ipaddress import ip_address

    found = {}
    for word in filter(None, map(str.strip, text.split(","))):
        try:
            address = ip_address(word)
        except ValueError:
            raise ValueError(f"{shown(word)} is not an IP address") from None
        address = getattr(address, "ipv4_mapped", None) or address  # ::ffff:203.0.113.7
        if address.is_multicast or address.is_unspecified:
            raise ValueError(f"{shown(word)} is not the address of a machine")
        if address.version in found:
            raise ValueError(f"{shown(text)} names two addresses of IPv{address.version}")
        found[address.version] = str(address)
    return tuple(found.values())


def source_addresses(setting: str) -> tuple[str, ...]:
    """Return the addresses of this machine from which requests go out, by the environment or else by the setting.

    Raises ConfigError for one that is wrong, or that this machine does not have.
    """
    import socket

    given = os.environ.get(SOURCE_VARIABLE, "")
    name = SOURCE_VARIABLE if given else "crawl.source_address"
    try:
        addresses = ip_addresses(given or setting)
    except ValueError as error:
        raise ConfigError(name, str(error), "write e.g. 203.0.113.7, or leave it empty") from None
    for address in addresses:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        try:
            with socket.socket(family, socket.SOCK_STREAM) as probe:
                probe.bind((address, 0))
        except OSError as error:
            cure = "name one that `ip address` lists here, or leave it empty"
            raise ConfigError(name, f"{address} is no address of this machine ({error.strerror})", cure) from None
    return addresses

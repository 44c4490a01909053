"""Name the keys of morgue.toml, for commands that must start fast. A test compares them with the models."""

from __future__ import annotations

from typing import Any

from crawler.config.archive_folder import MAX_TOML_BYTES, ArchiveFolder
from crawler.config.plain_values import share
from crawler.config.units import Duration
from pipelines.core.safe_open import read_bytes

SETTING_NAMES = {
    "operator": {"contact", "name"},
    "crawl": {
        "delay", "jitter", "autothrottle", "max_delay", "concurrency_per_host", "depth", "pages_per_host",
        "listings_per_host", "pages_per_source", "listings_per_source", "addresses_per_listing",
        "addresses_per_source", "pages_per_day", "bytes_per_day", "hours", "new_within",
        "robots", "verify_certificates", "recheck", "proxy", "source_address", "concurrency",
        "concurrency_per_source", "concurrency_per_site", "bytes_per_site", "bytes_per_crawl", "timeout", "max_body",
        "body_memory", "bandwidth", "redirects", "retries", "url_length", "allow_private_ips", "user_agent",
    },
    "every": {"feed", "news_sitemap", "sitemap", "section", "min", "max"},
    "capture": {
        "parts", "part_hosts", "parts_per_page", "parts_per_source", "part_bytes", "parts_per_crawl", "parts_recheck",
    },
    "health": {"coverage_drop"},
    "notify": {"url", "remind", "timeout", "allow_private_ips"},
    "record": {"rotate", "rotate_after", "compression", "chunked_payload_digest"},
    "storage": {"bucket", "endpoint", "allow_http", "spool", "lease", "patience", "snapshot_every", "snapshot_after"},
    "extract": {"comments", "workers", "seconds", "cpu_seconds", "memory"},
}  # fmt: skip

COVERAGE_DROP = 0.2  # of the share of articles that have a field: the default of health.coverage_drop

SNAPSHOT_EVERY = "1d"  # the default of storage.snapshot_every


def coverage_drop(folder: ArchiveFolder) -> float | None:
    """Return health.coverage_drop, or its default; None if morgue.toml has a mistake there."""
    try:
        return share(_tables(_text(folder)).get("health", {}).get("coverage_drop", COVERAGE_DROP))
    except (OSError, ValueError, AttributeError, RecursionError):
        return None


def snapshot_every(folder: ArchiveFolder) -> float | None:
    """Return the seconds of storage.snapshot_every, or its default; None if morgue.toml has a mistake there."""
    try:
        return float(Duration.parse(_tables(_text(folder)).get("storage", {}).get("snapshot_every", SNAPSHOT_EVERY)))
    except (OSError, ValueError, AttributeError, RecursionError):
        return None


def looks_right(folder: ArchiveFolder) -> bool:
    """Return True if morgue.toml is TOML and all of its tables and keys exist. Values are not looked at."""
    try:
        text = _text(folder)
        if _is_plainly_right(text):
            return True
        tables = _tables(text)
    except (OSError, ValueError, RecursionError):
        return False
    return all(
        isinstance(keys, dict) and keys.keys() <= SETTING_NAMES.get(name, set()) for name, keys in tables.items()
    )


def _is_plainly_right(text: str) -> bool:
    """Return True for the simplest TOML in which all names exist, as most files have it.

    False says nothing: tomllib decides, whose import takes a twentieth of a search.
    """
    seen, table = set[tuple[str, str]](), ""
    for line in map(str.strip, text.split("\n")):
        if not line or (line[0] == "#" and line.isprintable()):
            continue
        if line[0] == "[":
            name, comment = line[1:].split("]", 1) if "]" in line else ("", "")
            table, key = name, ""
            is_known = name in SETTING_NAMES and comment.lstrip()[:1] in ("", "#") and line.isprintable()
        else:
            key, _, value = map(str.strip, line.partition("="))
            is_known = key in SETTING_NAMES.get(table, ()) and _is_plain_value(value)
        if not is_known or (table, key) in seen:
            return False
        seen.add((table, key))
    return True


def _is_plain_value(text: str) -> bool:
    if text[:1] == '"':
        return len(text) > 1 and text[-1] == '"' and text.isprintable() and not {'"', "\\"} & set(text[1:-1])
    return text in ("true", "false") or (text.isascii() and text.isdigit() and text[:1] != "0")


def _text(folder: ArchiveFolder) -> str:
    """Return morgue.toml as it is. Raises OSError, ValueError."""
    return read_bytes(folder.settings, MAX_TOML_BYTES).decode("utf-8-sig")


def _tables(text: str) -> dict[str, Any]:
    """Return what a text of TOML says. Raises ValueError, RecursionError."""
    import tomllib

    return tomllib.loads(text)

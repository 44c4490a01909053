"""Name the keys of morgue.toml, for commands that must start fast. A test compares them with the models."""

from __future__ import annotations

import tomllib
from typing import Any

from crawler.config.archive_folder import MAX_TOML_BYTES, ArchiveFolder
from crawler.config.plain_values import share
from pipelines.core.safe_open import read_bytes

SETTING_NAMES = {
    "operator": {"contact", "name"},
    "crawl": {
        "delay", "jitter", "autothrottle", "max_delay", "concurrency_per_host", "depth", "pages_per_host",
        "listings_per_host", "pages_per_source", "listings_per_source", "addresses_per_listing",
        "addresses_per_source", "pages_per_day", "bytes_per_day", "hours", "new_within",
        "robots", "verify_certificates", "recheck", "proxy", "concurrency",
        "concurrency_per_source", "concurrency_per_site", "bytes_per_site", "bytes_per_crawl", "timeout", "max_body",
        "body_memory", "bandwidth", "redirects", "retries", "url_length", "allow_private_ips", "user_agent",
    },
    "every": {"feed", "news_sitemap", "sitemap", "section", "min", "max"},
    "health": {"coverage_drop"},
    "notify": {"url", "remind", "timeout", "allow_private_ips"},
    "record": {"rotate", "rotate_after", "compression", "chunked_payload_digest"},
    "extract": {"comments", "workers", "seconds", "cpu_seconds", "memory"},
}  # fmt: skip

COVERAGE_DROP = 0.2  # of the share of articles that have a field: the default of health.coverage_drop


def coverage_drop(folder: ArchiveFolder) -> float | None:
    """Return health.coverage_drop, or its default; None if morgue.toml has a mistake there."""
    try:
        return share(_tables(folder).get("health", {}).get("coverage_drop", COVERAGE_DROP))
    except (OSError, ValueError, AttributeError, RecursionError):
        return None


def looks_right(folder: ArchiveFolder) -> bool:
    """Return True if morgue.toml is TOML and all of its tables and keys exist. Values are not looked at."""
    try:
        tables = _tables(folder)
    except (OSError, ValueError, RecursionError):
        return False
    return all(
        isinstance(keys, dict) and keys.keys() <= SETTING_NAMES.get(name, set()) for name, keys in tables.items()
    )


def _tables(folder: ArchiveFolder) -> dict[str, Any]:
    """Return morgue.toml as it is. Raises OSError, ValueError, RecursionError."""
    return tomllib.loads(read_bytes(folder.settings, MAX_TOML_BYTES).decode("utf-8-sig"))

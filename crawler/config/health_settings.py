"""Declare the keys of [health]: by what the health of sources is judged."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence

from pydantic import ValidationError

from crawler.config import value_types
from crawler.config.archive_folder import MAX_TOML_BYTES, ArchiveFolder
from crawler.config.toml_files import option_value
from crawler.config.toml_table import TomlTable, key
from pipelines.core import safe_open

TABLE = "health"


class HealthSettings(TomlTable):
    """Set by what the health of sources is judged (docs/health.md)."""

    coverage_drop: value_types.Share = key(
        0.2,
        "By which share of the new articles a title, date or author may be found less often than in the weeks before,"
        " until `morgue health` warns of it; 1: never.",
        0.4,
    )


def health_settings(folder: ArchiveFolder, overrides: Sequence[str] = ()) -> HealthSettings:
    """Return [health] alone: to load all settings takes longer than `morgue health` may.

    If there are mistakes in it, the defaults hold; the check of the settings names them.
    """
    try:
        data = safe_open.read_bytes(folder.settings, MAX_TOML_BYTES)
        values = dict(tomllib.loads(data.decode("utf-8-sig")).get(TABLE, {}))
        for text in overrides:
            name, _, value = text.partition("=")
            table, _, own = name.strip().partition(".")
            if table == TABLE:
                values[own] = option_value(value.strip())
        return HealthSettings(**values)
    except (OSError, ValueError, TypeError, RecursionError, ValidationError):
        return HealthSettings()

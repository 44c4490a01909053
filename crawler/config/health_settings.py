"""Declare the keys of [health]: by what the health of sources is judged."""

from __future__ import annotations

from crawler.config import value_types
from crawler.config.setting_names import COVERAGE_DROP
from crawler.config.toml_table import TomlTable, key


class HealthSettings(TomlTable):
    """Set by what the health of sources is judged (docs/health.md)."""

    coverage_drop: value_types.Share = key(
        COVERAGE_DROP,
        "By which share of the new articles a title, date or author may be found less often than in the weeks before,"
        " until `morgue health` warns of it; 1: never.",
        0.4,
    )

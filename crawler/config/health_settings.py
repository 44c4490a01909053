"""Declare the keys of [health] and [notify]: by what the health of sources is judged, and where changes are told."""

from __future__ import annotations

from typing import Literal

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


class NotifySettings(TomlTable):
    """Set where changes in the health of sources are told (docs/health.md). A command is given by --notify only."""

    url: value_types.WebAddress | Literal[""] = key(
        "",
        "Web address that gets a JSON message (HTTP POST) on each change; empty: none.",
        "https://hooks.example/news",
    )
    remind: value_types.AnyInterval = key("0s", 'How often what lasts is told again; "0s": never.', "1d")
    timeout: value_types.SomeSeconds = key(30.0, "Seconds that a notify command or web address may take.", 60.0)
    allow_private_ips: value_types.Flag = key(
        False, "Also send messages to an address on a private network or this machine."
    )

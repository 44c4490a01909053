"""Declare the keys of [notify]: where changes in the health of sources are told."""

from __future__ import annotations

from typing import Literal

from crawler.config import value_types
from crawler.config.toml_table import TomlTable, key


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

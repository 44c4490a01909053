"""Load the settings as the files have them, without the options -s of a command."""

from __future__ import annotations

from dataclasses import replace

from crawler.config.models import Config, load
from pipelines.core.errors import ConfigError


def config_of_files(config: Config) -> Config:
    """Return the settings as the files have them; without sources if only `-s` mends a mistake in morgue.toml."""
    try:
        return load(config.folder, skip_broken=True)
    except ConfigError:
        return replace(config, sources={})

"""Import the libraries that only some formats need, and say how to install one that is missing."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from pipelines.core.errors import ConfigError


def load_extra(module: str, extra: str) -> Any:
    """Return a module of an extra of pyproject.toml. Raises ConfigError, which says how to install it."""
    try:
        return import_module(module)
    except ImportError:
        package = module.partition(".")[0]
        raise ConfigError(package, "is not installed", f"pip install 'newsmorgue[{extra}]'") from None

"""Be the base of the tables of `morgue.toml` and `sources/*.toml`, whose keys carry their own documentation."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class TomlTable(BaseModel):
    """Be the base of one [table] of a file. Unknown keys are mistakes, and values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


def key(default: Any, description: str, example: Any = None) -> Any:
    """Declare one key: its default and example as TOML values, and a sentence for people."""
    return Field(default, description=description, examples=[default if example is None else example])

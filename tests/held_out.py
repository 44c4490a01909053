"""Programs of other people that judge what we write. Each is found on PATH, in an environment of its own if need be."""

from __future__ import annotations

import shutil

import pytest


def tool(name: str, package: str = "") -> str:
    """Where a program is; the test is skipped where it is not installed."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed (pip install {package or name}, in an environment of its own)")
    return found

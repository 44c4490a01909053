"""Drive Debian's chromium headless, without a network but loopback, and keep what it asked for."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.external_tools import skip_without

OPTIONS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


@contextmanager
def browser() -> Iterator[Any]:
    """Give a browser of playwright; the test is skipped, and says why, where there is none."""
    program = installed()
    playwright = skip_unless_there()
    with playwright() as started:
        opened = started.chromium.launch(executable_path=program, args=list(OPTIONS))
        try:
            yield opened
        finally:
            opened.close()


@contextmanager
def profile(folder: Path, *more: str) -> Iterator[Any]:
    """Give a window of a browser that has a profile, as that of a user; else it makes no connections ahead.

    `more`: further options of its command line.
    """
    program = installed()
    playwright = skip_unless_there()
    with playwright() as started:
        opened = started.chromium.launch_persistent_context(folder, executable_path=program, args=[*OPTIONS, *more])
        try:
            yield opened
        finally:
            opened.close()


def installed() -> str:
    """Return the program of the browser."""
    program = shutil.which("chromium")
    if program is None:
        skip_without("chromium", "apt-get install chromium")
    return program


def skip_unless_there() -> Any:
    """Return what starts playwright."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        skip_without("playwright", "pip install playwright")
    return sync_playwright

"""Drive Debian's chromium headless, without a network but loopback, and keep what it asked for."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.support.external_tools import skip_without

OPTIONS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


@contextmanager
def browser(*more: str) -> Iterator[Any]:
    """Give a browser of playwright; the test is skipped, and says why, where there is none.

    `more`: further options of its command line.
    """
    program = shutil.which("chromium")
    if program is None:
        skip_without("chromium", "apt-get install chromium")
    playwright = skip_unless_there()
    with playwright() as started:
        opened = started.chromium.launch(executable_path=program, args=[*OPTIONS, *more])
        try:
            yield opened
        finally:
            opened.close()


def skip_unless_there() -> Any:
    """Return what starts playwright."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        skip_without("playwright", "pip install playwright")
    return sync_playwright

"""Notice that Newsmorgue was upgraded while it runs, and start the new version in place of the old one.

A watch runs for months. A pass that is forked from the old version would import what it still needs from the new one.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import NoReturn

OUR_PACKAGES = ("crawler", "exports", "pipelines")
IMPORTS = "import crawler.watch.watch, crawler.engine.launch, scrapy.crawler"  # what a pass needs
MAX_START_SECONDS = 120.0  # for a new interpreter to import that

FileStamp = tuple[int, int] | None  # size in bytes, time of the last change in nanoseconds; None: there is no such file


class ProgramFiles:
    """Hold the files of the program as they were when this process loaded them."""

    def __init__(self) -> None:
        modules = list(sys.modules.items())
        files = (module.__file__ for name, module in modules if name.partition(".")[0] in OUR_PACKAGES)
        self._files = sorted({file for file in files if file})
        self._loaded = self.now()

    def now(self) -> list[FileStamp]:
        """Return what shows that one of the files was replaced."""
        return [_stamp_of(file) for file in self._files]

    def have_changed(self) -> bool:
        """Return True if they are not those any more that this process has loaded."""
        return self.now() != self._loaded

    def why_they_cannot_start(self) -> str | None:
        """Try the program in a new interpreter. Return why it does not start; None if it does."""
        before = self.now()
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        try:
            done = subprocess.run(
                [sys.executable, "-P", "-c", IMPORTS],
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=MAX_START_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return str(error)
        if done.returncode != 0:
            lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
            return lines[-1] if lines else f"exit code {done.returncode}"
        return None if self.now() == before else "its files are being replaced"


def start_again() -> NoReturn:
    """Become the program as it is on disk now, with the same command line and process number."""
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - these are the words of our own command


def _stamp_of(file: str) -> FileStamp:
    try:
        status = os.stat(file)
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns

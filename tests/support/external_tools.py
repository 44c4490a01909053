"""Run other people's programs that judge what we write.

Those that are no dependency of ours are on PATH, or in an environment of their own (`make tools`).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn

import pytest

REPLAYWEB_FILES = ("ui.js", "sw.js")
TOOLS = Path(__file__).parents[2] / ".tools"
# Of warcio 1.8, without its decoder of brotli, which fails with the classes of today's brotli package. The digests that
# are checked are of the bytes before any decoder.
WARCIO = "from warcio.bufferedreaders import BufferedReader as B; B.DECOMPRESSORS.pop('br', None); " \
         "from warcio.cli import main; main()"  # fmt: skip


BROUGHT_BY = "make tools"  # stands in the reason of a skip if it brings what is missing
MISSING = re.compile(rf"Skipped: not installed: (.+) \({BROUGHT_BY}\b", re.DOTALL)


def skip_without(names: str, how: str) -> NoReturn:
    """Skip the test because something is not installed; `how`: what installs it."""
    pytest.skip(f"not installed: {names} ({how})")


def missing_tools(reasons: Iterable[str]) -> dict[str, int]:
    """Return what `make tools` would have brought, with the number of tests that were skipped for want of it."""
    found = (match[1] for reason in reasons if (match := MISSING.match(reason)))
    return dict(sorted(Counter(found).items()))


def tool(name: str, package: str = "", how: str = "") -> str:
    """Return the path of a program; skip the test where it is not installed."""
    found = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", os.defpath), str(TOOLS / "bin")]))
    if found is None:
        skip_without(name, how or f"{BROUGHT_BY}, or pip install {package or name} in an environment of its own")
    return found


def replayweb_folder() -> Path:
    """Return a folder with replayweb.page, of the npm package `replaywebpage`; skip the test where there is none.

    NEWSMORGUE_REPLAYWEB names it, or `make tools` has fetched it.
    """
    folder = Path(os.environ.get("NEWSMORGUE_REPLAYWEB") or TOOLS / "replayweb")
    if not all((folder / name).is_file() for name in REPLAYWEB_FILES):
        skip_without("replayweb.page", f"{BROUGHT_BY}, where npm is: no ui.js and sw.js in {folder}")
    return folder


def said(name: str, *command: str | Path) -> str:
    """Return the fault that a checker found, in its words, or an empty text."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    words = (done.stdout + done.stderr).strip()
    return f"{name}: exit code {done.returncode}: {words[-2000:]}" if done.returncode or words else ""


def faults(*files: Path, payloads: bool = True) -> list[str]:
    """Return what `gzip -t`, `warcio check` and `fastwarc check` say against WARC files; nothing, where they are sound.

    warcio checks payload digests too, but takes chunk framing for a part of the payload, against the standard:
    `payloads` is False for files whose digests follow the standard there.
    """
    found = [said("gzip", "gzip", "-t", *files)]
    if payloads:
        found.append(said("warcio", sys.executable, "-c", WARCIO, "check", *files))
    found += [said("fastwarc", sys.executable, "-m", "fastwarc.cli", "check", "-q", file) for file in files]
    return [fault for fault in found if fault]

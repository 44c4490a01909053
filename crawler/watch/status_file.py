"""Write the status file of a watch, for supervisors and for people: `watch.json` in the archive folder."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipelines.core import safe_open
from pipelines.core.errors import from_os_error

BLOCK_BYTES = 4096  # of which the size of the file is a multiple, so that it can be written again on a full disk


class StatusFile:
    """Hold what a watch says of itself. It is written in one step, readable for its user alone."""

    def __init__(self, path: Path, problem: Callable[[str], None]) -> None:
        """`problem` hears, once, that the file cannot be written."""
        self.path, self._problem, self._failed = path, problem, False

    def write(self, values: dict[str, Any]) -> None:
        """Write the values. After a failure the watch goes on, and the file stays as it was."""
        text = json.dumps(values, ensure_ascii=False, indent=2).encode("utf-8", "replace")
        text += b" " * (-(len(text) + 1) % BLOCK_BYTES) + b"\n"
        try:
            try:
                safe_open.must_be_ordinary(self.path)
                with safe_open.draft(self.path, mode=safe_open.PRIVATE_MODE) as file:
                    file.write(text)
            except OSError as error:
                if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                    raise
                self._write_over(text)
        except OSError as error:
            if not self._failed:
                self._problem(f"the status cannot be written: {from_os_error(error, str(self.path))}")
            self._failed = True
        else:
            self._failed = False

    def _write_over(self, text: bytes) -> None:
        """Write over what is there, which needs no space. Raises OSError."""
        file = safe_open.open_descriptor(self.path, os.O_WRONLY)
        try:
            longer = os.fstat(file).st_size - len(text)
            os.pwrite(file, text.rstrip(b"\n") + b" " * longer + b"\n" if longer > 0 else text, 0)
        finally:
            os.close(file)

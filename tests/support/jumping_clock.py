"""Run `morgue` with a clock that a test sets while it runs: `python jumping_clock.py FILE COMMAND...`.

FILE has the seconds by which the clock is ahead.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

from crawler.cli.main import main
from pipelines.core import timestamps

if __name__ == "__main__":
    file = Path(sys.argv.pop(1))
    timestamps.clock = lambda: timestamps.system_clock() + timedelta(seconds=float(file.read_text() or 0))
    sys.exit(main())

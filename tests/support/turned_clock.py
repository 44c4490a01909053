"""Run `morgue` with a clock that is ahead: `python turned_clock.py SECONDS COMMAND...`."""

from __future__ import annotations

import sys
from datetime import timedelta

from crawler.cli.main import main
from pipelines.core import timestamps

if __name__ == "__main__":
    ahead = timedelta(seconds=float(sys.argv.pop(1)))
    timestamps.clock = lambda: timestamps.system_clock() + ahead
    sys.exit(main())

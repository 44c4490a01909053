"""Run `morgue` as before it knew noise, so that each changed text becomes a revision: `python FILE COMMAND...`."""

from __future__ import annotations

import sys

from crawler.cli.main import main
from pipelines.database.edits import difference

if __name__ == "__main__":
    difference.without_counters = lambda removed, added: (list(removed), list(added))
    sys.exit(main())

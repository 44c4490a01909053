"""Run `morgue` and kill it when a function begins or ends.

    python tests/support/self_killing_restore.py EVENT:FUNCTION:TIMES -C ARCHIVE restore ...

EVENT is `call` or `return`; the process ends by SIGKILL at that event of the function of this name, the TIMES-th time.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))


class DeathAtEvent:
    """Die at an event of a function of ours or of the standard library."""

    def __init__(self, event: str, function: str, times: str) -> None:
        self.event, self.function, self.left = event, function, int(times)

    def __call__(self, frame: FrameType, event: str, _argument: object) -> None:
        if event == self.event and frame.f_code.co_name == self.function:
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    from crawler.cli.main import main as morgue

    death = DeathAtEvent(*sys.argv[1].split(":"))
    threading.setprofile(death)
    sys.setprofile(death)
    morgue(sys.argv[2:])


if __name__ == "__main__":
    main()

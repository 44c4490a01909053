"""Run `morgue` and kill it from within at the worst moment: for benchmarks/kill.py, and for a test.

    python tests/support/self_killing_morgue.py SEED -C ARCHIVE crawl ...

SEED chooses how it ends: on some line of the code that writes, from some commit on; with half a record written; with
half a line of the manifest written. Journal records are small and frequent here, so that there is more to break.
The process ends by SIGKILL in each case: no `finally` is run, no buffer is emptied.
"""

from __future__ import annotations

import os
import random
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from pipelines.archive import crash_recovery, group_commit, journal, write_queue, writer
from pipelines.archive.group_commit import GroupCommit
from pipelines.database import journal_rows
from pipelines.warc import manifest, recovery, storage
from pipelines.warc import writer as warc_writer

WRITING = (
    writer, write_queue, group_commit, journal, journal_rows, crash_recovery, warc_writer, recovery, storage, manifest,
)  # fmt: skip
WRITING_FILES = {module.__file__ for module in WRITING}
MAX_LINES = 400  # about what a busy commit with a journal record takes


def die() -> None:
    """End this process at once."""
    os.kill(os.getpid(), signal.SIGKILL)


class DieOnALine:
    """Die on a line of the code that writes, on the archive writer's thread or while the archive is opened."""

    def __init__(self, dice: random.Random) -> None:
        self.commits, self.lines = dice.randint(0, 3), dice.randint(1, MAX_LINES)
        if self.commits == 0:  # already while the archive is opened
            self.lines = dice.randint(1, MAX_LINES // 4)
            sys.settrace(self.trace)
        else:
            self.commit = GroupCommit.commit
            GroupCommit.commit = self.counted  # type: ignore[method-assign, assignment]

    @property
    def counted(self) -> Any:
        def commit(of: GroupCommit, **how: Any) -> None:
            self.commits -= 1
            if self.commits == 0:
                sys.settrace(self.trace)
            self.commit(of, **how)

        return commit

    def trace(self, frame: FrameType, event: str, argument: object) -> Any:
        if frame.f_code.co_filename not in WRITING_FILES:
            return None
        if event == "line":
            self.lines -= 1
            if self.lines == 0:
                die()
        return self.trace


class DieHalfWritten:
    """Die in the middle of a write to a WARC file, or to the manifest."""

    def __init__(self, dice: random.Random) -> None:
        writing = dice.choice((warc_writer.append_members, warc_writer.append_members, manifest.add))
        self.code = writing.__code__
        self.left = dice.randint(1, 60) if writing is warc_writer.append_members else 1
        self.part = dice.random()
        self.write, self.pwrite = os.write, os.pwrite
        os.write, os.pwrite = self.half, self.half_at

    def half(self, file: int, data: Any) -> int:
        if self.is_now():
            self.write(file, bytes(data)[: int(len(data) * self.part)])
            die()
        return self.write(file, data)

    def half_at(self, file: int, data: Any, offset: int) -> int:
        if self.is_now():
            self.pwrite(file, bytes(data)[: int(len(data) * self.part)], offset)
            die()
        return self.pwrite(file, data, offset)

    def is_now(self) -> bool:
        if sys._getframe(2).f_code is not self.code:
            return False
        self.left -= 1
        return self.left == 0


def main() -> None:
    dice = random.Random(int(sys.argv[1]))
    assert hasattr(journal, "MIN_CHANGED_ROWS"), "this program sets a constant that is not there"
    journal.MIN_CHANGED_ROWS = 30
    dice.choice((DieOnALine, DieOnALine, DieHalfWritten))(dice)
    from crawler.cli.main import main as morgue

    morgue(sys.argv[2:])


if __name__ == "__main__":
    main()

"""`morgue`, killed from within at the worst moment: for kill.py, and for a test.

    python benchmarks/dying.py SEED -C ARCHIVE crawl ...

SEED chooses how it ends: on some line of the code that writes, from some commit on; with half a record written; with
half a line of the manifest written. Journal records are small and frequent here, so that there is more to break.
SIGKILL in each case: no `finally` is run, no buffer is emptied.
"""

from __future__ import annotations

import os
import random
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from pipelines.archive import journal, writer

WRITING = tuple(f"{os.sep}pipelines{os.sep}{name}.py" for name in ("keeper", "warc", "journal", "manifest", "orphans"))
LINES = 400  # about what a busy commit with a journal record takes


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class OnALine:
    """Dies on a line of the code that writes, on the keeper's thread or in its start."""

    def __init__(self, dice: random.Random) -> None:
        self.commits, self.lines = dice.randint(0, 3), dice.randint(1, LINES)
        if self.commits == 0:  # already while the archive is opened
            self.lines = dice.randint(1, LINES // 4)
            sys.settrace(self.trace)
        else:
            self.commit = writer.ArchiveWriter._commit
            writer.ArchiveWriter._commit = self.counted  # type: ignore[method-assign, assignment]

    @property
    def counted(self) -> Any:
        def commit(of: writer.ArchiveWriter, **how: Any) -> None:
            self.commits -= 1
            if self.commits == 0:
                sys.settrace(self.trace)
            self.commit(of, **how)

        return commit

    def trace(self, frame: FrameType, event: str, argument: object) -> Any:
        if not frame.f_code.co_filename.endswith(WRITING):
            return None
        if event == "line":
            self.lines -= 1
            if self.lines == 0:
                die()
        return self.trace


class HalfWritten:
    """Dies in the middle of a write to a WARC file, or to the manifest."""

    def __init__(self, dice: random.Random) -> None:
        self.where = dice.choice(("append_whole", "append_whole", "add"))
        self.left = dice.randint(1, 60) if self.where == "append_whole" else 1
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
        if sys._getframe(2).f_code.co_name != self.where:
            return False
        self.left -= 1
        return self.left == 0


def main() -> None:
    dice = random.Random(int(sys.argv[1]))
    journal.ROWS = 30
    dice.choice((OnALine, OnALine, HalfWritten))(dice)
    from crawler.cli.main import main as morgue

    morgue(sys.argv[2:])


if __name__ == "__main__":
    main()

"""Check what must be true of an archive whose crawl was killed: before any repair, after the next start, rebuilt.

Reads the database with sqlite3 and the records with zlib and warcio; `morgue verify` and `morgue rebuild` are run as a
user would.
"""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import zlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import common

TABLES = ("sources", "crawls", "captures", "articles", "revisions", "readings", "removals", "aliases", "frontier",
          "journal")  # fmt: skip
START = """
import sys
from pathlib import Path
from crawler.config.models import load
from crawler.config.archive_folder import ArchiveFolder
from crawler.engine.open_archive import open_archive_writer
open_archive_writer(load(ArchiveFolder(Path(sys.argv[1])), sys.argv[2:])).close()
"""

Row = tuple[object, ...]
Tables = dict[str, list[Row]]


@dataclass
class Aftermath:
    """One archive, looked at after each kill. What is wrong is collected as sentences."""

    archive: Path
    settings: tuple[str, ...] = ()  # `-s` of a start
    wrong: list[str] = field(default_factory=list)
    acknowledged: set[Row] = field(default_factory=set)  # every (id, record id, file, offset, length) ever committed
    records: int = 0  # acknowledged ones that were looked for
    verified: int = 0
    rebuilt: int = 0
    rows: int = 0  # that were compared after a rebuild

    def killed(self, name: str) -> None:
        """Right after it: what was committed is in the WARC files, as they are."""
        with closing(self._copy(name)) as db:
            committed = set(db.execute("SELECT id, record_id, file, offset, length FROM captures"))
        for row in sorted(self.acknowledged - committed):
            self.wrong.append(f"{name}: capture {row[0]}, committed earlier, has no such row any more")
        for row in sorted(committed - self.acknowledged):
            self.records += 1
            if why := unlike(self.archive / "warc", *row[1:]):
                self.wrong.append(f"{name}: capture {row[0]}: {why}")
        self.acknowledged |= committed

    def started(self, name: str) -> None:
        """After the next start: nothing torn, nothing lost, every file whole by itself and by its rows."""
        done = run(sys.executable, "-c", START, str(self.archive), *self.settings)
        if done.returncode:
            self.wrong.append(f"{name}: start: exit {done.returncode}: {done.stderr[-800:]}")
            return
        with closing(self._copy(name)) as db:
            there = set(db.execute("SELECT id, record_id, file, offset, length FROM captures"))
        for row in sorted(self.acknowledged - there):
            self.wrong.append(f"{name}: capture {row[0]} was acknowledged and is gone after the start")
        self.acknowledged |= there
        for path in sorted((self.archive / "warc").iterdir()):
            if not path.name.endswith(".warc.gz"):
                self.wrong.append(f"{name}: {path.name} after the start")
            elif run("gzip", "-t", str(path)).returncode:
                self.wrong.append(f"{name}: {path.name} is torn after the start")
        done = run(*common.morgue_command(), "-C", str(self.archive), "verify", "--jobs", "1")
        self.verified += 1
        if done.returncode:
            self.wrong.append(f"{name}: verify: exit {done.returncode}: {(done.stdout + done.stderr)[:1500]}")

    def rebuild(self, name: str, scratch: Path) -> None:
        """On a copy: delete the database, rebuild it, every row of every table is the same."""
        with closing(self._copy(name)) as db:
            before = tables(db)
        shutil.rmtree(scratch, ignore_errors=True)
        shutil.copytree(self.archive, scratch)  # no links: a file with two names is not continued
        for path in scratch.glob("morgue.db*"):
            path.unlink()
        done = run(*common.morgue_command(), "-C", str(scratch), "rebuild")
        self.rebuilt += 1
        if done.returncode:
            self.wrong.append(f"{name}: rebuild: exit {done.returncode}: {(done.stdout + done.stderr)[:1500]}")
            return
        with closing(sqlite3.connect(scratch / "morgue.db")) as db:
            after = tables(db)
        self.rows += sum(map(len, before.values()))
        self.wrong += [f"{name}: rebuild: {line}" for line in differences(before, after)]

    def articles(self) -> int:
        """Count the articles."""
        with closing(self._copy("counting")) as db:
            known = db.execute("SELECT 1 FROM sqlite_master WHERE name = 'articles'").fetchone()
            return db.execute("SELECT count(*) FROM articles").fetchone()[0] if known else 0

    def _copy(self, name: str) -> sqlite3.Connection:
        """Copy the database as it is, opened elsewhere: looking at it must not repair it.

        Never opened and copied by one process: closing the copied file would take away SQLite's locks (fcntl(2)).
        """
        folder = self.archive.parent / "snapshot"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for path in self.archive.glob("morgue.db*"):
            if not path.name.endswith("-shm"):
                shutil.copy(path, folder)
        db = sqlite3.connect(folder / "morgue.db")
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'captures'").fetchone():
            db.execute("CREATE TABLE captures (id, record_id, file, offset, length)")  # killed before it had any
        elif (said := db.execute("PRAGMA quick_check").fetchone()[0]) != "ok":
            self.wrong.append(f"{name}: database: {said}")
        return db


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, env=common.morgue_env(), capture_output=True, text=True, timeout=600)


def unlike(folder: Path, record_id: str, file: str, offset: int, length: int) -> str | None:
    """Return why a row's record is not where the row says, whole; None if it is."""
    path = next((path for path in (folder / file, folder / f"{file}.open") if path.exists()), None)
    if path is None:
        return f"{file} is not there"
    with path.open("rb") as data:
        data.seek(offset)
        member = data.read(length)
    stream = zlib.decompressobj(31)
    try:
        record = stream.decompress(member)
    except zlib.error as error:
        return f"{file}@{offset}: {error}"
    if not stream.eof or stream.unused_data:
        return f"{file}@{offset}+{length} is not one whole member"
    return None if record_id.encode() in record.partition(b"\r\n\r\n")[0] else f"{file}@{offset} is another record"


def tables(db: sqlite3.Connection) -> Tables:
    """Every row. A claim is no news and waits for whoever rebuilds: it counts as waiting. Places go by the filing."""
    untold = set(db.execute("SELECT name, key FROM changes"))  # a crawl that kept nothing is told with the next file
    found: Tables = {}
    for name in TABLES:
        columns = [row[1] for row in db.execute(f"PRAGMA table_info({name})") if row[1] != "place"]
        asked = [{"claimed_by": "NULL", "state": "replace(state, 'claimed', 'waiting')"}.get(column, column)
                 if name == "frontier" else column for column in columns]  # fmt: skip
        rows = db.execute(f"SELECT {', '.join(asked)} FROM {name} ORDER BY 1")
        found[name] = [row for row in rows if (name, row[0]) not in untold or name not in ("crawls", "sources")]
    return found


def differences(before: Tables, after: Tables) -> Iterator[str]:
    """Return the rows that are not in both, a few of each table."""
    for name in before:
        if before[name] == after[name]:
            continue
        lost, new = set(before[name]) - set(after[name]), set(after[name]) - set(before[name])
        some = [f"{sign}{short(row)}" for sign, rows in (("-", lost), ("+", new)) for row in sorted(rows, key=str)[:3]]
        yield f"{name}: {len(lost)} rows lost, {len(new)} other: " + " ".join(some)


def short(row: Row) -> str:
    return "(" + ", ".join(str(value)[:60] for value in row) + ")"

"""Laws of opening the database for writing: what goes wrong has a name and an exit code."""

from __future__ import annotations

import sqlite3
import struct
from contextlib import closing

import pytest

from pipelines.core.errors import ArchiveDamaged, write_error
from pipelines.database.connection import connect, open_database
from tests.support.article_archive import build


def test_file_that_is_no_database_is_named(tmp_path):
    """ArchiveDamaged, with what to do; the file stays as it is."""
    path = tmp_path / "morgue.db"
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(ArchiveDamaged, match=r"morgue\.db"):
        open_database(path)
    assert path.read_bytes() == b"not a database" * 100


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        (sqlite3.OperationalError("database or disk is full"), "DiskFull", 5),
        (OSError(28, "No space left on device"), "DiskFull", 5),
        (OSError(122, "Disk quota exceeded"), "DiskFull", 5),
        (sqlite3.OperationalError("attempt to write a readonly database"), "NotWritable", 6),
        (OSError(30, "Read-only file system"), "NotWritable", 6),
        (sqlite3.DatabaseError("database disk image is malformed"), "ArchiveDamaged", 7),
        (sqlite3.OperationalError("disk I/O error"), "DiskFailing", 9),
        (sqlite3.OperationalError("database is locked"), "ArchiveLocked", 4),
        (OSError(5, "Input/output error"), "DiskFailing", 9),
    ],
)
def test_error_of_disk_or_database_has_its_exit_code(tmp_path, error, kind, code):
    """The family of pipelines.core.errors, whoever raised it first."""
    failure = write_error(error, tmp_path / "morgue.db")
    assert (type(failure).__name__, failure.exit_code) == (kind, code)


def test_journal_that_names_another_file_is_refused_and_the_file_stays(tmp_path):
    """SQLite rolls back a hot journal and deletes the super-journal that it names: any file of the user."""
    database, victim = tmp_path / "morgue.db", tmp_path / "diary.txt"
    open_database(database).close()
    victim.write_text("precious")
    name, magic = str(victim).encode(), bytes.fromhex("d9d505f920a163d7")
    pages = database.stat().st_size // 4096
    head = (magic + struct.pack(">IIIII", 0, 1, pages, 512, 4096)).ljust(512, b"\0")
    checksum = sum(byte - 256 if byte > 127 else byte for byte in name) & 0xFFFFFFFF
    pointer = struct.pack(">I", 0x40000000 // 4096 + 1) + name + struct.pack(">II", len(name), checksum) + magic
    (tmp_path / "morgue.db-journal").write_bytes(head + pointer)
    for opened in (connect, open_database):
        with pytest.raises(ArchiveDamaged, match="delete another file"):
            opened(database)
    assert victim.read_text() == "precious"


@pytest.mark.parametrize("open_it", [connect, open_database])
def test_database_of_a_newer_version_is_refused_and_left_as_it_is(tmp_path, open_it):
    """This version would join tables by columns that mean something else by then."""
    path = build(tmp_path) / "morgue.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE _sqlite_migrations SET name = 'm999_later' WHERE name = 'm014_article_days'")
        db.commit()
        before = [*db.iterdump()]
    with pytest.raises(ArchiveDamaged, match="written by a newer version of Newsmorgue\n  install that version"):
        open_it(path)
    with closing(sqlite3.connect(path)) as db:
        assert [*db.iterdump()] == before

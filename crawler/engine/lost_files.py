"""Say which WARC files of the archive are missing or damaged, for commands that go on all the same.

Those of a shard that a lost machine began and never shipped are given up by the next run that writes the archive.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import NamedTuple

from pipelines.archive.writer import ArchiveWriter
from pipelines.core.plural import counted, first_of, verb
from pipelines.core.timestamps import now
from pipelines.core.urls import url_key
from pipelines.database.captures import pages_in_file
from pipelines.database.frontier.replanning import make_lost_due
from pipelines.warc.storage import WarcStorage

MAX_FILES_NAMED = 5  # missing WARC files that the warning names


class LostFilesNote(NamedTuple):
    """Hold what to say of lost files; both texts are empty if all files are there."""

    warning: str = ""  # names the files, and says what to do
    summary: str = ""  # one line


def lost_files_note(archive_writer: ArchiveWriter) -> LostFilesNote:
    """Name the WARC files that are missing or differ in size from the manifest.

    Compares only names and sizes, which is quick.
    """
    files = archive_writer.writer.files_unlike_manifest()
    if not files:
        return LostFilesNote()
    storage, them = archive_writer.storage, verb(len(files), "it", "them")
    named = [
        f"{file} ({'different size' if storage.size(file) is not None else 'missing'})"
        for file in files[:MAX_FILES_NAMED]
    ]
    more = f", and {len(files) - MAX_FILES_NAMED:,} more" if len(files) > MAX_FILES_NAMED else ""
    mismatch = f"{counted(len(files), 'WARC file')} {verb(len(files), 'does', 'do')} not match the manifest"
    return LostFilesNote(
        f"warning: {mismatch}: {', '.join(named)}{more}\n"
        f"  `morgue verify` shows what is lost; restore {them} in {storage.folder} from a copy",
        f"{mismatch}: run `morgue verify`",
    )


def never_arrived(storage: WarcStorage) -> Iterator[str]:
    """Yield a sentence about each WARC file of a shard that another holder of its lease began and never shipped.

    This process holds the lease; an archive that needs none has no such files.
    """
    for name, (host, time) in storage.never_arrived().items():
        yield f"{name}: was begun on {host} at {time}, and never reached the bucket; what it held is lost"


def give_up_lost(archive_writer: ArchiveWriter) -> list[str]:
    """Wait no more for files that lost machines began. Let their pages be due, and return a sentence about each file.

    The caller holds the lease. What the database knows of their captures stays, also the texts.
    """
    lost = archive_writer.storage.never_arrived()
    sentences = []
    for name, (host, time) in lost.items():
        count, urls, due = archive_writer.call(_make_due, archive_writer.db, name)
        about = "and which pages it held is not known; they are fetched again once they are due"
        if count:
            about = f"and {counted(count, 'capture')} in it {verb(count, 'is', 'are')} lost"
            about += f", {counted(due, 'page')} {verb(due, 'is', 'are')} due again: {first_of(urls, MAX_FILES_NAMED)}"
        sentences.append(
            f"{name}: was begun on {host} at {time}, and never reached the bucket; it is given up, {about}"
        )
    if lost:
        archive_writer.commit()
        archive_writer.storage.give_up(lost)
    return sentences


def _make_due(db: sqlite3.Connection, file: str) -> tuple[int, list[str], int]:
    count, urls = pages_in_file(db, file)
    return count, sorted(urls), make_lost_due(db, map(url_key, urls), now())

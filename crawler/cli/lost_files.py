"""Warn of WARC files of the archive that are missing or damaged, in commands that go on all the same."""

from __future__ import annotations

import click

from pipelines.archive.writer import ArchiveWriter
from pipelines.core.plural import counted, verb

MAX_FILES_NAMED = 5  # missing WARC files that the warning names


def warn_of_lost_files(archive_writer: ArchiveWriter) -> str:
    """Warn of WARC files that are missing or differ in size from the manifest, also with --quiet.

    Compares only names and sizes, which is quick. Returns the line for the summary, "" if all files are there.
    """
    files = archive_writer.writer.files_unlike_manifest()
    if not files:
        return ""
    storage, them = archive_writer.storage, verb(len(files), "it", "them")
    named = [
        f"{file} ({'different size' if storage.size(file) is not None else 'missing'})"
        for file in files[:MAX_FILES_NAMED]
    ]
    more = f", and {len(files) - MAX_FILES_NAMED:,} more" if len(files) > MAX_FILES_NAMED else ""
    mismatch = f"{counted(len(files), 'WARC file')} {verb(len(files), 'does', 'do')} not match the manifest"
    click.echo(
        f"warning: {mismatch}: {', '.join(named)}{more}\n"
        f"  `morgue verify` shows what is lost; restore {them} in {storage.folder} from a copy",
        err=True,
    )
    return f"{mismatch}: run `morgue verify`"

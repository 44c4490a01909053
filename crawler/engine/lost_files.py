"""Say which WARC files of the archive are missing or damaged, for commands that go on all the same."""

from __future__ import annotations

from typing import NamedTuple

from pipelines.archive.writer import ArchiveWriter
from pipelines.core.plural import counted, verb

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

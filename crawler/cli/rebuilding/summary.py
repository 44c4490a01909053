"""Say what a rebuild made, and what could not be read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pipelines.core.plural import counted, verb

if TYPE_CHECKING:
    from pipelines.rebuild.staging import RebuildReport
    from pipelines.warc.storage import WarcStorage

MAX_LINES_OF_A_KIND = 20  # failures of one kind that the summary names


def cure_of(name: str) -> str:
    """Return why texts of an extractor differ now, or how to get the old ones back."""
    from pipelines.extraction.extract import extractor

    if name == extractor():
        return "this version; the rules in sources/*.toml have changed"
    return "to get the old texts back, install that version and rebuild"


def of_lost_files(storage: WarcStorage) -> Iterator[str]:
    """Yield what to say of WARC files that a lost machine never shipped. The caller holds the lease."""
    from crawler.engine.lost_files import never_arrived

    lost = [*never_arrived(storage)]
    yield from lost[:MAX_LINES_OF_A_KIND]
    if lost:
        them = verb(len(lost), "it", "them")
        yield f"  the next `morgue crawl` gives {them} up, and fetches again what was in {them}"


def summary(result: RebuildReport) -> Iterator[str]:
    """Yield the lines of the summary: what was made, and what could not be read."""
    from crawler.cli.old_databases import description, old_databases

    read = f"{counted(result.files, 'WARC file')}"
    if result.is_restored:
        read = (
            f"brought up to date from journal record {result.since} to {result.last}, by {result.read_files} of {read}"
        )
    yield (
        f"{read}: {counted(result.captures, 'capture')}, "
        f"{counted(result.articles, 'article')}, {counted(result.revisions, 'revision')}"
    )
    if result.old_database is not None:
        yield f"the old database is kept: {description(result.old_database)}"
        yield "  no command reads it any more: delete it once `morgue verify` finds no problem"
        older = [description(path) for path in old_databases(result.old_database.parent) if path != result.old_database]
        yield from (f"  kept from an earlier time: {path}" for path in older)
    if result.unmentioned:
        yield (
            f"{counted(result.unmentioned, 'capture')} {verb(result.unmentioned, 'is', 'are')} in no journal; "
            f"{counted(result.filed, 'article')} read from {verb(result.unmentioned, 'it', 'them')}"
        )
        if copies := result.removed_copies:
            are, left_out = verb(copies, "is a copy", "are copies"), verb(copies, "is", "are")
            yield f"  {counted(copies, 'page')} {are} of a page that was taken down, and {left_out} not filed"
        if not result.foreign:
            yield "  the database was lost before the journal was written, or an older version wrote the files"
    if result.foreign:
        yield "files of another archive; their pages were read, but what its database knew of them is not here:"
        yield from (f"  {name}" for name in result.foreign[:MAX_LINES_OF_A_KIND])
        yield "  to record where they came from, move such files out of warc/ and use `morgue import`"
    yield from result.notes
    if result.listed:
        them = verb(result.listed, "it", "them")
        yield f"{counted(result.listed, 'file')} added to the manifest, which did not list {them}"
    for name in result.missing[:MAX_LINES_OF_A_KIND]:
        yield f"missing: {name}, which the manifest lists: restore it from a copy, and rebuild again"
    if result.changed_texts:
        differ = verb(result.changed_texts, "differs", "differ")
        yield f"{counted(result.changed_texts, 'text')} {differ} from the first reading"
        if result.kept_readings:
            yield f"  {result.kept_readings:,} of the old texts are kept in `readings`, from the old database"
        for name, number in result.extractors.items():
            yield f"  {number:,} first read by {name}: {cure_of(name)}"
    for file, offset, length, why in result.damaged[:MAX_LINES_OF_A_KIND]:
        yield f"damaged: {file}, byte {offset}, {counted(length, 'byte')}: {why}"
    for url, why in result.unread[:MAX_LINES_OF_A_KIND]:
        yield f"no text: {url}: {why}"
    more = max(0, len(result.damaged) - MAX_LINES_OF_A_KIND) + max(0, len(result.unread) - MAX_LINES_OF_A_KIND)
    if more:
        yield f"and {more:,} more"

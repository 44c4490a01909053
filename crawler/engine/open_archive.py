"""Open an archive for writing, with the fields that describe each of its WARC files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from crawler import __version__
from crawler.config.models import Config
from pipelines.archive.writer import ArchiveWriter
from pipelines.warc.storage import WarcStorage

SOFTWARE = f"newsmorgue {__version__}"


def open_archive_writer(config: Config) -> ArchiveWriter:
    """Lock the archive and open it. Raise ArchiveLocked, NotWritable, ArchiveDamaged, DiskFull, ConfigError."""
    info = {
        "software": f"{SOFTWARE} (https://github.com/newsmorgue/newsmorgue)",
        "format": "WARC File Format 1.1",
        "conformsTo": "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/",
        "robots": "obey (RFC 9309)" if config.crawl.robots else "ignore",
        "http-header-user-agent": config.user_agent,
        "isPartOf": config.folder.path.name,
    }
    operator = {"operator": config.operator.name, "http-header-from": config.operator.contact}
    return ArchiveWriter(
        config.folder.database,
        WarcStorage(config.folder.warc),
        max_size=config.record.rotate,
        max_age=config.record.rotate_after,
        level=config.record.compression,
        info=info | {name: value for name, value in operator.items() if value},
    )


@contextmanager
def writing(config: Config) -> Iterator[ArchiveWriter]:
    """Open an archive as `open_archive_writer` does, and close it at the end of the block. Raise what failed in it."""
    archive_writer = open_archive_writer(config)
    try:
        yield archive_writer
    finally:
        archive_writer.close()
    if archive_writer.failed is not None:
        raise archive_writer.failed

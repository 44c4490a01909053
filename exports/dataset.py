"""A dataset: a selection of articles in one format, and beside it a manifest that says what it is.

A half-written file never stays under the name that was asked for: it grows under a temporary name beside it,
is forced to disk, and then takes the name in one step. The manifest follows in the same way, so that a
manifest which is there always speaks of the file that is there.
"""

from __future__ import annotations

import gzip
import hashlib
import inspect
import json
import os
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from exports import Export, Row
from pipelines.errors import ConfigError, os_errors
from pipelines.items import Article

# What a row has besides the fields of `Article`, in the order of `queries.WHOLE_KEYS`.
BEFORE = {
    "id": "number of the article in the archive",
    "source": "name of the newspaper's source file; null for a page that belongs to none",
}
AFTER = {
    "published_day": "UTC day of `published`; the day it was first seen where that is unknown",
    "text_digest": "SHA-256, hex, of title and text: changes when the article is edited",
    "first_seen": "when the article was first captured, UTC",
    "last_seen": "when it was last seen unchanged on the web, UTC",
    "revision": "number of the state of the text that this row has, from 1",
    "warc_file": "WARC file, below warc/, that holds the response this row was read from",
    "warc_offset": "bytes from the start of that file to the record's gzip member",
    "warc_length": "bytes of that gzip member",
    "warc_record_id": "WARC-Record-ID of the record",
    "payload_digest": "sha1:BASE32 of the response's body as in the record (WARC-Payload-Digest)",
    "captured": "WARC-Date of the record: when the request was sent, UTC",
}


def columns() -> dict[str, str]:
    """Every column of a dataset and what it means; those of an article in the words of `items.Article`."""
    comments = re.findall(r"^    (\w+): .*?  # (.+)$", inspect.getsource(Article), re.MULTILINE)
    return BEFORE | dict(comments) | AFTER


@dataclass(slots=True)
class Tally:
    """Rows on their way through: how many, and from which days."""

    rows: int = 0
    first: str | None = None
    last: str | None = None

    def watch(self, rows: Iterable[Row]) -> Iterator[Row]:
        """The same rows, counted."""
        for row in rows:
            self.rows += 1
            day = row["published_day"]
            if day is not None:
                self.first = min(self.first or day, day)
                self.last = max(self.last or day, day)
            yield row


def export(
    form: Export,
    rows: Iterable[Row],
    out: Path,
    about: Mapping[str, Any],
    *,
    raw: bool = False,
    force: bool = False,
) -> dict[str, Any]:
    """Write `rows` to `out` (compressed if it ends in .gz) and a manifest beside it; returns the manifest.

    `about` is what only the caller knows: software, time, archive, query, filters. Raises ConfigError if
    `out` cannot be written there or exists and `force` is not set, DiskFull, NotWritable; then nothing is
    left behind.
    """
    check(out, force=force)
    beside = manifest_path(out)
    meanings = columns()
    tally = Tally()
    with os_errors(str(out)), _temporary(out) as part, _temporary(beside) as part_of_manifest:
        with part.open("xb") as file:
            with _compressed(file, out) as body:
                form.write(tally.watch(rows), body, list(meanings), raw=raw)
            _to_disk(file)
        with part.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        manifest = {
            "file": out.name, **about, "format": form.name, "media_type": form.media_type,
            "compression": "gzip" if out.suffix == ".gz" else None, "raw": raw,
            "rows": tally.rows, "first_day": tally.first, "last_day": tally.last, "order": "id",
            "bytes": part.stat().st_size, "sha256": digest,
            "columns": [{"name": name, "meaning": meaning} for name, meaning in meanings.items()],
        }  # fmt: skip
        with part_of_manifest.open("x", encoding="utf-8") as file:
            file.write(json.dumps(manifest, ensure_ascii=False, indent=2) + "\n")
            _to_disk(file)
        check(out, force=force)  # again: an hour may have passed
        beside.unlink(missing_ok=True)  # never an old manifest beside a new file
        part.replace(out)
        part_of_manifest.replace(beside)
        _folder_to_disk(out.parent)
    return manifest


def manifest_path(out: Path) -> Path:
    """Where the manifest of `out` lies."""
    return out.with_name(out.name + ".manifest.json")


def check(out: Path, *, force: bool) -> None:
    """Whether `out` may be written, as far as can be said without trying. Raises ConfigError."""
    if not out.parent.is_dir():
        raise ConfigError(str(out), "there is no such folder", f"mkdir -p {out.parent}")
    for path in (out, manifest_path(out)) if out.name else (out,):
        if not os.path.lexists(path):
            continue
        if path.is_symlink() or not path.is_file():  # a folder, a device: renaming over it would destroy it
            raise ConfigError(str(path), "is there, and is not an ordinary file", "name another file")
        if not force:
            raise ConfigError(str(path), "exists already", "--force replaces it and its manifest")


@contextmanager
def _temporary(final: Path) -> Iterator[Path]:
    """A name beside `final` (renaming is one step within a file system), gone afterwards in any case."""
    part = final.with_name(f".morgue-{secrets.token_hex(8)}.part")
    try:
        yield part
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def _compressed(file: BinaryIO, out: Path) -> Iterator[BinaryIO]:
    if out.suffix != ".gz":
        yield file
        return
    # Neither name nor time in the header: the same rows give the same bytes.
    with gzip.GzipFile("", "wb", compresslevel=6, fileobj=file, mtime=0) as body:
        yield body  # type: ignore[misc]  # a GzipFile has all that a format uses of a BinaryIO


def _to_disk(file: Any) -> None:
    file.flush()
    os.fsync(file.fileno())


def _folder_to_disk(folder: Path) -> None:
    """The names themselves; file systems that cannot sync a folder do without."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError:
        pass
    finally:
        os.close(descriptor)

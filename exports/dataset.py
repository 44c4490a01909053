"""Write a dataset: a file of articles or captures in one format, and next to it a manifest that describes it.

A half-written file never appears under its final name. It is written under a temporary name in the same folder, synced
to disk, and then renamed in one step. The manifest follows in the same way, so that an existing manifest always
describes the existing file.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, get_type_hints

from exports import ArticleFormat, CaptureFormat, ExportInfo, Row
from exports.columnar_rows import Batch, ColumnarRows
from exports.drafts import draft_file, remove_abandoned
from exports.extras import load_extra
from pipelines.core.archive_layout import archive_owning
from pipelines.core.errors import ConfigError, os_errors
from pipelines.core.items import Article
from pipelines.core.safe_open import open_file, sync_folder

if TYPE_CHECKING:
    from pipelines.selection.captures import CaptureSelection

COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}  # of the file, by the end of its name
GZIP_LEVEL = 6  # of 9
ZSTD_LEVEL = 10  # of 22: about the time of gzip, for files a fifth smaller

# The columns besides the fields of `Article`, with their meanings, in the order of `queries.ARTICLE_KEYS`.
COLUMNS_BEFORE_ARTICLE = {
    "id": "number of the article in the archive",
    "source": "name of the newspaper's source file; null for a page that belongs to none",
}
COLUMNS_AFTER_ARTICLE = {
    "published_day": "UTC day of `published`; null where that is unknown",
    "text_digest": "SHA-256, hex, of title and text: changes when the article is edited",
    "first_seen": "when the article was first captured, UTC",
    "last_seen": "when it was last seen unchanged on the web, UTC",
    "revision": "number of the state of the text that this row has, from 1",
    "gone": "how its page is gone from the web: 404, 410, soft 404, front page (a redirect to it); null: it is not",
    "gone_since": "when it was first seen gone, UTC",
    "wall": "what its address shows now instead of the article: consent wall, paywall, login page, ...; null: nothing",
    "wall_since": "when that was first seen, UTC",
    "header_rights": "signals on use in the HTTP headers of the page, as sent: X-Robots-Tag, TDM-Reservation, ...",
    "warc_file": "WARC file, below warc/, that holds the response this row was read from",
    "warc_offset": "bytes from the start of that file to the record's gzip member",
    "warc_length": "bytes of that gzip member",
    "warc_record_id": "WARC-Record-ID of the record",
    "payload_digest": "sha1:BASE32 of the response's body as in the record (WARC-Payload-Digest)",
    "captured": "WARC-Date of the record: when the request was sent, UTC",
}


def columns() -> dict[str, str]:
    """Return every column of a dataset with its meaning. Those of an article are annotations of `items.Article`."""
    return dict(_columns())


@cache
def _columns() -> dict[str, str]:
    hints = get_type_hints(Article, include_extras=True)
    return (
        COLUMNS_BEFORE_ARTICLE
        | {field.name: hints[field.name].__metadata__[0] for field in fields(Article)}
        | COLUMNS_AFTER_ARTICLE
    )


@dataclass(slots=True)
class DatasetCounts:
    """Count the rows that are written, and remember their first and last day."""

    rows: int = 0
    undated: int = 0  # rows without a day of publication
    first: str | None = None  # ISO day
    last: str | None = None  # ISO day

    def watch(self, rows: Iterable[Row]) -> Iterable[Row]:
        """Return the same rows, which are counted while they are read."""
        if isinstance(rows, ColumnarRows):
            return ColumnarRows(self._watch_rows(rows), lambda size: self._watch_batches(rows.batches(size)))
        return self._watch_rows(rows)

    def _watch_batches(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        for batch in batches:
            days = [day for day in batch["published_day"] if day is not None]
            self.rows += len(batch["published_day"])
            self.undated += len(batch["published_day"]) - len(days)
            if days:
                self.first = min(self.first or days[0], *days)
                self.last = max(self.last or days[0], *days)
            yield batch

    def _watch_rows(self, rows: Iterable[Row]) -> Iterator[Row]:
        for row in rows:
            self.rows += 1
            day = row["published_day"]
            if day is None:
                self.undated += 1
                yield row
                continue
            if self.first is None or day < self.first:
                self.first = day
            if self.last is None or day > self.last:
                self.last = day
            yield row

    def manifest_fields(self, names: Sequence[str], left_out: Mapping[str, int] | None) -> dict[str, Any]:
        """Return the fields for the manifest of a dataset that has the columns `names`."""
        meanings = columns()
        return {
            "rows": self.rows, "left_out": dict(left_out or {}), "first_day": self.first, "last_day": self.last,
            "undated": self.undated, "order": "id",
            "columns": [{"name": name, "meaning": meanings[name]} for name in names],
        }  # fmt: skip


def export(
    form: ArticleFormat,
    rows: Iterable[Row],
    out: Path,
    about: Mapping[str, Any],
    *,
    chosen: Sequence[str] | None = None,
    raw: bool = False,
    force: bool = False,
    left_out: Mapping[str, int] | None = None,
) -> dict[str, Any]:
    """Write `rows` to `out` (compressed if its name ends in .gz or .zst) with a manifest; return the manifest.

    `chosen` are the columns to write; None: all. `about` holds what only the caller knows: software, time, archive,
    query, filters. `left_out` counts the rows that were held back, by reason; it fills while the rows are read. Raises
    ConfigError if `out` cannot be written there, or if it exists and `force` is not set; DiskFull; NotWritable. After
    an error no file remains.
    """
    names = list(columns() if chosen is None else chosen)
    stats = DatasetCounts()

    def body(file: BinaryIO) -> dict[str, Any]:
        form.write(stats.watch(rows), file, names, raw=raw)
        more: dict[str, Any] = form.manifest_fields() if hasattr(form, "manifest_fields") else {}
        return {"raw": raw} | stats.manifest_fields(names, left_out) | more

    return _publish(form, body, out, about, force=force)


def export_captures(
    form: CaptureFormat, selection: CaptureSelection, out: Path, about: ExportInfo, *, force: bool = False
) -> dict[str, Any]:
    """Write captures to `out` with a manifest next to it; return the manifest. Raises as `export` does."""
    check_name(form, out)

    def body(file: BinaryIO) -> dict[str, Any]:
        counts = form.pack(selection, file, {**about, "name": _stem(form, out)})
        days = {"first_capture": selection.first, "last_capture": selection.last}
        return days | {"left_out": dict(selection.left_out)} | counts

    return _publish(form, body, out, about, force=force)


def _publish(
    form: ArticleFormat | CaptureFormat,
    body: Callable[[BinaryIO], dict[str, Any]],
    out: Path,
    about: ExportInfo,
    *,
    force: bool,
) -> dict[str, Any]:
    """Let `body` write the file, and put the fields that it returns into the manifest."""
    check_writable(out, force=force)
    final_manifest = manifest_path(out)
    compression = None if form.suffix.endswith(out.suffix) else COMPRESSIONS.get(out.suffix)
    with os_errors(str(out)):
        remove_abandoned(out.parent)
    with (
        os_errors(str(out)),
        draft_file(out) as (part, file),
        draft_file(final_manifest) as (part_of_manifest, manifest_file),
    ):
        with _compressed(file, compression) as target:
            manifest_fields = body(target)
        _sync(file)
        with open_file(part) as written:
            digest = hashlib.file_digest(written, "sha256").hexdigest()
        manifest = {
            "file": out.name, **about, "format": form.name, "media_type": form.media_type,
            "compression": COMPRESSIONS.get(out.suffix),
            "bytes": part.stat().st_size, "sha256": digest, **manifest_fields,
        }  # fmt: skip
        manifest_file.write(json.dumps(manifest, ensure_ascii=False, indent=2).encode() + b"\n")
        _sync(manifest_file)
        check_writable(out, force=force)  # a file may have appeared since the first check, perhaps an hour ago
        final_manifest.unlink(missing_ok=True)  # an old manifest must never describe a new file
        part.replace(out)
        part_of_manifest.replace(final_manifest)
        with suppress(OSError):  # some file systems cannot sync a folder
            sync_folder(out.parent)
    return manifest


def manifest_path(out: Path) -> Path:
    """Return the path of the manifest of `out`."""
    return out.with_name(out.name + ".manifest.json")


def path_of_split(form: ArticleFormat, out: Path, split: str) -> Path:
    """Return the path of a split: `corpus-train.jsonl.gz` for `corpus.jsonl.gz`. "" is no split."""
    stem, end = out.name, ""
    for suffix in (*COMPRESSIONS, form.suffix):
        if stem.endswith(suffix) and stem != suffix:
            stem, end = stem.removesuffix(suffix), suffix + end
    return out.with_name(f"{stem}-{split}{end}") if split else out


def check_writable(out: Path, *, force: bool) -> None:
    """Check, without writing, that `out` may be written. Raises ConfigError."""
    if not out.parent.is_dir():
        raise ConfigError(str(out), "the folder does not exist", f"mkdir -p {out.parent}")
    if (archive := archive_owning(out)) is not None:
        raise ConfigError(str(out), f"is among the files of the archive {archive}", "name a file of another folder")
    for path in (out, manifest_path(out)) if out.name else (out,):
        if not os.path.lexists(path):
            continue
        if path.is_symlink() or not path.is_file():  # a folder or a device: renaming over it would destroy it
            raise ConfigError(str(path), "exists and is not an ordinary file", "name another file")
        if not force:
            raise ConfigError(str(path), "exists already", "--force replaces it and its manifest")


def check_name(form: CaptureFormat, out: Path) -> None:
    """Check that the name has the suffix of the format, by which other programs know it. Raises ConfigError."""
    if not out.name.endswith((form.suffix, f"{form.suffix}.gz")):
        cause = f"the name of a {form.name} file must end in {form.suffix}"
        raise ConfigError(str(out), cause, f"call it {_stem(form, out)}{form.suffix}")
    if out.name.endswith(f"{form.suffix}.gz") and form.name == "wacz":
        raise ConfigError(str(out), "a WACZ file is read in pieces and cannot be compressed", "leave out the .gz")


def _stem(form: CaptureFormat, out: Path) -> str:
    """Return the name of a file without the suffix of its format, as far as it has that suffix."""
    return out.name.removesuffix(".gz").removesuffix(form.suffix.removesuffix(".gz"))


@contextmanager
def _compressed(file: BinaryIO, compression: str | None) -> Iterator[BinaryIO]:
    """Yield a file for the bytes to compress. Neither name nor time is in the result: same rows, same bytes."""
    if compression == "gzip":
        with gzip.GzipFile("", "wb", compresslevel=GZIP_LEVEL, fileobj=file, mtime=0) as body:
            yield body  # type: ignore[misc]  # a GzipFile has every method of BinaryIO that a format uses
    elif compression == "zstd":
        zstandard = load_extra("zstandard", "zst")
        with zstandard.ZstdCompressor(level=ZSTD_LEVEL, write_checksum=True).stream_writer(file, closefd=False) as body:
            yield body
    else:
        yield file


def _sync(file: Any) -> None:
    file.flush()
    os.fsync(file.fileno())

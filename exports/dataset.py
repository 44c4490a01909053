"""Write a dataset: a file of articles or captures in one format, and next to it a manifest that describes it.

A half-written file never appears under its final name. It is written under a temporary name in the same folder, synced
to disk, and then renamed in one step. The files of a split are renamed together, when the last one is whole. The
manifests follow in the same way, so that an existing manifest always describes the existing file.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias, get_type_hints

from exports import ArticleFormat, CaptureFormat, Content, ExportInfo, Row
from exports.columnar_rows import Batch, ColumnarRows
from exports.drafts import Rename, draft_file, put_in_place, settle_abandoned
from exports.extras import load_extra
from exports.file_names import COMPRESSIONS, check_name, compression_of, manifest_path, path_of_split, stem
from pipelines.core.archive_layout import EXPORTED_BY, MAX_EXPORT_MANIFEST_BYTES, archive_owning
from pipelines.core.errors import ConfigError, os_errors
from pipelines.core.items import Article
from pipelines.core.safe_open import open_file, sync_folder

if TYPE_CHECKING:
    from pipelines.selection.fleet_captures import AnyCaptures

Body: TypeAlias = Callable[[BinaryIO], dict[str, Any]]  # writes a file and returns fields of its manifest
GZIP_LEVEL = 6  # of 9
ZSTD_LEVEL = 10  # of 22: about the time of gzip, for files a fifth smaller

# The columns besides the fields of `Article`, with their meanings, in the order of `queries.ARTICLE_KEYS`.
COLUMNS_BEFORE_ARTICLE = {
    "id": "number of the article in the archive",
    "source": "name of the newspaper's source file; null for a page that belongs to none",
}
COLUMNS_AFTER_ARTICLE = {
    "published_day": "day of publication as readers saw it; null where that is unknown",
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
    about: ExportInfo,
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
    content = Content([("", rows)], list(columns() if chosen is None else chosen), about, raw)
    ((_, manifest),) = export_parts(form, content, [""], out, force=force, left_out=left_out)
    return manifest


def export_parts(
    form: ArticleFormat,
    content: Content,
    splits: Sequence[str],
    out: Path,
    *,
    force: bool = False,
    left_out: Mapping[str, int] | None = None,
) -> list[tuple[Path, dict[str, Any]]]:
    """Write a file for each part, named by `path_of_split`; return their paths and manifests.

    `splits` are the names of the parts in their order. The files appear together, after the last one is whole. The
    other arguments and the errors are those of `export`.
    """

    def body_of(rows: Iterable[Row]) -> Body:
        def body(file: BinaryIO) -> dict[str, Any]:
            stats = DatasetCounts()
            form.write(stats.watch(rows), file, content.columns, raw=content.raw)
            more: dict[str, Any] = form.manifest_fields() if hasattr(form, "manifest_fields") else {}
            return {"raw": content.raw} | stats.manifest_fields(content.columns, left_out) | more

        return body

    paths = [path_of_split(form, out, name) for name in splits]
    bodies = ((body_of(rows), {**content.about, **({"part": name} if name else {})}) for name, rows in content.parts)
    return list(zip(paths, _publish(form, bodies, paths, force=force), strict=True))


def export_captures(
    form: CaptureFormat, selection: AnyCaptures, out: Path, about: ExportInfo, *, force: bool = False
) -> dict[str, Any]:
    """Write captures to `out` with a manifest next to it; return the manifest. Raises as `export` does."""
    check_name(form, out)

    def body(file: BinaryIO) -> dict[str, Any]:
        counts = form.pack(selection, file, {**about, "name": stem(form, out)})
        days = {"first_capture": selection.first, "last_capture": selection.last}
        return days | {"left_out": dict(selection.left_out)} | counts

    (manifest,) = _publish(form, [(body, about)], [out], force=force)
    return manifest


def _publish(
    form: ArticleFormat | CaptureFormat,
    bodies: Iterable[tuple[Body, ExportInfo]],
    paths: Sequence[Path],
    *,
    force: bool,
) -> list[dict[str, Any]]:
    """Let each of `bodies` write a file; put all of them in place at the end. Return their manifests."""
    manifests: list[dict[str, Any]] = []
    files: list[Rename] = []
    described: list[Rename] = []
    with os_errors(str(paths[0])):
        settle_abandoned(paths[0].parent)
    for out in paths:
        check_writable(out, force=force)
    with os_errors(str(paths[0])), ExitStack() as drafts:
        for out, (body, about) in zip(paths, bodies, strict=True):
            with os_errors(str(out)):
                part, file = drafts.enter_context(draft_file(out))
                part_of_manifest, manifest_file = drafts.enter_context(draft_file(manifest_path(out)))
                manifests.append(_written(form, body, out, about, part, file))
                manifest_file.write(json.dumps(manifests[-1], ensure_ascii=False, indent=2).encode() + b"\n")
                _sync(manifest_file)
            files.append((part, out))
            described.append((part_of_manifest, manifest_path(out)))
        for out in paths:  # a file may have appeared since the first check, perhaps an hour ago
            check_writable(out, force=force)
        put_in_place(files, described)
        with suppress(OSError):  # some file systems cannot sync a folder
            sync_folder(paths[0].parent)
    return manifests


def _written(
    form: ArticleFormat | CaptureFormat, body: Body, out: Path, about: ExportInfo, part: Path, file: BinaryIO
) -> dict[str, Any]:
    """Let `body` write the draft of `out`, and return its manifest with the fields that it returns."""
    with _compressed(file, compression_of(form, out)) as target:
        manifest_fields = body(target)
    _sync(file)
    with open_file(part) as written:
        digest = hashlib.file_digest(written, "sha256").hexdigest()
    return {
        "file": out.name, **about, "format": form.name, "media_type": form.media_type,
        "compression": COMPRESSIONS.get(out.suffix.lower()),
        "bytes": part.stat().st_size, "sha256": digest, **manifest_fields,
    }  # fmt: skip


def check_writable(out: Path, *, force: bool) -> None:
    """Check, without writing, that `out` may be written: what holds no article needs no force. Raises ConfigError."""
    if not out.parent.is_dir():
        raise ConfigError(str(out), "the folder does not exist", f"mkdir -p {out.parent}")
    if (archive := archive_owning(out)) is not None:
        raise ConfigError(str(out), f"is among the files of the archive {archive}", "name a file of another folder")
    for path in (out, manifest_path(out)) if out.name else (out,):
        if not os.path.lexists(path):
            continue
        if path.is_symlink() or not path.is_file():  # a folder or a device: renaming over it would destroy it
            raise ConfigError(str(path), "exists and is not an ordinary file", "name another file")
        if not force and not _is_empty_export(out):
            raise ConfigError(str(path), "exists already", "--force replaces it and its manifest")


def digest_of_empty_export(manifest_file: Path) -> str | None:
    """Return the SHA-256 that a manifest gives, if an export without any article wrote it; None for any other."""
    try:
        with open_file(manifest_file) as file:
            manifest = json.loads(file.read(MAX_EXPORT_MANIFEST_BYTES))
    except (OSError, ValueError, RecursionError):
        return None
    ours = isinstance(manifest, dict) and str(manifest.get("software")).startswith(EXPORTED_BY)
    return str(manifest.get("sha256")) if ours and manifest.get("rows") == 0 else None


def _is_empty_export(out: Path) -> bool:
    """Return True if a file holds no article and is as an export left it: to replace it loses nothing."""
    digest = digest_of_empty_export(manifest_path(out))
    if digest is None or not out.is_file():
        return False
    with open_file(out) as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == digest


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

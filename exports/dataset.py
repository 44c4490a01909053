"""A dataset: a selection of articles or captures in one format, and beside it a manifest that says what it is.

A half-written file never stays under the name that was asked for: it grows under a temporary name beside it,
is forced to disk, and then takes the name in one step. The manifest follows in the same way, so that a
manifest which is there always speaks of the file that is there.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, get_type_hints

from exports import ArticleFormat, CaptureFormat, ExportInfo, Row
from pipelines.core.errors import ConfigError, os_errors
from pipelines.core.items import Article

if TYPE_CHECKING:
    from pipelines.selection.captures import CaptureSelection

# What a row has besides the fields of `Article`, in the order of `queries.WHOLE_KEYS`.
COLUMNS_BEFORE_ARTICLE = {
    "id": "number of the article in the archive",
    "source": "name of the newspaper's source file; null for a page that belongs to none",
}
COLUMNS_AFTER_ARTICLE = {
    "published_day": "UTC day of `published`; the day it was first seen where that is unknown",
    "text_digest": "SHA-256, hex, of title and text: changes when the article is edited",
    "first_seen": "when the article was first captured, UTC",
    "last_seen": "when it was last seen unchanged on the web, UTC",
    "revision": "number of the state of the text that this row has, from 1",
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
    hints = get_type_hints(Article, include_extras=True)
    return (
        COLUMNS_BEFORE_ARTICLE
        | {field.name: hints[field.name].__metadata__[0] for field in fields(Article)}
        | COLUMNS_AFTER_ARTICLE
    )


@dataclass(slots=True)
class DatasetCounts:
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
    form: ArticleFormat,
    rows: Iterable[Row],
    out: Path,
    about: Mapping[str, Any],
    *,
    raw: bool = False,
    force: bool = False,
    left_out: Mapping[str, int] | None = None,
) -> dict[str, Any]:
    """Write `rows` to `out` (compressed if it ends in .gz) and a manifest beside it; returns the manifest.

    `about` is what only the caller knows: software, time, archive, query, filters; `left_out`, which fills while the
    rows go by, how many of them were held back, by reason. Raises ConfigError if
    `out` cannot be written there or exists and `force` is not set, DiskFull, NotWritable; then nothing is
    left behind.
    """
    meanings = columns()
    stats = DatasetCounts()

    def body(file: BinaryIO) -> dict[str, Any]:
        form.write(stats.watch(rows), file, list(meanings), raw=raw)
        return {
            "raw": raw, "rows": stats.rows, "left_out": dict(left_out or {}),
            "first_day": stats.first, "last_day": stats.last, "order": "id",
            "columns": [{"name": name, "meaning": meaning} for name, meaning in meanings.items()],
        }  # fmt: skip

    return _publish(form, body, out, about, force=force)


def export_captures(
    form: CaptureFormat, selection: CaptureSelection, out: Path, about: ExportInfo, *, force: bool = False
) -> dict[str, Any]:
    """Write captures to `out` and a manifest beside it; returns the manifest. Raises as `export` does."""
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
    """Let `body` write the file; what it returns goes into the manifest."""
    check_writable(out, force=force)
    beside = manifest_path(out)
    compress = out.suffix == ".gz" and not form.suffix.endswith(".gz")
    with os_errors(str(out)), _temporary(out) as part, _temporary(beside) as part_of_manifest:
        with part.open("xb") as file:
            with _compressed(file) if compress else nullcontext(file) as target:
                said = body(target)
            _sync(file)
        with part.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        manifest = {
            "file": out.name, **about, "format": form.name, "media_type": form.media_type,
            "compression": "gzip" if out.suffix == ".gz" else None,
            "bytes": part.stat().st_size, "sha256": digest, **said,
        }  # fmt: skip
        with part_of_manifest.open("x", encoding="utf-8") as manifest_file:
            manifest_file.write(json.dumps(manifest, ensure_ascii=False, indent=2) + "\n")
            _sync(manifest_file)
        check_writable(out, force=force)  # again: an hour may have passed
        beside.unlink(missing_ok=True)  # never an old manifest beside a new file
        part.replace(out)
        part_of_manifest.replace(beside)
        _folder_to_disk(out.parent)
    return manifest


def manifest_path(out: Path) -> Path:
    """Where the manifest of `out` lies."""
    return out.with_name(out.name + ".manifest.json")


def check_writable(out: Path, *, force: bool) -> None:
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


def check_name(form: CaptureFormat, out: Path) -> None:
    """Whether a file of that format may be called so: other programs go by the name. Raises ConfigError."""
    if not out.name.endswith((form.suffix, f"{form.suffix}.gz")):
        raise ConfigError(str(out), f"is no name of a {form.name} file", f"call it {_stem(form, out)}{form.suffix}")
    if out.name.endswith(f"{form.suffix}.gz") and form.name == "wacz":
        raise ConfigError(str(out), "a WACZ file is read in pieces, and is not compressed", "leave out the .gz")


def _stem(form: CaptureFormat, out: Path) -> str:
    """The name of a file without the suffix of its format, or what there is of it."""
    return out.name.removesuffix(".gz").removesuffix(form.suffix.removesuffix(".gz"))


@contextmanager
def _temporary(final: Path) -> Iterator[Path]:
    """A name beside `final` (renaming is one step within a file system), gone afterwards in any case."""
    part = final.with_name(f".morgue-{secrets.token_hex(8)}.part")
    try:
        yield part
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def _compressed(file: BinaryIO) -> Iterator[BinaryIO]:
    # Neither name nor time in the header: the same rows give the same bytes.
    with gzip.GzipFile("", "wb", compresslevel=6, fileobj=file, mtime=0) as body:
        yield body  # type: ignore[misc]  # a GzipFile has all that a format uses of a BinaryIO


def _sync(file: Any) -> None:
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

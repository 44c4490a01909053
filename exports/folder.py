"""Write a dataset as a folder of files with their checksums and a manifest.

A half-written folder never appears under its final name. It is made under a temporary name beside it and renamed in one
step. Only a folder that such an export has made, that holds nothing else, and in which nothing was changed, is ever
replaced.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any

from exports import Content, FolderFormat, Row
from exports.dataset import DatasetCounts, digest_of_empty_export
from exports.drafts import CHECKSUMS_NAME, draft_folder, put_folder_in_place, settle_abandoned
from exports.folder_output import FolderOutput
from pipelines.core.archive_layout import (
    EXPORT_MANIFEST_NAME,
    EXPORTED_BY,
    MAX_EXPORT_MANIFEST_BYTES,
    archive_owning,
)
from pipelines.core.errors import ConfigError, os_errors
from pipelines.core.safe_open import create, open_file, sync_folder

DIGEST_CHARS = 64  # of SHA-256 in hex


def export_folder(
    form: FolderFormat,
    content: Content,
    out: Path,
    *,
    force: bool = False,
    left_out: Mapping[str, int] | None = None,
) -> dict[str, Any]:
    """Write the rows of all parts into the new folder `out`, and return its manifest.

    The other arguments are those of `dataset.export_parts`. Raises ConfigError, DiskFull, NotWritable. After an error
    nothing remains.
    """
    with os_errors(str(out)):
        settle_abandoned(out.parent)  # which may give `out` its name back
    check_folder(out, force=force)
    stats = DatasetCounts()
    rows_of: dict[str, int] = {}

    def watched(parts: Iterable[tuple[str, Iterable[Row]]]) -> Iterator[tuple[str, Iterable[Row]]]:
        for name, rows in parts:
            before = stats.rows
            yield name, stats.watch(rows)
            rows_of[name] = stats.rows - before

    with os_errors(str(out)), draft_folder(out) as (draft, checksums):
        folder = FolderOutput(draft, checksums)
        told = {**content.about, "left_out": {} if left_out is None else left_out}  # the same object: it fills
        fields = form.fill(replace(content, parts=watched(content.parts), about=told), folder)
        checksums.flush()
        digest = _digest(draft / CHECKSUMS_NAME)
        manifest = {
            "folder": out.name, **content.about, "format": form.name, "media_type": form.media_type,
            "files": folder.files, "bytes": folder.bytes, "checksums": CHECKSUMS_NAME, "sha256": digest,
            "raw": content.raw, **stats.manifest_fields(content.columns, left_out),
            "splits": {name: count for name, count in rows_of.items() if name}, **fields,
        }  # fmt: skip
        create(draft / EXPORT_MANIFEST_NAME, json.dumps(manifest, ensure_ascii=False, indent=2).encode() + b"\n")
        os.sync()  # there may be a million files, and to sync each by itself would take hours
        _put_in_place(draft, out, force=force)
    return manifest


def _put_in_place(draft: Path, out: Path, *, force: bool) -> None:
    check_folder(out, force=force)  # something may have appeared since the first check, perhaps an hour ago
    put_folder_in_place(draft, out)
    with suppress(OSError):  # some file systems cannot sync a folder
        sync_folder(out.parent)


def check_folder(out: Path, *, force: bool) -> None:
    """Check, without writing, that the folder `out` may be written. Raises ConfigError."""
    if not out.name or out.name == "..":
        raise ConfigError(str(out), "is no name of a new folder", "name a folder that does not exist yet")
    if not out.parent.is_dir():
        raise ConfigError(str(out), "the folder above it does not exist", f"mkdir -p {out.parent}")
    if (archive := archive_owning(out)) is not None:
        raise ConfigError(str(out), f"is among the files of the archive {archive}", "name another folder")
    if not os.path.lexists(out):
        return
    if out.is_symlink() or not out.is_dir():
        raise ConfigError(str(out), "exists and is not an ordinary folder", "name another folder")
    listed = _checksums_of_export(out)
    if listed is None:
        raise ConfigError(
            str(out), "exists, and no export of Newsmorgue made it", "name a folder that does not exist yet"
        )
    if not force and digest_of_empty_export(out / EXPORT_MANIFEST_NAME) is None:
        raise ConfigError(str(out), "exists already", "--force replaces it")
    if (why := _why_to_keep(out, listed)) is not None:
        cure = "name another folder, or move what you want to keep out of it and delete it"
        raise ConfigError(str(out), f"exists, and {why}", cure)


def _checksums_of_export(out: Path) -> dict[str, str] | None:
    """Return the SHA-256 of each file of a folder that an export has made, by path; None if none has made it.

    The manifest has none: it holds that of the list.
    """
    try:
        with open_file(out / EXPORT_MANIFEST_NAME) as file:
            manifest = json.loads(file.read(MAX_EXPORT_MANIFEST_BYTES))
        with open_file(out / CHECKSUMS_NAME) as file:
            lines = [line.rstrip(b"\n").decode() for line in file]
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(manifest, dict) or not str(manifest.get("software")).startswith(EXPORTED_BY):
        return None
    listed = {line[DIGEST_CHARS + 2 :]: line[:DIGEST_CHARS] for line in lines}
    return listed | {CHECKSUMS_NAME: str(manifest.get("sha256"))}


def _why_to_keep(out: Path, listed: Mapping[str, str]) -> str | None:
    """Return why a folder holds more than an export made, which must not be lost; None if it does not. Reads all files.

    A file that is missing is no reason.
    """
    made = {parent for path in listed for parent in PurePath(path).parents}
    for folder, folders, files in os.walk(out):
        for name in folders:
            path = os.path.relpath(os.path.join(folder, name), out)
            if PurePath(path) not in made or os.path.islink(out / path):
                return f"the export did not make its folder {path}"
        for name in files:
            path = os.path.relpath(os.path.join(folder, name), out)
            if (path != EXPORT_MANIFEST_NAME and path not in listed) or os.path.islink(out / path):
                return f"the export did not make its file {path}"
            if path in listed and _digest(out / path) != listed[path]:
                return f"its file {path} was changed after the export"
    return None


def _digest(path: Path) -> str:
    with open_file(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

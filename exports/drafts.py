"""Make the files and folders of an export under temporary names, and settle what exports left that were killed.

An export holds a lock of the kernel on its draft while it runs. The kernel releases the lock when the process dies, so
the next export in the same folder knows which drafts nobody writes any more. It removes them; but if all of them were
whole and an export was killed while it renamed them, it renames the rest. A folder that takes the place of an earlier
one needs two renames. If an export is killed between them, the next one does the second.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, TypeAlias

from pipelines.core.safe_open import open_descriptor, open_file

RANDOM_BYTES = 8
PREFIX, SUFFIX = ".morgue-export-", ".part"
RENAMES_SUFFIX = ".renames"  # of a list of drafts that are whole, and of their final names
REPLACED_SUFFIX = ".replaced"  # of the earlier folder, until it is removed
REPLACEMENT_SUFFIX = (
    ".replacement"  # of a note that names a whole draft, its final name, and that of the earlier folder
)
Rename: TypeAlias = tuple[Path, Path]  # a draft and its final path, in the same folder
CHECKSUMS_NAME = "SHA256SUMS"  # of a folder, as `sha256sum --check` reads it; on this file is the lock
BUFFER_BYTES = 1 << 18  # of what is written at once


@contextmanager
def draft_file(final: Path) -> Iterator[tuple[Path, BinaryIO]]:
    """Yield a new file in the folder of `final` and its path, which is to be renamed. Otherwise it is removed."""
    path = _draft_path(final)
    try:
        with _locked(path) as file:
            yield path, file
    finally:
        path.unlink(missing_ok=True)


@contextmanager
def draft_folder(final: Path) -> Iterator[tuple[Path, BinaryIO]]:
    """Yield a new folder beside `final`, which is to be renamed, and its open list of checksums."""
    path = _draft_path(final)
    try:
        path.mkdir()
        with _locked(path / CHECKSUMS_NAME) as checksums:
            yield path, checksums
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def _locked(path: Path) -> Iterator[BinaryIO]:
    with open_file(path, "xb", buffering=BUFFER_BYTES) as file:
        with suppress(OSError):  # a file system without locks, on which nothing is removed either
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield file


def _draft_path(final: Path, suffix: str = SUFFIX) -> Path:
    return final.with_name(f"{PREFIX}{secrets.token_hex(RANDOM_BYTES)}{suffix}")


def put_in_place(files: Sequence[Rename], manifests: Sequence[Rename]) -> None:
    """Rename drafts that are whole and durable: all files, then their manifests.

    If that is interrupted, the rest is renamed all the same; if it is killed, by the next export in the folder.
    """
    renames = [*files, *manifests]
    noted = _draft_path(files[0][1], RENAMES_SUFFIX)
    try:
        with _note(noted, [(draft.name, final.name) for draft, final in renames]):
            try:
                for _, manifest in manifests:
                    manifest.unlink(missing_ok=True)  # an old manifest must never describe a new file
                _rename(renames)
            except KeyboardInterrupt:
                _rename(renames)
                raise
    finally:
        noted.unlink(missing_ok=True)


@contextmanager
def _note(path: Path, names: Sequence[object]) -> Iterator[None]:
    """Write what is about to be renamed, durably, and hold the lock on it."""
    with _locked(path) as file:
        file.write(json.dumps(names).encode())
        file.flush()
        os.fsync(file.fileno())
        yield


def _rename(renames: Sequence[Rename]) -> None:
    for draft, final in renames:
        if os.path.lexists(draft):  # not renamed yet
            draft.replace(final)


def put_folder_in_place(draft: Path, final: Path) -> None:
    """Rename a draft that is whole and durable, and remove the earlier folder of its final name. Raises OSError.

    If that is interrupted, it is finished all the same; if it is killed, by the next export beside the folder.
    """
    if not os.path.lexists(final):
        draft.replace(final)
        return
    old, noted = _draft_path(final, REPLACED_SUFFIX), _draft_path(final, REPLACEMENT_SUFFIX)
    try:
        with _note(noted, [draft.name, final.name, old.name]):
            try:
                final.replace(old)
                _finish_replacement(draft, final, old)
            except KeyboardInterrupt:
                _finish_replacement(draft, final, old)
                raise
    finally:
        if not os.path.lexists(old):
            noted.unlink(missing_ok=True)


def _finish_replacement(draft: Path, final: Path, old: Path) -> None:
    """Give the final name to the draft, or back to the earlier folder, if nothing has it; remove the earlier folder."""
    if not os.path.lexists(final):
        try:
            draft.replace(final)
        except OSError:
            old.replace(final)
            raise
    shutil.rmtree(old, ignore_errors=True)


def settle_abandoned(folder: Path) -> None:
    """Finish the renames of exports into this folder that were killed, and remove their other drafts.

    Only as far as this user may, and only what this user's exports have noted.
    """
    for suffix, settle in ((RENAMES_SUFFIX, _settle_renames), (REPLACEMENT_SUFFIX, _settle_replacement)):
        for path in folder.glob(f"{PREFIX}*{suffix}"):
            with suppress(OSError), _abandoned(path) as file:
                if os.fstat(file).st_uid == os.geteuid():
                    settle(path)
                    path.unlink()
    for path in folder.glob(f"{PREFIX}*{SUFFIX}"):
        is_folder = path.is_dir() and not path.is_symlink()
        with suppress(OSError), _abandoned(path / CHECKSUMS_NAME if is_folder else path):
            shutil.rmtree(path) if is_folder else path.unlink()


@contextmanager
def _abandoned(path: Path) -> Iterator[int]:
    """Yield the descriptor of a file with its lock. Raises OSError: it is gone, not ours, or its export is running."""
    file = open_descriptor(path, os.O_RDWR)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield file
    finally:
        os.close(file)


def _settle_replacement(note: Path) -> None:
    """Finish what a note says; nothing if the export was killed while it wrote the note. Raises OSError."""
    with open_file(note) as file:
        try:
            names = [str(name) for name in json.load(file)]
        except (ValueError, TypeError):
            return
    if len(names) != 3 or any(name != Path(name).name for name in names):
        return
    draft, final, old = (note.with_name(name) for name in names)
    if draft.name.startswith(PREFIX) and old.name.startswith(PREFIX) and old.name.endswith(REPLACED_SUFFIX):
        with suppress(FileNotFoundError):  # the draft is gone: `old` has its name again
            _finish_replacement(draft, final, old)


def _settle_renames(path: Path) -> None:
    """Do what a list of renames says; nothing if the export was killed while it wrote the list. Raises OSError."""
    with open_file(path) as file:
        try:
            noted = [(str(draft), str(final)) for draft, final in json.load(file)]
        except (ValueError, TypeError):
            return
    names = [name for pair in noted for name in pair]
    if any(name != Path(name).name for name in names):
        return
    _rename([(path.with_name(draft), path.with_name(final)) for draft, final in noted if draft.startswith(PREFIX)])

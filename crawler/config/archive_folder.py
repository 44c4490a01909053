"""Find the archive folder, and name the files in it. Opens no file; looks at who owns the folder and where it leads.

An archive in the current folder or above it may belong to another user, who wrote its settings: `/tmp/morgue.toml`
would rule every command in /tmp. Such an archive is used only if the user names it.
"""

from __future__ import annotations

import os
import pwd
import shlex
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipelines.core.archive_layout import DATABASE_NAME, SETTINGS_NAME, SOURCES_FOLDER, WARC_FOLDER, WARC_SUFFIX
from pipelines.core.errors import ArchiveDamaged, ConfigError, NoArchive, os_errors
from pipelines.core.terminal import plain
from pipelines.fleet.layout import FLEET_NAME, SHARDS_FOLDER, fleet_above, must_have_its_fleet_file

SETTINGS = SETTINGS_NAME
MAX_TOML_BYTES = 1_000_000  # of morgue.toml or the file of one source; with every setting and its comment it has 20 KB
FileStamp = tuple[int, int, int, int]  # inode, size in bytes, times of the last change of text and file in nanoseconds
SUDO_USER = "SUDO_UID"  # environment variable of sudo: the number of the user who called it


@dataclass(frozen=True, slots=True)
class ArchiveFolder:
    """Name the files of one archive. Those of a shard's settings and sources are in the folder of its fleet.

    Of a fleet, it names the settings and sources; there is no database and no WARC file.
    """

    path: Path

    @property
    def settings_folder(self) -> Path:
        """Return the folder with the settings: the archive's own, or that of the fleet to which it belongs."""
        return fleet_above(self.path) or self.path

    @property
    def settings(self) -> Path:
        return self.settings_folder / SETTINGS

    @property
    def sources(self) -> Path:
        return self.settings_folder / SOURCES_FOLDER

    @property
    def database(self) -> Path:
        return self.path / DATABASE_NAME

    @property
    def warc(self) -> Path:
        return self.path / WARC_FOLDER


def file_stamps(folder: ArchiveFolder) -> dict[str, FileStamp | None]:
    """Return what shows that a settings file has changed, by its name. What cannot be looked at has None."""
    found = {folder.settings.name: _stamp_of(folder.settings)}
    try:
        with os.scandir(folder.sources) as entries:
            found |= {f"sources/{entry.name}": _stamp_of(entry) for entry in entries if entry.name.endswith(".toml")}
    except OSError:
        found["sources"] = None
    return found


def _stamp_of(file: os.PathLike[str] | os.DirEntry[str]) -> FileStamp | None:
    try:
        status = os.stat(file)
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def find(given: str | None = None) -> ArchiveFolder:
    """Return the archive of a command: `-C DIR`, else `MORGUE_ARCHIVE`, else the current folder or one above it.

    Raises NoArchive if the named folder, or every folder from the current one upward, has no `morgue.toml`; ConfigError
    if the archive that was found belongs to another user; ArchiveDamaged for a folder in it that leads elsewhere.
    """
    named = given or os.environ.get("MORGUE_ARCHIVE")
    folder = _named(named, "-C" if given else "MORGUE_ARCHIVE") if named else _around(Path.cwd())
    must_have_its_fleet_file(folder.path)
    for inner in (folder.warc, folder.sources):
        check_linked_folder(inner)
    return folder


def _named(name: str, origin: str) -> ArchiveFolder:
    folder = ArchiveFolder(Path(name).expanduser().absolute())
    if not os.path.lexists(folder.path / SETTINGS):
        raise NoArchive(
            name, f"{origin} names a folder without {SETTINGS}, which is not an archive", f"morgue init {name}"
        )
    return folder


def _around(here: Path) -> ArchiveFolder:
    for path in (here, *here.parents):
        if os.path.lexists(path / SETTINGS):
            folder = ArchiveFolder(path)
            check_owner(folder)
            return folder
    raise NoArchive(
        str(here),
        "there is no archive in this folder or any folder above it",
        "run morgue init NAME, then cd NAME; or say -C DIR",
    )


def check_owner(folder: ArchiveFolder) -> None:
    """Check that no other user made the archive or can change it. Raises ConfigError, MorgueError."""
    cure = f"if you trust its settings, name it: morgue -C {shlex.quote(str(folder.path))} ...; else go elsewhere"
    above = folder.settings_folder
    fleet = (above, above / FLEET_NAME, above / SHARDS_FOLDER)
    for path in (folder.path, folder.settings, folder.sources, folder.warc, folder.database, *fleet):
        with os_errors(str(path)):
            try:
                status = path.lstat()
            except FileNotFoundError:
                continue
        if status.st_uid not in own_users():
            whose = "the archive that was found here" if path == folder.path else path.name
            raise ConfigError(str(folder.path), f"{whose} belongs to {user_name(status.st_uid)}, not to you", cure)
        if status.st_mode & stat.S_IWOTH and not stat.S_ISLNK(status.st_mode):
            what = "this folder" if path == folder.path else path.name
            raise ConfigError(str(folder.path), f"holds an archive, and every user may write to {what}", cure)


def own_users() -> set[int]:
    """Return the numbers of the users whose files are ours: who runs us and, under sudo, also who called it."""
    ours = {os.geteuid()}
    caller = os.environ.get(SUDO_USER, "")
    if os.geteuid() == 0 and caller.isdecimal():
        ours.add(int(caller))
    return ours


def user_name(uid: int) -> str:
    """Return how messages name a user: `user ada (uid 1000)`."""
    try:
        return f"user {plain(pwd.getpwuid(uid).pw_name)} (uid {uid})"
    except KeyError:
        return f"another user (uid {uid})"


def check_linked_folder(path: Path) -> None:
    """Check a folder of the archive that is a symbolic link: it may lead to another disk, not to files of other kinds.

    Raises ArchiveDamaged, MorgueError.
    """
    if not path.is_symlink():
        return
    with os_errors(str(path)):
        why = next(_objections(path), None)
    if why is not None:
        cure = f"if you made this link, see docs/keep-it-safe.md; if not, remove it: rm {shlex.quote(str(path))}"
        raise ArchiveDamaged(str(path), f"is a symbolic link that is not followed: {why}", cure)


def _objections(link: Path) -> Iterator[str]:
    """Yield why a linked folder of an archive is not used. Raises OSError."""
    target = link.resolve()
    if not target.is_dir():
        yield f"{target} is no folder"
        return
    status = target.stat()
    if status.st_uid not in own_users() | {link.parent.stat().st_uid}:
        yield f"{target} belongs to {user_name(status.st_uid)}"
    elif status.st_mode & stat.S_IWOTH:
        yield f"every user may write to {target}"
    owner = next((one for one in (target, *target.parents) if os.path.lexists(one / SETTINGS)), None)
    if owner is not None and owner != link.parent.resolve():
        yield f"{target} is in another archive, {owner}"
    if link.name == WARC_FOLDER:
        strange = next((name for name in sorted(os.listdir(target)) if not _is_warc_name(name)), None)
        if strange is not None:
            yield f"{target} holds other files than WARC files, such as {plain(strange)}"


def _is_warc_name(name: str) -> bool:
    return WARC_SUFFIX in name or name == "lost+found"  # of the root of a disk

"""`safe_open`: nothing but ordinary files, under names that are no links."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest

from pipelines.core import safe_open
from pipelines.core.archive_layout import archive_owning
from pipelines.core.errors import ArchiveDamaged, ConfigError, NotOrdinaryFile, os_errors
from pipelines.core.input_files import MAX_LINE_CHARS, bounded_lines, open_input


def make(path: Path, kind: str) -> Path:
    """Put something under a name that is no ordinary file, or an ordinary file."""
    if kind == "link":
        (path.parent / "victim").write_text("precious")
        path.symlink_to(path.parent / "victim")
    elif kind == "dangling link":
        path.symlink_to(path.parent / "nowhere")
    elif kind == "named pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as server:
            here = os.open(path.parent, os.O_RDONLY)
            server.bind(f"/proc/self/fd/{here}/{path.name}")  # a path of a socket has 107 bytes at most
            os.close(here)
    elif kind == "device":
        return Path("/dev/zero")
    else:
        path.write_text("as it was")
    return path


EVIL = ("link", "dangling link", "named pipe", "folder", "socket", "device")


@pytest.mark.parametrize("flags", [os.O_RDONLY, os.O_RDWR | os.O_CREAT, os.O_WRONLY | os.O_CREAT | os.O_APPEND])
@pytest.mark.parametrize("kind", EVIL)
def test_name_that_leads_to_no_ordinary_file_is_not_opened(tmp_path, kind, flags):
    """At once, with a message that says what is there, and the target of a link is as it was."""
    path = make(tmp_path / "name", kind)
    before = {file.name: file.lstat().st_mode for file in tmp_path.iterdir()}
    with (
        pytest.raises(ArchiveDamaged, match=kind.removeprefix("dangling ").replace("link", "symbolic link")) as refused,
        os_errors(str(path)),
    ):
        safe_open.open_descriptor(path, flags)
    assert refused.value.exit_code == 7
    assert refused.value.cure
    assert {file.name: file.lstat().st_mode for file in tmp_path.iterdir()} == before


def test_file_with_a_second_name_is_read_and_not_written(tmp_path):
    """What is written to it would change the other file."""
    path = make(tmp_path / "name", "file")
    os.link(path, tmp_path / "other")
    assert safe_open.read_bytes(path) == b"as it was"
    with pytest.raises(NotOrdinaryFile, match="second name"):
        safe_open.open_descriptor(path, os.O_RDWR | os.O_CREAT)
    os.close(safe_open.open_descriptor(path, os.O_RDWR, second_name=True))


@pytest.mark.parametrize("kind", ["link", "dangling link", "file"])
def test_draft_replaces_the_name_and_not_what_it_leads_to(tmp_path, kind):
    """Its own name cannot be foreseen, and nothing of it is left."""
    path = make(tmp_path / "name", kind)
    others = {file for file in tmp_path.iterdir() if file != path}
    with safe_open.draft(path) as file:
        file.write(b"new")
        (drafted,) = {*tmp_path.iterdir()} - others - {path}
        assert drafted.name != safe_open.draft_path(path).name
    assert (path.is_symlink(), path.read_bytes()) == (False, b"new")
    assert {*tmp_path.iterdir()} == others | {path}
    assert [file.read_text() for file in others] == ["precious"] * len(others)


def test_failed_draft_leaves_the_old_file(tmp_path):
    """And no draft."""
    path = make(tmp_path / "name", "file")
    with pytest.raises(ZeroDivisionError), safe_open.draft(path):
        raise ZeroDivisionError
    assert [(file, file.read_text()) for file in tmp_path.iterdir()] == [(path, "as it was")]


def test_new_file_is_never_written_over_a_link(tmp_path):
    """Also if it leads nowhere yet."""
    with pytest.raises(OSError, match="symbolic link"):
        safe_open.create(make(tmp_path / "name", "dangling link"), b"x")
    assert not (tmp_path / "nowhere").exists()


def test_private_file_is_closed_to_others(tmp_path):
    """Whatever the umask is, and whatever its mode was."""
    safe_open.create(tmp_path / "new", b"", mode=safe_open.PRIVATE_MODE)
    old = make(tmp_path / "old", "file")
    old.chmod(0o664)
    file = safe_open.open_descriptor(old, os.O_RDONLY)
    safe_open.make_private(file)
    os.close(file)
    assert [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("new", "old")] == [0o600, 0o600]


# Files that the user names


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("dangling link", FileNotFoundError),
        ("named pipe", NotOrdinaryFile),
        ("folder", NotOrdinaryFile),
        ("device", NotOrdinaryFile),
    ],
)
def test_input_that_has_no_end_is_refused(tmp_path, kind, error):
    """With the exit code of a wrong argument; a link is followed, since the user names it."""
    path = make(tmp_path / "name", kind)
    with pytest.raises(error):
        open_input(path)
    with open_input(make(tmp_path / "to a file", "link")) as file:
        assert file.read() == b"precious"
    link = tmp_path / "to what it is"
    link.symlink_to(path)
    with pytest.raises(error):
        open_input(link)


def test_input_of_another_kind_is_a_wrong_argument(tmp_path):
    """Exit code 2, where the same in an archive is damage."""
    with pytest.raises(ConfigError, match="is a named pipe") as refused, os_errors("name"):
        open_input(make(tmp_path / "name", "named pipe"))
    assert "standard input" in refused.value.cure


def test_pipe_that_the_shell_made_is_read(tmp_path):
    """`morgue crawl --urls <(grep ...)`."""
    read, write = os.pipe()
    os.write(write, b"https://paper.example/\n")
    os.close(write)
    with open_input(f"/dev/fd/{read}", "r", may_be_pipe=True) as lines:
        assert [*bounded_lines(lines, "list")] == ["https://paper.example/\n"]
    with pytest.raises(NotOrdinaryFile):
        open_input(f"/dev/fd/{read}")
    os.close(read)


def test_endless_line_is_read_only_up_to_the_limit():
    """Counted in characters, not in seconds."""

    class Zeros:
        given = 0

        def readline(self, most: int) -> str:
            self.given += most
            return "\0" * most

    zeros = Zeros()
    with pytest.raises(ConfigError, match="line 1: is longer than 1,000,000 characters"):
        [*bounded_lines(zeros, "list")]  # type: ignore[arg-type]
    assert zeros.given == MAX_LINE_CHARS + 1


def test_endless_list_is_read_only_up_to_the_limit(monkeypatch):
    """Short lines without end, too."""

    class Lines:
        given = 0

        def readline(self, _most: int) -> str:
            self.given += 1
            return "https://paper.example/\n"

    monkeypatch.setattr("pipelines.core.input_files.MAX_LIST_CHARS", 2300)
    lines = Lines()
    with pytest.raises(ConfigError, match="is longer than 2,300 characters"):
        [*bounded_lines(lines, "list")]  # type: ignore[arg-type]
    assert lines.given == 101


# Names of an archive


@pytest.mark.parametrize(
    ("name", "is_own"),
    [
        ("morgue.db", True), ("MORGUE.DB", True), ("morgue.db-wal", True), ("morgue.db.before-20260101000000", True),
        ("morgue.toml", True), ("morgue.lock", True), ("manifest.jsonl", True), ("warc/x.warc.gz", True),
        ("warc/deep/x", True), ("sources/x.toml", True), ("out/x", False), ("dataset.jsonl", False),
        ("linked/x.warc.gz", True), ("out/../warc/x", True), ("morgue.toml.manifest.json", False),
    ],
)  # fmt: skip
def test_names_of_an_archive_are_its_own(tmp_path, name, is_own):
    """Also by a way through links, and in any case."""
    for folder in ("warc/deep", "sources", "out"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "morgue.toml").touch()
    (tmp_path / "linked").symlink_to(tmp_path / "warc")
    assert (archive_owning(tmp_path / name) is not None) == is_own

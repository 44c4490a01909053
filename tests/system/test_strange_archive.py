"""Test a stranger's archive, and files that are no files: commands refuse them, and nothing outside is touched."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.command import LOOPBACK, make_archive, morgue


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an empty archive."""
    return make_archive(tmp_path_factory.mktemp("whole") / "archive")


@pytest.mark.parametrize("name", ["morgue.lock", "morgue.toml", "manifest.jsonl", "morgue.db", "morgue.db-wal"])
def test_crawl_of_an_archive_with_a_link_changes_no_other_file(archive, tmp_path, name):
    """Whatever is a link, the command says so, names the file and does nothing."""
    victim = tmp_path / "victim.txt"
    victim.write_text("precious\n")
    (archive / name).unlink(missing_ok=True)
    (archive / name).symlink_to(victim)
    done = morgue("-C", archive, "crawl")
    assert done.returncode in (2, 7), done.stderr
    assert name in done.stderr
    assert "symbolic link" in done.stderr
    assert victim.read_text() == "precious\n"
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["victim.txt"]


def test_source_that_is_a_link_is_not_read(archive, tmp_path):
    """Nor what it leads to."""
    secret = tmp_path / "secret.toml"
    secret.write_text('url = "https://paper.example/"\n')
    (archive / "sources" / "paper.toml").symlink_to(secret)
    done = morgue("-C", archive, "crawl")
    assert "sources/paper.toml: is a symbolic link" in done.stdout
    assert "paper.example" not in done.stdout


@pytest.mark.parametrize("words", [("search", "pier"), ("sources",)], ids=lambda words: words[0])
def test_settings_that_are_a_pipe_are_named_and_not_waited_for(archive, words):
    """The archive can be read without them."""
    (archive / "morgue.toml").unlink()
    os.mkfifo(archive / "morgue.toml")
    done = morgue("-C", archive, *words, timeout=60)
    assert "morgue.toml: is a named pipe" in done.stderr


def test_rebuild_names_the_file_that_is_no_warc_file(archive):
    """Not the database that it is making."""
    os.mkfifo(archive / "warc" / "strange.warc.gz")
    done = morgue("-C", archive, "rebuild", timeout=60)
    assert done.returncode == 7, done.stderr
    assert "strange.warc.gz: is a named pipe" in done.stderr
    assert "rebuilding" not in done.stderr


PIPES = {
    "import": ("-C", "archive", "import", "pipe"),
    "import of a list": ("-C", "archive", "import", "list"),
    "crawl --urls": ("-C", "archive", "crawl", "--urls", "pipe"),
    "crawl --urls DEVICE": ("-C", "archive", "crawl", "--urls", "/dev/zero"),
    "add --urls": ("-C", "archive", "add", "--urls", "pipe"),
    "extract": ("extract", "pipe"),
    "extract of a device": ("extract", "/dev/zero"),
}


@pytest.mark.parametrize("words", PIPES.values(), ids=PIPES)
def test_pipe_or_device_is_refused_at_once(whole, tmp_path, words):
    """Without a writer, a named pipe would be waited for; a device has no end."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "archive").symlink_to(whole)
    (tmp_path / "list").write_text(f"{tmp_path}/pipe\n")
    done = morgue(*words, cwd=tmp_path, timeout=60)
    assert done.returncode in (1, 2), done.stdout + done.stderr
    assert "is a named pipe" in done.stdout + done.stderr or "is a device" in done.stdout + done.stderr


def test_endless_line_on_standard_input_is_an_error(whole):
    """Its length is counted, not its time."""
    done = morgue("-C", whole, "crawl", "--urls", "-", stdin="a" * 1_000_002)
    assert (done.returncode, "line 1: is longer than 1,000,000 characters" in done.stderr) == (2, True)


def contents(archive: Path) -> dict[Path, bytes]:
    """Return what is in the files of an archive; SQLite may make its own beside the database to read it."""
    files = (path for path in archive.rglob("*") if path.is_file() and not path.name.startswith("morgue.db-"))
    return {path: path.read_bytes() for path in files}


@pytest.mark.parametrize("out", ["morgue.db", "morgue.toml", "warc/x.jsonl", "sources/x.jsonl", "link/x.jsonl"])
def test_export_is_not_written_over_the_archive(archive, out):
    """--force replaces datasets, no more."""
    (archive / "link").symlink_to(archive / "warc")
    before = contents(archive)
    done = morgue("-C", archive, "export", "jsonl", archive / out, "--force")
    assert done.returncode == 2, done.stderr
    assert "among the files of the archive" in done.stderr
    assert contents(archive) == before


def test_log_is_not_appended_to_the_database(archive):
    """Nor through a link."""
    before = (archive / "morgue.db").read_bytes()
    (archive / "crawl.log").symlink_to("morgue.db")
    for name in ("morgue.db", "crawl.log"):
        done = morgue("-C", archive, "crawl", "--log", archive / name)
        assert done.returncode == 6, done.stderr
    assert (archive / "morgue.db").read_bytes() == before


def test_held_lock_is_said_to_a_timer_if_it_may_never_end(archive):
    """A crawl that runs is no news; a lock of another program is."""
    import fcntl

    (archive / "morgue.lock").touch()
    with (archive / "morgue.lock").open() as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        done = morgue("-C", archive, "crawl", "--quiet")
    assert (done.returncode, done.stdout) == (4, "")
    assert "which is not morgue" in done.stderr


def test_trigger_in_a_database_from_elsewhere_is_not_run(archive):
    """rebuild is named, and makes a database without it."""
    with closing(sqlite3.connect(archive / "morgue.db")) as db, db:
        db.execute("CREATE TRIGGER evil AFTER INSERT ON crawls BEGIN DELETE FROM articles; END")
    done = morgue("-C", archive, "crawl")
    assert (done.returncode, "`morgue rebuild`" in done.stderr) == (7, True)
    assert morgue("-C", archive, "rebuild").returncode == 0
    assert morgue("-C", archive, "verify").returncode == 0
    assert morgue("-C", archive, "crawl").returncode == 0


def test_source_cannot_set_a_proxy(archive):
    """The message names where it can be set."""
    text = 'url = "https://paper.example/"\n[crawl]\nproxy = "http://192.0.2.1:3128"\n'
    (archive / "sources" / "paper.toml").write_text(text)
    done = morgue("-C", archive, "crawl")
    assert "[crawl] proxy: holds for the whole archive" in done.stdout
    assert "-s crawl.proxy=VALUE" in done.stdout


@pytest.mark.parametrize("change", ["hint = '[1]'", "hint = '[1'", "url = 'javascript:x'"])
def test_damaged_row_ends_its_visit_and_not_the_crawl(archive, change):
    """The crawl ends, and names what is wrong."""
    (archive / "sources" / "paper.toml").write_text('url = "http://127.0.0.1:1/"\n')
    words = ("-C", archive, *LOOPBACK, "crawl")
    morgue(*words)
    with closing(sqlite3.connect(archive / "morgue.db")) as db:
        db.execute(f"UPDATE frontier SET {change}, state = 'waiting', next_visit = '2020-01-01T00:00:00Z'")
        db.commit()
    done = morgue(*words, timeout=60)
    assert "damaged row" in done.stdout + done.stderr

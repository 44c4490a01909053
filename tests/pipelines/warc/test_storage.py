"""Laws of the folder of WARC files: what counts as what, and what may be replaced."""

from __future__ import annotations

import errno
import os
import pickle
import shutil

import pytest

from crawler.cli.main import main
from pipelines.core.errors import MorgueError, NotFound, NotWritable
from pipelines.warc.storage import FileStatus, WarcListing, WarcStorage, is_unfinished, sha256_of
from tests.support.command import make_archive, rows
from tests.support.verifiable_archive import build


@pytest.fixture
def storage(tmp_path):
    """Return a storage with one file of each kind."""
    for name in ("b.warc.gz", "a.warc.gz", "c.warc.gz.open", "d.warc.gz.damaged", "a.warc.gz.part", "notes.txt"):
        (tmp_path / name).write_bytes(name.encode())
    (tmp_path / "copies").mkdir()
    (tmp_path / "copies" / "e.warc.gz").touch()
    return WarcStorage(tmp_path)


def test_listing_sorts_files_by_their_suffix(storage):
    """A WARC file in a subfolder is not one of the archive's."""
    others = ["a.warc.gz.part", "copies/e.warc.gz", "d.warc.gz.damaged", "notes.txt"]
    assert storage.list() == WarcListing(["a.warc.gz", "b.warc.gz"], ["c.warc.gz"], others)


def test_listing_of_missing_folder_is_empty(tmp_path):
    """An archive without a crawl has no folder yet; `prepare` makes it."""
    storage = WarcStorage(tmp_path / "warc")
    assert storage.list() == WarcListing([], [], [])
    storage.prepare()
    storage.prepare()
    assert storage.folder.is_dir()


@pytest.mark.parametrize("number", [errno.EIO, errno.EACCES])
@pytest.mark.parametrize("command", ["rebuild", "remove {url} --reason x --yes"])
def test_unreadable_folder_is_an_error_and_no_empty_archive(tmp_path, monkeypatch, capsys, number, command):
    """A rebuild would put an empty database in place, and a takedown would leave the record in its file."""
    archive = shutil.copytree(build(tmp_path / "captures"), make_archive(tmp_path / "archive"), dirs_exist_ok=True)
    (url, count) = rows(archive, "SELECT max(url), count(*) FROM captures WHERE record_type = 'response'")[0]

    def scandir(path):
        if os.path.basename(path) == "warc":
            raise OSError(number, os.strerror(number), str(path))
        return real(path)

    real = os.scandir
    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(MorgueError):
        WarcStorage(archive / "warc").list()
    with pytest.raises(SystemExit) as ended:
        main(["-C", str(archive), *command.format(url=url).split()])
    assert ended.value.code not in (0, None)
    assert "warc" in capsys.readouterr().err
    assert rows(archive, "SELECT max(url), count(*) FROM captures WHERE record_type = 'response'") == [(url, count)]


def test_open_reads_unfinished_file_by_its_final_name(storage):
    """The rows of a capture name the file as it will be called."""
    with storage.open("c.warc.gz") as file:
        assert (file.read(), is_unfinished(file)) == (b"c.warc.gz.open", True)
    with storage.open("a.warc.gz") as file:
        assert (file.read(), is_unfinished(file)) == (b"a.warc.gz", False)


def test_open_of_missing_file_raises_not_found(storage):
    """The message names the path and the cure."""
    with pytest.raises(NotFound, match=r"no such WARC file\n  put it back"):
        storage.open("x.warc.gz")


def test_names_never_lead_out_of_the_folder(storage):
    """A row of a database from elsewhere may name any path."""
    with pytest.raises(NotFound):
        storage.open("../../etc/passwd")
    assert not storage.has("copies/e.warc.gz")


def test_size_and_status_measure_one_file(storage):
    """`size` is for finished files and knows no error; `status` is exact."""
    assert (storage.size("a.warc.gz"), storage.size("c.warc.gz")) == (9, None)
    status = os.stat(storage.folder / "c.warc.gz.open")
    assert storage.status("c.warc.gz.open") == FileStatus(14, status.st_mtime_ns)
    with pytest.raises(FileNotFoundError):
        storage.status("c.warc.gz")
    assert storage.has("c.warc.gz")


def test_created_file_is_locked_and_its_name_taken(storage):
    """Until its writer ends, crash recovery leaves it alone."""
    file = storage.create("f.warc.gz")
    assert (storage.create("f.warc.gz"), storage.create("a.warc.gz")) == (None, None)
    assert (storage.is_being_written("f.warc.gz"), storage.lock_unfinished("f.warc.gz")) == (True, None)
    os.close(file)
    assert not storage.is_being_written("f.warc.gz")
    os.close(storage.lock_unfinished("f.warc.gz"))


def test_finish_never_overwrites_another_file(storage):
    """A file of that name may have been copied into the folder meanwhile."""
    (storage.folder / "c.warc.gz").write_bytes(b"other")
    with pytest.raises(NotWritable):
        storage.finish("c.warc.gz")
    assert sorted(storage.list().unfinished) == ["c.warc.gz"]
    os.remove(storage.folder / "c.warc.gz")
    storage.finish("c.warc.gz")
    assert storage.list().finished == ["a.warc.gz", "b.warc.gz", "c.warc.gz"]


def test_finish_completes_link_that_a_crash_left_half_done(storage):
    """A crash between link and unlink leaves one file under both names."""
    os.link(storage.folder / "c.warc.gz.open", storage.folder / "c.warc.gz")
    storage.finish("c.warc.gz")
    assert (storage.size("c.warc.gz"), storage.list().unfinished) == (14, [])


def test_part_replaces_finished_file(storage):
    """In one step; a part that is discarded changes nothing."""
    assert (storage.has_part("a.warc.gz"), storage.has_part("b.warc.gz")) == (True, False)
    storage.replace_by_part("a.warc.gz")
    assert (storage.size("a.warc.gz"), storage.has_part("a.warc.gz")) == (14, False)
    with storage.create_part("b.warc.gz") as file:
        file.write(b"new")
    storage.discard_part("b.warc.gz")
    storage.discard_part("b.warc.gz")
    assert (storage.size("b.warc.gz"), storage.has_part("b.warc.gz")) == (9, False)


def test_unfinished_file_is_discarded_or_set_aside(storage):
    """Crash recovery removes an empty file, and renames one in which nothing can be read."""
    os.close(storage.create("f.warc.gz"))
    storage.discard("f.warc.gz")
    assert storage.set_aside("c.warc.gz") == "c.warc.gz.damaged"
    assert storage.list().unfinished == []
    assert (storage.folder / "c.warc.gz.damaged").read_bytes() == b"c.warc.gz.open"


def test_sha256_is_of_exactly_one_file(storage):
    """The manifest's sum of a file is taken before the file is renamed."""
    assert storage.sha256("c.warc.gz.open") == sha256_of(storage.folder / "c.warc.gz.open")


def test_storage_can_be_sent_to_another_process(storage):
    """Worker processes of verify and rebuild get it as an argument."""
    assert pickle.loads(pickle.dumps(storage)) == storage

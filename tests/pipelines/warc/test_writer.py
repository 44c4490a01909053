"""Writing WARC files: appended records are read back, and a full disk tears none."""

from __future__ import annotations

import errno
import fcntl
import gzip
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from pipelines.core import timestamps
from pipelines.core.errors import ConfigError, DiskFull, NotWritable
from pipelines.warc.record import WarcFields, WarcRecord
from pipelines.warc.storage import WarcStorage
from pipelines.warc.writer import WarcWriter
from tests.support.command import ROOT
from tests.support.warc_files import read_block, read_member, walk
from tests.support.warc_records import INFO, assert_valid, noise, record, response


def test_appended_record_is_read_back_by_location(tmp_path: Path) -> None:
    """(file, offset, length) gives the record again, while the file is open and after."""
    writer = WarcWriter(WarcStorage(tmp_path), info=INFO)
    blocks = [response(noise(n)) for n in (0, 1, 100_000)] + [b"", bytes(range(256))]
    places = [writer.append([record(block)])[0] for block in blocks]
    for place, block in zip(places, blocks, strict=True):
        assert (tmp_path / (place.file + ".open")).is_file()
        assert read_block(tmp_path / place.file, place.offset, place.length) == block
    writer.close()
    for place, block in zip(places, blocks, strict=True):
        assert read_block(tmp_path / place.file, place.offset, place.length) == block
        assert read_member(tmp_path / place.file, place.offset, place.length).startswith(b"WARC/1.1\r\nWARC-Type: ")


def test_name_of_a_lost_file_is_not_given_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within the second in which it was begun; so the manifest still says that it is missing."""
    now = timestamps.now()
    monkeypatch.setattr(timestamps, "now", lambda: now)
    (tmp_path / "warc").mkdir()
    names = []
    for _ in range(2):
        writer = WarcWriter(WarcStorage(tmp_path / "warc"), info=INFO, manifest_path=tmp_path / "manifest.jsonl")
        names.append(writer.append([record(response(noise(1)))])[0].file)
        writer.close()
        (tmp_path / "warc" / names[-1]).unlink()
    assert names[0] != names[1]


def test_every_record_is_one_gzip_member(tmp_path: Path) -> None:
    """Members inflate one by one; gzip, warcio check and warcio index find no fault."""
    writer = WarcWriter(WarcStorage(tmp_path), info=INFO)
    places = writer.append([record(response(b"a" * 5000)), record(response(b"b"))])
    writer.close()
    path = tmp_path / places[0].file
    data = path.read_bytes()
    for place in places:
        assert gzip.decompress(data[place.offset : place.offset + place.length]).endswith(b"\r\n\r\n")
    assert [found.offset for found in walk(path)][1:] == [place.offset for place in places]
    assert_valid(path)


def test_file_begins_with_its_warcinfo(tmp_path: Path) -> None:
    """Section 6.1: the record says who wrote the file, how, and the name that the file has once it is finished."""
    writer = WarcWriter(WarcStorage(tmp_path), prefix="my paper", info=INFO)
    (place,) = writer.append([record()])
    warcinfo_id = writer.warcinfo_id()
    writer.close()
    first = next(walk(tmp_path / place.file))
    assert place.file.startswith("my_paper-2")
    assert first.headers.get("warc-type") == "warcinfo"
    assert first.headers.get("WARC-Record-ID") == warcinfo_id
    assert first.headers.get("WARC-Filename") == place.file
    lines = first.block.decode().splitlines()
    assert lines[0] == "software: Newsmorgue 0"
    assert "operator: Mörgue <a@example.org>" in lines
    assert "format: WARC File Format 1.1" in lines


def test_writer_without_records_makes_no_file(tmp_path: Path) -> None:
    """A file begins with its first record."""
    writer = WarcWriter(WarcStorage(tmp_path), info=INFO)
    writer.sync()
    writer.close()
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_rotation_happens_between_groups(tmp_path: Path) -> None:
    """A file that has reached `max_size` is finished before the next group; a group is never split."""
    writer = WarcWriter(WarcStorage(tmp_path), max_size=10_000, info=INFO)
    groups = []
    for number in range(12):
        warcinfo_id = writer.warcinfo_id()
        places = writer.append([record(response(noise(4000, number))), record(response(noise(4000, 99)))])
        groups.append((warcinfo_id, places))
    writer.close()
    files = sorted(path.name for path in tmp_path.iterdir())
    assert len(files) == 6
    assert all(name.endswith(".warc.gz") for name in files)
    for warcinfo_id, places in groups:
        assert len({place.file for place in places}) == 1
        assert next(walk(tmp_path / places[0].file)).headers.get("WARC-Record-ID") == warcinfo_id
    for name in files:
        assert_valid(tmp_path / name)


def test_two_writers_never_share_a_file(tmp_path: Path) -> None:
    """Names are unique even within the same second."""
    writers = [WarcWriter(WarcStorage(tmp_path), info=INFO) for _ in range(5)]
    names = {writer.append([record()])[0].file for writer in writers}
    assert len(names) == 5
    for writer in writers:
        writer.close()
    assert {path.name for path in tmp_path.iterdir()} == names


def test_finishing_overwrites_no_file(tmp_path: Path) -> None:
    """A file that turned up under the final name stays, and so does the open one."""
    writer = WarcWriter(WarcStorage(tmp_path), info=INFO)
    (place,) = writer.append([record()])
    (tmp_path / place.file).write_bytes(b"somebody else's")
    with pytest.raises(NotWritable, match="not overwritten"):
        writer.close()
    assert (tmp_path / place.file).read_bytes() == b"somebody else's"
    assert (tmp_path / (place.file + ".open")).is_file()


@pytest.mark.parametrize("value", ["a\r\nWARC-Type: response", "a\nb", "a\rb", "a\0b"])
def test_line_break_cannot_forge_a_field(tmp_path: Path, value: str) -> None:
    """Section 4: a value with CR, LF or NUL is refused everywhere, and encoded in a URI."""
    with pytest.raises(ConfigError):
        WarcWriter(WarcStorage(tmp_path), info={"operator": value})
    writer = WarcWriter(WarcStorage(tmp_path), info=INFO)
    with pytest.raises(ValueError, match="line break"):
        writer.append([WarcRecord(WarcFields((("WARC-Type", value),)), b"")])
    (place,) = writer.append([record(url=f"http://example.org/{value}")])
    writer.close()
    found = list(walk(tmp_path / place.file))
    assert len(found) == 2
    assert found[1].headers.all("WARC-Type") == ["response"]


# A full disk


@pytest.fixture
def small_disk(tmp_path: Path) -> Path:
    """Mount a file system of 256 KiB, and return a folder on it."""
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip("mounting is not allowed here")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_full_disk_leaves_no_torn_tail(small_disk: Path) -> None:
    """DiskFull is raised, the file ends with its last whole group, and it can still be finished."""
    writer = WarcWriter(WarcStorage(small_disk), info=INFO)
    places = writer.append([record(response(noise(100_000, 1)))])
    with pytest.raises(DiskFull):
        writer.append([record(response(noise(50_000, 2))), record(response(noise(200_000, 3)))])
    places += writer.append([record(b"small enough")])
    writer.close()
    path = small_disk / places[0].file
    assert [found.offset for found in walk(path)][1:] == [place.offset for place in places]
    subprocess.run(["gzip", "-t", path], check=True)


def test_full_disk_at_the_beginning_leaves_no_file(small_disk: Path) -> None:
    """If not even the warcinfo record fits, the new file is removed again."""
    (small_disk / "filler").write_bytes(b"x" * (256 * 1024))
    writer = WarcWriter(WarcStorage(small_disk), info=INFO)
    with pytest.raises(DiskFull):
        writer.append([record()])
    assert [path.name for path in small_disk.iterdir()] == ["filler"]


def test_file_size_limit_leaves_no_torn_tail(tmp_path: Path) -> None:
    """A limit of the operating system on the size of a file acts like a full disk. It is set in a process of its
    own."""
    script = """
        import resource, signal, sys
        from pathlib import Path
        from pipelines.warc.storage import WarcStorage
        from pipelines.warc.writer import WarcWriter
        from tests.support.warc_records import INFO, noise, record, response, with_warcinfo_id
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, resource.RLIM_INFINITY))
        writer = WarcWriter(WarcStorage(Path(sys.argv[1])), info=INFO)
        writer.append([record(response(noise(40_000)))])
        try:
            writer.append([record(response(noise(40_000, 2)))])
        except Exception as error:
            print(type(error).__name__)
        writer.append([record(response(noise(1_000, 3)))])
        writer.close()
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), tmp_path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "MorgueError"  # EFBIG
    (path,) = tmp_path.iterdir()
    assert len(list(walk(path))) == 3
    subprocess.run(["gzip", "-t", path], check=True)


def test_failed_cut_is_repeated_by_the_next_append(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If cutting back fails as well, the next append cuts before it writes, so offsets stay true."""
    writer = WarcWriter(WarcStorage(tmp_path), info=INFO)
    writer.append([record()])
    real_write, real_cut = os.pwrite, os.ftruncate

    def half(file: int, data: bytes, at: int) -> int:
        real_write(file, bytes(data)[:10], at)
        raise OSError(errno.EIO, "input/output error")

    def stuck(file: int, size: int) -> None:
        raise OSError(errno.EIO, "input/output error")

    monkeypatch.setattr(os, "pwrite", half)
    monkeypatch.setattr(os, "ftruncate", stuck)
    with pytest.raises(Exception, match="input/output"):
        writer.append([record()])
    monkeypatch.setattr(os, "pwrite", real_write)
    monkeypatch.setattr(os, "ftruncate", real_cut)
    (place,) = writer.append([record(b"after")])
    writer.close()
    assert read_block(tmp_path / place.file, place.offset, place.length) == b"after"
    assert_valid(tmp_path / place.file)


def test_unwritable_folder_raises_an_error_of_ours(tmp_path: Path) -> None:
    """The folder does not exist, or belongs to another user."""
    with pytest.raises(Exception, match="No such file"):
        WarcWriter(WarcStorage(tmp_path / "nowhere"), info=INFO).append([record()])


def test_finished_file_is_not_locked(tmp_path: Path) -> None:
    """A finished file carries no lock."""
    writer = WarcWriter(WarcStorage(tmp_path), info=INFO)
    (place,) = writer.append([record()])
    writer.close()
    with (tmp_path / place.file).open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

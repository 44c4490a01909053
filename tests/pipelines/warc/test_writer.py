"""WARC files on disk: what was appended is read back; a crash costs at most the record that it tore."""

from __future__ import annotations

import errno
import fcntl
import gzip
import os
import random
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from pipelines.core.errors import ArchiveDamaged, ConfigError, DiskFull, NotFound, NotWritable
from pipelines.warc.reader import read_block, read_member, walk
from pipelines.warc.record import WarcFields, WarcRecord, member, parsed
from pipelines.warc.writer import WarcWriter, recover
from tests.support.command import ROOT
from tests.support.external_tools import faults
from tests.support.warc_records import INFO, noise, open_file, record, response

BIN = Path(sys.executable).parent


def checkers(path: Path) -> None:
    """Check that other people's tools find no fault in a file."""
    assert faults(path) == []
    listed = subprocess.run([BIN / "warcio", "index", path], check=True, capture_output=True, text=True)
    assert len(listed.stdout.splitlines()) == len(list(walk(path)))


# Writing


def test_appended_record_is_read_back_by_location(tmp_path: Path) -> None:
    """(file, offset, length) gives the record again, while the file is open and after."""
    writer = WarcWriter(tmp_path, info=INFO)
    blocks = [response(noise(n)) for n in (0, 1, 100_000)] + [b"", bytes(range(256))]
    places = [writer.append([record(block)])[0] for block in blocks]
    for place, block in zip(places, blocks, strict=True):
        assert (tmp_path / (place.file + ".open")).is_file()
        assert read_block(tmp_path / place.file, place.offset, place.length) == block
    writer.close()
    for place, block in zip(places, blocks, strict=True):
        assert read_block(tmp_path / place.file, place.offset, place.length) == block
        assert read_member(tmp_path / place.file, place.offset, place.length).startswith(b"WARC/1.1\r\nWARC-Type: ")


def test_every_record_is_one_gzip_member(tmp_path: Path) -> None:
    """Members inflate one by one; gzip, warcio check and warcio index find no fault."""
    writer = WarcWriter(tmp_path, info=INFO)
    places = writer.append([record(response(b"a" * 5000)), record(response(b"b"))])
    writer.close()
    path = tmp_path / places[0].file
    data = path.read_bytes()
    for place in places:
        assert gzip.decompress(data[place.offset : place.offset + place.length]).endswith(b"\r\n\r\n")
    assert [found.offset for found in walk(path)][1:] == [place.offset for place in places]
    checkers(path)


def test_file_begins_with_its_warcinfo(tmp_path: Path) -> None:
    """Section 6.1: the record says who wrote the file, how, and the name that the file has once it is finished."""
    writer = WarcWriter(tmp_path, prefix="my paper", info=INFO)
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
    writer = WarcWriter(tmp_path, info=INFO)
    writer.sync()
    writer.close()
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_rotation_happens_between_groups(tmp_path: Path) -> None:
    """A file that has reached `max_size` is finished before the next group; a group is never split."""
    writer = WarcWriter(tmp_path, max_size=10_000, info=INFO)
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
        checkers(tmp_path / name)


def test_two_writers_never_share_a_file(tmp_path: Path) -> None:
    """Names are unique even within the same second."""
    writers = [WarcWriter(tmp_path, info=INFO) for _ in range(5)]
    names = {writer.append([record()])[0].file for writer in writers}
    assert len(names) == 5
    for writer in writers:
        writer.close()
    assert {path.name for path in tmp_path.iterdir()} == names


def test_finishing_overwrites_no_file(tmp_path: Path) -> None:
    """A file that turned up under the final name stays, and so does the open one."""
    writer = WarcWriter(tmp_path, info=INFO)
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
        WarcWriter(tmp_path, info={"operator": value})
    writer = WarcWriter(tmp_path, info=INFO)
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
    writer = WarcWriter(small_disk, info=INFO)
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
    writer = WarcWriter(small_disk, info=INFO)
    with pytest.raises(DiskFull):
        writer.append([record()])
    assert [path.name for path in small_disk.iterdir()] == ["filler"]


def test_file_size_limit_leaves_no_torn_tail(tmp_path: Path) -> None:
    """A limit of the operating system on the size of a file acts like a full disk. It is set in a process of its
    own."""
    script = """
        import resource, signal, sys
        from pathlib import Path
        from pipelines.warc.writer import WarcWriter
        from tests.support.warc_records import INFO, noise, record, response, with_warcinfo_id
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, resource.RLIM_INFINITY))
        writer = WarcWriter(Path(sys.argv[1]), info=INFO)
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
    writer = WarcWriter(tmp_path, info=INFO)
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
    checkers(tmp_path / place.file)


def test_unwritable_folder_raises_an_error_of_ours(tmp_path: Path) -> None:
    """The folder does not exist, or belongs to another user."""
    with pytest.raises(Exception, match="No such file"):
        WarcWriter(tmp_path / "nowhere", info=INFO).append([record()])


# Reading


def test_walk_raises_at_damage_or_goes_on_after_reporting_it(tmp_path: Path) -> None:
    """A flipped bit is found; with `on_damage` the walk goes on after it."""
    path, places = open_file(tmp_path)
    data = bytearray(path.read_bytes())
    data[places[4].offset + places[4].length // 2] ^= 0x10
    path.write_bytes(data)
    with pytest.raises(ArchiveDamaged, match=f"byte {places[4].offset}"):
        list(walk(path))
    damages: list[tuple[int, int, str]] = []
    found = [one.offset for one in walk(path, on_damage=lambda *what: damages.append(what))]
    assert found[1:] == [place.offset for place in places if place != places[4]]
    assert [(offset, length) for offset, length, _ in damages] == [places[4][1:]]


def test_wrong_location_is_damage(tmp_path: Path) -> None:
    """An offset or length that is not a member's, and a file that is not there."""
    path, places = open_file(tmp_path)
    closed = tmp_path / places[0].file
    for offset, length in [(places[0].offset + 1, places[0].length), (places[0].offset, places[0].length - 1),
                           (places[0].offset, places[0].length + 1), (path.stat().st_size, 10)]:  # fmt: skip
        with pytest.raises(ArchiveDamaged):
            read_block(closed, offset, length)
    with pytest.raises(NotFound):
        read_block(tmp_path / "other.warc.gz", 0, 10)


def test_parsed_undoes_member() -> None:
    """Fields keep their order, repeated ones too, with any block."""
    one = WarcRecord(
        WarcFields((("A", "b: c"), ("WARC-Protocol", "x"), ("warc-protocol", "ü"))), b"\r\n\r\n\x00WARC/1.1\r\n"
    )
    again = parsed(gzip.decompress(member(one)))
    assert (again.fields[:-1], again.block) == (one.fields, one.block)
    assert again.fields.all("WARC-PROTOCOL") == ["x", "ü"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"WARC/1.1\r\n",
        b"WARC/1.1\r\nContent-Length: 3\r\n\r\nab\r\n\r\n",
        b"WARC/1.1\r\nContent-Length: 1\r\n\r\nab\r\n\r\n",
        b"WARC/1.1\r\nA: b\r\n\r\n\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n\r\n\r\n",
    ],
)
def test_data_that_is_not_exactly_one_record_is_refused(data: bytes) -> None:
    """A record must end where its Content-Length says (section 4)."""
    with pytest.raises(ValueError, match="WARC record"):
        parsed(data)


# Recovery


def mended(folder: Path) -> list[str]:
    """Recover a folder; return what `recover` reports."""
    return [sentence for file in recover(folder) for sentence in file.said]


@pytest.mark.parametrize("cut", [1, 4, 7, 8, 9, 20, 100, 500, 1500])
def test_torn_tail_is_cut_and_reported(tmp_path: Path, cut: int) -> None:
    """Wherever the last record is torn, even in its gzip trailer, all records before it are kept."""
    path, places = open_file(tmp_path)
    # The last record is made a large one, so that every cut falls into it.
    data = path.read_bytes()[: places[-1].offset] + member(record(response(noise(3000, 77))))
    path.write_bytes(data[:-cut])
    (sentence,) = mended(tmp_path)
    closed = tmp_path / places[0].file
    assert f"{len(data) - cut - places[-1].offset:,} bytes" in sentence
    assert not path.exists()
    found = list(walk(closed))
    assert [one.offset for one in found][1:-1] == [place.offset for place in places[:-1]]
    assert found[-1].headers.get("WARC-Type") == "metadata"
    assert found[-1].headers.get("WARC-Warcinfo-ID") == found[0].headers.get("WARC-Record-ID")
    assert b"torn by a crash" in found[-1].block
    checkers(closed)
    assert recover(tmp_path) == []


def test_whole_file_left_open_is_finished_unchanged(tmp_path: Path) -> None:
    """A crash between two records costs nothing."""
    path, places = open_file(tmp_path)
    data = path.read_bytes()
    (sentence,) = mended(tmp_path)
    assert "it is whole" in sentence
    assert (tmp_path / places[0].file).read_bytes() == data


@pytest.mark.parametrize("tail", [b"\x00" * 4096, b"garbage", gzip.compress(b"no record", mtime=0), b"\x1f\x8b\x08"])
def test_foreign_bytes_at_the_end_are_cut(tmp_path: Path, tail: bytes) -> None:
    """Zeros or old blocks that a power cut leaves after the last record are removed."""
    path, places = open_file(tmp_path)
    path.write_bytes(path.read_bytes() + tail)
    recover(tmp_path)
    found = list(walk(tmp_path / places[0].file))
    assert len(found) == 1 + len(places) + 1


def test_damage_before_whole_records_is_not_cut(tmp_path: Path) -> None:
    """It is no torn tail: nothing is removed, and the damage is reported."""
    path, places = open_file(tmp_path)
    data = bytearray(path.read_bytes())
    data[places[3].offset + 100] ^= 0x10
    path.write_bytes(data)
    sentences = mended(tmp_path)
    assert f"damaged from byte {places[3].offset}" in sentences[0]
    assert (tmp_path / places[0].file).read_bytes() == data


def test_warc_in_the_body_of_a_torn_record_is_cut_with_it(tmp_path: Path) -> None:
    """The body of the torn record is itself a WARC file (stored, not deflated)."""
    path, places = open_file(tmp_path)
    inner = member(record(response(noise(500, 5)))) + member(record(response(noise(5000, 6))))
    torn = member(record(response(inner)), level=0)
    path.write_bytes(path.read_bytes() + torn[:-3000])
    (sentence,) = mended(tmp_path)
    assert f"{len(torn) - 3000:,} bytes" in sentence
    assert len(list(walk(tmp_path / places[0].file))) == 1 + len(places) + 1


@pytest.mark.parametrize("size", [0, 1, 100, 10_000])
def test_file_without_records_is_removed(tmp_path: Path, size: int) -> None:
    """The file is empty, or has a torn or a whole warcinfo record: nothing was stored in it, so nothing is lost."""
    writer = WarcWriter(tmp_path, info=INFO)
    writer.warcinfo_id()
    (path,) = tmp_path.iterdir()
    data = path.read_bytes()[:size]
    writer.close()
    for finished in tmp_path.iterdir():
        finished.unlink()
    path.write_bytes(data)
    (sentence,) = mended(tmp_path)
    assert "removed" in sentence
    assert not list(tmp_path.iterdir())


def test_unreadable_file_is_put_aside(tmp_path: Path) -> None:
    """A file of rubbish is no torn file: it is kept, out of the way."""
    (tmp_path / "a.warc.gz.open").write_bytes(noise(10_000))
    (sentence,) = mended(tmp_path)
    assert "put aside" in sentence
    assert (tmp_path / "a.warc.gz.damaged").read_bytes() == noise(10_000)
    assert recover(tmp_path) == []


def test_file_of_a_living_writer_is_left_alone(tmp_path: Path) -> None:
    """Recovery in one process does not touch the file that another is writing."""
    writer = WarcWriter(tmp_path, info=INFO)
    (place,) = writer.append([record()])
    assert recover(tmp_path) == []
    writer.append([record(b"later")])
    writer.close()
    checkers(tmp_path / place.file)


def test_crash_between_link_and_unlink_leaves_one_name(tmp_path: Path) -> None:
    """The process was killed after the final name was given and before `.open` was removed."""
    path, places = open_file(tmp_path)
    os.link(path, tmp_path / places[0].file)
    recover(tmp_path)
    assert [one.name for one in tmp_path.iterdir()] == [places[0].file]
    assert len(list(walk(tmp_path / places[0].file))) == 1 + len(places)


@pytest.mark.slow
def test_kill_at_any_moment_loses_no_synced_record(tmp_path: Path) -> None:
    """After kill -9 while writing, every record that the writer had synced is there, and the file is whole."""
    script = """
        import sys
        from pathlib import Path
        from pipelines.warc.writer import WarcWriter
        from tests.support.warc_records import INFO, noise, record, response, with_warcinfo_id
        writer = WarcWriter(Path(sys.argv[1]), info=INFO, max_size=300_000)
        for number in range(100_000):
            (place,) = writer.append(with_warcinfo_id([record(response(noise(30_000, number)))], writer))
            writer.sync()
            print(place.file, place.offset, place.length, flush=True)
    """
    for round_ in range(4):
        folder = tmp_path / str(round_)
        folder.mkdir()
        writer = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(script), folder],
            cwd=ROOT, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        told = [writer.stdout.readline() for _ in range(10 + 7 * round_)]
        writer.kill()
        told += [line for line in writer.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
        writer.wait()
        writer.stdout.close()
        recover(folder)
        for line in told:
            name, offset, length = line.split()
            read_block(folder / name, int(offset), int(length))
        for path in folder.iterdir():
            assert path.suffix == ".gz"
            checkers(path)


def test_recovery_takes_linear_time(tmp_path: Path) -> None:
    """Four times the file takes about four times as long, with many small records and one long damaged stretch."""
    import time

    taken = []
    for scale in (1, 4):
        folder = tmp_path / str(scale)
        folder.mkdir()
        path, _ = open_file(folder)
        small = member(record(b"x" * 50))
        path.write_bytes(path.read_bytes() + small * 3000 * scale + (b"\x1f\x8b\x08" + bytes(50)) * 3000 * scale)
        began = time.process_time()
        recover(folder)
        taken.append(time.process_time() - began)
    assert taken[1] < 4 * taken[0] * 2.5 + 0.2


def test_finished_file_is_not_locked(tmp_path: Path) -> None:
    """A finished file carries no lock."""
    writer = WarcWriter(tmp_path, info=INFO)
    (place,) = writer.append([record()])
    writer.close()
    with (tmp_path / place.file).open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


# Bodies that are compressed already


@pytest.mark.parametrize("level", [1, 6, 9])
@pytest.mark.parametrize("size", [0, 4095, 4096, 65_535, 65_536, 200_001])
def test_compressed_body_is_stored_and_reads_back(size, level):
    """The member is whole for gzip and for our reader, no larger than zlib makes it, and has zlib's own first ten
    bytes."""
    body = random.Random(size).randbytes(size)
    record = WarcRecord(WarcFields([("WARC-Type", "response")]), b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n" + body)
    data = member(record, level)
    whole = gzip.decompress(data)
    assert parsed(whole).block == record.block
    deflated = gzip.compress(whole, level)
    assert len(data) <= len(deflated) + 16
    assert data[:4] + data[8:10] == deflated[:4] + deflated[8:9] + b"\x03"


def test_body_that_shrinks_is_deflated():
    """HTML, and HTML with compressed data anywhere in it."""
    packed, text = random.Random(1).randbytes(5000), b"<p>text</p>" * 2500
    for body in (text * 2, packed + text * 2, text + packed + text, text * 2 + packed):
        record = WarcRecord(WarcFields([("WARC-Type", "response")]), b"HTTP/1.1 200 OK\r\n\r\n" + body)
        assert len(member(record)) < 6000
        assert parsed(gzip.decompress(member(record))).block == record.block

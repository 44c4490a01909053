"""Recovery of WARC files: a crash costs at most the record that it tore."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from pipelines.warc.record import gzip_member
from pipelines.warc.recovery import recover
from pipelines.warc.storage import WarcStorage
from pipelines.warc.writer import WarcWriter
from tests.support.command import ROOT
from tests.support.warc_files import read_block, walk
from tests.support.warc_records import INFO, assert_valid, noise, open_file, record, response


def messages_of(folder: Path) -> list[str]:
    """Recover a folder; return what `recover` reports."""
    return [sentence for file in recover(WarcStorage(folder)) for sentence in file.messages]


@pytest.mark.parametrize("cut", [1, 4, 7, 8, 9, 20, 100, 500, 1500])
def test_torn_tail_is_cut_and_reported(tmp_path: Path, cut: int) -> None:
    """Wherever the last record is torn, even in its gzip trailer, all records before it are kept."""
    path, places = open_file(tmp_path)
    # The last record is made a large one, so that every cut falls into it.
    data = path.read_bytes()[: places[-1].offset] + gzip_member(record(response(noise(3000, 77))))
    path.write_bytes(data[:-cut])
    (sentence,) = messages_of(tmp_path)
    closed = tmp_path / places[0].file
    assert f"{len(data) - cut - places[-1].offset:,} bytes" in sentence
    assert not path.exists()
    found = list(walk(closed))
    assert [one.offset for one in found][1:-1] == [place.offset for place in places[:-1]]
    assert found[-1].headers.get("WARC-Type") == "metadata"
    assert found[-1].headers.get("WARC-Warcinfo-ID") == found[0].headers.get("WARC-Record-ID")
    assert b"torn by a crash" in found[-1].block
    assert_valid(closed)
    assert recover(WarcStorage(tmp_path)) == []


def test_whole_file_left_open_is_finished_unchanged(tmp_path: Path) -> None:
    """A crash between two records costs nothing."""
    path, places = open_file(tmp_path)
    data = path.read_bytes()
    (sentence,) = messages_of(tmp_path)
    assert "it is whole" in sentence
    assert (tmp_path / places[0].file).read_bytes() == data


@pytest.mark.parametrize("tail", [b"\x00" * 4096, b"garbage", gzip.compress(b"no record", mtime=0), b"\x1f\x8b\x08"])
def test_foreign_bytes_at_the_end_are_cut(tmp_path: Path, tail: bytes) -> None:
    """Zeros or old blocks that a power cut leaves after the last record are removed."""
    path, places = open_file(tmp_path)
    path.write_bytes(path.read_bytes() + tail)
    recover(WarcStorage(tmp_path))
    found = list(walk(tmp_path / places[0].file))
    assert len(found) == 1 + len(places) + 1


def test_damage_before_whole_records_is_not_cut(tmp_path: Path) -> None:
    """It is no torn tail: nothing is removed, and the damage is reported."""
    path, places = open_file(tmp_path)
    data = bytearray(path.read_bytes())
    data[places[3].offset + 100] ^= 0x10
    path.write_bytes(data)
    sentences = messages_of(tmp_path)
    assert f"damaged from byte {places[3].offset}" in sentences[0]
    assert (tmp_path / places[0].file).read_bytes() == data


def test_warc_in_the_body_of_a_torn_record_is_cut_with_it(tmp_path: Path) -> None:
    """The body of the torn record is itself a WARC file (stored, not deflated)."""
    path, places = open_file(tmp_path)
    inner = gzip_member(record(response(noise(500, 5)))) + gzip_member(record(response(noise(5000, 6))))
    torn = gzip_member(record(response(inner)), level=0)
    path.write_bytes(path.read_bytes() + torn[:-3000])
    (sentence,) = messages_of(tmp_path)
    assert f"{len(torn) - 3000:,} bytes" in sentence
    assert len(list(walk(tmp_path / places[0].file))) == 1 + len(places) + 1


@pytest.mark.parametrize("size", [0, 1, 100, 10_000])
def test_file_without_records_is_removed(tmp_path: Path, size: int) -> None:
    """The file is empty, or has a torn or a whole warcinfo record: nothing was stored in it, so nothing is lost."""
    writer = WarcWriter(WarcStorage(tmp_path), info=INFO)
    writer.warcinfo_id()
    (path,) = tmp_path.iterdir()
    data = path.read_bytes()[:size]
    writer.close()
    for finished in tmp_path.iterdir():
        finished.unlink()
    path.write_bytes(data)
    (sentence,) = messages_of(tmp_path)
    assert "removed" in sentence
    assert not list(tmp_path.iterdir())


def test_unreadable_file_is_put_aside(tmp_path: Path) -> None:
    """A file of rubbish is no torn file: it is kept, out of the way."""
    (tmp_path / "a.warc.gz.open").write_bytes(noise(10_000))
    (sentence,) = messages_of(tmp_path)
    assert "put aside" in sentence
    assert (tmp_path / "a.warc.gz.damaged").read_bytes() == noise(10_000)
    assert recover(WarcStorage(tmp_path)) == []


def test_file_of_a_living_writer_is_left_alone(tmp_path: Path) -> None:
    """Recovery in one process does not touch the file that another is writing."""
    writer = WarcWriter(WarcStorage(tmp_path), info=INFO)
    (place,) = writer.append([record()])
    assert recover(WarcStorage(tmp_path)) == []
    writer.append([record(b"later")])
    writer.close()
    assert_valid(tmp_path / place.file)


def test_crash_between_link_and_unlink_leaves_one_name(tmp_path: Path) -> None:
    """The process was killed after the final name was given and before `.open` was removed."""
    path, places = open_file(tmp_path)
    os.link(path, tmp_path / places[0].file)
    recover(WarcStorage(tmp_path))
    assert [one.name for one in tmp_path.iterdir()] == [places[0].file]
    assert len(list(walk(tmp_path / places[0].file))) == 1 + len(places)


def test_kill_at_any_moment_loses_no_synced_record(tmp_path: Path) -> None:
    """After kill -9 while writing, every record that the writer had synced is there, and the file is whole."""
    script = """
        import sys
        from pathlib import Path
        from pipelines.warc.storage import WarcStorage
        from pipelines.warc.writer import WarcWriter
        from tests.support.warc_records import INFO, noise, record, response, with_warcinfo_id
        writer = WarcWriter(WarcStorage(Path(sys.argv[1])), info=INFO, max_size=300_000)
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
        recover(WarcStorage(folder))
        for line in told:
            name, offset, length = line.split()
            read_block(folder / name, int(offset), int(length))
        for path in folder.iterdir():
            assert path.suffix == ".gz"
            assert_valid(path)


def test_recovery_takes_linear_time(tmp_path: Path) -> None:
    """Four times the file takes about four times as long, with many small records and one long damaged stretch."""
    import time

    taken = []
    for scale in (1, 4):
        folder = tmp_path / str(scale)
        folder.mkdir()
        path, _ = open_file(folder)
        small = gzip_member(record(b"x" * 50))
        path.write_bytes(path.read_bytes() + small * 3000 * scale + (b"\x1f\x8b\x08" + bytes(50)) * 3000 * scale)
        began = time.process_time()
        recover(WarcStorage(folder))
        taken.append(time.process_time() - began)
    assert taken[1] < 4 * taken[0] * 2.5 + 0.2

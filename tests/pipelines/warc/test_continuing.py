"""Continuing a WARC file over runs: when, when not, and what the manifest says of it."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from datetime import timedelta
from pathlib import Path

import pytest

from pipelines.core import timestamps
from pipelines.core.errors import ArchiveDamaged, DiskFull
from pipelines.core.timestamps import now
from pipelines.warc import manifest, writer
from pipelines.warc.reader import members
from pipelines.warc.record import warcinfo_offset
from pipelines.warc.storage import WarcStorage
from tests.support.continued_files import append, differing, entries_of, manifest_of, one_run, writer_of
from tests.support.warc_files import read_block, walk
from tests.support.warc_records import assert_valid, noise, response


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "warc"


def lines_of(folder: Path) -> list[dict]:
    return [json.loads(line) for line in manifest_of(folder).read_text().splitlines()]


def replace_by_link(path: Path) -> None:
    path.symlink_to(path.rename(path.parent.parent / "elsewhere"))


def age(folder: Path, by: timedelta) -> None:
    """Give the only file, and its lines, the name that it would have if it were older."""
    (path,) = folder.iterdir()
    begun = f"{now() - by:%Y%m%d%H%M%S}"
    older = path.name.replace(path.name.split("-")[1], begun)
    path.rename(folder / older)
    text = manifest_of(folder).read_text()
    manifest_of(folder).write_text(text.replace(path.name, older))


def test_run_when_the_last_file_is_young_continues_it(folder: Path) -> None:
    """Offsets of earlier records stay; each run has a line with the digest of what it added."""
    places = [place for seed in range(4) for place in one_run(folder, seed, seed + 10)]
    (path,) = folder.iterdir()
    data = path.read_bytes()
    assert {place.file for place in places} == {path.name}
    for place, seed in zip(places, (0, 10, 1, 11, 2, 12, 3, 13), strict=True):
        assert read_block(path, place.offset, place.length) == response(noise(2000, seed))
    assert_valid(path)
    lines = lines_of(folder)
    assert len(lines) == 4
    for start, line in zip([0, *(line["size"] for line in lines)], lines, strict=False):
        assert line.get("offset", 0) == start
        assert line["part_sha256" if start else "sha256"] == hashlib.sha256(data[start : line["size"]]).hexdigest()
    assert (lines[-1]["records"], lines[-1]["captures"]) == (len(list(walk(path))), 8)
    assert differing(folder) == []


def test_run_names_a_warcinfo_record_that_tells_its_place(folder: Path) -> None:
    """The ids of later warcinfo records share the beginning of the first, and end with the offset."""
    for seed in range(3):
        one_run(folder, seed)
    (path,) = folder.iterdir()
    runs = [one for one in walk(path) if one.headers.get("WARC-Type") == "warcinfo"]
    first = runs[0].headers.get("WARC-Record-ID")
    ids = [one.headers.get("WARC-Record-ID") for one in runs]
    assert [warcinfo_offset(first, one) for one in ids] == [one.offset for one in runs]
    assert len(set(ids)) == 3
    assert {one.headers.get("WARC-Filename") for one in runs} == {path.name}


@pytest.mark.parametrize("broken", [1, 2, 3, 4], ids=["record", "warcinfo", "record of it", "next warcinfo"])
def test_damage_in_one_run_costs_its_record_only(folder: Path, broken: int) -> None:
    """The walk finds the next record of the file also if the warcinfo record that it names is damaged."""
    for seed in range(4):
        one_run(folder, seed)
    (path,) = folder.iterdir()
    found = list(walk(path))
    data = bytearray(path.read_bytes())
    at = found[broken].offset + found[broken].length // 2
    data[at : at + 8] = bytes(8)
    path.write_bytes(data)
    left = [one.offset for one in walk(path, on_damage=lambda *_: None)]
    assert left == [one.offset for number, one in enumerate(found) if number != broken]


def test_forged_record_in_a_damaged_body_is_not_taken_for_a_record_of_the_file(folder: Path) -> None:
    """A body that holds a WARC record with ids of its own is skipped with the record that held it."""
    from pipelines.warc.record import WarcFields, gzip_member, new_id, warc_fields

    fields = [("WARC-Type", "warcinfo"), ("WARC-Record-ID", new_id()), ("WARC-Date", "2026-01-01T00:00:00Z")]
    forged = gzip_member(writer.WarcRecord(WarcFields(fields), warc_fields([("software", "x")])))
    one_run(folder, 1)
    (path,) = folder.iterdir()
    first = next(walk(path)).headers.get("WARC-Record-ID")
    with path.open("ab") as file:
        start = file.tell()
        file.write(b"\x1f\x8b\x08 no member " + forged)
    with path.open("rb") as file:
        assert list(members(file, start, path.stat().st_size, lambda *_: None, first)) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: age(folder, timedelta(hours=25)),
        lambda folder: age(folder, -timedelta(hours=1)),
        lambda folder: next(folder.iterdir()).rename(folder / "other-20260101000000-00000-x.warc.gz"),
        lambda folder: next(folder.iterdir()).open("ab").write(b"more"),
        lambda folder: os.truncate(next(folder.iterdir()), 700),
        lambda folder: os.link(next(folder.iterdir()), folder.parent / "snapshot"),
        lambda folder: replace_by_link(next(folder.iterdir())),
    ],
    ids=["a day old", "from the future", "missing", "appended to", "cut", "hard-linked", "a symbolic link"],
)
def test_run_when_the_last_file_cannot_be_continued_begins_another(folder: Path, change) -> None:
    """The file stays as it is."""
    one_run(folder, 1)
    change(folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    (place,) = one_run(folder, 2)
    assert place.file not in before
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.name in before} == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_run_when_the_last_file_is_write_protected_begins_another(folder: Path) -> None:
    """Its user wants it to stay as it is."""
    one_run(folder, 1)
    next(folder.iterdir()).chmod(0o444)
    one_run(folder, 2)
    assert len(list(folder.iterdir())) == 2


@pytest.mark.parametrize("options", [{"max_age": 0}, {"max_size": 1000}])
def test_run_when_files_are_not_to_be_continued_begins_another(folder: Path, options) -> None:
    """By the setting, or because the last file is full."""
    for seed in range(3):
        one_run(folder, seed, **options)
    assert len(list(folder.iterdir())) == 3
    assert [line.get("offset", 0) for line in lines_of(folder)] == [0, 0, 0]


def test_file_when_not_continued_any_more_is_listed_as_a_whole(folder: Path) -> None:
    """So that `sha256sum -c` can check it; the lines of its parts stay in the manifest."""
    for seed in range(3):
        one_run(folder, seed)
    age(folder, timedelta(days=2))
    (old,) = folder.iterdir()
    one_run(folder, 9)
    entry = entries_of(folder)[old.name]
    assert (entry.sha256, entry.offset) == (hashlib.sha256(old.read_bytes()).hexdigest(), 0)
    assert [line["file"] == old.name for line in lines_of(folder)] == [True, True, True, True, False]
    assert (entry.records, entry.captures) == (6, 3)
    assert differing(folder) == []


def test_damaged_file_when_not_continued_any_more_keeps_the_lines_of_its_parts(folder: Path) -> None:
    """A new digest would make the damage look intact."""
    for seed in range(3):
        one_run(folder, seed)
    age(folder, timedelta(days=2))
    (old,) = folder.iterdir()
    data = bytearray(old.read_bytes())
    data[900] ^= 1
    old.write_bytes(data)
    one_run(folder, 9)
    assert [part.offset > 0 for part in entries_of(folder)[old.name].parts] == [False, True, True]
    assert differing(folder) == [old.name]


def test_file_within_a_run_when_too_old_is_finished(folder: Path, monkeypatch) -> None:
    """A crawl of a week leaves a file a day."""
    long = writer_of(folder)
    append(long, 1)
    tomorrow = now() + timedelta(seconds=86_401)
    monkeypatch.setattr(timestamps, "clock", lambda: tomorrow)
    append(long, 2)
    append(long, 3)
    long.close()
    assert sorted(entry.captures for entry in entries_of(folder).values()) == [1, 2]


def test_run_that_writes_no_record_leaves_the_file_as_it_was(folder: Path) -> None:
    """A warcinfo record alone tells nothing: no byte is added, and no line."""
    one_run(folder, 1)
    (path,) = folder.iterdir()
    before, listed = path.read_bytes(), manifest_of(folder).read_bytes()
    idle = writer_of(folder)
    idle.warcinfo_id()
    idle.close()
    assert [one.read_bytes() for one in folder.iterdir()] == [before]
    assert manifest_of(folder).read_bytes() == listed


def test_run_that_writes_no_record_leaves_no_new_file(folder: Path) -> None:
    """The same for the first run."""
    idle = writer_of(folder)
    idle.warcinfo_id()
    idle.close()
    assert list(folder.iterdir()) == []
    assert not manifest_of(folder).exists()


@pytest.mark.parametrize("written", [0, 100])
def test_full_disk_when_a_run_continues_leaves_the_listed_bytes(folder: Path, monkeypatch, written: int) -> None:
    """The warcinfo record does not fit: the file has its name and its bytes again, and the next run continues it."""
    one_run(folder, 1)
    (path,) = folder.iterdir()
    before = path.read_bytes()

    def pwrite(file: int, data: bytes, at: int) -> int:
        if written:
            real(file, data[:written], at)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    real = os.pwrite
    monkeypatch.setattr(os, "pwrite", pwrite)
    full = writer_of(folder)
    with pytest.raises(DiskFull):
        append(full, 2)
    full.close()
    assert [one.read_bytes() for one in folder.iterdir()] == [before]
    monkeypatch.undo()
    one_run(folder, 3)
    assert differing(folder) == []
    assert len(entries_of(folder)) == 1


def test_records_may_refer_to_what_earlier_runs_wrote_and_not_to_their_own(folder: Path) -> None:
    """What this run has written is not read back yet."""
    (old,) = one_run(folder, 1)
    running = writer_of(folder)
    new = append(running, 2)
    assert running.is_finished(old.file, old.offset + old.length)
    assert not running.is_finished(new.file, new.offset + new.length)
    assert running.files_unlike_manifest() == []
    running.close()
    assert running.is_finished(new.file, new.offset + new.length)


def test_run_reads_only_what_it_wrote(folder: Path, monkeypatch) -> None:
    """Counted in bytes that are hashed to read back: they do not grow with the file."""
    hashed = []

    def sha256(self, name, start=0):
        hashed.append(self.status(name).size - start)
        return real(self, name, start)

    real = WarcStorage.sha256
    monkeypatch.setattr(WarcStorage, "sha256", sha256)
    for seed in range(8):
        one_run(folder, seed)
    assert max(hashed) - min(hashed) < 200


@pytest.mark.parametrize("change", [{"offset": 5}, {"file": "another.warc.gz"}, {"offset": "x"}, {"offset": 0}])
def test_part_without_the_part_before_it_is_damage(folder: Path, change: dict) -> None:
    """A line was lost, or changed: what it says proves nothing."""
    one_run(folder, 1)
    one_run(folder, 2)
    first, second = lines_of(folder)
    manifest_of(folder).write_text("".join(json.dumps(line) + "\n" for line in (first, second | change, first)))
    with pytest.raises(ArchiveDamaged, match="line 2"):
        manifest.load(manifest_of(folder))


def test_manifest_when_written_anew_keeps_the_lines_of_parts(folder: Path) -> None:
    """Byte for byte, as a rebuild or a takedown writes it."""
    for seed in range(3):
        one_run(folder, seed)
    before = manifest_of(folder).read_bytes()
    manifest.write(manifest_of(folder), entries_of(folder).values())
    assert manifest_of(folder).read_bytes() == before

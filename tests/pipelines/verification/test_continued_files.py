"""Verifying files that several runs continue: each part by its own digest, at rest and while the next run writes."""

from __future__ import annotations

import os
import shutil
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from pipelines.archive.writer import ArchiveWriter
from pipelines.verification.snapshot import take_snapshot
from pipelines.verification.verify import verify
from pipelines.warc import manifest
from pipelines.warc.manifest import PartHash
from pipelines.warc.storage import WarcStorage
from tests.support.command import morgue
from tests.support.continued_files import DAY_SECONDS
from tests.support.exchanges import write_small_exchange
from tests.support.warc_files import walk

RUNS = 4


def open_archive(folder: Path) -> ArchiveWriter:
    return ArchiveWriter(folder / "morgue.db", WarcStorage(folder / "warc"), info={}, max_age=DAY_SECONDS)


def one_run(folder: Path) -> None:
    with closing(open_archive(folder)) as archive:
        archive.call(write_small_exchange, archive)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for _run in range(RUNS):
        one_run(tmp_path)
    return tmp_path


def only_file(folder: Path) -> Path:
    (path,) = (folder / "warc").iterdir()
    return path


def parts_of(folder: Path) -> tuple[manifest.ManifestEntry, ...]:
    (entry,) = manifest.load(folder / manifest.NAME).values()
    return entry.parts


def findings(folder: Path, **options) -> list[tuple[str, str]]:
    return [(one.kind, one.what) for one in verify(folder, **options).findings.listed]


def flip_header_byte(path: Path, offset: int) -> None:
    """Change the system in the gzip header of a member: no digest but that of the file, or its part, shows it."""
    data = bytearray(path.read_bytes())
    data[offset + 9] ^= 1
    path.write_bytes(data)


def test_archive_of_one_continued_file_is_well(folder: Path) -> None:
    """By full and by quick verification."""
    assert len(parts_of(folder)) == RUNS
    assert findings(folder) == []
    assert findings(folder, quick=True) == []


@pytest.mark.parametrize("run", range(RUNS))
def test_change_in_one_part_is_found_and_placed(folder: Path, run: int) -> None:
    """Also in an earlier part, whose line is not the last one about the file."""
    part = parts_of(folder)[run]
    flip_header_byte(only_file(folder), part.offset)
    ((kind, what),) = findings(folder)
    assert kind == "sha256"
    assert f"bytes {part.offset} to {part.size} is not" in what


def test_bytes_after_the_last_listed_one_are_found(folder: Path) -> None:
    """A whole record that no manifest line tells of."""
    path = only_file(folder)
    member = path.read_bytes()[: next(walk(path)).length]
    with path.open("ab") as file:
        file.write(member)
    assert "size" in {kind for kind, _ in findings(folder)}
    assert "size" in {kind for kind, _ in findings(folder, quick=True)}


def test_cut_file_is_found(folder: Path) -> None:
    """By full and by quick verification: the last part is gone."""
    path = only_file(folder)
    path.write_bytes(path.read_bytes()[: parts_of(folder)[-2].size])
    assert "size" in {kind for kind, _ in findings(folder)}
    assert "size" in {kind for kind, _ in findings(folder, quick=True)}


@contextmanager
def running(folder: Path):
    """Return a run that has committed one capture, and goes on."""
    with closing(open_archive(folder)) as archive:
        archive.call(write_small_exchange, archive)
        archive.commit()
        yield


def test_archive_is_well_while_a_run_continues_the_file(folder: Path) -> None:
    """What the run has written is checked as in any `.open` file, and the file is named as being written."""
    with running(folder):
        assert findings(folder) == []
        assert findings(folder, quick=True) == []
        assert verify(folder).writing == [only_file(folder).name.removesuffix(".open")]


def test_change_in_a_listed_part_is_found_while_a_run_continues_the_file(folder: Path) -> None:
    """The parts that are listed are compared, whatever follows them."""
    flip_header_byte(only_file(folder), 0)
    with running(folder):
        assert [kind for kind, _ in findings(folder)] == ["sha256"]


@pytest.mark.parametrize("between", [lambda folder: one_run(folder), lambda folder: running(folder).__enter__()],
                         ids=["a whole run", "the beginning of a run"])  # fmt: skip
def test_run_that_comes_between_listing_and_reading_is_no_finding(folder: Path, monkeypatch, between) -> None:
    """What it appends is beyond the manifest line that was read, and so are its rows."""

    def snapshot_and_run(archive: Path):
        snapshot = take_snapshot(archive)
        kept.append(between(archive))
        return snapshot

    kept: list[object] = []
    monkeypatch.setattr("pipelines.verification.verify.take_snapshot", snapshot_and_run)
    assert findings(folder) == []
    assert findings(folder, quick=True) == []


def test_file_is_read_once_however_many_runs_it_has(folder: Path, monkeypatch) -> None:
    """Counted in bytes that are hashed."""
    hashed = []
    real = PartHash.update
    monkeypatch.setattr(PartHash, "update", lambda self, data: hashed.append(len(data)) or real(self, data))
    for _run in range(3):
        one_run(folder)
    verify(folder)
    assert sum(hashed) == only_file(folder).stat().st_size


@pytest.mark.parametrize("cut", [0, 100], ids=["whole", "torn"])
def test_rebuild_of_a_copy_that_was_made_beside_a_run_is_well(folder: Path, tmp_path_factory, cut: int) -> None:
    """With the `.open` file, and with what an earlier backup has of it under its final name."""
    copy = tmp_path_factory.mktemp("backup")
    (copy / "morgue.toml").touch()
    shutil.copytree(folder / "warc", copy / "warc")
    with running(folder):
        shutil.copy(folder / manifest.NAME, copy)
        path = Path(shutil.copy(only_file(folder), copy / "warc"))
    os.truncate(path, path.stat().st_size - cut)
    done = morgue("-C", copy, "rebuild")
    assert done.returncode == 0, done.stderr
    assert only_file(copy).name == only_file(folder).name
    assert len(parts_of(copy)) == RUNS + 1
    assert findings(copy) == []


def test_rebuild_of_a_copy_with_an_older_manifest_lists_what_came_after(folder: Path, tmp_path_factory) -> None:
    """A backup that ran beside a crawl: the parts that were listed keep their lines, the rest gets one."""
    copy = tmp_path_factory.mktemp("backup")
    (copy / "morgue.toml").touch()
    shutil.copy(folder / manifest.NAME, copy)
    one_run(folder)
    shutil.copytree(folder / "warc", copy / "warc")
    listed = (copy / manifest.NAME).read_text()
    done = morgue("-C", copy, "rebuild")
    assert done.returncode == 0, done.stderr
    assert (copy / manifest.NAME).read_text().startswith(listed)
    assert len(parts_of(copy)) == RUNS + 1
    assert findings(copy) == []

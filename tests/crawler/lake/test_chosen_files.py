"""Test the import of captures that readings name: the same records as from the whole files, read by range."""

from __future__ import annotations

import asyncio
import gzip
import shutil
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

import crawler.lake.chosen_files as chosen_files_module
import crawler.lake.read_file as read_file_module
from crawler.config.archive_folder import ArchiveFolder
from crawler.config.models import load
from crawler.engine.import_run import ImportRun
from crawler.lake.places import listing_of
from crawler.lake.read_file import FileTask, read_file
from crawler.lake.readings import chosen_files, file_and_member
from pipelines.bucket.address import bucket_address
from pipelines.bucket.object_store import ObjectStore
from pipelines.core.errors import ConfigError
from pipelines.importing.adopt import ImportFilter
from pipelines.importing.flaws import MISSING
from pipelines.importing.job import ImportReport
from pipelines.warc.reader import walk
from pipelines.warc.record import later_warcinfo_id
from pipelines.warc.storage import WarcStorage
from tests.support import foreign
from tests.support.command import morgue
from tests.support.import_runs import WORKERS, bring
from tests.support.lakes import rows_of
from tests.support.seaweedfs import ObjectServer

OURS = ("Morgue-Kept-In", "Content-Length")


@pytest.fixture(autouse=True)
def _readers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the processes of imports read the pages, too."""
    monkeypatch.setattr(read_file_module, "page_workers", lambda *_: WORKERS)


def records(number: int) -> list[bytes]:
    """Return the records of a file: requests before, after and far from their responses, other things between."""
    asked = [
        foreign.record("request", foreign.address(number + at), b"GET /%d HTTP/1.1\r\n\r\n" % at, at=at)
        for at in range(4)
    ]
    said = [foreign.response(number + at, at=at) for at in range(4)]
    picture = foreign.record(
        "response", "https://paper.example/a.png", foreign.answer(b"\x89PNG", b"Content-Type: image/png")
    )
    other = foreign.response(number + 9, host="other.example")
    far = [foreign.record("metadata", f"https://paper.example/{at}", b"x" * 900) for at in range(9)]
    return [
        foreign.warcinfo(f"info {number}"), asked[0], said[0], said[1], asked[1], other, said[2], picture, asked[3],
        said[3], *far,
    ]  # fmt: skip


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    """Return a lake of a compressed file, one that is not, and a WACZ with one of each."""
    folder = tmp_path / "lake"
    folder.mkdir()
    (folder / "ä ! a.warc.gz").write_bytes(foreign.gz(records(10)))
    (folder / "b.warc").write_bytes(b"".join(records(20)))
    (folder / "c.wacz").write_bytes(foreign.wacz({"archive/c.warc.gz": foreign.gz(records(30))}))
    return folder


def read(lake: Path | str, output: Path) -> Path:
    """Read the files of a lake in this process."""
    output.mkdir()
    for file in listing_of(str(lake)).files:
        read_file(asdict(FileTask(file.address, str(output), file.address.rpartition("/")[2])))
    return output


def import_chosen(archive: Path, readings: Path | str, *languages: str, **filters: Any) -> ImportReport:
    """Import what readings name; return the report."""
    files = chosen_files([str(readings)], ImportFilter(**filters), languages)
    job = ImportRun(load(ArchiveFolder(archive)), files, ImportFilter(), "import", WORKERS)
    ending = asyncio.run(job.run(bar=False))
    assert ending.exit_code == (1 if job.report.damaged else 0)
    return job.report


def stored(archive: Path) -> dict[str, Any]:
    """Return what an archive keeps of imported records, without what names its own files, by record id."""
    storage, found = WarcStorage(archive / "warc"), {}
    for name in (*storage.list().finished, *storage.list().unfinished):
        for record in walk(storage, name):
            fields = [pair for pair in record.headers if pair[0] not in OURS]
            if record.headers.get("Morgue-Imported") and record.headers.get("WARC-Type") != "metadata":
                found[record.headers.get("WARC-Record-ID") or ""] = (fields, record.block)
    return found


def test_chosen_captures_are_filed_as_from_the_whole_file(lake: Path, tmp_path: Path, archive: Path):
    """Byte for byte, with their requests and warcinfo records, once, and nothing else."""
    whole, chosen = archive, tmp_path / "chosen"
    shutil.copytree(archive, chosen)
    readings = read(lake, tmp_path / "readings")
    bring(whole, *lake.iterdir(), domains=frozenset({"paper.example"}), mimes=("text/html",))
    report = import_chosen(chosen, readings, "en", domains=frozenset({"paper.example"}))
    assert (report.damages, report.kept, report.articles["new"]) == ([], 21, 12)
    assert stored(chosen) == stored(whole)
    again = import_chosen(chosen, readings)
    assert (again.kept, again.articles["new"], again.passed["already in the archive"]) == (3, 3, 12)
    with pytest.raises(ConfigError, match="no row that matches"):
        chosen_files([str(readings)], ImportFilter(hosts=frozenset({"nowhere.example"})), ())


def test_shard_reads_no_record_of_a_host_that_another_one_owns(lake: Path, tmp_path: Path):
    """One that owns none of the rows has nothing to do; rows without a host are judged by their records."""
    readings = read(lake, tmp_path / "readings")

    def size(readings: Path, part: str) -> int:
        wanted = ImportFilter(is_own=lambda url: part in url)
        return sum(file.size() for file in chosen_files([str(readings)], wanted, ()))

    papers, others = size(readings, "paper.example"), size(readings, "other.example")
    everything = sum(file.size() for file in chosen_files([str(readings)], ImportFilter(), ()))
    assert 0 < others < papers < papers + others == everything
    assert size(readings, "nowhere.example") == 0
    mine = tmp_path / "mine.parquet"
    bare = [{name: value for name, value in row.items() if name.startswith("warc_")} for row in rows_of(readings)]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(bare), mine)
    assert size(mine, "other.example") == everything


def test_record_that_is_not_where_the_readings_say_is_named(lake: Path, tmp_path: Path, archive: Path):
    """It is never imported in the place of the one that was chosen; the others are."""
    readings = read(lake, tmp_path / "readings")
    rows = [row for row in rows_of(readings) if row["warc_file"].endswith("b.warc")]
    assert len(rows) == 5
    rows[0]["warc_record_id"] = rows[1]["warc_record_id"]
    rows[1]["warc_length"] = None
    rows[2]["warc_offset"] += 3
    rows[3]["warc_offset"] = 10**9
    mine = tmp_path / "mine.parquet"
    columns = ("warc_file", "warc_offset", "warc_length", "warc_record_id")
    pyarrow.parquet.write_table(
        pyarrow.Table.from_pylist([{name: row[name] for name in columns} for row in rows]), mine
    )
    report = import_chosen(archive, mine)
    whys = " | ".join(damage.why for damage in report.damages)
    assert (report.damaged, report.articles["new"]) == (4, 1), whys
    for why in ("another record", "how long", "no record can be read", "the file has"):
        assert why in whys
    mine.write_bytes(b"")
    done = morgue("-C", archive, "import", "--from-readings", mine)
    assert (done.returncode, "has 0 bytes" in done.stderr) == (2, True)
    mine.write_bytes(b"PAR1" * 9)
    with pytest.raises(ConfigError, match="no Parquet file"):
        chosen_files([str(mine)], ImportFilter(), ())


def runs(number: int, later_id: str) -> list[bytes]:
    """Return the records of a file to which two programs, or two runs of one, wrote; the first of them ends it."""
    first = foreign.an_id(f"run {number}")
    info = foreign.warcinfo(f"run {number}").replace(b"theirs/1.0", b"theirs/%d.0" % number)
    later = info.replace(first.encode(), later_id.encode()).replace(b"theirs/", b"thairs/")
    one, two = (foreign.response(number + at, WARC_Warcinfo_ID=name) for at, name in enumerate((first, later_id)))
    return [info, one, foreign.record("metadata", "https://paper.example/", b"x" * 30_000), later, two]


PACKS: dict[str, Callable[[Iterable[bytes]], bytes]] = {".warc": b"".join}
WRAPS: dict[str, Callable[[bytes], bytes]] = {".wacz": lambda data: foreign.wacz({"a.warc.gz": data})}


@pytest.mark.parametrize("suffix", [".warc.gz", ".warc", ".wacz"])
def test_each_capture_brings_the_warcinfo_record_that_it_names(tmp_path: Path, archive: Path, suffix: str):
    """Also if it is not the first one of the file, wherever it lies; the later capture alone brings only its own."""
    lake, chosen = tmp_path / "lake", tmp_path / "chosen"
    lake.mkdir()
    shutil.copytree(archive, chosen)
    pack, wrap = PACKS.get(suffix, foreign.gz), WRAPS.get(suffix, bytes)
    stored_before = len(pack(runs(10, later_warcinfo_id(foreign.an_id("run 10"), 0))[:3]))
    own = pack(runs(10, later_warcinfo_id(foreign.an_id("run 10"), stored_before)))
    theirs = pack(runs(20, foreign.an_id("another run")))
    for name, data in (("own", own), ("theirs", theirs)):
        (lake / f"{name}{suffix}").write_bytes(wrap(data))
    bring(archive, *lake.iterdir())
    readings = read(lake, tmp_path / "readings")
    report = import_chosen(chosen, readings)
    assert (report.articles["new"], dict(report.flaws)) == (4, {})
    kept = {name: one for name, one in stored(archive).items() if one[1] != b"x" * 30_000}
    assert len(kept) == 8
    assert stored(chosen) == kept


def test_whole_file_is_read_for_a_warcinfo_record_only_if_it_must_be(tmp_path: Path, archive: Path, monkeypatch):
    """The id of one of our own crawls says where it is; one that is nowhere is looked for once, and marked."""
    lake = tmp_path / "lake"
    lake.mkdir()
    place = len(foreign.gz(runs(10, later_warcinfo_id(foreign.an_id("run 10"), 0))[:3]))
    (lake / "own.warc.gz").write_bytes(foreign.gz(runs(10, later_warcinfo_id(foreign.an_id("run 10"), place))))
    lost = [foreign.response(at, WARC_Warcinfo_ID=foreign.an_id(f"lost {at}")) for at in (30, 31)]
    (lake / "lost.warc.gz").write_bytes(foreign.gz([foreign.warcinfo(), *lost]))
    readings = read(lake, tmp_path / "readings")
    searched = []
    real = chosen_files_module.opened
    monkeypatch.setattr(chosen_files_module, "opened", lambda *which: searched.append(which[0]) or real(*which))
    report = import_chosen(archive, readings)
    assert searched == [str(lake / "lost.warc.gz")]
    assert dict(report.flaws) == {MISSING["WARC-Warcinfo-ID"]: 2}


def test_chosen_captures_come_from_a_bucket(
    lake: Path, tmp_path: Path, archive: Path, object_server: ObjectServer, monkeypatch
):
    """Little more is read than the records; a WARC file that is gone costs only its own captures."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", object_server.endpoint)
    place = f"s3://morgue-tests/{tmp_path.name}"
    store = ObjectStore(bucket_address(place), seconds=5)
    padding = gzip.compress(foreign.record("metadata", "https://paper.example/", bytes(range(256)) * 4000), 0)
    for name in ("a.warc.gz", "b.warc.gz"):
        store.put_new(f"lake/{name}", foreign.gz(records(10)) + padding + foreign.gz(records(ord(name[0]))))
    readings = read(f"{place}/lake", tmp_path / "readings")
    store.delete("lake/b.warc.gz")
    asked: list[int] = []
    real = ObjectStore.read
    monkeypatch.setattr(
        ObjectStore, "read", lambda self, key, start, length, etag: asked.append(length)
        or real(self, key, start, length, etag),
    )  # fmt: skip
    report = import_chosen(archive, readings, hosts=frozenset({"paper.example"}))
    assert (report.articles["new"], [damage.file for damage in report.damages]) == (8, ["b.warc.gz"])
    assert sum(asked) < 60_000


def test_place_in_a_wacz_has_two_parts():
    """An exclamation mark in another name means nothing."""
    assert file_and_member("/in/a.wacz!archive/b!c.warc.gz") == ("/in/a.wacz", "archive/b!c.warc.gz")
    assert file_and_member("/in!/a!.warc.gz") == ("/in!/a!.warc.gz", "")

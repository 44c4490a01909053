"""Test reading WARC files in place: the same readings as an import, once each, whatever happens meanwhile."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from pipelines.bucket.address import bucket_address
from pipelines.bucket.object_store import ObjectStore
from tests.support.command import command_line, environment, morgue
from tests.support.dask_cluster import DaskCluster
from tests.support.lakes import bytes_of, make_lake, rows_of
from tests.support.seaweedfs import SECRET, ObjectServer
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow
NOT_COMPARED = {"warc_file", "warc_offset", "warc_length", "host"}


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a lake of three files."""
    return make_lake(tmp_path_factory.mktemp("lake") / "lake")


@pytest.fixture(scope="module")
def whole(lake: Path) -> Path:
    """Return the output of a whole run."""
    done = morgue("import", "--in-place", lake, "--output", lake.parent / "whole")
    assert done.returncode == 0, done.stderr
    assert "3 files: 3 read, 0 with failures" in done.stdout
    return lake.parent / "whole"


def test_readings_are_those_of_an_import(lake: Path, whole: Path, archive: Path):
    """Every column that both have is the same; the place in the WARC file is where the record lies."""
    assert morgue("-C", archive, "import", lake).returncode == 0
    exported = morgue("-C", archive, "export", "jsonl", archive / "all.jsonl")
    assert exported.returncode == 0, exported.stderr
    theirs = {row["warc_record_id"]: row for row in map(json.loads, (archive / "all.jsonl").read_text().splitlines())}
    rows = rows_of(whole)
    assert len(rows) == len(theirs) == 9
    for row in rows:
        other = theirs[row["warc_record_id"]]
        texts = {
            "captured": row["captured"].strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "published_day": str(row["published_day"]),
        }
        ours = row | texts | {"found_in": json.loads(row["found_in"])}
        differing = {
            name: (ours[name], other[name])
            for name in ours.keys() & other.keys() - NOT_COMPARED
            if (ours[name] or None) != (other[name] or None)
        }
        assert differing == {}
        place = Path(row["warc_file"])
        with place.open("rb") as file:
            file.seek(row["warc_offset"])
            stored = file.read(row["warc_length"])
        record = gzip.decompress(stored) if place.suffix == ".gz" else stored
        assert record.startswith(b"WARC/1.0\r\n")
        assert record.count(b"WARC/1.0") == record.count(row["warc_record_id"].encode()) == 1
        assert record.endswith(b"</html>\r\n\r\n")


def test_cluster_writes_into_the_folder_that_the_user_means(lake: Path, whole: Path, tmp_path: Path):
    """Its workers run in folders of their own."""
    cluster = DaskCluster(tmp_path / "dask", 1)
    try:
        done = morgue("import", "--in-place", "../lake", "--output", "on-dask", "--on", cluster.address, cwd=whole)
        assert done.returncode == 0, done.stderr
        found = bytes_of(whole / "on-dask")
    finally:
        cluster.close()
        shutil.rmtree(whole / "on-dask", ignore_errors=True)
    assert found == bytes_of(whole)


def test_second_run_changes_nothing_and_parts_give_the_whole(lake: Path, whole: Path, tmp_path: Path):
    """What is done is not read again."""
    before = {path: path.stat().st_mtime_ns for path in whole.iterdir()}
    again = morgue("import", "--in-place", lake, "--output", whole)
    assert (again.returncode, "0 read, 3 done before" in again.stdout) == (0, True)
    assert {path: path.stat().st_mtime_ns for path in whole.iterdir()} == before
    for part in ("0/2", "1/2"):
        done = morgue(
            "import", "--in-place", lake / "*.warc*", "--output", tmp_path / "out", "--part", part, "--workers", "1"
        )
        assert done.returncode == 0, done.stderr
    assert bytes_of(tmp_path / "out") == bytes_of(whole)


def test_reader_that_is_killed_costs_nothing_twice(lake: Path, whole: Path, tmp_path: Path):
    """The next run goes on, byte for byte, and leaves no draft."""
    out = tmp_path / "out"
    command = command_line("import", "--in-place", lake, "--output", out, "--workers", "1")
    killed = subprocess.Popen(command, env=environment(), stdout=subprocess.DEVNULL)
    wait_until(lambda: list(out.glob("*.parquet")))
    killed.kill()
    killed.wait()
    running = subprocess.Popen(command, env=environment(), stdout=subprocess.DEVNULL)  # kills of a reader, not of all
    wait_until(lambda: readers_of(running.pid) or running.poll() is not None)
    for reader in readers_of(running.pid):
        os.kill(reader, 9)
    assert running.wait() == 0
    done = morgue("import", "--in-place", lake, "--output", out)
    assert done.returncode == 0, done.stderr
    assert bytes_of(out) == bytes_of(whole)


def readers_of(pid: int) -> list[int]:
    """Return the processes that a process has started."""
    return [int(found) for path in Path(f"/proc/{pid}/task").glob("*/children") for found in path.read_text().split()]


def test_filters_choose_and_are_noted(lake: Path, tmp_path: Path):
    """Readings of other filters never mix in one folder."""
    command = ("import", "--in-place", lake, "--output", tmp_path / "out", "--workers", "1")
    chosen = ("--domain", "other.example", "--until", "2024-03-15", "--language", "en")
    done = morgue(*command, *chosen, "--format", "json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["totals"]["readings"] == 2
    assert {row["host"] for row in rows_of(tmp_path / "out")} == {"www.other.example"}
    mixed = morgue(*command)
    assert (mixed.returncode, "made with other filters" in mixed.stderr) == (2, True)


def test_file_that_is_damaged_is_reported_and_read_again_if_asked(lake: Path, whole: Path, tmp_path: Path):
    """Lose only the file itself that is cut, no WARC, empty, a link to nothing or without its dictionary."""
    folder, out = tmp_path / "lake", tmp_path / "out"
    folder.mkdir()
    good = (lake / "first.warc.gz").read_bytes()
    files = {"cut": good[:-200], "none": b"<html>" * 1000, "empty": b"", "good": good, os.fsdecode(b"\xff\n"): good}
    for name, data in files.items():
        (folder / f"{name}.warc.gz").write_bytes(data)
    (folder / "lost.warc.gz").symlink_to("/nowhere")
    (folder / "untaught.warc.zst").write_bytes(b"\x5d\x2a\x4d\x18\x05\0\0\0short")
    command = ("import", "--in-place", folder, "--output", out, "--format", "json", "--workers", "1")
    done = morgue(*command)
    report = json.loads(done.stdout)
    assert (done.returncode, report["read"], report["totals"]["readings"]) == (1, 6, 11)
    why = {Path(address).name.partition(".")[0]: why for address, why in report["failures"]}
    assert why.keys() == {"cut", "none", "empty", "lost", "untaught"}
    assert ("ends inside a record" in why["cut"], "dictionary" in why["untaught"]) == (True, True)
    next(out.glob("good*")).write_bytes(b"")  # as a disk that is full or fails may leave it
    (folder / "cut.warc.gz").write_bytes(good)
    known = json.loads(morgue(*command).stdout)
    assert (known["read"], known["failed_before"], len(known["failures"])) == (1, 4, 5)
    retried = morgue(*command, "--retry-failed")
    report = json.loads(retried.stdout)
    assert (retried.returncode, report["totals"]["readings"], len(report["failures"])) == (1, 4, 4)
    ids = [row["warc_record_id"] for row in rows_of(out) if "cut" in row["warc_file"]]
    assert len(ids) == len(set(ids)) == 4


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("--on", "tcp://10.0.0.1:8786"), "without TLS"), (("--part", "2/2"), "is not a part"),
        (("--on", "tcp://127.0.0.1:1", "--part", "0/2"), "exclude each other"),
    ],
)  # fmt: skip
def test_place_that_is_refused_is_refused_before_anything(lake: Path, tmp_path: Path, more, told):
    """Exit code 2, and no folder is made."""
    done = morgue("import", "--in-place", lake, "--output", tmp_path / "out", *more)
    assert (done.returncode, told in done.stderr, (tmp_path / "out").exists()) == (2, True, False)


def test_address_that_names_nothing_is_refused(tmp_path: Path, archive: Path):
    """A spelling mistake must not look like a lake without articles."""
    for address in (tmp_path / "no*.warc.gz", tmp_path, "http://paper.example/a.warc.gz"):
        done = morgue("import", "--in-place", address, "--output", tmp_path / "out")
        assert (done.returncode, done.stdout) == (2, "")
    assert morgue("-C", archive, "import", "--retry-failed", tmp_path).returncode == 2


def test_lake_and_readings_may_lie_in_a_bucket(
    lake: Path, whole: Path, tmp_path: Path, object_server: ObjectServer, monkeypatch: pytest.MonkeyPatch
):
    """With the same rows as from a folder. A cut file is named, and the next run reads no more than it has to."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", object_server.endpoint)
    place = f"s3://morgue-tests/{tmp_path.name}"
    store = ObjectStore(bucket_address(place), seconds=5)
    for path in lake.iterdir():
        store.put_new(f"lake/{path.name}", path.read_bytes())
    cut = (lake / "first.warc.gz").read_bytes()[:-200]
    store.put_new("lake/cut.warc.gz", cut)
    words = ("import", "--in-place", f"{place}/lake", "--output", f"{place}/out")
    done = morgue(*words)
    assert done.returncode == 1
    assert f"{place}/lake/cut.warc.gz" in done.stdout + done.stderr
    assert SECRET not in done.stdout + done.stderr
    out = tmp_path / "out"
    out.mkdir()
    for info in store.objects("out"):
        if "cut" not in info.key:
            (out / info.key.rpartition("/")[2]).write_bytes(store.get(info.key).data)
    there, here = ([row | dict.fromkeys(NOT_COMPARED) for row in rows_of(one)] for one in (out, whole))
    assert sorted(there, key=str) == sorted(here, key=str)
    before = {info.key: info.modified for info in store.objects("out")}
    store.replace("lake/cut.warc.gz", (lake / "first.warc.gz").read_bytes(), store.head("lake/cut.warc.gz").etag)
    again = morgue(*words, "--retry-failed")
    assert again.returncode == 0, again.stderr
    after = {info.key: info.modified for info in store.objects("out")}
    assert {key for key in before.keys() & after.keys() if after[key] != before[key]} <= {
        key for key in after if "cut" in key
    }
    assert not any("failed" in key for key in after)


def test_server_of_the_settings_is_asked_if_the_environment_names_none(
    lake: Path, archive: Path, object_server: ObjectServer
):
    """Also by the processes that read the files; --from-readings finds the same bucket."""
    place = f"s3://morgue-tests/{archive.parent.name}-settings"
    store = ObjectStore(bucket_address(place, object_server.endpoint), seconds=5)
    store.put_new("lake/first.warc.gz", (lake / "first.warc.gz").read_bytes())
    words = ("-C", archive, "import", "-s", f"storage.endpoint={object_server.endpoint}")
    done = morgue(*words, "--in-place", f"{place}/lake", "--output", f"{place}/out")
    assert (done.returncode, "1 file: 1 read, 0 with failures" in done.stdout) == (0, True), done.stderr
    done = morgue(*words, "--from-readings", f"{place}/out")
    assert (done.returncode, "articles: 4 new" in done.stdout) == (0, True), done.stderr


def test_line_of_a_file_that_cannot_be_read_names_it_once(lake: Path, tmp_path: Path):
    """Print the address once, although the error of the file begins with it, too."""
    folder = tmp_path / "lake"
    folder.mkdir()
    (folder / "lost.warc.gz").symlink_to("/nowhere")
    done = morgue("import", "--in-place", folder, "--output", tmp_path / "out", "--workers", "1")
    said = [line for line in done.stdout.splitlines() if line.startswith("failed: ")]
    assert (done.returncode, len(said)) == (1, 2)  # while it runs, and in the summary
    assert [line.count(str(folder)) for line in said] == [1, 1]

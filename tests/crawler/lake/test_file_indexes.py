"""Test that CDXJ indexes say which records of a lake are read, and that readings are the same as without them."""

from __future__ import annotations

import gzip
import io
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

import crawler.lake.read_file as read_file_module
from crawler.lake.cdxj_index import IndexSearch, UnusableIndex, lines_of
from crawler.lake.file_indexes import FileIndexes
from crawler.lake.places import listing_of
from crawler.lake.read_file import FileTask, import_filter, read_file
from pipelines.bucket.address import bucket_address
from pipelines.bucket.object_store import ObjectStore
from pipelines.importing.adopt import ImportFilter
from pipelines.importing.foreign_records import read_records
from pipelines.importing.unpacking import UnpackedStream
from pipelines.warc.cdxj import key_of
from tests.support.import_runs import WORKERS
from tests.support.lakes import bytes_of, make_lake
from tests.support.seaweedfs import ObjectServer

DOMAIN = {"domains": ["other.example"]}


@pytest.fixture(autouse=True)
def _readers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the processes of imports read the pages, too."""
    monkeypatch.setattr(read_file_module, "page_workers", lambda *_: WORKERS)


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    """Return a lake of three files without indexes."""
    return make_lake(tmp_path / "lake")


def lines(path: Path, name: str = "") -> list[str]:
    """Return the lines of an index of a file, as cdxj-indexer writes them."""
    with path.open("rb") as file:
        stream = UnpackedStream(file, path.name)
        found = list(read_records(stream, lambda _: True, pytest.fail))
        ends = [record.offset for record in found[1:]] + [path.stat().st_size]
    made = []
    for record, end in zip(found, ends, strict=True):
        kind, url = record.fields.get("WARC-Type"), record.fields.get("WARC-Target-URI") or ""
        head = (record.block or b"").partition(b"\r\n\r\n")[0].decode("latin-1")
        mime = "warc/revisit" if kind == "revisit" else "text/html" if "html" in head else "image/png"
        time = "".join(filter(str.isdigit, record.fields.get("WARC-Date") or ""))
        place = f'"length": "{end - record.offset}", "offset": "{record.offset}", "filename": "{name or path.name}"'
        if kind in ("response", "revisit"):
            said = f'{{"url": "{url}", "mime": "{mime}", "status": "{head.split()[1]}", {place}}}'
            made.append(f"{key_of(url)} {time} {said}\n")
    return made


def read(lake: Path | str, output: Path | str, filters: dict[str, Any]) -> list[dict[str, Any]]:
    """Read all files of a lake in this process; return what each gave."""
    listing = listing_of(str(lake))
    indexes = FileIndexes(listing.files, listing.indexes, import_filter(filters))
    Path(output).mkdir(exist_ok=True)
    return [
        read_file(
            asdict(
                FileTask(
                    file.address, str(output), file.address.rpartition("/")[2], filters,
                    index=indexes.own_index(file.address), places=indexes.places(file.address),
                )
            )
        )
        for file in listing.files
    ]  # fmt: skip


@pytest.mark.parametrize(
    "filters", [DOMAIN, {"hosts": ["paper.example"]}, {"since": "2024-03-16"}, {"mimes": ["image/"]}]
)
def test_indexed_records_alone_are_read_and_readings_are_the_same(lake: Path, tmp_path: Path, filters):
    """Byte for byte, whether each file has an index or all have one, in a folder of indexes."""
    whole = read(lake, tmp_path / "whole", filters)
    for path in list(lake.iterdir()):
        lake.joinpath(f"{path.name}.cdxj").write_text("".join(lines(path)))
    own = read(lake, tmp_path / "own", filters)
    everything = "".join(line for path in sorted(lake.glob("*.cdxj")) for line in path.read_text().splitlines(True))
    for path in list(lake.glob("*.cdxj")):
        path.unlink()
    (tmp_path / "indexes").mkdir()
    (tmp_path / "indexes" / "all.cdxj.gz").write_bytes(gzip.compress(everything.encode()))
    shared = read(lake, tmp_path / "shared", filters)
    assert bytes_of(tmp_path / "own") == bytes_of(tmp_path / "shared") == bytes_of(tmp_path / "whole")
    assert [one["why"] for one in (*own, *shared)] == [None] * 6
    assert sum(one["bytes"] for one in shared) < sum(one["bytes"] for one in whole)
    assert sum(one["records"] for one in shared) == sum(one["readings"] for one in whole)


def test_index_that_does_not_fit_is_named_and_a_file_that_none_names_is_read_whole(lake: Path, tmp_path: Path):
    """No article is lost in silence because of an index."""
    whole = read(lake, tmp_path / "whole", DOMAIN)
    second = lake / "second.warc.gz"
    good = lines(second)
    index = lake / "second.warc.gz.cdxj"
    renamed = [line.replace("second.warc.gz", "else.warc.gz") for line in good]
    for name, text, note in (("named", renamed, "does not name"), ("cut", [*good[:2], good[2][:-30]], "is not used")):
        index.write_text("".join(text))
        found = read(lake, tmp_path / name, DOMAIN)
        assert (note in found[1]["note"], found[1]["readings"], found[1]["why"]) == (True, 3, None)
        assert bytes_of(tmp_path / name) == bytes_of(tmp_path / "whole")
    offsets = [line.partition('"offset": "')[2].partition('"')[0] for line in good]
    shifted = [line.replace(f'"offset": "{offsets[1]}"', f'"offset": "{int(offsets[1]) + 7}"') for line in good]
    beyond = [line.replace(f'"offset": "{offsets[1]}"', '"offset": "999999"') for line in good]
    for name, text in (("shifted", shifted), ("beyond", beyond)):
        index.write_text("".join(text))
        found = read(lake, tmp_path / name, DOMAIN)
        assert (found[1]["readings"], found[1]["damaged"] > 0, found[1]["why"] is not None) == (2, True, True)
    # The WARC file was made again, with other records in these places.
    stale_lines = "".join(lines(lake / "first.warc.gz", "second.warc.gz"))
    index.write_text(stale_lines.replace("paper.example", "other.example").replace("example,paper", "example,other"))
    (lake / "second.warc.gz").write_bytes((lake / "first.warc.gz").read_bytes())
    stale = read(lake, tmp_path / "stale", DOMAIN)
    assert (stale[1]["readings"], stale[1]["damaged"], "another record" in stale[1]["why"]) == (0, 4, True)
    assert whole[1]["readings"] == 3


def test_ranges_of_objects_are_read(lake: Path, tmp_path: Path, object_server: ObjectServer, monkeypatch):
    """In a bucket the index lies beside its file, too, and no more than the places that it names is asked for."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", object_server.endpoint)
    whole = read(lake, tmp_path / "whole", DOMAIN)
    place = f"s3://morgue-tests/{tmp_path.name}"
    store = ObjectStore(bucket_address(place), seconds=5)
    for path in lake.iterdir():
        store.put_new(f"lake/{path.name}", path.read_bytes())
        store.put_new(f"lake/{path.name}.cdxj", "".join(lines(path)).encode())
    asked: list[int] = []
    real = ObjectStore.read
    monkeypatch.setattr(
        ObjectStore, "read", lambda self, key, start, length, etag: asked.append(length)
        or real(self, key, start, length, etag),
    )  # fmt: skip
    found = read(f"{place}/lake", tmp_path / "out", DOMAIN)
    assert [one["readings"] for one in found] == [one["readings"] for one in whole]
    assert sum(asked) == sum(one["bytes"] for one in found)
    ours, theirs = bytes_of(tmp_path / "out"), bytes_of(tmp_path / "whole")
    assert ours.keys() == theirs.keys()


def test_search_takes_what_may_hold_a_page_and_refuses_lines_without_a_place():
    """Keys that are no SURT are judged by their address; a port changes nothing; comments are passed over."""

    def line(key: str, more: str = "", url: str = "https://www.paper.example/a") -> str:
        return f'{key} 20240309120000 {{"url": "{url}", "offset": 5, "length": 7{more}, "filename": "in/a.warc.gz"}}\n'

    search = IndexSearch(ImportFilter(domains=frozenset({"paper.example"})))
    cases = {
        line("example,paper)/a"): (5, 7), line("example,paper,www)/a"): (5, 7), line("example,paper:8080)/a"): (5, 7),
        line("www.paper.example/a(b)"): (5, 7), line("example,papers)/a", url="https://papers.example/a"): None,
        line("example,paper)/a", ', "status": "301"'): None, line("example,paper)/a", ', "mime": "image/png"'): None,
        line("example,paper)/a", ', "mime": "unk", "status": "-"'): (5, 7),
    }  # fmt: skip
    data = "!meta {}\n\n" + "".join(cases)
    assert list(search.places(as_file(data), {"a.warc.gz"})) == [("in/a.warc.gz", place) for place in cases.values()]
    assert list(search.places(as_file(data), {"b.warc.gz"})) == []
    for bad in ("example,paper)/a 2024 {}", line("example,paper)/a").replace("5", '"-"')):
        with pytest.raises(UnusableIndex, match="line 1 "):
            list(search.places(as_file(bad), {"a.warc.gz"}))
    with pytest.raises(UnusableIndex, match="cut off"):
        list(lines_of(as_file(gzip.compress(data.encode())[:-9])))


def test_other_forms_of_a_key_and_of_a_time_leave_nothing_out():
    """Heritrix writes brackets around the host, and some programs write times as in WARC files."""
    said = '{"url": "http://paper.example/a", "offset": 5, "length": 7, "filename": "a.warc.gz"}'
    elsewhere = said.replace("paper.example", "papers.example")
    wanted = ImportFilter(domains=frozenset({"paper.example"}), since="2024-03-09", until="2024-03-09")
    for key in ("(example,paper,)/a", "http://(example,paper,)/a", "EXAMPLE,PAPER)/a", "paper.example)/a"):
        for time in ("2024-03-09T12:00:00Z", "20240309120000123", "202403", "2024", "-"):
            data = f"{key} {time} {said}\n{key} {time} {elsewhere}\n{key} 2024-03-10T00:00:00Z {said}\n"
            found = [place for _, place in IndexSearch(wanted).places(as_file(data), {"a.warc.gz"})]
            assert found == [(5, 7), None, None], (key, time)


def as_file(data: str | bytes) -> Any:
    """Return a file that holds this."""
    return io.BytesIO(data.encode() if isinstance(data, str) else data)

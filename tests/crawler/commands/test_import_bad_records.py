"""`morgue import` of what cannot be imported: one bad record costs itself, is named, and the exit code says so."""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import random
import signal
from pathlib import Path

import pytest

from pipelines.importing import pipeline, reading
from pipelines.importing.adopt import ImportFilter
from pipelines.warc.record import WarcFields
from pipelines.warc.storage import WarcStorage
from tests.support import foreign_mutations as mutations
from tests.support.command import morgue, rows
from tests.support.foreign import address, answer, arc, gz, page, record, response, wacz, warcinfo, with_package
from tests.support.import_runs import bring, import_of
from tests.support.warc_files import walk

command = importlib.import_module("crawler.commands.import")


def kept(archive: Path) -> list[str]:
    return [url for (url,) in rows(archive, "SELECT url FROM captures WHERE kind != 'import' ORDER BY url")]


def bad_arc_record() -> bytes:
    """Return the record of a page in an ARC file, on a day that no month has."""
    return arc([(address(2), answer(page(2)))], compressed=False).replace(b"2024030912", b"2024023012")


REFUSED = {
    "date before the year 1": response(2, WARC_Date="0001-01-01T00:00:00+23:59"),
    "date after the year 9999": response(2, WARC_Date="9999-12-31T23:59:59-14:00"),
    "date that is none": response(2, WARC_Date="yesterday"),
    "date of an ARC record": bad_arc_record(),
    "address with half an IPv6 host": record("response", "http://[::1", answer(page(2))),
    "address with a bad host": record("response", "http://[bad]/x", answer(page(2))),
    "field with a line break": response(2, X_Note="one\rtwo"),
    "head of too many lines": response(2).replace(b"WARC-Type", b"a: b\r\n" * 3000 + b"WARC-Type", 1),
}


@pytest.mark.parametrize("bad", REFUSED.values(), ids=REFUSED)
def test_bad_record_costs_itself(archive, bad):
    """The records around it are kept, it is named, and the exit code is 1."""
    ending, report = bring(archive, gz([response(1), bad, response(3)]))
    assert (ending.word, ending.exit_code) == ("partly failed", 1)
    assert kept(archive) == [address(1), address(3)]
    assert len(report.damages) == 1, report.damages


KEPT = {
    "first moment": response(2, WARC_Date="0001-01-01T00:00:00Z"),
    "last moment": response(2, WARC_Date="9999-12-31T23:59:59Z"),
    "type in capitals": response(2).replace(b"WARC-Type: response", b"WARC-Type: RESPONSE"),
}


@pytest.mark.parametrize("odd", KEPT.values(), ids=KEPT)
def test_odd_record_is_kept(archive, odd):
    """What can be read is."""
    ending, _report = bring(archive, gz([response(1), odd, response(3)]))
    assert (ending.exit_code, kept(archive)) == (0, [address(1), address(2), address(3)])


def test_failure_that_is_no_note_of_ours_is_skipped(archive):
    """A metadata record with Morgue-Error, and bytes that are no fields: skipped as any other metadata."""
    foreign = record("metadata", address(2), b"\x00", Morgue_Error="timed out", Content_Type="application/octet-stream")
    ending, report = bring(archive, gz([response(1), foreign, response(3)]))
    assert (ending.exit_code, report.passed["metadata record"]) == (0, 1)
    assert kept(archive) == [address(1), address(3)]


def test_bad_header_of_a_file_costs_itself(archive):
    """The records after it are kept without it."""
    bad = warcinfo().replace(b"WARC-Date: 2024-03-09T12:00:00Z", b"WARC-Date: 0000-00-00")
    ending, report = bring(archive, gz([bad, response(1), response(2)]))
    assert (ending.exit_code, len(report.damages), kept(archive)) == (1, 1, [address(1), address(2)])


class LibraryError(Exception):
    """Stand for what a library raises and nobody expects."""


def failing_for(number: int, function):
    """Return the function, but raising if it is called about an address."""

    def wrapped(*args, **kwargs):
        if any(address(number) in (getattr(arg, "first", {}).values() if isinstance(arg, WarcFields) else [arg])
               for arg in args):  # fmt: skip
            raise LibraryError("of number\n2")
        return function(*args, **kwargs)

    return wrapped


@pytest.mark.parametrize(
    ("module", "name"),
    [(pipeline, "kind_of"), (reading, "reason_to_skip")],
    ids=["when it is classified", "when it is selected"],
)
def test_unexpected_error_costs_the_record(archive, monkeypatch, module, name):
    """Its name and text are in the report."""
    monkeypatch.setattr(module, name, failing_for(2, getattr(module, name)))
    ending, report = bring(archive, gz([response(1), response(2), response(3)]))
    assert (ending.word, ending.exit_code, kept(archive)) == ("partly failed", 1, [address(1), address(3)])
    assert [(one.url, one.why) for one in report.damages] == [
        (address(2), "cannot be handled: LibraryError (of number 2)")
    ]


def test_unexpected_error_while_filing_costs_the_record(archive):
    """Nothing of it is left in the database."""
    job = import_of(archive, gz([response(1), response(2), response(3)]))
    store = job.context.store
    filed = store.capture

    def capture(found, *args):
        if found.url == address(2):
            raise LibraryError
        return filed(found, *args)

    store.capture = capture
    ending = asyncio.run(job.run(bar=False))
    assert (ending.exit_code, kept(archive)) == (1, [address(1), address(3)])
    assert [one.why for one in job.report.damages] == ["cannot be handled: LibraryError"]


def test_unexpected_error_of_a_file_costs_the_file(archive, monkeypatch):
    """The files after it are read."""
    read_records = reading.read_records

    def failing(stream, *args):
        if stream.buffer or stream.peek(10).startswith(b"WARC"):
            raise LibraryError
        return read_records(stream, *args)

    monkeypatch.setattr(reading, "read_records", failing)
    ending, report = bring(archive, response(1), gz([response(2)]))
    assert (ending.exit_code, kept(archive)) == (1, [address(2)])
    assert [one.file for one in report.damages] == ["theirs-0"]


@pytest.mark.slow
def test_hostile_records_cost_themselves(archive):
    """Of every kind, with fields that hold what nobody expects; the sound ones between them are kept."""
    rng = random.Random(10)
    records = []
    for number in range(150):
        sound = [response(number, host="sound.example")] * (number % 10 == 0)
        records += [mutations.hostile_record(rng, number), *sound]
    ending, _report = bring(archive, gz(records))
    assert ending.exit_code in (0, 1)
    assert [url for url in kept(archive) if "sound" in url] == sorted(
        address(number, "sound.example") for number in range(0, 150, 10)
    )
    assert morgue("-C", archive, "export", "cdxj", "-").returncode == 0


def test_damage_is_reported_with_place_and_size(archive):
    """For people and for programs, each place and the sum."""
    broken = response(2).replace(b"Content-Length:", b"Content-Lxngth:")
    ending, report = bring(archive, response(1) + broken + broken + response(3))
    size, at = len(broken), len(response(1))
    told = command.as_dict(report, ending.word)
    assert (told["damaged"], told["skipped_bytes"]) == (2, 2 * size)
    assert [(one["offset"], one["skipped_bytes"], one["url"]) for one in told["damages"]] == [
        (at, size, address(2)),
        (at + size, size, address(2)),
    ]
    said = command.lines(report)
    assert f"damaged: theirs-0 at byte {at:,}: a record without Content-Length; {size:,} bytes passed over" in said[2]
    assert f"damaged: 2 places in all, {2 * size:,} bytes passed over" in said


def test_interrupted_import_says_what_it_did_not_read(archive):
    """The file with its offset, and the files that were not opened."""
    files = [gz(response(number) for number in range(start, start + 20)) for start in (0, 20, 40)]
    job = import_of(archive, *files)
    take = job.import_pipeline._accept

    async def accept(one):
        job.import_pipeline.stopping = job.interrupted = address(25) in one.group.answer.fields.first.values()
        await take(one)

    job.import_pipeline._accept = accept
    ending = asyncio.run(job.run(bar=False))
    unread = job.report.unread
    assert (ending.exit_code, unread.file, unread.size, unread.files) == (130, "theirs-1", len(files[1]), ["theirs-2"])
    assert 0 < unread.offset <= unread.size
    assert "not read: theirs-2" in command.lines(job.report)
    assert command.as_dict(job.report, ending.word)["unread"]["files"] == ["theirs-2"]


PARTS = {"archive/data.warc.gz": gz([response(1)])}


def import_notes(archive: Path) -> list[str]:
    """Return the blocks of the records about imported files."""
    found = []
    for file in sorted((archive / "warc").iterdir()):
        found += [one.block.decode() for one in walk(file) if one.headers.get("Morgue-Kind") == "import"]
    return [block for block in found if "imported-file" in block]


@pytest.mark.parametrize(
    ("parts", "exit_code", "line"),
    [
        (PARTS, 0, "package-parts-as-stated: 1"),
        ({"archive/data.warc.gz": gz([response(2)])}, 1, "package-problem: archive/data.warc.gz: its hash is sha256:"),
    ],
    ids=["sound", "another WARC"],
)
def test_result_of_the_check_of_a_wacz_is_kept_in_the_archive(archive, parts, exit_code, line):
    """Its records are imported in any case; the record about the file says what is wrong with it."""
    ending, report = bring(archive, wacz({**with_package(PARTS), **parts}))
    assert (ending.exit_code, report.kept) == (exit_code, 1)
    assert [line in note for note in import_notes(archive)] == [True]
    assert "package-signature: none" in import_notes(archive)[0]
    told = command.as_dict(report, ending.word)["packages"]
    assert json.loads(json.dumps(told))[0]["file"] == "theirs-0"
    assert len([said for said in command.lines(report) if said.startswith("wrong: theirs-0: ")]) == exit_code


def test_name_that_leads_out_of_a_folder_is_said(archive):
    """The stream is read, and nothing is written there."""
    _ending, report = bring(archive, wacz({"../../evil.warc.gz": gz([response(1)])}))
    assert (report.kept, len(report.notes)) == (1, 1)
    assert "1 name in it (the first: ../../evil.warc.gz) would lead out of a folder" in report.notes[0]


def test_interrupted_import_waits_no_more_for_a_bucket(archive, monkeypatch):
    """Begin no WARC file for an hour if the bucket of the shard does not answer, and do not wait for it."""
    told: list[bool] = []
    monkeypatch.setattr(WarcStorage, "wait_no_more", lambda _: told.append(True))

    def interrupt(url: str) -> bool:
        if url == address(5):
            os.kill(os.getpid(), signal.SIGTERM)
        return True

    job = import_of(archive, gz(response(number) for number in range(20)), chosen=ImportFilter(is_own=interrupt))
    assert asyncio.run(job.run(bar=False)).exit_code == 130
    assert told == [True]

"""Test that an import says what was wrong with a record before, keeps that as a mark, and `verify` is content."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import sqlite3
from contextlib import closing

import pytest

from pipelines.importing import flaws
from pipelines.importing.grouping import ALREADY_HERE, ANSWER_ALREADY_HERE
from pipelines.verification.verify import verify
from pipelines.warc.record import digest
from tests.support.command import morgue, rows
from tests.support.external_tools import faults
from tests.support.foreign import address, an_id, answer, gz, page, record, response
from tests.support.import_runs import bring
from tests.support.warc_files import walk

BLOCK, REQUEST = answer(page(1)), b"GET / HTTP/1.1\r\nHost: paper.example\r\n\r\n"
SAME = "http://netpreserve.org/warc/1.0/revisit/identical-payload-digest"
AGNOSTIC = "http://netpreserve.org/warc/1.0/revisit/uri-agnostic-identical-payload-digest"


def hexed(data: bytes, algorithm: str = "sha1") -> str:
    return f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"


def revisit(number: int, host: str = "paper.example", **fields: str) -> bytes:
    """Return a revisit, an hour after NOON, without a body."""
    return record("revisit", address(number, host), answer(b""), at=1,
                  **{"WARC_Profile": SAME, "Content_Type": "application/http; msgtype=response", **fields})  # fmt: skip


# name: (records, filters, what the import says)
FLAWED = {
    "a range of Common Crawl": (
        [response(1, WARC_Warcinfo_ID=an_id("no"), WARC_Concurrent_To=an_id("nor this"))],
        {},
        {flaws.MISSING["WARC-Warcinfo-ID"]: 1, flaws.MISSING["WARC-Concurrent-To"]: 1},
    ),
    "an original that a filter leaves out": (
        [response(1, host="b.example", record_id=an_id("o")), revisit(1, "a.example", WARC_Refers_To=an_id("o"))],
        {"hosts": frozenset(["a.example"])},
        {flaws.MISSING["WARC-Refers-To"]: 1, flaws.REVISIT_WITHOUT_ORIGINAL: 1},
    ),
    "a request with the digest of its block as payload digest": (
        [response(1, record_id=an_id("r")), record("request", address(1), REQUEST, WARC_Concurrent_To=an_id("r"),
                                                   WARC_Payload_Digest=hexed(REQUEST))],
        {},
        {flaws.WRONG_PAYLOAD_DIGEST: 1},
    ),
    "a wrong payload digest": ([response(1, WARC_Payload_Digest=hexed(b"x"))], {}, {flaws.WRONG_PAYLOAD_DIGEST: 1}),
    "a wrong block digest": ([response(1, WARC_Block_Digest=hexed(b"x", "md5"))], {}, {flaws.WRONG_BLOCK_DIGEST: 1}),
    "the digest of the payload as block digest": (
        [response(1, WARC_Block_Digest=hexed(page(1)), WARC_Payload_Digest=hexed(page(1)))],
        {},
        {flaws.WRONG_BLOCK_DIGEST: 1},
    ),
    "no digest at all": ([response(1, WARC_Block_Digest="waste", WARC_Payload_Digest="?")], {}, {flaws.NOT_JUDGED: 2}),
    "an unknown algorithm": ([response(1, WARC_Block_Digest="blake3:00")], {}, {flaws.NOT_JUDGED: 1}),
    "a revisit of another payload": (
        [response(1, record_id=an_id("o")), revisit(1, WARC_Refers_To=an_id("o"), WARC_Payload_Digest=hexed(b"x"))],
        {},
        {flaws.OTHER_PAYLOAD: 1},
    ),
    "a revisit that names a lost record, and address and date": (
        [response(1), revisit(2, WARC_Refers_To=an_id("lost"), WARC_Refers_To_Target_URI=address(1),
                              WARC_Refers_To_Date="2024-03-09T12:00:00Z", WARC_Profile=AGNOSTIC)],
        {},
        {flaws.MISSING["WARC-Refers-To"]: 1},
    ),
    "requests that share an id": (
        [piece for n in (1, 2) for piece in (
            response(n, record_id=an_id(f"r{n}")),
            record("request", address(n), REQUEST + b"%d" % n, record_id=an_id("q"),
                   WARC_Concurrent_To=an_id(f"r{n}")))],
        {},
        {},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FLAWED)
def test_flaw_is_counted_and_no_damage_of_the_archive(archive, name):
    """By a full and a quick verification; a second import and a rebuild change nothing."""
    records, filters, said = FLAWED[name]
    ending, report = bring(archive, gz(records), **filters)
    assert (ending.word, dict(report.flaws), report.damages) == ("done", said, [])
    assert verify(archive).findings.listed == []
    assert verify(archive, quick=True).findings.listed == []
    assert bring(archive, gz(records), **filters)[1].kept == 0


# How a revisit may name its original, which is not in the archive: what the row of its capture says was wrong.
LOST_ORIGINALS = {
    "by its record id": ({"WARC_Refers_To": an_id("lost")}, [f"WARC-Refers-To {an_id('lost')}"]),
    "by address and date": ({"WARC_Refers_To_Target_URI": address(9), "WARC_Refers_To_Date": "2024-03-09T12:00:00Z"},
                            ["WARC-Refers-To"]),
    "by its digest": ({"WARC_Payload_Digest": hexed(page(9))}, ["WARC-Refers-To"]),
    "in no way": ({}, ["WARC-Refers-To"]),
    "by the id of a record that is no response": ({"WARC_Refers_To": an_id("q")}, ["WARC-Refers-To"]),
}  # fmt: skip


@pytest.mark.parametrize("name", LOST_ORIGINALS)
def test_revisit_without_its_original_is_marked_and_shown_as_one(archive, name):
    """In whichever way it names it; `show` says that it is a revisit, and offers no body that is not there."""
    fields, marks = LOST_ORIGINALS[name]
    bring(archive, gz([revisit(4, record_id=an_id("q"))]))
    _, report = bring(archive, gz([revisit(1, **fields)]))
    assert report.flaws[flaws.REVISIT_WITHOUT_ORIGINAL] == 1
    ((number, kept),) = rows(archive, f"SELECT id, flaws FROM captures WHERE url = '{address(1)}'")
    assert json.loads(kept) == marks
    shown = morgue("-C", archive, "show", "--capture", str(number)).stdout
    assert "\nrepeats    same body as " in shown
    assert "no body\n" in shown
    assert "\nflaws      " in shown
    assert "--format body" not in shown
    assert "--format warc" in shown
    assert verify(archive).findings.listed == []


def test_revisit_is_offered_with_its_body_once_the_original_is_there(archive):
    """Its mark stays."""
    bring(archive, gz([revisit(1, WARC_Refers_To=an_id("o"))]), gz([response(2)]))
    bring(archive, gz([response(1, record_id=an_id("o"))]))
    ((number, kept),) = rows(archive, "SELECT id, flaws FROM captures WHERE record_type = 'revisit'")
    assert json.loads(kept) == [f"WARC-Refers-To {an_id('o')}"]
    shown = morgue("-C", archive, "show", "--capture", str(number)).stdout
    assert f"\nrepeats    same body as {an_id('o')}\n" in shown
    assert f"--capture {number} --format body > FILE" in shown
    assert morgue("-C", archive, "show", "--capture", str(number), "--format", "body").stdout == page(1).decode()


@pytest.mark.slow
def test_rebuild_reads_marks_and_declared_digests_from_the_records(archive):
    """The files alone give the same rows."""
    columns = "url, payload_digest, declared_digest, refers_to, body_length, flaws"
    query = f"SELECT {columns} FROM captures ORDER BY id"
    bring(archive, *(gz(records) for records, filters, _ in FLAWED.values() if not filters))
    before = rows(archive, query)
    done = morgue("-C", archive, "rebuild")
    assert done.returncode == 0, done.stdout + done.stderr
    assert rows(archive, query) == before
    assert morgue("-C", archive, "verify").returncode == 0


@pytest.mark.parametrize("name", [name for name in FLAWED if "block digest" in name or "algorithm" in name])
def test_later_damage_of_a_marked_record_is_found(archive, name):
    """A byte is changed and the member is compressed again, so that only a digest can tell."""
    bring(archive, gz(FLAWED[name][0]))
    (path,) = (archive / "warc").iterdir()
    found = next(one for one in walk(path) if one.headers.get("Morgue-Kind") == "article")
    data = path.read_bytes()
    member = gzip.decompress(data[found.offset : found.offset + found.length])
    changed = gzip.compress(member.replace(b"Report 1", b"Rxport 1"), mtime=0)
    path.write_bytes(data[: found.offset] + changed + data[found.offset + found.length :])
    assert "block digest" in {one.kind for one in verify(archive).findings.listed}


LATER_LOSSES = {an_id("q"): {"damaged"}, an_id("o"): {"damaged", "link"}}  # id of the record: what is found


@pytest.mark.parametrize("lost_id", LATER_LOSSES, ids=["request", "original"])
def test_later_loss_of_a_record_that_another_names_is_found(archive, lost_id):
    """References that led to a record when it was imported are not marked."""
    records = [response(1, record_id=an_id("o")), record("request", address(1), REQUEST, record_id=an_id("q"),
                                                         WARC_Concurrent_To=an_id("o")),
               revisit(1, WARC_Refers_To=an_id("o"))]  # fmt: skip
    bring(archive, gz(records))
    (path,) = (archive / "warc").iterdir()
    lost = next(one for one in walk(path) if one.headers.get("WARC-Record-ID") == lost_id)
    data = bytearray(path.read_bytes())
    data[lost.offset + lost.length // 2] ^= 1
    path.write_bytes(data)
    assert {one.kind for one in verify(archive).findings.listed} >= LATER_LOSSES[lost_id]


SPELLINGS = {
    "base 64": "sha1:" + base64.b64encode(hashlib.sha1(BLOCK).digest()).decode(),
    "base 64 for URLs": "sha256:" + base64.urlsafe_b64encode(hashlib.sha256(BLOCK).digest()).decode().rstrip("="),
    "hex": hexed(BLOCK, "sha512"),
    "a dash": "SHA-1:" + base64.b32encode(hashlib.sha1(BLOCK).digest()).decode().lower(),
}


@pytest.mark.parametrize("packed", [b"".join, gz], ids=["plain", "gzip"])
@pytest.mark.parametrize("name", SPELLINGS)
def test_right_digest_is_right_however_it_is_spelled(archive, name, packed):
    """Its length says whether it is base 32, hex or base 64."""
    ending, report = bring(archive, packed([response(1, WARC_Block_Digest=SPELLINGS[name])]))
    assert (ending.word, report.kept, dict(report.flaws)) == ("done", 1, {})
    assert verify(archive).findings.listed == []


def test_wrong_block_digest_without_a_checksum_is_refused_unless_the_user_wants_the_record(archive):
    """Nothing says that an uncompressed block is whole."""
    data = response(1, WARC_Block_Digest=hexed(b"x"))
    ending, report = bring(archive, data)
    assert (ending.exit_code, report.kept, report.damages[0].why) == (1, 0, "its block does not match its digest")
    ending, report = bring(archive, data, mismatched=True)
    assert (ending.word, report.kept, dict(report.flaws)) == ("done", 1, {flaws.WRONG_BLOCK_DIGEST: 1})
    assert verify(archive).findings.listed == []


def test_digest_of_the_payload_as_block_digest_is_kept_without_a_checksum(archive):
    """The payload matches it, so it is whole."""
    _, report = bring(archive, response(1, WARC_Block_Digest=hexed(page(1))))
    assert (report.kept, report.damages) == (1, [])


def test_marked_record_keeps_its_fields_and_bytes(archive):
    """The wrong digest stays; other programs read the file, and its export can be imported again."""
    wrong = hexed(b"x")
    bring(archive, gz([response(1, WARC_Payload_Digest=wrong)]))
    (path,) = (archive / "warc").iterdir()
    found = next(one for one in walk(path) if one.headers.get("Morgue-Kind") == "article")
    assert found.block == BLOCK
    assert found.headers.get("WARC-Payload-Digest") == wrong
    assert found.headers.all("Morgue-Import-Flaw") == ["WARC-Payload-Digest"]
    assert faults(path, payloads=False) == []


@pytest.mark.slow
def test_show_names_the_flaws_of_a_capture(archive):
    """With the id of the record that was missing."""
    bring(archive, gz(FLAWED["a range of Common Crawl"][0]))
    done = morgue("-C", archive, "show", address(1), "--captures")
    assert f"WARC-Warcinfo-ID: {an_id('no')} was not here" in done.stdout


NO_ORIGINAL = {
    "no block": record("revisit", address(1), b"", WARC_Profile=SAME),
    "no block, not modified": record("revisit", address(1), b"", WARC_Profile=SAME.replace("identical-payload-digest",
                                                                                          "server-not-modified")),
    "a head": revisit(1, WARC_Payload_Digest=hexed(b"x")),
    "the name of a record": revisit(1, WARC_Refers_To=an_id("lost")),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", NO_ORIGINAL)
def test_body_of_a_revisit_whose_original_is_not_here_is_not_found(archive, name):
    """Exit code 8, not 7: nothing is damaged."""
    ending, report = bring(archive, gz([NO_ORIGINAL[name]]))
    assert (ending.word, report.flaws[flaws.REVISIT_WITHOUT_ORIGINAL]) == ("done", 1)
    done = morgue("-C", archive, "show", address(1), "--format", "body")
    assert done.returncode == 8
    assert "is a revisit whose original is not here" in done.stderr
    assert verify(archive).findings.listed == []


def test_request_of_a_second_copy_of_an_answer_is_counted_as_itself(archive):
    """It is not in the archive, and the summary does not say that it is."""
    one = response(1, record_id=an_id("r"))
    request = record("request", address(1), REQUEST, WARC_Concurrent_To=an_id("r"))
    _, report = bring(archive, gz([one, response(2), one, request]))
    assert (report.kept, report.passed) == (2, {ALREADY_HERE: 1, ANSWER_ALREADY_HERE: 1})


# Digests that records declare


def chunks(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n0\r\n\r\n" % (len(data), data)


STORED = {"plain": (bytes, b"Server: x"), "chunked": (chunks, b"Transfer-Encoding: chunked")}


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "md5", "sha512"])
@pytest.mark.parametrize("name", STORED)
def test_revisit_that_names_a_digest_alone_is_a_sighting(archive, algorithm, name):
    """The response declares the digest of its body as it is stored; the revisit spells it in another way."""
    stored, header = STORED[name]
    body = stored(page(1))
    other = f"{algorithm}:{base64.b32encode(hashlib.new(algorithm, body).digest()).decode()}"
    block = answer(body, b"Content-Type: text/html", header)
    original = record("response", address(1), block, WARC_Payload_Digest=hexed(body, algorithm))
    bring(archive, gz([original, revisit(1, WARC_Payload_Digest=other)]))
    assert rows(archive, "SELECT last_seen FROM articles") == [("2024-03-09T13:00:00Z",)]
    lines = morgue("-C", archive, "export", "cdxj", "-").stdout.splitlines()
    assert {json.loads(line.split(" ", 2)[2])["digest"] for line in lines} == {hexed(body, algorithm)}


@pytest.mark.parametrize("payload", [None, digest(b"")], ids=["upgraded", "as it was"])
def test_rows_of_earlier_imports_are_no_finding(archive, payload):
    """Earlier versions did not note what a revisit declares; a rebuild does."""
    original = response(1, WARC_Payload_Digest=hexed(page(1), "sha256"))
    bring(archive, gz([original, revisit(1, WARC_Payload_Digest=hexed(page(1), "sha256"))]))
    with closing(sqlite3.connect(archive / "morgue.db")) as db, db:
        db.execute("UPDATE captures SET declared_digest = NULL")
        db.execute("UPDATE captures SET payload_digest = ? WHERE record_type = 'revisit'", (payload,))
    assert verify(archive).findings.listed == []

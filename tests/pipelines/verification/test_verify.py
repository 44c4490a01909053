"""`morgue verify`: a whole archive has no finding, and whatever is done to one is found and named."""

from __future__ import annotations

import gzip
import hashlib
import shutil
import sqlite3
import threading
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.archive.writer import ArchiveWriter
from pipelines.core.errors import ArchiveDamaged
from pipelines.database.connection import connect
from pipelines.database.schema import UNFINISHED
from pipelines.database.store import ArticleStore
from pipelines.verification import database_check, full_check, verify, warc_check
from pipelines.verification.findings import NEXT_STEPS, Finding
from pipelines.warc import manifest
from pipelines.warc.digests import parse_digest
from pipelines.warc.exchange import records_of, write_exchange
from pipelines.warc.record import WarcFields, WarcRecord, digest, gzip_member
from pipelines.warc.recovery import recover
from pipelines.warc.storage import WarcStorage
from pipelines.warc.writer import WarcWriter
from tests.support import article_archive
from tests.support.command import ROOT
from tests.support.verifiable_archive import (
    build,
    entry,
    exchange,
    flip,
    members,
    places,
    record,
    reindex,
    revisit,
    rewrite,
    warcs,
)
from tests.support.warc_files import walk


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an archive that no test changes."""
    return build(tmp_path_factory.mktemp("whole") / "archive")


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    """Return a copy of it, to be damaged."""
    return Path(shutil.copytree(whole, tmp_path / "archive"))


def findings(folder: Path, **options: object) -> list[Finding]:
    """Return what is found."""
    return verify.verify(folder, **options).findings.listed  # type: ignore[arg-type]


def kinds(folder: Path, **options: object) -> list[str]:
    """Return the kinds of what is found, each once."""
    return sorted({one.kind for one in findings(folder, **options)})


def execute(folder: Path, sql: str) -> None:
    """Change the database without the archive writer."""
    with closing(sqlite3.connect(folder / "morgue.db")) as db, db:
        db.execute("PRAGMA foreign_keys = OFF")
        db.execute(sql)


def first(folder: Path, type_: str) -> tuple[Path, int, int]:
    """Return where the first record of a type is."""
    return next((path, one.offset, one.length) for path, one in members(folder)
                if one.headers.get("WARC-Type") == type_)  # fmt: skip


def replaced(name: str, value: str, *, where: str = "response") -> object:
    """Return a change of records: one field of every record of a type gets another value."""

    def change(one: WarcRecord) -> WarcRecord:
        if one.fields.get("WARC-Type") != where:
            return one
        kept = [pair for pair in one.fields if pair[0] != name]
        return WarcRecord(WarcFields([*kept, (name, value)]), one.block)

    return change


# Nothing wrong


@pytest.mark.parametrize("options", [{"jobs": 1}, {"jobs": 2}, {"quick": True}], ids=["one", "two", "quick"])
def test_whole_archive_has_no_finding(whole, options):
    """Chunked and coded bodies, failures, revisits, a journal, all conventions of payload digests."""
    report = verify.verify(whole, **options)
    assert report.findings.listed == []
    assert report.well
    assert report.files == 3
    assert report.bytes == sum(path.stat().st_size for path in warcs(whole))


@pytest.mark.parametrize("jobs", [1, 2])
def test_report_counts_the_records_of_the_manifest(whole, jobs):
    """With one process and with two."""
    report = verify.verify(whole, jobs=jobs)
    listed = manifest.load(whole / "manifest.jsonl").values()
    assert report.records == sum(one.records for one in listed)
    assert report.captures == sum(one.captures for one in listed)
    assert report.undigested == 0


def test_whole_archive_with_articles_has_no_finding(tmp_path):
    """With revisions and full text."""
    article_archive.build(tmp_path)
    manifest.write(tmp_path / manifest.NAME, map(entry, warcs(tmp_path)))
    assert findings(tmp_path) == []
    assert findings(tmp_path, quick=True) == []


def test_empty_archive_has_no_finding(tmp_path):
    """Fresh from `morgue init`: no database, no warc/, no manifest."""
    (tmp_path / "morgue.toml").touch()
    assert verify.verify(tmp_path).well


def test_verify_changes_no_file(folder):
    """Not a byte of the archive, not a time."""

    def state():
        return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.rglob("*")
                if path.is_file() and not path.name.startswith("morgue.db-")}  # fmt: skip

    before = state()
    findings(folder)
    findings(folder, quick=True)
    assert state() == before


# Bits


@pytest.mark.slow
def test_flipped_bit_is_found_by_the_manifest(folder):
    """A hundred, anywhere, also where no checksum of a record reaches."""
    for path, bit in places(folder, 100, seed=20261123):
        data = flip(path, bit)
        assert any(one.file == f"warc/{path.name}" for one in findings(folder)), (path.name, bit)
        path.write_bytes(data)
    assert findings(folder) == []


def test_flipped_bit_in_a_record_is_found_without_manifest_and_database(folder):
    """What is missed then changes nothing of any record: padding bits of deflate, the level in the first header."""
    (folder / "manifest.jsonl").unlink()
    (folder / "morgue.db").unlink()
    missed = 0
    for path, bit in places(folder, 100, seed=7):
        data = flip(path, bit)
        if not any(one.file == f"warc/{path.name}" for one in findings(folder)):
            missed += 1
            assert gzip.decompress(path.read_bytes()) == gzip.decompress(data)
        path.write_bytes(data)
    assert missed < 5


@pytest.mark.parametrize(("byte", "what"), [(4, "time"), (9, "system")])
def test_flipped_bit_in_a_gzip_header_is_found(folder, byte, what):
    """The time and the system, which no checksum covers: by the manifest, and without it by the other headers."""
    path, offset, _ = first(folder, "request")
    flip(path, 8 * (offset + byte))
    (one,) = findings(folder)
    assert (one.kind, one.offset) == ("sha256", None)
    assert "all its records are whole" in one.what
    (folder / "manifest.jsonl").unlink()
    assert [(one.kind, one.offset) for one in findings(folder) if one.offset is not None] == [("gzip header", offset)]


def test_damaged_record_is_named_with_its_capture(folder):
    """File, offset, and the capture that is lost; nothing else of the file is reported."""
    path, offset, length = first(folder, "response")
    flip(path, 8 * (offset + length // 2))
    by_manifest, damage, *links = findings(folder)
    assert [one.kind for one in links] == ["link"]  # the revisit that has no body now
    assert (by_manifest.kind, by_manifest.offset) == ("sha256", None)
    assert (damage.kind, damage.file, damage.offset) == ("damaged", f"warc/{path.name}", offset)
    assert "capture 1, http://paper.example/0" in damage.what
    assert f"{length:,} bytes" in damage.what


# Files


@pytest.mark.parametrize("cut", [1, 7, 9, 200])
def test_cut_tail_is_found(folder, cut):
    """Be it only the last byte of a checksum; by the records alone, and by name and size alone too."""
    path = warcs(folder)[0]
    path.write_bytes(path.read_bytes()[:-cut])
    assert {"size", "torn"} <= set(kinds(folder))
    assert kinds(folder, quick=True) == ["size"]
    (folder / "manifest.jsonl").unlink()
    assert "torn" in kinds(folder)


def test_file_cut_between_two_records_is_found(folder):
    """All that is left is whole: the manifest shows it, and so do rows and revisits."""
    path, offset, _ = first(folder, "response")
    path.write_bytes(path.read_bytes()[:offset])
    found = findings(folder)
    assert {"size", "no record", "link"} == {one.kind for one in found}
    assert "capture 1 of http://paper.example/0: no record begins there" in [one.what for one in found]
    assert set(kinds(folder, quick=True)) == {"size", "no record"}


def test_missing_file_is_found(folder):
    """With what was in it, and the revisits that lost their body."""
    path = warcs(folder)[0]
    path.unlink()
    missing, *links = findings(folder)
    assert (missing.file, missing.kind) == (f"warc/{path.name}", "missing")
    assert missing.what == "is not there, but it is in the manifest, and 7 rows of captures point into it"
    assert [one.kind for one in links] == ["link", "link"]
    (folder / "manifest.jsonl").unlink()
    assert "missing" in kinds(folder)
    assert "missing" in kinds(folder, quick=True)


def test_swapped_files_are_found(folder):
    """Two files that exchanged names: reported once a file, not once a record."""
    one, two, _ = warcs(folder)
    spare = folder / "spare"
    one.rename(spare)
    two.rename(one)
    spare.rename(two)
    found = findings(folder)
    assert [(each.file, each.kind) for each in found] == [(f"warc/{path.name}", "swapped") for path in (one, two)]
    assert f"lists for {two.name}" in found[0].what
    (folder / "manifest.jsonl").unlink()
    assert "swapped" in kinds(folder)


def test_copy_in_the_place_of_another_file_is_found(folder):
    """Its records are there twice, too."""
    one, two, _ = warcs(folder)
    shutil.copy(one, two)
    found = findings(folder)
    assert {each.kind for each in found} >= {"swapped", "twice"}


def test_extra_file_is_found(folder):
    """A WARC file that is not listed, or no WARC file at all; its records are not taken for the archive's."""
    stray = warcs(folder)[0].with_name("stray.warc.gz")
    shutil.copy(warcs(folder)[0], stray)
    (folder / "warc" / "notes.txt").write_text("keep me")
    (folder / "warc" / "deep").mkdir()
    (folder / "warc" / "deep" / "a.warc.gz").touch()
    found = findings(folder)
    assert {(one.file, one.kind) for one in found} == {
        ("warc/stray.warc.gz", "extra"),
        ("warc/stray.warc.gz", "swapped"),
        ("warc/notes.txt", "extra"),
        ("warc/deep/a.warc.gz", "extra"),
    }
    assert kinds(folder, quick=True) == ["extra"]


def test_file_put_aside_as_damaged_is_found(folder):
    """`recover` renames a file that it cannot read to *.damaged."""
    (folder / "warc" / "morgue-x.warc.gz.damaged").write_bytes(b"x" * 99)
    assert kinds(folder) == ["set aside"]
    assert kinds(folder, quick=True) == ["set aside"]


def test_unreadable_file_is_found(folder, monkeypatch):
    """With the words of the operating system."""

    def broken(self, size):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(warc_check.HashedFile, "read", broken)
    found = findings(folder)
    assert {(one.kind, one.what) for one in found if one.kind == "unreadable"} == {("unreadable", "Input/output error")}
    assert len(found) >= 3


@pytest.mark.parametrize("there", [True, False])
def test_link_in_place_of_a_file_is_found_and_not_followed(folder, there):
    """Whether or not it leads to a file."""
    path = warcs(folder)[0]
    path.rename(folder / ("elsewhere" if there else "gone"))
    path.symlink_to(folder / "elsewhere")
    found = [one for one in findings(folder) if one.kind == "unreadable"]
    assert [one.what for one in found] == ["is a symbolic link, which is not followed"]


FORGERIES = {
    "text": "UPDATE articles SET text = text || ' forged' WHERE id = 1",
    "title": "UPDATE articles SET title = 'Forged' WHERE id = 1",
    "author": "UPDATE articles SET authors = '[\"Forged\"]' WHERE id = 1",
    "day of change": "UPDATE articles SET modified = '1999-01-01' WHERE id = 1",
    "text and its digest": "UPDATE articles SET text = 'forged', text_digest = 'forged' WHERE id = 1",
    "text of a revision": "UPDATE revisions SET text = 'forged' WHERE id = 1",
    "author of a revision": "UPDATE revisions SET authors = '[\"Forged\"]'",
}


@pytest.fixture(scope="module")
def read_articles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an archive with articles that no test changes."""
    return article_archive.build(tmp_path_factory.mktemp("articles") / "archive")


@pytest.mark.parametrize("sql", FORGERIES.values(), ids=FORGERIES)
def test_forged_article_is_found(read_articles, tmp_path, sql):
    """By its digest, or by its newest revision."""
    folder = Path(shutil.copytree(read_articles, tmp_path / "archive"))
    before = sum(one.kind == "text" for one in findings(folder))
    execute(folder, sql)
    found = [one.what for one in findings(folder) if one.kind == "text"]
    assert len(found) > before, found


SCHEMA_CHANGES = {
    "a trigger": "CREATE TRIGGER evil AFTER INSERT ON captures BEGIN UPDATE articles SET text = 'forged'; END",
    "a trigger of our name": "CREATE TRIGGER Articles_FTS_Delete2 BEFORE DELETE ON ARTICLES BEGIN SELECT 1; END",
    "a dropped trigger": "DROP TRIGGER articles_fts_update",
    "a dropped index": "DROP INDEX captures_url",
    "a changed table": "ALTER TABLE articles ADD COLUMN evil TEXT DEFAULT 'x'",
}


@pytest.mark.parametrize("quick", [False, True], ids=["full", "quick"])
@pytest.mark.parametrize("sql", SCHEMA_CHANGES.values(), ids=SCHEMA_CHANGES)
def test_changed_schema_is_found(folder, sql, quick):
    """Also if no row was changed yet."""
    execute(folder, sql)
    assert kinds(folder, quick=quick) == ["schema"]


def test_objects_of_the_user_are_named_and_no_finding(folder):
    """Views, tables and indexes, as sqlite-utils makes them, and triggers on the user's own tables."""
    for sql in (
        "CREATE VIEW popular AS SELECT * FROM articles",
        "CREATE TABLE notes (id INTEGER PRIMARY KEY, note TEXT)",
        "CREATE INDEX articles_byline ON articles (byline)",
        "CREATE TRIGGER noted AFTER INSERT ON notes BEGIN SELECT 1; END",
    ):
        execute(folder, sql)
    report = verify.verify(folder)
    assert report.findings.listed == []
    assert report.not_ours == ("index articles_byline", "table notes", "trigger noted", "view popular")


def test_trigger_of_others_stops_every_writer_before_it_runs(folder):
    """The next step is named; the trigger has changed nothing."""
    execute(folder, SCHEMA_CHANGES["a trigger"])
    with pytest.raises(ArchiveDamaged, match=r"triggers that are not Newsmorgue's.*: evil") as refused:
        ArchiveWriter(folder / "morgue.db", WarcStorage(folder / "warc"), info={})
    assert "`morgue rebuild`" in refused.value.cure


# The manifest


def test_missing_manifest_is_one_finding(folder):
    """Not one for each file."""
    (folder / "manifest.jsonl").unlink()
    assert [one.kind for one in findings(folder)] == ["no manifest"]


def test_unreadable_manifest_is_found_with_its_line(folder):
    """The files are checked all the same."""
    path = folder / "manifest.jsonl"
    path.write_text("rubbish\n" + path.read_text())
    (one,) = findings(folder)
    assert (one.file, one.kind) == ("manifest.jsonl", "bad manifest")
    assert "line 1" in one.what


@pytest.mark.parametrize("word", ["records", "captures"])
def test_wrong_number_in_the_manifest_is_found(folder, word):
    """A line that lists another number of records, or of captures."""
    line = (folder / "manifest.jsonl").read_text().splitlines()[0]
    number = getattr(entry(warcs(folder)[0]), word)
    with (folder / "manifest.jsonl").open("a") as file:
        file.write(line.replace(f'"{word}": {number}', f'"{word}": {number + 1}') + "\n")
    (one,) = findings(folder)
    assert (one.kind, one.what) == ("counts", f"{number} {word}, {number + 1} in the manifest")


# Files that are being written


def test_file_of_a_living_writer_is_no_finding(folder):
    """A record that is half there, captures whose rows are not committed yet."""
    writer = WarcWriter(WarcStorage(folder / "warc"), info={})
    write_exchange(exchange(90), writer)
    (path,) = (folder / "warc").glob("*.open")
    with path.open("ab") as file:
        file.write(gzip_member(record("metadata", b"x" * 999))[:-20])
    report = verify.verify(folder)
    assert report.findings.listed == []
    assert report.writing == [path.name.removesuffix(".open")]
    assert verify.verify(folder, quick=True).well
    with path.open("ab") as file:
        file.truncate(path.stat().st_size - 1)
    writer.close()


def test_row_beyond_the_end_of_a_growing_file_is_found(folder):
    """A row is committed after its bytes: this is a finding also while the writer lives."""
    writer = WarcWriter(WarcStorage(folder / "warc"), info={})
    capture = write_exchange(exchange(90), writer)
    reindex(folder)
    execute(folder, "INSERT INTO captures (url, time, kind, file, offset, length, record_id, record_type) VALUES "
                    f"('http://a', '', 'page', '{capture.file}', 999999, 5, 'x', 'response')")  # fmt: skip
    assert [(one.kind, one.offset) for one in findings(folder)] == [("no record", 999999)]
    assert kinds(folder, quick=True) == ["no record"]
    writer.close()


def test_archive_that_is_being_written_has_no_finding(tmp_path):
    """With a writer at work beside us, rows and all."""
    (tmp_path / "warc").mkdir()
    archive_writer, stop = (
        ArchiveWriter(tmp_path / "morgue.db", WarcStorage(tmp_path / "warc"), info={}),
        threading.Event(),
    )
    store, number = ArticleStore(archive_writer.db), iter(range(100_000))

    def write():
        while not stop.is_set():
            time.sleep(0.003)
            archive_writer.call(
                lambda: store.capture(write_exchange(exchange(next(number)), archive_writer.writer), None, None)
            )

    thread = threading.Thread(target=write)
    thread.start()
    try:
        time.sleep(0.3)
        seen = []
        for _ in range(5):
            report = verify.verify(tmp_path)
            assert report.findings.listed == []
            seen.append(report.records)
            time.sleep(0.1)
        assert seen[0] < seen[-1]
    finally:
        stop.set()
        thread.join()
        archive_writer.close()


def test_rows_committed_a_moment_later_are_no_finding(folder):
    """A file is finished before the rows of its last group are committed."""
    db = sqlite3.connect(folder / "morgue.db", check_same_thread=False, isolation_level=None)
    row = db.execute("SELECT * FROM captures WHERE id = 3").fetchone()
    db.execute("DELETE FROM captures WHERE id = 3")
    db.execute("BEGIN IMMEDIATE")
    db.execute(f"INSERT INTO captures VALUES ({', '.join('?' * len(row))})", row)
    warcs(folder)[0].touch()
    timer = threading.Timer(0.7, lambda: db.execute("COMMIT"))
    timer.start()
    assert findings(folder) == []
    timer.join()
    db.close()


def test_file_left_open_by_a_crash_is_found(folder):
    """It has no writer. The next crawl repairs it, and all is well: what the crash tore is no dangling reference."""
    path = warcs(folder)[2]
    lines = (folder / "manifest.jsonl").read_text().splitlines(keepends=True)
    (folder / "manifest.jsonl").write_text("".join(lines[:2]))
    warcinfo_id = next(walk(path)).headers.get("WARC-Record-ID")
    group = [gzip_member(one) for one in records_of(exchange(91), warcinfo_id=warcinfo_id)]
    path.write_bytes(path.read_bytes() + b"".join(group)[:-20])  # a whole response, a torn request
    path.rename(path.with_name(path.name + ".open"))
    (one,) = findings(folder)
    assert (one.kind, one.file) == ("left open", f"warc/{path.name}.open")
    assert kinds(folder, quick=True) == ["left open"]
    (mended,) = recover(WarcStorage(folder / "warc"))
    assert "torn" in mended.messages[0]
    reindex(folder)
    assert findings(folder) == []


# Records


def test_wrong_block_digest_is_found(folder):
    """A record that was written again with another block: gzip is content, the digest is not."""

    def change(one: WarcRecord) -> WarcRecord:
        return WarcRecord(one.fields, one.block.replace(b"Boats", b"Ships")) if b"Boats" in one.block else one

    rewrite(folder, change)
    assert {"block digest", "payload digest"} <= set(kinds(folder))


@pytest.mark.parametrize(
    ("stated", "wanted"),
    [
        ("sha1:" + "A" * 32, "payload digest"),
        ("sha256:" + "0" * 64, "payload digest"),
        ("md5:" + "0" * 32, "payload digest"),
        ("sha1:short", "bad digest"),
        ("nothing", "bad digest"),
    ],
)
def test_wrong_payload_digest_is_found(folder, stated, wanted):
    """Whatever the algorithm; a value that is no digest is named as such."""
    rewrite(folder, replaced("WARC-Payload-Digest", stated))
    found = [one for one in findings(folder) if one.kind != "revisit"]
    assert {one.kind for one in found} == {wanted}
    assert all(stated in one.what for one in found)


@pytest.mark.parametrize("missing", ["WARC-Record-ID", "WARC-Date", "WARC-Type"])
def test_record_without_a_mandatory_field_is_found(folder, missing):
    """Section 5."""

    def change(one: WarcRecord) -> WarcRecord:
        if one.fields.get("WARC-Type") != "request":
            return one
        return WarcRecord(WarcFields([pair for pair in one.fields if pair[0] != missing]), one.block)

    rewrite(folder, change)
    assert "bad record" in kinds(folder)


def test_record_without_a_known_digest_is_counted(folder):
    """It is no finding: the standard does not ask for a digest. A digest of an unknown kind counts as none."""

    def change(one: WarcRecord) -> WarcRecord:
        bare = [pair for pair in one.fields if pair[0] != "WARC-Block-Digest"]
        unknown = [*bare, ("WARC-Block-Digest", "crc99:00")]
        others = {"response": bare, "request": unknown}
        return WarcRecord(WarcFields(others.get(one.fields.get("WARC-Type") or "", one.fields)), one.block)

    rewrite(folder, change)
    report = verify.verify(folder)
    assert report.well
    assert report.undigested == 18 + 21


def test_repeated_record_id_is_found(folder):
    """The same WARC-Record-ID in two files."""
    path, offset, length = first(folder, "request")
    data = path.read_bytes()[offset : offset + length]
    other = warcs(folder)[2]
    other.write_bytes(other.read_bytes() + data)
    manifest.write(folder / manifest.NAME, map(entry, warcs(folder)))
    (found,) = [each for each in findings(folder) if each.kind == "twice"]
    assert found.next_step.startswith("delete neither file")


SOFTWARE = b"software: theirs/1.0\r\n"
IMPORTED_INFO = record(
    "warcinfo", SOFTWARE, ("WARC-Block-Digest", digest(SOFTWARE)), ("Morgue-Imported", "a.warc.gz@0")
)
OWN_INFO = WarcRecord(WarcFields(list(IMPORTED_INFO.fields)[:-1]), SOFTWARE)


def dated(info: WarcRecord, date: str) -> WarcRecord:
    """Return the record with another date."""
    fields = [(name, date if name == "WARC-Date" else value) for name, value in info.fields]
    return WarcRecord(WarcFields(fields), info.block)


def add_one_each(folder, *records: WarcRecord) -> None:
    """Append a record to each of the first files, and list them as they are then."""
    for path, added in zip(warcs(folder), records, strict=False):
        path.write_bytes(path.read_bytes() + gzip_member(added))
    manifest.write(folder / manifest.NAME, map(entry, warcs(folder)))


def test_warcinfo_imported_twice_is_no_finding(folder):
    """Earlier versions stored it once for each file."""
    add_one_each(folder, IMPORTED_INFO, IMPORTED_INFO)
    assert "twice" not in kinds(folder)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (IMPORTED_INFO, WarcRecord(IMPORTED_INFO.fields, SOFTWARE.upper())),
        (IMPORTED_INFO, dated(IMPORTED_INFO, "2020-01-01T00:00:00Z")),
        (OWN_INFO, OWN_INFO),
    ],
    ids=["another block", "another date", "not imported"],
)
def test_other_warcinfo_with_the_same_id_is_found(folder, first, second):
    """And so is a copied record of ours."""
    add_one_each(folder, first, second)
    assert "twice" in kinds(folder)


@pytest.mark.parametrize("name", ["WARC-Concurrent-To", "WARC-Refers-To", "WARC-Warcinfo-ID"])
def test_dangling_reference_is_found(folder, name):
    """Each kind of reference."""
    nowhere = "<urn:uuid:00000000-0000-4000-8000-000000000000>"
    rewrite(folder, replaced(name, nowhere, where="request"))
    found = findings(folder)
    assert {one.kind for one in found} == {"link"}
    assert {one.what for one in found} == {f"{name}: {nowhere} is in no file of the archive"}
    assert len(found) == 21
    assert all(one.offset for one in found)


CHUNKED_PAGE = exchange(70, chunked=True)
STORED_BODY = CHUNKED_PAGE.response[CHUNKED_PAGE.head_length :]
ENTITY = STORED_BODY.partition(b"\r\n")[2].removesuffix(b"\r\n0\r\n\r\n")


def add_revisit(folder, payload_digest: str) -> str:
    """Add a chunked response and a revisit of it with this digest; return the record id of the response."""
    writer = WarcWriter(WarcStorage(folder / "warc"), info={})
    capture = write_exchange(CHUNKED_PAGE, writer)
    writer.append([revisit(capture.record_id, payload_digest)])
    writer.close()
    reindex(folder)
    return capture.record_id


@pytest.mark.parametrize(
    "payload_digest",
    [
        digest(ENTITY),
        f"sha256:{hashlib.sha256(ENTITY).hexdigest()}",
        f"sha256:{hashlib.sha256(STORED_BODY).hexdigest()}",
    ],
    ids=["sha1", "sha256 of the entity", "sha256 of the stored body"],
)
def test_revisit_of_the_same_body_is_no_finding(folder, payload_digest):
    """Its payload digest is compared with the record that it refers to, in any kind and convention."""
    add_revisit(folder, payload_digest)
    assert findings(folder) == []


@pytest.mark.parametrize("payload_digest", [digest(b"another body"), "rubbish"], ids=["wrong", "no digest"])
def test_revisit_of_another_body_is_found(folder, payload_digest):
    """Or one with a value that is no digest."""
    record_id = add_revisit(folder, payload_digest)
    (finding,) = findings(folder)
    assert finding.kind == "revisit"
    assert record_id in finding.what


# The database


def test_missing_database_is_one_finding(folder):
    """With the command that makes a new one."""
    for path in folder.glob("morgue.db*"):
        path.unlink()
    (one,) = findings(folder)
    assert (one.file, one.kind) == ("morgue.db", "no database")
    assert "`morgue rebuild`" in one.next_step
    assert kinds(folder, quick=True) == ["no database"]


def list_under(folder, archive: str) -> None:
    """List all files as those of the archive with this id, with two journal records."""
    path = folder / manifest.NAME
    manifest.write(path, [replace(each, archive=archive, journal=2) for each in manifest.load(path).values()])


OLDER, CURRENT = "UPDATE journal SET archive = 'a', last = 1", "UPDATE journal SET archive = 'a', last = 2"
WITHOUT_IDS = "ALTER TABLE journal DROP COLUMN archive"  # a migration would add it before a crawl


@pytest.mark.parametrize("quick", [False, True], ids=["full", "quick"])
@pytest.mark.parametrize(
    ("archive", "changes"),
    [("a", [OLDER]), ("b", [CURRENT]), ("a", [CURRENT, WITHOUT_IDS])],
    ids=["older", "other", "of a version without ids"],
)
def test_wrong_database_is_the_first_finding(folder, archive, changes, quick):
    """What follows from it comes after it, and nothing promises what a crawl refuses."""
    list_under(folder, archive)
    for change in [*changes, "DELETE FROM captures"]:
        execute(folder, change)
    before, *others = [one for one in findings(folder, quick=quick) if one.kind != "schema"]  # of the dropped column
    assert (before.file, before.kind) == ("morgue.db", "wrong database")
    assert "`morgue rebuild`" in before.next_step
    assert {each.kind for each in others} == {"no row"}
    assert others[0].next_step.startswith("`morgue rebuild`")


@pytest.mark.parametrize(("archive", "change"), [("a", OLDER), ("b", CURRENT)], ids=["older", "other"])
def test_wrong_database_is_refused_by_a_crawl_too(folder, archive, change):
    """verify has the crawl's own rule."""
    list_under(folder, archive)
    execute(folder, change)
    with pytest.raises(ArchiveDamaged):
        ArchiveWriter(folder / "morgue.db", WarcStorage(folder / "warc"), info={})


def test_upgrade_that_was_stopped_is_found(folder):
    """The database is between two schemas, which is no damage."""
    execute(folder, f"CREATE TABLE {UNFINISHED} (indexed INTEGER NOT NULL) STRICT")
    assert kinds(folder) == ["half upgraded"]


@pytest.mark.parametrize(("share", "rubbish"), [(0, b"x" * 100), (0.5, b"\xff" * 4096)], ids=["its head", "a page"])
def test_damaged_database_is_found(folder, share, rubbish):
    """No database at all, or one whose pages are not what they should be."""
    path = folder / "morgue.db"
    wide = "INSERT INTO crawls (started, command, software) SELECT printf('%.9000c', 'x'), '', '' FROM captures"
    execute(folder, wide)
    data = bytearray(path.read_bytes())
    start = int(len(data) * share)
    data[start : start + len(rubbish)] = rubbish
    path.write_bytes(data)
    assert "bad database" in kinds(folder)


@pytest.mark.parametrize(
    "change",
    [
        "length = length + 1",
        "record_id = '<urn:uuid:other>'",
        "record_type = 'metadata'",
        "block_digest = 'sha1:AAAA'",
        "payload_digest = NULL",
        "status = 404",
        "url = 'http://elsewhere.example/'",
        "time = '2020-01-01T00:00:00.000000Z'",
    ],
)
def test_row_that_differs_from_its_record_is_found(folder, change):
    """In every column that the record can confirm."""
    execute(folder, f"UPDATE captures SET {change} WHERE id = 2")
    (one,) = findings(folder)
    assert one.kind == "row differs"
    assert one.what.startswith(f"capture 2: {change.split()[0]} is ")
    assert one.offset is not None


def test_row_one_byte_beside_its_record_is_found(folder):
    """One byte is enough."""
    execute(folder, "UPDATE captures SET offset = offset + 1 WHERE id = 2")
    (one,) = findings(folder)
    assert (one.kind, one.what) == ("no record", "capture 2 of http://paper.example/1: no record begins there")


def test_record_without_a_row_is_found(folder):
    """And by numbers alone."""
    execute(folder, "DELETE FROM captures WHERE id = 5")
    (one,) = findings(folder)
    assert (one.kind, one.offset is not None) == ("no row", True)
    assert kinds(folder, quick=True) == ["no row"]


@pytest.mark.parametrize("table", ["articles", "revisions"])
def test_article_without_its_capture_is_found(tmp_path, table):
    """A capture_id that is no row of captures."""
    article_archive.build(tmp_path)
    manifest.write(tmp_path / manifest.NAME, map(entry, warcs(tmp_path)))
    execute(tmp_path, f"UPDATE {table} SET capture_id = 999 WHERE id = 5")
    (one,) = findings(tmp_path)
    assert one.kind == "dangling"
    assert one.what.startswith(f"{table}, row 5: capture_id ")
    assert kinds(tmp_path, quick=True) == ["dangling"]


@pytest.mark.parametrize("change", ["INSERT INTO articles_fts(articles_fts) VALUES ('delete-all')",
                                    "INSERT INTO articles_fts(rowid, title) VALUES (999, 'ghost')"],
                         ids=["emptied", "ghost"])  # fmt: skip
def test_wrong_search_index_is_found(tmp_path, change):
    """Articles that no search finds, and entries of none."""
    article_archive.build(tmp_path)
    manifest.write(tmp_path / manifest.NAME, map(entry, warcs(tmp_path)))
    execute(tmp_path, change)
    assert "index" in kinds(tmp_path)
    assert kinds(tmp_path, quick=True) == ["index"]


def test_article_at_a_place_of_another_day_is_found(tmp_path):
    """A search in a period would not find it."""
    article_archive.build(tmp_path)
    with closing(connect(tmp_path / "morgue.db")) as db:
        assert list(database_check._places(db)) == []
    execute(tmp_path, "UPDATE articles SET published_day = '2020-01-01' WHERE id = 5")
    execute(tmp_path, "UPDATE articles SET published_day = NULL WHERE id = 6")
    with closing(connect(tmp_path / "morgue.db")) as db:
        (found,) = database_check._places(db)
    assert (found.kind, found.what) == ("index", "2 articles filed under another day than theirs")


def test_wrong_number_of_articles_of_a_day_is_found(tmp_path):
    """Counts by day go by these numbers. One is too high, one is missing, and one is of a day without articles."""
    article_archive.build(tmp_path)
    manifest.write(tmp_path / manifest.NAME, map(entry, warcs(tmp_path)))
    assert kinds(tmp_path, quick=True) == []
    execute(tmp_path, "UPDATE article_days SET articles = articles + 1 WHERE day = (SELECT max(day) FROM article_days)")
    execute(tmp_path, "DELETE FROM article_days WHERE day = (SELECT min(day) FROM article_days)")
    execute(tmp_path, "INSERT INTO article_days VALUES (700000, 1)")
    for quick in (True, False):
        (found,) = database_check.check(tmp_path / "morgue.db", quick=quick)
        assert (found.kind, found.what) == ("index", "the number of articles of 3 days is wrong")


def test_quick_compares_rows_with_each_other(folder):
    """Records that overlap, and a revisit whose body no row has."""
    execute(folder, "UPDATE captures SET length = 100000 WHERE id = 2")
    assert "no record" in kinds(folder, quick=True)
    reindex(folder)
    execute(folder, "UPDATE captures SET refers_to = '<urn:uuid:nowhere>' WHERE id = 3")
    assert kinds(folder, quick=True) == ["link"]


# Large archives


@pytest.fixture
def stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files count as large."""
    monkeypatch.setattr(full_check, "MIN_PARALLEL_BYTES", 0)
    monkeypatch.setattr(full_check, "STRETCH_BYTES", 1500)


def test_file_checked_in_stretches_gives_the_same_numbers(folder, stretches):
    """It is cut into pieces for several processes; there is no finding."""
    one, many = verify.verify(folder, jobs=1), verify.verify(folder, jobs=2)
    assert many.findings.listed == []
    assert (one.records, one.captures, one.bytes) == (many.records, many.captures, many.bytes)


def test_damage_in_a_stretch_is_found_once(folder, stretches):
    """At its place, as if the file had been read in one go."""
    path, offset, length = first(folder, "response")
    flip(path, 8 * (offset + length // 2))
    assert findings(folder, jobs=2) == findings(folder, jobs=1)


def test_wrong_row_does_not_cut_a_file_wrongly(folder, stretches):
    """Files are cut where rows say; where rows are wrong, the file is read in one go."""
    execute(folder, "UPDATE captures SET offset = offset + 3")
    assert findings(folder, jobs=2) == findings(folder, jobs=1)


def test_ten_thousand_findings_are_counted_but_not_all_listed(folder, monkeypatch):
    """Findings of a kind in a file are listed up to a number."""
    monkeypatch.setattr("pipelines.verification.findings.MAX_LISTED_FINDINGS", 5)
    execute(folder, "UPDATE captures SET status = 404")
    report = verify.verify(folder)
    assert len(report.findings.listed) == 15
    assert report.findings.counts.total() == report.captures
    assert sum(report.findings.unlisted.values()) == report.captures - 15


# Words


@pytest.mark.parametrize(
    "text",
    [
        "sha1:3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ",
        "SHA-1:3i42h3s6nnfq2msvx7xzkyayscx5qbyj",
        "sha1:da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "sha256:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855",
        "sha-256:4OYMIQUY7QOBJGX36TEJS35ZEQT24QPEMSNZGTFESWMRW6CSXBKQ====",
        "md5:d41d8cd98f00b204e9800998ecf8427e",
        "md5:2QOYZWMPACZAJ2MABGMOZ6CCPY======",
    ],
)
def test_digest_is_read_in_every_spelling(text):
    """Hex or base 32, padded or not, in any case. All of them are digests of nothing."""
    found = parse_digest(text)
    assert found is not None
    assert found.of(b"")


def test_digest_of_an_unknown_algorithm_is_no_error():
    """It cannot be checked, that is all."""
    assert parse_digest("crc99:00") is None


def test_every_kind_of_finding_is_documented():
    """docs/verifying.md names each, with what to do."""
    text = (ROOT / "docs" / "verifying.md").read_text(encoding="utf-8")
    for kind, step in NEXT_STEPS.items():
        assert f"| `{kind}` |" in text, kind
        assert f"| {step} |" in text, kind


OTHER_TESTS = ("crawler/commands/test_remove.py", "system/test_forged_rows.py", "system/test_leased_crawl.py",
               "crawler/cli/fleet/test_shard_identity.py")  # fmt: skip


def test_every_kind_of_finding_is_shown_by_a_test():
    """By its name: in this file, or where takedowns, forgeries, lost machines and shards are tested."""
    files = Path(__file__), *(ROOT / "tests" / name for name in OTHER_TESTS)
    source = "".join(file.read_text(encoding="utf-8") for file in files)
    assert [kind for kind in NEXT_STEPS if f'"{kind}"' not in source] == []

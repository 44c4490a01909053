"""`morgue import`: other people's captures come in whole, once, in any order, whatever is wrong beside them."""

from __future__ import annotations

import asyncio
import gzip
import importlib
import io
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import time
import zipfile
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from warcio.archiveiterator import ArchiveIterator

from crawler.engine.import_run import files_of
from pipelines.archive.journal import journal_header
from pipelines.core.errors import ConfigError, MorgueError
from pipelines.importing.grouping import ALREADY_HERE, ID_CLASH
from pipelines.verification.verify import verify
from pipelines.warc.record import digest
from tests.support.command import crawl, morgue, rows, start
from tests.support.external_tools import faults
from tests.support.foreign import (
    address,
    an_id,
    answer,
    arc,
    gz,
    page,
    record,
    response,
    wacz,
    warcinfo,
    with_package,
)
from tests.support.import_runs import bring, import_of
from tests.support.newspaper import serve
from tests.support.waiting import wait_until
from tests.support.warc_files import read_record, walk

command = importlib.import_module("crawler.commands.import")
import_filter, lines, as_dict = command.import_filter, command.lines, command.as_dict


def articles(archive: Path) -> dict[str, tuple]:
    """Return what was read, by address."""
    names = "title, text, authors, published, language, revision, first_seen, last_seen"
    return {url: row for url, *row in rows(archive, f"SELECT url, {names} FROM articles")}


def everything(archive: Path) -> dict[str, list[tuple]]:
    """Return all rows that an import may write, without row ids and places in files."""
    columns = {
        "captures": "url, time, kind, status, mime, record_id, record_type, block_digest, payload_digest, refers_to, "
                    "body_length, body_digest, signals, (SELECT name FROM sources s WHERE s.id = source_id)",
        "sources": "name, url, watched",
        "aliases": "url_key, (SELECT url_key FROM articles a WHERE a.id = article_id)",
        "revisions": "number, seen, title, text, text_digest, "
                     "(SELECT record_id FROM captures c WHERE c.id = capture_id), "
                     "(SELECT url_key FROM articles a WHERE a.id = article_id)",
        "sightings": "(SELECT record_id FROM captures c WHERE c.id = capture_id), "
                     "(SELECT number FROM revisions r WHERE r.id = revision_id)",
        "articles": "url_key, url, title, text, published, published_day, modified, revision, first_seen, last_seen, "
                    "(SELECT record_id FROM captures c WHERE c.id = capture_id), (SELECT name FROM sources s "
                    "WHERE s.id = source_id)",
    }  # fmt: skip
    where = {"captures": "WHERE kind != 'import'"}
    assert rows(archive, "SELECT count(*) FROM unclustered") == [(0,)]
    return {
        name: sorted(rows(archive, f"SELECT {what} FROM {name} {where.get(name, '')}"), key=repr)
        for name, what in columns.items()
    }


def kept(archive: Path) -> Counter[str]:
    """Return how often the id of each imported record is in the WARC files."""
    found: Counter[str] = Counter()
    for file in sorted((archive / "warc").iterdir()):
        with file.open("rb") as stream:
            found.update(one.rec_headers["WARC-Record-ID"] for one in ArchiveIterator(stream, no_record_parse=True)
                         if one.rec_headers.get_header("Morgue-Imported"))  # fmt: skip
    return found


def accepted(archive: Path) -> None:
    """Check that other people's tools find no fault in our files."""
    files = sorted((archive / "warc").iterdir())
    assert all(file.name.endswith(".warc.gz") for file in files)
    assert faults(*files) == []


# The same articles as a crawl


@pytest.fixture(scope="module")
def crawled(tmp_path_factory, empty):
    """Serve the newspaper, and crawl its articles into an archive."""
    folder = tmp_path_factory.mktemp("crawled")
    archive = Path(shutil.copytree(empty, folder / "archive"))
    with serve() as paper:
        done = crawl(archive, "--urls", "-", stdin="\n".join(paper.truth))
        assert done.returncode == 0, done.stderr
        yield paper, archive


def read_as(archive: Path) -> dict[str, list]:
    """Return what was read, without when."""
    return {url: row[:6] for url, row in articles(archive).items()}


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("wget") is None, reason="wget is not installed")
def test_wget_recording_gives_the_articles_of_a_crawl(crawled, archive, tmp_path):
    """All of them, with robots.txt and the front page filed as what they are."""
    paper, other = crawled
    (tmp_path / "list").write_text("\n".join([paper.url + "/robots.txt", paper.url + "/", *paper.truth]))
    wget = ["wget", "-q", "--warc-file=theirs", "-i", "list", "-P", "pages", "--delete-after"]
    subprocess.run(wget, cwd=tmp_path, check=True, timeout=60)
    done = morgue("-C", archive, "import", tmp_path / "theirs.warc.gz")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert f"articles: {len(paper.truth)} new" in done.stdout
    assert read_as(archive) == read_as(other)
    kinds = dict(rows(archive, "SELECT kind, count(*) FROM captures GROUP BY kind"))
    assert kinds == {"article": len(paper.truth), "robots": 1, "front": 1, "import": 1}
    accepted(archive)


@pytest.mark.slow
def test_warcio_recording_gives_the_articles_of_a_crawl(crawled, archive, tmp_path):
    """Its records of requests come after those of the responses."""
    from warcio.capture_http import capture_http

    paper, other = crawled
    import http.client

    path = tmp_path / "theirs.warc.gz"
    with capture_http(str(path)):
        for url in paper.truth:
            connection = http.client.HTTPConnection(paper.url.removeprefix("http://"))
            connection.request("GET", url.removeprefix(paper.url))
            connection.getresponse().read()
            connection.close()
    ending, report = bring(archive, path)
    assert (ending.word, report.articles["new"]) == ("done", len(paper.truth))
    assert report.kept == 2 * len(paper.truth)
    assert read_as(archive) == read_as(other)
    accepted(archive)


def test_archive_of_ours_is_imported_as_it_was(crawled, archive):
    """Bytes, ids, kinds; the journal of the other archive, if it has one, stays there."""
    _, other = crawled
    ending, _report = bring(archive, other / "warc")
    assert ending.word == "done"
    same = "SELECT record_id, url, time, kind, status, payload_digest FROM captures WHERE kind != 'import'"
    assert sorted(rows(archive, same)) == sorted(rows(other, same))
    assert articles(archive) == articles(other)


# Once, and in any order


def test_repeated_import_changes_nothing(archive):
    """No row, no byte; ARC records too, whose ids are derived."""
    files = gz([warcinfo(), response(1), response(2, at=1)]), arc([(address(3), answer(page(3)))])
    bring(archive, *files)
    tables = ("captures", "articles", "revisions", "sightings", "sources", "aliases")
    before = {name: rows(archive, f"SELECT * FROM {name}") for name in tables}
    warc = {path.name: path.read_bytes() for path in (archive / "warc").iterdir()}
    ending, report = bring(archive, *files)
    assert (ending.word, report.kept, report.passed["already in the archive"]) == ("done", 0, 3)
    assert {name: rows(archive, f"SELECT * FROM {name}") for name in tables} == before
    assert {path.name: path.read_bytes() for path in (archive / "warc").iterdir()} == warc


def test_record_that_is_in_two_files_is_stored_once(archive):
    """Two copies of one download, perhaps."""
    ending, report = bring(archive, gz([response(1), response(1)]), gz([response(1)]))
    assert (ending.word, report.kept, report.records) == ("done", 1, 3)
    assert set(kept(archive).values()) == {1}


def infos(archive: Path) -> dict[str, int]:
    """Return how often each imported warcinfo record is there."""
    return {one: count for one, count in kept(archive).items() if one in map(an_id, ("theirs", "others"))}


@pytest.mark.parametrize("imports", [[(0, 1, 2)], [(0,), (1,), (2,)]], ids=["in one import", "in three"])
def test_warcinfo_that_two_files_share_is_stored_once(archive, imports):
    """Two exports of one archive, or a damaged copy and a good one: the archive has no finding."""
    torn = gz([warcinfo(), response(1), response(3)])[:-20]
    files = torn, gz([warcinfo(), response(2)]), gz([warcinfo("others"), warcinfo(), response(3), response(4)])
    for numbers in imports:
        bring(archive, *(files[number] for number in numbers))
    assert len(articles(archive)) == 4
    assert infos(archive) == {an_id("theirs"): 1}
    assert len(rows(archive, "SELECT * FROM captures WHERE kind = 'import'")) == 3
    assert verify(archive).findings.listed == []
    accepted(archive)


@pytest.mark.slow
def test_warcinfo_of_our_own_file_is_not_imported(crawled, archive):
    """A record that was lost comes back from a copy of the archive's own file."""
    shutil.copytree(crawled[1], archive, dirs_exist_ok=True)
    (file,) = (archive / "warc").glob("*.warc.gz")
    copy = Path(shutil.copy(file, archive.parent / "copy.warc.gz"))
    ((url, offset),) = rows(archive, "SELECT url, offset FROM captures WHERE kind = 'page' AND status = 200 LIMIT 1")
    data = bytearray(file.read_bytes())
    data[offset + 200] ^= 1
    file.write_bytes(data)
    done = morgue("-C", archive, "rebuild")
    assert rows(archive, "SELECT * FROM captures WHERE url = ?", url) == [], done.stderr
    assert bring(archive, copy)[0].word == "done"
    assert "twice" not in {finding.kind for finding in verify(archive).findings.listed}
    assert len(rows(archive, "SELECT * FROM captures WHERE url = ?", url)) == 1


def test_other_warcinfo_with_a_known_id_is_counted(archive):
    """It is not stored, and the summary says so."""
    other = warcinfo().replace(b"theirs/1.0", b"theirs/2.0")
    assert bring(archive, gz([warcinfo(), response(1)]))[1].passed == {"header of a file": 1}
    ending, report = bring(archive, gz([other, response(2)]))
    assert (ending.exit_code, report.kept, report.passed) == (1, 1, {ID_CLASH: 1})


@pytest.mark.parametrize("earlier", [0, 1], ids=["in one import", "in two"])
def test_other_record_with_a_known_id_is_reported_as_not_stored(archive, earlier):
    """Some writers start numbering again in each file. It is no copy: another address, or time, or other bytes."""
    first = gz([response(1, record_id="<urn:theirs:1>")])
    others = gz([response(2, record_id="<urn:theirs:1>")]), gz([response(1, at=3, record_id="<urn:theirs:1>")])
    files = [first, *others]
    for file in files[:earlier]:
        bring(archive, file)
    ending, report = bring(archive, *files[earlier:])
    assert (ending.exit_code, report.passed) == (1, {ID_CLASH: 2})
    assert len(articles(archive)) == 1
    assert bring(archive, first)[1].passed == {ALREADY_HERE: 1}


def test_imports_by_several_filters_give_what_one_import_gives(archive, empty, tmp_path):
    """Headers of files too are stored once."""
    data = gz([warcinfo(), response(1), response(2, host="other.example"), warcinfo("second"), response(3)])
    other = Path(shutil.copytree(empty, tmp_path / "other"))
    for host in ("other.example", "paper.example"):
        bring(archive, data, hosts=frozenset((host,)))
    bring(other, data)
    assert everything(archive) == everything(other)
    drop = [record_id for (record_id,) in rows(archive, "SELECT record_id FROM captures WHERE kind = 'import'")]
    assert {one: n for one, n in kept(archive).items() if n > 1} == {}
    assert len(drop) == 2


def test_older_captures_become_earlier_revisions(archive, empty, tmp_path):
    """In either order of the files: revisions by time, first and last sighting, the newest text in front."""
    old = gz([response(1), response(1, at=24, more="Correction:"), response(2, at=5)])
    new = gz([response(1, at=48, more="Second correction:"), response(1, at=50, more="Second correction:")])
    between = gz([response(1, at=36, more="Correction:"), response(2, at=1)])
    results = []
    for number, order in enumerate([(old, between, new), (new, between, old), (between, new, old)]):
        one = Path(shutil.copytree(empty, tmp_path / f"order-{number}" / "archive"))
        for file in order:
            assert bring(one, file)[0].word == "done"
        results.append(everything(one))
    assert results[0] == results[1] == results[2]
    (row,) = (row for row in results[0]["articles"] if row[1] == address(1))
    assert row[7:10] == (3, "2024-03-09T12:00:00Z", "2024-03-11T14:00:00Z")
    assert "Second correction" in row[3]
    assert [one[0:2] for one in results[0]["revisions"] if one[-1].endswith("number-1")] == [
        (1, "2024-03-09T12:00:00Z"), (2, "2024-03-10T12:00:00Z"), (3, "2024-03-11T12:00:00Z"),
    ]  # fmt: skip


# Stopped in the middle


@pytest.fixture(scope="module")
def long(tmp_path_factory, empty):
    """Return a file that takes some seconds to read, and an archive with all of it."""
    folder = tmp_path_factory.mktemp("long")
    path = folder / "long.warc.gz"
    pairs = []
    for n in range(200):
        pairs.append(response(n, record_id=an_id(f"r{n}")))
        pairs.append(record("request", address(n), b"GET / HTTP/1.1\r\n\r\n", WARC_Concurrent_To=an_id(f"r{n}")))
    path.write_bytes(gz([warcinfo(), *pairs]))
    archive = Path(shutil.copytree(empty, folder / "archive"))
    bring(archive, path)
    return path, archive


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "code", "outcomes", "message"),
    [
        (signal.SIGINT, 130, [("interrupted",)], "the same command goes on"),
        (signal.SIGKILL, -signal.SIGKILL, [(None,)], ""),
    ],
    ids=["int", "kill"],
)
def test_interrupted_import_goes_on(long, archive, number, code, outcomes, message):
    """The end is the same, and no record is stored twice; a clean stop gives exit code 130."""
    path, whole = long
    process = start("-C", archive, "import", path)
    try:
        wait_until(lambda: (archive / "morgue.db").exists() and rows_or_none(archive), 60)
        os.kill(process.pid, number)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    part = rows(archive, "SELECT count(*) FROM articles")[0][0]
    assert 0 < part < 200, (out, err)
    assert process.returncode == code
    assert message in err
    assert rows(archive, "SELECT outcome FROM crawls") == outcomes
    ending, _report = bring(archive, path)
    assert ending.word == "done"
    assert everything(archive) == everything(whole)
    stored = kept(archive)
    assert set(stored.values()) == {1}
    assert set(stored) >= {an_id(f"r{n}") for n in range(200)}
    accepted(archive)


def rows_or_none(archive: Path) -> bool:
    """Return True if any article is filed and committed."""
    try:
        return rows(archive, "SELECT count(*) FROM articles")[0][0] > 0
    except Exception:  # noqa: BLE001 the tables are being made
        return False


def test_records_without_rows_after_a_crash_are_not_written_again(archive):
    """The rows of the last second may be lost, the bytes are not: they get their rows back."""
    data = gz([warcinfo(), *(response(n) for n in range(6))])
    bring(archive, data)
    before, everyone = kept(archive), everything(archive)
    import sqlite3

    db = sqlite3.connect(archive / "morgue.db")
    for table in ("sightings", "aliases", "revisions", "articles"):
        db.execute(f"DELETE FROM {table}")
    db.execute("DELETE FROM captures WHERE id > 2")
    db.execute("DELETE FROM captures WHERE kind = 'article'")
    db.commit()
    db.close()
    ending, report = bring(archive, data)
    assert (ending.word, report.articles["new"]) == ("done", 6)
    assert kept(archive) == before
    assert everything(archive) == everyone
    for file, offset, length, record_id in rows(archive, "SELECT file, offset, length, record_id FROM captures"):
        assert read_record(archive / "warc" / file, offset, length).fields.get("WARC-Record-ID") == record_id


def test_rows_after_a_crash_are_those_of_the_stored_records(archive):
    """Also the note about the file: it has the date of the import that wrote it, not of the one that goes on."""
    data = gz([warcinfo(), *(response(n) for n in range(3))])
    bring(archive, data)
    query = "SELECT record_id, time, url, imported FROM captures ORDER BY 1"
    before = rows(archive, query)
    import sqlite3

    db = sqlite3.connect(archive / "morgue.db")
    for table in ("sightings", "aliases", "revisions", "articles", "captures"):
        db.execute(f"DELETE FROM {table}")
    db.commit()
    db.close()
    time.sleep(0.01)
    bring(archive, data)
    assert rows(archive, query) == before


# What is damaged, and what is hostile


@pytest.mark.slow
def test_rebuild_files_what_a_killed_import_left(archive):
    """Records without rows, and no journal that mentions them: the files are enough; the next import finds them."""
    data = gz([warcinfo(), response(1), response(2)])
    bring(archive, data)
    before = articles(archive)
    (path,) = (archive / "warc").iterdir()
    journal = next(one.offset for one in walk(path) if journal_header(one.headers))
    os.truncate(path, journal)
    for gone in (*archive.glob("morgue.db*"), archive / "manifest.jsonl"):
        gone.unlink()
    done = morgue("-C", archive, "rebuild")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "in no journal" in done.stdout
    assert articles(archive) == before
    assert morgue("-C", archive, "verify").returncode == 0
    _ending, report = bring(archive, data)
    assert (report.kept, report.passed[ALREADY_HERE]) == (0, 2)


@pytest.mark.slow
def test_damage_costs_its_record_and_is_named(archive, tmp_path):
    """In a file, in a WACZ, in a body without compression; exit code 1."""
    members = [gzip.compress(one, mtime=0) for one in (warcinfo(), *(response(n) for n in range(5)))]
    bad = bytearray(members[2])
    bad[len(bad) // 2] ^= 8
    data = b"".join([*members[:2], bytes(bad), *members[3:]])
    plain = response(10, WARC_Block_Digest=sha1(answer(page(10)))).replace(b"Report 10", b"Rxport 10", 1)
    (tmp_path / "a.warc.gz").write_bytes(data)
    (tmp_path / "b.wacz").write_bytes(wacz({"archive/data.warc.gz": data.replace(b"\0\0\0\0\0", b"\0\0\0\0\0")}))
    (tmp_path / "c.warc").write_bytes(plain + response(11))
    done = morgue("-C", archive, "import", tmp_path / "a.warc.gz", tmp_path / "c.warc", tmp_path / "b.wacz")
    assert done.returncode == 1
    place = len(members[0]) + len(members[1])
    assert f"damaged: a.warc.gz at byte {place:,}: " in done.stdout
    assert f"damaged: b.wacz!archive/data.warc.gz at byte {place:,}: " in done.stdout
    assert "damaged: c.warc at byte 0: its block does not match its digest" in done.stdout
    assert sorted(articles(archive)) == sorted(address(n) for n in (0, 2, 3, 4, 11))


def sha1(block: bytes) -> str:
    import hashlib

    return "sha1:" + hashlib.sha1(block).hexdigest()


def test_unreadable_file_costs_only_itself(archive, tmp_path):
    """It vanished between being listed and its turn; the others are read."""
    for name in ("a.warc.gz", "b.warc.gz"):
        (tmp_path / name).write_bytes(gz([response(ord(name[0]))]))
    job = import_of(archive, tmp_path)
    (tmp_path / "a.warc.gz").unlink()
    ending = asyncio.run(job.run(bar=False))
    assert (ending.exit_code, job.report.damaged, len(articles(archive))) == (1, 1, 1)


EMPTY = {
    "0 bytes": (".warc.gz", b"", "it has 0 bytes"),
    "gzip of nothing": (".warc.gz", gzip.compress(b""), "it unpacks to 0 bytes"),
    "zip without WARC": (".wacz", wacz({"datapackage.json": b"{}"}), "it is a ZIP without a WARC or ARC file"),
}


@pytest.mark.parametrize("name", EMPTY)
def test_file_without_records_is_named_with_exit_code_1(archive, tmp_path, name):
    """With what to do, and the other files are imported."""
    ending, data, why = EMPTY[name]
    (tmp_path / f"theirs{ending}").write_bytes(data)
    done, report = bring(archive, tmp_path / f"theirs{ending}", gz([response(1)]))
    assert (done.word, done.exit_code, report.damaged, len(articles(archive))) == ("partly failed", 1, 0, 1)
    assert [(one.file, one.why) for one in report.empty] == [(f"theirs{ending}", why)]
    assert f"nothing in theirs{ending}: {why}\n  {report.empty[0].next_step}" in lines(report)
    assert as_dict(report, done.word)["empty"][0]["why"] == why


def test_file_of_unwanted_or_known_records_is_no_failure(archive):
    """Nor one whose records are all here already."""
    for filters in ({"hosts": frozenset(["another.example"])}, {}, {}):
        done, report = bring(archive, gz([response(1)]), **filters)
        assert (done.exit_code, report.empty) == (0, [])


def test_name_in_a_zip_is_never_a_path(archive, tmp_path):
    """Upward, absolute, with a drive, a link: read as streams, shown on one line, nothing written anywhere."""
    link = zipfile.ZipInfo("link.warc.gz")
    link.external_attr = 0o120777 << 16
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        names = ["../../evil.warc.gz", "/tmp/evil.warc.gz", "C:\\evil.warc.gz", "a\x1b[31m\n.warc.gz"]
        for number, name in enumerate(names):
            file.writestr(name, gz([response(number)]))
        file.writestr(link, "/etc/passwd")
    before = {path for path in tmp_path.rglob("*") if "archive" not in path.parts}
    _ending, report = bring(archive, out.getvalue())
    after = {path for path in tmp_path.rglob("*") if "archive" not in path.relative_to(tmp_path).parts}
    assert {path.name for path in after - before} <= {"theirs-0"}
    assert len(articles(archive)) == 4
    assert [damage.file for damage in report.damages] == ["theirs-0!link.warc.gz"]
    assert not Path("/tmp/evil.warc.gz").exists()
    names = [name for (name,) in rows(archive, "SELECT imported FROM captures WHERE kind != 'import'")]
    assert all(name.isprintable() for name in names)
    assert "theirs-0!../../evil.warc.gz@0" in names


def test_field_with_a_line_break_is_refused(archive):
    """A forged field could name another record, or a journal of ours."""
    forged = response(1, X_Note="one\rMorgue-Journal: 1")
    ending, report = bring(archive, gz([forged, response(2)]))
    assert (ending.exit_code, report.kept) == (1, 1)
    assert "break its line" in report.damages[0].why


def test_fields_of_ours_are_dropped_from_foreign_records(archive):
    """Only we say where a record came from, or that it is a journal."""
    fields = {"Morgue-Imported": "elsewhere@1", "Morgue-Kept-In": "<x>", "Morgue-Journal": "7"}
    stranger = response(1, **{name.replace("-", "_"): value for name, value in fields.items()})
    journal = record("metadata", None, b"{}\n", Content_Type="application/x-ndjson", Morgue_Journal="1")
    _ending, report = bring(archive, gz([stranger, journal]))
    assert report.passed["metadata record"] == 1
    ((file, offset, length),) = rows(archive, "SELECT file, offset, length FROM captures WHERE kind = 'article'")
    named = read_record(archive / "warc" / file, offset, length).fields
    assert named.all("Morgue-Imported") == ["theirs-0@0"]
    assert named.get("Morgue-Journal") is None


# What there is in the world


FORMS = {
    "warc": b"".join([warcinfo(), response(1), response(2)]),
    "one piece": gzip.compress(b"".join([warcinfo(), response(1), response(2)])),
    "arc": arc([(address(1), answer(page(1))), (address(2), answer(page(2)))], compressed=False),
    "arc.gz": arc([(address(1), answer(page(1))), (address(2), answer(page(2)))]),
    "wacz": wacz(with_package({"archive/a.warc.gz": gz([response(1)]), "archive/b.warc": response(2)})),
    "deflated wacz": wacz({"archive/a.warc.gz": gz([response(1), response(2)])}, zipfile.ZIP_DEFLATED),
}


@pytest.mark.parametrize("data", FORMS.values(), ids=FORMS)
def test_every_container_is_read(archive, data):
    """And named, where offsets mean something else."""
    ending, report = bring(archive, data)
    assert (ending.word, report.articles["new"]) == ("done", 2)
    assert len(report.notes) == (data == FORMS["one piece"])


DECODED = page(1)
STORED = {
    "HTTP/2 200": answer(DECODED, status=b"HTTP/2 200"),
    "HTTP/1.0 200 without a reason": answer(DECODED, status=b"HTTP/1.0 200"),
    "LF only": answer(DECODED, eol=b"\n"),
    "gzip": answer(gzip.compress(DECODED), b"Content-Type: text/html", b"Content-Encoding: gzip"),
    "gzip said, and undone": answer(DECODED, b"Content-Type: text/html", b"Content-Encoding: gzip"),
    "br said, and undone": answer(DECODED, b"Content-Type: text/html", b"Content-Encoding: br"),
    "zstd said, and undone": answer(DECODED, b"Content-Type: text/html", b"Content-Encoding: zstd"),
    "chunks": answer(b"%x\r\n%s\r\n0\r\n\r\n" % (len(DECODED), DECODED), b"Content-Type: text/html",
                     b"Transfer-Encoding: chunked"),
    "chunks said, and undone": answer(DECODED, b"Content-Type: text/html", b"Transfer-Encoding: chunked"),
    "both said, and undone": answer(DECODED, b"Content-Type: text/html", b"Transfer-Encoding: chunked",
                                    b"Content-Encoding: gzip"),
    "a wrong length": answer(DECODED, b"Content-Type: text/html", b"Content-Length: 7"),
    "no media type": answer(DECODED, b"Server: x"),
    "a vague media type": answer(DECODED, b"Content-Type: application/octet-stream"),
}  # fmt: skip


def test_response_is_read_in_every_way_of_storing_it(archive):
    """Twelve ways to store one page give one text."""
    hosts = {name: f"h{number}.example" for number, name in enumerate(STORED)}
    bring(archive, gz(record("response", address(1, hosts[name]), block) for name, block in STORED.items()))
    found = {url: row[1] for url, row in articles(archive).items()}
    assert {name for name, host in hosts.items() if address(1, host) not in found} == set()
    assert len(set(found.values())) == 1


def test_record_that_is_no_response_is_counted(archive):
    """Browsertrix's resources, texts (WET), DNS, other crawlers' notes, pieces of records, requests alone."""
    others = [
        record("resource", "urn:text:https://paper.example/", b"text"),
        record("resource", "urn:pageinfo:https://paper.example/", b"{}"),
        record("conversion", address(1), b"text"),
        record("response", "dns:paper.example", b"2024 paper.example. 192.0.2.7", Content_Type="text/dns"),
        record("response", "https://paper.example/odd", b"no head at all"),
        record("metadata", address(1), b"via: x", Content_Type="application/warc-fields"),
        record("continuation", address(1), b"more", WARC_Segment_Number="2"),
        record("request", address(9), b"GET / HTTP/1.1\r\n\r\n"),
        response(7, WARC_Segment_Number="1"),
    ]
    ending, report = bring(archive, gz([warcinfo(), *others, response(1)]))
    assert (ending.word, report.kept) == ("done", 1)
    assert report.passed == {
        "header of a file": 1, "resource record": 2, "conversion record": 1, "not HTTP": 2, "metadata record": 1,
        "continuation record": 1, "request without its answer": 1, "segmented record": 1,
    }  # fmt: skip
    assert report.records == report.kept + sum(report.passed.values())


KINDS = {
    "/robots.txt": ("text/plain", b"User-agent: *", "robots"),
    "/feed": ("application/rss+xml", b"<rss></rss>", "feed"),
    "/map.xml": ("application/xml", b"<?xml version='1.0'?><urlset></urlset>", "sitemap"),
    "/": ("text/html", page(1), "front"),
    "/politics/": ("text/html", page(1), "section"),
    "/pic.jpg": ("image/jpeg", b"\xff\xd8\xff", "other"),
    "/2024/03/09/a-story-of-old-times": ("text/html", page(1), "article"),
}


def test_captures_are_filed_as_what_they_are(archive):
    """Only what may be an article is read as one."""
    blocks = [record("response", "https://paper.example" + path, answer(body, b"Content-Type: " + mime.encode()))
              for path, (mime, body, _) in KINDS.items()]  # fmt: skip
    gone = record("response", address(5), answer(b"gone", status=b"HTTP/1.1 404 Not Found"))
    cut = response(6, WARC_Truncated="length")
    _, report = bring(archive, gz([*blocks, gone, cut]))
    found = dict(rows(archive, "SELECT replace(url, 'https://paper.example', ''), kind FROM captures"))
    assert {path: found[path] for path in KINDS} == {path: kind for path, (_, _, kind) in KINDS.items()}
    assert report.articles == {"new": 1}
    assert len(articles(archive)) == 1


# Revisits


def revisit(number: int, *, at: float, more: str = "", **fields: str) -> bytes:
    block = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"
    profile = "http://netpreserve.org/warc/1.0/revisit/identical-payload-digest"
    return record("revisit", address(number), block, at=at, WARC_Profile=profile, **fields)


def pointing(number: int) -> dict[str, dict[str, str]]:
    """Return the ways in which a revisit names its response."""
    return {
        "by id": {"WARC_Refers_To": an_id(f"original {number}")},
        "by address and date": {
            "WARC_Refers_To_Target_URI": address(number),
            "WARC_Refers_To_Date": "2024-03-09T12:00:00Z",
        },
        "by digest": {"WARC_Payload_Digest": digest(page(number))},
    }


@pytest.mark.parametrize("way", ["by id", "by address and date", "by digest"])
@pytest.mark.parametrize(
    "imports",
    [[("response", "revisit")], [("revisit", "response")], [("response",), ("revisit",)]],
    ids=["response first", "revisit first", "another import"],
)
def test_revisit_is_a_sighting_of_its_response(archive, way, imports):
    """Whether the response is before it, after it, in another file or in the archive."""
    files = {
        "response": gz([response(1, record_id=an_id("original 1"))]),
        "revisit": gz([revisit(1, at=48, **pointing(1)[way])]),
    }
    for names in imports:
        _ending, report = bring(archive, *(files[name] for name in names))
        assert report.passed == {}
    assert articles(archive)[address(1)][6:] == ["2024-03-09T12:00:00Z", "2024-03-11T12:00:00Z"]
    ((kind, refers_to),) = rows(archive, "SELECT kind, refers_to FROM captures WHERE record_type = 'revisit'")
    assert (kind, refers_to) == ("article", an_id("original 1"))
    accepted(archive)


def test_revisit_without_its_response_is_stored_unread(archive):
    """Once; the body may come with a later import."""
    data = gz([revisit(1, at=1, WARC_Refers_To=an_id("nowhere"))])
    for kept_now in (1, 0):
        ending, report = bring(archive, data)
        assert (ending.word, report.kept, len(articles(archive))) == ("done", kept_now, 0)


def revisit_and_response() -> tuple[bytes, bytes]:
    """Return a file with a revisit, and one with the response that it refers to."""
    return gz([revisit(1, at=48, **pointing(1)["by id"])]), gz([response(1, record_id=an_id("original 1"))])


BODY_LENGTHS = "SELECT DISTINCT body_length FROM captures WHERE url = ?"


def test_revisit_gets_the_body_length_of_its_response(archive):
    """Though the response comes after it in the same import."""
    bring(archive, *revisit_and_response())
    assert rows(archive, BODY_LENGTHS, address(1)) == [(len(page(1)),)]


def test_revisit_gets_its_body_length_when_a_later_import_brings_the_response(archive):
    """The row is that of a rebuild."""
    for file in revisit_and_response():
        bring(archive, file)
    assert rows(archive, BODY_LENGTHS, address(1)) == [(len(page(1)),)]
    before = everything(archive)["captures"]
    done = morgue("-C", archive, "rebuild")
    assert done.returncode == 0, done.stderr
    assert everything(archive)["captures"] == before


def test_revisit_of_an_older_archive_gets_its_body_length_with_the_next_import(archive):
    """Earlier versions left it unknown."""
    for file in revisit_and_response():
        bring(archive, file)
    with closing(sqlite3.connect(archive / "morgue.db")) as db, db:
        db.execute("UPDATE captures SET body_length = NULL WHERE record_type = 'revisit'")
    bring(archive, gz([response(2)]))
    assert rows(archive, BODY_LENGTHS, address(1)) == [(len(page(1)),)]


# Where it came from, and whose it is


def test_record_has_its_origin_beside_it(archive):
    """File and offset with each record, its own header still its header; the file's digest once."""
    import hashlib

    data = gz([warcinfo(), response(1, WARC_IP_Address="192.0.2.7"), response(2)])
    bring(archive, data)
    ((imported, file, offset, length, ip),) = rows(
        archive, "SELECT imported, file, offset, length, ip FROM captures WHERE url = ?", address(1)
    )
    assert imported == f"theirs-0@{len(gz([warcinfo()]))}"
    assert ip == "192.0.2.7"
    ours = read_record(archive / "warc" / file, offset, length)
    assert ours.fields.get("WARC-Record-ID") == an_id(f"response {address(1)} 0 {len(answer(page(1)))}")
    assert ours.fields.get("WARC-Warcinfo-ID") == an_id("theirs")
    assert ours.fields.get("WARC-Date") == "2024-03-09T12:00:00Z"
    assert ours.block == answer(page(1))
    assert kept(archive)[an_id("theirs")] == 1
    about = "SELECT url, file, offset, length FROM captures WHERE kind = 'import'"
    ((url, file, offset, length),) = rows(archive, about)
    assert url == "urn:sha256:" + hashlib.sha256(data).hexdigest()
    assert b"imported-file: theirs-0\r\n" in read_record(archive / "warc" / file, offset, length).block
    accepted(archive)
    assert rows(archive, "SELECT command, outcome FROM crawls") == [("import", "done")]


def test_page_belongs_to_the_source_of_its_site(archive):
    """The file of that host, else of that site, else a source named after the host; other captures need none."""
    for name, url in (("paper", "https://www.harbour-gazette.org/"), ("blog", "https://blog.harbour-gazette.org/")):
        (archive / "sources").mkdir(exist_ok=True)
        (archive / "sources" / f"{name}.toml").write_text(f'url = "{url}"\n')
    site = "harbour-gazette.org"
    hosts = {f"www.{site}": "paper", f"blog.{site}": "blog", f"m.{site}": "paper", "else.example": "else.example"}
    records = [response(number, host=host) for number, host in enumerate(hosts)]
    picture = record("response", "https://cdn.example/a.png", answer(b"\x89PNG", b"Content-Type: image/png"))
    bring(archive, gz([*records, picture]))
    found = dict(rows(archive, "SELECT a.url, s.name FROM articles a JOIN sources s ON s.id = a.source_id"))
    assert found == {address(number, host): name for number, (host, name) in enumerate(hosts.items())}
    sources = sorted(rows(archive, "SELECT name, watched FROM sources"))
    assert sources == [("blog", 1), ("else.example", 0), ("paper", 1)]
    assert rows(archive, "SELECT source_id FROM captures WHERE url LIKE '%cdn%'") == [(None,)]


# Filters and arguments


FILTERED = gz([
    response(1), record("request", address(1), b"GET / HTTP/1.1\r\n\r\n"),
    response(2, host="www.paper.example"), response(3, host="notpaper.example"), response(4, at=24),
    response(5, host="paper.example:8080"),
    record("response", "https://paper.example/a.png", answer(b"x", b"Content-Type: image/png")),
])  # fmt: skip


@pytest.mark.parametrize(
    ("filters", "wanted"),
    [
        ({"hosts": ("paper.example",)}, {"1", "4", "5", "a.png"}),
        ({"domains": ("paper.example",)}, {"1", "2", "4", "5", "a.png"}),
        ({"domains": ("example",)}, {"1", "2", "3", "4", "5", "a.png"}),
        ({"hosts": ("paper.example:8080",)}, {"5"}),
        ({"since": "2024-03-10"}, {"4"}),
        ({"until": "2024-03-09", "domains": ("PAPER.example.",)}, {"1", "2", "5", "a.png"}),
        ({"mimes": ("image/*",)}, {"a.png"}),
        ({"mimes": ("text/html",), "hosts": ("www.paper.example",)}, {"2"}),
    ],
    ids=lambda value: "" if isinstance(value, set) else " ".join(f"{k}={v}" for k, v in value.items()),
)
def test_filter_takes_what_its_words_say(archive, filters, wanted):
    """By host, domain, day and media type; all must hold."""
    given = {"hosts": (), "domains": (), "since": None, "until": None, "mimes": ()} | filters
    chosen = import_filter(*given.values())
    _ending, report = bring(archive, FILTERED, chosen=chosen)
    urls = [url for (url,) in rows(archive, "SELECT url FROM captures WHERE kind != 'import'")]
    assert {url.rpartition("-" if "number" in url else "/")[2] for url in urls} == wanted
    assert report.records == report.kept + sum(report.passed.values())
    assert report.kept == len(urls) + ("1" in wanted)


def test_folder_and_list_name_files(archive, tmp_path):
    """A folder is searched to its depths, a list read by lines; a file that is named twice is read once."""
    deep = tmp_path / "in" / "deep"
    deep.mkdir(parents=True)
    (deep / "a.WARC.gz").write_bytes(gz([response(1)]))
    (tmp_path / "in" / "b.arc").write_bytes(FORMS["arc"])
    (tmp_path / "in" / "notes.txt").write_text("nothing")
    (tmp_path / "list").write_text(f"# mine\n{deep}/a.WARC.gz\n\n{tmp_path}/in/b.arc\n")
    both = [deep / "a.WARC.gz", tmp_path / "in" / "b.arc"]
    assert files_of([str(tmp_path / "in"), str(both[0])], io.StringIO()) == [both[1], both[0]]
    assert files_of([str(tmp_path / "list")], io.StringIO()) == both
    assert files_of(["-"], io.StringIO("\n".join(map(str, both)))) == both


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("https://data.example/a.warc.gz", "download it first"),
        ("s3://data/a.warc.gz", "--in-place reads it where it lies; then --from-readings imports"),
        ("missing.warc.gz", "missing.warc.gz: No such file or directory"),
        ("folder", "no file in this folder ends in .warc"),
        ("picture.png", "is neither a WARC, ARC or WACZ file nor a list of such files"),
        (
            "page.html",
            "is neither a WARC, ARC or WACZ file nor a list of such files: line 1 names no file: '<html>",
        ),
        ("long-line", "is neither a WARC, ARC or WACZ file nor a list of such files"),
        ("empty", "empty: is neither a WARC, ARC or WACZ file nor a list of such files: it is empty"),
        ("list-of-urls", "list-of-urls, line 1"),
        ("list-of-missing", "list-of-missing, line 2: nowhere.warc.gz: No such file"),
        ("list-of-comments", "lists no file"),
    ],
)
def test_missing_file_is_reported_before_anything_is_done(tmp_path, monkeypatch, argument, said):
    """With the cure."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0")
    (tmp_path / "list-of-urls").write_text("https://data.example/a.warc.gz\n")
    (tmp_path / "list-of-missing").write_text("# x\nnowhere.warc.gz\n")
    (tmp_path / "empty").touch()
    (tmp_path / "page.html").write_text("<html><p>Boats came in.</p></html>\n")
    (tmp_path / "long-line").write_text("<p>Boats came in.</p>" * 500)
    (tmp_path / "list-of-comments").write_text("# mine\n\n  \n")
    with pytest.raises(ConfigError) as refused:
        files_of([argument], io.StringIO())
    assert said in str(refused.value)


@pytest.mark.slow
def test_summary_is_for_people_and_programs(archive, tmp_path):
    """Wrong arguments give exit code 2."""
    (tmp_path / "a.warc.gz").write_bytes(FILTERED)
    args = ("-C", archive, "import", tmp_path / "a.warc.gz")
    done = morgue(*args, "--domain", "notpaper.example", "--format", "json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["outcome"], told["kept"], told["articles"]["new"]) == (0, "done", 1, 1)
    assert told["passed"] == {"another host": 6}
    again = morgue(*args)
    assert "1 file, 7 records, 6 copied" in again.stdout
    assert "1  skipped: already in the archive" in again.stdout
    assert morgue(*args, "--quiet").stdout == ""


WRONG = [("--domain", "a/b"), ("--host", ""), ("--mime", "html"), ("--since", "May"), ("--since 2025", "--until 2024")]


@pytest.mark.parametrize("wrong", WRONG, ids=" ".join)
def test_wrong_filter_is_refused(wrong):
    """Before a file is looked at; exit code 2, and the cure."""
    given = {"--host": (), "--domain": (), "--since": None, "--until": None, "--mime": ()}
    options = " ".join(wrong).split(" ")
    for name, value in zip(options[::2], options[1::2], strict=True):
        given[name] = value if name in ("--since", "--until") else (value,)
    with pytest.raises(MorgueError) as refused:
        import_filter(*given.values())
    assert (refused.value.exit_code, bool(refused.value.cure)) == (2, True)

"""`morgue remove`, as a user runs it: what is taken down is gone from every file, and nothing else is."""

from __future__ import annotations

import gzip
import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from pipelines.verification.verify import verify
from pipelines.warc import manifest
from pipelines.warc.storage import WarcStorage, sha256_of
from tests.support.command import crawl, make_archive, morgue, rows, tables
from tests.support.external_tools import faults
from tests.support.newspaper import serve
from tests.support.waiting import let_a_day_pass
from tests.support.warc_files import read_record, walk

pytestmark = pytest.mark.slow

REASON = "asked for by the subject, letter of 3 May"


@pytest.fixture(scope="module")
def crawled(tmp_path_factory) -> tuple[Path, str]:
    """Return an archive, and the address of an article in it that was captured twice, with an edit between."""
    archive = make_archive(tmp_path_factory.mktemp("remove") / "archive")
    with serve() as paper:
        (archive / "sources" / "gazette.toml").write_text(f'url = "{paper.url}/"\nfeeds = ["{paper.url}/feed.xml"]\n')
        crawl(archive, "gazette")
        truth = paper.correct()
        let_a_day_pass(archive)
        crawl(archive, "gazette")
    assert rows(archive, "SELECT revision FROM articles WHERE url = ?", truth.url) == [(2,)]
    return archive, truth.url


@pytest.fixture(scope="module")
def removed(crawled, tmp_path_factory) -> tuple[Path, Path, str]:
    """(before, after, address)."""
    before, url = crawled
    after = Path(shutil.copytree(before, tmp_path_factory.mktemp("removed") / "archive"))
    done = morgue("-C", after, "remove", url, "--reason", REASON, "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 article, 2 captures, 1 address\n" in done.stdout
    return before, after, url


def everything(archive: Path) -> bytes:
    """Return all bytes of an archive, WARC files inflated."""
    parts = [path.read_bytes() for path in archive.rglob("*") if path.is_file() and path.suffix != ".gz"]
    return b"".join([*parts, *(gzip.decompress(path.read_bytes()) for path in archive.glob("warc/*.gz"))])


def hashes_of(archive: Path, url: str) -> list[bytes]:
    """Return the sample of an article's text by which copies find it, without what other articles share."""
    query = """SELECT min(t.hash) FROM text_shingles t JOIN articles a ON a.id = t.article_id
                GROUP BY t.hash HAVING count(*) = 1 AND min(a.url) = ?"""
    return [number.to_bytes(8, "big", signed=True) for (number,) in rows(archive, query, url)]


def text_of(archive: Path, url: str) -> list[tuple[str, str]]:
    query = "SELECT r.title, r.text FROM revisions r JOIN articles a ON a.id = r.article_id WHERE a.url = ?"
    return rows(archive, query, url)


def test_no_paragraph_of_a_removed_article_is_left(removed):
    """Neither in WARC files nor in the database, of either revision."""
    before, after, url = removed
    left = everything(after)
    for _title, text in text_of(before, url):
        for paragraph in text.split("\n"):
            if len(paragraph) > 60:
                assert paragraph.encode() in everything(before)
                assert paragraph.encode() not in left


def test_no_hash_of_a_removed_text_is_left(removed):
    """A hash shows whoever has the text that it was here."""
    before, after, url = removed
    known, left = hashes_of(before, url), everything(after)
    assert known
    assert [one for one in known if one not in everything(before)] == []
    assert [one for one in known if one in left] == []


def test_tombstone_names_what_it_replaced(removed):
    """The address of the exchange, the ids of its records, the date of capture and the reason."""
    before, after, url = removed
    for file, offset, length, record_id, time in rows(
        before, "SELECT file, offset, length, record_id, time FROM captures WHERE url = ?", url
    ):
        (member,) = (member for member in walk(after / "warc" / file) if member.offset == offset)
        assert member.length > length  # the request's too
        assert member.headers.get("WARC-Type") == "metadata"
        lines = member.block.decode().split("\r\n")
        assert lines[:3] == [f"removed-uri: {url}", f"captured: {time}", f"reason: {REASON}"]
        assert f"removed-record: {record_id}" in lines


def test_other_records_stay_in_their_place(removed):
    """Byte for byte; files have their length, and the last one what the removal appended."""
    before, after, url = removed
    kept = rows(after, "SELECT file, offset, length, record_id FROM captures")
    assert len(kept) == len(rows(before, "SELECT id FROM captures WHERE url != ?", url))
    for file, offset, length, record_id in kept:
        record = read_record(after / "warc" / file, offset, length)
        assert record.fields.get("WARC-Record-ID") == record_id
        assert record == read_record(before / "warc" / file, offset, length)
    files = sorted(path.name for path in (before / "warc").iterdir())
    sizes = {name: entry.size for name, entry in manifest.load(before / "manifest.jsonl").items()}
    assert [(after / "warc" / name).stat().st_size for name in files[:-1]] == [sizes[name] for name in files[:-1]]
    parts = manifest.load(after / "manifest.jsonl")[files[-1]].parts
    assert [part.offset for part in parts] == [0, sizes[files[-1]]]


def test_files_and_manifest_are_sound_after_a_removal(removed):
    """gzip, warcio, FastWARC and our own verification find nothing wrong; the manifest lists the files as they are."""
    _before, after, _url = removed
    files = sorted((after / "warc").iterdir())
    assert faults(*files) == []
    report = verify(after)
    assert report.findings.listed == []
    entries = manifest.load(after / "manifest.jsonl")
    assert set(entries) == {path.name for path in files}
    for path in files:
        assert_as_listed(path, entries[path.name])
        assert len(list(walk(path))) == entries[path.name].records


def assert_as_listed(path: Path, entry: manifest.ManifestEntry) -> None:
    """Check that a file has the size and the digests of its manifest entry."""
    with path.open("rb") as file:
        assert manifest.differing_parts(file, entry) == []
        assert file.tell() == entry.size


def test_rebuild_does_not_bring_a_removed_page_back(removed, tmp_path):
    """All rows are as the removal left them."""
    _before, after, _url = removed
    archive = Path(shutil.copytree(after, tmp_path / "archive"))
    names = ("captures", "articles", "revisions", "aliases", "frontier", "removals")
    left = tables(archive / "morgue.db")
    (archive / "morgue.db").unlink()
    done = morgue("-C", archive, "rebuild")
    assert done.returncode == 0, done.stdout + done.stderr
    again = tables(archive / "morgue.db")
    assert [again[name] for name in names] == [left[name] for name in names]


def test_crawl_does_not_fetch_a_removed_page_again(removed, tmp_path):
    """Neither when its feed still lists it, nor when it is named."""
    _before, after, url = removed
    archive = Path(shutil.copytree(after, tmp_path / "archive"))
    let_a_day_pass(archive)
    port = int(url.split(":")[2].partition("/")[0])
    with serve(port=port) as paper:
        crawl(archive, "gazette")
        crawl(archive, "--urls", "-", stdin=url)
        asked = paper.journal.targets()
    assert len(asked) > 10
    assert url.partition(f":{port}")[2] not in asked


def test_removed_host_is_gone_whole(crawled, tmp_path):
    """Every capture of it; its addresses are not requested again."""
    archive = Path(shutil.copytree(crawled[0], tmp_path / "archive"))
    host = crawled[1].split("/")[2]
    done = morgue("-C", archive, "remove", host, "--reason", REASON, "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert rows(archive, "SELECT count(*) FROM captures WHERE url LIKE ?", f"%//{host}/%") == [(0,)]
    for name in ("articles", "revisions", "articles_fts", "aliases"):
        assert rows(archive, f"SELECT count(*) FROM {name}") == [(0,)]
    assert rows(archive, "SELECT DISTINCT state FROM frontier WHERE host = ?", host) == [("removed",)]
    assert "was taken down" in crawl(archive, "gazette").stdout
    assert rows(archive, "SELECT count(*) FROM captures WHERE url LIKE ?", f"%//{host}/%") == [(0,)]


def test_removal_needs_a_yes(crawled, tmp_path):
    """--dry-run shows what would go; without --yes and without a terminal it is refused (2); unknown addresses give
    8."""
    archive = Path(shutil.copytree(crawled[0], tmp_path / "archive"))
    before = everything(archive)
    assert "2 captures" in morgue("-C", archive, "remove", crawled[1], "--reason", REASON, "--dry-run").stdout
    refused = morgue("-C", archive, "remove", crawled[1], "--reason", REASON, stdin="")
    assert refused.returncode == 2
    assert "--yes" in refused.stderr
    unknown = morgue("-C", archive, "remove", "https://nowhere.example/x", "--reason", REASON, "--yes")
    assert unknown.returncode == 8
    assert morgue("-C", archive, "remove", crawled[1], "--reason", " ", "--yes").returncode == 2
    assert everything(archive) == before


def test_interrupted_removal_is_finished_by_the_same_command(crawled, tmp_path, monkeypatch):
    """Killed between the files and the rows: the second run finds the tombstones, and ends the same way."""
    from pipelines.core.timestamps import now
    from pipelines.takedown import remove
    from pipelines.takedown.targets import find

    archive = Path(shutil.copytree(crawled[0], tmp_path / "archive"))
    db = sqlite3.connect(archive / "morgue.db")
    targets = find(db, [crawled[1]])
    work = remove.Removal(WarcStorage(archive / "warc"), archive / "manifest.jsonl", targets, REASON, now())
    monkeypatch.setattr(manifest, "write", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        work.rewrite(lambda *_: None)
    db.close()
    monkeypatch.undo()
    done = morgue("-C", archive, "remove", crawled[1], "--reason", REASON, "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert rows(archive, "SELECT count(*) FROM captures WHERE url = ?", crawled[1]) == [(0,)]
    for name, entry in manifest.load(archive / "manifest.jsonl").items():
        assert_as_listed(archive / "warc" / name, entry)


def test_impossible_removal_touches_no_file(crawled, tmp_path, monkeypatch):
    """A record in the last file does not fit its place: the files before it are as they were, too."""
    from pipelines.archive.journal import journal_header
    from pipelines.core.errors import MorgueError
    from pipelines.core.timestamps import now
    from pipelines.takedown import remove
    from pipelines.takedown.targets import find

    archive = Path(shutil.copytree(crawled[0], tmp_path / "archive"))
    before = {path: path.read_bytes() for path in sorted((archive / "warc").iterdir())}
    numbers = [mark.number for path in before for member in walk(path) if (mark := journal_header(member.headers))]
    assert max(numbers) > 1

    def does_not_fit(record, *_):
        if journal_header(record.fields).number == max(numbers):
            raise MorgueError("journal", "does not fit")

    monkeypatch.setattr(remove, "journal_member_without", does_not_fit)
    db = sqlite3.connect(archive / "morgue.db")
    targets = find(db, [crawled[1]])
    db.close()
    work = remove.Removal(WarcStorage(archive / "warc"), archive / "manifest.jsonl", targets, REASON, now())
    with pytest.raises(MorgueError, match="does not fit"):
        work.rewrite(lambda *_: None)
    assert {path: path.read_bytes() for path in sorted((archive / "warc").iterdir())} == before


def take(archive: Path, *targets: str) -> str:
    """`morgue remove` that succeeds; what it printed."""
    done = morgue("-C", archive, "remove", *targets, "--reason", REASON, "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_number_removes_the_article(crawled, tmp_path):
    """As `show` takes it: the page under all its addresses, as if its URL were named; an unknown number gives 8."""
    archive = Path(shutil.copytree(crawled[0], tmp_path / "archive"))
    ((number, key),) = rows(archive, "SELECT id, url_key FROM articles WHERE url = ?", crawled[1])
    assert "1 article, 2 captures" in take(archive, str(number))
    assert rows(archive, "SELECT count(*) FROM captures WHERE url = ?", crawled[1]) == [(0,)]
    assert (key,) in rows(archive, "SELECT url_key FROM removals")
    for unknown in (str(number), "99999999999999999999"):
        assert morgue("-C", archive, "remove", unknown, "--reason", REASON, "--yes").returncode == 8


@pytest.fixture(scope="module")
def below(crawled, tmp_path_factory) -> tuple[Path, str]:
    """Return an archive from which a section was removed, and what its addresses begin with."""
    archive = Path(shutil.copytree(crawled[0], tmp_path_factory.mktemp("below") / "archive"))
    section = "/".join(crawled[1].split("/")[:4]) + "/"
    assert rows(archive, "SELECT count(*) FROM articles WHERE url LIKE ?", section + "%") > [(1,)]
    take(archive, section + "*")
    return archive, section


def test_star_removes_all_that_begins_so(crawled, below):
    """Every capture, article and queued address below it, and nothing else."""
    archive, section = below
    for table in ("captures", "articles"):
        assert rows(archive, f"SELECT url FROM {table} WHERE url LIKE ?", section + "%") == []
        kept = rows(crawled[0], f"SELECT count(*) FROM {table} WHERE url NOT LIKE ?", section + "%")
        assert rows(archive, f"SELECT count(*) FROM {table}") == kept
    states = rows(archive, "SELECT url LIKE ?, state = 'removed' FROM frontier", section + "%")
    assert set(states) == {(0, 0), (1, 1)}
    assert verify(archive).findings.listed == []
    shown = morgue("-C", archive, "show", crawled[1])
    assert shown.returncode == 8
    assert REASON in shown.stderr


def test_address_below_a_removed_star_does_not_come_back(crawled, below, tmp_path):
    """Neither by a crawl of a new address there, nor by an import, nor by a rebuild."""
    archive = Path(shutil.copytree(below[0], tmp_path / "archive"))
    section = below[1]
    port = int(section.split(":")[2].partition("/")[0])
    let_a_day_pass(archive)
    with serve(port=port) as paper:
        crawl(archive, "gazette")
        crawl(archive, "--urls", "-", stdin=f"{section}never-seen.html\n{crawled[1]}")
        asked = paper.journal.targets()
    assert len(asked) > 3
    path = "/" + section.split("/", 3)[3]
    assert [target for target in asked if target.startswith(path)] == []
    brought = morgue("-C", archive, "import", *sorted((crawled[0] / "warc").glob("*.warc.gz")))
    assert brought.returncode == 0, brought.stderr
    (archive / "morgue.db").unlink()
    assert morgue("-C", archive, "rebuild").returncode == 0
    for table in ("captures", "articles"):
        assert rows(archive, f"SELECT url FROM {table} WHERE url LIKE ?", section + "%") == []


def test_removals_are_listed(below):
    """When, what kind, what, how many records, why; as a table or for a program."""
    archive, section = below
    (listed,) = (row for row in json.loads(morgue("-C", archive, "remove", "--list", "--format", "json").stdout)
                 if row["kind"] == "prefix")  # fmt: skip
    assert listed["what"] == section.partition("://")[2] + "*"
    assert (listed["reason"], listed["captures"] > 1, listed["time"][-1]) == (REASON, True, "Z")
    assert "prefix" in morgue("-C", archive, "remove", "--list").stdout


@pytest.mark.parametrize(
    "args",
    [["https://a.example/x?page=*"], ["https://a.example*"], ["https://a.*/x*"], ["a.example/x"],
     ["--list", "a.example"], []],
    ids=["query", "half a host", "two stars", "no scheme", "list and target", "nothing"],
)  # fmt: skip
def test_malformed_target_is_refused(crawled, args):
    """Before anything is done: exit code 2."""
    assert morgue("-C", crawled[0], "remove", *args, "--reason", REASON, "--yes").returncode == 2


@pytest.fixture(scope="module")
def flipped(crawled, tmp_path_factory) -> tuple[Path, str, str]:
    """Return an archive with a flipped bit in another record of a file that has an article; the article, the file."""
    before, url = crawled
    archive = Path(shutil.copytree(before, tmp_path_factory.mktemp("flipped") / "archive"))
    ((file,),) = rows(archive, "SELECT file FROM captures WHERE url = ? ORDER BY id LIMIT 1", url)
    ((offset, length),) = rows(
        archive,
        "SELECT offset, length FROM captures WHERE file = ? AND url != ? AND kind = 'article' ORDER BY offset LIMIT 1",
        file, url,
    )  # fmt: skip
    data = bytearray((archive / "warc" / file).read_bytes())
    data[offset + length // 2] ^= 4
    (archive / "warc" / file).write_bytes(data)
    return archive, url, file


def test_removal_from_a_damaged_file_is_refused(flipped):
    """The message names the way out; nothing is removed."""
    archive, url, file = flipped
    before = (archive / "warc" / file).read_bytes()
    done = morgue("-C", archive, "remove", url, "--reason", REASON, "--yes")
    assert done.returncode == 7
    assert "is not as the manifest lists it" in done.stderr
    assert "--damaged-too" in done.stderr
    assert (archive / "warc" / file).read_bytes() == before
    assert rows(archive, "SELECT count(*) FROM articles WHERE url = ?", url) == [(1,)]


def test_forced_removal_from_a_damaged_file_hides_no_damage(flipped, tmp_path):
    """The page is gone; verify goes on naming the record and the file, also after another takedown and a rebuild."""
    archive, url, file = flipped
    archive = Path(shutil.copytree(archive, tmp_path / "archive"))
    listed = [part.sha256 for part in manifest.load(archive / "manifest.jsonl")[file].parts]
    text = text_of(archive, url)
    found = {(one.kind, one.offset) for one in verify(archive).findings.listed}
    done = morgue("-C", archive, "remove", url, "--reason", REASON, "--yes", "--damaged-too")
    assert done.returncode == 0, done.stderr
    assert f"{file} was damaged before and still is" in done.stdout
    assert rows(archive, "SELECT count(*) FROM articles WHERE url = ?", url) == [(0,)]
    left = b"".join(member.block for path in (archive / "warc").iterdir()
                    for member in walk(path, on_damage=lambda *damage: None))  # fmt: skip
    assert not any(part.encode() in left for _, body in text for part in body.split("\n") if len(part) > 60)
    entry = manifest.load(archive / "manifest.jsonl")[file]
    assert entry.sha256 == sha256_of(archive / "warc" / file)
    assert entry.was in listed
    still = {(one.kind, one.offset) for one in verify(archive).findings.listed}
    assert {one for one in found if one[0] != "sha256"} <= still
    assert ("changed", None) in still
    ((other,),) = rows(
        archive,
        """SELECT a.url FROM articles a JOIN revisions r ON r.article_id = a.id JOIN captures c ON c.id = r.capture_id
            WHERE c.file = ? ORDER BY a.id DESC LIMIT 1""",
        file,
    )
    assert morgue("-C", archive, "remove", other, "--reason", REASON, "--yes").returncode == 0
    morgue("-C", archive, "rebuild")
    assert manifest.load(archive / "manifest.jsonl")[file].was == entry.was
    still = {one for one in still if one[0] != "link"}
    assert still <= {(one.kind, one.offset) for one in verify(archive).findings.listed}


def test_crawl_of_a_removed_page_says_so(removed, tmp_path):
    """By its address, on a list, and for a whole source, with the date and the reason: not as if there were nothing to
    do."""
    _before, after, url = removed
    archive = Path(shutil.copytree(after, tmp_path / "archive"))
    ((day,),) = rows(archive, "SELECT DISTINCT substr(time, 1, 10) FROM removals")
    done = crawl(archive, url)
    assert done.returncode == 0
    assert done.stdout == (f"{url} was taken down on {day} ({REASON}): it is not crawled again\n"
                           "nothing else is due\n")  # fmt: skip
    (tmp_path / "list").write_text(f"{url}\n")
    done = crawl(archive, "--urls", tmp_path / "list")
    assert f"1 page of the list was taken down on {day} ({REASON}), and is not fetched\n" in done.stdout
    host = url.split("/")[2]
    assert morgue("-C", archive, "remove", host, "--reason", "contract", "--yes").returncode == 0
    done = crawl(archive, "gazette")
    assert done.stdout.startswith(f"http://{host}/ was taken down on {day} (contract): it is not crawled again\n")

"""Test that `morgue restore` makes of an older copy of the database the one that was lost: row for row."""

from __future__ import annotations

import json
import shutil
import signal
import sqlite3
import tarfile
from contextlib import closing
from pathlib import Path

import pytest

from pipelines.archive.journal import journal_header
from pipelines.database.schema.cluster_descriptions import COPIES
from pipelines.verification.verify import verify
from pipelines.warc import manifest
from tests.support import foreign
from tests.support.command import ROOT, TABLES, crawl, make_archive, morgue, rows, start, tables
from tests.support.small_paper import TEXT, SmallPaper, serving
from tests.support.waiting import let_a_day_pass
from tests.support.warc_files import walk

pytestmark = pytest.mark.slow

LATER = "The mayor said on Friday that the wall will be mended in spring, and that the harbour stays open. " * 8
NEW = "A storm broke the lantern of the northern pier on Sunday night, and the ferry stayed in its berth. " * 8
SECRET = "quicksilver"  # in the text of an article that is taken down
IMPORTED_AT = 20.0  # hours between two captures of a page in imported files


class History:
    """Make an archive step by step, and keep a copy of its database after each step."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.archive = folder, make_archive(folder / "archive")
        self.copies: dict[str, Path] = {}

    def keep(self, name: str) -> None:
        self.copies[name] = self.folder / f"{name}.db"
        with (
            closing(sqlite3.connect(self.archive / "morgue.db")) as db,
            closing(sqlite3.connect(self.copies[name])) as to,
        ):
            db.backup(to)

    def crawl(self, name: str, *args: str) -> None:
        if self.copies:
            let_a_day_pass(self.archive)
        done = crawl(self.archive, *args)
        assert done.returncode == 0, done.stdout + done.stderr
        self.keep(name)

    def run(self, name: str, *args: str | Path) -> None:
        done = morgue("-C", self.archive, *args)
        assert done.returncode == 0, done.stdout + done.stderr
        self.keep(name)

    def bring(self, name: str, *states: tuple[int, float, str]) -> None:
        """Import captures of pages: number, time, and what they say more."""
        file = self.folder / f"{name}.warc.gz"
        records = [foreign.response(number, at=at, more=more) for number, at, more in states]
        file.write_bytes(foreign.gz([foreign.warcinfo(), *records]))
        self.run(name, "import", file)


def write_history(paper: SmallPaper, folder: Path) -> History:
    """Crawl, edit, import, rename, take down, and crawl into the same file and into another one."""
    history = History(folder)
    paper.watch(history.archive)
    paper.write_story(2, f"{TEXT} A bottle of {SECRET} was found in the harbour office.")
    history.crawl("first")
    history.bring("imported", (1, 0, ""), (1, 2 * IMPORTED_AT, LATER), (2, 0, NEW))
    paper.write_story(1, LATER)
    paper.stories.append(f"{paper.url}/2024/02/02/story-number-4.html")
    paper.write_story(4, NEW)
    paper.feed(*range(5))
    history.crawl("edited")
    history.run("renamed", "sources", "rename", "paper", "herald")
    # What lies between two states makes the later one the third; a copy of another article.
    history.bring("between", (1, IMPORTED_AT, NEW), (3, 0, NEW))
    history.run("removed", "remove", paper.stories[2], paper.stories[4], "--reason", "court order", "--yes")
    paper.stories.append(f"{paper.url}/2024/02/03/story-number-5.html")
    paper.write_story(5, LATER + NEW)
    paper.feed(0, 1, 3, 5)
    history.crawl("another file", "-s", "record.rotate_after=0s")
    paper.write_story(1, TEXT + NEW)
    history.crawl("last")
    records = [foreign.response(number, more=LATER) for number in range(20, 40)]
    (folder / "lost.warc.gz").write_bytes(foreign.gz([foreign.warcinfo(), *records]))
    return history


@pytest.fixture(scope="module")
def history(tmp_path_factory) -> History:
    with serving(4) as paper:
        return write_history(paper, tmp_path_factory.mktemp("restore"))


@pytest.fixture
def archive(history, tmp_path) -> Path:
    """The archive without its database."""
    path = Path(shutil.copytree(history.archive, tmp_path / "archive"))
    for file in path.glob("morgue.db*"):
        file.unlink()
    return path


def computed(database: Path) -> dict[str, list[tuple]]:
    """Return what is computed from the rows: copies, days, the full-text index."""
    with closing(sqlite3.connect(database)) as db:
        found = {
            name: db.execute(f"SELECT * FROM {name} ORDER BY 1, 2").fetchall() for name in (*COPIES, "article_days")
        }
        db.execute("CREATE VIRTUAL TABLE temp.words USING fts5vocab(main, articles_fts, row)")
        return found | {"words": db.execute("SELECT term, doc, cnt FROM temp.words ORDER BY 1").fetchall()}


def assert_equal(archive: Path, history: History) -> None:
    """Check that the database is as the lost one, and that all commands find it well."""
    lost, made = tables(history.copies["last"]), tables(archive / "morgue.db")
    for name in TABLES:
        assert made[name] == lost[name], name
    assert computed(archive / "morgue.db") == computed(history.copies["last"])
    assert rows(archive, "SELECT * FROM changes") == []
    assert not verify(archive).findings.counts
    assert not list(archive.glob("morgue.db.rest*"))


def test_history_has_everything_that_is_to_come_back(history):
    """Otherwise the tests below would show little."""
    assert rows(history.archive, "SELECT count(*) > 5, max(revision) FROM articles") == [(1, 3)]
    assert rows(history.archive, "SELECT count(*) FROM removals") == [(2,)]
    assert rows(history.archive, "SELECT name, former_names FROM sources WHERE watched") == [("herald", "paper")]
    assert rows(history.archive, "SELECT count(*) > 1 FROM captures WHERE imported IS NOT NULL") == [(1,)]
    assert rows(history.archive, "SELECT count(DISTINCT file) FROM captures") == [(2,)]
    assert rows(history.archive, "SELECT count(*) > 0 FROM clusters") == [(1,)]
    assert rows(history.archive, "SELECT count(*) FROM changes") == [(0,)]
    entries = manifest.load(history.archive / manifest.NAME)
    assert any(entry.journal for entry in entries.values())


@pytest.mark.parametrize("name", ["first", "between", "last"])
def test_every_copy_becomes_the_database_that_was_lost(history, archive, name):
    """Whenever it was made: each row of each table, the words of the index, the copies of texts, the days."""
    done = morgue("-C", archive, "restore", "--from", history.copies[name])
    assert done.returncode == 0, done.stdout + done.stderr
    assert "brought up to date" in done.stdout
    assert_equal(archive, history)


def test_rebuild_makes_the_same_of_this_history(history, archive):
    """Also where revisions got other numbers by an import, and the journal tells of it in another record."""
    done = morgue("-C", archive, "rebuild")
    assert done.returncode == 0, done.stdout + done.stderr
    assert_equal(archive, history)


def test_older_database_is_refused_by_other_commands_and_restored(history, archive):
    """They name the command. Its text of what was taken down since is nowhere in the new database."""
    shutil.copy(history.copies["edited"], archive / "morgue.db")
    assert SECRET.encode() in (archive / "morgue.db").read_bytes()
    refused = crawl(archive)
    assert refused.returncode == 7
    assert "`morgue restore` brings it up to date" in refused.stderr
    done = morgue("-C", archive, "restore")
    assert done.returncode == 0, done.stdout + done.stderr
    (kept,) = (path for path in archive.glob("morgue.db.before-*") if path.suffix[-1].isdigit())
    assert f"the old database is kept: {kept}" in done.stdout
    assert f"not changed: {kept}, which has what was taken down" in done.stdout
    assert SECRET.encode() not in (archive / "morgue.db").read_bytes()
    assert_equal(archive, history)
    again = morgue("-C", archive, "restore")
    assert (again.returncode, again.stderr) == (0, "")
    assert "there is nothing to restore" in again.stdout


KILLED_AT = ("return:_copy:1", "call:insert_captures:1", "return:_file_text:2", "return:_finish:1", "return:rename:1")


def test_killed_at_any_step_it_goes_on(history, archive):
    """Whatever it was doing: until the last moment the old database is in its place, and the same command goes on."""
    shutil.copy(history.copies["imported"], archive / "morgue.db")
    before = (archive / "morgue.db").read_bytes()
    for moment in KILLED_AT:
        assert (archive / "morgue.db").read_bytes() == before, moment
        running = start(moment, "-C", archive, "restore", program=("tests/support/self_killing_restore.py",), cwd=ROOT)
        printed = running.communicate(timeout=120)
        assert running.returncode == -signal.SIGKILL, (moment, printed)
    assert not (archive / "morgue.db").exists()
    done = morgue("-C", archive, "restore")
    assert done.returncode == 0, done.stdout + done.stderr
    assert_equal(archive, history)


def test_copy_of_another_archive_is_refused(history, archive, tmp_path):
    """And leaves nothing beside the archive."""
    other = make_archive(tmp_path / "other")
    assert morgue("-C", other, "import", history.folder / "imported.warc.gz").returncode == 0
    refused = morgue("-C", archive, "restore", "--from", other / "morgue.db")
    assert refused.returncode == 7
    assert "of another archive" in refused.stderr
    assert list(archive.glob("morgue.db*")) == []


def test_copy_that_is_newer_than_the_files_is_refused(history, archive):
    """The files are those of a backup that is older than the copy."""
    *older, newest = (archive / manifest.NAME).read_text().splitlines(keepends=True)
    (archive / "warc" / json.loads(newest)["file"]).unlink()
    (archive / manifest.NAME).write_text("".join(line for line in older if json.loads(newest)["file"] not in line))
    refused = morgue("-C", archive, "restore", "--from", history.copies["last"])
    assert refused.returncode == 7
    assert "is newer than the WARC files" in refused.stderr
    assert list(archive.glob("morgue.db*")) == []


def test_missing_file_is_named_and_put_back(history, archive):
    """What was written since the copy was made must be there."""
    (newest,) = rows(history.archive, "SELECT max(file) FROM captures")[0]
    path = archive / "warc" / newest
    data = path.read_bytes()
    path.unlink()
    refused = morgue("-C", archive, "restore", "--from", history.copies["edited"])
    assert refused.returncode == 7
    assert f"{newest}: is not there" in refused.stderr
    assert "put the file back" in refused.stderr
    path.write_bytes(data)
    assert morgue("-C", archive, "restore", "--from", history.copies["edited"]).returncode == 0
    assert_equal(archive, history)


def test_missing_journal_record_is_no_guess(history, archive):
    """A flipped bit in a journal record since the copy: nothing is made up."""
    path = max((archive / "warc").iterdir())
    record = next(one for one in walk(path) if journal_header(one.headers) is not None)
    data = bytearray(path.read_bytes())
    data[record.offset + record.length // 2] ^= 4
    path.write_bytes(data)
    refused = morgue("-C", archive, "restore", "--from", history.copies["edited"])
    assert refused.returncode == 7
    assert "are no record of what was written between journal records" in refused.stderr


def test_without_a_copy_it_says_what_to_do(archive):
    """Also commands that read, and that write."""
    refused = morgue("-C", archive, "restore")
    assert refused.returncode == 7
    assert "`morgue restore --from COPY.db`" in refused.stderr
    assert "`morgue restore --from COPY.db`" in morgue("-C", archive, "search", "harbour").stderr
    assert "`morgue restore --from COPY.db`" in crawl(archive).stderr


def test_pages_that_no_journal_mentions_are_filed_as_by_a_rebuild(history, archive, tmp_path):
    """An import was killed before it wrote the journal, and the database was lost with it, but for its log."""
    shutil.copy(history.copies["last"], archive / "morgue.db")
    dying = start("call:_write_journal:2", "-C", archive, "import", history.folder / "lost.warc.gz",
                  program=("tests/support/self_killing_restore.py",), cwd=ROOT)  # fmt: skip
    dying.communicate(timeout=120)
    assert dying.returncode == -signal.SIGKILL
    (archive / "morgue.db").unlink()
    assert (archive / "morgue.db-wal").stat().st_size
    other = Path(shutil.copytree(archive, tmp_path / "other"))
    assert morgue("-C", other, "rebuild").returncode == 0
    done = morgue("-C", archive, "restore", "--from", history.copies["last"])
    assert done.returncode == 0, done.stdout + done.stderr
    assert "in no journal" in done.stdout
    assert tables(archive / "morgue.db") == tables(other / "morgue.db")


def test_copy_by_an_older_version_is_upgraded_first(tmp_path):
    """The archive was upgraded since, and all pages were read again: what was no article is taken back."""
    archive = tmp_path / "archive"
    with tarfile.open(ROOT / "tests" / "support" / "archives" / "schema-9.tar.gz") as packed:
        packed.extractall(archive, filter="data")
    copy = Path(shutil.copy(archive / "morgue.db", tmp_path / "copy.db"))
    assert rows(archive, "SELECT count(*) FROM sqlite_master WHERE name = 'page_states'") == [(0,)]
    for command in ("upgrade", "reextract"):
        assert morgue("-C", archive, command).returncode == 0
    lost = tables(archive / "morgue.db")
    for file in archive.glob("morgue.db*"):
        file.unlink()
    done = morgue("-C", archive, "restore", "--from", copy)
    assert done.returncode == 0, done.stdout + done.stderr
    assert tables(archive / "morgue.db") == lost
    assert morgue("-C", archive, "verify").returncode == 0

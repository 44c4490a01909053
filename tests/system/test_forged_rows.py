"""Rows of an archive that were changed by hand: `morgue verify` finds them, and `morgue rebuild` mends them."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from pipelines.database.columns import FIELD_COLUMNS, STATE_COLUMNS, columns_digest
from pipelines.verification.verify import verify
from tests.support.command import crawl, make_archive, morgue
from tests.support.small_paper import serving

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an archive that one crawl wrote, one article of it in two states."""
    archive = make_archive(tmp_path_factory.mktemp("forged") / "archive")
    with serving() as paper:
        paper.watch(archive)
        crawl(archive)
        paper.write_story(0, "The wall was mended, and the council went home early on Wednesday afternoon. " * 8)
        crawl(archive, "--again", paper.stories[0])
    return archive


@pytest.fixture
def archive(crawled: Path, tmp_path: Path) -> Path:
    """Return a copy of it."""
    return Path(shutil.copytree(crawled, tmp_path / "archive"))


def change(archive: Path, *statements: str, unnoted: bool = False) -> None:
    """Run SQL. `unnoted`: delete what the triggers noted of it, as a forger would."""
    with closing(sqlite3.connect(archive / "morgue.db")) as db, db:
        for digest, columns in (("state_digest_of", STATE_COLUMNS), ("fields_digest_of", FIELD_COLUMNS)):
            db.create_function(digest, len(columns), digest_function(columns))
        before = db.execute("SELECT count(*) FROM changes").fetchone()
        assert before == (0,), "the crawl has told the WARC files of all rows"
        for statement in statements:
            db.execute(statement)
        if unnoted:
            db.execute("DELETE FROM changes")


def digest_function(columns: tuple[str, ...]) -> Callable[..., str]:
    """Return the digest of some columns as a function of their values."""
    return lambda *values: columns_digest(dict(zip(columns, values, strict=True)), columns)


def kinds(archive: Path) -> set[str]:
    """Return the kinds of all findings."""
    return {one.kind for one in verify(archive, jobs=1).findings.listed}


def test_archive_of_a_crawl_is_well(archive):
    """Nothing is left unchecked."""
    report = verify(archive, jobs=1)
    assert (report.findings.listed, report.left_out) == ([], ())


EMPTIED = ["UPDATE articles SET title = NULL, text = ''", "UPDATE revisions SET title = NULL, text = ''"]


@pytest.mark.parametrize(
    "statements",
    [EMPTIED, EMPTIED[1:], [f"{one} WHERE id = 1" for one in EMPTIED], ["UPDATE revisions SET title = '', text = ''"]],
    ids=["all", "revisions", "one", "empty titles"],
)
def test_emptied_text_is_found(archive, statements):
    """It is no page that was never read: the row names what read it."""
    change(archive, *statements)
    assert "text" in kinds(archive)


@pytest.mark.parametrize("digests", [", state_digest = NULL", ""], ids=["without digest", "with digest"])
def test_text_emptied_as_if_never_read_is_found(archive, digests):
    """The journal knows what read it."""
    for table in ("articles", "revisions"):
        change(archive, f"UPDATE {table} SET title = NULL, text = '', extractor = ''{digests}", unnoted=True)
    assert "journal" in kinds(archive)


FORGED = {"word_count": 7, "published": "'1999-01-01'", "tags": "'[\"forged\"]'", "found_in": "'{}'"}
FIELDS = sorted({*FIELD_COLUMNS, "description", "authors", "modified"})


@pytest.mark.parametrize("name", FIELDS)
def test_changed_field_is_found(archive, name):
    """Whatever is read from a page."""
    change(archive, f"UPDATE articles SET {name} = {FORGED.get(name, chr(39) + 'https://forged.example/' + chr(39))}")
    assert "text" in kinds(archive)


@pytest.mark.parametrize("name", ["description", "authors", "modified"])
def test_changed_field_of_an_earlier_state_is_found(archive, name):
    """It is in no article any more."""
    change(archive, f"UPDATE revisions SET {name} = '[]X' WHERE id = 1")
    assert "text" in kinds(archive)


CONSISTENT = {
    "published": [
        "UPDATE articles SET published = '1999-01-01'",
        f"UPDATE articles SET fields_digest = fields_digest_of({', '.join(FIELD_COLUMNS)})",
    ],
    "no digest": ["UPDATE articles SET published = '1999-01-01', fields_digest = NULL"],
    "authors": [
        f"""UPDATE {table} SET authors = '["F"]',
                   state_digest = state_digest_of(title, description, '["F"]', modified, text)"""
        for table in ("articles", "revisions")
    ],
    "first seen": ["UPDATE articles SET first_seen = '1999-01-01T00:00:00Z'"],
    "last seen": ["UPDATE articles SET last_seen = '2999-01-01T00:00:00Z'"],
    "seen": ["UPDATE revisions SET seen = '1999-01-01T00:00:00Z'"],
    "source": ["UPDATE articles SET source_id = NULL"],
    "hint": ['UPDATE revisions SET hint = \'{"title": "Forged"}\''],
    "a deleted article": [
        "DELETE FROM sightings WHERE revision_id = 1",
        "DELETE FROM revisions WHERE id = 1",
        "DELETE FROM aliases WHERE article_id = 1",
        "DELETE FROM articles WHERE id = 1",
    ],
    "an article more": [
        """INSERT INTO articles (id, url_key, url, authors, tags, text, word_count, kind, extractor, text_digest,
                                 capture_id, revision, first_seen, last_seen)
           SELECT 999, '//x/', url, authors, tags, text, word_count, kind, extractor, text_digest, capture_id, 1,
                  first_seen, last_seen FROM articles WHERE id = 2"""
    ],
    "journal": ["UPDATE journal SET last = last + 5, used = used + 5"],
}


@pytest.mark.parametrize("statements", CONSISTENT.values(), ids=CONSISTENT)
def test_row_that_differs_from_the_journal_is_found(archive, statements):
    """Also if its digests fit, and what the triggers noted of the change is gone. A rebuild mends it."""
    change(archive, *statements, unnoted=True)
    assert "journal" in kinds(archive)
    assert morgue("-C", archive, "rebuild").returncode == 0
    assert kinds(archive) == set()


def test_rows_that_wait_for_the_journal_are_named(archive):
    """They may be of a run that was killed, or forged: the WARC files do not say."""
    change(archive, "UPDATE articles SET first_seen = '1999-01-01T00:00:00Z' WHERE id = 1")
    done = morgue("-C", archive, "verify")
    assert "not checked: 1 article against the WARC files" in done.stdout


@pytest.mark.parametrize(
    "value",
    ["kind = 'page'", "ip = '192.0.2.7'", "error = 'forged'", "signals = '[\"x: y\"]'", "status = 404",
     "time = '1999-01-01T00:00:00Z'"],
)  # fmt: skip
def test_changed_capture_is_found(archive, value):
    """Against its record."""
    change(archive, f"UPDATE captures SET {value} WHERE id = 2")
    assert "row differs" in kinds(archive)

"""Questions about the rows of an archive: the right articles, in order, by the right plan, or a clear error."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.core import timestamps
from pipelines.core.errors import ArchiveDamaged, ArchiveLocked, NoArchive, NotFound, QueryError
from pipelines.database import queries
from pipelines.database.connection import connect
from pipelines.database.filters import ArticleFilters
from pipelines.database.query_language.days import parse_day
from pipelines.database.search import counts, hits, snippets
from tests.support.article_archive import WARC_FILE, build, database, undate


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return build(tmp_path_factory.mktemp("queries") / "archive")


@pytest.fixture
def db(folder):
    connection = connect(folder / "morgue.db")
    yield connection
    connection.close()


def ids(rows):
    return [row["id"] for row in rows]


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2024", "2024-01-01", "2024-12-31"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2023-02", "2023-02-01", "2023-02-28"),
        ("2024-12", "2024-12-01", "2024-12-31"),
        ("9999", "9999-01-01", "9999-12-31"),
        (" 2024-03-09 ", "2024-03-09", "2024-03-09"),
        ("2024-03-09T23:30:00Z", "2024-03-09", "2024-03-09"),
        ("2024-03-09T23:30:00-05:00", "2024-03-10", "2024-03-10"),  # the day in UTC
        ("2024-03-09 12:00", "2024-03-09", "2024-03-09"),
        ("2024/03/09", "2024-03-09", "2024-03-09"),
        ("2024/02", "2024-02-01", "2024-02-29"),
        ("20240309", "2024-03-09", "2024-03-09"),
        ("March 2024", "2024-03-01", "2024-03-31"),
        ("feb. 2024", "2024-02-01", "2024-02-29"),
        ("9 March 2024", "2024-03-09", "2024-03-09"),
        ("March 9th, 2024", "2024-03-09", "2024-03-09"),
        ("2024-3", "2024-03-01", "2024-03-31"),
        ("2024-3-9", "2024-03-09", "2024-03-09"),
        ("9.3.2024", "2024-03-09", "2024-03-09"),  # the day first
        ("20. 11. 2024", "2024-11-20", "2024-11-20"),
    ],
)
def test_since_takes_the_first_day_and_until_the_last(text, first, last):
    """Both include all of the period that is named."""
    assert parse_day("--since", text, last=False) == first
    assert parse_day("--until", text, last=True) == last


@pytest.mark.parametrize(
    "text",
    ["", "soon", "24", "0 days", "last day", "2024-W54", "9999999 days ago", "999999 years ago",
     "31 February 2024", "1 March 2 2024", "ma 2024", "Smarch 2024", "202403", "20241301",
     "2024-13", "2024-00", "2024-02-30", "2023-02-29", "31.2.2024", "13/13/2024", "0000",
     "2024-03-09T25:00",  "2024-03-09x", "٢٠٢٤", "2024-03-09T00:00:00+99:00", "0001-01-01T00:00:00+14:00"],
)  # fmt: skip
def test_malformed_period_is_a_query_error_with_a_cure(text):
    """A mistyped date never gives an empty answer."""
    with pytest.raises(QueryError) as refused:
        ArticleFilters(since=text)
    assert refused.value.subject == f"since {text!r}"
    assert "2024-03" in refused.value.cure


@pytest.mark.parametrize(
    ("text", "cure"),
    [("november", "say 'November 2025'"), ("march", "say 'March 2026'"), ("9th march", "say '9th March 2026'"),
     ("11/20/2025", "say 2025-11-20"), ("20/11/2025", "say 2025-11-20"), ("1/2/2025", "say 2025-01-02 or 2025-02-01"),
     ("2/2/2025", "say 2025-02-02")],
)  # fmt: skip
def test_day_that_is_not_whole_is_answered_with_what_it_may_mean(monkeypatch, text, cure):
    """A month without a year is the last one that has begun. With slashes, day and month may be either way round."""
    monkeypatch.setattr(timestamps, "clock", lambda: datetime(2026, 3, 31, tzinfo=UTC))
    with pytest.raises(QueryError) as refused:
        parse_day("since", text, last=False)
    assert refused.value.cure == cure


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("today", "2026-03-31", "2026-03-31"),
        ("Yesterday", "2026-03-30", "2026-03-30"),
        ("7 days ago", "2026-03-24", "2026-03-24"),
        ("a  week ago", "2026-03-24", "2026-03-24"),
        ("1 month ago", "2026-02-28", "2026-02-28"),  # March has 31 days
        ("13 months ago", "2025-02-28", "2025-02-28"),
        ("2 years ago", "2024-03-31", "2024-03-31"),
        ("this week", "2026-03-30", "2026-04-05"),
        ("last week", "2026-03-23", "2026-03-29"),
        ("last month", "2026-02-01", "2026-02-28"),
        ("this month", "2026-03-01", "2026-03-31"),
        ("last year", "2025-01-01", "2025-12-31"),
        ("2026-W12", "2026-03-16", "2026-03-22"),
        ("2026w01", "2025-12-29", "2026-01-04"),
    ],
)
def test_period_is_read_as_people_say_it(monkeypatch, text, first, last):
    """Days are those of UTC: the evening of March 30 in New York is March 31."""
    evening = datetime.fromisoformat("2026-03-30T21:00:00-04:00")
    monkeypatch.setattr(timestamps, "clock", lambda: evening)
    assert parse_day("--since", text, last=False) == first
    assert parse_day("--until", text, last=True) == last


def test_undated_article_is_in_no_period_and_has_no_day(folder, tmp_path):
    """It is met on a day; that is no date. `--undated` finds it, `--seen-since` too, and it is counted."""
    path = Path(shutil.copytree(folder, tmp_path / "copy")) / "morgue.db"
    with database(path) as writing:
        undate(writing, 2, 5)
    with connect(path) as db:
        since = ArticleFilters(since="2024-02")
        assert ids(hits.search(db, None, since, "oldest")) == [6, 7]
        assert counts.count(db, "climate", ArticleFilters(since="2024")) == 1
        assert counts.count_undated(db, None, since) == 2
        assert counts.count_undated(db, "climate", since) == 1
        assert counts.count_undated(db, "climate", ArticleFilters()) == 0
        assert [(hit["id"], hit["published_day"]) for hit in hits.search(db, "cup OR rien")] == [
            (2, None),
            (5, None),
        ]
        assert ids(queries.articles(db, ArticleFilters(undated=True))) == [2, 5]
        assert [row["published_day"] for row in queries.articles(db, ArticleFilters(undated=True))] == [None, None]
        assert ids(queries.articles(db, ArticleFilters(undated=True, seen_since="2024-03"))) == [5]
        newest = {source["name"]: source["newest"] for source in queries.sources(db)}
        assert newest == {"courier": "2024-01-07", "gazette": "2024-01-31", "shimbun": "2024-02-02", "empty": None}
        with pytest.raises(QueryError, match="undated: articles without a date"):
            counts.count(db, None, ArticleFilters(undated=True, until="2024"))


def test_period_that_ends_before_it_begins_is_refused():
    """It could only be a mistake."""
    with pytest.raises(QueryError, match="ends before it begins"):
        ArticleFilters(since="2024-03", until="2024-02")
    assert ArticleFilters(since="2024-02", until="2024-02").until == "2024-02-29"


def test_language_filter_takes_a_code():
    """Regions are cut off, names of languages taken, other words refused."""
    assert ArticleFilters(language="en-GB").language == ("en",)
    assert ArticleFilters(language=["PT_br,de", "pt"]).language == ("pt", "de")
    assert ArticleFilters(language="French").language == ("fr",)
    with pytest.raises(QueryError, match="not a language"):
        ArticleFilters(language="Frankish")


def test_search_hit_has_its_keys_and_a_snippet(db):
    """A hit is a dict with HIT_KEYS in that order; the words found are between the markers."""
    hit = next(hits.search(db, "hésitent", markers=("<", ">")))
    assert tuple(hit) == hits.HIT_KEYS
    assert hit["id"] == 5
    assert hit["authors"] == ["Zoé Ångström", "Marc Noël"]
    assert "<hésitent>" in hit["snippet"]
    assert "\u2028" not in hit["snippet"]
    assert "\n" not in hit["snippet"]


def test_word_in_the_title_ranks_above_word_in_the_text(db):
    """bm25 weights: title over byline over text."""
    assert ids(hits.search(db, "climate")) == [1, 2]
    assert ids(hits.search(db, "anna"))[:1] in ([1], [2])
    assert next(hits.search(db, "fills OR closes"))["id"] == 1


@pytest.mark.parametrize("query", [None, "", "filler", "trade OR climat*"])
@pytest.mark.parametrize(
    "filters",
    [
        ArticleFilters(),
        ArticleFilters(source="gazette"),
        ArticleFilters(since="2022-03", until="2022-06"),
        ArticleFilters(language="fr", since="2022-05"),
        ArticleFilters(source="courier", language="en", until="2023"),
        ArticleFilters(source=("courier", "gazette,shimbun"), language="en,fr", since="2022-03"),
        ArticleFilters(seen_since="2022-03-05", seen_until="2022-W20"),
    ],
)
def test_all_queries_agree_on_the_matching_articles(db, query, filters):
    """search (in any order), count and articles are three views of one selection."""
    newest = list(hits.search(db, query, filters, "newest", None))
    assert newest, "a law about nothing proves nothing"
    assert [(hit["published_day"], hit["id"]) for hit in newest] == sorted(
        ((hit["published_day"], hit["id"]) for hit in newest), reverse=True
    )
    assert ids(hits.search(db, query, filters, "oldest", None)) == ids(newest)[::-1]
    assert sorted(ids(hits.search(db, query, filters, "relevance", None))) == sorted(ids(newest))
    assert ids(queries.articles(db, filters, query)) == sorted(ids(newest))
    assert counts.count(db, query, filters) == len(newest)
    for hit in newest:
        assert not filters.source or hit["source"] in filters.source
        assert not filters.language or hit["language"] in filters.language
        assert (filters.since or "") <= hit["published_day"] <= (filters.until or "9")


@pytest.mark.parametrize("sort", hits.SORTS)
@pytest.mark.parametrize("query", [None, "filler"])
def test_limit_and_offset_cut_one_order_into_pages(db, query, sort):
    """There is no gap and no overlap between two pages."""
    pages = [ids(hits.search(db, query, sort=sort, limit=7, offset=at)) for at in range(0, 49, 7)]
    assert [number for page in pages for number in page] == ids(hits.search(db, query, sort=sort, limit=None))
    assert len(pages[0]) == 7


def test_query_plans_use_the_indexes(db):
    """By day, places are walked and nothing is sorted; by rank, places alone are; for an export, ids come in order."""

    def plan(question, *args, **options):
        seen = []
        db.set_trace_callback(seen.append)
        answer = question(db, *args, **options)
        _ = answer if isinstance(answer, int) else list(answer)
        db.set_trace_callback(None)
        asked = [sql for sql in seen if not sql.startswith("--")]  # FTS5's own statements are traced as comments
        steps = [row[3] for sql in asked for row in db.execute("EXPLAIN QUERY PLAN " + sql)]
        assert not [step for step in steps if step in ("SCAN a", "SCAN articles")], steps
        return " ".join(steps)

    period = ArticleFilters(since="2022-02", until="2022-08")
    for question in (
        plan(hits.search, None),
        plan(hits.search, "filler", sort="newest"),
        plan(hits.search, "filler", period, sort="oldest"),
        plan(hits.search, None, ArticleFilters(source="courier", language="en"), sort="oldest"),
        plan(counts.count, "filler language:en", period),
        plan(counts.count, None, ArticleFilters(source="courier")),
        plan(queries.articles, ArticleFilters(source="courier"), "filler"),
        plan(queries.articles, period),
    ):
        assert "TEMP B-TREE" not in question
    for question in (plan(hits.search, "filler", period), plan(counts.counts, ["month", "source"], "filler")):
        assert "TEMP B-TREE FOR" in question


def test_snippet_of_text_without_spaces_is_short(db):
    """CJK runs are single tokens: 24 of them would be a page."""
    assert snippets.clip_snippet("長" * 500 + "[東京]" + "長" * 500, ("[", "]")).count("[東京]") == 1
    assert len(snippets.clip_snippet("長" * 1000, ("[", "]"))) <= snippets.SNIPPET_CHARS + 2
    cut = snippets.clip_snippet("[" + "長" * 1000 + "]", ("[", "]"))
    assert cut.count("[") == cut.count("]") == 1


@pytest.mark.parametrize(
    "wanted",
    [
        "1",
        " 1 ",
        "https://courier.example/2024/article-1",
        "http://courier.example/2024/article-1/",
        "courier.example/2024/article-1",
        "https://courier.example/2024/article-1#comments",
        "https://courier.example/2024/article-1?utm_source=mail",
        "https://COURIER.example:443/2024/../2024/article-1",
        "https://courier.example/2024/article-1?from=front",  # where it was fetched
        "https://courier.example/amp/article-1",  # an alias
    ],
)
def test_article_is_found_by_number_or_any_of_its_addresses(db, wanted):
    """It may be its address, its canonical one or an alias, in any spelling."""
    row = queries.article(db, wanted)
    assert row["id"] == 1
    assert tuple(row) == (*queries.ARTICLE_KEYS, "imported")
    assert row["warc_file"] == WARC_FILE


@pytest.mark.parametrize(
    ("wanted", "cause"),
    [
        ("40", "up to 39"),
        ("999999999999999999999", "no such number"),
        ("https://elsewhere.example/x", "not in this archive"),
        ("", "not in this archive"),
        ("\udcff", "not in this archive"),
        ("https://courier.example/w1", "failed .HTTP 503 five times"),
        ("courier.example/w0", "no article was read from it: waiting"),
    ],
)
def test_unknown_article_raises_not_found_with_a_next_step(db, wanted, cause):
    """The exit code is 8."""
    with pytest.raises(NotFound, match=cause) as missing:
        queries.article(db, wanted)
    assert missing.value.cure
    assert missing.value.exit_code == 8


@pytest.mark.parametrize("source", ["www.gazette.example", "https://gazette.example", "GAZETTE.example/"])
def test_source_is_found_by_its_address(db, source):
    """`www.`, scheme and slash may be there or not, as for `morgue crawl`."""
    assert counts.count(db, None, ArticleFilters(source=source)) == counts.count(
        db, None, ArticleFilters(source="gazette")
    )


def test_unknown_source_is_an_error_that_names_similar_ones(db):
    """A mistyped --source is no empty answer."""
    with pytest.raises(NotFound, match="gazette"):
        counts.count(db, None, ArticleFilters(source="gazete"))


def test_revisions_and_captures_lead_to_their_records(db):
    """Each state of a text names the WARC record that it was read from; a URL has all its captures."""
    first, second = queries.revisions(db, 1)
    assert (first["title"], second["title"]) == ("Climate summit opens", "Climate summit opens, then closes")
    kept = list(queries.captures(db, "https://courier.example/2024/article-1?from=front"))
    assert [row["warc_offset"] for row in kept] == [first["warc_offset"], second["warc_offset"]]
    assert queries.article(db, "1")["warc_offset"] == second["warc_offset"]
    assert list(queries.captures(db, "https://elsewhere.example/")) == []


def test_sources_have_counts_dates_and_errors(db):
    """Articles, newest day, last success, waiting and failed URLs, the last error; empty sources too."""
    rows = {row["name"]: row for row in queries.sources(db)}
    assert list(rows) == ["courier", "empty", "gazette", "shimbun"]
    assert tuple(rows["empty"]) == queries.SOURCE_KEYS
    assert rows["courier"]["articles"] == 20
    assert rows["courier"]["newest"] == "2024-02-29"
    assert [rows["courier"][state] for state in ("waiting", "planned", "failed")] == [1, 1, 1]
    assert rows["courier"]["last_error"] == "HTTP 503 five times"
    assert rows["courier"]["last_success"] == "2024-03-01T00:00:00Z"
    assert (rows["empty"]["articles"], rows["empty"]["newest"], rows["empty"]["last_error"]) == (
        0,
        None,
        None,
    )
    assert queries.languages(db)[:2] == ["en", "fr"]


def test_query_connection_cannot_write(db):
    """It is read-only twice: by how it is opened, and by query_only."""
    with pytest.raises(sqlite3.OperationalError):
        db.execute("DELETE FROM articles")


def test_database_under_rebuild_is_reported_as_such(tmp_path):
    """It is not called lost, nor empty."""
    (tmp_path / "warc").mkdir()
    (tmp_path / "warc" / "a.warc.gz").touch()
    (tmp_path / "morgue.db.rebuilding").touch()
    with pytest.raises(ArchiveDamaged, match="is being made again by `morgue rebuild`\n  wait for it"):
        connect(tmp_path / "morgue.db")


def test_missing_database_before_the_first_crawl_is_no_damage(tmp_path):
    """There are no articles yet, and the message says what to do."""
    with pytest.raises(NoArchive, match="no articles yet"):
        connect(tmp_path / "morgue.db")
    (tmp_path / "morgue.db").touch()
    with pytest.raises(NoArchive, match="morgue crawl"):
        connect(tmp_path / "morgue.db")
    assert sorted(os.listdir(tmp_path)) == ["morgue.db"], "reading creates nothing"


def test_damaged_database_is_named_with_the_next_step(tmp_path):
    """It is no database, another program's, cut short, or not UTF-8."""
    path = tmp_path / "morgue.db"
    path.write_text("This is not a database, but long enough to be taken for one." * 100)
    with pytest.raises(ArchiveDamaged, match="not a database"):
        connect(path)
    path.unlink()
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE bookmarks (url)")
    other.close()
    with pytest.raises(ArchiveDamaged, match="not of an archive"):
        connect(path)
    path.unlink()

    build(tmp_path)
    with sqlite3.connect(path) as whole:
        whole.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    whole.close()
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(ArchiveDamaged, match="malformed") as damaged:
        list(queries.articles(connect(path)))
    assert str(path) in str(damaged.value)
    assert "restore a copy" in damaged.value.cure

    path.write_bytes(content)
    with sqlite3.connect(path) as whole:
        whole.execute("UPDATE articles SET section = CAST(x'ff' AS TEXT) WHERE id = 3")
    whole.close()
    with pytest.raises(ArchiveDamaged, match="UTF-8"):
        list(queries.articles(connect(path)))


def test_missing_column_is_reported_as_another_version(tmp_path):
    """There is no traceback."""
    db = database(tmp_path / "morgue.db")
    db.execute("ALTER TABLE articles DROP COLUMN image")
    db.close()
    with pytest.raises(ArchiveDamaged, match="another version"):
        list(queries.articles(connect(tmp_path / "morgue.db")))


def test_locked_database_is_waited_for_and_then_reported(tmp_path, monkeypatch):
    """Outside WAL an exclusive writer keeps readers out."""
    monkeypatch.setattr("pipelines.database.connection.BUSY_SECONDS", 0.05)
    writer = sqlite3.connect(build(tmp_path) / "morgue.db", isolation_level=None)
    writer.execute("PRAGMA journal_mode = DELETE")
    writer.execute("BEGIN EXCLUSIVE")
    with pytest.raises(ArchiveLocked, match="locked"):
        connect(tmp_path / "morgue.db")
    writer.close()


def test_reader_sees_one_snapshot_while_a_crawl_writes(folder, db):
    """From the first row to the last, nothing that is written meanwhile shows."""
    rows = queries.articles(db)
    seen = [next(rows)["id"]]
    writer = sqlite3.connect(folder / "morgue.db")
    writer.execute("UPDATE articles SET section = 'Changed' WHERE id = 39")
    writer.commit()
    writer.close()
    rest = list(rows)
    assert rest[-1]["section"] != "Changed"
    assert len(seen + rest) == 39


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="becoming another user takes root")
def test_archive_on_a_read_only_disk_can_be_read():
    """WAL would write beside the database; without a writer it is not needed."""
    above = Path(tempfile.mkdtemp())  # tmp_path is hidden from other users
    above.chmod(0o755)
    path = build(above / "archive") / "morgue.db"
    for place in (path.parent, *path.parent.iterdir()):
        place.chmod(0o555 if place.is_dir() else 0o444)
    child = os.fork()
    if child == 0:
        try:
            os.setgid(65534)
            os.setuid(65534)
            os._exit(0 if counts.count(connect(path)) == 39 else 1)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    shutil.rmtree(above)


def test_articles_by_column_have_the_values_of_those_by_row(db):
    """Batches have the size that is asked for; the last may be smaller."""
    batches = list(queries.article_batches(db, 10))
    assert [len(batch["id"]) for batch in batches] == [10, 10, 10, 9]
    rows = [dict(zip(batch, values, strict=True)) for batch in batches for values in zip(*batch.values(), strict=True)]
    assert rows == list(queries.articles(db))


@pytest.mark.parametrize(
    "text", ["{[", "{}", "[1]", "null", "[" * 9999], ids=["cut", "object", "number", "null", "deep"]
)
def test_row_with_a_damaged_list_is_named(folder, tmp_path, text):
    """One article, a search and an export name it."""
    path = Path(shutil.copytree(folder, tmp_path / "copy")) / "morgue.db"
    with database(path) as writing:
        writing.execute("UPDATE articles SET authors = ? WHERE id = 1", (text,))
    with connect(path) as db:
        for ask_for in (
            lambda: queries.article(db, "1"),
            lambda: list(queries.articles(db)),
            lambda: list(queries.article_batches(db, 10)),
        ):
            with pytest.raises(ArchiveDamaged, match="articles, row 1: its column authors"):
                ask_for()

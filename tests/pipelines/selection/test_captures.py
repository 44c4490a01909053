"""Test the choice of captures: each filter takes what its words say, and what a revisit needs comes along."""

from __future__ import annotations

import gzip
import sqlite3
from contextlib import closing, suppress

import pytest

from pipelines.core.errors import NotFound, QueryError
from pipelines.database.filters import ArticleFilters
from pipelines.selection.captures import CaptureFilter, CaptureSelection
from pipelines.selection.exclusions import Exclusions
from pipelines.warc.storage import WarcStorage
from tests.support.capture_archive import (
    COPY,
    CRANE,
    FIRST,
    HTML,
    LIGHT,
    OTHER,
    PAPER,
    SQUEEZED,
    Writing,
    build,
    chunked,
    exchange,
    spoil,
)


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    return build(tmp_path_factory.mktemp("holdings") / "archive")


def chosen(archive, wanted):
    """Our names of the captures that are taken, and how many of them were not asked for."""
    names = {capture.id: name for name, capture in archive.captures.items()}
    with closing(archive.open()) as db, CaptureSelection(db, WarcStorage(archive.warc), wanted) as selection:
        taken = [names[row["id"]] for row in selection.captures()]
        assert len(taken) == selection.count
        return taken, selection.added


CRANES = {"redirect", "crane", "edited", "not modified"}
OF_OTHER = {"foreign 1", "foreign 2", "copy"}
CASES = {
    "query": (CaptureFilter(query="crane"), CRANES),
    "language": (CaptureFilter(ArticleFilters(language="de")), {"light", "light again"}),
    "language, source": (CaptureFilter(ArticleFilters(language="de", source="other")), set()),
    "source": (CaptureFilter(ArticleFilters(source="other")), OF_OTHER | {"+light"}),
    "source without captures": (CaptureFilter(ArticleFilters(source="empty")), set()),
    "one day": (CaptureFilter(ArticleFilters(since="2026-03-02", until="2026-03-02")), {"gone"}),
    "since": (CaptureFilter(ArticleFilters(since="2026-03-04")), OF_OTHER | {"not modified", "+edited", "+light"}),
    "until": (CaptureFilter(ArticleFilters(until="2026-02")), set()),
    "host below": (CaptureFilter(hosts=("other.example",)), OF_OTHER | {"+light"}),
    "host and port": (CaptureFilter(hosts=("www.other.example:8080",)), OF_OTHER | {"+light"}),
    "host, other port": (CaptureFilter(hosts=("www.other.example:80",)), set()),
    "host, its own port": (CaptureFilter(hosts=("paper.example:80",)), {"redirect"}),
    "host in capitals": (CaptureFilter(hosts=("OTHER.Example",)), OF_OTHER | {"+light"}),
    "no half host": (CaptureFilter(hosts=("er.example",)), set()),
    "url": (CaptureFilter(urls=(LIGHT,)), {"light", "light again"}),
    "url as people copy it": (CaptureFilter(urls=("paper.example/2026/light/#top",)), {"light", "light again"}),
    "url not ascii": (CaptureFilter(urls=(f"{PAPER}/Straße/東京",)), {"gone"}),
    "prefix": (CaptureFilter(urls=(f"{PAPER}/2026/*",)), {"crane", "light", "edited", "light again", "not modified"}),
    "prefix not ascii": (CaptureFilter(urls=(f"{PAPER}/Straß*",)), {"gone"}),
    "prefix, both schemes": (CaptureFilter(urls=(f"{PAPER}/o*",)), {"redirect"}),
    "half a host": (CaptureFilter(urls=("http://www.oth*",)), OF_OTHER | {"+light"}),
    "two urls": (CaptureFilter(urls=(f"{OTHER}/1", f"{OTHER}/2")), {"foreign 1", "foreign 2"}),
    "all must hold": (CaptureFilter(ArticleFilters(until="2026-03-01"), query="crane", urls=(CRANE,)), {"crane"}),
}


@pytest.mark.parametrize("case", CASES)
def test_filter_takes_what_its_words_say(archive, case):
    """A name with + came along because a revisit refers to it."""
    wanted, names = CASES[case]
    taken, added = chosen(archive, wanted)
    assert set(taken) == {name.removeprefix("+") for name in names}
    assert added == sum(name.startswith("+") for name in names)


def test_no_filter_takes_everything_in_file_order(archive):
    """robots.txt, feeds, redirects and failures too; nothing twice."""
    taken, added = chosen(archive, CaptureFilter())
    assert taken == list(archive.captures)
    assert added == 0


def test_pages_are_states_of_articles_whose_capture_is_taken(archive):
    """They are in order. A capture that only came along is no page."""
    with closing(archive.open()) as db:
        storage = WarcStorage(archive.warc)
        with CaptureSelection(db, storage) as selection:
            assert [(page["article"], page["number"], page["url"]) for page in selection.pages()] == [
                (1, 1, CRANE), (1, 2, CRANE), (2, 1, LIGHT),
            ]  # fmt: skip
        with CaptureSelection(db, storage, CaptureFilter(ArticleFilters(since="2026-03-02"))) as selection:
            assert [(page["article"], page["number"]) for page in selection.pages()] == [(1, 2)]


def test_revisit_without_its_response_is_counted(tmp_path):
    """The manifest of an export says that it has no body."""
    archive = build(tmp_path / "archive")
    import sqlite3

    with closing(sqlite3.connect(archive.folder / "morgue.db")) as db, db:
        db.execute("PRAGMA foreign_keys = OFF")
        db.execute("DELETE FROM captures WHERE record_id = ?", (archive.captures["light"].record_id,))
    with closing(archive.open()) as db, CaptureSelection(db, WarcStorage(archive.warc)) as selection:
        assert (selection.count, selection.bodiless) == (len(archive.captures) - 1, 2)


@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        (CaptureFilter(ArticleFilters(source="papre")), NotFound),
        (CaptureFilter(hosts=("https://paper.example/",)), QueryError),
        (CaptureFilter(hosts=("",)), QueryError),
        (CaptureFilter(urls=("*",)), QueryError),
        (CaptureFilter(urls=("https://*.example/*",)), QueryError),
        (CaptureFilter(query="-crane"), QueryError),
    ],
    ids=["source", "address as host", "no host", "star alone", "star inside", "query"],
)
def test_contradictory_filter_is_refused_with_a_cure(archive, wanted, error):
    """The message says what to write instead."""
    with pytest.raises(error) as caught:
        chosen(archive, wanted)
    assert caught.value.cure


def test_selection_leaves_the_database_as_it_was(archive):
    """The list of what is wanted is gone with the selection, and a second one can follow on the same connection."""
    with closing(archive.open()) as db:
        for _ in range(2):
            with CaptureSelection(db, WarcStorage(archive.warc)):
                pass
        assert list(db.execute("SELECT name FROM temp.sqlite_master")) == []
        assert not db.in_transaction


@pytest.mark.parametrize("query_only", [0, 1], ids=["writable", "for reading only"])
@pytest.mark.parametrize("fails", [False, True], ids=["read to the end", "failed"])
def test_selection_leaves_query_only_as_it_was(archive, query_only, fails):
    """It does so also if it fails half-way: the caller goes on with its connection."""

    def on_progress(*_):
        if fails:
            raise KeyboardInterrupt

    wanted = CaptureFilter(without=Exclusions(reserved=True))
    with closing(archive.open()) as db:
        db.execute(f"PRAGMA query_only = {query_only}")
        with (
            suppress(KeyboardInterrupt),
            CaptureSelection(db, WarcStorage(archive.warc), wanted, on_rights_progress=on_progress),
        ):
            pass
        assert db.execute("PRAGMA query_only").fetchone()[0] == query_only
        assert not db.in_transaction


def without(archive, sql, *signals, **wanted):
    """Our names of what is taken, and what was left out, once the signals in the archive are as `sql` says."""
    with closing(sqlite3.connect(archive.folder / "morgue.db")) as db:
        db.executescript(sql)
    names = {capture.id: name for name, capture in archive.captures.items()}
    which = CaptureFilter(without=Exclusions(signals=signals), **wanted)
    with closing(archive.open()) as db, CaptureSelection(db, WarcStorage(archive.warc), which) as selection:
        return {names[row["id"]] for row in selection.captures()}, dict(selection.left_out)


def test_revisit_of_an_excluded_response_is_excluded(tmp_path):
    """If the response has the signal, its revisits stay out at all addresses, also if only they are asked for."""
    archive = build(tmp_path / "archive")
    number = archive.captures["light"].id
    sql = f"""UPDATE captures SET signals = '["x-robots-tag: noarchive"]' WHERE id = {number};"""
    taken, left_out = without(archive, sql, "noarchive")
    assert taken == archive.captures.keys() - {"light", "light again", "copy"}
    assert left_out == {"noarchive": 1, "revisit of a response that is left out": 2}
    assert without(archive, "", "noarchive", urls=(COPY,)) == (set(), {"revisit of a response that is left out": 1})


def test_response_does_not_come_along_for_an_excluded_revisit(tmp_path):
    """The revisit has the signal, and the response that it refers to was not asked for."""
    archive = build(tmp_path / "archive")
    number = archive.captures["copy"].id
    sql = f"""UPDATE captures SET signals = '["x-robots-tag: noarchive"]' WHERE id = {number};"""
    assert without(archive, sql, "noarchive", hosts=("other.example",)) == (OF_OTHER - {"copy"}, {"noarchive": 1})


NOAI = b'<html><head><meta name="robots" content="noai"></head><body>%s</body></html>'
STORY = f"{PAPER}/2026/story"


@pytest.fixture
def said(tmp_path):
    """Yield an archive to be written to, and a function that finishes it and returns it."""
    writing = Writing(tmp_path / "said")

    def done():
        writing.writer.close()
        writing.db.commit()
        writing.db.close()
        return writing.archive

    yield writing, done
    writing.db.close()


def page(url, day, body, head=HTML):
    return exchange(url, day, head % len(body) if b"%d" in head else head, body)


def test_capture_is_judged_by_its_own_page(said):
    """The newest reading of its article does not count: an earlier state said noai, a later one no longer."""
    writing, done = said
    writing.keep("reserved", page(STORY, 1, NOAI % b"One"))
    writing.keep("free", page(STORY, 2, b"<html><body>Two</body></html>"))
    writing.article(1, "Story", STORY, "reserved", "free")
    assert without(done(), "", "noai") == ({"free"}, {"noai": 1})
    newest = """UPDATE articles SET rights = '["robots: noai"]';"""
    assert without(writing.archive, newest, "noai") == ({"free"}, {"noai": 1})


PAGES = {
    "front page": page(f"{PAPER}/", 1, NOAI % b"Links"),
    "not found": page(STORY, 1, NOAI % b"Nothing", b"404 Not Found\nContent-Type: text/html"),
    "no type": page(STORY, 1, b"<!doctype html>" + NOAI % b"x", b"200 OK"),
    "plain text that is markup": page(STORY, 1, NOAI % b"x", b"200 OK\nContent-Type: text/plain"),
    "squeezed": page(STORY, 1, chunked(gzip.compress(NOAI % b"x")), SQUEEZED),
    "no body": page(STORY, 1, b'<head><meta name="robots" content="noai"></head>'),
    "no known encoding": page(STORY, 1, NOAI % b"\x81\x8d\x8f" * 2, b"200 OK\nContent-Type: text/html; charset=ascii"),
    "behind an end that is none": page(STORY, 1, b"<head><!-- </head> --><script>'</head>'</script>" + NOAI % b"x"),
    "many elements": page(STORY, 1, NOAI % (b"<p>x" * 250_000)),
}  # fmt: skip


@pytest.mark.parametrize("case", PAGES)
def test_metas_count_in_pages_without_an_article(said, case):
    """They count in every page, whether an article was read from it or not."""
    writing, done = said
    writing.keep("page", PAGES[case])
    assert without(done(), "", "noai") == (set(), {"noai": 1})


def test_response_that_is_no_page_has_no_metas(said):
    """Other media, whatever words are in them; a response that did not come."""
    writing, done = said
    writing.keep("script", page(STORY, 1, NOAI % b"x", b"200 OK\nContent-Type: text/javascript"))
    writing.keep("text", page(STORY, 1, b"Say <b>noai</b>", b"200 OK\nContent-Type: text/plain"))
    feed = b"<rss><![CDATA[" + NOAI % b"" + b"]]></rss>"
    writing.keep("feed", page(STORY, 1, feed, b"200 OK\nContent-Type: text/xml"))
    writing.keep("json", page(STORY, 1, b'{"a": "b"}'))
    assert without(done(), "", "noai") == ({"script", "text", "feed", "json"}, {})


def test_revisit_has_the_metas_of_its_response(said):
    """The same body elsewhere and a 304 later stay out, also if only they are asked for."""
    writing, done = said
    body = NOAI % b"x"
    writing.keep("page", page(STORY, 1, body))
    writing.revisit("copy", page(COPY, 2, body), "page")
    writing.revisit("not modified", exchange(STORY, 3, b"304 Not Modified"), "page")
    archive = done()
    assert without(archive, "", "noai") == (set(), {"noai": 3})
    assert without(archive, "", "noai", urls=(COPY,)) == (set(), {"noai": 1})


@pytest.mark.parametrize("gone", ["record", "file"])
def test_unreadable_page_is_excluded(said, gone):
    """It may reserve anything; the reason is counted, the damage is named, and nothing else is lost."""
    writing, done = said
    damaged = writing.keep("damaged", page(STORY, 1, b"<html><body>One</body></html>"))
    writing.revisit("copy", page(COPY, 2, b"<html><body>One</body></html>"), "damaged")
    writing.next_file()
    writing.keep("whole", page(CRANE, 2, FIRST))
    archive = done()
    spoil(archive.warc / damaged.file, damaged, gone)
    which = CaptureFilter(without=Exclusions(reserved=True))
    with closing(archive.open()) as db, CaptureSelection(db, WarcStorage(archive.warc), which) as selection:
        assert [row["url"] for row in selection.captures()] == [CRANE]
        assert selection.left_out == {"page that cannot be read": 2}
        assert len(selection.damages) == 1
        assert damaged.file in next(iter(selection.damages))


def test_revisit_of_a_missing_page_is_excluded(tmp_path):
    """Its signals are unknown; that is no damage."""
    archive = build(tmp_path / "archive")
    sql = f"""PRAGMA foreign_keys = OFF;
              DELETE FROM captures WHERE record_id = '{archive.captures["light"].record_id}';"""
    taken, left_out = without(archive, sql, "noai")
    assert taken == archive.captures.keys() - {"light", "light again", "copy"}
    assert left_out == {"revisit of a page that this archive does not hold": 2}


def test_no_page_is_read_without_a_signal_filter(tmp_path):
    """A damaged page does not matter then."""
    archive = build(tmp_path / "archive")
    (archive.warc / archive.captures["crane"].file).unlink()
    with closing(archive.open()) as db, CaptureSelection(db, WarcStorage(archive.warc)) as selection:
        assert selection.count == len(archive.captures)
        assert not selection.damages

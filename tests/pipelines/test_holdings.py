"""Laws of choosing captures: each filter takes what its words say, and what a revisit needs comes along."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from pipelines.errors import NotFound, QueryError
from pipelines.filters import Filters
from pipelines.holdings import Holdings, Wanted
from pipelines.without import Without
from tests.captured import COPY, CRANE, LIGHT, OTHER, PAPER, build


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    return build(tmp_path_factory.mktemp("holdings") / "archive")


def chosen(archive, wanted):
    """Our names of the captures that are taken, and how many of them were not asked for."""
    names = {capture.id: name for name, capture in archive.captures.items()}
    with closing(archive.open()) as db, Holdings(db, archive.warc, wanted) as holdings:
        taken = [names[row["id"]] for row in holdings.captures()]
        assert len(taken) == holdings.count
        return taken, holdings.added


CRANES = {"redirect", "crane", "edited", "not modified"}
OF_OTHER = {"foreign 1", "foreign 2", "copy"}
CASES = {
    "query": (Wanted(query="crane"), CRANES),
    "language": (Wanted(Filters(language="de")), {"light", "light again"}),
    "language, source": (Wanted(Filters(language="de", source="other")), set()),
    "source": (Wanted(Filters(source="other")), OF_OTHER | {"+light"}),
    "source without captures": (Wanted(Filters(source="empty")), set()),
    "one day": (Wanted(Filters(since="2026-03-02", until="2026-03-02")), {"gone"}),
    "since": (Wanted(Filters(since="2026-03-04")), OF_OTHER | {"not modified", "+edited", "+light"}),
    "until": (Wanted(Filters(until="2026-02")), set()),
    "host below": (Wanted(hosts=("other.example",)), OF_OTHER | {"+light"}),
    "host and port": (Wanted(hosts=("www.other.example:8080",)), OF_OTHER | {"+light"}),
    "host, other port": (Wanted(hosts=("www.other.example:80",)), set()),
    "host, its own port": (Wanted(hosts=("paper.example:80",)), {"redirect"}),
    "host in capitals": (Wanted(hosts=("OTHER.Example",)), OF_OTHER | {"+light"}),
    "no half host": (Wanted(hosts=("er.example",)), set()),
    "url": (Wanted(urls=(LIGHT,)), {"light", "light again"}),
    "url as people copy it": (Wanted(urls=("paper.example/2026/light/#top",)), {"light", "light again"}),
    "url not ascii": (Wanted(urls=(f"{PAPER}/Straße/東京",)), {"gone"}),
    "prefix": (Wanted(urls=(f"{PAPER}/2026/*",)), {"crane", "light", "edited", "light again", "not modified"}),
    "prefix not ascii": (Wanted(urls=(f"{PAPER}/Straß*",)), {"gone"}),
    "prefix, both schemes": (Wanted(urls=(f"{PAPER}/o*",)), {"redirect"}),
    "half a host": (Wanted(urls=("http://www.oth*",)), OF_OTHER | {"+light"}),
    "two urls": (Wanted(urls=(f"{OTHER}/1", f"{OTHER}/2")), {"foreign 1", "foreign 2"}),
    "all must hold": (Wanted(Filters(until="2026-03-01"), query="crane", urls=(CRANE,)), {"crane"}),
}


@pytest.mark.parametrize("case", CASES)
def test_a_filter_takes_what_it_says(archive, case):
    """A name with + came along because a revisit refers to it."""
    wanted, names = CASES[case]
    taken, added = chosen(archive, wanted)
    assert set(taken) == {name.removeprefix("+") for name in names}
    assert added == sum(name.startswith("+") for name in names)


def test_without_a_filter_everything_is_taken_in_the_order_of_the_files(archive):
    """robots.txt, feeds, redirects and failures too; nothing twice."""
    taken, added = chosen(archive, Wanted())
    assert taken == list(archive.captures)
    assert added == 0


def test_pages_are_states_of_articles_whose_capture_is_taken(archive):
    """In order; a capture that only came along is no page."""
    with closing(archive.open()) as db:
        with Holdings(db, archive.warc) as holdings:
            assert [(page["article"], page["number"], page["url"]) for page in holdings.pages()] == [
                (1, 1, CRANE), (1, 2, CRANE), (2, 1, LIGHT),
            ]  # fmt: skip
        with Holdings(db, archive.warc, Wanted(Filters(since="2026-03-02"))) as holdings:
            assert [(page["article"], page["number"]) for page in holdings.pages()] == [(1, 2)]


def test_a_revisit_without_its_response_is_counted(tmp_path):
    """Whoever exports it is told that it has no body."""
    archive = build(tmp_path / "archive")
    import sqlite3

    with closing(sqlite3.connect(archive.folder / "morgue.db")) as db, db:
        db.execute("PRAGMA foreign_keys = OFF")
        db.execute("DELETE FROM captures WHERE record_id = ?", (archive.captures["light"].record_id,))
    with closing(archive.open()) as db, Holdings(db, archive.warc) as holdings:
        assert (holdings.count, holdings.bodiless) == (len(archive.captures) - 1, 2)


@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        (Wanted(Filters(source="papre")), NotFound),
        (Wanted(hosts=("https://paper.example/",)), QueryError),
        (Wanted(hosts=("",)), QueryError),
        (Wanted(urls=("*",)), QueryError),
        (Wanted(urls=("https://*.example/*",)), QueryError),
        (Wanted(query="-crane"), QueryError),
    ],
    ids=["source", "address as host", "no host", "star alone", "star inside", "query"],
)
def test_what_cannot_be_meant_is_refused(archive, wanted, error):
    """With a cure."""
    with pytest.raises(error) as caught:
        chosen(archive, wanted)
    assert caught.value.cure


def test_the_database_is_left_as_it_was(archive):
    """The list of what is wanted is gone when the holdings are, and a second one can follow on the same connection."""
    with closing(archive.open()) as db:
        for _ in range(2):
            with Holdings(db, archive.warc):
                pass
        assert list(db.execute("SELECT name FROM temp.sqlite_master")) == []
        assert not db.in_transaction


def without(archive, sql, *signals, **wanted):
    """Our names of what is taken, and what was left out, once the signals in the archive are as `sql` says."""
    with closing(sqlite3.connect(archive.folder / "morgue.db")) as db:
        db.executescript(sql)
    names = {capture.id: name for name, capture in archive.captures.items()}
    which = Wanted(without=Without(signals=signals), **wanted)
    with closing(archive.open()) as db, Holdings(db, archive.warc, which) as holdings:
        return {names[row["id"]] for row in holdings.captures()}, dict(holdings.left_out)


def test_a_revisit_is_not_kept_without_its_response(tmp_path):
    """The response has the signal: its revisits stay out too, at all addresses, also where only they are asked for."""
    archive = build(tmp_path / "archive")
    number = archive.captures["light"].id
    sql = f"""UPDATE captures SET signals = '["x-robots-tag: noarchive"]' WHERE id = {number};"""
    taken, left_out = without(archive, sql, "noarchive")
    assert taken == archive.captures.keys() - {"light", "light again", "copy"}
    assert left_out == {"noarchive": 1, "revisit of a response that is left out": 2}
    assert without(archive, "", "noarchive", urls=(COPY,)) == (set(), {"revisit of a response that is left out": 1})


def test_a_response_does_not_come_along_for_what_stays_out(tmp_path):
    """A revisit with the signal: nobody asked for the response that it refers to."""
    archive = build(tmp_path / "archive")
    number = archive.captures["copy"].id
    sql = f"""UPDATE captures SET signals = '["x-robots-tag: noarchive"]' WHERE id = {number};"""
    assert without(archive, sql, "noarchive", hosts=("other.example",)) == (OF_OTHER - {"copy"}, {"noarchive": 1})


def test_a_pages_metas_count_for_each_of_its_captures(tmp_path):
    """Under every address of the article: earlier states, redirects that lead there."""
    archive = build(tmp_path / "archive")
    taken, left_out = without(archive, """UPDATE articles SET rights = '["robots: noai"]' WHERE id = 1;""", "noai")
    assert taken == archive.captures.keys() - CRANES
    assert left_out == {"noai": len(CRANES)}

"""Test that clusters are kept as articles come, change and go, and are those that computing anew gives."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from pipelines.clusters import pairing
from pipelines.database import removals
from pipelines.database.clusters import large_clusters, regrouping, upkeep
from pipelines.database.connection import open_database
from pipelines.verification import database_check
from tests.support.copies import NOTICE, TABLES, CopyArchive, story, variant

A, B, C = story("a"), story("b"), story("c")


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[CopyArchive]:
    made = CopyArchive(tmp_path)
    with closing(made.db):
        yield made


@pytest.mark.parametrize(("seed", "large"), [(1, 200), (2, 200), (3, 200), (4, 2), (5, 2), (6, 3)])
def test_rows_after_random_work_are_those_of_computing_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, large: int
):
    """Whatever came, changed and went in between, however large the groups were, and whatever counts as large."""
    for module in (regrouping, large_clusters):
        monkeypatch.setattr(module, "MAX_JUDGED", large)
    chance = random.Random(seed)
    archive = CopyArchive(tmp_path)
    with closing(archive.db):
        alive: list[int] = []
        for _ in range(45):
            act = chance.random()
            if act < 0.5 or not alive:
                day = f"2026-01-{chance.randrange(1, 29):02}"
                alive.append(archive.add(variant(chance), chance.randrange(1, 4), day))
            elif act < 0.65:
                archive.change(chance.choice(alive), text=variant(chance))
            elif act < 0.72:
                archive.change(chance.choice(alive), source_id=chance.randrange(1, 4))
            elif act < 0.78:
                archive.change(chance.choice(alive), origin=chance.choice(["dpa", "Paper 2", None]))
            elif act < 0.84:
                named = chance.choice(alive)
                archive.change(chance.choice(alive), canonical_url=f"https://paper-1.example/{named}")
            elif act < 0.92:
                archive.remove(alive.pop(chance.randrange(len(alive))))
            else:
                archive.work_off(chance.choice([1, 3, 100]))
        archive.work_off(chance.choice([1, 2, 7, 100]))
        kept = archive.state()
        archive.recompute()
        assert kept == archive.state()
        assert kept["clusters"]


def test_filing_only_notes_the_article(archive: CopyArchive):
    """The work is done later, in groups."""
    archive.add(A)
    archive.add(A, 2)
    assert archive.state() == {table: [] for table in TABLES}
    assert archive.db.execute("SELECT article_id, changed FROM unclustered").fetchall() == [(1, 1), (2, 1)]
    archive.work_off()
    assert archive.clusters() == [{1, 2}]
    assert archive.db.execute("SELECT * FROM unclustered").fetchall() == []


def test_visit_that_changes_nothing_notes_nothing(archive: CopyArchive):
    """A reading that finds the same values writes the row all the same."""
    archive.add(A)
    archive.work_off()
    archive.change(1, text="\n".join(A), published="2026-01-01", last_seen="2026-02-01T00:00:00Z", title="Other")
    assert archive.db.execute("SELECT * FROM unclustered").fetchall() == []


def test_edit_takes_an_article_out_of_its_cluster(archive: CopyArchive):
    """The others stay together, though they were found through it."""
    for paper in (1, 2, 3):
        archive.add(A, paper)
    archive.work_off()
    archive.change(1, text="\n".join(B))
    archive.work_off()
    assert archive.clusters() == [{2, 3}]


def test_removed_article_leaves_no_hashes_behind(archive: CopyArchive):
    """No sample of its text and no number is left, and the others have another origin at once."""
    for paper in (1, 2, 3):
        archive.add(A, paper, f"2026-01-0{paper}")
    archive.add([*A, *B], 4)
    archive.work_off()
    removals.delete_rows(archive.db, captures=(), articles=[1, 4], revisions=[1, 4])
    columns = {"text_signatures": ("article_id",), "text_shingles": ("article_id",), "cluster_members": ("article_id",),
               "article_pairs": ("article_id", "other_id"), "clusters": ("id", "origin_id")}  # fmt: skip
    for table, names in columns.items():
        for name in names:
            assert archive.db.execute(f"SELECT * FROM {table} WHERE {name} IN (1, 4)").fetchall() == []
    hashes = {row[0] for row in archive.db.execute("SELECT hash FROM text_shingles")}
    assert hashes == {*upkeep.hashes_of(archive.db, 2), *upkeep.hashes_of(archive.db, 3)}
    assert archive.clusters() == [{2, 3}]
    assert archive.db.execute("SELECT id, copies, origin_id FROM clusters").fetchall() == [(2, 2, 2)]


def test_verification_names_traces_of_an_article_that_is_gone(archive: CopyArchive, tmp_path: Path):
    """Those of an article that is still to be looked at are no finding: they go then."""
    for paper in (1, 2, 3):
        archive.add(A, paper)
    archive.work_off()
    archive.remove(2)
    assert trace_findings(tmp_path) == []
    archive.db.execute("INSERT INTO text_shingles VALUES (1, 99)")
    assert trace_findings(tmp_path) == ["the tables of copies have traces of 1 article that is gone"]


def trace_findings(folder: Path) -> list[str]:
    """Return what verification finds in the tables of copies."""
    found = database_check.check(folder / "morgue.db", quick=True)
    return [one.what for one in found if "copies" in one.what]


def test_group_that_is_cut_off_is_done_again(archive: CopyArchive, tmp_path: Path):
    """A group is one transaction, so a kill leaves the articles waiting and nothing half done."""
    for paper in (1, 2, 3):
        archive.add(A, paper)
    before = archive.state()
    archive.db.execute("BEGIN")
    upkeep.work_off(archive.db, 2)
    archive.db.close()  # as the end of a process does
    archive.db = open_database(tmp_path / "morgue.db")
    assert archive.state() == before
    archive.work_off()
    assert archive.clusters() == [{1, 2, 3}]


def test_origin_is_the_article_that_copies_link_to(archive: CopyArchive):
    """They may link to any of its addresses. A link is better evidence than a date."""
    archive.add(A, 1, "2026-01-01", canonical_url="https://amp.paper-3.example/story?utm_source=x")
    archive.add(A[:6], 2, "2026-01-02")
    archive.add(A, 3, "2026-01-03")
    archive.work_off()
    row = "SELECT origin_id, evidence, said_by FROM clusters"
    assert archive.db.execute(row).fetchone() == (1, "earliest", 0)
    archive.db.execute("INSERT INTO aliases VALUES ('//amp.paper-3.example/story', 3)")
    archive.work_off()
    assert archive.db.execute(row).fetchone() == (3, "link", 1)
    shares = archive.db.execute("SELECT article_id, round(kept, 1), round(origin_kept, 1) FROM cluster_members")
    assert shares.fetchall() == [(1, 1.0, 1.0), (2, 1.0, 0.5), (3, 1.0, 1.0)]


def test_credit_to_the_title_of_a_source_counts_from_when_it_has_that_title(archive: CopyArchive):
    """The title is in the source's file, where the owner may write it later."""
    archive.add(A, 1, "2026-01-01", origin="The Old Post")
    archive.add(A, 2, "2026-01-02")
    archive.work_off()
    row = "SELECT origin_id, origin_name, evidence FROM clusters"
    assert archive.db.execute(row).fetchone() == (1, "The Old Post", "credit")
    archive.db.execute("UPDATE sources SET title = 'The Old Post' WHERE id = 2")
    archive.work_off()
    assert archive.db.execute(row).fetchone() == (2, None, "credit")


def test_credit_to_a_host_is_one_to_its_paper(archive: CopyArchive):
    """A canonical link to an address that is not known, such as one for phones, gives the host."""
    link = "https://paper-2.example/amp/story"
    archive.add(A, 1, "2026-01-01", canonical_url=link, origin_url=link, origin="paper-2.example")
    archive.add(A, 2, "2026-01-02", url="https://www.paper-2.example/story")
    archive.work_off()
    row = "SELECT origin_id, origin_name, evidence FROM clusters"
    assert archive.db.execute(row).fetchone() == (2, None, "credit")


def test_equal_notices_cost_no_more_each_than_a_few(archive: CopyArchive, monkeypatch: pytest.MonkeyPatch):
    """One more of three hundred writes its own rows, and compares nothing."""
    compared, counted = 0, pairing.token_comparison

    def token_comparison(*args):
        nonlocal compared
        compared += 1
        return counted(*args)

    monkeypatch.setattr(pairing, "token_comparison", token_comparison)
    archive.db.execute("BEGIN")
    for _ in range(300):
        archive.add(NOTICE)
    archive.work_off()
    archive.db.execute("COMMIT")
    assert archive.clusters() == [set(range(1, 301))]
    pairs = archive.db.execute("SELECT count(*) FROM article_pairs").fetchone()[0]
    assert (compared, pairs) == (0, 1 + 2 + 297 * 3)
    before = archive.db.total_changes
    archive.add(NOTICE)
    archive.work_off()
    assert archive.clusters() == [set(range(1, 302))]
    assert archive.db.total_changes - before < 50
    archive.change(300, text="\n".join(A))
    archive.work_off()
    assert archive.clusters() == [{*range(1, 302)} - {300}]
    kept = archive.state()
    archive.recompute()
    assert kept == archive.state()


@pytest.fixture(scope="module")
def notices(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CopyArchive]:
    """Yield an archive of more equal notices than are asked for their origin."""
    made = CopyArchive(tmp_path_factory.mktemp("notices"))
    with closing(made.db):
        made.db.execute("BEGIN")
        for _ in range(320):
            made.add(NOTICE)
        made.work_off()
        made.db.execute("COMMIT")
        yield made


@pytest.mark.parametrize(
    ("number", "text"),
    [(320, "\n".join(A)), (250, "\n".join(B)), (251, f"{NOTICE}\nOne more line."), (100, "Too short."), (250, NOTICE)],
)
def test_edit_of_one_of_many_equal_notices_concerns_its_neighbours(notices: CopyArchive, number: int, text: str):
    """It reads and writes the rows of these, not of all, and all rows are those of computing anew."""
    statements = 0

    def count(_: str) -> None:
        nonlocal statements
        statements += 1

    notices.change(number, text=text)
    before = notices.db.total_changes
    notices.db.set_trace_callback(count)
    notices.work_off()
    notices.db.set_trace_callback(None)
    assert notices.db.total_changes - before < 300
    assert statements < 900
    members = notices.clusters()[0]
    assert (number in members) == text.startswith(NOTICE)
    kept = notices.state()
    notices.recompute()
    assert kept == notices.state()


@pytest.mark.slow
def test_all_of_many_equal_notices_change_and_go_in_any_order(notices: CopyArchive):
    """The number, the origin and the shares of what is left are right at each step, also if the first ones go."""
    statements: list[int] = []
    for first in (1, 61, 121):  # at last fewer than are asked for the origin are left
        for number in range(first, first + 60):
            notices.change(number, text="\n".join(story("another notice", 5)))
        counted: list[str] = []
        notices.db.set_trace_callback(counted.append)
        notices.work_off()
        notices.db.set_trace_callback(None)
        statements.append(len(counted))
        kept = notices.state()
        notices.recompute()
        assert kept == notices.state()
    assert max(statements) < 12_000
    notices.db.execute("BEGIN")
    for number in (201, 205, *range(250, 280)):
        notices.remove(number)
    notices.work_off(7)
    notices.db.execute("COMMIT")
    kept = notices.state()
    notices.recompute()
    assert kept == notices.state()
    for number in (row[0] for row in notices.db.execute("SELECT id FROM articles").fetchall()):
        notices.remove(number)
    notices.work_off()
    assert notices.state() == {table: [] for table in TABLES}


def test_article_that_joined_two_halves_of_a_large_cluster_parts_them(
    archive: CopyArchive, monkeypatch: pytest.MonkeyPatch
):
    """Its neighbours are found not to be joined without it, so all of the cluster is made anew."""
    for module in (regrouping, large_clusters):
        monkeypatch.setattr(module, "MAX_JUDGED", 3)
    part, other = story("part", 30), story("other", 30)
    both = [*part[:26], *other[:5]]
    for text in (part, part, part, both, [*both[5:], *other[5:8]], [*both[10:], *other[5:12]], other):
        archive.add(text, 1)
    archive.work_off()
    for number in (4, 5, 6):
        archive.change(number, text="\n".join(story(number)))
        archive.work_off()
        kept = archive.state()
        archive.recompute()
        assert kept == archive.state()
    assert archive.clusters() == [{1, 2, 3}]

"""Test that a database of some of the articles has the clusters that these articles form."""

from __future__ import annotations

import random
from contextlib import closing
from pathlib import Path

import pytest

from pipelines.database.connection import connect, open_database
from pipelines.selection.subset import copy_articles
from tests.support.copies import CopyArchive, story, variant

A = story("a")


@pytest.mark.parametrize("seed", range(6))
def test_clusters_of_some_articles_are_those_of_comparing_them_anew(tmp_path: Path, seed: int):
    """Some may still wait in the archive, and the article that joined two of them may stay behind."""
    chance = random.Random(seed)
    archive = CopyArchive(tmp_path / "all")
    with closing(archive.db):
        for _ in range(40):
            archive.add(variant(chance), chance.randrange(1, 4), f"2026-01-{chance.randrange(1, 29):02}")
        archive.work_off()
        archive.add(variant(chance))
        archive.change(chance.randrange(1, 40), text=variant(chance))
        chosen = sorted(chance.sample(range(1, 42), chance.choice([12, 25, 41])))
    with closing(connect(tmp_path / "all" / "morgue.db")) as db:
        copy_articles(db, chosen, tmp_path / "some.db", every_revision=False)
    archive.db = open_database(tmp_path / "some.db")
    with closing(archive.db):
        assert archive.db.execute("SELECT * FROM unclustered").fetchall() == []
        made = archive.state()
        archive.recompute()
        assert made == archive.state()
        assert made["clusters"]


def test_whole_archive_is_copied_without_comparing_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A dataset of a hundred thousand articles would take minutes otherwise."""
    archive = CopyArchive(tmp_path / "all")
    with closing(archive.db):
        for paper in (1, 2, 3):
            archive.add(A[paper:], paper)
        archive.work_off()
        kept = archive.state()
    monkeypatch.setattr("pipelines.database.clusters.upkeep.signature", None)
    with closing(connect(tmp_path / "all" / "morgue.db")) as db:
        copy_articles(db, [1, 2, 3], tmp_path / "copy.db", every_revision=False)
    archive.db = open_database(tmp_path / "copy.db")
    with closing(archive.db):
        assert archive.state() == kept
        assert archive.clusters() == [{1, 2, 3}]

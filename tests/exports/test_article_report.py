"""Test what is told of articles whose rows are damaged."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from tests.support.article_archive import build
from tests.support.command import morgue
from tests.support.web_apps import web_apps


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """Return an archive that has lost the row of the only revision of article 2."""
    archive = build(tmp_path_factory.mktemp("damaged") / "archive")
    with closing(sqlite3.connect(archive / "morgue.db")) as db, db:
        assert db.execute("DELETE FROM revisions WHERE article_id = 2").rowcount == 1
    return archive


@pytest.mark.parametrize("path", ["/article/2", "/article/2.json", "/article/2?revision=1", "/article/2/compare"])
def test_view_shows_an_article_whose_revision_is_lost(archive, path):
    """The article has its newest text itself."""
    with web_apps(archive) as view:
        assert view.get(path).status == 200


@pytest.mark.parametrize("command", [["show", "2"], ["show", "2", "--format", "json"], ["diff", "2"]])
def test_command_shows_an_article_whose_revision_is_lost(archive, command):
    """`morgue verify` names what is damaged; reading goes on."""
    done = morgue("-C", archive, *command)
    assert "Traceback" not in done.stderr
    assert "2" in done.stdout + done.stderr

"""Share what takes long to make: archives and a browser."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.article_archive import build
from tests.support.browser import browser
from tests.support.command import crawl, make_archive, rows
from tests.support.styled_paper import styled_paper


class StyledArchive(NamedTuple):
    """Hold an archive of the page, and the address of the page, which is there while the tests run."""

    folder: Path
    url: str


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """Return an archive of a few dozen articles, which no test changes."""
    return build(tmp_path_factory.mktemp("built") / "archive")


@pytest.fixture
def archive(built, tmp_path):
    """Return a copy of it, of the test's own."""
    return Path(shutil.copytree(built, tmp_path / "archive"))


@pytest.fixture(scope="session")
def styled(tmp_path_factory):
    """Crawl the page with its parts, as `capture.parts = "all"` does."""
    archive = make_archive(tmp_path_factory.mktemp("styled") / "archive")
    with styled_paper() as paper:
        (archive / "sources" / "styled.toml").write_text(f'url = "{paper.front}"\n[capture]\nparts = "all"\n')
        done = crawl(archive)
        assert rows(archive, "SELECT count(*) FROM articles") == [(1,)], done.stdout + done.stderr
        yield StyledArchive(archive, paper.url)


@pytest.fixture(scope="module")  # while it runs, no test can call `asyncio.run`
def chromium():
    """Start a browser. Each test opens windows of its own."""
    with browser() as opened:
        yield opened

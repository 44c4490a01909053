"""Test that a page with the address of a list is filed if it is an article, in a crawl and after a rebuild."""

from __future__ import annotations

import pytest

from tests.support.command import TABLES, crawl, make_archive, morgue, rows, tables
from tests.support.http_server import Answers, answering
from tests.support.section_pages import ARTICLES, LISTS

pytestmark = pytest.mark.slow
FARM, GUIDE = ARTICLES["farm history without date and author"], ARTICLES["signed guide"]
SPORT, CLUB = LISTS["introduction, then headlines"], LISTS["about the publisher"]


def test_article_with_the_address_of_a_list_is_filed_by_crawl_and_rebuild(tmp_path):
    """It lists as well: its links are followed, and it is visited as a listing. Lists beside it give no article."""
    archive = make_archive(tmp_path / "archive")
    sections = {FARM[0]: FARM[1], GUIDE[0]: GUIDE[1], "/sport/": SPORT[1], "/club/": CLUB[1]}
    front = "<html><body>" + "".join(f'<a href="{path}">More</a>' for path in sections) + "</body></html>"
    answers: Answers = {path: (200, html.encode(), {"Content-Type": "text/html; charset=utf-8"})
                        for path, html in {"/": front, **sections}.items()}  # fmt: skip
    with answering(answers) as (url, asked):
        done = crawl(archive, f"{url}/")
    assert done.returncode == 0
    found = {f"{url}{FARM[0]}", f"{url}{GUIDE[0]}"}
    assert {address for (address,) in rows(archive, "SELECT url FROM articles")} == found
    assert dict(rows(archive, "SELECT kind, count(*) FROM frontier WHERE visits > 0 GROUP BY 1"))["section"] == 4
    assert any("story-3" in path for path in asked)  # a link in the guide
    before = tables(archive / "morgue.db")
    assert morgue("-C", archive, "rebuild").returncode == 0
    after = tables(archive / "morgue.db")
    assert [name for name in TABLES if before[name] != after[name]] == []

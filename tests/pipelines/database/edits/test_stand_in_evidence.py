"""Test that a page which a site shows at several addresses at once is filed at none of them, in a real database."""

import pytest

from tests.support.filed_source import filed_source

WALL = "Vent litt mens siden gjor seg klar for deg; vi henter det du skal se om et lite oyeblikk."
STORY = "The council met on Tuesday. It talked at length about the harbour wall and the price of stone."


@pytest.fixture
def site(tmp_path):
    with filed_source(tmp_path) as site:
        yield site


def test_text_at_three_new_addresses_is_a_wall_and_taken_back(site):
    """The captures stay; the articles are filed when the wall is gone."""
    paths = ("flood-in-the-valley", "orchestra-plays", "mayor-resigns", "rain-at-last")
    seen = [site.see(path, WALL, hours / 10, title="Paper") for hours, path in enumerate(paths)]
    assert [one.change for one in seen] == ["new", "new", "instead", "instead"]
    assert site.rows("SELECT count(*) FROM articles") == [(0,)]
    assert site.rows("SELECT kind, count(*) FROM page_states WHERE ended IS NULL") == [("error page", 4)]
    assert site.rows("SELECT count(*) FROM captures") == [(4,)]
    seen = [site.see(path, f"{STORY} {path}", 24, title=path) for path in paths]
    assert [one.change for one in seen] == ["new"] * 4
    assert site.rows("SELECT count(*) FROM revisions") == [(4,)]


@pytest.mark.parametrize(
    ("paths", "pause"),
    [
        (("world/mayor-resigns", "local/mayor-resigns", "news/mayor-resigns"), 1),  # one story in three sections
        (("a-1234567", "b-1234567", "c-1234567"), 1),
        (("flood-in-the-valley", "orchestra-plays", "mayor-resigns"), 30),  # on three days
    ],
)
def test_text_of_one_story_at_several_addresses_is_filed(site, paths, pause):
    """Or a text that comes back every day."""
    seen = [site.see(path, STORY, number * pause, title="Paper") for number, path in enumerate(paths)]
    assert all(one.change != "instead" for one in seen)


def test_wall_over_known_articles_is_filed_at_none(site):
    """The first of them is no exception. A date in the address is not the page's."""
    for path in ("flood-in-the-valley", "orchestra-plays"):
        site.see(path, STORY, title=path)
    dated = {"published": "2026-11-23", "found_in": {"published": "url"}}
    seen = [site.see(path, WALL, 1, title="Paper", **dated) for path in ("flood-in-the-valley", "orchestra-plays")]
    assert [one.change for one in seen] == ["instead"] * 2
    assert site.rows("SELECT count(*) FROM revisions") == [(2,)]


def test_page_that_was_filed_of_one_address_is_taken_back_once_it_is_over_several_articles(site):
    """The first of them may lead to an address of its own. A text that two of them show may be a story of both."""
    paths = ("flood-in-the-valley", "orchestra-plays", "mayor-resigns")
    for path in paths:
        site.see(path, STORY, title=path)
    assert site.see("before-you-read?back=0", WALL, 1).change == "new"
    changes = []
    for path in paths:
        assert site.see(path, WALL, 2).change == "instead"
        changes.append(site.rows("SELECT count(*) FROM articles")[0][0])
    assert changes == [4, 4, 3]
    assert site.rows("SELECT kind, count(*) FROM page_states WHERE ended IS NULL") == [("error page", 4)]

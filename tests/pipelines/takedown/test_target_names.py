"""Test how the targets of a takedown are named in the table `removals`."""

from __future__ import annotations

from contextlib import closing

import pytest

from pipelines.core.errors import ConfigError, NotFound
from pipelines.takedown.target_names import name_of_target
from tests.support.article_archive import database


@pytest.fixture
def db(tmp_path):
    with closing(database(tmp_path / "morgue.db")) as db:
        yield db


NAMES = {
    "a.example": "*a.example",
    "https://a.example/x": "//a.example/x",
    "https://a.example/x/*": "//a.example/x/*",
    "https://a.example/*": "//a.example/*",
    "https://a.example/x/.*": "//a.example/x/.*",
    "https://a.example/x/..*": "//a.example/x/..*",
    "https://A.example:443/Stra\u00dfe/*": "//a.example/Stra%C3%9Fe/*",
    "B\u00fccher.example": "*xn--bcher-kva.example",
    "a.example:8080": "*a.example:8080",
}


@pytest.mark.parametrize("target", NAMES)
def test_target_is_named_in_the_archives_spelling(db, target):
    """Dots before a star are not taken for folders: that would remove more than was asked for."""
    assert name_of_target(db, target) == NAMES[target]


@pytest.mark.parametrize("target", ["a.example/x", "https://*", "https://a.example/*/x*", "https://a.example/x?y=*"])
def test_text_that_names_no_target_is_refused_with_a_cure(db, target):
    """Half an address, a star in its middle, a star in a query."""
    with pytest.raises(ConfigError) as caught:
        name_of_target(db, target)
    assert caught.value.cure


def test_unknown_number_is_not_found(db):
    """A number of more digits than SQLite has is read as a host."""
    with pytest.raises(NotFound):
        name_of_target(db, "7")
    assert name_of_target(db, "9" * 19) == "*" + "9" * 19

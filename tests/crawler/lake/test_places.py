"""Test how files of a lake are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from crawler.lake.file_indexes import FileIndexes
from crawler.lake.places import listing_of
from pipelines.importing.adopt import ImportFilter
from tests.support.lakes import make_lake


@pytest.mark.parametrize(
    "named",
    ["lake", "../{here}/lake", "lake/first.warc.gz", "inner/../lake/first*", "{all}/inner/../lake/", "lake/inner/.."],
)
def test_file_has_one_address_however_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str):
    """So it has one output; an index beside it is found all the same."""
    lake = make_lake(tmp_path / "lake")
    (tmp_path / "inner").mkdir()
    (lake / "inner").mkdir()
    (lake / "first.warc.gz.cdxj").touch()
    monkeypatch.chdir(tmp_path)
    listing = listing_of(named.format(here=tmp_path.name, all=tmp_path))
    first = listing.files[0].address
    assert first == str(lake / "first.warc.gz")
    indexes = FileIndexes(listing.files, listing.indexes, ImportFilter(hosts=frozenset({"paper.example"})))
    assert indexes.own_index(first) == f"{first}.cdxj"


def test_way_back_out_of_a_link_leads_where_the_system_says(tmp_path: Path):
    """Keep the name of a link, but for what is above it."""
    lake = make_lake(tmp_path / "lake")
    (lake / "inner").mkdir()
    (tmp_path / "link").symlink_to(lake / "inner")
    (tmp_path / "name").symlink_to(lake)
    for named, address in (("link/..", lake), ("link/../first.warc.gz", lake), ("name", tmp_path / "name")):
        assert listing_of(str(tmp_path / named)).files[0].address == str(address / "first.warc.gz")

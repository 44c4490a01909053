"""Test the layout of a fleet and the owners of sites."""

from __future__ import annotations

from collections import Counter

import pytest

from pipelines.core.errors import ArchiveDamaged, ConfigError
from pipelines.fleet.layout import FLEET_NAME, FleetFolder, fleet_above, fleet_at, fleet_of_shard
from pipelines.fleet.owners import owner_by_hash

SITES = [f"paper{number}.example" for number in range(4000)]


def test_each_site_has_one_owner_and_shards_own_alike():
    """No shard owns a fifth more or less than its share."""
    owned = Counter(owner_by_hash(site, 8) for site in SITES)
    assert sorted(owned) == list(range(8))
    assert all(0.8 < number / (len(SITES) / 8) < 1.2 for number in owned.values())


def test_one_shard_more_takes_only_what_it_owns():
    """A site keeps its owner unless the new shard wins it."""
    moved = [site for site in SITES if owner_by_hash(site, 8) != owner_by_hash(site, 9)]
    assert {owner_by_hash(site, 9) for site in moved} == {8}
    assert 0.08 < len(moved) / len(SITES) < 0.15


def test_fleet_file_says_what_was_written(tmp_path):
    """Sites that were moved have another owner; a host with a port can be one of them."""
    site = next(site for site in SITES if owner_by_hash(site, 3) != 2)
    fleet = FleetFolder(tmp_path, "an-id", 3, {site: 2, "127.0.0.1:8080": 0})
    fleet.write()
    read = fleet_at(tmp_path)
    assert read == fleet
    assert read.owner_of_url(f"https://www.{site}/story") == 2
    assert read.owner_of_url("http://127.0.0.1:8080/") == 0
    shard = fleet.shard_path(2)
    assert fleet_above(shard) == tmp_path
    assert fleet_of_shard(shard) == fleet
    assert fleet_above(tmp_path / "shards") is None
    with pytest.raises(ConfigError, match="shards 0 to 2"):
        fleet.shard_path(3)


@pytest.mark.parametrize(
    "text",
    [
        "",
        'id = "a"',
        'id = "a"\nshards = 0',
        'id = "a"\nshards = true',
        'id = "a"\nshards = 2\n[moved]\n"x" = 2',
        "id =",
    ],
)
def test_damaged_fleet_file_is_refused_by_name(tmp_path, text):
    """Nothing is guessed: another number of shards would look for articles in the wrong place."""
    (tmp_path / FLEET_NAME).write_text(text)
    with pytest.raises(ArchiveDamaged, match=FLEET_NAME):
        fleet_at(tmp_path)

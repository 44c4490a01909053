"""Test the ranges of row numbers that the shards of a fleet give."""

import pytest

from pipelines.fleet.numbers import MOST_SHARDS, RANGE, bounds, shard_of_number


def test_ranges_of_neighbours_share_no_number():
    """A number says which shard gave it; readers of JSON keep integers exactly only below 2^53."""
    for shard in (0, 1, 7, MOST_SHARDS - 1):
        first, last = bounds(shard)
        assert shard_of_number(first) == shard_of_number(last) == shard
        assert shard_of_number(last + 1) == shard + 1
        assert last + 2 == (shard + 1) * RANGE + 1
    assert last < 2**53


@pytest.mark.parametrize("shard", [-1, MOST_SHARDS])
def test_number_of_no_shard_is_refused(shard):
    """A fleet has shards from 0 on, and not so many that numbers run out."""
    with pytest.raises(ValueError, match="no shard"):
        bounds(shard)

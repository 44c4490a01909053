"""Decide which shard owns a site, so that each registrable domain is crawled, kept and taken down in one place."""

from __future__ import annotations

from hashlib import blake2b


def owner_by_hash(site: str, shards: int) -> int:
    """Return the number of the shard, from 0, that owns a site by rendezvous hashing (Thaler and Ravishankar, 1998).

    Every shard gets a value for the site, and the highest wins. With one shard more, only the sites that it wins move.

    >>> owner_by_hash("paper.example", 16)
    4
    """
    return max(range(shards), key=lambda number: _value(number, site))


def _value(number: int, site: str) -> bytes:
    return blake2b(f"{number}/{site}".encode("utf-8", "surrogatepass"), digest_size=8).digest()

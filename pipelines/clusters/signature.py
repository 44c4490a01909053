"""Make the signature of a text: a sample of its shingles by which texts with a common passage find each other.

A shingle is sampled by its own hash. So two texts sample the same shingles of a passage that they share, wherever it
is in them and whatever surrounds it. Broder 1997 calls it a sketch mod m, Irber et al. 2022 FracMinHash.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import NamedTuple
from zlib import crc32

from pipelines.clusters.shingles import shingle_length, shingles, tokens

SHINGLES_A_ROW = 16  # one of so many is sampled; 340 words give 21 rows
MIN_SHINGLES = 24  # a shorter text has no signature: a notice or a caption is no evidence of copying
HASH_BYTES = 8  # SQLite's INTEGER has as many, with a sign


class TextSignature(NamedTuple):
    """Hold the sample of a text's shingles."""

    shingles: int  # different ones in the text; 0 if it is too short for a verdict
    hashes: tuple[int, ...]  # of the sampled ones, ascending, 64 bits with a sign; the same on each machine


def signature(text: str) -> TextSignature:
    """Return the signature of a text, headline excluded: desks change headlines first."""
    units = tokens(text)
    every = set(shingles(units, shingle_length(units)))
    if len(every) < MIN_SHINGLES:
        return TextSignature(0, ())
    # CRC-32 chooses because it is fast; its choice says nothing of the hash that is stored.
    sampled = [one for one, number in zip(every, map(crc32, every), strict=True) if number % SHINGLES_A_ROW == 0]
    if not sampled:
        sampled = [min(every, key=lambda one: (crc32(one), one))]
    return TextSignature(len(every), tuple(sorted(map(_hash, sampled))))


def _hash(shingle: bytes) -> int:
    return int.from_bytes(blake2b(shingle, digest_size=HASH_BYTES).digest(), "big", signed=True)

"""Choose which articles a dataset has: samples, splits. Pure, and the same on every run.

What decides about an article is a digest of a seed and its address: neither the order of the rows nor their numbers,
which a rebuilt archive may change. An article that is in a split stays in it while the archive grows, unless it turns
out to be a copy of one that is in another.
"""

from __future__ import annotations

import heapq
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b

from exports import Row
from pipelines.core.errors import ConfigError

COPY = "as a copy of another article"  # why a row is left out
UNDATED = "without a day of publication"  # why --since or --until leave out an article that matches otherwise
DIGEST_BYTES = 8  # of the digest of seed and address: two articles hardly ever have the same
SHARES_TOLERANCE = 1e-9  # by which the shares of all splits may miss 1: .1 + .2 + .7 does


def position(url: str, seed: int, purpose: str) -> int:
    """Return a number from 0 to 2**64 - 1 that is drawn for an address: of an article, and so of all its revisions."""
    text = f"{purpose} {seed} {url}".encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(text, digest_size=DIGEST_BYTES).digest())


class Sample:
    """Choose `size` articles of those that rows are about. Memory holds the choice, never its rows."""

    def __init__(self, rows: Iterable[Row], size: int, seed: int) -> None:
        """Read all rows once."""
        chosen: list[tuple[int, str]] = []  # a heap whose first entry is the largest position, negated
        kept: set[str] = set()
        for row in rows:
            url = row["url"]
            if url in kept:
                continue
            entry = (-position(url, seed, "sample"), url)
            if len(chosen) < size:
                heapq.heappush(chosen, entry)
            elif chosen and entry > chosen[0]:
                kept.discard(heapq.heappushpop(chosen, entry)[1])
            else:
                continue
            kept.add(url)
        self._urls = kept

    def __len__(self) -> int:
        """Return the number of articles that were chosen: fewer than wanted if there are not so many."""
        return len(self._urls)

    def of(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Yield the rows of the articles that were chosen, in their order."""
        return (row for row in rows if row["url"] in self._urls)


@dataclass(frozen=True, slots=True)
class Splits:
    """Divide articles into named parts, such as train and test, by shares that make 1 together."""

    shares: tuple[tuple[str, float], ...]  # name and share of each
    seed: int

    @property
    def names(self) -> list[str]:
        """Return the names of the parts in their order."""
        return [name for name, _ in self.shares]

    def of(self, url: str) -> str:
        """Return the part that the article at an address is in, and all copies that are drawn by this address."""
        drawn, end = position(url, self.seed, "split") / 2 ** (8 * DIGEST_BYTES), 0.0
        for name, share in self.shares:
            end += share
            if drawn < end:
                return name
        return self.shares[-1][0]


def parse_splits(text: str, seed: int) -> Splits:
    """Return what `--split train=.9,test=.1` says. Raises ConfigError."""
    shares: dict[str, float] = {}
    subject, cure = f"--split {text!r}", "say train=.9,test=.1"
    for part in text.split(","):
        name, equals, share = (word.strip() for word in part.partition("="))
        if not equals:
            raise ConfigError(subject, f"{part.strip()!r} is not NAME=SHARE", cure)
        if re.fullmatch(r"[A-Za-z0-9_]+", name) is None:
            cause = f"{name!r} cannot be part of a file's name here: it may have letters, digits and _"
            raise ConfigError(subject, cause, cure)
        if re.fullmatch(r"[0-9]*\.?[0-9]+|[0-9]+\.", share) is None or not 0 < float(share) <= 1:
            raise ConfigError(subject, f"{share!r} is no share: a number above 0 and at most 1", cure)
        if (before := {known.lower(): known for known in shares}.get(name.lower())) is not None:
            again = f"{name} is named twice" if before == name else f"{before} and {name} are one name on some disks"
            raise ConfigError(subject, again, cure)
        shares[name] = float(share)
    if not math.isclose(total := sum(shares.values()), 1, abs_tol=SHARES_TOLERANCE):
        raise ConfigError(subject, f"the shares make {total:g} together, not 1", cure)
    return Splits(tuple(shares.items()), seed)

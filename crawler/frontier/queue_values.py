"""Define the values that go into the queue of a crawl: URLs, results of visits, and how many addresses have room."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crawler.schedule.revisit_policy import LISTING_KINDS, NextVisit

if TYPE_CHECKING:
    from scrapy.http import Response

NOTHING_THERE = NextVisit("done", None, "no such page")  # of a guess


@dataclass(frozen=True, slots=True)
class FrontierEntry:
    """Hold a URL to put into the frontier."""

    url: str
    kind: str
    depth: int = 0
    found_on: str | None = None
    hint: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Validators:
    """Hold what an answer gave for a later conditional request (RFC 9110, 8.8); latin-1 text, None if it gave none."""

    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True)
class VisitResult:
    """Hold the result of a visit, as its row remembers it."""

    plan: NextVisit
    status: int | None = None
    error: str | None = None  # why it failed, was disallowed or gave nothing to read
    answered: bool = True
    validators: Validators = Validators()
    detour: NextVisit | None = None  # of an address from which redirects led to another page, perhaps for a time only


@dataclass(slots=True)
class QueueRoom:
    """Count down how many new addresses of a listing may still be queued; known ones take no room."""

    addresses: int
    listings: int  # of them
    refused: Counter[str] = field(default_factory=Counter)  # new addresses without room, by "address" or "listing"
    added: Counter[str] = field(default_factory=Counter)  # those that were queued

    def word(self, kind: str) -> str:
        """Return the name by which a kind of address is counted."""
        return "listing" if kind in LISTING_KINDS else "address"

    def has_room(self, kind: str) -> bool:
        """Return True if one more address of this kind may be queued."""
        return self.addresses > 0 and (kind not in LISTING_KINDS or self.listings > 0)

    def take(self, kind: str) -> None:
        """Count an address that was queued."""
        self.addresses -= 1
        self.listings -= kind in LISTING_KINDS
        self.added[self.word(kind)] += 1


def validators(response: Response) -> Validators:
    """Return what a later conditional request sends back."""
    return Validators(header(response, "ETag"), header(response, "Last-Modified"))


def header(response: Response, name: str) -> str | None:
    """Return a header's value as text, or None. Latin-1, so that any bytes survive the way into a row and back."""
    value = response.headers.get(name)
    return value.decode("latin-1") if value else None

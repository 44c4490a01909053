"""Name the probable origin of a cluster, and the evidence: a link, a credit, or only that it was there first."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Literal, NamedTuple

OriginEvidence = Literal["link", "credit", "earliest"]
# A paper may be called with or without it.
ARTICLE = re.compile(r"^(?:the|der|die|das|le|la|les|el|los|las|il|lo|o|de|het)\s+|^l['’]")


class ClusterMember(NamedTuple):
    """Hold what an article says of itself and its origin. URLs are normalised, as the database keys them."""

    article: int
    url_key: str
    linked_keys: tuple[str, ...]  # its canonical address and the address of its origin, where the page has them
    credit: str | None  # the article's `origin`: a paper, or an agency
    names: tuple[str, ...]  # of its source: title, site name, publisher, host without www
    appeared: str  # `published` in UTC as a stamp, or a day; where the page has none, when it was first seen
    words: int


class ProbableOrigin(NamedTuple):
    """Hold which text the others probably come from."""

    article: int  # that text; the earliest in the archive if the origin is not in it
    name: str | None  # of an origin that is not in the archive
    evidence: OriginEvidence
    said_by: int  # members that link to it or credit it


def probable_origin(members: Sequence[ClusterMember]) -> ProbableOrigin:
    """Return the probable origin of a cluster. A link is better evidence than a credit, and that than an early date."""
    ordered = sorted(members, key=_order)  # of two that as many members name, the one that is named first counts
    earliest, by_url = ordered[0], {member.url_key: member for member in members}
    links = Counter(
        key
        for member in ordered
        for key in dict.fromkeys(member.linked_keys)
        if key in by_url and key != member.url_key
    )
    for key, said_by in links.most_common(1):
        return ProbableOrigin(by_url[key].article, None, "link", said_by)
    printed = {_key(member.credit): member.credit for member in reversed(ordered) if member.credit}
    for name, said_by in Counter(_key(member.credit) for member in ordered if member.credit).most_common(1):
        own = next((member for member in ordered if name in map(_key, member.names)), None)
        return ProbableOrigin((own or earliest).article, None if own else printed[name], "credit", said_by)
    return ProbableOrigin(earliest.article, None, "earliest", 0)


def _order(member: ClusterMember) -> tuple[str, str, int, int]:
    """Return the key that sorts members by time. A day alone comes after its times; of two, the longer is first."""
    day, time = member.appeared[:10], member.appeared[10:]
    return day, time or "~", -member.words, member.article


def _key(name: str | None) -> str:
    return "".join(filter(str.isalnum, ARTICLE.sub("", (name or "").casefold())))

"""What is left out of a dataset because of the rights that are reserved in it, and why: counted, never silent.

Reserved means: the source opts out of text and data mining (Directive (EU) 2019/790, article 4(3)) or of training
models, in a way that machines can read and that addresses everyone.

- TDM Reservation Protocol: tdm-reservation 1; the page's meta goes before the header, that before tdmrep.json
- noai, noml, notrain for all robots, in a meta or X-Robots-Tag
- Content-Usage (IETF aipref): train-ai=n, or what earlier drafts called the same or more
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pipelines.directives import Said, Signal, said
from pipelines.errors import MorgueError, QueryError
from pipelines.reader import Row
from pipelines.tdmrep import TdmFiles, meaning

# Of everyone's text for models. noimageai is about pictures only; a dataset holds none.
DIRECTIVES = ("noai", "noml", "notrain")
# draft-ietf-aipref-vocab-08, 4.1; the others are from its earlier versions and from draft-thomson-aipref-sup.
USAGES = ("train-ai", "bots", "tdm", "ai", "genai", "train-genai")
UNREADABLE = "tdmrep.json that cannot be read"


@dataclass(frozen=True, slots=True)
class Without:
    """What is not wanted. Raises QueryError for a signal without a name."""

    reserved: bool = False  # what is reserved, see above
    signals: tuple[str, ...] = ()  # directives or signals, as `directives.Signal` reads them

    def __post_init__(self) -> None:
        for text in self.signals:
            try:
                Signal(text)
            except ValueError as error:
                cure = "say noarchive, tdm-policy, content-usage:train-ai=n, googlebot:noarchive, ..."
                raise QueryError(f"--without-signal {text!r}", str(error), cure) from None

    def __bool__(self) -> bool:
        return self.reserved or bool(self.signals)


class Sieve:
    """Lets through what is wanted, and counts the rest by reason."""

    def __init__(self, without: Without, db: sqlite3.Connection, warc: Path) -> None:
        """`warc`: the folder of the WARC files; the rules of tdmrep.json are read out of them."""
        self.left_out: Counter[str] = Counter()  # reason -> how many
        self._reserved = without.reserved
        self._signals = [Signal(text) for text in without.signals]
        self._files = TdmFiles(db, warc)

    def articles(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Of rows with the keys of `queries.WHOLE_KEYS` those that are wanted."""
        for row in rows:
            why = self.why(row["url"], row["captured"], row["header_rights"], row["rights"])
            if why is None:
                yield row
            else:
                self.left_out[why] += 1

    def why(self, url: str, time: str, headers: Iterable[str], page: Iterable[str]) -> str | None:
        """Why something is left out; None if it is not. Counts nothing.

        `time`: of its capture; `headers`, `page`: signals in its head and its metas.
        """
        in_headers, in_page = list(said(headers)), list(said(page))
        if self._reserved and (why := self._why_reserved(url, time, in_headers, in_page)):
            return why
        every = [*in_headers, *in_page]
        return next((signal.text for signal in self._signals if any(map(signal.means, every))), None)

    def _why_reserved(self, url: str, time: str, headers: list[Said], page: list[Said]) -> str | None:
        return self._by_protocol(url, time, headers, page) or _from_models([*page, *headers])

    def _by_protocol(self, url: str, time: str, headers: list[Said], page: list[Said]) -> str | None:
        for where, statements in (("page", page), ("header", headers)):
            meant = _reservation(statements)
            if meant is not None:
                return f"tdm-reservation in the {where}" if meant else None
        try:
            return "tdmrep.json" if self._files.reserved(url, time) else None
        except MorgueError:
            return UNREADABLE  # it may reserve everything


def _from_models(statements: Iterable[Said]) -> str | None:
    for one in statements:
        if one.field == "content-usage" and one.name in USAGES and one.value == "n":
            return f"content-usage {one.name}=n"
        if one.field != "content-usage" and one.counts and one.name in DIRECTIVES:
            return one.name
    return None


def _reservation(statements: Iterable[Said]) -> bool | None:
    """What tdm-reservation says in one place; where it is said twice, what reserves."""
    meant = [meaning(part) for one in statements if one.field == "tdm-reservation" for part in one.value.split(",")]
    return True if True in meant else False if False in meant else None


NOTHING = Without()


def in_words(left_out: Counter[str]) -> str:
    """Each reason with its number, the commonest first."""
    return ", ".join(f"{count:,} {why}" for why, count in left_out.most_common())

"""What is left out of a dataset because of the rights that are reserved in it, and why: counted, never silent.

Reserved means: the source opts out of text and data mining (Directive (EU) 2019/790, article 4(3)) or of training
models, in a way that machines can read and that addresses everyone.

- TDM Reservation Protocol: tdm-reservation 1; the page's meta goes before the header, that before tdmrep.json
- noai, noml, notrain for all robots, in a meta or X-Robots-Tag
- Content-Usage (IETF aipref): train-ai=n, or what earlier drafts called the same or more
"""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pipelines.core.errors import MorgueError, QueryError
from pipelines.database.connection import Row
from pipelines.selection.directives import EVERYONE, OURS, VALUED, Directive, RequestedSignal, said
from pipelines.selection.tdmrep import TdmFiles, meaning
from pipelines.warc.storage import WarcStorage

# Of everyone's text for models. noimageai is about pictures only; a dataset holds none.
DIRECTIVES = ("noai", "noml", "notrain")
# draft-ietf-aipref-vocab-08, 4.1; the others are from its earlier versions and from draft-thomson-aipref-sup.
USAGES = ("train-ai", "bots", "tdm", "ai", "genai", "train-genai")
# Other names that signals have: robots directives (Google, Bing) and headers.
KNOWN = ("noindex", "nofollow", "none", "noarchive", "nocache", "nosnippet", "noimageindex", "notranslate", "noimageai")
NAMES = ("content-usage", "tdm-reservation", "tdm-policy")
NEAR = 0.75  # of difflib; from which on two words are taken for one, misspelt
REFUSALS = ("n", "?0", "no")  # a token; the false of RFC 9651, 3.3.6; and what is meant by a word
UNREADABLE = "tdmrep.json that cannot be read"


@dataclass(frozen=True, slots=True)
class Exclusions:
    """What is not wanted. Raises QueryError for a signal without a name."""

    reserved: bool = False  # what is reserved, see above
    signals: tuple[str, ...] = ()  # directives or signals, as `directives.RequestedSignal` reads them

    def __post_init__(self) -> None:
        for text in self.signals:
            try:
                RequestedSignal(text)
            except ValueError as error:
                cure = "say noarchive, tdm-policy, content-usage:train-ai=n, googlebot:noarchive, ..."
                raise QueryError(f"--without-signal {text!r}", str(error), cure) from None

    def __bool__(self) -> bool:
        return self.reserved or bool(self.signals)


class ExclusionFilter:
    """Lets through what is wanted, and counts the rest by reason."""

    def __init__(self, without: Exclusions, db: sqlite3.Connection, warc: WarcStorage) -> None:
        """`warc`: the archive's WARC files; the rules of tdmrep.json are read out of them."""
        self.left_out: Counter[str] = Counter()  # reason -> how many
        self.met: set[str] = set()  # of the signals that are asked for, those that something had
        self._reserved = without.reserved
        self._signals = [RequestedSignal(text) for text in without.signals]
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
        has = [signal.text for signal in self._signals if any(map(signal.means, (*in_headers, *in_page)))]
        self.met.update(has)
        if self._reserved and (why := self._why_reserved(url, time, in_headers, in_page)):
            return why
        return next(iter(has), None)

    def unmet(self) -> Iterator[str]:
        """A sentence for each signal that is asked for and that nothing had; with what it may be a misspelling of."""
        for text in dict.fromkeys(signal.text for signal in self._signals):
            if text not in self.met:
                near = meant_by(text)
                yield f"0 left out: nothing has the signal {text}" + (f" (did you mean {near}?)" if near else "")

    def _why_reserved(self, url: str, time: str, headers: list[Directive], page: list[Directive]) -> str | None:
        return self._by_protocol(url, time, headers, page) or _from_models([*page, *headers])

    def _by_protocol(self, url: str, time: str, headers: list[Directive], page: list[Directive]) -> str | None:
        for where, statements in (("page", page), ("header", headers)):
            meant = _reservation(statements)
            if meant is not None:
                return f"tdm-reservation in the {where}" if meant else None
        try:
            return "tdmrep.json" if self._files.reserved(url, time) else None
        except MorgueError:
            return UNREADABLE  # it may reserve everything


def _from_models(statements: Iterable[Directive]) -> str | None:
    for one in statements:
        if one.field == "content-usage" and one.name in USAGES and one.value in REFUSALS:
            return f"content-usage {one.name}=n"
        if one.field != "content-usage" and one.counts and one.name in DIRECTIVES:
            return one.name
    return None


def _reservation(statements: Iterable[Directive]) -> bool | None:
    """What tdm-reservation says in one place; where it is said twice, what reserves."""
    meant = [meaning(part) for one in statements if one.field == "tdm-reservation" for part in one.value.split(",")]
    return True if True in meant else False if False in meant else None


def meant_by(text: str) -> str | None:
    """The signal that one of no known name may be a misspelling of, its value kept; None if none is near."""
    from difflib import get_close_matches  # only once something is wrong

    from pipelines.extraction.labels.usage_signals import FOR_MODELS, RIGHTS, ROBOTS

    known = {*KNOWN, *NAMES, *DIRECTIVES, *USAGES, *VALUED, *EVERYONE, *RIGHTS, *FOR_MODELS, OURS}

    def right(word: str) -> str:
        plain = word.strip().lower()
        if plain in known or ROBOTS.fullmatch(plain):
            return word
        return next(iter(get_close_matches(plain, sorted(known), 1, NEAR)), word)

    name, separator, value = re.fullmatch(r"([^:=]*)([:=]?)(.*)", text, re.DOTALL).groups()  # type: ignore[union-attr]
    near = right(name) + separator + right(value)
    return None if near == text else near


NOTHING = Exclusions()


def in_words(left_out: Counter[str]) -> str:
    """Each reason with its number, the commonest first."""
    return ", ".join(f"{count:,} {why}" for why, count in left_out.most_common())

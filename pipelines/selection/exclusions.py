"""Leave out of a dataset what its rights holders reserve, and count it by reason, never silently.

Reserved means that the source opts out of text and data mining (Directive (EU) 2019/790, article 4(3)) or of training
models, in a way that machines can read and that addresses everyone:

- TDM Reservation Protocol: tdm-reservation 1. The page's meta takes precedence over the header, the header over
  tdmrep.json.
- noai, noml, notrain for all robots, in a meta or X-Robots-Tag.
- Content-Usage (IETF aipref): train-ai=n, or the names that earlier drafts had for the same or more.
"""

from __future__ import annotations

import logging
import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pipelines.core.errors import BucketFailing, MorgueError, QueryError
from pipelines.database.connection import Row
from pipelines.selection.directives import (
    FIELDS_FOR_ALL_ROBOTS,
    OWN_ROBOT_NAME,
    VALUED_DIRECTIVES,
    Directive,
    RequestedSignal,
    parse_signals,
)
from pipelines.selection.tdmrep import TdmFiles, parse_reservation
from pipelines.warc.storage import WarcStorage

logger = logging.getLogger("morgue.selection")

# Directives against the use of text for models. noimageai is about images only; a dataset has none.
MODEL_DIRECTIVES = ("noai", "noml", "notrain")
# draft-ietf-aipref-vocab-08, 4.1; the others are from its earlier versions and from draft-thomson-aipref-sup.
TRAINING_USAGES = ("train-ai", "bots", "tdm", "ai", "genai", "train-genai")
REFUSING_VALUES = ("n", "?0", "no")  # a token; the false of RFC 9651, 3.3.6; and a word that means the same
# Further names of signals: robots directives (Google, Bing) and headers.
OTHER_DIRECTIVES = (
    "noindex", "nofollow", "none", "noarchive", "nocache", "nosnippet", "noimageindex", "notranslate", "noimageai",
)  # fmt: skip
OTHER_FIELDS = ("content-usage", "tdm-reservation", "tdm-policy")
MIN_SIMILARITY = 0.75  # ratio of difflib from which on a word is taken for a misspelling of another
UNREADABLE_TDMREP = "tdmrep.json that cannot be read"


@dataclass(frozen=True, slots=True)
class Exclusions:
    """Say what to leave out. Raises QueryError for a signal without a name."""

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


NO_EXCLUSIONS = Exclusions()


class ExclusionFilter:
    """Pass on what is not excluded, and count the rest by reason."""

    def __init__(self, exclusions: Exclusions, db: sqlite3.Connection, warc: WarcStorage) -> None:
        """`warc`: the archive's WARC files; the rules of tdmrep.json are read from them."""
        self.left_out: Counter[str] = Counter()  # reason -> how many
        self.signals_met: set[str] = set()  # requested signals that something had
        self._reserved = exclusions.reserved
        self._signals = [RequestedSignal(text) for text in exclusions.signals]
        self._tdm_files = TdmFiles(db, warc)
        self._db, self._warc = db, warc

    def articles(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Yield those rows, with the keys of `queries.ARTICLE_KEYS`, that are not excluded."""
        if not self._reserved and not self._signals:
            yield from rows
            return
        for row in rows:
            reason = self.reason(row["url"], row["captured"], row["header_rights"], row["rights"])
            if self._passes(row, reason):
                yield row

    def revisions(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Yield those rows of `revisions_of_articles` that are not excluded, each judged by its own page.

        The database has what a page says on its use for the newest revision only. Pages of earlier ones are read from
        their records. A page that cannot be read is left out.
        """
        if not self._reserved and not self._signals:
            yield from rows
            return
        from pipelines.selection.captured_signals import CapturedSignals, UnknownSignals

        pages = CapturedSignals(self._db, self._warc)
        for row in rows:
            url, time, headers = row["url"], row["captured"], row["header_rights"]
            try:
                in_page = row["rights"] if row["is_newest"] else pages.of_record(row["warc_record_id"])
                reason = self.reason(url, time, headers, in_page)
            except UnknownSignals as unknown:
                reason = self.reason(url, time, headers, ()) or unknown.reason
            if self._passes(row, reason):
                yield row

    def _passes(self, row: Row, reason: str | None) -> bool:
        if reason is not None:
            self.left_out[reason] += 1
            log_left_out(row["url"], reason)
        return reason is None

    def reason(self, url: str, time: str, headers: Iterable[str], page: Iterable[str]) -> str | None:
        """Return why a capture is left out; None if it is not. Counts nothing.

        `time`: of the capture. `headers`, `page`: signals in its HTTP head and in its metas.
        """
        in_headers, in_page = list(parse_signals(headers)), list(parse_signals(page))
        met = [signal.text for signal in self._signals if any(map(signal.matches, (*in_headers, *in_page)))]
        self.signals_met.update(met)
        if self._reserved and (reason := self._reason_reserved(url, time, in_headers, in_page)):
            return reason
        return next(iter(met), None)

    def hints(self) -> Iterator[str]:
        """Yield a sentence for each requested signal that nothing had, with the signal that may be meant."""
        for text in dict.fromkeys(signal.text for signal in self._signals):
            if text not in self.signals_met:
                similar = similar_signal(text)
                question = f" (did you mean {similar}?)" if similar else ""
                yield f"0 left out: nothing has the signal {text}{question}"

    def _reason_reserved(self, url: str, time: str, headers: list[Directive], page: list[Directive]) -> str | None:
        return self._reason_by_protocol(url, time, headers, page) or _reason_by_directives([*page, *headers])

    def _reason_by_protocol(self, url: str, time: str, headers: list[Directive], page: list[Directive]) -> str | None:
        for where, directives in (("page", page), ("header", headers)):
            reserved = _tdm_reservation(directives)
            if reserved is not None:
                return f"tdm-reservation in the {where}" if reserved else None
        try:
            return "tdmrep.json" if self._tdm_files.reserved(url, time) else None
        except BucketFailing:
            raise
        except MorgueError:
            return UNREADABLE_TDMREP  # it may reserve everything


def log_left_out(url: str, why: str) -> None:
    """Log that something is left out of a dataset."""
    logger.info("left out %(url)s: %(why)s", {"url": url, "why": why})


def _reason_by_directives(directives: Iterable[Directive]) -> str | None:
    for one in directives:
        if one.field == "content-usage" and one.name in TRAINING_USAGES and one.value in REFUSING_VALUES:
            return f"content-usage {one.name}=n"
        if one.field != "content-usage" and one.concerns_us and one.name in MODEL_DIRECTIVES:
            return one.name
    return None


def _tdm_reservation(directives: Iterable[Directive]) -> bool | None:
    """Return what tdm-reservation says in one place; None if nothing. If it is there twice, a reservation wins."""
    values = [part for one in directives if one.field == "tdm-reservation" for part in one.value.split(",")]
    reserved = [parse_reservation(value) for value in values]
    return True if True in reserved else False if False in reserved else None


def similar_signal(text: str) -> str | None:
    """Return the known signal that an unknown one may be a misspelling of, with its value; None if none is similar."""
    from difflib import get_close_matches  # only once something is wrong

    from pipelines.extraction.labels.usage_signals import FOR_MODELS, RIGHTS, ROBOTS

    known = {
        *OTHER_DIRECTIVES, *OTHER_FIELDS, *MODEL_DIRECTIVES, *TRAINING_USAGES, *VALUED_DIRECTIVES,
        *FIELDS_FOR_ALL_ROBOTS, *RIGHTS, *FOR_MODELS, OWN_ROBOT_NAME,
    }  # fmt: skip

    def corrected(word: str) -> str:
        plain = word.strip().lower()
        if plain in known or ROBOTS.fullmatch(plain):
            return word
        return next(iter(get_close_matches(plain, sorted(known), 1, MIN_SIMILARITY)), word)

    name, separator, value = re.fullmatch(r"([^:=]*)([:=]?)(.*)", text, re.DOTALL).groups()  # type: ignore[union-attr]
    similar = corrected(name) + separator + corrected(value)
    return None if similar == text else similar


def reasons_in_words(left_out: Counter[str]) -> str:
    """Return each reason with its number, the commonest first."""
    return ", ".join(f"{count:,} {why}" for why, count in left_out.most_common())

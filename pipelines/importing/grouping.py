"""Foreign records put together: an answer and the request that was answered, whichever stands first in the file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from pipelines.importing.adopt import RecordRefused, check, head_of, record_id, time_of
from pipelines.importing.foreign_records import LARGEST, ForeignRecord
from pipelines.warc.http_message import MessageHead

ALREADY = "already in the archive"
CLASH = "with the WARC-Record-ID of another record that is kept"
ALONE = "request without its answer"
TOO_LARGE = f"larger than {LARGEST >> 20} MiB"
MOST_WAITING = 8  # requests whose answer has not come yet; it stands next to them


@dataclass(slots=True)
class ExchangeRecords:
    """What is kept or left together."""

    answer: ForeignRecord  # response, revisit, or a failure of another archive of ours
    head: MessageHead | None  # its HTTP head; None for a failure and for a revisit without a block
    warcinfo: ForeignRecord | None  # the warcinfo record that stands before it in its file
    requests: list[ForeignRecord] = field(default_factory=list)

    @property
    def records(self) -> list[ForeignRecord]:
        return [self.answer, *self.requests]

    @property
    def bytes(self) -> int:
        """Of their blocks."""
        return sum(len(found.block or b"") for found in self.records)


class RecordGrouping:
    """One stream of records. What is passed over is told in a word, what is refused with its place."""

    def __init__(
        self,
        why: Callable[[ForeignRecord], str],
        passed: Callable[[str], object],
        refused: Callable[[int, str], object],
        other_type: Callable[[str | None], bool],
    ) -> None:
        """`why(found)`: the reason for which a record came without a block."""
        self._why, self._passed, self._refused, self._other_type = why, passed, refused, other_type
        self._warcinfo: ForeignRecord | None = None
        self._open: ExchangeRecords | None = None  # its request may follow
        self._left: tuple[ForeignRecord, str] | None = None  # the last answer that was passed over, and why
        self._waiting: list[ForeignRecord] = []

    def groups(self, records: Iterable[ForeignRecord]) -> Iterator[ExchangeRecords]:
        """The groups in the order of their answers."""
        for found in records:
            kind = (found.fields.get("WARC-Type") or "").lower()
            if kind == "request":
                self._request(found)
                continue
            if self._open is not None and (kind != "metadata" or found.block is not None):
                yield self._open
                self._open = None
            if kind in ("warcinfo", "filedesc"):
                self._header(found, kind)
            else:
                self._answer(found, kind)
        if self._open is not None:
            yield self._open
        for _ in self._waiting:
            self._passed(ALONE)

    def _header(self, found: ForeignRecord, kind: str) -> None:
        self._warcinfo = found if kind == "warcinfo" and found.fields.get("WARC-Record-ID") else None
        try:
            check(found)
        except RecordRefused:
            self._warcinfo = None
        self._passed("header of a file")

    def _request(self, request: ForeignRecord) -> None:
        if self._open is not None and request.block is not None and belong(request, self._open.answer):
            if self._sound(request):
                self._open.requests.append(request)
        elif request.block is None:
            self._passed(self._why(request))
        elif self._left is not None and belong(request, self._left[0]):
            self._passed(self._left[1])
        else:
            self._waiting.append(request)
            if len(self._waiting) > MOST_WAITING:
                self._waiting.pop(0)
                self._passed(ALONE)

    def _answer(self, found: ForeignRecord, kind: str) -> None:
        mine = [request for request in self._waiting if belong(request, found)]
        self._waiting = [request for request in self._waiting if request not in mine]
        head = None if found.block is None or kind == "metadata" else head_of(found)
        why = self._why(found) if found.block is None else self._unfit(head, kind)
        if why is None and self._sound(found):
            self._open = ExchangeRecords(
                found, head, self._warcinfo, [request for request in mine if self._sound(request)]
            )
            return
        self._left = (found, why or "answered by a damaged record")
        for _ in [found, *mine] if why else mine:
            self._passed(self._left[1])

    def _unfit(self, head: MessageHead | None, kind: str) -> str | None:
        if head is None and kind == "response":
            return "not HTTP"
        return "another media type" if self._other_type(head.mime if head else None) else None

    def _sound(self, found: ForeignRecord) -> bool:
        try:
            check(found)
            time_of(found)
        except RecordRefused as refusal:
            self._refused(found.offset, str(refusal))
            return False
        return True


def belong(request: ForeignRecord, answer: ForeignRecord) -> bool:
    """Whether a request is the one that was answered: they name each other, or neither names any and they agree."""
    mine, others = (set(found.fields.all("WARC-Concurrent-To")) for found in (request, answer))
    if mine or others:
        return record_id(answer) in mine or record_id(request) in others
    return request.fields.get("WARC-Target-URI") == answer.fields.get("WARC-Target-URI")

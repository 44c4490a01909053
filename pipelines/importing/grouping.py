"""Group foreign records into exchanges: an answer and its request, whichever comes first in the file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from pipelines.importing.adopt import RecordRefused, check, http_head_of, record_id_of, time_of
from pipelines.importing.flaws import check_block
from pipelines.importing.foreign_records import MAX_BLOCK_BYTES, ForeignRecord
from pipelines.importing.record_errors import unexpected
from pipelines.warc.http_message import MessageHead

# Reasons for which records are skipped, as the summary counts them.
ALREADY_HERE = "already in the archive"
LOST_HERE = "lost with a WARC file of the archive, which still counts them as its own"
ID_CLASH = "with the WARC-Record-ID of another record in the archive"
HEADER = "header of a file"
DAMAGED = "damaged"
NO_ANSWER = "request without its answer"
ANSWER_ALREADY_HERE = "request of an answer that is already in the archive"
ANSWER_DAMAGED = "answered by a damaged record"
TOO_LARGE = f"larger than {MAX_BLOCK_BYTES >> 20} MiB"
MAX_WAITING_REQUESTS = 8  # whose answer has not come yet; it is usually the next record


@dataclass(slots=True)
class ExchangeRecords:
    """Hold the records of one exchange. They are imported or skipped together."""

    answer: ForeignRecord  # response, revisit, or a failed exchange of another archive of Newsmorgue
    head: MessageHead | None  # its HTTP head; None for a failure and for a revisit without a block
    warcinfo: ForeignRecord | None  # the warcinfo record before it in its file
    requests: list[ForeignRecord] = field(default_factory=list)

    @property
    def records(self) -> list[ForeignRecord]:
        return [self.answer, *self.requests]

    @property
    def bytes(self) -> int:
        """Size of their blocks."""
        return sum(len(found.block or b"") for found in self.records)


class RecordGrouping:
    """Group the records of one stream. Report each skipped record with a reason, and each refused one."""

    def __init__(
        self,
        reason_of: Callable[[ForeignRecord], str],
        on_skipped: Callable[[str], object],
        on_refused: Callable[[ForeignRecord, str], object],
        excludes_type: Callable[[str | None], bool],
        is_vouched: Callable[[], bool],
    ) -> None:
        """`reason_of(found)`: the reason for which a record came without a block.

        `is_vouched()`: True if the block of the record that came last is taken whatever its digest says.
        """
        self._reason_of, self._excludes_type = reason_of, excludes_type
        self._on_skipped, self._on_refused, self._is_vouched = on_skipped, on_refused, is_vouched
        self._warcinfo: ForeignRecord | None = None
        self._open: ExchangeRecords | None = None  # its request may follow
        self._skipped: tuple[ForeignRecord, str] | None = None  # the last answer that was skipped, and why
        self._waiting: list[ForeignRecord] = []  # requests

    def groups(self, records: Iterable[ForeignRecord]) -> Iterator[ExchangeRecords]:
        """Yield the exchanges in the order of their answers."""
        for found in records:
            kind = (found.fields.get("WARC-Type") or "").lower()
            complete = None
            if kind != "request" and (kind != "metadata" or found.block is not None):
                complete, self._open = self._open, None
            try:
                self._add(found, kind)
            except Exception as error:  # noqa: BLE001 one record must not end the import of the others
                self._on_refused(found, unexpected(error))
            if complete is not None:
                yield complete
        if self._open is not None:
            yield self._open
        for _ in self._waiting:
            self._on_skipped(NO_ANSWER)

    def _add(self, found: ForeignRecord, kind: str) -> None:
        if kind == "request":
            self._add_request(found)
        elif kind in ("warcinfo", "filedesc"):
            self._begin_file(found, kind)
        else:
            self._add_answer(found, kind)

    def _begin_file(self, found: ForeignRecord, kind: str) -> None:
        self._warcinfo = None
        if kind == "warcinfo" and not self._is_sound(found):
            return
        if kind == "warcinfo" and found.fields.get("WARC-Record-ID"):
            self._warcinfo = found
        self._on_skipped(HEADER)

    def _add_request(self, request: ForeignRecord) -> None:
        if self._open is not None and request.block is not None and is_request_of(request, self._open.answer):
            if self._is_sound(request):
                self._open.requests.append(request)
        elif request.block is None:
            self._on_skipped(self._reason_of(request))
        elif self._skipped is not None and is_request_of(request, self._skipped[0]):
            self._on_skipped(reason_of_request(self._skipped[1]))
        else:
            self._waiting.append(request)
            if len(self._waiting) > MAX_WAITING_REQUESTS:
                self._waiting.pop(0)
                self._on_skipped(NO_ANSWER)

    def _add_answer(self, found: ForeignRecord, kind: str) -> None:
        head = None if found.block is None or kind == "metadata" else http_head_of(found)
        requests = [request for request in self._waiting if is_request_of(request, found)]
        self._waiting = [request for request in self._waiting if request not in requests]
        reason = self._reason_of(found) if found.block is None else self._reason_by_head(head, kind)
        if reason is None and self._is_sound(found):
            sound = [request for request in requests if self._is_sound(request)]
            self._open = ExchangeRecords(found, head, self._warcinfo, sound)
            return
        self._skipped = (found, reason or ANSWER_DAMAGED)
        if reason:
            self._on_skipped(reason)
        for _ in requests:
            self._on_skipped(reason_of_request(self._skipped[1]))

    def _reason_by_head(self, head: MessageHead | None, kind: str) -> str | None:
        if head is None and kind == "response":
            return "not HTTP"
        return "another media type" if self._excludes_type(head.mime if head else None) else None

    def _is_sound(self, found: ForeignRecord) -> bool:
        try:
            check(found)
            check_block(found, vouched=self._is_vouched())
            time_of(found)
        except RecordRefused as refusal:
            self._on_refused(found, str(refusal))
            return False
        return True


def reason_of_request(reason: str) -> str:
    """Return why a request is skipped whose answer is skipped for a reason.

    That an answer is in the archive does not say that this request came with it.
    """
    return ANSWER_ALREADY_HERE if reason == ALREADY_HERE else reason


def is_request_of(request: ForeignRecord, answer: ForeignRecord) -> bool:
    """Return True if the answer is to this request: one names the other, or neither names any and the URL agrees."""
    of_request, of_answer = (set(found.fields.all("WARC-Concurrent-To")) for found in (request, answer))
    if of_request or of_answer:
        return record_id_of(answer) in of_request or record_id_of(request) in of_answer
    return request.fields.get("WARC-Target-URI") == answer.fields.get("WARC-Target-URI")

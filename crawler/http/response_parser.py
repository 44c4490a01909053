"""Parse the answer to one request as its bytes arrive: status, fields, body, and where it ends.

h11 decides the framing of the body (RFC 9112 section 6.3). It is strict about heads where servers are not, so it is
given a copy of the head with only the fields that matter; the bytes kept in `raw` are never changed.
"""

from __future__ import annotations

import re
from io import BytesIO

import h11

from pipelines.warc.http_message import HEAD_END, MessageHead, dechunked, list_members, parse_head

CONTENT_LENGTH = re.compile(rb"\d{1,18}")  # RFC 9110 section 8.6; more digits cannot be a size
MAX_HEAD_LINES = 500  # lines of one head, and of trailers; Firefox takes as many header lines or fewer
MAX_INTERIM_ANSWERS = 20  # 1xx answers before the final one; servers send one or two
MAX_CHUNKS = 100_000  # chunks of one body; servers send a chunk for some thousand bytes
MAX_STEP_CHUNKS = 500  # chunks parsed in one step, which takes about three milliseconds
SLICE_BYTES = 4096  # of a chunked body given to h11 at once, so that its own limits on lines and trailers hold


class MalformedResponse(Exception):
    """Report that the answer cannot be read as HTTP."""


class AnswerOfTooManyParts(Exception):
    """Report an answer of more lines, interim answers or chunks than are taken. `parts` names them."""

    def __init__(self, limit: int, parts: str) -> None:
        super().__init__(f"more than {limit} {parts}")
        self.parts = parts


class BodyOverLimit(Exception):
    """Report that the body is, or is announced to be, larger than allowed."""


class ResponseTruncated(Exception):
    """Report that the connection ended before the answer did."""


class ResponseParser:
    """Parse one response. Feed it bytes until it is complete, and let it go on while it `has_more` to parse."""

    def __init__(self, sender: h11.Connection, method: str, *, max_head: int, max_body: int) -> None:
        """`sender` has sent the request. Limits are bytes on the wire; `max_body` 0 means no limit."""
        self._h11, self._method = sender, method
        self._max_head, self._max_body = max_head, max_body
        self._skipped = 0  # bytes of interim responses
        self._interim = 0  # number of them
        self._scanned = 0  # bytes of `_start` that were searched for the blank line
        self._lines, self._counted = 0, 0  # lines in the first `_counted` bytes of `_start`
        self._chunks = 0
        self._start = bytearray()  # what came until the final head is complete
        self._received = BytesIO()  # the final response from then on; its value is not copied when it is asked for
        self._fed, self._parsed = b"", 0  # what came last of the body, and how much of it h11 was given
        self._ended = False
        self.has_more = False  # some of what was fed is still to be parsed: call `go_on`
        self.head: MessageHead | None = None  # the final head; None until it is complete
        self.head_length = 0  # bytes of `raw` that it takes, blank line included
        self.chunked = False  # the body carries chunk framing
        self.reusable = False  # complete, and the connection can carry another exchange

    @property
    def raw(self) -> bytes:
        """Return the final response as received, beginning with its status line."""
        return bytes(self._start) if self.head is None else self._received.getvalue()

    @property
    def size(self) -> int:
        """Return the number of bytes that are held."""
        return len(self._start) if self.head is None else self._received.tell()

    @property
    def body(self) -> bytes:
        """Return the body without its transfer coding, as far as it has arrived."""
        body = self.raw[self.head_length :]
        return dechunked(body) if self.chunked else body

    def feed(self, data: bytes) -> bool:
        """Take received bytes, or b"" for the end of the connection. Return True once the answer is complete.

        Raise AnswerOfTooManyParts, MalformedResponse, BodyOverLimit or ResponseTruncated; what came until then stays
        in `raw`.
        """
        self._ended = not data
        if self.head is None:
            self._start += data
            if not self._take_head(self._ended):
                return False
            data = self.raw[self.head_length :]
        else:
            self._received.write(data)
        self._fed, self._parsed = data, 0
        return self.go_on()

    def go_on(self) -> bool:
        """Parse more of what was fed, for a few milliseconds at most. Return True once the answer is complete."""
        complete, chunks = False, self._chunks
        while not complete:
            # h11 takes a whole body of known length at once; it searches chunks and trailers line by line.
            step = SLICE_BYTES if self.chunked else len(self._fed)
            piece = self._fed[self._parsed : self._parsed + step]
            self._parsed += len(piece)
            if piece or self._ended:
                self._h11.receive_data(piece)
            complete = self._take_body()
            self.has_more = not complete and self._parsed < len(self._fed)
            if not self.has_more or self._chunks - chunks >= MAX_STEP_CHUNKS:
                break
        if complete:
            self._finish()
        if self._max_body and self._received.tell() - self.head_length > self._max_body:
            raise self._too_long(f"a body of more than {self._max_body} bytes")
        return complete

    def _take_head(self, ended: bool) -> bool:
        """Look for the head, which ends with a blank line, and drop interim (1xx) heads. Return True if it is there.

        A WARC response record holds the response to the request (WARC 1.1 section 6.3), and replay tools take the first
        head that they find for it: an interim 103 before it would hide the page.
        """
        while True:
            # Line ends left over from an earlier answer are not part of this one (compare RFC 9112 section 2.2).
            if self._start[:1] in (b"\r", b"\n"):
                self._skip(len(self._start) - len(self._start.lstrip(b"\r\n")))
            if self._start[:5].upper() != b"HTTP/"[: len(self._start)]:
                raise MalformedResponse("the answer does not begin with HTTP/")
            match = HEAD_END.search(self._start, self._scanned)
            length = match.end() if match else len(self._start)
            if self._skipped + length > self._max_head:
                raise MalformedResponse(f"a head of more than {self._max_head} bytes")
            self._lines += self._start.count(b"\n", self._counted, length)
            self._counted = length
            if self._lines > MAX_HEAD_LINES:
                raise AnswerOfTooManyParts(MAX_HEAD_LINES, "header lines")
            if match is None:
                self._scanned = max(0, len(self._start) - 2)
                if ended:
                    raise ResponseTruncated
                return False
            head = parse_head(bytes(self._start[:length]))
            if head is None:
                raise MalformedResponse("the answer has no status line")
            if head.status == 101:
                raise MalformedResponse("the server switched to another protocol, which we did not ask for")
            if head.status >= 200:
                self._begin(head, length)
                return True
            self._interim += 1
            if self._interim > MAX_INTERIM_ANSWERS:
                raise AnswerOfTooManyParts(MAX_INTERIM_ANSWERS, "interim answers")
            self._skip(length)

    def _skip(self, length: int) -> None:
        """Drop the first bytes of what came: they belong to no final response."""
        del self._start[:length]
        self._skipped += length
        self._scanned = self._counted = self._lines = 0

    def _begin(self, head: MessageHead, length: int) -> None:
        self.head, self.head_length = head, length
        self._received.write(self._start)
        self._start.clear()
        try:
            self._h11.receive_data(framing_head(head))
            response = self._h11.next_event()
        except h11.RemoteProtocolError as error:
            raise MalformedResponse(str(error)) from error
        assert isinstance(response, h11.Response)
        if self._method == "HEAD" or head.status in (204, 304):  # RFC 9112 section 6.3: never a body
            return
        self.chunked = head.chunked
        announced = int(dict(response.headers).get(b"content-length", b"0"))
        if self._max_body and announced > self._max_body:
            raise self._too_long(f"a body of {announced} bytes; at most {self._max_body} are taken")

    def _take_body(self) -> bool:
        try:
            while (event := self._h11.next_event()) is not h11.NEED_DATA:
                if isinstance(event, h11.EndOfMessage):
                    if len(list(event.headers)) > MAX_HEAD_LINES:
                        raise AnswerOfTooManyParts(MAX_HEAD_LINES, "trailer lines")
                    return True
                if self.chunked and isinstance(event, h11.Data) and event.chunk_start:
                    self._chunks += 1
                    if self._chunks > MAX_CHUNKS:
                        raise AnswerOfTooManyParts(MAX_CHUNKS, "chunks")
        except h11.RemoteProtocolError as error:
            if self._ended:
                raise ResponseTruncated from error
            raise MalformedResponse(str(error)) from error
        return False

    def _too_long(self, cause: str) -> BodyOverLimit:
        """Cut the body to the limit, and return the error."""
        self._received.truncate(self.head_length + self._max_body)
        return BodyOverLimit(cause)

    def _finish(self) -> None:
        """Cut off bytes after the answer: no request asked for them, so they belong to no record."""
        surplus = len(self._h11.trailing_data[0]) + len(self._fed) - self._parsed
        if surplus:
            self._received.truncate(self._received.tell() - surplus)
            self._received.seek(0, 2)
        self.reusable = not surplus and self._h11.our_state is self._h11.their_state is h11.DONE


def framing_head(head: MessageHead) -> bytes:
    """Return a head that h11 accepts, with only the fields that frame the message (RFC 9112 section 6.3).

    Chunked wins over any Content-Length, and so does an unknown transfer coding (then the end of the connection ends
    the body). A Content-Length that is no number is ignored; two that differ are left for h11 to refuse.
    """
    codings = [coding for coding in list_members(head.all(b"transfer-encoding")) if coding != b"identity"]
    lengths = {length for length in list_members(head.all(b"content-length")) if CONTENT_LENGTH.fullmatch(length)}
    lines = [b"HTTP/%s %d" % (head.version.encode(), head.status)]
    if b"close" in list_members(head.all(b"connection")):
        lines.append(b"Connection: close")
    if codings and codings[-1] == b"chunked":
        lines.append(b"Transfer-Encoding: chunked")
    elif not codings:
        lines += [b"Content-Length: " + length for length in lengths]
    return b"\r\n".join(lines) + b"\r\n\r\n"

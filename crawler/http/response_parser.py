"""Parse the answer to one request as its bytes arrive: status, fields, body, and where it ends.

h11 decides the framing of the body (RFC 9112 section 6.3). It is strict about heads where servers are not, so it is
given a copy of the head with only the fields that matter; the bytes kept in `raw` are never changed.
"""

from __future__ import annotations

import re

import h11

from pipelines.warc.http_message import HEAD_END, MessageHead, list_members, parse_head

CONTENT_LENGTH = re.compile(rb"\d{1,18}")  # RFC 9110 section 8.6; more digits cannot be a size


class MalformedResponse(Exception):
    """Report that the answer cannot be read as HTTP."""


class BodyOverLimit(Exception):
    """Report that the body is, or is announced to be, larger than allowed."""


class ResponseTruncated(Exception):
    """Report that the connection ended before the answer did."""


class ResponseParser:
    """Parse one response. Feed it bytes until it is complete."""

    def __init__(self, sender: h11.Connection, method: str, *, max_head: int, max_body: int) -> None:
        """`sender` has sent the request. Limits are bytes on the wire; `max_body` 0 means no limit."""
        self._h11, self._method = sender, method
        self._max_head, self._max_body = max_head, max_body
        self._skipped = 0  # bytes of interim responses
        self._scanned = 0  # bytes of `raw` that were searched for the blank line
        self._entity = bytearray()  # de-chunked body; stays empty where the body needs no decoding
        self.raw = bytearray()  # the final response as received, beginning with its status line
        self.head: MessageHead | None = None  # the final head; None until it is complete
        self.head_length = 0  # bytes of `raw` that it takes, blank line included
        self.chunked = False  # the body carries chunk framing
        self.reusable = False  # complete, and the connection can carry another exchange

    @property
    def body(self) -> bytes:
        """Return the body without its transfer coding, as far as it has arrived."""
        return bytes(self._entity if self.chunked else self.raw[self.head_length :])

    def feed(self, data: bytes) -> bool:
        """Take received bytes, or b"" for the end of the connection. Return True once the answer is complete.

        Raise MalformedResponse, BodyOverLimit or ResponseTruncated; what came until then stays in `raw`.
        """
        ended = not data
        self.raw += data
        if self.head is None:
            if not self._take_head(ended):
                return False
            data = bytes(self.raw[self.head_length :])
        if data or ended:
            self._h11.receive_data(data)
        complete = self._take_body(ended)
        if complete:
            self._finish()
        if self._max_body and len(self.raw) - self.head_length > self._max_body:
            raise self._too_long(f"a body of more than {self._max_body} bytes")
        return complete

    def _take_head(self, ended: bool) -> bool:
        """Look for the head, which ends with a blank line, and drop interim (1xx) heads. Return True if it is there.

        A WARC response record holds the response to the request (WARC 1.1 section 6.3), and replay tools take the first
        head that they find for it: an interim 103 before it would hide the page.
        """
        while True:
            # Line ends left over from an earlier answer are not part of this one (compare RFC 9112 section 2.2).
            while self.raw[:1] in (b"\r", b"\n"):
                del self.raw[:1]
                self._skipped += 1
            if self.raw[:5].upper() != b"HTTP/"[: len(self.raw)]:
                raise MalformedResponse("the answer does not begin with HTTP/")
            match = HEAD_END.search(self.raw, self._scanned)
            if self._skipped + (match.end() if match else len(self.raw)) > self._max_head:
                raise MalformedResponse(f"a head of more than {self._max_head} bytes")
            if match is None:
                self._scanned = max(0, len(self.raw) - 2)
                if ended:
                    raise ResponseTruncated
                return False
            head = parse_head(bytes(self.raw[: match.end()]))
            if head is None:
                raise MalformedResponse("the answer has no status line")
            if head.status == 101:
                raise MalformedResponse("the server switched to another protocol, which we did not ask for")
            if head.status >= 200:
                self._begin(head, match.end())
                return True
            del self.raw[: match.end()]
            self._skipped += match.end()
            self._scanned = 0

    def _begin(self, head: MessageHead, length: int) -> None:
        self.head, self.head_length = head, length
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

    def _take_body(self, ended: bool) -> bool:
        try:
            while (event := self._h11.next_event()) is not h11.NEED_DATA:
                if isinstance(event, h11.EndOfMessage):
                    return True
                if self.chunked and isinstance(event, h11.Data):
                    self._entity += event.data
        except h11.RemoteProtocolError as error:
            if ended:
                raise ResponseTruncated from error
            raise MalformedResponse(str(error)) from error
        return False

    def _too_long(self, cause: str) -> BodyOverLimit:
        """Cut the body to the limit, and return the error."""
        del self.raw[self.head_length + self._max_body :]
        return BodyOverLimit(cause)

    def _finish(self) -> None:
        """Cut off bytes after the answer: no request asked for them, so they belong to no record."""
        surplus = len(self._h11.trailing_data[0])
        if surplus:
            del self.raw[-surplus:]
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

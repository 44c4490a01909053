"""Test the response parser: it does not matter in which pieces the bytes arrive."""

from __future__ import annotations

import random

import h11
import pytest

from crawler.http.client import MAX_LINE_BYTES
from crawler.http.response_parser import (
    AnswerOfTooManyParts,
    BodyOverLimit,
    MalformedResponse,
    ResponseParser,
    ResponseTruncated,
)
from tests.support.hostile_pages import COMPLETE, PATHS

SMALL = [path for path in PATHS if path != "/big"]


def answer(max_body: int = 0) -> ResponseParser:
    sender = h11.Connection(h11.CLIENT)
    sender.send(h11.Request(method="GET", target="/", headers=[("Host", "x")]))
    sender.send(h11.EndOfMessage())
    return ResponseParser(sender, "GET", max_head=65_536, max_body=max_body)


def read(pieces: list[bytes], then: str) -> ResponseParser:
    """Feed a response piece by piece, and the end of the connection if it needs that."""
    one = answer()
    done = False
    for piece in pieces:
        if piece and not done:
            done = one.feed(piece)
    assert done or then == "close"
    assert done or one.feed(b"")
    return one


@pytest.mark.parametrize("path", SMALL)
def test_response_cut_anywhere_is_parsed_the_same(path: str) -> None:
    """Even inside a line end, the same bytes are kept and the same body comes out."""
    reply, body = COMPLETE[path]
    data = reply.before + reply.response + reply.after
    for at in range(len(data) + 1):
        one = read([data[:at], data[at:]], reply.then)
        assert (bytes(one.raw), one.body) == (reply.response, body)


@pytest.mark.parametrize("seed", range(200))
def test_rubbish_ends_the_parser_in_one_of_its_own_ways(seed: int) -> None:
    """Bytes flipped, dropped and doubled: it keeps only what was received."""
    chance = random.Random(seed)
    reply, _ = COMPLETE[chance.choice(SMALL)]
    data = bytearray(reply.before + reply.response)
    for _ in range(chance.randrange(1, 6)):
        at = chance.randrange(len(data))
        data[at : at + chance.randrange(3)] = chance.randbytes(chance.randrange(4))
    one = answer(max_body=50_000)
    try:
        for start in range(0, len(data), 7):
            if one.feed(bytes(data[start : start + 7])):
                break
        else:
            one.feed(b"")
    except (AnswerOfTooManyParts, MalformedResponse, ResponseTruncated, BodyOverLimit):
        pass
    assert bytes(one.raw) in bytes(data)


class CountedH11:
    """Count the bytes that h11 is given and the events that it gives."""

    def __init__(self, connection: h11.Connection) -> None:
        self.connection, self.work = connection, 0

    def receive_data(self, data: bytes) -> None:
        self.work += len(data)
        self.connection.receive_data(data)

    def next_event(self) -> object:
        self.work += 10
        return self.connection.next_event()

    def __getattr__(self, name: str) -> object:
        return getattr(self.connection, name)


CHUNKED_HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize("chunk", [b"1\r\na\r\n", b"1;extension=1\r\na\r\n"], ids=["chunks", "extensions"])
def test_work_of_chunks_grows_linearly_and_stops_between_steps(chunk: bytes) -> None:
    """Four times the chunks cost about four times the bytes and events; a step takes few of them."""
    work = []
    for number in (5_000, 20_000):
        parser = answer()
        parser._h11 = counted = CountedH11(parser._h11)  # type: ignore[assignment]
        steps, done, most, before = 1, parser.feed(CHUNKED_HEAD + chunk * number + b"0\r\n\r\n"), 0, counted.work
        while parser.has_more:
            done = parser.go_on()
            steps, most, before = steps + 1, max(most, counted.work - before), counted.work
        assert done
        assert parser.body == b"a" * number
        assert most < 50_000
        work.append(counted.work)
    assert work[1] < 5 * work[0]


def drained(parser: ResponseParser, data: bytes) -> None:
    parser.feed(data)
    while parser.has_more:
        parser.go_on()


@pytest.mark.parametrize(
    ("data", "error", "cause"),
    [
        (b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 501 + b"\r\n", AnswerOfTooManyParts, "500 header lines"),
        (b"HTTP/1.1 200 OK\r\nA: b\r\n" + b" c\r\n" * 500 + b"\r\n", AnswerOfTooManyParts, "500 header lines"),
        (b"HTTP/1.1 200 OK\r\n" + b"Set-Cookie: a=b\r\n" * 600, AnswerOfTooManyParts, "500 header lines"),
        (
            b"HTTP/1.1 100 Continue\r\n\r\n" * 21 + b"HTTP/1.1 200 OK\r\n\r\n",
            AnswerOfTooManyParts,
            "20 interim answers",
        ),
        (CHUNKED_HEAD + b"1\r\na\r\n" * 100_001, AnswerOfTooManyParts, "100000 chunks"),
        (CHUNKED_HEAD + b"0\r\n" + b"a: b\r\n" * 501 + b"\r\n", AnswerOfTooManyParts, "500 trailer lines"),
        (CHUNKED_HEAD + b"0\r\n" + b"a: b\r\n" * 50_000, MalformedResponse, "."),
        (CHUNKED_HEAD + b"1;" + b"x" * 20_000, MalformedResponse, "."),
        (b"\r\n" * 50_000, MalformedResponse, "head of more than"),
    ],
    ids=["lines", "folds", "cookies", "interim", "chunks", "trailers", "endless trailers", "extension", "blank lines"],
)
def test_answer_of_too_many_parts_is_refused_by_name(data: bytes, error: type[Exception], cause: str) -> None:
    """Whatever can be repeated within the limit on bytes has a limit of its own."""
    sender = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_LINE_BYTES)
    sender.send(h11.Request(method="GET", target="/", headers=[("Host", "x")]))
    sender.send(h11.EndOfMessage())
    with pytest.raises(error, match=cause):
        drained(ResponseParser(sender, "GET", max_head=65_536, max_body=0), data)

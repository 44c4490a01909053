"""The response parser: it does not matter in which pieces the bytes arrive."""

from __future__ import annotations

import random

import h11
import pytest

from crawler.http.response_parser import BodyOverLimit, MalformedResponse, ResponseParser, ResponseTruncated
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
    except (MalformedResponse, ResponseTruncated, BodyOverLimit):
        pass
    assert bytes(one.raw) in bytes(data)

"""Decoding on the event loop: what is long goes on in a thread, and everything else goes on meanwhile."""

from __future__ import annotations

import asyncio
import gzip
import threading

import pytest

from crawler.http import body_decoder
from crawler.http.body_decoder import INLINE_STEPS, decoded
from pipelines.warc.content_codings import OUTPUT_STEP_BYTES, DecodedTooLarge, Decoding, TooManyCodingParts

GZIP = [(b"Content-Encoding", b"gzip")]


def test_page_of_usual_size_is_decoded_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the thread."""
    monkeypatch.setattr(body_decoder, "THREADS", None)
    assert asyncio.run(decoded(GZIP, gzip.compress(b"page" * 50_000), 1 << 30)) == b"page" * 50_000


def test_loop_takes_few_steps_of_large_body_and_thread_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted in steps, which are bounded in bytes."""
    taken: dict[str, int] = {}
    steps_of = body_decoder.decode_steps

    def counted(*arguments: object) -> Decoding:
        steps = steps_of(*arguments)  # type: ignore[arg-type]
        while True:
            name = threading.current_thread().name.partition("_")[0]
            taken[name] = taken.get(name, 0) + 1
            try:
                yield next(steps)
            except StopIteration as done:
                return done.value

    monkeypatch.setattr(body_decoder, "decode_steps", counted)
    rooms: list[int] = []

    async def make_room(size: int) -> None:
        rooms.append(size)

    body = bytes(100 * OUTPUT_STEP_BYTES)
    assert asyncio.run(decoded(GZIP, gzip.compress(body), 1 << 30, make_room)) == body
    assert taken["MainThread"] <= INLINE_STEPS
    assert taken["decoder"] > 50
    assert rooms == sorted(rooms)


@pytest.mark.parametrize(
    ("body", "error"),
    [(gzip.compress(bytes(30_000_000)), DecodedTooLarge), (gzip.compress(b"") * 20_000, TooManyCodingParts)],
    ids=["bomb", "members"],
)
def test_body_over_limit_is_refused_after_a_thread_went_on(body: bytes, error: type[Exception]) -> None:
    """Limits hold in the thread, and their errors reach the caller."""
    with pytest.raises(error):
        asyncio.run(decoded(GZIP, body, 20_000_000))

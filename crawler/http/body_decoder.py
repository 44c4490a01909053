"""Undo the content codings of an answer on an event loop: a hostile body must not make everything else wait.

Most pages are decoded at once, in a millisecond. What takes longer goes on in a thread, a few steps at a time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from crawler.http.outcome import MakeRoom, unlimited_room
from pipelines.warc.content_codings import Decoding, decode_steps

ACCEPT_ENCODING = b"gzip, deflate, br, zstd"  # RFC 9110 section 12.5.3; what `decode_steps` can undo
INLINE_STEPS = 16  # steps on the event loop: about a megabyte, or as many members
THREAD_STEPS = 64  # steps in the thread before the budget of bodies is asked again
THREADS = ThreadPoolExecutor(max_workers=2, thread_name_prefix="decoder")


async def decoded(
    headers: Iterable[tuple[bytes, bytes]], body: bytes, limit: int, make_room: MakeRoom = unlimited_room
) -> bytes:
    """Return `body` without its content codings, as `content_decoded` does. Raise DecodingRefused.

    `make_room(size)` is awaited as the decoded body grows.
    """
    steps = decode_steps(headers, body, limit)
    held, result = _advance(steps, INLINE_STEPS)
    while result is None:
        await make_room(held)
        held, result = await asyncio.get_running_loop().run_in_executor(THREADS, _advance, steps, THREAD_STEPS)
    return result


def _advance(steps: Decoding, number: int) -> tuple[int, bytes | None]:
    """Take so many steps; return the bytes held, and the body if it is done."""
    held = 0
    for _ in range(number):
        try:
            held = next(steps)
        except StopIteration as done:
            return held, done.value
    return held, None

"""Send a page while the archive is still asked: first what is known, then words about what is awaited, then that.

A template marks where its page may be sent up to (`{{ flush }}`), and calls the functions among its values where it
needs what takes time. What a page has after its first byte can no longer change its status, so an error is told in it.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Protocol, TypeVar

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import ContentStream, Response, StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from exports.web.rendering import parts
from exports.web.served_archive import AnswerTime
from pipelines.core.errors import MorgueError

T = TypeVar("T")
MAX_FINDING = 16  # pages that are searched for or counted at the same time
PATIENCE_SECONDS = 0.15  # after which a page begins without its first answer


class PageWork(Protocol):
    """Find what a page shows."""

    left: AnswerTime
    ready: bool  # `find` is done
    error: MorgueError | None  # that `find` ended with after the page had begun

    def find(self) -> None:
        """Find what the page begins with. Raises MorgueError."""


class Turns:
    """Limit how many threads make pages: others, such as those of articles, have threads of their own."""

    def __init__(self) -> None:
        self.finding = CapacityLimiter(MAX_FINDING)  # what pages begin with
        # What follows: with one thread for each core, pages that begin have their share of the processor.
        self.counting = CapacityLimiter(max(os.cpu_count() or 1, 2))


async def streamed(request: Request, template: str, work: PageWork, turns: Turns) -> Response:
    """Answer with a page that begins when the finding of `work` is done, or soon. Raises what ends that at once."""
    finding = asyncio.ensure_future(_in_thread(work.find, turns.finding))
    finding.add_done_callback(lambda done: done.cancelled() or done.exception())  # nobody may ask for it any more
    await asyncio.wait({finding}, timeout=PATIENCE_SECONDS)
    if finding.done():
        finding.result()
    rendered = parts(request, template, {"work": work})
    pieces = iter(()) if request.method == "HEAD" else _bytes(rendered, finding, work, turns)
    return StreamedResponse(pieces, work.left.stop, media_type="text/html")


class StreamedResponse(StreamingResponse):
    """Send a body that is made meanwhile. `stop` is called when it is sent, or when its reader goes away."""

    def __init__(self, content: ContentStream, stop: Callable[[], None], **options: Any) -> None:
        super().__init__(content, **options)
        self._stop = stop

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI 3)."""

        async def watched() -> Message:
            message = await receive()
            if message["type"] == "http.disconnect":
                self._stop()  # also while the archive is still asked, before the first piece
            return message

        try:
            await super().__call__(scope, watched, send)
        finally:  # not in the generator of the body: if its reader goes away, nobody takes it to its end
            self._stop()


async def _bytes(
    rendered: Iterator[bytes], finding: asyncio.Future[None], work: PageWork, turns: Turns
) -> AsyncIterator[bytes]:
    """Yield the page."""
    if not finding.done():
        yield next(rendered)  # takes no answer
        try:
            await finding
        except MorgueError as error:
            work.error = error
    while (piece := await _in_thread(lambda: next(rendered, None), turns.counting)) is not None:
        yield piece


async def _in_thread(task: Callable[[], T], limiter: CapacityLimiter) -> T:
    return await run_sync(task, abandon_on_cancel=True, limiter=limiter)

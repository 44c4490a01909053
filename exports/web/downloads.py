"""Stream the articles of a search as a dataset, or their captures as WACZ: formats of `morgue export`, as one file.

A WACZ is written from front to back as to a pipe, so that no file waits for its end on a disk.
"""

from __future__ import annotations

import io
import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from queue import Empty, Full, Queue
from typing import BinaryIO, TypeAlias, cast

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from exports import ArticleFormat, columns_read, dataset, is_capture_format, load_format
from exports.python_api.archive import Archive
from exports.selected_rows import ArticleRows, RowSelection
from exports.web.replay import page_packages
from exports.web.search_address import SearchAddress
from exports.web.served_archive import ServedArchive
from exports.web.streaming import StreamedResponse
from pipelines.core.errors import ArchiveLocked, MorgueError, NotFound
from pipelines.core.terminal import plain
from pipelines.core.timestamps import now, stamp
from pipelines.database.shards.databases import Database, shards_of

logger = logging.getLogger("morgue.exports")

FORMATS = ("csv", "jsonl", "parquet", "wacz")
FILE_STEM = "articles"
MAX_AT_ONCE = 2
PIECE_BYTES = 1 << 16
MAX_WAITING_PIECES = 16
SECONDS_WITHOUT_READER = 30.0
STEPS_BETWEEN_LOOKS = 20_000  # of SQLite's machine, about a millisecond

Write: TypeAlias = Callable[[Archive, BinaryIO], None]


class Downloads:
    """Let a few readers export at the same time."""

    def __init__(self, archive: ServedArchive) -> None:
        self.archive = archive
        self._pipes: set[_Pipe] = set()  # of the exports that run
        self._free = threading.BoundedSemaphore(MAX_AT_ONCE)
        self._writers = ThreadPoolExecutor(MAX_AT_ONCE, "export")

    def answer(self, request: Request) -> Response:
        """Answer /export/articles.FORMAT. Raises QueryError, NotFound, ConfigError (an extra is missing)."""
        name = request.path_params["form"]
        if name not in FORMATS:
            raise NotFound(f"format {name}", "is none of the formats of a download", f"say {', '.join(FORMATS)}")
        form = load_format(name)
        asked = SearchAddress.read(request.query_params.multi_items())
        write = _captures(asked) if is_capture_format(form) else _rows(cast(ArticleFormat, form), asked)
        self.archive.ask(asked.articles)  # Raises if it cannot be asked for this.
        if name == "parquet":
            from exports.extras import load_extra

            load_extra("pyarrow", "parquet")
        headers = {"content-disposition": f'attachment; filename="{asked.file_stem(stamp(now())[:10])}{form.suffix}"'}
        if request.method == "HEAD":
            return Response(None, headers=headers, media_type=form.media_type)
        if not self._free.acquire(blocking=False):
            cause = f"{MAX_AT_ONCE} exports are running, and no more may run at the same time"
            raise ArchiveLocked("export", cause, "try again in a minute, or use `morgue export`")
        pipe = _Pipe()
        self._pipes.add(pipe)
        self._writers.submit(self._run, write, pipe)
        return ExportResponse(pipe.read(), pipe.stop, media_type=form.media_type, headers=headers)

    def stop(self) -> None:
        """End all exports."""
        for pipe in list(self._pipes):
            pipe.stop()

    def _run(self, write: Write, pipe: _Pipe) -> None:
        """Write a file into a pipe. It ends when nobody takes its pieces."""
        try:
            with self.archive.told(), self.archive.opened() as archive, pipe.stopping(archive.database):
                write(archive, cast(io.BufferedWriter, pipe))
            pipe.finish()
        except BrokenPipeError:
            return  # the reader went away
        except Exception as error:  # noqa: BLE001 it is raised where the pieces are read
            with suppress(BrokenPipeError):
                pipe.finish(error)
        finally:
            pipe.stop()
            self._pipes.discard(pipe)
            self._free.release()


class ExportResponse(StreamedResponse):
    """Answer with what comes out of a pipe.

    An error before the first piece is raised, and answered as that of any page. After it the status is sent: if the
    file cannot be written to its end, the connection is cut, so that nobody takes it for whole.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI 3)."""
        held: list[Message] = []

        async def send_with_a_piece(message: Message) -> None:
            if message["type"] == "http.response.start":
                held.append(message)
                return
            while held:
                await send(held.pop())
            await send(message)

        try:
            await super().__call__(scope, receive, send_with_a_piece)
        except (MorgueError, BrokenPipeError) as error:
            if held and isinstance(error, MorgueError):
                raise
            if held:
                raise MorgueError("this export", "ended, because the server stops", "ask again later") from error
            logger.error("an export was cut: %(why)s", {"why": " ".join(plain(error).split())})


def _rows(form: ArticleFormat, asked: SearchAddress) -> Write:
    """Return what writes the articles of a search as a dataset."""
    columns = list(dataset.columns())
    selection = RowSelection(asked.filters(), asked.words(), columns=columns_read(form, columns))

    def write(archive: Archive, out: BinaryIO) -> None:
        for _, part in ArticleRows(archive, selection).parts():
            form.write(part, out, columns)

    return write


def _captures(asked: SearchAddress) -> Write:
    """Return what writes the captures of a search as WACZ."""
    wanted = page_packages.captures_of(asked)

    def write(archive: Archive, out: BinaryIO) -> None:
        about = page_packages.described(archive, wanted, stamp(now())) | {"name": FILE_STEM}
        page_packages.write_search(archive, wanted, out, about)

    return write


class _Pipe(io.RawIOBase):
    """Take bytes from one thread and give them to another, a bounded number at a time."""

    def __init__(self) -> None:
        super().__init__()
        self._queue: Queue[bytes | BaseException | None] = Queue(MAX_WAITING_PIECES)
        self._buffer = bytearray()
        self._stopped = threading.Event()
        self._written = 0

    def writable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the number of bytes written."""
        return self._written

    def write(self, data) -> int:
        """Take bytes. Raises BrokenPipeError if nobody reads."""
        self._buffer += data
        self._written += len(data)
        if len(self._buffer) >= PIECE_BYTES:
            self._put(bytes(self._buffer))
            self._buffer.clear()
        return len(data)

    def flush(self) -> None:
        """Do nothing: a piece is given when it is large enough."""

    def finish(self, error: BaseException | None = None) -> None:
        """Give the last piece, and an error if there was one."""
        if self._buffer and error is None:
            self._put(bytes(self._buffer))
        self._put(error)

    def _put(self, piece: bytes | BaseException | None) -> None:
        waited = 0.0
        while not self._stopped.is_set():
            with suppress(Full):
                self._queue.put(piece, timeout=1)
                return
            waited += 1
            if waited > SECONDS_WITHOUT_READER:
                break
        raise BrokenPipeError

    def read(self) -> Iterator[bytes]:  # type: ignore[override]
        """Yield the pieces. Raises what ended the writing, BrokenPipeError if the reader was too slow."""
        while True:
            try:
                piece = self._queue.get(timeout=1)
            except Empty:
                if self._stopped.is_set() and self._queue.empty():
                    raise BrokenPipeError("its reader took too long, or the server stops") from None
                continue
            if piece is None:
                return
            if isinstance(piece, BaseException):
                raise piece
            yield piece

    def stop(self) -> None:
        """Tell both ends that no more comes, or that nobody reads."""
        self._stopped.set()

    @contextmanager
    def stopping(self, db: Database) -> Iterator[None]:
        """End what the database is asked for as soon as nobody reads."""
        for connection in shards_of(db):
            connection.set_progress_handler(self._stopped.is_set, STEPS_BETWEEN_LOOKS)
        try:
            yield
        finally:
            for connection in shards_of(db):
                connection.set_progress_handler(None, 0)

"""Stream the articles of a search as a dataset: the formats of `morgue export` that are one file."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from queue import Full, Queue
from typing import cast

from starlette.requests import Request
from starlette.responses import Response

from exports import ArticleFormat, columns_read, dataset, load_format
from exports.python_api.archive import Archive
from exports.selected_rows import ArticleRows, RowSelection
from exports.web.search_address import SearchAddress
from exports.web.served_archive import ServedArchive
from exports.web.streaming import StreamedResponse
from pipelines.core.errors import ArchiveLocked, NotFound

FORMATS = ("csv", "jsonl", "parquet")
MAX_AT_ONCE = 2
PIECE_BYTES = 1 << 16
MAX_WAITING_PIECES = 16
SECONDS_WITHOUT_READER = 30.0


class Downloads:
    """Let a few readers export at the same time."""

    def __init__(self, archive: ServedArchive) -> None:
        self.archive = archive
        self._free = threading.BoundedSemaphore(MAX_AT_ONCE)
        self._writers = ThreadPoolExecutor(MAX_AT_ONCE, "export")

    def answer(self, request: Request) -> Response:
        """Answer /export/articles.FORMAT. Raises QueryError, NotFound, ConfigError (an extra is missing)."""
        name = request.path_params["form"]
        if name not in FORMATS:
            raise NotFound(f"format {name}", "is none of the formats of a download", f"say {', '.join(FORMATS)}")
        form = cast(ArticleFormat, load_format(name))
        asked = SearchAddress.read(request.query_params.multi_items())
        columns = list(dataset.columns())
        selection = RowSelection(asked.filters(), asked.words(), columns=columns_read(form, columns))
        archive = self.archive.ask(lambda archive: _checked(archive, asked))
        if name == "parquet":
            from exports.extras import load_extra

            load_extra("pyarrow", "parquet")
        if not self._free.acquire(blocking=False):
            cause = f"{MAX_AT_ONCE} exports are running, and no more may run at the same time"
            raise ArchiveLocked("export", cause, "try again in a minute, or use `morgue export`")
        headers = {"content-disposition": f'attachment; filename="articles{form.suffix}"'}
        pipe = self._written(archive, form, selection, columns)
        return StreamedResponse(pipe.read(), pipe.stop, media_type=form.media_type, headers=headers)

    def _written(self, archive: Archive, form: ArticleFormat, selection: RowSelection, columns: list[str]) -> _Pipe:
        """Return the file as it is written. Its rows are read in a thread, which ends when nobody takes its pieces."""
        pipe = _Pipe()

        def write() -> None:
            try:
                rows = ArticleRows(archive.connection, archive.warc_storage, selection)
                for _, part in rows.parts():
                    form.write(part, cast(io.BufferedWriter, pipe), columns)
                pipe.finish()
            except BrokenPipeError:
                return  # the reader went away
            except Exception as error:  # noqa: BLE001 it is raised where the pieces are read
                pipe.finish(error)
            finally:
                self._free.release()

        self._writers.submit(write)
        return pipe


def _checked(archive: Archive, asked: SearchAddress) -> Archive:
    """Return the archive, if it can be asked for this. Raises QueryError, NotFound (of the source)."""
    asked.articles(archive)
    return archive


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
        """Yield the pieces. Raises what ended the writing."""
        while (piece := self._queue.get()) is not None:
            if isinstance(piece, BaseException):
                raise piece
            yield piece

    def stop(self) -> None:
        """Tell the writer that nobody reads."""
        self._stopped.set()

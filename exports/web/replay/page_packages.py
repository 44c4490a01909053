"""Pack captures as WACZ: those of a search, and those of one page for a program that shows it with its scripts."""

from __future__ import annotations

import hashlib
import hmac
import io
import secrets
import threading
from collections import OrderedDict
from contextlib import closing
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from typing import Any, BinaryIO

from exports.fleet.captures import selected_captures
from exports.formats import to_wacz
from exports.python_api.archive import Archive
from exports.web.search_address import SearchAddress
from pipelines.core.errors import NotFound, QueryError
from pipelines.database import queries
from pipelines.database.connection import Row
from pipelines.database.filters import ArticleFilters
from pipelines.selection.captures import CaptureFilter, CaptureSelection

MAX_PAGE_BYTES = 64 << 20  # of the captures of one page that are packed in memory
MAX_KEPT_BYTES = 128 << 20  # of packages that are kept, so that each is made once
KEY_CHARS = 32


def captures_of(asked: SearchAddress) -> CaptureFilter:
    """Return the filter for the captures of a search: of its articles, or of all that the archive has.

    Raises QueryError.
    """
    return CaptureFilter(asked.filters(), asked.words(), by_publication=True)


def described(archive: Archive, wanted: CaptureFilter, created: str) -> dict[str, Any]:
    """Return what a package says of itself, as `morgue export` says it."""
    try:
        ours = version("newsmorgue")
    except PackageNotFoundError:  # run from a checkout that was never installed
        ours = "unreleased"
    filters = {name: list(value) if isinstance(value, tuple) else value
               for name, value in asdict(wanted.filters).items()}  # fmt: skip
    return {"software": f"newsmorgue {ours}", "created": created, "archive": archive.path.name,
            "query": wanted.query, "filters": filters | {"url": list(wanted.urls)}}  # fmt: skip


class PagePackages:
    """Make a WACZ of the captures that a page has on one day, and of its parts.

    Its name ends in a key, which nobody can guess: a script of an archived page could otherwise read all others.
    """

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def key(self, number: int) -> str:
        """Return the key of a capture's package."""
        return hmac.new(self._secret, str(number).encode(), hashlib.sha256).hexdigest()[:KEY_CHARS]

    def knows(self, number: int, key: str) -> bool:
        """Return True if the key is that of this capture."""
        return hmac.compare_digest(self.key(number).encode(), key.encode("utf-8", "replace"))

    def current(self, archive: Archive, number: int) -> tuple[str, Row]:
        """Return the name of the package of a capture, and the capture. What has come in since makes a new package.

        Raises NotFound, QueryError (too large).
        """
        row = queries.capture(archive.database, number)
        if row["url"].endswith("*"):  # a filter takes it for all addresses that begin so
            raise NotFound(row["url"], "an address that ends in * cannot be packed", "look at it without scripts")
        day = row["captured"][:10]
        wanted = CaptureFilter(ArticleFilters(since=day, until=day), urls=(row["url"],))
        shard = archive.shard_of(row)
        with closing(CaptureSelection(shard.connection, shard.warc_storage, wanted)) as selection:
            if selection.bytes > MAX_PAGE_BYTES:
                cause = (
                    f"has {selection.bytes:,} bytes of captures and parts, and at most {MAX_PAGE_BYTES:,} are packed"
                )
                raise QueryError(
                    row["url"], cause, "use `morgue export wacz --url`, and open the file in replayweb.page"
                )
            name = f"{number}-{selection.count}-{self.key(number)}"
            with self._lock:
                if name not in self._kept:
                    about = described(archive, wanted, selection.last or row["captured"])
                    out = io.BytesIO()
                    to_wacz.pack(selection, out, about | {"name": f"capture-{number}"})
                    self._keep(name, out.getvalue())
        return name, row

    def _keep(self, name: str, data: bytes) -> None:
        self._kept[name] = data
        while len(self._kept) > 1 and sum(map(len, self._kept.values())) > MAX_KEPT_BYTES:
            self._kept.popitem(last=False)

    def get(self, name: str) -> bytes | None:
        """Return a package that is kept."""
        with self._lock:
            if name in self._kept:
                self._kept.move_to_end(name)
            return self._kept.get(name)


def write_search(archive: Archive, wanted: CaptureFilter, out: BinaryIO, about: dict[str, Any]) -> None:
    """Write the package of a search. Raises what `out` raises, and MorgueErrors."""
    with selected_captures(archive, wanted) as selection:
        to_wacz.pack(selection, out, about)

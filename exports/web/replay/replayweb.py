"""Answer on a third origin, where replayweb.page of the user shows one captured page with its scripts.

What runs there is a stranger's, so nothing else is here: two files of the user's, a page that starts them, and packages
whose names nobody can guess. The view shows it in a frame that may not leave its place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from exports.web import memento
from exports.web.origins import Origins
from exports.web.replay.page_packages import PagePackages
from exports.web.served_archive import ServedArchive
from pipelines.core.errors import ConfigError, MorgueError, os_errors
from pipelines.core.input_files import open_input

SCRIPTS = ("ui.js", "sw.js")
MAX_SCRIPT_BYTES = 32 << 20
# Started without its chrome; the address after # says what is shown.
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>replayweb.page</title><script src="ui.js"></script></head>
<body><replay-app-main></replay-app-main></body></html>
"""
RANGE = re.compile(r"bytes=(\d*)-(\d*)")


@dataclass(frozen=True, slots=True)
class ReplayWeb:
    """Hold the files of replayweb.page that the user installed."""

    scripts: Mapping[str, bytes]

    @classmethod
    def read(cls, folder: Path) -> ReplayWeb:
        """Return what is in a folder. Raises ConfigError."""
        missing = [name for name in SCRIPTS if not (folder / name).is_file()]
        if missing:
            cause = f"has no {' and no '.join(missing)}, so replayweb.page is not installed there"
            cure = "`npm install replaywebpage` makes node_modules/replaywebpage, which has both: name that folder"
            raise ConfigError(f"--replayweb {folder}", cause, cure)
        found = {}
        for name in SCRIPTS:
            with os_errors(str(folder / name)), open_input(folder / name) as file:
                found[name] = file.read(MAX_SCRIPT_BYTES)
        return cls(found)


def headers(origins: Origins, name: str) -> dict[str, str]:
    """Return what every answer says. `name`: by which a reader reaches us.

    Of the worker (sw.js) it says that it may ask nobody but this origin, so that what is not in the package is missing.
    """
    return {
        "content-security-policy": (
            "default-src 'none'; script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
            "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' data:; worker-src 'self'; "
            f"frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self' {origins.of_view(name)}"
        ),
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cache-control": "no-store",
        "cross-origin-resource-policy": "same-origin",
    }


class ReplayWebApp:
    """Answer for the captures of one archive."""

    def __init__(self, archive: ServedArchive, packages: PagePackages, scripts: ReplayWeb) -> None:
        self.archive, self.packages, self.scripts = archive, packages, scripts

    def app(self) -> Starlette:
        """Return the application."""
        return Starlette(routes=[
            Route("/open/{key}/{number:int}", self.open), Route("/packages/{name}.wacz", self.package),
            Route("/replay/page", self.page), Route("/replay/{name}", self.script),
        ])  # fmt: skip

    def open(self, request: Request) -> Response:
        """Make the package of a capture, and lead to the page that shows it."""
        number = request.path_params["number"]
        if not self.packages.knows(number, request.path_params["key"]):
            return _text("This address was made by another run of the view. Go back, and open the page again.", 404)
        try:
            name, row = self.archive.ask(lambda archive: self.packages.current(archive, number))
        except MorgueError as error:
            return _text(str(error), 404)
        source = f"{memento.base_of(request)}/packages/{name}.wacz"
        asked = urlencode({"source": source, "embed": "replayonly"})
        shown = urlencode({"view": "replay", "url": row["url"], "ts": memento.stamp_14(row["captured"])})
        return RedirectResponse(f"/replay/page?{asked}#{shown}", 302)

    def page(self, request: Request) -> Response:
        """Answer with the page that starts replayweb.page."""
        return Response(PAGE, media_type="text/html")

    def script(self, request: Request) -> Response:
        """Answer with a file that the user installed."""
        found = self.scripts.scripts.get(request.path_params["name"])
        return Response(found, media_type="text/javascript") if found is not None else _text("Not here.", 404)

    def package(self, request: Request) -> Response:
        """Answer with a package, or a part of it (RFC 9110, 14): replayweb.page reads it in parts."""
        data = self.packages.get(request.path_params["name"])
        if data is None:
            return _text("This package is no longer kept. Open the page again.", 404)
        sent = {"accept-ranges": "bytes"}
        wanted = RANGE.fullmatch(request.headers.get("range", ""))
        if wanted is None or wanted.groups() == ("", ""):
            return Response(data, headers=sent, media_type="application/wacz")
        first, last = _ends(wanted[1], wanted[2], len(data))
        if first > last:
            return Response(status_code=416, headers=sent | {"content-range": f"bytes */{len(data)}"})
        sent["content-range"] = f"bytes {first}-{last}/{len(data)}"
        return Response(data[first : last + 1], 206, sent, "application/wacz")


def _ends(first: str, last: str, size: int) -> tuple[int, int]:
    """Return the first and the last byte that a Range asks for."""
    if not first:
        return max(size - int(last), 0), size - 1
    return int(first), min(int(last or size), size - 1)


def _text(text: str, status: int) -> Response:
    return Response(text, status, media_type="text/plain; charset=utf-8")

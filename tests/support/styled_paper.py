"""Serve one page with all that readers see of it: style sheets, pictures of several sizes, a font, a redirect.

The address of each part is written in another way: relative, absolute, from the root, in `srcset`, in a style sheet
that another one imports.
"""

from __future__ import annotations

import socket
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.support.command import LOOPBACK, morgue
from tests.support.journal_server import NOT_FOUND, Resource, serving

RED, GREEN, BLUE, GOLD = (200, 40, 40), (30, 140, 70), (40, 70, 190), (220, 180, 40)
PAGE_PATH = "/2026/11/a-lamp-for-the-pier/"
TEXT = (
    "The lamp on the pier was lit again on Monday, after eleven years in which the harbour relied on the moon.",
    "The keeper said that nobody had asked him, and that he had bought the oil himself at the shop by the bridge.",
    "The council will decide on Thursday who pays for the wick. Two members have already said that it is not them.",
)
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>A lamp for the pier</title>
<meta property="og:type" content="article"><meta property="article:published_time" content="2026-11-23T08:00:00Z">
<link rel="stylesheet" href="../../../css/site.css?v=3"><link rel="icon" href="/favicon.png">
<style>.inline {{ background: url("/img/gold.png") repeat; height: 40px }}</style>
<script>document.title = "changed by a script"; document.querySelector("h1").textContent = "RUN BY A SCRIPT"</script>
</head><body onload="document.body.style.background='red'">
<h1>A lamp for the pier</h1>
<figure><img src="//{host}/img/red.png" alt="The pier" width="200" height="100"></figure>
<article>{text}
<img src="/img/small.png" srcset="/img/small.png 1x, /img/green.png 2x" alt="The keeper" width="200" height="100">
<p><a href="/2026/11/the-other-story/">The other story</a> <a href="javascript:alert(1)">more</a></p></article>
<div class="inline"></div><div class="banner" style="background:url(../../../img/blue.png)"></div>
<img src="/moved.png" alt="moved" width="50" height="50">
<img src="/img/never-there.png" alt="gone" width="50" height="50">
</body></html>
"""
FRONT = f'<!doctype html><title>The Pier</title><h1>The Pier</h1><a href="{PAGE_PATH}">A lamp for the pier is lit</a>'
STYLE = """@import "parts/type.css";
body { margin: 20px; background: #f4efe4 } h1 { color: rgb(40, 70, 190) }
.banner { height: 60px; width: 300px }
/* url(/img/in-a-comment.png) */
"""
TYPE = """@font-face { font-family: Pier; src: url('../../fonts/pier.ttf') }
body { font: 20px/1.5 Pier, serif }
"""


class StyledPaper(NamedTuple):
    """Hold where the page is, and the addresses of all its parts that there are."""

    url: str
    parts: tuple[str, ...]

    @property
    def front(self) -> str:
        """Return the address of the front page, which leads to the page."""
        return self.url.removesuffix(PAGE_PATH) + "/"


def png(colour: tuple[int, int, int], size: int = 20) -> bytes:
    """Return a picture of one colour."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack("!I", len(data)) + name + data + struct.pack("!I", zlib.crc32(name + data))

    head = struct.pack("!IIBBBBB", size, size, 8, 2, 0, 0, 0)
    rows = (b"\0" + bytes(colour) * size) * size
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def free_port() -> int:
    """Return a port that nobody has, so that a page can name it."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        return int(door.getsockname()[1])


def font() -> bytes:
    """Return a font file: one that matplotlib brings."""
    import matplotlib

    return (Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSerif-Italic.ttf").read_bytes()


def archive_styled(archive: Path, paper: StyledPaper) -> None:
    """Crawl the page and all its parts into an archive."""
    listed = "\n".join((paper.url, *paper.parts))
    done = morgue("-C", archive, "crawl", *LOOPBACK, "--urls", "-", stdin=listed)
    assert done.returncode in (0, 1), done.stderr  # 1: a part is not there


@contextmanager
def styled_paper() -> Iterator[StyledPaper]:
    """Serve the page on loopback while the block runs."""
    pictures = {"red": RED, "green": GREEN, "blue": BLUE, "gold": GOLD, "small": GREEN}
    sheets = {"/css/site.css?v=3": STYLE, "/css/parts/type.css": TYPE}
    port = free_port()
    found = {f"/img/{name}.png": Resource(png(colour), "image/png") for name, colour in pictures.items()}
    found |= {path: Resource(text.encode(), "text/css") for path, text in sheets.items()}
    found["/favicon.png"] = Resource(png(BLUE), "image/png")
    found["/fonts/pier.ttf"] = Resource(font(), "font/ttf")
    found["/moved.png"] = Resource(b"", status=301, location="/img/gold.png")

    def resolve(_scheme: str, _host: str, target: str) -> Resource:
        if target == PAGE_PATH:
            text = "".join(f"<p>{line}</p>" for line in TEXT)
            return Resource(PAGE.format(host=f"127.0.0.1:{port}", text=text).encode())
        return Resource(FRONT.encode()) if target == "/" else found.get(target, NOT_FOUND)

    with serving(resolve, port=port):
        origin = f"http://127.0.0.1:{port}"
        yield StyledPaper(origin + PAGE_PATH, tuple(origin + path for path in found))

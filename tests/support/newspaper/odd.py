"""Make pages that answer 200 and are broken all the same, and the redirects that a paper collects over the years."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

from .edition import BASE, Edition
from .markup import text
from .page import HTML, Page, moved

#: Where addresses moved to: relative, absolute, in two steps, and in a circle.
REDIRECTS = {
    "/2019/05/old-slug.html": ("/2019/05/crane-that-came-home/", 301),
    "/go/crane": ("/2019/05/old-slug.html", 302),
    "/loop-a": ("/loop-b", 302),
    "/loop-b": ("/loop-a", 302),
    "/politics": ("/politics/", 301),
    "/rss": (f"{BASE}/feed.xml", 308),
}

LANTERN = (
    "The lamplighter of Quay Street retired on Friday after fifty-one years, and the café on the corner – "
    "where he drank his coffee before each round – gave him the cup.",
    "“I never counted the lamps,” said Émile Garçon, 70. “The cup I counted: it is £3 of china and it never broke.”",
)
TIDE_TABLES = (
    "Señora Muñoz has drawn the tide tables of Port Selby by hand since 1988, in ink, on the back of old sea charts.",
    "Her successor is a program. She has checked its first year and found four mistakes, all in the month "
    "of März, as her German grandmother used to write it.",
)
WELL = (
    "At the bottom of two hundred boxes lies one sentence about the old well behind the chandlery, which "
    "was found dry.",
)
TORN = (
    "The printing house lost power at twenty past four on Tuesday, half-way through the second run of the "
    "weekend edition.",
    "Nobody was hurt. The press stopped in the middle of a sentence about the",
)


@dataclass(frozen=True)
class Oddity:
    """Hold one odd page: what it serves, why it is here, and the text that a patient reader could still get from it."""

    why: str
    page: Page
    text: str | None = None  # paragraphs joined by newline; None: there is nothing to read


def png(width: int = 64, height: int = 40) -> bytes:
    """Return a small grey picture: a real PNG file (RFC 2083), the same bytes each time."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + bytes((x * 4 + y * 3) % 256 for x in range(width)) for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")


def _small(title: str, paragraphs: tuple[str, ...], charset: str) -> str:
    body = "\n".join(f"<p>{text(words)}</p>" for words in paragraphs)
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="{charset}"><title>{title}</title></head>\n'
        f"<body><article><h1>{title}</h1>\n{body}\n</article></body></html>\n"
    )


def _consent() -> bytes:
    return (
        b'<!DOCTYPE html>\n<html lang="en"><head><title>Before you continue</title></head><body>\n'
        b"<h1>Before you continue to The Harbour Gazette</h1>\n<p>We value your privacy. We and our 842 "
        b"partners store "
        b"and access information on your device to personalise content and to measure our audience.</p>\n"
        b'<form method="post" action="/consent"><button>Accept all</button><button>Manage '
        b"options</button></form>\n"
        b"</body></html>\n"
    )


def _nest() -> bytes:
    return (
        _small("The bottom of the well", (), "utf-8")
        .replace("\n\n</article>", "\n" + "<div>" * 200 + f"<p>{WELL[0]}</p>" + "</div>" * 200 + "\n</article>")
        .encode()
    )


ODDITIES: dict[str, Oddity] = {
    "/odd/empty.html": Oddity("200 and not one byte", Page(b"", compress=False)),
    "/odd/windows-1252.html": Oddity(
        "the header says utf-8, the bytes are windows-1252",
        Page(_small("The last lamplighter", LANTERN, "windows-1252").encode("windows-1252")),
        "\n".join(LANTERN),
    ),
    "/odd/wrong-meta.html": Oddity(
        "the header says nothing, the meta element says iso-8859-2, the bytes are utf-8",
        Page(_small("Tide tables by hand", TIDE_TABLES, "iso-8859-2").encode(), "text/html"),
        "\n".join(TIDE_TABLES),
    ),
    "/odd/picture.html": Oddity("a PNG served as text/html", Page(png(), HTML, compress=False)),
    "/odd/noise.html": Oddity(
        "bytes of no kind served as text/html",
        Page(bytes((n * n * 31 + n * 7) % 256 for n in range(4096)), HTML, compress=False),
    ),
    "/odd/truncated.html": Oddity(
        "the HTML stops in the middle of a sentence; nothing is closed",
        Page(_small("Press stopped by power cut", TORN, "utf-8").partition("about the")[0].encode() + b"about the"),
        "\n".join(TORN),
    ),
    "/odd/consent.html": Oddity("a consent wall where an article was promised", Page(_consent())),
    "/odd/deep.html": Oddity("two hundred divs inside each other", Page(_nest()), "\n".join(WELL)),
    "/odd/no-type": Oddity("no Content-Type at all", Page(b"<p>What am I?</p>\n", content_type="")),
}


def elsewhere(target: str, other_base: str) -> Page:
    """Return the redirect to the paper's other host name."""
    return moved(other_base + target, 302)


def index(edition: Edition) -> str:
    """Return a plain page of links to everything odd, the redirects included."""
    links = [f'<li><a href="{path}">{path}</a>: {text(odd.why)}</li>' for path, odd in ODDITIES.items()]
    links += [f'<li><a href="{path}">{path}</a>: redirect</li>' for path in (*REDIRECTS, "/elsewhere")]
    return (
        "<!DOCTYPE html>\n"
        '<html lang="en"><head><title>Curiosities</title></head><body>\n<h1>Curiosities</h1>\n<ul>\n'
        + "\n".join(links)
        + "\n</ul>\n</body></html>\n"
    )

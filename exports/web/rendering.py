"""Make answers: a page from a template, an object as JSON, an error in the words of the command line.

Templates escape every value. What comes of a page of others is text here, never markup.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from http import HTTPStatus
from importlib.resources import files
from importlib.util import find_spec
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from exports import article_report
from exports.line_kinds import FAMILIES, HEADINGS, KindOfLine, bare_item, cells, lines_of, runs
from pipelines.core.errors import ConfigError, MorgueError, NotFound, QueryError, TakenDown
from pipelines.core.plural import counted
from pipelines.core.terminal import plain
from pipelines.database.clusters.cluster_words import origin
from pipelines.database.edits.word_diff import TextSegment

FOUND_MARKS = ("\ue000", "\ue001")  # private-use characters around the words found, which no article has
# Other errors tell of a state of the archive: it is locked, damaged, or asked for too much.
STATUS = {TakenDown: HTTPStatus.GONE, NotFound: HTTPStatus.NOT_FOUND, QueryError: HTTPStatus.BAD_REQUEST,
          ConfigError: HTTPStatus.NOT_IMPLEMENTED}  # fmt: skip
INSTEAD_OF_COMMANDS = {
    "`morgue search WORDS`": "the search", "`morgue edits`": "the page of edits",
    "leave out --revision": "leave out the revision",
    "`morgue show URL --captures` shows the numbers": "the page of an article lists its captures",
}  # fmt: skip
MAX_LINE_CHARS = 500
JSON_TYPE = "application/json"
JSON_ONLY = "/timemap/json/"
UNSENT = re.compile(r"[<>\s\"\\^`{|}#\x00-\x1f\x7f-\U0010ffff]|/(?=(?:\.|%2[eE]){1,2}(?:[/?]|$))")
ADDRESS_AT_END = ("/replay/", "/timegate/", "/timemap/", "/captures/")  # of the web, which may end in .json
ADDRESS = re.compile(r"https?://\S+|(?:[\w-]+\.)+[\w-]+(?::\d+)?/\S*", re.IGNORECASE)
ISO_TIME = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)T(?P<clock>\d\d:\d\d:\d\d)(?:\.\d+)?(?:Z|[+-]00:00|(?P<offset>[+-]\d\d:\d\d))?", re.ASCII
)
FLUSH = Markup("<!-- flush -->")  # never sent; a value cannot have it, because it is escaped


def page(request: Request, template: str, values: Mapping[str, Any], status: int = 200) -> Response:
    """Return a page of the view."""
    text = ENVIRONMENT.get_template(template).render(_with_place(request, values, has_json=status == 200))
    return HTMLResponse(text.encode("utf-8", "replace"), status)


def parts(request: Request, template: str, values: Mapping[str, Any]) -> Iterator[bytes]:
    """Yield a page of the view up to each `flush` of its template."""
    ready: list[str] = []
    for piece in ENVIRONMENT.get_template(template).generate(_with_place(request, values)):
        if piece == FLUSH:
            yield "".join(ready).encode("utf-8", "replace")
            ready.clear()
        else:
            ready.append(piece)
    yield "".join(ready).encode("utf-8", "replace")


def _with_place(request: Request, values: Mapping[str, Any], *, has_json: bool = True) -> dict[str, Any]:
    """Return the values of a template with what each page says of itself."""
    app = request.scope.get("app")  # None for a page that is made on its own; it has the names of sources
    titles = cache(app.state.source_titles if app else dict)
    return {
        "here": request.url.path,
        "source_titles": titles,
        "json_address": _json_address(request) if has_json else None,
        **values,
    }


def as_json(value: object, status: int = 200) -> Response:
    """Return a value as JSON: the same names and forms as `--format json` of the commands."""
    text = json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n"
    return Response(text.encode("utf-8", "replace"), status, media_type=JSON_TYPE)


def wants_json(request: Request) -> bool:
    """Return True if JSON is asked for: /search.json, not /replay/2026/https://paper.example/data.json."""
    path = request.url.path
    return path.startswith(JSON_ONLY) or (path.endswith(".json") and not path.startswith(ADDRESS_AT_END))


def _json_address(request: Request) -> str:
    """Return where a page is as JSON."""
    path, query = request.url.path, request.url.query
    return ("/search" if path == "/" else path) + ".json" + (f"?{query}" if query else "")


def error_page(request: Request, error: Exception, status: int | None = None) -> Response:
    """Answer an error with subject, cause and next step. `status`: if it does not follow from the error."""
    assert isinstance(error, MorgueError)
    if status is None:
        kinds = (code for kind, code in STATUS.items() if isinstance(error, kind))
        status = int(next(kinds, HTTPStatus.SERVICE_UNAVAILABLE))
    if wants_json(request):
        found = {"subject": error.subject, "cause": error.cause, "next_step": error.cure}
        return as_json({"error": {name: plain(text) for name, text in found.items()}}, status)
    words = request.query_params.get("q", "").strip()
    values = {"error": error, "status": status, "address": words if is_address(words) else None}
    return page(request, "error.html", values, status)


def marked(text: str) -> Markup:
    """Return a passage with the words found in <mark>."""
    line = " ".join(plain(text).split())
    start, end = FOUND_MARKS
    line += end * (line.count(start) > line.count(end))
    return Markup(str(escape(line)).replace(start, "<mark>").replace(end, "</mark>"))  # noqa: S704 escaped before


def shown(value: object) -> str:
    """Return a value without what a browser or a reader could misread: escape codes, controls, directions of text."""
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return ", ".join(map(shown, value))
    return plain(str(value))


@pass_context
def source_shown(context: Context, name: str | None, empty: str = "no source") -> str:
    """Return the title of a source, its name if it has none, and `empty` for no source."""
    return brief(context["source_titles"]().get(name, name) or empty)


def coded(text: str) -> Markup:
    """Return a sentence of ours, with the commands between its backticks as <code>."""
    parts = re.split(r"`([^`]+)`", shown(text))
    return Markup().join(Markup("<code>{}</code>").format(part) if at % 2 else part for at, part in enumerate(parts))


def in_view(text: str) -> str:
    """Return a next step of the commands with what the view has in their place."""
    for command, here in INSTEAD_OF_COMMANDS.items():
        text = text.replace(command, here)
    return text


def sentence(text: str) -> str:
    """Return a clause of an error with a capital and a full stop."""
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?", ":")) else ".")


def time_text(value: str) -> str:
    """Return a text with its times (ISO 8601) for people: 2026-11-30 11:05:13; +01:00 follows if it is not of UTC."""
    return ISO_TIME.sub(lambda found: " ".join(filter(None, found.group("day", "clock", "offset"))), value)


def brief(value: object) -> str:
    """Return a value for a line of a list: `shown`, and cut if it is longer than any headline."""
    text = shown(value)
    return text if len(text) <= MAX_LINE_CHARS else text[: MAX_LINE_CHARS - 1] + "…"


def is_web_address(url: object) -> bool:
    """Return True for an address that may be a link: http and https, never javascript: or data:."""
    return isinstance(url, str) and url.lower().startswith(("https://", "http://"))


def in_path(url: str) -> str:
    """Return an address as it may stand at the end of an address of ours, so that it comes back to us unchanged.

    One that no browser would send as it is gets all its `%` escaped as well: `captures_of` undoes all escapes or none.
    """
    return UNSENT.sub(escaped_match, url.replace("%", "%25")) if UNSENT.search(url) else url


def escaped_match(found: re.Match[str]) -> str:
    """Return what was found as percent-encoded UTF-8."""
    return "".join(f"%{byte:02X}" for byte in found[0].encode("utf-8", "replace"))


def captures_path(url: str) -> str:
    """Return where the captures of an address are; one without a scheme is taken for https."""
    return f"/captures/{in_path(url if '://' in url else f'https://{url}')}"


def is_address(text: str) -> bool:
    """Return True if words that were searched for are an address: https://paper.example/story, paper.example/story."""
    return bool(ADDRESS.fullmatch(text))


def article_text(row: Mapping[str, Any]) -> Markup:
    """Return the text of an article as HTML: headings, lists, tables, quotations and verse as they were."""
    return Markup("\n").join(_block(run) for run in runs(lines_of(row)))


def _block(run: list[KindOfLine]) -> Markup:
    kind = run[0].kind
    family = FAMILIES.get(kind, "")
    if family == "table":
        return _table(run)
    if family == "list":
        return _list(run)
    if kind in HEADINGS:
        level = max(2, int(kind[1]))
        return Markup("<h{0}>{1}</h{0}>").format(level, shown(run[0].text))
    lines = [shown(line.text) for line in run]
    if family in ("verse", "code"):
        return Markup('<pre class="{}">{}</pre>').format(family, "\n".join(lines))
    if family == "quotation":
        return Markup("<blockquote>{}</blockquote>").format(
            Markup().join(Markup("<p>{}</p>").format(line) for line in lines)
        )
    return Markup("\n").join(Markup("<p>{}</p>").format(line) for line in lines)


def _table(run: list[KindOfLine]) -> Markup:
    rows = []
    for line in run:
        tag = "th" if line.kind == "th" else "td"
        rows.append(Markup("<tr>{}</tr>").format(
            Markup().join(Markup("<{0}>{1}</{0}>").format(tag, shown(cell)) for cell in cells(line))
        ))  # fmt: skip
    return Markup('<div class="wide" tabindex="0" role="group" aria-label="Table"><table>{}</table></div>').format(
        Markup("\n").join(rows)
    )


def _list(run: list[KindOfLine]) -> Markup:
    items = []
    for line in run:
        mark, text = bare_item(line)
        items.append(Markup('<li class="level-{}" data-mark="{}">{}</li>').format(
            min(line.level, 9), "•" if mark == "-" else shown(mark), shown(text)
        ))  # fmt: skip
    return Markup('<ul class="items">{}</ul>').format(Markup("\n").join(items))


def compared_text(paragraph: list[TextSegment], side: str = "") -> Markup:
    """Return a paragraph with what was removed in <del> and what was added in <ins>.

    `side` "old" or "new" leaves out what only the other side has.
    """
    left_out = {"old": "added", "new": "removed"}.get(side)
    tags = {"same": Markup("{}"), "removed": Markup("<del>{}</del>"), "added": Markup("<ins>{}</ins>")}
    return Markup().join(tags[one.kind].format(shown(one.text)) for one in paragraph if one.kind != left_out)


def static_file(name: str) -> bytes:
    """Return a file that we ship. Raises FileNotFoundError."""
    return files("exports.web").joinpath("static", name).read_bytes()


def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("exports.web"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, auto_reload=False,
    )  # fmt: skip
    made.filters |= {
        "shown": shown, "brief": brief, "marked": marked, "number": "{:,}".format, "article_text": article_text,
        "coded": coded, "compared": compared_text, "sentence": sentence, "in_view": in_view, "time": time_text,
        "change": article_report.change, "source_shown": source_shown, "origin": origin, "captures_path": captures_path,
    }  # fmt: skip
    made.tests |= {"web_address": is_web_address, "address": is_address}
    made.globals |= {"counted": counted, "flush": FLUSH, "has_parquet": find_spec("pyarrow") is not None}
    return made


ENVIRONMENT = _environment()

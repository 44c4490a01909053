"""Show a comparison of two revisions: as text for a terminal or a pipe, or as an HTML page that stands alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from itertools import zip_longest
from typing import Any

from crawler.cli.capture_report import record_lines
from crawler.cli.output import BOLD, DIM, GREEN, RED, RESET
from pipelines.core.plural import counted
from pipelines.core.terminal import plain, width, wrap
from pipelines.database.edits.comparison import Comparison
from pipelines.database.edits.word_diff import TextSegment
from pipelines.warc.storage import WarcStorage

PLAIN_MARKS = {"same": ("", ""), "removed": ("[-", "-]"), "added": ("{+", "+}")}
COLOURS = {"same": ("", ""), "removed": (RED, RESET), "added": (GREEN, RESET)}
NONE = "(none)"
TAGS = {"same": ("", ""), "removed": ("<del>", "</del>"), "added": ("<ins>", "</ins>")}
CSS = """body{max-width:45em;margin:2em auto;padding:0 1em;font:1.05em/1.5 Georgia,serif}
table{font:.85em/1.4 sans-serif;border-collapse:collapse}
td,th{padding:.2em .8em .2em 0;text-align:left;vertical-align:top;word-break:break-all}
th{word-break:normal}del{background:#fdd;color:#800}ins{background:#dfd;color:#060;
text-decoration:none}"""


def lines(found: Comparison, warc: WarcStorage, room: int, *, styled: bool) -> Iterator[str]:
    """Yield lines for people. Paragraphs that did not change are counted, not printed."""
    bold, dim, reset = (BOLD, DIM, RESET) if styled else ("", "", "")
    marks = COLOURS if styled else PLAIN_MARKS
    yield f"{bold}article {found.article}{reset}  {plain(found.url)}"
    for mark, side in zip("-+", (found.old, found.new), strict=True):
        yield f"{mark} revision {side['revision']}, seen {side['seen']}, captured {side['captured']}"
        for name, value in record_lines(warc, side):
            yield f"  {dim}{name:<8}{reset} {plain(value)}"
    if found.old["revision"] == found.new["revision"]:
        yield f"both sides are revision {found.old['revision']}: there is nothing to compare"
        return
    size = found.size()
    changes = ", ".join(size["changes"]) or "nothing that a reader would call an edit"
    words = f"+{size['words_added']} -{size['words_removed']} words, {size['change_ratio']:.1%}"
    yield f"changed: {changes} ({words})" + ("; silent: the page's time of change stayed" if size["silent"] else "")
    for name, old, new in found.fields():
        yield f"{name}: {plain(old) or NONE} -> {plain(new) or NONE}"
    yield ""
    yield from _wrapped(found.title(), marks, room, bold=bold)
    same = 0
    for paragraph in found.text():
        if all(segment.kind == "same" for segment in paragraph):
            same += 1
            continue
        yield from _skipped(same, dim, reset)
        same = 0
        yield ""
        yield from _wrapped(paragraph, marks, room)
    yield from _skipped(same, dim, reset)


def html(found: Comparison) -> str:
    """Return a page that stands alone: no script, and nothing that is fetched."""
    size = found.size()
    rows = [("revision", "revision"), ("seen", "seen"), ("captured", "captured"), ("WARC file", "warc_file"),
            ("offset", "warc_offset"), ("record", "warc_record_id"), ("modified", "modified")]  # fmt: skip
    table = "".join(
        f"<tr><th>{label}<td>{_cell(found.old[name])}<td>{_cell(found.new[name])}\n" for label, name in rows
    )
    fields = "".join(
        f"<p>{name}: {_tagged(segments)}</p>\n" for name, segments in found.fields_by_words() if name != "modified"
    )
    body = "\n".join(f"<p>{_tagged(paragraph)}</p>" for paragraph in found.text())
    changes = ", ".join(size["changes"]) or "nothing"
    url = escape(found.url)
    return (
        f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>Article {found.article}, revisions '
        f"{found.old['revision']} and {found.new['revision']}</title>\n<style>{CSS}</style>\n<p>{url}</p>\n"
        f"<table>\n{table}</table>\n<p>Changed: {changes} (+{size['words_added']} -{size['words_removed']} words, "
        f"{size['change_ratio']:.1%}).</p>\n<h1>{_tagged(found.title())}</h1>\n{fields}{body}\n</html>"
    )


def _wrapped(
    paragraph: list[TextSegment], marks: dict[str, tuple[str, str]], room: int, *, bold: str = ""
) -> Iterator[str]:
    """Yield a paragraph in lines that fit. A change that spans lines has its marks on each, if they are colours."""
    if marks is PLAIN_MARKS:
        yield from wrap("".join(_marked(segment) for segment in paragraph), room)
        return
    line, used = "", 0
    for segment in _apart(paragraph):
        begin, end = marks[segment.kind] if segment.kind != "same" else (bold, RESET if bold else "")
        for word in re.findall(r"\S+\s*|\s+", plain(segment.text)):
            if used and used + width(word.rstrip()) > room:
                yield line.rstrip()
                line, used = "", 0
            line += f"{begin}{word}{end}"
            used += width(word)
    if line:
        yield line.rstrip()


def _apart(paragraph: list[TextSegment]) -> Iterator[TextSegment]:
    """Yield the segments with a space between what was removed and what was added: colours alone keep none."""
    for segment, after in zip_longest(paragraph, paragraph[1:]):
        is_joined = after is not None and {segment.kind, after.kind} == {"removed", "added"}
        yield segment._replace(text=f"{segment.text} ") if is_joined and not segment.text[-1:].isspace() else segment


def _marked(segment: TextSegment) -> str:
    """Return a segment between its marks, with the white space at its end after them."""
    begin, end = PLAIN_MARKS[segment.kind]
    text = plain(segment.text)
    return f"{begin}{text.rstrip()}{end}{text[len(text.rstrip()) :]}"


def _cell(value: Any) -> str:
    return "" if value is None else escape(str(value))


def _skipped(same: int, dim: str, reset: str) -> Iterator[str]:
    if same:
        yield ""
        yield f"{dim}({counted(same, 'paragraph')} as before){reset}"


def _tagged(paragraph: list[TextSegment]) -> str:
    return "".join(f"{TAGS[one.kind][0]}{escape(one.text)}{TAGS[one.kind][1]}" for one in _apart(paragraph))

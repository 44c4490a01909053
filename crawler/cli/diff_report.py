"""Show a comparison of two revisions: as text for a terminal or a pipe, as an HTML page, as values for JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import escape
from itertools import zip_longest
from typing import Any, NamedTuple

from crawler.cli.capture_report import record_lines
from crawler.cli.output import BOLD, DIM, GREEN, RED, RESET
from pipelines.core.plural import counted
from pipelines.core.terminal import plain, width, wrap
from pipelines.database.connection import Row
from pipelines.database.edits.chains import version_of
from pipelines.database.edits.difference import difference, difference_row
from pipelines.database.edits.word_diff import TextSegment, paragraphs
from pipelines.warc.storage import WarcStorage

HEAD_KEYS = ("revision", "seen", "captured", "warc_file", "warc_offset", "warc_length", "warc_record_id",
             "payload_digest", "text_digest", "extractor", "title", "authors", "modified")  # fmt: skip
PLAIN_MARKS = {"same": ("", ""), "removed": ("[-", "-]"), "added": ("{+", "+}")}
COLOURS = {"same": ("", ""), "removed": (RED, RESET), "added": (GREEN, RESET)}
TAGS = {"same": ("", ""), "removed": ("<del>", "</del>"), "added": ("<ins>", "</ins>")}
CSS = """body{max-width:45em;margin:2em auto;padding:0 1em;font:1.05em/1.5 Georgia,serif}
table{font:.85em/1.4 sans-serif;border-collapse:collapse}
td,th{padding:.2em .8em .2em 0;text-align:left;vertical-align:top;word-break:break-all}
th{word-break:normal}del{background:#fdd;color:#800}ins{background:#dfd;color:#060;
text-decoration:none}"""


class Comparison(NamedTuple):
    """Hold two revisions of an article, as `queries.revisions` gives them."""

    article: int
    url: str
    old: Row
    new: Row
    moved: bool  # the article got another address between them

    def title(self) -> list[TextSegment]:
        """Return the headline as its segments."""
        return next(paragraphs(self.old["title"] or "", self.new["title"] or ""))

    def text(self) -> Iterator[list[TextSegment]]:
        """Yield the paragraphs, each as its segments."""
        return paragraphs(self.old["text"], self.new["text"])

    def size(self) -> Row:
        """Return what changed, and how much: the columns of `revisions`, with a list of changes."""
        old, new = (version_of(side | {"id": side["revision"]}) for side in (self.old, self.new))
        row = difference_row(difference(old, new), moved=self.moved)
        silent = None if row["silent"] is None else bool(row["silent"])
        return row | {"changes": json.loads(row["changes"]), "silent": silent}

    def fields(self) -> Iterator[tuple[str, str, str]]:
        """Yield (name, old, new) of authors and time of modification that differ."""
        for name in ("authors", "modified"):
            values = [side[name] or "" for side in (self.old, self.new)]
            old, new = (", ".join(value) if isinstance(value, list) else value for value in values)
            if old != new:
                yield name, old or "(none)", new or "(none)"

    def as_dict(self) -> dict[str, Any]:
        """Return the comparison for programs."""
        return {
            "article": self.article,
            "url": self.url,
            "old": {name: self.old[name] for name in HEAD_KEYS},
            "new": {name: self.new[name] for name in HEAD_KEYS},
            **self.size(),
            "title": [segment._asdict() for segment in self.title()],
            "paragraphs": [[segment._asdict() for segment in paragraph] for paragraph in self.text()],
        }

    def lines(self, warc: WarcStorage, room: int, *, styled: bool) -> Iterator[str]:
        """Yield lines for people. Paragraphs that did not change are counted, not printed."""
        bold, dim, reset = (BOLD, DIM, RESET) if styled else ("", "", "")
        marks = COLOURS if styled else PLAIN_MARKS
        yield f"{bold}article {self.article}{reset}  {plain(self.url)}"
        for mark, side in zip("-+", (self.old, self.new), strict=True):
            yield f"{mark} revision {side['revision']}, seen {side['seen']}, captured {side['captured']}"
            for name, value in record_lines(warc, side):
                yield f"  {dim}{name:<8}{reset} {plain(value)}"
        if self.old["revision"] == self.new["revision"]:
            yield f"both sides are revision {self.old['revision']}: there is nothing to compare"
            return
        size = self.size()
        changes = ", ".join(size["changes"]) or "nothing that a reader would call an edit"
        words = f"+{size['words_added']} -{size['words_removed']} words, {size['change_ratio']:.1%}"
        yield f"changed: {changes} ({words})" + ("; silent: the page's time of change stayed" if size["silent"] else "")
        for name, old, new in self.fields():
            yield f"{name}: {plain(old)} -> {plain(new)}"
        yield ""
        yield from _wrapped(self.title(), marks, room, bold=bold)
        same = 0
        for paragraph in self.text():
            if all(segment.kind == "same" for segment in paragraph):
                same += 1
                continue
            yield from _skipped(same, dim, reset)
            same = 0
            yield ""
            yield from _wrapped(paragraph, marks, room)
        yield from _skipped(same, dim, reset)

    def html(self) -> str:
        """Return a page that stands alone: no script, and nothing that is fetched."""
        size = self.size()
        rows = [("revision", "revision"), ("seen", "seen"), ("captured", "captured"), ("WARC file", "warc_file"),
                ("offset", "warc_offset"), ("record", "warc_record_id"), ("modified", "modified")]  # fmt: skip
        table = "".join(
            f"<tr><th>{label}<td>{_cell(self.old[name])}<td>{_cell(self.new[name])}\n" for label, name in rows
        )
        body = "\n".join(f"<p>{_tagged(paragraph)}</p>" for paragraph in self.text())
        changes = ", ".join(size["changes"]) or "nothing"
        url = escape(self.url)
        return (
            f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>Article {self.article}, revisions '
            f"{self.old['revision']} and {self.new['revision']}</title>\n<style>{CSS}</style>\n<p>{url}</p>\n"
            f"<table>\n{table}</table>\n<p>Changed: {changes} (+{size['words_added']} -{size['words_removed']} words, "
            f"{size['change_ratio']:.1%}).</p>\n<h1>{_tagged(self.title())}</h1>\n{body}\n</html>"
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

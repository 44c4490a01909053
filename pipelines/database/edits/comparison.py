"""Compare two revisions of an article: the segments of headline and text, what changed and how much. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from pipelines.database.connection import Row
from pipelines.database.edits.chains import version_of
from pipelines.database.edits.difference import difference, difference_row
from pipelines.database.edits.word_diff import TextSegment, by_words, opcodes, paragraphs

HEAD_KEYS = ("revision", "seen", "captured", "warc_file", "warc_offset", "warc_length", "warc_record_id",
             "payload_digest", "text_digest", "extractor", "title", "description", "authors", "modified")  # fmt: skip


class Comparison(NamedTuple):
    """Hold two revisions of an article, as `queries.revisions` gives them."""

    article: int
    url: str
    old: Row
    new: Row
    moved: bool  # the article got another address between them

    def title(self) -> list[TextSegment]:
        """Return the headline as its segments."""
        return by_words(self.old["title"] or "", self.new["title"] or "")

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
        """Yield (name, old, new) of the other values of both revisions that differ; "" is none."""
        for name in ("description", "authors", "modified"):
            values = [side[name] or "" for side in (self.old, self.new)]
            old, new = (", ".join(value) if isinstance(value, list) else value for value in values)
            if old != new:
                yield name, old, new

    def fields_by_words(self) -> Iterator[tuple[str, list[TextSegment]]]:
        """Yield (name, segments) of those values: a text by words, authors by name, a time as a whole."""
        for name, old, new in self.fields():
            if name == "authors":
                yield name, _by_item(self.old[name], self.new[name])
            elif name == "modified":
                yield name, _by_item([old] if old else [], [new] if new else [])
            else:
                yield name, by_words(old.replace("\n", " "), new.replace("\n", " "))

    def as_dict(self) -> dict[str, Any]:
        """Return the comparison for programs."""
        return {
            "article": self.article,
            "url": self.url,
            "old": {name: self.old[name] for name in HEAD_KEYS},
            "new": {name: self.new[name] for name in HEAD_KEYS},
            **self.size(),
            "title": [segment._asdict() for segment in self.title()],
            "fields": {name: [one._asdict() for one in segments] for name, segments in self.fields_by_words()},
            "paragraphs": [[segment._asdict() for segment in paragraph] for paragraph in self.text()],
        }


def _by_item(old: Sequence[str], new: Sequence[str]) -> list[TextSegment]:
    """Return two lists as segments. A comma belongs to what was added or removed, so that both sides read well."""
    segments = []
    steps = opcodes(old, new)
    for number, (tag, a, b, c, d) in enumerate(steps):
        if tag == "equal":
            segments.append(TextSegment("same", ", " * (number > 1) + ", ".join(new[c:d])))
            continue
        before, after = ", " * (number > 0), ", " * (number == 0 and len(steps) > 1)
        segments += [TextSegment("removed", before + ", ".join(old[a:b]) + after)] * (b > a)
        segments += [TextSegment("added", before + ", ".join(new[c:d]) + after)] * (d > c)
    return segments

"""Write the body of a bulk request to OpenSearch or Elasticsearch: a line that says where, a line with the article.

curl -H 'Content-Type: application/x-ndjson' --data-binary @articles.ndjson http://localhost:9200/articles/_bulk
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import BinaryIO

from exports import Row
from exports.formats.to_jsonl import choose_values, fast_line_bytes

name = "bulk"
media_type = "application/x-ndjson"
suffix = ".ndjson"
other_suffixes = (".jsonl", ".txt")
reads = ("url", "revision")

ID_CHARS = 32  # hex digits of a document's id


def write(rows: Iterable[Row], out: BinaryIO, columns: Sequence[str], *, raw: bool = False) -> int:
    """Write the newest state of each article; return the number of rows.

    The id is made of the address: a later export replaces the documents of this one.
    """
    return _write(rows, out, columns, lambda row: "")


class BulkRevisions:
    """Write a document for each revision, whose id is made of the address and its number.

    So no revision takes the place of another, or of the newest state that an export of the latest ones wrote.
    """

    name, media_type, suffix, other_suffixes, reads = name, media_type, suffix, other_suffixes, reads

    @staticmethod
    def write(rows: Iterable[Row], out: BinaryIO, columns: Sequence[str], *, raw: bool = False) -> int:
        """Write two lines for each row; return the number of rows."""
        return _write(rows, out, columns, lambda row: f"-r{row['revision']}")


for_revisions = BulkRevisions


def _write(rows: Iterable[Row], out: BinaryIO, columns: Sequence[str], ending: Callable[[Row], str]) -> int:
    encode, chosen, count = fast_line_bytes(), choose_values(columns), 0
    for row in rows:
        identity = hashlib.sha256(row["url"].encode("utf-8", "surrogatepass")).hexdigest()[:ID_CHARS] + ending(row)
        out.write(b'{"index":{"_id":"%b"}}\n' % identity.encode())
        out.write(encode(chosen(row)) + b"\n")
        count += 1
    return count

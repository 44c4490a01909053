"""Write a list of addresses, one a line: for `morgue add --urls`, wget -i and other programs that fetch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import BinaryIO
from urllib.parse import quote

from exports import Row

name = "urls"
media_type = "text/plain"
suffix = ".txt"
fixed_columns = True
reads = ("url",)

# Of RFC 3986, what an address may hold as it is; anything else, such as a line end, is percent-encoded.
KEPT = "!#$%&'()*+,/:;=?@[]~"


def write(rows: Iterable[Row], out: BinaryIO, columns: Sequence[str], *, raw: bool = False) -> int:
    """Write the address of each article once, although it may have several revisions; return the number of rows."""
    count, before = 0, None
    for row in rows:
        if row["url"] != before:
            before = row["url"]
            out.write(quote(before, safe=KEPT, errors="surrogatepass").encode() + b"\n")
        count += 1
    return count

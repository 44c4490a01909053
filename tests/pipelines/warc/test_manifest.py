"""Test that a line of the manifest that is no entry is named with its number, whatever is wrong with it."""

from __future__ import annotations

import json

import pytest

from pipelines.core.errors import ArchiveDamaged
from pipelines.warc import manifest

GOOD = {
    "file": "one.warc.gz", "size": 12, "sha256": "0" * 64, "records": 2, "captures": 1,
    "first": "2026-04-01T00:00:00Z", "last": "2026-04-01T00:00:00Z",
}  # fmt: skip
WRONG_VALUES = [
    ("size", "12"), ("size", -5), ("size", 10**30), ("size", 12.0), ("size", True), ("size", None),
    ("file", ["x"]), ("file", "a\ud800.warc.gz"), ("file", "a\x00.warc.gz"), ("file", "a\x1b.warc.gz"),
    ("file", "../a.warc.gz"), ("file", "a.txt"), ("file", None), ("sha256", 5), ("sha256", "x"), ("records", -1),
    ("captures", {}), ("first", 5), ("last", []), ("archive", 5), ("journal", "5"), ("journal", -1), ("was", "x"),
    ("offset", "12"), ("offset", [12]),
]  # fmt: skip
WRONG_LINES = ["[" * 3000, "[]", "5", "null", '{"size": ' + "9" * 5000 + "}", "{}", "\x00"]


@pytest.mark.parametrize(
    "line", [*(json.dumps(GOOD | {name: value}) for name, value in WRONG_VALUES), *WRONG_LINES],
    ids=[*(f"{name}-{value!r}"[:30] for name, value in WRONG_VALUES), *(line[:10] for line in WRONG_LINES)],
)  # fmt: skip
def test_line_that_is_no_entry_is_named_with_its_number(tmp_path, line):
    """It is damage, and never another exception."""
    path = tmp_path / manifest.NAME
    path.write_text(f"{json.dumps(GOOD)}\n{line}\n")
    with pytest.raises(ArchiveDamaged, match="line 2: is no entry of a manifest"):
        manifest.load(path)


def test_line_is_read_as_it_was_written(tmp_path):
    """A file in two parts, whose times are not known."""
    whole = manifest.ManifestEntry("eins–ü.warc.gz", 12, "0" * 64, 2, 1, None, None, "id", 3, "1" * 64)
    entry = manifest.ManifestEntry(whole.file, 20, "2" * 64, 4, 2, "", "x", offset=12, earlier=(whole,))
    manifest.write(tmp_path / manifest.NAME, [entry])
    assert manifest.load(tmp_path / manifest.NAME) == {whole.file: entry}

"""Test the limit of the attributes of a page: the quick bound gives the same answer as the count."""

from __future__ import annotations

import pytest

from pipelines.extraction.page import attribute_limits

MANY = b" a" * 4_000
PAGES = {
    "few": (b"<p class=a>text</p>" * 500, 0),
    "many": (b"<p" + MANY + b">text", 4_001),
    "many in a page of long tags": (b'<p title="' + b"word " * 300 + b'">' + b"<p" + MANY + b">text", 4_001),
    "a sign in a value": (b'<p title="a > b"' + MANY + b">text", 4_002),
    "words of a value": (b'<p title="' + b"word " * 4_000 + b'">text', 0),
    "in a script": (b"<script>if (i <n" + MANY + b") x</script>", 0),
}


@pytest.mark.parametrize("name", PAGES)
def test_attributes_are_counted_alike_in_small_and_large_pages(name, monkeypatch):
    """A page too large to hold all of its tags is counted tag by tag."""
    body, count = PAGES[name]
    assert attribute_limits.too_many_attributes(body) == count
    monkeypatch.setattr(attribute_limits, "MAX_BYTES_AT_ONCE", 0)
    assert attribute_limits.too_many_attributes(body) == count

"""Test which answers are a part of a page."""

from __future__ import annotations

import pytest

from crawler.parts.part_requests import FONT, ICON, IMAGE, STYLE, UNKNOWN_TYPES, is_of_type

SHOWN = {
    "png": b"\x89PNG\r\n\x1a\n...",
    "jpeg": b"\xff\xd8\xff\xe0...",
    "gif": b"GIF89a...",
    "webp": b"RIFF\n\0\0\nWEBPVP8 ",
    "avif": b"\0\0\0\x20ftypavif...",
    "ico": b"\0\0\1\0...",
    "woff2": b"wOF2...",
}


@pytest.mark.parametrize("mime", UNKNOWN_TYPES)
@pytest.mark.parametrize("name", SHOWN)
def test_part_without_a_type_is_known_by_its_bytes(name, mime):
    """As browsers do: many stores of files send octet-stream for all. A style sheet needs its type."""
    assert is_of_type(IMAGE, mime, SHOWN[name])
    assert is_of_type(ICON, mime, SHOWN[name])
    assert not is_of_type(STYLE, mime, SHOWN[name])


@pytest.mark.parametrize("body", [b"", b"<html>", b"<svg xmlns=''>", b"%PDF-1.7", b"MZ..."])
def test_other_bytes_without_a_type_are_no_picture(body):
    """No browser would show them. A font has no signature that all have."""
    assert not is_of_type(IMAGE, "application/octet-stream", body)
    assert is_of_type(FONT, "application/octet-stream", body)


def test_type_that_says_another_thing_counts_more_than_the_bytes():
    """A page is no picture."""
    assert not is_of_type(IMAGE, "text/html", SHOWN["png"])
    assert is_of_type(IMAGE, "image/png", b"")

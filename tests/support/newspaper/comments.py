"""Make readers' comments from the words of `comments.toml`. None of it is part of an article's text."""

from __future__ import annotations

import tomllib
from pathlib import Path
from zlib import crc32

COMMENTS = tomllib.loads(Path(__file__).with_name("comments.toml").read_text("utf-8"))


def comments_for(key: str, language: str) -> list[tuple[str, str]]:
    """Return (name, words) of one to three readers; the same article always has the same readers."""
    stock = COMMENTS[language]
    start = crc32(key.encode())
    count = min(len(stock), 1 + start % 3)
    chosen = [stock[(start + step) % len(stock)] for step in range(count)]
    return [(reader["name"], reader["said"]) for reader in chosen]

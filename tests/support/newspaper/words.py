"""Hold what the page around an article says, in the reader's language; the phrases are in `words.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True)
class Words:
    """Hold the phrases of one language."""

    by: str
    joiner: str
    updated: str
    share: str
    read_also: str
    newsletter: str
    newsletter_button: str
    about: str
    related: str
    most_read: str
    cookies: str
    comments: str
    reply: str
    email: str
    rules: str
    post: str
    rights: str
    correction: str
    older: str
    newer: str


_FILE = tomllib.loads(Path(__file__).with_name("words.toml").read_text("utf-8"))
WORDS = {language: Words(**phrases) for language, phrases in _FILE["words"].items()}
SECTIONS: dict[str, str] = _FILE["sections"]  # address form -> name
MONTHS: dict[str, str] = _FILE["months"]
DATES: dict[str, str] = _FILE["dates"]


def day_in_words(when: datetime, language: str) -> str:
    """Return the day as readers of this language write it; as ISO 8601 where that is unknown."""
    if language == "ja":
        return f"{when.year}年{when.month}月{when.day}日"
    if language not in MONTHS:
        return when.strftime("%d.%m.%Y")
    month = MONTHS[language].split()[when.month - 1]
    return DATES[language].format(day=when.day, month=month, year=when.year)


def byline(authors: tuple[str, ...], words: Words) -> str:
    """Return "By Ann Lee and Bo Ray": how the page names its authors."""
    return f"{words.by} {words.joiner.join(authors)}"

"""Recognise a page that is no article by its headline: a login page, an error page with status 200.

The headlines are in `languages`. Only a short page that does not declare itself an article is looked at, so that no
article about a failed login becomes one.
"""

from __future__ import annotations

import re

from pipelines.extraction.labels.paywall import CONSENT
from pipelines.extraction.languages import tables
from pipelines.extraction.page.declared import DeclaredMetadata

LOGIN, NOT_FOUND, ERROR = "login page", "soft 404", "error page"
KINDS = (LOGIN, NOT_FOUND, ERROR, CONSENT)  # values of Article.access that no article has

MAX_TEXT_CHARS = 1500  # a longer text is no error page
MAX_TITLE_CHARS = 120
PUBLISHED = "article:published_time"  # name of a meta element
NUMBER = r"(?:(?:error|http)?\W*[45]\d\d\W+)?"  # of an HTTP status, before the words
SITE_NAME = r"\W*(?:\s[|–—:·»-]+\s.{1,60})?\W*(?:[45]\d\d)?\W*"  # after the words
HEADLINES = tuple(
    (word, tables.compiled(rf"\W*{NUMBER}{{stand-in.{section}}}{SITE_NAME}", re.IGNORECASE))
    for word, section in ((NOT_FOUND, "not-found"), (LOGIN, "login"), (ERROR, "error"))
)


def recognise(declared: DeclaredMetadata, title: str | None, lines: list[str]) -> tuple[str | None, str | None]:
    """Return (word, evidence) of a page that stands in the place of an article; (None, None) for any other."""
    # Some templates say "article" in `og:type` of every page; a time of publication is of articles only.
    is_article = bool(declared.article) or (declared.is_article and PUBLISHED in declared.metas)
    if is_article or not title or len(title) > MAX_TITLE_CHARS or sum(map(len, lines)) > MAX_TEXT_CHARS:
        return None, None
    word = next((word for word, pattern in HEADLINES if pattern.fullmatch(title)), None)
    return (word, f"headline: {title}") if word else (None, None)

"""Read the day or time that a feed, a sitemap or an address gives for an article. Pure."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Mapping
from datetime import datetime

from pipelines.core.timestamps import stamp

# /2026/11/23/, /2026-11-23-..., /2026/11/: years that a news site can have.
DATE_IN_PATH = re.compile(r"/((?:199|20[0-4])\d)[/-](0[1-9]|1[0-2])(?:[/-](0[1-9]|[12]\d|3[01]))?(?=[/-])")


def day_of(hint: Mapping[str, str]) -> str | None:
    """Return the ISO day that a feed or sitemap gives an article: of publication, else of its last change; or None."""
    text = hint.get("published") or hint.get("modified") or ""
    return text[:10] if len(text) >= 10 else None


def day_in(url: str) -> str | None:
    """Return the ISO day in a URL's path, or None. If the path has a month only: the last day that is possible."""
    date = DATE_IN_PATH.search(url)
    if date is None:
        return None
    last_day = monthrange(int(date[1]), int(date[2]))[1]
    return f"{date[1]}-{date[2]}-{date[3] or last_day}"


def changed_at(hint: Mapping[str, str]) -> str | None:
    """Return the time of the last change that a feed or sitemap claims, as a UTC stamp; None if it names no time.

    A day without a time is ignored, because the change may be from before or after a visit on that day.
    """
    text = hint.get("modified", "")
    try:
        return stamp(datetime.fromisoformat(text)) if len(text) > 10 else None
    except ValueError:
        return None

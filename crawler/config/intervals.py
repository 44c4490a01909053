"""Declare the table [every]: how often the listings of a source are read."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationInfo, field_validator

from crawler.config import value_types
from crawler.config.toml_table import TomlTable, key

LISTING_INTERVALS = ("feed", "news_sitemap", "sitemap", "section")  # keys of [every], one for each kind of listing


class ListingIntervals(TomlTable):
    """Set how often the pages and files that list articles are read again."""

    feed: value_types.ListingInterval = key(
        value_types.ADAPTIVE,
        'Time between two readings of a feed (RSS, Atom or JSON). "adaptive": Newsmorgue learns at which hours of the'
        " week new articles come, and reads it so often that about one new article is there. A duration is kept as it"
        " is.",
        "15m",
    )
    news_sitemap: value_types.ListingInterval = key(
        value_types.ADAPTIVE, 'Time between two readings of a news sitemap, or "adaptive".', "30m"
    )
    sitemap: value_types.ListingInterval = key(
        value_types.ADAPTIVE,
        'Time between two readings of a sitemap, or "adaptive". An adaptive one that names nothing new for 30 days is'
        " read once a week.",
        "12h",
    )
    section: value_types.ListingInterval = key(
        value_types.ADAPTIVE, 'Time between two readings of a section page or the front page, or "adaptive".', "6h"
    )
    min: value_types.Interval = key("5m", "Shortest time between two readings where they are adaptive.", "15m")
    max: value_types.Interval = key("1d", "Longest time between two readings where they are adaptive.", "12h")

    @field_validator("max")
    @classmethod
    def longer_than_min(cls, value: Any, info: ValidationInfo) -> Any:
        """Refuse bounds that exclude each other."""
        shortest = info.data.get("min")
        if shortest is not None and value < shortest:
            cause = f'"{value.text}" is shorter than min, which is "{shortest.text}"'
            raise value_types.ValueMistake(cause, "make max the longer one, or set both")
        return value

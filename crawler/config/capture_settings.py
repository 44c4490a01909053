"""Declare the keys of [capture]: which parts of article pages are fetched, and how many."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from crawler.config import value_types
from crawler.config.toml_table import TomlTable, key

ANY_HOST = "*"


def part_host(value: Any) -> str:
    """Return a host name or "*", in small letters. Raises ValueError."""
    if value != ANY_HOST and (not isinstance(value, str) or not value_types.DOMAIN.fullmatch(value) or ":" in value):
        raise ValueError(f'{value_types.shown(value)} is neither a host nor "*"')
    return str(value).lower()


Parts = Annotated[Literal["none", "images", "all"], value_types.one_of("none", "images", "all")]
PartHosts = Annotated[tuple[str, ...], value_types.list_of(part_host, "hosts")]


class PartSettings(TomlTable):
    """Set which parts of the article pages of watched sources are fetched, so that a replay looks as readers saw it."""

    keys_of_archive: ClassVar[frozenset[str]] = frozenset()  # other keys of [capture], set below

    parts: Parts = key(
        "none",
        'Parts of new and edited articles: "none"; "images", those in the page itself; or "all": style sheets and what'
        " they name, fonts and the icon as well. docs/archive.md says what they cost.",
        "all",
    )
    part_hosts: PartHosts = key(
        [],
        "Further hosts, with all below them, from which parts are fetched; those of the paper's own site (registrable"
        ' domain) always are. "*": any host.',
        ["cdn.example"],
    )
    parts_per_page: value_types.Count = key(100, "Maximum number of parts of one page or style sheet.", 50)
    parts_per_source: value_types.Count = key(
        2000, "Maximum number of parts requested for one source in one crawl; the others wait for the next.", 500
    )
    part_bytes: value_types.Bytes = key(
        "5MB", "Maximum size of one part. A larger one is cut off and not shown.", "2MB"
    )


class CaptureSettings(PartSettings):
    """Set which parts of the article pages of watched sources are fetched, so that a replay looks as readers saw it."""

    parts_per_crawl: value_types.Count = key(
        20000, "Maximum number of parts requested in one crawl, of all sources together.", 5000
    )
    parts_recheck: value_types.Interval = key(
        "30d", "Time after which a part is asked for again, conditionally, if a new or edited article uses it.", "90d"
    )


PartSettings.keys_of_archive = frozenset(CaptureSettings.model_fields.keys() - PartSettings.model_fields.keys())

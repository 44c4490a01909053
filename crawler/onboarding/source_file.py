"""Name a source, and write what was found on its site as the text of its file."""

from __future__ import annotations

import re
from typing import Any
from unicodedata import normalize
from urllib.parse import urlsplit

from crawler.config.plain_values import literal
from crawler.config.value_types import is_ascii_line, is_http_url, is_line
from crawler.onboarding.probe import ProbeReport
from pipelines.core.urls import host_of, site_of

LISTING_KEYS = (("feed", "feeds"), ("news sitemap", "news_sitemaps"), ("sitemap", "sitemaps"), ("section", "sections"))
KEY_COMMENTS = {
    "url": "The paper's front page.",
    "title": "The paper's own name, for people.",
    "language": "Language of most of its articles (BCP 47 tag), as the front page declares it.",
    "feeds": "RSS, Atom and JSON feeds: the newest articles.",
    "news_sitemaps": "News sitemaps: the articles of the last days, with their titles.",
    "sitemaps": "Sitemaps: everything that the paper lists. Remove them to collect only new articles.",
    "sites": "Further sites of the paper: what its feeds and sitemaps name on any other site is left out.",
    "sections": "Section pages. Only these are read; remove the key to let crawls find sections from the front page.",
}
MAX_TITLE_CHARS = 60  # of the name of a source that is made of a title
SOURCE_FILE_END = """\
# Articles are recognised by their addresses. Where that fails, use regular expressions: a URL with a match
# for one of `include` is an article, a URL with a match for one of `exclude` is never fetched.
#include = ["/story/[0-9]+"]
#exclude = ["/quiz/"]

# How often its feeds and pages are read again, and how requests are sent, where this differs from morgue.toml.
#[every]
#feed = "30m"
#[crawl]
#delay = 5.0
"""


def source_text(found: ProbeReport) -> str:
    """Return the source file: what was found, with each key explained."""
    title = found.title if found.title and is_line(found.title) else ""
    language = found.language if found.language and is_ascii_line(found.language) else ""
    values: dict[str, Any] = {"url": found.url, "title": title, "language": language}
    for kind, key in LISTING_KEYS:
        values[key] = [listing.url for listing in found.of(kind) if is_http_url(listing.url)]
    if values["sections"]:
        values["sections"] += [url for url in found.unchecked if is_http_url(url)]
    if found.further_sites.own:
        values["sites"] = list(found.further_sites.own)
    blocks = ["# Written by `morgue add`; edit it as you like. All keys: docs/config.md and sources/_template.toml.\n"]
    for key, value in values.items():
        if isinstance(value, list):
            rows = "".join(f"    {literal(url)},\n" for url in value)
            line = f"{key} = [\n{rows}]" if value else f"#{key} = []"
        else:
            line = f"{'' if value else '#'}{key} = {literal(value)}"
        blocks.append(f"# {KEY_COMMENTS[key]}\n{line}\n")
    return "\n".join([*blocks, SOURCE_FILE_END])


def name_advice(typed: str) -> str:
    """Return what to write instead of a name that no source may have."""
    made = _name_of_title(typed)
    return f"{f'say {made}: ' if made else ''}a name has only letters, digits, - _ and ."


def _name_of_title(title: str) -> str:
    """Return a name made of the ASCII letters and digits of a title; empty if it has none."""
    plain = normalize("NFKD", title.lower()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:MAX_TITLE_CHARS].rstrip("-")


def name_for(url: str, taken: set[str], title: str = "") -> str:
    """Return a free name for a site: made of its domain, else of its whole host, else with a number.

    A site at an IP address is named after its `title`, if the user's list gives one.
    """
    site, host = site_of(url), host_of(url)
    path = re.sub(r"[^a-z0-9]+", "-", urlsplit(url).path.lower()).strip("-")
    whole = re.sub(r"[^a-z0-9]+", "-", host.removeprefix("www.")).strip("-")
    has_domain = re.search(r"[a-z]", site) and ":" not in site
    bare = site.split(".")[0] if has_domain else _name_of_title(title) or whole
    names = [bare, whole, f"{whole}-{path}" if path else whole, *(f"{bare}-{number}" for number in range(2, 1000))]
    return next(name for name in names if name and name not in taken)

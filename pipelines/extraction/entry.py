"""Read pages in worker processes: the functions that a `WorkerPool` calls by name.

To import this module is cheap. The extractor is imported by the first call, in the worker.
"""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

from pipelines.core.items import Article, NothingToRead, Page, PartList, PartRules

if TYPE_CHECKING:
    from pipelines.extraction.own_addresses import DeclaredAddresses

WARM_UP = "pipelines.extraction.entry:warm_up"  # argument of a worker pool


def outcome_of(page: Page) -> tuple[Article | NothingToRead, float]:
    """Read a page; return its outcome and CPU milliseconds, without the page, which need not go back to the caller."""
    from pipelines.extraction.extract import timed_read

    reading = timed_read(page)
    return reading.outcome, reading.ms


def outcome_and_parts(page: Page) -> tuple[Article | NothingToRead, float, PartList | None]:
    """Read a page as `outcome_of` does; return the parts of an article as well, if the page asks for them."""
    outcome, ms = outcome_of(page)
    if page.part_rules is None or not isinstance(outcome, Article):
        return outcome, ms, None
    from pipelines.extraction.parts.page_parts import parts_of_page

    return outcome, ms, parts_of_page(page.body, page.content_type, page.url, page.part_rules, outcome.image)


def sheet_parts(body: bytes, content_type: str | None, url: str, rules: PartRules) -> PartList:
    """Return the parts of a style sheet."""
    from pipelines.extraction.parts.page_parts import parts_of_sheet

    return parts_of_sheet(body, content_type, url, rules)


def addresses_of(page: Page) -> DeclaredAddresses:
    """Return the addresses that a page declares as its own."""
    from pipelines.extraction.own_addresses import declared_addresses

    return declared_addresses(page)


def warm_up() -> None:
    """Import and compile everything that would otherwise slow down the first page."""
    gc.disable()  # modules stay to the end: to look for garbage in them takes a tenth of the time
    from pipelines.extraction.body import model
    from pipelines.extraction.extract import read

    model.warm_up()
    story = "<p>" + "The council met on Monday and agreed to repair the old bridge before winter. " * 9 + "</p>"
    body = f"<html><head><title>Bridge</title></head><body><h1>Bridge</h1><article>{story}</article></body></html>"
    read(Page("https://example.org/2024/05/01/bridge", body.encode(), "text/html"))
    read(
        Page(
            "https://example.org/short", b"<html><body><div>Short page without a date.</div></body></html>", "text/html"
        )
    )
    gc.freeze()
    gc.enable()

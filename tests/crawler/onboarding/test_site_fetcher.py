"""Test the network of `morgue add`: what it sends, and the memory that its answers take."""

from __future__ import annotations

import asyncio
import gzip
from types import SimpleNamespace
from typing import Any

from crawler.onboarding.site_fetcher import SiteFetcher
from pipelines.database.frontier.hosts import seconds_to_wait
from pipelines.session.body_budget import BodyBudget, GrowingBody
from tests.support.http_server import answering

SIZE = 3_000_000  # bytes of a decoded body: more than is decoded in one go


class WatchedBudget(BodyBudget):
    """Note the most bytes that were held."""

    most = 0

    async def wait(self, site: str | None, body: GrowingBody | None = None) -> None:
        self.most = max(self.most, self.used_bytes)
        await super().wait(site, body)


async def fetched_bytes(url: str, budget: BodyBudget) -> tuple[int, int]:
    """Fetch a page; return the bytes that count while the answer is there, and afterwards."""

    async def record(exchange: Any) -> None:
        pass

    async def do(task: Any, *args: Any) -> float | None:
        """Answer that nothing was taken down, and that the host was never asked."""
        return 0.0 if task is seconds_to_wait else None

    crawl = SimpleNamespace(
        timeout=30,
        max_body=10_000_000,
        allow_private_ips=True,
        verify_certificates=True,
        proxy="",
        delay=0,
        max_delay=0,
    )
    operator = SimpleNamespace(contact="")
    config: Any = SimpleNamespace(crawl=crawl, user_agent="test", operator=operator, source_addresses=())
    context: Any = SimpleNamespace(
        backpressure=SimpleNamespace(bodies=budget),
        record=record,
        do=do,
        archive_writer=SimpleNamespace(db=None),
        crawl_id=1,
    )
    fetcher = SiteFetcher(config, context)
    response = await fetcher.fetch(url, "page", None, b"")
    assert len(response.body) == SIZE
    held = budget.used_bytes
    del response
    await fetcher.close()
    return held, budget.used_bytes


def test_body_counts_towards_memory_for_bodies_until_it_is_let_go() -> None:
    """As received and as decoded; eight sites at once may send the largest body each."""
    packed = gzip.compress(bytes(SIZE))
    with answering({"/": (200, packed, {"Content-Encoding": "gzip"})}) as (url, _asked):
        budget = WatchedBudget()
        assert asyncio.run(fetched_bytes(f"{url}/", budget)) == (SIZE, 0)
    assert budget.most > len(packed)

"""Let the crawls of a fleet's shards take turns at hosts that several of them ask, such as that of a feed service.

A site belongs to one shard, and most hosts are asked by that one alone. A source may name a feed on another site, and a
page may lead to one; then the shard that owns that site, if it has sources there, asks the same host.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, asynccontextmanager
from functools import cached_property
from urllib.parse import urlsplit

from crawler.config.models import Config
from crawler.config.toml_files import EVERY_SITE
from crawler.http.crawl_stopping import CrawlStopping
from crawler.work.host_lock import DaskHostTurns, FileHostTurns, HostBusy, HostTurns
from pipelines.core.urls import site_or_none
from pipelines.fleet.layout import FleetFolder, place_of_shard

HOSTS_FOLDER = "hosts"  # in the folder of the fleet: a file for each host that takes turns
SCHEDULER_VARIABLE = "MORGUE_SCHEDULER"  # address of the Dask scheduler whose worker runs this crawl
POLL_SECONDS = 0.1


class SharedHosts:
    """Give out the turns of shared hosts in the crawl of one shard."""

    def __init__(self, fleet: FleetFolder, shard: int, shared_sites: frozenset[str]) -> None:
        """`shared_sites`: sites that this shard owns, and that sources of other shards name."""
        self._fleet, self._shard, self._shared = fleet, shard, shared_sites
        self._threads = ThreadPoolExecutor(4, "host turns")

    @cached_property
    def _turns(self) -> HostTurns:
        """Return what gives out turns: the scheduler, if there is one, else files in the folder of the fleet."""
        address = os.environ.get(SCHEDULER_VARIABLE)
        return DaskHostTurns(address) if address else FileHostTurns(self._fleet.path / HOSTS_FOLDER)

    def is_shared(self, url: str) -> bool:
        """Return True if other shards may ask the host of this URL."""
        site = site_or_none(url)
        if site is None or EVERY_SITE in self._shared or site in self._shared:
            return True
        return self._fleet.owner_of(site) != self._shard

    @asynccontextmanager
    async def turn(self, url: str, delay: float, stopping: Callable[[], bool]) -> AsyncIterator[None]:
        """Wait for the turn of a URL's host, `delay` seconds after its last request; have it in the context.

        Raises CrawlStopping if the crawl ends meanwhile, MorgueError.
        """
        if not self.is_shared(url):
            yield
            return
        host = (urlsplit(url).hostname or "").lower()
        turn = await self._take(host, delay, stopping)
        try:
            yield
        finally:
            turn.__exit__(None, None, None)

    async def _take(self, host: str, delay: float, stopping: Callable[[], bool]) -> AbstractContextManager[None]:
        loop = asyncio.get_running_loop()
        while True:
            turn = self._turns.taken(host, delay, timeout=0.0)
            try:
                await loop.run_in_executor(self._threads, turn.__enter__)
                return turn
            except HostBusy:
                if stopping():
                    raise CrawlStopping from None
            await asyncio.sleep(POLL_SECONDS)


def shared_hosts(config: Config) -> SharedHosts | None:
    """Return the turns for the crawl of an archive; None if it is no shard of a fleet."""
    place = place_of_shard(config.folder.path)
    return None if place is None else SharedHosts(*place, config.others.shared_sites)

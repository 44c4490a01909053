"""Let the crawls of a fleet's shards take turns at hosts that several of them ask, such as that of a feed service.

A site belongs to one shard, and most hosts are asked by that one alone. A source may name a feed on another site, and a
page may lead to one; then the shard that owns that site, if it has sources there, asks the same host.

What gives out the turns:
- On a Dask worker, its scheduler. It knows all crawls of the fleet that were started by it.
- Else files in the folder of the fleet, which costs next to nothing and is all that one machine needs.
- And, after the file, an object in the bucket, if the fleet has one: other machines may crawl other shards from folders
  of their own, and nothing here tells whether they do. In this order one process of a machine at a time asks the
  bucket.
  A turn costs two writes to it, and a few reads while another machine has the host.
Hosts that no other shard asks take no turn, so that an ordinary crawl does not ask the bucket for any.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager
from functools import cached_property, partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from crawler.config.models import Config
from crawler.config.toml_files import EVERY_SITE
from crawler.engine.shipping import store_of_fleet
from crawler.http.crawl_stopping import CrawlStopping
from crawler.http.host_not_asked import HostNotAsked
from crawler.work.host_lock import DaskHostTurns, FileHostTurns, HostBusy, HostTurns
from pipelines.core.errors import MorgueError
from pipelines.core.log_output import notices
from pipelines.core.urls import site_or_none
from pipelines.fleet.layout import FleetFolder, place_of_shard

if TYPE_CHECKING:
    from crawler.engine.bucket_turns import BucketHostTurns

HOSTS_FOLDER = "hosts"  # in the folder of the fleet: a file for each host that takes turns
SCHEDULER_VARIABLE = "MORGUE_SCHEDULER"  # address of the Dask scheduler whose worker runs this crawl
POLL_SECONDS = 0.1
MAX_THREADS = 8  # that take and give back turns


class SharedHosts:
    """Give out the turns of shared hosts in the crawl of one shard."""

    def __init__(
        self,
        fleet: FleetFolder,
        shard: int,
        shared_sites: frozenset[str],
        bucket_turns: Callable[[], BucketHostTurns] | None = None,
    ) -> None:
        """`shared_sites`: sites that this shard owns, and that sources of other shards name.

        `bucket_turns`: makes what gives out turns by the fleet's bucket, if it has one.
        """
        self._fleet, self._shard, self._shared = fleet, shard, shared_sites
        self._bucket_turns = bucket_turns
        self._threads = ThreadPoolExecutor(MAX_THREADS, "host turns")
        self._told: set[str] = set()  # hosts of which the user was told that they are not asked

    @cached_property
    def _turns(self) -> list[HostTurns]:
        """Return what gives out turns, in the order in which it is asked."""
        if address := os.environ.get(SCHEDULER_VARIABLE):
            return [DaskHostTurns(address)]
        files = FileHostTurns(self._fleet.path / HOSTS_FOLDER)
        return [files] if self._bucket_turns is None else [files, self._bucket_turns()]

    def is_shared(self, url: str) -> bool:
        """Return True if other shards may ask the host of this URL."""
        site = site_or_none(url)
        if site is None or EVERY_SITE in self._shared or site in self._shared:
            return True
        return self._fleet.owner_of(site) != self._shard

    @asynccontextmanager
    async def turn(self, url: str, delay: float, stopping: Callable[[], bool]) -> AsyncIterator[None]:
        """Wait for the turn of a URL's host, `delay` seconds after its last request; have it in the context.

        Raises CrawlStopping if the crawl ends meanwhile, HostNotAsked if what gives out turns fails.
        """
        if not self.is_shared(url):
            yield
            return
        host = (urlsplit(url).hostname or "").lower()
        held = await self._all_taken(host, delay, stopping)
        try:
            yield
        finally:
            await asyncio.get_running_loop().run_in_executor(self._threads, held.close)

    async def _all_taken(self, host: str, delay: float, stopping: Callable[[], bool]) -> ExitStack:
        """Return what gives the turns of a host back. Raises CrawlStopping, HostNotAsked."""
        held = ExitStack()
        try:
            for turns in self._turns:
                await self._take(held, turns, host, delay, stopping)
        except BaseException as error:
            await asyncio.get_running_loop().run_in_executor(self._threads, held.close)
            if not isinstance(error, MorgueError):
                raise
            if host not in self._told:
                self._told.add(host)
                about = {"host": host, "subject": error.subject, "cause": error.cause, "cure": error.cure}
                notices.warning("%(host)s is not asked, no turn: %(subject)s: %(cause)s\n  %(cure)s", about)
            raise HostNotAsked(str(error)) from error
        return held

    async def _take(
        self, held: ExitStack, turns: HostTurns, host: str, delay: float, stopping: Callable[[], bool]
    ) -> None:
        loop = asyncio.get_running_loop()
        while True:
            turn = turns.taken(host, delay, timeout=0.0)
            try:
                await loop.run_in_executor(self._threads, turn.__enter__)
                held.push(turn)
                return
            except HostBusy:
                if stopping():
                    raise CrawlStopping from None
            await asyncio.sleep(POLL_SECONDS)


def shared_hosts(config: Config) -> SharedHosts | None:
    """Return the turns for the crawl of an archive; None if it is no shard of a fleet."""
    place = place_of_shard(config.folder.path)
    if place is None:
        return None
    bucket_turns = partial(turns_of_bucket, config) if config.storage.bucket else None
    return SharedHosts(*place, config.others.shared_sites, bucket_turns)


def turns_of_bucket(config: Config) -> BucketHostTurns:
    """Return what gives out turns by the bucket of a fleet. Raises ConfigError."""
    from crawler.engine.bucket_turns import TURN_SECONDS, BucketHostTurns

    seconds = TURN_SECONDS + float(config.crawl.timeout)
    return BucketHostTurns(store_of_fleet(config), seconds=seconds, patience=float(config.storage.lease))

"""Fetch pages of a site that is not a source yet, for `morgue add` and `morgue sample`."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from crawler.config.models import Config
from crawler.discovery.results import Discovery
from crawler.http.body_decoder import ACCEPT_ENCODING, decoded
from crawler.http.client import FetchLimits, HttpClient
from crawler.http.outcome import FetchError, NoteSent
from crawler.middleware.failure_reasons import reason_of_fetch
from crawler.onboarding.probe import ProbeResponse
from pipelines.core import timestamps
from pipelines.core.urls import host_of, site_or_none
from pipelines.core.worker_pool import WorkerFailure
from pipelines.database.frontier import hosts
from pipelines.database.frontier.hosts import HostPace
from pipelines.session.body_budget import GrowingBody
from pipelines.session.context import CrawlContext
from pipelines.takedown.register import refusal_to_request
from pipelines.warc.content_codings import DecodingRefused

logger = logging.getLogger("morgue.onboarding")


class SiteFetcher:
    """Send requests at the archive's pace, and record each exchange in the archive; for one site or several at once."""

    def __init__(self, config: Config, context: CrawlContext) -> None:
        crawl = config.crawl
        self.config, self.context = config, context
        self.client = HttpClient(
            FetchLimits(timeout=crawl.timeout, max_body=crawl.max_body),
            allow_private_ips=crawl.allow_private_ips,
            verify=crawl.verify_certificates,
            proxy_for=lambda url: crawl.proxy or None,
            sources=config.source_addresses,
        )
        self.next_request: dict[str, float] = {}  # host -> time of the event loop before which it gets no request
        self._unsaved: dict[str, HostPace] = {}  # by host

    async def fetch(self, url: str, kind: str, crawl_delay: float | None, cookie: bytes) -> ProbeResponse:
        """Fetch a URL and record the exchange, also a failed one. The signature is `crawler.onboarding.probe.Fetch`.

        What was taken down is not requested, wherever its address comes from: the user, a link, a redirect.
        """
        refusal = await self.context.do(refusal_to_request, self.context.archive_writer.db, url)
        if refusal is not None:
            logger.info("not requested: %(why)s", {"why": refusal})
            return ProbeResponse(None, error=refusal)
        delay = await self._wait_for(url, crawl_delay)
        bodies, site = self.context.backpressure.bodies, site_or_none(url)
        with bodies.grow(site) as growing:
            response = await self._fetch(url, kind, cookie, growing, partial(self._restart_delay, host_of(url), delay))
        paces, self._unsaved = self._unsaved, {}
        await self.context.do(hosts.keep_paces, self.context.archive_writer.db, paces)
        bodies.hold(response, len(response.body), site)
        return response

    async def _fetch(self, url: str, kind: str, cookie: bytes, growing: GrowingBody, sent: NoteSent) -> ProbeResponse:
        try:
            fetched = await self.client.fetch(
                url, headers=self._headers(cookie), kind=kind, make_room=growing.grow_to, sent=sent
            )
        except FetchError as error:
            await self._record(*error.earlier, error.exchange)
            return ProbeResponse(None, error=reason_of_fetch(error))
        await self._record(*fetched.earlier, fetched.exchange)
        headers = {name.lower().decode("latin-1"): value.decode("latin-1") for name, value in fetched.headers}
        received = len(fetched.body)
        try:
            body = await decoded(
                fetched.headers,
                fetched.body,
                self.config.crawl.max_body,
                lambda held: growing.grow_to(received + held),
            )
        except DecodingRefused as refused:
            return ProbeResponse(None, error=refused.reason)
        set_cookies = tuple(value for name, value in fetched.headers if name.lower() == b"set-cookie")
        return ProbeResponse(fetched.status, headers, set_cookies, body)

    async def read(self, reader: Any, *arguments: Any) -> Any:
        """Run a reader in a worker process, because it reads untrusted data."""
        try:
            found = await self.context.workers.run(reader, *arguments)
        except WorkerFailure as overrun:
            return Discovery(problem=f"reading it {overrun.reason}")
        if isinstance(found, Discovery) and found.exception:
            logger.debug("a parser raised %(raised)s", {"raised": found.exception})
        return found

    async def close(self) -> None:
        await self.client.close()

    async def _record(self, *exchanges: Any) -> None:
        for exchange in exchanges:
            await self.context.record(exchange)

    async def _wait_for(self, url: str, crawl_delay: float | None) -> float:
        """Wait until the host may get its next request, and return its delay. A Crawl-delay counts up to
        `crawl.max_delay`.

        The pace goes on from the last run that asked the host, and the next run goes on from here.
        """
        crawl, db, host = self.config.crawl, self.context.archive_writer.db, host_of(url)
        delay, left = max(crawl.delay, min(crawl_delay or 0.0, crawl.max_delay)), 0.0
        if host not in self.next_request:
            name, run_id = urlsplit(url).hostname or host, self.context.crawl_id
            left = await self.context.do(
                hosts.seconds_to_wait, db, name, timestamps.now(), run_id, delay, crawl.max_delay
            )
        now = asyncio.get_running_loop().time()
        at = max(now + left, self.next_request.get(host, 0.0))
        self.next_request[host] = at + delay  # before the wait: another site may be on the same host
        seconds = at - now
        if seconds:
            wait = {"url": url, "host": host, "seconds": seconds, "delay": delay}
            logger.debug("%(url)s waits %(seconds).2f s: its host is asked every %(delay).2f s", wait)
        await asyncio.sleep(seconds)
        self._restart_delay(host, delay)
        return delay

    def _restart_delay(self, host: str, delay: float) -> None:
        """Count the host's delay from now: a request goes out, or has been sent after a wait for its connection."""
        self.next_request[host] = max(self.next_request[host], asyncio.get_running_loop().time() + delay)
        self._unsaved[host] = HostPace(timestamps.now(), delay)

    def _headers(self, cookie: bytes) -> list[tuple[bytes, bytes]]:
        headers = [
            (b"User-Agent", self.config.user_agent.encode("latin-1", "replace")),
            (b"Accept", b"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
            (b"Accept-Encoding", ACCEPT_ENCODING),
        ]
        if cookie:
            headers.append((b"Cookie", cookie))
        contact = self.config.operator.contact
        # RFC 9110 section 10.1.2: From holds a mailbox, not a URL.
        return [*headers, (b"From", contact.encode())] if "@" in contact and "/" not in contact else headers

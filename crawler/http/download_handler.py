"""Plug our HTTP client into Scrapy: a Request in, a Response out, every exchange recorded in between.

Recording happens here, below all of Scrapy's middlewares, because everything that goes over the wire comes by here:
redirects, retries, robots.txt and failures too. A response is handed on only after its exchange is recorded.
`CrawlContext.record` does that, on the archive writer's thread: WARC records first, then the row of the capture.

Not supported: HTTP/2, the signals `headers_received` and `bytes_received`, the meta key `bindaddress`.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING

from scrapy import Request
from scrapy.core.downloader.handlers.base import BaseDownloadHandler
from scrapy.crawler import Crawler
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    ResponseDataLossError,
)
from scrapy.http import Headers, Response
from scrapy.responsetypes import responsetypes

from crawler.http.client import FetchLimits, HttpClient
from crawler.http.crawl_stopping import CrawlStopping
from crawler.http.outcome import (
    AddressRefused,
    BodyTooLarge,
    ConnectFailed,
    ConnectionLost,
    FetchError,
    FetchResult,
    MakeRoom,
    NameNotResolved,
    NotHttp,
    PortRefused,
    TimedOut,
    TlsFailed,
    TooManyParts,
    Unsendable,
)
from pipelines.core.items import Capture, Exchange
from pipelines.core.urls import site_or_none
from pipelines.session.backpressure import HELD_SECONDS, Backpressure

if TYPE_CHECKING:
    from pipelines.session.context import SharedHostTurns

RecordExchange = Callable[[Exchange, int | None], Awaitable[Capture]]  # the exchange, and the source it belongs to

# The exceptions by which Scrapy's RetryMiddleware decides (RETRY_EXCEPTIONS). DownloadCancelledError is not among them,
# because those failures would only happen again.
SCRAPY_ERRORS: dict[type[FetchError], type[Exception]] = {
    Unsendable: DownloadCancelledError,
    NameNotResolved: CannotResolveHostError,
    AddressRefused: DownloadCancelledError,
    PortRefused: DownloadCancelledError,
    ConnectFailed: DownloadConnectionRefusedError,
    TlsFailed: DownloadFailedError,  # DownloadCancelledError if it was the certificate
    TimedOut: DownloadTimeoutError,
    ConnectionLost: DownloadFailedError,  # ResponseDataLossError once the head had come
    BodyTooLarge: DownloadCancelledError,
    TooManyParts: DownloadCancelledError,
    NotHttp: DownloadFailedError,
}


class ArchivingDownloadHandler(BaseDownloadHandler):
    """Download over `crawler.http.client`.

    Settings: DOWNLOAD_TIMEOUT, DOWNLOAD_MAXSIZE, DOWNLOAD_VERIFY_CERTIFICATES, DOWNLOAD_FAIL_ON_DATALOSS, and
    our own MORGUE_ALLOW_PRIVATE_IPS and MORGUE_SOURCE_ADDRESSES. Request meta: `download_timeout`, `download_maxsize`,
    `verify_certificates`, `download_fail_on_dataloss`, `proxy`, `kind`, `source_id`. Sets `capture` (of the last
    exchange, failed or not) and `download_latency`.
    """

    lazy = False

    def __init__(
        self,
        crawler: Crawler,
        record: RecordExchange,
        backpressure: Backpressure | None = None,
        may_ask: Callable[[], bool] = lambda: True,
        host_turns: SharedHostTurns | None = None,
    ) -> None:
        super().__init__(crawler)
        self._host_turns = host_turns
        settings = crawler.settings
        self._record, self._backpressure = record, backpressure or Backpressure()
        self._may_ask = may_ask  # False for now: another machine may be asking the same sites
        self._fail_on_dataloss = settings.getbool("DOWNLOAD_FAIL_ON_DATALOSS", True)
        limits = FetchLimits(
            timeout=settings.getfloat("DOWNLOAD_TIMEOUT"),
            connect_timeout=min(FetchLimits().connect_timeout, settings.getfloat("DOWNLOAD_TIMEOUT")),
            max_body=settings.getint("DOWNLOAD_MAXSIZE"),
        )
        self._client = HttpClient(
            limits,
            allow_private_ips=settings.getbool("MORGUE_ALLOW_PRIVATE_IPS"),
            verify=settings.getbool("DOWNLOAD_VERIFY_CERTIFICATES"),
            sources=settings.getlist("MORGUE_SOURCE_ADDRESSES"),
        )

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> ArchivingDownloadHandler:
        """Record through the context of the crawl. Raise KeyError if it has none."""
        from pipelines.session.context import CrawlContext

        context = CrawlContext.of(crawler)
        return cls(crawler, context.record, context.backpressure, context.may_ask, context.host_turns)

    async def close(self) -> None:
        """Close all connections."""
        await self._client.close()

    async def download_request(self, request: Request) -> Response:
        """Fetch, record, answer. Raise one of Scrapy's download exceptions, CrawlStopping, or what recording raises."""
        site = site_or_none(request.url)
        async with self._backpressure.exchange(site, request.meta.get("source_id")):
            while not self._backpressure.stopping:  # it may have waited long for its place
                async with self._turn(request):
                    if self._may_ask():
                        self._restart_delay(request)
                        with self._backpressure.bodies.grow(site) as body:
                            response = await self._download(request, body.grow_to)
                        self._backpressure.bodies.hold(response, len(response.body), site)
                        return response
                await asyncio.sleep(HELD_SECONDS)
            raise CrawlStopping

    def _turn(self, request: Request) -> AbstractAsyncContextManager[None]:
        """Return the turn of the request's host, if crawls of other shards may ask it at the same time."""
        if self._host_turns is None:
            return nullcontext()
        slot = self.crawler.engine.downloader.slots.get(request.meta.get("download_slot", ""))
        delay = 0.0 if slot is None else slot.delay
        return self._host_turns.turn(request.url, delay, lambda: self._backpressure.stopping)

    async def _download(self, request: Request, make_room: MakeRoom) -> Response:
        try:
            async with self._backpressure.until_stopped():
                fetched = await self._fetch(request, make_room)
        except TimeoutError as error:
            raise CrawlStopping from error
        except FetchError as error:
            await self._record_all(request, *error.earlier, error.exchange)
            if error.partial is not None:
                request.meta["download_latency"] = error.partial.latency
            if isinstance(error, ConnectionLost) and error.partial and self._accepts_partial(request):
                return as_response(request, error.partial, ["dataloss"])
            failure = scrapy_error(error)
            error.drop_bytes()
            raise failure from error
        await self._record_all(request, *fetched.earlier, fetched.exchange)
        request.meta["download_latency"] = fetched.latency
        return as_response(request, fetched)

    def _restart_delay(self, request: Request) -> None:
        """Count the host's delay from now: after its slot let the request go, it has waited for Backpressure, or for
        its connection.
        """
        slot = self.crawler.engine.downloader.slots.get(request.meta.get("download_slot", ""))
        if slot is not None:
            slot.lastseen = monotonic()

    async def _fetch(self, request: Request, make_room: MakeRoom) -> FetchResult:
        meta = request.meta
        return await self._client.fetch(
            request.url,
            method=request.method,
            headers=[(name, value) for name, values in request.headers.items() for value in values],
            body=request.body,
            kind=meta.get("kind", "page"),
            verify=meta.get("verify_certificates"),
            timeout=meta.get("download_timeout"),
            max_body=meta.get("download_maxsize"),
            proxy=request.meta.get("proxy"),
            make_room=make_room,
            sent=partial(self._restart_delay, request),
        )

    async def _record_all(self, request: Request, *exchanges: Exchange) -> None:
        for exchange in exchanges:
            self._backpressure.bandwidth.count(len(exchange.request) + len(exchange.response))
            request.meta["capture"] = await self._record(exchange, request.meta.get("source_id"))

    def _accepts_partial(self, request: Request) -> bool:
        return not request.meta.get("download_fail_on_dataloss", self._fail_on_dataloss)


def as_response(request: Request, fetched: FetchResult, flags: list[str] | None = None) -> Response:
    """Return a result as a Scrapy response: transfer-decoded, still content-encoded, every header value kept."""
    values: dict[bytes, list[bytes]] = {}
    for name, value in fetched.headers:
        values.setdefault(name.title(), []).append(value)
    headers, body = Headers(values), fetched.body  # `Headers.appendlist` would copy all values of a name for each
    ip, protocol = fetched.exchange.ip, fetched.exchange.protocol.upper()
    kind = responsetypes.from_args(headers=headers, url=request.url, body=body)
    return kind(
        url=request.url,
        status=fetched.status,
        headers=headers,
        body=body,
        flags=flags,
        certificate=fetched.certificate,
        ip_address=ipaddress.ip_address(ip) if ip else None,
        protocol=protocol,
    )


def scrapy_error(error: FetchError) -> Exception:
    """Return the exception by which Scrapy's middlewares know this kind of failure."""
    if isinstance(error, TlsFailed) and error.unverified:
        return DownloadCancelledError(str(error))
    if isinstance(error, ConnectionLost) and error.partial is not None:
        return ResponseDataLossError(str(error))
    return SCRAPY_ERRORS[type(error)](str(error))

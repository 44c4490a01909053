"""Define Scrapy's settings: only what differs from its defaults, with a reason beside each line.

`crawler.engine.launch.configure` puts the settings of an archive's own morgue.toml on top (delay, timeout, User-Agent).
"""

import sys

BOT_NAME = "newsmorgue"
SPIDER_MODULES = ["crawler.spiders"]

# Our own HTTP client, because the archive needs every byte of both directions (docs/decisions/0001-the-wire.md).
DOWNLOAD_HANDLERS = {
    "http": "crawler.http.download_handler.ArchivingDownloadHandler",
    "https": "crawler.http.download_handler.ArchivingDownloadHandler",
    # A page must not be able to make us read a local file or log in to a server.
    "file": None,
    "ftp": None,
    "s3": None,
    "data": None,
}

# Of Scrapy's own parts, these and no others, whatever a later Scrapy adds. To name one with None in the other settings
# leaves it out as well, but imports it first: aiohttp, tldextract and requests alone take a fifth of the start.
DOWNLOADER_MIDDLEWARES_BASE = {
    # Left out: offsite (discovery decides which links are within the site), robotstxt (fetches pages on a robots.txt of
    # 500), httpauth (no logins in an archive), redirect (no cookies; goes round loops; leaves pages that have text),
    # cookies (also asks the network for the public suffix list), httpproxy (obeys http_proxy of the environment),
    # httpcompression (fails what browsers read), stats (the summary has its own), httpcache (the archive is the cache).
    "scrapy.downloadermiddlewares.downloadtimeout.DownloadTimeoutMiddleware": 350,
    "scrapy.downloadermiddlewares.defaultheaders.DefaultHeadersMiddleware": 400,
    "scrapy.downloadermiddlewares.useragent.UserAgentMiddleware": 500,
    "scrapy.downloadermiddlewares.retry.RetryMiddleware": 550,
}
# Left out: depth (the frontier counts it, also across restarts), urllength (checked before a URL enters the frontier),
# httperror (a 404 is an outcome that is recorded), referer (a site need not know which page linked it).
SPIDER_MIDDLEWARES_BASE: dict[str, int] = {}
# Left out: telnet and remote control (no access to a running crawl), corestats, logstats and logcount (the progress bar
# and the summary show counts), memory watchers, throttle (ThrottleMiddleware does it).
EXTENSIONS_BASE = {
    "scrapy.extensions.closespider.CloseSpider": 0,
    "scrapy.extensions.feedexport.FeedExporter": 0,  # for `scrapy crawl news -O FILE`
}

# The one nearest the engine is first.
DOWNLOADER_MIDDLEWARES = {
    "crawler.middleware.robots.RobotsMiddleware": 100,  # before all others: a request that is disallowed needs no delay
    "crawler.middleware.redirects.RedirectsMiddleware": 600,  # where Scrapy has its own
    "crawler.middleware.known_redirects.KnownRedirectsMiddleware": 610,  # before RedirectsMiddleware follows
    "crawler.middleware.meta_refresh.MetaRefreshMiddleware": 620,  # what it makes a redirect is treated as one
    "crawler.middleware.content_decoding.DecodingMiddleware": 630,  # before all middlewares that look at bodies
    "crawler.middleware.throttle.ThrottleMiddleware": 860,  # sees a 503 before RetryMiddleware (550) does
}

# The way of a page through the item pipelines, in this order.
ITEM_PIPELINES = {
    "pipelines.session.item_pipelines.ReadPage": 100,  # Page -> Reading, in a worker process
    "crawler.frontier.removed_copies.LeaveOutRemovedCopies": 200,  # what was taken down does not come back as a copy
    "pipelines.session.item_pipelines.StoreArticle": 300,  # writes its rows; after that the article is in the archive
    "crawler.frontier.close_visit.CloseVisit": 900,  # last: a visit ends when the rows of its page are written
}

DUPEFILTER_CLASS = "scrapy.dupefilters.BaseDupeFilter"  # the frontier knows which URLs were seen, across runs
RETRY_GIVE_UP_LOG_LEVEL = "DEBUG"  # the summary names the failure
RETRY_EXCEPTIONS = [  # Scrapy's own list without the exceptions of Twisted, which our handler does not raise
    "scrapy.exceptions.CannotResolveHostError",
    "scrapy.exceptions.DownloadConnectionRefusedError",
    "scrapy.exceptions.DownloadFailedError",
    "scrapy.exceptions.DownloadTimeoutError",
    "scrapy.exceptions.ResponseDataLossError",
]
CONCURRENT_ITEMS = 1  # a page is one item; Scrapy starts so many tasks for each answer, and 100 cost a millisecond
# Scrapy would ask no host for anything while 5 MB of answers wait to be read. crawl.body_memory limits them, with a
# share for each site, so that one site's large pages do not hold up the others.
SCRAPER_SLOT_MAX_ACTIVE_SIZE = sys.maxsize
DOWNLOAD_WARNSIZE = 0  # a body over the limit is not fetched; a warning would add nothing
DEFAULT_REQUEST_HEADERS = {
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
}
TWISTED_REACTOR_ENABLED = False  # all our I/O is asyncio, so there is no reactor between it and the event loop
LOG_LEVEL = "WARNING"
STATS_DUMP = False  # the closing summary reports the counts

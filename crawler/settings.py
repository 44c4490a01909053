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

# The one nearest the engine is first.
DOWNLOADER_MIDDLEWARES = {
    "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,  # discovery decides which links are within the site
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,  # fetches pages on a robots.txt of 500
    "crawler.middleware.robots.RobotsMiddleware": 100,  # before all others: a request that is disallowed needs no delay
    "scrapy.downloadermiddlewares.httpauth.HttpAuthMiddleware": None,  # no logins in an archive
    "scrapy.downloadermiddlewares.redirect.MetaRefreshMiddleware": None,  # leaves pages that have text
    "scrapy.downloadermiddlewares.redirect.RedirectMiddleware": None,  # no cookies; goes round loops
    "scrapy.downloadermiddlewares.cookies.CookiesMiddleware": None,  # also asks the network for the public suffix list
    "scrapy.downloadermiddlewares.httpproxy.HttpProxyMiddleware": None,  # obeys http_proxy of the environment
    "scrapy.downloadermiddlewares.httpcompression.HttpCompressionMiddleware": None,  # fails what browsers read
    "crawler.middleware.redirects.RedirectsMiddleware": 600,  # where Scrapy has its own
    "crawler.middleware.known_redirects.KnownRedirectsMiddleware": 610,  # before RedirectsMiddleware follows
    "crawler.middleware.meta_refresh.MetaRefreshMiddleware": 620,  # what it makes a redirect is treated as one
    "crawler.middleware.content_decoding.DecodingMiddleware": 630,  # before all middlewares that look at bodies
    "crawler.middleware.throttle.ThrottleMiddleware": 860,  # sees a 503 before RetryMiddleware (550) does
    "scrapy.downloadermiddlewares.httpcache.HttpCacheMiddleware": None,  # the archive is the cache
}

# The way of a page through the item pipelines, in this order.
ITEM_PIPELINES = {
    "pipelines.session.item_pipelines.ReadPage": 100,  # Page -> Reading, in a worker process
    "crawler.frontier.removed_copies.LeaveOutRemovedCopies": 200,  # what was taken down does not come back as a copy
    "pipelines.session.item_pipelines.StoreArticle": 300,  # writes its rows; after that the article is in the archive
    "crawler.frontier.close_visit.CloseVisit": 900,  # last: a visit ends when the rows of its page are written
}

SPIDER_MIDDLEWARES = {
    "scrapy.spidermiddlewares.depth.DepthMiddleware": None,  # the frontier counts depth, also across restarts
    "scrapy.spidermiddlewares.urllength.UrlLengthMiddleware": None,  # checked before a URL enters the frontier
}

REFERRER_POLICY = "no-referrer"  # a site need not know which page linked it
DUPEFILTER_CLASS = "scrapy.dupefilters.BaseDupeFilter"  # the frontier knows which URLs were seen, across runs
HTTPERROR_ALLOW_ALL = True  # a 404 is an outcome that is recorded
COOKIES_ENABLED = False
ROBOTSTXT_OBEY = False  # RobotsMiddleware does it, by RFC 9309
AUTOTHROTTLE_ENABLED = False  # ThrottleMiddleware does it, with a minimum delay for each host
TELNETCONSOLE_ENABLED = False  # no access to a running crawl
REMOTE_CONTROL_ENABLED = False  # it runs Python code that is posted to it (on by default since Scrapy 2.18)
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
MEMUSAGE_ENABLED = False
EXTENSIONS = {
    "scrapy.extensions.corestats.CoreStats": None,
    "scrapy.extensions.logstats.LogStats": None,  # the progress bar shows them
}

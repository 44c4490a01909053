"""Scrapy's settings: only what differs from its defaults, a reason beside each line.

What an archive's own morgue.toml decides (delay, timeout, User-Agent, ...) is put on top by
`crawler.engine.launch.configure`.
"""

BOT_NAME = "newsmorgue"
SPIDER_MODULES = ["crawler.spiders"]

# Off the wire: our own client; the archive needs every byte of both directions (docs/decisions/0001-the-wire.md).
DOWNLOAD_HANDLERS = {
    "http": "crawler.http.download_handler.ArchivingDownloadHandler",
    "https": "crawler.http.download_handler.ArchivingDownloadHandler",
    # A page must not be able to make us read a local file or log in somewhere.
    "file": None,
    "ftp": None,
    "s3": None,
    "data": None,
}

# Nearest the engine first.
DOWNLOADER_MIDDLEWARES = {
    "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,  # discovery decides what is on-site
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,  # fetches pages on a robots.txt of 500
    "crawler.middleware.robots.RobotsMiddleware": 100,  # before anything else: what may not be asked needs no pace
    "scrapy.downloadermiddlewares.httpauth.HttpAuthMiddleware": None,  # no logins in an archive
    "scrapy.downloadermiddlewares.redirect.MetaRefreshMiddleware": None,  # consent and paywall loops
    "scrapy.downloadermiddlewares.cookies.CookiesMiddleware": None,  # also asks the network for the public suffix list
    "scrapy.downloadermiddlewares.httpcompression.HttpCompressionMiddleware": None,  # fails what browsers read
    "crawler.middleware.content_decoding.DecodingMiddleware": 590,  # before all that look at bodies
    "crawler.middleware.known_redirects.KnownRedirectsMiddleware": 610,  # before RedirectMiddleware (600) follows
    "crawler.middleware.throttle.ThrottleMiddleware": 860,  # sees a 503 before RetryMiddleware (550) does
    "scrapy.downloadermiddlewares.httpcache.HttpCacheMiddleware": None,  # the archive is the cache
}

# A page's walk; see pipelines/__init__.py.
ITEM_PIPELINES = {
    "pipelines.session.item_pipelines.ReadPage": 100,  # Page -> Reading, in a worker process
    "pipelines.session.item_pipelines.StoreArticle": 300,  # rows; after them the article is in the archive
    "crawler.frontier.visit_outcomes.CloseVisit": 900,  # last: a page is done when its rows are written
}

SPIDER_MIDDLEWARES = {
    "scrapy.spidermiddlewares.depth.DepthMiddleware": None,  # depth is the frontier's, and survives a restart
    "scrapy.spidermiddlewares.urllength.UrlLengthMiddleware": None,  # checked before a URL enters the frontier
}

REFERRER_POLICY = "no-referrer"  # a site need not know by which way we came
DUPEFILTER_CLASS = "scrapy.dupefilters.BaseDupeFilter"  # the frontier knows what was seen, across runs
HTTPERROR_ALLOW_ALL = True  # a 404 is an outcome to be written down
COOKIES_ENABLED = False
ROBOTSTXT_OBEY = False  # RobotsGate does, by RFC 9309
AUTOTHROTTLE_ENABLED = False  # Pace does, with a lowest delay for each host
TELNETCONSOLE_ENABLED = False  # no doors into a running crawl
REMOTE_CONTROL_ENABLED = False  # runs posted Python code (on by default since Scrapy 2.18)
RETRY_GIVE_UP_LOG_LEVEL = "DEBUG"  # the summary names it
RETRY_EXCEPTIONS = [  # Scrapy's own list without Twisted's, which our handler does not raise
    "scrapy.exceptions.CannotResolveHostError",
    "scrapy.exceptions.DownloadConnectionRefusedError",
    "scrapy.exceptions.DownloadFailedError",
    "scrapy.exceptions.DownloadTimeoutError",
    "scrapy.exceptions.ResponseDataLossError",
]
CONCURRENT_ITEMS = 1  # a page is one item; Scrapy starts this many tasks for each answer, and 100 cost a millisecond
DOWNLOAD_WARNSIZE = 0  # the cap is the answer, not a warning
DEFAULT_REQUEST_HEADERS = {
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
}
TWISTED_REACTOR_ENABLED = False  # all our I/O is asyncio: no reactor between it and the loop
LOG_LEVEL = "WARNING"
STATS_DUMP = False  # the closing summary is the report
MEMUSAGE_ENABLED = False
EXTENSIONS = {
    "scrapy.extensions.corestats.CoreStats": None,
    "scrapy.extensions.logstats.LogStats": None,  # the progress bar is
}

"""Fetch pages and offer the `morgue` command: the Scrapy project, discovery, the frontier, command line, settings.

May import `pipelines` and `exports`; neither may import this package. Items are in `pipelines/core/items.py`, not here
where a Scrapy tutorial would put them, because the archive must work without a crawler. Start reading at
`crawler.cli.main`, or at `crawler.engine.crawl` for a crawl.
"""

__version__ = "0.1.0"

"""Where pages come from: the Scrapy project, discovery, the frontier, and the front desk (command line, settings).

May import `pipelines` and `exports`; neither may import this room. Items live in `pipelines/core/items.py`, not here
where a Scrapy tutorial would put them: the archive must run without a crawler.
"""

__version__ = "0.1.0"

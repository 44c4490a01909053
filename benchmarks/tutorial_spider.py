"""Scrapy and trafilatura put together as a tutorial would: the peer that `morgue crawl` is measured against.

    scrapy runspider tutorial_spider.py -a start=http://localhost:8000/ -O articles.jsonl

Scrapy's own defaults, no tuning in either direction; robots.txt is obeyed as in Scrapy's project template. No
WARC, no database, no memory of earlier runs.
"""

import json
from urllib.parse import urlsplit

import trafilatura
from scrapy.linkextractors import LinkExtractor
from scrapy.spiders import CrawlSpider, Rule


class TutorialSpider(CrawlSpider):
    name = "tutorial"
    custom_settings = {"ROBOTSTXT_OBEY": True, "LOG_LEVEL": "INFO"}  # noqa: RUF012
    rules = (
        Rule(LinkExtractor(allow=r"/\d{4}/\d\d/\d\d/story-"), callback="parse_article", follow=True),
        Rule(LinkExtractor(allow=r"/section-\d+/")),
    )

    def __init__(self, start: str, **kwargs):
        super().__init__(**kwargs)
        self.start_urls = [start]
        self.allowed_domains = [urlsplit(start).hostname]

    def parse_article(self, response):
        article = trafilatura.extract(
            response.text, url=response.url, output_format="json", with_metadata=True, include_comments=False
        )
        if article:
            yield json.loads(article)

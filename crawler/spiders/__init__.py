"""Hold the one spider, where Scrapy looks for it.

May import engine and below. Start reading at `news`.
"""

"""Hold what the parts of one run share, and the Scrapy item pipelines.

May import core, warc, database, extraction, archive. Start reading at `context`.
"""

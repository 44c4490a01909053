"""Fetch over HTTP/1.1 so that every byte of request and response is kept.

May import core, warc, database, extraction, archive, session, takedown of pipelines. Start reading at `client`;
`download_handler` plugs it into Scrapy.
"""

"""Run one crawl or one import from start to end.

May import frontier, middleware, http, onboarding, config, discovery, work, and importing, session, takedown and the
five base packages of pipelines. Start reading at `crawl`; `launch` starts Scrapy.
"""

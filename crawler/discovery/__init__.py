"""Find links in feeds, sitemaps and pages, classify URLs, parse robots.txt.

Pure: bytes in, values out. May import core and extraction of pipelines. Start reading at `feeds` or `url_classifier`;
the manual is docs/discovery.md.
"""

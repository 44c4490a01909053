"""Stand between Scrapy and the wire: robots.txt, throttling, content codings, known redirects.

May import what frontier may, and frontier and http. Start reading at `robots`.
"""

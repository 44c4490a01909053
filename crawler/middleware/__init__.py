"""Act on requests and answers between Scrapy and the HTTP client: robots.txt, throttling, codings, known redirects.

May import what frontier may, and frontier and http. Start reading at `robots`.
"""

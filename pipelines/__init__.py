"""Hold the archive itself: WARC files, the SQLite database, and all that turns a fetched page into an article.

Runs without Scrapy and imports neither `crawler` nor `exports`. Each sub-package says what it may import;
`tests/test_law.py` checks it. Start reading at `pipelines.core.items`, the nouns that everything else passes on.
"""

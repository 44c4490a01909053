"""Provide values and helpers that know nothing of archives: items, errors, URLs, times, locks, workers.

Imports no other package of ours. Start reading at `items`.
"""

# They are here because `items` takes a tenth of the time of a search to import.
ARTICLE_KINDS = ("article", "opinion", "live blog", "gallery", "video")
GONE_KINDS = ("404", "410", "soft 404", "front page")  # kinds of PageState of a page that is not there any more
PAYWALLED_WHOLE = "declared paywall, text whole"  # value of Article.access of a text that is not free, but here

"""Name the kinds of articles, and of pages that are gone, for modules that need no more of `items`."""

ARTICLE_KINDS = ("article", "opinion", "live blog", "gallery", "video")
GONE_KINDS = ("404", "410", "soft 404", "front page")  # kinds of PageState of a page that is not there any more

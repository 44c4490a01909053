"""Serve The Harbour Gazette on loopback: a small newspaper that we wrote ourselves, to be crawled.

with serve() as paper: paper.url, paper.truth, paper.journal, paper.publish(), paper.correct()
"""

from .journal import Entry, Journal
from .server import Paper, serve
from .truth import Truth

__all__ = ["Entry", "Journal", "Paper", "Truth", "serve"]

"""Lines of a text that are furniture, as named rules. Data only; lines.py says which lines they name.

A rule speaks of a whole line: phrases that tile it, a pattern that matches all of it, or a sentence that asks readers
for something. So it never bites inside prose. Three things keep it from biting prose that sounds like furniture: rules
of the edges look at both ends of a text only, labels of forms count beside a line that is surely of a form, and words
between quotation marks belong to somebody.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.extraction.boilerplate import words_calls_to_action, words_comments, words_promotion
from pipelines.extraction.boilerplate.words_calls_to_action import Asks
from pipelines.extraction.boilerplate.words_comments import Words


@dataclass(frozen=True, slots=True)
class LineRule:
    """Why lines go, and where they do."""

    name: str
    why: str
    edges: bool = False  # only among the first HEAD or the last TAIL lines
    beside: str = ""  # only beside a line of the rules of this family
    family: str = ""


FORM = "comment form"
LINES = (
    LineRule("reply heading", "heads a comment form or invites to it", family=FORM),
    LineRule("e-mail notice", "stands in comment forms: what becomes of the address, which fields must be filled",
    family=FORM),
    LineRule("akismet", "WordPress's spam filter introduces itself", family=FORM),
    LineRule("log in to comment", "tells readers who may comment", family=FORM),
    LineRule("comment count", "heads the comments", edges=True, family=FORM),
    LineRule("comment form", "labels and buttons of a comment form", beside=FORM, family=FORM),
    LineRule("comment rules", "tells readers how comments are handled", edges=True, beside=FORM, family=FORM),
    LineRule("newsletter", "asks readers to subscribe to letters"),
    LineRule("follow", "asks readers to follow an account"),
    LineRule("get the app", "advertises the paper's own application"),
    LineRule("support", "asks readers for money", edges=True),
    LineRule("subscribers only", "sells a subscription or asks to log in", edges=True),
    LineRule("share", "the label of buttons"),
    LineRule("read also", "heads or names other articles"),
    LineRule("advertisement", "labels an advertisement that is not in the text"),
    LineRule("affiliate", "says that the paper earns on what is bought"),
    LineRule("tools", "players, printers, bookmarks, the time that reading takes"),
    LineRule("tags", "the sections and keywords that the article is filed under", edges=True),
    LineRule("breadcrumb", "the way from the front page to this one", edges=True),
    LineRule("issn", "the periodical's number, from the page's head or foot"),
    LineRule("first published", "says where the article comes from", edges=True),
    LineRule("date line", "a date that the page prints beside the article", edges=True),
    LineRule("copyright", "the owner's mark", edges=True),
    LineRule("credit", "who made the picture above it"),
    LineRule("sign-off", "names the desk or the agency at the end", edges=True),
    LineRule("contact", "says how to reach the newsroom", edges=True),
    LineRule("cookie notice", "says that the site uses cookies", edges=True),
    LineRule("embedded content", "the place of a film or post that needed consent or a script"),
    LineRule("address", "a bare web address", edges=True),
)  # fmt: skip
RULES = {rule.name: rule for rule in LINES}

TABLES: tuple[tuple[str, Words], ...] = (
    ("reply heading", words_comments.REPLY),
    ("e-mail notice", words_comments.NOTICE),
    ("log in to comment", words_comments.LOGIN),
    ("comment count", words_comments.COUNT),
    ("share", words_promotion.SHARE),
    ("read also", words_promotion.ALSO),
    ("advertisement", words_promotion.ADVERT),
    ("tools", words_promotion.TOOLS),
    ("comment form", words_comments.FIELDS),
)
# Of a word that two rules know, the first in LINES' order decides, and labels of forms come last. One word alone is a
# heading as often as a button, so this rule takes it at the edges only.
ONE_WORD_AT_EDGES = frozenset(("tools",))
ASKS: tuple[tuple[str, Asks], ...] = (
    ("newsletter", words_calls_to_action.NEWSLETTER),
    ("follow", words_calls_to_action.FOLLOW),
    ("get the app", words_calls_to_action.APP),
    ("support", words_calls_to_action.SUPPORT),
    ("subscribers only", words_calls_to_action.SUBSCRIBE),
)

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
class Line:
    """Why lines go, and where they do."""

    name: str
    why: str
    edges: bool = False  # only among the first HEAD or the last TAIL lines
    beside: str = ""  # only beside a line of the rules of this family
    family: str = ""


FORM = "comment form"
LINES = (
    Line("reply heading", "heads a comment form or invites to it", family=FORM),
    Line("e-mail notice", "stands in comment forms: what becomes of the address, which fields must be filled",
    family=FORM),
    Line("akismet", "WordPress's spam filter introduces itself", family=FORM),
    Line("log in to comment", "tells readers who may comment", family=FORM),
    Line("comment count", "heads the comments", edges=True, family=FORM),
    Line("comment form", "labels and buttons of a comment form", beside=FORM, family=FORM),
    Line("comment rules", "tells readers how comments are handled", edges=True, beside=FORM, family=FORM),
    Line("newsletter", "asks readers to subscribe to letters"),
    Line("follow", "asks readers to follow an account"),
    Line("get the app", "advertises the paper's own application"),
    Line("support", "asks readers for money", edges=True),
    Line("subscribers only", "sells a subscription or asks to log in", edges=True),
    Line("share", "the label of buttons"),
    Line("read also", "heads or names other articles"),
    Line("advertisement", "labels an advertisement that is not in the text"),
    Line("affiliate", "says that the paper earns on what is bought"),
    Line("tools", "players, printers, bookmarks, the time that reading takes"),
    Line("tags", "the sections and keywords that the article is filed under", edges=True),
    Line("breadcrumb", "the way from the front page to this one", edges=True),
    Line("issn", "the periodical's number, from the page's head or foot"),
    Line("first published", "says where the article comes from", edges=True),
    Line("date line", "a date that the page prints beside the article", edges=True),
    Line("copyright", "the owner's mark", edges=True),
    Line("credit", "who made the picture above it"),
    Line("sign-off", "names the desk or the agency at the end", edges=True),
    Line("contact", "says how to reach the newsroom", edges=True),
    Line("cookie notice", "says that the site uses cookies", edges=True),
    Line("embedded content", "the place of a film or post that needed consent or a script"),
    Line("address", "a bare web address", edges=True),
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

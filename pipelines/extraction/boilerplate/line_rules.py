"""Lines of a text that are furniture, as named rules. Data only; lines.py says which lines they name.

A rule speaks of a whole line: phrases that tile it, a pattern that matches all of it, or a sentence that asks readers
for something. So it never bites inside prose. Three things keep it from biting prose that sounds like furniture: rules
of the edges look at both ends of a text only, labels of forms count beside a line that is surely of a form, and words
between quotation marks belong to somebody.
"""

from __future__ import annotations

from dataclasses import dataclass


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

# Rule -> section of the word tables (extraction/languages) with phrases that make up its lines. Where two rules know a
# phrase, the first rule decides; labels of forms come last.
PHRASE_SECTIONS = (
    ("reply heading", "comments.reply"),
    ("e-mail notice", "comments.notice"),
    ("log in to comment", "comments.login"),
    ("comment count", "comments.count"),
    ("share", "label.share"),
    ("read also", "label.read-also"),
    ("advertisement", "label.advertisement"),
    ("tools", "label.tools"),
    ("comment form", "comments.form"),
)
# One word alone is a heading as often as a button, so these rules take it at the edges only.
ONE_WORD_AT_EDGES = frozenset(("tools",))
# Rule -> section with patterns of its lines, in the order in which they are tried; SECTION.cues holds words of which a
# line must have one.
PATTERN_SECTIONS = (
    ("akismet", "line.akismet"),
    ("reply heading", "line.reply"),
    ("log in to comment", "line.login"),
    ("comment count", "line.comment-count"),
    ("newsletter", "line.newsletter"),
    ("follow", "line.follow"),
    ("get the app", "line.app"),
    ("affiliate", "line.affiliate"),
    ("issn", "line.issn"),
    ("first published", "line.first-published"),
    ("date line", "line.date"),
    ("copyright", "line.copyright"),
    ("credit", "line.credit"),
    ("sign-off", "line.sign-off"),
    ("contact", "line.contact"),
    ("cookie notice", "line.cookies"),
    ("embedded content", "line.embedded"),
    ("share", "line.share"),
    ("tags", "line.tags"),
    ("breadcrumb", "line.breadcrumb"),
    ("read also", "line.read-also"),
    ("address", "line.address"),
)
# Rule -> section of calls to action: SECTION.verbs begin the sentence, SECTION.words say what it asks for.
CALL_SECTIONS = (
    ("newsletter", "ask.newsletter"),
    ("follow", "ask.follow"),
    ("get the app", "ask.app"),
    ("support", "ask.support"),
    ("subscribers only", "ask.subscribe"),
)

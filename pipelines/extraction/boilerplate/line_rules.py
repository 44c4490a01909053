"""Describe lines of a text that are boilerplate, as named rules. Data only; line_matcher.py applies them.

A rule is about a whole line: phrases that make it up, a pattern that matches all of it, or a sentence that asks readers
for something. So a rule never takes a part of a paragraph. Three things protect prose that sounds like boilerplate:
rules of the edges look at both ends of a text only, labels of forms count only beside a line that is surely of a form,
and words between quotation marks are speech.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LineRule:
    """Describe lines that are dropped, and the part of a text in which they are."""

    name: str
    why: str
    edges: bool = False  # only among the first HEAD_LINES or the last TAIL_LINES
    beside: str = ""  # only beside a line of the rules of this family
    family: str = ""


FORM = "comment form"
LINE_RULES = (
    LineRule("reply heading", "the heading of a comment form, or an invitation to comment", family=FORM),
    LineRule("e-mail notice", "a notice in a comment form: what happens to the address, which fields are required",
             family=FORM),
    LineRule("spam filter notice", "says that WordPress's spam filter Akismet is used", family=FORM),
    LineRule("log in to comment", "says who may comment", family=FORM),
    LineRule("comment count", "the heading above the comments", edges=True, family=FORM),
    LineRule("comment form", "labels and buttons of a comment form", beside=FORM, family=FORM),
    LineRule("comment rules", "says how comments are moderated", edges=True, beside=FORM, family=FORM),
    LineRule("moderation notice", "says which comments are published, and whose opinion they are", edges=True,
             family=FORM),
    LineRule("newsletter", "asks readers to subscribe to a newsletter"),
    LineRule("follow us", "asks readers to follow an account"),
    LineRule("get the app", "advertises the paper's own app"),
    LineRule("donation appeal", "asks readers for money", edges=True),
    LineRule("subscribers only", "sells a subscription, or asks readers to log in", edges=True),
    LineRule("offer button", "the label of a button that sells a subscription, or asks for a gift"),
    LineRule("terms notice", "says what readers who sign up agree to, or what protects a form"),
    LineRule("share label", "the label of share buttons"),
    LineRule("read also", "announces or names other articles"),
    LineRule("advertisement", "labels an advertisement that is not in the text"),
    LineRule("affiliate notice", "says that the paper earns a commission on purchases"),
    LineRule("page tools", "labels of players, of buttons to print or save; the time that reading takes"),
    LineRule("tags", "the sections and keywords that the article is filed under", edges=True),
    LineRule("breadcrumb", "the path from the front page to this page", edges=True),
    LineRule("issn", "the number of the periodical, from the head or foot of the page"),
    LineRule("first published", "says where the article was first published", edges=True),
    LineRule("printed date", "a date that the page prints beside the article", edges=True),
    LineRule("copyright", "a copyright notice", edges=True),
    LineRule("picture credit", "names who made the picture above it"),
    LineRule("sign-off", "names the desk or the agency at the end", edges=True),
    LineRule("contact", "says how to reach the newsroom", edges=True),
    LineRule("cookie notice", "says that the site uses cookies", edges=True),
    LineRule("embedded content", "takes the place of a film or post that needs consent or a script"),
    LineRule("web address", "a web address and nothing else", edges=True),
)  # fmt: skip
RULE_BY_NAME = {rule.name: rule for rule in LINE_RULES}

# Rule -> section of the word tables (extraction/languages) with phrases that make up its lines. If two rules know a
# phrase, the first in this order decides; labels of forms come last.
PHRASE_SECTIONS = (
    ("reply heading", "comments.reply"),
    ("e-mail notice", "comments.notice"),
    ("log in to comment", "comments.login"),
    ("comment count", "comments.count"),
    ("share label", "label.share"),
    ("read also", "label.read-also"),
    ("offer button", "label.offer"),
    ("advertisement", "label.advertisement"),
    ("page tools", "label.tools"),
    ("comment form", "comments.form"),
)
# One word alone is a heading as often as a button, so these rules take it at the edges only.
ONE_WORD_AT_EDGES = frozenset(("page tools",))
# Rule -> section with patterns of its lines, in the order in which they are tried. A pattern is tried only on a line
# that has one of the words in SECTION.cues.
PATTERN_SECTIONS = (
    ("spam filter notice", "line.akismet"),
    ("reply heading", "line.reply"),
    ("log in to comment", "line.login"),
    ("comment count", "line.comment-count"),
    ("newsletter", "line.newsletter"),
    ("terms notice", "line.terms"),
    ("follow us", "line.follow"),
    ("get the app", "line.app"),
    ("affiliate notice", "line.affiliate"),
    ("subscribers only", "line.subscribe"),
    ("subscribers only", "line.wall"),
    ("moderation notice", "line.moderation"),
    ("advertisement", "line.advert"),
    ("page tools", "line.tools"),
    ("issn", "line.issn"),
    ("first published", "line.first-published"),
    ("printed date", "line.date"),
    ("copyright", "line.copyright"),
    ("picture credit", "line.credit"),
    ("sign-off", "line.sign-off"),
    ("contact", "line.contact"),
    ("cookie notice", "line.cookies"),
    ("embedded content", "line.embedded"),
    ("share label", "line.share"),
    ("tags", "line.tags"),
    ("breadcrumb", "line.breadcrumb"),
    ("read also", "line.read-also"),
    ("read also", "line.linked"),
    ("web address", "line.address"),
)
# Its patterns are tried only on a line that has a link or bold words.
LINKED_SECTION = "line.linked"
# These take no line of prose in which somebody speaks.
NO_SPEECH = frozenset((
    "affiliate notice", "subscribers only", "advertisement", "page tools", "moderation notice", "read also",
))  # fmt: skip
# Rule -> sections of calls to action: SECTION.verbs begin the sentence, SECTION.words say what it asks for.
CALL_SECTIONS = (
    ("newsletter", "ask.newsletter"),
    ("follow us", "ask.follow"),
    ("share label", "ask.share"),
    ("get the app", "ask.app"),
    ("donation appeal", "ask.support"),
    ("subscribers only", "ask.subscribe"),
)

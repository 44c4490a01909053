"""Decide if a page is the article of its address, or something in its place. Pure: nothing is read or stored here.

A consent wall, a login page or an error page with status 200 is no state of an article. Extraction recognises many of
them (`Article.access`), and `stubs` what a wall leaves of an article. The rest is recognised without words of any
language: the text has next to nothing in common with the article's, and other addresses of the site show it too; or a
redirect led to the front page.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import urlsplit

from pipelines.core import PAYWALLED_WHOLE
from pipelines.core.items import PAYWALL_KIND
from pipelines.core.urls import same_site
from pipelines.database.edits.change_detection import comparable, different_words, text_digest
from pipelines.database.edits.stubs import Stub, stub_of

CONSENT, LOGIN, SOFT_404, ERROR, FRONT = (
    "consent wall", "login page", "soft 404", "error page", "front page",
)  # fmt: skip
SECTION = "section page"  # where redirects led to; it counts as FRONT if the address is known to have had an article
ANOTHER = "another page"  # a temporary redirect of a known article to a page that is not its own
NO_TEXT = "no text"  # the page of a known article in which there is nothing to read
# Shares nothing with the article's, or is a stub of it; is short or undated; a day later it counts as an edit.
OTHER_TEXT = "other text"
WALLS = (CONSENT, LOGIN, ERROR, ANOTHER, NO_TEXT, OTHER_TEXT)  # in the place of articles that may come back
ALWAYS_STANDS_IN = (CONSENT, LOGIN, SOFT_404, ERROR)  # values of Article.access that no article has
PART_OF_TEXT = ("paywall", "truncated")  # values of Article.access that say that text is missing
MAY_BE_PART = (*PART_OF_TEXT, PAYWALLED_WHOLE)  # the last is judged by the page alone

CUT_OFF = text_digest(None, "")  # noted of a stub that shows the beginning of its article alone

MAX_COMMON_SHARE = 0.15  # of all words of two texts; stories of one site share a fifth
MIN_SAME_SHARE = 0.5  # from this share on two texts are states of one article
MAX_SHORTENED_SHARE = 0.8  # length of a text to the known one, from which on a paywall hides nothing
MAX_STAND_IN_SHARE = 0.5  # length of a text that shares nothing with the known one, and may stand in for it
MIN_COMMON_BEGINNING_SHARE = 0.6  # of the words of a teaser that the known text has, too
MIN_HELD_SECONDS = 23 * 3600  # that an unrelated text must last until it is an edit; looks are a day apart, or nearly
MIN_SELLING_HELD_SECONDS = 7 * 86_400 - 3600  # the same for a stub whose notice has a word of a wall, and no more
LOGIN_PATH = re.compile(r"/(?:log-?in|sign-?in|sso|auth|oauth2?|anmelden|connexion|registrer|iniciar-sesion)\b", re.I)
# Path and host of a page that asks for consent, to which redirects lead.
CONSENT_PATH = re.compile(
    r"/(?:collect-?consent|consent(?:-?(?:wall|form|ui|manager))?|cookie-?(?:wall|consent)|privacy-?(?:wall|gate)|cmp|gdpr"
    r"|zustimmung|einwilligung|consentement|consentimiento|consenso)(?:\.\w{2,5})?(?=/|$)",
    re.I,
)
CONSENT_HOST = re.compile(r"(?:consent|cmp|my-?privacy|privacy-?gate)\.", re.I)

# Path of a front page: nothing, a language, or a usual name.
FRONT_PATH = re.compile(r"(?:/[a-z]{2}(?:-[a-z]{2})?)?(?:/(?:index|default|home)(?:\.\w{2,5})?)?", re.I)


class ShownText(NamedTuple):
    """Hold what a page shows, or what is filed of an article."""

    title: str | None
    text: str
    digest: str
    access: str | None = None  # as in Article.access
    modified: str | None = None  # stamp of the change that the page gives
    published: str | None = None  # as in Article.published, if the page says so


class StandInEvidence(NamedTuple):
    """Hold what else the archive knows that tells a stand-in from an article."""

    landed: str | None = None  # FRONT, SECTION, LOGIN or CONSENT if redirects led to such a page, else None
    is_redirected: bool = False  # the page is at another address than the one that was asked for
    kind_elsewhere: str | None = None  # kind as which the same text, or notice of a stub, was met at another address
    is_text_of_others: bool = False  # another article of the source has the same headline and text
    held_seconds: float | None = None  # since the same unrelated text or notice was first seen here; None: it was not
    unrelated_seconds: float | None = None  # since any unrelated text was first seen here, and none but such texts
    others_are_whole: bool = False  # articles of the source that were seen in that time show no wall and no such notice


def stands_in(shown: ShownText, known: ShownText | None, evidence: StandInEvidence) -> str | None:
    """Return the kind of what stands in the place of an article, or None if the page shows the article.

    `known`: the newest text of the article at the address; None if there is none yet.
    """
    if known is not None and known.digest == shown.digest and known.access not in ALWAYS_STANDS_IN:
        return None
    common = 0.0 if known is None else common_share(shown.text, known.text)
    if shown.access in ALWAYS_STANDS_IN and common < MIN_SAME_SHARE:
        return shown.access
    if evidence.landed is not None and common < MIN_SAME_SHARE and (known is not None or evidence.landed != SECTION):
        return FRONT if evidence.landed == SECTION else evidence.landed
    if known is None:
        return evidence.kind_elsewhere
    if known.access in ALWAYS_STANDS_IN:  # filed by an older version
        return None
    if shown.access in MAY_BE_PART and _is_shortened(shown, known):
        return PAYWALL_KIND
    is_same_title = bool(shown.title and known.title and comparable(shown.title) == comparable(known.title))
    stub = stub_of(shown.text, known.text)
    if stub is not None and (stub.has_beginning or common < MAX_COMMON_SHARE):
        is_changed = is_same_title and shown.modified not in (None, known.modified)
        return _kind_of_stub(stub, evidence, is_changed=is_changed)
    if common >= MAX_COMMON_SHARE or is_same_title:
        return None
    if evidence.kind_elsewhere is not None or evidence.is_text_of_others:
        return _kind_met(evidence)
    if len(shown.text) >= MAX_STAND_IN_SHARE * len(known.text):
        if shown.published or evidence.is_redirected:  # a wall has no time of publication
            return None
        return None if _lasts(evidence.unrelated_seconds) else OTHER_TEXT
    return None if _lasts(evidence.held_seconds) else OTHER_TEXT


def _kind_of_stub(stub: Stub, evidence: StandInEvidence, *, is_changed: bool) -> str | None:
    """Return the kind of a stub; None if editors have shortened the text.

    A notice that calls to subscribe or asks for JavaScript is of a wall, and so is one that other articles have, too,
    or none if others are cut off now. `is_changed`: the page says that it was changed; editors let it say so, and walls
    seldom. Any other stub is an edit if it lasts: for a day; or for a week, and the other articles are whole, if a word
    of its notice could be of a wall.
    """
    asks = stub.sells or stub.needs_browser
    is_elsewhere = evidence.kind_elsewhere is not None or evidence.is_text_of_others
    if (asks and is_elsewhere) or ((stub.calls or stub.needs_browser or is_elsewhere) and not is_changed):
        if stub.sells or not stub.notice:
            return PAYWALL_KIND
        return _kind_met(evidence)
    if stub.sells and not is_changed:
        is_edit = evidence.others_are_whole and _lasts(evidence.held_seconds, MIN_SELLING_HELD_SECONDS)
        return None if is_edit else OTHER_TEXT
    return None if _lasts(evidence.held_seconds) or (is_changed and not asks) else OTHER_TEXT


def _kind_met(evidence: StandInEvidence) -> str:
    """Return the kind as which a text was met elsewhere; ERROR if no more is known than that it is there."""
    elsewhere = evidence.kind_elsewhere
    return ERROR if elsewhere is None or elsewhere == OTHER_TEXT else elsewhere


def _lasts(seconds: float | None, least: float = MIN_HELD_SECONDS) -> bool:
    """Return True if a text was seen here for so long that it is no wall that comes and goes."""
    return seconds is not None and seconds >= least


def digest_to_note(shown: ShownText, known: ShownText | None) -> str:
    """Return the digest by which the same wall is recognised at other addresses: of a stub, that of its notice alone.

    Headline and beginning of a stub are those of its article. One without a notice has CUT_OFF.
    """
    stub = stub_of(shown.text, "" if known is None else known.text)
    return shown.digest if stub is None else text_digest(None, stub.notice)


def _is_shortened(shown: ShownText, known: ShownText) -> bool:
    """Return True if a text with a part missing is what a paywall leaves of the known one, and no edit of it."""
    if len(shown.text) >= MAX_SHORTENED_SHARE * len(known.text):
        return False
    mine, others = different_words(shown.text), different_words(known.text)
    return known.access not in MAY_BE_PART or len(mine & others) >= MIN_COMMON_BEGINNING_SHARE * len(mine)


def common_share(text: str, other: str) -> float:
    """Return the share of all different words of two texts that both have, 0 to 1."""
    mine, others = different_words(text), different_words(other)
    return len(mine & others) / len(mine | others) if mine | others else 0.0


def landing(asked: str, url: str) -> str | None:
    """Return FRONT, SECTION, LOGIN or CONSENT if redirects from `asked` led to such a page; else None.

    SECTION is a folder of the address that was asked for. That may also be the article itself, of an AMP page.
    """
    asked_path, path = urlsplit(asked).path.rstrip("/"), urlsplit(url).path.rstrip("/")
    if urlsplit(asked)[1:] == urlsplit(url)[1:]:
        return None
    if LOGIN_PATH.search(path) and not LOGIN_PATH.search(asked_path):
        return LOGIN
    if _asks_for_consent(url) and not _asks_for_consent(asked):
        return CONSENT
    if asked_path == path or not same_site(asked, url):
        return None
    query = urlsplit(url).query
    # With a number or several words in it, the query may name a story: "/?p=123", "/?name=mayor-resigns".
    if FRONT_PATH.fullmatch(path) and (not query or (not path and re.fullmatch(r"\w{1,20}=[a-z]{0,20}", query, re.I))):
        return FRONT
    return SECTION if f"{asked_path}/".startswith(f"{path}/") and not query else None


def _asks_for_consent(url: str) -> bool:
    """Return True if an address is named for questions for consent."""
    parts = urlsplit(url)
    return CONSENT_HOST.match(parts.netloc) is not None or CONSENT_PATH.search(parts.path) is not None

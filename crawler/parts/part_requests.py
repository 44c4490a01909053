"""Say how a part of a page is asked for, and which answers are one."""

from __future__ import annotations

import re
from dataclasses import replace

from crawler.frontier.watched_sites import WatchedSite
from crawler.middleware.known_redirects import PART_RULES
from pipelines.core.items import PartRules
from pipelines.database.frontier.parts import HOME_HINT
from pipelines.database.frontier.rows import PART_KIND, Claim

STYLE, IMAGE, FONT, ICON = "style", "image", "font", "icon"
# By kind; as browsers ask, because some servers send another format if they do not know what is accepted.
ACCEPTED = {
    STYLE: b"text/css,*/*;q=0.1",
    IMAGE: b"image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5",
    ICON: b"image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5",
}
FONT_TYPES = ("font/", "application/font-", "application/x-font-", "application/vnd.ms-font")
# Types that servers give to files whose name they do not know. Of these, browsers look at the bytes (MIME Sniffing
# Standard, 6.1 and 6.2). They do not take SVG for a picture then, so it has no signature here.
UNKNOWN_TYPES = (None, "application/octet-stream", "binary/octet-stream")
SIGNATURES = re.compile(
    rb"\x89PNG\r\n\x1a\n|\xff\xd8\xff|GIF8[79]a|RIFF.{4}WEBP|BM|\x00\x00[\x01\x02]\x00|.{4}ftyp(?:avif|avis|mif1)"
    rb"|wOF[F2]|OTTO|ttcf|true|\x00\x01\x00\x00",
    re.DOTALL,
)
NAMES = {STYLE: "a style sheet", IMAGE: "a picture", FONT: "a font", ICON: "an icon"}


def kind_of(claim: Claim) -> str:
    """Return the kind of a part; that of a row which does not say is taken for a picture."""
    return claim.hint.get(PART_KIND, IMAGE)


def accept_header(claim: Claim) -> bytes:
    """Return the Accept field of the request for a part (RFC 9110, 12.5.1)."""
    return ACCEPTED.get(kind_of(claim), b"*/*")


def rules_of_page(site: WatchedSite, url: str) -> PartRules | None:
    """Return by which rules the parts of a page are fetched. A page of no source is at home on its own site."""
    rules = site.part_rules
    return replace(rules, home=url) if rules is not None and not rules.home else rules


def rules_of_part(site: WatchedSite, claim: Claim) -> PartRules | None:
    """Return by which rules a part, and what it names, is fetched."""
    return rules_of_page(site, claim.hint.get(HOME_HINT, claim.url))


def part_meta(site: WatchedSite, claim: Claim) -> dict[str, object]:
    """Return the meta of a request for a part. One that fails is tried again by a later crawl."""
    rules = rules_of_part(site, claim)
    return {PART_RULES: rules, "download_maxsize": rules.max_bytes, "dont_retry": True} if rules is not None else {}


def is_of_type(kind: str, mime: str | None, body: bytes) -> bool:
    """Return True if an answer of a media type, or without one, may be a part of a kind."""
    if kind == STYLE:
        return mime == "text/css"
    if mime in UNKNOWN_TYPES:
        return kind == FONT or SIGNATURES.match(body) is not None
    # A picture that a sheet names may be a font, and the other way round: the sheet does not always say.
    return mime is not None and mime.startswith(("image/", *FONT_TYPES))

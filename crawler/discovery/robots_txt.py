"""robots.txt as a value: bytes in, an answer to "may we?" out (RFC 9309).

Fetches nothing; see `crawler.middleware.robots`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from protego import Protego

MAX_ROBOTS_BYTES = 512 * 1024  # bytes that are read; RFC 9309, 2.5: at least 500 KiB
HTML_START = re.compile(rb"\s*(?:(?><!--.*?-->)\s*)*<(?:!doctype|html|head|body|\?xml)", re.IGNORECASE | re.DOTALL)
AGENT_LINE = re.compile(r"^([ \t]*user[- ]?agent[ \t]*(?::|[ \t])[ \t]*)([^\r\n#]*)", re.IGNORECASE | re.MULTILINE)
TOKEN = re.compile(r"[a-z_-]+", re.IGNORECASE)  # RFC 9309, 2.2.1: product token
OTHER_AGENT = "x-another"  # stands for every crawler that is not us; no part of any token that we use


@dataclass(frozen=True)
class Robots:
    """What a site's robots.txt says to one crawler."""

    crawl_delay: float | None = None  # seconds between two requests that the site asks for; None: says nothing
    sitemaps: tuple[str, ...] = ()  # absolute http(s) URLs, in the order named
    reason: str | None = None  # why everything is disallowed for the time being; None: the rules hold
    _rules: Any = field(default=None, repr=False, compare=False)  # a Protego; None: everything is allowed
    _agent: str = "*"

    def allowed(self, url: str) -> bool:
        """Whether `url`, on the site that this robots.txt stands on, may be fetched."""
        if self.reason is not None:
            return urlsplit(url).path == "/robots.txt"  # section 2.2.2: implicitly allowed, so that we can ask again
        return self._rules is None or bool(self._rules.can_fetch(url, self._agent))

    @classmethod
    def parse(cls, status: int | None, body: bytes, user_agent_token: str) -> Robots:
        """From the answer to GET /robots.txt, redirects followed; `status` None: there was none.

        2xx: the rules (section 2.3.1.1). 4xx: there are none, all is allowed (2.3.1.3); but 429 asks us to stay away
        for now, and we do. 5xx or no answer: all is disallowed for now (2.3.1.4). 3xx: more redirects than anyone
        follows (five, 2.3.1.2), which counts as 4xx. HTML is a 404 page that says 200: as 4xx.
        """
        if status is None:
            return cls(reason="robots.txt could not be fetched")
        if status >= 500 or status == 429:
            return cls(reason=f"robots.txt answered {status}")
        if not 200 <= status < 300 or HTML_START.match(body.removeprefix(b"\xef\xbb\xbf")[:4096]):
            return cls()
        rules = Protego.parse(with_exact_agents(user_agent_token, readable_text(body)))
        return cls(
            crawl_delay=rules.crawl_delay(user_agent_token),
            sitemaps=tuple(dict.fromkeys(url for url in rules.sitemaps if is_web_url(url))),
            _rules=rules,
            _agent=user_agent_token,
        )


def readable_text(body: bytes) -> str:
    """Return the text that counts: the first `MAX_ROBOTS_BYTES` bytes without a line that was cut off.

    Half a rule would forbid more than the whole rule.
    """
    if len(body) > MAX_ROBOTS_BYTES:
        body = body[:MAX_ROBOTS_BYTES]
        body = body[: max(body.rfind(b"\n"), body.rfind(b"\r")) + 1]
    return body.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace").replace("\0", "")


def with_exact_agents(token: str, text: str) -> str:
    """`text` with every User-agent line naming exactly `token`, everybody (`*`) or somebody else.

    Section 2.2.1 wants the product token compared as a whole. Protego looks for the line's value inside the token, so
    that `User-agent: News` would speak to Newsmorgue and `User-agent: Newsmorgue/1.0` to nobody.
    """

    def readdress(match: re.Match[str]) -> str:
        named = match[2].strip()
        if not named:
            return match[0]
        if named.split()[0] == "*":
            return match[1] + "*"
        found = TOKEN.match(named)
        return match[1] + (token if found and found[0].lower() == token.lower() else OTHER_AGENT)

    return AGENT_LINE.sub(readdress, text)


def is_web_url(url: str) -> bool:
    """Whether a Sitemap line names an absolute http(s) URL; the protocol allows no other."""
    return url.lower().startswith(("http://", "https://"))

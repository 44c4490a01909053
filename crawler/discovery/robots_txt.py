"""Parse robots.txt and say which URLs may be fetched (RFC 9309). Fetches nothing; see `crawler.middleware.robots`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from protego import Protego

MAX_ROBOTS_BYTES = 512 * 1024  # RFC 9309 section 2.5: at least 500 KiB
HTML_START = re.compile(rb"\s*(?:(?><!--.*?-->)\s*)*<(?:!doctype|html|head|body|\?xml)", re.IGNORECASE | re.DOTALL)
AGENT_LINE = re.compile(r"^([ \t]*user[- ]?agent[ \t]*(?::|[ \t])[ \t]*)([^\r\n#]*)", re.IGNORECASE | re.MULTILINE)
TOKEN = re.compile(r"[a-z_-]+", re.IGNORECASE)  # product token, RFC 9309 section 2.2.1
OTHER_AGENT = "x-another"  # replaces the names of other crawlers; it is part of none of our tokens


@dataclass(frozen=True)
class Robots:
    """Hold what a site's robots.txt says to one crawler."""

    crawl_delay: float | None = None  # seconds between two requests, as the site asks; None: it does not say
    sitemaps: tuple[str, ...] = ()  # absolute http(s) URLs, in the order of the file
    reason: str | None = None  # why everything is disallowed for the time being; None: the rules apply
    _rules: Any = field(default=None, repr=False, compare=False)  # a Protego; None: everything is allowed
    _agent: str = "*"

    def allowed(self, url: str) -> bool:
        """Return True if `url`, which must be on the site of this robots.txt, may be fetched."""
        if self.reason is not None:
            return (
                urlsplit(url).path == "/robots.txt"
            )  # always allowed (section 2.2.2), so that it can be asked for again
        return self._rules is None or bool(self._rules.can_fetch(url, self._agent))

    @classmethod
    def parse(cls, status: int | None, body: bytes, user_agent_token: str) -> Robots:
        """Parse the response to GET /robots.txt after redirects. `status` is None if there was no response.

        2xx gives the rules (section 2.3.1.1). 4xx means that there are no rules and everything is allowed (2.3.1.3),
        except 429, which asks to stay away for now and disallows everything. 5xx or no response disallows everything
        for now (2.3.1.4). 3xx means more than five redirects (2.3.1.2), and an HTML page is an error page sent with
        status 200; both count as 4xx.
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
    """Return `text` with every User-agent line naming exactly `token`, every crawler (`*`) or OTHER_AGENT.

    Section 2.2.1 says that the product token is compared as a whole. Protego looks for the line's value inside the
    token, so that `User-agent: News` would apply to Newsmorgue, and `User-agent: Newsmorgue/1.0` to no crawler.
    """

    def exact(match: re.Match[str]) -> str:
        named = match[2].strip()
        if not named:
            return match[0]
        if named.split()[0] == "*":
            return match[1] + "*"
        found = TOKEN.match(named)
        return match[1] + (token if found and found[0].lower() == token.lower() else OTHER_AGENT)

    return AGENT_LINE.sub(exact, text)


def is_web_url(url: str) -> bool:
    """Return True for an absolute http(s) URL. The protocol allows nothing else in a Sitemap line."""
    return url.lower().startswith(("http://", "https://"))

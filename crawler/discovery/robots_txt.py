"""Parse robots.txt and say which URLs may be fetched (RFC 9309). Fetches nothing; see `crawler.middleware.robots`.

Lines and groups are read here; Protego matches paths with the rules of our group, wildcards and all. Its own groups end
at a line that is no rule, and its user agents are compared as parts of a word.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from protego import Protego

from crawler.discovery.markup import UTF_8_MARK, wide_encoding
from crawler.discovery.results import described
from pipelines.core.links import resolve
from pipelines.core.urls import fetchable

MAX_ROBOTS_BYTES = 512 * 1024  # RFC 9309 section 2.5: at least 500 KiB
MAX_CHARS_ON_LOOP = 16 * 1024  # of a file whose rules are matched on the event loop: 3 ms, if all are wildcards
HTML_START = re.compile(rb"\s*(?:(?><!--.*?-->)\s*)*<(?:!doctype|html|head|body|\?xml)", re.IGNORECASE | re.DOTALL)
LINE_END = re.compile(r"\r\n?|\n")  # RFC 9309 section 2.2
# "Disallow: /x" and, as other crawlers read it, "Disallow /x". The spellings are those that Google's parser takes.
LINE_START = re.compile(
    r"(?:(?P<agent>user[- ]?agent)|(?P<disallow>disallow|dissallow|dissalow|disalow|diasllow|disallaw)|(?P<allow>allow)"
    r"|(?P<sitemap>sitemaps?|site-map)|(?P<delay>crawl[- ]delay))(?:\s*:|\s)",
    re.IGNORECASE,
)
IGNORED_AROUND = " \t\v\f\ufeff"  # a byte order mark may be in the middle, where files were joined
TOKEN = re.compile(r"[a-z_-]+", re.IGNORECASE)  # product token, RFC 9309 section 2.2.1
EVERY_AGENT = "*"


@dataclass(frozen=True)
class Robots:
    """Hold what a site's robots.txt says to one crawler."""

    crawl_delay: float | None = None  # seconds between two requests, as the site asks; None: it does not say
    sitemaps: tuple[str, ...] = ()  # URLs that can be fetched, in the order of the file
    reason: str | None = None  # why everything is disallowed for the time being; None: the rules apply
    exception: str = ""  # what the parser raised, for the debug log
    chars: int = field(default=0, repr=False, compare=False)  # of the file, which say how long its rules take
    # A Protego that has our rules alone, for every agent; None: everything is allowed
    _rules: Any = field(default=None, repr=False, compare=False)

    def allowed(self, url: str) -> bool:
        """Return True if `url`, which must be on the site of this robots.txt, may be fetched."""
        if self.reason is not None:
            return (
                urlsplit(url).path == "/robots.txt"
            )  # always allowed (section 2.2.2), so that it can be asked for again
        return self._rules is None or bool(self._rules.can_fetch(url, EVERY_AGENT))

    async def allows(self, url: str) -> bool:
        """Return what `allowed` returns, without making the event loop wait for a long file."""
        if self.chars <= MAX_CHARS_ON_LOOP:
            return self.allowed(url)
        return await asyncio.to_thread(self.allowed, url)

    @classmethod
    def parse(cls, status: int | None, body: bytes, user_agent_token: str, url: str = "") -> Robots:
        """Parse the response to GET /robots.txt after redirects. `status` is None if there was no response.

        `url` is where it came from, for relative addresses of sitemaps.

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
        text = readable_text(body)
        try:
            return cls(
                crawl_delay=rules.crawl_delay(EVERY_AGENT) if (rules := our_rules(text, user_agent_token)) else None,
                sitemaps=sitemaps_in(text, url),
                chars=len(text),
                _rules=rules,
            )
        except Exception as error:  # noqa: BLE001 a file that breaks the parser forbids all, as one that is not there
            return cls(reason="robots.txt cannot be parsed", exception=described(error))


def readable_text(body: bytes) -> str:
    """Return the text that counts: the first `MAX_ROBOTS_BYTES` bytes without a line that was cut off.

    Half a rule would forbid more than the whole rule.
    """
    if len(body) > MAX_ROBOTS_BYTES:
        body = body[:MAX_ROBOTS_BYTES]
        body = body[: max(body.rfind(b"\n"), body.rfind(b"\r")) + 1]
    if wide := wide_encoding(body):
        return body.decode(wide, "replace").removeprefix("\ufeff").replace("\0", "")
    return body.removeprefix(UTF_8_MARK).decode("utf-8", "replace").replace("\0", "")


def directives(text: str) -> Iterator[tuple[str, str]]:
    """Yield (name, value) of the lines that mean something: "agent", "allow", "disallow", "delay" or "sitemap"."""
    for line in LINE_END.split(text):
        line = line.partition("#")[0].strip(IGNORED_AROUND)
        if found := LINE_START.match(line):
            yield str(found.lastgroup), line[found.end() :].strip()


def our_rules(text: str, token: str) -> Protego | None:
    """Return the rules for `token`: those of all groups that name it, else of all groups for every crawler.

    A list of user agents ends at the next rule (RFC 9309, 2.2.1). A line that is no rule does not end it (2.2.4): it
    may be blank, unknown, a Crawl-delay or a Sitemap. A Crawl-delay is meant for the agents that are named above it.
    """
    agents: set[str] = set()  # of the current group, as far as they concern us
    in_rules = False
    lines: dict[str, list[str]] = {}  # our token or EVERY_AGENT -> lines of its groups
    for name, value in directives(text):
        if name == "agent":
            if in_rules:
                agents, in_rules = set(), False
            if (agent := _agent(value, token)) is not None:
                agents.add(agent)
                lines.setdefault(agent, [])
        elif name in ("allow", "disallow"):
            in_rules = True
            for agent in agents if value else ():
                lines[agent].append(f"{name}: {value}")
        elif name == "delay":
            for agent in agents:
                lines[agent].append(f"crawl-delay: {value}")
    ours = lines.get(token.lower(), lines.get(EVERY_AGENT))
    return Protego.parse("\n".join([f"user-agent: {EVERY_AGENT}", *ours])) if ours else None


def _agent(value: str, token: str) -> str | None:
    """Return the agent that a line names if it is `token`, as a whole and in any case (2.2.1), or every crawler."""
    if value.split()[:1] == [EVERY_AGENT]:
        return EVERY_AGENT
    found = TOKEN.match(value)
    return token.lower() if found and found[0].lower() == token.lower() else None


def sitemaps_in(text: str, url: str) -> tuple[str, ...]:
    """Return the sitemaps that a robots.txt at `url` names. One that is no address costs its own line only."""
    named = (resolve(value, url or value) for name, value in directives(text) if name == "sitemap" and value)
    return tuple(dict.fromkeys(clean for address in named if address and (clean := fetchable(address))))

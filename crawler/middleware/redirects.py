"""Follow redirects, with the cookies that they set for their own chain only, in crawls and in `morgue add`.

Scrapy's own middleware goes round a loop until its limit, fails on addresses that are none, and has no cookies. Some
sites redirect an address to itself until a cookie comes back. So a chain keeps the cookies that its own answers set, by
the rules of RFC 6265, and no other chain sees them. A chain ends before it sends a request again, cookies included.
"""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import Any

from scrapy import Request
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from scrapy.http.cookies import CookieJar

from crawler.frontier.listing_troubles import REDIRECT_CHAIN
from pipelines.core.links import resolve_location
from pipelines.core.urls import site_of
from pipelines.warc.http_message import PERMANENT_REDIRECTS, REDIRECTS

logger = logging.getLogger("morgue.middleware")

MAX_COOKIE_BYTES = 4096  # of a Set-Cookie field; RFC 6265 section 6.1
MAX_COOKIES = 50  # Set-Cookie fields of one answer; RFC 6265 section 6.1
MAX_NAME_CHARS = 40  # of a cookie's name in a message
FOLLOWED_PRIORITY = 2  # by which a redirected request goes before others, as in Scrapy
# RFC 6265 section 5.3: a cookie without Domain goes to the host that set it, and not to hosts below it.
HOST_ONLY = DefaultCookiePolicy(strict_ns_domain=DefaultCookiePolicy.DomainStrictNonDomain)
COOKIE_NOT_PARSED = "http.cookiejar bug"  # how the warning of the standard library begins
UNPRINTABLE = re.compile(r"[^\x21-\x7e]")


class RedirectEnded(IgnoreRequest):
    """Report a redirect that is not followed; `reason` says why, in words that can be counted."""

    def __init__(self, reason: str, target: str) -> None:
        super().__init__(f"{reason}: {target}")
        self.reason = reason


@dataclass(slots=True)
class RedirectChain:
    """Hold what the requests of one chain of redirects share."""

    max_hops: int
    hops: int = 0
    permanent: bool = True  # all of its redirects are (RFC 9110, 15.4.2 and 15.4.9)
    sent: set[tuple[str, bytes]] = field(default_factory=set)  # URL and Cookie field of each request
    jar: Any = field(default_factory=lambda: CookieJar(HOST_ONLY))
    cookie: str = ""  # name of the cookie that was set last

    def follow(self, url: str, cookie: bytes, location: bytes, set_cookies: Sequence[bytes]) -> tuple[str, bytes]:
        """Return the URL of the next request and its Cookie field, b"" for none. Raise RedirectEnded.

        `cookie` is the Cookie field of the request for `url`; `location` and `set_cookies` are of the answer to it.
        """
        target = resolve_location(location, url)
        if target is None:
            raise RedirectEnded("redirect to no web address", location[:100].decode("latin-1"))
        self.sent.add((url, cookie))
        self._take_cookies(url, set_cookies)
        self.hops += 1
        following = Request(target)
        self.jar.add_cookie_header(following)
        sends = (following.url, following.headers.get(b"Cookie") or b"")
        despite = f" (it sets the cookie {self.cookie})" if self.cookie else ""
        if sends in self.sent:
            raise RedirectEnded(f"redirect loop{despite}", target)
        if self.hops > self.max_hops:
            raise RedirectEnded(f"too many redirects{despite}", target)
        return sends

    def _take_cookies(self, url: str, set_cookies: Sequence[bytes]) -> None:
        """Keep the cookies of an answer, but none for a domain that is not within the site that sets it."""
        fields = [value for value in set_cookies[:MAX_COOKIES] if len(value) <= MAX_COOKIE_BYTES]
        try:
            site = site_of(url)
        except ValueError:
            return
        if not fields:
            return
        self.cookie = UNPRINTABLE.sub("?", fields[-1].decode("latin-1").partition("=")[0].strip())[:MAX_NAME_CHARS]
        before = {id(cookie): cookie for cookie in self.jar}
        asked = Request(url)
        for value in fields:
            self._take(value, asked)
        for cookie in [cookie for cookie in self.jar if id(cookie) not in before]:
            if cookie.domain_specified and not f".{cookie.domain.lstrip('.')}".endswith(f".{site}"):
                self.jar.clear(cookie.domain, cookie.path, cookie.name)

    def _take(self, field_value: bytes, request: Request) -> None:
        """Keep the cookie of one Set-Cookie field, unless the standard library cannot parse it.

        The library warns with a traceback on stderr of a value that it did not expect, such as an endless Max-Age.
        """
        with warnings.catch_warnings():
            warnings.filterwarnings("error", COOKIE_NOT_PARSED, UserWarning)
            try:
                self.jar.extract_cookies(Response(request.url, headers={"Set-Cookie": field_value}), request)
            except (UserWarning, ValueError, OverflowError) as error:
                about = {"url": request.url, "why": type(error).__name__}
                logger.debug("%(url)s: a cookie that cannot be parsed is ignored (%(why)s)", about)


class RedirectsMiddleware:
    """Turn a redirect into the next request of its chain, or raise RedirectEnded."""

    def __init__(self, max_hops: int) -> None:
        self.max_hops = max_hops

    @classmethod
    def from_crawler(cls, crawler: Any) -> RedirectsMiddleware:
        return cls(crawler.settings.getint("REDIRECT_MAX_TIMES"))

    def process_response(self, request: Request, response: Response) -> Request | Response:
        location = response.headers.get(b"Location")
        if response.status not in REDIRECTS or location is None or request.meta.get("dont_redirect"):
            return response
        chain: RedirectChain = request.meta.get(REDIRECT_CHAIN) or RedirectChain(self.max_hops)
        sent, cookies = request.headers.get(b"Cookie") or b"", response.headers.getlist(b"Set-Cookie")
        url, cookie = chain.follow(request.url, sent, location, cookies)
        chain.permanent &= response.status in PERMANENT_REDIRECTS
        following = request.replace(url=url, priority=request.priority + FOLLOWED_PRIORITY)
        following.meta[REDIRECT_CHAIN] = chain
        following.headers.pop(b"Cookie", None)
        if cookie:
            following.headers[b"Cookie"] = cookie
        return following

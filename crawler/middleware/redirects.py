"""Follow redirects, with the cookies that they set for their own chain only.

Scrapy's own middleware goes round a loop until its limit, fails on addresses that are none, and has no cookies. Some
sites redirect an address to itself until a cookie comes back. So a chain keeps the cookies that its own answers set, by
the rules of RFC 6265, and no other chain sees them. A chain ends before it sends a request again, cookies included.
"""

from __future__ import annotations

import logging
import re
import warnings
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import Any

from scrapy import Request
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from scrapy.http.cookies import CookieJar

from pipelines.core.links import resolve_location
from pipelines.core.urls import site_of
from pipelines.warc.http_message import REDIRECTS

logger = logging.getLogger("morgue.middleware")

CHAIN = "redirect_chain"  # key of a request's meta
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

    hops: int = 0
    sent: set[tuple[str, bytes]] = field(default_factory=set)  # URL and Cookie field of each request
    jar: Any = field(default_factory=lambda: CookieJar(HOST_ONLY))
    cookie: str = ""  # name of the cookie that was set last

    def take_cookies(self, request: Request, response: Response) -> None:
        """Keep the cookies of an answer, but none for a domain that is not within the site that sets it."""
        fields = response.headers.getlist(b"Set-Cookie")[:MAX_COOKIES]
        fields = [value for value in fields if len(value) <= MAX_COOKIE_BYTES]
        try:
            site = site_of(request.url)
        except ValueError:
            return
        if not fields:
            return
        self.cookie = UNPRINTABLE.sub("?", fields[-1].decode("latin-1").partition("=")[0].strip())[:MAX_NAME_CHARS]
        before = {id(cookie): cookie for cookie in self.jar}
        for value in fields:
            self._take(value, request)
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
        target = resolve_location(location, request.url)
        if target is None:
            raise RedirectEnded("redirect to no web address", location[:100].decode("latin-1"))
        chain: RedirectChain = request.meta.get(CHAIN) or RedirectChain()
        chain.sent.add((request.url, request.headers.get(b"Cookie") or b""))
        chain.take_cookies(request, response)
        chain.hops += 1
        following = request.replace(url=target, priority=request.priority + FOLLOWED_PRIORITY)
        following.meta[CHAIN] = chain
        following.headers.pop(b"Cookie", None)
        chain.jar.add_cookie_header(following)
        if (following.url, following.headers.get(b"Cookie") or b"") in chain.sent:
            raise RedirectEnded(f"redirect loop{self._despite(chain)}", target)
        if chain.hops > self.max_hops:
            raise RedirectEnded(f"too many redirects{self._despite(chain)}", target)
        return following

    @staticmethod
    def _despite(chain: RedirectChain) -> str:
        return f" (it sets the cookie {chain.cookie})" if chain.cookie else ""

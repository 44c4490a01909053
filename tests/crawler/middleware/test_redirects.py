"""Redirects: loops end at once, cookies live as long as their chain, and targets that are no web page are named."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from scrapy import Request
from scrapy.http import Response

from crawler.middleware.redirects import MAX_COOKIE_BYTES, RedirectEnded, RedirectsMiddleware

Answer = tuple[str, tuple[str, ...]]  # Location, and Set-Cookie fields
Site = Callable[[str, str], Answer | None]  # (URL, Cookie field) -> a redirect, or None for a page

PAGE = "http://paper.example/story.html"


def walk(site: Site, url: str = PAGE) -> list[tuple[str, str]]:
    """Follow the redirects of a site as a crawl does; return URL and cookie of every request."""
    middleware, request = RedirectsMiddleware(10), Request(url)
    sent = []
    while True:
        cookie = (request.headers.get(b"Cookie") or b"").decode()
        sent.append((request.url, cookie))
        answer = site(request.url, cookie)
        if answer is None:
            return sent
        headers = {"Location": answer[0], "Set-Cookie": list(answer[1])}
        following = middleware.process_response(request, Response(request.url, status=302, headers=headers))
        assert isinstance(following, Request)
        request = following


def test_redirect_to_itself_arrives_once_its_cookie_is_sent() -> None:
    """The second request carries the cookie of the first answer."""
    sent = walk(lambda url, cookie: None if cookie == "seen=1" else (url, ("seen=1; Path=/",)))
    assert sent == [(PAGE, ""), (PAGE, "seen=1")]


def test_cookie_check_at_another_address_arrives() -> None:
    """The site sends a reader to `?cookiecheck=1` with a cookie, and from there back."""

    def site(url: str, cookie: str) -> Answer | None:
        if url.endswith("?cookiecheck=1"):
            return PAGE, ()
        return None if "seen" in cookie else (PAGE + "?cookiecheck=1", ("seen=1",))

    assert [url for url, _ in walk(site)] == [PAGE, PAGE + "?cookiecheck=1", PAGE]


def test_next_chain_has_no_cookie_of_the_last() -> None:
    """The same page, visited again, begins without cookies."""

    def site(url: str, cookie: str) -> Answer | None:
        return None if cookie else (url, ("seen=1",))

    assert walk(site) == walk(site) == [(PAGE, ""), (PAGE, "seen=1")]


@pytest.mark.parametrize(
    ("site", "reason", "requests"),
    [
        (lambda url, cookie: (url, ()), "redirect loop", 1),
        (lambda url, cookie: (PAGE + ("?a" if url == PAGE else ""), ()), "redirect loop", 2),
        (lambda url, cookie: (url, ("seen=1",)), "redirect loop (it sets the cookie seen)", 2),
        (lambda url, cookie: (url, ("s\x1b[31m=1; Secure",)), "redirect loop (it sets the cookie s?[31m)", 1),
        (lambda url, cookie: (url, (f"n={len(cookie)}{cookie}",)), "too many redirects (it sets the cookie n)", 11),
        (lambda url, cookie: (url + "x", ()), "too many redirects", 11),
        (lambda url, cookie: ("javascript:alert(1)", ()), "redirect to no web address", 1),
        (lambda url, cookie: ("data:text/html,x", ()), "redirect to no web address", 1),
        (lambda url, cookie: ("http://[bad]/", ()), "redirect to no web address", 1),
        (lambda url, cookie: ("http://paper.example:99999/", ()), "redirect to no web address", 1),
    ],
    ids=["itself", "two", "cookie", "escape", "counter", "endless", "javascript", "data", "bad host", "bad port"],
)
def test_redirect_that_leads_nowhere_ends_by_name(site: Site, reason: str, requests: int) -> None:
    """At the first request that would be a repetition, and with the cookie that was set in vain."""
    sent = []

    def counted(url: str, cookie: str) -> Answer | None:
        sent.append(url)
        return site(url, cookie)

    with pytest.raises(RedirectEnded) as ended:
        walk(counted)
    assert (ended.value.reason, len(sent)) == (reason, requests)


@pytest.mark.parametrize(
    ("set_cookie", "start", "target", "cookie"),
    [
        ("a=1", "http://paper.example/", "http://paper.example/x", "a=1"),
        ("a=1", "http://paper.example/", "http://www.paper.example/", ""),
        ("a=1; Domain=paper.org", "http://www.paper.org/", "http://paper.org/", "a=1"),
        ("a=1; Domain=paper.co.uk", "http://www.paper.co.uk/", "http://news.paper.co.uk/", "a=1"),
        ("a=1; Domain=paper.example", "http://paper.example/", "http://evil.example/", ""),
        ("a=1; Domain=evil.example", "http://paper.example/", "http://evil.example/", ""),
        ("a=1; Domain=co.uk", "http://paper.co.uk/", "http://evil.co.uk/", ""),
        ("a=1; Domain=blogspot.com", "http://paper.blogspot.com/", "http://evil.blogspot.com/", ""),
        ("a=1; Secure", "http://paper.example/", "http://paper.example/x", ""),
        ("a=1; Path=/y", "http://paper.example/", "http://paper.example/x", ""),
        ("a=1; Max-Age=0", "http://paper.example/", "http://paper.example/x", ""),
        ("a=" + "1" * MAX_COOKIE_BYTES, "http://paper.example/", "http://paper.example/x", ""),
        ("=;;;=,\xff", "http://paper.example/", "http://paper.example/x", ""),
        ("a=1; Expires=Fri, 31 Dec 99999 23:59:59 GMT", "http://127.0.0.1/", "http://127.0.0.1/x", "a=1"),
    ],
)
def test_cookie_goes_only_where_rfc_6265_lets_it(set_cookie: str, start: str, target: str, cookie: str) -> None:
    """Host, domain, path, scheme and age count, and no domain beyond the site that set it."""
    sent = walk(lambda url, _: (target, (set_cookie,)) if url == start else None, start)
    assert sent == [(start, ""), (target, cookie)]


def test_cookie_that_cannot_be_parsed_is_ignored_without_a_word(recwarn: pytest.WarningsRecorder) -> None:
    """The cookies beside it are kept."""
    fields = (
        "a=1; Max-Age=" + "9" * 400,
        "b=2; Max-Age=-" + "9" * 3000,
        "c=3; Max-Age=60",
        "d=4; Version=" + "9" * 400,
    )
    sent = walk(lambda url, cookie: None if cookie else (url, fields))
    assert "c=3" in sent[-1][1]
    assert not recwarn.list

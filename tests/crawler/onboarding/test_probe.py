"""Test the probe of `morgue add`: redirects, robots.txt and what it says of candidates, without a network."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from threading import current_thread, main_thread
from typing import Any

import pytest

from crawler.discovery.robots_txt import Robots
from crawler.onboarding.probe import ProbeResponse, UnusableAddress, get

Site = Callable[[str, bytes], ProbeResponse]  # (URL, Cookie field) -> answer

FRONT = "http://paper.example/"
PAGE = ProbeResponse(200, {"content-type": "text/html"}, body=b"<html><title>Paper</title><body>News</body></html>")


def redirect(location: str, *set_cookies: bytes) -> ProbeResponse:
    return ProbeResponse(302, {"location": location}, set_cookies)


class FakeNetwork:
    """Answer for one site, and remember the requests as (URL, Cookie field)."""

    def __init__(self, site: Site, robots: Site = lambda url, cookie: ProbeResponse(404)) -> None:
        self.site, self.robots = site, robots
        self.sent: list[tuple[str, bytes]] = []

    async def fetch(self, url: str, kind: str, crawl_delay: float | None, cookie: bytes) -> ProbeResponse:
        self.sent.append((url, cookie))
        return (self.robots if kind == "robots" else self.site)(url, cookie)

    async def read(self, reader: Callable[..., Any], *arguments: Any) -> Any:
        return reader(*arguments)

    @property
    def pages(self) -> list[tuple[str, bytes]]:
        return [sent for sent in self.sent if "robots" not in sent[0]]


def test_redirect_to_itself_arrives_once_its_cookie_is_sent() -> None:
    """As in a crawl: the chain of one page sends the cookies that it was given."""
    network = FakeNetwork(lambda url, cookie: PAGE if cookie == b"seen=1" else redirect(url, b"seen=1; Path=/"))
    page = asyncio.run(get(FRONT, network.fetch))
    assert (page.url, page.body) == (FRONT, PAGE.body)
    assert network.pages == [(FRONT, b""), (FRONT, b"seen=1")]


@pytest.mark.parametrize(
    ("site", "reason", "requests"),
    [
        (lambda url, cookie: redirect(url), "redirect loop", 1),
        (lambda url, cookie: redirect(url, b"seen=1"), "redirect loop (it sets the cookie seen)", 2),
        (lambda url, cookie: redirect(url + "x"), "too many redirects", 6),
        (lambda url, cookie: redirect("javascript:alert(1)"), "redirect to no web address", 1),
        (lambda url, cookie: ProbeResponse(302), "HTTP 302 without a Location", 1),
    ],
    ids=["itself", "cookie", "endless", "javascript", "no target"],
)
def test_redirect_that_leads_nowhere_ends_by_name(site: Site, reason: str, requests: int) -> None:
    """At the first request that would be a repetition, and with the cookie that was set in vain."""
    network = FakeNetwork(site)
    with pytest.raises(UnusableAddress, match=f"^{reason}$".replace("(", r"\(").replace(")", r"\)")):
        asyncio.run(get(FRONT, network.fetch))
    assert len(network.pages) == requests


def test_robots_txt_behind_a_cookie_is_obeyed() -> None:
    """Its redirects are followed by the same rules."""
    rules = ProbeResponse(200, {}, body=b"User-agent: *\nDisallow: /\n")
    network = FakeNetwork(
        lambda url, cookie: PAGE, lambda url, cookie: rules if cookie == b"in=1" else redirect(url, b"in=1")
    )
    with pytest.raises(UnusableAddress, match="robots"):
        asyncio.run(get(FRONT, network.fetch))
    assert network.pages == []


def test_robots_txt_in_a_redirect_loop_counts_as_none() -> None:
    """RFC 9309 section 2.3.1.2; the loop ends at once."""
    network = FakeNetwork(lambda url, cookie: PAGE, lambda url, cookie: redirect(url))
    assert asyncio.run(get(FRONT, network.fetch)).body == PAGE.body
    assert len(network.sent) == 2


def test_long_robots_txt_is_read_and_matched_in_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a megabyte of wildcards takes a second to read and a tenth of it to match: other sites go on meanwhile."""
    threads: set[str] = set()
    parse, allowed = Robots.parse, Robots.allowed

    def noted_parse(*arguments: Any) -> Robots:
        threads.add(f"parse in {current_thread() is main_thread()}")
        return parse(*arguments)

    def noted_allowed(robots: Robots, url: str) -> bool:
        threads.add(f"allowed in {current_thread() is main_thread()}")
        return allowed(robots, url)

    monkeypatch.setattr(Robots, "parse", noted_parse)
    monkeypatch.setattr(Robots, "allowed", noted_allowed)
    rules = b"User-agent: *\n" + b"Disallow: /*a*b$\n" * 2000
    network = FakeNetwork(lambda url, cookie: PAGE, lambda url, cookie: ProbeResponse(200, {}, body=rules))
    asyncio.run(get(FRONT, network.fetch))
    assert threads == {"parse in False", "allowed in False"}

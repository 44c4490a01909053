"""Test which redirects are followed, by whose URL redirects and whose site it leads to."""

import asyncio
from types import SimpleNamespace

import pytest
from scrapy import Request
from scrapy.http import Response

from crawler.frontier.ownership import SiteOwners, listed_sites
from crawler.frontier.queue import Frontier
from crawler.middleware import known_redirects
from crawler.middleware.known_redirects import (
    FOLLOW_KNOWN,
    KnownRedirectsMiddleware,
    RedirectNotFollowed,
    RedirectTakenDown,
    RobotsRedirected,
)
from pipelines.core.urls import host_of
from pipelines.database.frontier.rows import Claim

EVIL, PAPER = 1, 2
HOMES = {EVIL: "https://evil.example/", PAPER: "https://paper.example/"}
OWNERS = SiteOwners({source_id: listed_sites(url) for source_id, url in HOMES.items()}, HOMES)


class UnknownUrls:
    """Be a frontier in which no URL was visited yet."""

    owners, db = OWNERS, None

    def is_known(self, _url, _claim):
        return False


async def call(task, *args):
    return task(*args)


@pytest.fixture(autouse=True)
def register(monkeypatch):
    """Let addresses that say so be taken down."""
    monkeypatch.setattr(
        known_redirects, "taken_down_on", lambda _db, url: "2026-11-23" if url.endswith("removed") else None
    )


CONTEXT = SimpleNamespace(part={Frontier: UnknownUrls()}.__getitem__, do=call)


def follow(location, kind="article", depth=1, source_id=EVIL, url="https://evil.example/a", **meta):
    """Return the outcome of a redirect: "followed", or the name of the exception."""
    claim = Claim(1, url, host_of(url), source_id, kind, depth, {}, 0, 0, None, None, None)
    arguments = {} if kind == "robots" else {"claim": claim}
    request = Request(url, cb_kwargs=arguments, meta={"kind": kind, "source_id": source_id, **meta})
    response = Response(url, status=302, headers={"Location": location})
    try:
        asyncio.run(KnownRedirectsMiddleware(CONTEXT).process_response(request, response))
    except (RedirectNotFollowed, RedirectTakenDown, RobotsRedirected) as error:
        return type(error).__name__
    return "followed"


@pytest.mark.parametrize("kind", ["article", "section", "feed", "sitemap"])
def test_redirect_to_the_site_of_another_source_is_not_followed(kind):
    """It would be a request that the other site gets and its source did not ask for."""
    assert follow("https://www.paper.example/b", kind) == "RedirectNotFollowed"


def test_robots_txt_on_the_site_of_another_source_is_not_fetched():
    """Four hundred hosts could each ask for it."""
    assert follow("https://paper.example/robots.txt", "robots") == "RobotsRedirected"
    assert follow("https://www.evil.example/robots.txt", "robots") == "followed"


@pytest.mark.parametrize(
    ("location", "given"),
    [
        ("https://news.evil.example/b", {}),
        ("https://nobody.example/b", {}),
        ("https://paper.example/b", {"source_id": PAPER}),
        ("https://paper.example/b", {"kind": "page"}),
        ("https://paper.example/b", {"kind": "feed", "depth": 0}),
        ("https://paper.example/b", {"source_id": None}),
    ],
    ids=["own site", "site without source", "own source", "page of a list", "feed in a file", "URL that was typed"],
)
def test_redirect_within_a_site_or_of_a_url_that_the_user_named_is_followed(location, given):
    """The user asked for it, or no other source is concerned."""
    assert follow(location, **given) == "followed"


@pytest.mark.parametrize(
    "given",
    [{}, {"kind": "feed"}, {"kind": "page", "depth": 0, FOLLOW_KNOWN: True}, {"kind": "robots"}],
    ids=["article", "feed", "URL that was typed", "robots.txt"],
)
def test_redirect_to_an_address_that_was_taken_down_is_never_followed(given):
    """Its text would come back into the archive."""
    assert follow("https://news.evil.example/removed", **given) == "RedirectTakenDown"

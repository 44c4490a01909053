"""Name the reason why there was no answer, in a few words that can be counted: without URLs and numbers."""

from __future__ import annotations

from crawler.http import outcome
from crawler.http.host_not_asked import HostNotAsked
from crawler.http.outcome import FetchError
from crawler.middleware.content_decoding import BodyNotDecoded
from crawler.middleware.known_redirects import PartRedirected, RedirectTakenDown, RobotsRedirected
from crawler.middleware.redirects import RedirectEnded
from crawler.schedule.failure_kinds import NO_TURN, NOT_PUBLIC

ALLOW_PRIVATE = "to crawl a server on your own network or computer, add -s crawl.allow_private_ips=true"

REASONS: dict[type[FetchError], str] = {
    outcome.Unsendable: "URL cannot be requested",
    outcome.NameNotResolved: "host not found",
    outcome.AddressRefused: NOT_PUBLIC,
    outcome.PortRefused: "port is blocked",
    outcome.ConnectFailed: "connection failed",
    outcome.TlsFailed: "TLS failed",
    outcome.TimedOut: "timed out",
    outcome.ConnectionLost: "connection lost",
    outcome.BodyTooLarge: "body too large",
    outcome.TooManyParts: "too many parts",  # `reason_of_fetch` says which
    outcome.NotHttp: "not HTTP",
}


def reason_of_fetch(error: FetchError) -> str:
    """Return the reason for a fetch that failed."""
    return f"too many {error.parts}" if isinstance(error, outcome.TooManyParts) else REASONS[type(error)]


def reason_of(error: BaseException) -> str:
    """Return the reason for an exception that Scrapy's downloader raised."""
    cause = error.__cause__
    if isinstance(cause, FetchError):
        return reason_of_fetch(cause)
    if isinstance(error, BodyNotDecoded | PartRedirected | RedirectEnded | RedirectTakenDown):
        return error.reason
    if isinstance(error, RobotsRedirected):
        return "robots.txt is on the site of another source"
    return NO_TURN if isinstance(error, HostNotAsked) else type(error).__name__

"""Say what kind of failure a reason stands for: of the page, of its host, or of the scheme that was tried. Pure."""

from __future__ import annotations

# Failures that a single page may have for good: counted and named, but they do not change the exit code.
PERMANENT_REASONS = ("body too large", "body too large when decoded")
PERMANENT_BEGINNINGS = ("too many ", "redirect ")  # redirects, header lines, content codings, ...; loop, to no address
NOT_PUBLIC = "address is not public"  # and crawl.allow_private_ips is not set
NO_TURN = "no turn at a host that several shards ask"  # for the bucket or disk that gives out turns failed
# There was no answer from the host at all, which says nothing about the page.
HOST_DOWN_REASONS = ("host not found", "connection failed", "TLS failed", NOT_PUBLIC, NO_TURN)
NO_HTTPS_REASONS = ("connection failed", "TLS failed", "timed out")  # the site may answer over HTTP
UNANSWERED_REASONS = ("timed out", "connection lost")  # the page may be the cause
NOT_SENT_REASONS = ("URL cannot be requested", NOT_PUBLIC, "port is blocked", NO_TURN)  # refused by us
UNASKED_304 = "HTTP 304 to a request without conditions"
# Answers that are not about the page but about us or the server, when a host gives nothing else.
REFUSING_STATUSES = (401, 403, 429)


def is_refusal(why: str, status: int | None) -> bool:
    """Return True if a failure may be one of the whole host: it refuses us, has a fault or does not answer in time."""
    if status is None or status < 400:
        return why in UNANSWERED_REASONS or why == UNASKED_304
    return status in REFUSING_STATUSES or status >= 500


def is_permanent(why: str) -> bool:
    """Return True if a page that fails so will most likely always fail so."""
    return why in PERMANENT_REASONS or why.startswith(PERMANENT_BEGINNINGS)

"""Signals on use that HTTP headers carry are kept with the capture, as sent."""

from __future__ import annotations

from pipelines.warc.http_message import parse_head
from pipelines.warc.http_signals import MAX_SIGNAL_CHARS, MAX_SIGNALS, header_signals


def signals(*lines: str) -> tuple[str, ...]:
    """Return the signals of a response with these header lines."""
    head = parse_head("\r\n".join(["HTTP/1.1 200 OK", *lines, "", ""]).encode("utf-8"))
    assert head is not None
    return header_signals(head)


def test_every_signal_is_kept_as_sent():
    """The name is in lower case, the value untouched, in the order sent, each once; nothing is judged."""
    assert signals(
        "Content-Type: text/html",
        "X-Robots-Tag: googlebot: noarchive, noai",
        "tdm-reservation: 1",
        "TDM-Policy: https://paper.example/policy.json",
        "TDM-Reservation: 1",
        "Content-Usage: train-ai=n",
    ) == (
        "x-robots-tag: googlebot: noarchive, noai",
        "tdm-reservation: 1",
        "tdm-policy: https://paper.example/policy.json",
        "content-usage: train-ai=n",
    )


def test_number_and_length_of_signals_are_bounded():
    """A hostile answer cannot fill the database."""
    found = signals(*(f"X-Robots-Tag: {number}{'x' * 1000}" for number in range(100)))
    assert len(found) == MAX_SIGNALS
    assert max(map(len, found)) <= MAX_SIGNAL_CHARS + len("x-robots-tag: ")


def test_response_without_signals_has_none():
    """Most responses have none."""
    assert signals("Server: x") == ()

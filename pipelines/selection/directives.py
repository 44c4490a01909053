"""Signals on use taken apart: to whom something is said, what, and with which value. Signals: `usage` and `rights`.

Robots directives (Google, Bing: robots meta and X-Robots-Tag) may be for one robot: `<meta name="googlebot">`,
`X-Robots-Tag: googlebot: noarchive`. What is said to another robot is said neither to us nor to those whom we hand a
dataset.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

OURS = "newsmorgue"  # our product token (RFC 9309, 2.2.1), in lower case
EVERYONE = ("robots", "x-robots-tag")  # what names no robot is for all
# Directives with a value behind a colon; any other word before a colon is a robot's name.
VALUED = ("unavailable_after", "max-snippet", "max-image-preview", "max-video-preview")
ROBOT = re.compile(r"\s*([A-Za-z][\w.-]*|\*)\s*:(?!//)\s*")
BETWEEN = re.compile(r"[,;]|(?<=[a-z])\s+(?=[a-z-]+\s*(?:[\s,;]|$))")  # some part directives by blanks or semicolons
# What `none` stands for (Google, "robots meta tag, data-nosnippet, and X-Robots-Tag specifications").
NONE = ("noindex", "nofollow")


class Directive(NamedTuple):
    """One statement. All in lower case."""

    field: str  # name of the signal that it stands in: "x-robots-tag", "robots", "tdm-reservation", "license"
    robot: str | None  # to whom; None: to all
    name: str  # "noarchive", "train-ai"; of a signal without directives the field
    value: str  # "" where there is none

    @property
    def counts(self) -> bool:
        """Whether it is said to all or to us."""
        return self.robot in (None, OURS)


def said(signals: Iterable[str]) -> Iterator[Directive]:
    """What signals ("name: value") say, in their order."""
    from pipelines.extraction.labels.usage_signals import (  # with lxml, 0.1 s, which most exports have no use for
        FOR_MODELS,
        ROBOTS,
    )

    for signal in signals:
        field, _, text = signal.lower().partition(": ")
        text = text.strip()
        if field == "content-usage":
            yield from _usage(field, text)
        elif field in EVERYONE:
            yield from _directives(field, None, text)
        elif field in FOR_MODELS or ROBOTS.fullmatch(field):
            yield from _directives(field, field, text)
        else:
            yield Directive(field, None, field, text)


def _directives(field: str, robot: str | None, text: str) -> Iterator[Directive]:
    """`[robot:] directive, directive, ...`; a robot's name holds for what stands behind it."""
    for part in BETWEEN.split(text):
        named = ROBOT.match(part)
        if named and named[1] not in VALUED:
            robot, part = None if named[1] == "*" else named[1], part[named.end() :]
        name, _, value = (piece.strip() for piece in part.partition(":"))
        for one in (name, *NONE) if name == "none" else (name,):
            if one:
                yield Directive(field, robot, one, value)


def _usage(field: str, text: str) -> Iterator[Directive]:
    """A dictionary of structured fields (RFC 9651, 3.2), without parameters: `train-ai=n, search=y`."""
    for part in text.split(","):
        name, _, value = part.partition(";")[0].partition("=")
        if name.strip():
            yield Directive(field, None, name.strip(), value.strip())


class RequestedSignal:
    """A signal that is asked for: a directive or the name of a signal or robot, with `:VALUE` behind it if need be."""

    def __init__(self, text: str) -> None:
        """Raises ValueError for nothing."""
        self.text = text.strip()
        name, separator, value = re.fullmatch(r"\s*([^:=]*)([:=]?)(.*)", text.lower(), re.DOTALL).groups()  # type: ignore[union-attr]
        self.name, self.value = name.strip(), value.strip() if separator else None
        if not self.name or self.value == "":
            raise ValueError("names no signal")

    def means(self, one: Directive) -> bool:
        """Whether this is it. What is said to one robot is meant only where that robot is named."""
        texts = (None, one.name, f"{one.name}:{one.value}", f"{one.name}={one.value}")
        if one.robot is not None and self.name == one.robot:
            return self.value in texts
        if not one.counts:
            return False
        if self.name == one.field:
            return self.value in (*texts, one.value)
        return self.name == one.name and self.value in (None, one.value)

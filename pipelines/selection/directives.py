"""Parse signals about use: to which robot something is said, what, and with which value. Signals: `usage`, `rights`.

Robots directives (Google, Bing: robots meta and X-Robots-Tag) may address one robot: `<meta name="googlebot">`,
`X-Robots-Tag: googlebot: noarchive`. What another robot is told concerns neither us nor the people to whom we hand a
dataset.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

OWN_ROBOT_NAME = "newsmorgue"  # our product token (RFC 9309, 2.2.1), in lower case
FIELDS_FOR_ALL_ROBOTS = ("robots", "x-robots-tag")  # unless they name a robot
# Directives with a value after a colon. Any other word before a colon is the name of a robot.
VALUED_DIRECTIVES = ("unavailable_after", "max-snippet", "max-image-preview", "max-video-preview")
ROBOT_PREFIX = re.compile(r"\s*([A-Za-z][\w.-]*|\*)\s*:(?!//)\s*")
SEPARATOR = re.compile(r"[,;]|(?<=[a-z])\s+(?=[a-z-]+\s*(?:[\s,;]|$))")  # some sites use spaces or semicolons
# Google, "robots meta tag, data-nosnippet, and X-Robots-Tag specifications".
MEANING_OF_NONE = ("noindex", "nofollow")


class Directive(NamedTuple):
    """Hold one statement, all in lower case."""

    field: str  # name of the signal that has it: "x-robots-tag", "robots", "tdm-reservation", "license"
    robot: str | None  # the robot that it addresses; None: all
    name: str  # "noarchive", "train-ai"; the field, if the signal has no directives
    value: str  # "" if it has no value

    @property
    def concerns_us(self) -> bool:
        """True if it addresses all robots, or ours."""
        return self.robot in (None, OWN_ROBOT_NAME)


def parse_signals(signals: Iterable[str]) -> Iterator[Directive]:
    """Yield what signals ("name: value") say, in their order."""
    from pipelines.extraction.labels.usage_signals import (  # imports lxml, 0.1 s that most exports need not pay
        FOR_MODELS,
        ROBOTS,
    )

    for signal in signals:
        field, _, text = signal.lower().partition(": ")
        text = text.strip()
        if field == "content-usage":
            yield from _parse_usage(field, text)
        elif field in FIELDS_FOR_ALL_ROBOTS:
            yield from _parse_directives(field, None, text)
        elif field in FOR_MODELS or ROBOTS.fullmatch(field):
            yield from _parse_directives(field, field, text)
        else:
            yield Directive(field, None, field, text)


def _parse_directives(field: str, robot: str | None, text: str) -> Iterator[Directive]:
    """Parse `[robot:] directive, directive, ...`. A robot's name holds for the directives after it."""
    for part in SEPARATOR.split(text):
        prefix = ROBOT_PREFIX.match(part)
        if prefix and prefix[1] not in VALUED_DIRECTIVES:
            robot, part = None if prefix[1] == "*" else prefix[1], part[prefix.end() :]
        name, _, value = (piece.strip() for piece in part.partition(":"))
        for one in (name, *MEANING_OF_NONE) if name == "none" else (name,):
            if one:
                yield Directive(field, robot, one, value)


def _parse_usage(field: str, text: str) -> Iterator[Directive]:
    """Parse a dictionary of structured fields (RFC 9651, 3.2), without parameters: `train-ai=n, search=y`."""
    for part in text.split(","):
        name, _, value = part.partition(";")[0].partition("=")
        if name.strip():
            yield Directive(field, None, name.strip(), value.strip())


class RequestedSignal:
    """Hold a signal that the user asks for: the name of a directive, signal or robot, with `:VALUE` if needed."""

    def __init__(self, text: str) -> None:
        """Raises ValueError for a text without a name."""
        self.text = text.strip()
        name, separator, value = re.fullmatch(r"\s*([^:=]*)([:=]?)(.*)", text.lower(), re.DOTALL).groups()  # type: ignore[union-attr]
        self.name, self.value = name.strip(), value.strip() if separator else None
        if not self.name or self.value == "":
            raise ValueError("names no signal")

    def matches(self, directive: Directive) -> bool:
        """Return True if the user means this directive. One for a single robot is meant only if that robot is named."""
        name, value = directive.name, directive.value
        texts = (None, name, f"{name}:{value}", f"{name}={value}")
        if directive.robot is not None and self.name == directive.robot:
            return self.value in texts
        if not directive.concerns_us:
            return False
        if self.name == directive.field:
            return self.value in (*texts, value)
        return self.name == name and self.value in (None, value)

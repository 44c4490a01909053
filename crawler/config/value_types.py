"""Define the types of settings: checks of a TOML value that say what is wrong with it.

Every message begins with the value as written, so that the user can find it in the file.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import PlainValidator

from crawler.config.plain_values import ValueMistake, day, ip_addresses, pause, share, shown
from crawler.config.units import Duration, Size

# A file of settings may be a stranger's; a paper of a thousand sections is well within these.
ADAPTIVE = "adaptive"  # in place of an interval: listings are read as often as they bring news
MAX_LIST_VALUES = 10_000
MAX_PATTERNS = 50  # each is searched for in each URL
MAX_SELECTORS = 100  # each is run on each page
MAIL_ADDRESS = re.compile(r"[^\s@()<>,;:\"\\]+@[^\s@()<>,;:\"\\]+\.[^\s@()<>,;:\"\\.]+", re.ASCII)

# A host as a user names a site: no scheme, no path; with a port if it is a server of one's own.
DOMAIN = re.compile(r"(?:[\w-]{1,63}\.)*[\w-]{1,63}(?::\d{1,5})?")


def check(test: Callable[[Any], bool], what: str) -> PlainValidator:
    """Return a type whose values must pass `test`; `what` says in a message what they must be."""

    def validate(value: Any) -> Any:
        if not test(value):
            raise ValueError(f"{shown(value)} is not {what}")
        return value

    return PlainValidator(validate)


def whole_number(least: int, most: int | None = None) -> PlainValidator:
    """Return a type for whole numbers from `least` to `most`."""
    what = f"a whole number from {least} to {most}" if most else f"a whole number of at least {least}"
    return check(lambda value: type(value) is int and least <= value <= (most or 10**9), what)


def parsed(parse: Callable[[object], Any], what: str, *, above_zero: bool = False) -> PlainValidator:
    """Return a type whose values `parse` turns into a number; `parse` raises ValueError."""

    def validate(value: object) -> Any:
        try:
            made = parse(value)
        except ValueError:
            raise ValueError(f"{shown(value)} is not {what}") from None
        if above_zero and made != ADAPTIVE and made <= 0:
            raise ValueError(f"{shown(value)} is too small: it must be above zero")
        return made

    return PlainValidator(validate)


def list_of(one: Callable[[Any], Any], what: str, most: int = MAX_LIST_VALUES) -> PlainValidator:
    """Return a type for lists; `one` checks each value and raises ValueError."""

    def validate(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list | tuple):
            raise ValueError(f"{shown(value)} is not a list of {what}")
        if len(value) > most:
            raise ValueError(f"is a list of {len(value):,} {what}; at most {most:,} are read")
        return tuple(one(item) for item in value)

    return PlainValidator(validate)


def is_line(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= 500 and (value == "" or value.isprintable())


def is_ascii_line(value: Any) -> bool:
    return is_line(value) and value.isascii()


def is_http_url(value: Any) -> bool:
    """Return True for an http or https URL with a host. Only the syntax is checked."""
    if not is_line(value) or any(sign in value for sign in ' <>"'):
        return False
    try:
        parts = urlsplit(value)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is not a number, or an unclosed bracket
        return False


def is_contact(value: Any) -> bool:
    """Return True for a mail address or URL that fits into a comment of the User-Agent header (RFC 9110 section 5.6.5).

    Such a comment is plain ASCII without parentheses.
    """
    if not is_ascii_line(value) or "(" in value or ")" in value:
        return False
    return value == "" or MAIL_ADDRESS.fullmatch(value) is not None or is_http_url(value)


def is_proxy(value: Any) -> bool:
    return value == "" or (is_http_url(value) and urlsplit(value).scheme == "http")


def source_address(value: Any) -> str:
    """Return IP addresses as written, one of each kind at most; "" for none. Raises ValueError."""
    if not is_line(value):
        raise ValueError(f"{shown(value)} is not one line of text")
    ip_addresses(value)
    return str(value)


def web_address(value: Any) -> Any:
    if not is_http_url(value):
        raise ValueError(f"{shown(value)} is not a web address")
    return value


def pattern(value: Any) -> Any:
    from pipelines.core.linear_patterns import compiled

    if not isinstance(value, str):
        raise ValueError(f"{shown(value)} is not a regular expression")
    try:
        compiled(value)
    except ValueError as error:
        raise ValueError(f"{shown(value)} {error}") from None
    return value


def sites(value: Any) -> Any:
    """Return a list of domains, or "any". Raises ValueError."""
    if value == "any":
        return value
    if not isinstance(value, list | tuple):
        raise ValueError(f'{shown(value)} is neither a list of domains nor "any"')
    for site in value:
        if not isinstance(site, str) or not DOMAIN.fullmatch(site):
            raise ValueError(f"{shown(site)} is not a domain")
    return tuple(site.lower() for site in value)


def selectors(*, of_elements: bool) -> PlainValidator:
    """Return a type for a selector in XPath or CSS, or a list of them, each of which must be valid."""

    def one(value: Any) -> str:
        from pipelines.extraction import site_rules

        if not isinstance(value, str):
            raise ValueError(f"{shown(value)} is not a selector in XPath or CSS")
        try:
            site_rules.check(value, of_elements=of_elements)
        except ValueError as error:
            raise ValueError(f"{shown(value)} {error}") from None
        return value

    def validate(value: Any) -> tuple[str, ...]:
        values = value if isinstance(value, list | tuple) else [value]
        if len(values) > MAX_SELECTORS:
            raise ValueError(f"is a list of {len(values):,} selectors; at most {MAX_SELECTORS:,} are read")
        return tuple(one(item) for item in values)

    return PlainValidator(validate)


def listing_interval(value: object) -> Duration | str:
    """Return a fixed interval, or ADAPTIVE. Raises ValueError."""
    return ADAPTIVE if value == ADAPTIVE else Duration.parse(value)


def hours(value: Any) -> str:
    """Return a span of hours as written, if it can be meant; "" is any time. Raises ValueError."""
    from crawler.schedule.hours import EXAMPLE, Hours

    if not is_line(value):
        raise ValueError(f"{shown(value)} is not one line of text")
    if value:
        try:
            Hours.parse(value)
        except ValueError as error:
            raise ValueMistake(f"{shown(value)} {error}", f'say e.g. "{EXAMPLE}"') from None
    return str(value)


def one_of(*words: str) -> PlainValidator:
    """Return a type for one of a few words."""
    return check(lambda value: value in words, f"one of {', '.join(words)}")


Flag = Annotated[bool, check(lambda value: isinstance(value, bool), "true or false")]
Line = Annotated[str, check(is_line, "one line of text")]
AsciiLine = Annotated[str, check(is_ascii_line, "one line of plain ASCII text")]
Contact = Annotated[str, check(is_contact, "a mail address or URL (in plain ASCII)")]
Proxy = Annotated[str, check(is_proxy, "the http:// URL of a proxy")]
SourceAddress = Annotated[str, PlainValidator(source_address)]
WebAddress = Annotated[str, PlainValidator(web_address)]
WebAddresses = Annotated[tuple[str, ...], list_of(web_address, "web addresses")]
Patterns = Annotated[tuple[str, ...], list_of(pattern, "regular expressions", MAX_PATTERNS)]
Blocks = Annotated[tuple[str, ...], selectors(of_elements=True)]
Values = Annotated[tuple[str, ...], selectors(of_elements=False)]
Sites = Annotated[tuple[str, ...] | str, PlainValidator(sites)]
Day = Annotated[str, PlainValidator(day)]
Pause = Annotated[bool | str, PlainValidator(pause)]
Hours = Annotated[str, PlainValidator(hours)]
Share = Annotated[float, parsed(share, "a number from 0 to 1")]
Seconds = Annotated[Duration, parsed(Duration.parse, "a number of seconds")]
SomeSeconds = Annotated[Duration, parsed(Duration.parse, "a number of seconds", above_zero=True)]
ListingInterval = Annotated[Duration | str, parsed(listing_interval, 'a duration or "adaptive"', above_zero=True)]
AnyInterval = Annotated[Duration, parsed(Duration.parse, "a duration")]
Interval = Annotated[Duration, parsed(Duration.parse, "a duration", above_zero=True)]
Bytes = Annotated[Size, parsed(Size.parse, "a size", above_zero=True)]
AnyCount = Annotated[int, whole_number(0)]
Count = Annotated[int, whole_number(1)]
AnyBytes = Annotated[Size, parsed(Size.parse, "a size")]
Level = Annotated[int, whole_number(1, 9)]
Digest = Annotated[Literal["omit", "entity", "stored"], one_of("omit", "entity", "stored")]
Comments = Annotated[Literal["drop", "separate"], one_of("drop", "separate")]


def ages(value: Any) -> tuple[Duration, ...]:
    """Return a list of durations in ascending order, as the revisit policy needs them. Raises ValueError."""

    def one(item: Any) -> Duration:
        try:
            return Duration.parse(item)
        except ValueError:
            raise ValueError(f"{shown(item)} is not a duration") from None

    if not isinstance(value, list | tuple):
        raise ValueError(f"{shown(value)} is not a list of durations")
    return tuple(sorted(one(item) for item in value))


Ages = Annotated[tuple[Duration, ...], PlainValidator(ages)]

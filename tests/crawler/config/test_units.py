"""Durations and sizes in settings."""

import math
import pickle

import pytest

from crawler.config.units import Duration, Size


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("1h", 3600),
        ("1h30m", 5400),
        ("1h 30m", 5400),
        ("1.5h", 5400),
        ("500ms", 0.5),
        ("2w", 1_209_600),
        ("7d", 604_800),
        ("15", 15),
        (" 15m ", 900),
        (5, 5),
        (0.25, 0.25),
        (0, 0),
    ],
)
def test_duration_becomes_seconds(written, seconds):
    """Text with units, text without, and numbers."""
    assert Duration.parse(written) == seconds


@pytest.mark.parametrize(
    "written",
    [
        "",
        "fast",
        "1y",
        "-1h",
        "1h-2m",
        "h",
        "1e3s",
        "١h",
        "1 000s",
        True,
        None,
        [],
        -1,
        math.inf,
        math.nan,
        10**400,
        1e300,
        "99999999d",
    ],
)
def test_malformed_duration_is_refused(written):
    """Negative, endless, or longer than a date can take."""
    with pytest.raises(ValueError, match="not a duration"):
        Duration.parse(written)


@pytest.mark.parametrize(
    ("written", "count"),
    [
        ("20MB", 20_000_000),
        ("20 mb", 20_000_000),
        ("20M", 20_000_000),
        ("1GiB", 2**30),
        ("1.5kB", 1500),
        ("100", 100),
        ("100B", 100),
        (1024, 1024),
    ],
)
def test_size_becomes_bytes(written, count):
    """MB is a power of ten, MiB one of two."""
    assert Size.parse(written) == count


@pytest.mark.parametrize(
    "written", ["", "big", "1XB", "-1MB", "0.5B", 1.5, True, None, math.inf, 10**400, "9" * 400 + "TB"]
)
def test_malformed_size_is_refused(written):
    """A size is a whole number of bytes that a file can have."""
    with pytest.raises(ValueError, match="not a size"):
        Size.parse(written)


def test_value_is_printed_as_the_user_wrote_it():
    """Also by a process that was handed the value."""
    assert Duration.parse("90m").text == "90m"
    assert pickle.loads(pickle.dumps(Size.parse("20MB"))).text == "20MB"
    assert Duration.parse(5).text == "5s"

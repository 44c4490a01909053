"""Test periods of time by their names."""

from __future__ import annotations

from datetime import date

import pytest

from pipelines.core.errors import ArchiveDamaged, QueryError
from pipelines.database.search.periods import MAX_PERIODS, days_of, period_of, periods_between, unit_for

PERIODS = [
    ("2024-02-29", "day", "2024-02-29", "2024-02-29", "2024-02-29"),
    ("2024-02-29", "month", "2024-02", "2024-02-01", "2024-02-29"),
    ("2023-02-11", "month", "2023-02", "2023-02-01", "2023-02-28"),
    ("2024-02-29", "year", "2024", "2024-01-01", "2024-12-31"),
    ("2024-12-30", "week", "2025-W01", "2024-12-30", "2025-01-05"),
    ("2021-01-03", "week", "2020-W53", "2020-12-28", "2021-01-03"),
    ("0001-01-01", "week", "0001-W01", "0001-01-01", "0001-01-07"),
    ("0999-05-05", "year", "0999", "0999-01-01", "0999-12-31"),
]


@pytest.mark.parametrize(("day", "unit", "name", "first", "last"), PERIODS)
def test_day_is_in_the_period_of_its_unit(day, unit, name, first, last):
    """Weeks are those of ISO 8601, which belong to the year of their Thursday."""
    assert period_of(day, unit) == name
    assert days_of(name) == (date.fromisoformat(first), date.fromisoformat(last))


@pytest.mark.parametrize(
    ("first", "last", "unit", "names"),
    [
        ("2024-02-28", "2024-03-01", "day", ["2024-02-28", "2024-02-29", "2024-03-01"]),
        ("2020-12-27", "2021-01-04", "week", ["2020-W52", "2020-W53", "2021-W01"]),
        ("2023-12-31", "2024-02-01", "month", ["2023-12", "2024-01", "2024-02"]),
        ("2023-12-31", "2024-01-01", "year", ["2023", "2024"]),
        ("9998-01-01", "9999-12-31", "year", ["9998", "9999"]),
        ("2024-03-01", "2024-03-01", "year", ["2024"]),
    ],
)
def test_periods_between_two_days_have_no_gap(first, last, unit, names):
    """Both ends included, up to the end of the calendar."""
    assert list(periods_between(date.fromisoformat(first), date.fromisoformat(last), unit)) == names


def test_too_many_periods_are_an_error():
    """A page with the date 0001-01-01 must not fill the memory with days; a longer unit has fewer."""
    with pytest.raises(QueryError) as caught:
        list(periods_between(date.min, date.max, "day"))
    assert f"more than {MAX_PERIODS:,} days from 0001-01-01 to 9999-12-31" in str(caught.value)
    assert sum(1 for _ in periods_between(date.min, date.max, "year")) == 9999


@pytest.mark.parametrize(
    ("last", "unit"),
    [("2024-01-01", "day"), ("2024-03-02", "day"), ("2024-03-03", "week"), ("2025-01-31", "week"),
     ("2025-03-31", "month"), ("2034-01-31", "month"), ("2044-01-01", "year")],
)  # fmt: skip
def test_unit_suits_the_span(last, unit):
    """So that a table fits a page: from 2024-01-01 on."""
    assert unit_for(date(2024, 1, 1), date.fromisoformat(last)) == unit


def test_day_that_is_none_is_damage():
    """No page can give such a day, so the database was changed."""
    with pytest.raises(ArchiveDamaged, match="2024-13-01"):
        period_of("2024-13-01", "week")

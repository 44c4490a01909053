"""Test which day the address of a sitemap has."""

from datetime import UTC, datetime

import pytest

from crawler.frontier.entry_dates import day_in_name

NOW = datetime(2026, 11, 29, 13, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("sitemap-2026-11-28.xml", ("2026-11-28", True)),
        ("sitemap_20261128.xml.gz", ("2026-11-28", True)),
        ("2026/11/28/sitemap.xml", ("2026-11-28", True)),
        ("sitemap-2026-11-28-2.xml", ("2026-11-28", True)),
        ("sitemap.xml?yyyy=2026&mm=11&dd=28", ("2026-11-28", True)),
        ("sitemap.xml?year=2026&month=2&day=3", ("2026-02-03", True)),
        ("sitemap.xml?date=2026-11-28", ("2026-11-28", True)),
        ("sitemap.xml?yyyy=2024&mm=02", ("2024-02-29", False)),
        ("archive/2025-02/sitemap-2.xml", ("2025-02-28", False)),
        ("sitemap-2026-12-24.xml", None),  # yet to come
        ("sitemap-2026-11.xml", ("2026-11-30", False)),
        ("sitemap-2026-02-30.xml", None),
        ("sitemap-20261128093000.xml", None),
        ("sitemap.xml?y=26&m=11&d=28", None),
        ("sitemap.xml?yyyy=x&mm=11&dd=28", None),
        ("sitemap-1234.xml", None),
    ],
)
def test_name_of_a_sitemap_gives_the_day_of_its_articles(name, day):
    """With True if it is of one day; of a month it is the last one."""
    assert day_in_name(f"https://paper.example/{name}", NOW) == day

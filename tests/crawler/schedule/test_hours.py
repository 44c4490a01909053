"""Test the hours of the day in which a source may be asked, over the nights in which clocks are turned."""

from __future__ import annotations

from datetime import datetime

import pytest

from crawler.schedule.hours import Hours

OFFICE = "Mon-Fri 09:00-17:00 Europe/Berlin"
NIGHT = "22:00-06:00 Europe/Berlin"
EARLY = "02:30-05:00 Europe/Berlin"


@pytest.mark.parametrize(
    ("text", "now", "opens"),
    [
        # Winter time ends on Sunday, 28 March 2027; summer time on Sunday, 31 October 2027.
        (OFFICE, "2027-03-26T16:30:00Z", "2027-03-29T07:00:00Z"),  # Friday 17:30 to Monday 9:00, now UTC+2
        (OFFICE, "2027-03-26T15:59:00Z", "2027-03-26T15:59:00Z"),
        (OFFICE, "2027-10-29T15:00:00Z", "2027-11-01T08:00:00Z"),  # Friday 17:00 to Monday 9:00, now UTC+1
        (OFFICE, "2027-10-29T06:59:59Z", "2027-10-29T07:00:00Z"),
        (NIGHT, "2027-03-28T03:59:00Z", "2027-03-28T03:59:00Z"),  # 5:59 in summer time
        (NIGHT, "2027-03-28T04:00:00Z", "2027-03-28T20:00:00Z"),
        (NIGHT, "2027-10-31T04:59:00Z", "2027-10-31T04:59:00Z"),  # 5:59 in winter time
        (NIGHT, "2027-10-31T05:00:00Z", "2027-10-31T21:00:00Z"),
        (EARLY, "2027-03-28T00:59:00Z", "2027-03-28T01:00:00Z"),  # 2:30 is skipped: open at 3:00
        (EARLY, "2027-10-31T00:15:00Z", "2027-10-31T00:30:00Z"),  # the first 2:30
        (EARLY, "2027-10-31T01:10:00Z", "2027-10-31T01:30:00Z"),  # closed again from the second 2:00
        ("Fri 22:00-02:00 UTC", "2027-01-02T01:59:00Z", "2027-01-02T01:59:00Z"),  # Saturday, begun on Friday
        ("Fri 22:00-02:00 UTC", "2027-01-02T22:30:00Z", "2027-01-08T22:00:00Z"),
        ("00:00-24:00 UTC", "2027-01-02T22:30:00Z", "2027-01-02T22:30:00Z"),
        ("Sat-Mon 00:00-24:00 UTC", "2027-01-05T00:00:00Z", "2027-01-09T00:00:00Z"),
        ("Tue,Thu 10:07-10:09 Asia/Kathmandu", "2027-01-05T05:00:00Z", "2027-01-07T04:22:00Z"),
    ],
)
def test_hours_open_as_clocks_of_their_zone_show(text, now, opens):
    """Also where an hour is skipped or comes twice."""
    assert Hours.parse(text).opens(datetime.fromisoformat(now)) == datetime.fromisoformat(opens)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Mon-Fri 09:00-17:00 Europe/Berln", "names the time zone Europe/Berln, which does not exist"),
        ("09:00-17:00 Europe", "names the time zone Europe, which does not exist"),
        ("09:00-17:00 ../etc/passwd", "is no span of hours"),
        ("09:00-17:00", "names no time zone: say e.g. 09:00-17:00 Europe/Berlin"),
        ("25:00-27:00 UTC", "has the time 25:00, which no clock shows"),
        ("Mon-Foo 09:00-17:00 UTC", "has days that are none"),
        ("Mon-Tue-Wed 09:00-17:00 UTC", "has days that are none"),
        ("", "is no span of hours"),
    ],
)
def test_hours_that_cannot_be_meant_are_refused_with_the_reason(text, why):
    """The zone is named."""
    with pytest.raises(ValueError, match=why):
        Hours.parse(text)


def test_next_opening_is_said_in_the_zone_of_the_hours():
    """With the day of the week."""
    assert Hours.parse(OFFICE).next_opening(datetime.fromisoformat("2027-03-26T16:30:00Z")) == "Mon 09:00 Europe/Berlin"

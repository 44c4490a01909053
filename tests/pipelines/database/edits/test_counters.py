"""Test which numbers in a line are counters, and which are news."""

import pytest

from pipelines.database.edits.change_detection import comparable
from pipelines.database.edits.counters import masked

COUNTERS = [
    "Read 4,321 times", "Read 4,321 times.", "Views: 4 321", "1.2k views", "12 comments", "Comments (12)", "5 min read",
    "Rating: 4.5 / 5 (321 votes)", "4.5", "12 345", "€ 12.99", "from EUR 12.99", "3 hours ago", "an hour ago",
    "Updated 3 hours ago", "Updated 12 May 2024, 10:32", "vor 3 Stunden", "Vor einer Stunde", "4.321 mal gelesen",
    "il y a 2 heures", "hace 5 minutos", "3 ore fa", "há 3 horas", "3 uur geleden", "3 timer siden", "2 godziny temu",
    "Просмотров: 4321", "3 часа назад", "3時間前", "閲覧数 4321", "4321次阅读", "5分钟前", "조회수 4321", "3 saat önce",
    "By Anna Berg, 3 hours ago", "Anna Berg · 321 views", "By Anna Berg 3 hours ago", "Was $25, now only $12.99",
    "Anna Berg, updated 12 May 2024, 10:32", "Ticket: 10,50 EUR", "Price per night: € 1,250.50",
    "Updated: 9 Mar 2026, 14:05 GMT", "Stand: 9.3.2026, 14:05 Uhr MEZ", "Lesedauer: 4 Min.",
    "Read 321 times · 12 comments · updated on 12 May 2024 at 10:32, 5 min read",
]  # fmt: skip
NEWS = [
    "12 killed", "At least 12 people were killed.", "Deal worth $12 million", "12 March: 3 dead", "In May 12 died",
    "The video has 3 million views.", "Police said 12 people had read the letter 3 hours ago, before it was destroyed.",
    "Mayor resigns", "Home 3, Visitors 2", "Magnitude 6.1", "yesterday", "", "Gold: 12, silver: 9",
    "Unemployment 5.6 %", "Stage 3 begins", "12 people dead", "3 people missing", "Yes: 2,341,000 votes", "2:1",
    "Jailed for 3 years", "Tickets from 25 euros", "Three dead in last 24 hours", "Vote: 52-48", "12 March 2026",
    "Beginn um 20 Uhr", '"12 people have died," said Mayor Jones', "Infections, today 45", "Tote heute: 45", "24 hours",
    "Oil price 85", "Approval rating: 45", "Market share 12", "Preis: 12 Euro", "Ja-Stimmen: 1.234",
    "Kick-off 20:30 GMT", "Budget: $12 million", "Damage in the harbour district: €45", "Tickets: 12",
]  # fmt: skip
PAIRS = {
    "an age beside a name": ("By Anna Berg, 3 hours ago", "By Anna Berg, 4 hours ago", True),
    "an age in words": ("Anna Berg · an hour ago", "Anna Berg · 2 hours ago", True),
    "another name": ("By Anna Berg, 3 hours ago", "By Ben Berg, 3 hours ago", False),
    "a toll beside an age": ("12 killed 3 hours ago", "15 killed 4 hours ago", False),
    "a toll before an age": ("Three dead, 3 hours ago", "Four dead, 3 hours ago", False),
    "views and shares": ("321 views · 4 shares", "322 views · 5 shares", True),
}


@pytest.mark.parametrize("line", COUNTERS)
def test_line_with_a_counter_is_masked(line):
    """A word of a counter is beside the number."""
    assert "#" in (masked(comparable(line)) or "")


@pytest.mark.parametrize("line", NEWS)
def test_line_with_news_is_not_masked(line):
    """A number beside other words, and any number in a sentence, is news."""
    assert masked(comparable(line)) is None


@pytest.mark.parametrize(("old", "new", "same"), PAIRS.values(), ids=PAIRS)
def test_pair_of_lines_is_equal_if_only_counters_differ(old, new, same):
    """Everything that is not a counter stays in the masked line."""
    assert (masked(comparable(old)) == masked(comparable(new))) == same

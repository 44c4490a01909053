"""Dates of publication and change, as tables of cases."""

import pytest

from pipelines.extraction.fields import date_parser
from tests.support.page_snippets import SEEN, assert_candidates_agree, ld, meta, read

DATES = {
    "with zone": ("2024-05-06T08:30:00+02:00", "2024-05-06T08:30:00+02:00"),
    "zulu": ("2024-05-06T08:30:00Z", "2024-05-06T08:30:00+00:00"),
    "fractions": ("2024-05-06T08:30:00.123Z", "2024-05-06T08:30:00+00:00"),
    "zone without colon": ("2024-05-06T08:30:00+0200", "2024-05-06T08:30:00+02:00"),
    "spaces": ("2024-05-06 08:30:00 +0200", "2024-05-06T08:30:00+02:00"),
    "without zone: the day": ("2024-05-06T08:30:00", "2024-05-06"),
    "a day": ("2024-05-06", "2024-05-06"),
    "compact": ("20240506", "2024-05-06"),
    "slashes": ("2024/05/06", "2024-05-06"),
    "dots, day first": ("06.05.2024", "2024-05-06"),
    "english": ("May 6, 2024", "2024-05-06"),
    "english, day first": ("6 May 2024", "2024-05-06"),
    "mail": ("Mon, 06 May 2024 08:30:00 GMT", "2024-05-06T08:30:00+00:00"),
    "seconds": ("1714984200", "2024-05-06T08:30:00+00:00"),
    "milliseconds": ("1714984200000", "2024-05-06T08:30:00+00:00"),
    "tomorrow's paper": ("2024-06-02", "2024-06-02"),
    "the future": ("2024-07-01", None),
    "before the web": ("1970-01-01", None),
    "year one": ("0001-01-01T00:00:00Z", None),
    "an impossible day": ("2024-02-31", None),
    "an impossible hour": ("2024-05-06T25:61:00Z", None),
    "words": ("yesterday", None),
    "a number": ("42", None),
    "nothing": ("", None),
    "german": ("6. Mai 2024", "2024-05-06"),
    "spanish": ("6 mayo 2024", "2024-05-06"),
    "a weekday before it": ("Mo., 06.05.2024 - 14:30", "2024-05-06"),
    "slashes, day first for sure": ("25/05/2024 05:22 pm", "2024-05-25"),
    "slashes, month first for sure": ("05/25/2024", "2024-05-25"),
    "slashes, nobody can tell": ("05/06/2024", None),
    "a month": ("2024-05", None),
    "a month that looks like a day": ("2024-12", None),
    "a month with a dot": ("2024.12", None),
    "a year": ("2024", None),
    "a day of the year": ("2024-127", "2024-05-06"),
    "a day beyond the year": ("2023-366", None),
    "three digits of a month": ("2024-005-06T08:30:00Z", None),
    "three digits of a day": ("2024-05-061", None),
    "nine digits": ("202405061", None),
    "five digits of a year": ("6 May 20245", None),
    "a range": ("2024-05-06/2024-05-08", None),
    "a day with a zone": ("2024-05-06+02:00", "2024-05-06"),
    "utc plus": ("2024-05-06T10:00:00 UTC+2", "2024-05-06T10:00:00+02:00"),
    "utc plus and minutes": ("2024-05-06T10:00:00 UTC+02:30", "2024-05-06T10:00:00+02:30"),
    "gmt minus": ("2024-05-06 10:00 GMT-5", "2024-05-06T10:00:00-05:00"),
    "one digit of hours": ("2024-05-06T10:00:00+5:30", "2024-05-06T10:00:00+05:30"),
    "hours alone": ("2024-05-06T10:00:00+02", "2024-05-06T10:00:00+02:00"),
    "three digits of a zone": ("2024-05-06T10:00:00+530", "2024-05-06"),
    "a zone nowhere": ("2024-05-06T10:00:00+23:00", "2024-05-06"),
    "more after the zone": ("2024-05-06T10:00:00+02:00:00", "2024-05-06"),
    "afternoon": ("2024-05-06 08:53:11 PM UTC", "2024-05-06T20:53:11+00:00"),
    "midnight": ("2024-05-06 12:05 am UTC", "2024-05-06T00:05:00+00:00"),
    "a leap second": ("2024-05-06T23:59:60Z", "2024-05-06T23:59:59+00:00"),
    "compact with time": ("20240506T083000Z", "2024-05-06T08:30:00+00:00"),
    "no blank after the comma": ("Mon,06 May 2024 08:30:00 -0000", "2024-05-06T08:30:00+00:00"),
    "mail with colon in the zone": ("Mon, 06 May 2024 08:30:00 +02:00", "2024-05-06T08:30:00+02:00"),
    "mail without seconds": ("Mon, 06 May 2024 08:30 +0200", "2024-05-06T08:30:00+02:00"),
    "a cookie's": ("Mon, 06-May-2024 08:30:00 GMT", "2024-05-06T08:30:00+00:00"),
    "javascript's": ("Mon May 06 2024 08:30:00 GMT+0200 (Central European Summer Time)", "2024-05-06T08:30:00+02:00"),
}


@pytest.mark.parametrize(("raw", "iso"), DATES.values(), ids=DATES)
def test_declared_date_is_iso_8601_or_refused(raw, iso):
    """With time and zone where both are given, else the day; impossible and future dates are refused."""
    assert date_parser.parse(raw, SEEN) == iso


def test_date_names_its_source():
    """json-ld, meta, time, url, htmldate, feed: in this order; the search of the text is asked last but one."""
    bare = "https://paper.example/bridge"
    day = "2024-05-0"
    declared, shown = meta("article:published_time", day + "2"), f'<time datetime="{day}5">x</time>'
    hint = {"published": day + "4"}
    assert read(ld(datePublished=day + "1") + declared, found=day + "3").published_from == "json-ld"
    assert read(declared, shown, found=day + "3", hint=hint).published == day + "2"
    assert read("", shown, found=day + "3").published_from == "time"
    assert read("", found=day + "3", hint=hint).published_from == "url"
    assert read("", found=day + "3", hint=hint, url=bare).published_from == "htmldate"
    fields = read("", hint=hint, url=bare)
    assert (fields.published, fields.published_raw, fields.published_from) == (day + "4", day + "4", "feed")
    assert read("", url=bare).published_from is None


def test_refused_date_makes_way_for_the_next_candidate():
    """A template's 1970 in JSON-LD does not hide the true date in the metas."""
    assert read(ld(datePublished="1970-01-01") + meta("article:published_time", "2024-05-02")).published == "2024-05-02"


def test_modified_date_is_read_from_json_ld_first():
    """Raw beside parsed."""
    page = read(ld(dateModified="2024-05-06T10:00:00Z") + meta("article:modified_time", "2024-05-07"))
    assert (page.modified, page.modified_raw) == ("2024-05-06T10:00:00+00:00", "2024-05-06T10:00:00Z")


PRINTED = {
    "english": ("Published on May 6th, 2024 at 9:30", "en", "2024-05-06"),
    "german": ("Stand: 6. Mai 2024, 8:30 Uhr", "de", "2024-05-06"),
    "french": ("Publié le 6 mai 2024 à 8h30", "fr", "2024-05-06"),
    "spanish": ("6 de mayo de 2024", "es", "2024-05-06"),
    "portuguese": ("6 de maio de 2024", "pt", "2024-05-06"),
    "italian": ("6 maggio 2024", "it", "2024-05-06"),
    "dutch": ("6 mei 2024", "nl", "2024-05-06"),
    "polish": ("6 maja 2024", "pl", "2024-05-06"),
    "czech": ("6. května 2024", "cs", "2024-05-06"),
    "swedish": ("6 maj 2024", "sv", "2024-05-06"),
    "finnish": ("6. toukokuuta 2024", "fi", "2024-05-06"),
    "russian": ("6 мая 2024", "ru", "2024-05-06"),
    "ukrainian": ("6 травня 2024", "uk", "2024-05-06"),
    "turkish": ("6 Mayıs 2024", "tr", "2024-05-06"),
    "japanese": ("2024年5月6日 8時30分", "ja", "2024-05-06"),
    "korean": ("2024년 5월 6일", "ko", "2024-05-06"),
    "numbers": ("06.05.2024, 8:30", "de", "2024-05-06"),
    "slashes in Britain": ("06/05/2024", "en-GB", "2024-05-06"),
    "slashes in America": ("05/06/2024", "en-US", "2024-05-06"),
    "slashes, who knows": ("05/06/2024", "en", None),
    "two days": ("6 May 2024 (first printed 5 May 2023)", "en", None),
    "the future": ("6 May 2025", "en", None),
    "no such day": ("31 February 2024", "en", None),
    "prose": ("The council met on 6 May 2024. " * 9, "en", None),
}


@pytest.mark.parametrize(("line", "locale", "day"), PRINTED.values(), ids=PRINTED)
def test_printed_date_is_read_in_the_language_of_the_page(line, locale, day):
    """A short line that names one possible day."""
    assert date_parser.parse_printed(line, SEEN, locale) == day


PLACES = {
    "time": ('<time datetime="2024-05-06T08:30:00+02:00">Monday</time>', "2024-05-06T08:30:00+02:00", "time"),
    "a class that names a date": ('<p class="post-date">6 May 2024</p>', "2024-05-06", "time"),
    "microdata as text": ('<span itemprop="datePublished">May 6th, 2024</span>', "2024-05-06", "microdata"),
    "an update is no publication": ('<p class="entry-date">Updated: 7 May 2024</p>', None, None),
    "named for updates": ('<time class="updated" datetime="2024-05-07">7 May</time>', None, None),
    "in an element named for changes": (
        '<div class="field-changed"><time datetime="2024-05-07">7 May</time></div>',
        None,
        None,
    ),
    "a comment's": ('<ol class="comment-list"><li><time datetime="2024-05-08">8 May</time></li></ol>', None, None),
    "a comment's microdata": (
        '<div itemtype="https://schema.org/Comment"><meta itemprop="datePublished" content="2024-05-08"></div>',
        None,
        None,
    ),
    "a teaser's": ('<a href="/other"><time datetime="2024-05-08">8 May</time></a>', None, None),
    "today's, in the header of the site": (
        '<header><span class="date">1 June 2024</span></header><h1>Bridge</h1><p class="date">6 May 2024</p>',
        "2024-05-06",
        "time",
    ),
    "in prose": ("<p>The bridge closed on 6 May 2024.</p>", None, None),
}


@pytest.mark.parametrize(("body", "published", "source"), PLACES.values(), ids=PLACES)
def test_printed_date_is_that_of_the_article(body, published, source):
    """Where it is made or named for one; never a comment's, a teaser's or an update's."""
    fields = read("", body, url="https://paper.example/bridge", lang='lang="en-GB"')
    assert (fields.published, fields.published_from) == (published, source)


def test_date_in_the_url_comes_after_declared_ones():
    """And before a search of the text."""
    fields = read(url="https://paper.example/2024/05/06/bridge", found="2024-05-09")
    assert (fields.published, fields.published_from, fields.found_in["published"]) == ("2024-05-06", "url", "url")
    assert read(url="https://paper.example/20240506/bridge").published == "2024-05-06"
    assert read(url="https://paper.example/2024/99/06/bridge").published is None


def test_text_is_not_searched_where_a_date_is_declared():
    """htmldate costs more than all the rest together."""
    asked = []
    from pipelines.extraction.fields import metadata
    from tests.support.page_snippets import page

    metadata.read(page(meta("article:published_time", "2024-05-06")), asked.append)
    assert asked == []


def test_printed_date_of_change_is_read_where_none_is_declared():
    """Where no machine-readable field says when, what readers see does."""
    fields = read(
        "", '<time class="published" datetime="2024-05-06">x</time><p class="post-date">Updated: 7 May 2024</p>'
    )
    assert (fields.published, fields.modified, fields.modified_from) == ("2024-05-06", "2024-05-07", "time")


def test_year_alone_is_no_date():
    """A search that finds only "© 2020" says 2020-01-01."""
    assert read(found="2020-01-01", url="https://paper.example/bridge").published is None
    assert read(meta("article:published_time", "2020-01-01")).published == "2020-01-01"


def test_generic_date_gives_way_to_a_search_without_a_declared_article():
    """dc.date may be any date of a document."""
    head, url = meta("dc.date", "2024-05-20"), "https://paper.example/bridge"
    assert read(head, found="2024-05-06", url=url).published == "2024-05-06"
    assert read(head + meta("og:type", "article"), found="2024-05-06", url=url).published == "2024-05-20"


def test_date_has_the_time_zone_of_the_page():
    """A moment declared in UTC and in the page's own zone has the day that readers there saw."""
    declared = ld(datePublished="2024-05-06T22:04:00Z")
    local = meta("date", "Tue, 07 May 2024 00:04:00 +0200")
    article = read(declared + local)
    assert (article.published, article.found_in["published"]) == ("2024-05-07T00:04:00+02:00", "meta date")
    other = meta("date", "Tue, 07 May 2024 09:00:00 +0200")  # another moment: it proves nothing
    assert read(declared + other).published == "2024-05-06T22:04:00+00:00"


@pytest.mark.parametrize("body", [body for body, _, _ in PLACES.values()], ids=PLACES)
def test_candidates_of_dates_agree_with_what_is_read(body):
    """Exactly one candidate is chosen, the one that `read` returns."""
    assert_candidates_agree(body=body)

"""Check which printed date is that of publication: its place and the word beside it decide. Tables of cases."""

import pytest

from pipelines.core.items import Page
from pipelines.extraction.extract import read as read_page
from pipelines.extraction.fields import dates
from pipelines.extraction.fields.likely_days import likely_days
from pipelines.extraction.fields.printed_dates import AFTER, BEFORE, LATER, PrintedDate
from pipelines.extraction.languages.date_labels import NO_LABEL, OTHER, PUBLISHED, UPDATED, labels_in
from tests.support.page_snippets import assert_candidates_agree, ld, meta, page, read

BARE = "https://paper.example/bridge"
H1 = "<h1>The bridge is mended at last</h1>"
STORY = "<p>" + "The council met in the old hall and heard both sides of the river before it voted. " * 4 + "</p>"
CARD = (
    '<div class="card"><a href="/harbour">The harbour was sold to a bank</a><time datetime="2024-05-20">x</time></div>'
)

# body -> (published, modified)
PRINTED = {
    "updated, then published": (
        f"{H1}<p>Updated 5 May 2024, 10:15 | Published 3 May 2024, 08:30</p>{STORY}",
        "2024-05-03", "2024-05-05"),
    "published, then updated": (
        f"{H1}<p>Published: 3 May 2024 · Last updated: 5 May 2024</p>{STORY}",
        "2024-05-03", "2024-05-05"),
    "first published, in two lines": (
        f"{H1}<div>Last updated: 5 May 2024<br>First published: 3 May 2024</div>{STORY}",
        "2024-05-03", "2024-05-05"),
    "in German": (
        f"{H1}<p>Aktualisiert am 05.05.2024 – Veröffentlicht am 03.05.2024</p>{STORY}",
        "2024-05-03", "2024-05-05"),
    "in French": (
        f"{H1}<p>Publié le 3 mai 2024 à 8h30, mis à jour le 5 mai 2024</p>{STORY}",
        "2024-05-03", "2024-05-05"),
    "in Spanish": (
        f"{H1}<p>Actualizado: 5 de mayo de 2024. Publicado: 3 de mayo de 2024</p>{STORY}",
        "2024-05-03", "2024-05-05"),
    "in Polish": (f"{H1}<p>Opublikowano: 3 maja 2024. Aktualizacja: 5 maja 2024</p>{STORY}",
        "2024-05-03", "2024-05-05"),
    "in Danish": (f"{H1}<p>Opdateret 5. maj 2024 kl. 13.45 Publiceret 3. maj 2024</p>{STORY}",
        "2024-05-03", "2024-05-05"),
    "in Russian": (f"{H1}<p>Обновлено: 5 мая 2024. Опубликовано: 3 мая 2024</p>{STORY}",
        "2024-05-03", "2024-05-05"),
    "in Japanese": (f"{H1}<p>更新日：2024年5月5日　公開日：2024年5月3日</p>{STORY}",
        "2024-05-03", "2024-05-05"),
    "in Japanese, the word after the date": (
        f"{H1}<p>2024年5月3日公開 2024年5月5日更新</p>{STORY}",
        "2024-05-03", "2024-05-05"),
    "in Chinese": (f"{H1}<p>发布时间：2024-05-03 更新时间：2024-05-05</p>{STORY}",
        "2024-05-03", "2024-05-05"),
    "in Korean": (f"{H1}<p>입력 2024. 5. 3. 수정 2024. 5. 5.</p>{STORY}",
        "2024-05-03", "2024-05-05"),
    "the word outside of time": (
        f'{H1}<span>Updated: <time datetime="2024-05-05T10:15:00+01:00">5 May</time></span> '
        f'<span>Published: <time datetime="2024-05-03T08:30:00+01:00">3 May</time></span>{STORY}',
        "2024-05-03T08:30:00+01:00", "2024-05-05T10:15:00+01:00"),
    "the word in an element of its own": (
        f"{H1}<p><b>Updated</b> <span>5 May 2024</span></p><p><b>Published</b> <span>3 May 2024</span></p>{STORY}",
        "2024-05-03", "2024-05-05"),
    "the word in a block of its own": (
        f"{H1}<div><div>Updated:</div><div>5 May 2024</div><div>Published:</div><div>3 May 2024</div></div>{STORY}",
        "2024-05-03", "2024-05-05"),
    "a list of terms": (
        f"{H1}<dl><dt>Updated</dt><dd>5 May 2024</dd></dl><dl><dt>Published</dt><dd>3 May 2024</dd></dl>{STORY}",
        "2024-05-03", "2024-05-05"),
    "the word in brackets after the date": (
        f"{H1}<p>May 5, 2024 10:15 a.m. ET (Updated) / May 3, 2024 8:30 a.m. ET</p>{STORY}",
        "2024-05-03", "2024-05-05"),
    "no word, then updated": (
        f"{H1}<p class='date'>May 3, 2024. <i>Updated: May 5, 2024</i></p>{STORY}",
        "2024-05-03", "2024-05-05"),
    "updated alone": (f"{H1}<div class='post-date'>Last Updated <span class='date'>May 5, 2024</span></div>{STORY}",
                      None, "2024-05-05"),
    "updated alone, in Swedish": (f"{H1}<p class='date'>Senast uppdaterad 5 maj 2024</p>{STORY}", None, "2024-05-05"),
    "updated alone, in capitals": (f"{H1}<p>UPDATED 5 MAY 2024</p>{STORY}", None, "2024-05-05"),
    "updated, day and time apart": (
        f'{H1}{STORY}<p>Last modified <time datetime="2024-05-05T10:15:00Z">5 May</time> @ '
        f'<time datetime="2024-05-05T10:15:00Z">10:15</time></p>', None, "2024-05-05T10:15:00+00:00"),
    "reviewed alone": (f"{H1}<p>Medically reviewed on 5 May 2024</p>{STORY}", None, None),
    "with the author": (f"{H1}<p>By Jo Quill, 3 May 2024</p>{STORY}", "2024-05-03", None),
    "with the author, and on": (f"{H1}<p>By Jo Quill on 3 May 2024 at 8:30</p>{STORY}", "2024-05-03", None),
    "posted in a section by somebody": (f"{H1}<p>Posted in Town by Jo Quill on May 3, 2024</p>{STORY}",
        "2024-05-03", None),
    "after a line break": (f"{H1}<p>Bay News<br>3 May 2024, 22:11 GMT+10</p>{STORY}", "2024-05-03", None),
    "the beginning of the text": (f"{H1}<p>03.05.2024 – The ferries stayed.</p>{STORY}", "2024-05-03", None),
    "above the headline": (f"<main><article><p>3 May 2024</p>{H1}{STORY}</article></main>", "2024-05-03", None),
    "a heading of its own": (f"<main><h4>3 May 2024</h4>{H1}{STORY}</main>", "2024-05-03", None),
    "in the footer of the article": (
        f"<article>{H1}{STORY * 4}<footer><time datetime='2024-05-03'>x</time></footer></article>", "2024-05-03", None),
    "a date with a link to the archive of the day": (
        f"{H1}<p><a href='/2024/05/'>3 May 2024</a></p>{STORY}", "2024-05-03", None),
    "month first, as in America": (f"{H1}<p><b>PUBLISHED:</b> 05/03/2024</p>{STORY}", "2024-05-03", None),
    "two digits of the year": (f"{H1}<p class='posted-on'>Posted: 5/3/24</p>{STORY}", "2024-05-03", None),
    "weekday without a blank": (f"{H1}<p>Fri,3 May 2024</p>{STORY}", "2024-05-03", None),
    "named updated alone": (
        f"{H1}<p>JoQuill <span class='post-date updated'>3 May 2024</span></p>{STORY}", "2024-05-03", None),
    "named updated, beside another": (
        f"{H1}<p><time class='entry-date'>3 May 2024</time> <time class='entry-date updated'>5 May 2024</time></p>"
        + STORY,
        "2024-05-03", "2024-05-05"),
    "the headline printed twice": (
        f"{H1}<div><h3>The bridge is mended at last</h3><h4><b>3 May 2024</b> Bay News</h4></div>{STORY}",
        "2024-05-03", None),
    "the author and the time below the text": (
        f"{H1}{STORY * 4}<div>Author: <a href='/jo'>Jo Quill</a> on 3 May 2024, 13:36</div>", "2024-05-03", None),
    "a line at the headline that is named as a teaser": (
        f"<div><p class='teaser_meta'><a href='/jo'>Jo Quill</a> / 3 May 2024 / 06:15</p>{H1}{STORY}</div>",
        "2024-05-03", None),
    "weekday, two digits of the year, time": (f"{H1}<p>Sat 03.05.24 | 14:07 | By <i>Jo Quill</i></p>{STORY}",
        "2024-05-03", None),
}  # fmt: skip

# body: neither published nor modified is known
NOBODYS = {
    "the clock of the page": f"<header><p id='todays-date'><b>Saturday</b>, May 25, 2024</p></header>{H1}{STORY}",
    "a clock without a header": f"<div class='top'>Saturday, June 1, 2024</div><div>{H1}{STORY}</div>",
    "in a sentence": f"{H1}<p>The bridge closed on 3 May 2024.</p>{STORY}",
    "in a long paragraph": f"{H1}{STORY[:-4]} It was 3 May 2024 and it rained.</p>",
    "a reader's": f"{H1}{STORY}<div class='sf_comments'><span class='date'>3 May 2024</span><p>Good piece.</p></div>",
    "a caption": f"{H1}<figure><img src=x><figcaption>The bridge, 3 May 2024</figcaption></figure>{STORY}",
    "the address of a file": f'<link rel="stylesheet" href="/print.css?v=2024-05-03">{H1}{STORY}',
    "a document": f'{H1}{STORY}<p><a href="gazette_20240503.pdf">Gazette of 03.05.2024</a></p>',
    "a caption that is not named so": f"{H1}<p>Ships under the old bridge in the bay, 3 May 2024</p>{STORY}",
    "a teaser": f"{H1}{STORY}<div class='teaser_meta'><h4>The harbour was sold to a bank</h4>3 May 2024</div>",
    "another story": f"{H1}{STORY}{CARD}",
    "stories above the headline": f"<div class='mega-menu'>{CARD * 3}</div><main>{H1}{STORY}</main>",
    "a list of sources": f"{H1}{STORY * 4}<ul><li>J. Quill, Bridges. Published 3 May 2019.</li></ul>",
    "from when to when": f"{H1}<p>3 May 2024 – 7 May 2024</p>{STORY}",
    "an end of a contest": f"{H1}<p>Deadline: 3 May 2024</p>{STORY}",
    "an impossible day": f"{H1}<p>Published 31 February 2024</p>{STORY}",
    "the future": f"{H1}<p>Published 3 July 2024</p>{STORY}",
}


@pytest.mark.parametrize(("body", "published", "modified"), PRINTED.values(), ids=PRINTED)
def test_place_and_label_decide(body, published, modified):
    """In any order, layout and language: a date with a label, then the first after the headline."""
    fields = read("", body + CARD, url=BARE, lang='lang="en-US"')
    assert (fields.published, fields.modified) == (published, modified)


@pytest.mark.parametrize("body", NOBODYS.values(), ids=NOBODYS)
def test_date_of_something_else_is_not_taken(body):
    """Rather no date than that of a comment, a caption, a file, another story or the clock of the page."""
    fields = read("", body, url=BARE, lang='lang="en-US"')
    assert (fields.published, fields.modified) == (None, None)


@pytest.mark.parametrize("name", sorted(NOBODYS.keys() - {"the future"}))
def test_search_of_the_text_is_fenced(name):
    """htmldate, too, gives no date that is not printed after the headline."""
    html = (
        f'<html lang="en"><head><title>The bridge is mended at last</title></head><body>{NOBODYS[name]}{STORY}</body>'
    )
    article = read_page(Page(BARE, html.encode(), "text/html"))
    assert article.published is None


def test_ambiguous_day_is_not_read_by_another_door():
    """3/4/2025 on a page in English is refused; htmldate would read it day first."""
    html = f'<html lang="en"><body><article>{H1}<span class="time">3/4/2025</span>{STORY * 2}</article></body></html>'
    assert read_page(Page(BARE, html.encode(), "text/html")).published is None


# head, body, language -> (published, published_day)
EASTERN = "2024-03-04T21:18:11-05:00"
ZONES = {
    "the time shows the zone": ("2024-03-05T02:18:11Z", "March 4, 2024 9:18 pm", "en", EASTERN, "2024-03-04"),
    "the time comes first": ("2024-03-05T02:18:11Z", "9:18 p.m. ET, March 4, 2024", "en", EASTERN, "2024-03-04"),
    "without a time": ("2024-03-05T02:18:11Z", "March 4, 2024", "en", "2024-03-05T02:18:11+00:00", "2024-03-04"),
    "the day after": ("2024-03-04T23:30:00Z", "5. März 2024", "de", "2024-03-04T23:30:00+00:00", "2024-03-05"),
    "too early for the day after": (
        "2024-03-04T17:29:00Z", "5. März 2024", "de", "2024-03-04T17:29:00+00:00", "2024-03-04"),
    "the day after, in Japan": (
        "2024-03-04T17:29:00Z", "2024年3月5日 2:29", "ja", "2024-03-05T02:29:00+09:00", "2024-03-05"),
    "two days off": ("2024-03-06T02:18:11Z", "March 4, 2024", "en", "2024-03-06T02:18:11+00:00", "2024-03-06"),
    "another time": ("2024-03-05T02:18:11Z", "March 4, 2024 9:03 am", "en", "2024-03-05T02:18:11+00:00", "2024-03-05"),
    "the same day": ("2024-03-05T14:18:11Z", "March 5, 2024 9:18 am", "en", "2024-03-05T14:18:11+00:00", "2024-03-05"),
    "an update": ("2024-03-05T02:18:11Z", "Updated March 4, 2024", "en", "2024-03-05T02:18:11+00:00", "2024-03-05"),
    "in its own zone": ("2024-03-05T00:18:11+02:00", "March 5, 2024", "en", "2024-03-05T00:18:11+02:00", "2024-03-05"),
}  # fmt: skip


@pytest.mark.parametrize(("declared", "line", "lang", "published", "day"), ZONES.values(), ids=ZONES)
def test_moment_in_utc_has_the_day_that_readers_saw(declared, line, lang, published, day):
    """The moment stays; the day is the printed one, if it can be that of this moment where the page is read."""
    fields = read(ld(datePublished=declared), f"{H1}<p class='date'>{line}</p>{STORY}", url=BARE, lang=f'lang="{lang}"')
    assert (fields.published, fields.published_day) == (published, day)


def test_day_in_the_url_is_that_of_a_moment_in_utc():
    """It is what the system of the paper took for the day."""
    fields = read(ld(datePublished="2024-05-07T02:18:11Z"), f"{H1}{STORY}")
    assert (fields.published, fields.published_day) == ("2024-05-07T02:18:11+00:00", "2024-05-06")


META_DATES = {
    "the day of the last build gives way": ("2024-05-30", "29.05.2024, 12:01 Uhr", "2024-05-29"),
    "the same day has the time": ("2024-05-29T10:01:00+02:00", "29.05.2024", "2024-05-29T10:01:00+02:00"),
    "in UTC": ("2024-05-28T22:30:00Z", "29.05.2024", "2024-05-28T22:30:00+00:00"),
    "an update is no day of publication": ("2024-05-27", "Aktualisiert: 29.05.2024", "2024-05-27"),
}


@pytest.mark.parametrize(("declared", "line", "published"), META_DATES.values(), ids=META_DATES)
def test_meta_named_date_gives_way_to_the_headline(declared, line, published):
    """Its name does not say of what it is the date."""
    body = f"{H1}<ul><li class='date'><time>{line}</time></li></ul>{STORY}"
    assert read(meta("date", declared), body, url=BARE, lang='lang="de"').published == published


def one(day: int, label: str = NO_LABEL, place: str = AFTER, line: int = 0) -> PrintedDate:
    """Return a printed date of May 2024."""
    return PrintedDate("x", f"2024-05-0{day}", f"2024-05-0{day}", label, place, marked=False, line=line)


DECISIONS = {
    "none": ([], None, None),
    "the first after the headline": ([one(1, place=BEFORE), one(2), one(3)], 2, None),
    "before it, if none is after it": ([one(1, place=BEFORE), one(3, place=LATER)], 1, None),
    "labelled before unlabelled": ([one(1), one(2, PUBLISHED, line=1)], 2, None),
    "labelled far below is of something else": ([one(1), one(2, PUBLISHED, line=30)], 1, None),
    "labelled above the headline": ([one(1, PUBLISHED, BEFORE), one(2)], 1, None),
    "an update is never publication": ([one(1, UPDATED)], None, 1),
    "later dates are not those of an updated article": ([one(1, UPDATED), one(2, place=LATER)], None, 1),
    "labelled at the end": ([one(1, UPDATED), one(2, PUBLISHED, LATER)], 2, 1),
    "other words": ([one(1, OTHER)], None, None),
}


@pytest.mark.parametrize(("found", "published", "updated"), DECISIONS.values(), ids=DECISIONS)
def test_decision_among_printed_dates(found, published, updated):
    """A pure function of label and place."""
    days = tuple(int(chosen.day[-1]) if chosen else None for chosen in dates.decide(found))
    assert days == (published, updated)


def test_label_is_a_whole_word():
    """The longest label wins; "republished" and "Update-Server" hold none that counts."""
    assert [label.name for label in labels_in("Last reviewed 5 May, last updated: 4 May, posted 3 May")] == [
        OTHER, UPDATED, PUBLISHED]  # fmt: skip
    assert labels_in("republished unposted updatable") == []


@pytest.mark.parametrize("name", ["updated, then published", "no word, then updated", "with the author"])
def test_candidates_agree_with_what_is_read(name):
    """Exactly one candidate is chosen, the one that `read` returns."""
    assert_candidates_agree(body=PRINTED[name][0])


HEAD = "<title>The bridge is mended at last | Bay News</title>"
DECLARED = {
    "a list with the page itself": (
        "<aside class='recent-posts'><div><h4><a href='/harbour'>The harbour was sold</a></h4>9 May 2024</div>"
        "<div><h4><a href='/bridge'>The bridge is mended at last</a></h4>3 May 2024</div></aside>", {"2024-05-03"}),
    "a link to a part of the page": (
        "<div class='comments'><p><a href='/bridge#c5'>The bridge is mended at last</a> 3 May 2024</p></div>", set()),
    "a list of other stories": (
        "<aside class='recent-posts'><h4><a href='/harbour'>The harbour was sold to a bank</a></h4>9 May 2024</aside>",
        set()),
    "the only day": ("<p>Osel, given on 3 May 2024</p>", {"2024-05-03"}),
    "the only day, in a sentence": ("<p>It closed on 3 May 2024.</p>", set()),
    "the only day, in a link": ("<p><a href='/gazette.pdf'>Gazette of 3 May 2024</a></p>", set()),
    "updated, in an element named for publication": (
        "<p><time class='published-date'>Updated 3 May 2024</time></p>", {"2024-05-03"}),
    "updated": ("<p><time class='post-date'>Updated 3 May 2024</time></p>", set()),
}  # fmt: skip


@pytest.mark.parametrize(("body", "days"), DECLARED.values(), ids=DECLARED)
def test_days_that_a_search_of_the_text_may_find(body, days):
    """Without a date at the headline: what the page's own teaser or the only printed day say."""
    found = page(HEAD, H1 + STORY * 4 + body, url=BARE, lang='lang="en"')
    assert likely_days(found, dates.printed_on(found)) == days


def test_only_day_above_the_headline_is_the_clock():
    """It may be the day of the capture."""
    found = page(HEAD, f"<div>3 May 2024</div><main>{H1}{STORY}</main>", url=BARE)
    assert likely_days(found, []) == frozenset()


CONTESTED = {
    "without an h1, the heading with the words of the title": (
        HEAD, "<article><h3>The bridge is mended at last</h3><div>Sat 4.05.24 | 14:07</div></article>", "2024-05-04"),
    "at the end of the title": ("<title>The bridge is mended | Bay News | 03.05.2024</title>", H1, "2024-05-03"),
    "the title is the date": ("<title>03.05.2024</title>", H1, None),
    "the printed day settles which number is the month": (
        '<meta name="date" content="05/03/2024 12:43:42">', f"{H1}{STORY}<p>Veröffentlicht: 03.05.2024</p>",
        "2024-05-03"),
    "nothing settles it": ('<meta name="date" content="05/03/2024 12:43:42">', H1, "2024-03-05"),
    "a printed day of publication before the last build": (
        ld(datePublished="2024-05-09T10:00:00Z", dateModified="2024-05-09T10:00:00Z"),
        f"{H1}{STORY * 4}<p>Veröffentlicht: <time>03.05.2024</time></p>", "2024-05-03"),
    "a declared change of its own": (
        ld(datePublished="2024-05-09T10:00:00Z", dateModified="2024-05-09T11:00:00Z"),
        f"{H1}{STORY * 4}<p>Veröffentlicht: <time>03.05.2024</time></p>", "2024-05-09T10:00:00+00:00"),
    "microdata beside another story": (
        "", f"{H1}<p>3. Mai 2024</p>{STORY}<div><a href='/x'>Der Hafen ist nun an eine Bank verkauft</a>"
        "<meta itemprop='datePublished' content='2024-05-09'></div>", "2024-05-03"),
    "microdata of the article": (
        "", f"{H1}<p>3. Mai 2024</p>{STORY}<div><meta itemprop='datePublished' content='2024-05-09'></div>",
        "2024-05-09"),
}  # fmt: skip


@pytest.mark.parametrize(("head", "body", "published"), CONTESTED.values(), ids=CONTESTED)
def test_printed_day_settles_what_is_declared(head, body, published):
    """An ambiguous number, the moment of the last build, the date of another story."""
    assert read(head, body, url=BARE, lang='lang="de"').published == published

"""Rows of articles, revisions and aliases, written into a real database."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest

from pipelines.core.errors import MorgueError
from pipelines.core.items import Article, Capture, NothingToRead, Page, Reading, Source
from pipelines.database.columns import utc_day
from pipelines.database.connection import open_database
from pipelines.database.store import ArticleStore

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
URL = "https://paper.example/2026/11/20/story.html"
TEXT = "The council sat until midnight.\nNothing was decided."


@pytest.fixture
def store(tmp_path):
    db = open_database(tmp_path / "morgue.db")
    yield ArticleStore(db)
    db.close()


def article(url=URL, canonical=URL, title="Council sits", text=TEXT, **values) -> Article:
    blank = dict.fromkeys(Article.__dataclass_fields__)
    return Article(
        **blank
        | {"url": url, "canonical_url": canonical, "title": title, "text": text, "authors": ("Ana Berg",), "tags": ()}
        | {"word_count": 8, "kind": "article", "extractor": "test 1", "found_in": {}}
        | values
    )


def reading(store: ArticleStore, what: Article, seconds: int = 0) -> Reading:
    """Return what was read from a capture `seconds` after NOW."""
    capture = Capture(
        None, what.url, NOW + timedelta(seconds=seconds), 200, "text/html", "a.warc.gz", 0, 1, f"<urn:uuid:{uuid4()}>",
        "response", None, None, "article",
    )  # fmt: skip
    return Reading(Page(what.url, b"", capture=store.capture(capture, None, None)), what, 1.0)


def one(store, sql, *values):
    return store.db.execute(sql, values).fetchone()


def test_new_article_has_its_first_revision(store):
    """There are a row and revision 1, and the search finds it without diacritics."""
    filed = store.file(reading(store, article(title="Café closes")), None, URL)
    assert filed.change == "new"
    assert one(store, "SELECT revision, first_seen, last_seen FROM articles") == (
        1,
        "2026-11-23T08:00:00Z",
        "2026-11-23T08:00:00Z",
    )
    assert one(store, "SELECT count(*) FROM revisions") == (1,)
    found = "SELECT a.id FROM articles_fts f JOIN articles a ON a.place = f.rowid WHERE articles_fts MATCH ?"
    assert one(store, found, "cafe") == (filed.article_id,)


def test_unchanged_text_only_moves_last_seen(store):
    """The row still leads to the record that the text was first read from."""
    store.file(reading(store, article()), None, URL)
    before = one(store, "SELECT capture_id FROM articles")
    assert store.file(reading(store, article(), 60), None, URL).change == "unchanged"
    assert one(store, "SELECT capture_id FROM articles") == before
    assert one(store, "SELECT revision, last_seen FROM articles") == (1, "2026-11-23T08:01:00Z")


def test_comments_are_those_of_the_newest_capture(store):
    """Readers write while the text stays; where comments are not asked for, those that were kept stay."""
    kept = "SELECT comments, capture_id, revision FROM articles"
    store.file(reading(store, article(comments=())), None, URL)
    assert one(store, kept) == ("[]", 1, 1)
    store.file(reading(store, article(comments=("First!", "Pâté, and\nnothing else.")), 60), None, URL)
    assert one(store, kept) == ('["First!", "Pâté, and\\nnothing else."]', 1, 1)
    store.file(reading(store, article(comments=None), 120), None, URL)
    assert one(store, kept) == ('["First!", "Pâté, and\\nnothing else."]', 1, 1)


def test_changed_text_becomes_the_next_revision(store):
    """Both texts are kept; articles holds the newest, and the search finds only that."""
    store.file(reading(store, article()), None, URL)
    assert (
        store.file(reading(store, article(text=TEXT.replace("Nothing", "Everything")), 60), None, URL).change
        == "edited"
    )
    assert one(store, "SELECT revision FROM articles") == (2,)
    assert store.db.execute("SELECT number, text LIKE '%Everything%' FROM revisions ORDER BY number").fetchall() == [
        (1, 0),
        (2, 1),
    ]
    assert one(store, "SELECT count(*) FROM articles_fts WHERE articles_fts MATCH 'nothing'") == (0,)
    assert one(store, "SELECT count(*) FROM articles_fts WHERE articles_fts MATCH 'everything'") == (1,)


def test_amp_twin_is_the_same_article(store):
    """Whichever is met first; the text of a twin is no edit of an article that was read at its own address."""
    amp = article(url="https://paper.example/amp/story.html", text=TEXT + "\nRead more on our app.")
    store.file(reading(store, article()), None, URL)
    assert store.file(reading(store, amp, 60), None, amp.url).change == "duplicate"
    assert one(store, "SELECT count(*), max(revision) FROM articles") == (1, 1)


def test_amp_twin_met_first_gives_way_to_the_article(store):
    """There is one row, whose text is then that of its own address."""
    amp = article(url="https://paper.example/amp/story.html", text=TEXT + "\nRead more on our app.")
    store.file(reading(store, amp), None, amp.url)
    assert store.file(reading(store, article(), 60), None, URL).change == "duplicate"
    assert one(store, "SELECT count(*), url, text, revision FROM articles") == (1, URL, TEXT, 1)
    assert one(store, "SELECT count(*), text FROM revisions") == (1, TEXT)
    assert store.file(reading(store, article(), 120), None, URL).change == "unchanged"


@pytest.mark.parametrize(
    "address",
    [
        "https://www.paper.example/a/pier", "https://m.paper.example/a/pier", "https://paper.example/a/pier/",
        "https://paper.example/a/pier/amp", "https://paper.example/print/a/pier", "https://paper.example/a/pier?print=1",
    ],
)  # fmt: skip
def test_view_of_a_page_that_names_no_address_is_the_same_article(store, address):
    """Its headline and text are the same. Another page with the same text is an article of its own."""
    text = "The council sat until midnight, and nothing was decided.\n" * 3
    for url in ("https://paper.example/a/pier", address, "https://paper.example/b/pier"):
        store.file(reading(store, article(url, None, text=text, word_count=30)), None, url)
    assert one(store, "SELECT count(*) FROM articles") == (2,)


def test_redirected_address_becomes_an_alias(store):
    """An article asked for at the old address and found at the new one is known under both."""
    store.file(reading(store, article()), None, "https://paper.example/old")
    later = reading(store, article(), 24 * 3600).page.capture
    assert store.confirm_unchanged("https://paper.example/old", later)
    assert one(store, "SELECT last_seen FROM articles") == ("2026-11-24T08:00:00Z",)


@pytest.mark.parametrize("canonical", ["https://paper.example/", "https://agency.example/original", None, "junk"])
def test_implausible_canonical_url_is_ignored(store, canonical):
    """The site's root (a template's mistake), another site (the original of a syndicated text), none, or junk."""
    for name in ("a", "b"):
        url = f"https://paper.example/2026/{name}.html"
        store.file(reading(store, article(url=url, canonical=canonical, title=name)), None, url)
    assert one(store, "SELECT count(*) FROM articles") == (2,)


def test_canonical_url_of_another_article_is_ignored(store):
    """In either order each story is kept under its own address; a template's mistake loses nothing."""
    wrong = "https://paper.example/news/latest.html"
    words = ["harbour bridge vote", "orchestra violin prize", "storm roof insurance", "goalkeeper penalty final"]
    urls = [f"https://paper.example/2026/{number}.html" for number in range(4)]
    for url, text in zip(urls, words, strict=True):
        store.file(reading(store, article(url=url, canonical=wrong, title=text, text=text * 3)), None, url)
    store.file(reading(store, article(url=wrong, canonical=wrong, title="Latest", text="list of things")), None, wrong)
    rows = store.db.execute("SELECT url, revision FROM articles ORDER BY url").fetchall()
    assert rows == [(url, 1) for url in sorted([*urls, wrong])]
    same = article(url=urls[2], canonical=wrong, title=words[2], text=words[2] * 3)
    again = store.file(reading(store, same), None, "")
    assert again.change == "unchanged"
    assert one(store, "SELECT count(*) FROM articles") == (5,)


def test_source_is_one_row_and_follows_its_file(store):
    """The row has what the file of the source says now."""
    first = store.source(Source("paper", "https://paper.example/", "The Paper"))
    assert store.source(Source("paper", "https://www.paper.example/")) == first
    assert one(store, "SELECT url, title FROM sources") == ("https://www.paper.example/", "The Paper")


def test_ad_hoc_source_keeps_its_row_when_it_gets_a_file(store):
    """Its articles and its frontier are then the file's; the row of another site is left alone."""
    ad_hoc = store.source(Source("paper.example", "https://paper.example"))
    other = store.source(Source("other.example", "https://other.example/"))
    paper = Source("paper", "https://paper.example/")
    store.rename_ad_hoc_source(paper, ["paper"])
    assert store.source(paper) == ad_hoc
    store.rename_ad_hoc_source(paper, ["paper"])
    assert store.db.execute("SELECT id, name FROM sources ORDER BY id").fetchall() == [
        (ad_hoc, "paper"),
        (other, "other.example"),
    ]


def test_lists_are_json_and_authors_always_have_a_byline(store):
    """So the search finds authors, and SQL can unpack them."""
    store.file(reading(store, article(authors=("Ana Berg", "Öztürk Ay"))), None, URL)
    authors, byline = one(store, "SELECT authors, byline FROM articles")
    assert json.loads(authors) == ["Ana Berg", "Öztürk Ay"]
    assert byline == "Ana Berg, Öztürk Ay"


@pytest.mark.parametrize(
    ("iso", "day"),
    [
        ("2026-11-20", "2026-11-20"),
        ("2026-11-20T23:30:00-05:00", "2026-11-21"),
        ("2026-11-20T00:30:00+02:00", "2026-11-19"),
        ("2026-11-20T00:30:00", "2026-11-20"),
    ],
)
def test_filter_compares_utc_days(iso, day):
    """A time with its zone has one day in UTC; a day, or a time without a zone, is taken as it is."""
    assert utc_day(iso) == day


def test_reason_for_reading_nothing_is_no_article():
    """`StoreArticle` in pipelines.session.item_pipelines stores articles only, and passes the rest on."""
    assert not isinstance(replace(Reading(Page(URL, b""), NothingToRead("empty page"), 0.0)).outcome, Article)


def test_article_has_a_place_of_its_day(store):
    """Places of a day are numbered, and undated articles come before all days; ids go on in the order of filing."""
    for number, published in enumerate(
        ("2026-11-20", None, "2026-11-20T23:30:00-05:00", "2026-11-20", None, "1599"), 1
    ):
        url = f"https://paper.example/{number}"
        store.file(reading(store, article(url, url, f"Title {number}", TEXT * number, published=published)), None, url)
    rows = store.db.execute("SELECT id, place >> 20, place & 0xFFFFF, published_day FROM articles ORDER BY place")
    assert rows.fetchall() == [
        (2, 0, 1, None),
        (5, 0, 2, None),
        (6, 0, 3, "1599"),
        (1, date(2026, 11, 20).toordinal(), 1, "2026-11-20"),
        (4, date(2026, 11, 20).toordinal(), 2, "2026-11-20"),
        (3, date(2026, 11, 21).toordinal(), 1, "2026-11-21"),
    ]


def test_article_whose_day_changes_moves(store):
    """It keeps its id, and the index knows it at its new place only. An edit on the same day moves nothing."""
    store.file(reading(store, article(published="2026-11-20")), None, URL)
    for seconds, day in ((1, "2026-11-20"), (2, None), (3, "2026-11-22")):
        changed = article(published=day, text=f"{TEXT}\nNumber {seconds} sits.")
        store.file(reading(store, changed, seconds), None, URL)
        place = 1 if day is None else (date.fromisoformat(day).toordinal() << 20) + 1
        assert store.db.execute("SELECT id, place FROM articles").fetchall() == [(1, place)]
        assert store.db.execute("SELECT rowid FROM articles_fts('council')").fetchall() == [(place,)]
    store.db.execute("INSERT INTO articles_fts(articles_fts, rank) VALUES ('integrity-check', 1)")


def test_article_more_than_a_day_has_places_is_refused(store):
    """The error names the day. Undated articles may be more."""
    store.file(reading(store, article(published="2026-11-20")), None, URL)
    store.db.execute("UPDATE articles SET place = place + 1048574")
    url = "https://paper.example/another"
    with pytest.raises(MorgueError, match="articles of 2026-11-20: 1,048,575 articles are dated on this day"):
        store.file(reading(store, article(url, url, "Another", "Another.", published="2026-11-20")), None, url)
    store.db.execute("UPDATE articles SET place = 1048575, published_day = NULL")
    assert store.file(reading(store, article(url, url, "Another", "Another.")), None, url).change == "new"
    assert store.db.execute("SELECT place FROM articles ORDER BY place").fetchall() == [(1048575,), (1048576,)]


def test_texts_without_spaces_are_found_by_any_part(store):
    """The column goes with the text when that is edited."""
    found = "SELECT count(*) FROM articles_fts WHERE articles_fts MATCH ?"
    store.file(reading(store, article(title="Japan", text="東京都知事選挙が行われた。")), None, URL)
    assert one(store, found, '"知 事"') == (1,)
    store.file(reading(store, article(title="Japan", text="候補者は語った。"), 1), None, URL)
    assert (one(store, found, '"知 事"'), one(store, found, '"補 者"')) == ((0,), (1,))


def test_labels_find_source_language_and_kind(store):
    """No word of a text is one of them."""
    number = store.source(Source("paper", "https://paper.example/"))
    text = "The live blog s1 len kblog."
    store.file(reading(store, article(language="en", kind="live blog", text=text)), number, URL)
    store.file(reading(store, article(f"{URL}2", f"{URL}2", "Other", f"{text} More.", kind="article")), None, URL)
    found = "SELECT count(*) FROM articles_fts WHERE articles_fts MATCH ?"
    labels = ("s1", "s0", "len", "l", "kblog", "karticle", "blog")
    assert [one(store, found, f'labels : "\ue000{label}"') for label in labels] == [(1,)] * 6 + [(0,)]
    assert one(store, found, "labels : blog") == (0,)

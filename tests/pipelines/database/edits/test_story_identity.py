"""Test which page at a new address continues an article, and that the article then has all its states."""

import json
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import uuid4

import pytest

from pipelines.core.items import Article, Capture, Page, Reading
from pipelines.database.connection import open_database
from pipelines.database.edits.story_identity import is_renamed, story_ids
from pipelines.database.store import ArticleStore

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
OLD = "https://paper.example/politics/council-sits-1234567.html"
NEW = "https://paper.example/politics/council-falls-1234567.html"
PLAIN_OLD, PLAIN_NEW = "https://paper.example/council-sits", "https://paper.example/council-falls"
UUID = "0a1b2c3d-1111-4222-8333-444455556666"


@pytest.fixture
def store(tmp_path):
    db = open_database(tmp_path / "morgue.db")
    yield ArticleStore(db)
    db.close()


def words(seed, number=60):
    """Return a text that shares few words with that of another seed."""
    random = Random(seed)
    return " ".join(f"{random.choice('bdfgklmnprst')}{random.randrange(400)}" for _ in range(number))


def captured(url, hours):
    return Capture(None, url, NOW + timedelta(hours=hours), 200, "text/html", "a.warc.gz", 0, 1,
                   f"<urn:uuid:{uuid4()}>", "response", None, None, "article")  # fmt: skip


def is_known(store, url) -> bool:
    """Return True if an article is known at this address."""
    return store.confirm_unchanged(url, store.capture(captured(url, 72), None, None))


def visit(store, url, title, text, hours=0, asked=None, canonical=None, published=None, **values) -> Reading:
    """File what a visit found at a URL."""
    capture = captured(url, hours)
    blank = dict.fromkeys(Article.__dataclass_fields__)
    known = {"url": url, "title": title, "text": text, "authors": (), "tags": (), "word_count": 1, "kind": "article"}
    known |= {"extractor": "test 1", "found_in": {}, "canonical_url": canonical, "published": published}
    page = Page(url, b"", capture=store.capture(capture, None, None))
    return store.file(Reading(page, Article(**blank | known | values), 1.0), None, asked or url)


def articles(store):
    return store.db.execute("SELECT id, url, revision FROM articles ORDER BY id").fetchall()


def states(store):
    rows = store.db.execute("SELECT number, title, changes FROM revisions ORDER BY article_id, number").fetchall()
    return [(number, title, json.loads(changes or "[]")) for number, title, changes in rows]


def assert_one_story(store, old=OLD, new=NEW):
    """Check that the article kept its number, is at its new address and known at both, and that its edit is seen."""
    assert articles(store) == [(1, new, 2)]
    assert [(number, title, "address" in changes) for number, title, changes in states(store)] == [
        (1, "Council sits", False),
        (2, "Council falls", True),
    ]
    for url in (old, new):
        assert is_known(store, url)
    assert store.db.execute("SELECT count(*) FROM sightings").fetchone()[0] >= 2


def test_page_that_the_old_address_redirects_to_continues_the_article(store):
    """It keeps its number."""
    visit(store, PLAIN_OLD, "Council sits", words(1))
    filed = visit(store, PLAIN_NEW, "Council falls", words(1) + " More.", 5, asked=PLAIN_OLD)
    assert (filed.change, filed.article_id, filed.moved_from) == ("edited", 1, "//paper.example/council-sits")
    assert_one_story(store, PLAIN_OLD, PLAIN_NEW)
    assert visit(store, PLAIN_NEW, "Council falls", words(1) + " More.", 6).change == "unchanged"


def test_redirect_that_is_seen_after_the_new_page_unites_the_two(store):
    """The listing named the new address first."""
    visit(store, PLAIN_OLD, "Council sits", words(1))
    assert visit(store, PLAIN_NEW, "Council falls", words(1) + " More.", 5).change == "new"
    assert store.redirected(PLAIN_OLD, PLAIN_NEW)
    assert_one_story(store, PLAIN_OLD, PLAIN_NEW)


def test_redirect_that_is_seen_before_the_new_page_is_read_is_remembered(store):
    """The new page is queued already."""
    visit(store, PLAIN_OLD, "Council sits", words(1))
    assert not store.redirected(PLAIN_OLD, PLAIN_NEW, unread=True)
    assert visit(store, PLAIN_NEW, "Council falls", words(1) + " More.", 5).change == "edited"
    assert_one_story(store, PLAIN_OLD, PLAIN_NEW)


def test_dead_page_that_is_redirected_to_a_listing_gives_it_no_article(store):
    """A front page is no article, whatever leads there."""
    visit(store, PLAIN_OLD, "Council sits", words(1))
    assert not store.redirected(PLAIN_OLD, "https://paper.example/")
    assert not is_known(store, "https://paper.example/")


@pytest.mark.parametrize("new_first", [True, False])
def test_canonical_of_the_old_page_unites_it_with_the_new_one(store, new_first):
    """Either page may be filed first."""
    text = words(1) + " More."
    visit(store, PLAIN_OLD, "Council sits", words(1), canonical=PLAIN_OLD)
    visits = [(PLAIN_NEW, 5), (PLAIN_OLD, 6)] if new_first else [(PLAIN_OLD, 5), (PLAIN_NEW, 6)]
    for url, hours in visits:
        visit(store, url, "Council falls", text, hours, canonical=PLAIN_NEW)
    assert [row[0] for row in articles(store)] == [1]
    assert {title for _, title, _ in states(store)} == {"Council sits", "Council falls"}
    assert is_known(store, PLAIN_NEW)
    assert is_known(store, PLAIN_OLD)


def test_page_with_the_same_number_and_an_alike_text_continues_the_article(store):
    """Without any redirect."""
    visit(store, OLD, "Council sits", words(1))
    filed = visit(store, NEW, "Council falls", words(1) + " More.", 5)
    assert (filed.change, filed.article_id) == ("edited", 1)
    assert_one_story(store)


def test_capture_of_the_old_address_that_is_imported_later_is_the_earlier_state(store):
    """Whichever is filed first, the chain is the same."""
    visit(store, NEW, "Council falls", words(1) + " More.", 5)
    filed = visit(store, OLD, "Council sits", words(1))
    assert (filed.change, filed.article_id) == ("edited", 1)
    assert_one_story(store)
    assert visit(store, OLD, "Council stands", words(1) + " Less.", 2).change == "edited"
    assert [title for _, title, _ in states(store)] == ["Council sits", "Council stands", "Council falls"]


def test_story_whose_address_changes_twice_stays_one(store):
    """All its addresses lead to it."""
    third = "https://paper.example/politics/council-gone-1234567.html"
    for hours, url, title in ((0, OLD, "Council sits"), (3, NEW, "Council falls"), (6, third, "Council gone")):
        visit(store, url, title, words(1), hours)
    assert articles(store) == [(1, third, 3)]
    assert all(is_known(store, url) for url in (OLD, NEW, third))


def test_story_shown_at_two_addresses_goes_to_and_fro_only_with_an_edit(store):
    """Each names itself as canonical."""
    for hours, url in enumerate((OLD, NEW, OLD, NEW, OLD)):
        visit(store, url, "Council sits", words(1), hours, canonical=url)
    assert articles(store) == [(1, NEW, 2)]
    assert visit(store, OLD, "Council sits", words(1) + " More.", 6, canonical=OLD).change == "edited"
    assert articles(store) == [(1, OLD, 3)]


def test_story_that_is_back_at_an_earlier_address_is_known_to_be(store):
    """The headline was changed back, and the newer address redirects to the older one."""
    visit(store, OLD, "Council sits", words(1))
    visit(store, NEW, "Council falls", words(1) + " More.", 5)
    assert store.redirected(NEW, OLD)
    assert not store.redirected(OLD, NEW)
    assert visit(store, OLD, "Council sits", words(1), 8).change == "edited"
    assert articles(store) == [(1, OLD, 3)]


def test_address_that_changes_alone_is_an_edit_of_the_address(store):
    """Its text is the same."""
    visit(store, OLD, "Council sits", words(1))
    visit(store, NEW, "Council sits", words(1), 5)
    assert states(store) == [(1, "Council sits", []), (2, "Council sits", ["address"])]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (OLD, "https://paper.example/politics/other-thing-7654321.html"),  # another number
        ("https://paper.example/a-20261123", "https://paper.example/b-20261123"),  # a day is no number of a story
        ("https://paper.example/story-1234567/1", "https://paper.example/story-1234567/2"),  # pages
        ("https://paper.example/story-1234567", "https://paper.example/story-1234567?page=2"),
        ("https://paper.example/story-1234567", "https://paper.example/story-1234567/seite-2"),
        ("https://paper.example/en/story-1234567", "https://paper.example/de/story-1234567"),  # languages
        ("https://paper.example/story-1234567", "https://paper.example/amp/story-1234567"),
        ("https://paper.example/budget-2025-1234567", "https://paper.example/budget-2026-1234567"),  # years
        ("https://paper.example/budget-of-2025-1234567", "https://paper.example/the-budget-2026-1234567"),
        ("https://paper.example/folge-3-1234567", "https://paper.example/folge-4-1234567"),  # a series
        ("https://paper.example/1234567/live", "https://paper.example/1234567/gallery"),
        ("https://paper.example/council-sits-1234567", "https://other.example/council-falls-1234567"),
        ("https://paper.example/council-sits", "https://paper.example/council-falls"),  # no number
        ("https://paper.example/a-1234567-7654321", "https://paper.example/b-1234567-7654322"),  # a section's number
    ],
)
def test_page_of_another_part_language_year_or_story_continues_nothing(store, old, new):
    """The texts are alike and published on one day: the addresses tell them apart."""
    visit(store, old, "Council sits", words(1))
    assert visit(store, new, "Council falls", words(1) + " More.", 5).change == "new"
    assert len(articles(store)) == 2


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (OLD, NEW),
        (OLD, OLD.replace("politics", "economy")),
        (f"https://paper.example/council-sits/{UUID}", f"https://paper.example/council-falls/{UUID}"),
        ("https://paper.example/a?id=1234567", "https://paper.example/b?id=1234567"),
        ("https://paper.example/2026/11/23/sits-123456/", "https://paper.example/2026/11/23/falls-123456/"),
        ("https://paper.example/three-dead-1234567", "https://paper.example/5-dead-after-storm-1234567"),
    ],
)
def test_address_with_the_same_number_and_other_words_is_a_renamed_one(old, new):
    """Or in another section."""
    assert is_renamed(old.removeprefix("https:"), new.removeprefix("https:"))


def test_pages_of_one_template_with_the_number_of_their_section_stay_apart(store):
    """Each names its city in the address and in the text."""
    for city in ("berlin", "hamburg", "munich"):
        url, text = f"https://paper.example/wetter/100123/weather-in-{city}", f"{words(1)} In {city.title()} it rains."
        assert visit(store, url, f"Weather in {city}", text).change == "new"
    assert len(articles(store)) == 3


def test_two_pages_that_were_taken_for_one_are_told_apart(store):
    """Both are alive with texts of their own, so they cannot be two addresses of a story."""
    for hours in range(20):
        url, text = (OLD, words(1)) if hours % 2 else (NEW, f"{words(1)} {hours} more.")
        visit(store, url, "Council", text, hours)
    assert sorted(url for _, url, _ in articles(store)) == [NEW, OLD]
    assert [one.change for one in (visit(store, url, "Council", words(1), 30) for url in (OLD, NEW))].count("new") == 0


def test_number_that_several_articles_have_names_no_story(store):
    """It is that of a section or a ticker."""
    visit(store, "https://paper.example/12345/harbour", "Harbour", words(1))
    visit(store, "https://paper.example/12345/orchestra", "Orchestra", words(2))
    visit(store, "https://paper.example/12345/storm", "Storm", words(1) + " More.", 5)
    assert len(articles(store)) == 3


@pytest.mark.parametrize(
    "values",
    [
        {"text": words(2)},  # another text
        {"text": words(2), "title": "Council sits"},  # a series or a ticker: the headline alone is no evidence
        {"published": "2026-11-23T07:00:00+00:00"},  # published at another time: the next edition of a ticker
        {"published": "2026-11-24"},
        {"published": "2026-12-23T02:00:00+00:00"},
        {"language": "de"},  # a translation
    ],
)
def test_page_with_the_same_number_but_another_text_day_or_language_is_another_story(store, values):
    """One difference is enough."""
    known = {"published": "2026-11-23T02:00:00+00:00", "language": "en"}
    visit(store, OLD, "Council sits", words(1), **known)
    new = {"title": "Council falls", "text": words(1) + " More."} | known | values
    assert visit(store, NEW, new.pop("title"), new.pop("text"), 5, **new).change == "new"
    assert len(articles(store)) == 2


def test_dead_page_that_is_redirected_to_another_story_does_not_unite_them(store):
    """That story may have been filed before or after."""
    visit(store, PLAIN_OLD, "Council sits", words(1))
    visit(store, PLAIN_NEW, "Orchestra plays", words(2), 5, asked=PLAIN_OLD)
    assert not store.redirected(PLAIN_OLD, PLAIN_NEW)
    assert [row[1:] for row in articles(store)] == [(PLAIN_OLD, 1), (PLAIN_NEW, 1)]


def test_article_united_with_another_takes_its_aliases_and_states_along(store):
    """Nothing refers to the row that is gone."""
    visit(store, PLAIN_OLD, "Council sits", words(1))
    visit(store, PLAIN_NEW, "Council falls", words(1) + " More.", 5, asked="https://paper.example/short")
    visit(store, PLAIN_NEW, "Council falls again", words(1) + " Less.", 6)
    store.redirected(PLAIN_OLD, PLAIN_NEW)
    assert articles(store) == [(1, PLAIN_NEW, 3)]
    assert is_known(store, "https://paper.example/short")
    assert store.db.execute("PRAGMA foreign_key_check").fetchall() == []
    assert store.db.execute("SELECT count(*) FROM articles_fts WHERE articles_fts MATCH 'falls'").fetchone() == (1,)


def test_paper_of_73_stories_of_which_ten_are_renamed_has_73_articles(store):
    """Each by one of four ways. Each edit is seen, once."""
    for number in range(73):
        url = f"https://paper.example/news/first-{1_000_000 + number}.html" if number % 2 else plain(number)
        visit(store, url, f"Title {number}", words(number), number / 10, published="2026-11-23T02:00:00+00:00")
    for number in range(10):
        old = f"https://paper.example/news/first-{1_000_000 + number}.html" if number % 2 else plain(number)
        new = old.replace("first", "second") if number % 2 else old + "-renamed"
        asked = old if number % 4 == 0 else new
        text = words(number) + " More."
        visit(store, new, f"New title {number}", text, 10 + number, asked, published="2026-11-23T02:00:00+00:00")
        if number % 4 == 2:
            store.redirected(old, new)
    assert store.db.execute("SELECT count(*) FROM articles").fetchone() == (73,)
    assert store.db.execute("SELECT count(*) FROM revisions WHERE number = 2").fetchone() == (10,)
    assert store.db.execute("SELECT count(*) FROM articles WHERE revision = 2").fetchone() == (10,)


def plain(number):
    return f"https://paper.example/news/story-{'abcdefghij'[number // 10]}{'abcdefghij'[number % 10]}"


@pytest.mark.parametrize(
    ("key", "ids"),
    [
        ("//paper.example/a-1234567.html", {"1234567"}),
        ("//paper.example/20261123/a", set()),
        ("//paper.example/202611/a-1234", set()),
        (f"//paper.example/{UUID}", {UUID}),
        ("//paper.example/a-5f8d0d55b54764421b7156d9", {"5f8d0d55b54764421b7156d9"}),
        ("//12345.example/a", set()),
        ("//paper.example/defaced-facade", set()),
    ],
)
def test_story_id_is_a_long_number_uuid_or_hash(key, ids):
    """Hosts and days have none."""
    assert story_ids(key) == ids


COPY = "https://paper.example/news/wall.html"


@pytest.mark.parametrize(
    ("url", "words_in_all", "canonical", "change"),
    [
        (f"{COPY}?visit=7", 60, None, "duplicate"),
        (f"{COPY}?visit=7", 19, None, "new"),
        (f"{COPY}?visit=7", 60, f"{COPY}?visit=7", "new"),
        ("https://paper.example/print/wall.html?visit=7", 60, None, "new"),
    ],
    ids=["copy", "few words", "own address named", "another path"],
)
def test_page_whose_address_differs_in_the_query_alone_is_a_copy(store, url, words_in_all, canonical, change):
    """If headline and text are the same, and long enough to say something."""
    visit(store, f"{COPY}?visit=1", "Wall", words(1), word_count=words_in_all)
    found = visit(store, url, "Wall", words(1), 1, canonical=canonical, word_count=words_in_all)
    assert found.change == change


def test_copy_that_shows_another_story_later_is_an_article(store):
    """Several addresses may show the same notice for some hours."""
    for number in (1, 2):
        visit(store, f"{COPY}?id={number}", "Notice", words(1), number, word_count=60)
    assert visit(store, f"{COPY}?id=2", "Harbour", words(2), 26, word_count=60).change == "new"
    assert len(articles(store)) == 2


COLUMN = "https://paper.example/weather/"
DAYS = [
    ("Sun in the morning, clouds from noon and rain after dark, with gusts of fifty knots on the outer skerries. The "
     "outlook for tomorrow: dry with some sun."),
    ("Fog in the morning, sun from noon and frost after dark, with gusts of ten knots on the inner skerries. The "
     "outlook for tomorrow: wet with much wind."),
    ("Snow in the morning, sleet from noon and ice after dark, with a light breeze on the outer skerries. The outlook "
     "for tomorrow: clear with hard frost."),
]  # fmt: skip


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
@pytest.mark.parametrize("title", ["The weather today", None])
def test_days_of_a_column_that_name_one_address_stay_articles(store, order, title):
    """Each has one row, one text and one address, however often they are visited; the first keeps the name."""
    urls = [f"https://paper.example/2026/11/{day + 2}/weather.html" for day in range(3)]
    for hours in range(3):
        for day in order:
            filed = visit(store, urls[day], title, DAYS[day], hours, canonical=COLUMN)
            assert filed.change == ("unchanged" if hours else "new")
    kept = store.db.execute("SELECT url, text, revision FROM articles ORDER BY url").fetchall()
    assert kept == [(url, text, 1) for url, text in zip(urls, DAYS, strict=True)]
    keys = {key for (key,) in store.db.execute("SELECT url_key FROM articles")}
    assert len(keys) == 3
    assert len(keys & {f"//paper.example/2026/11/{day + 2}/weather.html" for day in range(3)}) >= 2


def test_second_page_that_names_the_first_is_an_article(store):
    """It has the headline and the first lines of the first page."""
    first, lead = "https://paper.example/2026/11/02/ferry.html", words(9, 12)
    visit(store, first, "Ferry stops", f"{lead} {words(1)}", canonical=first)
    for hours in (1, 2):
        visit(store, f"{first}?page=2", "Ferry stops", f"{lead} {words(2)}", hours, canonical=first)
    assert articles(store) == [(1, first, 1), (2, f"{first}?page=2", 1)]

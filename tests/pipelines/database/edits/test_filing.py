"""Test what becomes of readings that differ, in a real database: revisions, noise, columns."""

import json
import sqlite3
from pathlib import Path

import pytest

from pipelines.core.items import Reading
from pipelines.database.connection import connect
from pipelines.database.edits import chains, edit_list
from pipelines.database.filters import ArticleFilters
from tests.support.filed_source import HOME, FiledSource, filed_source

TEXT = "The council sat until midnight.\nRead 4,321 times\nNothing was decided."


class Paper:
    """File readings of articles that have a number in their addresses."""

    def __init__(self, source: FiledSource) -> None:
        self.source, self.store, self.rows = source, source.store, source.rows

    def see(self, text: str, hours: float, *, page: int = 1, digest: str | None = None, **values) -> Reading:
        """File what is read of a page some hours after NOW."""
        known = {"canonical_url": f"{HOME}{page}.html", "title": "Council sits", "authors": ("Ana Berg",)}
        return self.source.see(f"{page}.html", text, hours, digest=digest, **known | values)

    def read(self) -> sqlite3.Connection:
        """Return a connection as readers have it."""
        self.store.db.commit()
        return connect(Path(self.rows("PRAGMA database_list")[0][2]))


@pytest.fixture
def paper(tmp_path):
    with filed_source(tmp_path) as source:
        yield Paper(source)


def outcomes(readings):
    return [(reading.change, reading.noise) for reading in readings]


def test_counter_at_each_look_makes_no_revision(paper):
    """The looks are sightings of the first state, and count as the newest look at the page."""
    seen = [paper.see(TEXT.replace("4,321", f"4,{400 + hour}"), hour) for hour in range(20)]
    assert outcomes(seen) == [("new", None), *[("unchanged", "counters")] * 19]
    assert paper.rows("SELECT revision, last_seen FROM articles") == [(1, "2026-11-24T03:00:00Z")]
    assert paper.rows("SELECT count(*) FROM sightings") == [(20,)]


def test_edit_says_what_changed(paper):
    """Kinds, sizes and silence are in the row of the revision."""
    paper.see(TEXT, 0, modified="2026-11-23T07:00:00Z")
    filed = paper.see(TEXT.replace("Nothing", "Everything"), 1, modified="2026-11-23T07:00:00Z")
    assert outcomes([filed]) == [("edited", None)]
    query = "SELECT changes, words_added, words_removed, silent FROM revisions ORDER BY number"
    assert paper.rows(query) == [(None, None, None, None), ('["text"]', 1, 1, 1)]


def test_live_blog_has_a_revision_for_each_update(paper):
    """300 updates are 300 edits."""
    text = TEXT
    for number in range(300):
        text = f"Update {number}: the mayor spoke again.\n{text}"
        assert paper.see(text, number / 10).change == ("edited" if number else "new")


def test_line_of_the_template_is_no_edit_from_the_third_article_on(paper):
    """It came to several articles within a day. What came before the third can be taken out later."""
    for page in range(10):
        paper.see(f"Story {page} of the day.", 0, page=page)
    seen = [paper.see(f"Story {page} of the day.\nFollow us on Rocket", 5 + page, page=page) for page in range(10)]
    assert outcomes(seen) == [*[("edited", None)] * 2, *[("unchanged", "template")] * 8]
    late = paper.see("Story 9 of the day.\nFollow us on Rocket\nIt rained.", 24 * 20, page=9)
    assert late.change == "edited"


SHARED_LINES = {  # line, articles that get it, other articles that are looked at: articles of which it is an edit
    "a sentence in all of four reports": ("At least 45 people were killed.", 4, 0, 4),
    "a number in all of four reports": ("45 people killed", 4, 0, 4),
    "a headline in some of many articles": ("Flood in the valley", 4, 12, 4),
    "a sentence on the whole site": ("Follow the flood in our live blog.", 12, 0, 9),
    "a sentence in a third of the articles": ("At least 45 people were killed.", 12, 24, 12),
    "a banner in one section": ("Follow us on Rocket", 12, 24, 9),
}


@pytest.mark.parametrize(("line", "with_it", "others", "edits"), SHARED_LINES.values(), ids=SHARED_LINES)
def test_line_that_several_articles_share_is_an_edit_unless_it_is_on_most_pages(paper, line, with_it, others, edits):
    """Reports on one event share sentences, and all of them are corrected on one day."""
    pages = range(with_it + others)
    for page in pages:
        paper.see(f"Story {page} of the day.", 0, page=page)
    first = paper.see(f"Story 0 of the day.\n{line}", 5, page=0)
    for page in pages[with_it:]:
        paper.see(f"Story {page} of the day.", 5.1, page=page)
    seen = [first, *(paper.see(f"Story {page} of the day.\n{line}", 6, page=page) for page in pages[1:with_it])]
    assert outcomes(seen) == [*[("edited", None)] * edits, *[("unchanged", "template")] * (with_it - edits)]


def test_line_whose_numbers_change_on_most_pages_is_a_counter_whatever_its_words_are(paper):
    """From the third article on; what other lines say remains an edit."""
    pages = range(6)
    for page in pages:
        paper.see(f"Story {page} of the day.\nMegtekintések: {100 + page}", 0, page=page)
    seen = [paper.see(f"Story {page} of the day.\nMegtekintések: {200 + page}", 5, page=page) for page in pages]
    assert outcomes(seen) == [*[("edited", None)] * 2, *[("unchanged", "counters")] * 4]
    late = paper.see("Story 9 of the night.\nMegtekintések: 912", 24, page=5)
    assert late.change == "edited"


def test_number_that_changes_in_some_of_the_articles_is_news(paper):
    """Such as a toll, in the reports on one event."""
    for page in range(6):
        paper.see(f"Story {page} of the day.\nDead: 3", 0, page=page)
    seen = [
        paper.see(f"Story {page} of the day.\nDead: {5 if page < 4 else 3}", 5, page=page)
        for page in (5, 4, 3, 2, 1, 0)
    ]
    assert outcomes(seen) == [*[("unchanged", None)] * 2, *[("edited", None)] * 4]


def test_line_that_two_articles_show_in_turn_is_no_template(paper):
    """Articles are counted, not changes."""
    for look in range(4):
        for page in (1, 2):
            filed = paper.see(f"Story {page}.\nPart {'abcb'[look]}", look, page=page)
            assert filed.noise is None


def test_same_line_in_articles_of_different_days_is_an_edit(paper):
    """Only what changes on many pages within a day is the template's."""
    for page in range(5):
        paper.see(f"Story {page} of the day.", 0, page=page)
    seen = [paper.see(f"Story {page} of the day.\nThe story goes on.", 30 * (1 + page), page=page) for page in range(5)]
    assert outcomes(seen) == [("edited", None)] * 5


def test_two_texts_in_turn_make_no_chain(paper):
    """The first change and the first return are edits; after that, looks are counted."""
    texts = (TEXT, TEXT.replace("Nothing", "Everything"))
    seen = [paper.see(texts[look % 2], look) for look in range(40)]
    assert [one.change for one in seen].count("edited") == 2
    assert paper.rows("SELECT max(number), max(alternates) FROM revisions") == [(3, 19)]


def test_alternate_text_that_stays_for_a_day_is_an_edit(paper):
    """The site has settled on it. A text that was back in between must stay a day longer."""
    texts = {"A": TEXT, "B": TEXT.replace("Nothing", "Everything")}
    looks = [("A", 0), ("B", 1), ("A", 2), ("B", 100), ("A", 101), ("B", 110), ("B", 135), ("B", 158)]
    seen = [paper.see(texts[text], hours) for text, hours in looks]
    assert [one.change for one in seen[1:]] == ["edited", "edited", *["unchanged"] * 4, "edited"]
    assert paper.rows("SELECT revision, text LIKE '%Everything%' FROM articles") == [(4, 1)]
    db = paper.store.db
    assert list(chains.noise_in(1, chains.chain_of(db, 1), lambda line: False)) == []


def test_same_bytes_read_differently_are_no_edit(paper):
    """The extractor or a rule changed, not the page."""
    paper.see(TEXT, 0, digest="sha1:A")
    other = "Another reading of the page."
    assert outcomes([paper.see(other, 1, digest="sha1:A")]) == [("unchanged", "same bytes")]
    assert paper.see(f"{TEXT} {other}", 2, digest="sha1:B").change == "edited"


def test_stub_is_an_edit_once_it_lasts_and_a_wall_of_the_site_never(paper):
    """No word of the notice is known: it is a wall because it is in the place of two articles."""
    texts = {page: "\n".join(f"Paragraph {n} of story {page} is long enough." for n in range(40)) for page in (1, 2, 3)}
    for page, text in texts.items():
        paper.see(text, 0, page=page)
    walled = {page: f"{text[:200]}\nშედით, რომ ნახოთ." for page, text in texts.items()}
    assert [paper.see(text, 1, page=page).state.kind for page, text in walled.items()] == [
        "other text", "error page", "error page",
    ]  # fmt: skip
    assert paper.see(walled[1], 26, page=1).state.kind == "error page"
    assert paper.see(texts[1], 27, page=1).back_from == "error page"
    assert paper.see(texts[2][:210], 27, page=2).state.kind == "other text"
    assert paper.see(texts[2][:210], 52, page=2).change == "edited"
    assert paper.rows("SELECT article_id, number FROM revisions WHERE number > 1") == [(2, 2)]


@pytest.mark.parametrize(
    ("others", "line", "change"),
    [
        (5, "", "edited"),
        (4, "", "instead"),  # too few to say that the site has no wall
        (5, "It is for members of Daily Harbour.", "instead"),  # an article that was never seen without a wall
    ],
)
def test_stub_with_a_word_of_a_wall_is_an_edit_once_it_lasts_while_others_are_whole(paper, others, line, change):
    """It must last a week: a wall is soon in the place of another article, too, or below the beginning of one."""
    text = "\n".join(f"Paragraph {n} of the story is long enough." for n in range(40))
    paper.see(text, 0)
    shortened = f"{text[:200]}\nIt is for members of Daily Harbour."
    seen = [paper.see(shortened, hours) for hours in (1, 2, 26)]
    for page in range(2, 2 + others):
        paper.see(f"Story {page} of the day.\n{line}".strip(), 30, page=page)
    assert [one.state.kind for one in seen] == ["other text"] * 3
    assert paper.see(shortened, 7 * 24 + 1).change == change


def test_texts_of_two_articles_cut_off_at_a_time_are_behind_a_wall(paper):
    """Extraction drops many a notice. One article that is cut off alone was shortened by its editors."""
    texts = {page: "\n".join(f"Paragraph {n} of story {page} is long enough." for n in range(40)) for page in (1, 2)}
    for page, text in texts.items():
        paper.see(text, 0, page=page)
    assert [paper.see(text[:200], 1, page=page).state.kind for page, text in texts.items()] == ["other text", "paywall"]
    assert paper.see(texts[1][:200], 26, page=1).state.kind == "paywall"
    assert paper.see(texts[2], 27, page=2).back_from == "paywall"
    assert paper.see(texts[1], 27, page=1).change == "unchanged"
    assert paper.see(texts[1][:250], 28, page=1).state.kind == "other text"
    assert paper.see(texts[1][:250], 53, page=1).change == "edited"


def test_another_author_alone_is_an_edit_with_a_revision(paper):
    """The text stays; no byline at all is no evidence."""
    paper.see(TEXT, 0)
    assert outcomes([paper.see(TEXT, 1, authors=())]) == [("unchanged", "byline comes or goes")]
    assert paper.see(TEXT, 2, authors=("Ben Cole",)).change == "edited"
    assert paper.rows("SELECT changes FROM revisions WHERE number = 2") == [('["byline"]',)]


def test_edits_are_listed_by_filters(paper):
    """The newest comes first, with the old headline. Each filter leaves out what it says."""
    paper.see(TEXT, 0, modified="2026-11-23T07:00:00Z")
    paper.see(TEXT.replace("Nothing", "Everything"), 1, modified="2026-11-23T07:00:00Z")
    paper.see(TEXT, 30, title="Council rises", modified="2026-11-24T07:00:00Z")
    db, every = paper.read(), ArticleFilters()

    def listed(filters=every, limit=None, **wanted):
        return [row["revision"] for row in edit_list.edits(db, filters, edit_list.EditFilters(**wanted), limit)]

    assert listed() == [3, 2]
    assert listed(title_only=True) == [3]
    assert listed(silent=True) == [2]
    assert listed(min_change=0.9) == []
    assert listed(ArticleFilters(until="2026-11-23")) == [2]
    assert listed(ArticleFilters(since="2026-11-24", source="paper")) == [3]
    assert listed(limit=1) == [3]
    newest = next(edit_list.edits(db, every, edit_list.EditFilters(), None))
    assert (newest["old_title"], newest["title"]) == ("Council sits", "Council rises")


def test_edits_of_an_older_version_are_compared_when_listed(paper):
    """Its revisions do not say what changed."""
    paper.see(TEXT, 0)
    paper.see(TEXT.replace("Nothing", "Everything"), 1)
    fresh = list(edit_list.edits(paper.read(), ArticleFilters(), edit_list.EditFilters(), None))
    paper.store.db.execute("UPDATE revisions SET changes = NULL, change_ratio = NULL, words_added = NULL")
    assert list(edit_list.edits(paper.read(), ArticleFilters(), edit_list.EditFilters(), None)) == fresh


def older(paper: Paper, texts: list[str], page: int = 1) -> int:
    """File each text as a revision, as an older version did. Return the article."""
    from pipelines.database.edits.change_detection import text_digest

    article = paper.see(f"The first text of story {page}.", 0, page=page).article_id or 0
    for number, text in enumerate(texts, 1):
        if number > 1:
            paper.see(
                f"Entirely different words, {number} of story {page}.",
                number,
                page=page,
                title=f"Other {number} of {page}",
            )
        values = (text, "Council sits", text_digest("Council sits", text), article, number)
        paper.store.db.execute(
            "UPDATE revisions SET text = ?, title = ?, text_digest = ? WHERE article_id = ? AND number = ?", values
        )
    return article


CHAINS = {
    "counters": ([TEXT, TEXT.replace("321", "400"), TEXT.replace("321", "500")], [2, 3]),
    "an edit among counters": (
        [TEXT, TEXT.replace("321", "400"), TEXT.replace("Nothing", "All").replace("321", "500")], [2]),
    "texts in turn": ([TEXT, "Another text.", TEXT, "Another text.", TEXT], [4, 5]),
    "equal texts": ([TEXT, TEXT], [2]),
    "edits": ([TEXT, f"{TEXT}\nMore.", f"{TEXT}\nMore still."], []),
}  # fmt: skip


@pytest.mark.parametrize(("texts", "noise"), CHAINS.values(), ids=CHAINS)
def test_noise_in_a_chain_is_found_and_merged(paper, texts, noise):
    """Revisions are numbered without gaps, texts that are taken out stay as readings, the rest says what changed."""
    article, db = older(paper, texts), paper.store.db
    found = list(chains.noise_in(article, chains.chain_of(db, article), lambda line: False))
    assert [one.number for one in found] == noise
    chains.merge(db, article, found, "2026-12-01T00:00:00Z")
    left = len(texts) - len(noise)
    assert paper.rows("SELECT number FROM revisions ORDER BY 1") == [(number,) for number in range(1, left + 1)]
    assert paper.rows("SELECT revision FROM articles") == [(left,)]
    assert paper.rows("SELECT count(*) FROM readings") == [(len(noise),)]
    assert all(json.loads(changes) for (changes,) in paper.rows("SELECT changes FROM revisions WHERE number > 1"))
    assert list(chains.noise_in(article, chains.chain_of(db, article), lambda line: False)) == []


def test_newest_text_is_not_taken_out_as_template(paper):
    """A line that is wrongly taken for the template's must not cost the article its last state."""
    article = older(paper, ["Story.", "Story.\nA", "Story.\nA\nB"])
    found = chains.noise_in(article, chains.chain_of(paper.store.db, article), lambda line: True)
    assert [(one.number, one.noise) for one in found] == [(2, "template")]


def test_template_of_a_source_is_found_in_its_chains(paper):
    """A line belongs to it that came to three articles within a day; one that came to two does not."""
    for page in range(3):
        older(paper, [f"Story {page}.", f"Story {page}.\nFollow us on Rocket"], page)
    for page in (3, 4):
        older(paper, [f"Story {page}.", f"Story {page}.\nIt rained."], page)
    is_template = chains.source_template(paper.store.db, paper.source.source_id)
    assert is_template("Follow us on Rocket")
    assert not is_template("It rained.")

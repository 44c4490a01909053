"""Test that what was taken down does not come back at another address of its site, by any command."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.command import LOOPBACK, crawl, make_archive, morgue, rows
from tests.support.small_paper import SmallPaper, serving
from tests.support.waiting import let_a_day_pass

pytestmark = pytest.mark.slow

TEXT = "".join(
    f"<p>The mayor of Lagoon number {n} was named in this story, and asked for its removal.</p>" for n in range(30)
)
COPIES = {  # path of a copy -> what it says in its head about STORY
    "/print/2024/01/01/copy-by-canonical.html": '<link rel="canonical" href="{story}">',
    "/m/2024/01/01/copy-by-og-url.html": '<meta property="og:url" content="{story}">',
    "/amp/2024/01/01/copy-by-json-ld.html": '<script type="application/ld+json">{{"@type": "NewsArticle", "headline": '
                                            '"Lagoon", "mainEntityOfPage": "{story}"}}</script>',
}  # fmt: skip
FOREIGN = "/2024/01/02/says-that-it-is-of-another-site.html"


def write(paper: SmallPaper, path: str, head: str, text: str = TEXT) -> str:
    page = f"<html><head><title>Lagoon</title>{head}</head><body><article><h1>Lagoon</h1>{text}</article></body></html>"
    paper.answers[path] = (200, page.encode(), {})
    return paper.url + path


@pytest.fixture(scope="module")
def after(tmp_path_factory):
    """Yield an archive from which a story was removed, its paper, the story, and the crawl of its copies that followed.

    `copies` of another archive hold the same pages.
    """
    folder = tmp_path_factory.mktemp("copies")
    archive, other = make_archive(folder / "archive"), make_archive(folder / "other")
    with serving(2) as paper:
        story = paper.stories[0]
        path = story.removeprefix(paper.url)
        write(paper, path, f'<link rel="canonical" href="{story}">')
        paper.watch(archive)
        crawl(archive, "paper")
        done = morgue("-C", archive, "remove", story, "--reason", "letter", "--yes")
        assert done.returncode == 0, done.stderr
        copies = [write(paper, copy, head.format(story=story)) for copy, head in COPIES.items()]
        foreign = write(paper, FOREIGN, '<link rel="canonical" href="https://elsewhere.example/story">',
                        TEXT.replace("mayor", "harbour"))  # fmt: skip
        paper.stories += [*copies, foreign]
        paper.feed(*range(len(paper.stories)))
        let_a_day_pass(archive)
        paper.asked.clear()
        crawled = crawl(archive, "paper")
        shutil.copytree(archive / "sources", other / "sources", dirs_exist_ok=True)
        crawl(other, "--urls", "-", stdin="\n".join([*copies, foreign]))
        assert rows(other, "SELECT count(*) FROM articles") != [(0,)]
        yield archive, other, paper, story, crawled


def filed(archive: Path) -> list[str]:
    return [url for (url,) in rows(archive, "SELECT url FROM articles WHERE text LIKE '%mayor%'")]


def test_copies_of_a_removed_page_are_fetched_and_not_filed(after):
    """They are counted with a reason; the removed page is not asked for; a canonical link to another site means
    nothing.
    """
    archive, _other, paper, story, crawled = after
    assert filed(archive) == []
    assert f"{len(COPIES)} without an article: copy of a page that was taken down, e.g. {paper.url}" in crawled.stdout
    assert story.removeprefix(paper.url) not in paper.asked
    assert rows(archive, "SELECT url FROM articles WHERE text LIKE '%harbour of%'") == [(paper.url + FOREIGN,)]
    found = morgue("-C", archive, "search", "mayor")
    assert "Lagoon" not in found.stdout


@pytest.mark.parametrize("copy", COPIES)
def test_copy_of_a_removed_page_is_not_shown(after, copy):
    """The command says why there is no article."""
    archive, _other, paper, _story, _crawled = after
    shown = morgue("-C", archive, "show", paper.url + copy)
    assert "copy of a page that was taken down" in shown.stdout + shown.stderr
    assert "mayor" not in shown.stdout
    page = morgue("-C", archive, "show", paper.url + copy, "--format", "html")
    assert (page.returncode, page.stdout) == (8, "")
    assert "morgue remove" in page.stderr


def test_copies_of_a_removed_page_are_not_imported(after, tmp_path):
    """Nothing of them is written; they are counted."""
    archive, other, _paper, _story, _crawled = after
    archive = Path(shutil.copytree(archive, tmp_path / "archive"))
    done = morgue("-C", archive, "import", *sorted((other / "warc").glob("*.warc.gz")))
    assert done.returncode == 0, done.stderr
    assert f"{2 * len(COPIES)}  skipped: copy of a page that was taken down" in done.stdout  # with their requests
    after_copy = rows(archive, "SELECT count(*) FROM captures WHERE imported IS NOT NULL AND url LIKE '%/copy-%'")
    assert after_copy == [(0,)]
    assert filed(archive) == []


def test_copies_of_a_removed_page_are_not_filed_by_a_rebuild(after, tmp_path):
    """Also if no journal mentions them: the files of another archive are read then."""
    archive, other, _paper, _story, _crawled = after
    archive = Path(shutil.copytree(archive, tmp_path / "archive"))
    for path in (other / "warc").glob("*.warc.gz"):
        shutil.copy(path, archive / "warc" / f"other-{path.name}")
    (archive / "morgue.db").unlink()
    done = morgue("-C", archive, "rebuild")
    assert f"{len(COPIES)} pages are copies of a page that was taken down, and are not filed" in done.stdout
    assert filed(archive) == []


def test_add_does_not_request_what_was_taken_down(tmp_path):
    """Neither the address that the user gives, nor one to which a redirect leads."""
    archive = make_archive(tmp_path / "archive")
    with serving(1) as paper:
        page = f"{paper.url}/home"
        paper.answers["/home"] = paper.answers["/"]
        paper.answers["/moved"] = (301, b"", {"Location": "/home"})
        crawl(archive, page)
        assert morgue("-C", archive, "remove", page, "--reason", "letter", "--yes").returncode == 0
        paper.asked.clear()
        for given in (page, f"{paper.url}/moved"):
            done = morgue("-C", archive, "add", *LOOPBACK, given)
            assert done.returncode == 3, done.stdout
            assert f"{page} was taken down on " in done.stderr
            assert "(letter), and is not requested" in done.stderr
        assert "/home" not in paper.asked
        assert "/moved" in paper.asked

"""Drive the view with chromium as its users do: search, narrow, open, compare, replay; by keyboard; on a phone.

No page may ask any host but the two origins, print an error, or have a serious fault that axe-core finds.
"""

from __future__ import annotations

import re
from io import BytesIO
from urllib.parse import urlsplit

import pytest
from matplotlib.image import imread

from tests.support.browser import browser
from tests.support.command import LOOPBACK, make_archive, morgue
from tests.support.external_tools import BROUGHT_BY, TOOLS, skip_without
from tests.support.newspaper import serve
from tests.support.styled_paper import BLUE, GOLD, GREEN, RED, styled_paper
from tests.support.web_view import viewing

pytestmark = pytest.mark.slow

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 900}


@pytest.fixture(scope="module")
def archived(tmp_path_factory):
    """Return an archive of the newspaper with one edit, and of the page with all its parts, and the address of that."""
    archive = make_archive(tmp_path_factory.mktemp("browser") / "archive")
    with serve() as paper, styled_paper() as styled:
        listed = "\n".join((*list(paper.truth)[:40], styled.url, *styled.parts))
        assert morgue("-C", archive, "crawl", *LOOPBACK, "--urls", "-", stdin=listed).returncode in (0, 1)
        assert morgue("-C", archive, "crawl", *LOOPBACK, paper.correct().url).returncode == 0
        yield archive, styled.url


@pytest.fixture(scope="module")
def view(archived):
    """Serve it."""
    with viewing(archived[0]) as view:
        yield view


@pytest.fixture(scope="module")
def chromium():
    """Start a browser."""
    with browser() as opened:
        yield opened


class Visit:
    """Hold a page of a browser, what it asked for, and what went wrong."""

    def __init__(self, page):
        self.page, self.hosts, self.errors = page, set(), []
        page.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)


@pytest.fixture
def visit(chromium, view, request):
    """Open a window; at its end, it must have asked nobody but the view, and printed no error."""
    options = getattr(request, "param", {})
    context = chromium.new_context(viewport=options.get("viewport", DESK), color_scheme=options.get("scheme", "light"))
    visit = Visit(context.new_page())
    visit.page.goto(view.url)
    yield visit
    context.close()
    assert all(host.startswith("127.0.0.1:") for host in visit.hosts), visit.hosts
    assert len(visit.hosts) <= 2
    expected = "the server responded with a status of 404"  # a part that is not in the archive
    assert [error for error in visit.errors if expected not in error] == []


def test_search_is_narrowed_opened_and_compared(visit):
    """A reader types words, takes a facet, opens an article, goes to its page as archived and back."""
    page = visit.page
    page.fill("#q", "the")
    page.click("form.search button")
    total = int(re.match(r"[\d,]+", page.inner_text(".summary"))[0].replace(",", ""))
    assert total > 5
    page.click(".facets section:has(h2:text-is('language')) a >> nth=0")
    assert "language=" in page.url
    page.click(".hits h2 a >> nth=0")
    assert page.locator(".text p").count() > 0
    page.click("text=As archived")
    assert page.frame_locator("iframe").locator("h1").first.inner_text()
    page.go_back()
    page.click("nav >> text=Edits")
    page.click("table a >> nth=0")
    assert page.locator("ins, del").count() > 0


def test_keyboard_alone_leads_from_search_to_article(visit):
    """The first page puts the cursor into the search; Tab shows where one is."""
    keyboard = visit.page.keyboard
    visit.page.wait_for_function("document.activeElement.id === 'q'")
    keyboard.type("ferry")
    keyboard.press("Enter")
    visit.page.wait_for_url("**/search?q=ferry*")
    for _ in range(60):
        keyboard.press("Tab")
        focused = visit.page.evaluate("document.activeElement.getAttribute('href') || ''")
        if focused.startswith("/article/"):
            break
    outline = visit.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    keyboard.press("Enter")
    visit.page.wait_for_url("**/article/*")


def test_first_tab_leads_past_the_menu(visit):
    """Screen readers and keyboards skip to the content."""
    visit.page.goto(visit.page.url + "counts")
    visit.page.keyboard.press("Tab")
    assert visit.page.evaluate("document.activeElement.textContent") == "Skip to the content"


PAGES = ("/", "/search?q=the&page=2", "/search?q=xyzzy", "/article/1", "/article/1/compare", "/edits", "/counts?q=the",
         "/counts?by=source", "/health", "/nope")  # fmt: skip


@pytest.mark.parametrize("visit", [{"viewport": PHONE}], indirect=True, ids=["phone"])
def test_no_page_is_wider_than_a_phone(visit):
    """Nothing has to be pushed sideways but tables, which scroll within themselves."""
    base = visit.page.url.rstrip("/")
    for path in PAGES:
        visit.page.goto(base + path)
        wide = visit.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= PHONE["width"], path
    visit.errors.clear()  # /nope is a 404


@pytest.mark.parametrize("visit", [{"scheme": "light"}, {"scheme": "dark"}], indirect=True, ids=["light", "dark"])
def test_axe_finds_no_serious_fault(visit):
    """Names, roles, contrast, in both colour schemes."""
    script = TOOLS / "axe" / "axe.min.js"
    if not script.is_file():
        skip_without("axe-core", BROUGHT_BY)
    base = visit.page.url.rstrip("/")
    found = {}
    for path in PAGES:
        visit.page.goto(base + path)
        visit.page.evaluate(script.read_text(encoding="utf-8"))
        result = visit.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        serious = [
            (fault["id"], fault["nodes"][0]["html"][:120])
            for fault in result["violations"]
            if fault["impact"] in ("serious", "critical")
        ]
        if serious:
            found[path] = serious
    assert found == {}
    visit.errors.clear()


def test_replay_shows_the_colours_of_all_parts_and_runs_no_script(visit, view):
    """Pictures, backgrounds and type are there; the title that a script would change is the page's own."""
    page = visit.page
    page.goto(f"{view.url}/search?q=lamp+wick")
    page.click(".hits h2 a >> nth=0")
    page.click("text=As archived")
    frame = page.frame_locator("iframe")
    assert frame.locator("h1").inner_text() == "A lamp for the pier"
    loaded = frame.locator("img").evaluate_all("all => all.map(one => one.complete && one.naturalWidth)")
    assert loaded[:3] == [20, 20, 20]
    assert frame.locator("h1").evaluate("one => getComputedStyle(one).color") == "rgb(40, 70, 190)"
    assert "Pier" in frame.locator("body").evaluate("one => getComputedStyle(one).fontFamily")
    drawn = pixels(page.screenshot())
    seen = {tuple(map(int, pixel)) for row in drawn[::3] for pixel in row[::3]}
    for colour in (RED, GREEN, BLUE, GOLD):
        assert colour in seen, colour


def pixels(png):
    """Return a picture as rows of points, each (red, green, blue) from 0 to 255."""
    return (imread(BytesIO(png), format="png")[:, :, :3] * 255).round().astype(int)

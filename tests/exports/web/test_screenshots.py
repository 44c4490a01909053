"""Compare what chromium draws of the live page and of its replays: ours, that of pywb, and that of replayweb.page.

The archive is that of a crawl with `capture.parts = "all"`, and nothing else was fetched. NEWSMORGUE_SCREENSHOTS names
a folder for the pictures, to look at them.
"""

from __future__ import annotations

import os
import re
from contextlib import closing
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from matplotlib.image import imread

from pipelines.database.connection import connect
from tests.support.browser import browser
from tests.support.command import crawl, make_archive, rows
from tests.support.external_tools import replayweb_folder
from tests.support.pywb import collect, serve_collections
from tests.support.styled_paper import GREEN, styled_paper
from tests.support.web_view import viewing

pytestmark = pytest.mark.slow

SCREENS = {
    "desk": {"viewport": {"width": 1280, "height": 900}},
    "phone": {"viewport": {"width": 390, "height": 844}},
    "dense": {"viewport": {"width": 1280, "height": 900}, "device_scale_factor": 2},
    "dense phone": {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 3},
}
DENSE = [name for name in SCREENS if name.startswith("dense")]
NARROW = 8  # difference of a colour that nobody sees


@pytest.fixture(scope="module")
def archived(tmp_path_factory):
    """Crawl the page with its parts; return (archive, address of the page) while the paper is there."""
    archive = make_archive(tmp_path_factory.mktemp("looks") / "archive")
    with styled_paper() as styled:
        (archive / "sources" / "styled.toml").write_text(f'url = "{styled.front}"\n[capture]\nparts = "all"\n')
        done = crawl(archive)
        assert rows(archive, "SELECT count(*) FROM articles") == [(1,)], done.stdout + done.stderr
        yield archive, styled.url


@pytest.fixture(scope="module")
def view(archived):
    """Serve the archive."""
    with viewing(archived[0]) as view:
        yield view


@pytest.fixture(scope="module")
def chromium():
    """Start a browser."""
    with browser() as opened:
        yield opened


def drawn(chromium, name, screen, url):
    """Return what is drawn at an address without its scripts, as rows of points: (red, green, blue) from 0 to 255."""
    context = chromium.new_context(java_script_enabled=False, **SCREENS[screen])
    try:
        page = context.new_page()
        page.goto(url)
        page.wait_for_load_state("networkidle")
        return points(page.screenshot(full_page=True), f"{screen}-{name}")
    finally:
        context.close()


def points(png, name):
    """Return a picture as rows of points, and keep it to be looked at if that is wanted."""
    if folder := os.environ.get("NEWSMORGUE_SCREENSHOTS"):
        Path(folder, f"{name}.png").write_bytes(png)
    return (imread(BytesIO(png), format="png")[:, :, :3] * 255).round().astype(int)


def unlike(one, other):
    """Return the share of points that differ; 1 for pictures of different size."""
    return (abs(one - other).max(axis=2) > NARROW).mean() if one.shape == other.shape else 1.0


def replay_path(view):
    """Return the path of the article as archived."""
    return re.search(r'href="(/replay/[^"]+)"', view.get("/article/1").text)[1]


@pytest.mark.parametrize("screen", SCREENS)
def test_replay_looks_as_the_live_page_did(chromium, view, archived, screen):
    """On each screen, which makes a browser choose another picture of `srcset`; the crawl fetched one of them."""
    live = drawn(chromium, "live", screen, archived[1])
    ours = drawn(chromium, "ours", screen, view.frame_of(replay_path(view)))
    assert unlike(live, ours) <= 0.02
    assert (abs(ours[::3, ::3] - GREEN).max(axis=2) <= NARROW).any()


@pytest.mark.parametrize("screen", DENSE)
def test_pywb_shows_the_page_as_it_was(chromium, archived, tmp_path, screen):
    """From the WACZ, and from the files of the archive with our index.

    It offers a browser all candidates of `srcset`, so this holds for screens that choose the one that was fetched.
    """
    archive, url = archived
    live = drawn(chromium, "live", screen, url)
    with closing(connect(archive / "morgue.db")) as db:
        collect(tmp_path, db, archive / "warc")
    with serve_collections(tmp_path) as (host, port):
        for collection in ("wacz", "own"):
            shown = drawn(chromium, f"pywb-{collection}", screen, f"http://{host}:{port}/{collection}/2099mp_/{url}")
            assert unlike(live, shown) <= 0.02, collection


@pytest.mark.parametrize("screen", DENSE)
def test_replayweb_page_shows_the_page_as_its_scripts_made_it(chromium, archived, screen):
    """Below our banner, in a frame that asks nobody but its own origin."""
    archive, url = archived
    with viewing(archive, "--replayweb", str(replayweb_folder())) as view:
        path = re.search(r'href="(/replayweb/[^"]+)"', view.get(replay_path(view)).text)[1]
        context = chromium.new_context(**SCREENS[screen])
        page, asked = context.new_page(), set()
        page.on("request", lambda request: asked.add(urlsplit(request.url).netloc))
        page.goto(view.url + path)
        banner = page.locator("header.banner").bounding_box()
        shown = settled(page.frame_locator("iframe").frame_locator("iframe"))
        title = page.frames[-1].title()
        top = round(banner["height"] * page.evaluate("devicePixelRatio"))
        replayed = points(page.screenshot(), f"{screen}-replayweb")
        live = context.new_page()
        live.goto(url)
        assert settled(live) == shown
        live = points(live.screenshot(), f"{screen}-live-with-scripts")[: len(replayed) - top - 2]
        context.close()
    assert title == "changed by a script"
    assert len(asked - {urlsplit(view.url).netloc}) == 1
    assert urlsplit(url).netloc not in asked
    rows = [replayed[start : start + len(live)] for start in (top - 1, top, top + 1)]  # it may begin between two
    assert min(unlike(live, one) for one in rows) <= 0.02


def settled(page):
    """Return the sizes of the pictures of a page, once all have come or failed."""
    page.locator("img").last.wait_for()
    images = page.locator("img")
    for _ in range(100):
        if all(images.evaluate_all("all => all.map(one => one.complete)")):
            break
        page.locator("body").evaluate("() => new Promise(go => setTimeout(go, 100))")
    return images.evaluate_all("all => all.map(one => one.naturalWidth)")

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
from tests.support.external_tools import replayweb_folder
from tests.support.pywb import collect, serve_collections
from tests.support.styled_paper import GREEN
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
def view(styled):
    """Serve the archive, also in replayweb.page if that is installed."""
    with viewing(styled.folder, "--replayweb", str(replayweb_folder())) as view:
        yield view


@pytest.fixture(scope="module")
def live(chromium, styled):
    """Return what is drawn of the live page, by screen."""
    drawn_once = {}

    def live(screen):
        if screen not in drawn_once:
            drawn_once[screen] = drawn(chromium, "live", screen, styled.url)
        return drawn_once[screen]

    return live


@pytest.fixture(scope="module")
def pywb(styled, tmp_path_factory):
    """Serve the archive by pywb: its WACZ, and its own files with our index."""
    folder = tmp_path_factory.mktemp("pywb")
    with closing(connect(styled.folder / "morgue.db")) as db:
        collect(folder, db, styled.folder / "warc")
    with serve_collections(folder) as (host, port):
        yield f"http://{host}:{port}"


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
def test_replay_looks_as_the_live_page_did(chromium, view, live, screen):
    """On each screen, which makes a browser choose another picture of `srcset`; the crawl fetched one of them."""
    ours = drawn(chromium, "ours", screen, view.frame_of(replay_path(view)))
    assert unlike(live(screen), ours) <= 0.02
    assert (abs(ours[::3, ::3] - GREEN).max(axis=2) <= NARROW).any()


@pytest.mark.parametrize(("screen", "collection"), list(zip(DENSE, ("wacz", "own"), strict=True)))
def test_pywb_shows_the_page_as_it_was(chromium, styled, live, pywb, screen, collection):
    """From the WACZ, and from the files of the archive with our index.

    It offers a browser all candidates of `srcset`, so this holds for screens that choose the one that was fetched.
    """
    shown = drawn(chromium, f"pywb-{collection}", screen, f"{pywb}/{collection}/2099mp_/{styled.url}")
    assert unlike(live(screen), shown) <= 0.02


def test_replayweb_page_shows_the_page_as_its_scripts_made_it(chromium, view, styled):
    """Below our banner, in a frame that asks nobody but its own origin."""
    screen, url = DENSE[0], styled.url
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

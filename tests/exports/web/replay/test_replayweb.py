"""Test the third origin, on which replayweb.page of the user shows a page with its scripts.

What it shows is tested in a browser: tests/exports/web/test_screenshots.py. Here its two files are empty words.
"""

from __future__ import annotations

import gzip
import io
import re
import zipfile
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support.command import morgue
from tests.support.web_view import viewing

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def view(styled, tmp_path_factory):
    """Serve it, with files in the place of those of replayweb.page."""
    folder = tmp_path_factory.mktemp("installed")
    for name in ("ui.js", "sw.js"):
        (folder / name).write_text(f"// {name}")
    (folder / "secret.txt").write_text("not to be served")
    with viewing(styled.folder, "--replayweb", str(folder)) as view:
        yield view


@pytest.fixture(scope="module")
def opened(view):
    """Return (the page with the frame, the address in the frame, where that leads)."""
    replay = re.search(r'href="(/replay/[^"]+)"', view.get("/article/1").text)[1]
    link = re.search(r'href="(/replayweb/[^"]+)">With scripts, in replayweb.page', view.get(replay).text)[1]
    page = view.get(link)
    frame = re.search(r'<iframe src="([^"]+)"', page.text)[1]
    return page, frame, view.get(frame).headers["location"]


def test_frame_is_on_an_origin_of_its_own(view, opened):
    """It may run scripts, and neither open windows nor leave its place; the way back is in the banner."""
    page, frame, _ = opened
    origin = re.match(r"http://[^/]+", frame)[0]
    assert origin != view.url
    assert origin != re.match(r"http://[^/]+", view.frame_of(without_scripts(page)))[0]
    assert 'sandbox="allow-scripts allow-same-origin allow-forms"' in page.text
    assert "script-src" not in page.headers["content-security-policy"]
    assert origin in page.headers["content-security-policy"]


def without_scripts(page):
    return re.search(r'href="(/replay/[^"]+)">Without scripts', page.text)[1]


def test_origin_has_the_files_of_the_user_and_a_page_that_starts_them(view, opened):
    """And nothing else of the folder, of the archive or of the view. The worker may ask nobody but this origin."""
    origin = re.match(r"http://[^/]+", opened[1])[0]
    worker = view.get(f"{origin}/replay/sw.js")
    assert (worker.status, worker.text, worker.headers["content-type"]) == (
        200, "// sw.js", "text/javascript; charset=utf-8",
    )  # fmt: skip
    assert "connect-src 'self' data:;" in worker.headers["content-security-policy"]
    assert f"frame-ancestors 'self' {view.url}" in worker.headers["content-security-policy"]
    assert "<replay-app-main>" in view.get(f"{origin}/replay/page").text
    for path in (
        "/replay/secret.txt",
        "/replay/..%2fsecret.txt",
        "/search",
        "/article/1.json",
        "/",
        "/capture/1.warc.gz",
    ):
        assert view.get(origin + path).status == 404, path


def test_package_has_the_page_and_its_parts(view, opened):
    """And no other page. It comes whole or in parts, and always with the same bytes."""
    source = parse_qs(urlsplit(opened[2]).query)["source"][0]
    whole = view.get(source)
    with zipfile.ZipFile(io.BytesIO(whole.body)) as package:
        index = package.read("indexes/index.idx").decode()
        urls = re.findall(rb"WARC-Target-URI: (\S+)", inflated(package))
    assert index
    paths = {urlsplit(url.decode()).path for url in urls}
    assert {"/2026/11/a-lamp-for-the-pier/", "/css/parts/type.css", "/fonts/pier.ttf", "/img/green.png"} <= paths
    assert "/" not in paths
    size = len(whole.body)
    for asked, first, last in (
        ("0-9", 0, 9),
        ("10-", 10, size - 1),
        ("-7", size - 7, size - 1),
        (f"0-{size * 2}", 0, size - 1),
    ):
        part = view.get(source, Range=f"bytes={asked}")
        assert (part.status, part.body) == (206, whole.body[first : last + 1])
        assert part.headers["content-range"] == f"bytes {first}-{last}/{size}"
    assert view.get(source, Range=f"bytes={size}-").status == 416
    assert view.get(source, Range="bytes=a-b").body == whole.body
    assert view.get(opened[1]).headers["location"] == opened[2]


def inflated(package):
    """Return the records of a package."""
    return gzip.decompress(next(package.read(name) for name in package.namelist() if name.endswith(".warc.gz")))


def test_scripts_of_a_page_cannot_open_another_one(view, opened):
    """Its address has a key, which is none of another capture's; a package that nobody opened is not there."""
    number = int(opened[1].rpartition("/")[2])
    for other in (1, number + 1):
        assert view.get(f"{opened[1].rpartition('/')[0]}/{other}").status == 404
    source = parse_qs(urlsplit(opened[2]).query)["source"][0]
    assert view.get(re.sub(r"/packages/\d+-", "/packages/1-", source)).status == 404


def test_listing_is_shown_too(view):
    """It is no article, and has a package all the same."""
    home = view.get("/article/1.json").json()["url"].partition("/2026/")[0] + "/"
    answered = view.get(f"/replayweb/2026/{home}")
    page = view.get(answered.headers["location"])
    assert view.get(re.search(r'<iframe src="([^"]+)"', page.text)[1]).status == 302


@pytest.mark.parametrize("there", [(), ("ui.js",), ("sw.js",)])
def test_folder_without_replayweb_page_is_refused(styled, tmp_path, there):
    """Before anything is served, with what is missing and how to get it."""
    for name in there:
        (tmp_path / name).write_text("")
    done = morgue("-C", styled.folder, "serve", "--port", "0", "--replayweb", tmp_path)
    assert done.returncode == 2
    missing = [name for name in ("ui.js", "sw.js") if name not in there]
    assert f"{tmp_path}: has no {' and no '.join(missing)}" in done.stderr
    assert "npm install replaywebpage" in done.stderr

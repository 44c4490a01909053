"""Test the replay of a page with all its parts."""

from __future__ import annotations

import re

import pytest

from tests.support.command import rows
from tests.support.styled_paper import GOLD, RED, png
from tests.support.web_apps import web_apps

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def view(styled):
    """Put the applications together."""
    with web_apps(styled.folder) as view:
        yield view


@pytest.fixture(scope="module")
def shown(view):
    """Return (the address of what the frame shows, its answer)."""
    path = re.search(r'href="(/replay/[^"]+)"', view.get("/article/1").text)
    frame = view.frame_of(path[1])
    return frame, view.get(frame)


def test_page_is_shown_without_its_scripts_in_a_sandbox(view, shown):
    """On another origin than the view, with this origin as the only source."""
    frame, answer = shown
    assert not frame.startswith(view.url)
    assert answer.status == 200
    assert "script" not in answer.text
    assert "onload" not in answer.text
    policy = answer.headers["content-security-policy"]
    origin = re.match(r"http://[^/]+", frame)[0]
    assert policy.startswith("sandbox allow-same-origin allow-top-navigation-by-user-activation; default-src 'none'")
    assert "script-src" not in policy
    assert set(re.findall(r"http://[\w.:]+", policy)) == {origin, view.url}
    assert answer.headers["memento-datetime"].endswith("GMT")


def test_every_part_comes_from_the_archive(view, shown):
    """Pictures, style sheets and what they import, the font; through redirects."""
    _, answer = shown
    asked = set(re.findall(r'(?:src|href)="(http://[^"]+/part/[^"]+)"', answer.text))
    asked |= set(re.findall(r"url\(&quot;(http://[^&]+)&quot;\)", answer.text))
    assert len(asked) == 6  # of `srcset`, only what the crawl fetched
    got = {address.rpartition("/")[2].partition("?")[0]: view.get(address) for address in asked}
    assert got["red.png"].body == png(RED)
    assert got["moved.png"].body == png(GOLD)
    assert (got["never-there.png"].status, got["never-there.png"].headers["content-type"]) == (404, "image/svg+xml")
    imported = re.search(r'@import "([^"]+)"', got["site.css"].text)
    sheet = view.get(imported[1]).text
    font = view.get(re.search(r'url\("([^"]+)"\)', sheet)[1])
    assert (font.status, font.headers["content-type"]) == (200, "font/ttf")


def test_memento(view, styled):
    """TimeMap and TimeGate (RFC 7089); a permalink at another time leads to the capture nearest to it."""
    url = styled.url
    captured = rows(styled.folder, f"SELECT time FROM captures WHERE url = '{url}'")[0][0]
    stamp = re.sub(r"\D", "", captured)[:14]
    links = view.get(f"/timemap/link/{url}").text
    assert f'<{url}>; rel="original"' in links
    assert f'<{view.url}/replay/{stamp}/{url}>; rel="first last memento"; datetime="' in links
    gate = view.get(f"/timegate/{url}", Accept_Datetime="Thu, 31 May 2007 20:35:00 GMT")
    assert (gate.status, gate.headers["location"]) == (302, f"{view.url}/replay/{stamp}/{url}")
    assert gate.headers["vary"] == "accept-datetime"
    assert view.get(f"/timegate/{url}", Accept_Datetime="soon").status == 400
    near = view.get(f"/replay/2020/{url}")
    assert (near.status, near.headers["location"]) == (302, f"{view.url}/replay/{stamp}/{url}")
    exact = view.get(f"/replay/{stamp}/{url}")
    assert 'rel="original"' in exact.headers["link"]
    assert exact.headers["memento-datetime"].endswith("GMT")

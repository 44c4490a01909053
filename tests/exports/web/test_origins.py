"""Test the origins that are stated when a server with TLS stands in front of the view."""

from __future__ import annotations

import re

import pytest

from exports.web.origins import Origins, checked
from pipelines.core.errors import ConfigError
from tests.support.command import morgue
from tests.support.styled_paper import free_port
from tests.support.web_view import viewing

ONE, OTHER = "https://archive.example", "https://archive.example:8443"


def pair(view, replay, *, with_token=False):
    return checked({"--origin": view, "--replay-origin": replay}, with_token=with_token)


def test_origins_follow_the_name_that_a_reader_uses_unless_they_are_stated():
    """Ports are those that we listen on."""
    origins = Origins((8001, 8002))
    assert origins.of_view("10.0.0.1") == "http://10.0.0.1:8001"
    assert origins.of_replay("10.0.0.1") == "http://10.0.0.1:8002"
    assert origins.of_replayweb("10.0.0.1") is None
    assert Origins((8001, 8002, 8003)).of_replayweb("10.0.0.1") == "http://10.0.0.1:8003"
    stated = Origins((8001, 8002, 8003), (ONE, OTHER, "https://archive.example:8444"))
    assert stated.of_replay("10.0.0.1") == OTHER
    assert stated.of_replayweb("10.0.0.1") == "https://archive.example:8444"


def test_origins_are_written_as_browsers_write_them():
    """Without a slash, capitals, or the port that the scheme implies."""
    assert pair("HTTPS://Archive.example:443/", f"{OTHER}/", with_token=True) == (ONE, OTHER)
    assert pair(ONE, "https://replay.example") == (ONE, "https://replay.example")
    assert pair(None, None, with_token=True) == (None, None)


REFUSED = [
    (ONE, None, False, "is not stated"),
    (None, ONE, False, "is not stated"),
    (ONE, f"{ONE}:443", False, "must not share"),
    (ONE, "http://archive.example:8080", False, "another scheme"),
    (ONE, "https://replay.example", True, "another name"),
    (f"{ONE}/path", OTHER, False, "is no origin"),
    ("archive.example", OTHER, False, "is no origin"),
    ("javascript://x", OTHER, False, "is no origin"),
    (f"{ONE}; x", OTHER, False, "is no origin"),
]  # fmt: skip


@pytest.mark.parametrize(("view", "replay", "with_token", "cause"), REFUSED)
def test_origins_that_cannot_work_are_refused(view, replay, with_token, cause):
    """Before anything is served."""
    with pytest.raises(ConfigError, match=cause):
        pair(view, replay, with_token=with_token)


def test_third_origin_is_stated_with_the_others():
    """As soon as replayweb.page is served."""
    with pytest.raises(ConfigError, match="--replayweb-origin"):
        checked({**{"--origin": ONE, "--replay-origin": OTHER}, "--replayweb-origin": None}, with_token=False)
    with pytest.raises(ConfigError, match="must not share"):
        checked({**{"--origin": ONE, "--replay-origin": OTHER}, "--replayweb-origin": OTHER}, with_token=False)


@pytest.mark.slow
def test_view_behind_a_server_with_tls(built):
    """Its links, its frames, its policies and its cookie are those of the stated origins."""
    refused = morgue("-C", built, "serve", "--port", "0", "--origin", ONE, "--replay-origin", OTHER)
    assert refused.returncode == 2
    assert "add --token TEXT, or --public if everybody may" in refused.stderr
    options = (
        "--origin",
        ONE,
        "--replay-origin",
        OTHER,
        "--token",
        "correct-horse",
        "--port",
        "0",
        "--replay-port",
        "0",
    )
    with viewing(built, *options) as told:
        assert told.url == ONE
    port = free_port()
    with viewing(built, *options[:-4], "--port", str(port), "--replay-port", "0") as told:
        view = told.at(f"http://127.0.0.1:{port}")
        moved = view.get("/search?token=correct-horse", Host="archive.example", X_Forwarded_Proto="http")
        assert "; Secure" in moved.headers["set-cookie"]
        cookie = moved.headers["set-cookie"].partition(";")[0]
        feed = view.get(
            "/search.atom?q=climate", Host="archive.example", Cookie=cookie, X_Forwarded_Host="evil.example"
        )
        links = re.findall(r'href="([^"]+)"', feed.text)
        assert links
        assert all(link.startswith(f"{ONE}/") for link in links)
        path = re.search(r'href="(/replay/[^"]+)"', view.get("/article/2", Cookie=cookie).text)[1]
        banner = view.get(path, Cookie=cookie)
        frame = re.search(r'<iframe src="([^"]+)"', banner.text)[1]
        assert frame.startswith(f"{OTHER}/page/")
        assert f"frame-src {OTHER}" in banner.headers["content-security-policy"]
        assert view.get("/", Host="evil.example", Cookie=cookie).status == 421

"""Test who is let in, and as whom the application sees a reader."""

from __future__ import annotations

import asyncio
import base64

import pytest

from exports.web.guard import COOKIE, MAX_ADDRESS_BYTES, Doorway, Guard

TOKEN = 'correct horse; \u00e9"battery\\'


class Asked:
    """Hold what became of a request: its answer, and the scope that the application saw, if it saw one."""

    def __init__(self, doorway: Doorway, target: str = "/", *, method: str = "GET", **headers: str) -> None:
        self.seen, self.sent = None, []
        path, _, query = target.partition("?")
        given = {"host": "127.0.0.1:8001"} | {name.replace("_", "-"): value for name, value in headers.items()}
        scope = {
            "type": "http", "method": method, "scheme": "http", "path": path, "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in given.items()],
        }  # fmt: skip
        asyncio.run(Guard(self.app, doorway, lambda name: {"x-name": name})(scope, None, self.send))

    async def app(self, scope, receive, send):
        self.seen = scope
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"archive"})

    async def send(self, message):
        self.sent.append(message)

    @property
    def status(self) -> int:
        return self.sent[0]["status"]

    @property
    def headers(self) -> dict[str, str]:
        return {name.decode(): value.decode("latin-1") for name, value in self.sent[0]["headers"]}


LOCAL = Doorway.at("127.0.0.1", 8001)
OPEN = Doorway.at("0.0.0.0", 8001, public=True)
CLOSED = Doorway.at("127.0.0.1", 8001, token=TOKEN)
BEHIND = Doorway.at("127.0.0.1", 8001, token=TOKEN, origin="https://archive.example")

HOSTS = [
    (LOCAL, "127.0.0.1:8001", True), (LOCAL, "LOCALHOST:8001", True), (LOCAL, "[::1]:8001", True),
    (LOCAL, "127.0.0.1", False), (LOCAL, "127.0.0.1:8002", False), (LOCAL, "evil.example:8001", False),
    (LOCAL, "", False),
    (LOCAL, "127.0.0.1:8001.evil.example", False), (LOCAL, "x@127.0.0.1:8001", False),
    (LOCAL, "2130706433:8001", False),
    (OPEN, "archive.example", True), (OPEN, "10.0.0.1:8001", True), (OPEN, "", False), (OPEN, '"><script>', False),
    (OPEN, "a\r\nSet-Cookie: x", False), (OPEN, "a b", False), (OPEN, "a/..", False), (OPEN, "\u00e9.example", False),
    (Doorway.at("0.0.0.0", 8001, public=True, origin="https://archive.example"), "archive.example", True),
    (Doorway.at("0.0.0.0", 8001, public=True, origin="https://archive.example"), "evil.example", False),
    (Doorway.at("127.0.0.1", 8001, public=True, origin="https://archive.example:8443"), "archive.example:8443", True),
    (Doorway.at("127.0.0.1", 8001, public=True, origin="https://archive.example:8443"), "127.0.0.1:8001", True),
]  # fmt: skip


@pytest.mark.parametrize(("doorway", "host", "is_let_in"), HOSTS)
def test_host_header_must_name_the_server(doorway, host, is_let_in):
    """A stated origin is checked also if everybody may read: there is one name, and it is known."""
    asked = Asked(doorway, host=host)
    assert (asked.status, asked.seen is not None) == ((200, True) if is_let_in else (421, False))


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "get", ""])
def test_other_methods_never_reach_the_application(method):
    """There is nothing that a page of others could make a browser do."""
    asked = Asked(LOCAL, method=method)
    assert (asked.status, asked.seen) == (405, None)


def test_address_has_a_greatest_length():
    """Path and query together."""
    assert Asked(LOCAL, "/?" + "x" * (MAX_ADDRESS_BYTES - 1)).status == 200
    assert Asked(LOCAL, "/?" + "x" * MAX_ADDRESS_BYTES).status == 414


def quoted(text):
    from urllib.parse import quote

    return quote(text, safe="")


def basic(password):
    return "Basic " + base64.b64encode(f"reader:{password}".encode()).decode()


def test_token_moves_into_a_cookie_that_does_not_hold_it():
    """Whatever characters it has; other programs on this machine, which get the cookie too, do not learn it."""
    moved = Asked(CLOSED, f"/search?q=a%20b&token={quoted(TOKEN)}")
    assert (moved.status, moved.headers["location"], moved.seen) == (303, "/search?q=a+b", None)
    name, _, value = moved.headers["set-cookie"].partition(";")[0].partition("=")
    assert (name, value.isalnum(), TOKEN[:7] in value) == (f"{COOKIE}_8001", True, False)
    assert "; Path=/; HttpOnly; SameSite=Strict" in moved.headers["set-cookie"]
    assert "Secure" not in moved.headers["set-cookie"]
    assert "Secure" in Asked(BEHIND, f"/?token={quoted(TOKEN)}").headers["set-cookie"]
    assert Asked(CLOSED, cookie=f"{name}={value}").status == 200
    other = Doorway.at("127.0.0.1", 8001, token="another-token")
    assert Asked(other, cookie=f"{name}={value}").status == 401


REFUSED = [
    {"cookie": f"{COOKIE}=x"}, {"cookie": f"{COOKIE}="}, {"cookie": f'{COOKIE}="\\377"'}, {"cookie": "=;=,\x7f"}, {},
    {"authorization": "Bearer"}, {"authorization": "Bearer wrong"}, {"authorization": basic("wrong")},
    {"authorization": "Basic \xff"}, {"authorization": "Basic ===="}, {"authorization": "Digest x"},
]  # fmt: skip


@pytest.mark.parametrize("headers", REFUSED)
def test_stranger_without_the_token_sees_nothing(headers):
    """Also with a cookie or a password that cannot be read."""
    asked = Asked(CLOSED, "/article/1", **headers)
    assert (asked.status, asked.seen) == (401, None)


def test_browser_without_the_token_gets_a_field_for_it():
    """With what else was asked; it says if the token was a wrong one."""
    asked = Asked(CLOSED, "/search?q=a%22b&token=wrong", accept="text/html,*/*")
    text = asked.sent[1]["body"].decode()
    assert (asked.status, asked.headers["content-type"]) == (401, "text/html; charset=utf-8")
    assert "is not the one of this archive" in text
    assert '<input name="token"' in text
    assert 'name="q" value="a&quot;b"' in text
    assert "asks for a token" in Asked(CLOSED, accept="text/html").sent[1]["body"].decode()


def test_feed_reader_knows_the_token_as_a_password():
    """It is asked for one where a feed is; a browser is not, which would ask for each frame again."""
    doorway = Doorway.at("127.0.0.1", 8001, token="correct-horse")
    assert Asked(doorway, "/search.atom").headers["www-authenticate"].startswith("Basic")
    assert Asked(doorway, "/search").headers["www-authenticate"] == "Bearer"
    assert Asked(doorway, "/search.atom", authorization=basic("correct-horse")).status == 200
    assert Asked(doorway, "/search.atom", authorization="Bearer correct-horse").status == 200


def test_token_in_an_address_never_reaches_the_application():
    """Else the links of a page and of a feed to itself would have it."""
    cookie = f"{COOKIE}_8001={CLOSED.cookie}"
    assert Asked(CLOSED, f"/search?token={quoted(TOKEN)}", cookie=cookie).status == 303
    assert Asked(CLOSED, "/search.atom?token=wrong", cookie=cookie).seen is None


def test_feed_is_answered_directly_if_its_address_has_the_token():
    """Feed readers follow a redirect without the cookie that it sets. The feed does not learn the token."""
    asked = Asked(CLOSED, f"/search.atom?q=a%20b&token={quoted(TOKEN)}&source=x")
    assert (asked.status, asked.seen["query_string"]) == (200, b"q=a+b&source=x")
    assert "set-cookie" not in asked.headers
    assert Asked(CLOSED, f"/search.atom?token={quoted(TOKEN)}&token=wrong").status == 401


@pytest.mark.parametrize("token", ["a;b&c#d e", "ключ от архива", "12345678", '"quoted\\"', "a+b=c%20d"])
def test_token_of_any_characters_opens_all_doors(token):
    """In an address, a cookie, a password, and a header, which has bytes: a program writes UTF-8 into it."""
    doorway = Doorway.at("127.0.0.1", 8001, token=token)
    moved = Asked(doorway, f"/?token={quoted(token)}")
    assert moved.status == 303
    assert Asked(doorway, cookie=moved.headers["set-cookie"].partition(";")[0]).status == 200
    assert Asked(doorway, "/search.atom", authorization=basic(token)).status == 200
    assert Asked(doorway, authorization="Bearer " + token.encode().decode("latin-1")).status == 200


def test_archives_on_ports_of_one_host_do_not_take_each_others_cookie():
    """Browsers give a cookie to all ports. The replay of an archive has that of its view."""
    one, other = (Doorway.at("127.0.0.1", port, token=f"the token of {port}") for port in (8001, 8011))
    replay = Doorway.at("127.0.0.1", 8002, token="the token of 8001", view_port=8001)
    kept = "; ".join(f"{door.cookie_name}={door.cookie}" for door in (one, other))
    assert one.cookie_name != other.cookie_name
    for door, port in ((one, 8001), (other, 8011), (replay, 8002)):
        assert Asked(door, cookie=kept, host=f"127.0.0.1:{port}").status == 200


@pytest.mark.parametrize(
    "path", ["//evil.example/", "/\\evil.example/", "\\\\evil.example", "///\\/evil.example", "http://evil.example"]
)
def test_redirect_stays_here(path):
    """Browsers read `//` and `/\\` at the beginning of a Location as the name of another server."""
    place = Asked(CLOSED, f"{path}?token={quoted(TOKEN)}").headers["location"]
    assert place.startswith("/")
    assert place[1] not in "/\\"


def test_application_sees_the_stated_origin():
    """Not what the request says: neither a Host header nor one that a proxy may pass on from a reader."""
    cookie = f"{COOKIE}_8001={BEHIND.cookie}"
    for headers in (
        {},
        {"host": "archive.example"},
        {"x_forwarded_host": "evil.example", "x_forwarded_proto": "gopher"},
    ):
        asked = Asked(BEHIND, "/", cookie=cookie, **headers)
        assert (asked.seen["scheme"], dict(asked.seen["headers"])[b"host"]) == ("https", b"archive.example")
        assert asked.headers["x-name"] == "archive.example"

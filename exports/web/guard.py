"""Refuse requests that no reader of the archive makes, before anything is asked of it, and set the safety headers.

It answers GET and HEAD only, so that no other site can make a browser change anything. The Host header must name an
address that we serve, or a page of a stranger could read the archive through a name of theirs that leads here (DNS
rebinding). No header allows another origin to read an answer (CORS).
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from html import escape
from http.cookies import CookieError, SimpleCookie
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, urlencode, urlsplit

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

MAX_ADDRESS_BYTES = 8_192  # of path and query
COOKIE = "morgue_token"  # beginning of its name; browsers give a cookie to all ports of a host
FEED = ".atom"
HOST = re.compile(r"([\w.-]+|\[[0-9a-fA-F:.]+\])(?::\d{1,5})?", re.ASCII)
ASKING_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Token · Newsmorgue</title></head>
<body><h1>Newsmorgue</h1><p>{why} Who runs it can tell you the token.</p>
<form>{kept}<label>Token <input name="token" type="password" required autofocus></label> <button>Open</button></form>
</body></html>"""
FORM_ONLY = (("content-security-policy", "default-src 'none'; form-action 'self'; frame-ancestors 'none'"),)
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True, slots=True)
class Doorway:
    """Hold who may ask."""

    hosts: frozenset[str]  # names in Host headers, with the port; empty: any (`--public`)
    token: str | None = None  # that each request must know
    origin: str | None = None  # that readers ask, if it is not told by the Host header
    cookie_name: str = COOKIE

    @classmethod
    def at(
        cls,
        host: str,
        port: int,
        *,
        token: str | None = None,
        public: bool = False,
        origin: str | None = None,
        view_port: int | None = None,
    ) -> Doorway:
        """Return the doorway of a server at one address. An address of all interfaces has no name to check.

        `view_port`: of the view, if this is another port. Both have the same cookie, and other archives have others.
        """  # fmt: skip
        cookie = f"{COOKIE}_{view_port or port}"
        is_open = public or host in ("0.0.0.0", "::")  # noqa: S104 compared, not bound
        if is_open and not origin:
            return cls(frozenset(), token, cookie_name=cookie)
        name = f"[{host}]" if ":" in host else host
        names = {name, *LOOPBACK_NAMES} if name in LOOPBACK_NAMES else {name}
        known = {one if port == 80 else f"{one}:{port}" for one in names}
        if origin:  # a server in front of us may pass on the Host header of its reader, or name us
            known.add(urlsplit(origin).netloc)
        return cls(frozenset(known), token, origin, cookie)

    @property
    def cookie(self) -> str:
        """Return the value of the cookie of who knows the token: made of it, and fit for a cookie whatever it holds."""
        return hmac.digest((self.token or "").encode(), COOKIE.encode(), "sha256").hex()

    def knows(self, host: str) -> bool:
        """Return True if a Host header names this server."""
        return host.lower() in self.hosts if self.hosts else HOST.fullmatch(host) is not None


def name_in(host: str) -> str:
    """Return the name in a Host header, without the port; "localhost" for what is no name."""
    found = HOST.fullmatch(host)
    return found[1] if found else "localhost"


class Guard:
    """Wrap an application: refuse, or let pass and add headers to the answer."""

    def __init__(self, app: App, doorway: Doorway, headers: Callable[[str], Mapping[str, str]]) -> None:
        """`headers`: what every answer says, for the name by which a reader reaches us."""
        self.app, self.doorway, self._headers_at = app, doorway, headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI 3)."""
        assert scope["type"] == "http"  # the server is told to know no other
        given = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        refusal = self._refusal(scope, given)
        if refusal is not None:
            await _answer(send, *refusal)
            return
        asked = parse_qsl((scope.get("query_string") or b"").decode("latin-1"), keep_blank_values=True)
        tokens = [value for key, value in asked if key == "token"]
        if self.doorway.token is not None and (tokens or not self._knows_token(given)):
            rest = urlencode([one for one in asked if one[0] != "token"])
            if not (tokens and self._is_token(tokens[-1]) and scope["path"].endswith(FEED)):
                await self._ask_for_token(scope, send, tokens, rest)
                return
            # A feed reader keeps no cookie. The feed does not repeat the token.
            scope["query_string"] = rest.encode()
        if self.doorway.origin is not None:
            _rename(scope, self.doorway.origin)
        name = name_in(dict(scope["headers"]).get(b"host", b"").decode("latin-1"))
        added = [(key.lower().encode(), value.encode()) for key, value in self._headers_at(name).items()]

        async def guarded(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                own = {name for name, _ in message.get("headers", ())}
                message["headers"] = [*message.get("headers", ()), *(one for one in added if one[0] not in own)]
            await send(message)

        await self.app(scope, receive, guarded)

    def _refusal(self, scope: Scope, given: Mapping[str, str]) -> tuple[int, str] | None:
        if scope["method"] not in ("GET", "HEAD"):
            return 405, "Only GET and HEAD: nothing can be changed here."
        if not self.doorway.knows(given.get("host", "")):
            return 421, "The Host header names no address of this server."
        if len(scope.get("raw_path") or b"") + len(scope.get("query_string") or b"") > MAX_ADDRESS_BYTES:
            return 414, f"The address is longer than {MAX_ADDRESS_BYTES:,} bytes."
        return None

    def _knows_token(self, given: Mapping[str, str]) -> bool:
        scheme, _, value = given.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            # A header has bytes; ours were read as Latin-1. Programs write UTF-8 into it, or Latin-1.
            return self._is_token(value.strip()) or self._is_token(_as_utf8(value.strip()))
        if scheme.lower() == "basic":  # feed readers know no other way
            return self._is_token(_password(value))
        return _is_same(_cookie(given.get("cookie", ""), self.doorway.cookie_name), self.doorway.cookie)

    def _is_token(self, value: str) -> bool:
        return _is_same(value, self.doorway.token or "")

    async def _ask_for_token(self, scope: Scope, send: Send, tokens: list[str], rest: str) -> None:
        """Take the token of `?token=...`, which is then in a cookie and no longer in the address; else refuse."""
        if tokens and self._is_token(tokens[-1]):
            path = (scope.get("raw_path") or b"/").decode("latin-1")
            secure = "; Secure" if (self.doorway.origin or "").startswith("https:") else ""
            cookie = f"{self.doorway.cookie_name}={self.doorway.cookie}; Path=/; HttpOnly; SameSite=Strict{secure}"
            # Browsers read `//` and `/\\` at the beginning as the name of another server.
            place = "/" + path.lstrip("/\\") + (f"?{rest}" if rest else "")
            await _answer(send, 303, "The token is known.", (("set-cookie", cookie), ("location", place)))
            return
        is_feed = scope["path"].endswith(FEED)
        scheme = ("www-authenticate", 'Basic realm="archive"' if is_feed else "Bearer")
        why = "This token is not the one of this archive." if tokens else "This archive asks for a token."
        if is_feed or b"text/html" not in dict(scope["headers"]).get(b"accept", b""):
            how = "Add ?token=... to the address, or send Authorization: Bearer ..."
            await _answer(send, 401, f"{why} {how}", (scheme,))
            return
        kept = "".join(f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
                       for name, value in parse_qsl(rest, keep_blank_values=True))  # fmt: skip
        await _answer(send, 401, ASKING_PAGE.format(why=why, kept=kept), (scheme, *FORM_ONLY), "text/html")


def _is_same(given: str, expected: str) -> bool:
    """Compare in a time that does not tell how much of it is right."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())


def _rename(scope: Scope, origin: str) -> None:
    """Have the application see the origin that readers ask, of which it makes absolute links."""
    parts = urlsplit(origin)
    scope["scheme"] = parts.scheme
    scope["headers"] = [*(one for one in scope["headers"] if one[0] != b"host"), (b"host", parts.netloc.encode())]


def _password(text: str) -> str:
    """Return the password of Basic authentication (RFC 7617); the name before it means nothing."""
    try:
        return base64.b64decode(text, validate=True).decode().partition(":")[2]
    except ValueError:
        return ""


def _as_utf8(text: str) -> str:
    return text.encode("latin-1").decode("utf-8", "replace")


def _cookie(text: str, name: str) -> str:
    try:
        found = SimpleCookie(text).get(name)
    except CookieError:
        return ""
    return found.value if found is not None else ""


async def _answer(
    send: Send, status: int, text: str, more: tuple[tuple[str, str], ...] = (), kind: str = "text/plain"
) -> None:
    body = f"{text}\n".encode()
    headers = [
        ("content-type", f"{kind}; charset=utf-8"), ("content-length", str(len(body))),
        ("x-content-type-options", "nosniff"), ("cache-control", "no-store"), ("referrer-policy", "no-referrer"), *more,
    ]  # fmt: skip
    if status == 405:
        headers.append(("allow", "GET, HEAD"))
    encoded = [(name.encode(), value.encode("latin-1", "replace")) for name, value in headers]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": body})

"""Refuse requests that no reader of the archive makes, before anything is asked of it, and set the safety headers.

It answers GET and HEAD only, so that no other site can make a browser change anything. The Host header must name an
address that we serve, or a page of a stranger could read the archive through a name of theirs that leads here (DNS
rebinding). No header allows another origin to read an answer (CORS).
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, urlencode

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

MAX_ADDRESS_BYTES = 8_192  # of path and query
COOKIE = "morgue_token"
HOST = re.compile(r"([\w.-]+|\[[0-9a-fA-F:.]+\])(?::\d{1,5})?", re.ASCII)
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True, slots=True)
class Doorway:
    """Hold who may ask."""

    hosts: frozenset[str]  # names in Host headers, with the port; empty: any (`--public`)
    token: str | None = None  # that each request must know

    @classmethod
    def at(cls, host: str, port: int, *, token: str | None = None, public: bool = False) -> Doorway:
        """Return the doorway of a server at one address. An address of all interfaces has no name to check."""
        if public or host in ("0.0.0.0", "::"):  # noqa: S104 compared, not bound
            return cls(frozenset(), token)
        name = f"[{host}]" if ":" in host else host
        names = {name, *LOOPBACK_NAMES} if name in LOOPBACK_NAMES else {name}
        return cls(frozenset(one if port == 80 else f"{one}:{port}" for one in names), token)


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
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        refusal = self._refusal(scope, given)
        if refusal is not None:
            await _answer(send, *refusal)
            return
        if self.doorway.token is not None and not self._knows_token(given):
            await self._ask_for_token(scope, send)
            return

        name = name_in(given.get("host", ""))
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
        if self.doorway.hosts and given.get("host", "").lower() not in self.doorway.hosts:
            return 421, "The Host header names no address of this server."
        if len(scope.get("raw_path") or b"") + len(scope.get("query_string") or b"") > MAX_ADDRESS_BYTES:
            return 414, f"The address is longer than {MAX_ADDRESS_BYTES:,} bytes."
        return None

    def _knows_token(self, given: Mapping[str, str]) -> bool:
        scheme, _, value = given.get("authorization", "").partition(" ")
        return self._is_token(value.strip() if scheme.lower() == "bearer" else _cookie(given.get("cookie", "")))

    def _is_token(self, value: str) -> bool:
        return hmac.compare_digest(value.encode("utf-8", "replace"), (self.doorway.token or "").encode())

    async def _ask_for_token(self, scope: Scope, send: Send) -> None:
        """Take the token of `?token=...`, which is then in a cookie and no longer in the address; else refuse."""
        asked = parse_qsl((scope.get("query_string") or b"").decode("latin-1"), keep_blank_values=True)
        tokens = [value for name, value in asked if name == "token"]
        if tokens and self._is_token(tokens[-1]):
            rest = urlencode([one for one in asked if one[0] != "token"])
            path = (scope.get("raw_path") or b"/").decode("latin-1")
            cookie = f"{COOKIE}={tokens[-1]}; Path=/; HttpOnly; SameSite=Strict"
            place = "/" + path.lstrip("/") + (f"?{rest}" if rest else "")
            await _answer(send, 303, "The token is known.", (("set-cookie", cookie), ("location", place)))
            return
        text = "This archive asks for a token: add ?token=... to the address, or send Authorization: Bearer ..."
        await _answer(send, 401, text, (("www-authenticate", "Bearer"),))


def _cookie(text: str) -> str:
    try:
        found = SimpleCookie(text).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found is not None else ""


async def _answer(send: Send, status: int, text: str, more: tuple[tuple[str, str], ...] = ()) -> None:
    body = f"{text}\n".encode()
    headers = [
        ("content-type", "text/plain; charset=utf-8"), ("content-length", str(len(body))),
        ("x-content-type-options", "nosniff"), ("cache-control", "no-store"), ("referrer-policy", "no-referrer"), *more,
    ]  # fmt: skip
    if status == 405:
        headers.append(("allow", "GET, HEAD"))
    encoded = [(name.encode(), value.encode("latin-1", "replace")) for name, value in headers]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": body})

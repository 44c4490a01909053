"""Say by which addresses a reader's browser reaches the view and the captured pages, which must not be the same."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from pipelines.core.errors import ConfigError

ORIGIN = re.compile(r"https?://(?:[\w.-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Origins:
    """Hold the ports that we listen on, and the origins that were stated because a server stands in front of us."""

    view_port: int
    replay_port: int
    view: str | None = None  # such as https://archive.example
    replay: str | None = None

    def of_view(self, name: str) -> str:
        """Return the origin of the view. `name`: by which a reader reaches us."""
        return self.view or f"http://{name}:{self.view_port}"

    def of_replay(self, name: str) -> str:
        """Return the origin of captured pages."""
        return self.replay or f"http://{name}:{self.replay_port}"


def stated_origin(option: str, given: str) -> str:
    """Return an origin as browsers write it, without the port that its scheme implies. Raises ConfigError."""
    origin = given.strip().rstrip("/").lower()
    if not ORIGIN.fullmatch(origin):
        raise ConfigError(f"{option} {given}", "is no origin", f"write {option} https://archive.example")
    return origin.removesuffix(":443" if origin.startswith("https:") else ":80")


def checked_pair(view: str | None, replay: str | None, *, with_token: bool) -> tuple[str | None, str | None]:
    """Return the stated origins of the view and of captured pages. Raises ConfigError if they cannot work together."""
    if not view and not replay:
        return None, None
    if not view or not replay:
        cause = "is stated alone, and captured pages must not share an origin with the view"
        raise ConfigError("--origin" if view else "--replay-origin", cause, "state both, --origin and --replay-origin")
    one, other = stated_origin("--origin", view), stated_origin("--replay-origin", replay)
    if one == other:
        cause = "is the origin of the view, which what was captured must not share"
        raise ConfigError(f"--replay-origin {replay}", cause, "use another port or name")
    if urlsplit(one).scheme != urlsplit(other).scheme:
        cause = "has another scheme than the view, and browsers do not show one in the other"
        raise ConfigError(f"--replay-origin {replay}", cause, "use https for both, or http for both")
    if with_token and urlsplit(one).hostname != urlsplit(other).hostname:
        cause = "has another name than the view, so the browser would not give it the token"
        raise ConfigError(f"--replay-origin {replay}", cause, "use the same name and another port")
    return one, other

"""Say by which addresses a reader's browser reaches the view and the captured pages, which must not be the same."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from pipelines.core.errors import ConfigError

ORIGIN = re.compile(r"https?://(?:[\w.-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Origins:
    """Hold by what readers reach the view, captured pages and, if it is served, replayweb.page."""

    ports: tuple[int, ...]  # that we listen on
    stated: tuple[str | None, ...] = (
        None,
        None,
        None,
    )  # if a server is in front: https://archive.example

    def of_view(self, name: str) -> str:
        """Return the origin of the view. `name`: by which a reader reaches us."""
        return self._origin(0, name)

    def of_replay(self, name: str) -> str:
        """Return the origin of captured pages."""
        return self._origin(1, name)

    def of_replayweb(self, name: str) -> str | None:
        """Return the origin of replayweb.page; None if it is not served."""
        return self._origin(2, name) if self.has_replayweb else None

    @property
    def has_replayweb(self) -> bool:
        """Return True if replayweb.page is served."""
        return len(self.ports) > 2

    def _origin(self, at: int, name: str) -> str:
        return self.stated[at] or f"http://{name}:{self.ports[at]}"


def stated_origin(option: str, given: str) -> str:
    """Return an origin as browsers write it, without the port that its scheme implies. Raises ConfigError."""
    origin = given.strip().rstrip("/").lower()
    if not ORIGIN.fullmatch(origin):
        raise ConfigError(f"{option} {given}", "is no origin", f"write {option} https://archive.example")
    return origin.removesuffix(":443" if origin.startswith("https:") else ":80")


def checked(stated: Mapping[str, str | None], *, with_token: bool) -> tuple[str | None, ...]:
    """Return the stated origins of the view and of what was captured, by option.

    Raises ConfigError if they cannot work together.
    """
    if not any(stated.values()):
        return tuple(None for _ in stated)
    for option, given in stated.items():
        if not given:
            cause = "is not stated, and captured pages must not share an origin with the view"
            raise ConfigError(option, cause, f"state all of {', '.join(stated)}")
    origins = {option: stated_origin(option, given or "") for option, given in stated.items()}
    view = next(iter(origins.values()))
    for at, (option, origin) in enumerate(origins.items()):
        if origin in list(origins.values())[:at]:
            cause = "is the origin of something else, which what was captured must not share"
            raise ConfigError(f"{option} {origin}", cause, "use another port or name")
        if urlsplit(origin).scheme != urlsplit(view).scheme:
            cause = "has another scheme than the view, and browsers do not show one in the other"
            raise ConfigError(f"{option} {origin}", cause, "use https for all, or http for all")
        if with_token and urlsplit(origin).hostname != urlsplit(view).hostname:
            cause = "has another name than the view, so the browser would not give it the token"
            raise ConfigError(f"{option} {origin}", cause, "use the same name and another port")
    return tuple(origins.values())

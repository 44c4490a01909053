"""Make regular expressions that are compiled when they are first used.

Large patterns take milliseconds to compile, most processes use few of them, and a process starts for every crawl.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, cast


class LazyPattern:
    """Stand in for a compiled pattern. Each of its attributes is that of the pattern, and is looked up there once."""

    def __init__(self, compiled: Callable[[], re.Pattern[str]]) -> None:
        self._compiled = compiled

    def __getattr__(self, name: str) -> Any:
        if "_pattern" not in self.__dict__:
            self._pattern = self._compiled()
        value = getattr(self._pattern, name)
        self.__dict__[name] = value
        return value


def lazily(compiled: Callable[[], re.Pattern[str]]) -> re.Pattern[str]:
    """Return what `compiled` returns, made when one of its methods is first called.

    The functions of the module `re` do not take it, only its own methods.
    """
    return cast("re.Pattern[str]", LazyPattern(compiled))


def lazy_pattern(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """Return a pattern that is compiled when one of its methods is first called."""
    return lazily(lambda: re.compile(pattern, flags))

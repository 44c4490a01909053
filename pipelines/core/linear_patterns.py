"""Search text for regular expressions of a source, in time that grows with the length of the text only.

Patterns come from sources/*.toml, which may be a stranger's, and texts from any page. Python's `re` needs 2^n steps for
`(a+)+$` and n letters, and cannot be interrupted meanwhile. RE2 never goes back: it has no look-around and no
back references.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import re2

MAX_PATTERN_CHARS = 1000
MAX_PATTERN_BYTES = 1 << 18  # of memory for a compiled pattern
MAX_PATTERN_STEPS = 1000  # instructions of a compiled pattern: each letter of a text costs at most as many
LOOKS_AROUND = ("(?=", "(?!", "(?<=", "(?<!")


@lru_cache(maxsize=1024)
def compiled(pattern: str, *, any_case: bool = False) -> Any:
    """Return a pattern, which has the methods of a pattern of `re`. Raises ValueError that says what is wrong."""
    if len(pattern) > MAX_PATTERN_CHARS:
        raise ValueError(f"is longer than {MAX_PATTERN_CHARS:,} characters")
    options = re2.Options()
    options.max_mem, options.log_errors, options.case_sensitive = MAX_PATTERN_BYTES, False, not any_case
    try:
        found = re2.compile(pattern, options)
    except (re2.error, UnicodeEncodeError) as error:
        why = error.args[0].decode(errors="replace") if isinstance(error.args[0], bytes) else str(error)
        if any(sign in pattern for sign in LOOKS_AROUND):
            why = "it has no look-ahead and no look-behind; exclude can say what include must not match"
        raise ValueError(f"is not a regular expression of RE2 ({why})") from None
    if found.programsize > MAX_PATTERN_STEPS:
        raise ValueError("is too large when its repetitions are written out")
    return found


def encodable(text: str) -> str:
    """Return a text as RE2 takes it, without lone surrogates."""
    return text if text.isascii() else text.encode(errors="replace").decode()


def matching(patterns: Iterable[str], text: str) -> bool:
    """Return True if a text contains a match for one of the patterns."""
    return any(compiled(pattern).search(encodable(text)) is not None for pattern in patterns)

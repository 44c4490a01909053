"""Read an address as people paste it: which text is one, and under which keys an article may be filed. Pure."""

from __future__ import annotations

import re

from pipelines.core.languages.lazy_patterns import lazy_pattern

# A host alone is a word.
ADDRESS = re.compile(
    r"(?i)(?:https?:/+[^\s/]\S*|(?://)?(?:(?:[\w-]+\.)+(?:[^\W\d_]{2,}|xn--[\w-]+)\.?(?::[0-9]+)?|[\w.-]+:[0-9]+)/\S*)"
)
HOST = lazy_pattern(r"(?:[\w-]+\.)+(?:[^\W\d_]{2,}|xn--[\w-]+)(?::[0-9]+)?")
OPENING = "<([{\"'“„‟‘‚«‹「『《（"
CLOSING = ">)]}\"'”“’»›」』》）.,;:!?…。，；："
MAX_SIGNS = 8  # taken off the end of an address
HOST_LABEL = lazy_pattern(r"^//(?:www|m|mobile|amp)\.(?=[^/]+\.)")
AMP = lazy_pattern(r"(?<=[^/])/amp(?=/)|(?<=[^/]/)amp$|\.amp(?=\.html?$|$)|(?<=\?)amp(?:=1)?$")


def is_address(query: str) -> bool:
    """Return True if a query is one address, as people paste it: with a scheme, or a host and a path.

    It may be in quotes, brackets or parentheses, and have the signs of a sentence at its end.
    """
    return ADDRESS.fullmatch(address_within(query)) is not None


def is_host(query: str) -> bool:
    """Return True if a query is the name of a host, which is a word, too."""
    return HOST.fullmatch(query.strip()) is not None


def address_within(text: str) -> str:
    """Return a text without the signs around it that are no part of an address."""
    return _stripped(text)[-1]


def as_given(wanted: str) -> str:
    """Return an argument as text that can be looked up. Bytes that are not UTF-8 are percent-encoded."""
    from pipelines.core.urls import address_in

    return wanted if wanted.isascii() else address_in(wanted.encode("utf-8", "surrogateescape"))


def spellings(url: str) -> list[str]:
    """Return spellings of an address as people copy it: without fragment, with or without scheme and final slash.

    The first are those of the text as it is, the last those without the signs around it.
    """
    found = []
    for text in _stripped(url):
        bare = text.partition("#")[0]
        rest = re.sub("^(?:https?:)?//", "", bare, flags=re.IGNORECASE)
        forms = (bare, f"https://{rest}", f"http://{rest}")
        found += [spelling for form in forms for spelling in (form, form.rstrip("/"), form + "/")]
    return list(dict.fromkeys(found))


def normalised(spellings: list[str]) -> list[str]:
    """Return the keys of the addresses among some texts, without tracking parameters; with and without final slash."""
    from pipelines.core.urls import key_or_none  # takes a millisecond or two, which most searches need not pay

    keys = filter(None, map(key_or_none, spellings))  # a text that is no address is not found
    return list(dict.fromkeys(form for key in keys for form in (key, _other_slash(key))))


def neighbours(keys: list[str]) -> list[str]:
    """Return other keys that an address may have: without the mark of AMP pages, on `www.` and `m.` of its site."""
    plain = [AMP.sub("", key).rstrip("?") for key in keys if AMP.search(key)]
    forms = [*keys, *(form for key in plain for form in (key, _other_slash(key)))]
    bare = dict.fromkeys(HOST_LABEL.sub("//", key) for key in forms)
    labelled = [key.replace("//", f"//{label}", 1) for key in bare for label in ("", "www.", "m.")]
    return [key for key in dict.fromkeys(labelled) if key not in keys]


def _other_slash(key: str) -> str:
    """Return a key with a slash at the end of its path, or without it if it has one."""
    path, mark, query = key.partition("?")
    return (path.rstrip("/") if path.endswith("/") else f"{path}/") + mark + query


def _stripped(text: str) -> list[str]:
    """Return a text as it is, then without the signs around it, one at its end after the other."""
    found = [text, text.strip(), text.strip().lstrip(OPENING)]
    while found[-1] and found[-1][-1] in CLOSING and len(found) < MAX_SIGNS:
        found.append(found[-1][:-1])
    return list(dict.fromkeys(found))

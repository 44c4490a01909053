"""Find the names of a site, which are cut off headlines and are no persons."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from pipelines.extraction.page import jsonld
from pipelines.extraction.page.declared import SITE_METAS, DeclaredMetadata

ARCHIVE = re.compile(r"^https?://web\.archive\.org/web/\d+\w*/")  # an archived page's links lead through the archive
ARTICLE_WORD = re.compile(r"^(?:the|der|die|das|le|la|les|el|il|lo|de|het)(?=\w{4})")
# A host in the place of a name. The last words are endings of files, which headlines name, too.
HOST_NAME = re.compile(r"(?:www\.)?(?:[\w-]{1,60}\.){1,4}(?!(?:js|py|ts|rs|md|exe|net|zip|pdf)$)[a-z]{2,12}")
SUFFIX_LABELS = frozenset(("com", "co", "org", "net", "ac", "gov", "edu", "www", "blog", "news"))  # name no site
MAX_NAME_WORDS = 6


@dataclass(frozen=True, slots=True)
class SiteNames:
    """Hold the names of a site, as words without spaces: "thepaper", "paper", "paper.example"."""

    names: frozenset[str]
    host: str  # without dots and hyphens
    labels: tuple[str, ...] = ()  # the parts of the host that may name the site, without hyphens

    def is_called(self, text: str) -> bool:
        """Return whether `text` is a name of the site, and no more."""
        word = joined(text)
        if not word:
            return False
        if word in self.names or ARTICLE_WORD.sub("", word) in self.names or (len(word) >= 6 and word in self.host):
            return True
        return "." in text and HOST_NAME.fullmatch(text.strip()) is not None

    def is_called_in_short(self, text: str) -> bool:
        """Return whether `text` is a name of the site or the beginning of one."""
        word = joined(text)
        return self.is_called(text) or (len(word) >= 4 and any(name.startswith(word) for name in self.names))

    def is_extended(self, text: str) -> bool:
        """Return whether `text` is a name of the site and one word more: "Bay Courier Digital"."""
        words = jsonld.same_words(text).split()
        word = "".join(words)
        if len(words) == 1:
            return any(
                name[0] > "\u3040" and word.startswith(name) and len(word) <= 2 * len(name) + 2
                for name in self.names
                if len(name) >= 3
            )
        return any(part in self.names for part in ("".join(words[:-1]), "".join(words[1:])) if len(part) >= 5)

    def is_called_like(self, text: str) -> bool:
        """Return whether `text` is the name of the site in other words: longer, or spelled out.

        For what a bar sets off in a title, where the name of the site is expected.
        """
        words = jsonld.same_words(text).split()
        if not 1 <= len(words) <= MAX_NAME_WORDS:
            return False
        word, initials = "".join(words), "".join(word[0] for word in words)
        if any(len(name) >= 4 and (word.startswith(name) or word.endswith(name)) for name in self.names):
            return True
        return any(
            (len(word) >= 4 and (label.startswith(word) or label.endswith(word)))
            or (len(words[0]) >= 5 and label.startswith(words[0]))
            or initials.startswith(label)
            for label in self.labels
        )


def names_of_site(page: DeclaredMetadata, name: str | None, shown: Iterable[str]) -> SiteNames:
    """Return the names of the site of a page.

    `name`: the declared name; `shown`: headings that are printed as links to its home page.
    """
    host = (urlsplit(ARCHIVE.sub("", page.canonical or page.url)).hostname or "").removeprefix("www.")
    labels = host.split(".")
    ends = [".".join(labels[at:]) for at in range(len(labels) - 1)]  # blog.paper.example, paper.example
    names = [name, jsonld.text(page.article.get("publisher"), "name"), *page.meta(SITE_METAS), *shown, *ends]
    names += [end.rpartition(".")[0] for end in ends] + labels[:1] + [host.rsplit(".", 2)[0]]
    # If the site has the same name as its article, the page made a mistake.
    own = {joined(words) for words in page.headlines if len(words.split()) > 3}
    words = {word for name in names if name and (word := joined(name)) and word not in own - set(map(joined, shown))}
    inner = tuple(re.sub(r"\W", "", label) for label in labels[:-1] if len(label) > 2 and label not in SUFFIX_LABELS)
    return SiteNames(frozenset(words | {ARTICLE_WORD.sub("", word) for word in words}), re.sub(r"\W", "", host), inner)


def joined(text: str) -> str:
    """Return the words of a name without spaces, in lower case."""
    return jsonld.same_words(text).replace(" ", "")


def is_home(address: str | None) -> bool:
    """Return whether a link leads to the home page."""
    if address is None:
        return False
    try:
        parts = urlsplit(ARCHIVE.sub("", address.strip()))
    except ValueError:
        return False
    return not parts.query and parts.path.strip("/").lower() in ("", "index.html", "index.php", "home")

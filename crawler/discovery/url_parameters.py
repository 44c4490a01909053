"""Find in the parameters of a URL the number of an article. Pure."""

from __future__ import annotations

from urllib.parse import unquote

from crawler.discovery import url_words as words


def parameters_of(query: str) -> dict[str, str]:
    """Return the parameters of a query, decoded and in lower case."""
    parts = (part.lower().partition("=") for part in query.split("&") if part)
    return {unquote(name): unquote(value) for name, _, value in parts}


def view_of(values: dict[str, str]) -> str | None:
    """Return what Joomla shows at an address: "article", "category"."""
    return values.get("view") or values.get("task")


def id_parameters(values: dict[str, str]) -> list[str]:
    """Return the names of the parameters that may hold the number of an article, in the order of the URL."""
    names = [name for name in values if name in words.ARTICLE_ID_PARAMETERS]
    return [name for name in names if name != "itemid"] if "option" in values else names  # that of a menu in Joomla


def number_of_article(values: dict[str, str], page: str, ending: str) -> str | None:
    """Return the name of the parameter that is the number of an article; None if there is none.

    `page`, `ending`: those of the path. A number of any length is one if the parameter or the page is named for
    articles: ?newsid=7, /article.php?id=7.
    """
    if view_of(values) in words.LIST_NAMES or (ending and page in words.LIST_NAMES):
        return None
    of_articles = bool(ending) and page in words.ARTICLE_SEGMENTS | words.NEWS_SEGMENTS
    for name in id_parameters(values):
        short = 1 if of_articles or name in words.NAMED_FOR_ARTICLES else 3
        least = 4 if name in words.COUNTING_PARAMETERS else short
        if values[name].isdigit() and len(values[name]) >= least:
            return name
    return None


def is_post(query: str) -> bool:
    """Return True if the one parameter of a query is the number of a post, as WordPress numbers them from 1."""
    name, _, value = query.partition("=")
    return name.lower() in ("p", "post") and value.isdigit()

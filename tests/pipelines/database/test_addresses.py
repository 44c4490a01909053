"""Addresses as people paste them lead to their article, by its keys alone."""

from __future__ import annotations

import sqlite3

import pytest

from pipelines.core.urls import url_key
from pipelines.database import queries
from pipelines.database.connection import connect
from pipelines.database.query_language.addresses import is_address
from pipelines.database.search import counts
from pipelines.database.selection import article_at
from tests.support.article_archive import database
from tests.support.worded_archive import worded

FILED = (
    "https://gamma.example/news/x.html",
    "https://www.delta.example/news/y",
    "https://m.epsilon.example/z/",
    "https://bücher.example/straße?id=7",
    "https://www.gamma.example/news/both.html",
    "https://gamma.example/news/both.html",
    "https://gamma.example/a_(b)",
)


@pytest.fixture(scope="module")
def db(tmp_path_factory):
    path = worded(tmp_path_factory.mktemp("addresses") / "morgue.db", [("Council", "It met.")] * len(FILED))
    with database(path) as writing:
        for number, url in enumerate(FILED, 1):
            writing.execute("UPDATE articles SET url = ?, url_key = ? WHERE id = ?", (url, url_key(url), number))
    connection = connect(path)
    yield connection
    connection.close()


@pytest.mark.parametrize(
    ("pasted", "number"),
    [
        ("https://gamma.example/news/x.html", 1),
        ("http://www.gamma.example/news/x.html", 1),
        ("m.gamma.example/news/x.html", 1),
        ("gamma.example/news/x.html", 1),
        ("//gamma.example/news/x.html", 1),
        ("//www.gamma.example/news/x.html?fbclid=1", 1),
        ("HTTPS://GAMMA.EXAMPLE/news/x.html", 1),
        ("GAMMA.example:443/news/x.html", 1),
        ("http://gamma.example:80/news/x.html", 1),
        ("gamma.example./news/x.html", 1),
        ("https://gamma.example/news/x.html/", 1),
        ("https://gamma.example/news/x.html/?utm_source=mail", 1),
        ("https://gamma.example/news/x.html?utm_source=mail&gclid=2#top", 1),
        ("https://gamma.example/news/%78.html", 1),
        *((f"https://gamma.example/news/x.html{sign}", 1) for sign in (".", ",", ")", ">", ";", "”.", ").", "…")),
        ("<https://gamma.example/news/x.html>", 1),
        ('"https://gamma.example/news/x.html"', 1),
        ("'gamma.example/news/x.html'", 1),
        ("(https://gamma.example/news/x.html)", 1),
        ("„https://gamma.example/news/x.html“,", 1),
        ("https://gamma.example/amp/news/x.html", 1),
        ("https://amp.gamma.example/news/x.amp.html", 1),
        ("https://gamma.example/news/x.html?amp=1", 1),
        ("https://delta.example/news/y", 2),
        ("m.delta.example/news/y/amp/", 2),
        ("https://epsilon.example/z", 3),
        ("https://xn--bcher-kva.example/stra%C3%9Fe?id=7", 4),
        ("bücher.example/straße?id=7&utm_medium=x", 4),
        ("www.xn--bcher-kva.example/straße/?id=7", 4),
        ("www.gamma.example/news/both.html", 5),
        ("gamma.example/news/both.html", 6),
        ("m.gamma.example/news/both.html", 6),
        ("https://gamma.example/a_(b)", 7),
        ("(https://gamma.example/a_(b)).", 7),
        ("https://gamma.example/news/X.html", None),
        ("https://other.example/news/x.html", None),
        ("", None),
        ("\udcff", None),
    ],
)
def test_pasted_address_leads_to_its_article(db, pasted, number):
    """The very address comes before that on another host of the site."""
    assert article_at(db, pasted) == number
    assert number is None or (is_address(pasted) and counts.count(db, pasted) == 1)


@pytest.mark.parametrize("look", [article_at, queries.captures_of, queries.address_state])
def test_address_is_looked_up_in_indexes(db, look):
    """An address that is not there reads no table."""
    asked = []
    db.set_trace_callback(asked.append)
    look(db, "https://nowhere.example/x")
    db.set_trace_callback(None)
    plans = [row["detail"] for sql in asked for row in _plan(db, sql)]
    assert any("SEARCH" in step for step in plans)
    tables = ("articles", "aliases", "captures", "frontier", "a", "c")
    assert [step for step in plans if step in {f"SCAN {table}" for table in tables}] == []


def _plan(db: sqlite3.Connection, sql: str) -> list[sqlite3.Row]:
    return list(db.execute(f"EXPLAIN QUERY PLAN {sql}")) if sql.lstrip().startswith("SELECT") else []

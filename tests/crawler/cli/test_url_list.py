"""Lists of pages as users have them."""

from __future__ import annotations

import pytest

from crawler.cli.url_list import read_url_list
from pipelines.core.errors import ConfigError
from pipelines.core.urls import typed_address


@pytest.mark.parametrize(
    ("text", "url", "assumed"),
    [
        ("https://paper.example/a", "https://paper.example/a", False),
        ("www.bbc.com/news/x", "https://www.bbc.com/news/x", True),
        ("//paper.example/a?b=1", "https://paper.example/a?b=1", True),
        ("paper.example", "https://paper.example/", True),
        ("127.0.0.1:8000/a", "https://127.0.0.1:8000/a", True),
        ("müller.example/ä", "https://xn--mller-kva.example/%C3%A4", True),
        ("not an address", None, False),
        ("e.g.", None, False),
        ("3.14", None, False),
        ("someone@paper.example", None, False),
        ("mailto:someone@paper.example", None, False),
        ("ftp://paper.example/a", None, False),
        ("", None, False),
        ("N/A", None, False),
    ],
)
def test_address_may_lack_its_scheme(text, url, assumed):
    """Browsers and `morgue add` accept it, too. Other texts are not made addresses."""
    assert typed_address(text) == (url, assumed)


@pytest.mark.parametrize(
    ("name", "data", "column", "columns"),
    [
        ("l.txt", b"# mine\nhttps://a.example/1\n\n  https://a.example/2  \n", None, ("input",)),
        ("l.csv", b"# mine\nid,url\n1,https://a.example/1\n2,https://a.example/2\n", None, ("id", "url")),
        ("l.csv", b"\xef\xbb\xbfURL\nhttps://a.example/1\nhttps://a.example/2\n", None, ("URL",)),
        ("list", "Link;Größe\nhttps://a.example/1;x\nhttps://a.example/2;\"y\nz\"".encode(), None, ("Link", "Größe")),
        ("l.tsv", "id\twhere\n1\thttps://a.example/1\n2\thttps://a.example/2".encode("utf-16"), "where",
         ("id", "where")),
        ("l.csv", b"url,n\nhttps://a.example/1\nhttps://a.example/2,1,2\n", None, ("url", "n", "column 3")),
    ],
)  # fmt: skip
def test_list_is_read_in_the_forms_of_spreadsheets(tmp_path, name, data, column, columns):
    """Lines, CSV with any delimiter, TSV; with BOM or in UTF-16; every row gets every column."""
    (tmp_path / name).write_bytes(data)
    found = read_url_list(str(tmp_path / name), column)
    assert found.columns == columns
    assert found.urls == ("https://a.example/1", "https://a.example/2")
    assert {len(row.cells) for row in found.rows} == {len(columns)}


def test_rows_that_are_no_addresses_keep_their_places(tmp_path):
    """A double address is one URL and two rows; an empty cell is a row, a line without any cell is not."""
    text = "url,n\nhttps://a.example/1,1\nnonsense,2\n,3\n,\nhttps://a.example/1,4\n"
    (tmp_path / "l.csv").write_text(text)
    found = read_url_list(str(tmp_path / "l.csv"), None)
    assert found.urls == ("https://a.example/1",)
    assert [(row.place, row.text) for row in found.bad_rows] == [("line 3", "nonsense"), ("line 4", "")]
    assert [row.cells[1] for row in found.rows] == ["1", "2", "3", "4"]


@pytest.mark.parametrize(("data", "column"), [("id,where\n1,x\n", None), ("id,where\n1,x\n", "url"), ("# x\n", None)])
def test_list_without_a_column_for_addresses_is_refused(tmp_path, data, column):
    """The error lists the columns, so that the user can name one."""
    (tmp_path / "l.csv").write_text(data)
    with pytest.raises(ConfigError, match=r"column|no page"):
        read_url_list(str(tmp_path / "l.csv"), column)

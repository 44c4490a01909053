"""Test the dataset card and the Croissant file: what they say is true of the folder."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest

from exports import Content
from exports.folder_output import FolderOutput
from exports.formats import croissant, to_huggingface
from exports.row_choice import COPY, UNDATED
from pipelines.database.filters import ArticleFilters
from pipelines.selection.exclusions import Exclusions
from tests.support.article_archive import build
from tests.support.command import morgue
from tests.support.exporting import export

pytest.importorskip("pyarrow", reason="not installed: pyarrow (pip install 'newsmorgue[parquet]')")


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    return build(tmp_path_factory.mktemp("card") / "archive")


@pytest.fixture(scope="module")
def made(archive, tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    export(archive, "huggingface", folder / "hf", split="train=.7,test=.3")
    return folder


def front_of(card):
    """Return the front matter of a card."""
    return {
        name: json.loads(value) for name, value in (line.split(": ", 1) for line in card.split("---\n")[1].splitlines())
    }


def test_card_says_what_is_in_the_dataset(made):
    """Front matter that the Hub reads, and what was left out."""
    card = (made / "hf" / "README.md").read_text()
    front = front_of(card)
    assert front["language"] == ["ar", "de", "en", "fr", "ja"]
    (config,) = front["configs"]
    assert [part["path"] for part in config["data_files"]] == ["data/train.parquet", "data/test.parquet"]
    assert "39 articles of 3 sources, published from 2022-" in card
    assert "No row was left out for reserved rights, because that was not asked for." in card
    assert "| `captured` | WARC-Date of the record" in card


@pytest.mark.parametrize(
    ("rights", "sentence"),
    [('["robots: noai"]', "| noai | 1 |"), ("[]", "Nothing was left out for reserved rights: no row")],
)
def test_card_says_what_was_left_out_for_reserved_rights(tmp_path, rights, sentence):
    """It also says that nothing was reserved, which differs from not having looked."""
    archive = build(tmp_path / "archive")
    with closing(sqlite3.connect(archive / "morgue.db")) as db, db:
        db.execute("UPDATE articles SET rights = ? WHERE id = 3", (rights,))
    filters = {"filters": {"without_reserved": True}}
    export(archive, "huggingface", tmp_path / "hf", without=Exclusions(reserved=True), about=filters)
    assert sentence in (tmp_path / "hf" / "README.md").read_text()


@pytest.mark.parametrize(
    ("reserved", "sentence"),
    [(True, "Nothing was left out for reserved rights: no row"), (False, "because that was not asked for.")],
)
def test_card_tells_copies_from_reserved_rights(tmp_path, reserved, sentence):
    """Rows that were left out as copies say nothing of rights."""
    folder = FolderOutput(tmp_path, (tmp_path / "sums").open("wb"))
    about = {"archive": "a", "filters": {"without_reserved": reserved}, "left_out": {COPY: 2}, "dedupe": "cluster"}
    to_huggingface.fill(Content([("", ())], ["id"], about), folder)
    card = (tmp_path / "README.md").read_text()
    assert sentence in card
    assert f"| {COPY} | 2 |" in card
    assert "- dedupe: `cluster`" in card


def test_card_says_what_filters_leave_out_for_want_of_a_value():
    """An article without a date is in no span of days: they are counted."""
    about = {"archive": "a", "filters": {"language": ["en"], "since": "2026-03-02"}, "left_out": {UNDATED: 3}}
    files = {"train": ("data/train.parquet", "")}
    card = to_huggingface.card(to_huggingface.Census(), files, ["id"], about)
    assert "Articles whose language was not recognised are not in it." in card
    assert f"| {UNDATED} | 3 |" in card
    card = to_huggingface.card(to_huggingface.Census(), files, ["id"], {"archive": "a", "filters": {}})
    assert "are not in it" not in card


def test_split_without_rows_has_no_file_and_is_in_no_list(archive, tmp_path):
    """`datasets` refuses a folder with such a split. Card and summary say so, and the table has its row."""
    done = morgue("-C", archive, "export", "huggingface", tmp_path / "hf", "--split", "train=.9999,test=.0001")
    assert f"No article is in the split test: {tmp_path / 'hf'} has no file for it." in done.stderr
    card = (tmp_path / "hf" / "README.md").read_text()
    (config,) = front_of(card)["configs"]
    assert config["data_files"] == [{"split": "train", "path": "data/train.parquet"}]
    assert [path.name for path in (tmp_path / "hf" / "data").iterdir()] == ["train.parquet"]
    assert "| train | 39 |\n| test | 0 |" in card
    assert "A split without rows cannot be loaded, and has no file: `test`." in card
    described = json.loads((tmp_path / "hf" / "croissant.json").read_text())
    assert [part["@id"] for part in described["recordSet"]] == ["train"]


def test_dataset_without_rows_has_a_card_that_says_there_is_nothing_to_load(archive, tmp_path):
    """It has no list of files, and its table of splits has a row."""
    manifest = export(archive, "huggingface", tmp_path / "hf", filters=ArticleFilters(since="2090-01-01"))
    card = (tmp_path / "hf" / "README.md").read_text()
    assert manifest["rows"] == 0
    assert "configs" not in front_of(card)
    assert "There is nothing to load" in card
    assert "load_dataset(" not in card
    assert "| train | 0 |" in card


def test_split_of_a_name_that_datasets_keeps_for_itself_is_refused(archive, tmp_path):
    """`all` means all splits together. Other formats may have it."""
    done = morgue("-C", archive, "export", "huggingface", tmp_path / "hf", "--split", "all=.9,test=.1")
    assert done.returncode == 2
    assert "'all' is a name which `datasets` takes for all splits together" in done.stderr
    assert not (tmp_path / "hf").exists()
    assert morgue("-C", archive, "export", "csv", tmp_path / "a.csv", "--split", "all=.9,b=.1").returncode == 0


def test_card_speaks_only_of_columns_that_are_there(archive, tmp_path):
    """With --fields it names those that were left out, and says nothing of what they would tell."""
    export(archive, "huggingface", tmp_path / "hf", fields=["url", "text", "warc_file", "rights"])
    card = (tmp_path / "hf" / "README.md").read_text()
    told, fields = card.split("## Fields")
    assert "`warc_file` of a row names the record" in told
    assert "`rights` of a row keeps what its page" in told
    assert "warc_offset" not in told
    assert "header_rights" not in told
    assert "Left out of what is known of each article: `id`, `source`, `canonical_url`," in fields
    export(archive, "huggingface", tmp_path / "two", fields=["url"])
    assert "warc_file" not in (tmp_path / "two" / "README.md").read_text().split("## Fields")[0]


def test_card_says_all_columns_are_there(made):
    """Nothing was left out, and the columns that lead to the record are named."""
    card = (made / "hf" / "README.md").read_text()
    assert "Left out of what is known" not in card
    assert "`warc_file`, `warc_offset` and `warc_record_id` of a row name the record that it was read from." in card


def test_card_has_the_seed_of_a_sample(archive, tmp_path):
    """Without it nobody could draw the same sample again."""
    done = morgue("-C", archive, "export", "huggingface", tmp_path / "hf", "--sample", "5", "--seed", "17")
    assert done.returncode == 0, done.stderr
    card = (tmp_path / "hf" / "README.md").read_text()
    assert "- sample: `5`\n- seed of the sample: `17`" in card


def test_croissant_has_types_version_and_citation(made):
    """Times are no days. The version is the day of the last capture, without zeros in front."""
    described = json.loads((made / "hf" / "croissant.json").read_text())
    types = {field["name"].split("/")[1]: field["dataType"] for field in described["recordSet"][0]["field"]}
    assert (types["captured"], types["first_seen"], types["published_day"]) == ("sc:DateTime", "sc:DateTime", "sc:Date")
    year, month, day = map(int, described["datePublished"].split("-"))
    assert described["version"] == f"{year}.{month}.{day}"
    assert described["citeAs"].startswith(f"@misc{{newsmorgue{year}, title = {{News articles from paper}}")
    odd = croissant.croissant("a{b}\\", "", {}, [], "2024-03-09")
    assert odd["citeAs"] == "@misc{newsmorgue2024, title = {News articles from a b  }, year = {2024}}"

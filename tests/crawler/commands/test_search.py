"""`morgue search`, as a user runs it."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from crawler.cli.archive_options import QueryCommand, filter_options
from crawler.cli.common_options import common_options
from crawler.cli.main import morgue as main
from crawler.commands import search
from pipelines.core.terminal import width
from pipelines.database.search import hits, kwic, ranking
from tests.support.article_archive import build
from tests.support.command import ROOT, command_line, environment, morgue


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return build(tmp_path_factory.mktemp("search") / "archive")


def test_table_shows_number_day_source_title_and_snippet(folder):
    """And how many of how many."""
    done = morgue("-C", folder, "search", "climate")
    assert done.returncode == 0
    assert "1  2024-01-05  courier  Climate summit opens, then closes" in done.stdout
    assert "The [climate] stays." in done.stdout
    assert "2 of 2 matches · 0." in done.stdout
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize(
    ("form", "sort", "on_output", "on_error"),
    [("table", "relevance", 1, 0), ("table", "newest", 0, 0), ("jsonl", "relevance", 0, 1), ("csv", "oldest", 0, 0)],
)
def test_pool_of_ranked_matches_is_named(folder, monkeypatch, form, sort, on_output, on_error):
    """Below a table; beside the rows for programs, on standard error. By day, nothing is ranked."""
    monkeypatch.setattr(ranking, "POOL_MATCHES", 20)
    asked = ["-C", str(folder), "search", "filler", "--limit", "3", "--format", form, "--sort", sort]
    done = CliRunner().invoke(main, asked)
    said = "Ranked among the newest 20 of 30 matches; the newest with the words in the headline come first."
    assert (done.stdout.count(said), done.stderr.count(said)) == (on_output, on_error)


@pytest.mark.parametrize(
    ("sort", "said"), [("relevance", "Ranked among the newest 20 of 30"), ("left", "first 25 art")]
)
@pytest.mark.parametrize(("form", "stream"), [("table", "stdout"), ("jsonl", "stderr")])
def test_lines_in_context_name_what_was_ranked_or_sorted(folder, monkeypatch, form, stream, sort, said):
    """As the list of matches does: below a table, and beside the rows for programs."""
    monkeypatch.setattr(ranking, "POOL_MATCHES", 20)
    monkeypatch.setattr(kwic, "MAX_SORTED_ARTICLES", 25)
    done = CliRunner().invoke(
        main, ["-C", str(folder), "search", "filler", "--kwic", "10", "--format", form, "--sort", sort]
    )
    assert getattr(done, stream).count(said) == 1
    assert done.output.count("mong the ") == 1


def test_context_of_an_address_is_shown_if_its_words_are_searched_for(folder):
    """No article is at it. That of an article has no words to show, and the error says what to do."""
    done = morgue("-C", folder, "search", "http://sport.example/all", "--kwic", "20")
    assert done.returncode == 0
    assert "No match." in done.stdout
    done = morgue("-C", folder, "search", "https://courier.example/2024/article-1", "--kwic", "20")
    assert done.returncode == 2
    assert "is the address of article 1, which has no words to show" in done.stderr


@pytest.mark.parametrize(
    "arguments", [("search", ""), ("count", "climate", " "), ("clusters", ""), ("export", "jsonl", "-", "--query", "")]
)
def test_empty_query_is_refused(folder, arguments):
    """It may be a variable that a script did not set; all articles are what no query selects."""
    done = morgue("-C", folder, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "leave the query out to select all articles" in done.stderr


def test_empty_archive_says_so(tmp_path):
    """No word is like one that is searched for if there are none."""
    assert morgue("init", tmp_path / "empty").returncode == 0
    done = morgue("-C", tmp_path / "empty", "search", "flood")
    assert done.stdout == "This archive has no article yet. `morgue crawl` and `morgue import` bring them in.\n"


@pytest.mark.parametrize("columns", ["40", "80", "200"])
def test_table_fits_the_terminal(folder, columns):
    """No line is wider, at any width and with wide characters."""
    done = subprocess.run(
        command_line("-C", folder, "search", "東京* OR sehr OR climate"),
        env=environment() | {"COLUMNS": columns}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert all(width(line) <= max(int(columns), 52) for line in done.stdout.splitlines())
    assert "東京都" in done.stdout


def test_control_characters_of_a_page_are_disarmed(folder):
    """Escape sequences in headlines and snippets."""
    done = morgue("-C", folder, "search", "escape OR terminals")
    assert done.returncode == 0
    assert "Escape" in done.stdout
    assert not set(done.stdout) & set("\x1b\x9b\x07\u202e")


def test_found_words_are_bold_on_a_terminal_only():
    """Elsewhere they are in brackets."""
    hit = dict.fromkeys(hits.HIT_KEYS) | {"id": 7, "title": "T", "snippet": "a \ue000word\ue001 b"}
    assert list(search.lines([hit], 80, styled=True))[1] == "   a \x1b[1mword\x1b[0m b"
    assert list(search.lines([hit], 80, styled=False))[1] == "   a [word] b"


# The made-up articles of the gazette: every second of thirty, after nine written ones, in the order of their days.
BY_DAY = [9 + n for n in sorted(range(2, 31, 2), key=lambda n: (n % 12, n % 28))]


@pytest.mark.parametrize(
    ("args", "ids"),
    [
        (["climate", "-sport"], [1]),
        (["-sport", "climate"], [1]),
        (["climate", "--", "-sport"], [1]),
        (["climate", "-Court", "-hotel", "-sport"], [1]),  # begin like -C, -h and -s
        (["climate", "--sort", "oldest"], [1, 2]),
        (["climate", "--sort=newest", "--limit", "1"], [2]),
        (["climate", "--sort=newest", "--limit", "1", "--offset", "1"], [1]),
        (['"rien n’est joué"'], [5]),
        (["title:cup", "OR", "byline:ormesson", "--sort", "oldest"], [4, 2]),
        (["--source", "gazette", "--since", "2024"], [5, 4]),
        (["--language", "ar"], [8]),
        (["--language", "Arabic"], [8]),
        (["climate", "NOT", "n", "-sport"], [1]),
        (["climate", "-sport", "--", "-n"], [1]),
        (["--language", "ar", "--language", "ja,de", "--sort", "oldest"], [8, 6, 7]),
        (["--source", "shimbun", "--source", "gazette", "--since", "2024-02", "--sort", "oldest"], [6, 7, 5]),
        (["--until", "2024-01-05", "--since", "2024-01-05", "-s", "crawl.delay=0"], [1]),
        (["filler", "--limit", "0", "--sort", "oldest", "--source", "gazette"], BY_DAY),
    ],
)
def test_words_and_options_are_told_apart(folder, args, ids):
    """Words with a minus are words; -C and -s still are options, on either side."""
    done = morgue("search", "-C", folder, "--format", "jsonl", *args)
    assert done.returncode == 0, done.stderr
    found = [json.loads(line)["id"] for line in done.stdout.splitlines()]
    assert found == ids


def test_every_format_has_the_same_rows(folder):
    """json is one array, jsonl a line each, csv a header and safe cells."""
    asked = ("-C", folder, "search", "--limit", "0", "--format")
    rows = json.loads(morgue(*asked, "json").stdout)
    assert len(rows) == 39
    assert tuple(rows[0]) == hits.HIT_KEYS
    assert [json.loads(line) for line in morgue(*asked, "jsonl").stdout.splitlines()] == rows
    done = subprocess.run(command_line(*asked, "csv"), env=environment(), capture_output=True, check=True)
    table = list(csv.DictReader(io.StringIO(done.stdout.decode(), newline="")))
    assert [row["id"] for row in table] == [str(row["id"]) for row in rows]
    assert [row["title"] for row in table if row["id"] == "3"] == ['\'=HYPERLINK("http://evil.example")']


@pytest.mark.parametrize(
    ("args", "said"),
    [(["--until", "2001"], "Without --until there"),
     (["--until", "2001", "--language", "en"], "Without --until and --language there"),
     (["--source", "gazette", "--since", "2000", "--until", "2001"], "Without --source, --since and --until there")],
    ids=["one", "two", "three"],
)  # fmt: skip
def test_search_without_a_match_names_its_filters(folder, args, said):
    """It says how many matches there would be without them."""
    done = morgue("-C", folder, "search", "climate", *args)
    assert said in done.stdout


def test_address_leads_to_its_article(folder):
    """Pasted with tracking parameters; else what is known of it is said, as `morgue show` does."""
    done = morgue("-C", folder, "search", "courier.example/2024/article-1?utm_source=mail")
    assert done.stdout.startswith("1  2024-01-05  courier  Climate summit opens, then closes")
    assert "1 of 1 match" in done.stdout
    done = morgue("-C", folder, "search", "https://courier.example/2024/article-1", "--language", "fr")
    assert "The address is that of article 1, which the filters leave out." in done.stdout
    done = morgue("-C", folder, "search", "https://courier.example/w1")
    assert done.stdout.startswith("No match.\n  article https://courier.example/w1: the address is known: ")
    assert "HTTP 503 five times" in done.stdout
    done = morgue("-C", folder, "search", "nowhere.example/x")
    assert done.stdout == "No match.\n  article nowhere.example/x: not in this archive\n"  # and not to search
    done = morgue("-C", folder, "search", "climate", "(https://courier.example/2024/article-1)")
    hint = "Searched for https://courier.example/2024/article-1 as words. Alone, it leads to its article: morgue show 1"
    assert hint in done.stdout


@pytest.mark.parametrize(
    "home", ["https://courier.example/", "courier.example", "http://www.courier.example/?fbclid=1"]
)
def test_front_page_leads_to_its_source(folder, home):
    """With how many articles it has."""
    done = morgue("-C", folder, "search", home)
    assert f"{home} is the front page of a source with 20 articles: morgue search --source courier" in done.stdout
    assert "article https" not in done.stdout


def test_offset_beyond_the_last_match_is_said(folder):
    """And how many matches there are."""
    done = morgue("-C", folder, "search", "climate", "--offset", "100")
    number = len(json.loads(morgue("-C", folder, "search", "climate", "--limit", "0", "--format", "json").stdout))
    assert number > 1
    assert done.stdout == f"Nothing to show: there are {number} matches, and --offset skips 100\n"


def test_search_without_a_match_gives_exit_code_0(folder):
    """JSON has an empty array, CSV a header, and a terminal gets a hint at what to try."""
    done = morgue("-C", folder, "search", "nowhere", "--source", "courier", "--language", "fr")
    assert done.returncode == 0
    assert done.stdout.startswith("No match for nowhere.\n")
    assert "This archive has articles in: en, fr" in done.stdout
    assert "都[知事]選挙" in morgue("-C", folder, "search", "知事").stdout
    assert "would be 1" in morgue("-C", folder, "search", "hésitent", "--source", "courier").stdout
    assert morgue("-C", folder, "search", "nowhere", "--format", "json").stdout == "[]\n"
    assert morgue("-C", folder, "search", "nowhere", "--format", "jsonl").stdout == ""
    assert morgue("-C", folder, "search", "nowhere", "--format", "csv").stdout.startswith("id,source,url")


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (["--since", "2024-13"], 2, "--since '2024-13': not a day that exists"),
        (["--until", "soon"], 2, "say 2024, 2024-03"),
        (["--since", "2024", "--until", "2023"], 2, "ends before it begins"),
        (["--language", "Germn"], 2, "--language 'Germn': is not a language code\n  did you mean german (de)?"),
        (["kind:artcle"], 2, "kinds are article, opinion, live blog, gallery, video"),
        (["-n", "3", "climate"], 2, "No such option: -n. To leave out articles with 'n', write NOT n;"),
        (["climate", "-vv"], 2, "No such option: -vv."),
        (["climate", "-n3"], 2, "No such option: -n3."),
        (["climate", "-limit", "3"], 2, "No such option: -limit. Did you mean --limit?"),
        (["climate", "-source=x"], 2, "Did you mean --source?"),
        (["--limit", "-1"], 2, "--limit"),
        (["--limit", "ten"], 2, "--limit"),
        (["--sort", "best"], 2, "'relevance', 'newest', 'oldest'"),
        (["--format", "xml"], 2, "'table', 'json', 'jsonl', 'csv'"),
        (["--colour"], 2, "--colour"),
        (["!!!"], 2, "nothing to look for"),
        (["-sport"], 2, "what to leave out"),
        (["climate", "subject:x"], 2, "climate subject:x\n          ^\n"),
        (['"unclosed zzz'], 2, "a quotation mark is not closed"),
        (["climate", "--from", "2024"], 2, "--since"),
        (["climate", "--to", "2024"], 2, "--until"),
        (["source:courrier"], 8, "did you mean courier?"),
        (["--source", "courrier"], 8, "did you mean courier?"),
    ],
)
def test_mistake_has_cause_cure_and_exit_code(folder, args, code, words):
    """Standard error has the words, and the exit code is the one in docs/searching.md."""
    done = morgue("-C", folder, "search", *args)
    assert (done.returncode, done.stdout) == (code, "")
    assert words in done.stderr


def test_search_before_the_first_crawl_says_so(tmp_path):
    """It does not take an archive without a database for damage."""
    (tmp_path / "morgue.toml").touch()
    done = morgue("-C", tmp_path, "search", "x")
    assert done.returncode == 2
    assert "no articles yet" in done.stderr
    assert "morgue crawl" in done.stderr


def test_closed_pipe_is_no_error(folder):
    """`morgue search | head`: quiet, exit code 0; a full disk under stdout is an error (5)."""
    for form in ("table", "json", "jsonl", "csv"):
        asked = command_line("-C", folder, "search", "--limit", "0", "--format", form)
        with subprocess.Popen(asked, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            process.stdout.close()
            assert process.stderr.read() == b""
            assert process.wait() == 0
        with open("/dev/full", "wb") as full:
            done = subprocess.run(asked, env=environment(), stdout=full, stderr=subprocess.PIPE, text=True)
        assert done.returncode == 5
        assert "no space left" in done.stderr
        assert "Traceback" not in done.stderr
        assert "Exception" not in done.stderr


def test_search_imports_nothing_heavy(folder):
    """Cold start: not even by way of something else."""
    heavy = (
        "scrapy",
        "twisted",
        "trafilatura",
        "lxml",
        "sqlite_utils",
        "pydantic",
        "rich",
        "warcio",
        "courlan",
    )
    program = (
        "import sys; from crawler.cli.main import morgue; morgue.main(sys.argv[1:], standalone_mode=False);"
        f"print([name for name in {heavy!r} if name in sys.modules], file=sys.stderr)"
    )
    for args in (["search", "climate"], ["search", "x", "--format", "csv"], ["show", "1"]):
        done = subprocess.run(
            [sys.executable, "-c", program, "-C", folder, *args],
            env=environment(), cwd=ROOT, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert done.stderr.strip() == "[]", args


def test_words_of_a_search_are_told_from_options():
    """Values of options stay with them, also when they begin with a minus; everything else is a word."""
    seen = {}

    @click.command(cls=QueryCommand)
    @click.argument("words", nargs=-1)
    @filter_options
    @click.option("--flag", is_flag=True)
    @click.option("--limit", type=int)
    @common_options
    def command(words, filters, flag, limit):
        seen.update(words=words, filters=filters, flag=flag, limit=limit)

    args = ["-ab", "--flag", "b", "--limit", "-5", "--source=x", "-", "-s", "k=v", "--", "--limit", "-s"]
    command.main(args, standalone_mode=False)
    assert seen["words"] == ("-ab", "b", "-", "--limit", "-s")
    assert (seen["flag"], seen["limit"], seen["filters"].source) == (True, -5, ("x",))
    with pytest.raises(click.BadOptionUsage, match="Option '--limit' requires an argument"):
        command.main(["a", "--limit"], standalone_mode=False)


def test_examples_of_the_manual_print_what_the_manual_shows(folder):
    """docs/searching.md: each command with its output, but for the time that it took; the script runs as printed."""
    page = (ROOT / "docs" / "searching.md").read_text(encoding="utf-8")
    shown = re.findall(r"```console\n\$ morgue ([^\n]+)\n(.*?)\n```", page, re.DOTALL)
    assert len(shown) == 8
    for arguments, expected in shown:
        done = morgue("-C", folder, *shlex.split(arguments))
        printed = re.sub(r"· [0-9.]+ s\n", "· 0.00 s\n", done.stdout + done.stderr)
        assert printed.rstrip() == expected
    (script,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    script = script.replace("my-archive", str(folder))
    done = subprocess.run([sys.executable, "-c", script], env=environment(), capture_output=True, text=True, check=True)
    assert "2024-01-05 Climate summit opens, then closes\n" in done.stdout


def test_miss_names_the_word_and_what_the_archive_has_like_it(folder):
    """Each word has the number of its articles. A colon within a word is no mistake."""
    done = morgue("-C", folder, "search", "10:30 title:delegate climte climate")
    assert done.stdout == (
        "No match for 10:30, title:delegate and climte.\n"
        "  10:30 was searched as a phrase. Each of the words is there, but no article has them all.\n"
        "  In this archive like title:delegate: delegates (1).\n"
        "  In this archive like climte: climate (2).\n"
        "  Articles with each alone: climate (2).\n"
    )


def test_summary_says_what_was_left_out(folder):
    """A mistyped option that became a word is seen there."""
    done = morgue("-C", folder, "search", "climate", "-limt", "-title:cup", "NOT", '"x y"')
    assert '1 of 1 match without limt, title:cup and "x y" · ' in done.stdout
    done = morgue("-C", folder, "search", "climate", "-sport", "--kwic", "20")
    assert done.stdout.endswith("2 lines from 1 of 1 article that match without sport\n")
    assert morgue("-C", folder, "search", "xyzzy", "-sport").stdout.startswith("No match for xyzzy without sport.\n")


def test_miss_in_a_field_names_values_like_it(folder):
    """Or the most frequent ones."""
    done = morgue("-C", folder, "search", "climate section:nwes -sport")
    assert done.stdout == (
        "No match for section:nwes without sport.\n"
        "  In this archive: section:News (20).\n"
        "  Articles with each alone: climate (2).\n"
    )
    done = morgue("-C", folder, "search", "kind:video")
    assert done.stdout == "No match for kind:video.\n  The most frequent in this archive: kind:article (39).\n"
    done = morgue("-C", folder, "search", "origin:dpa")
    assert done.stdout == "No match for origin:dpa.\n  This archive has no article with any origin.\n"


def test_keyword_in_context_is_printed_for_people_and_programs(folder):
    """Each place has a line; the orders left and right sort lines only."""
    done = morgue("-C", folder, "search", "climate", "--kwic", "20", "--sort", "oldest", "--limit", "2")
    assert done.stdout == (
        "                    [Climate] summit opens, then            courier  2024-01-05  1  title\n"
        "ates went home. The [climate] stays.                        courier  2024-01-05  1  text\n"
        "2 lines from 1 of 2 articles that match\n"
    )
    done = morgue("-C", folder, "search", "~delegate", "--kwic", "9", "--format", "csv")
    assert done.stdout.splitlines()[0] == "left,keyword,right,id,source,published_day,url,field,position"
    assert done.stdout.splitlines()[1].startswith(",Delegates, went hom,1,courier,")
    assert morgue("-C", folder, "search", "climate", "--sort", "left").returncode == 2


def test_search_says_what_it_searched_for_if_it_is_not_what_was_typed(folder):
    """Forms of a word, and signs that no index has."""
    done = morgue("-C", folder, "search", "--stem", "delegate", "50%", "OR", "delegate")
    assert "Searched for 50, without %: the index has only letters and digits.\n" in done.stdout
    assert "~delegate: searched for delegate, delegates.\n" in done.stdout


def test_headline_and_source_are_not_cut_for_a_program():
    """They are cut for a terminal only."""
    hit = {"id": 1, "published_day": None, "source": "a-long-name-of-a-source", "title": "word " * 40, "snippet": ""}
    assert hit["title"] in next(search.lines([hit], 80, styled=False, whole=True))
    assert hit["source"] in next(search.lines([hit], 80, styled=False, whole=True))
    assert width(next(search.lines([hit], 80, styled=False))) <= 80

"""Runs of scripts without spaces, one character a word."""

import sqlite3

import pytest

from pipelines.core.languages.spaced_runs import BREAK, spaced_runs


@pytest.mark.parametrize(
    ("texts", "spaced"),
    [
        ((), None),
        ((None, ""), None),
        (("Council sits until midnight", "Café, Привет, سلام"), None),
        (("東京都",), "東 京 都"),
        (("And in 東京 and on to 大阪。",), f"in 東 京 and {BREAK} to 大 阪"),
        (("在APEC会议上，COVID 疫情",), f"在 APEC 会 议 上 {BREAK} COVID 疫 情"),
        (("2024年5月", "ＡＰＥＣ会议"), f"2024 年 5 月 {BREAK} APEC 会 议"),
        (("東京 大阪",), f"東 京 {BREAK} 大 阪"),
        (("x" * 50 + "東" + "y" * 50,), "x" * 40 + " 東 " + "y" * 40),
        (("選挙", None, "「カメラ」"), f"選 挙 {BREAK} カ メ ラ"),
        (("ｶﾞｽ",), "ガ ス"),
        (("人々・国〆",), f"人 々 {BREAK} 国 〆"),
        (("กัน",), "ก \uef31 น"),
        (("ພາສາ",), "ພ າ ສ າ"),
        (("ខ្មែរ",), "ខ \ue8d2 ម \ue8c2 រ"),
        (("မြန်",), "မ \ue13c န \ue13a"),
        (("𠮷野",), "𠮷 野"),
    ],
)
def test_runs_of_unspaced_scripts_become_one_character_a_word(texts, spaced):
    """So are the words of other scripts next to them; between two runs is a word that no phrase contains."""
    assert spaced_runs(*texts) == spaced


@pytest.mark.parametrize("part", ["都知事", "挙が", "กัน", "ន្ត", "မြ", "𠮷"])
def test_any_part_of_a_run_is_found_as_a_phrase(part):
    """So it is for SQLite's tokenizer: each character, and each mark, is a word of its own."""
    text = "東京都知事選挙が行われた。 วันกันยา ឆន្តៈ မြန်မာ 𠮷野家"
    db = sqlite3.connect(":memory:")
    db.execute("CREATE VIRTUAL TABLE t USING fts5(spaced, tokenize='unicode61 remove_diacritics 2')")
    db.execute("INSERT INTO t VALUES (?)", (spaced_runs(text),))
    found = "SELECT count(*) FROM t WHERE t MATCH ?"
    assert db.execute(found, (f'"{spaced_runs(part)}"',)).fetchone() == (1,)
    assert db.execute(found, (f'"{spaced_runs(part[::-1] + "都")}"',)).fetchone() == (0,)

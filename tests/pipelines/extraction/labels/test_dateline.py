"""Places and agencies at the start of a text, as tables of cases."""

import time

import pytest

from pipelines.extraction.labels.dateline import dateline

REST = " the council met on Monday and agreed to mend the old bridge before the winter storms."
CASES = {
    # text -> (place, agency)
    "BERLIN (AP) — The council met on Monday and agreed to mend it": ("BERLIN", "AP"),
    "KYIV, Ukraine (Reuters) - The council met on Monday": ("KYIV", "Reuters"),
    "SANTA ROSA, Calif., March 4 (UPI) -- The council met": ("SANTA ROSA", "UPI"),
    "WASHINGTON (AP) The council met on Monday and agreed": ("WASHINGTON", "AP"),
    "PORT SELBY (KPSB) — The council met on Monday and": ("PORT SELBY", "KPSB"),
    "PORT SELBY, Jamaica — The council met on Monday": ("PORT SELBY", None),
    "OSLO — The council met on Monday and agreed to mend": ("OSLO", None),
    "Kyiv, Ukraine – The council met on Monday and agreed": ("Kyiv", None),
    "(CNN) — The council met on Monday and agreed to mend": (None, "CNN"),
    "Berlin (dpa) - Der Rat hat am Montag getagt und entschieden": ("Berlin", "dpa"),
    "Kiel/Lübeck (dpa/lno) - Der Rat hat am Montag getagt": ("Kiel/Lübeck", "dpa/lno"),
    "Kleinfurt (nfa) - Der Rat hat am Montag getagt und": ("Kleinfurt", "nfa"),
    "Dresden. Der Rat hat am Montag getagt und entschieden, dass": ("Dresden", None),
    "Wien, 14. Dezember 2021 – Der Rat hat am Montag getagt": ("Wien", None),
    "PARIS, 3 mars (AFP) - Le conseil s'est réuni lundi et a": ("PARIS", "AFP"),
    "Madrid, 5 mar (EFE).- El consejo se reunió el lunes y": ("Madrid", "EFE"),
    "Managua.- El consejo se reunió el lunes y acordó reparar": ("Managua", None),
    "(EFE).- El consejo se reunió el lunes y acordó reparar": (None, "EFE"),
    "(ANSA) - ROMA, 03 MAR - Il consiglio si è riunito lunedì": ("ROMA", "ANSA"),
    "Roma, 3 mar. (Adnkronos) - Il consiglio si è riunito": ("Roma", "Adnkronos"),
    "ROMA - Il consiglio si è riunito lunedì e ha deciso di": ("ROMA", None),
    "Lisboa, 3 mar (Lusa) – O conselho reuniu-se na segunda": ("Lisboa", "Lusa"),
    "Warszawa (PAP) - Rada zebrała się w poniedziałek i": ("Warszawa", "PAP"),
    "ANKARA (AA) - Meclis pazartesi günü toplandı ve köprünün": ("ANKARA", "AA"),
    "Москва, 3 марта. /ТАСС/. Совет собрался в понедельник": ("Москва", "ТАСС"),
    "МОСКВА, 3 мар - РИА Новости. Совет собрался в понедельник": ("МОСКВА", "РИА Новости"),
    "باريس (أ ف ب) - اجتمع المجلس يوم الاثنين وقرر إصلاح الجسر": ("باريس", "أ ف ب"),
    "新华社北京3月3日电（记者张三）市议会星期一开会，决定在冬季风暴来临之前修复旧桥。": ("北京", "新华社"),
    "【ロンドン時事】市議会は月曜日に会合を開き、冬の嵐が来る前に古い橋を修理することを決めた。": ("ロンドン", "時事"),
    "【ワシントン＝山田太郎】市議会は月曜日に会合を開き、古い橋を修理すると決めた。": ("ワシントン", None),
    "(서울=연합뉴스) 시의회는 월요일 회의를 열어 낡은 다리를 수리하기로 했다.": ("서울", "연합뉴스"),
    "NEW YORK--(BUSINESS WIRE)--Acme today announced that it": ("NEW YORK", "BUSINESS WIRE"),
    "NEW YORK, March 4, 2024 /PRNewswire/ -- Acme today announced": ("NEW YORK", "PRNewswire"),
    "NEW DELHI, Mar 4 (PTI) The council met on Monday and": ("NEW DELHI", "PTI"),
    "NEW DELHI: The council met on Monday and agreed to mend": ("NEW DELHI", None),
    "El Paso (Texas), 3 mar (EFE).- El consejo se reunió el": ("El Paso", "EFE"),
    "Hamburg (ots)": ("Hamburg", "ots"),
    "Hà Nội (TTXVN) - Hội đồng họp hôm thứ Hai và quyết định": ("Hà Nội", "TTXVN"),
    "（中央社記者張三台北4日電）市議會星期一開會，決定修復舊橋。": ("台北", "中央社"),
    # What must not count.
    "Leipzig: Hier stand vor vierzig Jahren eine alte Brücke": (None, None),
    "REVEALED: The council met on Monday and agreed to mend": (None, None),
    "Opinion: The council met on Monday and agreed to mend it": (None, None),
    "ERIKA MUSTER (CDU) ist am Montag gewählt worden, und": (None, None),
    "The council met on Monday - and agreed to mend the old bridge": (None, None),
    "UPDATE — The council met on Monday and agreed to mend": (None, None),
    "WATCH: The council met on Monday and agreed to mend the": (None, None),
    "BREAKING NEWS - The council met on Monday and agreed to": (None, None),
    "NASA – The agency said on Monday that it would mend the": (None, None),
    "IT'S OVER — The council met on Monday and agreed to mend": (None, None),
    "ACME — The company said on Monday. Shares of Acme fell.": (None, None),
    "Naturally. The council met on Monday and agreed to mend it": (None, None),
    "Furchtbar. Der Rat hat am Montag getagt und entschieden": (None, None),
    "Müller (56) - der Trainer der Mannschaft - ist am Montag": (None, None),
    "Erika Muster (CDU) - die Ministerin hat am Montag gesagt": (None, None),
    "London, 2012 - a year that nobody in the town will forget": (None, None),
    "March 3 - A day that nobody in the town will forget so soon": (None, None),
    "Paris Example - The singer said on Monday that she would": (None, None),
    "Paris is a city that has seen many a march on a Monday": (None, None),
    "Trump – der Präsident hat am Montag gesagt, dass die Brücke": (None, None),
    "She lives in Berlin (AP) — no, that is no dateline at all": (None, None),
    "BERLIN - Monday": (None, None),
}


@pytest.mark.parametrize("text", CASES)
def test_dateline_is_read_from_the_first_paragraph(text):
    """The place as printed, without region or date; the agency as printed; nothing where it could be a sentence."""
    assert tuple(dateline([text]))[:2] == CASES[text]


def test_dateline_may_follow_a_standfirst():
    """The first of three paragraphs that has one counts."""
    lines = ["A standfirst that says in one sentence what the story is about.", "BERLIN (AP) — A" + REST]
    assert dateline(lines).place == "BERLIN"
    assert dateline([*lines[:1] * 3, lines[1]]).place is None


def test_unknown_town_counts_where_the_text_uses_it_as_a_place():
    """ "Kleinfurt. Der Rat ... in Kleinfurt": a place. "Rente. Was die Rente ...": none."""
    assert dateline(["Kleinfurt. Der Rat hat entschieden.", "Die Brücke in Kleinfurt bleibt zu."]).place == "Kleinfurt"
    assert dateline(["Kleinfurt. Der Rat hat heute entschieden.", "Die Brücke bleibt zu."]).place is None
    assert dateline(["Rente. Was sich in Rente und Pflege ändert.", "Die Rente bleibt sicher, sagt er."]).place is None


def test_line_of_a_million_capitals_is_cut():
    """Before any pattern sees it."""
    start = time.process_time()
    for line in ("A" * 10**6, "A-" * 10**6, "Ab, " * 10**6, "(" * 10**6, "A (" * 10**6):
        dateline([line] * 3)
    assert time.process_time() - start < 1.5

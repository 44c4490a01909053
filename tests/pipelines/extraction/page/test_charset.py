"""Test the encoding of a page: by its bytes, whatever it declares, and wherever it declares it."""

from __future__ import annotations

import time

import pytest

from pipelines.extraction.page import charset

NEWS = {
    "ja": "市は、橋が年末まで閉鎖されると発表した。工事はまだ終わっておらず、住民は渡し船を使うことになる。",
    "zh": "市政府表示，这座桥将关闭到年底，因为工程还没有完成，人们要在这里等新的渡船。这是今年发生的大事。",
    "zh-Hant": "市政府表示，這座橋將關閉到年底，因為工程還沒有完成，人們要在這裡等新的渡船。這是今年發生的大事。",
    "ko": "시는 다리가 연말까지 폐쇄될 것이라고 밝혔다. 공사는 아직 끝나지 않았고 주민들은 배를 이용하고 있다.",
    "th": "เทศบาลแจ้งว่าสะพานจะปิดจนถึงสิ้นปี และการซ่อมยังไม่เสร็จ คนในเมืองได้ใช้เรือของจังหวัด",
    "pl": "Miasto poinformowało, że most będzie zamknięty, ponieważ prace także są opóźnione. Ludzie już się boją.",
    "cs": "Město uvedlo, že most bude uzavřen, protože práce ještě nejsou hotové. Lidé už říkají, že to bude také tak.",
    "hu": "A város közölte, hogy a hidat nem nyitják meg az év vége előtt, mert több munka még nem készült el.",
    "tr": "Belediye, köprünün yıl sonuna kadar kapalı olacağını söyledi. Çalışma için daha çok para değil, iş gücü.",
    "ru": "Город сообщил, что мост будет закрыт до конца года, потому что работы на нём ещё не закончены.",
    "ar": "قالت المدينة إن الجسر لن يفتح قبل نهاية هذا العام وإن العمل فيه سوف يستمر حتى الشتاء.",
    "el": "Ο δήμος ανακοίνωσε ότι η γέφυρα θα μείνει κλειστή μέχρι το τέλος του έτους και ότι δεν είναι έτοιμη.",
    "he": "העירייה הודיעה כי הגשר לא ייפתח לפני סוף השנה וכי העבודה על הגשר עוד לא הסתיימה.",
    "lt": "Miestas pranešė, kad tiltas bus uždarytas iki metų pabaigos, nes darbai dar nėra baigti. Tačiau žmonės šį.",
    "de": "Die Stadt teilte mit, dass die Brücke für Fußgänger nicht vor Jahresende geöffnet werden könne.",
    "fr": "La ville a annoncé que le pont était fermé après les travaux, même si la préfecture a déjà été prévenue.",
}  # fmt: skip
ENCODED = [
    *(("ja", name) for name in ("shift_jis", "euc_jp", "iso2022_jp")), ("zh", "gbk"), ("zh-Hant", "big5"),
    ("ko", "euc_kr"), ("th", "cp874"),
    *((code, name) for code in ("pl", "cs", "hu") for name in ("iso8859_2", "cp1250")),
    ("tr", "cp1254"), *(("ru", name) for name in ("cp1251", "koi8_r", "cp866", "iso8859_5")), ("ar", "cp1256"),
    ("el", "cp1253"), ("he", "cp1255"), ("lt", "cp1257"), ("de", "cp1252"), ("fr", "cp1252"),
    ("ru", "utf-16-le"), ("de", "utf-16-be"),
]  # fmt: skip
LABELS = {"cp866": "ibm866", "koi8_r": "koi8-r", "cp874": "windows-874", "euc_kr": "euc-kr"}


@pytest.mark.parametrize(("language", "encoding"), ENCODED, ids=[f"{code} {name}" for code, name in ENCODED])
def test_charset_is_found_by_what_the_bytes_say(language, encoding):
    """Without a declaration, with a wrong one in the page or in the header, and with one after 100 kB of script."""
    story = f"<p>{NEWS[language]}</p>" * 2 + "<p>Bridge 12</p>"
    label = LABELS.get(encoding, encoding.replace("iso8859_", "iso-8859-").replace("cp125", "windows-125"))
    late = f"<script>{'var a = 1; ' * 9_000}</script><meta charset={label}>"
    for head, header in (
        ("", None),
        ('<meta charset="iso-8859-1">', None),
        ('<meta charset="utf-8">', "text/html"),
        ("", "text/html; charset=utf-8"),
        ("" if encoding.startswith("utf-16") else late, None),
    ):
        body = f"<html><head>{head}<title>12</title></head><body>{story}</body></html>".encode(encoding)
        assert NEWS[language] in (charset.decode(body, header) or ""), (head[:30], header)


def test_right_charset_of_a_page_with_few_other_letters_is_kept():
    """A name or two in a page in English say nothing against its declaration; without one it is Western."""
    prose = "<p>The city said that the bridge would not be open again before the end of the year. "
    for name, encoding, declared in (
        ("Łukasz Żak", "cp1250", "windows-1250"),
        ("Мост", "cp1251", "windows-1251"),
        ("Çağla Şen", "cp1254", "windows-1254"),
        ("José Muñoz", "cp1252", None),
    ):
        meta = f"<meta charset={declared}>" if declared else ""
        assert name in (charset.decode(f"<html>{meta}{prose * 9}{name}</p>".encode(encoding)) or "")


@pytest.mark.parametrize("language", NEWS)
def test_utf8_with_a_part_in_another_encoding_is_utf8(language):
    """Boxes of another server in windows-1252, or bytes that were cut: the story is whole."""
    page = f"<html><body><p>{NEWS[language]}</p><p>{NEWS[language]}</p>".encode()
    for other in ("<div>Publicité: été, déjà</div>".encode("cp1252"), b"\x80\x80\x80", b"\xf0\x9f \xe9t\xe9 \xe0"):
        assert NEWS[language] in (charset.decode(page + other) or ""), other


@pytest.mark.parametrize(
    ("label", "encoding", "words"),
    [
        ("x-mac-cyrillic", "mac_cyrillic", NEWS["ru"]), ("iso-8859-8-i", "iso8859_8", "שלום"),
        ("koi8-ru", "koi8_u", "Київ"),
        ("x-cp1251", "cp1251", "Мост"), ("x-gbk", "gbk", "北京"), ("cn-big5", "big5", "臺北"),
        ("ksc_5601", "euc_kr", "서울"), ("tis-620", "cp874", "กรุงเทพ"),
        ("iso-8859-2", "iso8859_2", "Mesto je sporočilo, da bo most zaprt, ker dela na njem še niso končana."),
    ],
)  # fmt: skip
def test_label_of_the_encoding_standard_is_known(label, encoding, words):
    """Browsers know some two hundred; these are not in w3lib, or their bytes look like those of another encoding."""
    body = f"<html><meta charset={label}><p>The bridge is closed.</p><p>".encode() + words.encode(encoding)
    assert words in (charset.decode(body) or "")


HOSTILE = [b"<meta ", b"<script>", b"<!--", b"<script>x</script>\x82\xa0", b"<", b"\xe9 "]


@pytest.mark.parametrize("unit", HOSTILE, ids=["meta", "script", "comment", "scripts", "angle", "letters"])
def test_charset_of_a_hostile_page_is_found_in_time(unit):
    """A page of 1 MB takes less than a second, however its markup is broken."""
    start = time.process_time()
    charset.decode(unit * (1_000_000 // len(unit)) + b"\xe9")
    assert time.process_time() - start < 1


def test_utf8_is_kept_as_it_is_and_another_encoding_becomes_utf8():
    """A page in UTF-8 is not decoded and encoded again; one with a byte order mark or in another encoding is."""
    page = f"<html><p>{NEWS['fr']}</p></html>"
    plain = page.encode()
    assert charset.as_utf8(plain) is plain
    assert charset.as_utf8(b"\xef\xbb\xbf" + plain) == plain
    assert charset.as_utf8(page.encode("latin-1"), "text/html; charset=iso-8859-1") == plain
    assert charset.as_utf8(page.encode("utf-16")) == plain

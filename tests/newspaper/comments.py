"""What readers write under articles, by language. None of it is ever part of an article's text."""

from __future__ import annotations

from zlib import crc32

COMMENTS = {
    "en": (
        ("Old Salt", "I have lived on Ropewalk Lane for forty years and nobody has ever asked me. Typical."),
        ("Brenda K.", "Great reporting as always. Does anyone know whether the last bus still stops at the fish market?"),
        ("harbourwatcher", "The figures quoted here do not add up, the council said nine million in March and now it is eleven."),
        ("P. Dunnock", "My grandfather worked on that crane. Thank you for remembering the men and not only the machine."),
        ("TideTable", "First! But seriously, why is there no mention of the parking problem in Chapel Street?"),
        ("Geraldine", "I tried to write to the editor about this and the form ate my letter twice."),
    ),
    "de": (
        ("Möwe42", "Endlich schreibt das mal jemand. Auf der Fähre redet man seit Monaten über nichts anderes."),
        ("H. Petersen", "Und wer bezahlt das am Ende? Doch wieder wir mit der Grundsteuer."),
        ("Lotsenfrau", "Danke für den sachlichen Artikel, das ist selten geworden."),
    ),
    "fr": (
        ("Mouette rieuse", "Enfin un article qui ne prend pas les habitants du port pour des touristes."),
        ("J.-P. L.", "On nous promet la même chose depuis dix ans, j’attends de voir les travaux."),
    ),
    "es": (
        ("Gaviota", "Mi abuela contaba lo mismo del mercado viejo. Gracias por el recuerdo."),
        ("Paco el del muelle", "A ver si esta vez cumplen, porque promesas ya hemos oído muchas."),
    ),
    "ja": (("港の住人", "毎朝通る道なので、記事になってうれしいです。"),),
    "uk": (("Марійка", "Нарешті добрі новини з порту, дякую редакції!"),),
    "ar": (("ابن البحر", "مقال جميل، نتمنى أن نقرأ المزيد عن صيادي الميناء."),),
}


def comments_for(key: str, language: str) -> list[tuple[str, str]]:
    """(name, words) of one to three readers; the same article always has the same readers."""
    stock = COMMENTS[language]
    start = crc32(key.encode())
    count = min(len(stock), 1 + start % 3)
    return [stock[(start + step) % len(stock)] for step in range(count)]

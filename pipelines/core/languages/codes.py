"""Find the code of a language by which articles are filed (ISO 639-1) from what people type for it.

Known are the codes of ISO 639-2 and 639-3, and the names in English and in the language itself.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

# code: other codes; names. Languages in which newspapers are often published online, or for which there are stemmers.
LANGUAGES = """
af: afr; afrikaans
am: amh; amharic, አማርኛ
ar: ara arb; arabic, العربية
az: aze; azerbaijani, azeri, azərbaycanca
be: bel; belarusian, беларуская
bg: bul; bulgarian, български
bn: ben; bengali, bangla, বাংলা
bs: bos; bosnian, bosanski
ca: cat; catalan, català
cs: ces cze; czech, čeština, česky
cy: cym wel; welsh, cymraeg
da: dan; danish, dansk
de: deu ger; german, deutsch
el: ell gre; greek, ελληνικά
en: eng; english
es: spa; spanish, español, castellano
et: est; estonian, eesti
eu: eus baq; basque, euskara
fa: fas per pes; persian, farsi, فارسی
fi: fin; finnish, suomi
fr: fra fre; french, français
ga: gle; irish, gaeilge
gl: glg; galician, galego
gu: guj; gujarati, ગુજરાતી
ha: hau; hausa
he: heb; hebrew, עברית
hi: hin; hindi, हिन्दी, हिंदी
hr: hrv; croatian, hrvatski
hu: hun; hungarian, magyar
hy: hye arm; armenian, հայերեն
id: ind; indonesian, bahasa indonesia
is: isl ice; icelandic, íslenska
it: ita; italian, italiano
ja: jpn; japanese, 日本語
ka: kat geo; georgian, ქართული
kk: kaz; kazakh, қазақша
km: khm; khmer, ខ្មែរ
kn: kan; kannada, ಕನ್ನಡ
ko: kor; korean, 한국어
ku: kur; kurdish, kurdî
ky: kir; kyrgyz, кыргызча
lb: ltz; luxembourgish, lëtzebuergesch
lo: lao; lao, ລາວ
lt: lit; lithuanian, lietuvių
lv: lav; latvian, latviešu
mk: mkd mac; macedonian, македонски
ml: mal; malayalam, മലയാളം
mn: mon; mongolian, монгол
mr: mar; marathi, मराठी
ms: msa may; malay, bahasa melayu
mt: mlt; maltese, malti
my: mya bur; burmese, မြန်မာ
nb: nob; bokmål, norwegian bokmål
ne: nep; nepali, नेपाली
nl: nld dut; dutch, flemish, nederlands
nn: nno; nynorsk, norwegian nynorsk
no: nor; norwegian, norsk
pa: pan; punjabi, ਪੰਜਾਬੀ
pl: pol; polish, polski
ps: pus; pashto, پښتو
pt: por; portuguese, português
ro: ron rum; romanian, română
ru: rus; russian, русский
si: sin; sinhala, සිංහල
sk: slk slo; slovak, slovenčina
sl: slv; slovenian, slovene, slovenščina
so: som; somali
sq: sqi alb; albanian, shqip
sr: srp; serbian, srpski, српски
sv: swe; swedish, svenska
sw: swa; swahili, kiswahili
ta: tam; tamil, தமிழ்
te: tel; telugu, తెలుగు
tg: tgk; tajik, тоҷикӣ
th: tha; thai, ไทย
tl: tgl fil; tagalog, filipino
tr: tur; turkish, türkçe
uk: ukr; ukrainian, українська
ur: urd; urdu, اردو
uz: uzb; uzbek, o'zbekcha
vi: vie; vietnamese, tiếng việt
yi: yid; yiddish, ייִדיש
zh: zho chi cmn; chinese, mandarin, 中文, 汉语, 漢語
"""


def known_language(text: str) -> str | None:
    """Return the code of a language that is given by another code or a name, in any case, with or without accents."""
    return _codes().get(_bare(text))


# What pages declare for a language that is not its code: the code of a country, or a code that is withdrawn.
MEANT = {
    "nb": "no", "kr": "ko", "jp": "ja", "cn": "zh", "gr": "el", "cz": "cs", "ua": "uk", "dk": "da", "vn": "vi",
    "rs": "sr", "al": "sq", "kz": "kk", "ge": "ka", "us": "en", "gb": "en", "ir": "fa", "iw": "he", "in": "id",
    "ji": "yi", "jw": "jv", "mo": "ro", "sh": "sr",
}  # fmt: skip
NO_LANGUAGE = {"und", "mul", "zxx", "mis"}  # codes of ISO 639-2 that name no language


def declared_language(text: str) -> str | None:
    """Return the code of the language that a page declares: `de` for de_AT, ger, German; `no` for nb; None if none."""
    code = re.split("[-_ ,;]", text.strip().lower(), maxsplit=1)[0]
    if re.fullmatch("[a-z]{2}", code):
        return MEANT.get(code, code)
    if known := known_language(text) or known_language(code):
        return MEANT.get(known, known)
    return code if re.fullmatch("[a-z]{3}", code) and code not in NO_LANGUAGE else None


def name_like(text: str) -> str | None:
    """Return the name of a language that is like a text, with its code: `german (de)`; None if there is none."""
    from difflib import get_close_matches  # imported only for an error

    names = {name: code for name, code in _codes().items() if len(name) > 3}
    return next((f"{name} ({names[name]})" for name in get_close_matches(_bare(text), names, n=1)), None)


@cache
def _codes() -> dict[str, str]:
    """Return the code of each language by its other codes and its names."""
    found: dict[str, str] = {}
    for line in LANGUAGES.strip().splitlines():
        code, _, rest = line.partition(": ")
        others, _, names = rest.partition("; ")
        found |= dict.fromkeys([*others.split(), *map(_bare, names.split(", "))], code)
    return found


def _bare(text: str) -> str:
    """Return a text without case and accents, with one space between its words."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(letter for letter in letters if unicodedata.category(letter) != "Mn").split())

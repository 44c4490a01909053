"""Beginnings of words that notices around comments are made of, by language. Data only.

For sentences that every translator and every paper words anew: what is said is known by the words that must meet in it.
"""

from __future__ import annotations

LONGEST_NOTICE = 260  # characters

# "Save my name, email, and website in this browser for the next time I comment.": every translator has worded it anew,
# so a sentence that speaks of all three is taken: (name, browser, comment).
REMEMBER: dict[str, tuple[str, str, str]] = {
    "en": ("name", "browser", "comment"), "de": ("name", "browser", "komment"), "fr": ("nom", "navigateur", "comment"),
    "es": ("nombre", "navegador", "coment"), "pt": ("nome", "navegador", "coment"), "pt-br": ("dados", "navegador",
    "coment"),
    "it": ("nome", "browser", "comment"), "nl": ("naam", "browser", "reactie"), "pl": ("dane", "przeglądar",
    "komentarz"),
    "sv": ("namn", "webbläsare", "komment"), "no": ("navn", "nettleser", "komment"), "da": ("navn", "browser",
    "komment"),
    "ru": ("имя", "браузер", "комментар"), "uk": ("ім'я", "браузер", "комент"), "tr": ("adım", "tarayıcı", "yorum"),
    "ar": ("اسمي", "المتصفح", "تعليق"), "zh": ("名称", "浏览器", "评论"), "zh-tw": ("名稱", "瀏覽器", "留言"),
    "ja": ("名前", "ブラウザ", "コメント"), "fi": ("nime", "selai", "komment"), "cs": ("jméno", "prohlížeč", "koment"),
    "hu": ("nev", "böngésző", "hozzászól"), "ro": ("numele", "navigator", "coment"), "el": ("όνομ", "πλοηγ", "σχολι"),
    "he": ("שם", "בדפדפן", "תגוב"), "ko": ("이름", "브라우저", "댓글"), "id": ("nama", "peramban", "komentar"),
    "vi": ("tên", "trình duyệt", "bình luận"), "fa": ("نام", "مرورگر", "دیدگاه"), "ca": ("nom", "navegador", "coment"),
}  # fmt: skip

# Words of a notice on how comments are handled; the second must stand beside a word for "comment".
MODERATION: dict[str, tuple[str, str]] = {
    "en": ("comment",
    r"moderat|respectful|house rules|guidelines|community standards|offensive|abusive|off-topic|policy"),
    "de": ("komment", r"netiquette|moderier|freigeschaltet|beleidig|freischalt|nutzungsbedingungen|regeln"),
    "fr": ("comment", r"modér|charte|injuri|conditions d'utilisation"),
    "es": ("coment", r"moderad|normas|ofensiv|aprobad|insult|ininteligib|respeto"),
    "pt": ("coment", r"moderad|ofensiv|aprovad|ininteligív|respeito|responsabilidade"),
    "it": ("comment", r"moderat|offensiv|approvat|regole"),
    "nl": ("reactie", r"moderat|gemodereerd|huisregels|spelregels"),
    "pl": ("komentarz", r"moderac|regulamin|obraźliw|odpowiedzialno"),
    "sv": ("komment", r"moderer|regler|riktlinjer|olämplig"),
    "no": ("komment", r"moderer|regler|retningslinjer|debatt"),
    "da": ("komment", r"moderer|regler|retningslinjer|debat"),
    "ru": ("комментар", r"модерац|модерир|правил|оскорб"),
    "uk": ("комент", r"модерац|модер|правил|образ"),
    "tr": ("yorum", r"onay|moderat|hakaret|kural"),
    "ar": ("تعليق", r"إدارة|مسيئة|سياسة|قواعد|المسيئة"),
    "zh": ("评论", r"审核|立场|观点|规则"), "zh-tw": ("留言", r"審核|立場|規範"),
    "ja": ("コメント", r"承認|規約|ガイドライン|ルール"),
}  # fmt: skip

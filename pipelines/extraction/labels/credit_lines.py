"""Lines at the head or foot of a text that say who published it first, in many languages; and the names in them.

A line counts only as a whole: what stands behind the name must be nothing, a date, leave to print it, or where to read
on. So "The book was originally published by Harrow in 1961 and sold nine copies" is none.
"""

from __future__ import annotations

import re

from pipelines.extraction.labels.agencies import agency, only_agencies

LONGEST = 320  # characters of such a sentence
LONGEST_LINE = 900  # of the paragraph it stands in; authors are presented beside it
LONGEST_NAME = 60
LONGEST_RAW = 300  # characters in which a name is looked for; its address may stand behind it

NAME = r"(?P<name>[^\n]{2,120}?)"
# What may follow the name: nothing, a date, leave to use it, where to read on. Anything else is a sentence of a story.
END = (
    r"(?:[,;]? (?:on|am|vom|du|dated|le|el|em|il|op|den|от|in (?:january|february|march|april|may|june|july|august"
    r"|september"
    r"|october|november|december))\b[^.!?]{0,30}\d[^.!?]{0,16}"
    r"|,? (?:and|und|et|y|e)\b[^.!?]{0,20}\b(?:re-?published|reprinted|reproduced|mirrored|shared|used|wird|wurde"
    r"|est|fue|republi\w+)"
    r"[^.!?]{0,120}"
    r"|,? (?:under|unter|sous|bajo|sob|con licenza|sotto|onder|på|na licencji|по лицензии)\b[^.!?]{0,80}"
    r"|,? (?:with|mit|avec|con|com|met|med|za|с)\b[^.!?]{0,30}\b(?:permission|genehmigung|autorisation|permiso"
    r"|permissão|permesso|toestemming|tillstånd|tillatelse|tilladelse|zgodą|разрешения)\b[^.!?]{0,40}"
    r"|,? (?:veröffentlicht|erschienen|publiziert|publicerad|publiceras|publisert|udgivet|bragt|gepubliceerd"
    r"|verschenen|opublikowany|opublikowana|julkaistu|yayımlan\w+|yayınlan\w+))?"
    r"[.!:]?(?: (?:read|see|view|click|here|you can|the original|sign|subscribe|it (?:is|was|has)"
    r"|we|lire|lisez|lea|leia|leggi|lees|lesen|hier|den |das )[^\n]{0,160})?(?: ?https?://\S{1,200})?\W*"
)
THIS = (
    r"(?:(?:this|the (?:above|following|original)|a (?:shorter |longer |different )?version of (?:this|the)) "
    r"(?:\w+ ){0,2}(?:article|story|piece|post|report|essay|interview|column|commentary|analysis|op-ed|excerpt|text"
    r"|content|investigation|review|blog|article's)(?: has| have)?(?: was| were| been| is)* )?"
)
# Lines that say who published the text first, by language. Each matches a whole line, letter case aside.
LINES: dict[str, tuple[str, ...]] = {
    "en": (
        THIS + r"(?:also )?(?:originally|first|previously) (?:was )?(?:published|appeared|posted|produced|ran"
        r"|printed|aired)"
        rf" (?:at|by|on|in|with|here:?)(?: the website of| the pages of)? {NAME}{END}",
        THIS + r"(?:is )?(?:re-?published|reprinted|reproduced|syndicated|cross-?posted|re-?posted)(?: here)?"
        rf"(?: with (?:\w+ )?permission)?(?: courtesy)? (?:from|of|by|at) {NAME}{END}",
        rf"read the original (?:article|story|post|version|piece|report)(?: here)? (?:at|on|in|from) {NAME}{END}",
        r"(?:©|copyright|\(c\)) ?\d{4},? (?:by )?(?P<name>[^\n.]{2,60}?)\. [^\n]{0,120}\bdistributed by [^\n]{2,80}",
        rf"the post [^\n]{{0,200}} (?:first appeared|appeared first) on {NAME}{END}",
        rf"{NAME} (?:first|originally) published this (?:article|story|piece|post|report)\b{END}",
    ),
    "de": (
        r"(?:dieser|der|dieses|das|diese|die) (?:\w+ )?(?:artikel|beitrag|text|interview|bericht|kommentar|essay"
        r"|reportage|analyse|geschichte) (?:ist |wurde |war |erschien )?(?:\w+ )?(?:zuerst|ursprünglich|zunächst"
        rf"|erstmals|im original)(?: am [^\n]{{3,24}}?)? (?:auf|bei|in|im|von|durch|beim) {NAME}{END}",
        rf"(?:zuerst|ursprünglich|zunächst|erstmals) (?:erschienen|veröffentlicht|publiziert) (?:auf|bei|in|im|von)"
        rf" {NAME}{END}",
        rf"(?:übernommen|mit freundlicher genehmigung) von {NAME}{END}",
        rf"(?:der |zum )?originalartikel(?: erschien| findet sich| ist)?(?: zuerst)? (?:bei|auf|in|im) {NAME}{END}",
        rf"der (?:beitrag|artikel) [^\n]{{0,200}} erschien zuerst auf {NAME}{END}",
    ),
    "fr": (
        r"(?:cet|cette|ce|l['’]) ?(?:article|texte|tribune|entretien|reportage|analyse|enquête|interview|billet)"
        r" (?:original )?(?:a été|est|a|avait été|fut)? ?(?:d['’]abord|initialement|originellement|originalement)"
        rf" ?(?:été )?(?:publiée?|parue?|diffusée?)(?: initialement| pour la première fois)? (?:sur|dans|par|chez|en"
        rf"|le|la) {NAME}{END}",
        r"(?:cet|cette) (?:article|texte|tribune|entretien|analyse) (?:a été|est) (?:publiée?|parue?) (?:initialement"
        rf"|pour la première fois|à l['’]origine|en premier) (?:sur|dans|par|chez|en) {NAME}{END}",
        rf"(?:cet article est )?republiée? à partir de {NAME}{END}",
        rf"(?:article )?(?:initialement|d['’]abord) (?:publié|paru) (?:sur|dans|par|chez) {NAME}{END}",
        rf"(?:article|texte|tribune|entretien) (?:paru|publié)e? (?:sur|dans|par|chez) {NAME}{END}",
        rf"l['’]article [^\n]{{0,200}} est apparu en premier sur {NAME}{END}",
    ),
    "es": (
        r"(?:est[ea]|el|la|una versión de est[ea]) (?:artículo|texto|nota|reportaje|entrevista|columna|historia"
        r"|investigación|crónica|análisis) (?:fue |se |ha sido )?(?:publicad[oa]|publicó|apareció)?"
        r" ?(?:originalmente|originariamente|inicialmente|por primera vez|primero)(?: publicad[oa])?"
        rf" (?:en|por) {NAME}{END}",
        rf"(?:artículo |texto |nota )?publicad[oa] (?:originalmente|originariamente|inicialmente) (?:en"
        rf"|por) {NAME}{END}",
        rf"(?:enlace al )?artículo original(?: publicado)? en {NAME}{END}",
        rf"la entrada [^\n]{{0,200}} (?:se publicó primero|aparece primero) en {NAME}{END}",
    ),
    "pt": (
        r"(?:est[ea]|o|a) (?:artigo|texto|matéria|reportagem|entrevista|coluna|conteúdo) (?:foi )?(?:publicad[oa] )?"
        rf"(?:originalmente|originariamente|inicialmente|primeiro)(?: publicad[oa])? (?:em|no|na|por|pelo|pela)"
        rf" {NAME}{END}",
        rf"publicad[oa] originalmente (?:em|no|na|por|pelo|pela) {NAME}{END}",
        rf"o post [^\n]{{0,200}} apareceu primeiro em {NAME}{END}",
    ),
    "it": (
        r"(?:quest[oa]|l['’]) ?(?:articolo|testo|intervista|inchiesta|analisi) (?:è stat[oa] |è )?(?:pubblicat[oa] )?"
        rf"(?:originariamente|originalmente|inizialmente|per la prima volta)(?: pubblicat[oa]| apparso)? (?:su|da|in"
        rf"|dal|sul"
        rf"|nel) {NAME}{END}",
        rf"pubblicat[oa] (?:originariamente|originalmente|inizialmente) (?:su|da|in|sul|dal) {NAME}{END}",
        rf"l['’]articolo [^\n]{{0,200}} (?:proviene da|sembra essere il primo su) {NAME}{END}",
    ),
    "nl": (
        r"(?:dit|deze|het) (?:artikel|stuk|interview|verhaal|column|opiniestuk|bericht) (?:is|werd|verscheen)"
        rf" (?:\w+ )?(?:eerder|oorspronkelijk|eerst)(?: verschenen| gepubliceerd)? (?:op|in|door|bij|via) {NAME}{END}",
        rf"(?:oorspronkelijk|eerder|eerst) (?:gepubliceerd|verschenen) (?:op|in|door|bij) {NAME}{END}",
    ),
    "sv no da": (
        r"(?:denn[ae]|den här|dette|dett[ae]|artikk?el\w*|artiklen|teksten|texten|saken|historien|kronikken|krönikan)"
        r"(?: (?:artikk?eln?|artikkelen|text\w*|tekst\w*|sak\w*|kronikk\w*|krönika\w*|indlæg\w*))?"
        r" (?:är|er|ble|blev|har|var|stod)? ?(?:tidligere |tidigare )?(?:publicerades|publiserte?s?)? ?(?:först|først"
        r"|ursprungligen|opprinnelig|oprindeligt?|opprinneleg)(?: publicerad| publisert| bragt| udgivet| publiceret)?"
        rf" (?:i|på|av|af|hos) {NAME}{END}",
        rf"(?:först|først|ursprungligen|opprinnelig|oprindeligt?) (?:publicerad|publisert|bragt|udgivet|publiceret)"
        rf" (?:i|på|av|af|hos) {NAME}{END}",
    ),
    "pl": (
        r"(?:ten |niniejszy )?(?:artykuł|tekst|wywiad|materiał|reportaż) (?:został |ukazał się )?(?:pierwotnie |po raz"
        rf" pierwszy )(?:opublikowany |ukazał się )?(?:na|w|przez) {NAME}{END}",
    ),
    "ru uk": (
        r"(?:эта |этот |данный |данная )?(?:статья|текст|материал|интервью|колонка)(?: был[аои]?)? (?:впервые"
        rf"|изначально|первоначально|ранее)(?: был[аои]?)? опубликован[ао]?(?: на сайте| в издании| изданием| в"
        rf"| на)? {NAME}{END}",
        r"(?:ця |цей )?(?:стаття|текст|матеріал|інтерв['’]ю|колонка)(?: бул[аои]?| був)? (?:вперше|спочатку)"
        rf"(?: бул[аои]?| був)? опубліковано?[ай]?(?: на сайті| у виданні| виданням| в| у| на)? {NAME}{END}",
        rf"(?:впервые|изначально) опубликовано (?:на сайте |в |на ){NAME}{END}",
        rf"(?:вперше|спочатку) опубліковано (?:на сайті |в |у |на ){NAME}{END}",
    ),
    "tr": (
        rf"bu (?:yazı|makale|haber|içerik) ilk (?:olarak|kez) {NAME}(?:['’]?(?:de|da|te|ta|nde|nda)| tarafından"
        r"| sitesinde) (?:yayımlan|yayınlan)\w+\W*",
    ),
    "ar": (
        r"(?:نُ?شر|نُ?شرت|ظهر) (?:هذا|هذه) (?:المقال|المقالة|النص|التقرير)"
        rf" (?:لأول مرة|أول[اًا]*|أصل[اًا]*) (?:في|على|في موقع) {NAME}\W*",
    ),
    "zh": (
        r"(?:本文|此文|原文)?(?:首发于|首發於|原载于?|原載於?|原刊於?|转载自|轉載自|转自|轉自|摘自|最初发表(?:于|在)"
        r"|最初發表於)[：:]?"
        r"(?P<name>[^，。；（）()]{2,30}?)(?:网站|網站)?(?:，[^\n]{0,60})?\W*",
    ),
    "ja": (
        r"(?:この|本)(?:記事|稿|文章)は、?(?:もともと|最初に|初めに|「)?(?P<name>[^、。]{2,30}?)」?(?:に|で)"
        r"(?:最初に|初めて|)(?:掲載|公開|発表)された[^\n]{0,30}",
        r"(?P<name>[^、。\s]{2,30}?)(?:より|から)転載\W*",
    ),
    "ko": (r"(?:이|본) (?:기사|글)는 (?P<name>[^,.]{2,30}?)에 (?:처음|최초로) (?:게재|실|발행)[^\n]{0,20}",),
}  # fmt: skip
PATTERNS = tuple(re.compile(rf"\W*(?:{pattern})", re.IGNORECASE) for group in LINES.values() for pattern in group)
# A word of each pattern, in lower case: a line without any costs nothing more.
CUES = (
    "original", "first", "previous", "published", "printed", "produced", "syndicated", "posted", "distributed by",
    "zuerst", "paru", "publié",
    "ursprünglich", "zunächst", "erstmals", "übernommen", "genehmigung", "abord", "initialement", "republi",
    "en premier", "à l'origine", "à l’origine", "première fois", "inicialmente", "originari", "primer",
    "inizialmente", "prima volta", "proviene", "primo", "eerder", "oorspronkelijk", "eerst", "först", "først",
    "ursprungligen", "oprin", "opprin", "pierwotnie", "pierwszy", "впервые", "изначально", "первоначально", "ранее",
    "вперше", "спочатку", "ilk ", "لأول", "أول", "أصل", "首发", "首發", "原载", "原載", "原刊", "转载", "轉載",
    "转自", "轉自", "摘自",
    "最初", "掲載", "公開", "発表", "転載", "처음", "최초",
)  # fmt: skip
# The end of a sentence, not of an abbreviation or a host.
SENTENCE = re.compile(r"(?<=[^\W\d_]{3}[.!?])\s+(?=[^\W\d_a-z])|(?<=[。！？])")
SUBJECT = re.compile(
    r"\W*(?:th(?:is|e)|a version|diese[rs]?|der|das|cet(?:te)?|l['’]|est[ea]|quest[oa]|dit|den här|denne|artik|ten "
    r"|этот|эта|стат|материал|ця |цей |bu |هذا|نشر|本|この|이 )",
    re.IGNORECASE,
)
SOURCE = re.compile(
    r"\W*(?:source|quelle|fuente|fonte|bron|källa|kilde|kjelde|lähde|źródło|zdroj|forrás|sursă?|kaynak|sumber|nguồn"
    r"|izvor"
    r"|vir|πηγή|источник|джерело|източник|المصدر|منبع|מקור|स्रोत|来源|來源|文章来源|稿件来源|新闻来源|出典|引用元|출처)"
    r" ?[:：] ?(?P<name>[^\n]{2,60})",
    re.IGNORECASE,
)
MARK = re.compile(
    r"(?:©|\(c\)|copyright)\s*(?:\d{4}\s*)?(?:by |the )*([^\W\d][\w. -]{1,40}?)"
    r"(?:\s\d{4}|[,:]\s*\w{2,6}:[\d/-]+.*|\s*\(\w+\)|[.,:]?\s*all rights reserved\b.*|\.)?",
    re.IGNORECASE,
)
SIGNED = re.compile(r"[.!?\"”“»«…]\W{0,3}\(([^()]{2,40})\)\W{0,3}$")  # behind a whole sentence, or it is a caption
# Articles before a name, and words that are in no name of a paper.
ARTICLES = re.compile(
    r"^(?:(?:the|der|die|das|dem|den|le|la|les|l['’]|el|los|las|il|lo|gli|o|a|os|as|de|het|our|unser\w*"
    r"|website|magazin\w*|online|newspaper|journal|revista|revue|il sito|le site|sitio|site|портале?|сайте?|газете"
    r"|издании|журнале)\s+)+|^l['’]",
    re.IGNORECASE,
)
NO_NAME = re.compile(
    r"^\d|\b(?:19|20)\d\d\b|^[^\W\d]{3,9}\.? \d|\b(?:print\w*|ausgabe|heft|newsletter|edition|issue|volume|agenc(?:y"
    r"|ies|ias?)|agenturen|various|social media|instagram|facebook|tiktok|twitter|youtube|weibo|vkontakte"
    r"|january|february|march|april|june|july|august|september|october|november|december|et al|doi|isbn|own|eigene"
    r"|here|hier|ici|aquí|aqui|qui|article|artikel|company|press release|pressemitteilung|author|autor\w*|photo|foto"
    r"|statista|berechnung\w*|daten|data|study|studie|book|buch|table|figure|stand|this|that|which|who|when|where)\b",
    re.IGNORECASE,
)


def stated(line: str) -> str | None:
    """Who published the text first, if a sentence of `line` is nothing but a statement of that.

    A sentence behind others must name its subject: "This article was first published by X".
    """
    lower = line.lower() if len(line) <= LONGEST_LINE else ""
    if not any(cue in lower for cue in CUES):
        return None
    if name := _stated(line):
        return name
    first, *others = SENTENCE.split(line)
    for sentence in (first, *(other for other in others if SUBJECT.match(other))):
        if others and (name := _stated(sentence)):
            return name
    return None


def _stated(sentence: str) -> str | None:
    if len(sentence) > LONGEST:
        return None
    for pattern in PATTERNS:
        if (found := pattern.fullmatch(sentence)) and (name := name_in(found["name"])):
            return name
    return None


def signature(line: str) -> str | None:
    """The agency that a last line is signed with: "(dpa)" after the last sentence, "© AFP", or its name alone."""
    if found := SIGNED.search(line[-60:]):
        return only_agencies(found[1])
    if len(line) > 80:
        return None
    if (found := MARK.fullmatch(line)) and (name := only_agencies(found[1])):
        return name
    return only_agencies(line.strip("()[]{}–—-. "))


def name_in(raw: str) -> str | None:
    """A name as it stands in a sentence -> the name; None if it is none."""
    raw = " ".join(raw[:LONGEST_RAW].split())
    name = re.sub(r" ?[(<\[]https?://[^)>\]]*[)>\]]?", "", raw).strip(" \"'“”„«»‘’:,.;*_()[]")
    name = re.sub(r"^https?://(?:www\.)?|/+$", "", name)
    while (cut := ARTICLES.sub("", name, count=1)) != name and not _is_title(name):
        name = cut
    name = name.strip(" \"'“”„«»‘’:,.;*_")
    if agency(name):
        return agency(name)
    if not 2 <= len(name) <= LONGEST_NAME or len(name.split()) > 7 or NO_NAME.search(name):
        return None
    return name if not name[0].islower() or re.fullmatch(r"[\w-]+(?:\.[\w-]+){1,3}", name) else None


def _is_title(name: str) -> bool:
    """ "The Conversation", "La Stampa": the article belongs to the name."""
    first, _, rest = name.partition(" ")
    return first[:1].isupper() and rest[:1].isupper()


def source(line: str) -> str | None:
    """The name in a line that is nothing but "Source: NAME"; of several names the agency, else the first."""
    if len(line) > 90 or not (found := SOURCE.fullmatch(line)):
        return None
    parts = [part.strip() for part in re.split(r"\s*[,/;|]\s*", found["name"])]
    name = next((wire for part in parts if (wire := agency(part))), None) or name_in(parts[0])
    return name if name and len(name.split()) <= 5 and not re.search(r"[\d:(&]", name) else None

"""What walls say, in many languages, and the names of what they are built of: data for `access`."""

from __future__ import annotations

import re

# Lines that a wall prints, each matching a whole line, letter case aside.
LINES: dict[str, tuple[str, ...]] = {
    "en": (
        r"(?:this|the rest of this|the full|full access to this) (?:\w+ ){0,2}(?:article|story|content|post|report"
        r"|page)"
        r"[^.!?]{0,20} (?:for|to) (?:our |paid |paying |premium |digital |registered )*(?:subscribers"
        r"|members)\b.{0,80}",
        r"(?:to|please) (?:continue|keep|finish) reading\b.{0,100}"
        r"|(?:you must |please )?(?:subscribe|be (?:logged|signed) in|log ?in|sign ?in|sign ?up"
        r"|register)\b[^.!?]{0,60} to"
        r" (?:continue|keep|finish|read|access|view|unlock)\b[^.!?]{0,60}[.!]?",
        r"(?:you(?:'ve|’ve| have) (?:reached|read|used|hit)|this is your last)\b[^.!?]{0,60}\bfree\b[^.!?]{0,20}"
        r"\b(?:article|stor(?:y|ies))\w*\b.{0,100}",
        r"(?:subscribers?|members?|premium)[ -](?:only|exclusive)(?: (?:content|article|story))?\W*"
        r"|exclusive (?:to|for) (?:our )?(?:subscribers|members)\W*|for (?:subscribers|members) only\W*",
        r"unlock (?:this|the full|the rest of this) (?:article|story)\b.{0,80}"
        r"|continue reading (?:this article )?(?:with|for|by|from)\b[^.!?]{0,60}\b(?:subscri\w+|trial"
        r"|account)\b.{0,60}",
        r"already (?:a subscriber|a member|have (?:an account|a subscription))\?.{0,60}",
    ),
    "de": (
        r"(?:dieser|der|diesen|den|das|dieses) (?:\w+ )?(?:artikel|beitrag|text|inhalt|angebot)s? (?:ist|gibt es"
        r"|können sie"
        r"|lesen sie|steht)\b[^.!?]{0,60}\b(?:abonnent\w*|abonnements?|abo\w*|mitglieder\w*|digitalabo\w*"
        r"|leser:?innen)\b"
        r".{0,60}",
        r"(?:jetzt |gleich |einfach )?(?:weiterlesen|artikel lesen|diesen artikel weiterlesen)(?: sie)? (?:mit|für"
        r"|im abo"
        r"|ab)\b.{0,80}",
        r"(?:jetzt )?(?:abonnieren|abo (?:abschließen|testen)|registrieren|anmelden|einloggen)[^.!?]{0,30}"
        r"\b(?:und|um) (?:\w+ ){0,3}(?:weiterlesen|weiterzulesen|lesen)\W*",
        r"(?:um|bitte)\b[^.!?]{0,60}\b(?:weiterzulesen|weiterlesen|zu lesen)\b[^.!?]{0,80}\b(?:abo\w*|registrier\w*"
        r"|anmeld\w*|melden|einloggen|loggen)\b.{0,40}",
        r"(?:exklusiv|nur|ausschließlich) für (?:unsere )?(?:\w*abonnent\w*|plus-?leser\w*|mitglieder)\W*",
        r"(?:sie (?:sind|haben)|du (?:bist|hast))? ?(?:bereits|schon) (?:\w*abonnent\w*|ein \w*abo\w*|registriert|kunde"
        r"|mitglied)\?.{0,60}",
    ),
    "fr": (
        r"(?:cet|la suite de cet|l['’])? ?(?:article|contenu)?(?: est)? ?(?:exclusivement )?réservée? (?:à nos|aux"
        r"|à l['’]ensemble de nos) abonnée?s\b.{0,60}|la suite est réservée aux abonnés\W*",
        r"il vous reste \d+ ?% (?:de cet article )?à (?:lire|découvrir)\b.{0,80}",
        r"(?:abonnez-vous|connectez-vous|inscrivez-vous|identifiez-vous) pour (?:lire|continuer|accéder|poursuivre"
        r"|découvrir)"
        r"\b.{0,80}|pour (?:lire la suite|continuer (?:la|votre) lecture|poursuivre (?:la|votre) lecture)\b.{0,80}",
        r"déjà abonnée?(?: ?\(e\))? ?\?.{0,60}",
    ),
    "es": (
        r"(?:(?:(?:est[ea]|el) )?(?:artículo|contenido|nota) (?:es )?)?(?:exclusiv[oa]|sólo|solo|reservado) (?:para"
        r"|a) (?:nuestros )?"
        r"(?:suscriptores|abonados|socios|usuarios registrados)\W*",
        r"(?:suscríb\w+|inicia sesión|regístr\w+) (?:\w+ )?para (?:seguir|continuar|leer|acceder)\b.{0,80}"
        r"|para (?:seguir|continuar) leyendo\b.{0,100}",
        r"¿(?:ya )?(?:eres|es) (?:suscriptor|abonado|socio)\w*\?.{0,60}",
    ),
    "pt": (
        r"(?:(?:(?:est[ea]|o) )?(?:artigo|conteúdo|texto|matéria) (?:é )?)?(?:exclusiv[oa]|apenas|só|reservado) (?:para"
        r"|a) (?:os )?"
        r"(?:nossos )?(?:assinantes|subscritores|membros)\W*",
        r"(?:assine|faça login|cadastre-se|registe-se|subscreva) (?:\w+ )?para (?:continuar|ler|acessar"
        r"|aceder)\b.{0,80}"
        r"|para continuar (?:a ler|lendo|a leitura)\b.{0,80}",
        r"já é (?:assinante|subscritor)\w*\?.{0,60}",
    ),
    "it": (
        r"(?:(?:(?:questo|il) )?(?:articolo|contenuto|testo) (?:è )?)?(?:riservato|accessibile solo|disponibile solo"
        r"|solo)"
        r" (?:agli|ai nostri|per gli|per i nostri) abbonati\b.{0,40}",
        r"(?:abbonati|accedi|registrati) (?:\w+ )?per (?:continuare|leggere|proseguire)\b.{0,80}"
        r"|per (?:continuare a leggere|proseguire la lettura)\b.{0,80}",
        r"(?:sei )?già abbonat[oa]\?.{0,60}",
    ),
    "nl": (
        r"dit (?:artikel|verhaal|stuk) is (?:alleen|exclusief|enkel|uitsluitend"
        r"|gereserveerd)?\b[^.!?]{0,30}\bvoor (?:onze )?"
        r"(?:abonnees|leden)\W*|(?:alleen|exclusief|enkel) voor abonnees\W*",
        r"(?:lees (?:verder|dit artikel)|verder lezen|doorlezen)\b[^.!?]{0,60}\b(?:abonne\w+|log in|inloggen|account)\b"
        r".{0,60}|(?:al|bent u) abonnee\?.{0,60}",
    ),
    "sv no da": (
        r"(?:(?:den här |denna |denne |dette )?(?:artik\w+|sak\w*|innehållet|innholdet|indholdet) (?:är"
        r"|er) )?(?:(?:bara|endast"
        r"|kun|låst|forbeholdt?|reserverad|eksklusivt) )?(?:(?:för|for|til) )?(?:våra |våre |vores )?(?:prenumeranter"
        r"|abonnenter)\W*",
        r"(?:läs vidare|fortsätt läsa|les videre|fortsett å lese|læs videre|læs hele artiklen|for at læse|for å lese"
        r"|för att läsa)\b[^.!?]{0,80}\b(?:prenumer\w*|abon\w*|logga in|logg inn|log ind|konto)\b.{0,60}",
        r"(?:redan|allerede|er du allerede) (?:prenumerant|abonnent|kunde)\?.{0,60}",
    ),
    "fi": (
        r"(?:tämä )?(?:artikkeli|juttu|sisältö) on (?:vain |tarkoitettu )?(?:tilaajille|tilaajillemme)\W*"
        r"|vain tilaajille\W*",
        r"(?:jatka lukemista|lue koko (?:juttu|artikkeli)|jatkaaksesi lukemista)\b[^.!?]{0,60}\b(?:tilaa|tilaajana"
        r"|kirjaudu)\w*"
        r"\b.{0,40}",
    ),
    "pl cs": (
        r"(?:ten |pozostała część )?(?:artykuł\w*|materiał|treść|tekst)?(?: jest)?(?: dostępn\w+)? ?(?:tylko|wyłącznie)"
        r" dla (?:naszych )?(?:prenumeratorów|subskrybentów|abonentów)\W*",
        r"(?:aby|żeby|chcesz) (?:czytać dalej|przeczytać (?:cały|całość)|kontynuować czytanie)\b.{0,100}",
        r"(?:tento )?(?:článek|obsah|text)? ?(?:je )?(?:dostupný |určen )?(?:pouze|jen"
        r"|výhradně) pro (?:naše )?předplatitele\W*",
    ),
    "ru uk": (
        r"(?:эта |этот |данн\w+ |полный |полная )?(?:стать\w|материал|текст|текст статьи"
        r"|верси\w)? ?(?:доступ\w+ )?(?:только )?"
        r"(?:для )?(?:платн\w+ |наших |нашим )?подписчик(?:ам|ов)\W*",
        r"(?:чтобы|для того чтобы) (?:продолжить|читать|прочитать|дочитать)\b[^.!?]{0,60}\b(?:подпи\w+|войдите|оформ\w+"
        r"|зарегистр\w+)\b.{0,60}|оформите подписку,? чтобы .{0,80}",
        r"(?:ця |цей |повн\w+ )?(?:статт\w|матеріал|текст)? ?(?:доступ\w+ )?(?:лише|тільки) (?:для )?(?:наших )?"
        r"(?:перед?платник\w+|підписник\w+)\W*",
        r"(?:щоб|аби) (?:продовжити|читати|прочитати|дочитати)\b[^.!?]{0,60}\b(?:підпи\w+|передплат\w+|увійд\w+"
        r"|зареєстр\w+)\b.{0,60}",
    ),
    "tr": (
        r"bu (?:haber|içerik|yazı|makale)\w* (?:yalnızca|sadece) (?:\w+ )?(?:abone|üye)\w*\b.{0,60}",
        r"(?:okumaya devam etmek|devamını okumak|haberin devamını okumak|tamamını okumak) için\b.{0,80}",
    ),
    "ar": (
        r"(?:هذا |هذه )?(?:المقال|المقالة|المحتوى|الخبر|الموضوع)? ?(?:متاحة?|مخصصة?|حصرية?"
        r"|مقتصرة?)? ?(?:فقط )?(?:للمشتركين|لمشتركي)"
        r".{0,40}",
        r"(?:اشترك|سجل|سجّل|قم بتسجيل)[^.!؟]{0,30}(?:لمتابعة|لمواصلة|لإكمال|لاستكمال) (?:ال)?قراءة.{0,60}",
    ),
    "zh": (
        r"[^。]{0,14}(?:仅限|僅限|只限|仅供|僅供|限)[^。]{0,6}(?:订阅|訂閱|付费|付費|会员|會員|订户"
        r"|訂戶)[^。]{0,24}。?",
        r"[^。]{0,14}(?:订阅|訂閱|登录|登入|登錄|付费|付費|购买|購買)[^。]{0,8}(?:继续阅读|繼續閱讀|阅读全文"
        r"|閱讀全文|查看全文|解锁全文|解鎖全文)"
        r"[^。]{0,24}。?",
    ),
    "ja": (
        r"(?:この|本)記事は、?(?:[^。]{0,8})?(?:有料|会員|購読者|登録者)[^。]{0,30}。?|(?:有料)?(?:会員"
        r"|購読者)限定(?:の)?(?:記事|コンテンツ)?"
        r"(?:です)?。?|(?:続き|残り|この先)(?:を|は|の)[^。]{0,24}(?:会員|登録|購読|ログイン|有料)[^。]{0,30}。?",
        r"残り ?[\d,]+ ?文字.{0,30}",
    ),
    "ko": (r"(?:이|본) (?:기사|콘텐츠)는 (?:유료|구독자|회원)[^.]{0,40}\.?|구독자 전용[^.]{0,20}\.?",),
}  # fmt: skip

# Lines that stand where a text was cut.
CUT = (
    r"(?:read|view|see) (?:the )?(?:full|rest of (?:the|this)|whole|entire|complete) (?:article|story|post|report"
    r"|text)\b.{0,80}"
    r"|(?:continue reading|read more|keep reading|weiterlesen|mehr lesen|lesen sie weiter|ganzen artikel lesen"
    r"|zum (?:ganzen|vollständigen) artikel|lire la suite|lire l['’]article complet|leer más|seguir leyendo"
    r"|sigue leyendo"
    r"|leer (?:la )?(?:nota|noticia|artículo) complet[oa]|leia mais|continue lendo|continuar a ler|ler mais|leggi tutto"
    r"|continua a leggere|leggi l['’]articolo completo|lees verder|lees meer|läs mer|läs hela (?:artikeln|texten)"
    r"|les mer"
    r"|les hele saken|læs mere|læs hele artiklen|lue lisää|lue koko juttu|czytaj (?:dalej|więcej|cały artykuł)"
    r"|celý článek|читать (?:далее|дальше|полностью|весь текст)|читати (?:далі|повністю)|devamını oku"
    r"|devamı için tıklayın"
    r"|اقرأ المزيد|تابع القراءة|阅读全文|閱讀全文|查看全文|続きを読む|全文を読む|더 보기|전문 보기)(?: (?:on|at|auf"
    r"|bei|sur|en|su|op|på|na) .{2,60})?"
)

# Class tokens and ids of walls: of the common vendors, and the general words for one.
BUILT_OF = re.compile(
    r"(?:^|[-_])(?:paywall|pay-wall|reg-?wall|registration-?wall|subscri(?:be|ption|ber)-?(?:wall|gate|barrier)"
    r"|meter(?:ed)?-?wall|premium-?wall|content-?(?:gate|lock(?:ed)?|wall)|article-?(?:gate|locked?)|abo-?wall"
    r"|login-?wall"
    r"|sign-?in-?(?:wall|gate)|member-?wall|tp-container-inner|tp-modal|piano-offer|piano-template|poool-widget|poool"
    r"|leaky_paywall_message|pelcro|zephr|pmpro_content_message|memberful|mepr-unauthorized-message|rcp_restricted"
    r"|wc-memberships-restriction-message|swpm-more-tag|swg-paywall|fewcents)(?:$|[-_])"
)
# What such a block has to speak of; scripts and empty frames speak of nothing.
SELLS = re.compile(
    r"subscri|log ?in|sign ?in|sign ?up|regist|member|abonn|\babo\b|anmeld|einlogg|weiterlesen|suscri|abonad|assin"
    r"|abbona"
    r"|accedi|prenumer|logg|tilaa|kirjaudu|předplat|prenumerat|подпис|войдите|передплат|підпис|abone|üye|اشترا?ك|تسجيل"
    r"|订阅|訂閱|会员|會員|登录|登入|購読|会員|ログイン|구독|로그인",
    re.IGNORECASE,
)

# Consent walls: their vendors' names, as tokens of class or id ...
CONSENT_VENDORS = re.compile(
    r"onetrust|didomi|usercentrics|uc-|sp_message|sp-message|privacy-mgmt|qc-cmp|cmpbox|cmp-|cookiebot"
    r"|cybotcookiebot|trustarc"
    r"|truste|iubenda|borlabs|fc-consent|consent|cookie-?(?:wall|notice|banner|dialog)|axeptio|tarteaucitron|klaro"
    r"|osano|termly"
)
# ... and what they speak of: all three, or it is something else.
CONSENT_WORDS = (
    re.compile(r"cookie|kakor|evästei|çerez|файл\w+ cookie|クッキー|쿠키", re.IGNORECASE),
    re.compile(
        r"consent|accept|agree|zustimm|akzeptier|einwillig|einverstanden|consent[ei]|j['’]accepte|accepter|acept"
        r"|consiento|aceit"
        r"|consens|accett|toestem|akkoord|accepteer|godkän|samtycke|samtykk|godta|hyväksy|zgod|akcept|souhlas|соглас"
        r"|принять"
        r"|згод|прийняти|onay|kabul|أوافق|قبول|同意|接受|동의",
        re.IGNORECASE,
    ),
    re.compile(
        r"partner|advertis|personali[sz]|privacy|datenschutz|werbung|confidentialité|publicit|privacidad|socios"
        r"|privacidade"
        r"|parceiros|riservatezza|pubblicit|adverten|annons|reklam|mainos|prywatno|реклам|конфиденц|партнер|gizlilik"
        r"|الخصوصية"
        r"|隐私|隱私|广告|廣告|プライバシー|広告|광고|개인정보",
        re.IGNORECASE,
    ),
)  # fmt: skip

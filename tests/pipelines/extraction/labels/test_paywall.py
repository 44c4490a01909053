"""Test what keeps readers from the text, as tables of cases; pages about paywalls have none."""

import json
import time
from datetime import UTC, datetime

import pytest
from lxml import html

from pipelines.extraction.labels.paywall import access, declared_closed, wall_lines
from pipelines.extraction.page.declared import gather

URL = "https://paper.example/news/bridge"
STORY = ["The council met on Monday and agreed to mend the old bridge before the winter storms come again."] * 40
SHORT = STORY[:4]


def ld(**node) -> str:
    return f'<script type="application/ld+json">{json.dumps({"@type": "NewsArticle", **node})}</script>'


def meta(name: str, content: str) -> str:
    return f'<meta property="{name}" content="{content}">'


def read(head: str, body: str, lines: list[str], dropped: list[str] | None = None) -> tuple[str | None, str | None]:
    tree = html.document_fromstring(f"<html><head>{head}</head><body><h1>Bridge</h1>{body}<p>x</p></body></html>")
    declared = gather(tree, URL, datetime(2024, 6, 1, tzinfo=UTC))
    return access(declared, declared_closed(declared), lines, dropped or [])


WHOLE = "declared paywall, text whole"
PART = {"@type": "WebPageElement", "isAccessibleForFree": "False", "cssSelector": ".story"}
BOX = '<div class="paywall"><p>Subscribe to continue reading.</p><a>Log in</a></div>'
CASES = {
    # (head, body, lines) -> (word, part of the evidence)
    "declared, and the text is there": (
        ld(isAccessibleForFree=False, hasPart=PART), f'<div class="story">{"a b " * 500}</div>', STORY,
        WHOLE, "json-ld isAccessibleForFree: false (.story: 1999 characters on the page); text of"),
    "declared, and the text is not there": (
        ld(isAccessibleForFree="http://schema.org/False", hasPart=[PART]), "", SHORT,
        "paywall", ".story: not on the page"),
    "declared of a part alone": (ld(hasPart=PART), "", SHORT, "paywall", "json-ld hasPart isAccessibleForFree"),
    "declared by a meta": (meta("article:content_tier", "locked"), "", STORY, WHOLE, "content_tier: locked"),
    "declared of the page": (
        ld(headline="Bridge") + '<script type="application/ld+json">'
        '{"@type": "WebPage", "isAccessibleForFree": "false"}</script>', "", STORY,
        WHOLE, "json-ld WebPage isAccessibleForFree: false"),
    "declared by microdata": ('<meta itemprop="isAccessibleForFree" content="False">', "", STORY, WHOLE, "meta is"),
    "metered": (meta("article:content_tier", "metered"), "", STORY, WHOLE, "metered"),
    "a box, and the text is cut": ("", BOX, [*SHORT, STORY[0] + " And then …"], "paywall", "block paywall; ends with"),
    "a box that speaks, and little text": ("", BOX, SHORT, "paywall", "block paywall; Subscribe to continue"),
    "declared, short, and nothing is missing": (
        ld(isAccessibleForFree=False), "", SHORT, WHOLE, "false; text of"),
    "declared, and as many words as it says": (
        ld(isAccessibleForFree=False, wordCount=75), "", [*SHORT, "Subscribe to continue reading"], WHOLE, "text of"),
    "declared, with more words than are here": (
        ld(isAccessibleForFree=False, wordCount="900"), "", SHORT, "paywall", "wordCount is 900, the text has 72"),
    "declared, and a line of a wall": (
        ld(isAccessibleForFree=False), "", [*SHORT, "Subscribe to continue reading"], "paywall", "line: Subscribe to"),
    "declared, and cut in a sentence": (
        ld(isAccessibleForFree=False), "", [*SHORT, "The mayor said that nobody in the council had"],
        "paywall", "ends with: "),
    "declared, and a single paragraph": (ld(isAccessibleForFree=False), "", SHORT[:1], "paywall", "false; text of"),
    "declared, and more dots than three": (
        ld(isAccessibleForFree=False), "", [*SHORT, "He may be suspended for the rest of the season...."],
        "paywall", "ends with"),
    "cut by a machine": ("", "", [*STORY, "And then the mayor said that [...]"], "truncated", "ends with"),
    "cut with dots": ("", "", [*SHORT, "And then the mayor said that the bridge would be…"], "truncated", "ends with"),
    "cut, with a link to the rest": ("", "", [*SHORT, "Read the full story on Harbour"], "truncated", "last line"),
    "cut, Spanish": ("", "", [*SHORT, "Seguir leyendo"], "truncated", "last line: Seguir leyendo"),
    "the publisher's own text is longer": (
        ld(articleBody="A sentence that is nowhere on the page. " * 99), "", SHORT, "truncated", "articleBody has"),
    "a question for consent": (
        "", '<div id="didomi-host">x</div>',
        ["We value your privacy.",
         "We and our partners use cookies to show personalised advertising. Do you accept?",
         "Manage consent", "I agree to cookies"], "consent wall", "block didomi-host"),
    # What must not count.
    "nothing": ("", "", STORY, None, None),
    "free": (ld(isAccessibleForFree=True), "", STORY, None, None),
    "free, with a part that is not": (ld(isAccessibleForFree=True, hasPart=PART), "", STORY, None, None),
    "free by a meta": (meta("article:content_tier", "free"), "", STORY, None, None),
    "a hidden box, and the whole text": ("", BOX, STORY, None, None),
    "a box to log in, and a short flash": ("", '<div class="paywall-login">Log in</div>', SHORT, None, None),
    "an ellipsis of style": ("", "", [*STORY, "And so we wait for the bridge, as we have always waited…"], None, None),
    "the publisher's own text is on the page": (
        ld(articleBody="A sentence that is on the page. " * 99), "<p>A sentence that is on the page.</p>" * 2, SHORT,
        None, None),
    "a story about consent": (
        "", '<div id="didomi-host">x</div>',
        ["Regulators said on Monday that cookies are a matter of consent.", *SHORT], None, None),
    "a cookie banner beside a story": ("", '<div class="cookie-banner">We use cookies</div>', STORY, None, None),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_access_has_a_label_and_its_evidence(name):
    """The evidence says exactly what was seen."""
    head, body, lines, word, evidence = CASES[name]
    found, said = read(head, body, lines)
    assert found == word
    assert evidence is None if said is None else evidence in said


WALLS = [
    "This article is for subscribers only.",
    "The rest of this story is available to premium members.",
    "To continue reading, please subscribe or log in.",
    "Subscribe to continue reading",
    "You have reached your limit of free articles this month.",
    "Already a subscriber? Log in",
    "Dieser Artikel ist nur für Abonnenten lesbar.",
    "Jetzt weiterlesen mit Küstenblatt Plus",
    "Exklusiv für Abonnenten",
    "Sie sind bereits Abonnent? Hier anmelden",
    "Cet article est réservé aux abonnés.",
    "Réservé à nos abonnés",
    "Il vous reste 80 % de cet article à lire.",
    "Abonnez-vous pour lire la suite",
    "Exclusivo para suscriptores",
    "Este artículo es exclusivo para suscriptores.",
    "Suscríbete para seguir leyendo",
    "Contenido exclusivo para suscriptores",
    "Contenuto riservato agli abbonati",
    "Conteúdo exclusivo para assinantes",
    "You must be logged in to view this article.",
    "Este conteúdo é exclusivo para assinantes.",
    "Questo articolo è riservato agli abbonati.",
    "Abbonati per continuare a leggere",
    "Dit artikel is alleen voor abonnees.",
    "Den här artikeln är bara för prenumeranter",
    "Denne artikkelen er kun for abonnenter",
    "Artiklen er forbeholdt abonnenter",
    "Tämä artikkeli on vain tilaajille",
    "Artykuł dostępny tylko dla prenumeratorów",
    "Článek je dostupný pouze pro předplatitele",
    "Материал доступен только подписчикам",
    "Чтобы продолжить чтение, оформите подписку",
    "Стаття доступна лише передплатникам",
    "Bu içerik yalnızca abonelere açıktır",
    "هذا المقال متاح للمشتركين فقط",
    "本文仅限订阅会员阅读",
    "登录后继续阅读",
    "この記事は有料会員限定です",
    "Create a free account to keep reading.",
    "To read the full story, subscribe now. Already a subscriber? Log in.",
    "残り1234文字",
    "Ez a cikk csak előfizetőknek érhető el.",
    "Fizessen elő a folytatáshoz",
    "Αυτό το άρθρο είναι μόνο για συνδρομητές",
    "Συνδεθείτε για να διαβάσετε τη συνέχεια",
    "Acest articol este disponibil doar pentru abonați.",
    "Abonează-te pentru a citi mai departe",
    "Contingut exclusiu per a subscriptors",
    "Subscriu-te per continuar llegint",
    "Verder lezen? Neem een abonnement",
    "Logga in för att läsa vidare",
    "Logg inn for å lese videre",
    "Tilaa ja jatka lukemista",
    "Pro pokračování ve čtení se přihlaste nebo si kupte předplatné",
    "Masz już prenumeratę? Zaloguj się",
    "Оформіть передплату, щоб читати далі",
    "Уже подписаны? Войдите",
    "Zaten abone misiniz? Giriş yapın",
    "계속 읽으려면 로그인하세요",
    "本文为付费会员专享",
    "هل أنت مشترك؟ سجل الدخول",
]


@pytest.mark.parametrize("line", WALLS)
def test_line_that_sells_the_rest_is_a_paywall(line):
    """At the end of a text, in many languages."""
    assert read("", "", [*SHORT, line]) == ("paywall", f"line: {line}")


ACCOUNTS = [
    "Already a member? Login.",
    "Sie haben bereits ein Konto? Anmelden",
    "Vous avez déjà un compte ? Connectez-vous",
    "会員の方はログイン",
    "已是会员？请登录",
    "이미 회원이신가요? 로그인",
    "Zaten üye misiniz? Giriş yapın",
]


@pytest.mark.parametrize("line", ACCOUNTS)
def test_line_for_members_is_no_wall_but_no_text_either(line):
    """It stands below free texts, too."""
    assert read("", "", [*SHORT, line]) == (None, None)
    assert wall_lines([*SHORT, line]) == [len(SHORT)]


@pytest.mark.parametrize(
    "line",
    [
        "Sign up to our newsletter to read more stories like this.",
        "Subscribe to our newsletter to get full access to the best stories of the week.",
        "Register for the newsletter to access our weekly puzzle.",
    ],
)
def test_newsletter_is_no_wall(line):
    """Unless it is the price of reading on."""
    assert read("", "", [*SHORT, line]) == (None, None)
    assert read("", "", [*SHORT, "Subscribe to our newsletter to continue reading."])[0] == "paywall"


def test_lines_of_a_wall_are_no_text():
    """What follows such a line and sells something goes with it; the same words within a text stay."""
    offer = ["To view the full story, please subscribe to The Bay Courier.", "First-time subscribers get a gift."]
    assert wall_lines([*STORY, *offer, "The ferry leaves at nine."]) == [40, 41]
    assert wall_lines(["For subscribers only", *STORY]) == [0]
    assert wall_lines([*STORY[:9], *offer, *STORY[:9]]) == []
    assert wall_lines([*SHORT, "The paper lost subscribers in May, a study says."]) == []
    assert wall_lines([]) == []


BREAKS_OFF = "The vote was close, and when the chairman at last had counted the hands for the third time he"


@pytest.mark.parametrize(
    "offer",
    [
        ["This is premium content", "Read this story with a free trial."],
        ["Subscribe to read the full story", "Get unlimited access from £1 a week."],
        ["Jetzt weiterlesen mit Mühlenblatt Plus", "4 Wochen für 1 €, danach 9,99 € im Monat. Jederzeit kündbar."],
        ["Den här artikeln är låst. Bli prenumerant för att läsa vidare."],
        ["この記事は有料会員限定です。残り1,250文字"],
    ],
)
def test_lines_of_a_wall_below_a_text_that_breaks_off_leave_it(offer):
    """All of it leaves the text, and `access` quotes a line of it."""
    lines = [*SHORT, BREAKS_OFF, *offer]
    at = len(SHORT) + 1
    assert wall_lines(lines) == list(range(at, len(lines)))
    found, said = read("", "", lines[:at], lines[at:])
    assert found == "paywall"
    assert any(line[:60] in said for line in offer)


def test_text_below_a_line_without_a_stop_stays():
    """Headings and items are no paragraphs that break off, and words of an offer alone are no wall."""
    lines = [*STORY, "Where the ferry people keep what they found in the bay", "A free trial of the boat is in May."]
    assert wall_lines(lines) == []


CONSENT = {
    "en": ["We and our 812 partners store information such as cookies on a device, for personalised advertising.",
           "You may click to consent, or change your preferences."],
    "de": ["Wir und unsere 214 Partner speichern Cookies auf Ihrem Gerät und zeigen Werbung.",
           "Sie können Ihre Einwilligung jederzeit im Datenschutzcenter widerrufen."],
    "fr": ["Avec votre accord, nous et nos partenaires utilisons des cookies pour la publicité.",
           "Vous pouvez retirer votre consentement à tout moment."],
    "es": ["Nosotros y nuestros socios usamos cookies para mostrar publicidad.", "Acepta para dar tu consentimiento."],
    "it": ["Noi e i nostri partner usiamo cookie per la pubblicità.", "Puoi negare il tuo consenso."],
    "pt": ["Nós e os nossos parceiros usamos cookies para publicidade.", "Aceite para dar o seu consentimento."],
    "nl": ["Wij en onze partners gebruiken cookies voor advertenties.", "Geef hier uw toestemming voor cookies."],
    "pl": ["My i nasi partnerzy używamy plików cookie, aby wyświetlać reklamy.", "Możesz wycofać swoją zgodę."],
    "hu": ["Mi és partnereink sütiket használunk a hirdetésekhez.", "Hozzájárulását bármikor visszavonhatja."],
    "tr": ["Biz ve ortaklarımız reklam için çerezler kullanıyoruz.", "Onayınızı dilediğiniz zaman geri alabilirsiniz."],
    "ru": ["Мы и наши партнёры используем файлы cookie для рекламы.", "Вы можете отозвать ваше согласие."],
    "ja": ["当社とパートナーは広告のためにクッキーを使用します。", "お客様の同意はいつでも撤回できます。"],
    "zh": ["我们和合作伙伴使用 cookie 投放广告。", "您的同意可以随时撤回。"],
}  # fmt: skip


@pytest.mark.parametrize("language", CONSENT)
def test_question_for_consent_is_known_by_what_it_says(language):
    """No vendor has to be named. An article with these words has others, too."""
    assert read("", "", CONSENT[language])[0] == "consent wall"
    assert read("", "", [*CONSENT[language], *SHORT])[0] is None
    assert read(ld(headline="Bridge"), "", CONSENT[language])[0] is None


ABOUT = [
    "Subscribe to keep reading: no phrase is hated more, a study of the press found on Monday.",
    "The paper will put its articles behind a paywall for subscribers from Monday, the publisher said.",
    "Nur für Abonnenten soll das Freibad künftig öffnen, fordert die Partei, und sie steht damit nicht allein da.",
    "Les abonnés au gaz ont reçu une lettre. Elle leur est réservée.",
    "Already a member of the council, she now wants to be mayor.",
    "To view the story of how to register voters, a film was made.",
    "To continue the story of the bridge, one has to begin in 1911.",
    "Registrieren musste sich niemand, sagte der Bürgermeister, und lesen auch nicht.",
    "Подписчики канала узнали об этом первыми.",
    "Suscriptores y socios se reunieron el lunes en la sede del club.",
    "Az előfizetők száma tavaly csökkent, mondta a kiadó.",
    "Οι συνδρομητές του δικτύου έμειναν χωρίς νερό για δύο ημέρες.",
    "Abonații la gaz au primit o scrisoare. Ea le este destinată.",
    "Els subscriptors del gas van rebre una carta dilluns.",
    "Prenumeranterna loggade in för att läsa om bron, sade tidningen.",
    "会员专享的停车场将于下周一重新开放，物业公司在公告中说。",
]


@pytest.mark.parametrize("line", ABOUT)
def test_sentence_about_paywalls_is_no_paywall(line):
    """In the middle of a text and at its end."""
    assert read("", "", [*STORY, line]) == (None, None)
    assert read("", "", [*STORY[:20], line, *STORY[:20]]) == (None, None)


def test_paywall_line_in_the_middle_of_a_text_is_ignored():
    """Only the edges of a text are looked at; inside, it is a quotation."""
    assert read("", "", [*STORY[:9], "Subscribe to continue reading", *STORY[:9]]) == (None, None)


def test_hostile_page_takes_bounded_time():
    """A thousand boxes, a selector of a megabyte, a line without end."""
    part = {"isAccessibleForFree": False, "cssSelector": "." + "a" * 10**6}
    start = time.process_time()
    read(ld(hasPart=part), "", STORY)
    read("", "".join(f'<div class="paywall-{n} cookie-{n}">log in {"x " * 9}</div>' for n in range(1000)), SHORT)
    for line in ("subscribe to " * 16, "(" * 10**6, "." * 10**6, "dieser artikel ist " * 11):
        read("", "", [*SHORT, line])
    assert time.process_time() - start < 3

"""Furniture in many languages and in the shapes of real pages, and what resembles it and stays."""

import pytest

from pipelines.core.items import Page
from pipelines.extraction.boilerplate.line_matcher import matching_lines
from pipelines.extraction.extract import read

STORY = [
    "The ferries of the bay stayed in port for the fifteenth day on Monday, and the office does not reopen talks.",
    "The law allows sixty days, after which the government may order a pause while both sides talk about pay.",
    "On Monday the minister toured the piers and said that he would speak with both sides before the end of the week.",
    "Nobody on the short line knows when the next boat sails, and the office does not answer its one telephone.",
    "A crew of nine slept on the deck of the largest boat, because nobody had told them that their shift was over.",
    "The fishermen brought soup and bread at noon, and the mayor came in the evening with a basket of oranges.",
]
# Rule -> lines at the end of a text, set as prose is.
DROPPED = {
    "offer button": """Start trial|Subscribe now|Donate now|Jetzt testen|Jetzt spenden|Je m'abonne|S'abonner
        |Suscríbete|Prueba gratis|Abbonati ora|Assine já|Abonneer je nu|Kup dostęp|Předplatit|Оформить подписку
        |Підписатися|Hemen abone ol|اشترك الآن|مشترک شوید|הירשמו עכשיו|Εγγραφείτε τώρα|अभी सब्सक्राइब करें|立即订阅
        |今すぐ購読する|지금 구독하기""",
    "terms notice": """By signing up, you agree to our terms of service and privacy policy.
        |This site is protected by reCAPTCHA and the Google Privacy Policy and Terms of Service apply.
        |Mit dem Laden des Inhalts akzeptieren Sie die Datenschutzerklärung.
        |En vous inscrivant, vous acceptez nos conditions générales.|Al suscribirte, aceptas nuestros términos.
        |Iscrivendoti accetti i nostri termini.|Ao se inscrever, você concorda com os nossos termos.""",
    "page tools": """1,204 views|1.204 Aufrufe|1 204 vues|1.204 visitas
        |1204 wyświetleń|Просмотров: 1204|Переглядів: 1204
        |1.204 görüntülenme|مشاهدات: 1204|زمان مطالعه: ۴ دقیقه|זמן קריאה: 4 דקות|Χρόνος ανάγνωσης: 4 λεπτά
        |पढ़ने का समय: 4 मिनट|浏览次数：1204|読了時間：4分|조회수 1,204|Czas czytania: 4 minuty|Doba čtení: 4 minuty
        |Zurück zur Übersicht|Signaler une erreur|Terug naar overzicht""",
    "advertisement": """Nach der Anzeige geht es weiter|Sigue leyendo tras la publicidad|Διαφήμιση|פרסומת|آگهی|광고
        |Dalsza część tekstu pod reklamą|Text pokračuje pod reklamou|تخطى الإعلان|文章在广告后继续|PR""",
    "read also": """関連記事：灯台守が引退|【関連記事】灯台守が引退|[관련기사] 등대지기 은퇴|延伸阅读：灯塔守护人退休
        |Διαβάστε ακόμα: Ο φαροφύλακας|همچنین بخوانید: نگهبان فانوس|עוד בנושא: שומר המגדלור פורש
        |Lire aussi Le gardien du phare prend sa retraite""",
    "share label": "Teilen Twittern Mailen|Sdílet na Facebooku|Κοινοποίηση|שתפו את הכתבה|शेयर करें|페이스북 공유",
    "follow us": """Sledujte nás na Facebooku a Instagramu.|Ακολουθήστε μας στο Google News|עקבו אחרינו בפייסבוק
        |ما را در تلگرام دنبال کنید|हमें फेसबुक पर फॉलो करें|페이스북에서 팔로우하기|公式Xをフォローする""",
    "newsletter": """The day's top stories, delivered to your inbox every morning.
        |Die wichtigsten Nachrichten des Tages direkt in Ihr Postfach|הירשמו לניוזלטר שלנו|در خبرنامه ما عضو شوید
        |Las noticias más importantes del día, en tu correo|Najważniejsze wiadomości dnia na twoją skrzynkę
        |To receive new posts and support my work, consider becoming a free or paid subscriber.""",
    "subscribers only": """Only £1 a week for the first three months. Cancel anytime.
        |Für 1 Euro im ersten Monat testen. Jederzeit kündbar.|Abonnez-vous pour 1 € le premier mois. Sans engagement.
        |Assine por R$ 1 no primeiro mês. Cancele quando quiser.|Máte už předplatné? Přihlaste se|כבר מנויים? התחברו""",
    "picture credit": "The boats on Monday © Mara Quill|[사진=연합뉴스]|צילום: מרה קוויל|Beeld: Mara Quill",
    "tags": "Štítky: přívozy, stávka|Темы: паромы, забастовка|Ετικέτες: πλοία|תגיות: מעבורות|关键词：渡轮、罢工",
}  # fmt: skip
CASES = [(rule, line.strip()) for rule, lines in DROPPED.items() for line in lines.split("|")]


@pytest.mark.parametrize(("rule", "line"), CASES)
def test_furniture_is_dropped_in_its_language(rule, line):
    """A whole line, at the end of a text, without a link or a bold word."""
    lines = [*STORY, line]
    assert [found.name for _, found in matching_lines(lines, plain=range(len(lines)))] == [rule]


def texts(*parts: str) -> list[str]:
    """Return the lines that the page of the story with these parts below it has beside the story."""
    body = "".join(f"<p>{line}</p>" for line in STORY) + "".join(parts)
    page = f"<html lang='en'><body><article><h1>Ferry strike</h1>{body}</article></body></html>"
    found = read(Page("https://tidereview.example/2024/03/05/ferry", page.encode(), "text/html"))
    assert [line for line in found.text.split("\n") if line in STORY] == STORY
    return [line for line in found.text.split("\n") if line not in STORY]


LIST = "<ul><li>Lighthouse keeper retires</li><li>Bridge closed for repairs</li></ul>"


@pytest.mark.parametrize(
    "below",
    [
        f"<p><strong>Read also:</strong></p>{LIST}",
        f"<p>Lesen Sie auch</p>{LIST}",
        f"<p>Sur le même sujet</p>{LIST}",
        "<div class='cta'><h3>We need your help</h3><p>Our journalism is free for everybody because readers pay for it."
        " Please consider a donation to keep it so.</p></div>",
    ],
)
def test_list_or_heading_of_a_dropped_line_goes_with_it(below):
    """A list without links below its label, and the heading above an appeal."""
    assert texts(below) == []


@pytest.mark.parametrize(
    "below",
    [
        f"<h3>What happens next</h3>{LIST}",
        "<h3>Further reading</h3><ul><li>The Lamp of Cape Osel</li><li>A Year of Tides</li></ul>",
        "<p>Read also</p><ul><li>M. Quill (1961): The Lamp</li><li>O. Lind (1970): Tides</li></ul>",
    ],
)
def test_list_of_the_article_stays(below):
    """Below a heading of the story; books are no teasers."""
    assert len(texts(below)) >= 2


@pytest.mark.parametrize(
    "line",
    [
        "(c) 1904 is carved above the door, and nobody knows who held the chisel.",
        "© 1904 is carved above the door, and nobody knows who held the chisel.",
        "Copyright 1904 by Harrow & Sons is printed on the first page of the log that the crews found.",
        "Subscribe now, the office tells the crews, or lose the seat on the boat.",
        "Start trial runs of the boats in May, the minister told the office.",
        "Total votes for the strike came to 1,204, the union said.",
        "Lire aussi les petites lignes, dit le juge. Personne ne le fait.",
    ],
)
def test_sentence_that_begins_like_furniture_stays(line):
    """It goes on, and ends as sentences do."""
    lines = [*STORY, line]
    assert list(matching_lines(lines, plain=range(len(lines)))) == []


@pytest.mark.parametrize("name", ["correction", "article__corrections", "editors-note"])
def test_correction_below_the_text_stays(name):
    """Its element is named so."""
    note = "This article was amended on 6 March 2024. An earlier version misnamed the harbour."
    assert texts(f"<div class='{name}'><p>{note}</p></div>") == [note]

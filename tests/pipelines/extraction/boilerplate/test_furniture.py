"""Offers, walls, errors, teasers and boxes above a word: they are dropped without a name in the markup.

Each kind in several wordings and languages, and beside it what only resembles it and stays.
"""

import pytest

from pipelines.core.items import Page
from pipelines.extraction.boilerplate.block_matcher import matching_blocks
from pipelines.extraction.boilerplate.line_matcher import matching_lines
from pipelines.extraction.extract import parse, read

STORY = [
    "The ferries of the bay stayed in port for the fifteenth day on Monday, and the office does not reopen talks.",
    "The law allows sixty days, after which the government may order a pause while both sides talk about pay.",
    "On Monday the minister toured the piers and said that he would speak with both sides before the end of the week.",
    "Nobody on the short line knows when the next boat sails, and the office does not answer its one telephone.",
]

# Rule -> lines at the end of a text, set as prose is.
DROPPED = {
    "subscribers only": [
        "Get The Quay Monthly delivered through your letterbox every month. 12 issues for £11.99. Click here for more.",
        "Have the Saturday paper delivered to your door.",
        "Try the digital edition free for two weeks.",
        "To view the full story, please subscribe to The Bay Courier.",
        "First-time subscribers also receive a special welcome gift made in the bay.",
        "If you’re seeing this message but you’re already a subscriber, you can log in for immediate access.",
        "Subscribe to get access",
        "Read more of this content when you subscribe today.",
        "This article is for subscribers only.",
        "2 Wochen kostenlos testen",
        "Testen Sie für zwei Wochen die gedruckte Zeitung. Sie bekommen sie kostenlos in Ihren Briefkasten.",
        "Diesen Artikel weiterlesen mit einem Digitalabo",
        "Pour lire la suite, abonnez-vous.",
        "Deux mois offerts, sans engagement",
        "Para seguir leyendo, suscríbete.",
        "Un mes gratis y luego 4 euros",
        "Due mesi gratis, poi 4 euro al mese",
        "Um mês grátis",
        "Twee weken gratis proberen",
    ],
    "page tools": [
        "An error has occurred, please try again later.",
        "Oops! Something went wrong. Please reload the page.",
        "(text and background only visible when logged in)",
        "Es ist ein Fehler aufgetreten. Bitte versuchen Sie es später erneut.",
        "Se ha producido un error. Inténtelo de nuevo más tarde.",
        "Une erreur est survenue, veuillez réessayer.",
        "Произошла ошибка. Попробуйте ещё раз.",
        "エラーが発生しました。",
        "Page 2 of 3",
        "Seite 2 von 3",
        "Página 2 de 3",
        "Страница 2 из 3",
        "第2页，共3页",
        "2/3ページ",
    ],
    "embedded content": [
        "JavaScript is currently disabled in this browser. Reactivate it to view this content.",
        "[button link=”http://www.x.example/submit/” type=”big”] Send us YOUR boat review[/button]",
        '[gallery ids="1,2,3" columns="2"]',
        "[embed]https://video.example/1[/embed]",
    ],
    "advertisement": [
        "Free standard shipping on orders $60 CAD+. For more information on rates, please visit our international page",
        "Livraison gratuite dès 60 euros",
        "Kostenloser Versand ab 40 Euro",
        "Envío gratis a partir de 50 euros",
    ],
    "follow us": [
        "¿Ya sabías que en Bahía.com tenemos canal de Telegram? Únete desde tu celular en este enlace.",
        "Participe do nosso canal no WhatsApp e receba as notícias da baía.",
        "Подпишитесь на наш Telegram-канал",
        "Rejoignez notre chaîne WhatsApp",
    ],
    "get the app": [
        "For the latest stories and breaking news updates download the Bay News apps for iOS and Android.",
        "Laden Sie jetzt die Bucht-App herunter.",
    ],
    "newsletter": ["Zapraszamy też do subskrypcji tygodnika.", "Zapisz się na newsletter portu."],
    "contact": [
        "Do you have a story to tell? Email: mara.quill@baycourier.example",
        "Got a story for us? Get in touch.",
        "Haben Sie etwas gesehen? Schreiben Sie uns: hafen@buchtzeitung.example",
    ],
    "copyright": [
        "This copy is for your personal, non-commercial use only. To order copies visit baycopies.example.",
        "To order presentation-ready copies for your colleagues visit baycopies.example.",
    ],
    "read also": [
        "MORE : The Bay Courier daily cartoon by Guy Venn",
        "RELATED: Lighthouse keeper retires",
        "PUEDES VER: ¿Qué es la oficina del puerto?",
        "Most read in world news",
        "For more stories like this, check our news page.",
        "Mehr zum Thema finden Sie auch im wöchentlichen Zins-Check:",
        "VEJA TAMBÉM: O farol da baía",
    ],
    "share label": ["Like this story? Share it with a friend!"],
    "moderation notice": [
        "ATENÇÃO: Comentários com textos ofensivos ou ilegíveis não serão aprovados pelo moderador.",
        "El contenido de los comentarios es la opinión de los usuarios y no de baycourier.example.",
        "baycourier.example se reserva el derecho de eliminar cualquier comentario inapropiado.",
        "Comments are the opinion of our readers and not of baycourier.example.",
        "We reserve the right to delete any comment.",
        "ترحب الصحيفة بالنقاش، وكي لا نضطر إلى مراجعة التعليقات قبل نشرها ننصحك بمراجعة الإرشادات.",
        "الآراء الواردة أدناه لا تعبر عن رأي الصحيفة، بل تعكس وجهات نظر أصحابها فقط.",
        "网友评论仅代表个人观点,不代表本站立场。",
        "Комментарии не отражают мнения редакции.",
        "Les commentaires sont modérés et n'engagent que leurs auteurs.",
    ],
}  # fmt: skip
# Sentences of articles that begin or sound like those lines. The last lines of a text.
KEPT = [
    "Page 2 of 3 of the report names the ferry.",
    "Seite 2 von 30 Jahren Hafen",
    "Posted on social media by the crew of a night boat, the film shows the pier and three men with ropes.",
    "Published in 2019 by a small house on the island, the book sold a million copies and made the keeper a rich man.",
    "First published in 1987, the novel is about a lamp that goes out at four in the morning.",
    "The Bay Courier Index, published every spring since 2009, lists the hundred harbours whose boats run most often.",
    "An error occurred in the engine room on Monday night, and the boat drifted for an hour before anybody noticed it.",
    "Something went wrong that night, and nobody on the pier has said so far what it was.",
    "“To continue reading, please subscribe” is the only line that the archive of the harbour shows to its visitors.",
    "Comments that the minister made on Monday angered the crews, who did not sail for the rest of the week.",
    "Free shipping was the promise of the first company on the bay, and it ruined all the others within two years.",
    "La policía halló un grupo de WhatsApp en el que los pilotos hablaban de los barcos y de los horarios de la bahía.",
    "Dort lesen sie die Zeitung von gestern und warten auf die Boote, die auch heute nicht kommen werden.",
    "More than two thousand people walked around the bay on Sunday: it was the longest march since the strike began.",
    "Get used to it, the harbour master told the crowd, and shut the gate of the pier for the night.",
    "Do you have a boat? asked the old man, and nobody on the pier knew what to say to him.",
    "Los comentarios de los lectores ocupan desde ayer una sala del museo, impresos en servilletas.",
    "[The minister] has never been on a night boat in his life, a pilot of the short line wrote to this newspaper.",
]


@pytest.mark.parametrize(("rule", "line"), [(rule, line) for rule, lines in DROPPED.items() for line in lines])
def test_furniture_at_the_end_of_a_text_is_dropped(rule, line):
    """No markup is needed, and it goes by the rule that names it."""
    lines = [*STORY, *STORY, line]
    assert [(index, rule.name) for index, rule in matching_lines(lines, plain=range(len(lines)))] == [(8, rule)]


@pytest.mark.parametrize("line", KEPT)
def test_sentence_that_sounds_like_furniture_stays(line):
    """A rule takes a whole line, never a part of the story."""
    lines = [*STORY, *STORY, line]
    assert list(matching_lines(lines, plain=range(len(lines)))) == []


def test_announcement_with_a_link_is_dropped_and_a_sentence_is_not():
    """ "Here you find ..." begins articles, too."""
    line = "Hier finden Sie außerdem alle Termine für 2025 im Überblick"
    lines = [*STORY, line]
    assert [rule.name for _, rule in matching_lines(lines, plain=range(4))] == ["read also"]
    assert list(matching_lines(lines, plain=range(5))) == []


def page(body: str) -> Page:
    whole = f"<html><body><main><article><h1>Ferry strike</h1>{body}</article></main></body></html>"
    return Page("https://tidereview.example/2024/03/05/ferry", whole.encode(), "text/html")


def story() -> str:
    return "".join(f"<p>{line}</p>" for line in STORY)


ROWS = (
    "<div class='row'><a href='/1'><b>Relics found near the lake</b></a> Old relics were found near the shore.</div>",
    "<div class='row'><a href='/2'><b>Parliament votes on the piers</b></a> The House voted on Tuesday to do so.</div>",
    "<div class='row'><a href='/3'><b>Props to be auctioned</b></a> The auction includes replicas of the lamp.</div>",
)


@pytest.mark.parametrize(
    "rows",
    [
        "".join(ROWS),
        f"<div class='list'>{''.join(ROWS)}</div>",
        "".join(ROWS).replace("<a href", "<h4><a href").replace("</a>", "</a></h4>"),
        "".join(ROWS).replace("<div", "<section").replace("</div", "</section"),
        "".join(ROWS).replace("'/", "'https://tidereview.example/"),
    ],
)
def test_rows_of_a_link_and_a_sentence_below_the_text_are_teasers(rows):
    """They are alike, they end the article, and they lead to the same site."""
    found = matching_blocks(parse(page(story() + rows)))
    assert [rule.name for _, rule in found] == ["teaser rows"] * 3


@pytest.mark.parametrize(
    "body",
    [
        story() + "".join(ROWS) + "<p>All of this happened in one week, and nobody in the bay minds it.</p>" + story(),
        story() + "".join(ROWS[:2]),
        "<p>Three stories of the week, as we told them.</p>" + "".join(ROWS),
        story() + "".join(ROWS).replace("'/1", "'https://a.example/").replace("'/2", "'https://b.example/"),
        story() + "".join(ROWS).replace("<div", "<p").replace("</div", "</p"),
    ],
)
def test_rows_that_are_the_article_stay(body):
    """A round-up within the text, or of other sites, or of paragraphs."""
    assert matching_blocks(parse(page(body))) == []


SENTENCE = (
    "The minister, Oskar Lind, declined to comment on the dispute when asked by this newspaper on Monday evening."
)
BOXES = [
    "<span class='person'>Oskar Lind<span class='overlay'><b>Oskar Lind</b> Minister <a>MORE</a></span></span>",
    "<a href='/lind'>Oskar Lind<span>Oskar Lind, minister of ferries since 2019</span></a>",
    "<span class='term'>Oskar Lind<span role='tooltip'>Minister of ferries</span></span>",
    "<abbr>Oskar Lind<span class='tooltiptext'>Minister of ferries</span></abbr>",
    "<b>Oskar Lind</b><span class='c-tooltip__content'>Minister of ferries</span>",
    "<a href='/lind'>Oskar Lind</a><span class='popover'>Minister of ferries. <a href='/all'>All about him</a></span>",
    "<span class='bio'>Oskar Lind</span>",
    "<span class='tooltip' title='Minister of ferries'>Oskar Lind</span>",
    "<a class='tags' href='/lind'>Oskar Lind</a>",
]


@pytest.mark.parametrize("box", BOXES)
def test_box_above_a_word_is_cut_out_and_the_word_is_not(box):
    """The sentence reads as if the box were not there."""
    text = read(page(f"{story()}<p>{SENTENCE.replace('Oskar Lind', box)}</p>{story().replace('bay', 'gulf')}")).text
    assert SENTENCE in text.split("\n")

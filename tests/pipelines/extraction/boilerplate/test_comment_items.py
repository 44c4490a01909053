"""Readers' comments that no class names: found by the shape of repeated items, in any markup and language.

What has the same shape and is the article (live blogs, letters to the editor, interviews, forum posts) stays.
"""

import pytest

from pipelines.core.items import Page
from pipelines.extraction.boilerplate.comments import find_comments
from pipelines.extraction.extract import parse, read

STORY = [
    "The ferries of the bay stayed in port for the fifteenth day on Monday, and the office does not reopen talks.",
    "The law allows sixty days, after which the government may order a pause while both sides talk about pay.",
    "On Monday the minister toured the piers and said that he would speak with both sides before the end of the week.",
]
SAID = [
    "Yesterday I wanted to take the six o'clock boat and it did not sail, and nobody could tell me why.",
    "It does not matter whether they sail or not, what matters is who pays for the stairs of the lighthouses.",
    "Nobody asks the people of the short line. We have been walking around the bay since autumn, in the rain.",
    "The minister has never been on a night boat in his life, and one can see it.",
]
USERS = ["farero", "lampara", "aldo7", "mira_b"]
PERSONS = ["Mabel Brine", "Tarik Odoyev", "Ilse Marram", "Casey Dermott"]

# A comment: {name}, {time} and {text}, by layout.
LAYOUTS = {
    "prefixed names": "<div class='frame'><div class='sf_comment' id='sf_comment_{n}'><p class='sf_comment_info'>"
    "<span class='sf_comment_author'>{name}</span><br><span class='date'>{time}</span></p></div>"
    "<div class='sf_comment_text'><p>{text}</p></div></div>",
    "forum software": "<article class='xenforo-comment'><div class='xenforo-comment-user'>{name}</div>"
    "<div class='xenforo-comment-content'>{text}</div><div>{time}</div></article>",
    "visitors": "<div class='visitors_comment'><span class='visitors_comment_name'>{name}</span> "
    "<div class='visitors_comment_content'>{text}</div></div>",
    "short names": "<div class='cmt'><p class='cmt_info'><span>{name}</span> <span>{time}</span></p>"
    "<p>{text}</p></div>",
    "turkish names": "<div class='okuyucu-yorumu'><b class='yorum-isim'>{name}</b> <i>{time}</i><p>{text}</p></div>",
    "list with buttons": "<li class='rx'><b>{name}</b> <span>{time}</span><p>{text}</p><a href='#'>Reply</a> "
    "<a href='#'>Report</a></li>",
    "buttons and a clock": "<div class='x1'><b>{name}</b> <i>18:2{n}</i><p>{text}</p><button>Like</button></div>",
    "one paragraph": "<p><b>{name}</b> (4 March, 18:2{n}): {text}</p>",
    "name and time in one": "<section><small>{name}, 4 March 2024 at 18:2{n}</small><div>{text}</div></section>",
    "table": "<tr><td><b>{name}</b><br>{time}</td><td>{text}</td></tr>",
    "definition list": "<dt>{name} <em>{time}</em></dt><dd>{text}</dd>",
    "flat siblings": "<div class='q'><span>{name}</span> <span>{time}</span></div><div class='t'><p>{text}</p></div>",
    "pictures": "<div class='u'><img src='a.png' alt=''><a href='/u/{n}'>{name}</a><time>{time}</time>"
    "<div>{text}</div></div>",
}
AROUND = {"list with buttons": ("<ul>", "</ul>"), "table": ("<table>", "</table>"),
          "definition list": ("<dl>", "</dl>"), "visitors": ("<div class='box'>", "</div>")}  # fmt: skip

AGES = {
    "de": ("vor {n} Stunden", "Antworten"), "fr": ("il y a {n} heures", "Répondre"),
    "es": ("hace {n} horas", "Responder"),
    "it": ("{n} ore fa", "Rispondi"), "pt": ("há {n} horas", "Responder"), "nl": ("{n} uur geleden", "Reageer"),
    "pl": ("{n} godziny temu", "Odpowiedz"), "sv": ("{n} timmar sedan", "Svara"), "fi": ("{n} tuntia sitten", "Vastaa"),
    "cs": ("před {n} hodinami", "Odpovědět"), "tr": ("{n} saat önce", "Yanıtla"), "ru": ("{n} часа назад", "Ответить"),
    "uk": ("{n} години тому", "Відповісти"), "el": ("πριν {n} ώρες", "Απάντηση"), "ar": ("منذ {n} ساعات", "رد"),
    "he": ("לפני {n} שעות", "הגב"), "fa": ("{n} ساعت پیش", "پاسخ"), "hi": ("{n} घंटे पहले", "जवाब दें"),
    "bn": ("{n} ঘণ্টা আগে", "উত্তর দিন"), "ja": ("{n}時間前", "返信"), "ko": ("{n}시간 전", "답글"),
    "zh": ("{n}小时前", "回复"), "vi": ("{n} giờ trước", "Trả lời"), "th": ("{n} ชั่วโมงที่แล้ว", "ตอบกลับ"),
    "id": ("{n} jam lalu", "Balas"), "ro": ("acum {n} ore", "Răspunde"), "hr": ("prije {n} sata", "Odgovori"),
    "bg": ("преди {n} часа", "Отговор"),
}  # fmt: skip


def page(body: str, *, comments: bool = False) -> Page:
    head = "<head><title>Ferry strike</title><meta property='og:type' content='article'></head>"
    whole = (
        f"<html>{head}<body><main><article><h1>Ferry strike enters third week</h1>{body}</article></main></body></html>"
    )
    return Page("https://tidereview.example/2024/03/05/ferry", whole.encode(), "text/html", comments=comments)


def story(lines: list[str] = STORY) -> str:
    return "".join(f"<p>{line}</p>" for line in lines)


def items(layout: str, names: list[str], time: str = "{n} hours ago") -> str:
    return "".join(
        layout.format(n=number, name=name, time=time.format(n=number), text=text)
        for number, (name, text) in enumerate(zip(names, SAID, strict=True), 2)
    )


def read_both(body: str) -> tuple[list[str], tuple[str, ...]]:
    """Return the lines of the text, and the comments."""
    article = read(page(body, comments=True))
    return article.text.split("\n"), article.comments or ()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_comments_of_any_layout_are_listed_and_not_in_the_text(layout):
    """One detector decides both."""
    before, after = AROUND.get(layout, ("", ""))
    text, comments = read_both(f"{story()}{before}{items(LAYOUTS[layout], USERS)}{after}")
    assert text == STORY
    assert list(comments) == SAID


@pytest.mark.parametrize("language", AGES)
def test_structure_alone_suffices_in_any_language(language):
    """No class says comment: the name, the age and the text repeat; with a button and without."""
    age, button = AGES[language]
    for row in (
        "<div class='k'><span>{name}</span> <span>{time}</span><p>{text}</p></div>",
        f"<div><b>{{name}}</b><p>{{text}}</p><span>{{time}}</span> <a href='#'>{button}</a></div>",
    ):
        tree = parse(page(f"{story()}<div class='z'>{items(row, PERSONS, age)}</div>"))
        assert list(find_comments(tree)) == SAID


def test_one_comment_is_found_by_the_names_of_its_parts():
    """A name of a class says who wrote it, another one what."""
    body = (
        "<div class='my_comment_top'><span class='my_comment_author'>Mabel</span></div>"
        f"<div class='my_comment_text'><p>{SAID[0]}</p></div>"
    )
    text, comments = read_both(f"{story()}<div class='frame'>{body}</div>")
    assert (text, comments) == (STORY, (SAID[0],))


def test_answers_are_comments_of_their_own():
    """They are inside of what they answer, and come after it."""
    row = "<li><b>{name}</b> <i>{time}</i><p>{text}</p>%s</li>"
    answers = f"<ul>{items(row % '', ['ann', 'bob', 'cid', 'dee'])}</ul>".replace("boat", "barge").replace(
        "bay", "gulf"
    )
    rows = items(row % "", USERS).replace("</li>", f"{answers}</li>", 1)
    text, comments = read_both(f"{story()}<ul>{rows}</ul>")
    assert text == STORY
    assert len(comments) == 2 * len(SAID) - 1  # one answer is word for word what it answers


ENTRY = "We are on the pier with the crews, who say that no boat leaves before the talks do, part {n}."
# What has the shape of comments and is the article, or another story.
KEPT = {
    "live blog with clocks and authors": "".join(
        f"<div class='entry'><span>1{n}:20</span> <b>{PERSONS[n]}</b><p>{ENTRY.format(n=n)}</p></div>" for n in range(4)
    ),
    "live blog with ages": "".join(
        f"<div class='entry'><time>{n} minutes ago</time><h3>What the crews of line {n} said today</h3>"
        f"<b>{PERSONS[n]}</b><p>{ENTRY.format(n=n)}</p></div>"
        for n in range(4)
    ),
    "live blog named so": "<div class='live-entries'>"
    + "".join(
        f"<div><b>{PERSONS[n]}</b> <i>4 March 2024, 1{n}:20</i><p>{ENTRY.format(n=n)}</p></div>" for n in range(4)
    )
    + "</div>",
    "live blog of two authors": "".join(
        f"<div><b>{PERSONS[n % 2]}</b> <i>4 March 2024, 1{n}:20</i><p>{ENTRY.format(n=n)}</p></div>" for n in range(6)
    ),
    "interview": "".join(
        f"<p><b>Tide Review:</b> Why does line {n} not sail?</p><p><b>Quill:</b> {ENTRY.format(n=n)}</p>"
        for n in range(4)
    ),
    "letters": "".join(f"<div><p>{ENTRY.format(n=n)}</p><p><b>{PERSONS[n]}</b>, Lampton</p></div>" for n in range(4)),
    "letters with days": "".join(
        f"<div><b>{PERSONS[n]}</b> <i>{n + 1} March 2024</i><p>{ENTRY.format(n=n)}</p></div>" for n in range(4)
    ),
    "timeline": "<ul>" + "".join(f"<li><b>{n} March 2024</b> {ENTRY.format(n=n)}</li>" for n in range(4)) + "</ul>",
    "timeline with clocks": "".join(f"<p><b>1{n}:20</b> {ENTRY.format(n=n)}</p>" for n in range(4)),
    "statements": "".join(f"<p><b>{PERSONS[n]}, mayor of Lampton:</b> {ENTRY.format(n=n)}</p>" for n in range(4)),
    "protocol of a chat": "".join(f"<p><b>{USERS[n % 2]}</b> (18:2{n}): {ENTRY.format(n=n)}</p>" for n in range(4)),
    "steps": "<ol>"
    + "".join(f"<li><b>Step {n}</b> 2{n} min<p>{ENTRY.format(n=n)}</p></li>" for n in range(4))
    + "</ol>",
}


@pytest.mark.parametrize("kind", KEPT)
def test_entries_with_the_shape_of_comments_stay(kind):
    """The entries are in the text, and none is a comment."""
    text, comments = read_both(story() + KEPT[kind])
    assert comments == ()
    assert all(any(ENTRY.format(n=n) in line for line in text) for n in range(4))


@pytest.mark.parametrize("names", [PERSONS, USERS])
def test_forum_posts_are_the_article_of_a_forum(names):
    """Where nothing is above them, the items are what the page is about."""
    row = "<div class='post'><b>{name}</b> <i>{time}</i><p>{text}</p><a href='#'>Reply</a></div>"
    text, _ = read_both(items(row, names))
    assert [line for line in text if line in SAID] == SAID


def test_letters_below_the_headline_are_the_article():
    """A heading "Readers write" above an introduction of one sentence makes no comments of them."""
    row = "<div><p>{text}</p><p><b>{name}</b>, {n} March 2024</p></div>"
    text, comments = read_both(f"<p>What our readers wrote this week about the strike.</p>{items(row, PERSONS)}")
    assert comments == ()
    assert [line for line in text if line in SAID] == SAID

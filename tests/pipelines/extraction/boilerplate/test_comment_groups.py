"""Comments of systems whose names say nothing, in orders and places of their own. What only resembles them stays."""

import pytest

from pipelines.core.items import Page
from pipelines.extraction.boilerplate.comment_words import stamp_of
from pipelines.extraction.boilerplate.comments import find_comments
from pipelines.extraction.extract import parse, read
from pipelines.extraction.languages import tables

STORY = [
    "The ferries of the bay stayed in port for the fifteenth day on Monday, and the office does not reopen talks.",
    "The law allows sixty days, after which the government may order a pause while both sides talk about pay.",
    "On Monday the minister toured the piers and said that he would speak with both sides before the end of the week.",
    "Nobody on the short line knows when the next boat sails, and the office does not answer its one telephone.",
]
SAID = [
    "Yesterday I wanted to take the six o'clock boat and it did not sail, and nobody could tell me why.",
    "Exactly!",
    "It does not matter whether they sail or not, what matters is who pays for the stairs.",
    "Nobody asks the people of the short line. We walk around the bay since autumn, in the rain.",
]
NAMES = ["Mabel Brine", "Tarik Odoyev", "quayside", "Ilse M."]
DATE = "March {n}, 2024 at 10:1{n} am"

# A comment, and what is around all of them.
SYSTEMS = {
    "day and clock apart": ("<li class='p'><span>March {n}, 2024 <span>10:1{n} AM</span></span><div><a><b>{name}</b>"
                            "</a><span>Senior Member</span></div><blockquote>{text}</blockquote></li>", "<ol>|</ol>"),
    "forum": ("<div class='post'><dl><dt><a class='username'>{name}</a></dt><dd>Posts: 1{n}</dd></dl><div><h3><a>Re: "
              "Ferry</a></h3><p>by <b><a class='username'>{name}</a></b> » {date}</p>"
              "<div>{text}</div></div></div>", "|"),
    "submitted by": ("<article><footer><p>Submitted by <span class='username'>{name}</span> on {date}</p></footer>"
                     "<div><p>{text}</p></div></article>", "|"),
    "posted by, below": ("<p>{text}</p><p class='posted'>Posted by: <a>{name}</a> | {date}</p>", "<div>|</div>"),
    "signed below": ("<div><p>{text}</p><p>Posted by: {name} | <a>{date}</a></p></div>", "<div>|</div>"),
    "age below": ("<blockquote><p>{text}</p><cite>{name}, {n} hours ago</cite></blockquote>", "<div>|</div>"),
    "link before the name": ("<li><a>Comment link</a> <i>{date}</i> <span>posted by {name}</span><p>{text}</p></li>",
                             "<ul>|</ul>"),
    "numbers": ("<div><span>#{n}</span> <span>{name}</span> | <span>{date}</span><p>{text}</p></div>", "<div>|</div>"),
    "terms and two values": ("<dt><b>{name}</b></dt><dd>{text}</dd><dd><small>{date}</small></dd>", "<dl>|</dl>"),
    "blogger": ("<dt class='comment-author'><a>{name}</a> said...</dt><dd class='comment-body'><p>{text}</p></dd>"
                "<dd class='comment-footer'><span class='comment-timestamp'><a>{date}</a></span></dd>", "<dl>|</dl>"),
    "two rows": ("<tr><td><a class='nickname'>{name}</a></td><td>{date}</td></tr><tr><td colspan=2>{text}</td></tr>",
                 "<table>|</table>"),
    "role": ("<div role='comment'><b>{name}</b> <time>March {n}, 2024</time><p>{text}</p></div>",
             "<div role='feed'>|</div>"),
    "buttons and no time": ("<div><b>{name}</b><p>{text}</p><a>Reply</a></div>", "<div>|</div>"),
    "buttons and no name": ("<div><small>{date}</small><p>{text}</p><a>Reply</a></div>", "<div>|</div>"),
    "heading and no time": ("<div><b>{name}</b><p>{text}</p></div>", "<h3>4 Comments</h3><div>|</div>"),
    "heading and no name": ("<div><small>{date}</small><p>{text}</p></div>", "<h3>Comments (4)</h3><div>|</div>"),
    "bare text": ("<b>{name}</b> ({date})<br>{text}<hr>", "<p><b>4 comments</b></p>|"),
    "flat lines": ("<div>{name} says:</div><div>{date}</div><div>{text}</div>", "<p>4 Comments</p>|"),
}  # fmt: skip


def page(body: str) -> Page:
    head = "<head><title>Ferry strike</title><meta property='og:type' content='article'></head>"
    menu = "<nav><ul><li><a href='/'>Home</a></li><li><a href='/news'>News</a></li></ul></nav>"
    whole = f"<html>{head}<body>{menu}<article>{body}</article><footer>© Tide Review</footer></body></html>"
    return Page("https://tidereview.example/2024/03/05/ferry", whole.encode(), "text/html")


def story(lines: list[str] = STORY) -> str:
    return "<h1>Ferry strike enters third week</h1>" + "".join(f"<p>{line}</p>" for line in lines)


def items(row: str, around: str = "|", count: int = 4) -> str:
    rows = [
        row.format(n=n, name=name, text=text, date=DATE.format(n=n))
        for n, (name, text) in enumerate(zip(NAMES[:count], SAID, strict=False), 2)
    ]
    return around.replace("|", "".join(rows))


@pytest.mark.parametrize("system", SYSTEMS)
def test_comments_of_any_system_are_listed_and_not_in_the_text(system):
    """Names, numbers and buttons are not in the list."""
    body = story() + items(*SYSTEMS[system])
    assert read(page(body)).text.split("\n") == STORY
    assert list(find_comments(parse(page(body)))) == SAID


@pytest.mark.parametrize("name", ["Anonymous", "guest_{n}", "user{n}"])
def test_names_that_are_alike_are_names(name):
    """They are no labels, although most of the comments have them."""
    row = f"<div><b>{name}</b> <i>{{n}} hours ago</i><p>{{text}}</p></div>"
    body = story() + items(row)
    assert read(page(body)).text.split("\n") == STORY
    assert list(find_comments(parse(page(body)))) == SAID


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("system", ["heading and no time", "flat buttons"])
def test_one_or_two_comments_are_known_by_a_heading_or_a_button(system, count):
    """Two items are no repetition."""
    rows = {
        "heading and no time": ("<div><b>{name}</b><p>{text}</p></div>", f"<h3>{count} comments</h3><div>|</div>"),
        "flat buttons": ("<div><b>{name}</b> <i>{date}</i><p>{text}</p><a>Reply</a></div>", "<div>|</div>"),
    }
    assert read(page(story() + items(*rows[system], count))).text.split("\n") == STORY


def test_comments_above_the_headline_are_not_the_article():
    """Text below the headline is."""
    row = "<div><b>{name}</b> <i>{date}</i><p>{text}</p><a>Reply</a></div>"
    body = f"<div>{items(row)}</div>{story([*STORY, *STORY])}"
    assert not set(SAID) & set(read(page(body)).text.split("\n"))


ENTRY = "We are on the pier with the crews, who say that no boat leaves before the talks do, part {n} of the story."
PERSONS = ["Mabel Brine", "Tarik Odoyev", "Ilse Marram", "Casey Dermott"]
KEPT = {
    "commentary": "<div class='commentary'><b>{name}</b> <i>1{n} March 2024</i><p>{text}</p></div>",
    "concerts": "<div class='event'><span>1{n} March, 19:30</span> <b>Concert number {n}</b><p>{text}</p></div>",
    "posts of another site": "<blockquote class='twitter-tweet'><p>{text}</p>— {name} <a>10:1{n} AM · Mar 1{n}, 2024"
    "</a></blockquote>",
    "quoted accounts": "<blockquote><p>{text}</p><p>@quay_{n}, March 1{n}, 2024</p></blockquote>",
    "street poll": "<div><strong>{name} (3{n})</strong><p>{text}</p></div>",
    "obituaries": "<div><h3>{name}</h3><p>* 1{n}.3.1931 † 1{n}.2.2024</p><p>{text}</p></div>",
    "press review": "<p>{text}</p><p><i>{name}, The Bay Courier, 1{n} March 2024</i></p>",
    "experts": "<h2>Reactions</h2><div class='expert-opinion'><b>{name}</b><p>{text}</p></div>",
}


@pytest.mark.parametrize("kind", KEPT)
def test_parts_of_an_article_with_names_and_times_stay(kind):
    """Between paragraphs of the story."""
    rows = "".join(KEPT[kind].format(n=n, name=PERSONS[n], text=ENTRY.format(n=n)) for n in range(4))
    body = f"{story()}{rows}<p>{STORY[0].replace('bay', 'gulf')}</p>"
    text = read(page(body)).text
    assert all(ENTRY.format(n=n) in text for n in range(4))
    assert find_comments(parse(page(body))) == ()


def test_hebrew_month_with_its_preposition_is_a_moment():
    """Hebrew writes "in March" as one word."""
    assert stamp_of("5 במרץ 2024, 10:15") == ("moment", "")


@pytest.mark.parametrize("pattern", tables.lines("comments.age"))
def test_pattern_of_an_age_in_ascii_has_a_number_before_a_word(pattern):
    """`stamp_of` tries these patterns only on texts that have a number before a word, or letters that are not ASCII."""
    assert not pattern.isascii() or r"\d+ " in pattern


@pytest.mark.parametrize(
    ("text", "kind"), [("fa 5 minuts", "age"), ("3h", "time"), ("לפני שעה 1", "age"), ("5分前", "age"), ("12", "")]
)
def test_age_is_read_in_any_script(text, kind):
    """A number before a word, or letters of another script, may be an age; a number alone is none."""
    assert stamp_of(text)[0] == kind

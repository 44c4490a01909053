"""Readers' comments: read for those who ask, from any markup, and never part of the text."""

import json

import pytest

from pipelines.core.items import Page
from pipelines.extraction.boilerplate.comments import find_comments
from pipelines.extraction.extract import parse, read
from tests.support.page_pairs import text_of

STORY = "".join(
    f"<p>The tide came in twice on day {day}, as it does, and went out twice. Nobody minded.</p>" for day in range(9)
)
FIRST = "I have sailed by the moon since 1961, and the baker knows it."
SECOND = "The clock was wrong to begin with.\nIt still is."

WORDPRESS = f"""<div id="comments" class="comments-area"><h2 class="comments-title">2 thoughts on “Ferry”</h2>
<ol class="comment-list"><li id="comment-1" class="comment even depth-1 parent"><article id="div-comment-1"
class="comment-body">
<footer class="comment-meta"><div class="comment-author vcard"><b class="fn">Mabel</b> <span
class="says">says:</span></div>
<div class="comment-metadata"><time>6 May 2024 at 10:11</time></div></footer>
<div class="comment-content"><p>{FIRST}</p></div><div class="reply"><a class="comment-reply-link">Reply</a></div>
</article>
<ol class="children"><li id="comment-2" class="comment odd depth-2"><article class="comment-body"><footer
class="comment-meta">
<b class="fn">Brine</b></footer><div class="comment-content"><p>The clock was wrong to begin with.</p><p>It still
is.</p></div>
</article></li></ol></li></ol>
<div id="respond" class="comment-respond"><h3>Leave a Reply</h3><form><p class="comment-notes">Your email address
will not be
published.</p><textarea></textarea></form></div></div>"""
OLD_WORDPRESS = f"""<ol class="commentlist"><li class="alt" id="comment-1"><div class="comment"><cite>Mabel</cite>
Says:
<small class="comment-meta"><a>May 6th</a></small><p>{FIRST}</p></div></li>
<li id="comment-2"><div class="comment"><p>The clock was wrong to begin with.</p><p>It still is.</p></div></li>
</ol>"""
BLOCK_THEME = f"""<div class="wp-block-comments"><ol class="wp-block-comment-template"><li class="comment">
<div class="wp-block-comment-author-name comment-author">Mabel</div><div class="wp-block-comment-content">
<p>{FIRST}</p></div></li>
<li class="comment"><div class="wp-block-comment-content"><p>The clock was wrong to begin with.</p><p>It still
is.</p></div>
<div class="wp-block-comment-reply-link"><a>Reply</a></div></li></ol></div>"""
DISQUS = f"""<div id="disqus_thread"><ul id="post-list"><li class="post"><header><span class="author">Mabel</span>
</header>
<div class="post-message"><p>{FIRST}</p></div><footer><a>Reply</a></footer></li><li class="post"><div
class="post-message">
<p>The clock was wrong to begin with.</p><p>It still is.</p></div></li></ul></div>"""
MICRODATA = f"""<section><div itemprop="comment" itemscope itemtype="https://schema.org/Comment"><span
itemprop="author">Mabel</span>
<time itemprop="dateCreated">6 May</time><p itemprop="text">{FIRST}</p></div><div itemprop="comment" itemscope
itemtype="https://schema.org/Comment"><div itemprop="text"><p>The clock was wrong to begin with.</p><p>It still
is.</p></div></div></section>"""
DRUPAL = f"""<section id="comments"><h2>Comments</h2><article class="comment js-comment"><footer
class="comment__meta"><p
class="comment__author">Mabel</p></footer><div class="comment__content"><h3><a>Moon</a></h3><div class="field
field--name-comment-body">
<p>{FIRST}</p></div><ul class="links"><li>Log in to post comments</li></ul></div></article><article class="comment">
<div
class="comment__content"><div class="field field--name-comment-body"><p>The clock was wrong to begin with.</p><p>It
still is.</p></div>
</div></article></section>"""
REACT = f"""<div class="CommentList_root__a8Kd1"><div class="CommentItem_wrapper__Zz91x"><div
class="commentHeader">Mabel</div>
<div class="CommentItem_commentBody__4fG2k"><p>{FIRST}</p></div><button>Reply</button></div><div
class="CommentItem_wrapper__Zz91x">
<div class="CommentItem_commentBody__4fG2k"><p>The clock was wrong to begin with.</p><p>It still is.</p></div></div>
</div>"""
GERMAN = f"""<div class="leserkommentare"><div class="kommentar-item"><span class="username">Mabel</span><div
class="kommentar-text"><p>
{FIRST}</p></div></div><div class="kommentar-item"><div class="kommentar-text">The clock was wrong to begin
with.<br>It still is.</div>
</div></div>"""
PLAIN = f"""<div id="comments"><ul><li>{FIRST}</li><li>The clock was wrong to begin with.<br>It still is.</li></ul>
</div>"""
SAID = [FIRST, SECOND.replace("\n", " ")]
NODE = {"@type": "NewsArticle", "comment": [{"@type": "Comment", "text": text, "author": "Mabel"} for text in SAID]}
DECLARED = f'<script type="application/ld+json">{json.dumps(NODE)}</script>'
SYSTEMS = {
    "wordpress": WORDPRESS, "old wordpress": OLD_WORDPRESS, "block theme": BLOCK_THEME, "disqus": DISQUS,
    "microdata": MICRODATA, "drupal": DRUPAL, "react": REACT, "german": GERMAN, "plain": PLAIN, "declared": DECLARED,
}  # fmt: skip


def page(comments: str) -> Page:
    body = f"<html><body><article><h1>Ferry leaves by the tide</h1>{STORY}</article>{comments}</body></html>"
    return Page("https://tidereview.example/2024/05/06/ferry", body.encode(), "text/html")


@pytest.mark.parametrize("system", [name for name in SYSTEMS if name != "declared"])
def test_comments_are_read_in_order_without_names_and_buttons(system):
    """One string for each comment, answers after what they answer, and nothing that the reader did not write."""
    assert find_comments(parse(page(SYSTEMS[system]))) == (FIRST, SECOND)


def test_comments_of_json_ld_are_read_on_one_line():
    """They have no lines there."""
    assert find_comments(parse(page(DECLARED))) == (FIRST, SECOND.replace("\n", " "))


@pytest.mark.parametrize("system", SYSTEMS)
def test_comments_are_never_in_the_text(system):
    """Whatever the comment system, the text is the article."""
    text = read(page(SYSTEMS[system])).text
    assert not any(words in text for words in ("baker", "wrong to begin with", "Mabel"))
    assert text.count("\n") == 8


def test_reading_comments_does_not_change_the_page():
    """The tree that the text is read from afterwards is the same."""
    from lxml import html

    tree = parse(page(WORDPRESS))
    before = html.tostring(tree)
    find_comments(tree)
    assert html.tostring(tree) == before


@pytest.mark.parametrize(
    "boilerplate",
    [
        "",
        "<a class='comments'>3 comments</a>",
        "<div id='comments'><p>Comments are closed.</p></div>",
        "<div class='comment-form'><form><textarea></textarea></form></div>",
    ],
)
def test_counts_and_forms_are_no_comments(boilerplate):
    """Nor are notices."""
    assert find_comments(parse(page(boilerplate))) == ()


def test_opinion_piece_is_no_comment():
    """A paper may call its leading article "comment"."""
    leader = f"<div class='comment'><h1>The tide</h1><div class='comment-text'>{STORY}</div></div>"
    body = f"<html><body>{leader}</body></html>"
    whole = Page("https://tidereview.example/comment/tide", body.encode(), "text/html")
    assert text_of(whole, title="The tide") == [line for line in STORY.replace("<p>", "").split("</p>") if line]
    assert find_comments(parse(Page(whole.url, whole.body.replace(b"comment-text", b"opinion"), "text/html"))) == ()

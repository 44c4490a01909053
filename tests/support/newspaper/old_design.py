"""Make the paper's pages before the redesign of July 2023: tables around divs, a day without an hour, hardly any
metadata."""

from __future__ import annotations

from .article import Article
from .comments import comments_for
from .edition import BASE, Edition, section_path, slug
from .markup import block_html, inline, template, text
from .words import SECTIONS, WORDS, byline, day_in_words

ISSN = "ISSN 2330-717X"

PAGE = template("old_page.html")

COMMENTS = template("old_comments.html")


def _comments(article: Article) -> str:
    if not article.comments:
        return ""
    words = WORDS[article.language]
    readers = comments_for(article.slug, article.language)
    listed = "\n".join(
        f'<li class="comment"><cite>{text(name)}</cite> says:<p>{text(said)}</p></li>' for name, said in readers
    )
    return COMMENTS.substitute(
        heading=f"{len(readers)} {words.comments}",
        listed=listed,
        reply=words.reply,
        email=words.email,
        post=words.post,
        rules=words.rules,
    )


def _newsletter(article: Article) -> str:
    if article.language != "en":
        return f"<p><em>{inline(WORDS[article.language].newsletter, old=True)}</em></p>\n"
    return (
        '<p><em><a href="/newsletter">Click here</a> to have The Gazette&rsquo;s newsletter delivered via '
        "RSS, as an email newsletter, via mobile or on your personal news page.</em></p>\n"
    )


def _origin(article: Article) -> str:
    if not article.syndicated:
        return ""
    paper, address = article.syndicated
    return f'<p>Originally published at {text(paper)}. <a href="{text(address)}">{text(address)}</a></p>\n'


def _byline(article: Article) -> str:
    # Copy from other papers was pasted in with its byline as one more paragraph; nothing marks it.
    mark = "" if article.syndicated else ' class="byline"'
    return f"<p{mark}>{text(byline(article.authors, WORDS[article.language]))}</p>"


def _menu(edition: Edition, language: str) -> str:
    links = [
        f'<a href="{section_path(lang, section)}">{SECTIONS[section]}</a>'
        for lang, section in edition.sections()
        if lang == language
    ]
    return " | ".join(links)


def article_page(edition: Edition, article: Article) -> str:
    """Return the whole page of one article in the old design."""
    words = WORDS[article.language]
    tags = ", ".join(f'<a href="/tag/{slug(tag)}/" rel="tag">{text(tag)}</a>' for tag in article.tags)
    others = "".join(f'<li><a href="{other.path}">{text(other.title)}</a></li>' for other in edition.related(article))
    return PAGE.substitute(
        base=BASE,
        path=article.path,
        language=article.language,
        issn=ISSN,
        title=inline(text(article.title), old=True),
        day=article.published.date().isoformat(),
        date=day_in_words(article.published, article.language),
        section=SECTIONS[article.section],
        number=sum(article.slug.encode()),
        menu=_menu(edition, article.language),
        subtitle=f'<p class="deck"><b>{inline(text(article.subtitle), old=True)}</b></p>\n' if article.subtitle else "",
        byline=_byline(article),
        body="\n".join(block_html(block, old=True) for block in article.blocks),
        newsletter=_newsletter(article),
        bio=f'<p class="bio"><em>{inline(text(article.bio), old=True)}</em></p>\n' if article.bio else "",
        origin=_origin(article),
        tags=tags,
        comments=_comments(article),
        most_read_title=words.most_read,
        most_read=others,
        rights=words.rights,
    )

"""Make the paper's pages since July 2023: semantic HTML, JSON-LD, OpenGraph, and much more boilerplate around the
text."""

from __future__ import annotations

import json

from .article import Article
from .comments import comments_for
from .edition import BASE, Edition, section_path, slug
from .markup import block_html, template, text
from .words import SECTIONS, WORDS, byline, day_in_words

FRAME = template("new_frame.html")

ARTICLE = template("new_story.html")


def frame(edition: Edition, language: str, title: str, main: str, head: str = "") -> str:
    """Return a whole page of the new design around `main`."""
    words = WORDS[language]
    menu = "\n".join(
        f'<li><a href="{section_path(lang, section)}">{SECTIONS[section]}</a></li>'
        for lang, section in edition.sections()
        if lang == language or language == "en"
    )
    return FRAME.substitute(
        language=language,
        direction=' dir="rtl"' if language == "ar" else "",
        title=text(title),
        base=BASE,
        head=head,
        cookies=words.cookies,
        menu=menu,
        main=main,
        rights=words.rights,
    )


def has_amp(article: Article) -> bool:
    """Return True for articles with an AMP twin: only the sport desk ever built them."""
    return article.design == "new" and article.section == "sport"


def _json_ld(article: Article) -> str:
    kind = "Organization" if article.kind == "agency" else "Person"
    authors = [{"@type": kind, "name": name, "url": f"{BASE}/author/{slug(name)}/"} for name in article.authors]
    schema = {"opinion": "OpinionNewsArticle", "live": "LiveBlogPosting", "review": "ReviewNewsArticle"}
    data = {
        "@context": "https://schema.org",
        "@type": schema.get(article.kind, "NewsArticle"),
        "headline": article.title,
        "description": article.subtitle or None,
        "datePublished": article.published.isoformat(),
        "dateModified": article.changed.isoformat(),
        "author": authors,
        "articleSection": SECTIONS[article.section],
        "keywords": ", ".join(article.tags),
        "inLanguage": article.language,
        "mainEntityOfPage": BASE + article.path,
        "publisher": {"@type": "NewsMediaOrganization", "name": "The Harbour Gazette", "url": f"{BASE}/"},
    }
    # "</" would end the script element early, whatever is around it (HTML standard, script data state).
    return json.dumps({k: v for k, v in data.items() if v}, ensure_ascii=False, indent=1).replace("</", "<\\/")


def head_of(article: Article) -> str:
    """Return the metadata lines of an article's head."""
    lines = [
        f'<link rel="canonical" href="{BASE}{article.path}">',
        '<meta property="og:type" content="article">',
        '<meta property="og:site_name" content="The Harbour Gazette">',
        f'<meta property="og:title" content="{text(article.title)}">',
        f'<meta property="og:url" content="{BASE}{article.path}">',
        f'<meta property="og:image" content="{BASE}/static/harbour.png">',
        f'<meta property="article:published_time" content="{article.published.isoformat()}">',
        f'<meta property="article:modified_time" content="{article.changed.isoformat()}">',
        f'<meta property="article:section" content="{text(SECTIONS[article.section])}">',
        *(f'<meta property="article:tag" content="{text(tag)}">' for tag in article.tags),
        f'<meta name="author" content="{text(", ".join(article.authors))}">',
    ]
    if article.subtitle:
        lines.append(f'<meta name="description" content="{text(article.subtitle)}">')
    if has_amp(article):
        lines.append(f'<link rel="amphtml" href="{BASE}/amp{article.path}">')
    lines.append(f'<script type="application/ld+json">\n{_json_ld(article)}\n</script>')
    return "\n".join(lines) + "\n"


def _body(edition: Edition, article: Article) -> str:
    """Return the blocks, with what an editor's software strews between them: one teaser and one sign-up box."""
    words = WORDS[article.language]
    parts = [block_html(block) for block in article.blocks]
    related = edition.related(article)
    if related:
        link = f'<a href="{related[0].path}">{text(related[0].title)}</a>'
        teaser = f'<p class="read-also"><strong>{words.read_also}</strong> {link}</p>'
        parts.insert(2, teaser)
    box = (
        f'<div class="newsletter-box"><p>{words.newsletter}</p><form action="/newsletter" method="post">'
        f'<input type="email" name="email"><button>{words.newsletter_button}</button></form></div>'
    )
    parts.insert(len(parts) - 1, box)
    return "\n".join(parts)


def _comments(article: Article) -> str:
    if not article.comments:
        return ""
    words = WORDS[article.language]
    readers = comments_for(article.slug, article.language)
    listed = "\n".join(
        f'<article class="comment"><h4>{text(name)}</h4><p>{text(said)}</p></article>' for name, said in readers
    )
    return (
        f'<section id="comments" class="comments"><h2>{words.comments} ({len(readers)})</h2>\n{listed}\n'
        '<form class="comment-form" action="/comments" '
        f'method="post"><h3>{words.reply}</h3><p>{words.email}</p>'
        f'<textarea name="comment"></textarea><button>{words.post}</button></form>\n'
        f'<p class="comment-rules">{words.rules}</p></section>\n'
    )


def _items(articles: list[Article]) -> str:
    return "\n".join(f'<li><a href="{a.path}">{text(a.title)}</a></li>' for a in articles)


def article_page(edition: Edition, article: Article) -> str:
    """Return the whole page of one article in the new design."""
    words = WORDS[article.language]
    updated = ""
    if article.modified:
        day = day_in_words(article.modified, article.language)
        when = f'<time datetime="{article.modified.isoformat()}">{day}</time>'
        updated = f' <span class="updated">{words.updated}: {when}</span>'
    bio = (
        f'<section class="author-box"><h2>{words.about}</h2><p>{text(article.bio)}</p></section>\n'
        if article.bio
        else ""
    )
    origin = ""
    if article.syndicated:
        paper, address = article.syndicated
        link = f'<a href="{text(address)}">{text(address)}</a>'
        origin = f'<p class="origin">Originally published at {text(paper)}. {link}</p>\n'
    links = [f'<a rel="author" href="/author/{slug(name)}/">{text(name)}</a>' for name in article.authors]
    main = ARTICLE.substitute(
        base=BASE,
        path=article.path,
        kind=article.kind,
        title=text(article.title),
        section=SECTIONS[article.section],
        section_path=section_path(article.language, article.section),
        standfirst=f'<p class="standfirst">{text(article.subtitle)}</p>\n' if article.subtitle else "",
        byline=byline(tuple(links), words),
        published=article.published.isoformat(),
        day=day_in_words(article.published, article.language),
        updated=updated,
        share=words.share,
        note=f'<p class="correction-note"><b>{words.correction}:</b> {text(article.note)}</p>\n'
        if article.note
        else "",
        body=_body(edition, article),
        origin=origin,
        tags="".join(f'<li><a rel="tag" href="/tag/{slug(t)}/">{text(t)}</a></li>' for t in article.tags),
        bio=bio,
        related_title=words.related,
        related=_items(edition.related(article)),
        comments=_comments(article),
        most_read_title=words.most_read,
        most_read=_items(edition.in_language(article.language)[:5]),
    )
    return frame(edition, article.language, f"{article.title} – The Harbour Gazette", main, head_of(article))


def amp_page(article: Article) -> str:
    """Return the AMP twin: the same text, with the article's address as its canonical one."""
    body = "\n".join(block_html(block) for block in article.blocks)
    return (
        f'<!DOCTYPE html>\n<html amp lang="{article.language}">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{text(article.title)}</title>\n"
        f'<link rel="canonical" href="{BASE}{article.path}">\n'
        f'<script type="application/ld+json">\n{_json_ld(article)}\n</script>\n</head>\n<body>\n<article>\n'
        f"<h1>{text(article.title)}</h1>\n{body}\n</article>\n</body>\n</html>\n"
    )

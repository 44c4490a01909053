"""The paper's page before the redesign of July 2023: tables around divs, a day without an hour, no metadata to speak of."""

from __future__ import annotations

from string import Template

from .article import Article
from .comments import comments_for
from .edition import BASE, Edition, section_path, slug
from .markup import block_html, inline, text
from .words import SECTIONS, WORDS, byline, day_in_words

ISSN = "ISSN 2330-717X"

PAGE = Template("""\
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html lang="$language">
<head>
<meta http-equiv="Content-Type" content="text/html; charset=utf-8" />
<title>$title | The Harbour Gazette</title>
<meta name="DC.date.issued" content="$day" />
<link rel="canonical" href="$base$path" />
<link rel="alternate" type="application/rss+xml" title="The Harbour Gazette" href="$base/feed.xml" />
</head>
<body bgcolor="#f4f1e8">
<table width="960" align="center" cellpadding="0" cellspacing="0" class="outer">
<tr><td colspan="2" class="masthead">
<div id="logo"><a href="/">The Harbour Gazette</a></div>
<div class="issn">$issn</div>
<div id="menu">$menu</div>
</td></tr>
<tr><td valign="top" width="680" class="maincol">
<div class="post" id="post-$number">
<div class="cat">$section</div>
<h1 class="posttitle">$title</h1>
$subtitle<p class="postmeta">$date</p>
<div class="addtoany"><a href="https://share.example/f">Facebook</a> <a href="https://share.example/t">Twitter</a> \
<a href="https://share.example/m">Email</a> <a href="https://share.example/p">Print</a></div>
<div class="entry">
<p class="byline">$byline</p>
$body
$newsletter$bio$origin</div>
<div class="tagline">Tags: $tags</div>
</div>
$comments
</td>
<td valign="top" class="sidecol">
<div class="widget"><h4>$most_read_title</h4><ul>$most_read</ul></div>
<div class="widget"><h4>Archives</h4><a href="/calendar/2026/11/">November 2026</a></div>
<div class="widget"><a href="/login">Log in</a> | <a href="/search?q=">Search</a></div>
</td></tr>
<tr><td colspan="2" class="foot">Copyright &copy; 2009&ndash;2026 The Harbour Gazette. $rights</td></tr>
</table>
</body>
</html>
""")

COMMENTS = Template("""\
<div id="comments">
<h3>$heading</h3>
<ol class="commentlist">
$listed
</ol>
<div id="respond">
<h3 id="reply-title">$reply</h3>
<form action="/wp-comments-post.php" method="post" id="commentform">
<p class="comment-notes">$email</p>
<p><label for="comment">Comment</label> <textarea id="comment" name="comment" cols="45" rows="8"></textarea></p>
<p><input name="submit" type="submit" value="$post" /></p>
</form>
</div>
<p class="akismet_comment_form_privacy_notice">$rules</p>
</div>""")


def _comments(article: Article) -> str:
    if not article.comments:
        return ""
    words = WORDS[article.language]
    readers = comments_for(article.slug, article.language)
    listed = "\n".join(f'<li class="comment"><cite>{text(name)}</cite> says:<p>{text(said)}</p></li>'
                       for name, said in readers)
    return COMMENTS.substitute(heading=f"{len(readers)} {words.comments}", listed=listed, reply=words.reply,
                               email=words.email, post=words.post, rules=words.rules)


def _newsletter(article: Article) -> str:
    if article.language != "en":
        return f"<p><em>{inline(WORDS[article.language].newsletter, old=True)}</em></p>\n"
    return ('<p><em><a href="/newsletter">Click here to have The Gazette&rsquo;s newsletter delivered via RSS, as an '
            "email newsletter, via mobile or on your personal news page</a>.</em></p>\n")


def _origin(article: Article) -> str:
    if not article.syndicated:
        return ""
    paper, address = article.syndicated
    return f'<p>Originally published at {text(paper)}. <a href="{text(address)}">{text(address)}</a></p>\n'


def _menu(edition: Edition, language: str) -> str:
    links = [f'<a href="{section_path(lang, section)}">{SECTIONS[section]}</a>'
             for lang, section in edition.sections() if lang == language]
    return " | ".join(links)


def article_page(edition: Edition, article: Article) -> str:
    """The whole page of one article in the old design."""
    words = WORDS[article.language]
    tags = ", ".join(f'<a href="/tag/{slug(tag)}/" rel="tag">{text(tag)}</a>' for tag in article.tags)
    others = "".join(f'<li><a href="{other.path}">{text(other.title)}</a></li>' for other in edition.related(article))
    return PAGE.substitute(
        base=BASE, path=article.path, language=article.language, issn=ISSN, title=inline(text(article.title), old=True),
        day=article.published.date().isoformat(), date=day_in_words(article.published, article.language),
        section=SECTIONS[article.section], number=sum(article.slug.encode()), menu=_menu(edition, article.language),
        subtitle=f'<p class="deck"><b>{inline(text(article.subtitle), old=True)}</b></p>\n' if article.subtitle else "",
        byline=text(byline(article.authors, words)),
        body="\n".join(block_html(block, old=True) for block in article.blocks), newsletter=_newsletter(article),
        bio=f'<p class="bio"><em>{inline(text(article.bio), old=True)}</em></p>\n' if article.bio else "",
        origin=_origin(article), tags=tags, comments=_comments(article), most_read_title=words.most_read,
        most_read=others, rights=words.rights)

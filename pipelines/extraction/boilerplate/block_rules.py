"""Describe parts of a page that are boilerplate, as named rules: by id, class, role or tag, and by their content.

Names are compared whole. A token of a class ("Newsletter_wrapper__x1Y2z", "c-newsletter--inline", "newsletterBox") is
cut into its words. Words that say nothing (wrapper, box, inline) are left out, and the rest must be a name of a rule. A
token that merely contains such a name is a different name: "newsletter-story" once was the wrapper of a whole article.
And a name alone is never enough: block_matcher.py asks `accepts` of the rule about the content, and never matches what
contains the headline or most of the prose. Data first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BlockContent:
    """Count what a part of a page contains."""

    text: int  # characters; a run of white space counts once
    linked: int  # characters in links
    prose: int  # paragraphs of prose: long, with a full stop, not all link
    fields: int  # fields to fill in


# docs/reading.md prints what follows "Match" in these docstrings.
def anything(_: BlockContent) -> bool:
    """Match any content: no article has such a name."""
    return True


def form_or_prompt(content: BlockContent) -> bool:
    """Match a form, or a short call to action."""
    return content.prose <= 2 and (bool(content.fields) or content.text < 400)


def mostly_links(content: BlockContent) -> bool:
    """Match mostly links, or next to nothing."""
    share = content.linked / (content.text or 1)
    return content.text < 60 or share > 0.5 or (share > 0.2 and not content.prose)


def few_words(content: BlockContent) -> bool:
    """Match buttons and labels."""
    return content.text < 200 or (content.linked > 0.5 * content.text and not content.prose)


def short_text(content: BlockContent) -> bool:
    """Match a paragraph or two."""
    return content.text < 1500 and content.prose <= 3


@dataclass(frozen=True, slots=True)
class BlockRule:
    """Describe parts of a page that are cut out before the text is looked for."""

    name: str
    why: str
    names: tuple[str, ...]  # of ids and tokens, their words joined by one space
    accepts: Callable[[BlockContent], bool] = anything
    comments: bool = False  # readers' comments, of which there may be more than of the article


BLOCK_RULES = (
    BlockRule(
        "comments", "readers' comments and the form below them",
        ("comments", "comment", "comment list", "commentlist", "comment respond", "respond", "comment form",
         "commentform", "commentarea", "comment area", "comments area", "comment thread", "comments thread",
         "comment reply title", "comments title", "comment tree", "comments link", "comments form", "post comments",
         "post comments form", "comments post", "comment nodes", "user comments", "reader comments",
         "readers comments", "article comments", "story comments", "entry comments", "wp comments", "comments list",
         "comments template", "comments block", "comment section", "comments section", "usercomments",
         "articlecomments", "commentssection", "comments app", "comments root", "comments panel", "comments drawer",
         "comments button", "comments count", "comment count", "comment counter", "comments toggle", "show comments",
         "view comments", "kommentare", "leserkommentare", "kommentarbereich", "kommentarer", "commentaires",
         "comentarios", "comentários", "commenti", "reacties", "komentarze", "lista komentarzy", "komentarze lista",
         "yorumlar", "leave reply", "leave comment", "reply form", "new comment form", "comment login",
         "comment notes", "comment policy", "commenting", "discussion comments", "comments discussion",
         "forum comments", "comment entry", "comment body", "comment content", "single comment", "comment item"),
        comments=True,
    ),
    BlockRule(
        "comment services", "the containers that comment services fill",
        ("disqus", "disqus thread", "disqus comments", "disqus embed", "dsq content", "coral", "coral thread",
         "coral comments", "coral talk", "coral stream", "talk stream", "fb comments", "facebook comments",
         "fb root comments", "viafoura", "viafoura comments", "vf comments", "vf conversations", "vf3 comments",
         "openweb", "openweb comments", "spot im", "spotim", "spot im frame", "spotim conversation",
         "conversation spotim", "hyvor talk", "hyvor talk comments", "hyvor talk view", "isso thread", "isso",
         "remark42", "commento", "cusdis thread", "cusdis", "livefyre", "livefyre comments", "livefyre app",
         "lf comments", "gigya comments", "intensedebate", "idc", "muut", "giscus", "utterances",
         "discourse comments", "discourse embed", "civil comments", "vuukle comments", "vuukle", "hypercomments",
         "hypercomments widget", "cackle comments", "mc cackle", "graphcomment", "insticator", "wpdiscuz", "wpdcom",
         "comentario comments", "waline", "twikoo", "valine", "artalk", "gitalk", "replybox", "widgetpack comments",
         "anycomment", "jetpack remote comment", "thrive comments"),
        comments=True,
    ),
    BlockRule(
        "newsletter forms", "sign-up boxes within the text",
        ("newsletter", "newsletters", "newsletter signup", "newsletter sign up", "newsletter form",
         "newsletter subscribe", "newsletter subscription", "newsletter cta", "newsletter promo",
         "newsletter registration", "newsletter teaser", "newsletter optin", "newsletter embed", "newsletter ad",
         "article newsletter", "inline newsletter", "signup newsletter", "subscribe newsletter", "email signup",
         "email sign up", "email subscribe", "email subscription", "email form", "mailing list", "mc embed signup",
         "mc embed shell", "mailchimp", "mc4wp form", "mailmunch", "tnp", "tnp subscription", "jetpack subscription",
         "jetpack subscribe", "jetpack subscriptions", "subscribe form", "subscription form", "signup form",
         "sign up form", "optin form", "optin", "convertkit form", "formkit form", "nyhetsbrev", "nyhedsbrev",
         "nieuwsbrief", "infolettre", "boletin", "bulten"),
        accepts=form_or_prompt,
    ),
    BlockRule(
        "subscription offers", "sells subscriptions, or asks for gifts or a login",
        ("paywall offer", "paywall promo", "subscribe", "subscribe cta", "subscribe promo", "subscribe banner",
         "subscription offer", "subscription promo", "subscription cta", "donate", "donation", "donation form",
         "donation promo", "donate cta", "donate banner", "support us", "support cta", "membership promo",
         "member promo", "member cta", "become member", "abo", "aboshop", "abo teaser", "abobox", "regwall",
         "registration wall", "login wall", "login form", "app promo", "app banner", "app download", "download app",
         "smart banner", "patreon"),
        accepts=form_or_prompt,
    ),
    BlockRule(
        "share buttons", "share and follow bars, buttons to print and save",
        ("share", "shares", "sharing", "share buttons", "share button", "share bar", "sharebar", "share tools",
         "share links", "share icons", "share icon", "share this", "share menu", "share list", "share social",
         "share toolbar", "social", "social share", "social sharing", "social shares", "social media", "social links",
         "social buttons", "social icons", "social bar", "social media share", "social media links", "social follow",
         "social list", "article share", "article sharing", "article social", "post share", "post sharing",
         "post social", "story share", "entry share", "addtoany", "addtoany content", "addtoany share save",
         "addthis", "addthis toolbox", "addthis inline share toolbox", "addthis sharing toolbox", "sharethis",
         "sharethis inline share buttons", "st inline share buttons", "sharedaddy", "sd sharing",
         "sd sharing enabled", "jp relatedposts share", "shariff", "shareaholic canvas", "essb links", "essb",
         "heateor sss sharing", "swp social panel", "wabtn", "ssba", "mashsb", "dpsp share buttons",
         "novashare buttons", "monarch", "follow us", "follow", "follow links", "follow buttons", "follow author",
         "follow topic", "article tools", "article actions", "article toolbar", "post tools", "page tools", "print",
         "print button", "print link", "tweet button", "fb like", "teilen", "partage", "partager", "compartir",
         "compartilhar", "condividi", "udostepnij"),
        accepts=few_words,
    ),
    BlockRule(
        "related posts", "teasers of other articles",
        ("related", "related posts", "related articles", "related stories", "related content", "related news",
         "related post", "related article", "related story", "related links", "related items", "related topics",
         "related coverage", "related reading", "relatedposts", "relatedarticles", "jp relatedposts", "yarpp",
         "yarpp related", "crp related", "rp4wp related posts", "zem rp", "wp rp", "read more", "readmore",
         "read also", "read next", "more stories", "more articles", "more news", "more posts", "more from", "more on",
         "recommended", "recommendations", "recommended posts", "recommended articles", "recommended stories",
         "recommended reading", "recirc", "recirculation", "most read", "mostread", "most popular", "most viewed",
         "popular posts", "popular articles", "popular", "trending", "trending now", "trending posts", "latest news",
         "latest posts", "latest articles", "latest stories", "editors picks", "you may also like",
         "you might also like", "also like", "next article", "previous article", "next post", "prev post",
         "post navigation", "posts navigation", "nav links", "nav single", "nav below", "outbrain", "ob", "taboola",
         "trc related", "rc", "mgid", "zergnet", "revcontent", "plista", "teads", "nativo", "dianomi", "lire aussi",
         "leia mais", "leia tambem", "saiba mais", "lee tambien", "te puede interesar", "notas relacionadas",
         "noticias relacionadas", "leggi anche", "lees ook", "meest gelezen", "czytaj takze", "lasmer", "las mer",
         "les ogsa", "laes ogsa", "mehr zum thema", "meistgelesen", "articles lies"),
        accepts=mostly_links,
    ),
    BlockRule(
        "teaser rows", "a headline with a link and a sentence each, below the text",
        (),
        accepts=short_text,
    ),
    BlockRule(
        "hover boxes", "a box that hovers above a word of a sentence and explains it",
        ("tooltip", "tool tip", "tooltips", "tooltip text", "tooltiptext", "tooltip content", "tooltip box", "infotip",
         "popover", "popover content", "popover body", "hovercard", "hover card", "hover box", "hoverbox", "overlay",
         "person overlay", "person card", "popup", "pop up", "popup content", "flyout", "mouseover", "mouse over",
         "glossary", "glossary text", "glossary definition", "glossary popup", "definition", "term definition",
         "explanation", "tippy content", "info overlay", "infobox overlay", "hint", "hint text", "glossar", "lexikon",
         "tooltip inner", "balloon", "bubble", "word explanation", "explainer popup"),
        accepts=short_text,
    ),
    BlockRule(
        "author card", "says who the author is",
        ("author box", "authorbox", "author bio", "author biography", "author info", "author information",
         "author description", "author card", "author profile", "author about", "about author", "about the author",
         "author details", "author block", "author footer", "post author box", "article author bio",
         "article author box", "bio", "author bio text", "saboxplugin", "saboxplugin wrap", "pp author boxes",
         "pp multiple authors boxes", "m a box", "abh box", "author vcard", "entry author", "autorenbox", "autor box",
         "autorbox", "contributor bio", "byline bio", "writer bio"),
        accepts=short_text,
    ),
    BlockRule(
        "tag list", "the keywords and sections that the article is filed under",
        ("tags", "tag list", "taglist", "tags list", "tags links", "tag links", "post tags", "article tags",
         "entry tags", "story tags", "cat links", "post categories", "entry categories", "article topics", "topics",
         "topic list", "tag cloud", "tagcloud", "keywords", "schlagworte", "etiquetas"),
        accepts=mostly_links,
    ),
    BlockRule(
        "advertisements", "places for advertisements and their labels",
        ("ad", "ads", "advert", "adverts", "advertisement", "advertisements", "advertising", "ad slot", "adslot",
         "ad unit", "ad label", "ad text", "adsbygoogle", "google ad", "google ads", "gpt ad", "dfp ad",
         "ad placeholder", "ad wrapper", "ad zone", "sponsored", "sponsor", "anzeige", "werbung", "publicite",
         "publicidad", "publicidade", "annons", "annonse", "annonce", "reklama", "reklam"),
        accepts=few_words,
    ),
    BlockRule(
        "cookie banner", "asks for consent to cookies",
        ("cookie notice", "cookie banner", "cookie consent", "cookie bar", "cookiebar", "cookie law info",
         "cookie law info bar", "cookies", "cookie popup", "cookie message", "cookie policy notice", "consent banner",
         "gdpr", "gdpr banner", "onetrust consent sdk", "onetrust banner sdk", "cmp", "cybotcookiebotdialog",
         "cookiebot", "didomi host", "qc cmp2", "usercentrics root", "eu cookie law", "cookie disclaimer",
         "moove gdpr cookie info bar", "cmplz cookiebanner", "borlabs cookie"),
        accepts=short_text,
    ),
    BlockRule(
        "breadcrumbs", "the path from the front page to this page",
        ("breadcrumb", "breadcrumbs", "yoast breadcrumb", "yoast breadcrumbs", "bread crumb", "bread crumbs",
         "krumelpfad", "fil ariane"),
        accepts=few_words,
    ),
    BlockRule(
        "navigation", "menus, sidebars and footers around the article",
        (),
        accepts=mostly_links,
    ),
    BlockRule(
        "forms", "a form to fill in",
        (),
        accepts=form_or_prompt,
    ),
    BlockRule(
        "audio and reading time", "reads the article aloud, or says how long it takes to read",
        ("audio player", "article audio", "listen", "listen button", "audio article", "readspeaker", "rs button",
         "rsbtn", "beyondwords player", "trinity player", "trinityaudioplaceholder", "text to speech", "tts player",
         "speechkit player", "reading time", "read time", "readingtime", "min read", "ttr", "reading progress",
         "word count"),
        accepts=few_words,
    ),
)  # fmt: skip

# What landmarks and schema.org declare, by attribute: (attribute, value in lower case) -> name of a rule.
RULE_OF_ATTRIBUTE: dict[tuple[str, str], str] = {
    ("itemprop", "comment"): "comments",
    ("itemprop", "commentcount"): "comments",
    ("itemprop", "discussionurl"): "comments",
    ("role", "comment"): "comments",
    ("role", "navigation"): "navigation",
    ("role", "menu"): "navigation",
    ("role", "menubar"): "navigation",
    ("role", "search"): "navigation",
    ("role", "tooltip"): "hover boxes",
    ("role", "complementary"): "navigation",
    ("role", "contentinfo"): "navigation",
    ("role", "toolbar"): "share buttons",
    ("role", "dialog"): "cookie banner",
    ("role", "alertdialog"): "cookie banner",
}
RULE_OF_ITEMTYPE = {
    "comment": "comments",
    "usercomments": "comments",
    "breadcrumblist": "breadcrumbs",
    "wpadblock": "advertisements",
    "sitenavigationelement": "navigation",
}
RULE_OF_TAG = {
    "nav": "navigation",
    "aside": "navigation",
    "footer": "navigation",
    "form": "forms",
    "menu": "navigation",
}
# Attributes whose value is a name, like that of a class, and attributes whose value is text for people.
NAME_ATTRIBUTES = frozenset((
    "class", "id", "data-component", "data-testid", "data-module", "data-block", "data-widget", "data-name",
    "data-component-name", "data-type", "data-role", "data-section", "data-qa", "data-t",
))  # fmt: skip
LABEL_ATTRIBUTES = frozenset(("aria-label",))
# Words of a name that do not say what the element is.
FILLER_TEXT = """wrapper wrap wrapping container cont module mod widget section block inner outer holder component root
main desktop mobile tablet sticky fixed top bottom left right inline horizontal vertical small large medium xs sm md lg
xl default js css wp elementor et pb td tdb tdi vc ga gtm qa test data id el row col column group region div box area
content panel pane layout view base style styled primary secondary new full width article post entry single story header
heading title headline label footer bar"""
FILLER_WORDS = frozenset(FILLER_TEXT.split())

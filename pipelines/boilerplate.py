"""What stands on an article's page and is not the article, as named rules. Data first, two short functions after it.

A block rule names ids and class tokens, exactly: a token that merely contains "newsletter" once stood on the wrapper of
a whole article. A line rule is a pattern for a whole line of the extracted text, so it can never bite inside prose.
Both know a limit (MOST, MOST_LINES): a rule that goes beyond it has met a page that it was not made for.
Every rule has a page in tests/pages that leaks without it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lxml.etree import XPath, XPathError

from pipelines.names import names_only

MOST = 0.25  # share of the page's text that block rules may take
MOST_LINES = 0.5  # share of the found text that line rules may take: a flash is shorter than the form below it
LONGEST_LINE = 400  # characters; a longer line is a paragraph
HEAD, TAIL = 4, 8  # lines at either end of a text that rules of the edges look at


@dataclass(frozen=True, slots=True)
class Block:
    """A part of the page that goes before the text is looked for."""

    name: str
    why: str
    ids: tuple[str, ...] = ()  # values of id, whole
    classes: tuple[str, ...] = ()  # tokens of class, whole


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the text that goes: `pattern` matches all of it, letter case aside."""

    name: str
    why: str
    pattern: str
    edges: bool = False  # only among the first HEAD or the last TAIL lines
    words: tuple[str, ...] = ()  # in lower case: a line without any of them is not worth the pattern


BLOCKS = (
    Block("wordpress comments", "readers' comments and the form below them, by WordPress's own template names",
          ids=("respond", "commentform", "comments", "comment-wrap", "wp-comments"),
          classes=("comment-respond", "comment-form", "comments-area", "comment-list", "commentlist",
                   "comments-section", "comments-wrapper", "comment-reply-title", "wp-block-comments",
                   "wp-block-post-comments-form")),
    Block("comment services", "the containers that comment services fill",
          ids=("disqus_thread", "coral_thread", "coral-thread", "talk-container", "vf-comments", "isso-thread",
               "hyvor-talk-view", "fb-comments", "remark42", "commento", "cusdis_thread"),
          classes=("disqus-comments", "disqus-thread", "coral-comments", "coral-container", "fb-comments",
                   "fb-comments-wrapper", "viafoura-comments", "openweb-comments", "spot-im-frame", "hyvor-talk")),
    Block("newsletter forms", "sign-up boxes within the text, by the names of their common plugins",
          ids=("mc_embed_signup", "mc_embed_shell", "newsletter-signup", "newsletter-form"),
          classes=("newsletter-signup", "newsletter-form", "newsletter-box", "newsletter-sign-up",
                   "newsletter-subscribe", "newsletter-cta", "newsletter-promo", "newsletter-widget",
                   "tnp-subscription")),
    Block("share buttons", "share and follow bars of the common plugins",
          classes=("addtoany_share_save_container", "addtoany_content", "sharedaddy", "share-buttons",
                   "share-bar", "sharebar", "social-share", "social-sharing", "article-share", "essb_links",
                   "follow-us", "jp-relatedposts-share")),
    Block("related posts", "teasers of other articles, by the names of their common plugins",
          ids=("jp-relatedposts",),
          classes=("jp-relatedposts", "yarpp", "yarpp-related", "OUTBRAIN", "outbrain-widget",
                   "taboola-widget", "trc_related_container")),
)  # fmt: skip

LINES = (
    Line("reply heading", "heads a comment form",
         r"(?:leave|post|add|write) (?:a|your) (?:reply|comment|response)(?: cancel reply)?|cancel reply"
         r"|schreiben? sie einen kommentar|(?:schreibe|hinterlasse) einen kommentar(?: antworten? abbrechen"
         r"| antwort abbrechen)?"
         r"|laisser un commentaire(?: annuler la réponse)?|dej[ae] (?:una respuesta"
         r"|un comentario)(?: cancelar la respuesta)?"
         r"|deixe (?:uma resposta|um comentário)(?: cancelar resposta)?|lascia un commento(?: annulla risposta)?"
         r"|geef een reactie(?: reactie annuleren)?"
         r"|コメントを残す(?: コメントをキャンセル)?|اترك تعليقًا?|залишити коментар"
         r"|добавить комментарий"),
    Line("e-mail notice", "stands in every WordPress comment form",
         r"(?:your e-?mail address will not be published|(?:deine|ihre) e-mail-adresse wird nicht veröffentlicht"
         r"|votre adresse e-?mail ne sera pas publiée|(?:tu|su) dirección de correo electrónico no será publicada"
         r"|o seu endereço de e-?mail não será publicado|il tuo indirizzo email non sarà pubblicato"
         r"|(?:je|het) e-mailadres (?:wordt niet gepubliceerd|zal niet worden gepubliceerd)"
         r"|メールアドレスが公開されることはありません"
         r"|لن يتم نشر عنوان بريدك الإلكتروني|ваш e-mail не будет опубликован"
         r"|ваша e-mail адреса не оприлюднюватиметься)"
         r"[.。]?(?: ?.{0,100}\*.{0,30})?"
         r"|save my name, e-?mail,? and website in this browser for the next time i comment\.?"),
    Line("akismet", "WordPress's spam filter introduces itself",
         r"(?:this site|diese website|ce site|este sitio|este site|questo sito|deze site|цей сайт|этот сайт"
         r"|このサイトは|يستخدم هذا الموقع)"
         r"[^,.]{0,40}\bakismet\b[^,.。]{0,60}[.。]?(?: ?[^.。]{0,140}[.。]?)"),
    Line("log in to comment", "tells readers how to comment",
         r"(?:you must be|please|you need to be)? ?(?:logg?(?:ed)? ?in|sign(?:ed)? in"
         r"|register)\b.{0,40} to (?:post a |leave a )?comment\w*\.?"
         r"|you must confirm your public display name before commenting\b.*|please logout and then login again\b.*"
         r"|join (?:our|the) (?:commenting forum|conversation|discussion)\b.{0,120}"),
    Line("comment count", "heads the comments",
         r"(?:\d+ )?(?:comments?|kommentare?|commentaires?|comentarios?|comentários?|commenti"
         r"|reacties)(?: \(?\d+\)?)?:?"
         r"|コメント|التعليقات|коментарі|комментарии", edges=True),
    Line("newsletter", "asks readers to subscribe",
         r"click here to (?:have .{1,60} )?(?:newsletters? delivered|subscribe|sign up|register)\b.*"
         r"|(?:[^.!?]{0,100}[.!?:] ?)?(?:sign up|subscribe|register)\b[^.!?]{0,80}\b(?:newsletters?|inbox"
         r"|mailing list|e-?mail alerts?)\b"
         r"[^.!?]{0,100}[.!]?"
         r"|get (?:the|our) (?:latest|best)\b[^.!?]{0,100}\b(?:in|to) your inbox\b[^.!?]{0,60}[.!]?"
         r"|[^.!?]{0,120}\b(?:abonnieren sie|melden sie sich)\b[^.!?]{0,80}\bnewsletter\b[^.!?]{0,60}[.!]?"
         r"|jetzt [^.!?]{0,60}newsletter\b[^.!?]{0,60}"
         r"|[^.!?]{0,120}\b(?:abonnez|inscrivez)-vous\b[^.!?]{0,60}\b(?:newsletters?"
         r"|lettres? d.information)\b[^.!?]{0,60}[.!]?"
         r"|[^.!?]{0,120}\bsuscr[íi]b(?:ete|ase)\b[^.!?]{0,60}\b(?:newsletters?|bolet[íi]n(?:es)?)\b[^.!?]{0,60}[.!]?"
         r"|[^.!?]{0,120}\b(?:assine|inscreva-se)\b[^.!?]{0,60}\bnewsletter\b[^.!?]{0,60}[.!]?"
         r"|[^.!?]{0,120}\biscriviti\b[^.!?]{0,60}\bnewsletter\b[^.!?]{0,60}[.!]?"
         r"|[^.!?]{0,120}\b(?:підпишіться|подпишитесь)\b[^.!?]{0,60}\b(?:розсилк\w+|рассылк\w+)\b[^.!?]{0,60}[.!]?"
         r"|[^.!?]{0,120}اشترك في نشرتنا[^.!?]{0,60}[.!]?|[^。]{0,60}(?:メールでお届け"
         r"|メルマガ)[^。]{0,60}。?(?:[^。]{0,30}登録[^。]{0,20}。)?",
         words=("newsletter", "inbox", "mailing list", "e-mail alert", "email alert", "information", "bolet",
                "розсилк", "рассылк", "click here", "نشرتنا", "メール", "メルマガ")),
    Line("get the app", "advertises the paper's own application",
         r"(?:click here|tap here)?,? ?(?:to )?(?:get|download) (?:the"
         r"|our)(?: free)? [^.!?]{0,40}\bapp\b[^.!?]{0,60}[.!]?"),
    Line("issn", "the periodical's number, from the page's head or foot",
         r"(?:[^.!?]{0,60}\W)?[ep]?-?issn(?: ?\([^)]{1,10}\))?:? ?\d{4}-\d{3}[\dx]\W*"),
    Line("first published", "says where the article comes from",
         r"(?:this (?:article|story|piece|post|report) (?:was|has been) )?(?:originally|first) (?:published"
         r"|appeared|posted)"
         r" (?:at|by|on|in|here)\b[^.!?]{0,100}[.!]?"
         r"(?: (?:and|it) is re(?:published|printed) [^.!?]{0,80}[.!]?)?(?: https?://\S+)?", edges=True),
    Line("dateline", "the label of a date that the page prints beside it",
         r"(?:last |first )?(?:updated|published|posted|modified)(?: (?:on|at))?(?::[^.!?]{0,60}|[\s\d.,:/|–-]*)"
         r"|(?:zuletzt )?(?:aktualisiert|veröffentlicht)(?: am)?(?::[^!?]{0,60}|[\s\d.,:/|–-]*)"
         r"|(?:mis à jour|publié|modifié)(?: le)?(?::[^!?]{0,60}|[\s\d.,:/|–-]*)"
         r"|(?:actualizado|publicado|atualizado)(?: el| em)?(?::[^!?]{0,60}|[\s\d.,:/|–-]*)"
         r"|(?:оновлено|опубліковано|обновлено|опубликовано|更新|آخر تحديث)[:：]?[\s\d.,:/|–-]*", edges=True),
    Line("copyright", "the owner's mark",
         r"(?:©|\(c\)|copyright\b)[^.!?]{0,120}(?:\. all rights reserved)?[.!]?"
         r"|[^.!?]{0,80}\ball rights reserved\b.{0,80}"
         r"|alle rechte vorbehalten\.?|tous droits réservés\.?|todos los derechos reservados\.?|© dpa\b.*", edges=True),
    Line("follow", "asks readers to follow an account",
         r"(?:you can )?follow (?:us|me|him|her|them|@?\w+(?: \w+){0,4}) on (?:twitter|x|facebook|instagram"
         r"|google news|linkedin|threads"
         r"|bluesky|youtube|tiktok|telegram|whatsapp|flipboard)\b[^.!?]{0,80}[.!]?|folgen sie uns (?:auf"
         r"|bei)\b[^.!?]{0,80}[.!]?"),
    Line("read also", "the headline of another article",
         r"(?:read (?:more|also|next|now)|related(?: stor(?:y|ies)| article| content)?|see also|also read"
         r"|more on this(?: story)?|must read"
         r"|lesen sie (?:auch|hierzu|dazu|mehr)|mehr zum thema|auch interessant|les også|læs også"
         r"|läs (?:också|mer)|lue myös|à lire aussi"
         r"|lire aussi|lee también|leer también|lea también|leia também|leia mais|leggi anche|lees ook"
         r"|czytaj (?:także|też|również)"
         r"|читайте (?:также|також)|あわせて読む|اقرأ أيضًا?) ?[:：].{0,200}"),
    Line("advertisement", "labels an advertisement that is not in the text",
         r"advertisement(?: - scroll to continue)?|(?:story|article) continues (?:below"
         r"|after)(?: this)? (?:the )?ad(?:vertisement)?"
         r"|anzeige|publicité|publicidad|pubblicità|advertentie|annonse|reklama|реклама"),
    Line("subscribers only", "sells a subscription",
         r"subscribe to [^.!?]{2,40} to (?:bookmark|read|continue|unlock|access)\b[^.!?]{0,60}[.!]?"
         r"|already a (?:subscriber|member)\? (?:log|sign) in\.?|this article is (?:for"
         r"|available to) subscribers only\.?"),
    Line("embedded content", "the place of a film or post that needed consent",
         r"(?:externer|empfohlener externer|recommended external) (?:inhalt|content)\b.{0,60}"
         r"|externen inhalt (?:anzeigen|laden)\.?"
         r"|an dieser stelle (?:finden sie|befindet sich|ist) .{0,60}\bextern\w+ inhalt\b.{0,200}"
         r"|(?:this|the) (?:video|content) (?:is not available|cannot be displayed|can not be displayed)\b.{0,120}"),
    Line("share", "the label of buttons",
         r"(?:share|tweet|teilen|partager|compartir|condividi|delen|share this(?: article| story| post)?"
         r"|artikel teilen|share on [\w ]{1,20})"),
)  # fmt: skip

PATTERNS = tuple((rule, re.compile(rf"[-–•|\s]*(?:{rule.pattern})[|\s]*", re.IGNORECASE)) for rule in LINES)
BY_ID = {name: rule for rule in BLOCKS for name in rule.ids}
BY_CLASS = {name: rule for rule in BLOCKS for name in rule.classes}
# Plain strings, no elements: nearly every page is done after these two walks in C.
IDS, CLASSES = XPath(".//body//@id", smart_strings=False), XPath(".//body//@class", smart_strings=False)
BODY = XPath("string(.//body)")


def prune(tree: Any, xpaths: tuple[str, ...] = ()) -> list[str]:
    """Cut the blocks that BLOCKS and `xpaths` (the source's own rule) name out of `tree`; the names of what went.

    The source's own rules are the user's word and know no limit. An XPath that does not compile is left out.
    """
    gone: list[str] = []
    for path in xpaths:
        try:
            found = tree.xpath(path)
        except XPathError:
            continue
        for element in found if isinstance(found, list) else ():
            if hasattr(element, "drop_tree") and element.getparent() is not None:
                element.drop_tree()
                gone.append(path)
    matches = _matches(tree)
    left = MOST * len(BODY(tree)) if matches else 0
    for element, rule in matches:
        size = len(element.text_content())
        if size <= left and element.getparent() is not None:
            element.drop_tree()
            left -= size
            gone.append(rule.name)
    return gone


def _matches(tree: Any) -> list[tuple[Any, Block]]:
    """Elements that a block rule names, in document order."""
    ids = BY_ID.keys() & set(IDS(tree))
    tokens = BY_CLASS.keys() & {token for value in set(CLASSES(tree)) for token in value.split()}
    if not ids and not tokens:
        return []
    conditions = [f'@id="{name}"' for name in ids] + [f'contains(@class, "{token}")' for token in tokens]
    found = tree.xpath(".//body//*[" + " or ".join(conditions) + "]")
    return [(element, rule) for element in found if (rule := _rule_of(element))]


def _rule_of(element: Any) -> Block | None:
    if rule := BY_ID.get(element.get("id", "")):
        return rule
    return next((BY_CLASS[token] for token in element.get("class", "").split() if token in BY_CLASS), None)


def tidy(lines: list[str], authors: tuple[str, ...] = ()) -> list[str]:
    """`lines` without those that LINES name, and without the lines that name or present the `authors`.

    All of them, if that were more than half of the text.
    """
    going = {index for index, _ in named(lines)} | set(_of_authors(lines, authors))
    if sum(len(lines[index]) for index in going) > MOST_LINES * sum(map(len, lines)):
        return lines
    return [line for index, line in enumerate(lines) if index not in going]


def named(lines: list[str]) -> Iterator[tuple[int, Line]]:
    """(index, rule) of every line that a rule names."""
    for index, line in enumerate(lines):
        if len(line) < LONGEST_LINE and (rule := _named(line, index < HEAD or index >= len(lines) - TAIL)):
            yield index, rule


def _named(line: str, edge: bool) -> Line | None:
    lower = line.lower()
    for rule, pattern in PATTERNS:
        here = edge or not rule.edges
        if here and (not rule.words or any(word in lower for word in rule.words)) and pattern.fullmatch(line):
            return rule
    return None


PRESENTS = re.compile(
    r"\W+(?:is|was|has been|covers|writes|works|ist|arbeitet|schreibt|est|es|trabaja|è|é) ", re.IGNORECASE
)


def _of_authors(lines: list[str], authors: tuple[str, ...]) -> Iterator[int]:
    """Lines at the head that are the byline, lines at the foot that begin with an author and say who that is."""
    names = [name.casefold() for name in authors if " " in name]
    for index, line in enumerate(lines):
        if index < HEAD and names and len(line) < 120 and names_only(line, authors):
            yield index
        elif index >= len(lines) - 3 and index > HEAD and len(line) < LONGEST_LINE:
            start = line.casefold()
            if any(start.startswith(name) and PRESENTS.match(line, len(name)) for name in names):
                yield index

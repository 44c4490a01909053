"""What short lines around an article are about, and what its places are called: word lists in many languages.

A topic or a place group is no verdict: it is one of the things that `forest` weighs. A word counts if it begins with a
stem; scripts that write no spaces are searched for it.
"""

from __future__ import annotations

import re
from functools import lru_cache

# Beginnings of words, lower case.
TOPICS = {
    "newsletter": "newsletter nyhetsbrev nyhedsbrev nieuwsbrief boletín boletim infolettre inbox рассылк розсилк "
    "bülten biuletyn メルマガ ニュースレター 通讯 نشرة",
    "subscribe": "abonn subscri suscri suscríb assin prenumer abbonat iscriv regist inscri inscrev подпис підпис "
    "abone premium mitglied member tilaa zasubskrybuj اشترك 会員 有料 订阅 구독",
    "account": "login log-in anmeld einlogg connexion account konto cuenta войти увійти giriş ログイン 登录 로그인",
    "follow": "follow folg suivez sígue siga segui volg følg följ obserwuj takip facebook twitter instagram whatsapp "
    "telegram youtube tiktok linkedin bluesky threads flipboard フォロー 关注",
    "share": "share teilen partag compart condivi deel dela udostępnij поделит поділит paylaş print drucken imprimir "
    "imprimer stampa e-mail シェア 分享 공유 شارك",
    "read on": "related recommend empfehl también também aussi anche ook også også också także również читайте ayrıca "
    "interessant interesar similar popular trending verwandte relacionad correlat powiązane weiterlesen 関連 相关 "
    "あわせて 관련 اقرأ",
    "picture": "photo foto bild image imagen immagine фото picture credit crédit grafik illustration getty "
    "shutterstock istock imago alamy zdjęcie kuva billede screenshot 写真 画像 图片 사진 صورة",
    "rights": "copyright © rights rechte droits derechos direitos diritti riservata vorbehalten réservés reservados "
    "права 転載 版权 무단 حقوق",
    "comment": "comment komment coment reactie réaction reaction reaktion коммент комент yorum hozzászól コメント "
    "评论 댓글 تعليق",
    "advert": "advert anzeige publici pubblicit annons reklam реклам sponsor werbung affiliate 広告 广告 광고 إعلان",
    "writer": "writer reporter editor journalist correspondent professor author fellow columnist researcher lecturer "
    "redakt autor journaliste périodiste periodista giornalist korrespond журналист автор yazar dziennikarz 記者 기자",
    "dated": "updated published posted aktualisiert veröffentlicht publié publicado publicerad mis actualizado "
    "atualizado uppdaterad oppdatert opdateret gepubliceerd bijgewerkt aggiornato pubblicato обновлено опубликовано "
    "lesezeit leestijd güncelleme zaktualizowano 更新 発表 입력",
    "agency": "reporting editing dpa afp reuters apa ap efe ansa ntb sda pap ritzau kna epd afx tass xinhua source "
    "quelle fuente fonte źródło bron kilde källa lähde источник джерело kaynak 新华社 共同 연합뉴스",
    "consent": "cookie javascript datenschutz privatsphäre privacy consent einwillig zustimm adblock extern embed",
    "listen": "app download podcast listen anhören écouter escuch ascolta lyssna watch video newsroom",
    "support": "donat spend support unterstütz soutenir apoya patreon contribut поддерж",
    "tags": "tags tag topics topic themen schlagw mots etiquetas filed categor kategori keyword теги タグ 标签 temas "
    "temi emner emneord ämnen",
    "asked": "click klick clic cliquez tap нажмите clicca klikk hier here tryk kliknij",
    "again": "originally republish reprint print edition erschien translated übersetz traduit traducido version",
}

# Words of ids, classes and roles, by what such places hold.
PLACES = {
    "body": "content body article post entry story text paragraph prose main richtext artikel articulo texte corps "
    "inhalt noticia materia nota cuerpo hentry rich long",
    "title": "title headline heading headings kicker eyebrow dachzeile",
    "lead": "lead intro standfirst summary dek subtitle chapo entradilla abstract excerpt sapo deck subhead "
    "subheadline lede bajada vorspann sommario subheading",
    "nav": "nav menu navigation navbar breadcrumb breadcrumbs submenu pagination toolbar subnav megamenu sitemap skip "
    "mega menubar menuitem",
    "footer": "footer colophon legal copyright contentinfo foot terms policy",
    "header": "header masthead topbar banner",
    "aside": "sidebar aside complementary widget rail textwidget secondary tertiary widgettitle",
    "meta": "meta date time byline author authors info published timestamp dateline updated vcard taxonomy category "
    "categories tag tags topics metadata duration read",
    "bio": "bio about profile contributor",
    "share": "share sharing social socials facebook twitter whatsapp pinterest linkedin reddit follow addtoany "
    "sharedaddy",
    "related": "related recommend recommended recommendations recirculation recirc more most popular trending latest "
    "recent teaser teasers card cards articles posts promo promos outbrain taboola readmore also similar next prev "
    "previous carousel feed swiper slide collection list listing links",
    "signup": "newsletter subscribe subscription signup register login account piano offer cta donation donate "
    "subscriber membership sign regwall",
    "comments": "comment comments reply respond thread disqus commentform",
    "ads": "advert advertisement ads sponsor sponsored dfp gpt werbung anzeige pub adslot advertising",
    "media": "caption figure figcaption credit photo image gallery video audio player slideshow media picture "
    "thumbnail legend img credits copyrights podcast",
    "embed": "embed tweet instagram consent cookie cookies external placeholder embedded oembed",
    "box": "box infobox fact facts callout note factbox toc faq table tips key",
    "quote": "quote pull pullquote blockquote",
    "control": "button btn buttons icon hidden hide invisible modal popup dialog dropdown tooltip print toggle form "
    "search input tab tabs icons",
}

UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
WORD = re.compile(r"[^\W\d_][\w'’-]*|©", re.UNICODE)
START = 4  # characters of a stem; a shorter one must be the whole word: "ap" is an agency, "apple" is none
_WHOLE: dict[str, int] = {}
_STEMS: dict[str, list[tuple[str, int]]] = {}
_INSIDE: list[tuple[str, int]] = []
for _number, _words in enumerate(TOPICS.values()):
    for _word in _words.split():
        if UNSPACED.search(_word):
            _INSIDE.append((_word, 1 << _number))
        elif len(_word) < START:
            _WHOLE[_word] = _WHOLE.get(_word, 0) | 1 << _number
        else:
            _STEMS.setdefault(_word[:START], []).append((_word, 1 << _number))
_PLACE = {word: 1 << number for number, words in enumerate(PLACES.values()) for word in words.split()}


@lru_cache(maxsize=8192)
def topics(text: str) -> tuple[int, ...]:
    """For each of TOPICS 1 if a word of `text` belongs to it, else 0; and how many do."""
    found = 0
    for word in WORD.findall(text.lower()):
        start = word[:START]
        if start == word:
            found |= _WHOLE.get(word, 0)
        for stem, bit in _STEMS.get(start, ()):
            if word.startswith(stem):
                found |= bit
    if UNSPACED.search(text):
        for stem, bit in _INSIDE:
            if stem in text:
                found |= bit
    return *(found >> number & 1 for number in range(len(TOPICS))), found.bit_count()


@lru_cache(maxsize=20_000)
def groups(names: frozenset[str]) -> int:
    """The groups of PLACES that words of an element's names belong to, a bit each."""
    found = 0
    for name in names:
        found |= _PLACE.get(name, 0)
    return found


@lru_cache(maxsize=4096)
def flags(groups: int) -> tuple[int, ...]:
    """The bits of `groups`, one by one."""
    return tuple(groups >> number & 1 for number in range(len(PLACES)))

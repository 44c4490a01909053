"""Test bylines of other languages, layouts and systems, and JSON-LD with several damages. Tables of cases."""

import json
from functools import cache

import pytest

from tests.support.page_snippets import ld, meta, read, script

H1 = "<h1>Old swing bridge to close</h1>"
PROSE = f"<p>{'The ferries of the bay carry the commuters until the new bearings are in place. ' * 2}</p>" * 4
DAY = '<time datetime="2026-03-04">4.3.2026</time>'
QUILL = ("Mara Quill",)
BOTH = ("Mara Quill", "Casey Dermott")

# What is printed below a headline, in one paragraph and in an element named for the author.
LINES = {
    "Ein Gastbeitrag von Jörn Brandt": ("Jörn Brandt",),
    "Von unserem Redakteur Jörn Brandt": ("Jörn Brandt",),
    "Aus Kiel berichtet Jörn Brandt": ("Jörn Brandt",),
    "Kommentar von Jörn Brandt": ("Jörn Brandt",),
    "Article rédigé par Zoé Lefort": ("Zoé Lefort",),
    "Une chronique de Zoé Lefort": ("Zoé Lefort",),
    "Auteure : Zoé Lefort": ("Zoé Lefort",),
    "De notre correspondante Zoé Lefort": ("Zoé Lefort",),
    "Redacción: Inés Robledo": ("Inés Robledo",),
    "Una columna de Inés Robledo": ("Inés Robledo",),
    "Articolo di Chiara Monti": ("Chiara Monti",),
    "Publicado por Inês Moreira em 4 de março de 2026": ("Inês Moreira",),
    "Een column van Sanne Bakker": ("Sanne Bakker",),
    "oprac. Marta Zielińska": ("Marta Zielińska",),
    "Napisała Marta Zielińska": ("Marta Zielińska",),
    "Autor článku: Pavel Hruška": ("Pavel Hruška",),
    "Материал подготовила Мария Коваль": ("Мария Коваль",),
    "Автор статьи: Мария Коваль": ("Мария Коваль",),
    "Авторка: Олена Гнатюк": ("Олена Гнатюк",),
    "Επιμέλεια: Νίκος Παππάς": ("Νίκος Παππάς",),
    "الكاتب: سامي حداد": ("سامي حداد",),
    "כתבה: דנה כהן": ("דנה כהן",),
    "نوشته: مریم رضایی": ("مریم رضایی",),
    "द्वारा: अनिल शर्मा": ("अनिल शर्मा",),
    "文｜王小明": ("王小明",),
    "本报记者 王小明": ("王小明",),
    "来源：港湾日报 作者：王小明": ("王小明",),
    "取材・文／佐伯みなと 写真／山田太郎": ("佐伯みなと",),
    "[서울=홍길동 기자]": ("홍길동",),
    "글·사진 홍길동 기자": ("홍길동",),
    "Skribent: Åsa Öberg": ("Åsa Öberg",),
    "de Ana Popescu": ("Ana Popescu",),
    "Toimittaja: Aino Mäkelä": ("Aino Mäkelä",),
    "Oleh Sri Wahyuni": ("Sri Wahyuni",),
    "Bài viết: Nguyễn Văn An": ("Nguyễn Văn An",),
    "Words: Mara Quill": QUILL,
    "This is a guest post by Mara Quill.": QUILL,
    "By Mara Quill for the Bay Courier": QUILL,
    "By Mara Quill Updated March 4, 2026": QUILL,
    "Submitted by Mara Quill on Wed, 03/04/2026 - 08:00": QUILL,
    "By Mara Quill, Casey Dermott, and Kit Bander": (*BOTH, "Kit Bander"),
    "By Mara Quill / Photos Casey Dermott": QUILL,
}
LAYOUTS = {
    "lines with breaks": ("<p>By Mara Quill<br>Bay Courier Staff Writer<br>March 4, 2024</p>", QUILL),
    "name, comma, date": ("<p>Mara Quill, 4 March 2024</p>", QUILL),
    "icons": ('<div><i class="u"></i> Mara Quill <i class="c"></i> March 4, 2024</div>', QUILL),
    "an address": ('<p><a href="mailto:mq@bay.example">Mara Quill</a><br>Staff Writer</p>', QUILL),
    "two handles": (
        '<div><a href="https://x.example/@maraq">Mara Quill</a>, <a href="/@casey">Casey Dermott</a></div>',
        BOTH,
    ),
    "an attribute for tests": ('<div data-qa="author-byline"><a href="/people/mq">Mara Quill</a></div>', QUILL),
    "an id": ('<div id="author">Mara Quill</div>', QUILL),
    "microdata in a meta": ('<i itemprop="author" itemscope><meta itemprop="name" content="Mara Quill"></i>', QUILL),
    "the reviewer first": (
        '<div>Medically reviewed by <a href="/m/cd">Casey Dermott, MD</a> — By <a href="/m/mq">Mara Quill</a> — '
        "Updated on March 4, 2024</div>",
        QUILL,
    ),
    "about the author": (f"{PROSE}<h3>About the Author</h3><p>Mara Quill is an engineer in Port Selby.</p>", QUILL),
    "about, in bold": (f"{PROSE}<p><b>About the author:</b> Mara Quill covers the harbour.</p>", QUILL),
    "über die autorin": (f"{PROSE}<h3>Über die Autorin</h3><p>Mara Quill ist Ingenieurin in Kiel.</p>", QUILL),
    "a box with her name": (f'{PROSE}<div class="about-author"><h3 class="author">About Mara Quill</h3></div>', QUILL),
    "a story that is recommended": (
        f'{PROSE}<div><div><h4><a href="/s">Other story about the tides</a></h4><div class="author">By Kit Bander'
        "</div></div></div>",
        (),
    ),
    "an unknown label": ('<div class="author">Žurnāliste: Mara Quill</div>', QUILL),
    "a book": ("<p><b>Author:</b> Kit Bander Released: June 17, 2023 Genre: Crime</p>", ()),
    "about nobody": (f"{PROSE}<h3>About the author</h3><p>The harbour of Port Selby is old.</p>", ()),
    "a note": ('<div class="author">Share this article</div>', ()),
    "a photographer": ("<p>Photos Casey Dermott</p>", ()),
}


@pytest.mark.parametrize(("line", "authors"), LINES.items())
def test_line_of_the_byline_is_read_in_its_language(line, authors):
    """Words before and after the names go, whether the line is marked as the byline or only below the headline."""
    assert read("", f"{H1}<p>{line}</p>{PROSE}").authors == authors
    assert read("", f'{H1}<div><span class="author">{line}</span> {DAY}</div>{PROSE}').authors == authors


@pytest.mark.parametrize(("body", "authors"), LAYOUTS.values(), ids=LAYOUTS)
def test_layout_shows_the_author(body, authors):
    """Breaks, icons, links, attributes and biographies show who wrote it; other stories and books do not."""
    assert read("", f"{H1}{body}{PROSE}").authors == authors


def test_line_above_the_headline_has_the_author():
    """Some papers print date and name in one line above the headline."""
    assert read("", f"<div><div><small>04.02.2022 | 13:10 Uhr | Mara Quill</small>{H1}</div></div>").authors == QUILL


def test_role_in_json_ld_holds_the_person():
    """`Role` of schema.org has the person inside."""
    role = {"@type": "Role", "roleName": "Reporter", "author": {"@type": "Person", "name": "Mara Quill"}}
    assert read(ld(author=role)).authors == QUILL


def test_parsely_page_has_authors_and_date():
    """`parsely-page` is one meta with JSON inside."""
    data = {"title": "x", "authors": ["Mara Quill"], "pub_date": "2024-05-04T08:00:00Z"}
    fields = read(meta("parsely-page", json.dumps(data).replace('"', "&quot;")))
    assert (fields.authors, fields.published) == (QUILL, "2024-05-04T08:00:00+00:00")


TITLE, SUMMARY = "Old swing bridge to close", "The council voted on Monday."


@cache
def declared(indent: int | None = None) -> str:
    """Return a list of two nodes, of which the second is the article, and the person to whom it refers."""
    return json.dumps(
        [
            {"@type": "BreadcrumbList", "itemListElement": [{"@type": "ListItem", "name": "News"}]},
            {
                "@type": "NewsArticle", "image": ["https://x.example/a.jpg"], "headline": TITLE, "description": SUMMARY,
                "datePublished": "2024-05-04T08:15:00+01:00", "author": {"@list": [{"@id": "#m"}]},
            },
            {"@type": "Person", "@id": "#m", "name": "Mara Quill"},
        ],
        indent=indent,
    )  # fmt: skip


def bare(text: str) -> str:
    """Return the text with keys as JavaScript and the context of schema.org allow them."""
    for key in ("@type", "@id", "@list", "headline", "name", "author", "datePublished", "description", "image"):
        text = text.replace(f'"{key}":', f"{key.lstrip('@')}:")
    return text


DAMAGES = {
    "no colon": declared().replace('"headline":', '"headline" '),
    "a key without its last mark": declared().replace('"headline":', '"headline:'),
    "a key without its first mark": declared().replace('"headline":', 'headline":'),
    "a list without its end": declared().replace('.jpg"],', '.jpg",'),
    "comment of a shell": declared().replace('"headline"', '# the title\n"headline"'),
    "comment of HTML inside": declared().replace('"headline"', '<!-- "title": "x" -->"headline"'),
    "message of PHP": declared().replace('"headline"', '<br /><b>Notice</b>: x in <b>/a.php</b> <br />"headline"'),
    "a template that was not filled": declared().replace('"headline"', '"words": {{ page.words }}, "headline"'),
    "CDATA around a list": f"<![CDATA[{declared()}]]>",
    "an invisible end": f"{declared()}\u200b",
    "assigned to a key": f'window["data"] = {declared(2)};',
    "a program after it": f"const data = {declared()}\nconsole.log(data)",
    "an argument": f"JSON.stringify({declared()})",
    "a string as an argument": f"JSON.parse({json.dumps(declared(2))})",
    "every mark twice": declared().replace('"', '""'),
    "an empty author before": declared().replace('"headline"', '"author":null,,"headline"'),
    "brackets in a text": declared().replace(SUMMARY, 'See ["a", "b"] and {"x"}, he said "so"}.'),
    "bare keys": bare(declared()),
    "bare keys, marks in a text": bare(declared()).replace(SUMMARY, 'He said "no", and: "yes"'),
    "equals": declared().replace('"headline":', '"headline" ='),
}


@pytest.mark.parametrize("text", DAMAGES.values(), ids=DAMAGES)
def test_damaged_list_of_nodes_gives_author_and_date(text):
    """Damage in one pair costs no other pair, nor what a reference leads to."""
    fields = read(script(text), H1)
    assert (fields.authors, fields.published) == (QUILL, "2024-05-04T08:15:00+01:00")


@pytest.mark.parametrize("kind", ["application/LD+JSON", "application/json+ld"])
def test_misspelled_type_of_the_script_is_read(kind):
    """Types of scripts have another letter case, or their halves are exchanged."""
    assert read(f'<script type="{kind}">{declared()}</script>', H1).authors == QUILL

"""Test which of the names on a page are its authors: labels, places, and what is no author. Tables of cases."""

import pytest

from pipelines.extraction.fields import metadata
from pipelines.extraction.labels.origin import origin
from tests.support.page_snippets import assert_candidates_agree, ld, meta, page, read, script

PROSE = f"<p>{'The ferries of the bay stayed in port on Monday, and the union says the same of itself. ' * 2}</p>"
H1 = "<h1>Ferry strike enters third week</h1>"
QUILL = ("Mara Quill",)
BOTH = ("Mara Quill", "Casey Dermott")


def card(label: str, value: str, number: int = 1) -> str:
    """Return the labels of a card in social media, as WordPress writes them."""
    return f'<meta name="twitter:label{number}" content="{label}"><meta name="twitter:data{number}" content="{value}">'


CARDS = {
    "en": (card("Written by", "Mara Quill"), QUILL),
    "de": (card("Verfasst von", "Mara Quill"), QUILL),
    "de, older": (card("Geschrieben von", "Mara Quill"), QUILL),
    "fr": (card("Écrit par", "Mara Quill"), QUILL),
    "es, two": (card("Escrito por", "Mara Quill, Casey Dermott"), BOTH),
    "it": (card("Scritto da", "Mara Quill"), QUILL),
    "nl": (card("Geschreven door", "Mara Quill"), QUILL),
    "pl": (card("Napisane przez", "Mara Quill"), QUILL),
    "sv": (card("Skriven av", "Mara Quill"), QUILL),
    "ru": (card("Написано автором", "Мара Квилл"), ("Мара Квилл",)),
    "ja": (card("執筆者", "中村真子"), ("中村真子",)),
    "ko": (card("글쓴이", "홍길동"), ("홍길동",)),
    "the second label": (card("Est. reading time", "5 minutes") + card("Written by", "Mara Quill", 2), QUILL),
    "another label": (card("Filed under", "Harbour News"), ()),
    "the time that reading takes": (card("Est. reading time", "5 minutes"), ()),
}
LABELS = {
    "before a break": ("<div><span>Date:</span> 4 March 2024<br><span>Author:</span> Mara Quill<br>x</div>", QUILL),
    "a heading": ("<h5>Author: </h5>Mara Quill/BPA<br>", QUILL),
    "at the end, a link": (PROSE * 3 + '<p><strong>Author:</strong> <a href="/p/7">Mara Quill</a></p>', QUILL),
    "without a colon, in a box": ("<div><div>Author</div><div>Mara Quill</div></div>", QUILL),
    "a definition list": ("<dl><dt>Author(s)</dt><dd>Mara Quill, Casey Dermott</dd></dl>", BOTH),
    "a table": ("<table><tr><th>Author</th><td>Mara Quill</td></tr></table>", QUILL),
    "a list": ("<p><b>Authors:</b></p><ul><li>Mara Quill</li><li>Casey Dermott</li></ul>", BOTH),
    "contributors": ("<div><h4>Contributors:</h4><p>Mara Quill</p></div>", QUILL),
    "two links": ("<p><b>By:</b> <a href='/a/1'>Mara Quill</a> and <a href='/a/2'>Casey Dermott</a></p>", BOTH),
    "german": ("<p><strong>Autorin:</strong> Jörn Müller</p>", ("Jörn Müller",)),
    "french": ("<p><b>Auteur :</b> <span>Zoé Lefort</span></p>", ("Zoé Lefort",)),
    "russian": ("<div><span>Автор:</span> <span>Мария Коваль</span></div>", ("Мария Коваль",)),
    "chinese": ("<div><span>作者：</span><span>王小明</span></div>", ("王小明",)),
    "an editor signs": (PROSE * 3 + "<div>(责编：牛镛、岳弘彬)</div>", ("牛镛", "岳弘彬")),
    "credits at the end": (PROSE * 3 + "<p><em>Text by Mara Quill &nbsp; Illustration by Markus Rost</em></p>", QUILL),
    "words and pictures": (PROSE * 3 + "<p>Words by Mara Quill, photos by Markus Rost</p>", QUILL),
    "a paper, no person": ("<p><b>Author:</b> the harbour office</p>", ()),
    "a heading of the text": ("<h3>Analysis</h3><p>Port Selby</p>", ()),
    "a label in running text": ("<p>The <b>author</b> Mara Quill wrote nine books.</p>", ()),
    "in a list of other stories": ('<div class="related"><p><b>Author:</b> Not Me</p></div>', ()),
}
PLACES = {
    "nav": ('<nav class="byline">Edited by <a href="/t/q"><i itemprop="author">Mara Quill</i></a></nav>', QUILL),
    "nav, by class": ('<nav class="byline">By <a href="/t/q">Mara Quill</a></nav>', QUILL),
    "aside": ("<div><aside class='post-author'>Mara Quill</aside></div>", QUILL),
    "list": ("<ul class='author'><li>Mara Quill</li><li>Casey Dermott</li></ul>", BOTH),
    "cite": ("<cite class='author'>Mara Quill</cite>", QUILL),
    "by, then books": (
        f"<p>by <a href='/i/q'>Mara Quill</a></p>{PROSE * 3}<h2>1</h2><p class='author'>by Alexander Bold</p>",
        QUILL,
    ),
    "the class, then reviews": (
        f"<p class='author'>Mara Quill</p>{PROSE * 3}<div><h3>4 stars</h3><a rel='author'>Ann Tester</a></div>",
        QUILL,
    ),
    "books only": (
        PROSE * 3 + "".join(f"<section><div><h2>{n}</h2><div><p class='author'>by {n} Bold</p></div></div></section>"
                            for n in ("Ann", "Ben", "Cid", "Dan")),
        (),
    ),
    "a box at the end": (f"{PROSE * 4}<div><span class='author-name'>Mara Quill</span></div>", QUILL),
    "more posts": (
        f"<p>by Mara Quill</p>{PROSE}<div><a rel='author' href='/author/m'>View more posts</a></div>", QUILL),
    "two elements": ("<div>Written by: <span>Mara Quill</span> <span>Casey Dermott</span></div>", BOTH),
    "a name in brackets": ("<p>[田中宏昌，BayMedia]</p>", ("田中宏昌",)),
    "a section in brackets": ("<p>【財經】</p>", ()),
    "a reporter and a place": ("<p>記者王小明／台北報導</p>", ("王小明",)),
    "in a paragraph": (
        "<p>It was <a href='/editors/ann-poe'>Ann Poe</a> who came to the pier" + " x" * 130 + "</p>", ()),
}  # fmt: skip
NAMES = {
    "a handle": ("Mara Quill @maraq", QUILL),
    "a handle in brackets": ("Mara Quill (@maraq)", QUILL),
    "an address": ("Mara Quill mara.quill@bay.example", QUILL),
    "an address and a name": ("mara@bay.example (Mara Quill)", QUILL),
    "initials in brackets": ("Mara (M.R.) Quill", QUILL),
    "a title": ("Mara Quill, Founder & Lead Reviewer", QUILL),
    "another title": ("Mara Quill, Senior Harbour Specialist", QUILL),
    "who tested it": ("By Mara Quill, Fact-checked by Paul Rann, Tested by Kit Bander", QUILL),
    "who translated it": ("作者： Mara Quill 翻訳者 中村 真子", QUILL),
    "who made the pictures": ("Texto de Mara Quill Fotos: Paul Rann", QUILL),
    "two of three": ("Mara Quill and Casey Dermott, illustrated by Paul Rann", BOTH),
    "an institute": ("Landesanstalt für Wald und Forstwirtschaft", ("Landesanstalt für Wald und Forstwirtschaft",)),
    "a centre": ("Center for Harbours and Research", ("Center for Harbours and Research",)),
    "a paper and its places": (
        "baycourier.example, Lampton, Freeland", ("baycourier.example, Lampton, Freeland",)),
    "a couple": ("Linny and Peter", ("Linny", "Peter")),
}  # fmt: skip
NO_NAMES = [
    "View more posts", "View all articles", "Sat", "human", "DIN A4", "Written By", "August 28, 2025 • 5 min read",
    "Related Topics", "Mon, 4 Mar, 2024 - 06:36", "5 min read", "Read more", "Voir plus", "Mehr Artikel",
    "In This Article",
]  # fmt: skip
ORGANISATIONS = {
    "one": (
        {"@type": "Organization", "name": "Center for Harbours and Research"}, ("Center for Harbours and Research",),
    ),
    "with a comma": (
        {"@type": "NewsMediaOrganization", "name": "Tides, Ports and Piers"}, ("Tides, Ports and Piers",)),
    "beside a person": ([{"@type": "Person", "name": "Mara Quill"}, {"@type": "Organization", "name": "A and B"}],
                        QUILL),
}  # fmt: skip
SHAPES = {
    "@list": ({"@list": [{"name": "Mara Quill"}, {"name": "Casey Dermott"}]}, BOTH),
    "@set": ({"@set": ["Mara Quill", "Casey Dermott"]}, BOTH),
    "lists of lists": ([[{"name": "Mara Quill"}], [["Casey Dermott"]]], BOTH),
    "an ItemList": ({"itemListElement": [{"name": "Mara Quill"}]}, QUILL),
    "glued": ({"@type": "Person", "name": "Mara Quill Casey Dermott"}, BOTH),
    "the first name only": ({"@type": "Person", "name": "Mara"}, QUILL),
}


@pytest.mark.parametrize(("head", "authors"), CARDS.values(), ids=CARDS)
def test_label_of_a_card_names_the_author(head, authors):
    """`twitter:label1` says what `twitter:data1` is, in the language of the site."""
    assert read(head, H1 + PROSE).authors == authors


@pytest.mark.parametrize(("body", "authors"), LABELS.values(), ids=LABELS)
def test_names_after_a_label_are_the_authors(body, authors):
    """The label may be an element of its own, and anywhere on the page; names and nothing else follow it."""
    assert read("", H1 + body).authors == authors


@pytest.mark.parametrize(("body", "authors"), PLACES.values(), ids=PLACES)
def test_byline_nearest_to_the_headline_wins(body, authors):
    """A byline may be a `nav` or a list. Several far from the headline belong to other works."""
    assert read("", H1 + body + PROSE).authors == authors


@pytest.mark.parametrize(("raw", "authors"), NAMES.values(), ids=NAMES)
def test_names_are_read_from_what_is_beside_them(raw, authors):
    """Accounts, titles and other credits go; an organisation is not cut at "and"."""
    assert read(meta("author", raw)).authors == authors


@pytest.mark.parametrize("line", NO_NAMES)
def test_words_of_a_page_are_no_author(line):
    """Calls to action, days, formats, labels, one short word in small letters."""
    assert read("", f"{H1}<div class='author'>{line}</div>{PROSE}").authors == ()


@pytest.mark.parametrize(("author", "authors"), ORGANISATIONS.values(), ids=ORGANISATIONS)
def test_declared_organisation_is_never_cut(author, authors):
    """It signs if no person does."""
    assert read(ld(author=author)).authors == authors


@pytest.mark.parametrize(("author", "authors"), SHAPES.values(), ids=SHAPES)
def test_shapes_of_json_ld_give_the_persons(author, authors):
    """JSON-LD 1.1 section 4.3, nested lists; names glued or shortened, which the page prints in full."""
    printed = f"<p class='byline'>By {' and '.join(authors)}</p>"
    assert read(ld(author=author), H1 + printed).authors == authors


@pytest.mark.parametrize(
    "person",
    [
        '{"@id":"#p1","@type":"Person","name":"Mara Quill"}',
        '{"@id":"#p1","name":"Mara Quill"}',
        '{"@type":"WebSite","publisher":{"@id":"#p1","@type":"Person","name":"Mara Quill"}}',
    ],
    ids=["in the graph", "without a type", "inside another node"],
)
def test_reference_to_a_person_is_followed(person):
    """The person may be described anywhere in the JSON-LD."""
    graph = f'{{"@graph":[{{"@type":"NewsArticle","headline":"x","author":[{{"@id":"#p1"}}]}},{person}]}}'
    assert read(script(graph)).authors == QUILL


def test_byline_below_the_headline_precedes_the_account_that_a_meta_names():
    """The meta has who filled in the form. JSON-LD is trusted more."""
    printed = f"{H1}<p>By Mara Quill</p>{PROSE}"
    assert read(meta("author", "Casey Dermott"), printed).authors == QUILL
    assert read(ld(author="Casey Dermott"), printed).authors == ("Casey Dermott",)
    assert read(meta("author", "Casey Dermott"), H1 + PROSE * 3 + "<p>By Mara Quill</p>").authors == ("Casey Dermott",)


def test_code_of_a_desk_is_signed_with_what_is_beside_it():
    """ "red" alone names nobody."""
    assert read("", f"{H1}<p class='author'>red, BAY.at/Agenturen</p>{PROSE}").authors == ("red, BAY.at/Agenturen",)


@pytest.mark.parametrize("author", [
    [{"@type": "Person", "name": "Mara Quill"}, {"@type": "Organization", "name": "Reuters"}],
    "Mara Quill, Reuters", ["Mara Quill", "Thomson Reuters"], [{"name": "Mara Quill"}, {"name": "REUTERS"}],
])  # fmt: skip
def test_agency_beside_a_person_is_the_origin(author):
    """It is left out of `authors`, and not lost."""
    declared = page(ld(author=author), H1)
    fields = metadata.read(declared)
    assert fields.authors == QUILL
    assert origin(declared, [PROSE] * 9, fields.byline)[0] == "Reuters"


def test_declared_agency_is_the_origin_where_the_page_prints_a_person():
    """The byline has the person only."""
    declared = page(ld(author={"@type": "Organization", "name": "dpa"}), f"{H1}<p class='byline'>Von Mara Quill</p>")
    fields = metadata.read(declared)
    assert (fields.authors, origin(declared, [PROSE] * 9, fields.byline)[0]) == (QUILL, "dpa")


@pytest.mark.parametrize("body", [body for table in (LABELS, PLACES) for body, _authors in table.values()])
def test_candidates_of_printed_bylines_agree_with_what_is_read(body):
    """Exactly one candidate is chosen, the one that `read` returns."""
    assert_candidates_agree("", H1 + body)

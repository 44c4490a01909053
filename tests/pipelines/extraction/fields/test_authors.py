"""Test the authors of an article, as tables of cases."""

import pytest

from pipelines.extraction.fields import metadata, person_names
from tests.support.page_snippets import assert_candidates_agree, ld, meta, page, read, script

AUTHORS = {
    "json-ld person": (ld(author={"@type": "Person", "name": "Jane Doe"}), "", ("Jane Doe",)),
    "json-ld list": (ld(author=[{"name": "Jane Doe"}, {"name": "John Roe"}]), "", ("Jane Doe", "John Roe")),
    "json-ld string": (ld(author="Jane Doe and John Roe"), "", ("Jane Doe", "John Roe")),
    "json-ld reference": (
        script(
            '{"@graph":[{"@type":"Article","headline":"x","author":{"@id":"#a"}},'
            '{"@type":"Person","@id":"#a","name":"Jane Doe"}]}'
        ),
        "",
        ("Jane Doe",),
    ),
    "the outlet is no person": (
        ld(author={"@type": "Organization", "name": "The Paper"}, publisher={"name": "The Paper"}),
        '<p class="byline">By <a rel="author">Jane Doe</a></p>',
        ("Jane Doe",),
    ),
    "the outlet typed as a person": (
        ld(author={"@type": "Person", "name": "The Paper"}, publisher={"name": "The Paper"}),
        "",
        ("The Paper",),
    ),
    "By is cut": (meta("author", "By Jane Doe"), "", ("Jane Doe",)),
    "Von, und": (meta("author", "Von Jörg Müller und Änne von der Heide"), "", ("Jörg Müller", "Änne von der Heide")),
    "Par, et": (meta("author", "Par Zoé Le Goff et Luc Martin"), "", ("Zoé Le Goff", "Luc Martin")),
    "Por, y, two surnames": (meta("author", "Por José Ortega y Gasset"), "", ("José Ortega y Gasset",)),
    "Por, y, two persons": (meta("author", "Por Ana García y Luis Prieto Gil"), "", ("Ana García", "Luis Prieto Gil")),
    "roles and desks go": (meta("author", "Jane Doe, Political Correspondent, News Desk"), "", ("Jane Doe",)),
    "degrees go": (meta("author", "Jane Doe, MD, PhD"), "", ("Jane Doe",)),
    "an address is no name": (
        meta("article:author", "https://facebook.com/paper") + meta("author", "Jane Doe"),
        "",
        ("Jane Doe",),
    ),
    "printed, the first byline only": (
        "",
        '<div><span class="author-name">Jane Doe</span></div><div><ul><li><div><div>'
        '<span class="author-name">Not Me</span></div></div></li></ul></div>',
        ("Jane Doe",),
    ),
    "printed in a comment": ("", '<ol class="comment-list"><li><span class="author">Angry Reader</span></li></ol>', ()),
    "an agency where no person is named": (meta("author", "dpa"), "", ("dpa",)),
    "an agency beside a person": (meta("author", "Jane Doe, AFP"), "", ("Jane Doe",)),
    "the same person once": (ld(author=[{"name": "Jane Doe"}, {"name": "JANE DOE"}]), "", ("Jane Doe",)),
    "surname first": (meta("dc.creator", "Doe, Jane"), "", ("Jane Doe",)),
    "japanese": (meta("author", "文・佐伯みなと"), "", ("佐伯みなと",)),
    "ukrainian": (meta("author", "Автор: Марія Коваленко та Олег Гнатюк"), "", ("Марія Коваленко", "Олег Гнатюк")),
    "nobody": ("", "", ()),
    "the desk that signs, where nobody is named": (meta("author", "Von Redaktion"), "", ("Redaktion",)),
    "a placeholder signs nothing": (meta("author", "admin"), "", ()),
    "an agency before the outlet": (
        ld(author={"@type": "Organization", "name": "The Paper"}) + meta("author", "AFP"),
        "",
        ("AFP",),
    ),
    "agency after the persons": (
        meta("author", "Von Jan Petersen und Ida Boje, dpa"),
        "",
        ("Jan Petersen", "Ida Boje"),
    ),
    "semicolons": (meta("author", "Jane Doe; John Roe; Ann Poe"), "", ("Jane Doe", "John Roe", "Ann Poe")),
    "commas and and": (meta("author", "Jane Doe, John Roe and Ann Poe"), "", ("Jane Doe", "John Roe", "Ann Poe")),
    "the page of a blog: its account": (ld(author="ida_b"), "", ("ida_b",)),
    "an account's owner is printed": (
        meta("author", "ida_b"),
        '<p class="byline">By <span>Ida Boje</span></p>',
        ("Ida Boje",),
    ),
    "a first name is a name": (ld(author="Ida"), '<p class="byline">Photos by Jane Doe</p>', ("Ida",)),
    "name in two elements": (
        "",
        '<a rel="author" href="/a/jane"><span>Jane van</span> <span>Doe</span></a>',
        ("Jane van Doe",),
    ),
    "named by a class in camel case": (
        "",
        '<div class="x_authorName_9f"><a href="/j">Jane Doe</a></div>',
        ("Jane Doe",),
    ),
    "once for the eye and once for screen readers": (
        "",
        '<a rel="author" href="/a/jane"><i>Jane van Doe</i> <span>Jane</span> <span>van Doe</span></a>',
        ("Jane van Doe",),
    ),
    "no name follows the date": (
        "",
        '<div class="byline"><i>Jane Doe</i><i>Sep 2, 2023, 17:07</i><i>Text Size</i></div>',
        ("Jane Doe",),
    ),
    "a biography is no byline": ("", '<div class="author-bio">Jane Doe writes on bridges.</div>', ()),
    "who checked it did not write it": (
        "",
        '<div class="byline">By Jane Doe</div><section><div><p class="byline">Reviewed by John Roe</p></div></section>',
        ("Jane Doe",),
    ),
    "what stands in a byline beside names": (
        "",
        '<div class="author">Jane Doe<br>Gardener &amp; Astrologer</div>',
        ("Jane Doe",),
    ),
    "in a list of other stories": (
        "",
        '<ul class="related-posts"><li><span class="author">Not Me</span></li></ul>',
        (),
    ),
    "below the headline": ("", "<h1>Bridge</h1><p>6 May 2024</p><p>By Jane Doe</p>", ("Jane Doe",)),
    "below the headline, inside a line": (
        "",
        "<h1>Bridge</h1><p>Posted in Local by janedoe on May 6, 2024</p>",
        ("janedoe",),
    ),
    "below the headline, a sentence": ("", "<h1>Bridge</h1><p>By Friday the bridge was closed</p>", ()),
    "beside the date": ("", "<h1>Bridge</h1><p>Jane Doe | Senior Writer | May 6, 2024</p>", ("Jane Doe",)),
    "beside the date, side by side": ("", "<h1>Bridge</h1><div><p>Jane Doe</p><p>May 6, 2024</p></div>", ("Jane Doe",)),
    "after a By of its own": ("", "<h1>Bridge</h1><div><i>By</i><i>The Bridge Team</i></div>", ("The Bridge Team",)),
    "below the headline, not below another heading": (
        meta("og:title", "Nobody mends the bridge"),
        '<div class="page-title">News and more</div><p>By Not Me</p><h1>Nobody mends the bridge</h1><p>By Jane Doe</p>',
        ("Jane Doe",),
    ),
    "a link to the author's page": (
        "",
        '<h1>Bridge</h1><div><a href="/authors/jane-doe">Jane Doe</a></div>',
        ("Jane Doe",),
    ),
    "in capitals, as the page spells it elsewhere": (
        meta("author", "JANE MCDOE") + script('{"@type":"Person","name":"Jane McDoe"}'),
        "",
        ("Jane McDoe",),
    ),
    "in capitals alone": (meta("author", "JANE DOE"), "", ("JANE DOE",)),
    "the page's node, where the article has none": (
        script(
            '{"@graph":[{"@type":"WebPage","author":{"@id":"#a"}},{"@type":"Person","@id":"#a","name":"Jane Doe"}]}'
        ),
        "",
        ("Jane Doe",),
    ),
    "a reference by its address alone": (
        script(
            '{"@graph":[{"@type":"Article","headline":"x","author":"https://paper.example/#a"},'
            '{"@type":"Person","@id":"https://paper.example/#a","name":"Jane Doe"}]}'
        ),
        "",
        ("Jane Doe",),
    ),
    "two halves of a name": (
        ld(author={"@type": "Person", "givenName": "Jane", "familyName": "Doe"}),
        "",
        ("Jane Doe",),
    ),
    "the owner of a blog": (
        ld(author={"@type": ["Person", "Organization"], "name": "Jane Doe"}),
        '<p class="byline">By John Roe</p>',
        ("Jane Doe",),
    ),
    "a second node of the same article": (
        ld(headline="Bridge", datePublished="2024-05-06") + ld(headline="Bridge", author={"name": "Jane Doe"}),
        "<h1>Bridge</h1>",
        ("Jane Doe",),
    ),
    "spanish": (meta("author", "Por María de la Cruz y Juan Pérez Gil"), "", ("María de la Cruz", "Juan Pérez Gil")),
    "the end of an agency's report": (
        meta("author", "Reporting by Jane Doe in Port Selby, John Roe; editing by Ann Poe, Ed Loe"),
        "",
        ("Jane Doe", "John Roe"),
    ),
    "pictures after the text": (
        meta("author", "Text: Ida Boje, Jan Petersen; Fotos: Ann Poe, Ed Loe"),
        "",
        ("Ida Boje", "Jan Petersen"),
    ),
    "a name before marriage in brackets": (meta("author", "Jane (Roe) Doe"), "", ("Jane Roe Doe",)),
    "name and employer in two sentences": (meta("author", "Jane Carpenter. Port Agency"), "", ("Jane Carpenter",)),
    "a link to an author's page that says something else": (
        "",
        '<h1>Bridge</h1><div><a href="/authors/jane-doe">more</a></div>',
        (),
    ),
    "a line that only begins like a byline": ("", "<h1>Bridge</h1><p>Von Frauen</p>", ()),
    "what stands beside the date in a form": (
        "",
        "<h1>Bridge</h1><form><p>Reset Password</p><p>May 6, 2024</p></form>",
        (),
    ),
    "words that end like no name": ("", '<span class="author">Udostępnij do</span>', ()),
    "a date is not who signed": ("", '<span class="author">09.10.2021</span>', ()),
    "polish": (meta("author", "Autor: Jan Kowalski"), "", ("Jan Kowalski",)),
    "swedish": (meta("author", "Av Åsa Öberg och Nils Ek"), "", ("Åsa Öberg", "Nils Ek")),
    "dutch": (meta("author", "Door Piet van den Berg en Ans de Wit"), "", ("Piet van den Berg", "Ans de Wit")),
    "italian": (meta("author", "di Maria Rossi e Luca Bianchi"), "", ("Maria Rossi", "Luca Bianchi")),
    "danish": (meta("author", "Skrevet af Søren Holm og Ida Juhl"), "", ("Søren Holm", "Ida Juhl")),
    "finnish": (meta("author", "Teksti: Aino Mäkelä ja Eero Laine"), "", ("Aino Mäkelä", "Eero Laine")),
    "turkish": (meta("author", "Yazan: Ayşe Yılmaz"), "", ("Ayşe Yılmaz",)),
    "hungarian": (meta("author", "Írta: Kovács Anna"), "", ("Kovács Anna",)),
    "czech": (meta("author", "Napsal Jan Novák, redaktor"), "", ("Jan Novák",)),
    "greek": (meta("author", "Γράφει ο Νίκος Παππάς"), "", ("Νίκος Παππάς",)),
    "hebrew": (meta("author", "מאת דנה כהן"), "", ("דנה כהן",)),
    "arabic": (meta("author", "بقلم: ليلى حداد"), "", ("ليلى حداد",)),
    "indonesian": (meta("author", "Penulis: Sri Wahyuni"), "", ("Sri Wahyuni",)),
    "vietnamese": (meta("author", "Tác giả: Nguyễn Văn An"), "", ("Nguyễn Văn An",)),
    "korean": (meta("author", "홍길동 기자"), "", ("홍길동",)),
    "chinese, text slash": (meta("author", "文/王小明"), "", ("王小明",)),
    "chinese, a reporter": (meta("author", "记者 王小明"), "", ("王小明",)),
    "a russian desk signs": (meta("author", "Редакция"), "", ("Редакция",)),
    "chinese": (meta("author", "作者：王小明"), "", ("王小明",)),
}


@pytest.mark.parametrize(("head", "body", "authors"), AUTHORS.values(), ids=AUTHORS)
def test_authors_are_the_persons_of_the_byline(head, body, authors):
    """In the order of the byline; where it names no person, the agency, then the desk or paper that signs."""
    assert read(meta("og:site_name", "The Paper") + head, body).authors == authors


@pytest.mark.parametrize(
    ("declared", "line", "authors"),
    [
        ("Jane Doe", "By Jane Doe and John Roe", ("Jane Doe", "John Roe")),
        ("Jane Doe", "By JANE DOE, John Roe", ("JANE DOE", "John Roe")),
        ("José Roe", "By Jos&amp;eacute; Roe and Jane Doe", ("José Roe", "Jane Doe")),
        ("王小明", "记者：王小明、李大华", ("王小明", "李大华")),
        ("Jane Doe", "By Jane Doe, Political Correspondent", ("Jane Doe",)),
        ("Jane Doe", "By John Roe and Max Poe", ("Jane Doe",)),
    ],
)
def test_byline_with_further_names_precedes_the_declared_author(declared, line, authors):
    """A line below the headline that names the declared author and others has all authors."""
    assert read(ld(author=declared), f"<h1>Bridge</h1><p>{line}</p>").authors == authors


def test_raw_byline_is_kept_beside_the_authors():
    """Raw beside parsed."""
    page = read(meta("author", "By Jane Doe, Political Correspondent"))
    assert (page.byline, page.authors) == ("By Jane Doe, Political Correspondent", ("Jane Doe",))


@pytest.mark.parametrize(
    ("line", "names_found"),
    [
        ("By Joanna Quill", ("Joanna Quill",)),
        ("Von Jan Petersen und Ida Boje", ("Jan Petersen", "Ida Boje")),
        ("By the light of the moon they sailed.", None),
        ("By Friday Harbour was empty", None),
        ("Von Frauen", None),
        ("Joanna Quill", None),
    ],
)
def test_line_of_by_and_names_is_a_byline(line, names_found):
    """A line of the text that is "By" and names, and nothing else."""
    found = person_names.byline_in([line])
    assert (found and found[1]) == names_found


def test_byline_in_the_text_counts_where_no_person_is_declared():
    """The first and last lines of the text are asked last; a desk makes way for a person, a person for nothing."""
    signed = page(meta("og:site_name", "The Paper") + meta("author", "The Paper"))
    fields = metadata.with_byline_of_text(metadata.read(signed), signed, ["A bridge.", "x", "x", "x", "Von Jane Doe"])
    assert (fields.authors, fields.byline, fields.found_in["authors"]) == (("Jane Doe",), "Von Jane Doe", "text")
    sender = page(meta("author", "Bridgenews"))
    assert metadata.with_byline_of_text(metadata.read(sender), sender, ["By Jane Doe", "x"]).authors == ("Jane Doe",)
    named = page(meta("author", "John Roe"))
    assert metadata.with_byline_of_text(metadata.read(named), named, ["By Jane Doe"]).authors == ("John Roe",)


@pytest.mark.parametrize(
    ("line", "authors"),
    [
        ("Jane Doe/John Roe", ("Jane Doe", "John Roe")),
        ("JANE DOE", ("JANE DOE",)),
        ("Lê Phương", ("Lê Phương",)),
        ("In This Article", ()),
        ("The Bridge", ()),
        ("Jane Doe walked home", ()),
    ],
)
def test_bare_name_on_an_edge_line_signs_a_declared_article(line, authors):
    """Names alone on the first or last lines; on a page that declares no article they may be anything."""
    article = page(ld(datePublished="2024-05-06"))
    assert metadata.with_byline_of_text(metadata.read(article), article, ["x", "y", "z", line]).authors == authors
    other = page("")
    assert metadata.with_byline_of_text(metadata.read(other), other, ["x", "y", "z", line]).authors == ()


@pytest.mark.parametrize(("head", "body"), [(head, body) for head, body, _ in AUTHORS.values()], ids=AUTHORS)
def test_candidates_of_authors_agree_with_what_is_read(head, body):
    """Exactly one candidate is chosen, the one that `read` returns."""
    assert_candidates_agree(head, body)

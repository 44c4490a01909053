"""Test bylines with agencies, roles, places and pictures: the authors, the origin, and what stays in the text."""

import pytest

from pipelines.core.items import Page
from pipelines.extraction.extract import read
from pipelines.extraction.fields.person_names import is_signed_by_agency, persons

QUILL, BOTH = ("Mara Quill",), ("Mara Quill", "Casey Dermott")
PROSE = (
    "<p>The council met on Tuesday evening in the old customs house, because the town hall is being painted, and "
    "talked for three hours about the harbour wall, which has moved two centimetres since last spring.</p>"
    "<p>An engineer whom it had asked said that the wall would hold for ten more years if nobody leaned on it, and "
    "for three if the ferries went on as they do now, at full speed and close to the stones.</p>"
    "<p>The council decided to write a letter to the ferry company, and to ask for money in the capital.</p>"
)

# Byline -> (authors, origin), marked as a byline and not.
LINES = {
    "By Mara Quill with AFP": (QUILL, "AFP"),
    "Mara Quill avec Reuters": (QUILL, "Reuters"),
    "Par Mara Quill avec l’AFP": (QUILL, "AFP"),
    "Mara Quill (mit dpa)": (QUILL, "dpa"),
    "Von Mara Quill, mit Material von dpa": (QUILL, "dpa"),
    "By Mara Quill, with files from The Canadian Press": (QUILL, "Canadian Press"),
    "By Mara Quill with additional reporting by AFP": (QUILL, "AFP"),
    "Por Mara Quill con información de EFE": (QUILL, "EFE"),
    "Por Mara Quill, com informações da Lusa": (QUILL, "Lusa"),
    "Door Mara Quill met ANP": (QUILL, "ANP"),
    "Av Mara Quill med TT": (QUILL, "TT"),
    "Mara Quill, za PAP": (QUILL, "PAP"),
    "Мария Коваль, по материалам ТАСС": (("Мария Коваль",), "TASS"),
    "Por Mara Quill y EFE": (QUILL, "EFE"),
    "Di Mara Quill e ANSA": (QUILL, "ANSA"),
    "Mara Quill for Reuters": (QUILL, "Reuters"),
    "By Mara Quill and Casey Dermott for Reuters": (BOTH, "Reuters"),
    "Mara Quill für dpa": (QUILL, "dpa"),
    "Mara Quill, Reuters": (QUILL, "Reuters"),
    "Mara Quill | AFP": (QUILL, "AFP"),
    "Mara Quill (Reuters)": (QUILL, "Reuters"),
    "By AFP": (("AFP",), "AFP"),
    "Von dpa": (("dpa",), "dpa"),
    "mit dpa": (("dpa",), "dpa"),
    "Da ANSA": (("ANSA",), "ANSA"),
    "(Reuters)": (("Reuters",), "Reuters"),
    "【共同通信】": (("共同通信",), "Kyodo"),
    "(서울=연합뉴스) 홍길동 기자": (("홍길동",), "Yonhap"),
    "By Mara Quill, photo by AFP": (QUILL, None),
    "AP Photo/Casey Dermott": ((), None),
    "Casey Dermott/AFP Photo": ((), None),
    "Words: Mara Quill. Pictures: Casey Dermott": (QUILL, None),
    "Words and pictures: Mara Quill": (QUILL, None),
    "Fotos und Text: Mara Quill": (QUILL, None),
    "Texte et photos : Mara Quill": (QUILL, None),
    "As told to Mara Quill": (QUILL, None),
    "Von Mara Quill und Casey Dermott (Text) sowie Kit Bander (Fotos)": (BOTH, None),
    "Mara Quill (texto) y Casey Dermott (fotos)": (QUILL, None),
    "By our own correspondent": ((), None),
    "BY OUR CORRESPONDENT": ((), None),
    "De notre correspondant": ((), None),
    "By a Staff Reporter": ((), None),
    "By Mara Quill in London and Casey Dermott in Berlin": (BOTH, None),
    "By Mara Quill in London, Casey Dermott in New York and Kit Bander in Rome": ((*BOTH, "Kit Bander"), None),
    "Par Mara Quill à Londres et Casey Dermott à Berlin": (BOTH, None),
    "文：佐藤花子　写真：鈴木次郎": (("佐藤花子",), None),
    "文・写真　高橋健": (("高橋健",), None),
    "高橋健記者": (("高橋健",), None),
}


def article(head: str, body: str = PROSE):
    html = (
        '<html><head><title>Harbour wall moves again - Tideway Post</title><meta property="og:site_name" '
        f'content="Tideway Post"></head><body><article><h1>Harbour wall moves again</h1>{head}<p><time '
        f'datetime="2026-03-05">5 March 2026</time></p><div class="entry-content">{body}</div></article></body></html>'
    )
    return read(Page("https://tideway.example/wall", html.encode()))


@pytest.mark.parametrize(("line", "expected"), LINES.items())
def test_byline_gives_authors_and_origin_and_leaves_the_text(line, expected):
    """Agencies beside persons are the origin; pictures, roles and places are no authors."""
    for page in (article(f'<p class="byline">{line}</p>'), article(f"<p>{line}</p>")):
        assert (page.authors, page.origin) == expected
        assert page.text.startswith("The council met")


@pytest.mark.parametrize(
    "line", ["Von dpa", "AFP", "By Mara Quill with AFP", "Mara Quill, Reuters", "文：佐藤花子　写真：鈴木次郎",
             "記者　高橋健", "【共同通信】", "２０２６年３月２日（月）", "2026년 3월 2일(월)"]
)  # fmt: skip
def test_line_of_byline_or_date_does_not_stay_in_the_text(line):
    """Author, agency and day are fields."""
    assert article("", f"<p>{line}</p>{PROSE}").text.startswith("The council met")


@pytest.mark.parametrize(
    "picture", ["<figure><img src=a.jpg><figcaption>By AFP</figcaption></figure>", "<div class=caption>AFP</div>",
                "<div><img src=a.jpg><span>Casey Dermott, Reuters</span></div>", "<ul><li>AFP</li><li>dpa</li></ul>",
                "<p>PORT SELBY (AFP)</p>"]
)  # fmt: skip
def test_agency_of_a_picture_is_no_author(picture):
    """Lines below a picture, in a list of topics or in a dateline name no author."""
    assert article(picture).authors == ()


@pytest.mark.parametrize(
    ("line", "authors"),
    {
        "By Ana de Armas and Ramón y Cajal": ("Ana de Armas", "Ramón y Cajal"),
        "By Ria Novak and Leta Holt": ("Ria Novak", "Leta Holt"),
        "By Mara Quill, AP Sports Writer": QUILL,
    }.items(),
)
def test_names_like_agencies_and_joints_stay_whole(line, authors):
    """Surnames with small words, and first names that agencies have as well."""
    assert persons([line]) == authors
    assert not is_signed_by_agency("Ria Novak and Leta Holt")

"""Check dates as templates of blogs and papers print them, in many languages. Tables of cases; each is read whole."""

import pytest

from pipelines.extraction.fields import dates
from pipelines.extraction.fields.site_names import names_of_site
from tests.support.page_snippets import page, read

BARE = "https://paper.example/bridge"
H1 = "<h1>The bridge is mended at last</h1>"
STORY = "<p>" + "The council met in the old hall and heard both sides of the river before it voted. " * 3 + "</p>"
CARDS = (
    '<aside class="related"><a href="/harbour"><h4>The harbour was sold to a bank</h4></a><time>May 20, 2024</time>'
    '<a href="/gull"><h4>A gull stole the lunch of a judge</h4></a><time>May 21, 2024</time></aside>'
)
DAY = "2024-05-03"


def day(head: str, body: str, lang: str = "en", url: str = BARE) -> str | None:
    return read(head, body, url=url, lang=f'lang="{lang}"').published_day


# Language -> lines that print 3 May 2024 below the headline.
LINES = {
    "ar": ("٣ مايو ٢٠٢٤", "3 أيار 2024", "الجمعة، ٣ أيار / مايو ٢٠٢٤", "3 مايو، 2024", "تم النشر في 3 مايو 2024"),
    "be": ("3 траўня 2024",),
    "bn": ("৩ মে, ২০২৪", "প্রকাশ: ০৩ মে ২০২৪, ০৮:৩০"),
    "cs": ("3. kvě 2024",),
    "da": ("fredag d. 3. maj 2024", "Skrevet den 3. maj 2024"),
    "el": ("Παρασκευή, 3 Μαΐου 2024", "3 Μαϊου 2024", "3 Μάι 2024", "ΠΑΡΑΣΚΕΥΗ 3 ΜΑΪΟΥ 2024", "Μάιος 3, 2024"),
    "es": ("Escrito el 3 de mayo de 2024",),
    "fa": ("3 مه 2024", "۳ مه ۲۰۲۴"),
    "he": ("יום שישי, 3 במאי 2024", "פורסם בתאריך 3 במאי 2024"),
    "hi": ("शुक्रवार, 3 मई 2024", "३ मई २०२४", "प्रकाशित: 3 मई 2024", "मई 3, 2024"),
    "hr": ("svibanj 3, 2024", "3. svi 2024"),
    "hu": ("2024. máj. 3.",),
    "it": ("Scritto il 3 maggio 2024",),
    "ja": ("２０２４年５月３日", "登録日：2024年5月3日"),
    "lv": ("2024. gada 3. maijs",),
    "pt": ("Postado em 3 de maio de 2024",),
    "ru": ("Автор: Мара Квилл 3 мая 2024",),
    "sk": ("03. máj 2024",),
    "sr": ("3. мај 2024.",),
    "th": ("3 พ.ค. 2567", "วันศุกร์ที่ 3 พฤษภาคม พ.ศ. 2567", "3 พฤษภาคม 2567"),
    "uk": ("3 трав. 2024",),
    "vi": ("3 tháng 5, 2024", "Ngày 3 tháng 5 năm 2024"),
    "zh": ("日期：2024年5月3日",),
    "en": (
        "on May 3, 2024 by Mara Quill", "Submitted by mara on Fri, 05/03/2024 - 08:30", "Fri, 03/05/2024 - 08:30",
        "Submitted by mara on Fri, 2024-05-03 08:30", "Friday the 3rd of May 2024", "[May. 3rd, 2024|08:30 am]",
        "May, 3 2024", "3, May 2024", "2024-May-03", "Fri May  3 08:30:00 UTC 2024", "Date of publication: 3 May 2024",
        "LAMPTON, Ore., May 3, 2024 /BAYWIRE/ -- The bridge is mended, and the council has heard both sides of the"
        " river before it voted. The old hall was full, and so was the new one.",
    ),
    "en-US": ("05/03/24", "05/03/24 08:30"),
}  # fmt: skip


@pytest.mark.parametrize("lang", LINES)
def test_day_below_the_headline(lang):
    """Names of months in full and short, digits of all scripts, the Thai calendar, the words around a date."""
    found = {line: day("", f"<article>{H1}<div class='info'>{line}</div>{STORY * 3}</article>{CARDS}", lang)
             for line in LINES[lang]}  # fmt: skip
    assert found == dict.fromkeys(LINES[lang], DAY)


# Language -> lines that print 3 May 2024 as the day of publication, 4 May as that of a change.
BOTH = {
    "ar": ("3 مايو 2024 (آخر تحديث 4 مايو 2024)",),
    "de": (
        "3. Mai 2024 (aktualisiert am 4. Mai 2024)", "03.05.2024, 10:15 Uhr (zuletzt geändert am 04.05.2024, 11 Uhr)",
        "3. Mai 2024 veröffentlicht, 4. Mai 2024 aktualisiert",
    ),
    "el": ("3 Μαΐου 2024 (ενημερώθηκε: 4 Μαΐου 2024)",),
    "en": (
        "3 May 2024 (updated 4 May 2024)", "May 3, 2024 (last updated: May 4, 2024)", "3 May 2024 [edited 4 May 2024]",
        "By Mara Quill, 3 May 2024, 10:15 (updated: 4 May 2024, 11:00)", "3 May 2024 published, 4 May 2024 updated",
        '<time datetime="2024-05-03">3 May 2024</time> (updated <time datetime="2024-05-04">4 May 2024</time>)',
        "<span>3 May 2024</span> <span>(last modified on 4 May 2024)</span>", "3 May 2024<br>(updated 4 May 2024)",
        "4 May 2024 updated, 3 May 2024 published", "3 May 2024 10:15 published 4 May 2024 11:00 updated",
        "3 May 2024 updated: 4 May 2024", "3 May 2024 (upd. 4 May 2024)",
    ),
    "fr": ("3 mai 2024 (mis à jour le 4 mai 2024)", "03/05/2024 à 10h15 (modifié le 04/05/2024)"),
    "ja": (
        "2024年5月3日（更新：2024年5月4日）", "2024年5月3日 10:15 公開 2024年5月4日 11:00 更新",
        "2024年5月3日 更新 2024年5月4日", "2024年05月03日 10時15分 JST 公開｜2024年05月04日更新",
        "公開日：令和6年5月3日 更新日：令和6年5月4日",
        "２０２４／０５／０３　１０：１５ 公開 ２０２４／０５／０４　１１：００ 更新",
    ),
    "ko": (
        "2024.05.03 10:15 입력 2024.05.04 11:00 수정", "2024-05-03 10:15:00 등록 | 2024-05-04 11:00:00 수정",
        "2024.05.03(금) 10:15 입력 2024.05.04(토) 11:00 수정", "2024. 5. 3. 입력 2024. 5. 4. 수정",
        "2024년 5월 3일 10시 15분 입력 2024년 5월 4일 11시 00분 수정",
    ),
    "ru": ("3 мая 2024, 10:15 (обновлено 4 мая 2024)",),
    "tr": ("3 Mayıs 2024 (Güncellendi: 4 Mayıs 2024)",),
    "zh": ("2024-05-03（更新：2024-05-04）", "2024-05-03 10:15 发布 2024-05-04 11:00 更新"),
}  # fmt: skip


@pytest.mark.parametrize("lang", BOTH)
def test_day_and_change_in_one_line(lang):
    """Labels in brackets are those of the date in them; a label may be behind its date."""
    found = {}
    for line in BOTH[lang]:
        fields = read("", f"<article>{H1}<p>{line}</p>{STORY * 3}</article>", url=BARE, lang=f'lang="{lang}"')
        found[line] = (fields.published_day, (fields.modified or "")[:10])
    assert found == dict.fromkeys(BOTH[lang], (DAY, "2024-05-04"))


@pytest.mark.parametrize(
    ("lang", "line"),
    [
        ("en", "4 May 2024 (first published 3 May 2024)"),
        ("de", "4. Mai 2024 (erstmals veröffentlicht am 3. Mai 2024)"),
        ("en", "3 May 2024, 10:15 (updated 11:00)"),
        ("en", "3 May 2024 posted by Mara Quill"),
        ("en", "3 May 2024 (reviewed by Dr Jo Quill)"),
        ("ja", "令和６年５月３日（金）"),
        ("ja", "二〇二四年五月三日"),
        ("ja", "令和六年五月三日"),
        ("ja", "２０２４．０５．０３"),
        ("zh-TW", "中華民國113年5月3日"),
        ("zh-TW", "民國一百一十三年五月三日"),
    ],
)
def test_day_beside_other_words(lang, line):
    """Brackets, and years of eras, in digits of full width and in characters."""
    assert day("", BELOW.replace("%s", f"<p>{line}</p>"), lang) == DAY


FRENCH = (
    "<p>Le phare de l’île, fermé depuis dix ans, rouvre ses portes aux visiteurs samedi prochain, a annoncé la mairie "
    "mercredi soir au terme d’une réunion qui a duré plus longtemps que les travaux eux-mêmes.</p>"
)


@pytest.mark.parametrize("lang", ["", "en", "en-US", "fr"])
@pytest.mark.parametrize(
    ("line", "story"),
    [
        ("Publié le 03/05/2024 à 18h30", STORY),  # the label alone is French
        ("Publicado 03/05/2024", STORY),
        ("Par Jo Quill | 03/05/2024 18:30", FRENCH),
        ("Posted on 03-05-2024", FRENCH),
        ("<span class='date' title='03/05/2024 18:30'>il y a 2 jours</span>", FRENCH),
        ('<meta itemprop="datePublished" content="03/05/2024">', FRENCH),
    ],
)
def test_order_of_day_and_month_is_that_of_label_or_text(lang, line, story):
    """Declared languages do not count where there is none, or English in a French page."""
    assert day("", f"<article>{H1}<p>{line}</p>{story * 3}</article>", lang) == DAY


def test_order_of_day_and_month_that_nothing_tells():
    """English pages without a country have no day; that of the country counts beside an English text."""
    lines = [day("", BELOW.replace("%s", "<p>Posted 05/03/2024</p>"), lang) for lang in ("en", "en-US", "en-GB")]
    assert lines == [None, DAY, "2024-03-05"]
    refused = list(dates.published(page("", "<p>Posted 05/03/2024</p>"), names_of_site(page(), None, ()), None))
    assert [(one.raw, one.value, one.against) for one in refused][-1:] == [("Posted 05/03/2024", None, dates.TWO_WAYS)]


BELOW, ABOVE = f"<article>{H1}%s{STORY * 3}</article>{CARDS}", f"<article>%s{H1}{STORY * 3}</article>{CARDS}"
END = f"<article>{H1}{STORY * 4}%s</article>{CARDS}"
MARKUP = {
    "a title beside an age": (BELOW, '<span class="ago" title="May 3, 2024 8:30 AM">4 weeks ago</span>'),
    "a link with a title": (END, '<a href="#" title="2024-05-03 08:30:00">4 weeks ago</a>'),
    "data attributes": (BELOW, '<span data-datetime="2024-05-03T08:30:00Z">4 weeks ago</span>'),
    "a Unix time": (BELOW, '<span class="timeago" data-timestamp="1714725000">4 weeks ago</span>'),
    "an element of its own": (BELOW, '<relative-time datetime="2024-05-03T08:30:00Z">May 3</relative-time>'),
    "a title of time": (BELOW, '<time title="3 May 2024, 08:30">4 weeks ago</time>'),
    "a box in three lines": (BELOW, "<div class='box'><div>May</div><div>3</div><div>2024</div></div>"),
    "a box above": (ABOVE, "<header><div>3</div><div>May</div><div>2024</div></header>"),
    "a box with breaks": (BELOW, "<div>MAY<br>03<br>2024</div>"),
    "a name with two digits of the year": (BELOW, "<p class='date'>3-May-24</p>"),
    "an apostrophe": (BELOW, "<p class='date'>May 3, '24</p>"),
    "a class named top, in the article": (ABOVE, "<div class='top'>May 3, 2024</div>"),
    "hidden, for feeds": (
        BELOW, '<span class="updated rich-snippet-hidden">2024-05-05T10:15:00Z</span> <b>May 3, 2024</b>'),
    "this entry was posted": (
        END, "<p>This entry was posted on Friday, May 3rd, 2024 at 8:30 am and is filed under <a href='/n'>News</a>. "
        "You can follow any responses to this entry through the RSS feed, or leave one of your own below.</p>"),
    "posted in and tagged": (
        END, "<footer class='entry-meta'>This entry was posted in <a href='/n'>News</a> and tagged "
        "<a href='/t'>river</a> by <a href='/m'>Mara Quill</a> on "
        "<a href='/bridge' rel='bookmark'>May 3, 2024</a>.</footer>"),
    "signed": (END, "<p><em>Mara Quill, Lampton, May 3, 2024</em></p>"),
    "signed, in brackets": (END, "<p>(Mara Quill, 03.05.2024)</p>"),
    "alone at the end": (END, "<p>[3 May 2024]</p>"),
    "the archive of the day": (END, "<div class='date'><a href='/2024/05/03/'>May 3, 2024</a></div>"),
    "a link to the page itself": (END, "<div class='date'><a href='/bridge'>May 3, 2024</a></div>"),
    "after the end of a range": (BELOW, "<p>Shown: 12 April – 2 May 2024</p><p class='published'>3 May 2024</p>"),
    "after the day somebody joined": (BELOW, "<i>Joined: 12 Apr 2019</i><p>3 May 2024, 08:30</p>"),
    "headers of days, the nearest": (
        "<div><h2>May 9, 2024</h2><p>A gull stole the sandwich.</p><h2>May 3, 2024</h2>%s</div>", f"{H1}{STORY * 3}"),
}  # fmt: skip


@pytest.mark.parametrize(("where", "markup"), MARKUP.values(), ids=MARKUP)
def test_day_in_the_markup_of_blogs(where, markup):
    """Ages with a date for machines, boxes, lines below the text."""
    assert day("", where.replace("%s", markup)) == DAY


NONE = {
    "a timeline": "<h2>12 April 2019</h2><p>The first began.</p><h2>3 May 2021</h2><p>The second began.</p>",
    "a table": "<table><tr><td>First<td>12 April 2019<tr><td>Second<td>3 May 2021</table>",
    "a list of versions": "<ul><li>1.2 – 12 April 2019</li><li>1.3 – 3 May 2021</li></ul>",
    "a caption": "<figure><img src='a.jpg'><p>The old bridge, 12 April 2019</p></figure>",
    "a life": "<p>Jo Casey (born 3 May 1996) is a pilot.</p>",
    "comments without a name": STORY * 3 + "".join(
        f"<li><b>Jo</b> <span class='date'>May {number}, 2024 at 8:30 am</span><p>So so.</p></li>"
        for number in (7, 8, 9)),
    "a note": STORY * 3 + "<p>[1] Bay Gazette, 12 April 2019. Accessed 3 May 2024.</p>",
    "letters of one day": "<p>Our readers write.</p>" + "".join(
        f"<h3>The wall</h3>{STORY}<p><b>{name} Berg</b>, Mill Lane, 3 May 2024</p>" for name in ("Al", "Bo", "Cy")),
    "long letters, signed by name": "".join(
        f"{STORY * 4}<p>— {name} Berg, Lampton (3 May 2024)</p>" for name in ("Al", "Bo")),
    "letters with breaks": "".join(f"<p>The wall has moved again, and the council writes.<br>{name} Berg, Mill Lane, "
        "3 May 2024</p>" for name in ("Al", "Bo")),
    "letters with the name above": "<h4>Al Berg</h4><p>The wall has moved, and what now?</p><p>3 May 2024</p>" * 3,
    "a sentence with a label": "<p>2024年5月3日更新された計画によると、橋は来年まで閉鎖される。</p>",
    "a cell below the text": STORY * 4 + "<table><tr><td>30 June, 1997</td></tr></table>",
    "a title that is no date": "<a href='#' title='The 2024 harbour report 05'>Report</a>",
}  # fmt: skip


@pytest.mark.parametrize("markup", NONE.values(), ids=NONE)
def test_other_dates_are_not_the_day(markup):
    """Rather no day than that of something else."""
    assert day("", BELOW.replace("%s", markup)) is None


@pytest.mark.parametrize(
    "script",
    [
        '{"article": {"title": "The bridge is mended at last", "publishedAt": "2024-05-03T08:30:00Z"}, "related": '
        '[{"title": "A gull", "publishedAt": "2024-05-20"}, {"title": "The harbour", "publishedAt": "2024-05-21"}]}',
        '{"related": [{"title": "A gull", "publishedAt": "2024-05-20"}], "article": {"publishedAt": "2024-05-03", '
        '"title": "The bridge is mended at last"}}',
        '{"title": "The bridge is mended at last", "firstPublishedAt": 1714725000000, '
        '"latestPublishedAt": 1715725000000}',
        'JSON.parse("{\\"title\\":\\"The bridge is mended at last\\",\\"post_date\\":\\"2024-05-03T08:30:00.000Z\\"}")',
        "dataLayer = [{'publicationDate':'2024-05-03'}]",
        'dataLayer.push({"contentPublicationDate":"20240503"})',
        'var page = {publishedDate: "2024-05-03", updatedDate: "2024-05-05"}',
        'var a = {"pubDate": "Fri, 03 May 2024 08:30:00 GMT"}',
    ],
)
def test_day_in_the_data_of_scripts(script):
    """Objects with the title of the page count, else the only day that is named as that of publication."""
    found = read(f"<script>window.state = {script}</script>", H1 + STORY * 3, url=BARE, lang='lang="en"')
    assert (found.published_day, found.published_from) == (DAY, "script")


@pytest.mark.parametrize(
    "script",
    [
        '[{"publishedAt": "2024-05-03"}, {"publishedAt": "2024-05-04"}]',
        '{"buildDate": "2024-05-03", "expires": "2024-05-04"}',
        '{"created_at": "2024-05-03"}',
        '{"lastPublished": "2024-05-03"}',
    ],
)
def test_other_days_in_scripts(script):
    """Several stories, a build, the creation of something without a title."""
    assert day(f"<script>window.state = {script}</script>", H1 + STORY * 3) is None


@pytest.mark.parametrize(
    "path",
    ["/2024/may/03/bridge", "/bridge-is-mended-2024-05-03", "/bridge-20240503.html", "/t20240503_12345.html",
     "/n1/2024/0503/c1001-4023.html", "/202405/03/content_1.htm", "/2024_05_03/bridge"],
)  # fmt: skip
def test_day_in_the_address(path):
    """Addresses of systems in many countries."""
    assert [claim.value for claim in dates.in_url(page("", "", url=f"https://paper.example{path}"))] == [DAY]


@pytest.mark.parametrize("path", ["/2024/xyz/03/bridge", "/bridge-20241399.html", "/2024/05/bridge"])
def test_no_day_in_the_address(path):
    """Numbers and words that are no day."""
    assert not any(claim.value for claim in dates.in_url(page("", "", url=f"https://paper.example{path}")))


@pytest.mark.parametrize(
    "name", ["dc.issued", "publishedDate", "rnews:datePublished", "bt:pubDate", "vr:published_time", "citation_date"]
)
def test_metas_of_publication(name):
    """Names that some systems use."""
    assert day(f'<meta name="{name}" content="2024-05-03">', H1 + STORY) == DAY

"""Test what is read from a page, and the names of the reasons for reading nothing."""

import subprocess
import sys
from datetime import UTC, datetime

import pytest

from pipelines.core.items import Article, Capture, NothingToRead, Page, Rule, Source
from pipelines.extraction import extract
from pipelines.extraction.extract import read, timed_read
from pipelines.extraction.page import parse

URL = "https://paper.example/2024/05/06/bridge"
STORY = ["The council met on Monday and agreed to mend the old bridge before the winter storms.",
         "Engineers had warned in March that two of its seven piers stand on nothing but habit.",
         "The work will take nine weeks; until then the ferry carries schoolchildren free of charge."]  # fmt: skip


def html(*paragraphs: str, head: str = "", title: str = "Bridge to be mended", before: str = "") -> str:
    """Return a plain article page."""
    body = "".join(f"<p>{text}</p>" for text in paragraphs or STORY)
    top = f"<!DOCTYPE html><html><head><title>{title}</title>{head}</head>"
    return f"{top}<body>{before}<article><h1>{title}</h1>{body}</article></body></html>"


def page(body: str | bytes, content_type: str | None = "text/html", **fields) -> Page:
    """Return a page at URL."""
    return Page(URL, body.encode() if isinstance(body, str) else body, content_type, **fields)


def test_text_is_one_paragraph_a_line():
    """Without the headline and without blank lines."""
    article = read(page(html()))
    assert article.text.split("\n") == STORY
    assert (article.title, article.kind, article.url) == ("Bridge to be mended", "article", URL)
    assert article.word_count == 47


def test_list_items_quotes_and_headings_are_lines():
    """Items of a list begin with a dash."""
    more = "<h2>What it costs</h2><ul><li>Seven piers of oak</li><li>One toll house</li></ul>"
    more += "<blockquote><p>It held for longer than we did.</p></blockquote></article>"
    lines = read(page(html().replace("</article>", more))).text.split("\n")
    assert lines[3:] == ["What it costs", "- Seven piers of oak", "- One toll house", "It held for longer than we did."]


def test_text_is_nfc_and_holds_no_invisible_characters():
    """Decomposed umlauts are composed; soft hyphens, zero width and no-break spaces do not reach the archive."""
    article = read(page(html("Mu\u0308ller\u00a0kam zu\u00adru\u00adck\u200b. " + STORY[0], *STORY)))
    assert article.text.startswith("Müller kam zuruck. ")


def test_comments_are_not_in_the_text():
    """Readers' comments are not the article, however long they are."""
    comments = (
        '<div id="comments"><ol class="comment-list"><li><p>'
        + "I disagree with all of this. " * 30
        + "</p></li></ol></div>"
    )
    assert "disagree" not in read(page(html().replace("</body>", comments + "</body>"))).text


CHARSETS = {
    "utf-8 in the header": ("Käse – 5 €", "utf-8", "text/html; charset=utf-8", ""),
    "utf-8, declared iso-8859-1": ("Käse – 5 €", "utf-8", "text/html; charset=iso-8859-1", ""),
    "windows-1252, declared utf-8": ("Käse – “5 €”", "cp1252", "text/html; charset=utf-8", '<meta charset="utf-8">'),
    "windows-1251 in the header": ("Мост закрыт", "cp1251", "text/html; charset=windows-1251", ""),
    "windows-1251 by meta": ("Мост закрыт", "cp1251", "text/html", '<meta charset="windows-1251">'),
    "shift_jis by meta": (
        "橋は閉鎖された",
        "cp932",
        None,
        '<meta http-equiv="Content-Type" content="text/html; charset=Shift_JIS">',
    ),
    "iso-2022-jp by meta": ("橋は閉鎖された", "iso2022_jp", None, '<meta charset="iso-2022-jp">'),
    "gb18030 declared gb2312": ("大桥关闭维修", "gb18030", "text/html; charset=gb2312", ""),
    "utf-16 with a mark": ("Käse – 橋", "utf-16", "text/html", ""),
    "utf-16 without a mark": ("Käse – 橋", "utf-16-le", "text/html", ""),
    "utf-8 with a mark": ("Käse – 橋", "utf-8-sig", "text/html; charset=iso-8859-1", ""),
    "a charset that does not exist": ("Käse", "cp1252", "text/html; charset=klingon-1", ""),
    "nothing declared": ("Käse und Brötchen für fünf", "cp1252", None, ""),
}


@pytest.mark.parametrize(("text", "encoding", "header", "meta"), CHARSETS.values(), ids=CHARSETS)
def test_page_with_a_wrong_charset_is_decoded_by_its_bytes(text, encoding, header, meta):
    """Where the bytes contradict what is declared."""
    body = html(f"{text}. {'the bridge ' * 30}", head=meta)
    assert read(page(body.encode(encoding), header)).text.startswith(text)


def test_text_encoded_twice_is_decoded_twice():
    """UTF-8 taken for Latin-1 and encoded again is undone; accents of a page that shows no such damage stay."""
    twice = "It’s “mended” – für 5 €".encode().decode("latin-1").encode()
    story = "".join(f"<p>{text}</p>" for text in STORY).encode()
    whole = b"<html><body><article><p>" + twice + b", they said on Monday.</p>" + story + b"</article></body></html>"
    assert read(page(whole)).text.startswith("It’s “mended” – für 5 €, they said")
    right = read(page(html("Ã¤ and Â° are what such damage looks like, the sign painter explained.", *STORY)))
    assert right.text.startswith("Ã¤ and Â° are")


def test_unclosed_element_in_a_button_hides_nothing():
    """A menu button whose div is never closed does not swallow the page below it."""
    menu = '<header><button class="menu"><div class="bars"><div></button><a href="/">Home</a></header>'
    assert read(page(html(before=menu))).text.split("\n") == STORY


def test_article_set_twice_is_read_once():
    """The whole text in one piece, as some pages keep it for machines, is not a paragraph of the text."""
    places = ("hall", "mill", "yard", "inn", "port")
    story = [f"{text} That was said in the {place}." for text in STORY for place in places]
    copy = f"<div><div>{' '.join(story)}</div></div>"
    assert read(page(html(*story).replace("</article>", f"</article>{copy}"))).text.split("\n") == story


def test_charset_follows_the_language_where_none_is_declared():
    """The default of the HTML standard for the page's language is tried before statistics."""
    body = html("Мост закрыт. " * 20).replace("<html>", '<html lang="ru">')
    assert read(page(body.encode("cp1251"))).text.startswith("Мост закрыт.")


LONG = html() + " " * parse.MAX_BYTES
NOTHING = {
    "no bytes": (b"", "text/html", extract.EMPTY),
    "white space": (b" \r\n\t", "text/html", extract.EMPTY),
    "a comment only": (b"<!-- nothing -->", "text/html", extract.EMPTY),
    "png called html": (b"\x89PNG\r\n\x1a\n\x00\x00", "text/html", extract.NOT_HTML),
    "pdf called html": (b"%PDF-1.7 ...", "text/html", extract.NOT_HTML),
    "nul bytes": (b"<html>\x00\x00\x01\x02 binary", "text/html", extract.NOT_HTML),
    "json": (b'{"a": 1}', "application/json", extract.NOT_HTML),
    "json called html": (b'{"a": 1}', "text/html", extract.NOT_HTML),
    "plain text": (b"Just a text.", "text/plain", extract.NOT_HTML),
    "a feed": (b'<?xml version="1.0"?><rss version="2.0"><channel/></rss>', "text/html", extract.NOT_HTML),
    "too many bytes": (LONG.encode(), "text/html", extract.TOO_LARGE),
    "too many elements": (b"<html><body>" + b"<p>a<b>b</b>" * 60_000, "text/html", extract.TOO_LARGE),
    "far too many elements": (b"<i>" * 1_000_000, "text/html", extract.TOO_LARGE),
    "nested beyond sense": (b"<html><body>" + b"<div>" * 5000 + b"text", "text/html", extract.TOO_LARGE),
    "noise": (
        b"<html><body><p>" + bytes([1, 2, 3, 129, 141, 255, 4, 5]) * 90,
        "text/html; charset=utf-8",
        extract.UNDECODABLE,
    ),
    "two words": (b"<html><body><p>Hello there</p></body></html>", "text/html", extract.NO_TEXT),
}


@pytest.mark.parametrize(("body", "content_type", "reason"), NOTHING.values(), ids=NOTHING)
def test_page_without_an_article_has_a_named_reason(body, content_type, reason):
    """Every kind of page that is no article ends in its own named outcome, never in an exception."""
    outcome = read(page(body, content_type))
    assert isinstance(outcome, NothingToRead)
    assert outcome.reason == reason
    assert reason in extract.REASONS


def test_html_without_a_media_type_is_known_by_its_markup():
    """No Content-Type, or an octet stream: markup at the start is enough."""
    for content_type in (None, "", "application/octet-stream", "text/plain", "application/xhtml+xml"):
        assert isinstance(read(page(html(), content_type)), Article)


def test_deep_nesting_loses_nothing():
    """A page nested beyond libxml2's usual 255 is read to its end."""
    body = html().replace("<article>", "<div>" * 400 + "<article>")
    assert read(page(body)).text.split("\n") == STORY


def test_page_of_links_is_an_index_page():
    """A front page, and a page whose text is headlines that are links."""
    links = "".join(
        f'<li><a href="/{n}">Council agrees to mend bridge number {n} before the storms</a></li>' for n in range(40)
    )
    body = f"<html><head><title>News</title></head><body><h1>News</h1><ul>{links}</ul></body></html>"
    assert read(page(body)).reason == extract.INDEX
    assert read(Page("https://paper.example/", html().encode(), "text/html")).reason == extract.INDEX


def test_article_with_many_links_is_an_article():
    """What declares itself an article is one, and so is prose with links around it."""
    links = "".join(
        f'<li><a href="/{n}">Council agrees to mend bridge number {n} before the storms</a></li>' for n in range(40)
    )
    assert isinstance(read(page(html().replace("</body>", f"<ul>{links}</ul></body>"))), Article)


def test_short_text_is_an_article_only_if_declared():
    """A flash of a dozen words."""
    flash = "The old bridge over the Selby has been closed since six this morning."
    assert read(page(html(flash))).reason == extract.NO_TEXT
    assert read(page(html(flash, head='<meta property="og:type" content="article">'))).text == flash


def test_site_rule_of_the_day_of_capture_prunes():
    """A redesign is a dated rule: earlier pages are read with the earlier rule."""
    source = Source(
        "paper",
        "https://paper.example/",
        rules=(Rule("2024-06-01", ("//p[@class='a']",)), Rule(None, ("//p[@class='b']",))),
    )
    body = html().replace(
        "</article>", "<p class='a'>Old boilerplate is here.</p><p class='b'>New boilerplate is here.</p></article>"
    )

    def text(day: int) -> str:
        capture = Capture(
            1, URL, datetime(2024, day, 1, tzinfo=UTC), 200, "text/html", "f", 0, 1, "r", "response", None, None, "page"
        )
        return read(page(body, source=source, capture=capture)).text

    assert ("Old" in text(5), "New" in text(5)) == (False, True)
    assert ("Old" in text(6), "New" in text(6)) == (True, False)


def test_reading_twice_gives_the_same_article():
    """The same page gives the same article."""
    assert read(page(html())) == read(page(html()))


def test_exception_becomes_an_outcome_with_its_name(monkeypatch):
    """A bug in the extractor costs one page; running out of memory is raised to the caller."""

    def fail(_body):
        raise ValueError("no such luck")

    monkeypatch.setattr(extract, "blocks", fail)
    assert read(page(html())) == NothingToRead(extract.FAILED, "ValueError: no such luck")
    monkeypatch.setattr(extract, "blocks", lambda _body: (_ for _ in ()).throw(MemoryError))
    with pytest.raises(MemoryError):
        read(page(html()))


@pytest.mark.parametrize(("are_sure", "asked"), [(True, False), (False, True)])
def test_trafilatura_reads_only_pages_of_which_the_classifier_is_not_sure(monkeypatch, are_sure, asked):
    """It takes as long as everything else together. A page of which it reads nothing is an article all the same."""
    readings = []
    monkeypatch.setattr(extract, "_trafilatura_text", lambda _tree, fast: readings.append(fast) or "")
    monkeypatch.setattr(extract.classifier, "are_sure", lambda _page, _scores: are_sure)
    assert read(page(html())).title == "Bridge to be mended"
    assert bool(readings) is asked


def test_timed_read_returns_page_outcome_and_cpu_time():
    """In milliseconds."""
    reading = timed_read(page(html()))
    assert reading.outcome == read(page(html()))
    assert 0 <= reading.ms < 5000


def test_article_names_its_extractor():
    """Name and version of ours and of trafilatura."""
    assert read(page(html())).extractor.startswith("newsmorgue ")
    assert " (trafilatura 2." in read(page(html())).extractor


def test_importing_the_module_imports_no_trafilatura():
    """Only a process that reads pages pays for trafilatura."""
    code = "import sys, pipelines.extraction.extract; sys.exit('trafilatura' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

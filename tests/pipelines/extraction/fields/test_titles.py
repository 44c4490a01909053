"""Test which of a page's many titles is the headline, as tables of cases."""

import pytest

from pipelines.extraction.fields.titles import agree
from tests.support.page_snippets import assert_candidates_agree, ld, meta, read

TITLES = {
    "the h1 that another candidate agrees with": (
        meta("og:title", "Bridge to be mended before winter | The Paper"),
        "<h1>The Paper</h1><h1>Bridge to be mended before winter</h1>",
        "Bridge to be mended before winter",
    ),
    "json-ld before og:title": (
        ld(headline="Bridge to be mended") + meta("og:title", "You won't believe this bridge"),
        "",
        "Bridge to be mended",
    ),
    "the site's name is cut": (
        meta("og:site_name", "The Paper") + "<title>Bridge to be mended - The Paper</title>",
        "",
        "Bridge to be mended",
    ),
    "at the front too": (
        meta("og:site_name", "The Paper") + "<title>The Paper: Bridge to be mended</title>",
        "",
        "Bridge to be mended",
    ),
    "known by the host alone": ("<title>Bridge to be mended | paper.example</title>", "", "Bridge to be mended"),
    "a dash of the headline stays": ("<title>Bridge – the end of an era</title>", "", "Bridge – the end of an era"),
    "escaped twice": (
        meta("og:title", "Mayor &amp;amp; council &amp;quot;agree&amp;quot;"),
        "",
        'Mayor & council "agree"',
    ),
    "a kicker above the headline goes": (
        ld(headline="Nobody mends the old bridge"),
        "<h1>Port Selby <b>Nobody mends the old bridge</b></h1>",
        "Nobody mends the old bridge",
    ),
    "a lone h1 beats what was written for search engines": (
        ld(headline="Bridge closure: what you need to know"),
        "<h1>Nobody crosses the bridge any more</h1>",
        "Nobody crosses the bridge any more",
    ),
    "the site's name after any sign": (
        meta("og:title", "Bridge to be mended ➤ The Paper") + meta("og:site_name", "The Paper"),
        "",
        "Bridge to be mended",
    ),
    "the site's name in the midst": (
        meta("og:site_name", "The Port Paper")
        + "<title>Bridge to be mended at last - The Port Paper - Port news</title>",
        "",
        "Bridge to be mended at last",
    ),
    "the site's name and a word": (
        meta("og:site_name", "港新聞") + "<title>北桟橋、春まで閉鎖へ - 港新聞デジタル</title>",
        "",
        "北桟橋、春まで閉鎖へ",
    ),
    "arithmetic is no separator": (meta("og:title", "Bridge + tower = The Paper"), "", "Bridge + tower = The Paper"),
    "a line that is half of <title>": (
        "<title>Quill Herald - Bridge to be mended</title>",
        "<font size=5><b>Bridge to be mended</b></font>",
        "Bridge to be mended",
    ),
    "a blog's name in h1, the story in h3": (
        "<title>Bridge to be mended before winter | Quill and Ink</title>",
        "<h1>Quill and Ink</h1><h3>Bridge to be mended before winter</h3>",
        "Bridge to be mended before winter",
    ),
    "an author after a dash": (
        "<title>Bridge to be mended - Mara Quill</title>" + '<meta name="author" content="Mara Quill">',
        "<h1>Bridge to be mended - Mara Quill</h1>",
        "Bridge to be mended",
    ),
    "quotation marks escaped twice": ("", "<h1>Fenn: &amp;laquo;mend&amp;raquo; it now</h1>", "Fenn: «mend» it now"),
    "nothing": ("", "", None),
    "the name is cut where it holds a separator itself": (
        meta("og:site_name", "Bridges - The Port Paper") + "<title>Nobody mends it - Bridges - The Port Paper</title>",
        "",
        "Nobody mends it",
    ),
    "the name that the logo alone tells": (
        "<title>Nobody mends it » Port Selby Notes</title>",
        '<h1><a href="https://paper.example/">Port Selby Notes</a></h1><h2><a href="#">Nobody mends it</a></h2>',
        "Nobody mends it",
    ),
    "a section before the name": (
        meta("og:site_name", "The Paper") + "<title>Nobody mends it | Local | The Paper</title>",
        "<h1>Nobody mends it</h1>",
        "Nobody mends it",
    ),
    "social headline": (
        meta("og:title", "This bridge will make you cry") + ld(headline="Nobody mends the old bridge"),
        "<h1>Nobody mends the old bridge</h1>",
        "Nobody mends the old bridge",
    ),
    "a kicker that is marked": (
        meta("og:title", "Council fails again: Nobody mends it"),
        '<h1><span class="kicker">Port Selby</span> <span>Nobody mends it</span></h1>',
        "Nobody mends it",
    ),
    "a kicker that is declared belongs to the headline": (
        ld(headline="Port Selby: Nobody mends the old bridge"),
        '<h1><span class="overline">Port Selby</span> <span>Nobody mends the old bridge</span></h1>',
        "Port Selby: Nobody mends the old bridge",
    ),
    "a kicker in running text stays": (
        meta("og:title", "Row in Port Selby: Nobody mends it | paper.example"),
        "<h1>Row in Port Selby: Nobody mends it</h1>",
        "Row in Port Selby: Nobody mends it",
    ),
    "a subtitle, a date and words for screen readers": (
        meta("og:title", "Nobody mends it"),
        '<h1><time>6.5.2024</time>Nobody mends it<small>A visit</small><span class="sr-only"> | Paper</span></h1>',
        "Nobody mends it",
    ),
    "a date before the headline": (
        "<title>06.05.2024 - Nobody mends it - paper.example</title>",
        "<h1>06.05.2024 - Nobody mends it</h1>",
        "Nobody mends it",
    ),
    "the mark after a kicker without space": (
        ld(headline="x") + meta("og:title", "Row: Nobody mends it now"),
        "<h1><b>Row</b>: <span>Nobody mends it now</span></h1>",
        "Row: Nobody mends it now",
    ),
    "a breadcrumb trail that ends in an h1": (
        ld(headline="Bridge closed: all you need to know") + meta("og:title", "Nobody crosses the bridge"),
        "<nav><ol><li><h1>Bridge closed: all you need to know</h1></li></ol></nav>"
        "<article><header><h2>Nobody crosses the bridge</h2></header></article>",
        "Nobody crosses the bridge",
    ),
    "an h2 in the article's header, where the h1 ends a trail": (
        "<title>Port Selby's old bridge: all you need to know</title>",
        "<nav><h1>Port Selby's old bridge: all you need to know</h1></nav>"
        "<article><header><h2>Nobody crosses the bridge of Selby</h2></header><h2>Old bridge, new plan</h2></article>",
        "Nobody crosses the bridge of Selby",
    ),
    "the mark between kicker and headline goes with the kicker": (
        "<title>Port Selby: Nobody mends it</title>",
        '<h1><span class="kicker">Port Selby</span><span>: </span><span>Nobody mends it</span></h1>',
        "Nobody mends it",
    ),
    "a subtitle that <title> has too": (
        "<title>The bridge in winter: When it closes and why</title>",
        '<h1>The bridge in winter <span class="subtitle">When it closes and why</span></h1>',
        "The bridge in winter: When it closes and why",
    ),
    "an h2 of another story is no headline": (
        meta("og:title", "Nobody crosses the bridge"),
        '<h2><a href="/other">Mayor resigns after row</a></h2>',
        "Nobody crosses the bridge",
    ),
    "no h1, but an element named for the headline": (
        "<title>Nobody crosses the bridge – Port Selby, England – The Paper</title>",
        '<h2>Menu and more</h2><div class="entry-title">Nobody crosses the bridge</div>',
        "Nobody crosses the bridge",
    ),
    "cut off at a quotation mark": (
        '<meta property="og:title" content="The mayor calls it "a shame""><title>The mayor calls it "a shame"</title>',
        "",
        'The mayor calls it "a shame"',
    ),
    "a page that is called after its breadcrumbs": (
        meta("og:title", "This bridge will make you cry"),
        '<div class="with-breadcrumbs"><h1>Nobody mends the old bridge</h1>'
        + "<p>The bridge is old. </p>" * 40
        + "</div>",
        "Nobody mends the old bridge",
    ),
    "a link inside the headline": (
        meta("og:title", "This bridge will make you cry"),
        '<h1>Nobody mends <a href="/topics/bridge">the bridge</a> in Port Selby</h1>',
        "Nobody mends the bridge in Port Selby",
    ),
    "the site's name as h1, known from <title> alone": (
        "<title>Nobody mends the old bridge | Notes of a Walker</title>",
        "<h1>Notes of a Walker</h1><h2>Nobody mends the old bridge</h2>",
        "Nobody mends the old bridge",
    ),
    "cut short": (
        meta("og:title", "Nobody mends the old bridge in…")
        + "<title>Nobody mends the old bridge in Port Selby</title>",
        "",
        "Nobody mends the old bridge in Port Selby",
    ),
    "several h1": (
        "<title>Nobody mends it – The Paper</title>",
        '<h1 class="site-title">The Paper</h1><h1>Nobody mends it</h1><h1><a href="/more">Most read</a></h1>',
        "Nobody mends it",
    ),
    "the same h1 twice, for two widths": (
        "<title>All about bridges | Learning Centre</title>",
        "<h1>Setting up a bridge</h1><div><h1>Setting up a bridge</h1></div>",
        "Setting up a bridge",
    ),
    "a standfirst set as h1": (
        ld(headline="Nobody mends it"),
        "<h1>" + "The bridge is old. " * 20 + "</h1>",
        "Nobody mends it",
    ),
    "markup that is meant to be read": (
        "<title>Thirty years of tags</title>",
        "<h1>Thirty years of &lt;br&gt; tags</h1>",
        "Thirty years of <br> tags",
    ),
    "japanese": (
        meta("og:site_name", "港新聞") + "<title>古い橋の修理が始まる｜港新聞</title>",
        "<h1>港新聞</h1>",
        "古い橋の修理が始まる",
    ),
    "chinese, agreed": (
        meta("og:title", "老桥终于开始维修_港口报"),
        '<h1 class="logo">港口报</h1><h1>老桥终于开始维修</h1>',
        "老桥终于开始维修",
    ),
    "a site that the host names in short": (
        "<title>Nobody mends the old bridge | Paper of Port Selby</title>",
        "",
        "Nobody mends the old bridge",
    ),
    "a bar that is no stroke": (
        "<title>Nobody mends the old bridge │ Bay Market</title>",
        "",
        "Nobody mends the old bridge",
    ),
    "a heart within the name of the site": (
        meta("og:site_name", "Sheepo") + "<title>Magic cleaning | Sheepo ♥ Magazine</title>",
        "",
        "Magic cleaning",
    ),
    "a middle dot before the host": ("<title>Nobody mends it now · paper.example</title>", "", "Nobody mends it now"),
    "initials of the site are its host": (
        "<link rel=canonical href='https://pshb.example/x'><title>The bridge | Port Selby Harbour Board e.V.</title>",
        "",
        "The bridge",
    ),
    "a bar within the headline, which is declared": (
        meta("og:title", "12 tools | Python, SQL and AI") + "<title>12 tools | Python, SQL and AI</title>",
        "",
        "12 tools | Python, SQL and AI",
    ),
    "a quotation mark at the end is no separator": (
        meta("og:title", "«Nobody mends the old bridge»"),
        "<h1>«Nobody mends the old bridge»</h1>",
        "«Nobody mends the old bridge»",
    ),
    "a blog's name as h1, between colons at the end of every title": (
        meta("og:title", "Maple camp in autumn (2) @ Steven blue :: Bay Blogs ::")
        + "<title>Maple camp in autumn (2) @ Steven blue :: Bay Blogs ::</title>",
        "<h1>Bay Blogs</h1><h2>Maple camp in autumn (2)</h2>",
        "Maple camp in autumn (2)",
    ),
    "a host as h1, and the headline in an h6": (
        "<title>energy.example | Gas prices</title>",
        '<h1>energy.example</h1><h6 class="headline">Energy crisis: help and rights at a glance</h6>',
        "Energy crisis: help and rights at a glance",
    ),
    "a blog's name as h1, and the story's is declared alone": (
        meta("og:title", "Nobody mends the old bridge") + "<title>Nobody mends the old bridge – Notes of Ann</title>",
        "<h1>Notes of Ann</h1><h3>Nobody mends the old bridge</h3>",
        "Nobody mends the old bridge",
    ),
    "nothing but the site's name is declared": (
        meta("og:site_name", "ICONA Magazine") + meta("og:title", "ICONA Magazine") + "<title>ICONA</title>",
        '<h1><a href="/">ICONA Magazine</a></h1><h3>Before and after</h3><p>' + "The house is old. " * 9 + "</p>",
        "Before and after",
    ),
    "nothing but the site's name is there at all": (meta("og:title", "paper.example"), "", "paper.example"),
    "a mark that is an element of its own": (
        meta("og:title", "Arms exports to the north: Court case filed"),
        "<h1><span>Arms exports to the north</span> <span>:</span> <span>Court case filed</span></h1>",
        "Arms exports to the north: Court case filed",
    ),
    "a kicker without a mark, declared with one": (
        ld(headline="Collapse of the bay bank: Central bank admits failures"),
        '<h1><span class="block">Collapse of the bay bank</span> <span>Central bank admits failures</span></h1>',
        "Collapse of the bay bank: Central bank admits failures",
    ),
    "the author in an element of the h1": (
        meta("og:title", "Nobody mends the old bridge (video)"),
        "<h1>Nobody mends the old bridge <span>Senior editor Mara Quill</span></h1>",
        "Nobody mends the old bridge",
    ),
    "the author in an element, Japanese": (
        meta("og:title", "米朝首脳直通電話 習氏に挑む戦術の成否 （写真＝ロイター）"),
        "<h1>米朝首脳直通電話 習氏に挑む戦術の成否 <span>編集委員 中沢克二</span></h1>",
        "米朝首脳直通電話 習氏に挑む戦術の成否",
    ),
    "the author in the words of the h1": (
        meta("og:title", "Nobody mends the old bridge") + meta("author", "Mara Quill"),
        "<h1>Nobody mends the old bridge, by Mara Quill</h1>",
        "Nobody mends the old bridge",
    ),
    "a headline that ends with the author's name": (
        meta("og:title", "A bridge too far") + meta("author", "Mara Quill"),
        "<h1>Nobody has mended as many bridges as Mara Quill</h1>",
        "Nobody has mended as many bridges as Mara Quill",
    ),
    "escaped twice, printed": (
        meta("og:title", "Bridges, boats &amp; trains"),
        "<h1>Bridges, boats &amp;#x26; trains</h1>",
        "Bridges, boats & trains",
    ),
    "escaped twice, printed, by number and name": (
        "",
        "<h1>The mayor&amp;rsquo;s bridge &amp;amp; the caf&amp;eacute;</h1>",
        "The mayor’s bridge & the café",
    ),
    "a site that is called like its article": (
        meta("og:site_name", "Nobody mends the old bridge") + "<title>The Paper | Nobody mends the old bridge</title>",
        "<h1>Nobody mends the old bridge</h1>",
        "Nobody mends the old bridge",
    ),
    "a headline that no tag marks, after the paper's name and a colon": (
        "<title>Mill Paper: The old mill is sold</title>",
        "<font size=5><b>The old mill is sold</b></font><br><i>By Mara Quill, 5 March 2004</i>",
        "The old mill is sold",
    ),
}


@pytest.mark.parametrize(("head", "body", "title"), TITLES.values(), ids=TITLES)
def test_title_is_the_headline_as_printed(head, body, title):
    """Where anything else confirms it."""
    assert read(head, body).title == title


def test_title_names_its_source():
    """A title names its source."""
    assert read(meta("og:title", "Nobody mends it"), "<h1>Nobody mends it</h1>").found_in["title"] == "h1"
    assert read(meta("og:title", "Nobody mends it")).found_in["title"] == "meta og:title"
    assert read(hint={"title": "Nobody mends it"}).found_in["title"] == "feed title"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Nobody mends it", "nobody  mends it!", True),
        ("Nobody mends the old bridge", "Nobody mends the old bridge in winter", True),
        ("Nobody mends the old bridge", "The mayor resigns", False),
        ("News", "News of the world", False),
        ("", "", False),
    ],
)
def test_headlines_agree_if_one_holds_nearly_all_words_of_the_other(one, other, same):
    """One word is not enough."""
    assert agree(one, other) is same


@pytest.mark.parametrize(("head", "body"), [(head, body) for head, body, _ in TITLES.values()], ids=TITLES)
def test_candidates_of_titles_agree_with_what_is_read(head, body):
    """Exactly one candidate is chosen, the one that `read` returns."""
    assert_candidates_agree(head, body)

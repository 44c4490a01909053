"""Test a source's own rules: which one holds, what selectors find, and that the user's word wins."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from lxml import html

from pipelines.core.items import Article, Capture, Page, Rule, Source
from pipelines.extraction import site_rules
from pipelines.extraction.extract import read

SEEN = datetime(2026, 3, 1, 12, tzinfo=UTC)
STORY = (
    "The harbour board met on Monday and agreed to buy back the old pier before winter.",
    "It had been sold nine years ago to a company that kept seals in it, and then kept nothing in it.",
    "The mayor said that the seals would be asked, and that their answer would be printed here.",
)
PAGE = f"""<!DOCTYPE html><html lang="en"><head><title>Pier bought back | The Gazette</title>
<meta property="og:title" content="What declared metadata says of the pier"><meta property="og:type" content="article">
<meta name="author" content="Wrong Person"><meta name="desk" content="Harbour desk">
<meta property="article:published_time" content="2026-01-05"></head><body>
<div class="top"><h1 class="headline">Pier bought back <b>at last</b></h1>
<p class="by">By <span>Mara Ellison</span> and <span>Tom Okafor</span></p>
<span class="when" title="2026-02-03T09:30:00+01:00">on Tuesday</span>
<time class="upd" datetime="2026-02-04">today</time>
<img class="lead" src="/pier.jpg"><ul class="words"><li>Harbour</li><li>seals, Seals, pier</li></ul></div>
<div id="story" class="story"><p>{STORY[0]}</p>
<div class="promo">Buy our calendar of piers, in four colours.</div>
<p>{STORY[1]}</p><p>{STORY[2]}</p></div>
<div class="tail"><p>Our reporters have written about the harbour since it was a beach, and they go on.</p></div>
</body></html>"""


def tree(text=PAGE):
    return html.document_fromstring(text)


def page(rules, day="2026-03-01", text=PAGE):
    """Return the page as captured on a day, of a source with these rules."""
    time = datetime.fromisoformat(f"{day}T12:00:00+00:00")
    url = "https://gazette.example/pier"
    capture = Capture(None, url, time, 200, "text/html", "a", 0, 0, "", "response", None, None, "article")
    source = Source("gazette", "https://gazette.example/", rules=tuple(rules))
    return Page(url, text.encode(), "text/html; charset=utf-8", capture, source)


def article(*rules, **about):
    found = read(page(rules, **about))
    assert isinstance(found, Article), found
    return found


# which one holds


@pytest.mark.parametrize(
    ("day", "until"),
    [
        ("2000-01-01", "2023-07-10"),
        ("2023-07-09", "2023-07-10"),
        ("2023-07-10", "2025-01-01"),
        ("2024-12-31", "2025-01-01"),
        ("2025-01-01", None),
        ("2030-01-01", None),
    ],
)
def test_day_of_capture_chooses_the_rule(day, until):
    """`until` is the first day on which a rule no longer holds."""
    source = Source("x", "https://x.example/", rules=(Rule("2023-07-10"), Rule("2025-01-01"), Rule(None)))
    assert site_rules.rule_on(source, day) == Rule(until)


def test_no_rule_holds_after_the_last_until_or_without_a_source():
    """A page of no source has no rule."""
    assert site_rules.rule_on(Source("x", "https://x.example/", rules=(Rule("2023-07-10"),)), "2023-07-10") is None
    assert site_rules.rule_on(None, "2023-07-10") is None


def test_page_is_read_by_the_rule_of_its_day():
    """Not by today's: an old capture has the old design."""
    first, second = "#story p:nth-of-type(1)", "#story p:nth-of-type(2)"
    old, new = Rule("2026-02-01", (first,)), Rule(None, (second,))
    before, after = article(old, new, day="2026-01-31"), article(old, new, day="2026-02-01")
    assert (STORY[0] in before.text, STORY[1] in before.text) == (False, True)
    assert (STORY[0] in after.text, STORY[1] in after.text) == (True, False)


# selectors


@pytest.mark.parametrize(
    "selector",
    [".promo", "div.promo", "#story > .promo", "#story :not(p)", "div:has(> .x), .promo", "//div[@class='promo']",
     ".//div[@class='promo']",
     "(//div[@class='promo'])[1]", "  //div[@class='promo']", "//div[re:test(@class, '^pro')]"],
)  # fmt: skip
def test_block_selector_is_xpath_or_css(selector):
    """They are distinguished by their beginning."""
    whole = tree()
    gone = [fate for _, fate in site_rules.prune(whole, Rule(prune=(selector,)))]
    assert [(fate.text, fate.place, fate.rule) for fate in gone] == [
        ("Buy our calendar of piers, in four colours.", "div#story > div.promo", selector)
    ]
    assert "calendar" not in whole.text_content()
    assert STORY[1] in whole.text_content()


@pytest.mark.parametrize(
    ("selector", "said"),
    [
        ("//a[", "is not an XPath expression (Invalid expression)"),
        ("//div[ends-with(@class, 'x')]", "XPath 1.0 has no function ends-with()"),
        ("//svg:a", "is not an XPath expression (Undefined namespace prefix)"),
        ("//a\0", "is not an XPath expression"),
        ("div[", "is not a CSS selector (Expected"),
        ("", "is not a CSS selector (Expected"),
        ("p::before", "::before is neither ::text nor ::attr(NAME)"),
        ("a::attr(1)", "::attr is neither"),
        ("string(//h1)", "an XPath begins with / or ./ or ("),
        ("div > @class", "an XPath begins with"),
        ("(count(//a))", "gives a number"),
        ("//a/@href", "selects text or an attribute"),
        ("//p | //h1/text()", "selects text or an attribute"),
        ("(//h1/text())[1]", "selects text or an attribute"),
        ("(string(//h1))", "selects text or an attribute"),
        ("h1, a::attr(href)", "selects text or an attribute"),
    ],
)
def test_invalid_selector_is_refused_with_the_reason(selector, said):
    """Before any page is read."""
    with pytest.raises(ValueError, match=re.escape(said)):
        site_rules.check(selector, of_elements=True)


@pytest.mark.parametrize(
    "selector", ["//a/@href", "(//h1/text())[1]", "(string(//h1))", "h1, a::attr(href)", "h1::text"]
)
def test_field_selector_may_give_text(selector):
    """A block selector may not."""
    site_rules.check(selector, of_elements=False)


@pytest.mark.parametrize("selector", ["//a[@title='a::b']", "a[title='::text']", "//a[contains(., 'ends-with(')]"])
def test_quoted_text_in_a_selector_is_no_syntax(selector):
    """A selector may look for anything."""
    site_rules.check(selector, of_elements=True)


def test_invalid_selector_of_an_unchecked_source_is_skipped():
    """Sources built by hand were never checked."""
    rule = Rule(None, ("//div[", "div[", ".promo"), ("//div[",), (("title", "h1["),))
    found = article(rule)
    assert "calendar" not in found.text
    assert STORY[0] in found.text


@pytest.mark.parametrize("selector", ["//html", "body", "head", "//*"])
def test_rule_that_removes_everything_leaves_a_page(selector):
    """Without text, but not broken."""
    assert read(page([Rule(None, (selector,))])).__class__.__name__ in ("Article", "NothingToRead")


# body


def test_text_is_that_of_the_body_selector():
    """Whatever the block is called: the user's word outranks a name like "sidebar related"."""
    text = PAGE.replace('class="story"', 'class="sidebar related"')
    found = article(Rule(None, (".promo",), ("#story",)), text=text)
    assert found.text.split("\n") == list(STORY)


def test_body_may_be_several_blocks_in_page_order():
    """Whatever the order of the selectors; a block within a block counts once."""
    whole = tree()
    rule = Rule(body=(".tail", "#story", "//div[@id='story']/p[1]"))
    assert [element.get("class") for element in site_rules.body(whole, rule)] == ["story", "tail"]
    found = article(replace(rule, prune=(".promo",)))
    assert found.text.split("\n")[:3] == list(STORY)
    assert "beach" in found.text


def test_body_selector_that_finds_nothing_changes_nothing():
    """The page is read as any page."""
    assert site_rules.body(tree(), Rule(body=(".gone", "//section"))) == []
    assert article(Rule(None, (), (".gone",))).text == article().text


def test_text_outside_the_body_stays_whole():
    """Words around a part of a line stay where they were, and are in no article."""
    whole = tree("<html><body class=x><p>Before <b class=y>the pier</b> behind</p><p>Foot</p></body></html>")
    rest = site_rules.keep_only(whole, site_rules.body(whole, Rule(body=("b",))))
    assert rest.text_content() == "Before  behindFoot"
    (body,) = whole.iter("body")
    assert html.tostring(body) == b'<body class="x"><article><b>the pier</b></article></body>'
    assert site_rules.keep_only(whole, []) is None


# fields

FIELDS = (
    ("title", "h1.headline"),
    ("authors", ".by"),
    ("published", "span.when::attr(title)"),
    ("modified", "time.upd"),
    ("section", "//meta[@name='desk']"),
    ("tags", "ul.words li"),
    ("image", "img.lead"),
    ("language", "/html/@lang"),
    ("description", ".tail p::text"),
)


def test_field_of_a_rule_outranks_what_the_page_declares():
    """It is read as any candidate is: names parsed, dates in ISO 8601, addresses absolute."""
    found = article(Rule(fields=FIELDS))
    assert found.title == "Pier bought back at last"
    assert (found.authors, found.byline) == (("Mara Ellison", "Tom Okafor"), "By Mara Ellison and Tom Okafor")
    assert (found.published, found.published_raw, found.published_from) == (
        "2026-02-03T09:30:00+01:00", "2026-02-03T09:30:00+01:00", "site rule")  # fmt: skip
    assert (found.modified, found.modified_from) == ("2026-02-04", "site rule")
    assert (found.section, found.language) == ("Harbour desk", "en")
    assert found.tags == ("Harbour", "Seals", "pier")
    assert found.image == "https://gazette.example/pier.jpg"
    assert found.description.startswith("Our reporters")
    assert found.found_in == dict.fromkeys(site_rules.FIELDS, "site rule") | {"language_declared": "html lang"}


def test_field_is_found_in_a_block_that_is_removed():
    """Fields are looked for before anything is cut."""
    found = article(Rule(None, (".top",), ("#story",), FIELDS))
    assert found.title == "Pier bought back at last"


def test_first_selector_that_finds_something_wins():
    """The others are still reported, for --explain."""
    rule = Rule(fields=(("title", ".gone"), ("title", "h1"), ("title", "title"), ("published", "h1")))
    values, candidates = site_rules.overrides(tree(), rule, SEEN)
    assert values == {"title": "Pier bought back at last"}
    assert [(one.value, one.chosen, one.why) for one in candidates["title"]] == [
        (None, False, ".gone finds nothing"),
        ("Pier bought back at last", True, "the source's own rule: h1"),
        ("Pier bought back | The Gazette", False, ""),
    ]
    assert [(one.source, one.raw, one.why) for one in candidates["published"]] == [
        ("site rule", "Pier bought back at last", "h1 finds no possible value")
    ]
    assert [one.raw for one in candidates["title"]] == [
        "",
        "Pier bought back at last",
        "Pier bought back | The Gazette",
    ]


def test_impossible_value_leaves_the_field_to_other_candidates():
    """A day in the far future, a byline without a name."""
    found = article(Rule(fields=(("published", "//p"), ("authors", "//meta[@name='desk']"), ("image", "//p"))))
    assert (found.published, found.authors) == ("2026-01-05", ("Mara Ellison", "Tom Okafor"))


def test_name_of_the_paper_is_cut_from_a_title_of_a_rule():
    """<title> is a fine place to find a headline."""
    text = PAGE.replace("<head>", '<head><meta property="og:site_name" content="The Gazette">')
    assert article(Rule(fields=(("title", "title"),)), text=text).title == "Pier bought back"


def test_names_in_two_elements_are_two_authors():
    """One name in two elements is one."""

    def authors(markup):
        return site_rules.overrides(tree(f"<p class=b>{markup}</p>"), Rule(fields=(("authors", ".b"),)), SEEN)[0][
            "authors"
        ]

    assert authors("<a>Mara Ellison</a><a>Tom Okafor</a>") == ("Mara Ellison", "Tom Okafor")
    assert authors("<i>Mara</i><b>Ellison</b>") == ("Mara Ellison",)


def test_name_of_the_outlet_is_no_author():
    """The reader of bylines gets the names of outlets."""
    rule = Rule(fields=(("authors", "p"),))
    assert site_rules.overrides(tree("<p>Harbour Gazette, Mara Ellison</p>"), rule, SEEN, "", ["Harbour Gazette"])[0][
        "authors"
    ] == ("Mara Ellison",)


HEAVY_SELECTORS = {
    "a chain of predicates": "//a" + "[@b]" * 2000,
    "spaces": "/" + " " * 2000 + "x",
    "nested predicates": "//*[" * 30 + "1" + "]" * 30,
    "nested in CSS": ":is(:not(" * 300 + "a" + "))" * 300,
    "a pattern that goes back": "//p[re:test('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!', '(?=a)(a+)+$')]",
    "a pattern that is large": "//p[re:test(., '(?:(?:a{500}){500}){500}')]",
}


@pytest.mark.parametrize("selector", HEAVY_SELECTORS.values(), ids=HEAVY_SELECTORS)
def test_selector_that_could_run_for_ever_is_refused(selector):
    """Before it is run for the first time."""
    with pytest.raises(ValueError, match=r"."):
        site_rules.check(selector, of_elements=True)


@pytest.mark.parametrize("size", [10, 100, 240])
def test_end_of_a_selector_is_read_once(size):
    """What a selector ends in is found in time that grows with its length: its predicates are read from the end."""
    read = []

    class Path(str):
        def __getitem__(self, at):
            read.append(at)
            return Path(str.__getitem__(self, at))

        def rstrip(self, *signs):
            return Path(str.rstrip(self, *signs))

    path = Path("//a" + "[1]" * size)
    assert site_rules._without_predicates(path) == "//a"
    assert len(read) <= 3 * len(path)


@pytest.mark.parametrize(
    ("selector", "is_text"),
    [
        ("//a/@href", True), ("//h1/text()", True), ("(//h1/text())[1]", True), ("//a[@b[c]]/text()", True),
        ("//a/attribute::href[. != '']", True), ("//a[@href]", False), ("//a[text()]", False), ("(//a[@x])[1]", False),
        ("//a | //b/@c", True), ("//a/@*[contains(., ']')] ", True), ("//a[1]]", False), ("]", False),
    ],
)  # fmt: skip
def test_selector_ends_in_text_or_in_an_element(selector, is_text):
    """Whatever stands in its predicates."""
    assert site_rules.selects_text(selector) == (is_text and selector[0] in "/(.")


def test_regular_expressions_of_xpath_are_those_of_exslt():
    """test, match and replace, with their flags."""
    page = html.document_fromstring("<body><p id='a'>Foo 12 foo</p><p id='b'>bar</p></body>")
    assert site_rules.compiled("//p[re:test(., '^foo', 'i')]/@id")(page) == ["a"]
    assert [one.text for one in site_rules.compiled("(re:match(//p, '[a-z]+', 'gi'))")(page)] == ["Foo", "foo"]
    assert [one.text for one in site_rules.compiled("(re:match(//p, '(\\d)(\\d)', ''))")(page)] == ["12", "1", "2"]
    assert site_rules.compiled("(re:replace(//p, 'o', 'g', '0'))")(page) == "F00 12 f00"

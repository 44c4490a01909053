"""Settings: what is understood, and what is said about the rest."""

from __future__ import annotations

import os
import re
import tomllib

import pytest

from crawler.config.archive_folder import ArchiveFolder
from crawler.config.intervals import LISTING_INTERVALS, ListingIntervals
from crawler.config.models import (
    CrawlSettings,
    Politeness,
    Settings,
    SourceConfig,
    load,
)
from crawler.config.reference import settings_file, source_file
from crawler.config.rule_settings import RuleFields
from pipelines.core.errors import ConfigError, NotFound
from pipelines.core.items import Rule, Source
from pipelines.extraction import site_rules


@pytest.fixture
def archive(tmp_path):
    """Settings as bare as they may be."""
    (tmp_path / "morgue.toml").write_text("")
    (tmp_path / "sources").mkdir()
    return ArchiveFolder(tmp_path)


def source(archive, text, name="paper"):
    (archive.sources / f"{name}.toml").write_text(text)


RULE = 'url = "https://x.org"\n[[rule]]\n'


def complaint(archive, *overrides):
    with pytest.raises(ConfigError) as caught:
        load(archive, overrides)
    assert caught.value.exit_code == 2
    return str(caught.value)


def uncommented(text):
    """Return a file of ours with every setting switched on."""
    return re.sub(r"^#(?=[\w\[])", "", text, flags=re.MULTILINE)


def test_file_that_is_no_toml_is_one_mistake(archive):
    """Its keys are not reported as missing; the cure is one for that file."""
    source(archive, 'url = "https://x.org"\nfeeds = ["https://x.org/feed.xml"')
    assert complaint(archive).splitlines() == [
        "sources/paper.toml: is not TOML: Unclosed array (at end of document)",
        "  TOML needs quotes around text, one key = value per line, and a ] for each [: "
        'feeds = ["https://paper.example/feed.xml"]',
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[crawl]\nallow_private_ips = yes\n", "say allow_private_ips = true or allow_private_ips = false"),
        ("[crawl]\nallow_private_ips = False # no\n", "say allow_private_ips = true or allow_private_ips = false"),
        ("[crawl]\ndelay = 1\n\ndelay = 2\n", "line 4: delay is there twice\n  delete one of the two lines"),
        ("[crawl]\ndelay = 1\n[crawl]\n", "line 3: [crawl] is there twice\n  join the two under one header"),
    ],
)
def test_common_mistake_of_toml_has_a_cure_of_its_own(archive, text, said):
    """Not the one for missing quotes."""
    (archive.path / "morgue.toml").write_text(text)
    assert said in complaint(archive)


def test_empty_file_means_the_defaults(archive):
    """Every key has one."""
    config = load(archive)
    assert config.crawl == CrawlSettings()
    assert (config.every.feed, config.every.min, config.every.max) == ("adaptive", 300, 86_400)
    assert config.record.rotate == 1_000_000_000
    assert config.crawl.recheck[:2] == (3600, 10_800)
    assert config.sources == {}


def test_file_written_by_init_means_the_defaults(archive):
    """Removing every # changes nothing: the values in it are the defaults."""
    archive.settings.write_text(settings_file())
    assert load(archive).crawl == CrawlSettings()
    text = uncommented(settings_file())
    archive.settings.write_text(text)
    assert load(archive).crawl == CrawlSettings()
    tables = tomllib.loads(text)
    assert {name: set(values) for name, values in tables.items()} == {
        name: set(field.annotation.model_fields) for name, field in Settings.model_fields.items()
    }


def test_template_of_a_source_is_valid(archive):
    """With every # removed it is valid and names every key."""
    text = uncommented(source_file())
    source(archive, text)
    assert load(archive).sources["paper"].url == "https://paper.example/"
    values = tomllib.loads(text)
    assert set(values) == set(SourceConfig.model_fields) - {"name"}
    assert set(values["crawl"]) == set(Politeness.model_fields)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            '[crawl]\ndelay = "fast"',
            'morgue.toml: [crawl] delay: "fast" is not a number of seconds\n  say e.g. delay = 5.0',
        ),
        ("[crawl]\ndealy = 3", "morgue.toml: [crawl] dealy: unknown key\n  did you mean delay?"),
        ("delay = 3", "morgue.toml: delay: unknown key\n  it belongs in [crawl]"),
        ("[crwl]\ndelay = 3", "morgue.toml: crwl: unknown table\n  did you mean crawl?"),
        ("crawl = 3", "morgue.toml: crawl: 3 is not a table\n  say [crawl]"),
        ("[crawl]\nrobots = 1", "[crawl] robots: 1 is not true or false\n  say e.g. robots = true"),
        ("[crawl]\njitter = 2", "[crawl] jitter: 2 is not a number from 0 to 1"),
        ("[crawl]\nconcurrency = 0", "[crawl] concurrency: 0 is not a whole number of at least 1"),
        ("[crawl]\nconcurrency = true", "[crawl] concurrency: true is not a whole number"),
        ("[crawl]\ndelay = nan", "[crawl] delay: nan is not a number of seconds"),
        ("[crawl]\ntimeout = 0", "[crawl] timeout: 0 is too small: it must be above zero"),
        ('[crawl]\nrecheck = ["soon"]', '[crawl] recheck: "soon" is not a duration'),
        ('[crawl]\nrecheck = "1d"', '[crawl] recheck: "1d" is not a list of durations'),
        ('[crawl]\nproxy = "socks5://localhost:1"', "is not the http:// URL of a proxy"),
        ('[crawl]\nsource_address = "here"', 'source_address: "here" is not an IP address'),
        ('[crawl]\nsource_address = "::1, ::2"', "names two addresses of IPv6"),
        ('[crawl]\nsource_address = "0.0.0.0"', "is not the address of a machine"),
        ('[crawl]\nuser_agent = "a\\nb"', "is not one line of plain ASCII text"),
        ('[record]\nrotate = "1 zb"', '[record] rotate: "1 zb" is not a size\n  say e.g. rotate = "500MB"'),
        ("[record]\ncompression = 10", "compression: 10 is not a whole number from 1 to 9"),
        ('[record]\nchunked_payload_digest = "x"', '"x" is not one of omit, entity, stored'),
        (
            '[extract]\ncomments = "keep"',
            'morgue.toml: [extract] comments: "keep" is not one of drop, separate\n  say e.g. comments = "separate"',
        ),
        ("[extract]\ncomments = true", "[extract] comments: true is not one of drop, separate"),
        ('[operator]\ncontact = "me"', '[operator] contact: "me" is not a mail address or URL'),
        ('[operator]\ncontact = "me@x.org)"', "is not a mail address or URL"),
        ("[crawl]\ndelay = 3,\n", "morgue.toml: line 2: "),
        ("[crawl\n", "morgue.toml: line 1: "),
        ("x = " + "[" * 5000, "morgue.toml: is "),
        ("x = " + "9" * 5000, "morgue.toml: is not TOML"),
    ],
)
def test_mistake_names_file_key_and_cure(archive, text, said):
    """The reader knows where to look and what to write instead."""
    archive.settings.write_text(text)
    assert said in complaint(archive)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", 'sources/paper.toml: url: is missing\n  say e.g. url = "https://paper.example/"'),
        ('url = "paper.example"', 'url: "paper.example" is not a web address'),
        ('url = "https://x.org:port/"', "is not a web address"),
        ('url = "https://x.org"\ninclude = ["("]', 'include: "(" is not a regular expression of RE2 (missing )'),
        ('url = "https://x.org"\nevery = "often"', '[every] feed: "often" is not a duration'),
        ('url = "https://x.org"\nsites = "all"', 'sites: "all" is neither a list of domains nor "any"'),
        ('url = "https://x.org"\nsites = ["http://y.org/"]', 'sites: "http://y.org/" is not a domain'),
        ('url = "https://x.org"\nname = "y"', "sources/paper.toml: name: unknown key"),
        (
            'url = "https://x.org"\n[crawl]\ntimeout = 3',
            "[crawl] timeout: holds for the whole archive, and the file of a source cannot set it",
        ),
        ('url = "https://x.org"\n[[rule]]\nuntil = "May"', '[[rule]] 1: until: "May" is not a date'),
        ('url = "https://x.org"\n[[rule]]\nprune = ["//a["]', '"//a[" is not an XPath expression'),
        ('url = "https://x.org"\nrule = 3', "rule: 3 is not a table\n  say [[rule]]"),
        ('url = "https://x.org"\n[rule.fields]\ntitle = "h1"', "must be a list of tables\n  say [[rule]] with"),
        ('url = "https://x.org"\n[rule]\nprune = ["p"]', "must be a list of tables\n  say [[rule]] with"),
        (RULE + 'prune = ["div["]', '[[rule]] 1: prune: "div[" is not a CSS selector (Expected'),
        (RULE + 'prune = ["div["]', '\n  say e.g. prune = ["div.newsletter", '),
        (RULE + "prune = 3", "[[rule]] 1: prune: 3 is not a selector in XPath or CSS"),
        (RULE + 'body = ["//p/text()"]', '"//p/text()" selects text or an attribute, where elements are wanted'),
        (RULE + "body = [\"//p[matches(., 'x')]\"]", "XPath 1.0 has no function matches()"),
        (RULE + "selects = []", "[[rule]] 1: selects: unknown key\n  known keys: until, prune, body, fields"),
        (RULE + "until = 2026-02-20T10:00:00", "[[rule]] 1: until: 2026-02-20 10:00:00 is not a date\n  say e.g."),
        (RULE + "fields = 3", "[[rule]] 1: fields: 3 is not a table\n  say [rule.fields]"),
        (RULE + '[rule.fields]\ntitel = "h1"', "[[rule]] 1: fields.titel: unknown key\n  did you mean title?"),
        (RULE + '[rule.fields]\ntitle = "h1:"', '[[rule]] 1: fields.title: "h1:" is not a CSS selector'),
        (RULE + '[rule.fields]\ntitle = ["h1", "//h1["]', '"//h1[" is not an XPath expression (Invalid'),
        (
            RULE + "[[rule]]",
            "rule: 1 and 2 have no until, but only one can be valid today\n  give the older one an until",
        ),
        (
            RULE + "until = 2026-03-01\n[[rule]]\n[[rule]]\nuntil = '2026-03-01'",
            "rule: 1 and 3 end on the same day, 2026-03-01\n  make one rule of them",
        ),
    ],
)
def test_mistake_in_a_source_names_its_file(archive, text, said):
    """The same, for sources/*.toml."""
    source(archive, text)
    assert said in complaint(archive)


def test_all_mistakes_are_listed(archive):
    """One run shows all of them, over all files."""
    archive.settings.write_text('[crawl]\ndelay = "fast"\nretries = -1')
    source(archive, "", "one")
    source(archive, "=", "two")
    said = complaint(archive, "crawl.jitter=x")
    for part in (
        "[crawl] delay",
        "[crawl] retries",
        "-s: [crawl] jitter",
        "sources/one.toml: url",
        "sources/two.toml: line 1",
    ):
        assert part in said


def test_file_that_is_no_utf_8_is_named_with_the_line(archive):
    """Bytes that are not UTF-8: the file and the line."""
    archive.settings.write_bytes(b'[operator]\nname = "caf\xe9"\n')
    assert "morgue.toml: line 2: is not UTF-8" in complaint(archive)


def test_byte_order_mark_is_no_mistake(archive):
    """Windows' editors write one."""
    archive.settings.write_bytes(b"\xef\xbb\xbf[crawl]\r\ndelay = 2.0\r\n")
    assert load(archive).crawl.delay == 2.0


def test_unreadable_file_is_named(archive):
    """A folder in a file's place, a file that does not exist."""
    (archive.sources / "paper.toml").mkdir()
    archive.settings.unlink()
    said = complaint(archive)
    assert "morgue.toml: cannot be read: No such file" in said
    assert "sources/paper.toml: is a folder, where a file is expected" in said


def test_file_larger_than_settings_are_is_refused_by_name(archive):
    """What is not settings is not read to its end."""
    for path in (archive.settings, archive.sources / "paper.toml"):
        with path.open("wb") as file:
            file.truncate(1 << 40)  # without a block on disk
    said = complaint(archive)
    assert "morgue.toml: has more than 1,000,000 bytes" in said
    assert "sources/paper.toml: has more than 1,000,000 bytes" in said


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_file_without_permission_is_named(archive):
    """There is no traceback."""
    archive.settings.chmod(0)
    assert "morgue.toml: cannot be read: Permission denied" in complaint(archive)


def test_source_is_named_after_its_file(archive):
    """Files that begin with _ or . are not sources."""
    source(archive, "url = 'https://x.org'", "le-monde.fr_2")
    source(archive, "nonsense", "_template")
    source(archive, "nonsense", ".#paper")
    assert list(load(archive).sources) == ["le-monde.fr_2"]
    source(archive, "url = 'https://x.org'", "le monde")
    assert "sources/le monde.toml: the file's name is not a valid name for a source" in complaint(archive)


def test_source_is_named_by_its_address_in_any_spelling(archive):
    """Also one whose file has mistakes, if it is named after its host."""
    source(archive, "url = 'https://www.paper.example'")
    source(archive, "=", "broken.example")
    config = load(archive, skip_broken=True)
    assert config.source_named("http://paper.example/").name == "paper"
    with pytest.raises(ConfigError, match=r"sources/broken\.example\.toml"):
        config.source_named("www.broken.example")
    with pytest.raises(NotFound, match="did you mean paper"):
        config.source_named("papr")


def test_missing_folder_of_sources_means_no_sources(archive):
    """An archive may crawl ad hoc only."""
    archive.sources.rmdir()
    assert load(archive).sources == {}


@pytest.mark.parametrize(
    ("override", "value"),
    [
        ("crawl.delay=0", 0),
        ("crawl.delay=2.5", 2.5),
        ("crawl.delay=1m", 60),
        ("crawl.robots=false", False),
        ("crawl.max_body=5MB", 5_000_000),
        ('crawl.recheck=["2d", "1h"]', (3600, 172_800)),
        ("crawl.user_agent=Some Bot/1.0", "Some Bot/1.0"),
        ("crawl.proxy=", ""),
        ("crawl.proxy=http://localhost:3128", "http://localhost:3128"),
    ],
)
def test_override_wins_over_the_file(archive, override, value):
    """TOML values, and text that needs no quotes."""
    archive.settings.write_text("[crawl]\ndelay = 7.0\nmax_body = '1MB'")
    key = override.partition("=")[0].removeprefix("crawl.")
    assert getattr(load(archive, [override]).crawl, key) == value


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("crawl.dealy=0", "-s: [crawl] dealy: unknown key\n  did you mean delay?"),
        (
            "crawl.delay=fast",
            '-s: [crawl] delay: "fast" is not a number of seconds\n  say e.g. -s crawl.delay=5.0',
        ),
        ("delay=0", "-s: delay: unknown key\n  it belongs in [crawl]"),
        ("crawl=3", "-s: crawl: 3 is not a table"),
        ("crawl.delay", "-s crawl.delay: has no value\n  say e.g. -s crawl.delay=0"),
        ("crawl.delay.x=1", "-s: [crawl] delay"),
        ("=1", '-s: "": unknown key'),
        ("crawl.delay=1\nrobots=false", "-s: [crawl] delay: "),
        ("source.paper.crawl.x=1", "-s: source paper: [crawl] x: unknown key"),
        ("source.nobody.crawl.delay=1", "names no source of this archive\n  sources: paper"),
    ],
)
def test_mistake_in_an_override_names_the_option(archive, override, said):
    """The file is not to blame."""
    source(archive, "url = 'https://x.org'")
    assert said in complaint(archive, override)


def test_source_overrides_only_the_settings_that_it_names(archive):
    """Its own settings over the archive's over the defaults."""
    archive.settings.write_text("[crawl]\ndelay = 7.0\nretries = 5\n[every]\nfeed = '2h'")
    source(archive, "url = 'https://x.org'\n[every]\nsitemap = '2d'\n[crawl]\njitter = 0.1")
    config = load(archive)
    crawl, every = config.for_source("paper"), config.sources["paper"].every_or(config.every)
    assert (crawl.delay, crawl.jitter, crawl.retries, crawl.timeout) == (7, 0.1, 5, 30)
    assert every == ListingIntervals(feed="2h", sitemap="2d")


def test_source_may_set_a_default_value_explicitly(archive):
    """It is meant for this paper, whatever the archive says."""
    archive.settings.write_text("[crawl]\ndelay = 7.0")
    source(archive, "url = 'https://x.org'\n[crawl]\ndelay = 1.0")
    assert load(archive).for_source("paper").delay == 1


def test_override_of_one_source_changes_only_that_source(archive):
    """Names with dots in them included."""
    source(archive, "url = 'https://x.org'", "x.org")
    source(archive, "url = 'https://x.org'", "x")
    config = load(archive, ["source.x.org.crawl.delay=9", "source.x.org.every=30m"])
    assert config.for_source("x.org").delay == 9
    assert config.sources["x.org"].every_or(config.every) == ListingIntervals(**dict.fromkeys(LISTING_INTERVALS, "30m"))
    assert config.for_source("x").delay == 1


def test_source_becomes_an_item_of_the_pipelines(archive):
    """Rules oldest first, whatever their order in the file; unknown is None."""
    source(
        archive,
        "url = 'https://x.org/'\ntitle = 'X'\n[[rule]]\nprune = ['//b']\n"
        "[[rule]]\nuntil = 2026-03-01\nprune = ['//a']\n[[rule]]\nuntil = '2025-01-01'",
    )
    assert load(archive).sources["paper"].source == Source(
        "paper",
        "https://x.org/",
        "X",
        None,
        (Rule("2025-01-01"), Rule("2026-03-01", ("//a",)), Rule(None, ("//b",))),
    )


def test_every_field_of_a_rule_is_read():
    """The fields that a file may name are those that the reader knows."""
    assert tuple(RuleFields.model_fields) == site_rules.FIELDS


def test_rule_becomes_an_item_of_the_pipelines(archive):
    """One selector or several, for blocks and for fields; a field's own in their order."""
    source(
        archive,
        RULE + "prune = '.x'\nbody = ['//article', 'main']\n"
        "[rule.fields]\nauthors = '.by'\ntitle = ['h1::text', '//h2/@title']",
    )
    fields = (("title", "h1::text"), ("title", "//h2/@title"), ("authors", ".by"))
    assert load(archive).sources["paper"].source.rules == (Rule(None, (".x",), ("//article", "main"), fields),)


@pytest.mark.parametrize(
    ("overrides", "agent"),
    [
        ([], r"Newsmorgue/[\d.]+"),
        (["operator.contact=me@example.org"], r"Newsmorgue/[\d.]+ \(\+me@example\.org\)"),
        (["operator.contact=https://example.org/bot"], r"Newsmorgue/[\d.]+ \(\+https://example\.org/bot\)"),
        (["operator.contact=me@example.org", "crawl.user_agent=X/1"], "X/1"),
    ],
)
def test_user_agent_has_the_contact(archive, overrides, agent):
    """Unless it is given whole."""
    assert re.fullmatch(agent, load(archive, overrides).user_agent)


def test_settings_are_frozen(archive):
    """As all data here."""
    with pytest.raises(ValueError, match="frozen"):
        load(archive).crawl.delay = 3


def test_mistake_in_an_address_is_named_without_its_password(archive):
    """Errors of settings are logged, and sent by `health.notify`."""
    said = complaint(archive, "storage.bucket=s3://key:hunter2@bucket/news")
    assert "is not the address of a bucket" in said
    assert "hunter2" not in said

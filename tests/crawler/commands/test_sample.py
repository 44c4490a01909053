"""`morgue sample`: page pairs, the skeleton of a rule, and pairs that are read again."""

import json
import tomllib

import pytest

from crawler.config.archive_folder import ArchiveFolder
from crawler.config.models import load
from crawler.onboarding.samples import name_for
from tests.support.command import LOOPBACK, crawl, make_archive, morgue, rows
from tests.support.http_server import answering

pytestmark = pytest.mark.slow

STORY = [
    "The harbour board met on Monday and agreed to buy back the old pier before the winter storms set in.",
    "It had been sold nine years ago to a company that kept seals in it, and later kept nothing in it at all.",
    "The mayor said that the seals would be asked for their view, and that their answer would be printed here.",
    "Two members voted against it, one of them because he had understood that the pier was to be sold again.",
    "The money comes out of the fund for bridges, of which the town has none, as an auditor wrote last autumn.",
]
BIOGRAPHY = "Mara Ellison keeps our harbour desk, three cats, and a list of every pier that was ever sold here."


def html(story=STORY, box="about-desk-9"):
    """Return a page whose author box leaks into the text, and whose byline nothing declares."""
    lines = "".join(f"<p>{line}</p>\n" for line in story)
    return f"""<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Pier bought back</title></head><body>
<div class="css-1q2w3e wrap"><h1 class="story-title">Pier bought back</h1>
<div class="story-signed">Mara Ellison</div><time class="story-day" datetime="2026-02-03">Tuesday</time>
<div class="story-copy" id="post-4711">{lines}<div class="{box}"><p>{BIOGRAPHY}</p></div>
</div></div><footer><p>Harbour Gazette</p></footer></body></html>""".encode()


@pytest.fixture
def archive(tmp_path):
    """With one source, `gazette`."""
    archive = make_archive(tmp_path / "archive")
    (archive / "sources" / "gazette.toml").write_text('url = "https://gazette.example/"\n')
    return archive


@pytest.fixture
def page(tmp_path):
    """Return the path of a page in a file."""
    path = tmp_path / "pier.html"
    path.write_bytes(html())
    return path


def sample(archive, *args):
    return morgue("-C", archive, "sample", *args)


def pair(archive, name, source="gazette"):
    """(the JSON's values, the page) of a pair."""
    folder = archive / "samples" / source
    return json.loads((folder / f"{name}.json").read_text("utf-8")), (folder / f"{name}.html").read_bytes()


def rule_in(archive, text):
    (archive / "sources" / "gazette.toml").write_text(f'url = "https://gazette.example/"\n{text}')


# a pair


def test_file_becomes_a_pair(archive, page):
    """The page byte for byte, and what is read from it today; its source is known by its address."""
    done = sample(archive, page, "--url", "https://gazette.example/2026/pier-bought-back", "--captured", "2026-02-04")
    assert done.returncode == 0, done.stderr
    assert f"wrote {archive}/samples/gazette/pier.html" in done.stderr
    said, body = pair(archive, "pier")
    assert body == html()
    assert said == {
        "url": "https://gazette.example/2026/pier-bought-back",
        "source": "gazette",
        "captured": "2026-02-04T00:00:00Z",
        "title": "Pier bought back",
        "authors": said["authors"],
        "published": "2026-02-03",
        "language": "en",
        "text": said["text"],
    }
    assert said["text"][: len(STORY)] == STORY


def test_file_becomes_a_pair_without_an_archive(tmp_path, page):
    """The pair is written to the current folder, perhaps beside the page itself."""
    done = morgue("sample", page, "--url", "https://a.example/one", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "pier.json").read_text())["url"] == "https://a.example/one"


def test_existing_pair_is_not_overwritten_without_force(archive, page):
    """A corrected JSON is a user's work."""
    args = (page, "--source", "gazette", "--name", "pier")
    assert sample(archive, *args).returncode == 0
    truth = archive / "samples" / "gazette" / "pier.json"
    truth.write_text("mine")
    done = sample(archive, *args)
    assert done.returncode == 2
    assert "pier.json: exists already\n  --name NAME writes another pair, --force" in done.stderr
    assert truth.read_text() == "mine"
    assert sample(archive, *args, "--force").returncode == 0
    assert truth.read_text() != "mine"


def test_page_without_an_article_becomes_a_pair(archive, tmp_path):
    """It is the page that most needs a rule."""
    (tmp_path / "short.html").write_bytes(b"<html><body><div>Nothing here.</div></body></html>")
    done = sample(archive, tmp_path / "short.html", "--source", "gazette")
    assert done.returncode == 0, done.stderr
    assert "no article was read from it (no article text)" in done.stderr
    assert pair(archive, "short")[0]["text"] == []


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(99), "not HTML (PNG)"),
        (b"", "empty page"),
        (b"\x00\x01\x02\xff" * 500, "not HTML (binary data (NUL bytes))"),
        (b'{"title": "Pier"}', "not HTML (JSON)"),
        (b"<p>" * 300_000, "too large (up to 300,000 elements)"),
    ],
)
def test_response_that_is_no_page_becomes_no_pair(archive, tmp_path, body, cause):
    """The reason is the extractor's; nothing is written."""
    (tmp_path / "odd.html").write_bytes(body)
    done = sample(archive, tmp_path / "odd.html", "--source", "gazette")
    assert (done.returncode, done.stdout) == (2, "")
    assert f"odd.html: {cause}\n  name one complete HTML page" in done.stderr
    assert not (archive / "samples").exists()


@pytest.mark.parametrize("name", ["nofile.html", "story.zip", "data.json", "../nofile.html", "folder/nofile", "nofile"])
@pytest.mark.parametrize("folder", ["archive", "."], ids=["inside", "outside"])
def test_mistyped_file_name_sends_no_request(archive, tmp_path, name, folder):
    """Within an archive and outside of any."""
    done = morgue("sample", name, cwd=tmp_path / folder)
    assert (done.returncode, done.stdout) == (8, "")
    assert f"{name}: is neither a file nor a web address" in done.stderr
    assert rows(archive, "SELECT count(*) FROM crawls, captures") == [(0,)]


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://a.example/news/2024-05-06-ferry", "2024-05-06-ferry"),
        ("https://a.example/pier-bought-back/4711", "pier-bought-back"),
        ("https://a.example/story.html?x=1", "story"),
        ("https://a.example/", "page"),
        ("https://a.example/%2e%2e/..", "page"),
        ("https://a.example/новини", "новини"),
        ("saved/long-name-of-a-folder/pier.html.gz", "pier"),
    ],
)
def test_pair_is_named_after_its_url(url, name):
    """The last telling part of it, harmless as a file name."""
    assert name_for(url).replace("2e-2e", "page") == name


# where the page comes from


def test_url_is_fetched_politely_and_recorded(archive):
    """As `morgue add` does; a page that is in the archive is not requested again."""
    answers = {
        "/robots.txt": (200, b"User-agent: *\nDisallow: /private", {}),
        "/moved": (301, b"", {"Location": "/pier"}),
    }
    answers |= {"/pier": (200, html(), {"Content-Type": "text/html; charset=UTF-8"})}
    with answering(answers) as (site, asked):
        first = sample(archive, *LOOPBACK, f"{site}/moved", "-o", archive / "out")
        assert first.returncode == 0, first.stderr
        assert asked == ["/robots.txt", "/moved", "/pier"]
        assert f"fetched and recorded: {site}/pier" in first.stderr
        again = sample(archive, *LOOPBACK, f"{site}/pier", "-o", archive / "again")
        assert "from the archive: captured " in again.stderr
        refused = sample(archive, *LOOPBACK, f"{site}/private/pier")
        missing = sample(archive, *LOOPBACK, f"{site}/nowhere")
        assert asked[3:] == ["/robots.txt", "/robots.txt", "/nowhere"]
    assert (refused.returncode, missing.returncode) == (3, 3)
    assert "robots.txt" in refused.stderr
    assert "HTTP 404\n  save the page in a browser and say: morgue sample FILE" in missing.stderr
    assert json.loads((archive / "out" / "pier.json").read_text())["content_type"] == "text/html; charset=UTF-8"
    one, other = ((archive / name / "pier.html").read_bytes() for name in ("out", "again"))
    assert one == other == html()
    kept = rows(archive, "SELECT url, status FROM captures WHERE kind = 'page' ORDER BY id LIMIT 2")
    assert kept == [(f"{site}/moved", 301), (f"{site}/pier", 200)]


def test_article_may_be_named_by_its_number(tmp_path):
    """As `morgue search` shows it; its source is known."""
    from tests.support.article_archive import build

    folder = build(tmp_path / "a")
    (folder / "sources").mkdir()
    (folder / "sources" / "courier.toml").write_text('url = "https://courier.example/"')
    done = morgue("-C", folder, "sample", "2", "-o", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    said = json.loads((tmp_path / "out" / "article-2.json").read_text())
    assert (said["source"], said["captured"]) == ("courier", "2024-03-01T00:00:00Z")
    assert morgue("-C", folder, "sample", "99999").returncode == 8


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        ((), 2, "name one page"),
        (("a", "b"), 2, "name one page"),
        (("no such file",), 8, "is neither a file nor a web address"),
        (("https://a.example/", "--source", "gazete"), 8, "is not a source of this archive\n  did you mean gazette?"),
        (("PAGE", "--captured", "May"), 2, "is not a date\n  say e.g. --captured 2023-07-01"),
        (("PAGE", "--rule"), 2, "the page belongs to no source that it could be added to\n  say --source NAME"),
        (("https://a.example/", "--url", "https://a.example/"), 2, "--url and --captured need FILE"),
        (("PAGE", "--name", "../pier"), 2, "is not a valid name for a pair\n  use only letters, digits"),
        (("https://a.example/" + "long-" * 99, "--source", "gazete"), 8, "gazete: is not a source of this archive"),
        (("--check", "nowhere"), 8, "nowhere: does not exist"),
        (("--check",), 8, "samples: does not exist"),
    ],
)
def test_mistake_has_cause_cure_and_exit_code(archive, page, args, code, words):
    """And with its exit code."""
    done = sample(archive, *(page if arg == "PAGE" else arg for arg in args))
    assert (done.returncode, done.stdout) == (code, "")
    assert words in done.stderr


# the rule


def test_proposed_rule_has_blocks_headline_and_date(archive, page):
    """The block of the text, a block to prune in it, headline and date; never a name that a build made up."""
    text = sample(archive, page, "--source", "gazette").stdout
    assert '#body = ["div.story-copy"]  # 6 of 6 lines of the text, 100% of what is in it' in text
    assert '    #"div.about-desk-9",  # “Mara Ellison keeps our harbour desk, three cats' in text
    assert '#title = "h1.story-title"  # “Pier bought back”' in text
    assert '#published = "time.story-day::attr(datetime)"  # “2026-02-03”' in text
    assert "css-1q2w3e" not in text
    assert "post-4711" not in text


def test_proposed_rule_is_inert_until_uncommented(archive, page):
    """Appended as it is, and without its #, the file is valid."""
    done = sample(archive, page, "--source", "gazette", "--rule")
    assert (done.returncode, done.stdout) == (0, "")
    assert "added a rule to sources/gazette.toml: pick what is right, then run morgue sample --check" in done.stderr
    path = archive / "sources" / "gazette.toml"
    assert tomllib.loads(path.read_text("utf-8"))["rule"] == [{"prune": [], "fields": {}}]
    picked = path.read_text("utf-8").replace("    #", "    ").replace("#body", "body", 1).replace("\n#title", "\ntitle")
    path.write_text(picked, "utf-8")
    (rule,) = load(ArchiveFolder(archive)).sources["gazette"].source.rules
    assert (rule.prune, rule.body) == (("div.about-desk-9",), ("div.story-copy",))
    assert rule.fields == (("title", "h1.story-title"),)


def test_whole_proposal_is_commented_out_beside_an_open_rule(archive, page):
    """Two rules without an end would be a mistake."""
    rule_in(archive, '[[rule]]\nprune = [".x"]')
    done = sample(archive, page, "--source", "gazette", "--rule")
    assert done.returncode == 0, done.stderr
    text = (archive / "sources" / "gazette.toml").read_text("utf-8")
    assert "has a rule that is still valid: give that one an until" in text
    assert len(load(ArchiveFolder(archive)).sources["gazette"].source.rules) == 1


def appended(archive, text):
    """Return what `--rule` adds to a source's file that has a rule."""
    return (archive / "sources" / "gazette.toml").read_text("utf-8").partition(text)[2]


def test_line_of_a_proposal_beside_an_open_rule_has_one_comment_sign(archive, page):
    """Without it, the lines are a rule."""
    own = '[[rule]]\nprune = [".x"]\n'
    rule_in(archive, own)
    assert sample(archive, page, "--source", "gazette", "--rule").returncode == 0
    block = appended(archive, own)
    assert '\n#    "div.about-desk-9",  # “Mara' in block
    rule = (
        block[block.index("#[[rule]]") :]
        .replace("\n#    ", "\n    ")
        .replace("\n#]", "\n]")
        .replace("\n#prune", "\nprune")
    )
    assert tomllib.loads(rule[1:])["rule"] == [{"prune": ["div.about-desk-9"]}]


def test_block_that_a_rule_names_as_text_is_not_proposed_for_pruning(archive, tmp_path):
    """The user has said so."""
    body = html().replace(
        b'<div class="story-copy"', b'<p class="lead-in">All seals return.</p><div class="story-copy"'
    )
    (tmp_path / "lead.html").write_bytes(body)
    own = '[[rule]]\nbody = ["p.lead-in", "div.story-copy"]\n'
    rule_in(archive, own)
    assert sample(archive, tmp_path / "lead.html", "--source", "gazette", "--rule").returncode == 0
    assert pair(archive, "lead")[0]["text"][0] == "All seals return."
    block = appended(archive, own)
    assert '"div.about-desk-9"' in block
    assert "p.lead-in" not in block


def test_rule_is_proposed_once_for_a_page(archive, page):
    """A second run prints what it would propose today."""
    args = (page, "--source", "gazette", "--rule", "--force")
    assert sample(archive, *args).returncode == 0
    before = (archive / "sources" / "gazette.toml").read_text("utf-8")
    done = sample(archive, *args)
    assert done.returncode == 0
    assert "sources/gazette.toml has suggestions from this page already: nothing was added" in done.stderr
    assert "[[rule]]" in done.stdout
    assert (archive / "sources" / "gazette.toml").read_text("utf-8") == before


def test_page_of_a_pair_belongs_to_the_source_of_its_json(archive, page):
    """The pair, corrected by hand perhaps, stays as it is."""
    assert sample(archive, page, "--source", "gazette", "--captured", "2026-02-04").returncode == 0
    half = archive / "samples" / "gazette" / "pier.json"
    half.write_text(half.read_text("utf-8").replace("Pier bought back", "Pier sold"), "utf-8")
    done = morgue("sample", "--rule", "samples/gazette/pier.html", cwd=archive)
    assert done.returncode == 0, done.stderr
    assert "pier.json are a pair already: left unchanged" in done.stderr
    assert "Pier sold" in half.read_text("utf-8")
    assert "# From pier.html, captured 2026-02-04." in appended(archive, "gazette.example/")


def test_block_dropped_next_to_the_text_is_named(archive, tmp_path):
    """A standfirst outside of the block of the text is what a rule's author looks for."""
    lead = "Sign here and share: all seals of the harbour return, says a letter to our subscribers and friends."
    body = html().replace(
        b'<div class="story-signed"',
        f'<p class="lead-in"><a href="/x">{lead}</a></p><div class="story-signed"'.encode(),
    )
    (tmp_path / "lead.html").write_bytes(body)
    done = sample(archive, tmp_path / "lead.html", "--source", "gazette")
    assert lead not in pair(archive, "lead")[0]["text"]
    assert "#   p.lead-in  “Sign here and share" in done.stdout


def test_source_file_with_inline_rules_stays_as_it_is(archive, page):
    """Rules written as one value cannot be appended to."""
    rule_in(archive, 'rule = [{until = 2020-01-01, prune = [".x"]}]\n')
    before = (archive / "sources" / "gazette.toml").read_text()
    done = sample(archive, page, "--source", "gazette", "--rule")
    assert done.returncode == 2
    assert "a [[rule]] cannot be added at its end" in done.stderr
    assert (archive / "sources" / "gazette.toml").read_text() == before


def test_text_of_a_page_cannot_break_the_source_file(archive, tmp_path):
    """Quotes, line ends and control characters in classes and text."""
    body = (
        html(box='bad"box')
        .replace(b"story-signed", b"by'\"\\line")
        .replace(b"Mara Ellison keeps", b'""" \x1b[31m\n[[x]]')
    )
    (tmp_path / "odd.html").write_bytes(body)
    assert sample(archive, tmp_path / "odd.html", "--source", "gazette", "--rule").returncode == 0
    load(ArchiveFolder(archive))


# check


@pytest.fixture
def corrected(archive, page):
    """Return a pair as it should be: without the biography, with the author."""
    assert sample(archive, page, "--source", "gazette", "--captured", "2026-02-04").returncode == 0
    path = archive / "samples" / "gazette" / "pier.json"
    said = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps(said | {"text": STORY, "authors": ["Mara Ellison"]}))
    return path


FOUND = "prune = ['.about-desk-9']\n[rule.fields]\nauthors = '.story-signed'"


def test_check_shows_differences_with_exit_code_1(archive, corrected):
    """Fields and lines as a diff."""
    done = sample(archive, "--check", corrected)
    assert done.returncode == 1
    assert f"{corrected}: " in done.stdout
    assert f"  +{BIOGRAPHY}" in done.stdout
    assert "1 page pair, 1 differs" in done.stdout


def test_paths_are_printed_relative_to_the_current_folder(archive, page):
    """As a user in that folder would type them."""
    pair = "samples/gazette/pier.html"
    done = morgue("sample", page, "--source", "gazette", "--rule", cwd=archive)
    assert f"wrote {pair} and pier.json: " in done.stderr
    assert done.stderr.endswith("morgue sample --check samples/gazette\n")
    half = archive / "samples" / "gazette" / "pier.json"
    half.write_text(half.read_text().replace("Pier bought back", "Pier sold"))
    assert morgue("sample", "--check", cwd=archive).stdout.startswith("samples/gazette/pier.json: title differs\n")


@pytest.mark.parametrize("named", [(), ("samples",), ("samples/gazette/pier.html",), ("samples/gazette/pier.json",)])
def test_check_passes_once_the_rule_is_right(archive, corrected, named):
    """Pairs are found by folder, by either half, or all of the archive's."""
    rule_in(archive, f"[[rule]]\n{FOUND}")
    done = sample(archive, "--check", *(archive / name for name in named))
    assert (done.returncode, done.stdout) == (0, "1 page pair, none differs\n"), done.stderr


def test_crawl_reads_as_the_check_does(archive):
    """The article in the archive is read by the rule, and its page makes a pair that agrees."""
    front = b'<html lang="en"><body><a href="/2026/02/03/pier-bought-back">Pier bought back at last</a></body></html>'
    with answering({"/": (200, front, {}), "/2026/02/03/pier-bought-back": (200, html(), {})}) as (site, asked):
        (archive / "sources" / "gazette.toml").write_text(f'url = "{site}/"\n[[rule]]\n{FOUND}')
        assert crawl(archive, "gazette").returncode == 0
        before = len(asked)
        done = sample(archive, *LOOPBACK, f"{site}/2026/02/03/pier-bought-back")
        assert len(asked) == before
    assert rows(archive, "SELECT text, authors FROM articles") == [("\n".join(STORY), '["Mara Ellison"]')]
    assert done.returncode == 0, done.stderr
    assert pair(archive, "pier-bought-back")[0]["text"] == STORY
    assert sample(archive, "--check").returncode == 0


def test_day_of_capture_picks_the_rule(archive, corrected):
    """The rule of a redesign is not applied to an earlier page."""
    rule_in(archive, f"[[rule]]\nuntil = 2026-02-05\n{FOUND}\n[[rule]]\nprune = ['p']")
    assert sample(archive, "--check").returncode == 0
    rule_in(archive, f"[[rule]]\nuntil = 2026-02-04\n{FOUND}\n[[rule]]\nprune = ['p']")
    done = sample(archive, "--check")
    assert done.returncode == 1
    assert "no article: no article text" in done.stdout


def test_pair_may_have_any_field_of_an_article(archive, corrected):
    """What a pair names is compared; an unknown name is a mistake, not a check that always passes."""
    rule_in(archive, f"[[rule]]\n{FOUND}\nsection = 'footer p'")
    said = json.loads(corrected.read_text())
    corrected.write_text(json.dumps(said | {"section": "Harbour"}))
    done = sample(archive, "--check")
    assert (done.returncode, '  -section: "Harbour"\n  +section: "Harbour Gazette"' in done.stdout) == (1, True)
    corrected.write_text(json.dumps(said | {"comments": []}))  # readers' comments too, if the pair names them
    assert sample(archive, "--check").returncode == 0
    corrected.write_text(json.dumps(said | {"sektion": "Harbour"}))
    done = sample(archive, "--check")
    assert done.returncode == 2
    assert '"sektion" is not a field of an article\n  did you mean section?' in done.stderr


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("{", 2, "is not JSON"),
        ("[]", 2, "has no url"),
        ('{"url": "x", "captured": "May"}', 2, 'captured: "May" is not a time'),
        ('{"url": "x", "source": "gone"}', 8, "gone: is not a source of this archive"),
    ],
)
def test_malformed_pair_is_named(archive, corrected, text, code, words):
    """File, cause and cure."""
    corrected.write_text(text)
    done = sample(archive, "--check")
    assert done.returncode == code
    assert words in done.stderr

"""Test the reader of damaged JSON, as a table of damages, and its time."""

import json
import time

import pytest

from pipelines.extraction.page.damaged_json import read_damaged
from pipelines.extraction.page.jsonld import parse
from tests.support.page_snippets import read, script

WHOLE = (
    '{"@context":"https://schema.org","@type":"NewsArticle","headline":"Ferry to stop in March",'
    '"datePublished":"2024-05-03T08:00:00Z","author":[{"@type":"Person","name":"Oda Fenn"}],'
    '"publisher":{"@type":"Organization","name":"The Bay Courier"}}'
)
BODY = '"articleBody":"He said: "No", and "yes". <a href="https://x.example/a">Here</a> he said "a, b".","headline"'
BARE_KEYS = ("@context", "headline", "author", "name", "datePublished")


def without_marks(text: str) -> str:
    """Return the text with bare keys, as JavaScript allows them."""
    for key in BARE_KEYS:
        text = text.replace(f'"{key}":', f"{key.lstrip('@')}:")
    return text


DAMAGES = {
    "quotation marks in a text": WHOLE.replace("in March", 'in "March"'),
    "at its beginning": WHOLE.replace("Ferry to", '"Ferry" to'),
    "at both ends": WHOLE.replace("Ferry to stop in March", '"Ferry to stop"'),
    "before commas": WHOLE.replace("in March", 'in "March", "April" and "May", he said'),
    "inches": WHOLE.replace("in March", 'of 5" pipes, 6" wide'),
    "in a long text with a link": WHOLE.replace('"headline"', BODY),
    "no last brace": WHOLE[:-1],
    "no first brace": WHOLE[1:],
    "no bracket": WHOLE.replace('"}]', '"}'),
    "no brace of the author": WHOLE.replace('"}]', '"]'),
    "neither": WHOLE.replace('"}],', '",'),
    "no comma": WHOLE.replace('March","', 'March" "'),
    "a line in its place": WHOLE.replace('Z","', 'Z"\n"'),
    "no comma after a list": WHOLE.replace("}],", "}]"),
    "two commas": WHOLE.replace('","', '",,"'),
    "last commas": WHOLE.replace('"}', '",}').replace("}]", "},]"),
    "a first comma": WHOLE.replace("{", "{,", 1),
    "semicolon": f"{WHOLE};",
    "assigned": f"var data = {WHOLE};",
    "byte order mark": f"\ufeff{WHOLE}",
    "comment of C": WHOLE.replace('"headline"', '/* the "title" */ "headline"'),
    "comment to the end of a line": WHOLE.replace('March",', 'March", // the "title"\n'),
    "comment before a comma": WHOLE.replace('March",', 'March" /* x */,'),
    "in a comment of HTML": f"<!--\n{WHOLE}\n-->",
    "in CDATA": f"//<![CDATA[\n{WHOLE}\n//]]>",
    "in CDATA, after comments of C": f"/* <![CDATA[ */{WHOLE}/* ]]> */",
    "in a second script element": f"<script>{WHOLE}</script>",
    "breaks of HTML": WHOLE.replace('","', '",<br />"'),
    "single quotes": WHOLE.replace('"', "'"),
    "single quotes and an apostrophe": WHOLE.replace('"', "'").replace("to stop", "won't stop"),
    "curly quotes": WHOLE.replace('"', "”"),
    "line breaks and tabs": WHOLE.replace("to stop", "to\n\tstop"),
    "control characters": WHOLE.replace("to stop", "to\x00 \x0b stop"),
    "escapes that are none": WHOLE.replace("to stop", r"to\'s \x stop"),
    "half an escape": WHOLE.replace("to stop", r"to \u12 stop"),
    "closed twice": WHOLE.replace('"}]', '"}}]'),
    "closed twice at the end": WHOLE + "}}",
    "closed too early": WHOLE.replace('"}],', '"}]},'),
    "two brackets": WHOLE.replace('"}]', '"}]]'),
    "closed in the wrong order": WHOLE.replace('"}]', '"]}'),
    "entities": WHOLE.replace('"', "&quot;"),
    "numbers of entities": WHOLE.replace('"', "&#34;"),
    "escaped quotation marks": WHOLE.replace('"', '\\"'),
    "constants of JavaScript": WHOLE.replace('"headline"', '"wordCount":undefined,"x":NaN,"headline"'),
    "no value": WHOLE.replace('"headline"', '"x":,"headline"'),
    "one after another": WHOLE + WHOLE,
    "one after another, with a comma": f"{WHOLE},{WHOLE}",
    "keys without quotation marks": without_marks(WHOLE),
    "no last quotation mark": WHOLE.replace('Oda Fenn"', "Oda Fenn"),
    "no first quotation mark": WHOLE.replace('"Oda', "Oda"),
    "a date without quotation marks": WHOLE.replace('"2024-05-03T08:00:00Z"', "2024-05-03"),
}
LENGTH = 30_000  # a tenth of what is read
ATTACKS = {
    "quotation marks": '{"headline":"' + '"' * LENGTH,
    "brackets": "[" * LENGTH,
    "objects": '{"a":' * (LENGTH // 5),
    "ends of texts": '{"a":"' + '"}' * (LENGTH // 2),
    "commas": '{"a":"' + '", ' * (LENGTH // 3),
    "backslashes": '{"a":"' + "\\" * LENGTH,
    "pairs": '{"a":"x' + '}}}}}}}}}},"b":"' * (LENGTH // 16),
    "lines": '{"a":"x' + ("\n" * 30 + '"b":"') * (LENGTH // 36),
    "spaces": ('{"a":"' + '"' + " " * 1000) * (LENGTH // 1000),
    "keys": "{" + '"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' * (LENGTH // 40),
    "comments": "{" + "/*" * (LENGTH // 2),
    "values outside": "{}" + ",x" * (LENGTH // 2),
    "entities": "{&quot;" * (LENGTH // 7),
    "digits": '{"a":' + "1" * LENGTH,
}


@pytest.mark.parametrize("text", DAMAGES.values(), ids=DAMAGES)
def test_damage_costs_neither_author_nor_date(text):
    """`json` refuses each of these."""
    with pytest.raises(ValueError, match=r"."):
        json.loads(text)
    fields = read(script(text.replace("</script>", "<\\/script>")))
    assert fields.authors == ("Oda Fenn",)
    assert (fields.published or "")[:10] == "2024-05-03"


@pytest.mark.parametrize(("text", "headline"), [
    (DAMAGES["quotation marks in a text"], 'Ferry to stop in "March"'),
    (DAMAGES["at both ends"], '"Ferry to stop"'),
    (DAMAGES["single quotes and an apostrophe"], "Ferry won't stop in March"),
    (DAMAGES["before commas"], 'Ferry to stop in "March", "April" and "May", he said'),
    (WHOLE[:-120], "Ferry to stop in March"),
])  # fmt: skip
def test_text_with_damage_is_read_whole(text, headline):
    """A quotation mark inside a text does not end it."""
    assert read_damaged(text)[0]["headline"] == headline


def test_value_that_is_cut_off_is_left_out():
    """Rather no value than half of one."""
    cut = WHOLE[: WHOLE.index("Fenn")]
    assert read_damaged(cut)[0]["author"] == [{"@type": "Person"}]
    assert read_damaged("no JSON") == read_damaged("") == read_damaged('"a"') == []


def test_string_of_json_is_read():
    """Some systems encode the whole twice."""
    assert parse(json.dumps(WHOLE))[0]["headline"] == "Ferry to stop in March"


def test_whole_json_is_read_by_json_alone(monkeypatch):
    """The reader of damaged JSON costs time."""
    monkeypatch.setattr("pipelines.extraction.page.jsonld.read_damaged", lambda _text: pytest.fail("not needed"))
    assert parse(f" {WHOLE}\n")[0]["headline"] == "Ferry to stop in March"


def test_time_grows_with_the_length_only():
    """No part of a text is looked at again and again: what is quadratic would take minutes."""
    start = time.process_time()
    for text in ATTACKS.values():
        read_damaged(text)
    assert time.process_time() - start < 5  # a third of a second on a quiet machine

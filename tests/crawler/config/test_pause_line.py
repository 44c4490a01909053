"""Test that pausing changes one line of a source's file, and nothing that only looks like it."""

from __future__ import annotations

import pytest

from crawler.config.pause_line import with_pause

URL = 'url = "https://paper.example/"\n'


@pytest.mark.parametrize(
    ("before", "value", "after"),
    [
        (URL, "true", f"paused = true\n{URL}"),
        (f"# mine\n{URL}", "2027-01-31", f"paused = 2027-01-31\n# mine\n{URL}"),
        (f"{URL}paused = false  # for now\n", "true", f"{URL}paused = true  # for now\n"),
        (f'{URL} "paused"="2027-01-31"\n', "true", f'{URL} "paused"=true\n'),
        (f"{URL}paused = true\n[crawl]\ndelay = 2\n", None, f"{URL}[crawl]\ndelay = 2\n"),
        (f"{URL}paused = true", None, URL),
        (URL, None, URL),
        (f"paused = true\n{URL}", "true", f"paused = true\n{URL}"),
        (f'{URL}title = """\npaused = true\n"""\npaused = false\n', "true",
         f'{URL}title = """\npaused = true\n"""\npaused = true\n'),
    ],
)  # fmt: skip
def test_pause_is_one_line(before, value, after):
    """A new key is the first line, because below [crawl] it would be another key."""
    assert with_pause(before, value) == after


@pytest.mark.parametrize("text", ["url = ", "paused = true\npaused = true\n", 'paused = """a\nb"""\n'])
def test_text_in_which_the_line_cannot_be_told_is_refused(text):
    """Nothing is guessed in a file of the user."""
    with pytest.raises(ValueError, match=r"."):
        with_pause(text, "true")

"""Languages as people write them, and the codes by which articles are filed."""

from __future__ import annotations

import re

import pytest

from pipelines.core.errors import QueryError
from pipelines.core.languages.codes import LANGUAGES, known_language, name_like
from pipelines.database.query_language.values import language_code, language_codes
from pipelines.database.search.stems import STEMMERS
from tests.support.command import ROOT


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("de", "de"), ("deu", "de"), ("ger", "de"), ("German", "de"), ("DEUTSCH", "de"), ("de_AT", "de"),
        ("en-US", "en"), ("eng-GB", "en"), ("Français", "fr"), ("francais", "fr"), ("zh-Hans", "zh"), ("中文", "zh"),
        ("Русский", "ru"), ("Ελληνικά", "el"), ("norwegian  bokmål", "nb"), ("xx", "xx"), ("ceb", "ceb"),
    ],
)  # fmt: skip
def test_language_is_known_by_code_and_name(text, code):
    """ISO 639-1, 639-2 and 639-3, with a region or script; English and own names in any case. Other codes stay."""
    assert language_code("language:", text) == code


@pytest.mark.parametrize(
    ("text", "cure"),
    [
        ("germna", "german (de)"),
        ("Englsh", "english (en)"),
        ("klingon", "say en, de"),
        ("d", "say en"),
        ("1", "say en"),
    ],
)
def test_language_that_is_not_known_is_refused_with_those_like_it(text, cure):
    """With the code to type."""
    with pytest.raises(QueryError, match="is not a language code") as refused:
        language_code("--language", text)
    assert cure in refused.value.cure


def test_table_of_languages_is_consistent():
    """No code or name has two meanings; each language that has phrases or a stemmer is there."""
    lines = LANGUAGES.strip().splitlines()
    assert all(re.fullmatch(r"[a-z]{2}: [a-z]{3}( [a-z]{3})*; .+", line) for line in lines)
    codes = [line[:2] for line in lines]
    others = [other for line in lines for other in re.split("[ ;:]+", line.partition(";")[0])]
    names = [name for line in lines for name in line.partition("; ")[2].split(", ")]
    assert len(others) == len(set(others))
    assert len(names) == len(set(names))
    assert all(known_language(name) for name in names)
    assert codes == sorted(codes)
    with_phrases = {path.stem for path in (ROOT / "pipelines" / "extraction" / "languages").glob("??.txt")}
    assert {*with_phrases, *STEMMERS} <= set(codes)
    assert name_like("germna") == "german (de)"


@pytest.mark.parametrize("typed", ["no", "nb", "nob", "Norwegian", "nb-NO"])
def test_norwegian_finds_articles_under_both_codes_of_bokmal(typed):
    """Earlier versions filed it as nb. Nynorsk is another language."""
    assert set(language_codes("--language", [typed])) == {"no", "nb"}
    assert language_codes("--language", ["nn"]) == ("nn",)

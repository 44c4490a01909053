"""Comment forms in seventeen languages: nothing of them reaches the text, with and without names in their markup."""

import tomllib
from functools import cache
from typing import Any

import pytest

from pipelines.core.items import Page
from pipelines.extraction.boilerplate.line_matcher import matching_lines
from pipelines.extraction.boilerplate.remove import boilerplate_lines
from tests.support.page_pairs import PAGES, text_of

FORMS: dict[str, dict[str, Any]] = tomllib.loads((PAGES / "forms.toml").read_text(encoding="utf-8"))
LANGUAGES = sorted(FORMS)
BY_RULE = {
    "reply heading": ("heading",), "e-mail notice": ("email", "required", "remember"),
    "spam filter notice": ("akismet",), "log in to comment": ("login",),
    "comment count": ("count",), "comment form": ("labels", "submit"),
}  # fmt: skip


@cache
def lines(language: str) -> tuple[str, ...]:
    """Return the lines of the form, as in a text without any markup."""
    form = FORMS[language]
    return (
        form["count"], f"{form['heading']} {form['cancel']}", f"{form['email']} {form['required']}", *form["labels"],
        form["remember"], form["submit"], form["login"], form["akismet"],
    )  # fmt: skip


def story(language: str) -> list[str]:
    """Return an article of eight paragraphs about comments and names."""
    first, second = FORMS[language]["story"]
    return [f"{number}: {first} {second}" for number in range(3)] + [first, second] + [f"{second} {first}"] * 3


def paragraphs(texts: list[str] | tuple[str, ...]) -> str:
    return "".join(f"<p>{text}</p>" for text in texts)


def page(body: str) -> Page:
    return Page("https://tidereview.example/a/1", f"<html><body>{body}</body></html>".encode(), "text/html")


@pytest.mark.parametrize("language", LANGUAGES)
def test_named_form_is_cut_out(language):
    """The template of WordPress: all of it goes by its names, and nothing else does."""
    form = FORMS[language]
    labels = "".join(f"<p><label>{label}</label><input type='text'></p>" for label in form["labels"])
    body = f"""<article><h1>Ferry</h1>{paragraphs(story(language))}</article>
    <div id="comments" class="comments-area"><h2 class="comments-title">{form["count"]}</h2>
    <ol class="comment-list"><li class="comment"><div class="comment-content">{paragraphs(form["story"])}</div></li>
    </ol><div id="respond" class="comment-respond"><h3 class="comment-reply-title">{form["heading"]}
    <a>{form["cancel"]}</a></h3><form id="commentform"><p class="comment-notes">{form["email"]} {form["required"]}</p>
    {labels}<p>{form["remember"]}</p>
    <button>{form["submit"]}</button></form></div><p>{form["akismet"]}</p></div>"""
    whole = page(f"<main>{body}</main>")
    assert text_of(whole, title="Ferry") == story(language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_form_without_names_is_dropped_line_by_line(language):
    """In a theme that calls everything "box", each line of the form is known by its words."""
    body = f"<article><h1>Ferry</h1>{paragraphs(story(language))}{paragraphs(lines(language))}</article>"
    assert text_of(page(body), title="Ferry") == story(language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_line_breaks_and_capitals_do_not_hide_a_form(language):
    """A theme may break lines elsewhere, or print headings in capitals."""
    form = FORMS[language]
    alone = [form["heading"].upper(), form["cancel"], form["email"], form["required"].upper()]
    assert list(boilerplate_lines([*story(language), *alone])) == list(range(8, 12))


@pytest.mark.parametrize("rule", BY_RULE)
@pytest.mark.parametrize("language", LANGUAGES)
def test_form_leaks_without_any_of_its_rules(language, rule):
    """In every language the words of a rule reach the text when the rule is taken away."""
    texts = [*story(language), *lines(language)]
    kept = set(range(len(texts))) - set(boilerplate_lines(texts, (), frozenset((rule,))))
    leaked = " ".join(texts[index] for index in kept)
    values = [FORMS[language][key] for key in BY_RULE[rule]]
    words = [word for value in values for word in ([value] if isinstance(value, str) else value)]
    assert any(word in leaked for word in words)


@pytest.mark.parametrize("language", LANGUAGES)
def test_label_without_a_form_stays(language):
    """ "Name" and "Comment" are subheadings too."""
    form = FORMS[language]
    texts = [*story(language)[:4], form["labels"][1], *story(language)[4:]]
    assert not any(rule.name == "comment form" for _, rule in matching_lines(texts))


def test_notice_on_comments_is_dropped_only_beside_a_form():
    """It is boilerplate below a form and may be the story anywhere else."""
    notice = "Comments are moderated and must stay respectful; offensive ones are taken down by the harbour police."
    texts = story("en")
    assert boilerplate_lines([*texts, notice]) == {}
    going = boilerplate_lines([*texts, "Leave a Reply", notice])
    assert [rule.name for rule in going.values()] == ["reply heading", "comment rules"]
    assert len(boilerplate_lines([*texts, "Leave a Reply", notice], (), frozenset(("comment rules",)))) == 1

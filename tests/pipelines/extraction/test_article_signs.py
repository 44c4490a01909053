"""Test which pages that were fetched for their links are articles as well, whatever their addresses look like."""

from __future__ import annotations

import pytest
from selectolax.lexbor import LexborHTMLParser

from pipelines.core.items import Article, Page
from pipelines.extraction.article_signs import is_service
from pipelines.extraction.extract import INDEX, read
from pipelines.extraction.page.running_text import has_running_text
from tests.support.section_pages import ARTICLES, LISTS


def outcome(path: str, html: str):
    return read(Page(f"https://paper.example{path}", html.encode(), "text/html; charset=utf-8", listing=True))


@pytest.mark.parametrize("name", ARTICLES)
def test_article_at_the_address_of_a_list_is_read(name):
    """The cheap look that comes first must not refuse it either."""
    path, html = ARTICLES[name]
    assert has_running_text(LexborHTMLParser(html))
    assert isinstance(outcome(path, html), Article)


@pytest.mark.parametrize("name", LISTS)
def test_list_is_no_article(name):
    """Whatever it declares about itself or about the stories that it links."""
    assert getattr(outcome(*LISTS[name]), "reason", None) == INDEX


@pytest.mark.parametrize("name", ["headlines with standfirsts", "headlines in Japanese", "links alone"])
def test_list_is_not_read_at_all(name):
    """A look at its tree shows that no text runs on."""
    assert not has_running_text(LexborHTMLParser(LISTS[name][1]))


SERVICES = (
    """
Who we are|Mentions légales|Quiénes somos|Sobre nós|Chi siamo|Over ons|Polityka prywatności|O nás|Kdo jsme|О редакции
Про нас|Künye|プライバシーポリシー|关于我们|회사소개|من نحن|Ποιοι είμαστε|Om oss|Om os|Tietoa meistä|Rólunk|Despre noi
درباره ما|אודות|हमारे बारे में|Datenschutzerklärung|Allgemeine Geschäftsbedingungen|เกี่ยวกับเรา|Về chúng tôi|Tentang kami
За нас|О нама
""".replace("\n", "|")
    .strip("|")
    .split("|")
)


def test_page_about_the_publisher_is_known_by_its_title_in_many_languages():
    """Titles alone say it; a story whose headline begins so is none."""
    assert [title for title in SERVICES if not is_service(title, "https://paper.example/x/")] == []
    stories = (
        "Contact lost with the ferry",
        "About the lighthouse of Osel",
        "Impressum und andere Pflichten",
        "Team and trust",
    )
    assert [title for title in stories if is_service(title, "https://paper.example/x/")] == []

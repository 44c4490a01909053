"""Declare the keys of [[rule]] in a source file: how the pages of one newspaper are read."""

from __future__ import annotations

from pydantic import Field

from crawler.config import value_types
from crawler.config.toml_table import TomlTable, key
from pipelines.core.items import Rule


class RuleFields(TomlTable):
    """Say where single fields are found on this paper's pages: a selector, or a list whose first match wins."""

    title: value_types.Values = key([], "The headline.", "h1.headline")
    description: value_types.Values = key([], "Standfirst or summary.", "p.standfirst")
    authors: value_types.Values = key([], "The byline. The names in it are recognised as on any page.", ".byline a")
    published: value_types.Values = key([], "The day or time of publication.", "time.published::attr(datetime)")
    modified: value_types.Values = key([], "The day or time of the last change.", "//time[@class='updated']/@datetime")
    language: value_types.Values = key([], "The language of the text (BCP 47 tag).", "article::attr(lang)")
    section: value_types.Values = key([], "The paper's own section.", "nav.breadcrumb li:last-child")
    tags: value_types.Values = key([], "Keywords: one per element, or several separated by commas.", "ul.tags a")
    image: value_types.Values = key([], "The lead image: an element or a URL.", "figure.lead img")


class SourceRule(TomlTable):
    """Say how this paper's pages are read. A selector is XPath if it begins with /, ./ or (, otherwise CSS."""

    until: value_types.Day | None = Field(
        None,
        description="First day of capture for which the rule is no longer valid; without it, the rule is still valid.",
        examples=["2026-03-01"],
    )
    prune: value_types.Blocks = key(
        [], "Selectors of blocks that are not article text.", ["div.newsletter", "//aside[@data-kind='promo']"]
    )
    body: value_types.Blocks = key(
        [],
        "Selectors of the blocks that are article text. If they find nothing, the page is read without them.",
        ["div.story-body"],
    )
    fields: RuleFields = Field(
        RuleFields(), description="Selectors of single fields, in a table of its own.", examples=[]
    )

    @property
    def as_rule(self) -> Rule:
        """Return the rule as the item that the pipelines use."""
        named = tuple((name, one) for name in RuleFields.model_fields for one in getattr(self.fields, name))
        return Rule(self.until, self.prune, self.body, named)

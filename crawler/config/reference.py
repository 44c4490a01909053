"""Explain the settings, from their declarations in `crawler.config.models`: a new morgue.toml, the template of a
source's file, docs/config.md.

In the files a prose comment is `# Text`, and a setting that is not switched on is `#key = value`.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from crawler.config.capture_settings import PartSettings
from crawler.config.intervals import ListingIntervals
from crawler.config.models import Politeness, Settings, SourceConfig
from crawler.config.plain_values import literal
from crawler.config.rule_settings import RuleFields, SourceRule

Given = Mapping[str, Mapping[str, object]]  # table -> key -> value

UNITS_SENTENCE = 'Durations are a number of seconds, or text such as "500ms", "1h30m", "7d". Sizes: "500MB", "2GiB".'

SETTINGS_HEAD = f"""\
# The settings of this archive. A line like #key = value shows the default; remove the # to change the value.
# For a single run, use the command line instead: morgue crawl -s crawl.delay=5
# {UNITS_SENTENCE}
"""

SOURCE_HEAD = f"""\
# A newspaper to watch. `morgue add URL` writes such a file. You can also copy this one to NAME.toml in the same
# folder; the name of the file is the name of the source. Only url is required. A line like #key = value shows an
# example; remove the # to use the key. Files whose names begin with _ are not read.
# {UNITS_SENTENCE}
"""


def settings_file(given: Given = MappingProxyType({})) -> str:
    """Return a morgue.toml with every key: those in `given` are set, the others are comments with their defaults."""
    blocks = [SETTINGS_HEAD]
    for table, model in tables(Settings):
        blocks.append(f"[{table}]" + f"  # {purpose(model)}\n")
        for name, field in model.model_fields.items():
            value = given.get(table, {}).get(name)
            line = f"#{name} = {literal(field.default)}" if value is None else f"{name} = {literal(value)}"
            blocks.append("\n".join([*comment_lines(field), line]) + "\n")
    return "\n".join(blocks)


def source_file() -> str:
    """Return the `_template.toml` of the folder sources/: every key with an example."""
    blocks = [SOURCE_HEAD]
    for name, field in SourceConfig.model_fields.items():
        if field.exclude or name in ("crawl", "capture", "rule"):
            continue
        mark = "" if field.is_required() else "#"
        blocks.append("\n".join([f"# {text}" for text in wrapped(field)] + [f"{mark}{name} = {example(field)}"]) + "\n")
    own = (
        ("[crawl]", Politeness),
        ("[capture]", PartSettings),
        ("[[rule]]", SourceRule),
        ("[rule.fields]", RuleFields),
    )
    for header, model in own:
        blocks.append(f"#{header}  # {purpose(model)}\n")
        for name, field in model.model_fields.items():
            if name == "fields":  # a table: it comes next
                continue
            blocks.append("\n".join([f"# {text}" for text in wrapped(field)] + [f"#{name} = {example(field)}"]) + "\n")
    return "\n".join(blocks)


def reference() -> str:
    """Return the tables of docs/config.md."""
    parts = ["## morgue.toml\n"]
    for table, model in tables(Settings):
        parts += [f"### [{table}]\n", f"{purpose(model)}\n", "\n".join(table_rows(model)) + "\n"]
    parts += ["## sources/NAME.toml\n", f"{purpose(SourceConfig)}\n", "\n".join(table_rows(SourceConfig)) + "\n"]
    parts += ["### [crawl] of a source\n", f"{purpose(Politeness)} Its keys: {listed(Politeness)}.\n"]
    parts += ["### [capture] of a source\n", f"{purpose(PartSettings)} Its keys: {listed(PartSettings)}.\n"]
    parts += ["### [every] of a source\n", f"{purpose(ListingIntervals)} Its keys: {listed(ListingIntervals)}.\n"]
    parts += ["### [[rule]] of a source\n", f"{purpose(SourceRule)}\n", "\n".join(table_rows(SourceRule)) + "\n"]
    parts += ["### [rule.fields] of a source\n", f"{purpose(RuleFields)}\n", "\n".join(table_rows(RuleFields)) + "\n"]
    return "\n".join(parts)


def tables(model: type[BaseModel]) -> Iterator[tuple[str, type[BaseModel]]]:
    """Yield (name, model) of each table of a file."""
    for name, field in model.model_fields.items():
        assert isinstance(field.annotation, type)
        yield name, field.annotation


def purpose(model: type[BaseModel]) -> str:
    """Return the sentence that says what a table is for."""
    return " ".join((model.__doc__ or "").split())


def comment_lines(field: FieldInfo) -> list[str]:
    """Return the comment above a key: its meaning, and an example if the default is empty."""
    lines = [f"# {text}" for text in wrapped(field)]
    return [*lines, f"# For example {example(field)}"] if field.default == "" else lines


def wrapped(field: FieldInfo) -> list[str]:
    return textwrap.wrap(field.description or "", 108)


def example(field: FieldInfo) -> str:
    return literal((field.examples or [field.default])[0])


def table_rows(model: type[BaseModel]) -> Iterator[str]:
    """Yield the lines of a model as a Markdown table."""
    yield "| key | default | meaning | example |"
    yield "| --- | --- | --- | --- |"
    for name, field in model.model_fields.items():
        if not field.exclude:
            cells = (f"`{name}`", default_of(field), field.description or "", example_cell(field))
            yield f"| {' | '.join(map(cell, cells))} |"


def default_of(field: FieldInfo) -> str:
    if field.is_required():
        return "(required)"
    plain: Any = field.default
    return "" if plain is None or plain == () or isinstance(plain, BaseModel) else f"`{literal(plain)}`"


def example_cell(field: FieldInfo) -> str:
    return f"`{example(field)}`" if field.examples else ""


def cell(text: str) -> str:
    return text.replace("|", "\\|")


def listed(model: type[BaseModel]) -> str:
    return ", ".join(f"`{name}`" for name in model.model_fields)

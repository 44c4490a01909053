"""Make the parts of hand-written pages that come from the code: the text between <!-- NAME --> and <!-- /NAME -->.

`filled` puts the current parts into a page; docs/generate.py writes the page.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path

import database_tables
import packages

import exports
from crawler import __version__
from exports import column_types
from exports.dataset import columns
from pipelines.core.items import Article
from pipelines.extraction import extract
from pipelines.extraction.body import classifier
from pipelines.extraction.boilerplate import author_lines, block_rules, line_rules
from pipelines.extraction.fields import precedence, titles
from pipelines.extraction.fields.candidates import PrecedenceLine
from pipelines.extraction.languages import tables

ROOT = Path(__file__).parent.parent
PAGE = "tests/pages/island-review.html"
MAX_NAMES = 3  # shown for one line of an order of precedence


def filled(page: Path) -> str:
    """Return the page with its current parts. Raises KeyError for a part that is not in PARTS."""
    text = page.read_text(encoding="utf-8")
    return re.sub(r"(<!-- ([a-z ]+) -->\n)(.*?)(<!-- /\2 -->)", _part, text, flags=re.DOTALL)


def _part(found: re.Match[str]) -> str:
    if found[2] in ELSEWHERE:
        return found[0]
    return f"{found[1]}{PARTS[found[2]]()}{found[4]}"


@cache
def morgue(arguments: str) -> list[str]:
    """Return the lines that `morgue ARGUMENTS` prints into a pipe, run from this checkout."""
    env = os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "100", "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-m", "crawler", *arguments.split()]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, encoding="utf-8", check=True)
    # Installed versions differ between machines.
    output = re.sub(r"newsmorgue \S+ \(trafilatura [^)]+\)", f"newsmorgue {__version__} (trafilatura)", done.stdout)
    return [line.rstrip() for line in output.splitlines()]


def console(arguments: str, keep: str = "") -> str:
    """Return a command and what it prints as Markdown. `keep`: only lines that contain this."""
    typed = f"morgue {arguments}" + (f" | grep {keep}" if keep else "")
    shown = (line for line in morgue(arguments) if keep in line)
    return "\n".join(["```console", f"$ {typed}", *shown, "```\n"])


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(map(_cell, line))} |\n" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def blocks() -> str:
    """Return the rules for parts of a page by name."""
    rows = (
        (rule.name, rule.why, (rule.accepts.__doc__ or "").removeprefix("Match ").rstrip("."))
        for rule in block_rules.BLOCK_RULES
    )
    return table(("rule", "what it drops", "if the part contains"), rows)


def lines() -> str:
    """Return the rules for lines."""
    rules = (*line_rules.LINE_RULES, author_lines.BYLINE, author_lines.AUTHOR_BOX)
    rows = ((rule.name, rule.why, _where(rule)) for rule in rules)
    return table(("rule", "what the line is", "where in the text"), rows)


def _where(rule: line_rules.LineRule) -> str:
    at = "first and last lines" if rule.edges else "anywhere"
    return f"{at}, beside a line of a comment form" if rule.beside else at


def decisions() -> str:
    """Return what the classifier does with blocks that no rule matches."""
    scored = (classifier.CLASSIFIER, "the score of the block says that it is not text of the article")
    return table(("rule", "why it drops a block"), [scored, *classifier.WHY.items()])


def fields() -> str:
    """Return the fields of an article with the meanings that `items.Article` annotates."""
    names = set(Article.__dataclass_fields__)
    return table(("field", "meaning"), ((f"`{name}`", why) for name, why in columns().items() if name in names))


def ranks() -> str:
    """Return the ranks of headlines."""
    return "".join(f"{number}. {rank}\n" for number, rank in enumerate(titles.RANKS, 1))


PRINTED_DATE = PrecedenceLine("time", (), precedence.PUBLISHED_PRINTED)
ORDERS: dict[str, tuple[PrecedenceLine, ...]] = {
    "title (declared)": precedence.TITLE,
    "description": precedence.DESCRIPTION,
    "authors (declared)": (
        PrecedenceLine("json-ld", ("author",), precedence.AUTHORS_JSON_LD),
        PrecedenceLine("json-ld page", ("author",), precedence.AUTHORS_PAGE_NODE),
        *precedence.AUTHORS_META,
    ),
    "published": (
        *precedence.PUBLISHED_DECLARED, *precedence.PUBLISHED_DATE, PRINTED_DATE,
        PrecedenceLine("url", (), precedence.PUBLISHED_URL),
        *precedence.PUBLISHED_GENERIC,
        PrecedenceLine("script", (), precedence.PUBLISHED_SCRIPT),
        PrecedenceLine("htmldate", (), precedence.PUBLISHED_HTMLDATE),
        *precedence.PUBLISHED_FEED,
    ),
    "modified": (*precedence.MODIFIED, PRINTED_DATE),
    "canonical_url": precedence.CANONICAL_URL,
    "language_declared": precedence.LANGUAGE_DECLARED,
    "section": precedence.SECTION,
    "tags": precedence.TAGS,
    "site_name": precedence.SITE_NAME,
    "publisher": precedence.PUBLISHER,
    "issn": precedence.ISSN,
    "image": (*precedence.IMAGE, PrecedenceLine("img", (), precedence.IMAGE_PRINTED)),
}  # fmt: skip


def orders() -> str:
    """Return every order of precedence."""
    return table(("field", "place", "reason for its position"), _ordered())


def _ordered() -> Iterator[tuple[str, str, str]]:
    for name, order in ORDERS.items():
        label = name
        for line in order:
            shown = [f"`{' '.join(filter(None, (line.kind, one)))}`" for one in (line.names or ("",))[:MAX_NAMES]]
            more = len(line.names) - MAX_NAMES
            yield label, ", ".join(shown) + (f" and {more} more" if more > 0 else ""), line.why
            label = ""


def reasons() -> str:
    """Return the reasons why a page has no article."""
    return ", ".join(f"*{reason}*" for reason in extract.REASONS) + "\n"


def languages() -> str:
    """Return the table of languages: how many sections and lines each has, the fullest first."""
    counts = line_counts()
    rows = []
    for code in language_codes(counts):
        filled = [row[code] for row in counts.values() if code in row]
        rows.append((f"`{code}`", language_name(code), str(len(filled)), str(sum(filled))))
    return table(("file", "language", "sections", "lines"), rows)


def language_name(code: str) -> str:
    """Return the name of a language, which is the first sentence of its file."""
    head = files(tables.__package__).joinpath(f"{code}.txt").read_text(encoding="utf-8").partition(".")[0]
    return head.removeprefix("# ")


def line_counts() -> dict[str, dict[str, int]]:
    """Return the number of lines by section and language code, sections in the order of en.txt."""
    order = tables.parse("en.txt", files(tables.__package__).joinpath("en.txt").read_text(encoding="utf-8"))
    return {name: {code: len(lines) for code, lines in tables.by_language(name).items()} for name in order}


def language_codes(counts: dict[str, dict[str, int]]) -> list[str]:
    """Return the codes of all files, those with the most sections first, `mul` last."""
    codes = {code for row in counts.values() for code in row}
    return sorted(codes, key=lambda code: (code == tables.SHARED, -sum(code in row for row in counts.values()), code))


def matrix() -> str:
    """Return the number of lines of each section in each language, as a table in plain text; groups are set apart."""
    counts = line_counts()
    codes, width = language_codes(counts), max(map(len, counts))
    rows, group = [" " * width + "".join(f"{code:>4}" for code in codes)], ""
    for name, row in counts.items():
        if name.partition(".")[0] != group:
            group = name.partition(".")[0]
            rows.append("")
        rows.append(f"{name:<{width}}" + "".join(f"{row.get(code, '·'):>4}" for code in codes))
    return "\n".join(["```text", *rows, "```\n"])


ELSEWHERE = frozenset(("demo",))  # parts that another program writes


def export_formats() -> str:
    """Return the formats of exports, as their modules describe themselves."""
    rows = []
    for name in exports.format_names():
        form = exports.load_format(name)
        what = (form.__doc__ or "").splitlines()[0].removeprefix("Write ").rstrip(".")
        out = f"`{form.suffix}`" if form.suffix else "a folder"
        rows.append((f"`{name}`", out, f"`{form.media_type}`", what.replace("`", "")))
    return table(("format", "OUT", "media type", "what it is"), rows)


def export_columns() -> str:
    """Return the columns of exports with their types in Parquet and their meanings."""
    types = {
        **dict.fromkeys(column_types.NUMBERS, "number"), **dict.fromkeys(column_types.LISTS, "list of texts"),
        **dict.fromkeys(column_types.TIMES, "time, UTC"), **dict.fromkeys(column_types.DAYS, "day"),
    }  # fmt: skip
    return table(("column", "type", "meaning"), ((f"`{k}`", types.get(k, "text"), v) for k, v in columns().items()))


PARTS: dict[str, Callable[[], str]] = {
    "explain": lambda: console(f"extract --explain {PAGE}"),
    "dropped": lambda: console(f"extract --explain {PAGE}", "┊"),
    "blocks": blocks,
    "lines": lines,
    "decisions": decisions,
    "fields": fields,
    "ranks": ranks,
    "orders": orders,
    "reasons": reasons,
    "languages": languages,
    "matrix": matrix,
    "packages": packages.packages,
    "diagram": packages.diagram,
    "export formats": export_formats,
    "export columns": export_columns,
    "tables": database_tables.tables,
}

"""Turn the blocks of a body into HTML: the part that both designs share, with the one habit in which they differ."""

from __future__ import annotations

import html
import re
from pathlib import Path
from string import Template

from .article import MARKUP, Block

#: The old content system wrote typographic characters as named entities; the new one writes UTF-8.
OLD_ENTITIES = {
    "“": "&ldquo;",
    "”": "&rdquo;",
    "’": "&rsquo;",
    "‘": "&lsquo;",
    "–": "&ndash;",
    "—": "&mdash;",
    "\u00a0": "&nbsp;",
    "é": "&eacute;",
    "ä": "&auml;",
    "ö": "&ouml;",
    "ü": "&uuml;",
    "ß": "&szlig;",
}


def inline(words: str, old: bool = False) -> str:
    """Return words of a data file as HTML: escaped, with emphasis and links; entities as the design writes them."""

    def escape(piece: str) -> str:
        piece = html.escape(html.unescape(piece), quote=False)
        return re.sub("[" + "".join(OLD_ENTITIES) + "]", lambda m: OLD_ENTITIES[m[0]], piece) if old else piece

    out, last = [], 0
    for match in MARKUP.finditer(words):
        out.append(escape(words[last : match.start()]))
        strong, emphasis, label, address = match.groups()
        if strong:
            out.append(f"<strong>{escape(strong)}</strong>")
        elif emphasis:
            out.append(f"<em>{escape(emphasis)}</em>")
        else:
            out.append(f'<a href="{html.escape(address)}">{escape(label)}</a>')
        last = match.end()
    return "".join(out) + escape(words[last:])


def _table(lines: tuple[str, ...], old: bool) -> str:
    rows = [[inline(cell.strip(), old) for cell in line.strip("| ").split("|")] for line in lines]
    head = "".join(f"<th>{cell}</th>" for cell in rows[0])
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>\n" for row in rows[1:])
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody></table>"


def block_html(block: Block, old: bool = False) -> str:
    """Return one block as HTML."""
    words = [inline(line, old) for line in block.lines]
    match block.kind:
        case "heading":
            return f"<h3>{words[0]}</h3>" if old else f"<h2>{words[0]}</h2>"
        case "list" | "numbers":
            tag = "ul" if block.kind == "list" else "ol"
            return f"<{tag}>\n" + "\n".join(f"<li>{item}</li>" for item in words) + f"\n</{tag}>"
        case "quote":
            return f"<blockquote><p>{words[0]}</p></blockquote>"
        case "table":
            return _table(block.lines, old)
        case "pull":
            return f'<aside class="pullquote" aria-hidden="true"><p>{words[0]}</p></aside>'
        case "photo":
            picture = '<img src="/static/harbour.png" alt="" width="640" height="400">'
            return f"<figure>{picture}<figcaption>{words[0]}</figcaption></figure>"
        case _:
            return f"<p>{words[0]}</p>"


def text(words: str) -> str:
    """Return plain words, safe in HTML text and attributes."""
    return html.escape(words)


def template(name: str) -> Template:
    """Return a page's frame from `templates/`; `$name` marks what is filled in."""
    return Template(Path(__file__).with_name("templates").joinpath(name).read_text("utf-8"))

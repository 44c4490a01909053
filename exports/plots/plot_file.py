"""Write a plot into a file: SVG, PNG, or an HTML page that needs nothing else. It is never left half-written."""

from __future__ import annotations

import os
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

from exports.extras import load_extra
from exports.plots.chart import MAX_SERIES, Chart
from exports.plots.drawing import draw
from pipelines.core.archive_layout import archive_owning
from pipelines.core.errors import ConfigError, os_errors
from pipelines.core.safe_open import draft

MAX_NAMED_CHARACTERS = 20  # in the message on characters without a font


def check_plot(path: Path, queries: int, *, force: bool) -> None:
    """Check, before any work is done, that a plot can be drawn there. Raises ConfigError."""
    if not path.name:
        raise ConfigError("--plot", "names no file", f"name a file that ends in {', '.join(SUFFIXES)}")
    if path.suffix.lower() not in SUFFIXES:
        cause = f"there is no kind of plot {path.suffix}" if path.suffix else "its ending says no kind of plot"
        raise ConfigError(str(path), cause, f"name a file that ends in {', '.join(SUFFIXES)}")
    if queries > MAX_SERIES:
        cause = f"{queries} queries are too many for one plot"
        raise ConfigError("--plot", cause, f"give at most {MAX_SERIES}, whose lines can be distinguished")
    load_extra("matplotlib", "plot")
    _check_place(path, force=force)


def _check_place(path: Path, *, force: bool) -> None:
    if not path.parent.is_dir():
        raise ConfigError(str(path), "the folder does not exist", f"mkdir -p {path.parent}")
    if (archive := archive_owning(path)) is not None:
        raise ConfigError(str(path), f"is among the files of the archive {archive}", "name a file of another folder")
    if os.path.lexists(path):
        if path.is_symlink() or not path.is_file():  # a folder or a device: renaming over it would destroy it
            raise ConfigError(str(path), "exists and is not an ordinary file", "name another file")
        if not force:
            raise ConfigError(str(path), "exists already", "--force replaces it")


def write_plot(chart: Chart, path: Path, *, force: bool) -> str:
    """Draw a chart into a file; return a warning for people, or "". Raises ConfigError, DiskFull, NotWritable."""
    data, missing = SUFFIXES[path.suffix.lower()](chart)
    _check_place(path, force=force)  # a file may have appeared since the first check
    with os_errors(str(path)), draft(path) as file:
        file.write(data)
    if not missing:
        return ""
    named = missing[:MAX_NAMED_CHARACTERS] + ("…" if len(missing) > MAX_NAMED_CHARACTERS else "")
    return (
        f"{path}: no font on this machine has the characters {named}, which are drawn as boxes.\n"
        "  Install one (such as Noto), or write an .svg or .html, which the fonts of its viewer show."
    )


def page(chart: Chart) -> tuple[bytes, str]:
    """Return a chart as an HTML page with the drawing, the note and a table of the numbers."""
    svg = draw(chart, "svg")[0].decode()
    drawing = svg[svg.index("<svg") :]  # without the XML declaration, which HTML has none of
    head = "".join(f"<th scope=col>{escape(title)}</th>" for title in _titles(chart))
    rows = "\n".join(
        f"<tr><th scope=row>{escape(name)}</th>{''.join(f'<td>{_number(value)}</td>' for value in values)}</tr>"
        for name, *values in _rows(chart)
    )
    return PAGE.format(
        title=escape(chart.title),
        drawing=drawing,
        label=escape(chart.title, quote=True),
        head=head,
        rows=rows,
        unit=escape(chart.y_label),
        note=escape(" ".join(chart.note)),
    ).encode(), ""


def _titles(chart: Chart) -> list[str]:
    """Return the titles of the columns of the table: the lines or bars, each with its panel if there are several."""
    labels = [
        f"{panel.title}: {series.label}" if panel.title else series.label
        for panel in chart.panels
        for series in panel.series
    ]
    return [chart.x_label, *labels]


def _rows(chart: Chart) -> list[tuple[Any, ...]]:
    columns = [series.values for panel in chart.panels for series in panel.series]
    names = [f"{period} (in part)" if at in chart.partial else period for at, period in enumerate(chart.periods)]
    return list(zip(chart.names or names, *columns, strict=True))


def _number(value: object) -> str:
    return "" if value is None else f"{value:.10g}"


PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
body {{ font: 15px/1.4 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222 }}
svg {{ width: 100%; height: auto }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums }}
th, td {{ padding: .15rem .8rem .15rem 0; text-align: left; border-bottom: 1px solid #ddd }}
td {{ text-align: right }}
figure {{ margin: 0 }}
</style>
<h1>{title}</h1>
<figure role="img" aria-label="{label}">
{drawing}</figure>
<p>{note}</p>
<details>
<summary>Numbers: {unit}</summary>
<table>
<thead><tr>{head}</tr></thead>
<tbody>
{rows}
</tbody>
</table>
</details>
</html>
"""
SUFFIXES: dict[str, Callable[[Chart], tuple[bytes, str]]] = {
    ".svg": lambda chart: draw(chart, "svg"),
    ".png": lambda chart: draw(chart, "png"),
    ".html": page,
}

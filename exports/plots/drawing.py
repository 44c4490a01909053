"""Draw a chart by matplotlib, as SVG or PNG. The same chart gives the same bytes with the same version of matplotlib.

SVG holds text as text, so that the viewer's fonts show any script. PNG takes fonts that are installed here.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from exports.extras import load_extra
from exports.plots.chart import Chart, longest
from pipelines.core.terminal import wrap

# Okabe and Ito, "Color Universal Design" (2008), without yellow, which is hardly seen on white. Each colour has a line,
# a marker and a pattern of its own, so that a plot can be read in grey.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
LINES: tuple[Any, ...] = (
    "-",
    (0, (5, 1.5)),
    (0, (1, 1.2)),
    (0, (6, 1.5, 1, 1.5)),
    (0, (3, 1, 1, 1, 1, 1)),
    (0, (8, 3)),
    (0, (2, 2)),
)
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
HATCHES = ("", "////", "....", "\\\\\\\\", "xxxx", "----", "++++")
DAYS_OF_UNIT = {"day": 1, "week": 7, "month": 30, "year": 365}
GAP_COLOUR = "#E4E4E4"
WIDTH_INCHES = 7.5  # a page of a journal, in both columns
PANEL_INCHES = 3.6  # height of the only panel
SMALL_PANEL_INCHES = 2.1  # height of each of several
BAR_INCHES = 0.2  # height of a bar
PNG_DOTS_PER_INCH = 200
MAX_MARKED_PERIODS = 60  # with more, the markers would hide the line
MAX_NAMED_PERIODS = 8  # with so few, each has its name on the axis
LIMIT_OF_ZEROS = 1.05  # of an axis whose numbers are all 0
STEPS = (1, 2, 2.5, 5, 10)  # between ticks of an axis of numbers, times a power of ten
LINE, THIN_LINE = 1.5, 0.7  # points
THIN_FROM_PERIODS = 400  # with more, the line is thin
NOTE_WIDTH = 150  # columns of a line of the note
LEGEND_WIDTH = 84  # columns of a line of the legend
BASE_FONT = "DejaVu Sans"  # comes with matplotlib
FONT_OF_BOXES = "Last Resort"  # comes with matplotlib; has a box for every character
ORDINARY_WEIGHT = 400  # of fonts, as in CSS
MAX_FONTS_TRIED = 400
STYLE = {
    "font.size": 9, "axes.titlesize": 9, "axes.labelsize": 9, "legend.fontsize": 8.5, "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5, "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True,
    "grid.color": "#D0D0D0", "grid.linewidth": 0.5, "axes.axisbelow": True, "hatch.linewidth": 0.5,
    "text.parse_math": False,  # a query may have dollar signs
    "path.simplify": False,  # every point is drawn
    "svg.fonttype": "none", "svg.hashsalt": "newsmorgue",
}  # fmt: skip


def draw(chart: Chart, form: str) -> tuple[bytes, str]:
    """Return a chart as `svg` or `png`, and the characters that no font here has ("" for SVG).

    Raises ConfigError if matplotlib is not installed.
    """
    matplotlib = load_extra("matplotlib", "plot")
    families, missing = ([BASE_FONT, "sans-serif"], "") if form == "svg" else fonts_for(chart.texts())
    with _plain_style(matplotlib, {**STYLE, "font.family": families}):
        figure = _figure(chart)
        about = {"Date": None, "Creator": "newsmorgue"} if form == "svg" else {"Software": "newsmorgue"}
        metadata: dict[str, str | None] = {"Title": chart.title, **about}
        out = io.BytesIO()
        figure.savefig(out, format=form, dpi=PNG_DOTS_PER_INCH, bbox_inches="tight", pad_inches=0.1, metadata=metadata)
    return out.getvalue(), missing


@contextmanager
def _plain_style(matplotlib: Any, style: dict[str, Any]) -> Iterator[None]:
    """Set a style that no settings file of the user changes."""
    with matplotlib.rc_context(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of characters without a font, which `draw` returns
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(style)
        yield


def fonts_for(text: str) -> tuple[list[str], str]:
    """Return the fonts to draw a text with, and the characters that none of those installed here has."""
    manager = load_extra("matplotlib.font_manager", "plot")
    missing = {character for character in text if character.isprintable() and not character.isspace()}
    families = [BASE_FONT]
    base = manager.findfont(BASE_FONT)
    missing -= characters_of(manager, base)
    fonts = manager.fontManager.ttflist
    plain = (font for font in fonts if font.style == "normal" and not font.name.startswith(FONT_OF_BOXES))
    for font in sorted(plain, key=_nearness)[:MAX_FONTS_TRIED]:
        has = missing & characters_of(manager, font.fname)
        if has and font.name not in families:
            families.append(font.name)
            missing -= has
        if not missing:
            break
    return families, "".join(sorted(missing))


def _nearness(font: Any) -> tuple[int, str, str]:
    """Return what sorts fonts: those of ordinary weight first, then by name, so that the choice is always the same."""
    return abs(int(font.weight) - ORDINARY_WEIGHT) if str(font.weight).isdigit() else 0, font.name, font.fname


def characters_of(manager: Any, path: str) -> set[str]:
    """Return the characters of a font; none of a font that cannot be read."""
    try:
        return set(map(chr, manager.get_font(path).get_charmap()))
    except (OSError, RuntimeError):
        return set()


def _figure(chart: Chart) -> Any:
    figures = load_extra("matplotlib.figure", "plot")
    panels = len(chart.panels)
    if chart.names:
        height = max(1.2, BAR_INCHES * len(chart.names) * max(1.5, len(chart.panels[0].series) * 0.8 + 0.5))
    else:
        height = PANEL_INCHES if panels == 1 else SMALL_PANEL_INCHES * panels
    figure = figures.Figure(figsize=(WIDTH_INCHES, height))
    figure.subplots_adjust(left=0.09, right=0.99, top=0.98, bottom=0.02, hspace=0.28)
    axes = figure.subplots(panels, 1, sharex=True, sharey=True, squeeze=False)[:, 0]
    for place, (panel, ax) in enumerate(zip(chart.panels, axes, strict=True)):
        if panel.title:
            ax.set_title(panel.title, loc="left", fontweight="bold", pad=4)
        handles = _draw_bars(chart, ax) if chart.names else _draw_lines(chart, ax, panel.series, panel_number=place + 1)
        if place == 0:
            _legend(ax, handles, chart, lift=18 if panel.title else 4)
    if not chart.names:
        # The panels share the axis. A limit ends its growth, so that it is set once all lines are drawn.
        axes[0].set_ylim(bottom=0) if chart.has_numbers() else axes[0].set_ylim(0, LIMIT_OF_ZEROS)
    if panels > 1:
        figure.supylabel(chart.y_label, x=0.02, fontsize=9)
    _note(axes[-1], chart)
    return figure


def _draw_lines(chart: Chart, ax: Any, series: Sequence[Any], panel_number: int) -> list[tuple[Any, str]]:
    """Draw lines over time; return the handles of the legend with their labels."""
    patches, ticker = load_extra("matplotlib.patches", "plot"), load_extra("matplotlib.ticker", "plot")
    lines, dates = load_extra("matplotlib.lines", "plot"), load_extra("matplotlib.dates", "plot")
    days = chart.days()
    handles = []
    for first, last in chart.gaps:
        # The point of a period is at its first day. The grey reaches from half a period before it to half of one after.
        half = DAYS_OF_UNIT[chart.unit] / 2
        begins, ends = dates.date2num(first) - half, dates.date2num(last) + 1 - half
        ax.axvspan(begins, ends, color=GAP_COLOUR, linewidth=0, zorder=0)
    is_marked = len(days) <= MAX_MARKED_PERIODS
    for at, (label, values) in enumerate(series):
        numbers = [float("nan") if value is None else value for value in values]
        style = {"color": COLOURS[at], "clip_on": False}
        (line,) = ax.plot(
            days, numbers, linestyle=LINES[at], linewidth=THIN_LINE if len(days) > THIN_FROM_PERIODS else LINE,
            marker=MARKERS[at] if is_marked else None, markersize=4, zorder=3, **style,
        )  # fmt: skip
        line.set_gid(f"line-{panel_number}-{at + 1}")
        for place in [] if is_marked else _without_neighbours(values):
            ax.plot(days[place], numbers[place], marker=MARKERS[at], markersize=2, **style)
        for place in chart.partial:
            ax.plot(days[place], numbers[place], marker=MARKERS[at], markersize=5, markerfacecolor="white",
                    linestyle="none", zorder=4, **style)  # fmt: skip
        handles.append((line, label))
    if chart.partial:
        hollow = lines.Line2D(
            [], [], color="#555555", marker="o", markerfacecolor="white", linestyle="none", markersize=5
        )
        handles.append((hollow, "covered only in part"))
    if chart.gaps:
        handles.append((patches.Patch(color=GAP_COLOUR), "no article in the archive"))
    if len(chart.panels) == 1:
        ax.set_ylabel(chart.y_label)
    ax.grid(visible=False, axis="x")
    ax.yaxis.set_major_locator(ticker.MaxNLocator("auto", integer=not chart.is_share, steps=STEPS))
    _time_axis(ax, chart)
    return handles


def _without_neighbours(values: Sequence[float | None]) -> list[int]:
    """Return the places of numbers that no line would show, because those on both sides are missing."""
    known = [value is not None for value in (None, *values, None)]
    return [at for at in range(len(values)) if known[at + 1] and not known[at] and not known[at + 2]]


def _time_axis(ax: Any, chart: Chart) -> None:
    dates = load_extra("matplotlib.dates", "plot")
    days = chart.days()
    if len(days) <= MAX_NAMED_PERIODS:
        ax.set_xticks(days, chart.periods)
    else:
        locator = dates.AutoDateLocator(minticks=4, maxticks=9)
        ax.xaxis.set_major_locator(locator)
        ax.xaxis.set_major_formatter(
            dates.ConciseDateFormatter(locator, show_offset=False, formats=TICKS, zero_formats=TICKS)
        )
    numbers = dates.date2num(days)
    room = max(0.5, 0.02 * (numbers[-1] - numbers[0])) if len(days) > 1 else 1
    ax.set_xlim(numbers[0] - room, numbers[-1] + room)


TICKS = ["%Y", "%b %Y", "%d %b %Y", "%H:%M", "%H:%M", "%S"]  # of years, months, days; days are the shortest unit


def _draw_bars(chart: Chart, ax: Any) -> list[tuple[Any, str]]:
    """Draw horizontal bars, those of one value together; return the handles of the legend with their labels."""
    ticker = load_extra("matplotlib.ticker", "plot")
    series = chart.panels[0].series
    size = 0.8 / len(series)
    handles = []
    for at, (label, values) in enumerate(series):
        places = [place - 0.4 + size * (at + 0.5) for place in range(len(chart.names))]
        numbers = [0 if value is None else value for value in values]
        bars = ax.barh(
            places, numbers, size * 0.92, color=COLOURS[at], edgecolor="white", hatch=HATCHES[at], linewidth=0
        )
        for place, bar in enumerate(bars):
            bar.set_gid(f"bar-{at + 1}-{place + 1}")
        texts = ["" if value is None else f"{value:.1f}" if chart.is_share else f"{value:,.0f}" for value in values]
        ax.bar_label(bars, texts, padding=3, fontsize=7.5)
        handles.append((bars, label))
    ax.set_yticks(range(len(chart.names)), chart.names)
    ax.margins(x=0.08)
    ax.set_ylim(len(chart.names) - 0.4, -0.6)
    ax.set_xlim(left=0) if chart.has_numbers() else ax.set_xlim(0, LIMIT_OF_ZEROS)
    ax.grid(visible=False, axis="y")
    ax.set_xlabel(chart.y_label)
    ax.xaxis.set_major_locator(ticker.MaxNLocator("auto", integer=not chart.is_share, steps=STEPS))
    return handles


def _legend(ax: Any, handles: Sequence[tuple[Any, str]], chart: Chart, lift: int) -> None:
    """Draw the legend above the panel, in as many columns as its labels leave room for."""
    labels = [label for _, label in handles]
    columns = max(1, min(len(labels), 4, LEGEND_WIDTH // (longest(labels) + 6)))
    transforms = load_extra("matplotlib.transforms", "plot")
    above = ax.transAxes + transforms.ScaledTranslation(0, lift / 72, ax.figure.dpi_scale_trans)
    # Labels are set afterwards: matplotlib takes one that begins with "_" for a sign to leave it out.
    legend = ax.legend(
        [handle for handle, _ in handles], [str(number) for number in range(len(labels))], ncols=columns, frameon=False,
        loc="lower left", bbox_to_anchor=(0, 1), bbox_transform=above, borderaxespad=0, borderpad=0.2, handlelength=3.2,
    )  # fmt: skip
    for text, label in zip(legend.get_texts(), labels, strict=True):
        text.set_text(label)


def _note(ax: Any, chart: Chart) -> None:
    """Write the label of the lower axis and the note below it."""
    if not chart.names:
        ax.set_xlabel(chart.x_label)
    text = "\n".join(wrap(" ".join(chart.note), NOTE_WIDTH))
    note = ax.annotate(
        text, (0, 0), xycoords=("figure fraction", "axes fraction"), xytext=(2, -42), textcoords="offset points",
        ha="left", va="top", fontsize=7, color="#444444", annotation_clip=False, linespacing=1.35,
    )  # fmt: skip
    note.set_gid("note")

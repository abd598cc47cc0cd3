"""Charts of the pages as SVG, drawn anew with each move of a slider.

The figures for print are those of :mod:`alignsim.plots_paths`; here the same course is drawn in
milliseconds, with a link behind every step and words for those who do not see it. Shades, names of
options and central bands are those of the figures. Colours stand in the style sheet.
"""

from collections.abc import Iterable, Sequence
from html import escape
from typing import NamedTuple

from htmltools import HTML

from alignsim.app import wording
from alignsim.app.forecasting import Span
from alignsim.scenario import Calendar

WIDE, NARROW = 440, 348
"""Widths of a panel, in pixels: two beside each other on a projector, one on a phone."""
BARS_WIDE = 720
ROW = 18
"""Height of an option."""
TOP, BOTTOM, RIGHT = 4, 33, 4


class Course(NamedTuple):
    """Options over time as a line of steps; None where there is none. ``style`` is a CSS class."""

    values: Sequence[float | None]
    style: str


class Band(NamedTuple):
    """Lowest and highest option at each step, both inside. ``style`` is a CSS class."""

    low: Sequence[float]
    high: Sequence[float]
    style: str


class Mark(NamedTuple):
    """A link behind one step, and what it says to those who cannot see."""

    href: str
    label: str


class Frame(NamedTuple):
    """Where things are in a panel: its size, and the width and height of a step and option."""

    left: int
    width: int
    height: int
    step: float
    row: int
    options: int

    def x(self, step: float) -> float:
        """Middle of a step."""
        return self.left + (step + 0.5) * self.step

    def y(self, option: float) -> float:
        """Middle of an option; the lowest is at the bottom."""
        return TOP + (self.options - 0.5 - option) * self.row


def panel(
    calendar: Calendar,
    options: Sequence[str],
    label: str,
    bands: Sequence[Band] = (),
    courses: Sequence[Course] = (),
    ranges: Sequence[tuple[int, float, float]] = (),
    marks: Sequence[Mark] = (),
    events: Sequence[int] = (),
    line_at: float | None = None,
    narrow: bool = False,
) -> HTML:
    """One decision over time: bands beneath, then the courses, each over its steps.

    ``options`` are the names of the rows from below; ``ranges`` are (step, low, high) of careful
    coding; ``events`` are steps before which a line stands; ``line_at`` draws a threshold.
    """
    frame = _frame(calendar, options, narrow)
    parts = [
        f'<svg class="panel" role="group" aria-label="{escape(label)}" '
        f'viewBox="0 0 {frame.width} {frame.height}" width="{frame.width}" '
        f'height="{frame.height}" xmlns="http://www.w3.org/2000/svg">',
        *_axes(frame, calendar, options, narrow),
        *(_band(frame, band) for band in bands),
        *(_event(frame, step) for step in events),
    ]
    if line_at is not None:
        parts.append(_level_line(frame, line_at))
    parts += [_course(frame, course) for course in courses]
    parts += [_range(frame, *one) for one in ranges]
    parts += [_mark(frame, step, mark) for step, mark in enumerate(marks)]
    return HTML("".join([*parts, "</svg>"]))


def bands(found: Iterable[Span]) -> list[Band]:
    """Bands of a forecast in their shades."""
    return [Band(one.low, one.high, f"band{one.mass * 100:.0f}") for one in found]


def bars(rows: Sequence[tuple[str, float]], label: str, narrow: bool = False) -> HTML:
    """Signed bars, one a row: gains to the right of a line, losses to its left.

    Names stand to the left, or on a phone above.
    """
    width, left, row, down = (NARROW, 0, 38, 15) if narrow else (BARS_WIDE, 230, 24, 0)
    height = len(rows) * row + 8
    most = max((abs(value) for _, value in rows), default=0.0) or 1.0
    half = (width - left - 12) / 2.0
    middle = left + half
    parts = [
        f'<svg class="bars" role="img" aria-label="{escape(label)}" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" xmlns="http://www.w3.org/2000/svg">'
        f'<line class="axis" x1="{middle}" x2="{middle}" y1="0" y2="{height}"/>'
    ]
    for number, (name, value) in enumerate(rows):
        y = 4 + number * row + down
        size = abs(value) / most * (half - 46)
        start = middle if value >= 0 else middle - size
        style = "gain" if value >= 0 else "loss"
        anchor, at = ("start", start + size + 4) if value >= 0 else ("end", start - 4)
        named = f'x="0" y="{y - 1}"' if narrow else f'x="{left - 6}" y="{y + 15}" text-anchor="end"'
        parts.append(
            f"<text {named}>{escape(name)}</text>"
            f'<rect class="{style}" x="{start:.1f}" y="{y + 3}" width="{size:.1f}" height="16"/>'
            f'<text x="{at:.1f}" y="{y + 15}" text-anchor="{anchor}">{signed(value)}</text>'
        )
    return HTML("".join([*parts, "</svg>"]))


def signed(value: float) -> str:
    """A number with its sign, to three digits; nothing has no sign."""
    return f"{value:+.3f}" if abs(value) >= 0.0005 else "0.000"


def legend(*entries: tuple[str, str]) -> HTML:
    """What the marks of the panels mean: (CSS class, text)."""
    items = "".join(
        f'<li><svg class="key" viewBox="0 0 28 14" width="28" height="14" aria-hidden="true">'
        f"{_key(style)}</svg> {escape(text)}</li>"
        for style, text in entries
    )
    return HTML(f'<ul class="legend">{items}</ul>')


# --- parts of a panel -----------------------------------------------------------------------------


def _frame(calendar: Calendar, options: Sequence[str], narrow: bool) -> Frame:
    width, left = (NARROW, 22) if narrow else (WIDE, 96)
    height = TOP + len(options) * ROW + BOTTOM
    step = (width - left - RIGHT) / calendar.steps
    return Frame(left, width, height, step, ROW, len(options))


def _axes(frame: Frame, calendar: Calendar, options: Sequence[str], narrow: bool) -> list[str]:
    parts = []
    for number, name in enumerate(options):
        y = frame.y(number)
        text = str(number) if narrow else f"{escape(name)} {number}"
        parts.append(
            f'<line class="grid" x1="{frame.left}" x2="{frame.width - RIGHT}" '
            f'y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text x="{frame.left - 8}" y="{y + 4:.1f}" text-anchor="end">{text}</text>'
        )
    year = ""
    below = TOP + frame.options * frame.row
    for step, end in enumerate(calendar.ends):
        name = wording.month_or_quarter(end, calendar.step).split()[0]
        if narrow:  # J for Jul, 3 for Q3
            name = name[0] if calendar.step == "month" else name[1]
        x = frame.x(step)
        parts.append(f'<text x="{x:.1f}" y="{below + 14}" text-anchor="middle">{name}</text>')
        if end[:4] != year:
            year = end[:4]
            parts.append(f'<text x="{x:.1f}" y="{below + 28}" text-anchor="middle">{year}</text>')
    return parts


def _band(frame: Frame, band: Band) -> str:
    rects = []
    for step, (low, high) in enumerate(zip(band.low, band.high, strict=True)):
        top = frame.y(high) - 0.38 * frame.row
        height = (high - low + 0.76) * frame.row
        rects.append(
            f'<rect x="{frame.x(step) - frame.step / 2:.1f}" y="{top:.1f}" '
            f'width="{frame.step + 0.3:.1f}" height="{height:.1f}"/>'
        )
    return f'<g class="{band.style}">{"".join(rects)}</g>'


def _course(frame: Frame, course: Course) -> str:
    """Steps of the line, broken where nothing is known; a dot at each step."""
    path, dots, drawing = [], [], False
    for step, value in enumerate(course.values):
        if value is None:
            drawing = False
            continue
        x, y, half = frame.x(step), frame.y(value), frame.step / 2
        path.append(f"{'L' if drawing else 'M'}{x - half:.1f} {y:.1f}L{x + half:.1f} {y:.1f}")
        dots.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.6"/>')
        drawing = True
    return f'<g class="{course.style}"><path d="{"".join(path)}"/>{"".join(dots)}</g>'


def _range(frame: Frame, step: int, low: float, high: float) -> str:
    x, top, bottom = frame.x(step), frame.y(high), frame.y(low)
    return (
        f'<path class="coding" d="M{x:.1f} {bottom:.1f}L{x:.1f} {top:.1f}'
        f'M{x - 4:.1f} {top:.1f}h8M{x - 4:.1f} {bottom:.1f}h8"/>'
    )


def _event(frame: Frame, step: int) -> str:
    x = frame.x(step) - frame.step / 2
    return f'<line class="event" x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{frame.height - BOTTOM}"/>'


def _level_line(frame: Frame, at: float) -> str:
    y = frame.y(at)
    return (
        f'<line class="threshold" x1="{frame.left}" x2="{frame.width - RIGHT}" '
        f'y1="{y:.1f}" y2="{y:.1f}"/>'
    )


def _mark(frame: Frame, step: int, mark: Mark) -> str:
    x = frame.x(step) - frame.step / 2
    return (
        f'<a class="why" href="{escape(mark.href)}" aria-label="{escape(mark.label)}">'
        f"<title>{escape(mark.label)}</title>"
        f'<rect x="{x:.1f}" y="1" width="{frame.step:.1f}" height="{frame.height - 2}"/></a>'
    )


def _key(style: str) -> str:
    if style.startswith("band"):
        return f'<g class="{style}"><rect x="1" y="1" width="26" height="12"/></g>'
    if style in ("event", "threshold"):
        ends = (
            'x1="14" x2="14" y1="0" y2="14"' if style == "event" else 'x1="0" x2="28" y1="7" y2="7"'
        )
        return f'<line class="{style}" {ends}/>'
    if style == "coding":
        return '<path class="coding" d="M14 1v12M10 1h8M10 13h8"/>'
    return f'<g class="{style}"><path d="M1 7L27 7"/><circle cx="14" cy="7" r="3.6"/></g>'

"""The world as a grid of squares, a link behind each: the map of the page The world.

The layout is that of the figures (:mod:`alignsim.panel.tiles`). Colours stand in the style sheet;
the number of a square shows where a pointer or the keyboard is.
"""

from collections.abc import Mapping
from html import escape
from typing import NamedTuple

from htmltools import HTML

from alignsim.panel import tiles
from alignsim.panel.tiles import Tile

WIDTH, HEIGHT, GAP, CUT = 32, 29, 1.5, 9.0
"""Of a square's cell, between squares, and what is cut off a corner, in pixels."""
SHADES = 10
"""Steps of colour from 0 to 1."""
KEY = 16


class Square(NamedTuple):
    """A state on the map. Without an address it is no link; ``styles`` are CSS classes.

    ``mark`` is the CSS class of a mark in the lower left corner.
    """

    label: str
    styles: tuple[str, ...] = ()
    href: str = ""
    number: str = ""
    cut: bool = False
    chosen: bool = False
    mark: str = ""


def shade(chance: float) -> str:
    """CSS class of a probability."""
    return f"p{min(SHADES - 1, int(SHADES * chance))}"


def world(squares: Mapping[str, Square], label: str) -> HTML:
    """The map: a square a state that has a place on the grid."""
    places = {state: tile for state, tile in tiles.layout().items() if state in squares}
    width = WIDTH * (1 + max(tile.column for tile in places.values()))
    height = HEIGHT * (1 + max(tile.row for tile in places.values()))
    # From the top down, as one reads: the order in which a keyboard goes through them.
    order = sorted(places, key=lambda state: places[state])
    drawn = (_square(state, places[state], squares[state]) for state in order)
    return HTML(
        f'<svg class="map" role="group" aria-label="{escape(label)}" viewBox="0 0 {width} {height}"'
        f' width="{width}" height="{height}" xmlns="http://www.w3.org/2000/svg">'
        f"{''.join(drawn)}</svg>"
    )


def _square(state: str, tile: Tile, square: Square) -> str:
    x, y = tile.column * WIDTH, tile.row * HEIGHT
    styles = " ".join(("tile", *square.styles, *(["chosen"] if square.chosen else [])))
    middle = f'x="{x + WIDTH / 2:g}" y="{y + HEIGHT / 2 + 4:g}" text-anchor="middle"'
    inside = (
        f"<title>{escape(square.label)}</title>"
        f'<path d="{_outline(x, y, WIDTH, HEIGHT, square.cut)}"/>'
        f"{_corner(x, y + HEIGHT, square.mark)}"
        f'<text class="code" {middle}>{escape(state)}</text>'
    )
    if not square.href:
        return f'<g class="{styles}">{inside}</g>'
    current = ' aria-current="true"' if square.chosen else ""
    return (
        f'<a class="{styles}" href="{escape(square.href)}" aria-label="{escape(square.label)}"'
        f'{current} data-state="{escape(state)}">{inside}'
        f'<text class="number" {middle}>{escape(square.number)}</text></a>'
    )


def _outline(x: float, y: float, width: float, height: float, cut: bool = False) -> str:
    """A square within its cell; with a cut, without its upper right corner."""
    left, top, right, bottom = x + GAP, y + GAP, x + width - GAP, y + height - GAP
    corner = f"H{right - CUT:g}L{right:g} {top + CUT:g}" if cut else f"H{right:g}"
    return f"M{left:g} {top:g}{corner}V{bottom:g}H{left:g}Z"


def _corner(left: float, bottom: float, mark: str) -> str:
    """A triangle in the lower left corner of a cell; nothing without a mark."""
    if not mark:
        return ""
    x, y = left + GAP, bottom - GAP
    return f'<path class="mark {escape(mark)}" d="M{x:g} {y - CUT:g}V{y:g}H{x + CUT:g}Z"/>'


def scale(low: str, high: str) -> HTML:
    """The colours from 0 to 1, with a word at either end."""
    squares = "".join(
        f'<g class="tile p{number}"><path d="{_outline(number * KEY, 0, KEY + 2 * GAP, KEY)}"/></g>'
        for number in range(SHADES)
    )
    width = SHADES * KEY + 4
    return HTML(
        f'<span>{escape(low)}</span> <svg class="key" viewBox="0 0 {width} {KEY}" width="{width}" '
        f'height="{KEY}" aria-hidden="true">{squares}</svg> <span>{escape(high)}</span>'
    )


def key(text: str, style: str, cut: bool = False, mark: str = "") -> HTML:
    """One entry of the legend besides the colours."""
    outline = f'<path d="{_outline(0, 0, KEY + 4, KEY, cut)}"/>'
    drawn = f'<g class="tile {style}">{outline}{_corner(0, KEY, mark)}</g>'
    return HTML(
        f'<svg class="key" viewBox="0 0 {KEY + 4} {KEY}" width="{KEY + 4}" height="{KEY}" '
        f'aria-hidden="true">{drawn}</svg> {escape(text)}'
    )

"""How much room text takes: where a line breaks, and where the name of a point stands beside it."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

Place = tuple[float, float]
Box = tuple[float, float, float, float]  # left, bottom, right, top

SIDES = (
    ("middle", "right"),
    ("middle", "left"),
    ("top", "center"),
    ("bottom", "center"),
    ("top", "left"),
    ("bottom", "left"),
    ("top", "right"),
    ("bottom", "right"),
)
WIDE, HIGH = 0.62, 1.3  # of a letter and of a line, in type sizes: those of the widest family in use


def name_sides(
    points: Sequence[Place], names: Sequence[str], frame: Box, *, type_size: float, symbol: float
) -> list[tuple[str, str]]:
    """Return the side on which each name stands, one of `SIDES`: first up or down, then left or right.

    points: where the symbols are, y upwards, in the unit of frame, type_size and symbol (their diameter).
    Each name takes the first side on which it stays in the frame and touches no symbol and no name before it;
    where there is none, the right.

    Examples
    --------
    >>> name_sides([(5, 50), (9, 50)], ["a", "b"], (0, 0, 100, 100), type_size=7, symbol=6)
    [('top', 'center'), ('middle', 'right')]
    """
    taken = [box_around(at, symbol, symbol) for at in points]
    sides = []
    for at, name in zip(points, names, strict=True):
        size = (WIDE * type_size * len(name), HIGH * type_size)
        boxes = {side: _place_box(at, size, side, symbol) for side in SIDES} if name else {}
        free = [side for side, box in boxes.items() if _inside(box, frame) and not _touches(box, taken)]
        sides.append(free[0] if free else SIDES[0])
        if name:
            taken.append(boxes[sides[-1]])
    return sides


def break_lines(text: str, wide: float, type_size: float) -> str:
    """Break the lines of a text where they are wider than `wide`, in the unit of type_size.

    Examples
    --------
    >>> break_lines("share of nodes", 60, 7.5)
    'share of\\nnodes'
    """
    letters = max(8, int(wide / (WIDE * type_size)))
    return "\n".join(textwrap.fill(line, letters) for line in text.split("\n"))


def offset(side: tuple[str, str], symbol: float) -> Place:
    """Return how far a name begins from its point: beyond the symbol, on its side."""
    across = {"left": -1.0, "center": 0.0, "right": 1.0}[side[1]]
    up = {"bottom": -1.0, "middle": 0.0, "top": 1.0}[side[0]]
    return across * (0.5 * symbol + 2.0) * (0.6 if up else 1.0), up * (0.5 * symbol + 1.0)


def box_around(at: Place, width: float, height: float) -> Box:
    """Return the box of a width and height whose centre is at a place."""
    return at[0] - width / 2, at[1] - height / 2, at[0] + width / 2, at[1] + height / 2


def _place_box(at: Place, size: Place, side: tuple[str, str], symbol: float) -> Box:
    """Return the box that a name fills on one side of its point."""
    shift = offset(side, symbol)
    across = {"left": -0.5, "center": 0.0, "right": 0.5}[side[1]] * size[0]
    up = {"bottom": -0.5, "middle": 0.0, "top": 0.5}[side[0]] * size[1]
    return box_around((at[0] + shift[0] + across, at[1] + shift[1] + up), *size)


def _inside(box: Box, frame: Box) -> bool:
    return box[0] >= frame[0] and box[1] >= frame[1] and box[2] <= frame[2] and box[3] <= frame[3]


def _touches(box: Box, taken: Sequence[Box]) -> bool:
    """Whether a box has more than an edge in common with one of others."""
    return any(
        box[0] < other[2] and other[0] < box[2] and box[1] < other[3] and other[1] < box[3] for other in taken
    )

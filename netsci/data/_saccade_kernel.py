"""Where the ink at a pixel crosses its next threshold: the compiled loop of the saccade simulator."""

import numpy as np
from numpy.typing import NDArray

from netsci.compiling import njit

_CAPACITY = 2**14  # events; more than a digit gives, and grown when an image gives more


def crossings(
    ink: NDArray[np.float64],
    positions: NDArray[np.float64],
    thresholds: NDArray[np.float64],
    margin: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return time in microseconds and place of every event, by step, row and column, not yet by time.

    ink : [H + 2 margin, W + 2 margin]. positions : [steps + 1, 2], x and y in pixels, below the margin.
    thresholds : [2, H, W], positive. A place is (polarity H + row) W + column.
    """
    capacity = _CAPACITY
    while True:
        time, place = np.empty(capacity, np.int64), np.empty(capacity, np.int64)
        n = _crossings(ink, positions, thresholds, margin, time, place)
        if n <= capacity:
            return time[:n], place[:n]
        capacity = n


@njit(cache=True)
def _crossings(ink, positions, thresholds, margin, time, place):  # type: ignore[no-untyped-def]
    _, height, width = thresholds.shape
    before = np.empty((height, width))
    now = np.empty((height, width))
    _shift_image(ink, positions[0, 0], positions[0, 1], margin, before)
    reference = before.copy()
    n = 0
    for step in range(1, len(positions)):
        _shift_image(ink, positions[step, 0], positions[step, 1], margin, now)
        for y in range(height):
            for x in range(width):
                value, base = now[y, x], reference[y, x]
                arriving, leaving = thresholds[0, y, x], thresholds[1, y, x]
                while value - base >= arriving or base - value >= leaving:
                    polarity = 0 if value > base else 1
                    base += arriving if polarity == 0 else -leaving
                    if n < len(time):
                        change = value - before[y, x]
                        part = (base - before[y, x]) / change if change != 0.0 else 1.0
                        within = min(max(int(1000.0 * part), 0), 999)
                        time[n] = 1000 * (step - 1) + within
                        place[n] = (polarity * height + y) * width + x
                    n += 1
                reference[y, x] = base
                before[y, x] = value
    return n


@njit(cache=True)
def _shift_image(ink, dx, dy, margin, out):  # type: ignore[no-untyped-def]
    # The sensor's pixel (y, x) sees what is at (y - dy, x - dx) of the image.
    left, up = int(np.floor(-dx)), int(np.floor(-dy))
    right_share, down_share = -dx - left, -dy - up
    a = (1.0 - down_share) * (1.0 - right_share)
    b = (1.0 - down_share) * right_share
    c = down_share * (1.0 - right_share)
    d = down_share * right_share
    height, width = out.shape
    for y in range(height):
        row = y + up + margin
        for x in range(width):
            column = x + left + margin
            out[y, x] = (
                a * ink[row, column]
                + b * ink[row, column + 1]
                + c * ink[row + 1, column]
                + d * ink[row + 1, column + 1]
            )

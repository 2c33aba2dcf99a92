"""Recordings of event cameras, and the frames that a network over time is fed with.

An event is (t, x, y, p): at time t (microseconds) the light at the pixel in column x and row y, counted from
the upper left corner, changed, and p is the polarity that the file gives, 1 for brighter and 0 for darker in
the formats read here (in N-MNIST, p = 1 is where ink leaves). Frames count events in T bins,
[T, 2, height, width], and the channel is the polarity: channel 0 holds p = 0, channel 1 holds p = 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Sized
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

BINNINGS = ("time", "count")
_MOST = 255  # counts saturate at the largest uint8
_MOST_STEPS = 2**15  # times below 2^47 by as many steps fit 64 bits


@dataclass(frozen=True, eq=False)
class Events:
    """One recording: events in the order of time.

    t : int64 [events], microseconds, at least 0 and never falling. x, y : int16 [events], column and row from
    the upper left pixel. p : uint8 [events], 0 or 1. size : (height, width) of the sensor in pixels.

    Raises TypeError if a field is not an array of whole numbers. Raises ValueError if the lengths differ, a
    pixel lies outside the sensor, a polarity is neither 0 nor 1, or times are negative or decrease.

    Examples
    --------
    >>> events = Events([0, 5, 9], x=[1, 0, 1], y=[0, 0, 2], p=[1, 1, 0], size=(3, 2))
    >>> len(events), events.duration, events.p.dtype
    (3, 9, dtype('uint8'))
    """

    t: NDArray[Any]
    x: NDArray[Any]
    y: NDArray[Any]
    p: NDArray[Any]
    size: tuple[int, int]

    def __post_init__(self) -> None:
        height, width = _check_size(self.size)
        object.__setattr__(self, "size", (height, width))
        bounds = {"t": (2**47, np.int64), "x": (width, np.int16), "y": (height, np.int16), "p": (2, np.uint8)}
        for name, (bound, dtype) in bounds.items():
            object.__setattr__(self, name, _check_field(getattr(self, name), name, bound, dtype))
        lengths = {name: len(getattr(self, name)) for name in bounds}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"t, x, y and p must have the same length; their lengths are {lengths}")
        late = np.flatnonzero(self.t[1:] < self.t[:-1])
        if len(late):
            first = int(late[0]) + 1
            raise ValueError(
                f"t must not decrease; event {first} has t = {self.t[first]} us after {self.t[first - 1]} us "
                f"({len(late)} such places): sort the events by time first"
            )

    def __len__(self) -> int:
        return len(self.t)

    @property
    def duration(self) -> int:
        """Time from the first to the last event in microseconds; 0 without events."""
        return int(self.t[-1] - self.t[0]) if len(self.t) else 0

    def window(self, start: int, stop: int) -> Events:
        """Return the events with start <= t < stop (microseconds); their times are kept."""
        first, last = np.searchsorted(self.t, [start, stop], side="left")
        cut = slice(int(first), int(max(first, last)))
        return Events(self.t[cut], self.x[cut], self.y[cut], self.p[cut], self.size)


def frames(
    events: Events,
    steps: int,
    *,
    how: str = "time",
    binary: bool = False,
    span: tuple[int, int] | None = None,
) -> NDArray[np.uint8]:
    """Count the events of each pixel and polarity in `steps` bins of equal time or of equal counts.

    how="time":  bin = floor(T (t - start) / (stop - start)), start <= t < stop
    how="count": bin = floor(T i / n), i the place of the event among the n events

    Parameters
    ----------
    events : the recording.
    steps : T, in [1, 32768].
    how : "time" or "count".
    binary : whether a bin says only if there was an event (1) or none (0).
    span : (start, stop) in microseconds; events outside are left out. Without it all events, from the time of
        the first to one microsecond after the last.

    Returns
    -------
    uint8 [T, 2, height, width]; channel 0 counts polarity 0, channel 1 polarity 1. Counts saturate at 255.

    Raises
    ------
    TypeError, ValueError
        If an argument is outside what is said above.

    Examples
    --------
    >>> events = Events([0, 1, 7], x=[1, 1, 0], y=[0, 0, 0], p=[1, 1, 0], size=(1, 2))
    >>> frames(events, 2).tolist()
    [[[[0, 0]], [[0, 2]]], [[[1, 0]], [[0, 0]]]]
    """
    if not isinstance(events, Events):
        raise TypeError(f"events must be one Events; got {type(events).__name__}: use frames_of for a list")
    steps = check_whole(steps, "steps", 1)
    if steps > _MOST_STEPS:
        raise ValueError(f"steps must be at most {_MOST_STEPS}; got {steps}")
    if how not in BINNINGS:
        raise ValueError(f"how must be one of {', '.join(BINNINGS)}; got {how!r}")
    if span is not None:
        start, stop = check_span(span)
        events = events.window(start, stop)
    height, width = events.size
    if not len(events):
        return np.zeros((steps, 2, height, width), np.uint8)
    if how == "count":
        bins = np.arange(len(events), dtype=np.int64) * steps // len(events)
    else:
        if span is None:
            start, stop = int(events.t[0]), int(events.t[-1]) + 1
        bins = (events.t - start) * steps // (stop - start)
    places = ((bins * 2 + events.p) * height + events.y) * width + events.x
    counts = np.bincount(places, minlength=steps * 2 * height * width)
    most = 1 if binary else _MOST
    return np.minimum(counts, most).astype(np.uint8).reshape(steps, 2, height, width)


def frames_of(recordings: Iterable[Events], steps: int, **options: Any) -> NDArray[np.uint8]:
    """Return the frames of recordings with the same sensor size: uint8 [n, T, 2, H / k, W / k].

    Parameters
    ----------
    recordings : at least one.
    steps : T, at least 1.
    options : those of `labelled_frames`.

    Raises
    ------
    TypeError, ValueError
        As `labelled_frames`.

    Examples
    --------
    >>> events = Events([0, 1, 7], x=[1, 1, 0], y=[0, 1, 0], p=[1, 1, 0], size=(2, 2))
    >>> frames_of([events, events], 2, pooling=2).shape
    (2, 2, 2, 1, 1)
    """
    if isinstance(recordings, Events):
        raise TypeError("recordings must be a sequence of Events; got a single Events: pass it to frames")
    if isinstance(recordings, Sized):
        options = {"count": len(recordings), **options}
    return labelled_frames(((0, events) for events in recordings), steps, **options)[0]


def labelled_frames(
    recordings: Iterable[tuple[int, Events]],
    steps: int,
    *,
    how: str = "time",
    binary: bool = False,
    span: tuple[int, int] | None = None,
    pooling: int = 1,
    count: int | None = None,
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return frames and labels of recordings (label, events): uint8 [n, T, 2, H / k, W / k] and int64 [n].

    Every recording is binned as `frames` does and then pooled k x k as `pool` does: counts are summed, binary
    frames are combined by "or". Recordings are taken one by one and not kept.

    Parameters
    ----------
    recordings : at least one, all of one sensor size.
    steps, how, binary, span : as for `frames`.
    pooling : k, dividing height and width.
    count : the number of recordings, if known: then twice the memory is not needed for a moment.

    Raises
    ------
    TypeError, ValueError
        As `frames` and `pool`; also if there is no recording, or sensor sizes or the number differ.
    """
    rows: list[NDArray[np.uint8]] = []
    labels: list[int] = []
    whole: NDArray[np.uint8] | None = None
    for label, events in recordings:
        made = frames(events, steps, how=how, binary=binary, span=span)
        made = pool(made, pooling, how="or" if binary else "sum")
        if not labels:
            first = made.shape
            whole = None if count is None else np.empty((count, *first), np.uint8)
        if made.shape != first:
            raise ValueError(f"recordings must share one sensor size; got {made.shape} after {first}")
        if whole is None:
            rows.append(made)
        elif len(labels) < len(whole):
            whole[len(labels)] = made
        labels.append(label)
    if not labels:
        raise ValueError(
            "recordings must hold at least one recording; it is empty: look at the folder or the filter"
        )
    if count is not None and len(labels) != count:
        raise ValueError(
            f"recordings must be as many as count, {count}; got {len(labels)}: leave out count to count them"
        )
    return np.stack(rows) if whole is None else whole, np.array(labels, np.int64)


def pool(frames: Any, k: int, *, how: str = "sum") -> NDArray[np.uint8]:
    """Combine k x k pixels to one: by their sum, saturating at 255, or by "or" (1 where any is not 0).

    Parameters
    ----------
    frames : uint8 or bool [..., H, W], k dividing H and W (N-MNIST: 34 by 2 to 17; DVS-Gesture: 128 by 4).
    k : at least 1.
    how : "sum" or "or".

    Returns
    -------
    uint8 [..., H / k, W / k].

    Raises
    ------
    TypeError, ValueError
        If an argument is outside what is said above.

    Examples
    --------
    >>> pool(np.array([[1, 0, 9, 0], [2, 0, 0, 0]], np.uint8), 2).tolist()
    [[3, 9]]
    >>> pool(np.array([[1, 0, 9, 0], [2, 0, 0, 0]], np.uint8), 2, how="or").tolist()
    [[1, 1]]
    """
    array = np.asarray(frames)
    if array.dtype not in (np.uint8, np.bool_) or array.ndim < 2:
        raise TypeError(f"frames must be uint8 or bool [..., H, W]; got {array.dtype} {array.shape}")
    k = check_whole(k, "k", 1)
    if how not in ("sum", "or"):
        raise ValueError(f"how must be 'sum' or 'or'; got {how!r}")
    *lead, height, width = array.shape
    if height % k or width % k:
        raise ValueError(f"k must divide height and width, {height} x {width}; got {k}")
    if k == 1:
        return (array != 0).astype(np.uint8) if how == "or" else array.astype(np.uint8)
    pooled = np.zeros((*lead, height // k, width // k), np.uint8 if how == "or" else np.uint32)
    for row in range(k):
        for column in range(k):
            part = array[..., row::k, column::k]
            pooled = pooled | (part != 0) if how == "or" else pooled + part
    return np.minimum(pooled, _MOST).astype(np.uint8)


def check_whole(value: Any, name: str, least: int) -> int:
    """Return a whole number that is at least `least`, or raise with the parameter's name."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{name} must be a whole number; got {value!r}")
    if value < least:
        raise ValueError(f"{name} must be at least {least}; got {value}")
    return int(value)


def check_span(span: Any) -> tuple[int, int]:
    """Return (start, stop) of a window of time in microseconds, start before stop."""
    if not isinstance(span, (tuple, list)) or len(span) != 2:
        raise TypeError(f"span must be (start, stop) in microseconds; got {span!r}")
    start, stop = (check_whole(value, "span", 0) for value in span)
    if start >= stop:
        raise ValueError(f"span must start before it stops; got {start} to {stop} us")
    return start, stop


def _check_size(size: Any) -> tuple[int, int]:
    if not isinstance(size, (tuple, list)) or len(size) != 2:
        raise TypeError(f"size must be (height, width); got {size!r}")
    height, width = (check_whole(value, "size", 1) for value in size)
    if max(height, width) > 2**15:
        raise ValueError(f"size must be at most 32768 pixels a side; got {height} x {width}")
    return height, width


def _check_field(values: Any, name: str, bound: int, dtype: type) -> NDArray[Any]:
    array = np.asarray(values)
    if array.ndim != 1 or (array.dtype.kind not in "biu" and array.size):
        raise TypeError(f"{name} must be whole numbers [events]; got {array.dtype} {array.shape}")
    if array.size and (array.min() < 0 or array.max() >= bound):
        wrong = np.flatnonzero((array < 0) | (array >= bound))
        raise ValueError(f"{name} must lie in [0, {bound - 1}]; event {wrong[0]} has {array[wrong[0]]}")
    return array.astype(dtype)

"""Simulated N-MNIST: what an event camera would see of a still digit while it makes three saccades.

The 28 x 28 image, 0 to 1, is padded to 34 x 34 (3 pixels a side) and blurred by a Gaussian of 1 pixel. Its
position on the sensor follows a monotone cubic (PCHIP) path through PATH in steps of 1 ms, the image between
pixels being bilinear. With the ink I at a pixel and a reference R that starts at I(0):

    while I - R >= threshold[0]: an event p = 0, R += threshold[0]     ink arrives
    while R - I >= threshold[1]: an event p = 1, R -= threshold[1]     ink leaves

    threshold = 0.115 exp(0.3 N(0, 1)) for every pixel and polarity, drawn anew for each image

There is no refractory time. Noise events come on top, 0.1 Hz a pixel and polarity. Nothing here is a
recording: what is made from it must be labelled as simulated.

Reading: within a step the ink changes linearly, and an event has the microsecond at which it crosses.
Source: the constants were recovered from the first 1,000 recordings of N-MNIST; see `compare_with_real`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from netsci.data.events import Events, check_whole, frames, pool

if TYPE_CHECKING:
    import pandas as pd

SIDE = 34  # pixels of the sensor a side
DURATION = 312_000  # microseconds
THRESHOLD, THRESHOLD_SPREAD = 0.115, 0.3
NOISE_HZ = 0.1
BLUR = 1.0  # pixels
# (time in ms, x to the right, y down in pixels): where the image is.
PATH = (
    (0, -2.5, -2.0),
    (20, -2.5, -1.7),
    (35, -2.5, -0.4),
    (50, -2.4, 1.4),
    (60, -2.0, 2.5),
    (70, -1.5, 3.2),
    (85, -1.1, 3.5),
    (110, -0.9, 3.5),
    (130, -0.5, 3.3),
    (140, 0.3, 2.6),
    (150, 1.0, 1.5),
    (160, 1.6, 0.3),
    (170, 2.1, -0.8),
    (185, 2.5, -1.5),
    (200, 2.6, -1.5),
    (224, 2.7, -1.5),
    (240, 2.0, -1.5),
    (250, 1.0, -1.5),
    (260, 0.0, -1.5),
    (270, -0.9, -1.6),
    (280, -1.6, -1.8),
    (295, -2.3, -2.0),
    (312, -2.5, -2.0),
)
_MARGIN = 5  # zeros around the sensor: one more than the path reaches
_BLOCK = 1000  # images blurred together


def simulate(images: Any, *, seed: int, indices: Sequence[int] | None = None) -> list[Events]:
    """Return a simulated recording of each image: 34 x 34 pixels, 312 ms, times in microseconds.

    Parameters
    ----------
    images : uint8 [n, 28, 28], 0 background and 255 ink.
    seed : at least 0; the thresholds and the noise of an image come from default_rng([seed, its index]), so a
        recording depends on neither the other images nor their order.
    indices : the index of each image, n whole numbers of at least 0; 0, 1, ..., n - 1 by default.

    Raises
    ------
    TypeError, ValueError
        If an argument is outside what is said above.

    Examples
    --------
    >>> image = np.zeros((1, 28, 28), np.uint8)
    >>> image[0, 4:24, 13:16] = 255
    >>> [events] = simulate(image, seed=7)
    >>> events.size, 2500 < len(events) < 3500
    ((34, 34), True)
    """
    return list(_recordings(images, seed, indices))


def simulated_frames(
    images: Any,
    steps: int,
    *,
    seed: int,
    indices: Sequence[int] | None = None,
    how: str = "time",
    binary: bool = False,
    pooling: int = 1,
) -> NDArray[np.uint8]:
    """Return frames of simulated recordings without keeping these: uint8 [n, T, 2, 34 / k, 34 / k].

    The same as frames_of(simulate(images, seed=seed), steps, span=(0, 312000), ...).

    Parameters
    ----------
    images, seed, indices : as for `simulate`.
    steps, how, binary : as for `frames`; how="time" divides the 312 ms.
    pooling : k, dividing 34.

    Raises
    ------
    TypeError, ValueError
        As `simulate`, `frames` and `pool`.

    Examples
    --------
    >>> image = np.zeros((1, 28, 28), np.uint8)
    >>> image[0, 4:24, 13:16] = 255
    >>> simulated_frames(image, 8, seed=7, pooling=2).shape
    (1, 8, 2, 17, 17)
    """
    steps, k = check_whole(steps, "steps", 1), check_whole(pooling, "pooling", 1)
    images = _check_images(images)
    if SIDE % k:
        raise ValueError(f"pooling must divide {SIDE}; got {k}")
    made = np.empty((len(images), steps, 2, SIDE // k, SIDE // k), np.uint8)
    for row, events in enumerate(_recordings(images, seed, indices)):
        one = frames(events, steps, how=how, binary=binary, span=(0, DURATION))
        made[row] = pool(one, k, how="or" if binary else "sum")
    return made


def compare_with_real(recordings: Sequence[Events], images: Any, *, seed: int) -> pd.DataFrame:
    """Return a table of statistics of real recordings and of simulated ones of the same images.

    Rows: events a recording (mean, sd), share of polarity 1, events by saccade (before 105 ms, before 210 ms,
    later), active pixels a recording; and two correlations, in the column `simulated`: of the numbers of
    events over recordings, and of the counts of a pixel and polarity in 8 frames, mean over recordings.

    Parameters
    ----------
    recordings : real ones, 34 x 34 pixels, at least two.
    images : uint8 [n, 28, 28], image i being what recording i shows.
    seed : as for `simulate`.

    Returns
    -------
    DataFrame with the columns statistic, real, simulated. A correlation without variance is NaN.

    Raises
    ------
    TypeError, ValueError
        If the numbers of recordings and images differ, or as `simulate`.

    Examples
    --------
    >>> images = np.random.default_rng(0).integers(0, 256, (2, 28, 28)).astype(np.uint8)
    >>> table = compare_with_real(simulate(images, seed=1), images, seed=1)
    >>> bool((table["real"] == table["simulated"])[:7].all())
    True
    """
    import pandas as pd

    images = _check_images(images)
    if len(recordings) != len(images) or len(images) < 2:
        raise ValueError(
            f"recordings must be as many as images and at least 2; got {len(recordings)} and {len(images)}"
        )
    made = simulate(images, seed=seed)
    real, simulated = _statistics(recordings), _statistics(made)
    rows = [{"statistic": key, "real": real[key], "simulated": simulated[key]} for key in real]
    number = _correlation([len(e) for e in recordings], [len(e) for e in made])
    rows.append({"statistic": "r of events over recordings", "real": 1.0, "simulated": number})
    pairs = zip(recordings, made, strict=True)
    counts = [[frames(e, 8, span=(0, DURATION)).ravel() for e in pair] for pair in pairs]
    mean = float(np.mean([_correlation(*pair) for pair in counts]))
    rows.append({"statistic": "r of counts in 8 frames", "real": 1.0, "simulated": mean})
    return pd.DataFrame(rows)


@cache
def positions() -> NDArray[np.float64]:
    """Return where the image is at 0, 1, ..., 312 ms: float64 [313, 2], x to the right and y down, pixels.

    Examples
    --------
    >>> positions()[[0, 20, 312]].round(3).tolist()
    [[-2.5, -2.0], [-2.5, -1.7], [-2.5, -2.0]]
    """
    from scipy.interpolate import PchipInterpolator

    path = np.array(PATH)
    found = PchipInterpolator(path[:, 0], path[:, 1:])(np.arange(DURATION // 1000 + 1))
    found.setflags(write=False)  # one array for all callers
    return np.asarray(found, np.float64)


def _recordings(images: Any, seed: int, indices: Sequence[int] | None) -> Iterator[Events]:
    images = _check_images(images)
    seed = check_whole(seed, "seed", 0)
    keys = _check_indices(indices, len(images))
    for start in range(0, len(images), _BLOCK):
        for row, ink in enumerate(_ink(images[start : start + _BLOCK]), start):
            yield _simulate_recording(ink, np.random.default_rng([seed, keys[row]]))


def _ink(images: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the ink on the sensor and a margin around it, with the image in the middle: [n, 44, 44]."""
    from scipy.ndimage import gaussian_filter

    edge = (SIDE - images.shape[1]) // 2
    padded = np.pad(images / 255.0, ((0, 0), (edge, edge), (edge, edge)))
    blurred = gaussian_filter(padded, BLUR, axes=(1, 2), mode="constant")
    return np.pad(blurred, ((0, 0), (_MARGIN, _MARGIN), (_MARGIN, _MARGIN)))


def _simulate_recording(ink: NDArray[np.float64], rng: np.random.Generator) -> Events:
    from netsci.data._saccade_kernel import crossings

    spread = rng.standard_normal((2, SIDE, SIDE))
    time, place = crossings(ink, positions(), THRESHOLD * np.exp(THRESHOLD_SPREAD * spread), _MARGIN)
    n_noise = rng.poisson(NOISE_HZ * DURATION * 1e-6 * spread.size)
    time = np.concatenate([time, rng.integers(0, DURATION, n_noise)])
    place = np.concatenate([place, rng.integers(0, spread.size, n_noise)])
    order = np.argsort(time, kind="stable")
    polarity, y, x = np.unravel_index(place[order], spread.shape)
    return Events(time[order], x, y, polarity, (SIDE, SIDE))


def _statistics(recordings: Sequence[Events]) -> dict[str, float]:
    number = np.array([len(e) for e in recordings])
    windows = [(0, 105_000), (105_000, 210_000), (210_000, 2**47 - 1)]
    saccades = np.mean([[len(e.window(*w)) for w in windows] for e in recordings], axis=0)
    active = np.mean([len(np.unique(e.y.astype(int) * SIDE + e.x)) for e in recordings])
    return {
        "events, mean": float(number.mean()),
        "events, sd": float(number.std(ddof=1)),
        "share of polarity 1": float(sum(int(e.p.sum()) for e in recordings) / max(1, number.sum())),
        "events of saccade 1": float(saccades[0]),
        "events of saccade 2": float(saccades[1]),
        "events of saccade 3": float(saccades[2]),
        "active pixels": float(active),
    }


def _correlation(a: Any, b: Any) -> float:
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    a, b = a - a.mean(), b - b.mean()
    norm = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / norm if norm > 0 else float("nan")


def _check_images(images: Any) -> NDArray[np.uint8]:
    array = np.asarray(images)
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[1:] != (28, 28):
        raise TypeError(f"images must be uint8 [n, 28, 28]; got {array.dtype} {array.shape}")
    return array


def _check_indices(indices: Sequence[int] | None, n: int) -> list[int]:
    if indices is None:
        return list(range(n))
    keys = [check_whole(index, "indices", 0) for index in indices]
    if len(keys) != n:
        raise ValueError(f"indices must hold one number for each image; got {len(keys)} for {n} images")
    return keys

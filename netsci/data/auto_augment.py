"""AutoAugment's policy for CIFAR-10, for images uint8 [n, C, H, W], each image its own.

Each image draws one of 25 sub-policies: two operations, each with a probability and a magnitude m = 0 ... 9.

    shear x, y        by .3 m / 9                translate x, y  by 150 / 331 m / 9 of the width, height
    rotate            by 30 m / 9 degrees        solarize        invert values from 256 (1 - m / 9) on
    color, contrast,  x <- y + f (x - y),        posterize       keep the 8 - 4 m / 9 highest bits
    brightness,       f = 1 + .9 m / 9           auto contrast, equalize, invert: no magnitude
    sharpness

y is the grey image (color), the mean grey (contrast), black (brightness), or the image smoothed by the
weights 1 1 1, 1 5 1, 1 1 1 over 13 (sharpness; pixels at the edge stay). Shears, translations, rotations and
the four blends go in either direction with probability 1/2. New pixels are grey, 128; pixels are taken from
the nearest place.

Source: Cubuk et al., AutoAugment (2019), Table 7 of the appendix (policy), Table 6 (magnitudes).
Reading: shears keep the centre of the image.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float64]

POLICY: tuple[tuple[tuple[str, float, int], tuple[str, float, int]], ...] = (
    (("invert", 0.1, 7), ("contrast", 0.2, 6)),
    (("rotate", 0.7, 2), ("translate_x", 0.3, 9)),
    (("sharpness", 0.8, 1), ("sharpness", 0.9, 3)),
    (("shear_y", 0.5, 8), ("translate_y", 0.7, 9)),
    (("auto_contrast", 0.5, 8), ("equalize", 0.9, 2)),
    (("shear_y", 0.2, 7), ("posterize", 0.3, 7)),
    (("color", 0.4, 3), ("brightness", 0.6, 7)),
    (("sharpness", 0.3, 9), ("brightness", 0.7, 9)),
    (("equalize", 0.6, 5), ("equalize", 0.5, 1)),
    (("contrast", 0.6, 7), ("sharpness", 0.6, 5)),
    (("color", 0.7, 7), ("translate_x", 0.5, 8)),
    (("equalize", 0.3, 7), ("auto_contrast", 0.4, 8)),
    (("translate_y", 0.4, 3), ("sharpness", 0.2, 6)),
    (("brightness", 0.9, 6), ("color", 0.2, 8)),
    (("solarize", 0.5, 2), ("invert", 0.0, 3)),
    (("equalize", 0.2, 0), ("auto_contrast", 0.6, 0)),
    (("equalize", 0.2, 8), ("equalize", 0.6, 4)),
    (("color", 0.9, 9), ("equalize", 0.6, 6)),
    (("auto_contrast", 0.8, 4), ("solarize", 0.2, 8)),
    (("brightness", 0.1, 3), ("color", 0.7, 0)),
    (("solarize", 0.4, 5), ("auto_contrast", 0.9, 3)),
    (("translate_y", 0.9, 9), ("translate_y", 0.7, 9)),
    (("auto_contrast", 0.9, 2), ("solarize", 0.8, 3)),
    (("equalize", 0.8, 8), ("invert", 0.1, 3)),
    (("translate_y", 0.7, 9), ("auto_contrast", 0.9, 1)),
)
LARGEST = 9
GREY = 128
_LUMA = np.array([299.0, 587.0, 114.0]) / 1000.0


def apply_policy(x: Bytes, *, rng: np.random.Generator) -> Bytes:
    """Return each image after the two operations of a sub-policy, drawn uniformly, each with its probability.

    x : uint8 [n, C, H, W]. The number of random numbers depends on n alone.

    Examples
    --------
    >>> x = np.arange(48, dtype=np.uint8).reshape(1, 3, 4, 4)
    >>> apply_policy(x, rng=np.random.default_rng(0)).shape
    (1, 3, 4, 4)
    """
    chosen = rng.integers(0, len(POLICY), size=len(x))
    drawn = rng.random((len(x), 2))
    signs = np.where(rng.random((len(x), 2)) < 0.5, -1.0, 1.0)
    out = x.copy()
    for step in (0, 1):
        names = np.array([policy[step][0] for policy in POLICY])[chosen]
        likely = np.array([policy[step][1] for policy in POLICY])[chosen]
        share = np.array([policy[step][2] for policy in POLICY])[chosen] / LARGEST
        for name in OPERATIONS:
            which = np.flatnonzero((names == name) & (drawn[:, step] < likely))
            if len(which):
                out[which] = OPERATIONS[name](out[which], share[which], signs[which, step])
    return out


def _move(x: Bytes, matrix: Floats, shift: Floats) -> Bytes:
    """Return images whose pixel at p = (x, y), from the centre, is that of matrix p + shift."""
    n, _, height, width = x.shape
    down, right = np.meshgrid(np.arange(height), np.arange(width), indexing="ij")
    centre = np.array([(width - 1) / 2, (height - 1) / 2])
    places = np.stack([right.ravel(), down.ravel()]) - centre[:, None]
    source = matrix @ places + (shift + centre)[:, :, None]
    columns, rows = np.floor(source + 0.5).astype(np.int64).transpose(1, 0, 2)
    inside = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    flat = np.where(inside, rows * width + columns, 0)
    taken = np.take_along_axis(x.reshape(n, -1, height * width), flat[:, None], axis=2)
    return np.where(inside[:, None], taken, np.uint8(GREY)).reshape(x.shape)


def _shear(x: Bytes, share: Floats, sign: Floats, axis: int) -> Bytes:
    matrix = np.tile(np.eye(2), (len(x), 1, 1))
    matrix[:, axis, 1 - axis] = 0.3 * share * sign
    return _move(x, matrix, np.zeros((len(x), 2)))


def _translate(x: Bytes, share: Floats, sign: Floats, axis: int) -> Bytes:
    shift = np.zeros((len(x), 2))
    shift[:, axis] = np.trunc(150 / 331 * share * x.shape[3 - axis]) * sign
    return _move(x, np.tile(np.eye(2), (len(x), 1, 1)), shift)


def _rotate(x: Bytes, share: Floats, sign: Floats) -> Bytes:
    angle = np.deg2rad(30.0 * share * sign)
    matrix = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return _move(x, matrix.transpose(2, 0, 1), np.zeros((len(x), 2)))


def _grey(x: Bytes) -> Floats:
    """Return the grey images, float [n, 1, H, W]; of another number of channels than three their mean."""
    weights = _LUMA if x.shape[1] == 3 else np.full(x.shape[1], 1.0 / x.shape[1])
    return np.asarray(np.round(np.tensordot(x, weights, axes=(1, 0)))[:, None])


def _blend(x: Bytes, other: Any, share: Floats, sign: Floats) -> Bytes:
    factor = (1.0 + 0.9 * share * sign)[:, None, None, None]
    return np.asarray(np.clip(np.rint(other + factor * (x - other)), 0, 255), np.uint8)


def _contrast(x: Bytes, share: Floats, sign: Floats) -> Bytes:
    return _blend(x, np.round(_grey(x).mean((1, 2, 3), keepdims=True)), share, sign)


def _sharpness(x: Bytes, share: Floats, sign: Floats) -> Bytes:
    smooth = x.astype(np.float64)
    if min(x.shape[2:]) > 2:
        windows = np.lib.stride_tricks.sliding_window_view(x, (3, 3), axis=(2, 3))
        inner = windows.sum((4, 5), dtype=np.int64) + 4 * x[:, :, 1:-1, 1:-1].astype(np.int64)
        smooth[:, :, 1:-1, 1:-1] = np.round(inner / 13)
    return _blend(x, smooth, share, sign)


def _posterize(x: Bytes, share: Floats, sign: Floats) -> Bytes:
    lost = np.round(4.0 * share).astype(np.int64)
    kept: Bytes = ((255 << lost) & 255).astype(np.uint8)
    return np.asarray(x & kept[:, None, None, None], np.uint8)


def _solarize(x: Bytes, share: Floats, sign: Floats) -> Bytes:
    return np.where(x >= (256.0 * (1.0 - share))[:, None, None, None], 255 - x, x)


def _auto_contrast(x: Bytes, share: Floats, sign: Floats) -> Bytes:
    """Stretch each channel so that its values reach from 0 to 255; a channel of one value stays."""
    low, high = x.min((2, 3), keepdims=True).astype(np.float64), x.max((2, 3), keepdims=True)
    scale = 255.0 / np.where(high > low, high - low, 255.0)
    stretched = np.clip(np.trunc((x - low) * scale), 0, 255).astype(np.uint8)
    return np.where(high > low, stretched, x)


def _equalize(x: Bytes, share: Floats, sign: Floats) -> Bytes:
    """Make the values of each channel about equally frequent; a channel that this cannot change stays."""
    planes = x.reshape(-1, x.shape[2] * x.shape[3])
    rows = np.arange(len(planes))[:, None]
    counts = np.bincount((planes + 256 * rows).ravel(), minlength=256 * len(planes)).reshape(-1, 256)
    last = np.take_along_axis(counts, 255 - (counts[:, ::-1] > 0).argmax(1)[:, None], axis=1)
    step = (planes.shape[1] - last) // 255
    before = counts.cumsum(1) - counts
    table = np.clip((before + step // 2) // np.maximum(step, 1), 0, 255)
    table = np.where(step > 0, table, np.arange(256)).astype(np.uint8)
    return np.take_along_axis(table, planes.astype(np.int64), axis=1).reshape(x.shape)


OPERATIONS: dict[str, Callable[[Bytes, Floats, Floats], Bytes]] = {
    "shear_x": lambda x, share, sign: _shear(x, share, sign, 0),
    "shear_y": lambda x, share, sign: _shear(x, share, sign, 1),
    "translate_x": lambda x, share, sign: _translate(x, share, sign, 0),
    "translate_y": lambda x, share, sign: _translate(x, share, sign, 1),
    "rotate": _rotate,
    "color": lambda x, share, sign: _blend(x, _grey(x), share, sign),
    "contrast": _contrast,
    "brightness": lambda x, share, sign: _blend(x, 0.0, share, sign),
    "sharpness": _sharpness,
    "posterize": _posterize,
    "solarize": _solarize,
    "auto_contrast": _auto_contrast,
    "equalize": _equalize,
    "invert": lambda x, share, sign: 255 - x,
}

"""Vary training images uint8 [n, C, H, W], each image its own: crops, flips, erased squares, AutoAugment.

Each function returns a new array and draws from the generator a number of values that depends on n alone.
`AUGMENTATIONS` knows by name what recipes choose from: functions of (images, rng, max_shift).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from netsci.data.auto_augment import apply_policy
from netsci.registry import Registry

Bytes = NDArray[np.uint8]


def random_crop(x: Bytes, *, rng: np.random.Generator, padding: int = 4) -> Bytes:
    """Shift each image by up to `padding` pixels in either direction, and fill with zeros.

    That is a crop of the size of the image from the image padded with zeros, its corner uniform among
    (2 padding + 1)^2 places.

    Parameters
    ----------
    x : uint8 [n, C, H, W].
    padding : pixels, 0 or more.

    Raises
    ------
    TypeError, ValueError
        If x is of another kind, or padding is no integer of at least 0.

    Examples
    --------
    >>> x = np.full((2, 3, 8, 8), 9, np.uint8)
    >>> random_crop(x, rng=np.random.default_rng(0)).shape
    (2, 3, 8, 8)
    """
    _check(x)
    _check_integer(padding, "padding", 0)
    n, _, height, width = x.shape
    down = rng.integers(0, 2 * padding + 1, size=n)
    right = rng.integers(0, 2 * padding + 1, size=n)
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (height, width), axis=(2, 3))
    return windows[np.arange(n), :, down, right]


def horizontal_flip(x: Bytes, *, rng: np.random.Generator, probability: float = 0.5) -> Bytes:
    """Mirror each image, left to right, with a probability.

    Parameters
    ----------
    x : uint8 [n, C, H, W].
    probability : in [0, 1].

    Raises
    ------
    TypeError, ValueError
        If x is of another kind, or the probability lies outside [0, 1].

    Examples
    --------
    >>> x = np.arange(3, dtype=np.uint8).reshape(1, 1, 1, 3)
    >>> horizontal_flip(x, rng=np.random.default_rng(0), probability=1).ravel().tolist()
    [2, 1, 0]
    """
    _check(x)
    if not 0 <= probability <= 1:
        raise ValueError(f"probability must be in [0, 1]; got {probability!r}")
    flipped = rng.random(len(x)) < probability
    out = x.copy()
    out[flipped] = x[flipped, :, :, ::-1]
    return out


def shift(x: Bytes, *, rng: np.random.Generator, max_shift: int = 4) -> Bytes:
    """Shift each image by up to `max_shift` pixels in either direction, never mirrored: for digits and text.

    Examples
    --------
    >>> x = np.ones((2, 1, 4, 4), np.uint8)
    >>> shift(x, rng=np.random.default_rng(0), max_shift=1).shape
    (2, 1, 4, 4)
    """
    return random_crop(x, rng=rng, padding=max_shift)


def crop_flip(x: Bytes, *, rng: np.random.Generator, max_shift: int = 4) -> Bytes:
    """Shift each image as `shift` does, then mirror half of them: for photographs.

    Examples
    --------
    >>> x = np.ones((2, 1, 4, 4), np.uint8)
    >>> crop_flip(x, rng=np.random.default_rng(0)).shape
    (2, 1, 4, 4)
    """
    return horizontal_flip(random_crop(x, rng=rng, padding=max_shift), rng=rng)


def keep_images(x: Bytes, *, rng: np.random.Generator, max_shift: int = 4) -> Bytes:
    """Return the images as they are."""
    return x


def cutout(x: Bytes, *, rng: np.random.Generator, size: int = 16, fill: ArrayLike = 0) -> Bytes:
    """Erase a square in each image.

    The centre is uniform over the pixels, so that a square may be cut by the edge.

    Parameters
    ----------
    x : uint8 [n, C, H, W].
    size : side in pixels, 1 or more; an even square reaches one pixel further up and left of its centre.
    fill : value in [0, 255] that is put there, or one for each channel [C].

    Raises
    ------
    TypeError, ValueError
        If x is of another kind, or size or fill lies outside its range.

    Examples
    --------
    >>> x = np.ones((1, 1, 4, 4), np.uint8)
    >>> int(cutout(x, rng=np.random.default_rng(0), size=1).sum())
    15
    """
    _check(x)
    _check_integer(size, "size", 1)
    n, channels, height, width = x.shape
    values = np.asarray(fill)
    if values.shape not in ((), (channels,)) or values.dtype.kind not in "iu":
        raise ValueError(f"fill must be one integer or one for each of {channels} channels; got {fill!r}")
    if not ((values >= 0) & (values <= 255)).all():
        raise ValueError(f"fill must be in [0, 255]; got {fill!r}")
    # How far each row and column is from the first of the square, [n, height] and [n, width].
    up: NDArray[np.int64] = rng.integers(0, height, size=(n, 1))
    left: NDArray[np.int64] = rng.integers(0, width, size=(n, 1))
    rows, columns = np.arange(height) - up + size // 2, np.arange(width) - left + size // 2
    erased = ((rows >= 0) & (rows < size))[:, :, None] & ((columns >= 0) & (columns < size))[:, None, :]
    filled = np.broadcast_to(values.astype(np.uint8).reshape(-1, 1, 1), (channels, 1, 1))
    return np.where(erased[:, None], filled, x)


def auto_augment(x: Bytes, *, rng: np.random.Generator, max_shift: int = 4) -> Bytes:
    """Return each image after two operations of AutoAugment's policy for CIFAR-10, for photographs.

    See `netsci.data.auto_augment`.

    Examples
    --------
    >>> x = np.ones((2, 3, 4, 4), np.uint8)
    >>> auto_augment(x, rng=np.random.default_rng(0)).shape
    (2, 3, 4, 4)
    """
    _check(x)
    return apply_policy(x, rng=rng)


def cut_half(x: Bytes, *, rng: np.random.Generator, max_shift: int = 4) -> Bytes:
    """Erase a square of half the side in each image: 16 pixels in images of 32, see `cutout`.

    Examples
    --------
    >>> int(cut_half(np.ones((1, 1, 8, 8), np.uint8), rng=np.random.default_rng(0)).sum()) >= 48
    True
    """
    _check(x)
    return cutout(x, rng=rng, size=max(1, min(x.shape[2:]) // 2))


AUGMENTATIONS: Registry[Callable[..., Bytes]] = Registry(
    "augmentation",
    {
        "none": keep_images,
        "crop_flip": crop_flip,
        "shift": shift,
        "autoaugment": auto_augment,
        "cutout": cut_half,
    },
    public="netsci.data.augment.AUGMENTATIONS",
)


def augment(x: Bytes, names: str, *, rng: np.random.Generator, max_shift: int = 4) -> Bytes:
    """Augment images by one or several of `AUGMENTATIONS`, joined by "+", one after the other.

    x : uint8 [n, C, H, W]. rng : generator that all of them draw from, in their order. max_shift : pixels.

    Raises ValueError, with all names, if one is unknown.

    Examples
    --------
    >>> x = np.ones((2, 3, 8, 8), np.uint8)
    >>> augment(x, "crop_flip+autoaugment+cutout", rng=np.random.default_rng(7)).shape
    (2, 3, 8, 8)
    """
    for function in find_augmentations(names):
        x = function(x, rng=rng, max_shift=max_shift)
    return x


def find_augmentations(names: str) -> list[Callable[..., Bytes]]:
    """Return the functions that names joined by "+" stand for.

    Raises ValueError, with all names, if one is unknown.

    Examples
    --------
    >>> [function.__name__ for function in find_augmentations("shift+cutout")]
    ['shift', 'cut_half']
    """
    parts = names.split("+") if isinstance(names, str) else [names]
    for name in parts:
        AUGMENTATIONS.check(name, "augment")
    return [AUGMENTATIONS[name] for name in parts]


def _check(x: Bytes) -> None:
    if not isinstance(x, np.ndarray) or x.dtype != np.uint8:
        raise TypeError(
            f"x must be a uint8 array; got {getattr(x, 'dtype', type(x))}: augment before scaling"
        )
    if x.ndim != 4:
        raise ValueError(f"x must have shape [n, C, H, W]; got {x.shape}")


def _check_integer(value: int, name: str, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{name} must be an integer of at least {least}; got {value!r}")
    if value < least:
        raise ValueError(f"{name} must be at least {least}; got {value}")

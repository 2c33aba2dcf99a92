"""Weights and operations of the networks whose energies are printed, counted by hand: no network is built."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

PJ_PER_AC, PJ_PER_MAC = 0.9, 4.6
VGG16 = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
CONV6 = ((128, 128), (256, 256), (512, 512))
TOKENS, WIDTH, DEPTH, PATCH = 197, 768, 12, 16  # ViT-B / 16 at 224 x 224
UJ_PER_PJ, MJ_PER_PJ = 1e-6, 1e-9


@dataclass(frozen=True)
class Counts:
    """Of one network: weights, and operations of one image by part (padding included, as papers count)."""

    first: int
    convolutions: int
    linear: int
    conv_weights: int = 0
    linear_weights: int = 0


def count_convolutions(blocks: tuple[tuple[int, ...], ...], *, size: int = 32) -> Counts:
    """Return the counts of 3 x 3 convolutions on a colour image; each block but the first halves its sides.

    >>> count_convolutions(VGG16).convolutions, count_convolutions(VGG16).conv_weights
    (313196544, 14710464)
    """
    inputs, weights, operations, first = 3, 0, 0, 0
    for number, block in enumerate(blocks):
        places = (size >> number) ** 2
        for outputs in block:
            weights += 9 * inputs * outputs
            operations += 9 * inputs * outputs * places
            first = first or operations
            inputs = outputs
    return Counts(first, operations, 0, weights)


def count_mlp(widths: tuple[int, ...]) -> tuple[int, ...]:
    """Return the weights, which are the operations, of each layer of a perceptron.

    >>> sum(count_mlp((3072, 3072, 3072, 10)))
    18905088
    """
    return tuple(a * b for a, b in pairwise(widths))


def count_vit() -> dict[str, int]:
    """Return the operations of ViT-B / 16 by part; all block linears, the patches, the head, the attention.

    >>> sum(count_vit().values())
    17563828224
    """
    return {
        "blocks": TOKENS * DEPTH * 12 * WIDTH**2,
        "patches": (TOKENS - 1) * 3 * PATCH**2 * WIDTH,
        "head": WIDTH * 1000,
        "attention": DEPTH * 2 * TOKENS**2 * WIDTH,
    }

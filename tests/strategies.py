"""Random masks and layered graphs for hypothesis."""

import numpy as np
from hypothesis import strategies as st

from netsci.graph import LayeredGraph


@st.composite
def masks(draw, min_side=1, max_side=8):
    """A boolean matrix of any shape and density, empty and full included."""
    shape = (draw(st.integers(min_side, max_side)), draw(st.integers(min_side, max_side)))
    density = draw(st.sampled_from([0.0, 0.2, 0.5, 0.8, 1.0]))
    return np.random.default_rng(draw(st.integers(0, 2**32 - 1))).random(shape) < density


@st.composite
def chains(draw, max_layers=4, max_side=7, weighted=False):
    """A chain of random layers; a row group of 1 or 2 rows a unit."""
    widths = draw(st.lists(st.integers(1, max_side), min_size=2, max_size=max_layers + 1))
    groups = [draw(st.sampled_from([1, 1, 2])) for _ in widths[1:]]
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    density = draw(st.sampled_from([0.0, 0.2, 0.4, 0.7]))
    layers = [
        rng.random((m * g, n)) < density for m, n, g in zip(widths[:-1], widths[1:], groups, strict=True)
    ]
    weights = [rng.normal(size=layer.shape) for layer in layers] if weighted else None
    return LayeredGraph.from_masks(layers, weights=weights, rows_per_unit=groups)

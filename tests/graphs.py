"""Small graphs that a person can check by hand."""

import numpy as np

from netsci.graph import LayeredGraph, Population, Projection


def chain() -> LayeredGraph:
    """3 -> 2 -> 1, neither square nor symmetric, with weights."""
    masks = [[[1, 0], [0, 1], [1, 1]], [[1], [0]]]
    weights = [
        np.array([[0.5, 0.0], [0.0, -2.0], [0.0, 3.0]], np.float32),
        np.array([[4.0], [0.0]], np.float32),
    ]
    return LayeredGraph.from_masks(masks, weights=weights, names=["fc1", "fc2"])


def convolution() -> LayeredGraph:
    """2 channels -> 3 channels by 2 x 1 kernels, then a flatten of 3 channels x 2 places -> 2 outputs."""
    kernel = np.zeros((4, 3))
    kernel[1, 0] = kernel[2, 1] = kernel[3, 1] = 1  # channel 0 -> 0; channel 1 -> 1, twice
    linear = np.zeros((6, 2))
    linear[0, 0] = linear[3, 1] = linear[5, 1] = 1
    return LayeredGraph.from_masks([kernel, linear], rows_per_unit=[2, 2])


def residual() -> LayeredGraph:
    """a -> b -> c with a shortcut a -> c and a recurrent projection b -> b."""
    return LayeredGraph(
        (Population("a", 2), Population("b", 3), Population("c", 2)),
        (
            Projection("a", "b", [[1, 0, 0], [0, 1, 0]]),
            Projection("b", "c", [[0, 1], [0, 0], [1, 0]]),
            Projection("a", "c", [[0, 0], [1, 0]]),
            Projection("b", "b", [[0, 0, 1], [0, 0, 0], [0, 0, 0]]),
        ),
    )


def backward() -> LayeredGraph:
    """a -> b, and back from b to a, which comes before it: no link of one is the reverse of the other's."""
    return LayeredGraph(
        (Population("a", 2), Population("b", 3)),
        (
            Projection("a", "b", [[1, 0, 0], [0, 1, 0]], [[1.0, 0, 0], [0, 2.0, 0]]),
            Projection("b", "a", [[0, 0], [1, 0], [0, 1]], [[0, 0], [3.0, 0], [0, 4.0]]),
        ),
    )


def mixed() -> LayeredGraph:
    """a -> b without weights, and undirected links with weights among the units of b."""
    lateral = np.array([[0.0, 2.0, 0.0], [2.0, 5.0, 3.0], [0.0, 3.0, 0.0]])
    return LayeredGraph(
        (Population("a", 2), Population("b", 3)),
        (
            Projection("a", "b", [[1, 0, 0], [0, 1, 0]]),
            Projection("b", "b", lateral, lateral, undirected=True),
        ),
    )

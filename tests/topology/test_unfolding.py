"""Convolutions as bipartite graphs: against an unfolded torus, and by what each of them cannot see."""

import time

import numpy as np
import pytest
import scipy.sparse as sp

from netsci.graph.ch.scores import ch_scores
from netsci.topology.unfolding import channel, im2col, lattice
from netsci.topology.view import ArrayView


def view_of_kernels(kernels):
    """M[o, i, a] as a view: rows are channels at places."""
    outputs, channels, places = kernels.shape
    links = sp.csr_array(kernels.transpose(1, 2, 0).reshape(channels * places, outputs))
    return ArrayView("conv", links, None, places)


def unfold(kernels, side, pixels):
    """Pixels x units of a torus: unit (o, y) sees the pixel (i, x) with x = y + a."""
    outputs, channels, _ = kernels.shape
    big = np.zeros((channels, pixels, pixels, outputs, pixels, pixels), bool)
    for o, i, a, b in np.argwhere(kernels.reshape(outputs, channels, side, side)):
        y = np.arange(pixels)
        big[i, ((y + a) % pixels)[:, None], ((y + b) % pixels)[None], o, y[:, None], y[None]] = True
    return big


@pytest.mark.parametrize(
    ("side", "channels", "outputs", "density"), [(3, 3, 4, 0.3), (2, 4, 3, 0.5), (1, 6, 5, 0.4)]
)
def test_a_lattice_is_a_torus_unfolded(side, channels, outputs, density):
    rng = np.random.default_rng(side)
    kernels = rng.random((outputs, channels, side * side)) < density
    pixels = 4 * side - 3  # no path of three links meets itself around the torus
    big = unfold(kernels, side, pixels)
    whole = ch_scores(big.reshape(channels * pixels**2, outputs * pixels**2), "ch3_l3n").reshape(big.shape)
    found = lattice(view_of_kernels(kernels)).reshape(channels, side, side, outputs)
    for i, a, b, o in np.ndindex(found.shape):
        y = np.arange(pixels)
        at = whole[i, ((y + a) % pixels)[:, None], ((y + b) % pixels)[None], o, y[:, None], y[None]]
        if kernels[o, i, a * side + b]:
            assert np.isnan(at).all()
            assert np.isnan(found[i, a, b, o])
        else:
            assert abs(at.mean() - found[i, a, b, o]) < 1e-12
            assert np.ptp(at) < 1e-12  # every pixel has the same
    assert np.nanmax(found) > 0


def test_a_kernel_of_one_place_is_an_ordinary_layer():
    kernels = np.random.default_rng(3).random((7, 9, 1)) < 0.35
    view = view_of_kernels(kernels)
    np.testing.assert_allclose(lattice(view), im2col(view), rtol=1e-12)


def test_im2col_is_blind_to_places_and_the_lattice_is_not():
    rng = np.random.default_rng(5)
    kernels = rng.random((6, 5, 9)) < 0.3
    order = np.stack([rng.permutation(9) for _ in range(5)])
    moved = np.stack([kernels[:, i, order[i]] for i in range(5)], axis=1)

    def back(scores):  # cells of the moved kernels at the places that they had
        by_channel, home = scores.reshape(5, 9, 6), np.empty((5, 9, 6))
        for i in range(5):
            home[i, order[i]] = by_channel[i]
        return home.reshape(45, 6)

    a, b = view_of_kernels(kernels), view_of_kernels(moved)
    np.testing.assert_allclose(im2col(a), back(im2col(b)), rtol=1e-12)
    np.testing.assert_array_equal(np.isnan(lattice(a)), np.isnan(back(lattice(b))))
    assert np.nanmax(np.abs(lattice(a) - back(lattice(b)))) > 0.1
    np.testing.assert_array_equal(channel(a), back(channel(b)))


def test_channels_score_as_pairs():
    kernels = np.zeros((3, 3, 4), bool)  # channels and outputs 0-0, 0-1, 1-1, 1-2, 2-2 by one weight each
    for o, i, a in [(0, 0, 1), (1, 0, 2), (1, 1, 0), (2, 1, 3), (2, 2, 2)]:
        kernels[o, i, a] = True
    found = channel(view_of_kernels(kernels)).reshape(3, 4, 3)
    pairs = kernels.any(axis=2).T
    known = ch_scores(pairs, "ch3_l3n", existing="leave_one_out")
    assert known[2, 0] == 0.0  # five links apart
    assert known[2, 1] > 0
    for i, a, o in np.ndindex(found.shape):
        if kernels[o, i, a]:
            assert np.isnan(found[i, a, o])
        else:
            assert found[i, a, o] == known[i, o]


def test_views_that_are_no_convolutions_are_refused():
    with pytest.raises(
        ValueError, match="rows of layer 'a' must be whole channels, 4 rows each; there are 6"
    ):
        channel(ArrayView("a", sp.csr_array(np.ones((6, 2), bool)), None, 4))
    with pytest.raises(ValueError, match=r"kernel of layer 'a' must be square.*it has 3 places"):
        lattice(ArrayView("a", sp.csr_array(np.ones((6, 2), bool)), None, 3))


def test_a_lattice_of_real_size_is_quick():
    kernels = np.random.default_rng(1).random((64, 64, 9)) < 0.2
    begin = time.perf_counter()
    lattice(view_of_kernels(kernels))
    assert time.perf_counter() - begin < 1.0

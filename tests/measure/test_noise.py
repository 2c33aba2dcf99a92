import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netsci.measure import bit_flip, false_spikes, noise, spike_dropout

KINDS = [bit_flip, false_spikes, spike_dropout]


def generator(seed=5):
    return np.random.default_rng(seed)


@st.composite
def trains(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = tuple(draw(st.lists(st.integers(0, 5), min_size=0, max_size=3)))
    dtype = draw(st.sampled_from([np.bool_, np.uint8, np.int64, np.float32, np.float64]))
    return (rng.random(shape) < 0.5).astype(dtype)


@given(trains(), st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0]), st.integers(0, 99))
def test_what_may_change_and_what_may_not(x, p, seed):
    before = x.copy()
    flipped, false, dropped = (one(x, p, rng=generator(seed)) for one in KINDS)
    assert (x == before).all()
    for found in (flipped, false, dropped):
        assert found.dtype == x.dtype
        assert found.shape == x.shape
        assert ((found == 0) | (found == 1)).all()
    assert (false >= x).all()
    assert (dropped <= x).all()
    # of one generator state: flips are the false and the dropped spikes together
    assert ((flipped != x) == ((false != x) | (dropped != x))).all()
    if p == 0:
        assert (flipped == x).all()
    if p == 1:
        assert (flipped != x).all()
        assert (false == 1).all()
        assert (dropped == 0).all()


@given(trains(), st.integers(0, 99))
def test_more_noise_holds_less_noise(x, seed):
    little, much = (bit_flip(x, p, rng=generator(seed)) != x for p in (0.2, 0.6))
    assert not (little & ~much).any()


@pytest.mark.parametrize("p", [0.01, 0.05, 0.2])
def test_ratio(p):
    x = np.random.default_rng(1).random((50, 40, 100)) < 0.3
    ones, zeros, all_ = x.sum(), (~x).sum(), x.size
    for one, may, n in ((bit_flip, x | ~x, all_), (false_spikes, ~x, zeros), (spike_dropout, x, ones)):
        changed = one(x, p, rng=generator()) != x
        assert not (changed & ~may).any()
        assert changed.sum() / n == pytest.approx(p, abs=5 * np.sqrt(p * (1 - p) / n))


def test_noise_does_not_depend_on_chunks_or_memory_order(monkeypatch):
    x = np.random.default_rng(1).random((9, 11)) < 0.4
    whole = bit_flip(x, 0.3, rng=generator())
    monkeypatch.setattr(noise, "CHUNK", 7)
    assert (bit_flip(x, 0.3, rng=generator()) == whole).all()
    assert (bit_flip(np.asfortranarray(x), 0.3, rng=generator()) == whole).all()
    assert (bit_flip(x[:, ::-1], 0.3, rng=generator()) != whole).any()


def test_lists_and_numbers():
    assert bit_flip([[0, 1]], 1, rng=generator()).tolist() == [[1, 0]]
    assert spike_dropout(np.zeros((0, 3)), 0.5, rng=generator()).shape == (0, 3)


@pytest.mark.parametrize("function", KINDS)
@pytest.mark.parametrize(
    ("x", "p", "error", "message"),
    [
        ([0.0, 0.5], 0.1, ValueError, r"only 0 and 1; 1 of 2 entries have other values, such as 0\.5"),
        ([0.0, np.nan], 0.1, ValueError, "such as nan"),
        ([0, 255], 0.1, ValueError, "such as 255"),
        ([0, -1], 0.1, ValueError, "only 0 and 1"),
        (["0", "1"], 0.1, TypeError, "x must hold 0 and 1"),
        ([0j], 0.1, TypeError, "dtype is complex"),
        ([0, 1], 1.1, ValueError, r"p must be a share, in \[0, 1\]; got 1\.1"),
        ([0, 1], 20, ValueError, "p must be a share"),
        ([0, 1], -0.1, ValueError, "p must be a share"),
        ([0, 1], np.nan, ValueError, "p must be a share"),
        ([0, 1], "5%", TypeError, "p must be a number"),
        ([0, 1], True, TypeError, "p must be a number"),
        (np.ma.masked_array([0, 1], [0, 1]), 0.1, TypeError, "masked array"),
    ],
)
def test_errors_explain(function, x, p, error, message):
    with pytest.raises(error, match=message):
        function(x, p, rng=generator())


def test_a_generator_is_asked_for():
    for wrong in (3, None, np.random.RandomState(1)):
        with pytest.raises(TypeError, match="rng must be a numpy Generator"):
            bit_flip([0, 1], 0.1, rng=wrong)
    with pytest.raises(TypeError):
        bit_flip([0, 1], 0.1)

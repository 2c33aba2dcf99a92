"""AEC against golden values, against a walk over its thresholds, and its manners."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from netsci.convert.aec import AEC, NEVER, STARTS, SpikeTimes
from tests.golden_files import golden, label

OURS = {"sita": "theta1", "t_d": "d1", "k": "k1", "sita_2": "theta2", "t_d_2": "d2", "k_2": "k2"}


def code_of(data, compat):
    values = [float(one) for one in data["values"]]
    assert list(data["names"]) == list(OURS)
    return AEC(int(data["T"]), (values[:3], values[3:]), compat=compat)


def walk(code, current):
    """The two times and the value of one current, by walking through the thresholds."""
    first, second = (table.tolist() for table in code.thresholds())
    u = np.float32(current)
    t1 = next((t for t, theta in enumerate(first) if u >= theta), None)
    if t1 is None:
        return NEVER, NEVER, 0.0
    s1 = np.float32(first[t1])
    t2 = next((t for t, theta in enumerate(second) if u - s1 >= theta), None)
    if t2 is None:
        return t1, NEVER, float(s1)
    t2 = max(t1, t2)
    return t1, t2, float(s1 + np.float32(second[t2]))


@pytest.mark.parametrize("path", golden("convert", "aec_*.npz"), ids=label)
def test_golden_values_and_gradients_as_released(path):
    data = np.load(path)
    code = code_of(data, compat=True)
    x = torch.tensor(data["x"], requires_grad=True)
    y = code(x)
    y.backward(torch.tensor(data["upstream"]))
    np.testing.assert_allclose(y.detach().numpy(), data["y"], atol=1e-5, rtol=1e-5)
    np.testing.assert_allclose(x.grad.numpy(), data["grad_x"], atol=1e-5, rtol=1e-5)
    for theirs, ours in OURS.items():
        np.testing.assert_allclose(getattr(code, ours).grad, data[f"grad_{theirs}"][0], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("path", golden("convert", "aec_*.npz"), ids=label)
def test_golden_default_form_leaves_out_the_spike_below_its_threshold_alone(path):
    data = np.load(path)
    code = code_of(data, compat=False)
    x = torch.tensor(data["x"])
    y = code(x).detach().numpy()
    last = float(code.thresholds()[1][-1])
    other = np.abs(y - data["y"]) > 1e-5
    np.testing.assert_allclose((data["y"] - y)[other], last, atol=1e-6)
    assert (data["y"] > data["x"])[other].all()  # the spike as released says more than there was


@pytest.mark.parametrize(
    "start", [*STARTS, ((1.0, 0.0, 0.3), (0.5, 0.2, 0.6)), ((1.0, 0.0, 2.0), (3.0, 0.0, 0.4))]
)
@pytest.mark.parametrize("window", [1, 2, 5, 32])
def test_default_form_is_the_walk_over_its_thresholds(start, window):
    code = AEC(window, start)
    rng = np.random.default_rng([3, window])
    tables = torch.cat(code.thresholds()).numpy()
    u = np.concatenate([rng.exponential(1.0, 300), -rng.random(20), [0.0], tables, tables * 2])
    u = u.astype(np.float32)
    expected = [walk(code, one) for one in u]
    times = code.encode(torch.tensor(u))
    assert times.primary.tolist() == [one[0] for one in expected]
    assert times.compensation.tolist() == [one[1] for one in expected]
    np.testing.assert_allclose(code(torch.tensor(u)).detach(), [one[2] for one in expected], atol=1e-6)
    np.testing.assert_allclose(code.decode(times), [one[2] for one in expected], atol=1e-6)
    assert set(times.counts.tolist()) <= {0, 1, 2}
    assert times.at_each_time(window).sum() == times.counts.sum()


def bound(code, u):
    """The error that two spikes may leave of u: the room between neighbouring thresholds at its times."""
    first, second = (table.double().numpy() for table in code.thresholds())
    if u >= first[0] + second[0]:
        return u - first[0] - second[0]
    if u < first[-1]:
        return first[-1]
    t1 = int(np.argmax(u >= first))
    left = (first[t1 - 1] if t1 else u) - first[t1]  # at most
    held_back = left - second[t1]  # the compensation was due before the primary
    on_time = max([second[t - 1] - second[t] for t in range(1, code.window + 1)])
    return max(held_back, on_time, second[-1])


@settings(max_examples=60, deadline=None)
@given(
    u=st.floats(0, 6, width=32),
    window=st.integers(1, 20),
    start=st.sampled_from([*STARTS, ((1.0, 0.0, 0.3), (0.5, 0.2, 0.6))]),
)
def test_decoded_value_is_never_above_the_current_and_within_the_bound_below(u, window, start):
    code = AEC(window, start)
    value = float(code.decode(code.encode(torch.tensor([u])))[0])
    assert value <= u * (1 + 1e-6)
    assert u - value <= bound(code, u) * (1 + 1e-5) + 1e-6


def test_default_form_answers_each_unit_alone_and_the_released_form_does_not():
    x = torch.tensor([0.2, 0.5, 0.9])
    fixed, released = AEC(6), AEC(6, compat=True)
    assert torch.equal(fixed(x)[:2], fixed(x[:2]))
    assert torch.equal(fixed(x)[1:], fixed(x[1:]))
    assert float(released(x)[1].detach()) > 0
    assert float(released(x[1:])[0].detach()) == 0  # the smallest value of the tensor is "no spike"
    assert float(fixed(x[1:])[0].detach()) > 0


def test_scale_brings_the_largest_activation_to_the_largest_value():
    code, x = AEC(32), torch.linspace(0, 37, 400)
    assert float(code(x).max().detach()) < 2  # theta1 e^d1 + theta2 e^d2
    code.fit_scale(x)
    assert float(code.scale) * 37 == pytest.approx(code.largest)
    y = code(x).detach()
    np.testing.assert_allclose(float(y[-1]), 37, rtol=1e-5)
    assert bool((y <= x * (1 + 1e-5)).all())
    np.testing.assert_allclose(code.decode(code.encode(x)), y, rtol=1e-6)


def test_parameters_train_and_saturated_or_silent_units_give_no_gradient():
    code = AEC(6)
    x = torch.tensor([-1.0, 0.0, 1e-9, 0.4, 50.0], requires_grad=True)
    code(x).sum().backward()
    assert x.grad[:3].tolist() == [0, 0, 0]
    assert x.grad[3] > 0
    assert x.grad[4] == 0
    assert all(torch.isfinite(one.grad) for one in code.parameters())
    assert len(list(code.parameters())) == 6


@pytest.mark.parametrize("compat", [False, True])
def test_odd_currents(compat):
    code = AEC(4, compat=compat)
    y = code(torch.tensor([float("nan"), float("inf"), 1.0])).detach()
    assert y[0].isnan()
    assert y[1].isfinite()
    assert code(torch.zeros(0, 3)).shape == (0, 3)
    assert code(torch.zeros(2, 3)).detach().tolist() == [[0] * 3] * 2
    assert code(torch.rand(2, 3, dtype=torch.float64)).dtype == torch.float64


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"window": 0}, ValueError, "window must be at least 1; got 0"),
        ({"window": True}, TypeError, "window must be a whole number"),
        ({"window": 2.0}, TypeError, "window must be a whole number"),
        ({"window": 4, "start": "mnist"}, ValueError, "start must be one of cifar10, cifar100"),
        ({"window": 4, "start": ((0.0, 0, 1), (1, 0, 1))}, ValueError, "theta1 above 0"),
        ({"window": 4, "start": ((1.0, 0, 1), (1, 0, -1))}, ValueError, "k2 above 0"),
        ({"window": 4, "start": ((1.0, 0, 1), (1, 0, float("nan")))}, ValueError, "finite"),
        ({"window": 4, "start": ((1.0, 0), (1, 0, 1))}, ValueError, "theta1, d1, k1"),
        ({"window": 4, "compat": "yes"}, TypeError, "compat must be True or False"),
    ],
)
def test_bad_options(options, error, words):
    with pytest.raises(error, match=words):
        AEC(**options)


def test_bad_values():
    code = AEC(4)
    with pytest.raises(ValueError, match=r"current must be finite; 1 of its 2"):
        code.encode(torch.tensor([1.0, float("nan")]))
    with pytest.raises(TypeError, match="current must be floating"):
        code.encode(torch.tensor([1, 2]))
    with pytest.raises(ValueError, match="activation must be above 0 somewhere"):
        code.fit_scale(torch.zeros(3))
    with pytest.raises(ValueError, match="activation must hold at least one value"):
        code.fit_scale(torch.zeros(0))
    with pytest.raises(ValueError, match="window must reach the last spike, which falls at 4; got 2"):
        SpikeTimes(torch.tensor([4]), torch.tensor([NEVER])).at_each_time(2)

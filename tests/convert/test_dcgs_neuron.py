"""Multi-threshold neurons against golden spikes, a loop over thresholds, and their error bound."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from netsci.convert.dcgs_neuron import CODINGS, KINDS, MultiThreshold, decode, run_neuron
from tests.golden_files import golden, label

FILES = golden("convert", "dcgs_neuron_*.npz")
RATE = {"": "positive", "_with_neg": "with_neg", "_with_neg_line": "line"}


@pytest.mark.parametrize("path", FILES, ids=label)
def test_golden_rate_coding(path):
    data = np.load(path)
    theta, current = torch.tensor(data["theta"]), torch.tensor(data["rate_current"])
    for name, kind in RATE.items():
        for family, n in (("MTH", int(data["n"])), ("IF", 1)):
            found = run_neuron(MultiThreshold(theta, n, kind, "rate"), current)
            np.testing.assert_array_equal(found, data[f"rate.{family}{name}"])


@pytest.mark.parametrize("path", FILES, ids=label)
def test_golden_differential_coding(path):
    data = np.load(path)
    theta = torch.tensor(data["theta"])
    for name, n, kind in (
        ("MTH_diff", int(data["n"]), "with_neg"),
        ("MTH_diff_line", int(data["n"]), "line"),
        ("IF_diff", 1, "with_neg"),
    ):
        for case in ("diff", "diff_const"):
            current = torch.tensor(data["diff_current" + case.removeprefix("diff")])
            found = run_neuron(MultiThreshold(theta, n, kind), current)
            np.testing.assert_array_equal(found, data[f"{case}.{name}"])


def loop(currents, theta, n, kind, coding):
    """One neuron in double precision, threshold by threshold, from the largest down."""
    m = total = phi_out = 0.0
    bias = currents[0] if coding == "differential" else 0.0
    phi_in, found = bias, [0.0] if coding == "differential" else []
    share = 0.5 if n == 1 else 0.75
    for t, x in enumerate(currents[len(found) :], start=1):
        m += x if coding == "rate" else (x - bias) + phi_in - phi_out
        total += 0.0 if coding == "rate" else phi_out
        spike = 0.0
        for size in (theta / 2**i for i in range(n)):
            if size > 0 and m >= share * size:
                spike = size
            elif size > 0 and m <= -share * size and kind != "positive" and (kind == "line" or total >= size):
                spike = -size
            if spike:
                break
        m, total = m - spike, total + spike
        phi_in, phi_out = phi_in + (x - bias) / t, phi_out + spike / t
        found.append(spike)
    return found


@settings(max_examples=50, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(1, 10),
    kind=st.sampled_from(["positive", "with_neg", "line"]),
    coding=st.sampled_from(["differential", "rate"]),
)
def test_neuron_is_the_loop_over_its_thresholds(seed, n, kind, coding):
    rng = np.random.default_rng(seed)
    theta = np.array([0.0, 0.7, 3.0])
    currents = rng.normal(0.2, 1.0, (9, 3))
    found = run_neuron(MultiThreshold(torch.tensor(theta), n, kind, coding), torch.tensor(currents))
    expected = [loop(currents[:, unit], theta[unit], n, kind, coding) for unit in range(3)]
    np.testing.assert_allclose(found.T, expected, atol=1e-12)


@pytest.mark.parametrize("kind", ["with_neg", "line"])
@pytest.mark.parametrize("n", [2, 4, 8])
def test_constant_input_settles_within_three_quarters_of_the_least_threshold(kind, n):
    theta, steps = 2.0, 400
    values = torch.linspace(-1.9 if kind == "line" else -0.9, 1.9, 120, dtype=torch.float64)
    currents = torch.zeros(steps + 1, 120, dtype=torch.float64)
    currents[1] = values  # in differential coding a constant is said once
    neuron = MultiThreshold(torch.tensor([theta], dtype=torch.float64), n, kind)
    said = decode(run_neuron(neuron, currents)[1:])
    least = theta / 2 ** (n - 1)
    wanted = values if kind == "line" else values.relu()
    settled = range(steps // 2, steps)
    worst = torch.stack([(said[t] - wanted).abs().max() * (t + 1) for t in settled]).max()
    assert float(worst) <= 0.75 * least * (1 + 1e-9)
    assert float((said[0] - wanted).abs().max()) > 0.75 * least / steps  # not settled from the start


def test_relu_neuron_never_says_less_than_0_and_takes_back_what_was_too_much():
    neuron = MultiThreshold(torch.tensor([1.0]), 3)
    spikes = run_neuron(neuron, torch.tensor([0.0, 1.0, -3.0, 0.0, 0.0]).reshape(-1, 1)).flatten()
    assert spikes[1] == 1
    assert (spikes < 0).any()
    assert (decode(spikes[1:]) >= -1e-6).all()
    assert (run_neuron(MultiThreshold(torch.tensor([1.0]), 3, "positive"), -torch.ones(5, 1)) == 0).all()


def test_a_sign_a_size_at_most_each_step_and_a_silent_unit():
    currents = torch.randn(20, 50, 2, generator=torch.Generator().manual_seed(3))
    spikes = run_neuron(MultiThreshold(torch.tensor([0.0, 1.0]), 4, "line", "rate"), currents)
    assert set(spikes[..., 1].abs().unique().tolist()) <= {0, 1, 0.5, 0.25, 0.125}
    assert (spikes[..., 0] == 0).all()


def test_threshold_by_channel_broadcasts():
    theta = torch.tensor([1.0, 10.0]).reshape(1, 2, 1)
    spikes = run_neuron(MultiThreshold(theta, 2, "line", "rate"), torch.full((1, 3, 2, 4), 1.2))
    assert (spikes[:, :, 0] == 1).all()
    assert (spikes[:, :, 1] == 0).all()


def test_huge_and_odd_inputs():
    neuron = MultiThreshold(torch.tensor([1.0]), 4, "line", "rate")
    spikes, _ = neuron.step(torch.tensor([float("nan"), 3e38, -3e38, 0.0]), neuron.start(torch.zeros(4)))
    assert spikes.tolist() == [0, 1, -1, 0]


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"theta": 1.0}, TypeError, "theta must be a torch Tensor"),
        ({"theta": torch.tensor([1])}, TypeError, "theta must be floating"),
        ({"theta": torch.tensor([-1.0])}, ValueError, "theta must not be below 0"),
        ({"theta": torch.tensor([float("nan")])}, ValueError, "theta must be finite"),
        ({"theta": torch.zeros(0)}, ValueError, "theta must hold at least one value"),
        ({"n": 0}, ValueError, "n must be at least 1"),
        ({"n": 25}, ValueError, "n must be at most 24"),
        ({"n": True}, TypeError, "n must be a whole number"),
        ({"kind": "relu"}, ValueError, "kind must be one of positive, with_neg, line"),
        ({"coding": "time"}, ValueError, "coding must be one of differential, rate"),
    ],
)
def test_bad_options(options, error, words):
    with pytest.raises(error, match=words):
        MultiThreshold(**({"theta": torch.tensor([1.0]), "n": 4} | options))


def test_bad_currents():
    neuron = MultiThreshold(torch.tensor([1.0]), 4)
    with pytest.raises(ValueError, match="the zero pass and at least one step; got 1 rows"):
        run_neuron(neuron, torch.zeros(1, 3))
    with pytest.raises(ValueError, match="currents must be finite"):
        run_neuron(neuron, torch.full((3, 3), float("nan")))
    with pytest.raises(ValueError, match="currents must hold at least one value"):
        run_neuron(neuron, torch.zeros(0, 3))
    with pytest.raises(TypeError, match="spikes must be floating"):
        decode(torch.ones(3, dtype=torch.int64))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("n", [1, 2, 8, 24])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_compiled_loops_do_what_torch_does_to_the_last_bit(monkeypatch, kind, coding, n, dtype):
    generator = torch.Generator().manual_seed(1)
    theta = 2.0 * torch.rand(40, 15, generator=generator)
    theta[:2] = 0.0
    neuron = MultiThreshold(theta, n, kind, coding)
    bias = torch.randn(5, 40, 15, generator=generator, dtype=dtype)
    states = {True: neuron.start(bias), False: neuron.start(bias)}
    fired = 0
    for time in range(12):
        current = torch.randn(5, 40, 15, generator=generator, dtype=dtype)
        if time % 3 == 0:  # ties
            current = torch.round(4.0 * current) / 4.0
        if time % 2:
            current = current.movedim(-1, 1).contiguous().movedim(1, -1)  # in another order in memory
        spikes = {}
        for compiled in states:
            monkeypatch.setattr(MultiThreshold, "_compiles", lambda *_, compiled=compiled: compiled)
            spikes[compiled], states[compiled] = neuron.step(current, states[compiled])
        assert torch.equal(spikes[True], spikes[False])
        for name in ("membrane", "total", "phi_in", "phi_out", "time"):
            one, other = (getattr(states[way], name) for way in (True, False))
            assert torch.equal(torch.as_tensor(one), torch.as_tensor(other)), name
        fired += int((spikes[True] != 0).sum())
    assert fired > 100


def test_which_steps_are_compiled():
    bias = torch.zeros(3, 4)
    for neuron, current, wanted in (
        (MultiThreshold(torch.ones(4), 2), bias, True),
        (MultiThreshold(torch.tensor(1.0), 2), bias, True),
        (MultiThreshold(torch.ones(3, 4), 2), bias, False),  # thresholds of a sample
        (MultiThreshold(torch.ones(4), 2), bias.half(), False),
        (MultiThreshold(torch.ones(4), 2), bias[:0], False),
        (MultiThreshold(torch.ones(4), 2), bias[0], False),
    ):
        assert neuron._compiles(current, neuron.start(current)) == wanted

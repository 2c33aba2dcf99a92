"""LIF and IF by hand and against golden values; surrogates; bad parameters."""

from pathlib import Path

import numpy as np
import pytest
import torch

from netsci.spiking import IF, LIF, SURROGATES, fire, membranes, unroll

GOLDEN = Path(__file__).parents[1] / "golden" / "snn"
LIF_FILES = sorted(GOLDEN.glob("lif_*.npz"))
BPTT_FILES = sorted(GOLDEN.glob("grad_bptt_*.npz"))


def by_steps(neuron, current):
    """Spikes and membranes [T, ...] by `step` alone."""
    state, spikes, potentials = None, [], []
    for line in current:
        z, state = neuron.step(line, state)
        spikes.append(z)
        potentials.append(state[0])
    return torch.stack(spikes), torch.stack(potentials)


def neurons_first(tensor):
    """The same [T, batch, n], its memory [n, T, batch]."""
    return tensor.permute(2, 0, 1).contiguous().permute(1, 2, 0)


def test_golden_files_are_here():
    assert len(LIF_FILES) == 4
    assert len(BPTT_FILES) == 2


def test_by_hand():
    # 0.75; 0.375 + 0.75 fires; reset: 0.75; 1.125 fires; a tie at 1 fires.
    current = torch.tensor([0.75, 0.75, 0.75, 0.75, 1.0]).reshape(5, 1, 1)
    expected = [0.75, 1.125, 0.75, 1.125, 1.0]
    for spikes, potentials in (
        by_steps(LIF(), current),
        (unroll(LIF(), current), membranes(LIF(), current)),
    ):
        assert potentials.flatten().tolist() == expected
        assert spikes.flatten().tolist() == [0, 1, 0, 1, 1]


def test_if_keeps_what_it_has():
    current = torch.tensor([0.25] * 5).reshape(5, 1, 1)
    assert unroll(IF(), current).flatten().tolist() == [0, 0, 0, 1, 0]
    assert unroll(IF(0.5), current).flatten().tolist() == [0, 1, 0, 1, 0]
    assert isinstance(IF(), LIF)
    assert IF().alpha == 1.0


@pytest.mark.parametrize("path", LIF_FILES, ids=lambda path: path.stem)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_golden_spikes_and_membranes(path, dtype):
    data = np.load(path)
    neuron = LIF(float(data["alpha"]), float(data["theta"]))
    current = torch.tensor(data["current"], dtype=dtype)
    rtol = 1e-12 if dtype == torch.float64 else 1e-5
    atol = 1e-14 if dtype == torch.float64 else 1e-6
    for laid in (current, neurons_first(current)):
        for spikes, potentials in (by_steps(neuron, laid), (unroll(neuron, laid), membranes(neuron, laid))):
            np.testing.assert_array_equal(spikes.numpy(), data["spikes"])
            np.testing.assert_allclose(potentials.numpy(), data["v_pre_reset"], rtol=rtol, atol=atol)


@pytest.mark.parametrize("path", LIF_FILES, ids=lambda path: path.stem)
def test_golden_currents_come_from_the_weights(path):
    # The files hold [out, in]: an orientation slip here would show.
    data = np.load(path)
    current = torch.tensor(data["x"], dtype=torch.float64) @ torch.tensor(data["W"] * data["mask"]).T
    spikes = unroll(LIF(float(data["alpha"]), float(data["theta"])), current)
    np.testing.assert_array_equal(spikes.numpy(), data["spikes"])


@pytest.mark.parametrize("path", BPTT_FILES, ids=lambda path: path.stem)
@pytest.mark.parametrize("surrogate", ["atan", "rect"])
@pytest.mark.parametrize("detach", [False, True])
@pytest.mark.parametrize("run", [unroll, lambda neuron, current: by_steps(neuron, current)[0]])
def test_golden_gradients(path, surrogate, detach, run):
    data = np.load(path)
    neuron = LIF(float(data["alpha"]), float(data["theta"]), surrogate, detach)
    w1, w2 = (torch.tensor(data[name], requires_grad=True) for name in ("W1", "W2"))
    x = torch.tensor(data["x"], dtype=torch.float64)
    rates = run(neuron, run(neuron, x @ w1.T) @ w2.T).mean(0)
    loss = ((rates - torch.tensor(data["target"])) ** 2).mean()
    loss.backward()
    np.testing.assert_allclose(loss.item(), float(data["loss"]), rtol=1e-12)
    np.testing.assert_allclose(rates.detach().numpy(), data["rate"], rtol=1e-12)
    kind = {"atan": "atan2", "rect": "rect"}[surrogate] + ("_detach" if detach else "_full")
    for weight, name in ((w1, "gW1_"), (w2, "gW2_")):
        np.testing.assert_allclose(weight.grad.numpy(), data[name + kind], rtol=1e-10, atol=1e-14)


def test_surrogates_by_hand():
    u = torch.tensor([-1.0, -0.5, -0.25, 0.0, 0.25, 0.5, 1.0], dtype=torch.float64)
    assert SURROGATES["rect"](u).tolist() == [0, 0, 1, 1, 1, 0, 0]
    expected = 1 / (1 + (np.pi * u.numpy()) ** 2)
    np.testing.assert_allclose(SURROGATES["atan"](u).numpy(), expected, rtol=1e-14)


def test_fire_takes_the_surrogate_backward():
    u = torch.tensor([-0.25, 0.0, 2.0], requires_grad=True)
    spikes = fire(u, "rect")
    spikes.backward(torch.tensor([3.0, 5.0, 7.0]))
    assert spikes.tolist() == [0, 1, 1]
    assert u.grad.tolist() == [3.0, 5.0, 0.0]


def test_detach_reset_differs_only_where_something_fired():
    current = torch.full((4, 1, 1), 0.75, requires_grad=True)
    full, detached = (
        torch.autograd.grad(unroll(LIF(detach_reset=choice), current).sum(), current)[0]
        for choice in (False, True)
    )
    assert not torch.equal(full, detached)
    quiet = torch.full((4, 1, 1), 0.1, requires_grad=True)
    full, detached = (
        torch.autograd.grad(unroll(LIF(detach_reset=choice), quiet).sum(), quiet)[0]
        for choice in (False, True)
    )
    # Below the threshold the reset term still has a surrogate gradient: it is the path that is left out.
    assert full.abs().sum() < detached.abs().sum()


def test_state_is_explicit_and_neurons_have_no_parameters():
    neuron = LIF()
    assert list(neuron.parameters()) == []
    assert neuron.state_dict() == {}
    current = torch.tensor([[0.75]])
    assert [neuron.step(current)[0].item() for _ in range(3)] == [0, 0, 0]


@pytest.mark.parametrize(
    ("arguments", "error", "word"),
    [
        ({"alpha": -0.1}, ValueError, "alpha"),
        ({"alpha": 1.1}, ValueError, "alpha"),
        ({"alpha": float("nan")}, ValueError, "alpha"),
        ({"alpha": "0.5"}, TypeError, "alpha"),
        ({"alpha": True}, TypeError, "alpha"),
        ({"threshold": 0.0}, ValueError, "threshold"),
        ({"threshold": -1}, ValueError, "threshold"),
        ({"threshold": float("inf")}, ValueError, "threshold"),
        ({"surrogate": "sigmoid"}, ValueError, "atan"),
        ({"detach_reset": 1}, TypeError, "detach_reset"),
    ],
)
def test_bad_parameters(arguments, error, word):
    with pytest.raises(error, match=word):
        LIF(**arguments)


def test_an_unknown_surrogate_is_told_before_the_backward_pass():
    with pytest.raises(ValueError, match="surrogate must be one of rect, atan; got 'x'"):
        fire(torch.ones(2, requires_grad=True), "x")


def test_numpy_numbers_are_numbers():
    neuron = LIF(np.float32(0.5), np.int64(2))
    assert (neuron.alpha, neuron.threshold) == (0.5, 2.0)
    assert repr(neuron) == "LIF(alpha=0.5, threshold=2, surrogate='atan', detach_reset=False)"

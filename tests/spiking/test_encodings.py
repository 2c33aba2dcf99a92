"""Rate encoding: probabilities, seeds, bad inputs."""

import pytest
import torch

from netsci.spiking import rate


def generator(seed=7):
    return torch.Generator().manual_seed(seed)


def test_probabilities_are_met():
    x = torch.tensor([[0.0, 0.1, 0.5, 0.9, 1.0]]).expand(50, 5)
    spikes = rate(x, 400, generator=generator())
    assert spikes.shape == (400, 50, 5)
    assert set(spikes.unique().tolist()) == {0.0, 1.0}
    share = spikes.mean((0, 1))
    assert share[0] == 0
    assert share[4] == 1
    # 20,000 draws each: the standard error is at most 0.0036.
    assert (share - x[0]).abs().max() < 5 * 0.0036


def test_steps_and_neurons_are_independent():
    spikes = rate(torch.full((1, 2), 0.5), 20000, generator=generator())[:, 0]
    assert abs(torch.corrcoef(spikes.T)[0, 1]) < 0.04
    assert abs(torch.corrcoef(torch.stack([spikes[1:, 0], spikes[:-1, 0]]))[0, 1]) < 0.04


def test_the_generator_alone_decides():
    x = torch.rand(3, 4, generator=generator())
    torch.manual_seed(1)
    one = rate(x, 5, generator=generator(3))
    torch.manual_seed(2)
    assert torch.equal(one, rate(x, 5, generator=generator(3)))
    assert not torch.equal(one, rate(x, 5, generator=generator(4)))


def test_dtype_and_shape_follow():
    x = torch.rand(2, 1, 3, 3, dtype=torch.float64, generator=generator())
    spikes = rate(x, 4, generator=generator())
    assert spikes.shape == (4, 2, 1, 3, 3)
    assert spikes.dtype == torch.float64


@pytest.mark.parametrize(
    ("x", "steps", "error", "word"),
    [
        (torch.tensor([1.5]), 2, ValueError, "rescale"),
        (torch.tensor([-0.1]), 2, ValueError, "rescale"),
        (torch.tensor([float("nan")]), 2, ValueError, "rescale"),
        (torch.tensor([1]), 2, TypeError, "255"),
        (torch.tensor([0.5]), 0, ValueError, "steps"),
        (torch.tensor([0.5]), 2.0, TypeError, "steps must be a whole number"),
        (torch.tensor([0.5]), True, TypeError, "steps must be a whole number"),
    ],
)
def test_bad_inputs(x, steps, error, word):
    with pytest.raises(error, match=word):
        rate(x, steps, generator=generator())


def test_no_generator():
    with pytest.raises(TypeError, match="generator"):
        rate(torch.tensor([0.5]), 2, generator=7)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_small_probabilities_keep_their_size_in_half_precision(dtype):
    x = torch.full((1000,), 2e-4, dtype=dtype)
    spikes = rate(x, 1000, generator=torch.Generator().manual_seed(7))
    assert spikes.dtype == dtype
    assert spikes.float().mean().item() == pytest.approx(2e-4, rel=0.3)  # 200 spikes wanted

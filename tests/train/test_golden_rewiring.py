"""Grad R and Deep R against reference values: every step of strengths and weights, to 1e-10."""

import math

import numpy as np
import pytest
import torch

from netsci.topology.rebirth import NEWBORN, draw_reborn_as_released
from netsci.train.signed_steps import Moments, add_gradient, step_active, step_strength
from tests.golden_files import golden, label


class Given:
    """A generator that gives out the uniform numbers of a golden file."""

    def __init__(self, uniform):
        self.uniform = uniform

    def random(self, shape):
        assert self.uniform.shape == tuple(shape)
        return self.uniform


@pytest.mark.parametrize("path", golden("prune", "gradr_*.npz"), ids=label)
def test_golden_strengths_of_grad_r(path):
    values = np.load(path)
    alpha, sparsity, lr = (float(values[name]) for name in ("alpha", "s", "lr"))
    assert math.log(2 * (1 - sparsity)) / alpha == pytest.approx(float(values["center_distr"]))
    first = torch.from_numpy(values["p0"])
    strength, sign, moments = first.abs(), torch.sign(first), Moments.of(first)
    assert len(values["grads"]) == len(values["p"]) > 0
    for gradient, weight, wanted in zip(values["grads"], values["p"], values["strength"], strict=True):
        moments = add_gradient(moments, torch.from_numpy(gradient))
        strength = step_strength(strength, sign, moments, lr=lr, alpha=alpha, sparsity=sparsity)
        np.testing.assert_allclose(strength.numpy(), wanted, rtol=0, atol=1e-10)
        np.testing.assert_allclose((sign * strength.clamp(min=0)).numpy(), weight, rtol=0, atol=1e-10)


@pytest.mark.parametrize("path", golden("prune", "deepr_*.npz"), ids=label)
def test_golden_steps_of_deep_r(path):
    """The released form: what is reborn counts as dormant in the next step."""
    values = np.load(path)
    lr, l1, sparsity, temperature = (float(values[name]) for name in ("lr", "l1", "max_s", "T"))
    weight = torch.from_numpy(values["p0"])
    sign, active, moments = torch.sign(weight), weight != 0, Moments.of(weight)
    draws = dict(zip(values["uniform_step"].tolist(), values["uniform"], strict=True))
    reborn = 0
    for number, gradient in enumerate(values["grads"]):
        moments = add_gradient(moments, torch.from_numpy(gradient))
        noise = torch.from_numpy(values["noise"][number])
        options = {"lr": lr, "l1": l1, "temperature": temperature, "noise": noise}
        weight = step_active(weight, sign, active, moments, **options)
        active = weight != 0
        if number in draws:
            back = draw_reborn_as_released(~active.numpy(), sparsity, rng=Given(draws[number]))
            weight[torch.from_numpy(back)] = NEWBORN
            reborn += int(back.sum())
        np.testing.assert_allclose(weight.numpy(), values["p"][number], rtol=0, atol=1e-10)
    assert reborn > 0

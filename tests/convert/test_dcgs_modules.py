"""Parts that are no neurons: golden outputs, what they decode to, bad input."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from netsci.convert.dcgs_modules import Pointwise, Product, run_part
from netsci.convert.dcgs_neuron import decode
from tests.golden_files import golden, label

FILES = golden("convert", "dcgs_nonlinear_*.npz")
CLOSE = {"atol": 1e-5, "rtol": 1e-5}


def pool(x):
    return F.max_pool2d(x, 2)


def arrays(path):
    return {name: torch.tensor(values) for name, values in np.load(path).items()}


def functions(data):
    shape = data["layernorm.weight"].shape
    return {
        "gelu": F.gelu,
        "softmax": lambda x: F.softmax(x, -1),
        "layernorm": lambda x: F.layer_norm(x, shape, data["layernorm.weight"], data["layernorm.bias"]),
    }


@pytest.mark.parametrize("path", FILES, ids=label)
def test_golden_differential_coding(path):
    data = arrays(path)
    for name, function in functions(data).items():
        found = run_part(Pointwise(function), data[f"{name}.x"])
        np.testing.assert_allclose(found, data[f"{name}.y"], **CLOSE)
    for name, function in (("matmul", torch.matmul), ("mul", torch.mul)):
        found = run_part(Product(function), data[f"{name}.a"], data[f"{name}.b"])
        np.testing.assert_allclose(found, data[f"{name}.y"], **CLOSE)
    np.testing.assert_allclose(run_part(Pointwise(pool), data["maxpool.x"]), data["maxpool.y"], **CLOSE)


@pytest.mark.parametrize("path", FILES, ids=label)
def test_golden_rate_coding(path):
    data = arrays(path)
    found = run_part(Pointwise(F.gelu, "rate"), data["rate.gelu.x"])
    np.testing.assert_allclose(found, data["rate.gelu.y"], **CLOSE)
    found = run_part(Product(torch.matmul, "rate"), data["rate.matmul.a"], data["rate.matmul.b"])
    np.testing.assert_allclose(found, data["rate.matmul.y"], **CLOSE)
    found = run_part(Pointwise(pool, "rate"), data["rate.maxpool.x"])
    np.testing.assert_allclose(found, data["rate.maxpool.y"], **CLOSE)


def series(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def decoded(currents, steps):
    """phi at the last step, in differential coding: bias, and changes over t."""
    return currents[0] + decode(currents[1:] - currents[0])[steps - 1]


@pytest.mark.parametrize("steps", [1, 2, 9])
def test_decoded_outputs_are_functions_of_decoded_inputs(steps):
    x, y = series(10, 2, 3, 4), series(10, 2, 4, 5, seed=1)
    for function in (F.gelu, torch.relu, lambda z: z.softmax(-1)):
        found = run_part(Pointwise(function), x)
        assert (found[0] == 0).all()  # what the zero pass leaves out comes with the first step
        np.testing.assert_allclose(decode(found[1:])[steps - 1], function(decoded(x, steps)), atol=1e-12)
    found = run_part(Product(torch.matmul), x, y)
    expected = decoded(x, steps) @ decoded(y, steps)
    np.testing.assert_allclose(decoded(found, steps), expected, atol=1e-12)
    assert torch.equal(found[0], x[0] @ y[0])  # with biases that are not 0


@pytest.mark.parametrize("steps", [1, 2, 9])
def test_mean_outputs_in_rate_coding_are_functions_of_mean_inputs(steps):
    x, y = series(9, 2, 3, 4), series(9, 2, 4, 5, seed=1)
    found = run_part(Pointwise(F.gelu, "rate"), x)
    np.testing.assert_allclose(found[:steps].mean(0), F.gelu(x[:steps].mean(0)), atol=1e-12)
    found = run_part(Product(torch.matmul, "rate"), x, y)
    np.testing.assert_allclose(found[:steps].mean(0), x[:steps].mean(0) @ y[:steps].mean(0), atol=1e-12)


@pytest.mark.parametrize("coding", ["differential", "rate"])
def test_max_pool_is_the_recursion_over_membranes(coding):
    x = series(12, 2, 3, 4, 6)
    found = run_part(Pointwise(pool, coding), x)
    v, phi, said = torch.zeros_like(x[0]), x[0], torch.zeros_like(found[0])
    for t, current in enumerate(x if coding == "rate" else x[1:], start=1):
        v = v + (current if coding == "rate" else current - x[0] + phi)
        top = pool(v)
        v = v - top.repeat_interleave(2, -2).repeat_interleave(2, -1)
        if coding == "rate":
            np.testing.assert_allclose(found[t - 1], top, atol=1e-12)
        else:
            np.testing.assert_allclose(found[t], top - said, atol=1e-12)
            phi, said = phi + (current - x[0]) / t, said + (top - said) / t


def test_parts_do_not_change_their_inputs():
    x = series(5, 2, 4, 4)
    before = x.clone()
    for part in (Pointwise(F.gelu), Pointwise(pool), Pointwise(F.gelu, "rate"), Pointwise(pool, "rate")):
        run_part(part, x)
    run_part(Product(torch.mul), x, x)
    assert torch.equal(x, before)


def test_bad_input():
    with pytest.raises(TypeError, match="function must be a function of one tensor"):
        Pointwise(3)
    with pytest.raises(ValueError, match="coding must be one of differential, rate"):
        Product(torch.mul, "spikes")
    with pytest.raises(ValueError, match=r"currents must be series of one length.*got \[3, 4\] rows"):
        run_part(Product(torch.mul), torch.zeros(3, 2), torch.zeros(4, 2))
    with pytest.raises(ValueError, match="after the zero pass"):
        run_part(Pointwise(F.gelu), torch.zeros(1, 2))
    with pytest.raises(ValueError, match="of a step at least"):
        run_part(Pointwise(F.gelu, "rate"), torch.zeros(0, 2))

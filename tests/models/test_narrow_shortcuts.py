"""Shortcuts of few channels: oneDNN's gradient of a strided 1 x 1 convolution breaks memory there."""

import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch.nn import functional

from netsci.models.parts import convolution

AVX2 = os.environ | {"ONEDNN_MAX_CPU_ISA": "AVX2"}  # where the fault is
TRAINING = """
import numpy as np, torch
from netsci.models.parts import convolution
from netsci.sparse import densify
torch.set_num_threads(1)
links = {} if %r == "dense" else {"shortcut": np.ones((4, 8))}
net = torch.nn.Sequential(convolution(links, "shortcut", 4, 8, 1, stride=2))
net = densify(net) if %r == "densified" else net
for _ in range(30):
    x = torch.randn(20, 4, 8, 8).contiguous(memory_format=torch.channels_last)
    net(x).square().sum().backward()
    kept = [torch.randn(n) for n in (10, 100, 1000, 10000)]
"""


@pytest.mark.parametrize("form", ["dense", "sparse", "densified"])
def test_the_interpreter_survives_a_narrow_shortcut(form):
    run = subprocess.run(
        [sys.executable, "-c", TRAINING % (form, form)], capture_output=True, text=True, env=AVX2, timeout=300
    )
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("size", [(7, 8), (1, 1), (6, 3)])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("dense", [True, False])
def test_outputs_and_gradients_are_those_of_a_plain_convolution(dense, stride, size):
    torch.manual_seed(3)
    links = {} if dense else {"shortcut": np.random.default_rng(0).integers(0, 2, (4, 6))}
    net = convolution(links, "shortcut", 4, 6, 1, stride=stride, bias=True).double()
    kernels = net.weight.detach().clone().requires_grad_()
    bias = net.bias.detach().clone().requires_grad_()
    x = torch.randn(5, 4, *size, dtype=torch.float64, requires_grad=True)
    plain_x = x.detach().clone().requires_grad_()
    found, expected = net(x), functional.conv2d(plain_x, kernels, bias, stride)
    assert found.shape == expected.shape
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)
    pull = torch.randn_like(expected)
    found.backward(pull)
    expected.backward(pull)
    torch.testing.assert_close(x.grad, plain_x.grad, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(net.bias.grad, bias.grad, rtol=1e-12, atol=1e-12)
    if dense:
        torch.testing.assert_close(net.weight.grad, kernels.grad, rtol=1e-12, atol=1e-12)
    else:
        rows, columns = net.links.nonzero()
        torch.testing.assert_close(net.values.grad, kernels.grad[columns, rows, 0, 0], rtol=1e-12, atol=1e-12)


def test_one_image_without_batch_is_convolved():
    net = convolution({}, "shortcut", 4, 6, 1, stride=2)
    x = torch.randn(4, 7, 8)
    assert torch.allclose(net(x), net(x[None])[0])

"""Average pooling against torch's."""

import pytest
import torch
from torch import nn

from netsci.models.pooling import AveragePool2


@pytest.mark.parametrize(
    "shape", [(2, 3, 8, 6), (5, 1, 7, 9), (3, 4, 2), (1, 1, 3, 2), (0, 2, 4, 4), (2, 28, 28), (1, 6, 6)]
)
def test_means_and_gradients_are_torchs(shape):
    generator = torch.Generator().manual_seed(7)
    x = torch.randn(shape, generator=generator, dtype=torch.float64).requires_grad_()
    other = x.detach().clone().requires_grad_()
    here, there = AveragePool2()(x), nn.AvgPool2d(2)(other)
    torch.testing.assert_close(here, there)
    gradient = torch.randn(here.shape, generator=generator, dtype=torch.float64)
    here.backward(gradient)
    there.backward(gradient)
    torch.testing.assert_close(x.grad, other.grad)


def test_spikes_give_the_same_bits():
    spikes = (torch.rand(4, 5, 14, 14, generator=torch.Generator().manual_seed(1)) < 0.2).float()
    assert torch.equal(AveragePool2()(spikes), nn.AvgPool2d(2)(spikes))


@pytest.mark.parametrize("shape", [(4,), (3, 3), (1, 2, 1, 4)])
def test_what_is_no_image_is_told_as_torch_tells_it(shape):
    with pytest.raises((RuntimeError, IndexError)):
        AveragePool2()(torch.zeros(shape))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.int64])
def test_other_types_are_torchs(dtype):
    x = torch.full((1, 2, 4, 4), 30000.0).to(dtype)
    assert torch.equal(AveragePool2()(x), nn.AvgPool2d(2)(x))


def test_channels_last_stays_so():
    x = torch.rand(2, 3, 6, 6).to(memory_format=torch.channels_last)
    found = AveragePool2()(x)
    torch.testing.assert_close(found, nn.AvgPool2d(2)(x))
    assert found.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.filterwarnings(
    "ignore:.*torch.jit.script:DeprecationWarning"
)  # of torch, in its own forward mode
def test_it_can_be_mapped_and_differentiated_in_every_way():
    x = torch.rand(4, 2, 3, 6, 6, dtype=torch.float64)
    torch.testing.assert_close(
        torch.func.vmap(AveragePool2())(x), torch.stack([nn.AvgPool2d(2)(one) for one in x])
    )
    inputs = x[0].requires_grad_()
    assert torch.autograd.gradcheck(AveragePool2(), (inputs,), check_forward_ad=True)
    assert torch.autograd.gradgradcheck(AveragePool2(), (inputs,))
    tangent = torch.rand_like(x[0])
    _, found = torch.func.jvp(AveragePool2(), (x[0].detach(),), (tangent,))
    torch.testing.assert_close(found, nn.AvgPool2d(2)(tangent))

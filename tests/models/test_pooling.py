"""Average pooling against torch's."""

import pytest
import torch
from torch import nn

from netsci.models.pooling import AveragePool2


@pytest.mark.parametrize(
    "shape", [(2, 3, 8, 6), (5, 1, 7, 9), (3, 4, 2), (1, 1, 3, 2), (0, 2, 4, 4), (2, 28, 28)]
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

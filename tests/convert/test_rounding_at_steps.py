"""A program is compared with its network up to rounding, also where activations have steps."""

import pytest
import torch
from torch import nn

from netsci.convert import QCFS, Unconvertible
from netsci.convert.aec import AEC
from netsci.convert.building import check_same, make_program

IMAGES = torch.rand(10, 6, generator=torch.Generator().manual_seed(0))


class Shifted(nn.Module):
    """A network whose scores of some images are moved by a share of the largest score."""

    def __init__(self, net, images, share):
        super().__init__()
        self.net, self.images, self.share = net, images, share

    def forward(self, x):
        scores = self.net(x)
        moved = torch.zeros_like(scores)
        moved[: self.images, 0] = self.share * scores.abs().max()
        return scores + moved


def network(activation):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 8), activation, nn.Linear(8, 3)).eval()


@pytest.mark.parametrize("make", [lambda: QCFS(4, 1.0), lambda: AEC(4, "cifar10")])
def test_a_few_images_at_an_edge_of_a_step_are_rounding(make):
    net = network(make())
    program = make_program(net, IMAGES)
    check_same(program, Shifted(net, 4, 0.05), IMAGES)
    with pytest.raises(Unconvertible, match="no function of torch shows"):
        check_same(program, Shifted(net, 5, 0.05), IMAGES)  # half of the images
    with pytest.raises(Unconvertible, match="no function of torch shows"):
        check_same(program, Shifted(net, 1, 0.2), IMAGES)  # more than a step


def test_without_steps_no_image_may_differ():
    net = network(nn.ReLU())
    program = make_program(net, IMAGES)
    check_same(program, Shifted(net, 10, 5e-5), IMAGES)
    with pytest.raises(Unconvertible, match="differ by up to"):
        check_same(program, Shifted(net, 1, 0.01), IMAGES)

"""Both forms of DepGraph learn the same: fine-tuning the masks is fine-tuning the smaller network."""

import numpy as np
import pytest
import torch
from torch import nn

from netsci.models import resnet18
from netsci.prune import depgraph
from netsci.sparse import sparsify

pytest.importorskip("torch_pruning", reason="needs the extra netsci-suite[prune]")


def built():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = resnet18(width=4, blocks=(1, 1), neuron=nn.ReLU)
        for one in net.modules():
            if isinstance(one, nn.BatchNorm2d):  # as after training, so that no two channels are alike
                nn.init.uniform_(one.weight, 0.5, 1.5)
                nn.init.normal_(one.bias)
    return net.double()


def tune(net, x, labels):
    optimizer = torch.optim.SGD(net.train().parameters(), lr=0.05, momentum=0.9, weight_decay=5e-4)
    for _ in range(4):
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(x), labels).backward()
        optimizer.step()
    return net.eval()


def test_masks_and_channels_learn_the_same():
    rng = np.random.default_rng(0)
    x, labels = torch.from_numpy(rng.normal(size=(12, 3, 32, 32))), torch.from_numpy(rng.integers(0, 10, 12))
    net = built()
    small, masked = (depgraph(net, x, sparsity={"conv": 0.6}, form=form) for form in ("channels", "mask"))
    before = small.eval()(x).detach()
    sparse = sparsify(masked, masked.masks)
    one, other = (tune(form, x, labels)(x).detach() for form in (small, sparse))
    torch.testing.assert_close(other, one, rtol=1e-9, atol=1e-9)
    assert (one - before).abs().max() > 0.1
    assert sum(p.numel() for p in small.parameters()) < 0.5 * sum(p.numel() for p in net.parameters())

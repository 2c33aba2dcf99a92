"""DepGraph without its package."""

import sys

import pytest
import torch
from torch import nn

from netsci.prune import depgraph


def test_without_the_package_one_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch_pruning", None)
    net = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 2))
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'netsci-suite\[prune\]'"):
        depgraph(net, torch.ones(2, 4), sparsity=0.5)

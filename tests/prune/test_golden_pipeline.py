"""Networks of two blocks against the released driver: the next block sees what the pruned one gives."""

import re

import numpy as np
import pytest
import torch
from torch import nn

from netsci.prune import prune
from netsci.prune.module_pruning import prune_copy
from tests.golden_files import golden, label

LAYERS = {"W1a": "0.first", "W2a": "0.second", "W1b": "1.first", "W2b": "1.second"}
FILES = golden("prune", "pipeline_net_*.npz")


class Block(nn.Module):
    """x + W2 relu(W1 x)."""

    def __init__(self, first, second):
        super().__init__()
        self.first, self.second = (nn.Linear(*one.shape[::-1], bias=False) for one in (first, second))
        for layer, weight in ((self.first, first), (self.second, second)):
            layer.weight.data = torch.from_numpy(weight)

    def forward(self, x):
        return x + self.second(torch.relu(self.first(x)))


def network(values):
    return nn.Sequential(*(Block(values[f"W1{one}"], values[f"W2{one}"]) for one in "ab"))


def options_of(name):
    """(method, sparsity, groups) of a key such as wanda_row_rec_50 or ria_2of4."""
    if found := re.fullmatch(r"(\w+)_(\d)of(\d)", name):
        gone, of = int(found[2]), int(found[3])
        return found[1], None, (of - gone, of)
    method, rec, percent = re.fullmatch(r"(\w+?)(?:_layer|_row)?(_rec)?_(\d+)", name).groups()
    return method + (rec or ""), int(percent) / 100, None


@pytest.mark.parametrize("path", FILES, ids=label)
def test_golden_networks(path):
    with np.load(path) as held:
        values = {key: held[key] for key in held.files}
    net = network(values)
    batches = list(torch.from_numpy(values["X"])[:, None])
    keys = sorted({key.split("/")[0] for key in values if "/" in key})
    assert len(keys) >= 11
    for key in keys:
        method, sparsity, groups = options_of(key)
        found = prune_copy(
            net, method, sparsity, batches, "pruned", list(LAYERS.values()), groups, compat=True
        )
        for name, layer in LAYERS.items():
            wanted = values[f"{key}/{name}"]
            weight = found.get_submodule(layer).weight.detach().numpy()
            assert np.array_equal(found.masks[layer].T, wanted != 0), (path.name, key, name)
            assert np.abs(weight - wanted).max() <= 1e-5 * np.abs(values[name]).max(), (path.name, key, name)


def test_golden_networks_tell_both_ways_to_propagate_apart():
    with np.load(FILES[0]) as values:
        net, x = network(values), torch.from_numpy(values["X"])
    both = [
        prune(net, "wanda_rec", 0.7, x, propagate=one, layers=list(LAYERS.values()))
        for one in ("pruned", "dense")
    ]
    first, second = ([net.get_submodule(name).weight for name in LAYERS.values()] for net in both)
    assert [torch.equal(a, b) for a, b in zip(first, second, strict=True)] == [True, True, False, False]

"""What a review found wrong: shared statistics, uneven sparse layers, groups across blocks, counts."""

import numpy as np
import pytest
import torch
from torch import nn

from netsci.prune import METHODS, InputStatistics, prune, prune_mask
from netsci.prune.layer_inputs import collect
from netsci.prune.method import PruneMethod
from netsci.sparse import SparseLinear


def draw(*shape, seed=1):
    return torch.from_numpy(np.random.default_rng(seed).normal(size=shape).astype(np.float32))


class Twice(nn.Module):
    """A layer that is called on x and on y, beside one that is called on one of them."""

    def __init__(self, first: str):
        super().__init__()
        self.a, self.b, self.first = nn.Linear(4, 4), nn.Linear(4, 4), first

    def forward(self, x):
        y = 3 * torch.relu(x)
        if self.first == "a":
            return self.a(x) + self.a(y) + self.b(y)
        return self.b(x) + self.a(x) + self.a(y)


@pytest.mark.parametrize("first", ["a", "b"])
def test_a_layer_has_the_statistics_of_its_own_inputs_alone(first):
    x = draw(20, 4)
    found = collect(Twice(first), ["a", "b"], [x[:12], x[12:]], hessian=True)
    y = 3 * torch.relu(x)
    own = {"a": [x, y], "b": [y if first == "a" else x]}
    for name, inputs in own.items():
        wanted = InputStatistics()
        for one in inputs:
            wanted.add(one.numpy())
        # moments and Hessian are means over samples, which a layer sees once a call
        assert np.allclose(found[name].hessian, wanted.hessian, rtol=1e-5)
        assert np.allclose(found[name].moments, wanted.moments, rtol=1e-5)


class Sometimes(nn.Module):
    """A layer that reads the same as its neighbour, but not in the first batch."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.calls = nn.Linear(4, 4), nn.Linear(4, 4), 0

    def forward(self, x):
        self.calls += 1
        return self.a(x) + (self.b(x) if self.calls % 2 == 0 else 0)


def test_a_layer_that_is_skipped_in_a_batch_does_not_share():
    x = draw(16, 4)
    found = collect(Sometimes(), ["a", "b"], [x[:8], 5 * x[8:]], hessian=False)
    assert np.allclose(found["b"].moments, InputStatistics(hessian=False).add(5 * x[8:].numpy()).moments)


class InTurn(nn.Module):
    """Two layers called as often as each other over a batch of 8 and one of 6, but not in each."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(4, 4), nn.Linear(4, 4)

    def forward(self, x):
        once = self.a(x) + self.b(x)
        return once + (self.a(3 * torch.relu(x)) if len(x) == 8 else self.b(x))


def test_layers_called_as_often_but_on_other_inputs_do_not_share():
    x = draw(14, 4)
    found = collect(InTurn(), ["a", "b"], [x[:8], x[8:]], hessian=False)
    own = InputStatistics(hessian=False)
    for one in (x[:8], x[8:], x[8:]):
        own.add(one.numpy())
    assert np.allclose(found["b"].moments, own.moments)


def test_pruning_makes_no_links_where_a_sparse_layer_has_none():
    rng = np.random.default_rng(4)
    mask = rng.random((10, 4)) < 0.9
    mask[:, 0] = np.arange(10) == 3  # the first output has one link
    net = nn.Sequential(SparseLinear(mask), nn.ReLU(), nn.Linear(4, 2))
    for method in ("wanda", "wanda_rec", "ria", "magnitude"):
        made = prune(net, method, 0.5, [draw(30, 10)])
        assert not (made.masks["0"] & ~mask).any(), method
        assert (made.masks["0"].sum(0)[1:] > 0).all()
    wide = rng.random((256, 4)) < 0.9
    wide[:128] = False
    wide[0, 0] = True
    net = nn.Sequential(SparseLinear(wide), nn.ReLU(), nn.Linear(4, 2))
    made = prune(net, "sparsegpt", 0.6, [draw(300, 256)])
    assert not (made.masks["0"] & ~wide).any()


def test_groups_of_sparsegpt_lie_in_one_block():
    made = prune(
        nn.Sequential(nn.Linear(129, 4), nn.ReLU(), nn.Linear(4, 2)),
        "sparsegpt",
        None,
        [draw(200, 129)],
        layers=["0"],
        n_m=(1, 3),
    )
    assert (made.masks["0"].reshape(43, 3, 4).sum(1) == 1).all()


@pytest.mark.parametrize(("n", "share"), [(90, 0.7), (100, 0.29)])
def test_released_counts_by_output_are_cut_and_ours_are_not(n, share):
    weight = draw(n, 3).numpy()
    inputs = draw(50, n, seed=2).numpy()
    released = prune_mask(weight, "wanda", share, inputs=inputs, compat=True)
    ours = prune_mask(weight, "wanda", share, inputs=inputs)
    assert set((~released).sum(0)) == {int(share * n)}
    assert set((~ours).sum(0)) == {int(np.floor(share * n + 1e-9))}
    assert int(share * n) != int(np.floor(share * n + 1e-9))


def test_links_that_a_sparse_layer_lacks_go_first_whatever_the_scores_are(monkeypatch):
    """A user's scores may be negative, and may be the weights themselves."""
    monkeypatch.setattr(METHODS, "_objects", dict(METHODS._objects))
    METHODS.register("least", PruneMethod(lambda weight, moments: weight))
    rng = np.random.default_rng(4)
    links = rng.random((8, 6)) < 0.6
    layer = SparseLinear(links)
    with torch.no_grad():
        layer.values.copy_(torch.from_numpy(rng.normal(size=int(links.sum())) - 5.0))
    weight = np.where(links, layer.weight.detach().numpy().T, -np.inf)
    pruned = prune(nn.Sequential(layer), "least", {"0": 0.75}, None)
    known = np.zeros(48, bool)
    known[np.argsort(weight.ravel(), kind="stable")[36:]] = True
    assert np.array_equal(pruned.masks["0"], known.reshape(8, 6))
    assert pruned[0].n_links == 12

"""Blocks run one by one give what forwards of the whole module give, and cost less."""

from functools import partial

import numpy as np
import pytest
import torch
from torch import nn

from netsci.models import conv2fc2, resnet18, vgg16, vit
from netsci.prune import module_pruning, prune
from netsci.prune.handing_on import AstrayError, find_ways
from netsci.prune.module_pruning import prune_copy


def draw(*shape, seed=1):
    return torch.from_numpy(np.random.default_rng(seed).normal(size=shape).astype(np.float32))


def mixed():
    parts = [nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(inplace=True), nn.MaxPool2d(2)]
    parts += [nn.Conv2d(4, 6, 3, padding=1), nn.ReLU(inplace=True), nn.Flatten()]
    parts += [nn.Linear(6 * 16, 10), nn.Dropout(0.5), nn.ReLU(), nn.Linear(10, 8), nn.Linear(8, 3)]
    return nn.Sequential(*parts)


class Block(nn.Module):
    """x + W2 relu(W1 x), with an option that the caller gives, and x changed in place."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(6, 9), nn.Linear(9, 6)

    def forward(self, x, scale=1.0):
        x += scale * self.second(torch.relu(self.first(x)))
        return x


class Odd(nn.Module):
    """A stack of blocks whose caller does more than call them in turn."""

    def __init__(self, how):
        super().__init__()
        self.blocks, self.out, self.how, self.kept = (
            nn.ModuleList(Block() for _ in range(4)),
            nn.Linear(6, 2),
            how,
            None,
        )

    def forward(self, x):
        first = x = x.clone()
        for number, block in enumerate(self.blocks):
            if self.how == "scale":
                x = block(x, 0.5)
            elif self.how == "short batches" and len(x) < 10:
                x = block(2 * x)
            elif self.how == "last twice" and len(x) < 10 and number == 3:
                x = block(block(x))
            elif self.how == "in place":
                x = block(x).mul_(2.0)
            elif self.how == "outside":
                x = block(x) + self.blocks[0].first(x).mean()
            elif self.how == "state":
                self.kept = x.mean() if number == 0 else self.kept
                x = block(x if number < 2 else x + self.kept)
            else:
                x = block(x)
            if self.how == "sum" and number == 1:
                x = x + first
        aside = self.blocks[0].first(x).mean() if self.how == "aside" else 0.0
        return self.out(x) + aside


ODD = ("plain", "scale", "short batches", "last twice", "outside", "aside", "state", "sum", "in place")
NETS = {
    "mixed": (mixed, (2, 8, 8)),
    "vit": (partial(vit, (3, 8, 8), 5, patch=4, width=8, depth=4, heads=2), (3, 8, 8)),
    "resnet": (partial(resnet18, width=4, blocks=(1, 1), neuron=nn.ReLU), (3, 32, 32)),
    "vgg": (
        partial(vgg16, input_shape=(3, 32, 32), width=0.0625, hidden=(12, 12), neuron=nn.ReLU),
        (3, 32, 32),
    ),
    "spikes": (partial(conv2fc2, (1, 8, 8), 3, steps=2), (1, 8, 8)),
    **{how: (partial(Odd, how), (6,)) for how in ODD},
}


def built(name):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = NETS[name][0]()
        for one in net.modules():
            if isinstance(one, nn.BatchNorm2d):
                nn.init.uniform_(one.running_var, 0.5, 2.0)
    return net.train(), [draw(12, *NETS[name][1]), draw(7, *NETS[name][1], seed=2)]


@pytest.mark.parametrize("method", ["ria", "sparsegpt", "wanda_rec"])
@pytest.mark.parametrize("name", NETS)
def test_results_are_those_of_whole_forwards(monkeypatch, method, name):
    net, batches = built(name)
    found = prune(net, method, 0.5, batches)
    real = module_pruning._prune_blocks
    monkeypatch.setattr(module_pruning, "_prune_blocks", lambda *given, handing: real(*given, handing=False))
    wanted = prune(net, method, 0.5, batches)
    assert list(found.masks) == list(wanted.masks)
    for layer, mask in wanted.masks.items():
        assert np.array_equal(found.masks[layer], mask), layer
    for key, value in wanted.state_dict().items():
        torch.testing.assert_close(found.state_dict()[key], value, rtol=1e-6, atol=1e-7)
    assert found.training
    assert not any(one._forward_pre_hooks or one._forward_hooks for one in found.modules())


def ways_of(name):
    net, batches = built(name)
    if name == "vit":
        entries = [f"blocks.{n}" for n in range(4)]
        targets = [f"blocks.{n}.{one}" for n in range(4) for one in ("attn.qkv", "mlp.fc2")]
    else:
        entries = [f"blocks.{n}" for n in range(4)]
        targets = [f"blocks.{n}.{one}" for n in range(4) for one in ("first", "second")]
    return find_ways(net.eval(), entries, targets, batches[0])


def test_which_blocks_follow_each_other():
    net, batches = built("mixed")
    layers = ["0", "4", "7", "10"]
    assert find_ways(net.eval(), layers, layers, batches[0]) == [["1", "2", "3"], ["5", "6"], ["8", "9"]]
    assert ways_of("vit") == [[], [], []]
    assert ways_of("plain") == [[], [], []]
    assert ways_of("scale") == [None, None, None]  # the caller gives the next block an option
    assert ways_of("sum") == [[], None, []]
    assert ways_of("outside") == [None, None, None]
    assert ways_of("aside") == [None, [], []]  # a layer of the first block is called at the end, too
    assert ways_of("in place") == [None, None, None]
    assert ways_of("state") == [[], None, None]


@pytest.mark.parametrize("how", ["short batches", "last twice"])
def test_a_series_that_other_batches_do_not_follow_is_seen(how):
    net, batches = built(how)
    assert ways_of(how) == [[], [], []]
    tried = []
    real = module_pruning._prune_blocks

    def count(*given, handing):
        tried.append(handing)
        return real(*given, handing=handing)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module_pruning, "_prune_blocks", count)
        prune(net, "wanda", 0.5, batches)
        assert tried == [True, False]
        prune(net, "wanda", 0.5, batches[:1])
        assert tried == [True, False, True]


def test_inputs_that_are_too_many_are_not_held(monkeypatch):
    net, batches = built("plain")
    wanted = prune(net, "wanda", 0.5, batches)
    monkeypatch.setattr("netsci.prune.handing_on.MOST", 100)
    found = prune(net, "wanda", 0.5, batches)
    assert all(np.array_equal(found.masks[name], mask) for name, mask in wanted.masks.items())
    targets = module_pruning.choose_targets(net, 0.5, None)
    options = {one.name: {"n_m": None, "compat": False, "per": "output"} for one in targets}
    with pytest.raises(AstrayError):
        module_pruning._prune_blocks(
            net, module_pruning.METHODS["wanda"], targets, batches, "pruned", options, handing=True
        )


def test_the_cost_does_not_grow_with_the_square_of_the_depth():
    """Calls of the first block for each batch: to find, to sum up, to hand on, and to compare at the end."""
    for depth in (4, 12):
        net = nn.Sequential(
            *[nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 6)) for _ in range(depth)]
        )
        net.append(nn.Linear(6, 2))
        calls = []
        net[0].register_forward_hook(lambda *_: calls.append(1))  # noqa: B023 - a copy of the module keeps it
        batches = [draw(9, 6, seed=seed) for seed in range(10)]
        prune_copy(net, "wanda", 0.5, batches, "pruned", None)
        assert len(batches) <= len(calls) <= 3 * len(batches) + 2, depth

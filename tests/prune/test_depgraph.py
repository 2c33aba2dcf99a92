"""DepGraph: channels, masks and counts of weights, on our networks and on a user's."""

import numpy as np
import pytest
import torch
from torch import nn

from netsci.models import resnet18, vgg16
from netsci.prune import depgraph
from netsci.prune.channel_graph import ChannelGraph, ChannelGroup
from netsci.prune.channel_ranking import rank_channels, spread_channels
from netsci.sparse import SparseLinear, sparsify
from tests.golden_files import golden, label

pytest.importorskip("torch_pruning", reason="needs the extra netsci-suite[prune]")


def convolution(shape):
    """Return a convolution 3 x 3 of [outputs, inputs] and its normalisation."""
    return nn.Conv2d(shape[1], shape[0], 3, padding=1, bias=False), nn.BatchNorm2d(shape[0])


class Plain(nn.Module):
    """The network of golden depgraph_vgg."""

    def __init__(self, conv1=(12, 3), conv2=(16, 12), fc1=(24, 64), fc2=(24, 24), out=(10, 24)):
        super().__init__()
        self.conv1, self.bn1 = convolution(conv1)
        self.conv2, self.bn2 = convolution(conv2)
        self.fc1, self.fc2, self.out = (nn.Linear(b, a) for a, b in (fc1, fc2, out))

    def forward(self, x):
        x = torch.max_pool2d(torch.relu(self.bn1(self.conv1(x))), 2)
        x = torch.max_pool2d(torch.relu(self.bn2(self.conv2(x))), 2).flatten(1)
        return self.out(torch.relu(self.fc2(torch.relu(self.fc1(x)))))


class Residual(nn.Module):
    """The network of golden depgraph_res."""

    def __init__(self, stem=(12, 3), conv1=(20, 12), conv2=(12, 20), out=(10, 12)):
        super().__init__()
        self.stem, self.bn0 = convolution(stem)
        self.conv1, self.bn1 = convolution(conv1)
        self.conv2, self.bn2 = convolution(conv2)
        self.out = nn.Linear(out[1], out[0])

    def forward(self, x):
        x = torch.relu(self.bn0(self.stem(x)))
        x = torch.relu(x + self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x))))))
        return self.out(x.mean((2, 3)))


GOLDEN = [(path, Plain) for path in golden("prune", "depgraph_vgg*.npz")]
GOLDEN += [(path, Residual) for path in golden("prune", "depgraph_res*.npz")]


def read(path, kind):
    values = np.load(path)
    state = {key[6:]: torch.from_numpy(values[key]) for key in values.files if key.startswith("state/")}
    shapes = {key[:-7]: tuple(one.shape[:2]) for key, one in state.items() if key.endswith(".weight")}
    net = kind(**{name: shape for name, shape in shapes.items() if not name.startswith("bn")})
    net.load_state_dict(state)
    return values, net.eval(), torch.from_numpy(values["x"])


def built(kind=Residual, seed=0, **options):
    torch.manual_seed(seed)
    net = kind(**options)
    for one in net.modules():  # as after training, so that no two channels are alike
        if isinstance(one, nn.BatchNorm2d):
            nn.init.uniform_(one.weight, 0.5, 1.5)
            nn.init.normal_(one.bias)
    return net.eval()


def weights_of(net, kind):
    layers = [one for one in net.modules() if isinstance(one, kind)]
    return sum(one.weight.numel() for one in (layers if kind is nn.Conv2d else layers[:-1]))


@pytest.mark.parametrize(("path", "kind"), GOLDEN, ids=label)
def test_golden_importances(path, kind):
    values, net, x = read(path, kind)
    graph = ChannelGraph(net, (x,))
    keys = [key for key in values.files if key.startswith("importance_")]
    assert keys
    for key in keys:
        normaliser, _, layer = key.removeprefix("importance_").partition("/")
        found = graph.find_importances(None if normaliser == "None" else normaliser)[layer]
        assert np.allclose(found, values[key], rtol=0, atol=1e-5), key


@pytest.mark.parametrize(("path", "kind"), GOLDEN, ids=label)
def test_golden_channels(path, kind):
    values, net, x = read(path, kind)
    chosen = sorted({key.split("/")[0] for key in values.files if "_steps" in key})
    assert chosen
    dense = sum(one.numel() for one in net.parameters())
    for one in chosen:
        scope, percent, steps = one.split("_")
        asked = {"match": "channels", "scope": scope, "steps": int(steps[5:])}
        found = depgraph(net, x, sparsity=int(percent) / 100, **asked)
        for key in (key for key in values.files if key.startswith(f"{one}/kept/")):
            assert np.array_equal(found.kept[key.rsplit("/", 1)[1]], values[key]), key
        assert np.allclose(found(x).detach().numpy(), values[f"{one}/y"], rtol=0, atol=1e-5)
        left = sum(one.numel() for one in found.parameters())
        assert 1 - left / dense == pytest.approx(float(values[f"{one}/param_sparsity"]), abs=1e-12)


def test_channels_of_two_linear_layers_by_hand():
    net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1)).eval()
    with torch.no_grad():
        net[0].weight.copy_(torch.tensor([[1.0, 0.0], [2.0, 0.0], [0.0, 0.5]]))
        net[2].weight.copy_(torch.tensor([[3.0, 0.0, 1.0]]))
    # sums of squares of rows and columns, their mean: (1 + 9) / 2, (4 + 0) / 2, (.25 + 1) / 2
    assert ChannelGraph(net, (torch.ones(1, 2),)).find_importances(None)["0"].tolist() == [5.0, 2.0, 0.625]
    found = depgraph(net, torch.ones(1, 2), sparsity=0.5, match="channels", form="mask")
    assert found.kept["0"].tolist() == [0]
    assert found.masks["0"].tolist() == [[True, False, False]] * 2
    assert found.masks["2"].tolist() == [[True], [False], [False]]
    assert found[0].weight.tolist() == [[1.0, 0.0], [0.0, 0.0], [0.0, 0.0]]


@pytest.mark.parametrize(
    ("n", "share", "left"), [(10, 0.8, 2), (50, 0.9, 5), (100, 0.9, 10), (10, 0.75, 2), (10, 0.99, 1)]
)
@pytest.mark.parametrize("steps", [1, 2])
def test_rounding_takes_no_channel_too_many(n, share, left, steps):
    net = nn.Sequential(nn.Linear(4, n), nn.ReLU(), nn.Linear(n, 2))
    found = depgraph(net, torch.ones(1, 4), sparsity=share, match="channels", steps=steps)
    assert len(found.kept["0"]) == left


def test_masks_of_a_convolution_are_presynaptic_by_postsynaptic():
    found = depgraph(built(), torch.randn(2, 3, 8, 8), sparsity=0.5, match="channels", form="mask")
    mask, kept = found.masks["conv1"], found.kept
    assert mask.shape == (12 * 9, 20)
    rows = np.isin(np.arange(12 * 9) // 9, kept["stem"])
    assert np.array_equal(mask, rows[:, None] & np.isin(np.arange(20), kept["conv1"])[None])
    weight = found.conv1.weight.detach().numpy().reshape(20, -1).T
    assert not weight[~mask].any()
    assert weight[mask].all()
    assert found.masks["stem"][:, kept["stem"]].all()  # the first input is never pruned
    assert found.masks["out"].any(0).all()  # nor are the classes


NETS = {
    "plain": (lambda: built(Plain), (3, 8, 8), 0.7),
    "residual": (lambda: built(Residual), (3, 8, 8), 0.6),
    "vgg": (
        lambda: built(vgg16, input_shape=(3, 64, 64), width=0.0625, hidden=(24, 24), neuron=nn.ReLU),
        (3, 64, 64),
        {"conv": 0.78, "linear": 0.9},
    ),
    "resnet": (lambda: built(resnet18, width=4, blocks=(1, 1), neuron=nn.ReLU), (3, 32, 32), {"conv": 0.7}),
}


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("scope", ["local", "global"])
def test_both_forms_compute_the_same_and_leave_the_share_of_weights_to_one_channel(name, scope):
    make, shape, sparsity = NETS[name]
    net, x = make(), torch.randn(3, *shape)
    before = {key: value.clone() for key, value in net.state_dict().items()}
    small, masked = (
        depgraph(net, x, sparsity=sparsity, scope=scope, form=form) for form in ("channels", "mask")
    )
    full = masked(x).detach()
    assert torch.allclose(small(x), full, rtol=0, atol=1e-5 * max(1.0, float(full.abs().max())))
    assert not torch.allclose(net(x), full, atol=1e-3)
    for key, value in net.state_dict().items():
        assert torch.equal(value, before[key]), key
    graph, kinds = ChannelGraph(net, (x,)), {"conv": nn.Conv2d, "linear": nn.Linear}
    shares = sparsity if isinstance(sparsity, dict) else dict.fromkeys(kinds, sparsity)
    together = scope == "global" and not isinstance(sparsity, dict)
    totals = [list(shares)] if together else [[kind] for kind in shares]
    for total in totals:
        names = [name for kind in total for name in graph.names_of(kind)]
        one_less = [graph.count_weights({root: 1}) for root in graph.find_groups()]
        channel = max(sum(graph.layers[n].weight.numel() - left[n] for n in names) for left in one_less)
        left, dense = (sum(weights_of(one, kinds[kind]) for kind in total) for one in (small, masked))
        assert abs(left - (1 - shares[total[0]]) * dense) <= channel / 2, total


def test_no_channel_more_or_less_comes_nearer():
    net, x = built(Plain), torch.randn(1, 3, 8, 8)
    graph = ChannelGraph(net, (x,))
    groups = [one for one in graph.find_groups().values() if one.kind == "conv"]
    names, goal = graph.names_of("conv"), 0.35 * weights_of(net, nn.Conv2d)
    off = [
        abs(sum(graph.count_weights(spread_channels(groups, n))[name] for name in names) - goal)
        for n in range(27)
    ]
    found = depgraph(net, x, sparsity={"conv": 0.65})
    assert abs(weights_of(found, nn.Conv2d) - goal) == min(off)
    assert weights_of(found, nn.Conv2d) < weights_of(net, nn.Conv2d) / 2
    assert len(found.kept["fc1"]) == 24  # a kind that is not named keeps its channels
    tie = nn.Sequential(nn.Linear(2, 5), nn.ReLU(), nn.Linear(5, 1))
    half = depgraph(tie, torch.ones(1, 2), sparsity=0.5)
    assert half[0].weight.numel() == 4  # 4 and 6 of 10 weights are as near: the sparser one


def test_a_share_of_zero_removes_nothing_and_the_best_channel_always_stays():
    net, x = built(), torch.randn(1, 3, 8, 8)
    same = depgraph(net, x, sparsity=0.0, form="mask")
    assert same.masks == {}
    assert torch.equal(same(x), net(x))
    least = depgraph(net, x, sparsity=0.999, match="channels")
    assert [len(least.kept[name]) for name in ("stem", "conv1", "conv2", "out")] == [1, 1, 1, 10]


def test_order_and_ties_by_hand():
    assert rank_channels({"a": np.array([1.0, 1.0]), "b": np.array([1.0, 0.5])}) == [("b", 1), ("a", 0)]
    groups = [ChannelGroup(name, "conv", size, {}) for name, size in (("a", 2), ("b", 4), ("c", 1))]
    assert [spread_channels(groups, n) for n in (3, 4)] == [
        {"a": 1, "b": 2, "c": 0},
        {"a": 1, "b": 3, "c": 0},
    ]


def test_modes_and_flags_stay_as_they_were():
    net = built().train()
    net.bn0.eval()
    net.stem.weight.requires_grad_(False)
    for form in ("channels", "mask"):
        found = depgraph(net, torch.randn(2, 3, 8, 8), sparsity=0.5, form=form)
        assert (found.training, found.bn0.training, found.bn1.training) == (True, False, True)
        assert [one.requires_grad for one in (found.stem.weight, found.conv1.weight)] == [False, True]
    assert net.bn1.num_batches_tracked == 0


def test_a_masked_network_trains_on_with_its_links_where_they_are():
    net, x = built(), torch.randn(2, 3, 8, 8)
    masked = depgraph(net, x, sparsity=0.5, form="mask")
    links = masked.masks
    sparse = sparsify(masked, links).train()
    assert torch.allclose(sparse.eval()(x), depgraph(net, x, sparsity=0.5)(x), atol=1e-5)
    optimizer = torch.optim.SGD(sparse.train().parameters(), lr=0.1)
    sparse(x).square().sum().backward()
    optimizer.step()
    for name, mask in links.items():
        assert np.array_equal(sparse.get_submodule(name).links.toarray(), mask)


class TwoHeads(nn.Module):
    """Convolutions or linear layers, with one of them between, and two linear layers that answer."""

    def __init__(self, conv):
        super().__init__()
        kind = (lambda a, b: nn.Conv2d(a, b, 3)) if conv else nn.Linear
        self.first, self.second = kind(3, 8), kind(8, 6)
        self.one, self.other, self.conv = nn.Linear(6, 4), nn.Linear(6, 2), conv

    def forward(self, x):
        y = torch.relu(self.second(torch.relu(self.first(x))))
        y = y.mean((2, 3)) if self.conv else y
        return self.one(y), {"other": self.other(y)}


@pytest.mark.parametrize("conv", [True, False])
@pytest.mark.parametrize("match", ["parameters", "channels"])
@pytest.mark.parametrize("scope", ["local", "global"])
def test_one_share_for_a_network_of_two_heads(conv, match, scope):
    """It is that of the kind that has channels to remove, as if only this one were named."""
    torch.manual_seed(0)
    net, x = TwoHeads(conv), torch.randn(2, 3, 8, 8) if conv else torch.randn(2, 3)
    given = {"match": match, "scope": scope}
    found = depgraph(net, x, sparsity=0.5, **given)
    named = depgraph(net, x, sparsity={"conv" if conv else "linear": 0.5}, **given)
    assert all(np.array_equal(found.kept[name], named.kept[name]) for name in found.kept)
    assert [len(found.kept[name]) for name in ("one", "other")] == [4, 2]
    assert len(found.kept["first"]) + len(found.kept["second"]) in (7, 9)  # of 14
    with pytest.raises(ValueError, match=r"none among its .*give its outputs \(one, other\).*never pruned"):
        depgraph(net, x, sparsity={"linear" if conv else "conv": 0.5}, **given)


def test_what_gives_answers_alone_has_no_channels():
    with pytest.raises(ValueError, match=r"none among its convolutions and linear layers.*never pruned"):
        depgraph(nn.Linear(4, 2), torch.ones(1, 4), sparsity=0.5)
    assert depgraph(nn.Linear(4, 2), torch.ones(1, 4), sparsity=0.0).kept[""].tolist() == [0, 1]


class Wrong(nn.Module):
    """A network whose channels mix: layer normalisation over them, or its input added to them."""

    def __init__(self, how):
        super().__init__()
        self.first, self.out, self.norm, self.how = nn.Linear(8, 8), nn.Linear(8, 2), nn.LayerNorm(8), how

    def forward(self, x):
        y = self.first(x)
        return self.out(self.norm(y) if self.how == "norm" else x + y)


@pytest.mark.parametrize("how", ["norm", "input"])
def test_what_mixes_channels_is_refused(how):
    with pytest.raises(ValueError, match="mix channels"):
        depgraph(Wrong(how), torch.randn(3, 8), sparsity=0.5)


X = torch.randn(2, 3, 8, 8)


@pytest.mark.parametrize(
    ("net", "given", "message"),
    [
        (built(), {"sparsity": 1.0}, "must lie below 1"),
        (built(), {"sparsity": float("nan")}, r"\[0, 1\]"),
        (built(), {"sparsity": {"conv": 0.5, "fc": 0.5}}, "'conv', 'linear'"),
        (built(), {"sparsity": {"linear": 0.5}}, "never pruned"),
        (built(), {"sparsity": 0.9999}, "reach at most 0.9"),
        (built(), {"sparsity": 0.5, "steps": 0}, "steps must be at least 1"),
        (built(), {"sparsity": 0.5, "importance": "sum"}, "importance must be one of mean, max, None"),
        (nn.Sequential(nn.Conv2d(3, 6, 3), nn.Conv2d(6, 6, 3, groups=2)), {"sparsity": 0.5}, "no groups"),
        (nn.Sequential(SparseLinear(np.eye(8))), {"sparsity": 0.5}, "densify"),
        (nn.Linear(4, 2), {"sparsity": 0.5}, "must run on example"),
    ],
)
def test_wrong_arguments_are_refused(net, given, message):
    with pytest.raises(ValueError, match=message):
        depgraph(net, X, **given)


@pytest.mark.parametrize(
    "make", [nn.utils.parametrizations.weight_norm, nn.utils.parametrizations.spectral_norm]
)
def test_computed_weights_are_refused(make):
    net = nn.Sequential(make(nn.Linear(8, 6)), nn.ReLU(), nn.Linear(6, 2))
    with pytest.raises(ValueError, match="layer '0', whose weight is computed"):
        depgraph(net, torch.ones(1, 8), sparsity=0.5)


def test_weights_that_are_not_finite_are_refused():
    net = built()
    net.conv1.weight.data[0, 0] = float("nan")
    with pytest.raises(ValueError, match="'conv1' must be finite"):
        depgraph(net, X, sparsity=0.5)


def test_groups_of_one_channel_cannot_lose_any():
    net = nn.Sequential(nn.Linear(4, 1), nn.ReLU(), nn.Linear(1, 2))
    with pytest.raises(ValueError, match="has one channel"):
        depgraph(net, torch.ones(2, 4), sparsity={"linear": 0.5})

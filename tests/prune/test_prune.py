"""Modules pruned as a whole: layers of every kind, shared inputs, propagation, refusals."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from netsci.models import conv2fc2, mlp, vit
from netsci.prune import METHODS, InputStatistics, prune, prune_mask, sparsegpt
from netsci.prune.blocks import split_into_blocks
from netsci.prune.factor import factor_of
from netsci.prune.layer_inputs import collect
from netsci.sparse import SparseLinear, sparsify

SHARE = 0.7
EVERY = tuple(METHODS.built_in)


def count(share, n):
    return int(np.floor(share * n + 1e-9))


def seeded(build, seed=0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return build()


def chain():
    return seeded(
        lambda: nn.Sequential(nn.Linear(12, 10), nn.ReLU(), nn.Linear(10, 8), nn.ReLU(), nn.Linear(8, 3))
    )


def convolutions():
    return seeded(
        lambda: nn.Sequential(
            nn.Conv2d(2, 4, 3, padding=1, stride=2),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(64, 6),
            nn.Linear(6, 2),
        )
    )


def draw(*shape, seed=1):
    return torch.from_numpy(np.random.default_rng(seed).normal(size=shape).astype(np.float32))


def state(module):
    return {name: value.clone() for name, value in module.state_dict().items()}


def is_same(module, before):
    now = module.state_dict()
    return now.keys() == before.keys() and all(
        torch.equal(now[name], value) for name, value in before.items()
    )


def matrix(layer):
    return layer.weight.detach().flatten(1).T.numpy()


@pytest.mark.parametrize("method", EVERY)
@pytest.mark.parametrize("propagate", ["pruned", "dense"])
def test_counts_masks_and_the_module_that_was_given(method, propagate):
    net, x = chain(), draw(30, 12)
    net.train()
    before = state(net)
    found = prune(net, method, SHARE, x, propagate=propagate)
    assert is_same(net, before)
    assert not hasattr(net, "masks")
    assert found.training
    assert list(found.masks) == ["0", "2"]  # the layer that gives the answer stays dense
    assert torch.equal(found[4].weight, net[4].weight)
    for name, mask in found.masks.items():
        weight = matrix(found.get_submodule(name))
        assert mask.dtype == bool
        assert mask.shape == weight.shape
        assert np.array_equal(weight != 0, mask)
        gone = (~mask).sum(0) if method.startswith("wanda") else (~mask).sum()
        assert np.all(gone == count(SHARE, len(mask) if method.startswith("wanda") else mask.size))
        changed = (weight[mask] != matrix(net.get_submodule(name))[mask]).any()
        assert changed == (METHODS[method].reads == "hessian")


def test_masks_are_those_of_the_layers_alone():
    net, x = chain(), draw(30, 12)
    hidden = torch.relu(net[0](x)).detach()
    for method in ("magnitude", "ri", "ria", "wanda"):
        masks = prune(net, method, SHARE, x, propagate="dense").masks
        assert np.array_equal(masks["0"], prune_mask(net[0].weight.T, method, SHARE, inputs=x))
        assert np.array_equal(masks["2"], prune_mask(net[2].weight.T, method, SHARE, inputs=hidden))
    found = prune(net, "sparsegpt", SHARE, x)
    first = sparsegpt(net[0].weight.T, x, SHARE)
    np.testing.assert_array_equal(matrix(found[0]), first[0])
    seen = torch.relu(found[0](x)).detach()  # of the pruned layer, unlike `hidden`
    np.testing.assert_allclose(matrix(found[2]), sparsegpt(net[2].weight.T, seen, SHARE)[0], atol=1e-6)
    assert not np.array_equal(
        found.masks["2"], prune(net, "sparsegpt", SHARE, x, propagate="dense").masks["2"]
    )


@pytest.mark.parametrize("method", ["ria", "wanda", "sparsegpt", "ria_rec", "wanda_rec"])
def test_convolutions_are_unfolded(method):
    net, x = convolutions(), draw(9, 2, 8, 8)
    found = prune(net, method, {"conv": 0.5}, x)
    windows = functional.unfold(x, 3, padding=1, stride=2).transpose(1, 2)
    name = method.removesuffix("_rec")
    weight = net[0].weight.detach().flatten(1).T.numpy()
    assert list(found.masks) == ["0"]
    assert found.masks["0"].shape == (18, 4)
    if name == "sparsegpt":
        wanted = sparsegpt(weight, windows, 0.5)
    else:
        kept = prune_mask(weight, name, 0.5, inputs=windows)
        wanted = sparsegpt(weight, windows, None, kept=kept) if method != name else (weight * kept, kept)
    assert np.array_equal(found.masks["0"], wanted[1])
    np.testing.assert_allclose(matrix(found[0]), wanted[0], atol=1e-6)


def test_unfolded_inputs_in_parts_and_by_hand(monkeypatch):
    net, x = convolutions(), draw(5, 2, 8, 8)
    whole = collect(net, ["0"], [x], hessian=True)["0"]
    monkeypatch.setattr("netsci.prune.layer_inputs.UNFOLDED", 1)
    parts = collect(net, ["0"], [x[:2], x[2:]], hessian=True)["0"]
    np.testing.assert_allclose(parts.hessian, whole.hessian, rtol=1e-10, atol=1e-10)
    padded = functional.pad(x, (1, 1, 1, 1)).numpy()
    row = [padded[:, 1, 2 : 2 + 8 : 2, 1 : 1 + 8 : 2]]  # channel 1, place (2, 1) of the kernel
    np.testing.assert_allclose(whole.moments[9 + 7], (np.square(row[0]).sum()) / 5, rtol=1e-6)


def test_a_calibration_of_any_form_gives_the_same():
    net, x = chain(), draw(150, 12)
    wanted = prune(net, "ria", SHARE, x)
    forms = [x.numpy(), list(x.split(40)), iter(x.split(7)), [(part, None) for part in x.split(50)]]
    forms.append(torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, x), batch_size=64))
    for form in forms:
        found = prune(net, "ria", SHARE, form)
        assert all(np.array_equal(found.masks[name], mask) for name, mask in wanted.masks.items())
    assert prune(net, "magnitude", SHARE, None).masks["0"].sum() == 120 - count(SHARE, 120)


class Attention(nn.Module):
    """Separate q, k and v that read one tensor, and one layer that reads another of the same shape."""

    def __init__(self):
        super().__init__()
        self.q, self.k, self.v, self.other, self.out = (nn.Linear(8, 8) for _ in range(5))

    def forward(self, x):
        y = torch.tanh(x)
        return self.out(self.q(y) * self.k(y) + self.v(y) + self.other(x))


def test_layers_that_read_one_tensor_share_a_factorisation(monkeypatch):
    net, x = seeded(Attention), draw(40, 8)
    found = collect(net, ["q", "k", "v", "other"], [x, x], hessian=True)
    assert found["q"] is found["k"] is found["v"]
    assert found["other"] is not found["q"]
    np.testing.assert_allclose(found["q"].moments, 2 * (torch.tanh(x).numpy() ** 2).sum(0) / 80, rtol=1e-6)
    made = []
    monkeypatch.setattr(
        "netsci.prune.statistics.factor_of", lambda *given: made.append(given) or factor_of(*given)
    )
    pruned = prune(net, "sparsegpt", 0.5, x, propagate="dense")
    assert len(made) == 2  # q, k, v; other
    assert list(pruned.masks) == ["q", "k", "v", "other"]


def test_layers_that_share_an_input_in_one_batch_only_do_not_share():
    class Sometimes(Attention):
        def forward(self, x):
            return self.out(self.q(x) + self.k(x if len(x) > 3 else x + 1) + self.v(x) + self.other(x))

    net, x = seeded(Sometimes), draw(8, 8)
    found = collect(net, ["q", "k", "v"], [x[:5], x[5:]], hessian=False)
    assert found["q"] is found["v"]
    seen = np.concatenate([x[:5], x[5:] + 1])
    np.testing.assert_allclose(found["k"].moments, (seen**2).sum(0) / 8, rtol=1e-6)


def test_a_vit_its_fused_layers_and_its_blocks():
    net = seeded(lambda: vit((3, 8, 8), 5, patch=4, width=8, depth=2, heads=2))
    x = draw(6, 3, 8, 8)
    found = prune(net, "wanda_rec", 0.5, x)
    names = [f"blocks.{i}.{one}" for i in range(2) for one in ("attn.qkv", "attn.proj", "mlp.fc1", "mlp.fc2")]
    assert list(found.masks) == names
    for name, mask in found.masks.items():
        assert ((~mask).sum(0) == count(0.5, len(mask))).all()
        assert np.array_equal(matrix(found.get_submodule(name)) != 0, mask)
    made = sparsify(deepcopy(found), found.masks)
    torch.testing.assert_close(made(x), found(x), atol=1e-5, rtol=1e-5)
    parts = prune(net, "magnitude", {"*.qkv.q": 0.5, "*.qkv.k": 0.75}, None).masks["blocks.0.attn.qkv"]
    assert [(~parts[:, at : at + 8]).sum() for at in (0, 8, 16)] == [32, 48, 0]
    named = prune(net, "magnitude", 0.5, None, layers=["blocks.1.attn.qkv", "head"])
    assert [(~mask).sum() for mask in named.masks.values()] == [96, 20]


def test_sparse_layers_lose_links():
    net = sparsify(chain(), 0.4)
    x, before = draw(30, 12), state(net)
    dense = prune(chain(), "magnitude", SHARE, None)
    for method in EVERY:
        found = prune(net, method, SHARE, x)
        assert isinstance(found[0], SparseLinear)
        for name, mask in found.masks.items():
            layer = found.get_submodule(name)
            assert np.array_equal(layer.links.toarray(), mask)
            assert not (mask & ~net.get_submodule(name).links.toarray()).any()
        if method == "magnitude":
            assert all(np.array_equal(found.masks[name], dense.masks[name]) for name in found.masks)
    assert is_same(net, before)
    with pytest.raises(ValueError, match=r"'0' has 72 links, fewer than the 108 that a sparsity of 0.1"):
        prune(net, "magnitude", 0.1, None)


def test_spiking_and_feature_major_networks():
    net = mlp([6, 8, 5, 3], steps=4)
    found = prune(net, "wanda", 0.5, (draw(7, 6) > 0).float())
    assert len(found.masks) == 2
    net = conv2fc2((1, 8, 8), 3, padding=1, steps=2)
    found = prune(net, "ria_rec", 0.5, draw(4, 1, 8, 8).abs())
    assert all((~mask).sum() == count(0.5, mask.size) for mask in found.masks.values())


def test_groups_of_inputs():
    found = prune(convolutions(), "sparsegpt", None, draw(9, 2, 8, 8), layers=["3"], n_m=(2, 4))
    assert (found.masks["3"].reshape(16, 4, 6).sum(1) == 2).all()
    with pytest.raises(ValueError, match=r"weight of layer '0' has 18 inputs; groups of 2 would fit"):
        prune(convolutions(), "magnitude", 0.5, None, n_m=(2, 4))
    with pytest.raises(ValueError, match=r"sparsity must be 0.5 where 1 of 2"):
        prune(chain(), "magnitude", 0.7, None, n_m=(1, 2))


@pytest.mark.parametrize(("share", "left"), [(0.9, 2), (0.95, 1), (0.99, 1), (0.999999, 1)])
def test_as_many_go_as_the_share_says_down_to_one_link(share, left):
    """floor(s n + 1e-9) of 12 and of 120 links, whatever (1 - s) n rounds to."""
    for method in EVERY:
        found = prune(seeded(lambda: nn.Linear(4, 3)), method, share, draw(9, 4), layers=[""])
        if method.startswith("wanda"):
            assert found.masks[""].sum(0).tolist() == [1, 1, 1]
        else:
            assert found.masks[""].sum() == left
    shares = {"0": share, "2": 0.5, "4": 0.0}
    found = prune(chain(), "magnitude", shares, None)
    assert [int(mask.sum()) for mask in found.masks.values()] == [120 - count(share, 120), 40, 24]


def test_a_share_that_leaves_no_link_is_refused():
    with pytest.raises(ValueError, match=r"leave a link in layer '0' of 12 inputs; 0\.99999.* lower it"):
        prune(chain(), "magnitude", 1 - 1e-11, None)


def test_links_are_chosen_in_the_layer_or_by_output():
    net, x = chain(), draw(30, 12)
    hidden = torch.relu(net[0](x)).detach()
    for method in ("magnitude", "ri", "ria", "wanda", "ria_rec", "wanda_rec"):
        for per in ("layer", "output"):
            found = prune(net, method, SHARE, x, propagate="dense", per=per)
            for name, inputs in (("0", x), ("2", hidden)):
                weight, score = net.get_submodule(name).weight.T, method.removesuffix("_rec")
                wanted = prune_mask(weight, score, SHARE, inputs=inputs, per=per)
                assert np.array_equal(found.masks[name], wanted), (method, per, name)
        usual = prune(net, method, SHARE, x, propagate="dense").masks
        same = prune(
            net, method, SHARE, x, propagate="dense", per="output" if "wanda" in method else "layer"
        ).masks
        assert all(np.array_equal(usual[name], same[name]) for name in usual)
    made = prune(sparsify(net, 0.4), "wanda", SHARE, x, per="layer")  # a sparse layer too
    assert [(~made.masks[name]).sum() for name in ("0", "2")] == [84, 56]


def test_layers_names_kinds_and_patterns():
    net = convolutions()
    assert list(prune(net, "magnitude", {"conv": 0.5, "linear": 0.9}, None).masks) == ["0", "3"]
    assert list(prune(net, "magnitude", 0.5, None, layers=["4"]).masks) == ["4"]
    assert list(prune(net, "magnitude", 0.5, None, layers=["*"]).masks) == ["0", "3"]
    assert list(prune(net, "magnitude", {"4": 0.5}, None).masks) == ["4"]
    zero = prune(net, "sparsegpt", {"conv": 0.5, "linear": 0}, draw(5, 2, 8, 8))
    assert zero.masks["3"].all()
    assert torch.allclose(zero[3].weight, net[3].weight)
    assert prune(net, "magnitude", 0.0, None).masks["0"].all()
    for layers in (None, [""]):  # a layer alone
        assert prune(nn.Linear(4, 3), "magnitude", 0.5, None, layers=layers).masks[""].sum() == 6


def test_blocks():
    net = nn.ModuleDict({"a": nn.Sequential(Attention(), Attention()), "b": nn.Linear(2, 2)})
    names = [name for name, one in net.named_modules() if isinstance(one, nn.Linear)]
    assert split_into_blocks(net, names, names) == [names[:5], names[5:10], ["b"]]
    assert split_into_blocks(net, names, names[3:7]) == [names[3:5], names[5:7]]
    wrapped = nn.Sequential(nn.Identity(), chain())  # an entry alone is no stack
    assert split_into_blocks(wrapped, ["1.0", "1.2", "1.4"], ["1.0", "1.2"]) == [["1.0"], ["1.2"]]


def test_a_layer_called_again_after_later_ones_sees_all_of_its_inputs():
    class Again(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b, self.out = nn.Linear(8, 8), nn.Linear(8, 8), nn.Linear(8, 2)

        def forward(self, x):
            return self.out(self.a(self.b(self.a(x))))

    net, x = seeded(Again), draw(20, 8) * torch.arange(1, 9)
    found = prune(net, "wanda", 0.5, x)
    seen = InputStatistics().add(x).add(net.b(net.a(x)).detach())
    wanted, of_first = (prune_mask(net.a.weight.T, "wanda", 0.5, inputs=one) for one in (seen, x))
    assert np.array_equal(found.masks["a"], wanted)
    assert not np.array_equal(of_first, wanted)


class Unused(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.idle, self.out = nn.Linear(12, 4), nn.Linear(4, 4), nn.Linear(4, 2)

    def forward(self, x):
        return self.out(self.a(x))


X = draw(30, 12)


@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        ({"module": "net"}, TypeError, "module must be a torch.nn.Module"),
        ({"module": nn.ReLU()}, ValueError, "no layer"),
        ({"module": nn.ModuleList([nn.Linear(12, 3)])}, ValueError, "stays dense unless layers"),
        ({"module": Unused()}, ValueError, "no call of 'idle' was seen"),
        ({"method": "wandas"}, ValueError, "did you mean 'wanda'"),
        ({"sparsity": 1.0}, ValueError, "must lie below 1"),
        ({"sparsity": 1.5}, ValueError, r"sparsity must lie in \[0, 1\]"),
        ({"sparsity": None}, TypeError, "sparsity"),
        ({"sparsity": {"5": 0.5}}, ValueError, "'5', which matches no layer"),
        ({"layers": ["9"]}, ValueError, r"'9', which matches no layer: name one of 0, 2, 4"),
        ({"layers": ["b*"]}, ValueError, r"'b\*', which matches no layer: name one of 0, 2, 4"),
        ({"layers": "0"}, TypeError, "layers must be a list"),
        ({"layers": [3]}, TypeError, "each of layers must be a text"),
        ({"layers": []}, ValueError, "at least one layer"),
        ({"layers": ["2"], "sparsity": {"0": 0.5}}, ValueError, "an entry for layer '2'"),
        ({"per": "row"}, ValueError, "per must be one of None, layer, output"),
        ({"per": "layer", "method": "sparsegpt"}, ValueError, "per must be None for sparsegpt.*128 inputs"),
        ({"per": "output", "n_m": (2, 4), "sparsity": None}, ValueError, "per must be None where n_m"),
        ({"propagate": "both"}, ValueError, "propagate must be one of pruned, dense"),
        ({"calibration": None}, TypeError, "calibration must be a tensor, or an iterable"),
        ({"calibration": X[:, :5]}, ValueError, r"a batch \[30, 5\] gave: mat1 and mat2"),
        ({"calibration": X[0]}, ValueError, r"calibration must be a batch \[samples"),
        ({"calibration": X * np.nan}, ValueError, "calibration must be finite"),
        ({"calibration": X[:0]}, ValueError, "at least one sample"),
        ({"calibration": []}, ValueError, "at least one sample"),
        ({"calibration": ["a"]}, TypeError, "calibration must hold tensors"),
        ({"calibration": {"x": X}}, TypeError, "calibration must be a tensor, or an iterable"),
    ],
)
def test_what_is_refused(change, error, match):
    with pytest.raises(error, match=match):
        prune(**{"module": chain(), "method": "wanda", "sparsity": 0.5, "calibration": X, **change})


def test_weights_that_are_not_finite_and_layers_that_cannot_be_pruned():
    net = chain()
    with torch.no_grad():
        net[2].weight[0, 0] = float("nan")
    with pytest.raises(ValueError, match="weight of layer '2' must be finite"):
        prune(net, "wanda", 0.5, X)
    grouped = nn.Sequential(nn.Conv2d(4, 4, 3, groups=2), nn.Conv2d(4, 4, 1))
    with pytest.warns(UserWarning, match="these layers stay dense: 0"):
        assert list(prune(grouped, "magnitude", 0.5, None).masks) == ["1"]
    assert list(prune(grouped, "magnitude", 0.5, None, layers=["1"]).masks) == ["1"]
    with pytest.raises(ValueError, match=r"'0', which cannot be pruned: it has 2 groups"):
        prune(grouped, "magnitude", 0.5, None, layers=["0"])
    inside = nn.ModuleDict({"masks": nn.Linear(3, 3), "out": nn.Linear(3, 2)})
    with pytest.raises(ValueError, match="no part called masks"):
        prune(inside, "magnitude", 0.5, None)


def test_few_dead_and_constant_samples():
    for x in (X[:2], torch.zeros(4, 12), torch.ones(4, 12)):
        for method in EVERY:
            found = prune(chain(), method, 0.5, x)
            assert all(torch.isfinite(value).all() for value in found.state_dict().values())
            assert (~found.masks["0"]).sum() == 60

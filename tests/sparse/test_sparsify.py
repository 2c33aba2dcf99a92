"""A finished module becomes sparse in one call and dense again: the same function, keys, modes and hooks."""

import copy
import re
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from netsci.models import conv2fc2, mlp, vgg16, vit
from netsci.sparse import (
    SideBySide,
    SparseConv2d,
    SparseLinear,
    dense_state,
    densify,
    evolve_module,
    layer_shapes,
    layered_graph,
    load_dense_state,
    sparse_layers,
    sparsify,
)
from netsci.topology import EvolutionRule
from tests.sparse.plain_networks import ResNet, ViT

README = Path(__file__).parents[2] / "README.md"


def rng(seed=7):
    return np.random.default_rng(seed)


def net(seed=1):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 5), nn.ReLU(), nn.Linear(5, 3))


def make(name):
    torch.manual_seed(1)
    makers = {"sequential": net, "resnet": ResNet, "vit": ViT}
    x = torch.randn(*{"sequential": (9, 6), "resnet": (4, 3, 32, 32), "vit": (4, 3, 8, 8)}[name])
    return makers[name](), x


def snapshot(module):
    return [(name, type(one)) for name, one in module.named_modules()], copy.deepcopy(module.state_dict())


def same(before, after):
    return before[0] == after[0] and all(
        torch.equal(after[1][key], value) for key, value in before[1].items()
    )


def test_the_heaviest_weights_stay_and_ties_go_to_the_first():
    module = nn.Sequential(nn.Linear(2, 3, bias=False), nn.Linear(3, 2))
    module[0].weight.data = torch.tensor([[1.0, -4.0], [2.0, 2.0], [3.0, -1.0]])
    sparse = sparsify(module, 0.5)
    assert sparse is module
    # Cells [input, output] by abs: (1, 0) 4, (0, 2) 3, then (0, 1) and (1, 1) with 2, the first of them.
    assert module[0].links.toarray().astype(int).tolist() == [[0, 1, 1], [1, 0, 0]]
    assert module[0].values.tolist() == [2.0, 3.0, -4.0]
    assert isinstance(module[1], nn.Linear)


@pytest.mark.parametrize("name", ["sequential", "resnet", "vit"])
def test_there_and_back_and_what_it_computes(name):
    module, x = make(name)
    before = snapshot(module)
    biases = {key: p for key, p in module.named_parameters() if key.endswith("bias") and "qkv" not in key}
    sparsify(module, {"conv": 0.6} if name == "resnet" else {"linear": 0.7})
    assert all(p is dict(module.named_parameters())[key] for key, p in biases.items())
    shapes = layer_shapes(module)
    for key, layer in sparse_layers(module).items():
        assert layer.n_links == round((0.4 if name == "resnet" else 0.3) * shapes[key].cells)
    masked = make(name)[0]
    masked.load_state_dict(dense_state(module))
    module.eval(), masked.eval()
    torch.testing.assert_close(module(x), masked(x), rtol=1e-4, atol=1e-5)
    kept = {key: value != 0 for key, value in masked.state_dict().items() if key.endswith("weight")}
    densify(module)
    assert snapshot(module)[0] == before[0]
    for key, value in module.state_dict().items():
        full = before[1][key]
        assert torch.equal(value, torch.where(kept[key], full, 0) if key in kept else full), key
    module, _ = make(name)
    full = {key: np.ones((one.cells // one.outputs, one.outputs)) for key, one in shapes.items()}
    assert len(sparse_layers(sparsify(module, full))) == len(shapes)
    assert same(before, snapshot(densify(module)))


@pytest.mark.parametrize("name", ["sequential", "resnet", "vit"])
def test_it_evolves_and_trains_on_in_a_loop_of_the_user(name):
    module, x = make(name)
    sparsify(module, {"conv": 0.6} if name == "resnet" else {"linear": 0.7})
    layers = sparse_layers(module)
    assert {p.name for p in layered_graph(module, x).projections} >= set(layers)
    counts = {key: layer.n_links for key, layer in layers.items()}
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1, momentum=0.9)
    labels = torch.arange(len(x)) % 3
    losses = []
    for _ in range(6):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(module(x), labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        rule = EvolutionRule("magnitude", "random", permanent=False)
        step = evolve_module(module, rule, zeta=0.2, optimizer=optimizer, rng=rng(), example=x)
    assert losses[-1] < losses[0]
    assert sum(regrown.nnz for regrown in step.regrown if regrown is not None) > 0
    assert all(0 < layer.n_links <= counts[key] for key, layer in layers.items())


def test_a_fused_layer_becomes_three_with_targets_of_their_own():
    module, _ = make("vit")
    sparsify(module, {"blocks.*.attn.qkv.q": 0.5, "blocks.1.attn.qkv": 0.75, "blocks.*.mlp.*": 0.9})
    qkv = module.blocks[0].attn.qkv
    assert isinstance(qkv, SideBySide)
    assert [part.n_links for part in qkv.parts] == [72, 144, 144]
    assert [part.n_links for part in module.blocks[1].attn.qkv.parts] == [36, 36, 36]
    assert isinstance(module.blocks[0].attn.proj, nn.Linear)
    assert module.blocks[0].mlp.fc1.n_links == 29
    names = [key for key in module.state_dict() if key.startswith("blocks.0.attn.qkv")]
    assert names[:4] == [f"blocks.0.attn.qkv.q.{part}" for part in ("values", "bias", "start", "column")]
    mask = np.zeros((12, 36), bool)
    mask[0, 0] = mask[1, 13] = mask[2, 35] = True
    module, _ = make("vit")
    weight = module.blocks[0].attn.qkv.weight.detach().clone()
    sparsify(module, {"blocks.0.attn.qkv": mask})
    parts = module.blocks[0].attn.qkv.parts
    assert [part.values.item() for part in parts] == [weight[0, 0], weight[13, 1], weight[35, 2]]
    assert parts[1].links.toarray().nonzero() == (1, 1)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_mode_type_gradient_hooks_and_random_state_stay(dtype):
    module = net().to(dtype)
    module[0].weight.requires_grad_(False)
    module[2].eval()
    seen, handles = [], []
    handles.append(module[0].register_forward_hook(lambda layer, *_: seen.append(layer)))
    handles.append(module[0].register_full_backward_hook(lambda layer, *_: seen.append("back")))
    state = torch.random.get_rng_state()
    sparsify(module, {"linear": 0.5})
    assert torch.equal(torch.random.get_rng_state(), state)
    assert [layer.values.dtype for layer in sparse_layers(module).values()] == [dtype] * 2
    assert (module[0].training, module[2].training) == (True, False)
    assert (module[0].values.requires_grad, module[2].values.requires_grad) == (False, True)
    x = torch.ones(2, 6, dtype=dtype, requires_grad=True)
    module(x).sum().backward()
    assert seen == [module[0], "back"]
    for handle in handles:
        handle.remove()
    densify(module)(x)
    assert len(seen) == 2
    assert (module[0].weight.requires_grad, module[2].training) == (False, False)
    assert module[2].weight.dtype == dtype


def test_classes_of_ours_come_back():
    perceptron = mlp([6, 8, 3], spiking=False)
    kind = type(perceptron.layers[0])
    assert type(densify(sparsify(perceptron, 0.5)).layers[0]) is kind
    alone = sparsify(nn.Linear(4, 4), {"": [[1, 0, 0, 0]] * 4})
    assert isinstance(alone, SparseLinear)
    assert isinstance(densify(alone), nn.Linear)


@pytest.mark.parametrize(
    ("model", "sparsity"),
    [
        (
            lambda: vgg16((1, 8, 8), 3, width=1 / 16, hidden=(16,), neuron=nn.ReLU),
            {"conv": 0.5, "linear": 0.8},
        ),
        (lambda: conv2fc2((1, 8, 8), 3, neuron=nn.ReLU), {"conv": 0.5, "linear": 0.8}),
        (lambda: vit((1, 8, 8), 3, patch=4, width=12, depth=1, heads=2), 0.7),
    ],
)
def test_models_of_this_library(model, sparsity):
    torch.manual_seed(1)
    module = model()
    keys = list(module.state_dict())
    sparsify(module, sparsity)
    assert set(sparse_layers(module)) <= set(module.sparse_names)
    assert sorted(dense_state(module)) == sorted(keys)
    step = evolve_module(module, EvolutionRule("magnitude", "random"), zeta=0.3, optimizer=None, rng=rng())
    assert len(step.regrown) == len(layered_graph(module).projections)
    assert list(densify(module).state_dict()) == keys


def test_initial_topologies_and_allocation():
    module = sparsify(net(), 0.5, initial="uniform", rng=rng())
    assert module[0].links.sum(0).tolist() == [3] * 8
    again = sparsify(net(), 0.5, initial="uniform", rng=rng())
    assert (module[0].links != again[0].links).nnz == 0
    fields = sparsify(net(), 0.5, initial="brf", initial_options={"randomness": 0.0}, rng=rng())
    assert fields[0].n_links == 24
    spread = sparsify(net(), 0.5, allocation="erk")
    assert spread[0].n_links + spread[2].n_links in (43, 44, 45)
    assert spread[2].density > spread[0].density
    with pytest.raises(ValueError, match=r"options of brf, randomness.*; got 'width'"):
        sparsify(net(), 0.5, initial="brf", initial_options={"width": 1}, rng=rng())
    with pytest.raises(TypeError, match="rng"):
        sparsify(net(), 0.5, initial="uniform")


def test_sparse_layers_are_thinned_and_get_masks():
    module = sparsify(net(), 0.5)
    held, values = module[0].links, module[0].values.detach().clone()
    sparsify(module, 0.75)
    assert module[0].n_links == 12
    assert (module[0].links > held).nnz == 0
    assert module[0].values.abs().min() >= np.sort(values.abs())[-12]
    sparsify(module, {"0": np.eye(6, 8)})
    assert (module[0].n_links, module[2].n_links) == (6, 10)
    with pytest.raises(ValueError, match="layer '0' has 6 links, and 24 cannot be chosen"):
        sparsify(module, {"0": 0.5})


class Odd(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(4, 8, 3)
        self.grouped = nn.Conv2d(8, 8, 3, groups=2)
        self.dilated = nn.Conv2d(8, 8, 3, dilation=2)
        self.wide = nn.Conv2d(8, 8, (1, 3))
        self.mirror = nn.Conv2d(8, 8, 3, padding=1, padding_mode="reflect")
        self.head = nn.Linear(8, 2)


def test_what_cannot_be_sparse_stays_dense_and_is_said_or_refused_by_name():
    with pytest.warns(UserWarning, match=r"stay dense: dilated .*; grouped .*2 groups.*; mirror .*; wide"):
        module = sparsify(Odd(), {"conv": 0.5})
    assert list(sparse_layers(module)) == ["a"]
    for name, words in (("grouped", "2 groups"), ("dilated", "dilated by"), ("mirror", "'reflect'")):
        with pytest.raises(ValueError, match=f"layer '{name}' cannot be sparse: .*{words}"):
            sparsify(Odd(), {name: 0.5})
        with pytest.raises(ValueError, match=f"layer '{name}' cannot be sparse"):
            sparsify(Odd(), {name: np.ones((36, 8))})
    tied = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4), nn.Linear(4, 4))
    tied[2].weight = tied[0].weight
    with pytest.raises(ValueError, match="layer '0' cannot be sparse: it shares its parameters"):
        sparsify(tied, {"0": 0.5})
    nothing = pytest.raises(ValueError, match=r"makes no layer sparse.* name one of 3; 0 stays dense, it sh")
    with nothing, pytest.warns(UserWarning, match="0 .it shares its parameters"):
        sparsify(tied, 0.5)
    shaped = torch.nn.utils.parametrizations.weight_norm(nn.Linear(4, 4))
    with pytest.raises(ValueError, match="parametrization"):
        sparsify(nn.Sequential(shaped, nn.Linear(4, 4)), {"0": 0.5})
    with pytest.warns(UserWarning, match="out_proj"):
        attention = sparsify(
            nn.Sequential(nn.MultiheadAttention(4, 2), nn.Linear(4, 4), nn.Linear(4, 4)), 0.5
        )
    assert list(sparse_layers(attention)) == ["1"]


def test_a_layer_at_two_places_is_one_sparse_layer():
    layer = nn.Linear(4, 4)
    module = sparsify(nn.Sequential(layer, nn.ReLU(), layer, nn.Linear(4, 2)), 0.5)
    assert module[0] is module[2]
    assert isinstance(module[0], SparseLinear)
    densify(module)
    assert module[0] is module[2]


@pytest.mark.parametrize(
    ("wanted", "error", "words"),
    [
        ({"fc": 0.5}, ValueError, "'fc', which matches no layer: name 'linear', or one of 0, 2, 4"),
        (
            {"fc": np.ones((6, 8))},
            ValueError,
            "'fc' matches no layer that could be sparse: name one of 0, 2, 4",
        ),
        ({"0": np.ones((8, 6))}, ValueError, r"must be .* \[6, 8\]; it is \[8, 6\].* transpose would fit"),
        ({"0": np.ones((6, 7))}, ValueError, r"must be .* \[6, 8\]; it is \[6, 7\]"),
        ({"0": np.zeros((6, 8))}, ValueError, "at least one link"),
        ({"0": np.full((6, 8), np.nan)}, ValueError, "mask of '0'"),
        ({"0": np.ones((8, 6, 1, 1))}, ValueError, r"mask.reshape\(len\(mask\), -1\).T"),
        ({"2": np.ones((8, 5)), "0": 0.5}, TypeError, "not both"),
        ({"2": np.ones((8, 5)), "0": np.ones((8, 6))}, ValueError, "mask of '0'"),
        (1.0, ValueError, "below 1"),
        (-0.5, ValueError, "sparsity"),
        ("much", TypeError, "sparsity"),
        (0, ValueError, "must be above 0 for some layer; got 0: give a share such as 0.9"),
        ({}, ValueError, "must be above 0 for some layer"),
        ({"conv": 0.5}, ValueError, "'conv', which matches no layer: name 'linear', or one of 0"),
    ],
)
def test_errors_leave_the_module_as_it_was(wanted, error, words):
    module = net()
    before = snapshot(module)
    with pytest.raises(error, match=words):
        sparsify(module, wanted)
    assert same(before, snapshot(module))


def test_more_refusals():
    module = net()
    module[2].weight.data[0, 0] = float("nan")
    before = snapshot(module)[0]
    with pytest.raises(ValueError, match="weights of layer '2' must be finite"):
        sparsify(module, 0.5)
    assert snapshot(module)[0] == before
    with pytest.raises(ValueError, match="weights of layer '2' must be finite"):
        sparsify(module, {"0": np.ones((6, 8)), "2": np.ones((8, 5))})
    with pytest.raises(ValueError, match="weights of layer '2' must be finite"):
        sparsify(module, 0.5, initial="uniform", rng=rng())
    assert snapshot(module)[0] == before
    with pytest.raises(TypeError, match="module must be a torch"):
        sparsify([1], 0.5)
    with pytest.raises(TypeError, match="module must be a torch"):
        densify("net")
    with pytest.raises(ValueError, match="no layer that could be sparse"):
        sparsify(nn.ReLU(), 0.5)
    with pytest.raises(ValueError, match="initial must be one of"):
        sparsify(net(), 0.5, initial="sscti")
    with pytest.raises(ValueError, match="meta device"):
        sparsify(net().to("meta"), {"0": 0.5})


@pytest.mark.parametrize("name", ["sequential", "resnet", "vit"])
def test_dense_states_go_both_ways(name):
    module, _ = make(name)
    dense = copy.deepcopy(module.state_dict())
    sparsify(module, {"conv": 0.5} if name == "resnet" else {"linear": 0.5})
    torch.manual_seed(2)
    other = densify(copy.deepcopy(module))
    assert list(dense_state(module)) == list(dense)
    for parameter in module.parameters():
        nn.init.normal_(parameter)
    load_dense_state(module, dense)
    back = dense_state(module)
    expected = other.state_dict()
    assert all(torch.equal(back[key], expected[key]) for key in back)


def test_states_that_do_not_fit_are_named_and_change_nothing():
    module = sparsify(net(), 0.5)
    before = snapshot(module)
    state = dense_state(module)
    wrong = {("5" if key == "0.bias" else key): value for key, value in state.items()}
    wrong["2.weight"] = torch.zeros(8, 5)
    words = r"0.bias is missing; 5 is not expected; 2.weight must be \[5, 8\], it is \[8, 5\]"
    with pytest.raises(ValueError, match=words):
        load_dense_state(module, wrong)
    assert same(before, snapshot(module))
    with pytest.raises(TypeError, match="state must be a state dict"):
        load_dense_state(module, [1])


def test_shapes_and_kinds():
    shapes = layer_shapes(ViT())
    assert [shapes[name].kind for name in ("patch_embed.proj", "blocks.0.attn.qkv.q", "head")] == [
        "dense", "linear", "dense"
    ]  # fmt: skip
    assert shapes["blocks.1.attn.qkv.v"].inputs == shapes["blocks.1.attn.qkv.v"].outputs == 12
    kinds = {name: shape.kind for name, shape in layer_shapes(ResNet()).items()}
    assert kinds.pop("fc") == "dense"
    assert set(kinds.values()) == {"conv"}
    links = np.ones((18, 3))
    assert layer_shapes(SparseConv2d(links, 3))[""].kernel == (3, 3)


def test_the_lines_of_the_readme():
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(), re.S)
    code = next(block for block in blocks if "sparsify(" in block)
    model, x = net(), torch.randn(4, 6)
    names = {"model": model, "batch": x, "torch": torch, "np": np}
    names["optimizer"] = torch.optim.SGD(model.parameters(), lr=0.1)
    exec(code, names)
    assert type(model[0]) is nn.Linear


def test_a_module_of_a_classifier_alone_needs_its_name():
    with pytest.raises(ValueError, match=r"makes no layer sparse.*name one of 0"):
        sparsify(nn.Sequential(nn.Linear(8, 6)), 0.75)
    assert sparsify(nn.Sequential(nn.Linear(8, 6)), {"0": 0.75})[0].n_links == 12


@pytest.mark.parametrize(
    "layer",
    [nn.MultiheadAttention(8, 2), nn.LSTM(8, 8), nn.GRUCell(8, 8), nn.Conv1d(8, 8, 3), nn.Bilinear(8, 8, 8)],
)
def test_a_layer_that_has_no_sparse_form_is_named(layer):
    net = nn.ModuleDict({"first": nn.Linear(8, 8), "other": layer, "last": nn.Linear(8, 2)})
    kind = type(layer).__name__
    with pytest.warns(UserWarning, match=rf"stay dense: other \(a {kind} has no sparse form here"):
        sparsify(net, 0.5)
    assert isinstance(net["first"], SparseLinear)
    assert type(net["other"]) is type(layer)
    with pytest.raises(ValueError, match=f"a {kind} has no sparse form here"):
        sparsify(net, {"other": 0.5})


@pytest.mark.parametrize(
    ("layer", "asks"),
    [
        (nn.MultiheadAttention(8, 2), "linear"),
        (nn.Bilinear(8, 8, 8), "linear"),
        (nn.Conv1d(8, 8, 3), "conv"),
        (nn.LSTM(8, 8), ""),
    ],
)
@pytest.mark.parametrize("entry", ["linear", "conv"])
def test_a_layer_without_a_sparse_form_is_named_where_its_kind_is_asked_for(layer, asks, entry):
    net = nn.ModuleDict(
        {"first": nn.Linear(8, 8), "conv": nn.Conv2d(2, 4, 3), "other": layer, "last": nn.Linear(8, 2)}
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        sparsify(net, {entry: 0.5})
    said = [str(one.message) for one in caught]
    assert any("stay dense: other (a " in one for one in said) == (entry == asks), said

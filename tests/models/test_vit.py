"""Vision transformers: counts, timm's keys, a forward pass written out by hand, and their graph."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from netsci.graph import percolate
from netsci.models import ARCHITECTURES
from netsci.models.vit import deit_small, deit_tiny, vit
from netsci.models.wiring import default_sparse, evolvable, full_links, link_shapes
from netsci.sparse import SideBySide, SparseLinear, layered_graph, sparse_layers
from netsci.sparse.tracing import trace
from netsci.sparse.wiring import graph_of
from netsci.train import Recipe
from netsci.train.learners import optimizer_of
from tests.models.counting import parameters, weights


def images(*shape, seed=7):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def tiny(seed=3, **options):
    torch.manual_seed(seed)
    model = vit(
        (2, 8, 12), 5, **({"patch": 4, "width": 12, "depth": 2, "heads": 3, "mlp_ratio": 2} | options)
    )
    with torch.no_grad():  # first weights are so small that attention is uniform
        for parameter in model.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return model


@pytest.mark.parametrize(
    ("make", "params", "conv", "linear"),
    [
        (vit, 86567656, 589824, 85702656),
        (deit_small, 22050664, 294912, 21617664),
        (deit_tiny, 5717416, 147456, 5500416),
    ],
)
def test_counts(make, params, conv, linear):
    with torch.device("meta"):
        model = make()
    assert (parameters(model), weights(model, nn.Conv2d), weights(model, nn.Linear)) == (params, conv, linear)
    assert len(default_sparse(model)) == 72
    of_blocks = sum(a * b for name, (a, b) in link_shapes(model).items() if name in default_sparse(model))
    assert of_blocks == linear - model.head.weight.numel()
    if make is vit:  # S1: 70 % of the block linears are 68.68 % of all parameters
        assert of_blocks == 84934656
        assert round(100 * 0.7 * of_blocks / params, 2) == 68.68


@pytest.mark.parametrize(
    ("make", "conv", "linear", "attention"),
    [
        (vit, 115605504, 16732895232, 715327488),
        (deit_small, 57802752, 4183415808, 357663744),
        (deit_tiny, 28901376, 1045949952, 178831872),
    ],
)
def test_multiplications(make, conv, linear, attention):
    with torch.device("meta"):
        model = make()
    assert multiplications(model) == (conv, linear, attention)


def multiplications(model):
    """Of one image, from sizes: a weight and place each, and tokens^2 width for q k^T and for its v."""
    _, tokens, width = model.pos_embed.shape
    head = model.head.weight.numel()
    conv = weights(model, nn.Conv2d) * (tokens - 1)
    return conv, (weights(model, nn.Linear) - head) * tokens + head, len(model.blocks) * 2 * tokens**2 * width


def test_multiplications_as_a_forward_pass_counts_them():
    model, counts = tiny(), {nn.Conv2d: 0, nn.Linear: 0}

    def see(module, given, output):
        axis = 1 if isinstance(module, nn.Conv2d) else -1
        counts[type(module)] += module.weight.numel() * output.numel() // output.shape[axis]

    for module in model.modules():
        if type(module) in counts:
            module.register_forward_hook(see)
    model(images(1, 2, 8, 12))
    assert tuple(counts.values()) == multiplications(model)[:2]


def keys_of_timm(depth, distilled):
    keys = ["cls_token", "pos_embed", "patch_embed.proj.weight", "patch_embed.proj.bias"]
    for i in range(depth):
        for part in ("norm1", "attn.qkv", "attn.proj", "norm2", "mlp.fc1", "mlp.fc2"):
            keys += [f"blocks.{i}.{part}.{end}" for end in ("weight", "bias")]
    keys += ["norm.weight", "norm.bias", "head.weight", "head.bias"]
    return {*keys, *(["dist_token", "head_dist.weight", "head_dist.bias"] if distilled else [])}


@pytest.mark.parametrize("distilled", [False, True])
def test_keys_are_those_of_timm(distilled):
    with torch.device("meta"):
        state = deit_small(distilled=distilled).state_dict()
    assert set(state) == keys_of_timm(12, distilled)
    assert state["pos_embed"].shape == (1, 198 if distilled else 197, 384)
    assert state["blocks.0.attn.qkv.weight"].shape == (1152, 384)


@pytest.mark.parametrize("distilled", [False, True])
def test_by_hand(distilled):
    """Attention head by head, its softmax written out; rows of qkv.weight are q | k | v."""
    model, x = tiny(distilled=distilled).double().eval(), images(3, 2, 8, 12).double()
    state = model.state_dict()

    def norm(y, name):
        y = (y - y.mean(-1, keepdim=True)) / torch.sqrt(y.var(-1, unbiased=False, keepdim=True) + 1e-6)
        return y * state[f"{name}.weight"] + state[f"{name}.bias"]

    def linear(y, name):
        return y @ state[f"{name}.weight"].T + state[f"{name}.bias"]

    patches = F.conv2d(x, state["patch_embed.proj.weight"], state["patch_embed.proj.bias"], 4)
    tokens = patches.flatten(2).transpose(1, 2)
    first = [
        state[name].expand(3, 1, 12) for name in (["cls_token", "dist_token"] if distilled else ["cls_token"])
    ]
    y = torch.cat([*first, tokens], 1) + state["pos_embed"]
    for i in range(2):
        q, k, v = linear(norm(y, f"blocks.{i}.norm1"), f"blocks.{i}.attn.qkv").split(12, -1)
        out = torch.zeros_like(q)
        for head in range(3):
            own = slice(4 * head, 4 * head + 4)
            scores = torch.exp(q[..., own] @ k[..., own].transpose(1, 2) / 2)
            out[..., own] = scores / scores.sum(-1, keepdim=True) @ v[..., own]
        y = y + linear(out, f"blocks.{i}.attn.proj")
        hidden = linear(norm(y, f"blocks.{i}.norm2"), f"blocks.{i}.mlp.fc1")
        hidden = hidden * (1 + torch.erf(hidden / 2**0.5)) / 2
        y = y + linear(hidden, f"blocks.{i}.mlp.fc2")
    y = norm(y, "norm")
    scores = linear(y[:, 0], "head")
    if distilled:
        scores = (scores + linear(y[:, 1], "head_dist")) / 2
    torch.testing.assert_close(model(x), scores)


def filled(dense, sparse):
    """Give a model with sparse layers the weights of a dense one."""
    taken = dense.state_dict()
    left = sparse.load_state_dict({k: v for k, v in taken.items() if k in sparse.state_dict()}, strict=False)
    assert not left.unexpected_keys
    for name, layer in sparse_layers(sparse).items():
        whole, _, part = name.rpartition(".")
        if whole.endswith("qkv"):
            rows = slice(*(layer.out_features * (("q", "k", "v").index(part) + i) for i in (0, 1)))
            weight, bias = taken[f"{whole}.weight"][rows], taken[f"{whole}.bias"][rows]
        else:
            weight, bias = taken[f"{name}.weight"], taken[f"{name}.bias"]
        links = layer.links.tocoo()
        layer.values.data = weight.T[links.row, links.col].clone()
        layer.bias.data = bias.clone()
    return sparse


def test_sparse_layers_with_all_links_equal_dense_ones():
    dense, x = tiny().eval(), images(2, 2, 8, 12)
    shapes = link_shapes(dense)
    sparse = tiny(links={name: full_links(*shapes[name]) for name in dense.sparse_names}).eval()
    assert list(sparse_layers(sparse)) == list(dense.sparse_names)
    filled(dense, sparse)
    torch.testing.assert_close(sparse(x), dense(x))
    only = tiny(links={"blocks.0.attn.qkv.k": full_links(12, 12)}).eval()
    assert isinstance(only.blocks[0].attn.qkv, SideBySide)
    assert [part.n_links for part in only.blocks[0].attn.qkv.parts] == [144] * 3
    assert isinstance(only.blocks[1].attn.qkv, nn.Linear)
    torch.testing.assert_close(filled(dense, only)(x), dense(x))


@pytest.mark.parametrize("sparse", [False, True])
def test_the_graph_of_a_block(sparse):
    model = tiny(links={"blocks.0.attn.qkv.q": full_links(12, 12)} if sparse else {}, distilled=True)
    wires = model.wiring()
    every = sorted({wire["target"] for wire in wires if wire.get("needs") == "every"})
    assert every == ["attention0", "attention1", "product0", "product1"]
    assert sum(evolvable(model)) == (3 if sparse else 0)
    graph = layered_graph(model)
    sizes = graph.sizes
    assert (sizes["stream0"], sizes["hidden1"], sizes["weights1"], sizes["classes"]) == (12, 24, 3, 5)
    reach = {(p.source, p.target): p.links.toarray() for p in graph.projections}
    assert ("qkv0", "k0") in reach or sparse
    if not sparse:
        assert reach["qkv0", "k0"].nonzero()[0].tolist() == list(range(12, 24))
    heads = reach["product0", "weights0"]
    assert [np.flatnonzero(row).tolist() for row in heads.T] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]
    assert (reach["weights0", "attention0"] == heads.T).all()
    assert (reach["v0", "attention0"] == np.eye(12, dtype=bool)).all()


@pytest.mark.parametrize("seed", range(12))
def test_percolation_of_a_block_against_a_walk(seed):
    """q_c and k_c live together while a value of their head goes on; v and proj, fc1 and fc2 are chains."""
    rng = np.random.default_rng(seed)
    with torch.device("meta"):
        plan = vit((2, 8, 12), 5, patch=4, width=12, depth=1, heads=3, mlp_ratio=2)
    density = (0.05, 0.1, 0.2)[seed % 3]
    masks = {
        name: rng.random(shape) < density for name, shape in link_shapes(plan).items() if "block" in name
    }
    q, k, v, proj, fc1, fc2 = masks.values()
    model = vit((2, 8, 12), 5, patch=4, width=12, depth=1, heads=3, mlp_ratio=2, links=masks)
    values = v.any(0) & proj.any(1)
    head_goes_on = np.repeat(values.reshape(3, 4).any(1), 4)
    product = q.any(0) & k.any(0) & head_goes_on
    hidden = fc1.any(0) & fc2.any(1)
    expected = [
        q & product,
        k & product,
        v & values,
        proj & values[:, None],
        fc1 & hidden,
        fc2 & hidden[:, None],
    ]
    left = {p.name: p.links.toarray() for p in percolate(layered_graph(model)).projections}
    for name, links in zip(masks, expected, strict=True):
        np.testing.assert_array_equal(left[name], links, err_msg=name)
    # The walk of a user's module of the same links, found by tracing, says the same.
    wires = trace(nn.Sequential(*model.blocks), [torch.zeros(1, 7, 12)]) if seed < 3 else None
    if wires is not None:
        graph = graph_of(nn.Sequential(*model.blocks), wires)
        again = {f"blocks.{p.name}": p.links.toarray() for p in percolate(graph).projections if p.name}
        for name, links in zip(masks, expected, strict=True):
            np.testing.assert_array_equal(again[name], links, err_msg=name)


def test_cls_token_position_and_norms_do_not_decay():
    model = tiny(distilled=True, links={"blocks.0.mlp.fc1": full_links(12, 24)})
    recipe = Recipe().replace(weight_decay=0.1)
    groups = {group["weight_decay"]: group["params"] for group in optimizer_of(recipe, model).param_groups}
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    decayed = {names[id(parameter)] for parameter in groups[0.1]}
    assert decayed == {
        name for name in names.values()
        if name.endswith("values") or (name.endswith("weight") and "norm" not in name)
    }  # fmt: skip
    assert {"cls_token", "dist_token", "pos_embed"} <= {names[id(p)] for p in groups[0.0]}


def test_stochastic_depth_and_dropout_act_in_training_alone():
    x = images(2, 2, 8, 12)
    for options in ({"stochastic_depth": 0.5}, {"dropout": 0.5}):
        model = tiny(**options)
        assert not torch.equal(model.train()(x), model(x))
        assert torch.equal(model.eval()(x), tiny().eval()(x))


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"patch": 5}, ValueError, "patch the height and width"),
        ({"heads": 5}, ValueError, "heads must divide width"),
        ({"depth": 0}, ValueError, "depth"),
        ({"width": 1.5}, TypeError, "width"),
        ({"stochastic_depth": 1.0}, ValueError, "stochastic_depth must lie"),
        ({"links": {"blocks.0.attn.qkv": np.ones((12, 36))}}, ValueError, "blocks.0.attn.qkv.q"),
        ({"links": {"blocks.0.mlp.fc1": np.ones((24, 12))}}, ValueError, "transpose would fit"),
    ],
)
def test_refusals(options, error, words):
    with pytest.raises(error, match=words):
        tiny(**options)


def test_images_of_another_size_are_refused():
    with pytest.raises(ValueError, match=r"x must be \[batch, 2, 8, 12\]; got \[2, 2, 8, 8\]"):
        tiny()(torch.zeros(2, 2, 8, 8))


def test_layers_side_by_side():
    q, k = SparseLinear([[1, 0], [0, 1]]), SparseLinear([[1], [0]], bias=True)
    layer = SideBySide({"q": q, "k": k})
    x = images(3, 2)
    torch.testing.assert_close(layer(x), torch.cat([q(x), k(x)], -1))
    torch.testing.assert_close(layer(x), F.linear(x, layer.weight, layer.bias))
    with pytest.raises(ValueError, match="as many inputs"):
        SideBySide({"q": q, "k": SparseLinear([[1]])})
    assert "vit" in ARCHITECTURES

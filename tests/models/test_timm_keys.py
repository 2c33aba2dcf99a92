"""Checkpoints in timm's layout load without timm: plain, under "model", distilled; wrong ones are named."""

import numpy as np
import pytest
import torch

from netsci.io import load_graph
from netsci.models.timm_keys import load_timm, unwrap
from netsci.models.vit import vit
from netsci.sparse import densify, sparse_layers, sparsify


def timm_state(*, width=12, depth=2, patch=4, side=8, classes=5, distilled=False, seed=1):
    """Tensors by name as timm and DeiT store them, made without our model."""
    rng = torch.Generator().manual_seed(seed)
    tokens = (side // patch) ** 2 + 1 + distilled
    shapes = {"cls_token": (1, 1, width), "pos_embed": (1, tokens, width)}
    if distilled:
        shapes["dist_token"] = (1, 1, width)
    shapes |= {"patch_embed.proj.weight": (width, 3, patch, patch), "patch_embed.proj.bias": (width,)}
    linear = {"attn.qkv": (3 * width, width), "attn.proj": (width, width)}
    linear |= {"mlp.fc1": (4 * width, width), "mlp.fc2": (width, 4 * width)}
    for i in range(depth):
        for name in ("norm1", "norm2"):
            shapes |= {f"blocks.{i}.{name}.weight": (width,), f"blocks.{i}.{name}.bias": (width,)}
        for name, size in linear.items():
            shapes |= {f"blocks.{i}.{name}.weight": size, f"blocks.{i}.{name}.bias": size[:1]}
    shapes |= {"norm.weight": (width,), "norm.bias": (width,)}
    for head in ("head", "head_dist") if distilled else ("head",):
        shapes |= {f"{head}.weight": (classes, width), f"{head}.bias": (classes,)}
    return {name: torch.randn(size, generator=rng) / 4 for name, size in shapes.items()}


def images(n=3):
    return torch.rand(n, 3, 8, 8, generator=torch.Generator().manual_seed(2))


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize("distilled", [False, True])
def test_every_key_is_loaded(distilled, wrapped):
    state = timm_state(distilled=distilled)
    model = load_timm(None, {"model": state, "epoch": 1} if wrapped else state, heads=3)
    held = model.state_dict()
    assert set(held) == set(state)
    assert all(torch.equal(held[name], state[name]) for name in state)
    own = vit((3, 8, 8), 5, patch=4, width=12, depth=2, heads=3, distilled=distilled)
    assert load_timm(own, {"state_dict": state}) is own
    assert torch.equal(own.eval()(images()), model.eval()(images()))


def test_published_sizes_tell_the_heads():
    state = timm_state(width=192, depth=1, patch=8, side=16)
    assert load_timm(None, state).blocks[0].attn.num_heads == 3
    with pytest.raises(ValueError, match="heads is missing: no published ViT is 12 wide"):
        load_timm(None, timm_state())


def test_a_sparse_model_takes_the_weights_at_its_links():
    state = timm_state()
    model = load_timm(None, state, heads=3)
    sparsify(model, {"linear": 0.7})
    expected = densify(load_timm(None, state, heads=3)).state_dict()
    links = {name: layer.links for name, layer in sparse_layers(model).items()}
    for parameter in model.parameters():
        torch.nn.init.zeros_(parameter)
    assert load_timm(model, {"model": state}) is model
    k = model.blocks[1].attn.qkv.parts[1]
    rows, columns = links["blocks.1.attn.qkv.k"].nonzero()
    weight = expected["blocks.1.attn.qkv.weight"][12:24]
    np.testing.assert_array_equal(k.values.detach(), weight[columns, rows])
    assert torch.equal(k.bias, state["blocks.1.attn.qkv.bias"][12:24])
    assert torch.equal(model.cls_token, state["cls_token"])


def changed(state, *, without=(), **more):
    return {key: value for key, value in state.items() if key not in without} | more


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (changed(timm_state(), without=["norm.bias"]), "norm.bias is missing"),
        (changed(timm_state(), extra=torch.ones(1)), "extra is not expected"),
        (changed(timm_state(distilled=True)), "pos_embed must be .*5, 12.*, it is .*6, 12"),
        (changed(timm_state(), cls_token=3), "cls_token is int, not a tensor"),
        (
            {f"module.{key}": value for key, value in timm_state().items()},
            "cls_token is missing; pos_embed is missing; .*, and [0-9]+ more",
        ),
    ],
)
def test_a_wrong_state_names_the_first_keys_and_changes_nothing(state, words):
    model = vit((3, 8, 8), 5, patch=4, width=12, depth=2, heads=3)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with pytest.raises(ValueError, match=words):
        load_timm(model, state)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_more_refusals():
    with pytest.raises(ValueError, match=r"are missing: its keys begin with a, b"):
        load_timm(None, {"a": 1, "b": 2})
    with pytest.raises(ValueError, match="3 patches, which are no square"):
        load_timm(None, changed(timm_state(), pos_embed=torch.zeros(1, 4, 12)), heads=3)
    with pytest.raises(TypeError, match="state must be a state dict"):
        unwrap([1])
    with pytest.raises(TypeError, match="model must be a torch module"):
        load_timm("vit", timm_state())
    with pytest.raises(ValueError, match="heads must be None for a given model"):
        load_timm(vit((3, 8, 8), 5, patch=4, width=12, depth=2, heads=3), timm_state(), heads=3)


@pytest.mark.parametrize("distilled", [False, True])
def test_inspect_reads_such_a_file(tmp_path, distilled):
    path = tmp_path / "deit.pth"
    state = timm_state(distilled=distilled)
    for name, value in state.items():
        if name.startswith("blocks") and value.ndim == 2:
            value[value.abs() < 0.2] = 0.0
    torch.save({"model": state, "epoch": 300}, path)
    names = {projection.name for projection in load_graph(path).projections}
    parts = ("attn.qkv", "attn.proj", "mlp.fc1", "mlp.fc2")
    heads = {"head", "head_dist"} if distilled else {"head"}
    assert names == {"patch_embed.proj", *heads, *(f"blocks.{i}.{part}" for i in (0, 1) for part in parts)}

"""Masks are tied to layers by names, modules, lists and parametrizations, and by nothing less."""

from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import parametrize, prune

from netsci.io import load
from netsci.io.network.arrays.zeros_and_ones import is_binary, is_triangle
from tests.io.samples import layer_table, refused, write_torch

RNG = np.random.default_rng(3)
SQUARE = {"a.weight": torch.ones(8, 8), "b.weight": torch.ones(8, 8), "c.weight": torch.ones(3, 8)}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "net.bin"


def mask(*shape):
    """Return a mask with its first links only, so that no two shapes have one number."""
    flat = torch.zeros(int(np.prod(shape)))
    flat[: shape[0] + 1] = 1
    return flat.reshape(shape)


def links(loaded):
    return {p.name: p.n_links for p in loaded.graph.projections}


def says_dense(loaded):
    return any("0 % sparsity" in note for note in loaded.notes)


@pytest.mark.parametrize("kind", [torch.bool, torch.float32, torch.uint8])
@pytest.mark.parametrize(
    ("weights", "masks"),
    [
        ({"a.weight": (8, 8), "b.weight": (8, 8)}, {"module.a.weight": "a", "module.b.weight": "b"}),
        ({"module.a.weight": (8, 8), "module.b.weight": (8, 8)}, {"a.weight": "a", "b.weight": "b"}),
        ({"module.a.weight": (8, 8), "module.b.weight": (8, 8)}, {"b": "b", "a": "a"}),
        ({"model.a.weight": (8, 8), "model.b.weight": (8, 8)}, {"b.weight_mask": "b", "a.weight_mask": "a"}),
        ({"a.weight": (8, 8), "b.weight": (8, 8)}, {"_orig_mod.b.weight": "b", "_orig_mod.a.weight": "a"}),
    ],
)
def test_prefixes_on_one_side_alone_do_not_part_masks_from_weights(path, weights, masks, kind):
    held = {"a": mask(8, 8), "b": mask(8, 8).flip(0)}
    held["b"][0, 0] = 1
    state = {name: torch.ones(shape) for name, shape in weights.items()}
    for key in ("mask", "masks", "mask_dict", "pruning_masks"):
        beside = {name: held[one].to(kind) for name, one in masks.items()}
        loaded = load(write_torch(path, {"state_dict": state, key: beside}))
        first, second = loaded.graph.projections
        assert first.n_links == 9
        assert second.n_links == 10
        assert first.links.toarray().T.tolist() == held["a"].bool().tolist()


@pytest.mark.parametrize("key", ["masks", "mask_list", "mask"])
def test_a_list_of_masks_is_in_the_order_of_the_layers(path, key):
    shapes = [(4, 1, 3, 3), (16, 64), (8, 16)]
    state = {f"{name}.weight": torch.ones(shape) for name, shape in zip("xyz", shapes, strict=True)}
    listed = [m for shape in shapes for m in (mask(*shape), torch.ones(shape[0]))]  # of biases as well
    for masks in (listed, [np.asarray(m) for m in listed], [None, *listed]):
        loaded = load(write_torch(path, {"model": state, key: masks}))
        assert links(loaded) == {"x": 5, "y": 17, "z": 9}
        assert any("order of the layers" in guess for guess in loaded.guesses)
    assert links(load(write_torch(path, {"model": SQUARE, key: [mask(8, 8)] * 2 + [mask(3, 8)]}))) == {
        "a": 9, "b": 9, "c": 4,
    }  # fmt: skip


@pytest.mark.parametrize(
    "beside",
    [
        {"masks": [mask(8, 8)]},
        {"mask": mask(8, 8)},
        {"masks": {"one": mask(8, 8), "two": mask(8, 8)}},
        {"model": {**SQUARE, "mask": mask(8, 8)}},
    ],
)
def test_a_mask_that_could_belong_to_two_layers_is_refused(path, beside):
    message = refused(
        write_torch(path, {"model": SQUARE, **beside}), "could belong to [ab].weight or [ab].weight"
    )
    assert message.endswith("NAME.weight_mask beside NAME.weight")


def test_a_mask_without_a_name_goes_to_the_one_layer_of_its_shape(path):
    loaded = load(write_torch(path, {"model": SQUARE, "mask": mask(3, 8)}))
    assert links(loaded) == {"a": 64, "b": 64, "c": 4}
    assert any("the one layer of its shape" in guess for guess in loaded.guesses)


class Masked(nn.Module):
    def __init__(self, name, held):
        super().__init__()
        self.name = name
        self.register_buffer(name, held)

    def forward(self, weight):
        return weight * getattr(self, self.name)


@pytest.mark.parametrize("name", ["mask", "pattern", "keep"])
def test_a_mask_in_a_parametrization(path, name):
    model = nn.Sequential(nn.Linear(8, 4), nn.ReLU(), nn.Linear(4, 2))
    parametrize.register_parametrization(model[0], "weight", Masked(name, mask(4, 8)))
    assert links(load(write_torch(path, model.state_dict()))) == {"0": 5, "2": 8}
    # A scale in a parametrization is none.
    model = nn.Sequential(nn.Linear(8, 4), nn.ReLU(), nn.Linear(4, 2))
    parametrize.register_parametrization(
        model[0], "weight", Masked(name.replace("mask", "by"), torch.full((4, 8), 0.5))
    )
    assert links(load(write_torch(path, model.state_dict()))) == {"0": 32, "2": 8}


def test_zeros_and_ones_in_the_module_of_a_weight_are_its_mask(path):
    state = {"fc1.weight": torch.ones(6, 4), "fc1.connectivity": mask(6, 4), "fc2.weight": torch.ones(2, 6)}
    assert links(load(write_torch(path, state))) == {"fc1": 7, "fc2": 12}
    state["fc1.connectivity"] = torch.zeros(6, 4)  # zeros alone are no mask
    assert links(load(write_torch(path, state)))["fc1"] == 24


@pytest.mark.parametrize("kind", [bool, float, np.uint8])
def test_masks_in_an_npz_are_tied_by_their_numbers(path, kind):
    held = {"W1": np.ones((4, 6)), "W2": np.ones((6, 2))}
    for name in ("mask{}", "M{}", "masks_{}", "m_{}", "W{}_mask"):
        masks = {name.format(i): np.asarray(mask(*held[f"W{i}"].shape)).astype(kind) for i in (1, 2)}
        with open(path, "wb") as stream:
            np.savez(stream, **held, **masks)
        assert links(load(path)) == {"W1": 5, "W2": 7}


@pytest.mark.parametrize("kind", [torch.bool, torch.float32])
def test_what_nothing_ties_is_named_and_nothing_is_called_dense(path, kind):
    state = {"fc1.weight": torch.ones(6, 4), "fc2.weight": torch.ones(2, 6), "keep": mask(6, 4).to(kind)}
    loaded = load(write_torch(path, state))
    assert layer_table(loaded.graph) == {"fc1": (4, 6, 24), "fc2": (6, 2, 12)}
    assert any("keep [6, 4]" in guess and "which nothing ties" in guess for guess in loaded.guesses)
    assert not says_dense(loaded)
    del state["keep"]
    assert says_dense(load(write_torch(path, state)))


def test_scores_of_a_pruner_are_no_layers_and_leave_the_links_open(path):
    for name in ("mask_scores", "scores", "popup_scores", "importance"):
        state = {
            "fc1.weight": torch.ones(6, 4),
            f"fc1.{name}": torch.rand(6, 4),
            "fc2.weight": torch.ones(2, 6),
        }
        loaded = load(write_torch(path, state))
        assert layer_table(loaded.graph) == {"fc1": (4, 6, 24), "fc2": (6, 2, 12)}
        assert any(name in guess and "no layers" in guess for guess in loaded.guesses)
        assert not says_dense(loaded)
    # Nothing that is scored lies beside it: a layer of that name.
    assert layer_table(load(write_torch(path, {"scores.weight": torch.rand(6, 4)})).graph) == {
        "scores": (4, 6, 24)
    }


def test_a_binary_network_has_weights_of_zero_and_one(path):
    state = {"fc1.weight": mask(6, 4), "fc2.weight": mask(2, 6)}
    assert links(load(write_torch(path, state))) == {"fc1": 7, "fc2": 3}
    state = {"fc1.weight": torch.rand(6, 6) + 1, "fc2.weight": mask(6, 6)}  # of one shape, one of them binary
    loaded = load(write_torch(path, state))
    assert links(loaded) == {"fc1": 36, "fc2": 7}
    assert not any("zeros and ones" in note for note in loaded.notes)
    with open(path, "wb") as stream:
        np.savez(stream, W1=np.asarray(mask(6, 4)), W2=np.asarray(mask(4, 3)))
    assert links(load(path)) == {"W1": 7, "W2": 5}


TRIANGLES = {
    "tril": torch.tril(torch.ones(8, 8)),
    "attn.bias": torch.tril(torch.ones(1, 1, 8, 8)),
    "attn.mask": torch.tril(torch.ones(8, 8)).bool(),
    "causal_mask": torch.triu(torch.full((8, 8), float("-inf")), 1),
    "h.0.attn.masked": torch.triu(torch.ones(8, 8), 1).bool(),
}


@pytest.mark.parametrize("name", TRIANGLES)
def test_full_triangles_are_neither_masks_nor_layers(path, name):
    state = {"fc.weight": torch.ones(8, 8), name: TRIANGLES[name], "out.weight": torch.ones(2, 8)}
    loaded = load(write_torch(path, state))
    assert layer_table(loaded.graph) == {"fc": (8, 8, 64), "out": (8, 2, 16)}
    assert any(name in note and "triangles" in note for note in loaded.notes)
    refused(write_torch(path, {name: TRIANGLES[name]}), "no layer found")


def test_a_layer_or_its_mask_may_be_a_triangle(path):
    weight = torch.triu(torch.ones(8, 8))
    assert links(load(write_torch(path, {"fc.weight": weight}))) == {"fc": 36}
    layer = nn.Linear(8, 8)
    prune.custom_from_mask(layer, "weight", torch.tril(torch.ones(8, 8)))
    assert links(load(write_torch(path, layer.state_dict()))) == {"weight": 36}


def test_triangles_and_zeros_and_ones_are_told_by_all_their_values():
    whole = np.tri(5)
    assert is_triangle(whole)
    assert is_triangle(whole.T)
    assert is_triangle(np.tri(5, k=-1))
    for place in ((3, 1), (1, 3), (2, 2)):
        broken = whole.copy()
        broken[place] = 1 - broken[place]
        assert not is_triangle(broken)
    assert not is_triangle(np.ones((5, 5)))
    assert not is_triangle(np.tri(5, 4))
    assert is_binary(np.eye(3))
    assert not is_binary(np.ones((3, 3)))
    assert not is_binary(2 * np.eye(3))


def test_masks_in_a_default_dictionary_and_of_a_pruner(path):
    state = {"fc1.weight": torch.ones(6, 4), "fc2.weight": torch.ones(2, 6)}
    masks = defaultdict(dict, {"fc1": mask(6, 4), "fc2": mask(2, 6)})
    for beside in ({"masks": masks}, {"pruner": {"masks": dict(masks), "step": 3}}):
        assert links(load(write_torch(path, {"model": state, **beside}))) == {"fc1": 7, "fc2": 3}


def test_the_masks_count_and_not_those_at_the_beginning(tmp_path):
    now, first = torch.eye(4)[:3], torch.ones(3, 4)
    first[0, 0] = 0
    for key in ("initial_masks", "first_mask"):
        state = {"state_dict": {"fc.weight": torch.ones(3, 4)}, "masks": [now], key: [first]}
        (layer,) = load(write_torch(tmp_path / "net.pt", state)).graph.projections
        assert layer.n_links == 3

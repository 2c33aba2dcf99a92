"""Sparse layers of this library, in checkpoints of its training, safetensors and torch state dicts."""

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from typer.testing import CliRunner

from netsci.cli import app
from netsci.io import CheckpointError, load, load_graph
from netsci.models import mlp
from netsci.sparse import SparseLinear, layered_graph
from netsci.train import PRESETS, train

RNG = np.random.default_rng(5)
MASKS = [RNG.random((6, 9)) < 0.4, RNG.random((9, 4)) < 0.5]


def same(graph, masks) -> bool:
    return all(
        np.array_equal(p.links.toarray(), mask) for p, mask in zip(graph.projections, masks, strict=True)
    )


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("ending", ["safetensors", "pt"])
def test_state_dicts_of_sparse_layers_are_read(tmp_path, ending, bias):
    model = nn.Sequential(*(SparseLinear(mask, bias=bias) for mask in MASKS))
    path = tmp_path / f"weights.{ending}"
    state = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    save_file(state, path) if ending == "safetensors" else torch.save(state, path)
    graph = load_graph(path)
    assert same(graph, MASKS)
    for p, layer in zip(graph.projections, model, strict=True):
        assert np.allclose(p.weights.data, layer.values.detach().numpy())


@pytest.mark.parametrize("kind", [torch.int64, torch.uint64])
def test_indices_of_other_types_are_read(tmp_path, kind):
    state = SparseLinear(MASKS[0]).state_dict()
    state |= {part: state[part].to(kind) for part in ("start", "column")}
    save_file(state, tmp_path / "w.safetensors")
    assert same(load_graph(tmp_path / "w.safetensors"), MASKS[:1])


def test_outputs_without_links_are_known_by_the_bias(tmp_path):
    mask = MASKS[0].copy()
    mask[:, -2:] = False
    save_file(SparseLinear(mask).state_dict(), tmp_path / "w.safetensors")
    assert load_graph(tmp_path / "w.safetensors").projections[0].shape == (6, 9)
    save_file(SparseLinear(mask, bias=False).state_dict(), tmp_path / "w.safetensors")
    assert load_graph(tmp_path / "w.safetensors").projections[0].shape == (6, 7)


def test_a_paused_run_can_be_seen(tmp_path):
    recipe = PRESETS["digits-2fc"].replace(options=(("hidden", (24, 20)),), limit=60, epochs=3)
    run = train(recipe, folder=tmp_path, stop_after=1)
    path = tmp_path / "checkpoint.safetensors"
    graph = load_graph(path)
    assert same(graph, [p.links.toarray() for p in layered_graph(run.model).projections])
    result = CliRunner().invoke(app, ["inspect", str(path)])
    assert result.exit_code == 0, result.output
    assert "layers.1" in result.output
    dense = train(recipe.replace(dense=True), folder=tmp_path / "dense", stop_after=1)
    shapes = [p.shape for p in load_graph(tmp_path / "dense/checkpoint.safetensors").projections]
    assert shapes == [(64, 24), (24, 20), (20, 10)]  # and not the optimizer's moments
    assert dense.epoch == 1


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("column", lambda t: t + 100),
        ("column", lambda t: t - 5),
        ("column", lambda t: t.float()),
        ("column", lambda t: t[:-1]),
        ("start", lambda t: t.flip(0)),
        ("start", lambda t: t[:0]),
        ("values", lambda t: t[1:]),
    ],
)
def test_links_that_do_not_fit_are_refused(tmp_path, part, change):
    state = SparseLinear(MASKS[0]).state_dict()
    state[part] = change(state[part]).contiguous()
    save_file(state, tmp_path / "w.safetensors")
    with pytest.raises(CheckpointError, match="is damaged"):
        load_graph(tmp_path / "w.safetensors")


def test_other_vectors_of_these_names_stay_small(tmp_path):
    model = mlp([3, 4, 2])
    state = dict(model.state_dict()) | {"values": torch.ones(3), "a.column": torch.ones(2)}
    save_file({name: tensor.contiguous() for name, tensor in state.items()}, tmp_path / "w.safetensors")
    assert [p.shape for p in load_graph(tmp_path / "w.safetensors").projections] == [(3, 4), (4, 2)]


def test_a_link_that_is_stored_twice_is_refused(tmp_path):
    state = SparseLinear(np.ones((3, 4), bool)).state_dict()
    state["column"] = torch.tensor([0, 0, 2, 3] * 3, dtype=torch.int32)
    save_file(state, tmp_path / "w.safetensors")
    with pytest.raises(CheckpointError, match="holds a link twice"):
        load_graph(tmp_path / "w.safetensors")


@pytest.mark.parametrize("ending", ["safetensors", "pt"])
def test_a_layer_in_two_forms_is_refused(tmp_path, ending):
    state = {f"a.{k}": v.contiguous() for k, v in SparseLinear(MASKS[0]).state_dict().items()}
    state["a.weight"] = torch.ones(9, 6)
    path = tmp_path / f"w.{ending}"
    save_file(state, path) if ending == "safetensors" else torch.save(state, path)
    with pytest.raises(CheckpointError, match="holds the layer a twice, dense and sparse"):
        load_graph(path)


def test_sparse_vectors_are_no_parts_of_a_layer(tmp_path):
    state = {f"a.{k}": v for k, v in SparseLinear(MASKS[0]).state_dict().items()}
    state["a.column"] = state["a.column"].to_sparse()
    torch.save(state | {"b.weight": torch.ones(2, 3)}, tmp_path / "w.pt")
    assert [p.shape for p in load_graph(tmp_path / "w.pt").projections] == [(3, 2)]


def test_a_layer_above_the_limit_is_refused(tmp_path):
    state = SparseLinear(MASKS[0], bias=False).state_dict()
    state["column"] = state["column"].long()
    state["column"][-1] = 2**40
    save_file(state, tmp_path / "w.safetensors")
    with pytest.raises(CheckpointError, match="above the limit"):
        load_graph(tmp_path / "w.safetensors")


def test_checkpoints_say_what_they_are(tmp_path):
    small = {"data": "digits", "limit": 20, "test_limit": 10, "steps": 2, "epochs": 2, "batch": 20}
    for model, options in (("mlp", (("hidden", (8,)),)), ("resnet18", (("width", 4),))):
        recipe = PRESETS["digits-2fc"].replace(**small, model=model, options=options, sparsity=0.5)
        recipe = recipe.replace(initial="uniform")
        train(recipe, folder=tmp_path / model, stop_after=0)
        loaded = load(tmp_path / model / "checkpoint.safetensors")
        assert loaded.kind == "checkpoint of a training run"
        assert any("unfolded kernels" in note for note in loaded.notes) == (model == "resnet18")

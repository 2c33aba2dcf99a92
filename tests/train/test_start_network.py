"""Runs that start from the network of another run: its weights and links, a fresh optimizer, and its copy."""

import json
import math

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from netsci.prune import prune
from netsci.sparse import sparse_layers, sparsify
from netsci.sweep import find_kept, load_record, run_cells
from netsci.train import (
    PRESETS,
    Inputs,
    freeze_links,
    load_checkpoint,
    load_network,
    read_epoch,
    read_recipe,
    recipe_cell,
    save_network,
    train,
)
from netsci.train.command import use_method
from netsci.train.folder import CHECKPOINT, NETWORK, START
from netsci.train.recorded import unpack
from netsci.train.start_network import same_links
from netsci.train.stored_network import read_stored
from tests.train.test_network_file import MLP, RECIPES, SMALL

STATIC = MLP.replace(method="static", sparsity=0.8)
DENSE = MLP.replace(dense=True)
GMP = use_method(MLP, "gmp").replace(sparsity=0.8, epochs=4)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The network file of a run of each kind."""
    made = {}
    for name, recipe in {**RECIPES, "denser": MLP.replace(sparsity=0.5)}.items():
        folder = tmp_path_factory.mktemp(name)
        train(recipe.replace(epochs=1), folder=folder)
        made[name] = folder / NETWORK
    return made


def links_of(model):
    return {name: layer.links for name, layer in sparse_layers(model).items()}


def answers(model, recipe):
    x, _ = next(iter(Inputs(recipe, "cpu").tests()))
    with torch.no_grad():
        return model.eval()(x)


@pytest.mark.parametrize("kind", RECIPES)
def test_a_run_begins_with_the_network_of_the_file_and_static_keeps_its_links(kind, files):
    recipe = freeze_links(files[kind]).replace(epochs=2)
    begun = train(recipe, network=files[kind], stop_after=0)
    stored = load_network(files[kind])
    assert torch.equal(answers(begun.model, recipe), answers(stored, recipe))
    assert begun.recipe.net.start == read_stored(files[kind]).sum
    done = train(recipe, network=files[kind])
    assert same_links(links_of(done.model), links_of(stored))
    assert not torch.equal(answers(done.model, recipe), answers(stored, recipe))  # it was trained
    assert (kind == "dense") == (recipe.topology is None)


def test_the_optimizer_is_a_fresh_one(files, tmp_path):
    how = {"optimizer": "adam", "lr": 0.01, "lr_schedule": "constant", "warmup": 0, "weight_decay": 0.0}
    recipe = freeze_links(files["mlp"]).replace(epochs=1, limit=20, batch=20, milestones=(), clip=None, **how)
    run = train(recipe, network=files["mlp"], folder=tmp_path)
    steps = [state["step"] for state in load_checkpoint(tmp_path / CHECKPOINT).optimizer["state"].values()]
    assert {float(step) for step in steps} == {1.0}
    before = load_network(files["mlp"]).layers[0].values
    # the first step of Adam moves each weight by the rate, whatever its gradient
    moved = (run.model.layers[0].values - before).abs()
    assert moved.max() <= 0.01 + 1e-6
    assert (moved > 0.0099).float().mean() > 0.5


@pytest.mark.parametrize("method", ["set", "rigl", "cht", "ch_snn", "srigl", "mest"])
def test_evolution_goes_on_from_the_links_of_the_file(method, files):
    recipe = use_method(MLP, method).replace(sparsity=0.8, epochs=2, allocation="uniform", evolve_every=1)
    first = load_network(files["mlp"])
    begun = train(recipe, network=files["mlp"], stop_after=0)
    assert same_links(links_of(begun.model), links_of(first))
    done = train(recipe, network=files["mlp"])
    assert not same_links(links_of(done.model), links_of(first))
    own = train(recipe)
    assert not same_links(links_of(train(recipe, stop_after=0).model), links_of(first))
    assert own.recipe.net.start == ""


def test_a_dense_network_is_pruned_by_a_method_whose_density_falls(files):
    begun = train(GMP, network=files["dense"], stop_after=0)
    assert torch.equal(answers(begun.model, GMP), answers(load_network(files["dense"]), GMP))
    assert all(layer.sparsity == 0.0 for layer in sparse_layers(begun.model).values())
    done = train(GMP, network=files["dense"])
    assert [round(layer.sparsity, 2) for layer in sparse_layers(done.model).values()][:2] == [0.8, 0.8]
    half = train(GMP.replace(method="chtss", sparsity=0.8, evolve_every=0.5), network=files["dense"])
    assert [round(layer.sparsity, 2) for layer in sparse_layers(half.model).values()][:2] == [0.8, 0.8]


@pytest.mark.parametrize("method", ["static", "set", "rigl", "cht", "chts", "ch_snn", "mest", "srigl"])
def test_a_dense_network_is_refused_where_nothing_prunes(method, files):
    recipe = use_method(MLP, method).replace(sparsity=0.8)
    with pytest.raises(ValueError, match=r"all links, and the recipe begins at 0\..* never prunes: .*'gmp'"):
        train(recipe, network=files["dense"])


@pytest.mark.parametrize(
    ("recipe", "kind", "said"),
    [
        (DENSE, "mlp", r"links of its own in layers\.0, layers\.1, and the recipe is dense: .*'static'"),
        (
            STATIC,
            "denser",
            r"the sparsity 0\.5.* in layer 'layers\.0', and the recipe begins at 0\.8\d*: set spar",
        ),
        (STATIC.replace(sparsity=0.5), "mlp", "set sparsity to what the network has"),
        (
            use_method(MLP, "grad_r").replace(sparsity=0.8),
            "mlp",
            "begins with all links: give a dense network",
        ),
        (GMP, "mlp", "begins with all links: give a dense network"),
        (GMP.replace(initial_sparsity=0.5), "mlp", "set initial_sparsity to what the network has"),
        (STATIC.replace(options=(("hidden", (24, 8)), ("norm", "batch"))), "mlp", r"must be \[24, 8\]"),
        (STATIC.replace(options=(("hidden", (24,)), ("norm", "batch"))), "mlp", "'layers.2', which is no"),
        (DENSE.replace(options=(("hidden", (24, 16)),)), "dense", "norms.0.weight is not expected"),
        (DENSE.replace(bias=not DENSE.net.bias), "dense", "layers.0.bias is"),
        (RECIPES["conv"], "mlp", "which is no layer"),
        (RECIPES["attention"].replace(dense=True), "dense", "cls_token is missing"),
    ],
)
def test_what_does_not_fit_is_named(recipe, kind, said, files, tmp_path):
    with pytest.raises(ValueError, match=said):
        train(recipe, network=files[kind], folder=tmp_path / "run")
    assert not list((tmp_path / "run").glob("*.safetensors"))


def test_files_that_are_no_networks_are_refused(files, tmp_path):
    stored = read_stored(files["dense"])
    damaged = bytearray(files["dense"].read_bytes())
    damaged[-3] ^= 1
    (tmp_path / "damaged").write_bytes(damaged)
    nan = {name: tensor.clone() for name, tensor in stored.tensors.items()}
    nan["layers.0.weight"][0, 0] = math.nan
    save_file(nan, tmp_path / "nan")
    save_file({n: t.double() for n, t in stored.tensors.items() if t.is_floating_point()}, tmp_path / "wide")
    (tmp_path / "text").write_text("no network")
    cases = {"damaged": "is damaged", "nan": "finite numbers; 'layers.0.weight'", "wide": "must hold float32"}
    for name, said in {**cases, "text": "cannot be read", "none": "cannot be read"}.items():
        with pytest.raises(ValueError, match=said):
            train(DENSE, network=tmp_path / name)
    with pytest.raises(TypeError, match="network must be"):
        train(DENSE, network=3)


def test_the_recipe_names_the_content_and_not_the_file(files, tmp_path):
    stored = read_stored(files["mlp"])
    save_file(dict(stored.tensors), tmp_path / "bare.safetensors")  # without any metadata
    assert read_stored(tmp_path / "bare.safetensors").sum == stored.sum
    a = train(STATIC, network=files["mlp"])
    b = train(STATIC.replace(start=stored.sum), network=tmp_path / "bare.safetensors")
    assert a.recipe == b.recipe
    assert torch.equal(answers(a.model, STATIC), answers(b.model, STATIC))
    with pytest.raises(ValueError, match=f"SHA-256 {'0' * 64}, which the recipe names"):
        train(STATIC.replace(start="0" * 64), network=files["mlp"])
    with pytest.raises(ValueError, match=f"SHA-256 {stored.sum}: give its file as network="):
        train(a.recipe)
    with pytest.raises(ValueError, match="holds no recipe"):
        freeze_links(tmp_path / "bare.safetensors")
    assert freeze_links(tmp_path / "bare.safetensors", MLP).net.start == stored.sum
    for wrong in ("abc", "0" * 63 + "G", 3, None):
        with pytest.raises(ValueError, match="start must be '' or the SHA-256"):
            STATIC.replace(start=wrong)


def test_a_run_goes_on_without_the_file_it_started_from(files, tmp_path):
    moved = tmp_path / "original.safetensors"
    moved.write_bytes(files["mlp"].read_bytes())
    recipe = MLP.replace(method="set", sparsity=0.8, epochs=4)
    whole = train(recipe, network=moved, folder=tmp_path / "whole")
    paused = train(recipe, network=moved, folder=tmp_path / "paused", stop_after=2)
    assert (tmp_path / "paused" / START).read_bytes() == moved.read_bytes()
    moved.unlink()
    again = train(paused.recipe, folder=tmp_path / "paused", stop_after=3)  # by its recipe
    again = train(recipe, network=moved, folder=tmp_path / "paused")  # by the same call as before
    assert again.recipe == whole.recipe == read_recipe(tmp_path / "paused" / NETWORK)
    assert (tmp_path / "paused" / NETWORK).read_bytes() == (tmp_path / "whole" / NETWORK).read_bytes()
    (tmp_path / "paused" / START).unlink()
    with pytest.raises(ValueError, match="give its file"):
        train(whole.recipe, folder=tmp_path / "paused")
    with pytest.raises(ValueError, match=r"another recipe.*start is "):
        train(recipe, folder=tmp_path / "whole")
    train(recipe, folder=tmp_path / "whole", resume=False, stop_after=1)
    assert not (tmp_path / "whole" / START).exists()  # that run drew its own network


def test_a_run_does_not_write_over_what_it_starts_from(files, tmp_path):
    (tmp_path / NETWORK).write_bytes(files["mlp"].read_bytes())
    with pytest.raises(ValueError, match="where this run will write its own"):
        train(STATIC, network=tmp_path / NETWORK, folder=tmp_path, resume=False)
    assert (tmp_path / NETWORK).read_bytes() == files["mlp"].read_bytes()


def test_another_network_does_not_replace_the_one_of_a_run(files, tmp_path):
    run = train(STATIC, network=files["mlp"], folder=tmp_path, stop_after=1)
    other = tmp_path / "other.safetensors"
    save_network(other, run.model, STATIC, shape=run.inputs.shape, classes=run.inputs.classes)
    with pytest.raises(ValueError, match="another recipe"):
        train(STATIC, network=other, folder=tmp_path)
    assert read_stored(tmp_path / START).sum == run.recipe.net.start


def test_parts_of_a_fused_layer_and_the_whole_are_the_same(files, tmp_path):
    """Dense attention has one qkv, sparse attention three layers; either file starts either network."""
    recipe = RECIPES["attention"].replace(dense=True, epochs=1)
    dense = train(recipe, folder=tmp_path / "dense")
    pruning = use_method(RECIPES["attention"], "gmp").replace(
        sparsity=0.5, epochs=4, evolve_every=1, evolve_after=0, until=0.5
    )
    begun = train(pruning, network=tmp_path / "dense" / NETWORK, stop_after=0)
    assert torch.allclose(answers(begun.model, recipe), answers(dense.model, recipe), atol=1e-5)
    pruned = prune(dense.model, "magnitude", 0.5, None)
    whole = {f"{name}.weight_mask": torch.from_numpy(kept.T.copy()) for name, kept in pruned.masks.items()}
    save_file({**pruned.state_dict(), **whole}, tmp_path / "fused")
    one = freeze_links(tmp_path / "fused", recipe)
    begun = train(one, network=tmp_path / "fused", stop_after=0)
    assert torch.allclose(answers(begun.model, recipe), answers(pruned, recipe), atol=1e-5)
    links = links_of(begun.model)
    links.pop("head")  # all links: a sparse recipe lets the output lose those of units that percolate
    assert same_links(links, links_of(sparsify(pruned, pruned.masks)))


def test_a_cell_starts_from_what_another_cell_has_left(tmp_path):
    source = recipe_cell(MLP.replace(epochs=2), networks=1)
    run_cells([source], tmp_path)
    place = find_kept(tmp_path, source)
    assert place is not None
    early, late = place / "network-0001.safetensors", place / NETWORK
    tuned = MLP.replace(method="set", sparsity=0.8, epochs=2)
    by_content = recipe_cell(tuned, network=early)
    by_origin = recipe_cell(tuned, network=early, origin=f"{source.name}/1")
    names = {recipe_cell(tuned).name, by_content.name, by_origin.name, recipe_cell(tuned, network=late).name}
    assert len(names) == 4
    assert recipe_cell(tuned, network=tmp_path / "none", origin=f"{source.name}/1") == by_origin
    assert recipe_cell(tuned.replace(start=read_stored(early).sum)) == by_content
    assert not {"start", "origin"} & {n for n, v in recipe_cell(tuned).parameters if v}
    records = run_cells([by_content, by_origin], tmp_path)
    links = read_stored(early).links
    for record in records.values():
        assert record.notes["start"] == read_stored(early).sum
        for layer in ("layers.0", "layers.1"):
            assert np.array_equal(unpack(record.arrays, "first", layer), links[layer].toarray())
            assert not np.array_equal(unpack(record.arrays, "last", layer), links[layer].toarray())
    a, b = records.values()
    assert read_epoch(a, "loss") == read_epoch(b, "loss")
    assert load_record(tmp_path, by_origin).notes["cell"] == by_origin.key
    from netsci.train import recorded

    values = tuned.flat()
    with pytest.raises(ValueError, match="network is missing"):
        recorded.run(dataset=values.pop("data"), origin="a-0", **values)


SPIKING = PRESETS["digits-2fc"].replace(options=(("hidden", (16,)),), steps=2, sparsity=0.5, **SMALL)


@pytest.mark.parametrize("method", ["deep_r", "grad_r", "dpap", "sd_snn", "ndsnn"])
def test_methods_that_begin_with_more_links_start_from_a_dense_network(method, tmp_path):
    train(SPIKING.replace(dense=True, epochs=1), folder=tmp_path)
    values = {"sparsity": 0.5} if method in ("deep_r", "grad_r", "ndsnn") else {"sparsity": 0.0}
    recipe = SPIKING.replace(method=method, **values)
    begun = train(recipe, network=tmp_path / NETWORK, stop_after=0)
    assert torch.equal(answers(begun.model, recipe), answers(load_network(tmp_path / NETWORK), recipe))
    train(recipe, network=tmp_path / NETWORK)


def test_a_file_names_its_recipe_and_start(files, tmp_path):
    run = train(STATIC, network=files["mlp"], folder=tmp_path)
    again = freeze_links(tmp_path / NETWORK)
    assert again.net.start not in ("", run.recipe.net.start)
    assert json.loads((tmp_path / "recipe.json").read_text())["start"] == run.recipe.net.start

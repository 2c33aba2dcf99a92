"""Training for conversion: QCFS, CS-QCFS in two stages and AEC, from scratch and from a network of ReLUs."""

import numpy as np
import pytest
import torch
from torch import nn

from netsci.convert import QCFS, convert
from netsci.sparse import sparse_layers
from netsci.train import (
    Inputs,
    freeze_links,
    load_checkpoint,
    load_network,
    train,
    tune_for_conversion,
)
from netsci.train.activations import find_learnt
from netsci.train.folder import CHECKPOINT, NETWORK
from netsci.train.learners import optimizer_of
from netsci.train.start_network import same_links
from netsci.train.thresholds import take_training_images
from tests.train.conversion_files import CONV, FOUR, MLP, make_files
from tests.train.test_command import run


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return make_files(tmp_path_factory)


def links_of(model):
    return {name: layer.links for name, layer in sparse_layers(model).items()}


def training_loss(model, inputs):
    """The mean cross-entropy over all training batches, in evaluation mode."""
    losses = [nn.functional.cross_entropy(model.eval()(x), y, reduction="sum") for x, y in inputs.batches(1)]
    return float(torch.stack(losses).sum().detach()) / inputs.n_train


@pytest.mark.parametrize(("theta", "rule"), [
    ("p999", lambda a: np.quantile(a, 0.999)),
    ("max", np.max),
    ("twice_mean", lambda a: 2 * a[a > 0].mean()),
    (2.5, lambda a: 2.5),
])  # fmt: skip
@pytest.mark.parametrize("activation", ["qcfs", "sqcfs"])
def test_thresholds_start_at_a_statistic_of_the_relus(activation, theta, rule, files):
    options = (("levels", 4), ("theta", theta))
    recipe = freeze_links(files["mlp"]).replace(activation=activation, activation_options=options)
    begun = train(recipe, network=files["mlp"], stop_after=0)
    ann, images = load_network(files["mlp"]), take_training_images(begun.inputs, 300)
    seen = []
    for one in ann.activations:
        one.register_forward_hook(lambda _, __, output: seen.append(output.detach().double().numpy()))
    ann(images)
    found = [float(one.theta.detach()) for one in begun.model.activations]
    assert found == pytest.approx([rule(values.ravel()) for values in seen], rel=1e-5)
    assert {one.levels for one in begun.model.activations} == {4}
    # weights and links are those of the file
    assert same_links(links_of(begun.model), links_of(ann))
    assert torch.equal(begun.model.layers[0].values, ann.layers[0].values)


def test_a_network_learns_from_scratch_with_quantised_activations():
    recipe = MLP.replace(activation="qcfs", activation_options=FOUR, epochs=20, limit=600)
    begun, run = train(recipe, stop_after=0), train(recipe)
    assert run.accuracy > 0.6  # chance is 0.1
    assert all(isinstance(one, QCFS) for one in run.model.activations)
    starts, ends = ([float(one.theta.detach()) for one in r.model.activations] for r in (begun, run))
    assert all(a != b for a, b in zip(starts, ends, strict=True))
    # the outputs are whole multiples of theta / L
    seen = []
    run.model.activations[0].register_forward_hook(lambda _, __, output: seen.append(output))
    x, _ = next(run.inputs.tests())
    run.model(x)
    steps = seen[0] / run.model.activations[0].theta * 4
    assert torch.allclose(steps, steps.round(), atol=1e-5)
    assert 2 < len(steps.round().unique()) <= 5


@pytest.mark.parametrize("activation", ["qcfs", "sqcfs", "aec"])
def test_thresholds_do_not_decay(activation, files):
    recipe = freeze_links(files["mlp"]).replace(activation=activation, weight_decay=0.1)
    model = train(recipe, network=files["mlp"], stop_after=0).model
    decay = {id(p): group["weight_decay"] for group in optimizer_of(recipe, model).param_groups
             for p in group["params"]}  # fmt: skip
    for one in find_learnt(model).values():
        assert {decay[id(p)] for p in one.parameters()} == {0.0}
    assert decay[id(model.layers[0].values)] == 0.1


def test_stage_1_is_qcfs_with_a_softplus(files):
    made = [
        train(
            freeze_links(files["mlp"]).replace(activation=name, activation_options=FOUR),
            network=files["mlp"], stop_after=0,
        ) for name in ("qcfs", "sqcfs")
    ]  # fmt: skip
    x, _ = next(made[0].inputs.tests())
    with torch.no_grad():
        assert torch.allclose(made[0].model.eval()(x), made[1].model.eval()(x), atol=1e-4)


def test_stage_2_starts_at_stage_1_and_its_channels_part(files):
    recipe = tune_for_conversion(files["conv-1"], "cs-qcfs-2", epochs=8, lr=0.02)
    assert recipe.net.activation_options == FOUR  # the levels of stage 1
    begun = train(recipe, network=files["conv-1"], stop_after=0)
    stage1 = load_network(files["conv-1"])
    x, _ = next(begun.inputs.tests())
    with torch.no_grad():
        assert torch.equal(begun.model.eval()(x), stage1(x))  # equal channel thresholds: the same network
    assert all(
        one.lam.ndim == 1 and one.theta.unique().numel() == 1 for one in find_learnt(begun.model).values()
    )
    done = train(recipe, network=files["conv-1"])
    assert all(one.theta.unique().numel() > 1 for one in find_learnt(done.model).values())
    assert same_links(links_of(done.model), links_of(stage1))
    assert training_loss(done.model, done.inputs) < training_loss(stage1, done.inputs)


def test_linear_layers_keep_one_threshold_beside_channels(files):
    recipe = CONV.replace(model="conv2fc2", options=(("pooling", "average"),), sparsity=0.5,
                          activation="cs_qcfs", bias=True)  # fmt: skip
    model = train(recipe, stop_after=0).model
    shapes = [one.lam.ndim for one in find_learnt(model).values()]
    assert shapes.count(1) == 2
    assert shapes.count(0) >= 1


def test_aec_trains_its_numbers_and_normalisations_only(files):
    recipe = tune_for_conversion(files["mlp"], "aec", epochs=3, lr=1e-2)
    begun = train(recipe, network=files["mlp"], stop_after=0)
    done = train(recipe, network=files["mlp"])
    before, after = begun.model.state_dict(), done.model.state_dict()
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    norms = {"weight", "bias", "running_mean", "running_var", "num_batches_tracked"}
    free = {f"norms.{i}.{name}" for i in (0, 1) for name in norms}
    free |= {f"activations.{i}.{name}{j}" for i in (0, 1) for name in ("theta", "d", "k") for j in (1, 2)}
    assert moved <= free
    assert {f"activations.0.{name}1" for name in ("theta", "d", "k")} <= moved
    assert "norms.0.weight" in moved
    tops = [one.largest / float(one.scale) for one in begun.model.activations]
    ann, seen = load_network(files["mlp"]), []
    for one in ann.activations:
        one.register_forward_hook(lambda _, __, output: seen.append(float(output.detach().max())))
    ann(take_training_images(begun.inputs, 300))
    assert tops == pytest.approx(seen, rel=1e-5)  # the largest activation is the largest value


@pytest.mark.parametrize(("kind", "name", "method"), [
    ("mlp", "qcfs", "qcfs"),
    ("mlp", "aec", "aec"),
    ("conv", "cs-qcfs-1", "cs_qcfs"),
    ("conv", "aec", "aec"),
    ("conv-1", "cs-qcfs-2", "cs_qcfs"),
])  # fmt: skip
def test_a_trained_network_converts_with_its_thresholds_and_its_links(kind, name, method, files, tmp_path):
    recipe = tune_for_conversion(files[kind], name, epochs=1)
    run = train(recipe, network=files[kind], folder=tmp_path)
    ann = load_network(tmp_path / NETWORK)
    x, y = next(run.inputs.tests())
    with torch.no_grad():
        assert torch.equal(ann(x), run.model(x))
    spiking = convert(ann, method, take_training_images(run.inputs, 20))
    before = links_of(load_network(files[kind]))
    for layer, links in before.items():
        assert (spiking.masks[layer] != links).nnz == 0
    own = find_learnt(ann)
    assert set(spiking.thresholds.layer) == set(own)
    for layer, rows in spiking.thresholds.groupby("layer"):
        if method == "aec":
            assert rows.threshold.tolist() == pytest.approx([own[layer].largest / float(own[layer].scale)])
            continue
        assert set(rows.statistic) == {"trained"}
        wanted = np.broadcast_to(own[layer].theta.detach().numpy(), len(rows))
        assert np.array_equal(rows.threshold.to_numpy(), wanted.astype(float))
    trace = spiking.simulate(x, labels=y) if method == "aec" else spiking.simulate(x, 64, labels=y)
    with torch.no_grad():
        right = int((ann(x).argmax(1) == y).sum())
    assert abs(int(trace.correct[-1]) - right) <= (0 if method == "aec" else 10)


@pytest.mark.parametrize(("kind", "name"), [("mlp", "qcfs"), ("conv-1", "cs-qcfs-2"), ("mlp", "aec")])
def test_a_resumed_run_ends_bit_for_bit_the_same(kind, name, files, tmp_path):
    recipe = tune_for_conversion(files[kind], name, epochs=3)
    for stop in (1, 2, None):
        train(recipe, network=files[kind], folder=tmp_path / "parts", stop_after=stop)
    train(recipe, network=files[kind], folder=tmp_path / "whole")
    a, b = (load_checkpoint(tmp_path / one / CHECKPOINT) for one in ("parts", "whole"))
    assert all(torch.equal(a.model[key], b.model[key]) for key in b.model)
    assert (tmp_path / "parts" / NETWORK).read_bytes() == (tmp_path / "whole" / NETWORK).read_bytes()


def test_levels_and_starts_are_all_changed_by_the_recipe(files):
    base = freeze_links(files["mlp"]).replace(activation="qcfs", epochs=1)
    found = [
        train(base.replace(activation_options=options), network=files["mlp"]).model.layers[0].values.detach()
        for options in ((), (("levels", 2),), (("theta", "max"),))
    ]
    assert not torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])


def test_inputs_of_thresholds_are_training_images_without_augmentation():
    recipe = MLP.replace(augment="shift")
    found = take_training_images(Inputs(recipe, "cpu"), 40)
    assert torch.equal(found, take_training_images(Inputs(MLP.replace(seed=5), "cpu"), 40))
    assert len({tuple(row.tolist()) for row in found}) > 35


def test_one_line_each_trains_a_network_for_its_conversion(files, tmp_path):
    for name, begins in (("cs-qcfs-1", "conv"), ("cs-qcfs-2", "conv-1"), ("aec", "mlp")):
        done = run("--preset", name, "--network", files[begins], "-o", tmp_path / name, changes=["epochs=1"])
        assert done.exit_code == 0, done.output
        held = load_network(tmp_path / name / NETWORK)
        assert same_links(links_of(held), links_of(load_network(files[begins])))
        assert find_learnt(held)
    scratch = ["epochs=1", "limit=50", "test_limit=20", "options=(('hidden', (16,)),)"]
    assert run("--preset", "digits-qcfs", "-o", tmp_path / "own", changes=scratch).exit_code == 0
    assert isinstance(load_network(tmp_path / "own" / NETWORK).activations[0], QCFS)

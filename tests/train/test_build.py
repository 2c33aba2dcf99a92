"""From a recipe to a network: shapes, first links, first weights, and what is refused."""

import numpy as np
import pytest
import torch
from torch import nn

from netsci.data import DataSet, load
from netsci.sparse import sparse_layers
from netsci.topology import CORRELATION, sscti
from netsci.train import PRESETS, Inputs, Recipe
from netsci.train.activations import neuron
from netsci.train.build import MODELS, build, draw_weights
from netsci.train.methods.first_links import first_links, input_correlation

BASE = Recipe().replace(options=(("hidden", (48, 32)),), sparsity=0.9, limit=300, test_limit=50, steps=4)


def made(**changes):
    recipe = BASE.replace(**changes)
    inputs = Inputs(recipe, "cpu")
    return build(recipe, inputs), inputs, recipe


def test_widths_links_and_the_output_layer():
    model, _, _ = made()
    assert [(layer.n_rows, layer.n_columns) for layer in model.layers] == [(64, 48), (48, 32), (32, 10)]
    assert [layer.n_links for layer in model.layers] == [307, 154, 320]
    assert model.steps == 4
    dense, _, _ = made(dense=True)
    assert not sparse_layers(dense)


def test_the_seed_decides_all_and_the_global_state_nothing():
    torch.manual_seed(1)
    state = torch.random.get_rng_state()
    a, b, other = made()[0], made()[0], made(seed=1, initial="uniform")[0]
    assert torch.equal(torch.random.get_rng_state(), state)
    left, right = a.state_dict(), b.state_dict()
    assert all(torch.equal(left[name], right[name]) for name in left)
    torch.manual_seed(2)
    assert torch.equal(made()[0].layers[0].values, a.layers[0].values)
    assert (other.layers[0].links != made(initial="uniform")[0].layers[0].links).nnz > 0


def test_the_neurons_of_the_recipe():
    one = neuron(BASE.replace(alpha=0.25, threshold=2.0, surrogate="rect", detach_reset=True))
    assert (one.alpha, one.threshold, one.surrogate, one.detach_reset) == (0.25, 2.0, "rect", True)


def test_correlated_links_leave_dark_pixels_out_and_are_tiled():
    _, inputs, recipe = made()
    dark = load("digits").x_train.reshape(-1, 64).max(0) == 0
    assert dark.any()
    shapes = {"a": (64, 64), "b": (64, 64)}
    first, again = first_links(recipe.topology, shapes, inputs, np.random.default_rng).values()
    assert first.toarray()[dark].sum() == 0
    assert (first != again).nnz == 0  # no draw: the same process at every place
    uniform = recipe.replace(initial="uniform").topology
    places = list(first_links(uniform, shapes, inputs, np.random.default_rng).values())
    assert (places[0] != places[1]).nnz > 0


@pytest.mark.parametrize(("initial", "kind"), [("sscti", "phi"), ("sscti_as_printed", "as_printed")])
def test_the_correlation_is_computed_once_for_all_layers(monkeypatch, initial, kind):
    computed, function = [], CORRELATION[kind]
    monkeypatch.setitem(CORRELATION, kind, lambda x: (computed.append(x.shape), function(x))[1])
    model, inputs, recipe = made(initial=initial, options=(("hidden", (64, 128, 32)),))
    assert computed == [(300, 64)]
    x = load("digits").scale(inputs.train_side.x)
    for layer, shape in zip(model.layers[:3], [(64, 64), (64, 128), (128, 32)], strict=True):
        assert (layer.links != sscti(x, shape, 0.9, correlation=kind)).nnz == 0
    assert len(computed) == 1 + 3
    assert input_correlation(recipe.replace(initial="uniform").topology, inputs) is None


def test_a_hidden_layer_may_have_as_many_neurons_as_there_are_samples():
    assert [layer.n_links for layer in made(limit=48)[0].layers] == [307, 154, 320]


@pytest.mark.parametrize(
    ("weights", "variance"),
    [("kaiming", lambda n, s, o: 2 / n), ("swi", lambda n, s, o: 2 / (n * (1 - s)))],
)
def test_first_weights_have_their_variance(weights, variance):
    model, _, _ = made(weights=weights, options=(("hidden", (400, 400)),), initial="uniform")
    layer = model.layers[1]
    assert layer.values.var().item() == pytest.approx(variance(400, layer.sparsity, 400), rel=0.05)
    assert abs(layer.values.mean().item()) < 0.01


@pytest.mark.parametrize("encoding", ["direct", "rate"])
def test_sswi_takes_the_share_of_firing_inputs(encoding):
    model, inputs, _ = made(
        options=(("hidden", (2000,)),), initial="uniform", encoding=encoding, steps=40, batch=400
    )
    layer = model.layers[0]
    seen, _ = next(inputs.batches(1))  # images, or the spikes themselves
    rate = float((seen > 0).double().mean())
    assert rate == pytest.approx({"direct": 0.51, "rate": 0.305}[encoding], abs=0.01)
    wanted = (1 - rate) / (64 * (1 - layer.sparsity))
    assert layer.values.var().item() == pytest.approx(wanted, rel=0.05)


def test_calibrated_weights_fire_at_their_rate():
    model, inputs, _ = made(
        weights="sswi_calibrated", weights_rate=0.2, options=(("hidden", (60, 50)),), readout="rate"
    )
    fired = []
    for one in model.neurons:
        one.register_forward_hook(lambda module, given, output: fired.append(output.mean().item()))
    with torch.no_grad():
        model(next(inputs.batches(0))[0])
    assert fired == pytest.approx([0.2, 0.2, 0.2], rel=0.05)


def test_biases_start_at_zero_in_dense_and_sparse_layers():
    for dense in (False, True):
        model, inputs, recipe = made(dense=dense, options=(("hidden", (16,)), ("bias", True)))
        nn.init.ones_(model.layers[0].bias)
        draw_weights(model, recipe, inputs)
        assert all(layer.bias.count_nonzero() == 0 for layer in model.layers)


def test_dense_weights_are_the_transpose_of_the_draw():
    dense, _, _ = made(dense=True, weights="swi")
    sparse, _, _ = made(weights="swi", sparsity=0.0, initial="uniform")
    for a, b in zip(dense.layers, sparse.layers, strict=True):
        assert torch.equal(a.weight, b.weight)


@pytest.mark.parametrize("name", sorted(set(MODELS) - {"mlp"}))
def test_models_of_images_are_sparse_where_s0_says(name):
    small = {
        "spikformer": (("width", 16), ("depth", 1), ("heads", 2)),
        "resnet18": (("width", 4),),
        "vgg16": (("width", 1 / 16), ("hidden", (32,))),
        "vit": (("patch", 4), ("width", 16), ("depth", 2), ("heads", 2)),
    }.get(name, ())
    task = {"sparsity": 0.8, "limit": 40, "test_limit": 20, "steps": 2}
    recipe = Recipe().replace(model=name, options=small, spiking=name != "vit", **task)
    inputs = Inputs(recipe, "cpu")
    model = build(recipe, inputs)
    layers = sparse_layers(model)
    *hidden, output = layers
    assert set(hidden) == set(model.sparse_names)
    assert all(layers[name].sparsity == pytest.approx(0.8, abs=0.06) for name in hidden)
    assert (layers[output].sparsity, layers[output].links.shape[1]) == (0.0, 10)
    with torch.no_grad():
        assert model.eval()(next(inputs.tests())[0]).shape == (20, 10)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model": "nope"}, "model must be one of mlp"),
        ({"options": ()}, "must contain the widths of its hidden layers"),
        ({"options": (("hidden", 5),)}, "must contain the widths of its hidden layers"),
        ({"options": (("hidden", (0,)),)}, "each above 0"),
        ({"options": (("hidden", (4,)), ("colour", 1))}, "colour"),
        ({"readout": "nope"}, "readout must be one of"),
        ({"surrogate": "nope"}, "surrogate must be one of"),
        (
            {"model": "spikformer", "options": (), "spiking": False},
            "spiking must be True for spikformer: its",
        ),
        (
            {"model": "spikformer", "options": (), "dropout": 0.1},
            "spikformer does not take dropout; it takes d",
        ),
        ({"model": "conv6fc2", "options": (), "bias": True}, "conv6fc2 does not take bias; it takes dropout"),
        (
            {"bias": True, "options": (("hidden", (4,)), ("bias", False))},
            "options set it to False: give it once",
        ),
        ({"options": (("hidden", (4,)), ("steps", 3))}, "options must not contain steps"),
        ({"spiking": False, "readout": "membrane"}, "'membrane' needs a neuron with a leak alpha; got ReLU"),
    ],
)
def test_what_does_not_fit_is_named(changes, words):
    with pytest.raises((ValueError, TypeError), match=words):
        made(**changes)


def test_without_links_there_are_no_weights():
    with pytest.raises(ValueError, match="must have at least one link"):
        made(sparsity=0.9999, initial="uniform")
    assert np.isfinite(made(sparsity=0.99)[0].layers[0].values.detach().numpy()).all()


def small_conv(**changes):
    data = DataSet(
        "noise",
        *(np.random.default_rng(3).integers(0, 256, (40, 1, 12, 12), np.uint8), np.arange(40) % 10) * 2,
        tuple("0123456789"),
        "noise",
        "0" * 64,
    )
    recipe = PRESETS["mnist-2conv2fc"].replace(sparsity=0.9, batch=20, **changes)
    inputs = Inputs(recipe, "cpu", data=data)
    return build(recipe, inputs), recipe


def test_links_after_convolutions_start_with_equal_degrees():
    model, _ = small_conv()
    degrees = np.diff(model.classifier.layers[0].links.indptr)
    assert degrees.max() - degrees.min() <= 1  # Erdos-Renyi degrees of mean 30 would spread by about 20


def test_no_linear_layer_after_convolutions_is_the_first():
    model, _ = small_conv()
    layer = model.classifier.layers[0]
    wanted = 2.06637 / (layer.in_features * (1 - layer.sparsity))
    assert layer.values.var().item() == pytest.approx(wanted, rel=0.1)


def test_calibration_leaves_the_statistics_of_normalisations_alone():
    recipe = PRESETS["cifar10-6conv2fc"].replace(
        weights="sswi_calibrated", batch=10, sparsity=0.7, options=(("width", 0.05),), augment=False
    )
    pixels = np.random.default_rng(3).integers(0, 256, (20, 3, 8, 8), np.uint8)
    side = (pixels, np.arange(20) % 10)
    data = DataSet("noise", *side, *side, tuple("0123456789"), "noise", "0" * 64)
    model = build(recipe, Inputs(recipe, "cpu", data=data))
    norms = [one for one in model.modules() if isinstance(one, nn.BatchNorm2d)]
    assert norms
    assert all(int(one.num_batches_tracked) == 0 and not one.running_mean.any() for one in norms)


def test_neurons_that_are_part_of_a_model_cannot_be_set():
    with pytest.raises(ValueError, match="threshold cannot be set for spikformer"):
        small_conv(model="spikformer", threshold=3.0, readout="rate")


def test_a_network_without_hidden_neurons_is_refused():
    with pytest.raises(ValueError, match="hidden layers"):
        made(options=(("hidden", ()),), readout="sum")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"sparsity": 0.9999},
            r"layer layers\.0, 64 x 32, .*it has 0 at a sparsity of 0\.9999.*rounds in each",
        ),
        (
            {"sparsity": 0.9999, "weights": "kaiming"},
            r"layer layers\.0, 64 x 32, must have at least one link; it has 0",
        ),
        ({"sparsity": 0.9999, "initial": "uniform"}, "lower the sparsity$"),
        ({"sparsity": 0.99999, "model": "conv2fc2", "options": (("padding", 1),)}, r"classifier\.layers\.0"),
    ],
)
def test_a_sparsity_that_leaves_no_link_is_refused(changes, words):
    with pytest.raises(ValueError, match=words):
        made(**{"options": (("hidden", (32,)),)} | changes)

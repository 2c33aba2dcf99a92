"""Fields of a recipe that are off by default: each changes what it says, and only that."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from netsci.models import ARCHITECTURES, Architecture
from netsci.sparse import SparseLinear, sparse_layers
from netsci.train import (
    ENCODINGS,
    LEARNERS,
    LOSSES,
    LR_SCHEDULES,
    OPTIMIZERS,
    PRESETS,
    Inputs,
    Recipe,
    load_checkpoint,
    save_checkpoint,
    train,
)
from netsci.train.learners import learner, loss_of, optimizer_of, rate_at
from netsci.train.recipe import write_old_names

FC = PRESETS["digits-2fc"].replace(
    epochs=2, limit=120, test_limit=60, steps=3, options=(("hidden", (24,)),), sparsity=0.7, batch=30
)
CONV = PRESETS["mnist-2conv2fc"].replace(
    data="digits", epochs=1, limit=60, test_limit=40, steps=2, sparsity=0.8, batch=20
)
NEW = (
    "activation",
    "bias",
    "dropout",
    "label_smoothing",
    "linear_end",
    "linear_over",
    "max_shift",
    "milestones",
)
RELU = FC.replace(spiking=False)


def weights(run):
    return torch.cat([one.detach().ravel() for one in run.model.parameters()])


def rates(epochs, **changes):
    recipe = Recipe().replace(lr=0.8, epochs=epochs, **changes)
    return [rate_at(recipe, epoch, 0.0) for epoch in range(1, epochs + 1)]


@pytest.mark.parametrize("dense", [False, True])
@pytest.mark.parametrize("spiking", [False, True])
def test_biases_are_there_start_at_zero_and_learn(spiking, dense):
    for base, layers in ((FC, ("layers.0", "layers.1")), (CONV, ("convs.0", "convs.1"))):
        recipe = base.replace(spiking=spiking, dense=dense, epochs=1)
        plain, model = train(recipe, stop_after=0).model, train(recipe.replace(bias=True), stop_after=0).model
        learnt = train(recipe.replace(bias=True)).model
        for name in layers:
            assert plain.get_submodule(name).bias is None
            assert not model.get_submodule(name).bias.count_nonzero()
            assert learnt.get_submodule(name).bias.count_nonzero()


@pytest.mark.parametrize("base", [FC, RELU, CONV], ids=["lif", "relu", "conv"])
def test_dropout_changes_training_and_not_testing(base):
    plain, dropped = train(base), train(base.replace(dropout=0.5))
    assert not torch.equal(weights(plain), weights(dropped))
    start = [run.table[run.table["epoch"] == 0]["value"].tolist() for run in (plain, dropped)]
    assert start[0] == start[1]  # the same first weights, tested without dropout
    x, _ = next(dropped.inputs.tests())
    assert not dropped.model.training
    assert torch.equal(dropped.model(x), dropped.model(x))
    in_training = dropped.model.train()
    assert not torch.equal(in_training(x), in_training(x))


def test_dropout_draws_from_the_place_in_the_run(tmp_path):
    recipe = FC.replace(dropout=0.5, epochs=4)
    torch.manual_seed(1)
    before = torch.random.get_rng_state()
    whole = train(recipe)
    assert torch.equal(torch.random.get_rng_state(), before)  # the global generator is put back
    torch.manual_seed(2)
    train(recipe, folder=tmp_path, stop_after=2)
    resumed = train(recipe, folder=tmp_path)
    assert torch.equal(weights(whole), weights(resumed))
    assert not torch.equal(weights(whole), weights(train(recipe.replace(seed=1))))


def test_dropout_may_be_said_in_the_options():
    said = train(FC.replace(options=(("hidden", (24,)), ("dropout", 0.5))))
    assert torch.equal(weights(said), weights(train(FC.replace(dropout=0.5))))


@pytest.mark.parametrize("smoothing", [0.1, 0.5])
def test_smoothed_cross_entropy_is_torchs(smoothing):
    scores = torch.randn(7, 4, generator=torch.Generator().manual_seed(0))
    labels = torch.tensor([0, 1, 2, 3, 3, 1, 0])
    wanted = nn.functional.cross_entropy(scores, labels, label_smoothing=smoothing)
    recipe = Recipe().replace(label_smoothing=smoothing)
    assert torch.equal(loss_of(recipe)(scores, labels), wanted)
    assert loss_of(Recipe())(scores, labels) != wanted
    model = nn.Linear(4, 4, bias=False)
    learner(recipe)(model, scores, labels, np.random.default_rng(0))
    loss = nn.functional.cross_entropy(model(scores), labels, label_smoothing=smoothing)
    torch.testing.assert_close(model.weight.grad, torch.autograd.grad(loss, model.weight)[0])


def test_smoothed_squared_error_by_hand():
    found = loss_of(Recipe().replace(loss="mse", label_smoothing=0.4))
    # Targets (0.8, 0.2): ((1 - 0.8)^2 + (0.5 - 0.2)^2) / 2.
    assert found(torch.tensor([[1.0, 0.5]]), torch.tensor([0])).item() == pytest.approx(0.065)


def test_label_smoothing_reaches_training():
    assert not torch.equal(weights(train(FC)), weights(train(FC.replace(label_smoothing=0.2))))


def test_milestones_by_epoch():
    found = rates(6, lr_schedule="milestones", milestones=(2, 5))
    assert found == pytest.approx([0.8, 0.8, 0.08, 0.08, 0.08, 0.008])
    found = rates(4, lr_schedule="milestones", milestones=(1, 3), milestone_factor=0.5)
    assert found == pytest.approx([0.8, 0.4, 0.4, 0.2])
    recipe = Recipe().replace(lr=0.8, epochs=4, lr_schedule="milestones", milestones=(2,), warmup=1)
    assert rate_at(recipe, 1, 0.5) < 0.8
    assert [rate_at(recipe, 2, done) for done in (0.0, 0.99)] == [0.8, 0.8]  # warm-up epochs count
    assert rate_at(recipe, 3, 0.0) == pytest.approx(0.08)


def test_a_linear_schedule_by_epoch():
    found = rates(10, lr_schedule="linear", linear_end=0.1, linear_over=0.5)
    assert found == pytest.approx([0.8 * (1 - 0.9 * t / 5) for t in range(5)] + [0.08] * 5)
    found = rates(10, lr_schedule="linear")  # to 1 % of it over 90 % of the epochs
    assert found == pytest.approx([0.8 * (1 - 0.99 * t / 9) for t in range(9)] + [0.008])
    warm = rates(6, lr_schedule="linear", warmup=2, linear_over=1.0, linear_end=0.0)
    assert warm[2:] == pytest.approx([0.8 * (1 - t / 4) for t in range(4)])


@pytest.mark.parametrize(
    "changes",
    [
        {"lr_schedule": "milestones", "milestones": (2,), "milestone_factor": 0.0},
        {"lr_schedule": "linear", "linear_over": 0.5, "linear_end": 0.0},
    ],
)
def test_a_schedule_reaches_training(changes):
    recipe = FC.replace(epochs=4, evolve_every=0, optimizer="sgd", **changes)
    seen = []
    train(recipe, observe=lambda moment: seen.append(weights(moment).clone()))
    assert not torch.equal(seen[1], seen[2])
    assert torch.equal(seen[2], seen[3])  # the rate is 0 after the second epoch
    assert torch.equal(seen[3], seen[4])


def test_a_shift_reaches_the_training_of_a_flat_network():
    plain, moved = train(FC), train(FC.replace(augment="shift", max_shift=1))
    assert not torch.equal(weights(plain), weights(moved))
    assert torch.equal(weights(plain), weights(train(FC.replace(augment="shift", max_shift=0))))


def test_an_own_optimizer_loss_schedule_and_learner_are_chosen_by_name(monkeypatch):
    asked = []

    def rprop(groups, o):
        asked.append(("optimizer", o.lr))
        return torch.optim.SGD(groups, lr=o.lr, momentum=0.5)

    def smooth(scores, labels):
        return nn.functional.cross_entropy(scores, labels, label_smoothing=0.2)

    monkeypatch.setitem(OPTIMIZERS, "mine", rprop)
    monkeypatch.setitem(LOSSES, "mine", smooth)
    monkeypatch.setitem(LR_SCHEDULES, "mine", lambda o, elapsed: o.lr / (1 + elapsed))
    recipe = FC.replace(optimizer="mine", lr=0.05)
    model = nn.Linear(2, 2)
    assert optimizer_of(recipe, model).param_groups[0]["momentum"] == 0.5
    assert torch.equal(
        weights(train(FC.replace(loss="mine"))), weights(train(FC.replace(label_smoothing=0.2)))
    )
    assert rate_at(FC.replace(lr_schedule="mine", lr=1.0), 2, 0.0) == 0.5
    assert train(recipe).finished
    assert asked == [("optimizer", 0.05)] * 2
    with pytest.raises(ValueError, match="label_smoothing must be 0 for the loss 'mine'"):
        train(FC.replace(loss="mine", label_smoothing=0.1))

    seen = []

    def twice(recipe):
        own = LEARNERS["gradient"](recipe)
        return lambda model, x, labels, rng: seen.append(len(x)) or own(model, x, labels, rng)

    monkeypatch.setitem(LEARNERS, "mine", twice)
    assert torch.equal(weights(train(FC.replace(learner="mine"))), weights(train(FC)))
    assert len(seen) == 8


def test_a_checkpoint_of_former_names_goes_on(tmp_path):
    recipe = FC.replace(lr_schedule="steps", augment="crop_flip", max_shift=1)
    whole = train(recipe)
    train(recipe, folder=tmp_path, stop_after=1)
    path = tmp_path / "checkpoint.safetensors"
    checkpoint = load_checkpoint(path)
    former = {name: value for name, value in write_old_names(checkpoint.recipe).items() if name not in NEW}
    assert (former["course"], former["augment"]) == ("steps", True)
    former |= {"max_shift": 1}
    save_checkpoint(path, replace(checkpoint, recipe=former))
    (tmp_path / "recipe.json").write_text(json.dumps(former))
    resumed = train(recipe, folder=tmp_path)
    assert resumed.finished
    assert torch.equal(weights(resumed), weights(whole))
    assert "lr_schedule" in json.loads((tmp_path / "recipe.json").read_text())


def test_an_own_encoding_is_chosen_by_name(monkeypatch):
    monkeypatch.setitem(ENCODINGS, "dark", lambda inputs, x, rng: 0.5 * ENCODINGS["direct"](inputs, x, rng))
    x, _ = next(Inputs(FC.replace(encoding="dark"), "cpu").batches(1))
    wanted, _ = next(Inputs(FC, "cpu").batches(1))
    assert torch.equal(x, 0.5 * wanted)


@pytest.mark.parametrize("dense", [False, True])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"options": (("pooling", "max"),), "dropout": 0.1, "bias": True},
        {"model": "conv6fc2", "options": (("width", 0.08), ("pooling", "average"))},
        {"model": "resnet18", "options": (("width", 8), ("blocks", (1, 1)))},
    ],
    ids=["conv2fc2", "max", "conv6fc2", "resnet18"],
)
def test_relu_networks_with_convolutions_learn(changes, dense):
    recipe = CONV.replace(spiking=False, epochs=3, limit=400, lr=5e-3, weights="kaiming", **changes)
    run = train(recipe.replace(**({"dense": True} if dense else {"sparsity": 0.5})))
    assert run.accuracy > 0.4  # chance is 0.1
    assert any(isinstance(one, nn.ReLU) for one in run.model.modules())
    assert bool(sparse_layers(run.model)) != dense
    if not dense:
        evolved = run.table[run.table["measure"] == "overlap"]
        assert len(evolved)


def test_an_activation_of_ones_own_is_built_in(monkeypatch):
    from netsci.models import ACTIVATIONS

    monkeypatch.setitem(ACTIVATIONS, "tanh", nn.Tanh)
    run = train(RELU.replace(activation="tanh", epochs=1))
    assert [type(one) for one in run.model.activations] == [nn.Tanh]


def tiny(shape, classes, activation, links, *, hidden=16):
    """A chain of linear layers in plain torch; the first is sparse if there are links for it."""
    features = int(np.prod(shape))
    first = SparseLinear(links["1"]) if "1" in links else nn.Linear(features, hidden)
    return nn.Sequential(nn.Flatten(), first, activation(), nn.Linear(hidden, classes))


def test_a_plain_dense_torch_model_trains(monkeypatch):
    monkeypatch.setitem(ARCHITECTURES, "tiny", Architecture(tiny, takes={"hidden", "activation"}))
    recipe = FC.replace(
        model="tiny", spiking=False, dense=True, options=(("hidden", 20),), epochs=8, limit=300, lr=2e-2
    )
    run = train(recipe)
    assert run.accuracy > 0.5
    assert run.model[1].out_features == 20
    silent = run.table[run.table["measure"] == "silent units"]
    assert set(silent["layer"]) == {"2", "all"}
    with pytest.raises(
        ValueError, match=r"sparse of the architecture 'tiny' must name some of its layers, 1, 3.*dense=True"
    ):
        train(FC.replace(model="tiny", spiking=False, options=()))
    with pytest.raises(ValueError, match="spiking must be False for tiny"):
        train(recipe.replace(spiking=True))
    with pytest.raises(ValueError, match="tiny does not take colour; it takes hidden"):
        train(recipe.replace(options=(("colour", 3),)))


def test_a_function_of_recipe_and_inputs_will_do(monkeypatch):
    import netsci.train.build

    def make(recipe, inputs):
        return nn.Sequential(nn.Flatten(), nn.Linear(64, 10))

    monkeypatch.setitem(netsci.train.build.MODELS, "plain", make)
    run = train(RELU.replace(model="plain", options=(), dense=True, epochs=6, limit=300, lr=1e-2))
    assert run.accuracy > 0.5
    assert not len(run.table[run.table["measure"] == "silent units"])  # it has no activation


def test_an_own_sparse_architecture_trains_and_evolves(monkeypatch):
    architecture = Architecture(tiny, takes={"hidden", "activation"}, sparse=("1",))
    monkeypatch.setitem(ARCHITECTURES, "tiny", architecture)
    seen = []
    recipe = FC.replace(model="tiny", spiking=False, options=(), sparsity=0.5, epochs=3, lr=1e-2)

    def observe(moment):
        seen.append(moment.model[1].links.toarray())

    run = train(recipe, observe=observe)
    assert run.model.sparse_names == ("1",)
    assert seen[0].mean() == pytest.approx(0.5, abs=0.01)
    assert not np.array_equal(seen[0], seen[1])


def test_links_that_a_build_ignores_are_named(monkeypatch):
    def deaf(shape, classes, activation, links):
        return tiny(shape, classes, activation, {})

    monkeypatch.setitem(ARCHITECTURES, "deaf", Architecture(deaf, takes={"activation"}, sparse=("1",)))
    with pytest.raises(
        ValueError, match=r"build of the architecture 'deaf' must use the links of 1.*SparseLinear"
    ):
        train(FC.replace(model="deaf", spiking=False, options=()))


def test_a_build_that_returns_no_module_is_named(monkeypatch):
    monkeypatch.setitem(ARCHITECTURES, "none", Architecture(lambda *arguments, **options: None))
    with pytest.raises(
        TypeError, match="build of the architecture 'none' must return a torch module; got NoneType"
    ):
        train(FC.replace(model="none", spiking=False, options=(), dense=True))
    with pytest.raises(TypeError, match="build must be a function"):
        Architecture("mlp")

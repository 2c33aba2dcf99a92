import json
import subprocess
import sys
from dataclasses import fields
from importlib import import_module

import pytest

from netsci.data.augment import AUGMENTATIONS
from netsci.models import ACTIVATIONS, ARCHITECTURES, READOUTS
from netsci.spiking import SURROGATES
from netsci.train import (
    ENCODINGS,
    LEARNERS,
    LOSSES,
    LR_SCHEDULES,
    OPTIMIZERS,
    PRESETS,
    Net,
    Optimisation,
    Recipe,
    Task,
    Topology,
)
from netsci.train.choices import SETTINGS
from netsci.train.command import choose_recipe
from netsci.train.recipe import read_old_names, write_old_names


def test_every_value_has_one_home():
    names = [f.name for part in (Task, Net, Topology, Optimisation) for f in fields(part)]
    assert len(names) == len(set(names))
    assert not {"seed", "dense"} & set(names)


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("dense", [False, True])
def test_a_recipe_survives_json(name, dense):
    recipe = PRESETS[name].replace(dense=dense, seed=5)
    again = Recipe.of(json.loads(json.dumps(recipe.flat())))
    assert again == recipe
    assert (again.topology is None) == dense
    assert hash(again) == hash(recipe)


def test_replace_reaches_each_part_and_leaves_the_rest():
    recipe = Recipe().replace(steps=3, threshold=2.0, delta=1.0, epochs=7)
    assert (recipe.task.steps, recipe.net.threshold, recipe.topology.delta) == (3, 2.0, 1.0)
    assert recipe.optimisation.epochs == 7
    assert recipe.optimisation.lr == Recipe().optimisation.lr


def test_changes_need_to_fit_each_other_only():
    for changes in ({"learner": "stp", "encoding": "rate"}, {"encoding": "rate", "learner": "stp"}):
        assert Recipe().replace(**changes).optimisation.learner == "stp"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"learning_rate": 1.0},
            "no field 'learning_rate'.* fields are activation, activation_options, allocation",
        ),
        ({"steps": 0}, "steps must be a whole number of at least 1"),
        ({"steps": True}, "steps must be"),
        ({"lr": -1.0}, "lr must be at least 0"),
        ({"lr": float("nan")}, "lr must be"),
        ({"sparsity": 1.5}, "sparsity"),
        ({"initial": "random"}, "initial must be one of"),
        ({"weights": "xavier"}, "weights must be one of"),
        (
            {"model": "nope"},
            "model must be one of mlp, conv2fc2, conv6fc2, spikformer, resnet18, vgg16, vit; got 'nope'",
        ),
        ({"readout": "last"}, "readout must be one of rate, sum, membrane; got 'last'"),
        ({"surrogate": "sigmoid"}, "surrogate must be one of rect, atan; got 'sigmoid'"),
        ({"optimizer": "rmsprop"}, "optimizer must be one of sgd, sgd_plain, adam, adamw"),
        ({"learner": "stp", "encoding": "rate", "readout": "sum"}, "set readout to 'rate'; got 'sum'"),
        ({"learner": "stp", "encoding": "rate", "model": "conv2fc2"}, "set model to 'mlp'.*got 'conv2fc2'"),
        ({"delta": 2.0}, "delta"),
        ({"removal": "none"}, "removal"),
        ({"threshold": 0.0}, "threshold must be positive"),
        ({"clip": 0.0}, "clip must be positive"),
        ({"lr": "abc"}, "lr must be a number"),
        ({"clip": "abc"}, "clip must be a number"),
        ({"threshold": "abc"}, "threshold must be a number"),
        ({"spiking": "no"}, "spiking must be True or False"),
        ({"augment": 1}, "augment must be one of none, crop_flip, shift, autoaugment, cutout; got 1"),
        ({"max_shift": -1}, "max_shift must be a whole number of at least 0"),
        ({"activation": "tanh"}, "activation must be one of relu, .*; got 'tanh'"),
        ({"bias": 1}, "bias must be True or False"),
        ({"dropout": 1.0}, "dropout must lie below 1"),
        ({"dropout": -0.1}, "dropout must"),
        ({"label_smoothing": 1.0}, "label_smoothing must lie below 1"),
        ({"loss": "smooth"}, r"loss must be one of mse, cross_entropy; got 'smooth' .*LOSSES.register"),
        ({"encoding": "code"}, "encoding must be one of direct, rate, events"),
        ({"learner": "luck"}, "learner must be one of gradient, stp"),
        ({"lr_schedule": "wave"}, "lr_schedule must be one of constant, cosine, steps, milestones, linear"),
        ({"lr_schedule": "milestones"}, "give milestones, .*with lr_schedule='milestones' and only then"),
        ({"milestones": (3, 5)}, "give milestones.*with lr_schedule='milestones'.*'cosine'"),
        ({"lr_schedule": "milestones", "milestones": (5, 5)}, "milestones must rise"),
        ({"lr_schedule": "milestones", "milestones": (0, 5)}, "each of milestones must be a whole number"),
        ({"lr_schedule": "milestones", "milestones": 5}, "milestones must be a tuple of epochs"),
        ({"linear_over": 0.0}, "linear_over must be above 0"),
        ({"linear_end": 1.5}, "linear_end"),
        ({"course": "steps", "lr_schedule": "steps"}, "course is the former name of lr_schedule"),
        ({"learner": "stp", "encoding": "rate", "dropout": 0.1}, "S-TP has no dropout: set it to 0"),
        ({"learner": "stp", "encoding": "rate", "label_smoothing": 0.1}, "S-TP has no label_smoothing"),
        ({"permanent": "no"}, "permanent must be True or False"),
        ({"mixed": "no"}, "mixed must be True or False"),
        ({"dense": "no"}, "dense must be True or False"),
        ({"options": 5}, "options must be pairs"),
        ({"options": (("hidden", 1, 2),)}, "options must be pairs"),
        ({"sparsity": 1.0}, "sparsity must lie below 1"),
        ({"learner": "stp", "encoding": "rate", "window": 9}, "window must be at most steps = 8"),
        ({"learner": "stp", "encoding": "rate", "spiking": False}, "set spiking to True"),
        ({"seed": -1}, "seed must be"),
        ({"learner": "stp"}, "set encoding to 'rate'"),
        ({"dense": True, "sparsity": 0.5}, "the recipe is dense and has no topology"),
    ],
)
def test_values_that_do_not_fit_are_named(changes, words):
    with pytest.raises((ValueError, TypeError), match=words):
        Recipe().replace(**changes)


REGISTRIES = [
    ACTIVATIONS,
    ARCHITECTURES,
    AUGMENTATIONS,
    ENCODINGS,
    LEARNERS,
    LOSSES,
    LR_SCHEDULES,
    OPTIMIZERS,
    READOUTS,
    SURROGATES,
]


@pytest.mark.parametrize("registry", REGISTRIES, ids=lambda registry: registry.kind)
def test_every_name_leads_to_something_and_users_are_told_where_to_register(registry):
    assert registry.built_in
    assert all(callable(getattr(one, "build", one)) for one in registry.values())
    module, _, attribute = registry.public.rpartition(".")
    assert getattr(import_module(module), attribute) is registry


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"course": "steps"}, {"lr_schedule": "steps"}),
        ({"augment": True}, {"augment": "crop_flip"}),
        ({"augment": False}, {"augment": "none"}),
    ],
)
def test_former_names_of_fields_and_values_are_read_for_good(old, new):
    recipe = Recipe().replace(**new)
    assert Recipe().replace(**old) == recipe == Recipe.of(old)
    written = json.loads(json.dumps(write_old_names(recipe.flat())))
    assert {name: written[name] for name in old} == old
    assert Recipe.of(written) == recipe == Recipe.of(recipe.flat())
    changes = [f"{name}={value}" for name, value in old.items()]
    assert choose_recipe("digits-2fc", changes, dense=False) == PRESETS["digits-2fc"].replace(**new)


def test_the_parts_read_former_values_too():
    assert Task(augment=True) == Task(augment="crop_flip")
    assert Task(augment=False) == Task()


@pytest.mark.parametrize("name", PRESETS)
def test_names_of_runs_are_made_of_former_names(name):
    flat = PRESETS[name].flat()
    assert read_old_names(write_old_names(flat)) == flat
    assert write_old_names(read_old_names(write_old_names(flat))) == write_old_names(flat)
    assert {"course", "augment"} <= set(write_old_names(flat))
    assert "lr_schedule" not in write_old_names(flat)


def test_what_a_user_adds_to_a_table_may_be_named(monkeypatch):
    monkeypatch.setitem(SURROGATES, "flat", SURROGATES["rect"])
    monkeypatch.setitem(ARCHITECTURES, "mine", ARCHITECTURES["mlp"])
    net = Recipe().replace(model="mine", surrogate="flat", learner="stp", encoding="rate").net
    assert (net.model, net.surrogate) == ("mine", "flat")
    monkeypatch.undo()
    with pytest.raises(ValueError, match="surrogate must be one of rect, atan; got 'flat'"):
        Recipe().replace(surrogate="flat")


def test_recipes_need_no_torch():
    script = (
        "import sys; from netsci.train import PRESETS, Recipe, LEARNERS\n"
        "for recipe in PRESETS.values(): recipe.replace(seed=3, lr=0.5).flat()\n"
        "assert 'stp' in LEARNERS; hash(Recipe()); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


@pytest.mark.parametrize("values", [3, None, "lr", {3: 4}])
def test_a_recipe_is_made_of_values_by_field(values) -> None:
    with pytest.raises(TypeError, match="values must be a dictionary of values by field"):
        Recipe.of(values)


def test_a_method_brings_its_values_under_those_that_are_given(monkeypatch):
    monkeypatch.setitem(SETTINGS, "set", {"schedule": "static", "zeta": 0.25})
    monkeypatch.setitem(SETTINGS, "rigl", {"until": 0.75})
    assert (Topology(method="set").schedule, Topology(method="set").zeta) == ("static", 0.25)
    assert Topology(method="set", zeta=0.3).zeta == 0.3
    own = Recipe().replace(sparsity=0.9).replace(method="set")
    assert (own.topology.sparsity, own.topology.zeta) == (0.9, 0.25)
    other = own.replace(method="rigl").topology
    assert (other.sparsity, other.zeta, other.schedule, other.until) == (0.9, 0.3, "cosine", 0.75)
    kept = own.replace(zeta=0.1).replace(method="rigl").topology
    assert kept.zeta == 0.1
    assert Recipe.of(own.flat()) == own


def test_a_recipe_from_before_a_field_has_no_value_of_the_method_there(monkeypatch):
    """Its run had the plain default: a method's own value for a later field must not change it."""
    monkeypatch.setitem(SETTINGS, "rigl", {"allocation": "erk"})
    old = Recipe().replace(method="rigl", allocation="uniform").flat()
    del old["allocation"]
    assert Recipe.of(old).topology.allocation == "uniform"
    assert Recipe.of({"method": "rigl"}).topology.allocation == "erk"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"sparsity": {"conv": 1.0}}, "sparsity must lie below 1"),
        ({"sparsity": ()}, "sparsity must be a number, or a mapping such as"),
        ({"allocation": "best"}, "allocation must be one of"),
        ({"initial_options": (("sigma", 2.0),)}, "initial_options of 'sscti' must be among least_activity"),
        ({"regrowth": {"conv": "random"}}, "regrowth must be a score, or a score for 'conv' and one"),
        ({"steepness": "fast"}, "steepness must be a positive number such as 6, or a text"),
        ({"steepness": 0.0}, "steepness must be"),
        ({"excess": (0.1,)}, "excess must be .. or .more density"),
        ({"mixup": -1.0}, "mixup must be at least 0"),
        ({"normalise": True, "encoding": "rate"}, "normalise must be False for encoding 'rate'"),
        ({"augment": "shift+blur"}, "augment must be one of"),
        ({"augment": 3}, "augment must be one of"),
    ],
)
def test_new_fields_are_checked(changes, words):
    with pytest.raises((TypeError, ValueError), match=words):
        Recipe().replace(**changes)


def test_kinds_of_layers_become_pairs_and_survive_json():
    recipe = Recipe().replace(
        sparsity={"conv": 0.78, "linear": 0.99}, initial_sparsity={"conv": 0.2}, density_schedule="sigmoid"
    )
    assert recipe.topology.first_sparsity == (("conv", 0.2), ("linear", 0.99))
    assert Recipe.of(json.loads(json.dumps(recipe.flat()))) == recipe
    hash(recipe)

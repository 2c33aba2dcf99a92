import json
import subprocess
import sys
from dataclasses import fields

import pytest

from netsci.models.readout import READOUTS
from netsci.spiking import SURROGATES
from netsci.train import PRESETS, Net, Optimisation, Recipe, Task, Topology, recipe
from netsci.train.build import MODELS


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
        ({"learning_rate": 1.0}, "no 'learning_rate'; it has alpha"),
        ({"steps": 0}, "steps must be a whole number of at least 1"),
        ({"steps": True}, "steps must be"),
        ({"lr": -1.0}, "lr must be at least 0"),
        ({"lr": float("nan")}, "lr must be"),
        ({"sparsity": 1.5}, "sparsity"),
        ({"initial": "random"}, "initial must be one of"),
        ({"weights": "xavier"}, "weights must be one of"),
        ({"model": "nope"}, "model must be one of mlp, conv2fc2, conv6fc2, spikformer, resnet18; got 'nope'"),
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
        ({"augment": 1}, "augment must be True or False"),
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
        ({"dense": True, "sparsity": 0.5}, "a dense network has no topology"),
    ],
)
def test_values_that_do_not_fit_are_named(changes, words):
    with pytest.raises((ValueError, TypeError), match=words):
        Recipe().replace(**changes)


def test_the_names_are_those_of_what_there_is():
    assert set(recipe.MODELS) == set(MODELS)
    assert set(recipe.SURROGATES) == set(SURROGATES)
    assert set(recipe.READOUTS) == set(READOUTS)


def test_what_a_user_adds_to_a_table_may_be_named(monkeypatch):
    monkeypatch.setitem(SURROGATES, "flat", SURROGATES["rect"])
    monkeypatch.setitem(MODELS, "mine", MODELS["mlp"])
    net = Recipe().replace(model="mine", surrogate="flat", learner="stp", encoding="rate").net
    assert (net.model, net.surrogate) == ("mine", "flat")
    monkeypatch.undo()
    with pytest.raises(ValueError, match="surrogate must be one of rect, atan; got 'flat'"):
        Recipe().replace(surrogate="flat")


def test_recipes_need_no_torch():
    script = "import sys; from netsci.train import Recipe; Recipe(seed=3); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"

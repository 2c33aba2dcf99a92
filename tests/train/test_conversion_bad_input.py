"""Training for conversion refuses what cannot be, and says what to do."""

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from netsci.convert.aec import AEC
from netsci.models import ARCHITECTURES, Architecture
from netsci.train import FINE_TUNING, freeze_links, load_network, train, tune_for_conversion
from netsci.train.activations import say_bad_threshold
from netsci.train.epoch import DivergedError
from tests.train.conversion_files import MLP, make_files
from tests.train.test_command import run


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return make_files(tmp_path_factory)


BAD = [
    ({"activation": "qcfs", "activation_options": (("levels", 0),)}, "levels of activation_options"),
    ({"activation": "qcfs", "activation_options": (("level", 4),)}, "not contain 'level'.*did you mean"),
    ({"activation": "qcfs", "activation_options": (("theta", "p99"),)}, "theta of activation_options"),
    ({"activation": "qcfs", "activation_options": (("theta", 0.0),)}, "theta of activation_options"),
    ({"activation": "aec", "activation_options": (("levels", 4),)}, "it takes window, start"),
    ({"activation_options": (("levels", 4),)}, "it takes none"),
    ({"activation": "qcfs", "spiking": True}, "set spiking=False"),
    ({"activation": "qcfs", "start": "0" * 64, "method": "set"}, "links must stay: take method='static'"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "message"), BAD)
def test_a_recipe_that_cannot_be_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        MLP.replace(**changes)


def test_what_cannot_start_is_refused_with_the_mend(files, tmp_path, monkeypatch):
    quantised = MLP.replace(activation="qcfs")
    with pytest.raises(ValueError, match="give that network"):
        train(MLP.replace(activation="aec"))
    with pytest.raises(ValueError, match="holds no activation; give it hidden layers"):
        train(quantised.replace(options=(("hidden", ()),), dense=True))
    with pytest.raises(ValueError, match=r"'cs_qcfs' has a threshold for each channel.*take 'sqcfs'"):
        train(quantised.replace(activation="cs_qcfs"))
    trained = freeze_links(files["mlp-1"])
    with pytest.raises(ValueError, match=r"theta of activation_options .*leave it out; got 'max'"):
        train(trained.replace(activation_options=(("theta", "max"),)), network=files["mlp-1"])
    with pytest.raises(ValueError, match=r"was trained with thresholds, such as 'activations.0.lam'"):
        train(trained.replace(activation="relu", activation_options=()), network=files["mlp-1"])
    with pytest.raises(ValueError, match="was trained with thresholds"):
        train(trained.replace(activation="aec", activation_options=()), network=files["mlp-1"])

    def deaf(shape, classes, activation, links):
        return nn.Sequential(nn.Flatten(), nn.Linear(64, 8), nn.ReLU(), nn.Linear(8, classes))

    def double(shape, classes, activation, links):
        layers = [nn.Flatten(), nn.Linear(64, 8), activation(), nn.Linear(8, 8), nn.ReLU()]
        return nn.Sequential(*layers, nn.Linear(8, classes))

    for build, message in ((deaf, "holds no activation"), (double, "and no other ReLU; '4' does not fit")):
        monkeypatch.setitem(ARCHITECTURES, "own", Architecture(build, takes={"activation"}))
        with pytest.raises(ValueError, match=message):
            train(quantised.replace(model="own", options=(), dense=True, bias=False))


@pytest.mark.parametrize("kind", ["theta", "lam", "some", "channels", "code"])
def test_thresholds_of_a_foreign_file_are_checked(kind, files, tmp_path):
    source = files["conv-1" if kind == "channels" else "mlp-1"]
    recipe, tensors = freeze_links(source).replace(start=""), load_file(source)
    messages = {
        "theta": "thresholds above 0; that of 'activations.0' is -0.5.*activation='sqcfs'",
        "lam": "thresholds above 0; that of 'activations.0' is 0",
        "some": "thresholds of 'activations.0' and none of 'activations.1'",
        "channels": "has 4 thresholds in 'neuron1', and the recipe 1: take activation='cs_qcfs'",
        "code": "codes with theta, k and scale above 0; k1 of 'activations.0' is -1",
    }
    if kind == "theta":
        recipe = recipe.replace(activation="qcfs")
        for i in (0, 1):
            del tensors[f"activations.{i}.lam"]
            tensors[f"activations.{i}.theta"] = torch.tensor(-0.5)
    elif kind == "lam":
        tensors["activations.0.lam"] = torch.tensor(-200.0)
    elif kind == "some":
        del tensors["activations.1.lam"]
    elif kind == "channels":
        name = next(name for name in tensors if name.endswith(".lam"))
        tensors[name] = torch.ones(4)
        messages["channels"] = messages["channels"].replace("neuron1", name.removesuffix(".lam"))
    else:
        recipe = recipe.replace(activation="aec", activation_options=())
        for i in (0, 1):
            del tensors[f"activations.{i}.lam"]
            code = AEC(8).state_dict() | {"k1": torch.tensor(-1.0)}
            tensors |= {f"activations.{i}.{key}": value for key, value in code.items()}
    path = tmp_path / "foreign.safetensors"
    save_file(tensors, path)
    with pytest.raises(ValueError, match=messages[kind]):
        train(recipe, network=path, stop_after=0)


def test_a_threshold_of_qcfs_becomes_a_lambda_and_back(files, tmp_path):
    tensors, one = load_file(files["mlp-1"]), load_network(files["mlp-1"])
    for i in (0, 1):
        del tensors[f"activations.{i}.lam"]
        tensors[f"activations.{i}.theta"] = one.activations[i].theta.detach().clone()
    path = tmp_path / "theta.safetensors"
    save_file(tensors, path)
    recipe = freeze_links(files["mlp-1"]).replace(start="")
    for activation in ("sqcfs", "qcfs"):
        model = train(recipe.replace(activation=activation), network=path, stop_after=0).model
        for i in (0, 1):
            assert float(model.activations[i].theta.detach()) == pytest.approx(
                float(one.activations[i].theta.detach()), rel=1e-5
            )


def test_a_threshold_that_falls_below_zero_ends_the_run():
    recipe = MLP.replace(activation="qcfs", lr=1e-4)

    def spoil(moment):
        if moment.epoch == 1:
            moment.model.activations[1].theta.data.fill_(-1.0)

    with pytest.raises(DivergedError, match=r"epoch 2 the threshold of 'activations.1' became -.*'sqcfs'"):
        train(recipe, observe=spoil)
    code = nn.Sequential(AEC(8))
    assert say_bad_threshold(code) == ""
    code[0].k2.data.fill_(0.0)
    assert say_bad_threshold(code) == "a theta or k of '0' became 0: lower lr"


def test_a_fine_tuning_asks_for_what_it_begins_with(files):
    assert set(FINE_TUNING) == {"qcfs", "cs-qcfs-1", "cs-qcfs-2", "aec"}
    with pytest.raises(ValueError, match="cs-qcfs-2 begins with 'sqcfs': train it with cs-qcfs-1 first"):
        tune_for_conversion(files["mlp"], "cs-qcfs-2")
    with pytest.raises(ValueError, match="aec begins with 'relu': give the network of ReLUs"):
        tune_for_conversion(files["mlp-1"], "aec")
    with pytest.raises(ValueError, match="name must be one of qcfs"):
        tune_for_conversion(files["mlp"], "qcf")
    for name in ("qcfs", "cs-qcfs-1", "aec"):
        recipe = tune_for_conversion(files["conv"], name)
        assert recipe.topology.method == "static"
        assert recipe.net.start


def test_a_fine_tuning_on_the_command_line_asks_for_a_network_and_keeps_its_links(files):
    found = run("--preset", "qcfs")
    assert found.exit_code == 2
    assert "give it as --network" in " ".join(found.output.split())
    for more, said in ((("--dense",), "--dense"), (("--method", "set"), "--method set")):
        found = run("--preset", "qcfs", "--network", files["mlp"], *more)
        assert found.exit_code == 2
        assert f"leave out {said}" in " ".join(found.output.split())

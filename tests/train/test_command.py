"""The command `netsci train`, from a preset to a report, and its errors."""

import builtins
import json

import pandas as pd
import pytest
from safetensors.torch import load_file, save_file
from typer.testing import CliRunner

from netsci.cli import app
from netsci.train import FINE_TUNING, METHODS, PRESETS, Recipe, load_network
from netsci.train.command import _say_unmoved, choose_recipe, say_late, use_method
from netsci.train.lists import list_methods, list_presets

SMALL = ["limit=80", "test_limit=40", "epochs=2", "steps=2", "sparsity=0.8", "options=(('hidden', (16,)),)"]


def run(*arguments, changes=()):
    options = [part for change in changes for part in ("--set", change)]
    return CliRunner().invoke(app, ["train", *map(str, arguments), *options], env={"COLUMNS": "200"})


def test_presets_are_listed():
    shown = run("--list")
    assert shown.exit_code == 0
    assert [line.split()[0] for line in list_presets().splitlines()] == [*PRESETS, *FINE_TUNING]
    assert shown.stdout.strip() == list_presets()


def test_a_run_its_files_and_its_report(tmp_path):
    out = tmp_path / "my run"
    shown = run("--out", out, changes=SMALL)
    assert shown.exit_code == 0, shown.output
    table = pd.read_csv(out / "table.csv")
    accuracy = table[(table["measure"] == "accuracy") & (table["epoch"] == 2)]["value"].item()
    assert f"{accuracy:.4g}" in shown.stdout
    assert f"netsci report '{out}/network.safetensors'" in shown.stdout
    assert json.loads((out / "recipe.json").read_text())["limit"] == 80
    told = CliRunner().invoke(app, ["inspect", "--json", str(out / "network.safetensors")])
    assert json.loads(told.stdout)["kind"]
    page = tmp_path / "r.html"
    reported = CliRunner().invoke(app, ["report", str(out / "network.safetensors"), "-o", str(page)])
    assert reported.exit_code == 0, reported.output
    assert page.stat().st_size > 10_000


def test_a_second_call_goes_on_and_anew_begins_again(tmp_path):
    run("--out", tmp_path, changes=SMALL)
    first = (tmp_path / "checkpoint.safetensors").read_bytes()
    assert run("--out", tmp_path, changes=SMALL).exit_code == 0
    assert (tmp_path / "checkpoint.safetensors").read_bytes() == first  # finished: nothing was done
    other = run("--out", tmp_path, changes=[*SMALL, "lr=0.5"])
    assert other.exit_code == 2
    assert "another recipe" in other.stderr
    assert "lr is 0.005 there and 0.5 here" in other.stderr
    assert run("--out", tmp_path, "--anew", changes=[*SMALL, "lr=0.5"]).exit_code == 0


def test_a_dense_network_has_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    changes = [change for change in SMALL if not change.startswith("sparsity")]
    assert run("--dense", changes=changes).exit_code == 0
    assert (tmp_path / "runs" / "digits-2fc-dense" / "network.safetensors").is_file()


def test_values_are_literals_or_words():
    changes = ["early_stop=None", "initial=uniform", "lr=1e-2", "augment=False"]
    recipe = choose_recipe("digits-2fc", changes, dense=False)
    assert (recipe.topology.early_stop, recipe.topology.initial) == (None, "uniform")
    assert (recipe.optimisation.lr, recipe.task.augment) == (0.01, "none")
    assert choose_recipe("digits-2fc", ["dense=True"], dense=False).topology is None
    both = ["learner=stp", "encoding=rate", "readout=rate"]
    assert choose_recipe("digits-2fc", both, dense=False).optimisation.learner == "stp"


@pytest.mark.parametrize(
    ("arguments", "changes", "said"),
    [
        (["--preset", "nope"], [], "preset must be one of digits-2fc, mnist-2fc"),
        ([], ["lr"], "--set takes NAME=VALUE"),
        ([], ["rate=1"], "a recipe has no field 'rate'"),
        ([], ["lr=abc"], "lr must be a number; got 'abc'"),
        ([], ["spiking=no"], "spiking must be True or False"),
        ([], ["model=nope"], "model must be one of"),
        ([], ["options=()"], "hidden"),
        ([], ["data=nope"], "name must be one of"),
        (["--device", "nonsense"], [], "device must be one"),
        (["--dense"], ["sparsity=0.5"], "the recipe is dense and has no topology"),
    ],
)
def test_mistakes_are_one_line_and_exit_code_2(tmp_path, arguments, changes, said):
    shown = run("--out", tmp_path / "a", *arguments, changes=changes)
    assert shown.exit_code == 2
    assert said in shown.stderr
    assert "Traceback" not in shown.output
    assert not isinstance(shown.exception, (TypeError, ValueError))


def test_missing_data_say_what_to_put_where(tmp_path, monkeypatch):
    monkeypatch.setenv("NETSCI_DATA", str(tmp_path / "none"))
    shown = run("--preset", "mnist-2fc", "--out", tmp_path / "a")
    assert shown.exit_code in (1, 2)
    assert "train-images-idx3-ubyte" in shown.stderr
    assert str(tmp_path / "none") in shown.stderr


def test_a_folder_that_cannot_be_written_is_told_before_the_work(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr("netsci.train.start.build", lambda *a: pytest.fail("built"))
    for out in (tmp_path / "file", tmp_path / "file" / "sub"):
        shown = run("--out", out, changes=SMALL)
        assert shown.exit_code == 2
        assert "cannot be written" in shown.stderr
    assert (tmp_path / "file").read_text() == ""


def test_without_torch_it_says_what_to_install(tmp_path, monkeypatch):
    real = builtins.__import__

    def without(name, *rest):
        if name == "netsci.train.loop":
            raise ModuleNotFoundError("No module named 'torch'", name="torch")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    shown = run("--out", tmp_path / "a", changes=SMALL)
    monkeypatch.undo()
    assert shown.exit_code == 1
    assert "netsci-suite[torch]" in shown.stderr


def test_links_that_never_changed_are_said(tmp_path):
    """An epoch of three steps: RigL's hundred never come, but one does. Static links are not said."""
    small = ["limit=60", "test_limit=20", "epochs=1", "steps=1", "batch=20", "options=(('hidden', (16,)),)"]
    words = "the links never changed: with evolve_every='100 steps'"
    for name, changes, said in (("rare", [], True), ("often", ["evolve_every=1 step"], False)):
        shown = run("--method", "rigl", "-o", tmp_path / name, changes=[*small, *changes])
        assert shown.exit_code == 0, shown.output
        assert (words in " ".join(shown.output.split())) == said, shown.output
    still = [
        Recipe().replace(method="static"),
        Recipe().replace(evolve_every=0),
        Recipe().replace(dense=True),
    ]
    assert [_say_unmoved(recipe) for recipe in still] == ["", "", ""]


def test_methods_are_listed_with_their_sources():
    shown = run("--methods")
    assert shown.exit_code == 0
    assert shown.stdout.strip() == list_methods()
    lines = list_methods().splitlines()
    assert [line.split()[0] for line in lines] == ["dense", *METHODS.built_in]
    assert all(line.endswith(")") for line in lines)


def test_a_method_brings_its_settings_to_any_preset():
    for preset in PRESETS:
        for method in METHODS.built_in:
            recipe = choose_recipe(preset, [], dense=False, method=method)
            assert recipe.topology.method == method
            assert recipe.task == PRESETS[preset].task
    assert choose_recipe("digits-2fc", [], dense=False, method="dense").topology is None
    rigl = choose_recipe("digits-2fc", ["until=0.5"], dense=False, method="rigl").topology
    assert (rigl.sparsity, rigl.allocation, rigl.until) == (0.95, "erk", 0.5)
    assert choose_recipe("digits-stp-3fc", [], dense=False, method="set").topology.zeta == 0.35
    conv = choose_recipe("cifar10-6conv2fc", [], dense=False, method="cht_conv").topology
    assert dict(conv.sparsity) == {"conv": 0.78, "linear": 0.99}


def test_a_run_by_another_method_has_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shown = run("--method", "set", changes=SMALL)
    assert shown.exit_code == 0, shown.output
    assert json.loads((tmp_path / "runs" / "digits-2fc-set" / "recipe.json").read_text())["method"] == "set"


@pytest.mark.parametrize(
    ("arguments", "changes", "words"),
    [
        (["--method", "rigle"], [], "did you mean 'rigl'? See netsci train --methods"),
        (["--method", "nothing like it"], [], "dense, ch_snn, static, set, rigl"),
        (["--method", "cht_conv"], [], "needs convolutions, and this network has none: take method 'chtss'"),
        (["--method", "set", "--dense"], [], "exclude each other"),
        (["--method", "gmp"], ["zeta=0.5"], "method 'gmp' does not use zeta"),
        (["--method", "dpap"], ["spiking=False", "sparsity=0.0"], "method 'dpap' reads spikes over time"),
        (["--method", "grad_r"], ["sparsity=0.4"], "sparsity must be at least 0.5 in every layer"),
        (["--method", "sd_snn"], ["sparsity=0.5"], "method 'sd_snn' does not use sparsity"),
    ],
)
def test_methods_that_do_not_fit_say_what_would(arguments, changes, words, tmp_path):
    shown = run(*arguments, "--out", tmp_path / "x", changes=[*SMALL, *changes])
    assert shown.exit_code == 2
    assert words in shown.stderr
    assert "Traceback" not in shown.output


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    assert run("--out", folder, changes=SMALL).exit_code == 0
    return folder


def test_a_run_starts_from_a_network_by_the_recipe_in_it(trained, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    network = trained / "network.safetensors"
    shown = run("--network", network, "--method", "static", changes=["epochs=1", "lr=1e-4"])
    assert shown.exit_code == 0, shown.output
    out = tmp_path / "runs" / f"{trained.name}-on-static"
    recipe = json.loads((out / "recipe.json").read_text())
    assert (recipe["method"], recipe["limit"], recipe["epochs"], len(recipe["start"])) == (
        "static",
        80,
        1,
        64,
    )
    assert (out / "start.safetensors").read_bytes() == network.read_bytes()
    first, last = (load_network(path).layers[0].links for path in (network, out / "network.safetensors"))
    assert (first != last).nnz == 0
    again = run("--network", trained, "--out", tmp_path / "b", changes=["epochs=1"])  # its folder does, too
    assert again.exit_code == 0, again.output
    assert json.loads((tmp_path / "b" / "recipe.json").read_text())["method"] == "ch_snn"
    other = run("--network", network, "--preset", "digits-2fc", "--out", tmp_path / "c", changes=SMALL)
    assert other.exit_code == 0, other.output


def test_the_same_command_goes_on_where_the_network_is_gone(trained, tmp_path):
    network = tmp_path / "moved.safetensors"
    network.write_bytes((trained / "network.safetensors").read_bytes())
    arguments = ["--network", network, "--method", "static", "--out", tmp_path / "run"]
    assert run(*arguments, changes=["epochs=1"]).exit_code == 0
    done = (tmp_path / "run" / "network.safetensors").read_bytes()
    network.unlink()
    again = run(*arguments, changes=["epochs=1"])
    assert again.exit_code == 0, again.output
    assert (tmp_path / "run" / "network.safetensors").read_bytes() == done


@pytest.mark.parametrize(
    ("arguments", "changes", "said"),
    [
        (["--network", "none.safetensors"], [], "none.safetensors cannot be read"),
        (["--dense"], [], "and the recipe is dense: take --method static"),
        ([], ["sparsity=0.5"], "--method static takes them from the file"),
        (["--preset", "digits-mlp"], [], "does not fit the recipe"),
        ([], ["start=" + "a" * 64], "which the recipe names as start"),
    ],
)
def test_networks_that_do_not_fit_are_told_in_one_line(trained, tmp_path, arguments, changes, said):
    given = [] if "--network" in arguments else ["--network", trained / "network.safetensors"]
    shown = run(*given, *arguments, "--out", tmp_path / "x", changes=changes)
    assert shown.exit_code == 2
    assert said in shown.stderr
    assert "Traceback" not in shown.output


def test_a_network_without_a_recipe_needs_a_preset(trained, tmp_path):
    bare = tmp_path / "bare.safetensors"
    save_file(load_file(trained / "network.safetensors"), bare)
    assert (
        "give the one to train it by, as --preset" in run("--network", bare, "--out", tmp_path / "x").stderr
    )
    given = ["--network", bare, "--preset", "digits-2fc", "--out", tmp_path / "y"]
    assert run(*given, changes=SMALL).exit_code == 0


def test_a_run_that_ends_before_its_method_acts_says_so(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    small = ("limit=50", "test_limit=20", "steps=2", "epochs=1", "options=(('hidden', (16,)),)")
    for method, first in (("sd_snn", "38 (convolutions: 38)"), ("dpap", "12 (convolutions: 26)")):
        shown = run("--method", method, "-o", method, changes=small)
        said = f"'{method}' removes no link within epochs=1: the first can go after epoch {first}"
        assert said in shown.output
    assert say_late(use_method(PRESETS["digits-2fc"].replace(epochs=38), "sd_snn")) == ""
    assert say_late(use_method(PRESETS["digits-2fc"].replace(epochs=12), "dpap")) == ""
    assert say_late(PRESETS["digits-2fc"].replace(dense=True)) == ""

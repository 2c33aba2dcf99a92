"""Bad input of `netsci train`: the mend, exit code 2 or 3, no traceback, nothing half-written."""

import re

import pandas as pd
import pytest
from typer.testing import CliRunner

from netsci.cli import app
from netsci.train import PRESETS, Recipe
from netsci.train.inputs import Inputs

SMALL = ["limit=60", "test_limit=20", "epochs=1", "steps=1", "options=(('hidden', (16,)),)"]
NAMES = "name 'linear', or one of layers.0"
EMPTY = "must (have|keep) at least one link.*lower the sparsity"


def refuse(tmp_path, arguments, changes):
    """What the command says on the standard error."""
    options = [part for change in [*SMALL, *changes] for part in ("--set", change)]
    out = tmp_path / "new" / "run"
    shown = CliRunner().invoke(
        app, ["train", *arguments, "--out", str(out), *options], env={"COLUMNS": "200"}
    )
    assert shown.exit_code in (2, 3)
    assert "Traceback" not in shown.output
    assert isinstance(shown.exception, SystemExit)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not out.exists()
    return shown.stderr


@pytest.mark.parametrize(
    ("arguments", "changes", "words"),
    [
        ([], ["sparsity=0"], r"sparsity must leave a layer sparse.*set dense=True"),
        ([], ["sparsity=1"], r"sparsity must lie below 1: a network without links cannot learn"),
        ([], ["sparsity=-0.1"], r"sparsity must lie in \[0, 1\]; got -0.1"),
        ([], ["sparsity=1.5"], r"sparsity must lie in \[0, 1\]; got 1.5"),
        ([], ["sparsity=nan"], r"sparsity must be a number; got 'nan'"),
        ([], ["sparsity={'layers.0': 1.0}"], r"sparsity must lie below 1"),
        ([], ["sparsity=0.9999"], EMPTY),
        (["--method", "set"], ["sparsity=0.9999"], EMPTY),
        (["--method", "rigl"], ["sparsity=0.9999"], EMPTY),
        (["--method", "gmp"], ["sparsity=0.9999"], EMPTY),
        (["--method", "chts"], ["sparsity=0.9999"], EMPTY),
        ([], ["sparsity={'conv': 0.5}"], rf"'conv', which matches no layer: {NAMES}"),
        ([], ["sparsity={'layers.9': 0.5}"], rf"'layers.9', which matches no layer: {NAMES}"),
        ([], ["sparsity={'blocks.*.fc1': 0.5}"], rf"'blocks.*.fc1', which matches no layer: {NAMES}"),
        ([], ["spiking=False", "lr=1e30"], r"loss became infinite or NaN in epoch 1: lower lr"),
        (["--method", "chtz"], [], r"did you mean 'cht"),
        (["--method", "cht_conv"], [], r"needs convolutions.*take method 'chtss'"),
    ],
)
def test_mistakes(tmp_path, arguments, changes, words):
    said = " ".join(refuse(tmp_path, arguments, changes).split())
    assert re.search(words, said), said


@pytest.mark.parametrize("preset", ["mnist-2fc", "cifar10-6conv2fc"])
def test_data_without_the_files(tmp_path, monkeypatch, preset):
    monkeypatch.setenv("NETSCI_DATA", str(tmp_path / "none"))
    said = refuse(tmp_path, ["--preset", preset], [])
    assert str(tmp_path / "none") in said
    with pytest.raises((FileNotFoundError, ValueError), match="none"):
        Inputs(Recipe.of(PRESETS[preset].flat()), "cpu")


def test_links_without_a_place_are_said_once_of_a_layer(tmp_path):
    changes = [
        *("limit=80", "test_limit=20", "epochs=3", "steps=1", "options=(('hidden', (16, 16)),)"),
        *("sparsity=0.9", "zeta=0.9", "schedule=static", "early_stop=None"),
    ]
    options = [part for change in changes for part in ("--set", change)]
    shown = CliRunner().invoke(app, ["train", "--out", str(tmp_path), *options], env={"COLUMNS": "200"})
    assert shown.exit_code == 0, shown.output
    said = [line for line in shown.stdout.splitlines() if "lacks" in line]
    assert said
    assert len({line.split()[3] for line in said}) == len(said)
    assert re.match(
        r"epoch \d: layer layers.\d lacks \d+ links of the number wanted.*permanent=False", said[0]
    )
    table = pd.read_csv(tmp_path / "table.csv")
    epoch, name, lacking = int(said[0].split()[1][:-1]), said[0].split()[3], int(said[0].split()[5])
    held = table[(table["layer"] == name) & (table["measure"] == "links")].set_index("epoch")["value"]
    assert held[0] - held[epoch] == lacking > 0

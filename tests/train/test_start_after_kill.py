"""A run that starts from another one's network, is killed at random moments and resumed, ends as if never
stopped, also where the file it started from is gone."""

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import torch

from netsci.sparse import sparse_layers
from netsci.train import (
    FINE_TUNING,
    PRESETS,
    freeze_links,
    load_checkpoint,
    load_network,
    train,
    tune_for_conversion,
)
from netsci.train.folder import CHECKPOINT, NETWORK, START
from tests.train.conversion_files import CONV
from tests.train.test_resume_after_kill import SCRIPT

KILLS = 5  # twenty in the four trainings for a conversion
RECIPE = PRESETS["digits-2fc"].replace(
    options=(("hidden", (32, 32)),), steps=2, epochs=12, batch=40, sparsity=0.8, limit=300, test_limit=30
)
GIVEN = ("train(recipe, folder=folder)", "train(recipe, folder=folder, network=folder + '-from')")


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork and SIGKILL")
@pytest.mark.parametrize("kind", ["static", "set", "qcfs", "cs-qcfs-1", "cs-qcfs-2", "aec"])
def test_kills_change_nothing(kind: str, tmp_path: Path) -> None:
    tuned = kind in FINE_TUNING
    start = CONV if kind == "cs-qcfs-2" else RECIPE.replace(epochs=1, spiking=not tuned)
    train(start, folder=tmp_path / "first")
    network = tmp_path / "first" / NETWORK
    if kind == "cs-qcfs-2":
        first = tune_for_conversion(network, "cs-qcfs-1", epochs=1)
        train(first, network=network, folder=tmp_path / "stage-1")
        network = tmp_path / "stage-1" / NETWORK
    recipe = RECIPE.replace(method="set", evolve_every="3 steps", zeta=0.3)
    if kind == "static":
        recipe = freeze_links(network).replace(epochs=12)
    if tuned:
        recipe = tune_for_conversion(network, kind, epochs=12)
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    Path(f"{killed}-from").write_bytes(network.read_bytes())
    script = SCRIPT.replace(*GIVEN)
    assert script.count("-from") == 2
    script = script.replace("train(recipe.replace(limit=50), stop_after=1)", "")
    # half of the kills have fallen: from then on the run has its own copy only
    removal = "    if killed == kills // 2 and epochs():\n        os.remove(folder + '-from')\n"
    script = script.replace("    killed += 1\n", "    killed += 1\n" + removal)
    done = subprocess.run(
        [sys.executable, "-c", script, json.dumps(recipe.flat()), str(killed), str(KILLS)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["killed"] == KILLS
    torch.set_num_threads(1)
    train(recipe, folder=whole, network=network)
    a, b = load_checkpoint(killed / CHECKPOINT), load_checkpoint(whole / CHECKPOINT)
    assert a.recipe == b.recipe
    assert a.epoch == 12
    assert all(torch.equal(a.model[name], b.model[name]) for name in b.model)
    assert (killed / NETWORK).read_bytes() == (whole / NETWORK).read_bytes()
    tables = [pd.DataFrame(c.notes["rows"]) for c in (a, b)]
    tables = [t[~t["measure"].str.contains("seconds")].reset_index(drop=True) for t in tables]
    pd.testing.assert_frame_equal(*tables, check_exact=True)
    first, last = (sparse_layers(load_network(one)) for one in (network, killed / NETWORK))
    same = [(first[name].links != last[name].links).nnz == 0 for name in first]
    assert all(same) == (kind != "set")
    assert not Path(f"{killed}-from").exists()
    assert (killed / START).read_bytes() == network.read_bytes()

"""A run that evolves within epochs, is killed at random moments and resumed ends as if never stopped."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from netsci.train import PRESETS, load_checkpoint, train
from netsci.train.loop import CHECKPOINT

KILLS = 20
RECIPE = PRESETS["digits-2fc"].replace(
    options=(("hidden", (64, 64)),),
    steps=4,
    epochs=60,
    batch=40,
    sparsity=0.9,
    limit=600,
    test_limit=50,
    evolve_every="4 steps",
)
# Forks from a process that has everything loaded: a child starts in no time. A kill falls at a random moment
# after a random epoch, so that a machine of any speed, however busy, kills as often.
SCRIPT = """
import json, os, signal, sys, time
import numpy as np, torch
torch.set_num_threads(1)
from netsci.train import Recipe, train
import netsci.train.loop, netsci.data
recipe, folder, kills = Recipe.of(json.loads(sys.argv[1])), sys.argv[2], int(sys.argv[3])
train(recipe.replace(limit=50), stop_after=1)  # loads what is compiled

def rows():
    try:
        with open(folder + "/table.csv") as table:
            return [line.split(",") for line in table][1:]
    except FileNotFoundError:
        return []

def epochs():  # done, by the last checkpoint
    return max((int(row[0]) for row in rows()), default=0)

rng = np.random.default_rng(7)
log, killed = [], 0
for epoch in sorted(rng.integers(0, recipe.flat()["epochs"] // 2, kills)):
    child = os.fork()
    if child == 0:
        train(recipe, folder=folder)
        os._exit(0)
    while epochs() < epoch:
        time.sleep(0.001)
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            sys.exit(f"the run ended by itself, with {status}, after {epochs()} epochs")
    seconds = [float(row[3]) for row in rows() if row[2] == "seconds"]
    time.sleep(rng.uniform(0, 3) * np.median(seconds or [0.1]))
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status):
        break
    killed += 1
    log.append(epochs())
train(recipe, folder=folder)
print(json.dumps({"killed": killed, "log": log}))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork and SIGKILL")
def test_twenty_kills_change_nothing(tmp_path: Path) -> None:
    killed_run, whole_run = tmp_path / "killed", tmp_path / "whole"
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(RECIPE.flat()), str(killed_run), str(KILLS)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["killed"] == KILLS, f"the run ended after {said['killed']} kills: {said['log']}"
    assert len(set(said["log"])) > KILLS // 2, said["log"]  # the kills fell into many different epochs
    assert said["log"] == sorted(said["log"])  # none lost what was done before it

    torch.set_num_threads(1)
    train(RECIPE, folder=whole_run)
    a, b = load_checkpoint(killed_run / CHECKPOINT), load_checkpoint(whole_run / CHECKPOINT)
    assert (a.epoch, a.step) == (b.epoch, b.step) == (60, 60 * 15)
    assert a.model.keys() == b.model.keys()
    assert all(torch.equal(a.model[name], b.model[name]) for name in a.model)
    for index, state in b.optimizer["state"].items():
        assert all(torch.equal(a.optimizer["state"][index][key], value) for key, value in state.items())
    tables = [pd.DataFrame(c.notes["rows"]) for c in (a, b)]
    tables = [t[~t["measure"].str.contains("seconds")].reset_index(drop=True) for t in tables]
    pd.testing.assert_frame_equal(*tables, check_exact=True)
    assert np.isfinite(tables[0].loc[tables[0]["measure"] == "accuracy", "value"]).all()

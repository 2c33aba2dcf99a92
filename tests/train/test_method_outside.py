"""A method in a file outside the package: registered by its path, killed, resumed to the same bits."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from netsci.train import PRESETS, load_checkpoint
from netsci.train.loop import CHECKPOINT

METHOD = '''
import torch
from netsci.sparse import sparse_layers
from netsci.train.methods.base import Hooks, Method
from netsci.train.methods.ch import CannistraciHebb


class Mine(CannistraciHebb):
    """CH training with noise after each batch that grows with all the gradients so far."""

    def start(self, net, steps, rng):
        return Both(super().start(net, steps, rng), net, rng)


class Both(Hooks):
    def __init__(self, inner, net, rng):
        self.inner, self.net, self.rng = inner, net, rng
        self.total, self.batches = torch.zeros(2), 0

    def needs(self, step):
        return self.inner.needs(step)

    def after_backward(self, step):
        for i, layer in enumerate(list(sparse_layers(self.net).values())[:2]):
            self.total[i] += layer.values.grad.abs().mean()

    def after_step(self, step):
        self.batches += 1
        for i, layer in enumerate(list(sparse_layers(self.net).values())[:2]):
            noise = torch.from_numpy(self.rng(step, 1 + i).standard_normal(layer.n_links)).float()
            layer.values.data += 0.001 * noise * self.total[i]
        return self.inner.after_step(step)

    def after_epoch(self, step):
        return self.inner.after_epoch(step)

    def state_dict(self):
        return {"total": self.total, "batches": self.batches, "inner": self.inner.state_dict()}

    def load_state_dict(self, state):
        self.total, self.batches = state["total"], state["batches"]
        self.inner.load_state_dict(state["inner"])
'''
SCRIPT = """
import json, os, signal, sys
import torch
torch.set_num_threads(1)
from netsci.train import Recipe, train
from netsci.train.methods import METHODS
METHODS.register("mine", "outside:Mine")
folder, kill = sys.argv[2], int(sys.argv[3])

def observe(moment):
    if moment.epoch == kill:
        os.kill(os.getpid(), signal.SIGKILL)  # after the epoch, before its checkpoint

train(Recipe.of(json.loads(sys.argv[1])), folder=folder, observe=observe)
"""
RECIPE = PRESETS["digits-2fc"].replace(
    options=(("hidden", (32, 24)),), steps=2, epochs=6, batch=40, sparsity=0.9, limit=200, test_limit=20,
    evolve_every=0.5,
)  # fmt: skip


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_method_of_a_user_resumes_after_a_kill(tmp_path: Path) -> None:
    (tmp_path / "outside.py").write_text(METHOD)
    recipe = json.dumps(RECIPE.flat() | {"method": "mine"})
    here = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}

    def run(folder: str, kill: int) -> int:
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, recipe, str(tmp_path / folder), str(kill)],
            env=here, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode in (0, -9), done.stderr
        return done.returncode

    assert run("whole", -1) == 0
    assert [run("killed", epoch) for epoch in (2, 5, -1)] == [-9, -9, 0]
    a, b = (load_checkpoint(tmp_path / name / CHECKPOINT) for name in ("whole", "killed"))
    assert all(torch.equal(a.model[name], b.model[name]) for name in a.model)
    assert a.method["batches"] == b.method["batches"] == 30
    assert a.method["inner"] == b.method["inner"]
    assert torch.equal(a.method["total"], b.method["total"])
    assert float(a.method["total"].min()) > 0

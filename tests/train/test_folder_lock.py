"""A run of training holds its folder."""

import json
import os
import subprocess
import sys

import pytest

from netsci.io.lock import LOCK, FolderHeldError, FolderLock, FolderLostError
from netsci.train import PRESETS, load_checkpoint, train
from netsci.train.loop import CHECKPOINT, NETWORK

SMALL = PRESETS["digits-2fc"].replace(
    options=(("hidden", (16,)),), steps=2, epochs=3, sparsity=0.9, limit=100, test_limit=20
)
COMMAND = [sys.executable, "-m", "netsci.cli", "train", "--preset", "digits-2fc", "--set", "limit=100", "-o"]


def test_a_run_holds_its_folder_and_releases_it(tmp_path):
    seen = []
    train(SMALL, folder=tmp_path, observe=lambda moment: seen.append((tmp_path / LOCK).exists()))
    assert seen == [True] * 4
    assert not (tmp_path / LOCK).exists()


def test_a_command_on_a_folder_in_use_is_told_who_uses_it(tmp_path):
    with FolderLock(tmp_path):
        told = subprocess.run([*COMMAND, str(tmp_path)], capture_output=True, text=True, check=False)
        assert [path.name for path in tmp_path.iterdir()] == [LOCK]
    assert told.returncode == 2
    said = " ".join(told.stderr.split())
    assert "is in use by another run" in said
    assert f"process {os.getpid()}" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("epoch", [2, 3])
def test_a_run_whose_folder_was_taken_over_writes_nothing_more(tmp_path, epoch):
    def take_over(moment):
        if moment.epoch == epoch:
            said = json.loads((tmp_path / LOCK).read_text())
            (tmp_path / LOCK).unlink()
            (tmp_path / LOCK).write_text(json.dumps({**said, "token": "another"}))

    with pytest.raises(FolderLostError):
        train(SMALL, folder=tmp_path, observe=take_over)
    assert load_checkpoint(tmp_path / CHECKPOINT).epoch == epoch - 1
    assert not (tmp_path / NETWORK).exists()
    assert json.loads((tmp_path / LOCK).read_text())["token"] == "another"
    with pytest.raises(FolderHeldError):
        train(SMALL, folder=tmp_path)

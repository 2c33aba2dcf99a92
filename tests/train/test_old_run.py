"""A run that a version without methods wrote goes on, and ends as it would have there."""

import json
import shutil
from pathlib import Path

import pandas as pd
import torch
from safetensors.torch import load_file

from netsci.train import Recipe, load_checkpoint, train
from netsci.train.loop import CHECKPOINT

OLD = Path(__file__).parent / "old_run"  # stopped after 3 of 6 epochs; end.*: the same run, never stopped


def test_a_run_of_an_earlier_version_goes_on(tmp_path):
    for name in ("checkpoint.safetensors", "recipe.json"):
        shutil.copy(OLD / name, tmp_path)
    before = load_checkpoint(tmp_path / CHECKPOINT)
    assert before.method is None
    assert before.notes["stopped"] == ["layers.1"]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    run = train(Recipe.of(json.loads((tmp_path / "recipe.json").read_text())), folder=tmp_path)
    torch.set_num_threads(threads)
    end, mine = load_file(OLD / "end.safetensors"), run.model.state_dict()
    assert end.keys() == mine.keys()
    for name, tensor in end.items():
        # Links are the same; another processor may round the weights at them another way.
        torch.testing.assert_close(mine[name], tensor, rtol=1e-4, atol=1e-6)
    rows = pd.read_csv(OLD / "end.csv")
    later = ["seconds", "processor seconds", "silent units"]  # the last two came with later versions
    now = run.table[~run.table["measure"].isin(later)].reset_index(drop=True)
    assert now[["epoch", "layer", "measure"]].equals(rows[["epoch", "layer", "measure"]])
    overlap = rows["measure"] == "overlap"
    pd.testing.assert_series_equal(now["value"][overlap], rows["value"][overlap])
    assert load_checkpoint(tmp_path / CHECKPOINT).method == {"stopped": ["layers.1"]}

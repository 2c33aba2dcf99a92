"""What is asked of trained networks, on networks of a few units that are counted by hand."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from netsci.models import mlp
from netsci.sparse import sparse_layers
from netsci.spiking import LIF, record
from netsci.sweep import run_cells
from netsci.train import PRESETS, Recipe, read_epoch, read_total, recipe_cell, recorded, train
from netsci.train.recorded import NOISE, masks, noisy, totals, unpack


class First(nn.Module):
    """Class 1 where the first input spikes in most steps, else class 0."""

    def forward(self, x):
        share = x[:, :, 0].mean(0)
        return torch.stack([1 - share, share], 1)


def run(model: nn.Module, batches: list[tuple[torch.Tensor, torch.Tensor]]) -> SimpleNamespace:
    """A finished run as far as the tests ask of it."""
    inputs = SimpleNamespace(tests=lambda limit=None: iter(batches), n_test=sum(len(y) for _, y in batches))
    return SimpleNamespace(
        model=model, inputs=inputs, recipe=Recipe(), trace=lambda: record(model, (x for x, _ in batches))
    )


def batches(samples: int, steps: int = 4, units: int = 3) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Two batches [T, B, units]: the first input always spikes in half of the samples, else never."""
    labels = torch.arange(samples) % 2
    x = torch.zeros(steps, samples, units)
    x[:, :, 0] = labels.to(torch.float32)
    half = samples // 2
    return [(x[:, :half], labels[:half]), (x[:, half:], labels[half:])]


@pytest.mark.parametrize(
    ("kind", "at_one"),
    # every bit exchanged: all wrong; every zero a spike: all of class 1; every spike lost: all of class 0
    [("bit-flip", 0.0), ("false-spike", 0.5), ("spike-dropout", 0.5)],
)
def test_noise_reaches_the_network(kind, at_one):
    made = run(First(), batches(20))
    assert noisy(made, kind, 0.0) == 1.0
    assert noisy(made, kind, 1.0) == at_one


def test_noise_is_of_its_share_and_the_same_each_time():
    made = run(First(), batches(2000, steps=1))
    assert noisy(made, "bit-flip", 0.2) == pytest.approx(0.8, abs=0.04)
    assert noisy(made, "bit-flip", 0.2) == noisy(made, "bit-flip", 0.2)
    assert noisy(made, "spike-dropout", 0.2) == pytest.approx(0.9, abs=0.03)
    assert set(NOISE) == {"bit-flip", "false-spike", "spike-dropout"}


def test_a_run_is_tested_at_its_end_and_without_noise_it_has_that_accuracy():
    small = {"data": "digits", "options": (("hidden", (64, 64)),), "steps": 10, "sparsity": 0.9, "batch": 50}
    small |= {"limit": 300, "test_limit": 100, "lr": 1e-2, "epochs": 8}
    recipe = PRESETS["mnist-stp-3fc"].replace(**small).flat()
    record = recorded.run(dataset=recipe.pop("data"), noise=(0.0, 0.3), **recipe)
    kinds, accuracy = record.arrays["noise_kind"].tolist(), record.arrays["noise_accuracy"]
    assert accuracy.shape == (len(NOISE), 2)
    tested = record.arrays["table_epoch"][record.arrays["table_measure"] == "accuracy"]
    assert tested.tolist() == [recipe["epochs"]]
    assert accuracy[:, 0].tolist() == [read_epoch(record, "accuracy")] * len(NOISE)
    assert accuracy[kinds.index("bit-flip"), 1] < accuracy[0, 0] - 0.1


def test_totals_of_a_network_counted_by_hand():
    """3-2-2, threshold 1, no leak; unit 0 -> both hidden, unit 1 -> the second, hidden -> both classes."""
    links = [np.array([[1, 1], [0, 1], [0, 0]], bool), np.ones((2, 2), bool)]
    model = mlp([3, 2, 2], links, neuron=LIF(1.0, 1.0), readout="rate", steps=2)
    with torch.no_grad():
        model.layers[0].values.copy_(torch.tensor([1.0, 1.0, 1.0]))
        model.layers[1].values.copy_(torch.tensor([1.0, 0.0, 0.0, 0.0]))
    x = torch.zeros(2, 1, 3)
    x[0, 0] = torch.tensor([1.0, 0.0, 1.0])  # spikes of units 0 and 2: 2 operations, both hidden ones fire
    x[1, 0] = torch.tensor([0.0, 1.0, 0.0])  # a spike of unit 1: 1 operation, the second hidden one fires
    made = totals(run(model, [(x, torch.tensor([0]))]))
    found = dict(zip(made["total_names"].tolist(), made["total_values"].tolist(), strict=True))
    # 3 spikes of the input, 3 hidden, a class fires once; 3 operations of the input, 3 x 2 of the hidden
    assert found["spikes"] == 3 + 3 + 1
    assert found["SOPs"] == 3 + 6
    assert found["MACs"] == 0
    assert found["firing rate"] == pytest.approx(7 / (7 * 2))
    assert found["firing rate without input"] == pytest.approx(4 / (4 * 2))


def test_a_record_holds_the_first_and_the_last_links():
    recipe = Recipe().replace(limit=50, epochs=2, steps=2, options=(("hidden", (40,)),), sparsity=0.8)
    first = sparse_layers(train(recipe, stop_after=0).model)["layers.0"].links.toarray()
    run = train(recipe)
    kept, last = masks(run), sparse_layers(run.model)["layers.0"].links.toarray()
    assert not np.array_equal(first, last)
    assert np.array_equal(unpack(kept, "first", "layers.0"), first)
    assert np.array_equal(unpack(kept, "last", "layers.0"), last)
    assert masks(train(recipe.replace(dense=True))) == {}


def test_a_run_that_diverges_is_a_record_without_accuracy(tmp_path):
    recipe = PRESETS["digits-mlp"].replace(limit=60, test_limit=30, batch=20, epochs=3, lr=1e30)
    cell = recipe_cell(recipe)
    record = run_cells([cell], tmp_path)[cell]
    assert "became infinite or NaN in epoch 1" in record.notes["diverged"]
    assert all(math.isnan(read_epoch(record, "accuracy", epoch=epoch)) for epoch in range(4))
    assert math.isnan(read_epoch(record, "link sparsity"))
    assert math.isnan(read_epoch(record, "links", layer="layers.0", epoch=0))
    assert math.isnan(read_total(record, "SOPs"))
    assert "diverged" not in run_cells([recipe_cell(recipe.replace(lr=0.01))], tmp_path).popitem()[1].notes

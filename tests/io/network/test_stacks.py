"""Weights of three dimensions: convolutions with evidence, stacks with evidence, else refused."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from netsci.io import load
from tests.io.samples import dense_weights, layer_table, refused, write_torch


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "net.bin"


def state(**shapes):
    return {name.replace("__", "."): torch.randn(shape) for name, shape in shapes.items()}


STACKS = {
    "a bias [n, 1, out]": state(
        a__weight=(5, 3, 8), a__bias=(5, 1, 8), b__weight=(5, 8, 2), b__bias=(5, 1, 2)
    ),
    "a bias [n, out]": state(a__weight=(5, 3, 8), a__bias=(5, 8), b__weight=(5, 8, 2), b__bias=(5, 2)),
    "stored [n, out, in]": state(a__weight=(5, 8, 3), a__bias=(5, 8), b__weight=(5, 2, 8), b__bias=(5, 2)),
    "no bias": state(a__weight=(5, 3, 8), b__weight=(5, 8, 2)),
}


@pytest.mark.parametrize("kind", STACKS)
def test_an_ensemble_is_a_stack_of_matrices(path, kind):
    loaded = load(write_torch(path, STACKS[kind]))
    table = layer_table(loaded.graph)
    assert list(table) == [f"{name}[{i}]" for i in range(5) for name in "ab"]
    assert {table[f"a[{i}]"] for i in range(5)} == {(3, 8, 24)}
    assert {table[f"b[{i}]"] for i in range(5)} == {(8, 2, 16)}
    for i, (first, second) in enumerate(
        zip(loaded.graph.projections[::2], loaded.graph.projections[1::2], strict=True)
    ):
        assert (first.source, second.source) == ("input", f"a[{i}]")
        stored = STACKS[kind]["a.weight"][i].numpy()
        assert np.array_equal(
            dense_weights(loaded.graph, 2 * i), stored if stored.shape == (3, 8) else stored.T
        )
    assert any("a.weight is a stack of 5 matrices 3 x 8" in guess for guess in loaded.guesses)
    assert [p.name for p in load(path, select="b[3]").graph.projections] == ["b[3]"]


def test_experts_and_masks_of_a_stack(path):
    held = {"experts.w1.weight": torch.ones(4, 6, 9), "experts.w1.weight_mask": torch.zeros(4, 6, 9)}
    held["experts.w1.weight_mask"][2, 1, 5] = 1
    graph = load(write_torch(path, held)).graph
    assert [p.n_links for p in graph.projections] == [0, 0, 1, 0]
    assert graph.projections[2].links.toarray()[1, 5]


def test_bilinear_forms_are_named_and_nothing_is_read_across_them(path):
    model = nn.ModuleDict({"fc": nn.Linear(4, 8), "bilinear": nn.Bilinear(8, 8, 5), "out": nn.Linear(5, 2)})
    loaded = load(write_torch(path, model.state_dict()))
    assert layer_table(loaded.graph) == {"fc": (4, 8, 32), "out": (5, 2, 10)}
    assert loaded.graph.projections[1].source == "input of out"
    assert any("bilinear forms" in guess and "bilinear.weight [5, 8, 8]" in guess for guess in loaded.guesses)


CONVOLUTIONS = {
    "its name": state(conv__weight=(16, 3, 5)),
    "its bias": state(a__weight=(16, 3, 5), a__bias=(16,)),
    "a norm behind it": {**nn.Sequential(nn.Conv1d(3, 16, 5, bias=False), nn.BatchNorm1d(16)).state_dict()},
    "a neighbour": state(a__weight=(16, 3, 5), b__weight=(7, 16, 3)),
    "a flatten": state(a__weight=(16, 3, 5), b__weight=(4, 16 * 10)),
    "a linear layer before": state(a__weight=(3, 9), b__weight=(16, 3, 5)),
    "two neighbours of one width": state(a__weight=(16, 16, 3), b__weight=(16, 16, 3)),
}  # fmt: skip


@pytest.mark.parametrize("why", CONVOLUTIONS)
def test_a_convolution_is_told_by(path, why):
    loaded = load(write_torch(path, CONVOLUTIONS[why]))
    kernels = [t.shape for t in CONVOLUTIONS[why].values() if t.dim() == 3]
    found = [p for p in loaded.graph.projections if p.rows_per_unit in (3, 5)]
    assert [(p.shape[0] // p.rows_per_unit, p.shape[1]) for p in found] == [(s[1], s[0]) for s in kernels]
    assert not any("stack" in note for note in loaded.notes)


@pytest.mark.parametrize(
    "held", [state(x__weight=(7, 10, 20)), state(a__weight=(5, 5, 5), b__weight=(5, 5, 5))]
)
def test_what_nothing_tells_is_refused(path, held):
    message = refused(write_torch(path, held), "convolution in one dimension or a stack of matrices")
    assert message.endswith("--select NAME (select=) reads other layers")
    write_torch(path, held | {"head.weight": torch.ones(3, 11)})
    assert layer_table(load(path, select="head").graph) == {"head": (11, 3, 33)}


def test_an_ensemble_by_short_names(path):
    loaded = load(write_torch(path, state(W1=(5, 3, 8), b1=(5, 8), W2=(5, 8, 2), b2=(5, 2))))
    table = layer_table(loaded.graph)
    assert {table[f"W1[{i}]"] for i in range(5)} == {(3, 8, 24)}
    assert {table[f"W2[{i}]"] for i in range(5)} == {(8, 2, 16)}
    assert len(table) == 10
    plain = load(write_torch(path, state(W1=(8, 3), b1=(2, 8))))  # b1 beside a plain matrix stays a layer
    assert len(layer_table(plain.graph)) == 2


def test_an_ensemble_by_suffixes(path):
    shapes = {"lin0_w": (5, 3, 8), "lin0_b": (5, 1, 8), "lin1_w": (5, 8, 2), "lin1_b": (5, 1, 2)}
    table = layer_table(load(write_torch(path, state(**shapes))).graph)
    assert len(table) == 10
    assert set(table.values()) == {(3, 8, 24), (8, 2, 16)}

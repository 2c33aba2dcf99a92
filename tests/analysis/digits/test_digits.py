from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from analysis.digits import tables as digits_tables
from analysis.digits import training as digits_training
from analysis.engine import digits_runs as digits_networks
from analysis.engine.digits_runs import PARAMETERS, TASK
from netsci.graph import LayeredGraph, live_units, percolate
from netsci.measure import sparsity_index
from netsci.sweep import Cell, Record, Task
from tests.analysis.committed import value

SMALL = {**PARAMETERS, "widths": (64, 48, 40, 10), "sparsity": 0.9, "epochs": 8}


@pytest.fixture(scope="module")
def records():
    cells = [
        Cell.of(TASK, version=2, data="digits", model=model, seed=seed, **SMALL)
        for model in digits_networks.NAMES
        for seed in (0, 1, 2)
    ]
    return {cell: cell.run() for cell in cells}


def of(records, model, seed=0):
    return next(r for c, r in records.items() if (c["model"], c["seed"]) == (model, seed))


def test_training_learns_and_repeats_exactly(records):
    for cell, record in records.items():
        assert record.arrays["accuracy"][0] < 0.4
        assert record.arrays["accuracy"][-1] > 0.8
        if cell["seed"] == 0:
            again = cell.run()
            for name, array in record.arrays.items():
                assert np.array_equal(array, again.arrays[name], equal_nan=True), name


def test_link_counts_are_kept_exactly(records):
    """The dense output layer loses the ten links of each hidden unit that percolates away, and no others."""
    wanted = [round(0.1 * 64 * 48), round(0.1 * 48 * 40)]
    for model in ("static", "chts"):
        links, inactive = (of(records, model).arrays[name] for name in ("links", "inactive"))
        assert (links[:, :2] == wanted).all()
        assert (links[:, 2] >= 400 - 10 * inactive[:, 2]).all()
        assert (links[:, 2] % 10 == 0).all()
    assert (of(records, "dense").arrays["links"] == [64 * 48, 48 * 40, 400]).all()


def test_links_after_a_step_are_those_before_less_what_went_and_with_what_grew(records):
    chts = of(records, "chts")
    for epoch in range(1, SMALL["epochs"] + 1):
        before, after = (digits_networks.masks_at(chts, e) for e in (epoch - 1, epoch))
        removed, percolated, regrown = (
            digits_networks.masks_at(chts, epoch, kind) for kind in ("removed", "percolated", "regrown")
        )
        for layer in range(2):
            left = before[layer] & ~removed[layer] & ~percolated[layer]
            assert np.array_equal(left | regrown[layer], after[layer])
            assert not (left & regrown[layer]).any()
            again = (removed[layer] & regrown[layer]).sum() / max(regrown[layer].sum(), 1)
            wanted = again if regrown[layer].any() else np.nan
            np.testing.assert_allclose(chts.arrays["overlap"][epoch, layer], wanted)
        inactive = [(~units).sum() for units in live_units(LayeredGraph.from_masks(after)).values()]
        assert chts.arrays["inactive"][epoch, 0] == inactive[0]


def test_rows_of_the_record_are_of_its_last_weights(records):
    widths = SMALL["widths"]
    for cell, record in records.items():
        weights = [record.arrays[f"weights_{layer}"] for layer in range(3)]
        assert [weight.shape for weight in weights] == list(pairwise(widths))
        assert record.arrays["sparsity_index"][-1].tolist() == [sparsity_index(weight) for weight in weights]
        assert np.isnan(record.arrays["loss"][0])
        assert record.arrays["loss"][-1] < record.arrays["loss"][1]
        assert ("links_1" in record.arrays) == (cell["model"] != "dense")


def test_weights_live_on_the_masks_only(records):
    for model in ("static", "chts"):
        record = of(records, model)
        for layer, mask in enumerate(digits_networks.masks_at(record, -1)):
            assert (record.arrays[f"weights_{layer}"][~mask] == 0).all()
            assert (record.arrays[f"weights_{layer}"][mask] != 0).mean() > 0.99


def test_only_the_evolving_topology_changes_and_both_start_alike(records):
    static, chts = of(records, "static"), of(records, "chts")
    start = digits_networks.masks_at(static, 0)
    assert all(map(np.array_equal, start, digits_networks.masks_at(chts, 0)))
    assert all(map(np.array_equal, start, digits_networks.masks_at(static, -1)))
    assert not any(map(np.array_equal, start, digits_networks.masks_at(chts, -1)))
    evolved = int(SMALL["until"] * SMALL["epochs"])
    after = digits_networks.masks_at(chts, evolved)
    assert all(map(np.array_equal, after, digits_networks.masks_at(chts, -1)))
    graph = LayeredGraph.from_masks(digits_networks.masks_at(chts, -1))
    assert percolate(graph) == graph


def test_magnitude_pruning_keeps_the_largest(records):
    record = of(records, "dense")
    mask = digits_networks.magnitude_pruned(record, [50, 40])[1]
    strength = np.abs(record.arrays["weights_1"])
    assert mask.sum() == 40
    assert strength[mask].min() >= strength[~mask].max()


def test_an_unknown_model_is_refused():
    with pytest.raises(ValueError, match="dense, static, chts"):
        digits_training.train(model="sparse", seed=0, **SMALL)


WIDTHS = (3, 2, 2, 1)


def hand_made(model: str, seed: int = 0) -> tuple[Cell, Record]:
    """Three epochs of a 3-2-2-1 network; between the first and the second one link of each kind moves."""
    start = [np.array([[1, 0], [0, 1], [1, 0]]), np.array([[1, 0], [1, 1]])]
    end = [np.array([[1, 0], [0, 1], [0, 1]]), np.array([[1, 0], [0, 1]])]
    moved = {  # after epoch 1
        "removed": [np.array([[0, 0], [0, 0], [1, 0]]), np.zeros((2, 2))],
        "percolated": [np.zeros((3, 2)), np.array([[0, 0], [1, 0]])],
        "regrown": [np.array([[0, 0], [0, 0], [0, 1]]), np.zeros((2, 2))],
    }
    nothing = [np.zeros((3, 2)), np.zeros((2, 2))]
    arrays = {
        "accuracy": np.array([0.1, 0.5, 0.9]),
        "loss": np.array([np.nan, 2.0, 1.0]),
        "overlap": np.array([[np.nan] * 3, [0.25, 0.5, np.nan], [np.nan] * 3]),
        "inactive": np.array([[0, 0, 0, 0], [1, 1, 0, 0], [2, 1, 0, 0]], float),
        "sparsity_index": np.array([[0.1, 0.2, 0.3]] * 3),
        "weights_0": np.array([[9.0, 1], [2, 8], [3, 7]], np.float32),
        "weights_1": np.array([[5.0, -6], [1, 2]], np.float32),
        "weights_2": np.ones((2, 1), np.float32),
    }
    if model != "dense":
        for layer in range(2):
            sets = {"links": [start[layer], end[layer], end[layer]]}
            sets |= {kind: [nothing[layer], masks[layer], nothing[layer]] for kind, masks in moved.items()}
            for name, masks in sets.items():
                cells = [np.flatnonzero(mask).astype(np.int32) for mask in masks]
                arrays[f"{name}_{layer}"] = np.concatenate(cells)
                arrays[f"{name}_{layer}_ends"] = np.cumsum([len(part) for part in cells])
    parameters = {"widths": WIDTHS, "epochs": 2, "until": 1.0, "regrowth": "ch2_l3n"}
    return Cell.of(
        Task("none", "none:none"), version=1, data="", model=model, seed=seed, **parameters
    ), Record(arrays)


def test_topology_table_by_hand():
    table = digits_tables.topology(dict([hand_made("chts"), hand_made("dense")]))["table"]
    chts = table[table["model"] == "CHTs"]
    silent = {"measure": "node sparsity", "epoch": 2}
    assert value(chts, projection="input", **silent) == pytest.approx(2 / 3)
    assert value(chts, projection="hidden 1", **silent) == pytest.approx(1 / 2)
    assert value(chts, projection="input and hidden", **silent) == pytest.approx(3 / 7)
    assert value(chts, measure="overlap", epoch=1, projection="hidden 1 → hidden 2") == 0.5
    assert value(chts, measure="I(W)", epoch=0, projection="input → hidden 1") == 0.1
    degrees = [1, 1, 1, 3, 3, 2, 1]  # both sparse layers at the start
    assert value(chts, measure="gamma", epoch=0) == digits_tables.grid_exponent(degrees, correct=False)[0]
    assert "gamma" not in set(table[table["model"] == "dense"]["measure"])


def test_masks_by_epoch_and_kind():
    record = hand_made("chts")[1]
    assert digits_networks.masks_at(record, 0)[0].tolist() == [[True, False], [False, True], [True, False]]
    assert digits_networks.masks_at(record, -1)[0].tolist() == [[True, False], [False, True], [False, True]]
    assert digits_networks.masks_at(record, 1, "percolated")[1].tolist() == [[False, False], [True, False]]
    assert not digits_networks.masks_at(record, 2, "removed")[0].any()


def test_fates_are_what_the_step_did():
    record = hand_made("chts")[1]
    fates = digits_tables._scores_by_fate(record, 1, "ch2_l3n", layer=0)
    everything = digits_tables.ch_scores(
        digits_networks.masks_at(record, 0)[0], "ch2_l3n", existing="leave_one_out"
    )
    assert fates["kept"].tolist() == [everything[0, 0], everything[1, 1]]
    assert fates["removed"].tolist() == [everything[2, 0]]
    assert fates["regrown"].tolist() == [everything[2, 1]]
    assert len(fates["still absent"]) == 2
    assert "percolated" not in fates
    assert len(digits_tables._scores_by_fate(record, 1, "ch2_l3n", layer=1)["percolated"]) == 1


def test_networks_share_links_and_the_random_one_units(records):
    for seed, found in digits_networks.networks(records):
        links = {name: [int(mask.sum()) for mask in masks] for name, masks in found.items()}
        assert len({tuple(counts) for counts in links.values()}) == 1
        chts = of(records, "chts", seed)
        assert all(map(np.array_equal, found[digits_networks.BEFORE], digits_networks.masks_at(chts, 0)))
        assert all(map(np.array_equal, found[digits_networks.AFTER], digits_networks.masks_at(chts, 8)))
        live = live_units(LayeredGraph.from_masks(found[digits_networks.AFTER]))
        drawn = found[digits_networks.RANDOM][0]
        assert not drawn[~live["layer0"]].any()
        assert not drawn[:, ~live["layer1"]].any()
        assert not np.array_equal(drawn, found[digits_networks.AFTER][0])


def test_degree_sides_are_not_swapped():
    masks = [np.array([[1, 1], [0, 1], [0, 1]], bool), np.ones((2, 2), bool)]
    sides = {(name, side): degrees.tolist() for name, side, degrees in digits_tables._degree_sequences(masks)}
    assert sides["input → hidden 1", "presynaptic"] == [2, 1, 1]
    assert sides["input → hidden 1", "postsynaptic"] == [1, 3]
    assert sides["sparse layers", "pooled"] == [2, 1, 1, 3, 5, 2, 2]


def test_fit_measures_carry_their_names():
    fit = digits_tables.degree_exponent([1] * 60 + [2] * 11 + [3] * 4 + [5, 8])
    measures = {name: value for name, (value, _) in digits_tables._fit_measures(fit).items()}
    assert measures["gamma"] == fit.gamma
    assert measures["xmin"] == 1
    assert measures["n_tail"] == 77
    assert np.isnan(measures["bootstrap p"])


def test_chance_above_by_hand():
    assert digits_tables._chance_above(np.array([1.0, 3.0]), np.array([0.0, 1.0])) == pytest.approx(3.5 / 4)


def test_histograms_hold_every_positive_score():
    scores = {"kept": np.array([0.0, 1.0, 2.0, 400.0]), "still absent": np.geomspace(0.1, 9, 1000)}
    table = digits_tables._histograms(scores, 10)
    decades = np.log10(table["right"] / table["left"])
    area = (table["density"] * decades).groupby(table["fate"]).sum()
    assert area.to_dict() == pytest.approx({"kept": 0.75, "still absent": 1.0})


def test_disk_arcs_end_at_their_nodes(records):
    nodes = pd.DataFrame({"radius": [4.0, 5.0, 3.0], "theta": [0.0, 1.0, 4.0]}, index=[7, 8, 9])
    links = pd.DataFrame({"source": [7, 9], "target": [8, 7]})
    arcs = digits_networks.arcs(nodes, links, edge=5.0, points=4)
    assert arcs["x"].isna().sum() == 2
    assert arcs[["x", "y"]].iloc[0].tolist() == pytest.approx([0.8, 0.0])
    assert arcs[["x", "y"]].iloc[3].tolist() == pytest.approx([np.cos(1.0), np.sin(1.0)])
    assert arcs[["x", "y"]].iloc[5].tolist() == pytest.approx([0.6 * np.cos(4.0), 0.6 * np.sin(4.0)])

import numpy as np
import pytest

from analysis import digits_figures, digits_networks, digits_tables, digits_training
from analysis.digits import PARAMETERS, exhibits
from analysis.runs import Cell
from netsci.graph import LayeredGraph, percolate

SMALL = {**PARAMETERS, "widths": (64, 48, 40, 10), "sparsity": 0.9, "epochs": 8}


@pytest.fixture(scope="module")
def records():
    cells = [
        Cell.of("analysis.digits_training:train", version=1, data="digits", model=model, seed=seed, **SMALL)
        for model in digits_tables.NAMES
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
    wanted = [round(0.1 * 64 * 48), round(0.1 * 48 * 40), 400]
    for model in ("static", "chts"):
        assert (of(records, model).arrays["links"] == wanted).all()
    assert (of(records, "dense").arrays["links"] == [64 * 48, 48 * 40, 400]).all()


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
    evolved = int(SMALL["evolve_until"] * SMALL["epochs"])
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


def test_every_exhibit_tabulates_and_draws(records):
    for exhibit in exhibits():
        wanted = {c["model"] for c in exhibit.cells}
        tables = exhibit.tabulate({c: r for c, r in records.items() if c["model"] in wanted})
        table = tables["table"]
        assert {"model", "seed", "projection", "measure", "value", "unit"} <= set(table.columns)
        assert len(exhibit.verdict(tables)) > 40
        assert not exhibit.summarise(tables).empty
        for backend in ("matplotlib", "plotly"):
            assert exhibit.draw(tables, backend) is not None


def test_an_unknown_model_is_refused():
    with pytest.raises(ValueError, match="dense, static, chts"):
        digits_training.train(model="sparse", seed=0, **SMALL)


def test_chance_above_by_hand():
    assert digits_tables._chance_above(np.array([1.0, 3.0]), np.array([0.0, 1.0])) == pytest.approx(3.5 / 4)


def test_histograms_hold_every_positive_score():
    scores = {"kept": np.array([0.0, 1.0, 2.0, 400.0]), "still absent": np.geomspace(0.1, 9, 1000)}
    table = digits_tables._histograms(scores, 10)
    decades = np.log10(table["right"] / table["left"])
    area = (table["density"] * decades).groupby(table["fate"]).sum()
    assert area.to_dict() == pytest.approx({"kept": 0.75, "still absent": 1.0})


def test_disk_arcs_end_at_their_nodes(records):
    import pandas as pd

    nodes = pd.DataFrame({"radius": [4.0, 5.0, 3.0], "theta": [0.0, 1.0, 4.0]}, index=[7, 8, 9])
    links = pd.DataFrame({"source": [7, 9], "target": [8, 7]})
    arcs = digits_figures._arcs(nodes, links, edge=5.0, points=4)
    assert arcs["x"].isna().sum() == 2
    assert arcs[["x", "y"]].iloc[0].tolist() == pytest.approx([0.8, 0.0])
    assert arcs[["x", "y"]].iloc[3].tolist() == pytest.approx([np.cos(1.0), np.sin(1.0)])
    assert arcs[["x", "y"]].iloc[5].tolist() == pytest.approx([0.6 * np.cos(4.0), 0.6 * np.sin(4.0)])

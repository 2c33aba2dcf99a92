"""S0's main row again: what its cells change, what its table holds, and that the choices are the best."""

import numpy as np
import pandas as pd
import pytest

from analysis.s0.crosses import CHOSEN, CHOSEN_SHIFTED, CROSSES, NETWORKS
from netsci.train.recorded import unpack
from tests.analysis.committed import RESULTS
from tests.analysis.s0.made import DESK, SCALES, record


@pytest.mark.parametrize("id_", CROSSES)
@pytest.mark.parametrize("scale", ["smoke", "desk"])
def test_every_record_stands_at_its_place(id_, scale):
    cross, exhibit = CROSSES[id_], SCALES[scale][id_]
    made = {cell: record(cell) for cell in exhibit.cells}
    table = exhibit.tabulate(made)["table"]
    rows, columns = cross.names
    assert len(table) == sum(len(places) for places in cross.plan(scale, 0).values())
    for cell, places in cross.plan(scale, 0).items():
        for (row, column), seed in places:
            here = table[(table[rows] == row) & (table[columns] == column) & (table["seed"] == seed)]
            expected = made[cell].arrays["table_value"][made[cell].arrays["table_measure"] == "accuracy"][-1]
            assert here["value"].tolist() == pytest.approx([100 * expected])
    assert exhibit.tabulate({})["table"].empty


def test_dense_and_sparse_differ_in_nothing_but_the_rate_and_the_links():
    for (network, images), recipe in CROSSES["s0-row"].recipes("desk", 0).items():
        dense = CROSSES["s0-row"].recipes("desk", 0)["dense", images]
        assert recipe.optimisation.lr == (CHOSEN if images == "as they are" else CHOSEN_SHIFTED)[network]
        assert recipe.task == dense.task
        assert (recipe.net.bias, recipe.net.readout) == (dense.net.bias, "sum")
        assert (recipe.topology is None) == (network == "dense")
        assert (recipe.task.augment == "shift") == (images == "shifted") == recipe.net.bias
    assert DESK["s0-row"].seconds(DESK["s0-row"].cells[0]) > 0


def test_fields_have_as_many_links_as_sscti():
    for recipe in CROSSES["s0-row-ladder"].recipes("desk", 0).values():
        hidden = dict(recipe.net.options)["hidden"][0]
        assert round((1 - recipe.topology.sparsity) * 784 * hidden) == 12_293


def test_the_rates_are_the_best_of_the_grid():
    table = pd.read_csv(RESULTS / "s0-row-grid" / "table.csv")
    for images, rates in (("as they are", CHOSEN), ("shifted", CHOSEN_SHIFTED)):
        here = table[table["rate"].str.startswith(images)]
        best = here.loc[here.groupby("network")["value"].idxmax()].set_index("network")["rate"]
        for network in NETWORKS:
            if network != "fields, static":  # takes the rate of the evolved one
                assert best[network] == f"{images}, rate {rates[network]:g}"
        assert set(here.groupby("network")["rate"].nunique()) == {4}  # as many candidates for each


def test_masks_of_a_record_are_first_and_last():
    rng = np.random.default_rng(7)
    mask = rng.random((5, 7)) < 0.4
    arrays = {"first_a": np.packbits(mask), "first_a_shape": np.array(mask.shape)}
    assert np.array_equal(unpack(arrays, "first", "a"), mask)
    with pytest.raises(KeyError):
        unpack(arrays, "last", "a")

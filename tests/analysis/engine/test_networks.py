"""Networks beside records: found where they are, trained again where not, refused where they differ."""

import shutil

import numpy as np
import pytest

from analysis.engine.networks import find_networks, make_starts, start_from
from netsci.sweep import Record, find_kept, load_record, record_path, run_cells
from netsci.train import PRESETS, load_network, read_epoch, recipe_cell
from netsci.train.stored_network import read_stored

RECIPE = PRESETS["digits-mlp"].replace(
    options=(("hidden", (24,)),), sparsity=0.8, epochs=5, limit=60, test_limit=30, batch=20
)
CELL = recipe_cell(RECIPE, networks=2)


@pytest.fixture
def results(tmp_path):
    run_cells([CELL], tmp_path)
    return tmp_path


def test_networks_come_by_epoch_the_last_one_last(results):
    found = find_networks(CELL, results)
    assert list(found) == [2, 4, -1]
    assert all(path.parent == find_kept(results, CELL) for path in found.values())
    assert load_network(found[-1]).layers[0].n_links > 0


def test_missing_networks_are_made_again_to_the_same_bits(results):
    before = {epoch: path.read_bytes() for epoch, path in find_networks(CELL, results).items()}
    place = find_kept(results, CELL)
    for path in place.iterdir():
        path.unlink()
    place.rmdir()
    again = {epoch: path.read_bytes() for epoch, path in find_networks(CELL, results).items()}
    assert again == before


def test_a_record_that_a_run_does_not_give_is_named(results):
    place = find_kept(results, CELL)
    place.rename(results / "elsewhere")
    record = load_record(results, CELL)
    measures = record.arrays["table_measure"]
    false = np.where(measures == "accuracy", 0.01, record.arrays["table_value"])
    Record({**record.arrays, "table_value": false}, record.notes).save(record_path(results, CELL))
    with pytest.raises(ValueError, match="does not agree with its record"):
        find_networks(CELL, results)
    assert find_kept(results, CELL) is None


def test_a_cell_without_networks_says_so(tmp_path):
    with pytest.raises(ValueError, match="leaves no networks"):
        find_networks(recipe_cell(RECIPE), tmp_path)


def test_networks_of_a_run_that_was_never_made_are_trained(tmp_path):
    assert list(find_networks(CELL, tmp_path)) == [2, 4, -1]
    assert load_record(tmp_path, CELL)


def test_a_cell_that_starts_from_another_is_named_before_anything_is_run(tmp_path):
    """Three runs, each from the network of the one before: what is missing is made first, in order."""
    second = recipe_cell(RECIPE.replace(method="set"), networks=0, **start_from(CELL, tmp_path, 4))
    third = recipe_cell(RECIPE.replace(method="rigl"), **start_from(second, tmp_path))
    assert len({CELL.name, second.name, third.name, recipe_cell(RECIPE.replace(method="set")).name}) == 4
    assert second["origin"] == f"{CELL.name}/network-0004"
    ran = []

    def run(cells):
        ran.append([cell.name for cell in cells])
        run_cells(cells, tmp_path)

    with pytest.raises(ValueError, match="is not among those to be run: add it"):
        make_starts([third], tmp_path, run)
    cells = [third, second, CELL]
    make_starts(cells, tmp_path, run)
    assert ran == [[CELL.name], [second.name]]
    records = run_cells(cells, tmp_path)
    first = find_networks(CELL, tmp_path)[4]
    assert records[second].notes["start"] == read_stored(first).sum
    assert records[third].notes["start"] == read_stored(find_networks(second, tmp_path)[-1]).sum
    shutil.rmtree(tmp_path / "kept")
    (tmp_path / "runs" / f"{third.name}.npz").unlink()
    make_starts(cells, tmp_path, run)  # the networks are made again, and the records agree
    assert ran[2:] == [[], []]
    again = run_cells(cells, tmp_path)[third]
    assert again.notes["start"] == records[third].notes["start"]
    assert read_epoch(again, "loss") == read_epoch(records[third], "loss")
    make_starts(cells, tmp_path, run)
    assert len(ran) == 4


def test_a_network_that_no_cell_leaves_is_refused(tmp_path):
    for cell, epoch in (
        (recipe_cell(RECIPE), -1),
        (CELL, 3),
        (CELL, 0),
        (recipe_cell(RECIPE, networks=0), 2),
    ):
        with pytest.raises(ValueError, match=f"leaves no network after epoch {epoch}"):
            start_from(cell, tmp_path, epoch)

"""Converted networks as cells: what names them, what a record holds, that what is done is not made again."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from analysis.engine import conversion_points as points
from analysis.engine import converted_run
from analysis.engine.conversions import (
    count_parts,
    leave_out,
    list_labels,
    read_curves,
    read_value,
    running_rate,
)
from analysis.engine.converted import (
    METHODS,
    Conversion,
    Tuning,
    converted_cell,
    read_plain,
    source_of,
)
from analysis.engine.pruned import CHANNELS, Pruning, pruned_cell
from analysis.engine.pruned_run import make_smaller
from analysis.engine.training import cell
from netsci.convert import METHODS as CONVERTERS
from netsci.convert import convert
from netsci.measure import energy_by_step
from netsci.measure.energy_readings import EVERY_COUNT
from netsci.sweep import find_kept, run_cells
from netsci.train import PRESETS, load_network, tune_for_conversion
from netsci.train.convert_run import convert_run
from netsci.train.converted import read_images
from netsci.train.inputs import Inputs
from netsci.train.network_file import read_recipe, save_network
from netsci.train.prune_file import calibrate_on, open_data, open_trained
from netsci.train.prune_options import Wanted

RECIPE = PRESETS["digits-mlp"].replace(
    dense=True, options=(("hidden", (24, 20)),), epochs=3, limit=200, test_limit=60, batch=20, lr=0.1
)
DENSE = cell(RECIPE, networks=1)


def levels(number):
    return (("activation_options", (("levels", number),)),)


STAGE = Tuning("cs-qcfs-1", 2, levels(4))
AEC = Conversion("AEC T=4", "aec", (), (Tuning("aec", 1, (("activation_options", (("window", 4),)),)),))
ALL = (
    Conversion("SNM", "snm"),
    Conversion("DCGS", "dcgs", (("n", 3),)),
    Conversion("CS-QCFS", "cs_qcfs", (), (STAGE,)),
    AEC,
)
HOW = {"steps": 6, "first": 25, "calibration": 50, "blocks": 3}
CELL = converted_cell(DENSE, ALL, **HOW)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("converted")
    return folder, run_cells([DENSE, CELL], folder)[CELL]


def opened(folder, source=DENSE):
    path = find_kept(folder, source) / "network.safetensors"
    recipe = read_recipe(path)
    return path, load_network(path), read_images(Inputs(recipe, "cpu"), recipe, 50)


def test_a_record_holds_what_the_command_finds(made):
    folder, record = made
    path, ann, _ = opened(folder)
    found = convert_run(path, "snm", steps=6, calibration=50)
    curves = read_curves(record, "SNM")
    for name in ("spikes", "sops", "macs", "correct", "answers_changed", "units"):
        assert np.array_equal(getattr(curves, name), getattr(found.trace, name)), name
    assert curves.layers == found.trace.layers
    assert curves.accuracy == pytest.approx(found.trace.accuracy)
    assert curves.running_rate == pytest.approx(found.trace.running_rate)
    assert curves.rates == pytest.approx(found.trace.rates, nan_ok=True)
    assert curves.ann_accuracy == curves.source_accuracy == found.ann_accuracy
    table = found.energy.set_index(["reading", "count"])
    for reading in ("once", "repeated"):
        for count in ("exact", "estimate"):
            rows = table.loc[(reading, count)]
            assert curves.energy_pj(reading, count) == pytest.approx(rows["energy_pj"].to_numpy())
            assert curves.own_ann_pj(count) == pytest.approx(rows["own_ann_pj"].iloc[0])
    assert curves.energy_pj("repeated")[-1] > curves.energy_pj("once")[-1]
    assert curves.energy_macs[0, 0, -1] * curves.images == pytest.approx(curves.macs.sum())
    assert read_value(record, "SNM", "links", "layers.0") == ann.layers[0].weight.numel()
    of_first = found.model.thresholds[found.model.thresholds["layer"] == curves.populations[0]]["threshold"]
    assert read_value(record, "SNM", "largest threshold", curves.populations[0]) == of_first.max()


def test_the_first_images_are_traced_alone_too(made):
    folder, record = made
    _, ann, images = opened(folder)
    model = convert(ann, "dcgs", list(images.calibration), n=3)
    few = model.simulate(images.images[:25], 6, labels=images.labels[:25])
    curves = read_curves(record, "DCGS")
    assert curves.first_images == 25 < curves.images == 60
    assert np.array_equal(curves.first_correct, few.correct)
    assert np.array_equal(curves.first_spikes, few.spikes)
    answers = model.predict(images.images, 6)[-1]
    assert np.array_equal(curves.right, answers == images.labels.numpy())
    assert 0 < curves.right.sum() == curves.correct[-1]


def test_blocks_are_those_images_alone_and_together_all(made):
    folder, record = made
    _, ann, images = opened(folder)
    model = convert(ann, "dcgs", list(images.calibration), n=3)
    rest = np.r_[0:20, 40:60]
    alone = model.simulate(images.images[rest], 6, labels=images.labels[rest])
    found, whole = read_curves(leave_out(record, 1), "DCGS"), read_curves(record, "DCGS")
    assert (count_parts(record), found.images, whole.images) == (3, 40, 60)
    assert record.arrays["block_images"].tolist() == [20, 20, 20]
    assert np.array_equal(found.correct, alone.correct)
    assert np.array_equal(found.spikes, alone.spikes)
    assert found.running_rate == pytest.approx(alone.running_rate)
    assert np.array_equal(found.right, alone.right)
    live = model.live_units()
    assert found.live_units.sum() == whole.live_units.sum() == sum(live.values())
    assert np.array_equal(found.live_spikes, found.spikes.sum(axis=1))  # all neurons are live
    assert points.read_live_rate(points.at_step("DCGS", 6))(leave_out(record, 1)) == pytest.approx(
        points.read_rate(points.at_step("DCGS", 6))(leave_out(record, 1))
    )
    table = energy_by_step(alone.trace, counts=EVERY_COUNT).set_index(["reading", "count"])
    for reading in ("once", "repeated"):
        for count in EVERY_COUNT:
            expected = table.loc[(reading, count), "energy_pj"].to_numpy()
            assert found.energy_pj(reading, count) == pytest.approx(expected, rel=1e-9)
            assert found.own_ann_pj(count) == whole.own_ann_pj(count)
    right = np.asarray(ann(images.images).argmax(1) == images.labels)
    assert found.ann_accuracy == pytest.approx(right[rest].mean())
    assert found.source_accuracy == pytest.approx(right[rest].mean())
    tuned = [read_curves(leave_out(record, block), "CS-QCFS").ann_accuracy for block in range(3)]
    assert np.mean(tuned) == pytest.approx(read_curves(record, "CS-QCFS").ann_accuracy)
    assert read_curves(leave_out(record, 2), "AEC T=4").steps.tolist() == [4]
    with pytest.raises(ValueError, match="one of 3 blocks"):
        leave_out(record, 3)
    without = converted_cell(DENSE, ALL[:1], **HOW | {"blocks": 0})
    assert not any("block" in name for name in run_cells([without], folder)[without].arrays)


def test_a_window_has_one_column_and_its_own_tuning(made):
    _, record = made
    curves = read_curves(record, "AEC T=4")
    assert (curves.window, curves.steps.tolist(), curves.spikes.shape[1]) == (4, [4], 1)
    assert curves.energy_macs[0, 0, 0] == pytest.approx(4 * curves.energy_macs[1, 0, 0])
    assert read_curves(record, "SNM").steps.tolist() == [1, 2, 3, 4, 5, 6]


def test_fine_tuning_comes_before_the_conversion(made):
    _, record = made
    tuned, plain = read_curves(record, "CS-QCFS"), read_curves(record, "SNM")
    assert tuned.source_accuracy == plain.ann_accuracy
    assert tuned.ann_accuracy != plain.ann_accuracy
    assert list_labels(record) == ["SNM", "DCGS", "CS-QCFS", "AEC T=4"]


def test_pruned_networks_keep_their_links(made):
    pytest.importorskip("torch_pruning")
    folder, _ = made
    source = pruned_cell(DENSE, Pruning("depgraph", (("linear", 0.7),)))
    one = converted_cell(source, ALL[:3], **HOW)
    record = run_cells([one], folder)[one]
    _, ann, images = opened(folder, source)
    for label in list_labels(record):
        assert read_value(record, label, "link sparsity") > 0.5
        assert read_value(record, label, "links", "layers.0") == ann.layers[0].n_links
        curves = read_curves(record, label)
        assert (curves.live_units[:2] < curves.units[:2]).all()
        assert (curves.live_spikes <= curves.spikes.sum(axis=1)).all()
    # The smaller network, whose shapes differ, answers alike and makes the same operations.
    dense = open_trained(find_kept(folder, DENSE) / "network.safetensors")
    batch = calibrate_on(open_data(dense, Wanted("depgraph", 0.7))).cpu()
    smaller = make_smaller(dense.model, {"linear": 0.7}, batch).eval()
    trace = convert(smaller, "snm", list(images.calibration)).simulate(images.images, 6, labels=images.labels)
    curves = read_curves(record, "SNM")
    assert np.array_equal(trace.correct, curves.correct)
    assert np.array_equal(trace.sops, curves.sops)
    assert np.array_equal(trace.macs, curves.macs)
    assert np.array_equal(trace.units, curves.live_units)
    assert np.array_equal(trace.spikes.sum(axis=1), curves.live_spikes)
    # The estimate of the smaller network is that of the inputs that have a link; the other one is lower.
    table = energy_by_step(trace.trace).set_index(["reading", "count"])
    estimate = table.loc[("once", "estimate"), "energy_pj"].to_numpy()
    assert curves.energy_pj("once", "linked estimate") == pytest.approx(estimate, rel=1e-9)
    assert (curves.energy_sops[1] < 0.9 * curves.energy_sops[2]).all()


def test_records_are_small_and_partial_folders_empty(made):
    folder, _ = made
    assert all(path.stat().st_size < 300_000 for path in folder.rglob("s2-converted-*.npz"))
    assert not list(folder.rglob("*.partial"))


def test_names_tell_conversions_apart():
    pruned = pruned_cell(DENSE, Pruning("magnitude", 0.7))
    cells = {
        CELL,
        converted_cell(DENSE, ALL[:1], **HOW),
        converted_cell(DENSE, ALL, **HOW | {"steps": 7}),
        converted_cell(DENSE, ALL, **HOW | {"first": 26}),
        converted_cell(DENSE, ALL, **HOW | {"calibration": 51}),
        converted_cell(DENSE, ALL, **HOW | {"blocks": 0}),
        converted_cell(DENSE, ALL, **HOW, test_limit=30),
        converted_cell(DENSE, ALL, **HOW, after=2),
        converted_cell(pruned, ALL, **HOW),
        converted_cell(pruned_cell(DENSE, Pruning("depgraph", 0.7, form=CHANNELS)), ALL, **HOW),
        converted_cell(DENSE, (*ALL[:2], Conversion("CS-QCFS", "cs_qcfs", (), (STAGE, STAGE)), AEC), **HOW),
    }
    assert len(cells) == 11
    assert converted_cell(cell(RECIPE, networks=0), ALL, **HOW) == CELL  # of no number in it
    assert source_of(CELL) == DENSE
    assert [read_plain(one) for one in CELL["conversions"]] == list(ALL)
    assert tuple(CONVERTERS) == METHODS


def test_what_cannot_be_converted_is_refused():
    with pytest.raises(ValueError, match="leaves no networks"):
        converted_cell(cell(RECIPE), ALL, **HOW)
    with pytest.raises(ValueError, match="a multiple of 2"):
        converted_cell(cell(RECIPE, networks=2), ALL, **HOW, after=1)
    with pytest.raises(ValueError, match="label of its own"):
        converted_cell(DENSE, (ALL[0], ALL[0]), **HOW)
    with pytest.raises(ValueError, match="method must be one of"):
        Conversion("a", "magic")
    with pytest.raises(ValueError, match="label must name"):
        Conversion("", "snm")
    with pytest.raises(ValueError, match="name must be one of"):
        Tuning("magic", 1)
    with pytest.raises(ValueError, match="epochs"):
        Tuning("aec", 0)
    with pytest.raises(ValueError, match="whose network is converted"):
        converted_run.run(**dict(CELL.parameters) | {"origin": "another"}, source=DENSE)
    with pytest.raises(ValueError, match="converts no network"):
        source_of(DENSE)


def test_a_fine_tuning_that_diverges_is_a_result(made):
    folder, _ = made
    wild = Conversion("wild", "qcfs", (), (Tuning("qcfs", 2, (("lr", 1e30),)),))
    one = converted_cell(DENSE, (wild, ALL[0]), **HOW)
    record = run_cells([one], folder)[one]
    assert read_curves(record, "wild") is None
    assert np.isnan(read_value(record, "wild", "ann accuracy"))
    assert list(record.notes["not converted"]) == ["wild"]
    assert read_curves(record, "SNM").correct[-1] > 6


def test_a_layer_that_is_silent_is_a_result(made, tmp_path, monkeypatch):
    folder, _ = made
    path, ann, _ = opened(folder)
    for parameter in ann.layers[1].parameters():
        parameter.data.fill_(-1.0)
    silent = tmp_path / "silent.safetensors"
    save_network(silent, ann, read_recipe(path), shape=(1, 8, 8), classes=10)
    monkeypatch.setattr(converted_run, "find_network", lambda *_: silent)
    given = dict(CELL.parameters) | {"conversions": (ALL[0].plain(), ALL[2].plain())}
    record = converted_run.run(**given, source=DENSE)
    assert read_curves(record, "CS-QCFS") is None
    assert "is not active" in record.notes["not converted"]["CS-QCFS"]
    curves = read_curves(record, "SNM")
    assert curves.spikes[1].sum() == 0
    assert read_value(record, "SNM", "silent thresholds", curves.populations[1]) == 20


def test_a_source_that_diverges_is_a_result(tmp_path):
    source = cell(RECIPE.replace(lr=1e30), networks=1)
    one = converted_cell(source, ALL, **HOW)
    record = run_cells([source, one], tmp_path)[one]
    assert all(read_curves(record, label) is None for label in list_labels(record))
    assert np.isnan(read_value(record, "", "ann accuracy"))
    assert list(record.notes["not converted"]) == [""]


def test_what_is_done_is_not_made_again(made, tmp_path, monkeypatch):
    """Stages that conversions share are trained once; a finished conversion is read, its networks deleted."""
    folder, record = made
    trained, simulated = [], []
    train, convert_trained = converted_run.train, converted_run.convert_trained

    def count(recipe, **how):
        trained.append(how["folder"].name)
        return train(recipe, **how)

    def fail_once(*given, **how):
        simulated.append(given[1])
        if len(simulated) == 3:
            raise KeyboardInterrupt
        return convert_trained(*given, **how)

    monkeypatch.setattr(converted_run, "train", count)
    monkeypatch.setattr(converted_run, "convert_trained", fail_once)
    monkeypatch.setattr(converted_run, "find_network", lambda *_: opened(folder)[0])
    given = dict(CELL.parameters)
    place = tmp_path / "records" / "a.partial"
    place.mkdir(parents=True)
    with pytest.raises(KeyboardInterrupt):
        converted_run.run(**given, source=DENSE, folder=place)
    again = converted_run.run(**given, source=DENSE, folder=place)
    assert simulated == ["snm", "dcgs", "cs_qcfs", "cs_qcfs", "aec"]
    assert len(trained) == len(set(trained)) == 2
    assert not list((place / "tuned").iterdir())
    assert again.arrays.keys() == record.arrays.keys()
    assert all(np.array_equal(again.arrays[name], value) for name, value in record.arrays.items())


def test_conversions_that_begin_alike_share_their_training(made, tmp_path, monkeypatch):
    folder, _ = made
    trained, train = [], converted_run.train
    monkeypatch.setattr(
        converted_run, "train", lambda recipe, **how: (trained.append(recipe), train(recipe, **how))[1]
    )
    monkeypatch.setattr(converted_run, "find_network", lambda *_: opened(folder)[0])
    also = Conversion("again", "cs_qcfs", (("steps", 3),), (STAGE,))
    given = dict(CELL.parameters) | {"conversions": (ALL[2].plain(), also.plain())}
    record = converted_run.run(**given, source=DENSE, folder=tmp_path)
    assert len(trained) == 1
    one, other = (read_curves(record, label) for label in ("CS-QCFS", "again"))
    assert np.array_equal(one.spikes, other.spikes)
    path, _, _ = opened(folder)
    assert trained[0] == tune_for_conversion(path, "cs-qcfs-1", epochs=2, **dict(levels(4)))


def test_the_running_rate_by_hand():
    assert running_rate(np.array([[2, 0, 1], [0, 4, 0]]), 2, 2).tolist() == [0.5, 0.75, 7 / 12]
    assert np.isnan(running_rate(np.array([[0]]), 0, 2)).all()


KILLS = 20
SCRIPT = """
import json, os, signal, sys, time
from pathlib import Path
import numpy as np
from netsci.sweep import run_cells
from tests.analysis.engine.test_converted import CELL, DENSE
folder, kills = Path(sys.argv[1]), int(sys.argv[2])
run_cells([DENSE, CELL], folder / "whole")  # loads what is compiled
began = time.perf_counter()
run_cells([DENSE, CELL], folder / "timed")
usual = time.perf_counter() - began
rng, killed, names, resumed = np.random.default_rng(7), 0, [], 0
while killed < kills:
    names.append(f"killed-{len(names)}")
    place = folder / names[-1]
    run_cells([DENSE], place)
    while killed < kills:
        begun = bool(list(place.rglob("*.partial/*")))
        child = os.fork()
        if child == 0:
            run_cells([CELL], place)
            os._exit(0)
        time.sleep(rng.uniform(0.1, 0.5) * usual)
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status):
            break
        killed, resumed = killed + 1, resumed + begun
    run_cells([CELL], place)
print(json.dumps({"killed": killed, "names": names, "resumed": resumed}))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork and SIGKILL")
def test_kills_change_nothing(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path), str(KILLS)],
        capture_output=True, text=True, check=False,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["killed"] == KILLS, said
    assert said["resumed"], said  # some began where another was killed
    whole = run_cells([CELL], tmp_path / "whole")[CELL]
    for folder in said["names"]:
        killed = run_cells([CELL], tmp_path / folder)[CELL]
        assert killed.arrays.keys() == whole.arrays.keys()
        for name, value in whole.arrays.items():
            assert killed.arrays[name].tobytes() == value.tobytes(), name

"""`netsci convert`: thresholds from a run's training images, answers on its test images."""

import csv
import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from typer.testing import CliRunner

from netsci.cli import app
from netsci.convert import METHODS, QCFS, convert, load_spiking
from netsci.measure import saturation_time
from netsci.train import Inputs, load_network, read_recipe
from netsci.train.convert_run import convert_run, find_network, read_changes
from netsci.train.convert_said import choose_steps, say_conversion

SMALL = ("limit=200", "epochs=2", "options=(('hidden', (24, 16)),)", "sparsity=0.6")


def run(*arguments):
    return CliRunner().invoke(app, list(map(str, arguments)), env={"COLUMNS": "200"})


def train(folder, *more, preset="digits-mlp"):
    changes = [part for one in (*SMALL, *more) for part in ("--set", one)]
    done = run("train", "--preset", preset, "--out", folder, *changes)
    assert done.exit_code == 0, done.output
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return train(tmp_path_factory.mktemp("runs") / "run")


@pytest.fixture(scope="module")
def held_out(tmp_path_factory):
    return train(tmp_path_factory.mktemp("runs") / "held", "validation=100")


@pytest.fixture
def where(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def images(folder):
    recipe = read_recipe(folder / "network.safetensors").replace(validation=0)
    inputs = Inputs(recipe, "cpu")
    return tuple(torch.cat(part) for part in zip(*inputs.tests(), strict=True))


def test_it_says_about_ten_lines_and_writes_the_network(folder, where):
    done = run("convert", folder, "--method", "snm", "--steps", 32, "-o", "a.safetensors", "--table", "a.csv")
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert 10 <= len(lines) <= 13
    assert lines[0].startswith("snm, T = 32: 3 layers and ")
    assert "thresholds from 200 training images" in lines[0]
    assert [line.split()[0] for line in lines[2:7]] == ["T", "1", "3", "10", "32"]
    assert lines[-1] == "wrote a.safetensors"
    model = load_spiking("a.safetensors")
    x, y = images(folder)
    trace = model.simulate(x, labels=y)
    assert f"{100 * trace.accuracy[-1]:.2f} %" in lines[6]
    rows = list(csv.DictReader((where / "a.csv").read_text().splitlines()))
    assert [int(row["steps"]) for row in rows] == list(range(1, 33))
    assert [float(row["accuracy"]) for row in rows] == trace.accuracy.tolist()
    ann = load_network(folder / "network.safetensors")
    assert all((model.masks[f"layers.{k}"] != layer.links).nnz == 0 for k, layer in enumerate(ann.layers))


def test_json_holds_what_the_simulation_counts(folder, where):
    done = run("convert", folder, "--method", "qcfs", "--steps", 16, "--json", "--limit", 50)
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout, parse_constant=lambda text: pytest.fail(text))
    assert found["file"] == "spiking.safetensors"
    assert (found["test_images"], found["steps"], found["method"]) == (50, 16, "qcfs")
    model, ann = load_spiking("spiking.safetensors"), load_network(folder / "network.safetensors")
    recipe = read_recipe(folder / "network.safetensors").replace(test_limit=50)
    x, y = (torch.cat(part) for part in zip(*Inputs(recipe, "cpu").tests(), strict=True))
    trace = model.simulate(x, labels=y)
    with torch.no_grad():
        assert found["ann"]["accuracy"] == int((ann(x).argmax(1) == y).sum()) / 50
    assert found["links"] == sum(layer.n_links for layer in ann.layers) == found["ann"]["macs"]
    rows = found["by_step"]
    assert [row["accuracy"] for row in rows] == trace.accuracy.tolist()
    assert [row["firing_rate"] for row in rows] == trace.running_rate.tolist()
    sops, macs = trace.sops.sum(0).cumsum() / 50, trace.macs.sum(0) / 50
    for t, row in enumerate(rows):
        once = 0.9 * sops[t] + 4.6 * macs[0]
        repeated = 0.9 * sops[t] + 4.6 * macs[0] * (t + 1)
        assert math.isclose(row["energy_pj once exact"], once)
        assert math.isclose(row["energy_pj repeated exact"], repeated)
        assert math.isclose(row["snn_over_own_ann once exact"], once / (4.6 * found["links"]))
    times = {(one["curve"], one["window"], one["at"]): one["time"] for one in found["saturation"]}
    assert len(times) == 8
    for window in (5, 10):
        for at in ("end", "start"):
            wanted = saturation_time(trace.accuracy, window=window, at=at)
            assert times["accuracy", window, at] == wanted


def test_thresholds_come_from_training_images_alone(folder, where):
    first = convert_run(folder, "snm", steps=4).model
    again = convert_run(folder, "snm", steps=4, limit=5).model
    assert first.thresholds.equals(again.thresholds)
    ann = load_network(folder / "network.safetensors")
    inputs = Inputs(read_recipe(folder / "network.safetensors"), "cpu")
    x = torch.cat([one for one, _ in inputs.batches(1)])
    with torch.no_grad():
        hidden = torch.relu(ann.layers[0](x)).amax(0)
    theta = first.thresholds[first.thresholds.layer == first.thresholds.layer[0]].threshold
    assert np.allclose(theta, hidden, rtol=1e-6)
    fewer = convert_run(folder, "snm", steps=4, calibration=30).model.thresholds
    assert (fewer.threshold <= first.thresholds.threshold).all()
    assert fewer.threshold.sum() < first.thresholds.threshold.sum()


def test_held_out_images_are_no_test_images(held_out):
    found = convert_run(held_out, "qcfs", steps=4)
    assert (found.trace.images, found.calibration) == (360, 200)
    x, _ = images(held_out)
    assert found.trace.images == len(x)


def test_options_of_the_method(folder, where):
    done = run("convert", folder, "--method", "cs_qcfs", "--set", "theta=max", "--set", "levels=8")
    assert done.exit_code == 0, done.output
    assert dict(load_spiking("spiking.safetensors").options) == {"theta": "max", "levels": 8, "steps": 32}
    listed = run("convert", "--methods")
    assert listed.exit_code == 0
    assert all(f"{name}: " in listed.stdout for name in ("qcfs", "cs_qcfs", "snm"))
    assert "--set theta=None" in listed.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{run}", "--method", "snn"], "method must be one of qcfs"),
        (["{run}", "--set", "scale=2"], "qcfs takes the options theta, levels, steps"),
        (["{run}", "--set", "theta"], "--set takes NAME=VALUE"),
        (["{run}", "--set", "theta=0"], "theta must be a finite number above 0"),
        (["{run}", "--steps", "0"], "steps must be at least 1"),
        (["{run}", "--calibration", "0"], "calibration must be at least 1"),
        (["{run}", "--limit", "0"], "limit must be at least 1"),
        (["missing"], "there is no file or folder missing"),
        (["."], "give the folder of a run of `netsci train`"),
        (["foreign.safetensors"], "holds no recipe"),
        (["text"], "cannot be read as the network of a run"),
        (["{run}", "-o", "text"], "netsci did not write it"),
        (["{run}", "-o", "none/a.safetensors"], "there is no folder"),
        ([], "needs the folder of a run"),
    ],
)
def test_what_is_wrong_is_said_without_a_traceback(folder, where, arguments, message):
    from safetensors.torch import save_file

    save_file({"a": torch.ones(2)}, "foreign.safetensors")
    (where / "text").write_text("something else")
    done = run("convert", *(one.format(run=folder) for one in arguments))
    assert done.exit_code == 2, done.output
    assert message in done.stderr.replace("\n", " ")
    assert "Traceback" not in done.output
    assert sorted(one.name for one in where.iterdir()) == ["foreign.safetensors", "text"]


def test_a_spiking_run_and_a_converted_network_are_refused(folder, where, tmp_path):
    spiking = train(tmp_path / "lif", "steps=2", "options=(('hidden', (8,)),)", preset="digits-2fc")
    done = run("convert", spiking)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "spikes already" in done.stderr
    assert run("convert", folder, "--steps", 2).exit_code == 0
    again = run("convert", "spiking.safetensors", "-o", "b.safetensors")
    assert again.exit_code == 2
    assert "is a spiking network already" in again.stderr
    assert run("convert", folder, "--steps", 3).exit_code == 0  # its own file is written anew
    assert load_spiking("spiking.safetensors").steps == 3
    broken = tmp_path / "broken"
    broken.mkdir()
    whole = bytearray((folder / "network.safetensors").read_bytes())
    whole[-1] ^= 1
    (broken / "network.safetensors").write_bytes(bytes(whole))
    done = run("convert", broken)
    assert done.exit_code == 2
    assert "is damaged" in done.stderr


def test_inspect_and_report_open_it(folder, where):
    assert run("convert", folder, "--method", "snm", "--steps", 2).exit_code == 0
    shown = run("inspect", "spiking.safetensors", "--json")
    assert shown.exit_code == 0
    ann = json.loads(run("inspect", folder / "network.safetensors", "--json").stdout)["layers"]
    found = json.loads(shown.stdout)
    assert found["kind"] == "spiking network by snm, T = 2"
    assert [(one["shape"], one["links"], one["isolated"]) for one in found["layers"]] == [
        (one["shape"], one["links"], one["isolated"]) for one in ann
    ]
    assert run("report", "spiking.safetensors", "-o", "page.html").exit_code == 0
    assert "spiking network by snm" in (where / "page.html").read_text(encoding="utf-8")


def test_an_unfinished_run_is_told_apart(folder, where):
    (where / "part").mkdir()
    (where / "part" / "checkpoint.safetensors").write_bytes((folder / "checkpoint.safetensors").read_bytes())
    with pytest.raises(ValueError, match="finish its training first"):
        find_network(where / "part")


def test_steps_on_the_terminal_and_texts_of_options():
    assert choose_steps(1) == [1]
    for last in range(1, 300):
        steps = choose_steps(last)
        assert (steps[0], steps[-1]) == (1, last)
        assert steps == sorted(set(steps))
    assert read_changes(["compat=True", "theta=p999"]) == {"compat": True, "theta": "p999"}


def test_a_window_has_no_curve_by_time(folder, where):
    done = run("convert", folder, "--method", "aec", "--set", "window=6", "--table", "a.csv")
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert 9 <= len(lines) <= 13
    assert lines[0].startswith("aec, one window, T = 6: 3 layers and ")
    assert [line.split()[0] for line in lines[2:5]] == ["T", "6", "spikes"]
    assert "T is a window" in done.stdout
    assert "no time lag" in done.stdout
    assert not any(line.startswith("saturation") for line in lines)
    model = load_spiking("spiking.safetensors")
    x, y = images(folder)
    trace = model.simulate(x, labels=y)
    assert f"{100 * trace.accuracy[0]:.2f} %" in lines[3]
    (row,) = csv.DictReader((where / "a.csv").read_text().splitlines())
    links = sum(layer.n_links for layer in load_network(folder / "network.safetensors").layers)
    assert (int(row["steps"]), float(row["accuracy"])) == (6, trace.accuracy[0])
    assert math.isclose(float(row["firing_rate"]), trace.spikes.sum() / trace.units.sum() / len(x))
    sops, macs = trace.sops.sum() / len(x), trace.macs.sum() / len(x)
    once, repeated = 0.9 * sops + 4.6 * macs, 0.9 * sops + 4.6 * macs * 6
    assert macs == trace.macs[0].sum() / len(x) > 0
    assert math.isclose(float(row["energy_pj once exact"]), once)
    assert math.isclose(float(row["energy_pj repeated exact"]), repeated)
    assert math.isclose(float(row["own_ann_pj"]), 4.6 * links)
    assert math.isclose(float(row["snn_over_own_ann once exact"]), once / (4.6 * links))
    assert math.isclose(float(row["snn_over_own_ann repeated exact"]), repeated / (4.6 * links))


def test_a_window_in_json_and_without_steps(folder, where):
    done = run("convert", folder, "--method", "aec", "--json", "--limit", 50)
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout, parse_constant=lambda text: pytest.fail(text))
    assert (found["window"], found["steps"], found["saturation"]) == (8, 1, [])
    assert len(found["by_step"]) == 1
    assert {(one["reading"], one["count"], one["steps"]) for one in found["energy"]} == {
        (reading, count, 8) for reading in ("once", "repeated") for count in ("exact", "estimate")
    }
    refused = run("convert", folder, "--method", "aec", "--steps", 4, "-o", "b.safetensors")
    assert refused.exit_code == 2
    assert "its T is a window" in refused.stderr.replace("\n", " ")
    assert not (where / "b.safetensors").exists()
    assert run("inspect", "spiking.safetensors").stdout.count("by aec, in one window") == 1


@pytest.mark.parametrize("neuron", ["with_neg", "line"])
def test_images_of_dcgs_come_once(folder, where, neuron):
    done = run("convert", folder, "--method", "dcgs", "--set", f"neuron={neuron}", "--steps", 12)
    assert done.exit_code == 0, done.output
    assert "the image is shown once" in done.stdout
    found = convert_run(folder, "dcgs", [f"neuron={neuron}"], steps=12)
    assert found.model.steps == 12
    macs = found.trace.macs.sum(0)
    assert not macs[1:].any()
    assert bool(macs[0] > 0) == (neuron == "with_neg")
    energy = found.energy[found.energy["count"] == "exact"].set_index(["reading", "steps"])["macs"]
    assert energy["repeated", 12] == 12 * energy["once", 12] == 12 * energy["once", 1]
    x, y = images(folder)
    again = load_spiking("spiking.safetensors").simulate(x, labels=y)
    assert np.array_equal(again.spikes, found.trace.spikes)
    assert np.array_equal(again.correct, found.trace.correct)
    usual = convert_run(folder, "dcgs", limit=20)
    assert usual.trace.steps == 32


def test_live_neurons_of_every_method(folder):
    for method in METHODS:
        found = convert_run(folder, method, steps=None if method == "aec" else 2, limit=10)
        live = found.model.live_units()
        assert set(live) == set(found.trace.populations) - {""}
        assert 0 < found.live == sum(live.values()) / found.trace.units.sum() <= 1


def test_the_steps_that_thresholds_are_made_for_are_an_option_apart_from_t(folder):
    found = convert_run(folder, "dcgs", ["steps=4"], steps=12, limit=20)
    assert (found.model.steps, found.trace.steps) == (4, 12)
    usual = convert_run(folder, "dcgs", steps=12, limit=20)
    assert usual.model.steps == usual.trace.steps == 12
    assert not np.allclose(usual.model.thresholds["threshold"], found.model.thresholds["threshold"])
    alone = convert_run(folder, "dcgs", ["steps=4"], limit=20)
    assert alone.trace.steps == 4


def test_where_thresholds_come_from_and_a_curve_that_falls_are_said(folder, monkeypatch):
    given = convert_run(folder, "qcfs", ["theta=2.0"], steps=12, limit=20)
    assert "; thresholds given" in say_conversion(given)[0]
    measured = convert_run(folder, "qcfs", steps=12, limit=20, calibration=50)
    assert "; thresholds from 50 training images" in say_conversion(measured)[0]
    net = nn.Sequential(nn.Linear(4, 3), QCFS(4, 1.0), nn.Linear(3, 2)).eval()
    trained = replace(measured, model=convert(net, "qcfs", steps=12))
    assert trained.model.thresholds["statistic"].tolist() == ["trained"]
    assert say_conversion(trained)[0].endswith("; thresholds trained")
    vars(measured).pop("saturation")  # computed again, of another curve
    rate = np.concatenate([[0.5], 0.5 * 0.98 ** np.arange(11)])
    monkeypatch.setattr(type(measured.trace), "running_rate", property(lambda _: rate))
    lines = [line for line in say_conversion(measured) if line.startswith("saturation, window 5")]
    assert "firing rate at T = 6 (from 1 on, falling by 7.76 %)" in lines[0]

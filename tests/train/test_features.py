"""Pooled features of a trained network: rates by hand, the file and its errors, the command, S-TP on them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from netsci.cli import app
from netsci.data import DataError, available, load
from netsci.data.features import FILE, cifar10_features
from netsci.models import conv2fc2, mlp
from netsci.train import PRESETS, features_of_run, pooled_features, train
from netsci.train.features import save_features

RECIPE = PRESETS["mnist-2conv2fc"].replace(
    data="digits", steps=2, epochs=2, batch=50, limit=500, test_limit=20, options=(("padding", 1),)
)


def small(n: int = 40, test: int = 15):
    return load("digits").subset(n, test, rng=np.random.default_rng(3))


@pytest.fixture
def model() -> torch.nn.Module:
    torch.manual_seed(5)
    return conv2fc2((1, 8, 8), 10, padding=1, steps=3)


def test_rates_are_means_over_time_and_places(model):
    data = small()
    features = pooled_features(model, data, batch=7)
    with torch.no_grad():
        spikes = model.features(torch.from_numpy(data.scale(data.x_train)))
    rates = spikes.reshape(3, 40, 40, -1).mean(dim=(0, 3)).numpy()
    assert features.shape == (40, 1, 1)
    spread = np.ptp(rates, axis=0)
    shares = (rates - rates.min(axis=0)) / np.where(spread > 0, spread, np.inf)
    assert np.array_equal(features.x_train[:, :, 0, 0], np.rint(255 * shares))
    assert set(features.x_train.max(axis=0).ravel()[spread > 0]) == {255}
    assert np.array_equal(features.y_test, data.y_test)
    assert features.source == f"40 pooled features of a trained network on {data.source}"
    assert features.checksum != data.checksum
    other = pooled_features(model, data, batch=40)
    assert np.abs(other.x_test.astype(int) - features.x_test).max() <= 1  # rounding of other batches


def test_what_is_no_convolutional_network_is_refused(model):
    with pytest.raises(TypeError, match="must be a network with convolutions"):
        pooled_features(mlp([64, 8, 10]), small())
    with pytest.raises(ValueError, match="batch must be at least 1"):
        pooled_features(model, small(), batch=0)
    for layer in model.convs:
        torch.nn.init.zeros_(layer.weight)
    with pytest.raises(ValueError, match="no unit of the last feature maps changes between images"):
        pooled_features(model, small())


def test_events_keep_their_steps():
    torch.manual_seed(5)
    model = conv2fc2((1, 8, 8), 10, padding=1, steps=3)
    data = small()
    frames = np.repeat(data.x_train[:, None], 3, axis=1).astype(np.uint8)
    events = replace(data, x_train=frames, x_test=frames[:5], y_test=data.y_train[:5])
    features = pooled_features(model, events)
    with torch.no_grad():
        spikes = model.features(torch.from_numpy(frames.astype(np.float32)).transpose(0, 1))
    rates = spikes.reshape(3, 40, 40, -1).mean(dim=(0, 3)).numpy()
    spread = np.ptp(rates, axis=0)
    shares = (rates - rates.min(axis=0)) / np.where(spread > 0, spread, np.inf)
    assert np.array_equal(features.x_train[:, :, 0, 0], np.rint(255 * shares))
    assert not np.array_equal(features.x_train, pooled_features(model, data).x_train)


def test_a_run_its_features_and_s_tp_on_them(tmp_path, monkeypatch):
    """The whole way: a trained 6Conv stand-in, `netsci features`, the data set by name, S-TP."""
    train(RECIPE, folder=tmp_path / "run")
    out = tmp_path / "data" / FILE
    out.parent.mkdir(parents=True)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "run").iterdir()}
    result = CliRunner().invoke(app, ["features", str(tmp_path / "run"), "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert "1437 and 360 images, 40 pooled features of a trained network" in result.output
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "run").iterdir()} == before
    monkeypatch.setenv("NETSCI_DATA", str(tmp_path / "data"))
    assert "cifar10-features" in available()
    with pytest.raises(DataError, match="it holds digits-features, not features of CIFAR-10"):
        load("cifar10-features")
    made = features_of_run(tmp_path / "run")
    save_features(out, replace(made, name="cifar10-jpeg-features"))  # digits stand in for CIFAR-10
    read = load("cifar10-features")
    assert (read.source, read.checksum) == (made.source, made.checksum)
    assert np.array_equal(read.x_train, made.x_train)
    assert np.array_equal(read.x_test, made.x_test)
    stp = PRESETS["mnist-stp-3fc"].replace(
        data="cifar10-features", options=(("hidden", (80, 80)),), steps=20, epochs=4, lr=1e-2
    )
    run = train(stp.replace(sparsity=0.8))
    assert run.accuracy > 0.14  # chance is .1
    assert [layer.in_features for layer in run.model.layers] == [40, 80, 80]


def test_runs_that_cannot_be_taken(tmp_path):
    with pytest.raises(ValueError, match=r"must hold a run .* is missing"):
        features_of_run(tmp_path)
    assert list(tmp_path.iterdir()) == []
    train(RECIPE.replace(limit=50), folder=tmp_path / "run", stop_after=1)
    with pytest.raises(ValueError, match="holds 1 of 2 epochs"):
        features_of_run(tmp_path / "run")
    result = CliRunner().invoke(app, ["features", str(tmp_path / "run"), "--out", str(tmp_path / "f.npz")])
    assert result.exit_code == 2
    assert "holds 1 of 2 epochs" in result.output
    assert not (tmp_path / "f.npz").exists()
    train(RECIPE.replace(limit=50), folder=tmp_path / "run")
    (tmp_path / "file").touch()
    result = CliRunner().invoke(
        app, ["features", str(tmp_path / "run"), "--out", str(tmp_path / "file/f.npz")]
    )
    assert result.exit_code == 2
    assert "--out" in result.output


def test_rate_coded_runs_have_no_features(tmp_path):
    train(RECIPE.replace(limit=50, epochs=1, encoding="rate"), folder=tmp_path / "run")
    with pytest.raises(ValueError, match="encoding of the run must be 'direct' or 'events'"):
        features_of_run(tmp_path / "run")


def test_what_a_model_and_its_data_are_stays(model):
    data = small()
    bright = replace(data, x_test=np.full_like(data.x_test, 16))  # rates beyond those of training
    model.train()
    first = pooled_features(model, bright)
    assert not model.training
    assert first.classes == data.classes
    with torch.no_grad():
        spikes = model.features(torch.from_numpy(data.scale(bright.x_test[:1])))
        seen = model.features(torch.from_numpy(data.scale(data.x_train)))
    rates, known = (s.reshape(3, len(s[0]), 40, -1).mean(dim=(0, 3)).numpy() for s in (spikes, seen))
    above = rates[0] > known.max(axis=0)
    assert above.any()
    assert (first.x_test[0, above & (np.ptp(known, axis=0) > 0)] == 255).all()


@pytest.mark.parametrize(
    "how", ["missing", "text", "empty", "array", "cut", "flipped", "lacking", "labels", "shapes", "images"]
)
def test_damaged_files_say_how_to_make_them(tmp_path: Path, how: str, model):
    path = tmp_path / FILE
    path.parent.mkdir()
    features = pooled_features(model, small())
    features = replace(features, name="cifar10-features")
    if how in ("text", "empty"):
        path.write_text("not a file of arrays" if how == "text" else "")
    elif how == "array":
        with open(path, "wb") as file:
            np.save(file, np.zeros(3))
    elif how != "missing":
        save_features(path, features)
    if how == "cut":
        path.write_bytes(path.read_bytes()[:-200])
    if how == "flipped":
        content = bytearray(path.read_bytes())
        content[len(content) // 3] ^= 255
        path.write_bytes(bytes(content))
    if how == "images":
        save_features(path, replace(small(), name="cifar10-features"))
    if how in ("lacking", "labels", "shapes"):
        with np.load(path) as stored:
            arrays = dict(stored)
        if how == "lacking":
            del arrays["y_test"]
        else:
            name = "y_train" if how == "labels" else "x_test"
            arrays[name] = arrays[name] + 10 if how == "labels" else arrays[name][:, :3]
        np.savez(path, **arrays)
    with pytest.raises(DataError, match="netsci features RUN"):
        cifar10_features(tmp_path)

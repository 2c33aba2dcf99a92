"""Data of the user's own train, are recorded under their own name, and are refused in plain words."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from netsci.cli import app
from netsci.data import DataSet, load
from netsci.train import PRESETS, Inputs, as_data_set, read_recipe, train
from netsci.train.folder import NETWORK, RECIPE

SMALL = PRESETS["digits-2fc"].replace(options=(("hidden", (8,)),), steps=2, epochs=1, sparsity=0.5, batch=16)


def _pair(n=60, shape=(6,), seed=0, classes=3):
    rng = np.random.default_rng(seed)
    return rng.random((n, *shape)), np.arange(n) % classes


class Pictures(torch.utils.data.Dataset):
    """A map-style torch Dataset of pictures as PIL or tensors give them."""

    def __init__(self, n=30, picture=False):
        self.n, self.picture = n, picture

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        pixels = np.full((5, 4, 3), i, np.uint8)
        pixels[0, 0] = (9, 8, 7)
        image = Image.fromarray(pixels) if self.picture else torch.from_numpy(pixels).permute(2, 0, 1) / 255
        return image, torch.tensor(i % 2) if i % 3 else i % 2


def test_data_of_another_name_are_not_recorded_as_digits(tmp_path):
    digits = load("digits").subset(60, 20, rng=np.random.default_rng(0))
    mine = replace(digits, name="mine")
    run = train(SMALL, data=mine, folder=tmp_path)
    assert run.recipe.task.data == "mine"
    assert json.loads((tmp_path / RECIPE).read_text())["data"] == "mine"
    assert read_recipe(tmp_path / NETWORK).task.data == "mine"
    assert train(SMALL, data=mine, folder=tmp_path).finished  # the same run
    with pytest.raises(
        ValueError, match=r"another recipe \(data is 'mine' there and 'digits' here"
    ) as caught:
        train(SMALL.replace(limit=60), folder=tmp_path)
    assert "{" not in str(caught.value)
    same = train(SMALL.replace(limit=60), data=load("digits"))
    assert same.recipe.task.data == "digits"


def test_a_pair_of_arrays_trains(tmp_path):
    x, y = _pair()
    run = train(SMALL, data=(x, y), folder=tmp_path)
    assert run.recipe.task.data == "own arrays"
    assert "12 images held out of 60" in run.inputs.source
    assert (run.inputs.n_train, run.inputs.n_test) == (48, 12)
    with pytest.raises(ValueError, match="other data of the same name"):
        train(SMALL, data=_pair(seed=1), folder=tmp_path)


@pytest.mark.parametrize("picture", [True, False])
def test_a_torch_dataset_trains(picture):
    made = as_data_set(Pictures(picture=picture))
    assert made.x_train.shape == (24, 3, 5, 4)
    assert made.name == "own Pictures"
    intensities = made.scale(made.x_train)
    assert np.allclose(intensities[:, :, 0, 0], np.array([9, 8, 7]) / 255, atol=1e-4)
    assert np.allclose(intensities[:, :, 1, 1] * 255, np.arange(30)[_kept(made)][:, None], atol=0.01)
    assert train(SMALL, data=Pictures(picture=picture)).finished
    both = as_data_set((Pictures(8), Pictures(4)))
    assert (len(both.y_train), len(both.y_test)) == (8, 4)


def _kept(made):
    return np.rint(made.scale(made.x_train)[:, 0, 1, 1] * 255).astype(int)


def test_the_part_held_out_is_a_fifth_of_each_class_and_always_the_same():
    x, y = _pair(n=100, classes=4)
    one, two = as_data_set((x, y)), as_data_set((x, y))
    assert np.bincount(one.y_test).tolist() == [5, 5, 5, 5]
    assert np.array_equal(one.x_test, two.x_test)
    assert one.checksum == two.checksum
    rows = {tuple(row) for row in np.concatenate([one.x_train, one.x_test]).reshape(100, -1).tolist()}
    assert len(rows) == 100


@pytest.mark.parametrize(
    ("x", "full", "dtype", "shape"),
    [
        (np.ones((4, 6), np.int64) * 200, 255, np.uint8, (1, 1, 6)),
        (np.ones((4, 6), bool), 1, np.uint8, (1, 1, 6)),
        (np.ones((4, 5, 6), np.int32) * 1000, 1000, np.uint16, (1, 5, 6)),
        (np.full((4, 2, 5, 6), 0.25, np.float32), 65_535, np.uint16, (2, 5, 6)),
        (torch.full((4, 7), 0.5), 65_535, np.uint16, (1, 1, 7)),
    ],
)
def test_numbers_of_every_kind_keep_their_intensity(x, full, dtype, shape):
    y = ["a", "b", "a", "b"]
    made = as_data_set(((x, y), (x, y)))
    assert (made.full, made.x_train.dtype, made.x_train.shape[1:]) == (full, dtype, shape)
    high = {200: 200 / 255, 1000: 1.0, 1: 1.0}.get(float(x.max()), float(x.max()))
    assert made.scale(made.x_train).max() == pytest.approx(high, abs=1e-5)
    assert made.classes == ("a", "b")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("digits", r"data must be a netsci\.data\.DataSet; arrays"),
        (3, r"torch Dataset"),
        (None.__class__, r"torch Dataset"),
        ({"x": 1}, r"torch Dataset"),
        ([1, 2, 3], r"torch Dataset"),
        (np.ones((3, 4)), r"torch Dataset"),
        (torch.utils.data.DataLoader(Pictures()), r"pass its \.dataset"),
        ((np.ones((3, 4)), [0, 1]), "as many"),
        ((np.ones((3, 4)), [0.5, 1.0, 2.0]), "labels must be whole numbers or texts"),
        ((np.full((3, 4), 2.5), [0, 1, 0]), r"must lie in \[0, 1\].*scale them"),
        ((np.full((3, 4), np.nan), [0, 1, 0]), r"must lie in \[0, 1\]"),
        ((np.full((3, 4), -1), [0, 1, 0]), r"must lie in \[0, 65535\]"),
        ((np.array([["a"], ["b"]]), [0, 1]), "images must hold real numbers"),
        ((np.ones((2, 1, 1, 1, 1, 1)), [0, 1]), "images must be"),
        ((np.ones((1, 4)), [0]), "at least two images"),
        ([(np.ones((3, 4)), [0, 1, 0]), (np.ones((3, 4), int), [0, 1, 0])], "of one kind"),
    ],
)
def test_anything_else_is_told_what_is_wanted(data, message):
    with pytest.raises((TypeError, ValueError), match=message):
        train(SMALL, data=data)


def test_datasets_whose_items_do_not_fit_are_told_so():
    class Odd(Pictures):
        def __getitem__(self, i):
            return np.ones((1, 2, 3 + i % 2)), 0

    class Bare(Pictures):
        def __getitem__(self, i):
            return np.ones((1, 2, 3))

    with pytest.raises(ValueError, match="all images must have one shape; got 2"):
        as_data_set(Odd())
    with pytest.raises(TypeError, match="item 0 is array"):
        as_data_set(Bare())


@pytest.mark.parametrize("part", ["train", "test"])
def test_data_without_images_say_so(part):
    digits = load("digits")
    empty = {f"x_{part}": digits.x_train[:0], f"y_{part}": digits.y_train[:0]}
    rest = {n: getattr(digits, n) for n in ("x_train", "y_train", "x_test", "y_test", "classes", "full")}
    data = DataSet(name="mine", source="s", checksum="0" * 64, **(rest | empty))
    with pytest.raises(ValueError, match=f"'mine' have no {part}(ing)? images: give some"):
        train(SMALL, data=data)
    if part == "test":
        assert Inputs(SMALL.replace(validation=100), "cpu", data=data).n_test == 100


def test_the_command_fetches_what_is_missing(tmp_path, monkeypatch):
    asked = []

    def record_and_refuse(name, *, folder=None, download=False, **options):
        asked.append((name, download))
        raise ValueError("stop here")

    monkeypatch.setattr("netsci.train.inputs.load", record_and_refuse)
    for words in ([], ["--download"]):
        told = CliRunner().invoke(
            app, ["train", "--preset", "mnist-2conv2fc", "-o", str(tmp_path / "r"), *words]
        )
        assert told.exit_code == 2
    assert asked == [("mnist", False), ("mnist", True)]

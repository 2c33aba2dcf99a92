"""Models in several files: a folder or an index.json; one file of several is not half a network."""

import json
import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from netsci.io import load
from netsci.io.files import sha256
from tests.io.samples import layer_table, refused

STATE = {"fc1.weight": torch.ones(6, 8), "fc2.weight": torch.ones(3, 6), "fc2.bias": torch.ones(3)}
TABLE = {"fc1": (8, 6, 48), "fc2": (6, 3, 18)}
FIRST, SECOND = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"
PLACES = {"fc1.weight": FIRST, "fc2.weight": SECOND, "fc2.bias": SECOND}
INDEX = "model.safetensors.index.json"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "model"
    found.mkdir()
    for file in (FIRST, SECOND):
        save_file({name: STATE[name] for name, place in PLACES.items() if place == file}, found / file)
    return found


def write_index(folder: Path, places: object) -> Path:
    (folder / INDEX).write_text(json.dumps({"metadata": {"total_size": 1}, "weight_map": places}, indent=2))
    return folder / INDEX


def test_a_folder_and_its_index_give_the_whole_network(folder):
    without = load(folder)
    index = write_index(folder, PLACES)
    for isolate in (True, False):
        whole, listed = load(folder, isolate=isolate), load(index, isolate=isolate)
        assert layer_table(whole.graph) == TABLE
        assert whole.graph == listed.graph == without.graph
        assert whole.kind == "safetensors in 2 files"
        assert whole.sha256 == listed.sha256 == without.sha256
    save_file({"fc1.weight": torch.zeros(6, 8)}, folder / FIRST)
    assert load(folder).sha256 != without.sha256


def test_one_file_of_several_is_said_and_not_half_read(folder, tmp_path):
    for file in (FIRST, SECOND):
        refused(
            folder / file, f"this is part {file[10]} of 2 of a model.*open their folder.*rename this file"
        )
    (folder / FIRST).rename(tmp_path / "first.safetensors")
    assert layer_table(load(tmp_path / "first.safetensors").graph) == {"fc1": (8, 6, 48)}
    refused(folder, "1 parts? of a model.*not all of them")
    single = tmp_path / "model-00001-of-00001.safetensors"
    save_file(STATE, single)
    assert layer_table(load(single).graph) == TABLE


@pytest.mark.parametrize(
    ("places", "pattern"),
    [
        ({**PLACES, "fc3.weight": SECOND}, "promises fc3.weight, which its file does not hold"),
        ({**PLACES, "fc2.weight": "gone.safetensors"}, "'gone.safetensors', which is missing"),
        ({**PLACES, "fc2.weight": "../out.safetensors"}, "outside its folder.*not opened"),
        ({**PLACES, "fc2.weight": "/etc/out.safetensors"}, "outside its folder.*not opened"),
        ({**PLACES, "fc2.weight": "model.bin"}, "no safetensors file"),
        ({}, "names no files"),
        ([1], "names no files"),
    ],
)
def test_an_index_is_believed_in_nothing(folder, tmp_path, places, pattern):
    save_file(STATE, tmp_path / "out.safetensors")
    index = write_index(folder, places)
    refused(index, pattern)
    refused(folder, pattern)


def test_a_link_out_of_the_folder_is_not_followed(folder, tmp_path):
    save_file({"fc1.weight": torch.ones(6, 8)}, tmp_path / "out.safetensors")
    (folder / FIRST).unlink()
    os.symlink(tmp_path / "out.safetensors", folder / FIRST)
    refused(write_index(folder, PLACES), "outside its folder")


def test_two_files_with_one_name_and_damaged_parts(folder):
    save_file({"fc1.weight": torch.ones(6, 8)}, folder / SECOND)
    refused(folder, "two of its files hold fc1.weight")
    (folder / SECOND).write_bytes((folder / FIRST).read_bytes()[:-9])
    refused(folder, "damaged")
    (folder / INDEX).write_text('{"weight_map": {"fc1.weight": ')
    refused(folder / INDEX, "its index is no JSON: truncated or damaged")


def test_folders_are_named(tmp_path):
    refused(tmp_path, "a folder without safetensors; give one of the files in it")
    for name, what in {
        "__0_0.distcp": "distributed checkpoint .*FSDP.*dcp_to_torch",
        "saved_model.pb": "TensorFlow SavedModel.*save_weights",
        "manifest.ocdbt": "Orbax",
        "pytorch_model.bin.index.json": "several files of torch.*safe_serialization",
    }.items():
        (tmp_path / name).write_bytes(b"x")
        refused(tmp_path, what)
        (tmp_path / name).unlink()
    save_file(STATE, tmp_path / "model.safetensors")
    assert layer_table(load(tmp_path).graph) == TABLE
    assert load(tmp_path).sha256 != sha256(tmp_path / "model.safetensors")
    save_file(STATE, tmp_path / "other.safetensors")
    refused(tmp_path, "several models: model.safetensors, other.safetensors; give one of them")

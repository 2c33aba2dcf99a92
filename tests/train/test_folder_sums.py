"""Damage in the folder of a run is named: nothing is lost and nothing is believed unseen."""

import contextlib
import json
import shutil
import warnings

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from netsci.io import CheckpointError, load
from netsci.sparse import SparseLinear
from netsci.train import PRESETS, Recipe, features_of_run, load_checkpoint, read_recipe, save_network, train
from netsci.train.folder import CHECKPOINT, NETWORK, RECIPE, TABLE

SMALL = PRESETS["digits-2fc"].replace(
    options=(("hidden", (16,)),), steps=2, epochs=2, sparsity=0.9, limit=100, test_limit=20
)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    place = tmp_path_factory.mktemp("run")
    train(SMALL, folder=place)
    return place


def _flip(raw: bytes, bit: int) -> bytes:
    changed = bytearray(raw)
    changed[bit // 8] ^= 1 << (bit % 8)
    return bytes(changed)


def _bits(raw: bytes, count: int = 200) -> list[int]:
    """Return bits of a file, half of them in its header, which is short."""
    rng = np.random.default_rng(3)
    header = 8 * (8 + int.from_bytes(raw[:8], "little"))
    early = rng.choice(header, count // 2, replace=False)
    return [*early.tolist(), *rng.integers(header, 8 * len(raw), count - count // 2).tolist()]


def test_flipped_bits_of_a_network_are_all_noticed(run, tmp_path):
    raw, whole = (run / NETWORK).read_bytes(), load(run / NETWORK, isolate=False)
    assert not any("checksum" in note for note in whole.notes)
    path, refused = tmp_path / NETWORK, 0
    for bit in _bits(raw):
        path.write_bytes(_flip(raw, bit))
        with contextlib.suppress(CheckpointError):
            load(path, isolate=False)
            pytest.fail(f"bit {bit} of {len(raw) * 8} is not noticed")
        refused += 1
    assert refused == 200


def test_flipped_bits_of_a_checkpoint_are_all_noticed(run, tmp_path):
    raw, path = (run / CHECKPOINT).read_bytes(), tmp_path / CHECKPOINT
    for bit in _bits(raw):
        path.write_bytes(_flip(raw, bit))
        with pytest.raises(ValueError, match=CHECKPOINT):
            load_checkpoint(path)
        with pytest.raises(CheckpointError):
            load(path, isolate=False)


@pytest.mark.parametrize("name", [RECIPE, TABLE, NETWORK])
def test_a_damaged_file_is_named_and_made_anew(run, tmp_path, name):
    place = shutil.copytree(run, tmp_path / "run")
    raw = (run / name).read_bytes()
    (place / name).write_bytes(_flip(raw, 8 * (len(raw) // 2)))
    with pytest.warns(UserWarning, match=f"{name}.*anew"):
        train(SMALL, folder=place)
    assert (place / name).read_bytes() == raw
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        train(SMALL, folder=place)


def test_a_missing_file_is_written_without_a_word(run, tmp_path):
    place = shutil.copytree(run, tmp_path / "run")
    for name in (RECIPE, TABLE, NETWORK):
        (place / name).unlink()
    train(SMALL, folder=place)
    assert all((place / name).read_bytes() == (run / name).read_bytes() for name in (RECIPE, TABLE, NETWORK))


def test_a_network_holds_its_recipe(run, tmp_path):
    assert read_recipe(run / NETWORK) == read_recipe(run / CHECKPOINT) == SMALL
    save_network(tmp_path / "plain.safetensors", SparseLinear([[1, 0], [0, 1]]))
    with pytest.raises(ValueError, match="holds no recipe"):
        read_recipe(tmp_path / "plain.safetensors")
    raw = (run / NETWORK).read_bytes()
    (tmp_path / "bad.safetensors").write_bytes(_flip(raw, 8 * len(raw) - 3))
    with pytest.raises(ValueError, match="checksum does not fit"):
        read_recipe(tmp_path / "bad.safetensors")
    for wrong in ("absent.safetensors", "."):
        with pytest.raises(ValueError, match="cannot be read"):
            read_recipe(tmp_path / wrong)


def test_features_do_not_believe_recipe_json(run, tmp_path):
    place = shutil.copytree(run, tmp_path / "run")
    said = json.loads((place / RECIPE).read_text())
    (place / RECIPE).write_text(json.dumps(said | {"seed": 9}))
    with pytest.raises(TypeError, match="model must be a network with convolutions"):
        features_of_run(place)


def test_files_of_others_and_of_older_versions_are_read(run, tmp_path):
    tensors = load_file(run / NETWORK)
    save_file(tensors, tmp_path / "old.safetensors")  # as versions before wrote it: without metadata
    assert any("no checksum" in note for note in load(tmp_path / "old.safetensors").notes)
    weights = {name: tensor for name, tensor in tensors.items() if name.endswith("weight")}
    save_file(weights, tmp_path / "other.safetensors")
    assert not any("checksum" in note for note in load(tmp_path / "other.safetensors").notes)
    save_file(tensors, tmp_path / "pt.safetensors", metadata={"format": "pt"})
    assert not any("checksum" in note for note in load(tmp_path / "pt.safetensors").notes)


def test_the_seal_leaves_tensors_as_they_are(tmp_path):
    torch.manual_seed(0)
    model = torch.nn.Sequential(SparseLinear(np.eye(3, 4)), torch.nn.Linear(4, 2))
    save_network(tmp_path / "n.safetensors", model, Recipe(seed=2))
    read = load_file(tmp_path / "n.safetensors")
    assert torch.equal(read["0.weight"], model[0].weight)
    assert torch.equal(read["1.bias"], model[1].bias)
    assert read["0.weight_mask"].dtype == torch.bool


@pytest.mark.parametrize("read", [read_recipe, load_checkpoint, features_of_run])
@pytest.mark.parametrize("wrong", [3, None, b"a"])
def test_what_is_read_must_be_a_path(read, wrong) -> None:
    with pytest.raises(TypeError, match="must be a path"):
        read(wrong)  # 3 would be an open file

import json

import pytest
import torch

from netsci.train import Checkpoint, load_checkpoint, save_checkpoint
from netsci.train.checkpoint import FORMAT, digest_tensors


def example() -> Checkpoint:
    model = {"a.values": torch.arange(5.0), "a.column": torch.tensor([3, 1, 2]), "b": torch.zeros(0, 4)}
    optimizer = {
        "state": {0: {"step": torch.tensor(7.0), "exp_avg": torch.ones(5)}, 2: {"momentum_buffer": None}},
        "param_groups": [{"lr": 0.1, "params": [0, 1, 2]}],
    }
    return Checkpoint({"lr": 0.1}, 3, 42, model, optimizer, {"rows": [1.5, float("nan")], "stopped": ["a"]})


def test_a_checkpoint_comes_back(tmp_path):
    save_checkpoint(tmp_path / "deep/run.safetensors", example())
    back, was = load_checkpoint(tmp_path / "deep/run.safetensors"), example()
    assert (back.recipe, back.epoch, back.step) == (was.recipe, 3, 42)
    assert back.notes["stopped"] == ["a"]
    assert back.notes["rows"][1] != back.notes["rows"][1]
    assert back.model.keys() == was.model.keys()
    assert all(torch.equal(back.model[name], was.model[name]) for name in was.model)
    assert all(back.model[name].dtype == was.model[name].dtype for name in was.model)
    assert back.optimizer["param_groups"] == was.optimizer["param_groups"]
    assert torch.equal(back.optimizer["state"][0]["exp_avg"], torch.ones(5))
    assert back.optimizer["state"][0]["step"].ndim == 0
    assert back.optimizer["state"][2] == {"momentum_buffer": None}


def test_every_damaged_byte_is_noticed(tmp_path):
    path = tmp_path / "run.safetensors"
    save_checkpoint(path, example())
    whole = path.read_bytes()
    for place in range(0, len(whole), 7):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :])
        with pytest.raises(ValueError, match=r"run\.safetensors"):
            load_checkpoint(path)
    for length in (0, 5, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r"run\.safetensors"):
            load_checkpoint(path)


WHOLE = {"recipe": {}, "epoch": 3, "step": 42, "groups": [], "scalars": {}, "notes": {}}


@pytest.mark.parametrize(
    ("content", "names", "words"),
    [
        ({}, ["model.a"], "content lacks recipe, epoch, step, groups, scalars, notes"),
        ({k: v for k, v in WHOLE.items() if k != "scalars"}, ["model.a"], "content lacks scalars"),
        (WHOLE | {"epoch": "3"}, ["model.a"], "content lacks epoch"),
        ([], ["model.a"], "content is a list"),
        ("nothing", ["model.a"], "content is a str"),
        (WHOLE | {"scalars": {"x": {}}}, ["model.a"], "scalars 'x'"),
        (WHOLE | {"scalars": {"0": 1}}, ["model.a"], "scalars '0'"),
        (WHOLE, ["weight"], "tensor 'weight'"),
        (WHOLE, ["model.a", "other.b"], "tensor 'other.b'"),
        (WHOLE, ["optimizer.0"], "tensor 'optimizer.0'"),
        (WHOLE, ["optimizer.x.step"], r"tensor 'optimizer\.x\.step'"),
    ],
)
def test_a_fitting_checksum_is_not_enough(tmp_path, content, names, words):
    from safetensors.torch import save_file

    path, text = tmp_path / "run.safetensors", json.dumps(content)
    tensors = {name: torch.ones(2) for name in names}
    metadata = {"format": FORMAT, "content": text, "sha256": digest_tensors(tensors, text)}
    save_file(tensors, path, metadata=metadata)
    with pytest.raises(ValueError, match=rf"run\.safetensors is damaged.*{words}.*start the run again"):
        load_checkpoint(path)


def test_another_safetensors_file_is_no_checkpoint(tmp_path):
    from safetensors.torch import save_file

    save_file({"weight": torch.ones(2, 3)}, tmp_path / "other.safetensors")
    with pytest.raises(ValueError, match="must be a checkpoint of a training run"):
        load_checkpoint(tmp_path / "other.safetensors")


def test_a_checkpoint_of_another_version_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("netsci.train.checkpoint.FORMAT", "netsci training checkpoint 12")
    save_checkpoint(tmp_path / "run.safetensors", example())
    monkeypatch.undo()
    with pytest.raises(ValueError, match="another version"):
        load_checkpoint(tmp_path / "run.safetensors")


def test_what_was_there_stays_if_writing_fails(tmp_path):
    path = tmp_path / "run.safetensors"
    save_checkpoint(path, example())
    before = path.read_bytes()
    broken = Checkpoint({"lr": object()}, 4, 43, {}, {"state": {}, "param_groups": []})
    with pytest.raises(TypeError):
        save_checkpoint(path, broken)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["run.safetensors"]


def test_the_header_is_json_that_others_can_read(tmp_path):
    from safetensors import safe_open

    save_checkpoint(tmp_path / "run.safetensors", example())
    with safe_open(tmp_path / "run.safetensors", framework="pt") as stored:
        assert json.loads(stored.metadata()["content"])["epoch"] == 3

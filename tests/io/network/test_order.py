"""The order of layers: the file's own, that of numbers, the only one that chains; else layers stay apart."""

from pathlib import Path

import numpy as np
import pytest
import torch

from netsci.io import load
from tests.io.samples import safetensors_bytes, write_torch


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "net.bin"


def save(path, shapes):
    """Write safetensors in the order of the text, as the format does."""
    entries = {n: ("F32", list(s), np.ones(s, np.float32).tobytes()) for n, s in sorted(shapes.items())}
    path.write_bytes(safetensors_bytes(entries))
    return path


def state(shapes):
    return {name: torch.ones(shape) for name, shape in shapes.items()}


def ends(loaded):
    return {p.name: (p.source, p.target) for p in loaded.graph.projections}


def unknown(loaded):
    return any("neither names nor widths tell" in guess for guess in loaded.guesses)


VAE = {"fc1": (12, 20), "fc21": (3, 12), "fc22": (3, 12), "fc3": (12, 3), "fc4": (20, 12)}
MU = {"enc": (12, 20), "fc_mu": (3, 12), "fc_logvar": (3, 12), "dec1": (12, 3), "dec2": (20, 12)}


@pytest.mark.parametrize("shapes", [VAE, MU])
def test_two_heads_read_the_same_and_the_file_keeps_its_order(path, shapes):
    loaded = load(write_torch(path, state({f"{n}.weight": s for n, s in shapes.items()})))
    trunk, one, other, up, out = shapes
    assert ends(loaded) == {
        trunk: ("input", trunk), one: (trunk, one), other: (trunk, other), up: (one, up), out: (up, out),
    }  # fmt: skip
    assert any(f"{other} beside {one}" in guess for guess in loaded.guesses)


def test_heads_of_a_vae_have_no_order_in_safetensors(path):
    loaded = load(save(path, {f"{n}.weight": s for n, s in VAE.items()}))
    assert unknown(loaded)
    apart = [f"input of {name}" for name in ("fc3", "fc4", "fc21", "fc22")]
    assert [source for source, _ in ends(loaded).values()] == ["input", *apart]


@pytest.mark.parametrize("name", ["fc{}", "layers.{}", "net.{}", "layer_{}.linear", "dense_{}"])
def test_numbers_under_one_name_are_an_order(path, name):
    names = [name.format(i) for i in range(1, 13)]
    loaded = load(save(path, {f"{n}.weight": (6, 6) for n in names}))
    assert list(ends(loaded)) == names
    assert [source for source, _ in ends(loaded).values()] == ["input", *names[:-1]]
    assert loaded.guesses == ()


def test_text_order_alone_joins_nothing(path):
    loaded = load(save(path, {"alpha.weight": (6, 6), "beta.weight": (6, 6)}))
    assert ends(loaded) == {"alpha": ("input", "alpha"), "beta": ("input of beta", "beta")}
    assert unknown(loaded)
    # In a torch file the same two are in the order in which they were built.
    loaded = load(write_torch(path, state({"beta.weight": (6, 6), "alpha.weight": (6, 6)})))
    assert ends(loaded) == {"beta": ("input", "beta"), "alpha": ("beta", "alpha")}


@pytest.mark.parametrize("names", [("user_tower", "item_tower"), ("zebra", "apple"), ("query", "document")])
def test_two_towers_of_one_width_stay_apart(path, names):
    shapes = {f"{n}.{i}.weight": s for n in names for i, s in ((0, (8, 6)), (2, (6, 8)))}
    loaded = load(save(path, shapes))
    for name in names:
        assert ends(loaded)[f"{name}.0"][0] in ("input", f"input of {name}.0")
        assert ends(loaded)[f"{name}.2"][0] == f"{name}.0"


def test_the_only_order_that_chains_is_taken_and_said(path):
    shapes = {"conv1": (8, 3, 3, 3), "conv2": (16, 8, 3, 3), "zeta": (35, 64), "alpha": (10, 35)}
    loaded = load(save(path, {f"{n}.weight": s for n, s in shapes.items()}))
    assert list(ends(loaded)) == list(shapes)
    assert "the order of the layers was found from their widths" in loaded.guesses


def test_names_of_stages_are_an_order(path):
    shapes = {"encoder.0": (8, 20), "encoder.2": (3, 8), "decoder.0": (8, 3), "decoder.2": (20, 8)}
    loaded = load(save(path, {f"{n}.weight": s for n, s in shapes.items()}))
    assert list(ends(loaded)) == list(shapes)
    assert ends(loaded)["decoder.0"] == ("encoder.2", "decoder.0")
    assert any("that of their names: encoder, decoder" in guess for guess in loaded.guesses)


def test_a_residual_network_in_safetensors(path):
    shapes = {
        "conv1": (8, 3, 3, 3), "layer1.0.conv1": (8, 8, 3, 3), "layer1.0.conv2": (8, 8, 3, 3),
        "layer2.0.conv1": (16, 8, 3, 3), "layer2.0.conv2": (16, 16, 3, 3),
        "layer2.0.downsample.0": (16, 8, 1, 1), "fc": (10, 16),
    }  # fmt: skip
    loaded = load(save(path, {f"{n}.weight": s for n, s in shapes.items()}))
    assert list(ends(loaded)) == list(shapes)
    assert ends(loaded)["layer2.0.downsample.0"] == ("layer1.0.conv2", "layer2.0.conv2")


def test_a_torch_file_is_put_in_another_order_only_where_that_alone_chains(path):
    shapes = {"out": (2, 4), "hidden": (4, 6), "inp": (6, 9)}
    loaded = load(write_torch(path, state({f"{n}.weight": s for n, s in shapes.items()})))
    assert list(ends(loaded)) == ["inp", "hidden", "out"]
    assert any("do not chain in the order of the file" in guess for guess in loaded.guesses)
    loaded = load(write_torch(path, state({"z.weight": (4, 6), "a.weight": (6, 4), "m.weight": (3, 6)})))
    assert list(ends(loaded)) == ["z", "a", "m"]
    # What branches has no other order in which all chains.
    loaded = load(write_torch(path, state({"a.weight": (4, 6), "b.weight": (5, 6), "c.weight": (2, 5)})))
    assert list(ends(loaded)) == ["a", "b", "c"]


def test_experts_stand_side_by_side(path):
    shapes = {"inp": (8, 6)}
    for i in (0, 1, 2):
        shapes |= {f"experts.{i}.fc1": (12, 8), f"experts.{i}.fc2": (8, 12)}
    shapes["out"] = (3, 8)
    loaded = load(write_torch(path, state({f"{n}.weight": s for n, s in shapes.items()})))
    assert {ends(loaded)[f"experts.{i}.fc1"][0] for i in (0, 1, 2)} == {"inp"}
    assert any("3 experts side by side" in guess for guess in loaded.guesses)
    # Layers that are merely numbered follow one another.
    loaded = load(write_torch(path, state({f"parts.{i}.fc.weight": (8, 8) for i in (0, 1)})))
    assert ends(loaded)["parts.1.fc"][0] == "parts.0.fc"


def test_an_npz_keeps_the_order_in_which_it_was_written(path):
    arrays = {"second": np.ones((9, 6)), "first": np.ones((6, 6)), "last": np.ones((6, 2))}
    with open(path, "wb") as stream:
        np.savez(stream, **arrays)
    assert list(ends(load(path))) == list(arrays)

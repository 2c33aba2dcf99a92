"""The options of load: threshold, density, select and isolate, on checkpoints."""

from pathlib import Path

import numpy as np
import pytest
import torch

from netsci.io import CheckpointError, load, load_graph
from tests.io.samples import FC1, FC2, WRITERS, dense_weights, layer_table, torch_state, write_torch


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "net.bin"


def test_threshold_and_density_cut_checkpoints(path):
    write_torch(path)
    strong = load(path, threshold=2)
    assert np.array_equal(dense_weights(strong.graph, 0), np.where(abs(FC1) >= 2, FC1, 0))
    assert np.array_equal(dense_weights(strong.graph, 1), np.where(abs(FC2) >= 2, FC2, 0))
    dense = load(path, density=0.1)
    assert [p.n_links for p in dense.graph.projections] == [2, 1]  # of 20 and 12 places
    assert any("fc1: 2 of 6 links stay" in note for note in dense.notes)
    assert load_graph(path, density=1.0) == load_graph(path)
    assert load_graph(path, threshold=0, isolate=False) == load_graph(path)


def test_what_has_no_weights_cannot_be_cut(path):
    with open(path, "wb") as stream:
        np.savez(stream, mask_a=FC1 != 0)
    for options in ({"threshold": 1}, {"density": 0.5}):
        with pytest.raises(
            CheckpointError, match="masks and no weights, which threshold and density need; leave out"
        ):
            load(path, **options)


def test_one_layer_or_one_block_is_selected(path):
    state = torch_state()
    write_torch(
        path, {f"net.{name}": value for name, value in state.items()} | {"head.weight": torch.ones(2, 3)}
    )
    assert layer_table(load_graph(path, select="net.fc2")) == {"net.fc2": (4, 3, 4)}
    assert [p.name for p in load_graph(path, select="net").projections] == ["net.fc1", "net.fc2"]
    loaded = load(path, select="head", density=0.5)
    assert layer_table(loaded.graph) == {"head": (3, 2, 3)}
    assert "selected head" in loaded.notes
    for name in ("net.fc", "fc1", "bias"):
        with pytest.raises(
            CheckpointError, match=rf"nothing called '{name}'; select one of: net\.fc1, net\.fc2, head"
        ):
            load(path, select=name)


@pytest.mark.parametrize(
    ("options", "error", "pattern"),
    [
        ({"threshold": 1, "density": 0.5}, ValueError, "exclude each other; give one"),
        ({"threshold": -1}, ValueError, "finite number of at least 0; got -1"),
        ({"threshold": float("nan")}, ValueError, "finite number of at least 0; got nan"),
        ({"threshold": float("inf")}, ValueError, "finite"),
        ({"density": 0}, ValueError, r"\(0, 1\], the share of possible links to keep; got 0"),
        ({"density": 1.5}, ValueError, r"\(0, 1\]"),
        ({"density": "0.5"}, TypeError, "a number or None; got '0.5'"),
        ({"threshold": True}, TypeError, "a number or None; got True"),
        ({"select": 3}, TypeError, "name of a layer"),
        ({"select": ""}, TypeError, "name of a layer"),
    ],
)
def test_options_are_checked_before_the_file(path, options, error, pattern):
    with pytest.raises(error, match=pattern) as caught:
        load(path, **options)
    assert not isinstance(caught.value, CheckpointError)  # though there is no such file


def test_dense_layers_are_named_with_the_way_on(path):
    full = torch.ones(4, 5)
    write_torch(path, {"fc1.weight": full, "fc2.weight": torch.tensor(FC2.T.copy())})
    note = next(note for note in load(path).notes if "dense" in note)
    assert note.startswith("no zeros, dense (0 % sparsity): fc1; --threshold or --density")
    write_torch(path, {"fc1.weight": full})
    note = next(note for note in load(path).notes if "dense" in note)
    assert note.startswith("no zeros: the network is dense (0 % sparsity); --threshold or --density")


@pytest.mark.parametrize("format", WRITERS)
def test_isolated_or_not_the_network_is_the_same(path, format):
    WRITERS[format](path)
    apart, here = load(path), load(path, isolate=False)
    assert apart.graph == here.graph
    assert (apart.kind, apart.notes, apart.sha256, apart.path) == (
        here.kind,
        here.notes,
        here.sha256,
        here.path,
    )


def test_a_sparse_matrix_packs_as_well_as_it_likes(path):
    matrix = np.zeros((8000, 4000), np.float32)  # 128 MB, a thousand times the file
    matrix[7999, 1] = 2
    with open(path, "wb") as stream:
        np.savez_compressed(stream, matrix)
    assert matrix.nbytes > 900 * path.stat().st_size
    for isolate in (True, False):
        (p,) = load_graph(path, isolate=isolate).projections
        assert (p.shape, p.n_links, p.weights[7999, 1]) == ((8000, 4000), 1, 2)

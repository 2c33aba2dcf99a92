"""HDF5: Keras of all ages and NIR, in their order and the right way round."""

from __future__ import annotations

import io
import json
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from netsci.io.formats.hdf5.file import read_hdf5, read_keras_zip
from tests.io.samples import FC1, FC2, dense_weights, layer_table, read

h5py = pytest.importorskip("h5py")

CONV = np.arange(1, 3 * 3 * 1 * 2 + 1, dtype=np.float32).reshape(3, 3, 1, 2)  # [h, w, in, out]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "net.bin"


def legacy(path, layers, *, inside="model_weights", config=None):
    """Write {layer: {weight: array}} as Keras 1 and 2 do."""
    with h5py.File(path, "w") as file:
        root = file.create_group(inside) if inside else file
        root.attrs["layer_names"] = [name.encode() for name in layers]
        if config is not None:
            file.attrs["model_config"] = json.dumps(config)
        for layer, weights in layers.items():
            group = root.create_group(layer)
            group.attrs["weight_names"] = [name.encode() for name in weights]
            for name, array in weights.items():
                group[name] = array
        if inside:
            file["optimizer_weights/Adam/z/m/kernel:0"] = np.ones((5, 4))
    return path


DENSE = {
    "z": {"z/kernel:0": FC1, "z/bias:0": np.ones(4)},
    "relu": {},
    "a": {"a/kernel:0": FC2, "a/bias:0": np.ones(3)},
}


@pytest.mark.parametrize("inside", ["model_weights", ""])
def test_layers_lie_in_out_and_follow_layer_names(path, inside):
    graph, _ = read(read_hdf5, legacy(path, DENSE, inside=inside))
    assert graph.sizes == {"input": 5, "z": 4, "a": 3}
    assert np.array_equal(dense_weights(graph, 0), FC1)
    assert np.array_equal(dense_weights(graph, 1), FC2)
    assert not read_hdf5(path).uses.keys() - {"z.kernel", "a.kernel"}


def test_long_lists_of_names_are_cut_into_pieces(path):
    legacy(path, DENSE)
    with h5py.File(path, "a") as file:
        root = file["model_weights"]
        names = root.attrs["layer_names"]
        del root.attrs["layer_names"]
        root.attrs["layer_names0"], root.attrs["layer_names1"] = names[:2], names[2:]
    assert list(read(read_hdf5, path)[0].sizes) == ["input", "z", "a"]


@pytest.mark.parametrize("order", ["channels_last", "channels_first"])
def test_a_flatten_is_read_channel_by_channel(path, order):
    weight = np.arange(1.0, 41, dtype=np.float32).reshape(8, 5)  # 2 channels x 4 positions
    layers = {"conv": {"conv/kernel:0": CONV}, "fc": {"fc/kernel:0": weight}}
    graph, notes = read(read_hdf5, legacy(path, layers, config={"data_format": order}))
    places = weight.reshape(4, 2, 5).swapaxes(0, 1) if order == "channels_last" else weight.reshape(2, 4, 5)
    assert np.array_equal(dense_weights(graph, 1), places.reshape(8, 5))
    assert graph.projections[1].rows_per_unit == 4
    assert "fc reads conv flattened: 4 rows a channel" in notes
    assert dense_weights(graph, 0)[3 * 1 + 2, 1] == CONV[1, 2, 0, 1]


def test_a_mask_of_the_pruning_toolkit_decides_which_links_exist(path):
    mask = np.ones(FC1.shape, np.float32)
    mask[0, 0] = 0
    weights = {"p/fc/kernel:0": FC1, "p/mask:0": mask, "p/threshold:0": np.float32(0), "p/pruning_step:0": 3}
    graph, notes = read(read_hdf5, legacy(path, {"p": weights}))
    assert np.array_equal(graph.projections[0].links.toarray(), mask != 0)
    assert "explicit masks decide which links exist (1 of 1 layers)" in notes


def test_depthwise_transposed_and_attention_kernels(path):
    depthwise = np.arange(1.0, 19).reshape(3, 3, 2, 1).astype(np.float32)  # [h, w, in, multiplier]
    upwards = np.arange(1.0, 13).reshape(1, 2, 3, 2).astype(np.float32)  # [h, w, out, in]
    layers = {
        "conv": {"conv/kernel:0": CONV},
        "depth": {"depth/depthwise_kernel:0": depthwise},
        "conv2d_transpose": {"conv2d_transpose/kernel:0": upwards},
        "mha": {
            "mha/query/kernel:0": np.ones((3, 2, 4), np.float32),  # [in, heads, size]
            "mha/attention_output/kernel:0": np.ones((2, 4, 3), np.float32),
        },
    }
    graph, notes = read(read_hdf5, legacy(path, layers))
    assert layer_table(graph) == {
        "conv": (9, 2, 18), "depth.depthwise": (18, 2, 18), "conv2d_transpose": (4, 3, 12),
        "mha.query": (3, 8, 24), "mha.attention_output": (8, 3, 24),
    }  # fmt: skip
    assert len(graph.populations) == 6  # one chain
    weights = dense_weights(graph, 1)
    assert np.array_equal(weights[9:, 1], depthwise[:, :, 1, 0].ravel())
    assert not weights[9:, 0].any()
    assert not weights[:9, 1].any()
    assert dense_weights(graph, 2)[2 * 1 + 1, 2] == upwards[0, 1, 2, 1]
    assert any("convolution in 2 groups" in note for note in notes)


def test_recurrent_and_unusual_arrays(path):
    recurrent = np.zeros((4, 4), np.float32)
    recurrent[3, 0] = 1  # from 3 to 0
    layers = {
        "embedding": {"embedding/embeddings:0": np.ones((9, 5), np.float32)},
        "rnn": {"rnn/cell/kernel:0": FC1, "rnn/cell/recurrent_kernel:0": recurrent},
        "norm": {"norm/gamma:0": np.ones(4), "norm/moving_mean:0": np.ones((4, 4))},
        "own": {"own/w:0": FC2},
    }
    graph, notes = read(read_hdf5, legacy(path, layers))
    assert [(p.source, p.target) for p in graph.projections] == [
        ("input", "rnn.cell"), ("rnn.cell", "rnn.cell"), ("rnn.cell", "own.w"),
    ]  # fmt: skip
    assert graph.projections[1].links.toarray()[3, 0]
    assert np.array_equal(dense_weights(graph, 2), FC2)
    assert "not layers: embedding.embeddings [9, 5], norm.moving_mean [4, 4]" in notes


def current(target, variables):
    """Write {place: array} as Keras 3 does, plus the moments of an optimizer."""
    with h5py.File(target, "w") as file:
        for place, array in variables.items():
            file[place] = array
        file["optimizer/vars/2"] = FC1
    return target


@pytest.mark.parametrize("root", ["layers", "_layer_checkpoint_dependencies"])
def test_keras_3_numbers_its_variables(path, root):
    variables = {
        f"{root}/dense_10/vars/0": np.ones((2, 3)),
        f"{root}/dense_2/vars/0": np.ones((4, 2)),
        f"{root}/dense/vars/0": FC1,
        f"{root}/dense/vars/1": np.ones(4),
        f"{root}/batch_normalization/vars/0": np.ones(4),
    }
    graph, _ = read(read_hdf5, current(path, variables))
    assert list(graph.sizes) == ["input", "dense", "dense_2", "dense_10"]
    assert np.array_equal(dense_weights(graph, 0), FC1)


def test_keras_3_recurrent_embedding_and_depthwise(path):
    variables = {
        "layers/embedding/vars/0": np.ones((9, 5)),
        "layers/simple_rnn/cell/vars/0": FC1,
        "layers/simple_rnn/cell/vars/1": np.eye(4),
        "layers/depthwise_conv2d/vars/0": np.ones((3, 3, 7, 1)),
    }
    graph, notes = read(read_hdf5, current(path, variables))
    assert layer_table(graph)["simple_rnn.cell.recurrent"] == (4, 4, 4)
    assert layer_table(graph)["depthwise_conv2d.depthwise"] == (63, 7, 63)
    assert "simple_rnn.cell.recurrent is recurrent: from simple_rnn.cell onto itself" in notes


def keras_zip(path, layers, variables):
    stream = io.BytesIO()
    current(stream, variables)
    described = [{"class_name": kind, "config": {"name": name}} for kind, name in layers]
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps({"config": {"layers": described}}))
        archive.writestr("metadata.json", "{}")
        archive.writestr("model.weights.h5", stream.getvalue())
    return path


@pytest.mark.parametrize("by_class", [True, False])
def test_a_keras_archive_is_ordered_by_its_configuration(path, by_class):
    names = ["dense", "dense_1", "conv2d"] if by_class else ["z", "b", "a"]
    layers = [("InputLayer", "in"), ("Conv2D", "a"), ("Dense", "z"), ("Dense", "b")]
    square = np.ones((2, 2), np.float32)
    variables = {f"layers/{names[0]}/vars/0": square, f"layers/{names[1]}/vars/0": 2 * square}
    variables[f"layers/{names[2]}/vars/0"] = CONV
    graph, _ = read(read_keras_zip, keras_zip(path, layers, variables))
    assert [p.name for p in graph.projections] == [names[2], names[0], names[1]]
    assert dense_weights(graph, 2)[0, 0] == 2


NODES = {
    "input": {"type": "Input"},
    "9": {"type": "Affine", "weight": FC1.T, "bias": np.ones(4)},
    "lif": {"type": "LIF", "tau": np.ones(4)},
    "2": {"type": "Linear", "weight": FC2.T},
    "output": {"type": "Output"},
}
EDGES = [("lif", "2"), ("input", "9"), ("9", "lif"), ("2", "output")]


def nir(path, nodes, edges, group=None):
    with h5py.File(path, "a") as file:
        node = file if group is None else file[group]
        node = node.require_group("node") if group is None else node
        for name, values in nodes.items():
            for key, value in values.items():
                node[f"nodes/{name}/{key}"] = value
        node["edges"] = np.array(edges, dtype=h5py.string_dtype())
        if group is None:
            node["type"] = "NIRGraph"
    return path


def test_nir_follows_its_edges_and_lies_out_in(path):
    graph, notes = read(read_hdf5, nir(path, NODES, EDGES))
    assert graph.sizes == {"input": 5, "9": 4, "2": 3}
    assert np.array_equal(dense_weights(graph, 0), FC1)
    assert np.array_equal(dense_weights(graph, 1), FC2)
    assert "nodes without weights: Input, LIF, Output" in notes


def test_nir_recurrence_and_branches(path):
    back = np.zeros((4, 4), np.float32)
    back[0, 3] = 1  # to 0 from 3
    nodes = NODES | {"rec": {"type": "Linear", "weight": back}, "side": {"type": "Linear", "weight": FC2.T}}
    edges = [*EDGES, ("lif", "rec"), ("rec", "lif"), ("lif", "side"), ("side", "output")]
    graph, notes = read(read_hdf5, nir(path, nodes, edges))
    ends = {p.name: (p.source, p.target) for p in graph.projections}
    assert ends == {"9": ("input", "9"), "rec": ("9", "9"), "2": ("9", "2"), "side": ("9", "side")}
    assert next(p for p in graph.projections if p.name == "rec").links.toarray()[3, 0]
    assert "rec is recurrent: from 9 onto itself" in notes


def test_nir_graphs_within_graphs_and_groups(path):
    kernel = np.ones((4, 2, 3), np.float32)
    inner = {
        "input": {"type": "Input"},
        "fc": {"type": "Linear", "weight": FC2.T},
        "output": {"type": "Output"},
    }
    nodes = {
        "input": {"type": "Input"},
        "conv": {"type": "Conv1d", "weight": kernel, "groups": 2},
        "sub": {"type": "NIRGraph"},
        "output": {"type": "Output"},
    }
    nir(path, nodes, [("input", "conv"), ("conv", "sub"), ("sub", "output")])
    nir(path, inner, [("input", "fc"), ("fc", "output")], group="node/nodes/sub")
    graph, _ = read(read_hdf5, path)
    assert layer_table(graph) == {"conv": (12, 4, 24), "sub.fc": (4, 3, 4)}
    assert [(p.source, p.target) for p in graph.projections] == [("input", "conv"), ("conv", "sub.fc")]


FOLDER = Path(os.environ.get("NETSCI_DATA", "")) / "checkpoints"


@pytest.mark.skipif("NETSCI_DATA" not in os.environ, reason="NETSCI_DATA is unset")
def test_real_files():
    graph, notes = read(read_hdf5, FOLDER / "Auroral1224__pruned.h5")
    assert layer_table(graph) == {
        "conv2d_2": (9, 16, 64), "conv2d_3": (144, 32, 2051), "dense_1": (800, 10, 3561),
    }  # fmt: skip
    assert "dense_1 reads conv2d_3 flattened: 25 rows a channel" in notes
    graph, _ = read(read_hdf5, FOLDER / "jeshraghian__lif.nir")
    assert layer_table(graph) == {"0": (1, 1, 1)}

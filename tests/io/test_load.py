"""Every format that is read, with non-square asymmetric layers, so that a transposition fails."""

import json
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from netsci.graph import LayeredGraph
from netsci.io import load, load_graph
from netsci.io.files import sha256, write_atomically
from tests.io.samples import (
    FC1,
    FC2,
    WRITERS,
    dense_weights,
    layer_table,
    safetensors_bytes,
    torch_state,
    write_npz,
    write_torch,
)

TWO_LAYERS = ["torch", "legacy", "safetensors", "npz", "npz_compressed", "graphml"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "net.bin"  # a suffix that says nothing


@pytest.mark.parametrize("format", TWO_LAYERS)
def test_structure_weights_and_orientation_survive_every_format(path, format):
    graph = load_graph(WRITERS[format](path))
    assert [p.shape for p in graph.projections] == [(5, 4), (4, 3)]
    for number, expected in enumerate((FC1, FC2)):
        assert np.array_equal(graph.projections[number].links.toarray(), expected != 0)
        assert np.array_equal(dense_weights(graph, number), expected)
    assert len(graph.populations) == 3


@pytest.mark.parametrize("format", ["npy", "sparse_npz"])
def test_one_matrix_is_one_layer(path, format):
    loaded = load(WRITERS[format](path))
    assert np.array_equal(dense_weights(loaded.graph, 0), FC1)
    assert loaded.graph.projections[0].name == "net"


def test_populations_are_called_input_and_like_the_layers(path):
    assert load_graph(write_torch(path)).sizes == {"input": 5, "fc1": 4, "fc2": 3}


def test_loaded_says_what_it_read(path):
    loaded = load(str(write_torch(path)))
    assert loaded.kind == "torch state dict"
    assert loaded.path == path
    assert loaded.sha256 == sha256(path)
    summary = json.loads(json.dumps(loaded.summary()))
    assert set(summary) == {"kind", "layers", "notes", "guesses"}
    assert summary["layers"][0] == {
        "name": "fc1",
        "source": "input",
        "target": "fc1",
        "shape": [5, 4],
        "rows_per_unit": 1,
        "links": 6,
        "sparsity": pytest.approx(0.7),
        "weights": "float32",
        "isolated": [1, 0],
    }


@pytest.mark.parametrize(
    "nest",
    [
        lambda s: {"net": s, "acc": 0.5, "epoch": 3},
        lambda s: {"state_dict": s, "arch": "mlp"},
        lambda s: {"model_state_dict": s, "loss": torch.tensor(1.0)},
        lambda s: {"MODEL_STATE": s},
        lambda s: {"model": {"state_dict": s}},
        lambda s: {"something": s},
        lambda s: {f"module.{k}": v for k, v in s.items()},
        lambda s: {"state_dict": {f"module.{k}": v for k, v in s.items()}},
        lambda s: {f"_orig_mod.module.{k}": v for k, v in s.items()},
        lambda s: {k: torch.nn.Parameter(v) for k, v in s.items()},
        lambda s: {"net": s, "best": np.float64(0.9)},
    ],
)
def test_nestings(path, nest):
    graph = load_graph(write_torch(path, nest(torch_state())))
    assert np.array_equal(dense_weights(graph, 0), FC1)
    assert np.array_equal(dense_weights(graph, 1), FC2)
    assert [p.name.removeprefix("something.") for p in graph.projections] == ["fc1", "fc2"]


def test_the_optimizer_is_left_out(path):
    model = torch.nn.Linear(6, 2)
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.ones(1, 6)).sum().backward()
    optimizer.step()
    for key in ("optimizer", "optimizer_state_dict", "opt", "optim"):
        write_torch(path, {"net": model.state_dict(), key: optimizer.state_dict()})
        assert layer_table(load_graph(path)) == {"weight": (6, 2, 12)}
        write_torch(path, {"a": model.state_dict(), key: optimizer.state_dict()})
        assert layer_table(load_graph(path)) == {"a": (6, 2, 12)}


def test_of_two_networks_the_first_choice_is_read_and_the_other_named(path):
    other = {"fc.weight": torch.ones(9, 9)}
    loaded = load(write_torch(path, {"ema_state_dict": other, "state_dict": torch_state()}))
    assert layer_table(loaded.graph) == {"fc1": (5, 4, 6), "fc2": (4, 3, 4)}
    assert "read 'state_dict'; ema_state_dict left out" in loaded.notes


def test_a_list_of_tensors_and_a_bare_tensor(path):
    state = torch_state()
    graph = load_graph(write_torch(path, [state["fc1.weight"], state["fc2.weight"]]))
    assert layer_table(graph) == {"0": (5, 4, 6), "1": (4, 3, 4)}
    assert layer_table(load_graph(write_torch(path, state["fc1.weight"]))) == {"weight": (5, 4, 6)}


@pytest.mark.parametrize(
    "dtype", [torch.bfloat16, torch.float16, torch.float64, torch.float8_e4m3fn, torch.int8]
)
def test_torch_dtypes(path, dtype):
    loaded = load(write_torch(path, {"fc.weight": torch.tensor(FC2.T.copy()).to(dtype)}))
    assert np.array_equal(dense_weights(loaded.graph, 0), FC2)


@pytest.mark.filterwarnings("ignore:torch.quantize_per_tensor:UserWarning")
def test_quantised_tensors_and_packed_linear_layers(path):
    weight = torch.tensor(FC2.T.copy())
    quantised = torch.quantize_per_tensor(weight, 0.5, 0, torch.qint8)
    state = {
        "conv.weight": quantised[:, :, None, None],
        "fc._packed_params._packed_params": (quantised, None),
    }
    loaded = load(write_torch(path, state))
    assert layer_table(loaded.graph) == {"conv": (4, 3, 4), "fc": (4, 3, 4)}
    assert np.array_equal(dense_weights(loaded.graph, 1), FC2)


@pytest.mark.parametrize("layout", ["to_sparse_coo", "to_sparse_csr", "to_sparse_csc"])
@pytest.mark.filterwarnings("ignore:Sparse:UserWarning")
def test_sparse_tensors_keep_their_stored_pattern(path, layout):
    tensor = getattr(torch.tensor(FC2.T.copy()), layout)()
    tensor.values()[0] = 0 if layout != "to_sparse_coo" else tensor.values()[0]
    graph = load_graph(write_torch(path, {"fc.weight": tensor}))
    assert np.array_equal(graph.projections[0].links.toarray(), FC2 != 0)


def test_safetensors_are_sorted_naturally_or_by_width(path):
    widths = [5, *range(7, 18)]  # layers 0 to 10, all of different widths
    entries = {}
    for i in sorted(range(11), key=str):  # 10 before 2, as files have it
        shape = [widths[i + 1], widths[i]]
        entries[f"layers.{i}.weight"] = ("F32", shape, np.ones(shape, np.float32).tobytes())
    path.write_bytes(safetensors_bytes(entries))
    assert list(load_graph(path).sizes) == ["input", *(f"layers.{i}" for i in range(11))]
    # Square layers chain in any order: only their names can tell.
    entries = {f"fc{i}.weight": ("F32", [2, 2], np.full(4, i, np.float32).tobytes()) for i in (10, 2, 1)}
    path.write_bytes(safetensors_bytes(entries))
    assert [p.name for p in load_graph(path).projections] == ["fc1", "fc2", "fc10"]
    shapes = {"hidden": [4, 6], "input": [6, 9], "output": [2, 4]}
    path.write_bytes(
        safetensors_bytes(
            {
                f"{k}.weight": ("F32", s, np.ones(s, np.float32).tobytes())
                for k, s in sorted(shapes.items())[::-1]
            }
        )
    )
    loaded = load(path)
    assert [p.name for p in loaded.graph.projections] == ["input", "hidden", "output"]
    assert "the order of the layers was found from their widths" in loaded.notes


def test_safetensors_types_that_numpy_lacks(path):
    bf16 = (FC2.T.copy().view(np.uint32) >> 16).astype("<u2").tobytes()
    e4m3 = torch.tensor(FC2.T.copy()).to(torch.float8_e4m3fn).view(torch.uint8).numpy().tobytes()
    e5m2 = torch.tensor(FC2.T.copy()).to(torch.float8_e5m2).view(torch.uint8).numpy().tobytes()
    for dtype, raw in (("BF16", bf16), ("F8_E4M3", e4m3), ("F8_E5M2", e5m2)):
        path.write_bytes(safetensors_bytes({"fc.weight": (dtype, [3, 4], raw)}))
        expected = torch.tensor(FC2).to(torch.float8_e5m2).float().numpy() if dtype == "F8_E5M2" else FC2
        assert np.array_equal(dense_weights(load_graph(path), 0), expected)


def test_all_float8_codes_agree_with_torch():
    from netsci.io.formats.safetensors_file import _float8

    codes = torch.arange(256, dtype=torch.uint8)
    for bits, dtype in ((4, torch.float8_e4m3fn), (5, torch.float8_e5m2)):
        assert np.array_equal(_float8(bits), codes.view(dtype).float().numpy(), equal_nan=True)


def _npz(path: Path, **arrays) -> Path:
    with open(path, "wb") as stream:
        np.savez(stream, **arrays)
    return path


def test_npz_matrices_are_presynaptic_by_postsynaptic(path):
    loaded = load(write_npz(path))
    assert "matrices are taken as [presynaptic, postsynaptic]" in loaded.notes
    assert np.array_equal(dense_weights(loaded.graph, 0), FC1)


def test_npz_with_torch_names_is_transposed_and_it_is_said(path):
    loaded = load(_npz(path, **{"fc1.weight": FC1.T, "fc2.weight": FC2.T, "fc1.bias": np.ones(4)}))
    assert np.array_equal(dense_weights(loaded.graph, 1), FC2)
    assert "names as in torch (*.weight): matrices are [out, in] and were transposed" in loaded.notes


def test_npz_whose_transposes_alone_chain_is_transposed_and_it_is_said(path):
    turned = "matrices were transposed where their names did not ask for it: only so do they chain"
    loaded = load(_npz(path, fc1=FC1.T, fc2=FC2.T))
    assert np.array_equal(dense_weights(loaded.graph, 0), FC1)
    assert turned in loaded.notes
    loaded = load(_npz(path, **{"fc1.weight": FC1, "fc2.weight": FC2}))
    assert np.array_equal(dense_weights(loaded.graph, 0), FC1)
    assert turned in loaded.notes


def test_npz_keys_are_sorted_naturally(path):
    arrays = {f"layers.{i}": np.ones((i + 1, i + 2)) for i in sorted(range(12), key=str)}
    assert list(load_graph(_npz(path, **arrays)).sizes) == ["input", *(f"layers.{i}" for i in range(12))]


def test_npz_masks_and_metadata(path):
    loaded = load(
        _npz(
            path, w_fc1=FC1, mask_fc1=np.ones((5, 4), bool), meta__epoch=np.int64(3), meta__who=np.array("me")
        )
    )
    assert layer_table(loaded.graph) == {"w_fc1": (5, 4, 20)}


def test_boolean_npz_is_a_mask_without_weights(path):
    graph = load_graph(_npz(path, a=FC1 != 0, b=FC2 != 0))
    assert all(p.weights is None for p in graph.projections)
    assert graph == load_graph(_npz(path, a=FC1 != 0, b=FC2 != 0))


def test_kernels_of_keras_and_flax_lie_the_other_way_round(path):
    conv = np.zeros((3, 3, 1, 2), np.float32)  # [height, width, in, out]
    conv[2, 0, 0, 1] = 1
    graph = load_graph(_npz(path, **{"conv.kernel": conv, "dense.kernel": np.ones((2 * 4, 5), np.float32)}))
    assert [p.shape for p in graph.projections] == [(9, 2), (8, 5)]
    assert graph.projections[0].links.toarray()[2 * 3 + 0, 1]


@pytest.mark.parametrize("layout", ["csr", "csc", "coo"])
def test_sparse_npz_keeps_stored_zeros(path, layout):
    matrix = sp.csr_array(FC1)
    matrix.data[0] = 0
    with open(path, "wb") as stream:
        sp.save_npz(stream, matrix.asformat(layout))
    graph = load_graph(path)
    assert np.array_equal(graph.projections[0].links.toarray(), FC1 != 0)
    assert dense_weights(graph, 0)[0, 0] == 0


def test_graphml_comes_back_equal(path):
    graph = LayeredGraph.from_masks([FC1, FC2], weights=[FC1, FC2], names=["a", "b"])
    graph.to_graphml(path)
    assert load_graph(path) == graph
    plain = LayeredGraph.from_adjacency([[0, 1, 0], [1, 0, 1], [0, 1, 0]])
    plain.to_graphml(path)
    assert load(path).graph == plain
    assert load(path).kind == "GraphML"


def test_utf16_graphml(path):
    LayeredGraph.from_masks([FC1]).to_graphml(path)
    text = path.read_text(encoding="utf-8").split("?>", 1)[-1]
    path.write_bytes(f'<?xml version="1.0" encoding="utf-16"?>{text}'.encode("utf-16"))
    assert load_graph(path).n_links == 6


def test_names_from_the_file_are_made_printable(path):
    loaded = load(write_torch(path, {"a\x1b[31m\nb.weight": torch.ones(2, 3)}))
    assert loaded.graph.projections[0].name == "a?[31m?b"


def test_writing_is_all_or_nothing(tmp_path, monkeypatch):
    target = tmp_path / "out.txt"
    assert write_atomically(target, "näh\n") == target
    assert target.read_bytes() == "näh\n".encode()
    write_atomically(target, b"\x00\x01")

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write_atomically(target, "new")
    assert target.read_bytes() == b"\x00\x01"
    assert [p.name for p in tmp_path.iterdir()] == ["out.txt"]

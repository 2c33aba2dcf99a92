"""Tensors of ONNX models: every type and wrapping, data in files of their own, and damage."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netsci.io import CheckpointError
from netsci.io.formats.onnx.file import read_onnx
from tests.io.formats.onnx_models import CONSTANTS, MLP, graph_of, node, same, save
from tests.io.samples import FC1, FC2, dense_weights, read

onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402
from onnx.reference import ReferenceEvaluator  # noqa: E402


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "net.bin"


@pytest.mark.parametrize(
    "tensor",
    [
        helper.make_tensor("w", TensorProto.FLOAT, FC2.shape, FC2.ravel()),
        helper.make_tensor("w", TensorProto.DOUBLE, FC2.shape, FC2.ravel()),
        helper.make_tensor("w", TensorProto.FLOAT16, FC2.shape, FC2.ravel()),
        helper.make_tensor("w", TensorProto.BFLOAT16, FC2.shape, FC2.ravel()),
        helper.make_tensor("w", TensorProto.FLOAT8E4M3FN, FC2.shape, FC2.ravel()),
        helper.make_tensor("w", TensorProto.INT8, FC2.shape, FC2.ravel().astype(int)),
        helper.make_tensor("w", TensorProto.INT64, FC2.shape, FC2.ravel().astype(int)),
        numpy_helper.from_array(FC2.astype(np.float16), "w"),
        numpy_helper.from_array(FC2.astype(np.float64), "w"),
        numpy_helper.from_array(FC2.astype(np.int8), "w"),
        helper.make_tensor(
            "w",
            TensorProto.BFLOAT16,
            FC2.shape,
            (FC2.view(np.uint32) >> 16).astype("<u2").tobytes(),
            raw=True,
        ),
    ],
)
def test_types_typed_and_raw(path, tensor):
    same(graph_of(path, [node("MatMul", "x w", "y")], {"w": tensor})[0], FC2)


def test_quantised_weights_are_zero_at_the_zero_point(path):
    stored = (FC2 * 2 + 7).astype(np.uint8)
    constants = {"q": stored, "s": np.float32(0.5).reshape(()), "z": np.uint8(7).reshape(())}
    nodes = [node("DequantizeLinear", "q s z", "w"), node("MatMul", "x w", "y")]
    same(graph_of(path, nodes, constants)[0], FC2)
    nodes = [node("QLinearMatMul", "x s z q s z s z", "y")]
    same(graph_of(path, nodes, constants)[0], FC2)
    nodes = [node("MatMulInteger", "x q z z", "y")]
    same(graph_of(path, nodes, constants)[0], FC2 * 2)
    kernels = (np.arange(24).reshape(4, 2, 3) % 3).astype(np.int8)
    scales = np.array([1, 2, 4, 8], np.float32)
    constants = {"q": kernels, "s": scales, "z": np.ones(4, np.int8), "a": np.float32(1).reshape(())}
    graph, _ = graph_of(path, [node("QLinearConv", "x a z q s z a z", "y")], constants)
    expected = (kernels.astype(np.float32) - 1) * scales[:, None, None]
    same(graph, expected.reshape(4, -1).T)


def test_fake_quantisation_rounds_small_weights_to_zero(path):
    constants = {"w": FC2 / 20, "s": np.float32(0.1).reshape(()), "z": np.int8(0).reshape(())}
    nodes = [
        node("QuantizeLinear", "w s z", "q"),
        node("DequantizeLinear", "q s z", "v"),
        node("MatMul", "x v", "y"),
    ]
    graph, _ = graph_of(path, nodes, constants)
    made = ReferenceEvaluator(onnx.load(path)).run(None, {"x": np.eye(4, dtype=np.float32)})[0]
    assert np.allclose(dense_weights(graph, 0), made)
    assert graph.n_links == np.count_nonzero(made) == 3


def test_a_constant_mask_times_constant_weights(path):
    mask = (FC2 > 7).astype(np.float32)
    nodes = [node("Mul", "w m", "v"), node("MatMul", "x v", "y")]
    same(graph_of(path, nodes, {"w": FC2, "m": mask})[0], FC2 * mask)


def test_sparse_initialisers_keep_their_stored_pattern(path):
    import scipy.sparse as sp

    stored = sp.coo_array(FC1)
    values = stored.data.copy()
    values[0] = 0
    places = (stored.row * 4 + stored.col).astype(np.int64)
    for indices in (places, np.stack([stored.row, stored.col], 1).astype(np.int64)):
        sparse = helper.make_sparse_tensor(
            numpy_helper.from_array(values, "w"), numpy_helper.from_array(indices), [5, 4]
        )
        graph, _ = graph_of(path, [node("MatMul", "x w", "y")], {}, sparse=[sparse])
        assert np.array_equal(graph.projections[0].links.toarray(), FC1 != 0)
        assert dense_weights(graph, 0)[0, 0] == 0
    far = numpy_helper.from_array(np.array([10**9], np.int64))
    sparse = helper.make_sparse_tensor(numpy_helper.from_array(values[:1], "w"), far, [5, 4])
    with pytest.raises(ValueError, match="index"):
        graph_of(path, [node("MatMul", "x w", "y")], {}, sparse=[sparse])


def external(path, location, offset=0, length=80, shape=(5, 4)):
    tensor = TensorProto(
        name="w", data_type=TensorProto.FLOAT, dims=shape, data_location=TensorProto.EXTERNAL
    )
    for key, value in (("location", location), ("offset", offset), ("length", length)):
        tensor.external_data.add(key=key, value=str(value))
    return save(path, [node("MatMul", "x w", "y")], {"w": tensor})


def test_external_data_beside_the_model(path):
    (path.parent / "w.data").write_bytes(bytes(16) + FC1.tobytes())
    same(read(read_onnx, external(path, "w.data", 16))[0], FC1)
    (path.parent / "sub").mkdir()
    (path.parent / "sub" / "w.data").write_bytes(FC1.tobytes())
    same(read(read_onnx, external(path, "sub/w.data"))[0], FC1)


def test_external_data_that_are_missing_or_elsewhere(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    path, secret = folder / "net.bin", tmp_path / "secret.data"
    secret.write_bytes(FC1.tobytes())
    os.symlink(secret, folder / "link.data")
    (folder / "short.data").write_bytes(bytes(79))
    for location, pattern in (
        ("gone.data", r"its weights lie in 'gone.data', which is missing; put that file beside the model"),
        ("../secret.data", "outside the model's folder"),
        (str(secret), "outside the model's folder"),
        ("link.data", "outside the model's folder"),
        ("", "outside the model's folder"),
        ("short.data", "claims 80 bytes from 0 on in 'short.data', which has 79"),
    ):
        with pytest.raises(CheckpointError, match=pattern):
            read_onnx(external(path, location))
    os.link(secret, folder / "hard.data")
    with pytest.raises(CheckpointError, match=r"lie in 'hard\.data', which is a hard link.*; copy that file"):
        read_onnx(external(path, "hard.data"))
    os.mkfifo(folder / "pipe.data")
    with pytest.raises(CheckpointError, match=r"'pipe\.data', which is missing"):
        read_onnx(external(path, "pipe.data"))
    for options in ({"offset": -4}, {"length": 40}, {"offset": "x"}):
        with pytest.raises(CheckpointError, match="damaged"):
            read_onnx(external(path, "short.data", **options))


def test_shapes_are_compared_with_what_is_stored_before_anything_is_built(path):
    for tensor in (
        TensorProto(name="w", data_type=1, dims=[10**6, 10**6], raw_data=bytes(4)),
        TensorProto(name="w", data_type=1, dims=[10**6, 10**6], float_data=[1.0]),
        TensorProto(name="w", data_type=1, dims=[-5, -4], raw_data=FC1.tobytes()),
    ):
        with pytest.raises(CheckpointError, match=r"w .*damaged; fetch or save it again"):
            read_onnx(save(path, [node("MatMul", "x w", "y")], {"w": tensor}))
    tensor = TensorProto(name="w", data_type=8, dims=[1, 1], string_data=[b"x"])
    with pytest.raises(CheckpointError, match="no layer found in this ONNX model"):
        read(read_onnx, save(path, [node("MatMul", "x w", "y")], {"w": tensor}))


def test_graphs_that_do_not_end(path):
    nodes = [node("Add", "x b", "a"), node("Relu", "a", "b"), node("MatMul", "b w", "y")]
    with pytest.raises(CheckpointError, match="has a cycle"):
        read_onnx(save(path, nodes, {"w": FC1}))
    doubling = [node("Mul", f"v{i} v{i}", f"v{i + 1}") for i in range(30)]
    graph, _ = graph_of(path, [*doubling, node("MatMul", "x v30", "y")], {"v0": np.sign(FC1)})
    assert graph.n_links == 6  # 2^30 products, were each made anew
    circle = [node("Identity", "a", "b"), node("Identity", "b", "a"), node("MatMul", "x a", "y")]
    with pytest.raises(CheckpointError, match="has a cycle"):
        read_onnx(save(path, circle, {}))


def test_without_the_onnx_package_the_way_out_is_named(path, monkeypatch):
    save(path, MLP, CONSTANTS)
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(
        CheckpointError, match=r"needs the onnx package.*pip install 'netsci-suite\[formats\]'"
    ):
        read_onnx(path)


def test_mutated_models_load_or_raise_value_errors(path):
    whole = save(path, MLP, CONSTANTS).read_bytes()

    @settings(max_examples=150, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(
        st.lists(st.tuples(st.integers(0, len(whole) - 1), st.integers(0, 255)), max_size=5),
        st.integers(0, len(whole)),
    )
    def mutate(changes, end):
        data = bytearray(whole)
        for place, value in changes:
            data[place] = value
        path.write_bytes(bytes(data[:end] if end % 3 == 0 else data))
        try:
            graph, _ = read(read_onnx, path)
        except ValueError:
            return
        assert graph.n_nodes

    mutate()

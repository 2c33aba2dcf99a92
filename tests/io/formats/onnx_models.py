"""Small ONNX models, laid out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from netsci.graph import LayeredGraph
from netsci.io.formats.onnx.file import read_onnx
from tests.io.samples import FC1, FC2, read

pytest.importorskip("onnx")
from onnx import TensorProto, helper, numpy_helper

X = helper.make_tensor_value_info("x", TensorProto.FLOAT, None)
Y = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)


def node(op, inputs, output, **attributes):
    return helper.make_node(op, inputs.split(), [output], **attributes)


def save(path, nodes, constants, sparse=(), **options):
    initializers = [
        value if isinstance(value, TensorProto) else numpy_helper.from_array(np.asarray(value), name)
        for name, value in constants.items()
    ]
    graph = helper.make_graph(nodes, "g", [X], [Y], initializers, sparse_initializer=list(sparse))
    path.write_bytes(helper.make_model(graph, **options).SerializeToString())
    return path


def graph_of(path, nodes, constants, **options) -> tuple[LayeredGraph, list[str]]:
    return read(read_onnx, save(path, nodes, constants, **options))


MLP = [
    node("Gemm", "x b.weight b.bias", "h", transB=1, name="/b/Gemm"),
    node("Relu", "h", "r"),
    node("MatMul", "r a.weight", "y", name="/a/MatMul"),
]
CONSTANTS = {"a.weight": FC2, "b.bias": np.ones(4, np.float32), "b.weight": FC1.T.copy()}


def same(graph, *expected):
    for projection, weights in zip(graph.projections, expected, strict=True):
        assert np.array_equal(projection.links.toarray(), weights != 0)
        assert np.array_equal(projection.weights.toarray(), weights)

"""ONNX models: layers in the order of the graph, whatever the order, name and wrapping of their constants."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from netsci.io.formats.onnx.file import read_onnx
from tests.io.formats.onnx_models import CONSTANTS, MLP, Y, graph_of, node, same
from tests.io.samples import FC1, FC2, dense_weights, layer_table, read

onnx = pytest.importorskip("onnx")
from onnx import helper, numpy_helper  # noqa: E402
from onnx.reference import ReferenceEvaluator  # noqa: E402


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "net.bin"


@pytest.mark.parametrize("turned", [False, True])
def test_layers_come_in_the_order_of_the_graph_and_the_right_way_round(path, turned):
    graph, _ = graph_of(path, MLP[::-1] if turned else MLP, CONSTANTS)
    same(graph, FC1, FC2)
    assert graph.sizes == {"input": 5, "b": 4, "a": 3}


@pytest.mark.parametrize(
    ("nodes", "weight"),
    [
        ([node("MatMul", "x w", "y")], FC1),
        ([node("MatMul", "w x", "y")], FC1.T),
        ([node("Gemm", "x w", "y")], FC1),
        ([node("Gemm", "x w", "y", transB=1)], FC1.T),
        ([node("Gemm", "w x", "y")], FC1.T),
        ([node("Gemm", "w x", "y", transA=1)], FC1),
        ([node("MatMul", "x v", "y"), node("Identity", "w", "v")], FC1),
        ([node("Transpose", "w", "v"), node("MatMul", "x v", "y")], FC1.T),
        ([node("Transpose", "w", "v", perm=[1, 0]), node("Gemm", "x v", "y", transB=1)], FC1),
        ([node("Cast", "w", "v", to=1), node("MatMul", "x v", "y")], FC1),
        ([node("Reshape", "w shape", "v"), node("MatMul", "x v", "y")], FC1.reshape(1, 5, 2, 2)),
        ([node("Flatten", "w", "v", axis=3), node("MatMul", "x v", "y")], FC1.reshape(1, 5, 1, 4)),
        ([node("Squeeze", "w axes", "v"), node("MatMul", "x v", "y")], FC1[None]),
        ([node("Unsqueeze", "w axes", "v"), node("MatMul", "x v", "y")], FC1),
        ([node("FusedMatMul", "x w", "y", transB=1, domain="com.microsoft")], FC1.T),
        ([node("Einsum", "x w", "y", equation="bi,io->bo")], FC1),
        ([node("Einsum", "x w", "y", equation="bi, oi -> bo")], FC1.T),
        ([node("Einsum", "w x", "y", equation="io,bi->bo")], FC1),
        ([node("Einsum", "x w", "y", equation="...d,df->...f")], FC1),
        ([node("Einsum", "x w", "y", equation="bld,dhk->blhk")], FC1.reshape(5, 2, 2)),
        ([node("Einsum", "x w", "y", equation="blhk,ohk->blo")], FC1.T.reshape(4, 5, 1)),
    ],
)
def test_every_way_to_write_a_product(path, nodes, weight):
    constants = {"w": np.ascontiguousarray(weight), "shape": np.array([5, -1]), "axes": np.array([0])}
    same(graph_of(path, nodes, constants)[0], FC1)


def test_the_reference_evaluator_multiplies_by_the_same_matrices(path):
    for nodes, weight in (
        ([node("MatMul", "x w", "y")], FC1),
        ([node("Gemm", "x w", "y", transB=1)], FC1.T.copy()),
        ([node("Transpose", "w", "v"), node("MatMul", "x v", "y")], FC1.T.copy()),
    ):
        graph, _ = graph_of(path, nodes, {"w": weight})
        made = ReferenceEvaluator(onnx.load(path)).run(None, {"x": np.eye(5, dtype=np.float32)})[0]
        assert np.array_equal(dense_weights(graph, 0), made)


def test_constant_nodes_hold_weights_and_shapes(path):
    nodes = [
        helper.make_node("Constant", [], ["w"], value=numpy_helper.from_array(FC1.reshape(5, 2, 2))),
        helper.make_node("Constant", [], ["shape"], value_ints=[5, 4]),
        node("Reshape", "w shape", "v"),
        node("MatMul", "x v", "y"),
    ]
    same(graph_of(path, nodes, {})[0], FC1)


def conv_net(last: bool):
    """A convolution of 3 channels that changes nothing, a flatten in either order, a product."""
    nodes = [node("Conv", "x k", "c")]
    nodes += [node("Transpose", "c", "t", perm=[0, 2, 3, 1])] if last else [node("Identity", "c", "t")]
    return [*nodes, node("Reshape", "t shape", "f"), node("MatMul", "f w", "y")]


@pytest.mark.parametrize("last", [False, True])
def test_a_flatten_is_read_channel_by_channel_however_the_model_orders_it(path, last):
    rng = np.random.default_rng(3)
    weight = rng.integers(1, 99, (12, 5)).astype(np.float32)
    kernel = np.eye(3, dtype=np.float32).reshape(3, 3, 1, 1)
    constants = {"k": kernel, "shape": np.array([-1, 12]), "w": weight}
    graph, notes = graph_of(path, conv_net(last), constants)
    pixels = np.eye(12, dtype=np.float32).reshape(12, 3, 2, 2)  # one channel and position after the other
    made = ReferenceEvaluator(onnx.load(path)).run(None, {"x": pixels})[0]
    assert np.array_equal(dense_weights(graph, 1), made)
    assert np.array_equal(made, weight) != last
    assert graph.projections[1].rows_per_unit == 4
    assert "w reads k flattened: 4 rows a channel" in notes


def test_convolutions_in_groups_are_blocks(path):
    kernel = np.arange(1, 4 * 2 * 3 + 1, dtype=np.float32).reshape(4, 2, 3)  # 2 groups: 4 -> 4 channels
    kernel[0, 1, 2] = 0
    nodes = [node("Conv", "x first", "h"), node("Conv", "h k", "y", group=2)]
    graph, notes = graph_of(path, nodes, {"k": kernel, "first": np.ones((4, 3, 1), np.float32)})
    weights = dense_weights(graph, 1)
    assert layer_table(graph) == {"first": (3, 4, 12), "k": (12, 4, 23)}
    assert np.array_equal(weights[:6, :2], kernel[:2].reshape(2, 6).T)
    assert np.array_equal(weights[6:, 2:], kernel[2:].reshape(2, 6).T)
    assert not weights[6:, :2].any()
    assert not weights[:6, 2:].any()
    assert graph.projections[1].source == "first"
    assert "k is a convolution in 2 groups, drawn as such" in notes


@pytest.mark.parametrize("groups", [1, 2])
def test_transposed_convolutions_are_turned(path, groups):
    rng = np.random.default_rng(1)
    kernel = rng.integers(1, 9, (4, 3, 2)).astype(np.float32)  # [in 4, out / groups 3, positions 2]
    graph, _ = graph_of(path, [node("ConvTranspose", "x k", "y", group=groups)], {"k": kernel})
    weights = dense_weights(graph, 0)
    assert weights.shape == (8, 3 * groups)
    for inward, outward, position in np.ndindex(4, 3 * groups, 2):
        group = inward // (4 // groups)
        expected = kernel[inward, outward - 3 * group, position] if outward // 3 == group else 0
        assert weights[2 * inward + position, outward] == expected


def test_parallel_branches_share_their_source_and_do_not_chain(path):
    square = np.ones((4, 4), np.float32)
    nodes = [
        node("MatMul", "x first", "h"),
        node("LayerNormalization", "h scale", "n"),
        *(node("MatMul", f"n {part}", f"{part}_") for part in "qkv"),
        node("MatMul", "q_ k_", "s"),
        node("MatMul", "s v_", "o"),
        node("MatMul", "o out", "p"),
        node("Add", "p h", "y"),
    ]
    constants = {"first": FC1, "scale": np.ones(4, np.float32), "out": square} | dict.fromkeys("qkv", square)
    graph, notes = graph_of(path, nodes, constants)
    assert [(p.source, p.target) for p in graph.projections] == [
        ("input", "first"), ("first", "q"), ("first", "k"), ("first", "v"), ("v", "out"),
    ]  # fmt: skip
    assert "out reads v, joined here, and q, k" in notes


def test_a_concatenation_begins_a_chain_of_its_own(path):
    nodes = [
        node("MatMul", "x a", "p"),
        node("MatMul", "x b", "q"),
        node("Concat", "p q", "c", axis=1),
        node("MatMul", "c d", "y"),
    ]
    constants = {"a": FC1, "b": FC1[:, :2].copy(), "d": np.ones((6, 3), np.float32)}
    graph, notes = graph_of(path, nodes, constants)
    assert [(p.source, p.target) for p in graph.projections] == [
        ("input", "a"), ("input", "b"), ("input of d", "d"),
    ]  # fmt: skip
    assert any(
        note.startswith("2 separate chains, because widths do not fit: b ends with 2") for note in notes
    )


def test_weights_used_twice_are_one_layer(path):
    nodes = [node("MatMul", "x w", "p"), node("MatMul", "x w", "q"), node("Add", "p q", "y")]
    graph, notes = graph_of(path, nodes, {"w": FC1})
    assert layer_table(graph) == {"w": (5, 4, 6)}
    assert "used more than once: w; one layer here" in notes


def test_recurrent_layers(path):
    nodes = [helper.make_node("RNN", ["x", "W", "R"], ["", "y"], hidden_size=4)]
    recurrent = np.zeros((1, 4, 4), np.float32)
    recurrent[0, 1, 3] = 1  # to 1 from 3
    graph, notes = graph_of(path, nodes, {"W": FC1.T[None].copy(), "R": recurrent})
    assert [(p.source, p.target) for p in graph.projections] == [("input", "W"), ("W", "W")]
    assert graph.projections[1].links.toarray()[3, 1]
    assert "R is recurrent: from W onto itself" in notes
    nodes = [helper.make_node("LSTM", ["x", "W", "R"], ["", "y"], hidden_size=2, name="lstm")]
    constants = {"W": np.ones((2, 8, 5), np.float32), "R": np.ones((2, 8, 2), np.float32)}
    graph, notes = graph_of(path, nodes, constants)
    assert [p.shape for p in graph.projections] == [(5, 8), (2, 8), (5, 8), (2, 8)]
    assert [p.name for p in graph.projections] == ["W[0]", "R[0]", "W[1]", "R[1]"]
    assert any("stacks the gates" in note for note in notes)


def test_what_is_no_layer_is_said(path):
    body = helper.make_graph([node("Identity", "h", "z")], "body", [], [Y])
    nodes = [
        *MLP[:2],
        helper.make_node("If", ["c"], ["i"], then_branch=body, else_branch=body),
        node("Strange", "r i", "s", domain="my.own"),
        node("Add", "s position", "t"),
        node("MatMul", "t a.weight", "u"),
        node("MatMul", "u batch", "y", name="last"),
    ]
    extra = {"position": np.ones((1, 4), np.float32), "batch": np.ones((2, 3, 3), np.float32)}
    graph, notes = graph_of(path, nodes, CONSTANTS | extra | {"c": np.array(True)})
    same(graph, FC1, FC2)
    assert "1 subgraphs (If, Loop, Scan) were not read" in notes
    assert "1 nodes of custom domains are assumed to pass their input on" in notes
    assert "not layers: position [1, 4], batch [2, 3, 3]" in notes
    assert "left out: the weights of MatMul last, a product with an array of shape [2, 3, 3]" in notes


def test_names_for_people(path):
    nodes = [
        node("MatMul", "x onnx::MatMul_12", "h", name="/layers/layers.0/fc/MatMul"),
        node("MatMul", "h dense/MatMul/ReadVariableOp:0", "y", name="dense/MatMul"),
    ]
    graph, _ = graph_of(path, nodes, {"onnx::MatMul_12": FC1, "dense/MatMul/ReadVariableOp:0": FC2})
    assert list(graph.sizes) == ["input", "layers.0.fc", "dense"]


FOLDER = Path(os.environ.get("NETSCI_DATA", "")) / "checkpoints"


@pytest.mark.skipif("NETSCI_DATA" not in os.environ, reason="NETSCI_DATA is unset")
def test_a_real_model_of_keras():
    graph, _ = read(read_onnx, FOLDER / "wuhanstudio__mnist-sm.onnx")
    assert [(p.name, p.shape, p.n_links, p.rows_per_unit) for p in graph.projections] == [
        ("W3", (9, 2), 18, 9), ("W2", (18, 2), 36, 9), ("W1", (98, 4), 392, 49), ("W", (4, 10), 40, 1),
    ]  # fmt: skip
    assert list(graph.sizes.values()) == [1, 2, 2, 4, 10]
    model = onnx.load(FOLDER / "wuhanstudio__mnist-sm.onnx")
    stored = {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}
    # The model turns its maps to channels last before it flattens them: row = position x 2 + channel.
    assert np.array_equal(dense_weights(graph, 2)[:49], stored["W1"][::2])
    assert np.array_equal(dense_weights(graph, 3), stored["W"])


@pytest.mark.parametrize("equation", ["bi,bio->bo", "bi,i->bi", "bi,io->oi", "bi,io", "bi,ii->b"])
def test_an_einsum_that_is_no_product_with_a_matrix_is_left_out_and_said(path, equation):
    weight = {"bi,i->bi": FC1[:, 0], "bi,bio->bo": FC1[None], "bi,ii->b": np.eye(5)}.get(equation, FC1)
    nodes = [node("Einsum", "x w", "h", equation=equation), node("MatMul", "h v", "y")]
    graph, notes = graph_of(path, nodes, {"w": np.ascontiguousarray(weight), "v": FC2})
    same(graph, FC2)
    assert (
        any("left out: the weights of Einsum" in note and equation in note for note in notes)
        or weight.ndim < 2
    )


def test_layers_behind_an_einsum_read_it(path):
    nodes = [
        node("Einsum", "x w", "h", equation="bi,io->bo"),
        node("Relu", "h", "r"),
        node("MatMul", "r v", "y"),
    ]
    graph, notes = graph_of(path, nodes, {"w": FC1, "v": FC2})
    same(graph, FC1, FC2)
    assert graph.projections[1].source == "w"
    assert not any("not layers" in note for note in notes)

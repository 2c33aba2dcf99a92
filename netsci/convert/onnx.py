"""A network without time as an ONNX file whose weights are sparse tensors: a link of weight 0 stays a link.

Weights of linear layers are sparse initializers, all links and no others; a layer without a missing link is
dense. Weights of convolutions are dense with exact zeros, since readers take no sparse ones, so there a link
of weight 0 is refused. Normalisations are folded. QCFS and SQCFS become the operations of their formula.
"""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from netsci.arguments import check_path
from netsci.convert.activations import QCFS, SQCFS
from netsci.convert.building import describe, make_program
from netsci.convert.calibration import first_images
from netsci.convert.conversion import check_network
from netsci.convert.folding import fold_norms
from netsci.convert.layers import Layer, mask_of
from netsci.convert.program import Program, Step
from netsci.convert.recording import Unconvertible
from netsci.convert.storing.nir_nodes import as_pair, keeps_order, pool_of
from netsci.io.files import write_atomically

OPSET = 17


def save_onnx(path: str | Path, ann: nn.Module, images: Any) -> None:
    """Write a network to an ONNX file, whole or not at all; `netsci.io.load` reads back the same links.

    ann : as `convert` takes it. images : some that it may get [n, ...]. Layers, ReLU, QCFS and SQCFS,
    averages over pixels, sums of two and reshaping are written; everything else is refused by its name.

    Raises
    ------
    Unconvertible
        If the network has a step that is not written.
    TypeError, ValueError
        If ann is no module as `convert` takes it, or images do not fit. OSError if nothing can be written.
    ModuleNotFoundError
        Without the package onnx: pip install 'netsci-suite[formats]'.
    """
    check_path(path, "path")
    check_network(ann)
    program = fold_norms(make_program(ann, first_images(images)[0]))
    model = _Graph(program).model()
    write_atomically(path, model.SerializeToString())


class _Graph:
    """Nodes and initializers so far; the name of each step's output and the shape of one sample."""

    def __init__(self, program: Program) -> None:
        try:
            import onnx
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(
                "ONNX files need the package onnx, which is not installed: pip install "
                "'netsci-suite[formats]'",
                name="onnx",
            ) from error
        self.onnx, self.program = onnx, program
        self.nodes: list[Any] = []
        self.dense: list[Any] = []
        self.sparse: list[Any] = []
        self.ends: dict[int, tuple[str, tuple[int, ...]]] = {}
        for place, step in enumerate(program.steps):
            if step.axis is not None:
                self.ends[place] = self._add_step(place, step)

    def model(self) -> Any:
        """Return the checked model; its input is "input" [batch, ...], its output "output"."""
        helper, kind = self.onnx.helper, self.onnx.TensorProto.FLOAT
        last, shape = self.ends[len(self.program.steps) - 1]
        self.nodes.append(helper.make_node("Identity", [last], ["output"]))
        ends = [
            helper.make_tensor_value_info(name, kind, ["batch", *sides])
            for name, sides in (("input", self.program.shape), ("output", shape))
        ]
        graph = helper.make_graph(
            self.nodes, "network", ends[:1], ends[1:], self.dense, sparse_initializer=self.sparse
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
        self.onnx.checker.check_model(model)
        return model

    def _add_step(self, place: int, step: Step) -> tuple[str, tuple[int, ...]]:
        if step.kind == "input":
            return "input", step.sample
        given = [self.ends[used] for used in step.inputs if used in self.ends]
        before, shape = given[0]
        if step.layer is not None:
            return self._add_layer(place, step, step.layer, before, shape)
        if step.kind == "activation":
            return self._activate(place, step, before, shape), shape
        if step.kind == "add" and len(given) == len(step.inputs) == 2 and given[0][1] == given[1][1]:
            plain = len(step.args) == 2 and not step.named  # no alpha
            if plain and getattr(step.function, "__name__", "") in ("add", "add_", "__add__", "__radd__"):
                return self._node("Add", [before, given[1][0]], place), shape
        elif step.kind == "average" and len(shape) == 3:
            (kernel, stride), padding = pool_of(step, self.program.steps[step.inputs[0]], shape)
            sides: dict[str, Any] = {
                "kernel_shape": kernel,
                "strides": stride,
                "pads": padding * 2,
                "count_include_pad": 1,
            }
            high, wide = ((shape[1 + i] + 2 * padding[i] - kernel[i]) // stride[i] + 1 for i in (0, 1))
            return self._node("AveragePool", [before], place, **sides), (shape[0], high, wide)
        elif step.kind == "move" and keeps_order(step, self.program.steps[step.inputs[0]], step.inputs[0]):
            wanted = tuple(side for side in step.sample if side != 1)
            if wanted == tuple(side for side in shape if side != 1):
                return before, shape
            if len(wanted) == 1:
                return self._node("Flatten", [before], place, axis=1), wanted
        raise Unconvertible(f"{describe(step)} is not written to ONNX: leave it out of the network")

    def _add_layer(
        self, place: int, step: Step, layer: Layer, before: str, shape: tuple[int, ...]
    ) -> tuple[str, tuple[int, ...]]:
        name, module = step.name or "layer", layer.module
        weight = np.ascontiguousarray(module.weight.detach().numpy())
        groups = int(getattr(module, "groups", 1))
        self._put_weight(f"{name}.weight", weight, mask_of(layer.links, weight.shape, groups))
        inputs = [before, f"{name}.weight"]
        if not layer.convolves and shape != (weight.shape[1],):
            if prod(shape) != weight.shape[1]:
                raise Unconvertible(
                    f"{describe(step)} reads several vectors an image, which is not written to ONNX"
                )
            inputs[0] = self._node("Flatten", [before], place, "flat", axis=1)
        if module.bias is not None:
            bias = module.bias.detach().numpy()
            self.dense.append(self.onnx.numpy_helper.from_array(bias, f"{name}.bias"))
            inputs.append(f"{name}.bias")
        if not layer.convolves:
            return self._node("Gemm", inputs, place, transB=1), (len(weight),)
        if getattr(module, "padding_mode", "zeros") != "zeros" or isinstance(module.padding, str):
            raise Unconvertible(f"{describe(step)} pads by other than zeros: write the padding as numbers")
        form: dict[str, Any] = {
            "strides": as_pair(module.stride),
            "pads": as_pair(module.padding) * 2,
            "group": groups,
        }
        form["dilations"] = as_pair(getattr(module, "dilation", 1))
        found = self._node("Conv", inputs, place, kernel_shape=weight.shape[2:], **form)
        return found, (len(weight), *step.sample[-2:])

    def _activate(self, place: int, step: Step, before: str, shape: tuple[int, ...]) -> str:
        module = step.module
        if not isinstance(module, (QCFS, SQCFS)):
            return self._node("Relu", [before], place)
        numbers = module.theta.detach().numpy()
        theta = self._number(place, "theta", numbers.reshape(-1, 1, 1) if numbers.ndim else numbers)
        levels = self._number(place, "levels", module.levels)
        half, zero, one = (self._number(place, str(value), value) for value in (0.5, 0.0, 1.0))
        found = self._node("Div", [before, theta], place, "share")
        found = self._node("Clip", [found, zero, one], place, "clipped")
        found = self._node("Mul", [found, levels], place, "scaled")
        found = self._node("Floor", [self._node("Add", [found, half], place, "shifted")], place, "level")
        found = self._node("Div", [found, levels], place, "part")
        return self._node("Mul", [found, theta], place)

    def _number(self, place: int, what: str, value: Any) -> str:
        name = f"step{place}.{what}"
        self.dense.append(self.onnx.numpy_helper.from_array(np.asarray(value, np.float32), name))
        return name

    def _node(self, kind: str, inputs: list[str], place: int, what: str = "out", **form: Any) -> str:
        name = f"step{place}.{what}"
        self.nodes.append(self.onnx.helper.make_node(kind, inputs, [name], name, **form))
        return name

    def _put_weight(self, name: str, weight: NDArray[np.float32], mask: NDArray[np.bool_]) -> None:
        """Add a weight: its links alone, or all of it where no link is missing."""
        lost = int((mask & (weight == 0)).sum())
        if weight.ndim > 2 and lost:
            raise Unconvertible(
                f"{name!r} has {lost} links of weight 0, which a dense weight in ONNX cannot tell from "
                "missing ones: give them a small weight, or write another format"
            )
        if mask.all() or weight.ndim > 2:
            self.dense.append(self.onnx.numpy_helper.from_array(weight, name))
            return
        places = np.flatnonzero(mask).astype(np.int64)
        values = self.onnx.numpy_helper.from_array(weight.reshape(-1)[places], name)
        indices = self.onnx.numpy_helper.from_array(places, f"{name}.places")
        self.sparse.append(self.onnx.helper.make_sparse_tensor(values, indices, weight.shape))

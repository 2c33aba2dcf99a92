"""ONNX models: the constants that convolutions and matrix products use, in the order of the graph.

Nothing of the model is run, checked or inferred by the onnx package: it only takes the file apart. The
numbers are decoded here, after their shape was compared with the bytes that are stored.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from netsci.io.errors import CheckpointError, printable
from netsci.io.formats.onnx.order import walk
from netsci.io.formats.onnx.stored import Stored, damage_error
from netsci.io.limits import check_count
from netsci.io.network.contents import Contents


def read_onnx(path: str | Path) -> Contents:
    """Read the layers of an ONNX model in the order of its graph; see `netsci.io.formats.onnx.order`.

    Raises
    ------
    CheckpointError
        If the file is damaged, its external data are missing or lie outside its folder, or the onnx package
        is not installed.
    """
    path = Path(path)
    model = _parse(path)
    graph = model.graph
    check_count(path, len(graph.node), "nodes")
    check_count(path, len(graph.initializer) + len(graph.sparse_initializer), "arrays")
    arrays, uses, notes, small = walk(path, graph, Stored(path, graph))
    if len(model.functions):
        notes.append(f"{len(model.functions)} functions of the model were not read")
    maker = printable(model.producer_name)
    kind = f"ONNX model ({maker})" if maker else "ONNX model"
    return Contents(kind, arrays, "out_in", True, small, notes, uses=uses)


def _parse(path: Path) -> Any:
    try:
        import onnx
        from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
    except ImportError:
        raise CheckpointError(
            path,
            "reading an ONNX model needs the onnx package, which is not installed",
            "install it: pip install 'netsci-suite[formats]'",
        ) from None
    model = onnx.ModelProto()
    try:
        model.ParseFromString(path.read_bytes())
    except DecodeError as error:
        raise CheckpointError(
            path, "its ONNX model cannot be taken apart: truncated or damaged", "fetch or save it again"
        ) from error
    if not model.HasField("graph") or not len(model.graph.node):
        raise CheckpointError(path, "this ONNX model has no graph", "export the model again")
    names = [one.name for one in model.graph.initializer]
    names += [name for node in model.graph.node for name in (node.op_type, *node.input, *node.output)]
    if not all(isinstance(name, str) for name in names):  # bytes where they are no UTF-8
        raise damage_error(path, "one of its names", "is not text")
    return model

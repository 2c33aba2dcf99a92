"""Small valid files of every format that is read, made by the libraries to which the formats belong.

The same bytes every time: dates and addresses that libraries write into files are taken out.
"""

from __future__ import annotations

import gzip
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp

from netsci.graph import LayeredGraph
from tests.io.samples import FC1, FC2, WRITERS

Write = Callable[[Path], Any]
_SQUARE = np.array([[0, 1, 0, 2], [0, 0, 3, 0], [0.5, 0, 0, 0], [0, 1, 1, 1]])


def _write_state_dicts(path: Path) -> Path:
    """A checkpoint with masks, a convolution, sparse and half-precision tensors, and what is no layer."""
    import torch

    layers = {
        "conv.weight_orig": torch.arange(36.0).reshape(2, 2, 3, 3),
        "conv.weight_mask": (torch.arange(36) % 3 == 0).float().reshape(2, 2, 3, 3),
        "fc1.weight": torch.tensor(FC1.T.copy()).half(),
        "fc2.weight": torch.tensor(FC2.T.copy()).to_sparse_coo(),
        "bn.running_mean": torch.zeros(3),
    }
    torch.save({"epoch": 3, "state_dict": layers, "optimizer": {"lr": 0.1}}, path)
    return path


def _write_legacy(path: Path) -> Path:
    import torch

    both = torch.tensor(np.concatenate([FC1.T.ravel(), FC2.T.ravel()]))
    layers = {"fc1.weight": both[:20].reshape(4, 5), "fc2.weight": both[20:].reshape(3, 4)}
    torch.save(layers, path, _use_new_zipfile_serialization=False)
    # A storage is called after its address, which is another every time.
    path.write_bytes(re.sub(rb"X.\0\0\0\d{9,}", b"X\1\0\0\0" + b"7", path.read_bytes(), flags=re.DOTALL))
    return path


def _write_coo(path: Path) -> Path:
    with open(path, "wb") as stream:
        sp.save_npz(stream, sp.coo_array(FC1))
    return path


def _write_onnx(path: Path) -> Path:
    import onnx
    from onnx import helper, numpy_helper

    shape = [1, 5]
    ends = [
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, s)
        for name, s in (("x", shape), ("y", [1, 3]))
    ]
    nodes = [
        helper.make_node("Gemm", ["x", "fc1.weight", "fc1.bias"], ["h"], transB=1),
        helper.make_node("Relu", ["h"], ["r"]),
        helper.make_node("MatMul", ["r", "fc2"], ["y"]),
    ]
    constants = {"fc2": FC2, "fc1.weight": FC1.T.copy(), "fc1.bias": np.ones(4, np.float32)}
    stored = [numpy_helper.from_array(array, name) for name, array in constants.items()]
    graph = helper.make_graph(nodes, "net", ends[:1], ends[1:], initializer=stored)
    path.write_bytes(helper.make_model(graph).SerializeToString())
    return path


def _write_keras(path: Path) -> Path:
    import h5py

    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = "2.15.0"
        weights = file.create_group("model_weights")
        weights.attrs["layer_names"] = [b"dense", b"dense_1"]
        for name, kernel in (("dense", FC1), ("dense_1", FC2)):
            layer = weights.create_group(name)
            layer.attrs["weight_names"] = [f"{name}/kernel:0".encode(), f"{name}/bias:0".encode()]
            layer.create_dataset(f"{name}/kernel:0", data=kernel, compression="gzip")
            layer.create_dataset(f"{name}/bias:0", data=np.ones(kernel.shape[1], np.float32))
    return path


def _write_nir(path: Path) -> Path:
    import h5py

    with h5py.File(path, "w") as file:
        file.create_dataset("version", data="1.0")
        root = file.create_group("node")
        root.create_dataset("type", data="NIRGraph")
        nodes = root.create_group("nodes")
        for name, weight in (("fc1", FC1), ("fc2", FC2)):
            node = nodes.create_group(name)
            node.create_dataset("type", data="Affine")
            node.create_dataset("weight", data=weight.T.copy())
            node.create_dataset("bias", data=np.ones(weight.shape[1]))
        for name, kind in (("input", "Input"), ("output", "Output")):
            nodes.create_group(name).create_dataset("type", data=kind)
        edges = [("input", "fc1"), ("fc1", "fc2"), ("fc2", "output")]
        root.create_dataset("edges", data=np.array(edges, dtype=h5py.string_dtype()))
    return path


def _write_mat(path: Path) -> Path:
    import scipy.io

    with open(path, "wb") as stream:
        scipy.io.savemat(stream, {"A": sp.csc_array(_SQUARE), "W": FC1, "names": "abcd"}, do_compression=True)
    data = path.read_bytes()
    path.write_bytes(b"MATLAB 5.0 MAT-file".ljust(116) + data[116:])  # without the date
    return path


def write_matlab73(path: Path, variables: dict[str, Any]) -> Path:
    """Write a file as MATLAB 7.3 does: HDF5 behind a header of 512 bytes, arrays with the columns first."""
    import h5py

    def put(group: Any, name: str, value: Any) -> None:
        kind = "double"
        if isinstance(value, dict):
            entry, kind = group.create_group(name), "struct"
            for inner, one in value.items():
                put(entry, inner, one)
        elif sp.issparse(value):
            entry = group.create_group(name)
            entry.attrs["MATLAB_sparse"] = np.uint64(value.shape[0])
            entry.create_dataset("jc", data=value.indptr.astype("u8"))
            if value.nnz:
                entry.create_dataset("ir", data=value.indices.astype("u8"))
                entry.create_dataset("data", data=value.data.astype(float))
        elif isinstance(value, str):
            entry, kind = group.create_dataset(name, data=np.array([[ord(c)] for c in value], "u2")), "char"
        else:
            entry = group.create_dataset(name, data=np.asarray(value).T)
        entry.attrs["MATLAB_class"] = np.bytes_(kind)

    with h5py.File(path, "w", userblock_size=512) as file:
        for name, value in variables.items():
            put(file, name, value)
    with open(path, "r+b") as stream:
        stream.write(b"MATLAB 7.3 MAT-file".ljust(124) + b"\0\2IM")
    return path


def _write_mat73(path: Path) -> Path:
    return write_matlab73(path, {"A": sp.csc_array(_SQUARE), "W": FC1, "net": {"B": FC2}, "names": "abcd"})


def _write_npz_links(path: Path) -> Path:
    matrix = sp.csr_array(_SQUARE)
    parts = {f"adj_{part}": getattr(matrix, part) for part in ("data", "indices", "indptr")}
    with open(path, "wb") as stream:
        np.savez(stream, **parts, adj_shape=np.array(matrix.shape), labels=np.arange(4))
    return path


def _write_edge_index(path: Path) -> Path:
    with open(path, "wb") as stream:
        np.savez(
            stream, edge_index=np.array(np.nonzero(_SQUARE)), edge_weight=_SQUARE[_SQUARE != 0], num_nodes=4
        )
    return path


def _write_bitmask(path: Path) -> Path:
    from safetensors.numpy import save_file

    dense = FC1.T
    ends = np.cumsum((dense != 0).sum(axis=1))
    parts = {
        "fc1.compressed": dense[dense != 0],
        "fc1.bitmask": np.packbits(dense != 0, axis=-1, bitorder="little"),
        "fc1.shape": np.array(dense.shape),
        "fc1.row_offsets": np.concatenate([[0], ends[:-1]]),
    }
    save_file({**parts, "fc2.weight": FC2.T.copy()}, path)
    return path


def _write_beside(path: Path) -> Path:
    """A checkpoint with plain data beside the weights, and masks in a list."""
    import argparse
    import collections

    import torch

    layers = {"fc1.weight": torch.tensor(FC1.T.copy()), "fc2.weight": torch.tensor(FC2.T.copy())}
    masks = [torch.tensor(FC1.T != 0), FC2.T != 0]
    args = argparse.Namespace(lr=0.1, log=collections.defaultdict(list, {"loss": [1.0]}))
    torch.save({"args": args, "best": np.float64(0.9), "state_dict": layers, "masks": masks}, path)
    return path


def _graph() -> Any:
    import networkx as nx

    graph = nx.DiGraph([("a", "b", {"weight": 1.5}), ("b", "c", {"weight": -2.0}), ("c", "c", {"weight": 7})])
    graph.add_node("d")
    return graph


def _write_graph(how: str, **options: Any) -> Write:
    def write(path: Path) -> Path:
        import networkx as nx

        with open(path, "wb") as stream:
            getattr(nx, f"write_{how}")(_graph(), stream, **options)
        return path

    return write


def _write_gexf(path: Path) -> Path:
    _write_graph("gexf")(path)
    path.write_bytes(re.sub(rb'lastmodifieddate="[^"]*"', b"", path.read_bytes()))
    return path


def _write_json(path: Path) -> Path:
    import networkx as nx

    path.write_text(json.dumps(nx.node_link_data(_graph(), edges="links")))
    return path


def _write_matrix_market(path: Path) -> Path:
    import scipy.io

    with open(path, "wb") as stream:
        scipy.io.mmwrite(stream, sp.coo_array(_SQUARE))
    return path


def _write_text(text: str) -> Write:
    return lambda path: path.write_text(text)


def _write_attributes(path: Path) -> Path:
    import networkx as nx

    nx.write_edgelist(_graph(), path)
    return path


def _write_neighbours(how: str) -> Write:
    def write(path: Path) -> Path:
        _write_graph(how)(path)
        signed = re.sub(rb"^#.*\n# GMT .*\n", b"#x\n# GMT Sun Nov  1 05:19:11 2026\n", path.read_bytes())
        path.write_bytes(signed)
        return path

    return write


def _write_gzip(path: Path) -> Path:
    path.write_bytes(gzip.compress(b"source,target,weight\na,b,1.5\nb,c,2\n", mtime=0))
    return path


def _write_workbook(path: Path) -> Path:
    rows = "".join(
        f'<row r="{r}"><c r="A{r}" t="s"><v>{r % 2}</v></c><c r="B{r}" t="inlineStr"><is><t>n{r}</t></is></c>'
        f'<c r="C{r}"><v>{r}.5</v></c></row>'
        for r in range(1, 5)
    )
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"
    members = {
        "xl/workbook.xml": '<workbook xmlns:r="r"><sheets><sheet name="a" r:id="1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<R><Relationship Id="1" Type="{kind}" Target="s.xml"/></R>',
        "xl/sharedStrings.xml": "<sst><si><t>x</t></si><si><t>y</t></si></sst>",
        "xl/s.xml": f"<worksheet><sheetData>{rows}</sheetData></worksheet>",
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in members.items():
            archive.writestr(zipfile.ZipInfo(name), text)
    return path


def _write_own(path: Path) -> Path:
    from netsci.io import write_graph

    graph = LayeredGraph.from_adjacency(_SQUARE, weights=_SQUARE, directed=True, labels=list("abcd"))
    write_graph(graph, path, ".npz")
    return path


def _write_pairs(path: Path) -> Path:
    with open(path, "wb") as stream:
        np.save(stream, np.array([[0, 1], [1, 2], [2, 3], [5, 0]]))
    return path


_LINKS = [("a", "b", 1.5), ("b", "c", -2.0), ("c", "a", 30.0), ("d", "a", 1e-3)]
# The largest libraries last: a process that has them forks slowly.
SEEDS: dict[str, list[Write]] = {
    "safetensors": [WRITERS["safetensors"], _write_bitmask],
    "npz": [WRITERS["npz"], WRITERS["npz_compressed"]],
    "npz_links": [_write_npz_links, _write_edge_index],
    "npy": [WRITERS["npy"]],
    "sparse_npz": [WRITERS["sparse_npz"], _write_coo],
    "graphml": [WRITERS["graphml"], _write_graph("graphml")],
    "gml": [_write_graph("gml")],
    "gexf": [_write_gexf],
    "pajek": [_write_graph("pajek")],
    "json": [_write_json],
    "matrix_market": [_write_matrix_market],
    "edge_list": [
        _write_graph("weighted_edgelist"),
        _write_text("source,target,weight\n" + "".join(f"{a},{b},{w}\n" for a, b, w in _LINKS)),
        _write_text("# 4 nodes\n0 1\n1 2\n2 0\n3 0\n"),
    ],
    "lists": [
        _write_attributes,
        _write_neighbours("adjlist"),
        _write_neighbours("multiline_adjlist"),
        _write_text("A\tpp\tB\nB\tpd\tC\nC\tpp\tD\nD\n"),
        _write_text("c x\np edge 4 3\ne 1 2\ne 2 3\ne 3 4\n"),
        _write_text("A -> B 2\nB -> C 1\nC -> A 0.5\n"),
        _write_text("# a\nb 0.5\nc 2\n# b\nc 1\n"),
        _write_text("5 4\n1 2\n2 3\n3 4\n4 5\n"),
        _write_text("a;b;c\nb;c;d\nc;a\nd;a;b;c\n"),
    ],
    "json_lists": [
        _write_text(
            '{"source": "a", "target": "b", "weight": 2}\n{"source": "b", "target": "c", "weight": 1}\n'
        ),
        _write_text(
            '{"elements": {"nodes": [{"data": {"id": "1"}}, {"data": {"id": "2"}}], "edges": '
            '[{"data": {"source": "1", "target": "2"}}]}}'
        ),
    ],
    "wrapped": [_write_gzip, _write_workbook],
    "netsci_npz": [_write_own],
    "pairs": [_write_pairs],
    "matrix_text": [
        _write_text("\n".join(",".join(map(str, row)) for row in FC1.tolist())),
        _write_text("\tp\tq\tr\td\n" + "".join(f"{n}\t0\t1\t2.5\t0\n" for n in "abcd")),
    ],
    "onnx": [_write_onnx],
    "keras": [_write_keras],
    "nir": [_write_nir],
    "matlab": [_write_mat],
    "matlab73": [_write_mat73],
    "torch": [WRITERS["torch"], _write_state_dicts, _write_beside],
    "torch_legacy": [_write_legacy],
}

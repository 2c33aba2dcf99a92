"""Find the format of a file by its first bytes, never by its name."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

from netsci.io.errors import CheckpointError
from netsci.io.formats.foreign_models import find_model
from netsci.io.formats.graph_text import text_kind, web_page, xml_root
from netsci.io.limits import check_count
from netsci.io.shards import refuse_part

TORCH_ZIP, TORCH_LEGACY, NPZ, NPY, SAFETENSORS = "torch", "torch legacy", "npz", "npy", "safetensors"
ONNX, HDF5, KERAS_ZIP, MATLAB, MATLAB_HDF5 = "onnx", "hdf5", "keras", "matlab", "matlab 7.3"
SHARDS = "shards"
GRAPHML, GEXF, NETSCI_NPZ = "graphml", "gexf", "netsci npz"
NPY_MAGIC = b"\x93NUMPY"

# torch before 1.6 opens with a pickle of the number 0x1950a86a20f9469cfc6c.
_LEGACY = b"\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19"
_HDF5 = b"\x89HDF\r\n\x1a\n"
_MATLAB_7_3 = b"MATLAB 7.3 MAT-file"
_ACCEPTED = (
    "safetensors, torch state dicts, npz, npy, ONNX, HDF5 (Keras, NIR), MATLAB, GraphML, GML, GEXF, Pajek, "
    "JSON, edge lists and adjacency matrices are read; --format NAME (format= in load) says what it is"
)
_UNPACK = "unpack it and give the file inside"
_TO_TENSORS = "save the weights as npz (numpy.savez) or safetensors"

_TRIPLE = re.compile(rb"<[^>\s]*>\s+<[^>\s]*>\s+[<\"_]")  # of an RDF file
_TO_CSV = "save it as CSV with the columns source,target,weight (pandas: table.to_csv(file, index=False))"
_TO_XLSX = "save it as .xlsx, or the sheet as CSV"
_TO_GRAPHML = "write it as GraphML (networkx.write_graphml)"
_FROM_R = (
    "in R: write.csv(edges, 'edges.csv', row.names = FALSE), or "
    "igraph::write_graph(g, 'g.graphml', 'graphml')"
)
# What is in a zip archive of another program -> what that is, and the mend.
_ARCHIVES: tuple[tuple[str, str, str], ...] = (
    (
        r"CytoscapeSession-",
        "a Cytoscape session (.cys)",
        "in Cytoscape: File > Export > Network, as GraphML or .cyjs",
    ),
    (
        r"(Project|Workspace)_?\w*(_xml|_bytes)?$",
        "a Gephi project",
        "in Gephi: File > Export > Graph file, as GEXF",
    ),
    (r"content\.xml$", "a spreadsheet of LibreOffice (.ods)", "save it as .xlsx, or the sheet as CSV"),
    (r"xl/workbook\.bin$", "a binary Excel workbook (.xlsb)", "save it as .xlsx, or the sheet as CSV"),
    (r"\.zarray$|zarr\.json$", "a Zarr store", _TO_TENSORS),
)

_MAGIC: tuple[tuple[int, bytes, str, str], ...] = (
    (4, b"TFL3", "a TensorFlow Lite model, which is not read", _TO_TENSORS),
    (0, b"\x1f\x8b", "a gzip-compressed file within another one", _UNPACK),
    (0, b"BZh", "a bzip2-compressed file", _UNPACK),
    (0, b"\xfd7zXZ\x00", "an xz-compressed file", _UNPACK),
    (0, b"\x28\xb5\x2f\xfd", "a zstd-compressed file", _UNPACK),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive", _UNPACK),
    (257, b"ustar", "a tar archive", _UNPACK),
    (
        0,
        b"GGUF",
        "a GGUF model (llama.cpp), whose weights are packed",
        "give the model that it was made from, as safetensors",
    ),
    (
        0,
        b"ggjt",
        "a GGML model (llama.cpp), whose weights are packed",
        "give the model that it was made from, as safetensors",
    ),
    (0, b"%PDF", "a PDF document", _ACCEPTED),
    (0, b"\x89PNG", "a picture (PNG)", _ACCEPTED),
    (0, b"\xff\xd8\xff", "a picture (JPEG)", _ACCEPTED),
    (0, b"PAR1", "a Parquet table, which is not read", _TO_CSV),
    (0, b"ARROW1", "a Feather table (Arrow), which is not read", _TO_CSV),
    (0, b"FEA1", "a Feather table (version 1), which is not read", _TO_CSV),
    (
        0,
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "an Excel 97 workbook (.xls) or another old Office file",
        _TO_XLSX,
    ),
    (0, b"SQLite format 3\x00", "an SQLite database, which is not read", _TO_CSV),
    (0, b"RDX2\n", "R's own file (.RData), which is not read", _FROM_R),
    (0, b"RDX3\n", "R's own file (.RData), which is not read", _FROM_R),
    (0, b"X\n\x00\x00\x00", "R's own file (.rds), which is not read", _FROM_R),
    (
        0,
        b"\xe2\x9b\xbe gt",
        "a graph-tool graph, which is not read",
        "in graph-tool: g.save('graph.graphml')",
    ),
    (0, b">>graph6<<", "a graph6 file, which is not read", _TO_GRAPHML),
    (0, b">>sparse6<<", "a sparse6 file, which is not read", _TO_GRAPHML),
    (0, b"nkbg", "a graph of NetworKit, which is not read", _TO_GRAPHML),
    (0, b"ORC", "an ORC table, which is not read", _TO_CSV),
    (0, b"Obj\x01", "an Avro table, which is not read", _TO_CSV),
)


def sniff(path: Path) -> str:
    """Return the format of an accepted file, or raise CheckpointError that names what else it is."""
    if path.is_dir():
        return SHARDS
    with open(path, "rb") as stream:
        head = stream.read(4096)
    for place, magic, what, mend in _MAGIC:
        if head[place : place + len(magic)] == magic:
            raise CheckpointError(path, f"this is {what}", mend)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _sniff_zip(path)
    if head.startswith(NPY_MAGIC):
        return NPY
    if head.startswith(b"MATLAB 5.0 MAT-file"):
        return MATLAB
    if head.startswith(_MATLAB_7_3):
        return MATLAB_HDF5
    if any(head[place : place + 8] == _HDF5 for place in (0, 512, 1024, 2048)):  # after a user block
        return HDF5
    if head[:1] == b"\x80" and head[2 : 2 + len(_LEGACY)] == _LEGACY:
        return TORCH_LEGACY
    if head[8:9] == b"{" and _is_safetensors(head):
        refuse_part(path)
        return SAFETENSORS
    if head.lstrip()[:1] == b"{" and b'"weight_map"' in head:
        return SHARDS
    if (model := find_model(head)) is not None:
        raise CheckpointError(path, f"this is {model[0]}", model[1])
    if _starts_like_xml(head):
        return _sniff_xml(path)
    if _looks_like_onnx(head):
        return ONNX
    return _sniff_text(path, head)


def _is_safetensors(head: bytes) -> bool:
    """Whether the first 8 bytes can be the length of a header; eight letters never are."""
    return int.from_bytes(head[:8], "little") < 2**40


def _sniff_zip(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            begins = min((member.header_offset for member in archive.infolist()), default=0)
    except Exception as error:
        raise CheckpointError(
            path,
            "it begins as a zip archive (torch, npz) but is truncated or damaged",
            "fetch or save it again",
        ) from error
    check_count(path, len(names), "members")
    if begins or path.suffix == ".distcp":
        raise CheckpointError(
            path,
            "this is part of a distributed checkpoint (torch.distributed.checkpoint, FSDP)"
            if path.suffix == ".distcp"
            else "it holds several archives one after the other, as a part of a distributed checkpoint does "
            "(torch, FSDP); the last one alone would be read",
            "convert the folder: python -m torch.distributed.checkpoint.format_utils dcp_to_torch FOLDER "
            "net.pt; of files that were joined give each by itself",
        )
    if not names:
        raise CheckpointError(path, "the archive is empty", "save it again")
    inner = {name.partition("/")[2] for name in names}
    if any(name.startswith("code/") for name in inner) or inner & {"constants.pkl", "model.json"}:
        raise CheckpointError(
            path,
            "this is a TorchScript archive, a program with its weights; it is not run",
            "save the weights: torch.save(model.state_dict(), 'weights.pt')",
        )
    if "data.pkl" in inner or "data.pkl" in names:
        return TORCH_ZIP
    if all(name.endswith(".npy") for name in names):
        return NETSCI_NPZ if "netsci.npy" in names else NPZ
    if "model.weights.h5" in names:
        return KERAS_ZIP
    for pattern, what, mend in _ARCHIVES:
        if any(re.search(pattern, name) for name in names):
            raise CheckpointError(path, f"this is {what}, which is not read", mend)
    raise CheckpointError(path, "this zip archive does not hold weights", _UNPACK)


def _starts_like_xml(head: bytes) -> bool:
    text = head.lstrip(b"\xef\xbb\xbf").lstrip()
    if re.match(rb"<!doctype\s+html|<html|<head|<body", text, re.IGNORECASE) or _TRIPLE.match(text):
        return False
    # UTF-16 with or without its mark: "<" beside a zero byte.
    return text.startswith(b"<") or head[:4] in (b"\xff\xfe<\x00", b"\xfe\xff\x00<") or head[:2] == b"\x00<"


def _sniff_xml(path: Path) -> str:
    root = xml_root(path)
    if root == "graph":
        raise CheckpointError(
            path, "this is an XGMML graph, which is not read", "in Cytoscape export it as GraphML"
        )
    if root not in (GRAPHML, GEXF):
        raise CheckpointError(
            path,
            f"this is XML, but not GraphML or GEXF (its root is {root[:40]!r})",
            "convert it to GraphML",
        )
    return root


def _sniff_text(path: Path, head: bytes) -> str:
    """Return the format of a text file, or raise the error for what is told by looking closer."""
    text = head.lstrip(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"version https://git-lfs"):
        size = re.search(rb"^size (\d{1,15})", head, re.MULTILINE)
        real = f" (the real file has {int(size[1]):,} bytes)" if size else ""
        raise CheckpointError(
            path, f"this is a Git LFS pointer, not the file itself{real}", "fetch it with: git lfs pull"
        )
    if text[:1] == b"<" and not _TRIPLE.match(text):
        raise web_page(path)
    if looks_like_pickle(head):
        raise CheckpointError(
            path,
            "this is a Python pickle, which can run code when opened, so it is not opened",
            _TO_TENSORS,
        )
    if not text:
        raise CheckpointError(
            path, "this is a blank file: it begins with nothing but white space", "save or fetch it again"
        )
    if not head.strip(b"\x00"):
        raise CheckpointError(path, "it begins with nothing but zero bytes: a damaged file", "fetch it again")
    kind = text_kind(head)
    if kind is None:
        raise CheckpointError(
            path, "its format is unknown, or it is damaged", f"save a text as UTF-8; {_ACCEPTED}"
        )
    return kind


def looks_like_pickle(head: bytes) -> bool:
    """Whether the bytes read as pickle opcodes; nothing is unpickled."""
    import pickletools

    if not (head[:1] in (b"(", b"c", b"]", b"}") or (head[:1] == b"\x80" and head[1:2] <= b"\x05")):
        return False
    # A list of links may begin with a c as well; a global is a module and a name, each alone on its line.
    if head[:1] == b"c" and not re.match(rb"c[A-Za-z_][\w.]*\n[A-Za-z_]\w*\n", head):
        return False
    steps = 0
    try:
        for _ in pickletools.genops(head):
            steps += 1
    except Exception:  # the head is cut somewhere, so every pickle ends in an error here
        pass
    return steps >= 4


def _looks_like_onnx(head: bytes) -> bool:
    # Protobuf has no magic number: field 1 (ir_version) small, then one of ModelProto's next fields.
    return (
        len(head) > 2
        and head[:1] == b"\x08"
        and 1 <= head[1] <= 30
        and head[2:3] in (b"\x12", b"\x1a", b":", b"B", b"2")
    )

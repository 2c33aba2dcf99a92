"""Files made to do harm, or damaged: refused before they cost memory, run code or reach compiled code."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netsci.io import CheckpointError, Loaded, load
from tests.io.samples import (
    WRITERS,
    npy_bytes,
    refused,
    safetensors_bytes,
    torch_state,
    write_graphml,
    write_legacy,
    write_torch,
    zipped,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "net.bin"


def test_expanded_tensors_do_not_fill_the_memory(path):
    write_torch(path, {"fc.weight": torch.zeros(1).expand(1_000_000, 1_000_000)})
    assert path.stat().st_size < 4096
    assert refused(path, "expanded or shared").endswith(
        "save tensor.clone() of each, or only the layers that differ"
    )
    write_torch(path, {"fc.weight": torch.zeros(1).expand(10_000, 10_000)})
    refused(path, "claim 400,000,000 bytes, but it stores .*expanded or shared tensors")
    write_torch(path, {f"fc{i}.weight": torch.zeros(1).expand(1000, 1000) for i in range(10)})
    refused(path, "claim 40,000,000 bytes")
    write_torch(path, {"fc.weight": torch.zeros(1).expand(30, 20)})
    assert load(path).graph.sizes == {"input": 20, "fc": 30}


def _text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def _numbers(*values: int) -> bytes:
    return b"(" + b"".join(b"J" + struct.pack("<i", value) for value in values) + b"t"


def _torch_pickle(numel: int, size: tuple[int, ...], stride: tuple[int, ...], key: str = "0") -> bytes:
    """Write the pickle of {"fc.weight": a float tensor} by hand."""
    storage = b"(" + _text("storage") + b"ctorch\nFloatStorage\n" + _text(key) + _text("cpu")
    storage += _numbers(numel)[1:-1] + b"tQ"
    tensor = b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + _numbers(0)[1:-1] + _numbers(*size)
    tensor += _numbers(*stride) + b"\x89ccollections\nOrderedDict\n)RtR"
    return b"\x80\x02}" + _text("fc.weight") + tensor + b"s."


@pytest.mark.parametrize(
    ("numel", "size", "stride", "pattern"),
    [
        (4, (2, 2), (2, 1), None),
        (4, (3, 2), (2, 1), "reaches outside its storage"),
        (4, (100_000, 100_000), (100_000, 1), "reaches outside its storage"),
        (4, (1, 5), (5, 1), "reaches outside its storage"),
        (4, (-2, 2), (2, 1), "not one"),
        (4, (2, 2), (-2, 1), "not one"),
        (4, (2, 2), (1,), "not one"),
        (-4, (2, 2), (2, 1), "not one"),
        (1_000_000, (1000, 1000), (1000, 1), "claim 4,000,000 bytes where it holds 16"),
    ],
)
def test_tensors_stay_inside_what_the_file_holds(path, numel, size, stride, pattern):
    record = np.ones(4, np.float32).tobytes()
    zipped(path, {"a/data.pkl": _torch_pickle(numel, size, stride), "a/data/0": record, "a/version": b"3\n"})
    if pattern is None:
        assert load(path).graph.n_links == 4
    else:
        refused(path, pattern)


def test_legacy_storages_stay_inside_the_file(path):
    whole = write_legacy(path).read_bytes()
    assert whole.count(b"K\x14N") == 1  # 20 numbers
    path.write_bytes(whole.replace(b"K\x14N", b"K\xffN"))
    refused(path, "claim 1,096 bytes where it holds")


def test_a_tensor_without_its_record_is_refused(path):
    pickled = _torch_pickle(4, (2, 2), (2, 1), key="7")
    zipped(path, {"a/data.pkl": pickled, "a/data/0": bytes(16), "a/version": b"3\n"})
    refused(path, "claim 16 bytes where it holds 0")


def test_a_pickle_that_asks_for_a_huge_memo(path):
    zipped(path, {"a/data.pkl": b"\x80\x02K\x01r\xff\xff\xff\x7f.", "a/version": b"3\n"})
    refused(path, "memo")


def test_a_checkpoint_that_contains_itself(path):
    loop: dict = {"fc.weight": torch.ones(2, 3)}
    loop["self"] = loop
    assert load(write_torch(path, loop)).graph.n_links == 6
    wide: dict = {}
    for _ in range(6):  # 100^6 paths through 7 dictionaries
        wide = {"state_dict": {str(i): wide for i in range(100)}}
    refused(write_torch(path, wide), "no layer|nest deeper")
    deep: dict = {"fc.weight": torch.ones(2, 3)}
    for _ in range(50):
        deep = {"a": deep}
    refused(write_torch(path, deep), "nest deeper")


@pytest.mark.parametrize(
    ("size", "why"), [(2**30 + 1, "like a zip bomb"), (2**30 - 2, "truncated or damaged|no layer found")]
)
def test_zip_bombs(path, size, why):
    for members in ({"a.npy": npy_bytes(np.eye(3))}, {"a/data.pkl": b"N.", "a/version": b"3\n"}):
        data = bytearray(zipped(path, members, zipfile.ZIP_DEFLATED).read_bytes())
        struct.pack_into("<I", data, data.index(b"PK\x01\x02") + 24, size)  # so that no GiB has to be packed
        path.write_bytes(data)
        refused(path, why)


def test_an_archive_that_lies_about_its_size(path):
    zipped(path, {"a.npy": npy_bytes(np.ones((3, 2)))})
    data = bytearray(path.read_bytes())
    place = data.rfind(b"PK\x01\x02")
    data[place + 24 : place + 28] = struct.pack("<I", 2**32 - 2)
    path.write_bytes(bytes(data))
    with pytest.raises(CheckpointError):
        load(path)


def test_npy_headers_are_checked_before_allocation(path):
    honest = npy_bytes(np.ones((3, 2)))
    path.write_bytes(honest.replace(b"(3, 2)", b"(3, 9)"))
    refused(path, "promises 216 bytes and holds 48")
    huge = honest.replace(b"(3, 2), }" + b" " * 12, b"(999999999, 999999999)"[:21])
    path.write_bytes(huge)
    with pytest.raises(CheckpointError):
        load(path)
    path.write_bytes(npy_bytes(np.ones(6)))
    refused(path, r"shape \[6\]; a layer is a matrix")


def test_sparse_npz_indices_are_checked_before_use(path):
    for layout, part in (("csr", "indices"), ("csc", "indices"), ("coo", "col"), ("csr", "indptr")):
        stream = io.BytesIO()
        sp.save_npz(stream, sp.csr_array(np.eye(4, 3)).asformat(layout), compressed=False)
        stream.seek(0)
        with np.load(stream) as parts:
            arrays = dict(parts)
        arrays[part] = arrays[part].copy()
        arrays[part][1] = 10**6
        with open(path, "wb") as out:
            np.savez(out, **arrays)
        refused(path, "damaged")
    with open(path, "wb") as out:
        sp.save_npz(out, sp.coo_array((np.ones(1), ([0], [0])), shape=(2**40, 2)))
    refused(path, "above the limit")
    with open(path, "wb") as out:
        sp.save_npz(out, sp.dia_array(np.eye(4)))
    refused(path, "sparse dia array")


@pytest.mark.filterwarnings("ignore:Sparse:UserWarning")
def test_sparse_tensors_are_checked_before_use(path):
    tensor = torch.sparse_coo_tensor([[0], [0]], [1.0], (10**9, 10**9))
    refused(write_torch(path, {"fc.weight": tensor}), "above the limit")
    parts = (torch.tensor([0, 1, 2]), torch.tensor([0, 10**9]), torch.ones(2))
    tensor = torch.sparse_csr_tensor(*parts, size=(2, 3), check_invariants=False)
    refused(write_torch(path, {"fc.weight": tensor}), "damaged")


@pytest.mark.parametrize(
    "content",
    [
        struct.pack("<Q", 2**33) + b"{" + bytes(50),
        struct.pack("<Q", 90) + b'{"a": 1}',
        struct.pack("<Q", 8) + b"{" * 8 + bytes(50),
        safetensors_bytes({"fc.weight": ("F32", [100_000, 100_000], bytes(16))}),
        safetensors_bytes({"fc.weight": ("F32", [-2, -2], bytes(16))}),
        safetensors_bytes({"fc.weight": ("Z9", [2, 2], bytes(16))}),
        safetensors_bytes({"fc.weight": ("F32", [2, 2], bytes(16))})[:-1],
    ],
)
def test_safetensors_headers_that_lie(path, content):
    path.write_bytes(content)
    with pytest.raises(CheckpointError):
        load(path)


def test_safetensors_names_are_given_once(path):
    entry = b'{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}'
    for header in (
        b'{"a":%s,"a":%s}' % (entry, entry),
        b'{"a":%s}' % entry.replace(b"}", b',"shape":[4,1]}'),
    ):
        path.write_bytes(struct.pack("<Q", len(header)) + header + bytes(16))
        refused(path, "header names (a|shape) twice; save it again, each tensor under a name of its own")


@pytest.mark.parametrize("shape", [(-2, -2), (-1, -4), (-1, 4)])
def test_npy_sides_are_never_negative(path, shape):
    content = npy_bytes(np.ones((2, 2), np.float32))
    content = content.replace(b"(2, 2), }   ", f"{shape}, }}".encode().ljust(12))
    path.write_bytes(content)
    refused(path, "damaged")
    zipped(path, {"fc.npy": content})
    refused(path, "damaged")


ENTITIES = '<!DOCTYPE g [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp037"])
def test_xml_entity_bombs_are_refused_before_they_expand(path, encoding):
    text = f'<?xml version="1.0" encoding="{encoding}"?>{ENTITIES}<graphml><graph>&b;</graph></graphml>'
    path.write_bytes(text.encode(encoding))
    with pytest.raises(CheckpointError) as caught:
        load(path)
    if encoding != "cp037":  # not recognised as XML at all
        assert "document type or entities" in str(caught.value)


def test_a_document_type_alone_is_refused(path):
    path.write_text('<!DOCTYPE graphml SYSTEM "graphml.dtd"><graphml/>')
    refused(path, "document type or entities")


def test_xml_that_nests_without_end_and_headers_that_do_not_agree(path):
    path.write_text("<graphml>" + "<a>" * 1000 + "</a>" * 1000 + "</graphml>")
    refused(path, "nests deeper")
    write_graphml(path)
    text = path.read_text()
    assert '"layer0", 5' in text
    path.write_text(text.replace('"layer0", 5', '"layer0", 5000000000'))
    refused(path, "do not agree")


def test_a_graph_without_nodes_is_explained(path):
    path.write_text('<graphml><graph edgedefault="directed"/></graphml>')
    refused(path, "cannot be read; the graph has no nodes")


@pytest.mark.parametrize("format", WRITERS)
def test_files_cut_at_every_sixteenth(path, format):
    whole = WRITERS[format](path).read_bytes()
    for part in range(16):
        path.write_bytes(whole[: len(whole) * part // 16])
        with pytest.raises(CheckpointError):
            load(path)


@pytest.mark.parametrize("format", WRITERS)
def test_mutated_files_load_or_raise_the_one_error(tmp_path, format):
    path = tmp_path / "net.bin"
    whole = WRITERS[format](path).read_bytes()

    @settings(max_examples=200, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(
        changes=st.lists(
            st.tuples(st.integers(0, len(whole) - 1), st.integers(0, 255)), min_size=1, max_size=6
        ),
        cut=st.none() | st.integers(0, len(whole) - 1),
    )
    def mutate(changes, cut):
        data = bytearray(whole)
        for place, value in changes:
            data[place] = value
        if cut is not None:
            del data[cut : cut + 3]
        path.write_bytes(bytes(data))
        try:
            loaded = load(path)
        except CheckpointError:
            return
        assert isinstance(loaded, Loaded)
        json.dumps(loaded.summary(), allow_nan=False)

    mutate()


def test_mutated_records_of_torch_files_are_noticed(path):
    write_torch(path, torch_state())
    whole = bytearray(path.read_bytes())
    place = whole.index(np.float32(-4).tobytes())  # one weight
    whole[place] ^= 1
    path.write_bytes(bytes(whole))
    refused(path, "does not match its checksum")

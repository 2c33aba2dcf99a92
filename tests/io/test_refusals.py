"""Files that are refused: one exception, a message that says what the file is and what to do instead."""

from __future__ import annotations

import os
import pickle
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from netsci.io import CheckpointError, load
from netsci.io.errors import printable
from netsci.io.formats.sniff import sniff
from netsci.io.limits import MAX_BYTES, check_arrays
from tests.io.samples import refused, safetensors_bytes, write_torch, zipped


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "net.bin"


LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 201072512\n"
KINDS = {
    "empty": (b"", r"the file is empty \(0 bytes\); save or download it again"),
    "lfs": (LFS, r"Git LFS pointer.*201,072,512 bytes.*git lfs pull"),
    "html": (b"\n<!DOCTYPE html>\n<html><head></head></html>", "web page.*download it again"),
    "html_plain": (b"<HTML><body>404", "web page"),
    "xhtml": (b"<?xml version='1.0'?><!DOCTYPE html PUBLIC 'a' 'b'><html/>", "web page"),
    "other_xml": (b"<?xml version='1.0'?><svg/>", "XML, but not GraphML or GEXF.*'svg'"),
    "hdf5": (b"\x89HDF\r\n\x1a\n" + bytes(100), "damaged|HDF5"),
    "onnx": (b"\x08\x05\x12\x0akeras2onnx\x1a\x051.5.1" + bytes(30), "damaged|ONNX"),
    "tflite": (b"\x20\x00\x00\x00TFL3" + bytes(100), "TensorFlow Lite.*npz"),
    "mat": (b"MATLAB 5.0 MAT-file, Platform: PCWIN" + bytes(100), "no MATLAB 5 header: damaged"),
    "mat73": (
        b"MATLAB 7.3 MAT-file, Platform".ljust(512) + b"\x89HDF\r\n\x1a\n",
        "HDF5 structure cannot be read",
    ),
    "gzip": (b"\x1f\x8b\x08" + bytes(40), "damaged gzip file; fetch"),
    "xz": (b"\xfd7zXZ\x00" + bytes(40), "this is an xz"),
    "tar": (bytes(257) + b"ustar\x00" + bytes(300), "tar archive.*unpack"),
    "json": (b'{"a": [1, 2]}', "JSON file, but not node-link JSON.*node_link_data"),
    "prose": (b"Dear reader, this is a letter.\nIt has lines.\n\nYours\n", "text file.*neither an edge list"),
    "blank": (b" \n\t\n", "blank file.*white space; save or fetch"),
    "header_only": (b"pre\tpost\tsynapses\n", "a header and no links"),
    "comments_only": (b"# nothing\n% here\n", "nothing but comments"),
    "zeros": (bytes(100), "zero bytes"),
    "unknown": (bytes(range(100, 256)) * 3, "unknown.*adjacency matrices are read"),
    "pickle": (pickle.dumps([1.0, {"a": 2}, "b"], protocol=4), "Python pickle.*can run code.*npz"),
    "pickle_global": (b"cnumpy\nndarray\n(lp0\nI1\naI2\na.", "Python pickle"),
    "pickle0": (pickle.dumps([1.0, {"a": 2}, "b"], protocol=0), "Python pickle"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_named_with_its_mend(path, kind):
    content, pattern = KINDS[kind]
    path.write_bytes(content)
    refused(path, pattern)


@pytest.mark.parametrize("block", [0, 512, 1024, 2048])
def test_hdf5_is_told_behind_a_user_block(path, block):
    path.write_bytes(bytes(block) + b"\x89HDF\r\n\x1a\n" + bytes(100))
    assert sniff(path) == "hdf5"


def test_missing_files_folders_and_devices(tmp_path):
    refused(tmp_path / "nowhere.pt", "no such file; check the path")
    refused(tmp_path, "this is a folder without safetensors; give one of the files in it")
    os.mkfifo(tmp_path / "pipe")
    refused(tmp_path / "pipe", "not a regular file")
    with pytest.raises(CheckpointError, match="cannot be opened"):
        load(tmp_path / ("a" * 4000))


class Whole(torch.nn.Linear):
    """A module pickled as a whole."""


class Planted:
    """Would create a file if it were unpickled."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self):
        return (open, (str(self.target), "w"))


def test_a_whole_pickled_module_is_named(path):
    for options in ({}, {"_use_new_zipfile_serialization": False}):
        write_torch(path, Whole(3, 2), **options)
        refused(path, r"pickles tests\.io\.test_refusals\.Whole.*torch\.save\(model\.state_dict\(\)")


@pytest.mark.parametrize("options", [{}, {"_use_new_zipfile_serialization": False}])
def test_planted_code_never_runs(tmp_path, path, options):
    target = tmp_path / "planted"
    write_torch(path, {"fc.weight": torch.ones(2, 3), "note": Planted(target)}, **options)
    refused(path, r"pickles (io|_io|builtins|__builtin__)\.open")
    path.write_bytes(pickle.dumps(Planted(target)))
    refused(path, "Python pickle")
    with open(path, "wb") as stream:
        np.savez(stream, a=np.array([[Planted(target)]], dtype=object))
    refused(path, "no layer found")
    with open(path, "wb") as stream:
        np.save(stream, np.array([[Planted(target)]], dtype=object))
    refused(path, "Python objects")
    assert not target.exists()


def test_unpickling_for_real_would_have_planted(tmp_path):
    pickle.loads(pickle.dumps(Planted(tmp_path / "planted"))).close()
    assert (tmp_path / "planted").exists()


@pytest.mark.parametrize("name", ["torch.hub.load", "torch.load", "builtins.bytearray", "torch.FloatTensor"])
def test_functions_of_torch_and_python_are_not_called(path, name):
    module, _, function = name.rpartition(".")
    pickled = f"c{module}\n{function}\n(K\x05tR.".encode()
    zipped(path, {"a/data.pkl": pickled, "a/version": b"3\n"})
    refused(path, f"pickles {name}")


def test_what_the_safe_reader_of_torch_lacks(path):
    write_torch(path, {"fc.weight": torch.ones(2, 3)}, pickle_protocol=4)
    refused(path, "safe reader.*default pickle_protocol")


def test_torchscript_and_other_archives(path):
    zipped(path, {"m/data.pkl": b"", "m/code/__torch__.py": b"", "m/constants.pkl": b""})
    refused(path, r"TorchScript.*state_dict\(\)")
    zipped(path, {"config.json": b"{}", "model.weights.h5": b""})
    refused(path, "its HDF5 structure cannot be read: truncated or damaged")
    zipped(path, {"readme.txt": b"hello"})
    refused(path, "zip archive does not hold weights.*unpack")
    zipped(path, {})
    refused(path, "archive is empty")


def test_files_without_a_layer_say_what_they_hold(path):
    write_torch(path, {"bias": torch.ones(3), "step": 4})
    refused(path, r"no layer found in this torch state dict: it holds bias; a layer is")
    write_torch(path, {"a.weight": torch.ones(0, 3), "b.weight": torch.ones(2, 2, dtype=torch.complex64)})
    refused(path, r"a.weight \[0, 3\], b.weight \[2, 2\] of complex64; .* real numbers")
    path.write_bytes(safetensors_bytes({"a.weight": ("C64", [2, 2], bytes(32))}))
    refused(path, "type C64, which are not read; save its real part")
    path.write_bytes(safetensors_bytes({"a.weight": ("F4", [2, 2], bytes(2))}))
    refused(path, "type F4, which are not read; save it as float16")
    write_torch(path, {"step": 4})
    refused(path, "it holds no arrays")


def test_messages_show_no_control_characters(path):
    write_torch(path, {"\x1b]0;owned\x07\n" + "x" * 500: torch.ones(3)})
    message = refused(path, "no layer found")
    assert message.isprintable()
    assert printable("a\x1b\u2028b") == "a?\u2028b".replace("\u2028", "?")
    assert len(printable("x" * 1000)) == 200


def test_the_cause_is_kept_and_the_error_survives_a_process_border(path):
    write_torch(path)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(CheckpointError) as caught:
        load(path, isolate=False)
    assert caught.value.__cause__ is not None
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.reason, again.mend) == (
        str(caught.value),
        caught.value.reason,
        caught.value.mend,
    )


def test_torch_is_only_needed_for_its_own_files(tmp_path, monkeypatch):
    path = tmp_path / "model.pt"
    torch.save({"fc.weight": torch.ones(2, 3)}, path)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(CheckpointError, match="needs torch, which is not installed"):
        load(path, isolate=False)


def test_arrays_above_the_limit_although_stored(path):
    with pytest.raises(CheckpointError, match=r"above the limit.*each layer in a file of its own"):
        check_arrays(path, MAX_BYTES + 1, MAX_BYTES + 1)

"""Models of other tools are named with their mend, and ordinary files that begin alike are read."""

from pathlib import Path

import numpy as np
import pytest

from netsci.io import load
from netsci.io.formats.foreign_models import find_model
from tests.io.samples import npy_bytes, refused


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "net.bin"


def saved_model(inside: bytes) -> bytes:
    length = bytes([len(inside)]) if len(inside) < 128 else bytes([len(inside) & 127 | 128, len(inside) >> 7])
    return b"\x08\x01\x12" + length + inside


def msgpack(array: bytes = b"\x93\x92\x02\x03\xa7float32\xc4\x18" + bytes(24)) -> bytes:
    extension = b"\xc7" + bytes([len(array)]) + b"\x01" + array
    return b"\x81\xa6params\x81\xa7Dense_0\x82\xa4bias" + extension + b"\xa6kernel" + extension


NODE = b"\x0a\x01x\x12\x0bPlaceholder"
MODELS = {
    "saved model": (
        saved_model(b"\x0a\x14\x12\x05serve\x2a\x062.15.0"),
        "TensorFlow SavedModel.*save_weights",
    ),
    "large saved model": (saved_model(b"\x0a\xff" + bytes(300)), "TensorFlow SavedModel.*save_weights"),
    "graph": (b"\x0a" + bytes([len(NODE)]) + NODE, "TensorFlow GraphDef.*save_weights"),
    "flax": (msgpack(), "msgpack file as flax.*safetensors"),
    "flax of many layers": (b"\xde\x00\x20\xa6params\x82" + msgpack()[8:], "msgpack file as flax"),
    "gguf": (b"GGUF\x03\0\0\0" + bytes(40), "GGUF model.*safetensors"),
    "equinox": (b'{"width": 3}\n' + npy_bytes(np.eye(3)), "Equinox.*numpy.savez"),
}


@pytest.mark.parametrize("who", MODELS)
def test_models_are_named_with_a_mend(path, who):
    content, pattern = MODELS[who]
    path.write_bytes(content)
    refused(path, pattern)


def test_onnx_of_the_first_version_is_no_saved_model(path):
    assert find_model(b"\x08\x01\x12\x07pytorch") is None
    assert find_model(b"\x08\x01\x12\x0akeras2onnx\x1a\x051.5.1") is None
    path.write_bytes(b"\x08\x01\x12\x07pytorch" + bytes(20))
    refused(path, "ONNX|damaged")


def test_text_and_json_that_begin_alike_are_read(path):
    path.write_text(
        '{"nodes": [{"id": 1}, {"id": 2}], "links": [{"source": 1, "target": 2}], "directed": true}'
    )
    assert load(path).graph.n_links == 1
    assert find_model(b"") is None
    assert find_model("\xe4\xa6 b".encode("latin-1")) is None

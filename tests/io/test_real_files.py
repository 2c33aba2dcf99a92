"""Files from the wild, read from the folder that NETSCI_DATA names and never part of this repository."""

import json
import math
import os
from pathlib import Path

import pytest

from netsci.io import CheckpointError, load
from netsci.io.files import sha256
from tests.io.samples import layer_table

FOLDER = Path(os.environ.get("NETSCI_DATA", "")) / "checkpoints"
HAVE = "NETSCI_DATA" in os.environ and (FOLDER / "index.json").is_file()
pytestmark = pytest.mark.skipif(
    not HAVE, reason="NETSCI_DATA does not name a folder with checkpoints/index.json"
)

# {layer: (rows = presynaptic x positions, columns = postsynaptic, links)}
LAYERS = {
    "adityapanangat__pruned_model.pth": {
        "fc1": (784, 128, 37525),
        "fc2": (128, 64, 5624),
        "fc3": (64, 10, 527),
    },
    "agentzz1__mnist_vit.pth": {
        "patch_embed.proj": (49, 32, 1568),
        "encoder.0.attn.in_proj_weight": (32, 96, 3072),
        "encoder.0.attn.out_proj": (32, 32, 1024),
        "encoder.0.ffn.fc1": (32, 64, 2048),
        "encoder.0.ffn.fc2": (64, 32, 2048),
        "classifier": (32, 10, 320),
    },
    "cathnat__pruned_model.pt": {
        "conv1": (3, 8, 18),
        "conv2.partial_conv": (6, 2, 12),
        "conv2.channel_conv": (18, 6, 108),
        "conv3": (24, 1, 24),
        "fc1": (150, 16, 1500),
        "fc2": (16, 5, 64),
    },
    "CodeAlanqian__snn_mnist.pth": {"layer.1": (784, 10, 7840)},
    "CoffeeVampir3__model.safetensors": {"fc1": (10, 20, 200), "fc2": (20, 10, 200)},
    "douzaikongcheng__model_int8.pth": {
        "feature1.0": (27, 64, 1692),
        "feature2.0": (576, 64, 35918),
        "feature3.0": (576, 64, 35919),
        "classifier": (64, 10, 636),
    },
    "neuromorphs__snntorch_braille.pt": {
        "fc1": (12, 38, 456),
        "lif1.recurrent": (38, 38, 1444),
        "fc2": (38, 7, 266),
    },
    "pytorch__tiny_state_dict_with_one_key.pt": {"test_key": (10, 10, 100)},
    "SaurabhRaj110__compressed_mlp.npz": {
        "net.0": (128, 256, 15280),
        "net.2": (256, 128, 10667),
        "net.4": (128, 10, 780),
    },
    "tarekbzahid__checkpoint_1000.pth": {"encoder": (2, 10, 20), "decoder": (10, 1, 10)},
    "wzy111github__checkpoint.pth.tar": {
        "conv1": (25, 16, 400),
        "conv2": (400, 32, 12800),
        "block1.conv1": (144, 16, 2304),
        "block1.conv2": (144, 16, 2304),
        "block2.conv1": (288, 32, 9216),
        "block2.conv2": (288, 32, 9216),
        "fc": (512, 10, 5120),
    },
    "zahmedy__mnist_mlp.pth": {"fc1": (784, 64, 50176), "fc2": (64, 32, 2048), "fc3": (32, 10, 320)},
}
REFUSED = {
    "alirezamika__weights.pkl": r"Python pickle.*npz.*safetensors",
    "Auroral1224__pruned.h5": "HDF5",
    "Auroral1224__pruned_quantized.tflite": "TensorFlow Lite",
    "brainlife__cat.mat": "MATLAB",
    "ChinmaySomani__celegansneural.gml": "GML",
    "EddieJ03__checkpoint.pt": r"Git LFS pointer.*201,072,512.*git lfs pull",
    "IweCoumou__pruned_model.pth": r"NeuralNetwork\.NeuralNetwork.*state_dict",
    "jeshraghian__lif.nir": "HDF5",
    "openworm__aconnectome_white_1986_A.csv": "text file",
    "SaurabhRaj110__compressed_empty.npz": r"empty \(0 bytes\)",
    "tarekbzahid__model_scripted.pt": "TorchScript",
    "wuhanstudio__mnist-sm.onnx": "ONNX",
}


def _index():
    return {entry["file"]: entry for entry in json.loads((FOLDER / "index.json").read_text())["files"]}


def test_every_file_is_decided_here():
    assert {*LAYERS, *REFUSED} == set(_index())


@pytest.mark.parametrize("name", LAYERS)
def test_real_files_give_their_layers(name):
    loaded = load(FOLDER / name)
    assert layer_table(loaded.graph) == LAYERS[name]
    assert loaded.sha256 == sha256(FOLDER / name) == _index()[name]["sha256"]


@pytest.mark.parametrize("name", LAYERS)
def test_counts_agree_with_the_index(name):
    """Each layer is an array of the index with as many places and as many values different from zero."""
    arrays = _index()[name]["arrays"]
    known = [(math.prod(array["shape"]), array["nonzero"]) for array in arrays]
    for rows, columns, links in layer_table(load(FOLDER / name).graph).values():
        assert (rows * columns, links) in known


@pytest.mark.parametrize("name", REFUSED)
def test_real_files_that_are_refused(name):
    with pytest.raises(CheckpointError, match=REFUSED[name]):
        load(FOLDER / name)


def test_what_is_said_of_them():
    def notes(name):
        return " | ".join(load(FOLDER / name).notes)

    assert "pos_embed [1, 16, 32]" in notes("agentzz1__mnist_vit.pth")
    assert "stacks q, k and v" in notes("agentzz1__mnist_vit.pth")
    assert "dense (0 % sparsity)" in notes("zahmedy__mnist_mlp.pth")
    assert "dense" not in notes("adityapanangat__pruned_model.pth")
    assert "from fc1 onto itself" in notes("neuromorphs__snntorch_braille.pt")
    assert "3 of 3 layers" in notes("SaurabhRaj110__compressed_mlp.npz")

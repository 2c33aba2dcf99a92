"""Files from the wild, read from the folder that NETSCI_DATA names and never part of this repository."""

import json
import math
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from netsci.io import CheckpointError, load
from netsci.io.files import sha256
from tests.io.samples import layer_table

FOLDER = Path(os.environ.get("NETSCI_DATA", "")) / "checkpoints"
NETWORKS = FOLDER.parent / "networks"
HAVE = "NETSCI_DATA" in os.environ and (FOLDER / "index.json").is_file()
pytestmark = pytest.mark.skipif(
    not HAVE, reason="NETSCI_DATA does not name a folder with checkpoints/index.json"
)

# {layer: (rows = presynaptic x positions, columns = postsynaptic, links)}
LAYERS = {
    "Auroral1224__pruned.h5": {
        "conv2d_2": (9, 16, 64),
        "conv2d_3": (144, 32, 2051),
        "dense_1": (800, 10, 3561),
    },
    "jeshraghian__lif.nir": {"0": (1, 1, 1)},
    "wuhanstudio__mnist-sm.onnx": {
        "W3": (9, 2, 18),
        "W2": (18, 2, 36),
        "W1": (98, 4, 392),
        "W": (4, 10, 40),
    },
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
GRAPHS = {
    "brainlife__cat.mat": {"CIJall": (95, 95, 2126), "CIJctx": (52, 52, 818)},
    "ChinmaySomani__celegansneural.gml": {"nodes": (297, 297, 2345)},
    "openworm__aconnectome_white_1986_A.csv": {"nodes": (221, 221, 1855)},
}
REFUSED = {
    "alirezamika__weights.pkl": r"Python pickle.*npz.*safetensors",
    "Auroral1224__pruned_quantized.tflite": "TensorFlow Lite",
    "EddieJ03__checkpoint.pt": r"Git LFS pointer.*201,072,512.*git lfs pull",
    "IweCoumou__pruned_model.pth": r"NeuralNetwork\.NeuralNetwork.*state_dict",
    "SaurabhRaj110__compressed_empty.npz": r"empty \(0 bytes\)",
    "tarekbzahid__model_scripted.pt": "TorchScript",
}


def _index():
    return {entry["file"]: entry for entry in json.loads((FOLDER / "index.json").read_text())["files"]}


def test_every_file_is_decided_here():
    assert {*LAYERS, *GRAPHS, *REFUSED} == set(_index())


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


@pytest.mark.parametrize("name", GRAPHS)
def test_real_graphs_are_directed_and_weighted(name):
    loaded = load(FOLDER / name)
    assert layer_table(loaded.graph) == GRAPHS[name]
    assert loaded.sha256 == _index()[name]["sha256"]
    for projection in loaded.graph.projections:
        assert projection.source == projection.target
        assert not projection.undirected
        assert projection.weights is not None


def test_the_cat_against_scipy_and_one_of_its_networks_alone():
    from scipy.io import loadmat

    path = FOLDER / "brainlife__cat.mat"
    known = loadmat(path)
    for p in load(path).graph.projections:
        assert np.array_equal(p.weights.toarray(), known[p.name])
    alone = load(path, select="CIJctx")
    assert alone.graph.sizes == {"CIJctx": 52}
    assert alone.graph.n_links == 818
    assert "Names (text)" in " ".join(alone.notes)


def test_the_worm_against_pandas():
    import pandas as pd

    path = FOLDER / "openworm__aconnectome_white_1986_A.csv"
    lines = path.read_text().splitlines()[1:]
    frame = pd.DataFrame([line.split("\t") for line in lines], columns=["pre", "post", "type", "synapses"])
    known = frame.astype({"synapses": int}).groupby(["pre", "post"])["synapses"].sum()
    loaded = load(path)
    (p,) = loaded.graph.projections
    assert (p.n_links, p.weights.sum()) == (len(known), known.sum())
    names = loaded.graph.node_labels
    assert names[:3] == ["ADAL", "ADFL", "AIBL"]
    coo = p.weights.tocoo()
    found = {(names[i], names[j]): w for i, j, w in zip(coo.row, coo.col, coo.data, strict=True)}
    assert found == known.to_dict()
    assert sorted(p.weights.data) == sorted(known)
    assert np.array_equal(p.links.diagonal().sum(), sum(a == b for a, b in known.index))
    notes = " | ".join(loaded.notes)
    for said in (
        "source 'pre', target 'post', weight 'synapses'",
        "directed, as the header says",
        "44 repeated links merged, their weights added up",
        "chemical 1,629, electrical 270",
    ):
        assert said in notes


def test_the_gml_against_networkx():
    import networkx as nx

    path = FOLDER / "ChinmaySomani__celegansneural.gml"
    known = nx.parse_gml(
        path.read_text().lstrip("s").replace("directed 1", "directed 1 multigraph 1"), label="id"
    )
    loaded = load(path)
    matrix = nx.to_numpy_array(known, nodelist=sorted(known), weight="value")
    assert np.array_equal(loaded.graph.projections[0].weights.toarray(), matrix)
    assert "edge attribute 'value' is read as the weight" in loaded.notes


@pytest.mark.parametrize("archive", ["classic47.zip", "corpus550.zip"])
def test_real_networks_as_tables(archive, tmp_path):
    """A sample of the networks: lines, different labels and directions as the index has them."""
    index = json.loads((NETWORKS / "index.json").read_text())["networks"]
    by_file = {entry["file"]: entry for entry in index.values()}
    with zipfile.ZipFile(NETWORKS / archive) as zipped:
        names = sorted(n for n in zipped.namelist() if n.endswith(".tsv"))[:: 4 if len(index) > 100 else 12]
        for name in names:
            text = zipped.read(name).decode()
            if len(text) > 500_000:
                continue
            pairs = [line.split("\t") for line in text.splitlines()[1:]]
            directed = by_file[name]["directed"] if archive == "classic47.zip" else False
            path = tmp_path / "net"
            path.write_text(f"# {'directed' if directed else 'undirected'}\n{text}")
            (p,) = load(path, isolate=False).graph.projections
            assert p.n_links == len(pairs)
            assert p.undirected == (not directed)
            assert p.shape[0] == len({label for pair in pairs for label in pair[:2]})
            weighted = text.startswith("source\ttarget\tweight")
            assert (p.weights is not None) == weighted
            if archive == "classic47.zip":
                assert p.n_links == by_file[name]["m"]


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

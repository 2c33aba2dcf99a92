"""NIR files: back bit for bit, the same links for other readers, and what a plain reading changes."""

import builtins
import subprocess
import sys

import h5py
import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from netsci.convert import QCFS, SpikingModel, Unconvertible, convert
from netsci.convert.nir import FOLDED, deviation, fold_model, load_nir, save_nir
from netsci.io import load
from netsci.models import mlp
from netsci.sparse import SparseConv2d, SparseLinear
from netsci.spiking import IF, LIF
from tests.convert.networks import links, mixed, perceptron, residual, vgg

nir = pytest.importorskip("nir")


def conv():
    rng = np.random.default_rng(4)
    torch.manual_seed(4)
    return nn.Sequential(
        SparseConv2d(links(rng, 18, 3), 3, stride=2, padding=1, bias=True),
        nn.ReLU(),
        nn.AvgPool2d(2),
        nn.Conv2d(3, 4, 1, bias=False),
        nn.ReLU(),
        nn.Flatten(),
        SparseLinear(links(rng, 16, 5), bias=False),
    ).eval()


class GlobalMean(nn.Module):
    """A mean over the pixels in place of a pool."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(2)
        self.conv, self.fc = nn.Conv2d(2, 6, 3, groups=2), nn.Linear(6, 3)

    def forward(self, x):
        return self.fc(torch.relu(self.conv(x)).mean((2, 3)))


def padded():
    torch.manual_seed(6)
    layers = [nn.Conv2d(2, 4, 3), nn.ReLU(), nn.AvgPool2d(3, stride=2, padding=1), nn.Flatten()]
    return nn.Sequential(*layers, nn.Linear(36, 3)).eval()


class OtherMean(nn.Module):
    """A mean over channels, or over one side of the image, whose size is that of a mean over pixels."""

    def __init__(self, over):
        super().__init__()
        torch.manual_seed(3)
        self.conv, self.fc, self.over = nn.Conv2d(2, 4, 3), nn.Linear(4, 3), over

    def forward(self, x):
        return self.fc(torch.relu(self.conv(x)).mean(self.over).flatten(1))


NETS = {
    "mlp": (perceptron, (12,)),
    "conv": (conv, (2, 8, 8)),
    "vgg": (vgg, (2, 8, 8)),
    "mean": (lambda: GlobalMean().eval(), (2, 8, 8)),
    "padded": (padded, (2, 8, 8)),
}


def images(shape, n=12):
    return torch.rand(n, *shape, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("method", ["qcfs", "cs_qcfs"])
@pytest.mark.parametrize("name", NETS)
def test_back_again_bit_for_bit(tmp_path, name, method):
    make, shape = NETS[name]
    x = images(shape)
    model = convert(make(), method, x, steps=8)
    save_nir(tmp_path / "a.nir", model)
    again, folded = load_nir(tmp_path / "a.nir"), fold_model(model)
    assert np.array_equal(again.currents(x), folded.currents(x))
    before, after = folded.simulate(x), again.simulate(x)
    assert np.array_equal(before.spikes, after.spikes)
    assert np.array_equal(before.sops, after.sops)
    pd.testing.assert_frame_equal(again.thresholds, model.thresholds)
    assert (again.steps, again.method) == (8, method)
    assert FOLDED in again.notes
    assert all(float(one.theta) == 1.0 for one in again.network.neurons.values())
    assert all((mask != again.masks[one]).nnz == 0 for one, mask in model.masks.items())
    assert torch.equal(again.to_ann()(x), folded.to_ann()(x))
    assert torch.allclose(again.to_ann()(x), model.to_ann()(x), atol=1e-5)
    save_nir(tmp_path / "b.nir", again)
    assert np.array_equal(load_nir(tmp_path / "b.nir").currents(x), again.currents(x))
    # Folding itself rounds, and a spike in ten thousand may fall otherwise.
    assert (model.simulate(x).spikes != before.spikes).mean() < 0.1


@pytest.mark.parametrize("name", NETS)
def test_a_file_says_what_the_network_says_before_thresholds_are_folded(tmp_path, name):
    make, shape = NETS[name]
    x = images(shape)
    model = convert(make(), "qcfs", x, steps=16)
    save_nir(tmp_path / "a.nir", model)
    found, wanted = load_nir(tmp_path / "a.nir").currents(x), model.currents(x)
    away = np.abs(found - wanted).max((0, 2)) / np.abs(wanted).max()
    assert np.median(away) < 1e-4  # rounding may turn a spike in an image or two


def test_a_mean_over_channels_is_no_pool(tmp_path):
    x = images((2, 4, 4))  # four channels of 2 x 2
    model = convert(OtherMean(1).eval(), "qcfs", x, theta=1.0)
    with pytest.raises(Unconvertible, match="NIR has no node"):
        save_nir(tmp_path / "a.nir", model)
    assert not (tmp_path / "a.nir").exists()


@pytest.mark.parametrize("name", NETS)
def test_other_readers_see_the_same_links(tmp_path, name):
    make, shape = NETS[name]
    model = convert(make(), "qcfs", images(shape))
    save_nir(tmp_path / "a.nir", model)
    found = {one.name: one.links.toarray() for one in load(tmp_path / "a.nir").graph.projections}
    assert list(found) == list(model.masks)
    for layer, mask in model.masks.items():
        assert (found[layer] == mask.toarray()).all()


def test_the_graph_says_what_the_format_needs(tmp_path):
    model = convert(conv(), "qcfs", images((2, 8, 8)), steps=6)
    save_nir(tmp_path / "a.nir", model)
    graph = nir.read(tmp_path / "a.nir")
    kinds = [type(graph.nodes[b]).__name__ for _, b in graph.edges]
    assert kinds == ["Conv2d", "IF", "AvgPool2d", "Conv2d", "IF", "Flatten", "Linear", "Output"]
    neuron = next(node for node in graph.nodes.values() if isinstance(node, nir.IF))
    assert (neuron.v_threshold == 1).all()
    assert (neuron.v_reset == 0).all()
    assert neuron.metadata["v0"] == 0.5
    assert neuron.metadata["reset"] in ("subtract", b"subtract")
    assert graph.metadata["steps"] == 6
    layer = graph.nodes["0"]
    assert (layer.weight[~np.array(layer.metadata["mask"])] == 0).all()


def test_a_link_of_weight_zero_stays_a_link(tmp_path):
    net = perceptron()
    with torch.no_grad():
        net.layers[1].values[:5] = 0.0
    model = convert(net, "qcfs", images((12,)))
    save_nir(tmp_path / "a.nir", model)
    assert load_nir(tmp_path / "a.nir").masks["layers.1"].nnz == net.layers[1].n_links


def test_weights_come_from_the_nodes(tmp_path):
    """Negative control: what another tool changes in a node is read, and not a copy of the old weights."""
    model = convert(perceptron(), "qcfs", images((12,)))
    save_nir(tmp_path / "a.nir", model)
    with h5py.File(tmp_path / "a.nir", "r+") as file:
        weight = file["node/nodes/layers.0/weight"]
        weight[...] = 2 * weight[()]
    x = images((12,))
    found = load_nir(tmp_path / "a.nir")
    assert not np.array_equal(found.currents(x), fold_model(model).currents(x))


def brute_force(model, x, steps):
    """NIR's IF, neuron by neuron, on a perceptron whose thresholds are 1."""
    layers = [step.layer.module for step in model.network.program.steps if step.layer is not None]
    answers, spikes = [], [0] * (len(layers) - 1)
    for image in x.double():
        membranes = [np.zeros(layer.weight.shape[0]) for layer in layers[:-1]]
        total = 0
        for _ in range(steps):
            value = image.numpy()
            for k, layer in enumerate(layers):
                value = layer.weight.detach().double().numpy() @ value + layer.bias.detach().double().numpy()
                if k < len(membranes):
                    membranes[k] += value
                    fired = membranes[k] > 1
                    membranes[k][fired] = 0
                    value = fired.astype(float)
                    spikes[k] += int(fired.sum())
            total = total + value
        answers.append(int(np.argmax(total)))
    return np.array(answers), spikes


def test_the_plain_reading_against_brute_force(tmp_path):
    x = images((12,), 40)
    model = convert(perceptron(), "qcfs", x, steps=7)
    save_nir(tmp_path / "a.nir", model)
    folded = fold_model(model)
    found = deviation(tmp_path / "a.nir", x)
    answers, spikes = brute_force(folded, x, 7)
    assert found.answers_changed == int((answers != folded.predict(x)[-1]).sum())
    assert found.share == found.answers_changed / 40
    sizes = [16, 10]
    for k, row in enumerate(found.rates.to_dict("records")):
        assert row["plain_rate"] == pytest.approx(spikes[k] / (sizes[k] * 7 * 40), abs=1e-3)
        assert row["rate"] > row["plain_rate"]  # half a threshold ahead, and nothing thrown away
    assert deviation(tmp_path / "a.nir", x, steps=2).steps == 2


@pytest.mark.parametrize("neuron", [LIF(0.5, 1.2), LIF(0.9), IF(0.7)])
@pytest.mark.parametrize("readout", ["rate", "sum"])
def test_perceptrons_of_lif_neurons_come_back(tmp_path, neuron, readout):
    rng = np.random.default_rng(0)
    torch.manual_seed(0)
    masks = [links(rng, 12, 16), None, links(rng, 9, 4)]
    model = mlp([12, 16, 9, 4], masks, neuron=neuron, steps=6, bias=True, readout=readout)
    with torch.no_grad():
        for layer in model.layers:
            (layer.values if isinstance(layer, SparseLinear) else layer.weight).mul_(3)
    model.eval()
    save_nir(tmp_path / "a.nir", model)
    again = load_nir(tmp_path / "a.nir")
    x = images((12,))
    with torch.no_grad():
        assert torch.equal(model(x), again(x))
        assert float(model(x).abs().sum()) > 0
    for before, after in zip(model.layers, again.layers, strict=True):
        assert type(before) is type(after)
        assert torch.equal(before.weight, after.weight)
    graph = nir.read(tmp_path / "a.nir")
    one = graph.nodes["neurons.0"]
    if neuron.alpha < 1:
        decay = 1 - 1e-4 / one.tau
        assert np.allclose(decay, neuron.alpha)
        assert np.allclose(1e-4 / one.tau * one.r, 1.0)
    assert (one.v_threshold == neuron.threshold).all()
    with pytest.raises(ValueError, match="holds LIF neurons"):
        deviation(tmp_path / "a.nir", x)


def test_what_nir_has_no_neuron_or_node_for_is_refused(tmp_path):
    path = tmp_path / "a.nir"
    for method, spikes in (("snm", "signed"), ("aec", "timed"), ("dcgs", "graded")):
        wanted = f"^{method} cannot be written to NIR, which has no neuron of {spikes} spikes: .*save_spiking"
        with pytest.raises(Unconvertible, match=wanted):
            save_nir(path, convert(perceptron(), method, images((12,))))
    with pytest.raises(Unconvertible, match="cannot be folded"):
        save_nir(path, convert(residual(), "qcfs", images((2, 8, 8))))
    with pytest.raises(Unconvertible, match="cannot be"):
        save_nir(path, convert(mixed(), "qcfs", images((2, 8, 8)), theta=1.0))
    with pytest.raises(Unconvertible, match="cannot be written to NIR"):
        save_nir(path, nn.Linear(2, 2))
    with pytest.raises(Unconvertible, match="with normalisation"):
        save_nir(path, mlp([4, 3, 2], norm="batch", steps=2))
    pool = nn.Sequential(
        nn.Conv2d(2, 3, 3), QCFS(4, 1.0), nn.AvgPool2d(4, ceil_mode=True), nn.Flatten(), nn.Linear(12, 2)
    )
    with pytest.raises(Unconvertible, match="round sizes down"):
        save_nir(path, convert(pool.eval(), "qcfs", images((2, 8, 8))))
    assert not path.exists()


def test_foreign_and_damaged_files(tmp_path):
    path = tmp_path / "a.nir"
    with pytest.raises(ValueError, match="cannot be read as a NIR file"):
        load_nir(path)
    path.write_bytes(b"no HDF5")
    with pytest.raises(ValueError, match="cannot be read as a NIR file"):
        load_nir(path)
    node = nir.NIRGraph.from_list(
        nir.Input(np.array([3])), nir.Linear(np.ones((2, 3))), nir.Output(np.array([2]))
    )
    node.metadata = {}
    nir.write(path, node)
    with pytest.raises(ValueError, match="it has no such metadata"):
        load_nir(path)
    save_nir(path, convert(perceptron(), "qcfs", images((12,))))
    with h5py.File(path, "r+") as file:
        del file["node/nodes/layers.0/metadata/mask"]
    with pytest.raises(ValueError, match="is damaged"):
        load_nir(path)


def test_without_the_package_one_sentence_says_what_to_install(tmp_path, monkeypatch):
    model = convert(perceptron(), "qcfs", images((12,)))
    real = builtins.__import__

    def without(name, *arguments):
        if name == "nir":
            raise ModuleNotFoundError("No module named 'nir'", name="nir")
        return real(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'netsci-suite\[nir\]'"):
        save_nir(tmp_path / "a.nir", model)


def test_nothing_of_it_is_imported_before_it_is_used():
    code = "import sys, netsci.convert; sys.exit('nir' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_fold_model_is_done_once():
    model = fold_model(convert(perceptron(), "qcfs", images((12,))))
    assert isinstance(model, SpikingModel)
    assert fold_model(model) is model

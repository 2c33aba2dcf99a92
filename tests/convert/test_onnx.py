"""ONNX files of sparse networks: the same function, and the same links for our reader."""

import builtins

import numpy as np
import onnx
import pytest
import torch
from onnx.reference import ReferenceEvaluator
from torch import nn

from netsci.convert import QCFS, SQCFS, Unconvertible
from netsci.convert.layers import find_links
from netsci.convert.onnx import save_onnx
from netsci.io import load
from netsci.sparse import SparseConv2d, SparseLinear
from netsci.sparse.tracing import is_layer
from tests.convert.networks import links, mixed, perceptron, residual, resnet, vgg

NETS = {
    "mlp": (perceptron, (12,)),
    "residual": (residual, (2, 8, 8)),
    "vgg": (vgg, (2, 8, 8)),
    "resnet": (resnet, (2, 8, 8)),
}


class Sum(nn.Module):
    def __init__(self, add):
        super().__init__()
        self.a, self.b, self.fc, self.add = nn.Linear(3, 4), nn.Linear(3, 4), nn.Linear(4, 2), add

    def forward(self, x):
        return self.fc(torch.relu(self.add(self.a(x), self.b(x))))


class OverChannels(nn.Module):
    """A mean over four channels of 2 x 2, as large as one over the pixels."""

    def __init__(self):
        super().__init__()
        self.conv, self.fc = nn.Conv2d(2, 4, 3), nn.Linear(4, 2)

    def forward(self, x):
        return self.fc(torch.relu(self.conv(x)).mean(1).flatten(1))


def run(path, x):
    """What the file computes by onnx's own evaluator, sparse tensors made dense before."""
    model = onnx.load(path)
    for one in model.graph.sparse_initializer:
        dense = np.zeros(int(np.prod(one.dims)), np.float32)
        dense[onnx.numpy_helper.to_array(one.indices)] = onnx.numpy_helper.to_array(one.values)
        model.graph.initializer.append(
            onnx.numpy_helper.from_array(dense.reshape(tuple(one.dims)), one.values.name)
        )
    del model.graph.sparse_initializer[:]
    return ReferenceEvaluator(model).run(None, {"input": x.numpy()})[0]


@pytest.mark.parametrize("name", NETS)
def test_the_same_function_and_the_same_links(tmp_path, name):
    make, shape = NETS[name]
    net, x = make(), torch.rand(5, *shape)
    save_onnx(tmp_path / "a.onnx", net, x)
    with torch.no_grad():
        wanted = net(x).numpy()
    assert np.allclose(run(tmp_path / "a.onnx", x), wanted, atol=1e-4 * np.abs(wanted).max())
    found = {one.name: one.links.toarray() for one in load(tmp_path / "a.onnx").graph.projections}
    layers = {one: module for one, module in net.named_modules() if is_layer(module)}
    assert set(found) == set(layers)
    for layer, module in layers.items():
        assert (found[layer] == find_links(module).toarray()).all()


def test_a_link_of_weight_zero_stays_a_link(tmp_path):
    net = perceptron()
    with torch.no_grad():
        net.layers[0].values[::2] = 0.0
    save_onnx(tmp_path / "a.onnx", net, torch.rand(4, 12))
    found = load(tmp_path / "a.onnx").graph.projections[0]
    assert (found.links != net.layers[0].links).nnz == 0
    assert int((found.weights.data == 0).sum()) >= net.layers[0].n_links // 2


@pytest.mark.parametrize("activation", [QCFS(4, 0.7), SQCFS(4, 0.6), SQCFS(8, 0.5, channels=3)])
def test_quantised_activations(tmp_path, activation):
    rng = np.random.default_rng(0)
    torch.manual_seed(0)
    with torch.no_grad():
        for one in activation.parameters():
            one += 0.2 * torch.arange(float(one.numel())).reshape(one.shape)
    net = nn.Sequential(
        SparseConv2d(links(rng, 18, 3), 3, bias=True),
        activation,
        nn.Flatten(),
        SparseLinear(links(rng, 108, 4)),
    ).eval()
    x = torch.rand(6, 2, 8, 8)
    save_onnx(tmp_path / "a.onnx", net, x)
    with torch.no_grad():
        assert np.allclose(run(tmp_path / "a.onnx", x), net(x).numpy(), atol=1e-4)


def test_what_is_not_written(tmp_path, monkeypatch):
    path = tmp_path / "a.onnx"
    net = residual()
    with torch.no_grad():
        net.conv1.values[0] = 0.0
    with pytest.raises(Unconvertible, match=r"'conv1\.weight' has 1 links of weight 0"):
        save_onnx(path, net, torch.rand(4, 2, 8, 8))
    with pytest.raises(Unconvertible, match="is not written to ONNX"):
        save_onnx(path, mixed(), torch.rand(4, 2, 8, 8))
    pool = nn.Sequential(
        nn.Conv2d(2, 3, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(27, 2)
    ).eval()
    with pytest.raises(Unconvertible, match="maximum"):
        save_onnx(path, pool, torch.rand(4, 2, 8, 8))
    with pytest.raises(ValueError, match="training mode"):
        save_onnx(path, nn.Linear(2, 2).train(), torch.rand(4, 2))
    net = Sum(lambda a, b: torch.add(a, b, alpha=2)).eval()
    with pytest.raises(Unconvertible, match="is not written to ONNX"):
        save_onnx(path, net, torch.rand(4, 3))
    save_onnx(path, Sum(torch.add).eval(), torch.rand(4, 3))
    path.unlink()
    with pytest.raises(Unconvertible, match="NIR has no node"):
        save_onnx(path, OverChannels().eval(), torch.rand(4, 2, 4, 4))
    real = builtins.__import__

    def without(name, *arguments):
        if name == "onnx":
            raise ModuleNotFoundError("No module named 'onnx'", name="onnx")
        return real(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'netsci-suite\[formats\]'"):
        save_onnx(path, perceptron(), torch.rand(4, 12))
    assert not path.exists()

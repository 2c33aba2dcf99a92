"""Spiking ResNet-18: counts, torchvision's names, both residual forms written out, sparse convolutions."""

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from torch import nn
from torch.nn import functional

from netsci.models.resnet import resnet18
from netsci.models.wiring import default_sparse, full_links, link_shapes
from netsci.sparse import SparseConv2d, sparse_layers
from netsci.spiking import LIF
from tests.models.counting import (
    convolved,
    copied,
    lif,
    multiplications,
    normalised,
    parameters,
    shake_norms,
    weights,
)


def images(*shape, seed=7):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def small(seed=7, **options):
    torch.manual_seed(seed)
    options = {"input_shape": (2, 9, 12), "classes": 4, "width": 4, "blocks": (1, 2), "steps": 4} | options
    model = resnet18(**options).double()
    return shake_norms(model, 2 * images(8, *model.input_shape, seed=seed).double())


@pytest.mark.parametrize(
    ("shape", "classes", "stem", "params", "conv", "linear", "conv_operations"),
    [
        ((3, 32, 32), 10, "cifar", 11173962, 11159232, 5120, 555417600),
        ((3, 32, 32), 100, "cifar", 11220132, 11159232, 51200, 555417600),
        ((3, 224, 224), 1000, "imagenet", 11689512, 11166912, 512000, 1813561344),
        ((3, 64, 64), 200, "cifar", 11271432, 11159232, 102400, 2221670400),
    ],
)
def test_counts(shape, classes, stem, params, conv, linear, conv_operations):
    with torch.device("meta"):
        model = resnet18(shape, classes, stem=stem, steps=1)
    assert (parameters(model), weights(model, nn.Conv2d), weights(model, nn.Linear)) == (params, conv, linear)
    assert multiplications(model, shape) == (conv_operations, linear, 0)
    # 16 convolutions in blocks and 3 on shortcuts.
    assert len(default_sparse(model)) == 19


def test_names_are_those_of_published_weights():
    with torch.device("meta"):
        keys = set(resnet18(classes=1000, stem="imagenet", input_shape=(3, 224, 224)).state_dict())
    norm = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    expected = {"conv1.weight", "fc.weight", "fc.bias", *(f"bn1.{part}" for part in norm)}
    for stage in (1, 2, 3, 4):
        for block in (0, 1):
            name = f"layer{stage}.{block}"
            expected |= {f"{name}.conv{i}.weight" for i in (1, 2)}
            expected |= {f"{name}.bn{i}.{part}" for i in (1, 2) for part in norm}
        if stage > 1:
            expected |= {f"layer{stage}.0.downsample.0.weight"}
            expected |= {f"layer{stage}.0.downsample.1.{part}" for part in norm}
    assert keys == expected


def written_out(model, x, residual, stem):
    s = lif(normalised(model.bn1, convolved(model.conv1, x), 2))
    if stem == "imagenet":
        s = torch.stack([functional.max_pool2d(frame, 3, stride=2, padding=1) for frame in s])
    for block in [*model.layer1, *model.layer2]:
        hidden = lif(normalised(block.bn1, convolved(block.conv1, s), 2))
        current = normalised(block.bn2, convolved(block.conv2, hidden), 2)
        shortcut = s
        if block.downsample is not None:
            shortcut = normalised(block.downsample[1], convolved(block.downsample[0], s), 2)
        if residual == "current":
            s = lif(current + shortcut)
        else:
            s = lif(current) + (shortcut if block.downsample is None else lif(shortcut))
    pooled = s.flatten(3).mean(3)
    return (pooled @ model.fc.weight.T + model.fc.bias).mean(0)


@pytest.mark.parametrize("residual", ["current", "spike"])
@pytest.mark.parametrize("stem", ["cifar", "imagenet"])
def test_written_out(residual, stem):
    model = small(residual=residual, stem=stem)
    x = 2 * images(3, 2, 9, 12).double()
    with torch.no_grad():
        scores = model(x)
        torch.testing.assert_close(scores, written_out(model, x.expand(4, *x.shape), residual, stem))
        events = (images(5, 3, 2, 9, 12, seed=8) < 0.3).double()
        torch.testing.assert_close(model(events), written_out(model, events, residual, stem))
    assert scores.shape == (3, 4)
    assert scores.std() > 0


def test_what_travels_is_binary_unless_spikes_are_added():
    for residual, largest in (("current", 1), ("spike", 3)):
        model = small(residual=residual)
        seen = set()
        for block in [*model.layer1, *model.layer2]:
            block.register_forward_hook(lambda m, args, out, seen=seen: seen.update(out.unique().tolist()))
        model(2 * images(2, 2, 9, 12).double())
        assert seen == set(range(largest + 1))


def test_a_spike_over_the_shortcut_fires_where_the_branch_is_silent():
    model = small(blocks=(2,))
    block = model.layer1[1]
    with torch.no_grad():
        for norm in (block.bn1, block.bn2):
            norm.weight.zero_()
            norm.bias.zero_()
        s = (images(4, 2, 4, 9, 12) < 0.3).double()
        assert torch.equal(block(s), s)


def test_a_constant_image_equals_the_same_image_at_every_step():
    model = small().train()
    x = images(4, 2, 9, 12).double()
    saved = {key: value.clone() for key, value in model.state_dict().items()}
    once = model(x)
    model.load_state_dict(saved)
    torch.testing.assert_close(once, model(x.expand(4, *x.shape)))
    assert once.std() > 0


def test_sparse_convolutions_with_all_links_equal_dense_ones():
    dense = small()
    links = {name: full_links(*shape) for name, shape in link_shapes(dense).items()}
    sparse = copied(dense, small(links=links))
    assert list(sparse_layers(sparse)) == list(links)
    x = images(3, 2, 9, 12).double()
    ours, theirs = sparse(x), dense(x)
    assert ours.std() > 0
    torch.testing.assert_close(ours, theirs)
    ours.square().sum().backward()
    theirs.square().sum().backward()
    for name in links:
        matrix = dense.get_submodule(name).weight.grad.flatten(1).T
        torch.testing.assert_close(sparse.get_submodule(name).values.grad, matrix.flatten())


def test_rows_of_a_convolution_are_channel_and_place():
    # From channel 2, kernel place (0, 2), the pixel above and to the right, to channel 3.
    links = sp.coo_array(([True], ([2 * 9 + 0 * 3 + 2], [3])), shape=(36, 4)).tocsr()
    model = small(blocks=(1,), links={"layer1.0.conv1": links}, width=4)
    assert isinstance(model.layer1[0].conv1, SparseConv2d)
    layer = model.layer1[0].conv1
    layer.values.data.fill_(5.0)
    x = torch.zeros(1, 4, 9, 12).double()
    x[0, 2, 4, 6] = 1
    assert layer(x).nonzero().tolist() == [[0, 3, 5, 5]]


def test_readouts():
    x = 2 * images(3, 2, 9, 12).double()
    models = {readout: small(readout=readout) for readout in ("sum", "rate", "membrane")}
    currents = []
    models["sum"].fc.register_forward_hook(lambda m, args, out: currents.append(out.detach()))
    scores = {readout: model(x).detach() for readout, model in models.items()}
    torch.testing.assert_close(scores["sum"], currents[0].mean(0))
    torch.testing.assert_close(scores["rate"], lif(currents[0]).mean(0))
    membrane = torch.zeros(3, 4).double()
    for now in currents[0]:
        membrane = 0.5 * membrane + now
    torch.testing.assert_close(scores["membrane"], membrane)
    assert sum(isinstance(m, LIF) for m in models["rate"].modules()) == 8
    assert sum(isinstance(m, LIF) for m in models["sum"].modules()) == 7


def test_surface():
    model = small(steps=3, neuron=LIF(0.25, 0.7))
    assert (model.steps, model.neuron.alpha, model.neuron.threshold) == (3, 0.25, 0.7)
    assert {m.alpha for m in model.modules() if isinstance(m, LIF)} == {0.25}
    assert default_sparse(model) == (
        "layer1.0.conv1",
        "layer1.0.conv2",
        "layer2.0.conv1",
        "layer2.0.conv2",
        "layer2.0.downsample.0",
        "layer2.1.conv1",
        "layer2.1.conv2",
    )
    assert link_shapes(model)["layer2.0.conv1"] == (36, 8)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"stem": "mnist"}, ValueError, "stem must be one of"),
        ({"residual": "none"}, ValueError, "residual must be one of"),
        ({"readout": "mode"}, ValueError, "readout must be one of"),
        ({"width": 0}, ValueError, "width"),
        ({"width": 0.5}, TypeError, "width"),
        ({"blocks": ()}, ValueError, "blocks"),
        ({"blocks": (1, 0)}, ValueError, "blocks"),
        ({"links": np.ones((36, 4))}, TypeError, "dict from layer name"),
        ({"links": {"layer1.0.conv1": np.ones((4, 36))}}, ValueError, "transpose"),
        ({"links": {"layer1.0.conv1": np.ones((4, 4))}}, ValueError, r"\[36, 4\]"),
        ({"links": {"layer9.0.conv1": np.ones((36, 4))}}, ValueError, "layer9"),
    ],
)
def test_refusals(options, error, message):
    with pytest.raises(error, match=message):
        small(**options)

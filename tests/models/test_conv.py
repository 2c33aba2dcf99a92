"""2Conv2FC and 6Conv2FC: counts, orientation, direct encoding, and a forward pass written out by hand."""

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from torch import nn
from torch.nn import functional

from netsci.models.conv import conv2fc2, conv6fc2
from netsci.models.conv_net import CLASSIFIER
from netsci.models.parts import links_by_name, start_firing
from netsci.models.wiring import default_sparse, full_links, link_shapes
from netsci.sparse import SparseConv2d, SparseLinear, sparse_layers
from netsci.spiking import IF, LIF
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

FC1, FC2 = CLASSIFIER


def images(*shape, seed=7):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def mask(shape, links, seed=7):
    rng = np.random.default_rng(seed)
    cells = rng.choice(shape[0] * shape[1], links, replace=False)
    return sp.coo_array((np.ones(links, bool), np.divmod(cells, shape[1])), shape=shape).tocsr()


@pytest.mark.parametrize(
    ("shape", "padding", "counts"),
    [
        ((1, 28, 28), 1, (596845, 5535, 591000, 1164240)),
        ((1, 28, 28), 0, (308845, 5535, 303000, 744660)),
        ((2, 34, 34), 1, (776980, 5670, 771000, 1872720)),
    ],
)
def test_counts_of_2conv2fc(shape, padding, counts):
    with torch.device("meta"):
        model = conv2fc2(shape, padding=padding, steps=1)
    assert (parameters(model), weights(model, nn.Conv2d), weights(model, nn.Linear)) == counts[:3]
    assert multiplications(model, shape) == (counts[3], counts[2], 0)


@pytest.mark.parametrize(
    ("classes", "params", "linear"), [(10, 21361034, 16782336), (100, 21407204, 16828416)]
)
def test_counts_of_6conv2fc(classes, params, linear):
    with torch.device("meta"):
        model = conv6fc2(classes=classes, steps=1)
    assert (parameters(model), weights(model, nn.Conv2d), weights(model, nn.Linear)) == (
        params,
        4574592,
        linear,
    )
    assert multiplications(model, (3, 32, 32)) == (607518720, linear, 0)
    assert link_shapes(model)[FC1] == (32768, 512)


def test_default_sparse_is_all_linear_layers_but_the_output():
    model = conv2fc2((1, 8, 8), classes=3)
    assert default_sparse(model) == (FC1,)
    shapes = link_shapes(model)
    assert shapes == {"convs.0": (9, 15), "convs.1": (135, 40), FC1: (160, 300), FC2: (300, 3)}


def written_out_2(model, x):
    """conv2fc2 on [T, batch, C, H, W]."""
    for conv in model.convs:
        s = lif(convolved(conv, x))
        # The mean of the four pixels of a square, a single one left over is dropped.
        rows, columns = s.shape[-2] // 2 * 2, s.shape[-1] // 2 * 2
        s = s[..., :rows, :columns]
        x = (s[..., ::2, ::2] + s[..., 1::2, ::2] + s[..., ::2, 1::2] + s[..., 1::2, 1::2]) / 4
    x = x.flatten(2)
    for layer in model.classifier.layers:
        x = lif(x @ layer.weight.T + layer.bias)
    return x.mean(0)


def written_out_6(model, x):
    for i, (conv, norm) in enumerate(zip(model.convs, model.norms, strict=True)):
        x = lif(normalised(norm, convolved(conv, x), 2))
        if i in (1, 3):
            x = torch.stack([functional.max_pool2d(frame, 2) for frame in x])
    x = x.flatten(2)
    for layer in model.classifier.layers:
        x = lif(x @ layer.weight.T + layer.bias)
    return x.mean(0)


@pytest.mark.parametrize("padding", [0, 1])
def test_2conv2fc_written_out(padding):
    torch.manual_seed(7)
    model = conv2fc2((2, 11, 13), 4, padding=padding, steps=5).double()
    x = 2 * images(3, 2, 11, 13).double()
    with torch.no_grad():
        scores = model(x)
        expected = written_out_2(model, x.expand(5, -1, -1, -1, -1))
    assert scores.shape == (3, 4)
    assert 0 < expected.mean() < 1
    torch.testing.assert_close(scores, expected)


def test_6conv2fc_written_out():
    torch.manual_seed(7)
    x = 2 * images(2, 3, 9, 12).double()
    model = shake_norms(conv6fc2((3, 9, 12), 4, width=1 / 16, steps=4).double(), x)
    with torch.no_grad():
        scores = model(x)
        expected = written_out_6(model, x.expand(4, -1, -1, -1, -1))
    assert expected.std() > 0
    torch.testing.assert_close(scores, expected)


@pytest.mark.parametrize("train", [True, False])
def test_a_constant_image_equals_the_same_image_at_every_step(train):
    torch.manual_seed(7)
    model = conv6fc2((3, 8, 8), 4, width=1 / 16, steps=3).double().train(train)
    x = images(5, 3, 8, 8).double()
    saved = {key: value.clone() for key, value in model.state_dict().items()}
    once = model(x)
    gradient = torch.autograd.grad(once.square().sum(), model.convs[0].weight)[0]
    variance = model.norms[0].running_var.clone()
    model.load_state_dict(saved)
    over_time = model(x.expand(3, *x.shape))
    torch.testing.assert_close(once, over_time)
    torch.testing.assert_close(
        gradient, torch.autograd.grad(over_time.square().sum(), model.convs[0].weight)[0]
    )
    if train:
        n = 5 * 8 * 8
        new, other = variance - 0.9, model.norms[0].running_var - 0.9
        torch.testing.assert_close(new / other, torch.full_like(new, (n - 1 / 3) / (n - 1)))


def test_events_bring_their_own_steps():
    torch.manual_seed(7)
    model = conv2fc2((2, 8, 8), 3, steps=8)
    events = (images(6, 4, 2, 8, 8) < 0.4).float()
    seen = []
    model.neurons[0].register_forward_hook(lambda module, args, out: seen.append(out.shape))
    model(events)
    model(events[0])
    assert seen == [(6, 4, 15, 8, 8), (8, 4, 15, 8, 8)]


def test_the_first_convolution_is_computed_once():
    model = conv2fc2((1, 8, 8), 3, steps=6)
    shapes = {}
    for i, conv in enumerate(model.convs):
        conv.register_forward_hook(lambda module, args, out, i=i: shapes.update({i: args[0].shape}))
    model(torch.zeros(2, 1, 8, 8))
    assert shapes == {0: (2, 1, 8, 8), 1: (12, 15, 4, 4)}


def test_sparse_layers_with_all_links_equal_dense_ones():
    torch.manual_seed(7)
    dense = conv2fc2((1, 8, 8), 3, steps=4).double()
    named = {name: full_links(*shape) for name, shape in link_shapes(dense).items()}
    sparse = copied(dense, conv2fc2((1, 8, 8), 3, steps=4, links=named).double())
    assert list(sparse_layers(sparse)) == ["convs.0", "convs.1", FC1, FC2]
    x = 2 * images(4, 1, 8, 8).double()
    ours, theirs = sparse(x), dense(x)
    assert ours.std() > 0
    torch.testing.assert_close(ours, theirs)
    ours.square().sum().backward()
    theirs.square().sum().backward()
    for name in named:
        matrix = dense.get_submodule(name).weight.grad.flatten(1).T
        torch.testing.assert_close(sparse.get_submodule(name).values.grad, matrix.flatten())


def test_rows_are_features_channel_by_channel_and_row_by_row():
    # 40 channels of 2 x 3 places; one link, from channel 9 at (1, 2) to hidden unit 4.
    links = sp.coo_array(([True], ([9 * 6 + 1 * 3 + 2], [4])), shape=(240, 300))
    model = conv2fc2((1, 8, 12), 3, links=links, steps=3)
    model.classifier.layers[0].values.data.fill_(100.0)
    features = {}
    model.classifier.register_forward_hook(lambda m, args, out: features.update(x=args[0]))
    hidden = {}
    model.classifier.neurons[0].register_forward_hook(lambda m, args, out: hidden.update(z=out))
    pooled = {}
    model.pool.register_forward_hook(lambda m, args, out: pooled.update(p=out))
    model(3 * images(2, 1, 8, 12))
    place = pooled["p"].unflatten(0, (3, 2))[:, :, 9, 1, 2]
    assert place.any()
    assert torch.equal(hidden["z"][..., 4] > 0, place > 0)
    assert not hidden["z"][..., torch.arange(300) != 4].any()


def test_links_go_to_the_first_linear_layer_or_where_they_are_named():
    first, second = mask((160, 300), 480), full_links(300, 3)
    one = conv2fc2((1, 8, 8), 3, links=first)
    assert isinstance(one.classifier.layers[0], SparseLinear)
    assert isinstance(one.classifier.layers[1], nn.Linear)
    assert (one.classifier.layers[0].links != first).nnz == 0
    both = conv2fc2((1, 8, 8), 3, links=[first, second])
    assert list(sparse_layers(both)) == [FC1, FC2]
    last = conv2fc2((1, 8, 8), 3, links=[None, second])
    assert list(sparse_layers(last)) == [FC2]
    conv = conv2fc2((1, 8, 8), 3, links={"convs.1": mask((135, 40), 500)})
    assert isinstance(conv.convs[1], SparseConv2d)
    assert not sparse_layers(conv2fc2((1, 8, 8), 3))


@pytest.mark.parametrize("factory", [conv2fc2, lambda *a, **k: conv6fc2(*a, width=1 / 16, **k)])
def test_every_layer_fires_from_the_start(factory):
    torch.manual_seed(7)
    model = factory((1, 16, 16), 10, steps=8)
    rates = {}
    for name, module in model.named_modules():
        if isinstance(module, LIF):
            module.register_forward_hook(lambda m, a, out, name=name: rates.update({name: out.mean().item()}))
    # A gray square on black, as digits are.
    x = torch.zeros(16, 1, 16, 16)
    x[:, :, 4:12, 4:12] = images(16, 1, 8, 8)
    model(x)
    assert len(rates) == len(model.convs) + 2
    assert 0.01 < min(rates.values()) <= max(rates.values()) < 0.4, rates


def test_first_weights_have_the_variance_that_is_said():
    torch.manual_seed(7)
    dense, sparse = nn.Linear(400, 300), SparseLinear(mask((400, 300), 6000))
    start_firing(dense, LIF(threshold=0.5))
    start_firing(sparse, LIF(), averaged=True)
    assert dense.weight.var().item() == pytest.approx(4 * 0.25 / 400, rel=0.05)
    assert sparse.values.var().item() == pytest.approx(8 / 20, rel=0.05)
    assert not dense.bias.any()
    assert not sparse.bias.any()
    empty = SparseLinear(sp.csr_array((4, 2), dtype=bool))
    start_firing(empty, LIF())
    assert empty.n_links == 0
    with pytest.raises(TypeError, match="linear or a convolution"):
        start_firing(nn.ReLU(), LIF())


def test_layers_after_average_pooling_start_stronger():
    torch.manual_seed(7)
    model = conv2fc2((4, 28, 28), 200, neuron=LIF(threshold=2.0))
    layers = [*model.convs, *model.classifier.layers]
    found = [layer.weight.var().item() * layer.weight[0].numel() / 4 for layer in layers]
    assert found == pytest.approx([4, 8, 8, 4], rel=0.15)
    six = conv6fc2(width=1 / 4)
    found = [layer.weight.var().item() * layer.weight[0].numel() for layer in six.classifier.layers]
    assert found == pytest.approx([4, 4], rel=0.15)
    # Torch's own, U(-b, b) with b^2 = 1 / fan-in, where normalisation follows.
    assert six.convs[3].weight.var().item() * 64 * 9 == pytest.approx(1 / 3, rel=0.1)


def test_readouts_and_neurons():
    torch.manual_seed(7)
    x = images(3, 1, 8, 8)
    for readout in ("rate", "sum", "membrane"):
        model = conv2fc2((1, 8, 8), 4, neuron=IF(0.5), readout=readout)
        assert model(x).shape == (3, 4)
        assert (model.steps, model.neuron.threshold, model.neuron.alpha) == (8, 0.5, 1.0)
        assert {m.threshold for m in model.modules() if isinstance(m, LIF)} == {0.5}
        assert len({id(m) for m in model.modules() if isinstance(m, LIF)}) == 3 + (readout == "rate")
    with pytest.raises(ValueError, match="readout"):
        conv2fc2(readout="mode")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"links": mask((300, 160), 5)}, r"\[160, 300\].*transpose"),
        ({"links": mask((40, 300), 5)}, r"must be \[presynaptic, postsynaptic\] = \[160, 300\]"),
        ({"links": {"fc1": mask((160, 300), 5)}}, "classifier.layers.0.*got .*fc1"),
        ({"links": [None, None, mask((3, 3), 5)]}, "at most 2 matrices.*got 3"),
        ({"links": np.full((160, 300), np.nan)}, "NaN"),
        ({"input_shape": (1, 3, 8)}, "too small"),
        ({"input_shape": (8, 8)}, "channels, height, width"),
        ({"classes": 0}, "classes must be at least 1"),
        ({"steps": 0}, "steps must be at least 1"),
        ({"padding": -1}, "padding"),
    ],
)
def test_refusals(options, message):
    with pytest.raises(ValueError, match=message):
        conv2fc2(**({"input_shape": (1, 8, 8), "classes": 3} | options))


def test_more_refusals():
    with pytest.raises(TypeError, match="whole number"):
        conv2fc2(steps=2.5)
    for width in (0, -1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="width"):
            conv6fc2(width=width)
    model = conv2fc2((1, 8, 8), 3)
    for shape in ((2, 8, 8), (2, 1, 8, 9), (2, 2, 3, 1, 8, 8), (2, 64), (1, 8, 8)):
        with pytest.raises(ValueError, match=r"x must be \[batch, 1, 8, 8\]"):
            model(torch.zeros(shape))
    assert links_by_name(None, ("a",)) == {}
    with pytest.raises(TypeError, match="dict"):
        links_by_name([[1, 0]], ())

"""What a watch keeps: gradients are those of a dense twin, activity is what the layer read."""

import gc
import weakref

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from netsci.models import mlp
from netsci.sparse import SparseConv2d, SparseLinear, rewire, sparse_layers
from netsci.sparse.view import TorchView, Watch, views
from netsci.spiking import LIF
from netsci.topology.view import LayerView


def mask(rows, columns, seed=0, density=0.3):
    return np.random.default_rng(seed).random((rows, columns)) < density


def drawn(*shape, seed=0, dtype=torch.float64):
    return torch.from_numpy(np.random.default_rng(seed).normal(size=shape)).to(dtype)


def twin_of(layer):
    """Return the dense layer with the same weights, zeros where there is no link."""
    if isinstance(layer, SparseConv2d):
        sizes = (layer.in_channels, layer.out_channels, layer.kernel_size, layer.stride, layer.padding)
        dense = nn.Conv2d(*sizes, bias=layer.bias is not None)
    else:
        dense = nn.Linear(layer.in_features, layer.out_features, bias=layer.bias is not None)
    dense = dense.to(layer.values.dtype)
    dense.weight.data = layer.weight.clone()
    if layer.bias is not None:
        dense.bias.data = layer.bias.detach().clone()
    return dense


def of_twin(dense):
    """Return the twin's gradient in our orientation, [presynaptic, postsynaptic]."""
    return dense.weight.grad.flatten(1).T.numpy()


def close(found, expected):
    assert found.dtype == expected.dtype
    tolerance = 1e-10 if found.dtype == np.float64 else 1e-5
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("backend", ["auto", "csr", "torch_sparse", "masked"])
@pytest.mark.parametrize("shape", [(7, 5), (4, 7, 5), (5,)])  # [batch, n], [T, batch, n], one sample
def test_the_gradient_of_a_linear_layer_is_that_of_its_dense_twin(backend, shape):
    layer = SparseLinear(mask(5, 8), backend=backend, dtype=torch.float64)
    dense, x = twin_of(layer), drawn(*shape)
    net = nn.Sequential(layer, nn.Tanh())
    with Watch(sparse_layers(net), ["gradient"]) as watch:
        net(x).square().sum().backward()
        dense(x).tanh().square().sum().backward()
        view = views(net, watch)["0"]
    expected = of_twin(dense)
    assert np.abs(expected[~layer.links.toarray()]).max() > 0.1
    close(view.gradient(), expected)
    close(view.gradient(np.array([3, 0])), expected[[3, 0]])
    assert view.gradient(np.zeros(0, np.int64)).shape == (0, 8)
    np.testing.assert_allclose(view.gradient()[view.links.nonzero()], layer.values.grad, rtol=1e-5)


@pytest.mark.parametrize(("kernel", "stride", "padding"), [(3, 1, 1), (2, 2, 0), (3, 2, 2), (1, 1, 0)])
@pytest.mark.parametrize("backend", ["csr", "masked"])
def test_the_gradient_of_a_convolution_is_that_of_its_dense_twin(kernel, stride, padding, backend):
    links = mask(3 * kernel**2, 4)
    layer = SparseConv2d(
        links, kernel, stride=stride, padding=padding, bias=True, backend=backend, dtype=torch.float64
    )
    dense, x = twin_of(layer), drawn(2, 3, 6, 5)
    net = nn.Sequential(layer, nn.Tanh())
    with Watch(sparse_layers(net), ["gradient", "activity"]) as watch:
        net(x).square().sum().backward()
        dense(x).tanh().square().sum().backward()
        view = views(net, watch)["0"]
    expected = of_twin(dense)
    close(view.gradient(), expected)
    rows = np.array([3 * kernel**2 - 1, 0, kernel**2])
    close(view.gradient(rows), expected[rows])
    assert view.rows_per_unit == kernel**2
    windows = nn.functional.unfold(x.abs(), kernel, padding=padding, stride=stride)
    np.testing.assert_allclose(view.activity(), windows.mean((0, 2)), rtol=1e-6)


def test_samples_of_a_convolution_pass_by_in_parts(monkeypatch):
    from netsci.sparse import view as room

    monkeypatch.setattr(room, "AT_ONCE", 1)
    layer = SparseConv2d(mask(8, 3), 2, dtype=torch.float64)
    dense, x = twin_of(layer), drawn(5, 2, 4, 4)
    with Watch({"c": layer}, ["gradient"]) as watch:
        layer(x).square().sum().backward()
        dense(x).square().sum().backward()
        close(views(layer, watch)[""].gradient(), of_twin(dense))


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**31), calls=st.integers(1, 3), density=st.floats(0.0, 1.0))
def test_calls_of_a_layer_add_up(seed, calls, density):
    """A layer unrolled over time: the twin's gradient is the sum over its calls."""
    layer = SparseLinear(mask(4, 4, seed, density), dtype=torch.float64)
    dense, start = twin_of(layer), drawn(3, 4, seed=seed)
    totals = []
    with Watch({"a": layer}, ["gradient"]) as watch:
        for model in (layer, dense):
            x, total = start, 0.0
            for _ in range(calls):
                x = model(x).tanh()
                total = total + x.square().sum()
            total.backward()
            totals.append(total.item())
        assert len(watch.calls(layer)) == calls
        close(views(layer, watch)[""].gradient(), of_twin(dense))
    assert totals[0] == pytest.approx(totals[1])


def test_backward_passes_add_up_until_gradients_are_cleared():
    net = nn.Sequential(SparseLinear(mask(5, 8), dtype=torch.float64), nn.Tanh())
    dense = twin_of(net[0])
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    batches = [drawn(3, 5, seed=seed) for seed in range(4)]

    def run(x):
        net(x).square().sum().backward()
        dense(x).tanh().square().sum().backward()

    with Watch(sparse_layers(net), ["gradient", "activity"]) as watch:
        for clear in (
            optimizer.zero_grad,
            lambda: optimizer.zero_grad(set_to_none=False),
            lambda: net[0].rewire(net[0].links),
        ):
            run(batches[0])
            run(batches[1])
            before = of_twin(dense).copy()
            close(views(net, watch)["0"].gradient(), before)
            both = torch.cat(batches[:2]).abs().mean(0)
            np.testing.assert_allclose(views(net, watch)["0"].activity(), both)
            clear()
            dense.weight.grad = None
            close(views(net, watch)["0"].gradient(), before)  # until the next pass
            run(batches[2])
            close(views(net, watch)["0"].gradient(), of_twin(dense))
            np.testing.assert_allclose(views(net, watch)["0"].activity(), batches[2].abs().mean(0))
            optimizer.zero_grad()
            dense.weight.grad = None


def test_one_graph_passed_twice_counts_twice():
    layer = SparseLinear(mask(5, 8), dtype=torch.float64)
    dense, x = twin_of(layer), drawn(3, 5)
    with Watch({"a": layer}, ["gradient"]) as watch:
        for model in (layer, dense):
            loss = model(x).square().sum()
            loss.backward(retain_graph=True)
            loss.backward()
        close(views(layer, watch)[""].gradient(), of_twin(dense))


def test_torch_autograd_grad_replaces_and_never_piles_up():
    layer = SparseLinear(mask(5, 8), dtype=torch.float64)
    with Watch({"a": layer}, ["gradient"]) as watch:
        for seed in range(3):
            x = drawn(3, 5, seed=seed)
            (expected,) = torch.autograd.grad(layer(x).square().sum(), layer.values)
            assert len(watch.calls(layer)) == 1
        view = views(layer, watch)[""]
        np.testing.assert_allclose(view.gradient()[view.links.nonzero()], expected, rtol=1e-5)


def test_a_layer_that_the_last_pass_did_not_reach_has_no_gradient():
    net = nn.ModuleList([SparseLinear(mask(5, 8)), SparseLinear(mask(5, 8))])
    x = torch.ones(2, 5)
    with Watch(sparse_layers(net), ["gradient"]) as watch:
        (net[0](x).sum() + net[1](x).sum()).backward()
        net.zero_grad()
        net[1](x).sum().backward()
        found = views(net, watch)
        assert found["1"].gradient().any()
        with pytest.raises(ValueError, match=r"'0' has no gradient.*no backward pass"):
            found["0"].gradient()


@pytest.mark.parametrize("direct", [True, False])
@pytest.mark.parametrize("readout", ["rate", "sum", "membrane"])
def test_a_spiking_network_whose_layers_are_fused_shows_its_gradients(readout, direct):
    """The twin's links are all there, so that autograd gives it a gradient in every cell."""
    masks = [mask(6, 9), mask(9, 4)]
    net = mlp([6, 9, 4], masks, steps=5, readout=readout)
    full = mlp([6, 9, 4], [np.ones((6, 9)), np.ones((9, 4))], steps=5, readout=readout)
    for layer, all_links in zip(net.layers, full.layers, strict=True):
        layer.values.data = drawn(layer.n_links, dtype=torch.float32).abs() + 0.2
        all_links.values.data = layer.weight.T.flatten().clone()
    x = torch.rand(3, 6, generator=torch.Generator().manual_seed(1))
    x = x if direct else (x.expand(5, 3, 6) > 0.4).float()
    with Watch(sparse_layers(net), ["gradient", "activity"]) as watch:
        for model in (net, full):
            model(x).square().sum().backward()
        found = views(net, watch)
    for name, layer in sparse_layers(full).items():
        expected = layer.values.grad.view(layer.n_rows, layer.n_columns)
        absent = ~found[name].links.toarray()
        assert expected.numpy()[absent].any()
        np.testing.assert_allclose(found[name].gradient(), expected, rtol=2e-4, atol=2e-5)
    np.testing.assert_allclose(found["layers.0"].activity(), x.flatten(0, -2).mean(0), rtol=1e-6)
    rates = found["layers.1"].activity()
    assert ((rates >= 0) & (rates <= 1)).all()
    assert rates.max() > 0


def test_restriction_composes():
    layer = SparseLinear(mask(6, 7, density=0.5), dtype=torch.float64)
    with Watch({"a": layer}, ["gradient", "activity"]) as watch:
        layer(drawn(3, 6)).square().sum().backward()
        view = views(layer, watch)[""]
    rows, columns = np.array([4, 1, 5]), np.array([6, 0, 2, 3])
    part = view.restrict(rows, columns)
    again = part.restrict(np.array([2, 0]), np.array([1, 3]))
    cells = np.ix_([5, 4], [0, 3])
    for one, chosen in ((part, np.ix_(rows, columns)), (again, cells)):
        assert np.array_equal(one.links.toarray(), view.links.toarray()[chosen])
        assert np.array_equal(one.weights.toarray(), view.weights.toarray()[chosen])
        assert one.links.has_sorted_indices
        close(one.gradient(), view.gradient()[chosen])
        assert np.array_equal(one.activity(), view.activity()[chosen[0].ravel()])
    close(again.gradient(np.array([1])), view.gradient()[np.ix_([4], [0, 3])])
    conv = SparseConv2d(mask(8, 3), 2)
    assert views(conv)[""].restrict(np.array([1]), np.array([0])).rows_per_unit == 1


def test_a_view_shows_the_layer_as_it_was():
    net = nn.Sequential(SparseLinear(mask(5, 8)))
    view: LayerView = views(net)["0"]
    assert isinstance(view, TorchView)
    links, weights = view.links.toarray(), view.weights.toarray()
    assert np.array_equal(weights, net[0].weight.T.numpy())
    net[0].rewire(np.ones((5, 8)))
    net[0].values.data.fill_(9.0)
    assert np.array_equal(view.links.toarray(), links)
    assert np.array_equal(view.weights.toarray(), weights)


def test_autocast_and_half_precision():
    layer = SparseLinear(mask(5, 8))
    dense, x = twin_of(layer), drawn(64, 5, dtype=torch.float32)
    with Watch({"a": layer}, ["gradient", "activity"]) as watch:
        with torch.autocast("cpu", torch.bfloat16):
            layer(x.bfloat16()).square().sum().backward()
        dense(x.bfloat16().float()).square().sum().backward()
        np.testing.assert_allclose(views(layer, watch)[""].gradient(), of_twin(dense), rtol=0.05, atol=2.0)
        assert views(layer, watch)[""].activity().max() < 2.0


def test_nothing_is_kept_without_need():
    net = mlp([4, 6, 2], [mask(4, 6, density=0.9), mask(6, 2, density=0.9)], steps=2)
    x = torch.ones(3, 4)
    with Watch(sparse_layers(net), []) as watch:
        assert not any(layer._forward_hooks for layer in net.layers)
        net(x).sum().backward()
        assert watch.calls(net.layers[0]) == ()
        with pytest.raises(ValueError, match=r"since it was not kept: name 'gradient' in the needs"):
            views(net, watch)["layers.0"].gradient()
    with Watch(sparse_layers(net), ["activity"]) as watch:
        net(x).sum().backward()
        assert watch.calls(net.layers[0])[0].input is None
        assert views(net, watch)["layers.0"].activity().tolist() == [1.0] * 4
        with pytest.raises(ValueError, match="since it was not kept"):
            views(net, watch)["layers.0"].gradient()
    assert not any(layer._forward_hooks for layer in net.layers)


def test_a_forward_pass_without_a_backward_pass_leaves_nothing():
    layer = SparseLinear(mask(4, 6))
    with Watch({"a": layer}, ["gradient"]) as watch:
        x = torch.ones(3, 4)
        seen = weakref.ref(x)
        out = layer(x)
        del x, out
        gc.collect()
        assert seen() is None
        assert watch.calls(layer) == ()


def test_detach_forgets_and_ignores_graphs_of_the_past():
    layer = SparseLinear(mask(4, 6))
    watch = Watch({"a": layer}, ["gradient"])
    loss = layer(torch.ones(3, 4)).sum()
    watch.detach()
    loss.backward()
    assert watch.calls(layer) == ()
    assert not layer._forward_hooks
    watch.attach({"a": layer}, ["gradient"])
    watch.attach({"a": layer}, ["gradient"])
    layer(x=torch.ones(3, 4)).sum().backward()
    assert len(watch.calls(layer)) == 1


@pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode])
def test_passes_without_gradient_are_not_seen(context):
    net = mlp([4, 6, 2], [mask(4, 6), mask(6, 2)], steps=2, neuron=LIF())
    with Watch(sparse_layers(net), ["gradient", "activity"]) as watch:
        with context():
            net(torch.ones(3, 4))
        for what in ("gradient", "activity"):
            with pytest.raises(ValueError, match=rf"no {what}.*no backward pass.*torch\.no_grad"):
                getattr(views(net, watch)["layers.0"], what)()


def test_an_input_that_was_changed_since_is_refused():
    layer, x = SparseLinear(mask(4, 6)), torch.ones(3, 4)
    with Watch({"a": layer}, ["gradient"]) as watch:
        layer(x).sum().backward()
        x.zero_()
        with pytest.raises(ValueError, match="changed in place"):
            views(layer, watch)[""].gradient()


def test_bad_arguments():
    layer = SparseLinear(mask(4, 6))
    with pytest.raises(ValueError, match=r"needs must be a list of names from.*got \['grad'\]"):
        Watch({"a": layer}, ["grad"])
    with pytest.raises(ValueError, match="got 'gradient'"):
        Watch({"a": layer}, "gradient")
    with pytest.raises(TypeError, match="'b' must be a SparseLinear"):
        Watch({"b": nn.Linear(2, 2)}, ["gradient"])
    assert not layer._forward_hooks


def test_the_links_of_a_graph_evolved_with_a_gradient_fit():
    """A layer that was rewired is seen by the next pass with its new links."""
    from netsci.graph import LayeredGraph

    net = nn.Sequential(SparseLinear(mask(5, 8), dtype=torch.float64))
    with Watch(sparse_layers(net), ["gradient"]) as watch:
        net(drawn(3, 5)).square().sum().backward()
        rewire(net, LayeredGraph.from_masks([mask(5, 8, seed=9)], names=["0"]), None)
        dense = twin_of(net[0])
        for model in (net, dense):
            model(drawn(3, 5)).square().sum().backward()
        close(views(net, watch)["0"].gradient(), of_twin(dense))

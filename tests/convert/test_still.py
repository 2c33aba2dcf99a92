"""Layers on numbers that change no more, against the layers as they are called."""

import numpy as np
import pytest
import torch
from torch import nn

from netsci.convert import convert, still
from netsci.convert.counting import count_events
from netsci.convert.still import Product
from netsci.sparse import SparseLinear
from netsci.spiking.events import by_output
from tests.convert.networks import links


def draw(shape, share=1.0, dtype=torch.float32):
    generator = torch.Generator().manual_seed(3)
    numbers = torch.randn(shape, generator=generator, dtype=dtype)
    return numbers * (torch.rand(shape, generator=generator) < share)


def taken_by(product, x, monkeypatch, *names):
    """Return the product and the ways of `Product` that it took."""
    taken = []
    for name in names:
        real = getattr(Product, name)
        monkeypatch.setattr(Product, name, lambda *a, name=name, real=real: taken.append(name) or real(*a))
    found = product(x)
    monkeypatch.undo()
    return found, taken


@pytest.mark.parametrize("n", [1, 3, 4, 31, 32, 37, 100])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("bias", [True, False])
def test_a_sparse_layer_gives_the_same_to_the_last_bit(monkeypatch, n, dtype, bias):
    layer = SparseLinear(links(np.random.default_rng(0), 70, 90, 0.1), bias=bias).to(dtype)
    for x in (
        draw((n, 70), dtype=dtype),
        draw((70, n), dtype=dtype).T,
        draw((2 * n, 140), dtype=dtype)[::2, ::2],
    ):
        found, taken = taken_by(Product(layer), x, monkeypatch, "_gather")
        assert taken == ["_gather"]
        assert torch.equal(found, layer(x))
        assert found.dtype == dtype


def test_threads_change_no_bit(monkeypatch):
    from netsci.sparse import threads

    layer, dense = SparseLinear(links(np.random.default_rng(0), 70, 90, 0.1)), nn.Linear(70, 90)
    x, dark = draw((45, 70)), draw((45, 70), 0.2)
    one = Product(layer)(x), Product(dense)(dark)
    monkeypatch.setattr(threads, "WORTH_A_THREAD", 1)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    monkeypatch.setattr(threads, "processors", lambda: 2)
    assert threads.workers(100) == 2
    assert torch.equal(Product(layer)(x), one[0])
    assert torch.equal(Product(dense)(dark), one[1])


@pytest.mark.parametrize("outputs", [65, 128, 200])
@pytest.mark.parametrize("n", [1, 32, 45])
@pytest.mark.parametrize("bias", [True, False])
def test_a_dense_layer_adds_the_weights_of_few_numbers(monkeypatch, outputs, n, bias):
    layer = nn.Linear(70, outputs, bias=bias)
    for share, wanted in ((0.2, ["_add_weights"]), (0.0, ["_add_weights"]), (0.9, [])):
        x = draw((n, 70), share)
        found, taken = taken_by(Product(layer), x, monkeypatch, "_add_weights")
        assert taken == wanted
        assert torch.allclose(found, layer(x), atol=1e-5)


def test_few_outputs_read_units_first():
    layer = nn.Linear(70, 10)
    x = draw((70, 45)).T
    found = Product(layer)(x)
    assert torch.allclose(found, layer(x), atol=1e-5)
    assert found.T.is_contiguous()


def test_values_in_the_order_of_outputs_are_kept_while_they_and_their_links_are_the_same():
    masks = links(np.random.default_rng(0), 7, 9, 0.3)
    layer = SparseLinear(masks)
    assert by_output(layer)[2] is by_output(layer)[2]
    before = by_output(layer)[2]
    layer.values.data *= 2.0  # which torch does not count as a change
    assert np.array_equal(by_output(layer)[2], 2.0 * before)
    layer.rewire(masks[::-1, ::-1])
    layer.values.data[:] = torch.arange(1.0, layer.n_links + 1.0)
    by_output(layer)
    layer.rewire(masks)
    layer.values.data[:] = torch.arange(1.0, layer.n_links + 1.0)  # the same values, of other links
    fresh = SparseLinear(masks)
    fresh.values.data = layer.values.data.clone()
    for one, other in zip(by_output(layer)[:3], by_output(fresh)[:3], strict=True):
        assert np.array_equal(one, other)


def test_hooks_forwards_of_their_own_and_other_numbers_are_left_alone(monkeypatch):
    layer, heard = nn.Linear(70, 90), []
    layer.register_forward_hook(lambda *_: heard.append(1))
    Product(layer)(draw((5, 70), 0.1))
    assert heard == [1]
    conv = nn.Conv2d(1, 2, 3)
    x = draw((4, 1, 5, 5))
    assert torch.equal(Product(conv)(x), conv(x))
    tokens = draw((4, 3, 70))
    assert torch.equal(Product(nn.Flatten())(tokens), tokens.flatten(1))
    with pytest.raises(RuntimeError):
        Product(nn.Linear(70, 90))(draw((5, 71)))
    assert Product(nn.Linear(70, 90))(draw((0, 70))).shape == (0, 90)


@pytest.mark.parametrize("images", [1, 31, 32, 33, 63, 64, 100])
def test_events_of_bytes_are_counted_by_step_and_unit(images):
    drawn = np.random.default_rng(images).integers(-1, 2, (9, 5, images)).astype(np.int8)
    turned = torch.from_numpy(drawn).permute(1, 2, 0)
    wanted = (drawn != 0).sum(2).T
    for values in (turned, turned.contiguous(), turned.float()):
        assert np.array_equal(count_events(values), wanted)


def test_a_network_takes_them_for_images_and_for_counts(monkeypatch):
    taken = []
    real = still.Product.__call__
    monkeypatch.setattr(still.Product, "__call__", lambda self, x: taken.append(x.shape) or real(self, x))
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 7), nn.ReLU(), nn.Linear(7, 3)).eval()
    model = convert(net, "qcfs", torch.rand(20, 6), theta=1.0)
    model.classify(torch.rand(5, 6))
    assert taken == [(5, 6), (5, 7)]

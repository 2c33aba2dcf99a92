"""The sparse convolution against torch's, in every backend."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from netsci.sparse import SparseConv2d, conv, threads
from netsci.sparse.backends import BACKENDS
from netsci.sparse.conv import COPY, CROSSOVER, unfold
from netsci.sparse.shifting import Grid, Window


@pytest.mark.parametrize("backend", list(BACKENDS))
def test_rows_are_channels_times_kernel_places(backend):
    links = np.zeros((8, 3))
    links[1, 0] = links[6, 2] = 1  # channel 0, upper right; channel 1, lower left
    layer = SparseConv2d(links, 2, backend=backend)
    layer.values.data = torch.tensor([2.0, 3.0])
    x = torch.arange(8.0).view(1, 2, 2, 2)
    assert layer(x).flatten().tolist() == [2.0, 0.0, 18.0]
    assert (layer.in_channels, layer.out_channels, layer.rows_per_unit) == (2, 3, 4)
    assert layer.weight.shape == (3, 2, 2, 2)
    assert layer.weight[0, 0, 0, 1] == 2.0
    assert layer.weight[2, 1, 1, 0] == 3.0


@settings(max_examples=40, deadline=None)
@given(
    channels=st.tuples(st.integers(1, 3), st.integers(1, 4)),
    kernel=st.integers(1, 3),
    stride=st.integers(1, 3),
    padding=st.integers(0, 2),
    size=st.tuples(st.integers(0, 3), st.integers(3, 7), st.integers(3, 8)),
    density=st.sampled_from([0.0, 0.2, 0.6, 1.0]),
    bias=st.booleans(),
    backend=st.sampled_from(["auto", *BACKENDS]),
    seed=st.integers(0, 2**31),
)
def test_equals_dense_autograd(channels, kernel, stride, padding, size, density, bias, backend, seed):
    rng, generator = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    links = rng.random((channels[0] * kernel**2, channels[1])) < density
    options = {"stride": stride, "padding": padding, "bias": bias, "backend": backend, "dtype": torch.float64}
    layer = SparseConv2d(links, kernel, generator=generator, **options)
    dense = layer.weight.clone().requires_grad_()
    x = torch.randn(size[0], channels[0], *size[1:], dtype=torch.float64, generator=generator)
    x, twin = x.clone().requires_grad_(), x.clone().requires_grad_()
    y = layer(x)
    wanted = functional.conv2d(twin, dense, layer.bias, stride, padding)
    torch.testing.assert_close(y, wanted, rtol=1e-10, atol=1e-12)
    g = torch.randn(wanted.shape, dtype=torch.float64, generator=generator)
    found = torch.autograd.grad(y, [x, layer.values], g)
    of_x, of_dense = torch.autograd.grad(wanted, [twin, dense], g)
    torch.testing.assert_close(found[0], of_x, rtol=1e-10, atol=1e-12)
    at_links = of_dense.reshape(channels[1], -1).T[torch.from_numpy(links)]
    torch.testing.assert_close(found[1], at_links, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(("stride", "padding"), [(1, 1), (1, 2), (2, 1), (3, 2), (1, 0)])
def test_compiled_loops_place_every_window(stride, padding):
    generator = torch.Generator().manual_seed(11)
    options = {"stride": stride, "padding": padding, "dtype": torch.float64, "generator": generator}
    layer = SparseConv2d(np.ones((2 * 9, 3)), 3, backend="csr", **options)
    x = torch.randn(2, 2, 5, 6, dtype=torch.float64, generator=generator)
    wanted = functional.conv2d(x, layer.weight, None, stride, padding)
    torch.testing.assert_close(layer(x), wanted, rtol=1e-12, atol=1e-12)


def test_windows_are_laid_out_as_the_kernels_read_them():
    windows = unfold(torch.rand(2, 3, 5, 4), 2, 1, 0)
    assert windows.shape == (2, 4, 3, 12)
    assert windows.movedim(-1, 0).is_contiguous()
    wanted = functional.unfold(torch.ones(2, 3, 5, 4), 2)
    assert torch.equal(unfold(torch.ones(2, 3, 5, 4), 2, 1, 0).reshape(2, 12, 12).mT, wanted)


def test_auto_goes_by_links_and_copies(monkeypatch):
    taken = []
    for name in ("convolve", "dense_weight"):
        called = getattr(conv, name)
        monkeypatch.setattr(conv, name, lambda *a, name=name, called=called: taken.append(name) or called(*a))
    few = round(CROSSOVER * 9 * 40 * 50 - COPY * 90)
    for n_links in (few, few + 1):
        SparseConv2d((np.arange(18000) < n_links).reshape(360, 50), 3)(torch.ones(1, 40, 3, 3))
    SparseConv2d(np.eye(9, 10), 3)(torch.ones(1, 1, 3, 3))  # copies alone cost more
    assert taken == ["convolve", "dense_weight", "dense_weight"]


@pytest.mark.parametrize(("stride", "padding"), [(1, 1), (2, 0), (1, 2)])
def test_threads_change_no_bit(monkeypatch, stride, padding):
    generator = torch.Generator().manual_seed(5)
    links = np.random.default_rng(5).random((8 * 9, 6)) < 0.3
    layer = SparseConv2d(links, 3, stride=stride, padding=padding, backend="csr", generator=generator)
    x = torch.randn(40, 8, 9, 7, generator=generator)
    found = []
    for n_threads in (1, 3):
        monkeypatch.setattr(threads, "workers", lambda products, n_threads=n_threads: n_threads)
        layer.zero_grad()
        inputs = x.clone().requires_grad_()
        out = layer(inputs)
        out.square().sum().backward()
        found.append((out.detach(), inputs.grad, layer.values.grad.clone()))
    for one, other in zip(*found, strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("window", [Window(3, 1, 1), Window(1, 1, 2), Window(3, 1, 0), Window(3, 2, 1)])
def test_memory_is_0_beside_the_images_whatever_it_held(monkeypatch, window):
    monkeypatch.setattr(torch.Tensor, "new_empty", lambda like, *shape: like.new_full(shape, torch.nan))
    grid = Grid(torch.Size([2, 3, 4, 5]), window)
    x = torch.ones(2, 3, 4, 5)
    assert grid.lay_out(x).sum() == x.numel()
    assert torch.equal(grid.take_up(grid.lay_out(x)), x)
    g = torch.ones(2, 6, *grid.out)
    assert grid.lay_out_outputs(g).sum() == g.numel()
    assert torch.equal(grid.take_outputs(grid.lay_out_outputs(g)), g)


@pytest.mark.parametrize(
    ("links", "kernel", "options", "error"),
    [
        (np.ones((9, 2)), 2, {}, ValueError),
        (np.ones((4, 2)), 2.0, {}, TypeError),
        (np.ones((4, 2)), 0, {}, ValueError),
        (np.ones((4, 2)), 2, {"stride": 0}, ValueError),
        (np.ones((4, 2)), 2, {"padding": -1}, ValueError),
    ],
)
def test_bad_layers(links, kernel, options, error):
    with pytest.raises(error):
        SparseConv2d(links, kernel, **options)


@pytest.mark.parametrize("backend", ["auto", *BACKENDS])
def test_autocast_gives_the_parameters_type(backend):
    layer = SparseConv2d(np.eye(8, 3), 2, backend=backend)
    with torch.autocast("cpu", torch.bfloat16):
        assert layer(torch.ones(1, 2, 3, 3, dtype=torch.bfloat16)).dtype == torch.float32
    with pytest.raises(TypeError, match="convert one"):
        layer(torch.ones(1, 2, 3, 3, dtype=torch.float64))


def test_bad_inputs():
    layer = SparseConv2d(np.eye(8, 3), 2, backend="csr")
    with pytest.raises(ValueError, match=r"\[batch, 2, height, width\]"):
        layer(torch.ones(1, 3, 4, 4))
    with pytest.raises(ValueError, match=r"must be at most .*the size of the padded input"):
        layer(torch.ones(1, 2, 1, 4))


@pytest.mark.parametrize("stride", [1, 2])
def test_windows_of_some_samples_at_a_time_give_the_same(monkeypatch, stride):
    generator = torch.Generator().manual_seed(3)
    links = np.random.default_rng(3).random((27, 5)) < 0.3
    layer = SparseConv2d(
        links, 3, stride=stride, padding=1, backend="torch_sparse", dtype=torch.float64, generator=generator
    )
    x = torch.randn(7, 3, 8, 6, dtype=torch.float64, generator=generator)
    found = []
    for at_once in (2**22, 27 * 48 * 2 // stride**2):  # all seven, then two samples at a time
        monkeypatch.setattr(conv, "AT_ONCE", at_once)
        made = []
        real = conv.unfold
        monkeypatch.setattr(
            conv, "unfold", lambda *a, made=made, real=real: made.append(len(a[0])) or real(*a)
        )
        layer.zero_grad()
        inputs = x.clone().requires_grad_()
        out = layer(inputs)
        out.square().sum().backward()
        with torch.no_grad():
            torch.testing.assert_close(layer(x), out)
        found.append((out.detach(), inputs.grad, layer.values.grad.clone(), made))
        monkeypatch.setattr(conv, "unfold", real)
    assert found[0][3] == [7, 7]
    assert max(found[1][3]) == 2
    for one, other in zip(found[0][:3], found[1][:3], strict=True):
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-12)

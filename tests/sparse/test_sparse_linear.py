"""The sparse layer against dense autograd, in every backend, layout and dtype."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from netsci.sparse import SparseLinear, Structure, backends, sparse_matmul
from netsci.sparse import threads as threading_module
from netsci.sparse.backends import BACKENDS, CROSSOVER, pick
from netsci.sparse.layout import empty_feature_major, feature_major, user_shape
from tests.strategies import masks

LINKS = np.array([[1, 0, 1, 0], [0, 1, 1, 1]])  # 2 -> 4, neither square nor symmetric


def by_hand(**options):
    layer = SparseLinear(LINKS, **options)
    layer.values.data = torch.tensor([2.0, 3.0, 5.0, 7.0, 11.0])
    return layer


def close(found, wanted, dtype):
    assert found.shape == wanted.shape
    if dtype == torch.float64:
        torch.testing.assert_close(found, wanted, rtol=1e-10, atol=1e-12)
    else:
        assert (found - wanted).norm() <= 1e-5 * max(1.0, wanted.norm())


def input_of(layout, n, dtype, generator):
    lead = {"batch": (7,), "one": (), "none": (0,)}.get(layout, (3, 5))
    x = torch.randn(*lead, n, dtype=dtype, generator=generator)
    if layout == "feature":
        return x.permute(2, 0, 1).contiguous().permute(1, 2, 0)
    if layout == "strided":
        return torch.randn(3, 10, 2 * n, dtype=dtype, generator=generator)[:, ::2, ::2]
    return x


@pytest.mark.parametrize("backend", ["auto", *BACKENDS])
def test_values_stand_by_input_then_by_output(backend):
    layer = by_hand(bias=False, backend=backend)
    assert layer(torch.tensor([[1.0, 100.0]])).tolist() == [[2.0, 500.0, 703.0, 1100.0]]
    assert layer.weight.tolist() == [[2, 0], [0, 5], [3, 7], [0, 11]]
    assert (layer.in_features, layer.out_features, layer.n_links) == (2, 4, 5)
    assert layer.density == 5 / 8
    assert layer.sparsity == 3 / 8


@pytest.mark.parametrize("backend", list(BACKENDS))
def test_gradients_by_hand(backend):
    layer = by_hand(backend=backend)
    x = torch.tensor([[1.0, 100.0]], requires_grad=True)
    layer(x).backward(torch.tensor([[1.0, 10.0, 1000.0, 0.1]]))
    assert layer.values.grad.tolist() == pytest.approx([1.0, 1000.0, 1000.0, 100000.0, 10.0])
    assert x.grad.tolist() == [pytest.approx([3002.0, 7051.1])]
    assert layer.bias.grad.tolist() == pytest.approx([1.0, 10.0, 1000.0, 0.1])


@pytest.mark.parametrize("samples", [1023, 1024, 1025, 2600])
def test_the_split_into_blocks_of_samples_changes_no_bit(samples):
    generator = torch.Generator().manual_seed(samples)
    layer = SparseLinear(np.random.default_rng(5).random((9, 14)) < 0.5, backend="csr", generator=generator)
    x = torch.randn(samples, 9, generator=generator)
    parts = torch.cat([layer(part) for part in x.split(300)])
    assert torch.equal(layer(x), parts)


@settings(max_examples=60, deadline=None)
@given(
    links=masks(max_side=23),
    backend=st.sampled_from(list(BACKENDS)),
    layout=st.sampled_from(["batch", "time", "feature", "strided", "one", "none"]),
    dtype=st.sampled_from([torch.float32, torch.float64]),
    bias=st.booleans(),
    of_x=st.booleans(),
    seed=st.integers(0, 2**31),
)
def test_equals_dense_autograd(links, backend, layout, dtype, bias, of_x, seed):
    generator = torch.Generator().manual_seed(seed)
    layer = SparseLinear(links, bias=bias, backend=backend, dtype=dtype, generator=generator)
    dense = layer.weight.clone().requires_grad_()
    offset = None if layer.bias is None else layer.bias.detach().clone().requires_grad_()
    x = input_of(layout, links.shape[0], dtype, generator).requires_grad_(of_x)
    twin = x.detach().clone().requires_grad_()
    y, wanted = layer(x), torch.nn.functional.linear(twin, dense, offset)
    close(y, wanted, dtype)
    g = torch.randn(wanted.shape, dtype=dtype, generator=generator)
    y.backward(g)
    wanted.backward(g)
    if of_x:
        close(x.grad, twin.grad, dtype)
    close(layer.values.grad, dense.grad.T[torch.from_numpy(links)], dtype)
    if offset is not None:
        close(layer.bias.grad, offset.grad, dtype)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_equals_dense_autograd_at_size(dtype):
    rng = np.random.default_rng(3)
    layer = SparseLinear(rng.random((300, 517)) < 0.07, backend="csr", dtype=dtype)
    dense = layer.weight.clone().requires_grad_()
    x = torch.from_numpy(rng.normal(size=(300, 403))).to(dtype).T.requires_grad_()
    g = torch.from_numpy(rng.normal(size=(517, 403))).to(dtype).T
    found = torch.autograd.grad(layer(x), [x, layer.values], g)
    wanted = torch.autograd.grad(x @ dense.T, [x, dense], g)
    close(found[0], wanted[0], dtype)
    at_links = wanted[1].T[torch.from_numpy(layer.links.toarray())]
    close(found[1], at_links, dtype)
    close(torch.autograd.grad(layer(x.detach()), layer.values, g)[0], at_links, dtype)


def test_more_outputs_than_are_treated_together():
    rng = np.random.default_rng(7)
    layer = SparseLinear(rng.random((7, 2100)) < 0.3, backend="csr")  # blocks of 1024 with 128 samples
    x = torch.from_numpy(rng.normal(size=(131, 7)).astype(np.float32))
    close(layer(x), torch.nn.functional.linear(x, layer.weight, layer.bias), torch.float32)


@pytest.mark.parametrize("backend", list(BACKENDS))
@pytest.mark.parametrize("wanted", [(True, False), (False, True), (False, False)])
def test_only_the_gradients_that_are_asked_for(backend, wanted):
    layer = by_hand(backend=backend)
    of_x, of_values = wanted
    layer.values.requires_grad_(of_values)
    x = torch.tensor([[1.0, 100.0]], requires_grad=of_x)
    layer(x).sum().backward()
    assert (None if x.grad is None else x.grad.tolist()) == ([[5.0, 23.0]] if of_x else None)
    found = layer.values.grad
    assert (None if found is None else found.tolist()) == ([1, 1, 100, 100, 100] if of_values else None)
    assert layer.bias.grad.tolist() == [1.0] * 4


def test_the_number_of_threads_changes_no_bit(monkeypatch):
    rng = np.random.default_rng(5)
    layer = SparseLinear(rng.random((61, 83)) < 0.2, backend="csr")
    x = torch.rand(83 - 22, 37).T.requires_grad_()
    monkeypatch.setattr(threading_module, "WORTH_A_THREAD", 1)
    runs = {}
    for count in (1, 2, 5):
        monkeypatch.setattr(threading_module, "workers", lambda products, count=count: count)
        y = layer(x)
        runs[count] = (y.detach(), *torch.autograd.grad(y.square().sum(), [x, layer.values, layer.bias]))
        layer.values.requires_grad_(False)
        runs[count] += torch.autograd.grad(layer(x).square().sum(), [x])
        layer.values.requires_grad_(True)
    for count in (2, 5):
        for found, one in zip(runs[count], runs[1], strict=True):
            assert torch.equal(found, one)


def test_workers_follow_torch_and_the_processors(monkeypatch):
    monkeypatch.setattr(threading_module, "processors", lambda: 3)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 8)
    assert threading_module.workers(10**12) == 3
    assert threading_module.workers(threading_module.WORTH_A_THREAD - 1) == 1
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    assert threading_module.workers(10**12) == 1


def test_memory_grows_with_the_links():
    def held(layer):
        tensors = [*layer.parameters(), *layer.buffers()]
        return sum(tensor.numel() * tensor.element_size() for tensor in tensors)

    few, many = (SparseLinear(np.arange(4000).reshape(40, 100) % step == 0) for step in (100, 10))
    # A link: its value, and as int32 its column, its row and the place of its value.
    assert held(many) - held(few) == 16 * (many.n_links - few.n_links)
    assert held(few) == 16 * few.n_links + 4 * 100 + 4 * (41 + 101)
    assert [name for name, _ in many.named_parameters()] == ["values", "bias"]


def test_layout_of_input_and_output():
    x = torch.rand(6, 4, 5).permute(1, 2, 0)  # [time, batch, neuron], memory [neuron, time, batch]
    assert feature_major(x).data_ptr() == x.data_ptr()
    assert feature_major(x.contiguous()).data_ptr() != x.data_ptr()
    for backend in BACKENDS:
        y = SparseLinear(np.eye(6, 3), backend=backend)(x)
        assert y.shape == (4, 5, 3)
        assert y.permute(2, 0, 1).is_contiguous()
    assert empty_feature_major(x, 3).permute(2, 0, 1).is_contiguous()
    assert user_shape(torch.zeros(3, 20), (4, 5)).shape == (4, 5, 3)


def test_the_output_may_be_changed_in_place():
    layer = by_hand(backend="csr")
    torch.relu_(layer(torch.ones(3, 2)) - 0).sum().backward()
    layer.zero_grad()
    torch.nn.functional.relu(layer(torch.ones(3, 2)), inplace=True).sum().backward()
    assert layer.values.grad.tolist() == [3.0] * 5


def test_infinite_inputs_reach_only_their_links():
    y = by_hand(bias=False, backend="csr")(torch.tensor([[np.inf, 1.0]]))
    assert y.tolist() == [[np.inf, 5.0, np.inf, 11.0]]


def test_auto_goes_by_density_device_and_dtype():
    sparse, full = Structure.of(np.eye(10)), Structure.of(np.ones((2, 3)))
    assert pick(sparse, torch.ones(1, 10)) == "csr"
    assert pick(sparse, torch.ones(1, 10, dtype=torch.float16)) == "masked"
    assert pick(full, torch.ones(1, 2)) == "masked"
    n = round(100 * CROSSOVER)
    assert [pick(Structure.of(np.arange(100)[None] < k), torch.ones(1)) for k in (n, n + 1)] == [
        "csr",
        "masked",
    ]
    on_gpu = torch.ones(1, 10, device="meta")
    assert pick(sparse, on_gpu) == "masked"


def test_auto_takes_the_dense_product_of_large_layers_sooner(monkeypatch):
    def picked(n_links):
        return pick(Structure.of(np.arange(100)[None] < n_links), torch.ones(1))

    monkeypatch.setattr(backends, "LARGE", 100)
    assert [picked(20), picked(21)] == ["csr", "csr"]
    monkeypatch.setattr(backends, "LARGE", 99)
    assert [picked(20), picked(21)] == ["csr", "masked"]


def test_a_full_layer_is_the_dense_matrix_without_a_copy():
    layer = SparseLinear(np.ones((3, 2)), generator=torch.Generator().manual_seed(0))
    assert layer.weight.data_ptr() == layer.values.data_ptr()
    assert layer.weight.shape == (2, 3)


@pytest.mark.parametrize("backend", ["auto", *BACKENDS])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
def test_autocast_is_taken_and_gives_the_parameters_type(backend, dtype):
    layer = by_hand(bias=False, backend=backend)
    x = torch.tensor([[1.0, 4.0]], dtype=dtype, requires_grad=True)
    with torch.autocast("cpu", torch.bfloat16):
        y = layer(x)
    y.sum().backward()
    assert y.dtype == layer.values.grad.dtype == torch.float32
    assert y.tolist() == [[2.0, 20.0, 31.0, 44.0]]
    assert layer.values.grad.tolist() == [1, 1, 4, 4, 4]
    assert x.grad.dtype == dtype
    with pytest.raises(TypeError, match="convert one"):
        layer(torch.ones(1, 2, dtype=torch.bfloat16))


def test_half_precision_is_masked():
    layer = SparseLinear(LINKS, dtype=torch.bfloat16)
    y = layer(torch.ones(3, 2, dtype=torch.bfloat16))
    y.sum().backward()
    assert y.dtype == layer.values.grad.dtype == torch.bfloat16
    with pytest.raises(ValueError, match="float32 or float64"):
        SparseLinear(LINKS, dtype=torch.bfloat16, backend="csr")(torch.ones(3, 2, dtype=torch.bfloat16))


def test_initial_values_are_those_of_a_dense_layer_with_as_many_links():
    layer = SparseLinear(np.random.default_rng(0).random((400, 300)) < 0.25, generator=torch.Generator())
    bound = (300 / layer.n_links) ** 0.5
    assert 0.99 * bound < layer.values.abs().max() <= bound
    assert layer.values.std().item() == pytest.approx(bound / 3**0.5, rel=0.02)
    twin = SparseLinear(layer.links, generator=torch.Generator())
    assert torch.equal(twin.values, layer.values)
    assert SparseLinear(np.zeros((3, 2))).bias.tolist() == [0.0, 0.0]


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0)])
def test_sides_without_neurons(shape):
    layer = SparseLinear(np.zeros(shape), backend="csr")
    x = torch.ones(2, shape[0], requires_grad=True)
    layer(x).sum().backward()
    assert x.grad.shape == x.shape
    assert np.isnan(layer.density)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"x": torch.ones(2, 5)}, ValueError, r"\[\.\.\., 2\]"),
        ({"x": torch.ones(2, 4)}, ValueError, "transpose would fit"),
        ({"x": torch.tensor(1.0)}, ValueError, "inputs last"),
        ({"x": np.ones((3, 2))}, TypeError, "must be a torch tensor"),
        ({"x": torch.ones(3, 2, dtype=torch.float64)}, TypeError, "convert one"),
        ({"values": torch.ones(4)}, ValueError, "one a link"),
        ({"bias": torch.ones(2)}, ValueError, "one an output"),
        ({"backend": "dense"}, ValueError, "auto, csr"),
    ],
)
def test_bad_calls(change, error, words):
    call = {"values": torch.ones(5), "structure": Structure.of(LINKS), "x": torch.ones(3, 2)} | change
    with pytest.raises(error, match=words):
        sparse_matmul(**call)


@pytest.mark.parametrize(
    ("links", "options", "error"),
    [
        ([[np.nan, 1.0]], {}, ValueError),
        ([1.0, 0.0], {}, ValueError),
        ("links", {}, ValueError),
        (LINKS, {"backend": "gpu"}, ValueError),
        (LINKS, {"dtype": torch.int64}, TypeError),
        (LINKS, {"dtype": "float32"}, TypeError),
    ],
)
def test_bad_layers(links, options, error):
    with pytest.raises(error):
        SparseLinear(links, **options)

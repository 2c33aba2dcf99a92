"""Spikformer: counts, neurons with a decaying input, and a forward pass written out head by head."""

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from torch import nn
from torch.nn import functional

from netsci.models.spikformer import spikformer, spikformer_tiny
from netsci.models.spikformer_parts import normalise as normalised_features
from netsci.models.wiring import default_sparse, full_links, link_shapes
from netsci.sparse import SparseLinear, sparse_layers
from netsci.spiking import LIF
from tests.models.counting import (
    convolved,
    copied,
    lif_with_decaying_input,
    multiplications,
    normalised,
    parameters,
    shake_norms,
    weights,
)


def images(*shape, seed=7):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def tiny(seed=7, **options):
    torch.manual_seed(seed)
    model = spikformer_tiny(**({"width": 16, "heads": 2, "steps": 5} | options)).double()
    shake_norms(model, 2 * images(8, *model.stem.shape, seed=seed).double())
    with torch.no_grad():
        for block in model.blocks:
            for part in (block.attn.q, block.attn.k, block.attn.v):
                part.norm.bias += 1  # so that attention, a product of three spikes, fires as well
    return model


@pytest.mark.parametrize(
    ("options", "params", "conv", "linear", "operations"),
    [
        (
            {"depth": 4, "width": 384, "heads": 12},
            9330874,
            2199312,
            7081728,
            (468467712, 452988672, 12582912),
        ),
        ({}, 29210186, 3909312, 25170944, (832241664, 1610617856, 33554432)),
    ],
)
def test_counts(options, params, conv, linear, operations):
    with torch.device("meta"):
        model = spikformer(steps=1, **options)
        without = spikformer(steps=1, unused_norms=False, **options)
    assert (parameters(model), weights(model, nn.Conv2d), weights(model, nn.Linear)) == (params, conv, linear)
    assert multiplications(model, (3, 32, 32)) == operations
    blocks, width = len(model.blocks), model.width
    assert parameters(without) == params - blocks * 4 * width
    assert len(default_sparse(model)) == 6 * blocks


def test_95_percent_on_all_block_linears_is_the_sparsity_that_is_printed():
    with torch.device("meta"):
        model = spikformer()
    shapes = link_shapes(model)
    blocks = sum(np.prod(shapes[name]) for name in default_sparse(model))
    everything = sum(np.prod(shape) for shape in shapes.values())
    assert round(100 * 0.95 * blocks / everything, 2) == 82.21


def written_out(model, x):
    """A Spikformer on [T, batch, C, H, W], with v <- v + (I - v) / 2 and attention token by token."""
    stem = model.stem
    for i in range(5):
        s = lif_with_decaying_input(normalised(stem.norms[i], convolved(stem.convs[i], x), 2))
        if i in (2, 3):
            s = torch.stack([functional.max_pool2d(frame, 3, stride=2, padding=1) for frame in s])
        x = s if i < 4 else x + s
    width, height, columns = x.shape[2:]
    tokens = torch.stack([x[..., r, c] for r in range(height) for c in range(columns)], dim=2)
    for block in model.blocks:
        attn = block.attn
        q, k, v = (spiking(layer, tokens) for layer in (attn.q, attn.k, attn.v))
        each, mixed = width // attn.heads, torch.zeros_like(q)
        for h in range(attn.heads):
            of_head = slice(h * each, (h + 1) * each)
            for n in range(height * columns):
                for m in range(height * columns):
                    match = (q[:, :, n, of_head] * k[:, :, m, of_head]).sum(-1, keepdim=True)
                    mixed[:, :, n, of_head] += 0.125 * match * v[:, :, m, of_head]
        tokens = tokens + spiking(attn.proj, lif_with_decaying_input(mixed, threshold=0.5))
        tokens = tokens + spiking(block.fc2, spiking(block.fc1, tokens))
    return (tokens.mean(2) @ model.head.weight.T + model.head.bias).mean(0)


def spiking(layer, x):
    current = x @ layer.linear.weight.T + layer.linear.bias
    return lif_with_decaying_input(normalised(layer.norm, current, x.ndim - 1))


def test_written_out():
    model = tiny(input_shape=(2, 9, 11), classes=4)
    x = 2 * images(2, 2, 9, 11).double()
    rates = {}
    for name, module in model.named_modules():
        if isinstance(module, LIF):
            module.register_forward_hook(lambda m, a, out, name=name: rates.update({name: out.mean().item()}))
    with torch.no_grad():
        scores = model(x)
        torch.testing.assert_close(scores, written_out(model, x.expand(5, *x.shape)))
        events = (images(3, 2, 2, 9, 11, seed=8) < 0.3).double()
        torch.testing.assert_close(model(events), written_out(model, events))
    assert scores.shape == (2, 4)
    # Nothing is compared where nothing fires, and attention must matter.
    assert not [(name, rate) for name, rate in rates.items() if not 0 < rate < 1]
    assert len(rates) == 5 + 2 * 7


def test_gain_makes_the_published_neuron_also_in_the_gradient():
    current = images(6, 3, 4).double().mul(3).requires_grad_()
    ours = LIF(0.5, 1.0, detach_reset=True)(0.5 * current)
    # atan surrogate by hand on v <- v + (I - v) / 2, the reset cut out of the gradient.
    v, total = torch.zeros(3, 4).double(), 0.0
    seed = images(6, 3, 4, seed=8).double()
    for t in range(6):
        v = v + (current[t] - v) / 2
        z = (v >= 1).double()
        assert torch.equal(z, ours[t].detach())
        total = total + (seed[t] * torch.atan(torch.pi * (v - 1)) / torch.pi).sum()
        v = v * (1 - z)
    expected = torch.autograd.grad(total, current)[0]
    torch.testing.assert_close(torch.autograd.grad((seed * ours).sum(), current)[0], expected)


def test_a_constant_image_equals_the_same_image_at_every_step():
    model = tiny(classes=3).train()
    x = images(4, 1, 8, 8).double()
    saved = {key: value.clone() for key, value in model.state_dict().items()}
    once = model(x)
    model.load_state_dict(saved)
    torch.testing.assert_close(once, model(x.expand(5, *x.shape)))
    assert once.std() > 0


def test_blocks_do_not_know_the_order_of_tokens():
    model = tiny()
    tokens = torch.randint(0, 3, (3, 2, 6, 16), generator=torch.Generator().manual_seed(7)).double()
    order = torch.tensor([3, 0, 5, 1, 4, 2])
    block = model.blocks[0]
    with torch.no_grad():
        assert block.attn(tokens).any()
        assert torch.equal(block(tokens)[:, :, order], block(tokens[:, :, order]))


def test_sparse_layers_with_all_links_equal_dense_ones():
    dense = tiny(classes=3)
    links = {name: full_links(*shape) for name, shape in link_shapes(dense).items()}
    sparse = copied(
        dense, spikformer_tiny(classes=3, width=16, heads=2, steps=5, links=links).double().eval()
    )
    x = images(4, 1, 8, 8).double()
    ours, theirs = sparse(x), dense(x)
    assert ours.std() > 0
    torch.testing.assert_close(ours, theirs)
    ours.square().sum().backward()
    theirs.square().sum().backward()
    for name in default_sparse(dense):
        matrix = dense.get_submodule(name).weight.grad.T
        torch.testing.assert_close(sparse.get_submodule(name).values.grad, matrix.flatten())


def test_links_make_the_named_layers_sparse():
    links = sp.coo_array((np.ones(5, bool), ([0, 3, 3, 9, 15], [0, 1, 63, 5, 30])), shape=(16, 64)).tocsr()
    model = tiny(links={"blocks.1.fc1.linear": links})
    assert list(sparse_layers(model)) == ["blocks.1.fc1.linear"]
    assert isinstance(model.blocks[1].fc1.linear, SparseLinear)
    assert (model.blocks[1].fc1.linear.links != links).nnz == 0
    model.train()(images(2, 1, 8, 8).double()).sum().backward()
    assert model.blocks[1].fc1.linear.values.grad.shape == (5,)


def test_normalisation_is_the_same_in_both_memory_orders():
    norm = nn.BatchNorm1d(6).double()
    shake_norms(norm)
    x = images(2, 3, 4, 6).double()
    turned = x.permute(3, 0, 1, 2).contiguous().permute(1, 2, 3, 0)
    torch.testing.assert_close(normalised_features(norm, x), normalised(norm, x, 3))
    torch.testing.assert_close(normalised_features(norm, turned), normalised(norm, x, 3))
    norm.train()
    one = normalised_features(norm, turned)
    assert one.stride() == turned.stride()
    torch.testing.assert_close(one, normalised_features(norm, x))
    torch.testing.assert_close(one.mean((0, 1, 2)), norm.bias)


def test_unused_norms_have_no_gradient_and_change_nothing():
    model, without = tiny(classes=3), tiny(classes=3, unused_norms=False)
    kept = {name for name, p in model.named_parameters() if not p.requires_grad}
    assert kept == {
        f"blocks.{i}.norm{n}.{part}" for i in (0, 1) for n in (1, 2) for part in ("weight", "bias")
    }
    without.load_state_dict({k: v for k, v in model.state_dict().items() if k in without.state_dict()})
    x = images(2, 1, 8, 8).double()
    assert torch.equal(model(x), without(x))


def test_surface():
    model = spikformer_tiny(steps=3)
    assert (model.steps, len(model.blocks), model.width, model.neuron.threshold) == (3, 2, 64, 1.0)
    assert model.blocks[0].attn.neuron.threshold == 0.5
    assert all(m.alpha == 0.5 and m.detach_reset for m in model.modules() if isinstance(m, LIF))
    other = spikformer_tiny(neuron=LIF(0.9, 2.0), attention_neuron=LIF(0.8))
    assert (other.neuron.alpha, other.blocks[1].attn.neuron.alpha) == (0.9, 0.8)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"width": 20}, ValueError, "width must be a multiple of 8"),
        ({"heads": 3}, ValueError, "multiple of 8 and of heads"),
        ({"depth": 0}, ValueError, "depth"),
        ({"depth": 1.5}, TypeError, "depth"),
        ({"links": [[1, 0]]}, TypeError, "dict from layer name"),
        ({"links": {"blocks.7.fc1.linear": np.ones((64, 256))}}, ValueError, r"blocks.7.fc1.linear"),
        ({"links": {"blocks.0.fc1.linear": np.ones((256, 64))}}, ValueError, "transpose"),
        ({"steps": 0}, ValueError, "steps"),
        ({"input_shape": (1, 8)}, ValueError, "input_shape"),
    ],
)
def test_refusals(options, error, message):
    with pytest.raises(error, match=message):
        spikformer_tiny(**options)


def test_input_of_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"x must be \[batch, 1, 8, 8\]"):
        spikformer_tiny()(torch.zeros(2, 3, 8, 8))


def test_neurons_leave_features_outermost_and_hooks_see_tokens():
    torch.manual_seed(0)
    model = spikformer_tiny(steps=2, links={"blocks.0.fc1.linear": np.eye(64, 256)})
    part = model.blocks[0].fc1
    x = (torch.rand(2, 3, 4, 64) < 0.5).float()
    part.norm(torch.randn(50, 256) * 0.1)  # running statistics that let units fire
    part.eval()
    spikes = part(x)
    assert 0 < spikes.mean() < 1
    assert spikes.permute(3, 0, 1, 2).is_contiguous()
    seen = []
    handle = part.neuron.register_forward_hook(lambda module, inputs, output: seen.append(output))
    again = part(x)
    handle.remove()
    assert seen[0].shape == again.shape == spikes.shape == (2, 3, 4, 256)
    assert torch.equal(again, spikes)


def test_neurons_pass_the_same_gradients_with_hooks_and_without():
    torch.manual_seed(0)
    model = spikformer_tiny(steps=2, links={"blocks.0.fc1.linear": np.ones((64, 256))}).double()
    part, found = model.blocks[0].fc1, []
    x = (torch.rand(2, 3, 4, 64) < 0.5).double().requires_grad_()
    towards = torch.randn(2, 3, 4, 256).double()
    for _ in range(2):
        handle = part.neuron.register_forward_hook(lambda module, inputs, output: None) if found else None
        found.append(torch.autograd.grad((part(x) * towards).sum(), [x, *part.parameters()]))
        if handle is not None:
            handle.remove()
    assert found[0][0].abs().max() > 0
    for without, hooked in zip(*found, strict=True):
        torch.testing.assert_close(without, hooked, rtol=1e-10, atol=1e-12)

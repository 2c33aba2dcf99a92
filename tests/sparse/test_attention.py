"""Attention in a user's module is followed after a check on random tokens, and refused where it differs."""

import numpy as np
import pytest
import torch
from torch import nn

from netsci.models import vit
from netsci.sparse import SparseLinear, layered_graph, sparsify
from netsci.sparse.attention import attends, looks_like_attention
from netsci.sparse.tracing import trace
from tests.sparse.plain_networks import Attention, ViT


def plain(seed=1, **options):
    torch.manual_seed(seed)
    return ViT(**options)


def images(n=2):
    return torch.randn(n, 3, 8, 8, generator=torch.Generator().manual_seed(1))


def ends(wires):
    """Return (layer, source, target) of the layers of a wiring, populations by name."""
    return {wire["layer"]: (wire["source"], wire["target"]) for wire in wires if wire.get("layer")}


@pytest.mark.parametrize("sparse", [False, True])
def test_the_graph_of_a_users_transformer_is_that_of_ours(sparse):
    module = plain()
    if sparse:
        sparsify(module, {"linear": 0.5})
    wires = trace(module, [images()])
    found = ends(wires)
    every = {wire["target"] for wire in wires if wire.get("needs") == "every"}
    fixed = [(w["source"], w["target"], w["links"]) for w in wires if w.get("layer") is None]
    stream = found["patch_embed.proj"][1]
    for i in range(2):
        start = f"blocks.{i}."
        if sparse:
            q, k, v = (found[f"{start}attn.qkv.{part}"] for part in "qkv")
            assert q == k  # both lead to their product
            product, out = q[1], v[1]
            assert (q[0], v[0]) == (stream, stream)
        else:
            assert found[f"{start}attn.qkv"][0] == stream
            thirds = [(s, t, links) for s, t, links in fixed if s == found[f"{start}attn.qkv"][1]]
            product, again, out = (t for _, t, _ in thirds)
            assert product == again
            assert [links.nonzero()[0][0] for _, _, links in thirds] == [0, 12, 24]
        assert {product, out} <= every
        (weights,) = {t for s, t, _ in fixed if s == product}
        of_head = next(links for s, t, links in fixed if (s, t) == (product, weights))
        assert [np.flatnonzero(row).tolist() for row in of_head.T.toarray()] == [
            [0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]
        ]  # fmt: skip
        assert any((s, t) == (weights, out) and (links != of_head.T).nnz == 0 for s, t, links in fixed)
        assert found[f"{start}attn.proj"][0] == out
        middle = found[f"{start}attn.proj"][1]
        assert any((s, t) == (stream, middle) for s, t, _ in fixed)
        assert (found[f"{start}mlp.fc1"][0], found[f"{start}mlp.fc2"][0]) == (
            middle,
            found[f"{start}mlp.fc1"][1],
        )
        stream = found[f"{start}mlp.fc2"][1]
    assert found["head"][0] == stream
    assert len(every) == 4


def test_our_attention_is_recognised_too():
    model = vit((3, 8, 8), 4, patch=4, width=12, depth=1, heads=3)
    attention = model.blocks[0].attn
    assert looks_like_attention(attention)
    assert attends(attention.eval(), torch.zeros(2, 5, 12))


class Cosine(Attention):
    def forward(self, x):
        return super().forward(nn.functional.normalize(x, dim=-1))


class Reordered(Attention):
    """Rows of qkv are head by head, each q | k | v."""

    def forward(self, x):
        B, N, C = x.shape
        q, k, v = self.qkv(x).reshape(B, N, self.num_heads, 3, C // self.num_heads).permute(3, 0, 2, 1, 4)
        attn = (q @ k.transpose(-2, -1) * self.scale).softmax(-1)
        return self.proj((attn @ v).transpose(1, 2).reshape(B, N, C))


@pytest.mark.parametrize(
    "other", [Cosine(12, 3), Reordered(12, 3), Attention(12, 3, scale=1.0), Attention(12, 2)]
)
def test_other_attention_is_refused_by_name(other):
    """The last one has two heads of six units and says that it has three."""
    torch.manual_seed(1)
    module = plain()
    for parameter in other.parameters():
        nn.init.normal_(parameter)
    if other.num_heads == 2:
        other.num_heads, forward = 3, other.forward
        other.forward = lambda x: (
            setattr(other, "num_heads", 2),
            forward(x),
            setattr(other, "num_heads", 3),
        )[1]
    module.blocks[1].attn = other
    sparsify(module, {"blocks.*.mlp.*": 0.5})
    with pytest.raises(
        ValueError, match=r"'blocks.1.mlp.fc1'.*'blocks.1.attn' .* has the layers qkv and proj"
    ):
        layered_graph(module, images())


def test_the_check_leaves_nothing_behind():
    module = plain().train()
    state = torch.random.get_rng_state()
    calls = []
    module.blocks[0].attn.register_forward_hook(lambda *_: calls.append(1))
    trace(module, [images()])
    assert torch.equal(torch.random.get_rng_state(), state)
    assert module.training
    assert calls == [1]


def test_layers_that_only_look_alike():
    class Named(nn.Module):
        def __init__(self, heads=2, width=4, qkv=12):
            super().__init__()
            self.num_heads, self.qkv, self.proj = heads, nn.Linear(4, qkv), SparseLinear(np.ones((width, 4)))

    assert looks_like_attention(Named())
    for other in (Named(3), Named("2"), Named(qkv=8), nn.Linear(4, 4)):
        assert not looks_like_attention(other)
    assert not attends(Named(), torch.zeros(4, 4))

"""Recognise softmax attention with a fused qkv layer, and check that it computes what its graph says.

A module is shaped like timm's attention if it has layers `qkv`, with three times as many outputs as inputs,
and `proj`, and a whole number `num_heads`. That alone is a guess. `attends` checks it: on random tokens the
module must return what

    proj(softmax(q k^T / sqrt(d)) v),   q | k | v = qkv(x), head by head, d = width / num_heads

returns. So a module with rotary positions, other scales, a normalisation of q and k or a mask is not taken
for one.

Its graph, from the population that it reads to `out`, which its layer proj reads:

    source -> q, k -> product -> weights -> out        source -> v -> out

A unit c of the product stands for q_c k_c: it is live if both are. `weights` has a unit for each head. A
softmax of equal products is a mean over tokens, so the source keeps weights alive without any product; they
are needed as long as a value of the head goes on. Unit j of `out` needs its value v_j and its head's weights.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor, nn
from torch.nn import functional

from netsci.graph.checks import as_links
from netsci.sparse.flow import Flow, Mixed, Signal, Tag, Untraceable, Wire
from netsci.sparse.linear import SparseLinear
from netsci.sparse.side_by_side import SideBySide

NOT_ATTENTION = (
    "which has the layers qkv and proj, but is not proj(softmax(q k^T / sqrt(d)) v) of one input [batch, "
    "tokens, width]"
)


def looks_like_attention(module: nn.Module) -> bool:
    """Return whether a module has the layers of timm's attention.

    Examples
    --------
    >>> looks_like_attention(nn.MultiheadAttention(4, 2))
    False
    """
    qkv, proj, heads = (getattr(module, name, None) for name in ("qkv", "proj", "num_heads"))
    if not isinstance(qkv, (nn.Linear, SideBySide)) or not isinstance(proj, (nn.Linear, SparseLinear)):
        return False
    if isinstance(qkv, SideBySide) and len(qkv.parts) != 3:
        return False
    if not isinstance(heads, int) or heads < 1 or proj.in_features % heads:
        return False
    return qkv.out_features == 3 * proj.in_features


def attends(module: nn.Module, x: Tensor) -> bool:
    """Return whether a module maps random tokens, shaped as x [batch, tokens, width], as attention does.

    torch's random state does not change.
    """
    if x.ndim != 3:
        return False
    drawn = torch.randn(x.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    tokens = drawn.to(x.device, x.dtype)
    given: Any = module
    out = given.forward(tokens)
    heads = given.num_heads
    whole = given.qkv(tokens).chunk(3, -1)
    q, k, v = (part.unflatten(-1, (heads, -1)).transpose(1, 2) for part in whole)
    mixed = functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
    expected = given.proj(mixed)
    if not isinstance(out, Tensor) or out.shape != expected.shape:
        return False
    tolerance = 1e-3 if x.dtype in (torch.float32, torch.float64) else 5e-2
    return bool(((out - expected).abs().max() <= tolerance * expected.abs().max()).item())


def third(width: int, place: int) -> sp.csr_array:
    """Return the links from the 3 width outputs of qkv to the units of q (place 0), k (1) or v (2).

    Examples
    --------
    >>> third(2, 1).toarray().nonzero()[0].tolist()
    [2, 3]
    """
    return as_links(sp.eye_array(3 * width, width, k=-place * width, dtype=bool))


def head_of(width: int, heads: int) -> sp.csr_array:
    """Return the links from units to their heads, bool CSR [width, heads].

    Examples
    --------
    >>> head_of(4, 2).toarray().astype(int).tolist()
    [[1, 0], [1, 0], [0, 1], [0, 1]]
    """
    return as_links(sp.kron(sp.eye_array(heads), np.ones((width // heads, 1))))


def follow_attention(flow: Flow, name: str, module: Any, tag: Tag, called: str) -> Tag:
    """Put the graph of an attention module into a flow, and return the tag of its output.

    tag : of its input. called : what messages call the module.
    """
    width, heads = module.proj.in_features, module.num_heads
    if isinstance(tag, Mixed):
        raise Untraceable(f"{called} reads the result of {tag.reason}")
    if isinstance(tag, Signal) and (tag.axis, tag.rows) != (-1, 1):
        raise Untraceable(f"{called} reads units on axis {tag.axis}, and must find them on the last axis")
    signal = tag if isinstance(tag, Signal) else None
    source = signal.population if signal else flow.entry(tag, -1, module.qkv.in_features)  # type: ignore[arg-type]
    start = f"{name}." if name else ""
    if isinstance(module.qkv, SideBySide):
        q, k, v = (flow.call(f"{start}qkv.{part}", source, width, 1) for part in module.qkv.names)
    else:
        whole = flow.call(f"{start}qkv", source, 3 * width, 1)
        q, k, v = (
            flow.join((name, place), width, [flow.give(whole, third(width, place))]) for place in range(3)
        )
    product = flow.join((name, "product"), width, [Wire(q, -1, "identity"), Wire(k, -1, "identity")])
    of_head = head_of(width, heads)
    weights = flow.join((name, "weights"), heads, [flow.give(product, of_head), Wire(source, -1, "all")])
    turned = flow.give(weights, as_links(of_head.T))
    out = flow.join((name, "out"), width, [Wire(v, -1, "identity"), turned])
    flow.need_every(product)
    flow.need_every(out)
    return Signal(flow.call(f"{start}proj", out, module.proj.out_features, 1), -1)

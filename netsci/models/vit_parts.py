"""The parts of a vision transformer: patches, attention, and blocks; `netsci.models.vit` gives the equations.

Names of parameters are timm's.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn
from torch.nn import functional

from netsci.graph.checks import as_links
from netsci.models import wiring
from netsci.models.architecture import Activation
from netsci.models.parts import Links, linear
from netsci.sparse import SideBySide, SparseLinear
from netsci.sparse.attention import head_of, third
from netsci.sparse.shapes import QKV

NORM_EPS = 1e-6


class PatchEmbed(nn.Module):
    """Cut an image into patches, and map each to a token: [batch, C, H, W] -> [batch, tokens, width]."""

    def __init__(self, channels: int, width: int, patch: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(channels, width, patch, stride=patch)

    def forward(self, x: Tensor) -> Tensor:
        """Return the tokens, row by row of patches."""
        tokens: Tensor = self.proj(x).flatten(2).transpose(1, 2)
        return tokens


class Attention(nn.Module):
    """Softmax attention of `num_heads` heads, softmax(q k^T / sqrt(width / heads)) v, then a projection.

    qkv is one linear layer, rows q | k | v of its weight, each head by head; if links name its parts, as
    "blocks.0.attn.qkv.q", it is a `SideBySide` of three sparse layers.
    """

    def __init__(self, links: Links, name: str, width: int, heads: int) -> None:
        super().__init__()
        self.num_heads = heads
        self.qkv = qkv(links, f"{name}.qkv", width)
        self.proj = linear(links, f"{name}.proj", width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Return [batch, tokens, width] of x of the same shape."""
        batch, tokens, width = x.shape
        heads = self.qkv(x).reshape(batch, tokens, 3, self.num_heads, width // self.num_heads)
        q, k, v = heads.permute(2, 0, 3, 1, 4).unbind(0)
        mixed = functional.scaled_dot_product_attention(q, k, v)
        out: Tensor = self.proj(mixed.transpose(1, 2).reshape(batch, tokens, width))
        return out


class Mlp(nn.Module):
    """Two linear layers with an activation between them."""

    def __init__(self, links: Links, name: str, width: int, hidden: int, activation: Activation) -> None:
        super().__init__()
        self.fc1 = linear(links, f"{name}.fc1", width, hidden)
        self.act = activation()
        self.fc2 = linear(links, f"{name}.fc2", hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        """Return [..., width] of x of the same shape."""
        out: Tensor = self.fc2(self.act(self.fc1(x)))
        return out


class Block(nn.Module):
    """x <- x + attention(norm(x)), then x <- x + mlp(norm(x))."""

    def __init__(
        self,
        links: Links,
        name: str,
        width: int,
        heads: int,
        hidden: int,
        activation: Activation,
        depth: nn.Module | None,
    ) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, NORM_EPS)
        self.attn = Attention(links, f"{name}.attn", width, heads)
        self.norm2 = nn.LayerNorm(width, NORM_EPS)
        self.mlp = Mlp(links, f"{name}.mlp", width, hidden, activation)
        self.stochastic_depth = depth

    def forward(self, x: Tensor) -> Tensor:
        """Return [batch, tokens, width] of x of the same shape."""
        x = x + self._keep(self.attn(self.norm1(x)))
        return x + self._keep(self.mlp(self.norm2(x)))

    def _keep(self, branch: Tensor) -> Tensor:
        return branch if self.stochastic_depth is None else self.stochastic_depth(branch)


def qkv(links: Links, name: str, width: int) -> nn.Module:
    """Return the layer that computes q, k and v: dense, or `SideBySide` where links name a part of it.

    Parts that links do not name have all links.
    """
    names = [f"{name}.{part}" for part in QKV]
    if not set(names) & set(links):
        return nn.Linear(width, 3 * width)
    given = {own: links[own] if own in links else wiring.full_links(width, width) for own in names}
    parts: Mapping[str, nn.Module] = {
        part: linear(given, own, width, width) for part, own in zip(QKV, names, strict=True)
    }
    return SideBySide({part: layer for part, layer in parts.items() if isinstance(layer, SparseLinear)})


def attention_wiring(model: nn.Module, name: str, source: str, target: str, ending: str) -> list[wiring.Wire]:
    """Return the projections of an attention module, from the population it reads to that of its output.

    `netsci.sparse.attention` explains it.

    ending : what the names of the populations end with, the number of the block.
    """
    attention = model.get_submodule(name)
    size, heads = int(attention.proj.in_features), int(attention.num_heads)  # type: ignore[union-attr, arg-type]
    q, k, v, product, weights, out = (
        f"{part}{ending}" for part in ("q", "k", "v", "product", "weights", "attention")
    )
    wires = []
    if isinstance(attention.qkv, SideBySide):
        wires += [
            wiring.layer(model, f"{name}.qkv.{p}", source, to) for p, to in zip(QKV, (q, k, v), strict=True)
        ]
    else:
        wires.append(wiring.layer(model, f"{name}.qkv", source, f"qkv{ending}"))
        for place, part in enumerate((q, k, v)):
            wires.append(wiring.constant(f"qkv{ending}", part, third(size, place)))
    of_head = head_of(size, heads)
    return [
        *wires,
        wiring.identity(q, product, size, needs="every"),
        wiring.identity(k, product, size, needs="every"),
        wiring.constant(product, weights, of_head),
        wiring.constant(source, weights, wiring.full_links(size, heads)),
        wiring.constant(weights, out, as_links(of_head.T)),
        wiring.identity(v, out, size, needs="every"),
        wiring.layer(model, f"{name}.proj", out, target),
    ]

"""Vision transformers: ViT-B/16, DeiT small and tiny, and any other size.

    tokens   x = [class token | patches W + b] + pos_embed;  distilled: [class, distillation token | patches]
    block    x <- x + proj(attention(LN(x)));  x <- x + fc2(GELU(fc1(LN(x))))
    scores   head of LN(x) at the class token; distilled: the mean of head and head_dist at their tokens

LN has eps 1e-6, GELU is the exact one. Parameter names are timm's (cls_token, pos_embed, patch_embed.proj,
blocks.0.attn.qkv, ..., norm, head; distilled: dist_token, head_dist), so that checkpoints of timm and DeiT
load, see `netsci.models.timm_keys`.

The linear layers of the blocks may be sparse. Links of q, k and v are named apart, as
"blocks.0.attn.qkv.q"; rows of qkv.weight are q | k | v, each head by head.

Source: Dosovitskiy et al., ViT (2021); Touvron et al., DeiT (2021); S1 appendix C (70 % of block linears).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from netsci.arguments import as_count, check_flag
from netsci.models import wiring
from netsci.models.architecture import Activation, Architecture, Neuron
from netsci.models.dropout import Dropout, check_dropout
from netsci.models.parts import activation_like, check_names, check_sizes, linear, links_by_name
from netsci.models.stochastic_depth import depths
from netsci.models.vit_parts import NORM_EPS, Block, PatchEmbed, attention_wiring

_PARTS = ("attn.qkv.q", "attn.qkv.k", "attn.qkv.v", "attn.proj", "mlp.fc1", "mlp.fc2")


class ViT(nn.Module):
    """A vision transformer as `vit` builds it; the parameters are described there.

    It maps images [batch, C, H, W] to class scores [batch, classes].
    """

    def __init__(
        self,
        input_shape: Sequence[int],
        classes: int,
        *,
        links: Any,
        patch: int,
        width: int,
        depth: int,
        heads: int,
        mlp_ratio: int,
        distilled: bool,
        dropout: float,
        stochastic_depth: float,
        activation: Neuron,
    ) -> None:
        super().__init__()
        self.input_shape, self.classes, _ = check_sizes(input_shape, classes, 1)
        channels, height, wide = self.input_shape
        for value, name in ((patch, "patch"), (width, "width"), (heads, "heads"), (mlp_ratio, "mlp_ratio")):
            as_count(value, name, 1, 100_000)
        as_count(depth, "depth", 1, 1000)
        check_flag(distilled, "distilled")
        if width % heads or height % patch or wide % patch:
            raise ValueError(
                f"heads must divide width, and patch the height and width of images; got width {width}, "
                f"heads {heads}, patch {patch}, input_shape {self.input_shape}"
            )
        given = links_by_name(links, ())
        make = activation_like(nn.GELU() if activation is None else activation)
        tokens = (height // patch) * (wide // patch)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        if distilled:
            self.dist_token = nn.Parameter(torch.zeros(1, 1, width))
        self.n_prefix = 2 if distilled else 1
        self.pos_embed = nn.Parameter(torch.zeros(1, tokens + self.n_prefix, width))
        self.patch_embed = PatchEmbed(channels, width, patch)
        self.dropout = Dropout(dropout) if check_dropout(dropout) else None
        self.blocks = nn.ModuleList(
            Block(given, f"blocks.{i}", width, heads, width * mlp_ratio, make, left_out)
            for i, left_out in enumerate(depths(stochastic_depth, depth))
        )
        self.norm = nn.LayerNorm(width, NORM_EPS)
        if distilled:
            self.head_dist = nn.Linear(width, self.classes)
        self.head = linear(given, "head", width, self.classes)
        self.sparse_names = tuple(f"blocks.{i}.{part}" for i in range(depth) for part in _PARTS)
        self._draw()
        check_names(given, self)

    def forward(self, x: Tensor) -> Tensor:
        """Return class scores [batch, classes] of images [batch, C, H, W]."""
        if x.ndim != 4 or tuple(x.shape[1:]) != self.input_shape:
            raise ValueError(
                f"x must be [batch, {', '.join(map(str, self.input_shape))}]; got {list(x.shape)}"
            )
        tokens = self.patch_embed(x)
        prefix = [self.cls_token, self.dist_token] if self.n_prefix == 2 else [self.cls_token]
        first = [token.expand(len(x), -1, -1).to(tokens.dtype) for token in prefix]
        x = torch.cat([*first, tokens], 1) + self.pos_embed
        x = x if self.dropout is None else self.dropout(x)
        for block in self.blocks:
            x = block(x)
        x = self.norm(x)
        scores: Tensor = self.head(x[:, 0])
        return (scores + self.head_dist(x[:, 1])) / 2 if self.n_prefix == 2 else scores

    def wiring(self) -> list[wiring.Wire]:
        """Return the graph of the linear layers of its blocks and of its head; see `netsci.models.wiring`.

        The patch embedding, dense, is left out: stream0 is the input population. Populations are the residual
        streams, which tokens share and layer normalisations keep, and the units in between: stream0 -> q, k,
        v -> attention -> middle0 -> hidden0 -> stream1 -> ... -> classes, see
        `netsci.models.vit_parts.attention_wiring`.
        """
        wires: list[wiring.Wire] = []
        size = int(self.norm.normalized_shape[0])
        for i in range(len(self.blocks)):
            stream, middle, hidden, after = f"stream{i}", f"middle{i}", f"hidden{i}", f"stream{i + 1}"
            wires += [
                *attention_wiring(self, f"blocks.{i}.attn", stream, middle, str(i)),
                wiring.identity(stream, middle, size),
                wiring.layer(self, f"blocks.{i}.mlp.fc1", middle, hidden),
                wiring.layer(self, f"blocks.{i}.mlp.fc2", hidden, after),
                wiring.identity(middle, after, size),
            ]
        ends = ("head", "head_dist") if self.n_prefix == 2 else ("head",)
        last = f"stream{len(self.blocks)}"
        return [*wires, *(wiring.layer(self, end, last, "classes") for end in ends)]

    def _draw(self) -> None:
        """Draw first weights as timm does: normal, deviation .02 cut at 2 in linear layers; biases 0."""
        if self.cls_token.is_meta:  # nothing to draw, and torch would import its compiler for it
            return
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
                nn.init.zeros_(module.bias)
        nn.init.normal_(self.cls_token, std=1e-6)
        nn.init.trunc_normal_(self.pos_embed, std=0.02)
        if self.n_prefix == 2:
            nn.init.trunc_normal_(self.dist_token, std=0.02)


def vit(
    input_shape: Sequence[int] = (3, 224, 224),
    classes: int = 1000,
    *,
    links: Any = None,
    patch: int = 16,
    width: int = 768,
    depth: int = 12,
    heads: int = 12,
    mlp_ratio: int = 4,
    distilled: bool = False,
    dropout: float = 0.0,
    stochastic_depth: float = 0.0,
    activation: Neuron = None,
) -> ViT:
    """Build a vision transformer, ViT-B/16 for ImageNet by default.

    Parameters
    ----------
    input_shape : (C, H, W). classes : number of outputs. The network takes images [batch, C, H, W] and
        returns class scores [batch, classes].
    links : {layer name: matrix [in, out]}, such as "blocks.0.attn.qkv.q" or "blocks.0.mlp.fc1" (all:
        model.sparse_names); other layers are dense. None makes all dense.
    patch : side of a patch in pixels, a divisor of H and W. width : units of a token. depth : blocks.
    heads : of the attention, a divisor of width. mlp_ratio : hidden units of a block over width.
    distilled : whether there are a distillation token and a second head (DeiT).
    dropout : of token units behind the position embedding. stochastic_depth : probability, in the last block,
        of leaving out a branch of a sample in training; it rises along a line from 0 in the first block.
    activation : a module that is copied for each block, or a function that makes one; None for exact GELU.

    Raises
    ------
    ValueError, TypeError
        If a size does not fit or links do not fit a layer.

    Examples
    --------
    >>> with torch.device("meta"):
    ...     model = vit()
    >>> sum(parameter.numel() for parameter in model.parameters())
    86567656
    """
    return ViT(
        input_shape,
        classes,
        links=links,
        patch=patch,
        width=width,
        depth=depth,
        heads=heads,
        mlp_ratio=mlp_ratio,
        distilled=distilled,
        dropout=dropout,
        stochastic_depth=stochastic_depth,
        activation=activation,
    )


def deit_small(input_shape: Sequence[int] = (3, 224, 224), classes: int = 1000, **options: Any) -> ViT:
    """Build DeiT-S/16: 12 blocks of 384 units with 6 heads; options as in `vit`.

    Examples
    --------
    >>> with torch.device("meta"):
    ...     deit_small().pos_embed.shape
    torch.Size([1, 197, 384])
    """
    return vit(input_shape, classes, **({"width": 384, "heads": 6} | options))


def deit_tiny(input_shape: Sequence[int] = (3, 224, 224), classes: int = 1000, **options: Any) -> ViT:
    """Build DeiT-Ti/16: 12 blocks of 192 units with 3 heads; options as in `vit`.

    Examples
    --------
    >>> with torch.device("meta"):
    ...     deit_tiny((3, 64, 64), 200, patch=8).pos_embed.shape
    torch.Size([1, 65, 192])
    """
    return vit(input_shape, classes, **({"width": 192, "heads": 3} | options))


def _build(
    shape: tuple[int, ...], classes: int, activation: Activation, links: Mapping[str, Any], **options: Any
) -> ViT:
    """Build the network of a recipe, whose activation is its own; see `netsci.models.architecture`."""
    return vit(shape, classes, links=links or None, **options)


ARCHITECTURE = Architecture(
    _build,
    takes=frozenset(
        {
            *("patch", "width", "depth", "heads", "mlp_ratio"),
            *("distilled", "dropout", "stochastic_depth"),
        }
    ),
    sparse=wiring.default_sparse,
)

"""Sizes and kinds of the layers of a module, sparse or dense, by the names that links go by."""

from __future__ import annotations

from typing import Any

from torch import nn

from netsci.arguments import shorten
from netsci.sparse.conv import SparseConv2d
from netsci.sparse.linear import SparseLinear
from netsci.topology.allocation import LayerShape

QKV = ("q", "k", "v")
PATCHES = "patch_embed.proj"


def check_module(module: Any) -> None:
    """Raise TypeError unless this is a torch module."""
    if not isinstance(module, nn.Module):
        raise TypeError(f"module must be a torch.nn.Module; got {shorten(module)}")


def fused_parts(name: str, module: nn.Module) -> tuple[str, ...]:
    """Return the names of the parts of a dense layer that computes several projections at once, else ().

    Such a layer is called qkv, as timm calls it, and has three times as many outputs as inputs: rows q | k |
    v of its weight. Its sparse form is a `SideBySide` with these parts.

    Examples
    --------
    >>> fused_parts("blocks.0.attn.qkv", nn.Linear(4, 12)), fused_parts("fc", nn.Linear(4, 12))
    (('q', 'k', 'v'), ())
    """
    if not isinstance(module, nn.Linear) or name.rpartition(".")[2] != "qkv":
        return ()
    return QKV if module.out_features == 3 * module.in_features else ()


def layer_shapes(module: nn.Module) -> dict[str, LayerShape]:
    """Return size and kind of every layer that may be sparse, by the name of its links.

    These are linear layers, convolutions without groups, and sparse layers; a fused qkv counts as three
    layers, ".q", ".k" and ".v". The last linear layer and those called head_dist or patch_embed.proj are of
    the kind "dense".

    Examples
    --------
    >>> layer_shapes(nn.Sequential(nn.Conv2d(2, 4, 3), nn.Flatten(), nn.Linear(4, 3)))["0"]
    LayerShape(inputs=2, outputs=4, kind='conv', kernel=(3, 3))
    """
    check_module(module)
    shapes: dict[str, LayerShape] = {}
    last = ""
    for name, layer in module.named_modules():
        if isinstance(layer, (nn.Conv2d, SparseConv2d)):
            if isinstance(layer, nn.Conv2d) and layer.groups > 1:
                continue
            kind = "dense" if _is_called(name, PATCHES) else "conv"
            sides = layer.kernel_size if isinstance(layer, nn.Conv2d) else (layer.kernel_size,) * 2
            kernel = (int(sides[0]), int(sides[1]))
            shapes[name] = LayerShape(layer.in_channels, layer.out_channels, kind, kernel)
        elif isinstance(layer, (nn.Linear, SparseLinear)):
            parts = fused_parts(name, layer)
            for part in parts:
                shapes[f"{name}.{part}"] = LayerShape(layer.in_features, layer.out_features // len(parts))
            if not parts:
                kind = "dense" if _is_called(name, "head_dist") else "linear"
                shapes[name] = LayerShape(layer.in_features, layer.out_features, kind)
                last = name if kind == "linear" else last
    if last:
        shapes[last] = LayerShape(shapes[last].inputs, shapes[last].outputs, "dense")
    return shapes


def _is_called(name: str, ending: str) -> bool:
    return name == ending or name.endswith(f".{ending}")

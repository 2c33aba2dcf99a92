"""Load checkpoints of vision transformers with timm's keys, plain, under "model", or distilled."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from netsci.arguments import shorten
from netsci.models.vit import ViT, vit
from netsci.sparse.dense_state import load_dense_state

WRAPPERS = ("model", "state_dict")
HEADS = {192: 3, 384: 6, 768: 12, 1024: 16, 1280: 16}  # of the published sizes, by width


def load_timm(model: nn.Module | None, state: Mapping[str, Any], *, heads: int | None = None) -> nn.Module:
    """Load a state dict with timm's keys into a model, and return the model.

    Parameters
    ----------
    model : a module with these keys, such as `netsci.models.vit`; sparse layers take the weights at their
        links. None builds a ViT of the sizes that the tensors have, for square images.
    state : names to tensors, or such a mapping under "model" or "state_dict", as DeiT's files have it.
    heads : of the attention, if model is None. No tensor tells it: None takes that of the published ViT of
        this width, 192, 384, 768, 1024 or 1280.

    Raises
    ------
    TypeError, ValueError
        If keys are missing, unexpected or of another shape: the first ones are named, and the model has not
        changed; if no size can be read; or heads is None for another width.

    Examples
    --------
    >>> from netsci.models import deit_tiny
    >>> state = {"model": deit_tiny((3, 32, 32), 10, distilled=True, depth=1).state_dict()}
    >>> load_timm(None, state).pos_embed.shape
    torch.Size([1, 6, 192])
    """
    tensors = unwrap(state)
    if model is None:
        model = _build_like(tensors, heads)
    elif heads is not None:
        raise ValueError("heads must be None for a given model, which has its own")
    elif not isinstance(model, nn.Module):
        raise TypeError(f"model must be a torch module or None; got {shorten(model)}")
    load_dense_state(model, tensors)
    return model


def unwrap(state: Any) -> dict[str, Any]:
    """Return the names and tensors of a checkpoint that may stand under "model" or "state_dict".

    Raises TypeError if it is no mapping.

    Examples
    --------
    >>> list(unwrap({"model": {"norm.bias": 0}, "epoch": 3}))
    ['norm.bias']
    """
    if not isinstance(state, Mapping):
        raise TypeError(f"state must be a state dict, names to tensors; got {shorten(state)}")
    for name in WRAPPERS:
        if isinstance(state.get(name), Mapping):
            return unwrap(state[name])
    return dict(state)


def _build_like(tensors: Mapping[str, Any], heads: int | None) -> ViT:
    """Return a ViT with the sizes of the tensors of a state dict."""
    needed = ("pos_embed", "patch_embed.proj.weight", "blocks.0.mlp.fc1.weight", "head.weight")
    missing = [name for name in needed if not isinstance(tensors.get(name), Tensor)]
    if missing:
        raise ValueError(
            f"state must have the tensors {', '.join(needed)} of a ViT; {', '.join(missing)} are missing: "
            f"its keys begin with {', '.join(list(map(str, tensors))[:5])}"
        )
    position, kernel, hidden, head = (tensors[name] for name in needed)
    if position.ndim != 3 or kernel.ndim != 4 or hidden.ndim != 2 or head.ndim != 2:
        raise ValueError(
            "state must have pos_embed [1, tokens, width] and patch_embed.proj.weight [width, C, p, p]"
        )
    width, patch = position.shape[2], kernel.shape[2]
    distilled = "dist_token" in tensors
    places = position.shape[1] - (2 if distilled else 1)
    side = math.isqrt(max(places, 0))
    if not side or side * side != places:
        raise ValueError(f"pos_embed has {places} patches, which are no square: build the model and pass it")
    if heads is None and width not in HEADS:
        raise ValueError(
            f"heads is missing: no published ViT is {width} wide, and no tensor tells their number"
        )
    blocks = {name.split(".")[1] for name in tensors if name.startswith("blocks.")}
    return vit(
        (kernel.shape[1], side * patch, side * patch),
        head.shape[0],
        patch=patch,
        width=width,
        depth=len(blocks),
        heads=HEADS[width] if heads is None else heads,
        mlp_ratio=max(1, hidden.shape[0] // width),
        distilled=distilled,
    )

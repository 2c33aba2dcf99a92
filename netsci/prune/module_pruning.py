"""Prune a module after training, on calibration data."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from copy import deepcopy
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from numpy.typing import NDArray
from torch import nn

from netsci.arguments import check_choice, shorten
from netsci.prune.block_inputs import see_blocks
from netsci.prune.calibration import read_batches
from netsci.prune.checks import NM, Kept, as_n_m, as_weight
from netsci.prune.handing_on import AstrayError
from netsci.prune.masks import check_per, choose
from netsci.prune.method import PruneMethod
from netsci.prune.method_table import METHODS
from netsci.prune.smallest import count_of
from netsci.prune.sparsegpt import sweep
from netsci.prune.statistics import InputStatistics
from netsci.prune.targets import Target, choose_targets
from netsci.sparse.converting import matrix_of, values_at_links
from netsci.sparse.layer import SparseLayer
from netsci.sparse.shapes import check_module

PROPAGATE = ("pruned", "dense")
DAMPING = 0.01
BLOCK = 128  # inputs that SparseGPT chooses among at once
Names = Collection[str] | None


def prune(
    module: nn.Module,
    method: str,
    sparsity: Any,
    calibration: Any,
    *,
    propagate: str = "pruned",
    layers: Names = None,
    n_m: NM = None,
    per: str | None = None,
) -> nn.Module:
    """Return a pruned copy of a module, its masks {layer name: bool [pre, post]} in `.masks`, True = kept.

    Of n links floor(s n + 1e-9) go; n counts those of a layer, with Wanda of an output (see per), with
    SparseGPT of a block of 128 inputs. Weights of links that went are 0 in nn.Linear (subclasses of `netsci`
    too) and nn.Conv2d, and sparse layers lose the links. `sparsify(pruned, pruned.masks)` makes the copy
    sparse. sparsegpt, ria_rec and wanda_rec set weights of inputs that are 0 in all of the calibration to 0,
    also where the link stays. Mask rows of a convolution are those of `SparseConv2d`. A fused qkv is one
    layer unless the shares of its parts differ. Training mode and the module that is given stay as they are.

    Parameters
    ----------
    module : any module whose layers are called in its forward.
    method : a name in `netsci.prune.METHODS`; magnitude and ri need no calibration (None).
    sparsity : share of links that go in [0, 1), a number, or a mapping from "conv", "linear", names or
        patterns of names to shares, see `netsci.topology.densities`; with n_m what follows from it, or None.
    calibration : a tensor [samples, ...] or an iterable of batches, tensors or (inputs, labels), real data.
    propagate : "pruned": the inputs of a block are those that the pruned blocks before it give; layers of a
        block see the dense block, see `netsci.prune.blocks`. "dense": all layers see the dense module.
    layers : names or patterns of the layers to prune; None: those that sparsity means. The last linear layer
        and a patch embedding stay dense unless they are named.
    n_m : (kept, of), see `prune_mask`.
    per : among which links the smallest are looked for: of the whole "layer", or of each "output"; None: as
        published. The code of RIA has Wanda per layer. Not with n_m, nor with sparsegpt.

    Raises
    ------
    TypeError, ValueError
        If a value is not allowed or does not fit a layer, a name matches no layer, values are not finite, or
        the calibration does not reach a layer.

    Examples
    --------
    >>> net = nn.Sequential(nn.Linear(8, 6), nn.ReLU(), nn.Linear(6, 2))
    >>> pruned = prune(net, "wanda", 0.75, torch.rand(5, 8))
    >>> int((pruned[0].weight != 0).sum()), list(pruned.masks)
    (12, ['0'])

    Source: S1 Table 4; spec: after-training pruning.
    """
    return prune_copy(module, method, sparsity, calibration, propagate, layers, n_m, per)


def prune_copy(
    module: nn.Module,
    method: str,
    sparsity: Any,
    calibration: Any,
    propagate: str,
    layers: Names,
    n_m: NM = None,
    per: str | None = None,
    *,
    compat: bool = False,
) -> nn.Module:
    """Return a pruned copy as `prune`, or with compat as the released drivers prune."""
    check_module(module)
    METHODS.check(method, "method")
    found = METHODS[method]
    check_choice(propagate, PROPAGATE, "propagate")
    check_per(per, n_m)
    if per is not None and found.score is None:
        raise ValueError(
            f"per must be None for {method}, which chooses among the links of {BLOCK} inputs; got {per!r}: "
            "leave it out, or take another method, such as wanda_rec"
        )
    if "masks" in {*module._modules, *module._parameters, *module._buffers}:
        raise ValueError(
            "module must have no part called masks: the masks of the copy stand there; rename it"
        )
    targets = choose_targets(module, _share_of(sparsity, n_m), layers)
    groups = {one.name: _check_layer(module, one, n_m) for one in targets}
    batches = [] if found.reads == "nothing" else read_batches(calibration, module)
    options = {name: {"n_m": of, "compat": compat, "per": per or found.per} for name, of in groups.items()}
    try:
        return _prune_blocks(module, found, targets, batches, propagate, options, handing=True)
    except AstrayError:  # the blocks do not follow each other as a forward of the first batch shows
        return _prune_blocks(module, found, targets, batches, propagate, options, handing=False)


def _prune_blocks(
    module: nn.Module,
    method: PruneMethod,
    targets: list[Target],
    batches: list[Any],
    propagate: str,
    options: Mapping[str, dict[str, Any]],
    *,
    handing: bool,
) -> nn.Module:
    """Return a copy whose blocks are pruned one by one. handing : whether a block may be run alone."""
    copy: Any = deepcopy(module)
    masks: dict[str, Kept] = {}
    for block, statistics in see_blocks(copy, method, targets, batches, propagate, handing):
        for target in block:
            layer, name = copy.get_submodule(target.name), target.name
            masks[name] = _prune_layer(layer, target, method, statistics.get(name), options[name])
    copy.masks = {target.name: masks[target.name] for target in targets}
    pruned: nn.Module = copy
    return pruned


def _share_of(sparsity: Any, n_m: Any) -> Any:
    """Return the sparsity, that of the groups where none is given."""
    if sparsity is not None or n_m is None:
        return sparsity
    as_n_m(n_m, None, 0)
    kept, of = n_m
    return 1.0 - kept / of if kept < of else 0.0


def _check_layer(module: nn.Module, target: Target, n_m: NM) -> NM:
    """Return the groups of a layer; raise ValueError unless it can be pruned like this."""
    layer: Any = module.get_submodule(target.name)
    called = f"weight of layer {target.name!r}"
    weight = as_weight(_weight_of(layer), called)
    groups = None
    for _, _, share in target.parts:
        groups = as_n_m(n_m, share, len(weight), name=called)
        if groups is None and count_of(share, len(weight)) == len(weight):
            raise ValueError(
                f"sparsity must leave a link in layer {target.name!r} of {len(weight)} inputs; {share!r} "
                "does not: lower it"
            )
    if isinstance(layer, SparseLayer):
        share = target.parts[0][2]
        least = weight.size - count_of(share, weight.size)
        if n_m is not None:
            raise ValueError(f"n_m needs dense layers, and {target.name!r} is sparse: densify() first")
        if layer.n_links < least:
            raise ValueError(
                f"layer {target.name!r} has {layer.n_links} links, fewer than the {least} that a sparsity of "
                f"{share:g} keeps: raise the sparsity, or densify() first"
            )
    return groups


def _prune_layer(
    layer: Any,
    target: Target,
    method: PruneMethod,
    statistics: InputStatistics | None,
    options: dict[str, Any],
) -> Kept:
    """Prune one layer in place; return which links stay."""
    weight = as_weight(_weight_of(layer), f"weight of layer {target.name!r}")
    kept = np.ones(weight.shape, bool)
    absent = ~layer.links.toarray() if isinstance(layer, SparseLayer) else None
    new = weight.copy(order="K")
    for first, last, share in target.parts:
        own = slice(first, last)
        given = {**options, "absent": None if absent is None else absent[:, own]}
        new[:, own], kept[:, own] = _prune_part(weight[:, own], share, method, statistics, given)
    _write(layer, new, kept)
    return kept


def _prune_part(
    weight: NDArray[Any],
    share: float,
    method: PruneMethod,
    statistics: InputStatistics | None,
    options: dict[str, Any],
) -> tuple[NDArray[Any], Kept]:
    """Return weights and links of one layer, or of a part of a fused one."""
    kept = None
    if method.score is not None:
        moments = None if statistics is None else statistics.moments
        kept = choose(weight, method, share, moments, **options)
        if not method.reconstruct:
            return np.where(kept, weight, weight.dtype.type(0)), kept
    if statistics is None:
        raise ValueError(f"method must read inputs to update weights; it reads {shorten(method.reads)}")
    groups = options.get("n_m")
    block = BLOCK if groups is None else max(1, BLOCK // groups[1]) * groups[1]  # no group in two blocks
    sweeping = {name: value for name, value in options.items() if name != "per"}
    return sweep(weight, statistics.factor(DAMPING, weight.dtype), share, kept, block=block, **sweeping)


def _weight_of(layer: Any) -> torch.Tensor:
    """Return the weights of a layer [pre, post], a view where the layer is dense."""
    return matrix_of(layer.weight)


def _write(layer: Any, weight: NDArray[Any], kept: Kept) -> None:
    """Put weights [pre, post] into a layer, and take away the links of a sparse one."""
    dense = torch.from_numpy(np.ascontiguousarray(weight.T))
    with torch.no_grad():
        if isinstance(layer, SparseLayer):
            layer.rewire(sp.csr_array(kept))
            layer.values.copy_(values_at_links(layer, dense.to(layer.values.device)))
        else:
            layer.weight.copy_(dense.reshape(layer.weight.shape))

"""Which layers of a network are sparse, and how sparse each is, from one number or a mapping of a recipe.

One number is for the layers that the model makes sparse by itself. A mapping names kinds ("conv", "linear"),
layers, or patterns of their names, and makes these sparse and no others; a kind means those of its kind that
the model makes sparse by itself, or all of its kind if there are none. The output layer stays dense.
`netsci.topology.allocation` spreads a number over layers.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from torch import nn

from netsci.sparse import layer_shapes
from netsci.topology import LayerShape, densities

if TYPE_CHECKING:
    from netsci.train.parts import Topology

_DIGITS = 14  # of a sparsity that was a density for a while


def resolve(topology: Topology, net: nn.Module, usual: Collection[str]) -> Topology:
    """Return a topology with pairs (layer name, sparsity) for its sparse layers, as `net` has them.

    Kinds, patterns and the allocation are then used up. The same holds for initial_sparsity, if there is one.

    net : the network, dense (also on the meta device) or with sparse layers. usual : names of the layers that
    the model makes sparse by itself.

    Raises ValueError if an entry fits no layer, or a layer would have no link.

    Examples
    --------
    >>> from netsci.train import Topology
    >>> net = nn.Sequential(nn.Conv2d(2, 4, 3), nn.Conv2d(4, 4, 3), nn.Linear(4, 8), nn.Linear(8, 2))
    >>> resolve(Topology({"conv": 0.75, "2": 0.5}), net, ["2"]).sparsity
    (('0', 0.75), ('1', 0.75), ('2', 0.5))
    """
    shapes = layer_shapes(net)
    output = list(shapes)[-1] if shapes else ""
    if not isinstance(topology.sparsity, tuple):
        shapes = {name: shape for name, shape in shapes.items() if name in usual}
    else:
        kinds = {shapes[name].kind for name in usual if name in shapes}
        shapes = {
            name: replace(shape, kind="dense")
            if name == output or (shape.kind in kinds and name not in usual)
            else shape
            for name, shape in shapes.items()
        }
    late = _shares(shapes, topology.sparsity, topology.allocation)
    if isinstance(topology.sparsity, tuple):
        late = {name: share for name, share in late.items() if share > 0.0}
    changes: dict[str, Any] = {"sparsity": tuple(late.items())}
    if topology.initial_sparsity is not None:
        kept = {name: shapes[name] for name in late}
        early = _shares(kept, topology.initial_sparsity, topology.allocation, late)
        changes["initial_sparsity"] = tuple(early.items())
    if not late and isinstance(topology.sparsity, tuple):
        raise ValueError(
            f"sparsity must leave a layer sparse; got {topology.sparsity!r}: raise it, or set dense=True"
        )
    return topology.replace(allocation="uniform", **changes)


def first_shares(topology: Topology, names: Collection[str]) -> dict[str, float]:
    """Return the share of absent links of some layers at the start, without the links that are in excess.

    topology : of a recipe with one number, or as `resolve` returns it.

    Examples
    --------
    >>> from netsci.train import Topology
    >>> first_shares(Topology(0.75, excess=(0.5, 0.5, 0.25)), ["a"])
    {'a': 0.25}
    """
    first = topology.first_sparsity
    more = topology.excess[0] if topology.excess else 0.0
    shares = dict(first) if isinstance(first, tuple) else dict.fromkeys(names, first)
    return {name: max(0.0, shares[name] - more) if more else shares[name] for name in names}


def _shares(
    shapes: Mapping[str, LayerShape],
    value: Any,
    allocation: str,
    otherwise: Mapping[str, float] | None = None,
) -> dict[str, float]:
    """Return the share of absent links of each layer that has an entry, else that in `otherwise`."""
    if allocation == "uniform" and not isinstance(value, tuple):
        return dict.fromkeys(shapes, float(value))
    found = densities(shapes, value, allocation, otherwise=otherwise)
    return {name: round(1.0 - density, _DIGITS) for name, density in found.items()}

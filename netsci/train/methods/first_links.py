"""Draw the first links of the sparse layers as `initial` and `sparsity` of a recipe say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from netsci.topology import CORRELATION, INITIAL, link_correlated_at, links_at
from netsci.train.parts import CORRELATED
from netsci.train.sparsities import first_shares

if TYPE_CHECKING:
    from netsci.train.inputs import Inputs
    from netsci.train.parts import Topology

Shapes = Mapping[str, tuple[int, int]]  # (inputs, outputs) of each sparse layer by name, in order
Kernel = tuple[int, int, int]  # (channels, height, width) of what an output of a convolution reads
Kernels = Mapping[str, Kernel]
Links = dict[str, sp.csr_array]  # bool CSR matrix [inputs, outputs] by layer
DrawLayer = Callable[[int], np.random.Generator]  # the generator of a layer, given its place in the order


def input_correlation(topology: Topology, inputs: Inputs) -> NDArray[np.float64] | None:
    """Return the correlation of every two input features, for a correlated topology.

    Each time step counts as a sample. float64 [features, features]; None if the first links do not depend on
    the data.

    Examples
    --------
    >>> from netsci.train import Inputs, Recipe
    >>> recipe = Recipe()
    >>> input_correlation(recipe.topology, Inputs(recipe, "cpu")).shape
    (64, 64)

    Source: S0 section 3.2.1.
    """
    if topology.initial not in CORRELATED or not inputs.flat:
        return None
    correlation = CORRELATION[CORRELATED[topology.initial]](inputs.intensities())
    options = dict(topology.initial_options)
    quiet = ~active_features(inputs, options.get("least_activity", 0.0))
    # NaN comes after every number: such cells get links only where all others have them.
    correlation[quiet] = correlation[:, quiet] = np.nan
    if options.get("zero_diagonal", False):
        np.fill_diagonal(correlation, np.nan)
    return correlation


def active_features(inputs: Inputs, least: float) -> NDArray[np.bool_]:
    """Return which features are above 0 in at least a share `least` of the training samples, bool [features].

    Raises ValueError if there are none.

    Examples
    --------
    >>> from netsci.train import Inputs, Recipe
    >>> int(active_features(Inputs(Recipe(), "cpu"), 0.05).sum())
    50

    Source: ours; rare features correlate almost perfectly, and S0 has no such limit.
    """
    seen = inputs.intensities()
    if not least:
        return np.ones(seen.shape[1], bool)
    lit, step = np.zeros(seen.shape[1]), 4096
    for first in range(0, len(seen), step):
        lit += np.count_nonzero(seen[first : first + step] > 0, axis=0)
    found = np.asarray(lit / len(seen) >= least)  # not least * n, which may round up
    if not found.any():
        raise ValueError(
            f"least_activity must leave some features; none is above 0 in {100 * least:g} % of the samples"
        )
    return found


def first_links(
    topology: Topology, shapes: Shapes, inputs: Inputs, rng: DrawLayer, *, kernels: Kernels | None = None
) -> Links:
    """Draw the first links of layers, bool CSR [inputs, outputs] by name.

    A correlated topology depends on the training inputs. "sscti" is repeated as tiles over hidden layers;
    behind the first layer "csti" is uniform, and "brf_grid" is "brf", but in convolutions, whose fields lie
    on their kernels. Layers of networks that see images are uniform if the topology is a correlated one.
    kernels : (channels, height, width) of what each convolution reads, by name. `rng(place)` returns the
    generator of the layer at a place 0, 1, ... of the order. Raises ValueError if rounding leaves a layer
    without links.

    Examples
    --------
    >>> from netsci.train import Inputs, Recipe
    >>> recipe = Recipe().replace(initial="uniform", sparsity=0.75)
    >>> inputs = Inputs(recipe, "cpu")
    >>> first_links(recipe.topology, {"a": (64, 32)}, inputs, np.random.default_rng)["a"].nnz
    512

    Source: S0 section 3.2.1 and appendix A.4.
    """
    shares = first_shares(topology, shapes)
    links: dict[str, Any] = {}
    correlation = input_correlation(topology, inputs)
    for place, (name, shape) in enumerate(shapes.items()):
        initial, options = _initial_at(place, topology, inputs, (kernels or {}).get(name))
        sparsity = shares[name]
        if initial in CORRELATED:
            links[name] = link_correlated_at(correlation, shape, sparsity)
        else:
            links[name] = INITIAL[initial](shape, links_at(shape, sparsity), rng=rng(place), **options)
        if not links[name].nnz:
            tiled = initial in CORRELATED
            hint = (
                f", or take initial='uniform', which rounds once a layer ({initial} rounds in each tile)"
                if tiled
                else ""
            )
            raise ValueError(
                f"layer {name}, {' x '.join(map(str, shape))}, must have at least one link; it has 0 at a "
                f"sparsity of {sparsity}: lower the sparsity{hint}"
            )
    return links


def _initial_at(
    place: int, topology: Topology, inputs: Inputs, kernel: Kernel | None
) -> tuple[str, dict[str, Any]]:
    """Return the name of the first topology of a layer and its options; kernel : of a convolution."""
    initial, options = topology.initial, dict(topology.initial_options)
    if not inputs.flat:  # what a layer sees there is not known
        if initial == "brf_grid":
            if options.pop("least_activity", 0.0):
                raise ValueError(
                    "least_activity must be 0 for convolutions, each of which sees every pixel: leave it out"
                )
            return (initial, {"grid": kernel, **options}) if kernel else ("brf", {})
        return ("uniform", {}) if initial in CORRELATED else (initial, options)
    if initial == "brf_grid":
        least = options.pop("least_activity", 0.0)
        if place:
            return "brf", {}
        return initial, {"grid": inputs.shape, "active": active_features(inputs, least), **options}
    if initial == "csti" and place:
        return "uniform", {}
    return initial, options

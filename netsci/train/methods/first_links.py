"""Draw the first links of the sparse layers as `initial` and `sparsity` of a recipe say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from netsci.topology import CORRELATION, INITIAL, link_correlated_at, links_at
from netsci.train.parts import CORRELATED

if TYPE_CHECKING:
    from netsci.train.inputs import Inputs
    from netsci.train.parts import Topology


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
    return CORRELATION[CORRELATED[topology.initial]](inputs.intensities())


def first_links(
    topology: Topology,
    shapes: Mapping[str, tuple[int, int]],
    inputs: Inputs,
    rng: Callable[[int], np.random.Generator],
) -> dict[str, sp.csr_array]:
    """Draw the first links of layers, bool CSR [inputs, outputs] by name.

    A correlated topology depends on the training inputs and is repeated as tiles over hidden layers. Layers
    of networks that see images are uniform in any case. `rng(place)` returns the generator of the layer at a
    place 0, 1, ... of the order. Raises ValueError if rounding leaves a layer without links.

    Examples
    --------
    >>> from netsci.train import Inputs, Recipe
    >>> recipe = Recipe().replace(initial="uniform", sparsity=0.75)
    >>> inputs = Inputs(recipe, "cpu")
    >>> first_links(recipe.topology, {"a": (64, 32)}, inputs, np.random.default_rng)["a"].nnz
    512

    Source: S0 section 3.2.1 and appendix A.4.
    """
    initial = topology.initial if inputs.flat else "uniform"
    sparsity = topology.first_sparsity
    links: dict[str, Any] = {}
    correlation = input_correlation(topology, inputs)
    for place, (name, shape) in enumerate(shapes.items()):
        if correlation is not None:
            links[name] = link_correlated_at(correlation, shape, sparsity)
        else:
            links[name] = INITIAL[initial](shape, links_at(shape, sparsity), rng=rng(place))
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

"""From a module to the graph of its layers: as the module says, or as its forward pass shows."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from netsci.graph import LayeredGraph
from netsci.sparse.flow import Untraceable
from netsci.sparse.inputs import possible_inputs
from netsci.sparse.tracing import trace
from netsci.sparse.wiring import graph_of, has_wiring, wired_layers


def layered_graph(module: nn.Module, example: Any = None) -> LayeredGraph:
    """Return the populations and projections of a module, with its weights. They are never guessed.

    A module with a method `wiring()` says how its layers are joined: a list of dictionaries, one a
    projection, with `source` and `target` (names of populations), `rows_per_unit` (1 if absent) and either
    `layer`, the name of a sparse layer, an nn.Linear or an nn.Conv2d (linked fully), or `links`, a matrix
    [presynaptic, postsynaptic] that never changes, with an optional `name`. Sparse layers that it leaves out
    are not in the graph: see `unwired_layers`.

    The graph of any other module is read off a forward pass, in evaluation mode and without gradients. Sparse
    layers, nn.Linear and nn.Conv2d are projections, called as their layers. Functions that act on each unit
    alone (activations, neurons, batch normalisation, dropout, pooling, a flatten) lead on. A sum joins its
    terms in one population, a concatenation puts them side by side. A layer called again reads the same
    population as before. Populations are layer0, layer1, ... in the order of the calls.

    Only the sparse layers are to evolve: freeze the others (`evolvable` of `netsci.topology.evolve`), or call
    `evolve_module`, which does.

    Parameters
    ----------
    module : with sparse layers.
    example : an input of forward, or a tuple of its inputs. Without one torch.fx is tried, which fails where
        forward looks at its input: in a loop over time steps, or an if.

    Raises
    ------
    ValueError
        If there is no sparse layer, the wiring names an unknown layer, or the graph cannot be read off: a
        sparse layer is never called, or what a layer reads went through a function that may mix units.
    TypeError
        If example is neither a tensor nor a tuple of them.

    Examples
    --------
    >>> from netsci.sparse import SparseLinear
    >>> net = nn.Sequential(SparseLinear([[1, 0]]), nn.ReLU(), nn.Linear(2, 2), SparseLinear([[1], [1]]))
    >>> [(p.name, p.source, p.target, p.n_links) for p in layered_graph(net).projections]
    [('0', 'layer0', 'layer1', 1), ('2', 'layer1', 'layer2', 4), ('3', 'layer2', 'layer3', 2)]
    """
    if has_wiring(module):
        return graph_of(module, module.wiring())  # type: ignore[operator]
    if not wired_layers(module):
        raise ValueError(
            "module has no sparse layer: build it from netsci.sparse.SparseLinear or SparseConv2d, or give "
            "it a method wiring()"
        )
    try:
        wiring = _traced(module) if example is None else trace(module, _inputs(example))
    except Untraceable as error:
        mend = "give it a method wiring() that names its projections (see netsci.sparse.layered_graph)"
        if example is None:
            mend = f"give an example, such as a batch of inputs: layered_graph(module, example=x). Or {mend}"
        raise Untraceable(
            f"the graph of {type(module).__name__} cannot be told: {error}. Mend: {mend}"
        ) from error
    return graph_of(module, wiring)


def _traced(module: nn.Module) -> list[dict[str, Any]]:
    """Return the wiring seen on the first made-up input that the module takes."""
    last: Exception | None = None
    for inputs in possible_inputs(module):
        try:
            return trace(module, inputs)
        except Untraceable:
            raise
        except Exception as error:  # this shape does not fit
            last = last or error
    raise Untraceable(f"no input of zeros that was tried fits it ({type(last).__name__}: {last})")


def _inputs(example: Any) -> tuple[Tensor, ...]:
    inputs = tuple(example) if isinstance(example, (tuple, list)) else (example,)
    if not inputs or not all(isinstance(x, Tensor) for x in inputs):
        kinds = ", ".join(type(x).__name__ for x in inputs) or "nothing"
        raise TypeError(f"example must be a tensor or a tuple of tensors, as forward takes them; got {kinds}")
    return inputs

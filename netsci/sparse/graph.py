"""Find the graph of a module: from its `wiring()`, or from a forward pass."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from netsci.graph import LayeredGraph
from netsci.sparse.flow import Untraceable
from netsci.sparse.inputs import possible_inputs
from netsci.sparse.tracing import trace
from netsci.sparse.wiring import graph_of, has_wiring, layers_in_graph


def layered_graph(module: nn.Module, example: Any = None) -> LayeredGraph:
    """Return the graph of a module: its populations, projections and weights. The graph is never guessed.

    A module can describe its graph in a method `wiring()`. It returns a list of dictionaries, one for each
    projection, with `source` and `target` (names of populations), `rows_per_unit` (1 by default),
    `needs` ("every" if a unit of the target needs every projection into it) and either
    `layer`, the name of a sparse layer, an nn.Linear or an nn.Conv2d (these have all links), or `links`, a
    matrix [presynaptic, postsynaptic] that never changes, with an optional `name`. Sparse layers that the
    list leaves out are not in the graph, see `unwired_layers`.

    For any other module a forward pass is traced, in evaluation mode and without gradients. Sparse layers,
    nn.Linear and nn.Conv2d become projections with the names of the layers. Functions that act on each unit
    alone (activations, neurons, batch normalisation, dropout, pooling, flatten) keep the population, and so
    does layer normalisation, whose units share a mean and a deviation. Attention with timm's names is checked
    on random tokens and followed if it is softmax attention, see `netsci.sparse.attention`. The
    terms of a sum become one population; a concatenation puts populations side by side. A layer that is
    called twice reads one population. Populations are called layer0, layer1, ... in the order of the calls.

    Only sparse layers can evolve. `evolve_module` takes care of that; if you call `netsci.topology.evolve`
    yourself, set `evolvable` to False for the other projections.

    Parameters
    ----------
    module : with sparse layers.
    example : an input of forward, or a tuple of its inputs. Without it torch.fx is tried. That fails if
        forward depends on the values or the shape of its input, as a loop over time steps does.

    Raises
    ------
    ValueError
        If there is no sparse layer, the wiring names an unknown layer, or the graph cannot be found: a sparse
        layer is never called, or a function that may mix units stands before a layer.
    TypeError
        If example is neither a tensor nor a tuple of them.

    Examples
    --------
    >>> from netsci.sparse import SparseLinear
    >>> net = nn.Sequential(SparseLinear([[1, 0]]), nn.ReLU(), nn.Linear(2, 2), SparseLinear([[1], [1]]))
    >>> [(p.name, p.source, p.target, p.n_links) for p in layered_graph(net).projections]
    [('0', 'layer0', 'layer1', 1), ('2', 'layer1', 'layer2', 4), ('3', 'layer2', 'layer3', 2)]
    """
    if not has_wiring(module) and not layers_in_graph(module):
        raise ValueError(
            "module has no sparse layer: build it from netsci.sparse.SparseLinear or SparseConv2d, or give "
            "it a method wiring()"
        )
    return find_graph(module, example)


def find_graph(module: nn.Module, example: Any = None) -> LayeredGraph:
    """Return the graph of any module, also of one that has dense layers only; see `layered_graph`.

    Examples
    --------
    >>> [p.name for p in find_graph(nn.Sequential(nn.Linear(3, 2), nn.ReLU(), nn.Linear(2, 1))).projections]
    ['0', '2']
    """
    if has_wiring(module):
        return graph_of(module, module.wiring())  # type: ignore[operator]
    try:
        wiring = _trace_zeros(module) if example is None else trace(module, _inputs(example))
    except Untraceable as error:
        mend = "give it a method wiring() that names its projections (see netsci.sparse.layered_graph)"
        if example is None:
            mend = f"give an example, such as a batch of inputs: layered_graph(module, example=x). Or {mend}"
        raise Untraceable(
            f"the graph of {type(module).__name__} cannot be found: {error}. To mend this, {mend}"
        ) from error
    return graph_of(module, wiring)


def _trace_zeros(module: nn.Module) -> list[dict[str, Any]]:
    """Trace the module on inputs of zeros, the first shape that it accepts."""
    last: Exception | None = None
    for inputs in possible_inputs(module):
        try:
            return trace(module, inputs)
        except Untraceable:
            raise
        except Exception as error:  # this shape does not fit
            last = last or error
    raise Untraceable(f"forward accepts no input of zeros that was tried ({type(last).__name__}: {last})")


def _inputs(example: Any) -> tuple[Tensor, ...]:
    inputs = tuple(example) if isinstance(example, (tuple, list)) else (example,)
    if not inputs or not all(isinstance(x, Tensor) for x in inputs):
        kinds = ", ".join(type(x).__name__ for x in inputs) or "nothing"
        raise TypeError(f"example must be a tensor or a tuple of tensors, as forward takes them; got {kinds}")
    return inputs

"""Recording any spiking network: hooks watch its layers and neurons, and a Trace says what they did.

Watched are the synaptic layers (`netsci.sparse`, nn.Linear, nn.Conv1d to nn.Conv3d and what derives from
them) and the neurons of netsci, snnTorch, SpikingJelly and norse, or any others that are named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from netsci.arguments import as_whole, check_callable, check_mapping, shorten
from netsci.measure import Trace
from netsci.measure.trace_parts import KINDS
from netsci.sparse.hooks import hook_modules
from netsci.spiking.record_adapters import (
    ALL,
    STEP,
    Synapses,
    clear_state,
    is_uncounted,
    neuron_mode,
    spikes_of,
    synapses,
)
from netsci.spiking.record_counts import Tally
from netsci.spiking.record_events import DATA

Call = Callable[[nn.Module, Any], Any]
Modes = Mapping[type, str]  # "step" or "all" by class of neuron
PRODUCTS = {
    "matmul", "__matmul__", "__rmatmul__", "bmm", "mm", "mv", "addmm", "baddbmm", "einsum", "linear",
    "bilinear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d",
    "scaled_dot_product_attention",
}  # fmt: skip


def record(
    module: nn.Module,
    data: Any,
    *,
    steps: int | None = None,
    raster: int = 0,
    call: Call | None = None,
    neurons: Modes | None = None,
    kinds: Mapping[str, str] | None = None,
) -> Trace:
    """Run a spiking network on data and count the spikes of its neurons and the operations of its layers.

    Parameters
    ----------
    module : the network. It runs in evaluation mode and without gradients; afterwards its mode is as before.
        States of snnTorch's and SpikingJelly's neurons (and others named in `neurons`) are cleared by their
        own reset() or reset_mem() before every batch and at the end.
    data : a tensor or array [batch, ...] or [T, batch, ...] as the network takes it, or an iterable of such
        batches; if a batch is a tuple or list (images, labels), the first entry is the input.
    steps : T. By default T comes from the neurons: for neurons that are called step by step, it is the number
        of calls, or of repetitions where one module follows several layers in turn. Where data
        [T, batch, ...] and neurons do not agree, steps must say it.
    raster : number of samples of the first batch to record spike by spike.
    call : function (module, batch) that runs the network in another way, such as a loop over time; by default
        module(batch). With call, batches are passed on without change.
    neurons : further neuron classes, each with "step" (a call is one step, returns [batch, ...]) or "all"
        (a call is all steps, returns [T, batch, ...]); spikes are the output or the first of several.
    kinds : "spikes", "graded" or "analog" by layer name, to correct the rules below. The name "data" gives
        the kind of whole numbers other than 0 and 1 in the data: "graded" for frames that hold numbers of
        events. (If a layer is called "data", the entry is for this layer.)

    Returns
    -------
    Trace. Events are non-zero values that reach a layer, counted per presynaptic unit as often as the layer
    runs: direct encoding that applies the first layer once costs its operations once. A fan-out counts
    existing weights only: the links of a sparse layer; in a dense layer the weights that weight_mask or mask
    keeps, if one has the shape of the weight, else the weights that are not 0. At the border of an image it
    counts the weights that meet the pixel. Inputs of 0
    and 1 are "spikes". Other inputs are "analog" if they come from the data, or as fractions from another
    layer; they are "graded" if they come from neurons (pooled, summed or signed spikes): each non-zero value
    is one event. The
    input population holds what the first layer reads. Biases and normalization are free. Modules never called
    have 0 events. Modules that compute other products
    (attention, recurrent cells) are listed in trace.uncounted.

    Raises
    ------
    ValueError
        If the network has no known neurons, none of them is called, they disagree on T or samples with each
        other or with the data, an input holds NaN, data holds no batch, or kinds or steps do not fit.
    TypeError
        If module is not a torch module or an option is of the wrong type.

    Examples
    --------
    >>> from netsci.spiking import LIF
    >>> layer = torch.nn.Linear(2, 3, bias=False)
    >>> layer.weight.data = torch.tensor([[2.0, 0.0], [2.0, 0.0], [0.0, 0.5]])
    >>> trace = record(torch.nn.Sequential(layer, LIF()), torch.tensor([[[1.0, 1.0]], [[1.0, 0.0]]]))
    >>> trace.sops, trace.spikes, trace.populations[1].spikes.tolist()
    (5, 7, [2, 2, 0])

    Source: S0 section 4 (spikes, SOPs, energy) and appendix A.8.
    """
    _check(module, steps, raster, neurons, kinds)
    if call is not None:
        check_callable(call, "call", "a function (module, batch) that runs the network, or None")
    modes = {name: neuron_mode(one, neurons) for name, one in module.named_modules()}
    layers = {name: found for name, one in module.named_modules() if (found := synapses(one)) is not None}
    firing = {name: mode for name, mode in modes.items() if mode is not None}
    if not firing:
        raise ValueError(
            "the network has no spiking neurons that are known (netsci, snnTorch, SpikingJelly, norse); "
            "name its neuron classes: neurons={MyNeuron: 'step'} if a call is one time step, 'all' if it "
            "is all steps"
        )
    unknown = [name for name in kinds or {} if name not in layers and name != DATA]
    if unknown:
        raise ValueError(
            f"kinds must name synaptic layers ({', '.join(layers)}) or {DATA!r}; got {', '.join(unknown)}"
        )
    of_data = "analog" if DATA in layers else (kinds or {}).get(DATA, "analog")
    if of_data == "spikes":
        raise ValueError(f"kinds[{DATA!r}] must be graded or analog: 0 and 1 alone are spikes")
    tally = Tally(steps, raster, of_data)
    watch = _Watch(module, layers, firing, tally)
    with (
        _quiet(module, neurons),
        hook_modules(module, watch.before, watch.after, always=True),
        torch.no_grad(),
    ):
        for batch in _batches(data, module, call is not None):
            clear_state(module, neurons)
            tally.begin(_shape_of(batch))
            with watch:
                _run(module, batch) if call is None else call(module, batch)
            tally.end()
    if not tally.samples:
        raise ValueError("data must hold at least one batch; it is empty")
    idle = {watch.label(name): one for name, one in layers.items() if name not in watch.called}
    silent = [watch.label(name) for name in firing if name not in watch.called]
    named = {watch.label(k): v for k, v in (kinds or {}).items() if k in layers}
    return tally.trace(idle, silent, named, watch.list_uncounted())


class _Watch(TorchFunctionMode):
    """Hooks on the modules of a network, and an eye on products that none of its layers computes."""

    def __init__(
        self, module: nn.Module, layers: dict[str, Synapses], firing: dict[str, str], tally: Tally
    ) -> None:
        super().__init__()
        self._module, self._layers, self._firing, self._tally = module, layers, firing, tally
        self._running: list[str] = []
        self._other: dict[str, None] = {}
        self.called: set[str] = set()

    def label(self, name: str) -> str:
        """Return a module's name; the network itself goes by its class."""
        return name or type(self._module).__name__

    def list_uncounted(self) -> tuple[str, ...]:
        """Return the modules that computed products which are in no projection."""
        return tuple(self._other)

    def before(self, name: str, one: nn.Module) -> Callable[..., None]:
        """Return the hook that runs before a module."""

        def before(_: nn.Module, given: tuple[Any, ...], named: dict[str, Any]) -> None:
            self._running.append(name)
            if is_uncounted(one):
                self._other[self.label(name)] = None
            if name not in self._layers:
                return
            x = given[0] if given else next(iter(named.values()), None)
            if not isinstance(x, Tensor):
                raise TypeError(f"layer {name!r} must be called with a tensor; got {type(x).__name__}")
            self.called.add(name)
            self._tally.see_input(self.label(name), self._layers[name], x)

        return before

    def after(self, name: str, _: nn.Module) -> Callable[..., None]:
        """Return the hook that runs behind a module."""

        def after(_: nn.Module, __: Any, ___: Any, output: Any) -> None:
            self._running.pop()
            if name in self._firing and output is not None:
                self.called.add(name)
                self._tally.see_spikes(self.label(name), self._firing[name], spikes_of(output))

        return after

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        known = self._running and (self._running[-1] in self._layers)
        if not known and getattr(func, "__name__", "") in PRODUCTS:
            self._other[self.label(self._running[-1] if self._running else "")] = None
        return func(*args, **(kwargs or {}))


@contextmanager
def _quiet(module: nn.Module, neurons: Modes | None) -> Iterator[None]:
    """Hold the network in evaluation mode; put every module's mode back, and clear the states it has got."""
    before = {one: one.training for one in module.modules()}
    module.eval()
    try:
        yield
    finally:
        for one, training in before.items():
            one.training = training
        clear_state(module, neurons)


def _run(module: nn.Module, batch: Tensor) -> None:
    try:
        module(batch)
    except RuntimeError as error:
        if not any(word in str(error) for word in ("dtype", "shape", "size")):
            raise
        raise ValueError(
            f"data must be what the network takes; got {batch.dtype} {list(batch.shape)}: {error}"
        ) from error


def _shape_of(batch: Any) -> tuple[int, ...]:
    """Return the shape of a batch or of its first part, () for what is no array."""
    first = batch[0] if isinstance(batch, (tuple, list)) and batch else batch
    return tuple(first.shape) if isinstance(first, (Tensor, np.ndarray)) else ()


def _batches(data: Any, module: nn.Module, as_they_are: bool) -> Iterator[Any]:
    """Yield the batches, on the network's device unless they are for the user's own call."""
    if isinstance(data, (Tensor, np.ndarray)):
        data = [data]
    if not isinstance(data, Iterable):
        raise TypeError(
            "data must be a tensor, an array or an iterable of batches of inputs or (inputs, labels); got "
            f"{type(data).__name__}"
        )
    first = next(module.parameters(), None)
    for batch in data:
        if as_they_are:
            yield batch
            continue
        x = batch[0] if isinstance(batch, (tuple, list)) and batch else batch
        if isinstance(x, np.ndarray) and x.dtype.kind in "biuf":
            x = torch.from_numpy(x)
        if not isinstance(x, Tensor):
            raise TypeError(
                f"a batch must be a tensor or an array of real numbers; got {shorten(x)}. Else pass call=..."
            )
        if x.is_complex():
            raise TypeError(f"a batch must hold real numbers; its dtype is {x.dtype}. Else pass call=...")
        yield x if first is None else x.to(first.device)


def _check(module: Any, steps: Any, raster: Any, neurons: Any, kinds: Any) -> None:
    if not isinstance(module, nn.Module):
        raise TypeError(f"module must be a torch module; got {type(module).__name__}")
    for name, value, least in (("steps", 1 if steps is None else steps, 1), ("raster", raster, 0)):
        if as_whole(value, name) < least:
            raise ValueError(f"{name} must be at least {least}; got {value!r}")
    check_mapping(neurons, "neurons", "a dictionary of 'step' or 'all' by class of neuron, or None")
    check_mapping(kinds, "kinds", "a dictionary of kinds by name of layer, or None")
    for kind, mode in (neurons or {}).items():
        if not isinstance(kind, type) or mode not in (STEP, ALL):
            raise ValueError(f"neurons must map classes to {STEP!r} or {ALL!r}; got {kind!r}: {mode!r}")
    for name, kind in (kinds or {}).items():
        if kind not in KINDS:
            raise ValueError(f"kinds[{name!r}] must be one of {', '.join(KINDS)}; got {kind!r}")
